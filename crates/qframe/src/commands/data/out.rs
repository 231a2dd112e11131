//! `--out` of the commands that write bars or rows into a file: never over one that is there, unless asked.
use std::path::{Path, PathBuf};

use qframe_data::Format;
use qframe_lab::report::write_atomically;
use qframe_model::market::Bar;

use crate::error::Error;
use crate::run::target::check_new;

/// The flags.
#[derive(Debug, clap::Args)]
pub(super) struct Out {
    /// Write a file (CSV; by its ending .csv.gz, .parquet or .arrow), and nothing into the catalog
    #[arg(long = "out", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "file")]
    force: bool,
}

impl Out {
    /// Finds out before the work whether it can be written.
    pub(super) fn check(&self) -> Result<(), Error> {
        let Some(path) = &self.file else { return Ok(()) };
        if path.as_os_str() == "-" {
            return Err(Error::usage("--out", "-", "expected a file; ./- is one of that name"));
        }
        check_new("--out", path, self.force)
    }
}

/// Writes bars, and gives the name of the file.
pub(super) fn write(path: &Path, bars: &[Bar]) -> Result<String, Error> {
    let done = write_atomically(path, |out| Ok(Format::of(path).write(out, bars)?));
    done.map_err(|error| Error::Refused(format!("--out {error}")))?;
    Ok(path.display().to_string())
}
