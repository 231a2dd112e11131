//! An amount of money.
use super::arithmetic::{div_nanos, halves_to_float, mul_nanos};
use super::decimal::decimal;
use super::{Overflow, Price, Quantity, Rate, Rounding, mul_div};

decimal!(
    /// An amount of one currency, exact to eighteen decimals, up to ±1.7e20. Which currency is known by its place:
    /// an account of the ledger, a field's name; [`Money`](crate::currency::Money) carries both.
    Cash, i128, 18, attos, from_attos
);

/// Attos in one nano.
const ATTOS_PER_NANO: i128 = 1_000_000_000;

impl Cash {
    /// `amount` whole units.
    #[must_use]
    pub const fn whole(amount: i64) -> Self {
        Self::from_attos(amount as i128 * Self::ONE.attos())
    }

    /// `quantity` as an amount of its own commodity: two bitcoins are Cash 2 in the BTC ledger.
    ///
    /// # Errors
    /// [`Overflow`] beyond 1.7e20 units.
    pub fn from_quantity(quantity: Quantity) -> Result<Self, Overflow> {
        quantity.nanos().checked_mul(ATTOS_PER_NANO).map(Self::from_attos).ok_or(Overflow("a quantity as money"))
    }

    /// Its attos as `f64`, within a unit in the last place or 1e-14 of a whole: for curves of which only ratios count. It
    /// has neither the division nor the branch of [`Cash::to_f64`].
    #[must_use]
    #[inline]
    pub fn attos_f64(self) -> f64 {
        halves_to_float(self.attos())
    }

    /// This amount times `rate`, rounded half-even at 1e-18.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline]
    pub fn at_rate(self, rate: Rate) -> Result<Self, Overflow> {
        if rate == Rate::ONE || self.is_zero() {
            return Ok(self);
        }
        mul_nanos(self.attos(), rate.nanos()).map(Self::from_attos).ok_or(Overflow("a share of Cash"))
    }

    /// The amount of its own commodity as a quantity, towards zero: the other way of [`Cash::from_quantity`].
    #[must_use]
    #[inline]
    pub fn to_quantity(self) -> Quantity {
        Quantity::from_nanos(div_nanos(self.attos()))
    }

    /// `self * part / whole`, rounded as told.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range or where `whole` is zero.
    pub fn scaled(self, part: i128, whole: i128, rounding: Rounding) -> Result<Self, Overflow> {
        mul_div(self.attos(), part, whole, rounding).map(Self::from_attos).ok_or(Overflow("a product of Cash"))
    }

    /// How many units this amount buys at `price`, towards zero. `None` where the price is zero or the count overflows.
    #[must_use]
    pub fn units_at(self, price: Price) -> Option<Quantity> {
        self.attos().checked_div(i128::from(price.nanos())).map(Quantity::from_nanos)
    }

    /// The price of one unit where `quantity` units are worth this much, half-even at 1e-9. `None` for no units.
    #[must_use]
    pub fn per_unit(self, quantity: Quantity) -> Option<Price> {
        let nanos = mul_div(self.attos(), 1, quantity.nanos(), Rounding::HalfEven)?;
        i64::try_from(nanos).ok().map(Price::from_nanos)
    }
}
