//! Rows that are no bars, looked at as they come: each kind by its own rules.
use qframe_model::market::Bar;
use qframe_model::number::Price;

use super::actions::ActionCheck;
use super::depth::BookCheck;
use super::payments::FundingCheck;
use super::tally::Report;
use super::tape::{QuoteCheck, TradeCheck};
use crate::hours::Hours;
use crate::rows::{Kind, Rows};

/// A price so far from the one before it and the one behind it, which agree, is an outlier.
const OUTLIER_MOVE: f64 = 0.03;
const OUTLIER_LEFT: f64 = 0.25;

/// What is known of the market that a stream of rows is of.
#[derive(Debug, Clone, Default)]
pub struct Market {
    /// Prices are multiples of it; `None`: not known, not checked.
    pub tick: Option<Price>,
    /// When it is open; `None`: not known, and no silence is one.
    pub hours: Option<&'static Hours>,
    /// Bars that splits and dividends are held against, oldest first; empty: not known.
    pub bars: Vec<Bar>,
}

/// Looks at rows of one kind.
#[derive(Debug, Clone)]
pub enum StreamCheck {
    /// At trades.
    Trades(Box<TradeCheck>),
    /// At quotes.
    Quotes(Box<QuoteCheck>),
    /// At changes of a book.
    Book(Box<BookCheck>),
    /// At funding rates.
    Funding(Box<FundingCheck>),
    /// At dividends and splits.
    Actions(Box<ActionCheck>),
}

impl StreamCheck {
    /// Of a kind; `None` for bars, which are looked at as a whole: see [`check`](super::check).
    #[must_use]
    pub fn new(kind: Kind, market: Market) -> Option<Self> {
        Some(match kind {
            Kind::Bars | Kind::Bids | Kind::Asks => return None,
            Kind::Trades => Self::Trades(Box::new(TradeCheck::new(&market))),
            Kind::Quotes => Self::Quotes(Box::new(QuoteCheck::new(&market))),
            Kind::Book => Self::Book(Box::new(BookCheck::new(&market))),
            Kind::Funding => Self::Funding(Box::default()),
            Kind::Actions => Self::Actions(Box::new(ActionCheck::new(market))),
        })
    }

    /// Looks at the next rows; those of another kind are not looked at.
    pub fn push(&mut self, rows: &Rows) {
        match (self, rows) {
            (Self::Trades(check), Rows::Trades(rows)) => rows.iter().for_each(|row| check.push(row)),
            (Self::Quotes(check), Rows::Quotes(rows)) => rows.iter().for_each(|row| check.push(row)),
            (Self::Book(check), Rows::Book(rows)) => rows.iter().for_each(|row| check.push(row)),
            (Self::Funding(check), Rows::Funding(rows)) => rows.iter().for_each(|row| check.push(row)),
            (Self::Actions(check), Rows::Actions(rows)) => rows.iter().for_each(|row| check.push(row)),
            _ => {}
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Report {
        match self {
            Self::Trades(check) => check.finish(),
            Self::Quotes(check) => check.finish(),
            Self::Book(check) => check.finish(),
            Self::Funding(check) => check.finish(),
            Self::Actions(check) => check.finish(),
        }
    }
}

pub(super) fn is_off(tick: Option<Price>, price: Price) -> bool {
    tick.is_some_and(|tick| tick.nanos() > 1 && price.nanos() % tick.nanos() != 0)
}

/// Out and back by more than 3 %, with no more than a quarter left of it.
pub(super) fn is_outlier(prices: [Price; 3]) -> bool {
    let [before, at, after] = prices.map(Price::to_f64);
    let (out, back) = (at / before - 1.0, after / at - 1.0);
    let least = out.abs().min(back.abs());
    least > OUTLIER_MOVE && out * back < 0.0 && (after / before - 1.0).abs() <= OUTLIER_LEFT * least
}
