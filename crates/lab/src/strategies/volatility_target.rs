//! Volatility target: holds more of what is calm and less of what is wild.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::number::Rate;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;

use super::exposure::{Exposure, gross};
use super::{WINDOW_MAX, first_bar, is_waiting};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// What a [`VolatilityTarget`] goes by. Exposures are shares of the equity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VolatilityRules {
    /// The volatility to have, a year: 0.2 is 20 %.
    pub target: f64,
    /// Returns that the volatility is measured over.
    pub window: usize,
    /// The largest exposure; above 1 only where the instrument's margin lets it.
    pub cap: f64,
    /// How far the exposure may be from the wanted one before it is moved.
    pub band: f64,
}

/// Holds target volatility / realised volatility of the equity, at most `cap` (Harvey and
/// others, "The Impact of Volatility Targeting", Journal of Portfolio Management 45, 2018). Realised volatility is the standard deviation (dividing by n) of the last `window` log returns of closes, times the
/// root of the bars a year: the last thousand, or the window where that is longer, over the time that they span, a year of 365.25 days. The exposure is the
/// position's value over the equity, both at the close; it is moved to the wanted one where they are more than `band`
/// apart. A price that stands still is held up to the cap. Trades the first series.
#[derive(Debug, Clone)]
pub struct VolatilityTarget(Exposure);

impl VolatilityTarget {
    /// A target by these rules.
    ///
    /// # Errors
    /// [`ParameterError`] unless `window` is in `2..=100_000`, `target` and `cap` are above zero and `band` is not below it.
    pub fn new(rules: VolatilityRules) -> Result<Self, ParameterError> {
        Exposure::new(rules).map(Self)
    }
}

impl Strategy for VolatilityTarget {
    fn warm_up(&self) -> usize {
        self.0.warm_up()
    }

    fn startup(&self) -> usize {
        self.0.startup()
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(wanted) = first_bar(market, context).and_then(|bar| self.0.wanted(bar)) else { return };
        let Some(held) = gross(context) else { return };
        let is_outside = self.0.is_outside(wanted, held);
        if let (true, Some(weight)) = (is_outside && !is_waiting(context), Rate::from_f64(wanted)) {
            context.target(weight);
        }
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "vol-target",
    about: "holds as much as gives the equity a set volatility, moved only where it is a band away; the size scales all",
    kind: StrategyKind::Portfolio,
    parameters: &[
        ParameterSpec::number("target", "volatility to have, a year: 0.2 is 20 %", 0.2, 0.001, 10.0),
        ParameterSpec::whole("window", "returns that the volatility is measured over", 20, 2, WINDOW_MAX),
        ParameterSpec::number("cap", "largest exposure over the equity; above 1 needs margin", 1.0, 0.01, 100.0),
        ParameterSpec::number("band", "distance from the wanted exposure that is left alone", 0.1, 0.0, 1.0),
    ],
    assets: Assets::One,
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let share = market.share(SPEC.name)?.to_f64();
    Ok(Box::new(VolatilityTarget::new(VolatilityRules {
        target: parameters.number("target")? * share,
        window: parameters.count("window")?,
        cap: parameters.number("cap")? * share,
        band: parameters.number("band")? * share,
    })?))
}
