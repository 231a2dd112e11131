//! Volatility target: holds more of what is calm and less of what is wild.
use std::collections::VecDeque;

use qframe_engine::{Context, Market, Strategy};
use qframe_model::market::Bar;
use qframe_model::number::Rate;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_model::time::Time;
use qframe_quant::indicators::{Indicator, StdDev};

use super::{WINDOW_MAX, check_positive, deviation, first_bar, is_waiting, refused};
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
pub struct VolatilityTarget {
    realised: Realised,
    rules: VolatilityRules,
}

/// A year in nanoseconds: 365.25 days.
const YEAR_NS: f64 = 365.25 * 86_400e9;

/// Nights and weekends weigh as they should over so many bars, and a strategy that begins live need not have seen all.
const COUNTED_LEAST: usize = 1_000;

/// The standard deviation of the last log returns, a year.
#[derive(Debug, Clone)]
pub(super) struct Realised {
    deviation: StdDev,
    /// When bars began: so many, and one more, as bars a year are counted over.
    times: VecDeque<Time>,
    counted: usize,
    last: f64,
}

impl Realised {
    pub(super) fn new(window: usize) -> Result<Self, ParameterError> {
        Ok(Self {
            deviation: deviation("window", window)?,
            times: VecDeque::new(),
            counted: window.max(COUNTED_LEAST),
            last: 0.0,
        })
    }

    pub(super) fn warm_up(&self) -> usize {
        self.deviation.warm_up() + 1
    }

    pub(super) const fn startup(&self) -> usize {
        self.counted + 1
    }

    #[inline]
    pub(super) fn update(&mut self, bar: &Bar) -> Option<f64> {
        let before = std::mem::replace(&mut self.last, bar.close.to_f64().ln());
        self.times.push_back(bar.time);
        if self.times.len() > self.counted + 1 {
            self.times.pop_front();
        }
        let count = self.times.len() - 1;
        let first = *self.times.front().filter(|_| count > 0)?;
        let deviation = self.deviation.update(self.last - before)?;
        let years = bar.time.since(first).nanos() as f64 / YEAR_NS;
        Some(deviation * (count as f64 / years).sqrt())
    }
}

impl VolatilityTarget {
    /// A target by these rules.
    ///
    /// # Errors
    /// [`ParameterError`] unless `window` is in `2..=100_000`, `target` and `cap` are above zero and `band` is not below it.
    pub fn new(rules: VolatilityRules) -> Result<Self, ParameterError> {
        check_positive("target", rules.target)?;
        check_positive("cap", rules.cap)?;
        if !(rules.band >= 0.0 && rules.band.is_finite()) {
            return Err(refused("band", rules.band, "a number of 0 or more".to_owned()));
        }
        Ok(Self { realised: Realised::new(rules.window)?, rules })
    }

    /// The exposure to have at this close.
    #[inline]
    fn wanted(&mut self, bar: &Bar) -> Option<f64> {
        let volatility = self.realised.update(bar)?;
        Some((self.rules.target / volatility).min(self.rules.cap))
    }
}

/// The value of all positions over the equity; none where there is no equity.
fn exposure(context: &Context<'_>) -> Option<f64> {
    let (gross, equity) = (context.account().gross_exposure().ok()?, context.equity());
    equity.is_positive().then(|| gross.to_f64() / equity.to_f64())
}

impl Strategy for VolatilityTarget {
    fn warm_up(&self) -> usize {
        self.realised.warm_up()
    }

    fn startup(&self) -> usize {
        self.realised.startup()
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(wanted) = first_bar(market, context).and_then(|bar| self.wanted(bar)) else { return };
        let Some(exposure) = exposure(context) else { return };
        let is_outside = (wanted - exposure).abs() > self.rules.band;
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
