//! Moving averages beyond the simple and the exponential one.

use super::wrap::{Source, Value};
use crate::indicators::{Columns, ColumnsOf, Indicator, ParameterError, error};

talib! {
    /// Weighted moving average: weights 1, 2, … up to the newest of `period` values.
    Wma(period: usize = error::period("period", period, 1))
        by wma_open, wma_open_and_fill, wma_lookback, WmaStream
        of f64[value](period as i32) -> f64;

    /// Double exponential moving average, 2 EMA - EMA(EMA) (Patrick Mulloy, 1994).
    Dema(period: usize = error::period("period", period, 2))
        by dema_open, dema_open_and_fill, dema_lookback, DemaStream
        of f64[value](period as i32) -> f64;

    /// Triple exponential moving average, 3 EMA - 3 EMA(EMA) + EMA(EMA(EMA)) (Patrick Mulloy, 1994).
    Tema(period: usize = error::period("period", period, 2))
        by tema_open, tema_open_and_fill, tema_lookback, TemaStream
        of f64[value](period as i32) -> f64;

    /// Triangular moving average: weights rise to the middle of the window and fall again.
    Trima(period: usize = error::period("period", period, 2))
        by trima_open, trima_open_and_fill, trima_lookback, TrimaStream
        of f64[value](period as i32) -> f64;

    /// Kaufman's adaptive moving average: fast in a trend, slow in noise (Perry Kaufman, 1998).
    Kama(period: usize = error::period("period", period, 2))
        by kama_open, kama_open_and_fill, kama_lookback, KamaStream
        of f64[value](period as i32) -> f64;

    /// T3 (Tim Tillson, 1998): a generalised DEMA applied three times; usual parameters 5 and 0.7.
    T3(period: usize = error::period("period", period, 2), volume_factor: f64 = error::within("volume_factor", volume_factor, 0.0..=1.0, "0 to 1"))
        by t3_open, t3_open_and_fill, t3_lookback, T3Stream
        of f64[value](period as i32, volume_factor) -> f64;

    /// One-bar rate of change of a triple-smoothed EMA, in per cent (Jack Hutson).
    Trix(period: usize = error::period("period", period, 1))
        by trix_open, trix_open_and_fill, trix_lookback, TrixStream
        of f64[value](period as i32) -> f64;

    /// Hilbert transform, instantaneous trendline (John Ehlers, 2001).
    HilbertTrendline()
        by ht_trendline_open, ht_trendline_open_and_fill, ht_trendline_lookback, HtTrendlineStream
        of f64[value]() -> f64;
}
