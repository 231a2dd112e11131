//! Donchian breakout: buys what closes above its range of the last weeks.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_quant::indicators::{Bands, Donchian, Indicator};

use super::{Mode, Protection, RangeStop, WINDOW_MAX, first_bar, held, numbers, of_indicator, pursue, refused};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// The channel rules of Richard Donchian as the Turtles traded them (Curtis Faith, "The Original Turtle Trading Rules",
/// 2003, System 1), on closes.
///
/// Long where the close is above the highest high of the `entry` bars before it; out where it is below the lowest low of
/// the `exit` bars before it. Mirrored for short positions; a break of the other side's entry channel turns the position
/// at once. The signal's strength is how far the close left the channel, in heights of the channel, at most 1. The stop
/// may be so many average true ranges away.
#[derive(Debug, Clone)]
pub struct DonchianBreakout {
    entry: Donchian,
    exit: Donchian,
    mode: Mode,
    protection: Protection,
    range_stop: Option<RangeStop>,
    /// Both channels as they were before this bar.
    last: Option<(Bands, Bands)>,
}

impl DonchianBreakout {
    /// Channels of so many bars; the one to leave by is not longer than the one to enter by.
    ///
    /// # Errors
    /// [`ParameterError`] unless `1 <= exit <= entry <= 100_000`.
    pub fn new(entry: usize, exit: usize, mode: Mode) -> Result<Self, ParameterError> {
        if exit > entry {
            return Err(refused("exit", exit, format!("at most entry = {entry}")));
        }
        let (entry, exit) =
            (Donchian::new(entry).map_err(of_indicator("entry"))?, Donchian::new(exit).map_err(of_indicator("exit"))?);
        Ok(Self { entry, exit, mode, protection: Protection::default(), range_stop: None, last: None })
    }

    /// The same with something behind its entries; a stop by range stands in place of another one.
    #[must_use]
    pub fn protected(self, protection: Protection, range_stop: Option<RangeStop>) -> Self {
        Self { protection, range_stop, ..self }
    }

    /// The position to have, and how far the close left the entry channel.
    #[inline]
    fn decide(&self, close: f64, entry: Bands, exit: Bands, held: Option<Side>) -> (Option<Side>, f64) {
        let height = entry.upper - entry.lower;
        let (wanted, strength) = match held {
            _ if close > entry.upper => (Some(Side::Buy), (close - entry.upper) / height),
            _ if close < entry.lower => (Some(Side::Sell), (close - entry.lower) / height),
            Some(Side::Buy) if close < exit.lower => (None, 0.0),
            Some(Side::Sell) if close > exit.upper => (None, 0.0),
            held => (held, 0.0),
        };
        (self.mode.allowed(wanted), strength)
    }
}

impl Strategy for DonchianBreakout {
    fn warm_up(&self) -> usize {
        (self.entry.warm_up() + 1).max(self.range_stop.as_ref().map_or(0, RangeStop::warm_up))
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(bar) = first_bar(market, context) else { return };
        let bar = numbers(bar);
        let channels = self.entry.update(bar).zip(self.exit.update(bar));
        let protection = match &mut self.range_stop {
            Some(stop) => stop.update(bar, self.protection),
            None => Some(self.protection),
        };
        let Some(((entry, exit), protection)) = std::mem::replace(&mut self.last, channels).zip(protection) else {
            return;
        };
        let (wanted, strength) = self.decide(bar.close, entry, exit, held(context));
        pursue(context, protection, wanted, strength);
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "donchian-breakout",
    about: "buys a close above the highest high of the last bars, sells one below the lowest low of fewer bars",
    kind: StrategyKind::Breakout,
    parameters: &[
        ParameterSpec::whole("entry", "bars of the channel whose break opens a position", 20, 1, WINDOW_MAX),
        ParameterSpec::whole("exit", "bars of the channel whose break closes it; at most entry", 10, 1, WINDOW_MAX),
        Mode::PARAMETER,
        Protection::STOP,
        RangeStop::PARAMETER,
        Protection::TARGET,
    ],
    assets: Assets::One,
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
    Ok(Box::new(breakout.protected(protection, range_stop)))
}
