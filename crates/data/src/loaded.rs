//! What a reader hands out: the bars, and the facts about the file they came from.
use std::fmt;

use qframe_model::count::counted;
use qframe_model::market::Bar;
use qframe_model::time::{Time, TimeFrame};

use crate::bad_row::BadRow;
use crate::gaps::Gaps;

/// Bars of one instrument in one time frame, oldest first, each checked, times strictly rising.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The rows.
    pub bars: Vec<Bar>,
    /// The length of a bar: given, or the most common step between rows.
    pub time_frame: TimeFrame,
    /// How the file was understood, a sentence each: separator, columns, clock, what was left out.
    pub why: Vec<String>,
    /// What was counted on the way.
    pub facts: Facts,
}

/// What was counted while reading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Rows read, the skipped ones included; header, comment and blank lines are not rows.
    pub rows: u64,
    /// Empty lines.
    pub blank_lines: u64,
    /// Rows that were passed over.
    pub skipped: Skipped,
    /// Values with more than nine decimals (or a volume of more than 18 digits), rounded half-even.
    pub rounded: u64,
    /// Bars in which nothing traded.
    pub zero_volume: u64,
    /// Bars that are absent.
    pub gaps: Gaps,
    /// The order of the rows in the file.
    pub order: RowOrder,
}

/// Rows that were passed over, by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Skipped {
    /// How many in all.
    pub total: u64,
    /// How many for each [reason](crate::RowFault::reason), in the order of their first row.
    pub by_reason: Vec<(&'static str, u64)>,
    /// True where no two bars stand side by side in the file: the time frame is then a guess, and may be too long.
    pub frame_is_guessed: bool,
    /// The first few.
    pub first: Vec<BadRow>,
}

/// The order of rows in a file; [`Loaded::bars`] is always oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowOrder {
    /// Times rise.
    #[default]
    OldestFirst,
    /// Times fall; the reader reversed them.
    NewestFirst,
}

/// How many skipped rows are kept with their text.
const FIRST_FEW: usize = 5;

impl Loaded {
    /// The opening instant of the first bar.
    #[must_use]
    pub fn first(&self) -> Option<Time> {
        self.bars.first().map(|bar| bar.time)
    }

    /// The opening instant of the last bar.
    #[must_use]
    pub fn last(&self) -> Option<Time> {
        self.bars.last().map(|bar| bar.time)
    }

    /// The instant up to which the market is known: the close of the last bar.
    #[must_use]
    pub fn known_until(&self) -> Time {
        self.last().map_or(Time::MIN, |last| last + self.time_frame.span())
    }

    /// The bars that are absent between those that open in `from..until`, by the week of the whole file.
    #[must_use]
    pub fn gaps_within(&self, from: Time, until: Time) -> Gaps {
        let place = |time| self.bars.partition_point(|bar| bar.time < time);
        Gaps::of_part(&self.bars, place(from)..place(until), self.time_frame)
    }
}

impl Facts {
    /// That numbers were rounded, as a sentence; `None` where none was.
    #[must_use]
    pub fn rounding(&self) -> Option<String> {
        let numbers = match self.rounded {
            0 => return None,
            1 => "1 number has".to_owned(),
            many => format!("{many} numbers have"),
        };
        Some(format!("{numbers} more than nine decimals (of a volume: more than 18 digits): rounded"))
    }
}

impl Skipped {
    pub(crate) fn count(&mut self, row: BadRow) {
        self.total += 1;
        let reason = row.fault.reason();
        match self.by_reason.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.by_reason.push((reason, 1)),
        }
        if self.first.len() < FIRST_FEW {
            self.first.push(row);
        }
    }
}

/// One paragraph for people: what was read, and everything that is odd about it.
impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", counted(self.bars.len(), "bar"), self.time_frame)?;
        if let (Some(first), Some(last)) = (self.first(), self.last()) {
            write!(f, " from {first:#} to {last:#}")?;
        }
        let facts = &self.facts;
        let counts = [
            ("without volume", facts.zero_volume),
            ("values rounded", facts.rounded),
            ("blank lines", facts.blank_lines),
        ];
        for (what, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            write!(f, "; {what}: {count}")?;
        }
        for (reason, count) in &facts.skipped.by_reason {
            write!(f, "; skipped for {reason}: {count}")?;
        }
        write!(f, "; {}", facts.gaps)
    }
}
