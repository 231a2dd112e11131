//! The JSON object: its keys, their order, exact money, no NaN.
use qframe_lab::report;
use qframe_lab::strategies::Mode;
use qframe_model::number::Cash;
use qframe_quant::performance::NAMES;
use serde_json::Value;

use super::Run;

fn parsed(run: &Run) -> (String, Value) {
    let text = run.written(report::json);
    let value = serde_json::from_str(&text).unwrap();
    (text, value)
}

/// The keys of an object stand in the text in this order.
fn check_keys(text: &str, object: &Value, keys: &[&str]) {
    let object = object.as_object().unwrap();
    assert_eq!(object.len(), keys.len(), "{:?}", object.keys());
    let mut rest = text;
    for key in keys {
        assert!(object.contains_key(*key), "{key}");
        rest = rest.split_once(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key} in its place")).1;
    }
}

const TRADE: [&str; 15] = [
    "symbol",
    "side",
    "size",
    "entry_time",
    "exit_time",
    "entry_price",
    "exit_price",
    "pnl",
    "return_pct",
    "fee",
    "duration",
    "exit_reason",
    "mae_pct",
    "mfe_pct",
    "currency",
];

#[test]
fn its_keys_are_these_and_in_this_order() {
    let (text, report) = parsed(&Run::bitcoin());
    let top = ["version", "strategy", "data", "settings", "stats", "conventions", "metrics", "drawdowns", "costs"];
    let last = ["attribution", "trades", "equity", "journal", "trading_state", "breakers", "lookahead"];
    let top = [&top[..], &last].concat();
    check_keys(&text, &report, &top);
    check_keys(&text, &report["strategy"], &["name", "params"]);
    check_keys(
        &text,
        &report["data"][0],
        &["symbol", "timeframe", "start", "end", "bars", "source", "gaps", "skipped", "notes", "quality", "ended"],
    );
    assert_eq!((&report["data"][0]["gaps"]["missing"], &report["data"][0]["skipped"]["rows"]), (&12.into(), &0.into()));
    let charges = ["Fees [$]", "Funding [$]", "Interest [$]", "Dividends [$]", "Rollover [$]", "Receivables [$]"];
    let names: Vec<&str> = NAMES.into_iter().chain(charges).collect();
    check_keys(&text, &report["stats"], &names);
    check_keys(&text, &report["trades"][0], &TRADE);
    check_keys(&text, &report["journal"], &["events", "hash"]);
    let conventions = report["conventions"].as_object().unwrap();
    assert!(names.iter().all(|name| conventions[*name].is_string()));
    let metrics = report["metrics"].as_object().unwrap().keys().map(String::as_str);
    assert!(metrics.chain(["Prob. Sharpe > 0 [%]", "Min. Track Record"]).all(|name| conventions.contains_key(name)));
    assert_eq!(report["strategy"]["params"]["fast"], 10, "a number is a number");
}

#[test]
fn its_money_is_exact() {
    let run = Run::bitcoin();
    let (_, report) = parsed(&run);
    let cash = |value: &Value| value.as_str().unwrap().parse::<Cash>().unwrap();
    let equity = report["equity"].as_array().unwrap();
    assert_eq!(equity.len(), run.outcome.curve.len());
    for (point, (time, value)) in equity.iter().zip(run.outcome.curve.points()) {
        assert_eq!((point[0].as_str().unwrap(), cash(&point[1])), (time.to_string().as_str(), value));
    }
    // All positions are closed: what was gained is what was added, to the last digit.
    let gained = report["trades"].as_array().unwrap().iter().map(|trade| cash(&trade["pnl"]));
    let sum = gained.fold(Cash::whole(10_000), |sum, pnl| sum.plus(pnl).unwrap());
    assert_eq!(sum, cash(&equity[equity.len() - 1][1]));
    assert_eq!(report["trades"].as_array().unwrap().len(), run.outcome.trades.len());
    assert_eq!(report["journal"]["hash"], run.outcome.journal.hash().to_string());
}

#[test]
fn its_statistics_are_numbers_times_and_null() {
    let run = Run::without_trades();
    let (text, report) = parsed(&run);
    let stats = &report["stats"];
    assert_eq!((&stats["Start"], &stats["Duration"]), (&"2014-12-01T00:00:00Z".into(), &"P1781D".into()));
    assert_eq!((&stats["# Trades"], &stats["Equity Final [$]"]), (&0.into(), &10_000.0.into()));
    assert!(stats["Win Rate [%]"].is_null() && stats["Sharpe Ratio"].is_null());
    assert!(!text.contains("NaN") && !text.contains(":inf") && !text.contains(":-inf"));
    for (name, value) in run.outcome.statistics.rows() {
        assert_eq!(stats[name].is_null(), value.is_none(), "{name}");
    }
}

#[test]
fn a_short_loses_where_the_price_rises() {
    let run = Run::of(&["BTC/USD"], (10, 30), Mode::LongShort);
    let (_, report) = parsed(&run);
    let trades = report["trades"].as_array().unwrap();
    assert!(trades.iter().any(|trade| trade["side"] == "short") && trades.iter().any(|trade| trade["side"] == "long"));
    for trade in trades {
        let number = |key: &str| trade[key].as_f64().unwrap();
        let price = |key: &str| trade[key].as_str().unwrap().parse::<f64>().unwrap();
        let sign = if trade["side"] == "long" { 1.0 } else { -1.0 };
        let gross = sign * (price("exit_price") / price("entry_price") - 1.0) * 100.0;
        assert!(number("mae_pct") <= gross.min(0.0) + 1e-9 && gross.max(0.0) - 1e-9 <= number("mfe_pct"), "{trade}");
        assert!(number("return_pct") < gross, "fees are paid: {trade}");
    }
}
