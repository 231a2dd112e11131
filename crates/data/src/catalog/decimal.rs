//! Exact numbers as columns: `DECIMAL(18, 9)` in 64 bits, which every reader knows and reads fast; where a number of a file
//! is beyond that, all of that file's are `DECIMAL(38, 9)`.
use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal64Type, Decimal128Type, Int32Type, TimestampNanosecondType, UInt64Type,
};
use arrow_array::{
    ArrayRef, Decimal64Array, Decimal128Array, DictionaryArray, Int32Array, RecordBatch, StringArray,
    TimestampNanosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, TimeUnit};
use qframe_model::number::{Price, Quantity, Volume};
use qframe_model::time::Time;

/// How many bits a decimal of a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// 64.
    Narrow,
    /// 128.
    Wide,
}

const SCALE: i8 = 9;
const NARROW_DIGITS: u8 = 18;
const WIDE_DIGITS: u8 = 38;
/// The first number with more digits than a narrow column promises.
const TOO_WIDE: i128 = 10_i128.pow(NARROW_DIGITS as u32);

impl Width {
    pub(super) fn field(self, name: &str) -> Field {
        let decimal = match self {
            Self::Narrow => DataType::Decimal64(NARROW_DIGITS, SCALE),
            Self::Wide => DataType::Decimal128(WIDE_DIGITS, SCALE),
        };
        Field::new(name, decimal, false)
    }

    /// A column of nanos. Narrow ones were checked to fit.
    pub(super) fn column(self, nanos: impl Iterator<Item = i128>) -> ArrayRef {
        match self {
            Self::Narrow => {
                let column = Decimal64Array::from_iter_values(nanos.map(|nanos| nanos as i64));
                Arc::new(column.with_data_type(DataType::Decimal64(NARROW_DIGITS, SCALE)))
            }
            Self::Wide => {
                let column = Decimal128Array::from_iter_values(nanos);
                Arc::new(column.with_data_type(DataType::Decimal128(WIDE_DIGITS, SCALE)))
            }
        }
    }

    pub(super) fn prices(self, prices: impl Iterator<Item = Price>) -> ArrayRef {
        self.column(prices.map(|price| i128::from(price.nanos())))
    }

    pub(super) fn volumes(self, volumes: impl Iterator<Item = Volume>) -> ArrayRef {
        self.column(volumes.map(|volume| volume.quantity().nanos()))
    }
}

pub(super) fn is_narrow(nanos: i64) -> bool {
    i128::from(nanos).abs() < TOO_WIDE
}

pub(super) fn is_narrow_volume(volume: Volume) -> bool {
    volume.quantity().nanos() < TOO_WIDE
}

pub(super) fn time_field(name: &str) -> Field {
    Field::new(name, DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), false)
}

pub(super) fn times(times: impl Iterator<Item = Time>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from_iter_values(times.map(Time::nanos)).with_timezone("UTC"))
}

pub(super) fn number_field(name: &str) -> Field {
    Field::new(name, DataType::UInt64, false)
}

pub(super) fn numbers(numbers: impl Iterator<Item = u64>) -> ArrayRef {
    Arc::new(UInt64Array::from_iter_values(numbers))
}

/// A column of a few words.
pub(super) fn word_field(name: &str) -> Field {
    Field::new_dictionary(name, DataType::Int32, DataType::Utf8, false)
}

/// Each row's place among `words`.
pub(super) fn words(words: &[&'static str], places: impl Iterator<Item = usize>) -> ArrayRef {
    let keys = Int32Array::from_iter_values(places.map(|place| place as i32));
    // Safe by construction: places are of `words`.
    match DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::from(words.to_vec()))) {
        Ok(column) => Arc::new(column),
        Err(error) => unreachable!("places of words are within them: {error}"),
    }
}

/// A column of a batch by its name.
fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, String> {
    batch.column_by_name(name).ok_or_else(|| format!("no column {name}"))
}

fn values<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> Result<&'a [T::Native], String> {
    let column = column(batch, name)?.as_primitive_opt::<T>();
    Ok(column.ok_or_else(|| format!("the column {name} is of another type"))?.values())
}

pub(super) fn read_times<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a [i64], String> {
    values::<TimestampNanosecondType>(batch, name)
}

pub(super) fn read_numbers<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a [u64], String> {
    values::<UInt64Type>(batch, name)
}

/// The nanos of a column of prices or rates.
pub(super) fn read_nanos<'a>(batch: &'a RecordBatch, name: &str) -> Result<Cow<'a, [i64]>, String> {
    if let Ok(narrow) = values::<Decimal64Type>(batch, name) {
        return Ok(Cow::Borrowed(narrow));
    }
    let wide = values::<Decimal128Type>(batch, name)?.iter();
    let nanos = wide.map(|nanos| i64::try_from(*nanos).map_err(|_| format!("a {name} is out of range")));
    nanos.collect::<Result<Vec<_>, _>>().map(Cow::Owned)
}

pub(super) fn read_volumes(batch: &RecordBatch, name: &str) -> Result<Vec<Volume>, String> {
    let wrong = || format!("a {name} is out of range");
    if let Ok(narrow) = values::<Decimal64Type>(batch, name) {
        let mut volumes = Vec::with_capacity(narrow.len());
        for nanos in narrow {
            volumes.push(volume(u64::try_from(*nanos).map_err(|_| wrong())?).ok_or_else(wrong)?);
        }
        return Ok(volumes);
    }
    let wide = values::<Decimal128Type>(batch, name)?.iter();
    wide.map(|nanos| Volume::new(Quantity::from_nanos(*nanos)).map_err(|_| wrong())).collect()
}

/// A volume of so many nanos. Whole ones, and those of a few decimals, are told by few divisions.
#[inline]
fn volume(nanos: u64) -> Option<Volume> {
    const WHOLE: u64 = 1_000_000_000;
    if nanos.is_multiple_of(WHOLE) {
        return Volume::from_digits(nanos / WHOLE, 0);
    }
    let (mut digits, mut decimals) = (nanos, 9);
    // Each by a constant, which costs a multiplication and no division.
    if digits.is_multiple_of(10_000) {
        (digits, decimals) = (digits / 10_000, decimals - 4);
    }
    if digits.is_multiple_of(100) {
        (digits, decimals) = (digits / 100, decimals - 2);
    }
    Volume::from_digits(digits, decimals)
}

/// Each row's place among `known` words.
pub(super) fn read_words<'a>(
    batch: &'a RecordBatch,
    name: &'a str,
    known: &'a [&'static str],
) -> Result<impl Iterator<Item = Result<usize, String>> + 'a, String> {
    let wrong = || format!("the column {name} is of another type");
    let column = column(batch, name)?.as_dictionary_opt::<Int32Type>().ok_or_else(wrong)?;
    let texts = column.values().as_string_opt::<i32>().ok_or_else(wrong)?;
    let places: Vec<Option<usize>> =
        texts.iter().map(|text| known.iter().position(|word| Some(*word) == text)).collect();
    let place = move |key: &i32| usize::try_from(*key).ok().and_then(|key| places.get(key).copied().flatten());
    let known = move || format!("a {name} is none of {}", known.join(", "));
    Ok(column.keys().values().iter().map(move |key| place(key).ok_or_else(&known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_the_same_however_they_are_told() {
        for digits in [0, 1, 7, 10, 99, 1_000, 123_456_789, 999_999_999_999_999_999_u64] {
            for zeros in 0..10 {
                let Some(nanos) = digits.checked_mul(10_u64.pow(zeros)) else { continue };
                let expected = Volume::new(Quantity::from_nanos(i128::from(nanos))).ok();
                assert_eq!(volume(nanos), expected, "{nanos}");
            }
        }
    }
}
