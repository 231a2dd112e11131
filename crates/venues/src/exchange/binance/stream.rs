//! Streams: their names, and what happens as their frames.
use qframe_model::currency::Currency;
use qframe_model::market::{Side, Trade};
use qframe_model::number::Quantity;
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::lists::{contingency, legs, list_name};
use super::words::{self, candle, day, eight, kind, levels, list, millis, prevented, prevention, side, status, stay};
use crate::exchange::advanced::channel::Subject;
use crate::exchange::core::candles::{Candle, INTERVALS, Interval};
use crate::exchange::core::{Balance, Core, Execution, Happened, Market, Notice, Pace, Record, Terms};

/// To whom a frame goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Who subscribed to a stream of this name.
    Stream(String),
    /// A user.
    User(usize),
    /// A channel of Coinbase: every protocol that the exchange speaks has its topics here.
    Channel(Subject),
}

/// True where a stream of that name is offered.
#[must_use]
pub fn is_stream(core: &Core, name: &str) -> bool {
    if matches!(name, "!miniTicker@arr" | "!ticker@arr" | "!bookTicker") {
        return true;
    }
    let Some((symbol, kind)) = name.split_once('@') else { return false };
    let known = core.markets().iter().any(|market| market.product.name.to_lowercase() == symbol);
    let partial = |kind: &str| {
        let depth = kind.strip_prefix("depth").unwrap_or("").trim_end_matches("@100ms").trim_end_matches("@1000ms");
        matches!(depth, "5" | "10" | "20")
    };
    known
        && (matches!(
            kind,
            "trade" | "aggTrade" | "bookTicker" | "miniTicker" | "ticker" | "depth" | "depth@100ms" | "depth@1000ms"
        ) || partial(kind)
            || kind.strip_prefix("kline_").is_some_and(|name| Interval::place(name).is_some()))
}

/// What a notice becomes: frames with their topics. `wanted` says whether anybody listens.
pub fn frames(core: &Core, notice: &Notice, wanted: impl Fn(&Topic) -> bool) -> Vec<(Topic, Value)> {
    let mut made = Made::new(&wanted);
    let name = |product: usize| core.markets()[product].product.name.to_lowercase();
    match notice {
        Notice::Trade { product, trade } => {
            let symbol = &core.markets()[*product].product.name;
            made.stream(format!("{}@trade", name(*product)), || {
                with(tape("trade", symbol, trade), json!({ "t": trade.id }))
            });
        }
        Notice::Aggregate { product, aggregate } => {
            let symbol = &core.markets()[*product].product.name;
            made.stream(format!("{}@aggTrade", name(*product)), || {
                let head = json!({ "e": "aggTrade", "E": millis(aggregate.time), "s": symbol });
                with(head, words::aggregate(aggregate))
            });
        }
        Notice::Depth { product, pace, .. } => {
            for ending in endings(*pace) {
                made.stream(format!("{}@depth{ending}", name(*product)), || changes(core, notice));
                for count in [5, 10, 20] {
                    let market = &core.markets()[*product];
                    made.stream(format!("{}@depth{count}{ending}", name(*product)), || depth(market, count));
                }
            }
        }
        Notice::Quote { product, update, bid, ask } => {
            let symbol = &core.markets()[*product].product.name;
            let quote = || {
                json!({
                    "u": update, "s": symbol, "b": eight(bid.price), "B": eight(bid.quantity.quantity()),
                    "a": eight(ask.price), "A": eight(ask.quantity.quantity()),
                })
            };
            made.stream(format!("{}@bookTicker", name(*product)), quote);
            made.stream("!bookTicker".to_owned(), quote);
        }
        Notice::Candle { product, time, interval, candle, closed } => {
            let symbol = &core.markets()[*product].product.name;
            made.stream(format!("{}@kline_{}", name(*product), INTERVALS[*interval].name), || {
                bar(symbol, millis(*time), *interval, candle, *closed)
            });
        }
        Notice::Day { product, .. } => {
            made.stream(format!("{}@ticker", name(*product)), || ticker(core, *product, false));
            made.stream(format!("{}@miniTicker", name(*product)), || ticker(core, *product, true));
            made.stream("!ticker@arr".to_owned(), || json!([ticker(core, *product, false)]));
            made.stream("!miniTicker@arr".to_owned(), || json!([ticker(core, *product, true)]));
        }
        Notice::Order { order, happened, time } => {
            made.user(order.user, report(core, order, *happened, millis(*time)));
        }
        Notice::Balances { user, time, balances } => made.user(*user, wallet(millis(*time), balances)),
        Notice::List { user, list, time, over } => {
            list_status(core, *list, millis(*time), *over).into_iter().for_each(|event| made.user(*user, event));
        }
    }
    made.frames
}

/// Frames so far, of what somebody listens to.
pub(in crate::exchange) struct Made<'w> {
    wanted: &'w dyn Fn(&Topic) -> bool,
    pub(in crate::exchange) frames: Vec<(Topic, Value)>,
}

impl<'w> Made<'w> {
    pub(in crate::exchange) const fn new(wanted: &'w dyn Fn(&Topic) -> bool) -> Self {
        Self { wanted, frames: Vec::new() }
    }

    pub(in crate::exchange) fn stream(&mut self, name: String, make: impl Fn() -> Value) {
        let topic = Topic::Stream(name);
        if (self.wanted)(&topic) {
            self.frames.push((topic, make()));
        }
    }

    pub(in crate::exchange) fn user(&mut self, user: usize, event: Value) {
        self.frames.push((Topic::User(user), event));
    }
}

fn tape(event: &str, symbol: &str, trade: &Trade) -> Value {
    json!({
        "e": event, "E": millis(trade.time), "s": symbol, "p": eight(trade.price),
        "q": eight(trade.quantity.quantity()), "T": millis(trade.time), "m": trade.side == Side::Sell, "M": true,
    })
}

/// How names of streams of a book end, by how often it is told.
const fn endings(pace: Pace) -> &'static [&'static str] {
    match pace {
        Pace::Batch => &[],
        Pace::Fast => &["@100ms"],
        Pace::Slow => &["", "@1000ms"],
    }
}

fn changes(core: &Core, notice: &Notice) -> Value {
    let Notice::Depth { product, time, first, last, bids, asks, .. } = notice else { return Value::Null };
    json!({
        "e": "depthUpdate", "E": millis(*time), "s": core.markets()[*product].product.name, "U": first, "u": last,
        "b": levels(bids.iter().copied()), "a": levels(asks.iter().copied()),
    })
}

fn depth(market: &Market, count: usize) -> Value {
    json!({
        "lastUpdateId": market.update(),
        "bids": levels(market.book().levels(Side::Buy).take(count)),
        "asks": levels(market.book().levels(Side::Sell).take(count)),
    })
}

pub(in crate::exchange) fn bar(symbol: &str, time: i64, interval: usize, one: &Candle, closed: bool) -> Value {
    let row = candle(interval, one);
    json!({ "e": "kline", "E": time, "s": symbol, "k": {
        "t": row[0], "T": row[6], "s": symbol, "i": INTERVALS[interval].name,
        "f": one.first.unwrap_or(0), "L": one.last.unwrap_or(0),
        "o": row[1], "c": row[4], "h": row[2], "l": row[3], "v": row[5], "n": row[8], "x": closed,
        "q": row[7], "V": row[9], "Q": row[10], "B": "0",
    }})
}

fn wallet(time: i64, balances: &[(Currency, Balance)]) -> Value {
    let rows = balances.iter().map(|(asset, one)| json!({ "a": asset, "f": eight(one.free), "l": eight(one.locked) }));
    json!({ "e": "outboundAccountPosition", "E": time, "u": time, "B": rows.collect::<Value>() })
}

fn ticker(core: &Core, product: usize, short: bool) -> Value {
    ticker_of(&core.markets()[product], core.now(), short)
}

/// The figures of 24 hours as a stream tells them.
pub(in crate::exchange) fn ticker_of(market: &Market, now: Time, short: bool) -> Value {
    let of = day(market, now);
    let value = json!({
        "e": if short { "24hrMiniTicker" } else { "24hrTicker" }, "E": millis(now), "s": market.product.name,
        "c": of["lastPrice"], "o": of["openPrice"], "h": of["highPrice"], "l": of["lowPrice"],
        "v": of["volume"], "q": of["quoteVolume"],
    });
    if short {
        return value;
    }
    with(
        value,
        json!({
            "p": of["priceChange"], "P": of["priceChangePercent"], "w": of["weightedAvgPrice"], "x": of["prevClosePrice"],
            "Q": of["lastQty"], "b": of["bidPrice"], "B": of["bidQty"], "a": of["askPrice"], "A": of["askQty"],
            "O": of["openTime"], "C": of["closeTime"], "F": of["firstId"], "L": of["lastId"], "n": of["count"],
        }),
    )
}

fn report(core: &Core, record: &Record, happened: Happened, time: i64) -> Value {
    let product = &core.markets()[record.product].product;
    let traded: Option<Execution> = if let Happened::Traded(one) = happened { Some(one) } else { None };
    let (what, nothing) = (
        match happened {
            Happened::Taken => "NEW",
            Happened::Traded(_) => "TRADE",
            Happened::Cancelled => "CANCELED",
            Happened::Expired => "EXPIRED",
            Happened::Prevented => "TRADE_PREVENTION",
        },
        || eight(Quantity::ZERO),
    );
    let mut value = json!({
        "e": "executionReport", "E": time, "s": product.name, "c": record.name, "S": side(record.side),
        "o": kind(&record.terms), "f": stay(&record.terms), "q": eight(record.quantity), "p": eight(record.price()),
        "P": eight(record.trigger().unwrap_or_default()), "F": eight(record.manner.display.unwrap_or_default()), "g": list(record), "C": "",
        "x": what, "X": status(record.status), "r": "NONE", "i": record.id,
        "l": traded.map_or_else(nothing, |one| eight(one.quantity)), "z": eight(record.filled),
        "L": traded.map_or_else(nothing, |one| eight(one.price)),
        "n": traded.map_or_else(|| "0".to_owned(), |one| eight(one.commission)),
        "N": traded.map(|one| one.commission_in), "T": time,
        "t": traded.map_or(-1, |one| i64::try_from(one.id).unwrap_or(-1)),
        "I": record.id, "w": record.works && record.status.is_open(), "m": traded.is_some_and(|one| one.maker), "M": false,
        "O": millis(record.time), "Z": eight(record.value), "Y": traded.map_or_else(nothing, |one| eight(one.value)),
        "Q": nothing(), "V": prevention(record.manner.prevention),
    });
    if happened == Happened::Cancelled {
        // The request to withdraw has a name of its own.
        value["c"] = json!(format!("cancel{}", record.id));
        value["C"] = json!(record.name);
    }
    if let Terms::Trailing { delta, .. } = record.terms {
        value["d"] = json!(delta);
    }
    if let Some(units) = prevented(record) {
        (value["A"], value["B"]) = (json!(eight(units)), json!(eight(units)));
    }
    if record.works {
        value["W"] = json!(millis(record.time));
    }
    value
}

fn list_status(core: &Core, number: u64, time: i64, over: bool) -> Option<Value> {
    let orders: Vec<_> = core.orders_of(number).iter().filter_map(|id| core.order(*id)).collect();
    let product = &core.markets()[orders.first()?.product].product;
    let leg = |one: &&Record| {
        let leg = legs(one, product);
        json!({ "s": leg["symbol"], "i": leg["orderId"], "c": leg["clientOrderId"] })
    };
    Some(json!({
        "e": "listStatus", "E": time, "s": product.name, "g": number, "c": contingency(core, number),
        "l": if over { "ALL_DONE" } else { "EXEC_STARTED" }, "L": if over { "ALL_DONE" } else { "EXECUTING" },
        "r": "NONE", "C": list_name(core, number), "T": time, "O": orders.iter().map(leg).collect::<Value>(),
    }))
}

/// The fields of both.
fn with(mut value: Value, more: Value) -> Value {
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}
