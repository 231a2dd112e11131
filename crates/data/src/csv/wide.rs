//! Prices of many assets side by side: a row an instant, a column an asset.
use std::io::Read;
use std::path::Path;

use qframe_model::number::Price;
use qframe_model::time::{Time, TimeFrame};

use super::careful::{Fault, number};
use super::clock::Clock;
use super::columns::{plain_name, time_column};
use super::dialect::SEPARATORS;
use super::fields::{Field, split};
use super::mark::Mark;
use super::page::read_page;
use super::source::{Blocks, open};
use super::tape::{common_step, frame_of};
use super::{Offsets, OnBadRow, printable, text_of};
use crate::bad_row::RowFault;
use crate::error::{DataError, FileFault};
use crate::loaded::RowOrder;

/// A table of closes, with holes where an asset has no price.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wide {
    /// The names of the assets, as in the header; no two alike.
    pub names: Vec<String>,
    /// Instants, strictly rising.
    pub times: Vec<Time>,
    /// A row an instant, as many values as names; above zero.
    pub closes: Vec<Option<Price>>,
    /// Values with more than nine decimals, rounded half-even.
    pub rounded: u64,
    /// Rows that were passed over.
    pub skipped: usize,
}

/// Reads a table `date,AAPL,MSFT,…`, plain or gzip: the first column that names a time, then a close above zero or nothing in every
/// other one. An empty field, `NaN`, `NA` and `null` are holes. A row with a value that is none is passed over as a whole where
/// that is asked for.
///
/// # Errors
/// [`DataError`] for a file without a column of times and one of prices, and for the first value that is none.
pub fn read_wide(path: impl AsRef<Path>, on_bad_row: OnBadRow) -> Result<Wide, DataError> {
    let name = path.as_ref().display().to_string();
    let (file, _) = open(path.as_ref()).map_err(|fault| fault.in_file(&name, 1))?;
    read_wide_from(file, &name, on_bad_row)
}

/// Reads a table from anything that yields the bytes of such a file; `name` stands in messages where a path would.
///
/// # Errors
/// As [`read_wide`].
pub fn read_wide_from(reader: impl Read, name: &str, on_bad_row: OnBadRow) -> Result<Wide, DataError> {
    let take = |page: &mut Page, line: &[u8]| page.take_or_skip(line, on_bad_row);
    Ok(read_page(reader, name, Page::headed, take)?.wide)
}

/// True where the first line of a file heads a table of closes: times, and no open, high and low of one asset.
///
/// # Errors
/// [`DataError`] for a file that cannot be read.
pub fn is_wide(path: impl AsRef<Path>) -> Result<bool, DataError> {
    let name = path.as_ref().display().to_string();
    let (file, _) = open(path.as_ref()).map_err(|fault| fault.in_file(&name, 1))?;
    let mut blocks = Blocks::new(file, &name).map_err(|fault| fault.in_file(&name, 1))?;
    let Some(block) = blocks.next().map_err(|fault| fault.in_file(&name, 1))? else { return Ok(false) };
    let lines = block.lines().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let header = lines.into_iter().find(|line| !line.is_empty()).unwrap_or_default();
    // A name that stands twice is what is wrong with a table, and no sign of another kind of file.
    Ok(matches!(Page::headed(header), Ok(_) | Err(FileFault::NameTwice(_) | FileFault::NoName(_))))
}

impl Wide {
    /// The most common step between the instants; `None` where that is no time frame, or there is none.
    #[must_use]
    pub fn time_frame(&self) -> Option<TimeFrame> {
        frame_of(common_step(self.times.iter().copied())?)
    }
}

/// Columns that tell a file of bars.
const OF_BARS: [&str; 3] = ["open", "high", "low"];
/// What stands for no price.
const HOLES: [&str; 6] = ["", "nan", "na", "n/a", "null", "none"];

/// A table while it is read.
struct Page {
    separator: u8,
    time: usize,
    clock: Clock,
    /// What stands before the decimals; not known before a number shows it.
    mark: Option<Mark>,
    wide: Wide,
}

impl Page {
    fn headed(line: &[u8]) -> Result<Self, FileFault> {
        let mut seen = Vec::new();
        for (separator, _) in SEPARATORS {
            let Ok(fields) = split(line, separator) else { continue };
            let plain: Vec<String> = fields.iter().map(|field| plain_name(&field.text)).collect();
            let is_of_bars = OF_BARS.iter().all(|name| plain.iter().any(|column| column == name));
            if let (Some(time), false, 2..) = (time_column(&plain), is_of_bars, fields.len()) {
                let others = fields.iter().enumerate().filter(|(place, _)| *place != time);
                let names: Vec<String> = others.map(|(_, field)| printable(&field.text)).collect();
                if let Some(unnamed) =
                    fields.iter().enumerate().position(|(place, field)| place != time && field.text.trim().is_empty())
                {
                    return Err(FileFault::NoName(unnamed + 1));
                }
                let twice = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name));
                if let Some((_, name)) = twice {
                    return Err(FileFault::NameTwice(name.clone()));
                }
                let (clock, wide) = (Clock::new(Offsets::Mixed), Wide { names, ..Wide::default() });
                return Ok(Self { separator, time, clock, mark: None, wide });
            }
            if fields.len() > seen.len() {
                seen = fields.iter().map(|field| field.text.chars().take(40).collect()).collect();
            }
        }
        Err(FileFault::UnknownCalendar(seen, "date,AAPL,MSFT with a column of closes an asset"))
    }

    fn take_or_skip(&mut self, line: &[u8], on_bad_row: OnBadRow) -> Result<(), Fault> {
        let (times, closes, rounded) = (self.wide.times.len(), self.wide.closes.len(), self.wide.rounded);
        match self.take(line) {
            Err(fault) if on_bad_row == OnBadRow::Skip && !fault.fault.is_of_the_file() => {
                // Nothing of the row stays.
                self.wide.times.truncate(times);
                self.wide.closes.truncate(closes);
                (self.wide.rounded, self.wide.skipped) = (rounded, self.wide.skipped + 1);
                Ok(())
            }
            taken => taken,
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Fault> {
        let whole = |fault| Fault::new(0, &text_of(line), fault);
        let fields = split(line, self.separator).map_err(|_| whole(RowFault::BrokenQuote))?;
        let columns = self.wide.names.len() + 1;
        if fields.len() != columns {
            return Err(whole(RowFault::FieldCount(fields.len(), columns)));
        }
        for (place, field) in fields.iter().enumerate() {
            let done = if place == self.time { self.time(field) } else { self.close(field) };
            done.map_err(|fault| Fault::new(field.start, &field.text, fault))?;
        }
        Ok(())
    }

    fn time(&mut self, field: &Field<'_>) -> Result<(), RowFault> {
        let time = self.clock.careful(&field.text)?;
        match self.wide.times.last() {
            Some(last) if time == *last => Err(RowFault::TimeTwice),
            Some(last) if time < *last => Err(RowFault::Unsorted(*last, RowOrder::OldestFirst)),
            _ => {
                self.wide.times.push(time);
                Ok(())
            }
        }
    }

    fn close(&mut self, field: &Field<'_>) -> Result<(), RowFault> {
        if HOLES.iter().any(|hole| field.text.eq_ignore_ascii_case(hole)) {
            self.wide.closes.push(None);
            return Ok(());
        }
        let number = number(&field.text, Mark::settled(&mut self.mark, &field.text), "close")?;
        if number.is_too_fine() {
            return Err(RowFault::TooFine("close"));
        }
        let price = number.price().ok_or(RowFault::TooLarge("close"))?;
        if !price.is_positive() {
            return Err(RowFault::NotPositive("close"));
        }
        self.wide.rounded += u64::from(number.rounded);
        self.wide.closes.push(Some(price));
        Ok(())
    }
}
