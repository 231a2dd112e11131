//! How long a trade takes from an exchange's socket to a strategy, and how many rows a second the pipeline passes on.
//! `cargo xtask bench live` runs it. The exchange is a task on loopback, in a runtime of its own.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark measures and prints, and stops at what should not be"
)]
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use qframe_app::pipeline::{Heard, Meter, Pipeline, Rules};
use qframe_app::{Arrival, Row};
use qframe_data::{DataKey, Kind};
use qframe_engine::{Context, Engine, EngineSetup, Input, Keep, Market, RiskControl, Series, Sizing, Strategy};
use qframe_model::currency::Currency;
use qframe_model::event::Header;
use qframe_model::ids::{CommodityId, InstrumentId};
use qframe_model::instrument::{Instrument, Rules as Listed};
use qframe_model::market::{Side, Tick, Trade};
use qframe_model::number::Cash;
use qframe_model::time::{Time, TimeFrame};
use qframe_venues::stream::{Channel, Exchange, Settings, Stream, Wanted};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_tungstenite::tungstenite::Message;

const START_MS: u64 = 1_704_067_200_000;
const ROWS: u64 = 1_000_000;
const SECONDS: u64 = 5;

fn main() {
    pipeline();
    for rate in [1_000, 20_000] {
        tick_to_strategy(rate);
    }
}

/// Rows through the gate into a tap, beside the same rows through a bare channel.
fn pipeline() {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let rows = || {
        let key = Arc::new(DataKey {
            kind: Kind::Trades,
            venue: "binance".to_owned(),
            symbol: "BTC/USDT".parse().unwrap(),
            frame: None,
        });
        (1..=ROWS).map(move |id| {
            let time = Time::from_nanos((START_MS + id).cast_signed() * 1_000_000);
            let price = "100.5".parse().unwrap();
            let trade = Trade { time, received: time, id, price, quantity: "0.5".parse().unwrap(), side: Side::Buy };
            Arrival { key: Arc::clone(&key), row: Row::Trade(trade), received: time }
        })
    };
    let bare = runtime.block_on(async {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1 << 14);
        let rows: Vec<Arrival> = rows().collect();
        let begin = Instant::now();
        tokio::spawn(async move {
            for row in rows {
                sender.send(row).await.unwrap();
            }
        });
        let mut heard = 0;
        while receiver.recv().await.is_some() {
            heard += 1;
        }
        assert_eq!(heard, ROWS);
        begin.elapsed().as_secs_f64()
    });
    let ours = runtime.block_on(async {
        let mut pipeline = Pipeline::new(Rules::default());
        // What waits longer than a tap has room for is missed: it has room for all.
        let mut tap = pipeline.add_tap(ROWS as usize);
        let (feed, running) = pipeline.start();
        let rows: Vec<Arrival> = rows().collect();
        let begin = Instant::now();
        tokio::spawn(async move {
            for row in rows {
                feed.send(row).await.unwrap();
            }
        });
        for _ in 0..ROWS {
            assert!(matches!(tap.next().await, Some(Heard::Row(_))));
        }
        let took = begin.elapsed().as_secs_f64();
        assert_eq!(running.finish().await.held.total(), 0);
        took
    });
    let rate = |seconds: f64| ROWS as f64 / seconds / 1e6;
    println!(
        "live pipeline rows={ROWS} ours={:.2}M/s bare channel={:.2}M/s ratio={:.3}",
        rate(ours),
        rate(bare),
        bare / ours
    );
}

/// What was sent when, by the trade's number; nanoseconds since `begin`.
struct Sent {
    begin: Instant,
    at: Vec<AtomicU64>,
}

/// A strategy that notes how old a trade is when it sees it.
struct Stopwatch {
    sent: Arc<Sent>,
    meter: Arc<Meter>,
}

impl Strategy for Stopwatch {
    fn on_market(&mut self, market: &Market<'_>, _context: &mut Context<'_>) {
        if let Market::Trade(trade) = market {
            let now = self.sent.begin.elapsed().as_nanos() as u64;
            let sent = self.sent.at[trade.id as usize].load(Relaxed);
            self.meter.note(Duration::from_nanos(now - sent), 1);
        }
    }
}

/// From the exchange's write to the strategy's hook: socket, frame, decoder, session, gate, tap, engine.
fn tick_to_strategy(rate: u64) {
    let count = rate * SECONDS;
    let sent = Arc::new(Sent { begin: Instant::now(), at: (0..=count).map(|_| AtomicU64::new(0)).collect() });
    let (exchange, url) = exchange(rate, Arc::clone(&sent));
    let meter = Arc::new(Meter::default());
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(listen(&url, count, Stopwatch { sent, meter: Arc::clone(&meter) }));
    drop(exchange);
    let took = meter.read();
    let micros = |duration: Duration| duration.as_nanos() as f64 / 1e3;
    println!(
        "live tick-to-strategy rate={rate}/s trades={} p50={:.0}us p99={:.0}us longest={:.0}us",
        took.count,
        micros(took.p50),
        micros(took.p99),
        micros(took.longest)
    );
}

/// Tells of so many trades a second, evenly within each millisecond.
fn exchange(rate: u64, sent: Arc<Sent>) -> (Runtime, String) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
        socket.next().await.unwrap().unwrap();
        socket.send(Message::text(r#"{"result":null,"id":1}"#)).await.unwrap();
        let mut id = 0;
        let mut beat = tokio::time::interval(Duration::from_millis(1));
        while id + 1 < sent.at.len() as u64 {
            beat.tick().await;
            for _ in 0..(rate / 1_000).min(sent.at.len() as u64 - 1 - id) {
                id += 1;
                // No trade of the future: the gate would hold it.
                let time = START_MS + id * 1_000 / rate;
                let text = format!(
                    r#"{{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","E":{time},"s":"BTCUSDT","a":{id},"p":"100.5","q":"0.25","f":{id},"l":{id},"T":{time},"m":true,"M":true}}}}"#
                );
                sent.at[id as usize].store(sent.begin.elapsed().as_nanos() as u64, Relaxed);
                if socket.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        }
        // Until the listener hangs up.
        while socket.next().await.is_some_and(|message| message.is_ok()) {}
    });
    (runtime, url)
}

/// Streams from there into an engine until all trades have come.
async fn listen(url: &str, count: u64, strategy: Stopwatch) {
    let meter = Arc::clone(&strategy.meter);
    let mut engine = engine(strategy);
    let wanted = Wanted {
        exchange: Exchange::Binance,
        symbols: vec!["BTC/USDT".parse().unwrap()],
        channels: vec![Channel::Trades],
        frame: TimeFrame::MINUTE,
    };
    let nowhere = Some("http://127.0.0.1:9".to_owned());
    let settings = Settings { ws_url: Some(url.to_owned()), base_url: nowhere, ..Settings::default() };
    let mut stream = Stream::open(&wanted, &settings, Time::from_nanos(START_MS.cast_signed() * 1_000_000)).unwrap();
    let mut pipeline = Pipeline::new(Rules::default());
    let mut tap = pipeline.add_tap(1 << 16);
    let (feed, running) = pipeline.start();
    let strategies = tokio::spawn(async move {
        while meter.read().count < count {
            match tap.next().await {
                Some(Heard::Row(Arrival { row: Row::Trade(trade), .. })) => {
                    engine.step(Input::Tick(InstrumentId(0), Tick::Trade(trade))).unwrap();
                }
                Some(Heard::Missed(rows)) => panic!("{rows} rows were missed"),
                Some(Heard::Row(_)) => {}
                None => return,
            }
        }
    });
    let hand = async {
        while let Some(rows) = stream.next().await {
            for row in rows {
                feed.send(row).await.unwrap();
            }
        }
    };
    tokio::select! {
        () = hand => panic!("the stream ended"),
        ended = strategies => ended.unwrap(),
    }
    stream.stop();
    running.finish().await;
}

fn engine(strategy: Stopwatch) -> Engine<Stopwatch, RiskControl> {
    let usdt: Currency = "USDT".parse().unwrap();
    let instrument = Instrument::new("BTC/USDT".parse().unwrap(), usdt, Listed::default()).unwrap();
    let setup = EngineSetup {
        instruments: Arc::from([instrument]),
        series: Vec::<Series>::new(),
        reporting: usdt,
        sizing: Sizing::default(),
        keep: Keep::All,
    };
    let mut engine = Engine::new(strategy, RiskControl::default(), setup).unwrap();
    engine.step(Input::Start(Time::EPOCH, Header::default())).unwrap();
    engine.step(Input::Deposit(Time::EPOCH, CommodityId(0), Cash::whole(1_000_000))).unwrap();
    engine
}
