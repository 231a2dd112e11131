//! Pure numbers of trading: fees, weights, margins, interest.
use super::decimal::decimal;
use super::{NumberError, parse_decimal};

decimal!(
    /// A pure number, exact to nine decimals: 0.002 is a fee of 0.2 %.
    Rate, i64, 9, nanos, from_nanos
);

impl Rate {
    /// `points` hundredths of a percent.
    #[must_use]
    pub const fn basis_points(points: i64) -> Self {
        Self::from_nanos(points * 100_000)
    }

    /// `percent` hundredths.
    #[must_use]
    pub const fn percent(percent: i64) -> Self {
        Self::from_nanos(percent * 10_000_000)
    }

    /// Reads `0.2%`, `5bp`, `5bps` or a plain number (`0.002`).
    ///
    /// # Errors
    /// [`NumberError`] where the number does not read, or more than nine decimals remain after scaling.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let (number, shift) = if let Some(percent) = text.strip_suffix('%') {
            (percent, 2)
        } else if let Some(points) = text.strip_suffix("bps").or_else(|| text.strip_suffix("bp")) {
            (points, 4)
        } else {
            (text, 0)
        };
        let value = parse_decimal(number.trim(), Self::DECIMALS - shift)?;
        i64::try_from(value).map(Self::from_nanos).map_err(|_| NumberError::TooLarge { text: text.to_owned() })
    }
}
