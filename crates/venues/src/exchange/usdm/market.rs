//! What anybody may ask of the futures exchange: contracts, books, trades, bars, mark prices, funding.
use qframe_model::market::Side;
use qframe_model::number::Price;
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::error::Fault;
use super::futures::Futures;
use super::liquidation::FORCED;
use super::mark::Contract;
use crate::exchange::binance::market::{aggregates, best, candles, period, trades};
use crate::exchange::binance::words::{day, eight, levels, millis};
use crate::exchange::binance::{Fault as Asked, Parameters};
use crate::exchange::core::{Market, Product};

/// The weight that may be used in a minute.
pub(super) const WEIGHT_MAX: u32 = 2_400;
/// A perpetual is delivered never: this far away.
const NEVER: i64 = 4_133_404_800_000;

/// Answers an address of market data; `None` where it is none. `wall`: milliseconds of the wall clock.
///
/// # Errors
/// The [`Fault`] of a parameter.
pub(super) fn answer(
    futures: &Futures,
    path: &str,
    ask: &Parameters,
    wall: i64,
) -> Result<Option<(Value, u32)>, Fault> {
    let limit = |usual: usize, most: usize| -> Result<usize, Fault> {
        match ask.whole::<usize>("limit")?.unwrap_or(usual) {
            0 => Err(Asked::Value("limit").into()),
            limit => Ok(limit.min(most)),
        }
    };
    let market = || contract(futures, ask).map(|contract| &contract.market);
    let bars = || -> Result<u32, Fault> {
        Ok(match limit(500, 1_500)? {
            ..100 => 1,
            100..500 => 2,
            500..=1_000 => 5,
            _ => 10,
        })
    };
    Ok(Some(match path {
        "ping" => (json!({}), 1),
        "time" => (json!({ "serverTime": wall }), 1),
        "exchangeInfo" => (information(futures, wall), 1),
        "depth" => {
            let limit = limit(500, 1_000)?;
            let weight = match limit {
                ..=50 => 2,
                51..=100 => 5,
                101..=500 => 10,
                _ => 20,
            };
            (depth(market()?, futures.now(), limit), weight)
        }
        "trades" => (trades(market()?, ask, limit(500, 1_000)?)?, 5),
        "historicalTrades" => (trades(market()?, ask, limit(100, 500)?)?, 20),
        "aggTrades" => (aggregates(market()?, ask, limit(500, 1_000)?)?, 20),
        "klines" => (candles(market()?.candles(), ask, limit(500, 1_500)?)?, bars()?),
        "markPriceKlines" | "indexPriceKlines" => {
            // An index price is asked for by its pair.
            let one = named(futures, ask.get("symbol").or(ask.get("pair")).ok_or(Asked::Mandatory("symbol"))?)?;
            (candles(one.candles(), ask, limit(500, 1_500)?)?, bars()?)
        }
        "premiumIndex" => (each(futures, ask, |one| premium(one, futures.now()))?, 1),
        "fundingRate" => (funding(futures, ask, limit(100, 1_000)?)?, 1),
        "fundingInfo" => (futures.contracts().iter().map(interval).collect(), 1),
        "ticker/24hr" => (each(futures, ask, |one| day(&one.market, futures.now()))?, 1),
        "ticker/price" => (each(futures, ask, |one| price(&one.market, futures.now()))?, 1),
        "ticker/bookTicker" => (each(futures, ask, |one| quote(&one.market, futures.now()))?, 2),
        "openInterest" => (interest(futures, ask)?, 1),
        _ => return Ok(None),
    }))
}

/// The contract that `symbol` names.
///
/// # Errors
/// [`Asked::Mandatory`] and [`Asked::Symbol`].
pub(super) fn contract<'f>(futures: &'f Futures, ask: &Parameters) -> Result<&'f Contract, Fault> {
    named(futures, ask.need("symbol")?)
}

fn named<'f>(futures: &'f Futures, name: &str) -> Result<&'f Contract, Fault> {
    let found = futures.product(name).and_then(|place| futures.contracts().get(place));
    found.ok_or(Fault::Asked(Asked::Symbol))
}

/// One contract where `symbol` names it, else a list of all.
fn each(futures: &Futures, ask: &Parameters, tell: impl Fn(&Contract) -> Value) -> Result<Value, Fault> {
    if ask.get("symbol").is_some() {
        return contract(futures, ask).map(tell);
    }
    Ok(Value::Array(futures.contracts().iter().map(tell).collect()))
}

fn information(futures: &Futures, wall: i64) -> Value {
    let limit = |kind: &str, interval: &str, count: u32, limit: u32| json!({ "rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit });
    let asset = |asset: &_| json!({ "asset": asset, "marginAvailable": true, "autoAssetExchange": "0" });
    json!({
        "timezone": "UTC",
        "serverTime": wall,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            limit("REQUEST_WEIGHT", "MINUTE", 1, WEIGHT_MAX),
            limit("ORDERS", "MINUTE", 1, 1_200),
            limit("ORDERS", "SECOND", 10, 300),
        ],
        "exchangeFilters": [],
        "assets": futures.assets().iter().map(asset).collect::<Value>(),
        "symbols": futures.contracts().iter().map(|one| product(&one.market.product)).collect::<Value>(),
    })
}

fn product(one: &Product) -> Value {
    let lots = |kind: &str| json!({ "filterType": kind, "minQty": one.lot.to_string(), "maxQty": one.quantity_max().to_string(), "stepSize": one.lot.to_string() });
    json!({
        "symbol": one.name, "pair": one.name, "contractType": "PERPETUAL",
        "deliveryDate": NEVER, "onboardDate": 0, "status": "TRADING",
        "maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000",
        "baseAsset": one.base, "quoteAsset": one.quote, "marginAsset": one.quote,
        "pricePrecision": decimals(one.tick.nanos().into()), "quantityPrecision": decimals(one.lot.nanos()),
        "baseAssetPrecision": 8, "quotePrecision": 8,
        "underlyingType": "COIN", "underlyingSubType": [], "settlePlan": 0, "triggerProtect": "0.0500",
        "liquidationFee": FORCED.to_string(), "marketTakeBound": "1",
        "filters": [
            { "filterType": "PRICE_FILTER", "minPrice": one.tick.to_string(), "maxPrice": one.price_max().to_string(),
              "tickSize": one.tick.to_string() },
            lots("LOT_SIZE"),
            lots("MARKET_LOT_SIZE"),
            { "filterType": "MAX_NUM_ORDERS", "limit": 200 },
            { "filterType": "MAX_NUM_ALGO_ORDERS", "limit": 100 },
            { "filterType": "MIN_NOTIONAL", "notional": one.min_notional.to_string() },
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    })
}

/// How many decimals a step of so many nanos has.
fn decimals(step: i128) -> u32 {
    let mut left = step.max(1);
    let mut decimals = 9;
    while decimals > 0 && left % 10 == 0 {
        (left, decimals) = (left / 10, decimals - 1);
    }
    decimals
}

fn depth(market: &Market, now: Time, limit: usize) -> Value {
    json!({
        "lastUpdateId": market.update(), "E": millis(now), "T": millis(now),
        "bids": levels(market.book().levels(Side::Buy).take(limit)),
        "asks": levels(market.book().levels(Side::Sell).take(limit)),
    })
}

/// The mark price of a contract, and what falls due next. The index price is not known here: it is the mark price.
pub(super) fn premium(one: &Contract, now: Time) -> Value {
    let price = eight(one.price().unwrap_or(Price::ZERO));
    let mark = one.mark();
    json!({
        "symbol": one.market.product.name, "markPrice": price, "indexPrice": price, "estimatedSettlePrice": price,
        "lastFundingRate": mark.map_or_else(|| "0".to_owned(), |mark| eight(mark.rate)), "interestRate": "0.00010000",
        "nextFundingTime": mark.map_or(0, |mark| millis(mark.due)), "time": millis(now),
    })
}

/// Payments that were due; with a start the first ones from it on, else the last ones.
fn funding(futures: &Futures, ask: &Parameters, limit: usize) -> Result<Value, Fault> {
    let (from, to) = period(ask)?.unwrap_or((Time::MIN, Time::MAX));
    let only = ask.get("symbol").map(|_| contract(futures, ask)).transpose()?;
    let chosen = |one: &&Contract| only.is_none_or(|only| only.market.product == one.market.product);
    let mut rows: Vec<_> = futures
        .contracts()
        .iter()
        .filter(chosen)
        .flat_map(|one| one.past().iter().map(move |funding| (funding.time, one, funding)))
        .filter(|(time, ..)| from <= *time && *time <= to)
        .collect();
    rows.sort_by_key(|(time, ..)| *time);
    if ask.get("startTime").is_none() {
        rows.drain(..rows.len().saturating_sub(limit));
    }
    let row = |(time, one, funding): (Time, &Contract, &qframe_model::market::FundingRate)| {
        json!({
            "symbol": one.market.product.name, "fundingRate": eight(funding.rate), "fundingTime": millis(time),
            "markPrice": funding.mark.map_or_else(String::new, eight),
        })
    };
    Ok(rows.into_iter().take(limit).map(row).collect())
}

fn interval(one: &Contract) -> Value {
    json!({
        "symbol": one.market.product.name, "adjustedFundingRateCap": "0.03000000", "adjustedFundingRateFloor": "-0.03000000",
        "fundingIntervalHours": 8, "disclaimer": false,
    })
}

fn price(market: &Market, now: Time) -> Value {
    let price = market.last().map_or_else(|| "0".to_owned(), eight);
    json!({ "symbol": market.product.name, "price": price, "time": millis(now) })
}

fn quote(market: &Market, now: Time) -> Value {
    let mut value = best(market);
    (value["time"], value["lastUpdateId"]) = (json!(millis(now)), json!(market.update()));
    value
}

/// What users here hold: longs and shorts apart, the larger of both.
fn interest(futures: &Futures, ask: &Parameters) -> Result<Value, Fault> {
    let name = &contract(futures, ask)?.market.product.name;
    let place = futures.product(name).unwrap_or_default();
    let held = (0..futures.users()).map(|user| futures.holding(user, place).position.quantity);
    let (mut longs, mut shorts) = (0_i128, 0_i128);
    for units in held {
        let sum = if units.is_negative() { &mut shorts } else { &mut longs };
        *sum = sum.saturating_add(units.nanos().abs());
    }
    let open = qframe_model::number::Quantity::from_nanos(longs.max(shorts));
    Ok(json!({ "symbol": name, "openInterest": open.to_string(), "time": millis(futures.now()) }))
}
