//! `data stream` as its users run it, against a stream of Binance on loopback.
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::program::Program;

/// A server that tells of a trade and a quote each millisecond; dropping it ends it.
struct Server {
    url: String,
    sent: Arc<AtomicU64>,
    _runtime: tokio::runtime::Runtime,
}

fn server() -> Server {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    runtime.spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(socket).await else { return };
                let Some(Ok(_)) = socket.next().await else { return };
                let _ = socket.send(Message::text(r#"{"result":null,"id":1}"#)).await;
                loop {
                    let id = count.fetch_add(1, Ordering::Relaxed) + 1;
                    let (time, price) = (1_704_067_200_000 + id, 100 + id % 7);
                    let trade = format!(
                        r#"{{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","E":{time},"s":"BTCUSDT","a":{id},"p":"{price}.5","q":"0.25","f":1,"l":1,"T":{time},"m":true,"M":true}}}}"#
                    );
                    let quote = format!(
                        r#"{{"stream":"btcusdt@bookTicker","data":{{"u":{id},"s":"BTCUSDT","b":"{price}.4","B":"1","a":"{price}.6","A":"2"}}}}"#
                    );
                    for text in [trade, quote] {
                        if socket.send(Message::text(text)).await.is_err() {
                            return;
                        }
                    }
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            });
        }
    });
    Server { url, sent, _runtime: runtime }
}

fn words(server: &Server, more: &str) -> String {
    let Server { url, .. } = server;
    format!("data stream binance BTC/USDT --ws-url {url} --base-url http://127.0.0.1:9 {more}")
}

fn last(text: &str) -> Value {
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// The one recording of a folder.
fn recording(program: &Program) -> String {
    let mut files: Vec<String> = std::fs::read_dir(program.path("tape"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".gz"))
        .collect();
    assert_eq!(files.len(), 1, "{files:?}");
    format!("tape/{}", files.remove(0))
}

#[test]
fn what_is_streamed_is_shown_kept_and_recorded_alike() {
    let (program, server) = (Program::new(), server());
    let answer = program.run(&words(&server, "--for 2s --json --keep --record tape"));
    assert_eq!(answer.code(), 0, "{}", answer.error());
    let told = last(&answer.out());
    let (one, trades) = (&told["connections"][0], told["connections"][0]["symbols"][0]["trades"].as_u64().unwrap());
    assert!(told["end"] == true && trades > 200, "{told}");
    let quotes = one["symbols"][0]["quotes"].as_u64().unwrap();
    assert_eq!((one["refused"].as_u64(), one["missed"].as_u64(), one["gaps"].as_u64()), (Some(0), Some(0), Some(0)));
    // The note of the connection, the answer to the subscription, and each message.
    assert_eq!(told["recorded"].as_u64().unwrap(), one["messages"].as_u64().unwrap() + 1);
    // The rows in the catalog are those of the recording: an import of it adds none.
    let import = program.run(&format!("data import {} --json", recording(&program)));
    assert_eq!(import.code(), 0, "{}", import.error());
    let import: Value = serde_json::from_str(&import.out()).unwrap();
    let text = import.to_string();
    assert!(text.contains(&format!("\"same\":{trades}")) && text.contains(&format!("\"same\":{quotes}")), "{text}");
    assert!(!text.contains("\"added\":1"), "{text}");
    let plain = program.run(&words(&server, "--for 1s"));
    assert_eq!(plain.code(), 0, "{}", plain.error());
    assert!(plain.out().contains("binance-spot-1: ended") && plain.out().contains("BTC/USDT"), "{}", plain.out());
    assert!(!plain.out().contains('\x1b'), "no control codes where no terminal is");
}

fn spawn(program: &Program, words: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qframe"));
    command.args(words.split_whitespace()).current_dir(&program.folder).env("QFRAME_CATALOG", program.path("catalog"));
    command.env("QFRAME_SPOOL", program.path("spool"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A process that is killed at once has lost nothing of what it said was recorded.
#[test]
fn what_was_said_to_be_recorded_survives_a_kill() {
    let (program, server) = (Program::new(), server());
    let mut child = spawn(&program, &words(&server, "--json --record tape"));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut recorded = 0;
    while recorded < 1_000 {
        recorded = last(&lines.next().unwrap().unwrap())["recorded"].as_u64().unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let book = program.run(&format!("data book {} --json", recording(&program)));
    // The file is read to its end; without a REST interface there was no snapshot to build a book on.
    assert!(book.error().contains("no book was rebuilt"), "{}", book.error());
    let told: Value = serde_json::from_str(&book.out()).unwrap();
    assert!(told["lines"].as_u64().unwrap() >= recorded, "{recorded} were told, {} are there", told["lines"]);
    assert_eq!(told["refused"], 0);
    assert!(server.sent.load(Ordering::Relaxed) > 400);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_clean() {
    let (program, server) = (Program::new(), server());
    let mut child = spawn(&program, &words(&server, "--json --record tape --keep"));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while last(&lines.next().unwrap().unwrap())["connections"][0]["messages"].as_u64().unwrap() < 500 {}
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let told = last(&lines.map_while(Result::ok).last().unwrap());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(told["end"], true);
    assert_eq!(told["recorded"].as_u64().unwrap(), told["connections"][0]["messages"].as_u64().unwrap() + 1);
}

#[test]
fn what_cannot_be_streamed_is_refused() {
    let program = Program::new();
    let check = |words: &str, code: i32, expected: &str| {
        let answer = program.run(&format!("data stream {words}"));
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(expected), "{words}: {}", answer.error());
    };
    check("kraken BTC/USD", 2, "possible values: binance, coinbase");
    check("binance BTC/USDT --channel depth", 2, "there are trades, quotes, book, bars, funding");
    check("binance AAPL", 2, "AAPL does not trade there");
    check("coinbase BTC/USD --channel bars", 2, "coinbase-advanced");
    check("binance BTC/USDT --channel bars --timeframe 7m", 2, "1m 3m 5m");
    check("binance BTC/USDT --ws-url http://127.0.0.1:1", 2, "expected ws:// or wss://");
    check("binance BTC/USDT --ws-url ws://127.0.0.1:1 --for 1s", 1, "no connection: ws://127.0.0.1:1/stream");
    program.write("file", "x");
    check("binance BTC/USDT --record file --for 1s", 2, "the recording cannot be written");
}

/// A disk that is full ended a stream as if its words were wrong.
#[cfg(target_os = "linux")]
#[test]
fn what_ends_a_stream_later_is_no_wrong_usage() {
    let (program, server) = (Program::new(), server());
    let limited = format!("ulimit -f 64; trap '' XFSZ; exec \"$Q\" {}", words(&server, "--record tape --for 20s"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &limited]).env("Q", env!("CARGO_BIN_EXE_qframe")).current_dir(&program.folder);
    let ended = shell.output().unwrap();
    let error = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{error}");
    assert!(error.contains("the recording cannot be written"), "{error}");
    // What was written before is read.
    let book = program.run(&format!("data import {} --json", recording(&program)));
    assert_eq!(book.code(), 0, "{} {}", book.out(), book.error());
    assert!(book.out().contains("BTC/USDT"), "{} {}", book.out(), book.error());
}

/// Nothing listens there: whoever asked would say so.
#[test]
fn what_cannot_be_fetched_is_refused_before_anybody_is_asked() {
    let program = Program::new();
    let check = |words: &str, expected: &str| {
        let answer = program.run(&format!("data fetch {words} --base-url http://127.0.0.1:9"));
        assert_eq!(answer.code(), 2, "{words}: {}", answer.error());
        assert!(answer.error().contains(expected), "{words}: {}", answer.error());
    };
    check(
        "binance BTC/USDT --timeframe 7m --from 2024-01-01",
        "--timeframe 7m: no bars of 7m there; expected one of 1s",
    );
    check("coinbase BTC/USD --timeframe 30m --from 2024-01-01", "expected one of 1m, 5m, 15m, 1h, 6h, 1d");
    check("binance BTC/USDT:USDT --timeframe 1s --from 2024-01-01", "--timeframe 1s");
    check("binance BTC/USDT --from 2024-02-01 --to 2024-01-01", "it is not before --to 2024-01-01");
    check("binance BTC/USDT AAPL --from 2024-01-01", "SYMBOL AAPL");
    check("binance BTC/USDT --again", "--from");
    assert!(!program.path("catalog").exists());
}
