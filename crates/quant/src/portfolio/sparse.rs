//! No more positions than allowed, and none too small: which assets to hold is a choice, and behind each choice lies a convex
//! problem.
//!
//! The search branches on one asset after another (left out, held long, held short) and bounds each branch by the optimum that
//! needs not choose the others (A. Land and A. Doig, "An automatic method of solving discrete programming problems", 1960). Up to
//! [`EXACT_MAX`] assets it ends with the best choice of all, unless it would take more than [`NODES_MAX`] problems. With more it is a rule of thumb: the smallest weights are left out and
//! the rest is optimised again, at once and in small steps; only where both fail does the search look for any choice.

use super::estimates::dot;
use super::{Allocation, Constraints, Estimates, Objective, PortfolioError, conflict, convex};

/// So many assets are searched through to the end.
const EXACT_MAX: usize = 12;
/// Problems that a search solves at most: of those with a row an observation, and of the others.
const NODES_MAX: (usize, usize) = (400, 20_000);
/// Problems that are solved at most to name what conflicts.
const NAMED_MAX: usize = 8_000;
/// A weight below this is none.
const NOTHING: f64 = 1e-9;

/// What is decided of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Open,
    Out,
    Long,
    Short,
    /// Held on whichever side, where no weight is too small.
    Held,
}

/// The optimum, held to `positions` and `smallest` of the constraints.
///
/// # Errors
/// As [`super::optimise`]; [`PortfolioError::Sparse`] where no choice of assets was found.
pub(super) fn optimise(
    estimates: &Estimates,
    objective: &Objective,
    constraints: &Constraints,
) -> Result<Allocation, PortfolioError> {
    // What conflicts without any choice is told by its clauses.
    let without = Constraints { positions: None, smallest: None, ..constraints.clone() };
    let free = convex::optimise(estimates, objective, &without)?;
    if is_sparse(&free.weights, constraints) {
        return Ok(free);
    }
    let mut search = Search::new(estimates, objective, constraints);
    search.thresholds(&free);
    let is_small = estimates.assets() <= EXACT_MAX;
    if is_small || search.best.is_none() {
        // What the rule of thumb could not solve is no part of the search.
        search.stopped = None;
        search.branch_out(is_small);
    }
    match (search.best, search.stopped) {
        // The best may lie behind the choice that the solver stopped at.
        (Some(_), Some(error)) if is_small => Err(error),
        (Some((_, mut best)), _) => {
            let is_left_out =
                |asset: &usize| free.weights[*asset].abs() > NOTHING && best.weights[*asset].abs() <= NOTHING;
            best.dropped = (0..estimates.assets()).filter(is_left_out).collect();
            Ok(best)
        }
        (None, Some(error)) => Err(error),
        (None, None) => {
            let is_proven = search.nodes < search.nodes_max;
            let nodes = if is_proven && is_small { NAMED_MAX } else { 0 };
            let conflict = conflict::fewest(estimates, objective, constraints, nodes);
            let Constraints { positions, smallest, .. } = *constraints;
            Err(PortfolioError::Sparse { positions, smallest, is_proven, conflict })
        }
    }
}

pub(super) struct Search<'a> {
    estimates: &'a Estimates,
    objective: &'a Objective,
    constraints: &'a Constraints,
    /// The best found, and what it makes of the objective: less is better.
    pub(super) best: Option<(f64, Allocation)>,
    /// Why the solver stopped somewhere, which proves nothing.
    pub(super) stopped: Option<PortfolioError>,
    pub(super) nodes: usize,
    pub(super) nodes_max: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(estimates: &'a Estimates, objective: &'a Objective, constraints: &'a Constraints) -> Self {
        let nodes_max = match objective {
            Objective::MinCvar { .. } | Objective::Kelly => NODES_MAX.0,
            _ => NODES_MAX.1,
        };
        // With many assets each problem is larger, too.
        let nodes_max = (nodes_max * EXACT_MAX / estimates.assets().max(EXACT_MAX)).max(2 * estimates.assets());
        Self { estimates, objective, constraints, best: None, stopped: None, nodes: 0, nodes_max }
    }

    /// Leaves out what is too small or too many and optimises again, until nothing is: all of it at once, and half of it at a
    /// time, as what is left grows when others go.
    fn thresholds(&mut self, free: &Allocation) {
        for part in [1, 2] {
            let (mut choices, mut found) = (vec![Choice::Open; free.weights.len()], free.clone());
            while !is_sparse(&found.weights, self.constraints) {
                let surplus = surplus(&found.weights, self.constraints);
                let fewer = surplus.len().div_ceil(part);
                surplus.iter().rev().take(fewer).for_each(|asset| choices[*asset] = Choice::Out);
                match self.solve(&choices) {
                    Some(next) => found = next,
                    None => break,
                }
            }
            self.keep(found);
        }
    }

    /// Looks for it from the start, where only what is demanded is chosen.
    pub(super) fn branch_out(&mut self, to_the_end: bool) {
        let Constraints { lower, upper, .. } = self.constraints;
        let demanded = |asset: usize| lower[asset] > 0.0 || upper[asset] < 0.0;
        let first = |asset: usize| if demanded(asset) { self.side(asset) } else { Choice::Open };
        let mut choices: Vec<Choice> = (0..self.estimates.assets()).map(first).collect();
        self.branch(&mut choices, to_the_end);
    }

    /// Looks behind the choices made so far: through all of it where `to_the_end`, else until something is found.
    fn branch(&mut self, choices: &mut Vec<Choice>, to_the_end: bool) {
        let is_enough = |search: &Self| search.nodes >= search.nodes_max || (!to_the_end && search.best.is_some());
        if is_enough(self) {
            return;
        }
        let Some(found) = self.solve(choices) else { return };
        // What needs not choose is at least as good as what does.
        let value = self.value(&found.weights);
        if self.best.as_ref().is_some_and(|(best, _)| value >= best - 1e-12 * best.abs().max(1e-3)) {
            return;
        }
        let Some(asset) = self.next(choices, &found.weights) else { return self.keep(found) };
        for choice in self.ways(choices, asset, found.weights[asset]) {
            choices[asset] = choice;
            self.branch(choices, to_the_end);
        }
        choices[asset] = Choice::Open;
    }

    /// The open asset to choose: of those that are too small the largest, else the smallest held one. `None` where the weights
    /// are sparse.
    fn next(&self, choices: &[Choice], weights: &[f64]) -> Option<usize> {
        if is_sparse(weights, self.constraints) {
            return None;
        }
        let open =
            (0..weights.len()).filter(|asset| choices[*asset] == Choice::Open && weights[*asset].abs() > NOTHING);
        let by_size = |a: &usize, b: &usize| weights[*a].abs().total_cmp(&weights[*b].abs());
        let least = self.constraints.smallest.unwrap_or(0.0);
        let too_small = open.clone().filter(|asset| weights[*asset].abs() < least - NOTHING);
        too_small.max_by(by_size).or_else(|| open.min_by(by_size))
    }

    /// What can become of an asset, the likeliest first.
    fn ways(&self, choices: &[Choice], asset: usize, weight: f64) -> Vec<Choice> {
        let Constraints { lower, upper, smallest, positions, .. } = self.constraints;
        let held = choices.iter().filter(|choice| is_held(**choice)).count();
        let mut ways = Vec::new();
        if positions.is_none_or(|most| held < most) {
            match smallest {
                None => ways.push(Choice::Held),
                Some(least) => {
                    ways.extend((upper[asset] >= *least).then_some(Choice::Long));
                    ways.extend((lower[asset] <= -least).then_some(Choice::Short));
                }
            }
        }
        if weight < 0.0 {
            ways.reverse();
        }
        if lower[asset] <= 0.0 && upper[asset] >= 0.0 {
            // A small weight is rather left out than made larger, a large one rather kept.
            let is_small = smallest.is_none_or(|least| weight.abs() < least / 2.0);
            ways.insert(if is_small { 0 } else { ways.len() }, Choice::Out);
        }
        ways
    }

    /// How an asset is held that has to be.
    fn side(&self, asset: usize) -> Choice {
        match self.constraints.smallest {
            None => Choice::Held,
            Some(_) if self.constraints.lower[asset] > 0.0 => Choice::Long,
            Some(_) => Choice::Short,
        }
    }

    /// Whether the sums of weights that are demanded are out of reach of so few positions, which no solver needs to tell.
    fn is_out_of_reach(&self, now: &Constraints, choices: &[Choice]) -> bool {
        let held = choices.iter().filter(|choice| is_held(**choice)).count();
        let room = self.constraints.positions.map_or(choices.len(), |most| most.saturating_sub(held));
        // The largest sum of these assets, each by its upper bound or each by its lower one below zero.
        let most = |members: &mut dyn Iterator<Item = usize>, bound: &dyn Fn(usize) -> f64| {
            let (sure, open): (Vec<usize>, Vec<usize>) = members.partition(|asset| is_held(choices[*asset]));
            let mut open: Vec<f64> = open.into_iter().map(|asset| bound(asset).max(0.0)).collect();
            open.sort_unstable_by(|a, b| b.total_cmp(a));
            sure.into_iter().map(bound).sum::<f64>() + open.into_iter().take(room).sum::<f64>()
        };
        let (up, down) = (|asset: usize| now.upper[asset], |asset: usize| -now.lower[asset]);
        let all = || 0..choices.len();
        let is_short = |group: &super::Group| {
            let members = || group.members.iter().copied();
            group.least.is_some_and(|least| most(&mut members(), &up) < least - NOTHING)
                || group.most.is_some_and(|top| most(&mut members(), &down) < -top - NOTHING)
        };
        held > self.constraints.positions.unwrap_or(usize::MAX)
            || most(&mut all(), &up) < now.budget - NOTHING
            || most(&mut all(), &down) < -now.budget - NOTHING
            || now.groups.iter().any(is_short)
    }

    /// The optimum under the choices; none where they conflict.
    fn solve(&mut self, choices: &[Choice]) -> Option<Allocation> {
        self.nodes += 1;
        let mut now = self.constraints.clone();
        let least = self.constraints.smallest.unwrap_or(0.0);
        let full = self
            .constraints
            .positions
            .is_some_and(|most| choices.iter().filter(|choice| is_held(**choice)).count() >= most);
        for (asset, choice) in choices.iter().enumerate() {
            let (lower, upper) = (now.lower[asset], now.upper[asset]);
            (now.lower[asset], now.upper[asset]) = match choice {
                // A bound that demands the asset is not undone: then nothing is found.
                Choice::Open if full => (lower.max(0.0), upper.min(0.0)),
                Choice::Out => (lower.max(0.0), upper.min(0.0)),
                Choice::Long => (lower.max(least), upper),
                Choice::Short => (lower, upper.min(-least)),
                Choice::Open | Choice::Held => (lower, upper),
            };
            if now.lower[asset] > now.upper[asset] {
                return None;
            }
        }
        if self.is_out_of_reach(&now, choices) {
            return None;
        }
        match convex::optimise(self.estimates, self.objective, &now) {
            Ok(found) => Some(found),
            Err(PortfolioError::Conflict(_)) => None,
            Err(error) => {
                self.stopped = Some(error);
                None
            }
        }
    }

    /// Keeps what is sparse and better than the best.
    fn keep(&mut self, found: Allocation) {
        let value = self.value(&found.weights);
        let is_better = self.best.as_ref().is_none_or(|(best, _)| value < *best);
        if is_better && is_sparse(&found.weights, self.constraints) {
            self.best = Some((value, found));
        }
    }

    /// What the objective makes small, with the costs of trading.
    fn value(&self, weights: &[f64]) -> f64 {
        let (estimates, constraints) = (self.estimates, self.constraints);
        let variance = estimates.covariance().variance(weights);
        let changes = weights.iter().enumerate().map(|(asset, weight)| weight - constraints.held(asset));
        let (linear, squares) =
            changes.fold((0.0, 0.0), |(linear, squares), change| (linear + change.abs(), squares + change * change));
        let costs = constraints.linear_cost * linear + constraints.quadratic_cost * squares;
        let earned = dot(estimates.means(), weights);
        match self.objective {
            Objective::MaxSharpe { risk_free } => -(earned - costs - risk_free * constraints.budget) / variance.sqrt(),
            Objective::MaxDiversification => {
                -(dot(&estimates.covariance().volatilities(), weights) - costs) / variance.sqrt()
            }
            Objective::TargetRisk(_) => costs - earned,
            Objective::Utility { aversion } => aversion / 2.0 * variance - earned + costs,
            Objective::MinCvar { confidence } => costs + self.cvar(weights, *confidence),
            Objective::Kelly => {
                let returns = self.estimates.returns();
                -returns.rows().map(|row| dot(row, weights).ln_1p()).sum::<f64>() / returns.observations() as f64
            }
            // The linear cost is in the return that has to be reached.
            Objective::TargetReturn(_) => variance / 2.0 + constraints.quadratic_cost * squares,
            _ => variance / 2.0 + costs,
        }
    }

    /// The mean of the worst losses, the last of them in part.
    fn cvar(&self, weights: &[f64], confidence: f64) -> f64 {
        let mut outcomes = self.estimates.returns().portfolio(weights);
        outcomes.sort_unstable_by(f64::total_cmp);
        let size = (1.0 - confidence) * outcomes.len() as f64;
        let part = |(place, outcome): (usize, &f64)| outcome * (size - place as f64).clamp(0.0, 1.0);
        -outcomes.iter().enumerate().map(part).sum::<f64>() / size
    }
}

const fn is_held(choice: Choice) -> bool {
    matches!(choice, Choice::Long | Choice::Short | Choice::Held)
}

fn is_sparse(weights: &[f64], constraints: &Constraints) -> bool {
    surplus(weights, constraints).is_empty()
}

/// Held assets that are smaller than allowed, and the smallest of those that are too many; the smallest last.
fn surplus(weights: &[f64], constraints: &Constraints) -> Vec<usize> {
    let mut held: Vec<usize> = (0..weights.len()).filter(|asset| weights[*asset].abs() > NOTHING).collect();
    held.sort_by(|a, b| weights[*b].abs().total_cmp(&weights[*a].abs()));
    let least = constraints.smallest.unwrap_or(0.0) - NOTHING;
    let large = held.iter().take_while(|asset| weights[**asset].abs() >= least).count();
    held.split_off(large.min(constraints.positions.unwrap_or(usize::MAX)))
}
