//! What goes wrong, in Coinbase's shapes.
use std::fmt;

use serde_json::{Value, json};

use super::token::Unproven;
use crate::exchange::core::Refusal;

/// Why a request is not answered as it wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A parameter is wrong; what, in words.
    Argument(String),
    /// What is asked for is not there; what.
    NotFound(String),
    /// No token, or one that proves nothing.
    Unproven(Unproven),
    /// The exchange refuses the order.
    Order(Refusal),
    /// An address with another method.
    Method,
    /// A fault that was asked for.
    Wanted,
}

/// A body: JSON, or a text as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// JSON.
    Json(Value),
    /// A text.
    Text(String),
}

impl Fault {
    /// The status of HTTP.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Argument(_) | Self::Order(_) => 400,
            Self::Unproven(_) => 401,
            Self::NotFound(_) => 404,
            Self::Method => 405,
            Self::Wanted => 500,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Argument(_) => "INVALID_ARGUMENT",
            Self::NotFound(_) => "NOT_FOUND",
            Self::Unproven(_) => "UNAUTHENTICATED",
            Self::Method => "UNIMPLEMENTED",
            Self::Wanted => "INTERNAL",
            Self::Order(refusal) => reason(*refusal).0,
        }
    }

    /// The body of an answer.
    #[must_use]
    pub fn body(&self) -> Body {
        if let Self::Unproven(why) = self {
            return Body::Text(format!("Unauthorized: {why}\n"));
        }
        let text = self.to_string();
        Body::Json(json!({ "error": self.code(), "error_details": text, "message": text }))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(why) => f.write_str(why),
            Self::NotFound(what) => write!(f, "{what} was not found"),
            Self::Unproven(why) => write!(f, "Unauthorized: {why}"),
            Self::Order(refusal) => f.write_str(reason(*refusal).1),
            Self::Method => f.write_str("the address is not asked with this method"),
            Self::Wanted => f.write_str("an internal error; a fault that --fault asked for"),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Order(refusal)
    }
}

impl From<Unproven> for Fault {
    fn from(why: Unproven) -> Self {
        Self::Unproven(why)
    }
}

/// The name, the text and the preview's name of a refusal.
pub(super) fn reason(refusal: Refusal) -> (&'static str, &'static str, &'static str) {
    match refusal {
        Refusal::Insufficient => {
            ("INSUFFICIENT_FUND", "Insufficient balance in source account", "PREVIEW_INSUFFICIENT_FUND")
        }
        Refusal::Filter("PRICE_FILTER") => (
            "INVALID_PRICE_PRECISION",
            "The price is no multiple of the price increment, or beyond its bounds",
            "PREVIEW_INVALID_PRICE_PRECISION",
        ),
        Refusal::Filter("LOT_SIZE") => (
            "INVALID_SIZE_PRECISION",
            "The size is no multiple of the base increment, or beyond its bounds",
            "PREVIEW_INVALID_SIZE_PRECISION",
        ),
        Refusal::Filter("NOTIONAL") => (
            "UNKNOWN_FAILURE_REASON",
            "The order is worth less than the product's least size",
            "PREVIEW_INVALID_ORDER_SIZE_TOO_SMALL",
        ),
        Refusal::WouldTake => {
            ("INVALID_LIMIT_PRICE_POST_ONLY", "A post-only order would take", "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY")
        }
        Refusal::WouldTrigger => (
            "UNKNOWN_FAILURE_REASON",
            "The stop price lies on the wrong side of the last trade",
            "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE",
        ),
        Refusal::NoLiquidity => {
            ("UNKNOWN_FAILURE_REASON", "The book has nothing to trade with", "PREVIEW_INSUFFICIENT_LIQUIDITY_IN_BOOK")
        }
        Refusal::ListPrices => (
            "INVALID_BRACKET_ORDER",
            "The prices of a bracket do not lie around the market",
            "PREVIEW_BRACKET_ORDER_PRICES_INVALID",
        ),
        Refusal::TooManyOpen | Refusal::Full => {
            ("TOO_MANY_OPEN_ORDERS", "There are as many orders as may be", "PREVIEW_OPEN_ORDERS_LIMIT_REACHED")
        }
        _ => ("UNKNOWN_FAILURE_REASON", "The order is refused", "UNKNOWN_PREVIEW_FAILURE_REASON"),
    }
}
