//! `qframe data export`: a data set as one file, for other programs.
use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::Range;
use std::path::PathBuf;

use clap::ValueEnum;
use qframe_data::catalog::{Columns, ExportError};
use qframe_data::{Catalog, DataKey, header, write_rows};
use qframe_lab::report::{ReportError, check_writable, write_atomically};
use qframe_model::time::Time;

use super::{Period, Which};
use crate::error::Error;

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
    /// Where to write it [standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
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
        if let Some(path) = &self.out {
            check_writable(path).map_err(|error| Error::Refused(format!("--out {error}")))?;
        }
        let (catalog, key) = self.which.open()?;
        let range = self.period.range()?;
        let Some(path) = &self.out else {
            let out = io::stdout();
            if self.format != Format::Csv && out.is_terminal() {
                return Err(Error::usage("--format", "", "it is no text; name a file with --out FILE"));
            }
            let mut out = BufWriter::new(out);
            return written(self.write(&catalog, &key, range, &mut out).map(drop));
        };
        let mut count = 0;
        let wrote = write_atomically(path, |out| {
            count = self.write(&catalog, &key, range, out)?;
            Ok(())
        });
        wrote.map_err(|error| Error::Refused(format!("--out {error}")))?;
        let mut out = io::stdout().lock();
        if self.json {
            let said = serde_json::json!({ "set": key.to_string(), "rows": count, "file": path.display().to_string() });
            return Ok(writeln!(out, "{said:#}")?);
        }
        Ok(writeln!(out, "{count} rows of {key} written: {}", path.display())?)
    }

    fn write(
        &self,
        catalog: &Catalog,
        key: &DataKey,
        range: Range<Time>,
        out: &mut (dyn Write + Send),
    ) -> Result<u64, ReportError> {
        let columns = match self.format {
            Format::Csv => return text(catalog, key, range, out),
            Format::Parquet => Columns::Parquet,
            Format::Arrow => Columns::Arrow,
        };
        catalog.export(key, range, columns, out).map_err(|error| match error {
            ExportError::Catalog(error) => io::Error::other(error.to_string()).into(),
            ExportError::Write(why) => io::Error::other(why).into(),
        })
    }
}

fn text(catalog: &Catalog, key: &DataKey, range: Range<Time>, out: &mut dyn Write) -> Result<u64, ReportError> {
    let refused = |error: qframe_data::CatalogError| io::Error::other(error.to_string());
    writeln!(out, "{}", header(key.kind))?;
    let mut count = 0;
    for rows in catalog.scan(key, range).map_err(refused)? {
        let rows = rows.map_err(refused)?;
        count += rows.len() as u64;
        write_rows(&mut *out, &rows)?;
    }
    out.flush()?;
    Ok(count)
}

fn written(wrote: Result<(), ReportError>) -> Result<(), Error> {
    wrote.map_err(|error| match error {
        ReportError::Write(error) => error.into(),
        other => Error::refused(other),
    })
}
