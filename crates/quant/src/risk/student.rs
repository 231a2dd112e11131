//! Student's t distribution, fitted.

use nalgebra::DVector;
use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};
use statrs::function::gamma::{digamma, ln_gamma};

use super::minimise::minimise;
use super::{Confidence, Moments, RiskError, Tail};

/// How far above 1 the degrees of freedom go at most.
const EXCESS_MAX: f64 = 999.0;
/// Of so few standard deviations the scale is that of a point, and not of a distribution.
const SCALE_LEAST: f64 = 1e-3;
/// With fewer degrees of freedom hardly a mean is left, and an expected shortfall is any number.
const FREEDOM_LEAST: f64 = 1.05;

/// A t distribution moved and stretched: location + scale * t.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StudentT {
    /// Its middle.
    pub location: f64,
    /// Its width; the standard deviation is scale √(ν / (ν - 2)).
    pub scale: f64,
    /// ν, the degrees of freedom, above 1: the smaller, the fatter the tails.
    pub freedom: f64,
}

impl StudentT {
    /// By maximum likelihood over all three, ν from 1 to 1,000: there it is a normal distribution.
    ///
    /// # Errors
    /// [`RiskError`]: fewer than ten returns, one not finite, all the same, no maximum; [`RiskError::Concentrated`] where half of
    /// them are the same, since the likelihood then grows without end towards that point.
    pub fn fit(returns: &[f64]) -> Result<Self, RiskError> {
        super::checked(returns, 10)?;
        let Moments { mean, deviation, .. } = Moments::of(returns)?;
        // In units of the standard deviation the three are of one size.
        let standard: Vec<f64> = returns.iter().map(|value| (value - mean) / deviation).collect();
        let share = most_common(&standard);
        let concentrated = RiskError::Concentrated { model: "Student's t", share };
        if share >= 0.5 {
            return Err(concentrated);
        }
        let start = DVector::from_vec(vec![0.0, -0.4, (4.0 / EXCESS_MAX).ln()]);
        let found = minimise(start, |point| {
            let share = 1.0 / (1.0 + (-point[2]).exp());
            let (location, scale, excess) = (point[0], point[1].exp(), share * EXCESS_MAX);
            if !(1e-9..=1e9).contains(&scale) {
                return (f64::INFINITY, DVector::from_vec(vec![0.0, 0.0, 0.0]));
            }
            let (value, slopes) = likelihood(&standard, location, scale, 1.0 + excess);
            let count = standard.len() as f64;
            (
                -value / count,
                DVector::from_vec(vec![-slopes[0], -slopes[1] * scale, -slopes[2] * excess * (1.0 - share)]) / count,
            )
        });
        if !found.converged {
            return Err(RiskError::NoFit { model: "Student's t", steps: found.steps });
        }
        let (scale, freedom) = (found.point[1].exp(), 1.0 + EXCESS_MAX / (1.0 + (-found.point[2]).exp()));
        if scale < SCALE_LEAST || freedom < FREEDOM_LEAST {
            return Err(concentrated);
        }
        Ok(Self { location: mean + deviation * found.point[0], scale: deviation * scale, freedom })
    }

    /// VaR = -(l + s t), CVaR = -(l - s (ν + t²) / (ν - 1) f(t) / p) with t the quantile of the tail's probability p and f the
    /// density there (McNeil, Frey and Embrechts, "Quantitative Risk Management", 2nd edition, 2015, example 2.15). Over
    /// `horizon` observations the location grows with time and the scale with its square root, the tails staying as fat: a
    /// cautious rule, as sums of independent returns come closer to the normal.
    ///
    /// # Errors
    /// [`RiskError::NoFit`] where the degrees of freedom allow no distribution.
    pub fn tail(&self, confidence: Confidence, horizon: usize) -> Result<Tail, RiskError> {
        let unfit = |_| RiskError::NoFit { model: "Student's t", steps: 0 };
        let standard = StudentsT::new(0.0, 1.0, self.freedom).map_err(unfit)?;
        let (p, time) = (confidence.tail(), horizon as f64);
        let t = standard.inverse_cdf(p);
        let beyond = (self.freedom + t * t) / (self.freedom - 1.0) * standard.pdf(t) / p;
        let (location, scale) = (self.location * time, self.scale * time.sqrt());
        Ok(Tail { var: -(location + scale * t), cvar: -(location - scale * beyond), errors: None })
    }
}

/// The share of the values that are the same as another, to a millionth: the most common one.
fn most_common(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let most = sorted.chunk_by(|a, b| b - a <= 1e-6).map(<[f64]>::len).max();
    most.unwrap_or(0) as f64 / values.len() as f64
}

/// The logarithm of the likelihood, and its slopes along location, scale and ν.
fn likelihood(returns: &[f64], location: f64, scale: f64, freedom: f64) -> (f64, [f64; 3]) {
    let count = returns.len() as f64;
    let half = 0.5 * (freedom + 1.0);
    let (mut logs, mut pulls, mut shares) = (0.0, 0.0, 0.0);
    for value in returns {
        let z = (value - location) / scale;
        let square = z * z / freedom;
        logs += square.ln_1p();
        pulls += z / (1.0 + square);
        shares += square / (1.0 + square);
    }
    let constant = ln_gamma(half) - ln_gamma(0.5 * freedom) - 0.5 * (freedom * std::f64::consts::PI).ln() - scale.ln();
    let along_freedom =
        0.5 * count * (digamma(half) - digamma(0.5 * freedom) - 1.0 / freedom) - 0.5 * logs + half * shares / freedom;
    let slopes = [2.0 * half * pulls / (freedom * scale), (2.0 * half * shares - count) / scale, along_freedom];
    (count * constant - half * logs, slopes)
}
