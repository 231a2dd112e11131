//! A portfolio by an objective: weights of the past window, set anew by the calendar, on drift, or when the market is wild.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::ids::InstrumentId;
use qframe_model::number::Rate;
use qframe_model::parameter::ParameterError;
use qframe_quant::portfolio::PortfolioError;

use super::exposure::weight;
use super::occasion::Occasions;
use super::past::Past;
use super::portfolio_rules::PortfolioRules;

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
    ///
    /// # Errors
    /// [`ParameterError`] for a largest weight below 1 where the objective is a rule.
    pub fn new(rules: PortfolioRules, share: Rate) -> Result<Self, ParameterError> {
        rules.check()?;
        Ok(Self { rules, share, period: None, is_wild: false, past: Past::new(), targets: Vec::new() })
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
        let Some(seen) = self.past.returns(self.rules.window, context) else { return };
        let was_wild = std::mem::replace(&mut self.is_wild, self.rules.occasions.is_wild(&seen.returns));
        if !is_due && !has_drifted && (was_wild || !self.is_wild) {
            return;
        }
        self.period = Some(period);
        match self.rules.weights(seen) {
            Ok(targets) => self.rebalance(context, targets),
            Err(PortfolioError::Conflict(_)) => self.rebalance(context, Vec::new()),
            Err(_) => {}
        }
    }
}
