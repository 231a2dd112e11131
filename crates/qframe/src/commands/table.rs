//! Small tables that a user writes: holdings, weights, equity. A header names the columns; each value knows its place.
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use qframe_data::Panel;
use qframe_model::count::counted;
use qframe_model::number::{Price, Quantity, Volume};
use qframe_model::parameter::nearest;
use qframe_model::time::Time;

use crate::error::Error;
use crate::run::small;

/// The names that a column goes by, the usual one first.
pub(super) type Column = &'static [&'static str];

pub(super) const SYMBOL: Column = &["symbol", "asset", "name"];
pub(super) const WEIGHT: Column = &["weight"];
pub(super) const QUANTITY: Column = &["quantity", "qty", "size"];
pub(super) const PRICE: Column = &["price"];
pub(super) const TIME: Column = &["time", "date", "as_of"];
pub(super) const CLASS: Column = &["class", "asset_class"];
pub(super) const CURRENCY: Column = &["currency"];
pub(super) const VOLUME: Column = &["volume", "adv"];
/// What a file of positions may say. One file serves all commands: each takes what it is asked about.
pub(super) const POSITIONS: &[Column] = &[SYMBOL, QUANTITY, PRICE, TIME, CLASS, CURRENCY, VOLUME];
/// What a file of weights may say.
pub(super) const WEIGHTS: &[Column] = &[SYMBOL, WEIGHT, CLASS, CURRENCY];

/// Rows under a header.
#[derive(Debug)]
pub(super) struct Table {
    file: String,
    header: Row,
    rows: Vec<Row>,
}

/// A row and its line in the file.
#[derive(Debug, Default)]
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
        let mut table = Self { file, header: Row::default(), rows: Vec::new() };
        let mut separator = ',';
        for (text, line) in text.lines().zip(1..) {
            let text = text.trim_start_matches('\u{feff}').trim_end();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            if table.header.fields.is_empty() {
                separator = [';', '\t'].into_iter().find(|other| text.contains(*other)).unwrap_or(',');
            }
            let fields = split(text, separator).ok_or_else(|| {
                Error::Refused(format!(
                    "{}:{line}:1: {text:?}: a quote is not closed; expected two of them",
                    table.file
                ))
            })?;
            if table.header.fields.is_empty() {
                table.header = Row { line, fields };
                table.header.fields.iter_mut().for_each(|field| field.text = field.text.to_lowercase());
                continue;
            }
            if fields.len() != table.header.fields.len() {
                let (seen, wanted) = (fields.len(), table.header.fields.len());
                let why = format!(
                    "{} under a header of {wanted}; expected one each: {:?}",
                    counted(seen as u64, "field"),
                    table.names().join(",")
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

    /// The same, where it has no columns but these and none of them twice: what a command does not know it would pass over
    /// in silence.
    ///
    /// # Errors
    /// Refused: the first other column, with its place and the name that was perhaps meant.
    pub(super) fn of(self, columns: &[Column]) -> Result<Self, Error> {
        let mut seen: Vec<Column> = Vec::new();
        for (place, name) in self.names().into_iter().enumerate() {
            let wrong = |why: String| self.wrong(&self.header, place, why);
            let Some(column) = columns.iter().find(|column| column.contains(&name)) else {
                let known = columns.iter().map(|column| column[0]).collect::<Vec<_>>().join(", ");
                let near = nearest(name, columns.iter().flat_map(|column| column.iter().copied()));
                let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                return Err(wrong(format!("there is no such column{hint} (there may be {known}); take it out")));
            };
            if seen.contains(column) {
                return Err(wrong(format!("a second column of the {}; expected one: take it out", column[0])));
            }
            seen.push(column);
        }
        Ok(self)
    }

    /// The place of the first of these columns that is there.
    pub(super) fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.names().iter().position(|column| column == name))
    }

    /// The place of a column that must be there.
    pub(super) fn needed(&self, names: &[&str], example: &str) -> Result<usize, Error> {
        self.column(names).ok_or_else(|| {
            let why = format!(
                "no column {} among {:?}; expected a header such as {example}",
                names.join(" or "),
                self.names()
            );
            Error::Refused(format!("{}:{}:1: {why}", self.file, self.header.line))
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

    /// When a position was held, where that is said; its price is of that day or later.
    ///
    /// # Errors
    /// Refused: no time, or one of a day after that of the price.
    pub(super) fn held_at(
        &self,
        row: &Row,
        column: Option<usize>,
        panel: &Panel,
        asset: usize,
    ) -> Result<Option<Time>, Error> {
        let priced = panel.priced(asset);
        match (self.optional::<Time>(row, column)?, column) {
            (Some(held), Some(column)) if held.day() > priced.day() => {
                // Its own prices may go on where those of another end.
                let why = if panel.ends[asset].day() > priced.day() {
                    format!(
                        "the position is of {held:#}, the last instant of all assets is {priced:#}; leave out what ends there, \
                         or fill forward (--align ffill)"
                    )
                } else {
                    format!("the position is of {held:#}, its last price of {priced:#}; bring newer prices")
                };
                Err(self.wrong(row, column, why))
            }
            (held, _) => Ok(held),
        }
    }

    /// Units of a position.
    ///
    /// # Errors
    /// Refused: no number, or zero.
    pub(super) fn units(&self, row: &Row, column: usize) -> Result<Quantity, Error> {
        let units: Quantity = self.value(row, column)?;
        match units.is_zero() {
            true => Err(self.wrong(row, column, "expected units, not zero; leave the row out")),
            false => Ok(units),
        }
    }

    /// What a unit was paid with, where that is said.
    ///
    /// # Errors
    /// Refused: no price, or none above zero.
    pub(super) fn paid(&self, row: &Row, column: Option<usize>) -> Result<Option<Price>, Error> {
        match (self.optional::<Price>(row, column)?, column) {
            (Some(cost), Some(column)) if !cost.is_positive() => {
                let why = format!("{cost} is no price of a purchase; expected one above zero, or nothing");
                Err(self.wrong(row, column, why))
            }
            (cost, _) => Ok(cost),
        }
    }

    /// The units that trade on a day, where that is said.
    ///
    /// # Errors
    /// Refused: no number, or none above zero.
    pub(super) fn traded(&self, row: &Row, column: Option<usize>) -> Result<Option<Volume>, Error> {
        // As units first: a volume has no number below zero, and would say so by its range.
        let Some((units, column)) = self.optional::<Quantity>(row, column)?.zip(column) else { return Ok(None) };
        if !units.is_positive() {
            return Err(self.wrong(row, column, "expected the units that trade on a day, above zero"));
        }
        self.value(row, column).map(Some)
    }

    fn names(&self) -> Vec<&str> {
        self.header.fields.iter().map(|field| field.text.as_str()).collect()
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

/// Fields, trimmed and without the quotes around them; nothing where a quote is not closed.
fn split(line: &str, separator: char) -> Option<Vec<Field>> {
    let (mut fields, mut quoted) = (vec![Field { text: String::new(), column: 1 }], false);
    let mut letters = line.chars().enumerate().peekable();
    while let Some((place, letter)) = letters.next() {
        match letter {
            // Two of them within quotes are one that is meant (RFC 4180).
            '"' if quoted && letters.next_if(|(_, next)| *next == '"').is_some() => {
                fields.last_mut().into_iter().for_each(|field| field.text.push('"'));
            }
            '"' => quoted = !quoted,
            letter if letter == separator && !quoted => fields.push(Field { text: String::new(), column: place + 2 }),
            letter => fields.last_mut().into_iter().for_each(|field| field.text.push(letter)),
        }
    }
    fields.iter_mut().for_each(|field| field.text = field.text.trim().to_owned());
    (!quoted).then_some(fields)
}
