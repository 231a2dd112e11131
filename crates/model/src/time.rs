//! Instants, spans and time frames: UTC, nanoseconds since the epoch inside, RFC 3339 outside.
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, from 1677 to 2262.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

impl Time {
    /// The epoch.
    pub const EPOCH: Self = Self(0);
    /// Before everything.
    pub const MIN: Self = Self(i64::MIN);
    /// After everything.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From seconds since the epoch; saturates at the ends of the range.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// The whole UTC day that holds this instant, counted from the epoch.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(Span::DAY.nanos())
    }

    /// The time passed since `earlier` (saturating).
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The calendar date in UTC: year, month 1..=12, day 1..=31.
    #[must_use]
    pub fn date(self) -> (i32, u32, u32) {
        let date = self.utc();
        (date.year(), date.month(), date.day())
    }

    /// Midnight UTC of a calendar date. `None` where there is no such date or it is out of range.
    #[must_use]
    pub fn from_date(year: i32, month: u32, day: u32) -> Option<Self> {
        let midnight = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0)?;
        midnight.and_utc().timestamp_nanos_opt().map(Self)
    }

    fn utc(self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_nanos(self.0)
    }
}

impl std::ops::Add<Span> for Time {
    type Output = Self;
    #[inline]
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Time {
    type Output = Self;
    #[inline]
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

/// Prints RFC 3339 with the digits that count: `2014-12-01T00:00:00Z`; `{:#}` prints midnights as a date alone.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = self.utc();
        if f.alternate() && self.0 % Span::DAY.nanos() == 0 {
            return f.pad(&utc.date_naive().to_string());
        }
        f.pad(&utc.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

crate::serial::text_or_number!(Time, i64, |time: &Time| time.0, |nanos| Ok::<_, TimeError>(Time(nanos)));

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({self})")
    }
}

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeError {
    /// It does not read.
    NotATime(String),
    /// It is before the first instant there is, or after the last.
    OutOfRange(String),
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotATime(text) => {
                write!(f, "{text:?} is not a time (expected RFC 3339, such as 2014-12-01 or 2014-12-01T09:30:00Z)")
            }
            Self::OutOfRange(text) => {
                write!(f, "{text:?} is out of range; expected a time from 1677-09-22 to 2262-04-11")
            }
        }
    }
}

impl std::error::Error for TimeError {}

/// Reads RFC 3339, a date, or a date and a time with no zone (then UTC).
impl FromStr for Time {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let far = || TimeError::OutOfRange(text.to_owned());
        if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
            return zoned.timestamp_nanos_opt().map(Self).ok_or_else(far);
        }
        const NAIVE: [&str; 4] = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
        let naive = NAIVE.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        let midnight = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        let naive = naive.or_else(midnight).ok_or_else(|| TimeError::NotATime(text.to_owned()))?;
        naive.and_utc().timestamp_nanos_opt().map(Self).ok_or_else(far)
    }
}

/// A length of time in nanoseconds; may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Span(i64);

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// One second.
    pub const SECOND: Self = Self(NANOS_PER_SECOND);
    /// Twenty-four hours.
    pub const DAY: Self = Self(86_400 * NANOS_PER_SECOND);

    /// From nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From seconds (saturating).
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// In nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }
}

/// The length of a bar: a whole number of seconds, written `1s 1m 5m 15m 1h 4h 1d 1w`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeFrame(u32);

/// The units, longest first; a week starts on Monday.
const UNITS: [(char, u32); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl TimeFrame {
    /// One second.
    pub const SECOND: Self = Self(1);
    /// One minute.
    pub const MINUTE: Self = Self(60);
    /// One hour.
    pub const HOUR: Self = Self(3_600);
    /// One day.
    pub const DAY: Self = Self(86_400);
    /// One week.
    pub const WEEK: Self = Self(604_800);

    /// A frame of `seconds` seconds; `None` for zero and for more than a year.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Option<Self> {
        if seconds == 0 || seconds > 366 * 86_400 { None } else { Some(Self(seconds)) }
    }

    /// Its length.
    #[must_use]
    #[inline]
    pub const fn span(self) -> Span {
        Span(self.0 as i64 * NANOS_PER_SECOND)
    }

    /// Its length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The opening instant of the bar that holds `time`. Weeks open on Monday 00:00 UTC (the epoch was a Thursday).
    /// Saturates at the first instant there is.
    #[must_use]
    pub const fn open_of(self, time: Time) -> Time {
        let offset = if self.0.is_multiple_of(Self::WEEK.0) { 4 * Span::DAY.0 } else { 0 };
        let span = self.span().0;
        let past = time.0.rem_euclid(span) - offset;
        let past = if past < 0 { past + span } else { past };
        Time(time.0.saturating_sub(past))
    }
}

impl fmt::Display for TimeFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, seconds) = UNITS.into_iter().find(|(_, s)| self.0.is_multiple_of(*s)).unwrap_or(('s', 1));
        f.pad(&format!("{}{unit}", self.0 / seconds))
    }
}

crate::serial::text_or_number!(TimeFrame, u32, |frame: &TimeFrame| frame.0, |seconds: u32| {
    TimeFrame::from_seconds(seconds).ok_or_else(|| TimeFrameError(seconds.to_string()))
});

impl fmt::Debug for TimeFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeFrame({self})")
    }
}

/// A text is no time frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeFrameError(pub String);

impl fmt::Display for TimeFrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a time frame (expected a number and s, m, h, d or w, such as 5m, 1h or 1d, up to 366d)",
            self.0
        )
    }
}

impl std::error::Error for TimeFrameError {}

impl FromStr for TimeFrame {
    type Err = TimeFrameError;
    fn from_str(text: &str) -> Result<Self, TimeFrameError> {
        let read = || {
            let unit = text.chars().last()?;
            let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
            let count: u32 = text[..text.len() - unit.len_utf8()].parse().ok()?;
            Self::from_seconds(count.checked_mul(seconds)?)
        };
        read().ok_or_else(|| TimeFrameError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_rfc_3339() {
        let check =
            |text: &str, printed: &str| assert_eq!(text.parse::<Time>().unwrap().to_string(), printed, "{text}");
        check("2014-12-01", "2014-12-01T00:00:00Z");
        check("2014-12-01 09:30", "2014-12-01T09:30:00Z");
        check("2014-12-01T09:30:00.25", "2014-12-01T09:30:00.250Z");
        check("2014-12-01T09:30:00+02:00", "2014-12-01T07:30:00Z");
        check("1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z");
        assert_eq!(format!("{:#}", Time::from_seconds(86_400)), "1970-01-02");
        for text in ["", "yesterday", "2014-13-01", "2014-12-32", "9999-12-31"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }

    #[test]
    fn frames_open_where_the_clock_says() {
        let check = |frame: &str, time: &str, open: &str| {
            let (frame, time, open) =
                (frame.parse::<TimeFrame>().unwrap(), time.parse::<Time>().unwrap(), open.parse::<Time>().unwrap());
            assert_eq!(frame.open_of(time), open, "{frame} of {time}");
        };
        check("5m", "2024-02-29T12:34:56Z", "2024-02-29T12:30:00Z");
        check("1d", "1969-12-31T12:00:00Z", "1969-12-31");
        check("1w", "2024-02-29", "2024-02-26");
        check("1w", "2024-02-26", "2024-02-26");
        check("1w", "2024-02-25T23:59:59Z", "2024-02-19");
        for (text, printed) in [("60m", "1h"), ("90s", "90s"), ("24h", "1d"), ("7d", "1w"), ("15m", "15m")] {
            assert_eq!(text.parse::<TimeFrame>().unwrap().to_string(), printed);
        }
        for text in ["", "h", "0m", "-1m", "1y", "1.5h", "999999999w", "1µ"] {
            assert!(text.parse::<TimeFrame>().is_err(), "{text}");
        }
    }
}
