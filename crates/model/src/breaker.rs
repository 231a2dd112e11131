//! Circuit breakers as they are told of: which state trading is in, what tripped, and what re-arms it.
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::InstrumentId;
use crate::number::Rate;
use crate::time::Time;

/// What trading is allowed to do; the later, the less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum TradingState {
    /// Everything that the limits let pass.
    #[default]
    Normal,
    /// Only orders that reduce a position; they are sent so that they can do nothing else.
    ReduceOnly,
    /// No order of the strategy at all. Protection that rests stays where it is.
    Halted,
    /// Everything is withdrawn and every position is closed at the market; then it is halted.
    Flattening,
}

impl fmt::Display for TradingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Normal => "normal",
            Self::ReduceOnly => "reduce-only",
            Self::Halted => "halted",
            Self::Flattening => "flattening",
        })
    }
}

/// What a circuit breaker watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The fall of the equity from its highest, as a share of that.
    Drawdown,
    /// The fall of the equity within a window of time, as a share of where it fell from.
    Loss,
    /// The volatility of the last bars, in times of that of the bars before.
    Volatility,
    /// The spread of the last quotes, in times of that of the quotes before.
    Spread,
    /// The volume of the last bars, in times of that of the bars before; it trips at or below.
    Volume,
    /// The mean correlation of the symbols that are held.
    Correlation,
    /// How much worse than the market takers filled, as a share of the price.
    Slippage,
    /// The share of orders that the venue rejected.
    Rejects,
    /// How long a symbol has been silent, in seconds.
    Stale,
    /// How many bars of a symbol are missing in a row.
    Gap,
    /// The change of a price from one row to the next, as a share of it.
    Jump,
    /// An instant that was named before.
    Schedule,
    /// A person.
    Hand,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Drawdown => "drawdown",
            Self::Loss => "loss",
            Self::Volatility => "volatility",
            Self::Spread => "spread",
            Self::Volume => "volume",
            Self::Correlation => "correlation",
            Self::Slippage => "slippage",
            Self::Rejects => "rejects",
            Self::Stale => "stale",
            Self::Gap => "gap",
            Self::Jump => "jump",
            Self::Schedule => "at",
            Self::Hand => "hand",
        })
    }
}

impl Cause {
    /// A reading as people write it: `15%`, `3.2x`, `300s`, `4 bars`.
    #[must_use]
    pub fn reading(self, value: Rate) -> String {
        let read = |scale| short(Rate::from_nanos(value.nanos().saturating_mul(scale)));
        match self {
            Self::Drawdown | Self::Loss | Self::Rejects | Self::Jump => format!("{}%", read(100)),
            // Basis points are small shares.
            Self::Slippage => format!("{}bp", read(10_000)),
            Self::Volatility | Self::Spread | Self::Volume => format!("{}x", read(1)),
            Self::Correlation => read(1).to_string(),
            Self::Stale => format!("{value}s"),
            Self::Gap => format!("{value} bars"),
            Self::Schedule | Self::Hand => "now".to_owned(),
        }
    }

    /// True where a low reading is the bad one.
    #[must_use]
    pub const fn trips_below(self) -> bool {
        matches!(self, Self::Volume)
    }
}

/// Two decimals are enough to read; of what is small, two digits.
fn short(value: Rate) -> Rate {
    let mut step = 10_000_000;
    while step > 1 && value.nanos().abs() < 10 * step {
        step /= 10;
    }
    Rate::from_nanos(value.nanos() / step * step)
}

/// What ends the trip of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rearm {
    /// A person.
    ByHand,
    /// The first row from this instant on whose reading is not at the threshold.
    After(Time),
}

impl fmt::Display for Rearm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByHand => f.write_str("by hand"),
            Self::After(time) => write!(f, "from {time} on"),
        }
    }
}

/// A breaker that tripped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// Its place among the breakers of the run; `None` where a person asked.
    pub breaker: Option<u16>,
    /// What it watches.
    pub cause: Cause,
    /// When it tripped.
    pub time: Time,
    /// The symbol whose reading it was; `None` for one of the whole account.
    pub instrument: Option<InstrumentId>,
    /// The reading, in the unit of the cause.
    pub value: Rate,
    /// What it was compared with.
    pub threshold: Rate,
    /// The state from now on.
    pub then: TradingState,
    /// What ends it.
    pub rearms: Rearm,
}

/// Prints as a sentence without its end: `drawdown 16.2% is at its threshold 15%: halted; re-arms by hand`.
impl fmt::Display for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, value, threshold, then, rearms, .. } = self;
        match cause {
            Cause::Schedule => write!(f, "its time has come")?,
            Cause::Hand => write!(f, "a person asked for it")?,
            _ => write!(f, "{cause} {} is at its threshold {}", cause.reading(*value), cause.reading(*threshold))?,
        }
        write!(f, ": {then}; re-arms {rearms}")
    }
}
