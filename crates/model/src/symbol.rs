//! Names of instruments, as ccxt writes them.
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::currency::Currency;
use crate::time::Time;

/// The name of an instrument: `BTC/USDT` spot or forex pair, `BTC/USDT:USDT` perpetual, `BTC/USDT:USDT-261225` dated
/// future, `AAPL` stock, `ES-20131220` future of an exchange. Behind an `@` may stand the venue, `BTC/USDT@binance`: the
/// same on two venues is two instruments. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

/// The parts that a [`Symbol`] is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SymbolParts {
    /// `BASE/QUOTE`.
    Pair {
        /// What is bought.
        base: Currency,
        /// What is paid.
        quote: Currency,
    },
    /// `BASE/QUOTE:SETTLE` or `BASE/QUOTE:SETTLE-YYMMDD`.
    Contract {
        /// What the contract follows.
        base: Currency,
        /// What its price is counted in.
        quote: Currency,
        /// What profits are paid in.
        settle: Currency,
        /// Midnight UTC of the day it expires; `None` for a perpetual.
        expiry: Option<Time>,
    },
    /// `NAME` or `NAME-YYYYMMDD`.
    Listed {
        /// The ticker or the root of the future.
        name: Currency,
        /// Midnight UTC of the day it expires; `None` for a stock.
        expiry: Option<Time>,
    },
}

impl Symbol {
    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The venue behind the `@`, where one is named.
    #[must_use]
    pub fn venue(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, venue)| venue)
    }

    /// What the name says, whatever the venue. The constructor checked it, so this always reads.
    #[must_use]
    pub fn parts(&self) -> SymbolParts {
        parse(&self.0).unwrap_or_else(|| unreachable!("a Symbol is checked when it is made: {self}"))
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

crate::serial::text_only!(Symbol);

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is no symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SymbolError(pub String);

impl fmt::Display for SymbolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a symbol (expected BTC/USDT, BTC/USDT:USDT, BTC/USDT:USDT-261225, AAPL or ES-20131220, and a venue \
             where there are several: BTC/USDT@binance)",
            self.0
        )
    }
}

impl std::error::Error for SymbolError {}

impl FromStr for Symbol {
    type Err = SymbolError;
    fn from_str(text: &str) -> Result<Self, SymbolError> {
        parse(text).map(|_| Self(text.into())).ok_or_else(|| SymbolError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<SymbolParts> {
    let (text, venue) = text.split_once('@').map_or((text, None), |(text, venue)| (text, Some(venue)));
    if venue.is_some_and(|venue| !is_venue(venue)) {
        return None;
    }
    let Some((base, rest)) = text.split_once('/') else {
        let (name, expiry) = split_expiry(text)?;
        return Some(SymbolParts::Listed { name: name.parse().ok()?, expiry });
    };
    let base = base.parse().ok()?;
    let Some((quote, settle)) = rest.split_once(':') else {
        return Some(SymbolParts::Pair { base, quote: rest.parse().ok()? });
    };
    let (settle, expiry) = split_expiry(settle)?;
    Some(SymbolParts::Contract { base, quote: quote.parse().ok()?, settle: settle.parse().ok()?, expiry })
}

/// Small letters, digits and what joins them, up to 32; a letter or digit first, so that no venue is `..`.
fn is_venue(text: &str) -> bool {
    let lawful = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    begins && text.len() <= 32 && text.bytes().all(lawful)
}

/// `NAME-261225` or `NAME-20261225`: the name and the day; a bad day is `None`.
fn split_expiry(text: &str) -> Option<(&str, Option<Time>)> {
    let Some((name, day)) = text.split_once('-') else {
        return Some((text, None));
    };
    if !day.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = |range: std::ops::Range<usize>| day.get(range)?.parse::<u32>().ok();
    let (year, rest) = match day.len() {
        6 => (2000 + digits(0..2)?, 2),
        8 => (digits(0..4)?, 4),
        _ => return None,
    };
    let expiry = Time::from_date(i32::try_from(year).ok()?, digits(rest..rest + 2)?, digits(rest + 2..rest + 4)?)?;
    Some((name, Some(expiry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ccxt_names() {
        let code = |text: &str| text.parse::<Currency>().unwrap();
        let parts = |text: &str| text.parse::<Symbol>().unwrap().parts();
        let (base, quote) = (code("BTC"), code("USDT"));
        let december = Time::from_date(2026, 12, 25);
        assert_eq!(parts("BTC/USDT"), SymbolParts::Pair { base, quote });
        assert_eq!(parts("BTC/USDT:USDT"), SymbolParts::Contract { base, quote, settle: quote, expiry: None });
        assert_eq!(
            parts("BTC/USDT:USDT-261225"),
            SymbolParts::Contract { base, quote, settle: quote, expiry: december }
        );
        assert_eq!(parts("BTC/USDT@binance"), SymbolParts::Pair { base, quote });
        assert_eq!(parts("BTC/USDT:USDT-261225@okx-2"), parts("BTC/USDT:USDT-261225"));
        let venue = |text: &str| text.parse::<Symbol>().unwrap().venue().map(str::to_owned);
        assert_eq!((venue("BTC/USDT@binance").as_deref(), venue("AAPL")), (Some("binance"), None));
        assert_eq!(parts("BRK.B"), SymbolParts::Listed { name: code("BRK.B"), expiry: None });
        assert_eq!(parts("ES-20261225"), SymbolParts::Listed { name: code("ES"), expiry: december });
    }

    #[test]
    fn refuses_other_texts() {
        for text in [
            "",
            "/",
            "BTC/",
            "btc/usd",
            "BTC/USD:",
            "BTC/USDT:USDT-261325",
            "ES-2013",
            "A B",
            "BTC/USD/EUR",
            "ÄPL",
            "BTC/USD@",
            "@binance",
            "BTC/USD@Bin ance",
            "BTC/USD@a@b",
            "..",
            "../..",
            "./USD",
            "AAPL@..",
            "AAPL@.a",
        ] {
            assert!(text.parse::<Symbol>().is_err(), "{text:?}");
        }
    }
}
