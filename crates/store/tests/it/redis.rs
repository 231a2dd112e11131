//! A real Redis of our own: keys that expire, channels, a restart in the middle.
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use qframe_app::Row;
use qframe_app::pipeline::{Pipeline, Rules, Sink};
use qframe_data::Kind;
use qframe_model::number::Price;
use qframe_store::RedisSink;
use redis::{AsyncCommands, Client};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::made::{arrival, bar, key, options, price, quote, runtime, service, trade, trades};

/// A server on a port of its own; ended when dropped.
struct Server {
    program: String,
    port: u16,
    child: Child,
}

impl Server {
    fn start(program: &str) -> Self {
        // The port is free until somebody else takes it.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { program: program.to_owned(), port, child: spawn(program, port) }
    }

    fn again(&mut self) {
        self.child = spawn(&self.program, self.port);
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn address(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(program: &str, port: u16) -> Child {
    let port = port.to_string();
    let words = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"];
    let child = Command::new(program).args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    for _ in 0..200 {
        if std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

#[test]
fn the_latest_rows_by_key_and_every_row_on_its_channel() {
    let Some(program) = service("QFRAME_TEST_REDIS_SERVER") else { return };
    let server = Server::start(&program);
    runtime().block_on(async {
        let client = Client::open(server.address()).unwrap();
        let mut listener = Listener::new(&server, "qframe:binance:BTC/USDT").await;
        let mut sink = RedisSink::new(&server.address(), Duration::from_millis(700)).unwrap();
        let mut rows = trades("BTC/USDT", 1..101);
        rows.extend((0..5).map(|number| arrival(&key(Kind::Quotes, "ETH/USDT"), Row::Quote(quote(number)))));
        rows.extend((0..3).map(|number| arrival(&key(Kind::Bars, "AAPL"), Row::Bar(bar(number)))));
        sink.write(&rows).await.unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut get = async |name: &str| -> Option<Value> {
            let text: Option<String> = connection.get(name).await.unwrap();
            text.map(|text| serde_json::from_str(&text).unwrap())
        };
        let last = get("qframe:quotes:binance:ETH/USDT").await.unwrap();
        assert_eq!(last["row"]["bid"]["price"].as_str().unwrap().parse::<Price>().unwrap(), quote(4).bid.price);
        let last = get("qframe:bars:binance:AAPL:1m").await.unwrap();
        assert_eq!((&last["kind"], &last["timeframe"]), (&"bars".into(), &"1m".into()));
        assert_eq!(last["row"]["low"].as_str().unwrap().parse::<Price>().unwrap(), price("0.000000001"));
        for id in 1..=100 {
            let message = listener.next().await;
            assert_eq!((&message["kind"], &message["row"]["id"]), (&"trades".into(), &id.into()), "in order");
            assert_eq!(message["row"]["price"].as_str().unwrap(), trade(id).price.to_string());
        }
        sleep(Duration::from_millis(800)).await;
        assert_eq!(get("qframe:quotes:binance:ETH/USDT").await, None, "a stale quote is none");
        assert!(get("qframe:bars:binance:AAPL:1m").await.is_some(), "a bar lives until the next should be there");
    });
}

/// A connection that listens to a channel.
struct Listener(Lines<BufReader<TcpStream>>);

impl Listener {
    async fn new(server: &Server, channel: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        stream.write_all(format!("SUBSCRIBE {channel}\r\n").as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        while lines.next_line().await.unwrap().unwrap() != ":1" {}
        Self(lines)
    }

    /// The next message: the lines of the protocol around it begin with other signs.
    async fn next(&mut self) -> Value {
        loop {
            let line = timeout(Duration::from_secs(5), self.0.next_line()).await.unwrap().unwrap().unwrap();
            if line.starts_with('{') {
                return serde_json::from_str(&line).unwrap();
            }
        }
    }
}

#[test]
fn a_server_that_restarts_gets_what_it_missed_in_order() {
    let Some(program) = service("QFRAME_TEST_REDIS_SERVER") else { return };
    let mut server = Server::start(&program);
    let folder = tempfile::tempdir().unwrap();
    runtime().block_on(async {
        let sink = RedisSink::new(&server.address(), Duration::from_secs(60)).unwrap();
        let mut pipeline = Pipeline::new(Rules::default());
        pipeline.add_sink("redis", sink, folder.path(), options()).unwrap();
        let (feed, running) = pipeline.start();
        let rows = trades("BTC/USDT", 1..3_001);
        let (first, rest) = rows.split_at(1_000);
        for row in first {
            feed.send(row.clone()).await.unwrap();
        }
        until(|| running.stats().sinks[0].written == 1_000).await;
        server.kill();
        for row in rest {
            feed.send(row.clone()).await.unwrap();
        }
        until(|| running.stats().sinks[0].spooled == 2_000).await;
        let stats = running.stats().sinks.remove(0);
        assert!(stats.is_down && stats.last_failure.is_some(), "{stats:#?}");
        server.again();
        let mut listener = Listener::new(&server, "qframe:binance:BTC/USDT").await;
        until(|| running.stats().sinks[0].written == 3_000).await;
        let mut last = 0;
        while last < 3_000 {
            let message = listener.next().await;
            let id = message["row"]["id"].as_u64().unwrap();
            assert!(id > last, "{id} after {last}");
            last = id;
        }
        let stats = running.finish().await.sinks.remove(0);
        assert_eq!((stats.spooled, stats.lost_rows(), stats.waiting, stats.is_down), (0, 0, 0, false), "{stats:#?}");
    });
}

async fn until(is_so: impl Fn() -> bool) {
    let waited = async {
        while !is_so() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), waited).await.unwrap();
}
