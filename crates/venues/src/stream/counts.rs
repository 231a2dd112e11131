//! What a connection did, in figures.
use qframe_model::symbol::Symbol;
use qframe_model::time::{Span, Time};

/// What one connection did so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Which connection.
    pub line: String,
    /// True where it is up and all that was asked for was taken.
    pub up: bool,
    /// Messages that came.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Missing updates or messages.
    pub gaps: u64,
    /// Books that were crossed.
    pub crossed: u64,
    /// Lost books that were good again.
    pub resyncs: u64,
    /// Connections that were made.
    pub connects: u64,
    /// Connections that broke or were given up; the planned change to a new one is none.
    pub cuts: u64,
    /// Planned changes to a new connection.
    pub handovers: u64,
    /// Rows that were told before.
    pub repeated: u64,
    /// Rows that were asked for after they had been missed.
    pub filled: u64,
    /// Rows that were missed and are not to be had.
    pub missed: u64,
    /// Messages that are refused.
    pub refused: u64,
    /// The refused by reason.
    pub reasons: Vec<(&'static str, u64)>,
    /// Messages about what was not asked for.
    pub unasked: u64,
    /// The clock here less the exchange's, where that was measured.
    pub clock_ahead: Option<Span>,
    /// What went wrong last, and when.
    pub trouble: Option<(Time, String)>,
    /// From the exchange's clock to the receipt here, in nanoseconds, the difference of the clocks taken out.
    pub latency: Latencies,
    /// Rows of each symbol.
    pub subjects: Vec<SubjectCounts>,
}

/// Rows of one symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectCounts {
    /// Which.
    pub symbol: Symbol,
    /// Trades.
    pub trades: u64,
    /// Best quotes.
    pub quotes: u64,
    /// Changes of the book.
    pub book: u64,
    /// Bars that are over.
    pub bars: u64,
    /// Funding that fell due.
    pub funding: u64,
    /// True where its book is good.
    pub whole: bool,
}

impl SubjectCounts {
    /// None yet.
    pub(super) const fn new(symbol: Symbol) -> Self {
        Self { symbol, trades: 0, quotes: 0, book: 0, bars: 0, funding: 0, whole: false }
    }
}

impl Counts {
    /// Counts a refused message under its reason.
    pub(super) fn refuse(&mut self, reason: &'static str) {
        self.refused += 1;
        match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.reasons.push((reason, 1)),
        }
    }
}

/// Buckets to a doubling: a value is told to an eighth of itself.
const PARTS: usize = 8;

/// How often each latency was seen, in buckets that grow by an eighth of a doubling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latencies {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { buckets: vec![0; 64 * PARTS], count: 0 }
    }
}

impl Latencies {
    /// Takes one in; what is below zero, by clocks that disagree, counts as zero.
    pub fn add(&mut self, nanos: i64) {
        if let Some(bucket) = self.buckets.get_mut(place(u64::try_from(nanos).unwrap_or(0))) {
            *bucket += 1;
            self.count += 1;
        }
    }

    /// Takes in what another holds.
    pub fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, more)| *sum += more);
    }

    /// How many were taken in.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The latency that so many in a hundred are not above, in nanoseconds, an eighth too high at most; `None` of none.
    #[must_use]
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut sum = 0;
        let found = self.buckets.iter().position(|count| {
            sum += count;
            sum >= rank
        })?;
        Some(upper(found))
    }
}

fn place(nanos: u64) -> usize {
    if nanos < PARTS as u64 {
        return nanos as usize;
    }
    let power = nanos.ilog2() as usize;
    let part = (nanos >> (power - 3)) as usize & (PARTS - 1);
    (power - 2) * PARTS + part
}

/// The highest value of a bucket.
const fn upper(place: usize) -> u64 {
    if place < PARTS {
        return place as u64;
    }
    let (power, part) = (place / PARTS + 2, place % PARTS);
    let low = ((PARTS + part) as u64) << (power - 3);
    low + ((1 << (power - 3)) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_an_eighth_too_high_at_most() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.percentile(50), None);
        (1..=100_000).for_each(|nanos| latencies.add(nanos));
        for (percent, exact) in [(1, 1_000), (50, 50_000), (99, 99_000), (100, 100_000)] {
            let told = latencies.percentile(percent).unwrap();
            assert!((exact..=exact + exact / 8).contains(&told), "{percent}: {told}");
        }
        latencies.add(i64::MIN);
        latencies.add(i64::MAX);
        assert_eq!((latencies.percentile(0), latencies.count()), (Some(0), 100_002));
    }
}
