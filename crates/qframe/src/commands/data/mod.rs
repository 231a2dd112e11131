//! `qframe data`: market data looked at, mended and made into other frames.
mod check;
mod subject;

use clap::Subcommand;

use crate::error::Error;

/// What to do with data.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Say what is wrong with data, counted by reason, and how good it is. Nothing is changed.
    Check(check::Args),
}

impl DataCommand {
    pub(crate) fn run(self) -> Result<(), Error> {
        match self {
            Self::Check(args) => args.run(),
        }
    }
}
