//! Speed of the indicators that TA-Lib in C was measured on: `cargo run --release --example indicator_speed`.
#![expect(clippy::disallowed_methods, reason = "an example that measures and prints")]

use qframe_quant::indicators::*;
use std::{hint::black_box, time::Instant};

const BARS: usize = 1_000_000;

/// Prints millions of values a second, the best of sixty batches.
fn show<I: Indicator>(name: &str, mut indicator: I, columns: ColumnsOf<'_, I>) {
    let mut out = Vec::new();
    let seconds = (0..60).map(|_| {
        let start = Instant::now();
        black_box(indicator.batch_into(columns, &mut out));
        start.elapsed().as_secs_f64()
    });
    println!("{name:8} {:6.0} M values/s", BARS as f64 / seconds.fold(f64::MAX, f64::min) / 1e6);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Knuth's generator: a walk whose direction no branch predictor learns.
    let next = |seed: &u64| Some(seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
    let draws = std::iter::successors(Some(1), next).map(|seed: u64| (seed >> 11) as f64 / (1_u64 << 53) as f64);
    let walk = draws.scan(100.0, |price, draw| Some((*price * (0.999 + 0.002 * draw), 1e3 * draw)));
    let (close, volume): (Vec<f64>, Vec<f64>) = walk.take(BARS).unzip();
    let (high, low): (Vec<f64>, Vec<f64>) = close.iter().map(|price| (price * 1.001, price * 0.999)).unzip();
    let bars = Bars::new(&close, &high, &low, &close, &volume)?;
    show("SMA", Sma::new(30)?, &close);
    show("RSI", Rsi::new(14)?, &close);
    show("MACD", Macd::new(12, 26, 9)?, &close);
    show("STDDEV", StdDev::new(20)?, &close);
    show("OBV", Obv::new(), bars);
    show("MFI", Mfi::new(14)?, bars);
    show("STOCH", Stochastic::new(14, 3, 3)?, bars);
    Ok(())
}
