//! What the files of orders and trades say is what was traded.
use std::collections::BTreeMap;

use crate::program::Program;

fn rows(program: &Program, file: &str) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(program.path(file)).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    lines.map(|line| header.iter().cloned().zip(line).collect()).collect()
}

fn object(program: &Program, words: &str) -> serde_json::Value {
    let answer = program.run(&format!("backtest {words} --json"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

/// Targets were listed on the side of their decision, also where they filled on the other one.
#[test]
fn orders_add_up_to_the_trades() {
    let program = Program::new();
    let words = "--data AAPL KO PFE XOM --strategy momentum-rotation --param top=2 --at-end close --orders o.csv --trades t.csv";
    object(&program, words);
    let units = |row: &BTreeMap<String, String>, name: &str| row[name].parse::<f64>().unwrap();
    let mut sold: BTreeMap<String, f64> = BTreeMap::new();
    let mut held: BTreeMap<String, f64> = BTreeMap::new();
    for order in rows(&program, "o.csv") {
        let filled = units(&order, "filled");
        *held.entry(order["symbol"].clone()).or_default() += if order["side"] == "buy" { filled } else { -filled };
        if order["side"] == "sell" {
            *sold.entry(order["symbol"].clone()).or_default() += filled;
        }
    }
    for trade in rows(&program, "t.csv") {
        *sold.entry(trade["symbol"].clone()).or_default() -= units(&trade, "size");
    }
    assert_eq!(held.len(), 4);
    assert!(held.values().chain(sold.values()).all(|left| left.abs() < 1e-9), "{held:?} {sold:?}");
}

/// Shares were bought by halves, and what is less than one was said to be held already.
#[test]
fn units_are_whole_lots() {
    let program = Program::new();
    let check = |words: &str, size: &str| {
        let trades =
            object(&program, &format!("--strategy buy-and-hold --fee 0 --at-end close {words}"))["trades"].take();
        assert_eq!(trades[0]["size"], size, "{words}: {trades}");
    };
    check("--data GOOGL --size 2.7", "2");
    check("--data GOOGL --size 25 --lot 10", "20");
    check("--data EUR/USD --size 1500.5 --lot 1000", "1000");
    check("--data BTC/USD --size 0.25", "0.25");
    let none = object(&program, "--data GOOGL --size 0.5 --orders o.csv");
    assert_eq!(none["trades"], serde_json::json!([]));
    let orders = rows(&program, "o.csv");
    assert!(!orders.is_empty());
    assert!(orders.iter().all(|order| order["reason"] == "quantity 0.5 is less than one lot of 1"), "{:?}", orders[0]);
}

/// Exposure depended on the weekday: where no bar opened at the instant of a close, the trade was a bar shorter.
#[test]
fn a_close_belongs_to_the_bar_that_closes() {
    let program = Program::new();
    let closes = [20., 19., 18., 17., 16., 15., 19.5, 21., 22., 23., 24., 25., 20.3, 18., 16., 14., 12., 10., 9., 8.];
    // 2020-01-06 is a Monday.
    for first in 6..=10 {
        let days = (first..).filter(|day| (day - 6) % 7 < 5).map(|day| if day > 31 { (2, day - 31) } else { (1, day) });
        let row = |((month, day), close): ((i32, i32), f64)| {
            format!("2020-{month:02}-{day:02},{close},{close},{close},{close},5\n")
        };
        let text: String = days.zip(closes).map(row).collect();
        program.write("x.csv", format!("time,open,high,low,close,volume\n{text}"));
        let words = "--data X=x.csv --param fast=2 --param slow=3 --fill close";
        assert_eq!(object(&program, words)["stats"]["Exposure Time [%]"], 35.0, "from January {first}");
    }
}

/// A cross that came while the order of the one before was on its way was forgotten, and the position stayed.
#[test]
fn a_cross_is_acted_on_when_the_order_before_it_is_there() {
    let program = Program::new();
    let closes = [10, 9, 10, 9, 8, 7, 6, 5, 5, 5];
    let row = |(day, close): (usize, &i32)| format!("2020-01-{:02},{close},{close},{close},{close},1000\n", day + 1);
    let rows: String = closes.iter().enumerate().map(row).collect();
    program.write("w.csv", format!("time,open,high,low,close,volume\n{rows}"));
    let words = "--data X/USD=w.csv --param fast=1 --param slow=2 --fee 0 --latency 1bar --json";
    let run: serde_json::Value = serde_json::from_str(&program.run(&format!("backtest {words}")).out()).unwrap();
    let trades = run["trades"].as_array().unwrap();
    assert_eq!(trades.len(), 1, "{trades:?}");
    assert_eq!((&trades[0]["entry_price"], &trades[0]["exit_price"]), (&"8".into(), &"6".into()));
}
