//! The price of one unit.
use super::decimal::decimal;
use super::{Cash, Quantity, Rounding, mul_div};

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

    /// The nearest multiple of `step`, ties to the even one; the price itself where that leaves the range, or where the step
    /// is not above the last decimal.
    #[must_use]
    pub fn nearest(self, step: Self) -> Self {
        self.in_steps(step, Rounding::HalfEven)
    }

    /// The multiple of `step` at a price above zero, or else the next one above it or below it, by `rounding`; the price itself
    /// where that leaves the range.
    #[must_use]
    pub(crate) fn in_steps(self, step: Self, rounding: Rounding) -> Self {
        let step = i128::from(step.nanos());
        if step <= 1 {
            return self;
        }
        mul_div(i128::from(self.nanos()), 1, step, rounding)
            .and_then(|steps| i64::try_from(steps * step).ok())
            .map_or(self, Self::from_nanos)
    }
}
