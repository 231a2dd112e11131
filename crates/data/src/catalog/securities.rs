//! The securities of a venue and all they were called: `ROOT/securities/VENUE.jsonl`, a line each.
use std::fs;
use std::path::PathBuf;

use qframe_model::time::Time;
use serde::{Deserialize, Serialize};

use super::place::{Place, check_venue, entries, escape, unescape};
use super::written::replace;
use super::{Catalog, CatalogError, Conflict, lock};
use crate::securities::{Listing, Securities, Security, SecurityId};

/// What became of securities. Each is counted once, but a replaced one is differing too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// Not there before, or with listings behind those that were there.
    pub added: u64,
    /// There already, or known further.
    pub same: u64,
    /// There already with other listings.
    pub differing: u64,
    /// Of those, how many took the place of the stored one.
    pub replaced: u64,
    /// Those left out since another one has their ticker at the same time, a sentence each.
    pub contested: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filed: Option<String>,
    listings: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    ticker: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    exchange: String,
    from: Time,
    /// None while it is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
}

const VERSION: u32 = 1;
const FOLDER: &str = "securities";

impl Catalog {
    /// The venues of which securities are known.
    ///
    /// # Errors
    /// [`CatalogError::System`] where the folder cannot be read.
    pub fn venues_of_securities(&self) -> Result<Vec<String>, CatalogError> {
        let files = entries(&self.root().join(FOLDER))?;
        let mut venues: Vec<String> =
            files.iter().filter_map(|(name, _)| unescape(name.strip_suffix(".jsonl")?)).collect();
        venues.retain(|venue| check_venue(venue).is_ok());
        venues.sort();
        Ok(venues)
    }

    /// The securities of a venue; none where nothing is known.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read.
    pub fn securities(&self, venue: &str) -> Result<Securities, CatalogError> {
        let (path, _) = self.securities_file(venue)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Securities::default()),
            Err(error) => return Err(CatalogError::system("reading", &path, &error)),
        };
        let mut lines = text.lines();
        let head: Head = serde_json::from_str(lines.next().unwrap_or_default())
            .map_err(|error| CatalogError::broken(&path, error))?;
        if head.version != VERSION {
            return Err(CatalogError::Newer { path, version: head.version.to_string() });
        }
        let security = |(place, line): (usize, &str)| {
            read(line).map_err(|why| CatalogError::broken(&path, format!("line {}: {why}", place + 2)))
        };
        Ok(Securities::new(lines.enumerate().map(security).collect::<Result<_, _>>()?))
    }

    /// Puts securities beside those of a venue. One that is known takes the listings behind its known ones; where it has
    /// others, [`Conflict`] says which stay. One whose ticker another one has at the same time is left out, and said.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read or cannot be written; [`CatalogError::Securities`] for a conflict that is to
    /// be refused: nothing is written then.
    pub fn merge_securities(
        &self,
        venue: &str,
        securities: Vec<Security>,
        conflict: Conflict,
    ) -> Result<Named, CatalogError> {
        let (path, lock) = self.securities_file(venue)?;
        let _lock = lock::hold_file(&lock)?;
        let (mut all, mut named) = (self.securities(venue)?, Named::default());
        for security in securities {
            let known = all.get(security.id());
            if known.is_some_and(|known| known.continues(&security)) {
                named.same += 1;
                continue;
            }
            if let Some((other, listing)) = all.contested(&security) {
                let Listing { ticker, from, .. } = listing;
                named.contested.push(format!("{security}: {ticker} is that of {} from {from:#} on", other.id()));
                continue;
            }
            match known.filter(|known| !security.continues(known)) {
                None => named.added += 1,
                Some(known) => {
                    named.differing += 1;
                    match conflict {
                        Conflict::Refuse => {
                            return Err(CatalogError::Securities(known.to_string(), security.to_string()));
                        }
                        Conflict::Keep => continue,
                        Conflict::Replace => named.replaced += 1,
                    }
                }
            }
            all.put(security);
        }
        if named.added + named.replaced > 0 {
            write(&path, &all)?;
        }
        Ok(named)
    }

    /// Takes a security away; its rows stay. False where there was none.
    ///
    /// # Errors
    /// [`CatalogError`] where the file does not read or cannot be written.
    pub fn forget_security(&self, venue: &str, id: &SecurityId) -> Result<bool, CatalogError> {
        let (path, lock) = self.securities_file(venue)?;
        let _lock = lock::hold_file(&lock)?;
        let mut all = self.securities(venue)?;
        let was_there = all.take_away(id);
        if was_there {
            write(&path, &all)?;
        }
        Ok(was_there)
    }

    /// The file, and its lock.
    fn securities_file(&self, venue: &str) -> Result<(PathBuf, PathBuf), CatalogError> {
        check_venue(venue).map_err(|why| CatalogError::Key(venue.to_owned(), why))?;
        let name = escape(venue);
        let lock = Place::lock(self.root(), &[FOLDER, &name]);
        Ok((self.root().join(FOLDER).join(format!("{name}.jsonl")), lock))
    }
}

fn write(path: &std::path::Path, all: &Securities) -> Result<(), CatalogError> {
    replace(path, &path.with_extension("jsonl.partial"), |out| {
        serde_json::to_writer(&mut *out, &Head { version: VERSION })?;
        for security in all.all() {
            out.write_all(b"\n")?;
            serde_json::to_writer(&mut *out, &Line::from(security))?;
        }
        out.write_all(b"\n")
    })
}

fn read(line: &str) -> Result<Security, String> {
    let Line { id, filed, listings } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let listing = |Row { ticker, exchange, from, until }: Row| Listing {
        ticker,
        exchange,
        from,
        until: until.unwrap_or(Time::MAX),
    };
    let security = Security::new(listings.into_iter().map(listing).collect(), filed);
    let security = security.ok_or("no listings in order of time")?;
    if security.id().to_string() == id { Ok(security) } else { Err(format!("{id:?} is not its id, {}", security.id())) }
}

impl From<&Security> for Line {
    fn from(security: &Security) -> Self {
        let row = |listing: &Listing| Row {
            ticker: listing.ticker.clone(),
            exchange: listing.exchange.clone(),
            from: listing.from,
            until: (listing.until != Time::MAX).then_some(listing.until),
        };
        Self {
            id: security.id().to_string(),
            filed: security.filed().map(str::to_owned),
            listings: security.listings().iter().map(row).collect(),
        }
    }
}
