//! One row of any carrier, cell by cell.
use std::borrow::Cow;

use qframe_model::market::Side;
use qframe_model::number::{Price, Volume};
use qframe_model::time::Time;

use super::stamps::Stamps;
use crate::bad_row::RowFault;
use crate::csv::mark::Mark;
use crate::csv::number::{Nanos, NumberFault};

/// What is wrong, and in which column (from 0).
pub(super) type Fault = (usize, RowFault);

/// A row: its cells by column.
pub(super) trait Cells {
    /// The cell as text, without outer spaces.
    fn text(&self, at: usize) -> Cow<'_, str>;

    /// The cell as a time.
    fn time(&self, at: usize, stamps: &mut Stamps) -> Result<Time, RowFault> {
        stamps.read(&self.text(at))
    }

    /// The cell as a number.
    fn nanos(&self, at: usize) -> Result<Nanos, NumberFault> {
        Mark::Point.read(&self.text(at))
    }

    /// The cell as a price, where it is a plain number: a shortcut.
    fn plain_price(&self, _at: usize) -> Option<Price> {
        None
    }

    /// The cell as a volume, where it is a plain number: a shortcut.
    fn plain_volume(&self, _at: usize) -> Option<Volume> {
        None
    }

    /// True where nothing stands there.
    fn is_empty(&self, at: usize) -> bool {
        self.text(at).is_empty()
    }
}

/// A row with what reading it needs and counts.
pub(super) struct Reading<'a, C> {
    pub(super) cells: &'a C,
    pub(super) stamps: &'a mut Stamps,
    /// Prices stand there so many times too high.
    pub(super) scale: i64,
    /// Values that were rounded so far.
    pub(super) rounded: &'a mut u64,
}

impl<C: Cells> Reading<'_, C> {
    pub(super) fn time(&mut self, at: usize) -> Result<Time, Fault> {
        self.cells.time(at, self.stamps).map_err(|fault| (at, fault))
    }

    /// A price of either sign.
    pub(super) fn price(&mut self, at: usize, field: &'static str) -> Result<Price, Fault> {
        let price = match self.cells.plain_price(at) {
            Some(price) => price,
            None => {
                let number = self.number(at, field)?;
                if number.is_too_fine() {
                    return Err((at, RowFault::TooFine(field)));
                }
                *self.rounded += u64::from(number.rounded);
                number.price().ok_or((at, RowFault::TooLarge(field)))?
            }
        };
        match self.scale {
            1 => Ok(price),
            scale if price.nanos() % scale == 0 => Ok(Price::from_nanos(price.nanos() / scale)),
            _ => Err((at, RowFault::TooFine(field))),
        }
    }

    /// A price above zero.
    pub(super) fn positive(&mut self, at: usize, field: &'static str) -> Result<Price, Fault> {
        let price = self.price(at, field)?;
        if price.is_positive() { Ok(price) } else { Err((at, RowFault::NotPositive(field))) }
    }

    pub(super) fn volume(&mut self, at: usize, field: &'static str) -> Result<Volume, Fault> {
        if let Some(volume) = self.cells.plain_volume(at) {
            return Ok(volume);
        }
        let number = self.number(at, field)?;
        if number.value < 0 {
            return Err((at, RowFault::NegativeVolume));
        }
        let (volume, rounded) = number.volume().ok_or((at, RowFault::TooLarge(field)))?;
        *self.rounded += u64::from(rounded);
        Ok(volume)
    }

    /// A volume, or zero where there is no such column.
    pub(super) fn volume_or_zero(&mut self, at: Option<usize>, field: &'static str) -> Result<Volume, Fault> {
        at.map_or(Ok(Volume::ZERO), |at| self.volume(at, field))
    }

    pub(super) fn number(&self, at: usize, field: &'static str) -> Result<Nanos, Fault> {
        self.cells.nanos(at).map_err(|fault| (at, fault.of(field)))
    }

    pub(super) fn whole(&self, at: usize, field: &'static str) -> Result<u64, Fault> {
        let text = self.cells.text(at);
        text.parse()
            .or_else(|_| text.strip_suffix(".0").unwrap_or("").parse())
            .map_err(|_| (at, RowFault::NotANumber(field)))
    }

    pub(super) fn is_true(&self, at: usize) -> Result<bool, Fault> {
        match self.cells.text(at).to_ascii_lowercase().as_str() {
            "true" | "1" | "t" => Ok(true),
            "false" | "0" | "f" => Ok(false),
            _ => Err((at, RowFault::NotA("flag", "true or false"))),
        }
    }

    /// The side that a word names.
    pub(super) fn side(&self, at: usize) -> Result<Side, Fault> {
        match self.cells.text(at).to_ascii_lowercase().as_str() {
            "buy" | "b" | "bid" | "bids" => Ok(Side::Buy),
            "sell" | "s" | "a" | "ask" | "asks" => Ok(Side::Sell),
            _ => Err((at, RowFault::NotA("side", "buy or sell"))),
        }
    }
}
