//! A portfolio by an objective: weights of the past window, set anew by the calendar, on drift, or when the market is wild.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::ids::InstrumentId;
use qframe_model::number::Rate;
use qframe_model::order::Size;
use qframe_model::parameter::ParameterError;
use qframe_quant::portfolio::PortfolioError;

use super::exposure::{is_open, weight};
use super::occasion::{Every, Occasions};
use super::past::Past;
use super::portfolio_rules::PortfolioRules;

/// Holds long weights of an objective over `window` returns at the instants that all symbols have, in `share` of the equity.
///
/// A symbol whose price stands still over the window is left out, as nothing is known of its risk. Where no weights meet the
/// objective, as with max-sharpe when nothing rose, all is sold; where the solver fails, all is kept. Weights are sought at the
/// first instant of a period, of the symbols that have `window` + 1 closes. What has ended is sold once, and what it keeps of the
/// equity until then is no others'.
#[derive(Debug, Clone)]
pub struct PortfolioWeights {
    rules: PortfolioRules,
    share: Rate,
    period: Option<i64>,
    has_begun: bool,
    is_wild: bool,
    past: Past,
    /// The shares of the equity that were last aimed at.
    targets: Vec<(InstrumentId, f64)>,
}

impl PortfolioWeights {
    /// By these rules, in `share` of the equity.
    ///
    /// # Errors
    /// [`ParameterError`] for a largest weight below 1 where the objective is a rule.
    pub fn new(rules: PortfolioRules, share: Rate) -> Result<Self, ParameterError> {
        rules.check()?;
        Ok(Self {
            rules,
            share,
            period: None,
            has_begun: false,
            is_wild: false,
            past: Past::new(),
            targets: Vec::new(),
        })
    }

    /// Sells before it buys, so that sales pay for purchases.
    fn rebalance(&mut self, context: &mut Context<'_>, weights: Vec<(InstrumentId, f64)>, ended: &[InstrumentId]) {
        let stuck: f64 = ended.iter().map(|id| weight(context, *id)).sum();
        let share = (self.share.to_f64() - stuck).max(0.0);
        self.targets = weights.into_iter().map(|(id, weight)| (id, weight * share)).collect();
        let target = |id| self.targets.iter().find(|(of, _)| *of == id).map_or(0.0, |(_, aim)| *aim);
        let mut steps: Vec<(f64, InstrumentId, Rate)> = Vec::new();
        for id in (0..context.instruments().len()).map(|place| InstrumentId(place as u16)) {
            let (now, aim) = (weight(context, id), target(id));
            let is_sold = ended.contains(&id) && is_open(context, id, Some(Size::TargetWeight(Rate::ZERO)));
            let rate = Rate::from_f64(aim).filter(|_| (now != 0.0 || aim != 0.0) && !is_sold);
            steps.extend(rate.map(|rate| (aim - now, id, rate)));
        }
        steps.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, id, rate) in steps {
            context.target_in(id, rate);
        }
    }

    /// True where a weight is too far from its aim, but for those of `ended` and those that an order is on its way for.
    fn has_drifted(&self, context: &Context<'_>, ended: &[InstrumentId]) -> bool {
        let counts = |id| !ended.contains(&id) && !is_open(context, id, None);
        let gaps = self.targets.iter().filter(|(id, _)| counts(*id)).map(|(id, aim)| weight(context, *id) - aim);
        self.rules.occasions.has_drifted(gaps)
    }
}

impl Strategy for PortfolioWeights {
    fn lookback(&self) -> usize {
        self.rules.window + 1
    }

    fn warm_up(&self) -> usize {
        self.rules.window + 1
    }

    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        self.past.note(market, context);
    }

    fn on_instant(&mut self, context: &mut Context<'_>) {
        let (window, Occasions { every, volatility, .. }) = (self.rules.window, self.rules.occasions);
        let period = every.period(context.now());
        let begins = self.period.replace(period).is_some_and(|last| last != period);
        // What the calendar never sets anew begins as soon as a window is there.
        let is_due = begins || every == Every::Never && !self.has_begun;
        if !is_due && !self.has_begun {
            return;
        }
        if !is_due && volatility.is_none() && !self.has_drifted(context, &[]) {
            return;
        }
        let ended = self.past.ended(window, context);
        let is_due = is_due || self.has_drifted(context, &ended);
        if !is_due && volatility.is_none() {
            return;
        }
        let Some(seen) = self.past.returns(window, &ended, context) else { return };
        let was_wild = std::mem::replace(&mut self.is_wild, self.rules.occasions.is_wild(&seen.returns));
        if !is_due && (was_wild || !self.is_wild) {
            return;
        }
        self.has_begun = true;
        match self.rules.weights(seen) {
            Ok(weights) => self.rebalance(context, weights, &ended),
            Err(PortfolioError::Conflict(_)) => self.rebalance(context, Vec::new(), &ended),
            Err(_) => {}
        }
    }
}
