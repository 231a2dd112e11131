//! Laws of risk, for every method that has them.

use proptest::prelude::*;
use qframe_quant::covariance::{Covariance, Returns};
use qframe_quant::risk::exposure::{Beside, Exposure, drawdown_at_risk};
use qframe_quant::risk::garch::{Garch, Model};
use qframe_quant::risk::stress::{by_factor, days_to_close, reverse, worse};
use qframe_quant::risk::*;

fn confidence(value: f64) -> Confidence {
    Confidence::new(value).unwrap()
}

fn levels() -> Vec<Confidence> {
    [0.9, 0.95, 0.975, 0.99].map(confidence).to_vec()
}

/// Every figure of a series that needs no scenarios.
fn every(returns: &[f64]) -> Vec<(&'static str, Vec<Tail>)> {
    let at = levels();
    let moments = Moments::of(returns).unwrap();
    let normal = Normal { mean: moments.mean, deviation: moments.deviation };
    let ewma = Normal::ewma(returns, 0.94).unwrap();
    let of = |tail: &dyn Fn(Confidence) -> Tail| at.iter().map(|at| tail(*at)).collect::<Vec<_>>();
    let mut all = vec![
        ("historical", historical(returns, Quantile::Linear, &at).unwrap()),
        ("order statistic", historical(returns, Quantile::Order, &at).unwrap()),
        ("age weighted", age_weighted(returns, 0.97, &at).unwrap()),
        ("normal", of(&|at| normal.tail(at, 1))),
        ("ewma", of(&|at| ewma.tail(at, 10))),
    ];
    if let Ok(student) = StudentT::fit(returns) {
        all.push(("student", of(&|at| student.tail(at, 1).unwrap())));
    }
    let bent = CornishFisher(moments);
    all.extend(at.iter().map(|at| bent.tail(*at, 1)).collect::<Result<Vec<_>, _>>().ok().map(|tails| ("bent", tails)));
    all
}

/// Two assets that have a little in common.
fn pair() -> impl Strategy<Value = Returns> {
    proptest::collection::vec((-0.05_f64..0.05, -0.05_f64..0.05, -0.05_f64..0.05), 120..300).prop_map(|rows| {
        let values =
            rows.into_iter().flat_map(|(shared, one, other)| [shared + one * one * 9.0 - 0.005, 0.5 * shared + other]);
        Returns::new(values.collect(), 2).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn losses_grow_with_confidence_and_the_mean_beyond_is_larger(returns in pair()) {
        for (name, tails) in every(&returns.portfolio(&[0.7, 0.3])) {
            for tail in &tails {
                prop_assert!(tail.cvar >= tail.var - 1e-12, "{} {:?}", name, tails);
            }
            for two in tails.windows(2) {
                prop_assert!(two[1].var >= two[0].var - 1e-12 && two[1].cvar >= two[0].cvar - 1e-12, "{} {:?}", name, tails);
            }
        }
    }

    #[test]
    fn twice_the_position_is_twice_the_risk(returns in pair(), scale in 0.1_f64..10.0) {
        let once = every(&returns.asset(0));
        let more = every(&returns.portfolio(&[scale, 0.0]));
        for ((name, once), (_, more)) in once.iter().zip(&more) {
            for (once, more) in once.iter().zip(more) {
                // A search ends within its tolerance, not at the last digit.
                let within = if *name == "student" { 2e-3 } else { 1e-9 };
                prop_assert!((more.var - scale * once.var).abs() <= within * scale * once.var.abs().max(1e-3), "{}", name);
                prop_assert!((more.cvar - scale * once.cvar).abs() <= within * scale * once.cvar.abs().max(1e-3), "{}", name);
            }
        }
    }

    #[test]
    fn the_mean_beyond_is_coherent(returns in pair(), sure in 0.0_f64..0.1) {
        let at = levels();
        let cvar = |weights: &[f64]| historical(&returns.portfolio(weights), Quantile::Order, &at).unwrap();
        let (one, other, both) = (cvar(&[1.0, 0.0]), cvar(&[0.0, 1.0]), cvar(&[1.0, 1.0]));
        for level in 0..at.len() {
            prop_assert!(both[level].cvar <= one[level].cvar + other[level].cvar + 1e-12, "sub-additive");
        }
        // A sure gain lowers every figure by itself.
        let series = returns.asset(0);
        let richer: Vec<f64> = series.iter().map(|value| value + sure).collect();
        let (poor, rich) = (historical(&series, Quantile::Order, &at).unwrap(), historical(&richer, Quantile::Order, &at).unwrap());
        for (poor, rich) in poor.iter().zip(&rich) {
            prop_assert!((poor.var - sure - rich.var).abs() < 1e-12 && (poor.cvar - sure - rich.cvar).abs() < 1e-12);
        }
    }

    // What the book says of sure gains: these methods do no more than rearrange what happened.
    #[test]
    fn what_only_gains_has_no_loss_where_what_happened_is_rearranged(
        gains in proptest::collection::vec(1e-6_f64..0.2, 20..120), horizon in 1_usize..15, seed in any::<u64>(),
    ) {
        let returns = Returns::new(gains.clone(), 1).unwrap();
        let held = over(&returns, horizon).unwrap().asset(0);
        let drawn = Simulation::bootstrap(returns, &[1.0], horizon, 5.0, 1_000, seed).unwrap();
        for (name, tails) in [
            ("historical", historical(&held, Quantile::Linear, &levels())),
            ("order-statistic", historical(&held, Quantile::Order, &levels())),
            ("age-weighted", age_weighted(&held, 0.97, &levels())),
            ("bootstrap", simulated(&mut outcomes(&drawn), &levels())),
        ] {
            for tail in tails.unwrap() {
                prop_assert!(tail.var < 0.0 && tail.cvar < 0.0, "a gain is a loss below zero: {name} {tail:?}");
            }
        }
        prop_assert!(drawdown_at_risk(&gains, &levels()).unwrap().iter().all(|tail| tail.var == 0.0 && tail.cvar == 0.0));
    }

    // Of those that are more than that, one sees a loss in every gain: RiskMetrics takes the mean to be zero, and squares know no
    // sign.
    #[test]
    fn exponential_weights_see_a_loss_in_what_only_gains(gains in proptest::collection::vec(0.001_f64..0.02, 20..200)) {
        let losses: Vec<f64> = gains.iter().map(|gain| -gain).collect();
        let of = |series: &[f64]| Normal::ewma(series, 0.94).unwrap().tail(confidence(0.95), 1);
        prop_assert!(of(&gains).var > 0.0);
        prop_assert_eq!(of(&gains), of(&losses));
    }

    #[test]
    fn components_sum_to_the_whole(returns in pair(), first in -2.0_f64..2.0, second in 0.1_f64..2.0, seed in 0_u64..1_000) {
        let (weights, at) = ([first, second], confidence(0.95));
        let sums = |parts: &[Contribution]| (parts.iter().map(|part| part.var).sum::<f64>(), parts.iter().map(|part| part.cvar).sum::<f64>());
        let alike = |name: &str, (var, cvar): (f64, f64), tail: Tail| {
            assert!((var - tail.var).abs() < 1e-9 && (cvar - tail.cvar).abs() < 1e-9, "{name}: {var} {cvar} {tail:?}");
        };
        let series = returns.portfolio(&weights);
        alike("history", sums(&contributions(&returns, &weights, at).unwrap()), historical(&series, Quantile::Order, &[at]).unwrap()[0]);
        let covariance = Covariance::sample(&returns).unwrap();
        let Moments { mean, deviation, .. } = Moments::of(&series).unwrap();
        let parts = normal_contributions(&returns.covariances(&weights), &returns.means(), &weights, at, 10);
        alike("normal", sums(&parts), Normal { mean, deviation }.tail(at, 10));
        let student = Simulation::new(&covariance, &returns.means(), &weights, Shock::Student(4.0), 2_000, seed).unwrap();
        let resampled = Simulation::bootstrap(returns.clone(), &weights, 5, 4.0, 2_000, seed).unwrap();
        for simulation in [student, resampled] {
            let drawn = outcomes(&simulation);
            let parts = simulation.contributions(&drawn, at).unwrap();
            alike("scenarios", sums(&parts), simulated(&mut drawn.clone(), &[at]).unwrap()[0]);
        }
    }

    #[test]
    fn what_is_added_is_the_difference(returns in pair()) {
        let weights = [0.6, 0.4];
        let var = |weights: &[f64]| Ok::<_, RiskError>(historical(&returns.portfolio(weights), Quantile::Order, &[confidence(0.95)])?[0].var);
        let added = incremental(&weights, var).unwrap();
        prop_assert_eq!(added[0], var(&weights).unwrap() - var(&[0.0, 0.4]).unwrap());
        prop_assert_eq!(incremental(&[1.0, 0.0], var).unwrap()[1], 0.0);
    }

    #[test]
    fn scenarios_are_those_of_their_seed_in_any_order(returns in pair(), seed in any::<u64>()) {
        let covariance = Covariance::sample(&returns).unwrap();
        let draw = |seed| Simulation::new(&covariance, &[0.0, 0.0], &[0.5, 0.5], Shock::Normal, BLOCK * 2 + 7, seed).unwrap();
        let (own, other) = (outcomes(&draw(seed)), outcomes(&draw(seed.wrapping_add(1))));
        let (simulation, mut room) = (draw(seed), Room::default());
        let mut again = vec![0.0; own.len()];
        for (index, out) in again.chunks_mut(BLOCK).enumerate().collect::<Vec<_>>().into_iter().rev() {
            simulation.block(index, &mut room, out);
        }
        prop_assert_eq!(&own, &again);
        prop_assert_ne!(&own, &other);
        prop_assert_ne!(&own[..BLOCK], &own[BLOCK..2 * BLOCK]);
    }

    #[test]
    fn worse_worlds_are_worse(returns in pair(), first in 0.1_f64..1.0, second in 0.1_f64..1.0) {
        let (covariance, weights) = (Covariance::sample(&returns).unwrap(), [first, second]);
        let one = worse(&covariance, 1.0, 1.0).unwrap();
        let sum: f64 = covariance.volatilities().iter().zip(weights).map(|(own, weight)| own * weight).sum();
        prop_assert!((one.variance(&weights).sqrt() - sum).abs() < 1e-12, "assets that move as one do not spread risk");
        let twice = worse(&covariance, 0.0, 2.0).unwrap();
        prop_assert!((twice.variance(&weights) - 4.0 * covariance.variance(&weights)).abs() < 1e-12);
    }

    /// Optimal by the conditions of Karush, Kuhn and Tucker: S^-1 x is a multiple of the weights, and more of it only where a
    /// price is at nothing.
    #[test]
    fn the_likeliest_way_loses_as_much_and_no_price_goes_below_nothing(
        (rows, weights) in (2_usize..12).prop_flat_map(|assets| (
            proptest::collection::vec(proptest::collection::vec(-1.0_f64..1.0, assets + 1), 60..90),
            proptest::collection::vec(-0.2_f64..1.0, assets),
        )),
        share in 0.01_f64..1.0,
    ) {
        let assets = weights.len();
        let values = rows.iter().flat_map(|row| (0..assets).map(|asset| 0.01 * (1 + asset) as f64 * (row[asset] + row[assets])));
        let covariance = Covariance::sample(&Returns::new(values.collect(), assets).unwrap()).unwrap();
        let loss = share * weights.iter().map(|weight| weight.max(0.0)).sum::<f64>().max(0.1);
        prop_assume!(weights.iter().any(|weight| *weight > 0.1));
        let way = reverse(&covariance, &weights, loss).unwrap();
        let lost: f64 = way.returns.iter().zip(&weights).map(|(value, weight)| -value * weight).sum();
        prop_assert!((lost - loss).abs() < 1e-8 && way.returns.iter().all(|value| *value >= -1.0), "{lost} {loss} {way:?}");
        let returns = nalgebra::DVector::from_vec(way.returns.clone());
        let pull = covariance.matrix().clone().cholesky().unwrap().solve(&returns);
        prop_assert!((way.deviations / pull.dot(&returns).sqrt() - 1.0).abs() < 1e-6);
        let free = (0..assets).filter(|asset| way.returns[*asset] > -1.0);
        let Some(free) = free.max_by(|a, b| weights[*a].abs().total_cmp(&weights[*b].abs())) else { return Ok(()) };
        let price = pull[free] / weights[free];
        for asset in 0..assets {
            let more = (pull[asset] - price * weights[asset]) / pull.amax();
            prop_assert!(if way.returns[asset] > -1.0 { more.abs() < 1e-6 } else { more > -1e-6 }, "{asset} {more} {way:?}");
        }
    }

    #[test]
    fn exposure_adds_up(values in proptest::collection::vec(-100.0_f64..100.0, 1..20)) {
        let exposure = Exposure::of(&values);
        prop_assert!((exposure.net() - values.iter().sum::<f64>()).abs() < 1e-9);
        prop_assert!((exposure.gross() - values.iter().map(|value| value.abs()).sum::<f64>()).abs() < 1e-9);
        if let Some(number) = exposure.effective_number() {
            prop_assert!(number >= 1.0 - 1e-9 && number <= values.len() as f64 + 1e-9);
        }
    }
}

/// Returns of two assets from a small generator of its own.
fn noise(count: usize) -> Returns {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1_u64 << 31) as f64 - 0.5
    };
    let values = (0..count).flat_map(|_| {
        let shared = uniform() + uniform() + uniform();
        [0.01 * (shared + uniform()), 0.02 * (shared + uniform() + uniform())]
    });
    Returns::new(values.collect(), 2).unwrap()
}

#[test]
fn scenarios_have_the_distribution_that_they_are_drawn_from() {
    let (returns, weights, at) = (noise(500), [0.4, 0.6], levels());
    let covariance = Covariance::sample(&returns).unwrap();
    let means = returns.means();
    let mean: f64 = means.iter().zip(weights).map(|(mean, weight)| mean * weight).sum();
    let deviation = covariance.variance(&weights).sqrt();
    let student = StudentT { location: mean, scale: deviation * (3.0_f64 / 5.0).sqrt(), freedom: 5.0 };
    let normal = |at| Normal { mean, deviation }.tail(at, 1);
    let cases: [(Shock, &dyn Fn(Confidence) -> Tail); 2] =
        [(Shock::Normal, &normal), (Shock::Student(5.0), &|at| student.tail(at, 1).unwrap())];
    for (shock, formula) in cases {
        let simulation = Simulation::new(&covariance, &means, &weights, shock, 200_000, 3).unwrap();
        let drawn = simulated(&mut outcomes(&simulation), &at).unwrap();
        for (at, drawn) in at.iter().zip(drawn) {
            let (formula, errors) = (formula(*at), drawn.errors.unwrap());
            assert!((drawn.var - formula.var).abs() < 4.5 * errors.0, "{shock:?} {drawn:?} {formula:?}");
            assert!((drawn.cvar - formula.cvar).abs() < 4.5 * errors.1, "{shock:?} {drawn:?} {formula:?}");
        }
    }
}

/// The book once said that all methods but one see no loss in a sure gain. The others, of which it says now that they may: each
/// does where the gains vary widely beside their mean.
#[test]
fn a_distribution_has_losses_of_what_only_gains() {
    let (one, at) = (noise(1_500).asset(0), confidence(0.99));
    let most = one.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    // Calm, then ten times as wild; near the mean on most days, and as far from it as there is on the others. A gain every day.
    let scale = |day: usize| if day < 750 { 0.001 } else { 0.01 };
    let move_of = |value: f64| {
        let part = value / most;
        if part.abs() > 0.44 { 0.9 * part.signum() + 0.1 * part } else { 0.6 * part }
    };
    let gains: Vec<f64> = one.iter().enumerate().map(|(day, value)| 0.010_01 + scale(day) * move_of(*value)).collect();
    assert!(gains.iter().all(|gain| *gain > 0.0));
    let wild = &gains[750..];
    let (normal, student) = (Normal::sample(wild), StudentT::fit(wild).unwrap());
    let covariance = Covariance::new(1, &[normal.deviation.powi(2)]).unwrap();
    let drawn = |shock| {
        let simulation = Simulation::new(&covariance, &[normal.mean], &[1.0], shock, 20_000, 1).unwrap();
        simulated(&mut outcomes(&simulation), &[at]).unwrap()[0]
    };
    let filtered = Filtered::new(Garch::fit(&gains, Model::GARCH).unwrap(), 1, 20_000, 1).unwrap();
    for (name, tail) in [
        ("ewma", Normal::ewma(wild, 0.94).unwrap().tail(at, 1)),
        ("normal", normal.tail(at, 1)),
        ("cornish-fisher", CornishFisher(Moments::of(wild).unwrap()).tail(at, 1).unwrap()),
        ("student-t", student.tail(at, 1).unwrap()),
        ("garch", simulated(&mut outcomes(&filtered), &[at]).unwrap()[0]),
        ("monte-carlo", drawn(Shock::Normal)),
        ("monte-carlo-t", drawn(Shock::Student(5.0))),
    ] {
        assert!(tail.cvar > 0.0, "{name}: {tail:?}, mean {} deviation {}", normal.mean, normal.deviation);
    }
}

#[test]
fn a_bootstrap_of_one_step_is_history() {
    let (returns, weights, at) = (noise(400), [0.5, 0.5], confidence(0.95));
    let simulation = Simulation::bootstrap(returns.clone(), &weights, 1, 7.0, 100_000, 5).unwrap();
    let drawn = simulated(&mut outcomes(&simulation), &[at]).unwrap()[0];
    let known = historical(&returns.portfolio(&weights), Quantile::Order, &[at]).unwrap()[0];
    assert!((drawn.var - known.var).abs() < 0.02 * known.var && (drawn.cvar - known.cvar).abs() < 0.02 * known.cvar);
}

/// The scatter of the figures of many seeds is what one of them says of itself.
#[test]
fn standard_errors_are_those_of_many_seeds() {
    let covariance = Covariance::new(1, &[1e-4]).unwrap();
    let at = [confidence(0.95)];
    let tails: Vec<Tail> = (0..200)
        .map(|seed| {
            let simulation = Simulation::new(&covariance, &[0.0], &[1.0], Shock::Normal, 4_000, seed).unwrap();
            simulated(&mut outcomes(&simulation), &at).unwrap()[0]
        })
        .collect();
    let check = |figure: &dyn Fn(&Tail) -> f64, error: &dyn Fn(&Tail) -> f64| {
        let scatter = Moments::of(&tails.iter().map(figure).collect::<Vec<_>>()).unwrap().deviation;
        let told = tails.iter().map(error).sum::<f64>() / tails.len() as f64;
        assert!((0.85..1.18).contains(&(scatter / told)), "scatter {scatter}, told {told}");
    };
    check(&|tail| tail.var, &|tail| tail.errors.unwrap().0);
    check(&|tail| tail.cvar, &|tail| tail.errors.unwrap().1);
}

#[test]
fn garch_knows_no_unit_and_filters_history() {
    let calm = noise(1_500).asset(0);
    // The second half is three times as wild.
    let returns: Vec<f64> =
        calm.iter().enumerate().map(|(day, value)| if day < 750 { *value } else { 3.0 * value }).collect();
    for model in [Model::GARCH, Model::GARCH_T, Model::GJR, Model::GJR_T] {
        let fitted = Garch::fit(&returns, model).unwrap();
        let percent = Garch::fit(&returns.iter().map(|value| 100.0 * value).collect::<Vec<_>>(), model).unwrap();
        assert!((percent.parameters.persistence() - fitted.parameters.persistence()).abs() < 1e-6, "{}", model.name());
        assert!((percent.parameters.omega / fitted.parameters.omega - 1e4).abs() < 1.0);
        assert!(fitted.parameters.persistence() < 1.0 && fitted.parameters.omega > 0.0);
        let again = fitted.over(&returns).unwrap();
        assert!((again.next_variance() / fitted.next_variance() - 1.0).abs() < 0.01, "the start is forgotten");
        let gap = |variance: &f64| (variance - fitted.parameters.variance()).abs();
        let path = fitted.forecast(50);
        assert!(path.windows(2).all(|two| gap(&two[1]) < gap(&two[0])), "forecasts go to the long-run variance");
        let tail =
            simulated(&mut outcomes(&Filtered::new(fitted, 1, 20_000, 1).unwrap()), &[confidence(0.95)]).unwrap()[0];
        let known = historical(&returns, Quantile::Order, &[confidence(0.95)]).unwrap()[0];
        assert!(tail.var > 1.1 * known.var, "wild days are at the end: {} {}", tail.var, known.var);
    }
}

/// Normal returns pushed ν without end, and the search with it: no maximum was found in 500 steps.
#[test]
fn fat_tails_that_are_not_there_are_fitted_too() {
    let one = Covariance::new(1, &[1e-4]).unwrap();
    for seed in 0..8 {
        let normal = outcomes(&Simulation::new(&one, &[0.0], &[1.0], Shock::Normal, 2_000, seed).unwrap());
        for model in [Model::GARCH_T, Model::GJR_T] {
            let fitted = Garch::fit(&normal, model).unwrap_or_else(|error| panic!("{seed} {}: {error}", model.name()));
            assert!(fitted.parameters.nu.unwrap() > 10.0);
        }
        assert!(StudentT::fit(&normal).unwrap().freedom > 10.0);
    }
}

/// The curve of a strategy that is out of the market on most days, and one that steps to and fro: no t distribution fits them, and
/// none is given.
#[test]
fn a_curve_that_stands_still_has_no_t_distribution() {
    let returns = noise(300);
    let idle: Vec<f64> =
        returns.asset(0).iter().enumerate().map(|(day, value)| if day % 5 < 3 { 0.0 } else { *value }).collect();
    assert!(
        matches!(StudentT::fit(&idle), Err(RiskError::Concentrated { share, .. }) if (0.59..0.61).contains(&share))
    );
    let steps: Vec<f64> = (0..300).map(|day| 0.01 + f64::from(day % 2) * 1e-17).collect();
    if let Ok(student) = StudentT::fit(&steps) {
        let tail = student.tail(Confidence::new(0.99).unwrap(), 1).unwrap();
        assert!(tail.cvar < 0.0, "a sure gain has no loss: {tail:?}");
    }
}

#[test]
fn beside_itself_a_series_is_itself() {
    let returns = noise(300);
    let (own, other) = (returns.asset(0), returns.asset(1));
    let beside = Beside::of(&own, &own).unwrap();
    assert!(
        (beside.beta - 1.0).abs() < 1e-12 && (beside.correlation - 1.0).abs() < 1e-12 && beside.tracking_error < 1e-15
    );
    assert_eq!(
        by_factor(&over(&returns, 1).unwrap(), &other, -1e3).unwrap()[1],
        -1.0,
        "a price falls by all of it at most"
    );
    let moves = by_factor(&returns, &other, -0.1).unwrap();
    assert!((moves[1] + 0.1).abs() < 1e-12 && (moves[0] / -0.1 - Beside::of(&own, &other).unwrap().beta).abs() < 1e-12);
    assert_eq!(over(&returns, 1).unwrap(), returns);
    let two = over(&returns, 2).unwrap();
    assert_eq!(two.observations(), 299);
    assert!((two.asset(0)[0] - ((1.0 + own[0]) * (1.0 + own[1]) - 1.0)).abs() < 1e-15);
    assert_eq!(days_to_close(-500.0, 1_000.0, 0.1), Ok(5.0));
}

/// Assets that move alone, so that the likeliest way is known: the wildest falls most, until nothing of it is left.
#[test]
fn a_loss_that_one_price_cannot_make_is_made_by_the_others() {
    let check = |volatilities: &[f64], weights: &[f64], loss: f64, expected: &[f64]| {
        let assets = volatilities.len();
        let value =
            |place: usize| if place % assets == place / assets { volatilities[place % assets].powi(2) } else { 0.0 };
        let covariance = Covariance::new(assets, &(0..assets * assets).map(value).collect::<Vec<_>>()).unwrap();
        let way = reverse(&covariance, weights, loss).unwrap();
        let square: f64 = expected.iter().zip(volatilities).map(|(value, own)| (value / own).powi(2)).sum();
        for (own, expected) in way.returns.iter().zip(expected) {
            assert!((own - expected).abs() < 1e-12, "{way:?} is not {expected}");
        }
        assert!((way.deviations - square.sqrt()).abs() < 1e-9, "{way:?}");
    };
    check(&[0.1, 0.3], &[0.5, 0.5], 0.4, &[-0.08, -0.72]);
    check(&[0.1, 0.3], &[0.5, 0.5], 0.8, &[-0.6, -1.0]);
    check(&[0.1, 0.3], &[0.5, 0.5], 1.0, &[-1.0, -1.0]);
    check(&[0.1, 0.3, 0.2], &[0.4, 0.4, 0.2], 0.8, &[-0.5, -1.0, -1.0]);
    // What is short may rise by any amount.
    check(&[0.1, 0.3], &[-0.5, 1.0], 1.5, &[1.0, -1.0]);
    let covariance = Covariance::new(2, &[0.01, 0.0, 0.0, 0.09]).unwrap();
    let most = |weights: [f64; 2], loss: f64| reverse(&covariance, &weights, loss).unwrap_err();
    assert_eq!(most([0.5, 0.3], 0.9), RiskError::OutOfReach { loss: 0.9, most: Some(0.8) });
    // Long and short of what moves as one: no loss beyond that of the difference.
    let twins = Covariance::new(2, &[0.01, 0.01, 0.01, 0.01]).unwrap();
    assert_eq!(reverse(&twins, &[2.0, -1.0], 1.5).unwrap_err(), RiskError::OutOfReach { loss: 1.5, most: None });
}

#[test]
fn bad_input_is_refused() {
    let returns = noise(60);
    let series = returns.asset(0);
    let covariance = Covariance::sample(&returns).unwrap();
    let refused = |error: RiskError, word: &str| assert!(error.to_string().contains(word), "{error}");
    for value in [0.5, 1.0, f64::NAN, -1.0, 95.0] {
        refused(Confidence::new(value).unwrap_err(), "expected a fraction");
    }
    refused(historical(&[0.1], Quantile::Linear, &levels()).unwrap_err(), "1 observations");
    refused(historical(&[0.1, f64::NAN], Quantile::Linear, &levels()).unwrap_err(), "NaN");
    refused(age_weighted(&series, 1.0, &levels()).unwrap_err(), "decay");
    refused(StudentT::fit(&[0.1; 20]).unwrap_err(), "do not vary");
    refused(Garch::fit(&series, Model::GARCH).unwrap_err(), "60 observations; expected at least 100");
    refused(Garch::fit(&[0.01; 200], Model::GARCH).unwrap_err(), "do not vary");
    refused(over(&returns, 0).unwrap_err(), "horizon");
    refused(over(&returns, 60).unwrap_err(), "61");
    refused(
        simulated(&mut [0.1, 0.2], &levels()).unwrap_err(),
        "expected at least 100 scenarios".split(' ').next_back().unwrap(),
    );
    refused(Simulation::new(&covariance, &[0.0], &[1.0, 1.0], Shock::Normal, 10, 1).unwrap_err(), "1 finite weights");
    refused(
        Simulation::new(&covariance, &[0.0; 2], &[1.0, f64::NAN], Shock::Normal, 10, 1).unwrap_err(),
        "1 finite weights",
    );
    refused(Simulation::new(&covariance, &[0.0; 2], &[1.0; 2], Shock::Student(2.0), 10, 1).unwrap_err(), "above 2");
    refused(Simulation::new(&covariance, &[0.0; 2], &[1.0; 2], Shock::Normal, 0, 1).unwrap_err(), "0 scenarios");
    refused(Simulation::bootstrap(returns.clone(), &[1.0; 2], 5, 0.5, 10, 1).unwrap_err(), "block length");
    refused(worse(&covariance, 1.5, 1.0).unwrap_err(), "0 to 1");
    refused(reverse(&covariance, &[1.0, 1.0], 0.0).unwrap_err(), "loss is 0");
    refused(days_to_close(5.0, 0.0, 0.1).unwrap_err(), "daily volume");
    let wild = CornishFisher(Moments { mean: 0.0, deviation: 0.01, skewness: 4.0, kurtosis: 5.0 });
    refused(wild.tail(confidence(0.9), 1).unwrap_err(), "no quantile");
}
