//! A figure over time, such as an equity curve or returns: `time,equity`, `date,return`, or a table in which a column is named.
use std::io::Read;
use std::path::Path;

use qframe_model::time::Time;

use super::careful::Fault;
use super::clock::Clock;
use super::columns::{plain_name, time_column};
use super::dialect::SEPARATORS;
use super::fields::{Field, split};
use super::page::read_page;
use super::source::open;
use super::{Offsets, printable, text_of};
use crate::bad_row::RowFault;
use crate::error::{DataError, FileFault};
use crate::loaded::RowOrder;

/// A figure at each of some instants.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// The header of the column.
    pub name: String,
    /// Strictly rising; none where every row is without a figure.
    pub times: Vec<Time>,
    /// Finite, one a time. With a per cent sign (`1.5%`) a hundredth.
    pub values: Vec<f64>,
    /// Rows without a figure, which are left out: a first return is often empty.
    pub empty: u64,
}

/// Which column is read.
#[derive(Debug, Clone, Copy)]
pub enum FigureColumn<'a> {
    /// The first of these names (lower case, without spaces and signs) that is there, else the only column besides the time.
    AnyOf(&'a [&'a str]),
    /// The one with this header.
    Named(&'a str),
}

/// Reads figures, plain or gzip: a header, then rows that rise in time.
///
/// # Errors
/// [`DataError`] for a file without such columns, and for the first row that has no time or no number.
pub fn read_figures(path: impl AsRef<Path>, column: FigureColumn<'_>) -> Result<Figures, DataError> {
    let name = path.as_ref().display().to_string();
    let (file, _) = open(path.as_ref()).map_err(|fault| fault.in_file(&name, 1))?;
    read_figures_from(file, &name, column)
}

/// Reads figures from anything that yields the bytes of such a file; `name` stands in messages where a path would.
///
/// # Errors
/// As [`read_figures`].
pub fn read_figures_from(reader: impl Read, name: &str, column: FigureColumn<'_>) -> Result<Figures, DataError> {
    Ok(read_page(reader, name, |line| Table::headed(line, column), Table::take)?.figures)
}

/// A file while it is read.
struct Table {
    separator: u8,
    columns: usize,
    time: usize,
    value: usize,
    clock: Clock,
    figures: Figures,
}

impl Table {
    fn headed(line: &[u8], column: FigureColumn<'_>) -> Result<Self, FileFault> {
        let (mut seen, mut timed) = (Vec::new(), false);
        for (separator, _) in SEPARATORS {
            let Ok(fields) = split(line, separator) else { continue };
            let plain: Vec<String> = fields.iter().map(|field| plain_name(&field.text)).collect();
            let time = time_column(&plain);
            if let Some((time, value)) = time.and_then(|time| Some((time, value_column(&plain, time, column)?))) {
                let figures = Figures { name: printable(&fields[value].text), ..Figures::default() };
                let clock = Clock::new(Offsets::Mixed);
                return Ok(Self { separator, columns: fields.len(), time, value, clock, figures });
            }
            if fields.len() > seen.len() {
                seen = fields.iter().map(|field| field.text.chars().take(40).collect()).collect();
                timed = time.is_some() && fields.len() > 1;
            }
        }
        match column {
            FigureColumn::Named(name) if timed => Err(FileFault::NoFigure(Some(name.to_owned()), seen)),
            FigureColumn::AnyOf(_) if timed => Err(FileFault::NoFigure(None, seen)),
            _ => Err(FileFault::UnknownCalendar(seen, "time and one figure, such as time,equity or date,return")),
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Fault> {
        let whole = |fault| Fault::new(0, &text_of(line), fault);
        let told = |field: &Field<'_>, fault| Fault::new(field.start, &field.text, fault);
        let fields = split(line, self.separator).map_err(|_| whole(RowFault::BrokenQuote))?;
        if fields.len() != self.columns {
            return Err(whole(RowFault::FieldCount(fields.len(), self.columns)));
        }
        let (at, value) = (&fields[self.time], &fields[self.value]);
        let time = self.clock.careful(&at.text).map_err(|fault| told(at, fault))?;
        match self.figures.times.last() {
            Some(last) if time == *last => return Err(told(at, RowFault::TimeTwice)),
            Some(last) if time < *last => return Err(told(at, RowFault::Unsorted(*last, RowOrder::OldestFirst))),
            _ => {}
        }
        if value.text.trim().is_empty() {
            self.figures.empty += 1;
            return Ok(());
        }
        let number = number(value.text.trim()).map_err(|fault| told(value, fault))?;
        self.figures.times.push(time);
        self.figures.values.push(number);
        Ok(())
    }
}

fn value_column(plain: &[String], time: usize, column: FigureColumn<'_>) -> Option<usize> {
    let of = |name: &str| plain.iter().position(|own| own == name).filter(|place| *place != time);
    match column {
        FigureColumn::Named(name) => of(&plain_name(name)),
        FigureColumn::AnyOf(names) => {
            let only = (plain.len() == 2).then_some(1 - time.min(1));
            names.iter().find_map(|name| of(name)).or(only)
        }
    }
}

fn number(text: &str) -> Result<f64, RowFault> {
    let (digits, scale) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits.trim_end(), 100.0));
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number / scale),
        Ok(_) => Err(RowFault::NotFinite("figure")),
        Err(_) => Err(RowFault::NotANumber("figure")),
    }
}
