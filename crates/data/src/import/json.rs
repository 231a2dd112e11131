//! Rows of JSON: an array of arrays, an array of objects, or an object a line. Read one by one, never as a whole.
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::Value;

use super::cells::Cells;
use super::desk::Desk;
use super::fault::ImportFault;
use super::open::unreadable;
use super::table::{Carrier, Table};
use crate::bad_row::RowFault;

pub(super) fn read(reader: Box<dyn Read + '_>, desk: &mut Desk<'_, '_>) -> Result<(), ImportFault> {
    let read = Cell::new(0);
    let reader = Rationed { reader, read: &read };
    let mut rows = Rows { desk, header: None, count: 0, stopped: None, over: false, read: &read };
    let mut documents = serde_json::Deserializer::from_reader(std::io::BufReader::with_capacity(1 << 16, reader));
    let done = loop {
        let more = rows.over || documents.end().is_ok();
        if more {
            break Ok(());
        }
        if let Err(error) = (Document(&mut rows)).deserialize(&mut documents) {
            break Err(error);
        }
    };
    let Rows { count, stopped, over, desk, .. } = rows;
    match (stopped, done) {
        (Some(fault), _) => Err(fault),
        (None, Err(_)) if read.get() > ROW_MAX => Err(ImportFault::LongRow(count + 1)),
        (None, Err(error)) if error.is_io() => Err(unreadable(error.into())),
        (None, Err(error)) if !over => Err(ImportFault::Damaged("JSON", error.to_string())),
        _ if count == 0 && desk.columns() == 0 => Err(ImportFault::Unknown("JSON with no row in it".to_owned())),
        _ => Ok(()),
    }
}

/// The rows so far.
struct Rows<'d, 'a, 's> {
    desk: &'d mut Desk<'a, 's>,
    /// The fields of the first object; empty for arrays.
    header: Option<Vec<String>>,
    count: u64,
    stopped: Option<ImportFault>,
    /// Nothing more is to be read.
    over: bool,
    /// Bytes read since the last row.
    read: &'d Cell<u64>,
}

/// The most bytes of a row: it is in memory as a whole.
const ROW_MAX: u64 = 16 << 20;

/// Bytes, as many as a row may have.
struct Rationed<'r, R> {
    reader: R,
    read: &'r Cell<u64>,
}

impl<R: Read> Read for Rationed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read.get() > ROW_MAX {
            return Err(std::io::Error::other("a row without an end"));
        }
        let count = self.reader.read(buffer)?;
        self.read.set(self.read.get() + count as u64);
        Ok(count)
    }
}

impl Rows<'_, '_, '_> {
    fn take(&mut self, value: Value) -> Result<(), ImportFault> {
        self.read.set(0);
        if self.over {
            return Ok(());
        }
        self.count += 1;
        let header = match &self.header {
            Some(header) => header.clone(),
            None => self.begin(&value)?,
        };
        if self.over {
            return Ok(());
        }
        let cells: Vec<String> = match value {
            Value::Array(cells) => cells.iter().map(text_of).collect(),
            Value::Object(fields) => {
                header.iter().map(|name| fields.get(name).map(text_of).unwrap_or_default()).collect()
            }
            other => vec![text_of(&other)],
        };
        if cells.len() != self.desk.columns() {
            let fault = RowFault::FieldCount(cells.len(), self.desk.columns());
            self.desk.refuse_line(self.count, &cells.join(","), fault);
            return Ok(());
        }
        self.desk.take(&JsonRow(cells), self.count, |at| at + 1)
    }

    /// The first row tells the columns.
    fn begin(&mut self, first: &Value) -> Result<Vec<String>, ImportFault> {
        let (header, row) = match first {
            Value::Array(cells) => (Vec::new(), cells.iter().map(text_of).collect()),
            Value::Object(fields) => (fields.keys().cloned().collect(), fields.values().map(text_of).collect()),
            other => {
                let seen: String = text_of(other).chars().take(40).collect();
                return Err(ImportFault::Unknown(format!("JSON of single values ({seen})")));
            }
        };
        let header: Vec<String> = header;
        self.over = !self.desk.begin(&Table::named(Carrier::Json, header.clone(), row))?;
        self.header = Some(header.clone());
        Ok(header)
    }
}

/// A number in its shortest digits: those that stood there, up to seventeen.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

struct JsonRow(Vec<String>);

impl Cells for JsonRow {
    fn text(&self, at: usize) -> Cow<'_, str> {
        Cow::Borrowed(self.0.get(at).map_or("", String::as_str))
    }
}

/// One document: an array is its rows, anything else is a row.
struct Document<'r, 'd, 'a, 's>(&'r mut Rows<'d, 'a, 's>);

impl<'de> DeserializeSeed<'de> for Document<'_, '_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        while let Some(value) = rows.next_element::<Value>()? {
            self.0.hand(value)?;
        }
        Ok(())
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let value = serde::Deserialize::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
        self.0.hand(value)
    }
}

impl Rows<'_, '_, '_> {
    /// A fault on its way through the decoder, which knows only its own.
    fn hand<E: serde::de::Error>(&mut self, value: Value) -> Result<(), E> {
        self.take(value).map_err(|fault| {
            self.stopped = Some(fault);
            E::custom("stopped")
        })
    }
}
