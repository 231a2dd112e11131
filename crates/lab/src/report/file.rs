//! Files that are there whole or not at all: written beside their place, then moved to it.
use std::fmt;
use std::fs::{self, File, TryLockError};
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
/// [`WriteError`] where the folder is missing or not writable, where `path` is a folder, or where another run writes it.
pub fn check_writable(path: &Path) -> Result<(), WriteError> {
    let check = || match Target::of(path)? {
        // Who reads a pipe would take an opening and a closing for the whole report.
        Target::Stream if is_pipe(path) => Ok(()),
        Target::Stream => File::options().append(true).open(path).map(drop),
        Target::File { place, partial } => {
            let _own = claim(&partial)?;
            fs::remove_file(&partial)?;
            // A file that is there and not ours to write would be replaced all the same: better ask.
            if place.exists() { File::options().append(true).open(&place).map(drop) } else { Ok(()) }
        }
    };
    check().map_err(|error| WriteError { path: path.to_owned(), error: error.into() })
}

/// Writes a file through `write`. At no instant is half of it at `path`; where writing fails, what was there stays.
/// It is written to `.NAME.partial` beside it first; what a killed run left there is overwritten. A path that is no plain
/// file (a pipe, `/dev/stdout`) is written straight, and a link is followed, to a file that is not there yet too.
///
/// # Errors
/// [`WriteError`] with the path and the reason.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), ReportError>,
) -> Result<(), WriteError> {
    let written = Target::of(path).map_err(ReportError::from).and_then(|target| match target {
        Target::Stream => stream(path, write),
        Target::File { place, partial } => replace(&place, &partial, write),
    });
    written.map_err(|error| WriteError { path: path.to_owned(), error })
}

/// The one name of a file, whether it is there yet or not, and whatever links lead to it.
#[must_use]
pub fn real_path(path: &Path) -> PathBuf {
    let named = || {
        let place = behind_links(path);
        let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(place.file_name()?))
    };
    match path.canonicalize() {
        Ok(place) => place,
        Err(error) if error.kind() == io::ErrorKind::NotFound => named().unwrap_or_else(|| path.to_owned()),
        Err(_) => path.to_owned(),
    }
}

fn stream(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let mut out = BufWriter::new(File::options().append(true).open(path)?);
    write(&mut out)?;
    Ok(out.flush()?)
}

fn replace(
    place: &Path,
    partial: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    let mut out = BufWriter::new(claim(partial)?);
    let written = write(&mut out).and_then(|()| {
        out.flush()?;
        Ok(out.get_ref().sync_all()?)
    });
    if written.is_err() {
        // The first failure is the one to tell of; a leftover is overwritten by the next run.
        let _ = fs::remove_file(partial);
        return written;
    }
    let told =
        |error: io::Error| io::Error::new(error.kind(), format!("{error}; all of it is in {}", partial.display()));
    Ok(fs::rename(partial, place).map_err(told)?)
}

/// Opens the file that is written first, empty and for one run alone: the lock goes with the run.
fn claim(partial: &Path) -> io::Result<File> {
    let told = |error: io::Error| match partial.symlink_metadata() {
        Ok(_) => io::Error::other(format!("{}: {error}; take it away", partial.display())),
        Err(_) => error,
    };
    let file = File::options().write(true).create(true).truncate(false).open(partial).map_err(told)?;
    // Between opening and locking, the other run may have moved it to its place.
    if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) || !partial.exists() {
        let text = format!("another run is writing it ({})", partial.display());
        return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
    }
    file.set_len(0)?;
    Ok(file)
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

/// Where a path leads.
enum Target {
    /// Something that takes bytes and cannot be replaced.
    Stream,
    /// A file, behind links where there are any, and the name it is written under first.
    File { place: PathBuf, partial: PathBuf },
}

impl Target {
    fn of(path: &Path) -> io::Result<Self> {
        let place = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
            Ok(found) if !found.is_file() => return Ok(Self::Stream),
            Ok(_) => fs::canonicalize(path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => end_of_links(path)?,
            Err(error) => return Err(error),
        };
        let Some(name) = place.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file"));
        };
        let mut partial = std::ffi::OsString::from(".");
        partial.push(name);
        partial.push(".partial");
        Ok(Self::File { partial: place.with_file_name(partial), place })
    }
}

fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let place = behind_links(path);
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if place != path && !folder.is_dir() {
        let text = format!("it is a link to {}, whose folder is missing", place.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    Ok(place)
}

/// Where links lead whose last one points at nothing. The system refuses circles of them before.
fn behind_links(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    while let Ok(next) = fs::read_link(&place) {
        place = place.with_file_name("").join(next);
    }
    place
}
