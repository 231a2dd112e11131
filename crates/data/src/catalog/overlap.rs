//! Rows on their way into a data set, held against those that stand there at the same times.
use qframe_model::time::{Span, Time};

use super::place::Place;
use super::record::Record;
use super::scan::Scan;
use super::{CatalogError, SetFacts};
use crate::rows::Rows;

/// The stretch of time of which both have rows, and how far they agree there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    /// Rows that stand there.
    pub stored: u64,
    /// New rows.
    pub given: u64,
    /// Stored rows that have a new one beside them: of the same time, and of the number, the action or the values that tell
    /// rows of one time apart.
    pub common: u64,
    /// Of those, how many have other values.
    pub differing: u64,
}

impl Overlap {
    /// Memory holds a reference to each new row, and a batch of stored ones.
    pub(super) fn of<R: Record>(place: &Place, batches: &[Rows]) -> Result<Self, CatalogError> {
        let mut given: Vec<&R> = Vec::new();
        for rows in batches {
            given.extend(R::list(rows).ok_or_else(|| CatalogError::OtherKind(place.key.clone()))?);
        }
        // Stable: of rows of one time the first counts.
        given.sort_by_key(|row| row.time());
        let (Some(first), Some(last)) = (given.first(), given.last()) else { return Ok(Self::default()) };
        let Some(known) = SetFacts::read(place)? else { return Ok(Self::default()) };
        let inside = |time: Time| known.first <= time && time <= known.last;
        let mut overlap =
            Self { given: given.iter().filter(|row| inside(row.time())).count() as u64, ..Self::default() };
        for stored in Scan::new(place, first.time()..last.time() + Span::from_nanos(1))? {
            let stored = R::of(stored?).ok_or_else(|| CatalogError::OtherKind(place.key.clone()))?;
            overlap.stored += stored.len() as u64;
            for row in &stored {
                overlap.hold(row, &given);
            }
        }
        Ok(overlap)
    }

    fn hold<R: Record>(&mut self, row: &R, given: &[&R]) {
        let from = given.partition_point(|new| new.time() < row.time());
        let twins = || given[from..].iter().take_while(|new| new.time() == row.time());
        if twins().any(|new| *new == row) {
            self.common += 1;
        } else if twins().any(|new| new.identity() == row.identity()) {
            self.common += 1;
            self.differing += 1;
        }
    }
}
