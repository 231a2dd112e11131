//! `qframe data list`: the data sets of the catalog.
use std::io::Write;

use qframe_data::catalog::InterestFacts;
use qframe_data::securities::Security;
use qframe_data::{Catalog, SetFacts};
use qframe_model::time::{Time, TimeFrame};
use serde::Serialize;

use super::size;
use crate::error::Error;
use crate::run::catalog::Root;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe data list --json
  qframe data list --securities         (what was read out of map files: ids and all tickers)")]
pub(crate) struct Args {
    #[command(flatten)]
    root: Root,
    /// List the securities, with all they were called.
    #[arg(long)]
    securities: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A data set as JSON shows it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    symbol: String,
    venue: String,
    kind: &'static str,
    timeframe: Option<String>,
    rows: u64,
    first: Time,
    last: Time,
    bytes: u64,
    files: usize,
    hash: String,
}

impl From<&SetFacts> for Row {
    fn from(facts: &SetFacts) -> Self {
        Self {
            symbol: facts.key.symbol.to_string(),
            venue: facts.key.venue.clone(),
            kind: facts.key.kind.name(),
            timeframe: facts.key.frame.map(|frame| frame.to_string()),
            rows: facts.rows,
            first: facts.first,
            last: facts.last,
            bytes: facts.bytes,
            files: facts.files.len(),
            hash: facts.hash.to_string(),
        }
    }
}

impl From<&InterestFacts> for Row {
    fn from(facts: &InterestFacts) -> Self {
        Self {
            symbol: facts.symbol.to_string(),
            venue: facts.venue.clone(),
            kind: "open-interest",
            timeframe: Some(TimeFrame::DAY.to_string()),
            rows: facts.days,
            first: facts.first,
            last: facts.last,
            bytes: facts.bytes,
            files: 1,
            hash: facts.hash.to_string(),
        }
    }
}

/// A security as JSON shows it.
#[derive(Debug, Serialize)]
pub(super) struct Named {
    id: String,
    venue: String,
    ticker: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    filed: Option<String>,
    listings: Vec<Listing>,
}

#[derive(Debug, Serialize)]
struct Listing {
    ticker: String,
    exchange: String,
    from: Time,
    /// The first instant of not being listed so any more.
    until: Option<Time>,
}

impl Named {
    pub(super) fn new(venue: &str, security: &Security) -> Self {
        let listing = |listing: &qframe_data::securities::Listing| Listing {
            ticker: listing.ticker.clone(),
            exchange: listing.exchange.clone(),
            from: listing.from,
            until: (listing.until != Time::MAX).then_some(listing.until),
        };
        Self {
            id: security.id().to_string(),
            venue: venue.to_owned(),
            ticker: security.ticker().to_owned(),
            filed: security.filed().map(str::to_owned),
            listings: security.listings().iter().map(listing).collect(),
        }
    }
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let catalog = self.root.open()?;
        if self.securities {
            return self.securities(&catalog);
        }
        let (mut rows, mut broken) = (Vec::new(), Vec::new());
        // One damaged file does not hide the others.
        for key in catalog.keys()? {
            match catalog.facts(&key) {
                Ok(facts) => rows.extend(facts.iter().map(Row::from)),
                Err(error) => broken.push(error.to_string()),
            }
        }
        match catalog.open_interest_facts() {
            Ok(facts) => rows.extend(facts.iter().map(Row::from)),
            Err(error) => broken.push(error.to_string()),
        }
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &rows).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else if !rows.is_empty() {
            table(&rows, &mut out)?;
        } else if broken.is_empty() {
            writeln!(out, "nothing yet in {}; `qframe data import` puts rows in", catalog.root().display())?;
        }
        for venue in catalog.venues_of_securities()? {
            match catalog.securities(&venue) {
                Ok(securities) if !self.json => {
                    let count = securities.all().len();
                    writeln!(out, "securities of {venue}: {count}; `qframe data list --securities` lists them")?;
                }
                Ok(_) => {}
                Err(error) => broken.push(error.to_string()),
            }
        }
        if broken.is_empty() { Ok(()) } else { Err(Error::Several(broken)) }
    }
}

impl Args {
    fn securities(&self, catalog: &Catalog) -> Result<(), Error> {
        let mut all = Vec::new();
        for venue in catalog.venues_of_securities()? {
            let securities = catalog.securities(&venue)?;
            all.extend(securities.all().map(|security| (venue.clone(), security.clone())));
        }
        let mut out = std::io::stdout().lock();
        if self.json {
            let rows: Vec<Named> = all.iter().map(|(venue, security)| Named::new(venue, security)).collect();
            serde_json::to_writer_pretty(&mut out, &rows).map_err(std::io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        if all.is_empty() {
            let root = catalog.root().display();
            writeln!(out, "no securities yet in {root}; `qframe data import` reads map files")?;
        }
        all.iter().try_for_each(|(venue, security)| writeln!(out, "{venue}  {security}"))?;
        Ok(())
    }
}

fn table(rows: &[Row], out: &mut dyn Write) -> std::io::Result<()> {
    let header = ["symbol", "venue", "kind", "frame", "rows", "first", "last", "size", "content"].map(str::to_owned);
    let rows = rows.iter().map(|row| {
        [
            row.symbol.clone(),
            row.venue.clone(),
            row.kind.to_owned(),
            row.timeframe.clone().unwrap_or_else(|| "-".to_owned()),
            row.rows.to_string(),
            format!("{:#}", row.first),
            format!("{:#}", row.last),
            size(row.bytes),
            row.hash[..12].to_owned(),
        ]
    });
    let lines: Vec<[String; 9]> = std::iter::once(header).chain(rows).collect();
    let widths: [usize; 9] = std::array::from_fn(|c| lines.iter().map(|line| line[c].len()).max().unwrap_or(0));
    for line in &lines {
        let cells = line.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            // Numbers end at one place.
            4 | 7 => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
