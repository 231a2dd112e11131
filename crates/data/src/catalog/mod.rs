//! The catalog: market data on disk, in Parquet files that other programs read too.
//!
//! `ROOT/KIND/VENUE/SYMBOL/FRAME/PERIOD.parquet` holds the rows of one period of one data set, oldest first; `/` and `:` of
//! a symbol are `%2F` and `%3A`. A merge rewrites one period after the other: each is written beside its place, flushed
//! to the disk and moved over the old file. That move is the commit. A process that is killed, or a disk that is full,
//! leaves the periods before as new, and its own as it was; what lies half written is taken away by the next writer, and
//! when the catalog is opened. Doing the merge again completes it, since rows that are there are not added twice.
//!
//! [`Catalog::replace`] puts a whole set in the place of another, at once (see `swap.rs`).
//!
//! One process at a time writes a data set (a lock that the system drops with the process); reading takes no lock, and sees each
//! file either old or new.
mod asked;
mod columns;
mod decimal;
mod error;
mod export;
mod facts;
mod instrument;
mod interest;
mod joined;
mod lock;
mod merge;
mod names;
mod overlap;
mod place;
mod record;
mod remarks;
mod scan;
mod securities;
mod stored;
mod swap;
mod trial;
mod written;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use qframe_model::market::Bar;
use qframe_model::time::Time;

pub use error::{CatalogError, Differing};
pub(crate) use export::write_columns;
pub use export::{Columns, ExportError};
pub use facts::SetFacts;
pub use instrument::{InstrumentFacts, StoredRoll};
pub use interest::InterestFacts;
pub use joined::{Joined, Part};
pub use merge::{Conflict, Merged, Merging};
pub use overlap::Overlap;
pub use place::Period;
pub use remarks::Remark;
pub use scan::Scan;
pub use securities::Named;
pub use stored::FileFacts;
pub use trial::Trial;

use crate::rows::{DataKey, Kind, Rows};
use place::Place;
use record::of_kind;

/// A folder of data sets. Cheap to make and to clone: nothing is held open.
#[derive(Debug, Clone)]
pub struct Catalog {
    root: PathBuf,
}

impl Catalog {
    /// Opens a catalog, makes its folder where there is none, and takes away what killed writers left.
    ///
    /// # Errors
    /// [`CatalogError::System`] where the folder cannot be made or read.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, CatalogError> {
        let catalog = Self { root: root.into() };
        written::make_folder(&catalog.root)?;
        for key in place::keys(&catalog.root)? {
            lock::sweep(&catalog.place(&key)?)?;
        }
        Ok(catalog)
    }

    /// Its folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The names of the data sets that hold rows; no file is opened.
    ///
    /// # Errors
    /// [`CatalogError::System`] where a folder cannot be read.
    pub fn keys(&self) -> Result<Vec<DataKey>, CatalogError> {
        let keys = place::keys(&self.root)?.into_iter();
        keys.filter_map(|key| match self.place(&key).and_then(|place| place.has_files()) {
            Ok(has_files) => has_files.then_some(Ok(key)),
            Err(error) => Some(Err(error)),
        })
        .collect()
    }

    /// The data sets that hold rows, in the order of their names. Of each file the footer is read.
    ///
    /// # Errors
    /// [`CatalogError`] for the first file that does not read.
    pub fn sets(&self) -> Result<Vec<SetFacts>, CatalogError> {
        self.keys()?.iter().filter_map(|key| self.facts(key).transpose()).collect()
    }

    /// What is known of a data set; `None` where it holds no rows.
    ///
    /// # Errors
    /// [`CatalogError`] where the key is no name, or a file does not read.
    pub fn facts(&self, key: &DataKey) -> Result<Option<SetFacts>, CatalogError> {
        SetFacts::read(&self.place(key)?)
    }

    /// Puts rows into a data set. Batches may come in any order and overlap what is stored; in each, times must not fall.
    /// A row that is there is not added again, and where nothing changes no file is touched. See [`Conflict`] for a row
    /// that is there with other values.
    ///
    /// Rows of one instant are told apart so: trades by their id, and without one (0) by their values; quotes by their
    /// values; changes of a book by sequence, side and price; of bars and funding rates there is one. Dividends of a day are
    /// compared as a whole, and splits of a day likewise: where a batch tells what is stored and one dividend more, that is
    /// added; where each tells what the other does not, they differ. Where
    /// several rows of an instant are the same (equal trades of a second, without ids), so many are kept as one batch of them brings:
    /// a batch should hold an instant whole.
    ///
    /// # Errors
    /// [`CatalogError`]: a disk that is full, a damaged file, rows of another kind or out of order, a conflict. What was
    /// committed before stays.
    pub fn merge(
        &self,
        key: &DataKey,
        rows: impl Iterator<Item = Rows>,
        conflict: Conflict,
    ) -> Result<Merged, CatalogError> {
        let place = self.place(key)?;
        let _lock = lock::hold(&place)?;
        of_kind!(key.kind, R => merge::merge::<R>(&place, rows, conflict))
    }

    /// A merge whose batches come one by one; see [`Catalog::merge`].
    ///
    /// # Errors
    /// [`CatalogError`] where the key is no name, or the data set cannot be locked.
    pub fn begin_merge(&self, key: &DataKey, conflict: Conflict) -> Result<Merging, CatalogError> {
        let place = self.place(key)?;
        let lock = lock::hold(&place)?;
        Ok(Merging::new(&place, conflict, lock))
    }

    /// Holds rows against those that a data set has at the same times; nothing is changed.
    ///
    /// # Errors
    /// [`CatalogError`]: a damaged file, rows of another kind.
    pub fn overlap(&self, key: &DataKey, rows: &[Rows]) -> Result<Overlap, CatalogError> {
        let place = self.place(key)?;
        of_kind!(key.kind, R => Overlap::of::<R>(&place, rows))
    }

    /// Puts rows in the place of all that a data set holds, at once: whoever reads finds the old rows or the new ones, and a
    /// process that is killed at any moment leaves the old or the new. No rows are a set without rows. What was said of its
    /// sources stays. Batches are as those of [`Catalog::merge`].
    ///
    /// # Errors
    /// As [`Catalog::merge`]; then the set is as it was.
    pub fn replace(&self, key: &DataKey, rows: impl Iterator<Item = Rows>) -> Result<u64, CatalogError> {
        let place = self.place(key)?;
        let _lock = lock::hold(&place)?;
        let aside = swap::aside(&place)?;
        let merged = of_kind!(key.kind, R => merge::merge::<R>(&aside, rows, Conflict::Refuse));
        match merged {
            Ok(merged) => swap::commit(&place, &aside).map(|()| merged.added),
            Err(error) => {
                // The first failure is the one to tell of; a leftover is taken away by the next writer.
                let _ = fs::remove_dir_all(&aside.folder);
                Err(error)
            }
        }
    }

    /// The rows of a range in batches; [`Time::MAX`] as its end is in it. Of a file that is read whole the content hash is
    /// checked as well.
    ///
    /// # Errors
    /// [`CatalogError`] where the key is no name, or its folder does not read; the iterator's, where a file does not.
    pub fn scan(&self, key: &DataKey, range: Range<Time>) -> Result<Scan, CatalogError> {
        Scan::new(&self.place(key)?, range)
    }

    /// The bars of a range in one piece; none where there is no such data set. Of a file that is read whole the content hash is
    /// checked as well.
    ///
    /// # Errors
    /// As [`Catalog::scan`], and [`CatalogError::OtherKind`] where the rows are no bars.
    pub fn bars(&self, key: &DataKey, range: Range<Time>) -> Result<Vec<Bar>, CatalogError> {
        let mut bars = Vec::new();
        self.place_of_bars(key).and_then(|place| scan::bars(&place, &range, &mut bars, true))?;
        Ok(bars)
    }

    /// Puts the bars of a range behind those there are; their content is not checked. Who reads many ranges into the same memory saves a third of the time:
    /// that much the system takes to hand it out.
    ///
    /// # Errors
    /// As [`Catalog::bars`]; some bars may have come before.
    pub fn read_bars(&self, key: &DataKey, range: Range<Time>, bars: &mut Vec<Bar>) -> Result<(), CatalogError> {
        scan::bars(&self.place_of_bars(key)?, &range, bars, false)
    }

    fn place_of_bars(&self, key: &DataKey) -> Result<Place, CatalogError> {
        if key.kind.is_bars() { self.place(key) } else { Err(CatalogError::OtherKind(key.clone())) }
    }

    /// Reads every row of a data set and holds it to the content hashes in the footers.
    ///
    /// # Errors
    /// [`CatalogError::Broken`] for the first file whose rows are not those that were written.
    pub fn verify(&self, key: &DataKey) -> Result<(), CatalogError> {
        let place = self.place(key)?;
        scan::steady(&place, || {
            place.files()?.into_iter().try_for_each(|(period, path)| {
                of_kind!(key.kind, R => stored::Stored::<R>::open(period, &path, Time::MIN..Time::MAX)?.checked().verify())
            })
        })
    }

    /// Takes a data set away, all of it. False where there was none.
    ///
    /// # Errors
    /// [`CatalogError::System`] where the system refuses.
    pub fn take_away(&self, key: &DataKey) -> Result<bool, CatalogError> {
        let place = self.place(key)?;
        let _lock = lock::hold(&place)?;
        if !place.folder.is_dir() {
            return Ok(false);
        }
        // First no rows take the place of all: killed here, half of them would be left.
        swap::commit(&place, &swap::aside(&place)?)?;
        let failed = |error| CatalogError::system("taking away", &place.folder, &error);
        // Folders of frames stand in that of their symbol.
        fs::remove_dir_all(&place.folder).map_err(failed)?;
        let empty = place.folder.ancestors().skip(1).take_while(|folder| *folder != self.root);
        // A folder that is not empty is not taken away, and need not be.
        let _ = empty.map_while(|folder| fs::remove_dir(folder).ok()).count();
        Ok(true)
    }

    /// The last rows of a data set, at most `count`; oldest first.
    ///
    /// # Errors
    /// As [`Catalog::scan`].
    pub fn tail(&self, key: &DataKey, count: usize) -> Result<Vec<Rows>, CatalogError> {
        let Some(facts) = self.facts(key)? else { return Ok(Vec::new()) };
        // Of the files that hold so many rows, the first one begins the range.
        let mut left = count as u64;
        let enough = |file: &&FileFacts| {
            left = left.saturating_sub(file.rows);
            left == 0
        };
        let from = facts.files.iter().rev().find(enough).map_or(Time::MIN, |file| file.first);
        let mut kept = std::collections::VecDeque::new();
        let mut rows = 0;
        for batch in self.scan(key, from..Time::MAX)? {
            let batch = batch?;
            rows += batch.len();
            kept.push_back(batch);
            while kept.front().is_some_and(|first: &Rows| rows - first.len() >= count) {
                rows -= kept.pop_front().map_or(0, |first| first.len());
            }
        }
        if let Some(first) = kept.front_mut() {
            first.drop_first(rows.saturating_sub(count));
        }
        Ok(kept.into())
    }

    /// True where a file of the data set has wide decimals.
    fn is_wide(&self, key: &DataKey) -> Result<bool, CatalogError> {
        let place = self.place(key)?;
        scan::steady(&place, || {
            let files = place.files()?.into_iter();
            files.map(|(period, path)| stored::is_wide(period, &path)).try_fold(false, |any, wide| Ok(any | wide?))
        })
    }

    fn place(&self, key: &DataKey) -> Result<Place, CatalogError> {
        Place::of(&self.root, key)
    }
}

impl DataKey {
    /// The name of a set of bars.
    #[must_use]
    pub fn bars(symbol: qframe_model::symbol::Symbol, venue: &str, frame: qframe_model::time::TimeFrame) -> Self {
        Self { kind: Kind::Bars, venue: venue.to_owned(), symbol, frame: Some(frame) }
    }
}
