//! A backtest as something one keeps: of which strategy, over which period, how far, and what came of it.
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::number::{Cash, Rate};
use crate::strategy::StrategyId;
use crate::time::Time;

/// The number of a backtest, given by whoever keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BacktestId(pub u64);

/// What came of a backtest. Shares are statistics: the nearest `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The equity at the end, in the reporting currency.
    pub equity: Cash,
    /// The gain as a share of the first equity.
    pub return_share: f64,
    /// The largest fall from a peak, as a share of it, 0 or more.
    pub max_drawdown: f64,
    /// Trades that were closed.
    pub trades: u64,
}

/// Where a backtest stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BacktestState {
    /// Not yet begun.
    Created,
    /// This share is done, 0..=1.
    Running(Rate),
    /// All is done.
    Completed(Summary),
    /// It broke; the reason.
    Failed(String),
    /// It was called off.
    Cancelled,
}

impl fmt::Display for BacktestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Backtest {
    id: BacktestId,
    strategy: StrategyId,
    strategy_version: u32,
    from: Time,
    to: Time,
    state: BacktestState,
}

/// Why a backtest does not do what was asked.
#[derive(Debug, Clone, PartialEq)]
pub enum BacktestError {
    /// A period that ends before it begins.
    Period(Time, Time),
    /// A progress outside 0..=1, or behind the last.
    Progress {
        /// What was reported.
        progress: Rate,
        /// The last one.
        last: Rate,
    },
    /// A step that its state does not allow.
    IllegalStep {
        /// Where it stands.
        state: &'static str,
        /// Where it was to go.
        next: &'static str,
    },
}

impl fmt::Display for BacktestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Period(from, to) => {
                write!(f, "a period from {from:#} to {to:#}: expected the end after the beginning")
            }
            Self::Progress { progress, last } => write!(f, "progress {progress}: expected {last} to 1"),
            Self::IllegalStep { state, next } => write!(f, "a backtest that is {state} cannot become {next}"),
        }
    }
}

impl std::error::Error for BacktestError {}

impl BacktestState {
    const fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running(_) => "running",
            Self::Completed(_) => "completed",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// True where nothing can happen any more.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::Failed(_) | Self::Cancelled)
    }

    /// True where the step from here to `next` is lawful. A backtest may fail or be cancelled before it runs.
    #[must_use]
    pub const fn leads_to(&self, next: &Self) -> bool {
        match self {
            Self::Created => matches!(next, Self::Running(_) | Self::Failed(_) | Self::Cancelled),
            Self::Running(_) => !matches!(next, Self::Created),
            Self::Completed(_) | Self::Failed(_) | Self::Cancelled => false,
        }
    }
}

impl Backtest {
    /// A backtest of one version of a strategy over the instants from `from` up to, and without, `to`.
    ///
    /// # Errors
    /// [`BacktestError::Period`] where `to` is not after `from`.
    pub fn new(
        id: BacktestId,
        strategy: StrategyId,
        strategy_version: u32,
        from: Time,
        to: Time,
    ) -> Result<Self, BacktestError> {
        if to <= from {
            return Err(BacktestError::Period(from, to));
        }
        Ok(Self { id, strategy, strategy_version, from, to, state: BacktestState::Created })
    }

    /// Goes on to `next`.
    ///
    /// # Errors
    /// [`BacktestError`] where the step is not lawful, or progress would leave 0..=1 or go back; nothing changes then.
    pub fn step(&mut self, next: BacktestState) -> Result<(), BacktestError> {
        if !self.state.leads_to(&next) {
            return Err(BacktestError::IllegalStep { state: self.state.name(), next: next.name() });
        }
        if let BacktestState::Running(progress) = next {
            let last = self.progress();
            if !(last..=Rate::ONE).contains(&progress) {
                return Err(BacktestError::Progress { progress, last });
            }
        }
        self.state = next;
        Ok(())
    }

    /// The share that is done, 0..=1; zero where it broke or was called off.
    #[must_use]
    pub const fn progress(&self) -> Rate {
        match self.state {
            BacktestState::Running(progress) => progress,
            BacktestState::Completed(_) => Rate::ONE,
            BacktestState::Created | BacktestState::Failed(_) | BacktestState::Cancelled => Rate::ZERO,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> BacktestId {
        self.id
    }

    /// The strategy and its version.
    #[must_use]
    pub const fn strategy(&self) -> (StrategyId, u32) {
        (self.strategy, self.strategy_version)
    }

    /// The first instant, and the first instant that is no longer part of it.
    #[must_use]
    pub const fn period(&self) -> (Time, Time) {
        (self.from, self.to)
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &BacktestState {
        &self.state
    }
}
