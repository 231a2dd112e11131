//! Which row a decision needed: the smallest cut at which it is as in the whole run.
use qframe_model::market::Tick;
use qframe_model::time::{Span, Time};

use super::cut::{Parted, Whole};
use super::{Build, LookError, NeededRow, Verdict};
use crate::dataset::DataSet;
use crate::ticks::Ticks;

/// Names the decision that changed at a cut, and the rows that it needed.
pub(super) fn verdict(
    whole: &Whole<'_>,
    build: &Build<'_>,
    point: usize,
    found: &Parted,
) -> Result<Verdict, LookError> {
    let time = whole.instants[point];
    let decision = found.difference(whole.backtest, time);
    let search = Search { whole, build, point, event: found.event };
    let needed = search.needed(decision.time)?;
    Ok(Verdict::LookAhead { decision, needed })
}

struct Search<'a> {
    whole: &'a Whole<'a>,
    build: &'a Build<'a>,
    point: usize,
    event: u64,
}

impl Search<'_> {
    /// True where the decision is as in the whole run, if the strategy knows this data.
    fn agrees(&self, known: Option<Vec<DataSet>>) -> Result<bool, LookError> {
        let found = self.whole.cut_knowing(self.build, self.point, known)?;
        Ok(found.is_ok_and(|found| found.is_none_or(|found| found.event > self.event)))
    }

    fn agrees_by(&self, time: Time) -> Result<bool, LookError> {
        self.agrees(self.known_by(|_| time))
    }

    fn known_by(&self, time: impl Fn(usize) -> Time) -> Option<Vec<DataSet>> {
        self.whole.backtest.data().iter().enumerate().map(|(place, set)| set.known_by(time(place))).collect()
    }

    /// The first of these instants, of which the last is enough, by which the decision is as in the whole run.
    fn first_enough(&self, instants: &[Time]) -> Result<usize, LookError> {
        let (mut low, mut high) = (0, instants.len().saturating_sub(1));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.agrees_by(instants[middle])? { high = middle } else { low = middle + 1 }
        }
        Ok(low)
    }

    fn needed(&self, decided: Time) -> Result<Vec<NeededRow>, LookError> {
        let later = &self.whole.instants[self.point + 1..];
        let place = self.first_enough(later)?;
        let Some(mut known) = later.get(place).copied() else { return Ok(Vec::new()) };
        let before = self.whole.instants[self.point + place];
        let ticks = self.ticks_within(before, known);
        if let Some(tick) = ticks.get(self.first_enough(&ticks)?) {
            known = *tick;
        }
        let sets = self.whole.backtest.data();
        // Of several series that moved on at that instant, those without which it is not enough; all, if none alone is.
        let moved = |set: &DataSet| length(set, known) > length(set, before);
        let places: Vec<usize> = (0..sets.len()).filter(|place| moved(&sets[*place])).collect();
        let mut alone = Vec::new();
        for place in &places {
            let without = |other: usize| if other == *place { before } else { known };
            if places.len() > 1 && !self.agrees(self.known_by(without))? {
                alone.push(*place);
            }
        }
        let chosen = if alone.is_empty() { places } else { alone };
        Ok(chosen.into_iter().map(|place| row(&sets[place], known, decided)).collect())
    }

    /// Just behind each tick that came between two instants.
    fn ticks_within(&self, after: Time, until: Time) -> Vec<Time> {
        let sets = self.whole.backtest.data().iter().filter_map(DataSet::ticks);
        let times = sets.flat_map(Ticks::rows).map(Tick::received);
        let mut times: Vec<Time> = times.filter(|time| after <= *time && *time < until).collect();
        times.sort_unstable();
        times.dedup();
        times.into_iter().map(|time| time + Span::from_nanos(1)).collect()
    }
}

/// How many rows of a series were known by an instant.
fn length(set: &DataSet, time: Time) -> usize {
    match set.ticks() {
        Some(ticks) => ticks.rows().partition_point(|tick| tick.received() < time),
        None => bars_by(set, time),
    }
}

/// How many of its bars had closed, of those that ticks make also the one that is open.
fn bars_by(set: &DataSet, time: Time) -> usize {
    if set.is_of_ticks() {
        return set.bars().partition_point(|bar| bar.time < time);
    }
    set.known_by(time).map_or(0, |head| head.bars().len())
}

fn row(set: &DataSet, known: Time, decided: Time) -> NeededRow {
    let row = bars_by(set, known);
    let place = row.saturating_sub(1);
    NeededRow {
        symbol: set.instrument().symbol().to_string(),
        timeframe: set.frame(),
        row,
        time: set.bars()[place].time,
        known: if set.is_of_ticks() { known - Span::from_nanos(1) } else { set.closes(place) },
        ahead: row.saturating_sub(bars_by(set, decided)),
    }
}
