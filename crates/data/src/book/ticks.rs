//! The rows of one instrument of a recording, in the order in which they became known.
use std::collections::VecDeque;
use std::path::Path;

use qframe_model::market::Tick;
use qframe_model::symbol::Symbol;
use qframe_model::time::Time;

use super::books::{Books, Instrument};
use super::recording::{Recording, RecordingFacts};
use crate::error::{BadFile, DataError, FileFault};

/// Rows of one instrument. An error ends them.
pub struct Ticks {
    file: String,
    recording: Recording,
    wanted: Option<Symbol>,
    place: Option<usize>,
    rows: VecDeque<Tick>,
    /// The rows of one line.
    fresh: Vec<(usize, Tick)>,
    ended: bool,
}

/// Reads a recording of one instrument: trades, best quotes and changes of the book in the order in which they were
/// received. Only changes of a good book are there; where it is lost, a row clears it. `symbol` may name the venue; with
/// `None` the recording must have one instrument only.
///
/// # Errors
/// [`DataError::File`] where the file cannot be read; as an item also where it has several instruments and none is
/// named, or has not the one that is.
pub fn read_ticks(path: impl AsRef<Path>, symbol: Option<&Symbol>) -> Result<Ticks, DataError> {
    let file = path.as_ref().display().to_string();
    let recording = Recording::open(&[path])?;
    let (wanted, rows) = (symbol.cloned(), VecDeque::new());
    Ok(Ticks { file, recording, wanted, place: None, rows, fresh: Vec::new(), ended: false })
}

impl Iterator for Ticks {
    type Item = Result<Tick, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.rows.is_empty() && !self.ended {
            match self.fill() {
                Ok(more) => self.ended = !more,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        self.rows.pop_front().map(Ok)
    }
}

impl Ticks {
    /// The instrument, once a message of it was read.
    #[must_use]
    pub fn instrument(&self) -> Option<&Instrument> {
        self.place.and_then(|place| self.recording.books().instruments().get(place))
    }

    /// What was read so far.
    #[must_use]
    pub const fn facts(&self) -> &RecordingFacts {
        self.recording.facts()
    }

    /// The books so far.
    #[must_use]
    pub const fn books(&self) -> &Books {
        self.recording.books()
    }

    /// Reads one line; false at the end.
    fn fill(&mut self) -> Result<bool, DataError> {
        let Self { recording, fresh, .. } = self;
        let more = recording.step(|place, tick| fresh.push((place, tick)))?;
        let instruments = self.recording.books().instruments();
        let names = || instruments.iter().map(|instrument| instrument.symbol.to_string()).collect();
        match &self.wanted {
            None if instruments.len() > 1 => return Err(self.refused(FileFault::SeveralSymbols(names()))),
            None => self.place = (!instruments.is_empty()).then_some(0),
            Some(wanted) if self.place.is_none() => {
                self.place = instruments.iter().position(|instrument| is_meant(wanted, instrument));
                if self.place.is_none() && !more {
                    return Err(self.refused(FileFault::NoSuchSymbol(wanted.to_string(), names())));
                }
            }
            Some(_) => {}
        }
        let place = self.place;
        self.rows.extend(self.fresh.drain(..).filter(|(found, _)| Some(*found) == place).map(|(_, tick)| tick));
        Ok(more)
    }

    fn refused(&self, fault: FileFault) -> DataError {
        DataError::File(Box::new(BadFile { file: self.file.clone(), line: self.recording.facts().lines, fault }))
    }
}

/// Puts the venue's times of book rows in the order of the rows: each is no later than those that follow. A snapshot that
/// has no time of its own carries its receipt, and updates after it happened earlier by the exchange's clock: played by
/// that clock, it would undo them.
pub fn keep_in_order(ticks: &mut [Tick]) {
    let mut next = Time::MAX;
    for tick in ticks.iter_mut().rev() {
        if let Tick::Book(delta) = tick {
            delta.time = delta.time.min(next);
            next = delta.time;
        }
    }
}

/// The same symbol, and the same venue where one is named.
fn is_meant(wanted: &Symbol, instrument: &Instrument) -> bool {
    let name = wanted.as_str().split_once('@').map_or(wanted.as_str(), |(name, _)| name);
    name == instrument.symbol.as_str() && wanted.venue().is_none_or(|venue| venue == instrument.feed.venue())
}
