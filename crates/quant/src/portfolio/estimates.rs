//! What is known of the assets, and what that says of weights.
use super::PortfolioError;
use crate::covariance::{Covariance, Returns};

/// Expected returns and covariances of a year, and the observed returns they may come from.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    names: Vec<String>,
    means: Vec<f64>,
    covariance: Covariance,
    returns: Returns,
}

/// What is expected of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Expected return a year.
    pub expected_return: f64,
    /// Volatility a year.
    pub volatility: f64,
    /// Weighted volatilities of the assets over the volatility of the whole.
    pub diversification: f64,
    /// One over the sum of squared shares of the absolute weights.
    pub effective_positions: f64,
    /// The share of the variance that each asset brings; they sum to one.
    pub risk_shares: Vec<f64>,
    /// The sum of absolute weights.
    pub gross: f64,
    /// The sum of weights.
    pub net: f64,
}

impl Figures {
    /// The return above the rate without risk, over the volatility; `paid` is what trading takes from the return. What is not
    /// invested earns that rate and what is borrowed pays it, so that all there is returns `m'w + (1 - net) rate`.
    #[must_use]
    pub fn sharpe_ratio(&self, risk_free: f64, paid: f64) -> f64 {
        (self.expected_return - paid - risk_free * self.net) / self.volatility
    }
}

/// Mean returns of a year: geometric, `prod(1 + r)^(periods / n) - 1` of each asset, `periods` observations a year.
#[must_use]
pub fn annual_means(returns: &Returns, periods: f64) -> Vec<f64> {
    let mut logs = vec![0.0; returns.assets()];
    for row in returns.rows() {
        logs.iter_mut().zip(row).for_each(|(log, value)| *log += value.ln_1p());
    }
    logs.iter().map(|log| (log * periods / returns.observations() as f64).exp_m1()).collect()
}

impl Estimates {
    /// `means` and `covariance` of a year; `returns` of one observation.
    ///
    /// # Errors
    /// [`PortfolioError`]: not one name, mean and column of returns an asset; a mean that is not finite; a covariance that is not
    /// positive definite.
    pub fn new(
        names: Vec<String>,
        means: Vec<f64>,
        covariance: Covariance,
        returns: Returns,
    ) -> Result<Self, PortfolioError> {
        let expected = covariance.assets();
        for (what, found) in [("names", names.len()), ("expected returns", means.len()), ("columns", returns.assets())]
        {
            if found != expected {
                return Err(PortfolioError::Length { what, found, expected });
            }
        }
        if let Some(value) = means.iter().find(|mean| !mean.is_finite()) {
            let what = "an expected return";
            return Err(PortfolioError::Number { what, value: *value, expected: "a finite number" });
        }
        covariance.cholesky()?;
        Ok(Self { names, means, covariance, returns })
    }

    /// Number of assets.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.names.len()
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Expected returns a year.
    #[must_use]
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Of a year.
    #[must_use]
    pub const fn covariance(&self) -> &Covariance {
        &self.covariance
    }

    /// As they were observed.
    #[must_use]
    pub const fn returns(&self) -> &Returns {
        &self.returns
    }

    /// What is expected of weights, one an asset.
    #[must_use]
    pub fn figures(&self, weights: &[f64]) -> Figures {
        let pulls = self.covariance.covariances(weights);
        let variance = dot(&pulls, weights);
        let (volatility, gross) = (variance.sqrt(), weights.iter().map(|weight| weight.abs()).sum::<f64>());
        let spread: f64 = dot(&self.covariance.volatilities(), weights);
        Figures {
            expected_return: dot(&self.means, weights),
            volatility,
            diversification: spread / volatility,
            effective_positions: gross * gross / dot(weights, weights),
            risk_shares: pulls.iter().zip(weights).map(|(pull, weight)| pull * weight / variance).collect(),
            gross,
            net: weights.iter().sum(),
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
