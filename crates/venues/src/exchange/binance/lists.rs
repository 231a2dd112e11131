//! Lists of orders: pairs of which one cancels the other, and chains of which the first brings the others.
use qframe_model::market::Side;
use serde_json::{Value, json};

use super::account::{Style, placed};
use super::error::Fault;
use super::market::market;
use super::request::Parameters;
use super::terms::{Names, PAIR, PENDING, PENDING_PAIR, WORKING, manner, name_of, side_of, terms};
use super::words::millis;
use crate::exchange::core::{Core, Manner, Product, Record, Ticket};

/// One cancels the other: as `above…` and `below…` say, or in the older form a limit with a stop.
pub(super) fn pair(core: &mut Core, user: usize, ask: &Parameters, older: bool) -> Result<Value, Fault> {
    let (side, product) = (side_of(ask, "side")?, product_of(core, ask)?);
    let orders = if older { older_pair(ask, product, side)? } else { read_pair(ask, product, side, &PAIR)? };
    let name = name_of(ask, "listClientOrderId")?;
    let list = core.place_pair_as(user, [(&orders[0].0, orders[0].1), (&orders[1].0, orders[1].1)])?;
    told(core, list, name)
}

/// One triggers the other, or a pair: as `working…` and `pending…` say.
pub(super) fn chain(core: &mut Core, user: usize, ask: &Parameters, brings_pair: bool) -> Result<Value, Fault> {
    let product = product_of(core, ask)?;
    let (first, later) = (side_of(ask, "workingSide")?, side_of(ask, "pendingSide")?);
    if !matches!(ask.need("workingType")?, "LIMIT" | "LIMIT_MAKER") {
        return Err(Fault::Type);
    }
    let first = read(ask, product, first, &WORKING)?;
    let later = if brings_pair {
        read_pair(ask, product, later, &PENDING_PAIR)?.to_vec()
    } else {
        vec![read(ask, product, later, &PENDING)?]
    };
    let name = name_of(ask, "listClientOrderId")?;
    let list = core.place_chain(user, (&first.0, first.1), &later)?;
    told(core, list, name)
}

fn told(core: &mut Core, list: u64, name: Option<String>) -> Result<Value, Fault> {
    if let Some(name) = name {
        core.name_list(list, name);
    }
    list_of(core, list, true).ok_or(Fault::NoOrder)
}

fn product_of(core: &Core, ask: &Parameters) -> Result<usize, Fault> {
    let name = &market(core, ask)?.product.name;
    core.product(name).ok_or(Fault::Symbol)
}

fn read(ask: &Parameters, product: usize, side: Side, names: &Names) -> Result<(Ticket, Manner), Fault> {
    let terms = terms(ask, ask.need(names.kind)?, names)?;
    let manner = manner(ask, &terms, names)?;
    Ok((Ticket { product, side, terms, name: name_of(ask, names.name)? }, manner))
}

/// The orders of a pair, the one that rests first, so that it is there before the trigger of the other.
fn read_pair(ask: &Parameters, product: usize, side: Side, names: &[Names; 2]) -> Result<[(Ticket, Manner); 2], Fault> {
    for (is_above, names) in [true, false].into_iter().zip(names) {
        judge_leg(side, is_above, ask.need(names.kind)?)?;
    }
    let mut orders = [read(ask, product, side, &names[0])?, read(ask, product, side, &names[1])?];
    orders.sort_by_key(|(ticket, _)| ticket.terms.has_trigger());
    let waits = orders.iter().any(|(ticket, _)| ticket.terms.has_trigger());
    if waits { Ok(orders) } else { Err(Fault::Pair(-1168)) }
}

/// Which kind may lie above the market, and which below it.
fn judge_leg(side: Side, is_above: bool, kind: &str) -> Result<(), Fault> {
    let code = match (kind, side, is_above) {
        ("LIMIT_MAKER", Side::Buy, true) => -1165,
        ("LIMIT_MAKER", Side::Sell, false) => -1166,
        ("STOP_LOSS" | "STOP_LOSS_LIMIT", Side::Buy, false) => -1196,
        ("STOP_LOSS" | "STOP_LOSS_LIMIT", Side::Sell, true) => -1197,
        ("TAKE_PROFIT" | "TAKE_PROFIT_LIMIT", Side::Buy, true) => -1198,
        ("TAKE_PROFIT" | "TAKE_PROFIT_LIMIT", Side::Sell, false) => -1199,
        ("LIMIT_MAKER" | "STOP_LOSS" | "STOP_LOSS_LIMIT" | "TAKE_PROFIT" | "TAKE_PROFIT_LIMIT", ..) => return Ok(()),
        _ => -1158,
    };
    Err(Fault::Pair(code))
}

/// The older form: a limit, and a stop with a limit or at the market.
fn older_pair(ask: &Parameters, product: usize, side: Side) -> Result<[(Ticket, Manner); 2], Fault> {
    let [names, _] = PAIR;
    let limit = Names { price: "price", name: "limitClientOrderId", display: "limitIcebergQty", ..names };
    let stop = Names {
        price: "stopLimitPrice",
        trigger: "stopPrice",
        delta: "trailingDelta",
        stay: "stopLimitTimeInForce",
        name: "stopClientOrderId",
        display: "stopIcebergQty",
        ..names
    };
    let has_limit = ask.get("stopLimitPrice").is_some();
    let with = if has_limit { ask.clone().with("stopLimitTimeInForce", "GTC") } else { ask.clone() };
    let kinds = [("LIMIT_MAKER", limit, ask), (if has_limit { "STOP_LOSS_LIMIT" } else { "STOP_LOSS" }, stop, &with)];
    let mut orders = Vec::new();
    for (kind, names, ask) in kinds {
        let terms = terms(ask, kind, &names)?;
        let manner = manner(ask, &terms, &names)?;
        orders.push((Ticket { product, side, terms, name: name_of(ask, names.name)? }, manner));
    }
    <[(Ticket, Manner); 2]>::try_from(orders).map_err(|_| Fault::Type)
}

fn list_of(core: &Core, number: u64, reports: bool) -> Option<Value> {
    let orders: Vec<&Record> = core.orders_of(number).iter().filter_map(|id| core.order(*id)).collect();
    let first = *orders.first()?;
    let product = &core.markets()[first.product].product;
    let is_open = orders.iter().any(|order| order.status.is_open());
    let mut value = json!({
        "orderListId": number,
        "contingencyType": contingency(core, number),
        "listStatusType": if is_open { "EXEC_STARTED" } else { "ALL_DONE" },
        "listOrderStatus": if is_open { "EXECUTING" } else { "ALL_DONE" },
        "listClientOrderId": list_name(core, number),
        "transactionTime": millis(first.time),
        "symbol": product.name,
        "orders": orders.iter().map(|one| legs(one, product)).collect::<Value>(),
    });
    if reports {
        value["orderReports"] = orders.iter().map(|one| placed(core, one, Style::Result)).collect();
    }
    Some(value)
}

/// The user's name of a list, or the exchange's.
pub(super) fn list_name(core: &Core, number: u64) -> String {
    core.list_name(number).map_or_else(|| format!("qframe-list{number}"), str::to_owned)
}

/// What the orders of a list are to one another.
pub(super) fn contingency(core: &Core, number: u64) -> &'static str {
    if core.is_chain(number) { "OTO" } else { "OCO" }
}

pub(super) fn legs(one: &Record, product: &Product) -> Value {
    json!({ "symbol": product.name, "orderId": one.id, "clientOrderId": one.name })
}

fn asked_list(core: &Core, user: usize, ask: &Parameters) -> Result<Option<u64>, Fault> {
    let named = ask.get("origClientOrderId").or(ask.get("listClientOrderId"));
    let number = match (ask.whole::<u64>("orderListId")?, named) {
        (Some(number), _) => Some(number),
        (None, Some(name)) => {
            (1..=core.lists()).rev().find(|number| list_name(core, *number) == name && is_of(core, user, *number))
        }
        (None, None) => return Err(Fault::Either("orderListId", "listClientOrderId")),
    };
    Ok(number.filter(|number| is_of(core, user, *number)))
}

fn is_of(core: &Core, user: usize, number: u64) -> bool {
    core.orders_of(number).first().and_then(|id| core.order(*id)).is_some_and(|order| order.user == user)
}

pub(super) fn one(core: &Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    asked_list(core, user, ask)?.and_then(|number| list_of(core, number, false)).ok_or(Fault::NoOrder)
}

pub(super) fn cancel(core: &mut Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let number = asked_list(core, user, ask)?.ok_or(Fault::Cancel)?;
    let is_open = |id: &&u64| core.order(**id).is_some_and(|order| order.status.is_open());
    let open = core.orders_of(number).iter().find(is_open).copied();
    core.cancel(user, open.ok_or(Fault::Cancel)?).map_err(|_| Fault::Cancel)?;
    list_of(core, number, true).ok_or(Fault::NoOrder)
}

pub(super) fn all(core: &Core, user: usize, only_open: bool) -> Value {
    let own = (1..=core.lists()).filter(|number| is_of(core, user, *number));
    let told = own.filter_map(|number| list_of(core, number, false));
    told.filter(|list| !only_open || list["listOrderStatus"] == "EXECUTING").collect()
}
