//! What anybody may ask: the products, their books, trades, bars and prices.
use qframe_model::market::Side;
use qframe_model::number::Cash;
use qframe_model::time::{Span, Time, TimeFrame};
use serde_json::{Value, json};

use super::error::Fault;
use super::request::Parameters;
use super::words::{aggregate, candle, day, eight, levels, millis, time_of, trade, window};
use crate::exchange::core::candles::{Candles, Interval};
use crate::exchange::core::{Core, Market, Product};

/// The weight that an address may use in a minute.
pub const WEIGHT_MAX: u32 = 6_000;

/// Answers an address of market data; `None` where it is none. `wall`: milliseconds of the wall clock.
///
/// # Errors
/// The [`Fault`] of a parameter.
pub(super) fn answer(core: &Core, path: &str, ask: &Parameters, wall: i64) -> Result<Option<(Value, u32)>, Fault> {
    let limit = |usual: usize, most: usize| -> Result<usize, Fault> {
        match ask.whole::<usize>("limit")?.unwrap_or(usual) {
            0 => Err(Fault::Value("limit")),
            limit => Ok(limit.min(most)),
        }
    };
    Ok(Some(match path {
        "ping" => (json!({}), 1),
        "time" => (json!({ "serverTime": wall }), 1),
        "exchangeInfo" => (information(core, ask, wall)?, 20),
        "depth" => {
            let (market, limit) = (market(core, ask)?, limit(100, 5_000)?);
            let weight = if limit <= 100 {
                5
            } else if limit <= 500 {
                25
            } else if limit <= 1_000 {
                50
            } else {
                250
            };
            (depth(market, limit), weight)
        }
        "trades" | "historicalTrades" => (trades(market(core, ask)?, ask, limit(500, 1_000)?)?, 25),
        "aggTrades" => (aggregates(market(core, ask)?, ask, limit(500, 1_000)?)?, 4),
        "klines" | "uiKlines" => (candles(market(core, ask)?.candles(), ask, limit(500, 1_000)?)?, 2),
        "avgPrice" => (average(core, market(core, ask)?), 2),
        "ticker/24hr" => (of_day(core, ask)?, 2),
        "ticker" => (of_window(core, ask)?, 4),
        "ticker/tradingDay" => (of_trading_day(core, ask)?, 4),
        "ticker/price" => {
            let price = |market: &Market| json!({ "symbol": market.product.name, "price": market.last().map_or_else(|| "0".to_owned(), eight) });
            (each(core, ask, price)?, 2)
        }
        "ticker/bookTicker" => (each(core, ask, best)?, 2),
        _ => return Ok(None),
    }))
}

/// The last 24 hours.
fn of_day(core: &Core, ask: &Parameters) -> Result<Value, Fault> {
    let now = core.now();
    match is_mini(ask)? {
        true => each(core, ask, |market| window(market, now - Span::DAY, millis(now), now, true)),
        false => each(core, ask, |market| day(market, now)),
    }
}

/// A rolling window, which begins with a minute: by bars of a minute as far as they are kept, some 33 hours, else of 3 to 15.
fn of_window(core: &Core, ask: &Parameters) -> Result<Value, Fault> {
    let (mini, length, now) = (is_mini(ask)?, window_of(ask.get("windowSize").unwrap_or("1d"))?, core.now());
    one_or_several(ask)?;
    let since = TimeFrame::MINUTE.open_of(now - length);
    each(core, ask, |market| window(market, since, millis(now), now, mini))
}

/// The day of the calendar, in UTC or `timeZone` hours away from it.
fn of_trading_day(core: &Core, ask: &Parameters) -> Result<Value, Fault> {
    let (mini, zone, now) = (is_mini(ask)?, zone_of(ask.get("timeZone").unwrap_or("0"))?, core.now());
    one_or_several(ask)?;
    let since = TimeFrame::DAY.open_of(now + zone) - zone;
    each(core, ask, |market| window(market, since, millis(since + Span::DAY) - 1, now, mini))
}

fn is_mini(ask: &Parameters) -> Result<bool, Fault> {
    match ask.get("type") {
        None | Some("FULL") => Ok(false),
        Some("MINI") => Ok(true),
        Some(_) => Err(Fault::Ticker),
    }
}

fn one_or_several(ask: &Parameters) -> Result<(), Fault> {
    let is_named = ask.get("symbol").is_some() || ask.get("symbols").is_some();
    if is_named { Ok(()) } else { Err(Fault::Either("symbol", "symbols")) }
}

/// `1m` to `59m`, `1h` to `23h`, `1d` to `7d`.
fn window_of(text: &str) -> Result<Span, Fault> {
    let units = [('m', 60, 59), ('h', 3_600, 23), ('d', 86_400, 7)];
    let found = units.into_iter().find_map(|(unit, seconds, most)| {
        let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
        (1..=most).contains(&count).then(|| Span::from_seconds(count * seconds))
    });
    found.ok_or(Fault::Value("windowSize"))
}

/// Hours, or hours and minutes, from -12:00 to 14:00.
fn zone_of(text: &str) -> Result<Span, Fault> {
    let (is_west, plain) = text.strip_prefix('-').map_or((false, text), |west| (true, west));
    let (hours, minutes) = plain.split_once(':').unwrap_or((plain, "0"));
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten();
    let minutes = number(minutes).filter(|minutes| *minutes < 60).zip(number(hours).filter(|hours| *hours <= 14));
    let minutes = minutes.map(|(minutes, hours)| (hours * 60 + minutes) * if is_west { -1 } else { 1 });
    let minutes = minutes.filter(|minutes| (-720..=840).contains(minutes)).ok_or(Fault::Value("timeZone"))?;
    Ok(Span::from_seconds(minutes * 60))
}

/// The market that `symbol` names.
///
/// # Errors
/// [`Fault::Mandatory`] and [`Fault::Symbol`].
pub(super) fn market<'c>(core: &'c Core, ask: &Parameters) -> Result<&'c Market, Fault> {
    named(core, ask.need("symbol")?)
}

fn named<'c>(core: &'c Core, name: &str) -> Result<&'c Market, Fault> {
    let legal =
        (1..=20).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !legal && name.is_ascii() {
        return Err(Fault::Characters("symbol", "^[A-Z0-9-_.]{1,20}$"));
    }
    core.product(name).map(|place| &core.markets()[place]).ok_or(Fault::Symbol)
}

/// One product where `symbol` names it, else a list: of `symbols`, else of all.
fn each(core: &Core, ask: &Parameters, tell: impl Fn(&Market) -> Value) -> Result<Value, Fault> {
    if ask.get("symbol").is_some() {
        return market(core, ask).map(tell);
    }
    Ok(Value::Array(chosen(core, ask)?.into_iter().map(tell).collect()))
}

fn chosen<'c>(core: &'c Core, ask: &Parameters) -> Result<Vec<&'c Market>, Fault> {
    let Some(symbols) = ask.get("symbols") else { return Ok(core.markets().iter().collect()) };
    let names: Vec<String> = serde_json::from_str(symbols).map_err(|_| Fault::Value("symbols"))?;
    names.iter().map(|name| named(core, name)).collect()
}

fn information(core: &Core, ask: &Parameters, wall: i64) -> Result<Value, Fault> {
    let chosen = match ask.get("symbol") {
        Some(name) => vec![named(core, name)?],
        None => chosen(core, ask)?,
    };
    let limit = |kind: &str, interval: &str, count: u32, limit: u32| json!({ "rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit });
    Ok(json!({
        "timezone": "UTC",
        "serverTime": wall,
        "rateLimits": [
            limit("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_MAX),
            limit("ORDERS", "SECOND", 10, 100),
            limit("ORDERS", "DAY", 1, 200_000),
        ],
        "exchangeFilters": [],
        "symbols": chosen.into_iter().map(|market| product(&market.product)).collect::<Value>(),
    }))
}

fn product(one: &Product) -> Value {
    let band = |hundredths: i64| format!("{}.{:02}", hundredths / 100, hundredths % 100);
    let lots = |kind: &str| json!({ "filterType": kind, "minQty": eight(one.quantity_min()), "maxQty": eight(one.quantity_max()), "stepSize": eight(one.lot) });
    json!({
        "symbol": one.name,
        "status": "TRADING",
        "baseAsset": one.base, "baseAssetPrecision": 8, "baseCommissionPrecision": 8,
        "quoteAsset": one.quote, "quotePrecision": 8, "quoteAssetPrecision": 8, "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": true, "ocoAllowed": true, "otoAllowed": true, "quoteOrderQtyMarketAllowed": true,
        "allowTrailingStop": true, "cancelReplaceAllowed": true, "amendAllowed": false,
        "isSpotTradingAllowed": true, "isMarginTradingAllowed": false,
        "filters": [
            { "filterType": "PRICE_FILTER", "minPrice": eight(one.price_min()), "maxPrice": eight(one.price_max()), "tickSize": eight(one.tick) },
            lots("LOT_SIZE"),
            lots("MARKET_LOT_SIZE"),
            { "filterType": "NOTIONAL", "minNotional": eight(one.min_notional), "applyMinToMarket": true,
              "maxNotional": eight(Cash::whole(9_000_000_000)), "applyMaxToMarket": false, "avgPriceMins": 5 },
            { "filterType": "ICEBERG_PARTS", "limit": Product::ICEBERG_PARTS },
            { "filterType": "TRAILING_DELTA", "minTrailingAboveDelta": Product::TRAILING.0, "maxTrailingAboveDelta": Product::TRAILING.1,
              "minTrailingBelowDelta": Product::TRAILING.0, "maxTrailingBelowDelta": Product::TRAILING.1 },
            { "filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": band(Product::BAND.1), "bidMultiplierDown": band(Product::BAND.0),
              "askMultiplierUp": band(Product::BAND.1), "askMultiplierDown": band(Product::BAND.0), "avgPriceMins": 5 },
            { "filterType": "MAX_NUM_ORDERS", "maxNumOrders": one.orders_max() },
            { "filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": one.algo_orders_max() },
        ],
        "permissions": [], "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "NONE"],
    })
}

pub(in crate::exchange) fn depth(market: &Market, limit: usize) -> Value {
    json!({
        "lastUpdateId": market.update(),
        "bids": levels(market.book().levels(Side::Buy).take(limit)),
        "asks": levels(market.book().levels(Side::Sell).take(limit)),
    })
}

pub(in crate::exchange) fn trades(market: &Market, ask: &Parameters, limit: usize) -> Result<Value, Fault> {
    let all = market.trades();
    Ok(match ask.whole::<u64>("fromId")? {
        Some(first) => all.iter().filter(|one| one.id >= first).take(limit).map(trade).collect(),
        None => all.iter().skip(all.len().saturating_sub(limit)).map(trade).collect(),
    })
}

/// From a number or a start on the first ones, else the last ones up to the end.
pub(in crate::exchange) fn aggregates(market: &Market, ask: &Parameters, limit: usize) -> Result<Value, Fault> {
    let (first, period) = (ask.whole::<u64>("fromId")?, period(ask)?);
    let wanted = market.aggregates().iter().filter(|one| {
        first.is_none_or(|first| one.id >= first) && period.is_none_or(|(from, to)| from <= one.time && one.time <= to)
    });
    let from_start = first.is_some() || ask.get("startTime").is_some();
    let skipped = if from_start { 0 } else { wanted.clone().count().saturating_sub(limit) };
    Ok(wanted.skip(skipped).take(limit).map(aggregate).collect())
}

/// `startTime` and `endTime`, where one of them is there.
pub(in crate::exchange) fn period(ask: &Parameters) -> Result<Option<(Time, Time)>, Fault> {
    let (from, to) = (ask.whole::<i64>("startTime")?, ask.whole::<i64>("endTime")?);
    let ends = (from.map_or(Time::MIN, time_of), to.map_or(Time::MAX, |to| time_of(to) + Span::from_nanos(999_999)));
    Ok((from.is_some() || to.is_some()).then_some(ends))
}

/// With a start: the first bars from it on. Without one: the last bars, up to the end.
pub(in crate::exchange) fn candles(kept: &Candles, ask: &Parameters, limit: usize) -> Result<Value, Fault> {
    let interval = Interval::place(ask.need("interval")?).ok_or(Fault::Interval)?;
    let (from, to) = period(ask)?.unwrap_or((Time::MIN, Time::MAX));
    let wanted = kept.of(interval).iter().filter(|one| from <= one.open_time && one.open_time <= to);
    let skipped = if ask.get("startTime").is_some() { 0 } else { wanted.clone().count().saturating_sub(limit) };
    Ok(wanted.skip(skipped).take(limit).map(|one| candle(interval, one)).collect())
}

/// The average of the last five minutes, by bars of a minute.
fn average(core: &Core, market: &Market) -> Value {
    let price = market.average(core.now()).unwrap_or_default();
    let closed = market.trades().back().map_or(0, |trade| millis(trade.time));
    json!({ "mins": 5, "price": format!("{price:.8}"), "closeTime": closed })
}

pub(in crate::exchange) fn best(market: &Market) -> Value {
    let (bid, ask) = (market.book().bid().unwrap_or_default(), market.book().ask().unwrap_or_default());
    json!({
        "symbol": market.product.name,
        "bidPrice": eight(bid.price), "bidQty": eight(bid.quantity.quantity()),
        "askPrice": eight(ask.price), "askQty": eight(ask.quantity.quantity()),
    })
}
