//! What is known of a market that is fed tick by tick.
use qframe_model::book::OrderBook;
use qframe_model::market::{BookChange, BookDelta, Tick, Trade};
use qframe_model::number::Price;

/// The book and the last trade, as they are known here.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    book: OrderBook,
    trade: Option<Trade>,
    quoted: bool,
    /// True where the book is fed level by level: best quotes tell nothing new.
    has_levels: bool,
    /// The largest step that all prices so far are multiples of, in nanos, zero before the first; `None` where the
    /// instrument knows its tick.
    step: Option<u64>,
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
    /// An empty one of an instrument with this tick; one that is no more than the last decimal of a price says nothing.
    pub(crate) fn new(tick: Price) -> Self {
        Self { step: (tick <= Price::from_nanos(1)).then_some(0), ..Self::default() }
    }

    #[inline]
    pub(crate) fn take_in(&mut self, tick: &Tick) -> Seen {
        if let Some(step) = &mut self.step {
            learn(step, tick);
        }
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

    /// A price on the grid of those that were seen so far; `None` where none were, or where the instrument knows its tick.
    /// Of a single price only its last decimal counts.
    pub(crate) fn on_grid(&self, price: Price) -> Option<Price> {
        let step = i64::try_from(self.step?).ok().filter(|step| *step > 0)?;
        let alone = step > price.nanos() / 2;
        let step = if alone { (0..19).map(|n| 10_i64.pow(n)).take_while(|ten| step % ten == 0).last()? } else { step };
        Some(price.nearest(Price::from_nanos(step)))
    }

    /// The last trade.
    #[must_use]
    pub const fn trade(&self) -> Option<&Trade> {
        self.trade.as_ref()
    }
}

/// Takes the prices of a tick into the greatest common divisor of all of them. Apart from the path of those who know the
/// tick.
#[inline(never)]
fn learn(step: &mut u64, tick: &Tick) {
    let mut take = |price: Price| {
        let price = price.nanos().unsigned_abs();
        // Nearly always one division: the step is known after a few prices.
        if *step == 0 || !price.is_multiple_of(*step) {
            *step = common(*step, price);
        }
    };
    match tick {
        Tick::Trade(trade) => take(trade.price),
        Tick::Quote(quote) => {
            take(quote.bid.price);
            take(quote.ask.price);
        }
        Tick::Book(BookDelta { change: BookChange::Level(_, level), .. }) => take(level.price),
        Tick::Book(_) => {}
    }
}

/// The greatest common divisor: Euclid.
fn common(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
