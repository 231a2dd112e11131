//! Every way a row can be refused: the place, the value, what was expected.
use std::fmt;

use qframe_model::number::{Price, Rate};
use qframe_model::time::Time;

use crate::error::Remedy;
use crate::loaded::RowOrder;

/// Where a row stands and why it is no bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The file as it was named.
    pub file: String,
    /// From 1, comment and header lines included.
    pub line: u64,
    /// The place of the value in the line: bytes, from 1.
    pub column: usize,
    /// The value as it stood (at most 80 characters of it).
    pub text: String,
    /// What is wrong with it.
    pub fault: RowFault,
}

/// Why a row is no bar. A `&'static str` is the name of the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFault {
    /// So many fields, where the header has the second number.
    FieldCount(usize, usize),
    /// A quote that is opened and not closed, or text behind the closing one.
    BrokenQuote,
    /// No instant in any form that is read.
    NotATime,
    /// A time before the first that there is, or after the last.
    TimeTooFar,
    /// An epoch number in the second unit, where the first row has the first.
    OtherUnit(&'static str, &'static str),
    /// A time of the second zone, where the first row has the first.
    MixedOffsets(Zone, Zone),
    /// Text where a number was expected.
    NotANumber(&'static str),
    /// A comma that may divide decimals or thousands.
    Comma(&'static str),
    /// NaN or an infinity.
    NotFinite(&'static str),
    /// Beyond the range of exact numbers.
    TooLarge(&'static str),
    /// Nine decimals would change it by more than a millionth.
    TooFine(&'static str),
    /// A price at or below zero.
    NotPositive(&'static str),
    /// A volume below zero.
    NegativeVolume,
    /// The high (first) is below the low.
    HighBelowLow(Price, Price),
    /// The open or the close is not between low (first) and high.
    Outside(&'static str, Price, Price),
    /// The time of the row before; true where the whole bar is the same.
    DuplicateTime(bool),
    /// The time of the row before, in a calendar.
    TimeTwice,
    /// A dividend of this amount that stands above with the same day and the same day of payment.
    DividendTwice(Rate),
    /// A number outside the range of the field, and what was expected.
    NotA(&'static str, &'static str),
    /// A step against the order of the rows before, from this time on.
    Unsorted(Time, RowOrder),
}

/// What a time says about its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Nothing: read as UTC.
    Unstated,
    /// Seconds east of UTC.
    Offset(i32),
}

impl RowFault {
    /// True where the row tells that the file as a whole is not understood: passing over rows would not mend that.
    #[must_use]
    pub(crate) const fn is_of_the_file(&self) -> bool {
        matches!(self, Self::MixedOffsets(..) | Self::OtherUnit(..))
    }

    /// The option of the reader that takes such a row.
    pub(crate) const fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::MixedOffsets(Zone::Offset(_), Zone::Offset(_)) => Some(Remedy::MixOffsets),
            fault if fault.is_of_the_file() => None,
            _ => Some(Remedy::SkipBadRows),
        }
    }

    /// The reason in a word or two, under which rows are counted.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::FieldCount(..) => "wrong number of fields",
            Self::BrokenQuote => "broken quotes",
            Self::NotATime => "no time",
            Self::TimeTooFar => "time out of range",
            Self::OtherUnit(..) => "another epoch unit",
            Self::MixedOffsets(..) => "mixed time zones",
            Self::NotANumber(..) => "text in a number",
            Self::Comma(..) => "comma in a number",
            Self::NotFinite(..) => "NaN or infinity",
            Self::TooLarge(..) => "number out of range",
            Self::TooFine(..) => "too many decimals",
            Self::NotPositive(..) => "price not above zero",
            Self::NegativeVolume => "negative volume",
            Self::HighBelowLow(..) => "high below low",
            Self::Outside(..) => "open or close outside low to high",
            Self::DuplicateTime(..) | Self::TimeTwice => "duplicate time",
            Self::DividendTwice(..) => "duplicate dividend",
            Self::NotA(..) => "number out of range",
            Self::Unsorted(..) => "unsorted time",
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstated => f.write_str("no zone"),
            Self::Offset(seconds) => {
                let (sign, minutes) = (if *seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs() / 60);
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FieldCount(found, expected) => {
                write!(f, "has {found} fields; expected {expected}, as in the header")
            }
            Self::BrokenQuote => f.write_str("has a quote that does not close; expected \"…\" around a whole field"),
            Self::NotATime => f.write_str(
                "is not a time; expected a date, RFC 3339, a 12-hour stamp such as 2017-07-01 11-PM, or epoch s, ms, us, ns",
            ),
            Self::TimeTooFar => f.write_str("is out of range; expected a time from 1677-09-22 to 2262-04-11"),
            Self::OtherUnit(first, here) => {
                write!(f, "looks like {here}, the first row like {first}; expected one unit in a file")
            }
            Self::MixedOffsets(first, here) => {
                write!(f, "has {here}, the first row {first}; expected one zone in a file")
            }
            Self::NotANumber (field) => write!(f, "is no number for the {field}; expected digits such as 370.25"),
            Self::Comma(field) => write!(
                f,
                "is no number for the {field}: its comma may divide decimals or thousands; expected 61800.5 or, in a file that \
                 semicolons, tabs or quotes separate, 61800,5 or 61.800,5 in all rows, with a point before every three digits"
            ),
            Self::NotFinite (field) => write!(f, "is no finite number for the {field}; expected digits such as 370.25"),
            Self::TooLarge (field) => {
                // A volume holds 60 bits of digits, a price 63 bits of billionths.
                let most = if *field == "volume" { "1.15e18" } else { "9.2e9" };
                write!(f, "is out of range for the {field}; expected less than {most}")
            }
            Self::TooFine (field) => write!(
                f,
                "is too fine for the {field}: nine decimals would change it by over a millionth; quote a larger unit"
            ),
            Self::NotPositive (field) => write!(f, "is not above zero; expected a price for the {field}"),
            Self::NegativeVolume => f.write_str("is below zero; expected a traded quantity"),
            Self::HighBelowLow(high, low) => write!(f, "says high {high} below low {low}; are columns swapped?"),
            Self::Outside(field, low, high) => {
                write!(f, "is the {field}, outside low {low} to high {high}; expected it between them")
            }
            Self::DuplicateTime(same) => {
                write!(f, "stands twice, with {} values; expected one row a time", if *same { "the same" } else { "other" })
            }
            Self::TimeTwice => f.write_str("stands twice; expected one row a time"),
            Self::DividendTwice(amount) => write!(
                f,
                "stands twice with the same dividend of {amount}; take one row away, or write their sum where both were paid"
            ),
            Self::NotA(field, expected) => write!(f, "is no {field}; expected {expected}"),
            Self::Unsorted(previous, order) => {
                let order = if *order == RowOrder::NewestFirst { "an earlier" } else { "a later" };
                write!(f, "follows {previous}; expected {order} time, as in the rows before: sort the file by time")
            }
        }
    }
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {:?} {}", self.file, self.line, self.column, self.text, self.fault)
    }
}
