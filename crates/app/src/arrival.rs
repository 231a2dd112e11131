//! Rows of live data, one by one.
use std::sync::Arc;

use qframe_data::{DataKey, Kind};
use qframe_model::market::{Bar, BookDelta, FundingRate, Quote, Trade};
use qframe_model::time::Time;
use serde::{Deserialize, Serialize};

/// A row, of what, and when it reached us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The data set that it belongs to.
    pub key: Arc<DataKey>,
    /// The row.
    pub row: Row,
    /// When its last byte reached this machine.
    pub received: Time,
}

/// A row of live data. Spools store it by the place of its variant: new ones go at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Row {
    /// A bar that is over.
    Bar(Bar),
    /// A trade.
    Trade(Trade),
    /// The best bid and ask.
    Quote(Quote),
    /// A change of a book that is whole: a snapshot comes first, after a gap again.
    Book(BookDelta),
    /// Funding that fell due.
    Funding(FundingRate),
}

impl Row {
    /// The kind of data set that holds such rows.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Bar(_) => Kind::Bars,
            Self::Trade(_) => Kind::Trades,
            Self::Quote(_) => Kind::Quotes,
            Self::Book(_) => Kind::Book,
            Self::Funding(_) => Kind::Funding,
        }
    }

    /// When it happened at the venue; of a bar, when it opened.
    #[must_use]
    pub const fn time(&self) -> Time {
        match self {
            Self::Bar(bar) => bar.time,
            Self::Trade(trade) => trade.time,
            Self::Quote(quote) => quote.time,
            Self::Book(delta) => delta.time,
            Self::Funding(rate) => rate.time,
        }
    }
}
