//! Flags of portfolios that would change nothing, prices that are too old to trade at, and where a wrong word stands.
use crate::program::Program;
use serde_json::Value;

/// Thirty days of three assets; the prices of C end twenty days before the others.
fn program() -> Program {
    let program = Program::new();
    let (mut table, mut old) = ("date,A,B,C\n".to_owned(), "date,A,B,C\n".to_owned());
    for day in 1..=30_u32 {
        let price = |step: u32| 100.0 + f64::from(day * step % 7) + f64::from(day) / 10.0;
        let [a, b, c] = [3, 5, 4].map(price);
        table += &format!("2024-01-{day:02},{a},{b},{c}\n");
        let c = if day <= 10 { c.to_string() } else { String::new() };
        old += &format!("2024-01-{day:02},{a},{b},{c}\n");
    }
    program.write("closes.csv", table);
    program.write("old.csv", old);
    program
}

fn check(program: &Program, words: &str, code: i32, parts: &[&str]) {
    let answer = program.run(&format!("portfolio {words}"));
    assert_eq!((answer.code(), answer.out().as_str()), (code, ""), "{words}: {}", answer.error());
    for part in parts {
        assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
    }
}

fn answer(program: &Program, words: &str) -> Value {
    let answer = program.run(&format!("portfolio {words} --json"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

#[test]
fn a_flag_that_changes_nothing_is_refused() {
    let program = program();
    let optimise = |words: &str, parts: &[&str]| {
        check(&program, &format!("optimise --prices closes.csv {words}"), 2, parts);
    };
    optimise("--aversion 2.5", &["--aversion", "--objective utility and to --view"]);
    optimise("--objective herc --linkage single", &["--linkage", "--objective hrp alone"]);
    optimise("--confidence 95%", &["--confidence", "--objective min-cvar alone"]);
    optimise("--decay 0.94", &["--decay", "--covariance ewma alone"]);
    optimise("--decay 0.94 --covariance sample", &["--decay"]);
    optimise("--tau 0.05", &["--tau", "--view alone"]);
    optimise("--cost 10bp", &["--cost", "--current"]);
    optimise("--turnover 90%", &["--turnover", "--current"]);
    optimise("--objective hrp --cost 10bp --current A=1", &["--cost", "hrp is a rule, which knows no costs"]);
    let frontier = |words: &str, flag: &str| {
        check(&program, &format!("frontier --prices closes.csv {words}"), 2, &[flag, "has no objective"]);
    };
    frontier("--objective min-variance", "--objective");
    frontier("--target-return 3%", "--target-return");
    frontier("--aversion 3", "--aversion");
    let given = |words: &str, flag: &str| {
        let words = format!("rebalance --prices closes.csv --cash 1000 --weights A=50% {words}");
        check(&program, &words, 2, &[flag, "leave one of the two out"]);
    };
    given("--objective min-variance", "--objective");
    given("--turnover 10%", "--turnover");
    given("--covariance ewma", "--covariance");
    given("--bounds 0:20%", "--bounds");
    check(&program, "rebalance --prices closes.csv --cash 9 --risk-free 1%", 2, &["--risk-free", "max-sharpe alone"]);
    // Where they are of use, they are taken.
    for words in [
        "optimise --prices closes.csv --view A=8% --aversion 3 --tau 0.1",
        "optimise --prices closes.csv --covariance ewma --decay 0.9 --objective min-cvar --confidence 90%",
        "optimise --prices closes.csv --cost 10bp --turnover 50% --current A=1",
        "optimise --prices closes.csv --objective hrp --linkage ward",
        "frontier --prices closes.csv --points 3 --view A=8% --aversion 3 --risk-free=-90%",
        "rebalance --prices closes.csv --cash 1000 --turnover 60%",
        "rebalance --prices closes.csv --cash 1000 --objective max-sharpe --risk-free=-90%",
    ] {
        answer(&program, words);
    }
}

/// What is held was taken, and nothing was counted from it.
#[test]
fn what_is_held_is_refused_where_nothing_counts_from_it() {
    let program = program();
    let optimise = |words: &str, parts: &[&str]| {
        check(&program, &format!("optimise --prices closes.csv {words}"), 2, parts);
    };
    let unread = ["--current: nothing counts from it: give --turnover, or --cost or --impact above zero"];
    for words in
        ["--current A=.5", "--current A=.5 --cost 0", "--current A=.5 --cost 0% --impact 0", "--current A=.5 --gross 1"]
    {
        optimise(words, &unread);
        check(&program, &format!("frontier --prices closes.csv {words}"), 2, &unread);
        check(&program, &format!("rebalance --prices closes.csv --cash 1000 {words}"), 2, &unread);
    }
    optimise(
        "--objective hrp --current A=.5",
        &["--current: nothing counts from it: give --turnover, or leave it out"],
    );
    program.write("limits.toml", "gross = \"1\"\ncurrent = [\"A=.5\"]\n");
    let unread = ["limits.toml:2:1: current: nothing counts from it"];
    check(&program, "optimise --prices closes.csv --constraints limits.toml", 1, &unread);
    for words in [
        "optimise --prices closes.csv --impact 0.1 --current A=1",
        "optimise --prices closes.csv --objective hrp --turnover 90% --current A=1",
        "frontier --prices closes.csv --points 3 --cost 10bp --current A=1",
    ] {
        answer(&program, words);
    }
}

/// What conflicted with few positions was told as the other constraints.
#[test]
fn what_conflicts_with_few_positions_is_named() {
    let program = program();
    let optimise =
        |words: &str, parts: &[&str]| check(&program, &format!("optimise --prices closes.csv {words}"), 1, parts);
    let groups = "all of these: group a at least 0.1; group b at least 0.1; group c at least 0.1; allow more positions";
    optimise("--max-positions 2 --group a=A:10%: b=B:10%: c=C:10%:", &["at most 2 positions", groups]);
    let bounds =
        "all of these: the weights sum to 1; A at most 0.4; B at most 0.4; C at most 0.4; allow more positions";
    optimise("--max-positions 2 --bounds 0:40%", &["at most 2 positions", bounds]);
    let smaller = "the weights sum to 1; A at most 1; B at most 1; C at most 1; allow smaller weights, or relax one";
    optimise("--min-weight 150%", &["no weight smaller than 1.5", smaller]);
}

/// The last of two once won, and nothing said so.
#[test]
fn what_is_bounded_twice_is_refused() {
    let program = program();
    let optimise = |words: &str, code: i32, parts: &[&str]| {
        check(&program, &format!("optimise --prices closes.csv {words}"), code, parts);
    };
    optimise("--bounds A=0:10% A=20%:30%", 2, &["--bounds A=20%:30%: it is named twice"]);
    optimise("--bounds 0:50% B=0:1 0:60%", 2, &["--bounds 0:60%: the bounds of all assets are named twice"]);
    optimise("--group a=A,B::50% a=C:10%:", 2, &["--group a=C:10%:: group a is named twice"]);
    program.write("limits.toml", "max-positions = 2\nbounds = [\"A=0:10%\", \"A=20%:30%\"]\n");
    optimise("--constraints limits.toml", 1, &["limits.toml:2:23: bounds A=20%:30%: it is named twice"]);
    answer(&program, "optimise --prices closes.csv --bounds 0:50% A=20%:30% --group a=A,B::90% b=A,B:10%:");
}

/// A number out of its range was told without its flag, or by another one.
#[test]
fn a_number_out_of_range_is_told_by_its_flag() {
    let program = program();
    let optimise = |words: &str, parts: &[&str]| {
        check(&program, &format!("optimise --prices closes.csv {words}"), 2, parts);
    };
    optimise("--current A=1 --cost=-1%", &["--cost -1%: expected zero or more"]);
    optimise("--current A=1 --turnover=-1%", &["--turnover -1%: expected zero or more"]);
    optimise("--impact=-0.1", &["--impact -0.1: expected zero or more"]);
    optimise("--gross=-150%", &["--gross -150%: expected zero or more"]);
    optimise("--min-weight=-2%", &["--min-weight -2%: expected zero or more"]);
    optimise("--objective min-cvar --confidence 100%", &["--confidence 100%: expected a share above 0% and below"]);
    optimise("--objective target-risk --target-risk 0%", &["--target-risk 0%: expected a share above zero"]);
    optimise("--objective utility --aversion 0", &["--aversion 0: expected a number above zero"]);
    optimise("--view A=8% --tau 0", &["--tau 0: expected a number above zero"]);
    optimise("--view A=8%@100%", &["--view A=8%@100%: a view is sure by more than 0% and less than 100%"]);
    optimise("--view A-A=8%", &["--view A-A=8%: A against itself says nothing"]);
    let budgets = "--budgets B=-1: the share of B is -1; expected one above zero";
    optimise("--objective risk-budgets --budgets A=2 B=-1", &[budgets]);
    program.write("limits.toml", "gross = \"-150%\"\n");
    let words = "optimise --prices closes.csv --constraints limits.toml";
    check(&program, words, 1, &["limits.toml:1:10: gross -150%: expected zero or more"]);
    let rebalance = |words: &str, parts: &[&str]| {
        check(&program, &format!("rebalance --prices closes.csv --cash 1000 --weights A=1 {words}"), 2, parts);
    };
    rebalance("--lot 0", &["'0' for '--lot <UNITS>': expected a step above zero"]);
    rebalance("--band 200%", &["'200%' for '--band <SHARE>': expected 0% or more and less than 100%"]);
    rebalance("--fee=-1%", &["'-1%' for '--fee <SHARE>': expected 0% or more and less than 100%"]);
}

#[test]
fn nothing_is_traded_at_a_price_that_is_too_old() {
    let program = program();
    program.write("held.csv", "symbol,quantity\nC,5\n");
    let words = "rebalance --prices old.csv --align ffill --cash 1000";
    let parts = ["--prices C:", "of 2024-01-10, 20 days older than the newest of 2024-01-30", "--max-age 20"];
    check(&program, &format!("{words} --weights C=50%"), 1, &parts);
    check(&program, &format!("{words} --weights A=50% --positions held.csv"), 1, &parts);
    // At common instants alone all prices end with those of C, which is neither held nor wanted.
    let parts = [
        "--prices C: it ends at 2024-01-10, and the table with it, 20 days before the newest price of 2024-01-30",
        "expected 5 days at most for A: leave out C, fill forward (--align ffill), or allow it with --max-age 20",
    ];
    check(&program, "rebalance --prices old.csv --cash 1000 --weights A=50%", 1, &parts);
    let shown = answer(&program, &format!("{words} --weights A=50%"));
    assert!(
        shown["notes"].to_string().contains("C has no price after 2024-01-10, 20 days before"),
        "{}",
        shown["notes"]
    );
    answer(&program, &format!("{words} --weights C=50% --max-age 20"));
    for tax in ["-1%", "101%"] {
        check(&program, &format!("{words} --weights A=50% --tax={tax}"), 2, &["--tax", "0% to 100%"]);
    }
}

/// The column `time` of a file of positions was passed over in silence, and with it that its prices were too old.
#[test]
fn a_file_of_positions_says_the_same_to_every_command() {
    let program = program();
    let both = |text: &str, prices: &str, parts: &[&str]| {
        program.write("held.csv", text);
        let words = format!("--prices {prices} --align ffill --positions held.csv");
        for command in [format!("portfolio rebalance {words} --weights A=50%"), format!("risk {words} --method normal")]
        {
            let answer = program.run(&command);
            assert_eq!(answer.code(), i32::from(!parts.is_empty()), "{command}: {}", answer.error());
            for part in parts {
                assert!(answer.error().contains(part), "{command}: {part:?} is missing in {}", answer.error());
            }
        }
    };
    both("symbol,quantity,price,time,class,currency,volume\nA,5,90,2024-01-30,tech,USD,1000\n", "closes.csv", &[]);
    both("asset;qty;as_of\nA;5;2024-01-30T15:00:00Z\n", "closes.csv", &[]);
    both("symbol,quantity,price,time\nA,5,90,2024-01-02\nA,7,,\n", "closes.csv", &[]);
    both("symbol,quantity,price\nA,5,abc\n", "closes.csv", &["held.csv:2:5: \"abc\""]);
    both("symbol,quantity,price\nA,5,-5\n", "closes.csv", &["held.csv:2:5", "no price of a purchase"]);
    both("symbol,quantity,volume\nA,5,0\n", "closes.csv", &["held.csv:2:5", "that trade on a day, above zero"]);
    both("symbol,quantity,volume\nA,5,-9\n", "closes.csv", &["held.csv:2:5", "that trade on a day, above zero"]);
    both("symbol,quantity\nA,0\n", "closes.csv", &["held.csv:2:3", "expected units, not zero"]);
    both("symbol,quantity\n\"A\"\"B\",5\n", "closes.csv", &["held.csv:2:1: \"A\\\"B\""]);
    program.write("held.csv", "symbol,quantity,currency\nA,5,EUR\n");
    let words = "rebalance --prices closes.csv --positions held.csv --weights A=50%";
    check(&program, words, 1, &["held.csv:2:5: \"EUR\"", "expected USD, the --currency"]);
    let risk = |text: &str| {
        program.write("held.csv", text);
        program.run("risk --prices closes.csv --positions held.csv --method normal --json").out()
    };
    let (lots, sum) = (risk("symbol,quantity\nA,5\nB,3\nA,7\n"), risk("symbol,quantity\nA,12\nB,3\n"));
    assert!(lots.contains("\"quantity\": \"12\"") && lots == sum, "lots are added");
    program.write("held.csv", "symbol,quantity,class\nA,5,tech\nA,7,bank\n");
    let apart = program.run("risk --prices closes.csv --positions held.csv --method normal");
    assert!(apart.code() == 1 && apart.error().contains("held.csv:3:1"), "{}", apart.error());
    let unknown = ["held.csv:1:17: \"tme\": there is no such column; did you mean time?", "take it out"];
    both("symbol,quantity,tme\nA,5,2024-01-30\n", "closes.csv", &unknown);
    both("symbol,quantity,size\nA,5,7\n", "closes.csv", &["held.csv:1:17: \"size\": a second column of the quantity"]);
    both("symbol,quantity,time\nA,5,2024-02-01\n", "closes.csv", &["held.csv:2:5", "its last price of 2024-01-30"]);
    let old = ["held.csv:2:5", "the position is of 2024-01-20, its last price of 2024-01-10", "bring newer prices"];
    both("symbol,quantity,time\nC,5,2024-01-20\n", "old.csv", &old);
    both("symbol,quantity\nC,5\n", "old.csv", &["--prices C:", "20 days older than the newest", "--max-age 20"]);
    both("symbol,quantity\nA,5\n", "old.csv", &[]);
    program.write("held.csv", "symbol,quantity\nA,5\ncash,100\n");
    let words = "rebalance --prices closes.csv --positions held.csv --weights A=50%";
    check(&program, words, 1, &["held.csv:3:1", "--cash says what there is"]);
    program.write("w.csv", "symbol,weight,wieght\nA,1,1\n");
    check(
        &program,
        "rebalance --prices closes.csv --cash 9 --weights w.csv",
        1,
        &["w.csv:1:15", "did you mean weight?"],
    );
}

#[test]
fn risk_values_nothing_at_prices_of_long_ago() {
    let program = program();
    program.write("held.csv", "symbol,quantity\nC,5\n");
    let risk = |words: &str, code: i32, part: &str| {
        let answer = program.run(&format!("risk --method normal --horizon 1 {words}"));
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
    };
    risk("--prices old.csv --align ffill --positions held.csv --max-age 20", 0, "");
    risk("--prices old.csv --align ffill --positions held.csv --max-age 19", 1, "expected 19 days at most");
    // The refusal once named what is held, and dated its newer prices back.
    program.write("w.csv", "symbol,weight\nA,1\n");
    risk("--prices old.csv --weights w.csv", 1, "--prices C: it ends at 2024-01-10, and the table with it, 20 days");
    program.write("w.csv", "symbol,weight\nA,0.5\nC,0.5\n");
    risk("--prices old.csv --weights w.csv", 1, "--prices C: its price is of 2024-01-10, 20 days older");
    // One that ends behind another, and two that never meet again.
    let rows = |days: std::ops::RangeInclusive<u32>, cells: &str| -> String {
        days.map(|day| format!("2024-01-{day:02},{cells}\n").replace('x', &(100 + day % 3).to_string())).collect()
    };
    program.write("w.csv", "symbol,weight\nA,1\n");
    let ends = format!("date,A,B,C\n{}{}{}", rows(1..=8, "x,x,x"), rows(9..=12, "x,,x"), rows(13..=30, "x,,"));
    program.write("ends.csv", ends);
    risk("--prices ends.csv --weights w.csv", 1, "--prices B: it ends at 2024-01-08, and the table with it, 22 days");
    risk("--prices ends.csv --weights w.csv", 1, "for A: leave out B and C, fill forward");
    program.write("w.csv", "symbol,weight\nC,1\n");
    risk("--prices ends.csv --weights w.csv", 1, "expected 5 days at most for C: leave out B, fill forward");
    program.write("w.csv", "symbol,weight\nB,1\n");
    risk("--prices ends.csv --weights w.csv", 1, "--prices B: its price is of 2024-01-08, 22 days older");
    program.write("lots.csv", "symbol,quantity,time\nA,5,2024-01-20\n");
    let told = "the position is of 2024-01-20, the last instant of all assets is 2024-01-08; leave out what ends there";
    risk("--prices ends.csv --positions lots.csv", 1, told);
    program.write("w.csv", "symbol,weight\nA,1\n");
    let mut apart = format!("date,A,B\n{}", rows(1..=8, "x,x"));
    (9..=30).for_each(|day| apart += &rows(day..=day, if day % 2 == 0 { "x," } else { ",x" }));
    program.write("apart.csv", apart);
    let told = "the last instant of them all is 2024-01-08, 22 days before the newest price";
    risk("--prices apart.csv --weights w.csv", 1, told);
    // Without a book each asset weighs the same: one that ended long ago was measured at its full weight, standing still.
    for align in ["inner", "ffill"] {
        let ended =
            "--prices C: its price is of 2024-01-10, 20 days older than the newest of 2024-01-30; expected 5 days";
        risk(&format!("--prices old.csv --align {align}"), 1, ended);
        risk(&format!("--prices old.csv --align {align} --max-age 19"), 1, "expected 19 days at most");
        risk(&format!("--prices old.csv --align {align} --max-age 20"), 0, "");
    }
    risk("--prices apart.csv", 1, told);
    // Of weeks the last is over for what has Sundays, and not for what ends on Fridays: one bar is no age.
    risk("--prices AAPL BTC/USD --to 2019-10-17 --timeframe 1w", 0, "");
    risk("--prices AAPL BTC/USD --to 2019-10-17 --timeframe 1w --max-age 6", 1, "7 days older");
    // What the book is held against alone is not held.
    risk("--prices old.csv --align ffill --benchmark C", 0, "");
    program.write("equity.csv", "time,equity\n2024-01-01,1\n2024-01-02,2\n2024-01-03,1\n2024-01-04,3\n");
    risk("--equity equity.csv --on-bad-row skip", 2, "--on-bad-row: it is for --prices");
    risk("--equity equity.csv --max-age 3", 2, "--max-age: it is for --prices");
}

#[test]
fn a_wrong_word_of_a_file_is_told_by_its_place() {
    let program = program();
    let wrong = |text: &str, parts: &[&str]| {
        program.write("limits.toml", text);
        check(&program, "optimise --prices closes.csv --constraints limits.toml", 1, parts);
    };
    wrong("gross = \"1\"\nturnover = \"much\"\n", &["limits.toml:2:", "turnover"]);
    wrong("bounds = [\n  \"0:50%\",\n  \"Z=0:1\",\n]\n", &["limits.toml:3:4: bounds Z=0:1", "Z has no prices"]);
    wrong("max-positions = 0\n", &["limits.toml:1:17: max-positions 0"]);
    wrong("sum = \"one\"\n", &["limits.toml:1:8: sum one"]);
    // A word of the command line is told by its flag.
    program.write("limits.toml", "gross = \"2\"\n");
    let words = "optimise --prices closes.csv --constraints limits.toml --gross x";
    check(&program, words, 2, &["--gross x"]);
    program.write("twice.csv", "date,A,A\n2024-01-01,1,2\n2024-01-02,1,2\n");
    check(&program, "optimise --prices twice.csv", 1, &["twice.csv:1", "A", "twice"]);
}

#[test]
fn frames_that_differ_are_brought_to_the_longest() {
    let program = Program::new();
    let bars = |name: &str, step: usize| {
        let rows = (0..30).map(|bar| {
            let minutes = bar * step;
            format!("2024-01-{:02}T{:02}:{:02}:00Z,1,2,1,1.5,1\n", 1 + minutes / 1440, minutes / 60 % 24, minutes % 60)
        });
        program.write(name, format!("time,open,high,low,close,volume\n{}", rows.collect::<String>()));
    };
    bars("hours.csv", 60);
    bars("quarters.csv", 15);
    for order in ["A=hours.csv B=quarters.csv", "B=quarters.csv A=hours.csv"] {
        check(&program, &format!("optimise --prices {order}"), 1, &["expected one length: --timeframe 1h"]);
    }
}

#[test]
fn no_text_says_nan_and_one_is_one() {
    let program = program();
    let empty = program.run("portfolio optimise --prices closes.csv --sum 0%");
    assert_eq!(empty.code(), 0, "{}", empty.error());
    assert!(!empty.out().contains("NaN") && empty.out().contains("Sharpe Ratio            -"), "{}", empty.out());
    let closes = std::fs::read_to_string(program.path("closes.csv")).unwrap();
    let first = |line: &str| line.split(',').take(2).collect::<Vec<_>>().join(",");
    program.write("one.csv", closes.lines().map(first).collect::<Vec<_>>().join("\n"));
    let one = program.run("portfolio optimise --prices one.csv");
    assert!(one.out().contains("of 1 asset: 29 returns"), "{}", one.out());
    program.write("flat.csv", "symbol,weight\nA,0\ncash,1\n");
    let flat = program.run("risk --prices closes.csv --weights flat.csv --method historical --horizon 1");
    assert!(flat.code() == 0 && !flat.out().contains("NaN"), "{} {}", flat.out(), flat.error());
    // Few positions are told by what the user said.
    let words = "optimise --prices closes.csv --max-positions 1 --bounds 0:60%";
    check(&program, words, 1, &["there is no portfolio with at most 1 position that keeps"]);
    let points = answer(&program, "frontier --prices closes.csv --points 8 --max-positions 1");
    let (found, absent) = (points["points"].as_array().unwrap().len(), points["absent"].as_array().unwrap().len());
    assert!(found >= 2 && found + absent == 8, "{points}");
}

/// Words of files and flags are shown, and never spoken to the terminal.
#[test]
fn no_refusal_speaks_to_the_terminal() {
    let program = program();
    program.write("held.csv", "symbol,quantity\nA\u{1b}[31mX,5\n");
    let plain = |words: &str, code: i32| {
        check(&program, words, code, &["\u{fffd}[31m"]);
        assert!(!program.run(&format!("portfolio {words}")).error().contains('\u{1b}'), "{words}");
    };
    plain("rebalance --prices closes.csv --positions held.csv --weights A=1", 1);
    plain("rebalance --prices closes.csv --cash 9 --weights A\u{1b}[31m=1", 2);
    plain("optimise --prices closes.csv --turnover 9% --current A\u{1b}[31m=1", 2);
    plain("optimise --prices closes.csv --bounds A\u{1b}[31m=0:1", 2);
    plain("optimise --prices closes.csv --group g\u{1b}[31m=A:60%: h=B:60%:", 1);
}
