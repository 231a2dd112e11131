//! The clock of New York: its stock exchanges, and the forex week that begins and ends at its close.
use chrono::{Datelike, NaiveDate};

use super::holidays::{Holiday, holiday, is_half_day};
use super::{Day, is_weekend};

const OPEN: i64 = 9 * 60 + 30;
const CLOSE: i64 = 16 * 60;
const HALF_DAY: i64 = 13 * 60;
const WHOLE: Day = Day { open: OPEN, pause: None, close: CLOSE };

/// Days on which stocks did not trade, beside the holidays: mourning, attack and storm.
const CLOSED: [(i32, u32, u32); 11] = [
    (1994, 4, 27),
    (2001, 9, 11),
    (2001, 9, 12),
    (2001, 9, 13),
    (2001, 9, 14),
    (2004, 6, 11),
    (2007, 1, 2),
    (2012, 10, 29),
    (2012, 10, 30),
    (2018, 12, 5),
    (2025, 1, 9),
];

/// Days that opened late or closed early: a storm, minutes of silence, the last day of a century, a fault of the systems.
/// Sources: NYSE's list of special closings, as kept by pandas_market_calendars.
const ODD: [((i32, u32, u32), i64, i64); 14] = [
    ((1994, 2, 11), OPEN, 14 * 60 + 30),
    ((1995, 12, 18), 10 * 60 + 30, CLOSE),
    ((1996, 1, 8), 11 * 60, 14 * 60),
    ((1997, 10, 27), OPEN, 15 * 60 + 30),
    ((1997, 12, 26), OPEN, HALF_DAY),
    ((1999, 12, 31), OPEN, HALF_DAY),
    ((2001, 9, 17), OPEN + 3, CLOSE),
    ((2001, 10, 8), OPEN + 1, CLOSE),
    ((2002, 9, 11), 12 * 60, CLOSE),
    ((2003, 3, 20), OPEN + 2, CLOSE),
    ((2003, 12, 26), OPEN, HALF_DAY),
    ((2004, 6, 7), OPEN + 2, CLOSE),
    ((2005, 6, 1), OPEN, 15 * 60 + 56),
    ((2006, 12, 27), OPEN + 2, CLOSE),
];

/// NYSE and Nasdaq.
pub(super) fn stocks(date: NaiveDate) -> Option<Day> {
    let is = |day: (i32, u32, u32)| day == (date.year(), date.month(), date.day());
    if is_weekend(date) || holiday(date).is_some() || CLOSED.into_iter().any(is) {
        return None;
    }
    if let Some((_, open, close)) = ODD.into_iter().find(|(day, ..)| is(*day)) {
        return Some(Day { open, pause: None, close });
    }
    Some(if is_half_day(date) { Day { close: HALF_DAY, ..WHOLE } } else { WHOLE })
}

/// Currencies: one session a weekday, from 17:00 of the evening before. Banks and brokers rest at Christmas and at New Year.
pub(super) fn currencies(date: NaiveDate) -> Option<Day> {
    let rests = matches!((date.month(), date.day()), (12, 25) | (1, 1));
    (!is_weekend(date) && !rests).then_some(Day { open: -7 * 60, pause: None, close: 17 * 60 })
}

/// True where stocks keep a holiday on which futures still trade for a while.
pub(super) const fn is_short_for_futures(holiday: Holiday) -> bool {
    !matches!(holiday, Holiday::NewYear | Holiday::GoodFriday | Holiday::Christmas)
}
