//! Bars of another source on their way into a set: most of those that stand there already would have other values.
use std::fmt;

use qframe_model::market::Bar;
use qframe_model::time::Span;

use crate::catalog::{Catalog, CatalogError, Remark};
use crate::rows::{DataKey, Rows};

/// Bars that were not taken, as most likely they are of another source than the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The set that they were meant for.
    pub key: DataKey,
    /// The files that they came from.
    pub files: Vec<String>,
    /// How many they are.
    pub rows: u64,
    /// Of those, how many are of times that the set has.
    pub common: u64,
    /// Of those again, how many have other values there.
    pub differing: u64,
    /// What the set was made of: dialect and file of the first sources.
    pub sources: Vec<String>,
}

/// So few bars in common say nothing of a source.
const COMMON_LEAST: u64 = 10;
/// More than one in so many that differ are of another source: a publisher corrects single bars.
const DIFFERING_ONE_IN: u64 = 10;
/// So many sources are named.
const NAMED_MAX: usize = 3;

/// Holds bars against those of the set, before any of them is stored. Rows of other kinds are not held against each other.
pub(super) fn foreign(
    catalog: &Catalog,
    key: &DataKey,
    files: &[String],
    batches: &[Rows],
) -> Result<Option<Foreign>, CatalogError> {
    let mut bars: Vec<&Bar> = Vec::new();
    for rows in batches {
        let Rows::Bars(rows) = rows else { return Ok(None) };
        bars.extend(rows);
    }
    // Stable: of bars of one time the first counts.
    bars.sort_by_key(|bar| bar.time);
    let Some((first, last)) = bars.first().zip(bars.last()) else { return Ok(None) };
    if catalog.facts(key)?.is_none() {
        return Ok(None);
    }
    let (mut common, mut differing) = (0, 0);
    for stored in catalog.scan(key, first.time..last.time + Span::from_nanos(1))? {
        let Rows::Bars(stored) = stored? else { return Ok(None) };
        for bar in &stored {
            let at = bars.partition_point(|new| new.time < bar.time);
            let Some(new) = bars.get(at).filter(|new| new.time == bar.time) else { continue };
            common += 1;
            differing += u64::from(*new != bar);
        }
    }
    if common < COMMON_LEAST || differing * DIFFERING_ONE_IN <= common {
        return Ok(None);
    }
    let (key, rows) = (key.clone(), bars.len() as u64);
    Ok(Some(Foreign { sources: sources(catalog, &key)?, key, files: files.to_vec(), rows, common, differing }))
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
        let Self { key, files, rows, common, differing, sources } = self;
        write!(
            f,
            "{key}: {differing} of {common} rows that are there already have other values in {}",
            files.join(", ")
        )?;
        match sources.as_slice() {
            [] => f.write_str(", as those of another source have")?,
            sources => write!(f, ", as those of another source have (there: {})", sources.join(", "))?,
        }
        write!(
            f,
            "; none of its {rows} rows was taken: name another --venue to have both, or say which stays with --on-conflict \
             keep or replace"
        )
    }
}
