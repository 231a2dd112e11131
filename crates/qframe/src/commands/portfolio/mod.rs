//! `qframe portfolio`: weights by an objective, the frontier of risk and return, and the trades that lead there.
mod frontier;
mod limits;
mod lots;
mod optimise;
mod rebalance;
mod wanted;
mod weights;

use clap::Subcommand;

use crate::error::Error;

/// What to do with a portfolio.
#[derive(Debug, Subcommand)]
pub(crate) enum PortfolioCommand {
    /// Find the weights that an objective asks for.
    #[command(visible_alias = "optimize")]
    Optimise(Box<optimise::Args>),
    /// Show the least risk of every return.
    Frontier(Box<frontier::Args>),
    /// Plan the trades from what is held to the weights that are wanted.
    Rebalance(Box<rebalance::Args>),
}

impl PortfolioCommand {
    pub(crate) fn run(self) -> Result<(), Error> {
        match self {
            Self::Optimise(args) => args.run(),
            Self::Frontier(args) => args.run(),
            Self::Rebalance(args) => args.run(),
        }
    }
}

/// A share as people read it.
fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.2} %", 100.0 * share) } else { ABSENT.to_owned() }
}

/// A number of so many decimals.
fn finite(value: f64, decimals: usize) -> String {
    if value.is_finite() { format!("{value:.decimals$}") } else { ABSENT.to_owned() }
}

/// Stands for a ratio to nothing, such as return over a volatility of zero.
const ABSENT: &str = "-";
