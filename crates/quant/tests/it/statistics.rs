//! Performance statistics against backtesting.py, against arithmetic by hand, and against themselves.

use crate::oracle::{self, Table};
use qframe_quant::performance::{
    ClosedTrade, CurveOptions, CurveStats, Frequency, NAMES, Statistics, TradeStats, Value,
};
use std::path::Path;

const DAY: i64 = 86_400_000_000_000;
const RUNS: [&str; 5] =
    ["longflat_units", "longflat_frac", "longshort_units", "longshort_units_finalized", "bracket_units"];

fn trades(folder: &Path, run: &str) -> TradeStats {
    let table = Table::read(folder, &format!("backtesting_goog_sma10_20_{run}.trades.csv"));
    let column = |name: &str| table.full(name);
    let (entry, exit) = (column("EntryBar"), column("ExitBar"));
    let (entered, exited) = (column("EntryTime"), column("ExitTime"));
    let (pnl, change, fee) = (column("PnL"), column("ReturnPct"), column("Commission"));
    let mut stats = TradeStats::new();
    let mut order: Vec<usize> = (0..pnl.len()).collect();
    order.sort_by(|left, right| exit[*left].total_cmp(&exit[*right]));
    for row in order {
        stats.push(&ClosedTrade {
            entry_bar: entry[row] as u64,
            exit_bar: exit[row] as u64,
            entry_ns: entered[row] as i64 * DAY,
            exit_ns: exited[row] as i64 * DAY,
            pnl: pnl[row],
            return_fraction: change[row],
            commission: fee[row],
        });
    }
    stats
}

fn summary(folder: &Path, run: &str) -> Statistics {
    let equity = Table::read(folder, &format!("backtesting_goog_sma10_20_{run}.equity.csv"));
    let close = Table::read(folder, "data_goog.csv").full("Close");
    // The slow average of 20 closes has its first value on bar 19.
    let mut curve = CurveStats::new(CurveOptions { benchmark_start: 19, ..CurveOptions::default() });
    for ((day, value), close) in equity.days.iter().zip(equity.full("Equity")).zip(close) {
        curve.push(day * DAY, value, close);
    }
    curve.finish(&trades(folder, run)).expect("a curve of 2,148 points")
}

/// Times and durations as days, as the oracle's ISO texts name them.
fn theirs(json: &serde_json::Value) -> Option<f64> {
    if let Some(text) = json.as_str() {
        if let Some(days) = text.strip_prefix('P').and_then(|text| text.split("DT").next()) {
            return days.parse().ok();
        }
        let date = chrono_day(text);
        return Some(date as f64);
    }
    json.as_f64()
}

fn chrono_day(text: &str) -> i64 {
    match text.get(..10) {
        Some("2004-08-19") => 12_649,
        Some("2013-03-01") => 15_765,
        _ => panic!("unknown date {text}"),
    }
}

fn ours(value: Value) -> f64 {
    match value {
        Value::Time(ns) | Value::Duration(ns) => ns as f64 / DAY as f64,
        other => other.as_f64(),
    }
}

#[test]
fn every_statistic_is_that_of_backtesting_py() {
    let Some(folder) = oracle::folder("backtesting.py statistics") else { return };
    for run in RUNS {
        let path = folder.join(format!("backtesting_goog_sma10_20_{run}.stats.json"));
        let text = std::fs::read_to_string(path).expect("the oracle's file");
        let json: serde_json::Value = serde_json::from_str(&text).expect("the oracle's JSON");
        for (name, value) in summary(&folder, run).rows() {
            let expected = theirs(&json["stats"][name]);
            match (value.map(ours), expected) {
                (Some(ours), Some(theirs)) => {
                    let error = oracle::relative(ours, theirs, 1e-300);
                    assert!(error <= 1e-9, "{run}, {name}: {ours} against {theirs}, {error:e}");
                }
                (None, None) => {}
                other => panic!("{run}, {name}: {other:?}"),
            }
        }
    }
}

#[test]
fn names_and_conventions_come_in_one_order() {
    let mut curve = CurveStats::new(CurveOptions::default());
    curve.push(0, 100.0, 10.0);
    let summary = curve.finish(&TradeStats::new()).expect("one point");
    assert_eq!(summary.rows().map(|(name, _)| name), NAMES);
    for (convention, name) in summary.conventions().iter().zip(NAMES) {
        assert_eq!(convention.0, name);
        assert!(convention.1.ends_with('.') && convention.1.len() > 10, "{name} has no convention");
    }
}

/// A curve made by integer arithmetic, so that another program can make the same one.
fn made_curve(step_minutes: i64, count: i64, open_days: i64, risk_free: f64) -> Statistics {
    let minute = 60_000_000_000;
    // 2021-02-26 00:30, a Friday.
    let mut time: i64 = (18_684 * 1_440 + 30) * minute;
    let mut times = Vec::new();
    while (times.len() as i64) < count {
        // Monday is 0; five days end on Friday, the sixth is Sunday.
        let weekday = (time.div_euclid(DAY) + 3) % 7;
        if weekday < 5 || open_days == 7 || (open_days == 6 && weekday == 6) {
            times.push(time);
        }
        time += step_minutes * minute;
    }
    let mut curve = CurveStats::new(CurveOptions { risk_free, ..CurveOptions::default() });
    for (index, &time) in (0..count).zip(&times) {
        let equity =
            10_000.0 + (index * 7_919 % 1_000) as f64 - (index * 104_729 % 777) as f64 * 0.5 + index as f64 * 1.5;
        let price = 100.0 + (index * 611_953 % 997) as f64 * 0.01 + index as f64 * 0.01;
        curve.push(time, equity, price);
    }
    let mut trades = TradeStats::new();
    for entry in (0..count - 10).step_by(9) {
        let exit = entry + entry % 4 + 1;
        let pnl = (entry * 37 % 101) as f64 - 45.0;
        trades.push(&ClosedTrade {
            entry_bar: entry as u64,
            exit_bar: exit as u64,
            entry_ns: times[entry as usize],
            exit_ns: times[exit as usize],
            pnl,
            return_fraction: pnl / 1_000.0,
            commission: 0.0,
        });
    }
    curve.finish(&trades).expect("points")
}

/// What backtesting.py 0.6.6 says of the same curves: each spacing has its own resampling and its own number of periods a year.
/// Six open days are Sunday to Friday, a market whose few Sunday hours do not make it one that never closes.
#[test]
fn every_spacing_of_bars_is_annualised_as_backtesting_py_does() {
    let mut lines = include_str!("spacings_backtesting_py.csv").lines().map(|line| line.split(','));
    let names: Vec<&str> = lines.next().expect("a header").skip(5).collect();
    for line in lines {
        let cells: Vec<Option<f64>> = line.map(|cell| cell.parse().ok()).collect();
        let setting = |column: usize| cells[column].expect("a setting");
        let summary = made_curve(setting(0) as i64, setting(1) as i64, setting(2) as i64, setting(3));
        assert_eq!(summary.periods_per_year, setting(4), "bars of {} minutes", setting(0));
        for (name, theirs) in names.iter().zip(&cells[5..]) {
            let ours = summary.get(name).expect("a known name").map(Value::as_f64);
            let error = match (ours, theirs) {
                (Some(ours), Some(theirs)) => oracle::relative(ours, *theirs, 1e-300),
                (ours, theirs) => f64::from(u8::from(ours.is_some() != theirs.is_some())),
            };
            assert!(error <= 1e-9, "{name}, bars of {} minutes: {ours:?} against {theirs:?}, {error:e}", setting(0));
        }
    }
}

#[test]
fn the_spacing_is_that_of_most_of_the_last_bars() {
    let mut curve = CurveStats::new(CurveOptions::default());
    let days = (0..150).chain([157, 164, 171]);
    for day in days {
        curve.push(day * DAY, 100.0 + (day % 7) as f64, 10.0 + (day % 5) as f64);
    }
    let summary = curve.finish(&TradeStats::new()).expect("points");
    assert_eq!((summary.frequency, summary.periods_per_year), (Frequency::Day, 365.0));
}

#[test]
fn nothing_is_undefined_as_a_number() {
    let summary = |points: &[(f64, f64)]| {
        let mut curve = CurveStats::new(CurveOptions::default());
        for (day, &(equity, price)) in (0..).zip(points) {
            curve.push(day * DAY, equity, price);
        }
        curve.finish(&TradeStats::new())
    };
    assert_eq!(summary(&[]), None);
    let curves: [&[(f64, f64)]; 6] = [
        &[(100.0, 10.0)],
        &[(100.0, 10.0), (100.0, 10.0), (100.0, 10.0), (100.0, 10.0)],
        &[(100.0, 10.0), (110.0, 11.0)],
        &[(100.0, 10.0), (110.0, 11.0), (99.0, 9.0)],
        &[(100.0, 10.0), (0.0, 11.0), (0.0, 9.0), (0.0, 9.0)],
        &[(100.0, 10.0), (50.0, 11.0), (-20.0, 9.0), (-30.0, 9.0)],
    ];
    for points in curves {
        for (name, value) in summary(points).expect("points").rows() {
            assert!(value.is_none_or(|value| value.as_f64().is_finite()), "{name} of {points:?}: {value:?}");
        }
    }
    let last = summary(curves[3]).expect("points");
    // A fall at the very last point is a drawdown without a length.
    assert!((last.max_drawdown_pct.expect("a fall") + 10.0).abs() < 1e-12);
    assert_eq!((last.avg_drawdown_pct, last.max_drawdown_duration), (None, None));
    // Nothing is left: there is no growth to speak of.
    assert_eq!(summary(curves[4]).expect("points").annual_return_pct, None);
}

/// One trade, no loss, no gain, all of them losses, more than everything lost: a figure is a number, or it is absent.
#[test]
fn trades_of_one_kind_give_numbers_or_nothing() {
    let stats = |returns: &[f64]| {
        let mut stats = TradeStats::new();
        for (bar, share) in (0..).zip(returns) {
            stats.push(&ClosedTrade {
                entry_bar: bar,
                exit_bar: bar,
                entry_ns: 0,
                exit_ns: 0,
                pnl: share * 100.0,
                return_fraction: *share,
                commission: 0.0,
            });
        }
        stats
    };
    let mut curve = CurveStats::new(CurveOptions::default());
    (0..9).for_each(|day| curve.push(day * DAY, 100.0, 10.0));
    let check = |returns: &[f64], absent: &[&str]| {
        let summary = curve.finish(&stats(returns)).expect("points");
        let names = ["Win Rate [%]", "Best Trade [%]", "Avg. Trade [%]", "Profit Factor", "SQN", "Kelly Criterion"];
        let found: Vec<_> = names.into_iter().filter(|name| summary.get(name) == Some(None)).collect();
        assert_eq!(found, absent, "{returns:?}");
        let rows = summary.rows().into_iter().filter_map(|(_, value)| value);
        assert!(rows.into_iter().all(|value| value.as_f64().is_finite()), "{returns:?}: {summary:?}");
    };
    check(&[], &["Win Rate [%]", "Best Trade [%]", "Avg. Trade [%]", "Profit Factor", "SQN", "Kelly Criterion"]);
    check(&[0.1], &["Profit Factor", "SQN", "Kelly Criterion"]);
    check(&[-0.1], &["SQN", "Kelly Criterion"]);
    check(&[0.0], &["Profit Factor", "SQN", "Kelly Criterion"]);
    check(&[0.1, 0.1, 0.1], &["Profit Factor", "SQN", "Kelly Criterion"]);
    check(&[-0.1, -0.2, -0.3], &["Kelly Criterion"]);
    check(&[0.1, 0.0], &["Profit Factor", "Kelly Criterion"]);
    check(&[0.1, -1.0, -2.5], &[]);
}

/// Ten per cent in a minute, over a year of them, is beyond any number.
#[test]
fn growth_that_is_no_number_is_absent() {
    let mut curve = CurveStats::new(CurveOptions::default());
    for (minute, equity) in [100.0, 110.0, 121.0].into_iter().enumerate() {
        curve.push(minute as i64 * DAY / 1440, equity, 10.0);
    }
    assert_eq!(curve.finish(&TradeStats::new()).expect("points").cagr_pct, None);
}

#[test]
fn exposure_is_the_union_of_the_trades() {
    let trade = |entry_bar, exit_bar| ClosedTrade {
        entry_bar,
        exit_bar,
        entry_ns: entry_bar as i64,
        exit_ns: exit_bar as i64,
        pnl: 1.0,
        return_fraction: 0.1,
        commission: 0.5,
    };
    let rows: [(&[(u64, u64)], u64); 5] = [
        (&[], 0),
        (&[(2, 2)], 1),
        // A reversal: one bar closes the first and opens the second.
        (&[(2, 5), (5, 9)], 8),
        // One opened inside the other and closed before it.
        (&[(5, 10), (2, 12)], 11),
        (&[(1, 2), (4, 5), (7, 8), (5, 9)], 8),
    ];
    for (trades, bars) in rows {
        let mut stats = TradeStats::new();
        trades.iter().for_each(|&(entry, exit)| stats.push(&trade(entry, exit)));
        assert_eq!(stats.exposed_bars(), bars, "{trades:?}");
        assert_eq!(stats.commission(), trades.len() as f64 * 0.5);
    }
}
