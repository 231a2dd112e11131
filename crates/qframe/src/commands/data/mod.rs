//! `qframe data`: market data looked at, mended and made into other frames.
mod check;
mod repair;
mod resample;
mod subject;

use clap::Subcommand;

use crate::error::Error;

/// What to do with data.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Say what is wrong with data, counted by reason, and how good it is. Nothing is changed.
    Check(Box<check::Args>),
    /// Mend data by stated rules: every change is printed, and what stood there is kept.
    Repair(Box<repair::Args>),
    /// Make longer bars of shorter ones, or bars of trades and quotes.
    Resample(Box<resample::Args>),
}

impl DataCommand {
    pub(crate) fn run(self) -> Result<(), Error> {
        match self {
            Self::Check(args) => args.run(),
            Self::Repair(args) => args.run(),
            Self::Resample(args) => args.run(),
        }
    }
}
