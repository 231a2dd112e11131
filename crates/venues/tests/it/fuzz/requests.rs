//! Hostile requests to the local exchange, signed after they were changed, so that they come as far as right ones: every one is
//! answered, and after each the money is all there.
use std::sync::atomic::{AtomicUsize, Ordering};

use qframe_model::market::Side;
use qframe_model::number::Cash;
use qframe_venues::exchange::advanced::{Body, Request as AdvancedRequest};
use qframe_venues::exchange::binance::{Answer, Key, Proof, Request, control, stream as spot_stream};
use qframe_venues::exchange::usdm::{Usdm, stream as usdm_stream};
use qframe_venues::sign::BinanceKey;
use serde_json::{Value, json};

use super::engine::{Input, mutate};
use super::runs;
use crate::exchange::advanced_wire::{HOST, NOW, Venue};
use crate::exchange::market::{at, binance, level, trade};
use crate::exchange::{laws, usdm, usdm_laws};

mod seeds;
use seeds::{COINBASE, SPOT, USDM};

/// Requests of one series: each finds what those before it left.
const LONGEST: usize = 12;
/// Changes of one request: with more of them hardly any is carried out.
const CHANGES: usize = 3;
const WALL: i64 = NOW * 1_000;

/// Draws series of requests. `target` answers one and says how many were carried out.
fn fuzz_series(seeds: &[&str], target: impl Fn(&[String]) -> usize + std::panic::RefUnwindSafe) {
    let (sent, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let series = |inputs: &[Input]| {
        let changed = |(seed, changes): &Input| {
            let few = &changes[..changes.len() % (CHANGES + 1)];
            String::from_utf8_lossy(&mutate(seeds, *seed, few)).into_owned()
        };
        let texts: Vec<String> = inputs.iter().take(LONGEST).map(changed).collect();
        sent.fetch_add(texts.len(), Ordering::Relaxed);
        done.fetch_add(target(&texts), Ordering::Relaxed);
    };
    bolero::check!().with_type::<Vec<Input>>().with_iterations(runs()).for_each(|inputs| series(inputs));
    let [sent, done] = [sent, done].map(AtomicUsize::into_inner);
    println!("{sent} requests, {done} of them carried out");
    assert!(done > runs() / 4, "too few are carried out: {done} of {sent}");
}

/// `POST /path parameters`: signed, in the query or in the form.
fn request(text: &str) -> Request {
    let mut words = text.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, path, parameters) = (word(), word(), word());
    let payload = format!("{parameters}&timestamp={WALL}").trim_start_matches('&').to_owned();
    let signature = BinanceKey::new("s").unwrap().sign(&payload);
    let text = format!("{payload}&signature={signature}");
    let (query, body) = if text.len() % 2 == 0 { (text, String::new()) } else { (String::new(), text) };
    Request { method, path, key: Some(user_of(&parameters).to_owned()), query, body }
}

fn user_of(text: &str) -> &'static str {
    if text.len().is_multiple_of(3) { "second" } else { "k" }
}

/// `FRAME {…}`: a request of the WebSocket API, with its signature.
fn frame(text: &str) -> String {
    let Ok(mut frame) = serde_json::from_str::<Value>(text) else { return text.to_owned() };
    if let Some(fields) = frame["params"].as_object_mut() {
        fields.insert("apiKey".to_owned(), json!(user_of(text)));
        fields.insert("timestamp".to_owned(), json!(WALL));
        let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut sorted: Vec<_> = fields.iter().map(|(name, one)| (name.clone(), value(one))).collect();
        sorted.sort();
        let payload: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let signature = BinanceKey::new("s").unwrap().sign(&payload.join("&"));
        fields.insert("signature".to_owned(), json!(signature));
    }
    frame.to_string()
}

/// Where the market goes at a step, in cents; by the request's length, so that orders meet all sorts of prices.
fn moves(step: usize, hours: i64, text: &str) -> [qframe_model::market::Tick; 2] {
    let (length, millis) = (text.len() as i64, hours * 3_600_000 + 50 * (step as i64 + 1));
    let side = if length % 2 == 0 { Side::Buy } else { Side::Sell };
    let cents = 10_000 + 10 * (length * 7 % 31 - 15);
    let quantity = length * 37 % 4_000 + 1;
    let rests = if side == Side::Buy { cents.min(10_000) - 10 } else { cents.max(10_000) + 10 };
    [trade(millis, step as u64 + 2, side, cents, quantity), level(millis, side, rests, quantity % 3_000, true)]
}

fn is_done(answer: &Answer) -> bool {
    assert!((200..500).contains(&answer.status), "{answer:?}");
    assert!(answer.status == 200 || answer.body["code"].is_i64(), "a refusal has its number: {answer:?}");
    answer.status == 200
}

#[test]
fn spot() {
    fuzz_series(&SPOT, |texts| {
        let (mut exchange, mut done) = (binance(), 0);
        for (step, text) in texts.iter().enumerate() {
            if let Some(asked) = text.strip_prefix("FRAME ") {
                let (answer, _) = exchange.answer_frame(&frame(asked), WALL);
                done += usize::from(answer["status"] == 200);
            } else if let Some(asked) = text.strip_prefix("STREAM ") {
                done += usize::from(streams(asked, |name| spot_stream::is_stream(&exchange.core, name)));
            } else {
                done += usize::from(is_done(&exchange.answer(&request(text), WALL)));
            }
            for tick in moves(step, 0, text) {
                exchange.core.tick(0, &tick).unwrap();
            }
            let notices: Vec<_> = exchange.core.notices().collect();
            notices.iter().for_each(|notice| _ = spot_stream::frames(&exchange.core, notice, |_| true));
            laws::check(&exchange.core);
        }
        done
    });
}

#[test]
fn usdm() {
    fuzz_series(&USDM, |texts| {
        let key = |name: &str, user| Key { name: name.to_owned(), user, proof: Proof::new("s").unwrap() };
        let (mut exchange, mut done) = (Usdm::new(usdm::futures(), vec![key("k", 0), key("second", 1)]), 0);
        let mut hours = 0;
        for (step, text) in texts.iter().enumerate() {
            if let Some(asked) = text.strip_prefix("FRAME ") {
                done += usize::from(exchange.answer_frame(&frame(asked), WALL)["status"] == 200);
            } else if let Some(asked) = text.strip_prefix("STREAM ") {
                done += usize::from(streams(asked, |name| usdm_stream::is_stream(&exchange.futures, name)));
            } else {
                done += usize::from(is_done(&exchange.answer(&request(text), WALL)));
            }
            for tick in moves(step, hours, text) {
                exchange.futures.tick(0, &tick).unwrap();
            }
            exchange.futures.advance(at(hours * 3_600_000 + 50 * (step as i64 + 1))).unwrap();
            let notices: Vec<_> = exchange.futures.notices().collect();
            notices.iter().for_each(|notice| _ = usdm_stream::frames(&exchange.futures, notice, |_| true));
            usdm_laws::check(&exchange.futures);
            // Now and then some hours go by, until funding falls due; nobody is told of each of their seconds.
            if step % 4 == 3 {
                hours += 3;
                exchange.futures.advance(at(hours * 3_600_000)).unwrap();
                exchange.futures.notices().for_each(drop);
                usdm_laws::check(&exchange.futures);
            }
        }
        done
    });
}

#[test]
fn coinbase() {
    fuzz_series(&COINBASE, |texts| {
        let (mut venue, mut done) = (Venue::new(), 0);
        for (step, text) in texts.iter().enumerate() {
            done += usize::from(match text.strip_prefix("CHANNEL ") {
                Some(asked) => channel(&venue, asked),
                None => ask(&mut venue, text),
            });
            for tick in moves(step, 0, text) {
                venue.core.tick(0, &tick).unwrap();
            }
            venue.advanced.expire(&mut venue.core, WALL + 20_000 * step as i64);
            let notices: Vec<_> = venue.core.notices().collect();
            notices.iter().for_each(|notice| _ = venue.advanced.messages(&venue.core, notice, |_| true));
            for asset in ["AAA", "USDT"].map(|asset| asset.parse().unwrap()) {
                assert_eq!(venue.core.wallets().sum(asset), Ok(Cash::ZERO), "{asset} appeared or vanished");
                let balance = venue.core.wallets().balance(0, asset);
                assert!(!balance.free.is_negative() && !balance.locked.is_negative(), "{asset} {balance:?}");
            }
        }
        done
    });
}

/// A message of a client of Binance's streams, or the path that it opens; whether it names streams that there are.
fn streams(text: &str, is_stream: impl Fn(&str) -> bool) -> bool {
    let opened = control::names(text, text.split_once('?').map_or("", |(_, query)| query));
    let asked = match control::read(text) {
        Ok((_, control::Control::Subscribe(names))) => names,
        Ok(_) => return true,
        Err(refusal) => {
            assert!(refusal["error"]["code"].is_i64(), "{refusal}");
            opened
        }
    };
    asked.iter().filter(|name| is_stream(name)).count() > 0
}

/// `POST /path?query {…}`, with the token that is for it.
fn ask(venue: &mut Venue, text: &str) -> bool {
    let mut words = text.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, address, body) = (word(), word(), word());
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let token = venue.key.token(NOW as u64, "n", Some((&method, HOST, path))).ok();
    let request =
        AdvancedRequest { host: HOST.to_owned(), path: path.to_owned(), query: query.to_owned(), method, token, body };
    let answer = venue.advanced.answer(&mut venue.core, &request, WALL);
    assert!((200..500).contains(&answer.status), "{answer:?}");
    answer.status == 200 && matches!(answer.body, Body::Json(value) if value["success"] != false)
}

/// A message of a client, with a token where it is of the user's channel; what it is told at once.
fn channel(venue: &Venue, text: &str) -> bool {
    let mut text = text.to_owned();
    if let Ok(mut fields) = serde_json::from_str::<Value>(&text)
        && fields["channel"] == "user"
    {
        fields["jwt"] = json!(venue.key.token(NOW as u64, "n", None).unwrap());
        text = fields.to_string();
    }
    let Ok(asked) = venue.advanced.asked(&venue.core, &text, WALL) else { return false };
    asked.subjects.iter().for_each(|(_, subject)| _ = venue.advanced.first(&venue.core, subject));
    true
}
