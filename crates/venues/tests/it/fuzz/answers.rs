//! Answers of exchanges over REST: bars are bars, in order and within what was asked for; trades have the numbers asked for.
use std::ops::Range;

use qframe_data::book::Decoder;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Span, Time};
use qframe_venues::rest::coinbase::Api;
use qframe_venues::rest::{Listing, Page, binance, coinbase};
use qframe_venues::stream::tape;

use super::engine::fuzz;

const KLINES: &str = r#"[[1700000040000,"1","2.5","0.5","1.25","7",1700000099999,"1",3,"1","1","0"],[1700000100000,"1","2","1","2","0.5",1700000159999,"1",3,"1","1","0"]]"#;
const SYMBOL: &str = r#"{"serverTime":1700000040000,"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[{"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000","tickSize":"0.01"},{"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"},{"filterType":"NOTIONAL","minNotional":"5"},{"filterType":"MIN_NOTIONAL","notional":"5"}]}]}"#;
const CANDLES: &str = "[[1700000100,1,2.5,1,2,3.5],[1700000040,0.5,2,1,1.5,7]]";
const ADVANCED_CANDLES: &str = r#"{"candles":[{"start":"1700000100","low":"1","high":"2.5","open":"1","close":"2","volume":"3.5"},{"start":"1700000040","low":"0.5","high":"2","open":"1","close":"1.5","volume":"7"}]}"#;
const PRODUCT: &str = r#"{"id":"BTC-USD","status":"online","quote_increment":"0.01","base_increment":"0.00000001","min_market_funds":"1","trading_disabled":false}"#;
const ADVANCED_PRODUCT: &str = r#"{"product_id":"BTC-USD","status":"online","price_increment":"0.01","base_increment":"0.00000001","base_min_size":"0.00001","base_max_size":"3400","quote_min_size":"1","trading_disabled":false}"#;
const ISO: &str = r#"{"iso":"2023-11-14T22:14:00.000Z","epoch":1700000040,"epochSeconds":"1700000040"}"#;
const SUMS: &str = r#"[{"a":5,"p":"1","q":"2","f":7,"l":8,"T":1700000040000,"m":true,"M":true},{"a":6,"p":"1","q":"2","f":9,"l":9,"T":1700000040001,"m":false,"M":true}]"#;
const MATCHES: &str = r#"[{"trade_id":8,"side":"sell","size":"1","price":"9","time":"2023-11-14T22:14:00.5Z"},{"trade_id":7,"side":"buy","size":"1","price":"9","time":"2023-11-14T22:14:00Z"}]"#;
const TICKER: &str = r#"{"trades":[{"trade_id":"8","product_id":"BTC-USD","price":"9","size":"1","time":"2023-11-14T22:14:00.5Z","side":"BUY"},{"trade_id":"7","product_id":"BTC-USD","price":"9","size":"1","time":"2023-11-14T22:14:00Z","side":"SELL"}],"best_bid":"9","best_ask":"10"}"#;

fn hour() -> Range<Time> {
    let start = Time::from_seconds(1_699_999_200);
    start..start + Span::from_nanos(3_600_000_000_000)
}

fn check_bars(page: &Page) {
    assert!(page.bars.iter().all(|bar| bar.check().is_ok() && hour().contains(&bar.time)), "{page:?}");
    assert!(page.bars.windows(2).all(|pair| pair[0].time < pair[1].time), "times rise: {page:?}");
}

fn check_listing(listing: &Listing) {
    assert!(listing.tick.is_positive() && listing.lot.is_positive(), "{listing:?}");
    assert!(!listing.id.is_empty(), "{listing:?}");
}

/// Messages of trades are what a stream could have sent, with numbers that were asked for.
fn check_trades(messages: &[String], wanted: &Range<u64>) {
    for message in messages {
        // Numbers that a value does not hold are numbers nevertheless.
        let value: serde_json::Value = match serde_json::from_str(message) {
            Ok(value) => value,
            Err(error) if error.to_string().contains("number out of range") => continue,
            Err(error) => panic!("{error}: {message}"),
        };
        let row = value.pointer("/events/0/trades/0").unwrap_or(&value);
        let id = ["a", "trade_id", "id"].iter().find_map(|name| match &row[*name] {
            serde_json::Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        });
        assert!(id.is_some_and(|id: u64| wanted.contains(&id)), "{message}");
        let _ = Decoder::default().decode(message.as_bytes(), |_| {});
    }
}

#[test]
fn bars_and_listings() {
    let symbol: Symbol = "BTC/USDT".parse().unwrap();
    let seeds = [KLINES, CANDLES, ADVANCED_CANDLES, SYMBOL, PRODUCT, ADVANCED_PRODUCT, ISO];
    fuzz(&seeds, |_, body| {
        let pages = [
            binance::read_bars(body, &hour()),
            Api::Exchange.read_bars(body, &hour()),
            Api::Advanced.read_bars(body, &hour()),
        ];
        pages.iter().flatten().for_each(check_bars);
        let listings = [
            binance::read_listing(body, &symbol, "BTCUSDT").ok().flatten(),
            Api::Exchange.read_listing(body, &symbol).ok(),
            Api::Advanced.read_listing(body, &symbol).ok(),
        ];
        listings.iter().flatten().for_each(check_listing);
        let _ = (binance::read_clock(body), coinbase::read_clock(body));
    });
}

#[test]
fn trades() {
    fuzz(&[SUMS, MATCHES, TICKER], |_, body| {
        for wanted in [6..9, 0..u64::MAX, 7..7] {
            if let Ok(page) = tape::sums(body, "BTCUSDT", wanted.clone()) {
                check_trades(&page.messages, &wanted);
                assert!((wanted.start..=wanted.end).contains(&page.end));
            }
            if let Ok(page) = tape::matches(body, "BTC-USD", wanted.clone()) {
                check_trades(&page.messages, &wanted);
                assert!(page.end <= wanted.end);
            }
            if let Ok(messages) = tape::last(body, wanted.clone()) {
                check_trades(&messages, &wanted);
            }
        }
    });
}

/// A row that is an array read as a trade, since its first element could be a number: what was made of it was no message.
#[test]
fn a_row_that_is_no_object_is_refused() {
    for body in ["[[5]]", "[5]", "[\"5\"]", "[null]", "[{}]"] {
        assert!(tape::sums(body.as_bytes(), "BTCUSDT", 0..9).is_err(), "{body}");
        assert!(tape::matches(body.as_bytes(), "BTC-USD", 0..9).is_err(), "{body}");
        assert!(tape::last(format!("{{\"trades\":{body}}}").as_bytes(), 0..9).is_err(), "{body}");
    }
}

/// One symbol of Binance had a highest price of 9,999,998,955, which no [`Price`] holds: no symbol's listing was read, since an
/// answer of futures tells of all.
#[test]
fn a_bound_beyond_all_prices_bounds_nothing() {
    let symbol: Symbol = "BTC/USDT".parse().unwrap();
    let listing = |text: &str| binance::read_listing(text.as_bytes(), &symbol, "BTCUSDT");
    let huge = SYMBOL.replace("\"maxPrice\":\"1000000\"", "\"maxPrice\":\"9999998955.00\"");
    assert_eq!(listing(&huge).unwrap().unwrap().max_price, None);
    assert_eq!(listing(SYMBOL).unwrap().unwrap().max_price, Some("1000000".parse().unwrap()));
    assert!(listing(&SYMBOL.replace("\"minPrice\":\"0.01\"", "\"minPrice\":\"9999998955\"")).is_err());
    let other = r#"{"symbol":"X","status":"","baseAsset":"","quoteAsset":"","filters":[{"filterType":"PRICE_FILTER","tickSize":"x"}]},"#;
    let with_another = SYMBOL.replacen("\"symbols\":[", &format!("\"symbols\":[{other}"), 1);
    assert!(listing(&with_another).unwrap().is_some(), "what another symbol has does not matter");
}

/// A step of zero was told as it came, and steps are divided by.
#[test]
fn a_step_of_zero_is_the_finest() {
    let symbol: Symbol = "BTC/USD".parse().unwrap();
    for (api, text) in [(Api::Exchange, PRODUCT), (Api::Advanced, ADVANCED_PRODUCT)] {
        let none = text.replace("0.00000001", "0").replace("\"0.01\"", "\"-0.01\"");
        check_listing(&api.read_listing(none.as_bytes(), &symbol).unwrap());
    }
}
