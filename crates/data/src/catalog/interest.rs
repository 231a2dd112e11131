//! How many contracts of a future were open at the end of each day: `ROOT/open-interest/VENUE/SYMBOL.json`. It is no row of
//! prices; what rolls a series over many contracts asks for it.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use qframe_model::symbol::Symbol;
use qframe_model::time::Time;
use serde::{Deserialize, Serialize};

use super::place::{Place, check_venue, entries, escape, unescape};
use super::written::replace;
use super::{Catalog, CatalogError, Conflict, Merged, lock};

/// The file. A later version may say more.
#[derive(Default, Serialize, Deserialize)]
struct Document {
    version: u32,
    /// By midnight UTC of the day.
    open: BTreeMap<Time, u64>,
}

/// What is known of the open interest of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterestFacts {
    /// The contract.
    pub symbol: Symbol,
    /// Where it is listed.
    pub venue: String,
    /// Of how many days it is known.
    pub days: u64,
    /// Midnight UTC of the first day.
    pub first: Time,
    /// Midnight UTC of the last day.
    pub last: Time,
    /// The length of its file.
    pub bytes: u64,
    /// BLAKE3 of its file.
    pub hash: blake3::Hash,
}

const VERSION: u32 = 1;
const FOLDER: &str = "open-interest";

impl Catalog {
    /// The open interest of a contract: days (midnight UTC) and how many were open when they ended, rising; none where nothing
    /// is known.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read.
    pub fn open_interest(&self, symbol: &Symbol, venue: &str) -> Result<Vec<(Time, u64)>, CatalogError> {
        let (path, _) = self.interest_file(symbol, venue)?;
        read(&path).map(|document| document.open.into_iter().collect())
    }

    /// What is known of the open interest of each contract that has any, by venue and symbol.
    ///
    /// # Errors
    /// [`CatalogError`] where a folder or a file does not read.
    pub fn open_interest_facts(&self) -> Result<Vec<InterestFacts>, CatalogError> {
        let mut found = Vec::new();
        for (name, folder) in entries(&self.root().join(FOLDER))? {
            let Some(venue) = unescape(&name).filter(|venue| check_venue(venue).is_ok()) else { continue };
            for (name, path) in entries(&folder)? {
                let symbol = name.strip_suffix(".json").and_then(unescape).and_then(|name| name.parse().ok());
                let Some(symbol) = symbol else { continue };
                found.extend(InterestFacts::read(symbol, venue.clone(), &path)?);
            }
        }
        found.sort_by(|a, b| (&a.venue, &a.symbol).cmp(&(&b.venue, &b.symbol)));
        Ok(found)
    }

    /// Puts days beside those that are known; nothing is written where nothing changes.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read or cannot be written; [`CatalogError::OpenInterest`] for a day that is known
    /// with another number, where that is to be refused.
    pub fn merge_open_interest(
        &self,
        symbol: &Symbol,
        venue: &str,
        rows: &[(Time, u64)],
        conflict: Conflict,
    ) -> Result<Merged, CatalogError> {
        let (path, lock) = self.interest_file(symbol, venue)?;
        let _lock = lock::hold_file(&lock)?;
        let (mut document, mut merged) = (read(&path)?, Merged::default());
        for (day, count) in rows {
            match document.open.get(day) {
                Some(known) if known == count => merged.same += 1,
                Some(known) => {
                    merged.differing += 1;
                    if conflict == Conflict::Refuse {
                        let place = format!("{symbol}@{venue} on {day:#}");
                        return Err(CatalogError::OpenInterest(place, *known, *count));
                    }
                    merged.replaced += u64::from(conflict == Conflict::Replace);
                }
                None => merged.added += 1,
            }
            if conflict == Conflict::Replace || !document.open.contains_key(day) {
                document.open.insert(*day, *count);
            }
        }
        if merged.added + merged.replaced > 0 {
            document.version = VERSION;
            let mut text = serde_json::to_vec(&document).map_err(|error| CatalogError::broken(&path, error))?;
            text.push(b'\n');
            replace(&path, &path.with_extension("json.partial"), |out| out.write_all(&text))?;
        }
        Ok(merged)
    }

    /// The file, and its lock.
    fn interest_file(&self, symbol: &Symbol, venue: &str) -> Result<(PathBuf, PathBuf), CatalogError> {
        check_venue(venue).map_err(|why| CatalogError::Key(venue.to_owned(), why))?;
        let (venue, symbol) = (escape(venue), escape(symbol.as_str()));
        let lock = Place::lock(self.root(), &[FOLDER, &venue, &symbol]);
        Ok((self.root().join(FOLDER).join(venue).join(format!("{symbol}.json")), lock))
    }
}

impl InterestFacts {
    fn read(symbol: Symbol, venue: String, path: &Path) -> Result<Option<Self>, CatalogError> {
        let (text, open) = (fs::read(path).unwrap_or_default(), read(path)?.open);
        let (Some((&first, _)), Some((&last, _))) = (open.first_key_value(), open.last_key_value()) else {
            return Ok(None);
        };
        let (days, bytes, hash) = (open.len() as u64, text.len() as u64, blake3::hash(&text));
        Ok(Some(Self { symbol, venue, days, first, last, bytes, hash }))
    }
}

fn read(path: &Path) -> Result<Document, CatalogError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Document::default()),
        Err(error) => return Err(CatalogError::system("reading", path, &error)),
    };
    let document: Document = serde_json::from_slice(&text).map_err(|error| CatalogError::broken(path, error))?;
    match document.version {
        VERSION => Ok(document),
        other => Err(CatalogError::Newer { path: path.to_owned(), version: other.to_string() }),
    }
}
