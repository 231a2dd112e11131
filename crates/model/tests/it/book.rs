//! An order book holds what two sorted maps hold, whatever changes come.
use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use qframe_model::book::OrderBook;
use qframe_model::market::{BookChange, BookDelta, Level, Side};
use qframe_model::number::{Price, Volume};
use qframe_model::time::Time;

fn delta(change: BookChange) -> BookDelta {
    BookDelta { time: Time::EPOCH, received: Time::EPOCH, sequence: 0, change, last: true }
}

/// Changes of few prices, so that levels come, change and go, and of many, so that there are thousands; now and then
/// everything goes.
fn change(far: i64) -> impl Strategy<Value = BookChange> {
    let price = prop_oneof![0i64..40, 0i64..far, any::<i64>()];
    let level = (any::<bool>(), price, prop_oneof![Just(0u64), 1u64..4]).prop_map(|(buys, price, quantity)| {
        let quantity = Volume::from_digits(quantity, 0).unwrap();
        let side = if buys { Side::Buy } else { Side::Sell };
        BookChange::Level(side, Level { price: Price::from_nanos(price), quantity })
    });
    prop_oneof![5_000 => level, 1 => Just(BookChange::Clear)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_book_is_two_sorted_maps(changes in prop_oneof![vec(change(400), 1..600), vec(change(1 << 20), 3_000..6_000)]) {
        let mut book = OrderBook::default();
        let (mut bids, mut asks) = (BTreeMap::new(), BTreeMap::new());
        for change in changes {
            book.apply(&delta(change));
            match change {
                BookChange::Clear => {
                    bids.clear();
                    asks.clear();
                }
                BookChange::Level(side, level) => {
                    let levels = if side == Side::Buy { &mut bids } else { &mut asks };
                    if level.quantity.is_zero() {
                        levels.remove(&level.price);
                    } else {
                        levels.insert(level.price, level.quantity);
                    }
                }
            }
            let best = |found: Option<(&Price, &Volume)>| found.map(|(price, quantity)| Level { price: *price, quantity: *quantity });
            prop_assert_eq!(book.bid(), best(bids.last_key_value()));
            prop_assert_eq!(book.ask(), best(asks.first_key_value()));
            let crossed = matches!((bids.last_key_value(), asks.first_key_value()), (Some(bid), Some(ask)) if bid.0 >= ask.0);
            prop_assert_eq!(book.is_crossed(), crossed);
        }
        for place in 0..400 {
            let price = Price::from_nanos(place);
            prop_assert_eq!(book.quantity_at(Side::Buy, price), bids.get(&price).copied().unwrap_or_default());
            prop_assert_eq!(book.quantity_at(Side::Sell, price), asks.get(&price).copied().unwrap_or_default());
        }
        prop_assert_eq!((book.depth(Side::Buy), book.depth(Side::Sell)), (bids.len(), asks.len()));
        let told = |side| book.levels(side).map(|level| (level.price, level.quantity)).collect::<Vec<_>>();
        prop_assert_eq!(told(Side::Buy), bids.into_iter().rev().collect::<Vec<_>>());
        prop_assert_eq!(told(Side::Sell), asks.into_iter().collect::<Vec<_>>());
    }
}
