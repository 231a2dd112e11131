//! What anybody may ask: the time, the products, their books, trades and bars.
use qframe_model::market::Side;
use qframe_model::number::Price;
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::error::Fault;
use super::request::Query;
use super::words::{candle, levels, product, product_id, product_of, trade};
use crate::exchange::core::candles::{INTERVALS, Interval};
use crate::exchange::core::{Core, Market};

/// The most bars of an answer.
const BARS: usize = 350;
/// Coinbase's names of lengths of bars, and ours.
const GRANULARITIES: [(&str, &str); 9] = [
    ("ONE_MINUTE", "1m"),
    ("FIVE_MINUTE", "5m"),
    ("FIFTEEN_MINUTE", "15m"),
    ("THIRTY_MINUTE", "30m"),
    ("ONE_HOUR", "1h"),
    ("TWO_HOUR", "2h"),
    ("FOUR_HOUR", "4h"),
    ("SIX_HOUR", "6h"),
    ("ONE_DAY", "1d"),
];

/// Answers an address of market data by its parts; `None` where it is none. `wall`: milliseconds of the wall clock.
///
/// # Errors
/// The [`Fault`] of a parameter.
pub(super) fn answer(core: &Core, parts: &[&str], ask: &Query, wall: i64) -> Result<Option<Value>, Fault> {
    Ok(Some(match parts {
        ["time"] => json!({
            "iso": Time::from_nanos(wall.saturating_mul(1_000_000)),
            "epochSeconds": (wall / 1_000).to_string(), "epochMillis": wall.to_string(),
        }),
        ["products"] => products(core, ask)?,
        ["products", id] => product(market(core, id)?, core.now()),
        ["products", id, "candles"] => candles(market(core, id)?, ask)?,
        ["products", id, "ticker"] => ticker(market(core, id)?, ask)?,
        ["product_book"] => book(market(core, ask.need("product_id")?)?, ask, core.now())?,
        ["best_bid_ask"] => bests(core, ask)?,
        _ => return Ok(None),
    }))
}

fn market<'c>(core: &'c Core, id: &str) -> Result<&'c Market, Fault> {
    let place = product_of(core, id).ok_or_else(|| Fault::NotFound(format!("product {id:?}")))?;
    Ok(&core.markets()[place])
}

/// The markets that `product_ids` names, else all.
fn chosen<'c>(core: &'c Core, ask: &Query) -> Result<Vec<&'c Market>, Fault> {
    let ids = ask.all("product_ids");
    if ids.is_empty() {
        Ok(core.markets().iter().collect())
    } else {
        ids.into_iter().map(|id| market(core, id)).collect()
    }
}

fn products(core: &Core, ask: &Query) -> Result<Value, Fault> {
    let offset = ask.whole::<usize>("offset")?.unwrap_or(0);
    let limit = ask.limit(usize::MAX, usize::MAX)?;
    let mut chosen = chosen(core, ask)?;
    // Only spot is traded here.
    chosen.retain(|_| ask.get("product_type").is_none_or(|kind| matches!(kind, "SPOT" | "UNKNOWN_PRODUCT_TYPE")));
    let rows: Vec<Value> = chosen.iter().skip(offset).take(limit).map(|market| product(market, core.now())).collect();
    Ok(json!({ "num_products": chosen.len(), "products": rows }))
}

fn candles(market: &Market, ask: &Query) -> Result<Value, Fault> {
    let name = ask.need("granularity")?;
    let known = GRANULARITIES.iter().find(|(known, _)| *known == name);
    let place = known.and_then(|(_, own)| Interval::place(own)).ok_or_else(|| {
        let names = GRANULARITIES.map(|(name, _)| name).join(", ");
        Fault::Argument(format!("granularity is {name:?}, expected one of {names}"))
    })?;
    let seconds = |name: &'static str| -> Result<Time, Fault> {
        let seconds = ask.whole::<i64>(name)?.ok_or_else(|| Fault::Argument(format!("{name} is required")))?;
        Ok(Time::from_nanos(seconds.saturating_mul(1_000_000_000)))
    };
    let (start, end, limit) = (seconds("start")?, seconds("end")?, ask.limit(BARS, BARS)?);
    let length = INTERVALS[place].end_of(start).since(start).nanos().max(1);
    if end.since(start).nanos() / length > BARS as i64 {
        return Err(Fault::Argument(format!("number of candles requested should be less than {BARS}")));
    }
    // The newest stands first; of times without a trade there is no bar.
    let wanted = market.candles().of(place).iter().rev().filter(|bar| bar.trades > 0);
    let wanted = wanted.filter(|bar| (start..=end).contains(&bar.open_time));
    Ok(json!({ "candles": wanted.take(limit).map(candle).collect::<Value>() }))
}

fn ticker(market: &Market, ask: &Query) -> Result<Value, Fault> {
    let (limit, id) = (ask.limit(100, 1_000)?, product_id(&market.product));
    let time = |seconds: i64| Time::from_nanos(seconds.saturating_mul(1_000_000_000));
    let (start, end) = (ask.whole("start")?.map(time), ask.whole("end")?.map(time));
    let wanted = market
        .trades()
        .iter()
        .rev()
        .filter(|one| start.is_none_or(|start| one.time >= start) && end.is_none_or(|end| one.time <= end));
    let rows = wanted.take(limit).map(|one| {
        let mut row = trade(&id, one);
        row["bid"] = json!("");
        row["ask"] = json!("");
        row["exchange"] = json!("coinbase");
        row
    });
    let best = |side| market.book().best(side).map_or_else(String::new, |level| level.price.to_string());
    Ok(json!({ "trades": rows.collect::<Value>(), "best_bid": best(Side::Buy), "best_ask": best(Side::Sell) }))
}

fn book(market: &Market, ask: &Query, now: Time) -> Result<Value, Fault> {
    let limit = ask.limit(usize::MAX, usize::MAX)?;
    let (bid, best) = (market.book().bid(), market.book().ask());
    let middle = market.book().middle();
    let spread = bid.zip(best).map(|(bid, ask)| Price::from_nanos(ask.price.nanos() - bid.price.nanos()));
    let points = spread.zip(middle).map(|(spread, middle)| spread.to_f64() / middle.to_f64() * 10_000.0);
    let shown = |price: Option<Price>| price.map_or_else(String::new, |price| price.to_string());
    Ok(json!({
        "pricebook": pricebook(market, limit, now), "last": shown(market.last()), "mid_market": shown(middle),
        "spread_bps": points.map_or_else(String::new, |points| format!("{points:.12}")),
        "spread_absolute": shown(spread),
    }))
}

fn bests(core: &Core, ask: &Query) -> Result<Value, Fault> {
    let books = chosen(core, ask)?.into_iter().map(|market| pricebook(market, 1, core.now()));
    Ok(json!({ "pricebooks": books.collect::<Value>() }))
}

fn pricebook(market: &Market, limit: usize, now: Time) -> Value {
    json!({
        "product_id": product_id(&market.product), "bids": levels(market.book().levels(Side::Buy).take(limit)),
        "asks": levels(market.book().levels(Side::Sell).take(limit)), "time": now,
    })
}
