//! Rows to whoever must hear of every gap: a strategy whose queue was full is told how many rows it missed.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::Arrival;

/// What comes out of a [`Tap`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A row.
    Row(Arrival),
    /// So many rows had no room here: books and indicators are to be begun anew.
    Missed(u64),
}

/// A bounded queue of rows that passed. Dropping it ends it.
#[derive(Debug)]
pub struct Tap {
    queue: Receiver<Heard>,
}

impl Tap {
    /// The next one; `None` when the pipeline has ended.
    pub async fn next(&mut self) -> Option<Heard> {
        self.queue.recv().await
    }
}

/// What became of the rows of a tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TapStats {
    /// Rows it was given.
    pub given: u64,
    /// Rows that it had no room for.
    pub missed: u64,
    /// Rows in it now.
    pub depth: usize,
}

/// The end of the fan-out for one tap.
pub(super) struct TapEnd {
    queue: Sender<Heard>,
    counts: Arc<TapCounts>,
    /// Missed, and not told yet.
    untold: u64,
}

#[derive(Debug, Default)]
struct TapCounts {
    given: AtomicU64,
    missed: AtomicU64,
}

/// What can be read of a tap while the fan-out has its end.
#[derive(Debug)]
pub(super) struct TapGauge {
    queue: tokio::sync::mpsc::WeakSender<Heard>,
    counts: Arc<TapCounts>,
}

/// A tap of so many rows, at least two.
pub(super) fn tap(rows: usize) -> (TapEnd, TapGauge, Tap) {
    let (sender, receiver) = channel(rows.max(2));
    let counts: Arc<TapCounts> = Arc::default();
    let gauge = TapGauge { queue: sender.downgrade(), counts: Arc::clone(&counts) };
    (TapEnd { queue: sender, counts, untold: 0 }, gauge, Tap { queue: receiver })
}

impl TapEnd {
    /// Gives a row, or counts it as missed. What was missed is told before the next row, so it needs room for both.
    pub(super) fn give(&mut self, arrival: &Arrival) {
        if self.queue.is_closed() {
            return;
        }
        let needed = if self.untold > 0 { 2 } else { 1 };
        if self.queue.capacity() < needed {
            self.untold += 1;
            self.counts.missed.fetch_add(1, Relaxed);
            return;
        }
        if self.untold > 0 {
            // There is room: nobody else sends.
            let _ = self.queue.try_send(Heard::Missed(std::mem::take(&mut self.untold)));
        }
        let _ = self.queue.try_send(Heard::Row(arrival.clone()));
        self.counts.given.fetch_add(1, Relaxed);
    }
}

impl TapGauge {
    pub(super) fn read(&self) -> TapStats {
        let depth = self.queue.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity());
        TapStats { given: self.counts.given.load(Relaxed), missed: self.counts.missed.load(Relaxed), depth }
    }
}
