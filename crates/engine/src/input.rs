//! What goes into an engine, what comes out of it, and what it is set up with.
use std::fmt;
use std::sync::Arc;

use qframe_model::account::AccountError;
use qframe_model::breaker::TradingState;
use qframe_model::currency::Currency;
use qframe_model::event::{Header, Report};
use qframe_model::ids::{CommodityId, InstrumentId, OrderId, SeriesId};
use qframe_model::instrument::Instrument;
use qframe_model::market::{Bar, FundingRate, Tick};
use qframe_model::number::{Cash, Overflow, Price};
use qframe_model::order::Order;
use qframe_model::time::{Time, TimeFrame};

use crate::journal::{JournalError, Keep};
use crate::risk::Approved;
use crate::sizing::Sizing;
use crate::ticket::Ticket;

/// What can happen to an engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The run begins.
    Start(Time, Header),
    /// The owner pays in; below zero: takes out, as far as it is free.
    Deposit(Time, CommodityId, Cash),
    /// A bar of this series opens at this price. The mark moves; the strategy waits for the close.
    Open(SeriesId, Time, Price),
    /// A bar of this series closed at this instant. The mark moves; the strategy sees it with [`Input::Bar`]. Where several
    /// bars close at one instant, all come first: no decision rests on a price that another bar has made old.
    Close(SeriesId, Time, Bar),
    /// A bar of this series closed at this instant.
    Bar(SeriesId, Time, Bar),
    /// A trade, a quote or a change of an order book is known.
    Tick(InstrumentId, Tick),
    /// The funding of a perpetual at an instant is known.
    Funding(InstrumentId, FundingRate),
    /// A venue speaks.
    Report(Report),
    /// All rows of this instant are in.
    Instant(Time),
    /// The run is over.
    End(Time),
    /// What an exchange rate is from now on: it values, and the strategy does not see it.
    Rate(InstrumentId, Time, Price),
    /// All bars that open at this instant have opened: what waits to meet them is judged again.
    Opened(Time),
    /// A person stops trading, or lets it go on.
    Command(Time, Command),
    /// Somebody but the strategy sends an order: it is judged, and refused, like those of the strategy. A ticket that names no
    /// instrument means that of the first series.
    Order(Time, Ticket),
    /// Somebody but the strategy withdraws an order.
    Cancel(Time, OrderId),
}

/// What a person can say to the circuit breakers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Trading is in this state from now on, until [`Command::Rearm`].
    Trip(TradingState),
    /// Every breaker that has tripped is armed again; one whose reading is still at its threshold trips with the next row.
    Rearm,
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
