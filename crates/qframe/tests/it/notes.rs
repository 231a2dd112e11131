//! What is said beside the figures: of the data, of what was made of it, of what is not traded.
use qframe_model::time::{Span, Time};

use crate::program::Program;

const HEADER: &str = "time,open,high,low,close,volume\n";

/// Standard output, where the run succeeds.
fn shown(program: &Program, words: &str) -> String {
    let answer = program.run(&format!("backtest {words}"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    answer.out()
}

fn series(program: &Program, words: &str) -> serde_json::Value {
    let out = shown(program, &format!("{words} --json"));
    serde_json::from_str::<serde_json::Value>(&out).unwrap()["data"][0].take()
}

#[test]
fn symbols_that_a_strategy_does_not_trade_are_named() {
    // Of two symbols one was traded, and the object of --json said nothing of the other.
    let program = Program::new();
    let note = "ma-crossover trades one symbol: KO; of the others only buy & hold knows";
    let both = |words: &str| {
        let answer = program.run(&format!("backtest --data {words}"));
        assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
        format!("{}{}", answer.out(), answer.error())
    };
    assert!(both("KO PEP --plain").contains(&format!("   Note: {note}\n")));
    assert!(both("KO PEP --json").ends_with(&format!("warning: {note}\n")));
    assert!(!both("KO --plain").contains("trades one symbol"));
    let hours: String = (0..24).map(|hour| format!("2013-01-07T{hour:02}:00:00Z,30,30,30,30,5\n")).collect();
    program.write("ko.csv", format!("{HEADER}{hours}"));
    assert!(!both("KO KO=ko.csv --plain").contains("trades one symbol"), "a second frame is no second symbol");
}

/// A symbol that had no price for years was held at its last one, and nothing said so.
#[test]
fn a_symbol_that_ends_before_the_others_is_told_with_what_is_held_of_it() {
    let program = Program::new();
    let day = |day: i64| format!("{:#}", "2020-01-01".parse::<Time>().unwrap() + Span::from_seconds(86_400 * day));
    let rows = |days: i64| (0..days).map(|at| format!("{},10,12,9,{},50\n", day(at), 10 + at % 3)).collect::<String>();
    for (name, days) in [("a.csv", 300), ("b.csv", 300), ("c.csv", 100), ("d.csv", 295)] {
        program.write(name, format!("{HEADER}{}", rows(days)));
    }
    let words = "--data A=a.csv B=b.csv C=c.csv D=d.csv --strategy portfolio --objective equal-weight --param window=20 --plain";
    let out = shown(&program, &format!("{words} --report page.html"));
    let ended = "C has no price after 2020-04-09, 200 days before the newest of all";
    assert!(out.contains(&format!("   Note: {ended}\n")), "{out}");
    let told = out.lines().find(|line| line.starts_with(&format!("{ended}; "))).unwrap();
    assert!(
        told.contains(" units are held to the end at that price, worth $") && told.contains("% of the equity; 1 order"),
        "{told}"
    );
    assert!(!out.contains("D has no price"), "five days are a long weekend: {out}");
    assert!(std::fs::read_to_string(program.path("page.html")).unwrap().matches(told).count() == 2, "{told}");
    let found: serde_json::Value = serde_json::from_str(&shown(&program, &format!("{words} --json"))).unwrap();
    let [held, other] = [2, 3].map(|place| &found["data"][place]["ended"]);
    assert!(other.is_null(), "{other}");
    let [days, open] = ["days_before_the_end", "open_orders"].map(|name| held[name].as_u64());
    assert_eq!((held["last"].as_str(), days, open), (Some("2020-04-09T00:00:00Z"), Some(200), Some(1)));
    let [value, equity] = [&held["value"], &found["equity"].as_array().unwrap().last().unwrap()[1]];
    let [value, equity] = [value, equity].map(|text| text.as_str().unwrap().parse::<f64>().unwrap());
    assert!((held["share_of_equity"].as_f64().unwrap() - value / equity).abs() < 1e-9 && value > 1_000.0, "{held}");
}

#[test]
fn longer_bars_tell_of_their_first_and_last_one() {
    // That an unfinished bar was left out stood in the JSON only, and that the first one is no whole bar nowhere.
    let program = Program::new();
    let rows: String = (5..=30).map(|day| format!("2020-01-{day:02},10,12,9,11,5\n")).collect();
    program.write("x.csv", format!("{HEADER}{rows}"));
    let first =
        "the first bar of 13d, from 2020-01-04, opens before the data begins (2020-01-05) and holds only what follows";
    let last = "the last bar of 13d, from 2020-01-30, is unfinished and left out";
    let check = |words: &str, expected: &[&str]| {
        let words = format!("--data X=x.csv --strategy buy-and-hold {words}");
        let notes = series(&program, &words)["notes"].to_string();
        let out = shown(&program, &format!("{words} --plain"));
        for note in [first, last] {
            assert_eq!(out.contains(&format!("   Note: {note}\n")), expected.contains(&note), "{words}: {out}");
            assert_eq!(notes.contains(note), expected.contains(&note), "{words}: {notes}");
        }
    };
    check("--timeframe 13d", &[first, last]);
    check("--timeframe 13d --from 2020-01-05", &[last]);
    check("--timeframe 13d --to 2020-01-28", &[first]);
    check("--timeframe 2d", &[]);
}

#[test]
fn notes_and_gaps_are_those_of_the_period() {
    // A hole of 2019 was reported of a run over 2016.
    let program = Program::new();
    let out = shown(&program, "--from 2016-01-01 --to 2016-12-31 --plain");
    assert!(out.contains("Note: 1 day without volume\n") && !out.contains("Note: 12 days are missing"), "{out}");
    assert!(shown(&program, "--plain").contains("Note: 12 days are missing"));
    // Days without volume, and those that were cut short, were counted over the whole sample.
    let counted = |words: &str| -> Vec<String> {
        let out = shown(&program, &format!("{words} --strategy buy-and-hold --plain"));
        let notes = out.lines().filter_map(|line| line.trim().strip_prefix("Note: "));
        notes.filter(|note| note.contains("without volume") || note.contains("cut short")).map(str::to_owned).collect()
    };
    let suspected = "suspected to be cut short before the end of the day";
    assert_eq!(
        counted(""),
        ["38 days without volume", "8 bars cut short before the end of the day", &format!("13 bars {suspected}")]
    );
    assert_eq!(counted("--from 2016-01-01 --to 2016-12-31"), ["1 day without volume", &format!("2 bars {suspected}")]);
    assert_eq!(counted("--from 2019-03-01 --to 2019-04-30"), ["1 bar cut short before the end of the day"]);
    assert!(counted("--from 2017-01-01 --to 2017-12-31").is_empty());
    let missing = |words: &str| series(&program, words)["gaps"]["missing"].as_u64().unwrap();
    assert_eq!(missing(""), 12);
    assert_eq!(missing("--to 2019-03-19"), 0);
    assert_eq!(missing("--from 2019-01-01"), 12);
    assert_eq!(missing("--timeframe 2d --to 2018-12-31"), 0);
    // Weekends are no gaps in two weeks either: the week is that of the whole file.
    assert_eq!(missing("--data GOOGL --from 2016-01-04 --to 2016-01-15 --strategy buy-and-hold"), 0);
    let rows: String = (1..=28).filter(|day| *day != 9).map(|day| format!("2020-02-{day:02},9,9,9,9,5\n")).collect();
    program.write("x.csv", format!("{HEADER}{rows}"));
    let gaps = |words: &str| shown(&program, &format!("--data X=x.csv --plain --strategy buy-and-hold {words}"));
    assert!(gaps("").contains("Note: bars absent: 1, holes: 1"));
    assert!(!gaps("--from 2020-02-10").contains("absent"));
}

#[test]
fn a_target_that_is_met_is_no_refusal() {
    // Thousands of orders were refused, said the report, though nothing was left to be done.
    let program = Program::new();
    let out = shown(&program, "--strategy vol-target --data KO --cash 100 --orders o.csv --report r.html --plain");
    let read = |name: &str| std::fs::read_to_string(program.path(name)).unwrap();
    assert!(read("o.csv").matches("the target is already met").count() > 1_000);
    assert!(!out.contains("already met") && !read("r.html").contains("already met"), "{out}");
}

#[test]
fn rounded_numbers_are_counted() {
    // Prices with more decimals than are kept were rounded in silence.
    let program = Program::new();
    let rows: String = (1..=28).map(|day| format!("2020-02-{day:02},10,12,9,11.01234567891,5\n")).collect();
    program.write("x.csv", format!("{HEADER}{rows}"));
    let note = "28 numbers have more than nine decimals (of a volume: more than 18 digits): rounded";
    assert!(shown(&program, "--data X=x.csv --plain").contains(&format!("   Note: {note}\n")));
    assert!(series(&program, "--data X=x.csv")["notes"].as_array().unwrap().iter().any(|said| said == note));
}

/// Half of a table was shown, and then that the journal does not fold: only the sum of all fills was too large.
#[test]
fn a_traded_value_beyond_exact_amounts_is_left_out_and_told() {
    let program = Program::new();
    let note = "The traded value is beyond 1.7e20";
    let words = "--data BTC/USD --cash 2e17";
    let text = shown(&program, &format!("{words} --plain --report page.html"));
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace().last();
    assert_eq!(line("Traded Value [$]"), Some("-"));
    assert!(text.contains(note) && !shown(&program, "--data BTC/USD --plain").contains(note));
    assert!(std::fs::read_to_string(program.path("page.html")).unwrap().contains(note));
    let costs = |words: &str| {
        let object: serde_json::Value = serde_json::from_str(&shown(&program, &format!("{words} --json"))).unwrap();
        assert_eq!(object["costs"]["Traded Value [$]"].is_null(), words.contains("2e17"));
        object["costs"]["Avg. Fee [%]"].as_f64().unwrap()
    };
    assert!((costs(words) - costs("--data BTC/USD")).abs() < 1e-9, "shares of it are there all the same");
    let answer = program.run("backtest --data BTC/USD --cash 1e20 --json --report none.html");
    assert_eq!((answer.code(), answer.out().as_str()), (1, ""));
    assert!(answer.error().contains("use smaller amounts or another unit (--cash)"), "{}", answer.error());
    assert!(!program.path("none.html").exists());
}
