//! A recorded stream goes through a session, and through sockets, as an import of the recording reads it.
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use qframe_app::{Arrival, Row};
use qframe_data::book::{Feed, Recording};
use qframe_model::market::Tick;
use qframe_model::time::{Span, Time, TimeFrame};
use qframe_venues::stream::{
    Answer, Ask, Channel, Deed, Exchange, Latencies, Line, Session, Settings, Stream, Timings, Wanted,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::faults::timings;

struct Case {
    file: &'static str,
    exchange: Exchange,
    symbols: &'static [&'static str],
}

const CASES: [Case; 4] = [
    Case { file: "book/hftbacktest/spot/btcusdt_20240808.gz", exchange: Exchange::Binance, symbols: &["BTC/USDT"] },
    Case {
        file: "book/hftbacktest/usdm/btcusdt_20240808.gz",
        exchange: Exchange::Binance,
        symbols: &["BTC/USDT:USDT"],
    },
    Case {
        file: "payloads/coinbase/cryptofeed/COINBASE.ws.28.0.5-products",
        exchange: Exchange::Coinbase,
        symbols: &["SKL/USD", "YFI/BTC", "BAND/GBP", "NU/GBP", "DASH/BTC"],
    },
    Case {
        file: "payloads/binance/cryptofeed/BINANCE.ws.1.0",
        exchange: Exchange::Binance,
        symbols: &["NKN/USDT", "BLZ/ETH", "LRC/BTC", "RUNE/EUR"],
    },
];

fn file(case: &Case) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(case.file);
    if path.is_file() {
        return Some(path);
    }
    println!("skipped: no ../shared/data/{}", case.file);
    None
}

fn line(case: &Case) -> Line {
    let channels = vec![Channel::Trades, Channel::Quotes, Channel::Book];
    let symbols = case.symbols.iter().map(|symbol| symbol.parse().unwrap()).collect();
    let wanted = Wanted { exchange: case.exchange, symbols, channels, frame: TimeFrame::MINUTE };
    Line::plan(&wanted).unwrap().remove(0)
}

/// Rows by symbol, as an import hands them on.
type Tape = BTreeMap<String, Vec<Tick>>;

fn imported(path: &Path) -> Tape {
    let mut recording = Recording::open(&[path]).unwrap();
    let mut rows: Vec<(usize, Tick)> = Vec::new();
    recording.read(|place, tick| rows.push((place, tick))).unwrap();
    let mut tape = Tape::new();
    for (place, tick) in rows {
        tape.entry(recording.books().instruments()[place].symbol.to_string()).or_default().push(tick);
    }
    tape
}

fn add(tape: &mut Tape, arrivals: Vec<Arrival>) {
    for arrival in arrivals {
        let tick = match arrival.row {
            Row::Trade(trade) => Tick::Trade(trade),
            Row::Quote(quote) => Tick::Quote(quote),
            Row::Book(delta) => Tick::Book(delta),
            Row::Bar(_) | Row::Funding(_) => continue,
        };
        tape.entry(arrival.key.symbol.to_string()).or_default().push(tick);
    }
}

/// Lines as `time message`; snapshots are among them.
fn lines(path: &Path) -> Vec<(Time, String)> {
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(bytes).unwrap();
    }
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.contains(" <- ")) {
        let Some((before, _)) = line.split_once('{') else { continue };
        let stamp = before.trim().trim_end_matches(':');
        let (seconds, fraction) = stamp.split_once('.').unwrap_or((stamp, ""));
        let nanos = match fraction {
            "" => seconds.parse().unwrap(),
            _ => format!("{seconds}{fraction:0<9}").parse::<i64>().unwrap(),
        };
        lines.push((Time::from_nanos(nanos), line[before.len()..].to_owned()));
    }
    lines
}

/// A message to a session, by the way that it comes in life.
fn feed(session: &mut Session, time: Time, message: &str) {
    if !is_snapshot(message) {
        return session.message(0, message.as_bytes(), time);
    }
    let address = format!("https://x/depth?symbol={}&limit=1000", session.line().subjects[0].1);
    session.answered(&Ask::Depth(0), Ok(Answer::Depth(address, message.as_bytes().to_vec())), time);
}

fn is_snapshot(message: &str) -> bool {
    message.starts_with("{\"lastUpdateId\"")
}

/// A session that is up, and whose subscription is taken.
fn session(case: &Case, now: Time) -> Session {
    let line = line(case);
    let timings = Timings::of(line.feed);
    let mut session = Session::new(line, "replay".to_owned(), timings, 1, now).recording(true);
    session.tick(now);
    session.opened(0, now);
    session.message(0, b"{\"result\":null,\"id\":1}", now);
    session
}

/// The rows of a session are those of the recording, and what it records reads as the same again.
#[test]
fn a_session_gives_the_rows_of_the_recording() {
    for case in &CASES {
        let Some(path) = file(case) else { return };
        let (lines, mut tape) = (lines(&path), Tape::new());
        let mut session = session(case, lines[0].0);
        let mut recorded = Vec::new();
        for (time, message) in &lines {
            feed(&mut session, *time, message);
            recorded.extend(session.take_recorded());
            add(&mut tape, session.take_rows());
        }
        let expected = imported(&path);
        for (symbol, rows) in &expected {
            assert_eq!(tape.get(symbol).map(Vec::len), Some(rows.len()), "{symbol}");
            assert!(tape.get(symbol) == Some(rows), "{}: {symbol}", case.file);
        }
        assert_eq!(session.counts().refused, 0, "{}", case.file);
        let folder = tempfile::tempdir().unwrap();
        let again = folder.path().join("again.txt");
        std::fs::write(&again, recorded).unwrap();
        assert!(imported(&again) == expected, "{}: recorded again", case.file);
    }
}

/// Answers each request for a snapshot once the stream is where it was recorded.
async fn rest(snapshot: String, here: watch::Receiver<bool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (snapshot, mut here) = (snapshot.clone(), here.clone());
            tokio::spawn(async move {
                let mut head = [0; 2_048];
                let length = socket.read(&mut head).await.unwrap_or(0);
                let is_depth = String::from_utf8_lossy(&head[..length]).contains("/depth");
                let body = if is_depth { snapshot } else { "{\"serverTime\":0}".to_owned() };
                if is_depth && here.wait_for(|here| *here).await.is_err() {
                    return;
                }
                let text =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
                let _ = socket.write_all(text.as_bytes()).await;
            });
        }
    });
    url
}

/// Sends a recorded stream to whoever asks for books. Binance answers each subscription, and its other connection has
/// nothing to tell.
async fn tape(all: Vec<(Time, String)>, reached: watch::Sender<bool>) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (all, reached) = (all.clone(), reached.clone());
            connections.spawn(async move {
                let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
                while let Some(Ok(message)) = socket.next().await {
                    let Message::Text(text) = message else { continue };
                    let _ = socket.feed(Message::text("{\"result\":null,\"id\":1}")).await;
                    if text.contains("depth") || text.contains("level2") {
                        for (_, message) in &all {
                            if is_snapshot(message) {
                                // What was sent is taken in before the snapshot comes, and what follows is sent after it.
                                socket.flush().await.unwrap();
                                tokio::time::sleep(Duration::from_millis(300)).await;
                                reached.send(true).unwrap();
                                tokio::time::sleep(Duration::from_millis(300)).await;
                                continue;
                            }
                            socket.feed(Message::text(message.clone())).await.unwrap();
                        }
                    }
                    let _ = socket.flush().await;
                }
            });
        }
    });
    (url, server)
}

/// Rows without the times that depend on the clock here.
fn timeless(tape: &Tape) -> BTreeMap<String, Vec<String>> {
    let row = |tick: &Tick| match *tick {
        Tick::Trade(trade) => format!("{} {} {} {}", trade.time, trade.id, trade.price, trade.quantity),
        Tick::Quote(quote) => format!("{:?} {:?}", quote.bid, quote.ask),
        Tick::Book(delta) => format!("{} {:?} {}", delta.sequence, delta.change, delta.last),
    };
    tape.iter().map(|(symbol, rows)| (symbol.clone(), rows.iter().map(row).collect())).collect()
}

/// The same over a socket: all rows but the times of receipt.
#[tokio::test(flavor = "multi_thread")]
async fn a_socket_gives_the_rows_of_the_recording() {
    for case in &CASES {
        let Some(path) = file(case) else { return };
        let all = lines(&path);
        let (reached, here) = watch::channel(false);
        let snapshot = all.iter().find(|(_, message)| is_snapshot(message)).map(|(_, message)| message.clone());
        let rest = rest(snapshot.unwrap_or_default(), here).await;
        let (url, server) = tape(all, reached).await;
        let settings = Settings {
            ws_url: Some(url.clone()),
            base_url: Some(rest),
            timings: Some(Timings { silence: Span::from_seconds(30), ..timings() }),
            ..Settings::default()
        };
        let channels = vec![Channel::Quotes, Channel::Book];
        let symbols = case.symbols.iter().map(|symbol| symbol.parse().unwrap()).collect();
        let wanted = Wanted { exchange: case.exchange, symbols, channels, frame: TimeFrame::MINUTE };
        let mut stream = Stream::open(&wanted, &settings, Time::from_seconds(1_704_067_200)).unwrap();
        let expected = imported(&path);
        let count = |tape: &Tape| tape.values().map(Vec::len).sum::<usize>();
        let (mut tape, deadline) = (Tape::new(), Instant::now() + Duration::from_secs(60));
        while count(&tape) < count(&expected) && Instant::now() < deadline {
            if let Ok(Some(rows)) = tokio::time::timeout(Duration::from_secs(5), stream.next()).await {
                add(&mut tape, rows);
            }
        }
        let counts = stream.counts();
        drop(stream);
        server.abort();
        let (told, expected) = (timeless(&tape), timeless(&expected));
        for (symbol, rows) in &expected {
            let told = told.get(symbol).map_or(&[][..], Vec::as_slice);
            let differs = rows.iter().zip(told).position(|(a, b)| a != b);
            assert_eq!((told.len(), differs), (rows.len(), None), "{}: {symbol} {counts:#?}", case.file);
        }
    }
}

/// How long a message takes from its last byte to rows, in a session alone. Printed, not asserted.
#[test]
fn from_message_to_rows() {
    let Some(path) = file(&CASES[1]) else { return };
    let lines = lines(&path);
    let mut session = session(&CASES[1], lines[0].0);
    let mut latencies = Latencies::default();
    for (time, message) in &lines {
        let begin = Instant::now();
        feed(&mut session, *time, message);
        let rows = session.take_rows();
        latencies.add(begin.elapsed().as_nanos() as i64);
        drop((rows, session.take_recorded()));
    }
    println!(
        "message to rows: p50 {:?} ns, p99 {:?} ns of {}",
        latencies.percentile(50),
        latencies.percentile(99),
        latencies.count()
    );
}

/// A snapshot that comes while nothing is connected makes no book.
#[test]
fn a_snapshot_without_a_connection_makes_no_book() {
    let case = Case { file: "", exchange: Exchange::Binance, symbols: &["BTC/USDT"] };
    let mut session = session(&case, Time::EPOCH);
    session.message(0, br#"{"result":null,"id":1}"#, Time::EPOCH);
    let asks: Vec<_> = session
        .take_deeds()
        .into_iter()
        .filter_map(|deed| if let Deed::Ask(ask) = deed { Some(ask) } else { None })
        .collect();
    let body = br#"{"lastUpdateId":5,"bids":[["10","1"]],"asks":[["11","1"]]}"#.to_vec();
    let depth = asks.iter().find(|ask| matches!(ask, Ask::Depth(0))).unwrap();
    session.broke(0, "gone", Time::from_seconds(1));
    session.answered(depth, Ok(Answer::Depth("https://x/depth".to_owned(), body.clone())), Time::from_seconds(2));
    assert!(session.instrument(0).unwrap().book().is_none());
    session.opened(0, Time::from_seconds(3));
    session.message(0, br#"{"result":null,"id":1}"#, Time::from_seconds(3));
    session.answered(depth, Ok(Answer::Depth("https://x/depth".to_owned(), body)), Time::from_seconds(4));
    assert!(session.instrument(0).unwrap().book().is_some());
    assert_eq!(session.line().feed, Feed::BinanceSpot);
}
