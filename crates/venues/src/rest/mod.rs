//! History and metadata of exchanges, page by page.
pub mod binance;
pub mod coinbase;
mod wire;

use std::fmt;
use std::ops::Range;

use qframe_model::market::Bar;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use crate::http::HttpError;

/// Why an exchange gives nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestError {
    /// The request failed.
    Http(HttpError),
    /// The exchange trades nothing of this form.
    Symbol {
        /// The symbol.
        symbol: Symbol,
        /// What the exchange has instead.
        expected: &'static str,
    },
    /// The exchange has no bars of this time frame.
    Frame {
        /// The time frame.
        frame: TimeFrame,
        /// Those it has.
        expected: &'static str,
    },
    /// The exchange does not list it.
    Unlisted(Symbol),
}

impl fmt::Display for RestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(error) => error.fmt(f),
            Self::Symbol { symbol, expected } => write!(f, "{symbol} does not trade there; expected {expected}"),
            Self::Frame { frame, expected } => write!(f, "no bars of {frame} there; expected one of {expected}"),
            Self::Unlisted(symbol) => write!(f, "{symbol} is not listed there; check its spelling"),
        }
    }
}

impl std::error::Error for RestError {}

impl From<HttpError> for RestError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}

/// What an exchange says of an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Our name of it.
    pub symbol: Symbol,
    /// The exchange's.
    pub id: String,
    /// True where it can be traded now.
    pub trading: bool,
    /// Prices are multiples of it.
    pub tick: Price,
    /// Quantities are multiples of it.
    pub lot: Quantity,
    /// The smallest quantity of an order; zero for none.
    pub min_quantity: Quantity,
    /// The largest; `None` where none is told.
    pub max_quantity: Option<Quantity>,
    /// The lowest price of an order; zero for none.
    pub min_price: Price,
    /// The highest; `None` where none is told.
    pub max_price: Option<Price>,
    /// The smallest value of an order in the quote currency; zero for none.
    pub min_notional: Cash,
}

/// Bars as an exchange gave them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// In order of time, each once, whole within the range asked for.
    pub bars: Vec<Bar>,
    /// Rows that are no bars, or say something else of an instant than the row before, each with its reason.
    pub refused: Vec<String>,
    /// Rows outside the range: exchanges send the one at its end, or before it, unasked.
    pub outside: u64,
    /// Rows that came twice, the same each time.
    pub repeated: u64,
}

impl Page {
    /// Sorts out the rows of an answer: what is in the range, in order, and what is no bar.
    fn of(rows: impl IntoIterator<Item = Bar>, range: &Range<Time>) -> Self {
        let mut page = Self::default();
        for bar in rows {
            match bar.check() {
                _ if !range.contains(&bar.time) => page.outside += 1,
                Ok(()) => page.bars.push(bar),
                Err(fault) => page.refused.push(format!("{}: {fault}", bar.time)),
            }
        }
        page.bars.sort_by_key(|bar| bar.time);
        let (repeated, refused) = (&mut page.repeated, &mut page.refused);
        page.bars.dedup_by(|bar, kept| {
            let again = bar.time == kept.time;
            if again && bar == kept {
                *repeated += 1;
            } else if again {
                refused.push(format!("{}: a second bar with other values; the first stays", bar.time));
            }
            again
        });
        page
    }
}

/// The REST API of an exchange.
#[derive(Debug)]
pub enum Rest {
    /// Binance, spot and USD-M.
    Binance(binance::Binance),
    /// Coinbase, Exchange or Advanced Trade.
    Coinbase(coinbase::Coinbase),
}

impl Rest {
    /// The venue's name, as it stands behind the `@` of a symbol.
    #[must_use]
    pub const fn venue(&self) -> &'static str {
        match self {
            Self::Binance(_) => "binance",
            Self::Coinbase(_) => "coinbase",
        }
    }

    /// At which address bars of this length are asked for.
    ///
    /// # Errors
    /// [`RestError::Symbol`] and [`RestError::Frame`] where there are none. Nothing is asked to know it.
    pub fn address(&self, symbol: &Symbol, frame: TimeFrame) -> Result<&str, RestError> {
        match self {
            Self::Binance(rest) => rest.address(symbol, frame),
            Self::Coinbase(rest) => rest.address(symbol, frame),
        }
    }

    /// The exchange's clock.
    ///
    /// # Errors
    /// [`RestError::Http`].
    pub async fn now(&self, symbol: &Symbol) -> Result<Time, RestError> {
        match self {
            Self::Binance(rest) => rest.now(symbol).await,
            Self::Coinbase(rest) => rest.now().await,
        }
    }

    /// What the exchange says of an instrument.
    ///
    /// # Errors
    /// [`RestError`], as it says.
    pub async fn listing(&self, symbol: &Symbol) -> Result<Listing, RestError> {
        match self {
            Self::Binance(rest) => rest.listing(symbol).await,
            Self::Coinbase(rest) => rest.listing(symbol).await,
        }
    }

    /// How many bars one page holds.
    #[must_use]
    pub const fn page(&self) -> usize {
        match self {
            Self::Binance(_) => binance::PAGE,
            Self::Coinbase(rest) => rest.page(),
        }
    }

    /// The bars that open in the range, of which at most [`Rest::page`] are asked for.
    ///
    /// # Errors
    /// [`RestError`], as it says.
    pub async fn bars(&self, symbol: &Symbol, frame: TimeFrame, range: Range<Time>) -> Result<Page, RestError> {
        match self {
            Self::Binance(rest) => rest.bars(symbol, frame, range).await,
            Self::Coinbase(rest) => rest.bars(symbol, frame, range).await,
        }
    }
}
