//! Fills: what a venue did with an order.
use serde::{Deserialize, Serialize};

use crate::ids::{CommodityId, InstrumentId, OrderId};
use crate::market::Side;
use crate::number::{Cash, Price, Quantity};
use crate::order::Purpose;
use crate::time::Time;

/// Whether a fill rested in the book or came to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Liquidity {
    /// Rested.
    Maker,
    /// Came.
    Taker,
}

/// One execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Of which order.
    pub order: OrderId,
    /// Of what.
    pub instrument: InstrumentId,
    /// When.
    pub time: Time,
    /// Which way.
    pub side: Side,
    /// At which price.
    pub price: Price,
    /// Units, above zero.
    pub quantity: Quantity,
    /// What the venue takes; negative is a rebate.
    pub fee: Cash,
    /// The commodity that the fee is paid in.
    pub fee_in: CommodityId,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// Why the order was sent.
    pub purpose: Purpose,
}

impl Fill {
    /// Units with their sign: bought is positive.
    #[must_use]
    #[inline]
    pub fn signed(&self) -> Quantity {
        self.side.signed(self.quantity)
    }
}
