//! Decimal text to scaled integers and back, without a float in between.
use std::fmt;

/// Why a text is not a number of the wanted type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberError {
    /// The text is empty.
    Empty,
    /// A character that no decimal number has, and its place (from 0).
    NotANumber {
        /// The text as it stood.
        text: String,
    },
    /// More decimals than the type keeps; nothing is rounded in silence.
    TooManyDecimals {
        /// The text as it stood.
        text: String,
        /// How many decimals the type keeps.
        kept: u32,
    },
    /// The value is beyond the range of the type.
    TooLarge {
        /// The text as it stood.
        text: String,
        /// The largest value of the type, in few digits.
        most: String,
    },
}

impl NumberError {
    /// A value beyond the range of a type whose largest value is about `most`.
    pub(super) fn too_large(text: &str, most: f64) -> Self {
        Self::TooLarge { text: text.to_owned(), most: format!("{most:.1e}") }
    }
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty text where a decimal number was expected"),
            Self::NotANumber { text } => {
                write!(f, "{text:?} is not a decimal number (expected digits, a point, an exponent)")
            }
            Self::TooManyDecimals { text, kept } => {
                write!(f, "{text:?} has more than {kept} decimals; round it first")
            }
            Self::TooLarge { text, most } => {
                write!(f, "{text:?} is out of range; expected at most {most}, on either side of zero")
            }
        }
    }
}

impl std::error::Error for NumberError {}

/// A decimal text (`-12.5`, `+3`, `1e-8`, `.5`) as an integer of `decimals` decimals: `("1.5", 9)` gives 1,500,000,000.
///
/// # Errors
/// [`NumberError`] where the text is no number, has a non-zero digit beyond `decimals`, or leaves 128 bits.
pub fn parse_decimal(text: &str, decimals: u32) -> Result<i128, NumberError> {
    let not_a_number = || NumberError::NotANumber { text: text.to_owned() };
    let too_large = || NumberError::too_large(text, i128::MAX as f64 / 10f64.powi(decimals as i32));
    if text.is_empty() {
        return Err(NumberError::Empty);
    }
    let (negative, unsigned) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i32>().map_err(|_| not_a_number())?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(not_a_number());
    }
    let mut value: i128 = 0;
    // The power of ten that the next digit counts, in units of the last kept decimal.
    let mut place = i64::try_from(whole.len()).map_err(|_| too_large())? + i64::from(exponent) + i64::from(decimals);
    for digit in whole.bytes().chain(fraction.bytes()) {
        if !digit.is_ascii_digit() {
            return Err(not_a_number());
        }
        place -= 1;
        let digit = i128::from(digit - b'0');
        if digit == 0 {
            continue;
        }
        if place < 0 {
            return Err(NumberError::TooManyDecimals { text: text.to_owned(), kept: decimals });
        }
        let power = u32::try_from(place).ok().and_then(|p| 10i128.checked_pow(p)).ok_or_else(too_large)?;
        // Signed from the first digit on: the most negative value has no positive twin.
        let digit = if negative { -digit } else { digit };
        value = digit.checked_mul(power).and_then(|d| value.checked_add(d)).ok_or_else(too_large)?;
    }
    Ok(value)
}

/// Prints `value` (an integer of `decimals` decimals) with every digit that counts and no trailing zero.
/// A precision in the format (`{:.2}`) rounds half-even for people; without one the text is exact.
pub(super) fn print_decimal(value: i128, decimals: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (shown, value) = match f.precision().and_then(|p| u32::try_from(p).ok()) {
        Some(wanted) if wanted < decimals => (wanted, rounded(value, decimals - wanted)),
        Some(wanted) => return exact(value, decimals, wanted, f),
        None => return exact(value, decimals, 0, f),
    };
    exact(value, shown, shown, f)
}

fn rounded(value: i128, digits: u32) -> i128 {
    // 10^digits fits: at most 18 decimals are kept, so the fallback is never taken.
    super::mul_div(value, 1, 10i128.pow(digits), super::Rounding::HalfEven).unwrap_or(value)
}

fn exact(value: i128, decimals: u32, at_least: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let unit = 10u128.pow(decimals);
    let (whole, fraction) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    let mut digits =
        if decimals == 0 { String::new() } else { format!("{fraction:0width$}", width = decimals as usize) };
    while digits.len() > at_least as usize && digits.ends_with('0') {
        digits.pop();
    }
    while digits.len() < at_least as usize {
        digits.push('0');
    }
    let point = if digits.is_empty() { "" } else { "." };
    f.pad_integral(value >= 0, "", &format!("{whole}{point}{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<i128, &str>) {
        assert_eq!(parse_decimal(text, 9).map_err(|e| e.to_string()), expected.map_err(str::to_owned), "{text:?}");
    }

    #[test]
    fn reads_what_files_hold() {
        check("1", Ok(1_000_000_000));
        check("-0.000000001", Ok(-1));
        check("+12.50", Ok(12_500_000_000));
        check(".5", Ok(500_000_000));
        check("5.", Ok(5_000_000_000));
        check("1e-8", Ok(10));
        check("1.5E3", Ok(1_500_000_000_000));
        check("1.0000000000000", Ok(1_000_000_000));
        check("0e99999", Ok(0));
        check("123456789012345678901234567", Ok(123_456_789_012_345_678_901_234_567_000_000_000));
    }

    #[test]
    fn refuses_what_is_no_number() {
        let no = |t: &str| format!("{t:?} is not a decimal number (expected digits, a point, an exponent)");
        check("", Err("an empty text where a decimal number was expected"));
        for text in ["abc", "NaN", "inf", "1,5", "--1", "1.2.3", ".", "-", "1e", "0x1", "1 ", "１"] {
            check(text, Err(&no(text)));
        }
        check("1e999999999999", Err(&no("1e999999999999")));
        check("0.0000000001", Err("\"0.0000000001\" has more than 9 decimals; round it first"));
        check("1e60", Err("\"1e60\" is out of range; expected at most 1.7e29, on either side of zero"));
    }
}
