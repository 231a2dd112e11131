//! What trading and holding cost and brought besides prices, exact from the ledger.
use qframe_model::account::Account;
use qframe_model::ids::CommodityId;
use qframe_model::ledger::Book;
use qframe_model::number::{Cash, Overflow};

/// Sums over all commodities, in the reporting currency. What costs is above zero, and so is a dividend that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charges {
    pub fees: Cash,
    pub funding: Cash,
    pub interest: Cash,
    pub dividends: Cash,
    pub rollover: Cash,
    /// Due and not paid yet: it counts in the equity, and not in the cash.
    pub receivables: Cash,
}

/// How each is computed, by the names of [`Charges::rows`].
pub(super) const CONVENTIONS: [(&str, &str); 6] = [
    ("Fees [$]", "All fees that were paid, those of positions still open too. Other currencies at their last price."),
    ("Funding [$]", "Funding that was paid on perpetuals; negative where more was received."),
    ("Interest [$]", "Interest that was paid on what was borrowed."),
    ("Dividends [$]", "Dividends that were received; negative where more was owed on short positions."),
    (
        "Rollover [$]",
        "Interest that was paid on currency pairs held over 17:00 in New York; negative where more was earned.",
    ),
    (
        "Receivables [$]",
        "Dividends that fell due and are not paid at the end: in the equity and not in the cash. Negative where owed.",
    ),
];

impl Charges {
    /// What stands in the account's books.
    ///
    /// # Errors
    /// [`Overflow`] where a sum leaves the range.
    pub(super) fn of(account: &Account) -> Result<Self, Overflow> {
        let sum = |book| {
            let ids = (0..account.commodities().len()).map(|place| CommodityId(place as u16));
            ids.map(|id| (id, account.ledger().balance(id, book)))
                .filter(|(_, amount)| !amount.is_zero())
                .try_fold(Cash::ZERO, |sum, (id, amount)| sum.plus(account.to_reporting(id, amount)?))
        };
        Ok(Self {
            fees: sum(Book::Fees)?,
            funding: sum(Book::Funding)?,
            interest: sum(Book::Interest)?,
            dividends: -sum(Book::Dividends)?,
            rollover: sum(Book::Rollover)?,
            receivables: sum(Book::Receivables)?,
        })
    }

    /// Each with its name, in the order of the report.
    pub(super) fn rows(self) -> [(&'static str, Cash); 6] {
        let amounts = [self.fees, self.funding, self.interest, self.dividends, self.rollover, self.receivables];
        std::array::from_fn(|row| (CONVENTIONS[row].0, amounts[row]))
    }
}
