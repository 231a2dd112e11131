//! Mean reversion: buys what is far below its mean, farther where the market is wild, and does not wait for ever.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::fill::Fill;
use qframe_model::market::Side;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;
use qframe_quant::indicators::{Indicator, ZScore};

use super::deadline::Deadline;
use super::regime::{Regime, RegimeRules};
use super::{Mode, Protection, WINDOW_MAX, check_below, check_positive, first_bar, held, of_indicator, pursue};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// What a [`MeanReversion`] goes by. Scores are distances from the mean in standard deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanReversionRules {
    /// Bars of the mean and the deviation.
    pub window: usize,
    /// The score that opens a position in a market of usual volatility.
    pub entry: f64,
    /// The score within which a position is closed.
    pub exit: f64,
    /// Bars after which a position is closed in any case.
    pub hold: usize,
    /// What `entry` is multiplied by.
    pub regime: RegimeRules,
    /// Whether it sells short.
    pub mode: Mode,
    /// What stands behind its entries.
    pub protection: Protection,
}

/// Enters long where the close is `entry` x the factor of the [regime](RegimeRules) or more below the mean of the last
/// `window` closes, in their standard deviations (dividing by n); leaves once it is within `exit` below the mean, or
/// above it. Mirrored for short positions. The signal's strength is half the score over the threshold, at most 1. What has
/// been open for `hold` bars, from open to open, is closed with the reason `force_exit`. After that, as after its stop, its
/// side is entered again only once the score has been where it would have closed the position.
#[derive(Debug, Clone)]
pub struct MeanReversion {
    score: ZScore,
    regime: Regime,
    deadline: Deadline,
    rules: MeanReversionRules,
}

impl MeanReversion {
    /// A reversion by these rules.
    ///
    /// # Errors
    /// [`ParameterError`] unless windows are in `2..=100_000`, `volatility < usual` and `exit < entry` in every regime.
    pub fn new(rules: MeanReversionRules) -> Result<Self, ParameterError> {
        check_positive("entry", rules.entry)?;
        let (score, regime) = (ZScore::new(rules.window).map_err(of_indicator("window"))?, Regime::new(rules.regime)?);
        let least = rules.entry * rules.regime.calm.min(rules.regime.wild).min(1.0);
        check_below("exit", rules.exit, "entry in the calmest regime", least)?;
        Ok(Self { score, regime, deadline: Deadline::new(rules.hold), rules })
    }
}

impl Strategy for MeanReversion {
    fn warm_up(&self) -> usize {
        self.score.warm_up().max(self.regime.warm_up())
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(close) = first_bar(market, context).map(|bar| bar.close.to_f64()) else { return };
        let Some((score, factor)) = self.score.update(close).zip(self.regime.update(close)) else { return };
        let (held, threshold, exit) = (held(context), self.rules.entry * factor, self.rules.exit);
        let is_back = |side| if side == Side::Buy { score >= -exit } else { score <= exit };
        self.deadline.update(held, is_back);
        let wanted = match held {
            Some(side) if is_back(side) => None,
            Some(side) if self.deadline.is_over() => return self.deadline.close(side, context),
            None if score <= -threshold => self.deadline.given_up.allowed(Some(Side::Buy)),
            None if score >= threshold => self.deadline.given_up.allowed(Some(Side::Sell)),
            held => held,
        };
        pursue(context, self.rules.protection, self.rules.mode.allowed(wanted), score / threshold / -2.0);
    }

    fn on_fill(&mut self, fill: &Fill, _: &mut Context<'_>) {
        self.deadline.given_up.note(fill);
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "mean-reversion",
    about: "buys far below the mean of the last bars, sells near it or when its time is up; regimes of volatility",
    kind: StrategyKind::MeanReversion,
    parameters: &[
        ParameterSpec::whole("window", "bars of the mean and the deviation", 50, 2, WINDOW_MAX),
        ParameterSpec::number("entry", "standard deviations from the mean that open a position", 1.0, 0.01, 10.0),
        ParameterSpec::number("exit", "standard deviations from the mean within which it is closed", 0.2, 0.0, 10.0),
        ParameterSpec::whole("hold", "bars after which a position is closed in any case", 20, 1, WINDOW_MAX),
        ParameterSpec::whole("volatility", "bars of the volatility of now", 20, 2, WINDOW_MAX),
        ParameterSpec::whole("usual", "bars of the usual volatility", 100, 3, WINDOW_MAX),
        ParameterSpec::number("calm", "factor of entry while volatility is low", 0.7, 0.01, 100.0),
        ParameterSpec::number("wild", "factor of entry while volatility is high", 1.5, 0.01, 100.0),
        Mode::PARAMETER,
        Protection::STOP,
        Protection::TARGET,
    ],
    assets: Assets::One,
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    Ok(Box::new(MeanReversion::new(MeanReversionRules {
        window: parameters.count("window")?,
        entry: parameters.number("entry")?,
        exit: parameters.number("exit")?,
        hold: parameters.count("hold")?,
        regime: RegimeRules::read(parameters)?,
        mode: Mode::read(parameters, market)?,
        protection: Protection::read(SPEC.name, parameters, market)?,
    })?))
}
