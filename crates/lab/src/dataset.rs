//! One series of bars with what is known about it.
use std::sync::Arc;

use qframe_data::{Facts, Loaded};
use qframe_model::instrument::Instrument;
use qframe_model::market::Bar;
use qframe_model::time::{Time, TimeFrame};

/// Where rows came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// A file name, or the name of a bundled sample.
    pub name: String,
    /// What the reader found out, a sentence each.
    pub notes: Vec<String>,
    /// What the reader counted.
    pub facts: Facts,
}

/// Bars of one instrument in one time frame: oldest first, times strictly rising, at least one. Cheap to clone.
#[derive(Debug, Clone)]
pub struct DataSet {
    instrument: Instrument,
    frame: TimeFrame,
    bars: Arc<[Bar]>,
    hash: blake3::Hash,
    origin: Arc<Origin>,
}

impl DataSet {
    /// Bars as a reader checked them. `None` where there are none.
    #[must_use]
    pub fn new(instrument: Instrument, loaded: Loaded, name: &str) -> Option<Self> {
        let origin = Origin { name: name.to_owned(), notes: loaded.why, facts: loaded.facts };
        Self::of(instrument, loaded.time_frame, loaded.bars, origin)
    }

    /// Bars from anywhere else. `None` where there are none, or where their times do not rise.
    #[must_use]
    pub fn of(instrument: Instrument, frame: TimeFrame, bars: Vec<Bar>, origin: Origin) -> Option<Self> {
        let rising = bars.windows(2).all(|pair| pair[0].time < pair[1].time);
        if bars.is_empty() || !rising {
            return None;
        }
        Some(Self { instrument, frame, hash: hash(&bars), bars: bars.into(), origin: Arc::new(origin) })
    }

    /// The bars that open in `from..until`. `None` where there are none.
    #[must_use]
    pub fn between(&self, from: Time, until: Time) -> Option<Self> {
        let first = self.bars.partition_point(|bar| bar.time < from);
        let last = self.bars.partition_point(|bar| bar.time < until);
        if first == 0 && last == self.bars.len() {
            return Some(self.clone());
        }
        let bars = self.bars.get(first..last)?.to_vec();
        Self::of(self.instrument.clone(), self.frame, bars, (*self.origin).clone())
    }

    /// What trades.
    #[must_use]
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// The length of a bar.
    #[must_use]
    pub const fn frame(&self) -> TimeFrame {
        self.frame
    }

    /// The rows.
    #[must_use]
    pub fn bars(&self) -> &[Bar] {
        &self.bars
    }

    pub(crate) fn shared_bars(&self) -> Arc<[Bar]> {
        Arc::clone(&self.bars)
    }

    /// Where they came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// BLAKE3 over the rows: equal where and only where all rows are.
    #[must_use]
    pub const fn hash(&self) -> blake3::Hash {
        self.hash
    }
}

/// Six little-endian words a bar, in the order of its fields.
fn hash(bars: &[Bar]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = Vec::with_capacity(1024 * 48);
    for block in bars.chunks(1024) {
        bytes.clear();
        for bar in block {
            for price in [bar.time.nanos(), bar.open.nanos(), bar.high.nanos(), bar.low.nanos(), bar.close.nanos()] {
                bytes.extend_from_slice(&price.to_le_bytes());
            }
            bytes.extend_from_slice(&bar.volume.bits().to_le_bytes());
        }
        hasher.update(&bytes);
    }
    hasher.finalize()
}
