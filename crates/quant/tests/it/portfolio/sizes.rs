//! One asset, and hundreds.
use qframe_quant::portfolio::{Constraints, Group, Linkage, Objective, optimise};

use super::{OPTIMA, estimates};

#[test]
fn one_asset_is_held_whole() {
    let estimates = estimates(1, 50, 11);
    let others = [
        Objective::EqualWeight,
        Objective::RiskParity,
        Objective::Hierarchical(Linkage::Single),
        Objective::EqualRiskClusters(None),
    ];
    for objective in OPTIMA.into_iter().chain(others) {
        let objective = match objective {
            Objective::TargetReturn(_) => Objective::TargetReturn(-1.0),
            Objective::TargetRisk(_) => Objective::TargetRisk(9.0),
            Objective::MaxSharpe { .. } => Objective::MaxSharpe { risk_free: -9.0 },
            other => other,
        };
        let found = optimise(&estimates, &objective, &Constraints::long_only(1));
        let found = found.unwrap_or_else(|error| panic!("{objective:?}: {error}"));
        assert!((found.weights[0] - 1.0).abs() < 1e-9, "{objective:?} {:?}", found.weights);
    }
}

/// The quick way and the interior point agree.
#[test]
fn two_methods_find_the_same_least_variance() {
    let estimates = estimates(60, 300, 13);
    let quick = optimise(&estimates, &Objective::MinVariance, &Constraints::within(60, 0.0, 0.05)).expect("weights");
    let group = Group { name: "all".into(), members: (0..60).collect(), least: None, most: Some(2.0) };
    let cone = Constraints { groups: vec![group], ..Constraints::within(60, 0.0, 0.05) };
    let slow = optimise(&estimates, &Objective::MinVariance, &cone).expect("weights");
    for (quick, slow) in quick.weights.iter().zip(&slow.weights) {
        assert!((quick - slow).abs() < 1e-7, "{quick} {slow}");
    }
}
