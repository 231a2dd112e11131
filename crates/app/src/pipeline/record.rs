//! Rows as bytes on the disk: a head of length, count and hash, then the names of the data sets, then the rows.
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use qframe_data::DataKey;
use qframe_model::time::{Time, TimeFrame};
use qframe_model::wire;
use serde::{Deserialize, Serialize};

use crate::{Arrival, Row};

/// The first bytes of each record; the last of them is the version.
const MAGIC: [u8; 4] = *b"QFS\x01";
const HASH: usize = 8;
const HEAD: usize = MAGIC.len() + 4 + 4 + HASH;
/// No record is longer.
const BODY_MAX: u64 = 64 << 20;

/// What stands before the rows of a record.
pub(super) struct Head {
    pub(super) rows: u64,
    /// Bytes behind the head.
    pub(super) body: u64,
    hash: [u8; HASH],
}

/// A data set by its name.
#[derive(Serialize, Deserialize)]
struct Name {
    kind: String,
    venue: String,
    symbol: String,
    seconds: Option<u32>,
}

/// Names, and rows with the place of theirs.
type Body = (Vec<Name>, Vec<(u32, Time, Row)>);

pub(super) fn encode(rows: &[Arrival]) -> Result<Vec<u8>, String> {
    let mut places: HashMap<&DataKey, u32> = HashMap::new();
    let mut body: Body = (Vec::new(), Vec::with_capacity(rows.len()));
    for Arrival { key, row, received } in rows {
        let next = u32::try_from(body.0.len()).map_err(|_| "too many data sets".to_owned())?;
        let place = *places.entry(key).or_insert(next);
        if place == next {
            body.0.push(Name {
                kind: key.kind.name().to_owned(),
                venue: key.venue.clone(),
                symbol: key.symbol.as_str().to_owned(),
                seconds: key.frame.map(TimeFrame::seconds),
            });
        }
        body.1.push((place, *received, *row));
    }
    let body = wire::to_bytes(&body).map_err(|error| error.to_string())?;
    let count = |count: usize| u32::try_from(count).map(u32::to_le_bytes).map_err(|_| "too many rows".to_owned());
    let hash = blake3::hash(&body);
    let head = [&MAGIC[..], &count(body.len())?, &count(rows.len())?, &hash.as_bytes()[..HASH]].concat();
    Ok([head, body].concat())
}

impl Head {
    /// Reads the head at an offset; `None` where there is none.
    pub(super) fn read(file: &mut File, offset: u64) -> io::Result<Option<Self>> {
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(HEAD);
        file.take(HEAD as u64).read_to_end(&mut bytes)?;
        let Some((magic, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
        let Some((body, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let Some((rows, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let Ok(hash) = <[u8; HASH]>::try_from(rest) else { return Ok(None) };
        let (body, rows) = (u32::from_le_bytes(*body).into(), u32::from_le_bytes(*rows).into());
        Ok((*magic == MAGIC && body <= BODY_MAX && rows > 0).then_some(Self { rows, body, hash }))
    }

    /// Of the record, with the head.
    pub(super) const fn length(&self) -> u64 {
        HEAD as u64 + self.body
    }

    /// The rows; `None` where they are not those that were written.
    pub(super) fn decode(&self, body: &[u8]) -> Option<Vec<Arrival>> {
        if blake3::hash(body).as_bytes()[..HASH] != self.hash {
            return None;
        }
        let (names, rows): Body = wire::from_bytes(body).ok()?;
        let keys: Vec<Arc<DataKey>> = names.into_iter().map(key).collect::<Option<_>>()?;
        let rows = rows
            .into_iter()
            .map(|(place, received, row)| Some(Arrival { key: Arc::clone(keys.get(place as usize)?), row, received }));
        let rows: Vec<Arrival> = rows.collect::<Option<_>>()?;
        (rows.len() as u64 == self.rows).then_some(rows)
    }
}

fn key(name: Name) -> Option<Arc<DataKey>> {
    let frame = match name.seconds {
        None => None,
        Some(seconds) => Some(TimeFrame::from_seconds(seconds)?),
    };
    let (kind, symbol) = (name.kind.parse().ok()?, name.symbol.parse().ok()?);
    Some(Arc::new(DataKey { kind, venue: name.venue, symbol, frame }))
}
