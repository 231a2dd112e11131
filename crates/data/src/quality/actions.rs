//! Dividends and splits, held against each other, the calendar and the prices.
use std::ops::Range;

use qframe_model::market::{Bar, CorporateAction, DatedAction, Dividend};
use qframe_model::number::{Price, Rate};
use qframe_model::time::Span;

use super::pace::Silence;
use super::stream::Market;
use super::tally::{Report, Tally};
use crate::adjust::unseen_splits;
use crate::defect::{Defect, Finding};
use crate::gaps::Gaps;

/// The largest ratio of a split that is taken for one: a hundred to one, either way.
const RATIO_MAX: i64 = 100;
/// The same action within so many days is the same one again: the fastest payers pay weekly.
const AGAIN_DAYS: i64 = 4;

/// Looks at dividends and splits as they come; all are kept, a share has a few hundred.
#[derive(Debug, Clone)]
pub struct ActionCheck {
    market: Market,
    rows: Vec<DatedAction>,
    tally: Tally,
}

impl ActionCheck {
    /// Of a market as far as it is known.
    #[must_use]
    pub fn new(market: Market) -> Self {
        Self { market, rows: Vec::new(), tally: Tally::default() }
    }

    /// Looks at the next one.
    pub fn push(&mut self, row: &DatedAction) {
        if let Some(last) = self.rows.last().filter(|last| row.time < last.time) {
            let text = format!("follows {:#}", last.time);
            self.tell(Defect::OutOfOrder, row, text);
        }
        self.rows.push(*row);
    }

    /// What was found.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let count = self.rows.len() as u64;
        self.rows.sort_by_key(|row| row.time);
        let rows = std::mem::take(&mut self.rows);
        for (place, row) in rows.iter().enumerate() {
            self.tell_value(row);
            self.tell_day(row);
            self.tell_again(&rows, place);
        }
        if !self.market.bars.is_empty() {
            self.tell_traces(&rows);
        }
        self.tally.report_of_stream(count, Gaps::default(), Silence::default())
    }

    fn tell(&mut self, defect: Defect, row: &DatedAction, text: String) {
        self.tally.count(defect, || Finding::at(defect, row.time, text));
    }

    fn tell_value(&mut self, row: &DatedAction) {
        match row.action {
            CorporateAction::Split(ratio) if !ratio.is_positive() => {
                self.tell(Defect::NotPositive, row, format!("a split of {ratio} to one"));
            }
            CorporateAction::Dividend(Dividend { each: amount, .. }) if !amount.is_positive() => {
                self.tell(Defect::NotPositive, row, format!("a dividend of {amount}"));
            }
            CorporateAction::Split(ratio) if !is_likely(ratio) => {
                self.tell(
                    Defect::AbsurdAction,
                    row,
                    format!("a split of {ratio} to one, beyond {RATIO_MAX} or 1/{RATIO_MAX}"),
                );
            }
            CorporateAction::Dividend(Dividend { each: amount, .. }) => {
                let close = self.close_before(row);
                if let Some(close) = close.filter(|close| amount.attos_f64() / 1e18 >= close.to_f64()) {
                    self.tell(
                        Defect::AbsurdAction,
                        row,
                        format!("a dividend of {amount}, where a share costs {close}"),
                    );
                }
            }
            CorporateAction::Split(_) => {}
        }
    }

    fn tell_day(&mut self, row: &DatedAction) {
        let Some(hours) = self.market.hours.filter(|hours| hours.session(row.time).is_none()) else { return };
        self.tell(Defect::OffSession, row, format!("{} is closed on that day", hours.name()));
    }

    /// Holds an action against those of its kind of the days before it.
    fn tell_again(&mut self, rows: &[DatedAction], place: usize) {
        let row = &rows[place];
        let days = |other: &DatedAction| row.time.since(other.time).nanos() / Span::DAY.nanos();
        let near = rows[..place].iter().rev().take_while(|other| days(other) <= AGAIN_DAYS);
        let same_kind = |other: &&DatedAction| {
            std::mem::discriminant(&other.action) == std::mem::discriminant(&row.action)
                && (other.action == row.action || other.time == row.time)
        };
        let Some(other) = near.into_iter().find(same_kind) else { return };
        if let (false, CorporateAction::Dividend(one), CorporateAction::Dividend(two)) =
            (other.action == row.action, other.action, row.action)
        {
            self.tell(Defect::SeveralDividends, row, format!("{} beside {}: both are paid", two.each, one.each));
            return;
        }
        let same = other.action == row.action;
        let defect = if same { Defect::DuplicateSame } else { Defect::DuplicateDifferent };
        let values = if same { "the same" } else { "other" };
        self.tell(defect, row, format!("that of {:#} again, with {values} values", other.time));
    }

    /// Splits within the bars that no jump of the prices shows.
    fn tell_traces(&mut self, rows: &[DatedAction]) {
        let within = self.extent();
        let told: Vec<DatedAction> = rows.iter().filter(|row| within.contains(&row.time)).copied().collect();
        for row in unseen_splits(&self.market.bars, &told) {
            let CorporateAction::Split(ratio) = row.action else { continue };
            let text = format!("a split of {ratio} to one that the prices do not show: adjusted already, or no split");
            self.tell(Defect::NoTrace, &row, text);
        }
    }

    /// From behind the first bar to the last.
    fn extent(&self) -> Range<qframe_model::time::Time> {
        let ends = self.market.bars.first().zip(self.market.bars.last());
        ends.map_or_else(Range::default, |(first, last)| first.time + Span::from_nanos(1)..last.time)
    }

    fn close_before(&self, row: &DatedAction) -> Option<Price> {
        let at = self.market.bars.partition_point(|bar: &Bar| bar.time < row.time);
        self.market.bars.get(at.checked_sub(1)?).map(|bar| bar.close)
    }
}

fn is_likely(ratio: Rate) -> bool {
    let (nanos, one) = (i128::from(ratio.nanos()), i128::from(Rate::ONE.nanos()));
    let most = i128::from(RATIO_MAX);
    nanos <= one * most && nanos * most >= one
}
