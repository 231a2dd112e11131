//! Requests and what Binance's documents say that they are answered with.
use qframe_model::market::Side;
use qframe_venues::exchange::binance::{Binance, Request};
use qframe_venues::sign::BinanceKey;
use serde_json::Value;

use super::market::{at, binance, core, trade};

/// The wall clock of these tests, in milliseconds.
const NOW: i64 = 1_800_000_000_000;

pub(crate) fn ask(exchange: &mut Binance, method: &str, path: &str, query: &str) -> (u16, Value) {
    let request =
        Request { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), ..Request::default() };
    let answer = exchange.answer(&request, NOW);
    (answer.status, answer.body)
}

/// A signed request, its parameters in the query or in the form.
fn signed(exchange: &mut Binance, method: &str, path: &str, parameters: &str, in_form: bool) -> (u16, Value) {
    signed_by(exchange, "k", method, path, parameters, in_form)
}

/// The same with a key of another name.
pub(crate) fn signed_by(
    exchange: &mut Binance,
    key: &str,
    method: &str,
    path: &str,
    parameters: &str,
    in_form: bool,
) -> (u16, Value) {
    let payload = format!("{parameters}&timestamp={NOW}").trim_start_matches('&').to_owned();
    let signature = BinanceKey::new("s").unwrap().sign(&payload);
    let text = format!("{payload}&signature={signature}");
    let (query, body) = if in_form { (String::new(), text) } else { (text, String::new()) };
    let key = Some(key.to_owned());
    let request = Request { method: method.to_owned(), path: format!("/api/v3/{path}"), key, query, body };
    let answer = exchange.answer(&request, NOW);
    (answer.status, answer.body)
}

#[track_caller]
fn check(method: &str, path: &str, query: &str, status: u16, code: i64) {
    let (found, body) = ask(&mut binance(), method, path, query);
    assert_eq!((found, body["code"].as_i64().unwrap_or(0)), (status, code), "{method} {path}?{query}: {body}");
}

#[test]
fn public_addresses() {
    check("GET", "/api/v3/ping", "", 200, 0);
    check("GET", "/api/v3/exchangeInfo", "symbols=%5B%22AAAUSDT%22%5D", 200, 0);
    check("GET", "/api/v3/depth", "symbol=AAAUSDT&limit=5", 200, 0);
    check("GET", "/api/v3/depth", "", 400, -1102);
    check("GET", "/api/v3/depth", "symbol=BBBUSDT", 400, -1121);
    check("GET", "/api/v3/depth", "symbol=aaa%20", 400, -1100);
    check("GET", "/api/v3/depth", "symbol=%E5%B8%81%E5%AE%89", 400, -1121);
    check("GET", "/api/v3/depth", "symbol=AAAUSDT&symbol=AAAUSDT", 400, -1101);
    check("GET", "/api/v3/klines", "symbol=AAAUSDT&interval=7m", 400, -1120);
    check("GET", "/api/v3/trades", "symbol=AAAUSDT&limit=x", 400, -1100);
    check("POST", "/api/v3/depth", "symbol=AAAUSDT", 405, -1000);
    check("GET", "/api/v3/nothing", "", 404, -1000);
    check("GET", "/", "", 404, -1000);
    check("GET", "/api/v3/account", "", 401, -2015);
}

/// All windows were answered with the figures of 24 hours, without a word.
#[test]
fn windows_of_a_ticker_are_those_that_were_asked_for() {
    let mut core = core();
    // The clock is at 22:13:20 at the start.
    let minute = |minute: i64| minute * 60_000;
    for (at, id, cents) in [(30, 2, 10_020), (90, 3, 10_030), (119, 4, 10_010)] {
        core.tick(0, &trade(minute(at), id, Side::Buy, cents, 100)).unwrap();
    }
    let exchange = &mut Binance::new(core, Vec::new());
    let mut asked = |query: &str| {
        let (path, query) = query.split_once('?').unwrap();
        ask(exchange, "GET", &format!("/api/v3/{path}"), &format!("symbol=AAAUSDT&{query}")).1
    };
    let now = at(minute(119)).nanos() / 1_000_000;
    let mut check = |query: &str, first: i64, count: i64, open_time: i64| {
        let told = asked(query);
        assert_eq!((&told["firstId"], &told["count"]), (&first.into(), &count.into()), "{query}: {told}");
        assert_eq!(told["openTime"], open_time, "{query}: {told}");
        let is_mini = query.contains("MINI");
        assert_eq!((told["priceChange"].is_null(), told["bidPrice"].is_null()), (is_mini, true), "{query}: {told}");
    };
    let whole_minute = now - now % 60_000;
    check("ticker?windowSize=5m", 4, 1, whole_minute - minute(5));
    check("ticker?windowSize=1h", 3, 2, whole_minute - minute(60));
    check("ticker?windowSize=2h&type=MINI", 1, 4, whole_minute - minute(120));
    check("ticker?", 1, 4, whole_minute - minute(1_440));
    // The day begins with the 00:00 behind the start, and 90 minutes earlier where clocks are so much ahead.
    let midnight = now - now % 86_400_000;
    check("ticker/tradingDay?type=MINI", 4, 1, midnight);
    check("ticker/tradingDay?timeZone=1:30", 2, 3, midnight - minute(90));
    check("ticker/tradingDay?timeZone=-1", 1, 4, midnight - minute(1_440) + minute(60));
    check("ticker/24hr?type=MINI", 1, 4, now - minute(1_440));
    for (query, code) in [
        ("ticker?windowSize=60m", -1130),
        ("ticker?windowSize=8d", -1130),
        ("ticker?windowSize=h", -1130),
        ("ticker?type=SMALL", -1139),
        ("ticker/tradingDay?timeZone=15", -1130),
        ("ticker/tradingDay?timeZone=-12:30", -1130),
    ] {
        assert_eq!(asked(query)["code"], code, "{query}");
    }
    assert_eq!(ask(exchange, "GET", "/api/v3/ticker", "").1["code"], -1102);
}

#[test]
fn streams_are_named_by_words() {
    for text in
        [r#"{"method":"SUBSCRIBE","params":["a@trade",7],"id":1}"#, r#"{"method":"UNSUBSCRIBE","params":[null]}"#]
    {
        let refused = qframe_venues::exchange::binance::control::read(text).unwrap_err();
        assert_eq!(refused["error"]["code"], 2, "{refused}");
    }
}

#[test]
fn what_proves_a_request() {
    let exchange = &mut binance();
    for in_form in [false, true] {
        assert_eq!(signed(exchange, "GET", "account", "", in_form).0, 200);
    }
    let mut check = |query: &str, key: &str, code: i64| {
        let (method, path, key) = ("GET".to_owned(), "/api/v3/account".to_owned(), Some(key.to_owned()));
        let request = Request { method, path, key, query: query.to_owned(), ..Request::default() };
        assert_eq!(exchange.answer(&request, NOW).body["code"], code, "{query}");
    };
    let sign = |payload: &str| format!("{payload}&signature={}", BinanceKey::new("s").unwrap().sign(payload));
    check(&format!("timestamp={NOW}&signature=00"), "k", -1022);
    check(&sign(&format!("timestamp={NOW}")), "other", -2015);
    check(&sign(&format!("timestamp={}", NOW - 5_001)), "k", -1021);
    check(&sign(&format!("timestamp={}", NOW + 1_001)), "k", -1021);
    check(&sign(&format!("recvWindow=60001&timestamp={NOW}")), "k", -1131);
    check(&sign(&format!("recvWindow=-1&timestamp={NOW}")), "k", -1130);
    check(&format!("timestamp={NOW}"), "k", -1102);
}

#[test]
fn orders_by_their_documents() {
    let exchange = &mut binance();
    let limit = "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=99.00";
    let (_, order) = signed(exchange, "POST", "order", limit, true);
    assert_eq!((&order["status"], &order["executedQty"]), (&"NEW".into(), &"0.00000000".into()), "{order}");
    let (_, market) = signed(exchange, "POST", "order", "symbol=AAAUSDT&side=BUY&type=MARKET&quantity=0.5", false);
    assert_eq!(
        (&market["status"], &market["fills"][0]["price"]),
        (&"FILLED".into(), &"100.10000000".into()),
        "{market}"
    );
    let (_, gone) = signed(exchange, "DELETE", "order", "symbol=AAAUSDT&orderId=1", false);
    assert_eq!(gone["status"], "CANCELED", "{gone}");
    let mut check = |method: &str, path: &str, query: &str, code: i64| {
        let (_, body) = signed(exchange, method, path, query, false);
        assert_eq!(body["code"], code, "{method} {path}?{query}: {body}");
    };
    check("DELETE", "order", "symbol=AAAUSDT&orderId=1", -2011);
    check("GET", "order", "symbol=AAAUSDT&orderId=99", -2013);
    check("GET", "order", "symbol=AAAUSDT", -1102);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1", -1102);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=X&quantity=1&price=99", -1115);
    check("POST", "order", "symbol=AAAUSDT&side=UP&type=MARKET&quantity=1", -1117);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=WISH&quantity=1", -1116);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=MARKET", -1102);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=MARKET&quantity=1e3", -1100);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=MARKET&quantity=0.0000000001", -1111);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=MARKET&quantity=1&price=3", -1106);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=99.005", -1013);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=900&price=99", -2010);
    check("POST", "order", "symbol=AAAUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=101", -2010);
    let replace =
        "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=98&cancelOrderId=77&cancelReplaceMode=";
    check("POST", "order/cancelReplace", &format!("{replace}STOP_ON_FAILURE"), -2022);
    check("POST", "order/cancelReplace", &format!("{replace}ALLOW_FAILURE"), -2021);
}

/// No text that a client can send ends the exchange.
#[test]
fn hostile_requests_are_answered() {
    let exchange = &mut binance();
    let texts = [
        "%",
        "%%",
        "=&=",
        "symbol=%00",
        "symbol",
        "&&&",
        "timestamp=99999999999999999999",
        "a=%ff%fe",
        "symbol=AAAUSDT&limit=-1",
        "symbol=AAAUSDT&fromId=18446744073709551615",
        "symbol=AAAUSDT&interval=1m&startTime=9223372036854775807",
        "symbols=[1]",
    ];
    for path in [
        "order",
        "depth",
        "klines",
        "trades",
        "aggTrades",
        "account",
        "exchangeInfo",
        "openOrders",
        "myTrades",
        "userDataStream",
    ] {
        for text in texts {
            for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
                ask(exchange, method, &format!("/api/v3/{path}"), text);
                signed(exchange, method, path, text, true);
            }
        }
    }
    for text in [
        "",
        "{",
        "[]",
        "1",
        "{\"method\":1}",
        "{\"id\":{},\"method\":\"order.place\",\"params\":[]}",
        "{\"method\":\"order.place\",\"params\":{\"apiKey\":1}}",
    ] {
        assert!(exchange.answer_frame(text, NOW).0["error"]["code"].is_i64(), "{text}");
    }
}
