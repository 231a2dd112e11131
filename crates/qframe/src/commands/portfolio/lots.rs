//! Tax lots: what was bought when and for how much, sold first in, first out.
use std::collections::VecDeque;
use std::path::Path;

use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::time::Time;

use super::table::{Cell, Table, known};
use crate::error::Error;

/// One purchase (or short sale, below zero) that is still held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lot {
    pub(super) quantity: Quantity,
    /// What a unit was paid with, where it is known.
    pub(super) price: Option<Price>,
    /// When, where it is known.
    pub(super) time: Option<Time>,
}

/// The lots of each asset, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lots(Vec<VecDeque<Lot>>);

/// What a trade closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Closed {
    /// Units, above zero.
    pub(super) quantity: Quantity,
    /// Value less cost, before fees; of what has a known cost.
    pub(super) gain: Cash,
    /// Units of unknown cost.
    pub(super) unknown: Quantity,
}

impl Lots {
    pub(super) fn none(assets: usize) -> Self {
        Self(vec![VecDeque::new(); assets])
    }

    /// Reads `symbol,quantity` with `price` and `date` where they are known; a symbol may have many rows.
    pub(super) fn read(path: &Path, names: &[String], last: Time) -> Result<Self, Error> {
        let mut lots = Self::none(names.len());
        for row in Table::read(path, &["symbol", "quantity"], &["price", "date"])?.rows() {
            let mut row = row.into_iter();
            let mut next = || row.next().flatten();
            let (Some(symbol), Some(quantity)) = (next(), next()) else { continue };
            let (price, date) = (next().filter(is_filled), next().filter(is_filled));
            let asset = known(symbol.text, names).map_err(|why| symbol.wrong(why))?;
            let lot = Lot {
                quantity: value(&quantity)?,
                price: price.as_ref().map(value::<Price>).transpose()?,
                time: date.as_ref().map(value::<Time>).transpose()?,
            };
            if let (Some(cell), Some(cost)) = (&price, lot.price.filter(|cost| !cost.is_positive())) {
                return Err(
                    cell.wrong(format!("{cost} is no price of a purchase; expected one above zero, or nothing"))
                );
            }
            if lot.quantity.is_zero() {
                return Err(quantity.wrong("expected units, not zero; leave the row out"));
            }
            if let (Some(cell), Some(time)) = (&date, lot.time.filter(|time| *time > last)) {
                let why = format!("the position is of {time:#}, the last price of {last:#}; bring newer prices");
                return Err(cell.wrong(why));
            }
            lots.0[asset].push_back(lot);
        }
        for (asset, lots) in lots.0.iter_mut().enumerate() {
            // Those of unknown date are taken for the oldest.
            lots.make_contiguous().sort_by_key(|lot| lot.time);
            let longs = lots.iter().filter(|lot| lot.quantity.is_positive()).count();
            if longs > 0 && longs < lots.len() {
                let why = "has long and short lots; expected one side, as opposite ones close each other";
                return Err(Error::Refused(format!("{}: {} {why}", path.display(), names[asset])));
            }
        }
        Ok(lots)
    }

    /// Units held of an asset.
    pub(super) fn held(&self, asset: usize) -> Result<Quantity, Overflow> {
        self.0[asset].iter().try_fold(Quantity::ZERO, |sum, lot| sum.plus(lot.quantity))
    }

    /// Books a trade: it closes the oldest lots of the other side first, and what is left opens a new one.
    pub(super) fn trade(
        &mut self,
        asset: usize,
        (side, quantity, price): (Side, Quantity, Price),
        time: Time,
    ) -> Result<Closed, Overflow> {
        let (lots, mut left, mut closed) = (&mut self.0[asset], quantity, Closed::default());
        while let Some(oldest) = lots.front_mut().filter(|lot| Side::of(lot.quantity) != side && !left.is_zero()) {
            let was = Side::of(oldest.quantity);
            let part = left.min(oldest.quantity.abs());
            match oldest.price {
                Some(cost) => {
                    let rise = price.minus(cost)?.times(part).ok_or(Overflow("a gain"))?;
                    closed.gain = closed.gain.plus(if was == Side::Buy { rise } else { -rise })?;
                }
                None => closed.unknown = closed.unknown.plus(part)?,
            }
            closed.quantity = closed.quantity.plus(part)?;
            left = left.minus(part)?;
            let signed = if was == Side::Buy { part } else { -part };
            oldest.quantity = oldest.quantity.minus(signed)?;
            if oldest.quantity.is_zero() {
                lots.pop_front();
            }
        }
        if !left.is_zero() {
            let quantity = if side == Side::Buy { left } else { -left };
            lots.push_back(Lot { quantity, price: Some(price), time: Some(time) });
        }
        Ok(closed)
    }
}

fn is_filled(cell: &Cell<'_>) -> bool {
    !cell.text.is_empty()
}

fn value<T: std::str::FromStr>(cell: &Cell<'_>) -> Result<T, Error>
where
    T::Err: std::fmt::Display,
{
    cell.text.parse().map_err(|error| cell.wrong(error))
}
