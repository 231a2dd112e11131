//! What a file is: every dialect that is known, how it is recognised, and which columns it reads.
use std::fmt;
use std::str::FromStr;

use qframe_model::symbol::Symbol;
use qframe_model::time::TimeFrame;

use super::fault::ImportFault;
use super::lean;
use super::part::Part;
use super::place::Place;
use super::published;
use super::spelling::Contract;
use super::stamps::Stamps;
use super::table::{Carrier, Table};
use super::{Wish, plain};

/// Who wrote a file, or in what form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is told by its row in the table below")]
pub enum Dialect {
    Recording,
    Tardis,
    BinanceDepth,
    BinanceAggTrades,
    BinanceTrades,
    BinanceBookTicker,
    BinanceFunding,
    BinanceKlines,
    CryptoDataDownload,
    Yahoo,
    Lean,
    LeanFactors,
    LeanMap,
    LeanFunding,
    LeanBeside,
    KrakenTrades,
    KrakenBars,
    TrueFx,
    Freqtrade,
    Ccxt,
    Parquet,
    Arrow,
    Json,
    Csv,
}

/// A dialect for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Which.
    pub dialect: Dialect,
    /// Its name on the command line.
    pub name: &'static str,
    /// How it is recognised.
    pub recognised: &'static str,
}

/// How a file is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    pub(super) why: Vec<String>,
    pub(super) reader: Reader,
    pub(super) stamps: Stamps,
    /// Prices stand there so many times too high.
    pub(super) scale: i64,
    /// How many columns a row has.
    pub(super) columns: usize,
    /// What the dialect knows for sure; the path knows less.
    pub(super) symbol: Option<Symbol>,
    pub(super) venue: Option<String>,
    pub(super) frame: Option<TimeFrame>,
    pub(super) symbol_column: Option<usize>,
    /// What the names in that column are.
    pub(super) contract: Contract,
}

/// Who reads the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reader {
    Rows(Vec<Part>),
    Factors,
    Map,
    /// Nobody: what is in it has no kind here.
    Nothing,
}

impl Layout {
    pub(super) fn new(dialect: Dialect, reader: Reader, table: &Table, why: Vec<String>) -> Self {
        let (symbol, venue, frame, symbol_column) = (None, None, None, None);
        let (stamps, contract, columns) = (Stamps::UTC, Contract::Spot, table.width());
        Self { dialect, why, reader, stamps, scale: 1, columns, symbol, venue, frame, symbol_column, contract }
    }
}

type Find = fn(&Table, &Place) -> Option<Layout>;

/// In the order in which they are asked: the particular before the general.
const DIALECTS: [(About, Find); 24] = [
    // Known by its lines before anything is asked.
    row(
        Dialect::Recording,
        "recording",
        "lines of an instant and an exchange's message in JSON: trades, quotes and the book of Binance and Coinbase",
        |_, _| None,
    ),
    row(Dialect::Tardis, "tardis", "columns exchange, symbol, timestamp, local_timestamp", published::tardis),
    row(
        Dialect::BinanceDepth,
        "binance-depth",
        "columns first_update_id, last_update_id, side, update_type",
        published::depth,
    ),
    row(
        Dialect::BinanceAggTrades,
        "binance-aggtrades",
        "columns agg_trade_id or first_trade_id; without a header: 7 or 8 columns, flags from the seventh on",
        published::agg_trades,
    ),
    row(
        Dialect::BinanceTrades,
        "binance-trades",
        "columns qty, quote_qty, is_buyer_maker; without a header: 6 or 7 columns, a flag in the sixth",
        published::trades,
    ),
    row(
        Dialect::BinanceBookTicker,
        "binance-bookticker",
        "columns best_bid_price, best_ask_price",
        published::book_ticker,
    ),
    row(
        Dialect::BinanceFunding,
        "binance-funding",
        "columns fundingTime, fundingRate or calc_time, last_funding_rate",
        published::funding,
    ),
    row(
        Dialect::BinanceKlines,
        "binance-klines",
        "columns open_time and taker_buy_…; without a header: 12 columns, two of them epoch times",
        published::klines,
    ),
    row(
        Dialect::CryptoDataDownload,
        "cryptodatadownload",
        "a comment with its address before the header",
        published::crypto_data_download,
    ),
    row(Dialect::Yahoo, "yahoo", "a column Adj Close, or Dividends beside Stock Splits", published::yahoo),
    row(Dialect::LeanFactors, "lean-factors", "no header, 4 columns, in a folder factor_files", only_factors),
    row(Dialect::LeanMap, "lean-map", "no header, 2 or 3 columns, in a folder map_files", only_map),
    row(Dialect::LeanFunding, "lean-funding", "no header, 2 columns, in a folder margin_interest", only_funding),
    row(
        Dialect::LeanBeside,
        "lean-beside",
        "LEAN's margins, universes and rolls: recognised and left out; open interest of days: kept for rolls",
        only_beside,
    ),
    row(
        Dialect::Lean,
        "lean",
        "no header, in folders <market>/<resolution> such as usa/minute or cme/daily",
        lean::prices,
    ),
    row(
        Dialect::KrakenTrades,
        "kraken-trades",
        "no header, 3 columns, the first epoch seconds",
        published::kraken_trades,
    ),
    row(
        Dialect::KrakenBars,
        "kraken-bars",
        "no header, 7 columns, epoch seconds first and a count of trades last",
        published::kraken_bars,
    ),
    row(Dialect::TrueFx, "truefx", "no header, 4 columns: EUR/USD, a time, bid, ask", published::true_fx),
    row(
        Dialect::Freqtrade,
        "freqtrade",
        "feather or JSON named BASE_QUOTE-frame, with date, open … volume",
        published::freqtrade,
    ),
    row(Dialect::Ccxt, "ccxt", "JSON arrays [ms, open, high, low, close, volume]", published::ccxt),
    row(
        Dialect::Parquet,
        "parquet",
        "a Parquet file with columns of known names, as pandas and polars write them",
        only_parquet,
    ),
    row(Dialect::Arrow, "arrow", "an Arrow or Feather file with columns of known names", only_arrow),
    row(Dialect::Json, "json", "JSON objects with fields of known names", only_json),
    row(Dialect::Csv, "csv", "a header with columns of known names, or 6 columns of bars without one", only_csv),
];

const fn row(dialect: Dialect, name: &'static str, recognised: &'static str, find: Find) -> (About, Find) {
    (About { dialect, name, recognised }, find)
}

/// All of them, in the order in which they are asked.
#[must_use]
pub fn dialects() -> Vec<About> {
    DIALECTS.iter().map(|(about, _)| *about).collect()
}

/// The first dialect that recognises the table, or the one that is wished for.
pub(super) fn find(table: &Table, place: &Place, wish: &Wish) -> Result<Layout, ImportFault> {
    if let Some(wanted) = wish.dialect {
        let find = DIALECTS.iter().find(|(about, _)| about.dialect == wanted).map(|(_, find)| *find);
        return find.and_then(|find| find(table, place)).ok_or_else(|| {
            ImportFault::NotThat(wanted, format!("{}; expected {}", table.seen(), wanted.about().recognised))
        });
    }
    if let Some(why) = lean::astray(table, place) {
        return Err(ImportFault::Unknown(why));
    }
    let found = DIALECTS.iter().find_map(|(_, find)| find(table, place));
    found.ok_or_else(|| ImportFault::Unknown(table.seen()))
}

fn only_factors(table: &Table, place: &Place) -> Option<Layout> {
    lean::beside(table, place).filter(|layout| layout.dialect == Dialect::LeanFactors)
}

fn only_map(table: &Table, place: &Place) -> Option<Layout> {
    lean::beside(table, place).filter(|layout| layout.dialect == Dialect::LeanMap)
}

fn only_funding(table: &Table, place: &Place) -> Option<Layout> {
    lean::beside(table, place).filter(|layout| layout.dialect == Dialect::LeanFunding)
}

fn only_beside(table: &Table, place: &Place) -> Option<Layout> {
    let prices = || lean::prices(table, place);
    lean::beside(table, place).or_else(prices).filter(|layout| layout.dialect == Dialect::LeanBeside)
}

fn only_parquet(table: &Table, place: &Place) -> Option<Layout> {
    (table.carrier == Carrier::Parquet).then(|| plain::named(Dialect::Parquet, table, place))?
}

fn only_arrow(table: &Table, place: &Place) -> Option<Layout> {
    (table.carrier == Carrier::Arrow).then(|| plain::named(Dialect::Arrow, table, place))?
}

fn only_json(table: &Table, place: &Place) -> Option<Layout> {
    (table.carrier == Carrier::Json).then(|| plain::named(Dialect::Json, table, place))?
}

fn only_csv(table: &Table, place: &Place) -> Option<Layout> {
    let text = table.carrier == Carrier::Text;
    text.then(|| plain::named(Dialect::Csv, table, place).or_else(|| plain::unnamed(table, place)))?
}

impl Dialect {
    /// Its name and how it is recognised.
    #[must_use]
    pub fn about(self) -> About {
        let about = DIALECTS.iter().map(|(about, _)| *about).find(|about| about.dialect == self);
        about.unwrap_or(About { dialect: self, name: "unknown", recognised: "" })
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.about().name)
    }
}

impl FromStr for Dialect {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let found = DIALECTS.iter().map(|(about, _)| *about).find(|about| about.name == text);
        found.map(|about| about.dialect).ok_or_else(|| {
            let names: Vec<&str> = DIALECTS.iter().map(|(about, _)| about.name).collect();
            format!("`{text}` is no dialect; there are auto, {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_one_row_and_a_name_of_its_own() {
        for about in dialects() {
            assert_eq!(about.name.parse::<Dialect>(), Ok(about.dialect));
            assert_eq!(about.dialect.about(), about);
        }
        assert!("binance".parse::<Dialect>().unwrap_err().contains("binance-klines"));
    }
}
