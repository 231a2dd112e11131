//! What all exact decimals share, written once.

/// Makes a decimal newtype over `$int` with `$decimals` decimals: constants, checked arithmetic, text, `f64`.
macro_rules! decimal {
    ($(#[$doc:meta])* $name:ident, $int:ty, $decimals:literal, $unit:ident, $from_unit:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name($int);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// One whole unit.
            pub const ONE: Self = Self(10 as $int * (10 as $int).pow($decimals - 1));
            /// The largest value.
            pub const MAX: Self = Self(<$int>::MAX);
            /// How many decimals are kept.
            pub const DECIMALS: u32 = $decimals;

            /// From the integer inside, in units of the last decimal.
            #[must_use]
            #[inline]
            pub const fn $from_unit(value: $int) -> Self {
                Self(value)
            }

            /// The integer inside, in units of the last decimal.
            #[must_use]
            #[inline]
            pub const fn $unit(self) -> $int {
                self.0
            }

            /// The sum.
            ///
            /// # Errors
            /// [`Overflow`](crate::number::Overflow) beyond the range.
            #[inline]
            pub fn plus(self, other: Self) -> Result<Self, crate::number::Overflow> {
                self.0.checked_add(other.0).map(Self).ok_or(crate::number::Overflow(concat!("a sum of ", stringify!($name))))
            }

            /// The difference.
            ///
            /// # Errors
            /// [`Overflow`](crate::number::Overflow) beyond the range.
            #[inline]
            pub fn minus(self, other: Self) -> Result<Self, crate::number::Overflow> {
                self.0.checked_sub(other.0).map(Self).ok_or(crate::number::Overflow(concat!("a difference of ", stringify!($name))))
            }

            /// The distance from zero (the most negative value gives the largest).
            #[must_use]
            #[inline]
            pub const fn abs(self) -> Self {
                Self(self.0.saturating_abs())
            }

            /// True below zero.
            #[must_use]
            #[inline]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// True above zero.
            #[must_use]
            #[inline]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// True at zero.
            #[must_use]
            #[inline]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The nearest `f64`: for indicators and statistics, never back into money.
            #[must_use]
            #[inline]
            pub fn to_f64(self) -> f64 {
                crate::number::arithmetic::ToFloat::to_float(self.0) / Self::ONE.0 as f64
            }

            /// A number of so many decimals, read as the units of this type; an error shows `text`.
            fn scaled_from(number: &str, text: &str, decimals: u32) -> Result<Self, crate::number::NumberError> {
                let too_large = || crate::number::NumberError::too_large(text, Self::MAX.to_f64());
                match crate::number::parse_decimal(number, decimals) {
                    Ok(value) => <$int>::try_from(value).map(Self).map_err(|_| too_large()),
                    // The reader knows of its own range alone.
                    Err(crate::number::NumberError::TooLarge { .. }) => Err(too_large()),
                    Err(other) => Err(other),
                }
            }

            /// The nearest exact value, ties to even. `None` for NaN, infinities and what is out of range.
            #[must_use]
            pub fn from_f64(value: f64) -> Option<Self> {
                let scaled = (value * Self::ONE.0 as f64).round_ties_even();
                (scaled.abs() < <$int>::MAX as f64).then_some(Self(scaled as $int))
            }
        }

        impl std::ops::Neg for $name {
            type Output = Self;
            #[inline]
            fn neg(self) -> Self {
                Self(self.0.saturating_neg())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::number::NumberError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::scaled_from(text, text, $decimals)
            }
        }

        crate::serial::text_or_number!($name, $int, |value: &$name| value.0, |number| Ok::<_, std::convert::Infallible>($name(number)));

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                #[allow(clippy::allow_attributes, clippy::cast_lossless, reason = "i64 and i128 share this text")]
                crate::number::text::print_decimal(self.0 as i128, $decimals, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}
pub(super) use decimal;
