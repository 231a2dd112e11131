//! Channels of Coinbase: subscriptions judged, snapshots and changes that make the book, orders of a user.
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use qframe_model::market::Side;
use qframe_venues::exchange::advanced::channel::{Channel, Subject};
use qframe_venues::exchange::binance::Binance;
use qframe_venues::exchange::server::fault::Faults;
use qframe_venues::exchange::server::{House, Server, Settings, Speed};
use qframe_venues::stream::{self, Stream, Wanted};
use serde_json::{Value, json};

use super::advanced_wire::{NOW, Venue};
use super::clients::{now, source};
use super::market::{at, clear, level, trade};

fn subject(channel: Channel) -> Subject {
    Subject { channel, product: Some(0), user: None }
}

#[test]
fn subscriptions_are_judged() {
    let venue = Venue::new();
    let asked = |message: Value| venue.advanced.asked(&venue.core, &message.to_string(), NOW * 1_000);
    let fine = asked(json!({ "type": "subscribe", "product_ids": ["AAA-USDT"], "channel": "level2" })).unwrap();
    assert_eq!(fine.subjects, vec![("AAA-USDT".to_owned(), subject(Channel::Level2))]);
    let token = venue.key.token(NOW as u64, "n", None).unwrap();
    let twice =
        asked(json!({ "type": "subscribe", "product_ids": ["AAA-USDT", "AAA-USDT"], "channel": "level2" })).unwrap();
    assert_eq!(twice.subjects.len(), 1, "a product that is named twice is told once");
    let user = asked(json!({ "type": "subscribe", "channel": "user", "jwt": token })).unwrap();
    assert_eq!(user.subjects[0].1, Subject { channel: Channel::User, product: None, user: Some(0) });
    let refused = |message: Value, why: &str| {
        let told = asked(message).unwrap_err();
        assert!(told.contains(why), "{told}");
    };
    refused(json!({ "type": "subscribe", "channel": "user" }), "authentication failure");
    refused(json!({ "type": "subscribe", "channel": "ticker", "jwt": "a.b.c" }), "authentication failure");
    let late = venue.key.token(NOW as u64 - 200, "n", None).unwrap();
    refused(json!({ "type": "subscribe", "channel": "user", "jwt": late }), "ended");
    refused(
        json!({ "type": "subscribe", "channel": "ticker", "product_ids": ["B-C"] }),
        "no valid product".replace("no", "not a").as_str(),
    );
    refused(json!({ "type": "subscribe", "channel": "wishes" }), "level2");
    refused(json!({ "type": "wish", "channel": "ticker" }), "subscribe");
}

/// A client's book: the snapshot, then the changes.
fn apply(book: &mut [BTreeMap<String, String>; 2], message: &Value) {
    let event = &message["events"][0];
    if event["type"] == "snapshot" {
        book.iter_mut().for_each(BTreeMap::clear);
    }
    for update in event["updates"].as_array().unwrap() {
        let side = usize::from(update["side"] == "offer");
        let text = |name: &str| update[name].as_str().unwrap().to_owned();
        if text("new_quantity") == "0" {
            book[side].remove(&text("price_level"));
        } else {
            book[side].insert(text("price_level"), text("new_quantity"));
        }
    }
}

#[test]
fn a_snapshot_and_its_changes_make_the_book() {
    let Venue { mut core, advanced, .. } = Venue::new();
    let mut book = [BTreeMap::new(), BTreeMap::new()];
    let mut compared = 0;
    for step in 0..2_000_i64 {
        let millis = 100 + step * 37;
        core.advance(at(millis));
        let notices: Vec<_> = core.notices().collect();
        for notice in &notices {
            for (_, message) in advanced.messages(&core, notice, |to| *to == subject(Channel::Level2)) {
                apply(&mut book, &message);
            }
            // What is told at an instant is the book before what happens at it.
            let shown = [Side::Buy, Side::Sell].map(|side| {
                let levels = core.markets()[0].book().levels(side);
                levels
                    .map(|level| (level.price.to_string(), level.quantity.quantity().to_string()))
                    .collect::<BTreeMap<_, _>>()
            });
            if step > 50 && matches!(notice, qframe_venues::exchange::core::Notice::Depth { .. }) {
                assert_eq!(book, shown, "after step {step}");
                compared += 1;
            }
        }
        if step == 50 {
            apply(&mut book, &advanced.first(&core, &subject(Channel::Level2)).unwrap());
        }
        let side = if step % 3 == 0 { Side::Buy } else { Side::Sell };
        let cents = if side == Side::Buy { 9_990 - step * 7 % 90 } else { 10_010 + step * 11 % 90 };
        if step % 500 == 250 {
            core.tick(0, &clear(millis)).unwrap();
        }
        core.tick(0, &level(millis, side, cents, step * 13 % 2_000, true)).unwrap();
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn a_user_hears_of_its_orders_and_of_no_others() {
    let mut venue = Venue::new();
    let limit = json!({ "limit_limit_gtc": { "base_size": "1", "limit_price": "99" } });
    venue.place("mine", "BUY", &limit);
    venue.core.tick(0, &trade(50, 2, Side::Sell, 9_890, 50_000)).unwrap();
    let notices: Vec<_> = venue.core.notices().collect();
    let told = |user: usize| -> Vec<(String, String)> {
        let to = |subject: &Subject| {
            subject.channel == Channel::User && subject.user == Some(user) && subject.product.is_none()
        };
        let messages = notices.iter().flat_map(|notice| venue.advanced.messages(&venue.core, notice, to));
        let orders = messages.map(|(_, message)| message["events"][0]["orders"][0].clone());
        orders
            .map(|one| {
                (one["status"].as_str().unwrap().to_owned(), one["leaves_quantity"].as_str().unwrap().to_owned())
            })
            .collect()
    };
    let expected = [("OPEN", "1"), ("FILLED", "0")].map(|(status, left)| (status.to_owned(), left.to_owned()));
    assert_eq!(told(0), expected);
    assert!(told(1).is_empty());
}

/// Our own adapter on the local exchange: the book is whole, and the trades are the market's.
#[tokio::test(flavor = "multi_thread")]
async fn our_adapter_follows() {
    let Venue { core, advanced, key } = Venue::new();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (speed, from, waits, faults) = (Speed::Times(5), None, true, Faults::default());
    let settings = Settings { address, speed, from, waits, faults, now: now() };
    let house = House { venue: Binance::new(core, Vec::new()).into(), advanced, tls: None };
    let server = Server::start(house, source(), settings).await.unwrap();
    let wanted = Wanted {
        exchange: stream::Exchange::CoinbaseAdvanced,
        symbols: vec!["AAA/USDT".parse().unwrap()],
        channels: vec![stream::Channel::Trades, stream::Channel::Quotes, stream::Channel::Book],
        frame: "5m".parse().unwrap(),
    };
    let (ws, http) = (format!("ws://{}", server.address), format!("http://{}", server.address));
    let settings =
        stream::Settings { ws_url: Some(ws), base_url: Some(http), key: Some(key), ..stream::Settings::default() };
    let mut stream = Stream::open(&wanted, &settings, now()).unwrap();
    let mut rows = 0;
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while rows < 600 && tokio::time::Instant::now() < until {
        rows += stream.next().await.unwrap().len();
    }
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let counts = stream.counts();
    assert!(rows >= 600, "{rows} rows: {counts:?}");
    assert_eq!((counts[0].gaps, counts[0].refused, counts[0].connects), (0, 0, 1), "{counts:?}");
    assert!(counts[0].subjects.iter().all(|symbol| symbol.whole && symbol.trades > 100), "{counts:?}");
    server.stop().await;
}
