//! Every recorded message of both exchanges is a row, something known, or a stated refusal.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use qframe_data::book::{Content, Decoder, Feed};
use qframe_model::time::Time;
use qframe_venues::stream::{Line, Session, Timings};

use super::faults::wanted;
use qframe_venues::stream::Channel;

pub(super) fn payloads() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/payloads");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no ../shared/data/payloads");
    None
}

/// The messages of a file: one a line, or the file.
pub(super) fn messages(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    if name.ends_with(".json") {
        return vec![text];
    }
    let message = |line: &str| line.find('{').map(|start| line[start..].to_owned());
    // What the recorder sent stands behind an arrow to the left.
    text.lines().filter(|line| !line.contains(" <- ")).filter_map(message).collect()
}

fn kinds(messages: &[String]) -> BTreeMap<String, usize> {
    let (mut decoder, mut kinds) = (Decoder::default(), BTreeMap::new());
    for message in messages {
        let mut frames = Vec::new();
        let done = decoder.decode(message.as_bytes(), |frame| {
            frames.push(match frame.content {
                Content::Snapshot { .. } => "snapshot".to_owned(),
                Content::Diff { .. } => "diff".to_owned(),
                Content::Quote(_) => "quote".to_owned(),
                Content::Trade { .. } => "trade".to_owned(),
                Content::Bar { .. } => "bar".to_owned(),
                Content::Mark { .. } => "mark".to_owned(),
                Content::Other(kind) => format!("other {kind}"),
            });
        });
        if let Err(fault) = done {
            frames.push(format!("refused: {}", fault.reason()));
        }
        frames.into_iter().for_each(|kind| *kinds.entry(kind).or_default() += 1);
    }
    kinds
}

fn told(kinds: &BTreeMap<String, usize>) -> String {
    kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_message_is_what_it_says() {
    let Some(folder) = payloads() else { return };
    let check = |file: &str, expected: &str| {
        let kinds = kinds(&messages(&folder.join(file)));
        assert_eq!(told(&kinds), expected, "{file}");
    };
    check("binance/cryptofeed/BINANCE.ws.1.0", "2 bar, 177 diff, 84 quote, 2 trade");
    check("binance/cryptofeed/BINANCE_FUTURES.ws.1.0", "67 bar, 764 diff, 613 quote, 91 trade");
    check("binance/cryptofeed/BINANCE.http.0.0", "4 snapshot");
    check("binance/cryptofeed/BINANCE_FUTURES.http.0.0", "4 snapshot");
    check(
        "coinbase/cryptofeed/COINBASE.ws.28.0.5-products",
        "5551 diff, 5 other last_match, 3 other subscriptions, 77 quote, 5 snapshot, 72 trade",
    );
    check(
        "coinbase/transcribed-recorded/advanced_ws_dev.jsonl",
        "2 diff, 1 other error, 1 other heartbeats, 1 other market_trades, 5 other subscriptions, 1 quote, 1 snapshot",
    );
    check("coinbase/transcribed-recorded/exchange_ws_dev.jsonl", "2 diff, 1 other heartbeat, 2 trade");
    let futures = "binance/nautilus-crate/futures/market_data_json";
    for (name, expected) in [
        ("ticker_stream", "1 other 24hrTicker"),
        ("mark_price_stream", "1 mark"),
        ("book_ticker_stream", "1 quote"),
        ("trade_stream", "1 trade"),
        ("kline_stream_open", "1 bar"),
        ("kline_stream_closed", "1 bar"),
        ("depth_update_stream", "1 diff"),
        ("liquidation_stream", "1 other forceOrder"),
        ("agg_trade_stream", "1 trade"),
    ] {
        check(&format!("{futures}/{name}.json"), expected);
    }
    for (name, expected) in [
        ("ws_candles", "1 bar"),
        ("ws_heartbeats", "1 other heartbeats"),
        ("ws_l2_data_snapshot", "1 snapshot"),
        ("ws_l2_data_update", "1 diff"),
        ("ws_market_trades", "2 trade"),
        ("ws_subscriptions", "1 other subscriptions"),
        ("ws_ticker", "1 quote"),
        ("ws_user", "1 other user"),
    ] {
        check(&format!("coinbase/nautilus-crate/{name}.json"), expected);
    }
}

/// Answers of REST and messages of accounts are none of a market: nothing of them is taken for a row or for a fault.
#[test]
fn what_is_no_message_of_a_market_makes_no_row() {
    let Some(folder) = payloads() else { return };
    let mut count = 0;
    let folders = ["binance/nautilus-crate/futures/user_data_json", "binance/nautilus-crate/spot/user_data_json"];
    for folder in folders.map(|name| folder.join(name)) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kinds = kinds(&messages(&path));
            assert!(kinds.keys().all(|kind| kind.starts_with("other ")), "{}: {kinds:?}", path.display());
            count += 1;
        }
    }
    assert!(count >= 24, "{count}");
}

fn json(text: &str) -> String {
    let mut decoder = Decoder::default();
    let mut told = String::new();
    decoder.decode(text.as_bytes(), |frame| told.push_str(&format!("{} {:?}", frame.name, frame.content))).unwrap();
    told
}

#[test]
fn bars_and_marks_have_their_values() {
    let check = |text: &str, expected: &[&str]| {
        let told = json(text);
        expected.iter().for_each(|part| assert!(told.contains(part), "{told}\nexpected {part}"));
    };
    let kline = r#"{"e":"kline","E":1,"s":"AB","k":{"t":1700000040000,"T":1700000099999,"s":"AB","i":"1m","f":1,"L":2,
        "o":"10.5","c":"11","h":"12.25","l":"10","v":"7.125","n":2,"x":true,"q":"1","V":"1","Q":"1","B":"0"}}"#;
    check(kline, &["AB Bar", "10.5", "12.25", "7.125", "over: true"]);
    check(&kline.replace("1m", "1M"), &["Other(\"kline\")"]);
    let mark = r#"{"e":"markPriceUpdate","E":1700000000000,"s":"AB","p":"10.5","i":"10","P":"10","r":"-0.00038167",
        "T":1700006400000}"#;
    check(mark, &["AB Mark", "10.5", "-0.00038167"]);
    check(&mark.replace("-0.00038167", ""), &["Other(\"markPriceUpdate\")"]);
    // `k` is something else in an order's report.
    check(r#"{"e":"executionReport","E":1,"s":"AB","k":"SOR"}"#, &["Other(\"executionReport\")"]);
}

/// Whatever message comes to whatever session, and cut short anywhere: it is counted, and nothing breaks.
#[test]
fn any_session_takes_any_message() {
    let Some(folder) = payloads() else { return };
    let mut all = Vec::new();
    for file in [
        "binance/cryptofeed/BINANCE_FUTURES.ws.1.0",
        "binance/cryptofeed/BINANCE.http.0.0",
        "coinbase/transcribed-recorded/advanced_ws_dev.jsonl",
        "coinbase/transcribed-recorded/exchange_ws_dev.jsonl",
    ] {
        all.extend(messages(&folder.join(file)).into_iter().take(300));
    }
    for feed in [Feed::BinanceSpot, Feed::BinanceFutures, Feed::CoinbaseExchange, Feed::CoinbaseAdvanced] {
        let line = Line::plan(&wanted(feed, &[Channel::Trades, Channel::Book])).unwrap().remove(0);
        let mut session = Session::new(line, "x".to_owned(), Timings::of(feed), 1, Time::EPOCH);
        session.tick(Time::EPOCH);
        session.opened(0, Time::EPOCH);
        let mut sent = 0;
        for (place, message) in all.iter().enumerate() {
            let bytes = message.as_bytes();
            session.message(0, bytes, Time::from_seconds(1));
            session.message(0, &bytes[..bytes.len() * (place % 97) / 97], Time::from_seconds(1));
            sent += 2;
        }
        assert_eq!(session.counts().messages, sent);
        assert!(session.quarantine().count() <= 100);
        assert!(session.counts().refused > 0);
    }
}
