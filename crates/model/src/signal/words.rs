//! The words of a signal: how strongly, what, how surely.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SignalError;
use crate::market::Side;
use crate::number::Rate;

/// How strongly a signal speaks: 0 not at all, 1 fully. Exact to nine decimals, so that sums do not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "Rate", into = "Rate")]
pub struct Strength(Rate);

impl Strength {
    /// Says nothing.
    pub const ZERO: Self = Self(Rate::ZERO);
    /// Speaks fully.
    pub const FULL: Self = Self(Rate::ONE);
    /// From here on a signal is worth acting on.
    pub const ACTIONABLE: Self = Self(Rate::percent(30));

    /// A strength from a computed value, half-even at 1e-9.
    ///
    /// # Errors
    /// [`SignalError::Strength`] outside 0..=1, and for what is no number.
    pub fn new(value: f64) -> Result<Self, SignalError> {
        // The range first: rounding must not pull 1.0000000001 inside.
        let inside = (0.0..=1.0).contains(&value).then(|| Rate::from_f64(value)).flatten();
        inside.map(Self).ok_or_else(|| SignalError::Strength(value.to_string()))
    }

    /// As an exact number, 0..=1.
    #[must_use]
    pub const fn rate(self) -> Rate {
        self.0
    }
}

impl TryFrom<Rate> for Strength {
    type Error = SignalError;
    fn try_from(rate: Rate) -> Result<Self, SignalError> {
        let inside = (Rate::ZERO..=Rate::ONE).contains(&rate);
        if inside { Ok(Self(rate)) } else { Err(SignalError::Strength(rate.to_string())) }
    }
}

impl From<Strength> for Rate {
    fn from(strength: Strength) -> Self {
        strength.0
    }
}

impl fmt::Display for Strength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Makes an enum of words: its text is its serialised form too.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $(Self::$variant => $word,)+ })
            }
        }

        impl FromStr for $name {
            type Err = SignalError;
            fn from_str(text: &str) -> Result<Self, SignalError> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(SignalError::Word { what: $what, text: text.to_owned(), known: &[$($word),+] }),
                }
            }
        }

        crate::serial::text_only!($name);
    };
}

words!(
    /// What a signal would do.
    Action, "an action" {
        /// Be long.
        Buy = "buy",
        /// Be short, or out.
        Sell = "sell",
        /// Leave everything as it is.
        Hold = "hold",
        /// Be flat.
        Close = "close",
    }
);

words!(
    /// How sure the strategy is of its signal, in ascending order.
    Confidence, "a confidence" {
        /// A hint.
        Low = "low",
        /// More likely than not.
        Medium = "medium",
        /// Likely.
        High = "high",
        /// As good as certain.
        VeryHigh = "very_high",
    }
);

impl Action {
    /// The side of a buy or sell; `None` for hold and close.
    #[must_use]
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Buy => Some(Side::Buy),
            Self::Sell => Some(Side::Sell),
            Self::Hold | Self::Close => None,
        }
    }
}
