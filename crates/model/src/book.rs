//! An order book by price: what rests on either side, best first.
use crate::market::{BookChange, BookDelta, Level, Side};
use crate::number::{Price, Volume};

/// The price levels of one instrument. It is as good as the deltas that made it: between the changes of one update, and
/// after a missed one, it may be crossed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderBook {
    bids: Ladder,
    asks: Ladder,
}

/// One side: levels in rungs of bounded length, so that a change far from the best moves no more than one of them. Within
/// a rung, and from rung to rung, the best stands last; no rung is empty but a lone one.
#[derive(Debug, Clone, Default)]
struct Ladder {
    rungs: Vec<Vec<Level>>,
    count: usize,
}

/// The most levels of a rung: eight kilobytes.
const RUNG: usize = 512;
/// How many levels from the best are looked at one by one: most changes are there, and the processor foresees the steps.
const NEAR: usize = 16;

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
        self.bids.only(bid);
        self.asks.only(ask);
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
            Side::Buy => self.bids.set(level, |price| price < level.price),
            Side::Sell => self.asks.set(level, |price| price > level.price),
        }
    }

    /// The highest bid.
    #[must_use]
    #[inline]
    pub fn bid(&self) -> Option<Level> {
        self.bids.best()
    }

    /// The lowest ask.
    #[must_use]
    #[inline]
    pub fn ask(&self) -> Option<Level> {
        self.asks.best()
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
        let ladder = match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        };
        Counted { levels: ladder.levels(), left: ladder.count }
    }

    /// What rests at a price; zero where nothing does.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price) -> Volume {
        match side {
            Side::Buy => self.bids.quantity_at(price, |level| level < price),
            Side::Sell => self.asks.quantity_at(price, |level| level > price),
        }
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
}

impl Ladder {
    #[inline]
    fn best(&self) -> Option<Level> {
        self.rungs.last()?.last().copied()
    }

    fn levels(&self) -> impl Iterator<Item = Level> + '_ {
        self.rungs.iter().rev().flat_map(|rung| rung.iter().rev().copied())
    }

    /// Everything goes but the room for a few levels.
    #[inline]
    fn clear(&mut self) {
        self.rungs.truncate(1);
        self.rungs.iter_mut().for_each(Vec::clear);
        self.count = 0;
    }

    /// One level is all there is.
    #[inline]
    fn only(&mut self, level: Level) {
        self.clear();
        match self.rungs.first_mut() {
            Some(rung) => rung.push(level),
            None => self.rungs.push(vec![level]),
        }
        self.count = 1;
    }

    fn quantity_at(&self, price: Price, worse: impl Fn(Price) -> bool) -> Volume {
        let rung = self.rung(&worse).and_then(|at| self.rungs.get(at));
        let found = rung.and_then(|rung| rung.get(place(rung, &worse))).filter(|level| level.price == price);
        found.map_or(Volume::ZERO, |level| level.quantity)
    }

    /// The rung in which a price stands, or would; `worse` tells of another price that it stands before that one.
    #[inline]
    fn rung(&self, worse: impl Fn(Price) -> bool) -> Option<usize> {
        let last = self.rungs.len().checked_sub(1)?;
        let first = self.rungs[last].first();
        if last == 0 || first.is_some_and(|first| worse(first.price)) {
            return Some(last);
        }
        let ends_before = |rung: &Vec<Level>| rung.last().is_some_and(|best| worse(best.price));
        Some(self.rungs.partition_point(ends_before).min(last))
    }

    /// Puts a level in its place.
    #[inline]
    fn set(&mut self, level: Level, worse: impl Fn(Price) -> bool) {
        let at = self.rung(&worse).unwrap_or_else(|| {
            self.rungs.push(Vec::new());
            0
        });
        let rung = &mut self.rungs[at];
        let place = place(rung, &worse);
        let known = rung.get_mut(place).filter(|known| known.price == level.price);
        match (known, level.quantity.is_zero()) {
            (Some(_), true) => {
                rung.remove(place);
                self.count -= 1;
                if rung.is_empty() && self.rungs.len() > 1 {
                    self.rungs.remove(at);
                }
            }
            (Some(known), false) => known.quantity = level.quantity,
            (None, true) => {}
            (None, false) => {
                rung.insert(place, level);
                self.count += 1;
                if rung.len() > RUNG {
                    let better = rung.split_off(RUNG / 2);
                    self.rungs.insert(at + 1, better);
                }
            }
        }
    }
}

/// How many levels of a rung are worse.
#[inline]
fn place(rung: &[Level], worse: impl Fn(Price) -> bool) -> usize {
    let mut place = rung.len();
    let near = place.saturating_sub(NEAR);
    while place > near && !worse(rung[place - 1].price) {
        place -= 1;
    }
    if place == near { rung[..near].partition_point(|level| worse(level.price)) } else { place }
}

/// The same levels are the same ladder, however they are cut into rungs.
impl PartialEq for Ladder {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.levels().eq(other.levels())
    }
}

impl Eq for Ladder {}

/// An iterator that knows how many are left.
struct Counted<I> {
    levels: I,
    left: usize,
}

impl<I: Iterator> Iterator for Counted<I> {
    type Item = I::Item;
    fn next(&mut self) -> Option<I::Item> {
        let next = self.levels.next()?;
        self.left -= 1;
        Some(next)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<I: Iterator> ExactSizeIterator for Counted<I> {}

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
