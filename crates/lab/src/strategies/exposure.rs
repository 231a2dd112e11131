//! Shares of the equity: those that positions are, and the one that a volatility allows.
use qframe_engine::Context;
use qframe_model::ids::InstrumentId;
use qframe_model::market::Bar;
use qframe_model::number::Price;
use qframe_model::order::{Order, Size};
use qframe_model::parameter::ParameterError;

use super::realised::Realised;
use super::volatility_target::VolatilityRules;
use super::{check_positive, refused};

/// The share to have by the volatility of the last returns.
#[derive(Debug, Clone)]
pub(super) struct Exposure {
    realised: Realised,
    rules: VolatilityRules,
}

impl Exposure {
    /// Refuses a `window` outside `2..=100_000`, a `target` or `cap` that is not above zero, and a `band` below it.
    pub(super) fn new(rules: VolatilityRules) -> Result<Self, ParameterError> {
        check_positive("target", rules.target)?;
        check_positive("cap", rules.cap)?;
        if !(rules.band >= 0.0 && rules.band.is_finite()) {
            return Err(refused("band", rules.band, "a number of 0 or more".to_owned()));
        }
        Ok(Self { realised: Realised::new(rules.window)?, rules })
    }

    pub(super) fn warm_up(&self) -> usize {
        self.realised.warm_up()
    }

    pub(super) const fn startup(&self) -> usize {
        self.realised.startup()
    }

    /// The share to have at this close.
    #[inline]
    pub(super) fn wanted(&mut self, bar: &Bar) -> Option<f64> {
        let volatility = self.realised.update(bar)?;
        Some((self.rules.target / volatility).min(self.rules.cap))
    }

    /// True where a share is farther from the wanted one than the band.
    #[inline]
    pub(super) fn is_outside(&self, wanted: f64, held: f64) -> bool {
        (wanted - held).abs() > self.rules.band
    }
}

/// The value of all positions over the equity; none where there is no equity.
pub(super) fn gross(context: &Context<'_>) -> Option<f64> {
    let (gross, equity) = (context.account().gross_exposure().ok()?, context.equity());
    equity.is_positive().then(|| gross.to_f64() / equity.to_f64())
}

/// The value of the position over the equity, with its sign; none where there is no equity.
pub(super) fn net(bar: &Bar, context: &Context<'_>) -> Option<f64> {
    let instrument = context.account().instrument(context.instrument());
    let value = instrument.value(bar.close, context.position().quantity).ok()?;
    context.equity().is_positive().then(|| value.to_f64() / context.equity().to_f64())
}

/// The share of the equity that a position is, at the last price.
pub(super) fn weight(context: &Context<'_>, id: InstrumentId) -> f64 {
    let price = context.price_of(id).map_or(0.0, Price::to_f64);
    let units =
        context.position_in(id).quantity.to_f64() * context.instruments()[id.index()].rules().multiplier.to_f64();
    price * units / context.equity().to_f64()
}

/// True where an order for it, of this size where one is named, has not ended.
pub(super) fn is_open(context: &Context<'_>, id: InstrumentId, size: Option<Size>) -> bool {
    let is_its = |order: &Order| order.instrument == id && size.is_none_or(|size| order.size == size);
    context.orders().iter().any(|open| is_its(&open.order))
}
