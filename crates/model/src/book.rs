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
        match side {
            Side::Buy => set(&mut self.bids, level, |price| price < level.price),
            Side::Sell => set(&mut self.asks, level, |price| price > level.price),
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
}

/// How many levels from the best are looked at one by one: most changes are there, and the processor foresees the steps.
const NEAR: usize = 16;

/// Puts a level among `levels`, the best last. `worse` tells of a price that it stands before the level's own.
#[inline]
fn set(levels: &mut Vec<Level>, level: Level, worse: impl Fn(Price) -> bool) {
    let mut place = levels.len();
    let near = place.saturating_sub(NEAR);
    while place > near && !worse(levels[place - 1].price) {
        place -= 1;
    }
    if place == near {
        place = levels[..near].partition_point(|level| worse(level.price));
    }
    let known = levels.get_mut(place).filter(|known| known.price == level.price);
    match (known, level.quantity.is_zero()) {
        (Some(_), true) => _ = levels.remove(place),
        (Some(known), false) => known.quantity = level.quantity,
        (None, true) => {}
        (None, false) => levels.insert(place, level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bids were kept in the order of asks and the other way round: the best price was the worst.
    #[test]
    fn the_best_bid_is_the_highest_and_the_best_ask_the_lowest() {
        let mut book = OrderBook::default();
        let level = |price: i64, units| Level {
            price: Price::from_nanos(price * 1_000_000_000),
            quantity: Volume::from_digits(units, 0).unwrap(),
        };
        for price in [10, 12, 11] {
            book.set(Side::Buy, level(price, 5));
            book.set(Side::Sell, level(price + 10, 7));
        }
        assert_eq!((book.bid(), book.ask()), (Some(level(12, 5)), Some(level(20, 7))));
        let levels = |side| book.levels(side).collect::<Vec<_>>();
        assert_eq!(levels(Side::Buy), [level(12, 5), level(11, 5), level(10, 5)]);
        assert_eq!(levels(Side::Sell), [level(20, 7), level(21, 7), level(22, 7)]);
        assert!(!book.is_crossed());
        book.set(Side::Buy, level(20, 1));
        assert!(book.is_crossed());
    }
}
