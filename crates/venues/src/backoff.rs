//! How long to wait before trying again: doubling, with jitter, so that many that failed at once do not come back at once.
use std::time::Duration;

/// Pauses between tries.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The first pause, before jitter.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(250), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The pause after so many tries have failed (from 1): between half of the doubled pause and all of it.
    #[must_use]
    pub fn pause(&self, failed: u32) -> Duration {
        self.pause_at(failed, fastrand::f64())
    }

    pub(crate) fn pause_at(&self, failed: u32, draw: f64) -> Duration {
        let doubled = self.first.saturating_mul(1 << failed.saturating_sub(1).min(20)).min(self.longest);
        doubled.mul_f64(0.5 + draw / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let longest: Vec<u128> = (1..10).map(|failed| backoff.pause_at(failed, 1.0).as_millis()).collect();
        assert_eq!(longest, [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(backoff.pause_at(3, 0.0), Duration::from_millis(500));
        assert_eq!(backoff.pause_at(u32::MAX, 1.0), Duration::from_secs(30));
    }
}
