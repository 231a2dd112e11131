//! Research: run a strategy over data, read what came of it, compare many runs.
//!
//! [`Backtest`] feeds the engine and its simulated venue from [`DataSet`]s; an [`Outcome`] holds everything that a run
//! left behind: statistics, trades, equity curve, journal. Threads, no async; the clock is never read.
mod backtest;
mod blind;
mod contracts;
mod dataset;
mod ended;
mod feed;
mod hand;
mod hold;
pub mod lookahead;
mod outcome;
mod rates;
pub mod registry;
pub mod report;
pub mod scenarios;
pub mod strategies;
mod sweep;
mod ticks;

pub use backtest::{Backtest, RunError, Setup};
pub use blind::{Blind, Lack};
pub use contracts::{
    ContractTerms, contract_hours, contract_multiplier, contract_terms, contract_terms_at, contract_tick,
};
pub use dataset::{DataSet, Origin, customary};
pub use ended::Ended;
pub use outcome::{Curve, Outcome};
pub use rates::{RateSeries, RateStep};
pub use sweep::sweep;
pub use ticks::BadTicks;
