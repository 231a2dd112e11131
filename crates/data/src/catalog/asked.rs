//! Which ranges of a data set an exchange was asked for: `asked.json` beside its files. What is missing inside them is not at
//! the exchange; what is missing outside was never asked for.
use std::fs;
use std::ops::Range;

use qframe_model::time::Time;
use serde::{Deserialize, Serialize};

use super::place::PARTIAL;
use super::written::replace;
use super::{Catalog, CatalogError, lock};
use crate::rows::DataKey;

const FILE: &str = "asked.json";
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    /// Each from its first instant to the first behind it; in order, apart from each other.
    ranges: Vec<(Time, Time)>,
}

impl Catalog {
    /// The ranges that were asked for, in order, apart from each other.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read.
    pub fn asked(&self, key: &DataKey) -> Result<Vec<Range<Time>>, CatalogError> {
        let path = self.place(key)?.folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(CatalogError::system("reading", &path, &error)),
        };
        let document: Document = serde_json::from_slice(&text).map_err(|error| CatalogError::broken(&path, error))?;
        if document.version != VERSION {
            return Err(CatalogError::Newer { path, version: document.version.to_string() });
        }
        Ok(document.ranges.into_iter().map(|(start, end)| start..end).collect())
    }

    /// Remembers that a range was asked for; its rows are to be stored before.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read or cannot be written.
    pub fn add_asked(&self, key: &DataKey, range: Range<Time>) -> Result<(), CatalogError> {
        let place = self.place(key)?;
        let _lock = lock::hold(&place)?;
        let ranges = join(self.asked(key)?, range).into_iter().map(|range| (range.start, range.end)).collect();
        let path = place.folder.join(FILE);
        let text = serde_json::to_vec(&Document { version: VERSION, ranges });
        let text = text.map_err(|error| CatalogError::broken(&path, error))?;
        replace(&path, &place.folder.join(format!("{PARTIAL}-asked")), |out| out.write_all(&text))
    }
}

/// Puts a range among others; those that meet become one.
fn join(mut ranges: Vec<Range<Time>>, range: Range<Time>) -> Vec<Range<Time>> {
    if range.is_empty() {
        return ranges;
    }
    ranges.push(range);
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|later, earlier| {
        let meets = later.start <= earlier.end;
        if meets {
            earlier.end = earlier.end.max(later.end);
        }
        meets
    });
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_meet_become_one() {
        let range = |start, end| Time::from_nanos(start)..Time::from_nanos(end);
        let joined = [(5, 7), (0, 2), (9, 9), (2, 3), (6, 9)]
            .into_iter()
            .fold(Vec::new(), |ranges, (start, end)| join(ranges, range(start, end)));
        assert_eq!(joined, [range(0, 3), range(5, 9)]);
        assert_eq!(join(joined, range(-1, 20)), [range(-1, 20)]);
    }
}
