//! What the futures exchange streams, read back by the decoder and the books of our own adapter.
use std::fmt::Write;

use qframe_data::book::{Recording, read_marks};
use qframe_model::market::{Side, Tick};
use qframe_venues::exchange::binance::Request;
use qframe_venues::exchange::usdm::stream::frames;

use super::market::{at, level, trade};
use super::usdm::usdm;

/// A market that goes on: a level changes, or somebody trades.
fn row(step: i64, millis: i64) -> Tick {
    match step % 4 {
        0 => level(millis, Side::Buy, 9_990 - step * 7 % 9 * 10, step * 31 % 900, true),
        1 => level(millis, Side::Sell, 10_010 + step * 5 % 9 * 10, step * 37 % 900, true),
        2 => trade(millis, step.unsigned_abs(), Side::Buy, 10_010, 50),
        _ => trade(millis, step.unsigned_abs(), Side::Sell, 9_990, 40),
    }
}

#[test]
fn its_streams_make_its_book_and_its_tape() {
    let mut exchange = usdm();
    let mut text = String::new();
    let write = |text: &mut String, millis: i64, message: &str| {
        writeln!(text, "{} {message}", at(millis).nanos()).unwrap();
    };
    let mut trades = Vec::new();
    exchange.futures.notices().for_each(drop);
    // The last one is no trade: an aggregate is told when time goes on.
    for step in 1_i64..=2_000 {
        let millis = 1_000 + step * 20;
        let row = row(step, millis);
        if let Tick::Trade(trade) = row {
            trades.push((trade.id, trade.price, trade.quantity, trade.side));
        }
        exchange.futures.tick(0, &row).unwrap();
        let notices: Vec<_> = exchange.futures.notices().collect();
        let wanted = ["aaausdt@depth@100ms", "aaausdt@aggTrade", "aaausdt@bookTicker", "aaausdt@markPrice@1s"];
        for notice in &notices {
            for (topic, frame) in frames(&exchange.futures, notice, |_| true) {
                if wanted.iter().any(|name| format!("{topic:?}") == format!("Stream({name:?})")) {
                    write(&mut text, millis, &frame.to_string());
                }
            }
        }
        // Somebody asks for the book after a while, as a client does that joins it with what it heard since.
        if step == 500 {
            let (path, query) = ("/fapi/v1/depth".to_owned(), "symbol=AAAUSDT&limit=1000".to_owned());
            let book = exchange.answer(&Request { method: "GET".to_owned(), path, query, ..Request::default() }, 0);
            write(&mut text, millis, &book.body.to_string());
        }
    }
    let mut recording = Recording::from_reader(std::io::Cursor::new(text.clone().into_bytes()), "frames").unwrap();
    let mut read = Vec::new();
    recording
        .read(|_, tick| {
            if let Tick::Trade(trade) = tick {
                read.push((trade.id, trade.price, trade.quantity, trade.side));
            }
        })
        .unwrap();
    let facts = recording.facts();
    assert_eq!(facts.refused, 0, "{:?}", facts.findings.first());
    let one = &recording.books().instruments()[0];
    assert_eq!((one.symbol.as_str().split('@').next(), one.counts().gaps), (Some("AAA/USDT:USDT"), 0));
    assert!(
        one.checked > 100 && one.checked == one.equal,
        "{} best quotes, {} as the book has them",
        one.checked,
        one.equal
    );
    assert_eq!((read.len(), read.last()), (trades.len(), trades.last()));
    assert_eq!(read, trades);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let (marks, more) = read_marks(file.path(), 30).unwrap();
    assert_eq!((marks.len(), more), (30, 10), "one a second");
    assert_eq!(marks[0].rate, qframe_model::number::Rate::basis_points(1));
}
