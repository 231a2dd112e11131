//! Buy and hold: what every other strategy is measured against.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::ids::InstrumentId;
use qframe_model::market::Side;
use qframe_model::number::Rate;
use qframe_model::parameter::Parameters;
use qframe_model::strategy::StrategyKind;

use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, StrategySpec};

/// Buys each instrument once, at its first bar, and never trades again.
///
/// One instrument: as large as the run's sizing says. Several: 1/n of the equity in each of the n, whatever the sizing.
/// A refused order is not repeated.
#[derive(Debug, Clone, Default)]
pub struct BuyAndHold {
    /// By the number of the instrument.
    bought: Vec<bool>,
}

impl BuyAndHold {
    /// It has no parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Strategy for BuyAndHold {
    fn on_start(&mut self, context: &mut Context<'_>) {
        self.bought = vec![false; context.instruments().len()];
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let instrument = context.instrument();
        if self.bought[instrument.index()] || market.bar().is_none() {
            return;
        }
        self.bought[instrument.index()] = true;
        buy(instrument, context);
    }
}

#[cold]
fn buy(instrument: InstrumentId, context: &mut Context<'_>) {
    match context.instruments().len() {
        1 => _ = context.enter(Side::Buy),
        several => _ = context.target_in(instrument, Rate::from_nanos(Rate::ONE.nanos() / several as i64)),
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "buy-and-hold",
    about: "buys at the first bar and holds; of several symbols the same share each",
    kind: StrategyKind::Portfolio,
    parameters: &[],
    assets: Assets::AtLeast(1),
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "the form that every strategy is built in")]
fn build(_: &Parameters, _: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    Ok(Box::new(BuyAndHold::new()))
}
