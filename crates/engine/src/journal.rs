//! The journal: every event in order, in its stored form, hash-chained.
//!
//! The stored form of an event is its length in three bytes and its [wire form](wire). The chain closes a link every
//! [`LINK_BYTES`] bytes: `link[n] = BLAKE3(link[n-1] | bytes of the link)`, so that two journals are equal where their
//! last links are, and the place of the first difference is found by bisection.
use std::fmt;

use qframe_model::event::{Event, EventRef};
use qframe_model::wire::{self, Encoder, WireError};

/// A link closes at the first event that makes it this long.
const LINK_BYTES: usize = 1 << 16;
/// Room for the event that closes a link.
const SLACK: usize = 1 << 8;
/// The longest event: the header of a run with its parameters and data.
const EVENT_BYTES_MAX: usize = 1 << 20;

/// What a journal keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Every event: it can be read again.
    #[default]
    All,
    /// Nothing but the count: for sweeps, which only look at results.
    Count,
}

/// Every event in order, in its stored form, hash-chained.
#[derive(Debug, Clone)]
pub struct Journal {
    keep: Keep,
    events: u64,
    /// The stored bytes of the links that are closed.
    links: Vec<Vec<u8>>,
    open: Vec<u8>,
    encoder: Encoder,
}

/// A journal that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// An event has no stored form.
    NotStored(WireError),
    /// An event is longer than the format allows.
    TooLong(usize),
    /// The stored bytes are no event.
    Damaged {
        /// Which event, from 0.
        event: u64,
        /// What the decoder said.
        reason: String,
    },
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStored(error) => write!(f, "an event cannot be stored: {error}"),
            Self::TooLong(bytes) => write!(f, "an event of {bytes} bytes (at most {EVENT_BYTES_MAX} are stored)"),
            Self::Damaged { event, reason } => write!(f, "event {event} of the journal does not read: {reason}"),
        }
    }
}

impl std::error::Error for JournalError {}

impl Journal {
    /// An empty journal.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        Self { keep, events: 0, links: Vec::new(), open: Vec::new(), encoder: Encoder::default() }
    }

    /// Appends an event.
    ///
    /// # Errors
    /// [`JournalError::TooLong`] for an event over a mebibyte.
    #[inline]
    pub fn record(&mut self, event: &Event) -> Result<(), JournalError> {
        self.append(EventRef::Whole(event))
    }

    /// As [`Journal::record`], from where the payload stands.
    #[inline]
    pub(crate) fn append(&mut self, event: EventRef<'_>) -> Result<(), JournalError> {
        self.events += 1;
        match self.keep {
            Keep::Count => Ok(()),
            Keep::All => self.store(event),
        }
    }

    fn store(&mut self, event: EventRef<'_>) -> Result<(), JournalError> {
        let start = self.open.len();
        self.open.extend_from_slice(&[0; 3]);
        match self.encoder.append(&event, &mut self.open) {
            Ok(bytes) if bytes <= EVENT_BYTES_MAX => {
                self.open[start..start + 3].copy_from_slice(&(bytes as u32).to_le_bytes()[..3]);
            }
            other => {
                self.open.truncate(start);
                return Err(other.map_or_else(JournalError::NotStored, JournalError::TooLong));
            }
        }
        if self.open.len() >= LINK_BYTES {
            // Handed over, not copied: the next link gets memory of its own.
            self.links.push(std::mem::replace(&mut self.open, Vec::with_capacity(LINK_BYTES + SLACK)));
        }
        Ok(())
    }

    /// How many events were recorded.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The hash of everything so far. It is made of all bytes when it is asked for, not while the run goes on: most runs are
    /// never asked.
    #[must_use]
    pub fn hash(&self) -> blake3::Hash {
        let closed = self.links.iter().fold(None, |before, bytes| Some(link(before, bytes)));
        link(closed, &self.open)
    }

    /// How many bytes the stored events take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.links.iter().map(Vec::len).sum::<usize>() + self.open.len()
    }

    /// The events, read back from their stored form.
    pub fn iter(&self) -> impl Iterator<Item = Result<Event, JournalError>> + '_ {
        let parts = self.links.iter().map(Vec::as_slice).chain(std::iter::once(self.open.as_slice()));
        let stored = parts.flat_map(|part| Stored { rest: part });
        stored.enumerate().map(|(place, bytes)| {
            let read = bytes.and_then(|bytes| wire::from_bytes(bytes).map_err(|error| error.to_string()));
            read.map_err(|reason| JournalError::Damaged { event: place as u64, reason })
        })
    }
}

/// The hash of a link that follows another.
fn link(before: Option<blake3::Hash>, bytes: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    if let Some(before) = before {
        hasher.update(before.as_bytes());
    }
    hasher.update(bytes);
    hasher.finalize()
}

/// Splits a link into the stored events.
struct Stored<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Stored<'a> {
    type Item = Result<&'a [u8], String>;
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let Some(([a, b, c], rest)) = rest.split_first_chunk::<3>() else {
            return Some(Err("it is cut short".to_owned()));
        };
        let length = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
        let Some((event, rest)) = rest.split_at_checked(length) else {
            return Some(Err("it is cut short".to_owned()));
        };
        self.rest = rest;
        Some(Ok(event))
    }
}
