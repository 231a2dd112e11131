//! What can be wrong with market data, and where it was found.
use std::fmt;
use std::sync::Arc;

use qframe_model::market::BarFault;
use qframe_model::time::Time;
use serde::{Deserialize, Serialize};

/// Something wrong, or odd, with rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Defect {
    /// A line that is no row: fields missing, text in a number, no time.
    Unreadable,
    /// Not a number, or infinite.
    NotANumber,
    /// A price at or below zero.
    NotPositive,
    /// The high is below the low.
    HighBelowLow,
    /// The open or the close is outside low to high.
    OutsideRange,
    /// The same row again.
    DuplicateSame,
    /// The same time again with other values.
    DuplicateDifferent,
    /// A row that is older than the one before it.
    OutOfOrder,
    /// Rows that should be there by the trading hours.
    Missing,
    /// A block of rows that stands again at later times.
    StaleRepeat,
    /// A price far off that comes back at once.
    RevertingOutlier,
    /// Prices a hundred times as high, or as low, as around them: another unit.
    UnitFlip,
    /// A jump by a ratio as of a split.
    SplitSuspect,
    /// Nothing traded.
    ZeroVolume,
    /// The last bar was not over when it was written.
    UnfinishedBar,
    /// A price that is no multiple of the tick.
    OffGrid,
    /// The bid is not below the ask.
    Crossed,
    /// Changes of a book are missing, so that it is not known until its next snapshot.
    BookLost,
    /// A change of a book that no snapshot came before.
    NoSnapshot,
    /// Received before the venue sent it: the clocks do not agree.
    ReceivedEarly,
    /// A long time without a row in trading hours.
    Silence,
    /// A level of a book far from the best prices.
    FarPrice,
    /// A payment that is not due by the interval of those around it.
    OffSchedule,
    /// A funding rate that no venue charges.
    AbsurdRate,
    /// A split or a dividend that cannot have been.
    AbsurdAction,
    /// A split that the prices do not show.
    NoTrace,
    /// A day on which the market is closed.
    OffSession,
    /// Several dividends of one day: each of them is paid.
    SeveralDividends,
    /// A jump from the open to the close, or over the whole range, as prices of two scales in one bar make it.
    JumpInside,
}

impl Defect {
    /// Its name in reports and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NotANumber => "not a number",
            Self::NotPositive => "price not above zero",
            Self::HighBelowLow => "high below low",
            Self::OutsideRange => "open or close outside low to high",
            Self::DuplicateSame => "duplicate, same values",
            Self::DuplicateDifferent => "duplicate, other values",
            Self::OutOfOrder => "out of order",
            Self::Missing => "missing",
            Self::StaleRepeat => "stale repeat",
            Self::RevertingOutlier => "outlier that reverts",
            Self::UnitFlip => "unit flip (x100)",
            Self::SplitSuspect => "split suspect",
            Self::ZeroVolume => "zero volume",
            Self::UnfinishedBar => "unfinished last bar",
            Self::OffGrid => "off the tick grid",
            Self::Crossed => "bid not below ask",
            Self::BookLost => "book lost",
            Self::NoSnapshot => "change before a snapshot",
            Self::ReceivedEarly => "received before it was sent",
            Self::Silence => "long silence",
            Self::FarPrice => "price far from the touch",
            Self::OffSchedule => "payment off its schedule",
            Self::AbsurdRate => "absurd rate",
            Self::AbsurdAction => "absurd split or dividend",
            Self::NoTrace => "split without a trace",
            Self::OffSession => "day without a session",
            Self::SeveralDividends => "several dividends on a day",
            Self::JumpInside => "jump inside a bar",
        }
    }
}

impl Defect {
    /// Its name on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NotANumber => "not-a-number",
            Self::NotPositive => "not-positive",
            Self::HighBelowLow => "high-below-low",
            Self::OutsideRange => "outside-range",
            Self::DuplicateSame => "duplicate-same",
            Self::DuplicateDifferent => "duplicate-different",
            Self::OutOfOrder => "out-of-order",
            Self::Missing => "missing",
            Self::StaleRepeat => "stale-repeat",
            Self::RevertingOutlier => "reverting-outlier",
            Self::UnitFlip => "unit-flip",
            Self::SplitSuspect => "split-suspect",
            Self::ZeroVolume => "zero-volume",
            Self::UnfinishedBar => "unfinished-bar",
            Self::OffGrid => "off-grid",
            Self::Crossed => "crossed",
            Self::BookLost => "book-lost",
            Self::NoSnapshot => "no-snapshot",
            Self::ReceivedEarly => "received-early",
            Self::Silence => "silence",
            Self::FarPrice => "far-price",
            Self::OffSchedule => "off-schedule",
            Self::AbsurdRate => "absurd-rate",
            Self::AbsurdAction => "absurd-action",
            Self::NoTrace => "no-trace",
            Self::OffSession => "off-session",
            Self::SeveralDividends => "several-dividends",
            Self::JumpInside => "jump-inside",
        }
    }

    /// What a fault of a bar is called.
    #[must_use]
    pub const fn of_bar(fault: &BarFault) -> Self {
        match fault {
            BarFault::NotPositive(..) => Self::NotPositive,
            BarFault::HighBelowLow(..) => Self::HighBelowLow,
            BarFault::Outside(..) => Self::OutsideRange,
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One defect, with the place where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub defect: Defect,
    /// In which file, where it is known.
    pub file: Option<Arc<str>>,
    /// In which line of it, the first is 1.
    pub line: Option<u64>,
    /// At which time, where the row has one.
    pub time: Option<Time>,
    /// What stands there, and what was expected.
    pub text: String,
}

impl Finding {
    /// One of which only the time is known.
    #[must_use]
    pub const fn at(defect: Defect, time: Time, text: String) -> Self {
        Self { defect, file: None, line: None, time: Some(time), text }
    }
}

/// `file:line: time: text`, as far as it is known.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
        }
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        match self.time {
            Some(time) if self.file.is_some() || self.line.is_some() => write!(f, " {time:#}: {}", self.text),
            Some(time) => write!(f, "{time:#}: {}", self.text),
            None => write!(f, " {}", self.text),
        }
    }
}
