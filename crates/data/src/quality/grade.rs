//! How good data is: four grades by stated thresholds.
use std::fmt;

use serde::Serialize;

use super::tally::Report;
use crate::defect::Defect;
use crate::gaps::Pattern;

/// How good a data set is, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    /// Nothing that a result could hang on.
    #[default]
    High,
    /// A few odd rows: look at them.
    Medium,
    /// A result on it says little: a backtest says so in its report.
    Low,
    /// The rows contradict each other: mend them first.
    Corrupted,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
            Self::Corrupted => "CORRUPTED",
        })
    }
}

/// The most rows of a kind, in millionths of all rows, that a grade allows; more is the next grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Thresholds {
    /// Rows that cannot be right: unreadable, not a number, not positive, high below low, open or close outside, the same
    /// time with other values, out of order, crossed quotes. For HIGH, MEDIUM and LOW.
    pub broken: [u64; 3],
    /// Rows that are likely wrong: stale repeats, unit flips, outliers that revert, jumps inside a bar, absurd rates. For HIGH, MEDIUM and LOW; one unit flip or
    /// one split that nobody knows of is at best LOW, as prices before it and behind it do not go together.
    pub wrong: [u64; 3],
    /// Rows that are absent, of those expected; seconds of silence, of those of trading hours; changes of a book without a
    /// snapshot, of all. For HIGH and MEDIUM; more is LOW, as nothing contradicts itself.
    pub missing: [u64; 2],
    /// Where no hours are known and the file's own week stands for them: absent rows up to here are taken for holidays. Three
    /// of them always are.
    pub holidays: u64,
    /// Rows that are harmless and odd: the same row twice, no volume, off the grid, received early, far
    /// from the touch, off the schedule, on a day without a session. For HIGH; more is MEDIUM.
    pub odd: [u64; 1],
}

/// The thresholds in use.
pub const THRESHOLDS: Thresholds = Thresholds {
    broken: [0, 1_000, 10_000],
    wrong: [0, 1_000, 50_000],
    missing: [2_000, 20_000],
    holidays: 50_000,
    odd: [10_000],
};

const GRADES: [Grade; 4] = [Grade::High, Grade::Medium, Grade::Low, Grade::Corrupted];

/// The grade of a report and the reasons: what is worse than HIGH.
pub(super) fn grade(report: &Report) -> (Grade, Vec<String>) {
    use Defect as D;
    let broken = [
        D::Unreadable,
        D::NotANumber,
        D::NotPositive,
        D::HighBelowLow,
        D::OutsideRange,
        D::DuplicateDifferent,
        D::OutOfOrder,
        D::Crossed,
    ];
    let wrong = [D::StaleRepeat, D::RevertingOutlier, D::JumpInside, D::UnitFlip, D::AbsurdRate];
    let odd =
        [D::DuplicateSame, D::ZeroVolume, D::OffGrid, D::ReceivedEarly, D::FarPrice, D::OffSchedule, D::OffSession];
    let sum = |defects: &[D]| defects.iter().map(|defect| report.count(*defect)).sum::<u64>();
    let (flips, splits) = (report.count(D::UnitFlip), report.count(D::SplitSuspect));
    let silence = report.silence;
    let unfinished = report.count(D::UnfinishedBar);
    let (absurd, unknown) = (report.count(D::AbsurdAction), report.count(D::NoSnapshot));
    let all = report.rows.saturating_add(report.gaps.missing);
    let gaps = match report.gaps.pattern {
        Pattern::Weekly => {
            let holidays = (u128::from(all) * u128::from(THRESHOLDS.holidays) / 1_000_000) as u64;
            report.gaps.missing.saturating_sub(holidays.max(3))
        }
        _ => report.gaps.missing,
    };
    let judged = [
        (by(sum(&broken), report.rows, &THRESHOLDS.broken), "rows that cannot be right", sum(&broken), report.rows),
        (by(sum(&wrong), report.rows, &THRESHOLDS.wrong), "rows that are likely wrong", sum(&wrong), report.rows),
        (by(gaps, all, &THRESHOLDS.missing), "rows that are absent", gaps, all),
        (by(sum(&odd), report.rows, &THRESHOLDS.odd), "rows that are odd", sum(&odd), report.rows),
        (at_best(Grade::Low, flips), "rows in another unit", flips, report.rows),
        (at_best(Grade::Low, splits), "jumps as of a split that is not known", splits, report.rows),
        (at_best(Grade::Medium, unfinished), "unfinished last bar", unfinished, report.rows),
        (by(unknown, report.rows, &THRESHOLDS.missing), "changes of a book without a snapshot", unknown, report.rows),
        (by(silence.seconds, silence.of, &THRESHOLDS.missing), "seconds of silence", silence.seconds, silence.of),
        (
            at_best(Grade::Medium, report.count(D::BookLost)),
            "times that a book is lost",
            report.count(D::BookLost),
            report.rows,
        ),
        (at_best(Grade::Low, absurd), "absurd splits or dividends", absurd, report.rows),
        (
            at_best(Grade::Medium, report.count(D::NoTrace)),
            "splits without a trace",
            report.count(D::NoTrace),
            report.rows,
        ),
    ];
    let worst = judged.iter().map(|(grade, ..)| *grade).max().unwrap_or_default();
    let telling = judged.into_iter().filter(|(grade, ..)| *grade > Grade::High);
    let reasons = telling.map(|(grade, what, rows, of)| {
        let share = rows as f64 / of.max(1) as f64 * 100.0;
        format!("{grade} for {what}: {rows} of {of} ({share:.2} %)")
    });
    (worst, reasons.collect())
}

/// The first grade that allows so many rows.
fn by(rows: u64, of: u64, most: &[u64]) -> Grade {
    let millionths = u128::from(rows) * 1_000_000;
    let passed = most.iter().filter(|most| millionths > u128::from(**most) * u128::from(of.max(1))).count();
    GRADES[passed]
}

fn at_best(grade: Grade, rows: u64) -> Grade {
    if rows > 0 { grade } else { Grade::High }
}
