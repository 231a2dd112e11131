//! A file of the catalog, written: under another name first, then moved to its place whole.
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use qframe_model::time::Time;

use super::decimal::Width;
use super::error::FORMAT;
use super::place::{PARTIAL, Place};
use super::record::Record;
use super::stored::{KEY_FIRST, KEY_FORMAT, KEY_HASH, KEY_LAST, KEY_SET, Stored, digest};
use super::{CatalogError, Period};

/// Rows of a row group: what a read of one instant reads at least.
const GROUP: usize = 131_072;
/// Rows that are turned into columns at once.
const BATCH: usize = 16_384;
/// A dictionary pays while it is small: behind it, prices are stored as differences.
const DICTIONARY_BYTES: usize = 1 << 16;
/// A page is stored as it is where compression saves less than a fifth: differences are packed in bits already, and
/// unpacking them twice takes twice as long.
const COMPRESSED_MOST: f64 = 0.8;

/// A file in the making. Dropped before [`Writer::commit`], it leaves nothing.
pub(super) struct Writer<R> {
    place: Place,
    period: Period,
    partial: PathBuf,
    /// `None` once it is closed.
    out: Option<ArrowWriter<File>>,
    width: Width,
    rows: Vec<R>,
    hasher: blake3::Hasher,
    bytes: Vec<u8>,
    ends: Option<(Time, Time)>,
    is_committed: bool,
}

impl<R: Record> Writer<R> {
    /// Begins a file. The caller holds the lock of the data set.
    pub(super) fn new(place: &Place, period: Period) -> Result<Self, CatalogError> {
        make_folder(&place.folder)?;
        let partial = place.folder.join(PARTIAL);
        let out = Some(create::<R>(&partial, Width::Narrow)?);
        let rows = Vec::with_capacity(BATCH);
        let (hasher, bytes) = (blake3::Hasher::new(), Vec::new());
        Ok(Self {
            place: place.clone(),
            period,
            partial,
            out,
            width: Width::Narrow,
            rows,
            hasher,
            bytes,
            ends: None,
            is_committed: false,
        })
    }

    /// Takes rows, oldest first.
    pub(super) fn push(&mut self, mut rows: &[R]) -> Result<(), CatalogError> {
        while !rows.is_empty() {
            let (now, later) = rows.split_at(rows.len().min(BATCH - self.rows.len()));
            self.rows.extend_from_slice(now);
            rows = later;
            if self.rows.len() == BATCH {
                self.write()?;
            }
        }
        Ok(())
    }

    /// Puts the file in its place: from here on it is there, whatever happens.
    pub(super) fn commit(mut self) -> Result<(), CatalogError> {
        self.write()?;
        let Some(mut out) = self.out.take() else { return Ok(()) };
        self.sign(&mut out);
        let failed = |error: io::Error| CatalogError::system("writing", &self.partial, &error);
        let file = out.into_inner().map_err(|error| told(&self.partial, &error))?;
        file.sync_all().map_err(failed)?;
        let target = self.place.file(self.period);
        fs::rename(&self.partial, &target).map_err(|error| CatalogError::system("writing", &target, &error))?;
        self.is_committed = true;
        sync_folder(&self.place.folder)
    }

    /// Says in the footer what the file holds.
    fn sign(&self, out: &mut ArrowWriter<File>) {
        let (first, last) = self.ends.unwrap_or_default();
        let said = [
            (KEY_FORMAT, FORMAT.to_owned()),
            (KEY_SET, self.place.key.to_string()),
            (KEY_FIRST, first.to_string()),
            (KEY_LAST, last.to_string()),
            (KEY_HASH, self.hasher.finalize().to_string()),
        ];
        for (key, value) in said {
            out.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
    }

    fn write(&mut self) -> Result<(), CatalogError> {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else { return Ok(()) };
        self.ends = Some((self.ends.map_or(first.time(), |(first, _)| first), last.time()));
        if self.width == Width::Narrow && !self.rows.iter().all(Record::is_narrow) {
            self.widen()?;
        }
        digest(&self.rows, &mut self.bytes, &mut self.hasher);
        let Some(out) = &mut self.out else { return Ok(()) };
        write::<R>(out, &self.rows, self.width).map_err(|error| told(&self.partial, &error))?;
        self.rows.clear();
        Ok(())
    }

    /// Begins again with wider numbers, and copies what is written.
    fn widen(&mut self) -> Result<(), CatalogError> {
        let Some(mut narrow) = self.out.take() else { return Ok(()) };
        let from = self.place.folder.join(format!("{PARTIAL}-narrow"));
        self.sign(&mut narrow);
        narrow.close().map_err(|error| told(&self.partial, &error))?;
        fs::rename(&self.partial, &from).map_err(|error| CatalogError::system("writing", &from, &error))?;
        let mut wide = create::<R>(&self.partial, Width::Wide)?;
        let mut stored = Stored::<R>::open(self.period, &from, Time::MIN..Time::MAX)?;
        let mut rows = Vec::new();
        while stored.next(&mut rows)? {
            write::<R>(&mut wide, &rows, Width::Wide).map_err(|error| told(&self.partial, &error))?;
            rows.clear();
        }
        fs::remove_file(&from).map_err(|error| CatalogError::system("taking away", &from, &error))?;
        self.out = Some(wide);
        self.width = Width::Wide;
        Ok(())
    }
}

impl<R> Drop for Writer<R> {
    fn drop(&mut self) {
        if !self.is_committed {
            // The first failure is the one to tell of; a leftover is taken away by the next writer.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Begins a file of Parquet.
pub(super) fn begin<R: Record, W: Write + Send>(out: W, width: Width) -> Result<ArrowWriter<W>, ParquetError> {
    // Other programs take the types of Parquet itself: not all know every type of Arrow.
    let options = ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(out, Arc::new(Schema::new(R::fields(width))), options)
}

fn create<R: Record>(path: &Path, width: Width) -> Result<ArrowWriter<File>, CatalogError> {
    let file = File::create(path).map_err(|error| CatalogError::system("writing", path, &error))?;
    begin::<R, _>(file, width).map_err(|error| told(path, &error))
}

fn write<R: Record>(out: &mut ArrowWriter<File>, rows: &[R], width: Width) -> Result<(), ParquetError> {
    let schema = Arc::new(Schema::new(R::fields(width)));
    out.write(&RecordBatch::try_new(schema, R::columns(rows, width))?)
}

fn properties() -> WriterProperties {
    let builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_data_page_v2_compression_ratio_threshold(COMPRESSED_MOST)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("qframe".to_owned());
    // What rises from row to row is no dictionary.
    ["time", "received", "id", "sequence"]
        .into_iter()
        .fold(builder, |builder, name| {
            let column = || ColumnPath::from(name);
            builder
                .set_column_dictionary_enabled(column(), false)
                .set_column_encoding(column(), Encoding::DELTA_BINARY_PACKED)
        })
        .build()
}

fn told(path: &Path, error: &ParquetError) -> CatalogError {
    CatalogError::System { doing: "writing", path: path.to_owned(), why: error.to_string() }
}

/// Writes a small file in the place of what was there: to `partial` first, then moved. The caller holds a lock.
pub(super) fn replace(
    path: &Path,
    partial: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CatalogError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let written = File::create(partial).map(BufWriter::new).and_then(|mut out| {
        write(&mut out)?;
        out.into_inner()?.sync_all()
    });
    if written.is_err() {
        // The first failure is the one to tell of; a leftover is written over by the next one.
        let _ = fs::remove_file(partial);
    }
    let moved = written.and_then(|()| fs::rename(partial, path));
    moved.map_err(|error| CatalogError::system("writing", path, &error))?;
    sync_folder(folder)
}

/// Makes a folder that a sudden end of power does not take away.
pub(super) fn make_folder(folder: &Path) -> Result<(), CatalogError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|error| CatalogError::system("making", folder, &error))?;
    // The folders above may be new too: kind, venue, symbol, frame.
    folder.ancestors().take(5).filter(|folder| folder.is_dir()).try_for_each(sync_folder)
}

/// Names of files are on the disk once their folder is.
pub(super) fn sync_folder(folder: &Path) -> Result<(), CatalogError> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| CatalogError::system("writing", folder, &error))
}
