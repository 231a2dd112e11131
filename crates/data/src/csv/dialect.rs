//! What kind of text a file is: its separator, its header, its columns.
use memchr::memchr;

use super::columns::{self, Columns, Role};
use super::fields::split;
use super::mark::Mark;
use super::number::NumberFault;
use super::stamp;
use crate::error::FileFault;

/// How the rows of a file are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) separator: u8,
    pub(super) columns: Columns,
    /// True where one column of closes stands for all four prices.
    pub(super) flat: bool,
    /// What stands before the decimals.
    pub(super) mark: Mark,
    /// Lines before the first row.
    pub(super) lines_before: u64,
    /// The header as it stands; empty where there is none.
    pub(super) header: String,
}

/// A dialect, and how many bytes its header and the lines before it take.
pub(super) struct Found {
    pub(super) dialect: Dialect,
    pub(super) length: usize,
}

pub(super) const SEPARATORS: [(u8, &str); 3] = [(b',', "comma"), (b';', "semicolon"), (b'\t', "tab")];
/// A header stands within so many lines: one or two of comment come before it.
const LINES_TO_LOOK_AT: u64 = 10;
/// A line of fewer names heads no rows of bars: it is a comment.
const NAMES_MIN: usize = 3;

/// Finds the dialect in the first lines of a file. An error comes with the line that looks most like a header.
pub(super) fn find(text: &[u8], close: Option<&str>) -> Result<Found, (FileFault, u64)> {
    let (mut at, mut line_number, mut before) = (0, 0, Before::default());
    while at < text.len() && line_number < LINES_TO_LOOK_AT {
        let length = memchr(b'\n', &text[at..]).map_or(text.len() - at, |length| length + 1);
        let line = text[at..at + length].trim_ascii();
        line_number += 1;
        if !line.is_empty() {
            match header(line, close) {
                // Rows by position would pass over the names above them.
                Ok(dialect) if dialect.header.is_empty() && before.names >= NAMES_MIN => break,
                Ok(mut dialect) => {
                    let is_headed = !dialect.header.is_empty();
                    let first_row = before.rows.unwrap_or((at, line_number - 1));
                    let (length, lines) = if is_headed { (at + length, line_number) } else { first_row };
                    dialect.lines_before = lines;
                    dialect.mark = mark(&text[length..], &dialect);
                    return Ok(Found { dialect: dialect.with_place(), length });
                }
                Err(fault) => before.take((at, names_in(line)), (fault, line_number)),
            }
        }
        at += length;
    }
    Err(before.refusal.unwrap_or((FileFault::Empty, 1)))
}

/// The lines before the first one that is understood.
#[derive(Default)]
struct Before {
    /// What is wrong with the line that looks most like a header.
    refusal: Option<(FileFault, u64)>,
    /// How many names that line has.
    names: usize,
    /// The first line that looks like a row: where it begins, and how many lines stand before it.
    rows: Option<(usize, u64)>,
}

impl Before {
    fn take(&mut self, (at, names): (usize, usize), refusal: (FileFault, u64)) {
        if names == 0 {
            self.rows.get_or_insert((at, refusal.1 - 1));
        }
        if self.refusal.is_none() || names > self.names {
            (self.refusal, self.names) = (Some(refusal), names);
        }
    }
}

/// How many cells a line of words has; 0 where it looks like a row.
fn names_in(line: &[u8]) -> usize {
    let text = String::from_utf8_lossy(line);
    let cells = |separator: u8| text.split(char::from(separator)).map(|cell| cell.trim_matches([' ', '"']));
    let counts = SEPARATORS.map(|(separator, _)| cells(separator).collect::<Vec<_>>());
    let is_row = counts.iter().any(|cells| is_like_a_row(cells));
    if is_row { 0 } else { counts.iter().map(Vec::len).max().unwrap_or(0) }
}

/// Its first cell is a time, or most cells are numbers.
fn is_like_a_row(cells: &[&str]) -> bool {
    let mark = Mark::of(cells.iter().copied());
    let numbers = cells.iter().filter(|cell| mark.read(cell) != Err(NumberFault::NotANumber)).count();
    cells.first().is_some_and(|cell| stamp::read(cell).is_some()) || numbers * 2 > cells.len()
}

/// Tries each separator on a line; the refusal is of the one that gives most fields.
fn header(line: &[u8], close: Option<&str>) -> Result<Dialect, FileFault> {
    let mut best = None;
    for (separator, name) in SEPARATORS {
        let Ok(fields) = split(line, separator) else { continue };
        let names: Vec<&str> = fields.iter().map(|field| field.text.as_ref()).collect();
        let (columns, header) = match columns::name(&names, close) {
            Ok(columns) => (columns, String::from_utf8_lossy(line).chars().take(200).collect()),
            Err(fault) => match headless(&names).filter(|_| close.is_none()) {
                Some(columns) => (columns, String::new()),
                None => {
                    let worse = best.as_ref().is_some_and(|(count, _)| *count >= names.len());
                    best = if worse { best } else { Some((names.len(), fault)) };
                    continue;
                }
            },
        };
        let (flat, mark) = (close.is_some(), Mark::Point);
        let mut dialect = Dialect { separator, columns, flat, mark, lines_before: 0, header };
        dialect.columns.why.insert(0, format!("{name} separated"));
        return Ok(dialect);
    }
    Err(best.map_or_else(|| FileFault::UnknownColumns(vec![], vec!["time"]), |(_, fault)| fault))
}

/// The columns of a line that is already a row: a time and numbers.
fn headless(fields: &[&str]) -> Option<Columns> {
    let columns = columns::unnamed(fields.len())?;
    let (time, numbers) = fields.split_first()?;
    let is_time = stamp::read(time).is_some() || Mark::Point.read(time).is_ok();
    let mark = Mark::of(numbers.iter().copied());
    (is_time && numbers.iter().all(|number| mark.read(number).is_ok())).then_some(columns)
}

/// By the numbers of the first rows.
fn mark(text: &[u8], dialect: &Dialect) -> Mark {
    const ROWS: usize = 20;
    let rows = text.split(|byte| *byte == b'\n').take(ROWS).filter_map(|line| split(line, dialect.separator).ok());
    let rows: Vec<_> = rows.collect();
    let is_number = |role: &Role| !matches!(role, Role::Time | Role::Other);
    let fields = rows.iter().flat_map(|row| row.iter().zip(&dialect.columns.roles));
    Mark::of(fields.filter(|(_, role)| is_number(role)).map(|(field, _)| field.text.as_ref()))
}

impl Dialect {
    fn with_place(mut self) -> Self {
        if let Some(why) = self.mark.why() {
            self.columns.why.insert(1, why.to_owned());
        }
        let lines = self.lines_before;
        let place = match self.header.is_empty() {
            true if lines > 0 => format!("rows from line {} on, the lines before are comments", lines + 1),
            false if lines > 1 => format!("header on line {lines}, the lines before are comments"),
            _ => return self,
        };
        self.columns.why.insert(1, place);
        self
    }
}
