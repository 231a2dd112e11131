//! Which bars are expected by the hours of a market.
use std::ops::Range;

use qframe_model::time::{Span, Time, TimeFrame};

use super::Hours;

/// The bars that are expected in a range: those in which the market is open for a quarter of their length, and those that
/// hold a whole stretch of trading. A day by UTC that holds the first two hours of the forex week is none that every
/// publisher writes; a day by UTC that holds six hours of New York is.
#[derive(Debug)]
pub struct Expected {
    frame: TimeFrame,
    stretches: Vec<Range<Time>>,
}

impl Expected {
    /// The table for bars of `frame` that open in `range`.
    #[must_use]
    pub fn new(hours: &Hours, range: Range<Time>, frame: TimeFrame) -> Self {
        Self { frame, stretches: hours.stretches(range.start..range.end + frame.span()) }
    }

    /// True where a bar that opens at `open` is expected.
    #[must_use]
    pub fn holds(&self, open: Time) -> bool {
        self.holds_from(self.first_behind(open), open)
    }

    /// True where a bar that opens at `open` has any instant of trading.
    #[must_use]
    pub fn touches(&self, open: Time) -> bool {
        let close = open + self.frame.span();
        self.stretches.get(self.first_behind(open)).is_some_and(|stretch| stretch.start < close)
    }

    /// How many bars are expected strictly between the bars that open at `from` and at `to`, in steps from the first.
    ///
    /// A day on which clocks change is an hour shorter: of bars of a day and more, one may reach half its length over `to`.
    #[must_use]
    pub fn between(&self, from: Time, to: Time) -> u64 {
        let step = self.frame.span().nanos();
        let slack = if self.frame >= TimeFrame::DAY { step / 2 } else { 0 };
        // Behind the last place whose bar is over before `to` opens.
        let end = (to.since(from).nanos() + slack) / step;
        let at = |place: i64| from + Span::from_nanos(place * step);
        let (mut place, mut count) = (1, 0);
        for stretch in self.first_behind(at(1))..self.stretches.len() {
            let Range { start: opens, end: closes } = self.stretches[stretch];
            if place >= end || opens >= at(end) {
                break;
            }
            let (opens, closes) = (opens.max(from).since(from).nanos(), closes.min(at(end)).since(from).nanos());
            let touched = place.max(opens / step)..end.min(ceil(closes, step));
            // Bars that begin and end within the stretch need no look; those at its edges do.
            let whole = touched.start.max(ceil(opens, step))..touched.end.min(closes / step);
            let whole = if whole.is_empty() { touched.end..touched.end } else { whole };
            let edges = (touched.start..whole.start).chain(whole.end..touched.end);
            count += whole.end - whole.start;
            count += edges.map(|edge| i64::from(self.holds_from(stretch, at(edge)))).sum::<i64>();
            place = place.max(touched.end);
        }
        count.unsigned_abs()
    }

    fn first_behind(&self, time: Time) -> usize {
        self.stretches.partition_point(|stretch| stretch.end <= time)
    }

    fn holds_from(&self, mut place: usize, open: Time) -> bool {
        let (close, mut traded) = (open + self.frame.span(), 0);
        while let Some(stretch) = self.stretches.get(place).filter(|stretch| stretch.start < close) {
            if open <= stretch.start && stretch.end <= close {
                return true;
            }
            traded += stretch.end.min(close).since(stretch.start.max(open)).nanos().max(0);
            place += 1;
        }
        traded > 0 && traded >= self.frame.span().nanos() / 4
    }
}

/// The quotient of two that are not below zero, rounded up.
const fn ceil(nanos: i64, step: i64) -> i64 {
    nanos / step + (nanos % step > 0) as i64
}
