//! What if: worlds that history does not hold.

use nalgebra::DMatrix;
use statrs::distribution::{ContinuousCDF, Normal};

use super::RiskError;
use crate::covariance::Covariance;

/// Correlations pulled towards one by `share` (0: as they are, 1: all assets as one), volatilities times `factor`.
///
/// Such a matrix measures a portfolio; at a share of 1 nobody can draw scenarios from it.
///
/// # Errors
/// [`RiskError::Number`]: a share outside 0 to 1, a factor that is not above zero.
pub fn worse(covariance: &Covariance, share: f64, factor: f64) -> Result<Covariance, RiskError> {
    if !(0.0..=1.0).contains(&share) {
        return Err(RiskError::Number { name: "share of correlation", value: share, expected: "0 to 1" });
    }
    if !(factor > 0.0 && factor.is_finite()) {
        return Err(RiskError::Number { name: "factor of volatility", value: factor, expected: "above 0" });
    }
    let ones = DMatrix::from_element(covariance.assets(), covariance.assets(), share);
    let volatilities: Vec<f64> = covariance.volatilities().iter().map(|own| own * factor).collect();
    Ok(Covariance::of_correlation(&(covariance.correlation() * (1.0 - share) + ones), &volatilities)?)
}

/// The likeliest way to lose so much.
#[derive(Debug, Clone, PartialEq)]
pub struct Reverse {
    /// Return of each asset in it.
    pub returns: Vec<f64>,
    /// How many standard deviations of the portfolio that is.
    pub deviations: f64,
    /// Probability of such a loss or a larger one in one observation, if returns were normal.
    pub probability: f64,
}

/// A standard deviation of returns, over what is held, that rounding makes by itself.
const NOISE: f64 = 1e-12;

/// Of all normal scenarios (mean zero) in which the portfolio loses `loss`, the likeliest: x = -loss S w / (w' S w) (Breuer,
/// Jandačka, Rheinberger and Summer, "How to find plausible, severe and useful stress scenarios", 2009, linear case).
///
/// # Errors
/// [`RiskError::Number`]: a loss that is not above zero, or a portfolio that does not move, but for rounding.
pub fn reverse(covariance: &Covariance, weights: &[f64], loss: f64) -> Result<Reverse, RiskError> {
    if !(loss > 0.0 && loss.is_finite()) {
        return Err(RiskError::Number { name: "loss", value: loss, expected: "above 0" });
    }
    let variance = covariance.variance(weights);
    let gross: f64 = weights.iter().map(|weight| weight.abs()).sum();
    if variance.sqrt() <= NOISE * gross || variance.is_nan() {
        return Err(RiskError::Number { name: "variance of the portfolio", value: variance, expected: "above 0" });
    }
    let deviations = loss / variance.sqrt();
    Ok(Reverse {
        returns: covariance.covariances(weights).iter().map(|own| -loss * own / variance).collect(),
        deviations,
        probability: Normal::standard().cdf(-deviations),
    })
}

/// Returns of all assets when `factor` (returns of an index or of one of the assets, at the same instants) moves by `shock`: each
/// by its beta times the shock.
///
/// # Errors
/// As [`super::exposure::Beside::of`].
pub fn by_factor(returns: &crate::covariance::Returns, factor: &[f64], shock: f64) -> Result<Vec<f64>, RiskError> {
    let beta = |asset: usize| Ok(super::exposure::Beside::of(&returns.asset(asset), factor)?.beta * shock);
    (0..returns.assets()).map(beta).collect()
}

/// Days until a position of `quantity` is closed when `share` of the daily `volume` is ours.
///
/// # Errors
/// [`RiskError::Number`]: a share outside 0 to 1, a volume that is not above zero.
pub fn days_to_close(quantity: f64, volume: f64, share: f64) -> Result<f64, RiskError> {
    if !(share > 0.0 && share <= 1.0) {
        return Err(RiskError::Number { name: "share of volume", value: share, expected: "above 0, at most 1" });
    }
    if !(volume > 0.0 && volume.is_finite()) {
        return Err(RiskError::Number { name: "daily volume", value: volume, expected: "above 0" });
    }
    Ok(quantity.abs() / (volume * share))
}
