//! Direction and strength of a trend, from highs and lows.

use super::wrap::Source;
use crate::indicators::{Columns, ColumnsOf, Indicator, Ohlcv, ParameterError, error};

/// What Aroon yields, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AroonValue {
    /// How recent the lowest low is.
    pub down: f64,
    /// How recent the highest high is.
    pub up: f64,
}

talib! {
    /// Average true range in per cent of the close.
    Natr(period: usize = error::period("period", period, 1))
        by natr_open, natr_open_and_fill, natr_lookback, NatrStream
        of Ohlcv[high, low, close](period as i32) -> f64;

    /// Average directional index, 0 to 100 (J. Welles Wilder, 1978).
    Adx(period: usize = error::period("period", period, 2))
        by adx_open, adx_open_and_fill, adx_lookback, AdxStream
        of Ohlcv[high, low, close](period as i32) -> f64;

    /// Mean of the ADX and the ADX `period - 1` bars before.
    Adxr(period: usize = error::period("period", period, 2))
        by adxr_open, adxr_open_and_fill, adxr_lookback, AdxrStream
        of Ohlcv[high, low, close](period as i32) -> f64;

    /// Directional movement index, 0 to 100.
    Dx(period: usize = error::period("period", period, 2))
        by dx_open, dx_open_and_fill, dx_lookback, DxStream
        of Ohlcv[high, low, close](period as i32) -> f64;

    /// Upward directional indicator, 0 to 100.
    PlusDi(period: usize = error::period("period", period, 2))
        by plus_di_open, plus_di_open_and_fill, plus_di_lookback, PlusDiStream
        of Ohlcv[high, low, close](period as i32) -> f64;

    /// Downward directional indicator, 0 to 100.
    MinusDi(period: usize = error::period("period", period, 2))
        by minus_di_open, minus_di_open_and_fill, minus_di_lookback, MinusDiStream
        of Ohlcv[high, low, close](period as i32) -> f64;

    /// Smoothed upward movement, in price units.
    PlusDm(period: usize = error::period("period", period, 2))
        by plus_dm_open, plus_dm_open_and_fill, plus_dm_lookback, PlusDmStream
        of Ohlcv[high, low](period as i32) -> f64;

    /// Smoothed downward movement, in price units.
    MinusDm(period: usize = error::period("period", period, 2))
        by minus_dm_open, minus_dm_open_and_fill, minus_dm_lookback, MinusDmStream
        of Ohlcv[high, low](period as i32) -> f64;

    /// Aroon (Tushar Chande, 1995).
    Aroon(period: usize = error::period("period", period, 2))
        by aroon_open, aroon_open_and_fill, aroon_lookback, AroonStream
        of Ohlcv[high, low](period as i32) -> AroonValue { down, up };

    /// Aroon up less Aroon down, -100 to 100.
    AroonOscillator(period: usize = error::period("period", period, 2))
        by aroonosc_open, aroonosc_open_and_fill, aroonosc_lookback, AroonoscStream
        of Ohlcv[high, low](period as i32) -> f64;

    /// Parabolic stop and reverse (J. Welles Wilder, 1978), in price units; usual parameters 0.02 and 0.2.
    ParabolicSar(acceleration: f64 = error::positive("acceleration", acceleration), maximum: f64 = error::positive("maximum", maximum))
        by sar_open, sar_open_and_fill, sar_lookback, SarStream
        of Ohlcv[high, low](acceleration, maximum) -> f64;
}
