//! Tax lots: what was bought when and for how much, sold first in, first out.
use std::collections::VecDeque;
use std::path::Path;

use qframe_data::Panel;
use qframe_model::currency::Currency;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::time::Time;

use super::weights::known;
use crate::commands::table::{CURRENCY, POSITIONS, PRICE, QUANTITY, SYMBOL, TIME, Table, VOLUME};
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

    /// Reads `symbol,quantity` with `price` and `time` where they are known; a symbol may have many rows.
    ///
    /// # Errors
    /// Refused, with the place: an unknown column or symbol, a wrong value, a position newer than its price, lots of both
    /// sides.
    pub(super) fn read(path: &Path, panel: &Panel, own: Currency) -> Result<Self, Error> {
        let names = &panel.names;
        let mut lots = Self::none(names.len());
        let table = Table::read("--positions", path)?.of(POSITIONS)?;
        let (symbol, units) = (table.needed(SYMBOL, "symbol,quantity")?, table.needed(QUANTITY, "symbol,quantity")?);
        let (cost, time) = (table.column(PRICE), table.column(TIME));
        let (volume, money) = (table.column(VOLUME), table.column(CURRENCY));
        for row in table.rows() {
            let asset = known(table.text(row, symbol), names).map_err(|why| table.wrong(row, symbol, why))?;
            let (quantity, price) = (table.units(row, units)?, table.paid(row, cost)?);
            table.traded(row, volume)?;
            let code = table.optional::<Currency>(row, money)?;
            if let (Some(code), Some(_)) = (money, code.filter(|code| *code != own)) {
                let why = format!("expected {own}, the --currency of all prices; give those, or leave it empty");
                return Err(table.wrong(row, code, why));
            }
            let time = table.held_at(row, time, panel, asset)?;
            if lots.0[asset].iter().any(|lot| Side::of(lot.quantity) != Side::of(quantity)) {
                let why = "expected lots of one side, as those above: a long and a short one close each other";
                return Err(table.wrong(row, units, why));
            }
            lots.0[asset].push_back(Lot { quantity, price, time });
        }
        // Those of unknown date are taken for the oldest.
        lots.0.iter_mut().for_each(|lots| lots.make_contiguous().sort_by_key(|lot| lot.time));
        Ok(lots)
    }

    /// What to know of the order in which they are sold, an asset a sentence.
    pub(super) fn notes(&self, names: &[String]) -> Vec<String> {
        let told = |(lots, name): (&VecDeque<Lot>, &String)| {
            let (first, last) = (lots.front()?, lots.back()?);
            let sold = if Side::of(first.quantity) == Side::Buy { "sold" } else { "bought back" };
            let is_mixed = first.time.is_none() && last.time.is_some();
            is_mixed.then(|| {
                format!(
                    "{name} has lots with a time and lots without one: those without are taken for the oldest, and {sold} first"
                )
            })
        };
        self.0.iter().zip(names).filter_map(told).collect()
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
