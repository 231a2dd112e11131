//! What one message of an exchange's feed says, whoever said it.
use std::fmt;

use qframe_model::market::{Bar, Level, Side};
use qframe_model::number::{Price, Rate, Volume};
use qframe_model::time::{Time, TimeFrame};

/// Whose rules a frame follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feed {
    /// Binance spot: updates count up from `U` to `u` without a hole.
    BinanceSpot,
    /// Binance futures, margined in USD or in coin: each update names the one before it (`pu`).
    BinanceFutures,
    /// Coinbase Exchange: `level2` has no sequence; the feed promises to deliver all of it.
    CoinbaseExchange,
    /// Coinbase Advanced Trade: one sequence over all channels of a connection.
    CoinbaseAdvanced,
}

impl Feed {
    /// The exchange, as data sets name it.
    #[must_use]
    pub const fn venue(self) -> &'static str {
        match self {
            Self::BinanceSpot | Self::BinanceFutures => "binance",
            Self::CoinbaseExchange | Self::CoinbaseAdvanced => "coinbase",
        }
    }

    /// Its name in reports and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BinanceSpot => "binance spot",
            Self::BinanceFutures => "binance futures",
            Self::CoinbaseExchange => "coinbase exchange",
            Self::CoinbaseAdvanced => "coinbase advanced",
        }
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A level of a side as it is now. Quantity zero: nothing rests there.
pub type Change = (Side, Level);

/// One fact of a message. A message of Coinbase Advanced may hold several; those of the others hold one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Whose rules it follows. Bars of Binance do not tell their market, and are taken for those of futures.
    pub feed: Feed,
    /// The exchange's name of the instrument; empty where the message does not say it (a snapshot of Binance spot).
    pub name: &'a str,
    /// When it happened, by the exchange's clock; `None` where the message does not say it.
    pub time: Option<Time>,
    /// The message's number among all of its connection, where the feed counts them.
    pub message: Option<u64>,
    /// The place of this fact in its message, from 0.
    pub part: u32,
    /// What it says.
    pub content: Content<'a>,
}

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// A whole book, as of update `last` where updates are numbered.
    Snapshot {
        /// Binance's `lastUpdateId`.
        last: Option<u64>,
        /// Its levels.
        changes: &'a [Change],
    },
    /// A change of a book.
    Diff {
        /// Which updates it covers, where they are numbered.
        updates: Option<Updates>,
        /// The levels that changed.
        changes: &'a [Change],
    },
    /// The best bid and ask.
    Quote(Top),
    /// A trade of the public tape.
    Trade {
        /// The exchange's number for it.
        id: u64,
        /// At which price.
        price: Price,
        /// How many units.
        quantity: Volume,
        /// Who took liquidity.
        side: Side,
        /// True for the sum of an order's trades at one price, false for single trades.
        aggregate: bool,
    },
    /// A bar as it is now.
    Bar {
        /// Its prices and volume so far.
        bar: Bar,
        /// How long it is.
        frame: TimeFrame,
        /// True where the feed says that it is over.
        over: bool,
    },
    /// The mark price of a perpetual, and what falls due next.
    Mark {
        /// The mark price.
        mark: Price,
        /// The funding rate as it would be now.
        rate: Rate,
        /// When it falls due.
        due: Time,
    },
    /// Something else: its name.
    Other(&'a str),
}

impl Content<'_> {
    /// True for what books, quotes and tapes are made of.
    #[must_use]
    pub const fn is_tick(&self) -> bool {
        matches!(self, Self::Snapshot { .. } | Self::Diff { .. } | Self::Quote(_) | Self::Trade { .. })
    }
}

/// The numbers of the updates in a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Updates {
    /// The first: `U`.
    pub first: u64,
    /// The last: `u`.
    pub last: u64,
    /// The last of the diff before it: `pu`; futures only.
    pub previous: Option<u64>,
}

/// The best bid and ask; a quantity is `None` where the feed does not tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Top {
    /// The update after which it was so, where updates are numbered.
    pub update: Option<u64>,
    /// The best bid.
    pub bid: Price,
    /// What rests there.
    pub bid_quantity: Option<Volume>,
    /// The best ask.
    pub ask: Price,
    /// What rests there.
    pub ask_quantity: Option<Volume>,
}

/// Why a message gives no frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameFault {
    /// No JSON object; the parser's words.
    NotJson(String),
    /// A field of a known message is not there, or of another form.
    Field(&'static str),
    /// A number that no exact price or quantity holds, or below zero; which field, and the text.
    Number(&'static str, String),
    /// More events and entries than so many.
    TooMany(usize),
}

impl FrameFault {
    /// The reason in a few words, under which messages are counted.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "no JSON",
            Self::Field(_) => "a field is absent",
            Self::Number(..) => "no exact number",
            Self::TooMany(_) => "too many entries",
        }
    }
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(words) => write!(f, "is no JSON object ({words}); expected one message of the feed"),
            Self::Field(name) => write!(f, "has no field {name:?} of the usual form; expected a message as documented"),
            Self::TooMany(most) => write!(f, "has over {most} entries; expected one message of the feed"),
            Self::Number(field, text) => write!(
                f,
                "has {text:?} as the {field}; expected digits such as \"61800.20\", up to nine decimals, not below zero"
            ),
        }
    }
}

impl std::error::Error for FrameFault {}
