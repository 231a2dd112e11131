//! W2: SMA pairs over one-minute bars, an equity curve and its statistics each.
use std::time::Instant;

use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_lab::sweep;
use qframe_quant::indicators::Sma;

use super::w1;

const PAIRS: usize = 1_000;

pub(crate) fn run(bars: usize) {
    let (backtest, open, close) = w1::market(bars);
    let pairs: Vec<(usize, usize)> = (0..PAIRS).map(|pair| (2 + pair % 40, 50 + pair / 40 * 4)).collect();
    let begin = Instant::now();
    let bare: f64 = pairs.iter().map(|(fast, slow)| w1::bare(&open, &close, *fast, *slow).0).sum();
    let bare_seconds = begin.elapsed().as_secs_f64();
    let make = |(fast, slow): &(usize, usize)| {
        MaCrossover::new(Sma::new(*fast).unwrap(), Sma::new(*slow).unwrap(), Mode::LongFlat)
    };
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let begin = Instant::now();
        let results = pool.install(|| sweep(&backtest, &pairs, make));
        let seconds = begin.elapsed().as_secs_f64();
        let ours: f64 = results.iter().map(|result| result.as_ref().unwrap().equity_final).sum();
        assert!((ours / bare - 1.0).abs() < 0.1, "both loops trade alike: {ours} {bare}");
        let rate = |seconds: f64| (bars * PAIRS) as f64 / seconds / 1e6;
        println!(
            "w2 bars={bars} pairs={PAIRS} threads={threads} bare={:.1}M/s ours={:.1}M/s ratio={:.3}",
            rate(bare_seconds),
            rate(seconds),
            bare_seconds / seconds
        );
    }
}
