//! What the weights of a portfolio must keep to.
use std::collections::BTreeMap;
use std::fmt;

use super::{Weights, clamped};
use crate::ids::InstrumentId;
use crate::instrument::Instrument;
use crate::number::Rate;
use crate::symbol::Symbol;

/// The bounds of a portfolio; each is off until it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// The most instruments held or owed at once.
    pub positions: Option<usize>,
    /// The largest weight of one instrument, long or short, above zero.
    pub weight: Option<Rate>,
    /// The largest sum of absolute weights in one sector, above zero.
    pub sector_weight: Option<Rate>,
    /// The largest sum of all absolute weights, above zero.
    pub leverage: Option<Rate>,
    /// The least share of the equity left as money, 0..=1. Derivatives take no money.
    pub cash_floor: Option<Rate>,
    /// The drawdown at which nothing may be held, above zero up to 1.
    pub drawdown: Option<Rate>,
}

/// Bounds that make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Constraints(Bounds);

/// A bound that nothing can keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundsError {
    /// Which bound.
    pub name: &'static str,
    /// Its value.
    pub value: Rate,
    /// What was expected.
    pub expected: &'static str,
}

impl fmt::Display for BoundsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bound {} is {}: expected {}", self.name, self.value, self.expected)
    }
}

impl std::error::Error for BoundsError {}

impl Constraints {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`BoundsError`] for the first bound out of its range.
    pub fn new(bounds: Bounds) -> Result<Self, BoundsError> {
        let positive = "more than zero";
        for (name, bound) in
            [("weight", bounds.weight), ("sector_weight", bounds.sector_weight), ("leverage", bounds.leverage)]
        {
            if let Some(value) = bound.filter(|value| !value.is_positive()) {
                return Err(BoundsError { name, value, expected: positive });
            }
        }
        let share = |value: &Rate| (Rate::ZERO..=Rate::ONE).contains(value);
        if let Some(value) = bounds.cash_floor.filter(|value| !share(value)) {
            return Err(BoundsError { name: "cash_floor", value, expected: "0 to 1" });
        }
        if let Some(value) = bounds.drawdown.filter(|value| !share(value) || value.is_zero()) {
            return Err(BoundsError { name: "drawdown", value, expected: "more than zero, up to 1" });
        }
        Ok(Self(bounds))
    }

    /// The bounds.
    #[must_use]
    pub const fn bounds(&self) -> &Bounds {
        &self.0
    }
}

/// A constraint that a target breaks, with the value and the bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// A number that no instrument has.
    UnknownInstrument(InstrumentId),
    /// More positions than allowed.
    Positions {
        /// How many.
        count: usize,
        /// The most.
        limit: usize,
    },
    /// Too much in one instrument.
    Weight {
        /// In which.
        symbol: Symbol,
        /// Its weight.
        weight: Rate,
        /// The most, long or short.
        limit: Rate,
    },
    /// Too much in one sector.
    Sector {
        /// In which.
        sector: String,
        /// The sum of its absolute weights.
        weight: Rate,
        /// The most.
        limit: Rate,
    },
    /// Too much in all.
    Leverage {
        /// The sum of all absolute weights.
        leverage: Rate,
        /// The most.
        limit: Rate,
    },
    /// Too little money left.
    Cash {
        /// The share left.
        share: Rate,
        /// The least.
        floor: Rate,
    },
    /// The drawdown is at its limit, and something is still to be held.
    Drawdown {
        /// The drawdown.
        drawdown: Rate,
        /// The limit.
        limit: Rate,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownInstrument(id) => write!(f, "no instrument has the number {id}"),
            Self::Positions { count, limit } => write!(f, "{count} positions: at most {limit} are allowed"),
            Self::Weight { symbol, weight, limit } => {
                write!(f, "weight {weight} of {symbol}: at most {limit} either way is allowed")
            }
            Self::Sector { sector, weight, limit } => {
                write!(f, "weight {weight} of the sector {sector}: at most {limit} is allowed")
            }
            Self::Leverage { leverage, limit } => write!(f, "leverage {leverage}: at most {limit} is allowed"),
            Self::Cash { share, floor } => write!(f, "{share} of the equity left as money: at least {floor} must be"),
            Self::Drawdown { drawdown, limit } => {
                write!(f, "drawdown {drawdown} is at the limit {limit}: only an empty target is allowed")
            }
        }
    }
}

/// A named portfolio: its constraints and the sectors of its instruments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Portfolio {
    /// Its name.
    pub name: String,
    /// What it keeps to.
    pub constraints: Constraints,
    /// The sector of an instrument; one without a sector counts for none.
    pub sectors: BTreeMap<InstrumentId, String>,
}

impl Portfolio {
    /// Everything that `target` breaks, in the order of [`Bounds`]; empty where it is fine. `drawdown` is the present
    /// one as a share of the peak, 0 or more.
    #[must_use]
    pub fn check(&self, target: &Weights, instruments: &[Instrument], drawdown: Rate) -> Vec<Violation> {
        let bounds = self.constraints.bounds();
        let count = target.values().filter(|weight| !weight.is_zero()).count();
        let leverage = clamped(target.values().map(|weight| i128::from(weight.nanos()).abs()).sum());
        let mut found: Vec<Violation> = target
            .keys()
            .filter(|id| id.index() >= instruments.len())
            .map(|id| Violation::UnknownInstrument(*id))
            .collect();
        found.extend(over(bounds.positions, count).map(|limit| Violation::Positions { count, limit }));
        found.extend(heavy(target, instruments, bounds.weight));
        found.extend(self.crowded(target, bounds.sector_weight));
        found.extend(over(bounds.leverage, leverage).map(|limit| Violation::Leverage { leverage, limit }));
        let share = money_left(target, instruments);
        found.extend(bounds.cash_floor.filter(|floor| share < *floor).map(|floor| Violation::Cash { share, floor }));
        let reached = bounds.drawdown.filter(|limit| drawdown >= *limit && count > 0);
        found.extend(reached.map(|limit| Violation::Drawdown { drawdown, limit }));
        found
    }

    fn crowded(&self, target: &Weights, limit: Option<Rate>) -> Vec<Violation> {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        for (id, weight) in target {
            if let Some(sector) = self.sectors.get(id) {
                *sums.entry(sector).or_default() += i128::from(weight.nanos()).abs();
            }
        }
        let sums = sums.into_iter().map(|(sector, nanos)| (sector, clamped(nanos)));
        let broken = sums.filter_map(|(sector, weight)| Some((sector, weight, over(limit, weight)?)));
        broken.map(|(sector, weight, limit)| Violation::Sector { sector: sector.to_owned(), weight, limit }).collect()
    }
}

/// The limit, where there is one and `value` is above it.
fn over<T: Ord + Copy>(limit: Option<T>, value: T) -> Option<T> {
    limit.filter(|limit| value > *limit)
}

fn heavy<'a>(
    target: &'a Weights,
    instruments: &'a [Instrument],
    limit: Option<Rate>,
) -> impl Iterator<Item = Violation> + 'a {
    target.iter().filter_map(move |(id, weight)| {
        let (limit, symbol) = (over(limit, weight.abs())?, instruments.get(id.index())?.symbol().clone());
        Some(Violation::Weight { symbol, weight: *weight, limit })
    })
}

/// One less the weights that are paid for: a short brings money, a derivative takes none.
fn money_left(target: &Weights, instruments: &[Instrument]) -> Rate {
    let paid = |id: &InstrumentId| instruments.get(id.index()).is_some_and(|i| !i.kind().is_derivative());
    let spent: i128 = target.iter().filter(|(id, _)| paid(id)).map(|(_, weight)| i128::from(weight.nanos())).sum();
    clamped(i128::from(Rate::ONE.nanos()) - spent)
}
