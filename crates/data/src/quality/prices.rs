//! Prices that do not go with those around them: in another unit, off for one bar, or split.
//!
//! Spread is measured by the median absolute deviation (MAD), which a few wild prices do not move; 1.4826 MAD is the
//! standard deviation of a normal sample (Hampel, 1974, "The influence curve and its role in robust estimation").
use qframe_model::market::{Bar, CorporateAction};
use qframe_model::number::Price;
use qframe_model::time::{Span, Time};

use super::tally::Tally;
use super::{Rules, inside};
use crate::defect::{Defect, Finding};

/// Units that a price is mistaken by: pence for pounds, cents for dollars.
const UNIT: f64 = 100.0;
/// A price so many times away is held against the unit; a whole bar may have moved by a factor beside it, one of its prices by
/// less: a wick of a crash may end anywhere.
const FAR: f64 = 20.0;
const MOVED: f64 = 2.0;
const MOVED_ALONE: f64 = 1.25;
/// The dearer unit is taken for right where so many of the bars have it: exports mix pounds into pence.
const DEAR_SHARE: usize = 3;
/// Deviations of the returns around it, and the least return, that make a bar an outlier; what is left of it a bar later.
const OUTLIER_SIGMAS: f64 = 12.0;
const OUTLIER_MOVE: f64 = 0.03;
const OUTLIER_LEFT: f64 = 0.25;
/// The part of the way back that is done when the next bar opens.
const AT_ONCE: f64 = 0.75;
/// A wick, as a share of the price and in usual ranges.
const WICK_MOVE: f64 = 0.20;
const WICK_RANGES: f64 = 20.0;
/// Returns to each side that tell the usual spread.
const WINDOW: usize = 50;
/// Units that one share becomes, and how near a jump must come; deviations that it must be.
const SPLITS: [f64; 13] = [1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 50.0];
const SPLIT_LEAST: f64 = 1.4;
const SPLIT_NEAR: f64 = 0.04;
const SPLIT_NEAR_SMALL: f64 = 0.02;
const SPLIT_SIGMAS: f64 = 8.0;
/// Closes to each side that a split must hold for.
const SPLIT_HOLDS: usize = 5;
/// A known split may stand so far from its jump: holidays, and the clocks of two publishers.
const KNOWN_DAYS: i64 = 4;

pub(super) fn find(bars: &[Bar], rules: &Rules<'_>, tally: &mut Tally) {
    let units = Units::of(bars);
    units.tell(bars, tally);
    let usual = usual_return(bars);
    let splits = rules.hours.is_none_or(|hours| hours.name() == "NYSE");
    let usual_range = usual_range(bars);
    let mut outliers = Vec::new();
    for place in 1..bars.len() {
        let (before, bar) = (bars[place - 1].close.to_f64(), &bars[place]);
        let (open, close) = (bar.open.to_f64(), bar.close.to_f64());
        if units.is_odd(place) || units.is_odd(place - 1) {
            continue;
        }
        if (close - before).abs() > OUTLIER_MOVE * before && is_outlier(bars, place, usual) {
            let after = bars[place + 1].close;
            let text = format!("close {} between {} and {after}", bar.close, bars[place - 1].close);
            tally.add(Defect::RevertingOutlier, Finding::at(Defect::RevertingOutlier, bar.time, text));
            outliers.push(place);
        } else if let Some(text) = wick(bars, place, usual_range) {
            tally.add(Defect::RevertingOutlier, Finding::at(Defect::RevertingOutlier, bar.time, text));
            outliers.push(place);
        }
        let jump = before / open;
        if splits && jump.max(1.0 / jump) > SPLIT_LEAST {
            split(bars, place, usual, rules, tally);
        }
    }
    inside::find(bars, rules, &units, &outliers, tally);
}

/// In which unit the prices of each bar are, as powers of a hundred beside those of the first bar.
pub(super) struct Units {
    /// Bars that are not all in the usual unit: the place, and for open, high, low and close the power to divide by.
    pub(super) odd: Vec<(usize, [i8; 4])>,
    /// Bars in the usual unit.
    usual: usize,
}

impl Units {
    pub(super) fn of(bars: &[Bar]) -> Self {
        let Some(mut level) = bars.first().map(|bar| bar.close.to_f64()) else {
            return Self { odd: Vec::new(), usual: 0 };
        };
        let mut other: Vec<(usize, [i8; 4])> = Vec::new();
        let mut reach = None;
        for (place, bar) in bars.iter().enumerate() {
            let prices = [bar.open, bar.high, bar.low, bar.close].map(Price::to_f64);
            let is_near = |price: &f64| *price < level * FAR && *price * FAR > level;
            if prices.iter().all(is_near) {
                level = prices[3];
                continue;
            }
            let mut powers = prices.map(|price| power(price / level, MOVED));
            if powers != [powers[0]; 4] {
                powers = prices.map(|price| power(price / level, MOVED_ALONE));
                let reach = *reach.get_or_insert_with(|| OUTLIER_MOVE.max(WICK_RANGES * usual_range(bars)));
                if !go_together(prices, powers, reach) {
                    powers = [0; 4];
                }
            }
            if powers != [0; 4] {
                other.push((place, powers));
            }
            let close = prices[3] / UNIT.powi(powers[3].into());
            level = if close > 0.0 { close } else { level };
        }
        Self::around_the_usual(other, bars.len())
    }

    /// Powers beside the unit that most bars have, or beside the dearest that a third of them has.
    fn around_the_usual(mut odd: Vec<(usize, [i8; 4])>, bars: usize) -> Self {
        let whole = |power: i8| odd.iter().filter(|(_, powers)| *powers == [power; 4]).count();
        let mut counts: Vec<(i8, usize)> = [-1, 1].map(|power| (power, whole(power))).into();
        counts.push((0, bars - odd.len()));
        let dearest = counts.iter().filter(|(_, count)| count * DEAR_SHARE >= bars && *count > 0).max();
        let Some(&(usual, count)) = dearest.or_else(|| counts.iter().max_by_key(|(_, count)| *count)) else {
            return Self { odd, usual: bars };
        };
        if usual != 0 {
            let known: std::collections::BTreeMap<usize, [i8; 4]> = odd.into_iter().collect();
            let beside = |place: usize| known.get(&place).copied().unwrap_or([0; 4]).map(|power| power - usual);
            odd = (0..bars).map(|place| (place, beside(place))).filter(|(_, powers)| *powers != [0; 4]).collect();
        }
        Self { odd, usual: count }
    }

    pub(super) fn is_odd(&self, place: usize) -> bool {
        !self.odd.is_empty() && self.odd.binary_search_by_key(&place, |(place, _)| *place).is_ok()
    }

    fn tell(&self, bars: &[Bar], tally: &mut Tally) {
        let usual = self.usual;
        for (place, powers) in &self.odd {
            let bar = &bars[*place];
            let prices = [bar.open, bar.high, bar.low, bar.close];
            let named = ["open", "high", "low", "close"].into_iter().zip(prices).zip(powers);
            let named = named.filter(|(_, power)| **power != 0);
            let text = || {
                let words: Vec<String> = named.clone().map(|((name, price), _)| format!("{name} {price}")).collect();
                format!("{}: a hundred times off beside the {usual} bars in the usual unit", words.join(", "))
            };
            tally.count(Defect::UnitFlip, || Finding::at(Defect::UnitFlip, bar.time, text()));
        }
    }
}

/// The power of a hundred that a ratio is near to; zero where it is near to none.
fn power(ratio: f64, moved: f64) -> i8 {
    let near = |power: &i8| {
        let rest = ratio / UNIT.powi((*power).into());
        rest < moved && rest * moved > 1.0
    };
    [1, -1].into_iter().find(near).unwrap_or(0)
}

/// Whether the prices of a bar that are turned come within a reach of those that are not: an open of 1 beside a close of 92 is
/// a slip of another sort.
fn go_together(prices: [f64; 4], powers: [i8; 4], reach: f64) -> bool {
    let kept = || prices.into_iter().zip(powers).filter(|(_, power)| *power == 0).map(|(price, _)| price);
    let (low, high) = (kept().fold(f64::INFINITY, f64::min), kept().fold(0.0, f64::max));
    let turned = prices.into_iter().zip(powers).filter(|(_, power)| *power != 0);
    let mut turned = turned.map(|(price, power)| price / UNIT.powi(power.into()));
    high <= 0.0 || turned.all(|price| price * (1.0 + reach) >= low && price <= high * (1.0 + reach))
}

/// The median size of the returns, from at most 2 048 of them over the whole length.
fn usual_return(bars: &[Bar]) -> f64 {
    let every = (bars.len() / 2_048).max(1);
    let returns = (1..bars.len()).step_by(every).filter_map(|place| simple_return(bars, place)).map(f64::abs);
    median(&mut returns.collect::<Vec<_>>()).unwrap_or(0.0)
}

/// The median of `high / low - 1`, from at most 2 048 bars over the whole length.
pub(super) fn usual_range(bars: &[Bar]) -> f64 {
    let every = (bars.len() / 2_048).max(1);
    let ranges = bars.iter().step_by(every).map(|bar| bar.high.to_f64() / bar.low.to_f64() - 1.0);
    median(&mut ranges.filter(|range| range.is_finite()).collect::<Vec<_>>()).unwrap_or(0.0)
}

fn simple_return(bars: &[Bar], place: usize) -> Option<f64> {
    let (before, now) = (bars.get(place.checked_sub(1)?)?.close.to_f64(), bars.get(place)?.close.to_f64());
    (before > 0.0).then(|| now / before - 1.0)
}

/// The spread of the returns around a place, without its own and the next: 1.4826 MAD, and no less than a quarter of what is
/// usual in the whole: a market that stood still for a while is not calm.
fn sigma(bars: &[Bar], place: usize, usual: f64) -> f64 {
    let around = (place.saturating_sub(WINDOW)..place).chain(place + 2..place + 2 + WINDOW);
    let mut returns: Vec<f64> = around.filter_map(|at| simple_return(bars, at)).collect();
    let Some(middle) = median(&mut returns) else { return usual };
    let mad = median(&mut returns.iter().map(|r| (r - middle).abs()).collect::<Vec<_>>()).unwrap_or(0.0);
    1.4826 * mad.max(usual / 4.0)
}

/// A return r1 and the next, r2, both beyond 12 deviations and 3 %, of opposite signs, that leave no more than a quarter of
/// the smaller one; and the next bar opens where it came from. A market that really spikes comes back by trading: its next
/// bar opens at the spike.
fn is_outlier(bars: &[Bar], place: usize, usual: f64) -> bool {
    let (Some(out), Some(back)) = (simple_return(bars, place), simple_return(bars, place + 1)) else { return false };
    let (out, back) = (out.ln_1p(), back.ln_1p());
    let at_once = (bars[place + 1].open.to_f64() / bars[place].close.to_f64()).ln() / back;
    let least = out.abs().min(back.abs());
    out * back < 0.0
        && at_once > AT_ONCE
        && least > OUTLIER_MOVE
        && (out + back).abs() <= OUTLIER_LEFT * least
        && least > OUTLIER_SIGMAS * sigma(bars, place, usual)
}

/// A high or a low over a fifth away from its own open and close and from the bars beside it, and over twenty usual ranges.
fn wick(bars: &[Bar], place: usize, usual_range: f64) -> Option<String> {
    let bar = bars.get(place)?;
    let least = WICK_MOVE.max(WICK_RANGES * usual_range);
    let (high, low) = (bar.high.to_f64(), bar.low.to_f64());
    if high <= low * (1.0 + least) {
        return None;
    }
    let next = bars.get(place + 1)?;
    let beside = &bars[place - 1];
    let top = bar.open.max(bar.close).max(beside.high).max(next.high);
    let bottom = bar.open.min(bar.close).min(beside.low).min(next.low);
    if high > top.to_f64() * (1.0 + least) {
        return Some(format!("high {} over {top}, the highest price beside it", bar.high));
    }
    let below = low * (1.0 + least) < bottom.to_f64();
    below.then(|| format!("low {} under {bottom}, the lowest price beside it", bar.low))
}

/// A jump from a close to the next open near a ratio of [`SPLITS`], or its inverse, that five closes to each side hold to
/// and that eight deviations do not explain.
fn split(bars: &[Bar], place: usize, usual: f64, rules: &Rules<'_>, tally: &mut Tally) {
    let (bar, before) = (&bars[place], bars[place - 1].close);
    let jump = (before.to_f64() / bar.open.to_f64()).ln();
    let near = |ratio: &f64| {
        let tolerance = if *ratio < 2.0 { SPLIT_NEAR_SMALL } else { SPLIT_NEAR };
        (jump.abs() - ratio.ln()).abs() < tolerance
    };
    let Some(ratio) = SPLITS.into_iter().find(near) else { return };
    let closes = |from: usize, to: usize| {
        median(&mut bars[from..to.min(bars.len())].iter().map(|bar| bar.close.to_f64()).collect::<Vec<_>>())
    };
    let sides = closes(place.saturating_sub(SPLIT_HOLDS), place).zip(closes(place, place + SPLIT_HOLDS));
    let held = sides.map_or(0.0, |(old, new)| (old / new).ln());
    if (held - jump).abs() > 0.25 * ratio.ln() || jump.abs() < SPLIT_SIGMAS * sigma(bars, place, usual) {
        return;
    }
    if is_known(rules, bar.time, jump) {
        tally.explained += 1;
        return;
    }
    let words = if jump > 0.0 { format!("{ratio}:1") } else { format!("1:{ratio}") };
    let text = format!("from close {before} to open {}, as of a split {words}", bar.open);
    tally.add(Defect::SplitSuspect, Finding::at(Defect::SplitSuspect, bar.time, text));
}

/// A split within four days by a ratio within a tenth.
fn is_known(rules: &Rules<'_>, time: Time, jump: f64) -> bool {
    let near = |other: Time| other.since(time).nanos().saturating_abs() <= KNOWN_DAYS * Span::DAY.nanos();
    rules.actions.iter().any(|dated| match dated.action {
        CorporateAction::Split(rate) => near(dated.time) && (rate.to_f64().ln() - jump).abs() < 0.1,
        CorporateAction::Dividend(_) => false,
    })
}

pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    let (_, found, _) = (!values.is_empty()).then(|| values.select_nth_unstable_by(middle, f64::total_cmp))?;
    Some(*found)
}
