//! Why a task ended without being done.
use std::fmt;
use std::path::PathBuf;

/// Each says what, which value, and what to try.
#[derive(Debug)]
pub(crate) enum XtaskError {
    /// No task has this name.
    UnknownTask(String),
    /// A task does not know a word.
    UnknownWord { task: String, word: String },
    /// The root of the workspace is not where it should be.
    NoWorkspace,
    /// A program does not start.
    Start { program: String, error: std::io::Error },
    /// A program is not there.
    Missing { program: &'static str, advice: &'static str },
    /// A step of the checks failed.
    Step { name: &'static str, advice: &'static str },
    /// A file does not read.
    Read { path: PathBuf, error: std::io::Error },
    /// What `cargo metadata` said is not what it documents.
    Metadata(String),
    /// The rules of the house do not hold.
    Untidy { findings: usize },
    /// The tests ran, but their summary was not found.
    NoSummary,
}

impl XtaskError {
    /// 2 for wrong usage, 1 for the rest.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::UnknownTask(_) | Self::UnknownWord { .. } => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for XtaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask(name) => write!(f, "no task `{name}`; `cargo xtask help` lists them"),
            Self::UnknownWord { task, word } => {
                write!(f, "{task}: cannot use `{word}`; see `cargo xtask {task} --help`")
            }
            Self::NoWorkspace => f.write_str("the workspace is not found; start this as `cargo xtask` inside of it"),
            Self::Start { program, error } => write!(f, "`{program}` does not start: {error}; is it installed?"),
            Self::Missing { program, advice } => write!(f, "`{program}` is missing; {advice}"),
            Self::Step { name, advice } => write!(f, "{name} failed; {advice}"),
            Self::Read { path, error } => write!(f, "{} does not read: {error}", path.display()),
            Self::Metadata(what) => write!(f, "cargo metadata: {what}; try `cargo metadata --no-deps`"),
            Self::Untidy { findings: 1 } => f.write_str("tidy failed with 1 finding; it says what to do"),
            Self::Untidy { findings } => write!(f, "tidy failed with {findings} findings; each says what to do"),
            Self::NoSummary => f.write_str("the test runner gave no summary, so its counts are not known"),
        }
    }
}

impl std::error::Error for XtaskError {}
