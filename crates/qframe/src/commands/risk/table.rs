//! Small tables that a user writes: holdings, weights, equity. A header names the columns; each value knows its place.
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use crate::error::Error;
use crate::run::small;

/// Rows under a header.
#[derive(Debug)]
pub(super) struct Table {
    file: String,
    header: Vec<String>,
    rows: Vec<Row>,
}

/// A row and its line in the file.
#[derive(Debug)]
pub(super) struct Row {
    line: usize,
    fields: Vec<Field>,
}

/// A value and where it begins: its column, counted from 1.
#[derive(Debug, Clone, Default)]
struct Field {
    text: String,
    column: usize,
}

impl Table {
    /// Reads a file of columns, comma, semicolon or tab between them.
    ///
    /// # Errors
    /// Refused: no such file, no text, too large, no rows, a row of another number of columns.
    pub(super) fn read(flag: &str, path: &Path) -> Result<Self, Error> {
        let file = path.display().to_string();
        let text = small::text(flag, path)?;
        let mut table = Self { file, header: Vec::new(), rows: Vec::new() };
        let mut separator = ',';
        for (text, line) in text.lines().zip(1..) {
            let text = text.trim_start_matches('\u{feff}').trim_end();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if table.header.is_empty() {
                separator = [';', '\t'].into_iter().find(|other| text.contains(*other)).unwrap_or(',');
                table.header = split(text, separator).into_iter().map(|field| field.text.to_lowercase()).collect();
                continue;
            }
            let fields = split(text, separator);
            if fields.len() != table.header.len() {
                let (seen, wanted) = (fields.len(), table.header.len());
                let why = format!(
                    "{seen} fields under a header of {wanted}; expected one each: {:?}",
                    table.header.join(",")
                );
                return Err(Error::Refused(format!("{}:{line}:1: {why}", table.file)));
            }
            table.rows.push(Row { line, fields });
        }
        if table.rows.is_empty() {
            return Err(Error::Refused(format!("{}: no rows; expected a header and rows", table.file)));
        }
        Ok(table)
    }

    /// The place of the first of these columns that is there.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.header.iter().position(|column| column == name))
    }

    /// The place of a column that must be there.
    pub(super) fn needed(&self, names: &[&str], example: &str) -> Result<usize, Error> {
        self.column(names).ok_or_else(|| {
            let why = format!(
                "no column {} among {:?}; expected a header such as {example}",
                names.join(" or "),
                self.header
            );
            Error::Refused(format!("{}:1:1: {why}", self.file))
        })
    }

    /// The rows in their order.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// A value that is there.
    pub(super) fn value<T: FromStr<Err: Display>>(&self, row: &Row, column: usize) -> Result<T, Error> {
        self.text(row, column).parse().map_err(|error| self.wrong(row, column, error))
    }

    /// A value of a column that may be absent or empty.
    pub(super) fn optional<T: FromStr<Err: Display>>(
        &self,
        row: &Row,
        column: Option<usize>,
    ) -> Result<Option<T>, Error> {
        match column.filter(|column| !self.text(row, *column).is_empty()) {
            Some(column) => self.value(row, column).map(Some),
            None => Ok(None),
        }
    }

    /// The text of a value.
    pub(super) fn text<'a>(&self, row: &'a Row, column: usize) -> &'a str {
        row.fields.get(column).map_or("", |field| &field.text)
    }

    /// What is wrong with a value, with its place.
    pub(super) fn wrong(&self, row: &Row, column: usize, why: impl Display) -> Error {
        let field = row.fields.get(column).cloned().unwrap_or_default();
        Error::Refused(format!("{}:{}:{}: {:?}: {why}", self.file, row.line, field.column, field.text))
    }

    /// What is wrong with the whole.
    pub(super) fn refused(&self, why: impl Display) -> Error {
        Error::Refused(format!("{}: {why}", self.file))
    }
}

/// Fields, trimmed and without the quotes around them.
fn split(line: &str, separator: char) -> Vec<Field> {
    let (mut fields, mut quoted) = (vec![Field { text: String::new(), column: 1 }], false);
    for (place, letter) in line.chars().enumerate() {
        match letter {
            '"' => quoted = !quoted,
            letter if letter == separator && !quoted => fields.push(Field { text: String::new(), column: place + 2 }),
            letter => fields.last_mut().into_iter().for_each(|field| field.text.push(letter)),
        }
    }
    fields.iter_mut().for_each(|field| field.text = field.text.trim().to_owned());
    fields
}
