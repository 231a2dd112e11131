//! Risk assessments: measured values against their limits, graded and scored.
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::number::Quantity;
use crate::time::Time;

/// Where a risk comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskType {
    /// Prices move.
    Market,
    /// A counterparty does not pay.
    Credit,
    /// A position cannot be closed at its price.
    Liquidity,
    /// People, machines and processes fail.
    Operational,
    /// Too much stands on one thing.
    Concentration,
    /// Exchange rates move.
    Currency,
    /// The model is wrong.
    Model,
}

impl fmt::Display for RiskType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Market => "market",
            Self::Credit => "credit",
            Self::Liquidity => "liquidity",
            Self::Operational => "operational",
            Self::Concentration => "concentration",
            Self::Currency => "currency",
            Self::Model => "model",
        })
    }
}

impl FromStr for RiskType {
    type Err = UnknownRisk;
    fn from_str(word: &str) -> Result<Self, UnknownRisk> {
        let found = Self::ALL.into_iter().find(|risk| risk.to_string().eq_ignore_ascii_case(word));
        found.ok_or_else(|| UnknownRisk(word.to_owned()))
    }
}

impl RiskType {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Market,
        Self::Credit,
        Self::Liquidity,
        Self::Operational,
        Self::Concentration,
        Self::Currency,
        Self::Model,
    ];
}

/// A word that names no risk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRisk(pub String);

impl fmt::Display for UnknownRisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = RiskType::ALL.map(|risk| risk.to_string()).join(", ");
        write!(f, "{:?} is no risk; expected one of {known}", self.0)
    }
}

impl std::error::Error for UnknownRisk {}

/// How much of its limit a value uses up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Less than 0.3 of the limit.
    Low,
    /// From 0.3 on.
    Moderate,
    /// From 0.6 on.
    High,
    /// From 0.8 on.
    Critical,
    /// The limit, or more.
    Breached,
}

impl RiskLevel {
    /// The level of a used share of a limit.
    #[must_use]
    pub fn of(used: f64) -> Self {
        match used {
            used if used < 0.3 => Self::Low,
            used if used < 0.6 => Self::Moderate,
            used if used < 0.8 => Self::High,
            used if used < 1.0 => Self::Critical,
            _ => Self::Breached,
        }
    }
}

impl fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Breached => "breached",
        })
    }
}

/// A measured value and its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    risk: RiskType,
    name: String,
    value: f64,
    limit: f64,
}

/// A metric that measures nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricError {
    /// The value is no number.
    Value(String, f64),
    /// The limit is not a number above zero.
    Limit(String, f64),
}

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(name, value) => write!(f, "{name} is {value}: expected a finite number"),
            Self::Limit(name, limit) => write!(f, "the limit of {name} is {limit}: expected a number above zero"),
        }
    }
}

impl std::error::Error for MetricError {}

impl Metric {
    /// A value and its limit, in the same unit.
    ///
    /// # Errors
    /// [`MetricError`] where the value is not finite or the limit is not a finite number above zero.
    pub fn new(risk: RiskType, name: &str, value: f64, limit: f64) -> Result<Self, MetricError> {
        if !value.is_finite() {
            return Err(MetricError::Value(name.to_owned(), value));
        }
        if !limit.is_finite() || limit <= 0.0 {
            return Err(MetricError::Limit(name.to_owned(), limit));
        }
        Ok(Self { risk, name: name.to_owned(), value, limit })
    }

    /// Which risk it measures.
    #[must_use]
    pub const fn risk(&self) -> RiskType {
        self.risk
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was measured.
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// Its limit, in the unit of the value.
    #[must_use]
    pub const fn limit(&self) -> f64 {
        self.limit
    }

    /// The share of the limit that is used: |value| / limit.
    #[must_use]
    pub fn used(&self) -> f64 {
        self.value.abs() / self.limit
    }

    /// Its level.
    #[must_use]
    pub fn level(&self) -> RiskLevel {
        RiskLevel::of(self.used())
    }
}

/// What would bring a metric back to its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// Name of the metric.
    pub metric: String,
    /// The position to make smaller.
    pub symbol: String,
    /// The share of it to close, above 0 and at most 1.
    pub share: f64,
    /// The same in units, where they are known.
    pub quantity: Option<Quantity>,
    /// Whether that is enough.
    pub enough: bool,
}

impl fmt::Display for Recommendation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "close {:.1} % of {}", 100.0 * self.share, self.symbol)?;
        if let Some(quantity) = self.quantity {
            write!(f, " ({quantity} units)")?;
        }
        let end = match self.enough {
            // Hedges bend the line that the contribution is drawn by.
            true if self.metric == "var" => "as far as its contribution goes: measure again after it",
            true => "to bring it to its limit",
            false => "and more elsewhere: this alone is not enough",
        };
        write!(f, " for {}, {end}", self.metric)
    }
}

/// All metrics of one instant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskAssessment {
    /// When they were measured.
    pub time: Time,
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// What to do about those near or beyond their limits.
    pub recommendations: Vec<Recommendation>,
}

impl RiskAssessment {
    /// The worst of its metrics: a chain is as strong as its weakest link. `None` where nothing was measured.
    #[must_use]
    pub fn worst(&self) -> Option<&Metric> {
        self.metrics.iter().max_by(|a, b| a.used().total_cmp(&b.used()))
    }

    /// The level of the worst metric; low where nothing was measured.
    #[must_use]
    pub fn level(&self) -> RiskLevel {
        self.worst().map_or(RiskLevel::Low, Metric::level)
    }

    /// 0..=100: a hundred times the used share of the worst metric's limit, 100 from the limit on. A mean would let
    /// many small risks hide a breach.
    #[must_use]
    pub fn score(&self) -> f64 {
        self.worst().map_or(0.0, |worst| 100.0 * worst.used().min(1.0))
    }
}
