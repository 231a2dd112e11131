//! Metrics of a series of returns, by the names of quantstats.
//!
//! quantstats is what most tear sheets are compared with, so a metric here has its name and, where its definition can be
//! defended, its value; each carries its definition with it ([`Metric::convention`]). Returns are simple returns of equal
//! periods, as fractions: 0.01 is 1 %. What is not defined (no loss, no variation, too few returns) is `None`, never NaN.

mod relative;
mod sample;
mod significance;
mod single;

pub use relative::relative_metrics;
pub(super) use sample::quantile;
pub use significance::{minimum_track_record, probabilistic_sharpe};
pub use single::metrics;

/// A figure with its name and its definition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// quantstats' name where it has one.
    pub name: &'static str,
    /// The figure; `None` where it is not defined.
    pub value: Option<f64>,
    /// How it is to be shown.
    pub unit: Unit,
    /// How it is computed.
    pub convention: &'static str,
}

/// How a figure is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A fraction, shown in per cent.
    Share,
    /// A number.
    Number,
    /// A number of returns.
    Count,
}

/// quantstats' second names of metrics: another name, and the one that a metric has here.
pub const ALIASES: [(&str, &str); 10] = [
    ("cvar", "conditional_value_at_risk"),
    ("expected_return", "geometric_mean"),
    ("expected_shortfall", "conditional_value_at_risk"),
    ("ghpr", "geometric_mean"),
    ("probabilistic_ratio", "probabilistic_sharpe_ratio"),
    ("r2", "r_squared"),
    ("ror", "risk_of_ruin"),
    ("upi", "ulcer_performance_index"),
    ("var", "value_at_risk"),
    ("win_loss_ratio", "payoff_ratio"),
];

impl Metric {
    /// Its other names.
    pub fn aliases(&self) -> impl Iterator<Item = &'static str> {
        ALIASES.into_iter().filter(|(_, name)| *name == self.name).map(|(alias, _)| alias)
    }
}

/// What the caller may choose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricOptions {
    /// Returns in a year: 252 for trading days, 365 for days of a market that never closes.
    pub periods_per_year: f64,
    /// Risk-free rate a year as a fraction, above -1.
    pub risk_free: f64,
    /// What the Omega ratio asks for a year, as a fraction above -1.
    pub required_return: f64,
    /// Of value at risk, its expected shortfall and the track record: between 0.5 and 1.
    pub confidence: f64,
    /// The Sharpe ratio a year that the probabilistic one and the track record are held against.
    pub target_sharpe: f64,
}

impl Default for MetricOptions {
    fn default() -> Self {
        Self { periods_per_year: 252.0, risk_free: 0.0, required_return: 0.0, confidence: 0.95, target_sharpe: 0.0 }
    }
}

impl MetricOptions {
    /// A rate a year as a rate a period, compounded.
    pub(super) fn a_period(&self, a_year: f64) -> f64 {
        (1.0 + a_year).powf(1.0 / self.periods_per_year) - 1.0
    }
}

/// A metric of a name; it is there where it is a number.
fn metric(name: &'static str, unit: Unit, value: Option<f64>, convention: &'static str) -> Metric {
    Metric { name, value: value.filter(|value| value.is_finite()), unit, convention }
}

/// A quotient; `None` by zero.
fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    (denominator != 0.0).then(|| numerator / denominator)
}
