//! QFrame: backtest, research, paper and live trading on one engine.
//!
//! [`prelude`] is what a strategy needs. A program of your own gets the whole command line, with your strategies in its
//! list, from [`command_line`].
mod commands;
mod error;
mod run;

pub mod prelude;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use qframe_lab::registry::StrategySpec;

/// Backtest, research, paper and live trading on one engine.
#[derive(Debug, Parser)]
#[command(name = "qframe", version, about, after_help = "Try: qframe backtest --param fast=10 --param slow=20")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a strategy over recorded prices and report what came of it.
    Backtest(Box<run::raw::Raw>),
    /// The tear sheet of an equity curve or of returns: metrics, drawdowns, rolling windows, beside a benchmark.
    Report(Box<commands::report::Report>),
    /// Prove that a strategy decides on what it could know, and that its warm-up is long enough.
    Lookahead(Box<commands::lookahead::Lookahead>),
    /// List the strategies with their parameters, defaults and ranges.
    Strategies(commands::strategies::Strategies),
    /// List the recorded prices that come with the program.
    Samples(commands::samples::Samples),
    /// Market data: import it, look at it, check and mend it, rebuild order books, make other bars, export it.
    #[command(subcommand)]
    Data(commands::data::DataCommand),
    /// How much a book can lose, and why: value at risk, stress, exposure, limits.
    Risk(Box<commands::risk::Args>),
    /// Portfolios: weights by an objective, the frontier, and the trades that lead there.
    #[command(subcommand)]
    Portfolio(commands::portfolio::PortfolioCommand),
    /// Serve a local exchange that clients of Binance and Coinbase trade on, over recorded markets.
    Exchange(Box<commands::exchange::Exchange>),
}

/// Runs the command line of the process over `own` strategies and the bundled ones. Exit code 0: done; 1: refused;
/// 2: wrong usage. Errors go to standard error.
#[must_use]
pub fn command_line(own: &[StrategySpec]) -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Backtest(raw) => commands::backtest::run(*raw, own),
        Command::Report(report) => report.run(),
        Command::Lookahead(look) => look.run(own),
        Command::Strategies(list) => list.run(own),
        Command::Samples(list) => list.run(),
        Command::Data(command) => command.run(),
        Command::Risk(args) => args.run(),
        Command::Portfolio(command) => command.run(),
        Command::Exchange(exchange) => exchange.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
