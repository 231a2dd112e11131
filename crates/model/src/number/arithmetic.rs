//! Multiply-then-divide without losing a digit in between.
use ethnum::I256;

/// What happens to the digits that do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero: never more than what is there (quantities).
    Down,
    /// Away from zero: never less than what is asked (margins, reserves).
    Up,
    /// To the nearest, ties to the even digit: no drift over many roundings (money).
    HalfEven,
}

/// `a * b / c`, rounded once; the product never overflows. `None` where `c` is zero or the quotient leaves 128 bits.
#[must_use]
pub fn mul_div(a: i128, b: i128, c: i128, rounding: Rounding) -> Option<i128> {
    let negative = (a < 0) ^ (b < 0) ^ (c < 0);
    // Nearly always the factor and the divisor are short, and the product fits.
    if let (Ok(factor), Ok(divisor)) = (u64::try_from(b.unsigned_abs()), u64::try_from(c.unsigned_abs()))
        && let Some(product) = product(a.unsigned_abs(), factor)
    {
        let quotient = product.checked_div(divisor.into())?;
        // A second division would cost more than this product.
        let remainder = (product - quotient * u128::from(divisor)) as u64;
        let up = match rounding {
            Rounding::Down => false,
            Rounding::Up => remainder != 0,
            Rounding::HalfEven => 2 * u128::from(remainder) + (quotient & 1) > u128::from(divisor),
        };
        return signed(quotient + u128::from(up), negative);
    }
    mul_div_long(a, b, c, rounding)
}

/// A product of 128 and 64 bits, where 127 bits hold it.
#[inline(always)]
fn product(whole: u128, factor: u64) -> Option<u128> {
    let factor = u128::from(factor);
    let lower = u128::from(whole as u64) * factor;
    let upper = (whole >> 64) * factor + (lower >> 64);
    (upper >> 63 == 0).then_some((upper << 64) | u128::from(lower as u64))
}

/// A magnitude with its sign; `None` beyond the range.
#[inline]
fn signed(magnitude: u128, negative: bool) -> Option<i128> {
    match i128::try_from(magnitude) {
        Ok(value) => Some(if negative { -value } else { value }),
        Err(_) => (negative && magnitude == i128::MIN.unsigned_abs()).then_some(i128::MIN),
    }
}

#[cold]
fn mul_div_long(a: i128, b: i128, c: i128, rounding: Rounding) -> Option<i128> {
    if c == 0 {
        return None;
    }
    let (product, divisor) = (I256::from(a) * I256::from(b), I256::from(c));
    let quotient = i128::try_from(product / divisor).ok()?;
    let remainder = i128::try_from(product % divisor).ok()?;
    quotient.checked_add(correction(remainder, c, quotient, rounding))
}

/// Nanos in one.
const NANOS: u64 = 1_000_000_000;

/// Quotient and remainder by a thousand million. Limb by limb the divisor is a constant of 64 bits, which compiles to
/// multiplications: a tenth of the general division. A remainder has 30 bits, so the lower half goes in two limbs of 34
/// and 30.
#[inline(always)]
fn div_magnitude(magnitude: u128) -> (u128, u64) {
    let (upper, lower) = ((magnitude >> 64) as u64, magnitude as u64);
    let limb = ((upper % NANOS) << 34) | (lower >> 30);
    let last = ((limb % NANOS) << 30) | (lower & 0x3fff_ffff);
    let quotient = (u128::from(upper / NANOS) << 64) | u128::from(((limb / NANOS) << 30) | (last / NANOS));
    (quotient, last % NANOS)
}

/// The quotient by a thousand million, towards zero.
#[inline]
pub(super) fn div_nanos(value: i128) -> i128 {
    let quotient = div_magnitude(value.unsigned_abs()).0 as i128;
    if value < 0 { quotient.wrapping_neg() } else { quotient }
}

/// `a * b` nanos as ones, half-even: a product with a rate.
#[inline]
pub(super) fn mul_nanos(a: i128, b: i64) -> Option<i128> {
    let Some(product) = product(a.unsigned_abs(), b.unsigned_abs()) else {
        return mul_div_long(a, b.into(), NANOS.into(), Rounding::HalfEven);
    };
    let (quotient, remainder) = div_magnitude(product);
    let odd = quotient as u64 & 1;
    let rounded = (quotient + u128::from(2 * remainder + odd > NANOS)) as i128;
    Some(if (a < 0) == (b < 0) { rounded } else { -rounded })
}

/// -1, 0 or 1: the step from the truncated quotient to the rounded one.
fn correction(remainder: i128, divisor: i128, quotient: i128, rounding: Rounding) -> i128 {
    if remainder == 0 {
        return 0;
    }
    let away = if (remainder < 0) == (divisor < 0) { 1 } else { -1 };
    // |remainder| < |divisor|, so the difference cannot wrap where doubling could.
    let (part, rest) = (remainder.unsigned_abs(), divisor.unsigned_abs() - remainder.unsigned_abs());
    match rounding {
        Rounding::Down => 0,
        Rounding::Up => away,
        Rounding::HalfEven if part > rest || (part == rest && quotient & 1 != 0) => away,
        Rounding::HalfEven => 0,
    }
}

/// Integers as floats, within one unit in the last place.
pub(super) trait ToFloat {
    fn to_float(self) -> f64;
}

impl ToFloat for i64 {
    #[inline]
    fn to_float(self) -> f64 {
        self as f64
    }
}

impl ToFloat for i128 {
    /// The upper and the lower half apart: the exact conversion of 128 bits is a call of fifty instructions.
    #[inline]
    fn to_float(self) -> f64 {
        // Near zero the halves of a negative number would cancel: what fits 64 bits is converted as it is.
        if let Ok(small) = i64::try_from(self) {
            return small as f64;
        }
        halves_to_float(self)
    }
}

/// The upper and the lower half of an integer apart. Beside an upper half the last eleven bits are less than half a unit in
/// the last place; of a small negative number 2^12 may be lost.
#[inline]
pub(super) fn halves_to_float(value: i128) -> f64 {
    let (upper, lower) = ((value >> 64) as i64, ((value as u64) >> 11) as i64);
    upper as f64 * 18_446_744_073_709_551_616.0 + lower as f64 * 2_048.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(a: i128, b: i128, c: i128, down: i128, even: i128, up: i128) {
        assert_eq!(mul_div(a, b, c, Rounding::Down), Some(down), "{a}*{b}/{c} down");
        assert_eq!(mul_div(a, b, c, Rounding::HalfEven), Some(even), "{a}*{b}/{c} half-even");
        assert_eq!(mul_div(a, b, c, Rounding::Up), Some(up), "{a}*{b}/{c} up");
    }

    #[test]
    fn rounds_each_way() {
        check(7, 1, 2, 3, 4, 4);
        check(5, 1, 2, 2, 2, 3);
        check(-5, 1, 2, -2, -2, -3);
        check(-7, 1, 2, -3, -4, -4);
        check(7, 1, -2, -3, -4, -4);
        check(1, 1, 3, 0, 0, 1);
        check(6, 1, 3, 2, 2, 2);
    }

    #[test]
    fn the_short_way_is_the_long_way() {
        let edges = [0, 1, 2, 3, 7, 10, 999_999_999, 1_000_000_000, i128::from(i64::MAX), i128::from(u64::MAX)];
        let wide = [1 << 64, (1 << 100) + 1, i128::MAX / 2, i128::MAX - 1, i128::MAX, i128::MIN, i128::MIN + 1];
        let all: Vec<i128> = edges.into_iter().chain(wide).flat_map(|x: i128| [x, x.wrapping_neg()]).collect();
        for (a, b, c) in all.iter().flat_map(|a| all.iter().flat_map(|b| all.iter().map(|c| (*a, *b, *c)))) {
            for rounding in [Rounding::Down, Rounding::Up, Rounding::HalfEven] {
                assert_eq!(mul_div(a, b, c, rounding), mul_div_long(a, b, c, rounding), "{a}*{b}/{c} {rounding:?}");
            }
        }
    }

    #[test]
    fn division_by_nanos_is_division() {
        let near = |value: i128| [value - 1, value, value + 1];
        let powers = (0..38).flat_map(|power| near(10i128.pow(power)));
        let values: Vec<i128> =
            powers.chain([i128::MAX, i128::MIN, i128::MIN + 1, 0, i128::MAX - 999_999_999]).collect();
        for value in values.iter().flat_map(|value| [*value, value.wrapping_neg()]) {
            assert_eq!(div_nanos(value), value / 1_000_000_000, "{value}");
            assert_eq!(
                u128::from(div_magnitude(value.unsigned_abs()).1),
                value.unsigned_abs() % 1_000_000_000,
                "{value}"
            );
            for rate in [0, 1, -1, 2_000_000, 500_000_000, -1_500_000_000, i64::MAX, i64::MIN] {
                let slow = mul_div(value, rate.into(), 1_000_000_000, Rounding::HalfEven);
                assert_eq!(mul_nanos(value, rate), slow, "{value} x {rate}");
            }
        }
    }

    #[test]
    fn the_product_may_exceed_128_bits() {
        let big = i128::MAX / 3;
        check(big, 9, 9, big, big, big);
        check(-big, 7, 7, -big, -big, -big);
        assert_eq!(mul_div(i128::MAX, 3, 2, Rounding::Down), None);
        assert_eq!(mul_div(1, 1, 0, Rounding::Down), None);
        assert_eq!(mul_div(i128::MIN, 1, -1, Rounding::Down), None);
    }
}
