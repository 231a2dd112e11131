//! W2: SMA pairs over one-minute bars, an equity curve and its statistics each.
use std::time::Instant;

use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_lab::sweep;
use qframe_quant::indicators::Sma;

use super::w1;

const PAIRS: usize = 1_000;
const RUNS: usize = 3;

pub(crate) fn run(bars: usize) {
    let (backtest, open, close) = w1::market(bars);
    let pairs: Vec<(usize, usize)> = (0..PAIRS).map(|pair| (2 + pair % 40, 50 + pair / 40 * 4)).collect();
    let (curves_seconds, _) =
        best(|| pairs.iter().map(|(fast, slow)| w1::bare(&open, &close, *fast, *slow).0).sum::<f64>());
    let (bare_seconds, bare) = best(|| {
        let runs = pairs.iter().map(|(fast, slow)| w1::bare_curve(&open, &close, *fast, *slow).0);
        runs.map(|equity| std::hint::black_box(figures(&equity))[0]).sum::<f64>()
    });
    let make = |(fast, slow): &(usize, usize)| {
        MaCrossover::new(Sma::new(*fast).unwrap(), Sma::new(*slow).unwrap(), Mode::LongFlat)
    };
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (seconds, results) = best(|| pool.install(|| sweep(&backtest, &pairs, make)));
        let ours: f64 = results.iter().map(|result| result.as_ref().unwrap().equity_final).sum();
        assert!((ours / bare - 1.0).abs() < 0.1, "both loops trade alike: {ours} {bare}");
        let rate = |seconds: f64| (bars * PAIRS) as f64 / seconds / 1e6;
        println!(
            "w2 bars={bars} pairs={PAIRS} threads={threads} ours={:.1}M/s bare={:.1}M/s ratio={:.3} (bare without \
             statistics {:.1}M/s)",
            rate(seconds),
            rate(bare_seconds),
            bare_seconds / seconds,
            rate(curves_seconds)
        );
    }
}

/// What one writes by hand of statistics, in one loop over floats: final equity, Sharpe and Sortino ratio of a bar, maximum
/// drawdown. Ours are the thirty figures of a backtest's table.
fn figures(equity: &[f64]) -> [f64; 4] {
    let (mut sum, mut squares, mut below) = (0.0, 0.0, 0.0);
    let (mut peak, mut drawdown) = (equity[0], 0.0_f64);
    for pair in equity.windows(2) {
        let change = pair[1] / pair[0] - 1.0;
        sum += change;
        squares += change * change;
        below += change.min(0.0) * change.min(0.0);
        peak = peak.max(pair[1]);
        drawdown = drawdown.max(1.0 - pair[1] / peak);
    }
    let count = (equity.len() - 1) as f64;
    let mean = sum / count;
    let deviation = (squares / count - mean * mean).sqrt();
    [equity[equity.len() - 1], mean / deviation, mean / (below / count).sqrt(), drawdown]
}

/// The shortest of a few runs by the clock on the wall, as threads share the work, and the result of the last one.
fn best<T>(work: impl Fn() -> T) -> (f64, T) {
    let timed = || {
        let begin = Instant::now();
        let result = work();
        (begin.elapsed().as_secs_f64(), result)
    };
    (1..RUNS).fold(timed(), |(least, _), _| {
        let (seconds, result) = timed();
        (seconds.min(least), result)
    })
}
