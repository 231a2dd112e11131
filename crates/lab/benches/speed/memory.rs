//! How much memory a run takes at its peak, over the columns that went in (six words a bar). Linux only.
use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_model::event::Header;
use qframe_quant::indicators::Sma;

use super::w1;

pub(crate) fn run(bars: usize) {
    let backtest = w1::backtest(super::market::bars(bars));
    let strategy = MaCrossover::new(Sma::new(10).unwrap(), Sma::new(30).unwrap(), Mode::LongFlat);
    let (engine, curve) = backtest.simulate(strategy, Header::default()).unwrap();
    let Some(peak) = peak_bytes() else {
        println!("memory skipped: no /proc/self/status");
        return;
    };
    let columns = (bars * 6 * size_of::<u64>()) as f64;
    println!(
        "memory bars={bars} ours={:.0}MB bare={:.0}MB ratio={:.2} (peak over columns; curve of {} points, {} events in {:.0}MB, {} trades)",
        peak / 1e6,
        columns / 1e6,
        peak / columns,
        curve.len(),
        engine.journal().events(),
        engine.journal().bytes() as f64 / 1e6,
        engine.trades().len(),
    );
}

/// The largest resident size of this process so far.
pub(crate) fn peak_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
}
