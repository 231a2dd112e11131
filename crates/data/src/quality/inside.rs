//! Prices of two scales in one bar: an open of before a split, a close of behind it.
//!
//! A market that crashes moves so within one bar too. What follows tells the two apart: behind a crash the bars stay wild,
//! beside a slip they are as calm as ever.
use qframe_model::market::{Bar, CorporateAction};
use qframe_model::time::Span;

use super::Rules;
use super::prices::{Units, median, usual_range};
use super::tally::Tally;
use crate::defect::{Defect, Finding};

/// A high so many times the low is looked at.
const LEAST: f64 = 1.4;
/// How many usual ranges it must be: those of the whole, and of the bars beside it, before and behind.
const RANGES: f64 = 20.0;
/// Bars to each side that tell what is usual there, and how few of them are enough.
const BESIDE: usize = 5;
const BESIDE_LEAST: usize = 3;
/// How near to its ratio a split that is known must come, and to its day.
const SPLIT_NEAR: f64 = 0.1;
const SPLIT_DAYS: i64 = 4;

/// Bars of which `ln(high / low)` is beyond `ln 1.4` and beyond twenty medians of it: of all bars, and of the five to either
/// side. Those in another unit, and those in places (ascending) that are `told` of as outliers, are not told again.
pub(super) fn find(bars: &[Bar], rules: &Rules<'_>, units: &Units, told: &[usize], tally: &mut Tally) {
    let mut usual = None;
    for (place, bar) in bars.iter().enumerate() {
        let (high, low) = (bar.high.to_f64(), bar.low.to_f64());
        // Beside zero and below there is no scale; that is told of elsewhere.
        if low <= 0.0 || high <= low * LEAST || units.is_odd(place) || told.binary_search(&place).is_ok() {
            continue;
        }
        let usual = *usual.get_or_insert_with(|| usual_range(bars).ln_1p());
        let (before, behind) = (place.saturating_sub(BESIDE)..place, place + 1..bars.len().min(place + 1 + BESIDE));
        let sides = [before, behind].map(|side| range_of(&bars[side]));
        let calm = sides.into_iter().flatten().fold(usual, f64::max);
        // A few bars say nothing of what is usual.
        if sides == [None, None] || (high / low).ln() <= RANGES * calm {
            continue;
        }
        let known = if is_split(bar, rules) { ": a split of that day, with prices of both scales" } else { "" };
        let text = format!(
            "open {}, high {}, low {}, close {}: over {RANGES} times the range of the bars beside it{known}",
            bar.open, bar.high, bar.low, bar.close
        );
        tally.add(Defect::JumpInside, Finding::at(Defect::JumpInside, bar.time, text));
    }
}

/// The median of `ln(high / low)`; `None` of too few bars.
fn range_of(bars: &[Bar]) -> Option<f64> {
    let ranges = bars.iter().map(|bar| (bar.high.to_f64() / bar.low.to_f64()).ln()).filter(|range| range.is_finite());
    let mut ranges: Vec<f64> = ranges.collect();
    if ranges.len() < BESIDE_LEAST { None } else { median(&mut ranges) }
}

/// Whether a split that is known has the ratio of the bar.
fn is_split(bar: &Bar, rules: &Rules<'_>) -> bool {
    let range = (bar.high.to_f64() / bar.low.to_f64()).ln();
    let near = |dated: &&qframe_model::market::DatedAction| {
        dated.time.since(bar.time).nanos().saturating_abs() <= SPLIT_DAYS * Span::DAY.nanos()
    };
    rules.actions.iter().filter(near).any(|dated| match dated.action {
        CorporateAction::Split(ratio) => (ratio.to_f64().ln().abs() - range).abs() < SPLIT_NEAR,
        CorporateAction::Dividend(_) => false,
    })
}
