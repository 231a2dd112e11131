//! The domain: what a trader's words mean, and the rules that hold between them.
//!
//! Nothing here reads a clock, a file, a socket or the environment, and nothing is random: every function of this crate
//! gives the same answer on every machine. Money is exact (see [`number`]); every refusal is a value.
pub mod account;
pub mod assessment;
pub mod backtest;
pub mod book;
pub mod breaker;
pub mod conflicts;
pub mod count;
pub mod currency;
pub mod event;
pub mod fill;
pub mod ids;
pub mod instrument;
pub mod ledger;
pub mod market;
pub mod number;
pub mod order;
pub mod parameter;
pub mod portfolio;
pub mod position;
pub mod refusal;
pub mod schedule;
mod serial;
pub mod signal;
pub mod signals;
pub mod strategy;
pub mod symbol;
pub mod time;
pub mod wire;
