//! Recorded messages and answers, read once more as plain JSON: each decoded value is what stands there.
use std::collections::BTreeMap;

use qframe_data::book::{Content, Decoder, Frame};
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Price, Rate, Volume};
use qframe_model::time::{Span, Time};
use qframe_venues::rest::coinbase::Api;
use qframe_venues::rest::{binance, coinbase};
use qframe_venues::stream::tape;
use serde_json::Value;

use super::messages::{messages, payloads};

fn price(value: &Value) -> Price {
    text(value).parse().unwrap()
}

fn volume(value: &Value) -> Volume {
    text(value).parse().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn millis(value: &Value) -> Time {
    Time::from_nanos(text(value).parse::<i64>().unwrap() * 1_000_000)
}

/// Levels as the exchanges write them, by side, price and quantity.
fn levels(changes: &[qframe_data::book::Change]) -> Vec<(Side, Price, Volume)> {
    let mut all: Vec<_> = changes.iter().map(|(side, level)| (*side, level.price, level.quantity)).collect();
    all.sort_by_key(|(side, price, units)| (*side == Side::Sell, *price, units.to_string()));
    all
}

fn expected_levels(message: &Value) -> Vec<(Side, Price, Volume)> {
    let rows = |names: &[&str]| names.iter().find_map(|name| message[*name].as_array().cloned()).unwrap_or_default();
    let pair = |side, row: &Value| (side, price(&row[0]), volume(&row[1]));
    let mut all: Vec<_> = rows(&["b", "bids"]).iter().map(|row| pair(Side::Buy, row)).collect();
    all.extend(rows(&["a", "asks"]).iter().map(|row| pair(Side::Sell, row)));
    for row in rows(&["changes"]) {
        all.push((side(&row[0]), price(&row[1]), volume(&row[2])));
    }
    for row in rows(&["updates"]) {
        all.push((side(&row["side"]), price(&row["price_level"]), volume(&row["new_quantity"])));
    }
    all.sort_by_key(|(side, price, units)| (*side == Side::Sell, *price, units.to_string()));
    all
}

fn side(value: &Value) -> Side {
    if matches!(value.as_str(), Some("buy" | "bid" | "BUY")) { Side::Buy } else { Side::Sell }
}

/// A frame against the event that it came of: Binance's message, Coinbase's, or an entry of an event of Advanced.
fn check(frame: &Frame<'_>, of: &Value, whole: &Value) {
    let name = ["s", "product_id"].iter().find_map(|name| of[*name].as_str());
    let silent = matches!(frame.content, Content::Other(_));
    assert!(silent || name.is_none_or(|name| name == frame.name), "{whole}");
    match frame.content {
        Content::Snapshot { last, changes } => {
            assert_eq!(last, of["lastUpdateId"].as_u64(), "{whole}");
            assert_eq!(levels(changes), expected_levels(of), "{whole}");
        }
        Content::Diff { updates, changes } => {
            let told = updates.map(|one| (Some(one.first), Some(one.last), one.previous));
            let expected = of["u"].as_u64().map(|last| (of["U"].as_u64(), Some(last), of["pu"].as_u64()));
            assert_eq!(told, expected, "{whole}");
            assert_eq!(levels(changes), expected_levels(of), "{whole}");
        }
        Content::Quote(top) => {
            let [bid, ask] = if of["b"].is_string() { ["b", "a"] } else { ["best_bid", "best_ask"] };
            assert_eq!((top.bid, top.ask), (price(&of[bid]), price(&of[ask])), "{whole}");
            for (told, names) in [
                (top.bid_quantity, ["B", "best_bid_quantity", "best_bid_size"]),
                (top.ask_quantity, ["A", "best_ask_quantity", "best_ask_size"]),
            ] {
                let expected = names.iter().find(|name| !of[**name].is_null()).map(|name| volume(&of[*name]));
                assert!(told.is_none() || told == expected, "{whole}");
            }
        }
        Content::Trade { id, price: at, quantity, side: taker, aggregate } => {
            assert_eq!(aggregate, of["e"] == "aggTrade", "{whole}");
            let ids = ["a", "t", "trade_id"];
            assert_eq!(Some(id), ids.iter().find_map(|name| text(&of[*name]).parse().ok()), "{whole}");
            let [units, cost] = if of["p"].is_string() { ["q", "p"] } else { ["size", "price"] };
            assert_eq!((at, quantity), (price(&of[cost]), volume(&of[units])), "{whole}");
            // Exchange tells the maker's side, Advanced too; Binance whether the buyer was the maker.
            let expected = match of["m"].as_bool() {
                Some(maker) => {
                    if maker {
                        Side::Sell
                    } else {
                        Side::Buy
                    }
                }
                None => side(&of["side"]).opposite(),
            };
            assert_eq!(taker, expected, "{whole}");
        }
        Content::Bar { bar, over, .. } => check_bar(&bar, over, of, whole),
        Content::Mark { mark, rate, due } => {
            assert_eq!((mark, due), (price(&of["p"]), millis(&of["T"])), "{whole}");
            assert_eq!(rate, text(&of["r"]).parse::<Rate>().unwrap(), "{whole}");
        }
        Content::Other(kind) => {
            let told = ["e", "type", "channel"].iter().any(|name| of[*name] == kind || whole[*name] == kind);
            assert!(told || kind.is_empty() || !of["e"].is_string(), "{kind}: {whole}");
        }
    }
}

fn check_bar(bar: &Bar, over: bool, of: &Value, whole: &Value) {
    let (of, names) = if of["k"].is_object() {
        (&of["k"], ["o", "h", "l", "c", "v"])
    } else {
        (of, ["open", "high", "low", "close", "volume"])
    };
    let told = (bar.open, bar.high, bar.low, bar.close, bar.volume);
    let [open, high, low, close, units] = names;
    let prices = (price(&of[open]), price(&of[high]), price(&of[low]), price(&of[close]), volume(&of[units]));
    assert_eq!(told, prices, "{whole}");
    if of["x"].is_boolean() {
        assert_eq!((bar.time, Some(over)), (millis(&of["t"]), of["x"].as_bool()), "{whole}");
    } else {
        assert_eq!(bar.time, Time::from_seconds(text(&of["start"]).parse().unwrap()), "{whole}");
    }
}

/// What a frame's part of the message is, in plain JSON.
fn parts(message: &Value) -> Vec<Value> {
    let message = if message["data"].is_object() { &message["data"] } else { message };
    let Some(events) = message["events"].as_array() else { return vec![message.clone()] };
    let mut all = Vec::new();
    for event in events {
        let lists = ["trades", "tickers", "candles"].iter().find_map(|name| event[*name].as_array());
        match lists {
            Some(rows) => all.extend(rows.iter().cloned()),
            None => all.push(event.clone()),
        }
    }
    all
}

#[test]
fn every_message_has_its_values() {
    let Some(folder) = payloads() else { return };
    let (mut decoder, mut counts, mut stack) = (Decoder::default(), BTreeMap::new(), vec![folder.clone()]);
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            stack.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        for message in messages(&path) {
            // Lists of REST are read elsewhere.
            let Ok(plain) = serde_json::from_str::<Value>(&message) else { continue };
            let (parts, mut place) = (parts(&plain), 0);
            let done = decoder.decode(message.as_bytes(), |frame| {
                let kind = format!("{:?}", frame.content);
                *counts.entry(kind.split([' ', '(']).next().unwrap().to_owned()).or_insert(0) += 1;
                // The newest trade stands first in a message, and is told last.
                let is_it = |part: &&Value| matches!(frame.content, Content::Trade { id, .. } if text(&part["trade_id"]) == id.to_string());
                let of = parts.iter().find(is_it).or(parts.get(place)).unwrap_or(&parts[0]);
                check(&frame, of, &plain);
                place += 1;
            });
            let kind = done.err().map(|fault| fault.reason().to_string());
            kind.into_iter().for_each(|kind| *counts.entry(format!("refused: {kind}")).or_insert(0) += 1);
        }
    }
    println!("{counts:?}");
    let total: usize = counts.values().sum();
    assert!(total > 7_000, "{counts:?}");
}

fn read(file: &str) -> Option<(Vec<u8>, Value)> {
    let text = std::fs::read_to_string(payloads()?.join(file)).unwrap();
    let start = text.find(['{', '[']).unwrap();
    // A recorder's file goes on with another answer.
    let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter();
    let plain = values.next().unwrap().unwrap();
    Some((text.as_bytes()[start..start + values.byte_offset()].to_vec(), plain))
}

fn filter<'v>(entry: &'v Value, kind: &str) -> &'v Value {
    let found = entry["filters"].as_array().and_then(|all| all.iter().find(|one| one["filterType"] == kind));
    found.unwrap_or(&Value::Null)
}

#[test]
fn every_listing_has_its_values() {
    let mut count = 0;
    for file in ["binance/cryptofeed/BINANCE.0", "binance/cryptofeed/BINANCE_FUTURES.0"] {
        let Some((body, plain)) = read(file) else { return };
        assert_eq!(binance::read_clock(&body).unwrap(), millis(&plain["serverTime"]));
        for entry in plain["symbols"].as_array().unwrap().iter().step_by(40) {
            let (base, quote) = (text(&entry["baseAsset"]), text(&entry["quoteAsset"]));
            let (id, Ok(symbol)) = (text(&entry["symbol"]), format!("{base}/{quote}").parse()) else { continue };
            let listing = binance::read_listing(&body, &symbol, &id).unwrap().unwrap();
            assert_eq!((listing.id, listing.trading), (id, entry["status"] == "TRADING"));
            assert_eq!(listing.tick, price(&filter(entry, "PRICE_FILTER")["tickSize"]), "{entry}");
            assert_eq!(listing.lot, text(&filter(entry, "LOT_SIZE")["stepSize"]).parse().unwrap(), "{entry}");
            assert_eq!(listing.min_quantity, text(&filter(entry, "LOT_SIZE")["minQty"]).parse().unwrap(), "{entry}");
            count += 1;
        }
    }
    let Some((_, products)) = read("coinbase/cryptofeed/COINBASE.0") else { return };
    let recorded = read("coinbase/transcribed-recorded/exchange_rest_product_btc_usd.json").unwrap().1;
    for product in products.as_array().unwrap().iter().chain([&recorded]) {
        let listing = Api::Exchange.read_listing(product.to_string().as_bytes(), &"BTC/USD".parse().unwrap()).unwrap();
        assert_eq!((listing.id, listing.tick), (text(&product["id"]), price(&product["quote_increment"])));
        assert_eq!(listing.min_notional, text(&product["min_market_funds"]).parse().unwrap());
        assert_eq!(listing.trading, product["status"] == "online" && product["trading_disabled"] == false);
        count += 1;
    }
    for file in ["transcribed-recorded/advanced_rest_product_btc_usd.json", "nautilus-crate/http_product.json"] {
        let (body, plain) = read(&format!("coinbase/{file}")).unwrap();
        let listing = Api::Advanced.read_listing(&body, &"BTC/USD".parse().unwrap()).unwrap();
        assert_eq!((listing.id, listing.tick), (text(&plain["product_id"]), price(&plain["price_increment"])));
        assert_eq!(listing.max_quantity.unwrap(), text(&plain["base_max_size"]).parse().unwrap());
        count += 1;
    }
    println!("{count} listings");
    assert!(count > 100, "{count}");
}

#[test]
fn answers_have_their_values() {
    let ever = Time::EPOCH..Time::EPOCH + Span::from_nanos(i64::MAX);
    let spot = "binance/nautilus-crate/spot/http_json";
    let Some((body, plain)) = read(&format!("{spot}/klines_response.json")) else { return };
    // The documents' example opens below its low: it is told as what it is, and no bar.
    let page = binance::read_bars(&body, &ever).unwrap();
    assert_eq!(page.bars.len() + page.refused.len(), plain.as_array().unwrap().len(), "{page:?}");
    let (body, plain) = read(&format!("{spot}/server_time_response.json")).unwrap();
    assert_eq!(binance::read_clock(&body).unwrap(), millis(&plain["serverTime"]));
    let (body, plain) = read("coinbase/nautilus-crate/http_candles.json").unwrap();
    let page = Api::Advanced.read_bars(&body, &ever).unwrap();
    for (bar, row) in page.bars.iter().rev().zip(plain["candles"].as_array().unwrap()) {
        assert_eq!(bar.time, Time::from_seconds(text(&row["start"]).parse().unwrap()));
        let expected = ["open", "high", "low", "close"].map(|name| price(&row[name]));
        assert_eq!(([bar.open, bar.high, bar.low, bar.close], bar.volume), (expected, volume(&row["volume"])));
    }
    assert_eq!(page.bars.len(), 2);
    let (body, plain) = read("coinbase/nautilus-crate/http_ticker.json").unwrap();
    let told = tape::last(&body, 0..u64::MAX).unwrap();
    assert_eq!(told.len(), plain["trades"].as_array().unwrap().len());
    for (message, row) in told.iter().rev().zip(plain["trades"].as_array().unwrap()) {
        assert_eq!(serde_json::from_str::<Value>(message).unwrap()["events"][0]["trades"][0], *row);
    }
    // What is another answer is refused.
    for file in ["depth_response", "account_response", "ping_response", "trades_response"] {
        let (body, _) = read(&format!("{spot}/{file}.json")).unwrap();
        assert!(binance::read_bars(&body, &ever).is_err() && binance::read_clock(&body).is_err(), "{file}");
        assert!(coinbase::read_clock(&body).is_err() && Api::Advanced.read_bars(&body, &ever).is_err(), "{file}");
    }
}
