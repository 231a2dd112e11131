//! What if: worlds that history does not hold.

use nalgebra::{DMatrix, DVector};
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
    /// Return of each asset in it; -1 exactly where a price falls by all of it.
    pub returns: Vec<f64>,
    /// How far off it is: sqrt(x' S^-1 x). Where no price falls by all of it, these are standard deviations of the portfolio.
    pub deviations: f64,
    /// Probability of such a loss or a larger one in one observation, if returns were normal; where a price falls by all of it,
    /// the probability is at most that.
    pub probability: f64,
}

/// A standard deviation of returns, over what is held, that rounding makes by itself.
const NOISE: f64 = 1e-12;
/// A return this little below -1 is rounding.
const SLACK: f64 = 1e-9;
/// What is left of a variance where the loss is given is nothing below this share of it.
const LEFT: f64 = 1e-13;
/// Rounds an asset until a push counts as not found.
const ROUNDS: usize = 10;
/// The lowest return: a price falls by all of it at most.
const LEAST: f64 = -1.0;

/// Of all normal scenarios (mean zero) in which the portfolio loses `loss`, and no price falls by more than all of it, the
/// likeliest: x = -loss S w / (w' S w) (Breuer, Jandačka, Rheinberger and Summer, "How to find plausible, severe and useful stress
/// scenarios", 2009, linear case), pushed up by x + C m where it is below -1, C the covariance that is left where the loss is
/// given, m at least zero and zero above -1.
///
/// # Errors
/// [`RiskError::Number`]: a loss that is not above zero, or a portfolio that does not move, but for rounding.
/// [`RiskError::OutOfReach`]: a loss that takes prices below zero.
pub fn reverse(covariance: &Covariance, weights: &[f64], loss: f64) -> Result<Reverse, RiskError> {
    if !(loss > 0.0 && loss.is_finite()) {
        return Err(RiskError::Number { name: "loss", value: loss, expected: "above 0" });
    }
    let variance = covariance.variance(weights);
    let gross: f64 = weights.iter().map(|weight| weight.abs()).sum();
    if variance.sqrt() <= NOISE * gross || variance.is_nan() {
        return Err(RiskError::Number { name: "variance of the portfolio", value: variance, expected: "above 0" });
    }
    // What is short may rise by any amount.
    let most = weights.iter().all(|weight| *weight >= 0.0).then_some(gross);
    let out_of_reach = RiskError::OutOfReach { loss, most };
    if most.is_some_and(|most| loss > most * (1.0 + NOISE)) {
        return Err(out_of_reach);
    }
    let with_all = DVector::from_vec(covariance.covariances(weights));
    let free = &with_all * (-loss / variance);
    let left = covariance.matrix() - &with_all * with_all.transpose() / variance;
    let push = push(&left, &free, covariance).ok_or(out_of_reach)?;
    let pushed = push.iter().any(|push| *push > 0.0);
    let price = -(loss + with_all.dot(&push)) / variance;
    let deviations = if pushed { (-loss * price - push.sum()).sqrt() } else { loss / variance.sqrt() };
    let returns = &free + &left * &push;
    let stopped = |(value, push): (&f64, &f64)| if *push > 0.0 { LEAST } else { value.max(LEAST) };
    Ok(Reverse {
        returns: returns.iter().zip(&push).map(stopped).collect(),
        deviations,
        probability: Normal::standard().cdf(-deviations),
    })
}

/// The push m of each asset: at least zero, zero where `free + left m` is above -1, and that never below -1. `None` where no push
/// gets there. The lowest asset is pushed up to -1 while those before it are kept there, and one that would be pushed down for
/// that is let go (D. Goldfarb and A. Idnani, "A numerically stable dual method for solving strictly convex quadratic programs",
/// 1983).
fn push(left: &DMatrix<f64>, free: &DVector<f64>, covariance: &Covariance) -> Option<DVector<f64>> {
    let mut push = DVector::zeros(free.len());
    let mut kept: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS * free.len() {
        let returns = free + left * &push;
        let others = (0..free.len()).filter(|asset| !kept.contains(asset) && returns[*asset] < LEAST - SLACK);
        let Some(lowest) = others.min_by(|a, b| returns[*a].total_cmp(&returns[*b])) else { return Some(push) };
        loop {
            let beside = left.column(lowest).select_rows(&kept);
            let release = match kept.len() {
                0 => beside.clone(),
                _ => left.select_rows(&kept).select_columns(&kept).cholesky()?.solve(&beside),
            };
            let rise = left[(lowest, lowest)] - beside.dot(&release);
            let can_rise = rise > LEFT * covariance.matrix()[(lowest, lowest)];
            let below = LEAST - free[lowest] - left.column(lowest).dot(&push);
            let whole = if can_rise { below / rise } else { f64::INFINITY };
            let falls = (0..kept.len()).filter(|place| release[*place] > 0.0);
            let first =
                falls.map(|place| (place, push[kept[place]] / release[place])).min_by(|a, b| a.1.total_cmp(&b.1));
            let step = first.map_or(whole, |(_, step)| step.min(whole));
            if step.is_infinite() {
                return None;
            }
            push[lowest] += step;
            kept.iter().zip(&release).for_each(|(asset, release)| push[*asset] -= step * release);
            let Some((gone, _)) = first.filter(|(_, step)| *step < whole) else { break };
            push[kept.remove(gone)] = 0.0;
        }
        kept.push(lowest);
    }
    None
}

/// Returns of all assets when `factor` (returns of an index or of one of the assets, at the same instants) moves by `shock`: each
/// by its beta times the shock, and down by all of its price at most.
///
/// # Errors
/// As [`super::exposure::Beside::of`].
pub fn by_factor(returns: &crate::covariance::Returns, factor: &[f64], shock: f64) -> Result<Vec<f64>, RiskError> {
    let of_beta = |beta: f64| (beta * shock).max(LEAST);
    let moved = |asset: usize| Ok(of_beta(super::exposure::Beside::of(&returns.asset(asset), factor)?.beta));
    (0..returns.assets()).map(moved).collect()
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
