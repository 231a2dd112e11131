//! Lists of orders: pairs of which one cancels the other.
use serde_json::{Value, json};

use super::account::{Style, name_of, placed, side_of, terms};
use super::error::Fault;
use super::market::market;
use super::request::Parameters;
use super::words::millis;
use crate::exchange::core::{Core, Product, Record, Terms, Ticket};

/// One cancels the other: as `above…` and `below…` say, or in the older form a limit with a stop.
pub(super) fn pair(core: &mut Core, user: usize, ask: &Parameters, older: bool) -> Result<Value, Fault> {
    let side = side_of(ask)?;
    let name = market(core, ask)?.product.name.clone();
    let product = core.product(&name).ok_or(Fault::Symbol)?;
    let tickets = if older {
        let stop = Parameters::clone(ask).with("stopLimitTimeInForce", "GTC");
        [
            (terms(ask, "LIMIT_MAKER", "price", "aboveStopPrice", "timeInForce")?, "limitClientOrderId"),
            (
                terms(&stop, "STOP_LOSS_LIMIT", "stopLimitPrice", "stopPrice", "stopLimitTimeInForce")?,
                "stopClientOrderId",
            ),
        ]
    } else {
        let (above, below) = (ask.need("aboveType")?, ask.need("belowType")?);
        [
            (terms(ask, above, "abovePrice", "aboveStopPrice", "aboveTimeInForce")?, "aboveClientOrderId"),
            (terms(ask, below, "belowPrice", "belowStopPrice", "belowTimeInForce")?, "belowClientOrderId"),
        ]
    };
    let mut read = Vec::new();
    for (terms, name) in tickets {
        read.push(Ticket { product, side, terms, name: name_of(ask, name)? });
    }
    // The order that rests goes first, so that it is there before the trigger of the other.
    read.sort_by_key(|ticket| matches!(ticket.terms, Terms::Triggered { .. }));
    let [limit, stop] = &read[..] else { return Err(Fault::Type) };
    if !matches!(stop.terms, Terms::Triggered { .. }) {
        return Err(Fault::Type);
    }
    let list = core.place_pair(user, [limit, stop])?;
    list_of(core, list, true).ok_or(Fault::NoOrder)
}

fn list_of(core: &Core, number: u64, reports: bool) -> Option<Value> {
    let ids = core.list(number)?;
    let orders: Vec<&Record> = ids.iter().filter_map(|id| core.order(*id)).collect();
    let first = *orders.first()?;
    let product = &core.markets()[first.product].product;
    let is_open = orders.iter().any(|order| order.status.is_open());
    let mut value = json!({
        "orderListId": number,
        "contingencyType": "OCO",
        "listStatusType": if is_open { "EXEC_STARTED" } else { "ALL_DONE" },
        "listOrderStatus": if is_open { "EXECUTING" } else { "ALL_DONE" },
        "listClientOrderId": list_name(number),
        "transactionTime": millis(first.time),
        "symbol": product.name,
        "orders": orders.iter().map(|one| legs(one, product)).collect::<Value>(),
    });
    if reports {
        value["orderReports"] = orders.iter().map(|one| placed(core, one, Style::Result)).collect();
    }
    Some(value)
}

/// The exchange's name of a list.
pub(super) fn list_name(number: u64) -> String {
    format!("qframe-list{number}")
}

pub(super) fn legs(one: &Record, product: &Product) -> Value {
    json!({ "symbol": product.name, "orderId": one.id, "clientOrderId": one.name })
}

fn asked_list(core: &Core, user: usize, ask: &Parameters) -> Result<Option<u64>, Fault> {
    let named = ask.get("origClientOrderId").or(ask.get("listClientOrderId"));
    let number = match (ask.whole::<u64>("orderListId")?, named) {
        (Some(number), _) => Some(number),
        (None, Some(name)) => name.strip_prefix("qframe-list").and_then(|number| number.parse().ok()),
        (None, None) => return Err(Fault::Either("orderListId", "listClientOrderId")),
    };
    Ok(number.filter(|number| is_of(core, user, *number)))
}

fn is_of(core: &Core, user: usize, number: u64) -> bool {
    core.list(number).and_then(|ids| core.order(ids[0])).is_some_and(|order| order.user == user)
}

pub(super) fn one(core: &Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    asked_list(core, user, ask)?.and_then(|number| list_of(core, number, false)).ok_or(Fault::NoOrder)
}

pub(super) fn cancel(core: &mut Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let number = asked_list(core, user, ask)?.ok_or(Fault::Cancel)?;
    let ids = core.list(number).unwrap_or_default();
    let open = ids.into_iter().find(|id| core.order(*id).is_some_and(|order| order.status.is_open()));
    core.cancel(user, open.ok_or(Fault::Cancel)?).map_err(|_| Fault::Cancel)?;
    list_of(core, number, true).ok_or(Fault::NoOrder)
}

pub(super) fn all(core: &Core, user: usize, only_open: bool) -> Value {
    let own = (1..=core.lists()).filter(|number| is_of(core, user, *number));
    let told = own.filter_map(|number| list_of(core, number, false));
    told.filter(|list| !only_open || list["listOrderStatus"] == "EXECUTING").collect()
}
