//! Currencies and amounts that carry one.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::number::Cash;

/// The code of a currency, coin or settlement asset: 1 to 15 of `A-Z 0-9 . _`, upper case, a letter or digit first (`USD`,
/// `BTC`, `1000SATS`; never `..`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 15]);

impl Currency {
    /// The United States dollar.
    pub const USD: Self = Self(*b"USD\0\0\0\0\0\0\0\0\0\0\0\0");

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        // Only ASCII gets in, so this never falls back.
        std::str::from_utf8(&self.0[..length]).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

crate::serial::text_only!(Currency);

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text is no currency code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyError(pub String);

impl fmt::Display for CurrencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a currency code (expected 1 to 15 of A-Z, 0-9, '.', '_', a letter or digit first, such as USD or \
             1000SATS)",
            self.0
        )
    }
}

impl std::error::Error for CurrencyError {}

impl FromStr for Currency {
    type Err = CurrencyError;
    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let allowed = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_');
        let mut code = [0; 15];
        let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
        if !begins || text.len() > code.len() || !text.as_bytes().iter().all(allowed) {
            return Err(CurrencyError(text.to_owned()));
        }
        code[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self(code))
    }
}

/// An amount and its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// How much.
    pub amount: Cash,
    /// Of what.
    pub currency: Currency,
}

/// Prints `12.50 USD`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.amount.fmt(f)?;
        write!(f, " {}", self.currency)
    }
}
