//! What a report draws: drawdowns, monthly returns, rolling Sharpe ratio. Pure functions of times and values.

use super::DAY_NS;
use super::calendar::months_since_year_zero;
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
    /// Time of the lowest point.
    pub trough_ns: i64,
    /// Time of the first point at or above the peak again; `None` if that never came.
    pub recovery_ns: Option<i64>,
    /// Depth as a fraction of the peak, negative.
    pub depth: f64,
}

/// Every drawdown of a curve in the order of time; `times_ns` and `values` have one length, values are above zero.
#[must_use]
pub fn drawdown_episodes(times_ns: &[i64], values: &[f64]) -> Vec<Episode> {
    let mut episodes = Vec::new();
    let mut peak: Option<(i64, f64)> = None;
    let mut fall: Option<Episode> = None;
    for (&time, &value) in times_ns.iter().zip(values) {
        match peak {
            Some((since, top)) if value < top => {
                let depth = value / top - 1.0;
                let now = Episode { peak_ns: since, trough_ns: time, recovery_ns: None, depth };
                fall = fall.filter(|deepest| deepest.depth <= depth).or(Some(now));
            }
            _ => {
                episodes.extend(fall.take().map(|deepest| Episode { recovery_ns: Some(time), ..deepest }));
                peak = Some((time, value));
            }
        }
    }
    episodes.extend(fall);
    episodes
}

/// Return of one calendar month, UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MonthlyReturn {
    /// Year of the Gregorian calendar.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// Last value of the month over the last value of the month before, less 1; the first month counts from its first value.
    pub return_fraction: f64,
}

/// Returns of the months that have a point, in the order of time; `times_ns` and `values` have one length.
#[must_use]
pub fn monthly_returns(times_ns: &[i64], values: &[f64]) -> Vec<MonthlyReturn> {
    let mut months: Vec<MonthlyReturn> = Vec::new();
    let (mut base, mut current, mut last) = (f64::NAN, None, f64::NAN);
    for (&time, &value) in times_ns.iter().zip(values) {
        let number = months_since_year_zero(time.div_euclid(DAY_NS));
        if current != Some(number) {
            base = if current.is_none() { value } else { last };
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
    let returns: Vec<f64> = values.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
    if window < 2 || returns.len() < window {
        return Series { first: window, values: Vec::new() };
    }
    // A pass over every window: a report has thousands of points, and no rounding is carried from one to the next.
    let sharpe = returns.windows(window).map(|window| {
        let count = window.len() as f64;
        let mean = window.iter().sum::<f64>() / count;
        let squares: f64 = window.iter().map(|change| (change - mean).powi(2)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        if deviation > 0.0 { mean / deviation * periods_per_year.sqrt() } else { 0.0 }
    });
    Series { first: window, values: sharpe.collect() }
}
