//! Candlestick patterns: 100 bullish, -100 bearish, 0 absent.

use super::wrap::Source;
use crate::indicators::{Columns, ColumnsOf, Indicator, Ohlcv, ParameterError};

talib! {
    /// Engulfing pattern; 80 and -80 where one end of the bodies is equal.
    Engulfing()
        by cdlengulfing_open, cdlengulfing_open_and_fill, cdlengulfing_lookback, CdlengulfingStream
        of Ohlcv[open, high, low, close]() -> i32;

    /// Doji: open and close almost equal.
    Doji()
        by cdldoji_open, cdldoji_open_and_fill, cdldoji_lookback, CdldojiStream
        of Ohlcv[open, high, low, close]() -> i32;

    /// Hammer: small body, long lower shadow, near the last low.
    Hammer()
        by cdlhammer_open, cdlhammer_open_and_fill, cdlhammer_lookback, CdlhammerStream
        of Ohlcv[open, high, low, close]() -> i32;
}
