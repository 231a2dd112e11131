//! Why a report could not be written.
use std::fmt;
use std::io;

use qframe_engine::JournalError;
use qframe_model::number::Overflow;

/// A stream that fails, or a run that kept too little.
#[derive(Debug)]
pub enum ReportError {
    /// The stream does not take it.
    Write(io::Error),
    /// The journal does not read.
    Journal(JournalError),
    /// The run kept no journal, and this needs one.
    NotKept,
    /// An amount leaves the range of exact numbers.
    Fold(Overflow),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(error) => error.fmt(f),
            Self::Journal(error) => error.fmt(f),
            Self::NotKept => f.write_str("the run kept no journal; run it with Keep::All to list orders and cash"),
            Self::Fold(overflow) => write!(f, "{overflow}; use smaller amounts or another unit"),
        }
    }
}

impl std::error::Error for ReportError {}

impl From<io::Error> for ReportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}

impl From<JournalError> for ReportError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<Overflow> for ReportError {
    fn from(overflow: Overflow) -> Self {
        Self::Fold(overflow)
    }
}
