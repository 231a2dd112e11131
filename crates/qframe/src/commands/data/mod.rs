//! `qframe data`: market data, one file a command.
pub(crate) mod book;

use clap::Subcommand;

use crate::error::Error;

/// What to do with market data.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Rebuild the order books of a recorded stream and say how good they are.
    Book(book::Args),
}

impl DataCommand {
    pub(crate) fn run(self) -> Result<(), Error> {
        match self {
            Self::Book(args) => args.run(),
        }
    }
}
