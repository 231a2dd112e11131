//! An order book by price: what rests on either side, best first.
mod ladder;

use ladder::Ladder;

use crate::market::{BookChange, BookDelta, Level, Side};
use crate::number::{Price, Volume};

/// The price levels of one instrument. It is as good as the deltas that made it: between the changes of one update, and
/// after a missed one, it may be crossed.
#[derive(Debug, Clone)]
pub struct OrderBook {
    bids: Ladder,
    asks: Ladder,
}

impl Default for OrderBook {
    fn default() -> Self {
        Self { bids: Ladder::new(Side::Buy), asks: Ladder::new(Side::Sell) }
    }
}

/// Equal where all levels are.
impl PartialEq for OrderBook {
    fn eq(&self, other: &Self) -> bool {
        [Side::Buy, Side::Sell].into_iter().all(|side| self.levels(side).eq(other.levels(side)))
    }
}

impl Eq for OrderBook {}

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
        self.set(Side::Buy, bid);
        self.set(Side::Sell, ask);
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
            Side::Buy => self.bids.set(level),
            Side::Sell => self.asks.set(level),
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
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> + '_ {
        self.side(side).levels()
    }

    /// How many levels a side has.
    #[must_use]
    pub fn depth(&self, side: Side) -> usize {
        self.side(side).len()
    }

    /// What rests at a price; zero where nothing does.
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price) -> Volume {
        self.side(side).at(price)
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

    const fn side(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
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

    /// A book of cells is the book that a tree keeps, whatever comes, wherever the prices go and however fine they become.
    #[test]
    fn cells_keep_what_a_tree_keeps() {
        let mut state = 3_u64;
        let mut random = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for step in [1_i64, 7, 100_000_000, 50_000_000_000] {
            let (mut book, mut trees) =
                (OrderBook::default(), [std::collections::BTreeMap::new(), std::collections::BTreeMap::new()]);
            let mut middle = 3_000_000_i64;
            for round in 0..20_000 {
                middle += random(3) as i64 - 1;
                if random(2_000) == 0 {
                    middle += random(200_000) as i64 - 100_000;
                }
                let far = [10, 100, 3_000, 150_000][random(4) as usize];
                let finer = if random(5_000) == 0 && step > 10 { step / 2 } else { 0 };
                let price = Price::from_nanos(((middle + random(far) as i64 - far as i64 / 2) * step + finer).max(1));
                let (side, place) = if random(2) == 0 { (Side::Buy, 0) } else { (Side::Sell, 1) };
                let quantity = Volume::from_digits(random(3) * random(9), 0).unwrap();
                book.set(side, Level { price, quantity });
                if quantity.is_zero() {
                    trees[place].remove(&price)
                } else {
                    trees[place].insert(price, quantity)
                };
                let best = |tree: Option<(&Price, &Volume)>| {
                    tree.map(|(price, quantity)| Level { price: *price, quantity: *quantity })
                };
                assert_eq!(book.bid(), best(trees[0].last_key_value()), "round {round}, step {step}");
                assert_eq!(book.ask(), best(trees[1].first_key_value()), "round {round}, step {step}");
                assert_eq!(book.quantity_at(side, price), quantity, "round {round}, step {step}, {price} {side}");
                if round % 500 == 0 {
                    let bids: Vec<_> = trees[0]
                        .iter()
                        .rev()
                        .map(|(price, quantity)| Level { price: *price, quantity: *quantity })
                        .collect();
                    assert!(book.levels(Side::Buy).eq(bids.iter().copied()), "round {round}, step {step}");
                    assert_eq!((book.depth(Side::Buy), book.depth(Side::Sell)), (trees[0].len(), trees[1].len()));
                }
                if random(4_000) == 0 {
                    book.clear();
                    trees.iter_mut().for_each(std::collections::BTreeMap::clear);
                }
            }
        }
    }
}
