//! Orders: what is asked of a venue, and the states that an order can pass through.
use serde::{Deserialize, Serialize};

use std::fmt;

use crate::ids::{InstrumentId, OrderId};
use crate::market::Side;
use crate::number::{Cash, Price, Quantity, Rate, Rounding};
use crate::time::Time;

/// How much. The first is a number of units; the others become units at the fill's own price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// This many units, above zero.
    Units(Quantity),
    /// As many units as this amount pays for, fee included.
    Budget(Cash),
    /// As [`Size::Budget`], with this share of the equity at the fill.
    Equity(Rate),
    /// Move the position to this share of the equity at the fill, negative for short; fee included.
    TargetWeight(Rate),
    /// Move the position to this many units, negative for short.
    TargetUnits(Quantity),
    /// Close the whole position; of an exit that waits for its entry, what that has opened.
    Close,
}

/// When and at which price an order may fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderKind {
    /// At once, at the price there is.
    Market,
    /// At this price or better.
    Limit(Price),
    /// A market order once the price touches or passes the trigger against the order: above it to buy, below it to sell.
    Stop(Price),
    /// A limit order once the price touches or passes the trigger.
    StopLimit {
        /// Wakes the order.
        trigger: Price,
        /// The limit from then on.
        limit: Price,
    },
    /// A stop that follows the best price since the order began.
    TrailingStop(Trail),
    /// A market order once the price touches the trigger in the order's favour: below it to buy, above it to sell.
    MarketIfTouched(Price),
    /// A limit order once the price touches the trigger in the order's favour.
    LimitIfTouched {
        /// Wakes the order.
        trigger: Price,
        /// The limit from then on.
        limit: Price,
    },
    /// At the next session's first price.
    MarketOnOpen,
    /// At the next close.
    MarketOnClose,
    /// A limit order that shows only a part of itself. The simulated venue fills it like a limit: what the part hides from
    /// is the queue, which bars do not show.
    Iceberg {
        /// The limit.
        limit: Price,
        /// Units shown at a time.
        display: Quantity,
    },
}

impl OrderKind {
    /// The same order with its prices on ticks. Where the market trades on ticks alone nothing else changes: a price between two
    /// is reached with the one behind it, below for what waits for a fall, above for what waits for a rise.
    /// A price below the first tick becomes zero, which is refused.
    #[must_use]
    #[inline]
    pub fn on_ticks(self, side: Side, tick: Price) -> Self {
        match self {
            Self::Market | Self::MarketOnOpen | Self::MarketOnClose | Self::TrailingStop(_) => self,
            _ if tick.nanos() <= 1 => self,
            _ => self.rounded(side, tick),
        }
    }

    #[cold]
    fn rounded(self, side: Side, tick: Price) -> Self {
        let to = |price: Price, rounding| price.in_steps(tick, rounding);
        let (favour, against) = match side {
            Side::Buy => (Rounding::Down, Rounding::Up),
            Side::Sell => (Rounding::Up, Rounding::Down),
        };
        match self {
            Self::Limit(limit) => Self::Limit(to(limit, favour)),
            Self::Iceberg { limit, display } => Self::Iceberg { limit: to(limit, favour), display },
            Self::Stop(trigger) => Self::Stop(to(trigger, against)),
            Self::StopLimit { trigger, limit } => {
                Self::StopLimit { trigger: to(trigger, against), limit: to(limit, favour) }
            }
            Self::MarketIfTouched(trigger) => Self::MarketIfTouched(to(trigger, favour)),
            Self::LimitIfTouched { trigger, limit } => {
                Self::LimitIfTouched { trigger: to(trigger, favour), limit: to(limit, favour) }
            }
            Self::Market | Self::MarketOnOpen | Self::MarketOnClose | Self::TrailingStop(_) => self,
        }
    }
}

/// How far a trailing stop stays behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trail {
    /// By a price difference.
    Distance(Price),
    /// By a share of the best price.
    Share(Rate),
}

/// How long an order lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum TimeInForce {
    /// Until it is cancelled.
    #[default]
    Gtc,
    /// Until the end of the first day on which it can meet its market: of a session on bars whose sessions are known, else in UTC.
    Day,
    /// Fills what it can at once; the rest is cancelled.
    Ioc,
    /// Fills whole at once or not at all.
    Fok,
    /// Until an instant.
    Gtd(Time),
}

/// Why an order was sent: the exit reason of the trade that it closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Purpose {
    /// The strategy's decision.
    #[default]
    Signal,
    /// A protective stop.
    StopLoss,
    /// A profit target.
    TakeProfit,
    /// A trailing stop.
    TrailingStop,
    /// The venue closed what the margin no longer carried.
    Liquidation,
    /// The contract settled.
    Expiry,
    /// A person or a rule closed it.
    ForceExit,
    /// The data ended and the run was asked to close what was open.
    EndOfData,
    /// A fraction of a lot that a split left was paid out.
    CashInLieu,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Signal => "signal",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
            Self::TrailingStop => "trailing_stop",
            Self::Liquidation => "liquidation",
            Self::Expiry => "expiry",
            Self::ForceExit => "force_exit",
            Self::EndOfData => "end_of_data",
            Self::CashInLieu => "cash_in_lieu",
        })
    }
}

/// An order as it is sent to a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// What is traded.
    pub instrument: InstrumentId,
    /// Buy or sell. For targets: the side by the prices known when it was sent.
    pub side: Side,
    /// How much.
    pub size: Size,
    /// When and at which price.
    pub kind: OrderKind,
    /// How long.
    pub time_in_force: TimeInForce,
    /// Only ever makes liquidity: refused where it would take.
    pub post_only: bool,
    /// Only ever makes the position smaller.
    pub reduce_only: bool,
    /// Sleeps until this order has filled (one triggers the other).
    pub parent: Option<OrderId>,
    /// Dies when another order of the same group fills (one cancels the other). The number is the group's first order.
    pub group: Option<OrderId>,
    /// Why.
    pub purpose: Purpose,
    /// When it was sent.
    pub time: Time,
}

/// Where an order stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderState {
    /// Approved by the risk check, not yet sent.
    Created,
    /// On its way.
    Submitted,
    /// The venue has it.
    Accepted,
    /// Its trigger was touched.
    Triggered,
    /// A part is filled.
    PartiallyFilled,
    /// All is filled.
    Filled,
    /// Withdrawn.
    Cancelled,
    /// The venue refused it.
    Rejected,
    /// Its time ran out.
    Expired,
}

impl OrderState {
    /// True where nothing can happen any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired)
    }

    /// True where the step from here to `next` is legal. A venue may report a fill before it reports the acceptance,
    /// so `Submitted` leads straight to every later state.
    #[must_use]
    pub const fn leads_to(self, next: Self) -> bool {
        use OrderState::{
            Accepted, Cancelled, Created, Expired, Filled, PartiallyFilled, Rejected, Submitted, Triggered,
        };
        match self {
            Created => matches!(next, Submitted | Cancelled | Rejected),
            Submitted => !matches!(next, Created | Submitted),
            Accepted => matches!(next, Triggered | PartiallyFilled | Filled | Cancelled | Rejected | Expired),
            Triggered => matches!(next, PartiallyFilled | Filled | Cancelled | Rejected | Expired),
            PartiallyFilled => matches!(next, Triggered | PartiallyFilled | Filled | Cancelled | Expired),
            Filled | Cancelled | Rejected | Expired => false,
        }
    }
}
