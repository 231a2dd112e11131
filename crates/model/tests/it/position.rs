//! Positions: what comes in, goes out again, to the last atto.
use proptest::prelude::*;
use qframe_model::currency::Currency;
use qframe_model::fill::Fill;
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity, Rounding};
use qframe_model::position::{ClosedTrade, Position};

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
