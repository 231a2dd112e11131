//! Rows on their way into a data set, held against those that stand there at the same times.
use std::collections::{BTreeSet, HashMap};

use qframe_model::time::{Span, Time};

use super::CatalogError;
use super::place::Place;
use super::record::{Identity, Record};
use super::scan::Scan;
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
    /// Pauses between stored rows in which new ones lie: few where a file fills a hole, many where two sources alternate.
    pub filled: u64,
}

/// What two sources tell of one day they may tell of days beside each other: of dividends the last day with them, or the first
/// without.
const DAYS_APART: Span = Span::from_seconds(4 * 86_400);

impl Overlap {
    /// Where rows are told by day, those within four days of each other count as of one stretch, and only those of a sort that
    /// both have: a file of splits beside one of dividends is no other source.
    ///
    /// Memory holds a reference to each new row, and a batch of stored ones.
    pub(super) fn of<R: Record>(place: &Place, batches: &[Rows]) -> Result<Self, CatalogError> {
        let mut given: Vec<&R> = Vec::new();
        for rows in batches {
            given.extend(R::list(rows).ok_or_else(|| CatalogError::OtherKind(place.key.clone()))?);
        }
        // Stable: of rows of one time the first counts.
        given.sort_by_key(|row| row.time());
        let (Some(first), Some(last)) = (given.first(), given.last()) else { return Ok(Self::default()) };
        let (mut overlap, mut ends): (Self, Option<(Time, Time)>) = (Self::default(), None);
        let mut known = HashMap::new();
        let reach = if R::IS_TOLD_BY_DAY { DAYS_APART } else { Span::default() };
        let sorts: BTreeSet<u64> = given.iter().filter(|_| R::IS_TOLD_BY_DAY).map(|row| row.rank()).collect();
        let mut sorts_there = BTreeSet::new();
        let mut reached = None;
        // Of a set of thousands of files those of these days are opened, and no other.
        for stored in Scan::new(place, first.time() - reach..last.time() + reach + Span::from_nanos(1))? {
            let mut stored = R::of(stored?).ok_or_else(|| CatalogError::OtherKind(place.key.clone()))?;
            if R::IS_TOLD_BY_DAY {
                stored.retain(|row| sorts.contains(&row.rank()));
                sorts_there.extend(stored.iter().map(R::rank));
            }
            let (Some(first), Some(last)) = (stored.first(), stored.last()) else { continue };
            ends = Some((ends.map_or(first.time(), |(first, _)| first), last.time()));
            overlap.stored += stored.len() as u64;
            for instant in stored.chunk_by(|a, b| a.time() == b.time()) {
                let from = given.partition_point(|new| new.time() < instant[0].time());
                let until = given.partition_point(|new| new.time() <= instant[0].time());
                overlap.filled += u64::from(reached.is_some_and(|reached| reached < from));
                reached = Some(until);
                overlap.hold(instant, &given[from..until], &mut known);
            }
        }
        if let Some((first, last)) = ends {
            let ends = first - reach..=last + reach;
            let is_held = |row: &&&R| !R::IS_TOLD_BY_DAY || sorts_there.contains(&row.rank());
            overlap.given = given.iter().filter(is_held).filter(|row| ends.contains(&row.time())).count() as u64;
        }
        Ok(overlap)
    }

    /// Stored rows of an instant against the new ones of it; `known` is kept for its memory. Of a book an instant may have
    /// thousands.
    fn hold<'a, R: Record>(&mut self, stored: &[R], given: &[&'a R], known: &mut HashMap<Identity, Vec<&'a R>>) {
        if let ([row], [new]) = (stored, given) {
            let is_twin = *new == row || new.identity() == row.identity();
            self.common += u64::from(is_twin);
            self.differing += u64::from(is_twin && *new != row);
            return;
        }
        known.clear();
        given.iter().for_each(|new| known.entry(new.identity()).or_default().push(new));
        for row in stored {
            let Some(twins) = known.get(&row.identity()) else { continue };
            self.common += 1;
            self.differing += u64::from(!twins.contains(&row));
        }
    }
}
