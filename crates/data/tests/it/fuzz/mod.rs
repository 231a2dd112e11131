//! Every decoder on hostile bytes: no panic, no memory without bound, and what is taken in is consistent.
//!
//! Random bytes seldom come far, so an input is a text that is right, changed in a few places. `QFRAME_FUZZ_RUNS` says how
//! many inputs each target takes; `cargo xtask fuzz` sets it. A failure prints the smallest input that was found.
use std::io::Cursor;

use qframe_data::book::{Decoder, Frame, Recording};
use qframe_data::{CalendarKind, Offsets, OnBadRow, Options, read_bars_from, read_calendar_from};
use qframe_model::book::OrderBook;
use qframe_model::market::Tick;
use qframe_model::number::{Cash, Price, Quantity, Rate, Volume};
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use crate::messages::{advanced, exchange, exchange_update, futures, futures_snapshot, heartbeat, snapshot, spot};

mod engine;
mod imports;

use engine::fuzz;

/// How many inputs, where nobody says.
const RUNS: usize = 2_000;

fn runs() -> usize {
    std::env::var("QFRAME_FUZZ_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS)
}

fn messages() -> Vec<String> {
    let both = [("bid", "9.5", "1"), ("offer", "11.25", "0.00000001")];
    let other = [
        r#"{"stream":"x","data":{"e":"bookTicker","u":5,"s":"BTCUSDT","b":"9.1","B":"1","a":"11","A":"1","T":4,"E":5}}"#,
        r#"{"u":6,"s":"BTCUSDT","b":"9.10000000","B":"1.00000000","a":"11.00","A":"1.5"}"#,
        r#"{"e":"trade","E":5,"T":4,"s":"BTCUSDT","t":7,"p":"10","q":"0.5","X":"MARKET","m":true}"#,
        r#"{"e":"aggTrade","E":5,"s":"BTCUSDT","a":7,"p":"10","q":"0.5","f":1,"l":2,"T":4,"m":false,"M":true}"#,
        r#"{"type":"ticker","sequence":3,"product_id":"BTC-USD","best_bid":"9","best_ask":"11","time":"2026-01-01T00:00:00.5Z"}"#,
        r#"{"type":"match","trade_id":3,"side":"sell","size":"1","price":"9","product_id":"BTC-USD","time":"2026-01-01T00:00:00.5Z"}"#,
        r#"{"channel":"market_trades","timestamp":"2026-01-01T00:00:00Z","sequence_num":1,"events":[{"type":"update","trades":[{"trade_id":"1","product_id":"BTC-USD","price":"9","size":"1","side":"BUY","time":"2026-01-01T00:00:00Z"}]}]}"#,
        r#"{"channel":"ticker","timestamp":"2026-01-01T00:00:00Z","sequence_num":2,"events":[{"type":"update","tickers":[{"product_id":"BTC-USD","best_bid":"9","best_bid_quantity":"1","best_ask":"11","best_ask_quantity":"2"}]}]}"#,
    ];
    let mut all = vec![
        spot(1, 6, "9.1:1 8.25:0.5 7:0", "11:2 12.75:1"),
        snapshot(5, "9.1:1 8:3", "11:1 12:4"),
        futures(5, 9, 4, "8:1", "11:5"),
        futures_snapshot(7, "9:1", "11:1"),
        exchange("9:1 8:2", "11:1"),
        exchange_update("buy", "9.5", "0.00000000"),
        advanced(0, "snapshot", "BTC-USD", &both),
        advanced(3, "update", "ETH-USD", &both),
        heartbeat(1),
    ];
    all.extend(other.map(str::to_owned));
    all
}

#[test]
fn frames() {
    fuzz(&messages(), |_, bytes| {
        let told = |decoder: &mut Decoder| {
            let mut told = Vec::new();
            let done = decoder.decode(bytes, |frame: Frame<'_>| told.push(format!("{frame:?}")));
            (done, told)
        };
        let mut used = Decoder::default();
        let _ = used.decode(futures_snapshot(7, "9:1", "11:1").as_bytes(), |_| {});
        let (done, frames) = told(&mut used);
        assert_eq!((done.clone(), frames.clone()), told(&mut Decoder::default()), "what was before does not matter");
        assert!(done.is_ok() || frames.is_empty(), "a message with a fault says nothing");
    });
}

#[test]
fn recordings() {
    let stamped = |(place, message): (usize, &String)| format!("{}.5: {message}", 1_600_000_000 + place);
    let all = messages();
    let lines =
        |range: std::ops::Range<usize>| all[range].iter().enumerate().map(stamped).collect::<Vec<_>>().join("\n");
    let spot_stream = [
        spot(1, 4, "9:1", ""),
        snapshot(3, "9:1 8:1", "11:1"),
        spot(5, 5, "9:0", "11:0 12:1"),
        spot(7, 8, "9:1", ""),
        snapshot(8, "9:1", "11:1"),
        spot(9, 9, "12:1", ""),
    ];
    let advanced_stream: Vec<String> = (0..6)
        .map(|n| advanced(n, if n == 0 { "snapshot" } else { "update" }, "BTC-USD", &[("bid", "9", "1")]))
        .collect();
    let seeds = [lines(0..all.len()), lines(0..4), lines(4..9), spot_stream.join("\n"), advanced_stream.join("\r\n")];
    fuzz(&seeds, |_, bytes| {
        let Ok(mut recording) = Recording::from_reader(Cursor::new(bytes.to_vec()), "x") else { return };
        let mut shown: Vec<OrderBook> = Vec::new();
        let done = recording.read(|place, tick| {
            shown.resize(shown.len().max(place + 1), OrderBook::default());
            if let Tick::Book(delta) = tick {
                shown[place].apply(&delta);
                assert!(!(delta.last && shown[place].is_crossed()), "a crossed book was shown");
            }
        });
        let facts = recording.facts();
        assert_eq!(facts.messages + facts.notes + facts.refused, facts.lines, "{facts:?}");
        shown.resize(recording.books().instruments().len(), OrderBook::default());
        for (one, shown) in recording.books().instruments().iter().zip(&shown) {
            assert!(done.is_err() || one.book().unwrap_or(&OrderBook::default()) == shown, "the rows and the book");
            let counts = one.counts();
            assert!(counts.applied + counts.late + counts.unused <= counts.updates, "{counts:?}");
        }
    });
}

#[test]
fn bars() {
    let seeds = [
        "time,open,high,low,close,volume\n2020-01-01,10,12,9,11,5\n2020-01-02,11,12.5,9,11,0.5\n",
        "1500000000000,1.5,2,1,1.75,3.25\n1500000060000,1.75,2,1,1.5,0\n",
        "Date;Open;High;Low;Close;Volume\n01/02/2020 10:00;1;2;1;2;3\n01/02/2020 10:01;1;2;1;2;3\n",
        "# note\nDate,Symbol,Open,High,Low,Close,Volume BTC,Volume USD\n2017-07-01 11-PM,BTCUSD,2505.56,2513.38,2495.12,2509.17,114.60,287000.32\n2017-07-01 10-PM,BTCUSD,2505,2513,2495,2509,114.60,287000\n",
        "\"time\",\"open\",\"high\",\"low\",\"close\"\n\"2020-01-01T00:00:00+01:00\",\"1\",\"1e1\",\"0.5\",\"2\"\n\"2020-01-02T00:00:00+01:00\",\"1\",\"1e1\",\"0.5\",\"2\"\n",
        "time,price\n2020-01-01,5\n2020-01-02,6\n",
    ];
    let options = [
        Options::default(),
        Options { on_bad_row: OnBadRow::Skip, offsets: Offsets::Mixed, ..Options::default() },
        Options { close_column: Some("price"), time_frame: Some(TimeFrame::DAY), ..Options::default() },
    ];
    fuzz(&seeds.map(str::to_owned), |_, bytes| {
        for options in &options {
            if let Ok(loaded) = read_bars_from(bytes, "x.csv", options) {
                assert!(loaded.bars.iter().all(|bar| bar.check().is_ok()), "what is read is a bar");
                assert!(loaded.bars.windows(2).all(|pair| pair[0].time < pair[1].time), "times rise");
            }
        }
    });
}

#[test]
fn calendars() {
    let seeds = [
        "time,amount\n2020-02-10,0.2\n2020-03-10,0.25\n",
        "time,ratio\n2020-02-14,2\n",
        "time,rate\n2020-02-10T08:00:00Z,-0.0001\n",
    ];
    let kinds = [CalendarKind::Dividends, CalendarKind::Splits, CalendarKind::Funding];
    fuzz(&seeds.map(str::to_owned), |_, bytes| {
        for kind in kinds {
            let _ = read_calendar_from(bytes, "x.csv", kind);
        }
    });
}

#[test]
fn numbers_and_names() {
    let seeds = [
        "61737.63000000",
        "-0.000000001",
        "1e-8",
        "+12.5",
        "9223372036.854775807",
        "170141183460469231731687303715884105727",
        "2020-01-01T00:00:00.5Z",
        "2262-04-11T23:47:16.854775807Z",
        "15m",
        "BTC/USDT:USDT-261225@binance",
        "ES-20131220",
        "AAPL",
    ];
    fuzz(&seeds.map(str::to_owned), |_, bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        again::<Price>(text);
        again::<Quantity>(text);
        again::<Volume>(text);
        again::<Cash>(text);
        again::<Rate>(text);
        again::<Time>(text);
        again::<TimeFrame>(text);
        again::<Symbol>(text);
    });
}

/// What is read from a text is printed as a text that reads the same.
fn again<T: std::str::FromStr + std::fmt::Display + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string().parse::<T>().ok(), Some(value), "{text}");
    }
}
