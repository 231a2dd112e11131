//! Bollinger reversion: buys below the lower band and waits for the middle.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::fill::Fill;
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_quant::indicators::{Bands, Bollinger, Indicator};

use super::given_up::GivenUp;
use super::{Mode, Protection, WINDOW_MAX, check_positive, first_bar, held, of_indicator, pursue};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// Enters long on a close below the lower of John Bollinger's bands and leaves on a close at the middle or above;
/// mirrored for short positions. The signal's strength is the distance from the middle in widths of both bands together
/// (0.5 at a band), at most 1. After a stop, its side is entered again only once a close has been back at the middle.
#[derive(Debug, Clone)]
pub struct BollingerReversion {
    bands: Bollinger,
    mode: Mode,
    protection: Protection,
    given_up: GivenUp,
}

impl BollingerReversion {
    /// Bands around the mean of `window` closes, `deviations` standard deviations (dividing by n) away from it.
    ///
    /// # Errors
    /// [`ParameterError`] unless `window` is in `2..=100_000` and `deviations` is a number above zero.
    pub fn new(window: usize, deviations: f64, mode: Mode) -> Result<Self, ParameterError> {
        check_positive("deviations", deviations)?;
        let bands = Bollinger::new(window, deviations).map_err(of_indicator("window"))?;
        Ok(Self { bands, mode, protection: Protection::default(), given_up: GivenUp::new() })
    }

    /// The same with something behind its entries.
    #[must_use]
    pub fn protected(self, protection: Protection) -> Self {
        Self { protection, ..self }
    }
}

/// The position to have. Bands without a width enclose a price that stands still: nothing to enter on.
#[inline]
fn decide(close: f64, bands: Bands, held: Option<Side>) -> Option<Side> {
    match held {
        None if bands.lower >= bands.upper => None,
        None if close < bands.lower => Some(Side::Buy),
        None if close > bands.upper => Some(Side::Sell),
        Some(side) if is_back(side, close, bands) => None,
        held => held,
    }
}

/// True where the price has come back from where a position on `side` is entered.
#[inline]
fn is_back(side: Side, close: f64, bands: Bands) -> bool {
    if side == Side::Buy { close >= bands.middle } else { close <= bands.middle }
}

impl Strategy for BollingerReversion {
    fn warm_up(&self) -> usize {
        self.bands.warm_up()
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(bar) = first_bar(market, context) else { return };
        let close = bar.close.to_f64();
        let Some(bands) = self.bands.update(close) else { return };
        self.given_up.update(|side| is_back(side, close, bands));
        let wanted = self.given_up.allowed(self.mode.allowed(decide(close, bands, held(context))));
        pursue(context, self.protection, wanted, (bands.middle - close) / (bands.upper - bands.lower));
    }

    fn on_fill(&mut self, fill: &Fill, _: &mut Context<'_>) {
        self.given_up.note(fill);
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "bollinger-reversion",
    about: "buys a close below the lower Bollinger band, sells at the middle",
    kind: StrategyKind::MeanReversion,
    parameters: &[
        ParameterSpec::whole("window", "bars of the mean and the deviation", 20, 2, WINDOW_MAX),
        ParameterSpec::number("deviations", "standard deviations from the mean to a band", 2.0, 0.1, 10.0),
        Mode::PARAMETER,
        Protection::STOP,
        Protection::TARGET,
    ],
    assets: Assets::One,
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let (window, deviations) = (parameters.count("window")?, parameters.number("deviations")?);
    let reversion = BollingerReversion::new(window, deviations, Mode::read(parameters, market)?)?;
    Ok(Box::new(reversion.protected(Protection::read(SPEC.name, parameters, market)?)))
}
