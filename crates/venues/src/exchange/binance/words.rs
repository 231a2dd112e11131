//! Rows and orders as Binance writes them.
use std::fmt::Display;

use qframe_model::market::{Level, Side, Trade};
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::time::{Span, Time};
use serde_json::{Value, json};

use crate::exchange::core::candles::{Candle, INTERVALS};
use crate::exchange::core::{Aggregate, Execution, Market, Prevention, Product, Record, Status, Stay, Terms};

/// Milliseconds since the epoch.
pub(in crate::exchange) const fn millis(time: Time) -> i64 {
    time.nanos().div_euclid(1_000_000)
}

/// The instant of milliseconds.
pub(in crate::exchange) const fn time_of(millis: i64) -> Time {
    Time::from_nanos(millis.saturating_mul(1_000_000))
}

/// A decimal with eight places, or with all that it has where it has more.
pub(in crate::exchange) fn eight(value: impl Display) -> String {
    let exact = value.to_string();
    let places = exact.split_once('.').map_or(0, |(_, places)| places.len());
    if places >= 8 { exact } else { format!("{value:.8}") }
}

pub(in crate::exchange) fn levels(levels: impl Iterator<Item = Level>) -> Value {
    levels.map(|level| json!([eight(level.price), eight(level.quantity.quantity())])).collect()
}

pub(in crate::exchange) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

pub(in crate::exchange) const fn status(status: Status) -> &'static str {
    match status {
        Status::Pending => "PENDING_NEW",
        Status::New => "NEW",
        Status::PartiallyFilled => "PARTIALLY_FILLED",
        Status::Filled => "FILLED",
        Status::Cancelled => "CANCELED",
        Status::Expired => "EXPIRED",
        Status::Prevented => "EXPIRED_IN_MATCH",
    }
}

pub(in crate::exchange) const fn kind(terms: &Terms) -> &'static str {
    match terms {
        Terms::Market(_) => "MARKET",
        Terms::Limit { .. } => "LIMIT",
        Terms::Maker { .. } => "LIMIT_MAKER",
        Terms::Triggered { takes_profit: true, .. } | Terms::Trailing { takes_profit: true, price: Some(_), .. } => {
            "TAKE_PROFIT_LIMIT"
        }
        Terms::Triggered { .. } | Terms::Trailing { price: Some(_), .. } => "STOP_LOSS_LIMIT",
        Terms::Stop { takes_profit: true, .. } | Terms::Trailing { takes_profit: true, .. } => "TAKE_PROFIT",
        Terms::Stop { .. } | Terms::Trailing { .. } => "STOP_LOSS",
    }
}

pub(in crate::exchange) const fn stay(terms: &Terms) -> &'static str {
    match terms {
        Terms::Limit { stay, .. } | Terms::Triggered { stay, .. } | Terms::Trailing { stay, .. } => match stay {
            Stay::Gtc => "GTC",
            Stay::Ioc => "IOC",
            Stay::Fok => "FOK",
        },
        _ => "GTC",
    }
}

pub(in crate::exchange) const fn prevention(mode: Prevention) -> &'static str {
    match mode {
        Prevention::Allow => "NONE",
        Prevention::ExpireTaker => "EXPIRE_TAKER",
        Prevention::ExpireMaker => "EXPIRE_MAKER",
        Prevention::ExpireBoth => "EXPIRE_BOTH",
    }
}

/// Units that an order lost since it would have traded with its own user.
pub(super) fn prevented(record: &Record) -> Option<Quantity> {
    (record.status == Status::Prevented).then(|| record.quantity.minus(record.filled).unwrap_or_default())
}

/// An order as `GET /api/v3/order` tells it.
pub(in crate::exchange) fn order(record: &Record, product: &Product) -> Value {
    let asked = match record.terms {
        Terms::Market(crate::exchange::core::Amount::Quote(money)) => money,
        _ => Cash::ZERO,
    };
    let mut value = json!({
        "symbol": product.name,
        "orderId": record.id,
        "orderListId": list(record),
        "clientOrderId": record.name,
        "price": eight(record.price()),
        "origQty": eight(record.quantity),
        "executedQty": eight(record.filled),
        "origQuoteOrderQty": eight(asked),
        "cummulativeQuoteQty": eight(record.value),
        "status": status(record.status),
        "timeInForce": stay(&record.terms),
        "type": kind(&record.terms),
        "side": side(record.side),
        "stopPrice": eight(record.trigger().unwrap_or(Price::ZERO)),
        "icebergQty": eight(record.manner.display.unwrap_or(Quantity::ZERO)),
        "time": millis(record.time),
        "updateTime": millis(record.updated),
        "isWorking": record.works,
        "selfTradePreventionMode": prevention(record.manner.prevention),
    });
    if record.works {
        value["workingTime"] = json!(millis(record.time));
    }
    if let Terms::Trailing { delta, .. } = record.terms {
        value["trailingDelta"] = json!(delta);
    }
    if let Some(units) = prevented(record) {
        value["preventedQuantity"] = json!(eight(units));
    }
    value
}

/// The list of an order; -1 where it has none.
pub(in crate::exchange) fn list(record: &Record) -> i64 {
    record.list.and_then(|list| i64::try_from(list).ok()).unwrap_or(-1)
}

/// An execution as `GET /api/v3/myTrades` tells it.
pub(in crate::exchange) fn execution(one: &Execution, order: Option<&Record>, product: &Product) -> Value {
    json!({
        "symbol": product.name,
        "id": one.id,
        "orderId": one.order,
        "orderListId": order.map_or(-1, list),
        "price": eight(one.price),
        "qty": eight(one.quantity),
        "quoteQty": eight(one.value),
        "commission": eight(one.commission),
        "commissionAsset": one.commission_in,
        "time": millis(one.time),
        "isBuyer": one.side == Side::Buy,
        "isMaker": one.maker,
        "isBestMatch": true,
    })
}

/// A trade of the tape.
pub(in crate::exchange) fn trade(one: &Trade) -> Value {
    let value = one.price.times(one.quantity.quantity()).unwrap_or(Cash::MAX);
    json!({
        "id": one.id,
        "price": eight(one.price),
        "qty": eight(one.quantity.quantity()),
        "quoteQty": eight(value),
        "time": millis(one.time),
        "isBuyerMaker": one.side == Side::Sell,
        "isBestMatch": true,
    })
}

/// All that one order took at one price.
pub(in crate::exchange) fn aggregate(one: &Aggregate) -> Value {
    json!({
        "a": one.id,
        "p": eight(one.price),
        "q": eight(one.quantity),
        "f": one.first,
        "l": one.last,
        "T": millis(one.time),
        "m": one.side == Side::Sell,
        "M": true,
    })
}

/// A bar as `GET /api/v3/klines` tells it.
pub(in crate::exchange) fn candle(interval: usize, one: &Candle) -> Value {
    json!([
        millis(one.open_time),
        eight(one.open),
        eight(one.high),
        eight(one.low),
        eight(one.close),
        eight(one.volume),
        millis(INTERVALS[interval].end_of(one.open_time)) - 1,
        eight(one.value),
        one.trades,
        eight(one.taker_volume),
        eight(one.taker_value),
        "0",
    ])
}

/// The figures of 24 hours.
pub(in crate::exchange) fn day(market: &Market, now: Time) -> Value {
    figures(market, now - Span::DAY, now)
}

/// The figures of another window, in full or the few: without the best prices, which it does not tell.
pub(in crate::exchange) fn window(market: &Market, since: Time, until: i64, now: Time, mini: bool) -> Value {
    const BOOK: [&str; 6] = ["bidPrice", "bidQty", "askPrice", "askQty", "lastQty", "prevClosePrice"];
    const CHANGE: [&str; 3] = ["priceChange", "priceChangePercent", "weightedAvgPrice"];
    let mut value = figures(market, since, now);
    if let Value::Object(value) = &mut value {
        let left_out = BOOK.iter().chain(CHANGE.iter().filter(|_| mini));
        left_out.for_each(|name| drop(value.remove(*name)));
        value.insert("openTime".to_owned(), millis(since).into());
        value.insert("closeTime".to_owned(), until.into());
    }
    value
}

fn figures(market: &Market, since: Time, now: Time) -> Value {
    let product = &market.product;
    let zero = || eight(Price::ZERO);
    let (bid, ask) = (market.book().bid().unwrap_or_default(), market.book().ask().unwrap_or_default());
    let mut value = json!({
        "symbol": product.name,
        "bidPrice": eight(bid.price),
        "bidQty": eight(bid.quantity.quantity()),
        "askPrice": eight(ask.price),
        "askQty": eight(ask.quantity.quantity()),
        "lastPrice": market.last().map_or_else(zero, eight),
        "lastQty": market.trades().back().map_or_else(zero, |trade| eight(trade.quantity.quantity())),
        "openTime": millis(now) - 86_399_999,
        "closeTime": millis(now),
        "prevClosePrice": zero(), "openPrice": zero(), "highPrice": zero(), "lowPrice": zero(),
        "priceChange": zero(), "priceChangePercent": "0.000", "weightedAvgPrice": zero(),
        "volume": zero(), "quoteVolume": zero(), "firstId": -1, "lastId": -1, "count": 0,
    });
    let Some(sum) = market.candles().since(since) else { return value };
    let change = sum.close.nanos() - sum.open.nanos();
    let percent = change as f64 / sum.open.nanos().max(1) as f64 * 100.0;
    let average = sum.value.per_unit(sum.volume).unwrap_or(sum.close);
    let figures = json!({
        "prevClosePrice": eight(sum.open), "openPrice": eight(sum.open),
        "highPrice": eight(sum.high), "lowPrice": eight(sum.low),
        "priceChange": eight(Price::from_nanos(change)), "priceChangePercent": format!("{percent:.3}"),
        "weightedAvgPrice": format!("{average:.8}"), "volume": eight(sum.volume), "quoteVolume": eight(sum.value),
        "firstId": sum.first.map_or(-1, |id| i64::try_from(id).unwrap_or(-1)),
        "lastId": sum.last.map_or(-1, |id| i64::try_from(id).unwrap_or(-1)),
        "count": sum.trades,
    });
    if let (Value::Object(value), Value::Object(figures)) = (&mut value, figures) {
        value.extend(figures);
    }
    value
}
