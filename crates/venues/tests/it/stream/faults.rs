//! Whatever goes wrong on the way: each trade comes once, and the book ends as it is at the exchange, never crossed.
use std::collections::BTreeSet;
use std::time::Duration;

use qframe_app::Row;
use qframe_data::book::Feed;
use qframe_model::book::OrderBook;
use qframe_model::market::Side;
use qframe_model::time::{Span, Time, TimeFrame};
use qframe_venues::backoff::Backoff;
use qframe_venues::stream::{
    Answer, Ask, Channel, Counts, Deed, Exchange, Line, Session, Settings, Stream, StreamError, Timings, Wanted,
};

use super::venue::{Faults, Venue, price, quantity};

const FEEDS: [Feed; 4] = [Feed::BinanceSpot, Feed::BinanceFutures, Feed::CoinbaseExchange, Feed::CoinbaseAdvanced];

pub(crate) fn wanted(feed: Feed, channels: &[Channel]) -> Wanted {
    let (exchange, symbol) = match feed {
        Feed::BinanceSpot => (Exchange::Binance, "BTC/USDT"),
        Feed::BinanceFutures => (Exchange::Binance, "BTC/USDT:USDT"),
        Feed::CoinbaseExchange => (Exchange::Coinbase, "BTC/USD"),
        Feed::CoinbaseAdvanced => (Exchange::CoinbaseAdvanced, "BTC/USD"),
    };
    Wanted { exchange, symbols: vec![symbol.parse().unwrap()], channels: channels.to_vec(), frame: TimeFrame::MINUTE }
}

/// As of the feed, but in a hurry.
pub(super) fn timings() -> Timings {
    let millis = |count: i64| Span::from_nanos(count * 1_000_000);
    Timings {
        open: millis(2_000),
        silence: millis(400),
        ping: millis(100),
        pace: millis(5),
        life: millis(3_600_000),
        overlap: millis(100),
        backoff: Backoff { first: Duration::from_millis(10), longest: Duration::from_millis(50) },
    }
}

pub(super) fn settings(venue: &Venue, timings: Timings) -> Settings {
    let (ws_url, base_url) = (Some(venue.ws.clone()), Some(venue.http.clone()));
    Settings { ws_url, base_url, timings: Some(timings), ..Settings::default() }
}

/// What a taker of rows knows.
#[derive(Default)]
struct Taken {
    trades: BTreeSet<u64>,
    rows: u64,
    book: OrderBook,
    crossed: u64,
}

impl Taken {
    fn take(&mut self, row: Row) {
        match row {
            Row::Trade(trade) => {
                self.rows += 1;
                self.trades.insert(trade.id);
            }
            Row::Book(delta) => {
                self.book.apply(&delta);
                self.crossed += u64::from(delta.last && self.book.is_crossed());
            }
            _ => {}
        }
    }

    fn equals(&self, venue: &Venue) -> bool {
        let truth = venue.truth.lock().unwrap();
        let side =
            |side| self.book.levels(side).map(|level| (level.price.to_string(), level.quantity)).collect::<Vec<_>>();
        let told = |(cents, units): (&u64, &u64)| {
            let trimmed = price(*cents).parse::<qframe_model::number::Price>().unwrap().to_string();
            (trimmed, quantity(*units).parse().unwrap())
        };
        let bids: Vec<_> = truth.bids.iter().rev().map(told).collect();
        let asks: Vec<_> = truth.asks.iter().map(told).collect();
        side(Side::Buy) == bids && side(Side::Sell) == asks && self.trades.last() == Some(&(truth.trades.len() as u64))
    }
}

/// Runs a market of so many events through a stream, and waits until all is healed.
async fn run(feed: Feed, faults: Faults, timings: Timings, events: usize) -> Counts {
    let venue = Venue::new(feed, faults.clone()).await;
    let mut channels = vec![Channel::Trades, Channel::Book];
    // Futures tell books and trades on two connections; one is enough for each law.
    if feed == Feed::BinanceFutures {
        channels.retain(|channel| *channel == Channel::Book);
    }
    let mut stream =
        Stream::open(&wanted(feed, &channels), &settings(&venue, timings), Time::from_seconds(1_704_067_200)).unwrap();
    let mut taken = Taken::default();
    let mut deadline = None;
    tokio::time::sleep(Duration::from_millis(if faults.pages > 0 { 300 } else { 100 })).await;
    let mut happening = Box::pin(venue.happen(events));
    let mut done = false;
    loop {
        tokio::select! {
            () = &mut happening, if !done => {
                (done, deadline) = (true, Some(tokio::time::Instant::now() + Duration::from_secs(20)));
            }
            batch = stream.next() => batch.unwrap().into_iter().for_each(|arrival| taken.take(arrival.row)),
            () = tokio::time::sleep(Duration::from_millis(100)), if done => {
                if feed == Feed::BinanceFutures {
                    taken.trades.insert(venue.truth.lock().unwrap().trades.len() as u64);
                }
                let whole = taken.trades.first().zip(taken.trades.last()).is_some_and(|(first, last)| {
                    taken.trades.len() as u64 == last - first + 1
                });
                if taken.equals(&venue) && (whole || feed == Feed::BinanceFutures) { break }
            }
        }
        assert!(
            deadline.is_none_or(|deadline| tokio::time::Instant::now() < deadline),
            "{feed} {faults:?}: not healed; book and last trade equal: {}, {} trades {:?}..{:?} {:#?}",
            taken.equals(&venue),
            taken.trades.len(),
            taken.trades.first(),
            taken.trades.last(),
            stream.counts()
        );
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let counts = stream.counts().remove(0);
    assert_eq!(taken.crossed, 0, "{feed} {faults:?}");
    if feed != Feed::BinanceFutures {
        assert_eq!(taken.rows, taken.trades.len() as u64, "{feed} {faults:?}: no trade comes twice");
        assert_eq!(counts.missed, 0, "{feed} {faults:?}: {counts:#?}");
    }
    assert_eq!(counts.subjects[0].trades, taken.rows, "{feed} {faults:?}");
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_wrong() {
    for feed in FEEDS {
        let counts = run(feed, Faults::default(), timings(), 200).await;
        let seen = (counts.cuts, counts.gaps, counts.refused, counts.repeated, counts.crossed);
        assert_eq!((seen, counts.connects, counts.handovers), ((0, 0, 0, 0, 0), 1, 0), "{feed} {counts:#?}");
        assert!(counts.clock_ahead.is_some(), "{feed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_dropped_and_repeated() {
    for feed in FEEDS {
        // Coinbase Exchange numbers no updates of its books: what it drops there nobody can know, and it promises not to.
        let drop = if feed == Feed::CoinbaseExchange { 0.0 } else { 0.02 };
        let counts = run(feed, Faults { drop, repeat: 0.05, ..Faults::default() }, timings(), 400).await;
        if drop > 0.0 {
            assert!(counts.gaps > 0 && counts.resyncs > 0, "{feed} {counts:#?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_break() {
    for feed in FEEDS {
        let counts = run(feed, Faults { cut_after: Some(60), ..Faults::default() }, timings(), 400).await;
        assert!(counts.cuts >= 3 && counts.connects >= 4, "{feed} {counts:#?}");
        assert!(feed == Feed::BinanceFutures || counts.filled > 0, "{feed} {counts:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_falls_silent() {
    for feed in FEEDS {
        let counts = run(feed, Faults { silent_after: Some(50), ..Faults::default() }, timings(), 600).await;
        assert_eq!((counts.cuts, counts.connects), (1, 2), "{feed} {counts:#?}");
    }
}

/// Binance ends each connection after a day: the next one is up before, and takes over without a gap.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_replaced_before_its_end() {
    for feed in [Feed::BinanceSpot, Feed::BinanceFutures] {
        let life = Span::from_nanos(400_000_000);
        let counts = run(feed, Faults::default(), Timings { life, ..timings() }, 700).await;
        assert!(counts.handovers >= 2, "{feed} {counts:#?}");
        assert_eq!((counts.gaps, counts.cuts, counts.filled), (0, 0, 0), "{feed} {counts:#?}");
        let counts = run(feed, Faults { leaving_after: Some(50), ..Faults::default() }, timings(), 400).await;
        assert_eq!((counts.handovers, counts.gaps, counts.cuts, counts.filled), (1, 0, 0, 0), "{feed} {counts:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_garbage_delays_and_old_snapshots() {
    for feed in FEEDS {
        let faults = Faults {
            pages: 2,
            garbage: 0.05,
            delay: Some(Duration::from_millis(30)),
            stale_snapshots: 2,
            ..Faults::default()
        };
        let counts = run(feed, faults, timings(), 300).await;
        assert!(counts.refused > 0, "{feed}");
        assert_eq!(counts.reasons, [("no JSON", counts.refused)], "{feed}");
    }
}

/// `QFRAME_SOAK_SECONDS` says for how long; a minute's worth of history would show in memory that grows with what happens.
#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_wrong_for_long_and_memory_stays_flat() {
    let seconds = std::env::var("QFRAME_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(3);
    let soak = |feed| async move {
        // No more losses than snapshots that the exchange's weights allow in a minute.
        let drop = if feed == Feed::CoinbaseExchange { 0.0 } else { 0.001 };
        let faults = Faults {
            drop,
            repeat: 0.05,
            garbage: 0.01,
            delay: Some(Duration::from_millis(10)),
            cut_after: Some(1_000),
            pages: 1,
            lasting: true,
            ..Faults::default()
        };
        // Steps are two milliseconds apart, and a little more.
        run(feed, faults, timings(), 300 * seconds).await
    };
    // The first round takes what buffers and threads need.
    let round = || async { tokio::join!(soak(FEEDS[0]), soak(FEEDS[1]), soak(FEEDS[2]), soak(FEEDS[3])) };
    round().await;
    let before = resident();
    let (spot, futures, exchange, advanced) = round().await;
    let (Some(before), Some(after)) = (before, resident()) else { return println!("skipped: no /proc") };
    for counts in [&spot, &futures, &exchange, &advanced] {
        println!(
            "{} messages, {} cuts, {} gaps, {} refused",
            counts.messages, counts.cuts, counts.gaps, counts.refused
        );
    }
    println!("memory {after} KiB, {before} KiB a round before");
    assert!(after < before + (16 << 10), "memory grew from {before} to {after} KiB");
}

/// Resident memory in KiB, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_subscription_ends_the_stream_in_the_words_of_the_exchange() {
    for feed in FEEDS {
        let venue = Venue::new(feed, Faults { refused: true, ..Faults::default() }).await;
        let mut stream = Stream::open(
            &wanted(feed, &[Channel::Book]),
            &settings(&venue, timings()),
            Time::from_seconds(1_704_067_200),
        )
        .unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.next()).await.unwrap();
        assert_eq!(ended, None);
        let expected = match feed {
            Feed::BinanceSpot | Feed::BinanceFutures => "code 2: Invalid request",
            _ => "Failed to subscribe: BTC-USD is not a valid product",
        };
        assert_eq!(stream.end(), Some(StreamError::Refused(expected.to_owned())), "{feed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_instead_of_a_stream_is_told_and_a_dropped_stream_is_gone() {
    let venue = Venue::new(Feed::BinanceSpot, Faults { pages: usize::MAX, ..Faults::default() }).await;
    let stream = Stream::open(
        &wanted(Feed::BinanceSpot, &[Channel::Book]),
        &settings(&venue, timings()),
        Time::from_seconds(1_704_067_200),
    )
    .unwrap();
    tokio::time::sleep(Duration::from_millis(800)).await;
    let counts = stream.counts().remove(0);
    let (_, trouble) = counts.trouble.clone().unwrap();
    assert!(trouble.contains("502") && trouble.contains("<html><body>Bad gateway"), "{trouble}");
    assert_eq!((counts.up, counts.connects), (false, 0));
    drop(stream);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let tries = venue.truth.lock().unwrap().connections;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(venue.truth.lock().unwrap().connections, tries);
    assert!(tries > 3, "{tries}");
}

#[test]
fn what_cannot_be_had_is_said() {
    let check = |exchange, symbol: &str, channel, expected: &str| {
        let symbols = vec![symbol.parse().unwrap()];
        let wanted = Wanted { exchange, symbols, channels: vec![channel], frame: TimeFrame::HOUR };
        let error = Line::plan(&wanted).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(Exchange::Binance, "AAPL", Channel::Book, "AAPL does not trade there; expected BTC/USDT");
    check(Exchange::Binance, "BTC/USDT@binance", Channel::Book, "the exchange is named already");
    check(Exchange::Binance, "BTC/USDT", Channel::Funding, "funding of these symbols");
    check(Exchange::Coinbase, "BTC/USD", Channel::Bars, "coinbase-advanced");
    check(Exchange::CoinbaseAdvanced, "BTC/USD", Channel::Bars, "streams 5m");
    check(Exchange::Coinbase, "BTC/USDT:USDT", Channel::Trades, "expected a pair");
}

/// A heartbeat told of trades that the stream itself brought before the answer came.
#[test]
fn what_comes_while_it_is_asked_for_is_neither_filled_in_nor_missed() {
    let now = Time::from_seconds(1_704_067_200);
    let line = Line::plan(&wanted(Feed::CoinbaseExchange, &[Channel::Trades])).unwrap().remove(0);
    let mut session = Session::new(line, "one".to_owned(), Timings::of(Feed::CoinbaseExchange), 1, now);
    let trade = |id: u64| {
        format!(r#"{{"type":"match","product_id":"BTC-USD","trade_id":{id},"side":"buy","size":"1","price":"9"}}"#)
    };
    let heartbeat = r#"{"type":"heartbeat","last_trade_id":4,"product_id":"BTC-USD"}"#;
    session.opened(0, now);
    let mut asks = Vec::new();
    for text in [r#"{"type":"subscriptions","channels":[]}"#, &trade(1), heartbeat, &trade(2), &trade(3)] {
        session.message(0, text.as_bytes(), now);
        asks.extend(session.take_deeds());
    }
    let asked = asks.into_iter().find_map(|deed| match deed {
        Deed::Ask(ask @ Ask::Trades(..)) => Some(ask),
        _ => None,
    });
    session.answered(&asked.unwrap(), Ok(Answer::Trades(vec![trade(2), trade(3)])), now);
    session.tick(now);
    let counts = session.counts();
    assert_eq!((counts.filled, counts.missed, counts.subjects[0].trades), (0, 1, 3), "the fourth is not to be had");
}

/// Of a market that has not begun there is no book: it is asked for again, and the first one with levels counts.
#[test]
fn a_snapshot_of_nothing_makes_no_book() {
    let mut now = Time::from_seconds(1_704_067_200);
    let line = Line::plan(&wanted(Feed::BinanceSpot, &[Channel::Book])).unwrap().remove(0);
    let mut session = Session::new(line, "one".to_owned(), Timings::of(Feed::BinanceSpot), 1, now);
    let diff = |id: u64| {
        format!(r#"{{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":{id},"u":{id},"b":[["9","{id}"]],"a":[["11","1"]]}}"#)
    };
    let depth = |last: u64, levels: &str| {
        let body = format!(r#"{{"lastUpdateId":{last},"bids":[{levels}],"asks":[]}}"#);
        Ok(Answer::Depth("https://x/depth?symbol=BTCUSDT".to_owned(), body.into_bytes()))
    };
    session.opened(0, now);
    session.message(0, br#"{"result":null,"id":1}"#, now);
    let asked = |session: &mut Session| {
        let deeds = session.take_deeds().into_iter();
        deeds.filter(|deed| matches!(deed, Deed::Ask(Ask::Depth(_)))).count()
    };
    assert_eq!(asked(&mut session), 1);
    session.message(0, diff(1).as_bytes(), now);
    session.answered(&Ask::Depth(0), depth(0, ""), now);
    session.message(0, diff(2).as_bytes(), now);
    assert!(session.instrument(0).unwrap().book().is_none());
    now = now + Span::from_seconds(1);
    session.tick(now);
    assert_eq!(asked(&mut session), 1);
    session.answered(&Ask::Depth(0), depth(2, r#"["9","2"]"#), now);
    session.message(0, diff(3).as_bytes(), now);
    assert!(session.instrument(0).unwrap().book().is_some());
}
