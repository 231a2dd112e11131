//! The laws and oracles of the backtest runner.
mod oracle;
