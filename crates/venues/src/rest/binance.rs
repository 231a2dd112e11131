//! Binance: spot (`/api/v3`) and USD-M futures (`/fapi/v1`), their public part.
use std::ops::Range;
use std::time::Duration;

use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::{Time, TimeFrame};
use serde::Deserialize;
use serde::de::Error as _;
use serde_json::Error;
use serde_json::value::RawValue;

use super::wire::{Exact, Highest, Kline, of_millis};
use super::{Listing, Page, RestError};
use crate::http::{Http, HttpError};
use crate::pace::Pace;

/// Bars of one request: the most that spot gives, and what costs futures the least a bar.
pub(super) const PAGE: usize = 1_000;
const FRAMES: &str = "1s (spot), 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w";
/// Seconds of each of them.
const SECONDS: [u32; 15] =
    [1, 60, 180, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 28_800, 43_200, 86_400, 259_200, 604_800];
const MINUTE: Duration = Duration::from_secs(60);

/// Both markets of Binance.
#[derive(Debug)]
pub struct Binance {
    spot: Http,
    futures: Http,
}

/// Which API, and how its paths begin.
struct Market<'a> {
    http: &'a Http,
    root: &'static str,
    is_spot: bool,
}

#[derive(Deserialize)]
struct Clock {
    #[serde(rename = "serverTime")]
    time: i64,
}

#[derive(Deserialize)]
struct Info<'a> {
    #[serde(borrow)]
    symbols: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    symbol: String,
    status: String,
    base_asset: String,
    quote_asset: String,
    /// Read of the one that is looked for: another's may have what no number of ours holds.
    #[serde(borrow)]
    filters: &'a RawValue,
}

/// The filters that bound an order; the others do not concern it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    filter_type: String,
    tick_size: Option<Exact<Price>>,
    step_size: Option<Exact<Quantity>>,
    min_price: Option<Exact<Price>>,
    max_price: Option<Highest<Price>>,
    min_qty: Option<Exact<Quantity>>,
    max_qty: Option<Highest<Quantity>>,
    min_notional: Option<Exact<Cash>>,
    notional: Option<Exact<Cash>>,
}

impl Binance {
    /// Where Binance serves spot, and where futures.
    pub const HOSTS: [&'static str; 2] = ["https://api.binance.com", "https://fapi.binance.com"];

    /// A client of both APIs at their addresses.
    ///
    /// # Errors
    /// [`RestError::Http`] where an address is none.
    pub fn new([spot, futures]: [&str; 2]) -> Result<Self, RestError> {
        // A sixth of each minute's weight is left to others at this address.
        Ok(Self {
            spot: Http::new(spot, Pace::new(5_000, MINUTE))?,
            futures: Http::new(futures, Pace::new(2_000, MINUTE))?,
        })
    }

    fn market(&self, symbol: &Symbol) -> Result<(Market<'_>, String), RestError> {
        let spot = Market { http: &self.spot, root: "/api/v3", is_spot: true };
        let futures = Market { http: &self.futures, root: "/fapi/v1", is_spot: false };
        let linear = |quote, settle| quote == settle;
        match symbol.parts() {
            SymbolParts::Pair { base, quote } => Ok((spot, format!("{base}{quote}"))),
            SymbolParts::Contract { base, quote, settle, expiry: None } if linear(quote, settle) => {
                Ok((futures, format!("{base}{quote}")))
            }
            SymbolParts::Contract { base, quote, settle, expiry: Some(_) } if linear(quote, settle) => {
                let day = symbol.as_str().split_once('-').map_or("", |(_, day)| day);
                let day = day.split_once('@').map_or(day, |(day, _)| day);
                Ok((futures, format!("{base}{quote}_{day}")))
            }
            _ => Err(RestError::Symbol {
                symbol: symbol.clone(),
                expected: "BTC/USDT (spot), BTC/USDT:USDT (perpetual) or BTC/USDT:USDT-261225 (USD-M future)",
            }),
        }
    }

    pub(super) fn address(&self, symbol: &Symbol, frame: TimeFrame) -> Result<&str, RestError> {
        let (market, _) = self.market(symbol)?;
        market.offers(frame)?;
        Ok(market.http.address())
    }

    pub(super) async fn now(&self, symbol: &Symbol) -> Result<Time, RestError> {
        let (market, _) = self.market(symbol)?;
        let path = format!("{}/time", market.root);
        Ok(market.http.get(&path, &[], 1, read_clock).await?)
    }

    pub(super) async fn listing(&self, symbol: &Symbol) -> Result<Listing, RestError> {
        let (market, id) = self.market(symbol)?;
        let path = format!("{}/exchangeInfo", market.root);
        // Futures tell of all symbols, whatever is asked.
        let query: &[_] = if market.is_spot { &[("symbol", id.as_str())] } else { &[] };
        let found = market.http.get(&path, query, 20, |body| read_listing(body, symbol, &id)).await;
        listed(symbol, found)?.ok_or_else(|| RestError::Unlisted(symbol.clone()))
    }

    pub(super) async fn bars(&self, symbol: &Symbol, frame: TimeFrame, range: Range<Time>) -> Result<Page, RestError> {
        let (market, id) = self.market(symbol)?;
        market.offers(frame)?;
        let path = format!("{}/klines", market.root);
        let millis = |time: Time, less: i64| (time.nanos().div_euclid(1_000_000) - less).to_string();
        let (interval, start, end) = (frame.to_string(), millis(range.start, 0), millis(range.end, 1));
        let limit = PAGE.to_string();
        let query = [
            ("symbol", id.as_str()),
            ("interval", &interval),
            ("startTime", &start),
            ("endTime", &end),
            ("limit", &limit),
        ];
        let weight = if market.is_spot { 2 } else { 5 };
        listed(symbol, market.http.get(&path, &query, weight, |body| read_bars(body, &range)).await)
    }
}

impl Market<'_> {
    fn offers(&self, frame: TimeFrame) -> Result<(), RestError> {
        let known = SECONDS.contains(&frame.seconds()) && (self.is_spot || frame != TimeFrame::SECOND);
        if known { Ok(()) } else { Err(RestError::Frame { frame, expected: FRAMES }) }
    }
}

/// Reads an answer of `/time`.
///
/// # Errors
/// Where it is none, or tells a time that a [`Time`] does not hold.
pub fn read_clock(body: &[u8]) -> serde_json::Result<Time> {
    let Clock { time } = serde_json::from_slice(body)?;
    of_millis(time).ok_or_else(|| Error::custom(format!("{time} ms: no time")))
}

/// Reads an answer of `/exchangeInfo`: the entry of an `id`, where that is of the symbol's base and quote.
///
/// # Errors
/// Where it is none.
pub fn read_listing(body: &[u8], symbol: &Symbol, id: &str) -> serde_json::Result<Option<Listing>> {
    let info: Info<'_> = serde_json::from_slice(body)?;
    let found = info.symbols.into_iter().find(|entry| entry.symbol == id);
    // BTCUSDT alone does not tell where the base ends.
    let named = |entry: &Entry<'_>| match symbol.parts() {
        SymbolParts::Pair { base, quote } | SymbolParts::Contract { base, quote, .. } => {
            entry.base_asset == base.as_str() && entry.quote_asset == quote.as_str()
        }
        SymbolParts::Listed { .. } => false,
    };
    found.filter(named).map(|entry| listing(symbol, entry)).transpose()
}

/// Reads an answer of `/klines`: the bars that open in the range.
///
/// # Errors
/// Where it is none.
pub fn read_bars(body: &[u8], range: &Range<Time>) -> serde_json::Result<Page> {
    let rows: Vec<Kline> = serde_json::from_slice(body)?;
    Ok(Page::of(rows.into_iter().map(|Kline(bar)| bar), range))
}

/// What is no symbol to the exchange is not listed.
fn listed<T>(symbol: &Symbol, answer: Result<T, HttpError>) -> Result<T, RestError> {
    match answer {
        Err(HttpError::Refused { code: Some(-1121), .. }) => Err(RestError::Unlisted(symbol.clone())),
        other => Ok(other?),
    }
}

fn listing(symbol: &Symbol, entry: Entry<'_>) -> serde_json::Result<Listing> {
    let one = Rule::default();
    let filters: Vec<Filter> = serde_json::from_str(entry.filters.get())?;
    let rule = filters.into_iter().fold(one, |rule, filter| match filter.filter_type.as_str() {
        "PRICE_FILTER" => Rule {
            tick: filter.tick_size.map(|tick| tick.0),
            lowest: filter.min_price.map(|lowest| lowest.0),
            highest: filter.max_price.and_then(|highest| highest.0),
            ..rule
        },
        "LOT_SIZE" => Rule {
            lot: filter.step_size.map(|step| step.0),
            least: filter.min_qty.map(|least| least.0),
            most: filter.max_qty.and_then(|most| most.0),
            ..rule
        },
        "NOTIONAL" | "MIN_NOTIONAL" => {
            Rule { notional: filter.min_notional.or(filter.notional).map(|notional| notional.0), ..rule }
        }
        _ => rule,
    });
    Ok(Listing {
        symbol: symbol.clone(),
        id: entry.symbol,
        trading: entry.status == "TRADING",
        tick: rule.tick.filter(|tick| tick.is_positive()).unwrap_or(Price::from_nanos(1)),
        lot: rule.lot.filter(|lot| lot.is_positive()).unwrap_or(Quantity::from_nanos(1)),
        min_quantity: rule.least.unwrap_or(Quantity::ZERO),
        // A limit of zero is none.
        max_quantity: rule.most.filter(|most| most.is_positive()),
        min_price: rule.lowest.unwrap_or(Price::ZERO),
        max_price: rule.highest.filter(|highest| highest.is_positive()),
        min_notional: rule.notional.unwrap_or(Cash::ZERO),
    })
}

/// What the filters say together.
#[derive(Default)]
struct Rule {
    tick: Option<Price>,
    lowest: Option<Price>,
    highest: Option<Price>,
    lot: Option<Quantity>,
    least: Option<Quantity>,
    most: Option<Quantity>,
    notional: Option<Cash>,
}
