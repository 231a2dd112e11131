//! Invented rows.
use std::sync::Arc;

use qframe_app::{Arrival, Row};
use qframe_data::{DataKey, Kind};
use qframe_model::market::{Bar, BookChange, BookDelta, FundingRate, Level, Quote, Side, Trade};
use qframe_model::number::{Price, Rate, Volume};
use qframe_model::time::{Time, TimeFrame};

pub(crate) const START: i64 = 1_700_000_000;

pub(crate) fn key(kind: Kind, symbol: &str) -> Arc<DataKey> {
    let frame = kind.is_bars().then_some(TimeFrame::MINUTE);
    Arc::new(DataKey { kind, venue: "binance".to_owned(), symbol: symbol.parse().unwrap(), frame })
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn level(price: &str, digits: u64) -> Level {
    Level { price: price.parse().unwrap(), quantity: Volume::from_digits(digits, 0).unwrap() }
}

pub(crate) fn at(second: i64) -> Time {
    Time::from_seconds(START + second)
}

/// A trade a second, with its number.
pub(crate) fn trade(id: u64) -> Trade {
    let time = at(id.cast_signed());
    let quantity = Volume::from_digits(id % 1_000 + 1, 3).unwrap();
    Trade { time, received: time, id, price: price("100.5"), quantity, side: Side::Buy }
}

pub(crate) fn quote(second: i64, bid: &str, ask: &str) -> Row {
    let time = at(second);
    Row::Quote(Quote { time, received: time, bid: level(bid, 1), ask: level(ask, 2) })
}

pub(crate) fn bar(minute: i64, prices: [&str; 4]) -> Row {
    let [open, high, low, close] = prices.map(price);
    let time = Time::from_seconds(1_699_999_980 + minute * 60);
    Row::Bar(Bar { time, open, high, low, close, volume: Volume::from_digits(5, 0).unwrap() })
}

pub(crate) fn change(second: i64, sequence: u64, change: BookChange, last: bool) -> Row {
    let time = at(second);
    Row::Book(BookDelta { time, received: time, sequence, change, last })
}

pub(crate) fn funding(second: i64) -> Row {
    Row::Funding(FundingRate { time: at(second), rate: Rate::basis_points(1), mark: Some(price("99.5")) })
}

/// As it comes in, a moment after it happened.
pub(crate) fn arrival(key: &Arc<DataKey>, row: Row) -> Arrival {
    let frame = key.frame.map_or(qframe_model::time::Span::ZERO, TimeFrame::span);
    Arrival { key: Arc::clone(key), row, received: row.time() + frame }
}

/// Trades of these numbers.
pub(crate) fn trades(symbol: &str, numbers: std::ops::Range<u64>) -> Vec<Arrival> {
    let key = key(Kind::Trades, symbol);
    numbers.map(|id| arrival(&key, Row::Trade(trade(id)))).collect()
}

pub(crate) fn numbers(rows: &[Arrival]) -> Vec<u64> {
    rows.iter().map(|arrival| if let Row::Trade(trade) = arrival.row { trade.id } else { 0 }).collect()
}
