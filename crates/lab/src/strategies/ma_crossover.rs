//! Moving-average crossover: long while the fast average is above the slow one.
use qframe_engine::{Context, Market, Pass, Quiet, Strategy};
use qframe_model::ids::SeriesId;
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_quant::indicators::{Average, Ema, Sma};

use super::cross::Cross;
use super::{Mode, Protection, WINDOW_MAX, check_below, is_waiting, of_indicator};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// Acts on the bars of the first series, on a cross that is strict on both bars: the fast average was below the
/// slow one and is above it, or mirrored. The signal's strength is |fast - slow| / slow x 10, at most 1.
#[derive(Debug, Clone)]
pub struct MaCrossover<A> {
    cross: Cross<A>,
    mode: Mode,
    protection: Protection,
    /// A cross that was met while passing over bars; its bar comes next.
    met: Option<(Side, f64)>,
    /// The side of a cross that came while an order was on its way: it is acted on when that is there.
    late: Option<Side>,
}

impl<A: Average> MaCrossover<A> {
    /// A crossover of two averages of one kind, the fast one shorter.
    #[must_use]
    pub fn new(fast: A, slow: A, mode: Mode) -> Self {
        Self { cross: Cross::new(fast, slow), mode, protection: Protection::default(), met: None, late: None }
    }

    /// The same with something behind its entries.
    #[must_use]
    pub fn protected(self, protection: Protection) -> Self {
        Self { protection, ..self }
    }
}

impl<A: Average> Strategy for MaCrossover<A> {
    fn warm_up(&self) -> usize {
        self.cross.warm_up()
    }

    fn startup(&self) -> usize {
        self.cross.startup()
    }

    #[inline]
    fn pass(&mut self, bars: &mut Quiet<'_>) -> Pass {
        self.met = bars.find_map(|bar| self.cross.update(bar));
        if self.met.is_some() { Pass::Met } else { Pass::Over }
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        if context.series() != SeriesId(0) {
            return;
        }
        let met = self.met.take().or_else(|| self.cross.update(market.bar()?));
        if let Some((_, strength)) = met {
            context.signal(strength.clamp(-1.0, 1.0));
        }
        let Some(side) = met.map(|(side, _)| side).or(self.late.take()) else { return };
        match (side, self.mode) {
            _ if is_waiting(context) => self.late = Some(side),
            (Side::Buy, _) if !context.is_long() => self.protection.enter(Side::Buy, context),
            (Side::Sell, Mode::LongFlat) if context.is_long() => _ = context.close(),
            (Side::Sell, Mode::LongShort) if !context.is_short() => self.protection.enter(Side::Sell, context),
            _ => {}
        }
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "ma-crossover",
    about: "buys when a fast moving average crosses above a slow one, sells when it crosses below",
    kind: StrategyKind::Trend,
    parameters: &[
        ParameterSpec::whole("fast", "bars of the fast average", 10, 1, WINDOW_MAX),
        ParameterSpec::whole("slow", "bars of the slow average", 20, 2, WINDOW_MAX),
        ParameterSpec::text("average", "the kind of both averages: simple or exponential", "sma", &["sma", "ema"]),
        Mode::PARAMETER,
        Protection::STOP,
        Protection::TARGET,
    ],
    assets: Assets::One,
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let (fast, slow) = (parameters.count("fast")?, parameters.count("slow")?);
    check_below("fast", fast, "slow", slow)?;
    match parameters.text("average")? {
        "ema" => crossover(Ema::new, [fast, slow], parameters, market),
        _ => crossover(Sma::new, [fast, slow], parameters, market),
    }
}

fn crossover<A: Average + Send + 'static>(
    average: fn(usize) -> Result<A, qframe_quant::indicators::ParameterError>,
    [fast, slow]: [usize; 2],
    parameters: &Parameters,
    market: &MarketInfo,
) -> Result<AnyStrategy, BuildError> {
    let fast = average(fast).map_err(of_indicator("fast"))?;
    let slow = average(slow).map_err(of_indicator("slow"))?;
    let crossover = MaCrossover::new(fast, slow, Mode::read(parameters, market)?);
    Ok(Box::new(crossover.protected(Protection::read(SPEC.name, parameters, market)?)))
}
