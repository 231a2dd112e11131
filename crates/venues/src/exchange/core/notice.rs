//! What happens at the exchange, for those who listen.
use qframe_model::currency::Currency;
use qframe_model::market::{Level, Trade};
use qframe_model::time::Time;

use super::aggregates::Aggregate;
use super::candles::Candle;
use super::order::{Execution, Record};
use super::wallet::Balance;

/// How often changes of a book are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Every 50 ms.
    Batch,
    /// Every 100 ms.
    Fast,
    /// Every second.
    Slow,
}

/// Why an order is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It was taken.
    Taken,
    /// It traded.
    Traded(Execution),
    /// Its user withdrew it.
    Cancelled,
    /// The exchange ended it.
    Expired,
    /// It ended since it would have traded with another order of its own user.
    Prevented,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A trade of the tape.
    Trade {
        /// Of which product.
        product: usize,
        /// The trade.
        trade: Trade,
    },
    /// All that one order took at one price.
    Aggregate {
        /// Of which product.
        product: usize,
        /// The sum.
        aggregate: Aggregate,
    },
    /// The levels of the book that changed since the last notice of this pace, as they are now.
    Depth {
        /// Of which product.
        product: usize,
        /// When it is told.
        time: Time,
        /// How often.
        pace: Pace,
        /// The first update in it.
        first: u64,
        /// The last update in it.
        last: u64,
        /// Bids; quantity zero is gone.
        bids: Vec<Level>,
        /// Asks.
        asks: Vec<Level>,
    },
    /// A new best bid or ask.
    Quote {
        /// Of which product.
        product: usize,
        /// The book's update.
        update: u64,
        /// The best bid.
        bid: Level,
        /// The best ask.
        ask: Level,
    },
    /// A bar changed.
    Candle {
        /// Of which product.
        product: usize,
        /// When it is told.
        time: Time,
        /// The place of its length among the intervals.
        interval: usize,
        /// The bar.
        candle: Candle,
        /// True where it is over.
        closed: bool,
    },
    /// The figures of the last 24 hours changed.
    Day {
        /// Of which product.
        product: usize,
        /// When it is told.
        time: Time,
    },
    /// Something happened to an order.
    Order {
        /// The order, as it is after it.
        order: Box<Record>,
        /// What.
        happened: Happened,
        /// When.
        time: Time,
    },
    /// What a user has changed.
    Balances {
        /// Whose.
        user: usize,
        /// When.
        time: Time,
        /// The assets that changed.
        balances: Vec<(Currency, Balance)>,
    },
    /// A list of orders began or ended.
    List {
        /// Whose.
        user: usize,
        /// The list.
        list: u64,
        /// When.
        time: Time,
        /// True where it is over.
        over: bool,
    },
}
