//! What the clocks of a stream tell: rows out of order, rows received before they were sent, long silences; and what the
//! venue's own numbers tell: rows that are absent.
use qframe_model::time::{Span, Time};
use serde::Serialize;

use super::tally::Tally;
use crate::defect::{Defect, Finding};
use crate::gaps::{Gaps, Hole, Pattern};
use crate::hours::Hours;

/// No shorter stretch is a silence.
const SILENCE_LEAST: Span = Span::from_seconds(300);
/// A silence is longer than so many mean steps.
const SILENCE_STEPS: i128 = 100;
/// So many steps tell whether a venue counts by one.
const NUMBERS_LEAST: u64 = 20;

/// How long nothing was said while the market was open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Silence {
    /// Seconds of all long silences.
    pub seconds: u64,
    /// Seconds of trading hours from the first row to the last.
    pub of: u64,
}

/// The clocks of one stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Pace {
    hours: Option<&'static Hours>,
    /// So many steps come before the first silence.
    steps_least: u64,
    last: Option<Time>,
    latest: Option<Time>,
    steps: u64,
    /// Nanoseconds of trading hours in steps, and in silences.
    walked: i128,
    silent: i128,
}

impl Pace {
    pub(super) fn new(hours: Option<&'static Hours>, steps_least: u64) -> Self {
        Self { hours, steps_least, ..Self::default() }
    }

    /// Looks at the times of the next row. True where it is in order.
    pub(super) fn take(&mut self, time: Time, received: Time, tally: &mut Tally) -> bool {
        if received < time {
            let text = || format!("received {:.3} s before it was sent", time.since(received).nanos() as f64 / 1e9);
            tally.count(Defect::ReceivedEarly, || Finding::at(Defect::ReceivedEarly, time, text()));
        }
        let before = self.last.replace(time).filter(|last| time < *last);
        if let Some(before) = before {
            tally.count(Defect::OutOfOrder, || Finding::at(Defect::OutOfOrder, time, format!("follows {before}")));
        }
        self.step_to(time, tally);
        before.is_none()
    }

    pub(super) fn silence(&self) -> Silence {
        let seconds = |nanos: i128| u64::try_from(nanos / 1_000_000_000).unwrap_or(0);
        Silence { seconds: seconds(self.silent), of: seconds(self.walked + self.silent) }
    }

    fn step_to(&mut self, time: Time, tally: &mut Tally) {
        let Some(from) = self.latest.filter(|latest| time > *latest) else {
            self.latest = self.latest.or(Some(time));
            return;
        };
        self.latest = Some(time);
        let step = time.since(from);
        let Some(hours) = self.hours else { return };
        let open = if step > SILENCE_LEAST { open_between(hours, from, time) } else { i128::from(step.nanos()) };
        let mean_passed = open * i128::from(self.steps) > self.walked * SILENCE_STEPS || self.steps == 0;
        if open > i128::from(SILENCE_LEAST.nanos()) && mean_passed && self.steps >= self.steps_least {
            self.silent += open;
            let text = || format!("nothing from {from:#} on, for {} s of trading hours", open / 1_000_000_000);
            tally.count(Defect::Silence, || Finding::at(Defect::Silence, time, text()));
        } else {
            self.steps += 1;
            self.walked += open;
        }
    }
}

/// How long a market is open between two instants, in nanoseconds.
fn open_between(hours: &Hours, from: Time, to: Time) -> i128 {
    let parts = hours.stretches(from..to).into_iter();
    parts.map(|part| i128::from(part.end.min(to).since(part.start.max(from)).nanos())).sum()
}

/// The numbers of a venue: where nine in ten of its steps are by one, a larger step is a hole.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    first: Option<u64>,
    last: Option<(u64, Time)>,
    steps: u64,
    by_one: u64,
    gaps: Gaps,
}

impl Numbers {
    /// Takes the next one in. False where it is below the one before it; zero is none.
    pub(super) fn take(&mut self, number: u64, time: Time) -> bool {
        let Some((last, from)) = self.last.filter(|_| number > 0) else {
            self.last = self.last.or((number > 0).then_some((number, time)));
            self.first = self.first.or(self.last.map(|(number, _)| number));
            return true;
        };
        if number < last {
            self.fill(number);
            return false;
        }
        if number == last {
            return true;
        }
        self.last = Some((number, time));
        let missing = number - last - 1;
        self.steps += 1;
        self.by_one += u64::from(missing == 0);
        if missing > 0 && self.count_by_one() {
            self.gaps.add(Hole { from, to: time, missing });
        }
        true
    }

    /// A number that comes late is not absent.
    fn fill(&mut self, number: u64) {
        if self.first.is_some_and(|first| first < number) && self.gaps.missing > 0 {
            self.gaps.missing -= 1;
        }
        if self.gaps.missing == 0 {
            self.gaps = Gaps::default();
        }
    }

    /// The rows of the venue before this one do not count any more.
    pub(super) fn forget(&mut self) {
        (self.first, self.last) = (None, None);
    }

    /// What is absent; nothing where the venue does not count by one.
    pub(super) fn gaps(&self) -> Gaps {
        let gaps = if self.count_by_one() { self.gaps } else { Gaps::default() };
        Gaps { pattern: Pattern::Numbers, ..gaps }
    }

    const fn count_by_one(&self) -> bool {
        self.steps >= NUMBERS_LEAST && self.by_one.saturating_mul(10) >= self.steps.saturating_mul(9)
    }
}
