//! Rows that were held back: each counted by reason, the latest of them kept.
use std::collections::{BTreeMap, VecDeque};

use crate::Arrival;

/// A row that was held back, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The row.
    pub arrival: Arrival,
    /// The reason, by which it is counted.
    pub reason: &'static str,
    /// What stands there, and what was expected.
    pub text: String,
}

/// What was held back at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    kept_max: usize,
    counts: BTreeMap<&'static str, u64>,
    kept: VecDeque<Held>,
}

impl Quarantine {
    /// Keeps the latest `kept_max` rows.
    #[must_use]
    pub const fn new(kept_max: usize) -> Self {
        Self { kept_max, counts: BTreeMap::new(), kept: VecDeque::new() }
    }

    /// Counts a row, and keeps it in the place of the oldest one.
    pub fn hold(&mut self, held: Held) {
        *self.counts.entry(held.reason).or_default() += 1;
        if self.kept.len() >= self.kept_max {
            self.kept.pop_front();
        }
        if self.kept_max > 0 {
            self.kept.push_back(held);
        }
    }

    /// How many, all reasons together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many by reason.
    #[must_use]
    pub const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// The latest, oldest first.
    pub fn kept(&self) -> impl Iterator<Item = &Held> {
        self.kept.iter()
    }
}
