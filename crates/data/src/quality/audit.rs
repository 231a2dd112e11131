//! Every row of a file looked at: what is no bar, what stands twice, what stands in the wrong order; then the bars.
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use qframe_model::market::Bar;
use qframe_model::time::{Time, TimeFrame};

use super::tally::{Report, Tally};
use super::{Rules, absent, look};
use crate::bad_row::{BadRow, RowFault};
use crate::csv::{Every, Seen, common_step, every_row, every_row_from, frame_of};
use crate::defect::{Defect, Finding};
use crate::error::{DataError, FileFault};

/// A file of bars as it stands: nothing of it is refused, nothing is changed.
#[derive(Debug, Clone)]
pub struct Audit {
    /// The file as it was named.
    pub file: Arc<str>,
    /// Its good bars, oldest first, one a time: of several, the one that stands first.
    pub bars: Vec<Bar>,
    /// The lines that those stand on.
    pub lines: Vec<u64>,
    /// The most common step between them.
    pub frame: TimeFrame,
    /// How the file was understood, a sentence each.
    pub why: Vec<String>,
    /// Rows whose numbers make no bar, as they stand, with their lines.
    pub broken: Vec<(Bar, u64)>,
    /// Rows that are not among the bars, or not where they stood.
    pub set_aside: Vec<Finding>,
    rows: u64,
    tally: Tally,
}

/// Looks at every row of a file, plain or gzip; offsets from UTC may be mixed.
///
/// # Errors
/// [`DataError`] where the file is no text with such columns, or has no good row.
pub fn audit(path: impl AsRef<Path>, close_column: Option<&str>) -> Result<Audit, DataError> {
    let path = path.as_ref();
    let mut rows = Rows::new(&path.display().to_string());
    let every = every_row(path, close_column, &mut |line, seen| rows.take(line, seen))?;
    rows.settle(every)
}

/// The same for anything that yields the bytes of such a file.
///
/// # Errors
/// As [`audit`].
pub fn audit_from(reader: impl Read, name: &str, close_column: Option<&str>) -> Result<Audit, DataError> {
    let mut rows = Rows::new(name);
    let every = every_row_from(reader, name, close_column, &mut |line, seen| rows.take(line, seen))?;
    rows.settle(every)
}

impl Audit {
    /// Bars that come from no file, checked and in order.
    #[must_use]
    pub fn of_bars(name: &str, bars: Vec<Bar>, frame: TimeFrame) -> Self {
        let (file, rows) = (name.into(), bars.len() as u64);
        let (lines, why, broken, set_aside) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { file, bars, lines, frame, why, broken, set_aside, rows, tally: Tally::default() }
    }

    /// What is wrong with the rows and with the bars; the frame of `rules` counts.
    #[must_use]
    pub fn report(&self, rules: &Rules<'_>) -> Report {
        let mut tally = self.tally.clone();
        look(&self.bars, rules, &mut tally);
        let mut report = tally.report(self.rows, absent::count(&self.bars, rules));
        if !self.lines.is_empty() {
            report.locate(&self.file, |time| self.line_of(time));
        }
        report
    }

    /// The line that the bar of a time stands on.
    #[must_use]
    pub fn line_of(&self, time: Time) -> Option<u64> {
        let place = self.bars.binary_search_by_key(&time, |bar| bar.time).ok()?;
        self.lines.get(place).copied()
    }
}

/// Rows as they come, in the order of the file.
struct Rows {
    file: Arc<str>,
    rows: Vec<(Bar, u64)>,
    broken: Vec<(Bar, u64)>,
    first_bad: Option<Box<BadRow>>,
    count: u64,
    set_aside: Vec<Finding>,
    tally: Tally,
}

impl Rows {
    fn new(name: &str) -> Self {
        let (rows, broken, set_aside, tally) = (Vec::new(), Vec::new(), Vec::new(), Tally::default());
        Self { file: name.into(), rows, broken, first_bad: None, count: 0, set_aside, tally }
    }

    fn take(&mut self, line: u64, seen: Seen) {
        self.count += 1;
        let (time, row) = match seen {
            Seen::Bar(bar) => return self.rows.push((bar, line)),
            Seen::Broken(bar, row) => {
                self.broken.push((bar, line));
                (Some(bar.time), row)
            }
            Seen::Unread(time, row) => (time, row),
        };
        let text = format!("{:?} {}", row.text, row.fault);
        self.aside(defect_of(&row), line, time, text);
        self.first_bad.get_or_insert(row);
    }

    fn aside(&mut self, defect: Defect, line: u64, time: Option<Time>, text: String) {
        let finding = Finding { defect, file: Some(Arc::clone(&self.file)), line: Some(line), time, text };
        self.tally.count(defect, || finding.clone());
        self.set_aside.push(finding);
    }

    fn settle(mut self, every: Every) -> Result<Audit, DataError> {
        let Every { mut why, blank_lines } = every;
        if self.rows.is_empty() {
            let header = || FileFault::HeaderOnly(String::new()).in_file(&self.file, 1);
            return Err(self.first_bad.map_or_else(header, |first| DataError::NoGoodRow(self.count, first)));
        }
        if self.tell_order() {
            why.push("newest first: turned round".to_owned());
        }
        // Stable: of rows of one time, the first in the file stays the first.
        self.rows.sort_by_key(|(bar, _)| bar.time);
        self.tell_duplicates();
        let (bars, lines): (Vec<Bar>, Vec<u64>) = std::mem::take(&mut self.rows).into_iter().unzip();
        let all = bars.iter().map(|bar| bar.time).chain(self.set_aside.iter().filter_map(|aside| aside.time));
        let frame = common_step(all)
            .and_then(frame_of)
            .ok_or_else(|| FileFault::NoTimeFrame("one row only, or odd steps".to_owned()).in_file(&self.file, 1))?;
        why.push(format!("time frame {frame}: the most common step between rows"));
        if blank_lines > 0 {
            why.push(format!("{blank_lines} blank lines"));
        }
        let Self { file, broken, set_aside, count, tally, .. } = self;
        Ok(Audit { file, bars, lines, frame, why, broken, set_aside, rows: count, tally })
    }

    /// Counts the rows that break the order that most steps have; true where that is newest first.
    fn tell_order(&mut self) -> bool {
        let up = self.rows.windows(2).filter(|pair| pair[0].0.time < pair[1].0.time).count();
        let down = self.rows.windows(2).filter(|pair| pair[0].0.time > pair[1].0.time).count();
        let newest_first = down > up;
        let breaks = self.rows.windows(2).filter(|pair| {
            let (before, here) = (pair[0].0.time, pair[1].0.time);
            if newest_first { here > before } else { here < before }
        });
        let breaks: Vec<_> = breaks.map(|pair| (pair[0].0.time, pair[1])).collect();
        for (before, (bar, line)) in breaks {
            let rows = if newest_first { "an earlier" } else { "a later" };
            self.aside(Defect::OutOfOrder, line, Some(bar.time), format!("follows {before}; {rows} time was expected"));
        }
        newest_first
    }

    /// Takes out all but the first row of a time.
    fn tell_duplicates(&mut self) {
        let (mut kept, mut twice): (Vec<(Bar, u64)>, Vec<_>) = (Vec::with_capacity(self.rows.len()), Vec::new());
        for (bar, line) in self.rows.drain(..) {
            match kept.last().filter(|(last, _)| last.time == bar.time) {
                Some((first, at)) => twice.push((*first == bar, *at, bar.time, line)),
                None => kept.push((bar, line)),
            }
        }
        self.rows = kept;
        for (same, first, time, line) in twice {
            let (defect, values) =
                if same { (Defect::DuplicateSame, "the same") } else { (Defect::DuplicateDifferent, "other") };
            self.aside(defect, line, Some(time), format!("the time of line {first}, with {values} values"));
        }
    }
}

/// A row that was refused, as a finding.
pub(super) fn finding(row: &BadRow) -> Finding {
    let text = format!("{:?} {}", row.text, row.fault);
    let (file, line) = (Some(row.file.as_str().into()), Some(row.line));
    Finding { defect: defect_of(row), file, line, time: None, text }
}

/// What a refused row has; names of reasons that only a few of the first rows show are taken from those.
pub(super) fn defect_of(row: &BadRow) -> Defect {
    match &row.fault {
        RowFault::NotFinite(_) => Defect::NotANumber,
        RowFault::NotANumber(_) if row.text.is_empty() => Defect::NotANumber,
        RowFault::NotPositive(_) => Defect::NotPositive,
        RowFault::HighBelowLow(..) => Defect::HighBelowLow,
        RowFault::Outside(..) => Defect::OutsideRange,
        RowFault::DuplicateTime(true) => Defect::DuplicateSame,
        RowFault::DividendTwice(..) => Defect::DuplicateSame,
        RowFault::DuplicateTime(false) | RowFault::TimeTwice => Defect::DuplicateDifferent,
        RowFault::Unsorted(..) => Defect::OutOfOrder,
        _ => Defect::Unreadable,
    }
}
