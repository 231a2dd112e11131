//! Files that are there whole or not at all: written beside their place, then moved to it.
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::ReportError;

/// A file that could not be written.
#[derive(Debug)]
pub struct WriteError {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub error: ReportError,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cannot be written: {}", self.path.display(), self.error)?;
        match &self.error {
            ReportError::Write(error) if error.kind() == io::ErrorKind::NotFound => {
                f.write_str("; make its folder first, or name another one")
            }
            ReportError::Write(error) if error.kind() == io::ErrorKind::IsADirectory => {
                f.write_str("; name a file in it")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for WriteError {}

/// Finds out before a run whether its report can be written: a file is made beside `path` and taken away again.
/// What stands at `path` stays as it is.
///
/// # Errors
/// [`WriteError`] where the folder is missing or not writable, or where `path` is a folder.
pub fn check_writable(path: &Path) -> Result<(), WriteError> {
    let check = || match Target::of(path)? {
        Target::Stream => File::options().append(true).open(path).map(drop),
        Target::File { place, beside } => {
            File::create(&beside)?;
            fs::remove_file(&beside)?;
            // A file that is there and not ours to write would be replaced all the same: better ask.
            if place.exists() { File::options().append(true).open(&place).map(drop) } else { Ok(()) }
        }
    };
    check().map_err(|error| failed(path, error))
}

/// Writes a file through `write`. At no instant is half of it at `path`; where writing fails, what was there stays.
/// A path that is no plain file (a pipe, `/dev/stdout`) is written straight.
///
/// # Errors
/// [`WriteError`] with the path and the reason.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ReportError>,
) -> Result<(), WriteError> {
    let target = Target::of(path).map_err(|error| failed(path, error))?;
    let written = match &target {
        Target::Stream => stream(path, write),
        Target::File { place, beside } => replace(place, beside, write),
    };
    written.map_err(|error| WriteError { path: path.to_owned(), error })
}

fn failed(path: &Path, error: io::Error) -> WriteError {
    WriteError { path: path.to_owned(), error: error.into() }
}

fn stream(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), ReportError>) -> Result<(), ReportError> {
    let mut out = BufWriter::new(File::options().append(true).open(path)?);
    write(&mut out)?;
    Ok(out.flush()?)
}

fn replace(
    place: &Path,
    beside: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let mut out = BufWriter::new(File::create(beside)?);
    let written = write(&mut out).and_then(|()| {
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(fs::rename(beside, place)?)
    });
    if written.is_err() {
        // The first failure is the one to tell of; a leftover beside the place is no harm.
        let _ = fs::remove_file(beside);
    }
    written
}

/// Where a path leads.
enum Target {
    /// Something that takes bytes and cannot be replaced.
    Stream,
    /// A file, behind links where there are any, and the name it is written under first.
    File { place: PathBuf, beside: PathBuf },
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        let place = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
            Ok(found) if !found.is_file() => return Ok(Self::Stream),
            Ok(_) => fs::canonicalize(path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error),
        };
        let Some(name) = place.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file"));
        };
        let beside = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
        Ok(Self::File { beside: place.with_file_name(beside), place })
    }
}
