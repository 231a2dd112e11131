//! Our backtests against backtesting.py's own numbers, where the oracles are there.
use std::fs;
use std::path::PathBuf;

use qframe_data::{Options, read_bars_from};
use qframe_engine::venue::{Fees, Settings};
use qframe_engine::{AtEnd, Context, Limits, Market, Strategy, Ticket};
use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_lab::{Backtest, DataSet, Outcome, Setup};
use qframe_model::currency::Currency;
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::number::{Quantity, Rate};
use qframe_model::order::Size;
use qframe_model::time::Time;
use qframe_quant::indicators::{Indicator, Sma};
use qframe_quant::performance::Value;

fn folder() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oracles");
    let folder = PathBuf::from(std::env::var("QFRAME_ORACLES").unwrap_or_else(|_| default.into()));
    if !folder.is_dir() {
        println!("skipped: no oracles at {}", folder.display());
    }
    folder.is_dir().then_some(folder)
}

fn goog(folder: &std::path::Path, lot: Quantity) -> DataSet {
    let text = fs::read_to_string(folder.join("data_goog.csv")).unwrap();
    let text = text.replacen(",Open", "time,Open", 1);
    let loaded = read_bars_from(text.as_bytes(), "data_goog.csv", &Options::default()).unwrap();
    let rules = Rules { lot, ..Rules::default() };
    DataSet::new(Instrument::new("GOOG".parse().unwrap(), Currency::USD, rules).unwrap(), loaded, "GOOG").unwrap()
}

fn setup(allow_short: bool, at_end: AtEnd) -> Setup {
    let venue = Settings { fees: Fees::flat(Rate::parse("0.2%").unwrap()), allow_short, ..Settings::default() };
    Setup { venue, at_end, limits: Limits::default(), ..Setup::default() }
}

fn crossover(mode: Mode) -> MaCrossover<Sma> {
    MaCrossover::new(Sma::new(10).unwrap(), Sma::new(20).unwrap(), mode)
}

/// Long/flat with a stop at 95 % and a target at 110 % of the signal bar's close.
struct Bracket {
    fast: Sma,
    slow: Sma,
    last: Option<(f64, f64)>,
}

impl Strategy for Bracket {
    fn warm_up(&self) -> usize {
        self.slow.warm_up()
    }
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(close) = market.close() else { return };
        let (Some(fast), Some(slow)) = (self.fast.update(close), self.slow.update(close)) else { return };
        let Some((fast_before, slow_before)) = self.last.replace((fast, slow)) else { return };
        if fast_before < slow_before && fast > slow && context.is_flat() {
            let (stop, target) = (context.price(close * 0.95), context.price(close * 1.1));
            context.bracket(Ticket::buy(Size::Equity(Rate::ONE)), stop, target);
        } else if fast_before > slow_before && fast < slow {
            context.close();
        }
    }
}

fn close_to(what: &str, ours: f64, theirs: f64, tolerance: f64) {
    let scale = theirs.abs().max(1e-9);
    assert!((ours - theirs).abs() <= tolerance * scale, "{what}: ours {ours}, theirs {theirs}");
}

fn check(name: &str, run: impl Fn(&std::path::Path) -> Outcome, tolerance: f64) {
    let Some(folder) = folder() else { return };
    let outcome = run(&folder);
    let read =
        |kind: &str| fs::read_to_string(folder.join(format!("backtesting_goog_sma10_20_{name}.{kind}"))).unwrap();
    for (row, line) in read("equity.csv").lines().skip(1).enumerate() {
        let equity: f64 = line.split(',').nth(1).unwrap().parse().unwrap();
        close_to(&format!("{name} equity {line}"), outcome.curve.equity_at(row).to_f64(), equity, tolerance.max(1e-11));
    }
    check_trades(name, &outcome, &read("trades.csv"));
    check_statistics(name, &outcome, &read("stats.json"));
    println!("{name}: final equity {}", outcome.curve.last().unwrap());
}

fn check_trades(name: &str, outcome: &Outcome, csv: &str) {
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(outcome.trades.len(), rows.len(), "{name}: trades");
    for (trade, row) in outcome.trades.iter().zip(&rows) {
        let number = |column: usize| row[column].parse::<f64>().unwrap();
        let what = |field: &str| format!("{name} {field} of the trade entered {}", row[10]);
        let instrument = outcome.account.instrument(trade.instrument);
        close_to(&what("size"), trade.side.signed(trade.quantity).to_f64(), number(0), 1e-8);
        close_to(&what("entry price"), trade.entry_price(instrument).unwrap().to_f64(), number(3), 1e-9);
        close_to(&what("exit price"), trade.exit_price.to_f64(), number(4), 1e-9);
        close_to(&what("pnl"), trade.pnl.to_f64(), number(7), if name.ends_with("frac") { 1e-6 } else { 1e-9 });
        close_to(&what("fees"), trade.fees.to_f64(), number(8), if name.ends_with("frac") { 1e-8 } else { 1e-9 });
        close_to(&what("return"), trade.return_share().unwrap(), number(9), 1e-9);
        assert_eq!(format!("{:#}", trade.entry_time), row[10], "{}", what("entry time"));
        assert_eq!(format!("{:#}", trade.exit_time), row[11], "{}", what("exit time"));
    }
}

fn check_statistics(name: &str, outcome: &Outcome, json: &str) {
    let oracle: serde_json::Value = serde_json::from_str(json).unwrap();
    for (stat, value) in outcome.statistics.rows() {
        let theirs = &oracle["stats"][stat];
        match value {
            None => assert!(theirs.is_null(), "{name} {stat}: ours undefined, theirs {theirs}"),
            Some(Value::Time(ns)) => {
                assert_eq!(Time::from_nanos(ns).to_string(), format!("{}Z", theirs.as_str().unwrap()), "{name} {stat}");
            }
            Some(Value::Duration(ns)) => {
                let days = ns / 86_400_000_000_000;
                assert_eq!(format!("P{days}DT0H0M0S"), theirs.as_str().unwrap(), "{name} {stat}");
            }
            Some(value) => close_to(&format!("{name} {stat}"), value.as_f64(), theirs.as_f64().unwrap(), 1e-9),
        }
    }
}

#[test]
fn long_flat_in_units() {
    check(
        "longflat_units",
        |folder| {
            let backtest = Backtest::new(vec![goog(folder, Quantity::ONE)], setup(false, AtEnd::Keep)).unwrap();
            backtest.run(crossover(Mode::LongFlat)).unwrap()
        },
        1e-11,
    );
}

#[test]
fn long_flat_in_fractions() {
    check(
        "longflat_frac",
        |folder| {
            let backtest =
                Backtest::new(vec![goog(folder, "0.00000001".parse().unwrap())], setup(false, AtEnd::Keep)).unwrap();
            backtest.run(crossover(Mode::LongFlat)).unwrap()
        },
        1e-11,
    );
}

#[test]
fn long_short_in_units() {
    check(
        "longshort_units",
        |folder| {
            let backtest = Backtest::new(vec![goog(folder, Quantity::ONE)], setup(true, AtEnd::Keep)).unwrap();
            backtest.run(crossover(Mode::LongShort)).unwrap()
        },
        1e-11,
    );
}

#[test]
fn long_short_finalised() {
    check(
        "longshort_units_finalized",
        |folder| {
            let backtest = Backtest::new(vec![goog(folder, Quantity::ONE)], setup(true, AtEnd::CloseAtOpen)).unwrap();
            backtest.run(crossover(Mode::LongShort)).unwrap()
        },
        1e-11,
    );
}

#[test]
fn bracket_in_units() {
    check(
        "bracket_units",
        |folder| {
            let backtest = Backtest::new(vec![goog(folder, Quantity::ONE)], setup(false, AtEnd::Keep)).unwrap();
            let strategy = Bracket { fast: Sma::new(10).unwrap(), slow: Sma::new(20).unwrap(), last: None };
            backtest.run(strategy).unwrap()
        },
        1e-11,
    );
}
