//! Rows a second of CPU time, and the ratio to a bare count of line ends in the same bytes.
//! `cargo run --release -p qframe-data --example csv_speed`
use std::fmt::Write;

use qframe_data::{DataError, Options, read_bars_from};
use qframe_model::time::Time;

const ROWS: usize = 1_000_000;
fn main() -> Result<(), DataError> {
    run("RFC 3339", |i| Time::from_seconds(1_417_392_000 + 60 * i).to_string())?;
    run("RFC 3339, daily", |i| Time::from_seconds(-9_000_000_000 + 10_000 * i).to_string())?;
    run("epoch ms", |i| (1_417_392_000_000 + 60_000 * i).to_string())
}

fn run(name: &str, time: impl Fn(i64) -> String) -> Result<(), DataError> {
    let mut text = "time,open,high,low,close,volume\n".to_owned();
    for i in 0..ROWS as i64 {
        let (low, step) = (3_000_000 + i * 7_919 % 400_000, i % 97);
        let price = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let (open, close) = (price(low + step), price(low + 96 - step));
        let (high, low, volume) = (price(low + 97), price(low), price(i * 31 % 1_000_000));
        writeln!(text, "{},{open},{high},{low},{close},{volume}", time(i)).unwrap_or_default();
    }
    let lines = (0..5).map(|_| cpu_seconds(|| memchr::memchr_iter(b'\n', text.as_bytes()).count()));
    let bare = lines.fold(f64::MAX, f64::min);
    let reads = (0..5).map(|_| cpu_seconds(|| read_bars_from(text.as_bytes(), name, &Options::default())));
    let ours = reads.fold(f64::MAX, f64::min);
    println!("{name}: {:.1} M rows/s, {:.0} times the line count", ROWS as f64 / ours / 1e6, ours / bare);
    read_bars_from(text.as_bytes(), name, &Options::default()).map(|loaded| println!("  {loaded}"))
}

fn cpu_seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let spent = || std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = |text: String| text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(f64::NAN);
    let before = nanos(spent());
    std::hint::black_box(work());
    (nanos(spent()) - before) / 1e9
}
