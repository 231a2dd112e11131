//! What the venue is to have of an order, after the filters of its product.
use qframe_model::market::Side;
use qframe_model::number::{Price, Quantity};
use qframe_model::order::{OrderKind, TimeInForce};
use qframe_model::time::Time;

use super::Product;
use super::market::Market;
use super::order::{Manner, Record, Refusal, Stay, Terms, Ticket};
use super::watch::Watch;

/// An order as the venue will have it, and what stands behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub quantity: Quantity,
    pub kind: OrderKind,
    pub time_in_force: TimeInForce,
    pub post_only: bool,
    /// What a unit is locked at, to buy.
    pub bound: Price,
    /// What it waits for here, where the venue has no such order.
    pub watch: Option<Watch>,
}

/// Of all orders but those that take at once at the market.
pub(super) fn plan_limit(market: &Market, now: Time, ticket: &Ticket, manner: Manner) -> Result<Plan, Refusal> {
    let plan = plan_later(market, now, ticket, manner)?;
    let best = market.book().best(ticket.side.opposite());
    if plan.post_only && best.is_some_and(|best| !ticket.side.prefers(plan.bound, best.price)) {
        return Err(Refusal::WouldTake);
    }
    let Some(trigger) = ticket.terms.trigger() else { return Ok(plan) };
    let above = is_above(ticket);
    let touched = |last: Price| if above { last >= trigger } else { last <= trigger };
    if market.signal().is_some_and(touched) { Err(Refusal::WouldTrigger) } else { Ok(plan) }
}

/// The same by the filters alone, for an order that comes to the book later.
pub(super) fn plan_later(market: &Market, now: Time, ticket: &Ticket, manner: Manner) -> Result<Plan, Refusal> {
    let (side, product, terms) = (ticket.side, &market.product, &ticket.terms);
    let (quantity, stay) = match *terms {
        Terms::Limit { quantity, stay, .. }
        | Terms::Triggered { quantity, stay, .. }
        | Terms::Trailing { quantity, stay, price: Some(_), .. } => (quantity, stay),
        Terms::Maker { quantity, .. } => (quantity, Stay::Gtc),
        Terms::Stop { quantity, .. } | Terms::Trailing { quantity, price: None, .. } => (quantity, Stay::Ioc),
        Terms::Market(_) => return Err(Refusal::Overflow),
    };
    let bound = match terms.limit() {
        Some(price) => {
            judge_price(market, now, price)?;
            price
        }
        None => worst(market, side, terms)?,
    };
    let worth = terms.limit().or(terms.trigger()).or_else(|| market.last()).unwrap_or(bound);
    judge_quantity(product, quantity, worth)?;
    judge_display(product, quantity, manner)?;
    let post_only = matches!(terms, Terms::Maker { .. });
    let above = is_above(ticket);
    judge_trigger(product, terms)?;
    let watch = match *terms {
        Terms::Trailing { delta, start, .. } => Some(Watch::trail(side, delta, start.map(|start| (start, above)))),
        Terms::Triggered { trigger, .. } if manner.display.is_some() => Some(Watch::Touch { trigger, above }),
        _ => None,
    };
    let kind = match (terms.trigger().filter(|_| watch.is_none()), manner.display) {
        (Some(trigger), _) if terms.takes_profit() => OrderKind::LimitIfTouched { trigger, limit: bound },
        (Some(trigger), _) => OrderKind::StopLimit { trigger, limit: bound },
        (None, Some(display)) => OrderKind::Iceberg { limit: bound, display },
        (None, None) => OrderKind::Limit(bound),
    };
    Ok(Plan { quantity, kind, time_in_force: in_force(stay), post_only, bound, watch })
}

/// Where an order at the market behind a trigger ends: to buy a twentieth above the highest price that may wake it.
fn worst(market: &Market, side: Side, terms: &Terms) -> Result<Price, Refusal> {
    let product = &market.product;
    if side == Side::Sell {
        return Ok(product.tick);
    }
    let delta = if let Terms::Trailing { delta, .. } = terms { *delta } else { 0 };
    let from = terms.trigger().max(market.last().filter(|_| delta > 0)).ok_or(Refusal::NoLiquidity)?;
    let nanos = i128::from(from.nanos()) * i128::from(10_000 + delta) / 10_000 * 21 / 20;
    let steps = nanos / i128::from(product.tick.nanos());
    let price = i64::try_from(steps * i128::from(product.tick.nanos())).map_err(|_| Refusal::Overflow)?;
    Ok(Price::from_nanos(price).min(product.price_max()))
}

fn judge_price(market: &Market, now: Time, price: Price) -> Result<(), Refusal> {
    if !market.product.takes_price(price) {
        return Err(Refusal::Filter("PRICE_FILTER"));
    }
    let Some(average) = market.average(now) else { return Ok(()) };
    let (low, high) = Product::BAND;
    let share = |part: i64| i128::from(average.nanos()) * i128::from(part) / 100;
    let is_far = i128::from(price.nanos()) > share(high) || i128::from(price.nanos()) < share(low);
    if is_far { Err(Refusal::Filter("PERCENT_PRICE_BY_SIDE")) } else { Ok(()) }
}

fn judge_quantity(product: &Product, quantity: Quantity, price: Price) -> Result<(), Refusal> {
    if !product.takes_quantity(quantity) {
        return Err(Refusal::Filter("LOT_SIZE"));
    }
    let value = price.times(quantity).ok_or(Refusal::Overflow)?;
    if product.takes_value(value) { Ok(()) } else { Err(Refusal::Filter("NOTIONAL")) }
}

fn judge_display(product: &Product, quantity: Quantity, manner: Manner) -> Result<(), Refusal> {
    let Some(display) = manner.display else { return Ok(()) };
    if display > quantity {
        return Err(Refusal::ShowsMore);
    }
    if !product.takes_quantity(display) {
        return Err(Refusal::Filter("LOT_SIZE"));
    }
    let parts = (quantity.nanos() + display.nanos() - 1) / display.nanos().max(1);
    if parts > i128::from(Product::ICEBERG_PARTS) { Err(Refusal::Filter("ICEBERG_PARTS")) } else { Ok(()) }
}

/// A stop to buy lies above the market, a profit to buy below it; to sell the other way round.
fn is_above(ticket: &Ticket) -> bool {
    (ticket.side == Side::Buy) != ticket.terms.takes_profit()
}

fn judge_trigger(product: &Product, terms: &Terms) -> Result<(), Refusal> {
    if let Terms::Trailing { delta, .. } = terms
        && !(Product::TRAILING.0..=Product::TRAILING.1).contains(delta)
    {
        return Err(Refusal::Filter("TRAILING_DELTA"));
    }
    let is_good = terms.trigger().is_none_or(|trigger| product.takes_price(trigger));
    if is_good { Ok(()) } else { Err(Refusal::Filter("PRICE_FILTER")) }
}

/// What the venue has of an order whose trigger was touched here.
pub(super) fn woken(order: &Record) -> Plan {
    let (quantity, bound) = (order.quantity, order.bound);
    let time_in_force = match order.terms {
        Terms::Triggered { stay, .. } | Terms::Trailing { stay, price: Some(_), .. } => in_force(stay),
        _ => TimeInForce::Ioc,
    };
    let kind =
        order.manner.display.map_or(OrderKind::Limit(bound), |display| OrderKind::Iceberg { limit: bound, display });
    Plan { quantity, kind, time_in_force, post_only: false, bound, watch: None }
}

const fn in_force(stay: Stay) -> TimeInForce {
    match stay {
        Stay::Gtc => TimeInForce::Gtc,
        Stay::Ioc => TimeInForce::Ioc,
        Stay::Fok => TimeInForce::Fok,
    }
}
