//! Orders, executions and money of futures as Binance writes them.
use qframe_model::number::{Cash, Price, Quantity};
use serde_json::{Value, json};

use super::futures::Futures;
use super::mark::Contract;
use super::order::{Amount, Cause, Execution, Income, Record, Status, Stay, Ticket, Wake, Watched};
pub(super) use crate::exchange::binance::words::{eight, millis, prevention, side, status};

/// The type of an order as it was sent.
pub(super) const fn kind(ticket: &Ticket) -> &'static str {
    match (ticket.wake, ticket.limit) {
        (Wake::Now, Some(_)) => "LIMIT",
        (Wake::Now, None) => "MARKET",
        (Wake::Trail { .. }, _) => "TRAILING_STOP_MARKET",
        (Wake::Touch { takes_profit: true, .. }, Some(_)) => "TAKE_PROFIT",
        (Wake::Touch { takes_profit: true, .. }, None) => "TAKE_PROFIT_MARKET",
        (Wake::Touch { .. }, Some(_)) => "STOP",
        (Wake::Touch { .. }, None) => "STOP_MARKET",
    }
}

/// The type of an order as it is now: behind its trigger it is a limit, or at the market.
pub(super) const fn kind_now(record: &Record) -> &'static str {
    match (record.works, record.ticket.limit) {
        (false, _) => kind(&record.ticket),
        (true, Some(_)) => "LIMIT",
        (true, None) => "MARKET",
    }
}

pub(super) const fn stay(ticket: &Ticket) -> &'static str {
    match ticket.stay {
        Stay::Gtc => "GTC",
        Stay::Ioc => "IOC",
        Stay::Fok => "FOK",
        Stay::Gtx => "GTX",
        Stay::Gtd(_) => "GTD",
    }
}

/// Until when an order is good; 0 where no date says.
pub(super) const fn good_till(ticket: &Ticket) -> i64 {
    match ticket.stay {
        Stay::Gtd(until) => until,
        _ => 0,
    }
}

pub(super) const fn watches(ticket: &Ticket) -> &'static str {
    match ticket.watches {
        Watched::Last => "CONTRACT_PRICE",
        Watched::Mark => "MARK_PRICE",
    }
}

pub(super) fn trigger(ticket: &Ticket) -> Price {
    match ticket.wake {
        Wake::Touch { trigger, .. } => trigger,
        _ => Price::ZERO,
    }
}

/// The activation price and the callback in percent of a trailing order.
pub(super) fn trail(ticket: &Ticket) -> Option<(Option<Price>, String)> {
    let Wake::Trail { callback, activation } = ticket.wake else { return None };
    // A hundredth of a percent is the finest that it is told in.
    let points = callback.nanos() / 100_000;
    Some((activation, format!("{}.{:02}", points / 100, points % 100)))
}

/// The average price of what is filled; zero where nothing is.
pub(super) fn average(record: &Record) -> Price {
    record.value.per_unit(record.filled).unwrap_or(Price::ZERO)
}

/// An order as `GET /fapi/v1/order` tells it.
pub(super) fn order(futures: &Futures, record: &Record) -> Value {
    let ticket = &record.ticket;
    let mut value = json!({
        "orderId": record.id,
        "symbol": symbol(futures, ticket.product),
        "status": status(record.status),
        "clientOrderId": record.name,
        "price": eight(ticket.limit.unwrap_or(Price::ZERO)),
        "avgPrice": eight(average(record)),
        "origQty": record.quantity.to_string(),
        "executedQty": record.filled.to_string(),
        "cumQty": record.filled.to_string(),
        "cumQuote": eight(record.value),
        "timeInForce": stay(ticket),
        "type": kind_now(record),
        "reduceOnly": record.reduces(),
        "closePosition": ticket.amount == Amount::Position,
        "side": side(ticket.side),
        "positionSide": "BOTH",
        "stopPrice": eight(trigger(ticket)),
        "workingType": watches(ticket),
        "priceProtect": false,
        "origType": kind(ticket),
        "priceMatch": "NONE",
        "selfTradePreventionMode": prevention(ticket.prevention),
        "goodTillDate": good_till(ticket),
        "time": millis(record.time),
        "updateTime": millis(record.updated),
    });
    if let Some((activation, rate)) = trail(ticket) {
        value["priceRate"] = json!(rate);
        value["activatePrice"] = json!(activation.map(eight));
    }
    value
}

pub(super) const fn algo_status(record: &Record) -> &'static str {
    match record.status {
        Status::New | Status::PartiallyFilled if record.works => "TRIGGERED",
        Status::Pending | Status::New | Status::PartiallyFilled => "NEW",
        Status::Filled => "FINISHED",
        Status::Cancelled => "CANCELED",
        Status::Expired | Status::Prevented => "EXPIRED",
    }
}

/// A conditional order as `GET /fapi/v1/algoOrder` tells it. Its order has the same number.
pub(super) fn algo(futures: &Futures, record: &Record) -> Value {
    let ticket = &record.ticket;
    let (activation, rate) = trail(ticket).map_or((None, None), |(activation, rate)| (activation, Some(rate)));
    json!({
        "algoId": record.id,
        "clientAlgoId": record.name,
        "algoType": "CONDITIONAL",
        "orderType": kind(ticket),
        "symbol": symbol(futures, ticket.product),
        "side": side(ticket.side),
        "positionSide": "BOTH",
        "timeInForce": stay(ticket),
        "quantity": record.quantity.to_string(),
        "algoStatus": algo_status(record),
        "actualOrderId": if record.works { record.id.to_string() } else { String::new() },
        "actualPrice": eight(average(record)),
        "triggerPrice": eight(trigger(ticket)),
        "price": eight(ticket.limit.unwrap_or(Price::ZERO)),
        "icebergQuantity": null,
        "selfTradePreventionMode": prevention(ticket.prevention),
        "workingType": watches(ticket),
        "priceMatch": "NONE",
        "closePosition": ticket.amount == Amount::Position,
        "priceProtect": false,
        "reduceOnly": record.reduces(),
        "activatePrice": activation.map(eight),
        "callbackRate": rate,
        "createTime": millis(record.time),
        "updateTime": millis(record.updated),
        "triggerTime": if record.works { millis(record.updated) } else { 0 },
        "goodTillDate": good_till(ticket),
    })
}

/// An execution as `GET /fapi/v1/userTrades` tells it.
pub(super) fn execution(futures: &Futures, one: &Execution) -> Value {
    let product = &futures.contracts()[one.product].market.product;
    let buys = one.side == qframe_model::market::Side::Buy;
    json!({
        "symbol": product.name, "id": one.id, "orderId": one.order, "side": side(one.side), "positionSide": "BOTH",
        "price": eight(one.price), "qty": one.quantity.to_string(), "quoteQty": eight(one.value),
        "realizedPnl": eight(one.realised), "commission": eight(one.commission), "commissionAsset": product.quote,
        "time": millis(one.time), "buyer": buys, "maker": one.maker,
    })
}

pub(super) const fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Transfer => "TRANSFER",
        Cause::Realised => "REALIZED_PNL",
        Cause::Commission => "COMMISSION",
        Cause::Funding => "FUNDING_FEE",
        Cause::Insurance => "INSURANCE_CLEAR",
    }
}

/// Money that came or went, as `GET /fapi/v1/income` tells it.
pub(super) fn income(futures: &Futures, one: &Income) -> Value {
    json!({
        "symbol": one.product.map_or("", |product| symbol(futures, product)), "incomeType": cause(one.cause),
        "income": eight(one.amount), "asset": one.asset, "info": cause(one.cause), "time": millis(one.time),
        "tranId": one.id, "tradeId": one.execution.map_or_else(String::new, |id| id.to_string()),
    })
}

/// The average price of a position; zero where there is none.
pub(super) fn entry(contract: &Contract, position: &qframe_model::position::Position) -> Price {
    position.average_price(&contract.instrument).unwrap_or(Price::ZERO)
}

/// The price at which a position has earned back what opening and closing it costs: the entry, and twice the commission.
pub(super) fn break_even(futures: &Futures, entry: Price, units: Quantity) -> Price {
    if units.is_zero() {
        return Price::ZERO;
    }
    let rate = i128::from(futures.commission().taker.nanos()) * 2;
    let fee = i128::from(entry.nanos()) * rate / 1_000_000_000;
    let fee = i64::try_from(fee).unwrap_or(0);
    Price::from_nanos(if units.is_negative() { entry.nanos() - fee } else { entry.nanos() + fee })
}

pub(super) fn symbol(futures: &Futures, product: usize) -> &str {
    &futures.contracts()[product].market.product.name
}

/// What may be taken out: what orders may use, and no profit that is not realised.
pub(super) fn withdrawable(available: Cash, wallet: Cash) -> Cash {
    available.min(wallet).max(Cash::ZERO)
}

/// The margin type of a position as positions and accounts tell it.
pub(super) const fn margin_type(holding: &super::Holding) -> &'static str {
    if holding.isolated.is_some() { "isolated" } else { "cross" }
}
