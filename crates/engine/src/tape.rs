//! What is known of a market that is fed tick by tick.
use qframe_model::book::OrderBook;
use qframe_model::market::{Tick, Trade};
use qframe_model::number::Price;

/// The book and the last trade, as they are known here.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    book: OrderBook,
    trade: Option<Trade>,
    quoted: bool,
    /// True where the book is fed level by level: best quotes tell nothing new.
    has_levels: bool,
}

/// What a tick was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A part of an update of the book, which may be crossed.
    Part,
    /// All is well again; the price that values a position.
    Whole(Option<Price>),
}

impl Tape {
    #[inline]
    pub(crate) fn take_in(&mut self, tick: &Tick) -> Seen {
        match tick {
            Tick::Book(delta) => {
                self.book.apply(delta);
                if !delta.last {
                    return Seen::Part;
                }
                (self.quoted, self.has_levels) = (true, true);
            }
            Tick::Quote(_) if self.has_levels => {}
            Tick::Quote(quote) => {
                self.book.quote(quote.bid, quote.ask);
                self.quoted = true;
            }
            Tick::Trade(trade) => {
                self.trade = Some(*trade);
                // Half-way between bid and ask is the better value: a trade is at one of the two.
                if !self.quoted {
                    return Seen::Whole(Some(trade.price));
                }
            }
        }
        Seen::Whole(self.book.middle())
    }

    /// The order book; the best bid and ask alone where only quotes are fed, empty where only trades are.
    #[must_use]
    pub const fn book(&self) -> &OrderBook {
        &self.book
    }

    /// The last trade.
    #[must_use]
    pub const fn trade(&self) -> Option<&Trade> {
        self.trade.as_ref()
    }
}
