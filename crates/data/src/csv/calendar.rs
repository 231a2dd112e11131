//! Calendars: files of dated values that are no bars, such as dividends, splits and funding rates.
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use qframe_model::number::Rate;
use qframe_model::time::Time;

use super::careful::{Fault, number};
use super::clock::Clock;
use super::columns::{EX_DATES, PAY_DATES, plain_name, time_column};
use super::dialect::SEPARATORS;
use super::fields::{Field, split};
use super::mark::Mark;
use super::number::Nanos;
use super::page::read_page;
use super::source::open;
use super::{Offsets, text_of};
use crate::bad_row::RowFault;
use crate::error::{DataError, FileFault};
use crate::loaded::RowOrder;

/// What a calendar lists: it decides the name and the range of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarKind {
    /// Columns `time,amount`: the payment on one unit, above zero; `pay_date` where it is paid later.
    Dividends,
    /// Columns `time,ratio`: how many units one becomes, above zero; or new units for old ones, `1:3` or `1/3`.
    Splits,
    /// Columns `time,rate`: what longs pay to shorts, as a share of the value between -1 and 1.
    Funding,
}

/// What falls due and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    /// Instants and values, at least one. Times rise strictly; those of dividends may repeat, as an ordinary and a special one
    /// may fall due on one day: both are paid.
    pub rows: Vec<(Time, Rate)>,
    /// Of dividends: when those are paid that have a day of payment, by their places in `rows`.
    pub paid: BTreeMap<usize, Time>,
    /// Values with more than nine decimals, rounded half-even.
    pub rounded: u64,
}

/// Reads a calendar, plain or gzip: a header, then rows with rising times; other columns are left out. Each time may
/// carry an offset of its own. Two dividends of a day are two where their amounts or days of payment differ; the same row again is
/// refused, as nothing tells a slip from a payment.
///
/// # Errors
/// [`DataError`] for a file without these columns, and for the first row that does not belong into a calendar.
pub fn read_calendar(path: impl AsRef<Path>, kind: CalendarKind) -> Result<Calendar, DataError> {
    let name = path.as_ref().display().to_string();
    let (file, _) = open(path.as_ref()).map_err(|fault| fault.in_file(&name, 1))?;
    read_calendar_from(file, &name, kind)
}

/// Reads a calendar from anything that yields the bytes of such a file; `name` stands in messages where a path would.
///
/// # Errors
/// As [`read_calendar`].
pub fn read_calendar_from(reader: impl Read, name: &str, kind: CalendarKind) -> Result<Calendar, DataError> {
    Ok(read_page(reader, name, |line| Page::headed(line, kind), Page::take)?.calendar)
}

/// A calendar while it is read.
struct Page {
    kind: CalendarKind,
    separator: u8,
    /// How many columns the header has, and which are read.
    columns: usize,
    time: usize,
    value: usize,
    /// The column of days of payment.
    paid: Option<usize>,
    clock: Clock,
    /// What stands before the decimals; not known before a number shows it.
    mark: Option<Mark>,
    calendar: Calendar,
}

impl Page {
    /// Understands a header.
    fn headed(line: &[u8], kind: CalendarKind) -> Result<Self, FileFault> {
        let mut seen = Vec::new();
        for (separator, _) in SEPARATORS {
            let Ok(fields) = split(line, separator) else { continue };
            let plain: Vec<String> = fields.iter().map(|field| plain_name(&field.text)).collect();
            let value = plain.iter().position(|name| kind.names().contains(&name.as_str()));
            let of = |names: &[&str]| plain.iter().position(|name| names.contains(&name.as_str()));
            let (ex_date, paid) = match kind {
                CalendarKind::Dividends => (of(&EX_DATES), of(&PAY_DATES)),
                _ => (None, None),
            };
            if let (Some(time), Some(value)) = (ex_date.or_else(|| time_column(&plain)), value) {
                let (columns, clock, calendar) = (fields.len(), Clock::new(Offsets::Mixed), Calendar::default());
                return Ok(Self { kind, separator, columns, time, value, paid, clock, mark: None, calendar });
            }
            if fields.len() > seen.len() {
                seen = fields.iter().map(|field| field.text.chars().take(40).collect()).collect();
            }
        }
        Err(FileFault::UnknownCalendar(seen, kind.header()))
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Fault> {
        let whole = |fault| Fault::new(0, &text_of(line), fault);
        let fields = split(line, self.separator).map_err(|_| whole(RowFault::BrokenQuote))?;
        if fields.len() != self.columns {
            return Err(whole(RowFault::FieldCount(fields.len(), self.columns)));
        }
        let (at, value) = (&fields[self.time], &fields[self.value]);
        let time = self.time(at).map_err(|fault| Fault::new(at.start, &at.text, fault))?;
        let rate = self.rate(value).map_err(|fault| Fault::new(value.start, &value.text, fault))?;
        let paid = self.paid.map(|at| &fields[at]).filter(|field| !field.text.is_empty());
        let paid = paid
            .map(|field| self.paid_on(field, time).map_err(|fault| Fault::new(field.start, &field.text, fault)))
            .transpose()?;
        if self.is_there(time, rate, paid) {
            return Err(Fault::new(at.start, &at.text, RowFault::DividendTwice(rate)));
        }
        self.calendar.paid.extend(paid.map(|paid| (self.calendar.rows.len(), paid)));
        self.calendar.rows.push((time, rate));
        Ok(())
    }

    /// Whether this very row stands among those of its time.
    fn is_there(&self, time: Time, rate: Rate, paid: Option<Time>) -> bool {
        let rows = self.calendar.rows.iter().enumerate().rev().take_while(|(_, row)| row.0 == time);
        rows.into_iter().any(|(place, row)| row.1 == rate && self.calendar.paid.get(&place).copied() == paid)
    }

    fn paid_on(&mut self, field: &Field<'_>, due: Time) -> Result<Time, RowFault> {
        let paid = self.clock.careful(&field.text)?;
        if paid < due { Err(RowFault::NotA("day of payment", "the ex-date or a later day")) } else { Ok(paid) }
    }

    fn time(&mut self, field: &Field<'_>) -> Result<Time, RowFault> {
        let time = self.clock.careful(&field.text)?;
        match self.calendar.rows.last() {
            Some((last, _)) if time == *last && self.kind != CalendarKind::Dividends => Err(RowFault::TimeTwice),
            Some((last, _)) if time < *last => Err(RowFault::Unsorted(*last, RowOrder::OldestFirst)),
            _ => Ok(time),
        }
    }

    fn rate(&mut self, field: &Field<'_>) -> Result<Rate, RowFault> {
        let (name, expected) = (self.kind.names()[0], self.kind.range());
        let ratio = (self.kind == CalendarKind::Splits).then(|| Nanos::of_ratio(&field.text)).flatten();
        let number = match ratio {
            Some(ratio) => ratio,
            None => number(&field.text, Mark::settled(&mut self.mark, &field.text), name)?,
        };
        let rate = i64::try_from(number.value).map(Rate::from_nanos).map_err(|_| RowFault::TooLarge(name))?;
        let lawful = match self.kind {
            CalendarKind::Dividends | CalendarKind::Splits => rate.is_positive(),
            CalendarKind::Funding => rate.abs() < Rate::ONE,
        };
        self.calendar.rounded += u64::from(number.rounded);
        if lawful { Ok(rate) } else { Err(RowFault::NotA(name, expected)) }
    }
}

impl CalendarKind {
    /// Names of the column of values, as [`plain_name`] leaves them.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Dividends => &["amount", "dividend", "dividends"],
            Self::Splits => &["ratio", "split", "splits", "stocksplits"],
            Self::Funding => &["rate", "fundingrate", "lastfundingrate"],
        }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Dividends => "time,amount",
            Self::Splits => "time,ratio",
            Self::Funding => "time,rate",
        }
    }

    const fn range(self) -> &'static str {
        match self {
            Self::Dividends => "more than zero, such as 0.22 for each share",
            Self::Splits => "more than zero, such as 4 where one share becomes four, or 1:3",
            Self::Funding => "a share between -1 and 1, such as 0.0001 for 0.01 %",
        }
    }
}
