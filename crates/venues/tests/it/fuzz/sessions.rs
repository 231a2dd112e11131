//! Sessions under whatever can happen to them, in any order: no panic, no crossed book, no trade twice, nothing without
//! bound. `QFRAME_FUZZ_RUNS` says how many histories each feed takes. A failure prints the shortest that was found.
use std::collections::BTreeSet;

use qframe_app::Row;
use qframe_data::book::Feed;
use qframe_model::book::OrderBook;
use qframe_model::time::{Span, Time};
use qframe_venues::stream::{Answer, Ask, Channel, Deed, Line, Session, Timings};

use super::runs;
use crate::stream::faults::wanted;

/// What happens, of which kind, and a byte for it.
type Step = (u8, u16, u8);

/// A message of a feed: right in form, with numbers that follow from the step.
fn message(feed: Feed, which: u16, byte: u8) -> String {
    let (id, price) = (u64::from(which / 8) + u64::from(byte % 4), 100 + u64::from(byte % 16));
    let quantity = u64::from(byte % 3);
    match (feed, which % 8) {
        (Feed::BinanceSpot | Feed::BinanceFutures, 0) => r#"{"result":null,"id":1}"#.to_owned(),
        (Feed::BinanceSpot | Feed::BinanceFutures, 1) => {
            format!(r#"{{"e":"aggTrade","E":1,"s":"BTCUSDT","a":{id},"p":"{price}","q":"1","T":1,"m":true,"M":true}}"#)
        }
        (Feed::BinanceSpot | Feed::BinanceFutures, 2) => {
            let time = 1_700_000_040_000 + id * 60_000;
            format!(
                r#"{{"e":"kline","E":1,"s":"BTCUSDT","k":{{"t":{time},"i":"1m","o":"1","c":"1","h":"1","l":"1","v":"1","x":true}}}}"#
            )
        }
        (Feed::BinanceSpot | Feed::BinanceFutures, 3) => r#"{"e":"serverShutdown","E":1}"#.to_owned(),
        (Feed::BinanceSpot | Feed::BinanceFutures, kind) => {
            let (side, other) = if kind % 2 == 0 { ("b", "a") } else { ("a", "b") };
            let (first, previous) = (id.saturating_sub(u64::from(byte % 2)), id.saturating_sub(1));
            format!(
                r#"{{"e":"depthUpdate","E":1,"T":1,"s":"BTCUSDT","U":{first},"u":{id},"pu":{previous},"{side}":[["{price}","{quantity}"]],"{other}":[]}}"#
            )
        }
        (Feed::CoinbaseExchange, 0) => r#"{"type":"subscriptions","channels":[]}"#.to_owned(),
        (Feed::CoinbaseExchange, 1) => format!(
            r#"{{"type":"match","trade_id":{id},"side":"sell","size":"1","price":"{price}","product_id":"BTC-USD"}}"#
        ),
        (Feed::CoinbaseExchange, 2) => {
            format!(r#"{{"type":"heartbeat","last_trade_id":{id},"product_id":"BTC-USD"}}"#)
        }
        (Feed::CoinbaseExchange, 3) => {
            r#"{"type":"snapshot","product_id":"BTC-USD","bids":[["100","1"]],"asks":[["116","1"]]}"#.to_owned()
        }
        (Feed::CoinbaseExchange, kind) => {
            let side = if kind % 2 == 0 { "buy" } else { "sell" };
            format!(r#"{{"type":"l2update","product_id":"BTC-USD","changes":[["{side}","{price}","{quantity}"]]}}"#)
        }
        (Feed::CoinbaseAdvanced, kind) => {
            let update = |form: &str| {
                format!(
                    r#"[{{"type":"{form}","product_id":"BTC-USD","updates":[{{"side":"bid","price_level":"{price}","new_quantity":"{quantity}"}}]}}]"#
                )
            };
            let (channel, events) = match kind {
                0 => ("subscriptions", "[]".to_owned()),
                1 => (
                    "market_trades",
                    format!(
                        r#"[{{"type":"update","trades":[{{"product_id":"BTC-USD","trade_id":"{id}","price":"{price}","size":"1","side":"BUY"}}]}}]"#
                    ),
                ),
                2 | 3 => ("l2_data", update("snapshot")),
                _ => ("l2_data", update("update")),
            };
            format!(r#"{{"channel":"{channel}","sequence_num":{},"events":{events}}}"#, which / 8 % 32)
        }
    }
}

/// An answer to what was asked, or none.
fn answer(ask: &Ask, byte: u8) -> Result<Answer, String> {
    if byte.is_multiple_of(5) {
        return Err("no answer".to_owned());
    }
    Ok(match ask {
        Ask::Depth(_) => {
            let last = u64::from(byte) * 32;
            let body = format!(r#"{{"lastUpdateId":{last},"bids":[["100","1"]],"asks":[["116","1"]]}}"#);
            Answer::Depth("https://x/depth?symbol=BTCUSDT".to_owned(), body.into_bytes())
        }
        Ask::Trades(_, from, to) => {
            let trade = |id: u64| {
                format!(r#"{{"e":"aggTrade","s":"BTCUSDT","a":{id},"p":"1","q":"1","T":1,"m":true,"M":true}}"#)
            };
            Answer::Trades((*from..*to).take(50).map(trade).collect())
        }
        Ask::Bars(..) => Answer::Bars(Vec::new()),
        Ask::Clock => Answer::Clock(Span::from_nanos(i64::from(byte))),
    })
}

/// Lives through the steps; how many rows came of them.
fn live(feed: Feed, steps: &[Step]) -> usize {
    let mut channels = vec![Channel::Trades, Channel::Book];
    if feed == Feed::BinanceFutures {
        channels = vec![Channel::Book];
    }
    let line = Line::plan(&wanted(feed, &channels)).unwrap().remove(0);
    let mut now = Time::from_seconds(1_700_000_000);
    let mut session = Session::new(line, "fuzz".to_owned(), Timings::of(feed), 7, now).recording(true);
    let (mut asks, mut book, mut trades, mut bars) = (Vec::new(), OrderBook::default(), BTreeSet::new(), None);
    let mut rows = 0;
    for (kind, which, byte) in steps {
        now = now + Span::from_nanos(i64::from(*byte) * 40_000_000);
        let link = usize::from(*byte % 16 == 15);
        match kind % 8 {
            0 => session.opened(link, now),
            1 if *byte < 32 => session.broke(link, "gone", now),
            2 => session.heard(link, now),
            3 => session.tick(now),
            4 => {
                if !asks.is_empty() {
                    let ask: Ask = asks.swap_remove(usize::from(*which) % asks.len());
                    session.answered(&ask, answer(&ask, *byte), now);
                }
            }
            5 => {
                let text = message(feed, *which, *byte);
                session.message(link, &text.as_bytes()[..text.len() * usize::from(*byte) / 256], now);
            }
            _ => session.message(link, message(feed, *which, *byte).as_bytes(), now),
        }
        for deed in session.take_deeds() {
            if let Deed::Ask(ask) = deed {
                asks.push(ask);
            }
        }
        for arrival in session.take_rows() {
            rows += 1;
            match arrival.row {
                Row::Book(delta) => {
                    book.apply(&delta);
                    assert!(!(delta.last && book.is_crossed()), "a crossed book was shown");
                }
                Row::Trade(trade) => assert!(trades.insert(trade.id), "trade {} came twice", trade.id),
                Row::Bar(bar) => assert!(bars.replace(bar.time) < Some(bar.time), "bars rise"),
                Row::Quote(_) | Row::Funding(_) => {}
            }
        }
        let good = session.instrument(0).and_then(|instrument| instrument.book().cloned());
        assert!(good.unwrap_or_default() == book, "the rows make the book");
        let _ = (session.take_recorded(), session.take_refused());
    }
    assert!(session.quarantine().count() <= 100);
    rows
}

#[test]
fn sessions() {
    for feed in [Feed::BinanceSpot, Feed::BinanceFutures, Feed::CoinbaseExchange, Feed::CoinbaseAdvanced] {
        bolero::check!().with_type::<Vec<Step>>().with_iterations(runs()).for_each(|steps| {
            live(feed, steps);
        });
        let mut rows = 0;
        // Longer ones than are drawn by themselves, in which more happens.
        for seed in 0..runs() as u64 / 4 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut steps = vec![(0, 0, 1), (6, 0, 1)];
            let mut number = 64_u16;
            steps.extend((0..400).map(|_| {
                number = number.wrapping_add(u16::from(rng.u8(..3)) * 8);
                let kind = if rng.u8(..40) == 0 { rng.u8(..) } else { [3, 4, 6, 6, 6, 6][rng.usize(..6)] };
                (kind, number & !7 | rng.u16(..8), rng.u8(..))
            }));
            println!("{feed} seed {seed}");
            rows += live(feed, &steps);
        }
        println!("{feed}: {rows} rows");
        assert!(rows > runs(), "too little happens: {rows}");
    }
}
