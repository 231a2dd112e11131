//! What holds for every optimum.
use proptest::prelude::*;
use qframe_quant::portfolio::{Constraints, Group, Linkage, Objective, frontier, optimise};

use super::{Chance, OPTIMA, estimates, loss, weights};

const RULES: [Objective; 6] = [
    Objective::EqualWeight,
    Objective::InverseVolatility,
    Objective::RiskParity,
    Objective::Hierarchical(Linkage::Single),
    Objective::Hierarchical(Linkage::Ward),
    Objective::EqualRiskClusters(None),
];

/// A random portfolio of `total`, within bounds.
fn random(chance: &mut Chance, lower: &[f64], upper: &[f64]) -> Vec<f64> {
    let mut weights = lower.to_vec();
    let mut left = 1.0 - lower.iter().sum::<f64>();
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

#[test]
fn the_frontier_rises() {
    let estimates = estimates(8, 200, 7);
    for constraints in
        [Constraints::long_only(8), Constraints { gross: Some(1.5), ..Constraints::within(8, -0.3, 1.0) }]
    {
        let found = frontier(&estimates, &constraints, 12).expect("a frontier");
        let figures: Vec<_> =
            found.iter().map(|point| estimates.figures(&point.found.as_ref().expect("weights").weights)).collect();
        assert_eq!(figures.len(), 12);
        for pair in figures.windows(2) {
            assert!(pair[0].expected_return < pair[1].expected_return + 1e-9, "{pair:?}");
            assert!(pair[0].volatility < pair[1].volatility + 1e-9, "{pair:?}");
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
