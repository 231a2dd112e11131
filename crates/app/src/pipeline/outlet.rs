//! One sink as the fan-out sees it: a bounded queue that never makes it wait for long, and what became of its rows.
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, timeout};

use super::meter::{Latency, Meter};
use super::quarantine::{Held, Quarantine};
use super::torn::Torn;
use crate::Arrival;

/// The fan-out waits so long for a queue that is full, once, and not again before there is room: rows are lost instead.
const PATIENCE: Duration = Duration::from_millis(250);
/// A sink keeps so many of its refused rows.
const KEPT: usize = 256;
/// Why rows are lost that are whole themselves.
pub(super) const TORN: &str = "a change of its book was lost";

/// A row on its way to a sink.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) arrival: Arrival,
    pub(super) since: Instant,
}

/// The end of the fan-out for one sink.
pub(super) struct Outlet {
    queue: Sender<Waiting>,
    takes: [bool; 8],
    pub(super) fates: Arc<Fates>,
    /// The queue was full, and nobody took anything for as long as the fan-out waits.
    is_stuck: bool,
    torn: Torn,
}

impl Outlet {
    pub(super) fn new(queue: Sender<Waiting>, takes: [bool; 8], fates: Arc<Fates>) -> Self {
        Self { queue, takes, fates, is_stuck: false, torn: Torn::default() }
    }

    pub(super) async fn give(&mut self, arrival: &Arrival, since: Instant) {
        if !self.takes[arrival.row.kind() as usize] {
            return;
        }
        self.fates.given.fetch_add(1, Relaxed);
        self.tell_torn(since);
        if !self.torn.admits(arrival) {
            return self.fates.lose(TORN, 1);
        }
        let waiting = match self.queue.try_send(Waiting { arrival: arrival.clone(), since }) {
            Ok(()) => {
                self.is_stuck = false;
                return;
            }
            Err(TrySendError::Closed(_)) => return self.fates.lose("the sink has ended", 1),
            Err(TrySendError::Full(waiting)) => waiting,
        };
        if self.is_stuck || !matches!(timeout(PATIENCE, self.queue.send(waiting)).await, Ok(Ok(()))) {
            self.is_stuck = true;
            self.torn.lose(arrival);
            self.fates.lose("the queue is full", 1);
        }
    }

    /// Says which books are torn, where there is room to say it of all.
    fn tell_torn(&mut self, since: Instant) {
        let clears = self.torn.untold();
        if clears.is_empty() || self.queue.capacity() < clears.len() {
            return;
        }
        for arrival in clears {
            self.fates.given.fetch_add(1, Relaxed);
            if self.queue.try_send(Waiting { arrival, since }).is_err() {
                return self.fates.lose("the sink has ended", 1);
            }
        }
        self.torn.told();
    }
}

/// What became of the rows of a sink; written by its worker and the fan-out, read by anybody.
#[derive(Debug)]
pub(super) struct Fates {
    pub(super) name: String,
    pub(super) given: AtomicU64,
    pub(super) taken_up: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) spooled: AtomicU64,
    pub(super) spool_bytes: AtomicU64,
    pub(super) damaged: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) is_down: AtomicBool,
    pub(super) waits: Meter,
    pub(super) answers: Meter,
    refused: Mutex<Quarantine>,
    lost: Mutex<BTreeMap<&'static str, u64>>,
    last_failure: Mutex<Option<String>>,
}

impl Fates {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            given: AtomicU64::new(0),
            taken_up: AtomicU64::new(0),
            written: AtomicU64::new(0),
            spooled: AtomicU64::new(0),
            spool_bytes: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
            waits: Meter::default(),
            answers: Meter::default(),
            refused: Mutex::new(Quarantine::new(KEPT)),
            lost: Mutex::default(),
            last_failure: Mutex::default(),
        }
    }

    pub(super) fn lose(&self, reason: &'static str, rows: u64) {
        *locked(&self.lost).entry(reason).or_default() += rows;
    }

    pub(super) fn lose_some(&self, reason: &'static str, rows: u64) {
        if rows > 0 {
            self.lose(reason, rows);
        }
    }

    pub(super) fn refuse(&self, held: Held) {
        locked(&self.refused).hold(held);
    }

    pub(super) fn fail(&self, why: &str) {
        self.failures.fetch_add(1, Relaxed);
        self.is_down.store(true, Relaxed);
        *locked(&self.last_failure) = Some(why.to_owned());
    }

    pub(super) fn read(&self) -> SinkStats {
        let refused = locked(&self.refused).clone();
        let lost = locked(&self.lost).clone();
        let (written, spooled) = (self.written.load(Relaxed), self.spooled.load(Relaxed));
        let (given, taken_up) = (self.given.load(Relaxed), self.taken_up.load(Relaxed));
        let gone = written + spooled + refused.total() + lost.values().sum::<u64>();
        SinkStats {
            name: self.name.clone(),
            given,
            taken_up,
            written,
            spooled,
            waiting: (given + taken_up).saturating_sub(gone),
            refused,
            lost,
            spool_bytes: self.spool_bytes.load(Relaxed),
            damaged_bytes: self.damaged.load(Relaxed),
            failures: self.failures.load(Relaxed),
            is_down: self.is_down.load(Relaxed),
            last_failure: locked(&self.last_failure).clone(),
            waits: self.waits.read(),
            answers: self.answers.read(),
        }
    }
}

/// What became of the rows of a sink. Every row has one fate: `given + taken_up` is the sum of `written`, `spooled`,
/// `refused`, `lost` and `waiting`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkStats {
    /// The name it was added by.
    pub name: String,
    /// Rows of this process.
    pub given: u64,
    /// Rows that an earlier process left on the disk.
    pub taken_up: u64,
    /// The store has them.
    pub written: u64,
    /// On the disk now.
    pub spooled: u64,
    /// In memory: in the queue, in the worker, on the way.
    pub waiting: u64,
    /// The store can never have them.
    pub refused: Quarantine,
    /// There was no room, by reason.
    pub lost: BTreeMap<&'static str, u64>,
    /// Bytes on the disk now.
    pub spool_bytes: u64,
    /// Bytes on the disk that did not read.
    pub damaged_bytes: u64,
    /// Batches that had to come again.
    pub failures: u64,
    /// True from a failure to the next success.
    pub is_down: bool,
    /// What the store said last when it failed.
    pub last_failure: Option<String>,
    /// From arrival to the store's answer; of rows that did not pass through the disk.
    pub waits: Latency,
    /// How long the store took for a batch.
    pub answers: Latency,
}

impl SinkStats {
    /// Rows that were lost, all reasons together.
    #[must_use]
    pub fn lost_rows(&self) -> u64 {
        self.lost.values().sum()
    }
}

/// A lock whose holder panicked still holds counters that read.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
