//! Wrong words and broken files: each answer names the flag or the place, the value, what was expected.
use crate::program::Program;

const HEADER: &str = "time,open,high,low,close,volume\n";

pub(crate) fn check(program: &Program, words: &str, code: i32, parts: &[&str]) {
    let answer = program.run(&format!("backtest {words}"));
    assert_eq!(answer.code(), code, "{words}: {}", answer.error());
    assert!(answer.out().is_empty(), "{words}: nothing goes to standard output: {}", answer.out());
    for part in parts {
        assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
    }
}

#[test]
fn wrong_words_are_named() {
    let program = Program::new();
    let wrong = |words: &str, parts: &[&str]| check(&program, words, 2, parts);
    wrong("--param fast=0", &["--param", "fast", "\"0\"", "from 1 to"]);
    wrong("--param fast=abc", &["--param", "fast", "\"abc\"", "whole number"]);
    wrong("--param fast=30", &["--param: fast = \"30\"", "less than slow = 20"]);
    wrong("--param mode=long-short", &["--allow-short:", "sells short"]);
    wrong("--strategy pairs", &["--data: pairs wants two symbols"]);
    wrong("--param fast=20 --param slow=10", &["--param: fast", "\"20\"", "less than slow = 10"]);
    wrong("--param fast", &["fast", "name=value"]);
    wrong("--param fats=3", &["fats", "did you mean fast?"]);
    wrong("--strategy ma-crosover", &["--strategy ma-crosover", "did you mean ma-crossover?", "buy-and-hold"]);
    // These named another flag, none, or no range.
    wrong("--objective hrp", &["--objective hrp", "ma-crossover has no objective", "--strategy portfolio"]);
    let portfolio = "--data AAPL KO --strategy portfolio --objective";
    wrong(&format!("{portfolio} hrpp"), &["--objective: objective = \"hrpp\"", "did you mean hrp?"]);
    wrong(&format!("{portfolio} hrp --param objective=hrp"), &["--objective hrp", "--param objective says it too"]);
    wrong("--spread 1.2pip", &["--spread 1.2pip", "BTC/USD", "has no pips"]);
    wrong("--slippage 1pips", &["--slippage 1pips", "BTC/USD", "has no pips"]);
    wrong("--data BTC/USD --data BTC/USD", &["--data: BTC/USD 1d was given twice"]);
    wrong("--cash 1e30", &["--cash 1e30", "out of range", "1.7e20"]);
    wrong("--max-position 1e60", &["--max-position 1e60", "1.7e20"]);
    wrong("--lot 1e40", &["--lot 1e40", "1.7e29"]);
    wrong("--tick 1e10", &["--tick 1e10", "9.2e9"]);
    wrong("--from 9999-01-05", &["--from 9999-01-05", "out of range", "1677-09-22 to 2262-04-11"]);
    wrong("--cash 0", &["--cash 0", "above zero"]);
    wrong("--cash -1", &["--cash -1", "above zero"]);
    wrong("--cash ten", &["--cash ten", "not a decimal number"]);
    wrong("--fee 101%", &["--fee 101%", "0% to 100%"]);
    wrong("--fee -1%", &["--fee -1%", "0% to 100%"]);
    wrong("--slippage x", &["--slippage x"]);
    wrong("--size 0", &["--size 0", "above zero"]);
    wrong("--size half", &["--size half"]);
    wrong("--lot 0", &["--lot 0", "above zero"]);
    wrong("--fill nextopen", &["--fill nextopen", "next-open, close, worst", "did you mean next-open?"]);
    wrong("--latency soon", &["--latency soon", "200ms"]);
    wrong("--latency 5", &["--latency 5", "200ms"]);
    wrong("--latency 5fortnights", &["--latency 5fortnights", "2bars"]);
    wrong("--latency 99999999999bars", &["--latency 99999999999bars", "at most 100000 bars"]);
    wrong("--latency 100001bars", &["at most 100000 bars"]);
    wrong("--latency 9000h", &["--latency 9000h", "366 days"]);
    wrong("--volume-cap 0", &["--volume-cap 0", "more than 0%, up to 100%"]);
    wrong("--fee 0.1", &["--fee 0.1", "here 10%", "write 0.1%"]);
    wrong("--leverage 0.5", &["--leverage 0.5", "expected 1 to 1000 times the equity"]);
    wrong("--max-leverage 0", &["--max-leverage 0", "times the equity"]);
    wrong("--from 2018-01-01 --to 2017-01-01", &["--from 2018-01-01", "--to 2017-01-01", "swap"]);
    wrong("--from yesterday", &["--from yesterday", "RFC 3339"]);
    wrong("--timeframe 7h", &["--timeframe 7h", "1d"]);
    wrong("--timeframe hour", &["--timeframe hour", "5m"]);
    wrong("--seed x", &["--seed x", "whole number from 0 to"]);
    wrong("--seed -1", &["--seed -1", "whole number from 0 to 18446744073709551615"]);
    wrong("--data=", &["--data", "expected a file"]);
    wrong("--data X=", &["--data X=", "expected a file"]);
    wrong("--data btc=nosuch.csv", &["--data btc=nosuch.csv"]);
    wrong("--nonsense", &["--nonsense"]);
}

#[test]
fn what_cannot_be_done_is_refused() {
    let program = Program::new();
    let refused = |words: &str, parts: &[&str]| check(&program, words, 1, parts);
    refused("--data nosuch.csv", &["nosuch.csv", "no such file"]);
    refused("--param slow=5000", &["1770 bars", "5001"]);
    // It named no file, and of several none was known to be the short one.
    program.write("short.csv", format!("{HEADER}2020-01-01,9,9,9,9,5\n2020-01-02,9,9,9,9,5\n"));
    let short = "X 1d from short.csv: 2 bars are too few: the strategy needs 21 before it can act";
    refused("--data BTC/USD X=short.csv", &[short, "(--param; --from, --to, --timeframe)"]);
    refused("--from 2030-01-01", &["no bars between", "2014-12-01 to 2019-10-17"]);
    refused("--data BTC-USD", &["no such file", "did you mean the bundled sample BTC/USD?"]);
    refused("--data btc/us", &["did you mean the bundled sample BTC/USD?"]);
    std::fs::create_dir(program.path("folder.csv")).unwrap();
    refused("--data folder.csv", &["folder.csv", "a directory"]);
}

#[test]
fn broken_files_say_where() {
    let program = Program::new();
    let row = |row: &str| format!("{HEADER}2020-01-01,10,12,9,11,5\n{row}\n2020-01-03,10,12,9,11,5\n");
    let files: &[(&str, Vec<u8>, &[&str])] = &[
        ("empty.csv", Vec::new(), &["empty"]),
        ("header.csv", HEADER.into(), &["header.csv"]),
        ("columns.csv", "a,b,c\n1,2,3\n".into(), &["columns.csv:1"]),
        ("fields.csv", row("2020-01-02,10,12,9").into(), &["fields.csv:3"]),
        ("text.csv", row("2020-01-02,10,high,9,11,5").into(), &["text.csv:3:", "high"]),
        ("nan.csv", row("2020-01-02,10,NaN,9,11,5").into(), &["nan.csv:3:", "NaN"]),
        ("infinity.csv", row("2020-01-02,10,inf,9,11,5").into(), &["infinity.csv:3:", "inf"]),
        ("negative.csv", row("2020-01-02,10,12,-9,11,5").into(), &["negative.csv:3:", "-9"]),
        ("zero.csv", row("2020-01-02,10,12,0,11,5").into(), &["zero.csv:3:", "above zero"]),
        ("low.csv", row("2020-01-02,10,8,9,11,5").into(), &["low.csv:3", "8"]),
        ("outside.csv", row("2020-01-02,13,12,9,11,5").into(), &["outside.csv:3", "13"]),
        ("twice.csv", row("2020-01-01,10,12,9,11,5").into(), &["twice.csv:3", "2020-01-01"]),
        ("unsorted.csv", row("2020-01-05,10,12,9,11,5").into(), &["unsorted.csv:4"]),
        ("zones.csv", row("2020-01-02T00:00:00+05:00,10,12,9,11,5").into(), &["zones.csv:3"]),
        ("binary.csv", vec![0, 159, 146, 150, 0, 255, 10, 0], &["binary.csv"]),
        ("zero.csv.gz", Vec::new(), &["zero.csv.gz"]),
        (
            "utf16.csv",
            [&[0xff, 0xfe][..], &"time,open\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat(),
            &["UTF-16"],
        ),
    ];
    for (name, bytes, parts) in files {
        program.write(name, bytes);
        check(&program, &format!("--data X={name}"), 1, parts);
    }
}

#[test]
fn bad_rows_can_be_skipped_and_are_counted() {
    let program = Program::new();
    let rows: String = (1..=28).map(|day| format!("2020-02-{day:02},10,12,9,11,5\n")).collect();
    program.write("x.csv", format!("{HEADER}{rows}2020-03-01,10,oops,9,11,5\n"));
    check(&program, "--data X=x.csv", 1, &["x.csv:30:", "oops"]);
    let answer = program.run("backtest --data X=x.csv --on-bad-row skip --plain");
    assert_eq!(answer.code(), 0, "{}", answer.error());
    assert!(
        answer.out().contains("28 bars") && answer.out().contains("Note: skipped 1 row: text in a number"),
        "{}",
        answer.out()
    );
    // A row in the middle leaves a gap; every other row leaves no two bars side by side.
    let with_bad = |bad: &dyn Fn(u32) -> bool| {
        let row = |day: u32| format!("2020-03-{day:02},10,{},9,11,5\n", if bad(day) { "oops" } else { "12" });
        format!("{HEADER}{}", (1..=31).map(row).collect::<String>())
    };
    let json = |bad: &dyn Fn(u32) -> bool, warned: &[&str]| -> serde_json::Value {
        program.write("y.csv", with_bad(bad));
        let answer = program.run("backtest --data Y=y.csv --on-bad-row skip --json --param slow=11");
        assert_eq!(answer.code(), 0, "{}", answer.error());
        assert!(warned.iter().all(|warned| answer.error().contains(warned)), "{}", answer.error());
        serde_json::from_str::<serde_json::Value>(&answer.out()).unwrap()["data"][0].take()
    };
    let data = json(&|day| day == 7 || day == 9, &["skipped 2 rows: text in a number", "bars absent: 2, holes: 2"]);
    assert_eq!((&data["timeframe"], &data["gaps"]["missing"]), (&"1d".into(), &2.into()));
    assert_eq!(data["skipped"]["by_reason"][0]["rows"], 2);
    // The refused rows have times that are read: the days between are known to be absent.
    let data = json(&|day| day % 2 == 0, &["skipped 15 rows", "bars absent: 15, holes: 15"]);
    assert_eq!((&data["timeframe"], &data["skipped"]["timeframe_is_guessed"]), (&"1d".into(), &false.into()));
}

#[test]
fn bytes_order_marks_and_line_ends_do_not_matter() {
    let program = Program::new();
    let rows: String = (1..=28).map(|day| format!("2020-02-{day:02},10,12,9,11,5\r\n")).collect();
    program.write("x.csv", format!("\u{feff}{}\r\n{rows}", HEADER.trim_end()));
    let answer = program.run("backtest --data X=x.csv --plain");
    assert_eq!(answer.code(), 0, "{}", answer.error());
}

#[test]
fn no_file_is_written_over_another() {
    let program = Program::new();
    let rows: String = (1..=28).map(|day| format!("2020-02-{day:02},10,12,9,11,5\n")).collect();
    program.write("x.csv", format!("{HEADER}{rows}"));
    check(&program, "--data X=x.csv --trades x.csv", 2, &["--trades x.csv", "--data"]);
    check(&program, "--trades a.csv --equity a.csv", 2, &["--equity a.csv", "--trades writes it too"]);
    check(&program, "--trades a.csv --equity ./a.csv", 2, &["--equity ./a.csv", "--trades writes it too"]);
    program.write("run.toml", "cash = 5000\n");
    check(&program, "--config run.toml --trades run.toml", 2, &["--trades run.toml", "a file of --config"]);
    check(&program, "--report none/a.html", 1, &["--report", "none/a.html", "make its folder first"]);
    check(&program, "--report .", 1, &["--report .", "it is a folder; name a file in it"]);
    if cfg!(target_os = "linux") {
        let answer = program.run("backtest --data X=x.csv --trades /dev/full");
        assert!(
            answer.code() == 1 && answer.error().contains("--trades /dev/full: cannot be written"),
            "{}",
            answer.error()
        );
    }
}

#[test]
fn a_configuration_says_the_same_words() {
    let program = Program::new();
    program
        .write("run.toml", "strategy = \"ma-crossover\"\ncash = 5000\nfee = \"0.1%\"\n[param]\nfast = 5\nslow = 30\n");
    let with_file = program.run("backtest --config run.toml --json");
    let with_flags = program.run("backtest --cash 5000 --fee 0.1% --param fast=5 --param slow=30 --json");
    assert_eq!(with_file.code(), 0, "{}", with_file.error());
    assert_eq!(with_file.out(), with_flags.out());
    let over = program.run("backtest --config run.toml --cash 7000 --param fast=6 --json");
    let flags = program.run("backtest --cash 7000 --fee 0.1% --param fast=6 --param slow=30 --json");
    assert_eq!(over.out(), flags.out(), "flags win over the file");
    program.write("bad.toml", "cahs = 5000\n");
    check(&program, "--config bad.toml", 2, &["bad.toml", "cahs", "line 1"]);
    check(&program, "--config none.toml", 1, &["none.toml"]);
    for (text, part) in [
        ("data = []\n", "an empty list"),
        ("data = [[\"x\"]]\n", "expected a text"),
        ("cash = [1]\n", "expected a text, a number"),
        ("param = [\"fast=10\"]\n", "expected a table: a line [param]"),
        ("[param]\nfast = [1]\n", "fast: expected a text"),
        ("allow_short = true\n", "allow-short"),
        ("volume-cap = 0\n", "bad.toml:1: volume-cap = 0: expected"),
        ("# An account.\ncash = \"abc\"\n", "error: bad.toml:2: cash = abc: "),
        ("[param]\nslow = 50\nfast = 0\n", "error: bad.toml:3: param: fast = \"0\""),
        ("[param]\nfats = 0\n", "error: bad.toml:2: param: there is no parameter \"fats\"; did you mean fast?"),
        (
            "cash = 12345678901234567.8901234567890123456\n",
            "bad.toml:1: cash = 12345678901234567.8901234567890123456: ",
        ),
    ] {
        program.write("bad.toml", text);
        check(&program, "--config bad.toml", 2, &[part]);
    }
    // A flag is to blame for itself, whatever the file says.
    program.write("bad.toml", "cash = 5\nspread = 2\n[param]\nfast = 1\n");
    check(&program, "--config bad.toml --cash 0", 2, &["error: --cash 0: "]);
    check(&program, "--config bad.toml --param fast=0", 2, &["error: --param: fast"]);
    // Through a float, the last digits of an amount were lost in silence.
    program.write("exact.toml", "cash = 12345678901234567.89\nlot = 1e-8\nmaintenance = 3_0.0e-2\n");
    let settings = program.run("backtest --config exact.toml --json").out();
    assert!(settings.contains("\"cash\":\"12345678901234567.89\""), "{}", &settings[..settings.len().min(2_000)]);
    program.write("one.toml", "data = \"BTC/USD\"\n");
    assert_eq!(program.run("backtest --config one.toml --json").out(), program.run("backtest --json").out());
}

#[test]
fn the_files_of_a_run_add_up() {
    // What the venue closed at the end had no row among the orders, and its fee was nowhere but in the cash.
    let program = Program::new();
    let answer = program.run("backtest --at-end close --orders o.csv --trades t.csv --plain");
    assert_eq!(answer.code(), 0, "{}", answer.error());
    let column = |name: &str, wanted: &str| -> f64 {
        let text = std::fs::read_to_string(program.path(name)).unwrap();
        let place = text.lines().next().unwrap().split(',').position(|head| head == wanted).unwrap();
        text.lines().skip(1).filter_map(|line| line.split(',').nth(place)?.parse::<f64>().ok()).sum()
    };
    let (orders, trades) = (column("o.csv", "fee"), column("t.csv", "fee"));
    assert!(trades > 1_000.0 && (orders - trades).abs() < 1e-6, "fees of orders {orders}, of trades {trades}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_takes_nothing_else_away() {
    // The files came before the result: on a full disk the run was done, and none of its figures was seen.
    let program = Program::new();
    for words in ["--plain", "--json"] {
        let full = "--report /dev/full --equity /dev/full";
        let answer = program.run(&format!("backtest {full} --trades t.csv {words}"));
        assert_eq!(answer.code(), 1, "{words}");
        let alone = program.run(&format!("backtest {words}")).out();
        assert!(answer.out().starts_with(&alone) && alone.len() > 1_000, "{words}: {}", answer.out());
        let errors: Vec<String> = answer.error().lines().map(str::to_owned).collect();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert!(errors[0].starts_with("error: --report /dev/full: cannot be written"), "{errors:?}");
        assert!(errors[1].starts_with("error: --equity /dev/full: cannot be written"), "{errors:?}");
        assert!(std::fs::read_to_string(program.path("t.csv")).unwrap().lines().count() > 10);
        std::fs::remove_file(program.path("t.csv")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn readers_that_go_away_and_full_disks_are_met() {
    // A reader of one line was answered with an error, and an error that could not be printed with a panic.
    let program = Program::new();
    let run = |command: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", command]).env("Q", env!("CARGO_BIN_EXE_qframe"));
        let output = shell.current_dir(&program.folder).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    for words in ["backtest", "backtest --json", "strategies", "strategies --json", "samples", "samples --json"] {
        let (_, error) = run(&format!("{{ \"$Q\" {words}; echo $? >&2; }} | true"));
        assert_eq!(error, "0\n", "{words} | true");
        let (code, error) = run(&format!("\"$Q\" {words} > /dev/full; echo $?"));
        assert!(code == "1\n" && error.contains("No space left"), "{words} > /dev/full: {code}{error}");
    }
    assert_eq!(run("\"$Q\" backtest --cash 0 2> /dev/full; echo $?").0, "2\n");
}
