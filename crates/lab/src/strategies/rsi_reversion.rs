//! RSI reversion: buys what has just become oversold and waits until it is not.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_quant::indicators::{Indicator, Rsi};

use super::{Mode, Protection, WINDOW_MAX, check_below, first_bar, held, of_indicator, pursue};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// What an [`RsiReversion`] goes by. The levels are values of the index, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RsiRules {
    /// Bars that the index is smoothed over.
    pub window: usize,
    /// A fall below it opens a long position.
    pub oversold: f64,
    /// Reaching it closes a position.
    pub exit: f64,
    /// A rise above it opens a short position.
    pub overbought: f64,
    /// Whether it sells short.
    pub mode: Mode,
    /// What stands behind its entries.
    pub protection: Protection,
}

/// Enters long on the bar on which J. Welles Wilder's index (1978) falls below `oversold`, having been at or above it on
/// the bar before; leaves once the index is at `exit` or above. Mirrored above `overbought` for short positions. An index
/// that falls below while a position is held is not made up for later. The signal's strength is (50 - index) / 50.
#[derive(Debug, Clone)]
pub struct RsiReversion {
    rsi: Rsi,
    rules: RsiRules,
    last: Option<f64>,
}

impl RsiReversion {
    /// A reversion by these rules.
    ///
    /// # Errors
    /// [`ParameterError`] unless `window` is in `2..=100_000` and `oversold < exit < overbought`.
    pub fn new(rules: RsiRules) -> Result<Self, ParameterError> {
        check_below("oversold", rules.oversold, "exit", rules.exit)?;
        check_below("exit", rules.exit, "overbought", rules.overbought)?;
        Ok(Self { rsi: Rsi::new(rules.window).map_err(of_indicator("window"))?, rules, last: None })
    }

    /// The position to have.
    #[inline]
    fn decide(&self, before: f64, index: f64, held: Option<Side>) -> Option<Side> {
        let RsiRules { oversold, exit, overbought, .. } = self.rules;
        match held {
            None if before >= oversold && index < oversold => Some(Side::Buy),
            None if before <= overbought && index > overbought => Some(Side::Sell),
            Some(Side::Buy) if index >= exit => None,
            Some(Side::Sell) if index <= exit => None,
            held => held,
        }
    }
}

impl Strategy for RsiReversion {
    fn warm_up(&self) -> usize {
        self.rsi.warm_up()
    }

    fn startup(&self) -> usize {
        // An index falls below a level from the bar before.
        self.rsi.memory() + 1
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(bar) = first_bar(market, context) else { return };
        let Some(index) = self.rsi.update(bar.close.to_f64()) else { return };
        let Some(before) = self.last.replace(index) else { return };
        let wanted = self.rules.mode.allowed(self.decide(before, index, held(context)));
        pursue(context, self.rules.protection, wanted, (50.0 - index) / 50.0);
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "rsi-reversion",
    about: "buys when the relative strength index falls below a level, sells when it has recovered",
    kind: StrategyKind::MeanReversion,
    parameters: &[
        ParameterSpec::whole("window", "bars that the index is smoothed over", 14, 2, WINDOW_MAX),
        ParameterSpec::number("oversold", "the index, 0 to 100, whose fall below it buys", 30.0, 0.0, 100.0),
        ParameterSpec::number("exit", "the index at which a position is closed", 50.0, 0.0, 100.0),
        ParameterSpec::number("overbought", "the index whose rise above it sells short", 70.0, 0.0, 100.0),
        Mode::PARAMETER,
        Protection::STOP,
        Protection::TARGET,
    ],
    assets: Assets::One,
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    Ok(Box::new(RsiReversion::new(RsiRules {
        window: parameters.count("window")?,
        oversold: parameters.number("oversold")?,
        exit: parameters.number("exit")?,
        overbought: parameters.number("overbought")?,
        mode: Mode::read(parameters, market)?,
        protection: Protection::read(SPEC.name, parameters, market)?,
    })?))
}
