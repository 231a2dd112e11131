//! From files into a catalog: rows of many files are gathered and merged together, and what was said of them is kept
//! beside them.
use std::collections::BTreeMap;
use std::path::Path;

use super::{Import, ImportError, Wish, import};
use crate::catalog::{Catalog, CatalogError, Conflict, Merged, Named, Remark};
use crate::rows::{DataKey, Rows};
use crate::securities::Security;

/// Rows on their way into a catalog. Without one they are only read: a dry run.
#[derive(Debug)]
pub struct Intake<'a> {
    catalog: Option<&'a Catalog>,
    conflict: Conflict,
    waiting: BTreeMap<DataKey, Vec<Rows>>,
    rows: usize,
    remarks: Vec<(DataKey, String, Vec<Remark>)>,
    securities: BTreeMap<String, Vec<Security>>,
    became: Became,
}

/// What became of all that was taken in; nothing without a catalog.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Became {
    /// The rows of each data set.
    pub rows: BTreeMap<DataKey, Merged>,
    /// The securities of each venue.
    pub securities: BTreeMap<String, Named>,
}

/// So many rows of small files wait for each other, so that a file of the catalog is rewritten once for many of them.
const ROWS_MAX: usize = 1 << 20;
/// So many files with something to say of them.
const REMARKS_MAX: usize = 1_000;

impl<'a> Intake<'a> {
    /// Into a catalog; `conflict` says what becomes of a row that is stored with other values.
    #[must_use]
    pub fn new(catalog: Option<&'a Catalog>, conflict: Conflict) -> Self {
        let (waiting, remarks, became) = (BTreeMap::new(), Vec::new(), Became::default());
        Self { catalog, conflict, waiting, rows: 0, remarks, securities: BTreeMap::new(), became }
    }

    /// Reads a file and takes its rows in.
    pub fn take(&mut self, path: &Path, wish: &Wish) -> Vec<Result<Import, ImportError>> {
        let mut sink = |key: &DataKey, rows: Rows| self.gather(key, rows).map_err(|error| error.to_string());
        let answers = import(path, wish, &mut sink);
        for import in answers.iter().flatten() {
            self.note(import);
            if let (Some((venue, security)), true) = (&import.history, self.catalog.is_some()) {
                self.securities.entry(venue.clone()).or_default().push(security.clone());
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
        if let Some(catalog) = self.catalog {
            for (venue, securities) in std::mem::take(&mut self.securities) {
                let named = catalog.merge_securities(&venue, securities, self.conflict)?;
                self.became.securities.insert(venue, named);
            }
        }
        Ok(self.became)
    }

    fn gather(&mut self, key: &DataKey, rows: Rows) -> Result<(), CatalogError> {
        if self.catalog.is_none() || rows.is_empty() {
            return Ok(());
        }
        self.rows += rows.len();
        self.waiting.entry(key.clone()).or_default().push(rows);
        if self.rows >= ROWS_MAX || self.remarks.len() >= REMARKS_MAX { self.merge() } else { Ok(()) }
    }

    fn note(&mut self, import: &Import) {
        if self.catalog.is_none() {
            return;
        }
        for set in &import.sets {
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
        while let Some((key, batches)) = self.waiting.pop_first() {
            let done = catalog.merge(&key, batches.into_iter(), self.conflict)?;
            let merged = self.became.rows.entry(key).or_default();
            merged.added += done.added;
            merged.same += done.same;
            merged.differing += done.differing;
            merged.replaced += done.replaced;
        }
        for (key, source, remarks) in self.remarks.drain(..) {
            catalog.keep_remarks(&key, &source, remarks)?;
        }
        Ok(())
    }
}
