//! Donchian breakout: buys what closes above its range of the last weeks.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::ids::SeriesId;
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_quant::indicators::Bands;

use super::channels::Channels;
use super::{Mode, Protection, RangeStop, WINDOW_MAX, held, numbers, pursue};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// The channel rules of Richard Donchian as the Turtles traded them (Curtis Faith, "The Original Turtle Trading Rules",
/// 2003, System 1), on closes.
///
/// Long where the close is above the highest high of the `entry` bars before it; out where it is below the lowest low of
/// the `exit` bars before it. Mirrored for short positions; a break of the other side's entry channel turns the position
/// at once. The signal's strength is how far the close left the channel, in heights of the channel, at most 1. The stop
/// may be so many average true ranges away. Each symbol is traded by its own channels; how much all may risk together is the
/// sizing's heat.
#[derive(Debug, Clone)]
pub struct DonchianBreakout {
    mode: Mode,
    protection: Protection,
    /// What is traded: a series of each symbol.
    markets: Vec<(SeriesId, Channels)>,
}

impl DonchianBreakout {
    /// Channels of so many bars, on the first series; the one to leave by is not longer than the one to enter by.
    ///
    /// # Errors
    /// [`ParameterError`] unless `1 <= exit <= entry <= 100_000`.
    pub fn new(entry: usize, exit: usize, mode: Mode) -> Result<Self, ParameterError> {
        let channels = Channels::new(entry, exit)?;
        Ok(Self { mode, protection: Protection::default(), markets: vec![(SeriesId(0), channels)] })
    }

    /// The same with something behind its entries; a stop by range stands in place of another one.
    #[must_use]
    pub fn protected(mut self, protection: Protection, range_stop: Option<&RangeStop>) -> Self {
        self.markets.iter_mut().for_each(|(_, channels)| channels.stop_by(range_stop.cloned()));
        Self { protection, ..self }
    }

    /// The same on each of these series: one a symbol.
    #[must_use]
    pub fn on(self, series: &[SeriesId]) -> Self {
        let first = self.markets.first().map(|(_, channels)| channels.clone());
        let markets = series.iter().filter_map(|id| Some((*id, first.clone()?))).collect();
        Self { markets, ..self }
    }
}

/// The position to have, and how far the close left the entry channel.
#[inline]
fn decide(close: f64, entry: Bands, exit: Bands, held: Option<Side>) -> (Option<Side>, f64) {
    let height = entry.upper - entry.lower;
    match held {
        _ if close > entry.upper => (Some(Side::Buy), (close - entry.upper) / height),
        _ if close < entry.lower => (Some(Side::Sell), (close - entry.lower) / height),
        Some(Side::Buy) if close < exit.lower => (None, 0.0),
        Some(Side::Sell) if close > exit.upper => (None, 0.0),
        held => (held, 0.0),
    }
}

impl Strategy for DonchianBreakout {
    fn warm_up(&self) -> usize {
        self.markets.first().map_or(0, |(_, channels)| channels.warm_up())
    }

    fn startup(&self) -> usize {
        self.markets.first().map_or(0, |(_, channels)| channels.startup())
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(bar) = market.bar().map(numbers) else { return };
        let Some((_, channels)) = self.markets.iter_mut().find(|(id, _)| *id == context.series()) else { return };
        let Some((entry, exit, protection)) = channels.update(bar, self.protection) else { return };
        let (wanted, strength) = decide(bar.close, entry, exit, held(context));
        pursue(context, protection, self.mode.allowed(wanted), strength);
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "donchian-breakout",
    about: "buys a close above the highest high of the last bars, sells one below the lowest low of fewer bars; each symbol",
    kind: StrategyKind::Breakout,
    parameters: &[
        ParameterSpec::whole("entry", "bars of the channel whose break opens a position", 20, 1, WINDOW_MAX),
        ParameterSpec::whole("exit", "bars of the channel whose break closes it; at most entry", 10, 1, WINDOW_MAX),
        Mode::PARAMETER,
        Protection::STOP,
        RangeStop::PARAMETER,
        Protection::TARGET,
    ],
    assets: Assets::AtLeast(1),
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let (entry, exit) = (parameters.count("entry")?, parameters.count("exit")?);
    let breakout = DonchianBreakout::new(entry, exit, Mode::read(parameters, market)?)?;
    let range_stop = RangeStop::read(parameters, entry)?;
    let protection = match range_stop {
        Some(_) => Protection::new(0.0, parameters.number("target")?)?,
        None => Protection::read(SPEC.name, parameters, market)?,
    };
    Ok(Box::new(breakout.protected(protection, range_stop.as_ref()).on(&market.leads)))
}
