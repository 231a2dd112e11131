//! How the weights of the strategy `portfolio` are found in what has been seen.
use qframe_model::ids::InstrumentId;
use qframe_model::parameter::ParameterError;
use qframe_quant::covariance::Estimator;
use qframe_quant::portfolio::{Constraints, Estimates, Objective, PortfolioError, annual_means, optimise};

use super::occasion::Occasions;
use super::past::Seen;
use super::refused;

/// How the weights of a portfolio are found.
#[derive(Debug, Clone, PartialEq)]
pub struct PortfolioRules {
    /// What they are to be.
    pub objective: Objective,
    /// How covariances are estimated; a shrunk one has fewer errors to chase.
    pub estimator: Estimator,
    /// Bars whose returns are looked back on, 8 at least: of one close more.
    pub window: usize,
    /// The largest weight, above 0 up to 1; 1 where the objective is a rule. What all weights together leave stays money.
    pub most: f64,
    /// When they are set anew.
    pub occasions: Occasions,
}

impl PortfolioRules {
    /// Refuses a largest weight beside a rule: cut weights are no longer those of the rule.
    pub(super) fn check(&self) -> Result<(), ParameterError> {
        let name = self.objective.name();
        match self.objective.is_rule() && self.most < 1.0 {
            true => Err(refused(
                "most",
                self.most,
                format!(
                    "1, as {name} knows no constraints; leave it out, or choose an objective that is optimised, such as \
                     min-variance"
                ),
            )),
            false => Ok(()),
        }
    }

    /// The weights of a window, those of `portfolio optimise` on the same prices.
    pub(super) fn weights(&self, seen: Seen) -> Result<Vec<(InstrumentId, f64)>, PortfolioError> {
        // A few minutes' returns may make a year beyond a number, which is nothing to those that do not weigh returns.
        let periods = if self.objective.weighs_returns() { seen.periods } else { 1.0 };
        let covariance = self.estimator.estimate(&seen.returns)?.scaled(periods);
        let (names, means) = (seen.ids.iter().map(ToString::to_string).collect(), annual_means(&seen.returns, periods));
        let estimates = Estimates::new(names, means, covariance, seen.returns)?;
        let budget = (self.most * estimates.assets() as f64).min(1.0);
        let constraints = Constraints { budget, ..Constraints::within(estimates.assets(), 0.0, self.most) };
        let found = optimise(&estimates, &self.objective, &constraints)?;
        Ok(seen.ids.into_iter().zip(found.weights).collect())
    }
}
