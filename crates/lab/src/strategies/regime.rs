//! Whether a market is calmer or wilder than it usually is.
use qframe_model::parameter::{ParameterError, Parameters};
use qframe_quant::indicators::{Indicator, StdDev};

use super::{check_below, check_positive, deviation};

/// Below this share of the usual volatility a market is calm: four fifths.
const CALM: f64 = 0.8;
/// Above this multiple of the usual volatility a market is wild: five fourths, as far away as [`CALM`] in the ratio.
const WILD: f64 = 1.25;

/// Regimes of volatility, and a factor for each; the factor of the usual one is 1.
///
/// The volatility of now and the usual one are standard deviations (dividing by n) of the last log returns of closes. The
/// market is calm where the one of now is below 0.8 of the usual one, and wild where it is above 1.25 of it. The rule is
/// this framework's own: it needs no level of volatility to be set for each market. A price that stands still is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegimeRules {
    /// Returns of the volatility of now.
    pub volatility: usize,
    /// Returns of the usual volatility.
    pub usual: usize,
    /// The factor of a calm market.
    pub calm: f64,
    /// The factor of a wild market.
    pub wild: f64,
}

impl RegimeRules {
    pub(super) fn read(parameters: &Parameters) -> Result<Self, ParameterError> {
        Ok(Self {
            volatility: parameters.count("volatility")?,
            usual: parameters.count("usual")?,
            calm: parameters.number("calm")?,
            wild: parameters.number("wild")?,
        })
    }
}

/// The regime as the closes come.
#[derive(Debug, Clone)]
pub(super) struct Regime {
    last: Option<f64>,
    now: StdDev,
    usual: StdDev,
    rules: RegimeRules,
}

impl Regime {
    /// Refuses `volatility` outside `2..=100_000`, `usual` unless it is longer, and factors that are not above zero.
    pub(super) fn new(rules: RegimeRules) -> Result<Self, ParameterError> {
        check_positive("calm", rules.calm)?;
        check_positive("wild", rules.wild)?;
        check_below("volatility", rules.volatility, "usual", rules.usual)?;
        let (now, usual) = (deviation("volatility", rules.volatility)?, deviation("usual", rules.usual)?);
        Ok(Self { last: None, now, usual, rules })
    }

    /// Closes up to and including the one that gives the first factor.
    pub(super) fn warm_up(&self) -> usize {
        self.usual.warm_up() + 1
    }

    /// The factor of the regime at this close.
    #[inline]
    pub(super) fn update(&mut self, close: f64) -> Option<f64> {
        let log = close.ln();
        let change = log - self.last.replace(log)?;
        let (now, usual) = (self.now.update(change), self.usual.update(change));
        let (now, usual) = (now?, usual?);
        Some(if now < CALM * usual {
            self.rules.calm
        } else if now > WILD * usual {
            self.rules.wild
        } else {
            1.0
        })
    }
}
