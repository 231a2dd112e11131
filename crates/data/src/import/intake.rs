//! From files into a catalog: rows of many files are gathered and merged together, and what was said of them is kept
//! beside them.
use std::collections::BTreeMap;
use std::path::Path;

use super::{Import, ImportError, Wish, import};
use crate::catalog::{Catalog, CatalogError, Conflict, Merged, Remark};
use crate::rows::{DataKey, Rows};

/// Rows on their way into a catalog. Without one they are only read: a dry run.
#[derive(Debug)]
pub struct Intake<'a> {
    catalog: Option<&'a Catalog>,
    conflict: Conflict,
    waiting: BTreeMap<DataKey, Vec<Rows>>,
    rows: usize,
    remarks: Vec<(DataKey, String, Vec<Remark>)>,
    merged: BTreeMap<DataKey, Merged>,
}

/// So many rows of small files wait for each other, so that a file of the catalog is rewritten once for many of them.
const ROWS_MAX: usize = 1 << 20;
/// So many files with something to say of them.
const REMARKS_MAX: usize = 1_000;

impl<'a> Intake<'a> {
    /// Into a catalog; `conflict` says what becomes of a row that is stored with other values.
    #[must_use]
    pub fn new(catalog: Option<&'a Catalog>, conflict: Conflict) -> Self {
        let (waiting, remarks, merged) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        Self { catalog, conflict, waiting, rows: 0, remarks, merged }
    }

    /// Reads a file and takes its rows in.
    pub fn take(&mut self, path: &Path, wish: &Wish) -> Vec<Result<Import, ImportError>> {
        let mut sink = |key: &DataKey, rows: Rows| self.gather(key, rows).map_err(|error| error.to_string());
        let answers = import(path, wish, &mut sink);
        for import in answers.iter().flatten() {
            self.note(import);
        }
        answers
    }

    /// Merges what still waits. What became of the rows of each data set; nothing without a catalog.
    ///
    /// # Errors
    /// [`CatalogError`]: the disk, a damaged file, a conflict that is to be refused. What was merged before stays.
    pub fn finish(mut self) -> Result<BTreeMap<DataKey, Merged>, CatalogError> {
        self.merge()?;
        Ok(self.merged)
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
            let merged = self.merged.entry(key).or_default();
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
