//! Products, orders and executions as Coinbase writes them.
use qframe_model::market::{Level, Side, Trade};
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::time::Time;
use serde_json::{Value, json};

use super::Orders;
use crate::exchange::core::candles::Candle;
use crate::exchange::core::{Amount, Core, Execution, Market, Product, Record, Status, Stay, Terms};

/// A product's name: `BTC-USD`.
pub(super) fn product_id(product: &Product) -> String {
    format!("{}-{}", product.base, product.quote)
}

/// The product of a name.
pub(super) fn product_of(core: &Core, id: &str) -> Option<usize> {
    let (base, quote) = id.split_once('-')?;
    let here = |market: &Market| market.product.base.as_str() == base && market.product.quote.as_str() == quote;
    core.markets().iter().position(here)
}

/// The name of an order, and whose number it is.
pub(super) fn order_id(id: u64) -> String {
    format!("00000000-0000-4000-8000-{id:012x}")
}

pub(super) fn number_of(order_id: &str) -> Option<u64> {
    let digits = order_id.strip_prefix("00000000-0000-4000-8000-").filter(|digits| digits.len() == 12)?;
    u64::from_str_radix(digits, 16).ok()
}

/// A user, and the portfolio that all of it is in.
pub(super) fn user_id(user: usize) -> String {
    format!("00000000-0000-4000-9000-{user:012x}")
}

pub(super) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "BUY",
        Side::Sell => "SELL",
    }
}

/// Trades are told with the side of the order that rested.
pub(super) fn trade(product: &str, one: &Trade) -> Value {
    json!({
        "trade_id": one.id.to_string(), "product_id": product, "price": one.price.to_string(),
        "size": one.quantity.quantity().to_string(), "time": one.time, "side": side(one.side.opposite()),
    })
}

pub(super) fn levels(levels: impl Iterator<Item = Level>) -> Value {
    levels.map(|one| json!({ "price": one.price.to_string(), "size": one.quantity.quantity().to_string() })).collect()
}

pub(super) fn candle(one: &Candle) -> Value {
    json!({
        "start": one.open_time.nanos().div_euclid(1_000_000_000).to_string(), "low": one.low.to_string(),
        "high": one.high.to_string(), "open": one.open.to_string(), "close": one.close.to_string(),
        "volume": one.volume.to_string(),
    })
}

/// How far the last price is from the one of a day before, in percent.
pub(super) fn change(day: Option<Candle>) -> String {
    day.map_or_else(
        || "0".to_owned(),
        |day| {
            let change = day.close.nanos() as f64 / day.open.nanos().max(1) as f64 - 1.0;
            format!("{:.8}", change * 100.0)
        },
    )
}

/// A product as the list of them tells it.
pub(super) fn product(market: &Market, now: Time) -> Value {
    let (one, day, id) = (&market.product, market.candles().day(now), product_id(&market.product));
    let price = |price: Option<Price>| price.map_or_else(String::new, |price| price.to_string());
    let largest = one.price_max().times(one.quantity_max()).unwrap_or(Cash::MAX);
    let best = [market.book().bid(), market.book().ask()].map(|level| price(level.map(|level| level.price)));
    json!({
        "product_id": id, "price": price(market.last()), "price_percentage_change_24h": change(day),
        "volume_24h": day.map_or(Quantity::ZERO, |day| day.volume).to_string(), "volume_percentage_change_24h": "0",
        "base_increment": one.lot.to_string(), "quote_increment": one.tick.to_string(),
        "price_increment": one.tick.to_string(), "quote_min_size": one.min_notional.to_string(),
        "quote_max_size": largest.to_string(), "base_min_size": one.lot.to_string(),
        "base_max_size": one.quantity_max().to_string(), "base_name": one.base, "quote_name": one.quote,
        "watched": false, "is_disabled": false, "new": false, "status": "online", "cancel_only": false,
        "limit_only": false, "post_only": false, "trading_disabled": false, "auction_mode": false,
        "product_type": "SPOT", "quote_currency_id": one.quote, "base_currency_id": one.base,
        "fcm_trading_session_details": null, "mid_market_price": price(market.book().middle()), "alias": "",
        "alias_to": [], "base_display_symbol": one.base, "quote_display_symbol": one.quote, "view_only": false,
        "display_name": id, "product_venue": "CBE",
        "approximate_quote_24h_volume": day.map_or(Cash::ZERO, |day| day.value).to_string(),
        "best_bid_price": best[0], "best_ask_price": best[1],
    })
}

/// An order with what the other one of a bracket adds to it: Coinbase tells them as one.
#[derive(Debug, Clone)]
pub(super) struct Told<'c> {
    pub(super) record: &'c Record,
    stop: Option<&'c Record>,
    pub(super) status: &'static str,
    pub(super) filled: Quantity,
    pub(super) value: Cash,
    pub(super) fees: Cash,
    pub(super) fills: u64,
    pub(super) held: Cash,
    pub(super) updated: Time,
    end: Option<Time>,
}

impl<'c> Told<'c> {
    /// `None` for the second order of a bracket: it is told with the first.
    pub(super) fn new(core: &'c Core, orders: &Orders, record: &'c Record) -> Option<Self> {
        let ids = record.list.and_then(|list| core.list(list)).unwrap_or([record.id; 2]);
        if record.id != ids[0] {
            return None;
        }
        let stop = (ids[1] != ids[0]).then(|| core.order(ids[1])).flatten();
        let legs = [Some(record), stop];
        let sum = |of: fn(&Record) -> Cash| {
            let amounts = legs.iter().flatten().map(|leg| of(leg));
            amounts.fold(Cash::ZERO, |sum, one| sum.plus(one).unwrap_or(Cash::MAX))
        };
        let units = legs.iter().flatten().map(|leg| leg.filled);
        let filled = units.fold(Quantity::ZERO, |sum, one| sum.plus(one).unwrap_or(Quantity::MAX));
        let status = if legs.iter().flatten().any(|leg| leg.status.is_open()) {
            "OPEN"
        } else if filled >= record.quantity {
            "FILLED"
        } else if orders.expired.contains(&record.id) {
            "EXPIRED"
        } else {
            "CANCELLED"
        };
        Some(Self {
            record,
            stop,
            status,
            filled,
            value: sum(|leg| leg.value),
            fees: sum(|leg| leg.fees),
            fills: legs.iter().flatten().map(|leg| leg.fills).sum(),
            held: sum(|leg| leg.locked),
            updated: legs.iter().flatten().map(|leg| leg.updated).max().unwrap_or(record.updated),
            end: orders.ends.get(&record.id).map(|millis| Time::from_nanos(millis.saturating_mul(1_000_000))),
        })
    }

    /// What it costs or brings, commissions and all.
    fn after_fees(&self) -> Cash {
        let sum = match self.record.side {
            Side::Buy => self.value.plus(self.fees),
            Side::Sell => self.value.minus(self.fees),
        };
        sum.unwrap_or(Cash::MAX)
    }

    fn average(&self) -> String {
        self.value.per_unit(self.filled).unwrap_or(Price::ZERO).to_string()
    }

    /// In hundredths, cut.
    fn percent(&self) -> String {
        (self.filled.nanos().saturating_mul(100) / self.record.quantity.nanos().max(1)).to_string()
    }

    fn kind(&self) -> &'static str {
        match self.record.terms {
            _ if self.stop.is_some() => "BRACKET",
            _ if self.record.trigger().is_some() => "STOP_LIMIT",
            Terms::Market(_) => "MARKET",
            _ => "LIMIT",
        }
    }

    fn stay(&self) -> &'static str {
        match self.record.terms {
            _ if self.end.is_some() => "GOOD_UNTIL_DATE_TIME",
            Terms::Market(_) | Terms::Limit { stay: Stay::Ioc, .. } => "IMMEDIATE_OR_CANCEL",
            Terms::Limit { stay: Stay::Fok, .. } => "FILL_OR_KILL",
            _ => "GOOD_UNTIL_CANCELLED",
        }
    }

    fn trigger(&self) -> &'static str {
        match self.stop.unwrap_or(self.record) {
            one if !matches!(one.terms, Terms::Triggered { .. }) => "INVALID_ORDER_TYPE",
            one if one.works => "STOP_TRIGGERED",
            _ => "STOP_PENDING",
        }
    }

    fn post_only(&self) -> bool {
        matches!(self.record.terms, Terms::Maker { .. }) && self.stop.is_none()
    }

    /// As it was asked for.
    fn configuration(&self) -> Value {
        let (size, price) = (self.record.quantity.to_string(), self.record.price().to_string());
        let stop = self.stop.and_then(Record::trigger).or(self.record.trigger()).unwrap_or(Price::ZERO).to_string();
        let ends = self.end.is_some();
        let (name, mut of) = match self.record.terms {
            _ if self.stop.is_some() => (
                if ends { "trigger_bracket_gtd" } else { "trigger_bracket_gtc" },
                json!({ "base_size": size, "limit_price": price, "stop_trigger_price": stop }),
            ),
            _ if self.record.trigger().is_some() => {
                let takes_profit = matches!(self.record.terms, Terms::Triggered { takes_profit: true, .. });
                let up = (self.record.side == Side::Buy) != takes_profit;
                let direction = if up { "STOP_DIRECTION_STOP_UP" } else { "STOP_DIRECTION_STOP_DOWN" };
                (
                    if ends { "stop_limit_stop_limit_gtd" } else { "stop_limit_stop_limit_gtc" },
                    json!({ "base_size": size, "limit_price": price, "stop_price": stop, "stop_direction": direction }),
                )
            }
            Terms::Market(Amount::Base(_)) => ("market_market_ioc", json!({ "base_size": size })),
            Terms::Market(Amount::Quote(money)) => ("market_market_ioc", json!({ "quote_size": money.to_string() })),
            Terms::Limit { stay: Stay::Ioc, .. } => {
                ("sor_limit_ioc", json!({ "base_size": size, "limit_price": price }))
            }
            Terms::Limit { stay: Stay::Fok, .. } => {
                ("limit_limit_fok", json!({ "base_size": size, "limit_price": price }))
            }
            _ => (
                if ends { "limit_limit_gtd" } else { "limit_limit_gtc" },
                json!({ "base_size": size, "limit_price": price, "post_only": self.post_only() }),
            ),
        };
        if let Some(end) = self.end {
            of["end_time"] = json!(end);
        }
        json!({ name: of })
    }

    /// As the list of orders tells it.
    pub(super) fn order(&self, product: &Product) -> Value {
        let one = self.record;
        json!({
            "order_id": order_id(one.id), "product_id": product_id(product), "user_id": user_id(one.user),
            "order_configuration": self.configuration(), "side": side(one.side), "client_order_id": one.name,
            "status": self.status, "time_in_force": self.stay(), "created_time": one.time,
            "completion_percentage": self.percent(), "filled_size": self.filled.to_string(),
            "average_filled_price": self.average(), "fee": "", "number_of_fills": self.fills.to_string(),
            "filled_value": self.value.to_string(), "pending_cancel": false,
            "size_in_quote": matches!(one.terms, Terms::Market(Amount::Quote(_))),
            "total_fees": self.fees.to_string(),
            "size_inclusive_of_fees": matches!(one.terms, Terms::Market(Amount::Quote(_))) && one.side == Side::Buy,
            "total_value_after_fees": self.after_fees().to_string(), "trigger_status": self.trigger(),
            "order_type": self.kind(), "reject_reason": "REJECT_REASON_UNSPECIFIED",
            "settled": self.status == "FILLED", "product_type": "SPOT", "reject_message": "",
            "cancel_message": self.cancel_reason(), "order_placement_source": "RETAIL_ADVANCED",
            "outstanding_hold_amount": self.held.to_string(), "is_liquidation": false,
            "last_fill_time": if self.fills > 0 { json!(self.updated) } else { Value::Null }, "edit_history": [],
            "leverage": "", "margin_type": "UNKNOWN_MARGIN_TYPE", "retail_portfolio_id": user_id(one.user),
        })
    }

    fn cancel_reason(&self) -> &'static str {
        match (self.status, self.record.status) {
            ("CANCELLED", Status::Cancelled) => "User requested cancel",
            ("CANCELLED", _) => "The rest could not fill at once",
            _ => "",
        }
    }

    /// As the channel of a user tells it.
    pub(super) fn message(&self, product: &Product) -> Value {
        let one = self.record;
        let left =
            if self.status == "OPEN" { one.quantity.minus(self.filled).unwrap_or_default() } else { Quantity::ZERO };
        let stop = self.stop.and_then(Record::trigger).or(one.trigger());
        let price = if one.price().is_zero() { String::new() } else { one.price().to_string() };
        json!({
            "order_id": order_id(one.id), "client_order_id": one.name, "product_id": product_id(product),
            "status": self.status, "order_side": side(one.side), "order_type": self.kind(),
            "time_in_force": self.stay(), "creation_time": one.time, "completion_percentage": self.percent(),
            "cumulative_quantity": self.filled.to_string(), "leaves_quantity": left.to_string(),
            "avg_price": self.average(), "filled_value": self.value.to_string(),
            "number_of_fills": self.fills.to_string(), "total_fees": self.fees.to_string(),
            "total_value_after_fees": self.after_fees().to_string(),
            "outstanding_hold_amount": self.held.to_string(), "limit_price": price,
            "stop_price": stop.map_or_else(String::new, |stop| stop.to_string()),
            "post_only": if self.post_only() { "true" } else { "false" }, "product_type": "SPOT",
            "trigger_status": self.trigger(), "cancel_reason": self.cancel_reason(), "reject_reason": "",
            "contract_expiry_type": "UNKNOWN_CONTRACT_EXPIRY_TYPE", "risk_managed_by": "UNKNOWN_RISK_MANAGEMENT_TYPE",
            "retail_portfolio_id": user_id(one.user), "start_time": "0001-01-01T00:00:00Z",
            "end_time": self.end.map_or_else(|| json!("0001-01-01T00:00:00Z"), |end| json!(end)),
        })
    }
}

/// An execution as the list of fills tells it.
pub(super) fn fill(one: &Execution, told_as: u64, product: &Product) -> Value {
    json!({
        "entry_id": format!("entry-{}", one.id), "trade_id": one.id.to_string(), "order_id": order_id(told_as),
        "trade_time": one.time, "trade_type": "FILL", "price": one.price.to_string(), "size": one.quantity.to_string(),
        "commission": one.commission.to_string(), "product_id": product_id(product), "sequence_timestamp": one.time,
        "liquidity_indicator": if one.maker { "MAKER" } else { "TAKER" }, "size_in_quote": false,
        "user_id": user_id(one.user), "side": side(one.side), "retail_portfolio_id": user_id(one.user),
    })
}
