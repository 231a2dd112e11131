//! Futures trend: goes with the return of the last months, the less of it the wilder the price is.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::market::{Bar, Side};
use qframe_model::number::Rate;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;

use super::exposure::{Exposure, net};
use super::volatility_target::VolatilityRules;
use super::{COUNT_MAX, Mode, WINDOW_MAX, check_count, first_bar, is_waiting};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// What a [`FuturesTrend`] goes by. Exposures are shares of the equity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrendRules {
    /// Bars of the return that is gone with.
    pub trend: usize,
    /// Returns that the volatility is measured over.
    pub window: usize,
    /// The volatility to have, a year: 0.2 is 20 %.
    pub target: f64,
    /// The largest exposure; above 1 only where the margin lets it.
    pub cap: f64,
    /// How far the exposure may be from the wanted one before it is moved.
    pub band: f64,
    /// Whether it sells short.
    pub mode: Mode,
}

/// Time-series momentum (Moskowitz, Ooi and Pedersen, Journal of Financial Economics 104, 2012): long where the close is
/// above that of `trend` bars before, short (or flat) where it is below, with target / realised volatility of the equity,
/// at most `cap`; moved where it is more than `band` away, and wherever the side changes. Trades the first series.
///
/// It is meant for a series that is rolled (`qframe data roll`): the jump between two contracts is no return, so the series
/// must be adjusted. By difference, what a contract held on it earns is to the tick what its contracts earn, and returns
/// are shares of shifted prices; by ratio, returns are those of the contracts, and amounts are scaled. Rolling costs
/// nothing here: two fees and two spreads a roll are to be added.
#[derive(Debug, Clone)]
pub struct FuturesTrend {
    exposure: Exposure,
    rules: TrendRules,
}

impl FuturesTrend {
    /// A trend by these rules.
    ///
    /// # Errors
    /// [`ParameterError`] unless `trend` is in `1..=10_000`, `window` in `2..=100_000`, `target` and `cap` are above zero and
    /// `band` is not below it.
    pub fn new(rules: TrendRules) -> Result<Self, ParameterError> {
        check_count("trend", rules.trend, 1, COUNT_MAX as usize)?;
        let TrendRules { target, window, cap, band, .. } = rules;
        Ok(Self { exposure: Exposure::new(VolatilityRules { target, window, cap, band })?, rules })
    }

    /// The exposure to have at this close; below zero: short.
    fn wanted(&mut self, bar: &Bar, past: &[Bar]) -> Option<f64> {
        let size = self.exposure.wanted(bar)?;
        let before = past.len().checked_sub(self.rules.trend + 1).map(|first| past[first].close)?;
        let side = (bar.close != before).then(|| if bar.close > before { Side::Buy } else { Side::Sell });
        Some(self.rules.mode.allowed(side).map_or(0.0, |side| if side == Side::Buy { size } else { -size }))
    }
}

impl Strategy for FuturesTrend {
    fn lookback(&self) -> usize {
        self.rules.trend + 1
    }

    fn warm_up(&self) -> usize {
        self.exposure.warm_up().max(self.rules.trend + 1)
    }

    fn startup(&self) -> usize {
        self.exposure.startup().max(self.rules.trend + 1)
    }

    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(bar) = first_bar(market, context) else { return };
        let Some(wanted) = self.wanted(bar, context.history()) else { return };
        let Some(held) = net(bar, context) else { return };
        let is_turned = held != 0.0 && wanted * held <= 0.0;
        let is_outside = is_turned || self.exposure.is_outside(wanted, held);
        match Rate::from_f64(wanted) {
            _ if !is_outside || is_waiting(context) => {}
            Some(weight) if !weight.is_zero() => _ = context.target(weight),
            _ => _ = context.close(),
        }
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "futures-trend",
    about: "goes with the return of the last months, sized by volatility; for a rolled series; the size scales all",
    kind: StrategyKind::Trend,
    parameters: &[
        ParameterSpec::whole("trend", "bars of the return that is gone with", 60, 1, COUNT_MAX),
        ParameterSpec::whole("window", "returns that the volatility is measured over", 20, 2, WINDOW_MAX),
        ParameterSpec::number("target", "volatility to have, a year: 0.2 is 20 %", 0.2, 0.001, 10.0),
        ParameterSpec::number("cap", "largest exposure over the equity; above 1 needs margin", 1.0, 0.01, 100.0),
        ParameterSpec::number("band", "distance from the wanted exposure that is left alone", 0.1, 0.0, 1.0),
        Mode::PARAMETER,
    ],
    assets: Assets::One,
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let share = market.share(SPEC.name)?.to_f64();
    Ok(Box::new(FuturesTrend::new(TrendRules {
        trend: parameters.count("trend")?,
        window: parameters.count("window")?,
        target: parameters.number("target")? * share,
        cap: parameters.number("cap")? * share,
        band: parameters.number("band")? * share,
        mode: Mode::read(parameters, market)?,
    })?))
}
