//! What a report draws: drawdowns, monthly returns, rolling Sharpe ratio. Pure functions of times and values.

use super::DAY_NS;
use super::calendar::months_since_year_zero;
use super::metrics::quantile;
use crate::indicators::Series;

/// Share by which each value lies below the highest so far: 0 at a peak, -0.2 at 20 % under it. One result a value.
#[must_use]
pub fn drawdown_series(values: &[f64]) -> Vec<f64> {
    let mut peak = f64::NEG_INFINITY;
    let below = values.iter().map(|&value| {
        peak = peak.max(value);
        value / peak - 1.0
    });
    below.collect()
}

/// One fall from a peak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// Time of the last point at the peak.
    pub peak_ns: i64,
    /// Time of the first point below it.
    pub start_ns: i64,
    /// Time of the lowest point.
    pub trough_ns: i64,
    /// Time of the last point below the peak.
    pub end_ns: i64,
    /// Time of the first point at or above the peak again; `None` if that never came.
    pub recovery_ns: Option<i64>,
    /// Depth as a fraction of the peak, negative.
    pub depth: f64,
    /// Depth without the deepest hundredth of its points: those at or beyond the 99 % quantile of depth (linear), as
    /// quantstats has it. `None` where no point is left.
    pub depth_99: Option<f64>,
}

/// Every drawdown of a curve in the order of time; `times_ns` and `values` have one length, values are above zero.
#[must_use]
pub fn drawdown_episodes(times_ns: &[i64], values: &[f64]) -> Vec<Episode> {
    let below = drawdown_series(values);
    let mut episodes = Vec::new();
    let mut from = 0;
    for run in below.chunk_by(|one, next| (*one < 0.0) == (*next < 0.0)) {
        let until = from + run.len();
        if run[0] < 0.0 {
            episodes.push(episode(times_ns, run, from));
        }
        from = until;
    }
    episodes
}

/// The episode of a run of points below a peak, of which the first is number `from`: never 0, which is a peak.
fn episode(times_ns: &[i64], depths: &[f64], from: usize) -> Episode {
    let deepest = (0..depths.len()).min_by(|a, b| depths[*a].total_cmp(&depths[*b])).unwrap_or(0);
    let until = from + depths.len();
    let limit = quantile(depths, 0.01);
    let kept = depths.iter().copied().filter(|depth| *depth > limit);
    Episode {
        peak_ns: times_ns[from - 1],
        start_ns: times_ns[from],
        trough_ns: times_ns[from + deepest],
        end_ns: times_ns[until - 1],
        recovery_ns: times_ns.get(until).copied(),
        depth: depths[deepest],
        depth_99: kept.reduce(f64::min),
    }
}

/// Return of one calendar month, UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MonthlyReturn {
    /// Year of the Gregorian calendar.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// Last value of the month over the last value of the month before, less 1; the first month counts from the first value.
    pub return_fraction: f64,
}

/// Returns of the months in which a return ends, in the order of time; `times_ns` and `values` have one length. The first
/// value is where returns count from: a month that has nothing else has no return.
#[must_use]
pub fn monthly_returns(times_ns: &[i64], values: &[f64]) -> Vec<MonthlyReturn> {
    let mut months: Vec<MonthlyReturn> = Vec::new();
    let Some(mut last) = values.first().copied() else { return months };
    let (mut base, mut current) = (last, None);
    for (&time, &value) in times_ns.iter().zip(values).skip(1) {
        let number = months_since_year_zero(time.div_euclid(DAY_NS));
        if current != Some(number) {
            base = last;
            current = Some(number);
            months.push(MonthlyReturn {
                year: number.div_euclid(12),
                month: number.rem_euclid(12) as u8 + 1,
                return_fraction: 0.0,
            });
        }
        last = value;
        if let Some(month) = months.last_mut() {
            month.return_fraction = value / base - 1.0;
        }
    }
    months
}

/// Sharpe ratio of the last `window` returns at each point: mean / standard deviation (ddof 1) × √`periods_per_year`, with a
/// risk-free rate of zero; 0 where the returns do not vary. Values are above zero; a value's result needs `window` values before it.
///
/// Empty for a `window` under 2 or longer than the returns.
#[must_use]
pub fn rolling_sharpe(values: &[f64], window: usize, periods_per_year: f64) -> Series<f64> {
    rolling(values, window, |returns| {
        let (mean, deviation) = spread(returns);
        if deviation == 0.0 { 0.0 } else { mean / deviation * periods_per_year.sqrt() }
    })
}

/// Sortino ratio of the last `window` returns at each point, as [`rolling_sharpe`]: mean / √(mean of min(r, 0)²) ×
/// √`periods_per_year`; 0 where no return is a loss.
#[must_use]
pub fn rolling_sortino(values: &[f64], window: usize, periods_per_year: f64) -> Series<f64> {
    rolling(values, window, |returns| {
        let count = returns.len() as f64;
        let squares: f64 = returns.iter().map(|change| change.min(0.0).powi(2)).sum();
        let downside = (squares / count).sqrt();
        let mean = returns.iter().sum::<f64>() / count;
        if downside == 0.0 { 0.0 } else { mean / downside * periods_per_year.sqrt() }
    })
}

/// Standard deviation (ddof 1) of the last `window` returns at each point × √`periods_per_year`, as [`rolling_sharpe`].
#[must_use]
pub fn rolling_volatility(values: &[f64], window: usize, periods_per_year: f64) -> Series<f64> {
    rolling(values, window, |returns| spread(returns).1 * periods_per_year.sqrt())
}

/// Beta of the last `window` returns against a benchmark's at each point: covariance / variance of the benchmark; 0 where the
/// benchmark does not vary. Two series of one length, as [`rolling_sharpe`].
#[must_use]
pub fn rolling_beta(values: &[f64], benchmark: &[f64], window: usize) -> Series<f64> {
    rolling_line(values, benchmark, window, |beta, _, _| beta)
}

/// What the last `window` returns have at each point beyond beta times the benchmark's, in the mean of one period and not
/// annualised: mean - beta x mean of the benchmark, with the beta of [`rolling_beta`].
#[must_use]
pub fn rolling_alpha(values: &[f64], benchmark: &[f64], window: usize) -> Series<f64> {
    rolling_line(values, benchmark, window, |beta, own_mean, market_mean| own_mean - beta * market_mean)
}

/// A figure of beta and the two means of each window.
fn rolling_line(
    values: &[f64],
    benchmark: &[f64],
    window: usize,
    figure: impl Fn(f64, f64, f64) -> f64,
) -> Series<f64> {
    let (own, market) = (changes(values), changes(benchmark));
    if window < 2 || own.len() < window || own.len() != market.len() {
        return Series { first: window, values: Vec::new() };
    }
    let figures = own.windows(window).zip(market.windows(window)).map(|(own, market)| {
        let (own_mean, market_mean) = (spread(own).0, spread(market).0);
        let product: f64 = own.iter().zip(market).map(|(a, b)| (a - own_mean) * (b - market_mean)).sum();
        let square: f64 = market.iter().map(|b| (b - market_mean).powi(2)).sum();
        figure(if square == 0.0 { 0.0 } else { product / square }, own_mean, market_mean)
    });
    Series { first: window, values: figures.collect() }
}

/// A figure of each window of returns. A pass over every window: a report has thousands of points, and no rounding is carried
/// from one to the next.
fn rolling(values: &[f64], window: usize, figure: impl Fn(&[f64]) -> f64) -> Series<f64> {
    let returns = changes(values);
    let figures = if window < 2 { Vec::new() } else { returns.windows(window).map(figure).collect() };
    Series { first: window, values: figures }
}

fn changes(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect()
}

/// Mean and standard deviation (ddof 1).
fn spread(returns: &[f64]) -> (f64, f64) {
    let count = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / count;
    let squares: f64 = returns.iter().map(|change| (change - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}
