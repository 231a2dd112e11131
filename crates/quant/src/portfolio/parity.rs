//! Weights by risk alone: the inverse of volatilities, and exact risk budgets.
use nalgebra::DVector;

use super::PortfolioError;
use crate::covariance::Covariance;

/// Newton steps; some ten are enough.
const STEPS: u32 = 200;
/// Shares of risk are exact to this.
const PRECISION: f64 = 1e-13;

/// Each weight is proportional to one over the volatility.
pub(super) fn inverse_volatility(covariance: &Covariance) -> Vec<f64> {
    scaled(covariance.volatilities().iter().map(|volatility| 1.0 / volatility).collect())
}

/// Long weights of which each brings its share of the variance: `w_i (S w)_i = b_i w' S w`. Gives the weights, the largest
/// error of a share, and the steps.
///
/// They are the least of `x' C x / 2 - sum b_i ln x_i` with the correlations C and `x_i = w_i σ_i`, scaled to sum to one (F. Spinu,
/// "An algorithm for computing risk parity weights", 2013): strictly convex, so there is one such portfolio.
///
/// # Errors
/// [`PortfolioError::Number`] for a budget that is not above zero; [`PortfolioError::Covariance`]; [`PortfolioError::NotSolved`].
pub(super) fn risk_budgets(covariance: &Covariance, budgets: &[f64]) -> Result<(Vec<f64>, f64, u32), PortfolioError> {
    if let Some(value) = budgets.iter().find(|value| !(value.is_finite() && **value > 0.0)) {
        return Err(PortfolioError::Number { what: "a risk budget", value: *value, expected: "a number above zero" });
    }
    let budgets = DVector::from_vec(scaled(budgets.to_vec()));
    let correlation = covariance.correlation();
    let value = |x: &DVector<f64>| {
        let logs: f64 = budgets.iter().zip(x.iter()).map(|(budget, x)| budget * x.ln()).sum();
        x.dot(&(&correlation * x)) / 2.0 - logs
    };
    let mut x = budgets.map(f64::sqrt);
    for step in 0..STEPS {
        let pulls = &correlation * &x;
        let shares = x.component_mul(&pulls);
        let error = (&shares / shares.sum() - &budgets).amax();
        if error < PRECISION {
            let weights = x.iter().zip(covariance.volatilities()).map(|(x, volatility)| x / volatility).collect();
            return Ok((scaled(weights), error, step));
        }
        let gradient = pulls - budgets.component_div(&x);
        let mut hessian = correlation.clone();
        (0..x.len()).for_each(|asset| hessian[(asset, asset)] += budgets[asset] / (x[asset] * x[asset]));
        let factor = hessian.cholesky().ok_or_else(|| PortfolioError::NotSolved("no step".to_owned(), error))?;
        let way = -factor.solve(&gradient);
        let (slope, here) = (gradient.dot(&way), value(&x));
        let mut length = 1.0;
        loop {
            let next = &x + &way * length;
            let is_lower = next.min() > 0.0 && value(&next) <= here + 1e-4 * length * slope;
            // At the bottom the value no longer tells; a whole step is then the best there is.
            if is_lower || (slope.abs() < 1e-12 && next.min() > 0.0) || length < 1e-12 {
                x = next;
                break;
            }
            length /= 2.0;
        }
    }
    let shares = x.component_mul(&(&correlation * &x));
    let error = (&shares / shares.sum() - &budgets).amax();
    // Hundreds of assets leave a little rounding: that is still exact.
    let weights = x.iter().zip(covariance.volatilities()).map(|(x, volatility)| x / volatility).collect();
    if error < 1e-10 {
        Ok((scaled(weights), error, STEPS))
    } else {
        Err(PortfolioError::NotSolved("steps".to_owned(), error))
    }
}

/// The same, summing to one.
pub(super) fn scaled(mut weights: Vec<f64>) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= sum);
    weights
}
