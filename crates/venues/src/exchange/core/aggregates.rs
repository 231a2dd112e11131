//! Trades of one order at one price, as one.
use std::collections::VecDeque;

use qframe_model::ids::OrderId;
use qframe_model::market::{Side, Trade};
use qframe_model::number::{Price, Quantity};
use qframe_model::time::Time;

/// The most sums that are kept; the oldest go.
const KEPT: usize = 2_000;

/// What one order took at one price at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aggregate {
    /// Its number.
    pub id: u64,
    /// The number of its first trade.
    pub first: u64,
    /// The number of its last trade.
    pub last: u64,
    /// When.
    pub time: Time,
    /// At which price.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
    /// The side that took.
    pub side: Side,
}

/// The sums of one product, newest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Aggregates {
    kept: VecDeque<Aggregate>,
    /// True where the newest may still grow.
    is_open: bool,
    /// Whose the newest is, where it is a user's.
    taker: Option<OrderId>,
}

impl Aggregates {
    /// Oldest first.
    pub(super) const fn kept(&self) -> &VecDeque<Aggregate> {
        &self.kept
    }

    /// Takes a trade in. `is_part` says whether it may be a part of a sum. Gives the sum that it ends.
    pub(super) fn trade(&mut self, trade: &Trade, taker: Option<OrderId>, is_part: bool) -> Option<Aggregate> {
        let Trade { time, id, price, side, .. } = *trade;
        let quantity = trade.quantity.quantity();
        let before = self.kept.back().copied();
        if let Some(newest) = self.kept.back_mut().filter(|_| self.is_open && is_part && self.taker == taker)
            && (newest.time, newest.price, newest.side, newest.last.checked_add(1)) == (time, price, side, Some(id))
        {
            newest.last = id;
            newest.quantity = newest.quantity.plus(quantity).unwrap_or(Quantity::MAX);
            return None;
        }
        let ended = self.close();
        // What is missing among the trades is missing among the sums.
        let number = before.map_or(id, |before| before.id.saturating_add(id.saturating_sub(before.last).max(1)));
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Aggregate { id: number, first: id, last: id, time, price, quantity, side });
        (self.is_open, self.taker) = (true, taker);
        ended
    }

    /// The newest grows no more. Gives it, where it had not been given.
    pub(super) fn close(&mut self) -> Option<Aggregate> {
        std::mem::take(&mut self.is_open).then(|| self.kept.back().copied()).flatten()
    }
}
