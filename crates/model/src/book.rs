//! An order book by price: what rests on either side, best first.
use crate::market::{BookChange, BookDelta, Level, Side};
use crate::number::{Price, Volume};

/// The price levels of one instrument. It is as good as the deltas that made it: between the changes of one update, and
/// after a missed one, it may be crossed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderBook {
    /// Prices rise: the best bid stands last.
    bids: Vec<Level>,
    /// Prices fall: the best ask stands last.
    asks: Vec<Level>,
}

impl OrderBook {
    /// Takes one change in. A level of quantity zero goes; one that was not there is no error.
    #[inline]
    pub fn apply(&mut self, delta: &BookDelta) {
        match delta.change {
            BookChange::Clear => self.clear(),
            BookChange::Level(side, level) => self.set(side, level),
        }
    }

    /// The best bid and ask are all that is known.
    #[inline]
    pub fn quote(&mut self, bid: Level, ask: Level) {
        self.clear();
        self.bids.push(bid);
        self.asks.push(ask);
    }

    /// Everything goes.
    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// A side's level is so now.
    #[inline]
    pub fn set(&mut self, side: Side, level: Level) {
        let levels = self.side_mut(side);
        // Most changes are near the best price: from there on, a few steps are cheaper than a search.
        let mut place = levels.len();
        while place > 0 && side.opposite().prefers(levels[place - 1].price, level.price) {
            place -= 1;
        }
        let known = place > 0 && levels[place - 1].price == level.price;
        match (known, level.quantity.is_zero()) {
            (true, true) => _ = levels.remove(place - 1),
            (true, false) => levels[place - 1].quantity = level.quantity,
            (false, true) => {}
            (false, false) => levels.insert(place, level),
        }
    }

    /// The highest bid.
    #[must_use]
    #[inline]
    pub fn bid(&self) -> Option<Level> {
        self.bids.last().copied()
    }

    /// The lowest ask.
    #[must_use]
    #[inline]
    pub fn ask(&self) -> Option<Level> {
        self.asks.last().copied()
    }

    /// The best level that rests on a side.
    #[must_use]
    #[inline]
    pub fn best(&self, side: Side) -> Option<Level> {
        match side {
            Side::Buy => self.bid(),
            Side::Sell => self.ask(),
        }
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl ExactSizeIterator<Item = Level> + '_ {
        self.side(side).iter().rev().copied()
    }

    /// What rests at a price; zero where nothing does.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price) -> Volume {
        let levels = self.side(side);
        let place =
            levels.iter().rposition(|level| !side.opposite().prefers(level.price, price)).map(|place| levels[place]);
        place.filter(|level| level.price == price).map_or(Volume::ZERO, |level| level.quantity)
    }

    /// Half-way between the best bid and the best ask.
    #[must_use]
    #[inline]
    pub fn middle(&self) -> Option<Price> {
        let (bid, ask) = (self.bid()?.price.nanos(), self.ask()?.price.nanos());
        Some(Price::from_nanos(bid + (ask - bid) / 2))
    }

    /// True where somebody bids as much as another asks, or more: such a book is wrong.
    #[must_use]
    #[inline]
    pub fn is_crossed(&self) -> bool {
        matches!((self.bid(), self.ask()), (Some(bid), Some(ask)) if bid.price >= ask.price)
    }

    const fn side(&self, side: Side) -> &Vec<Level> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    const fn side_mut(&mut self, side: Side) -> &mut Vec<Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}
