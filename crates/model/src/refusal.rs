//! Refusals: what is not done, why, and by how much it missed. Each is an event; none is dropped.
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::breaker::{Cause, TradingState};
use crate::number::{Cash, Price, Quantity, Rate};
use crate::time::Time;

/// Why an order was not sent, or not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The quantity is zero or below.
    NoQuantity(Quantity),
    /// Less than one lot remains after rounding down to lots.
    BelowLot {
        /// What was asked.
        asked: Quantity,
        /// The lot.
        lot: Quantity,
    },
    /// The order is worth less than the venue takes.
    BelowMinNotional {
        /// What it is worth.
        value: Cash,
        /// The least that is taken.
        minimum: Cash,
    },
    /// A price of the order is not above zero.
    BadPrice(Price),
    /// No price is known yet.
    NoPrice,
    /// The account cannot pay for it.
    NotEnough {
        /// What it needs, fees included.
        needed: Cash,
        /// What is free.
        free: Cash,
    },
    /// Selling more than is held, in an account that does not sell short.
    ShortNotAllowed {
        /// What is held.
        held: Quantity,
        /// What was to be sold.
        asked: Quantity,
    },
    /// A reduce-only order with nothing to reduce.
    NothingToReduce,
    /// A target that is already met.
    AlreadyThere,
    /// A post-only order that would take.
    WouldTake {
        /// Its limit.
        limit: Price,
        /// The market.
        market: Price,
    },
    /// A fill-or-kill order that cannot fill whole.
    CannotFillWhole,
    /// The order's size is more than the limit.
    OrderTooLarge {
        /// Its value.
        value: Cash,
        /// The most that is allowed.
        limit: Cash,
    },
    /// The position would be more than the limit.
    PositionTooLarge {
        /// The position's value after the order.
        value: Cash,
        /// The most that is allowed.
        limit: Cash,
    },
    /// Gross exposure over equity would be more than the limit.
    TooMuchLeverage {
        /// The leverage after the order.
        leverage: Rate,
        /// The most that is allowed.
        limit: Rate,
    },
    /// The price is too far from the market.
    OutsideCollar {
        /// The order's price.
        price: Price,
        /// The market.
        market: Price,
        /// How far it may be away.
        limit: Rate,
    },
    /// The day's loss is at its limit: only orders that reduce are taken until the next day.
    DailyLoss {
        /// The loss as a share of the day's first equity.
        loss: Rate,
        /// The most that is allowed.
        limit: Rate,
    },
    /// The drawdown is at its limit: only orders that reduce are taken.
    Drawdown {
        /// The drawdown from the peak.
        drawdown: Rate,
        /// The most that is allowed.
        limit: Rate,
    },
    /// The number names no open order.
    UnknownOrder,
    /// The step is not legal in the order's state: a fill after the end, or past the quantity.
    IllegalStep,
    /// A number left its range.
    Overflow,
    /// The sizing rule gives no size: it needs a stop that the strategy does not name, a price that moves, or trades that gained.
    NoSize,
    /// A parent order that cannot be worked in slices.
    NoSchedule,
    /// The contract has settled.
    Settled,
    /// The run has ended.
    RunOver,
    /// The venue takes no order of so few units.
    BelowMinQuantity {
        /// What was asked.
        asked: Quantity,
        /// The least that is taken.
        minimum: Quantity,
    },
    /// The venue takes no order of so many units.
    AboveMaxQuantity {
        /// What was asked.
        asked: Quantity,
        /// The most that is taken.
        maximum: Quantity,
    },
    /// The venue takes no order at that price.
    OutsidePriceLimits {
        /// The order's price.
        price: Price,
        /// The least that is taken.
        minimum: Price,
        /// The most; `None` where there is no such limit.
        maximum: Option<Price>,
    },
    /// The order has more units than the limit.
    OrderQuantity {
        /// Its units, at most.
        quantity: Quantity,
        /// The most that is allowed.
        limit: Quantity,
    },
    /// The position could have more units than the limit.
    PositionQuantity {
        /// The units, long or short, once all that is open has filled.
        quantity: Quantity,
        /// The most that is allowed.
        limit: Quantity,
    },
    /// All positions together, each counted as it is far from nothing, would be worth more than the limit.
    TooMuchGross {
        /// Their value.
        value: Cash,
        /// The most that is allowed.
        limit: Cash,
    },
    /// Long less short positions would be worth more than the limit, on either side.
    TooMuchNet {
        /// Their value.
        value: Cash,
        /// The most that is allowed.
        limit: Cash,
    },
    /// One symbol would be more of the equity than the limit.
    TooConcentrated {
        /// Its share of the equity.
        share: Rate,
        /// The most that is allowed.
        limit: Rate,
    },
    /// As many orders are open as may be.
    TooManyOpen {
        /// Of one symbol, or of the account.
        scope: Scope,
        /// How many there would be.
        orders: u32,
        /// The most that is allowed.
        limit: u32,
    },
    /// As many orders were sent within the last second or minute as may be.
    TooFast {
        /// How many it would be.
        orders: u32,
        /// The most that is allowed.
        limit: u32,
        /// Within so many seconds.
        seconds: u32,
    },
    /// A circuit breaker has tripped.
    Tripped {
        /// What trading may do.
        state: TradingState,
        /// What tripped; of several the strictest.
        cause: Cause,
        /// Its reading then.
        value: Rate,
        /// What that was compared with.
        threshold: Rate,
        /// When.
        since: Time,
    },
    /// The open positions have as much at risk as may be.
    TooMuchHeat {
        /// What would be lost at all stops, as a share of the equity.
        heat: Rate,
        /// The most that is allowed.
        limit: Rate,
    },
    /// The shares were split while it was worked: its units are those of before.
    Split,
    /// What an order would fill at is more than a price can be.
    PriceTooLarge {
        /// The price.
        price: Cash,
        /// The largest there is.
        most: Price,
    },
    /// The sizing rule looks back on more bars than there are so far.
    TooLittleHistory {
        /// How many it needs.
        needed: u32,
        /// How many there are.
        there: u32,
    },
}

/// What a limit counts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// One symbol.
    Symbol,
    /// The whole account.
    Portfolio,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Symbol => "symbol",
            Self::Portfolio => "account",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoQuantity(quantity) => write!(f, "quantity {quantity}: expected more than zero"),
            Self::BelowLot { asked, lot } => write!(f, "quantity {asked} is less than one lot of {lot}"),
            Self::BelowMinNotional { value, minimum } => {
                write!(f, "the order is worth {value}, the venue takes {minimum} or more")
            }
            Self::BadPrice(price) => write!(f, "price {price}: expected more than zero"),
            Self::NoPrice => f.write_str("no price is known yet"),
            Self::NotEnough { needed, free } => {
                let missing = needed.minus(free).unwrap_or(needed);
                if missing.attos() < Cash::ONE.attos() / 100 {
                    // Less than a cent: rounded, it would be nothing that is missing.
                    return write!(f, "needs {needed}, {free} is free, {missing} is missing");
                }
                write!(f, "needs {needed:.2}, {free:.2} is free, {missing:.2} is missing")
            }
            Self::ShortNotAllowed { held, asked } => {
                write!(f, "selling {asked} with {held} held would be short; allow short sales to do that")
            }
            Self::NothingToReduce => f.write_str("a reduce-only order, and nothing to reduce"),
            Self::AlreadyThere => f.write_str("the target is already met"),
            Self::WouldTake { limit, market } => write!(f, "post-only at {limit} would take at {market}"),
            Self::CannotFillWhole => f.write_str("fill-or-kill, and it cannot fill whole"),
            Self::UnknownOrder => f.write_str("the order that it names or waits for is not open"),
            Self::IllegalStep => f.write_str("the order's state does not allow this step"),
            Self::Overflow => f.write_str("a number left the range of exact numbers"),
            Self::Settled => f.write_str("the contract has settled; roll to a later one"),
            Self::NoSchedule => f.write_str(
                "no schedule: expected a number of units, a span, and 1 to 10000 weights of which one is above zero",
            ),
            Self::NoSize => f.write_str(
                "the sizing rule gives no size: it needs a stop that the strategy does not name, a price that moves, or trades \
                 that gained",
            ),
            Self::RunOver => f.write_str("the run has ended; orders are no longer taken"),
            Self::BelowMinQuantity { asked, minimum } => {
                write!(f, "quantity {asked}: the venue takes {minimum} or more")
            }
            Self::AboveMaxQuantity { asked, maximum } => {
                write!(f, "quantity {asked}: the venue takes {maximum} or less")
            }
            Self::OutsidePriceLimits { price, minimum, maximum } => {
                write!(f, "price {price}: the venue takes it from {minimum} on")?;
                maximum.map_or(Ok(()), |maximum| write!(f, ", up to {maximum}"))
            }
            Self::PriceTooLarge { price, most } => write!(f, "price {price}: expected at most {most}"),
            Self::TooLittleHistory { needed, there } => {
                write!(f, "the size looks back on {needed} bars, and there are {there} so far")
            }
            other => other.fmt_limit(f),
        }
    }
}

impl Refusal {
    /// What the limits of the risk check refuse.
    fn fmt_limit(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrderTooLarge { value, limit } => write!(f, "order value {value:.2} is above the limit {limit:.2}"),
            Self::PositionTooLarge { value, limit } => {
                write!(f, "position value {value:.2} would be above the limit {limit:.2}")
            }
            Self::TooMuchLeverage { leverage, limit } => {
                write!(f, "leverage {leverage:.4} would be above the limit {limit}")
            }
            Self::OutsideCollar { price, market, limit } => {
                write!(f, "price {price} is more than {limit} away from the market {market}")
            }
            Self::DailyLoss { loss, limit } => {
                write!(f, "the day's loss {loss:.4} is at its limit {limit}; only reducing orders are taken")
            }
            Self::Drawdown { drawdown, limit } => {
                write!(f, "the drawdown {drawdown:.4} is at its limit {limit}; only reducing orders are taken")
            }
            Self::OrderQuantity { quantity, limit } => {
                write!(f, "order quantity {quantity} is above the limit {limit}")
            }
            Self::PositionQuantity { quantity, limit } => {
                write!(f, "a position of {quantity} would be above the limit {limit}")
            }
            Self::TooMuchGross { value, limit } => {
                write!(f, "gross exposure {value:.2} would be above the limit {limit:.2}")
            }
            Self::TooMuchNet { value, limit } => {
                write!(f, "net exposure {value:.2} would be above the limit {limit:.2}")
            }
            Self::TooConcentrated { share, limit } => {
                write!(f, "one symbol would be {share:.4} of the equity, above the limit {limit}")
            }
            Self::TooManyOpen { scope, orders, limit } => {
                write!(f, "{orders} open orders of the {scope} would be above the limit {limit}")
            }
            Self::TooFast { orders, limit, seconds } => {
                write!(f, "{orders} orders within {seconds}s would be above the limit {limit}")
            }
            Self::Tripped { state, cause: Cause::Hand, since, .. } => {
                write!(f, "trading is {state} since {since}: a person asked for it")
            }
            Self::Tripped { state, cause: Cause::Schedule, since, .. } => {
                write!(f, "trading is {state} since {since}: its time had come")
            }
            Self::Tripped { state, cause, value, threshold, since } => {
                let [value, threshold] = [value, threshold].map(|reading| cause.reading(reading));
                write!(f, "trading is {state} since {since}: {cause} {value} was at its threshold {threshold}")
            }
            Self::TooMuchHeat { heat, limit } => {
                write!(f, "{heat:.4} of the equity is at risk already, the limit is {limit}")
            }
            Self::Split => f.write_str("the shares were split: its units are those of before"),
            // The venue's words are told above; what is in neither list is still told.
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<crate::number::Overflow> for Refusal {
    fn from(_: crate::number::Overflow) -> Self {
        Self::Overflow
    }
}
