//! `qframe data check`, `repair` and `resample` as a user runs them, and what a backtest says of poor data.
use qframe_data::catalog::{Catalog, Conflict};
use qframe_data::{DataKey, Rows};
use qframe_model::market::Bar;
use qframe_model::number::{Price, Volume};
use qframe_model::time::{Span, Time, TimeFrame};
use serde_json::Value;

use crate::program::Program;

/// Hourly rows of a slow wave around a hundred; `bad` stands for some of them.
fn rows(bad: impl Fn(i64) -> Option<String>) -> String {
    let row = |hour: i64| {
        let time = Time::from_seconds(1_700_000_000 / 3_600 * 3_600 + hour * 3_600);
        let open = 100 + hour * 7 % 5;
        let good = || format!("{time},{open},{},{},{},{}", open + 3, open - 3, open + hour % 3, 10 + hour);
        bad(hour).map_or_else(good, |bad| bad.replace("TIME", &time.to_string())) + "\n"
    };
    format!("time,open,high,low,close,volume\n{}", (0..200).map(row).collect::<String>())
}

fn dirty() -> String {
    rows(|hour| match hour {
        50 => Some("TIME,101,99,104,102,5".to_owned()),
        60 => Some("TIME,1.01,1.04,0.99,1.02,5".to_owned()),
        70 => Some("TIME,101,x,99,102,5".to_owned()),
        _ => None,
    })
}

fn json(program: &Program, words: &str) -> Value {
    let answer = program.run(words);
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

#[test]
fn a_file_is_checked_and_mended() {
    let program = Program::new();
    program.write("x.csv", dirty());
    let found = json(&program, "data check BTC/USD=x.csv --json");
    let defects = found[0]["quality"]["defects"].as_array().unwrap();
    let names: Vec<_> =
        defects.iter().map(|d| (d["defect"].as_str().unwrap(), d["first"][0]["line"].as_u64())).collect();
    assert_eq!(
        names,
        [("unreadable", Some(72)), ("high below low", Some(52)), ("missing", Some(51)), ("unit flip (x100)", Some(62))]
    );
    assert_eq!((found[0]["quality"]["grade"].as_str(), found[0]["hours"].as_str()), (Some("LOW"), Some("24/7")));
    let refused = program.run("data check x.csv --at-least medium");
    assert_eq!((refused.code(), refused.error().trim()), (1, "error: x.csv: grade LOW"));

    let dry = program.run("data repair x.csv --dry-run");
    assert!(dry.out().contains("a dry run") && !program.path("x.csv.mended.csv").exists(), "{}", dry.out());
    let mended = json(&program, "data repair BTC/USD=x.csv --fill --json");
    assert_eq!((mended["bars"].as_u64(), mended["filled"].as_u64()), (Some(200), Some(1)));
    assert_eq!(std::fs::read_to_string(program.path("x.csv")).unwrap(), dirty(), "the file stays as it was");
    let text = std::fs::read_to_string(program.path("x.csv.mended.csv")).unwrap();
    assert_eq!(text.lines().filter(|line| line.ends_with(",1") && line.split(',').count() == 7).count(), 1, "marked");
    let changes = std::fs::read_to_string(program.path("x.csv.mended.csv.changes.csv")).unwrap();
    assert_eq!(changes.lines().count() as u64, 1 + mended["changes"].as_array().unwrap().len() as u64);
    let after = json(&program, "data check x.csv.mended.csv --json");
    assert_eq!(after[0]["quality"]["grade"], "HIGH");
}

#[test]
fn wrong_words_are_told() {
    let program = Program::new();
    program.write("x.csv", dirty());
    let check = |words: &str, code: i32, part: &str| {
        let answer = program.run(&format!("{words} --catalog none"));
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(part), "{words}: {}", answer.error());
    };
    check("data check nothing.csv", 1, "no such file");
    check("data check BTC/USD", 1, "there is no catalog; import data first");
    check("data check x.csv --hours mars", 2, "expected one of 24/7, NYSE, CME, grains, livestock, forex");
    check("data check x.csv --tick 0", 2, "above zero");
    check("data repair x.csv --fix magic", 2, "no rule mends it; there are unreadable, not-a-number");
    check("data repair x.csv --out x.csv", 2, "it is the file itself");
    check("data repair x.csv --undo", 1, "there is no catalog");
    check("data resample x.csv --to 90m", 1, "mend the row");
    check("data resample x.csv --to 1h --from-trades", 2, "qframe data import");
    assert!(!program.path("none").exists(), "looking for a name makes no folder");
}

#[test]
fn a_set_of_the_catalog_is_mended_and_brought_back() {
    let program = Program::new();
    let catalog = Catalog::open(program.path("catalog")).unwrap();
    let key = DataKey::bars("BTC/USD".parse().unwrap(), "here", TimeFrame::HOUR);
    let bar = |hour: i64| {
        let price = |units: i64| Price::from_nanos(units * if hour == 60 { 10_000_000 } else { 1_000_000_000 });
        let (open, high, low, close) = (price(101), price(104), price(99), price(102 + hour % 2));
        let volume = Volume::from_digits(7 + hour.unsigned_abs(), 0).unwrap();
        Bar { time: Time::EPOCH + Span::from_seconds(hour * 3_600), open, high, low, close, volume }
    };
    let bars: Vec<Bar> = (0..240).filter(|hour| *hour != 80).map(bar).collect();
    catalog.merge(&key, std::iter::once(Rows::Bars(bars.clone())), Conflict::Refuse).unwrap();
    let all = || catalog.bars(&key, Time::MIN..Time::MAX).unwrap();
    let run = |words: &str| {
        let answer = program.run(&format!("data {words} --catalog catalog"));
        assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
        answer.out()
    };
    assert!(run("check BTC/USD").contains("grade LOW"));
    assert!(run("repair BTC/USD --fill").contains("5 changes, 1 of them bars filled in; 240 bars"));
    assert_eq!(all().len(), 240);
    assert!(run("check btc/usd@here").contains("grade HIGH"));
    assert!(run("repair BTC/USD").contains("0 changes"), "what is kept is not found by the symbol alone");
    assert!(run("resample BTC/USD --to 1d").contains("240 rows of BTC/USD@here bars 1h made into 10 bars of 1d"));
    // Rows come, one of them bad; the next repair keeps what it changes too, and what came stays when both are taken back.
    let later: Vec<Bar> = (240..250).map(bar).collect();
    catalog.merge(&key, std::iter::once(Rows::Bars(later.clone())), Conflict::Refuse).unwrap();
    // As the one at 60: a hundredth of what it should be.
    let bad = Bar { time: bars[30].time, ..bars[60] };
    // And the hour that was filled in comes as it was.
    let real = bar(80);
    for bar in [bad, real] {
        catalog.merge(&key, std::iter::once(Rows::Bars(vec![bar])), Conflict::Replace).unwrap();
    }
    assert!(run("repair BTC/USD --timeframe 1h").contains("4 changes"));
    assert_eq!(all()[30].low, bars[31].low);
    let told = "2 rows as before";
    let dry = run("repair BTC/USD@here --undo --dry-run");
    assert!(dry.contains(told) && dry.contains("would be") && dry.contains("248 rows left alone"), "{dry}");
    assert!(run("repair BTC/USD@here --undo").contains(told));
    let mut before = [bars, later].concat();
    before[30] = bad;
    before.insert(80, real);
    assert_eq!(all(), before);
    let again = program.run("data repair BTC/USD@here --undo --catalog catalog");
    assert!(again.code() == 1 && again.error().contains("keeps nothing of a repair"), "{}", again.error());
}

/// A repair that was killed before it began leaves a folder without rows: there is nothing to take back, and the set stays.
#[test]
fn an_empty_folder_is_no_repair() {
    let program = Program::new();
    program.write("x.csv", rows(|_| None));
    assert_eq!(program.run("data import x.csv --symbol BTC/USD --venue here").code(), 0);
    for venue in ["here.orig", "there"] {
        std::fs::create_dir_all(program.path("catalog").join("bars").join(venue).join("BTC%2FUSD/1h")).unwrap();
    }
    let undone = program.run("data repair BTC/USD@here --undo");
    assert!(undone.code() == 1 && undone.error().contains("keeps nothing"), "{}", undone.error());
    assert_eq!(json(&program, "data list --json").as_array().unwrap().len(), 1);
    let absent = program.run("data check BTC/USD@there");
    assert!(absent.code() == 1 && !absent.out().contains("grade"), "{}{}", absent.out(), absent.error());
    assert_eq!(program.run("data check BTC/USD").code(), 0, "one venue has it");
}

/// Bars of a publisher are not replaced by those that a few shorter ones make.
#[test]
fn resampling_changes_no_bars_in_silence() {
    let program = Program::new();
    let head = "time,open,high,low,close,volume\n";
    program.write("days.csv", format!("{head}2024-01-01,100,120,90,110,1000\n2024-01-02,110,130,100,120,1000\n"));
    let hour = |time: &str| format!("{time}:00:00Z,101,103,100,102,5\n");
    let hours: String = ["2024-01-01T05", "2024-01-01T06", "2024-01-02T23", "2024-01-03T00"].map(hour).concat();
    program.write("hours.csv", format!("{head}{hours}"));
    for (file, frame) in [("days", "1d"), ("hours", "1h")] {
        let words = format!("data import {file}.csv --symbol BTC/USDT --venue here --timeframe {frame}");
        assert_eq!(program.run(&words).code(), 0);
    }
    let volume = || json(&program, "data show BTC/USDT --timeframe 1d --json")["first_rows"][0]["volume"].clone();
    let refused = program.run("data resample BTC/USDT --to 1d");
    assert_eq!((refused.code(), volume()), (1, "1000".into()));
    assert!(refused.error().contains("2 of 2 bars are there already with other values"), "{}", refused.error());
    assert_eq!(program.run("data resample BTC/USDT --to 1d --out made.csv").code(), 0);
    assert_eq!(volume(), "1000");
    let again = program.run("data resample BTC/USDT --to 1d --out made.csv");
    assert!(again.code() == 1 && again.error().contains("write over it with --force"), "{}", again.error());
    assert_eq!(program.run("data resample BTC/USDT --to 1d --out made.csv --force").code(), 0);
    assert!(
        std::fs::read_to_string(program.path("made.csv")).unwrap().contains("2024-01-01T00:00:00Z,101,103,100,102,10")
    );
    assert_eq!(program.run("data resample BTC/USDT --to 1d --on-conflict replace").code(), 0);
    assert_eq!(volume(), "10");
    assert_eq!(program.run("data resample BTC/USDT --to 1d").code(), 0, "the same bars again change nothing");
}

#[test]
fn a_backtest_on_poor_data_says_so() {
    let program = Program::new();
    let scaled = |hour: i64| (hour == 60).then(|| "TIME,1.01,1.04,0.99,1.02,5".to_owned());
    program.write("x.csv", rows(scaled));
    program.write("good.csv", rows(|_| None));
    let words = "--param fast=3 --param slow=9 --report r.html";
    let poor = program.run(&format!("backtest --data BTC/USD=x.csv {words}"));
    assert!(poor.out().contains("Poor data: BTC/USD 1h is of quality LOW"), "{}", poor.out());
    let page = std::fs::read_to_string(program.path("r.html")).unwrap();
    assert!(page.contains("Poor data: BTC/USD 1h is of quality LOW"));
    let report = json(&program, &format!("backtest --data BTC/USD=x.csv {words} --json"));
    assert_eq!(report["data"][0]["quality"]["grade"], "LOW");
    let good = program.run(&format!("backtest --data BTC/USD=good.csv {words}"));
    assert!(!good.out().contains("Poor data"), "{}", good.out());
}

#[test]
fn files_of_other_kinds_are_checked_as_they_are() {
    let program = Program::new();
    let funding = |hour: i64| {
        let time = Time::from_seconds(1_700_000_000 / 28_800 * 28_800 + hour * 3_600);
        format!("BTCUSDT,{},{}\n", time.nanos() / 1_000_000, if hour == 80 { "0.5" } else { "0.0001" })
    };
    let rows: String = (0..30).filter(|place| *place != 20).map(|place| funding(place * 8)).collect();
    program.write("funding.csv", format!("symbol,fundingTime,fundingRate\n{rows}"));
    let answer = json(&program, "data check funding.csv --json");
    let report = &answer[0];
    assert_eq!((&report["kind"], &report["quality"]["missing"]["rows"]), (&"funding".into(), &1.into()));
    assert_eq!(report["quality"]["grade"], "LOW");
    assert_eq!(program.run("data import funding.csv --catalog c").code(), 0);
    let stored = program.run("data check BTC/USDT:USDT --catalog c --at-least medium");
    assert_eq!(stored.code(), 1);
    assert!(stored.out().contains("absurd rate") && stored.error().contains("grade LOW"), "{}", stored.out());
    // Of several files, one that is none does not hide the others.
    program.write("words.txt", "no data\n");
    let both = program.run("data check funding.csv words.txt");
    assert_eq!(both.code(), 1);
    assert!(both.error().contains("words.txt") && both.out().contains("29 rows, funding"), "{}", both.error());
    program.write("several.csv", "symbol,time,open,high,low,close,volume\n".to_owned() + &two_symbols());
    let several = json(&program, "data check several.csv --json");
    let names: Vec<_> = several.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["several.csv: AAPL@unknown", "several.csv: MSFT@unknown"]);
}

fn two_symbols() -> String {
    let row = |day: u32| format!("AAPL,2024-01-{day:02},5,6,4,5,{day}\nMSFT,2024-01-{day:02},400,401,399,400,{day}\n");
    (1..9).map(row).collect()
}

/// Bids and asks are two sets: one file of both was refused, and what the refusal said to try was refused as well.
#[test]
fn both_sides_are_made_into_longer_bars() {
    let program = Program::new();
    let rows = (0..72).map(|hour| format!("2024-01-0{}T{:02}:00:00Z,5,1,6,1\n", 1 + hour / 24, hour % 24));
    program.write("EURUSD.csv", format!("time,bid,bid_size,ask,ask_size\n{}", rows.collect::<String>()));
    program.run("data import EURUSD.csv --venue here");
    let run = |words: &str| {
        let answer = program.run(&format!("data {words}"));
        assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
        answer.out()
    };
    run("resample EUR/USD --to 4h --from-quotes");
    let both = run("resample EUR/USD --to 1d");
    assert!(both.contains("EUR/USD@here bids 1d") && both.contains("EUR/USD@here asks 1d"), "{both}");
    run("resample EUR/USD --to 1d --out made.csv.gz");
    let read = run("check made.bids.csv.gz made.asks.csv.gz --timeframe 1d");
    assert!(read.contains("made.bids.csv.gz: 2 rows") && read.contains("made.asks.csv.gz: 2 rows"), "{read}");
}
