//! A portfolio by an objective: weights of the past window, set anew by the calendar, on drift, or when the market is wild.
use qframe_data::{Align, Closes, Panel};
use qframe_engine::{Context, Market, Strategy};
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::number::Rate;
use qframe_quant::covariance::{Estimator, Returns};
use qframe_quant::portfolio::{Constraints, Estimates, Objective, PortfolioError, annual_means, optimise};

use super::occasion::Occasions;

/// How the weights of a portfolio are found.
#[derive(Debug, Clone, PartialEq)]
pub struct PortfolioRules {
    /// What they are to be.
    pub objective: Objective,
    /// How covariances are estimated; a shrunk one has fewer errors to chase.
    pub estimator: Estimator,
    /// Bars that are looked back on, 8 at least.
    pub window: usize,
    /// The largest weight, above 0 up to 1.
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
    /// The instrument of each series that had a bar.
    seen: Vec<Option<InstrumentId>>,
    /// What was last aimed at.
    targets: Vec<(InstrumentId, f64)>,
}

impl PortfolioWeights {
    /// By these rules, in `share` of the equity.
    #[must_use]
    pub const fn new(rules: PortfolioRules, share: Rate) -> Self {
        Self { rules, share, period: None, is_wild: false, seen: Vec::new(), targets: Vec::new() }
    }

    /// Returns at common instants; `None` where less than half of the window is there. Of an instrument in several time
    /// frames the first counts.
    fn returns(&self, context: &Context<'_>) -> Option<(Vec<InstrumentId>, Returns)> {
        let (mut ids, mut series): (Vec<InstrumentId>, Vec<Closes>) = (Vec::new(), Vec::new());
        for (place, id) in self.seen.iter().enumerate().filter_map(|(place, id)| Some((place, (*id)?))) {
            let bars = context.history_of(SeriesId(place as u16));
            let bars = &bars[bars.len().saturating_sub(self.rules.window + 1)..];
            let stands_still = bars.windows(2).all(|pair| pair[0].close == pair[1].close);
            if !ids.contains(&id) && !stands_still {
                ids.push(id);
                series.push((id.to_string(), bars.iter().map(|bar| (bar.time, bar.close)).collect()));
            }
        }
        let panel = Panel::new(&series, Align::Inner).ok()?;
        let is_enough = panel.times.len() > (self.rules.window / 2).max(3);
        let returns = Returns::new(panel.returns(), ids.len()).ok().filter(|_| is_enough)?;
        Some((ids, returns))
    }

    fn weights(&self, ids: &[InstrumentId], returns: Returns) -> Result<Vec<f64>, PortfolioError> {
        let covariance = self.rules.estimator.estimate(&returns)?;
        let means = annual_means(&returns, 1.0);
        let names = ids.iter().map(ToString::to_string).collect();
        let most = self.rules.most.max(1.0 / ids.len() as f64);
        let constraints = Constraints::within(ids.len(), 0.0, most);
        Ok(optimise(&Estimates::new(names, means, covariance, returns)?, &self.rules.objective, &constraints)?.weights)
    }

    /// Sells before it buys, so that sales pay for purchases.
    fn rebalance(&mut self, context: &mut Context<'_>, targets: Vec<(InstrumentId, f64)>) {
        let target = |id| targets.iter().find(|(of, _)| *of == id).map_or(0.0, |(_, weight)| *weight);
        let mut steps: Vec<(f64, InstrumentId, Rate)> = Vec::new();
        for id in (0..context.instruments().len()).map(|place| InstrumentId(place as u16)) {
            let (now, aim) = (weight(context, id), target(id) * self.share.to_f64());
            if now != 0.0 || aim != 0.0 {
                steps.extend(Rate::from_f64(aim).map(|rate| (aim - now, id, rate)));
            }
        }
        steps.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, id, rate) in steps {
            context.target_in(id, rate);
        }
        self.targets = targets;
    }
}

/// The share of the equity that a position is.
fn weight(context: &Context<'_>, id: InstrumentId) -> f64 {
    let price = context.price_of(id).map_or(0.0, |price| price.to_f64());
    let units =
        context.position_in(id).quantity.to_f64() * context.instruments()[id.index()].rules().multiplier.to_f64();
    price * units / context.equity().to_f64()
}

impl Strategy for PortfolioWeights {
    fn lookback(&self) -> usize {
        self.rules.window + 1
    }

    fn warm_up(&self) -> usize {
        self.rules.window / 2 + 1
    }

    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let place = context.series().index();
        if place >= self.seen.len() {
            self.seen.resize(place + 1, None);
        }
        self.seen[place] = market.bar().map(|_| context.instrument()).or(self.seen[place]);
    }

    fn on_instant(&mut self, context: &mut Context<'_>) {
        let Occasions { every, volatility, .. } = self.rules.occasions;
        let period = every.period(context.now());
        let is_due = self.period != Some(period);
        let share = self.share.to_f64();
        let gaps = self.targets.iter().map(|(id, aim)| weight(context, *id) - aim * share);
        if !is_due && volatility.is_none() && !self.rules.occasions.has_drifted(gaps.clone()) {
            return;
        }
        let has_drifted = self.rules.occasions.has_drifted(gaps);
        let Some((ids, returns)) = self.returns(context) else { return };
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
