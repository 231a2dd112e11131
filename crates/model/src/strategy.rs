//! The strategy as something one keeps: its name, parameters, version and state. How it trades is the engine's business.
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::parameter::{ParameterError, ParameterSpec, Parameters};

/// The number of a strategy, given by whoever keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StrategyId(pub u64);

/// What a strategy lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyKind {
    /// Prices that go on as they went.
    Trend,
    /// Prices that come back.
    MeanReversion,
    /// What rose most.
    Momentum,
    /// Prices that leave a range.
    Breakout,
    /// One thing at two prices.
    Arbitrage,
    /// The spread.
    MarketMaking,
    /// The weights of many things.
    Portfolio,
    /// Something else.
    Custom,
}

/// Where a strategy stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyState {
    /// Does nothing.
    Inactive,
    /// Trades.
    Active,
    /// Would trade, but is held.
    Paused,
    /// Failed; the reason.
    Error(String),
    /// Runs over the past.
    Backtesting,
}

impl fmt::Display for StrategyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Error(_) => "error",
            Self::Backtesting => "backtesting",
        })
    }
}

/// What one asks of a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Trade: from inactive or paused.
    Activate,
    /// Hold still: from active.
    Pause,
    /// Stop trading: from active or paused.
    Deactivate,
    /// Run over the past: from inactive.
    BeginBacktest,
    /// Be done with the past: from backtesting.
    EndBacktest,
    /// Forget the error: from error.
    Reset,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Activate => "activate",
            Self::Pause => "pause",
            Self::Deactivate => "deactivate",
            Self::BeginBacktest => "begin a backtest of",
            Self::EndBacktest => "end the backtest of",
            Self::Reset => "reset",
        })
    }
}

impl Step {
    /// The state that this step leads to; `None` where it is not lawful.
    #[must_use]
    pub const fn leads_from(self, state: &StrategyState) -> Option<StrategyState> {
        use StrategyState::{Active, Backtesting, Error, Inactive, Paused};
        Some(match (self, state) {
            (Self::Activate, Inactive | Paused) => Active,
            (Self::Pause, Active) => Paused,
            (Self::Deactivate, Active | Paused) | (Self::EndBacktest, Backtesting) | (Self::Reset, Error(_)) => {
                Inactive
            }
            (Self::BeginBacktest, Inactive) => Backtesting,
            _ => return None,
        })
    }
}

/// See the [module](self).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Strategy {
    id: StrategyId,
    name: String,
    kind: StrategyKind,
    parameters: Parameters,
    version: u32,
    state: StrategyState,
}

/// Why a strategy does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrategyError {
    /// A strategy without a name.
    NoName,
    /// A step that its state does not allow.
    IllegalStep {
        /// What was asked.
        step: Step,
        /// Where it stands.
        state: StrategyState,
    },
    /// New parameters while it runs on the old ones.
    Running(StrategyState),
    /// A parameter that it does not take.
    Parameter(ParameterError),
}

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("a strategy needs a name; the one given is empty"),
            Self::IllegalStep { step, state: StrategyState::Error(reason) } => {
                write!(f, "cannot {step} a strategy in error ({reason}); reset it first")
            }
            Self::IllegalStep { step, state } => write!(f, "cannot {step} a strategy that is {state}"),
            Self::Running(state) => {
                write!(f, "cannot change parameters of a strategy that is {state}; pause it or wait")
            }
            Self::Parameter(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StrategyError {}

impl From<ParameterError> for StrategyError {
    fn from(error: ParameterError) -> Self {
        Self::Parameter(error)
    }
}

impl Strategy {
    /// An inactive strategy of version 1.
    ///
    /// # Errors
    /// [`StrategyError::NoName`] for a blank name.
    pub fn new(id: StrategyId, name: &str, kind: StrategyKind, parameters: Parameters) -> Result<Self, StrategyError> {
        if name.trim().is_empty() {
            return Err(StrategyError::NoName);
        }
        Ok(Self { id, name: name.to_owned(), kind, parameters, version: 1, state: StrategyState::Inactive })
    }

    /// Takes a step.
    ///
    /// # Errors
    /// [`StrategyError::IllegalStep`] where the state does not allow it.
    pub fn step(&mut self, step: Step) -> Result<(), StrategyError> {
        let illegal = || StrategyError::IllegalStep { step, state: self.state.clone() };
        self.state = step.leads_from(&self.state).ok_or_else(illegal)?;
        Ok(())
    }

    /// Goes into error, from any state. A later reason replaces an earlier one.
    pub fn fail(&mut self, reason: &str) {
        self.state = StrategyState::Error(reason.to_owned());
    }

    /// Sets parameters by name. The version grows by one where any value changes.
    ///
    /// # Errors
    /// [`StrategyError`] while active or backtesting, and for a parameter that `specs` does not take; nothing changes then.
    pub fn change<N: AsRef<str>, T: AsRef<str>>(
        &mut self,
        specs: &[ParameterSpec],
        given: &[(N, T)],
    ) -> Result<(), StrategyError> {
        if matches!(self.state, StrategyState::Active | StrategyState::Backtesting) {
            return Err(StrategyError::Running(self.state.clone()));
        }
        let changed = self.parameters.clone().with(specs, given)?;
        if changed != self.parameters {
            self.parameters = changed;
            self.version = self.version.saturating_add(1);
        }
        Ok(())
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> StrategyId {
        self.id
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it lives on.
    #[must_use]
    pub const fn kind(&self) -> StrategyKind {
        self.kind
    }

    /// Its parameters.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Its version: 1 at first, one more with each change of its parameters.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &StrategyState {
        &self.state
    }
}
