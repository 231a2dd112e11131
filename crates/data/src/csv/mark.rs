//! What stands before the decimals of a file's numbers: a point, or a comma where another sign separates the columns.
//!
//! `61,800` is sixty-two or sixty thousand; nothing in it tells. So a comma is taken for the decimal one only where numbers of the file
//! show it (`61800,5`, `0,125`) and none has a point; anything else with a comma is refused, and says why.
use super::number::{Nanos, NumberFault, read_nanos};

/// Before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mark {
    #[default]
    Point,
    Comma,
}

/// What there is to say of a file with decimal commas.
pub(crate) const WHY: &str = "numbers have a decimal comma";

impl Mark {
    /// By the numbers among some fields.
    pub(crate) fn of<'a>(fields: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut comma, mut point) = (false, false);
        for text in fields {
            match shown(text) {
                Some(Self::Comma) => comma = true,
                Some(Self::Point) => point = true,
                None => {}
            }
        }
        if comma && !point { Self::Comma } else { Self::Point }
    }

    /// By the first number that shows one; from then on it stays.
    pub(crate) fn settled(known: &mut Option<Self>, text: &str) -> Self {
        if known.is_none() {
            *known = shown(text);
        }
        known.unwrap_or_default()
    }

    /// Reads a number as [`read_nanos`] does.
    pub(crate) fn read(self, text: &str) -> Result<Nanos, NumberFault> {
        let marks = text.bytes().filter(|byte| matches!(byte, b'.' | b',')).count();
        let fits = match self {
            Self::Point => !text.contains(','),
            Self::Comma => !text.contains('.') && marks < 2,
        };
        match self {
            _ if !fits && is_like_a_number(text) => Err(NumberFault::Comma),
            Self::Comma if marks > 0 => read_nanos(&text.replace(',', ".")),
            _ => read_nanos(text),
        }
    }
}

/// The mark that a number shows; `None` where it has none, or where three digits behind a comma may be thousands.
fn shown(text: &str) -> Option<Mark> {
    let unsigned = text.trim().trim_start_matches(['-', '+']);
    let (mantissa, _) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, ""));
    let is_whole = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((whole, part)) = mantissa.split_once(',') {
        let is_telling = part.len() != 3 || whole.starts_with('0');
        return (is_whole(whole) && is_whole(part) && is_telling).then_some(Mark::Comma);
    }
    let (whole, part) = mantissa.split_once('.')?;
    (is_whole(whole) && is_whole(part)).then_some(Mark::Point)
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
        for text in ["1.234", "1.234,5", "1,234,567"] {
            check(Mark::Comma, text, Err(NumberFault::Comma));
        }
        for text in ["61,800", "1,5", "1,234.5"] {
            check(Mark::Point, text, Err(NumberFault::Comma));
        }
        check(Mark::Point, "a,b", Err(NumberFault::NotANumber));
        check(Mark::Comma, "NaN", Err(NumberFault::NotFinite));
    }
}
