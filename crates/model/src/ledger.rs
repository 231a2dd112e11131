//! The double-entry ledger: every change of money or holdings moves an amount between two books of one commodity.
//!
//! A [`Transfer`] takes from one book what it gives to another, so each entry sums to zero by its form, and so does the
//! whole ledger. [`Book::Assets`] is what the account owns, [`Book::Receivables`] what it
//! is going to be paid; the other books say where that came from and went to.
use serde::{Deserialize, Serialize};

use std::fmt;

use crate::ids::CommodityId;
use crate::number::{Cash, Overflow};

/// The books that every commodity has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Book {
    /// What the account owns (negative: owes).
    Assets,
    /// What the owner paid in, negative; and took out, positive.
    Capital,
    /// The other side of trades: what was given for something else. Realised profit of derivatives ends here.
    Trading,
    /// Fees paid.
    Fees,
    /// Funding of perpetuals, paid.
    Funding,
    /// Interest on what was borrowed, paid.
    Interest,
    /// Dividends, received (negative) or owed on a short.
    Dividends,
    /// Units that came by a split.
    Splits,
    /// The other side of currency conversions.
    Conversion,
    /// What is due to the account, and not paid yet (negative: what it owes so).
    Receivables,
    /// Interest of currency pairs that were held over the end of a trading day, paid.
    Rollover,
}

/// How many books there are.
const BOOKS: usize = 11;

impl Book {
    const fn index(self) -> usize {
        self as usize
    }
}

/// An amount that goes from one book to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Of what.
    pub commodity: CommodityId,
    /// Loses the amount.
    pub from: Book,
    /// Gains it.
    pub to: Book,
    /// How much; negative flows the other way.
    pub amount: Cash,
}

/// What an [`Entry`] records, for one cause: at most three transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    transfers: [Transfer; 3],
    used: usize,
}

impl Entry {
    /// An entry of one transfer.
    #[must_use]
    #[inline]
    pub const fn new(first: Transfer) -> Self {
        Self { transfers: [first; 3], used: 1 }
    }

    /// An entry of three transfers.
    #[must_use]
    #[inline]
    pub const fn of(transfers: [Transfer; 3]) -> Self {
        Self { transfers, used: 3 }
    }

    /// With one more transfer.
    ///
    /// # Panics
    /// On a fourth one, which no cause of this crate needs: a bug.
    #[must_use]
    #[inline]
    pub const fn and(mut self, next: Transfer) -> Self {
        assert!(self.used < 3, "an entry has at most three transfers");
        self.transfers[self.used] = next;
        self.used += 1;
        self
    }

    /// Its transfers.
    #[must_use]
    #[inline]
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers[..self.used]
    }
}

/// The balances: a fold over entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    balances: Vec<[Cash; BOOKS]>,
}

impl Ledger {
    /// An empty ledger of `commodities` commodities.
    #[must_use]
    pub fn new(commodities: usize) -> Self {
        Self { balances: vec![[Cash::ZERO; BOOKS]; commodities] }
    }

    /// What stands in a book.
    #[must_use]
    #[inline]
    pub fn balance(&self, commodity: CommodityId, book: Book) -> Cash {
        self.balances[commodity.index()][book.index()]
    }

    /// What the account owns of a commodity.
    #[must_use]
    #[inline]
    pub fn assets(&self, commodity: CommodityId) -> Cash {
        self.balance(commodity, Book::Assets)
    }

    /// What the account owns of a commodity and what is due to it.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline]
    pub fn claims(&self, commodity: CommodityId) -> Result<Cash, Overflow> {
        self.assets(commodity).plus(self.balance(commodity, Book::Receivables))
    }

    /// Records an entry whole, or not at all.
    ///
    /// # Errors
    /// [`Overflow`] where a balance would leave the range; the ledger is then as it was.
    #[inline]
    pub fn post(&mut self, entry: &Entry) -> Result<(), Overflow> {
        for (done, transfer) in entry.transfers().iter().enumerate() {
            if let Err(overflow) = self.apply(transfer) {
                self.undo(&entry.transfers()[..done]);
                return Err(overflow);
            }
        }
        Ok(())
    }

    #[inline]
    fn apply(&mut self, transfer: &Transfer) -> Result<(), Overflow> {
        if transfer.from == transfer.to {
            return Ok(());
        }
        let books = &mut self.balances[transfer.commodity.index()];
        let from = books[transfer.from.index()].minus(transfer.amount)?;
        let to = books[transfer.to.index()].plus(transfer.amount)?;
        books[transfer.from.index()] = from;
        books[transfer.to.index()] = to;
        Ok(())
    }

    /// Takes back transfers that were just applied. Each went in without overflow, so each comes out without.
    #[cold]
    fn undo(&mut self, transfers: &[Transfer]) {
        for transfer in transfers.iter().rev() {
            let back = Transfer { from: transfer.to, to: transfer.from, ..*transfer };
            let undone = self.apply(&back);
            assert!(undone.is_ok(), "undoing a transfer that fitted must fit");
        }
    }

    /// Checks the invariant: every commodity's books sum to zero.
    ///
    /// # Errors
    /// The first commodity whose books do not, and their sum.
    pub fn check(&self) -> Result<(), Unbalanced> {
        for (place, books) in self.balances.iter().enumerate() {
            let sum = books.iter().fold(0i128, |sum, balance| sum.wrapping_add(balance.attos()));
            if sum != 0 {
                let commodity = CommodityId(u16::try_from(place).unwrap_or(u16::MAX));
                return Err(Unbalanced { commodity, sum: Cash::from_attos(sum) });
            }
        }
        Ok(())
    }
}

/// A ledger whose books do not sum to zero: a bug, or a damaged store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unbalanced {
    /// Which commodity.
    pub commodity: CommodityId,
    /// What its books sum to.
    pub sum: Cash,
}

impl fmt::Display for Unbalanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the books of commodity {} sum to {} and not to zero", self.commodity, self.sum)
    }
}

impl std::error::Error for Unbalanced {}
