//! Decimal text to integers: sixteen bytes at a time where a field is plain, digit by digit where it is not.
use std::num::NonZero;

use qframe_model::number::{Price, Quantity, Rate, Rounding, Volume, mul_div};

/// Powers of ten; the places behind the ninth are never asked for, they let an index of four bits go unchecked.
const POWERS: [u64; 16] = {
    let mut powers = [1; 16];
    let mut i = 1;
    while i < 16 {
        powers[i] = powers[i - 1] * 10;
        i += 1;
    }
    powers
};
const ONE: i64 = 1_000_000_000;

/// An unsigned number as it stands in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Plain {
    /// The digits before the point.
    pub(crate) whole: u64,
    /// The digits behind it.
    pub(crate) fraction: u64,
    /// How many those are.
    pub(crate) decimals: usize,
}

impl Plain {
    /// As a price; `None` for over nine decimals and out of range.
    #[inline]
    pub(crate) fn price(self) -> Option<Price> {
        let power = POWERS[9usize.checked_sub(self.decimals)? & 15];
        let whole = i64::try_from(self.whole).ok()?.checked_mul(ONE)?;
        let fraction = i64::try_from(self.fraction * power).ok()?;
        whole.checked_add(fraction).map(Price::from_nanos)
    }

    /// As a volume; `None` for over nine decimals and too many digits.
    #[inline]
    pub(crate) fn volume(self) -> Option<Volume> {
        let digits = self.whole.checked_mul(*POWERS.get(self.decimals)?)?.checked_add(self.fraction)?;
        Volume::from_digits(digits, self.decimals as u32)
    }
}

/// How many bytes [`scan`] and [`scan_whole`] may look at.
const WINDOW: usize = 32;

/// Reads digits with at most one point from `text[at..]`: the number, and the place behind it. `None` where there is no
/// digit, a sign, over seven digits before the point or eight behind it, or no room behind: [`scan_long`] takes more.
///
/// The digits before the point and those behind it are each taken as one word: no loop, so no branch to mispredict.
#[inline(always)] // Called, it would hand its answer over in memory: half the time of a row.
pub(crate) fn scan(text: &[u8], at: usize) -> Option<(Plain, usize)> {
    let window: &[u8; WINDOW] = text.get(at..)?.first_chunk()?;
    let (whole, length) = leading_digits(window, 0)?;
    if length == 8 {
        return None;
    }
    if window[length] != b'.' {
        return (length > 0).then_some((Plain { whole, fraction: 0, decimals: 0 }, at + length));
    }
    let (fraction, decimals) = leading_digits(window, length + 1)?;
    let size = length + 1 + decimals;
    let ends = match decimals {
        0 => length > 0,
        1..8 => true,
        _ => !window[size].is_ascii_digit(),
    };
    ends.then_some((Plain { whole, fraction, decimals }, at + size))
}

const TOP: u64 = each_byte(0x80);

const fn each_byte(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The number in the first digits of the eight bytes at `at`, and how many digits those are: 0 to 8.
#[inline(always)]
fn leading_digits(window: &[u8; WINDOW], at: usize) -> Option<(u64, usize)> {
    // Digits become 0 to 9; adding 0x76 lights the top bit of all that is more. A carry disturbs only bytes behind one
    // that is lit, and the first such one is all that is asked for.
    let values = u64::from_le_bytes(*window.get(at..at + 8)?.first_chunk()?) ^ each_byte(b'0');
    let others = (values.wrapping_add(each_byte(0x76)) | values) & TOP;
    let Some(others) = NonZero::new(others) else { return Some((eight_digits(values), 8)) };
    // Zeros in front fill the word up: the digits move to its top, where the first other byte ends at bit 63.
    let end = others.trailing_zeros();
    Some((eight_digits((values << 8).wrapping_shl(63 - end)), end as usize / 8))
}

/// The number in eight bytes of 0 to 9, the first in the lowest byte: pairs, pairs of pairs, then pairs of those.
#[inline(always)]
const fn eight_digits(values: u64) -> u64 {
    let pairs = (values.wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// Reads a whole number of up to 19 digits, and the place behind it; nothing is said about what stands there.
#[inline(always)]
pub(crate) fn scan_whole(text: &[u8], at: usize) -> Option<(u64, usize)> {
    let window: &[u8; WINDOW] = text.get(at..)?.first_chunk()?;
    let (mut value, mut length) = (0u64, 0);
    for _ in 0..3 {
        let (part, digits) = leading_digits(window, length)?;
        value = value.wrapping_mul(POWERS[digits]).wrapping_add(part);
        length += digits;
        if digits < 8 {
            break;
        }
    }
    (0 < length && length < 20).then_some((value, at + length))
}

/// As [`scan`], digit by digit: up to 18 on either side of the point.
pub(crate) fn scan_long(text: &[u8], at: usize) -> Option<(Plain, usize)> {
    let (whole, point) = digits_from(text, at)?;
    if text.get(point) != Some(&b'.') {
        return (point > at).then_some((Plain { whole, fraction: 0, decimals: 0 }, point));
    }
    let (fraction, end) = digits_from(text, point + 1)?;
    let plain = Plain { whole, fraction, decimals: end - point - 1 };
    (end - at > 1).then_some((plain, end))
}

fn digits_from(text: &[u8], at: usize) -> Option<(u64, usize)> {
    let length = text.get(at..)?.iter().position(|b| !b.is_ascii_digit())?;
    let value = text[at..at + length].iter().fold(0u64, |value, b| value.wrapping_mul(10) + u64::from(b - b'0'));
    (length <= 19).then_some((value, at + length))
}

/// A decimal text brought to nine decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nanos {
    /// The value, ties to even.
    pub(crate) value: i128,
    /// True where digits were lost.
    pub(crate) rounded: bool,
    /// How far the value moved, in 1e-13.
    moved: i128,
}

/// Why a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFault {
    NotANumber,
    NotFinite,
    TooLarge,
    /// A comma, or a point beside the decimal commas of others.
    Comma,
}

/// Reads any decimal text (signs, exponents, any number of digits) to nine decimals, rounded half-even.
pub(crate) fn read_nanos(text: &str) -> Result<Nanos, NumberFault> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| no_number(text))?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) || whole.len() + fraction.len() == 0 {
        return Err(no_number(text));
    }
    // The power of ten of the next digit, in nanos.
    let mut place = whole.len() as i64 + i64::from(exponent) + 9;
    let (mut value, mut beyond, mut sticky) = (0i128, 0i128, false);
    for byte in whole.bytes().chain(fraction.bytes()) {
        place -= 1;
        let digit = i128::from(byte - b'0');
        match place {
            0.. => {
                let more = value.checked_mul(10).and_then(|value| value.checked_add(digit));
                value = more.ok_or(NumberFault::TooLarge)?;
            }
            -4..0 => beyond += digit * i128::from(POWERS[(place + 4) as usize]),
            _ => sticky |= digit != 0,
        }
    }
    if place > 0 && value != 0 {
        let power = u32::try_from(place).ok().and_then(|place| 10i128.checked_pow(place));
        value = power.and_then(|power| value.checked_mul(power)).ok_or(NumberFault::TooLarge)?;
    }
    let up = beyond > 5_000 || beyond == 5_000 && (sticky || value % 2 != 0);
    let moved = if up { 10_000 - beyond } else { beyond };
    let value = value.checked_add(i128::from(up)).ok_or(NumberFault::TooLarge)?;
    let value = if text.starts_with('-') { -value } else { value };
    Ok(Nanos { value, rounded: sticky || beyond > 0, moved })
}

fn no_number(text: &str) -> NumberFault {
    let name = text.trim_start_matches(['-', '+']).to_ascii_lowercase();
    let not_finite = ["nan", "inf", "infinity", "1.#inf", "1.#qnan"].contains(&name.as_str());
    if not_finite { NumberFault::NotFinite } else { NumberFault::NotANumber }
}

impl Nanos {
    /// The decimal number of up to nine decimals that a float stands for. `None` where there is none, or where it is so
    /// large that its last digits are a matter of taste: its text tells more.
    pub(crate) fn of_plain_float(value: f64) -> Option<Self> {
        const LARGEST: f64 = 4e6;
        let nanos = (value * ONE as f64).round_ties_even();
        let same = value.abs() < LARGEST && nanos / ONE as f64 == value;
        same.then_some(Self { value: nanos as i128, rounded: false, moved: 0 })
    }

    /// A ratio as it is often written, `1:3` or `1/3`: new units for old ones. `None` where these are no two numbers above zero.
    /// It is rounded where its nine decimals do not tell the fraction.
    pub(crate) fn of_ratio(text: &str) -> Option<Self> {
        let (new, old) = text.split_once([':', '/'])?;
        let [new, old] = [new, old].map(|part| read_nanos(part.trim()).ok().filter(|part| !part.rounded));
        let [new, old] = [new?.price()?, old?.price()?].map(|part| i128::from(part.nanos()));
        let value = (new > 0 && old > 0).then(|| mul_div(new, ONE.into(), old, Rounding::HalfEven))??;
        let (above, below) = Rate::from_nanos(i64::try_from(value).ok()?).fraction();
        Some(Self { value, rounded: above * old != new * below, moved: 0 })
    }

    /// True where nine decimals moved the value by more than a millionth of it: no float noise, a coarser number.
    pub(crate) fn is_too_fine(self) -> bool {
        self.moved * 1_000_000 > self.value.saturating_abs().saturating_mul(10_000)
    }

    /// As a price; `None` out of range.
    pub(crate) fn price(self) -> Option<Price> {
        i64::try_from(self.value).ok().map(Price::from_nanos)
    }

    /// As a volume of as many decimals as 18 digits allow, and whether digits were lost. `None` below zero and out of
    /// range.
    pub(crate) fn volume(self) -> Option<(Volume, bool)> {
        if let Ok(volume) = Volume::new(Quantity::from_nanos(self.value)) {
            return Some((volume, self.rounded));
        }
        (0..9u32).rev().find_map(|decimals| {
            let kept = mul_div(self.value, 1, 10i128.pow(9 - decimals), Rounding::HalfEven)?;
            let volume = Volume::from_digits(u64::try_from(kept).ok()?, decimals)?;
            Some((volume, true))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_plain_fields() {
        let check = |text: &str, expected: Option<(u64, u64, usize, usize)>| {
            let padded = [text.as_bytes(), &[b'7'; WINDOW]].concat();
            let read = |found: Option<(Plain, usize)>| found.map(|(p, end)| (p.whole, p.fraction, p.decimals, end));
            let (short, long) = (read(scan(&padded, 0)), read(scan_long(&padded, 0)));
            assert_eq!(short.or(long), expected, "{text:?}");
            assert!(short.is_none() || short == long, "{text:?}");
        };
        check("370.0,", Some((370, 0, 1, 5)));
        check("8070,", Some((8_070, 0, 0, 4)));
        check("0.00002853\n", Some((0, 2_853, 8, 10)));
        check("36304.20000000\r\n", Some((36_304, 20_000_000, 8, 14)));
        check(".5;", Some((0, 5, 1, 2)));
        check("5.\t", Some((5, 0, 0, 2)));
        check("1234567,", Some((1_234_567, 0, 0, 7)));
        check("12345678,", Some((12_345_678, 0, 0, 8)));
        check("1.123456789,", Some((1, 123_456_789, 9, 11)));
        check("1234567890123456789,", Some((1_234_567_890_123_456_789, 0, 0, 19)));
        check("143539993.3,", Some((143_539_993, 3, 1, 11)));
        check("1.2e5,", Some((1, 2, 1, 3)));
        check("1.2.3,", Some((1, 2, 1, 3)));
        check("1\u{e9}3,", Some((1, 0, 0, 1)));
        for text in ["", ",", ".,", "-1,", "+1,", "\u{e9},", "12345678901234567890,", "1.12345678901234567890,"] {
            check(text, None);
        }
    }

    #[test]
    fn scans_whole_numbers() {
        for length in 0..22 {
            let text = format!("{}.{}", &"9876543219876543219876"[..length], "5".repeat(WINDOW));
            let expected = text[..length].parse().ok().filter(|_| length < 20).map(|value| (value, length));
            assert_eq!(scan_whole(text.as_bytes(), 0), expected, "{length} digits");
        }
    }

    #[test]
    fn prices_and_volumes_of_plain_fields() {
        let plain = |whole, fraction, decimals| Plain { whole, fraction, decimals };
        assert_eq!(plain(370, 25, 2).price(), "370.25".parse().ok());
        assert_eq!(plain(9_223_372_036, 854_775_807, 9).price(), Some(Price::MAX));
        assert_eq!(plain(9_223_372_036, 854_775_808, 9).price(), None);
        assert_eq!(plain(1, 1, 10).price(), None);
        assert_eq!(plain(u64::MAX, 0, 0).price(), None);
        assert_eq!(plain(15, 10, 2).volume(), "15.1".parse().ok());
        assert_eq!(plain(u64::MAX, 9, 1).volume(), None);
        assert_eq!(plain(1, 1, 10).volume(), None);
        assert_eq!(plain(1, 1, 19).volume(), None);
    }

    proptest::proptest! {
        #[test]
        fn the_quick_scan_reads_what_the_careful_one_reads(text in "[0-9]{0,9}([.][0-9]{0,10})?", next in "[,;\t\r\na.-]") {
            let padded = [text.as_bytes(), next.as_bytes(), &[b'7'; WINDOW]].concat();
            let careful = read_nanos(&text).ok();
            for (plain, end) in scan(&padded, 0).into_iter().chain(scan_long(&padded, 0)) {
                assert_eq!(end, text.len());
                let Some(price) = plain.price() else { continue };
                assert_eq!(careful.map(|nanos| (nanos.price(), nanos.rounded)), Some((Some(price), false)));
                let Some(volume) = plain.volume() else { continue };
                assert_eq!(careful.and_then(Nanos::volume), Some((volume, false)));
            }
        }
    }

    #[test]
    fn reads_and_rounds_any_number() {
        let check = |text: &str, value: i128, rounded: bool, too_fine: bool| {
            let found = read_nanos(text).unwrap();
            assert_eq!((found.value, found.rounded, found.is_too_fine()), (value, rounded, too_fine), "{text:?}");
        };
        check("1.0586600000000002", 1_058_660_000, true, false);
        check("0.14550000429153442", 145_500_004, true, false);
        check("-1.5e3", -1_500_000_000_000, false, false);
        check("2.8529999999999999e-05", 28_530, true, false);
        check("0.0000000005", 0, true, true);
        check("0.0000000015", 2, true, true);
        check("0.00000000051", 1, true, true);
        check("0.0000000123", 12, true, true);
        check("1.0000000005", 1_000_000_000, true, false);
        check("1.00000000050000000001", 1_000_000_001, true, false);
        check("1e-999999999", 0, true, false);
        check("0e999999999", 0, false, false);
    }

    #[test]
    fn refuses_what_is_no_number() {
        let check = |text: &str, fault: NumberFault| assert_eq!(read_nanos(text), Err(fault), "{text:?}");
        for text in ["", "-", ".", "abc", "null", "1,5", "1e", "1e9999999999", "--1", "1.2.3", "0x10", "１"] {
            check(text, NumberFault::NotANumber);
        }
        for text in ["nan", "NaN", "-inf", "Infinity", "+INF"] {
            check(text, NumberFault::NotFinite);
        }
        check("1e60", NumberFault::TooLarge);
        check("1e2000000000", NumberFault::TooLarge);
    }

    #[test]
    fn volumes_keep_eighteen_digits() {
        let check = |text: &str, expected: Option<(&str, bool)>| {
            let found = read_nanos(text).unwrap().volume().map(|(v, rounded)| (v.to_string(), rounded));
            assert_eq!(found, expected.map(|(text, rounded)| (text.to_owned(), rounded)), "{text:?}");
        };
        check("1.00532E+11", Some(("100532000000", false)));
        check("1234567890.1234567891", Some(("1234567890.12345679", true)));
        check("0", Some(("0", false)));
        check("-1", None);
        check("9e18", None);
    }
}
