//! What the futures API answers where it does not do what was asked.
use std::fmt;

use serde_json::{Value, json};

use super::order::Refusal;
use crate::exchange::binance;

/// Why a request is not carried out. The codes and texts are those that Binance documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// As the spot API has it: addresses, parameters, signatures.
    Asked(binance::Fault),
    /// The exchange refuses an order.
    Refused(Refusal),
    /// A position side of hedge mode.
    PositionSide,
    /// A quantity for an order that closes all of a position.
    CloseQuantity,
    /// A margin type, position mode or asset mode that is there already: which.
    Unchanged(Setting),
}

/// What a user may set, and is not to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Cross margin.
    MarginType,
    /// One-way mode.
    PositionSide,
    /// Single-asset mode.
    Assets,
}

impl Fault {
    /// Binance's number for it.
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::Asked(fault) => fault.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::PositionSide => -4061,
            Self::CloseQuantity => -4137,
            Self::Unchanged(Setting::MarginType) => -4046,
            Self::Unchanged(Setting::PositionSide) => -4059,
            Self::Unchanged(Setting::Assets) => -4171,
        }
    }

    /// The status of HTTP.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Asked(fault) => fault.status(),
            _ => 400,
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({ "code": self.code(), "msg": self.to_string() })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(fault) => fault.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::PositionSide => f.write_str("Order's position side does not match user's setting."),
            Self::CloseQuantity => f.write_str("Quantity must be zero with closePosition equals true."),
            Self::Unchanged(Setting::MarginType) => f.write_str("No need to change margin type."),
            Self::Unchanged(Setting::PositionSide) => f.write_str("No need to change position side."),
            Self::Unchanged(Setting::Assets) => f.write_str("No need to change multi-assets mode."),
        }
    }
}

impl std::error::Error for Fault {}

impl From<binance::Fault> for Fault {
    fn from(fault: binance::Fault) -> Self {
        Self::Asked(fault)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<qframe_model::number::Overflow> for Fault {
    fn from(_: qframe_model::number::Overflow) -> Self {
        Self::Refused(Refusal::Overflow)
    }
}
