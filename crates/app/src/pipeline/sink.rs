//! Where rows go that leave the process, and what it may answer.
use std::fmt;
use std::future::Future;
use std::time::Duration;

use qframe_data::Kind;
use qframe_model::count::counted;

use crate::Arrival;

/// A store outside. It need not be quick, nor there: its own worker waits for it, and nobody else.
///
/// A batch whose answer was lost comes again, and after a restart the last one may: writing a row twice must be the same
/// as writing it once.
pub trait Sink: Send + 'static {
    /// Writes rows; those of a data set come in order, within a batch and from one to the next. Trades that were missed and
    /// asked for again come when they came.
    ///
    /// # Errors
    /// [`SinkError`]: what became of the rows, and whether they may come again.
    fn write(&mut self, batch: &[Arrival]) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// True for the kinds of rows that it has a place for. It is not given others.
    fn takes(&self, kind: Kind) -> bool {
        let _ = kind;
        true
    }
}

/// Why a batch is not written, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkError {
    /// These rows can never be written; all the others of the batch are.
    Refused(Vec<Refusal>),
    /// The batch is too large: its rows come again in smaller ones.
    TooLarge(String),
    /// Nothing of it may be taken for written: it comes again, after the pause that the store asks for.
    Later {
        /// What the store, or the way to it, says.
        why: String,
        /// How long it wants to be left alone.
        after: Option<Duration>,
    },
}

/// A row that can never be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the batch, from 0.
    pub place: usize,
    /// The reason, by which it is counted: one of few.
    pub reason: &'static str,
    /// What the store said.
    pub text: String,
}

impl SinkError {
    /// One that comes again, after a pause that grows.
    #[must_use]
    pub fn later(why: impl fmt::Display) -> Self {
        Self::Later { why: why.to_string(), after: None }
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(rows) => {
                write!(f, "{} refused", counted(rows.len(), "row"))?;
                rows.first().map_or(Ok(()), |row| write!(f, "; the first: {}: {}", row.reason, row.text))
            }
            Self::TooLarge(why) => write!(f, "the batch is too large: {why}"),
            Self::Later { why, after: None } => f.write_str(why),
            Self::Later { why, after: Some(after) } => write!(f, "{why}; asks for a pause of {} s", after.as_secs()),
        }
    }
}

impl std::error::Error for SinkError {}

/// How rows are put together for a sink, and how many may wait for it.
#[derive(Debug, Clone)]
pub struct SinkOptions {
    /// The most rows of a batch.
    pub batch_rows: usize,
    /// A row waits no longer than this for others of its batch.
    pub linger: Duration,
    /// Rows between the fan-out and the worker.
    pub queue_rows: usize,
    /// Rows that wait in memory; more go to the disk. With 0 every row goes there first, and a killed process loses none that
    /// its worker had taken.
    pub memory_rows: usize,
    /// The most bytes on the disk; rows beyond it are lost, and counted.
    pub spool_bytes: u64,
    /// A batch that has no answer by then comes again.
    pub answer_max: Duration,
    /// The first pause after a failure; it doubles with each.
    pub pause_first: Duration,
    /// The longest pause of ours; a store may ask for a longer one, up to an hour.
    pub pause_max: Duration,
    /// So long may writing go on when the pipeline ends; what is left then stays on the disk.
    pub grace: Duration,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            batch_rows: 5_000,
            linger: Duration::from_millis(500),
            queue_rows: 1 << 14,
            memory_rows: 1 << 14,
            spool_bytes: 1 << 30,
            answer_max: Duration::from_secs(30),
            pause_first: Duration::from_millis(250),
            pause_max: Duration::from_secs(30),
            grace: Duration::from_secs(5),
        }
    }
}
