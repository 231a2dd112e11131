//! Mathematics on `f64`: indicators, performance statistics, covariances and risk.
//!
//! It is not a domain model: no price type, no order, no file, no clock, no randomness that the caller did not hand in.
//! Inputs are finite numbers; whoever reads market data refuses the others at the door.
//!
//! - [`covariance`]: how returns move together, by several estimators.
//! - [`indicators`]: one trait, streaming and batch with the same values.
//! - [`performance`]: what a trader reads about an equity curve, in one pass and constant memory.
//! - [`risk`]: how much can be lost, and what that comes from.
//! - [`portfolio`]: weights by an objective under constraints, with the residual of their optimality.
//!
//! ```
//! use qframe_quant::indicators::{Indicator, Sma};
//!
//! let mut sma = Sma::new(3)?;
//! let history = sma.batch(&[1.0, 2.0, 3.0, 4.0]);
//! assert_eq!((history.first, history.values), (2, vec![2.0, 3.0]));
//! // A live series goes on where the history ended.
//! assert_eq!(sma.update(8.0), Some(5.0));
//! # Ok::<(), qframe_quant::indicators::ParameterError>(())
//! ```

pub mod covariance;
pub mod indicators;
pub mod performance;
pub mod portfolio;
pub mod risk;
