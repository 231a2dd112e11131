//! Orders: read of their configuration, placed, judged beforehand, withdrawn.
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::Orders;
use super::error::{Fault, reason};
use super::request::{body, decimal, need_decimal, text};
use super::words::{number_of, order_id, product_of, side};
use crate::exchange::core::{Amount, Core, Market, Stay, Terms, Ticket};

/// The most orders of one request to withdraw.
const CANCELS: usize = 100;
/// How far beyond its trigger the stop of a bracket may fill, in percent.
const BEYOND: i64 = 5;

/// What is asked for.
struct Wish {
    name: String,
    product: String,
    ticket: Ticket,
    /// The stop of a bracket, of which the ticket is the limit.
    stop: Option<Ticket>,
    /// Milliseconds of the wall clock.
    end: Option<i64>,
    /// Units and their price, where it names both.
    limit: Option<(Quantity, Price)>,
    configuration: Value,
}

/// Places an order.
///
/// # Errors
/// A [`Fault`] of the parameters; what the exchange refuses is an answer.
pub(super) fn place(core: &mut Core, orders: &mut Orders, user: usize, text: &str, wall: i64) -> Result<Value, Fault> {
    let wish = read(core, &body(text)?, wall)?;
    if let Some(known) = orders.named.get(&(user, wish.name.clone())).and_then(|id| core.order(*id)) {
        return Ok(placed(&wish, known.id, known.side));
    }
    // A bracket's orders have a number each, and the first is told of.
    let id = match &wish.stop {
        None => core.place(user, &wish.ticket),
        Some(stop) => core.place_pair(user, [&wish.ticket, stop]).map(|list| core.list(list).map_or(0, |ids| ids[0])),
    };
    match id {
        Ok(id) => {
            orders.named.insert((user, wish.name.clone()), id);
            if let Some(end) = wish.end {
                orders.ends.insert(id, end);
                orders.waiting.insert((end, id));
            }
            Ok(placed(&wish, id, wish.ticket.side))
        }
        Err(refusal) => Ok(refused(&Fault::Order(refusal), &wish.configuration)),
    }
}

/// Says what an order would come to.
///
/// # Errors
/// As [`place`].
pub(super) fn preview(core: &Core, orders: &Orders, user: usize, text: &str, wall: i64) -> Result<Value, Fault> {
    let mut fields = body(text)?;
    // A preview has no name.
    fields["client_order_id"] = json!("preview");
    let wish = read(core, &fields, wall)?;
    let market = &core.markets()[wish.ticket.product];
    let judged = core.test(user, &wish.ticket);
    let (units, value) = estimate(core, user, &wish);
    let rates = core.commission();
    let rate = if matches!(wish.ticket.terms, Terms::Maker { .. }) { rates.maker } else { rates.taker };
    let fees = value.at_rate(rate).unwrap_or(Cash::MAX);
    let total = if wish.ticket.side == Side::Buy { value.plus(fees) } else { value.minus(fees) };
    let best = |side| market.book().best(side).map_or_else(String::new, |level| level.price.to_string());
    let errs: Vec<&str> = judged.err().map(|refusal| reason(refusal).2).into_iter().collect();
    Ok(json!({
        "order_total": total.unwrap_or(Cash::MAX).to_string(), "commission_total": fees.to_string(), "errs": errs,
        "warning": [], "quote_size": value.to_string(), "base_size": units.to_string(), "best_bid": best(Side::Buy),
        "best_ask": best(Side::Sell), "is_max": false, "order_margin_total": "0", "leverage": "0",
        "long_leverage": "0", "short_leverage": "0", "slippage": "0",
        "average_filled_price": value.per_unit(units).unwrap_or(Price::ZERO).to_string(),
        "preview_id": order_id(orders.named.len() as u64),
    }))
}

/// Withdraws orders, each with what became of it.
///
/// # Errors
/// A [`Fault`] of the parameters.
pub(super) fn cancel(core: &mut Core, user: usize, text: &str) -> Result<Value, Fault> {
    let fields = body(text)?;
    let ids = fields["order_ids"].as_array().ok_or_else(|| Fault::Argument("order_ids is required".to_owned()))?;
    if ids.len() > CANCELS {
        return Err(Fault::Argument(format!("order_ids has {} entries, expected at most {CANCELS}", ids.len())));
    }
    let mut results = Vec::new();
    for id in ids.iter().map(|id| id.as_str().unwrap_or_default()) {
        let known = number_of(id).filter(|number| core.order(*number).is_some_and(|order| order.user == user));
        let reason = match known {
            None => "UNKNOWN_CANCEL_ORDER",
            Some(number) => match core.cancel(user, number) {
                Ok(()) => "UNKNOWN_CANCEL_FAILURE_REASON",
                Err(_) => "INVALID_CANCEL_REQUEST",
            },
        };
        let success = reason == "UNKNOWN_CANCEL_FAILURE_REASON";
        results.push(json!({ "success": success, "failure_reason": reason, "order_id": id }));
    }
    Ok(json!({ "results": results }))
}

/// The answer to an order that was not taken.
pub(super) fn refused(fault: &Fault, configuration: &Value) -> Value {
    let preview = if let Fault::Order(refusal) = fault { reason(*refusal).2 } else { "UNKNOWN_PREVIEW_FAILURE_REASON" };
    json!({
        "success": false, "failure_reason": "UNKNOWN_FAILURE_REASON", "order_id": "",
        "error_response": {
            "error": fault.code(), "message": fault.to_string(), "error_details": fault.to_string(),
            "preview_failure_reason": preview, "new_order_failure_reason": fault.code(),
        },
        "order_configuration": if configuration.is_object() { configuration.clone() } else { json!({}) },
    })
}

fn placed(wish: &Wish, id: u64, of: Side) -> Value {
    json!({
        "success": true, "failure_reason": "UNKNOWN_FAILURE_REASON", "order_id": order_id(id),
        "success_response": {
            "order_id": order_id(id), "product_id": wish.product, "side": side(of), "client_order_id": wish.name,
            "attached_order_id": "",
        },
        "order_configuration": wish.configuration,
    })
}

fn read(core: &Core, fields: &Value, wall: i64) -> Result<Wish, Fault> {
    let name = text(fields, "client_order_id")?.to_owned();
    if name.len() > 128 {
        return Err(Fault::Argument("client_order_id is over 128 bytes".to_owned()));
    }
    let id = text(fields, "product_id")?;
    let product =
        product_of(core, id).ok_or_else(|| Fault::Argument(format!("product_id {id:?} is not traded here")))?;
    let side = match text(fields, "side")? {
        "BUY" => Side::Buy,
        "SELL" => Side::Sell,
        other => return Err(Fault::Argument(format!("side is {other:?}, expected BUY or SELL"))),
    };
    let configuration = &fields["order_configuration"];
    let mut entries = configuration.as_object().into_iter().flatten().filter(|(_, of)| of.is_object());
    let (Some((kind, of)), None) = (entries.next(), entries.next()) else {
        return Err(Fault::Argument("order_configuration is required, with one entry in it".to_owned()));
    };
    let ticket = |terms, name| Ticket { product, side, terms, name };
    let (terms, stop) = terms(&core.markets()[product], kind, of, side)?;
    let end = kind.ends_with("_gtd").then(|| end(of, wall)).transpose()?;
    let ticket_of = ticket(terms, Some(name.clone()));
    let stop = stop.map(|terms| ticket(terms, None));
    let limit = decimal(of, "base_size")?.zip(decimal(of, "limit_price")?);
    let (product, configuration) = (id.to_owned(), configuration.clone());
    Ok(Wish { name, product, ticket: ticket_of, stop, end, limit, configuration })
}

fn terms(market: &Market, kind: &str, of: &Value, side: Side) -> Result<(Terms, Option<Terms>), Fault> {
    let quantity = || need_decimal::<Quantity>(of, "base_size");
    let price = || need_decimal::<Price>(of, "limit_price");
    let limit = |stay| -> Result<Terms, Fault> { Ok(Terms::Limit { quantity: quantity()?, price: price()?, stay }) };
    Ok(match kind {
        "market_market_ioc" => match (decimal(of, "base_size")?, decimal::<Cash>(of, "quote_size")?) {
            (Some(units), None) => (Terms::Market(Amount::Base(units)), None),
            (None, Some(money)) => (Terms::Market(Amount::Quote(money)), None),
            _ => return Err(Fault::Argument("expected one of base_size and quote_size".to_owned())),
        },
        "limit_limit_gtc" | "limit_limit_gtd" if of["post_only"] == true => {
            (Terms::Maker { quantity: quantity()?, price: price()? }, None)
        }
        "limit_limit_gtc" | "limit_limit_gtd" => (limit(Stay::Gtc)?, None),
        "limit_limit_fok" => (limit(Stay::Fok)?, None),
        "sor_limit_ioc" => (limit(Stay::Ioc)?, None),
        "stop_limit_stop_limit_gtc" | "stop_limit_stop_limit_gtd" => {
            let trigger: Price = need_decimal(of, "stop_price")?;
            let up = match of["stop_direction"].as_str() {
                Some("STOP_DIRECTION_STOP_UP") => true,
                Some("STOP_DIRECTION_STOP_DOWN") => false,
                None => market.last().is_none_or(|last| trigger > last),
                Some(other) => return Err(Fault::Argument(format!("stop_direction is {other:?}"))),
            };
            // A stop to buy waits for a rise, one to sell for a fall; what waits for the other way takes a profit.
            let takes_profit = up != (side == Side::Buy);
            let (quantity, price, stay) = (quantity()?, price()?, Stay::Gtc);
            (Terms::Triggered { quantity, trigger, price, stay, takes_profit }, None)
        }
        "trigger_bracket_gtc" | "trigger_bracket_gtd" => {
            let trigger: Price = need_decimal(of, "stop_trigger_price")?;
            let tick = market.product.tick.nanos();
            let percent = if side == Side::Buy { 100 + BEYOND } else { 100 - BEYOND };
            let worst = i128::from(trigger.nanos()) * i128::from(percent) / 100 / i128::from(tick) * i128::from(tick);
            let worst = Price::from_nanos(i64::try_from(worst).unwrap_or(i64::MAX));
            let (quantity, stay) = (quantity()?, Stay::Gtc);
            let stop = Terms::Triggered { quantity, trigger, price: worst, stay, takes_profit: false };
            (limit(Stay::Gtc)?, Some(stop))
        }
        other => return Err(Fault::Argument(format!("order_configuration {other:?} is not offered here"))),
    })
}

/// When an order ends, in milliseconds of the wall clock.
fn end(of: &Value, wall: i64) -> Result<i64, Fault> {
    let end: Time = text(of, "end_time")?.parse().map_err(|error| Fault::Argument(format!("end_time: {error}")))?;
    let millis = end.nanos().div_euclid(1_000_000);
    if millis <= wall { Err(Fault::Argument("end_time lies in the past".to_owned())) } else { Ok(millis) }
}

/// Units and their worth: by the book that is shown, or by the order's own limit.
fn estimate(core: &Core, user: usize, Wish { ticket, limit, .. }: &Wish) -> (Quantity, Cash) {
    let market = &core.markets()[ticket.product];
    if let Some((quantity, price)) = *limit {
        return (quantity, price.times(quantity).unwrap_or(Cash::MAX));
    }
    let (quantity, money) = match ticket.terms {
        Terms::Market(Amount::Base(units)) => (units, None),
        Terms::Market(Amount::Quote(money)) => (market.product.quantity_max(), Some(core.without_fees(user, money))),
        _ => return (Quantity::ZERO, Cash::ZERO),
    };
    let (mut units, mut value) = (Quantity::ZERO, Cash::ZERO);
    for level in market.book().levels(ticket.side.opposite()) {
        let mut part = level.quantity.quantity().min(quantity.minus(units).unwrap_or_default());
        if let Some(money) = money {
            let left = money.minus(value).unwrap_or(Cash::ZERO);
            part = part.min(left.units_at(level.price).unwrap_or_default());
        }
        let part = part.floor_to(market.product.lot);
        if !part.is_positive() {
            break;
        }
        units = units.plus(part).unwrap_or(Quantity::MAX);
        value = level.price.times(part).and_then(|worth| value.plus(worth).ok()).unwrap_or(Cash::MAX);
    }
    (units, value)
}
