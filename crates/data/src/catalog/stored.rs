//! A file of the catalog, read: what its footer says, and its rows, as far as they are asked for.
use std::fs::File;
use std::marker::PhantomData;
use std::ops::Range;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::{Field, Schema};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader};
use parquet::basic::Type;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;
use qframe_model::time::Time;

use super::decimal::Width;
use super::error::FORMAT;
use super::record::Record;
use super::{CatalogError, Period};
use crate::pages;

/// Keys of the footer's metadata.
pub(super) const KEY_FORMAT: &str = "qframe.format";
pub(super) const KEY_SET: &str = "qframe.set";
pub(super) const KEY_HASH: &str = "qframe.hash";
pub(super) const KEY_FIRST: &str = "qframe.first";
pub(super) const KEY_LAST: &str = "qframe.last";

/// Rows that are read at once: they stay in the cache.
const BATCH: usize = 8_192;
/// Memory is asked for by what a footer says, up to so many rows: it may be damaged.
const TRUSTED_ROWS: usize = 1 << 24;

/// What the footer of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    /// Which time its rows are of.
    pub period: Period,
    /// Where it is.
    pub path: PathBuf,
    /// How many rows.
    pub rows: u64,
    /// How long the file is.
    pub bytes: u64,
    /// The time of the first row.
    pub first: Time,
    /// The time of the last row.
    pub last: Time,
    /// BLAKE3 over the words of the rows.
    pub hash: blake3::Hash,
}

impl FileFacts {
    pub(super) fn read(period: Period, path: &Path) -> Result<Self, CatalogError> {
        let (_, facts, _) = open(period, path)?;
        Ok(facts)
    }
}

/// The rows of a file in a range of time, batch by batch.
#[derive(Debug)]
pub(super) struct Stored<R> {
    pub(super) facts: FileFacts,
    reader: ParquetRecordBatchReader,
    /// Rows in the row groups that are read.
    room: i64,
    range: Range<Time>,
    /// The content hash so far, where it is held to that of the footer.
    content: Option<Content>,
    row: PhantomData<R>,
}

/// A hash of rows in the making; the bytes are kept for their memory.
#[derive(Debug, Default)]
struct Content {
    hasher: blake3::Hasher,
    bytes: Vec<u8>,
}

impl<R: Record> Stored<R> {
    /// Opens a file; row groups outside the range are not read.
    pub(super) fn open(period: Period, path: &Path, range: Range<Time>) -> Result<Self, CatalogError> {
        let broken = |error| CatalogError::broken(path, error);
        let (file, facts, metadata) = open(period, path)?;
        let wanted: Vec<usize> = metadata
            .row_groups()
            .iter()
            .enumerate()
            .filter_map(|(place, group)| may_hold(group, &range).then_some(place))
            .collect();
        let room = wanted.iter().map(|place| metadata.row_group(*place).num_rows()).fold(0, i64::saturating_add);
        // A file of before a column was thought of is read without it.
        let has = |field: &Field| columns_of(&metadata).iter().any(|column| column.name() == field.name());
        let fields: Vec<Field> = R::fields(width_of(&metadata)).into_iter().filter(has).collect();
        let schema = Arc::new(Schema::new(fields));
        let options = ArrowReaderOptions::new().with_schema(schema);
        let metadata = ArrowReaderMetadata::try_new(metadata, options).map_err(broken)?;
        let reader = guarded(path, || pages::batches(file, &metadata, wanted, BATCH).map_err(broken))?;
        Ok(Self { facts, reader, room, range, content: None, row: PhantomData })
    }

    /// Where all rows of the file are in the range, their content is held to the footer's hash: a bit that flipped on the
    /// disk is another price, and nothing else would tell.
    pub(super) fn checked(mut self) -> Self {
        let is_whole = self.range.start <= self.facts.first && self.is_before_end(self.facts.last);
        self.content = is_whole.then(Content::default);
        self
    }

    /// Puts the next rows behind those there are; false where there are no more.
    pub(super) fn next(&mut self, rows: &mut Vec<R>) -> Result<bool, CatalogError> {
        let path = &self.facts.path;
        let before = rows.len();
        let is_more = guarded(path, || {
            let Some(batch) = self.reader.next() else { return Ok(false) };
            let batch = batch.map_err(|error| CatalogError::broken(path, error))?;
            R::read(&batch, rows).map(|()| true).map_err(|error| CatalogError::broken(path, error))
        })?;
        let new = &rows[before..];
        if let Some(content) = &mut self.content {
            digest(new, &mut content.bytes, &mut content.hasher);
            if !is_more && content.hasher.finalize() != self.facts.hash {
                return Err(CatalogError::broken(path, "its rows are not those that were written"));
            }
        }
        if new.last().is_some_and(|row| !self.is_before_end(row.time())) {
            let inside = new.partition_point(|row| self.is_before_end(row.time()));
            rows.truncate(before + inside);
        }
        let late = rows[before..].partition_point(|row| row.time() < self.range.start);
        if late > 0 {
            rows.drain(before..before + late);
        }
        Ok(is_more)
    }

    /// Reads every row and compares the content with what the footer says.
    pub(super) fn verify(mut self) -> Result<(), CatalogError> {
        let mut rows = Vec::new();
        while self.next(&mut rows)? {
            rows.clear();
        }
        Ok(())
    }

    /// How many rows to make room for.
    pub(super) fn room(&self) -> usize {
        usize::try_from(self.room).unwrap_or(0).min(TRUSTED_ROWS)
    }

    fn is_before_end(&self, time: Time) -> bool {
        time < self.range.end || self.range.end == Time::MAX
    }
}

/// The reader of Parquet panics at some damaged files. Here that is a refusal as any other.
fn guarded<T>(path: &Path, read: impl FnOnce() -> Result<T, CatalogError>) -> Result<T, CatalogError> {
    let caught = panic::catch_unwind(panic::AssertUnwindSafe(read));
    caught.unwrap_or_else(|_| Err(CatalogError::broken(path, "the reader of Parquet gave up on it")))
}

/// Takes rows into a content hash; `bytes` is kept for its memory.
pub(super) fn digest<R: Record>(rows: &[R], bytes: &mut Vec<u8>, hasher: &mut blake3::Hasher) {
    bytes.clear();
    for row in rows {
        bytes.extend(row.words().into_iter().flat_map(u64::to_le_bytes));
    }
    hasher.update(bytes);
}

/// True where a file's decimals have 128 bits.
pub(super) fn is_wide(period: Period, path: &Path) -> Result<bool, CatalogError> {
    let (_, _, metadata) = open(period, path)?;
    Ok(width_of(&metadata) == Width::Wide)
}

fn open(period: Period, path: &Path) -> Result<(File, FileFacts, Arc<ParquetMetaData>), CatalogError> {
    let system = |error| CatalogError::system("reading", path, &error);
    let file = File::open(path).map_err(system)?;
    let bytes = file.metadata().map_err(system)?.len();
    let parsed = || ParquetMetaDataReader::new().parse_and_finish(&file);
    let metadata = guarded(path, || parsed().map_err(|error| CatalogError::broken(path, error)))?;
    let said = |key: &str| {
        let pairs = metadata.file_metadata().key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
    };
    let absent = || CatalogError::broken(path, "a Parquet file that the catalog did not write");
    match said(KEY_FORMAT) {
        Some(FORMAT) => {}
        Some(other) => return Err(CatalogError::Newer { path: path.to_owned(), version: other.to_owned() }),
        None => return Err(absent()),
    }
    let time = |key: &str| said(key).and_then(|text| text.parse().ok()).ok_or_else(absent);
    let facts = FileFacts {
        period,
        path: path.to_owned(),
        rows: u64::try_from(metadata.file_metadata().num_rows()).map_err(|_| absent())?,
        bytes,
        first: time(KEY_FIRST)?,
        last: time(KEY_LAST)?,
        hash: said(KEY_HASH).and_then(|hash| blake3::Hash::from_hex(hash).ok()).ok_or_else(absent)?,
    };
    Ok((file, facts, Arc::new(metadata)))
}

fn columns_of(metadata: &ParquetMetaData) -> &[ColumnDescPtr] {
    metadata.file_metadata().schema_descr().columns()
}

/// Wide decimals are no 64-bit integers.
fn width_of(metadata: &ParquetMetaData) -> Width {
    let columns = columns_of(metadata);
    let wide = |name: &str| matches!(name, "open" | "price" | "bid" | "rate");
    match columns.iter().find(|column| wide(column.name())) {
        Some(column) if column.physical_type() != Type::INT64 => Width::Wide,
        _ => Width::Narrow,
    }
}

/// By the statistics of its times, which come first.
fn may_hold(group: &RowGroupMetaData, range: &Range<Time>) -> bool {
    let times = group.columns().first().and_then(|column| column.statistics());
    let Some(Statistics::Int64(times)) = times else { return true };
    let (Some(first), Some(last)) = (times.min_opt(), times.max_opt()) else { return true };
    range.start.nanos() <= *last && (*first < range.end.nanos() || range.end == Time::MAX)
}
