//! The price of one unit.
use super::decimal::decimal;
use super::{Cash, Quantity};

decimal!(
    /// The price of one unit of an instrument in its quote currency, exact to nine decimals, up to ±9.2e9.
    /// Spreads and some futures trade below zero, so the sign is the instrument's business.
    Price, i64, 9, nanos, from_nanos
);

impl Price {
    /// What `quantity` units cost, exactly. `None` beyond the range of [`Cash`].
    #[must_use]
    #[inline]
    pub fn times(self, quantity: Quantity) -> Option<Cash> {
        // Two 64-bit factors cannot overflow 128 bits: the common case needs no check.
        let value = match i64::try_from(quantity.nanos()) {
            Ok(small) => i128::from(self.nanos()) * i128::from(small),
            Err(_) => i128::from(self.nanos()).checked_mul(quantity.nanos())?,
        };
        Some(Cash::from_attos(value))
    }
}
