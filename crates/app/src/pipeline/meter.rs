//! How long things take and how many wait: counters that one thread writes and any reads, without a lock.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets to a doubling: a quantile is at most an eighth too high.
const STEPS: usize = 8;
const BUCKETS: usize = 64 * STEPS;

/// A histogram of durations in 4 KiB.
#[derive(Debug)]
pub struct Meter {
    buckets: Box<[AtomicU64]>,
    longest: AtomicU64,
}

/// What a [`Meter`] says: upper bounds, at most an eighth too high.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 of a hundred took no longer.
    pub p99: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Default for Meter {
    fn default() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(), longest: AtomicU64::new(0) }
    }
}

impl Meter {
    /// Counts `times` durations of this length.
    pub fn note(&self, took: Duration, times: u64) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)].fetch_add(times, Relaxed);
        self.longest.fetch_max(nanos, Relaxed);
    }

    /// What was measured so far.
    #[must_use]
    pub fn read(&self) -> Latency {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let (count, longest) = (counts.iter().sum::<u64>(), self.longest.load(Relaxed));
        let quantile = |hundredths: u64| {
            let mut left = (count * hundredths).div_ceil(100);
            let found = counts.iter().position(|of_bucket| {
                left = left.saturating_sub(*of_bucket);
                left == 0
            });
            Duration::from_nanos(found.map_or(0, |place| end_of(place).min(longest)))
        };
        if count == 0 {
            return Latency::default();
        }
        Latency { count, p50: quantile(50), p99: quantile(99), longest: Duration::from_nanos(longest) }
    }
}

/// Below eight a bucket each; then eight to a doubling.
fn bucket(nanos: u64) -> usize {
    let doublings = (nanos | 7).ilog2() as usize - 2;
    doublings * STEPS + (nanos >> (doublings.max(1) - 1)) as usize % STEPS
}

/// The largest duration of a bucket.
fn end_of(bucket: usize) -> u64 {
    let (doublings, step) = (bucket / STEPS, (bucket % STEPS) as u128);
    if doublings == 0 {
        return step as u64;
    }
    u64::try_from(((STEPS as u128 + step + 1) << (doublings - 1)) - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_it_ends_at() {
        for place in 0..60 * STEPS {
            let end = end_of(place);
            assert_eq!(bucket(end), place, "{end}");
            assert_eq!(bucket(end + 1), place + 1, "{end} + 1");
        }
    }

    #[test]
    fn quantiles_are_at_most_an_eighth_too_high() {
        let meter = Meter::default();
        (1..=1000).for_each(|micros| meter.note(Duration::from_micros(micros), 1));
        let Latency { count, p50, p99, longest } = meter.read();
        assert_eq!((count, longest), (1000, Duration::from_millis(1)));
        assert!(p50 >= Duration::from_micros(500) && p50 <= Duration::from_micros(563), "{p50:?}");
        assert!(p99 >= Duration::from_micros(990) && p99 <= longest, "{p99:?}");
        assert_eq!(Meter::default().read(), Latency::default());
    }
}
