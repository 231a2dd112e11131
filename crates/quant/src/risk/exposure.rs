//! What is held, and how it moves with something else.

use super::{Confidence, Quantile, RiskError, Tail, checked, historical};

/// Sizes of positions, in any one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure {
    /// Sum of long positions.
    pub long: f64,
    /// Sum of short positions, above zero.
    pub short: f64,
    /// Sum of squared shares of the gross (Herfindahl and Hirschman): 1 is one position.
    pub concentration: f64,
}

impl Exposure {
    /// Of signed values of positions.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let sum = |sign: f64| values.iter().map(|value| (value * sign).max(0.0)).sum::<f64>();
        let (long, short) = (sum(1.0), sum(-1.0));
        let squares = values.iter().map(|value| value * value).sum::<f64>();
        let gross = long + short;
        Self { long, short, concentration: if gross > 0.0 { squares / (gross * gross) } else { 0.0 } }
    }

    /// All positions.
    #[must_use]
    pub fn gross(&self) -> f64 {
        self.long + self.short
    }

    /// Long less short.
    #[must_use]
    pub fn net(&self) -> f64 {
        self.long - self.short
    }

    /// As many equal positions would be as concentrated; `None` where nothing is held.
    #[must_use]
    pub fn effective_number(&self) -> Option<f64> {
        (self.concentration > 0.0).then(|| 1.0 / self.concentration)
    }
}

/// How returns move with those of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Beside {
    /// Covariance over the benchmark's variance.
    pub beta: f64,
    /// Correlation.
    pub correlation: f64,
    /// Standard deviation (over n - 1) of the difference, of one observation.
    pub tracking_error: f64,
}

impl Beside {
    /// Of two series at the same instants.
    ///
    /// # Errors
    /// [`RiskError`]: fewer than two observations, different lengths, one not finite, one that does not vary.
    pub fn of(returns: &[f64], benchmark: &[f64]) -> Result<Self, RiskError> {
        checked(benchmark, 2)?;
        checked(returns, benchmark.len())?;
        let (own, other) = (super::Moments::of(returns)?, super::Moments::of(benchmark)?);
        let scale = (returns.len() - 1) as f64;
        let products = returns.iter().zip(benchmark).map(|(a, b)| (a - own.mean) * (b - other.mean));
        let covariance = products.sum::<f64>() / scale;
        let gap = own.mean - other.mean;
        let squares = returns.iter().zip(benchmark).map(|(a, b)| (a - b - gap).powi(2)).sum::<f64>();
        Ok(Self {
            beta: covariance / (other.deviation * other.deviation),
            correlation: covariance / (own.deviation * other.deviation),
            tracking_error: (squares / scale).sqrt(),
        })
    }
}

/// Drawdown at risk: the quantile of the falls from the peak over all observations, and the mean of those from there on
/// (Chekhlov, Uryasev and Zabarankin, "Drawdown measure in portfolio optimization", 2005). Of the curve that the returns make.
///
/// # Errors
/// [`RiskError`]: fewer than two returns, one not finite.
pub fn drawdown_at_risk(returns: &[f64], confidences: &[Confidence]) -> Result<Vec<Tail>, RiskError> {
    checked(returns, 2)?;
    let (mut value, mut peak) = (1.0, 1.0_f64);
    let fall = |growth: &f64| {
        // A book that loses more than it is worth has lost everything, and does not come back.
        value *= (1.0 + growth).max(0.0);
        peak = peak.max(value);
        value / peak - 1.0
    };
    historical(&returns.iter().map(fall).collect::<Vec<_>>(), Quantile::Order, confidences)
}
