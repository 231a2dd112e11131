//! What a path tells: venue, symbol, time frame, side, and the shape of a LEAN folder.
use std::path::Path;

use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use super::spelling::{Contract, is_quote, joined, pair};
use crate::rows::Kind;

/// What the name of a file and of its folders tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// The file's own name without its endings; of a member of an archive, the member's.
    pub(super) stem: String,
    /// Every part of the path in small letters, the last one the file (a member behind its archive).
    pub(super) parts: Vec<String>,
    pub(super) venue: Option<String>,
    pub(super) symbol: Option<Symbol>,
    pub(super) frame: Option<TimeFrame>,
    /// What the folders say, whose names may have nothing to do with the rows.
    pub(super) folder_frame: Option<TimeFrame>,
    /// Bids or asks, where the name says so.
    pub(super) side: Option<Kind>,
    pub(super) contract: Option<Contract>,
}

/// Names of venues as paths have them, and as they are called here.
const VENUES: [(&str, &str); 34] = [
    ("binance", "binance"),
    ("binanceus", "binanceus"),
    ("coinbase", "coinbase"),
    ("gdax", "coinbase"),
    ("kraken", "kraken"),
    ("bybit", "bybit"),
    ("okx", "okx"),
    ("okex", "okx"),
    ("bitfinex", "bitfinex"),
    ("bitstamp", "bitstamp"),
    ("bittrex", "bittrex"),
    ("bitget", "bitget"),
    ("gemini", "gemini"),
    ("deribit", "deribit"),
    ("bitmex", "bitmex"),
    ("huobi", "htx"),
    ("htx", "htx"),
    ("kucoin", "kucoin"),
    ("gateio", "gateio"),
    ("poloniex", "poloniex"),
    ("dydx", "dydx"),
    ("hyperliquid", "hyperliquid"),
    ("oanda", "oanda"),
    ("fxcm", "fxcm"),
    ("truefx", "truefx"),
    ("dukascopy", "dukascopy"),
    ("nasdaq", "nasdaq"),
    ("nyse", "nyse"),
    ("cme", "cme"),
    ("cbot", "cbot"),
    ("nymex", "nymex"),
    ("comex", "comex"),
    ("cfe", "cfe"),
    ("ice", "ice"),
];

/// Words of file names that are no ticker.
const WORDS: [&str; 38] = [
    "data",
    "prices",
    "price",
    "bars",
    "bar",
    "candles",
    "ohlc",
    "ohlcv",
    "trades",
    "trade",
    "quotes",
    "quote",
    "book",
    "export",
    "history",
    "eod",
    "test",
    "sample",
    "funding",
    "dividends",
    "splits",
    "public",
    "market",
    "ticks",
    "tick",
    "file",
    "download",
    "output",
    "spot",
    "futures",
    "stocks",
    "stock",
    "list",
    "bid",
    "ask",
    "depth",
    "rates",
    "all",
];

impl Place {
    /// Reads a path; of a member of an archive, `archive.zip:member.csv`.
    pub(super) fn of(name: &str) -> Self {
        let whole = name.replacen(".zip:", ".zip/", 1);
        let parts: Vec<&str> = Path::new(&whole).iter().filter_map(|part| part.to_str()).collect();
        let stem = stem(parts.last().copied().unwrap_or_default()).to_owned();
        let mut place = Self { stem, ..Self::default() };
        place.parts = parts.iter().map(|part| part.to_lowercase()).collect();
        let all: Vec<String> = place.words().collect();
        place.venue = all.iter().find_map(|word| venue(word));
        place.frame = words(&place.stem).find_map(|word| frame(&word.to_lowercase()));
        place.folder_frame = all.iter().find_map(|word| frame(word));
        place.side = words(&place.stem).find_map(|word| match word.to_ascii_lowercase().as_str() {
            "bid" | "bids" => Some(Kind::Bids),
            "ask" | "asks" => Some(Kind::Asks),
            _ => None,
        });
        place.contract = all.iter().find_map(|word| match word.as_str() {
            "usdm" | "um" => Some(Contract::Linear),
            "coinm" | "cm" => Some(Contract::Inverse),
            _ => None,
        });
        place.symbol = place.pair().or_else(|| place.ticker());
        place
    }

    /// Words of the path, those of the file first.
    fn words(&self) -> impl Iterator<Item = String> {
        self.parts.iter().rev().flat_map(|part| words(stem(part)).map(str::to_owned))
    }

    /// `BTC_USDT`, `BTCUSDT`, `BTC_USDT_USDT` in the file's name.
    fn pair(&self) -> Option<Symbol> {
        let contract = self.contract.unwrap_or(Contract::Spot);
        let words: Vec<&str> = words(&self.stem).collect();
        let split = words.windows(2).enumerate().find(|(_, two)| is_quote(two[1]) && is_code(two[0]));
        if let Some((at, two)) = split {
            let settled = words.get(at + 2).filter(|settle| settle.eq_ignore_ascii_case(two[1]));
            return pair(two[0], two[1], if settled.is_some() { Contract::Linear } else { contract });
        }
        words.iter().find_map(|word| joined(word, contract))
    }

    /// A ticker in the file's name: the only word that can be one, or the first in capital letters.
    fn ticker(&self) -> Option<Symbol> {
        let candidates: Vec<&str> = self.stem.split(['_', '-', ' ']).filter(|word| could_be_ticker(word)).collect();
        let capital = |word: &&&str| word.len() <= 6 && !word.bytes().any(|byte| byte.is_ascii_lowercase());
        let name = match candidates.as_slice() {
            [only] if only.len() <= 6 => *only,
            many => many.iter().find(capital)?,
        };
        // Yahoo's `KAP.IL` becomes `KAP-IL` in file names.
        let behind = self.stem.split_once(name)?.1.strip_prefix('-').map(|rest| rest.split('-').next().unwrap_or(rest));
        let suffix =
            behind.filter(|word| (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase()));
        let name = name.to_ascii_uppercase();
        suffix.map_or_else(|| name.clone(), |suffix| format!("{name}.{suffix}")).parse().ok()
    }
}

/// The name of a venue, as it is called here.
pub(super) fn venue(word: &str) -> Option<String> {
    VENUES.iter().find(|(known, _)| *known == word).map(|(_, name)| (*name).to_owned())
}

/// `20140605` or `2021-11-27` in a name.
pub(super) fn day(text: &str) -> Option<Time> {
    let digits: String = text.chars().take(8).collect();
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let lawful = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    lawful.then(|| Time::from_date(i32::try_from(number(0..4)?).ok()?, number(4..6)?, number(6..8)?))?
}

/// A file's name without its endings.
fn stem(file: &str) -> &str {
    const ENDINGS: [&str; 14] = [
        ".csv", ".txt", ".tsv", ".json", ".jsonl", ".ndjson", ".feather", ".arrow", ".ipc", ".parquet", ".pq", ".zip",
        ".gz", ".zst",
    ];
    let shorter = ENDINGS.iter().find_map(|end| {
        let at = file.len().checked_sub(end.len()).filter(|at| file.is_char_boundary(*at))?;
        file[at..].eq_ignore_ascii_case(end).then(|| &file[..at])
    });
    shorter.map_or(file, stem)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// `5m`, `1wk`, `m1`, `daily`.
fn frame(word: &str) -> Option<TimeFrame> {
    let named = match word {
        "daily" | "day" | "d" => Some(TimeFrame::DAY),
        "hourly" | "hour" => Some(TimeFrame::HOUR),
        "minute" => Some(TimeFrame::MINUTE),
        "weekly" => Some(TimeFrame::WEEK),
        _ => None,
    };
    let long = || Some(word.strip_suffix("min").map(|count| format!("{count}m"))?.parse().ok()).flatten();
    let week = || Some(word.strip_suffix("wk").map(|count| format!("{count}w"))?.parse().ok()).flatten();
    let turned = || {
        let unit = word.chars().next().filter(|unit| "mhd".contains(*unit))?;
        format!("{}{unit}", &word[1..]).parse().ok()
    };
    named.or_else(|| word.parse().ok()).or_else(long).or_else(week).or_else(turned)
}

fn is_code(word: &str) -> bool {
    (2..=15).contains(&word.len())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && venue(&word.to_lowercase()).is_none()
}

fn could_be_ticker(word: &str) -> bool {
    let small = word.to_lowercase();
    let lawful = !word.is_empty() && word.len() <= 15 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    let plain_number = word.len() == 4 && word.starts_with(['1', '2']) && word.parse::<u32>().is_ok();
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let known = WORDS.contains(&small.as_str()) || frame(&small).is_some() || venue(&small).is_some();
    lawful && !known && !plain_number && (!digits || word.len() == 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell() {
        let check = |path: &str, expected: &str| {
            let place = Place::of(path);
            let symbol = place.symbol.map_or("-".to_owned(), |symbol| symbol.to_string());
            let frame = place.frame.map_or("-".to_owned(), |frame| frame.to_string());
            let side = place.side.map_or("", Kind::name);
            let found = format!("{symbol} {} {frame} {side}", place.venue.as_deref().unwrap_or("-"));
            assert_eq!(found.trim_end(), expected, "{path}");
        };
        check("bars/binance-vision-excerpt/ADABTC-1m-2021-11-27.csv", "ADA/BTC binance 1m");
        check("bars/bybit-spot/ETHUSDT_1m.csv", "ETH/USDT bybit 1m");
        check("Coinbase_BTCUSD_d.csv", "BTC/USD coinbase 1d");
        check("bars/freqtrade/UNITTEST_BTC-1m.json", "UNITTEST/BTC - 1m");
        check("data/okx/futures/BTC_USDT_USDT-1h-futures.feather", "BTC/USDT:USDT okx 1h");
        check("forex/fxcm-m1/usdjpy-m1-ask-2013.csv", "USD/JPY fxcm 1m asks");
        check("stocks/yahoo/orcl-1995-2014.txt", "ORCL - -");
        check("stocks/GOOG.csv.gz", "GOOG - -");
        check("stocks/gym-STOCKS_GOOGL.csv", "GOOGL - -");
        check("stocks/KAP-IL-1d-bad-div.csv", "KAP.IL - 1d");
        check("stocks/4063-T-1d-bad-stock-split.csv", "4063.T - 1d");
        check("prices.csv", "- - -");
        check("public_trades_list.csv", "- - -");
        check("funding/binance-usdm_BTCUSDT_funding_2020-03.csv", "BTC/USDT:USDT binance -");
        check("kraken/XBTUSD_60.csv", "BTC/USD kraken -");
    }
}
