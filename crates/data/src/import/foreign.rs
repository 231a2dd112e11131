//! Rows of another source on their way into a set: most of those that stand there already would have other values, or there are
//! others between them.
use std::fmt;

use crate::catalog::{Catalog, CatalogError, Overlap, Remark};
use crate::rows::{DataKey, Kind, Rows};

/// Rows that were not taken, as most likely they are of another source than the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The set that they were meant for.
    pub key: DataKey,
    /// The files that they came from.
    pub files: Vec<String>,
    /// How many they are.
    pub rows: u64,
    /// Of the times of which both have rows: how far they agree.
    pub overlap: Overlap,
    /// What the set was made of: dialect and file of the first sources.
    pub sources: Vec<String>,
}

/// So few rows in common say nothing of a source.
const COMMON_LEAST: u64 = 10;
/// More than one in so many that differ are of another source: a publisher corrects single rows.
const DIFFERING_ONE_IN: u64 = 10;
/// So few rows of one stretch of time say nothing of a source; dividends and splits are few, and count in money.
const ROWS_LEAST: u64 = 10;
const ACTIONS_LEAST: u64 = 1;
/// Where less than one in so many of either side has a twin on the other one, they are not of one source: of one, one file
/// tells more than the other, and not something else.
const COMMON_ONE_IN: u64 = 2;
/// Where new rows lie in less than one in so many of the pauses between stored ones, they fill holes: days that were not
/// there, single bars. Of two sources every other row is of the other one.
const FILLED_ONE_IN: u64 = 20;
/// So many sources are named.
const NAMED_MAX: usize = 3;

/// Holds rows against those of the set, before any of them is stored.
pub(super) fn foreign(
    catalog: &Catalog,
    key: &DataKey,
    files: &[String],
    batches: &[Rows],
) -> Result<Option<Foreign>, CatalogError> {
    let overlap = catalog.overlap(key, batches)?;
    if !has_other_values(&overlap) && !lies_between(&overlap, key.kind) {
        return Ok(None);
    }
    let (key, rows) = (key.clone(), batches.iter().map(|rows| rows.len() as u64).sum());
    Ok(Some(Foreign { sources: sources(catalog, &key)?, key, files: files.to_vec(), rows, overlap }))
}

const fn has_other_values(overlap: &Overlap) -> bool {
    overlap.common >= COMMON_LEAST && overlap.differing * DIFFERING_ONE_IN > overlap.common
}

fn lies_between(overlap: &Overlap, kind: Kind) -> bool {
    let least = if kind == Kind::Actions { ACTIONS_LEAST } else { ROWS_LEAST };
    let fewer = overlap.stored.min(overlap.given);
    let alternates = overlap.filled * FILLED_ONE_IN > overlap.stored.max(overlap.given);
    fewer >= least && overlap.common * COMMON_ONE_IN < fewer && (alternates || kind == Kind::Actions)
}

impl Foreign {
    /// Whether rows of a set that come from a file, or from a member of it, are among these.
    pub(super) fn is_of(&self, key: &DataKey, file: &str) -> bool {
        let from = |known: &String| {
            file.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        self.key == *key && self.files.iter().any(from)
    }
}

/// What is known of where a set comes from.
fn sources(catalog: &Catalog, key: &DataKey) -> Result<Vec<String>, CatalogError> {
    let mut sources = Vec::new();
    for remark in catalog.remarks(key)? {
        let (source, remark) = remark?;
        if let Remark::Note(note) = remark
            && let Some(dialect) = note.strip_prefix("dialect ")
        {
            sources.push(format!("{dialect} of {source}"));
        }
        if sources.len() == NAMED_MAX {
            break;
        }
    }
    Ok(sources)
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, files, rows, overlap, sources } = self;
        let Overlap { stored, given, common, differing, .. } = overlap;
        let files = files.join(", ");
        if has_other_values(overlap) {
            write!(f, "{key}: {differing} of {common} rows that are there already have other values in {files}")?;
        } else {
            write!(
                f,
                "{key}: {given} rows in {files} lie among {stored} that are there, and only {common} of those are the same"
            )?;
        }
        match sources.as_slice() {
            [] => f.write_str(", as those of another source")?,
            sources => write!(f, ", as those of another source (there: {})", sources.join(", "))?,
        }
        write!(
            f,
            "; none of its {rows} rows was taken: name another --venue to have both, or say which stays with --on-conflict \
             keep or replace"
        )
    }
}
