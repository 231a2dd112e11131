//! What the market says: bars, trades, quotes, book levels. Small `Copy` rows.
use serde::{Deserialize, Serialize};

use std::fmt;

use crate::number::{Cash, Price, Quantity, Rate, Volume};
use crate::time::Time;

/// One bar: six words. Its time is its opening instant; it is known when it closes, one time frame later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bar {
    /// The opening instant.
    pub time: Time,
    /// The first price.
    pub open: Price,
    /// The highest price.
    pub high: Price,
    /// The lowest price.
    pub low: Price,
    /// The last price.
    pub close: Price,
    /// Units traded.
    pub volume: Volume,
}

/// Why a row is no bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarFault {
    /// A price at or below zero.
    NotPositive(&'static str, Price),
    /// The high is below the low.
    HighBelowLow(Price, Price),
    /// The open or the close is outside low to high.
    Outside(&'static str, Price, Price, Price),
}

impl fmt::Display for BarFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPositive(field, price) => write!(f, "the {field} {price} is not above zero"),
            Self::HighBelowLow(high, low) => write!(f, "the high {high} is below the low {low}"),
            Self::Outside(field, price, low, high) => {
                write!(f, "the {field} {price} is outside low {low} to high {high}")
            }
        }
    }
}

impl Bar {
    /// Checks what every bar must satisfy: prices above zero, low <= open, close <= high.
    ///
    /// # Errors
    /// The first [`BarFault`] found.
    #[inline]
    pub fn check(&self) -> Result<(), BarFault> {
        let inside = |price| self.low <= price && price <= self.high;
        if self.low.is_positive() && inside(self.open) && inside(self.close) { Ok(()) } else { Err(self.fault()) }
    }

    #[cold]
    fn fault(&self) -> BarFault {
        let prices = [("open", self.open), ("high", self.high), ("low", self.low), ("close", self.close)];
        if let Some((field, price)) = prices.into_iter().find(|(_, price)| !price.is_positive()) {
            return BarFault::NotPositive(field, price);
        }
        if self.high < self.low {
            return BarFault::HighBelowLow(self.high, self.low);
        }
        let outside = |price| price < self.low || self.high < price;
        let (field, price) = if outside(self.open) { ("open", self.open) } else { ("close", self.close) };
        BarFault::Outside(field, price, self.low, self.high)
    }
}

/// Who moved: the side of an order, and the side that took liquidity in a trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Side {
    /// Buys.
    Buy,
    /// Sells.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// `quantity` with the sign of this side: bought is positive.
    #[must_use]
    #[inline]
    pub fn signed(self, quantity: Quantity) -> Quantity {
        match self {
            Self::Buy => quantity,
            Self::Sell => -quantity,
        }
    }

    /// The side that moves a position by `quantity`.
    #[must_use]
    #[inline]
    pub const fn of(quantity: Quantity) -> Self {
        if quantity.is_negative() { Self::Sell } else { Self::Buy }
    }

    /// True where `a` is the better price for this side: lower to buy, higher to sell.
    #[must_use]
    #[inline]
    pub fn prefers(self, a: Price, b: Price) -> bool {
        match self {
            Self::Buy => a < b,
            Self::Sell => a > b,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        })
    }
}

/// One trade of the public tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// When it happened, by the venue's clock.
    pub time: Time,
    /// When it was known here; equal to `time` where nobody wrote that down.
    pub received: Time,
    /// The venue's number for it.
    pub id: u64,
    /// At which price.
    pub price: Price,
    /// How many units.
    pub quantity: Volume,
    /// Who took liquidity.
    pub side: Side,
}

/// The best bid and ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// When it was current, by the venue's clock.
    pub time: Time,
    /// When it was known here; equal to `time` where nobody wrote that down.
    pub received: Time,
    /// The best bid.
    pub bid: Level,
    /// The best ask.
    pub ask: Level,
}

/// One price of an order book and what rests there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Level {
    /// The price.
    pub price: Price,
    /// Units that rest there; zero in a delta removes the level.
    pub quantity: Volume,
}

/// What a delta does to an order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BookChange {
    /// Everything goes; the levels of a snapshot follow.
    Clear,
    /// This side's level is so now. Bids are [`Side::Buy`].
    Level(Side, Level),
}

/// One change of an order book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookDelta {
    /// When it happened, by the venue's clock.
    pub time: Time,
    /// When it was known here; equal to `time` where nobody wrote that down.
    pub received: Time,
    /// The venue's sequence number.
    pub sequence: u64,
    /// What changed.
    pub change: BookChange,
    /// True for the last change of one update of the venue: in between, the book may be crossed.
    pub last: bool,
}

/// One row of a market that is fed tick by tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tick {
    /// A trade.
    Trade(Trade),
    /// A new best bid and ask.
    Quote(Quote),
    /// A change of the order book. Between two rows that are the `last` of their updates the book may be crossed; a row
    /// that clears it without levels behind it says that it is not known until the next one.
    Book(BookDelta),
}

impl Tick {
    /// When it happened, by the venue's clock.
    #[must_use]
    #[inline]
    pub const fn time(&self) -> Time {
        match self {
            Self::Trade(trade) => trade.time,
            Self::Quote(quote) => quote.time,
            Self::Book(delta) => delta.time,
        }
    }

    /// When it was known here.
    #[must_use]
    #[inline]
    pub const fn received(&self) -> Time {
        match self {
            Self::Trade(trade) => trade.received,
            Self::Quote(quote) => quote.received,
            Self::Book(delta) => delta.received,
        }
    }
}

/// What longs of a perpetual paid to shorts at an instant; below zero: shorts to longs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundingRate {
    /// When it was due.
    pub time: Time,
    /// The share of a position's value.
    pub rate: Rate,
    /// The price that values it, where the venue says so; else the last one.
    pub mark: Option<Price>,
}

/// A payment on, or a change of, the units of a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CorporateAction {
    /// So much for each unit; shorts pay it.
    Dividend(Dividend),
    /// Each unit becomes so many.
    Split(Rate),
}

/// What each unit is paid, and when. Who holds before the day of the action is entitled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dividend {
    /// So much for each unit, in the quote currency.
    pub each: Cash,
    /// The first instant of the day of payment, where it is known; else it is paid as it falls due.
    pub paid: Option<Time>,
}

impl Dividend {
    /// A payment as it falls due.
    #[must_use]
    pub const fn at_once(each: Cash) -> Self {
        Self { each, paid: None }
    }
}

/// When a [`CorporateAction`] takes effect: a split at the open of that day, a dividend for who held before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedAction {
    /// The first instant of the day.
    pub time: Time,
    /// What happens.
    pub action: CorporateAction,
}
