//! The gate: each rule in a row of a table.
use qframe_app::pipeline::{Gate, Rules, Verdict};
use qframe_app::{Arrival, Row};
use qframe_data::Defect::{self, *};
use qframe_data::Kind;
use qframe_model::market::{BookChange, Side, Trade};
use qframe_model::number::Volume;
use qframe_model::time::Span;

use crate::made::{arrival, at, bar, change, funding, key, level, price, quote, trade};

/// Rows of one set, and what is said of each: nothing where it passes.
fn check(kind: Kind, rows: &[Row], expected: &[Option<Defect>]) {
    let key = key(kind, "BTC/USDT");
    let ticks = [(key.clone(), price("0.5"))].into();
    let mut gate = Gate::new(Rules { ticks, ..Rules::default() });
    let said: Vec<Option<Defect>> = rows.iter().map(|row| said(&gate.judge(&arrival(&key, *row)))).collect();
    assert_eq!(said, expected, "{rows:#?}");
}

fn said(verdict: &Verdict) -> Option<Defect> {
    match verdict {
        Verdict::Pass | Verdict::PassLate => None,
        Verdict::Hold(objection) | Verdict::Lose(objection, _) => {
            assert!(!objection.text.is_empty());
            Some(objection.defect)
        }
    }
}

#[test]
fn trades() {
    let of = |trade: Trade| Row::Trade(trade);
    let free = Trade { price: price("0"), ..trade(2) };
    let empty = Trade { quantity: Volume::ZERO, ..trade(3) };
    let off = Trade { price: price("100.4"), ..trade(4) };
    check(
        Kind::Trades,
        &[trade(5), free, empty, off, trade(5), trade(4), trade(6)].map(of),
        &[None, Some(NotPositive), Some(ZeroVolume), Some(OffGrid), Some(DuplicateSame), Some(OutOfOrder), None],
    );
    // Without numbers, equal trades are two trades.
    let nameless = Trade { id: 0, ..trade(9) };
    check(Kind::Trades, &[nameless, nameless].map(of), &[None, None]);
}

#[test]
fn a_trade_that_was_missed_may_come_late_once() {
    let key = key(Kind::Trades, "BTC/USDT");
    let mut gate = Gate::new(Rules::default());
    let mut judge = |id: u64| gate.judge(&arrival(&key, Row::Trade(trade(id))));
    assert_eq!([10, 11, 15].map(&mut judge), [const { Verdict::Pass }; 3]);
    assert_eq!([12, 14].map(&mut judge), [const { Verdict::PassLate }; 2]);
    assert_eq!(said(&judge(12)), Some(DuplicateSame));
    assert_eq!(said(&judge(9)), Some(OutOfOrder), "before the first one nothing was missed");
    assert_eq!(judge(16), Verdict::Pass);
    assert_eq!(judge(13), Verdict::PassLate);
}

#[test]
fn quotes() {
    let rows = [
        quote(1, "100", "100.5"),
        quote(1, "100", "100.5"),
        quote(1, "100", "101"),
        quote(2, "101", "100.5"),
        quote(2, "100.5", "100.5"),
        quote(2, "-1", "100.5"),
        quote(0, "100", "101"),
        quote(2, "100", "100.7"),
    ];
    let expected = [
        None,
        Some(DuplicateSame),
        None,
        Some(Crossed),
        Some(Crossed),
        Some(NotPositive),
        Some(OutOfOrder),
        Some(OffGrid),
    ];
    check(Kind::Quotes, &rows, &expected);
}

#[test]
fn bars() {
    let good = ["100", "101", "99", "100.5"];
    let rows = [
        bar(1, good),
        bar(1, good),
        bar(1, ["100", "101", "99", "101"]),
        bar(0, good),
        bar(2, ["100", "99", "101", "100"]),
        bar(2, ["100", "101", "99", "102"]),
        bar(2, ["100", "101", "0", "100"]),
        bar(2, ["100", "101", "99.3", "100"]),
        bar(2, good),
    ];
    let expected = [
        None,
        Some(DuplicateSame),
        Some(DuplicateDifferent),
        Some(OutOfOrder),
        Some(HighBelowLow),
        Some(OutsideRange),
        Some(NotPositive),
        Some(OffGrid),
        None,
    ];
    check(Kind::Bars, &rows, &expected);
    check(
        Kind::Funding,
        &[funding(8), funding(8), funding(7), funding(9)],
        &[None, Some(DuplicateSame), Some(OutOfOrder), None],
    );
    check(Kind::Trades, &[bar(1, good)], &[Some(Unreadable)]);
}

#[test]
fn a_clock_may_be_ahead_by_so_much() {
    let key = key(Kind::Trades, "BTC/USDT");
    let mut gate = Gate::new(Rules { ahead_max: Span::SECOND, ..Rules::default() });
    let early = |id: u64, seconds: i64| Arrival {
        received: at(id.cast_signed() - seconds),
        ..arrival(&key, Row::Trade(trade(id)))
    };
    assert_eq!(said(&gate.judge(&early(10, 1))), None);
    assert_eq!(said(&gate.judge(&early(11, 2))), Some(ReceivedEarly));
    // A bar is over when its frame is.
    let bars = crate::made::key(Kind::Bars, "BTC/USDT");
    let unfinished = bar(1, ["1", "1", "1", "1"]);
    let received = unfinished.time() + Span::from_seconds(30);
    assert_eq!(said(&gate.judge(&Arrival { key: bars, row: unfinished, received })), Some(UnfinishedBar));
}

#[test]
fn a_book_that_lost_a_change_says_so_and_waits_for_its_snapshot() {
    let key = key(Kind::Book, "BTC/USDT");
    let mut gate = Gate::new(Rules::default());
    let mut judge = |row: Row| gate.judge(&arrival(&key, row));
    let bid = |text: &str| BookChange::Level(Side::Buy, level(text, 3));
    assert_eq!(said(&judge(change(1, 1, bid("100"), true))), Some(NoSnapshot));
    for (row, last) in [(BookChange::Clear, false), (bid("100"), false), (bid("99"), true)] {
        assert_eq!(judge(change(1, 7, row, last)), Verdict::Pass);
    }
    let Verdict::Lose(objection, told) = judge(change(2, 6, bid("98"), true)) else { panic!("an old change passed") };
    assert_eq!(objection.defect, OutOfOrder);
    let Row::Book(told) = told.row else { panic!("told by another kind of row") };
    assert!(told.change == BookChange::Clear && told.last, "it says that the book is not known");
    assert_eq!(said(&judge(change(3, 8, bid("98"), true))), Some(NoSnapshot));
    assert_eq!(judge(change(4, 2, BookChange::Clear, false)), Verdict::Pass);
    assert_eq!(judge(change(4, 2, bid("98"), true)), Verdict::Pass);
}
