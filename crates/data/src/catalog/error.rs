//! Every way the catalog can refuse. A message says where, what stood there, what was expected and what to try.
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use qframe_model::time::Time;

use crate::rows::DataKey;

/// Why the catalog does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatalogError {
    /// The system refuses: what was done, where, and its words.
    System {
        /// Such as `reading` or `writing`.
        doing: &'static str,
        /// A file or a folder.
        path: PathBuf,
        /// Its words.
        why: String,
    },
    /// A file of the catalog does not read.
    Broken {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file of a later format.
    Newer {
        /// Which.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// A name that is no name of a data set, and why.
    Key(String, &'static str),
    /// Rows of another kind than the data set has.
    OtherKind(DataKey),
    /// Rows that do not come oldest first: a time, and the later one before it.
    OutOfOrder(DataKey, Time, Time),
    /// A row that is there with other values.
    Conflict(Box<Differing>),
    /// All rows of a data set were replaced while it was read.
    Replaced(DataKey),
    /// A security that is there with other listings: as it is stored, and as it came.
    Securities(String, String),
    /// A day of a contract that is there with another open interest: as it is stored, and as it came.
    OpenInterest(String, u64, u64),
}

/// Two rows that should be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    /// Of which data set.
    pub key: DataKey,
    /// At which time.
    pub time: Time,
    /// The row that is stored.
    pub stored: String,
    /// The row that came.
    pub given: String,
}

impl CatalogError {
    pub(super) fn system(doing: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::System { doing, path: path.to_owned(), why: error.to_string() }
    }

    pub(super) fn broken(path: &Path, why: impl fmt::Display) -> Self {
        Self::Broken { path: path.to_owned(), why: why.to_string() }
    }
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { doing, path, why } => {
                write!(f, "{doing} {}: {why}; check the disk and its permissions", path.display())
            }
            Self::Broken { path, why } => {
                write!(f, "{}: damaged ({why}); take the file away and import its rows again", path.display())
            }
            Self::Newer { path, version } => {
                write!(f, "{}: format {version:?}, and this program knows {FORMAT}; use a later one", path.display())
            }
            Self::Key(name, why) => write!(f, "{name:?} is no data set: {why}"),
            Self::OtherKind(key) => write!(f, "{key}: the rows are of another kind; expected {}", key.kind),
            Self::OutOfOrder(key, time, before) => {
                write!(
                    f,
                    "{key}: a row of {time} follows one of {before}; expected oldest first: sort the rows by time"
                )
            }
            Self::Conflict(differing) => write!(f, "{differing}"),
            Self::Replaced(key) => {
                write!(f, "{key}: other rows took the place of all while it was read; read it again")
            }
            Self::Securities(stored, given) => {
                write!(f, "{stored} is stored, and it comes as {given}; keep the one or replace it by the other")
            }
            Self::OpenInterest(place, stored, given) => write!(
                f,
                "open interest of {place} is stored as {stored} and comes as {given}; keep the one or replace it by the other"
            ),
        }
    }
}

impl fmt::Display for Differing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, time, stored, given } = self;
        write!(f, "{key}: {time} is stored as {stored} and comes as {given}; keep the one or replace it by the other")
    }
}

impl std::error::Error for CatalogError {}

/// The format of the files that are written today.
pub(super) const FORMAT: &str = "1";
