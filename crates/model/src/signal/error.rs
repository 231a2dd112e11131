//! Why a signal cannot be.
use std::fmt;

use super::{Action, NOTES_MAX};
use crate::number::{Price, Quantity};
use crate::time::Time;

/// Why a signal cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignalError {
    /// A strength outside 0..=1.
    Strength(String),
    /// A quantity that is not above zero.
    Quantity(Quantity),
    /// A stop on the wrong side of the price.
    StopLoss {
        /// Buy or sell.
        action: Action,
        /// The price.
        price: Price,
        /// The stop.
        stop: Price,
    },
    /// A target on the wrong side of the price.
    TakeProfit {
        /// Buy or sell.
        action: Action,
        /// The price.
        price: Price,
        /// The target.
        target: Price,
    },
    /// A stop or target with an action that opens nothing.
    NothingToProtect {
        /// Hold or close.
        action: Action,
        /// The stop or target.
        level: Price,
    },
    /// An expiry at or before the signal.
    Expiry {
        /// When the signal was seen.
        time: Time,
        /// When it is to expire.
        expiry: Time,
    },
    /// More notes than are kept.
    TooManyNotes(usize),
    /// A text that is none of the known words.
    Word {
        /// What was expected.
        what: &'static str,
        /// The text as it stood.
        text: String,
        /// The words.
        known: &'static [&'static str],
    },
}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strength(value) => write!(f, "strength {value}: expected 0 to 1"),
            Self::Quantity(quantity) => write!(f, "quantity {quantity}: expected more than zero"),
            Self::StopLoss { action, price, stop } => {
                let side = if *action == Action::Buy { "below" } else { "above" };
                write!(f, "a stop of {stop} to {action} at {price}: expected it {side} the price")
            }
            Self::TakeProfit { action, price, target } => {
                let side = if *action == Action::Buy { "above" } else { "below" };
                write!(f, "a target of {target} to {action} at {price}: expected it {side} the price")
            }
            Self::NothingToProtect { action, level } => {
                write!(f, "a stop or target of {level} with the action {action}, which opens nothing to protect")
            }
            Self::Expiry { time, expiry } => {
                write!(f, "an expiry of {expiry} for a signal of {time}: expected it later")
            }
            Self::TooManyNotes(count) => write!(f, "{count} notes on one signal: expected {NOTES_MAX} or fewer"),
            Self::Word { what, text, known } => write!(f, "{text:?} is not {what} (expected {})", known.join(", ")),
        }
    }
}

impl std::error::Error for SignalError {}
