//! What Binance answers where it does not do what was asked.
use std::fmt;

use serde_json::{Value, json};

use crate::exchange::core::Refusal;

/// Why a request is not carried out. The codes and texts are those that Binance documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No such address.
    Path(String),
    /// An address that does not take this method.
    Method,
    /// A request without a key, or with one that is not known.
    Key,
    /// A signature that is not that of the request.
    Signature,
    /// A timestamp too far in the past.
    Late,
    /// A timestamp in the future.
    Early,
    /// A parameter that must be there.
    Mandatory(&'static str),
    /// One of two parameters must be there.
    Either(&'static str, &'static str),
    /// A parameter that is no number, or holds other characters.
    Characters(&'static str, &'static str),
    /// More decimals than there are.
    Precision(&'static str),
    /// A value that a parameter does not take.
    Value(&'static str),
    /// A time window that is too long.
    Window,
    /// No such form of a ticker.
    Ticker,
    /// A parameter that this request does not take.
    Surplus(&'static str),
    /// No such symbol.
    Symbol,
    /// No such interval.
    Interval,
    /// No such order type.
    Type,
    /// No such side.
    Side,
    /// No such time in force.
    TimeInForce,
    /// A parameter that is sent twice.
    Twice,
    /// The exchange refuses a new order.
    Order(Refusal),
    /// An order that cannot be withdrawn.
    Cancel,
    /// No such order.
    NoOrder,
    /// No such listen key.
    ListenKey,
    /// More than the address may ask in a minute.
    Weight(u32),
    /// A fault that was asked for.
    Wanted,
    /// A replacement of which a part failed: what became of both, and the code.
    Replace(Box<Value>, i32),
    /// A self-trade prevention that is not offered.
    Prevention,
    /// Orders that make no pair, by Binance's number for it.
    Pair(i32),
    /// Something that this exchange does not offer.
    Unsupported(&'static str),
}

impl Fault {
    /// Binance's number for it.
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::Path(_) | Self::Method => -1000,
            Self::Key => -2015,
            Self::Signature => -1022,
            Self::Late | Self::Early => -1021,
            Self::Mandatory(_) | Self::Either(..) => -1102,
            Self::Characters(..) => -1100,
            Self::Precision(_) => -1111,
            Self::Value(_) => -1130,
            Self::Window => -1131,
            Self::Ticker => -1139,
            Self::Surplus(_) => -1106,
            Self::Symbol => -1121,
            Self::Interval => -1120,
            Self::Type => -1116,
            Self::Side => -1117,
            Self::TimeInForce => -1115,
            Self::Twice => -1101,
            Self::Order(Refusal::Filter(_) | Refusal::TooManyOpen | Refusal::Overflow) => -1013,
            Self::Order(Refusal::Full) => -1015,
            Self::Order(Refusal::NoLiquidity) => -1112,
            Self::Order(_) => -2010,
            Self::Cancel => -2011,
            Self::NoOrder => -2013,
            Self::ListenKey => -1125,
            Self::Weight(_) => -1003,
            Self::Wanted => -1001,
            Self::Replace(_, code) | Self::Pair(code) => *code,
            Self::Prevention => -1013,
            Self::Unsupported(_) => -1020,
        }
    }

    /// The status of HTTP.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Path(_) => 404,
            Self::Method => 405,
            Self::Key => 401,
            Self::Weight(_) => 429,
            Self::Wanted => 500,
            Self::Replace(_, -2021) => 409,
            _ => 400,
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({ "code": self.code(), "msg": self.to_string() });
        if let Self::Replace(data, _) = self {
            body["data"] = Value::clone(data);
        }
        body
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path}: this local exchange has no such address"),
            Self::Method => f.write_str("Request method is not supported at this address."),
            Self::Key => f.write_str("Invalid API-key, IP, or permissions for action."),
            Self::Signature => f.write_str("Signature for this request is not valid."),
            Self::Late => f.write_str("Timestamp for this request is outside of the recvWindow."),
            Self::Early => f.write_str("Timestamp for this request was 1000ms ahead of the server's time."),
            Self::Mandatory(name) => {
                write!(f, "Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
            }
            Self::Either(one, other) => {
                write!(f, "Param '{one}' or '{other}' must be sent, but both were empty/null!")
            }
            Self::Characters(name, range) => {
                write!(f, "Illegal characters found in parameter '{name}'; legal range is '{range}'.")
            }
            Self::Precision(name) => write!(f, "Parameter '{name}' has too much precision."),
            Self::Value(name) => write!(f, "Data sent for parameter '{name}' is not valid."),
            Self::Window => f.write_str("recvWindow must be less than 60000."),
            Self::Ticker => f.write_str("Invalid ticker type."),
            Self::Surplus(name) => write!(f, "Parameter '{name}' sent when not required."),
            Self::Symbol => f.write_str("Invalid symbol."),
            Self::Interval => f.write_str("Invalid interval."),
            Self::Type => f.write_str("Invalid orderType."),
            Self::Side => f.write_str("Invalid side."),
            Self::TimeInForce => f.write_str("Invalid timeInForce."),
            Self::Twice => f.write_str("Duplicate values for a parameter detected."),
            Self::Order(refusal) => refusal.fmt(f),
            Self::Cancel => f.write_str("Unknown order sent."),
            Self::NoOrder => f.write_str("Order does not exist."),
            Self::ListenKey => f.write_str("This listenKey does not exist."),
            Self::Weight(limit) => write!(
                f,
                "Too much request weight used; current limit is {limit} request weight per 1 MINUTE. Please use WebSocket \
                 Streams for live updates to avoid polling the API."
            ),
            Self::Wanted => f.write_str("Internal error; a fault that --fault asked for."),
            Self::Replace(_, -2021) => f.write_str("Order cancel-replace partially failed."),
            Self::Replace(..) => f.write_str("Order cancel-replace failed."),
            Self::Prevention => f.write_str("This symbol does not allow the specified self-trade prevention mode."),
            Self::Pair(code) => f.write_str(pair_text(*code)),
            Self::Unsupported(what) => write!(f, "This operation is not supported: {what}."),
        }
    }
}

/// What Binance says of orders that make no pair.
const fn pair_text(code: i32) -> &'static str {
    match code {
        -1165 => "A limit order in a buy OCO must be below.",
        -1166 => "A limit order in a sell OCO must be above.",
        -1168 => "At least one OCO order must be contingent.",
        -1196 => "A stop loss order in a buy OCO must be above.",
        -1197 => "A stop loss order in a sell OCO must be below.",
        -1198 => "A take profit order in a buy OCO must be below.",
        -1199 => "A take profit order in a sell OCO must be above.",
        _ => "Order type not supported in OCO.",
    }
}

impl std::error::Error for Fault {}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Order(refusal)
    }
}
