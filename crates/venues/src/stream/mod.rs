//! Live streams of exchanges: connections that heal themselves, books that are whole, tapes without holes.
//!
//! A [`Session`] is one connection as a fold over what happens to it; [`Stream`] drives sessions with sockets and a clock.
mod control;
mod counts;
mod fill;
mod market;
mod plan;
mod record;
mod session;
mod socket;
pub mod tape;

use std::fmt;

pub use qframe_app::{Arrival, Row};

pub use counts::{Counts, Latencies, SubjectCounts};
pub use fill::Source;
pub use market::{Answer, Ask};
pub use plan::{Channel, Exchange, Line, Wanted};
pub use session::{Deed, Refused, Session, Timings};
pub use socket::{Settings, Stream};

/// Why there is no stream, or none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamError {
    /// The exchange has nothing of this kind.
    Wanted(String),
    /// An address is none.
    Address(String),
    /// The exchange refuses what was asked for, in its words.
    Refused(String),
    /// The recording cannot be written.
    Recording(String),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wanted(why) | Self::Address(why) => f.write_str(why),
            Self::Refused(words) => write!(f, "the exchange refuses the subscription: {words}"),
            Self::Recording(why) => write!(f, "the recording cannot be written: {why}"),
        }
    }
}

impl std::error::Error for StreamError {}
