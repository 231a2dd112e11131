//! The portfolio: what share of the equity stands where, what it may be, and the trades that bring it there.
//!
//! A weight is the value of a position over the equity, negative for short, exact to 1e-9. [`Snapshot`] measures,
//! [`Portfolio::check`] judges a target, [`Rebalance::plan`] makes the trades.
mod constraints;
mod draft;
mod rebalance;
mod snapshot;

use std::collections::BTreeMap;
use std::fmt;

use crate::ids::InstrumentId;
use crate::number::{Cash, Overflow, Rate};
use crate::symbol::Symbol;

pub use constraints::{Bounds, BoundsError, Constraints, Portfolio, Violation};
pub use rebalance::{Plan, PlannedTrade, Rebalance, Skip, Skipped};
pub use snapshot::{Drift, Snapshot, drift, turnover};

/// Shares of the equity by instrument; one that is not named has none.
pub type Weights = BTreeMap<InstrumentId, Rate>;

/// Why a portfolio cannot be measured or planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortfolioError {
    /// Weights of nothing: the equity is not above zero.
    NoEquity(Cash),
    /// An instrument that has no price yet.
    NoPrice(Symbol),
    /// A number that no instrument of the account has.
    UnknownInstrument(InstrumentId),
    /// A band or fee outside 0..1.
    Option {
        /// Which one.
        name: &'static str,
        /// Its value.
        value: Rate,
    },
    /// A number left its range.
    Overflow(Overflow),
}

impl fmt::Display for PortfolioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEquity(equity) => write!(f, "the equity is {equity:.2}: weights need more than zero"),
            Self::NoPrice(symbol) => write!(f, "{symbol} has no price yet; give it a mark first"),
            Self::UnknownInstrument(id) => write!(f, "no instrument of the account has the number {id}"),
            Self::Option { name, value } => write!(f, "the {name} {value}: expected 0 or more and less than 1"),
            Self::Overflow(overflow) => overflow.fmt(f),
        }
    }
}

impl std::error::Error for PortfolioError {}

impl From<Overflow> for PortfolioError {
    fn from(overflow: Overflow) -> Self {
        Self::Overflow(overflow)
    }
}

/// A sum of nanos as a rate; the ends of the range where it is beyond.
fn clamped(nanos: i128) -> Rate {
    let end = if nanos < 0 { -i64::MAX } else { i64::MAX };
    Rate::from_nanos(i64::try_from(nanos).unwrap_or(end))
}
