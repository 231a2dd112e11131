//! Streams of the futures exchange: their names, and what happens as their frames.
use qframe_model::market::{Side, Trade};
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::futures::Futures;
use super::mark::Contract;
use super::market::premium;
use super::notice::{Happened, Notice};
use super::order::{Amount, Cause, Execution, Record};
use super::words::{
    algo_status, average, break_even, eight, entry, good_till, kind, kind_now, margin_type, millis, prevention, side,
    status, stay, trail, trigger, watches,
};
use crate::exchange::binance::stream::{Made, Topic, bar, ticker_of};
use crate::exchange::binance::words::levels;
use crate::exchange::core::candles::{INTERVALS, Interval};
use crate::exchange::core::{self, Pace};

/// How often mark prices are told without `@1s`.
const SLOWLY: i64 = 3;

/// True where a stream of that name is offered.
#[must_use]
pub fn is_stream(futures: &Futures, name: &str) -> bool {
    let all =
        ["!miniTicker@arr", "!ticker@arr", "!bookTicker", "!markPrice@arr", "!markPrice@arr@1s", "!forceOrder@arr"];
    if all.contains(&name) {
        return true;
    }
    let Some((symbol, kind)) = name.split_once('@') else { return false };
    let known = futures.contracts().iter().any(|one| one.market.product.name.to_lowercase() == symbol);
    let (depth, pace) = kind.split_once('@').unwrap_or((kind, "250ms"));
    let is_depth =
        matches!(depth, "depth" | "depth5" | "depth10" | "depth20") && matches!(pace, "100ms" | "250ms" | "500ms");
    let plain = ["trade", "aggTrade", "bookTicker", "miniTicker", "ticker", "markPrice", "markPrice@1s", "forceOrder"];
    known
        && (is_depth
            || plain.contains(&kind)
            || kind.strip_prefix("kline_").is_some_and(|name| Interval::place(name).is_some()))
}

/// What a notice becomes: frames with their topics. `wanted` says whether anybody listens.
pub fn frames(futures: &Futures, notice: &Notice, wanted: impl Fn(&Topic) -> bool) -> Vec<(Topic, Value)> {
    let mut told = Told { futures, made: Made::new(&wanted) };
    match notice {
        Notice::Market(notice) => told.market(notice),
        Notice::Marks(time) => told.marks(*time),
        Notice::Order { order, happened, time } => {
            told.made.user(order.user, report(futures, order, *happened, millis(*time)));
            if let (true, Happened::Traded(one)) = (order.forced, happened) {
                let event = forced(futures, order, one, millis(*time));
                told.made.stream(format!("{}@forceOrder", told.name(one.product)), || event.clone());
                told.made.stream("!forceOrder@arr".to_owned(), || event.clone());
            }
        }
        Notice::Account { user, .. } => told.made.user(*user, account(futures, notice)),
        Notice::Leverage { user, time, product, leverage } => {
            let symbol = &futures.contracts()[*product].market.product.name;
            let time = millis(*time);
            told.made.user(
                *user,
                json!({ "e": "ACCOUNT_CONFIG_UPDATE", "E": time, "T": time, "ac": { "s": symbol, "l": leverage } }),
            );
        }
        Notice::MarginCall { user, time, asset, alone } => {
            let held = (0..futures.contracts().len()).filter(|product| {
                let own = futures.contracts()[*product].market.product.quote == *asset;
                let holding = futures.holding(*user, *product);
                let called = alone.map_or(holding.isolated.is_none(), |alone| alone == *product);
                own && called && !holding.position.is_flat()
            });
            let rows: Value = held.map(|product| called(futures, *user, product)).collect();
            told.made.user(*user, json!({ "e": "MARGIN_CALL", "E": millis(*time), "cw": eight(futures.wallet(*user, *asset)), "p": rows }));
        }
    }
    told.made.frames
}

/// Frames so far, and where what they tell of is looked up.
struct Told<'w> {
    futures: &'w Futures,
    made: Made<'w>,
}

impl Told<'_> {
    fn name(&self, product: usize) -> String {
        self.futures.contracts()[product].market.product.name.to_lowercase()
    }

    fn market(&mut self, notice: &core::Notice) {
        let futures = self.futures;
        let symbol = |product: usize| &futures.contracts()[product].market.product.name;
        match notice {
            core::Notice::Trade { product, trade } => {
                self.made.stream(format!("{}@trade", self.name(*product)), || tape(symbol(*product), trade));
            }
            core::Notice::Aggregate { product, aggregate } => {
                self.made.stream(format!("{}@aggTrade", self.name(*product)), || sum(symbol(*product), aggregate));
            }
            core::Notice::Depth { product, pace, .. } => {
                let endings: &[&str] = match pace {
                    Pace::Batch => &[],
                    Pace::Fast => &["@100ms"],
                    Pace::Slow => &["", "@250ms", "@500ms"],
                };
                let name = self.name(*product);
                for ending in endings {
                    self.made.stream(format!("{name}@depth{ending}"), || changes(symbol(*product), notice));
                    for count in [5, 10, 20] {
                        self.made.stream(format!("{name}@depth{count}{ending}"), || {
                            best_levels(&futures.contracts()[*product], notice, count)
                        });
                    }
                }
            }
            core::Notice::Quote { product, update, bid, ask } => {
                let now = millis(futures.now());
                let quote = || {
                    json!({
                        "e": "bookTicker", "u": update, "s": symbol(*product), "E": now, "T": now,
                        "b": eight(bid.price), "B": bid.quantity.to_string(), "a": eight(ask.price), "A": ask.quantity.to_string(),
                    })
                };
                self.made.stream(format!("{}@bookTicker", self.name(*product)), quote);
                self.made.stream("!bookTicker".to_owned(), quote);
            }
            core::Notice::Candle { product, time, interval, candle, closed } => {
                self.made.stream(format!("{}@kline_{}", self.name(*product), INTERVALS[*interval].name), || {
                    bar(symbol(*product), millis(*time), *interval, candle, *closed)
                });
            }
            core::Notice::Day { product, .. } => {
                let name = self.name(*product);
                let tell = |short: bool| ticker_of(&futures.contracts()[*product].market, futures.now(), short);
                self.made.stream(format!("{name}@ticker"), || tell(false));
                self.made.stream(format!("{name}@miniTicker"), || tell(true));
                self.made.stream("!ticker@arr".to_owned(), || json!([tell(false)]));
                self.made.stream("!miniTicker@arr".to_owned(), || json!([tell(true)]));
            }
            // Orders and wallets of the spot market: there are none here.
            _ => {}
        }
    }

    fn marks(&mut self, time: Time) {
        let (futures, slow) = (self.futures, time.nanos().div_euclid(1_000_000_000) % SLOWLY == 0);
        for one in futures.contracts().iter().filter(|one| one.mark().is_some()) {
            let name = one.market.product.name.to_lowercase();
            self.made.stream(format!("{name}@markPrice@1s"), || mark(one, time));
            if slow {
                self.made.stream(format!("{name}@markPrice"), || mark(one, time));
            }
        }
        let all = || futures.contracts().iter().filter(|one| one.mark().is_some()).map(|one| mark(one, time)).collect();
        self.made.stream("!markPrice@arr@1s".to_owned(), all);
        if slow {
            self.made.stream("!markPrice@arr".to_owned(), all);
        }
    }
}

fn tape(symbol: &str, trade: &Trade) -> Value {
    json!({
        "e": "trade", "E": millis(trade.time), "s": symbol, "t": trade.id, "p": eight(trade.price),
        "q": trade.quantity.to_string(), "T": millis(trade.time), "m": trade.side == Side::Sell, "X": "MARKET",
    })
}

/// All that one order took at one price.
fn sum(symbol: &str, one: &core::Aggregate) -> Value {
    json!({
        "e": "aggTrade", "E": millis(one.time), "s": symbol, "a": one.id, "p": eight(one.price),
        "q": one.quantity.to_string(), "f": one.first, "l": one.last, "T": millis(one.time), "m": one.side == Side::Sell,
    })
}

/// Changes of a book. `pu` is the last update of the frame before it: here updates are numbered without a gap.
fn changes(symbol: &str, notice: &core::Notice) -> Value {
    let core::Notice::Depth { time, first, last, bids, asks, .. } = notice else { return Value::Null };
    json!({
        "e": "depthUpdate", "E": millis(*time), "T": millis(*time), "s": symbol, "U": first, "u": last, "pu": first - 1,
        "b": levels(bids.iter().copied()), "a": levels(asks.iter().copied()),
    })
}

fn best_levels(one: &Contract, notice: &core::Notice, count: usize) -> Value {
    let core::Notice::Depth { time, first, last, .. } = notice else { return Value::Null };
    let book = one.market.book();
    json!({
        "e": "depthUpdate", "E": millis(*time), "T": millis(*time), "s": one.market.product.name, "U": first, "u": last,
        "pu": first - 1, "b": levels(book.levels(Side::Buy).take(count)), "a": levels(book.levels(Side::Sell).take(count)),
    })
}

fn mark(one: &Contract, time: Time) -> Value {
    let now = premium(one, time);
    json!({
        "e": "markPriceUpdate", "E": now["time"], "s": now["symbol"], "p": now["markPrice"], "i": now["indexPrice"],
        "P": now["estimatedSettlePrice"], "r": now["lastFundingRate"], "T": now["nextFundingTime"],
    })
}

/// What happened to an order; while a conditional one waits, as its own event.
fn report(futures: &Futures, record: &Record, happened: Happened, time: i64) -> Value {
    if record.ticket.algo && !record.works {
        return conditional(futures, record, time);
    }
    let (ticket, product) = (&record.ticket, &futures.contracts()[record.ticket.product].market.product);
    let traded: Option<Execution> = if let Happened::Traded(one) = happened { Some(one) } else { None };
    let what = match happened {
        Happened::Taken | Happened::Triggered => "NEW",
        Happened::Traded(_) if record.forced => "CALCULATED",
        Happened::Traded(_) => "TRADE",
        Happened::Cancelled => "CANCELED",
        Happened::Expired => "EXPIRED",
        Happened::Cut => "AMENDMENT",
    };
    let units = |units: Option<Quantity>| units.unwrap_or(Quantity::ZERO).to_string();
    let mut order = json!({
        "s": product.name, "c": record.name, "S": side(ticket.side), "o": kind_now(record), "f": stay(ticket),
        "q": record.quantity.to_string(), "p": eight(ticket.limit.unwrap_or(Price::ZERO)), "ap": eight(average(record)),
        "sp": eight(trigger(ticket)), "x": what, "X": status(record.status), "i": record.id,
        "l": units(traded.map(|one| one.quantity)), "z": record.filled.to_string(),
        "L": eight(traded.map_or(Price::ZERO, |one| one.price)), "T": time, "t": traded.map_or(0, |one| one.id),
        "b": "0", "a": "0", "m": traded.is_some_and(|one| one.maker), "R": record.reduces(), "wt": watches(ticket),
        "ot": kind(ticket), "ps": "BOTH", "cp": ticket.amount == Amount::Position,
        "rp": eight(traded.map_or(Cash::ZERO, |one| one.realised)), "pP": false, "si": 0, "ss": 0, "V": prevention(ticket.prevention), "pm": "NONE",
        "gtd": good_till(ticket),
    });
    if let Some(one) = traded {
        (order["N"], order["n"]) = (json!(product.quote), json!(eight(one.commission)));
    }
    if let Some((activation, rate)) = trail(ticket) {
        (order["AP"], order["cr"]) = (json!(activation.map(eight)), json!(rate));
    }
    json!({ "e": "ORDER_TRADE_UPDATE", "E": time, "T": time, "o": order })
}

fn conditional(futures: &Futures, record: &Record, time: i64) -> Value {
    let ticket = &record.ticket;
    json!({ "e": "ALGO_UPDATE", "E": time, "T": time, "o": {
        "caid": record.name, "aid": record.id, "at": "CONDITIONAL", "o": kind(ticket),
        "s": futures.contracts()[ticket.product].market.product.name, "S": side(ticket.side), "ps": "BOTH", "f": stay(ticket),
        "q": record.quantity.to_string(), "X": algo_status(record), "ai": "", "ap": "0", "aq": "0", "act": "0",
        "tp": eight(trigger(ticket)), "p": eight(ticket.limit.unwrap_or(Price::ZERO)), "V": prevention(ticket.prevention), "wt": watches(ticket),
        "pm": "NONE", "cp": ticket.amount == Amount::Position, "pP": false, "R": record.reduces(), "tt": 0, "gtd": good_till(ticket),
    }})
}

fn account(futures: &Futures, notice: &Notice) -> Value {
    let Notice::Account { user, time, cause, wallet: (asset, wallet, change), holding } = notice else {
        return Value::Null;
    };
    let why = match cause {
        Cause::Transfer => "DEPOSIT",
        Cause::Realised | Cause::Commission => "ORDER",
        Cause::Funding => "FUNDING_FEE",
        Cause::Insurance => "INSURANCE_CLEAR",
    };
    let position = |(product, holding, unrealised): &(usize, super::Holding, Cash)| {
        let one = &futures.contracts()[*product];
        let entry = entry(one, &holding.position);
        json!({
            "s": one.market.product.name, "pa": holding.position.quantity.to_string(), "ep": eight(entry),
            "bep": eight(break_even(futures, entry, holding.position.quantity)), "cr": eight(holding.realised),
            "up": eight(*unrealised), "mt": margin_type(holding), "iw": eight(holding.isolated.unwrap_or_default()),
            "ps": "BOTH", "ma": asset,
        })
    };
    let apart = futures.standing(*user, *asset).map(|standing| standing.apart.margin).unwrap_or_default();
    let (time, shared) = (millis(*time), wallet.minus(apart).unwrap_or_default());
    json!({ "e": "ACCOUNT_UPDATE", "E": time, "T": time, "a": {
        "m": why,
        "B": [{ "a": asset, "wb": eight(*wallet), "cw": eight(shared), "bc": eight(*change) }],
        "P": holding.iter().map(position).collect::<Value>(),
    }})
}

/// A position whose margin is nearly gone.
fn called(futures: &Futures, user: usize, product: usize) -> Value {
    let (one, holding) = (&futures.contracts()[product], futures.holding(user, product));
    let exposure = futures.exposure(user, product).unwrap_or_default();
    json!({
        "s": one.market.product.name, "ps": "BOTH", "pa": holding.position.quantity.to_string(),
        "mt": if holding.isolated.is_some() { "ISOLATED" } else { "CROSSED" }, "iw": eight(holding.isolated.unwrap_or_default()),
        "mp": eight(one.price().unwrap_or_default()), "up": eight(exposure.unrealised), "mm": eight(exposure.maintenance),
    })
}

fn forced(futures: &Futures, record: &Record, one: &Execution, time: i64) -> Value {
    let symbol = &futures.contracts()[one.product].market.product.name;
    json!({ "e": "forceOrder", "E": time, "o": {
        "s": symbol, "S": side(one.side), "o": "LIMIT", "f": "IOC", "q": record.quantity.to_string(), "p": eight(record.ticket.limit.unwrap_or(one.price)),
        "ap": eight(average(record)), "X": status(record.status), "l": one.quantity.to_string(), "z": record.filled.to_string(),
        "T": time,
    }})
}
