//! `qframe data import` as a user runs it.
use crate::program::Program;

const BARS: &str = "time,open,high,low,close,volume\n2020-01-01,1,2,1,2,5\n2020-01-02,2,1,3,2,5\n2020-01-03,2,3,1,2,5\n2020-01-04,2,3,1,2,5\n";

#[test]
fn rows_come_in_once_and_what_is_wrong_is_told() {
    let program = Program::new();
    program.write("AAPL.csv", BARS);
    let dry = program.run("data import AAPL.csv --venue nasdaq --dry-run --catalog c");
    assert_eq!((dry.code(), dry.error()), (0, String::new()));
    assert!(
        dry.out().contains(
            "AAPL.csv: csv: AAPL@nasdaq bars 1d, 3 rows 2020-01-01 to 2020-01-04\n   findings: 1 high below low\n"
        ),
        "{}",
        dry.out()
    );
    assert!(dry.out().contains("AAPL.csv:3:14: \"1\" says high 1 below low 3"), "{}", dry.out());
    assert!(
        dry.out().ends_with("1 file, 1 data set, 3 rows, 1 finding; a dry run, of which nothing stays: 3 added\n"),
        "{}",
        dry.out()
    );
    assert!(!program.path("c").exists());
    let first = program.run("data import AAPL.csv --venue nasdaq --catalog c");
    assert!(first.out().ends_with("; 3 added\n"), "{}", first.out());
    let again = program.run("data import AAPL.csv --venue nasdaq --catalog c");
    assert!(again.out().ends_with("; nothing new (3 there already)\n"), "{}", again.out());
    program.write("AAPL.csv", BARS.replace("2020-01-04,2,3,1,2,5", "2020-01-04,2,3,1,3,5"));
    let other = program.run("data import AAPL.csv --venue nasdaq --catalog c");
    assert!(
        other.out().contains("AAPL@nasdaq bars 1d: 1 row there with other values: those in the catalog are kept"),
        "{}",
        other.out()
    );
    let replaced = program.run("data import AAPL.csv --venue nasdaq --catalog c --on-conflict replace");
    assert!(replaced.out().contains("1 replaced"), "{}", replaced.out());
    let listed = program.run("data list --catalog c");
    assert!(listed.out().contains("AAPL"), "{}", listed.out());
    for venue in ["nasdaq.split", "nasdaq.rolled-volume-none", "nasdaq.orig"] {
        let derived = program.run(&format!("data import AAPL.csv --venue {venue} --catalog c"));
        assert!(derived.error().contains("sets that are made of others"), "{}", derived.error());
    }
}

/// Most rows of a file were none, and what was left lay two days apart: it came in as bars of two days.
#[test]
fn refused_rows_tell_the_frame_too() {
    let program = Program::new();
    let row = |day: u32| format!("2020-01-{day:02},2,{},1,2,5\n", if day.is_multiple_of(2) { 3 } else { 0 });
    let rows: String = (1..29).map(row).collect();
    program.write("AAPL.csv", format!("time,open,high,low,close,volume\n{rows}"));
    let out = program.run("data import AAPL.csv --venue nasdaq").out();
    assert!(out.contains("AAPL@nasdaq bars 1d, 14 rows"), "{out}");
}

/// The second dividend of a day came in a file of its own: it was left out, and the exit code said that all was well.
#[test]
fn a_dividend_that_contradicts_another_is_no_success() {
    let program = Program::new();
    let file = |rows: &str| program.write("AAPL.csv", format!("ex_date,dividend\n2020-01-02,0.5\n{rows}"));
    file("");
    assert_eq!(program.run("data import AAPL.csv --venue nasdaq").code(), 0);
    program.write("AAPL.csv", "ex_date,dividend\n2020-01-02,2\n");
    let check = |words: &str, code: i32, part: &str| {
        let answer = program.run(&format!("data import AAPL.csv --venue nasdaq {words}"));
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(format!("{}{}", answer.out(), answer.error()).contains(part), "{words}: {}", answer.error());
    };
    check("", 1, "AAPL@nasdaq actions: 1 row not taken, as others of the same day are there");
    check("--on-conflict keep", 0, "nothing new");
    file("2020-01-02,2\n");
    check("", 0, "1 added");
    check("", 0, "nothing new");
}

/// Bids and asks of quotes stood beside the bars of trades, and days could be made of neither.
#[test]
fn bars_are_resampled_and_not_what_stands_beside_them() {
    let program = Program::new();
    let rows: String = (1..29).map(|day| format!("2020-01-{day:02},2,3,1,2,5\n")).collect();
    program.write("AAPL.csv", format!("time,open,high,low,close,volume\n{rows}"));
    for kind in ["bars", "bids", "asks"] {
        assert_eq!(program.run(&format!("data import AAPL.csv --venue nasdaq --kind {kind}")).code(), 0, "{kind}");
    }
    let made = |words: &str| program.run(&format!("data resample AAPL@nasdaq --to 1w {words}")).out();
    assert!(made("").starts_with("28 rows of AAPL@nasdaq bars 1d made into"), "{}", made(""));
    assert!(made("--kind bids").contains("AAPL@nasdaq bids 1w"), "{}", made("--kind bids"));
}

#[test]
fn open_interest_is_listed_and_shown() {
    let program = Program::new();
    std::fs::create_dir_all(program.path("cme")).unwrap();
    program.write("cme/es_openinterest_201312.csv", "20131006 00:00,7\n20131007 00:00,9\n");
    let imported = program.run("data import cme/es_openinterest_201312.csv --venue cme");
    assert_eq!(imported.code(), 0, "{}", imported.error());
    let listed: serde_json::Value = serde_json::from_str(&program.run("data list --json").out()).unwrap();
    let fields =
        ["symbol", "venue", "kind", "timeframe", "first", "last"].map(|name| listed[0][name].as_str().unwrap());
    assert_eq!(fields, ["ES-20131220", "cme", "open-interest", "1d", "2013-10-06T00:00:00Z", "2013-10-07T00:00:00Z"]);
    let alone = program.run("data show ES-20131220").out();
    assert!(alone.ends_with("time,open\n2013-10-06,7\n2013-10-07,9\n"), "{alone}");
    program.write("ES.csv", "time,open,high,low,close\n2013-10-06,2,3,1,2\n2013-10-07,2,3,1,2\n");
    assert_eq!(program.run("data import ES.csv --symbol ES-20131220 --venue cme").code(), 0);
    let shown = program.run("data show ES-20131220@cme").out();
    assert!(shown.contains("  open     interest of 2 days, 2013-10-06 to 2013-10-07, then 9 contracts\n"), "{shown}");
}

#[test]
fn a_dry_run_says_what_would_be_new() {
    let program = Program::new();
    program.write("AAPL.csv", BARS);
    program.run("data import AAPL.csv --venue nasdaq");
    let listed = program.run("data list").out();
    program.write("AAPL.csv", BARS.replace("2020-01-04,2,3,1,2,5", "2020-01-04,2,3,1,3,5\n2020-01-05,2,3,1,3,5"));
    let dry = program.run("data import AAPL.csv --venue nasdaq --dry-run").out();
    assert!(
        dry.contains("; a dry run, of which nothing stays: 1 added, 2 there already, 1 there with other values\n"),
        "{dry}"
    );
    assert!(
        dry.ends_with(
            "1 row there with other values: those in the catalog are kept (--on-conflict replace takes the new ones)\n"
        ),
        "{dry}"
    );
    let dry = program.run("data import AAPL.csv --venue nasdaq --dry-run --on-conflict refuse");
    assert!(dry.error().contains("2020-01-04T00:00:00Z is stored as "), "{}", dry.error());
    assert_eq!(program.run("data list").out(), listed);
    program.write("AAPL.csv", BARS);
    let same = program.run("data import AAPL.csv --venue nasdaq --dry-run").out();
    assert!(same.ends_with("; a dry run: nothing would be new (3 there already)\n"), "{same}");
}

/// Splits and dividends come in files of their own; one after the other was refused as of another source. Dividends that another
/// source dates a day later were paid twice.
#[test]
fn splits_and_dividends_in_files_of_their_own() {
    let program = Program::new();
    let quarter = |day: &str| format!("time,dividend\n2020-02-{day},0.5\n2020-05-{day},0.5\n2020-08-{day},0.5\n");
    program.write("splits.csv", "time,ratio\n2019-06-03,2\n2021-06-01,4\n");
    program.write("paid.csv", quarter("10"));
    program.write("later.csv", quarter("11"));
    program.write("one.csv", "time,dividend\n2020-05-11,0.5\n");
    program.write("special.csv", "time,dividend\n2020-06-22,3\n");
    let import = |file: &str| program.run(&format!("data import {file} --kind actions --symbol OWL --venue nyse"));
    for (file, code) in [("splits.csv", 0), ("paid.csv", 0), ("later.csv", 1), ("one.csv", 1), ("special.csv", 0)] {
        let answer = import(file);
        assert_eq!(answer.code(), code, "{file}: {}{}", answer.out(), answer.error());
    }
    assert!(import("later.csv").error().contains("only 0 of those are the same, as those of another source"));
}

/// A special dividend on the day of an ordinary one was refused as the same row, or kept one of them.
#[test]
fn two_dividends_of_a_day_are_both_paid() {
    let program = Program::new();
    let days = (1..29).map(|day| format!("2020-02-{day:02},100,100,100,100,5\n")).collect::<String>();
    program.write("ACME.csv", format!("time,open,high,low,close,volume\n{days}"));
    program.write("paid.csv", "ex_date,amount\n2020-02-10,0.5\n2020-02-10,3\n2020-02-10,0.5\n");
    program.run("data import ACME.csv --venue nyse");
    let told = program.run("data import paid.csv --symbol ACME --venue nyse").out();
    assert!(told.contains("findings: 1 duplicate, same values, 1 several dividends on a day"), "{told}");
    let run = "backtest --data ACME@nyse --strategy buy-and-hold --size 10 --cash 2000 --fee 0";
    let report = program.run(run).out();
    assert!(report.contains("several on 1 day, the first is 2020-02-10: each of them is paid"), "{report}");
    assert!(report.contains("Dividends [$]                35.00"), "{report}");
    let refused = program.run(&format!("{run} --dividends paid.csv"));
    assert!(
        refused.error().starts_with("error: paid.csv:4:1: \"2020-02-10\" stands twice with the same dividend of 0.5;"),
        "{}",
        refused.error()
    );
}

#[test]
fn json_is_one_object() {
    let program = Program::new();
    program.write("AAPL.csv", BARS);
    let answer = program.run("data import AAPL.csv --catalog c --json");
    let object: serde_json::Value = serde_json::from_str(&answer.out()).unwrap();
    assert_eq!(object["files"][0]["sets"][0]["rows"], 3);
    assert_eq!(object["findings"]["high below low"], 1);
    assert_eq!(object["sets"][0]["added"], 3);
}

#[test]
fn a_file_that_is_refused_does_not_stop_the_others() {
    let program = Program::new();
    std::fs::create_dir(program.path("d")).unwrap();
    program.write("d/AAPL.csv", BARS);
    program.write("d/MSFT.csv", "");
    program.write("d/readme.md", "x");
    let answer = program.run("data import d none.csv --catalog c");
    assert_eq!(answer.code(), 1);
    assert!(
        answer.out().contains("; 2 files refused; 1 file with other endings passed over; 3 added"),
        "{}",
        answer.out()
    );
    assert!(answer.error().contains("error: d/MSFT.csv: empty"), "{}", answer.error());
    assert!(answer.error().contains("error: none.csv: no such file"), "{}", answer.error());
}

#[test]
fn an_import_that_cannot_be_written_does_not_say_that_nothing_is_new() {
    let program = Program::new();
    program.write("AAPL.csv", BARS);
    std::fs::create_dir_all(program.path("c")).unwrap();
    program.write("c/bars", "no folder");
    let stopped = program.run("data import AAPL.csv --venue nasdaq --catalog c");
    assert_eq!(stopped.code(), 1);
    assert!(stopped.out().contains("writing stopped: what was stored until then stays"), "{}", stopped.out());
    assert!(!stopped.out().contains("nothing new"), "{}", stopped.out());
}

#[test]
fn wrong_flags_are_wrong_usage() {
    let program = Program::new();
    program.write("AAPL.csv", BARS);
    let check = |flags: &str, expected: &str| {
        let answer = program.run(&format!("data import {flags} --catalog c"));
        assert_eq!(answer.code(), 2, "{flags}");
        assert!(answer.error().contains(expected), "{flags}: {}", answer.error());
    };
    check("", "PATH");
    check("AAPL.csv --dialect binance", "there are auto, recording, tardis,");
    check("AAPL.csv --kind candles", "is no kind of data");
    check("AAPL.csv --symbol aapl", "is not a symbol");
    check("AAPL.csv --venue NASDAQ", "expected small letters");
    check("AAPL.csv --symbol AAPL@nyse --venue nasdaq", "--symbol names the venue nyse");
    check("AAPL.csv --timeframe 1y", "is not a time frame");
    check("AAPL.csv --on-conflict maybe", "keep, replace, refuse");
}

/// Two publishers of the same days lay in one set of Coinbase.
#[test]
fn bars_of_another_source_are_refused_until_it_is_said_which_stay() {
    let program = Program::new();
    let rows = |close: u32| {
        let row = |day: u32| format!("2024-01-{day:02},5,9,4,{close},1\n");
        format!("time,open,high,low,close,volume\n{}", (1..20).map(row).collect::<String>())
    };
    for (folder, close) in [("one", 5), ("other", 6)] {
        std::fs::create_dir(program.path(folder)).unwrap();
        program.write(&format!("{folder}/BTC_USD-1d.csv"), rows(close));
    }
    let import = |words: &str| program.run(&format!("data import --venue here --catalog c {words}"));
    assert_eq!(import("one").code(), 0);
    let refused = import("other");
    assert_eq!(refused.code(), 1);
    assert!(refused.out().contains("19 rows of another source not taken"), "{}", refused.out());
    assert!(
        refused.error().contains("19 of 19 rows that are there already have other values")
            && refused.error().contains("there: csv of one/BTC_USD-1d.csv"),
        "{}",
        refused.error()
    );
    assert_eq!(import("other --venue there").code(), 2, "a flag twice");
    assert!(import("other --on-conflict replace").out().contains("19 replaced"));
}
