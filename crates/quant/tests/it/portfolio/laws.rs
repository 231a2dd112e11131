//! What holds for every optimum.
use proptest::prelude::*;
use qframe_quant::portfolio::{Constraints, Estimates, Group, Linkage, Objective, frontier, optimise};

use super::{Chance, OPTIMA, estimates, loss, weights};

const RULES: [Objective; 6] = [
    Objective::EqualWeight,
    Objective::InverseVolatility,
    Objective::RiskParity,
    Objective::Hierarchical(Linkage::Single),
    Objective::Hierarchical(Linkage::Ward),
    Objective::EqualRiskClusters(None),
];

/// A random portfolio, within bounds.
fn random(chance: &mut Chance, lower: &[f64], upper: &[f64]) -> Vec<f64> {
    random_of(1.0, chance, lower, upper)
}

/// The same of any sum.
fn random_of(total: f64, chance: &mut Chance, lower: &[f64], upper: &[f64]) -> Vec<f64> {
    let mut weights = lower.to_vec();
    let mut left = total - lower.iter().sum::<f64>();
    while left > 1e-12 {
        let asset = (chance.next().abs() * weights.len() as f64) as usize % weights.len();
        let part = (left * chance.next().abs() + 1e-3).min(left).min(upper[asset] - weights[asset]);
        weights[asset] += part;
        left -= part;
    }
    weights
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn weights_keep_their_bounds_and_no_random_ones_are_better(
        seed in any::<u64>(), assets in 2usize..9, least in 0.0..0.08_f64, most in 0.4..1.0_f64, short in any::<bool>(),
    ) {
        let estimates = estimates(assets, 120, seed);
        let most = most.max(1.2 / assets as f64);
        let least = if short { -least } else { least };
        let constraints = Constraints::within(assets, least, most);
        let mut chance = Chance(seed ^ 1);
        let others: Vec<Vec<f64>> =
            (0..60).map(|_| random(&mut chance, &constraints.lower, &constraints.upper)).collect();
        for objective in OPTIMA {
            let anchor = estimates.figures(&others[0]);
            let objective = match objective {
                Objective::TargetReturn(_) => Objective::TargetReturn(anchor.expected_return),
                Objective::TargetRisk(_) => Objective::TargetRisk(anchor.volatility),
                Objective::MaxSharpe { .. } => Objective::MaxSharpe { risk_free: anchor.expected_return - 0.1 },
                other => other,
            };
            let found = optimise(&estimates, &objective, &constraints).unwrap_or_else(|error| panic!("{objective:?}: {error}"));
            let broken = constraints.broken(estimates.names(), &found.weights);
            prop_assert!(broken.is_empty(), "{objective:?} breaks {broken:?}");
            prop_assert!(found.residual.is_some_and(|residual| residual < 1e-8), "{objective:?}: {:?}", found.residual);
            let best = loss(&estimates, &objective, &found.weights);
            for other in &others {
                let figures = estimates.figures(other);
                let is_allowed = match objective {
                    Objective::TargetReturn(least) => figures.expected_return >= least,
                    Objective::TargetRisk(most) => figures.volatility <= most,
                    _ => true,
                };
                let there = loss(&estimates, &objective, other);
                prop_assert!(!is_allowed || there >= best - 1e-7 * best.abs().max(1e-3), "{objective:?}: {there} < {best}");
            }
        }
    }

    #[test]
    fn rules_hold_long_weights_that_sum_to_one(seed in any::<u64>(), assets in 1usize..12) {
        let estimates = estimates(assets, 60, seed);
        for objective in RULES {
            let found = weights(&estimates, &objective, &Constraints::long_only(assets));
            prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12 && found.iter().all(|weight| *weight > 0.0));
        }
        let found = weights(&estimates, &Objective::RiskParity, &Constraints::long_only(assets));
        for share in estimates.figures(&found).risk_shares {
            prop_assert!((share * assets as f64 - 1.0).abs() < 1e-10);
        }
    }

    /// What the constraints say holds, however many there are of them.
    #[test]
    fn every_constraint_is_kept(seed in any::<u64>(), turnover in 0.05..0.6_f64, cap in 0.2..0.7_f64, cost in 0.0..0.01_f64) {
        let estimates = estimates(6, 120, seed);
        let constraints = Constraints {
            groups: vec![Group { name: "g".into(), members: vec![0, 1, 2], least: Some(0.1), most: Some(cap) }],
            current: vec![0.1, 0.1, 0.0, 0.3, 0.3, 0.2],
            turnover: Some(turnover),
            gross: Some(1.4),
            linear_cost: cost,
            quadratic_cost: cost,
            ..Constraints::within(6, -0.2, 0.6)
        };
        for objective in [Objective::MinVariance, Objective::Utility { aversion: 5.0 }, Objective::TargetRisk(0.5), Objective::MinCvar { confidence: 0.9 }] {
            let found = optimise(&estimates, &objective, &constraints).unwrap_or_else(|error| panic!("{objective:?}: {error}"));
            let broken = constraints.broken(estimates.names(), &found.weights);
            prop_assert!(broken.is_empty(), "{objective:?} breaks {broken:?}: {:?}", found.weights);
            prop_assert!(found.residual.is_some_and(|residual| residual < 1e-8), "{objective:?}: {:?}", found.residual);
        }
        let few = Constraints { positions: Some(3), smallest: Some(0.05), ..Constraints::long_only(6) };
        let found = optimise(&estimates, &Objective::MinVariance, &few).expect("three assets");
        prop_assert!(few.broken(estimates.names(), &found.weights).is_empty());
    }
}

/// What trading costs, as a share of what is traded.
fn paid(constraints: &Constraints, weights: &[f64]) -> f64 {
    let traded = weights.iter().zip(&constraints.current).map(|(new, old)| (new - old).abs());
    constraints.linear_cost * traded.sum::<f64>()
}

/// What is made small where trading costs `paid`.
fn loss_with_costs(estimates: &Estimates, objective: &Objective, weights: &[f64], paid: f64) -> f64 {
    let volatility = estimates.figures(weights).volatility;
    match objective {
        Objective::MinVariance => volatility.powi(2) / 2.0 + paid,
        Objective::TargetReturn(_) => volatility,
        Objective::MaxSharpe { .. } | Objective::MaxDiversification => {
            loss(estimates, objective, weights) + paid / volatility
        }
        _ => loss(estimates, objective, weights) + paid,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The floor of a return took the costs, and so did what was made small.
    #[test]
    fn with_costs_no_other_weights_are_better(seed in any::<u64>(), cost in 0.0..0.05_f64) {
        let (estimates, mut chance) = (estimates(5, 120, seed), Chance(seed ^ 2));
        let bounds = Constraints::long_only(5);
        let current = random(&mut chance, &bounds.lower, &bounds.upper);
        let constraints = Constraints { linear_cost: cost, current, ..bounds };
        let others: Vec<Vec<f64>> = (0..60).map(|_| random(&mut chance, &constraints.lower, &constraints.upper)).collect();
        let net = |weights: &[f64]| estimates.figures(weights).expected_return - paid(&constraints, weights);
        for objective in [
            Objective::MinVariance,
            Objective::MaxSharpe { risk_free: net(&constraints.current) - 0.1 },
            Objective::TargetReturn(net(&others[0])),
            Objective::TargetRisk(estimates.figures(&others[0]).volatility),
            Objective::Utility { aversion: 4.0 },
            Objective::MaxDiversification,
            Objective::MinCvar { confidence: 0.9 },
        ] {
            let found = weights(&estimates, &objective, &constraints);
            let best = loss_with_costs(&estimates, &objective, &found, paid(&constraints, &found));
            for other in &others {
                // Far from it, and next to it.
                for share in [1.0, 0.01] {
                    let there: Vec<f64> = found.iter().zip(other).map(|(own, other)| own + share * (other - own)).collect();
                    let is_allowed = match objective {
                        Objective::TargetReturn(least) => net(&there) >= least,
                        Objective::TargetRisk(most) => estimates.figures(&there).volatility <= most,
                        _ => true,
                    };
                    let loss = loss_with_costs(&estimates, &objective, &there, paid(&constraints, &there));
                    prop_assert!(!is_allowed || loss >= best - 1e-7 * best.abs().max(1e-3), "{objective:?}: {loss} < {best}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// The ratio that is told is the one that is made large. Once it was another where the sum was not one: with half of the money
    /// invested the rate was taken off in full, other weights had more of it, and so had rows of the frontier.
    #[test]
    fn no_portfolio_of_any_sum_has_a_higher_sharpe_ratio_than_the_highest(
        seed in any::<u64>(), assets in 2usize..7, least in -0.3..0.1_f64, room in 0.2..0.9_f64, part in 0.1..0.9_f64,
        cost in prop::option::of(0.0..0.01_f64), gap in 0.01..0.3_f64,
    ) {
        let (estimates, mut chance) = (estimates(assets, 120, seed), Chance(seed ^ 3));
        let total = assets as f64 * (least + part * room);
        let bounds = Constraints { budget: total, ..Constraints::within(assets, least, least + room) };
        let others: Vec<Vec<f64>> =
            (0..60).map(|_| random_of(total, &mut chance, &bounds.lower, &bounds.upper)).collect();
        let constraints = Constraints { current: others[0].clone(), linear_cost: cost.unwrap_or(0.0), ..bounds };
        // Some portfolio returns more than the rate, of which it has as much as it is invested.
        let rate = (estimates.figures(&others[0]).expected_return - gap) / total;
        prop_assume!(total.abs() > 0.05);
        let told = |weights: &[f64]| estimates.figures(weights).sharpe_ratio(rate, paid(&constraints, weights));
        let best = told(&weights(&estimates, &Objective::MaxSharpe { risk_free: rate }, &constraints));
        let by_hand = |weights: &[f64]| {
            let figures = estimates.figures(weights);
            let all = figures.expected_return - paid(&constraints, weights) + (1.0 - weights.iter().sum::<f64>()) * rate;
            (all - rate) / figures.volatility
        };
        let slack = 1e-7 * best.abs().max(1e-3);
        for other in &others {
            prop_assert!((told(other) - by_hand(other)).abs() < 1e-9 * (1.0 + best.abs()));
            prop_assert!(told(other) <= best + slack, "{} > {best}: {other:?}", told(other));
        }
        for point in frontier(&estimates, &constraints, 6).expect("a frontier") {
            let held = point.found.expect("weights").weights;
            prop_assert!(told(&held) <= best + slack, "{} > {best}: {held:?}", told(&held));
        }
    }
}

#[test]
fn the_frontier_rises() {
    let estimates = estimates(8, 200, 7);
    let plain = Constraints { current: vec![0.125; 8], ..Constraints::long_only(8) };
    for constraints in [
        plain.clone(),
        Constraints { gross: Some(1.5), ..Constraints::within(8, -0.3, 1.0) },
        Constraints { linear_cost: 0.02, ..plain },
    ] {
        let found = frontier(&estimates, &constraints, 12).expect("a frontier");
        let weights: Vec<_> = found.iter().map(|point| &point.found.as_ref().expect("weights").weights).collect();
        assert_eq!(weights.len(), 12);
        let net = |weights: &[f64]| estimates.figures(weights).expected_return - paid(&constraints, weights);
        for pair in weights.windows(2) {
            assert!(net(pair[0]) < net(pair[1]) + 1e-9, "{pair:?}");
            let [one, other] = [pair[0], pair[1]].map(|weights| estimates.figures(weights).volatility);
            assert!(one < other + 1e-9, "{pair:?}");
        }
    }
}

/// Costs keep weights where they are: with high ones nothing is traded.
#[test]
fn costs_hold_trades_back() {
    let estimates = estimates(4, 200, 3);
    let current = vec![0.25; 4];
    let traded = |linear: f64| {
        let constraints = Constraints { linear_cost: linear, current: current.clone(), ..Constraints::long_only(4) };
        let found = weights(&estimates, &Objective::Utility { aversion: 5.0 }, &constraints);
        found.iter().zip(&current).map(|(new, old)| (new - old).abs()).sum::<f64>()
    };
    let (free, dear) = (traded(0.0), traded(10.0));
    assert!(free > 0.1 && dear < 1e-6 && traded(0.01) <= free + 1e-9, "{free} {dear}");
}
