//! What cannot be done is said, with the smallest reason.
use qframe_quant::portfolio::{Clause, Constraints, Group, Objective, PortfolioError, View, optimise, posterior};

use super::estimates;

fn refused(objective: &Objective, constraints: &Constraints) -> PortfolioError {
    optimise(&estimates(4, 100, 5), objective, constraints).expect_err("a refusal")
}

#[test]
fn a_conflict_names_the_fewest_constraints() {
    let group = |members: Vec<usize>, least, most| Group { name: "tech".into(), members, least, most };
    let check =
        |constraints: Constraints, objective: Objective, expected: &[Clause]| match refused(&objective, &constraints) {
            PortfolioError::Conflict(clauses) => assert_eq!(clauses, expected),
            other => panic!("{other}"),
        };
    let long = || Constraints::long_only(4);
    let most = |asset: usize, most| Clause::AtMost(format!("A{asset}"), most);
    let least = |asset: usize, least| Clause::AtLeast(format!("A{asset}"), least);
    let all_small: Vec<Clause> =
        [Clause::Budget(1.0)].into_iter().chain((0..4).map(|asset| most(asset, 0.2))).collect();
    check(Constraints::within(4, 0.0, 0.2), Objective::MinVariance, &all_small);
    let mut crossed = long();
    (crossed.lower[2], crossed.upper[2]) = (0.6, 0.4);
    check(crossed, Objective::MaxSharpe { risk_free: 0.0 }, &[least(2, 0.6), most(2, 0.4)]);
    let mut held = Constraints { groups: vec![group(vec![0, 1], None, Some(0.2))], ..long() };
    held.lower[1] = 0.5;
    check(held, Objective::MinVariance, &[least(0, 0.0), least(1, 0.5), Clause::GroupAtMost("tech".into(), 0.2)]);
    check(long(), Objective::TargetRisk(1e-4), &[Clause::Budget(1.0), Clause::Risk(1e-4)]);
    let stuck = Constraints {
        current: vec![1.0, 0.0, 0.0, 0.0],
        turnover: Some(0.1),
        upper: vec![0.5, 1.0, 1.0, 1.0],
        ..long()
    };
    check(stuck, Objective::MinVariance, &[most(0, 0.5), Clause::Turnover(0.1)]);
    // A return that no asset has conflicts with the bounds on either side, and there are several ways to say so.
    match refused(&Objective::TargetReturn(9.0), &long()) {
        PortfolioError::Conflict(clauses) => {
            assert!(clauses.contains(&Clause::Return(9.0)) && clauses.len() <= 6, "{clauses:?}");
        }
        other => panic!("{other}"),
    }
    let gross = Constraints { gross: Some(0.8), ..long() };
    check(gross, Objective::MinVariance, &[Clause::Budget(1.0), Clause::Gross(0.8)]);
}

#[test]
fn a_rule_says_what_it_breaks() {
    let tight = Constraints::within(4, 0.0, 0.2);
    for objective in [Objective::EqualWeight, Objective::RiskParity, Objective::EqualRiskClusters(Some(2))] {
        assert!(matches!(refused(&objective, &tight), PortfolioError::Breaks(name, broken)
            if name == objective.name() && !broken.is_empty()));
    }
}

#[test]
fn numbers_that_cannot_be_are_refused() {
    let long = || Constraints::long_only(4);
    let check = |objective: Objective, constraints: Constraints, expected: &str| {
        let told = refused(&objective, &constraints).to_string();
        assert!(told.contains(expected), "{told}");
    };
    check(Objective::MinVariance, Constraints::long_only(3), "3 lower bounds; expected 4");
    check(Objective::MinVariance, Constraints { lower: vec![f64::NAN; 4], ..long() }, "lower bounds: NaN");
    check(
        Objective::MinVariance,
        Constraints { turnover: Some(-0.1), ..long() },
        "the turnover: -0.1; expected zero or more",
    );
    check(Objective::Utility { aversion: 0.0 }, long(), "the risk aversion: 0; expected a number above zero");
    check(Objective::TargetRisk(-0.1), long(), "the target risk: -0.1");
    check(Objective::MinCvar { confidence: 95.0 }, long(), "the confidence: 95; expected a number above 0 and below 1");
    check(Objective::RiskBudgets(vec![1.0; 3]), long(), "3 risk budgets; expected 4");
    check(Objective::RiskBudgets(vec![1.0, 1.0, 0.0, 1.0]), long(), "a risk budget: 0");
    check(Objective::MaxSharpe { risk_free: 0.0 }, Constraints { quadratic_cost: 0.1, ..long() }, "do not go together");
    check(Objective::MaxSharpe { risk_free: 9.0 }, long(), "a return above 9 a year");
    let tenth = Constraints { budget: 0.1, ..long() };
    check(Objective::MaxSharpe { risk_free: 9.2 }, tenth.clone(), "a return above 0.92 a year");
    let few = Constraints { positions: Some(1), ..tenth };
    check(Objective::MaxSharpe { risk_free: 9.2 }, few, "a return above 0.92 a year");
    let estimates = estimates(4, 100, 5);
    let view = View { weights: vec![(9, 1.0)], value: 0.1, confidence: 0.5 };
    assert!(posterior(estimates.covariance(), &[0.25; 4], (2.5, 0.05), &[view]).is_err());
}
