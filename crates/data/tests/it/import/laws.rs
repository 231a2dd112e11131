//! What must hold whatever a file is: readers agree with each other, and no bytes make them panic.
use std::fmt::Write;

use proptest::prelude::*;
use qframe_data::import::{Wish, import};
use qframe_data::{Resampling, Rows, resample};
use qframe_model::market::{Bar, BookChange, CorporateAction, Side};
use qframe_model::time::TimeFrame;

use super::{rows, shared};

fn bars(file: &str) -> Option<Vec<Bar>> {
    let found = rows(&shared(file)?, &Wish::default());
    Some(found.into_iter().find_map(|(_, rows)| if let Rows::Bars(bars) = rows { Some(bars) } else { None }).unwrap())
}

#[test]
fn minutes_of_coinbase_are_exactly_their_day() {
    let Some(days) = bars("bars/lean-crypto/coinbase/daily/btcusd_trade.zip") else { return };
    let mut held = 0;
    for day in
        ["20161007", "20161008", "20161009", "20170903", "20170904", "20171217", "20180404", "20180405", "20180406"]
    {
        let Some(minutes) = bars(&format!("bars/lean-crypto/coinbase/minute/btcusd/{day}_trade.zip")) else { continue };
        let known_until = minutes[0].time + qframe_model::time::Span::DAY;
        let how = Resampling { from: TimeFrame::MINUTE, to: TimeFrame::DAY, known_until };
        let made = resample(&minutes, &how).unwrap().bars;
        let stored = days.iter().find(|bar| bar.time == made[0].time).unwrap();
        assert_eq!(made, [*stored], "{day}");
        held += 1;
    }
    assert!(held > 0);
}

#[test]
fn factors_of_apple_are_its_splits_and_dividends() {
    let Some(path) = shared("stocks/lean/usa/factor_files/aapl.csv") else { return };
    let mut told = String::new();
    for (_, rows) in rows(&path, &Wish::default()) {
        let Rows::Actions(actions) = rows else { panic!("no actions") };
        for dated in actions {
            match dated.action {
                CorporateAction::Split(ratio) => _ = writeln!(told, "{:#} 1:{ratio}", dated.time),
                CorporateAction::Dividend(paid) => _ = writeln!(told, "{:#} {}", dated.time, paid.each),
            }
        }
    }
    // As the company announced them.
    for expected in [
        "2000-06-21 1:2",
        "2005-02-28 1:2",
        "2012-08-09 2.65",
        "2014-05-08 3.29",
        "2014-06-09 1:7",
        "2014-08-07 0.47",
        "2020-08-07 0.82",
        "2020-08-31 1:4",
        "2020-11-06 0.205",
    ] {
        assert!(told.lines().any(|line| line == expected), "{expected} in\n{told}");
    }
}

#[test]
fn a_row_of_levels_is_one_update_of_the_book() {
    let Some(path) = shared("book/nautilus/tardis/binance-futures_book_snapshot_5_BTCUSDT.csv") else { return };
    let (_, Rows::Book(changes)) = rows(&path, &Wish::default()).remove(0) else { panic!("no book") };
    for row in changes.chunks(11) {
        assert_eq!(row[0].change, BookChange::Clear);
        assert!(row[..10].iter().all(|change| !change.last) && row[10].last);
        let prices = |wanted: Side| {
            let levels = row.iter().filter_map(move |change| match change.change {
                BookChange::Level(side, level) if side == wanted => Some(level.price),
                _ => None,
            });
            levels.collect::<Vec<_>>()
        };
        let (bids, asks) = (prices(Side::Buy), prices(Side::Sell));
        assert_eq!((bids.len(), asks.len()), (5, 5));
        assert!(bids.iter().max() < asks.iter().min());
    }
}

/// Reads bytes under a name; only that it comes back matters.
fn survive(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, bytes).unwrap();
    for answer in import(&path, &Wish::default(), &mut |_, _| Ok(())) {
        match answer {
            Ok(import) => assert!(import.sets.iter().all(|set| set.rows > 0)),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

const NAMES: [&str; 8] = [
    "BTCUSDT-1m.csv",
    "usa/minute/aapl/20140605_trade.csv",
    "usa/daily/aapl.csv",
    "usa/factor_files/aapl.csv",
    "usa/map_files/aapl.csv",
    "oanda/tick/eurusd/20140501_quote.csv",
    "LTC_BTC-5m.json",
    "cme/daily/es_trade_201312.csv",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_panic(name in 0..NAMES.len(), bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survive(NAMES[name], &bytes);
    }

    #[test]
    fn no_text_panics(name in 0..NAMES.len(), text in "([0-9.,:;eE\\-+\"\t \\[\\]{}a-zA-Z\u{e9}]{0,30}\n){0,6}") {
        survive(NAMES[name], text.as_bytes());
    }

    #[test]
    fn no_numbers_panic(name in 0..NAMES.len(), rows in proptest::collection::vec(proptest::collection::vec(any::<i64>(), 1..13), 1..6)) {
        let lines: Vec<String> =
            rows.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")).collect();
        survive(NAMES[name], lines.join("\n").as_bytes());
    }

    #[test]
    fn no_packed_bytes_panic(magic in 0usize..6, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let magics: [&[u8]; 6] = [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PAR1", b"ARROW1\0\0", b"[["];
        survive("BTCUSDT-1m.csv", &[magics[magic], &bytes].concat());
    }
}
