//! Volume and the place of the close in its bar.

use super::wrap::Source;
use crate::indicators::{Columns, ColumnsOf, Indicator, Ohlcv, ParameterError, error};

talib! {
    /// Accumulation/distribution line (Marc Chaikin), in units of volume.
    AccumulationDistribution()
        by ad_open, ad_open_and_fill, ad_lookback, AdStream
        of Ohlcv[high, low, close, volume]() -> f64;

    /// Chaikin oscillator: EMA(fast) less EMA(slow) of the accumulation/distribution line.
    ChaikinOscillator(fast: usize = error::period("fast", fast, 2), slow: usize = error::above("slow", slow, "fast", fast))
        by adosc_open, adosc_open_and_fill, adosc_lookback, AdoscStream
        of Ohlcv[high, low, close, volume](fast as i32, slow as i32) -> f64;

    /// Balance of power: (close - open) / (high - low), -1 to 1; 0 in a bar of no height.
    BalanceOfPower()
        by bop_open, bop_open_and_fill, bop_lookback, BopStream
        of Ohlcv[open, high, low, close]() -> f64;
}
