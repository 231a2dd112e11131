//! A portfolio by an objective: weights of the past window, set anew by the calendar, on drift, or when the market is wild.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::ids::InstrumentId;
use qframe_model::number::Rate;
use qframe_quant::covariance::{Estimator, Returns};
use qframe_quant::portfolio::{Constraints, Estimates, Objective, PortfolioError, annual_means, optimise};

use super::exposure::weight;
use super::occasion::Occasions;
use super::past::Past;

/// How the weights of a portfolio are found.
#[derive(Debug, Clone, PartialEq)]
pub struct PortfolioRules {
    /// What they are to be.
    pub objective: Objective,
    /// How covariances are estimated; a shrunk one has fewer errors to chase.
    pub estimator: Estimator,
    /// Bars that are looked back on, 8 at least.
    pub window: usize,
    /// The largest weight, above 0 up to 1. What it takes from a rule, and what all weights together leave, stays money.
    pub most: f64,
    /// When they are set anew.
    pub occasions: Occasions,
}

/// Holds long weights of an objective over `window` returns at the instants that all symbols have, in `share` of the equity.
///
/// A symbol whose price stands still over the window is left out, as nothing is known of its risk. Where no weights meet the
/// objective, as with max-sharpe when nothing rose, all is sold; where the solver fails, all is kept. Weights are sought at the
/// first instant of a period once half of the window is there.
#[derive(Debug, Clone)]
pub struct PortfolioWeights {
    rules: PortfolioRules,
    share: Rate,
    period: Option<i64>,
    is_wild: bool,
    past: Past,
    /// What was last aimed at.
    targets: Vec<(InstrumentId, f64)>,
}

impl PortfolioWeights {
    /// By these rules, in `share` of the equity.
    #[must_use]
    pub const fn new(rules: PortfolioRules, share: Rate) -> Self {
        Self { rules, share, period: None, is_wild: false, past: Past::new(), targets: Vec::new() }
    }

    fn weights(&self, ids: &[InstrumentId], returns: Returns) -> Result<Vec<f64>, PortfolioError> {
        let covariance = self.rules.estimator.estimate(&returns)?;
        let names = ids.iter().map(ToString::to_string).collect();
        let estimates = Estimates::new(names, annual_means(&returns, 1.0), covariance, returns)?;
        let PortfolioRules { objective, most, .. } = &self.rules;
        if objective.is_rule() {
            let weights = optimise(&estimates, objective, &Constraints::long_only(ids.len()))?.weights;
            return Ok(weights.into_iter().map(|weight| weight.min(*most)).collect());
        }
        let budget = (most * ids.len() as f64).min(1.0);
        let constraints = Constraints { budget, ..Constraints::within(ids.len(), 0.0, *most) };
        Ok(optimise(&estimates, objective, &constraints)?.weights)
    }

    /// Sells before it buys, so that sales pay for purchases.
    fn rebalance(&mut self, context: &mut Context<'_>, targets: Vec<(InstrumentId, f64)>) {
        let target = |id| targets.iter().find(|(of, _)| *of == id).map_or(0.0, |(_, weight)| *weight);
        let mut steps: Vec<(f64, InstrumentId, Rate)> = Vec::new();
        for id in (0..context.instruments().len()).map(|place| InstrumentId(place as u16)) {
            let (now, aim) = (weight(context, id), target(id) * self.share.to_f64());
            let rate = Rate::from_f64(aim).filter(|_| now != 0.0 || aim != 0.0);
            steps.extend(rate.map(|rate| (aim - now, id, rate)));
        }
        steps.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, id, rate) in steps {
            context.target_in(id, rate);
        }
        self.targets = targets;
    }
}

impl Strategy for PortfolioWeights {
    fn lookback(&self) -> usize {
        self.rules.window + 1
    }

    fn warm_up(&self) -> usize {
        self.rules.window / 2 + 1
    }

    fn startup(&self) -> usize {
        self.lookback()
    }

    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        self.past.note(market, context);
    }

    fn on_instant(&mut self, context: &mut Context<'_>) {
        let Occasions { every, volatility, .. } = self.rules.occasions;
        let period = every.period(context.now());
        let is_due = self.period != Some(period);
        let gaps = self.targets.iter().map(|(id, aim)| weight(context, *id) - aim * self.share.to_f64());
        let has_drifted = self.rules.occasions.has_drifted(gaps);
        if !is_due && volatility.is_none() && !has_drifted {
            return;
        }
        let Some((ids, returns)) = self.past.returns(self.rules.window, context) else { return };
        let was_wild = std::mem::replace(&mut self.is_wild, self.rules.occasions.is_wild(&returns));
        if !is_due && !has_drifted && (was_wild || !self.is_wild) {
            return;
        }
        self.period = Some(period);
        match self.weights(&ids, returns) {
            Ok(weights) => self.rebalance(context, ids.into_iter().zip(weights).collect()),
            Err(PortfolioError::Conflict(_)) => self.rebalance(context, Vec::new()),
            Err(_) => {}
        }
    }
}
