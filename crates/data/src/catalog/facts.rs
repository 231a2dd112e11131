//! What is known of a data set without reading its rows.
use qframe_model::time::Time;

use super::place::Place;
use super::{CatalogError, FileFacts};
use crate::rows::DataKey;

/// What the footers of a data set's files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFacts {
    /// Its name.
    pub key: DataKey,
    /// How many rows.
    pub rows: u64,
    /// The time of the first row.
    pub first: Time,
    /// The time of the last row.
    pub last: Time,
    /// The length of all files.
    pub bytes: u64,
    /// The files, oldest first; at least one.
    pub files: Vec<FileFacts>,
    /// BLAKE3 over the name and the content of each period: equal where and only where all rows are, whatever imports they
    /// came in.
    pub hash: blake3::Hash,
}

impl SetFacts {
    pub(super) fn read(place: &Place) -> Result<Option<Self>, CatalogError> {
        let files = super::scan::steady(place, || {
            let files = place.files()?.into_iter().map(|(period, path)| FileFacts::read(period, &path));
            files.collect::<Result<Vec<_>, _>>()
        })?;
        let (Some(first), Some(last)) = (files.first(), files.last()) else { return Ok(None) };
        let mut hasher = blake3::Hasher::new();
        for file in &files {
            hasher.update(file.period.to_string().as_bytes()).update(file.hash.as_bytes());
        }
        let sum = |each: fn(&FileFacts) -> u64| files.iter().map(each).fold(0, u64::saturating_add);
        Ok(Some(Self {
            key: place.key.clone(),
            rows: sum(|file| file.rows),
            first: first.first,
            last: last.last,
            bytes: sum(|file| file.bytes),
            hash: hasher.finalize(),
            files,
        }))
    }
}
