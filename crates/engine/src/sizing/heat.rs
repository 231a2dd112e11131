//! What all positions together would lose at their stops: a portfolio's heat.
use qframe_model::ids::InstrumentId;
use qframe_model::number::{Cash, Price, Quantity, Rate, Rounding};
use qframe_model::order::OrderKind;
use qframe_model::refusal::Refusal;

use super::RiskBudget;
use crate::context::Context;

/// The share of the equity that an entry into the current instrument may risk: its own, or what the others leave of the
/// whole. What is held of the instrument itself is closed or enlarged to the new size, and does not count.
///
/// # Errors
/// [`Refusal::TooMuchHeat`] where nothing is left.
pub(super) fn left(context: &Context<'_>, budget: &RiskBudget) -> Result<Rate, Refusal> {
    let Some(limit) = budget.heat else { return Ok(budget.share) };
    let mut heat = Rate::ZERO;
    for place in 0..context.instruments().len() {
        let id = InstrumentId(place as u16);
        if id != context.instrument() {
            heat = heat.plus(of(context, budget, id)?)?;
        }
    }
    let left = limit.minus(heat)?.min(budget.share);
    if left.is_positive() { Ok(left) } else { Err(Refusal::TooMuchHeat { heat, limit }) }
}

/// What one instrument may lose, as a share of the equity.
fn of(context: &Context<'_>, budget: &RiskBudget, id: InstrumentId) -> Result<Rate, Refusal> {
    let held = context.position_in(id).quantity;
    if held.is_zero() {
        let enters = context.orders().iter().any(|open| open.order.instrument == id && !open.order.reduce_only);
        return Ok(if enters { budget.share } else { Rate::ZERO });
    }
    let (Some(mark), Some(stop)) = (context.price_of(id), stop_of(context, id)) else { return Ok(budget.share) };
    let lost = mark.nanos().saturating_sub(stop.nanos()).saturating_mul(if held.is_negative() { -1 } else { 1 });
    let account = context.account();
    let worth = account.instrument(id).value(Price::from_nanos(lost.max(0)), held.abs())?;
    Ok(share(account.to_reporting(account.quote_of(id), worth)?, context.equity()))
}

/// The price of the stop that closes a position; of several the first that was sent.
fn stop_of(context: &Context<'_>, id: InstrumentId) -> Option<Price> {
    let held: Quantity = context.position_in(id).quantity;
    let closes = |side: qframe_model::market::Side| side.signed(Quantity::ONE).is_negative() != held.is_negative();
    context.orders().iter().find_map(|open| match open.order.kind {
        OrderKind::Stop(price) | OrderKind::StopLimit { trigger: price, .. }
            if open.order.instrument == id && open.order.reduce_only && closes(open.order.side) =>
        {
            Some(price)
        }
        _ => None,
    })
}

/// The largest rate where there is no equity to lose.
fn share(lost: Cash, equity: Cash) -> Rate {
    let scaled = Cash::from_attos(Rate::ONE.nanos().into()).scaled(lost.attos(), equity.attos(), Rounding::Up);
    let nanos = scaled.ok().filter(|_| equity.is_positive()).and_then(|share| i64::try_from(share.attos()).ok());
    nanos.map_or(Rate::MAX, Rate::from_nanos)
}
