//! Equity index futures of CME on Globex: the clock of Chicago.
//!
//! Sources: CME's notices of trading hours and of holidays. Until November 2012 trading went on from 15:30 to 16:30 for the
//! next day; then to 16:15, since 21 September 2015 to 16:00, and since 28 June 2021 without the pause at 15:15. Holidays
//! of stocks halted it at 10:30, since September 2014 at noon; half days end at 12:15.
use chrono::{Datelike, NaiveDate, Weekday};

use super::holidays::{Holiday, holiday, is_half_day};
use super::new_york::is_short_for_futures;
use super::{Day, eve, is_weekend};

const EVENING: i64 = -7 * 60;
const PAUSE: (i64, i64) = (15 * 60 + 15, 15 * 60 + 30);

/// Days without a session, and days that ended early: mourning, attack and storm, in minutes of the local day.
const ODD: [((i32, u32, u32), Option<i64>); 11] = [
    ((2001, 9, 11), Some(8 * 60)),
    ((2001, 9, 12), None),
    ((2001, 9, 13), None),
    ((2001, 9, 14), None),
    ((2004, 6, 11), None),
    ((2007, 1, 2), None),
    ((2012, 10, 29), Some(8 * 60 + 15)),
    ((2012, 10, 30), Some(8 * 60 + 15)),
    ((2018, 12, 5), Some(8 * 60 + 30)),
    ((2025, 1, 9), Some(8 * 60 + 30)),
    ((1994, 4, 27), None),
];

/// Contracts on equity indices, such as ES and NQ.
pub(super) fn equity_index(date: NaiveDate) -> Option<Day> {
    let close = early_close(date)?;
    let whole = whole_day(date);
    Some(match close {
        Some(close) if whole.open < EVENING => Day { close, ..whole },
        Some(close) => Day { close, pause: None, ..whole },
        None => whole,
    })
}

/// `None`: closed; `Some(None)`: a whole day.
fn early_close(date: NaiveDate) -> Option<Option<i64>> {
    let key = (date.year(), date.month(), date.day());
    if is_weekend(date) {
        return None;
    }
    if let Some((_, close)) = ODD.into_iter().find(|(day, _)| *day == key) {
        return close.map(Some);
    }
    match holiday(date) {
        Some(Holiday::GoodFriday) if has_jobs_report(date) => Some(Some(8 * 60 + 15)),
        Some(kept) if is_short_for_futures(kept) => {
            let at_noon = key >= (2014, 9, 1);
            Some(Some(if at_noon { 12 * 60 } else { 10 * 60 + 30 }))
        }
        Some(_) => None,
        None => Some(is_half_day(date).then_some(12 * 60 + 15)),
    }
}

/// The report on employment comes on the first Friday of a month: since 2010 futures wait for it even on Good Friday.
fn has_jobs_report(date: NaiveDate) -> bool {
    date.year() >= 2010 && date.day() <= 7
}

fn whole_day(date: NaiveDate) -> Day {
    match (date.year(), date.month(), date.day()) {
        day if day >= (2021, 6, 28) => Day { open: EVENING, pause: None, close: 16 * 60 },
        day if day >= (2015, 9, 21) => Day { open: EVENING, pause: Some(PAUSE), close: 16 * 60 },
        day if day >= (2012, 11, 19) => Day { open: EVENING, pause: Some(PAUSE), close: 16 * 60 + 15 },
        // The afternoon before counts to this day, where that was a whole one.
        _ if date.weekday() != Weekday::Mon && early_close(eve(date)) == Some(None) => {
            Day { open: 15 * 60 + 30 - 24 * 60, pause: Some((16 * 60 + 30 - 24 * 60, EVENING)), close: PAUSE.0 }
        }
        _ => Day { open: EVENING, pause: None, close: PAUSE.0 },
    }
}
