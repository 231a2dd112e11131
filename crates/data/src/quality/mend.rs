//! What can be mended, one stated rule a defect; every change is handed out, and no bar is made up unless asked, and marked.
use std::collections::BTreeSet;

use qframe_model::market::Bar;
use qframe_model::number::{Price, Rounding, Volume, mul_div};
use qframe_model::time::{Span, Time};

use super::prices::Units;
use super::repeats::blocks;
use super::{Audit, Rules};
use crate::defect::Defect;
use crate::hours::Expected;

/// What to mend.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mending {
    /// These defects.
    pub fix: BTreeSet<Defect>,
    /// Bars that are absent by the hours are filled: flat at the close before, without volume, and marked.
    pub fill: bool,
}

/// The part of a row that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The row as a whole: it goes, moves or comes.
    Row,
    /// One price, by its name.
    Price(&'static str),
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of the row of this time, where it has one.
    pub time: Option<Time>,
    /// On this line of the file, where it came from one.
    pub line: Option<u64>,
    /// What of it.
    pub field: Field,
    /// What stood there.
    pub before: String,
    /// What stands there now; empty where it is gone.
    pub after: String,
    /// Why.
    pub why: Defect,
}

/// Bars with the changes that made them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mended {
    /// Oldest first, each a bar.
    pub bars: Vec<Bar>,
    /// All changes, by kind and time.
    pub changes: Vec<Change>,
    /// The times of the bars that were filled in.
    pub filled: Vec<Time>,
}

impl Mending {
    /// The defects that have a rule here; of the others only a person knows what was meant.
    pub const KNOWN: [Defect; 13] = [
        Defect::Unreadable,
        Defect::NotANumber,
        Defect::NotPositive,
        Defect::HighBelowLow,
        Defect::OutsideRange,
        Defect::DuplicateSame,
        Defect::DuplicateDifferent,
        Defect::OutOfOrder,
        Defect::StaleRepeat,
        Defect::UnitFlip,
        Defect::UnfinishedBar,
        Defect::OffGrid,
        Defect::Missing,
    ];

    /// What happens to a defect, in a few words.
    #[must_use]
    pub const fn rule(defect: Defect) -> &'static str {
        match defect {
            Defect::Unreadable | Defect::NotANumber | Defect::NotPositive => "the row is left out",
            Defect::HighBelowLow => "high and low change places, and take in open and close",
            Defect::OutsideRange => "high or low take in the open and the close",
            Defect::DuplicateSame | Defect::DuplicateDifferent => "the row that stands first in the file stays",
            Defect::OutOfOrder => "the row moves to its time",
            Defect::StaleRepeat => "the later block is left out",
            Defect::UnitFlip => "the price is multiplied or divided by a hundred",
            Defect::UnfinishedBar => "the bar is left out",
            Defect::OffGrid => "the price goes to the nearest tick, ties to the even one",
            Defect::Missing => "with --fill: a flat bar at the close before, without volume, and marked",
            _ => "no rule: look at it",
        }
    }
}

/// Mends the bars of a file, or of a catalogue's set (an [`Audit`] of it).
#[must_use]
pub fn mend(audit: &Audit, rules: &Rules<'_>, mending: &Mending) -> Mended {
    let mut mended = Mended { bars: audit.bars.clone(), ..Mended::default() };
    let asked = |defect: Defect| mending.fix.contains(&defect);
    for row in audit.set_aside.iter().filter(|row| asked(row.defect)) {
        let after = match row.defect {
            Defect::HighBelowLow | Defect::OutsideRange => continue,
            Defect::OutOfOrder => "at its time",
            _ => "",
        };
        let (before, after) = (row.text.clone(), after.to_owned());
        let (time, line) = (row.time, row.line);
        mended.changes.push(Change { time, line, field: Field::Row, before, after, why: row.defect });
    }
    for (bar, line) in &audit.broken {
        let fault = bar.check().err().map(|fault| Defect::of_bar(&fault));
        if let Some(why) = fault.filter(|why| asked(*why) && *why != Defect::NotPositive) {
            mended.take_in(*bar, *line, why);
        }
    }
    mended.bars.sort_by_key(|bar| bar.time);
    if asked(Defect::StaleRepeat) {
        mended.leave_out_repeats(audit);
    }
    if asked(Defect::UnitFlip) {
        mended.turn_units(audit);
    }
    if let Some(tick) = rules.tick.filter(|tick| asked(Defect::OffGrid) && tick.nanos() > 1) {
        mended.put_on_grid(tick, audit);
    }
    let last = mended.bars.last().filter(|bar| bar.time + rules.frame.span() > rules.known_until).copied();
    if let Some(bar) = last.filter(|_| asked(Defect::UnfinishedBar)) {
        mended.bars.pop();
        mended.gone(&bar, audit, Defect::UnfinishedBar);
    }
    if mending.fill {
        mended.fill(rules);
    }
    mended
}

impl Mended {
    fn gone(&mut self, bar: &Bar, audit: &Audit, why: Defect) {
        let (time, line) = (Some(bar.time), audit.line_of(bar.time));
        self.changes.push(Change { time, line, field: Field::Row, before: text_of(bar), after: String::new(), why });
    }

    fn priced(&mut self, bar: &Bar, line: Option<u64>, name: &'static str, prices: (Price, Price), why: Defect) {
        let (before, after) = prices;
        let (time, field) = (Some(bar.time), Field::Price(name));
        self.changes.push(Change { time, line, field, before: before.to_string(), after: after.to_string(), why });
    }

    /// A bar of numbers that do not go together; a good row of the same time goes before it.
    fn take_in(&mut self, bar: Bar, line: u64, why: Defect) {
        if self.bars.iter().any(|other| other.time == bar.time) {
            return;
        }
        let prices = [bar.open, bar.high, bar.low, bar.close];
        let high = prices.into_iter().max().unwrap_or(bar.high);
        let low = prices.into_iter().min().unwrap_or(bar.low);
        if high != bar.high {
            self.priced(&bar, Some(line), "high", (bar.high, high), why);
        }
        if low != bar.low {
            self.priced(&bar, Some(line), "low", (bar.low, low), why);
        }
        self.bars.push(Bar { high, low, ..bar });
    }

    fn leave_out_repeats(&mut self, audit: &Audit) {
        let places: BTreeSet<usize> =
            blocks(&self.bars).iter().flat_map(|block| block.first..block.first + block.rows).collect();
        let (mut kept, bars) = (Vec::with_capacity(self.bars.len()), std::mem::take(&mut self.bars));
        for (place, bar) in bars.into_iter().enumerate() {
            if places.contains(&place) {
                self.gone(&bar, audit, Defect::StaleRepeat);
            } else {
                kept.push(bar);
            }
        }
        self.bars = kept;
    }

    fn turn_units(&mut self, audit: &Audit) {
        for (place, powers) in Units::of(&self.bars).odd {
            let bar = self.bars[place];
            let prices = [bar.open, bar.high, bar.low, bar.close];
            let mut turned = prices;
            for (price, power) in turned.iter_mut().zip(powers) {
                *price = in_unit(*price, power);
            }
            let [open, high, low, close] = turned;
            // A price that was both wrong and the extreme leaves the extreme to the others.
            let high = high.max(open).max(close);
            let low = low.min(open).min(close);
            for ((name, before), after) in NAMES.into_iter().zip(prices).zip([open, high, low, close]) {
                if before != after {
                    self.priced(&bar, audit.line_of(bar.time), name, (before, after), Defect::UnitFlip);
                }
            }
            self.bars[place] = Bar { open, high, low, close, ..bar };
        }
    }

    fn put_on_grid(&mut self, tick: Price, audit: &Audit) {
        for place in 0..self.bars.len() {
            let bar = self.bars[place];
            let prices = [bar.open, bar.high, bar.low, bar.close];
            let [open, high, low, close] = prices.map(|price| on_grid(price, tick));
            for ((name, before), after) in NAMES.into_iter().zip(prices).zip([open, high, low, close]) {
                if before != after {
                    self.priced(&bar, audit.line_of(bar.time), name, (before, after), Defect::OffGrid);
                }
            }
            self.bars[place] = Bar { open, high, low, close, ..bar };
        }
    }

    /// Flat bars where the hours expect one; without known hours every step counts.
    fn fill(&mut self, rules: &Rules<'_>) {
        let Some((first, last)) = self.bars.first().zip(self.bars.last()).map(|(a, b)| (a.time, b.time)) else {
            return;
        };
        let expected = rules.hours.map(|hours| Expected::new(hours, first..last, rules.frame));
        let (bars, step) = (std::mem::take(&mut self.bars), rules.frame.span());
        for bar in bars {
            while let Some(before) = self.bars.last().copied() {
                let time = self.next_expected(before.time, bar.time, step, expected.as_ref());
                let Some(time) = time else { break };
                let flat = before.close;
                let filled = Bar { time, open: flat, high: flat, low: flat, close: flat, volume: Volume::ZERO };
                let (before, after) = (String::new(), text_of(&filled));
                let why = Defect::Missing;
                self.changes.push(Change { time: Some(time), line: None, field: Field::Row, before, after, why });
                self.filled.push(time);
                self.bars.push(filled);
            }
            self.bars.push(bar);
        }
    }

    fn next_expected(&self, from: Time, to: Time, step: Span, expected: Option<&Expected>) -> Option<Time> {
        let mut time = from + step;
        while time + step <= to {
            if expected.is_none_or(|expected| expected.holds(time)) {
                return Some(time);
            }
            time = time + step;
        }
        None
    }
}

const NAMES: [&str; 4] = ["open", "high", "low", "close"];

fn text_of(bar: &Bar) -> String {
    let Bar { open, high, low, close, volume, .. } = bar;
    format!("{open} {high} {low} {close} {volume}")
}

/// A price divided by a power of a hundred; itself where it would leave the range.
fn in_unit(price: Price, power: i8) -> Price {
    let factor = 100i128.pow(u32::from(power.unsigned_abs()));
    let (part, whole) = if power > 0 { (1, factor) } else { (factor, 1) };
    let turned = mul_div(i128::from(price.nanos()), part, whole, Rounding::HalfEven);
    turned.and_then(|nanos| i64::try_from(nanos).ok()).map_or(price, Price::from_nanos)
}

fn on_grid(price: Price, tick: Price) -> Price {
    let ticks = mul_div(i128::from(price.nanos()), 1, i128::from(tick.nanos()), Rounding::HalfEven);
    let nanos = ticks.and_then(|ticks| i64::try_from(ticks * i128::from(tick.nanos())).ok());
    nanos.filter(|nanos| *nanos > 0).map_or(price, Price::from_nanos)
}
