//! What stands before the decimals of a file's numbers: a point, or a comma where another sign separates the columns.
//!
//! `61,800` is sixty-two or sixty thousand; nothing in it tells. So a comma is taken for the decimal one only where numbers of the file
//! show it (`61800,5`, `0,125`, `61.800,5`) and none has a point that can only be a decimal one. Points between thousands are read where they
//! can be nothing else: before a comma (`61.800,5`), twice (`1.234.567`), or in a file with such a number. Anything else is refused, and
//! says why.
use std::borrow::Cow;

use super::number::{Nanos, NumberFault, read_nanos};

/// Before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mark {
    #[default]
    Point,
    Comma,
    /// A comma, and points between thousands.
    Grouped,
}

impl Mark {
    /// By the numbers among some fields.
    pub(crate) fn of<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut point, mut either, mut comma, mut grouped) = (false, false, false, false);
        for shown in fields.into_iter().filter_map(shown) {
            match shown {
                Shown::Point => point = true,
                Shown::Either => either = true,
                Shown::Comma => comma = true,
                Shown::Grouped => grouped = true,
            }
        }
        match (point, grouped) {
            (false, true) => Self::Grouped,
            (false, false) if comma && !either => Self::Comma,
            _ => Self::Point,
        }
    }

    /// By the first number that shows one; from then on it stays.
    pub(crate) fn settled(known: &mut Option<Self>, text: &str) -> Self {
        if known.is_none() {
            *known = shown(text).map(|shown| match shown {
                Shown::Point | Shown::Either => Self::Point,
                Shown::Comma => Self::Comma,
                Shown::Grouped => Self::Grouped,
            });
        }
        known.unwrap_or_default()
    }

    /// What there is to say of a file whose decimals do not stand behind a point.
    pub(crate) const fn why(self) -> Option<&'static str> {
        match self {
            Self::Point => None,
            Self::Comma => Some("numbers have a decimal comma"),
            Self::Grouped => Some("numbers have a decimal comma, and points between thousands"),
        }
    }

    /// Reads a number as [`read_nanos`] does.
    pub(crate) fn read(self, text: &str) -> Result<Nanos, NumberFault> {
        match self.plain(text) {
            Some(plain) => read_nanos(&plain),
            None if is_like_a_number(text) => Err(NumberFault::Comma),
            None => read_nanos(text),
        }
    }

    /// A number with a point before its decimals and none elsewhere; `None` where its marks may mean something else.
    pub(crate) fn plain(self, text: &str) -> Option<Cow<'_, str>> {
        if self == Self::Point || !text.contains(['.', ',']) {
            return (!text.contains(',')).then_some(Cow::Borrowed(text));
        }
        let (whole, part) = text.split_once(',').unwrap_or((text, ""));
        let groups = whole.bytes().filter(|byte| *byte == b'.').count();
        let is_told = text.contains(',') || groups > 1 || self == Self::Grouped;
        let fits = groups == 0 || is_told && is_grouped(whole.trim_start_matches(['-', '+']));
        (fits && !part.contains(['.', ','])).then(|| Cow::Owned(format!("{}.{part}", whole.replace('.', ""))))
    }
}

/// What a number shows of its file.
enum Shown {
    Point,
    /// Three digits stand behind the one point: it may divide thousands.
    Either,
    Comma,
    /// Points between thousands.
    Grouped,
}

/// `None` where it has no mark, or where three digits behind a comma may be thousands.
fn shown(text: &str) -> Option<Shown> {
    let unsigned = text.trim().trim_start_matches(['-', '+']);
    let (mantissa, _) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, ""));
    let Some((whole, part)) = mantissa.split_once(',') else {
        return match mantissa.split_once('.')? {
            (_, part) if is_grouped(mantissa) => Some(if part.contains('.') { Shown::Grouped } else { Shown::Either }),
            (whole, part) => (is_whole(whole) && is_whole(part)).then_some(Shown::Point),
        };
    };
    match is_whole(part) {
        true if whole.contains('.') => is_grouped(whole).then_some(Shown::Grouped),
        true if is_whole(whole) && (part.len() != 3 || whole.starts_with('0')) => Some(Shown::Comma),
        _ => None,
    }
}

fn is_whole(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// True for digits with a point before every three of them but the first one to three, of which none is a zero in front.
fn is_grouped(whole: &str) -> bool {
    let mut groups = whole.split('.');
    let first = groups.next().unwrap_or_default();
    is_whole(first)
        && first.len() < 4
        && !first.starts_with('0')
        && groups.all(|group| is_whole(group) && group.len() == 3)
}

fn is_like_a_number(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.contains(|c: char| c.is_ascii_digit())
        && bytes.all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-' | b'+' | b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_is_decimal_where_the_file_shows_it() {
        let check =
            |fields: &[&str], expected: Mark| assert_eq!(Mark::of(fields.iter().copied()), expected, "{fields:?}");
        check(&["61800,5", "7"], Mark::Comma);
        check(&["0,125", "61,800"], Mark::Comma);
        check(&["-1,5E+03"], Mark::Comma);
        check(&["61,800", "61,900"], Mark::Point);
        check(&["61,800.5", "1,5"], Mark::Comma);
        check(&["12.345,10", "7"], Mark::Grouped);
        check(&["12.345,10", "1.234"], Mark::Grouped);
        check(&["1.234.567", "1,5"], Mark::Grouped);
        // Decimals of three digits and thousands look alike, and a group has three.
        check(&["1.234", "1,5"], Mark::Point);
        check(&["12.345,10", "1.5"], Mark::Point);
        check(&["0.123,5", "1234.567,5", "12.34,5"], Mark::Point);
        check(&["61800.5", "1,5"], Mark::Point);
        check(&["BTC", "2024-01-01", "", "1,234,567"], Mark::Point);
    }

    #[test]
    fn numbers_by_their_mark() {
        let check = |mark: Mark, text: &str, expected: Result<i128, NumberFault>| {
            assert_eq!(mark.read(text).map(|nanos| nanos.value), expected, "{text:?}");
        };
        check(Mark::Comma, "61800,5", Ok(61_800_500_000_000));
        check(Mark::Comma, "-1,5E+03", Ok(-1_500_000_000_000));
        check(Mark::Comma, "7", Ok(7_000_000_000));
        check(Mark::Comma, "12.345,10", Ok(12_345_100_000_000));
        check(Mark::Comma, "-1.234.567", Ok(-1_234_567_000_000_000));
        check(Mark::Grouped, "1.234", Ok(1_234_000_000_000));
        check(Mark::Grouped, "999,5", Ok(999_500_000_000));
        for text in ["1.234", "1,234,567", "12.34,5", "0.123,5", "1234.567,5", "1.234,5,6", "1,234.5"] {
            check(Mark::Comma, text, Err(NumberFault::Comma));
        }
        for text in ["1.5", "0.123", "1234.567", "1.23.456"] {
            check(Mark::Grouped, text, Err(NumberFault::Comma));
        }
        for text in ["61,800", "1,5", "1,234.5"] {
            check(Mark::Point, text, Err(NumberFault::Comma));
        }
        check(Mark::Point, "a,b", Err(NumberFault::NotANumber));
        check(Mark::Comma, "NaN", Err(NumberFault::NotFinite));
    }
}
