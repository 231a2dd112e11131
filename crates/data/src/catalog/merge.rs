//! New rows into the files there are: two streams in order of time, one behind the other, nothing of either dropped.
use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;

use qframe_model::time::Time;

use super::error::Differing;
use super::place::Place;
use super::record::{Identity, Record, of_kind};
use super::stored::Stored;
use super::written::Writer;
use super::{CatalogError, Period};
use crate::csv::write_rows;
use crate::rows::Rows;

/// What to do with a row that is stored with other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Conflict {
    /// Stop. Periods before it are stored, its own is as it was.
    #[default]
    Refuse,
    /// The stored row stays.
    Keep,
    /// The new row takes its place.
    Replace,
}

/// What became of rows: each is counted once, but a replaced one is differing too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Not there before.
    pub added: u64,
    /// There already, with the same values.
    pub same: u64,
    /// There already, with other values.
    pub differing: u64,
    /// Of those, how many took the place of the stored one.
    pub replaced: u64,
}

impl Merged {
    /// Both together.
    pub fn add(&mut self, other: Self) {
        let Self { added, same, differing, replaced } = other;
        self.added += added;
        self.same += same;
        self.differing += differing;
        self.replaced += replaced;
    }
}

const ALL: Range<Time> = Time::MIN..Time::MAX;

/// Merges batches. Memory holds one batch, and the rows of one instant.
pub(super) fn merge<R: Record>(
    place: &Place,
    mut batches: impl Iterator<Item = Rows>,
    conflict: Conflict,
) -> Result<Merged, CatalogError> {
    let mut merger = Merger::<R>::new(place, conflict);
    batches.try_for_each(|rows| merger.push(rows))?;
    Box::new(merger).finish()
}

/// A merge that goes on from call to call: the file of a period is written once, however many batches its rows come in.
/// It is committed when rows of another period come, and at the end; dropped before, it leaves that file as it was.
/// While this lives, nobody else writes the data set.
pub struct Merging {
    merger: Box<dyn Merge + Send>,
    _lock: File,
}

impl Merging {
    /// The caller holds the lock, and gives it away.
    pub(super) fn new(place: &Place, conflict: Conflict, lock: File) -> Self {
        let merger =
            of_kind!(place.key.kind, R => Box::new(Merger::<R>::new(place, conflict)) as Box<dyn Merge + Send>);
        Self { merger, _lock: lock }
    }

    /// Takes a batch in. Memory holds it, and the rows of one instant.
    ///
    /// # Errors
    /// As [`super::Catalog::merge`]. The file at hand is then as it was, and the rows of it that came before are not stored.
    pub fn push(&mut self, rows: Rows) -> Result<(), CatalogError> {
        self.merger.push(rows)
    }

    /// Commits the last file, and tells what became of all rows.
    ///
    /// # Errors
    /// As [`super::Catalog::merge`].
    pub fn finish(self) -> Result<Merged, CatalogError> {
        self.merger.finish()
    }
}

impl std::fmt::Debug for Merging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Merging").finish_non_exhaustive()
    }
}

/// A merge of rows of any kind.
trait Merge {
    fn push(&mut self, rows: Rows) -> Result<(), CatalogError>;
    fn finish(self: Box<Self>) -> Result<Merged, CatalogError>;
}

/// Rows into the files of one data set, one open at a time.
struct Merger<R> {
    place: Place,
    conflict: Conflict,
    open: Option<Opened<R>>,
    merged: Merged,
}

impl<R: Record> Merger<R> {
    fn new(place: &Place, conflict: Conflict) -> Self {
        Self { place: place.clone(), conflict, open: None, merged: Merged::default() }
    }

    fn take(&mut self, mut rows: &[R]) -> Result<(), CatalogError> {
        while let Some(first) = rows.first() {
            let time = first.time();
            if self.open.as_ref().is_some_and(|open| !open.takes(time)) {
                self.close()?;
            }
            let period = Period::of(&self.place.key, time);
            let open = match &mut self.open {
                Some(open) => open,
                none => none.insert(Opened::new(&self.place, period, self.conflict)?),
            };
            let (now, later) = rows.split_at(rows.partition_point(|row| open.period.holds(row.time())));
            open.push(now)?;
            rows = later;
        }
        if R::IS_TOLD_BY_DAY { self.close() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), CatalogError> {
        self.open.take().map_or(Ok(()), |open| open.finish(&mut self.merged))
    }
}

impl<R: Record> Merge for Merger<R> {
    fn push(&mut self, rows: Rows) -> Result<(), CatalogError> {
        let rows = R::of(rows).ok_or_else(|| CatalogError::OtherKind(self.place.key.clone()))?;
        if let Some(pair) = rows.windows(2).find(|pair| pair[0].time() > pair[1].time()) {
            return Err(CatalogError::OutOfOrder(self.place.key.clone(), pair[1].time(), pair[0].time()));
        }
        // Half of a batch is not to be committed later.
        self.take(&rows).inspect_err(|_| self.open = None)
    }

    fn finish(mut self: Box<Self>) -> Result<Merged, CatalogError> {
        self.close()?;
        Ok(self.merged)
    }
}

/// New rows into the file of one period. Nothing is written before the first row that changes anything.
struct Opened<R> {
    place: Place,
    period: Period,
    conflict: Conflict,
    stored: Option<Run<R>>,
    /// New rows of one instant.
    pending: Vec<R>,
    /// All rows of that instant.
    instant: Vec<R>,
    /// How many stored rows were left behind as they are.
    passed: u64,
    writer: Option<Writer<R>>,
    known: Known,
    counts: Merged,
}

impl<R: Record> Opened<R> {
    fn new(place: &Place, period: Period, conflict: Conflict) -> Result<Self, CatalogError> {
        let path = place.file(period);
        let stored = match path.try_exists() {
            Ok(false) => None,
            // What cannot be looked at cannot be opened either, and that says why.
            _ => Some(Run::new(Stored::open(period, &path, ALL)?)),
        };
        Ok(Self {
            place: place.clone(),
            period,
            conflict,
            stored,
            pending: Vec::new(),
            instant: Vec::new(),
            passed: 0,
            writer: None,
            known: Known::default(),
            counts: Merged::default(),
        })
    }

    /// False for a time of another period, and for one that was passed already.
    fn takes(&self, time: Time) -> bool {
        self.period.holds(time) && self.pending.first().is_none_or(|row| row.time() <= time)
    }

    fn push(&mut self, rows: &[R]) -> Result<(), CatalogError> {
        for row in rows {
            if self.pending.first().is_some_and(|first| first.time() != row.time()) {
                self.unite()?;
            }
            self.pending.push(*row);
        }
        Ok(())
    }

    fn finish(mut self, merged: &mut Merged) -> Result<(), CatalogError> {
        self.unite()?;
        if let (Some(writer), Some(stored)) = (&mut self.writer, &mut self.stored) {
            while let Some(rows) = stored.before(None)? {
                writer.push(rows)?;
            }
        }
        // Some systems do not replace a file that is open.
        drop(self.stored);
        self.writer.map_or(Ok(()), Writer::commit)?;
        merged.add(self.counts);
        Ok(())
    }

    /// Unites the new rows of an instant with the stored ones.
    fn unite(&mut self) -> Result<(), CatalogError> {
        let Some(time) = self.pending.first().map(Record::time) else { return Ok(()) };
        self.instant.clear();
        if let Some(stored) = &mut self.stored {
            while let Some(rows) = stored.before(Some(time))? {
                match &mut self.writer {
                    Some(writer) => writer.push(rows)?,
                    None => self.passed += rows.len() as u64,
                }
            }
            stored.at(time, &mut self.instant)?;
        }
        let there = self.instant.len() as u64;
        let changed = self.known.unite(&mut self.instant, &self.pending, self.conflict, &mut self.counts);
        let changed = changed.map_err(|(stored, given)| {
            let (stored, given) = (written(stored), written(given));
            CatalogError::Conflict(Box::new(Differing { key: self.place.key.clone(), time, stored, given }))
        })?;
        self.pending.clear();
        if changed && self.writer.is_none() {
            self.writer = Some(self.copy_of_passed()?);
        }
        match &mut self.writer {
            Some(writer) => writer.push(&self.instant)?,
            None => self.passed += there,
        }
        Ok(())
    }

    /// A new file that begins with the rows that were passed.
    fn copy_of_passed(&self) -> Result<Writer<R>, CatalogError> {
        let mut writer = Writer::new(&self.place, self.period)?;
        let mut left = usize::try_from(self.passed).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(writer);
        }
        let mut stored = Run::new(Stored::open(self.period, &self.place.file(self.period), ALL)?);
        while let Some(rows) = stored.before(None)?.filter(|_| left > 0) {
            let rows = &rows[..rows.len().min(left)];
            writer.push(rows)?;
            left -= rows.len();
        }
        Ok(writer)
    }
}

/// Stored rows, taken from the front by their time.
struct Run<R> {
    /// `None` once it is read: to ask it again for each row that follows costs more than the row.
    stored: Option<Stored<R>>,
    rows: Vec<R>,
    place: usize,
}

impl<R: Record> Run<R> {
    const fn new(stored: Stored<R>) -> Self {
        Self { stored: Some(stored), rows: Vec::new(), place: 0 }
    }

    /// Some of the rows before a time, or of all; `None` where there are no more.
    fn before(&mut self, time: Option<Time>) -> Result<Option<&[R]>, CatalogError> {
        if !self.fill()? {
            return Ok(None);
        }
        let rest = &self.rows[self.place..];
        let count = time.map_or(rest.len(), |time| rest.partition_point(|row| row.time() < time));
        self.place += count;
        Ok((count > 0).then_some(&self.rows[self.place - count..self.place]))
    }

    /// All rows of a time, where they are next.
    fn at(&mut self, time: Time, rows: &mut Vec<R>) -> Result<(), CatalogError> {
        while self.fill()? && self.rows[self.place].time() == time {
            rows.push(self.rows[self.place]);
            self.place += 1;
        }
        Ok(())
    }

    /// Makes sure of a row, where there is one more.
    fn fill(&mut self) -> Result<bool, CatalogError> {
        while self.place == self.rows.len() {
            self.rows.clear();
            self.place = 0;
            let Some(stored) = &mut self.stored else { return Ok(false) };
            if !stored.next(&mut self.rows)? {
                self.stored = None;
            }
        }
        Ok(true)
    }
}

/// Where the rows of an instant stand; kept for its memory.
#[derive(Default)]
struct Known {
    places: HashMap<(Identity, u32), usize>,
    times: HashMap<Identity, u32>,
}

impl Known {
    /// Takes new rows in; true where that changes anything. An error is a stored row and the new one, which differ.
    fn unite<R: Record>(
        &mut self,
        stored: &mut Vec<R>,
        given: &[R],
        conflict: Conflict,
        counts: &mut Merged,
    ) -> Result<bool, (R, R)> {
        if stored.as_slice() == given {
            counts.same += given.len() as u64;
            return Ok(false);
        }
        if stored.is_empty() && given.len() == 1 {
            counts.added += 1;
            stored.extend_from_slice(given);
            return Ok(true);
        }
        if R::IS_TOLD_BY_DAY {
            return unite_by_day(stored, given, conflict, counts);
        }
        self.places.clear();
        self.times.clear();
        for (place, row) in stored.iter().enumerate() {
            let key = self.key(row);
            self.places.insert(key, place);
        }
        self.times.clear();
        let mut changed = false;
        for row in given {
            let key = self.key(row);
            let Some(place) = self.places.get(&key) else {
                self.places.insert(key, stored.len());
                stored.push(*row);
                counts.added += 1;
                changed = true;
                continue;
            };
            if stored[*place] == *row {
                counts.same += 1;
                continue;
            }
            counts.differing += 1;
            match conflict {
                Conflict::Refuse => return Err((stored[*place], *row)),
                Conflict::Keep => {}
                Conflict::Replace => {
                    stored[*place] = *row;
                    counts.replaced += 1;
                    changed = true;
                }
            }
        }
        stored.sort_by_key(Record::rank);
        Ok(changed)
    }

    /// The identity of a row, and the how manieth of it this is, where it may repeat.
    fn key<R: Record>(&mut self, row: &R) -> (Identity, u32) {
        let identity = row.identity();
        if !row.repeats() {
            return (identity, 0);
        }
        let times = self.times.entry(identity).or_default();
        *times += 1;
        (identity, *times)
    }
}

/// Rows of one identity as a whole: where either side tells all that the other does, both are right and the longer one stays;
/// else they contradict each other, and one of them goes.
fn unite_by_day<R: Record>(
    stored: &mut Vec<R>,
    given: &[R],
    conflict: Conflict,
    counts: &mut Merged,
) -> Result<bool, (R, R)> {
    let mut changed = false;
    for (place, first) in given.iter().enumerate() {
        let is_its = |row: &&R| row.identity() == first.identity();
        if given[..place].iter().any(|row| is_its(&row)) {
            continue;
        }
        let mut told: Vec<R> = Vec::new();
        for row in given.iter().filter(is_its) {
            // The same row again tells nothing more.
            if told.contains(row) {
                counts.same += 1;
            } else {
                told.push(*row);
            }
        }
        let there: Vec<R> = stored.iter().filter(is_its).copied().collect();
        let (known, new): (Vec<R>, Vec<R>) = told.iter().partition(|row| there.contains(row));
        counts.same += known.len() as u64;
        let grows = known.len() == there.len() && (there.is_empty() || first.repeats());
        if new.is_empty() {
            continue;
        }
        if grows {
            counts.added += new.len() as u64;
            stored.extend(new);
            changed = true;
            continue;
        }
        counts.differing += new.len() as u64;
        match conflict {
            Conflict::Refuse => return Err((there[0], new[0])),
            Conflict::Keep => {}
            Conflict::Replace => {
                counts.replaced += new.len() as u64;
                stored.retain(|row| !is_its(&row));
                stored.append(&mut told);
                changed = true;
            }
        }
    }
    stored.sort_by_key(Record::rank);
    Ok(changed)
}

/// A row as an export writes it.
fn written<R: Record>(row: R) -> String {
    let mut text = Vec::new();
    // Writing into memory does not fail.
    let _ = write_rows(&mut text, &R::rows(vec![row]));
    String::from_utf8_lossy(&text).trim_end().to_owned()
}
