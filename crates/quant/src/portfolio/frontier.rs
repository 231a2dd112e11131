//! The least risk of every return.
use super::{Allocation, Constraints, Estimates, Objective, PortfolioError, optimise};

/// `points` portfolios (two at least) from the least variance to the highest return, evenly apart in expected return, each of the least
/// variance among those of its return or more. Their expected returns rise.
///
/// # Errors
/// As [`optimise`]; [`PortfolioError::Number`] for fewer than two points.
pub fn frontier(
    estimates: &Estimates,
    constraints: &Constraints,
    points: usize,
) -> Result<Vec<Allocation>, PortfolioError> {
    if points < 2 {
        let (what, value) = ("the points of the frontier", points as f64);
        return Err(PortfolioError::Number { what, value, expected: "2 or more" });
    }
    let first = optimise(estimates, &Objective::MinVariance, constraints)?;
    let lowest = estimates.figures(&first.weights).expected_return;
    // A volatility that nobody reaches leaves the highest return.
    let wild = estimates.covariance().volatilities().iter().sum::<f64>();
    let most = constraints.gross.unwrap_or_else(|| {
        constraints.lower.iter().zip(&constraints.upper).map(|(lower, upper)| lower.abs().max(upper.abs())).sum()
    });
    let last = optimise(estimates, &Objective::TargetRisk(wild * most.max(1.0)), constraints)?;
    let highest = estimates.figures(&last.weights).expected_return;
    let mut found = vec![first];
    for place in 1..points - 1 {
        let share = place as f64 / (points - 1) as f64;
        let target = lowest + (highest - lowest) * share;
        found.push(optimise(estimates, &Objective::TargetReturn(target), constraints)?);
    }
    found.push(last);
    Ok(found)
}
