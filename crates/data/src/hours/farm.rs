//! What grows and what grazes: grains and oilseeds of CBOT, cattle and hogs of CME, on Globex by the clock of Chicago.
//!
//! Sources: CME's notices of trading hours. Grains: from 18:00 to 7:15 and from 9:30 to 13:15 until May 2012; from 17:00 to 14:00
//! until April 2013 (news release of 3 May 2012); then from 19:00 to 7:45 and from 8:30 to 13:15 (notice of 5 March 2013), since 6 July
//! 2015 to 13:20 (FAQ on the extended session). Livestock: Monday 9:05 to Friday 13:55 with an hour's break at 16:00 until October
//! 2014; then days that begin at 8:00, Mondays at 9:05, and end at 16:00, Fridays at 13:55 (notice of 3 October 2014); since 29
//! February 2016 from 8:30 to 13:05 (SER-7591). Both keep the holidays of stocks; half days end at noon, since November 2012 at 12:15, since
//! November 2020 at 12:05.
use chrono::{Datelike, NaiveDate, Weekday};

use super::holidays::{Holiday, holiday, is_half_day};
use super::{Day, eve, is_weekend};

/// Minutes of the day, or of the evening before.
const fn at(hour: i64, minute: i64) -> i64 {
    hour * 60 + minute
}

const fn evening(hour: i64) -> i64 {
    (hour - 24) * 60
}

/// Corn, wheat, soybeans, their oil and their meal.
pub(super) fn grains(date: NaiveDate) -> Option<Day> {
    let night = |open, stop, resume, close| Day { open, pause: Some((stop, resume)), close };
    let whole = match key(date) {
        day if day >= (2015, 7, 6) => night(evening(19), at(7, 45), at(8, 30), at(13, 20)),
        day if day >= (2013, 4, 8) => night(evening(19), at(7, 45), at(8, 30), at(13, 15)),
        day if day >= (2012, 5, 21) => Day { open: evening(17), pause: None, close: at(14, 0) },
        _ => night(evening(18), at(7, 15), at(9, 30), at(13, 15)),
    };
    // No night leads out of a day on which the exchange is closed to the end.
    let begins_by_day = rests_to_the_end(eve(date));
    let whole = match whole.pause {
        Some((_, resume)) if begins_by_day => Day { open: resume, pause: None, ..whole },
        None if begins_by_day => Day { open: at(8, 30), ..whole },
        _ => whole,
    };
    shortened(date, whole)
}

/// Cattle and hogs.
pub(super) fn livestock(date: NaiveDate) -> Option<Day> {
    let (monday, friday) = (date.weekday() == Weekday::Mon, date.weekday() == Weekday::Fri);
    let close = if friday { at(13, 55) } else { at(16, 0) };
    let whole = match key(date) {
        day if day >= (2016, 2, 29) => Day { open: at(8, 30), pause: None, close: at(13, 5) },
        _ if monday || holiday(eve(date)).is_some() => Day { open: at(9, 5), pause: None, close },
        day if day >= (2014, 10, 27) => Day { open: at(8, 0), pause: None, close },
        _ => Day { open: evening(17), pause: None, close },
    };
    shortened(date, whole)
}

fn shortened(date: NaiveDate, whole: Day) -> Option<Day> {
    if is_weekend(date) || holiday(date).is_some() {
        return None;
    }
    let half = match key(date) {
        day if day >= (2020, 11, 1) => at(12, 5),
        day if day >= (2012, 11, 1) => at(12, 15),
        _ => at(12, 0),
    };
    Some(if is_half_day(date) { Day { close: half, ..whole } } else { whole })
}

/// On the other holidays of stocks the evening belongs to the next day again.
fn rests_to_the_end(date: NaiveDate) -> bool {
    use Holiday::{Christmas, Independence, NewYear, Thanksgiving};
    matches!(holiday(date), Some(Christmas | Independence | NewYear | Thanksgiving))
}

fn key(date: NaiveDate) -> (i32, u32, u32) {
    (date.year(), date.month(), date.day())
}
