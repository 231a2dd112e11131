//! Did the forecasts of value at risk hold: Kupiec's and Christoffersen's tests, and Basel's traffic light.

use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF};

use super::{Confidence, RiskError};

/// A likelihood ratio and how likely one as large is by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// -2 ln of the ratio; chi-squared when the forecasts are right.
    pub ratio: f64,
    /// The probability of such a ratio or a larger one then.
    pub p_value: f64,
}

/// Basel's zones for a number of exceedances (Basel Committee, "Supervisory framework for the use of backtesting", 1996).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// So many or fewer come with a probability of less than 95 %.
    Green,
    /// Less than 99.99 %.
    Yellow,
    /// More.
    Red,
}

/// Which observations lost more than was forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Exceedances {
    hits: Vec<bool>,
    share: f64,
}

impl Exceedances {
    /// From `returns` and the VaR (a loss) that was forecast for each.
    ///
    /// # Errors
    /// [`RiskError`]: fewer than two, not a forecast each, one not finite.
    pub fn new(returns: &[f64], forecasts: &[f64], confidence: Confidence) -> Result<Self, RiskError> {
        super::checked(returns, 2)?;
        super::checked(forecasts, returns.len())?;
        let hits = returns.iter().zip(forecasts).map(|(value, forecast)| -value > *forecast).collect();
        Ok(Self { hits, share: confidence.tail() })
    }

    /// From hits that are known. At least two.
    ///
    /// # Errors
    /// [`RiskError::TooFew`].
    pub fn of(hits: Vec<bool>, confidence: Confidence) -> Result<Self, RiskError> {
        if hits.len() < 2 {
            return Err(RiskError::TooFew { observations: hits.len(), needed: 2 });
        }
        Ok(Self { hits, share: confidence.tail() })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.hits.iter().filter(|hit| **hit).count()
    }

    /// Of how many observations.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.hits.len()
    }

    /// How many there should be.
    #[must_use]
    pub fn expected(&self) -> f64 {
        self.hits.len() as f64 * self.share
    }

    /// Are there too many, or too few (Kupiec, "Techniques for verifying the accuracy of risk measurement models", 1995:
    /// proportion of failures; one degree of freedom).
    #[must_use]
    pub fn kupiec(&self) -> Test {
        let (hits, all) = (self.count() as f64, self.hits.len() as f64);
        let observed = bernoulli(hits, all - hits, hits / all);
        test(2.0 * (observed - bernoulli(hits, all - hits, self.share)), 1.0)
    }

    /// Do they come one after another (Christoffersen, "Evaluating interval forecasts", 1998: first-order independence; one
    /// degree of freedom).
    #[must_use]
    pub fn independence(&self) -> Test {
        let mut counts = [[0.0_f64; 2]; 2];
        for pair in self.hits.windows(2) {
            counts[usize::from(pair[0])][usize::from(pair[1])] += 1.0;
        }
        let [[calm, first], [last, again]] = counts;
        let share = |hits: f64, misses: f64| if hits + misses > 0.0 { hits / (hits + misses) } else { 0.0 };
        let dependent = bernoulli(first, calm, share(first, calm)) + bernoulli(again, last, share(again, last));
        let alike = bernoulli(first + again, calm + last, share(first + again, calm + last));
        test(2.0 * (dependent - alike), 1.0)
    }

    /// Both at once (Christoffersen, 1998: conditional coverage, the sum of both ratios; two degrees of freedom).
    #[must_use]
    pub fn conditional(&self) -> Test {
        test(self.kupiec().ratio + self.independence().ratio, 2.0)
    }

    /// The zone, by the binomial probability of so many exceedances or fewer.
    #[must_use]
    pub fn light(&self) -> Light {
        // A share from 0 to 0.5 makes a binomial.
        let below =
            Binomial::new(self.share, self.hits.len() as u64).map_or(1.0, |binomial| binomial.cdf(self.count() as u64));
        match below {
            below if below < 0.95 => Light::Green,
            below if below < 0.9999 => Light::Yellow,
            _ => Light::Red,
        }
    }
}

/// ln of p^hits (1 - p)^misses.
fn bernoulli(hits: f64, misses: f64, share: f64) -> f64 {
    let term = |count: f64, share: f64| if count > 0.0 { count * share.ln() } else { 0.0 };
    term(hits, share) + term(misses, 1.0 - share)
}

fn test(ratio: f64, freedom: f64) -> Test {
    // A rounding below zero is zero.
    let ratio = ratio.max(0.0);
    let p_value = ChiSquared::new(freedom).map_or(f64::NAN, |chi| chi.sf(ratio));
    Test { ratio, p_value }
}
