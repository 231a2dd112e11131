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
    /// The name is empty, too long, or speaks to terminals.
    Name(String),
}

/// Letters that a name has at most.
const NAME_MAX: usize = 64;

impl fmt::Display for MetricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(name, value) => write!(f, "{name} is {value}: expected a finite number"),
            Self::Limit(name, limit) => write!(f, "the limit of {name} is {limit}: expected a number above zero"),
            Self::Name(name) if name.chars().count() > NAME_MAX => {
                write!(f, "a name of {} letters: expected {NAME_MAX} at most", name.chars().count())
            }
            Self::Name(name) => {
                write!(f, "the name is {name:?}: expected a word of letters that can be seen, as exchange")
            }
        }
    }
}

impl std::error::Error for MetricError {}

/// Whether a letter does something to the text around it instead of standing in it: control characters, and the marks that
/// hide text or turn its direction.
fn unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl Metric {
    /// A value and its limit, in the same unit.
    ///
    /// # Errors
    /// [`MetricError`] where the value is not finite, the limit is not a finite number above zero, or the name is empty, longer
    /// than 64 letters or holds letters that cannot be seen.
    pub fn new(risk: RiskType, name: &str, value: f64, limit: f64) -> Result<Self, MetricError> {
        if name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(unseen) {
            return Err(MetricError::Name(name.to_owned()));
        }
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

/// What would bring a metric back to its limit, or one step on the way there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// Name of the metric.
    pub metric: String,
    /// Its limit.
    pub limit: f64,
    /// What to do.
    pub step: Step,
}

/// What to do about a metric beyond its limit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Make a position smaller.
    Close {
        /// Which.
        symbol: String,
        /// The share of it to close, above 0 and at most 1.
        share: f64,
        /// The same in units, where they are known.
        quantity: Option<Quantity>,
        /// A currency in which the same can be hedged instead.
        hedge: Option<String>,
        /// The metric measured again after this step and those before it.
        left: f64,
    },
    /// Make several positions smaller, each by the same share of itself.
    CloseEach {
        /// The share of each to close, above 0 and at most 1.
        share: f64,
        /// Which, the one that matters most first, and the same in units where those are known.
        positions: Vec<(String, Option<Quantity>)>,
        /// The metric measured again after it.
        left: f64,
    },
    /// Reckon with the measure that sees most, as they differ by more than they may.
    Believe {
        /// The measure that sees most, and what it sees.
        most: (String, f64),
        /// The one that sees least.
        least: (String, f64),
    },
    /// Lower something that no position is known to make.
    Lower {
        /// By how much.
        by: f64,
    },
    /// No sizes were found that keep to the limit: these steps are as near as it goes.
    Unsolved {
        /// The metric after all steps before this one.
        left: f64,
    },
}

impl Recommendation {
    /// Whether the metric is within its limit after it. A step that measures nothing again cannot know.
    #[must_use]
    pub fn enough(&self) -> bool {
        matches!(self.step, Step::Close { left, .. } | Step::CloseEach { left, .. } if left <= self.limit)
    }
}

impl fmt::Display for Recommendation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { metric, limit, step } = self;
        match step {
            Step::Close { symbol, share, quantity, hedge, left } => {
                write!(f, "close {} % of {symbol}", Percent(*share))?;
                quantity.iter().try_for_each(|quantity| write!(f, " ({quantity} units)"))?;
                hedge.iter().try_for_each(|currency| write!(f, ", or hedge as much {currency},"))?;
                self.write_left(f, *left)
            }
            Step::CloseEach { share, positions, left } => {
                write!(f, "close {} % of each of {} positions", Percent(*share), positions.len())?;
                for (place, (symbol, quantity)) in positions.iter().enumerate() {
                    write!(f, "{}{symbol}", if place == 0 { ": " } else { ", " })?;
                    quantity.iter().try_for_each(|quantity| write!(f, " ({quantity} units)"))?;
                }
                self.write_left(f, *left)
            }
            Step::Unsolved { left } => write!(
                f,
                "{metric} stays at {left:.4}, above its limit of {limit}: no smaller sizes of these positions were found that keep \
                 to it; hedge it, or raise the limit"
            ),
            Step::Believe { most, least } => write!(
                f,
                "reckon with {:.4} of {}, not {:.4} of {}, for {metric}: methods differ by more than its limit of {limit}; a \
                 back-test says which one held",
                most.1, most.0, least.1, least.0
            ),
            Step::Lower { by } => write!(f, "lower {metric} by {by:.4} to its limit of {limit}, where it was measured"),
        }
    }
}

impl Recommendation {
    fn write_left(&self, f: &mut fmt::Formatter<'_>, left: f64) -> fmt::Result {
        let Self { metric, limit, .. } = self;
        match self.enough() {
            true => write!(f, " for {metric}, which brings it to {left:.4}, its limit being {limit}"),
            // Another step, or a word that there is none, always follows.
            false => write!(f, " for {metric}, which leaves {left:.4} to the next step, its limit being {limit}"),
        }
    }
}

/// A share in percent, rounded up: who closes what stands there is within the limit.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", (1e4 * self.0 - 1e-6).ceil() / 100.0)
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
