//! Covariances: laws, refusals, and the figures of scikit-learn.

use proptest::prelude::*;
use qframe_quant::covariance::{Covariance, CovarianceError, Estimator, Returns};

use crate::oracle;

const ALL: [Estimator; 4] = [Estimator::Sample, Estimator::Ewma(0.94), Estimator::LedoitWolf, Estimator::Denoised];

/// Returns of up to five assets that share a factor.
fn returns() -> impl Strategy<Value = Returns> {
    (1_usize..6, 12_usize..60).prop_flat_map(|(assets, rows)| {
        let noise = proptest::collection::vec(-0.03_f64..0.03, rows * (assets + 1));
        noise.prop_map(move |noise| {
            let rows = noise.chunks(assets + 1).flat_map(|row| row[1..].iter().map(|value| value + 0.5 * row[0]));
            Returns::new(rows.collect(), assets).unwrap()
        })
    })
}

proptest! {
    #[test]
    fn every_estimate_is_symmetric_and_positive(returns in returns(), weights in proptest::collection::vec(-2.0_f64..2.0, 5)) {
        for estimator in ALL {
            let covariance = estimator.estimate(&returns).unwrap();
            let lower = covariance.cholesky().unwrap();
            let again = &lower * lower.transpose();
            let weights = &weights[..returns.assets()];
            prop_assert!(covariance.variance(weights) >= 0.0);
            prop_assert!((again - covariance.matrix()).amax() < 1e-12, "{estimator:?}");
            prop_assert!(covariance.condition_number().unwrap() >= 1.0 - 1e-12);
            prop_assert_eq!(covariance.matrix(), &covariance.matrix().transpose());
            let correlation = covariance.correlation();
            prop_assert!(correlation.amax() <= 1.0 + 1e-12);
            prop_assert!((correlation.trace() - returns.assets() as f64).abs() < 1e-12);
        }
    }

    #[test]
    fn the_variance_of_a_portfolio_is_that_of_its_returns(returns in returns(), weights in proptest::collection::vec(-2.0_f64..2.0, 5)) {
        let weights = &weights[..returns.assets()];
        let own = Returns::new(returns.portfolio(weights), 1).unwrap();
        let ours = Covariance::sample(&returns).unwrap().variance(weights);
        prop_assert!((ours - Covariance::sample(&own).unwrap().as_slice()[0]).abs() < 1e-12);
    }

    #[test]
    fn shrinking_and_denoising_never_make_it_worse_conditioned(returns in returns()) {
        let spread = |covariance: &Covariance| { let values = covariance.eigenvalues(); values[values.len() - 1] / values[0] };
        let sample = Covariance::sample(&returns).unwrap();
        let shrunk = Covariance::ledoit_wolf(&returns).unwrap();
        prop_assert!((0.0..=1.0).contains(&shrunk.delta));
        prop_assert!(spread(&shrunk.covariance) <= spread(&sample) * (1.0 + 1e-9));
        let denoised = Covariance::denoised(&returns).unwrap();
        let gaps = denoised.volatilities().iter().zip(sample.volatilities()).map(|(a, b)| (a - b).abs()).sum::<f64>();
        prop_assert!(gaps < 1e-12, "denoising leaves volatilities alone");
    }
}

#[test]
fn bad_input_is_refused() {
    use CovarianceError::*;
    let check = |values: &[f64], assets: usize, expected: CovarianceError| {
        let refused =
            Returns::new(values.to_vec(), assets).and_then(|returns| Covariance::sample(&returns)).unwrap_err();
        assert_eq!(refused, expected, "{values:?}");
    };
    check(&[], 2, Empty);
    check(&[0.1, 0.2], 2, Empty);
    check(&[0.1, 0.2, 0.3, 0.4, 0.5], 2, Shape { values: 5, assets: 2 });
    check(&[0.1, 0.2, 0.3, f64::INFINITY], 2, NotFinite { row: 1, asset: 1, value: f64::INFINITY });
    check(&[0.1, 0.2, 0.3, 0.4], 2, TooFew { observations: 2, assets: 2 });
    check(&[0.1, 0.2, 0.3, 0.2, 0.5, 0.2], 2, Constant { asset: 1 });
    let twins = Returns::new(vec![0.1, 0.1, 0.2, 0.2, -0.1, -0.1], 2).unwrap();
    assert!(matches!(Covariance::sample(&twins).unwrap().cholesky(), Err(NotPositive { assets: [0, 1], .. })));
    let apart = Returns::new(vec![0.1, 0.3, 0.1, 0.2, -0.1, 0.2, -0.1, 0.2, -0.1, 0.3, 0.1, 0.3], 3).unwrap();
    assert!(matches!(Covariance::sample(&apart).unwrap().cholesky(), Err(NotPositive { assets: [0, 2], .. })));
    assert_eq!(Covariance::sample(&twins).unwrap().condition_number().filter(|number| *number < 1e12), None);
    assert!(Covariance::ledoit_wolf(&twins).unwrap().covariance.cholesky().is_ok());
    assert_eq!(Covariance::ewma(&twins, 1.0).unwrap_err(), Decay(1.0));
    // Many observations of which the newest are nearly all that counts: (1 + 0.5) / (1 - 0.5) of them.
    let many = Returns::new((0..400).map(|place: i32| f64::from(place * place % 17) / 100.0).collect(), 4).unwrap();
    let faded = Covariance::ewma(&many, 0.5).unwrap_err();
    assert!(matches!(faded, Faded { effective, assets: 4, .. } if (effective - 3.0).abs() < 1e-12), "{faded}");
    assert!(Covariance::ewma(&many, 0.7).is_ok());
    assert_eq!(Covariance::new(1, &[0.0]).unwrap_err(), Constant { asset: 0 });
    let skewed = Covariance::new(2, &[1.0, 0.5, 0.2, 1.0]).unwrap_err();
    assert_eq!(skewed, NotSymmetric { first: 1, second: 0, below: 0.2, above: 0.5 });
}

#[test]
fn more_assets_than_observations_can_be_shrunk() {
    let returns = few(8);
    assert!(matches!(Covariance::sample(&returns), Err(CovarianceError::TooFew { .. })));
    assert!(Covariance::ledoit_wolf(&returns).unwrap().covariance.cholesky().is_ok());
}

/// Forty values as returns of so many assets.
fn few(assets: usize) -> Returns {
    Returns::new((0..40).map(|place: i32| f64::from(place * place % 17) / 100.0).collect(), assets).unwrap()
}

/// What each asset has in common with the portfolio needs no matrix, and so no more observations than assets.
#[test]
fn covariances_with_a_portfolio_are_those_of_the_matrix() {
    let weights = [0.5, -0.25, 0.75, 0.0];
    let (returns, matrix) = (few(4), Covariance::sample(&few(4)).unwrap());
    for (own, theirs) in returns.covariances(&weights).iter().zip(matrix.covariances(&weights)) {
        assert!((own - theirs).abs() < 1e-17, "{own} {theirs}");
    }
    let (returns, weights) = (few(8), [0.125; 8]);
    let outcomes = Returns::new(returns.portfolio(&weights), 1).unwrap();
    let variance: f64 = returns.covariances(&weights).iter().map(|covariance| covariance * 0.125).sum();
    assert!((variance - outcomes.covariances(&[1.0])[0]).abs() < 1e-17, "{variance}");
}

#[test]
fn ledoit_wolf_is_that_of_scikit_learn() {
    let Some(folder) = oracle::folder("Ledoit-Wolf") else { return };
    let returns = sp500(&folder);
    let text = std::fs::read_to_string(folder.join("risk_weights_sp500.json")).unwrap();
    let facts: serde_json::Value = serde_json::from_str(&text).unwrap();
    let delta = facts["ledoit_wolf.delta"].as_f64().unwrap();
    assert!(oracle::relative(Covariance::ledoit_wolf(&returns).unwrap().delta, delta, 0.0) < 1e-9);
}

/// Simple daily returns of the twenty stocks.
pub(crate) fn sp500(folder: &std::path::Path) -> Returns {
    let text = std::fs::read_to_string(folder.join("data_sp500_prices.csv")).unwrap();
    let prices: Vec<Vec<f64>> =
        text.lines().skip(1).map(|line| line.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect()).collect();
    let changes =
        prices.windows(2).flat_map(|pair| pair[1].iter().zip(&pair[0]).map(|(now, before)| now / before - 1.0));
    Returns::new(changes.collect(), prices[0].len()).unwrap()
}
