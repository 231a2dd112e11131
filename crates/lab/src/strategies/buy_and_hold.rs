//! Buy and hold: what every other strategy is measured against.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::ids::InstrumentId;
use qframe_model::market::Side;
use qframe_model::number::Rate;
use qframe_model::parameter::Parameters;
use qframe_model::strategy::StrategyKind;

use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// Buys each instrument once, at its first bar, and never trades again.
///
/// One instrument: as large as the run's sizing says. Several: of n instruments an n-th of a share of the equity each. A
/// refused order is not repeated.
#[derive(Debug, Clone)]
pub struct BuyAndHold {
    share: Rate,
    /// By the number of the instrument.
    bought: Vec<bool>,
}

impl BuyAndHold {
    /// `share`: how much of the equity several instruments may use in all. One does not look at it.
    #[must_use]
    pub const fn new(share: Rate) -> Self {
        Self { share, bought: Vec::new() }
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
        buy(instrument, self.share, context);
    }
}

#[cold]
fn buy(instrument: InstrumentId, share: Rate, context: &mut Context<'_>) {
    match context.instruments().len() {
        1 => _ = context.enter(Side::Buy),
        several => _ = context.target_in(instrument, Rate::from_nanos(share.nanos() / several as i64)),
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "buy-and-hold",
    about: "buys at the first bar and holds; of several symbols the same share each, of the equity that the size gives",
    kind: StrategyKind::Portfolio,
    parameters: &[],
    assets: Assets::AtLeast(1),
    needs: Needs::Bars,
    build,
};

fn build(_: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let share = match market.instruments {
        1 => market.check_no_stop(SPEC.name).map(|()| Rate::ONE)?,
        _ => market.share("buy-and-hold of several symbols")?,
    };
    Ok(Box::new(BuyAndHold::new(share)))
}
