//! Which ranges of a data set an exchange was asked for, at which address: `asked.json` beside its files. What is missing inside
//! them was not there when it was asked for; what is missing outside was never asked for. Another address is another source:
//! what a local exchange does not have, the real one may.
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use qframe_model::time::Time;
use serde::{Deserialize, Serialize};

use super::place::PARTIAL;
use super::written::replace;
use super::{Catalog, CatalogError, lock};
use crate::rows::DataKey;

const FILE: &str = "asked.json";
const VERSION: u32 = 2;

/// From its first instant to the first behind it.
type Asked = (Time, Time);

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    /// Of each address; in order, apart from each other.
    #[serde(default)]
    addresses: BTreeMap<String, Vec<Asked>>,
    /// Of the first version, which kept no addresses: they count for every one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<Asked>,
}

impl Catalog {
    /// The ranges that were asked for at an address, in order, apart from each other.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read.
    pub fn asked(&self, key: &DataKey, address: &str) -> Result<Vec<Range<Time>>, CatalogError> {
        let document = self.asked_document(key)?;
        let here = document.addresses.get(address).into_iter().flatten();
        Ok(here.chain(&document.ranges).fold(Vec::new(), |ranges, (start, end)| join(ranges, *start..*end)))
    }

    /// Remembers that a range was asked for at an address; its rows are to be stored before.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read or cannot be written.
    pub fn add_asked(&self, key: &DataKey, address: &str, range: Range<Time>) -> Result<(), CatalogError> {
        let place = self.place(key)?;
        let _lock = lock::hold(&place)?;
        let mut document = Document { version: VERSION, ..self.asked_document(key)? };
        let ranges = document.addresses.remove(address).unwrap_or_default();
        let ranges = join(ranges.into_iter().map(|(start, end)| start..end).collect(), range);
        let ranges = ranges.into_iter().map(|range| (range.start, range.end)).collect();
        document.addresses.insert(address.to_owned(), ranges);
        let path = place.folder.join(FILE);
        let text = serde_json::to_vec(&document).map_err(|error| CatalogError::broken(&path, error))?;
        replace(&path, &place.folder.join(format!("{PARTIAL}-asked")), |out| out.write_all(&text))
    }

    fn asked_document(&self, key: &DataKey) -> Result<Document, CatalogError> {
        let path = self.place(key)?.folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Document { version: VERSION, addresses: BTreeMap::new(), ranges: Vec::new() });
            }
            Err(error) => return Err(CatalogError::system("reading", &path, &error)),
        };
        let document: Document = serde_json::from_slice(&text).map_err(|error| CatalogError::broken(&path, error))?;
        if document.version > VERSION {
            return Err(CatalogError::Newer { path, version: document.version.to_string() });
        }
        Ok(document)
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
    use qframe_model::time::TimeFrame;

    use super::*;

    #[test]
    fn each_address_is_asked_by_itself_and_the_first_version_counts_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(folder.path()).unwrap();
        let key = DataKey::bars("BTC/USDT".parse().unwrap(), "binance", TimeFrame::DAY);
        let range = |start, end| Time::from_nanos(start)..Time::from_nanos(end);
        catalog.add_asked(&key, "https://one", range(0, 5)).unwrap();
        catalog.add_asked(&key, "https://two", range(3, 9)).unwrap();
        let check = |address: &str, expected: &[Range<Time>]| {
            assert_eq!(catalog.asked(&key, address).unwrap(), expected, "{address}");
        };
        check("https://one", &[range(0, 5)]);
        check("https://two", &[range(3, 9)]);
        check("https://three", &[]);
        let path = catalog.place(&key).unwrap().folder.join(FILE);
        fs::write(&path, r#"{"version":1,"ranges":[["2024-01-01T00:00:00Z","2024-01-02T00:00:00Z"]]}"#).unwrap();
        let before = catalog.asked(&key, "https://one").unwrap();
        assert_eq!(before.len(), 1);
        catalog.add_asked(&key, "https://one", range(0, 5)).unwrap();
        assert_eq!(catalog.asked(&key, "https://two").unwrap(), before);
        assert_eq!(catalog.asked(&key, "https://one").unwrap().len(), 2);
    }

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
