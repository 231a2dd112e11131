//! What a trader reads about an equity curve and its trades.
//!
//! Names, order and conventions of the summary are backtesting.py's, so that two reports can be laid side by side; each
//! statistic says how it is computed ([`Statistics::conventions`]). What is not defined (no trade, no drawdown, one day of data)
//! is `None`, never NaN.

mod benchmark;
mod calendar;
mod convention;
mod curve;
mod drawdown;
mod duration;
mod log;
mod metrics;
mod periods;
mod series;
mod shuffle;
mod statistics;
mod trades;

pub use benchmark::Benchmark;
pub use calendar::Frequency;
pub use curve::{CurveOptions, CurveStats};
pub use duration::iso_duration;
pub use metrics::{
    ALIASES, Metric, MetricOptions, Unit, metrics, minimum_track_record, probabilistic_sharpe, relative_metrics,
};
pub use periods::{Period, Spread, outliers, pct_rank, period_returns, period_sums};
pub use series::{
    Episode, MonthlyReturn, drawdown_episodes, drawdown_series, monthly_returns, rolling_alpha, rolling_beta,
    rolling_sharpe, rolling_sortino, rolling_volatility,
};
pub use shuffle::{Shuffled, Shuffling, Summary};
pub use statistics::{NAMES, Statistics, Value};
pub use trades::{ClosedTrade, TradeStats};

/// Nanoseconds of a day.
pub(crate) const DAY_NS: i64 = 86_400_000_000_000;
