//! Every way a file can give no rows. A message says what, what was expected and what to try.
use std::fmt;

use qframe_model::count::counted;
use qframe_model::time::TimeFrame;

use super::dialect::Dialect;
use crate::error::{DataError, FileFault};
use crate::rows::Kind;

/// A file and why it was not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// The file; a member of an archive behind a `:`.
    pub file: String,
    /// What is wrong.
    pub fault: ImportFault,
    /// How many of its rows were handed on before: those of a large file.
    pub handed: u64,
}

/// Why a file was not imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportFault {
    /// As a file of text.
    File(FileFault),
    /// The packed data breaks off or is damaged: which packing, and the decoder's words.
    Packed(&'static str, String),
    /// A line longer than any row: which one.
    LongLine(u64),
    /// More bytes of JSON than any row has.
    LongRow(u64),
    /// It grows without measure while it is unpacked: so many bytes out of so many.
    Bomb(u64, u64),
    /// A member of an archive with a password.
    Locked,
    /// An archive with nothing in it.
    EmptyArchive,
    /// A format that is known and not read: its name and what to do.
    Foreign(&'static str, &'static str),
    /// No dialect: the columns or the first line.
    Unknown(String),
    /// The dialect asked for does not fit: why not.
    NotThat(Dialect, String),
    /// The kind asked for, and those in it.
    OtherKind(Kind, Vec<Kind>),
    /// Nothing says what was traded.
    NoSymbol(String),
    /// Nothing says how long a bar is.
    NoFrame(String),
    /// The time frame given, and the closer step of the rows.
    OtherFrame(TimeFrame, String),
    /// Every row was refused: how many, and the first.
    NoGoodRow(u64, String),
    /// A file of columns or of JSON is damaged; the decoder's words.
    Damaged(&'static str, String),
    /// Rows could not be handed on; the reason of whoever takes them.
    NotTaken(String),
}

/// What [`ImportFault::Foreign`] calls a recording.
pub(super) const RECORDING: &str = "a recording of an exchange's messages";

impl ImportFault {
    /// True where the file is a recording of messages.
    pub(super) fn is_recording(&self) -> bool {
        matches!(self, Self::Foreign(what, _) if *what == RECORDING)
    }
}

impl From<FileFault> for ImportFault {
    fn from(fault: FileFault) -> Self {
        Self::File(fault)
    }
}

impl From<DataError> for ImportFault {
    fn from(error: DataError) -> Self {
        match error {
            DataError::File(file) => Self::File(file.fault),
            other => Self::NotTaken(other.to_string()),
        }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.fault)?;
        if self.handed > 0 { write!(f, " (imported: {} before it)", counted(self.handed, "row")) } else { Ok(()) }
    }
}

impl std::error::Error for ImportError {}

impl fmt::Display for ImportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(fault @ FileFault::ZeroByte(line, column)) => write!(f, "line {line}, column {column}: {fault}"),
            Self::File(fault) => write!(f, "{fault}"),
            Self::Packed(packing, reason) => {
                write!(f, "the {packing} data breaks off or is damaged ({reason}); download it again")
            }
            Self::Bomb(out, packed) => write!(
                f,
                "{packed} packed bytes give over {out}: more than market data ever shrinks; unpack it yourself if you trust it"
            ),
            Self::LongLine(line) => write!(
                f,
                "line {line} is longer than a mebibyte, as no row is: is a line end missing in it? Mend it, or take it out"
            ),
            Self::LongRow(row) => {
                write!(f, "row {row} has over 16 mebibytes of JSON, as no row has; is it the export that you mean?")
            }
            Self::Locked => f.write_str("it is locked with a password; unpack it first"),
            Self::EmptyArchive => f.write_str("an archive with no file in it; is the download complete?"),
            Self::Foreign(format, remedy) => write!(f, "{format}; {remedy}"),
            Self::Unknown(seen) => write!(
                f,
                "no dialect recognises it: {seen}; expected columns such as time,open,high,low,close,volume or \
                 time,price,quantity, or rows of a known publisher: rename the columns, or name the --dialect"
            ),
            Self::NotThat(dialect, why) => {
                write!(f, "it is not {dialect}: {why}; leave --dialect out to see what it is")
            }
            Self::OtherKind(asked, found) => {
                let found: Vec<&str> = found.iter().map(|kind| kind.name()).collect();
                write!(f, "it holds {}, not {asked}; ask for what it holds or leave --kind out", found.join(" and "))
            }
            Self::NoSymbol(seen) => {
                write!(f, "nothing says what was traded ({seen}); name it with --symbol, such as --symbol BTC/USDT")
            }
            Self::NoFrame(found) => write!(f, "{found}: no time frame to see; name it with --timeframe, such as 1h"),
            Self::OtherFrame(given, found) => {
                write!(
                    f,
                    "rows lie {found} apart, the time frame given is {given}; import the file's own, then resample"
                )
            }
            Self::NoGoodRow(rows, first) => {
                write!(f, "nothing of use in {}; the first: {first}", counted(*rows, "row"))
            }
            Self::Damaged(format, reason) => write!(f, "the {format} is damaged ({reason}); download it again"),
            Self::NotTaken(reason) => f.write_str(reason),
        }
    }
}
