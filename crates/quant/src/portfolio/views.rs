//! Views of one's own, mixed with what the market expects.
use nalgebra::{DMatrix, DVector};

use super::PortfolioError;
use crate::covariance::Covariance;

/// What somebody expects: the weighted returns of some assets come to `value` a year.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Places of assets and their weights: one with 1 for "A returns …", two with 1 and -1 for "A beats B by …".
    pub weights: Vec<(usize, f64)>,
    /// Their return a year.
    pub value: f64,
    /// How sure, above 0 and below 1: at 0.5 the view is as sure as the market's own expectation (its variance is that of the
    /// view's portfolio times tau); near 1 it is certain.
    pub confidence: f64,
}

/// Expected returns and covariance of a year after views (F. Black and R. Litterman, "Global portfolio optimization", 1992; in the
/// form of G. He and R. Litterman, "The intuition behind Black-Litterman model portfolios", 1999, appendix). The market
/// expects `aversion * S * market`, uncertain by `tau * S`; `market` are the weights of the whole market.
///
/// # Errors
/// [`PortfolioError`]: numbers out of range, places that are none, views that contradict each other with certainty.
pub fn posterior(
    covariance: &Covariance,
    market: &[f64],
    (aversion, tau): (f64, f64),
    views: &[View],
) -> Result<(Vec<f64>, Covariance), PortfolioError> {
    let count = covariance.assets();
    check(count, market, (aversion, tau), views)?;
    let prior = DVector::from_vec(covariance.covariances(market)) * aversion;
    if views.is_empty() {
        return Ok((prior.as_slice().to_vec(), covariance.clone()));
    }
    let spread = covariance.matrix() * tau;
    let mut picks = DMatrix::zeros(views.len(), count);
    for (row, view) in views.iter().enumerate() {
        view.weights.iter().for_each(|(asset, weight)| picks[(row, *asset)] += weight);
    }
    let seen = &picks * &spread;
    let mut total = &seen * picks.transpose();
    for (place, view) in views.iter().enumerate() {
        total[(place, place)] += total[(place, place)] * (1.0 / view.confidence - 1.0);
    }
    let surprise = DVector::from_iterator(views.len(), views.iter().map(|view| view.value)) - &picks * &prior;
    let factor = total.cholesky().ok_or(PortfolioError::Together("a view", "another that says the same"))?;
    let means = prior + seen.transpose() * factor.solve(&surprise);
    let left = covariance.matrix() + &spread - seen.transpose() * factor.solve(&seen);
    // Rounding may leave the two sides a hair apart.
    let even = (&left + left.transpose()) / 2.0;
    Ok((means.as_slice().to_vec(), Covariance::new(count, even.as_slice())?))
}

fn check(count: usize, market: &[f64], (aversion, tau): (f64, f64), views: &[View]) -> Result<(), PortfolioError> {
    if market.len() != count {
        return Err(PortfolioError::Length { what: "market weights", found: market.len(), expected: count });
    }
    let number = |what, value: f64, is_good: bool, expected| {
        if is_good { Ok(()) } else { Err(PortfolioError::Number { what, value, expected }) }
    };
    number("the risk aversion", aversion, aversion.is_finite() && aversion > 0.0, "a number above zero")?;
    number("tau", tau, tau.is_finite() && tau > 0.0, "a number above zero, such as 0.05")?;
    for weight in market {
        number("a market weight", *weight, weight.is_finite(), "a finite number")?;
    }
    for view in views {
        let is_sure = view.confidence > 0.0 && view.confidence < 1.0;
        number("the confidence of a view", view.confidence, is_sure, "a number above 0 and below 1")?;
        number("the return of a view", view.value, view.value.is_finite(), "a finite number")?;
        if let Some((asset, _)) = view.weights.iter().find(|(asset, weight)| *asset >= count || !weight.is_finite()) {
            return Err(PortfolioError::Length { what: "assets", found: count, expected: asset + 1 });
        }
        let is_of_some = view.weights.iter().any(|(_, weight)| *weight != 0.0);
        number("the weights of a view", 0.0, is_of_some, "at least one that is not zero")?;
    }
    Ok(())
}
