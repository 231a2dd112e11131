//! The exchanges' rules of joining snapshots and updates, on invented messages: what is taken, what is left out, when a
//! book is lost and when it is good again. In each case the rows are replayed: they never show a crossed book, and at the
//! end they hold what the builder holds.
use std::io::Cursor;

use qframe_data::book::{Instrument, Recording, RecordingFacts};
use qframe_model::book::OrderBook;
use qframe_model::market::{Side, Tick};

use crate::messages::{advanced, exchange, exchange_update, futures, futures_snapshot, heartbeat, snapshot, spot};

fn read(lines: &[String]) -> (Vec<String>, RecordingFacts) {
    let text = lines.join("\n");
    let mut recording = Recording::from_reader(Cursor::new(text.into_bytes()), "x").unwrap();
    let mut replayed: Vec<OrderBook> = Vec::new();
    recording
        .read(|place, tick| {
            replayed.resize(replayed.len().max(place + 1), OrderBook::default());
            if let Tick::Book(delta) = tick {
                replayed[place].apply(&delta);
                assert!(!(delta.last && replayed[place].is_crossed()), "a crossed book was shown");
            }
        })
        .unwrap();
    replayed.resize(recording.books().instruments().len(), OrderBook::default());
    for (one, replayed) in recording.books().instruments().iter().zip(&replayed) {
        assert_eq!(one.book().unwrap_or(&OrderBook::default()), replayed, "the rows and the book");
    }
    (recording.books().instruments().iter().map(told).collect(), recording.facts().clone())
}

/// `name applied/updates` then whatever is not zero, then the best quote or `lost`.
fn told(one: &Instrument) -> String {
    let counts = one.counts();
    let some = [
        ("late", counts.late),
        ("unused", counts.unused),
        ("stale", counts.stale_snapshots),
        ("gaps", counts.gaps),
        ("crossed", counts.crossed),
        ("resyncs", counts.resyncs),
    ];
    let some: String =
        some.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!(" {name} {count}")).collect();
    let best = |book: &OrderBook, side| {
        book.best(side).map_or("-".to_owned(), |level| format!("{}:{}", level.price, level.quantity))
    };
    let top =
        one.book().map_or("lost".to_owned(), |book| format!("{} {}", best(book, Side::Buy), best(book, Side::Sell)));
    format!("{} {}/{}{some} | {top}", one.symbol, counts.applied, counts.updates)
}

#[track_caller]
fn check(lines: &[String], expected: &[&str]) {
    let (found, facts) = read(lines);
    assert_eq!(found, expected);
    assert_eq!(facts.refused, 0, "{facts:?}");
}

#[test]
fn spot_joins_at_the_update_that_holds_the_snapshot() {
    // Those up to the snapshot are left out, the one that holds it is taken whole, then each begins one behind the last.
    let early =
        [spot(1, 3, "9:9", ""), spot(4, 6, "8:1", "11:5"), snapshot(5, "9:1", "11:1 12:1"), spot(7, 7, "9:2", "")];
    check(&early, &["BTC/USDT 2/3 late 1 | 9:2 11:5"]);
    // The snapshot is first, or exactly at the end of an update, or newer than all that waited.
    check(&[snapshot(5, "9:1", "11:1"), spot(6, 6, "9:2", "")], &["BTC/USDT 1/1 | 9:2 11:1"]);
    check(
        &[spot(1, 5, "8:1", ""), snapshot(5, "9:1", "11:1"), spot(6, 8, "9:0", "")],
        &["BTC/USDT 1/2 late 1 | - 11:1"],
    );
    check(
        &[spot(1, 2, "8:1", ""), snapshot(9, "9:1", "11:1"), spot(3, 10, "9:3", "")],
        &["BTC/USDT 1/2 late 1 | 9:3 11:1"],
    );
}

#[test]
fn a_snapshot_older_than_what_waits_is_of_no_use() {
    let stale = [spot(7, 8, "9:5", ""), snapshot(5, "9:1", "11:1")];
    check(&stale, &["BTC/USDT 0/1 unused 1 stale 1 | lost"]);
    let mut newer = stale.to_vec();
    newer.push(snapshot(6, "9:1", "11:1"));
    check(&newer, &["BTC/USDT 1/1 stale 1 | 9:5 11:1"]);
    // Also for a good book.
    check(
        &[spot(5, 6, "", ""), snapshot(6, "9:1", "11:1"), spot(7, 7, "9:2", ""), snapshot(6, "8:1", "12:1")],
        &["BTC/USDT 1/2 late 1 stale 1 | 9:2 11:1"],
    );
}

#[test]
fn a_gap_loses_the_book_until_a_snapshot() {
    let gap = [snapshot(5, "9:1", "11:1"), spot(6, 6, "9:2", ""), spot(8, 8, "9:3", "")];
    check(&gap, &["BTC/USDT 1/2 unused 1 gaps 1 | lost"]);
    let mut more = gap.to_vec();
    // What follows the gap waits, and a second gap makes that useless.
    more.extend([spot(9, 9, "9:4", ""), spot(11, 11, "9:5", ""), snapshot(8, "9:7", "11:7")]);
    check(&more, &["BTC/USDT 1/4 unused 3 stale 1 gaps 2 | lost"]);
    more.extend([snapshot(10, "9:8", "11:8"), spot(12, 12, "", "11:0 12:1")]);
    check(&more, &["BTC/USDT 3/5 unused 2 stale 1 gaps 2 resyncs 1 | 9:5 12:1"]);
}

#[test]
fn the_same_again_and_what_comes_late_is_left_out() {
    check(
        &[
            snapshot(5, "9:1", "11:1"),
            spot(6, 6, "9:2", ""),
            spot(6, 6, "9:3", ""),
            spot(2, 4, "9:4", ""),
            spot(7, 7, "8:1", ""),
        ],
        &["BTC/USDT 2/4 late 2 | 9:2 11:1"],
    );
    // Two in the wrong order are a gap, then one that is older than what waits.
    check(
        &[snapshot(5, "9:1", "11:1"), spot(7, 7, "9:3", ""), spot(6, 6, "9:2", "")],
        &["BTC/USDT 0/2 late 1 unused 1 gaps 1 | lost"],
    );
}

#[test]
fn futures_name_the_update_before() {
    let name = "BTC/USD:BTC";
    let joined = [
        futures(1, 4, 0, "7:1", ""),
        futures(5, 9, 4, "8:1", "11:5"),
        futures_snapshot(7, "9:1", "11:1"),
        futures(20, 21, 9, "9:2", ""),
    ];
    check(&joined, &[&format!("{name} 2/3 late 1 | 9:2 11:5")]);
    // An update that ends at the snapshot belongs to it; one that names the snapshot follows it.
    check(&[futures(5, 7, 4, "9:3", ""), futures_snapshot(7, "9:1", "11:1")], &[&format!("{name} 1/1 | 9:3 11:1")]);
    check(
        &[futures(1, 2, 0, "", ""), futures_snapshot(7, "9:1", "11:1"), futures(9, 12, 7, "9:4", "")],
        &[&format!("{name} 1/2 late 1 | 9:4 11:1")],
    );
    let mut gap = joined.to_vec();
    gap.push(futures(22, 25, 20, "9:3", ""));
    check(&gap, &[&format!("{name} 2/4 late 1 gaps 0 | lost").replace("late 1 gaps 0", "late 1 unused 1 gaps 1")]);
    gap.extend([futures_snapshot(24, "9:6", "11:6"), futures(26, 30, 25, "", "10:1")]);
    check(&gap, &[&format!("{name} 4/5 late 1 gaps 1 resyncs 1 | 9:3 10:1")]);
    check(
        &[futures_snapshot(7, "9:1", "11:1"), futures(8, 12, 7, "9:2", ""), futures(8, 12, 7, "9:2", "")],
        &[&format!("{name} 1/2 late 1 | 9:2 11:1")],
    );
}

#[test]
fn a_crossed_book_is_never_shown() {
    check(&[snapshot(5, "9:1", "11:1"), spot(6, 6, "11:2", "")], &["BTC/USDT 0/1 crossed 1 | lost"]);
    check(&[spot(1, 1, "", ""), snapshot(5, "9:1", "9:1")], &["BTC/USDT 0/1 late 1 crossed 1 | lost"]);
    // Within one update it may be: the ask goes when the bid comes.
    check(&[snapshot(5, "9:1", "11:1 12:1"), spot(6, 6, "11:2", "11:0")], &["BTC/USDT 1/1 | 11:2 12:1"]);
    check(
        &[
            exchange("9:1", "11:1"),
            exchange_update("buy", "12", "1"),
            exchange_update("buy", "12", "0"),
            exchange("9:2", "11:1"),
        ],
        &["BTC/USD 0/2 unused 1 crossed 1 resyncs 1 | 9:2 11:1"],
    );
}

#[test]
fn coinbase_exchange_begins_with_a_snapshot() {
    check(
        &[exchange_update("buy", "8", "1"), exchange("9:1", "11:1"), exchange_update("sell", "11", "0.00000000")],
        &["BTC/USD 1/2 unused 1 | 9:1 -"],
    );
}

#[test]
fn coinbase_advanced_counts_all_messages() {
    let both = [("bid", "9", "1"), ("offer", "11", "1")];
    let start = [
        advanced(0, "snapshot", "BTC-USD", &both),
        advanced(1, "snapshot", "ETH-USD", &both),
        heartbeat(2),
        advanced(3, "update", "BTC-USD", &[("bid", "10", "2")]),
    ];
    check(&start, &["BTC/USD 1/1 | 10:2 11:1", "ETH/USD 0/0 | 9:1 11:1"]);
    // A heartbeat is missing: nobody knows of what, so each book is lost. Those with a new snapshot are good again.
    let mut gap = start.to_vec();
    gap.extend([advanced(5, "update", "BTC-USD", &[("bid", "10", "3")]), advanced(6, "snapshot", "ETH-USD", &both)]);
    check(&gap, &["BTC/USD 1/2 unused 1 gaps 1 | lost", "ETH/USD 0/0 gaps 1 resyncs 1 | 9:1 11:1"]);
    // The same message again, and a late one.
    let mut again = start.to_vec();
    again.extend([advanced(3, "update", "BTC-USD", &[("bid", "10", "9")]), advanced(1, "snapshot", "ETH-USD", &[])]);
    check(&again, &["BTC/USD 1/1 | 10:2 11:1", "ETH/USD 0/0 | 9:1 11:1"]);
    // A new connection begins with zero.
    let mut anew = start.to_vec();
    anew.push(advanced(0, "snapshot", "BTC-USD", &both));
    check(&anew, &["BTC/USD 1/1 gaps 1 resyncs 1 | 9:1 11:1", "ETH/USD 0/0 gaps 1 | lost"]);
}

#[test]
fn a_snapshot_without_a_name_is_of_the_one_instrument() {
    let other = spot(1, 1, "", "").replace("BTCUSDT", "ETHUSDT");
    let (found, facts) = read(&[spot(1, 1, "", ""), other, snapshot(5, "9:1", "11:1")]);
    assert_eq!(found, ["BTC/USDT 0/1 unused 1 | lost", "ETH/USDT 0/1 unused 1 | lost"]);
    assert_eq!(facts.reasons, [("a snapshot of no name", 1)]);
    let asked = format!("https://x/depth?symbol=BTCUSDT&limit=5 -> 1.5: {}", snapshot(5, "9:1", "11:1"));
    check(&[asked, spot(6, 6, "", "12:1")], &["BTC/USDT 1/1 | 9:1 11:1"]);
}

#[test]
fn refused_lines_are_counted_and_told_with_their_place() {
    let lines = [
        spot(1, 1, "", ""),
        "hello".to_owned(),
        r#"{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2,"b":[["1e99","1"]],"a":[]}"#.to_owned(),
        r#"{"e":"trade","s":"BTCUSDT","t":1,"p":"-1","q":"1","m":true}"#.to_owned(),
        r#"{"e":"trade","s":"lower","t":1,"p":"1","q":"1","m":true}"#.to_owned(),
        r#"{"e":"depthUpdate","s":"BTCUSDT","U":1,"u":2}"#.to_owned(),
        r#"{"e":"depthUpdate","s":"BTCUSDT","#.to_owned(),
        r#"{"result":null,"id":1}"#.to_owned(),
        r#"{"e":"forceOrder","s":"BTCUSDT","o":{"t":1,"a":[[["deep"]]]},"E":5}"#.to_owned(),
        r#"{"type":"error","message":"authentication failure"}"#.to_owned(),
    ];
    let (_, facts) = read(&lines);
    assert_eq!((facts.lines, facts.messages, facts.others, facts.refused), (10, 4, 3, 6));
    let reasons =
        [("no message", 1), ("no exact number", 2), ("no symbol", 1), ("a field is absent", 1), ("no JSON", 1)];
    assert_eq!(facts.reasons, reasons);
    let told: Vec<String> = facts.findings.iter().map(|f| format!("{}: {}", f.line.unwrap(), f.text)).collect();
    assert!(told[0].starts_with("2: \"hello\" is no message; expected"), "{told:?}");
    assert!(told[1].contains("has \"1e99\" as the price of a level; expected digits"), "{told:?}");
}

#[test]
fn a_message_of_many_entries_is_refused_before_it_takes_memory() {
    let many = format!(r#"{{"channel":"ticker","events":[{}{{}}]}}"#, "{},".repeat(1 << 20));
    let (_, facts) = read(&[heartbeat(0), many, "x".repeat(17 << 20), heartbeat(1)]);
    assert_eq!(facts.reasons, [("too many entries", 1), ("line too long", 1)]);
    assert_eq!((facts.lines, facts.messages), (4, 2));
}

#[test]
fn what_waits_for_a_snapshot_is_bounded() {
    let lines: Vec<String> = (1..5_000).map(|n| spot(n, n, "9:1 8:1", "11:1")).collect();
    let (found, _) = read(&lines);
    assert_eq!(found, ["BTC/USDT 0/4999 unused 4999 | lost"]);
    // The newest are there, the oldest are not.
    let with = |last| {
        let mut lines = lines.clone();
        lines.push(snapshot(last, "9:5", "11:5"));
        read(&lines).0
    };
    assert_eq!(with(2_000), ["BTC/USDT 0/4999 unused 4999 stale 1 | lost"]);
    assert_eq!(with(4_990), ["BTC/USDT 9/4999 late 2039 unused 2951 | 9:1 11:1"]);
}
