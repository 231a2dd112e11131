//! `qframe data drop`: a data set out of the catalog.
use std::io::Write;

use qframe_data::Catalog;
use qframe_model::count::counted;

use super::Which;
use crate::error::Error;
use crate::run::security::Held;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe data drop BTC/USDT@binance --kind trades --yes
  qframe data drop FB:2012-05-18@usa --yes       (what a security was called; the rows of its tickers stay)")]
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
        let catalog = self.which.root.open()?;
        if let Some(held) = self.which.security(&catalog)? {
            return self.forget(&catalog, &held);
        }
        let (catalog, key) = self.which.open()?;
        // A damaged file is a reason to take a data set away.
        let rows = catalog.facts(&key).ok().flatten().map(|facts| facts.rows);
        if !self.yes {
            let rows = rows.map_or_else(String::new, |rows| format!("{} of ", counted(rows, "row")));
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

    /// Forgets what a security was called; the rows under its tickers stay.
    fn forget(&self, catalog: &Catalog, held: &Held) -> Result<(), Error> {
        let Held { security, venue, .. } = held;
        if !self.yes {
            return Err(Error::usage("--yes", "", format!("add it to forget {security} of {venue}; its rows stay")));
        }
        let gone = catalog.forget_security(venue, security.id())?;
        let mut out = std::io::stdout().lock();
        if self.json {
            let said = serde_json::json!({ "security": security.id().to_string(), "venue": venue, "dropped": gone });
            return Ok(writeln!(out, "{said:#}")?);
        }
        Ok(writeln!(out, "{}@{venue}: forgotten; its rows stay", security.id())?)
    }
}
