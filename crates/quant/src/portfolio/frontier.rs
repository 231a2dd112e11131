//! The least risk of every return.
use super::{Allocation, Constraints, Estimates, Objective, PortfolioError, optimise};

/// A place on the frontier.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The expected return that was asked for.
    pub target: f64,
    /// The portfolio there, or why there is none: a return between two others need not be one of few positions.
    pub found: Result<Allocation, PortfolioError>,
}

/// `points` portfolios (two at least) from the least variance to the highest return, evenly apart in expected return, each of the least
/// variance among those of its return or more. Their expected returns rise, unless positions or the smallest weight are bounded.
/// What trading costs, as a share, is taken from the returns.
///
/// # Errors
/// As [`optimise`] of the least variance; [`PortfolioError::Number`] for fewer than two points.
pub fn frontier(estimates: &Estimates, constraints: &Constraints, points: usize) -> Result<Vec<Point>, PortfolioError> {
    if points < 2 {
        let (what, value) = ("the points of the frontier", points as f64);
        return Err(PortfolioError::Number { what, value, expected: "2 or more" });
    }
    // The costs are in the returns, and the least variance is that of any return.
    let free = Constraints { linear_cost: 0.0, ..constraints.clone() };
    let first = optimise(estimates, &Objective::MinVariance, &free)?;
    let net = |weights: &[f64]| estimates.figures(weights).expected_return - constraints.linear_paid(weights);
    let lowest = net(&first.weights);
    let last = highest(estimates, constraints);
    // How far the returns go where no highest one was found: as far as without the choice of positions.
    let reach = match &last {
        Ok(last) => last.clone(),
        Err(_) => highest(estimates, &Constraints { positions: None, smallest: None, ..constraints.clone() })?,
    };
    let highest = net(&reach.weights);
    let mut found = vec![Point { target: lowest, found: Ok(first) }];
    for place in 1..points - 1 {
        let share = place as f64 / (points - 1) as f64;
        let target = lowest + (highest - lowest) * share;
        found.push(Point { target, found: optimise(estimates, &Objective::TargetReturn(target), constraints) });
    }
    found.push(Point { target: highest, found: last });
    Ok(found)
}

/// A volatility that nobody reaches leaves the highest return.
fn highest(estimates: &Estimates, constraints: &Constraints) -> Result<Allocation, PortfolioError> {
    let wild = estimates.covariance().volatilities().iter().sum::<f64>();
    let most = constraints.gross.unwrap_or_else(|| {
        constraints.lower.iter().zip(&constraints.upper).map(|(lower, upper)| lower.abs().max(upper.abs())).sum()
    });
    optimise(estimates, &Objective::TargetRisk(wild * most.max(1.0)), constraints)
}
