//! Objectives as convex programs.
use nalgebra::DMatrix;

use super::active::Boxed;
use super::constraints::{Clause, Constraints};
use super::estimates::Estimates;
use super::program::{Program, RowKind, Solution};
use super::{Allocation, Objective, PortfolioError, growth};

/// Weights nearer to a bound stand on it.
const SNAP: f64 = 1e-9;

/// The optimum of an objective that is one.
pub(super) fn optimise(
    estimates: &Estimates,
    objective: &Objective,
    constraints: &Constraints,
) -> Result<Allocation, PortfolioError> {
    check(objective)?;
    let zero = vec![0.0; estimates.assets()];
    let matrix = estimates.covariance().matrix();
    let solution = match objective {
        Objective::Utility { aversion } => {
            let linear: Vec<f64> = estimates.means().iter().map(|mean| mean / aversion).collect();
            Quadratic { names: estimates.names(), matrix, linear: &linear, cost: 1.0 / aversion, floor: None }
                .least(constraints)?
        }
        Objective::TargetReturn(least) => {
            let floor = Some((estimates.means(), *least));
            Quadratic { names: estimates.names(), matrix, linear: &zero, cost: 1.0, floor }.least(constraints)?
        }
        Objective::MaxSharpe { risk_free } => ratio(estimates, estimates.means(), *risk_free, constraints)?,
        Objective::MaxDiversification => {
            let volatilities = estimates.covariance().volatilities();
            ratio(estimates, &volatilities, 0.0, constraints)?
        }
        Objective::TargetRisk(most) => highest_return(estimates, *most, constraints)?,
        Objective::MinCvar { confidence } => least_cvar(estimates, *confidence, constraints)?,
        Objective::Kelly => growth::most(estimates, constraints)?,
        // The others are rules, and do not come here.
        _ => {
            Quadratic { names: estimates.names(), matrix, linear: &zero, cost: 1.0, floor: None }.least(constraints)?
        }
    };
    let weights = settled(solution.values, constraints);
    let (residual, iterations) = (Some(solution.residual), solution.iterations);
    Ok(Allocation { weights, residual, iterations, dropped: Vec::new() })
}

/// The least of `w' M w / 2 - linear' w + cost * (what trading costs)`, with a floor of a weighted sum, from which linear costs are
/// taken then.
pub(super) struct Quadratic<'a> {
    pub(super) names: &'a [String],
    pub(super) matrix: &'a DMatrix<f64>,
    pub(super) linear: &'a [f64],
    pub(super) cost: f64,
    pub(super) floor: Option<(&'a [f64], f64)>,
}

impl Quadratic<'_> {
    pub(super) fn least(&self, constraints: &Constraints) -> Result<Solution, PortfolioError> {
        if constraints.is_box() && self.floor.is_none() {
            let Constraints { budget, lower, upper, .. } = constraints;
            let boxed = Boxed { matrix: self.matrix, linear: self.linear, budget: *budget, lower, upper };
            if let Some((values, residual, iterations)) = boxed.solve() {
                return Ok(Solution { values, residual, iterations });
            }
        }
        let scale = 1.0 / self.matrix.diagonal().mean();
        let mut posed = posed(self.names, constraints);
        let program = &mut posed.program;
        quadratic(program, self.matrix, scale);
        self.linear.iter().enumerate().for_each(|(asset, value)| program.linear[asset] -= value * scale);
        posed.charge_impact(constraints, self.cost * scale);
        if self.floor.is_none() {
            posed.charge_linear(constraints, self.cost * scale);
        }
        if let Some((factors, least)) = self.floor {
            let mut terms: Vec<(usize, f64)> = (0..factors.len()).map(|asset| (asset, -factors[asset])).collect();
            terms.extend(posed.linear_cost(constraints));
            posed.program.at_most(terms, -least, Some(Clause::Return(least)));
        }
        let mut solution = posed.program.solve()?;
        solution.values.truncate(self.names.len());
        Ok(solution)
    }
}

/// Constraints as rows; a bound, or a sum, that is no finite number is none. The first variables are the weights.
pub(super) struct Posed {
    pub(super) program: Program,
    /// For each asset a variable that is no less than what is traded of it; empty where nobody asks.
    traded: Vec<usize>,
    /// Changes of weight: what is quadratic in them.
    held: Vec<f64>,
}

pub(super) fn posed(names: &[String], constraints: &Constraints) -> Posed {
    let count = names.len();
    let mut program = Program::new(count);
    // A choice of positions is made in a search, for which it is enough that one cannot be.
    program.is_terse = constraints.positions.is_some() || constraints.smallest.is_some();
    let all = |factor: f64| (0..count).map(move |asset| (asset, factor)).collect::<Vec<_>>();
    if !constraints.budget.is_nan() {
        program.equal(all(1.0), constraints.budget, Some(Clause::Budget(constraints.budget)));
    }
    for (asset, name) in names.iter().enumerate() {
        let (lower, upper) = (constraints.lower[asset], constraints.upper[asset]);
        if lower.is_finite() {
            program.at_most(vec![(asset, -1.0)], -lower, Some(Clause::AtLeast(name.clone(), lower)));
        }
        if upper.is_finite() {
            program.at_most(vec![(asset, 1.0)], upper, Some(Clause::AtMost(name.clone(), upper)));
        }
    }
    for group in &constraints.groups {
        let terms = |factor: f64| group.members.iter().map(move |member| (*member, factor)).collect::<Vec<_>>();
        if let Some(least) = group.least {
            program.at_most(terms(-1.0), -least, Some(Clause::GroupAtLeast(group.name.clone(), least)));
        }
        if let Some(most) = group.most {
            program.at_most(terms(1.0), most, Some(Clause::GroupAtMost(group.name.clone(), most)));
        }
    }
    let held: Vec<f64> = (0..count).map(|asset| constraints.held(asset)).collect();
    let is_traded = constraints.turnover.is_some() || constraints.linear_cost > 0.0;
    let traded = if is_traded { absolute(&mut program, &held) } else { Vec::new() };
    let sum = |variables: &[usize], factor: f64| variables.iter().map(|place| (*place, factor)).collect::<Vec<_>>();
    if let Some(most) = constraints.turnover {
        program.at_most(sum(&traded, 0.5), most, Some(Clause::Turnover(most)));
    }
    if let Some(most) = constraints.gross {
        let gross = absolute(&mut program, &vec![0.0; count]);
        program.at_most(sum(&gross, 1.0), most, Some(Clause::Gross(most)));
    }
    Posed { program, traded, held }
}

impl Posed {
    /// Adds the costs of trading to what is made small, `by` times.
    pub(super) fn charge(&mut self, constraints: &Constraints, by: f64) {
        self.charge_linear(constraints, by);
        self.charge_impact(constraints, by);
    }

    fn charge_linear(&mut self, constraints: &Constraints, by: f64) {
        for variable in &self.traded {
            self.program.linear[*variable] += by * constraints.linear_cost;
        }
    }

    fn charge_impact(&mut self, constraints: &Constraints, by: f64) {
        if constraints.quadratic_cost > 0.0 {
            for (asset, held) in self.held.iter().enumerate() {
                self.program.quadratic.push((asset, asset, 2.0 * by * constraints.quadratic_cost));
                self.program.linear[asset] -= 2.0 * by * constraints.quadratic_cost * held;
            }
        }
    }

    /// The terms of the linear costs; none where there are none.
    fn linear_cost(&self, constraints: &Constraints) -> Vec<(usize, f64)> {
        let cost = constraints.linear_cost;
        self.traded.iter().filter(|_| cost > 0.0).map(|variable| (*variable, cost)).collect()
    }
}

/// Variables that are no less than `|weight - from|`.
fn absolute(program: &mut Program, from: &[f64]) -> Vec<usize> {
    let one = |(asset, from): (usize, &f64)| {
        let variable = program.variable();
        program.at_most(vec![(asset, 1.0), (variable, -1.0)], *from, None);
        program.at_most(vec![(asset, -1.0), (variable, -1.0)], -from, None);
        variable
    };
    from.iter().enumerate().map(one).collect()
}

fn quadratic(program: &mut Program, matrix: &DMatrix<f64>, scale: f64) {
    for column in 0..matrix.ncols() {
        program.quadratic.extend((0..=column).map(|row| (row, column, matrix[(row, column)] * scale)));
    }
}

/// The highest `(factors' w - costs - rate * budget) / volatility`. With `y = k w` the ratio is that of `y`, whatever `k` is: of all, the
/// one with an excess of one and the least variance is looked for, and every bound grows with k (G. Cornuejols and R. Tütüncü,
/// "Optimization methods in finance", 2006, section 8.2).
fn ratio(
    estimates: &Estimates,
    factors: &[f64],
    rate: f64,
    constraints: &Constraints,
) -> Result<Solution, PortfolioError> {
    if constraints.quadratic_cost > 0.0 {
        return Err(PortfolioError::Together("a ratio (max-sharpe, max-diversification)", "a quadratic cost"));
    }
    let count = estimates.assets();
    let mut posed = posed(estimates.names(), constraints);
    let (costs, plain) = (posed.linear_cost(constraints), posed.program.clone());
    let program = &mut posed.program;
    let k = program.variable();
    for row in &mut program.rows {
        if let RowKind::Equal(terms, bound) | RowKind::AtMost(terms, bound) = &mut row.kind {
            terms.push((k, -*bound));
            *bound = 0.0;
        }
    }
    program.at_most(vec![(k, -1.0)], 0.0, None);
    let mut excess: Vec<(usize, f64)> = (0..count).map(|asset| (asset, factors[asset])).collect();
    excess.push((k, -rate * constraints.budget));
    excess.extend(costs.into_iter().map(|(variable, cost)| (variable, -cost)));
    // By the largest factor and the usual variance: numbers around one.
    let size = factors.iter().fold(0.0, |size: f64, factor| size.max((factor - rate).abs()));
    let size = if size > 0.0 { size } else { 1.0 };
    program.equal(
        excess.into_iter().map(|(place, part)| (place, part / size)).collect(),
        1.0,
        Some(Clause::Excess(rate * constraints.budget)),
    );
    let matrix = estimates.covariance().matrix();
    quadratic(program, matrix, 1.0 / matrix.diagonal().mean());
    // Where the constraints conflict without any excess, that is the conflict to tell.
    let mut solution = program.solve().map_err(|error| match (&error, plain.solve()) {
        (PortfolioError::Conflict(_), Err(plain)) => plain,
        _ => error,
    })?;
    let k = solution.values[k];
    solution.values.truncate(count);
    solution.values.iter_mut().for_each(|value| *value /= k);
    Ok(solution)
}

/// A residual above this is no optimum yet.
const SURE: f64 = 1e-10;

/// The highest return whose volatility is `most` or less. Where that is hardly more than the least there is, the cone is nearly
/// a point, and its program stops early: the aversion whose optimum has this volatility is then looked for.
fn highest_return(estimates: &Estimates, most: f64, constraints: &Constraints) -> Result<Solution, PortfolioError> {
    match highest_by_cone(estimates, most, constraints) {
        Ok(solution) if solution.residual < SURE => Ok(solution),
        Err(error @ PortfolioError::Conflict(_)) => Err(error),
        by_cone => match highest_by_aversion(estimates, most, constraints) {
            Some(found) if by_cone.as_ref().is_ok_and(|solution| solution.residual < found.residual) => by_cone,
            Some(found) => Ok(found),
            None => by_cone,
        },
    }
}

/// The same by bisection of the aversion to risk, whose optimum is the less volatile the larger it is; `None` where even the
/// largest has more volatility than wanted, or the smallest less.
fn highest_by_aversion(estimates: &Estimates, most: f64, constraints: &Constraints) -> Option<Solution> {
    let matrix = estimates.covariance().matrix();
    let optimum = |aversion: f64| {
        let linear: Vec<f64> = estimates.means().iter().map(|mean| mean / aversion).collect();
        Quadratic { names: estimates.names(), matrix, linear: &linear, cost: 1.0 / aversion, floor: None }
            .least(constraints)
            .ok()
    };
    let off = |solution: &Solution| estimates.figures(&solution.values).volatility / most - 1.0;
    let (mut bold, mut shy) = (1e-6_f64, 1e6_f64);
    let mut found = optimum(shy)?;
    if off(&found) > 0.0 || optimum(bold).is_some_and(|boldest| off(&boldest) < 0.0) {
        return None;
    }
    while shy / bold > 1.0 + 1e-15 {
        let aversion = (bold * shy).sqrt();
        if aversion <= bold || aversion >= shy {
            break;
        }
        // An aversion that is too small for the solver is too small.
        match optimum(aversion) {
            Some(solution) if off(&solution) <= 0.0 => (shy, found) = (aversion, solution),
            _ => bold = aversion,
        }
    }
    found.residual = found.residual.max(off(&found).abs());
    Some(found)
}

/// The same as a program with a cone: the norm of `L' w` with the factor L of the covariance. It also knows which constraints
/// conflict.
fn highest_by_cone(estimates: &Estimates, most: f64, constraints: &Constraints) -> Result<Solution, PortfolioError> {
    let (count, factor) = (estimates.assets(), estimates.covariance().cholesky()?);
    let mut posed = posed(estimates.names(), constraints);
    // Returns by the largest of them and volatilities by the target are numbers around one.
    let size = estimates.means().iter().fold(0.0, |size: f64, mean| size.max(mean.abs()));
    let size = if size > 0.0 { size } else { 1.0 };
    estimates.means().iter().enumerate().for_each(|(asset, mean)| posed.program.linear[asset] -= mean / size);
    posed.charge(constraints, 1.0 / size);
    let sum = |column: usize| (column..count).map(|row| (row, factor[(row, column)] / most)).collect();
    let kind = RowKind::Norm((0..count).map(sum).collect(), 1.0);
    posed.program.rows.push(super::program::Row { kind, clause: Some(Clause::Risk(most)) });
    let mut solution = posed.program.solve()?;
    solution.values.truncate(count);
    Ok(solution)
}

/// The least mean of the worst losses of an observation: `a + sum (loss - a)+ / ((1 - confidence) n)` over a and the weights.
fn least_cvar(estimates: &Estimates, confidence: f64, constraints: &Constraints) -> Result<Solution, PortfolioError> {
    let (count, returns) = (estimates.assets(), estimates.returns());
    // Losses of an observation are small numbers: counted in their own size they are around one.
    let size = (estimates.returns().as_slice().iter().map(|value| value * value).sum::<f64>()
        / returns.as_slice().len() as f64)
        .sqrt();
    let mut posed = posed(estimates.names(), constraints);
    posed.charge(constraints, 1.0 / size);
    let program = &mut posed.program;
    let quantile = program.variable();
    program.linear[quantile] = 1.0;
    let share = 1.0 / ((1.0 - confidence) * returns.observations() as f64);
    for row in returns.rows() {
        let beyond = program.variable();
        program.linear[beyond] = share;
        let mut terms: Vec<(usize, f64)> =
            row.iter().enumerate().map(|(asset, value)| (asset, -value / size)).collect();
        terms.extend([(quantile, -1.0), (beyond, -1.0)]);
        program.at_most(terms, 0.0, None);
        program.at_most(vec![(beyond, -1.0)], 0.0, None);
    }
    let mut solution = program.solve()?;
    solution.values.truncate(count);
    Ok(solution)
}

/// Puts weights that are next to a bound onto it, and the dust that this leaves where there is room for it.
pub(super) fn settled(mut weights: Vec<f64>, constraints: &Constraints) -> Vec<f64> {
    for (asset, weight) in weights.iter_mut().enumerate() {
        let (lower, upper) = (constraints.lower[asset], constraints.upper[asset]);
        let near = [lower, upper, 0.0]
            .into_iter()
            .find(|bound| (*weight - bound).abs() < SNAP && lower <= *bound && *bound <= upper);
        *weight = near.unwrap_or(*weight);
    }
    let off = constraints.budget - weights.iter().sum::<f64>();
    let room =
        |asset: &usize| (weights[*asset] - constraints.lower[*asset]).min(constraints.upper[*asset] - weights[*asset]);
    let widest = (0..weights.len()).max_by(|a, b| room(a).total_cmp(&room(b)));
    if let Some(widest) = widest.filter(|widest| room(widest) > off.abs()) {
        weights[widest] += off;
    }
    weights
}

fn check(objective: &Objective) -> Result<(), PortfolioError> {
    let (what, value, is_good, expected) = match *objective {
        Objective::MaxSharpe { risk_free } => {
            ("the risk-free rate", risk_free, risk_free.is_finite(), "a finite number")
        }
        Objective::TargetReturn(least) => ("the target return", least, least.is_finite(), "a finite number"),
        Objective::TargetRisk(most) => ("the target risk", most, most > 0.0 && most.is_finite(), "a number above zero"),
        Objective::Utility { aversion } => {
            ("the risk aversion", aversion, aversion > 0.0 && aversion.is_finite(), "a number above zero")
        }
        Objective::MinCvar { confidence } => {
            ("the confidence", confidence, confidence > 0.0 && confidence < 1.0, "a number above 0 and below 1")
        }
        _ => return Ok(()),
    };
    if is_good { Ok(()) } else { Err(PortfolioError::Number { what, value, expected }) }
}
