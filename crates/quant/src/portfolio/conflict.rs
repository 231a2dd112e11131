//! Which constraints leave no choice of few positions, or of large enough ones: a smallest set, found by removal.

use super::sparse::Search;
use super::{Clause, Constraints, Estimates, Objective};

/// A smallest set of clauses that cannot be kept with the positions and the smallest weight of the constraints, known that there
/// is one: without any of it, some weights keep to the rest (J. Chinneck and E. Dravnieks, 1991, the deletion filter). Empty where
/// that takes more than `nodes` problems.
pub(super) fn fewest(
    estimates: &Estimates,
    objective: &Objective,
    constraints: &Constraints,
    mut nodes: usize,
) -> Vec<Clause> {
    let mut now = Demands::of(objective, constraints);
    let mut kept = Vec::new();
    for clause in clauses(estimates.names(), objective, constraints) {
        let less = now.clone().without(&clause, estimates.names());
        let Some(is_possible) = less.is_possible(estimates, &mut nodes) else { return Vec::new() };
        match is_possible {
            true => kept.push(clause),
            false => now = less,
        }
    }
    kept
}

/// All clauses but those of the choice. What goes first is named last: the least weight of an asset is rarely what is meant.
fn clauses(names: &[String], objective: &Objective, constraints: &Constraints) -> Vec<Clause> {
    let asset = |bounds: &[f64], clause: fn(String, f64) -> Clause| -> Vec<Clause> {
        names.iter().zip(bounds).map(|(name, bound)| clause(name.clone(), *bound)).collect()
    };
    let mut all = asset(&constraints.lower, Clause::AtLeast);
    all.extend(asset(&constraints.upper, Clause::AtMost));
    all.push(Clause::Budget(constraints.budget));
    for group in &constraints.groups {
        all.extend(group.least.map(|least| Clause::GroupAtLeast(group.name.clone(), least)));
        all.extend(group.most.map(|most| Clause::GroupAtMost(group.name.clone(), most)));
    }
    all.extend(constraints.turnover.map(Clause::Turnover));
    all.extend(constraints.gross.map(Clause::Gross));
    all.extend(match objective {
        Objective::TargetReturn(least) => Some(Clause::Return(*least)),
        Objective::TargetRisk(most) => Some(Clause::Risk(*most)),
        Objective::MaxSharpe { risk_free } => Some(Clause::Excess(risk_free * constraints.budget)),
        _ => None,
    });
    all
}

/// What is still demanded.
#[derive(Clone)]
struct Demands {
    constraints: Constraints,
    objective: Objective,
}

impl Demands {
    /// The objective counts for what it demands: a return, or a risk.
    fn of(objective: &Objective, constraints: &Constraints) -> Self {
        let objective = match objective {
            Objective::TargetReturn(_) | Objective::TargetRisk(_) => objective.clone(),
            Objective::MaxSharpe { risk_free } => Objective::TargetReturn(risk_free * constraints.budget),
            _ => Objective::MinVariance,
        };
        Self { constraints: constraints.clone(), objective }
    }

    fn without(mut self, clause: &Clause, names: &[String]) -> Self {
        let place = |name: &String| names.iter().position(|other| other == name).into_iter();
        let now = &mut self.constraints;
        match clause {
            Clause::AtLeast(name, _) => place(name).for_each(|asset| now.lower[asset] = f64::NEG_INFINITY),
            Clause::AtMost(name, _) => place(name).for_each(|asset| now.upper[asset] = f64::INFINITY),
            // No sum is off what is no number.
            Clause::Budget(_) => now.budget = f64::NAN,
            Clause::GroupAtLeast(name, _) => {
                now.groups.iter_mut().filter(|group| group.name == *name).for_each(|group| group.least = None);
            }
            Clause::GroupAtMost(name, _) => {
                now.groups.iter_mut().filter(|group| group.name == *name).for_each(|group| group.most = None);
            }
            Clause::Turnover(_) => now.turnover = None,
            Clause::Gross(_) => now.gross = None,
            Clause::Return(_) | Clause::Risk(_) | Clause::Excess(_) => self.objective = Objective::MinVariance,
            Clause::Positions(_) | Clause::Smallest(_) => {}
        }
        self
    }

    /// Whether any choice keeps to it; none where the problems, or the solver, do not last.
    fn is_possible(&self, estimates: &Estimates, nodes: &mut usize) -> Option<bool> {
        let mut search = Search::new(estimates, &self.objective, &self.constraints);
        search.nodes_max = *nodes;
        search.branch_out(false);
        *nodes = nodes.saturating_sub(search.nodes);
        let is_sure = search.stopped.is_none() && *nodes > 0;
        if search.best.is_some() { Some(true) } else { is_sure.then_some(false) }
    }
}
