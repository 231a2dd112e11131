//! Listed futures by their roots: how many units one contract is of, the tick and the hours. From the rulebooks of CME,
//! CBOT, NYMEX and COMEX; a root that is not here is one unit, on any price, and says so nowhere else.
use qframe_model::instrument::Rules;
use qframe_model::number::{Price, Quantity};
use qframe_model::symbol::{Symbol, SymbolParts};

/// Root, units in thousandths, tick in thousandths.
const ROOTS: [(&str, i64, i64); 14] = [
    ("ES", 50_000, 250),
    ("MES", 5_000, 250),
    ("NQ", 20_000, 250),
    ("MNQ", 2_000, 250),
    ("YM", 5_000, 1_000),
    ("MYM", 500, 1_000),
    ("RTY", 50_000, 100),
    ("M2K", 5_000, 100),
    ("EMD", 100_000, 100),
    ("CL", 1_000_000, 10),
    ("MCL", 100_000, 10),
    ("NG", 10_000_000, 1),
    ("GC", 100_000, 100),
    ("SI", 5_000_000, 5),
];

/// Units of what is behind it that one contract of a root stands for: 50 for `ES`. `None` where it is not known here.
#[must_use]
pub fn contract_multiplier(root: &str) -> Option<Quantity> {
    of(root).map(|(_, units, _)| Quantity::from_nanos(i128::from(units) * 1_000_000))
}

/// The tick of a root: 0.25 for `ES`. `None` where it is not known here.
#[must_use]
pub fn contract_tick(root: &str) -> Option<Price> {
    of(root).map(|(.., tick)| Price::from_nanos(tick * 1_000_000))
}

/// The trading hours of a listed future; `None` where its root is not known here.
#[must_use]
pub fn contract_hours(symbol: &Symbol) -> Option<&'static str> {
    root_of(symbol).and_then(|root| of(&root)).map(|_| "CME")
}

/// Rules with what is known of a listed future.
pub(crate) fn rules(symbol: &Symbol, rules: Rules) -> Rules {
    let Some(root) = root_of(symbol) else { return rules };
    Rules {
        multiplier: contract_multiplier(&root).unwrap_or(rules.multiplier),
        tick: contract_tick(&root).unwrap_or(rules.tick),
        hours: contract_hours(symbol).unwrap_or(rules.hours),
        ..rules
    }
}

fn of(root: &str) -> Option<(&'static str, i64, i64)> {
    ROOTS.into_iter().find(|(name, ..)| *name == root)
}

fn root_of(symbol: &Symbol) -> Option<String> {
    match symbol.parts() {
        SymbolParts::Listed { name, .. } => Some(name.to_string()),
        _ => None,
    }
}
