//! Rows of Parquet and Arrow files, batch by batch.
use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_ipc::reader::FileReader;
use arrow_schema::{ArrowError, DataType, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use qframe_model::time::Time;

use super::cells::Cells;
use super::desk::Desk;
use super::fault::ImportFault;
use super::guard::guarded;
use super::stamps::Stamps;
use super::table::{Carrier, Table};
use crate::bad_row::RowFault;
use crate::csv::number::{Nanos, NumberFault, read_nanos};
use crate::pages;

/// Rows in memory at once.
const BATCH: usize = 8_192;

pub(super) fn parquet(file: File, desk: &mut Desk<'_, '_>) -> Result<(), ImportFault> {
    const FORMAT: &str = "Parquet file";
    let damaged = |error: parquet::errors::ParquetError| ImportFault::Damaged(FORMAT, error.to_string());
    let open = || {
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?;
        let groups = (0..metadata.metadata().num_row_groups()).collect();
        pages::batches(file, &metadata, groups, BATCH)
    };
    let mut batches = guarded(FORMAT, open)?.map_err(damaged)?;
    let next =
        || Some(guarded(FORMAT, || batches.next()).transpose()?.and_then(|batch| batch.map_err(in_batch(FORMAT))));
    rows(Carrier::Parquet, std::iter::from_fn(next), desk)
}

pub(super) fn arrow(mut file: File, desk: &mut Desk<'_, '_>) -> Result<(), ImportFault> {
    const FORMAT: &str = "Arrow file";
    super::lengths::check(&mut file)?;
    let open = || FileReader::try_new(BufReader::new(file), None);
    let mut batches = guarded(FORMAT, open)?.map_err(in_batch(FORMAT))?;
    let next =
        || Some(guarded(FORMAT, || batches.next()).transpose()?.and_then(|batch| batch.map_err(in_batch(FORMAT))));
    rows(Carrier::Arrow, std::iter::from_fn(next), desk)
}

fn in_batch(format: &'static str) -> impl Fn(ArrowError) -> ImportFault {
    move |error| ImportFault::Damaged(format, error.to_string())
}

fn rows(
    carrier: Carrier,
    batches: impl Iterator<Item = Result<RecordBatch, ImportFault>>,
    desk: &mut Desk<'_, '_>,
) -> Result<(), ImportFault> {
    let (mut line, mut begun) = (0, false);
    for batch in batches {
        let batch = batch?;
        let columns: Vec<Column> = batch.columns().iter().map(Column::new).collect();
        for at in 0..batch.num_rows() {
            let row = ColumnRow { columns: &columns, at };
            if !begun {
                begun = true;
                let header = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
                let first = (0..columns.len()).map(|column| row.text(column).into_owned()).collect();
                if !desk.begin(&Table::named(carrier, header, first))? {
                    return Ok(());
                }
            }
            line += 1;
            desk.take(&row, line, |column| column + 1)?;
        }
    }
    if begun { Ok(()) } else { Err(ImportFault::Unknown("columns without a row".to_owned())) }
}

/// A column as its cells are asked for.
struct Column {
    array: ArrayRef,
    form: Form,
}

/// What the values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Float,
    /// Nanoseconds in one unit of it.
    Stamp(i64),
    Other,
}

impl Column {
    fn new(array: &ArrayRef) -> Self {
        let form = match array.data_type() {
            DataType::Float64 => Form::Float,
            DataType::Timestamp(TimeUnit::Second, _) => Form::Stamp(1_000_000_000),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Form::Stamp(1_000_000),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Form::Stamp(1_000),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Form::Stamp(1),
            _ => Form::Other,
        };
        Self { array: array.clone(), form }
    }

    /// Of a time: the unit's count since the epoch.
    fn stamp(&self, at: usize) -> Option<i64> {
        match self.array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => self.value::<TimestampSecondType>(at),
            DataType::Timestamp(TimeUnit::Millisecond, _) => self.value::<TimestampMillisecondType>(at),
            DataType::Timestamp(TimeUnit::Microsecond, _) => self.value::<TimestampMicrosecondType>(at),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => self.value::<TimestampNanosecondType>(at),
            _ => None,
        }
    }

    fn value<T: ArrowPrimitiveType>(&self, at: usize) -> Option<T::Native> {
        self.array.as_primitive_opt::<T>().map(|array| array.value(at))
    }

    /// The value as text: what a number's column would hold in a CSV. Empty for null.
    fn text(&self, at: usize) -> String {
        if self.array.is_null(at) {
            return String::new();
        }
        let whole = |number: Option<i128>| number.map(|number| number.to_string());
        let text = match self.array.data_type() {
            DataType::Float64 => self.value::<Float64Type>(at).map(|number| number.to_string()),
            DataType::Float32 => self.value::<Float32Type>(at).map(|number| number.to_string()),
            DataType::Int8 => whole(self.value::<Int8Type>(at).map(i128::from)),
            DataType::Int16 => whole(self.value::<Int16Type>(at).map(i128::from)),
            DataType::Int32 => whole(self.value::<Int32Type>(at).map(i128::from)),
            DataType::Int64 => whole(self.value::<Int64Type>(at).map(i128::from)),
            DataType::UInt8 => whole(self.value::<UInt8Type>(at).map(i128::from)),
            DataType::UInt16 => whole(self.value::<UInt16Type>(at).map(i128::from)),
            DataType::UInt32 => whole(self.value::<UInt32Type>(at).map(i128::from)),
            DataType::UInt64 => whole(self.value::<UInt64Type>(at).map(i128::from)),
            DataType::Boolean => self.array.as_boolean_opt().map(|array| array.value(at).to_string()),
            DataType::Utf8 => self.array.as_string_opt::<i32>().map(|array| array.value(at).to_owned()),
            DataType::LargeUtf8 => self.array.as_string_opt::<i64>().map(|array| array.value(at).to_owned()),
            DataType::Utf8View => self.array.as_string_view_opt().map(|array| array.value(at).to_owned()),
            DataType::Date32 => {
                self.value::<Date32Type>(at).map(|day| format!("{:#}", Time::from_seconds(i64::from(day) * 86_400)))
            }
            DataType::Decimal128(_, scale) => {
                self.value::<Decimal128Type>(at).map(|digits| format!("{digits}e{}", -i32::from(*scale)))
            }
            DataType::Dictionary(..) => self.array.as_any_dictionary_opt().map(|names| {
                let key = names.normalized_keys().get(at).copied().unwrap_or_default();
                Self::new(names.values()).text(key)
            }),
            _ => self.stamp(at).and_then(|_| self.time(at)).map(|time| time.to_string()),
        };
        text.unwrap_or_default()
    }

    fn time(&self, at: usize) -> Option<Time> {
        match self.form {
            Form::Stamp(unit) if !self.array.is_null(at) => self.stamp(at)?.checked_mul(unit).map(Time::from_nanos),
            _ => None,
        }
    }
}

struct ColumnRow<'a> {
    columns: &'a [Column],
    at: usize,
}

impl Cells for ColumnRow<'_> {
    fn text(&self, at: usize) -> Cow<'_, str> {
        Cow::Owned(self.columns.get(at).map(|column| column.text(self.at)).unwrap_or_default())
    }

    fn time(&self, at: usize, stamps: &mut Stamps) -> Result<Time, RowFault> {
        match self.columns.get(at).and_then(|column| column.time(self.at)) {
            Some(time) => Ok(time),
            None => stamps.read(&self.text(at)),
        }
    }

    fn nanos(&self, at: usize) -> Result<Nanos, NumberFault> {
        let float = self.columns.get(at).filter(|column| column.form == Form::Float && !column.array.is_null(self.at));
        let exact = float.and_then(|column| column.value::<Float64Type>(self.at)).and_then(Nanos::of_plain_float);
        exact.map_or_else(|| read_nanos(&self.text(at)), Ok)
    }

    fn is_empty(&self, at: usize) -> bool {
        self.columns.get(at).is_none_or(|column| column.array.is_null(self.at))
    }
}
