//! What a strategy is: it sees the market one row at a time and answers with orders.
use qframe_model::fill::Fill;
use qframe_model::market::{Bar, BookDelta, Quote, Trade};

use crate::context::Context;

/// A row of the market, at the instant it became known. A bar is known at its close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Market<'a> {
    /// A closed bar.
    Bar(&'a Bar),
    /// A trade of the tape.
    Trade(&'a Trade),
    /// The best bid and ask.
    Quote(&'a Quote),
    /// A change of the order book.
    Book(&'a BookDelta),
}

impl<'a> Market<'a> {
    /// The bar, where this is one.
    #[must_use]
    #[inline]
    pub const fn bar(&self) -> Option<&'a Bar> {
        match self {
            Self::Bar(bar) => Some(bar),
            _ => None,
        }
    }

    /// The close of a bar or the price of a trade, as `f64` for indicators.
    #[must_use]
    #[inline]
    pub fn close(&self) -> Option<f64> {
        match self {
            Self::Bar(bar) => Some(bar.close.to_f64()),
            Self::Trade(trade) => Some(trade.price.to_f64()),
            _ => None,
        }
    }
}

/// A trading strategy. It owns its indicators; everything else it knows comes from the [`Context`].
///
/// Hooks are called in this order: `on_start` once; for every row `on_fill` for what filled before it, then `on_market`;
/// `on_instant` when all rows of one instant are in; `on_end` once. A call without a row (`on_start`, `on_instant`,
/// `on_timer`, `on_end`) has a context that speaks of the first series, whatever was delivered last.
pub trait Strategy {
    /// A row became known.
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>);

    /// Passes over bars on which it would ask for nothing, whatever is held: takes them in as `on_market` would, and gives
    /// how many it passed; it stops before the first on which it might ask for something, and `on_market` gets that one.
    /// `None`: every bar goes to `on_market`.
    ///
    /// This is for speed only. It is used on one series while no order or timer waits and no limit watches the equity, and
    /// no hook is called for the bars that were passed.
    #[inline]
    fn pass(&mut self, _bars: &[Bar]) -> Option<usize> {
        None
    }

    /// How many past bars of each series [`Context::history`] should keep.
    fn lookback(&self) -> usize {
        0
    }

    /// How many bars must pass before the strategy can act: its longest indicator.
    fn warm_up(&self) -> usize {
        0
    }

    /// The run begins; no price is known yet.
    fn on_start(&mut self, _context: &mut Context<'_>) {}

    /// An order of ours, or the venue by its own right, traded.
    fn on_fill(&mut self, _fill: &Fill, _context: &mut Context<'_>) {}

    /// An instant that was asked for with [`Context::wake_at`] has come; before `on_instant` of the same instant.
    fn on_timer(&mut self, _context: &mut Context<'_>) {}

    /// All rows of this instant are in: the place for decisions over several symbols.
    fn on_instant(&mut self, _context: &mut Context<'_>) {}

    /// The run is over; orders are no longer taken.
    fn on_end(&mut self, _context: &mut Context<'_>) {}
}

impl<S: Strategy + ?Sized> Strategy for Box<S> {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        (**self).on_market(market, context);
    }
    fn pass(&mut self, bars: &[Bar]) -> Option<usize> {
        (**self).pass(bars)
    }
    fn lookback(&self) -> usize {
        (**self).lookback()
    }
    fn warm_up(&self) -> usize {
        (**self).warm_up()
    }
    fn on_start(&mut self, context: &mut Context<'_>) {
        (**self).on_start(context);
    }
    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) {
        (**self).on_fill(fill, context);
    }
    fn on_timer(&mut self, context: &mut Context<'_>) {
        (**self).on_timer(context);
    }
    fn on_instant(&mut self, context: &mut Context<'_>) {
        (**self).on_instant(context);
    }
    fn on_end(&mut self, context: &mut Context<'_>) {
        (**self).on_end(context);
    }
}
