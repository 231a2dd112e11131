//! One step: an input changes the state, writes events, and hands out intents.
use std::fmt;
use std::sync::Arc;

use qframe_model::account::{Account, AccountError};
use qframe_model::currency::Currency;
use qframe_model::event::{EVENT_VERSION, Event, Header, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::{CommodityId, InstrumentId, OrderId, SeriesId};
use qframe_model::instrument::Instrument;
use qframe_model::ledger::{Book, Entry, Transfer};
use qframe_model::market::{Bar, BookDelta, Quote, Trade};
use qframe_model::number::{Cash, Overflow};
use qframe_model::order::Order;
use qframe_model::position::ClosedTrade;
use qframe_model::refusal::Refusal;
use qframe_model::time::{Time, TimeFrame};

use crate::context::{Context, Outbox, Request};
use crate::history::History;
use crate::journal::{Journal, JournalError, Keep};
use crate::orders::OpenOrders;
use crate::risk::{Approved, RiskCheck, approve};
use crate::sizing::Sizing;
use crate::strategy::{Market, Strategy};

/// What can happen to an engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The run begins.
    Start(Time, Header),
    /// The owner pays in.
    Deposit(Time, CommodityId, Cash),
    /// A bar has closed.
    Bar(SeriesId, Bar),
    /// A trade of the tape.
    Trade(InstrumentId, Trade),
    /// A new best bid and ask.
    Quote(InstrumentId, Quote),
    /// A change of an order book.
    Book(InstrumentId, BookDelta),
    /// A venue speaks.
    Report(Report),
    /// All rows of this instant are in.
    Instant(Time),
    /// The run is over.
    End(Time),
}

/// What a driver must carry to a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Send this order.
    Submit(Approved<Order>),
    /// Withdraw this order.
    Cancel(OrderId),
}

/// Why an engine cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineError {
    /// The account cannot be opened.
    Account(AccountError),
    /// A number left its range: the state cannot be exact any more.
    Overflow(Overflow, Time),
    /// An event could not be recorded.
    Journal(JournalError),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(error) => error.fmt(f),
            Self::Overflow(overflow, time) => write!(f, "at {time}: {overflow}; use smaller amounts or another unit"),
            Self::Journal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EngineError {}

impl From<JournalError> for EngineError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// A stream of bars that the engine will be fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// Of which length.
    pub frame: TimeFrame,
    /// True where orders are matched and positions marked on it: the shortest frame of its instrument. The others inform.
    pub matched: bool,
}

/// What an engine is set up with.
#[derive(Debug, Clone)]
pub struct EngineSetup {
    /// What trades, by its numbers.
    pub instruments: Arc<[Instrument]>,
    /// The bars it will be fed, by their numbers.
    pub series: Vec<Series>,
    /// What equity is counted in.
    pub reporting: Currency,
    /// How large entries are.
    pub sizing: Sizing,
    /// What the journal keeps.
    pub keep: Keep,
}

/// See the [module](self). `S` decides, `R` judges.
#[derive(Debug, Clone)]
pub struct Engine<S, R> {
    strategy: S,
    risk: R,
    now: Time,
    series: Vec<Series>,
    sizing: Sizing,
    account: Account,
    orders: OpenOrders,
    history: History,
    outbox: Outbox,
    intents: Vec<Intent>,
    trades: Vec<ClosedTrade>,
    journal: Journal,
    /// True where a fill was applied since the last instant.
    filled: bool,
}

impl<S: Strategy, R: RiskCheck> Engine<S, R> {
    /// An engine with an empty account.
    ///
    /// # Errors
    /// [`EngineError::Account`] where a currency has no rate.
    pub fn new(strategy: S, risk: R, setup: EngineSetup) -> Result<Self, EngineError> {
        let account = Account::open(setup.instruments, setup.reporting).map_err(EngineError::Account)?;
        let depth = strategy.lookback().max(setup.sizing.lookback());
        Ok(Self {
            history: History::new(setup.series.len(), depth),
            strategy,
            risk,
            now: Time::MIN,
            series: setup.series,
            sizing: setup.sizing,
            account,
            orders: OpenOrders::default(),
            outbox: Outbox::default(),
            intents: Vec::new(),
            trades: Vec::new(),
            journal: Journal::new(setup.keep),
            filled: false,
        })
    }

    /// Takes one input.
    ///
    /// # Errors
    /// [`EngineError`] where the state could not stay exact or the event could not be recorded; the engine must not be
    /// fed further then.
    pub fn step(&mut self, input: Input) -> Result<(), EngineError> {
        match input {
            Input::Start(time, header) => self.start(time, header),
            Input::Deposit(time, commodity, amount) => self.deposit(time, commodity, amount),
            Input::Bar(series, bar) => self.bar(series, &bar),
            Input::Trade(id, trade) => self.row(id, trade.time, Market::Trade(&trade)),
            Input::Quote(id, quote) => self.row(id, quote.time, Market::Quote(&quote)),
            Input::Book(id, delta) => self.row(id, delta.time, Market::Book(&delta)),
            Input::Report(report) => self.report(&report),
            Input::Instant(time) => self.instant(time),
            Input::End(time) => self.end(time),
        }
    }

    fn start(&mut self, time: Time, header: Header) -> Result<(), EngineError> {
        self.now = time;
        self.journal.record(&Event::Started(Header { version: EVENT_VERSION, ..header }))?;
        self.call(SeriesId(0), InstrumentId(0), S::on_start)
    }

    fn deposit(&mut self, time: Time, commodity: CommodityId, amount: Cash) -> Result<(), EngineError> {
        self.now = time;
        self.account.deposit(commodity, amount).map_err(|overflow| EngineError::Overflow(overflow, time))?;
        Ok(self.journal.record(&Event::Deposited { time, commodity, amount })?)
    }

    /// A bar has closed: the mark moves, then the strategy sees it. The same as [`Input::Bar`], for hot loops.
    ///
    /// # Errors
    /// As [`Engine::step`].
    #[inline]
    pub fn bar(&mut self, series: SeriesId, bar: &Bar) -> Result<(), EngineError> {
        let Series { instrument, frame, matched } = self.series[series.index()];
        self.now = bar.time + frame.span();
        if matched {
            self.account.mark_bar(instrument, bar).map_err(|overflow| EngineError::Overflow(overflow, self.now))?;
        }
        self.history.push(series, bar);
        self.call(series, instrument, |strategy, context| strategy.on_market(&Market::Bar(bar), context))
    }

    fn row(&mut self, instrument: InstrumentId, time: Time, market: Market<'_>) -> Result<(), EngineError> {
        self.now = time;
        if let Market::Trade(trade) = market {
            self.account.mark(instrument, trade.price).map_err(|overflow| EngineError::Overflow(overflow, time))?;
        }
        self.call(SeriesId(0), instrument, |strategy, context| strategy.on_market(&market, context))
    }

    /// All rows of this instant are in. The same as [`Input::Instant`], for hot loops.
    ///
    /// # Errors
    /// As [`Engine::step`].
    #[inline]
    pub fn instant(&mut self, time: Time) -> Result<(), EngineError> {
        self.now = time;
        self.filled = false;
        self.risk.observe(time, self.equity()?);
        self.call(SeriesId(0), InstrumentId(0), S::on_instant)
    }

    fn end(&mut self, time: Time) -> Result<(), EngineError> {
        self.now = time;
        self.call(SeriesId(0), InstrumentId(0), S::on_end)?;
        let equity = self.equity()?;
        Ok(self.journal.record(&Event::Ended { time, equity })?)
    }

    /// A venue speaks. What the state allows is applied; the rest is kept as an event and not applied.
    ///
    /// # Errors
    /// As [`Engine::step`].
    pub fn report(&mut self, report: &Report) -> Result<(), EngineError> {
        if let Err(refusal) = self.orders.step(report) {
            return Ok(self.journal.record(&Event::ReportRefused { report: *report, refusal })?);
        }
        self.journal.record(&Event::Reported(*report))?;
        match report {
            Report::Filled { fill, .. } | Report::Forced(fill) => self.fill(fill),
            Report::Charged { commodity, book, amount, time, .. } => {
                let transfer = Transfer { commodity: *commodity, from: Book::Assets, to: *book, amount: *amount };
                self.account.post(&Entry::new(transfer)).map_err(|overflow| EngineError::Overflow(overflow, *time))
            }
            Report::Split { instrument, time, ratio } => {
                self.account.split(*instrument, *ratio).map_err(|overflow| EngineError::Overflow(overflow, *time))
            }
            _ => Ok(()),
        }
    }

    fn fill(&mut self, fill: &Fill) -> Result<(), EngineError> {
        self.now = self.now.max(fill.time);
        let trade = self.account.fill(fill).map_err(|overflow| EngineError::Overflow(overflow, fill.time))?;
        self.trades.extend(trade);
        self.filled = true;
        self.call(SeriesId(0), fill.instrument, |strategy, context| strategy.on_fill(fill, context))
    }

    /// Lets the strategy speak, then judges what it asked for.
    #[inline]
    fn call(
        &mut self,
        series: SeriesId,
        instrument: InstrumentId,
        hook: impl FnOnce(&mut S, &mut Context<'_>),
    ) -> Result<(), EngineError> {
        let equity = self.equity()?;
        let mut context = Context {
            now: self.now,
            series,
            instrument,
            equity,
            account: &self.account,
            orders: &self.orders,
            history: &self.history,
            trades: &self.trades,
            sizing: &self.sizing,
            outbox: &mut self.outbox,
        };
        hook(&mut self.strategy, &mut context);
        if self.outbox.requests.is_empty() { Ok(()) } else { self.judge() }
    }

    /// Turns requests into intents or refusals, in the order they were made.
    fn judge(&mut self) -> Result<(), EngineError> {
        for place in 0..self.outbox.requests.len() {
            match self.outbox.requests[place] {
                Request::Submit(order) => match approve(order, &self.account, &mut self.risk) {
                    Ok(approved) => {
                        self.orders.insert(order);
                        self.intents.push(Intent::Submit(approved));
                        self.journal.record(&Event::Submitted(order))?;
                    }
                    Err(refusal) => self.journal.record(&Event::Refused { order, refusal })?,
                },
                Request::Cancel(order) if self.orders.get(order).is_some() => {
                    self.intents.push(Intent::Cancel(order));
                    self.journal.record(&Event::CancelRequested { order, time: self.now })?;
                }
                Request::Cancel(order) => {
                    let report = Report::Rejected { order, time: self.now, refusal: Refusal::UnknownOrder };
                    self.journal.record(&Event::ReportRefused { report, refusal: Refusal::UnknownOrder })?;
                }
                Request::Signal { instrument, strength } => {
                    self.journal.record(&Event::Signalled { time: self.now, instrument, strength })?;
                }
            }
        }
        self.outbox.requests.clear();
        Ok(())
    }

    /// What everything is worth at the last marks.
    ///
    /// # Errors
    /// [`EngineError::Overflow`] beyond the range.
    #[inline]
    pub fn equity(&self) -> Result<Cash, EngineError> {
        self.account.equity().map_err(|overflow| EngineError::Overflow(overflow, self.now))
    }

    /// The intents since the last call, for the driver to carry.
    #[inline]
    pub fn intents(&mut self) -> std::vec::Drain<'_, Intent> {
        self.intents.drain(..)
    }

    /// True where an intent waits.
    #[must_use]
    #[inline]
    pub fn has_intents(&self) -> bool {
        !self.intents.is_empty()
    }

    /// True where something is held, or was traded since the last instant.
    #[must_use]
    #[inline]
    pub const fn is_exposed(&self) -> bool {
        self.filled || self.account.open_positions() > 0
    }

    /// The account.
    #[must_use]
    #[inline]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The series that the engine is fed.
    #[must_use]
    #[inline]
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// The orders that are alive.
    #[must_use]
    pub const fn orders(&self) -> &OpenOrders {
        &self.orders
    }

    /// The trades that were closed, in the order of their closing.
    #[must_use]
    pub fn trades(&self) -> &[ClosedTrade] {
        &self.trades
    }

    /// The journal.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The strategy.
    #[must_use]
    pub const fn strategy(&self) -> &S {
        &self.strategy
    }

    /// Takes the engine apart: the trades and the journal, without a copy.
    #[must_use]
    pub fn into_results(self) -> (Vec<ClosedTrade>, Journal, Account) {
        (self.trades, self.journal, self.account)
    }
}
