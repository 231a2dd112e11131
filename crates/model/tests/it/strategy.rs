//! Strategies, their parameters, backtests and assessments: what one keeps about a run.
use qframe_model::assessment::{Metric, MetricError, RiskAssessment, RiskLevel, RiskType};
use qframe_model::backtest::{Backtest, BacktestId, BacktestState, Summary};
use qframe_model::number::Rate;
use qframe_model::parameter::{ParameterSpec, Parameters};
use qframe_model::strategy::{Step, Strategy, StrategyError, StrategyId, StrategyKind, StrategyState};
use qframe_model::time::Time;

use crate::serial;
use crate::world::read;

const SPECS: [ParameterSpec; 5] = [
    ParameterSpec::whole("fast", "bars of the fast average", 10, 1, 1_000),
    ParameterSpec::whole("slow", "bars of the slow average", 30, 1, 1_000),
    ParameterSpec::number("risk", "share of the equity at risk", 0.02, 0.0, 1.0),
    ParameterSpec::text("average", "kind of average", "sma", &["sma", "ema", "wma"]),
    ParameterSpec::flag("short", "whether to sell short", false),
];

#[test]
fn parameters_read_what_is_given_and_keep_the_order_of_their_declaration() {
    fn check(given: &[(&str, &str)], printed: &str) {
        assert_eq!(Parameters::parse(&SPECS, given).unwrap().to_string(), printed, "{given:?}");
    }
    check(&[], "fast=10 slow=30 risk=0.02 average=sma short=false");
    check(&[("slow", "50"), ("fast", "5")], "fast=5 slow=50 risk=0.02 average=sma short=false");
    check(
        &[("risk", "1e-3"), ("short", "yes"), ("average", "ema")],
        "fast=10 slow=30 risk=0.001 average=ema short=true",
    );
    let owned = [("fast".to_owned(), "7".to_owned())];
    assert_eq!(Parameters::parse(&SPECS, &owned).unwrap().whole("fast"), Ok(7));
}

#[test]
fn parameters_say_what_they_do_not_take() {
    fn check(given: &[(&str, &str)], refused: &str) {
        assert_eq!(Parameters::parse(&SPECS, given).unwrap_err().to_string(), refused);
    }
    check(&[("fats", "5")], "there is no parameter \"fats\"; did you mean fast?");
    check(&[("Slow", "5")], "there is no parameter \"Slow\"; did you mean slow?");
    check(&[("window", "5")], "there is no parameter \"window\" (expected fast, slow, risk, average, short)");
    check(&[("fast", "0")], "fast = \"0\": expected a whole number from 1 to 1000");
    check(&[("fast", "1.5")], "fast = \"1.5\": expected a whole number from 1 to 1000");
    check(&[("fast", "")], "fast = \"\": expected a whole number from 1 to 1000");
    check(&[("risk", "NaN")], "risk = \"NaN\": expected a number from 0 to 1");
    check(&[("risk", "2")], "risk = \"2\": expected a number from 0 to 1");
    check(&[("average", "smaa")], "average = \"smaa\": expected one of sma, ema, wma; did you mean sma?");
    check(&[("short", "maybe")], "short = \"maybe\": expected true or false");
    check(&[("fast", "5"), ("fast", "6")], "the parameter fast is given twice; expected it once");
    let none = Parameters::parse(&[], &[("fast", "5")]).unwrap_err().to_string();
    assert_eq!(none, "there is no parameter \"fast\"; this strategy has none");
    let open = ParameterSpec::number("z", "", 1.0, 0.0, f64::INFINITY);
    assert_eq!(open.parse("inf").unwrap_err().to_string(), "z = \"inf\": expected a number of 0 or more");
}

#[test]
fn parameters_are_read_as_what_they_are() {
    let parameters = Parameters::defaults(&SPECS);
    assert_eq!((parameters.whole("fast"), parameters.count("slow")), (Ok(10), Ok(30)));
    assert_eq!((parameters.number("risk"), parameters.number("fast")), (Ok(0.02), Ok(10.0)));
    assert_eq!((parameters.text("average"), parameters.flag("short")), (Ok("sma"), Ok(false)));
    let message = |error: qframe_model::parameter::ParameterError| error.to_string();
    assert_eq!(
        parameters.whole("risk").map_err(message),
        Err("the parameter risk is a number and not a whole number".to_owned())
    );
    assert_eq!(
        parameters.flag("shorts").map_err(message),
        Err("there is no parameter \"shorts\"; did you mean short?".to_owned())
    );
    serial::check(&parameters);
}

fn strategy() -> Strategy {
    Strategy::new(StrategyId(1), "Cross", StrategyKind::Trend, Parameters::defaults(&SPECS)).unwrap()
}

#[test]
fn a_strategy_takes_only_lawful_steps() {
    use Step::{Activate, BeginBacktest, Deactivate, EndBacktest, Pause, Reset};
    use StrategyState::{Active, Backtesting, Error, Inactive, Paused};
    let states = [Inactive, Active, Paused, Error("lost its feed".to_owned()), Backtesting];
    let table = [
        // inactive, active, paused, error, backtesting
        (Activate, [Some(Active), None, Some(Active), None, None]),
        (Pause, [None, Some(Paused), None, None, None]),
        (Deactivate, [None, Some(Inactive), Some(Inactive), None, None]),
        (BeginBacktest, [Some(Backtesting), None, None, None, None]),
        (EndBacktest, [None, None, None, None, Some(Inactive)]),
        (Reset, [None, None, None, Some(Inactive), None]),
    ];
    for (step, row) in table {
        for (state, next) in states.iter().zip(row) {
            assert_eq!(step.leads_from(state), next, "{step} from {state}");
        }
    }
}

#[test]
fn a_failed_strategy_waits_for_a_reset() {
    let mut strategy = strategy();
    strategy.step(Step::Activate).unwrap();
    strategy.fail("lost its feed");
    let refused = strategy.step(Step::Activate).unwrap_err().to_string();
    assert_eq!(refused, "cannot activate a strategy in error (lost its feed); reset it first");
    strategy.step(Step::Reset).unwrap();
    strategy.step(Step::Activate).unwrap();
    assert_eq!(strategy.step(Step::Activate).unwrap_err().to_string(), "cannot activate a strategy that is active");
    serial::check(&strategy);
}

#[test]
fn the_version_counts_changes_of_parameters() {
    let mut strategy = strategy();
    let mut check = |given: &[(&str, &str)], taken: bool, version: u32| {
        assert_eq!(strategy.change(&SPECS, given).is_ok(), taken, "{given:?}");
        assert_eq!(strategy.version(), version, "{given:?}");
    };
    check(&[("fast", "20")], true, 2);
    check(&[("fast", "20")], true, 2);
    check(&[], true, 2);
    check(&[("fast", "21"), ("slow", "0")], false, 2);
    check(&[("fast", "21"), ("slow", "60")], true, 3);
    assert_eq!(strategy.parameters().whole("fast"), Ok(21));
    strategy.step(Step::Activate).unwrap();
    let refused = strategy.change(&SPECS, &[("fast", "5")]).unwrap_err();
    assert_eq!(refused, StrategyError::Running(StrategyState::Active));
    let unnamed = Strategy::new(StrategyId(1), " ", StrategyKind::Custom, Parameters::default());
    assert_eq!(unnamed.unwrap_err(), StrategyError::NoName);
}

fn backtest() -> Backtest {
    let (from, to) = (read::<Time>("2024-01-01"), read::<Time>("2025-01-01"));
    Backtest::new(BacktestId(1), StrategyId(1), 3, from, to).unwrap()
}

#[test]
fn a_backtest_takes_only_lawful_steps() {
    use BacktestState::{Cancelled, Completed, Created, Failed, Running};
    let summary = Summary { equity: read("11000"), return_share: 0.1, max_drawdown: 0.05, trades: 12 };
    let states = [Created, Running(Rate::ZERO), Completed(summary), Failed("no data".to_owned()), Cancelled];
    let lawful = [".x.xx", ".xxxx", ".....", ".....", "....."];
    for (state, row) in states.iter().zip(lawful) {
        let told: String = states.each_ref().map(|next| if state.leads_to(next) { 'x' } else { '.' }).iter().collect();
        assert_eq!(told, row, "from {state}");
        assert_eq!(state.is_final(), !row.contains('x'), "{state}");
    }
    let mut backtest = backtest();
    assert_eq!(
        backtest.step(Completed(summary)).unwrap_err().to_string(),
        "a backtest that is created cannot become completed"
    );
    backtest.step(Running(Rate::percent(40))).unwrap();
    let back = backtest.step(Running(Rate::percent(30))).unwrap_err().to_string();
    assert_eq!(back, "progress 0.3: expected 0.4 to 1");
    assert!(backtest.step(Running(Rate::percent(101))).is_err());
    backtest.step(Completed(summary)).unwrap();
    assert_eq!(backtest.progress(), Rate::ONE);
    serial::check(&backtest);
    let (from, to) = backtest.period();
    let refused = Backtest::new(BacktestId(2), StrategyId(1), 1, to, from).unwrap_err().to_string();
    assert_eq!(refused, "a period from 2025-01-01 to 2024-01-01: expected the end after the beginning");
}

#[test]
fn a_metric_is_graded_by_the_share_of_its_limit() {
    fn check(value: f64, level: RiskLevel, score: f64) {
        let metric = Metric::new(RiskType::Market, "VaR 95 %", value, 10.0).unwrap();
        let calm = Metric::new(RiskType::Liquidity, "days to close", 0.1, 10.0).unwrap();
        let assessment = RiskAssessment { time: Time::EPOCH, metrics: vec![calm, metric], recommendations: Vec::new() };
        assert_eq!((assessment.level(), assessment.score()), (level, score), "{value}");
        assert_eq!(assessment.worst().map(Metric::name), Some("VaR 95 %"));
    }
    check(2.0, RiskLevel::Low, 20.0);
    check(3.0, RiskLevel::Moderate, 30.0);
    check(-6.0, RiskLevel::High, 60.0);
    check(8.0, RiskLevel::Critical, 80.0);
    check(10.0, RiskLevel::Breached, 100.0);
    check(-50.0, RiskLevel::Breached, 100.0);
    let empty = RiskAssessment { time: Time::EPOCH, metrics: Vec::new(), recommendations: Vec::new() };
    assert_eq!((empty.level(), empty.score(), empty.worst()), (RiskLevel::Low, 0.0, None));
    let refused = |value, limit| Metric::new(RiskType::Model, "drift", value, limit).unwrap_err();
    assert_eq!(refused(1.0, 0.0), MetricError::Limit("drift".to_owned(), 0.0));
    assert!(matches!(refused(f64::NAN, 1.0), MetricError::Value(..)));
    assert!(matches!(refused(1.0, f64::INFINITY), MetricError::Limit(..)));
    // Names of a command line once coloured the terminal, turned its direction, or filled it.
    let named = |name: &str| Metric::new(RiskType::Credit, name, 1.0, 2.0).map_err(|error| error.to_string());
    for name in ["", "  ", "a\u{1b}[31mb", "a\nb", "a\u{202e}b", "a\u{200b}b", &"x".repeat(65)] {
        let told = named(name).unwrap_err();
        assert!(told.contains("expected") && !told.chars().any(char::is_control), "{name:?}: {told:?}");
    }
    assert!(named("größte Börse").is_ok() && named(&"x".repeat(64)).is_ok());
}
