//! `qframe data drop`: a data set out of the catalog.
use std::io::Write;

use super::Which;
use crate::error::Error;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: qframe data drop BTC/USDT@binance --kind trades --yes")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Do it: its files go, and nothing brings them back.
    #[arg(long)]
    yes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let (catalog, key) = self.which.open()?;
        // A damaged file is a reason to take a data set away.
        let rows = catalog.facts(&key).ok().flatten().map(|facts| facts.rows);
        if !self.yes {
            let rows = rows.map_or_else(String::new, |rows| format!("{rows} rows of "));
            return Err(Error::usage("--yes", "", format!("add it to take away {rows}{key}")));
        }
        let gone = catalog.take_away(&key)?;
        let mut out = std::io::stdout().lock();
        if self.json {
            let said = serde_json::json!({ "set": key.to_string(), "rows": rows, "dropped": gone });
            return Ok(writeln!(out, "{said:#}")?);
        }
        Ok(writeln!(out, "{key}: taken away")?)
    }
}
