//! Positions: what comes in, goes out again, to the last atto.
use proptest::prelude::*;
use qframe_model::currency::Currency;
use qframe_model::fill::Fill;
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Quantity, Rate, Rounding, Volume};
use qframe_model::position::{ClosedTrade, Position};
use qframe_model::time::Time;

use crate::world::{fill, read};

/// A spot pair, a stock, a perpetual, and futures whose contracts stand for 50 units and for a twentieth of one.
fn instruments() -> [Instrument; 5] {
    let make = |symbol, multiplier| {
        let rules = Rules { multiplier: read(multiplier), ..Rules::default() };
        Instrument::new(read(symbol), Currency::USD, rules).unwrap()
    };
    [
        make("BTC/USD", "1"),
        make("AAPL", "1"),
        make("BTC/USD:USD", "1"),
        make("ES-20301220", "50"),
        make("BTC-20301220", "0.05"),
    ]
}

prop_compose! {
    fn any_fill()(
        buys in any::<bool>(), units in 1i128..1 << 60, price in 1i64..1 << 50, fee in -(1i128 << 60)..1 << 80,
    ) -> (Fill, Cash) {
        let side = if buys { Side::Buy } else { Side::Sell };
        (fill(0, side, Quantity::from_nanos(units), Price::from_nanos(price)), Cash::from_attos(fee))
    }
}

/// Applies fills, then closes what is open at the last price. Gives the position, the trades and the cash that flowed.
fn trade(instrument: &Instrument, fills: &[(Fill, Cash)]) -> (Position, Vec<ClosedTrade>, Cash) {
    let (mut position, mut trades, mut cash) = (Position::default(), Vec::new(), Cash::ZERO);
    let mut apply = |fill: &Fill, fee: Cash, position: &mut Position| {
        trades.extend(position.apply(instrument, fill, fee).unwrap());
        let value = instrument.value(fill.price, fill.signed()).unwrap();
        cash = cash.minus(value).and_then(|cash| cash.minus(fee)).unwrap();
    };
    for (fill, fee) in fills {
        apply(fill, *fee, &mut position);
    }
    if let (false, Some((last, _))) = (position.is_flat(), fills.last()) {
        let closing = fill(0, Side::of(position.quantity).opposite(), position.quantity.abs(), last.price);
        apply(&closing, Cash::ONE, &mut position);
    }
    (position, trades, cash)
}

proptest! {
    #[test]
    fn closing_everything_leaves_nothing_and_realises_the_cash(
        fills in proptest::collection::vec(any_fill(), 0..20), which in 0usize..4,
    ) {
        let (position, trades, cash) = trade(&instruments()[which], &fills);
        prop_assert_eq!((position.quantity, position.cost, position.entry_fees), (Quantity::ZERO, Cash::ZERO, Cash::ZERO));
        prop_assert_eq!(position.realised, cash, "what was realised is what flowed");
        let pnl = trades.iter().try_fold(Cash::ZERO, |sum, trade| sum.plus(trade.pnl)).unwrap();
        prop_assert_eq!(pnl, cash, "the trades add up to it");
        let fees = trades.iter().try_fold(Cash::ZERO, |sum, trade| sum.plus(trade.fees)).unwrap();
        let paid = fills.iter().try_fold(Cash::ZERO, |sum, (_, fee)| sum.plus(*fee)).unwrap();
        prop_assert!(fees == paid || fees == paid.plus(Cash::ONE).unwrap(), "every fee is in one trade");
    }

    #[test]
    fn a_reversal_is_a_close_and_an_open(
        before in proptest::collection::vec(any_fill(), 1..10), last in any_fill(), which in 0usize..5,
    ) {
        let instrument = &instruments()[which];
        let mut whole = Position::default();
        for (fill, fee) in &before {
            whole.apply(instrument, fill, *fee).unwrap();
        }
        let (mut last, fee) = last;
        last.side = Side::of(whole.quantity).opposite();
        let open = whole.quantity.abs();
        prop_assume!(!open.is_zero());
        last.quantity = open.plus(last.quantity).unwrap();
        let closing_fee = fee.scaled(open.nanos(), last.quantity.nanos(), Rounding::HalfEven).unwrap();
        let mut parts = whole;
        let trade = whole.apply(instrument, &last, fee).unwrap();
        let closed = parts.apply(instrument, &Fill { quantity: open, ..last }, closing_fee).unwrap();
        let rest = Fill { quantity: last.quantity.minus(open).unwrap(), ..last };
        prop_assert_eq!(parts.apply(instrument, &rest, fee.minus(closing_fee).unwrap()).unwrap(), None);
        prop_assert_eq!((whole, trade), (parts, closed));
    }

    #[test]
    fn overflow_leaves_the_position_as_it_was(
        fills in proptest::collection::vec((any::<bool>(), 1i128.., 1i64.., any::<i128>()), 1..20),
    ) {
        let instrument = &instruments()[3];
        let mut position = Position::default();
        for (buys, units, price, fee) in fills {
            let side = if buys { Side::Buy } else { Side::Sell };
            let fill = fill(0, side, Quantity::from_nanos(units), Price::from_nanos(price));
            let before = position;
            if position.apply(instrument, &fill, Cash::from_attos(fee)).is_err() {
                prop_assert_eq!(position, before);
            }
        }
    }
}

#[test]
fn the_average_price_is_exact() {
    fn check(which: usize, fills: &[(&str, &str)], average: &str) {
        let instrument = &instruments()[which];
        let mut position = Position::default();
        for (quantity, price) in fills {
            let quantity: Quantity = read(quantity);
            let fill = fill(0, Side::of(quantity), quantity.abs(), read(price));
            position.apply(instrument, &fill, Cash::ZERO).unwrap();
        }
        let expected = if average.is_empty() { None } else { Some(read(average)) };
        assert_eq!(position.average_price(instrument), expected, "{fills:?}");
    }
    check(0, &[("1", "100"), ("2", "103")], "102");
    check(0, &[("-1", "100"), ("-3", "101")], "100.75");
    check(0, &[("2", "100"), ("-1", "150")], "100");
    check(0, &[("1", "100"), ("-1", "150")], "");
    check(0, &[("1", "100"), ("-3", "150")], "150");
    check(3, &[("1", "5000"), ("1", "5001")], "5000.5");
    check(4, &[("3", "60000"), ("1", "60004")], "60001");
}

/// A point of a path: an add, or a bar of one price.
type Point = (bool, i64, i64);

proptest! {
    /// Against the average of each moment, told again from the beginning. A position that was added to once had all its extremes
    /// measured against its last average.
    #[test]
    fn extremes_stand_against_the_average_of_their_moment(
        path in proptest::collection::vec((any::<bool>(), 1i64..50, 50i64..150), 1..30), which in 0usize..5, is_short in any::<bool>(),
    ) {
        let instrument = &instruments()[which];
        let side = if is_short { Side::Sell } else { Side::Buy };
        let mut position = Position::default();
        let (mut units, mut cost, mut risen, mut fallen) = (0.0, 0.0, 0.0_f64, 0.0_f64);
        let path: Vec<Point> = std::iter::once((true, 5, 100)).chain(path).collect();
        for (place, (is_add, quantity, price)) in path.into_iter().enumerate() {
            let time = Time::from_nanos(place as i64 * 1_000);
            let at = Price::from_nanos(price * Price::ONE.nanos());
            if is_add {
                // What the price of the fill is to the units held before.
                if units > 0.0 {
                    let share = price as f64 / (cost / units) - 1.0;
                    (risen, fallen) = (risen.max(share), fallen.min(share));
                }
                let units_added = Quantity::from_nanos(i128::from(quantity) * Quantity::ONE.nanos());
                let added = Fill { time, ..fill(0, side, units_added, at) };
                position.apply(instrument, &added, Cash::ZERO).unwrap();
                (units, cost) = (units + quantity as f64, cost + (quantity * price) as f64);
            } else {
                position.observe(&Bar { time, open: at, high: at, low: at, close: at, volume: Volume::ZERO });
            }
            let share = price as f64 / (cost / units) - 1.0;
            (risen, fallen) = (risen.max(share), fallen.min(share));
            let average = position.average_price(instrument).unwrap().to_f64();
            let here = |price: Price| price.to_f64() / average - 1.0;
            let (most, least) = (here(position.high).max(position.before.risen.to_f64()), here(position.low).min(position.before.fallen.to_f64()));
            prop_assert!((most.max(0.0) - risen).abs() < 1e-8 && (least.min(0.0) - fallen).abs() < 1e-8, "{most} {risen} {least} {fallen}");
        }
    }
}

#[test]
fn a_bar_belongs_to_the_average_that_lived_through_it() {
    let instrument = &instruments()[0];
    let price = |price: i64| Price::from_nanos(price * Price::ONE.nanos());
    let bought = |seconds: i64, at: i64| Fill {
        time: Time::from_nanos(seconds * 1_000_000_000),
        ..fill(0, Side::Buy, Quantity::ONE, price(at))
    };
    let bar = |seconds: i64, high: i64, low: i64| {
        let time = Time::from_nanos(seconds * 1_000_000_000);
        Bar { time, open: price(low), high: price(high), low: price(low), close: price(high), volume: Volume::ZERO }
    };
    let mut position = Position::default();
    position.apply(instrument, &bought(0, 100), Cash::ZERO).unwrap();
    position.observe(&bar(0, 110, 100));
    // Added at the close of the second bar, at half the price: 80 was a fall of a fifth, and no rise above the average of 75.
    position.apply(instrument, &bought(120, 50), Cash::ZERO).unwrap();
    position.observe(&bar(60, 100, 80));
    position.observe(&bar(120, 60, 30));
    assert_eq!((position.high, position.low), (price(60), price(30)));
    let before = position.before;
    assert_eq!((before.average, before.risen, before.fallen), (price(100), Rate::percent(10), Rate::percent(-50)));
}
