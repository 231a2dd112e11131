//! Holidays of the markets of the United States, by rule.
//!
//! Sources: NYSE rule 7.2 and its published calendars; for Easter the anonymous Gregorian computus (Meeus, Astronomical
//! Algorithms, 1991, chapter 8).
use chrono::{Datelike, NaiveDate, Weekday};

use super::eve;

/// A holiday that falls on a weekday, or is kept on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holiday {
    NewYear,
    King,
    Presidents,
    GoodFriday,
    Memorial,
    Juneteenth,
    Independence,
    Labor,
    Thanksgiving,
    Christmas,
}

/// The holiday that stocks keep on a date. One on a Saturday is kept on the Friday before, but for New Year: a year's last
/// trading day is never given up. One on a Sunday is kept on the Monday after.
pub(super) fn holiday(date: NaiveDate) -> Option<Holiday> {
    let (year, month, day, weekday) = (date.year(), date.month(), date.day(), date.weekday());
    let nth_monday = |n: u32| weekday == Weekday::Mon && (day - 1) / 7 + 1 == n;
    let kept = |month_of: u32, day_of: u32| {
        month == month_of
            && (day == day_of
                || weekday == Weekday::Fri && day + 1 == day_of
                || weekday == Weekday::Mon && day == day_of + 1)
    };
    match month {
        1 if day == 1 || weekday == Weekday::Mon && day == 2 => Some(Holiday::NewYear),
        1 if year >= 1998 && nth_monday(3) => Some(Holiday::King),
        2 if nth_monday(3) => Some(Holiday::Presidents),
        3 | 4 if Some(date) == good_friday(year) => Some(Holiday::GoodFriday),
        5 if weekday == Weekday::Mon && day > 24 => Some(Holiday::Memorial),
        6 if year >= 2022 && kept(6, 19) => Some(Holiday::Juneteenth),
        7 if kept(7, 4) => Some(Holiday::Independence),
        9 if nth_monday(1) => Some(Holiday::Labor),
        11 if weekday == Weekday::Thu && (22..29).contains(&day) => Some(Holiday::Thanksgiving),
        12 if kept(12, 25) => Some(Holiday::Christmas),
        _ => None,
    }
}

/// True on the afternoons that stocks take off: the day after Thanksgiving, Christmas Eve, and around Independence Day its
/// eve. In a year in which that was a Wednesday the Friday was short before 2013, and the eve since.
pub(super) fn is_half_day(date: NaiveDate) -> bool {
    use Weekday::{Fri, Mon, Thu, Tue, Wed};
    let weekday = date.weekday();
    match (date.month(), date.day()) {
        (7, 3) => matches!(weekday, Mon | Tue | Thu) || weekday == Wed && date.year() >= 2013,
        (7, 5) => weekday == Fri && date.year() < 2013,
        (11, 23..=29) => weekday == Fri && holiday(eve(date)) == Some(Holiday::Thanksgiving),
        (12, 24) => matches!(weekday, Mon | Tue | Wed | Thu),
        _ => false,
    }
}

fn good_friday(year: i32) -> Option<NaiveDate> {
    easter(year).map(|sunday| eve(eve(sunday)))
}

fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let epact = (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let moon = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * moon + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?)
}
