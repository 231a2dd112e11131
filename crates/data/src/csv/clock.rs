//! Times as files write them. The first row teaches the form; rows of the same form are then read at speed.
use qframe_model::time::{Span, Time, TimeError};

use super::number::{read_nanos, scan_whole};
use super::{Offsets, stamp};
use crate::bad_row::{RowFault, Zone};

/// The unit of an epoch number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// By magnitude: seconds to the year 5138, milliseconds from 1973, and so on.
    pub(crate) const fn of(value: u128) -> Self {
        match value {
            0..100_000_000_000 => Self::Seconds,
            100_000_000_000..100_000_000_000_000 => Self::Millis,
            100_000_000_000_000..100_000_000_000_000_000 => Self::Micros,
            _ => Self::Nanos,
        }
    }

    pub(crate) const fn nanos(self) -> i64 {
        match self {
            Self::Seconds => 1_000_000_000,
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Millis => "milliseconds",
            Self::Micros => "microseconds",
            Self::Nanos => "nanoseconds",
        }
    }
}

/// The form of a plain time field, as the first row showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Not seen yet, or none of the plain ones.
    Careful,
    /// `2014-12-01`
    Date,
    /// `2014-12-01T00:00:00Z`, with the divider and with what follows the seconds (`tail` under `mask`, its length,
    /// and the nanoseconds by which its zone is ahead of UTC).
    DateTime { divider: u8, tail: u64, mask: u64, tail_length: usize, ahead: i64 },
    /// `1417392000000`
    Epoch(Unit),
}

/// Reads the time column of one file.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    offsets: Offsets,
    form: Form,
    unit: Option<Unit>,
    zone: Option<Zone>,
    month: Month,
}

/// The month of the row before: bars of a month share the bytes `2014-12-`.
#[derive(Debug, Clone)]
struct Month {
    text: [u8; 8],
    start: i64,
    days: u64,
}

impl Clock {
    pub(super) const fn new(offsets: Offsets) -> Self {
        let month = Month { text: [0; 8], start: 0, days: 0 };
        Self { offsets, form: Form::Careful, unit: None, zone: None, month }
    }

    /// How times were understood, once a row was read.
    pub(super) fn why(&self) -> String {
        match (self.unit, self.zone) {
            (Some(unit), _) => format!("times are {} since 1970, by their magnitude", unit.name()),
            (None, Some(Zone::Offset(0))) => "times are UTC".to_owned(),
            (None, Some(zone @ Zone::Offset(_))) => match self.offsets {
                Offsets::One => format!("times carry the offset {zone} and are turned into UTC"),
                Offsets::Mixed => "times carry offsets, each turned into UTC by its own".to_owned(),
            },
            _ => "times name no zone: read as UTC".to_owned(),
        }
    }

    /// Reads a plain time of the form that the first row taught; what follows it. `None`: look carefully.
    #[inline(always)]
    pub(super) fn fast<'a>(&mut self, text: &'a [u8]) -> Option<(Time, &'a [u8])> {
        match self.form {
            Form::Date => {
                let (day, rest) = text.split_first_chunk()?;
                Some((Time::from_nanos(self.month.day(day)?), rest))
            }
            Form::DateTime { divider, tail, mask, tail_length, ahead } => {
                let stamp: &[u8; 27] = text.first_chunk()?;
                let (day, rest) = stamp.split_first_chunk::<10>()?;
                let (clock, end) = rest[1..].split_first_chunk::<8>()?;
                let same = (u64::from_le_bytes(*end.first_chunk()?) ^ tail) & mask == 0;
                if rest[0] != divider || !same {
                    return None;
                }
                let nanos = self.month.day(day)? + seconds_of_day(*clock)? * Span::SECOND.nanos();
                Some((Time::from_nanos(nanos.checked_sub(ahead)?), text.get(19 + tail_length..)?))
            }
            Form::Epoch(unit) => {
                let (value, end) = scan_whole(text, 0)?;
                let nanos = i64::try_from(value).ok()?.checked_mul(unit.nanos())?;
                (Unit::of(u128::from(value)) == unit).then_some((Time::from_nanos(nanos), text.get(end..)?))
            }
            Form::Careful => None,
        }
    }

    /// Reads a time of any form and holds it against the rows before.
    pub(super) fn careful(&mut self, text: &str) -> Result<Time, RowFault> {
        if let Some((time, zone)) = stamp::read(text) {
            self.hold_zone(zone)?;
            if self.form == Form::Careful {
                self.form = plain_form(text, zone);
            }
            return Ok(time);
        }
        let number = read_nanos(text).map_err(|_| no_time(text))?;
        let here = Unit::of(number.value.unsigned_abs() / 1_000_000_000);
        let unit = *self.unit.get_or_insert(here);
        self.hold_zone(Zone::Offset(0))?;
        if unit != here {
            return Err(RowFault::OtherUnit(unit.name(), here.name()));
        }
        if self.form == Form::Careful && !text.contains('.') {
            self.form = Form::Epoch(unit);
        }
        let nanos = number.value.checked_mul(i128::from(unit.nanos())).ok_or(RowFault::TimeTooFar)?;
        i64::try_from(nanos / 1_000_000_000).map(Time::from_nanos).map_err(|_| RowFault::TimeTooFar)
    }

    fn hold_zone(&mut self, here: Zone) -> Result<(), RowFault> {
        let first = *self.zone.get_or_insert(here);
        let both_said = first != Zone::Unstated && here != Zone::Unstated;
        if first == here || both_said && self.offsets == Offsets::Mixed {
            return Ok(());
        }
        Err(RowFault::MixedOffsets(first, here))
    }
}

/// What is wrong with what is neither a stamp nor a number.
fn no_time(text: &str) -> RowFault {
    match text.parse::<Time>() {
        Err(TimeError::OutOfRange(_)) => RowFault::TimeTooFar,
        _ => RowFault::NotATime,
    }
}

/// The plain form of a time that was read carefully, if it has one.
fn plain_form(text: &str, zone: Zone) -> Form {
    let bytes = text.as_bytes();
    let dashes = bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-');
    let colons = bytes.get(13) == Some(&b':') && bytes.get(16) == Some(&b':');
    if dashes && bytes.len() == 10 {
        return Form::Date;
    }
    let Some(tail) = bytes.get(19..).filter(|tail| dashes && colons && tail.len() <= 8) else { return Form::Careful };
    // A fraction other than zero is not the same in the next row.
    if tail.first() == Some(&b'.') && tail.iter().any(|b| (b'1'..=b'9').contains(b)) {
        return Form::Careful;
    }
    let mut word = [0; 8];
    word[..tail.len()].copy_from_slice(tail);
    let mask = if tail.is_empty() { 0 } else { u64::MAX >> (64 - 8 * tail.len()) };
    let ahead = if let Zone::Offset(seconds) = zone { i64::from(seconds) * Span::SECOND.nanos() } else { 0 };
    Form::DateTime { divider: bytes[10], tail: u64::from_le_bytes(word), mask, tail_length: tail.len(), ahead }
}

impl Month {
    /// Midnight of `2014-12-01`, in nanoseconds since the epoch.
    #[inline(always)]
    fn day(&mut self, text: &[u8; 10]) -> Option<i64> {
        let (month, day) = text.split_first_chunk::<8>()?;
        if *month != self.text {
            *self = Self::read(*month)?;
        }
        let (tens, ones) = (day[0].wrapping_sub(b'0'), day[1].wrapping_sub(b'0'));
        let day = u64::from(tens).wrapping_mul(10).wrapping_add(u64::from(ones)).wrapping_sub(1);
        (ones < 10 && tens < 10 && day < self.days).then_some(self.start + day as i64 * Span::DAY.nanos())
    }

    #[cold]
    fn read(text: [u8; 8]) -> Option<Self> {
        let shown = std::str::from_utf8(&text).ok()?;
        let (year, month) = (shown.get(..4)?, shown.get(5..7)?);
        let plain = [year, month].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        if !plain || text[4] != b'-' || text[7] != b'-' {
            return None;
        }
        let (year, month) = (year.parse::<i32>().ok()?, month.parse::<u32>().ok()?);
        let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        let (start, end) = (Time::from_date(year, month, 1)?, Time::from_date(next.0, next.1, 1)?);
        Some(Self { text, start: start.nanos(), days: (end.day() - start.day()).unsigned_abs() })
    }
}

/// `09:30:00` in seconds; eight bytes at once.
#[inline(always)]
fn seconds_of_day(text: [u8; 8]) -> Option<i64> {
    // Digits become 0..=9 and colons 0; adding 0x76 or 0x7f lights the top bit of every byte that is more.
    let word = u64::from_le_bytes(text) ^ u64::from_le_bytes(*b"00:00:00");
    let limits = u64::from_le_bytes([0x76, 0x76, 0x7f, 0x76, 0x76, 0x7f, 0x76, 0x76]);
    let plain = (word & 0x8080_8080_8080_8080) | ((word & 0x7f7f_7f7f_7f7f_7f7f) + limits) & 0x8080_8080_8080_8080;
    // Every byte takes in ten times the one before it: no carry, as the sum stays below 100.
    let pairs = word.wrapping_mul(10 << 8 | 1);
    let pair = |second: u32| (pairs >> (8 * second) & 0xff) as i64;
    let (hours, minutes, seconds) = (pair(1), pair(4), pair(7));
    (plain == 0 && hours < 24 && minutes < 60 && seconds < 60).then_some(hours * 3_600 + minutes * 60 + seconds)
}
