//! Defects counted by reason, each with its first rows.
use std::fmt;
use std::sync::Arc;

use qframe_model::count::counted;
use qframe_model::time::Time;
use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::grade::{Grade, THRESHOLDS, grade};
use super::pace::Silence;
use crate::defect::{Defect, Finding};
use crate::gaps::{Gaps, Hole};
use crate::import::Findings;

/// How many findings are kept of each defect.
const FIRST_FEW: usize = 5;

/// What was found in a data set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Rows looked at, the bad ones included.
    pub rows: u64,
    /// Every defect that was found, the worst kinds first.
    pub counts: Vec<Count>,
    /// Rows that are absent.
    pub gaps: Gaps,
    /// Jumps that a known split explains.
    pub explained: u64,
    /// How long a stream said nothing.
    pub silence: Silence,
    /// How good it is.
    pub grade: Grade,
    /// What decided that, a sentence each; empty where nothing is wrong.
    pub reasons: Vec<String>,
}

/// One defect: how many rows have it, and the first few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// What.
    pub defect: Defect,
    /// How many rows.
    pub rows: u64,
    /// The first rows, or the first blocks of rows.
    pub first: Vec<Finding>,
}

/// Counts as they grow.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    counts: Vec<Count>,
    pub(super) explained: u64,
}

impl Tally {
    pub(super) fn add(&mut self, defect: Defect, finding: Finding) {
        self.count(defect, || finding);
    }

    /// Counts one row; the words are only made where they are kept.
    pub(super) fn count(&mut self, defect: Defect, finding: impl FnOnce() -> Finding) {
        self.count_block(defect, 1, finding);
    }

    pub(super) fn count_block(&mut self, defect: Defect, rows: u64, finding: impl FnOnce() -> Finding) {
        let place = match self.counts.iter().position(|count| count.defect == defect) {
            Some(place) => place,
            None => {
                self.counts.push(Count { defect, rows: 0, first: Vec::new() });
                self.counts.len() - 1
            }
        };
        let count = &mut self.counts[place];
        count.rows += rows;
        if count.first.len() < FIRST_FEW {
            count.first.push(finding());
        }
    }

    /// Takes a defect back: it turned out to be none.
    pub(super) fn forget(&mut self, defect: Defect) {
        self.counts.retain(|count| count.defect != defect);
    }

    pub(super) fn report(self, rows: u64, gaps: Gaps) -> Report {
        self.report_of_stream(rows, gaps, Silence::default())
    }

    pub(super) fn report_of_stream(mut self, rows: u64, gaps: Gaps, silence: Silence) -> Report {
        if let Some(Hole { from, to, missing }) = gaps.longest {
            let text = format!("the longest hole: {} between {from:#} and {to:#}", counted(missing, "row"));
            self.count_block(Defect::Missing, gaps.missing, || Finding::at(Defect::Missing, from, text));
        }
        self.counts.sort_by_key(|count| count.defect);
        let mut report =
            Report { rows, counts: self.counts, gaps, explained: self.explained, silence, ..Report::default() };
        (report.grade, report.reasons) = grade(&report);
        report
    }
}

impl Report {
    /// How many rows have a defect.
    #[must_use]
    pub fn count(&self, defect: Defect) -> u64 {
        self.counts.iter().find(|count| count.defect == defect).map_or(0, |count| count.rows)
    }

    /// Both as one, such as the trades and the book of a market: as good as the worse of them. The longest hole and the
    /// longer silence stay.
    #[must_use]
    pub fn beside(mut self, other: Self) -> Self {
        for mut count in other.counts {
            match self.counts.iter_mut().find(|known| known.defect == count.defect) {
                Some(known) => {
                    known.rows += count.rows;
                    known.first.append(&mut count.first);
                    known.first.sort_by_key(|finding| finding.time);
                    known.first.truncate(FIRST_FEW);
                }
                None => self.counts.push(count),
            }
        }
        self.counts.sort_by_key(|count| count.defect);
        self.rows += other.rows;
        self.explained += other.explained;
        self.gaps = if other.gaps.missing > self.gaps.missing { other.gaps } else { self.gaps };
        self.silence = if other.silence.seconds > self.silence.seconds { other.silence } else { self.silence };
        self.grade = self.grade.max(other.grade);
        self.reasons.extend(other.reasons);
        self
    }

    /// The same with what a reader found wrong with the rows of the file before they came here.
    #[must_use]
    pub fn with_findings(mut self, findings: &Findings) -> Self {
        // A row against the order was put in its place: it is among the rows already. So are dividends of one day, which the
        // look at the rows has told of.
        let stays = |defect: &Defect| matches!(defect, Defect::OutOfOrder | Defect::SeveralDividends);
        let gone = findings.counts.iter().filter(|(defect, _)| !stays(defect));
        self.rows += gone.map(|(_, count)| count).sum::<u64>();
        let told = |defect: &Defect| *defect == Defect::SeveralDividends && self.count(*defect) > 0;
        let new: Vec<_> = findings.counts.iter().filter(|(defect, _)| !told(defect)).collect();
        for (defect, rows) in new {
            let first = || findings.kept.iter().filter(|finding| finding.defect == *defect).map(placed);
            match self.counts.iter_mut().find(|count| count.defect == *defect) {
                Some(count) => {
                    count.rows += rows;
                    count.first.extend(first().take(FIRST_FEW.saturating_sub(count.first.len())));
                }
                None => {
                    let first = first().take(FIRST_FEW).collect();
                    self.counts.push(Count { defect: *defect, rows: *rows, first });
                }
            }
        }
        self.counts.sort_by_key(|count| count.defect);
        (self.grade, self.reasons) = grade(&self);
        self
    }

    /// Says where the findings stand: the file, and the line of a row by its time.
    pub fn locate(&mut self, file: &Arc<str>, line: impl Fn(Time) -> Option<u64>) {
        for finding in self.counts.iter_mut().flat_map(|count| &mut count.first) {
            finding.file.get_or_insert_with(|| Arc::clone(file));
            finding.line = finding.line.or_else(|| finding.time.and_then(&line));
        }
    }
}

/// A finding whose text begins with its own place, without it.
fn placed(finding: &Finding) -> Finding {
    let place = finding.file.as_deref().zip(finding.line).map(|(file, line)| format!("{file}:{line}:"));
    let text = place.and_then(|place| finding.text.strip_prefix(&place));
    Finding { text: text.map_or_else(|| finding.text.clone(), |text| format!("column {text}")), ..finding.clone() }
}

/// A table: each defect with its rows and its first findings, and the grade with its reasons.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Count { defect, rows, first } in &self.counts {
            writeln!(f, "  {defect:<34} {rows:>10}")?;
            for finding in first {
                writeln!(f, "      {finding}")?;
            }
        }
        if self.explained > 0 {
            writeln!(f, "  {:<34} {:>10}", "jumps that known splits explain", self.explained)?;
        }
        write!(f, "  grade {}", self.grade)?;
        match self.reasons.as_slice() {
            [] if self.counts.is_empty() => writeln!(f, ": nothing is wrong"),
            [] => writeln!(f, ": few enough that no result hangs on them"),
            reasons => writeln!(f, ": {}", reasons.join("; ")),
        }
    }
}

/// `{rows, grade, reasons, defects: [{defect, rows, first: [{file, line, time, text}]}], missing: {…}, silence: {seconds, of},
/// thresholds}`.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 8)?;
        report.serialize_field("rows", &self.rows)?;
        report.serialize_field("grade", &self.grade)?;
        report.serialize_field("reasons", &self.reasons)?;
        report.serialize_field("defects", &self.counts)?;
        report.serialize_field("missing", &Absent(&self.gaps))?;
        report.serialize_field("silence", &self.silence)?;
        report.serialize_field("explained_splits", &self.explained)?;
        report.serialize_field("thresholds", &THRESHOLDS)?;
        report.end()
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut count = serializer.serialize_struct("Count", 3)?;
        count.serialize_field("defect", self.defect.name())?;
        count.serialize_field("rows", &self.rows)?;
        count.serialize_field("first", &self.first)?;
        count.end()
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut finding = serializer.serialize_struct("Finding", 4)?;
        finding.serialize_field("file", &self.file.as_deref())?;
        finding.serialize_field("line", &self.line)?;
        finding.serialize_field("time", &self.time)?;
        finding.serialize_field("text", &self.text)?;
        finding.end()
    }
}

struct Absent<'a>(&'a Gaps);

impl Serialize for Absent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut absent = serializer.serialize_struct("Absent", 4)?;
        absent.serialize_field("rows", &self.0.missing)?;
        absent.serialize_field("holes", &self.0.holes)?;
        absent.serialize_field("by", &self.0.pattern.to_string())?;
        absent.serialize_field("longest", &self.0.longest.map(|hole| (hole.from, hole.to, hole.missing)))?;
        absent.end()
    }
}
