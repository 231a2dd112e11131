//! Pages of Parquet files, held against what their heads say. The reader believes the head of a dictionary: it makes room
//! for as many values as that says, and a damaged one takes all the memory that there is.
use std::fs::File;
use std::sync::Arc;

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

/// The rows of some row groups of a file, all columns, `size` rows at a time.
///
/// # Errors
/// A schema that has no Arrow form, or places outside the file. A page that lies is an error of its batch.
pub(crate) fn batches(
    file: File,
    metadata: &ArrowReaderMetadata,
    groups: Vec<usize>,
    size: usize,
) -> Result<ParquetRecordBatchReader> {
    let fields = Some(metadata.schema().fields());
    let levels = parquet_to_arrow_field_levels(metadata.parquet_schema(), ProjectionMask::all(), fields)?;
    let pages = Pages { file: Arc::new(file), metadata: metadata.metadata().clone(), groups };
    ParquetRecordBatchReader::try_new_with_row_groups(&levels, &pages, size, None)
}

#[derive(Debug, Clone)]
struct Pages {
    file: Arc<File>,
    metadata: Arc<ParquetMetaData>,
    groups: Vec<usize>,
}

impl RowGroups for Pages {
    fn num_rows(&self) -> usize {
        self.row_groups().map(|group| usize::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    fn column_chunks(&self, column: usize) -> Result<Box<dyn PageIterator>> {
        Ok(Box::new(Chunks { pages: self.clone(), column, at: 0 }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.groups.iter().map(|group| self.metadata.row_group(*group)))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The pages of one column, a reader for each row group.
struct Chunks {
    pages: Pages,
    column: usize,
    at: usize,
}

impl PageIterator for Chunks {}

impl Iterator for Chunks {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        let group = self.pages.metadata.row_group(*self.pages.groups.get(self.at)?);
        self.at += 1;
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let pages = SerializedPageReader::new(self.pages.file.clone(), group.column(self.column), rows, None);
        Some(pages.map(|pages| Box::new(Chunk(pages)) as _))
    }
}

struct Chunk(SerializedPageReader<File>);

impl Iterator for Chunk {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Chunk {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.0.get_next_page()?;
        match &page {
            // No value takes less than a byte.
            Some(Page::DictionaryPage { buf, num_values, .. }) if *num_values as usize > buf.len() => Err(
                ParquetError::General(format!("a dictionary of {} bytes says it has {num_values} values", buf.len())),
            ),
            _ => Ok(page),
        }
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.0.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.0.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.0.at_record_boundary()
    }
}
