//! Interest rates of currencies over time: `currency,date,rate`, or the columns of OECD's short-term rates.
use std::io::Read;
use std::path::Path;

use qframe_model::currency::Currency;
use qframe_model::number::Rate;
use qframe_model::time::Time;

use super::careful::Fault;
use super::clock::Clock;
use super::columns::{plain_name, time_column};
use super::dialect::SEPARATORS;
use super::fields::{Field, split};
use super::source::{Blocks, open};
use super::{Offsets, text_of};
use crate::bad_row::RowFault;
use crate::error::{DataError, FileFault};
use crate::loaded::RowOrder;

/// What a file says of interest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rates {
    /// Each currency with its rates a year, from an instant on until the next; times strictly rising.
    pub currencies: Vec<(Currency, Vec<(Time, Rate)>)>,
    /// Rows of no currency, such as those of a country that is none here, and of quarters and years.
    pub left_out: u64,
}

/// Reads rates, plain or gzip: a header, then rows that rise in time for each currency. `rate` is a share or has a sign
/// (`0.025`, `2.5%`, `25bp`); OECD's `LOCATION`, `TIME` and `Value` are countries, months and percents.
///
/// # Errors
/// [`DataError`] for a file without these columns, and for the first row that is no rate.
pub fn read_rates(path: impl AsRef<Path>) -> Result<Rates, DataError> {
    let name = path.as_ref().display().to_string();
    let (file, _) = open(path.as_ref()).map_err(|fault| fault.in_file(&name, 1))?;
    read_rates_from(file, &name)
}

/// Reads rates from anything that yields the bytes of such a file; `name` stands in messages where a path would.
///
/// # Errors
/// As [`read_rates`].
pub fn read_rates_from(reader: impl Read, name: &str) -> Result<Rates, DataError> {
    let (mut line_number, mut header, mut table) = (0, None, None);
    let mut blocks = Blocks::new(reader, name).map_err(|fault| fault.in_file(name, 1))?;
    while let Some(block) = blocks.next().map_err(|fault| fault.in_file(name, line_number + 1))? {
        for line in block.lines().split_inclusive(|byte| *byte == b'\n') {
            line_number += 1;
            let line = line.trim_ascii_end();
            match &mut table {
                _ if line.is_empty() => {}
                None => {
                    table = Some(Table::headed(line).map_err(|fault| fault.in_file(name, line_number))?);
                    header = Some((text_of(line), line_number));
                }
                Some(table) => table.take(line).map_err(|fault| DataError::Entry(fault.at(name, line_number)))?,
            }
        }
    }
    match (table, header) {
        (Some(table), _) if !table.rates.currencies.is_empty() => Ok(table.rates),
        (_, Some((header, line))) => Err(FileFault::HeaderOnly(header).in_file(name, line)),
        (_, None) => Err(FileFault::Empty.in_file(name, 1)),
    }
}

/// OECD's names of places, and the currency of each. Members of the euro area are left out: the area has a row of its own.
const PLACES: [(&str, &str); 16] = [
    ("AUS", "AUD"),
    ("CAN", "CAD"),
    ("CHE", "CHF"),
    ("CZE", "CZK"),
    ("DNK", "DKK"),
    ("EA19", "EUR"),
    ("GBR", "GBP"),
    ("HUN", "HUF"),
    ("JPN", "JPY"),
    ("MEX", "MXN"),
    ("NOR", "NOK"),
    ("NZL", "NZD"),
    ("POL", "PLN"),
    ("SWE", "SEK"),
    ("USA", "USD"),
    ("ZAF", "ZAR"),
];

/// A file while it is read.
struct Table {
    separator: u8,
    columns: usize,
    currency: usize,
    time: usize,
    rate: usize,
    /// True for places, months and percents.
    is_oecd: bool,
    clock: Clock,
    rates: Rates,
}

impl Table {
    fn headed(line: &[u8]) -> Result<Self, FileFault> {
        let mut seen = Vec::new();
        for (separator, _) in SEPARATORS {
            let Ok(fields) = split(line, separator) else { continue };
            let plain: Vec<String> = fields.iter().map(|field| plain_name(&field.text)).collect();
            let of = |names: &[&str]| plain.iter().position(|name| names.contains(&name.as_str()));
            let place = of(&["location"]);
            let (currency, rate) =
                if place.is_some() { (place, of(&["value"])) } else { (of(&CURRENCIES), of(&["rate", "interest"])) };
            if let (Some(currency), Some(time), Some(rate)) = (currency, time_column(&plain), rate) {
                let (columns, is_oecd) = (fields.len(), place.is_some());
                let clock = Clock::new(Offsets::Mixed);
                return Ok(Self { separator, columns, currency, time, rate, is_oecd, clock, rates: Rates::default() });
            }
            if fields.len() > seen.len() {
                seen = fields.iter().map(|field| field.text.chars().take(40).collect()).collect();
            }
        }
        Err(FileFault::UnknownCalendar(seen, "currency,date,rate"))
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Fault> {
        let whole = |fault| Fault::new(0, &text_of(line), fault);
        let fields = split(line, self.separator).map_err(|_| whole(RowFault::BrokenQuote))?;
        if fields.len() != self.columns {
            return Err(whole(RowFault::FieldCount(fields.len(), self.columns)));
        }
        let [place, at, value] = [self.currency, self.time, self.rate].map(|column| &fields[column]);
        let told = |field: &Field<'_>, fault| Fault::new(field.start, &field.text, fault);
        let Some((currency, time)) = self.subject(place, at)? else {
            self.rates.left_out += 1;
            return Ok(());
        };
        let rate = self.rate(&value.text).map_err(|fault| told(value, fault))?;
        let found = self.rates.currencies.iter().position(|(known, _)| *known == currency);
        let known = found.unwrap_or_else(|| {
            self.rates.currencies.push((currency, Vec::new()));
            self.rates.currencies.len() - 1
        });
        let rows = &mut self.rates.currencies[known].1;
        match rows.last() {
            Some((last, _)) if time == *last => Err(told(at, RowFault::TimeTwice)),
            Some((last, _)) if time < *last => Err(told(at, RowFault::Unsorted(*last, RowOrder::OldestFirst))),
            _ => {
                rows.push((time, rate));
                Ok(())
            }
        }
    }

    /// What a row is of; `None` where it is left out.
    fn subject(&mut self, place: &Field<'_>, at: &Field<'_>) -> Result<Option<(Currency, Time)>, Fault> {
        let told = |field: &Field<'_>, fault| Fault::new(field.start, &field.text, fault);
        let name = match PLACES.iter().find(|(name, _)| *name == place.text) {
            Some((_, currency)) if self.is_oecd => currency,
            _ if self.is_oecd => return Ok(None),
            _ => place.text.as_ref(),
        };
        let currency = name.parse::<Currency>();
        let currency = currency.map_err(|_| told(place, RowFault::NotA("currency", "a code such as USD")))?;
        let is_month = at.text.len() == "2024-01".len() && !at.text.contains('Q');
        if self.is_oecd && !is_month {
            return Ok(None);
        }
        let date = if self.is_oecd { format!("{}-01", at.text) } else { at.text.to_string() };
        let time = self.clock.careful(&date).map_err(|fault| told(at, fault))?;
        Ok(Some((currency, time)))
    }

    fn rate(&self, text: &str) -> Result<Rate, RowFault> {
        let rate = if self.is_oecd { Rate::parse(&format!("{text}%")) } else { Rate::parse(text) };
        let lawful = rate.ok().filter(|rate| rate.abs() < Rate::ONE);
        lawful.ok_or(RowFault::NotA("rate", "a share a year between -1 and 1, such as 2.5% or 0.025"))
    }
}

const CURRENCIES: [&str; 4] = ["currency", "ccy", "cur", "code"];
