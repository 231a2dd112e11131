//! Distributions with a formula: normal, and Cornish and Fisher's correction of it.

use statrs::distribution::{Continuous, ContinuousCDF, Normal as Gauss};

use super::{Confidence, RiskError, Tail, checked};

/// What a series looks like from afar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, over n - 1.
    pub deviation: f64,
    /// Third standardised moment, over n.
    pub skewness: f64,
    /// Fourth standardised moment less 3, over n.
    pub kurtosis: f64,
}

impl Moments {
    /// Of at least two returns.
    ///
    /// # Errors
    /// [`RiskError`]: too few, one not finite, or all the same.
    pub fn of(returns: &[f64]) -> Result<Self, RiskError> {
        checked(returns, 2)?;
        if returns.iter().all(|value| *value == returns[0]) {
            return Err(crate::covariance::CovarianceError::Constant { asset: 0 }.into());
        }
        let count = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / count;
        let moment = |power: i32| returns.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
        let variance = moment(2);
        Ok(Self {
            mean,
            deviation: (variance * count / (count - 1.0)).sqrt(),
            skewness: moment(3) / variance.powf(1.5),
            kurtosis: moment(4) / (variance * variance) - 3.0,
        })
    }
}

/// A normal distribution of returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normal {
    /// Mean of one observation.
    pub mean: f64,
    /// Standard deviation of one observation.
    pub deviation: f64,
}

impl Normal {
    /// Mean and standard deviation (n - 1) of at least two returns, which may all be the same.
    #[must_use]
    pub fn sample(returns: &[f64]) -> Self {
        let count = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / count;
        let squares: f64 = returns.iter().map(|value| (value - mean).powi(2)).sum();
        Self { mean, deviation: (squares / (count - 1.0)).sqrt() }
    }

    /// Mean zero and the exponentially weighted volatility of the next observation: v' = decay v + (1 - decay) r², from the
    /// square of the first return (RiskMetrics Technical Document, 1996, section 5.2).
    ///
    /// # Errors
    /// [`RiskError`]: fewer than two returns, one not finite, a decay outside 0 to 1, all zero.
    pub fn ewma(returns: &[f64], decay: f64) -> Result<Self, RiskError> {
        checked(returns, 2)?;
        if !(decay > 0.0 && decay < 1.0) {
            return Err(RiskError::Number { name: "decay", value: decay, expected: "a number above 0 and below 1" });
        }
        let first = returns[0] * returns[0];
        let variance = returns.iter().fold(first, |variance, value| decay * variance + (1.0 - decay) * value * value);
        if variance > 0.0 {
            return Ok(Self { mean: 0.0, deviation: variance.sqrt() });
        }
        Err(crate::covariance::CovarianceError::Constant { asset: 0 }.into())
    }

    /// Over `horizon` independent observations: the mean grows with time, the deviation with its square root.
    /// VaR = -(m h + z s √h), CVaR = -(m h - s √h φ(z) / p), where z is the normal quantile of the tail's probability p.
    #[must_use]
    pub fn tail(&self, confidence: Confidence, horizon: usize) -> Tail {
        let time = horizon as f64;
        let (z, density) = quantile(confidence.tail());
        let (mean, deviation) = (self.mean * time, self.deviation * time.sqrt());
        Tail { var: -(mean + z * deviation), cvar: -(mean - deviation * density / confidence.tail()), errors: None }
    }
}

/// A normal distribution bent to a skewness and a kurtosis (Cornish and Fisher, 1938).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CornishFisher(pub Moments);

impl CornishFisher {
    /// z' = z + (z² - 1) S / 6 + (z³ - 3 z) K / 24 - (2 z³ - 5 z) S² / 36 in place of the normal quantile z; the CVaR is the
    /// integral of that over the tail (Maillard, "A user's guide to the Cornish Fisher expansion", 2012). Over `horizon`
    /// independent observations the skewness falls with √h and the kurtosis with h.
    ///
    /// # Errors
    /// [`RiskError::Expansion`] where z' does not rise with z all over the tail.
    pub fn tail(&self, confidence: Confidence, horizon: usize) -> Result<Tail, RiskError> {
        let (time, p) = (horizon as f64, confidence.tail());
        let (skewness, kurtosis) = (self.0.skewness / time.sqrt(), self.0.kurtosis / time);
        let (z, density) = quantile(p);
        if !rises(skewness, kurtosis, z) {
            let confidence = confidence.value();
            return Err(RiskError::Expansion { skewness, kurtosis, confidence });
        }
        let square = skewness * skewness / 36.0;
        let bent = z + (z * z - 1.0) * skewness / 6.0 + (z.powi(3) - 3.0 * z) * kurtosis / 24.0
            - (2.0 * z.powi(3) - 5.0 * z) * square;
        let mean_bent =
            -density / p * (1.0 + z * skewness / 6.0 - (1.0 - z * z) * kurtosis / 24.0 + (1.0 - 2.0 * z * z) * square);
        let (mean, deviation) = (self.0.mean * time, self.0.deviation * time.sqrt());
        Ok(Tail { var: -(mean + bent * deviation), cvar: -(mean + mean_bent * deviation), errors: None })
    }
}

/// The slope of the expansion, c + b z + a z², is above zero from -4 (once in thirty thousand) to `z`. With thin tails it
/// turns further out, where next to nothing lies.
fn rises(skewness: f64, kurtosis: f64, z: f64) -> bool {
    let a = kurtosis / 8.0 - skewness * skewness / 6.0;
    let b = skewness / 3.0;
    let c = 1.0 - kurtosis / 8.0 + 5.0 * skewness * skewness / 36.0;
    let turn = (-b / (2.0 * a)).clamp(-4.0, z.max(-4.0));
    [z.min(-4.0), z, if turn.is_finite() { turn } else { z }].into_iter().all(|z| c + b * z + a * z * z > 0.0)
}

/// The normal quantile and the density there.
fn quantile(probability: f64) -> (f64, f64) {
    let gauss = Gauss::standard();
    let z = gauss.inverse_cdf(probability);
    (z, gauss.pdf(z))
}
