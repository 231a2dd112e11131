//! The strategy `portfolio` as a list shows it: its parameters by name.
use qframe_model::parameter::{ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_quant::covariance::Estimator;
use qframe_quant::portfolio::{Linkage, Objective};

use super::COUNT_MAX;
use super::occasion::{Every, Occasions};
use super::portfolio::PortfolioWeights;
use super::portfolio_rules::PortfolioRules;
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

const NAMES: [&str; 10] = [
    "risk-parity",
    "equal-weight",
    "inverse-volatility",
    "min-variance",
    "max-sharpe",
    "hrp",
    "herc",
    "max-diversification",
    "min-cvar",
    "kelly",
];
const ESTIMATORS: [&str; 4] = ["ledoit-wolf", "sample", "denoised", "ewma"];
const PERIODS: [&str; 6] = ["day", "week", "month", "quarter", "year", "never"];

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "portfolio",
    about: "holds long weights of an objective, set anew by the calendar, on drift or when the market is wild; the size \
            is the share of the equity that all may use",
    kind: StrategyKind::Custom,
    parameters: &[
        ParameterSpec::text("objective", "what the weights are to be", "risk-parity", &NAMES),
        ParameterSpec::text("covariance", "how covariances are estimated", "ledoit-wolf", &ESTIMATORS),
        ParameterSpec::whole("window", "bars whose returns are looked back on", 252, 8, COUNT_MAX),
        ParameterSpec::text("every", "when weights are set anew", "month", &PERIODS),
        ParameterSpec::number("drift", "also when a weight is so far from its target; 0: never", 0.0, 0.0, 1.0),
        ParameterSpec::number(
            "volatility",
            "also when the newest eighth of the window is so many times as volatile as all; 0: never",
            0.0,
            0.0,
            100.0,
        ),
        ParameterSpec::number("most", "the largest weight, of an objective that is no rule", 1.0, 0.001, 1.0),
    ],
    assets: Assets::AtLeast(2),
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let objective = match parameters.text("objective")? {
        "equal-weight" => Objective::EqualWeight,
        "inverse-volatility" => Objective::InverseVolatility,
        "min-variance" => Objective::MinVariance,
        "max-sharpe" => Objective::MaxSharpe { risk_free: 0.0 },
        "hrp" => Objective::Hierarchical(Linkage::Single),
        "herc" => Objective::EqualRiskClusters(None),
        "max-diversification" => Objective::MaxDiversification,
        "min-cvar" => Objective::MinCvar { confidence: 0.95 },
        "kelly" => Objective::Kelly,
        _ => Objective::RiskParity,
    };
    let estimator = match parameters.text("covariance")? {
        "sample" => Estimator::Sample,
        "denoised" => Estimator::Denoised,
        "ewma" => Estimator::Ewma(0.94),
        _ => Estimator::LedoitWolf,
    };
    let word = parameters.text("every")?;
    let every = Every::NAMED.iter().find(|(name, _)| *name == word).map_or(Every::Month, |(_, every)| *every);
    let above_zero = |name| parameters.number(name).map(|value| (value > 0.0).then_some(value));
    let occasions = Occasions { every, drift: above_zero("drift")?, volatility: above_zero("volatility")? };
    let (window, most) = (parameters.count("window")?, parameters.number("most")?);
    let rules = PortfolioRules { objective, estimator, window, most, occasions };
    Ok(Box::new(PortfolioWeights::new(rules, market.share(SPEC.name)?)?))
}
