//! What market data there is, and what one set of it is called.
use std::fmt;
use std::str::FromStr;

use qframe_model::market::{Bar, BookDelta, DatedAction, FundingRate, Quote, Trade};
use qframe_model::symbol::Symbol;
use qframe_model::time::TimeFrame;

/// What the rows of a data set are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Bars of trades, or of mid prices where nothing else is known.
    Bars,
    /// Bars of the best bid.
    Bids,
    /// Bars of the best ask.
    Asks,
    /// Trades of the tape.
    Trades,
    /// Best bids and asks.
    Quotes,
    /// Changes of an order book.
    Book,
    /// Funding rates of a perpetual.
    Funding,
    /// Dividends and splits.
    Actions,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Bars, Self::Bids, Self::Asks, Self::Trades, Self::Quotes, Self::Book, Self::Funding, Self::Actions];

    /// Its name on the command line and in paths.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::Bids => "bids",
            Self::Asks => "asks",
            Self::Trades => "trades",
            Self::Quotes => "quotes",
            Self::Book => "book",
            Self::Funding => "funding",
            Self::Actions => "actions",
        }
    }

    /// True where a row is a bar, so that a data set has a time frame.
    #[must_use]
    pub const fn is_bars(self) -> bool {
        matches!(self, Self::Bars | Self::Bids | Self::Asks)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("`{text}` is no kind of data; there are {}", names()))
    }
}

/// Rows of one kind, oldest first. Times of bars and funding rates rise strictly; those of the others may repeat (a
/// dividend and a split may share a day).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Of [`Kind::Bars`], [`Kind::Bids`] or [`Kind::Asks`].
    Bars(Vec<Bar>),
    /// Trades.
    Trades(Vec<Trade>),
    /// Quotes.
    Quotes(Vec<Quote>),
    /// Changes of a book.
    Book(Vec<BookDelta>),
    /// Funding rates.
    Funding(Vec<FundingRate>),
    /// Dividends and splits.
    Actions(Vec<DatedAction>),
}

impl Rows {
    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Bars(rows) => rows.len(),
            Self::Trades(rows) => rows.len(),
            Self::Quotes(rows) => rows.len(),
            Self::Book(rows) => rows.len(),
            Self::Funding(rows) => rows.len(),
            Self::Actions(rows) => rows.len(),
        }
    }

    /// Takes the first ones away.
    pub fn drop_first(&mut self, count: usize) {
        let count = count.min(self.len());
        match self {
            Self::Bars(rows) => drop(rows.drain(..count)),
            Self::Trades(rows) => drop(rows.drain(..count)),
            Self::Quotes(rows) => drop(rows.drain(..count)),
            Self::Book(rows) => drop(rows.drain(..count)),
            Self::Funding(rows) => drop(rows.drain(..count)),
            Self::Actions(rows) => drop(rows.drain(..count)),
        }
    }

    /// Keeps the first ones.
    pub fn truncate(&mut self, count: usize) {
        match self {
            Self::Bars(rows) => rows.truncate(count),
            Self::Trades(rows) => rows.truncate(count),
            Self::Quotes(rows) => rows.truncate(count),
            Self::Book(rows) => rows.truncate(count),
            Self::Funding(rows) => rows.truncate(count),
            Self::Actions(rows) => rows.truncate(count),
        }
    }

    /// True where there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The name of a data set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataKey {
    /// What its rows are.
    pub kind: Kind,
    /// Where they were recorded, in lower case: `binance`, `coinbase`, `nyse`.
    pub venue: String,
    /// Of what; without a venue.
    pub symbol: Symbol,
    /// The length of its bars; `None` for what is no bar.
    pub frame: Option<TimeFrame>,
}

impl fmt::Display for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{} {}", self.symbol, self.venue, self.kind)?;
        self.frame.map_or(Ok(()), |frame| write!(f, " {frame}"))
    }
}
