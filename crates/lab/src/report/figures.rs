//! What the pictures show: buy and hold, drawdown, daily values, rolling Sharpe ratio, the spread of trade returns.
use qframe_quant::performance::{Frequency, MonthlyReturn, monthly_returns, rolling_sharpe};

use super::Facts;

/// What the initial capital would have become at each point, had it bought at the close of the first bar on which the
/// strategy could act: the curve behind `Buy & Hold Return [%]`. Before that bar it is the capital.
pub(super) fn buy_and_hold(facts: &Facts<'_>) -> Vec<f64> {
    let prices: Vec<f64> = crate::hold::buy_and_hold(facts.backtest).collect();
    let start = facts.outcome.warm_up.saturating_sub(1).min(prices.len().saturating_sub(1));
    let (capital, entry) = (facts.backtest.setup().cash.to_f64(), prices.get(start).copied().unwrap_or(1.0));
    let value = |(place, price): (usize, f64)| if place < start { capital } else { capital * price / entry };
    prices.into_iter().enumerate().map(value).collect()
}

/// The first point of the curve, then the last one of each UTC day.
pub(super) struct Daily {
    pub times_ns: Vec<i64>,
    pub equity: Vec<f64>,
}

impl Daily {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let (mut times_ns, mut equity) = (Vec::new(), Vec::new());
        let points = facts.outcome.curve.points();
        let mut day = None;
        for (time, value) in points {
            // The first point stays for good; the last of a day replaces those before it.
            if day == Some(time.day()) && times_ns.len() > 1 {
                times_ns.pop();
                equity.pop();
            }
            day = Some(time.day());
            times_ns.push(time.nanos());
            equity.push(value.to_f64());
        }
        Self { times_ns, equity }
    }

    /// Returns of the months, up to the one in which nothing was left: what follows it is a share of nothing.
    pub(super) fn monthly(&self) -> Vec<MonthlyReturn> {
        let ruin = self.equity.iter().position(|equity| *equity <= 0.0);
        let lived = ruin.map_or(self.equity.len(), |place| place + 1);
        monthly_returns(&self.times_ns[..lived], &self.equity[..lived])
    }
}

/// A Sharpe ratio over the last returns, at each day that has enough of them.
pub(super) struct RollingSharpe {
    /// How many returns each ratio is made of.
    pub window: usize,
    /// What a return spans: `daily`, `weekly`, `monthly`, `yearly`.
    pub word: &'static str,
    pub times_ns: Vec<i64>,
    pub values: Vec<f64>,
}

/// A ratio of fewer returns says nothing.
const WINDOW_MIN: usize = 10;

impl RollingSharpe {
    /// Over half a year of returns; over a quarter of them where there is less than two years. `None` for too few.
    pub(super) fn of(facts: &Facts<'_>, daily: &Daily) -> Option<Self> {
        let statistics = &facts.outcome.statistics;
        let half_a_year = (statistics.periods_per_year as usize / 2).max(WINDOW_MIN);
        let window = half_a_year.min(daily.equity.len().saturating_sub(1) / 4);
        if window < WINDOW_MIN || daily.equity.iter().any(|equity| *equity <= 0.0) {
            return None;
        }
        let sharpe = rolling_sharpe(&daily.equity, window, f64::from(statistics.periods_per_year));
        let times_ns = daily.times_ns.get(sharpe.first..).unwrap_or_default().to_vec();
        Some(Self { window, word: word(statistics.frequency), times_ns, values: sharpe.values })
    }
}

const fn word(frequency: Frequency) -> &'static str {
    match frequency {
        Frequency::Day => "daily",
        Frequency::Week => "weekly",
        Frequency::Month => "monthly",
        Frequency::Year => "yearly",
    }
}

/// How many trades returned how much, in per cent. Zero is an edge, so that no bar holds gains and losses.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Histogram {
    /// The lower edge of the first bar.
    pub first: f64,
    /// The width of a bar.
    pub step: f64,
    pub counts: Vec<u64>,
}

/// More bars are not told apart.
const BARS_MAX: f64 = 60.0;

impl Histogram {
    /// Bars as wide as Freedman and Diaconis advise (1981: twice the middle half's spread over the cube root of the
    /// count), rounded up to 1, 2 or 5 times a power of ten.
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let returns = facts.outcome.trades.iter().filter_map(qframe_model::position::ClosedTrade::return_share);
        Self::over(returns.map(|share| share * 100.0).collect())
    }

    fn over(mut returns: Vec<f64>) -> Self {
        returns.sort_by(f64::total_cmp);
        let (Some(low), Some(high)) = (returns.first(), returns.last()) else { return Self::default() };
        let middle_half = returns[returns.len() * 3 / 4] - returns[returns.len() / 4];
        let advised = 2.0 * middle_half / (returns.len() as f64).cbrt();
        let step = round_up(advised.max((high - low) / BARS_MAX).max(1e-6));
        let first = (low / step).floor();
        let mut counts = vec![0; ((high / step).floor() - first) as usize + 1];
        for value in &returns {
            counts[((value / step).floor() - first) as usize] += 1;
        }
        Self { first: first * step, step, counts }
    }
}

/// The next of 1, 2 or 5 times a power of ten, above zero.
pub(super) fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|nice| *nice >= value * 0.999_999)
        .unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bar_holds_gains_and_losses() {
        let bars = Histogram::over(vec![-2.5, -0.5, 0.0, 0.5, 1.5, 4.0]);
        assert_eq!((bars.first % bars.step, bars.counts.iter().sum::<u64>()), (0.0, 6));
        let below_zero = (-bars.first / bars.step).round() as usize;
        assert_eq!(bars.counts[..below_zero].iter().sum::<u64>(), 2);
        assert_eq!(Histogram::over(Vec::new()), Histogram::default());
        assert_eq!(Histogram::over(vec![3.0; 5]).counts, [5]);
    }

    #[test]
    fn steps_are_round() {
        for (value, step) in [(0.3, 0.5), (1.0, 1.0), (1.2, 2.0), (6.0, 10.0), (0.0007, 0.001)] {
            assert!((round_up(value) - step).abs() < 1e-12, "{value}");
        }
    }
}
