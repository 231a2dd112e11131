//! The weights that let wealth grow most.
use nalgebra::{DMatrix, DVector};

use super::constraints::Constraints;
use super::convex::Quadratic;
use super::estimates::{Estimates, dot};
use super::program::Solution;
use super::{Objective, PortfolioError, convex};

/// Steps; in the end each doubles the digits that are right.
const STEPS: u32 = 100;
/// How far a step may still move the slope at the optimum, in units of the curvature.
const PRECISION: f64 = 1e-10;

/// The highest mean of `ln(1 + w' r)` over the observed returns, by Newton's method: each step is the best of the quadratic
/// that touches the logarithms, under all constraints, and is shortened until the growth rises.
///
/// # Errors
/// As any optimiser; [`PortfolioError::NotSolved`] where every start is ruined by an observation.
pub(super) fn most(estimates: &Estimates, constraints: &Constraints) -> Result<Solution, PortfolioError> {
    if constraints.linear_cost > 0.0 || constraints.quadratic_cost > 0.0 {
        return Err(PortfolioError::Together("kelly", "costs"));
    }
    let returns = estimates.returns();
    let mut weights = convex::optimise(estimates, &Objective::MinVariance, constraints)?.weights;
    let growth = |weights: &[f64]| {
        let logs =
            returns.rows().map(|row| (1.0 + dot(row, weights)).ln()).sum::<f64>() / returns.observations() as f64;
        if logs.is_nan() { f64::NEG_INFINITY } else { logs }
    };
    let mut here = growth(&weights);
    if here == f64::NEG_INFINITY {
        return Err(PortfolioError::NotSolved("an observation loses everything".to_owned(), f64::INFINITY));
    }
    for step in 1..=STEPS {
        let (gradient, curvature) = touching(estimates, &weights);
        // The quadratic around the weights, in terms of the new weights themselves.
        let pull = &curvature * DVector::from_column_slice(&weights);
        let linear: Vec<f64> = gradient.iter().zip(pull.iter()).map(|(slope, pull)| slope + pull).collect();
        let touch = Quadratic { names: estimates.names(), matrix: &curvature, linear: &linear, cost: 0.0, floor: None };
        let next = touch.least(constraints)?;
        let way: Vec<f64> = next.values.iter().zip(&weights).map(|(next, now)| next - now).collect();
        let promise = dot(&gradient, &way);
        // What a whole step moves is how far the conditions are from holding.
        let moved = (&curvature * DVector::from_column_slice(&way)).amax() / curvature.diagonal().max();
        if moved < PRECISION {
            return Ok(Solution { values: next.values, residual: next.residual.max(moved), iterations: step });
        }
        let mut length = 1.0;
        loop {
            let tried: Vec<f64> = weights.iter().zip(&way).map(|(now, way)| now + length * way).collect();
            let there = growth(&tried);
            // Near the top the growth no longer tells; a whole step is then the best there is.
            let is_flat = promise < 1e-11 && there > f64::NEG_INFINITY;
            if there >= here + 1e-4 * length * promise || is_flat || length < 1e-12 {
                (weights, here) = (tried, there);
                break;
            }
            length /= 2.0;
        }
    }
    Err(PortfolioError::NotSolved("steps".to_owned(), f64::NAN))
}

/// Slope and curvature (its sign turned) of the growth.
fn touching(estimates: &Estimates, weights: &[f64]) -> (Vec<f64>, DMatrix<f64>) {
    let (returns, count) = (estimates.returns(), estimates.assets());
    let observations = returns.observations();
    let mut gradient = vec![0.0; count];
    let mut scaled = DMatrix::zeros(count, observations);
    for (row, mut column) in returns.rows().zip(scaled.column_iter_mut()) {
        let wealth = 1.0 + dot(row, weights);
        for asset in 0..count {
            gradient[asset] += row[asset] / wealth / observations as f64;
            column[asset] = row[asset] / wealth / (observations as f64).sqrt();
        }
    }
    (gradient, &scaled * scaled.transpose())
}
