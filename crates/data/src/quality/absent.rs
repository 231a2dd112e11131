//! Bars that should be there.
use qframe_model::market::Bar;
use qframe_model::time::TimeFrame;

use super::Rules;
use crate::gaps::Gaps;
use crate::hours::{Expected, Hours};

/// Of the bars, one in so many may lie on days on which a market is closed; more, and its hours are not those of the bars.
const STRANGERS: usize = 200;

pub(super) fn count(bars: &[Bar], rules: &Rules<'_>) -> Gaps {
    match rules.hours {
        Some(hours) => Gaps::by_hours(bars, rules.frame, hours),
        None => Gaps::of(bars, rules.frame),
    }
}

/// The hours that are presumed, where the bars fit them: at most one in two hundred lies where the market is closed, and no more
/// are absent by them than by the file's own week. A name alone does not tell whether a share is listed in New York.
#[must_use]
pub fn fitting(bars: &[Bar], frame: TimeFrame, presumed: Option<&'static Hours>) -> Option<&'static Hours> {
    let hours = presumed?;
    let (first, last) = (bars.first()?.time, bars.last()?.time);
    if hours.never_close() {
        return Some(hours);
    }
    let expected = Expected::new(hours, first..last + frame.span(), frame);
    let strangers = bars.iter().filter(|bar| !expected.touches(bar.time)).count();
    let fits = strangers * STRANGERS <= bars.len();
    let fewer = || Gaps::by_hours(bars, frame, hours).missing <= Gaps::of(bars, frame).missing;
    // Hours before the open and behind the close are strangers of days that the market knows.
    let extended = || frame < TimeFrame::DAY && bars.iter().all(|bar| hours.session(bar.time).is_some());
    ((fits || extended()) && fewer()).then_some(hours)
}
