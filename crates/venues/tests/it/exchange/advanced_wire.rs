//! Requests and what Coinbase's documents say that they are answered with.
use qframe_venues::exchange::advanced::{Advanced, Body, Key, Request};
use qframe_venues::exchange::core::Core;
use qframe_venues::sign::{CoinbaseKey, PublicKey, fresh_key};
use serde_json::{Value, json};

use super::market::core;

/// The wall clock of these tests, in seconds.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const HOST: &str = "127.0.0.1:8080";
/// The seed and the public half of an Ed25519 key that was made for this test.
const ED25519: &str = "Z0rpd6moGnzkd2wvLx0S9AjtYyC6EkWUEW0VyT37T0ERMAOgZnixysThU6UWNKlV+XfAFAax4R9MQajaeADdLQ==";
const ED25519_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAETADoGZ4scrE4VOlFjSpVfl3wBQGseEfTEGo2ngA3S0=
-----END PUBLIC KEY-----";

/// The exchange and a user's key.
pub(crate) struct Venue {
    pub(crate) core: Core,
    pub(crate) advanced: Advanced,
    pub(crate) key: CoinbaseKey,
}

impl Venue {
    /// User 0 has a key of P-256, user 1 one of Ed25519.
    pub(crate) fn new() -> Self {
        let mut core = core();
        let key = CoinbaseKey::new("p256", &fresh_key().unwrap()).unwrap();
        let keys = vec![
            Key { name: "p256".to_owned(), user: 0, public: key.public().clone() },
            Key { name: "ed".to_owned(), user: 1, public: PublicKey::new(ED25519_PUBLIC).unwrap() },
        ];
        let advanced = Advanced::new(&mut core, keys);
        Self { core, advanced, key }
    }

    fn ask(&mut self, request: &Request) -> (u16, Body) {
        let answer = self.advanced.answer(&mut self.core, request, NOW * 1_000);
        (answer.status, answer.body)
    }

    pub(crate) fn signed(&mut self, method: &str, path: &str, query: &str, body: &Value) -> (u16, Value) {
        let path = format!("/api/v3/brokerage/{path}");
        let token = self.key.token(NOW as u64, "n", Some((method, HOST, &path))).unwrap();
        let request =
            Request { token: Some(token), query: query.to_owned(), body: body.to_string(), ..plain(method, &path) };
        match self.ask(&request) {
            (status, Body::Json(value)) => (status, value),
            (status, Body::Text(text)) => (status, Value::from(text)),
        }
    }

    /// Places an order; its number in the core.
    pub(crate) fn place(&mut self, name: &str, side: &str, configuration: &Value) -> Value {
        let order = json!({ "client_order_id": name, "product_id": "AAA-USDT", "side": side, "order_configuration": configuration });
        self.signed("POST", "orders", "", &order).1
    }
}

fn plain(method: &str, path: &str) -> Request {
    Request { method: method.to_owned(), host: HOST.to_owned(), path: path.to_owned(), ..Request::default() }
}

#[track_caller]
fn check(method: &str, path: &str, query: &str, status: u16, error: &str) {
    let request = Request { query: query.to_owned(), ..plain(method, &format!("/api/v3/brokerage/{path}")) };
    let (found, body) = Venue::new().ask(&request);
    let told = match &body {
        Body::Json(value) => value["error"].as_str().unwrap_or_default().to_owned(),
        Body::Text(text) => text.split(':').next().unwrap_or_default().to_owned(),
    };
    assert_eq!((found, told.as_str()), (status, error), "{method} {path}?{query}: {body:?}");
}

#[test]
fn public_addresses() {
    check("GET", "time", "", 200, "");
    check("GET", "market/products", "product_type=SPOT&limit=1", 200, "");
    check("GET", "market/products/AAA-USDT", "", 200, "");
    check("GET", "market/products/BBB-USDT", "", 404, "NOT_FOUND");
    check("GET", "market/products/AAA-USDT/ticker", "limit=3", 200, "");
    check("GET", "market/products/AAA-USDT/ticker", "limit=x", 400, "INVALID_ARGUMENT");
    check("GET", "market/products/AAA-USDT/candles", "start=0&end=600&granularity=ONE_MINUTE", 200, "");
    check("GET", "market/products/AAA-USDT/candles", "start=0&end=600&granularity=1m", 400, "INVALID_ARGUMENT");
    check(
        "GET",
        "market/products/AAA-USDT/candles",
        "start=0&end=999999&granularity=ONE_MINUTE",
        400,
        "INVALID_ARGUMENT",
    );
    check("GET", "market/products/AAA-USDT/candles", "granularity=ONE_MINUTE", 400, "INVALID_ARGUMENT");
    check("GET", "market/product_book", "product_id=AAA-USDT&limit=2", 200, "");
    check("GET", "market/product_book", "", 400, "INVALID_ARGUMENT");
    check("POST", "market/products", "", 405, "UNIMPLEMENTED");
    check("GET", "market/nothing", "", 401, "Unauthorized");
    check("GET", "accounts", "", 401, "Unauthorized");
    check("POST", "orders", "", 401, "Unauthorized");
}

#[test]
fn what_proves_a_request() {
    let mut venue = Venue::new();
    let path = "/api/v3/brokerage/accounts";
    let key = venue.key.clone();
    let other = CoinbaseKey::new("ed", ED25519).unwrap();
    let imposter = CoinbaseKey::new("p256", &fresh_key().unwrap()).unwrap();
    let stranger = CoinbaseKey::new("nobody", ED25519).unwrap();
    let confused = CoinbaseKey::new("p256", ED25519).unwrap();
    let mut check = |key: &CoinbaseKey, since: i64, uri: Option<(&str, &str, &str)>, expected: &str| {
        let token = key.token((NOW + since) as u64, "n", uri).unwrap();
        let (status, body) = venue.ask(&Request { token: Some(token), ..plain("GET", path) });
        let told = if let Body::Text(text) = &body { text.as_str() } else { "" };
        assert_eq!(status, if expected.is_empty() { 200 } else { 401 }, "{told}");
        assert!(told.contains(expected), "{told:?}, expected {expected:?}");
    };
    let here = Some(("GET", HOST, path));
    check(&key, 0, here, "");
    check(&other, 0, here, "");
    check(&key, 0, Some(("GET", "api.coinbase.com", path)), "");
    check(&key, 4, here, "");
    check(&key, 6, here, "begins");
    check(&key, -124, here, "");
    check(&key, -126, here, "ended");
    check(&key, 0, Some(("POST", HOST, path)), "is for");
    check(&key, 0, Some(("GET", HOST, "/api/v3/brokerage/orders")), "is for");
    check(&key, 0, Some(("GET", "example.org", path)), "is for");
    check(&key, 0, None, "is for");
    check(&imposter, 0, here, "signature");
    check(&stranger, 0, here, "nobody");
    check(&confused, 0, here, "algorithm");
    let token = key.token(NOW as u64, "n", here).unwrap();
    for broken in
        ["", ".", "..", "a.b.c", &token[1..], &token[..token.len() - 2], &format!("{token}."), &token.replace('.', "")]
    {
        let (status, _) = venue.ask(&Request { token: Some(broken.to_owned()), ..plain("GET", path) });
        assert_eq!(status, 401, "{broken}");
    }
}

#[test]
fn orders_by_their_documents() {
    let mut venue = Venue::new();
    let limit = |size: &str, price: &str| json!({ "limit_limit_gtc": { "base_size": size, "limit_price": price } });
    let placed = venue.place("one", "BUY", &limit("1", "99"));
    assert_eq!(
        (&placed["success"], &placed["success_response"]["client_order_id"]),
        (&json!(true), &json!("one")),
        "{placed}"
    );
    let id = placed["order_id"].as_str().unwrap().to_owned();
    assert_eq!(venue.place("one", "BUY", &limit("1", "99"))["order_id"], json!(id), "a name means one order");
    let (status, found) = venue.signed("GET", &format!("orders/historical/{id}"), "", &Value::Null);
    assert_eq!((status, &found["order"]["status"]), (200, &json!("OPEN")), "{found}");
    // A worth of 99, and the dearer commission of 0.2 %.
    assert_eq!(found["order"]["outstanding_hold_amount"], "99.198", "{found}");
    let (_, gone) = venue.signed("POST", "orders/batch_cancel", "", &json!({ "order_ids": [id, "x"] }));
    assert_eq!(
        (&gone["results"][0]["success"], &gone["results"][1]["success"]),
        (&json!(true), &json!(false)),
        "{gone}"
    );
    let buys = json!({ "product_id": "AAA-USDT", "side": "BUY", "order_configuration": { "market_market_ioc": { "quote_size": "100" } } });
    let (_, preview) = venue.signed("POST", "orders/preview", "", &buys);
    assert_eq!((&preview["base_size"], &preview["order_total"]), (&json!("0.997"), &json!("99.9992994")), "{preview}");
    let bought = venue.place("two", "BUY", &json!({ "market_market_ioc": { "quote_size": "100" } }));
    let (_, fills) = venue.signed(
        "GET",
        "orders/historical/fills",
        &format!("order_ids={}", bought["order_id"].as_str().unwrap()),
        &Value::Null,
    );
    // 0.997 units at 100.10 are 99.7997, and 0.1995994 of commission: one lot more would be over 100.
    assert_eq!(
        (&fills["fills"][0]["size"], &fills["fills"][0]["commission"]),
        (&json!("0.997"), &json!("0.1995994")),
        "{fills}"
    );
    let mut refused = |name: &str, side: &str, configuration: Value, error: &str| {
        let answer = venue.place(name, side, &configuration);
        let told = answer["error_response"]["error"].as_str().or(answer["error"].as_str());
        assert_eq!(told, Some(error), "{answer}");
        assert!(answer["success"] == false || answer["message"].is_string(), "{answer}");
    };
    refused("a", "BUY", limit("200", "99"), "INSUFFICIENT_FUND");
    refused("b", "BUY", limit("1", "99.001"), "INVALID_PRICE_PRECISION");
    refused("c", "BUY", limit("1.0001", "99"), "INVALID_SIZE_PRECISION");
    refused("d", "BUY", limit("0.001", "99"), "UNKNOWN_FAILURE_REASON");
    refused("e", "UP", limit("1", "99"), "INVALID_ARGUMENT");
    refused("f", "BUY", json!({ "wish": { "base_size": "1" } }), "INVALID_ARGUMENT");
    refused("g", "BUY", json!({}), "INVALID_ARGUMENT");
    refused("h", "BUY", json!({ "market_market_ioc": {} }), "INVALID_ARGUMENT");
    refused("", "BUY", limit("1", "99"), "INVALID_ARGUMENT");
    refused("i", "BUY", limit("many", "99"), "INVALID_ARGUMENT");
    let maker = json!({ "limit_limit_gtc": { "base_size": "1", "limit_price": "101", "post_only": true } });
    refused("j", "BUY", maker, "INVALID_LIMIT_PRICE_POST_ONLY");
    let past =
        json!({ "limit_limit_gtd": { "base_size": "1", "limit_price": "99", "end_time": "2020-01-01T00:00:00Z" } });
    refused("k", "BUY", past, "INVALID_ARGUMENT");
}

#[test]
fn an_order_ends_when_its_time_is_over() {
    let mut venue = Venue::new();
    let end = "2027-01-15T08:00:10Z";
    let good = json!({ "limit_limit_gtd": { "base_size": "1", "limit_price": "99", "end_time": end } });
    let id = venue.place("g", "BUY", &good)["order_id"].as_str().unwrap().to_owned();
    let status = |venue: &mut Venue| {
        let (_, found) = venue.signed("GET", &format!("orders/historical/{id}"), "", &Value::Null);
        (found["order"]["status"].clone(), found["order"]["order_configuration"]["limit_limit_gtd"]["end_time"].clone())
    };
    assert_eq!(status(&mut venue), (json!("OPEN"), json!(end)));
    venue.advanced.expire(&mut venue.core, (NOW + 10) * 1_000);
    assert_eq!(status(&mut venue), (json!("EXPIRED"), json!(end)));
    assert!(venue.core.wallets().balance(0, "USDT".parse().unwrap()).locked.is_zero());
}

/// Coinbase tells a bracket as one order, whichever side of it fills.
#[test]
fn a_bracket_is_one_order() {
    for (cents, thousandths, status) in [(10_200, 50_000, "FILLED"), (9_800, 50_000, "FILLED"), (10_000, 1, "OPEN")] {
        let mut venue = Venue::new();
        let bracket =
            json!({ "trigger_bracket_gtc": { "base_size": "1", "limit_price": "101", "stop_trigger_price": "99" } });
        let placed = venue.place("b", "SELL", &bracket);
        assert_eq!(placed["success"], true, "{placed}");
        let side = if cents > 10_000 { qframe_model::market::Side::Buy } else { qframe_model::market::Side::Sell };
        for (millis, id) in [(50, 2), (60, 3)] {
            venue.core.tick(0, &super::market::trade(millis, id, side, cents, thousandths)).unwrap();
        }
        let (_, all) = venue.signed("GET", "orders/historical/batch", "", &Value::Null);
        let orders = all["orders"].as_array().unwrap();
        assert_eq!((orders.len(), orders[0]["status"].as_str()), (1, Some(status)), "{all}");
        assert_eq!(orders[0]["order_configuration"], bracket, "{all}");
        let held = venue.core.wallets().balance(0, "AAA".parse().unwrap()).locked;
        assert_eq!(held.is_zero(), status == "FILLED", "{held}");
    }
}

const TEXTS: [&str; 9] = [
    "",
    "{",
    "[]",
    "1",
    "null",
    "{\"order_ids\":[1,{},null]}",
    "{\"client_order_id\":1}",
    "\u{0}",
    "{\"side\":\"BUY\"}",
];
const QUERIES: [&str; 9] = [
    "%",
    "%%",
    "=&=",
    "cursor=-1",
    "cursor=99999999999999999999",
    "limit=0",
    "start_date=x",
    "product_ids=,,",
    "start=9223372036854775807&end=-9223372036854775808&granularity=ONE_DAY",
];
const PATHS: &str = " / accounts accounts/%00 orders orders/ orders/preview orders/batch_cancel orders/historical/batch \
                     orders/historical/fills orders/historical/00000000-0000-4000-8000-zzzzzzzzzzzz products \
                     products/AAA-USDT/candles products/AAA-USDT/ticker product_book best_bid_ask transaction_summary \
                     key_permissions portfolios";

/// No text that a client can send ends the exchange.
#[test]
fn hostile_requests_are_answered() {
    let mut venue = Venue::new();
    for path in PATHS.split(' ') {
        let whole = format!("/api/v3/brokerage/{path}");
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let token = Some(venue.key.token(NOW as u64, "n", Some((method, HOST, &whole))).unwrap());
            for (text, query) in TEXTS.iter().flat_map(|text| QUERIES.iter().map(move |query| (*text, *query))) {
                let (token, query, body) = (token.clone(), query.to_owned(), text.to_owned());
                let (status, _) = venue.ask(&Request { token, query, body, ..plain(method, &whole) });
                assert!((200..500).contains(&status), "{method} {path} {text}: {status}");
            }
        }
    }
    let user = "{\"type\":\"subscribe\",\"channel\":\"user\",\"jwt\":\"a.b.c\"}";
    for text in TEXTS.into_iter().chain(["{\"type\":\"subscribe\"}", user]) {
        assert!(venue.advanced.asked(&venue.core, text, NOW * 1_000).is_err(), "{text}");
    }
}
