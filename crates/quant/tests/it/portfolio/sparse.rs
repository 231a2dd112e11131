//! Few positions, and none too small: against a search through all choices, and against every portfolio of a grid.
use proptest::prelude::*;
use qframe_quant::covariance::{Covariance, Returns};
use qframe_quant::portfolio::{Constraints, Estimates, Group, Objective, PortfolioError, frontier, optimise};

use super::{Chance, estimates, loss};

/// The least loss over all choices of assets and sides, each of them a convex problem; none where all conflict.
fn brute(estimates: &Estimates, objective: &Objective, constraints: &Constraints) -> Option<f64> {
    let count = estimates.assets();
    let free = Constraints { positions: None, smallest: None, ..constraints.clone() };
    let least = constraints.smallest.unwrap_or(0.0);
    let one = |code: usize| {
        // Of each asset a digit of the code: left out, long, short.
        let sides = (0..count).map(|asset| code / 3_usize.pow(asset as u32) % 3);
        let mut now = free.clone();
        let mut held = 0;
        for (asset, side) in sides.enumerate() {
            let (lower, upper) = (now.lower[asset], now.upper[asset]);
            (now.lower[asset], now.upper[asset]) = match side {
                0 => (lower.max(0.0), upper.min(0.0)),
                1 => (lower.max(least), upper),
                _ => (lower, upper.min(-least)),
            };
            held += usize::from(side > 0);
            if now.lower[asset] > now.upper[asset] {
                return None;
            }
        }
        let (least, most) = (now.lower.iter().sum::<f64>(), now.upper.iter().sum::<f64>());
        if constraints.positions.is_some_and(|most| held > most) || least > 1.0 + 1e-9 || most < 1.0 - 1e-9 {
            return None;
        }
        let found = optimise(estimates, objective, &now).ok()?;
        Some(loss(estimates, objective, &found.weights))
    };
    (0..3_usize.pow(count as u32)).filter_map(one).reduce(f64::min)
}

/// Bounds, a group, a cap of turnover or of absolute weights, by the bits of a number.
fn drawn(assets: usize, bits: u32, bound: f64) -> Constraints {
    let mut constraints = if bits & 1 == 1 {
        Constraints { gross: Some(1.6), ..Constraints::within(assets, -0.4, bound.max(0.4)) }
    } else {
        Constraints::within(assets, 0.0, bound)
    };
    if bits & 2 == 2 {
        let group = Group { name: "two".into(), members: vec![0, 1], least: Some(0.25), most: Some(0.6) };
        constraints.groups.push(group);
    }
    if bits & 4 == 4 {
        constraints.current = vec![1.0 / assets as f64; assets];
        constraints.turnover = Some(0.45);
    }
    if bits & 8 == 8 {
        constraints.lower[assets - 1] = 0.05;
    }
    constraints
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_best_choice_is_found_wherever_there_is_one(
        assets in 3_usize..6, seed in 0_u64..1_000, bits in 0_u32..16, bound in 0.3_f64..1.0,
        positions in proptest::option::of(1_usize..5), smallest in proptest::option::of(0.02_f64..0.45),
        which in 0_usize..5,
    ) {
        let estimates = estimates(assets, 60, seed);
        let constraints = Constraints { positions, smallest, ..drawn(assets, bits, bound) };
        let objective = [
            Objective::MinVariance,
            Objective::Utility { aversion: 4.0 },
            Objective::TargetReturn(0.1),
            Objective::MaxDiversification,
            Objective::MinCvar { confidence: 0.9 },
        ][which].clone();
        match (optimise(&estimates, &objective, &constraints), brute(&estimates, &objective, &constraints)) {
            (Ok(found), Some(best)) => {
                let broken = constraints.broken(estimates.names(), &found.weights);
                prop_assert!(broken.is_empty(), "{objective:?} breaks {broken:?}");
                let here = loss(&estimates, &objective, &found.weights);
                prop_assert!(here <= best + 1e-6 * best.abs().max(1e-3), "{objective:?}: {here}, {best} {constraints:?}");
            }
            (Err(PortfolioError::Sparse { is_proven, conflict, .. }), None) => prop_assert!(is_proven && !conflict.is_empty()),
            (Err(PortfolioError::Conflict(_)), None) => {}
            (found, best) => prop_assert!(false, "{objective:?}: {found:?}, {best:?} {constraints:?}"),
        }
    }

    /// What trading costs is taken from the return of a target; it once counted as risk, too, where positions were chosen.
    #[test]
    fn costs_do_not_choose_where_they_are_in_the_return(
        assets in 3_usize..6, seed in 0_u64..1_000, held in 0_usize..3, cost in 0.001_f64..0.03,
        positions in proptest::option::of(1_usize..4), smallest in proptest::option::of(0.1_f64..0.3),
    ) {
        let estimates = estimates(assets, 60, seed);
        let mut constraints = Constraints { positions, smallest, linear_cost: cost, ..Constraints::long_only(assets) };
        constraints.current = (0..assets).map(|asset| f64::from(u8::from(asset == held))).collect();
        let objective = Objective::TargetReturn(0.05);
        if let Some(best) = brute(&estimates, &objective, &constraints) {
            let found = optimise(&estimates, &objective, &constraints).expect("there is one");
            let here = loss(&estimates, &objective, &found.weights);
            prop_assert!(here <= best + 1e-6, "{here}, {best} {constraints:?}");
        }
    }

    /// No convex solver stands behind these: every portfolio of a grid, by the rules alone.
    #[test]
    fn no_portfolio_of_a_grid_is_better(seed in 0_u64..1_000, bits in 0_u32..16, positions in 1_usize..4, steps in 1_usize..10) {
        const GRID: i32 = 20;
        let estimates = estimates(3, 60, seed);
        let smallest = Some(steps as f64 / f64::from(GRID));
        let constraints = Constraints { positions: Some(positions), smallest, ..drawn(3, bits, 0.7) };
        let found = optimise(&estimates, &Objective::MinVariance, &constraints);
        for first in -GRID..=GRID {
            for second in -GRID..=GRID {
                let [first, second] = [first, second].map(|step| f64::from(step) / f64::from(GRID));
                let weights = [first, second, 1.0 - first - second].map(|weight| (weight * 1e9).round() / 1e9);
                if !constraints.broken(estimates.names(), &weights).is_empty() {
                    continue;
                }
                let loss = |weights: &[f64]| loss(&estimates, &Objective::MinVariance, weights);
                prop_assert!(found.as_ref().is_ok_and(|found| loss(&found.weights) <= loss(&weights) + 1e-9), "{weights:?} {found:?}");
            }
        }
    }
}

/// The smallest were once left out all at once, and the rest could not be: a conflict of bounds nobody had set was told.
#[test]
fn a_portfolio_of_few_is_found_where_the_smallest_are_needed() {
    let check = |assets: usize, constraints: Constraints| {
        let estimates = estimates(assets, 4 * assets, 21);
        for objective in [Objective::MinVariance, Objective::Utility { aversion: 5.0 }] {
            let found =
                optimise(&estimates, &objective, &constraints).unwrap_or_else(|error| panic!("{assets}: {error}"));
            assert!(constraints.broken(estimates.names(), &found.weights).is_empty());
            assert!(found.residual.is_some_and(|residual| residual < 1e-8));
        }
    };
    for assets in [8, 40] {
        // Two must hold half of it all, and everything is smaller than allowed while all are held.
        let most = |count: usize| Constraints {
            positions: Some(count),
            ..Constraints::within(assets, 0.0, 1.0 / count as f64)
        };
        check(assets, most(2));
        check(assets, most(4));
        check(assets, Constraints { smallest: Some(0.3), ..Constraints::within(assets, 0.0, 0.35) });
        check(assets, Constraints { smallest: Some(0.25), positions: Some(4), ..Constraints::long_only(assets) });
        // A group that has to be there, of which all members are small.
        let group = Group { name: "few".into(), members: vec![0, 1, 2], least: Some(0.3), most: None };
        check(assets, Constraints { positions: Some(2), groups: vec![group], ..Constraints::long_only(assets) });
    }
}

#[test]
fn what_no_choice_keeps_to_is_told_by_the_words_of_the_user() {
    let told = |assets: usize, constraints: Constraints| {
        optimise(&estimates(assets, 4 * assets, 5), &Objective::MinVariance, &constraints).unwrap_err().to_string()
    };
    let few = told(4, Constraints { positions: Some(2), ..Constraints::within(4, 0.0, 0.4) });
    assert_eq!(
        few,
        "there is no portfolio with at most 2 positions that keeps to all of these: the weights sum to 1; A0 at most 0.4; \
         A1 at most 0.4; A2 at most 0.4; A3 at most 0.4; allow more positions, or relax one of them"
    );
    let one =
        |asset: usize| Group { name: format!("g{asset}"), members: vec![asset], least: Some(0.1), most: Some(0.9) };
    let groups = (0..3).map(one).collect();
    let groups = told(4, Constraints { positions: Some(2), groups, ..Constraints::long_only(4) });
    assert!(
        groups.contains(
            "keeps to all of these: group g0 at least 0.1; group g1 at least 0.1; group g2 at least 0.1; allow"
        ),
        "{groups}"
    );
    let large = told(3, Constraints { smallest: Some(1.5), ..Constraints::long_only(3) });
    assert!(
        large.contains(
            "no weight smaller than 1.5 that keeps to all of these: the weights sum to 1; A0 at most 1; A1 at"
        ) && large.contains("allow smaller weights, or relax one of them"),
        "{large}"
    );
    let current = vec![0.5, 0.5, 0.0, 0.0];
    let turnover = Constraints { positions: Some(1), current, turnover: Some(0.2), ..Constraints::long_only(4) };
    let turnover = told(4, turnover);
    assert!(turnover.contains("keeps to all of these: turnover at most 0.2; allow more positions"), "{turnover}");
    let both = told(4, Constraints { positions: Some(3), smallest: Some(0.4), ..Constraints::within(4, 0.0, 0.45) });
    assert!(both.contains("at most 3 positions and no weight smaller than 0.4"), "{both}");
    let many = told(60, Constraints { positions: Some(3), ..Constraints::within(60, 0.0, 0.3) });
    assert!(many.contains("with at most 3 positions") && !many.contains("A1"), "{many}");
    // What conflicts without any choice is still told by its clauses.
    let plain = told(4, Constraints { positions: Some(2), ..Constraints::within(4, 0.0, 0.2) });
    assert!(plain.contains("the weights sum to 1"), "{plain}");
}

/// One point that could not be once took the whole frontier with it.
#[test]
fn a_frontier_has_the_points_that_there_are() {
    let estimates = estimates(4, 100, 5);
    // Two halves of anything: few returns are possible, and most targets lie between them.
    let constraints = Constraints { positions: Some(2), smallest: Some(0.5), ..Constraints::long_only(4) };
    let points = frontier(&estimates, &constraints, 12).expect("a frontier");
    assert_eq!(points.len(), 12);
    let found = points.iter().filter(|point| point.found.is_ok()).count();
    assert!(found >= 2, "{found}");
    for point in &points {
        match &point.found {
            Ok(held) => assert!(estimates.figures(&held.weights).expected_return >= point.target - 1e-9),
            Err(error) => assert!(matches!(error, PortfolioError::Sparse { .. }), "{error}"),
        }
    }
}

/// What the solver could not tell of one choice was passed over, and the best of the others went for the best of all.
#[test]
fn a_choice_that_stops_the_solver_leaves_no_best() {
    let mut chance = Chance(3);
    let mut values: Vec<f64> =
        (0..40 * 3).map(|place| chance.normal() * 0.1 + [0.045, 0.055, 0.03][place % 3]).collect();
    // The portfolio of B and C with the least variance, 2 B less C, loses more than everything that day; others do not.
    values[..3].copy_from_slice(&[0.0, -0.45, 0.2]);
    let returns = Returns::new(values, 3).expect("numbers");
    let covariance =
        Covariance::new(3, &[0.0001, 0.0, 0.0, 0.0, 0.04, 0.0792, 0.0, 0.0792, 0.16]).expect("a covariance");
    let names = ["A", "B", "C"].map(str::to_owned).to_vec();
    let estimates = Estimates::new(names, vec![0.0; 3], covariance, returns).expect("estimates");
    let with = |constraints: Constraints| optimise(&estimates, &Objective::Kelly, &constraints);
    let all = Constraints::within(3, -2.0, 3.0);
    let free = with(all.clone()).expect("all three can be held");
    // The first that is tried without.
    let [a, others @ ..] = free.weights.as_slice() else { panic!("{free:?}") };
    assert!(a.abs() > 0.01 && others.iter().all(|weight| weight.abs() > a.abs()), "{free:?}");
    let mut without_a = all.clone();
    (without_a.lower[0], without_a.upper[0]) = (0.0, 0.0);
    let stopped = with(without_a).expect_err("it begins in ruin");
    assert!(matches!(stopped, PortfolioError::NotSolved(..)), "{stopped}");
    assert_eq!(with(Constraints { positions: Some(2), ..all }), Err(stopped));
}
