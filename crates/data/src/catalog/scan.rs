//! Rows out of the catalog, batch by batch: only files, and of them only row groups, that overlap the range are read.
use std::ops::Range;
use std::path::PathBuf;

use qframe_model::market::Bar;
use qframe_model::time::Time;

use super::place::Place;
use super::record::{Record, of_kind};
use super::stored::Stored;
use super::{CatalogError, Period, swap};
use crate::rows::Rows;

/// Batches of rows, oldest first. Ends after the first error. Memory holds one batch, and the pages it is in.
///
/// Where another whole takes the place of the set meanwhile, the next batch is [`CatalogError::Replaced`].
pub struct Scan {
    place: Place,
    turn: u64,
    files: std::vec::IntoIter<(Period, PathBuf)>,
    range: Range<Time>,
    open: Option<Box<dyn Batches + Send>>,
}

impl Scan {
    pub(super) fn new(place: &Place, range: Range<Time>) -> Result<Self, CatalogError> {
        let (files, turn) = steady(place, || Ok((overlapping(place, &range)?.into_iter(), swap::turn(place)?)))?;
        Ok(Self { place: place.clone(), turn, files, range, open: None })
    }

    fn read(&mut self) -> Result<Option<Rows>, CatalogError> {
        loop {
            if let Some(open) = &mut self.open {
                if let Some(rows) = open.batch()? {
                    return Ok(Some(rows));
                }
                self.open = None;
            }
            let Some((period, path)) = self.files.next() else { return Ok(None) };
            let range = self.range.clone();
            let open: Result<Box<dyn Batches + Send>, CatalogError> = of_kind!(self.place.key.kind, R => {
                let mut stored = Stored::<R>::open(period, &path, range.clone());
                if stored.is_err() && !path.exists() {
                    // The whole has taken its place since: there it is the same file.
                    stored = Stored::<R>::open(period, &self.place.file(period), range);
                }
                stored.map(|stored| Box::new(stored.checked()) as Box<dyn Batches + Send>)
            });
            // A file that is open stays what it is. Asked afterwards, the turn tells of which whole it is.
            if swap::turn(&self.place)? != self.turn {
                return Err(CatalogError::Replaced(self.place.key.clone()));
            }
            self.open = Some(open?);
        }
    }
}

impl Iterator for Scan {
    type Item = Result<Rows, CatalogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read();
        if read.is_err() {
            self.open = None;
            self.files = Vec::new().into_iter();
        }
        read.transpose()
    }
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scan")
            .field("files", &self.files.as_slice())
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// Rows of any kind.
trait Batches {
    /// The next rows, at least one.
    fn batch(&mut self) -> Result<Option<Rows>, CatalogError>;
}

impl<R: Record> Batches for Stored<R> {
    fn batch(&mut self) -> Result<Option<Rows>, CatalogError> {
        let mut rows = Vec::new();
        while self.next(&mut rows)? {
            if !rows.is_empty() {
                return Ok(Some(R::rows(rows)));
            }
        }
        Ok(None)
    }
}

/// All bars of a range, behind those there are; where asked, the content of whole files is checked.
pub(super) fn bars(
    place: &Place,
    range: &Range<Time>,
    bars: &mut Vec<Bar>,
    is_checked: bool,
) -> Result<(), CatalogError> {
    let before = bars.len();
    steady(place, || {
        bars.truncate(before);
        for (period, path) in overlapping(place, range)? {
            let stored = Stored::<Bar>::open(period, &path, range.clone())?;
            let mut stored = if is_checked { stored.checked() } else { stored };
            bars.reserve(stored.room());
            while stored.next(bars)? {}
        }
        Ok(())
    })
}

/// So often a reading is begun again where another whole took the place of the set meanwhile.
const TRIES: usize = 16;

/// Reads what is all of one whole.
pub(super) fn steady<T>(place: &Place, mut read: impl FnMut() -> Result<T, CatalogError>) -> Result<T, CatalogError> {
    for _ in 0..TRIES {
        let state = || Ok::<_, CatalogError>((swap::turn(place)?, place.fresh().is_dir()));
        let before = state()?;
        let done = read();
        // What was read may be of two wholes, and what failed may be a file that has gone: this tells.
        if state()? == before {
            return done;
        }
    }
    Err(CatalogError::Replaced(place.key.clone()))
}

fn overlapping(place: &Place, range: &Range<Time>) -> Result<Vec<(Period, PathBuf)>, CatalogError> {
    let mut files = place.files()?;
    let behind_start = |period: &Period| period.end == Time::MAX || range.start < period.end;
    files.retain(|(period, _)| behind_start(period) && (period.start < range.end || range.end == Time::MAX));
    Ok(files)
}
