//! Orders of the futures API: read of parameters, placed, told, withdrawn.
use qframe_model::number::{Price, Quantity, Rate};
use serde_json::{Value, json};

use super::error::Fault;
use super::futures::Futures;
use super::market::contract;
use super::order::{Amount, Record, Stay, Ticket, Wake, Watched};
use super::words::{algo, order};
use crate::exchange::binance::terms::{name_of, prevention_of, side_of};
use crate::exchange::binance::{Fault as Asked, Parameters};

/// The most orders of one batch.
const BATCH: usize = 5;

/// Reads an order of the parameters; `conditional` where it came to the address of conditional orders.
pub(super) fn ticket(futures: &Futures, ask: &Parameters, conditional: bool) -> Result<Ticket, Fault> {
    let name = &contract(futures, ask)?.market.product.name;
    let product = futures.product(name).ok_or(Asked::Symbol)?;
    let (side, kind) = (side_of(ask, "side")?, ask.need("type")?);
    if ask.get("positionSide").is_some_and(|side| side != "BOTH") {
        return Err(Fault::PositionSide);
    }
    if conditional && ask.get("algoType").is_some_and(|kind| kind != "CONDITIONAL") {
        return Err(Asked::Value("algoType").into());
    }
    if ask.get("priceMatch").is_some_and(|value| value != "NONE") {
        return Err(Asked::Unsupported("priceMatch").into());
    }
    let (reduce_only, closes) = (flag(ask, "reduceOnly")?, flag(ask, "closePosition")?);
    let triggers = ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"];
    if !triggers.contains(&kind) && (conditional || !matches!(kind, "LIMIT" | "MARKET")) {
        return Err(Asked::Type.into());
    }
    let limit = matches!(kind, "LIMIT" | "STOP" | "TAKE_PROFIT");
    if !limit
        && let Some(surplus) =
            ["price", "timeInForce"].into_iter().find(|name| kind == "MARKET" && ask.get(name).is_some())
    {
        return Err(Asked::Surplus(surplus).into());
    }
    let amount = match (closes, ask.decimal::<Quantity>("quantity")?) {
        (true, _) if !matches!(kind, "STOP_MARKET" | "TAKE_PROFIT_MARKET") => {
            return Err(Asked::Surplus("closePosition").into());
        }
        (true, Some(quantity)) if !quantity.is_zero() => return Err(Fault::CloseQuantity),
        (true, _) => Amount::Position,
        (false, Some(quantity)) => Amount::Units(quantity),
        (false, None) => return Err(Asked::Mandatory("quantity").into()),
    };
    Ok(Ticket {
        product,
        side,
        wake: wake(ask, kind, conditional)?,
        watches: watched(ask)?,
        limit: if limit { Some(ask.need_decimal::<Price>("price")?) } else { None },
        stay: if limit { stays(ask, kind)? } else { Stay::Gtc },
        amount,
        reduce_only,
        prevention: prevention_of(ask)?,
        name: name_of(ask, if conditional { "clientAlgoId" } else { "newClientOrderId" })?,
        algo: conditional,
    })
}

fn wake(ask: &Parameters, kind: &str, conditional: bool) -> Result<Wake, Fault> {
    Ok(match kind {
        "LIMIT" | "MARKET" => Wake::Now,
        "TRAILING_STOP_MARKET" => {
            // In percent: 1 is a hundredth.
            let percent = ask.need_decimal::<Rate>("callbackRate")?;
            let activation = if conditional { "activatePrice" } else { "activationPrice" };
            Wake::Trail { callback: Rate::from_nanos(percent.nanos() / 100), activation: ask.decimal(activation)? }
        }
        _ => {
            let trigger = ask.need_decimal(if conditional { "triggerPrice" } else { "stopPrice" })?;
            Wake::Touch { trigger, takes_profit: kind.starts_with("TAKE_PROFIT") }
        }
    })
}

fn watched(ask: &Parameters) -> Result<Watched, Fault> {
    match ask.get("workingType") {
        None | Some("CONTRACT_PRICE") => Ok(Watched::Last),
        Some("MARK_PRICE") => Ok(Watched::Mark),
        Some(_) => Err(Asked::Value("workingType").into()),
    }
}

fn stays(ask: &Parameters, kind: &str) -> Result<Stay, Fault> {
    match ask.get("timeInForce") {
        Some("GTC") => Ok(Stay::Gtc),
        Some("IOC") => Ok(Stay::Ioc),
        Some("FOK") => Ok(Stay::Fok),
        Some("GTX") => Ok(Stay::Gtx),
        Some("GTD") => {
            let until = ask.whole::<i64>("goodTillDate")?.ok_or(Asked::Mandatory("goodTillDate"))?;
            // Whole seconds count.
            Ok(Stay::Gtd(until - until.rem_euclid(1_000)))
        }
        None if kind != "LIMIT" => Ok(Stay::Gtc),
        None => Err(Asked::Mandatory("timeInForce").into()),
        Some(_) => Err(Asked::TimeInForce.into()),
    }
}

/// `true` or `false`, however it is written.
pub(super) fn flag(ask: &Parameters, name: &'static str) -> Result<bool, Fault> {
    match ask.get(name) {
        None => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(_) => Err(Asked::Value(name).into()),
    }
}

/// Places an order. `ACK`, which is what is told where nothing else is asked for, tells of it as it was taken.
pub(super) fn place(futures: &mut Futures, user: usize, ask: &Parameters, conditional: bool) -> Result<Value, Fault> {
    let ticket = ticket(futures, ask, conditional)?;
    let is_ack = match ask.get("newOrderRespType") {
        None | Some("ACK") => true,
        Some("RESULT") => false,
        Some(_) => return Err(Asked::Value("newOrderRespType").into()),
    };
    let id = futures.place(user, &ticket)?;
    let Some(record) = futures.order(id) else { return Ok(Value::Null) };
    if conditional {
        return Ok(algo(futures, record));
    }
    let mut value = order(futures, record);
    if is_ack {
        value["status"] = json!("NEW");
        for name in ["executedQty", "cumQty", "cumQuote", "avgPrice"] {
            value[name] = json!("0");
        }
    }
    Ok(value)
}

pub(super) fn test(futures: &Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let ticket = ticket(futures, ask, false)?;
    futures.test(user, &ticket)?;
    Ok(json!({}))
}

/// Several orders; each is placed or refused by itself.
pub(super) fn place_all(futures: &mut Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let text = ask.need("batchOrders")?;
    let orders: Vec<serde_json::Map<String, Value>> =
        serde_json::from_str(text).map_err(|_| Asked::Value("batchOrders"))?;
    if orders.is_empty() || orders.len() > BATCH {
        return Err(Asked::Value("batchOrders").into());
    }
    let mut answers = Vec::new();
    for fields in orders {
        let one = fields.into_iter().fold(Parameters::default(), |all, (name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            all.with(&name, &text)
        });
        answers.push(place(futures, user, &one, false).unwrap_or_else(|fault| fault.body()));
    }
    Ok(Value::Array(answers))
}

/// The parameters that name an order: its number, and the name that its user gave.
pub(super) const NAMES: [&str; 2] = ["orderId", "origClientOrderId"];
/// The same at the address of conditional orders.
pub(super) const ALGO_NAMES: [&str; 2] = ["algoId", "clientAlgoId"];

/// The order that one of two parameters names.
pub(super) fn find<'f>(
    futures: &'f Futures,
    user: usize,
    ask: &Parameters,
    names: [&'static str; 2],
) -> Result<Option<&'f Record>, Fault> {
    let found = match (ask.whole::<u64>(names[0])?, ask.get(names[1])) {
        (Some(id), _) => futures.order(id).filter(|order| order.user == user),
        (None, Some(name)) => futures.order_named(user, name),
        (None, None) => return Err(Asked::Either(names[1], names[0]).into()),
    };
    // Conditional orders are told of by their symbol only where it is named.
    let here = match ask.get("symbol") {
        None if names == ALGO_NAMES => None,
        _ => Some(&contract(futures, ask)?.market.product.name),
    };
    let fits = |order: &&Record| here.is_none_or(|name| futures.product(name) == Some(order.ticket.product));
    // A conditional order is one of the others once it has come to the market.
    let kind = |order: &&Record| if names == NAMES { !order.ticket.algo || order.works } else { order.ticket.algo };
    Ok(found.filter(fits).filter(kind))
}

pub(super) fn cancel(futures: &mut Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let id = find(futures, user, ask, NAMES)?.map(|found| found.id).ok_or(Asked::Cancel)?;
    futures.cancel(user, id)?;
    Ok(futures.order(id).map_or(Value::Null, |record| order(futures, record)))
}

pub(super) fn cancel_algo(futures: &mut Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let (id, name) = find(futures, user, ask, ALGO_NAMES)?
        .filter(|found| found.waits())
        .map(|found| (found.id, found.name.clone()))
        .ok_or(Asked::Cancel)?;
    futures.cancel(user, id)?;
    Ok(json!({ "algoId": id, "clientAlgoId": name, "code": "200", "msg": "success" }))
}

/// Withdraws all open orders of a contract; conditional ones by their own address.
pub(super) fn cancel_all(
    futures: &mut Futures,
    user: usize,
    ask: &Parameters,
    conditional: bool,
) -> Result<Value, Fault> {
    let ids: Vec<u64> = open_here(futures, user, ask, conditional)?.into_iter().map(|order| order.id).collect();
    for id in ids {
        // What another's end has ended is not open any more.
        let _ = futures.cancel(user, id);
    }
    Ok(json!({ "code": 200, "msg": "The operation of cancel all open order is done." }))
}

/// Several orders by their numbers or names; each is withdrawn or refused by itself.
pub(super) fn cancel_some(futures: &mut Futures, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let symbol = contract(futures, ask)?.market.product.name.clone();
    // Clients write these two names as they like.
    let read = |name: &'static str| -> Result<Vec<Value>, Fault> {
        let text = ask.get(name).or_else(|| ask.get(&name.to_ascii_lowercase())).unwrap_or("[]");
        serde_json::from_str(text).map_err(|_| Asked::Value(name).into())
    };
    let (ids, names) = (read("orderIdList")?, read("origClientOrderIdList")?);
    let all: Vec<_> =
        ids.iter().map(|id| ("orderId", id)).chain(names.iter().map(|name| ("origClientOrderId", name))).collect();
    if all.is_empty() || all.len() > 2 * BATCH {
        return Err(Asked::Either("orderIdList", "origClientOrderIdList").into());
    }
    let mut answers = Vec::new();
    for (name, value) in all {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let one = Parameters::default().with("symbol", &symbol).with(name, &text);
        answers.push(cancel(futures, user, &one).unwrap_or_else(|fault| fault.body()));
    }
    Ok(Value::Array(answers))
}

/// A user's open orders of a contract, or of all where none is named: those that wait behind the address of conditional
/// orders, or all the others.
pub(super) fn open_here<'f>(
    futures: &'f Futures,
    user: usize,
    ask: &Parameters,
    conditional: bool,
) -> Result<Vec<&'f Record>, Fault> {
    let only = ask.get("symbol").map(|_| contract(futures, ask)).transpose()?;
    let here = |order: &&Record| {
        only.is_none_or(|only| futures.contracts()[order.ticket.product].market.product == only.market.product)
    };
    let kind = |order: &&Record| (order.ticket.algo && order.waits()) == conditional;
    Ok(futures.open_orders(user).filter(here).filter(kind).collect())
}
