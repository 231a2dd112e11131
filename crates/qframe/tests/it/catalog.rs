//! The catalog from the command line: looked at, exported, traded on.
use qframe_data::catalog::{Catalog, Conflict, InstrumentFacts};
use qframe_data::{DataKey, Kind, Rows};
use qframe_model::market::{Bar, Side, Trade};
use qframe_model::number::{Price, Volume};
use qframe_model::time::{Span, Time};
use serde_json::Value;

use crate::program::Program;

fn key(kind: Kind) -> DataKey {
    let frame = kind.is_bars().then(|| "1m".parse().unwrap());
    DataKey { kind, venue: "binance".to_owned(), symbol: "BTC/USDT".parse().unwrap(), frame }
}

/// Three days of invented minutes from 2021-01-07 on, with a hole, and some trades.
pub(crate) fn fill(program: &Program) -> Catalog {
    let catalog = Catalog::open(program.path("catalog")).unwrap();
    let start: Time = "2021-01-07".parse().unwrap();
    let time = |minute: i64| start + Span::from_seconds(60 * minute);
    let price = |minute: i64| Price::from_nanos((30_000 + minute * minute % 977 - minute % 613) * 1_000_000_000);
    let bar = |minute: i64| Bar {
        time: time(minute),
        open: price(minute),
        high: price(minute).max(price(minute + 1)),
        low: price(minute).min(price(minute + 1)),
        close: price(minute + 1),
        volume: Volume::from_digits(minute as u64 % 50 + 1, 3).unwrap(),
    };
    let bars: Vec<Bar> = (0..3 * 1_440).filter(|minute| !(1_500..1_510).contains(minute)).map(bar).collect();
    let trade = |i: i64| {
        let (time, quantity) = (time(7 * i), Volume::from_digits(i as u64 + 1, 2).unwrap());
        Trade { time, received: time, id: 1 + i as u64, price: price(i), quantity, side: Side::Buy }
    };
    merge(&catalog, &key(Kind::Bars), Rows::Bars(bars));
    merge(&catalog, &key(Kind::Trades), Rows::Trades((0..400).map(trade).collect()));
    catalog
}

fn merge(catalog: &Catalog, key: &DataKey, rows: Rows) {
    catalog.merge(key, std::iter::once(rows), Conflict::Refuse).unwrap();
}

fn shown(program: &Program, words: &str) -> String {
    let answer = program.run(words);
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    answer.out()
}

fn json(program: &Program, words: &str) -> Value {
    serde_json::from_str(&shown(program, &format!("{words} --json"))).unwrap()
}

#[test]
fn sets_are_listed_and_shown() {
    let program = Program::new();
    let catalog = fill(&program);
    let hash = catalog.facts(&key(Kind::Bars)).unwrap().unwrap().hash.to_string();
    let list = shown(&program, "data list");
    assert!(list.contains("BTC/USDT  binance  bars    1m     4310  2021-01-07"), "{list}");
    assert!(list.contains(&hash[..12]), "{list}");
    let sets = json(&program, "data list");
    assert_eq!((sets[0]["rows"].as_u64(), sets[0]["hash"].as_str()), (Some(4_310), Some(hash.as_str())));
    assert_eq!((sets[1]["kind"].as_str(), sets[1]["timeframe"].as_str()), (Some("trades"), None));
    let text = shown(&program, "data show BTC/USDT --kind bars --rows 2");
    let gaps = "bars absent: 10, holes: 1, the longest of 10 between 2021-01-08T00:59:00Z and 2021-01-08T01:10:00Z";
    for part in [gaps, hash.as_str(), "\n2021-01-07T00:00:00Z,30000,", "\n...\n", "2021-01-09T23:59:00Z,"] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let part = json(&program, "data show btc/usdt@binance --kind trades --from 2021-01-08 --rows 3");
    assert_eq!(part["first_rows"].as_array().unwrap().len(), 3);
    assert_eq!(part["first_rows"][0]["time"], "2021-01-08T00:02:00Z");
    let all = json(&program, "data show BTC/USDT --kind trades --rows 1000");
    assert_eq!((all["first_rows"].as_array().unwrap().len(), all["last_rows"].as_array().unwrap().len()), (400, 0));
    let gone = json(&program, "data drop BTC/USDT --kind trades --yes");
    assert_eq!(gone["rows"], 400);
    assert_eq!(json(&program, "data list").as_array().unwrap().len(), 1);
}

#[test]
fn a_run_on_the_catalog_is_the_run_on_the_file() {
    let program = Program::new();
    let catalog = fill(&program);
    let hash = catalog.facts(&key(Kind::Bars)).unwrap().unwrap().hash.to_string();
    shown(&program, "data export BTC/USDT --kind bars --out bars.csv");
    for period in [
        "",
        "--from 2021-01-08 --to 2021-01-08",
        "--timeframe 1h",
        "--timeframe 1h --from 2021-01-08T00:30:00Z --to 2021-01-09T10:30:00Z",
        "--timeframe 5m --from 2021-01-08T01:02:00Z",
        "--timeframe 1d",
    ] {
        let run = |data: &str| json(&program, &format!("backtest --data {data} --strategy buy-and-hold {period}"));
        let (stored, file) = (run("BTC/USDT"), run("BTC/USDT=bars.csv"));
        assert_eq!(stored["journal"], file["journal"], "{period}");
        assert_eq!(stored["data"][0]["bars"], file["data"][0]["bars"], "{period}");
        assert!(stored["data"][0].to_string().contains(&hash), "{}", stored["data"][0]);
    }
    let out = shown(&program, "backtest --data BTC/USDT@binance --from 2021-01-08 --to 2021-01-08 --plain");
    assert!(out.contains("Note: read 1430 of 4310 bars: those of the period"), "{out}");
    assert!(out.contains("BTC/USDT@binance"), "{out}");
}

#[test]
fn what_the_catalog_knows_of_an_instrument_counts() {
    let program = Program::new();
    let catalog = fill(&program);
    let known = |lot: &str, hours: &str| InstrumentFacts {
        lot: Some(lot.parse().unwrap()),
        hours: Some(hours.to_owned()),
        ..InstrumentFacts::new("BTC/USDT".parse().unwrap(), "binance".to_owned())
    };
    catalog.set_instrument(&known("0.25", "mars")).unwrap();
    let lot = |words: &str| json(&program, &format!("backtest --data BTC/USDT {words}"))["settings"]["lot"].clone();
    assert_eq!((lot(""), lot("--lot 0.5")), (Value::from("0.25"), Value::from("0.5")));
    let out = shown(&program, "backtest --data BTC/USDT --plain");
    assert!(out.contains("its trading hours are \"mars\", which have no name here: 24/7"), "{out}");
}

#[test]
fn files_of_columns_are_written() {
    let program = Program::new();
    fill(&program);
    for (format, start) in [("parquet", "PAR1"), ("arrow", "ARROW1")] {
        let said = json(&program, &format!("data export BTC/USDT --kind trades --format {format} --out rows --force"));
        assert_eq!(said["rows"], 400);
        assert!(std::fs::read(program.path("rows")).unwrap().starts_with(start.as_bytes()));
    }
    let text = shown(&program, "data export BTC/USDT --kind trades --to 2021-01-07T00:07:00Z");
    assert_eq!(text, "time,id,price,qty,side,received\n2021-01-07T00:00:00Z,1,30000,0.01,buy,2021-01-07T00:00:00Z\n");
}

#[test]
fn wrong_names_are_told() {
    let program = Program::new();
    let check = |words: &str, code: i32, parts: &[&str]| {
        let answer = program.run(words);
        assert_eq!(answer.code(), code, "{words}: {} {}", answer.out(), answer.error());
        for part in parts {
            assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
        }
    };
    check("data list", 1, &["catalog: there is no catalog; import data first"]);
    check("backtest --data BTC/USDX", 1, &["no such file", "did you mean the bundled sample BTC/USD?"]);
    let catalog = fill(&program);
    merge(&catalog, &DataKey { frame: Some("1h".parse().unwrap()), ..key(Kind::Bars) }, Rows::Bars(vec![]));
    check("data show BTC/USDT", 2, &["SYMBOL BTC/USDT: there are bars, trades of it; choose with --kind"]);
    check("data show BTC/USTD --kind bars", 1, &["BTC/USTD: no such name in the catalog", "did you mean BTC/USDT?"]);
    check("data show BTC/USDT --kind quotes", 1, &["it has BTC/USDT@binance bars 1m, BTC/USDT@binance trades"]);
    check("data show BTC/USDT --kind bras", 2, &["bras", "bars, bids"]);
    check("data show BTC/USDT --kind bars --from 2021-02-01 --to 2021-01-01", 2, &["--from", "not before --to"]);
    check("data drop BTC/USDT --kind bars", 2, &["--yes: add it to take away 4310 rows of BTC/USDT@binance bars 1m"]);
    check("data export BTC/USDT --kind bars --out nowhere/x.csv", 1, &["--out nowhere/x.csv", "make its folder first"]);
    check("backtest --data BTC/USDT@binanc", 1, &["did you mean BTC/USDT@binance of the catalog?"]);
    check("backtest --data BTC/USDT --from 2031-01-01", 1, &["no bars between --from and --to; it has 2021-01-07 to"]);
    check("backtest --data BTC/USDT --timeframe 90s", 2, &["--timeframe 90s", "no whole multiple of 1m"]);
    merge(&catalog, &DataKey { venue: "okx".to_owned(), ..key(Kind::Bars) }, Rows::Bars(vec![Bar::default()]));
    check("backtest --data BTC/USDT", 2, &["--data BTC/USDT: several venues have it: BTC/USDT@binance, BTC/USDT@okx"]);
    let path = catalog.facts(&key(Kind::Bars)).unwrap().unwrap().files[0].path.clone();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    check("data list", 1, &["2021.parquet: damaged", "take the file away and import its rows again"]);
    check("backtest --data BTC/USDT@binance", 1, &["2021.parquet: damaged"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let program = Program::new();
    fill(&program);
    let answer = program.run("data export BTC/USDT --kind bars --out /dev/full");
    assert_eq!(answer.code(), 1);
    assert!(answer.error().contains("/dev/full") && answer.error().contains("No space left"), "{}", answer.error());
}
