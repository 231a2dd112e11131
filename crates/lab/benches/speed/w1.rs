//! W1: SMA 10/30 cross over one-minute bars, market orders at the next open, fee, equity curve.
use qframe_engine::venue::{Fees, Settings};
use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_lab::{Backtest, DataSet, Origin, Setup};
use qframe_model::currency::Currency;
use qframe_model::event::Header;
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Rate};
use qframe_model::time::TimeFrame;
use qframe_quant::indicators::Sma;

use super::cpu::seconds;

/// The fee of a fill: all fills of a run together take the same share, so that there is money to trade with to the end.
/// At one basis point, ten million bars take all of it, and what is measured then is a market without trades.
fn fee(bars: usize) -> f64 {
    (100.0 / bars as f64).min(0.0001)
}

/// The backtest over made-up bars, and their opens and closes as floats.
pub(crate) fn market(count: usize) -> (Backtest, Vec<f64>, Vec<f64>) {
    let rows = super::market::bars(count);
    let open = rows.iter().map(|bar| bar.open.to_f64()).collect();
    let close = rows.iter().map(|bar| bar.close.to_f64()).collect();
    (backtest(rows), open, close)
}

pub(crate) fn backtest(rows: Vec<Bar>) -> Backtest {
    let instrument = Instrument::new("BTC/USD".parse().unwrap(), Currency::USD, Rules::default()).unwrap();
    let fee = fee(rows.len());
    let set = DataSet::of(instrument, TimeFrame::MINUTE, rows, Origin::default()).unwrap();
    let venue = Settings { fees: Fees::flat(Rate::from_f64(fee).unwrap()), ..Settings::default() };
    let setup = Setup { cash: Cash::whole(1_000_000), venue, ..Setup::default() };
    Backtest::new(vec![set], setup).unwrap()
}

pub(crate) fn run(count: usize) {
    let (backtest, open, close) = market(count);
    let (mut bare, mut ours) = (Times::default(), Times::default());
    for _ in 0..9 {
        let (made, (amounts, fills)) = seconds(|| bare_curve(&open, &close, 10, 30));
        let (read, sum) = seconds(|| amounts.iter().fold(0, |sum: u64, equity| sum.wrapping_add(equity.to_bits())));
        std::hint::black_box(sum);
        bare.keep(made, read);
        let strategy = MaCrossover::new(Sma::new(10).unwrap(), Sma::new(30).unwrap(), Mode::LongFlat);
        let (made, (engine, curve)) = seconds(|| backtest.simulate(strategy, Header::default()).unwrap());
        // The curve keeps what was held: the equity of every point is made of it where it is read.
        let (read, sum) = seconds(|| curve.equity().fold(0, |sum: i128, equity| sum.wrapping_add(equity.attos())));
        std::hint::black_box(sum);
        ours.keep(made, read);
        let (bare_final, ours_final) = (amounts[count - 1], curve.last().unwrap().to_f64());
        // Averages that tie exactly fall either way by the last bit of a float: a handful of crosses may differ.
        assert!((ours_final / bare_final - 1.0).abs() < 0.1, "both loops trade alike: {ours_final} {bare_final}");
        let trades = engine.trades().len();
        assert!(fills.abs_diff(trades * 2) <= 1 + fills / 100, "{fills} fills, {trades} trades");
    }
    let rate = |seconds: f64| count as f64 / seconds / 1e6;
    println!(
        "w1 bars={count} ours={:.1}M/s bare={:.1}M/s ratio={:.3}; every point of the curve read: ours={:.1}M/s bare={:.1}M/s ratio={:.3}",
        rate(ours.made),
        rate(bare.made),
        bare.made / ours.made,
        rate(ours.read),
        rate(bare.read),
        bare.read / ours.read,
    );
}

/// The least seconds that a run with its curve took, and a run with every point of its curve read once more.
struct Times {
    made: f64,
    read: f64,
}

impl Default for Times {
    fn default() -> Self {
        Self { made: f64::INFINITY, read: f64::INFINITY }
    }
}

impl Times {
    const fn keep(&mut self, made: f64, read: f64) {
        self.made = self.made.min(made);
        self.read = self.read.min(made + read);
    }
}

/// What one writes by hand: floats, no orders, no ledger. Gives the final equity and the number of fills.
pub(crate) fn bare(open: &[f64], close: &[f64], fast_bars: usize, slow_bars: usize) -> (f64, usize) {
    let (equity, fills) = bare_curve(open, close, fast_bars, slow_bars);
    (equity[close.len() - 1], fills)
}

/// The equity after each bar, and the number of fills.
pub(crate) fn bare_curve(open: &[f64], close: &[f64], fast_bars: usize, slow_bars: usize) -> (Vec<f64>, usize) {
    let (mut equity, fee) = (vec![0.0; close.len()], fee(close.len()));
    let (mut fast_sum, mut slow_sum, mut before) = (0.0, 0.0, None);
    let (mut cash, mut units, mut wish, mut fills) = (1_000_000.0, 0.0, 0, 0);
    for bar in 0..close.len() {
        if wish == 1 && units == 0.0 {
            units = cash / (open[bar] * (1.0 + fee));
            cash = 0.0;
            fills += 1;
        } else if wish == -1 && units > 0.0 {
            cash = units * open[bar] * (1.0 - fee);
            units = 0.0;
            fills += 1;
        }
        wish = 0;
        fast_sum += close[bar];
        slow_sum += close[bar];
        if bar >= fast_bars {
            fast_sum -= close[bar - fast_bars];
        }
        if bar >= slow_bars {
            slow_sum -= close[bar - slow_bars];
        }
        if bar + 1 >= slow_bars {
            let (fast, slow) = (fast_sum / fast_bars as f64, slow_sum / slow_bars as f64);
            if let Some((fast_before, slow_before)) = before {
                wish = i32::from(fast_before < slow_before && fast > slow)
                    - i32::from(fast_before > slow_before && fast < slow);
            }
            before = Some((fast, slow));
        }
        equity[bar] = cash + units * close[bar];
    }
    (equity, fills)
}
