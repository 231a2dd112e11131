//! A recorded stream that the local exchange plays, our own adapter hears and the catalog keeps is what an import of the
//! recording says: trades and quotes row by row, and every book that was shown is one that the recording had, in its order.
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use qframe_data::catalog::Catalog;
use qframe_data::{DataKey, Kind, Rows};
use qframe_model::book::OrderBook;
use qframe_model::market::{BookDelta, Level, Quote, Side, Trade};
use qframe_model::time::Time;

use crate::program::{Program, Running};

const START_MS: u64 = 1_723_161_254_000;
const STEPS: u64 = 400;

/// A minute of a market whose middle wanders: changes of the book every 100 ms, trades and quotes between them.
fn recording() -> String {
    let mut text = format!(
        "{START_MS}000000 {{\"lastUpdateId\":10,\"bids\":[[\"100.0\",\"5\"],[\"99.0\",\"7\"]],\"asks\":[[\"101.0\",\"4\"],[\"102.0\",\"9\"]]}}\n"
    );
    let (mut update, mut id) = (10, 500);
    for step in 1..=STEPS {
        let time = START_MS + 150 * step;
        let mut line = |time: u64, message: String| writeln!(text, "{time}000000 {message}").unwrap();
        let (bid, ask) = (100 - step % 3, 101 + step % 2);
        let (first, last) = (update + 1, update + 1 + step % 4);
        update = last;
        // The level of the side that stays, and one deeper, which comes and goes.
        line(
            time,
            format!(
                "{{\"e\":\"depthUpdate\",\"E\":{time},\"s\":\"BTCUSDT\",\"U\":{first},\"u\":{last},\"b\":[[\"{bid}.0\",\"{}\"],[\"{}.5\",\"{}\"]],\"a\":[[\"{ask}.0\",\"{}\"]]}}",
                1 + step % 7,
                90 + step % 5,
                step % 2 * 3,
                2 + step % 5,
            ),
        );
        id += 1;
        line(
            time + 30,
            format!(
                "{{\"e\":\"aggTrade\",\"E\":{0},\"s\":\"BTCUSDT\",\"a\":{id},\"p\":\"{ask}.0\",\"q\":\"0.{step:03}\",\"f\":{id},\"l\":{id},\"T\":{0},\"m\":{1},\"M\":true}}",
                time + 30,
                step % 3 == 0,
            ),
        );
    }
    text
}

/// The rows of a kind in a program's catalog.
fn rows(program: &Program, kind: Kind) -> Vec<Rows> {
    let catalog = Catalog::open(program.path("catalog")).unwrap();
    let key = DataKey { kind, venue: "binance".to_owned(), symbol: "BTC/USDT".parse().unwrap(), frame: None };
    catalog.scan(&key, Time::MIN..Time::MAX).unwrap().map(Result::unwrap).collect()
}

fn trades(program: &Program) -> Vec<Trade> {
    let of = |rows| if let Rows::Trades(trades) = rows { trades } else { Vec::new() };
    // When it was heard is the only thing that may differ.
    let heard = |trade: Trade| Trade { received: trade.time, ..trade };
    rows(program, Kind::Trades).into_iter().flat_map(of).map(heard).collect()
}

fn quotes(program: &Program) -> Vec<[Level; 2]> {
    let of = |rows| if let Rows::Quotes(quotes) = rows { quotes } else { Vec::new() };
    rows(program, Kind::Quotes).into_iter().flat_map(of).map(|quote: Quote| [quote.bid, quote.ask]).collect()
}

/// The book after each whole update; between connections there is none.
fn books(program: &Program) -> Vec<Vec<Level>> {
    let of = |rows| if let Rows::Book(deltas) = rows { deltas } else { Vec::new() };
    let (mut book, mut all) = (OrderBook::default(), Vec::new());
    for delta in rows(program, Kind::Book).into_iter().flat_map(of) {
        let delta: BookDelta = delta;
        book.apply(&delta);
        if delta.last && book.levels(Side::Buy).next().is_some() {
            all.push(book.levels(Side::Buy).chain(book.levels(Side::Sell)).collect());
        }
    }
    all
}

#[test]
fn what_is_replayed_comes_back() {
    let (imported, streamed) = (Program::new(), Program::new());
    imported.write("tape.txt", recording());
    let import = imported.run("data import tape.txt");
    assert_eq!(import.code(), 0, "{}", import.error());
    let mut command = Command::new(env!("CARGO_BIN_EXE_qframe"));
    command.args(["exchange", "--replay", "tape.txt", "--port", "0", "--json", "--speed", "8x", "--wait"]);
    let mut exchange = Running(command.current_dir(&imported.folder).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(exchange.0.stdout.take().unwrap()).lines();
    let start: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let url = start["url"].as_str().unwrap();
    let words = format!(
        "data stream binance BTC/USDT --channel trades,quotes,book --base-url {url} --ws-url {} --keep --for 12s --json",
        url.replace("http", "ws")
    );
    let stream = streamed.run(&words);
    assert_eq!(stream.code(), 0, "{}", stream.error());

    let (ours, theirs) = (trades(&streamed), trades(&imported));
    assert_eq!(theirs.len() as u64, STEPS);
    assert_eq!(ours, theirs);

    // The exchange tells of changes ten times a second: some books of the recording were never shown.
    let (shown, recorded) = (books(&streamed), books(&imported));
    let mut at = 0;
    for book in &shown {
        let found = recorded[at..].iter().position(|one| one == book);
        at += found.unwrap_or_else(|| panic!("a book that never was, after {at} of {}: {book:?}", recorded.len()));
    }
    let told = stream.out().lines().last().unwrap_or_default().to_owned();
    assert_eq!(shown.last(), recorded.last(), "{told}");
    assert!(shown.len() > recorded.len() / 2, "{} books of {} were shown", shown.len(), recorded.len());

    // The best levels of the recorded books, one after the other.
    let mut bests: Vec<[Level; 2]> = Vec::new();
    for book in &recorded {
        let ask =
            book.windows(2).position(|pair| pair[1].price > pair[0].price).map(|place| [book[0], book[place + 1]]);
        bests.extend(ask.filter(|best| bests.last() != Some(best)));
    }
    let heard = quotes(&streamed);
    let mut at = 0;
    for quote in &heard {
        let found = bests[at..].iter().position(|one| one == quote);
        at += found.unwrap_or_else(|| panic!("a quote that never was, after {at} of {}: {quote:?}", bests.len()));
    }
    assert!(heard.len() > bests.len() / 2, "{} quotes of {}", heard.len(), bests.len());
}
