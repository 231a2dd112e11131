//! Orders as requests name them: the same parameters under the names of each kind of list.
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity};

use super::error::Fault;
use super::request::Parameters;
use crate::exchange::core::{Amount, Manner, Prevention, Refusal, Stay, Terms};

/// What the parameters of one order are called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    pub kind: &'static str,
    pub name: &'static str,
    pub quantity: &'static str,
    pub price: &'static str,
    pub trigger: &'static str,
    pub delta: &'static str,
    pub display: &'static str,
    pub stay: &'static str,
}

macro_rules! names {
    ($prefix:literal, $quantity:literal) => {
        Names {
            kind: concat!($prefix, "Type"),
            name: concat!($prefix, "ClientOrderId"),
            quantity: $quantity,
            price: concat!($prefix, "Price"),
            trigger: concat!($prefix, "StopPrice"),
            delta: concat!($prefix, "TrailingDelta"),
            display: concat!($prefix, "IcebergQty"),
            stay: concat!($prefix, "TimeInForce"),
        }
    };
}

/// Of an order alone.
pub(super) const ALONE: Names = Names {
    kind: "type",
    name: "newClientOrderId",
    quantity: "quantity",
    price: "price",
    trigger: "stopPrice",
    delta: "trailingDelta",
    display: "icebergQty",
    stay: "timeInForce",
};
/// Of the two of a pair.
pub(super) const PAIR: [Names; 2] = [names!("above", "quantity"), names!("below", "quantity")];
/// Of the first order of a chain.
pub(super) const WORKING: Names = names!("working", "workingQuantity");
/// Of the one that waits for it.
pub(super) const PENDING: Names = names!("pending", "pendingQuantity");
/// Of the two that wait for it.
pub(super) const PENDING_PAIR: [Names; 2] =
    [names!("pendingAbove", "pendingQuantity"), names!("pendingBelow", "pendingQuantity")];

pub(in crate::exchange) fn side_of(ask: &Parameters, parameter: &'static str) -> Result<Side, Fault> {
    match ask.need(parameter)? {
        "BUY" => Ok(Side::Buy),
        "SELL" => Ok(Side::Sell),
        _ => Err(Fault::Side),
    }
}

pub(in crate::exchange) fn name_of(ask: &Parameters, parameter: &'static str) -> Result<Option<String>, Fault> {
    let legal =
        |name: &str| name.len() <= 36 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".:/_-".contains(&b));
    match ask.get(parameter) {
        Some(name) if !legal(name) => Err(Fault::Characters(parameter, r"^[\.A-Z\:/a-z0-9_-]{1,36}$")),
        name => Ok(name.map(str::to_owned)),
    }
}

/// Reads the terms of an order.
///
/// # Errors
/// The [`Fault`] of a parameter that is missing, too many, or no number.
pub(super) fn terms(ask: &Parameters, kind: &str, names: &Names) -> Result<Terms, Fault> {
    let none_of = |parameters: &[&'static str]| match parameters.iter().find(|name| ask.get(name).is_some()) {
        Some(name) => Err(Fault::Surplus(name)),
        None => Ok(()),
    };
    let quantity = || ask.need_decimal::<Quantity>(names.quantity);
    let limit = || ask.need_decimal::<Price>(names.price);
    match kind {
        "MARKET" => {
            none_of(&[names.price, names.trigger, names.stay])?;
            match (ask.decimal(names.quantity)?, ask.decimal::<Cash>("quoteOrderQty")?) {
                (Some(units), None) => Ok(Terms::Market(Amount::Base(units))),
                (None, Some(money)) => Ok(Terms::Market(Amount::Quote(money))),
                (None, None) => Err(Fault::Either(names.quantity, "quoteOrderQty")),
                (Some(_), Some(_)) => Err(Fault::Surplus("quoteOrderQty")),
            }
        }
        "LIMIT" => {
            none_of(&[names.trigger])?;
            Ok(Terms::Limit { stay: stay(ask, names)?, quantity: quantity()?, price: limit()? })
        }
        "LIMIT_MAKER" => {
            none_of(&[names.trigger])?;
            Ok(Terms::Maker { quantity: quantity()?, price: limit()? })
        }
        "STOP_LOSS_LIMIT" | "TAKE_PROFIT_LIMIT" => {
            let (stay, price) = (stay(ask, names)?, Some(limit()?));
            triggered(ask, names, quantity()?, price, stay, kind == "TAKE_PROFIT_LIMIT")
        }
        "STOP_LOSS" | "TAKE_PROFIT" => {
            none_of(&[names.price, names.stay])?;
            triggered(ask, names, quantity()?, None, Stay::Gtc, kind == "TAKE_PROFIT")
        }
        _ => Err(Fault::Type),
    }
}

/// Reads how an order behaves beside its terms.
///
/// # Errors
/// The [`Fault`] of a mode that is not offered, and of a part shown of what does not rest.
pub(super) fn manner(ask: &Parameters, terms: &Terms, names: &Names) -> Result<Manner, Fault> {
    let prevention = prevention_of(ask)?;
    let display = ask.decimal::<Quantity>(names.display)?.filter(|units| units.is_positive());
    let rests = match terms {
        Terms::Limit { stay, .. } | Terms::Triggered { stay, .. } => *stay == Stay::Gtc,
        Terms::Trailing { stay, price, .. } => price.is_some() && *stay == Stay::Gtc,
        Terms::Maker { .. } => true,
        Terms::Market(_) | Terms::Stop { .. } => false,
    };
    match display {
        Some(_) if !rests => Err(Fault::Order(Refusal::Combination)),
        display => Ok(Manner { prevention, display }),
    }
}

fn stay(ask: &Parameters, names: &Names) -> Result<Stay, Fault> {
    match ask.need(names.stay)? {
        "GTC" => Ok(Stay::Gtc),
        "IOC" => Ok(Stay::Ioc),
        "FOK" => Ok(Stay::Fok),
        _ => Err(Fault::TimeInForce),
    }
}

/// An order behind a trigger, or behind one that follows the price.
fn triggered(
    ask: &Parameters,
    names: &Names,
    quantity: Quantity,
    price: Option<Price>,
    stay: Stay,
    takes_profit: bool,
) -> Result<Terms, Fault> {
    let start = ask.decimal::<Price>(names.trigger)?;
    let delta = ask.whole::<u32>(names.delta)?.filter(|delta| *delta > 0);
    match (delta, start, price) {
        (Some(delta), start, price) => Ok(Terms::Trailing { quantity, delta, start, price, stay, takes_profit }),
        (None, Some(trigger), Some(price)) => Ok(Terms::Triggered { quantity, trigger, price, stay, takes_profit }),
        (None, Some(trigger), None) => Ok(Terms::Stop { quantity, trigger, takes_profit }),
        (None, None, _) => Err(Fault::Either(names.trigger, names.delta)),
    }
}

/// What an order wants where it would trade with its own user.
pub(in crate::exchange) fn prevention_of(ask: &Parameters) -> Result<Prevention, Fault> {
    match ask.get("selfTradePreventionMode") {
        None | Some("EXPIRE_MAKER") => Ok(Prevention::ExpireMaker),
        Some("EXPIRE_TAKER") => Ok(Prevention::ExpireTaker),
        Some("EXPIRE_BOTH") => Ok(Prevention::ExpireBoth),
        Some("NONE") => Ok(Prevention::Allow),
        Some("DECREMENT" | "TRANSFER") => Err(Fault::Prevention),
        Some(_) => Err(Fault::Value("selfTradePreventionMode")),
    }
}
