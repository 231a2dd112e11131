//! Listed futures by their roots: how many units one contract is of, the tick, the currency and the hours, as the rulebooks of
//! CME, CBOT, NYMEX and COMEX state them today. Prices are as they are quoted: grains and meats in cents, notes and bonds in points of
//! a hundred. A tick that was coarser once is a multiple of this one.
use std::fmt;

use qframe_model::instrument::Rules;
use qframe_model::number::{Price, Quantity};
use qframe_model::symbol::{Symbol, SymbolParts};

/// What a rulebook says of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractTerms {
    /// What the names of its contracts begin with.
    pub root: &'static str,
    /// Units of what is behind it that one contract stands for.
    pub multiplier: Quantity,
    /// Prices are multiples of it.
    pub tick: Price,
    /// What its price is counted in.
    pub currency: &'static str,
    /// The name of its trading hours here.
    pub hours: &'static str,
    /// Whose rulebook says so.
    pub rulebook: &'static str,
}

/// Rulebook, root, units in thousandths, tick in billionths.
const ROOTS: [(&str, &str, i64, i64); 45] = [
    ("CME", "ES", 50_000, 250_000_000),
    ("CME", "MES", 5_000, 250_000_000),
    ("CME", "NQ", 20_000, 250_000_000),
    ("CME", "MNQ", 2_000, 250_000_000),
    ("CME", "RTY", 50_000, 100_000_000),
    ("CME", "M2K", 5_000, 100_000_000),
    ("CME", "EMD", 100_000, 100_000_000),
    ("CME", "6A", 100_000_000, 50_000),
    ("CME", "6B", 62_500_000, 100_000),
    ("CME", "6C", 100_000_000, 50_000),
    ("CME", "6E", 125_000_000, 50_000),
    ("CME", "6J", 12_500_000_000, 500),
    ("CME", "6N", 100_000_000, 50_000),
    ("CME", "6S", 125_000_000, 50_000),
    ("CME", "M6E", 12_500_000, 100_000),
    ("CME", "GE", 2_500_000, 2_500_000),
    ("CME", "SR3", 2_500_000, 2_500_000),
    ("CME", "LE", 400_000, 25_000_000),
    ("CME", "GF", 500_000, 25_000_000),
    ("CME", "HE", 400_000, 25_000_000),
    ("CME", "BTC", 5_000, 5_000_000_000),
    ("CME", "MBT", 100, 5_000_000_000),
    ("CBOT", "YM", 5_000, 1_000_000_000),
    ("CBOT", "MYM", 500, 1_000_000_000),
    ("CBOT", "ZT", 2_000_000, 3_906_250),
    ("CBOT", "ZF", 1_000_000, 7_812_500),
    ("CBOT", "ZN", 1_000_000, 15_625_000),
    ("CBOT", "TN", 1_000_000, 15_625_000),
    ("CBOT", "ZB", 1_000_000, 31_250_000),
    ("CBOT", "UB", 1_000_000, 31_250_000),
    ("CBOT", "ZC", 50_000, 250_000_000),
    ("CBOT", "ZS", 50_000, 250_000_000),
    ("CBOT", "ZW", 50_000, 250_000_000),
    ("CBOT", "ZL", 600_000, 10_000_000),
    ("CBOT", "ZM", 100_000, 100_000_000),
    ("NYMEX", "CL", 1_000_000, 10_000_000),
    ("NYMEX", "MCL", 100_000, 10_000_000),
    ("NYMEX", "NG", 10_000_000, 1_000_000),
    ("NYMEX", "RB", 42_000_000, 100_000),
    ("NYMEX", "HO", 42_000_000, 100_000),
    ("NYMEX", "PL", 50_000, 100_000_000),
    ("COMEX", "GC", 100_000, 100_000_000),
    ("COMEX", "MGC", 10_000, 100_000_000),
    ("COMEX", "SI", 5_000_000, 5_000_000),
    ("COMEX", "HG", 25_000_000, 500_000),
];

/// All of these are counted in dollars.
const CURRENCY: &str = "USD";
/// The clock of Globex, but for what grows and what grazes: those have sessions of their own.
const HOURS: &str = "CME";
const GRAINS: [&str; 5] = ["ZC", "ZS", "ZW", "ZL", "ZM"];
const LIVESTOCK: [&str; 3] = ["LE", "GF", "HE"];

/// Exchanges whose contracts have roots of their own: RB is petrol at NYMEX and steel at `shfe`, and a bitcoin future of
/// `deribit` is not five of them.
const ELSEWHERE: [&str; 35] = [
    "asx",
    "b3",
    "binance",
    "bitfinex",
    "bitget",
    "bitmex",
    "bybit",
    "cfe",
    "cffex",
    "coinbase",
    "czce",
    "dce",
    "deribit",
    "dydx",
    "eurex",
    "euronext",
    "gateio",
    "gfex",
    "hkex",
    "hkfe",
    "htx",
    "hyperliquid",
    "ice",
    "ine",
    "jpx",
    "kraken",
    "kucoin",
    "mcx",
    "moex",
    "nse",
    "nyseliffe",
    "okx",
    "sgx",
    "shfe",
    "tocom",
];

/// [`contract_terms`] of a root at a venue, such as `ES` at `cme` or at `cme.rolled-date-none`; `None` at an exchange that has
/// another rulebook.
#[must_use]
pub fn contract_terms_at(root: &str, venue: &str) -> Option<ContractTerms> {
    let exchange = venue.split('.').next().unwrap_or(venue);
    contract_terms(root).filter(|_| !ELSEWHERE.contains(&exchange))
}

/// What is known of the contracts of a root such as `ES`; `None` where nothing is.
#[must_use]
pub fn contract_terms(root: &str) -> Option<ContractTerms> {
    let (rulebook, root, units, tick) = ROOTS.into_iter().find(|(_, name, ..)| *name == root)?;
    let multiplier = Quantity::from_nanos(i128::from(units) * 1_000_000);
    let hours = match root {
        _ if GRAINS.contains(&root) => "grains",
        _ if LIVESTOCK.contains(&root) => "livestock",
        _ => HOURS,
    };
    Some(ContractTerms { root, multiplier, tick: Price::from_nanos(tick), currency: CURRENCY, hours, rulebook })
}

impl ContractTerms {
    /// Those of a contract that is listed: of `ES-20131220`, those of `ES`.
    #[must_use]
    pub fn of(symbol: &Symbol) -> Option<Self> {
        match symbol.parts() {
            SymbolParts::Listed { name, .. } => {
                contract_terms_at(&name.to_string(), symbol.venue().unwrap_or_default())
            }
            _ => None,
        }
    }
}

/// `ES: 50 units a contract, tick 0.25, in USD (rulebook of CME)`
impl fmt::Display for ContractTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { root, multiplier, tick, currency, rulebook, .. } = self;
        write!(f, "{root}: {multiplier} units a contract, tick {tick}, in {currency} (rulebook of {rulebook})")
    }
}

/// Units of what is behind it that one contract of a root stands for: 50 for `ES`. `None` where it is not known here.
#[must_use]
pub fn contract_multiplier(root: &str) -> Option<Quantity> {
    contract_terms(root).map(|terms| terms.multiplier)
}

/// The tick of a root: 0.25 for `ES`. `None` where it is not known here.
#[must_use]
pub fn contract_tick(root: &str) -> Option<Price> {
    contract_terms(root).map(|terms| terms.tick)
}

/// The trading hours of a listed future; `None` where its root is not known here.
#[must_use]
pub fn contract_hours(symbol: &Symbol) -> Option<&'static str> {
    ContractTerms::of(symbol).map(|terms| terms.hours)
}

/// Rules with what is known of a listed future.
pub(crate) fn rules(symbol: &Symbol, rules: Rules) -> Rules {
    let Some(ContractTerms { multiplier, tick, hours, .. }) = ContractTerms::of(symbol) else { return rules };
    Rules { multiplier, tick, hours, ..rules }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one tick of a contract is worth, by the exchanges' own tables.
    #[test]
    fn a_tick_is_worth_what_the_rulebook_says() {
        let check = |root: &str, dollars: f64| {
            let terms = contract_terms(root).unwrap();
            let worth = terms.multiplier.nanos() as f64 / 1e9 * terms.tick.to_f64();
            assert!((worth - dollars).abs() < 1e-9, "{terms}: a tick of {worth}");
        };
        for (root, dollars) in [
            ("ES", 12.5),
            ("NQ", 5.0),
            ("YM", 5.0),
            ("RTY", 5.0),
            ("6E", 6.25),
            ("6J", 6.25),
            ("6B", 6.25),
            ("ZN", 15.625),
            ("ZB", 31.25),
            ("ZF", 7.8125),
            ("ZT", 7.8125),
            ("ZC", 12.5),
            ("ZL", 6.0),
            ("ZM", 10.0),
            ("LE", 10.0),
            ("CL", 10.0),
            ("NG", 10.0),
            ("RB", 4.2),
            ("GC", 10.0),
            ("SI", 25.0),
            ("HG", 12.5),
            ("SR3", 6.25),
        ] {
            check(root, dollars);
        }
        assert_eq!(contract_terms("XX"), None);
        let units =
            |symbol: &str| ContractTerms::of(&symbol.parse().unwrap()).map(|terms| terms.multiplier.to_string());
        assert_eq!(units("BTC-20240628@cme"), Some("5".to_owned()));
        assert_eq!(units("RB@nymex.rolled-date-none"), Some("42000".to_owned()));
        assert_eq!((units("BTC-20240628@deribit"), units("RB@shfe.rolled-date-none")), (None, None));
        assert!(ROOTS.iter().enumerate().all(|(place, one)| ROOTS[..place].iter().all(|two| two.1 != one.1)));
    }
}
