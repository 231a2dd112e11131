//! An exchange on loopback: REST and streams on one port, a market that it knows, and faults as a test says.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use qframe_data::book::Feed;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

/// What goes wrong. Shares are of messages; the last of them are sent without faults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    pub(crate) drop: f64,
    pub(crate) repeat: f64,
    pub(crate) garbage: f64,
    pub(crate) delay: Option<Duration>,
    /// The connection breaks after so many messages, for the first connections.
    pub(crate) cut_after: Option<usize>,
    /// The connection says nothing more after so many messages, and takes nothing, once.
    pub(crate) silent_after: Option<usize>,
    /// The server announces its end after so many messages, once.
    pub(crate) leaving_after: Option<usize>,
    /// The first tries to connect are answered with a page.
    pub(crate) pages: usize,
    /// The subscription is refused.
    pub(crate) refused: bool,
    /// The first snapshots are older than they should be.
    pub(crate) stale_snapshots: usize,
    /// Every connection has these faults, not the first six only.
    pub(crate) lasting: bool,
}

/// What the exchange knows.
#[derive(Default)]
pub(crate) struct Truth {
    pub(crate) bids: BTreeMap<u64, u64>,
    pub(crate) asks: BTreeMap<u64, u64>,
    pub(crate) update: u64,
    /// Price and quantity of each trade; the first has number 1.
    pub(crate) trades: Vec<(u64, u64)>,
    pub(crate) connections: usize,
    pub(crate) snapshots: usize,
    old: Option<Value>,
}

#[derive(Clone)]
enum Fact {
    Diff { first: u64, last: u64, previous: u64, bids: Vec<(u64, u64)>, asks: Vec<(u64, u64)> },
    Trade { id: u64, price: u64, quantity: u64 },
}

/// The exchange; dropping it ends it.
pub(crate) struct Venue {
    pub(crate) ws: String,
    pub(crate) http: String,
    pub(crate) truth: Arc<Mutex<Truth>>,
    facts: broadcast::Sender<(Fact, bool)>,
    task: JoinHandle<()>,
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Venue {
    pub(crate) async fn new(feed: Feed, faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let truth = Arc::new(Mutex::new(Truth::new()));
        let (facts, _) = broadcast::channel(1 << 14);
        let (kept, sender) = (Arc::clone(&truth), facts.clone());
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (truth, facts, faults) = (Arc::clone(&kept), sender.clone(), faults.clone());
                connections.spawn(serve(socket, feed, truth, facts, faults));
            }
        });
        Self { ws: format!("ws://{address}"), http: format!("http://{address}"), truth, facts, task }
    }

    /// So many things happen, one every other millisecond; faults end before the last fifty.
    pub(crate) async fn happen(&self, count: usize) {
        let mut rng = fastrand::Rng::with_seed(5);
        for step in 0..count {
            let fact = self.truth.lock().unwrap().step(&mut rng);
            let _ = self.facts.send((fact, step + 50 < count));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Truth {
    fn new() -> Self {
        let bids = (0..20).map(|level| (10_000 - level, 10 + level)).collect();
        let asks = (1..21).map(|level| (10_000 + level, 10 + level)).collect();
        Self { bids, asks, update: 1_000, ..Self::default() }
    }

    /// A trade, or the middle moves a little and with it the levels.
    fn step(&mut self, rng: &mut fastrand::Rng) -> Fact {
        if rng.u8(..3) == 0 {
            let (price, quantity) = (10_000 + rng.u64(..5), rng.u64(1..9));
            self.trades.push((price, quantity));
            return Fact::Trade { id: self.trades.len() as u64, price, quantity };
        }
        let middle = *self.bids.keys().next_back().unwrap() + rng.u64(..3) - 1;
        let previous = self.update;
        self.update += rng.u64(1..4);
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        // What the middle passed goes; then some levels change.
        bids.extend(self.bids.range(middle + 1..).map(|(price, _)| (*price, 0)));
        asks.extend(self.asks.range(..=middle).map(|(price, _)| (*price, 0)));
        bids.push((middle, rng.u64(1..50)));
        asks.push((middle + 1, rng.u64(1..50)));
        bids.push((middle - rng.u64(1..15), rng.u64(..20)));
        asks.push((middle + 1 + rng.u64(1..15), rng.u64(..20)));
        for (side, changes) in [(&mut self.bids, &bids), (&mut self.asks, &asks)] {
            for (price, quantity) in changes {
                if *quantity == 0 {
                    side.remove(price)
                } else {
                    side.insert(*price, *quantity)
                };
            }
        }
        Fact::Diff { first: previous + 1, last: self.update, previous, bids, asks }
    }
}

async fn serve(
    mut socket: TcpStream,
    feed: Feed,
    truth: Arc<Mutex<Truth>>,
    facts: broadcast::Sender<(Fact, bool)>,
    faults: Faults,
) {
    let mut head = [0; 2_048];
    let length = socket.peek(&mut head).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    if head.to_lowercase().contains("upgrade: websocket") {
        let number = {
            let mut truth = truth.lock().unwrap();
            truth.connections += 1;
            truth.connections
        };
        if number <= faults.pages {
            let _ = socket.read(&mut [0; 2_048]).await;
            let page = "<html><body>Bad gateway</body></html>";
            let text = format!("HTTP/1.1 502 X\r\ncontent-length: {}\r\n\r\n{page}", page.len());
            let _ = socket.write_all(text.as_bytes()).await;
            return;
        }
        let number = number - faults.pages;
        stream(socket, feed, number, &truth, &facts, &faults).await;
        return;
    }
    let _ = socket.read(&mut [0; 2_048]).await;
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = answer(feed, &target, &truth, &faults).to_string();
    let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let _ = socket.write_all(text.as_bytes()).await;
}

async fn stream(
    socket: TcpStream,
    feed: Feed,
    number: usize,
    truth: &Mutex<Truth>,
    facts: &broadcast::Sender<(Fact, bool)>,
    faults: &Faults,
) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(socket).await else { return };
    let mut rng = fastrand::Rng::with_seed(number as u64);
    let (mut receiver, mut sent, mut sequence, mut subscribed) = (facts.subscribe(), 0, 0_u64, 0);
    let mut from = 0;
    loop {
        tokio::select! {
            message = socket.next() => {
                let Some(Ok(message)) = message else { return };
                let Message::Text(text) = message else { continue };
                if text.contains("level2") {
                    receiver = facts.subscribe();
                }
                subscribed += usize::from(!faults.refused);
                for reply in replies(feed, &text, truth, faults, &mut sequence, &mut from) {
                    if socket.send(Message::text(reply)).await.is_err() { return }
                }
            }
            fact = receiver.recv(), if subscribed > 0 => {
                let Ok((fact, faulty)) = fact else { return };
                if matches!(fact, Fact::Diff { last, .. } if last <= from) { continue }
                let message = message(feed, &fact, &mut sequence);
                sent += 1;
                let faulty = faulty && (faults.lasting || number <= 6);
                if faulty && faults.cut_after == Some(sent) { return }
                if faults.silent_after == Some(sent) && number == 1 {
                    tokio::time::sleep(Duration::from_secs(600)).await;
                }
                if faults.leaving_after == Some(sent) && number == 1 {
                    let text = json!({"e": "serverShutdown", "E": 1_770_123_456_789_u64}).to_string();
                    if socket.send(Message::text(text)).await.is_err() { return }
                }
                if faulty && rng.f64() < faults.drop { continue }
                if faulty && rng.f64() < faults.garbage
                    && socket.send(Message::text("{\"e\":\"aggTrade\",\"s\":")).await.is_err() { return }
                if let Some(delay) = faults.delay.filter(|_| faulty && rng.u8(..20) == 0) {
                    tokio::time::sleep(delay).await;
                }
                let times = if faulty && rng.f64() < faults.repeat { 2 } else { 1 };
                for _ in 0..times {
                    if socket.send(Message::text(message.clone())).await.is_err() { return }
                }
            }
            // What Coinbase sends every second; a quiet market is no silence.
            () = tokio::time::sleep(Duration::from_millis(50)), if subscribed > 0 => {
                let Some(text) = heartbeat(feed, truth, &mut sequence) else { continue };
                if socket.send(Message::text(text.to_string())).await.is_err() { return }
            }
        }
    }
}

/// What is said to a subscription; Coinbase sends the book with it.
fn replies(
    feed: Feed,
    text: &str,
    truth: &Mutex<Truth>,
    faults: &Faults,
    sequence: &mut u64,
    from: &mut u64,
) -> Vec<String> {
    if faults.refused {
        return vec![refusal(feed)];
    }
    let asked: Value = serde_json::from_str(text).unwrap();
    let mut replies = Vec::new();
    if text.contains("level2") {
        let truth = truth.lock().unwrap();
        *from = truth.update;
        replies.push(snapshot(feed, &truth, sequence));
    }
    replies.push(taken(feed, &asked, sequence));
    replies
}

fn heartbeat(feed: Feed, truth: &Mutex<Truth>, sequence: &mut u64) -> Option<Value> {
    let last = truth.lock().unwrap().trades.len();
    match feed {
        Feed::CoinbaseExchange => Some(json!({"type": "heartbeat", "last_trade_id": last, "product_id": "BTC-USD"})),
        Feed::CoinbaseAdvanced => Some(advanced("heartbeats", sequence, &json!([{"heartbeat_counter": 1}]))),
        _ => None,
    }
}

fn refusal(feed: Feed) -> String {
    match feed {
        Feed::BinanceSpot | Feed::BinanceFutures => json!({"error": {"code": 2, "msg": "Invalid request"}, "id": 1}),
        _ => json!({"type": "error", "message": "Failed to subscribe", "reason": "BTC-USD is not a valid product"}),
    }
    .to_string()
}

fn taken(feed: Feed, asked: &Value, sequence: &mut u64) -> String {
    match feed {
        Feed::BinanceSpot | Feed::BinanceFutures => json!({"result": null, "id": asked["id"]}),
        Feed::CoinbaseExchange => json!({"type": "subscriptions", "channels": []}),
        Feed::CoinbaseAdvanced => advanced("subscriptions", sequence, &json!([{"subscriptions": {}}])),
    }
    .to_string()
}

fn advanced(channel: &str, sequence: &mut u64, events: &Value) -> Value {
    *sequence += 1;
    json!({"channel": channel, "timestamp": "2024-01-01T00:00:00.5Z", "sequence_num": *sequence - 1, "events": events})
}

pub(crate) fn price(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

pub(crate) fn quantity(units: u64) -> String {
    format!("{units}.50000000").replace(if units == 0 { "0.50000000" } else { "\0" }, "0.00000000")
}

fn pairs<'a>(levels: impl Iterator<Item = (&'a u64, &'a u64)>) -> Vec<[String; 2]> {
    levels.map(|(level, units)| [price(*level), quantity(*units)]).collect()
}

fn updates<'a>(side: &'static str, levels: impl Iterator<Item = (&'a u64, &'a u64)>) -> Vec<Value> {
    pairs(levels)
        .iter()
        .map(|[price, units]| json!({"side": side, "price_level": price, "new_quantity": units}))
        .collect()
}

fn snapshot(feed: Feed, truth: &Truth, sequence: &mut u64) -> String {
    if feed == Feed::CoinbaseExchange {
        let (bids, asks) = (pairs(truth.bids.iter().rev()), pairs(truth.asks.iter()));
        return json!({"type": "snapshot", "product_id": "BTC-USD", "bids": bids, "asks": asks}).to_string();
    }
    let all = [updates("bid", truth.bids.iter().rev()), updates("offer", truth.asks.iter())].concat();
    advanced("l2_data", sequence, &json!([{"type": "snapshot", "product_id": "BTC-USD", "updates": all}])).to_string()
}

fn message(feed: Feed, fact: &Fact, sequence: &mut u64) -> String {
    let binance = matches!(feed, Feed::BinanceSpot | Feed::BinanceFutures);
    let spot = feed == Feed::BinanceSpot;
    let data = match fact {
        Fact::Diff { first, last, previous, bids, asks } => {
            let (b, a) = (pairs(bids.iter().map(|(p, q)| (p, q))), pairs(asks.iter().map(|(p, q)| (p, q))));
            if binance {
                let mut data = json!({"e": "depthUpdate", "E": 1_704_067_200_000_u64, "s": "BTCUSDT", "U": first, "u": last, "b": b, "a": a});
                if !spot {
                    data["pu"] = json!(previous);
                    data["T"] = json!(1_704_067_200_000_u64);
                }
                data
            } else if feed == Feed::CoinbaseExchange {
                let side = |side: &str, levels: &[[String; 2]]| {
                    levels.iter().map(|[price, units]| json!([side, price, units])).collect::<Vec<_>>()
                };
                let changes = [side("buy", &b), side("sell", &a)].concat();
                json!({"type": "l2update", "product_id": "BTC-USD", "changes": changes, "time": "2024-01-01T00:00:00.5Z"})
            } else {
                let all = [
                    updates("bid", bids.iter().map(|(p, q)| (p, q))),
                    updates("offer", asks.iter().map(|(p, q)| (p, q))),
                ];
                let event = json!([{"type": "update", "product_id": "BTC-USD", "updates": all.concat()}]);
                advanced("l2_data", sequence, &event)
            }
        }
        Fact::Trade { id, price, quantity } => {
            let trade = trade(feed, *id, (*price, *quantity));
            match feed {
                Feed::CoinbaseAdvanced => {
                    advanced("market_trades", sequence, &json!([{"type": "update", "trades": [trade]}]))
                }
                Feed::CoinbaseExchange => with(trade, &json!({"type": "match", "product_id": "BTC-USD"})),
                _ => with(trade, &json!({"e": "aggTrade", "s": "BTCUSDT"})),
            }
        }
    };
    if binance { json!({"stream": "btcusdt@x", "data": data}).to_string() } else { data.to_string() }
}

fn with(mut object: Value, more: &Value) -> Value {
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

/// A trade as REST tells it.
fn trade(feed: Feed, id: u64, (cents, units): (u64, u64)) -> Value {
    let (price, size) = (price(cents), quantity(units));
    match feed {
        Feed::BinanceSpot => {
            json!({"a": id, "p": price, "q": size, "f": id, "l": id, "T": 1_704_067_200_000_u64, "m": true, "M": true})
        }
        Feed::BinanceFutures => {
            json!({"a": id, "p": price, "q": size, "f": id, "l": id, "T": 1_704_067_200_000_u64, "m": true})
        }
        Feed::CoinbaseExchange => {
            json!({"trade_id": id, "side": "buy", "size": size, "price": price, "time": "2024-01-01T00:00:00.5Z"})
        }
        Feed::CoinbaseAdvanced => {
            let time = "2024-01-01T00:00:00.5Z";
            json!({"trade_id": id.to_string(), "product_id": "BTC-USD", "side": "BUY", "size": size, "price": price, "time": time})
        }
    }
}

/// What REST answers.
fn answer(feed: Feed, target: &str, truth: &Mutex<Truth>, faults: &Faults) -> Value {
    let mut truth = truth.lock().unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let number = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.map(|text| text.parse::<u64>().unwrap())
    };
    let listed = |truth: &Truth, from: u64, to: u64| {
        let trades = truth.trades.iter().enumerate().map(|(place, trade)| (place as u64 + 1, *trade));
        trades.filter(|(id, _)| (from..to).contains(id)).map(|(id, of)| trade(feed, id, of)).collect::<Vec<_>>()
    };
    if path.ends_with("/depth") {
        truth.snapshots += 1;
        let mut now = json!({"lastUpdateId": truth.update, "bids": pairs(truth.bids.iter().rev()), "asks": pairs(truth.asks.iter())});
        if feed == Feed::BinanceFutures {
            now["E"] = json!(1_704_067_200_000_u64);
        }
        let old = truth.old.get_or_insert_with(|| now.clone()).clone();
        return if truth.snapshots <= faults.stale_snapshots { old } else { now };
    }
    if path.ends_with("/aggTrades") {
        return listed(&truth, number("fromId").unwrap(), u64::MAX).into_iter().take(1_000).collect();
    }
    if path.ends_with("/trades") {
        return listed(&truth, 0, number("after").unwrap()).into_iter().rev().take(1_000).collect();
    }
    if path.ends_with("/ticker") {
        return json!({"trades": listed(&truth, 0, u64::MAX).into_iter().rev().take(1_000).collect::<Vec<_>>()});
    }
    json!({"serverTime": 1_704_067_200_000_u64, "iso": "2024-01-01T00:00:00Z"})
}
