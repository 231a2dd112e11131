//! Pure numbers of trading: fees, weights, margins, interest.
use super::NumberError;
use super::decimal::decimal;

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

    /// The ratio that was meant, as `(above, below)`: the fraction with a denominator of at most a thousand that these nine
    /// decimals are, rounded (0.333333333 is 1/3), or the decimals over 1e9 where there is none. There is at most one: two such
    /// fractions are 1e-6 apart.
    #[must_use]
    pub fn fraction(self) -> (i128, i128) {
        const BELOW_MOST: i128 = 1_000;
        let (nanos, one) = (i128::from(self.nanos()), i128::from(Self::ONE.nanos()));
        // A fraction p/q nearer than 1/(2q^2) is a convergent (Legendre), and no later one is farther away.
        let (mut before, mut near, mut rest) = ((0, 1), (1, 0), (nanos, one));
        while rest.1 != 0 {
            let whole = rest.0.div_euclid(rest.1);
            let next = (whole * near.0 + before.0, whole * near.1 + before.1);
            if next.1 > BELOW_MOST {
                break;
            }
            (before, near, rest) = (near, next, (rest.1, rest.0.rem_euclid(rest.1)));
        }
        let (above, below) = near;
        // Within half of a nano; no fraction with such a denominator is at exactly half.
        if 2 * (above * one - nanos * below).abs() < below { near } else { (nanos, one) }
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
        Self::scaled_from(number.trim(), text, Self::DECIMALS - shift)
    }
}
