//! The long tail, computed by the `ta-lib` crate (TA-Lib in Rust) behind our trait.
//!
//! Its streams must be opened on a history, so a wrapper keeps its inputs until the warm-up is complete. A stream counts its inputs
//! and stops at 100 million (`Core::INDEX_MAX`): from there on `update` gives `None`, and a longer batch gives no value.

#[macro_use]
mod wrap;

mod average;
mod candle;
mod directional;
mod oscillator;
mod regression;
mod volume;

pub use average::{Dema, HilbertTrendline, Kama, T3, Tema, Trima, Trix, Wma};
pub use candle::{Doji, Engulfing, Hammer};
pub use directional::{
    Adx, Adxr, Aroon, AroonOscillator, AroonValue, Dx, MinusDi, MinusDm, Natr, ParabolicSar, PlusDi, PlusDm,
};
pub use oscillator::{Apo, Cci, Cmo, Momentum, Ppo, Roc, StochasticFast, StochasticRsi, UltimateOscillator, WilliamsR};
pub use regression::{Beta, Correlation, LinearRegression, LinearRegressionSlope, TimeSeriesForecast};
pub use volume::{AccumulationDistribution, BalanceOfPower, ChaikinOscillator};
