//! Figures of independent libraries, kept outside the project; tests that need them say so when they are absent.

use std::collections::HashMap;
use std::path::PathBuf;

/// The folder, or `None` with a line that says what was skipped.
pub(crate) fn folder(test: &str) -> Option<PathBuf> {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles"));
    let folder = std::env::var_os("QFRAME_ORACLES").map_or_else(default, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {test} (no folder QFRAME_ORACLES)");
    None
}

/// A table of numbers with its dates; an empty cell is `None`.
pub(crate) struct Table {
    /// First column, days since 1970-01-01.
    pub(crate) days: Vec<i64>,
    columns: HashMap<String, Vec<Option<f64>>>,
}

impl Table {
    /// Reads a CSV file whose first column is a date.
    pub(crate) fn read(folder: &std::path::Path, name: &str) -> Self {
        let text = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut lines = text.lines();
        let header = fields(lines.next().unwrap_or_default());
        let rows: Vec<Vec<String>> = lines.map(fields).collect();
        let column = |index: usize| rows.iter().map(|row| number(&row[index])).collect();
        let columns = header.iter().enumerate().map(|(index, name)| (name.clone(), column(index))).collect();
        Self { days: rows.iter().map(|row| day(&row[0]).unwrap_or(0)).collect(), columns }
    }

    /// A column that may have empty cells.
    pub(crate) fn sparse(&self, name: &str) -> &[Option<f64>] {
        self.columns.get(name).unwrap_or_else(|| panic!("no column {name}"))
    }

    /// A column without empty cells.
    pub(crate) fn full(&self, name: &str) -> Vec<f64> {
        self.sparse(name).iter().map(|cell| cell.unwrap_or_else(|| panic!("{name} has an empty cell"))).collect()
    }
}

fn fields(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().expect("never empty").push(other),
        }
    }
    cells
}

/// A plain number, or a date as days since 1970-01-01.
fn number(cell: &str) -> Option<f64> {
    cell.parse().ok().or_else(|| day(cell).map(|day| day as f64))
}

/// Days since 1970-01-01 of `YYYY-MM-DD` (Howard Hinnant, `days_from_civil`).
fn day(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(year.div_euclid(400) * 146_097 + day_of_era - 719_468)
}

/// |ours - theirs| over the larger of |theirs| and a scale below which digits mean nothing.
pub(crate) fn relative(ours: f64, theirs: f64, scale: f64) -> f64 {
    (ours - theirs).abs() / theirs.abs().max(scale)
}
