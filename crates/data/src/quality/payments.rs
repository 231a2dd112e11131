//! Funding rates: when they are due, and what they are.
use std::collections::BTreeMap;

use qframe_model::market::FundingRate;
use qframe_model::number::Rate;
use qframe_model::time::{Span, Time};

use super::pace::Silence;
use super::tally::{Report, Tally};
use crate::defect::{Defect, Finding};
use crate::gaps::{Gaps, Hole, Pattern};

/// Looks at funding rates as they come; 24 bytes of each are kept, as only all of them tell what is usual.
#[derive(Debug, Clone, Default)]
pub struct FundingCheck {
    rows: Vec<FundingRate>,
    tally: Tally,
}

/// Stamps of one payment lie no further apart than this.
const JITTER: Span = Span::from_seconds(60);
/// A step is held against the most common one of so many to each side, itself among them.
const BESIDE: usize = 4;
/// The most that is taken for a rate, ten times what Binance let through in the crash of March 2020.
const RATE_MAX: Rate = Rate::percent(3);
/// A set whose usual rate is beyond this has percents in the place of shares: half a percent each eight hours is 550 % a year.
const USUAL_MAX: Rate = Rate::basis_points(50);
/// So few rates say nothing of what is usual.
const USUAL_LEAST: usize = 10;
/// So many rates in a row that are the same are stale: neither zero, nor the rate that most
/// often comes back, nor the lowest or the highest.
const STALE_LEAST: usize = 6;

impl FundingCheck {
    /// Looks at the next one.
    pub fn push(&mut self, row: &FundingRate) {
        if let Some(last) = self.rows.last().filter(|last| row.time < last.time) {
            let text = || format!("follows {}", last.time);
            self.tally.count(Defect::OutOfOrder, || Finding::at(Defect::OutOfOrder, row.time, text()));
        }
        self.rows.push(*row);
    }

    /// What was found.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let count = self.rows.len() as u64;
        // Stable: of rows of one time, the first stays the first.
        self.rows.sort_by_key(|row| row.time);
        self.tell_rates();
        self.tell_twice();
        self.tell_stale();
        let gaps = self.tell_steps();
        self.tally.report_of_stream(count, gaps, Silence::default())
    }

    fn tell(&mut self, defect: Defect, time: Time, text: impl FnOnce() -> String) {
        self.tally.count(defect, || Finding::at(defect, time, text()));
    }

    fn tell_rates(&mut self) {
        for FundingRate { time, rate, mark } in self.rows.clone() {
            if rate.abs() > RATE_MAX {
                self.tell(Defect::AbsurdRate, time, || format!("the rate {rate}, beyond {RATE_MAX}"));
            }
            if let Some(mark) = mark.filter(|mark| !mark.is_positive()) {
                self.tell(Defect::NotPositive, time, || format!("the mark price {mark}"));
            }
        }
        let mut sizes: Vec<Rate> = self.rows.iter().map(|row| row.rate.abs()).collect();
        sizes.sort_unstable();
        let Some((usual, first)) = sizes.get(sizes.len() / 2).zip(self.rows.first().map(|row| row.time)) else {
            return;
        };
        if sizes.len() >= USUAL_LEAST && *usual > USUAL_MAX {
            let text = format!("half of all rates are beyond {usual}: percents in the place of shares?");
            self.tell(Defect::UnitFlip, first, || text);
        }
    }

    /// Takes out the later one of two stamps of one payment.
    fn tell_twice(&mut self) {
        let mut kept: Vec<FundingRate> = Vec::with_capacity(self.rows.len());
        for row in std::mem::take(&mut self.rows) {
            match kept.last().filter(|last| row.time.since(last.time) <= JITTER).copied() {
                Some(last) if (last.rate, last.mark) == (row.rate, row.mark) => {
                    self.tell(Defect::DuplicateSame, row.time, || format!("the payment of {} again", last.time));
                }
                Some(last) => {
                    let text = || format!("the payment of {} at {}, here at {}", last.time, last.rate, row.rate);
                    self.tell(Defect::DuplicateDifferent, row.time, text);
                }
                None => kept.push(row),
            }
        }
        self.rows = kept;
    }

    fn tell_stale(&mut self) {
        let mut runs: BTreeMap<Rate, usize> = BTreeMap::new();
        self.rows.chunk_by(|a, b| a.rate == b.rate).for_each(|run| *runs.entry(run[0].rate).or_default() += 1);
        let usual = runs.iter().filter(|(_, runs)| **runs > 1).max_by_key(|(_, runs)| **runs);
        let bounds = [usual, runs.first_key_value(), runs.last_key_value()].map(|found| found.map(|(rate, _)| *rate));
        // Venues fall back on a usual rate again and again, and cut off at the lowest and the highest.
        let lawful = [bounds[0], bounds[1], bounds[2], Some(Rate::ZERO)];
        let stale = |run: &&[FundingRate]| run.len() >= STALE_LEAST && !lawful.contains(&Some(run[0].rate));
        for run in self.rows.chunk_by(|a, b| a.rate == b.rate).filter(stale) {
            let (time, rows) = (run[1].time, run.len() as u64 - 1);
            self.tally.count_block(Defect::StaleRepeat, rows, || {
                Finding::at(
                    Defect::StaleRepeat,
                    time,
                    format!("the rate {} stands {} times in a row", run[0].rate, run.len()),
                )
            });
        }
    }

    /// Payments that are absent, or not due.
    fn tell_steps(&mut self) -> Gaps {
        let mut gaps = Gaps { pattern: Pattern::Payments, ..Gaps::default() };
        let steps: Vec<i64> = self.rows.windows(2).map(|pair| minutes(pair[1].time.since(pair[0].time))).collect();
        for (place, step) in steps.iter().enumerate() {
            let around = &steps[place.saturating_sub(BESIDE)..steps.len().min(place + BESIDE + 1)];
            let usual = most_common(around);
            let (from, to) = (self.rows[place].time, self.rows[place + 1].time);
            if *step > usual && step % usual == 0 {
                gaps.add(Hole { from, to, missing: (step / usual).unsigned_abs() - 1 });
            } else if *step != usual && !is_change(&steps, place) {
                let text = || format!("{step} min after the payment of {from:#}, where {usual} min are usual");
                self.tally.count(Defect::OffSchedule, || Finding::at(Defect::OffSchedule, to, text()));
            }
        }
        gaps
    }
}

/// Whole minutes, at least one.
fn minutes(span: Span) -> i64 {
    (span.nanos().saturating_add(JITTER.nanos() / 2) / JITTER.nanos()).max(1)
}

/// The shorter one of two as common.
fn most_common(steps: &[i64]) -> i64 {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    steps.iter().for_each(|step| *counts.entry(*step).or_default() += 1);
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(1, |(step, _)| step)
}

/// True where an interval changes: the step beside is the same.
fn is_change(steps: &[i64], place: usize) -> bool {
    let same = |other: Option<usize>| other.and_then(|other| steps.get(other)) == Some(&steps[place]);
    same(place.checked_sub(1)) || same(Some(place + 1))
}
