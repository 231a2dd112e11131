//! W3: a CSV text in memory to checked bars, one thread.
use std::fmt::Write;

use qframe_data::{Options, read_bars_from};
use qframe_model::time::Time;

use super::cpu::{best_and_median, seconds};

const RUNS: usize = 15;

pub(crate) fn run(bars: usize) {
    row(bars, "calendar", |minute| Time::from_seconds(60 * minute).to_string());
    row(bars, "epoch-ms", |minute| (60_000 * minute).to_string());
}

fn row(bars: usize, times: &str, time: impl Fn(i64) -> String) {
    let text = text(bars, time);
    let (mut bare_runs, mut our_runs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (took, (lines, fields)) = seconds(|| bare(text.as_bytes()));
        bare_runs.push(took);
        let (took, loaded) = seconds(|| read_bars_from(text.as_bytes(), times, &Options::default()).unwrap());
        our_runs.push(took);
        assert_eq!((lines, fields), (loaded.bars.len() + 1, 6 * (loaded.bars.len() + 1)), "both read the same rows");
    }
    let ((bare_best, bare), (our_best, ours)) = (best_and_median(bare_runs), best_and_median(our_runs));
    let rate = |seconds: f64| bars as f64 / seconds / 1e6;
    println!(
        "w3 bars={bars} times={times} ours={:.1}M/s bare={:.1}M/s ratio={:.3} (median of {RUNS}; best {:.1} and {:.1})",
        rate(ours),
        rate(bare),
        bare / ours,
        rate(our_best),
        rate(bare_best)
    );
}

/// What one writes by hand to know how large a file is: its lines and its fields, and no value of them.
fn bare(text: &[u8]) -> (usize, usize) {
    let (mut lines, mut commas) = (0, 0);
    for byte in text {
        lines += usize::from(*byte == b'\n');
        commas += usize::from(*byte == b',');
    }
    (lines, commas + lines)
}

/// Prices around 30,000 in cents, volumes of two decimals, a minute a row.
fn text(bars: usize, time: impl Fn(i64) -> String) -> String {
    /// 2014-12-01, in minutes since the epoch.
    const START: i64 = 23_623_200;
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    for i in 0..bars as i64 {
        let (low, step) = (3_000_000 + i * 7_919 % 400_000, i % 97);
        let cents = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let (open, close) = (cents(low + step), cents(low + 96 - step));
        let (high, low, volume) = (cents(low + 97), cents(low), cents(i * 31 % 1_000_000));
        writeln!(text, "{},{open},{high},{low},{close},{volume}", time(START + i)).unwrap();
    }
    text
}

/// The same rows as bars.
pub(crate) fn bars(bars: usize) -> Vec<qframe_model::market::Bar> {
    read_bars_from(text(bars, |minute| (60_000 * minute).to_string()).as_bytes(), "bars", &Options::default())
        .unwrap()
        .bars
}
