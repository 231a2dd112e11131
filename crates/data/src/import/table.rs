//! The first rows of a file, before anyone knows what they mean.
use std::borrow::Cow;

use crate::csv::columns::{plain_name, time_column};
use crate::csv::fields::split;
use crate::csv::mark::Mark;
use crate::csv::stamp;

/// In what the rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Text,
    Json,
    Parquet,
    Arrow,
}

/// What can be seen of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) carrier: Carrier,
    /// Of text.
    pub(super) separator: u8,
    /// Of text: what stands before the decimals of its numbers.
    pub(super) mark: Mark,
    /// Lines before the first row.
    pub(super) lines_before: u64,
    /// The header as it stands; empty where there is none.
    pub(super) header: Vec<String>,
    /// The header without signs and capitals.
    pub(super) names: Vec<String>,
    /// The first row.
    pub(super) row: Vec<String>,
    /// Lines before the header, joined.
    pub(super) comment: String,
}

const SEPARATORS: [(u8, &str); 4] = [(b',', "comma"), (b';', "semicolon"), (b'\t', "tab"), (b'|', "bar")];
/// The first row stands within so many lines.
const LINES_TO_LOOK_AT: usize = 12;

impl Table {
    /// Of columns with names and a first row.
    pub(super) fn named(carrier: Carrier, header: Vec<String>, row: Vec<String>) -> Self {
        let names = plain_names(&header);
        let mark = Mark::Point;
        Self { carrier, separator: b',', mark, lines_before: 0, header, names, row, comment: String::new() }
    }

    /// Of the first lines of a text. `None` where no line has two fields.
    pub(super) fn of_text(text: &[u8]) -> Option<Self> {
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').take(LINES_TO_LOOK_AT).collect();
        let separator = separator(&lines)?;
        let fields = |line: &[u8]| -> Vec<String> {
            let fields = split(line.trim_ascii_end(), separator).unwrap_or_default();
            fields.into_iter().map(|field| field.text.into_owned()).collect()
        };
        let rows: Vec<Vec<String>> = lines.iter().map(|line| fields(line)).collect();
        let mark = Mark::of(rows.iter().flatten().map(String::as_str));
        let first = rows.iter().position(|row| is_row(row, mark));
        let before = first.unwrap_or_else(|| rows.iter().position(|row| row.len() > 1).map_or(0, |at| at + 1));
        let mut row = first.map(|at| rows[at].clone()).unwrap_or_default();
        // Whoever looks at the first row sees numbers as all others write them.
        for cell in row.iter_mut().filter(|cell| mark != Mark::Point && mark.read(cell).is_ok()) {
            *cell = mark.plain(cell).map_or_else(String::new, Cow::into_owned);
        }
        let has_fields = |at: &usize| rows[*at].len() > 1 && (row.is_empty() || rows[*at].len() == row.len());
        // A line of units may stand below the names, and a bad row above the first good one.
        let names_time = |at: &usize| time_column(&plain_names(&rows[*at])).is_some();
        let header_at = (0..before).filter(has_fields).find(names_time).or_else(|| (0..before).rev().find(has_fields));
        let header: Vec<String> = header_at.map(|at| rows[at].clone()).unwrap_or_default();
        // Where nothing looks like a row, the first line is what a refusal shows.
        let comments = header_at.unwrap_or(before).max(usize::from(first.is_none() && header_at.is_none()));
        let comment =
            lines[..comments].iter().map(|line| String::from_utf8_lossy(&line[..line.len().min(200)])).collect();
        // What stands between the names and the first row is read as rows, so that it is told.
        let lines_before = header_at.filter(|_| first.is_some()).map_or(before, |at| at + 1) as u64;
        Some(Self { separator, mark, lines_before, row, comment, ..Self::named(Carrier::Text, header, Vec::new()) })
    }

    pub(super) fn separator_name(&self) -> &'static str {
        SEPARATORS.iter().find(|(byte, _)| *byte == self.separator).map_or("comma", |(_, name)| name)
    }

    /// How many columns.
    pub(super) fn width(&self) -> usize {
        if self.header.is_empty() { self.row.len() } else { self.header.len() }
    }

    pub(super) const fn has_header(&self) -> bool {
        !self.header.is_empty()
    }

    /// The first column with one of these names, the best name first.
    pub(super) fn find(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.names.iter().position(|known| known == name))
    }

    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.names.iter().any(|known| known == name))
    }

    /// A number of the first row.
    pub(super) fn number(&self, at: usize) -> Option<f64> {
        self.row.get(at)?.parse().ok()
    }

    /// True for `true` and `false` in a column of the first row.
    pub(super) fn is_bool(&self, at: usize) -> bool {
        self.row.get(at).is_some_and(|cell| matches!(cell.to_ascii_lowercase().as_str(), "true" | "false"))
    }

    /// What a refusal shows of it.
    pub(super) fn seen(&self) -> String {
        let shown = |cells: &[String]| -> String {
            let cells: Vec<String> = cells.iter().take(16).map(|cell| cell.chars().take(40).collect()).collect();
            cells.join(", ")
        };
        if self.row.is_empty() && !self.has_header() {
            return format!(
                "no row among the first lines, which begin with {:?}",
                self.comment.chars().take(60).collect::<String>()
            );
        }
        if self.has_header() {
            format!("columns {}", shown(&self.header))
        } else {
            format!("no header, first row {}", shown(&self.row))
        }
    }
}

fn plain_names(header: &[String]) -> Vec<String> {
    header.iter().map(|name| plain_name(name)).collect()
}

/// The one that most lines have, then the one that gives most fields: numbers with a decimal comma have commas too, and the
/// names above them have none.
fn separator(lines: &[&[u8]]) -> Option<u8> {
    let most = |separator: u8| {
        let counts = || lines.iter().map(|line| line.iter().filter(|byte| **byte == separator).count());
        (counts().filter(|count| *count > 0).count(), counts().max().unwrap_or(0))
    };
    // The first one as common.
    let best = SEPARATORS.iter().rev().max_by_key(|(separator, _)| most(*separator))?;
    (most(best.0).1 > 0).then_some(best.0)
}

/// A row has a number or a time in one of its first two fields, or in half of all.
fn is_row(fields: &[String], mark: Mark) -> bool {
    let is_value = |field: &String| stamp::read(field).is_some() || mark.read(field).is_ok();
    let values = fields.iter().filter(|field| is_value(field)).count();
    fields.len() > 1 && (fields.iter().take(2).any(is_value) || values > 1 && values * 2 >= fields.len())
}
