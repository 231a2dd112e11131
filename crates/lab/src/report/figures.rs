//! What the pictures show: buy and hold, the spread of returns.
use super::Facts;

/// What the initial capital would have become at each point, had it bought at the close of the first bar on which the
/// strategy could act: the curve behind `Buy & Hold Return [%]`. Before that bar it is the capital.
pub(super) fn buy_and_hold(facts: &Facts<'_>) -> Vec<f64> {
    let (start, prices) = crate::hold::buy_and_hold(facts.backtest, facts.outcome.warm_up);
    let prices: Vec<f64> = prices.collect();
    let start = start.min(prices.len().saturating_sub(1));
    let (capital, entry) = (facts.backtest.setup().cash.to_f64(), prices.get(start).copied().unwrap_or(1.0));
    let value = |(place, price): (usize, f64)| if place < start { capital } else { capital * price / entry };
    prices.into_iter().enumerate().map(value).collect()
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

    /// Of returns in per cent.
    pub(super) fn over(mut returns: Vec<f64>) -> Self {
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
