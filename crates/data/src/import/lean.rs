//! LEAN's folders: `<kind>/<market>/<resolution>/<symbol>…`, rows without a header, times in the zone of the market's data.
use chrono_tz::Tz;
use qframe_model::symbol::Symbol;
use qframe_model::time::TimeFrame;

use super::dialect::{Dialect, Layout, Reader};
use super::expiry;
use super::interest;
use super::part::{BarColumns, Part, QuoteColumns, Taker, TradeColumns};
use super::place::{Place, day, venue};
use super::spelling::{Contract, joined};
use super::stamps::{Stamps, Wall};
use super::table::{Carrier, Table};
use crate::rows::Kind;

/// What is traded at a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Market {
    /// Prices stand ten thousand times too high, times are New York's.
    Stocks,
    Forex,
    Crypto,
    Futures,
}

/// Markets as LEAN names them.
const MARKETS: [(&str, Market); 24] = [
    ("usa", Market::Stocks),
    ("oanda", Market::Forex),
    ("fxcm", Market::Forex),
    ("coinbase", Market::Crypto),
    ("gdax", Market::Crypto),
    ("binance", Market::Crypto),
    ("binanceus", Market::Crypto),
    ("bybit", Market::Crypto),
    ("bitfinex", Market::Crypto),
    ("bitmex", Market::Crypto),
    ("kraken", Market::Crypto),
    ("dydx", Market::Crypto),
    ("okx", Market::Crypto),
    ("deribit", Market::Crypto),
    ("cme", Market::Futures),
    ("cbot", Market::Futures),
    ("nymex", Market::Futures),
    ("comex", Market::Futures),
    ("ice", Market::Futures),
    ("cfe", Market::Futures),
    ("eurex", Market::Futures),
    ("hkfe", Market::Futures),
    ("sgx", Market::Futures),
    ("nyseliffe", Market::Futures),
];

const RESOLUTIONS: [(&str, Option<TimeFrame>); 5] = [
    ("daily", Some(TimeFrame::DAY)),
    ("hour", Some(TimeFrame::HOUR)),
    ("minute", Some(TimeFrame::MINUTE)),
    ("second", Some(TimeFrame::SECOND)),
    ("tick", None),
];

/// Where in LEAN's tree a file stands.
struct Shelfmark<'a> {
    market: &'a str,
    trades: Market,
    resolution: &'a str,
    frame: Option<TimeFrame>,
    /// The words of the file's name behind its date, and of its folder: symbol first.
    words: Vec<&'a str>,
    /// Of the file's name, or of its archive's: a day of minutes, seconds or ticks.
    day: Option<qframe_model::time::Time>,
}

/// Rows of prices.
pub(super) fn prices(table: &Table, place: &Place) -> Option<Layout> {
    if table.has_header() || table.carrier != Carrier::Text {
        return None;
    }
    let mark = Shelfmark::of(place)?;
    if mark.words.contains(&"openinterest") {
        return Some(left_out(table, "open interest: how many contracts are open is no row of prices"));
    }
    let (wall, zone) = mark.wall();
    let mut stamps = Stamps::at(wall);
    stamps.days_by_date = mark.frame == Some(TimeFrame::DAY) && matches!(mark.trades, Market::Stocks | Market::Futures);
    if mark.frame.is_none_or(|frame| frame < TimeFrame::HOUR) {
        stamps.day = Some(mark.day?);
    }
    let parts = mark.parts(table.width())?;
    let mut why = vec![
        format!("LEAN's folders: market {}, resolution {}", mark.market, mark.resolution),
        format!(
            "times are {} {zone}",
            if stamps.day.is_some() { "milliseconds since midnight," } else { "dates and hours," }
        ),
    ];
    if stamps.days_by_date {
        why.push("a day of the exchange is stored by its date, at 00:00 UTC".to_owned());
    }
    if mark.trades == Market::Stocks {
        why.push("prices are divided by 10000, and not adjusted for dividends and splits".to_owned());
    }
    let symbol = mark.symbol(&mut why);
    Some(Layout {
        stamps,
        scale: if mark.trades == Market::Stocks { 10_000 } else { 1 },
        symbol,
        venue: Some(if mark.market == "gdax" { "coinbase" } else { mark.market }.to_owned()),
        frame: mark.frame,
        ..Layout::new(Dialect::Lean, Reader::Rows(parts), table, why)
    })
}

/// What LEAN keeps beside prices.
pub(super) fn beside(table: &Table, place: &Place) -> Option<Layout> {
    let within = |folder: &str| place.parts.iter().rev().skip(1).any(|part| part.contains(folder));
    let market = place.parts.iter().rev().skip(1).find_map(|part| market(part));
    let future = matches!(market, Some((_, Market::Futures)));
    if within("factor_files") && (future || table.carrier == Carrier::Json) {
        return Some(left_out(table, "factors of continuous futures: they are made anew from the contracts"));
    }
    if within("map_files") && future {
        return Some(left_out(table, "the roll of continuous futures: it is made anew from the contracts"));
    }
    if within("margins") {
        return Some(left_out(table, "margins of futures: they belong into the settings of an instrument"));
    }
    if within("universes") {
        return Some(left_out(table, "a universe: which contracts there were on a day"));
    }
    let headless = !table.has_header() && table.carrier == Carrier::Text;
    if headless && table.width() == 2 && interest::symbol_of(&place.stem.to_ascii_lowercase()).is_some() {
        let why = vec!["LEAN's open interest: a day, and how many contracts were open at its end".to_owned()];
        return Some(Layout::new(Dialect::LeanBeside, Reader::Nothing, table, why));
    }
    if headless && within("factor_files") && table.width() == 4 {
        let why = vec![
            "LEAN's factor file: day, price factor, split factor, close; a step of a factor is a dividend or a split \
                        on the next weekday"
                .to_owned(),
        ];
        return Some(Layout {
            symbol: listed(place),
            venue: usa(),
            ..Layout::new(Dialect::LeanFactors, Reader::Factors, table, why)
        });
    }
    if headless && within("map_files") && matches!(table.width(), 2 | 3) {
        let why = vec!["LEAN's map file: the last day of each ticker".to_owned()];
        return Some(Layout {
            symbol: listed(place),
            venue: usa(),
            ..Layout::new(Dialect::LeanMap, Reader::Map, table, why)
        });
    }
    if headless && within("margin") && table.width() == 2 {
        let contract =
            if place.stem.to_ascii_lowercase().ends_with("usd") { Contract::Inverse } else { Contract::Linear };
        let why = vec!["LEAN's margin interest: time and funding rate, UTC".to_owned()];
        let reader = Reader::Rows(vec![Part::Funding { time: 0, rate: 1, mark: None }]);
        return Some(Layout {
            symbol: joined(&place.stem, contract),
            ..Layout::new(Dialect::LeanFunding, reader, table, why)
        });
    }
    None
}

fn left_out(table: &Table, what: &str) -> Layout {
    Layout::new(Dialect::LeanBeside, Reader::Nothing, table, vec![format!("left out: {what}")])
}

fn usa() -> Option<String> {
    Some("usa".to_owned())
}

fn listed(place: &Place) -> Option<Symbol> {
    place.stem.to_ascii_uppercase().parse().ok()
}

fn market(name: &str) -> Option<(&'static str, Market)> {
    MARKETS.into_iter().find(|(known, _)| *known == name)
}

impl<'a> Shelfmark<'a> {
    /// The folders `<market>/<resolution>` above a file; `None` where there are none.
    fn of(place: &'a Place) -> Option<Self> {
        let parts = &place.parts;
        let at = parts.iter().rposition(|part| RESOLUTIONS.iter().any(|(name, _)| part == name))?;
        let (market, trades) = market(parts.get(at.checked_sub(1)?)?)?;
        let (resolution, frame) = RESOLUTIONS.into_iter().find(|(name, _)| *name == parts[at])?;
        let file = parts.get(at + 1..)?;
        let words: Vec<&str> = file.iter().flat_map(|part| part.split(['_', '.', '/'])).collect();
        let dated = file.iter().find_map(|part| day(part));
        Some(Self { market, trades, resolution, frame, words, day: dated })
    }

    fn wall(&self) -> (Wall, &'static str) {
        match (self.trades, self.market) {
            (Market::Stocks, _) => (Wall::Place(Tz::America__New_York), "in New York"),
            (_, "fxcm") => (Wall::Fixed(-5 * 3_600), "at the fixed offset -05:00"),
            _ => (Wall::Utc, "UTC"),
        }
    }

    /// What the columns are: their number tells bars of trades from bars of quotes.
    fn parts(&self, width: usize) -> Option<Vec<Part>> {
        let bars = |kind, first: usize, volume| {
            Part::Bars(BarColumns { kind, time: 0, prices: [first, first + 1, first + 2, first + 3], volume })
        };
        let tick = self.frame.is_none();
        match width {
            6 if !tick => Some(vec![bars(Kind::Bars, 1, Some(5))]),
            11 if !tick => Some(vec![bars(Kind::Bids, 1, Some(5)), bars(Kind::Asks, 6, Some(10))]),
            3 if tick && self.words.contains(&"quote") => Some(vec![Part::Quotes(QuoteColumns {
                time: 0,
                received: None,
                bid: 1,
                bid_size: None,
                ask: 2,
                ask_size: None,
            })]),
            5 if tick && self.words.contains(&"quote") => Some(vec![Part::Quotes(QuoteColumns {
                time: 0,
                received: None,
                bid: 1,
                bid_size: Some(2),
                ask: 3,
                ask_size: Some(4),
            })]),
            3.. if tick && self.words.contains(&"trade") => {
                let taker = Taker::Unknown;
                Some(vec![Part::Trades(TradeColumns {
                    time: 0,
                    received: None,
                    id: None,
                    price: 1,
                    quantity: 2,
                    taker,
                })])
            }
            _ => None,
        }
    }

    /// The symbol that the folder or the file names; a future with its expiry.
    fn symbol(&self, why: &mut Vec<String>) -> Option<Symbol> {
        let is_name = |word: &&&str| !word.is_empty() && word.bytes().any(|byte| byte.is_ascii_alphabetic());
        let name = self.words.iter().find(is_name)?.to_ascii_uppercase();
        match self.trades {
            Market::Stocks => name.parse().ok(),
            Market::Forex | Market::Crypto => joined(&name, Contract::Spot),
            Market::Futures => {
                let month = self.words.iter().rev().find(|word| word.len() == 6 && word.parse::<u32>().is_ok())?;
                let (year, month) = (month[..4].parse().ok()?, month[4..].parse().ok()?);
                let (expiry, by_rule) = expiry::of(&name, year, month)?;
                let (year, month, day) = expiry.date();
                why.push(if by_rule {
                    "expires on the third Friday of its month".to_owned()
                } else {
                    "only the month of its expiry is known: named by the last day of it".to_owned()
                });
                format!("{name}-{year:04}{month:02}{day:02}").parse().ok()
            }
        }
    }
}

/// True for the rows of LEAN where no folder says which market's they are: the prices could be of any size.
pub(super) fn astray(table: &Table, place: &Place) -> Option<String> {
    let first = table.row.first()?;
    let dated = first.len() == 14 && day(first).is_some() && first.as_bytes().get(8) == Some(&b' ');
    let is_lean = !table.has_header() && dated && matches!(table.width(), 6 | 11);
    (is_lean && Shelfmark::of(place).is_none() && place.parts.iter().all(|part| venue(part).is_none())).then(|| {
        "rows as LEAN writes them, in no folder <market>/<resolution>: that tells their zone, and whether prices stand \
         10000 times too high; keep them in LEAN's folders, such as usa/daily/aapl.zip"
            .to_owned()
    })
}
