//! Oscillators of price.

use super::wrap::{Source, Value};
use crate::indicators::{Columns, ColumnsOf, Indicator, Ohlcv, ParameterError, StochasticValue, error};
use ta_lib::MAType::{EMA, SMA};

talib! {
    /// Value less the value `period` inputs before.
    Momentum(period: usize = error::period("period", period, 1))
        by mom_open, mom_open_and_fill, mom_lookback, MomStream
        of f64[value](period as i32) -> f64;

    /// Rate of change over `period` inputs, in per cent; 0 where the old value is 0.
    Roc(period: usize = error::period("period", period, 1))
        by roc_open, roc_open_and_fill, roc_lookback, RocStream
        of f64[value](period as i32) -> f64;

    /// Chande momentum oscillator, -100 to 100, with Wilder's smoothing.
    Cmo(period: usize = error::period("period", period, 2))
        by cmo_open, cmo_open_and_fill, cmo_lookback, CmoStream
        of f64[value](period as i32) -> f64;

    /// Percentage price oscillator: EMA(fast) over EMA(slow), less 1, in per cent.
    Ppo(fast: usize = error::period("fast", fast, 2), slow: usize = error::above("slow", slow, "fast", fast))
        by ppo_open, ppo_open_and_fill, ppo_lookback, PpoStream
        of f64[value](fast as i32, slow as i32, EMA) -> f64;

    /// Absolute price oscillator: EMA(fast) less EMA(slow).
    Apo(fast: usize = error::period("fast", fast, 2), slow: usize = error::above("slow", slow, "fast", fast))
        by apo_open, apo_open_and_fill, apo_lookback, ApoStream
        of f64[value](fast as i32, slow as i32, EMA) -> f64;

    /// Williams %R: where the close stands in the channel, -100 to 0.
    WilliamsR(period: usize = error::period("period", period, 2))
        by willr_open, willr_open_and_fill, willr_lookback, WillrStream
        of Ohlcv[high, low, close](period as i32) -> f64;

    /// Commodity channel index (Donald Lambert, 1980).
    Cci(period: usize = error::period("period", period, 2))
        by cci_open, cci_open_and_fill, cci_lookback, CciStream
        of Ohlcv[high, low, close](period as i32) -> f64;

    /// Fast stochastic: the raw oscillator and its simple average.
    StochasticFast(period: usize = error::period("period", period, 1), signal: usize = error::period("signal", signal, 1))
        by stochf_open, stochf_open_and_fill, stochf_lookback, StochfStream
        of Ohlcv[high, low, close](period as i32, signal as i32, SMA) -> StochasticValue { k, d };

    /// Fast stochastic of the RSI; usual parameters 14, 5, 3.
    StochasticRsi(rsi: usize = error::period("rsi", rsi, 2), period: usize = error::period("period", period, 1), signal: usize = error::period("signal", signal, 1))
        by stochrsi_open, stochrsi_open_and_fill, stochrsi_lookback, StochrsiStream
        of f64[value](rsi as i32, period as i32, signal as i32, SMA) -> StochasticValue { k, d };

    /// Ultimate oscillator over three periods (Larry Williams, 1985); usual parameters 7, 14, 28.
    UltimateOscillator(short: usize = error::period("short", short, 1), medium: usize = error::period("medium", medium, 1), long: usize = error::period("long", long, 1))
        by ultosc_open, ultosc_open_and_fill, ultosc_lookback, UltoscStream
        of Ohlcv[high, low, close](short as i32, medium as i32, long as i32) -> f64;
}
