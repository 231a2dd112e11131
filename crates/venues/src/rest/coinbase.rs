//! Coinbase: the Exchange API and the public part of the Advanced Trade API.
use std::ops::Range;
use std::time::Duration;

use qframe_model::market::Bar;
use qframe_model::number::{Cash, Price, Quantity, Volume};
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::{Time, TimeFrame};
use serde::Deserialize;

use super::wire::{Candle, Exact};
use super::{Listing, Page, RestError};
use crate::http::{Http, HttpError};
use crate::pace::Pace;

/// Which of its two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// `api.exchange.coinbase.com`: history since 2015.
    Exchange,
    /// `api.coinbase.com/api/v3/brokerage`.
    Advanced,
}

/// One of Coinbase's APIs.
#[derive(Debug)]
pub struct Coinbase {
    http: Http,
    api: Api,
}

#[derive(Deserialize)]
struct Clock {
    iso: Time,
}

/// A product of the Exchange API.
#[derive(Deserialize)]
struct Product {
    id: String,
    status: String,
    quote_increment: Exact<Price>,
    base_increment: Exact<Quantity>,
    min_market_funds: Option<Exact<Cash>>,
    trading_disabled: Option<bool>,
}

/// A product of the Advanced Trade API.
#[derive(Deserialize)]
struct AdvancedProduct {
    product_id: String,
    status: String,
    price_increment: Exact<Price>,
    base_increment: Exact<Quantity>,
    base_min_size: Exact<Quantity>,
    base_max_size: Exact<Quantity>,
    quote_min_size: Exact<Cash>,
    trading_disabled: Option<bool>,
}

#[derive(Deserialize)]
struct Candles {
    candles: Vec<AdvancedCandle>,
}

#[derive(Deserialize)]
struct AdvancedCandle {
    start: Exact<i64>,
    low: Exact<Price>,
    high: Exact<Price>,
    open: Exact<Price>,
    close: Exact<Price>,
    volume: Exact<Volume>,
}

impl Api {
    /// Where it is served.
    #[must_use]
    pub const fn host(self) -> &'static str {
        match self {
            Self::Exchange => "https://api.exchange.coinbase.com",
            Self::Advanced => "https://api.coinbase.com",
        }
    }

    /// Its word for a time frame.
    const fn granularity(self, frame: TimeFrame) -> Option<&'static str> {
        Some(match (self, frame.seconds()) {
            (Self::Exchange, 60) => "60",
            (Self::Exchange, 300) => "300",
            (Self::Exchange, 900) => "900",
            (Self::Exchange, 3_600) => "3600",
            (Self::Exchange, 21_600) => "21600",
            (Self::Exchange, 86_400) => "86400",
            (Self::Advanced, 60) => "ONE_MINUTE",
            (Self::Advanced, 300) => "FIVE_MINUTE",
            (Self::Advanced, 900) => "FIFTEEN_MINUTE",
            (Self::Advanced, 1_800) => "THIRTY_MINUTE",
            (Self::Advanced, 3_600) => "ONE_HOUR",
            (Self::Advanced, 7_200) => "TWO_HOUR",
            (Self::Advanced, 14_400) => "FOUR_HOUR",
            (Self::Advanced, 21_600) => "SIX_HOUR",
            (Self::Advanced, 86_400) => "ONE_DAY",
            _ => return None,
        })
    }

    /// Reads an answer of a product.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read_listing(self, body: &[u8], symbol: &Symbol) -> serde_json::Result<Listing> {
        Ok(match self {
            Self::Exchange => serde_json::from_slice::<Product>(body)?.listing(symbol),
            Self::Advanced => serde_json::from_slice::<AdvancedProduct>(body)?.listing(symbol),
        })
    }

    /// Reads an answer of candles: the bars that open in the range.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read_bars(self, body: &[u8], range: &Range<Time>) -> serde_json::Result<Page> {
        Ok(match self {
            Self::Exchange => {
                let rows: Vec<Candle> = serde_json::from_slice(body)?;
                Page::of(rows.into_iter().map(|Candle(bar)| bar), range)
            }
            Self::Advanced => {
                let rows: Candles = serde_json::from_slice(body)?;
                Page::of(rows.candles.into_iter().map(AdvancedCandle::bar), range)
            }
        })
    }

    const fn frames(self) -> &'static str {
        match self {
            Self::Exchange => "1m, 5m, 15m, 1h, 6h, 1d",
            Self::Advanced => "1m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 1d",
        }
    }
}

impl Coinbase {
    /// A client of one of the APIs at an address.
    ///
    /// # Errors
    /// [`RestError::Http`] where the address is none.
    pub fn new(api: Api, base: &str) -> Result<Self, RestError> {
        // Ten requests a second are allowed to one address; windows of theirs and ours overlap.
        Ok(Self { http: Http::new(base, Pace::new(8, Duration::from_secs(1)))?, api })
    }

    /// How many bars one page holds.
    pub(super) const fn page(&self) -> usize {
        match self.api {
            Api::Exchange => 300,
            Api::Advanced => 350,
        }
    }

    pub(super) fn address(&self, symbol: &Symbol, frame: TimeFrame) -> Result<&str, RestError> {
        self.product(symbol)?;
        self.granularity(frame)?;
        Ok(self.http.address())
    }

    pub(super) async fn now(&self) -> Result<Time, RestError> {
        let path = match self.api {
            Api::Exchange => "/time",
            Api::Advanced => "/api/v3/brokerage/time",
        };
        Ok(self.http.get(path, &[], 1, read_clock).await?)
    }

    pub(super) async fn listing(&self, symbol: &Symbol) -> Result<Listing, RestError> {
        let path = self.product(symbol)?;
        listed(symbol, self.http.get(&path, &[], 1, |body| self.api.read_listing(body, symbol)).await)
    }

    pub(super) async fn bars(&self, symbol: &Symbol, frame: TimeFrame, range: Range<Time>) -> Result<Page, RestError> {
        let granularity = self.granularity(frame)?;
        let path = format!("{}/candles", self.product(symbol)?);
        // Both ends are in what the exchange gives.
        let last = range.end - frame.span();
        let seconds = |time: Time| time.nanos().div_euclid(1_000_000_000).to_string();
        let (start, end) = match self.api {
            Api::Exchange => (range.start.to_string(), last.to_string()),
            Api::Advanced => (seconds(range.start), seconds(last)),
        };
        let limit = self.page().to_string();
        let query = [("granularity", granularity), ("start", &start), ("end", &end), ("limit", &limit)];
        // The older API knows no limit.
        let query = if self.api == Api::Exchange { &query[..3] } else { &query };
        listed(symbol, self.http.get(&path, query, 1, |body| self.api.read_bars(body, &range)).await)
    }

    fn granularity(&self, frame: TimeFrame) -> Result<&'static str, RestError> {
        self.api.granularity(frame).ok_or(RestError::Frame { frame, expected: self.api.frames() })
    }

    fn product(&self, symbol: &Symbol) -> Result<String, RestError> {
        let SymbolParts::Pair { base, quote } = symbol.parts() else {
            return Err(RestError::Symbol { symbol: symbol.clone(), expected: "a spot pair such as BTC/USD" });
        };
        Ok(match self.api {
            Api::Exchange => format!("/products/{base}-{quote}"),
            Api::Advanced => format!("/api/v3/brokerage/market/products/{base}-{quote}"),
        })
    }
}

/// Reads an answer of the time, which both APIs give in the same form.
///
/// # Errors
/// Where it is none.
pub fn read_clock(body: &[u8]) -> serde_json::Result<Time> {
    serde_json::from_slice::<Clock>(body).map(|clock| clock.iso)
}

impl Product {
    fn listing(self, symbol: &Symbol) -> Listing {
        Listing {
            symbol: symbol.clone(),
            id: self.id,
            trading: self.status == "online" && !self.trading_disabled.unwrap_or(false),
            tick: step(self.quote_increment.0, Price::from_nanos(1)),
            lot: step(self.base_increment.0, Quantity::from_nanos(1)),
            min_quantity: Quantity::ZERO,
            max_quantity: None,
            min_price: Price::ZERO,
            max_price: None,
            min_notional: self.min_market_funds.map_or(Cash::ZERO, |funds| funds.0),
        }
    }
}

impl AdvancedProduct {
    fn listing(self, symbol: &Symbol) -> Listing {
        Listing {
            symbol: symbol.clone(),
            id: self.product_id,
            trading: self.status == "online" && !self.trading_disabled.unwrap_or(false),
            tick: step(self.price_increment.0, Price::from_nanos(1)),
            lot: step(self.base_increment.0, Quantity::from_nanos(1)),
            min_quantity: self.base_min_size.0,
            max_quantity: Some(self.base_max_size.0),
            min_price: Price::ZERO,
            max_price: None,
            min_notional: self.quote_min_size.0,
        }
    }
}

/// A step; the finest where the exchange tells none above zero.
fn step<T: Default + PartialOrd>(told: T, finest: T) -> T {
    if told > T::default() { told } else { finest }
}

impl AdvancedCandle {
    fn bar(self) -> Bar {
        Bar {
            time: Time::from_seconds(self.start.0),
            open: self.open.0,
            high: self.high.0,
            low: self.low.0,
            close: self.close.0,
            volume: self.volume.0,
        }
    }
}

/// What is not found is not listed.
fn listed<T>(symbol: &Symbol, answer: Result<T, HttpError>) -> Result<T, RestError> {
    match answer {
        Err(HttpError::Refused { status: 404, .. }) => Err(RestError::Unlisted(symbol.clone())),
        other => Ok(other?),
    }
}
