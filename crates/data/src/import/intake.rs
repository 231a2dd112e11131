//! From files into a catalog: rows of many files are gathered and merged together, and what was said of them is kept
//! beside them.
use std::collections::BTreeMap;
use std::path::Path;

use qframe_model::time::Time;

use super::foreign::{Foreign, foreign};
use super::{Import, ImportError, OpenInterest, Wish, import};
use crate::catalog::{Catalog, CatalogError, Conflict, Merged, Merging, Named, Remark};
use crate::rows::{DataKey, Rows};
use crate::securities::Security;

/// Rows on their way into a catalog. Without one they are only read: a dry run.
#[derive(Debug)]
pub struct Intake<'a> {
    catalog: Option<&'a Catalog>,
    conflict: Conflict,
    strangers: Strangers,
    waiting: BTreeMap<DataKey, Waiting>,
    /// The files of which rows of a set were merged last: what follows of them is of the same source.
    taken: BTreeMap<DataKey, Vec<String>>,
    /// The merge that goes on: more rows of the same file may follow, and a file of the catalog is to be written once. One
    /// only, since each holds a lock, and two processes that hold several may wait for each other.
    open: Option<(DataKey, Merging)>,
    rows: usize,
    remarks: Vec<(DataKey, String, Vec<Remark>)>,
    securities: BTreeMap<String, Vec<Security>>,
    interest: Vec<(String, OpenInterest)>,
    became: Became,
}

/// What became of all that was taken in; nothing without a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Became {
    /// The rows of each data set.
    pub rows: BTreeMap<DataKey, Merged>,
    /// The securities of each venue.
    pub securities: BTreeMap<String, Named>,
    /// The days of open interest of each contract, `ES-20131220@cme`.
    pub interest: BTreeMap<String, Merged>,
    /// Rows that were not taken.
    pub foreign: Vec<Foreign>,
}

/// What to do with rows that most likely are of another source than their set: more than one in ten of at least ten that
/// are there already has other values; or at least ten of each lie in one stretch of time, and less than half of the fewer ones
/// are the same (of dividends and splits, two are enough).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strangers {
    /// None of them is taken, and that is told.
    #[default]
    Refuse,
    /// They are merged like all others.
    Take,
}

/// Rows of one set that wait for others.
#[derive(Debug, Default)]
struct Waiting {
    batches: Vec<Rows>,
    files: Vec<String>,
    /// The first and the last time of those of earlier files, and of the file at hand.
    earlier: Option<(Time, Time)>,
    own: Option<(Time, Time)>,
}

/// So many rows of small files wait for each other, so that a file of the catalog is rewritten once for many of them.
const ROWS_MAX: usize = 1 << 20;
/// So many files with something to say of them.
const REMARKS_MAX: usize = 1_000;

impl<'a> Intake<'a> {
    /// Into a catalog; `conflict` says what becomes of a row that is stored with other values.
    #[must_use]
    pub fn new(catalog: Option<&'a Catalog>, conflict: Conflict, strangers: Strangers) -> Self {
        let (waiting, taken, open, remarks) = (BTreeMap::new(), BTreeMap::new(), None, Vec::new());
        let (securities, interest, became) = (BTreeMap::new(), Vec::new(), Became::default());
        Self { catalog, conflict, strangers, waiting, taken, open, rows: 0, remarks, securities, interest, became }
    }

    /// Reads a file and takes its rows in.
    pub fn take(&mut self, path: &Path, wish: &Wish) -> Vec<Result<Import, ImportError>> {
        let file = path.display().to_string();
        let mut sink = |key: &DataKey, rows: Rows| self.gather(key, rows, &file).map_err(|error| error.to_string());
        let answers = import(path, wish, &mut sink);
        for import in answers.iter().flatten() {
            self.note(import);
            if let (Some((venue, security)), true) = (&import.history, self.catalog.is_some()) {
                self.securities.entry(venue.clone()).or_default().push(security.clone());
            }
            if let (Some(interest), true) = (&import.open_interest, self.catalog.is_some()) {
                self.interest.push(interest.clone());
            }
        }
        answers
    }

    /// Merges what still waits, and tells what became of everything.
    ///
    /// # Errors
    /// [`CatalogError`]: the disk, a damaged file, a conflict that is to be refused. What was merged before stays.
    pub fn finish(mut self) -> Result<Became, CatalogError> {
        self.merge()?;
        self.close()?;
        if let Some(catalog) = self.catalog {
            for (venue, securities) in std::mem::take(&mut self.securities) {
                let named = catalog.merge_securities(&venue, securities, self.conflict)?;
                self.became.securities.insert(venue, named);
            }
            for (venue, OpenInterest { symbol, rows }) in std::mem::take(&mut self.interest) {
                let merged = catalog.merge_open_interest(&symbol, &venue, &rows, self.conflict)?;
                self.became.interest.entry(format!("{symbol}@{venue}")).or_default().add(merged);
            }
        }
        Ok(self.became)
    }

    fn gather(&mut self, key: &DataKey, rows: Rows, file: &str) -> Result<(), CatalogError> {
        let Some((first, last)) = ends(&rows).filter(|_| self.catalog.is_some()) else { return Ok(()) };
        if let Some(foreign) = self.became.foreign.iter_mut().find(|foreign| foreign.is_of(key, file)) {
            foreign.rows += rows.len() as u64;
            return Ok(());
        }
        let meets =
            |waiting: &Waiting| waiting.files.last().is_some_and(|known| known != file) && waiting.meets(first, last);
        if self.waiting.get(key).is_some_and(meets) {
            // Two files of one time are held against each other, as against what is stored.
            self.merge()?;
        }
        self.rows += rows.len();
        self.waiting.entry(key.clone()).or_default().take(rows, file, (first, last));
        if self.rows >= ROWS_MAX || self.remarks.len() >= REMARKS_MAX { self.merge() } else { Ok(()) }
    }

    fn note(&mut self, import: &Import) {
        if self.catalog.is_none() {
            return;
        }
        let told = |key: &DataKey| !self.became.foreign.iter().any(|foreign| foreign.is_of(key, &import.file));
        for set in import.sets.iter().filter(|set| told(&set.key)) {
            let notes = std::iter::once(format!("dialect {}", import.dialect))
                .chain(import.why.iter().cloned())
                .map(Remark::Note);
            // Findings are of rows, and rows of all sets of a file stand in the same lines.
            let findings = import.findings.kept.iter().cloned().map(Remark::Finding);
            self.remarks.push((set.key.clone(), import.file.clone(), notes.chain(findings).collect()));
        }
    }

    fn merge(&mut self) -> Result<(), CatalogError> {
        let Some(catalog) = self.catalog else { return Ok(()) };
        self.rows = 0;
        while let Some((key, Waiting { batches, files, .. })) = self.waiting.pop_first() {
            let is_known = self.taken.get(&key).is_some_and(|taken| files.iter().all(|file| taken.contains(file)));
            if !is_known || self.open.as_ref().is_some_and(|(open, _)| *open != key) {
                self.close()?;
            }
            if self.strangers == Strangers::Refuse
                && !is_known
                && let Some(foreign) = foreign(catalog, &key, &files, &batches)?
            {
                // What was said of them is not said of the set.
                self.remarks.retain(|(of, source, _)| !foreign.is_of(of, source));
                self.became.foreign.push(foreign);
                continue;
            }
            let mut merging = match self.open.take() {
                Some((_, merging)) => merging,
                None => catalog.begin_merge(&key, self.conflict)?,
            };
            batches.into_iter().try_for_each(|rows| merging.push(rows))?;
            self.open = Some((key.clone(), merging));
            self.taken.insert(key, files);
        }
        if !self.remarks.is_empty() {
            self.close()?;
        }
        for (key, source, remarks) in self.remarks.drain(..) {
            catalog.keep_remarks(&key, &source, remarks)?;
        }
        Ok(())
    }

    /// Ends the merge that goes on.
    fn close(&mut self) -> Result<(), CatalogError> {
        if let Some((key, merging)) = self.open.take() {
            self.became.rows.entry(key).or_default().add(merging.finish()?);
        }
        Ok(())
    }
}

impl Waiting {
    /// True where earlier files have rows around the same times.
    fn meets(&self, first: Time, last: Time) -> bool {
        let touches = |extent: (Time, Time)| extent.0 <= last && first <= extent.1;
        self.earlier.into_iter().chain(self.own).any(touches)
    }

    fn take(&mut self, rows: Rows, file: &str, extent: (Time, Time)) {
        if self.files.last().is_none_or(|known| known != file) {
            self.files.push(file.to_owned());
            self.earlier = joined(self.earlier, self.own.take());
        }
        self.own = joined(self.own, Some(extent));
        self.batches.push(rows);
    }
}

fn joined(a: Option<(Time, Time)>, b: Option<(Time, Time)>) -> Option<(Time, Time)> {
    a.zip(b).map(|(a, b)| (a.0.min(b.0), a.1.max(b.1))).or(a).or(b)
}

/// The times of the first and of the last row.
fn ends(rows: &Rows) -> Option<(Time, Time)> {
    match rows {
        Rows::Bars(rows) => rows.first().zip(rows.last()).map(|(first, last)| (first.time, last.time)),
        Rows::Trades(rows) => rows.first().zip(rows.last()).map(|(first, last)| (first.time, last.time)),
        Rows::Quotes(rows) => rows.first().zip(rows.last()).map(|(first, last)| (first.time, last.time)),
        Rows::Book(rows) => rows.first().zip(rows.last()).map(|(first, last)| (first.time, last.time)),
        Rows::Funding(rows) => rows.first().zip(rows.last()).map(|(first, last)| (first.time, last.time)),
        Rows::Actions(rows) => rows.first().zip(rows.last()).map(|(first, last)| (first.time, last.time)),
    }
}
