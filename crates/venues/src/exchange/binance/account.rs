//! What a user may ask: orders, their cancellation, balances and executions.
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::error::Fault;
use super::lists;
use super::market::market;
use super::request::Parameters;
use super::terms::{ALONE, manner, name_of, side_of, terms};
use super::words::{eight, execution, list, millis, order, time_of};
use crate::exchange::core::{Commission, Core, Execution, Manner, Record, Terms, Ticket};

/// Answers an address of a user; `None` where it is none.
///
/// # Errors
/// The [`Fault`] of a parameter, or the exchange's refusal.
pub(super) fn answer(
    core: &mut Core,
    user: usize,
    method: &str,
    path: &str,
    ask: &Parameters,
) -> Result<Option<(Value, u32)>, Fault> {
    Ok(Some(match (method, path) {
        ("POST", "order") => (place(core, user, ask)?, 1),
        ("POST", "order/test") => (test(core, user, ask)?, 1),
        ("GET", "order") => (one(core, user, ask)?, 4),
        ("DELETE", "order") => (cancel(core, user, ask)?, 1),
        ("POST", "order/cancelReplace") => (replace(core, user, ask)?, 1),
        ("GET", "openOrders") => (open(core, user, ask)?, 6),
        ("DELETE", "openOrders") => (cancel_all(core, user, ask)?, 1),
        ("GET", "allOrders") => (all(core, user, ask)?, 20),
        ("POST", "orderList/oco" | "order/oco") => (lists::pair(core, user, ask, path == "order/oco")?, 1),
        ("POST", "orderList/oto" | "orderList/otoco") => (lists::chain(core, user, ask, path == "orderList/otoco")?, 1),
        ("GET", "orderList") => (lists::one(core, user, ask)?, 4),
        ("DELETE", "orderList") => (lists::cancel(core, user, ask)?, 1),
        ("GET", "allOrderList" | "openOrderList") => (lists::all(core, user, path == "openOrderList"), 20),
        ("GET", "account") => (account(core, user, ask), 20),
        ("GET", "account/commission") => (commission(core, ask)?, 20),
        ("GET", "myTrades") => (executions(core, user, ask)?, 20),
        ("GET", "rateLimit/order") => (json!([]), 40),
        _ => return Ok(None),
    }))
}

/// Reads an order of the parameters.
fn ticket(core: &Core, ask: &Parameters) -> Result<(Ticket, Manner), Fault> {
    let (side, name) = (side_of(ask, "side")?, name_of(ask, ALONE.name)?);
    let terms = terms(ask, ask.need(ALONE.kind)?, &ALONE)?;
    let manner = manner(ask, &terms, &ALONE)?;
    let symbol = &market(core, ask)?.product.name;
    let product = core.product(symbol).ok_or(Fault::Symbol)?;
    Ok((Ticket { product, side, terms, name }, manner))
}

fn place(core: &mut Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let (ticket, manner) = ticket(core, ask)?;
    let style = style(ask, &ticket)?;
    let id = core.place_as(user, &ticket, manner)?;
    Ok(core.order(id).map_or(Value::Null, |record| placed(core, record, style)))
}

fn test(core: &Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let (ticket, manner) = ticket(core, ask)?;
    core.test_as(user, &ticket, manner)?;
    Ok(json!({}))
}

/// How much an answer tells of a new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    Ack,
    Result,
    Full,
}

fn style(ask: &Parameters, ticket: &Ticket) -> Result<Style, Fault> {
    match ask.get("newOrderRespType") {
        Some("ACK") => Ok(Style::Ack),
        Some("RESULT") => Ok(Style::Result),
        Some("FULL") => Ok(Style::Full),
        Some(_) => Err(Fault::Value("newOrderRespType")),
        None if matches!(ticket.terms, Terms::Market(_) | Terms::Limit { .. }) => Ok(Style::Full),
        None => Ok(Style::Ack),
    }
}

pub(super) fn placed(core: &Core, record: &Record, style: Style) -> Value {
    let product = &core.markets()[record.product].product;
    if style == Style::Ack {
        return json!({
            "symbol": product.name, "orderId": record.id, "orderListId": list(record),
            "clientOrderId": record.name, "transactTime": millis(record.time),
        });
    }
    let mut value = order(record, product);
    value["transactTime"] = json!(millis(record.time));
    if let Value::Object(fields) = &mut value {
        for name in ["time", "updateTime", "isWorking"] {
            fields.remove(name);
        }
    }
    if style == Style::Full {
        let fills = core.executions(record.user).filter(|one| one.order == record.id);
        value["fills"] = fills
            .map(|one: &Execution| {
                json!({
                    "price": eight(one.price), "qty": eight(one.quantity), "commission": eight(one.commission),
                    "commissionAsset": one.commission_in, "tradeId": one.id,
                })
            })
            .collect();
    }
    value
}

/// The order that `orderId` or `origClientOrderId` names.
fn find<'c>(
    core: &'c Core,
    user: usize,
    ask: &Parameters,
    names: [&'static str; 2],
) -> Result<Option<&'c Record>, Fault> {
    let symbol = &market(core, ask)?.product.name;
    let found = match (ask.whole::<u64>(names[0])?, ask.get(names[1])) {
        (Some(id), _) => core.order(id).filter(|order| order.user == user),
        (None, Some(name)) => core.order_named(user, name),
        (None, None) => return Err(Fault::Either(names[1], names[0])),
    };
    Ok(found.filter(|order| core.markets()[order.product].product.name == *symbol))
}

fn one(core: &Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let found = find(core, user, ask, ["orderId", "origClientOrderId"])?.ok_or(Fault::NoOrder)?;
    Ok(order(found, &core.markets()[found.product].product))
}

fn cancel(core: &mut Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let id = find(core, user, ask, ["orderId", "origClientOrderId"])?.map(|found| found.id).ok_or(Fault::Cancel)?;
    core.cancel(user, id).map_err(|_| Fault::Cancel)?;
    Ok(cancelled(core, id, ask.get("newClientOrderId")))
}

fn cancelled(core: &Core, id: u64, name: Option<&str>) -> Value {
    let Some(record) = core.order(id) else { return Value::Null };
    let mut value = placed(core, record, Style::Result);
    value["origClientOrderId"] = json!(record.name);
    value["clientOrderId"] = json!(name.map_or_else(|| format!("cancel{id}"), str::to_owned));
    value["transactTime"] = json!(millis(record.updated));
    value
}

/// The orders of a user and a product, as far as they are told.
fn chosen<'c>(core: &'c Core, user: usize, ask: &Parameters) -> Result<Vec<&'c Record>, Fault> {
    let product = core.product(&market(core, ask)?.product.name);
    Ok(core.orders(user).filter(|order| Some(order.product) == product).collect())
}

fn open(core: &Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let symbol = ask.get("symbol").map(|_| market(core, ask)).transpose()?;
    let here = |order: &&Record| symbol.is_none_or(|market| core.markets()[order.product].product == market.product);
    Ok(core.open_orders(user).filter(here).map(|one| order(one, &core.markets()[one.product].product)).collect())
}

fn all(core: &Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let (orders, bounds) = (chosen(core, user, ask)?, Bounds::new(ask, "orderId")?);
    let wanted: Vec<_> = orders.into_iter().filter(|one| bounds.hold(one.id, one.time)).collect();
    Ok(bounds.cut(wanted).into_iter().map(|one| order(one, &core.markets()[one.product].product)).collect())
}

fn executions(core: &Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let symbol = &market(core, ask)?.product;
    let (of, bounds) = (ask.whole::<u64>("orderId")?, Bounds::new(ask, "fromId")?);
    let wanted = core.executions(user).filter(|one| {
        core.markets()[one.product].product == *symbol
            && of.is_none_or(|of| one.order == of)
            && bounds.hold(one.id, one.time)
    });
    Ok(bounds.cut(wanted.collect()).into_iter().map(|one| execution(one, core.order(one.order), symbol)).collect())
}

/// From where to where, and how many.
pub(in crate::exchange) struct Bounds {
    from_id: Option<u64>,
    from: Option<Time>,
    to: Option<Time>,
    limit: usize,
}

impl Bounds {
    pub(in crate::exchange) fn new(ask: &Parameters, id: &'static str) -> Result<Self, Fault> {
        Ok(Self {
            from_id: ask.whole(id)?,
            from: ask.whole("startTime")?.map(time_of),
            to: ask.whole("endTime")?.map(|to: i64| time_of(to.saturating_add(1))),
            limit: ask.whole::<usize>("limit")?.unwrap_or(500).min(1_000),
        })
    }

    pub(in crate::exchange) fn hold(&self, id: u64, time: Time) -> bool {
        self.from_id.is_none_or(|from| id >= from)
            && self.from.is_none_or(|from| time >= from)
            && self.to.is_none_or(|to| time < to)
    }

    /// With a start the first ones, else the last ones.
    pub(in crate::exchange) fn cut<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if self.from_id.is_some() || self.from.is_some() {
            rows.truncate(self.limit);
        } else {
            rows.drain(..rows.len().saturating_sub(self.limit));
        }
        rows
    }
}

fn cancel_all(core: &mut Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let open = chosen(core, user, ask)?.into_iter().filter(|order| order.status.is_open());
    let ids: Vec<u64> = open.map(|order| order.id).collect();
    if ids.is_empty() {
        return Err(Fault::Cancel);
    }
    // Of a pair the first takes the second with it.
    for id in &ids {
        let _ = core.cancel(user, *id);
    }
    Ok(ids.into_iter().map(|id| cancelled(core, id, None)).collect())
}

/// Withdraws an order and places another, as `cancelReplaceMode` says what becomes of the second where the first fails.
fn replace(core: &mut Core, user: usize, ask: &Parameters) -> Result<Value, Fault> {
    let goes_on = match ask.need("cancelReplaceMode")? {
        "STOP_ON_FAILURE" => false,
        "ALLOW_FAILURE" => true,
        _ => return Err(Fault::Value("cancelReplaceMode")),
    };
    let (ticket, manner) = ticket(core, ask)?;
    let style = style(ask, &ticket)?;
    let old = find(core, user, ask, ["cancelOrderId", "cancelOrigClientOrderId"])?.map(|found| found.id);
    let withdrawn =
        old.ok_or(Fault::Cancel).and_then(|id| core.cancel(user, id).map(|()| id).map_err(|_| Fault::Cancel));
    if let (Err(fault), false) = (&withdrawn, goes_on) {
        return Err(Fault::Replace(
            Box::new(json!({
                "cancelResult": "FAILURE", "newOrderResult": "NOT_ATTEMPTED",
                "cancelResponse": fault.body(), "newOrderResponse": null,
            })),
            -2022,
        ));
    }
    let placed = core.place_as(user, &ticket, manner).map_err(Fault::from);
    let (cancel_result, cancel_response) = match &withdrawn {
        Ok(id) => ("SUCCESS", cancelled(core, *id, None)),
        Err(fault) => ("FAILURE", fault.body()),
    };
    let (order_result, order_response) = match &placed {
        Ok(id) => ("SUCCESS", core.order(*id).map_or(Value::Null, |record| self::placed(core, record, style))),
        Err(fault) => ("FAILURE", fault.body()),
    };
    let told = json!({
        "cancelResult": cancel_result, "newOrderResult": order_result,
        "cancelResponse": cancel_response, "newOrderResponse": order_response,
    });
    match (withdrawn.is_ok(), placed.is_ok()) {
        (true, true) => Ok(told),
        (false, false) => Err(Fault::Replace(Box::new(told), -2022)),
        _ => Err(Fault::Replace(Box::new(told), -2021)),
    }
}

fn account(core: &Core, user: usize, ask: &Parameters) -> Value {
    let Commission { maker, taker } = core.commission();
    let hides = ask.get("omitZeroBalances") == Some("true");
    let wallet = core.wallets().of(user).cloned().unwrap_or_default();
    let shown = wallet.iter().filter(|(_, one)| !hides || one.free.is_positive() || one.locked.is_positive());
    let points = |rate: qframe_model::number::Rate| rate.nanos() / 100_000;
    json!({
        "makerCommission": points(maker), "takerCommission": points(taker), "buyerCommission": 0, "sellerCommission": 0,
        "commissionRates": { "maker": eight(maker), "taker": eight(taker), "buyer": "0.00000000", "seller": "0.00000000" },
        "canTrade": true, "canWithdraw": false, "canDeposit": false, "brokered": false,
        "requireSelfTradePrevention": false, "preventSor": false,
        "updateTime": millis(core.now()), "accountType": "SPOT",
        "balances": shown
            .map(|(asset, one)| json!({ "asset": asset, "free": eight(one.free), "locked": eight(one.locked) }))
            .collect::<Value>(),
        "permissions": ["SPOT"], "uid": user + 1,
    })
}

fn commission(core: &Core, ask: &Parameters) -> Result<Value, Fault> {
    let Commission { maker, taker } = core.commission();
    let zero = json!({ "maker": "0.00000000", "taker": "0.00000000", "buyer": "0.00000000", "seller": "0.00000000" });
    Ok(json!({
        "symbol": market(core, ask)?.product.name,
        "standardCommission": { "maker": eight(maker), "taker": eight(taker), "buyer": "0.00000000", "seller": "0.00000000" },
        "specialCommission": zero, "taxCommission": zero,
        "discount": { "enabledForAccount": false, "enabledForSymbol": false, "discountAsset": "BNB", "discount": "0.00000000" },
    }))
}
