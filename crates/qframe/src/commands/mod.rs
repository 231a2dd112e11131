//! The commands, one file each.
pub(crate) mod backtest;
pub(crate) mod data;
pub(crate) mod exchange;
pub(crate) mod lookahead;
pub(crate) mod portfolio;
pub(crate) mod report;
pub(crate) mod risk;
pub(crate) mod samples;
pub(crate) mod strategies;
mod table;
