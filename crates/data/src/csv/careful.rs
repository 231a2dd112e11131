//! One row read with care: every form that is accepted, and a place and a reason for what is not.
use std::ops::Range;

use qframe_model::market::{Bar, BarFault};
use qframe_model::number::{Price, Volume};
use qframe_model::time::Time;

use super::clock::Clock;
use super::columns::Role;
use super::dialect::Dialect;
use super::fields::{Field, split};
use super::mark::Mark;
use super::number::{Nanos, NumberFault};
use super::text_of;
use crate::bad_row::{BadRow, RowFault};

/// A bar, how many of its values were rounded, and where in the line its time stands.
pub(super) struct Row {
    pub(super) bar: Bar,
    pub(super) time_at: Range<usize>,
    pub(super) rounded: u64,
}

/// What is wrong, the column of its first byte (from 0) and its text.
pub(super) struct Fault {
    pub(super) column: usize,
    pub(super) text: String,
    pub(super) fault: RowFault,
}

impl Fault {
    pub(super) fn new(column: usize, text: &str, fault: RowFault) -> Self {
        const SHOWN: usize = 80;
        let text = if text.len() > SHOWN { text.chars().take(SHOWN).collect() } else { text.to_owned() };
        Self { column, text, fault }
    }

    /// With its file and line.
    pub(super) fn at(self, file: &str, line: u64) -> Box<BadRow> {
        let Self { column, text, fault } = self;
        Box::new(BadRow { file: file.to_owned(), line, column: column + 1, text, fault })
    }
}

/// Reads a line (without its end) as a bar.
pub(super) fn read(line: &[u8], dialect: &Dialect, clock: &mut Clock) -> Result<Row, Fault> {
    let (row, broken) = values(line, dialect, clock)?;
    broken.map_or(Ok(row), Err)
}

/// Reads a line as the values of a bar, and tells where they do not go together.
pub(super) fn values(line: &[u8], dialect: &Dialect, clock: &mut Clock) -> Result<(Row, Option<Fault>), Fault> {
    let whole = |fault| Fault::new(0, &text_of(line), fault);
    let fields =
        split(line, dialect.separator).map_err(|quote| Fault { column: quote.0, ..whole(RowFault::BrokenQuote) })?;
    let roles = &dialect.columns.roles;
    if fields.len() != roles.len() {
        return Err(whole(RowFault::FieldCount(fields.len(), roles.len())));
    }
    let mut row = Row { bar: Bar::default(), time_at: 0..0, rounded: 0 };
    for (field, role) in fields.iter().zip(roles) {
        row.take(field, (*role, dialect.mark), clock).map_err(|fault| Fault::new(field.start, &field.text, fault))?;
    }
    if dialect.flat {
        (row.bar.open, row.bar.high, row.bar.low) = (row.bar.close, row.bar.close, row.bar.close);
    }
    let broken = row.bar.check().err().map(|fault| place(&fields, roles, fault));
    Ok((row, broken))
}

/// The time of a line of which something else does not read: it teaches the clock nothing.
pub(super) fn time(line: &[u8], dialect: &Dialect, clock: &Clock) -> Option<Time> {
    let fields = split(line, dialect.separator).ok()?;
    let place = dialect.columns.roles.iter().position(|role| *role == Role::Time)?;
    clock.clone().careful(&fields.get(place)?.text).ok()
}

impl Row {
    fn take(&mut self, field: &Field<'_>, (role, mark): (Role, Mark), clock: &mut Clock) -> Result<(), RowFault> {
        match role {
            Role::Time => {
                self.bar.time = clock.careful(&field.text)?;
                self.time_at = field.start..field.start + field.text.len();
            }
            Role::Open => self.bar.open = self.price(&field.text, mark, "open")?,
            Role::High => self.bar.high = self.price(&field.text, mark, "high")?,
            Role::Low => self.bar.low = self.price(&field.text, mark, "low")?,
            Role::Close => self.bar.close = self.price(&field.text, mark, "close")?,
            Role::Volume => self.bar.volume = self.volume(&field.text, mark)?,
            Role::Other => {}
        }
        Ok(())
    }

    fn price(&mut self, text: &str, mark: Mark, field: &'static str) -> Result<Price, RowFault> {
        let number = number(text, mark, field)?;
        let price = number.price().ok_or(RowFault::TooLarge(field))?;
        if !price.is_positive() && !number.is_too_fine() {
            return Err(RowFault::NotPositive(field));
        }
        if number.is_too_fine() {
            return Err(RowFault::TooFine(field));
        }
        self.rounded += u64::from(number.rounded);
        Ok(price)
    }

    fn volume(&mut self, text: &str, mark: Mark) -> Result<Volume, RowFault> {
        let number = number(text, mark, "volume")?;
        if number.value < 0 {
            return Err(RowFault::NegativeVolume);
        }
        let (volume, rounded) = number.volume().ok_or(RowFault::TooLarge("volume"))?;
        self.rounded += u64::from(rounded);
        Ok(volume)
    }
}

pub(crate) fn number(text: &str, mark: Mark, field: &'static str) -> Result<Nanos, RowFault> {
    mark.read(text).map_err(|fault| fault.of(field))
}

impl NumberFault {
    /// The fault of a field.
    pub(crate) const fn of(self, field: &'static str) -> RowFault {
        match self {
            Self::NotANumber => RowFault::NotANumber(field),
            Self::NotFinite => RowFault::NotFinite(field),
            Self::TooLarge => RowFault::TooLarge(field),
            Self::Comma => RowFault::Comma(field),
        }
    }
}

/// The field that a check of the whole bar complains about.
fn place(fields: &[Field<'_>], roles: &[Role], fault: BarFault) -> Fault {
    let (role, fault) = match fault {
        BarFault::NotPositive(field, _) => (named(field), RowFault::NotPositive(field)),
        BarFault::HighBelowLow(high, low) => (Role::High, RowFault::HighBelowLow(high, low)),
        BarFault::Outside(field, _, low, high) => (named(field), RowFault::Outside(field, low, high)),
    };
    let field = roles.iter().position(|r| *r == role).and_then(|at| fields.get(at));
    field.map_or_else(|| Fault::new(0, "", fault.clone()), |field| Fault::new(field.start, &field.text, fault.clone()))
}

fn named(field: &str) -> Role {
    match field {
        "open" => Role::Open,
        "high" => Role::High,
        "low" => Role::Low,
        _ => Role::Close,
    }
}
