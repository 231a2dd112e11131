//! Times as files write them, row by row: each is understood by itself, so a file may change its unit or its offset.
use chrono::{DateTime, LocalResult, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use qframe_model::time::{Span, Time};

use crate::bad_row::{RowFault, Zone};
use crate::csv::clock::Unit;
use crate::csv::number::read_nanos;
use crate::csv::stamp;

/// A clock on the wall: how local times become UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wall {
    /// UTC itself.
    Utc,
    /// Always so many seconds east of UTC.
    Fixed(i64),
    /// By the rules of a place.
    Place(Tz),
}

/// What the times of a file mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps {
    /// For times that name no zone.
    pub(super) wall: Wall,
    /// Midnight (of the wall clock, as if it were UTC) of the day that milliseconds count from.
    pub(super) day: Option<Time>,
    /// A local midnight names a day of the exchange: it is stored by its date, at 00:00 UTC.
    pub(super) days_by_date: bool,
    /// The hour of the wall clock that was turned into UTC last, and by how much it is ahead.
    known: Option<(i64, i64)>,
}

const HOUR: i64 = 3_600 * 1_000_000_000;

impl Stamps {
    /// Times that name their zone or are UTC.
    pub(super) const UTC: Self = Self { wall: Wall::Utc, day: None, days_by_date: false, known: None };

    pub(super) const fn at(wall: Wall) -> Self {
        Self { wall, day: None, days_by_date: false, known: None }
    }

    /// Reads a time of any form.
    pub(super) fn read(&mut self, text: &str) -> Result<Time, RowFault> {
        if let Some(day) = self.day {
            return self.since_midnight(day, text);
        }
        if let Some((time, zone)) = stamp::read(text) {
            return match zone {
                Zone::Unstated if self.days_by_date && time.nanos() % Span::DAY.nanos() == 0 => Ok(time),
                Zone::Unstated => self.utc(time).ok_or(RowFault::NotATime),
                Zone::Offset(seconds) => Ok(self.by_date(time, seconds)),
            };
        }
        epoch(text).ok_or(RowFault::NotATime)
    }

    /// Reads milliseconds since midnight; what has more digits counts parts of them.
    fn since_midnight(&mut self, day: Time, text: &str) -> Result<Time, RowFault> {
        let millis = read_nanos(text).map_err(|_| RowFault::NotATime)?;
        let nanos = i64::try_from(millis.value / 1_000).ok().filter(|nanos| (0..=Span::DAY.nanos()).contains(nanos));
        let local = day + Span::from_nanos(nanos.ok_or(RowFault::NotATime)?);
        self.utc(local).ok_or(RowFault::NotATime)
    }

    /// An instant with its offset: where it is a local midnight, and days go by date, the date.
    fn by_date(&self, time: Time, ahead: i32) -> Time {
        let local = time + Span::from_seconds(i64::from(ahead));
        if self.days_by_date && local.nanos() % Span::DAY.nanos() == 0 { local } else { time }
    }

    /// A time of the wall clock as an instant. An hour that the clock shows twice is the first one; `None` for one that it
    /// leaves out.
    fn utc(&mut self, local: Time) -> Option<Time> {
        let ahead = match self.wall {
            Wall::Utc => return Some(local),
            Wall::Fixed(seconds) => seconds,
            Wall::Place(tz) => {
                let hour = local.nanos().div_euclid(HOUR);
                match self.known {
                    Some((known, ahead)) if known == hour => ahead,
                    _ => {
                        let ahead = ahead(tz, local)?;
                        self.known = Some((hour, ahead));
                        ahead
                    }
                }
            }
        };
        Some(local - Span::from_seconds(ahead))
    }
}

/// By how many seconds a place is ahead of UTC where its clocks show `local`.
fn ahead(tz: Tz, local: Time) -> Option<i64> {
    let naive: NaiveDateTime = DateTime::from_timestamp_nanos(local.nanos()).naive_utc();
    match tz.offset_from_local_datetime(&naive) {
        LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => {
            Some(i64::from(offset.fix().local_minus_utc()))
        }
        LocalResult::None => None,
    }
}

/// An epoch number, its unit by its magnitude.
fn epoch(text: &str) -> Option<Time> {
    let number = text.parse::<i64>().ok();
    let nanos = match number {
        Some(number) => i128::from(number) * i128::from(Unit::of(u128::from(number.unsigned_abs())).nanos()),
        None => {
            let number = read_nanos(text).ok()?.value;
            let unit = Unit::of(number.unsigned_abs() / 1_000_000_000);
            number.checked_mul(i128::from(unit.nanos()))? / 1_000_000_000
        }
    };
    i64::try_from(nanos).ok().map(Time::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_every_form() {
        let check = |stamps: &Stamps, text: &str, expected: &str| {
            let read = stamps.clone().read(text).map_or("refused".to_owned(), |time| format!("{time:#}"));
            assert_eq!(read, expected, "{text}");
        };
        let utc = Stamps::UTC;
        check(&utc, "1637971200000", "2021-11-27");
        check(&utc, "1735689600000000", "2025-01-01");
        check(&utc, "1672531436", "2023-01-01T00:03:56Z");
        check(&utc, "1672531436.25", "2023-01-01T00:03:56.250Z");
        check(&utc, "20141201 09:30", "2014-12-01T09:30:00Z");
        check(&utc, "2022-05-03 00:00:00+01:00", "2022-05-02T23:00:00Z");
        check(&utc, "soon", "refused");
        let days = Stamps { days_by_date: true, ..Stamps::UTC };
        check(&days, "2022-05-03 00:00:00+01:00", "2022-05-03");
        check(&days, "2022-05-03 10:00:00+01:00", "2022-05-03T09:00:00Z");
        let new_york = Stamps::at(Wall::Place(Tz::America__New_York));
        check(&new_york, "20140605 09:30", "2014-06-05T13:30:00Z");
        check(&new_york, "20140105 09:30", "2014-01-05T14:30:00Z");
        check(&new_york, "20140309 02:30", "refused");
        check(&Stamps { day: Time::from_date(2014, 6, 5), ..new_york }, "34200000", "2014-06-05T13:30:00Z");
        check(&Stamps { day: Time::from_date(2014, 6, 5), ..Stamps::UTC }, "86400001", "refused");
        check(&Stamps::at(Wall::Fixed(-18_000)), "20140605 00:00", "2014-06-05T05:00:00Z");
    }
}
