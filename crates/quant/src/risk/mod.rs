//! How much can be lost: value at risk and its relatives.
//!
//! Every figure here is a **loss as a fraction of what is held**: 0.03 is a loss of three percent, and a number below zero is a
//! gain. VaR at a confidence c is the loss that is not exceeded with probability c; CVaR (expected shortfall) is the mean of
//! the losses from there on. Returns go in as simple returns, one an observation, oldest first.
//!
//! - [`historical`], [`age_weighted`]: what happened, equally weighted or the newest more.
//! - [`Normal`], [`CornishFisher`], [`StudentT`]: distributions with a formula.
//! - [`garch`]: volatility that comes in clusters; [`Filtered`] is historical simulation that knows it.
//! - [`Simulation`]: Monte Carlo of all assets, and the stationary bootstrap; in blocks, so that threads share the work and
//!   the figures stay the same.
//! - [`contributions`], [`incremental`]: which position it comes from.
//! - [`backtest`]: did the forecasts hold; [`stress`]: what if; [`exposure`]: what is held.
//!
//! The formulas and their sources stand at each function and in the book's page on risk.
//!
//! ```
//! use qframe_quant::risk::{Confidence, Quantile, historical};
//!
//! let returns: Vec<f64> = (-50..50).map(|percent| f64::from(percent) / 100.0).collect();
//! let tail = historical(&returns, Quantile::Order, &[Confidence::new(0.95)?])?[0];
//! assert_eq!((tail.var, tail.cvar), (0.46, 0.48));
//! # Ok::<(), qframe_quant::risk::RiskError>(())
//! ```

pub mod backtest;
mod component;
mod error;
pub mod exposure;
mod filtered;
pub mod garch;
mod minimise;
mod parametric;
mod sample;
mod simulation;
pub mod stress;
mod student;

use crate::covariance::{CovarianceError, Returns};

pub use component::{Contribution, contributions, incremental, normal_contributions};
pub use error::RiskError;
pub use filtered::Filtered;
pub use parametric::{CornishFisher, Moments, Normal};
pub use sample::{Quantile, age_weighted, historical, simulated};
pub use simulation::{BLOCK, Paths, Room, Shock, Simulation, outcomes};
pub(crate) use simulation::{pick, stream};
pub use student::StudentT;

/// A probability with which a loss is not exceeded: above 0.5 and below 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// # Errors
    /// [`RiskError::Confidence`] outside 0.5 to 1.
    pub fn new(value: f64) -> Result<Self, RiskError> {
        if value > 0.5 && value < 1.0 { Ok(Self(value)) } else { Err(RiskError::Confidence(value)) }
    }

    /// As a fraction.
    #[must_use]
    pub const fn value(self) -> f64 {
        self.0
    }

    /// The probability of what lies beyond.
    #[must_use]
    pub fn tail(self) -> f64 {
        1.0 - self.0
    }
}

/// What can be lost at one confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// Value at risk.
    pub var: f64,
    /// The mean loss from the value at risk on.
    pub cvar: f64,
    /// Standard errors of both, where the figures were drawn by chance.
    pub errors: Option<(f64, f64)>,
}

/// Overlapping returns of `horizon` observations, each asset compounded on its own: what positions that nobody touches would
/// have earned. A horizon of 1 gives the same returns.
///
/// # Errors
/// [`RiskError::Horizon`] of zero; [`RiskError::TooFew`] where not two horizons fit in.
pub fn over(returns: &Returns, horizon: usize) -> Result<Returns, RiskError> {
    let (assets, observations) = (returns.assets(), returns.observations());
    if horizon == 0 {
        return Err(RiskError::Horizon(horizon));
    }
    if observations < horizon + 1 {
        return Err(RiskError::TooFew { observations, needed: horizon + 1 });
    }
    let values = returns.as_slice();
    let mut held = Vec::with_capacity((observations - horizon + 1) * assets);
    for start in 0..=observations - horizon {
        for asset in 0..assets {
            let growth: f64 = (start..start + horizon).map(|row| 1.0 + values[row * assets + asset]).product();
            held.push(if horizon == 1 { values[start * assets + asset] } else { growth - 1.0 });
        }
    }
    Ok(Returns::new(held, assets)?)
}

/// An error unless there are `needed` values, all finite.
fn checked(returns: &[f64], needed: usize) -> Result<(), RiskError> {
    if returns.len() < needed {
        return Err(RiskError::TooFew { observations: returns.len(), needed });
    }
    match returns.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(CovarianceError::NotFinite { row, asset: 0, value: returns[row] }.into()),
        None => Ok(()),
    }
}
