//! Bars that should be there.
use std::ops::Range;

use qframe_model::market::Bar;
use qframe_model::time::{Time, TimeFrame};

use super::Rules;
use crate::gaps::Gaps;
use crate::hours::{Expected, Hours};

/// Of the bars, one in so many may lie on days on which a market is closed; more, and its hours are not those of the bars.
const STRANGERS: usize = 200;
/// So many holidays that were kept tell a market from others.
const HOLIDAYS_MIN: usize = 3;

pub(super) fn count(bars: &[Bar], rules: &Rules<'_>) -> Gaps {
    match rules.hours {
        Some(hours) => Gaps::by_hours(bars, rules.frame, hours),
        None => Gaps::of(bars, rules.frame),
    }
}

/// Where the presumption of trading hours comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presumed {
    /// The symbol that the user gave.
    BySymbol,
    /// The name of a file: it does not tell whether a share is listed in New York, so the bars must be long enough to have
    /// kept three holidays.
    ByFileName,
}

/// The hours that are presumed, where the bars fit them: at most one in two hundred lies where the market is closed, and no
/// more are absent by them than by the file's own week.
#[must_use]
pub fn fitting(bars: &[Bar], frame: TimeFrame, hours: &'static Hours, presumed: Presumed) -> Option<&'static Hours> {
    let (first, last) = (bars.first()?.time, bars.last()?.time);
    if hours.never_close() {
        return Some(hours);
    }
    let expected = Expected::new(hours, first..last + frame.span(), frame);
    // A day of a market that closes at night holds a session; one of a market that does not may begin with an evening.
    let fits = |bar: &&Bar| if hours.rests_at_night() { expected.holds(bar.time) } else { expected.touches(bar.time) };
    let strangers = bars.iter().filter(|bar| !fits(bar)).count();
    let told = presumed == Presumed::BySymbol || !hours.rests_at_night();
    let known = || told || holidays(hours, first..last) >= HOLIDAYS_MIN;
    // Hours before the open and behind the close are strangers of days that the market knows.
    let extended = || frame < TimeFrame::DAY && bars.iter().all(|bar| hours.session(bar.time).is_some());
    let fewer = || Gaps::by_hours(bars, frame, hours).missing <= Gaps::of(bars, frame).missing;
    ((strangers * STRANGERS <= bars.len() || extended()) && known() && fewer()).then_some(hours)
}

/// Weekdays in a range on which a market is closed.
fn holidays(hours: &Hours, range: Range<Time>) -> usize {
    let days = range.start.day()..range.end.day();
    // Day 0 was a Thursday.
    let weekdays = days.filter(|day| (day + 3).rem_euclid(7) < 5);
    let midnight = |day: i64| Time::from_seconds(day * i64::from(TimeFrame::DAY.seconds()));
    weekdays.filter(|day| hours.session(midnight(*day)).is_none()).take(HOLIDAYS_MIN).count()
}
