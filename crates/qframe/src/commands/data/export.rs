//! `qframe data export`: a data set as one file, for other programs.
use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::Range;
use std::path::PathBuf;

use clap::ValueEnum;
use qframe_data::catalog::{Columns, ExportError};
use qframe_data::{Catalog, CatalogError, DataKey, header, write_rows};
use qframe_lab::report::{ReportError, write_atomically};
use qframe_model::count::counted;
use qframe_model::time::Time;

use super::{Period, Which};
use crate::error::Error;
use crate::run::target::check_new;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe data export BTC/USDT --timeframe 1m --from 2021-01-01 --to 2021-01-31 --out january.csv
  qframe data export BTC/USDT@binance --kind trades --format parquet --out trades.parquet")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    period: Period,
    /// The format of the file.
    #[arg(long, default_value = "csv")]
    format: Format,
    /// Where to write it; `-` is standard output [standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "out")]
    force: bool,
    /// Print what was written as JSON; needs --out.
    #[arg(long, requires = "out")]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text, exact decimals.
    Csv,
    /// Parquet with exact decimals.
    Parquet,
    /// Arrow IPC (feather).
    Arrow,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let path = self.out.as_ref().filter(|path| path.as_os_str() != "-");
        if path.is_none() && self.json {
            return Err(Error::usage("--json", "", "the rows go to standard output; name a file with --out FILE"));
        }
        path.map_or(Ok(()), |path| check_new("--out", path, self.force))?;
        let (catalog, key) = self.which.open()?;
        let range = self.period.range()?;
        some_rows(&catalog, &key, range.clone())?;
        let Some(path) = path else {
            let out = io::stdout();
            if self.format != Format::Csv && out.is_terminal() {
                return Err(Error::usage("--format", "", "it is no text; name a file with --out FILE"));
            }
            return written(self.write(&catalog, &key, range, &mut BufWriter::new(out)));
        };
        let mut done = Ok(0);
        let wrote = write_atomically(path, |out| match self.write(&catalog, &key, range, out) {
            Err(Failure::Out(error)) => Err(error),
            other => {
                let failed = other.is_err();
                done = other;
                // The catalog is to blame then, and the file stays as it was.
                if failed { Err(io::Error::other("nothing was written").into()) } else { Ok(()) }
            }
        });
        let count = match (done, wrote) {
            (Err(failure), _) => return written(Err(failure)),
            (Ok(_), Err(error)) => return Err(Error::Refused(format!("--out {error}"))),
            (Ok(count), Ok(())) => count,
        };
        let mut out = io::stdout().lock();
        if self.json {
            let said = serde_json::json!({ "set": key.to_string(), "rows": count, "file": path.display().to_string() });
            return Ok(writeln!(out, "{said:#}")?);
        }
        Ok(writeln!(out, "{} of {key} written: {}", counted(count, "row"), path.display())?)
    }

    fn write(
        &self,
        catalog: &Catalog,
        key: &DataKey,
        range: Range<Time>,
        out: &mut (dyn Write + Send),
    ) -> Result<u64, Failure> {
        let columns = match self.format {
            Format::Csv => return text(catalog, key, range, out),
            Format::Parquet => Columns::Parquet,
            Format::Arrow => Columns::Arrow,
        };
        catalog.export(key, range, columns, out).map_err(|error| match error {
            ExportError::Catalog(error) => Failure::Catalog(error),
            ExportError::Write(why) => io::Error::other(why).into(),
        })
    }
}

/// Which side failed.
enum Failure {
    Catalog(CatalogError),
    Out(ReportError),
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Out(error.into())
    }
}

/// A file of no rows would look like one that was written.
fn some_rows(catalog: &Catalog, key: &DataKey, range: Range<Time>) -> Result<(), Error> {
    if catalog.scan(key, range)?.next().transpose()?.is_some() {
        return Ok(());
    }
    let has = catalog.facts(key)?.map(|facts| format!("; it has {:#} to {:#}", facts.first, facts.last));
    Err(Error::Refused(format!("{key}: no rows between --from and --to{}", has.unwrap_or_default())))
}

fn text(catalog: &Catalog, key: &DataKey, range: Range<Time>, out: &mut dyn Write) -> Result<u64, Failure> {
    writeln!(out, "{}", header(key.kind))?;
    let mut count = 0;
    for rows in catalog.scan(key, range)? {
        let rows = rows?;
        count += rows.len() as u64;
        write_rows(&mut *out, &rows)?;
    }
    out.flush()?;
    Ok(count)
}

fn written(wrote: Result<u64, Failure>) -> Result<(), Error> {
    match wrote {
        Ok(_) => Ok(()),
        Err(Failure::Catalog(error)) => Err(error.into()),
        Err(Failure::Out(ReportError::Write(error))) => Err(error.into()),
        Err(Failure::Out(other)) => Err(Error::refused(other)),
    }
}
