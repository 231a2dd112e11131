//! Figures of an independent library, and of every portfolio of a grid.
use std::fs;

use qframe_quant::covariance::{Covariance, Returns};
use qframe_quant::portfolio::{Constraints, Estimates, Linkage, Objective, View, annual_means, optimise, posterior};
use serde_json::Value;

use super::{OPTIMA, estimates, loss, weights};
use crate::oracle::folder;

/// The twenty stocks of the oracle, and its weights.
fn stocks() -> Option<(Estimates, Value)> {
    let folder = folder("portfolio weights")?;
    let text = fs::read_to_string(folder.join("data_sp500_prices.csv")).expect("prices");
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().expect("a header").split(',').skip(1).map(str::to_owned).collect();
    let prices: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').skip(1).map(|field| field.parse().expect("a price")).collect()).collect();
    let values = prices.windows(2).flat_map(|pair| pair[1].iter().zip(&pair[0]).map(|(now, then)| now / then - 1.0));
    let returns = Returns::new(values.collect(), names.len()).expect("returns");
    let covariance = Covariance::sample(&returns).expect("a covariance").scaled(252.0);
    let estimates = Estimates::new(names, annual_means(&returns, 252.0), covariance, returns).expect("estimates");
    let weights = fs::read_to_string(folder.join("risk_weights_sp500.json")).expect("weights");
    Some((estimates, serde_json::from_str(&weights).expect("JSON")))
}

#[test]
fn weights_agree_with_an_independent_library() {
    let Some((estimates, oracle)) = stocks() else { return };
    let check = |name: &str, objective: Objective, within: f64| {
        let found = optimise(&estimates, &objective, &Constraints::long_only(20)).expect(name);
        for (asset, weight) in estimates.names().iter().zip(&found.weights) {
            let expected = oracle[name]["weights"][asset].as_f64().expect("a weight");
            assert!((weight - expected).abs() < within, "{name} {asset}: {weight} for {expected}");
        }
        let figures = estimates.figures(&found.weights);
        for (figure, expected) in [(figures.expected_return, "return"), (figures.volatility, "volatility")] {
            let expected = oracle[name][expected].as_f64().expect("a figure");
            assert!((figure - expected).abs() < within, "{name}: {figure} for {expected}");
        }
        assert!(found.residual.is_none_or(|residual| residual < 1e-8), "{name}: {:?}", found.residual);
        println!("{name}: residual {:?}, {} steps", found.residual, found.iterations);
    };
    check("pypfopt.min_volatility", Objective::MinVariance, 1e-9);
    check("pypfopt.max_sharpe(rf=0.0)", Objective::MaxSharpe { risk_free: 0.0 }, 1e-8);
    check("pypfopt.efficient_return(0.16)", Objective::TargetReturn(0.16), 1e-8);
    check("pypfopt.HRP(single linkage)", Objective::Hierarchical(Linkage::Single), 1e-12);
    check("pypfopt.min_cvar(0.95)", Objective::MinCvar { confidence: 0.95 }, 1e-8);
    check("risk_parity(newton, exact)", Objective::RiskParity, 1e-12);
    check("inverse_volatility", Objective::InverseVolatility, 1e-12);
}

/// Two pairs that move alike: the shares of the pairs by the volatilities of their inverse-variance portfolios, within by
/// variances, all by hand.
#[test]
fn clusters_share_by_volatility_and_assets_within_by_variance() {
    let (volatilities, close, far) = ([0.1, 0.2, 0.2, 0.4], 0.8, 0.1);
    let rows = (0..16).map(|place| {
        let (row, column) = (place / 4, place % 4);
        let correlation = if row == column {
            1.0
        } else if row / 2 == column / 2 {
            close
        } else {
            far
        };
        correlation * volatilities[row] * volatilities[column]
    });
    let covariance = Covariance::new(4, &rows.collect::<Vec<_>>()).expect("a covariance");
    let names = ["A", "B", "C", "D"].map(str::to_owned).to_vec();
    let returns = Returns::new(vec![0.0; 8], 4).expect("returns");
    let estimates = Estimates::new(names, vec![0.0; 4], covariance, returns).expect("estimates");
    // Each pair has a volatility twice the other: 4 to 1 within. The second pair is the first one, twice as volatile.
    let expected = [2.0 / 3.0 * 0.8, 2.0 / 3.0 * 0.2, 1.0 / 3.0 * 0.8, 1.0 / 3.0 * 0.2];
    for clusters in [None, Some(2)] {
        let found = weights(&estimates, &Objective::EqualRiskClusters(clusters), &Constraints::long_only(4));
        assert!(found.iter().zip(expected).all(|(found, by_hand)| (found - by_hand).abs() < 1e-12), "{found:?}");
    }
}

/// All portfolios of three assets in steps of a fiftieth: none is better, and the best is next to the optimum.
#[test]
fn no_portfolio_of_three_assets_is_better() {
    const STEPS: usize = 50;
    for seed in 0..8 {
        let estimates = estimates(3, 300, seed);
        let means = estimates.means();
        let (low, high) =
            means.iter().fold((f64::MAX, f64::MIN), |(low, high), mean| (low.min(*mean), high.max(*mean)));
        let least = estimates.figures(&weights(&estimates, &Objective::MinVariance, &Constraints::long_only(3)));
        let target = least.expected_return * 0.3 + high * 0.7;
        let risk = least.volatility * 1.1;
        for objective in OPTIMA {
            let objective = match objective {
                Objective::TargetReturn(_) => Objective::TargetReturn(target),
                Objective::TargetRisk(_) => Objective::TargetRisk(risk),
                Objective::MaxSharpe { .. } => Objective::MaxSharpe { risk_free: low - 0.01 },
                other => other,
            };
            let optimum = optimise(&estimates, &objective, &Constraints::long_only(3)).expect("an optimum");
            let best = loss(&estimates, &objective, &optimum.weights);
            assert!(optimum.residual.is_some_and(|residual| residual < 1e-8), "{objective:?} {:?}", optimum.residual);
            let mut nearest = f64::INFINITY;
            for first in 0..=STEPS {
                for second in 0..=STEPS - first {
                    let grid = [first, second, STEPS - first - second].map(|part| part as f64 / STEPS as f64);
                    let figures = estimates.figures(&grid);
                    let is_allowed = match objective {
                        Objective::TargetReturn(least) => figures.expected_return >= least,
                        Objective::TargetRisk(most) => figures.volatility <= most,
                        _ => true,
                    };
                    if is_allowed {
                        nearest = nearest.min(loss(&estimates, &objective, &grid) - best);
                    }
                }
            }
            assert!(
                nearest > -1e-9 && nearest < 0.05,
                "seed {seed} {objective:?}: {nearest} from the best of the grid"
            );
        }
    }
}

/// Two assets of the same volatility, correlation one half, equal market weights: all by hand.
#[test]
fn views_move_expectations_as_the_formula_says() {
    let covariance = Covariance::new(2, &[0.04, 0.02, 0.02, 0.04]).expect("a covariance");
    let view = |confidence| View { weights: vec![(0, 1.0), (1, -1.0)], value: 0.05, confidence };
    let prior = [0.075, 0.075];
    let check = |views: &[View], expected: [f64; 2]| {
        let (means, _) = posterior(&covariance, &[0.5, 0.5], (2.5, 0.05), views).expect("a posterior");
        assert!(means.iter().zip(expected).all(|(mean, expected)| (mean - expected).abs() < 1e-12), "{means:?}");
    };
    check(&[], prior);
    // The view's variance is as large as that of its portfolio: it is met half-way.
    check(&[view(0.5)], [prior[0] + 0.0125, prior[1] - 0.0125]);
    check(&[view(0.8)], [prior[0] + 0.02, prior[1] - 0.02]);
    // A view of what is expected anyway changes nothing.
    check(&[View { value: 0.0, ..view(0.9) }], prior);
}
