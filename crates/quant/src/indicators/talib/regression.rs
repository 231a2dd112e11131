//! Straight lines through the last values, and how two series move together.

use super::wrap::{Source, Value};
use crate::indicators::{Columns, ColumnsOf, Indicator, ParameterError, error};

talib! {
    /// End of the least-squares line through the last `period` values.
    LinearRegression(period: usize = error::period("period", period, 2))
        by linearreg_open, linearreg_open_and_fill, linearreg_lookback, LinearregStream
        of f64[value](period as i32) -> f64;

    /// Slope of the least-squares line through the last `period` values, a unit an input.
    LinearRegressionSlope(period: usize = error::period("period", period, 2))
        by linearreg_slope_open, linearreg_slope_open_and_fill, linearreg_slope_lookback, LinearregSlopeStream
        of f64[value](period as i32) -> f64;

    /// The least-squares line through the last `period` values, one input ahead.
    TimeSeriesForecast(period: usize = error::period("period", period, 2))
        by tsf_open, tsf_open_and_fill, tsf_lookback, TsfStream
        of f64[value](period as i32) -> f64;

    /// Pearson's correlation of the last `period` pairs, -1 to 1; 0 where one side is constant.
    Correlation(period: usize = error::period("period", period, 1))
        by correl_open, correl_open_and_fill, correl_lookback, CorrelStream
        of (f64, f64)[left, right](period as i32) -> f64;

    /// Covariance over variance of one-input returns: cov(left, right) / var(left) over the last `period` returns, as TA-Lib has it.
    Beta(period: usize = error::period("period", period, 1))
        by beta_open, beta_open_and_fill, beta_lookback, BetaStream
        of (f64, f64)[left, right](period as i32) -> f64;
}
