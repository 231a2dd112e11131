//! Round the house: a recording that the local exchange plays, our adapter hears and the catalog keeps, is what an import of it
//! is.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use qframe_data::{Catalog, DataKey, Kind, Rows};
use qframe_model::market::{BookChange, Side};
use qframe_model::number::{Cash, Price, Quantity, Volume};
use qframe_model::time::Time;

use crate::program::{Program, Running};

/// When the recording begins, in milliseconds.
const START: u64 = 1_723_161_254_000;

/// A whole book, and from half a second on trades and changes for two seconds; invented by a rule.
fn recording() -> String {
    let level = |step: u64| format!("[\"{}.{:02}\",\"{}\"]", 99 - step / 20, 95 - 5 * (step % 20), 1 + step % 3);
    let ask = |step: u64| format!("[\"{}.{:02}\",\"{}\"]", 100 + step / 20, 5 * (step % 20), 1 + step % 4);
    let side = |of: &dyn Fn(u64) -> String| (0..30).map(of).collect::<Vec<_>>().join(",");
    let mut text =
        format!("{START}000000 {{\"lastUpdateId\":100,\"bids\":[{}],\"asks\":[{}]}}\n", side(&level), side(&ask));
    for id in 1..=200_u64 {
        let (time, next) = (START + 500 + id * 10, 100 + id);
        let (bid, offer) = (99 - id % 2, 100 + id % 2);
        text += &format!(
            "{time}000000 {{\"e\":\"depthUpdate\",\"E\":{time},\"s\":\"BTCUSDT\",\"U\":{next},\"u\":{next},\
             \"b\":[[\"{bid}.{:02}\",\"{}\"]],\"a\":[[\"{offer}.{:02}\",\"{}\"]]}}\n",
            5 * (id * 7 % 19),
            id % 5,
            5 * (id * 3 % 19 + 1),
            id % 3
        );
        // Two trades of one taker now and then: a sum of them comes back.
        for part in 0..=u64::from(id % 4 == 0) {
            let (trade, price) = (2 * id + part, 99 + u64::from(id % 2 == 0));
            text += &format!(
                "{time}000000 {{\"e\":\"trade\",\"E\":{time},\"s\":\"BTCUSDT\",\"t\":{trade},\"p\":\"{price}.50\",\
                 \"q\":\"0.{:03}\",\"T\":{time},\"m\":{},\"M\":true}}\n",
                1 + id * 13 % 500,
                id % 2 == 1
            );
        }
    }
    text
}

fn rows(folder: &std::path::Path, kind: Kind) -> Vec<Rows> {
    let catalog = Catalog::open(folder).unwrap();
    let key = DataKey { kind, venue: "binance".to_owned(), symbol: "BTC/USDT".parse().unwrap(), frame: None };
    catalog.scan(&key, Time::MIN..Time::MAX).unwrap().map(Result::unwrap).collect()
}

/// What was traded by each side: units, and what they were worth.
fn traded(folder: &std::path::Path) -> BTreeMap<String, (Quantity, Cash)> {
    let mut sums = BTreeMap::new();
    for batch in rows(folder, Kind::Trades) {
        let Rows::Trades(trades) = batch else { panic!("no trades") };
        for trade in trades {
            let (units, value) = sums.entry(format!("{:?}", trade.side)).or_insert((Quantity::ZERO, Cash::ZERO));
            let quantity = trade.quantity.quantity();
            *units = units.plus(quantity).unwrap();
            *value = value.plus(trade.price.times(quantity).unwrap()).unwrap();
        }
    }
    sums
}

/// The book after its last row.
fn last_book(folder: &std::path::Path) -> BTreeMap<(bool, Price), Volume> {
    let mut book = BTreeMap::new();
    for batch in rows(folder, Kind::Book) {
        let Rows::Book(deltas) = batch else { panic!("no book") };
        for delta in deltas {
            match delta.change {
                BookChange::Clear => book.clear(),
                BookChange::Level(side, level) if level.quantity.is_zero() => {
                    book.remove(&(side == Side::Buy, level.price));
                }
                BookChange::Level(side, level) => drop(book.insert((side == Side::Buy, level.price), level.quantity)),
            }
        }
    }
    book
}

#[test]
fn what_is_played_heard_and_kept_is_what_was_recorded() {
    let program = Program::new();
    program.write("stream.txt", recording());
    let imported = program.run("data import stream.txt --catalog imported");
    assert_eq!(imported.code(), 0, "{}", imported.error());
    let mut command = Command::new(env!("CARGO_BIN_EXE_qframe"));
    let words = "exchange --replay stream.txt --wait --from 2024-08-08T23:54:14.4Z --port 0 --json";
    command.args(words.split_whitespace()).current_dir(&program.folder).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let start: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let (url, stream) = (start["url"].as_str().unwrap(), start["url"].as_str().unwrap().replace("http", "ws"));
    let heard = program.run(&format!(
        "data stream binance BTC/USDT --channel trades,book --keep --catalog heard --base-url {url} --ws-url {stream} --for 5s"
    ));
    assert_eq!(heard.code(), 0, "{} {}", heard.out(), heard.error());
    let folder = |name: &str| program.path(name);
    let expected = traded(&folder("imported"));
    assert!(expected.len() == 2 && expected.values().all(|(units, _)| units.is_positive()), "{expected:?}");
    assert_eq!(traded(&folder("heard")), expected, "{}", heard.out());
    let (book, expected) = (last_book(&folder("heard")), last_book(&folder("imported")));
    assert!(expected.len() > 30, "{}", expected.len());
    assert_eq!(book, expected, "{}", heard.out());
}
