//! What became of orders: one, a list of them, and their executions. The newest stands first.
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::Orders;
use super::error::Fault;
use super::request::Query;
use super::words::{Told, fill, number_of, product_of};
use crate::exchange::core::{Core, Execution};

/// The most rows of an answer.
const ROWS: usize = 1_000;

pub(super) fn order(core: &Core, orders: &Orders, user: usize, id: &str) -> Result<Value, Fault> {
    let found = number_of(id).and_then(|id| core.order(id)).filter(|order| order.user == user);
    let told = found.and_then(|record| Told::new(core, orders, record));
    let told = told.ok_or_else(|| Fault::NotFound(format!("order with this orderID {id:?}")))?;
    Ok(json!({ "order": told.order(&core.markets()[told.record.product].product) }))
}

pub(super) fn orders(core: &Core, orders: &Orders, user: usize, ask: &Query) -> Result<Value, Fault> {
    let (products, bounds) = (products(core, ask)?, Bounds::new(ask, ["start_date", "end_date"])?);
    let (ids, states) = (ask.all("order_ids"), ask.all("order_status"));
    let (side, kinds) = (ask.get("order_side"), ask.all("order_types"));
    let mut rows = Vec::new();
    let mut cursor = String::new();
    for record in core.orders(user).rev().filter(|one| bounds.hold(one.id, one.time)) {
        let Some(told) = Told::new(core, orders, record) else { continue };
        let row = told.order(&core.markets()[record.product].product);
        let fits =
            |wanted: &[&str], name: &str| wanted.is_empty() || wanted.iter().any(|one| row[name].as_str() == Some(one));
        let wanted = fits(&ids, "order_id")
            && fits(&states, "status")
            && fits(&kinds, "order_type")
            && side.is_none_or(|side| row["side"] == side)
            && (products.is_empty() || products.contains(&record.product));
        if !wanted {
            continue;
        }
        if rows.len() == bounds.limit {
            // The first of the next page.
            cursor = record.id.to_string();
            break;
        }
        rows.push(row);
    }
    Ok(json!({ "orders": rows, "sequence": "0", "has_next": !cursor.is_empty(), "cursor": cursor }))
}

pub(super) fn fills(core: &Core, user: usize, ask: &Query) -> Result<Value, Fault> {
    let (products, bounds) =
        (products(core, ask)?, Bounds::new(ask, ["start_sequence_timestamp", "end_sequence_timestamp"])?);
    let wanted: Vec<&str> = ask.all("order_ids").into_iter().chain(ask.get("order_id")).collect();
    let numbers: Vec<u64> = wanted.iter().filter_map(|id| number_of(id)).collect();
    let trades: Vec<u64> = ask.all("trade_ids").into_iter().filter_map(|id| id.parse().ok()).collect();
    let told_as = |one: &Execution| {
        let list = core.order(one.order).and_then(|order| order.list).and_then(|list| core.list(list));
        list.map_or(one.order, |ids| ids[0])
    };
    let mut rows = core.executions(user).rev().filter(|one| {
        bounds.hold(one.id, one.time)
            && (wanted.is_empty() || numbers.contains(&told_as(one)))
            && (ask.all("trade_ids").is_empty() || trades.contains(&one.id))
            && (products.is_empty() || products.contains(&one.product))
    });
    let page: Vec<Value> = rows
        .by_ref()
        .take(bounds.limit)
        .map(|one| fill(one, told_as(one), &core.markets()[one.product].product))
        .collect();
    let cursor = rows.next().map_or_else(String::new, |next| next.id.to_string());
    Ok(json!({ "fills": page, "cursor": cursor }))
}

fn products(core: &Core, ask: &Query) -> Result<Vec<usize>, Fault> {
    let ids = ask.all("product_ids").into_iter().chain(ask.get("product_id"));
    let place = |id: &str| product_of(core, id).ok_or_else(|| Fault::NotFound(format!("product {id:?}")));
    ids.map(place).collect()
}

/// From which number back, from when to when, and how many.
struct Bounds {
    cursor: Option<u64>,
    from: Option<Time>,
    to: Option<Time>,
    limit: usize,
}

impl Bounds {
    fn new(ask: &Query, [from, to]: [&'static str; 2]) -> Result<Self, Fault> {
        let time = |name: &'static str| -> Result<Option<Time>, Fault> {
            let read = |text: &str| text.parse().map_err(|error| Fault::Argument(format!("{name}: {error}")));
            ask.get(name).map(read).transpose()
        };
        Ok(Self { cursor: ask.whole("cursor")?, from: time(from)?, to: time(to)?, limit: ask.limit(ROWS, ROWS)? })
    }

    fn hold(&self, id: u64, time: Time) -> bool {
        self.cursor.is_none_or(|cursor| id <= cursor)
            && self.from.is_none_or(|from| time >= from)
            && self.to.is_none_or(|to| time < to)
    }
}
