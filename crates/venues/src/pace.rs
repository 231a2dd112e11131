//! How fast an exchange may be asked: so much weight in a window of time.
use std::time::Duration;

use tokio::time::Instant;

/// A limit of weight in each window. Times are arguments: nothing here waits.
#[derive(Debug, Clone)]
pub struct Pace {
    limit: u32,
    window: Duration,
    /// When this window ends, once one has begun.
    ends: Option<Instant>,
    used: u32,
    held: Option<Instant>,
}

impl Pace {
    /// So much weight in each window, at least 1. Stay below what the exchange says: its windows are not ours.
    #[must_use]
    pub fn new(limit: u32, window: Duration) -> Self {
        Self { limit: limit.max(1), window, ends: None, used: 0, held: None }
    }

    /// Takes weight for a request that is sent now; where there is none left, when to ask again.
    pub fn take(&mut self, weight: u32, now: Instant) -> Option<Instant> {
        if let Some(held) = self.held.filter(|held| *held > now) {
            return Some(held);
        }
        self.roll(now);
        // What is heavier than the limit goes alone.
        if self.used > 0 && self.used.saturating_add(weight) > self.limit {
            return self.ends;
        }
        self.used = self.used.saturating_add(weight);
        None
    }

    /// What the exchange has counted in its window, ours and others'.
    pub fn used(&mut self, used: u32, now: Instant) {
        self.roll(now);
        self.used = self.used.max(used);
    }

    /// Nothing is sent before this instant.
    pub fn hold(&mut self, until: Instant) {
        self.held = self.held.max(Some(until));
    }

    fn roll(&mut self, now: Instant) {
        if self.ends.is_none_or(|ends| ends <= now) {
            (self.ends, self.used) = (Some(now + self.window), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn no_window_takes_more_than_its_limit() {
        let (mut pace, start) = (Pace::new(10, SECOND * 60), Instant::now());
        let sent = (0..20).filter(|_| pace.take(4, start).is_none()).count();
        assert_eq!(sent, 2);
        assert_eq!(pace.take(4, start + SECOND), Some(start + SECOND * 60));
        assert_eq!(pace.take(4, start + SECOND * 60), None);
    }

    #[test]
    fn what_others_used_counts() {
        let (mut pace, start) = (Pace::new(10, SECOND), Instant::now());
        pace.used(9, start);
        assert_eq!(pace.take(2, start), Some(start + SECOND));
        assert_eq!(pace.take(1, start), None);
        // The exchange's count may be older than our own.
        pace.used(1, start);
        assert_eq!(pace.take(1, start), Some(start + SECOND));
    }

    #[test]
    fn what_is_held_waits_and_what_is_too_heavy_goes_alone() {
        let (mut pace, start) = (Pace::new(10, SECOND), Instant::now());
        pace.hold(start + SECOND * 5);
        pace.hold(start + SECOND);
        assert_eq!(pace.take(1, start + SECOND * 2), Some(start + SECOND * 5));
        assert_eq!(pace.take(50, start + SECOND * 5), None);
        assert_eq!(pace.take(1, start + SECOND * 5), Some(start + SECOND * 6));
    }
}
