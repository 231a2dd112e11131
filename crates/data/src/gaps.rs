//! Which bars are absent: by the hours of a market, or by what the file's own week looks like where nothing else is known.
use std::fmt;
use std::ops::Range;

use qframe_model::market::Bar;
use qframe_model::time::{Span, Time, TimeFrame};

use crate::hours::{Expected, Hours};

/// The bars that are absent between the first and the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gaps {
    /// How they were counted.
    pub pattern: Pattern,
    /// How many bars are absent.
    pub missing: u64,
    /// In how many holes.
    pub holes: u64,
    /// The one with most bars absent.
    pub longest: Option<Hole>,
}

/// A stretch without bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The bar before it.
    pub from: Time,
    /// The bar behind it.
    pub to: Time,
    /// How many bars are absent.
    pub missing: u64,
}

/// Which bars a file is expected to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pattern {
    /// One a step, day and night: a market that never closes.
    #[default]
    EveryStep,
    /// Those times of the week that at least three in four of the weeks with any bar have. Used for files of four weeks and more
    /// without any bar on a Saturday (UTC): nights and weekends are then no gaps, public holidays still are.
    Weekly,
    /// Those of the trading hours of this name.
    Hours(&'static str),
    /// The numbers that a venue counts its trades or updates by.
    Numbers,
    /// A payment each interval.
    Payments,
}

const WEEK_SECONDS: u32 = TimeFrame::WEEK.seconds();

impl Gaps {
    /// Counts the bars that are absent from `bars` (rising times) of one `frame`.
    pub(crate) fn of(bars: &[Bar], frame: TimeFrame) -> Self {
        Self::of_part(bars, 0..bars.len(), frame)
    }

    /// Counts the bars that the hours of a market expect between those that are there.
    pub(crate) fn by_hours(bars: &[Bar], frame: TimeFrame, hours: &Hours) -> Self {
        let pattern = if hours.never_close() { Pattern::EveryStep } else { Pattern::Hours(hours.name()) };
        let mut gaps = Self { pattern, ..Self::default() };
        let Some((first, last)) = bars.first().zip(bars.last()) else { return gaps };
        let expected = Expected::new(hours, first.time..last.time, frame);
        for pair in bars.windows(2).filter(|pair| pair[1].time.since(pair[0].time) > frame.span()) {
            let (from, to) = (pair[0].time, pair[1].time);
            gaps.add(Hole { from, to, missing: expected.between(from, to) });
        }
        gaps
    }

    /// Counts those that are absent from a part of `bars`; the usual week is that of all of them.
    pub(crate) fn of_part(bars: &[Bar], part: Range<usize>, frame: TimeFrame) -> Self {
        let week = Week::learn(bars, frame);
        let pattern = if week.is_some() { Pattern::Weekly } else { Pattern::EveryStep };
        let mut gaps = Self { pattern, ..Self::default() };
        for pair in bars.get(part).unwrap_or_default().windows(2) {
            let (from, to) = (pair[0].time, pair[1].time);
            if to.since(from) <= frame.span() {
                continue;
            }
            let missing = match &week {
                Some(week) => week.expected_between(from, to),
                None => steps_between(from, to, frame).saturating_sub(1),
            };
            gaps.add(Hole { from, to, missing });
        }
        gaps
    }

    pub(crate) fn add(&mut self, hole: Hole) {
        if hole.missing == 0 {
            return;
        }
        self.missing = self.missing.saturating_add(hole.missing);
        self.holes += 1;
        if self.longest.is_none_or(|longest| longest.missing < hole.missing) {
            self.longest = Some(hole);
        }
    }
}

/// Steps from one instant to a later one, to the nearest whole step.
fn steps_between(from: Time, to: Time, frame: TimeFrame) -> u64 {
    let (span, step) = (to.since(from).nanos(), frame.span().nanos());
    (span / step + i64::from(span % step > step / 2)).unsigned_abs()
}

/// Which steps of the week a file usually has.
struct Week {
    frame: TimeFrame,
    expected: Vec<bool>,
    expected_a_week: u64,
}

impl Week {
    /// `None` where every step is expected: see [`Pattern`].
    fn learn(bars: &[Bar], frame: TimeFrame) -> Option<Self> {
        let (first, last) = (bars.first()?.time, bars.last()?.time);
        let weeks = last.since(first).nanos() / TimeFrame::WEEK.span().nanos();
        let even = frame.seconds() < WEEK_SECONDS && WEEK_SECONDS.is_multiple_of(frame.seconds());
        if !even || weeks < 4 || bars.iter().any(|bar| is_saturday(bar.time)) {
            return None;
        }
        // Weeks without any bar are holes; they say nothing about the usual week.
        let traded = bars.chunk_by(|a, b| TimeFrame::WEEK.open_of(a.time) == TimeFrame::WEEK.open_of(b.time)).count();
        let mut seen = vec![0usize; (WEEK_SECONDS / frame.seconds()) as usize];
        for bar in bars {
            seen[slot(bar.time, frame)] += 1;
        }
        // The first and the last week may be cut off: a slot outside the file counts for nothing there.
        let (from, to) = (slot(first, frame), slot(last, frame));
        let could = |slot: usize| traded - usize::from(slot < from) - usize::from(slot > to);
        let expected: Vec<bool> = seen.iter().enumerate().map(|(slot, count)| count * 4 >= could(slot) * 3).collect();
        let expected_a_week = expected.iter().filter(|e| **e).count() as u64;
        Some(Self { frame, expected, expected_a_week })
    }

    /// Expected bars strictly between two instants.
    fn expected_between(&self, from: Time, to: Time) -> u64 {
        let steps = steps_between(from, to, self.frame).saturating_sub(1);
        let (weeks, rest) = (steps / self.expected.len() as u64, steps % self.expected.len() as u64);
        let first = slot(from, self.frame) + 1;
        let in_rest = (0..rest as usize).filter(|i| self.expected[(first + i) % self.expected.len()]).count();
        weeks * self.expected_a_week + in_rest as u64
    }
}

/// The step of the week (from Monday 00:00 UTC) that holds an instant; times off the grid fall to the step they lie in.
fn slot(time: Time, frame: TimeFrame) -> usize {
    let into_week = time.since(TimeFrame::WEEK.open_of(time)).nanos();
    usize::try_from(into_week / frame.span().nanos()).unwrap_or(0)
}

fn is_saturday(time: Time) -> bool {
    // Day 0 was a Thursday.
    (time.nanos().div_euclid(Span::DAY.nanos()) + 3).rem_euclid(7) == 5
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(longest) = self.longest else { return f.write_str("no gap") };
        write!(
            f,
            "bars absent: {}, holes: {}, the longest of {} between {:#} and {:#}",
            self.missing, self.holes, longest.missing, longest.from, longest.to
        )?;
        match self.pattern {
            Pattern::EveryStep => Ok(()),
            Pattern::Weekly => f.write_str(" (by the file's own week; holidays count)"),
            Pattern::Hours(name) => write!(f, " (by the hours of {name})"),
            Pattern::Numbers | Pattern::Payments => write!(f, " (by {})", self.pattern),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryStep => f.pad("every step"),
            Self::Weekly => f.pad("the file's own week"),
            Self::Hours(name) => f.pad(name),
            Self::Numbers => f.pad("the venue's numbers"),
            Self::Payments => f.pad("the interval of payments"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bars of `frame` at every step of `weeks` weeks from a Monday on for which `open` holds: week, hour of the week.
    fn check(frame: &str, weeks: i64, open: impl Fn(i64, i64) -> bool, expected: &str) {
        let frame: TimeFrame = frame.parse().unwrap();
        let (monday, step) = (345_600, i64::from(frame.seconds()));
        let seconds = (0..weeks * 604_800).step_by(frame.seconds() as usize);
        let times = seconds.filter(|s| open(s / 604_800, s % 604_800 / 3_600)).map(|s| Time::from_seconds(monday + s));
        let bars: Vec<Bar> = times.map(|time| Bar { time, ..Bar::default() }).collect();
        assert_eq!(Gaps::of(&bars, frame).to_string(), expected, "{weeks} weeks of {step} s");
    }

    #[test]
    fn counts_what_the_files_own_week_expects() {
        let by_week = "(by the file's own week; holidays count)";
        check("1h", 8, |_, _| true, "no gap");
        check(
            "1h",
            8,
            |week, hour| week != 3 || hour > 4,
            "bars absent: 5, holes: 1, the longest of 5 between 1970-01-25T23:00:00Z and 1970-01-26T05:00:00Z",
        );
        check("1d", 8, |_, hour| hour < 120, "no gap");
        check(
            "1d",
            8,
            |week, hour| hour < 120 && (week != 4 || hour > 24),
            &format!("bars absent: 2, holes: 1, the longest of 2 between 1970-01-30 and 1970-02-04 {by_week}"),
        );
        check("15m", 8, |_, hour| hour < 120 && (14..21).contains(&(hour % 24)), "no gap");
        let half = |week: i64, hour: i64| hour < 120 && !(10..40).contains(&week);
        check(
            "1d",
            50,
            half,
            &format!("bars absent: 150, holes: 1, the longest of 150 between 1970-03-13 and 1970-10-12 {by_week}"),
        );
        check(
            "1d",
            3,
            |_, hour| hour < 120,
            "bars absent: 4, holes: 2, the longest of 2 between 1970-01-09 and 1970-01-12",
        );
    }
}
