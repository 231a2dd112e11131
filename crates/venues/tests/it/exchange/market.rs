//! An invented market: a book that moves, and trades in it.
use qframe_model::market::{BookChange, BookDelta, Level, Side, Tick, Trade};
use qframe_model::number::{Cash, Price, Quantity, Rate, Volume};
use qframe_model::time::Time;
use qframe_venues::exchange::binance::{Binance, Key, Proof};
use qframe_venues::exchange::core::{Commission, Core, Product};

pub(crate) fn price(cents: i64) -> Price {
    Price::from_nanos(cents * 10_000_000)
}

pub(crate) fn units(thousandths: i64) -> Quantity {
    Quantity::from_nanos(i128::from(thousandths) * 1_000_000)
}

pub(crate) fn at(millis: i64) -> Time {
    Time::from_nanos(1_700_000_000_000_000_000 + millis * 1_000_000)
}

pub(crate) fn product() -> Product {
    let symbol = "AAA/USDT".parse().unwrap();
    Product::new(&symbol, price(1), units(1), Cash::whole(5)).unwrap()
}

pub(crate) fn level(millis: i64, side: Side, cents: i64, thousandths: i64, last: bool) -> Tick {
    let level = Level { price: price(cents), quantity: Volume::new(units(thousandths)).unwrap() };
    delta(millis, BookChange::Level(side, level), last)
}

pub(crate) fn clear(millis: i64) -> Tick {
    delta(millis, BookChange::Clear, false)
}

fn delta(millis: i64, change: BookChange, last: bool) -> Tick {
    Tick::Book(BookDelta { time: at(millis), received: at(millis), sequence: 0, change, last })
}

pub(crate) fn trade(millis: i64, id: u64, side: Side, cents: i64, thousandths: i64) -> Tick {
    let quantity = Volume::new(units(thousandths)).unwrap();
    Tick::Trade(Trade { time: at(millis), received: at(millis), id, price: price(cents), quantity, side })
}

/// Ten levels a side around 100.00, a tenth apart, two units on each; and a trade.
pub(crate) fn opening() -> Vec<Tick> {
    let mut rows = vec![clear(0)];
    for step in 0..10 {
        rows.push(level(0, Side::Buy, 9_990 - 10 * step, 2_000, false));
        rows.push(level(0, Side::Sell, 10_010 + 10 * step, 2_000, step == 9));
    }
    rows.push(trade(1, 1, Side::Buy, 10_010, 100));
    rows
}

/// An exchange over that market, whose user 0 has 10,000 USDT and 20 AAA.
pub(crate) fn core() -> Core {
    let commission = Commission { maker: Rate::basis_points(10), taker: Rate::basis_points(20) };
    let mut core = Core::new(vec![product()], commission).unwrap();
    for _ in 0..2 {
        core.open(&[("USDT".parse().unwrap(), Cash::whole(10_000)), ("AAA".parse().unwrap(), Cash::whole(20))])
            .unwrap();
    }
    for tick in opening() {
        core.tick(0, &tick).unwrap();
    }
    core
}

pub(crate) fn binance() -> Binance {
    let key = |name: &str, user| Key { name: name.to_owned(), user, proof: Proof::new("s").unwrap() };
    Binance::new(core(), vec![key("k", 0), key("second", 1)])
}
