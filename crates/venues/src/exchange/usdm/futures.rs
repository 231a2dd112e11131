//! The futures exchange without its wires: perpetuals, users' margin, and the clock.
use std::collections::{BTreeSet, VecDeque};

use qframe_model::currency::Currency;
use qframe_model::ids::CommodityId;
use qframe_model::ledger::{Book, Entry, Ledger, Transfer};
use qframe_model::market::{Bar, FundingRate, Tick};
use qframe_model::number::{Cash, Overflow, Rate};
use qframe_model::time::{Span, Time, TimeFrame};

use super::margin::Holding;
use super::mark::{Contract, Mark, Step};
use super::notice::Notice;
use super::order::{Cause, Execution, Income, Record, Watched};
use crate::exchange::core::log::Log;
use crate::exchange::core::{self, Commission, Pace, Product};

/// How often the book's changes are told, and mark prices are made.
const FAST: Span = Span::from_nanos(100_000_000);
const SLOW: Span = Span::SECOND;
/// The most rows of money that came or went that are kept; the oldest go.
const INCOMES: usize = 1_000_000;

/// The futures exchange: users trade with the recorded market, not with one another.
#[derive(Debug)]
pub struct Futures {
    pub(super) contracts: Vec<Contract>,
    pub(super) assets: Vec<Currency>,
    pub(super) accounts: Vec<Account>,
    pub(super) commission: Commission,
    pub(super) log: Log<Record, Execution>,
    /// The contract and the number of each order that waits for its trigger.
    pub(super) waiting: BTreeSet<(usize, u64)>,
    /// Until when (wall clock, milliseconds) orders are good, and their numbers.
    pub(super) dated: BTreeSet<(i64, u64)>,
    /// The wall clock as it was told last, in milliseconds.
    pub(super) wall: i64,
    incomes: VecDeque<Income>,
    /// How many there have been.
    earned: u64,
    pub(super) notices: VecDeque<Notice>,
    pub(super) now: Time,
}

/// What one user has: a ledger whose books sum to zero in every asset, and a holding of each contract.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) ledger: Ledger,
    pub(super) holdings: Vec<Holding>,
    /// Assets, and contracts with margin of their own, whose margin is nearly gone, and that this was told of.
    pub(super) called: BTreeSet<(Currency, Option<usize>)>,
}

impl Futures {
    /// An exchange that lists `products`. `usual`: what longs pay every eight hours where no funding was recorded.
    ///
    /// # Errors
    /// A sentence where a contract cannot be traded.
    pub fn new(products: Vec<Product>, commission: Commission, usual: Rate) -> Result<Self, String> {
        let mut assets: Vec<Currency> = products.iter().map(|product| product.quote).collect();
        assets.sort_unstable();
        assets.dedup();
        let contracts = products.into_iter().enumerate().map(|(place, product)| Contract::new(place, product, usual));
        Ok(Self {
            contracts: contracts.collect::<Result<_, _>>()?,
            assets,
            accounts: Vec::new(),
            commission,
            log: Log::default(),
            waiting: BTreeSet::new(),
            dated: BTreeSet::new(),
            wall: 0,
            incomes: VecDeque::new(),
            earned: 0,
            notices: VecDeque::new(),
            now: Time::EPOCH,
        })
    }

    /// Mark prices and funding of a contract as they were recorded, each in the order of time.
    pub fn record(&mut self, product: usize, marks: Vec<Mark>, fundings: Vec<FundingRate>) {
        if let Some(contract) = self.contracts.get_mut(product) {
            contract.record(marks, fundings);
        }
    }

    /// A new user with this margin; its number. Assets that no contract is paid in are left out.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn open(&mut self, funds: &[(Currency, Cash)]) -> Result<usize, Overflow> {
        let user = self.accounts.len();
        self.accounts.push(Account {
            ledger: Ledger::new(self.assets.len()),
            holdings: vec![Holding::default(); self.contracts.len()],
            called: BTreeSet::new(),
        });
        for (asset, amount) in funds {
            self.post(user, None, Cause::Transfer, *asset, *amount, None)?;
        }
        Ok(user)
    }

    /// A bar of the past, before the first row.
    pub fn history(&mut self, product: usize, frame: TimeFrame, bar: &Bar) {
        if let Some(contract) = self.contracts.get_mut(product) {
            contract.market.candles_mut().history(frame, bar);
        }
    }

    /// The market moves: a row of a contract. The clock never goes back.
    ///
    /// # Errors
    /// [`Overflow`] where a fill cannot be counted exactly.
    pub fn tick(&mut self, product: usize, tick: &Tick) -> Result<(), Overflow> {
        self.advance(tick.time())?;
        let Some(contract) = self.contracts.get_mut(product) else { return Ok(()) };
        let mut tape = VecDeque::new();
        contract.market.tick(tick, &mut tape);
        self.notices.extend(tape.into_iter().map(Notice::Market));
        self.settle(product)?;
        match tick {
            Tick::Trade(trade) => self.touch(product, Watched::Last, trade.price),
            _ => Ok(()),
        }
    }

    /// Time passes: what is told at intervals is told, funding is paid where it is due, margin is looked at.
    ///
    /// # Errors
    /// [`Overflow`] where a payment cannot be counted exactly.
    pub fn advance(&mut self, time: Time) -> Result<(), Overflow> {
        if time <= self.now {
            return Ok(());
        }
        let crossed = |span: Span| time.nanos().div_euclid(span.nanos()) > self.now.nanos().div_euclid(span.nanos());
        let (fast, slow) = (crossed(FAST), crossed(SLOW));
        self.now = time;
        if fast {
            self.tell_markets(time, slow);
        }
        if slow {
            (0..self.contracts.len()).try_for_each(|product| self.pass(product, time))?;
            self.notices.push_back(Notice::Marks(time));
        }
        Ok(())
    }

    fn tell_markets(&mut self, time: Time, slow: bool) {
        let mut tape = VecDeque::new();
        for (product, contract) in self.contracts.iter_mut().enumerate() {
            contract.market.tell_aggregate(&mut tape);
            contract.market.tell_depth(Pace::Fast, time, &mut tape);
            // Nobody here listens at this pace, and what is not told is kept.
            contract.market.tell_depth(Pace::Batch, time, &mut VecDeque::new());
            if slow {
                contract.market.tell_depth(Pace::Slow, time, &mut tape);
                let candles = contract.market.candles_mut();
                candles.advance(time);
                for (interval, candle, closed) in candles.take_changed() {
                    tape.push_back(core::Notice::Candle { product, time, interval, candle, closed });
                }
                tape.push_back(core::Notice::Day { product, time });
            }
        }
        self.notices.extend(tape.into_iter().map(Notice::Market));
    }

    /// Mark prices and payments of a contract up to now, in their order.
    fn pass(&mut self, product: usize, time: Time) -> Result<(), Overflow> {
        while let Some(step) = self.contracts[product].next(time) {
            match step {
                Step::Funding(funding) => self.fund(product, &funding)?,
                Step::Mark(mark) => self.marked(product, &mark)?,
            }
        }
        match self.contracts[product].make(time) {
            Some(mark) => self.marked(product, &mark),
            None => Ok(()),
        }
    }

    fn marked(&mut self, product: usize, mark: &Mark) -> Result<(), Overflow> {
        self.touch(product, Watched::Mark, mark.price)?;
        self.watch(product)
    }

    /// Money of a user comes from a book of its ledger, or goes there.
    pub(super) fn post(
        &mut self,
        user: usize,
        product: Option<usize>,
        cause: Cause,
        asset: Currency,
        amount: Cash,
        execution: Option<u64>,
    ) -> Result<(), Overflow> {
        let (Some(commodity), Some(account)) = (self.commodity(asset), self.accounts.get_mut(user)) else {
            return Ok(());
        };
        if amount.is_zero() {
            return Ok(());
        }
        account.ledger.post(&Entry::new(Transfer { commodity, from: book(cause), to: Book::Assets, amount }))?;
        self.earned += 1;
        if self.incomes.len() == INCOMES {
            self.incomes.pop_front();
        }
        let (id, time) = (self.earned, self.now);
        self.incomes.push_back(Income { id, user, product, cause, asset, amount, time, execution });
        Ok(())
    }

    fn commodity(&self, asset: Currency) -> Option<CommodityId> {
        let place = self.assets.iter().position(|known| *known == asset)?;
        u16::try_from(place).ok().map(CommodityId)
    }

    /// What a user was paid in and realised since, of one asset.
    #[must_use]
    pub fn wallet(&self, user: usize, asset: Currency) -> Cash {
        let wallet = self.commodity(asset).zip(self.accounts.get(user));
        wallet.map_or(Cash::ZERO, |(commodity, account)| account.ledger.assets(commodity))
    }

    /// What came to a user's wallet for a cause so far (negative: went).
    #[must_use]
    pub fn earned(&self, user: usize, asset: Currency, cause: Cause) -> Cash {
        let known = self.commodity(asset).zip(self.accounts.get(user));
        known.map_or(Cash::ZERO, |(commodity, account)| -account.ledger.balance(commodity, book(cause)))
    }

    /// What a user holds of a contract.
    #[must_use]
    pub fn holding(&self, user: usize, product: usize) -> Holding {
        self.accounts.get(user).and_then(|account| account.holdings.get(product)).copied().unwrap_or_default()
    }

    /// Money that came and went, oldest first.
    pub fn incomes(&self, user: usize) -> impl DoubleEndedIterator<Item = &Income> {
        self.incomes.iter().filter(move |one| one.user == user)
    }

    /// The contracts, by their numbers.
    #[must_use]
    pub fn contracts(&self) -> &[Contract] {
        &self.contracts
    }

    /// The assets that contracts are paid in.
    #[must_use]
    pub fn assets(&self) -> &[Currency] {
        &self.assets
    }

    /// The number of a contract, by the exchange's name of it.
    #[must_use]
    pub fn product(&self, name: &str) -> Option<usize> {
        self.contracts.iter().position(|contract| contract.market.product.name == name)
    }

    /// How many users there are.
    #[must_use]
    pub fn users(&self) -> usize {
        self.accounts.len()
    }

    /// What a fill costs.
    #[must_use]
    pub const fn commission(&self) -> Commission {
        self.commission
    }

    /// The replay's clock.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// What happened since it was last taken, oldest first.
    pub fn notices(&mut self) -> std::collections::vec_deque::Drain<'_, Notice> {
        self.notices.drain(..)
    }
}

/// Where in the ledger money for a cause comes from.
const fn book(cause: Cause) -> Book {
    match cause {
        Cause::Transfer => Book::Capital,
        Cause::Realised => Book::Trading,
        Cause::Commission => Book::Fees,
        Cause::Funding => Book::Funding,
        // What the insurance fund gives stands by itself.
        Cause::Insurance => Book::Conversion,
    }
}
