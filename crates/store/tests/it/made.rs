//! Invented rows, and what runs them through a pipeline.
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use qframe_app::pipeline::{Pipeline, Rules, Sink, SinkOptions, Stats};
use qframe_app::{Arrival, Row};
use qframe_data::{DataKey, Kind};
use qframe_model::market::{Bar, FundingRate, Level, Quote, Side, Trade};
use qframe_model::number::{Price, Rate, Volume};
use qframe_model::time::{Span, Time, TimeFrame};

pub(crate) const START: i64 = 1_700_000_000_000_000_000;

pub(crate) fn key(kind: Kind, symbol: &str) -> Arc<DataKey> {
    let frame = kind.is_bars().then_some(TimeFrame::MINUTE);
    Arc::new(DataKey { kind, venue: "binance".to_owned(), symbol: symbol.parse().unwrap(), frame })
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn volume(digits: u64, decimals: u32) -> Volume {
    Volume::from_digits(digits, decimals).unwrap()
}

/// Several trades share a millisecond.
pub(crate) fn trade(id: u64) -> Trade {
    let time = Time::from_nanos(START + (id / 7).cast_signed() * 1_000_000);
    let side = if id.is_multiple_of(3) { Side::Sell } else { Side::Buy };
    let received = time + Span::from_nanos(5_000_017);
    let price = Price::from_nanos(37_000_123_400_000 + id.cast_signed() * 100_000);
    Trade { time, received, id, price, quantity: volume(id % 90_000 + 1, 5), side }
}

pub(crate) fn quote(number: i64) -> Quote {
    let time = Time::from_nanos(START + number / 5 * 1_000_000);
    let level = |price: i64| Level { price: Price::from_nanos(price), quantity: volume(15, 1) };
    let received = Time::from_nanos(START + 3_000_000 + number * 150_001);
    Quote { time, received, bid: level(100_000_000_000 + number), ask: level(200_000_000_000) }
}

pub(crate) fn bar(number: i64) -> Bar {
    let time = Time::from_nanos(START - START % 60_000_000_000 + number * 60_000_000_000);
    let close = Price::from_nanos(100_250_000_000 + number * 1_000_000);
    Bar {
        time,
        open: price("100.25"),
        high: price("200.75"),
        low: price("0.000000001"),
        close,
        volume: volume(123_456_789, 8),
    }
}

pub(crate) fn funding(number: i64) -> FundingRate {
    let time = Time::from_nanos(START + number * 28_800_000_000_000);
    FundingRate { time, rate: Rate::basis_points(1), mark: Some(price("37000.5")) }
}

pub(crate) fn arrival(key: &Arc<DataKey>, row: Row) -> Arrival {
    let received = match row {
        Row::Trade(trade) => trade.received,
        Row::Quote(quote) => quote.received,
        _ => row.time() + key.frame.map_or(Span::ZERO, TimeFrame::span) + Span::from_nanos(7),
    };
    Arrival { key: Arc::clone(key), row, received }
}

pub(crate) fn trades(symbol: &str, numbers: std::ops::Range<u64>) -> Vec<Arrival> {
    let key = key(Kind::Trades, symbol);
    numbers.map(|id| arrival(&key, Row::Trade(trade(id)))).collect()
}

/// Some of each kind.
pub(crate) fn mixed(count: i64) -> Vec<Arrival> {
    let mut rows = trades("BTC/USDT", 1..count.cast_unsigned() + 1);
    rows.extend((0..count).map(|number| arrival(&key(Kind::Quotes, "ETH/USDT:USDT"), Row::Quote(quote(number)))));
    rows.extend((0..count).map(|number| arrival(&key(Kind::Bars, "AAPL"), Row::Bar(bar(number)))));
    rows.extend((0..count).map(|number| arrival(&key(Kind::Funding, "ETH/USDT:USDT"), Row::Funding(funding(number)))));
    rows
}

/// The address in a variable, or a word that says what is missing.
pub(crate) fn service(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if found.is_none() {
        println!("skipped: {variable} is not set (`cargo xtask test` sets it)");
    }
    found
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub(crate) fn options() -> SinkOptions {
    SinkOptions { batch_rows: 500, linger: Duration::from_millis(20), ..SinkOptions::default() }
}

/// Sends rows to a sink and waits until none is on its way.
pub(crate) async fn send(sink: impl Sink, rows: Vec<Arrival>, spools: &Path, options: SinkOptions) -> Stats {
    let mut pipeline = Pipeline::new(Rules::default());
    pipeline.add_sink("sink", sink, spools, options).unwrap();
    let (feed, running) = pipeline.start();
    for row in rows {
        feed.send(row).await.unwrap();
    }
    running.finish().await
}
