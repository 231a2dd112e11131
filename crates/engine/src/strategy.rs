//! What a strategy is: it sees the market one row at a time and answers with orders.
use qframe_model::fill::Fill;
use qframe_model::market::{Bar, BookDelta, FundingRate, Quote, Trade};

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
    /// What longs of a perpetual paid to shorts, whether or not any is held. On bars it is known when those close in whose
    /// time it fell due, and comes before them.
    Funding(&'a FundingRate),
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

    /// The close of a bar, as `f64` for indicators; nothing of any other row.
    #[must_use]
    #[inline]
    pub fn close(&self) -> Option<f64> {
        self.bar().map(|bar| bar.close.to_f64())
    }
}

/// Bars that go by while nothing waits. Each is taken once, in its order; none can be seen before the one ahead of it.
#[derive(Debug)]
pub struct Quiet<'a> {
    bars: std::slice::Iter<'a, Bar>,
}

impl<'a> Quiet<'a> {
    pub(crate) fn new(bars: &'a [Bar]) -> Self {
        Self { bars: bars.iter() }
    }

    /// How many have not been taken.
    pub(crate) fn left(&self) -> usize {
        self.bars.len()
    }
}

impl<'a> Iterator for Quiet<'a> {
    type Item = &'a Bar;

    #[inline]
    fn next(&mut self) -> Option<&'a Bar> {
        self.bars.next()
    }
}

/// What a strategy did with [`Quiet`] bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// It takes none; it need not be asked again.
    Never,
    /// It took in all of them, and asks for nothing.
    Over,
    /// On the last one that it took it may ask for something.
    Met,
}

/// A trading strategy. It owns its indicators; everything else it knows comes from the [`Context`].
///
/// Hooks are called in this order: `on_start` once; for every row `on_fill` for what filled before it, then `on_market`;
/// `on_instant` when all rows of one instant are in; `on_end` once. A call without a row (`on_start`, `on_instant`,
/// `on_timer`, `on_end`) has a context that speaks of the first series, whatever was delivered last.
pub trait Strategy {
    /// A row became known.
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>);

    /// Takes bars in, one by one as `on_market` would, for as long as it would ask for nothing whatever is held. The bar on
    /// which it might ask is [`Pass::Met`]: `on_market` gets that one next, although it was taken in here.
    ///
    /// This is for speed only. It is used on one series while no order or timer waits and no limit watches the equity, and
    /// no hook is called for the bars that went by.
    #[inline]
    fn pass(&mut self, _bars: &mut Quiet<'_>) -> Pass {
        Pass::Never
    }

    /// How many past bars of each series [`Context::history`] should keep.
    fn lookback(&self) -> usize {
        0
    }

    /// How many bars must pass before the strategy can act: its longest indicator.
    fn warm_up(&self) -> usize {
        0
    }

    /// How many bars it should have seen before its first decision counts, to decide as one that saw all of them: the warm-up, and
    /// more where an average never quite forgets. freqtrade calls it the startup candle count; `qframe lookahead` proves it.
    fn startup(&self) -> usize {
        self.warm_up()
    }

    /// The run begins; no price is known yet.
    fn on_start(&mut self, _context: &mut Context<'_>) {}

    /// An order of ours, or the venue by its own right, traded.
    ///
    /// `now` is the later of the instant before and the fill's own: a fill inside a bar's range carries the bar's opening,
    /// though it is known only when the bar closes.
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
    fn pass(&mut self, bars: &mut Quiet<'_>) -> Pass {
        (**self).pass(bars)
    }
    fn lookback(&self) -> usize {
        (**self).lookback()
    }
    fn warm_up(&self) -> usize {
        (**self).warm_up()
    }
    fn startup(&self) -> usize {
        (**self).startup()
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
