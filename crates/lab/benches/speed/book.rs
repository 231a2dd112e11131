//! Order books: raw messages to a checked book beside serde_json's `Value` of the same messages, and changes of a book
//! beside a `BTreeMap`. `QFRAME_RECORDING` names a recorded stream (`<time> {…}` a line) to use in place of an invented one.
use std::collections::BTreeMap;

use qframe_data::book::{Books, Decoder, Stamp};
use qframe_model::book::OrderBook;
use qframe_model::market::{Level, Side};
use qframe_model::number::{Price, Volume};
use qframe_model::time::Time;

use super::cpu::{best_and_median, seconds};

const RUNS: usize = 9;

pub(crate) fn run(changes: usize) {
    messages(changes / 50);
    for (name, levels, spread) in [("top", 1_000, 10), ("all", 1_000, 1_000), ("all", 10_000, 10_000)] {
        levels_of(name, changes, levels, spread);
    }
}

/// Decoding and taking in, beside the parse into a tree of values that one would begin with.
fn messages(count: usize) {
    let messages = recorded().unwrap_or_else(|| invented(count));
    let bytes: usize = messages.iter().map(String::len).sum();
    let (mut tree_runs, mut our_runs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (took, trees) =
            seconds(|| messages.iter().filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()).count());
        assert_eq!(trees, messages.len());
        tree_runs.push(took);
        let (took, (events, good)) = seconds(|| books(&messages));
        assert!(good && events > 0, "the book is good at the end");
        our_runs.push(took);
    }
    let ((_, tree), (_, ours)) = (best_and_median(tree_runs), best_and_median(our_runs));
    println!(
        "book messages={} ours={:.2}M/s ({:.0} MB/s) serde_json::Value={:.2}M/s time ratio={:.3} (median of {RUNS})",
        messages.len(),
        messages.len() as f64 / ours / 1e6,
        bytes as f64 / ours / 1e6,
        messages.len() as f64 / tree / 1e6,
        ours / tree
    );
}

fn books(messages: &[String]) -> (u64, bool) {
    let (mut decoder, mut books) = (Decoder::default(), Books::default());
    let (mut rows, stamp) = (0u64, Stamp { time: Time::EPOCH, received: Time::EPOCH });
    for message in messages {
        let decoded = decoder.decode(message.as_bytes(), |frame| {
            // The one snapshot without a name is of the one instrument.
            let name = if frame.name.is_empty() { "BTCUSDT" } else { frame.name };
            let taken = books.take(0, &qframe_data::book::Frame { name, ..frame }, stamp, &mut |_, _| rows += 1);
            taken.unwrap();
        });
        decoded.unwrap();
    }
    let one = &books.instruments()[0];
    (one.events, one.book().is_some() && rows > 0)
}

fn recorded() -> Option<Vec<String>> {
    let text = std::fs::read_to_string(std::env::var_os("QFRAME_RECORDING")?).unwrap();
    Some(text.lines().map(|line| line[line.find('{').unwrap()..].to_owned()).collect())
}

/// A snapshot of a thousand levels a side, then updates of 34 levels and two best quotes each.
fn invented(count: usize) -> Vec<String> {
    let level = |place: i64, quantity: i64| {
        format!("[\"{}.{:02}\",\"{}.{:03}\"]", 60_000 + place / 100, place % 100, quantity % 9, quantity % 1_000)
    };
    let levels = |from: i64, step: i64, of: i64, salt: i64| {
        (0..of).map(|i| level(from + step * i, 1 + (i + salt) * 7)).collect::<Vec<_>>().join(",")
    };
    let mut all = vec![format!(
        r#"{{"lastUpdateId":10,"E":1,"T":1,"bids":[{}],"asks":[{}]}}"#,
        levels(99_999, -1, 1_000, 1),
        levels(100_001, 1, 1_000, 2)
    )];
    for n in 1..=count as i64 {
        let (first, last, previous, near) = (10 * n + 1, 10 * n + 10, 10 * n, n * 31 % 40);
        let (bids, asks) = (levels(99_999 - near, -3, 17, n), levels(100_001 + near, 3, 17, n));
        all.push(format!(
            r#"{{"stream":"btcusdt@depth@0ms","data":{{"e":"depthUpdate","E":{n},"T":{n},"s":"BTCUSDT","U":{first},"u":{last},"pu":{previous},"b":[{bids}],"a":[{asks}]}}}}"#
        ));
        for _ in 0..2 {
            all.push(format!(
                r#"{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":{last},"s":"BTCUSDT","b":"60999.99","B":"1.5","a":"61000.01","A":"2.5","T":{n},"E":{n}}}}}"#
            ));
        }
    }
    all
}

/// Changes within `spread` levels of the best, in a book of so many.
fn levels_of(name: &str, changes: usize, levels: i64, spread: i64) {
    let price = |place: i64| Price::from_nanos((1_000_000 - place) * 10_000_000);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let changes: Vec<Level> = (0..changes)
        .map(|_| {
            let (place, quantity) = (next() % spread as u64, next() % 4);
            Level { price: price(place as i64), quantity: Volume::from_digits(quantity, 0).unwrap() }
        })
        .collect();
    let full = || (0..levels).map(|place| Level { price: price(place), quantity: Volume::from_digits(1, 0).unwrap() });
    let (mut tree_runs, mut our_runs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut book = OrderBook::default();
        full().for_each(|level| book.set(Side::Buy, level));
        let (took, ours) = seconds(|| {
            let mut best = 0i64;
            for level in &changes {
                book.set(Side::Buy, *level);
                best = best.wrapping_add(book.bid().map_or(0, |level| level.price.nanos()));
            }
            best
        });
        our_runs.push(took);
        let mut tree: BTreeMap<Price, Volume> = full().map(|level| (level.price, level.quantity)).collect();
        let (took, theirs) = seconds(|| {
            let mut best = 0i64;
            for level in &changes {
                if level.quantity.is_zero() {
                    tree.remove(&level.price);
                } else {
                    tree.insert(level.price, level.quantity);
                }
                best = best.wrapping_add(tree.last_key_value().map_or(0, |(price, _)| price.nanos()));
            }
            best
        });
        tree_runs.push(took);
        assert_eq!(ours, theirs, "both have the same best price after each change");
    }
    let ((_, tree), (_, ours)) = (best_and_median(tree_runs), best_and_median(our_runs));
    let rate = |seconds: f64| changes.len() as f64 / seconds / 1e6;
    println!(
        "book levels={levels} changes={name} ours={:.1}M/s BTreeMap={:.1}M/s ratio={:.2} (median of {RUNS})",
        rate(ours),
        rate(tree),
        tree / ours
    );
}
