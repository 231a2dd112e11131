//! Dividends, splits and funding from files: what they pay, and what is refused.
use serde_json::Value;

use crate::program::Program;

/// Four weeks of days at a price that `close` gives.
fn prices(close: impl Fn(u32) -> &'static str) -> String {
    let row = |day: u32| format!("2020-02-{day:02},{0},{0},{0},{0},5\n", close(day));
    format!("time,open,high,low,close,volume\n{}", (1..=28).map(row).collect::<String>())
}

fn program() -> Program {
    let program = Program::new();
    program.write("flat.csv", prices(|_| "100"));
    program.write("split.csv", prices(|day| if day < 15 { "100" } else { "25" }));
    program.write(
        "dividends.csv",
        "time,amount\n2020-01-05,9\n2020-02-01,9\n2020-02-10,0.5\n2020-02-20,0.25\n2021-01-05,9\n",
    );
    program.write("splits.csv", "time,ratio\n2020-02-15,4\n");
    program.write("funding.csv", "time,rate\n2020-02-10,0.001\n2020-02-11 08:00,-0.0005\n");
    program
}

/// Runs buy & hold of 100 units without fees; gives the last equity, and the setting of this name.
fn check(program: &Program, words: &str, equity: f64, (setting, word): (&str, &str)) {
    let words = format!("backtest --strategy buy-and-hold --size 100 --cash 20000 --fee 0 --json {words}");
    let answer = program.run(&words);
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    let report: Value = serde_json::from_str(&answer.out()).unwrap();
    assert_eq!(report["stats"]["Equity Final [$]"].as_f64().unwrap(), equity, "{words}");
    assert_eq!(report["settings"][setting], word, "{words}");
}

#[test]
fn what_falls_due_is_paid() {
    let program = program();
    check(&program, "--data X=flat.csv", 20_000.0, ("dividends", "none"));
    let two = ("dividends", "X: 2 from 2020-02-10 to 2020-02-20");
    check(&program, "--data X=flat.csv --dividends dividends.csv", 20_075.0, two);
    check(&program, "--data X=flat.csv --dividends X=dividends.csv", 20_075.0, two);
    check(
        &program,
        "--data X=split.csv --splits splits.csv",
        20_000.0,
        ("splits", "X: 1 from 2020-02-15 to 2020-02-15"),
    );
    check(&program, "--data X=split.csv --splits splits.csv --dividends dividends.csv", 20_150.0, two);
    // 100 units at 100: 0.1 % of 10,000 is paid, then 0.05 % received.
    let rates = ("funding", "BTC/USDT:USDT: 2 from 2020-02-10 to 2020-02-11T08:00:00Z");
    check(&program, "--data BTC/USDT:USDT=flat.csv --funding funding.csv", 19_995.0, rates);
    program.write("run.toml", "data = \"X=flat.csv\"\ndividends = [\"X=dividends.csv\"]\n");
    check(&program, "--config run.toml", 20_075.0, two);
    let answer = program.run("backtest --data X=flat.csv --dividends dividends.csv --strategy buy-and-hold --plain");
    let said = "With dividends of X: 2 from 2020-02-10 to 2020-02-20 (dividends.csv); 3 outside of the bars, left out";
    assert!(answer.out().contains(said), "{}", answer.out());
}

#[test]
fn what_cannot_fall_due_is_refused() {
    let program = program();
    program.write("other.csv", prices(|_| "100"));
    let refused = |words: &str, code: i32, parts: &[&str]| crate::refusals::check(&program, words, code, parts);
    refused("--data X=flat.csv --dividends none.csv", 1, &["none.csv: no such file"]);
    refused("--data X=flat.csv --dividends flat.csv", 1, &["flat.csv:1:1", "time,amount"]);
    refused("--data X=flat.csv --dividends Y=dividends.csv", 2, &["--dividends Y=", "no such symbol", "expected X"]);
    refused("--data X=flat.csv Y=other.csv --dividends dividends.csv", 2, &["SYMBOL=FILE", "X=dividends.csv"]);
    refused("--data X=flat.csv --dividends dividends.csv X=dividends.csv", 2, &["X has a file already"]);
    refused("--data X=flat.csv --dividends X=", 2, &["--dividends X=", "expected a file"]);
    refused("--data X=flat.csv --funding funding.csv", 2, &["--funding", "X is no perpetual", "BTC/USDT:USDT"]);
    refused("--data BTC/USDT:USDT=flat.csv --splits splits.csv", 2, &["--splits", "is a contract"]);
    program.write("zero.csv", "time,ratio\n2020-02-15,0\n");
    refused("--data X=split.csv --splits zero.csv", 1, &["zero.csv:2:12", "\"0\" is no ratio", "more than zero"]);
    program.write("back.csv", "time,ratio\n2020-02-15,4\n2020-02-14,4\n");
    refused("--data X=split.csv --splits back.csv", 1, &["back.csv:3:1", "expected a later time"]);
    refused("--data X=split.csv --splits splits.csv --trades splits.csv", 2, &["--trades", "a file of --splits"]);
}
