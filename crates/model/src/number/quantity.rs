//! How many units.
use super::decimal::decimal;
use super::{Overflow, Rounding, mul_div};

decimal!(
    /// Units of an instrument, exact to nine decimals, up to ±1.7e29. Positive buys or owns, negative sells or owes.
    Quantity, i128, 9, nanos, from_nanos
);

impl Quantity {
    /// `units` whole units.
    #[must_use]
    pub const fn whole(units: i64) -> Self {
        Self::from_nanos(units as i128 * Self::ONE.nanos())
    }

    /// The largest multiple of `lot` that is not beyond this quantity (towards zero). A lot of a nano, or none, changes nothing.
    #[must_use]
    #[inline]
    pub fn floor_to(self, lot: Self) -> Self {
        if lot.nanos() > 1 { Self::from_nanos(self.nanos() - self.nanos() % lot.nanos()) } else { self }
    }

    /// As [`Quantity::floor_to`], but for less than a lot: that stays as it is, to be refused for it.
    #[must_use]
    pub fn in_lots(self, lot: Self) -> Self {
        Some(self.floor_to(lot)).filter(|whole| !whole.is_zero()).unwrap_or(self)
    }

    /// `self * part / whole`, towards zero.
    ///
    /// # Errors
    /// [`Overflow`] where the quotient leaves the range or `whole` is zero.
    pub fn share(self, part: i128, whole: i128) -> Result<Self, Overflow> {
        mul_div(self.nanos(), part, whole, Rounding::Down).map(Self::from_nanos).ok_or(Overflow("a share of Quantity"))
    }
}
