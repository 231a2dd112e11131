//! Rows out of the catalog into one file, for other programs: Parquet and Arrow. Text is written by
//! [`write_rows`](crate::write_rows).
use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::Schema;
use parquet::arrow::ArrowWriter;
use qframe_model::market::Bar;
use qframe_model::time::Time;

use super::decimal::Width;
use super::record::{Record, of_kind};
use super::{Catalog, CatalogError, written};
use crate::rows::DataKey;

/// A format of files of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// Parquet, as the catalog's own files.
    Parquet,
    /// Arrow IPC, also called feather: version 2, compressed with LZ4.
    Arrow,
}

/// Why columns could not be written.
#[derive(Debug)]
pub enum ExportError {
    /// The catalog does not give the rows.
    Catalog(CatalogError),
    /// The writer does not take them; its words.
    Write(String),
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Catalog(error) => error.fmt(f),
            Self::Write(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ExportError {}

impl From<CatalogError> for ExportError {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

impl Catalog {
    /// Writes the rows of a range as one file of columns, and gives their number. Memory holds one batch, of Parquet one
    /// row group.
    ///
    /// # Errors
    /// [`ExportError`] of either side.
    pub fn export(
        &self,
        key: &DataKey,
        range: Range<Time>,
        columns: Columns,
        out: impl Write + Send,
    ) -> Result<u64, ExportError> {
        of_kind!(key.kind, R => match columns {
            Columns::Parquet => parquet::<R, _>(self, key, range, out),
            Columns::Arrow => arrow::<R, _>(self, key, range, out),
        })
    }

    /// Hands on the rows of a range as columns.
    fn columns<R: Record>(
        &self,
        key: &DataKey,
        range: Range<Time>,
        width: Width,
        mut each: impl FnMut(&RecordBatch) -> Result<(), String>,
    ) -> Result<u64, ExportError> {
        let schema = Arc::new(Schema::new(R::fields(width)));
        let mut count = 0;
        for rows in self.scan(key, range)? {
            let rows = R::of(rows?).ok_or_else(|| CatalogError::OtherKind(key.clone()))?;
            count += rows.len() as u64;
            let batch = RecordBatch::try_new(Arc::clone(&schema), R::columns(&rows, width));
            each(&batch.map_err(|error| ExportError::Write(error.to_string()))?).map_err(ExportError::Write)?;
        }
        Ok(count)
    }
}

/// Writes bars that are of no catalog as a file of columns. An error is what the writer says.
pub(crate) fn write_columns(bars: &[Bar], columns: Columns, out: impl Write + Send) -> Result<(), String> {
    const BATCH: usize = 16_384;
    let width = match columns {
        Columns::Parquet if bars.iter().all(Record::is_narrow) => Width::Narrow,
        _ => Width::Wide,
    };
    let schema = Arc::new(Schema::new(Bar::fields(width)));
    let batches = bars.chunks(BATCH).map(|rows| RecordBatch::try_new(Arc::clone(&schema), Bar::columns(rows, width)));
    let mut batches = batches.map(|batch| batch.map_err(|error| error.to_string()));
    match columns {
        Columns::Parquet => {
            let told = |error: parquet::errors::ParquetError| error.to_string();
            let mut writer = written::begin::<Bar, _>(out, width).map_err(told)?;
            batches.try_for_each(|batch| writer.write(&batch?).map_err(told))?;
            writer.close().map(drop).map_err(told)
        }
        Columns::Arrow => {
            let told = |error: arrow_schema::ArrowError| error.to_string();
            let mut writer = begin_arrow(out, &schema).map_err(told)?;
            batches.try_for_each(|batch| writer.write(&batch?).map_err(told))?;
            writer.finish().map_err(told)
        }
    }
}

fn parquet<R: Record, W: Write + Send>(
    catalog: &Catalog,
    key: &DataKey,
    range: Range<Time>,
    out: W,
) -> Result<u64, ExportError> {
    let told = |error: parquet::errors::ParquetError| error.to_string();
    let width = if catalog.is_wide(key)? { Width::Wide } else { Width::Narrow };
    let mut writer: ArrowWriter<W> = written::begin::<R, W>(out, width).map_err(told).map_err(ExportError::Write)?;
    let count = catalog.columns::<R>(key, range, width, |batch| writer.write(batch).map_err(told))?;
    writer.close().map_err(told).map_err(ExportError::Write)?;
    Ok(count)
}

fn arrow<R: Record, W: Write>(
    catalog: &Catalog,
    key: &DataKey,
    range: Range<Time>,
    out: W,
) -> Result<u64, ExportError> {
    let told = |error: arrow_schema::ArrowError| error.to_string();
    // Decimals of 64 bits are young in Arrow: not every reader knows them.
    let schema = Schema::new(R::fields(Width::Wide));
    let mut writer = begin_arrow(out, &schema).map_err(told).map_err(ExportError::Write)?;
    let count = catalog.columns::<R>(key, range, Width::Wide, |batch| writer.write(batch).map_err(told))?;
    writer.finish().map_err(told).map_err(ExportError::Write)?;
    Ok(count)
}

fn begin_arrow<W: Write>(out: W, schema: &Schema) -> Result<FileWriter<W>, arrow_schema::ArrowError> {
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    FileWriter::try_new_with_options(out, schema, options)
}
