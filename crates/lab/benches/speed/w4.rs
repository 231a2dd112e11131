//! W4: indicators over all bars at once, each beside a bare loop and, where it is there, TA-Lib in C.
use qframe_model::market::Bar;
use qframe_quant::indicators::{Bars, ColumnsOf, Indicator, Macd, Mfi, Obv, Rsi, Sma, StdDev, Stochastic};

use super::bare;
use super::cpu::seconds;
use super::talib::{Reply, Talib};

const ROUNDS: usize = 40;

/// The bars by column, as floats.
pub(crate) struct Columns {
    pub(crate) open: Vec<f64>,
    pub(crate) high: Vec<f64>,
    pub(crate) low: Vec<f64>,
    pub(crate) close: Vec<f64>,
    pub(crate) volume: Vec<f64>,
}

impl Columns {
    fn of(rows: &[Bar]) -> Self {
        let column = |value: fn(&Bar) -> f64| rows.iter().map(value).collect();
        Self {
            open: column(|bar| bar.open.to_f64()),
            high: column(|bar| bar.high.to_f64()),
            low: column(|bar| bar.low.to_f64()),
            close: column(|bar| bar.close.to_f64()),
            volume: column(|bar| bar.volume.to_f64()),
        }
    }
}

pub(crate) fn run(count: usize) {
    let columns = Columns::of(&super::market::bars(count));
    let Columns { open, high, low, close, volume } = &columns;
    let bars = Bars::new(open, high, low, close, volume).unwrap();
    let mut race = Race { bars: count, talib: Talib::start(&columns) };
    race.run("SMA", Sma::new(30).unwrap(), close, |value| value, |out| bare::sma(close, 30, out));
    race.run("RSI", Rsi::new(14).unwrap(), close, |value| value, |out| bare::rsi(close, 14, out));
    race.run("MACD", Macd::new(12, 26, 9).unwrap(), close, |value| value.macd, |out| bare::macd(close, out));
    race.run("STDDEV", StdDev::new(20).unwrap(), close, |value| value, |out| bare::stddev(close, 20, out));
    race.run("OBV", Obv::new(), bars, |value| value, |out| bare::obv(&columns, out));
    race.run("MFI", Mfi::new(14).unwrap(), bars, |value| value, |out| bare::mfi(&columns, 14, out));
    race.run("STOCH", Stochastic::new(14, 3, 3).unwrap(), bars, |value| value.k, |out| bare::stochastic(&columns, out));
}

struct Race {
    bars: usize,
    talib: Option<Talib>,
}

impl Race {
    /// All in turn, round after round, so that a busy machine slows all alike; the best round of each counts. `number`
    /// takes out of a value what the others give as well.
    fn run<I: Indicator>(
        &mut self,
        name: &str,
        mut indicator: I,
        columns: ColumnsOf<'_, I>,
        number: impl Fn(I::Output) -> f64,
        mut bare: impl FnMut(&mut [f64]),
    ) {
        let (mut our_best, mut bare_best, mut talib_best) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
        let (mut out, mut bare_out) = (Vec::new(), vec![0.0; self.bars]);
        for _ in 0..ROUNDS {
            our_best = our_best.min(seconds(|| indicator.batch_into(columns, &mut out)).0);
            bare_best = bare_best.min(seconds(|| bare(&mut bare_out)).0);
            let last = number(*out.last().unwrap());
            assert_alike(name, last, *bare_out.last().unwrap());
            if let Some(Reply { seconds, last: theirs }) = self.talib.as_mut().map(|talib| talib.run(name)) {
                talib_best = talib_best.min(seconds);
                assert_alike(name, last, theirs);
            }
        }
        let rate = |seconds: f64| self.bars as f64 / seconds / 1e6;
        let talib = match &self.talib {
            Some(talib) => {
                format!(
                    "talib={:.0}M/s ratio={:.2} (TA-Lib {})",
                    rate(talib_best),
                    talib_best / our_best,
                    talib.version
                )
            }
            None => "talib=skipped (no Python with TA-Lib; `cargo xtask bench` installs it)".to_owned(),
        };
        println!(
            "w4 {name} bars={} ours={:.0}M/s bare={:.0}M/s ratio={:.2} {talib}",
            self.bars,
            rate(our_best),
            rate(bare_best),
            bare_best / our_best
        );
    }
}

fn assert_alike(name: &str, ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-6 * ours.abs().max(1.0), "{name}: {ours} and {theirs} should be alike");
}
