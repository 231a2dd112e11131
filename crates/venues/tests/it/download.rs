//! Downloads: whatever goes wrong on the way, the catalog ends with what the exchange has.
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use qframe_data::catalog::Catalog;
use qframe_data::{DataKey, Kind};
use qframe_model::market::Bar;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};
use qframe_venues::history::{DownloadError, Downloaded, Wanted, download};
use qframe_venues::http::HttpError;
use qframe_venues::rest::binance::Binance;
use qframe_venues::rest::coinbase::{Api, Coinbase};
use qframe_venues::rest::{Rest, RestError};

use super::server::{Answer, Asked, Server};

const MINUTE: i64 = 60_000;
/// 2024-01-01 in milliseconds.
const START: i64 = 1_704_067_200_000;

/// Minutes from [`START`] on that the exchange has: it opened on the third day, and was down twice.
fn has(minute: i64) -> bool {
    minute >= 2 * 1_440 && !(3_000..3_007).contains(&minute) && minute != 4_500
}

fn klines(asked: &Asked) -> Answer {
    let number = |name: &str| asked.query[name].parse::<i64>().unwrap();
    let (start, end, limit) = (number("startTime"), number("endTime"), number("limit") as usize);
    let frame = if asked.query["interval"] == "1d" { 1_440 } else { 1 };
    let first = ((start - START).div_euclid(MINUTE).max(0) as u64).next_multiple_of(frame as u64) as i64;
    let minutes = (first..=(end - START).div_euclid(MINUTE)).step_by(frame as usize);
    let rows = minutes.filter(|minute| has(*minute)).take(limit).map(|minute| {
        let (time, price) = (START + minute * MINUTE, 100.0 + (minute % 50) as f64 / 100.0);
        let row = format!("\"{price:.2}\",\"{:.2}\",\"99.00\",\"{price:.2}\",\"1.50000000\"", price + 1.0);
        format!("[{time},{row},{},\"150.0\",7,\"0.5\",\"50.0\",\"0\"]", time + frame * MINUTE - 1)
    });
    Answer::ok(format!("[{}]", rows.collect::<Vec<_>>().join(",")))
}

struct Bench {
    folder: tempfile::TempDir,
    server: Server,
    rest: Rest,
}

async fn bench(answer: impl FnMut(&Asked) -> Answer + Send + 'static) -> Bench {
    let server = Server::new(answer).await;
    let rest = Rest::Binance(Binance::new([&server.url, &server.url]).unwrap());
    Bench { folder: tempfile::tempdir().unwrap(), server, rest }
}

fn symbol(name: &str) -> Symbol {
    name.parse().unwrap()
}

fn wanted(minutes: std::ops::Range<i64>) -> Wanted {
    let time = |minute: i64| Time::from_nanos((START + minute * MINUTE) * 1_000_000);
    Wanted {
        symbol: symbol("BTC/USDT"),
        frame: TimeFrame::MINUTE,
        range: time(minutes.start)..time(minutes.end),
        again: false,
    }
}

impl Bench {
    fn catalog(&self) -> Catalog {
        Catalog::open(self.folder.path()).unwrap()
    }

    async fn download(&self, minutes: std::ops::Range<i64>) -> Result<Downloaded, DownloadError> {
        download(&self.rest, &self.catalog(), &wanted(minutes), std::future::pending(), |_| {}).await
    }

    fn bars(&self) -> Vec<Bar> {
        let key = DataKey::bars(symbol("BTC/USDT"), "binance", TimeFrame::MINUTE);
        self.catalog().bars(&key, Time::MIN..Time::MAX).unwrap()
    }
}

/// What the exchange has of so many minutes.
fn expected(minutes: i64) -> Vec<Time> {
    (0..minutes)
        .filter(|minute| has(*minute))
        .map(|minute| Time::from_nanos((START + minute * MINUTE) * 1_000_000))
        .collect()
}

#[tokio::test]
async fn what_was_fetched_is_not_fetched_again() {
    let bench = bench(klines).await;
    let first = bench.download(0..6_000).await.unwrap();
    assert_eq!(bench.bars().iter().map(|bar| bar.time).collect::<Vec<_>>(), expected(6_000));
    let missing: Vec<_> = first.gaps.iter().map(|(time, count)| (time.nanos() / 1_000_000, *count)).collect();
    let at = |minute: i64| START + minute * MINUTE;
    assert_eq!(missing, [(at(0), 2_880), (at(3_000), 7), (at(4_500), 1)]);
    assert_eq!((first.bars, first.added, first.differing), (3_112, 3_112, 0));
    let requests = bench.server.count("/api/v3/klines");
    let again = bench.download(0..6_000).await.unwrap();
    assert_eq!((again.requests, bench.server.count("/api/v3/klines")), (0, requests));
    // What is behind it only.
    let more = bench.download(5_000..7_000).await.unwrap();
    assert_eq!((more.bars, more.added), (1_000, 1_000));
    assert_eq!(bench.bars().len(), expected(7_000).len());
    let gaps = bench.catalog().remarks(&DataKey { kind: Kind::Bars, ..key() }).unwrap().count();
    assert_eq!(gaps, 3);
}

#[tokio::test]
async fn what_an_earlier_download_missed_stays_told() {
    let bench = bench(klines).await;
    bench.download(0..4_000).await.unwrap();
    bench.download(0..6_000).await.unwrap();
    assert_eq!(bench.catalog().remarks(&key()).unwrap().count(), 3);
}

fn key() -> DataKey {
    DataKey::bars(symbol("BTC/USDT"), "binance", TimeFrame::MINUTE)
}

#[tokio::test]
async fn every_fault_on_the_way_is_healed() {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Mutex::new(HashSet::new());
    let bench = bench(move |asked| {
        let whole = klines(asked);
        let middle = whole.body.len() / 2;
        // Each fault once.
        match count.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::status(500, "", "<html><body>Internal Server Error</body></html>"),
            2 => Answer::status(429, "retry-after: 1\r\n", "{\"code\":-1003,\"msg\":\"Too many requests.\"}"),
            4 => Answer { cut: Some(middle), ..whole },
            6 => Answer::status(503, "", ""),
            _ => {
                // A busy exchange leaves out rows the first time.
                let first = seen.lock().unwrap().insert(asked.query["startTime"].clone());
                let body = whole.body.replacen("],[", "]~[", 20);
                match body.split_once("]~[").filter(|_| first && asked.query["interval"] == "1m") {
                    Some((head, rest)) => Answer::ok(format!(
                        "{head}],[{}",
                        rest.split_once("]~[").map_or(rest, |(_, rest)| rest).replace("]~[", "],[")
                    )),
                    None => whole,
                }
            }
        }
    })
    .await;
    bench.download(2_880..6_000).await.unwrap();
    let expected: Vec<Time> = expected(6_000);
    assert_eq!(bench.bars().iter().map(|bar| bar.time).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_download_that_broke_off_goes_on() {
    let count = Arc::new(AtomicUsize::new(0));
    let banned = Arc::clone(&count);
    let bench = bench(move |asked| match banned.fetch_add(1, Ordering::Relaxed) {
        2 => Answer::status(
            418,
            "retry-after: 300\r\n",
            "{\"code\":-1003,\"msg\":\"Way too many requests; IP banned.\"}",
        ),
        _ => klines(asked),
    })
    .await;
    let error = bench.download(2_880..30_000).await.unwrap_err();
    let DownloadError::Rest(RestError::Http(HttpError::Limited { seconds: 300, banned: true, .. })) = error else {
        panic!("{error}");
    };
    assert_eq!(count.load(Ordering::Relaxed), 3, "nothing is asked of who has banned us");
    // The first page was asked for twice, for its gap; both are there.
    assert_eq!(bench.bars().len(), expected(3_880).len());
    let rest = bench.download(2_880..30_000).await.unwrap();
    assert_eq!(bench.bars().iter().map(|bar| bar.time).collect::<Vec<_>>(), expected(30_000));
    assert_eq!(rest.bars as usize, expected(30_000).len() - expected(3_880).len(), "no page comes twice");
    // 27 pages, of which one has a gap.
    assert_eq!((rest.requests, count.load(Ordering::Relaxed)), (28, 3 + 28));
}

/// Ctrl-C while a page is on its way: those before it are there, and it is asked for again.
#[tokio::test]
async fn a_download_that_is_stopped_keeps_what_came() {
    let bench = bench(klines).await;
    let stop = Arc::new(tokio::sync::Notify::new());
    let wanted = wanted(5_000..20_000);
    let pages = AtomicUsize::new(0);
    let shown = |_| {
        if pages.fetch_add(1, Ordering::Relaxed) == 2 {
            stop.notify_one();
        }
    };
    let stopped = download(&bench.rest, &bench.catalog(), &wanted, stop.notified(), shown).await;
    assert!(matches!(stopped, Err(DownloadError::Stopped)), "{stopped:?}");
    let came = bench.bars().len();
    assert!((3_000..15_000).contains(&came), "{came}");
    let rest = bench.download(5_000..20_000).await.unwrap();
    assert_eq!((rest.bars as usize, bench.bars().len()), (15_000 - came, 15_000));
}

/// A local exchange that has only some of the bars said of all others that they are not at the exchange, for ever.
#[tokio::test]
async fn what_one_address_has_not_is_asked_of_another_and_again_of_the_same() {
    let is_mended = Arc::new(AtomicUsize::new(0));
    let mended = Arc::clone(&is_mended);
    let local = bench(move |asked| match mended.load(Ordering::Relaxed) {
        0 => {
            let whole = klines(asked);
            // Odd minutes are not there.
            let is_even = |row: &&str| row[..13].parse::<i64>().is_ok_and(|time| (time / MINUTE) % 2 == 0);
            let rows = whole.body.trim_matches(['[', ']']).split("],[").filter(is_even);
            Answer::ok(format!("[{}]", rows.map(|row| format!("[{row}]")).collect::<Vec<_>>().join(",")))
        }
        _ => klines(asked),
    })
    .await;
    let missing = || {
        let (catalog, key) = (local.catalog(), key());
        let remarks = catalog.remarks(&key).unwrap();
        remarks.map(|remark| remark.unwrap().0.to_string()).collect::<Vec<_>>()
    };
    local.download(5_000..5_100).await.unwrap();
    assert_eq!((local.bars().len(), missing().len()), (50, 50));
    assert!(missing()[0].starts_with(&local.server.url), "{:?}", missing());
    let real = Server::new(klines).await;
    let rest = Rest::Binance(Binance::new([&real.url, &real.url]).unwrap());
    let fetch = async |rest: &Rest, again: bool, minutes| {
        let wanted = Wanted { again, ..wanted(minutes) };
        download(rest, &local.catalog(), &wanted, std::future::pending(), |_| {}).await.unwrap()
    };
    let done = fetch(&rest, false, 5_000..5_080).await;
    assert_eq!((done.added, local.bars().len(), missing().len()), (40, 90, 10), "what is there now is not missing");
    assert_eq!(fetch(&local.rest, false, 5_000..5_100).await.requests, 0);
    is_mended.store(1, Ordering::Relaxed);
    let done = fetch(&local.rest, true, 5_000..5_100).await;
    assert_eq!((done.requests, done.added, local.bars().len(), missing().len()), (1, 10, 100, 0));
    assert_eq!(fetch(&local.rest, true, 5_000..5_100).await.requests, 0, "nothing is absent");
}

#[tokio::test]
async fn what_is_no_answer_says_what_it_is() {
    let check = async |answer: fn(&Asked) -> Answer, expected: &str| {
        let bench = bench(answer).await;
        let error = bench.download(2_880..2_900).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\nexpected {expected}");
        assert!(bench.bars().is_empty());
    };
    check(|_| Answer::ok("<html>login</html>"), "does not read").await;
    check(|_| Answer::ok("[[1,\"1\"]]"), "the row is short").await;
    check(|_| Answer::ok("[[1,\"1\",\"x\",\"1\",\"1\",\"1\"]]"), "x").await;
    check(|_| Answer::status(400, "", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}"), "not listed").await;
    check(|_| Answer::status(400, "", "{\"code\":-1100,\"msg\":\"Illegal characters.\"}"), "code -1100: Illegal").await;
    check(|_| Answer::status(404, "", "<html> <h1>Not\nFound</h1>"), "<h1>Not Found</h1>").await;
}

#[tokio::test]
async fn rows_that_are_no_bars_are_told_and_not_stored() {
    let bench = bench(|asked| match asked.query["interval"].as_str() {
        "1m" => Answer::ok(format!("[[{},\"1\",\"0.5\",\"2\",\"1\",\"1\",0]]", START + 2_880 * MINUTE)),
        _ => Answer::ok("[]"),
    })
    .await;
    let done = bench.download(2_880..2_881).await.unwrap();
    assert_eq!((done.bars, done.refused.len()), (0, 1));
    assert!(done.refused[0].starts_with("2024-01-03"), "{:?}", done.refused);
}

#[tokio::test]
async fn rows_that_nobody_asked_for_are_counted() {
    let bench = bench(|asked| match asked.query["interval"].as_str() {
        "1m" => {
            let row = |minute: i64, close: &str| {
                format!("[{},\"1\",\"2\",\"1\",\"{close}\",\"1\",0]", START + minute * MINUTE)
            };
            let rows =
                [row(2_879, "1"), row(2_880, "1"), row(2_880, "1"), row(2_881, "1"), row(2_881, "2"), row(2_882, "1")];
            Answer::ok(format!("[{}]", rows.join(",")))
        }
        _ => Answer::ok("[]"),
    })
    .await;
    let done = bench.download(2_880..2_882).await.unwrap();
    assert_eq!((done.bars, done.outside, done.repeated, done.refused.len()), (2, 2, 1, 1), "{done:?}");
    assert!(done.refused[0].contains("other values"), "{:?}", done.refused);
}

#[tokio::test]
async fn listings() {
    let spot = r#"{"symbols":[{"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","filters":[
        {"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"},
        {"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"},
        {"filterType":"ICEBERG_PARTS","limit":10},
        {"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000"}]}]}"#;
    let product = r#"{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","base_increment":"0.00000001","min_market_funds":"1","status":"online","trading_disabled":false}"#;
    let advanced = r#"{"product_id":"BTC-USD","price":"1","price_increment":"0.01","base_increment":"0.00000001","base_min_size":"0.00000001","base_max_size":"3400","quote_min_size":"1","status":"online","trading_disabled":false}"#;
    let server = Server::new(move |asked| match asked.path.as_str() {
        "/api/v3/exchangeInfo" | "/fapi/v1/exchangeInfo" => {
            Answer::ok(spot.replace("NOTIONAL\",\"minNotional", "MIN_NOTIONAL\",\"notional"))
        }
        "/products/BTC-USD" => Answer::ok(product),
        "/api/v3/brokerage/market/products/BTC-USD" => Answer::ok(advanced),
        _ => Answer::status(404, "", "{\"message\":\"NotFound\"}"),
    })
    .await;
    let url = server.url.as_str();
    let all = [
        (Rest::Binance(Binance::new([url, url]).unwrap()), "BTC/USDT", "0.01 0.00001 0.00001 9000 0.01 1000000 5"),
        (Rest::Binance(Binance::new([url, url]).unwrap()), "BTC/USDT:USDT", "0.01 0.00001 0.00001 9000 0.01 1000000 5"),
        (Rest::Coinbase(Coinbase::new(Api::Exchange, url).unwrap()), "BTC/USD", "0.01 0.00000001 0 none 0 none 1"),
        (
            Rest::Coinbase(Coinbase::new(Api::Advanced, url).unwrap()),
            "BTC/USD",
            "0.01 0.00000001 0.00000001 3400 0 none 1",
        ),
    ];
    for (rest, name, expected) in all {
        let listing = rest.listing(&symbol(name)).await.unwrap();
        let most = |limit: Option<String>| limit.unwrap_or_else(|| "none".to_owned());
        let told = format!(
            "{} {} {} {} {} {} {}",
            listing.tick,
            listing.lot,
            listing.min_quantity,
            most(listing.max_quantity.map(|most| most.to_string())),
            listing.min_price,
            most(listing.max_price.map(|most| most.to_string())),
            listing.min_notional
        );
        assert_eq!((told.as_str(), listing.trading), (expected, true), "{name}");
        let other = rest.listing(&symbol("XYZ/USD")).await.unwrap_err();
        assert!(matches!(other, RestError::Unlisted(_)), "{other}");
        let wrong = rest.bars(&symbol("AAPL"), TimeFrame::DAY, Time::MIN..Time::MAX).await.unwrap_err();
        assert!(matches!(wrong, RestError::Symbol { .. }), "{wrong}");
    }
}

#[tokio::test]
async fn candles_of_coinbase() {
    let server = Server::new(|asked| match asked.path.as_str() {
        // Newest first; the volume in plain and in scientific notation.
        "/products/BTC-USD/candles" => {
            assert_eq!(asked.query["start"], "2024-01-01T00:00:00Z");
            assert_eq!(asked.query["end"], "2024-01-01T00:02:00Z");
            Answer::ok("[[1704067320,9.5,11.25,10,10.5,1.5e-7],[1704067200,9.5,11.25,10,10.5,12.00000001]]")
        }
        _ => Answer::ok(
            r#"{"candles":[{"start":"1704067320","low":"9.5","high":"11.25","open":"10","close":"10.5","volume":"0.00000015"},
                {"start":"1704067200","low":"9.5","high":"11.25","open":"10","close":"10.5","volume":"12.00000001"}]}"#,
        ),
    })
    .await;
    for api in [Api::Exchange, Api::Advanced] {
        let rest = Rest::Coinbase(Coinbase::new(api, &server.url).unwrap());
        let page = rest.bars(&symbol("BTC/USD"), TimeFrame::MINUTE, wanted(0..3).range).await.unwrap();
        let told: Vec<_> = page
            .bars
            .iter()
            .map(|bar| format!("{:#} {} {} {} {} {}", bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume))
            .collect();
        let expected =
            ["2024-01-01T00:00:00Z 10 11.25 9.5 10.5 12.00000001", "2024-01-01T00:02:00Z 10 11.25 9.5 10.5 0.00000015"];
        assert_eq!(
            told.iter().map(|told| told.replace("2024-01-01 ", "2024-01-01T00:00:00Z ")).collect::<Vec<_>>(),
            expected,
            "{api:?}"
        );
    }
}
