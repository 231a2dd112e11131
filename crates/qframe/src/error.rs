//! What the command line says when it does not do what was asked.
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::process::ExitCode;

use qframe_data::{DataError, Remedy, printable};
use qframe_engine::{EngineError, SimulatorError};
use qframe_lab::RunError;
use qframe_lab::lookahead::LookError;

/// An answer other than "done".
#[derive(Debug)]
pub(crate) enum Error {
    /// The words of the command line or of the configuration are wrong: exit code 2.
    Usage {
        /// Which flag or key.
        flag: String,
        /// Its value.
        value: String,
        /// What is wrong, what was expected, what to try.
        why: String,
    },
    /// The words are right, and it cannot be done: exit code 1.
    Refused(String),
    /// The same for several things, a sentence each.
    Several(Vec<String>),
}

impl Error {
    pub(crate) fn usage(flag: &str, value: impl Display, why: impl Display) -> Self {
        Self::Usage { flag: flag.to_owned(), value: value.to_string(), why: why.to_string() }
    }

    /// Refused, for the reason that another error gives.
    pub(crate) fn refused(reason: impl Display) -> Self {
        Self::Refused(reason.to_string())
    }

    /// A file that cannot be read or written.
    pub(crate) fn file(what: &str, path: &std::path::Path, error: &io::Error) -> Self {
        Self::Refused(format!("{what} {}: {error}", path.display()))
    }

    /// Prints it, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // Where nobody can be told, the exit code still tells.
        let _ = match self {
            Self::Several(whys) => whys.iter().try_for_each(|why| writeln!(io::stderr(), "error: {}", plain(why))),
            _ => writeln!(io::stderr(), "error: {self}"),
        };
        match self {
            Self::Usage { .. } => ExitCode::from(2),
            Self::Refused(_) | Self::Several(_) => ExitCode::from(1),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { flag, value, why } if value.is_empty() => write!(f, "{flag}: {}", plain(why)),
            Self::Usage { flag, value, why } => write!(f, "{flag} {}: {}", printable(value), plain(why)),
            Self::Refused(why) => f.write_str(&plain(why)),
            Self::Several(whys) => f.write_str(&plain(&whys.join("; "))),
        }
    }
}

/// Words of files and flags come as they were written, and must not speak to the terminal; the lines stay.
fn plain(why: &str) -> String {
    why.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// What the reader of a file says, with its options as the flags they are here.
impl From<DataError> for Error {
    fn from(error: DataError) -> Self {
        let flag = match error.remedy() {
            Some(Remedy::SkipBadRows) => ", or pass over bad rows with --on-bad-row skip",
            Some(Remedy::MixOffsets) => ", or take each offset at its word with --offsets mixed",
            Some(Remedy::CloseColumn) => ", or name one of closes with --close-column NAME",
            Some(Remedy::Figure) => "; name the one that is meant with --column (of a benchmark --benchmark-column)",
            Some(Remedy::TimeFrame) | None => "",
        };
        Self::Refused(format!("{error:#}{flag}"))
    }
}

/// The flags of shorter parameters and of more data.
const FOR_MORE_BARS: &str = " (--param; --from, --to, --timeframe)";

/// The flag of an amount that all others grow from.
pub(crate) const FOR_SMALLER_AMOUNTS: &str = " (--cash)";

/// What a run says, with the settings that it names as the flags they are here.
impl From<RunError> for Error {
    fn from(error: RunError) -> Self {
        let flags = match error {
            RunError::TooShort { .. } => FOR_MORE_BARS,
            RunError::Stopped(SimulatorError::Engine(EngineError::Overflow(..)) | SimulatorError::Venue(..)) => {
                FOR_SMALLER_AMOUNTS
            }
            _ => "",
        };
        Self::Refused(format!("{error}{flags}"))
    }
}

impl From<LookError> for Error {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Run(error) => error.into(),
            LookError::NoCut { .. } => Self::Refused(format!("{error}{FOR_MORE_BARS}")),
            _ => Self::refused(error),
        }
    }
}

/// A closed pipe is a reader that has seen enough: no error worth a word.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        Self::Refused(format!("writing the answer: {error}"))
    }
}
