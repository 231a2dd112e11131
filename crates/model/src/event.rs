//! The log: what venues report, and the events that the engine writes. State is a fold over them.
use serde::{Deserialize, Serialize};

use crate::breaker::{Cause, TradingState, Trip};
use crate::fill::Fill;
use crate::ids::{CommodityId, InstrumentId, OrderId};
use crate::ledger::Book;
use crate::market::Side;
use crate::number::{Cash, Quantity, Rate};
use crate::order::Order;
use crate::refusal::Refusal;
use crate::time::Time;

/// The version of the stored form of [`Event`]. A change of the form takes the next number and a golden file.
pub const EVENT_VERSION: u16 = 1;

/// What a venue says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The order rests at the venue.
    Accepted {
        /// Which order.
        order: OrderId,
        /// When.
        time: Time,
    },
    /// The order's trigger was touched.
    Triggered {
        /// Which order.
        order: OrderId,
        /// When.
        time: Time,
    },
    /// A part or all of the order was executed.
    Filled {
        /// The execution.
        fill: Fill,
        /// True where nothing of the order remains.
        done: bool,
    },
    /// The venue traded by its own right: a liquidation, a settlement, a forced exit. No order of ours stands behind it.
    Forced(Fill),
    /// What remained of the order is withdrawn.
    Cancelled {
        /// Which order.
        order: OrderId,
        /// When.
        time: Time,
        /// Why.
        reason: CancelReason,
    },
    /// The venue does not take the order.
    Rejected {
        /// Which order.
        order: OrderId,
        /// When.
        time: Time,
        /// Why.
        refusal: Refusal,
    },
    /// The order's time ran out.
    Expired {
        /// Which order.
        order: OrderId,
        /// When.
        time: Time,
    },
    /// Money that moves without a trade: funding, interest, a dividend.
    Charged {
        /// For which instrument.
        instrument: InstrumentId,
        /// When.
        time: Time,
        /// Which book takes it.
        book: Book,
        /// In what.
        commodity: CommodityId,
        /// How much the account pays; negative is received.
        amount: Cash,
    },
    /// Each unit becomes `ratio` units.
    Split {
        /// Of what.
        instrument: InstrumentId,
        /// When.
        time: Time,
        /// New units for one old unit.
        ratio: Rate,
    },
    /// Money of one currency became money of another.
    Converted {
        /// When.
        time: Time,
        /// What was given.
        from: CommodityId,
        /// How much of it, above zero.
        given: Cash,
        /// What was got.
        to: CommodityId,
        /// How much of it, above zero.
        got: Cash,
    },
    /// Money that is due and will move later: a dividend between its ex-date and its payment. The payment is a
    /// [`Report::Charged`] of [`Book::Receivables`].
    Accrued {
        /// For which instrument.
        instrument: InstrumentId,
        /// When it fell due.
        time: Time,
        /// Which book takes it.
        book: Book,
        /// In what.
        commodity: CommodityId,
        /// How much the account owes; negative is due to it.
        amount: Cash,
    },
}

impl Report {
    /// When it happened at the venue.
    #[must_use]
    pub const fn time(&self) -> Time {
        match self {
            Self::Accepted { time, .. }
            | Self::Triggered { time, .. }
            | Self::Cancelled { time, .. }
            | Self::Rejected { time, .. }
            | Self::Expired { time, .. }
            | Self::Charged { time, .. }
            | Self::Split { time, .. }
            | Self::Converted { time, .. }
            | Self::Accrued { time, .. } => *time,
            Self::Filled { fill, .. } | Self::Forced(fill) => fill.time,
        }
    }

    /// The order that it is about; `None` for what the venue did of its own.
    #[must_use]
    pub const fn order(&self) -> Option<OrderId> {
        match self {
            Self::Accepted { order, .. }
            | Self::Triggered { order, .. }
            | Self::Cancelled { order, .. }
            | Self::Rejected { order, .. }
            | Self::Expired { order, .. } => Some(*order),
            Self::Filled { fill, .. } => Some(fill.order),
            Self::Charged { .. }
            | Self::Split { .. }
            | Self::Converted { .. }
            | Self::Accrued { .. }
            | Self::Forced(_) => None,
        }
    }
}

/// Why an order was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CancelReason {
    /// The strategy asked.
    Requested,
    /// Another order of its group filled.
    Group,
    /// The order it waited for ended without a fill.
    Parent,
    /// Immediate-or-cancel, and no more could be filled.
    Immediate,
    /// The position it was to close is gone.
    NothingToClose,
    /// The rest was more than the account could pay for.
    Clipped,
    /// The rest of a partly filled order was refused.
    Refused(Refusal),
    /// The shares were split: its prices and units are those of before.
    Split,
    /// What it began was closed while it was still being filled.
    Closed,
    /// The data ended while it was on its way to the venue.
    DataEnded,
    /// It would have traded with another order of its own user.
    SelfTrade,
    /// Its contract settled.
    Settled,
    /// At its price the rest was more units than a limit allows.
    Limited,
}

/// What happened, in the engine's words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A run began.
    Started(Header),
    /// The owner paid in (negative: took out).
    Deposited {
        /// When.
        time: Time,
        /// Of what.
        commodity: CommodityId,
        /// How much.
        amount: Cash,
    },
    /// A strategy said what it sees, apart from what it orders.
    Signalled {
        /// When.
        time: Time,
        /// On what.
        instrument: InstrumentId,
        /// Above zero to buy, below to sell: the strength with its direction, -1..=1.
        strength: f64,
    },
    /// The risk check approved an order and it was sent.
    Submitted(Order),
    /// An order was not sent.
    Refused {
        /// The order as it was asked for.
        order: Order,
        /// Why.
        refusal: Refusal,
    },
    /// A strategy asked to withdraw an order.
    CancelRequested {
        /// Which order.
        order: OrderId,
        /// When.
        time: Time,
    },
    /// A venue's report, applied.
    Reported(Report),
    /// A venue's report that the state does not allow: kept, not applied.
    ReportRefused {
        /// The report.
        report: Report,
        /// Why.
        refusal: Refusal,
    },
    /// The run ended.
    Ended {
        /// When.
        time: Time,
        /// The equity at the last marks, in the reporting currency.
        equity: Cash,
    },
    /// A parent order began to be worked in slices.
    Scheduled {
        /// The parent's number.
        order: OrderId,
        /// When.
        time: Time,
        /// Of what.
        instrument: InstrumentId,
        /// Which way.
        side: Side,
        /// How much in all.
        total: Quantity,
        /// In how many slices.
        slices: u32,
    },
    /// A slice of a parent order was sent; its own events follow.
    Sliced {
        /// The parent.
        parent: OrderId,
        /// The slice.
        order: OrderId,
    },
    /// The owner asked for more than is free, and took out nothing.
    WithdrawalRefused {
        /// When.
        time: Time,
        /// Of what.
        commodity: CommodityId,
        /// How much, below zero as in [`Event::Deposited`].
        amount: Cash,
        /// Why.
        refusal: Refusal,
    },
    /// A circuit breaker tripped.
    Tripped(Trip),
    /// A circuit breaker is armed again.
    Rearmed {
        /// Its place among the breakers of the run; `None` for what a person tripped.
        breaker: Option<u16>,
        /// What it watches.
        cause: Cause,
        /// When.
        time: Time,
        /// True where a person did it.
        by_hand: bool,
    },
    /// Trading may do more or less than before: the strictest of all breakers that are tripped.
    StateChanged {
        /// When.
        time: Time,
        /// From now on.
        state: TradingState,
    },
    /// The risk check withdrew an order that it had let pass: judged again, it is beyond a limit.
    Withdrawn {
        /// Which order.
        order: OrderId,
        /// When.
        time: Time,
        /// Why.
        refusal: Refusal,
    },
}

/// The places of variants of [`Event`], as their stored form counts them.
const SUBMITTED: u32 = 3;
const REPORTED: u32 = 6;

/// An event whose payload stays where it is. Its stored form is that of the [`Event`] of the same name.
#[derive(Debug, Clone, Copy)]
pub enum EventRef<'a> {
    /// Any event.
    Whole(&'a Event),
    /// [`Event::Submitted`].
    Submitted(&'a Order),
    /// [`Event::Reported`].
    Reported(&'a Report),
}

impl Serialize for EventRef<'_> {
    #[inline]
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(event) => event.serialize(serializer),
            Self::Submitted(order) => serializer.serialize_newtype_variant("Event", SUBMITTED, "Submitted", order),
            Self::Reported(report) => serializer.serialize_newtype_variant("Event", REPORTED, "Reported", report),
        }
    }
}

/// What a run was made of: equal headers and equal rows give equal events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Header {
    /// [`EVENT_VERSION`] at the time.
    pub version: u16,
    /// The strategy's name.
    pub strategy: String,
    /// Its parameters, by name.
    pub parameters: Vec<(String, String)>,
    /// The settings of the venue and the account, by name.
    pub settings: Vec<(String, String)>,
    /// Each series: its name and the hash of its rows.
    pub data: Vec<(String, String)>,
    /// The seed of everything random.
    pub seed: u64,
}
