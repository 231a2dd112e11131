//! What cannot be measured.

use std::fmt;

use crate::covariance::CovarianceError;

/// Why there is no figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RiskError {
    /// Too few observations for the method.
    TooFew {
        /// How many there are.
        observations: usize,
        /// How many it takes.
        needed: usize,
    },
    /// A confidence outside 0.5 to 1.
    Confidence(f64),
    /// A horizon of no observation.
    Horizon(usize),
    /// Too few scenarios to see the tail.
    Scenarios {
        /// How many were asked for.
        scenarios: usize,
        /// How many it takes.
        needed: usize,
    },
    /// A number outside its range.
    Number {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The range in words.
        expected: &'static str,
    },
    /// The Cornish-Fisher expansion falls where a quantile must rise.
    Expansion {
        /// Skewness.
        skewness: f64,
        /// Excess kurtosis.
        kurtosis: f64,
        /// The confidence.
        confidence: f64,
    },
    /// A fit that found no maximum.
    NoFit {
        /// Of which model.
        model: &'static str,
        /// After how many steps.
        steps: usize,
    },
    /// A fit that many equal returns draw to a single point.
    Concentrated {
        /// Of which model.
        model: &'static str,
        /// The share of the returns that are the same.
        share: f64,
    },
    /// Not as many weights as assets, or one that is not finite.
    Weights {
        /// How many weights.
        weights: usize,
        /// How many assets.
        assets: usize,
    },
    /// A loss that takes prices below zero.
    OutOfReach {
        /// The loss, as a fraction.
        loss: f64,
        /// What is lost when all prices are zero; where something is short, other moves count too.
        most: Option<f64>,
    },
    /// No covariance.
    Covariance(CovarianceError),
}

impl fmt::Display for RiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooFew { observations, needed } => {
                write!(f, "{observations} observations; expected at least {needed}: give more history")
            }
            Self::Confidence(value) => {
                write!(f, "the confidence is {value}; expected a fraction above 0.5 and below 1, as 0.95")
            }
            Self::Horizon(value) => write!(f, "the horizon is {value}; expected at least one observation"),
            Self::Scenarios { scenarios, needed } => {
                write!(f, "{scenarios} scenarios; expected at least {needed} to see this tail")
            }
            Self::Number { name, value, expected } => write!(f, "{name} is {value}; expected {expected}"),
            Self::Expansion { skewness, kurtosis, confidence } => write!(
                f,
                "the Cornish-Fisher expansion is no quantile at confidence {confidence} with skewness {skewness:.3} and excess \
                 kurtosis {kurtosis:.3}: it falls where it must rise; take another method"
            ),
            Self::NoFit { model, steps } => {
                write!(f, "no maximum of the likelihood of {model} was found in {steps} steps; give more history")
            }
            Self::Concentrated { model, share } => write!(
                f,
                "{model} fits a single point best: {:.0} % of the returns are the same or nearly so; take another method",
                share * 100.0
            ),
            Self::Weights { weights, assets } => {
                write!(f, "{weights} finite weights for {assets} assets; expected one each")
            }
            Self::OutOfReach { loss, most } => {
                write!(f, "no moves of prices that fall by 100 % at most lose {loss}")?;
                most.map_or(Ok(()), |most| write!(f, "; all of them together lose {most}"))
            }
            Self::Covariance(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RiskError {}

impl From<CovarianceError> for RiskError {
    fn from(error: CovarianceError) -> Self {
        Self::Covariance(error)
    }
}
