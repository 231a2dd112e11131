//! Live rows on their way: received, held to the rules of `qframe data check`, and handed to strategies and sinks.
//!
//! ```text
//! Feed ── queue ──> Gate ──> Tap (a strategy), each with a bounded queue
//!                    │  └──> Sink, each with a bounded queue, a worker, and a spool on the disk
//!                    └─> Quarantine
//! ```
//! Nothing waits for a sink: what it cannot take yet goes to its [`Spool`], up to a stated size, and what has no room there
//! is counted. Where a change of a book is lost, a row clears it, and nothing more of it goes there until a whole one
//! begins: no store has a book that never was. Every row that arrives has one fate: it is held at the gate, or at each sink it is written, refused, spooled,
//! lost or still waiting.
mod gate;
mod meter;
mod outlet;
mod quarantine;
mod record;
mod sink;
mod spool;
mod store;
mod tap;
mod torn;
mod worker;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use qframe_data::Kind;
use tokio::sync::mpsc::{Receiver, Sender, WeakSender, channel};
use tokio::sync::oneshot;
use tokio::task::{JoinSet, yield_now};
use tokio::time::Instant;

pub use gate::{Gate, Objection, Rules, Verdict};
pub use meter::{Latency, Meter};
pub use outlet::SinkStats;
pub use quarantine::{Held, Quarantine};
pub use sink::{Refusal, Sink, SinkError, SinkOptions};
pub use spool::{Spool, SpoolError};
pub use tap::{Heard, Tap, TapStats};

use crate::Arrival;
use outlet::{Fates, Outlet, locked};
use store::Store;
use tap::{TapEnd, TapGauge};
use worker::Worker;

/// Rows between the feeds and the gate.
const RECEIVED_MAX: usize = 1 << 14;
/// Rows that go through the gate before the sinks get their turn.
const TURN: usize = 256;
/// The gate keeps so many of the rows it held.
const KEPT: usize = 1_024;

/// A pipeline that is being put together.
#[derive(Default)]
pub struct Pipeline {
    gate: Gate,
    outlets: Vec<Outlet>,
    taps: Vec<TapEnd>,
    gauges: Vec<TapGauge>,
    workers: JoinSet<()>,
}

/// Where rows go in. Cheap to clone; the pipeline has many.
#[derive(Debug, Clone)]
pub struct Feed {
    queue: Sender<(Arrival, Instant)>,
}

/// The pipeline has ended: this row has no place to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended(pub Arrival);

/// A pipeline at work. Dropping it ends it at once: what its workers hold goes to their spools.
pub struct Running {
    end: oneshot::Sender<()>,
    queue: WeakSender<(Arrival, Instant)>,
    counts: Arc<Counts>,
    sinks: Vec<Arc<Fates>>,
    taps: Vec<TapGauge>,
    workers: JoinSet<()>,
}

/// What a pipeline has done so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Rows that came to the gate.
    pub received: u64,
    /// Rows that went on.
    pub passed: u64,
    /// Rows that did not, by the word of their defect.
    pub held: Quarantine,
    /// Of those that went on, trades that came after later ones: stores have them, taps do not.
    pub late: u64,
    /// Books that are not known any more because a change was held; each was told to everybody by a row.
    pub books_lost: u64,
    /// Rows before the gate now.
    pub depth: usize,
    /// From the feed to the last queue.
    pub handed: Latency,
    /// Each sink, in the order they were added.
    pub sinks: Vec<SinkStats>,
    /// Each tap, in the order they were added.
    pub taps: Vec<TapStats>,
}

struct Counts {
    received: AtomicU64,
    passed: AtomicU64,
    late: AtomicU64,
    books_lost: AtomicU64,
    handed: Meter,
    held: Mutex<Quarantine>,
}

impl Pipeline {
    /// One of these rules, with nobody behind it yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { gate: Gate::new(rules), ..Self::default() }
    }

    /// Adds a sink. Its spool is `spools/NAME`; what an earlier process left there is written first. Within a runtime only.
    ///
    /// # Errors
    /// [`SpoolError`] where the spool does not open, or another process has it.
    pub fn add_sink(
        &mut self,
        name: &str,
        sink: impl Sink,
        spools: &Path,
        options: SinkOptions,
    ) -> Result<(), SpoolError> {
        let spool = Spool::open(&spools.join(name), options.spool_bytes)?;
        let fates = Arc::new(Fates::new(name));
        let (sender, receiver) = channel(options.queue_rows.max(1));
        let takes = Kind::ALL.map(|kind| sink.takes(kind));
        let store = Store::new(spool, options.memory_rows, Arc::clone(&fates));
        self.outlets.push(Outlet::new(sender, takes, Arc::clone(&fates)));
        self.workers.spawn(Worker::new(sink, options, receiver, store, fates).run());
        Ok(())
    }

    /// Adds a listener that so many rows may wait for.
    pub fn add_tap(&mut self, rows: usize) -> Tap {
        let (end, gauge, tap) = tap::tap(rows);
        self.taps.push(end);
        self.gauges.push(gauge);
        tap
    }

    /// Sets it to work. Within a runtime only.
    #[must_use]
    pub fn start(self) -> (Feed, Running) {
        let Self { gate, outlets, taps, gauges, mut workers } = self;
        let (sender, receiver) = channel(RECEIVED_MAX);
        let (end, ended) = oneshot::channel();
        let counts = Arc::new(Counts {
            received: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            late: AtomicU64::new(0),
            books_lost: AtomicU64::new(0),
            handed: Meter::default(),
            held: Mutex::new(Quarantine::new(KEPT)),
        });
        let sinks = outlets.iter().map(|outlet| Arc::clone(&outlet.fates)).collect();
        let fan = Fan { gate, outlets, taps, counts: Arc::clone(&counts) };
        workers.spawn(fan.run(receiver, ended));
        let running = Running { end, queue: sender.downgrade(), counts, sinks, taps: gauges, workers };
        (Feed { queue: sender }, running)
    }
}

impl Feed {
    /// Hands a row over; waits only where the gate does not keep up.
    ///
    /// # Errors
    /// [`Ended`] with the row.
    pub async fn send(&self, arrival: Arrival) -> Result<(), Ended> {
        self.queue.send((arrival, Instant::now())).await.map_err(|unsent| Ended(unsent.0.0))
    }
}

impl Running {
    /// What it has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            received: self.counts.received.load(Relaxed),
            passed: self.counts.passed.load(Relaxed),
            held: locked(&self.counts.held).clone(),
            late: self.counts.late.load(Relaxed),
            books_lost: self.counts.books_lost.load(Relaxed),
            depth: self.queue.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity()),
            handed: self.counts.handed.read(),
            sinks: self.sinks.iter().map(|fates| fates.read()).collect(),
            taps: self.taps.iter().map(TapGauge::read).collect(),
        }
    }

    /// Takes no more rows, lets those on their way through, and gives each sink its grace; what is left stays on the disk.
    pub async fn finish(mut self) -> Stats {
        let (end, _) = oneshot::channel();
        // The fan-out may have ended already, when the last feed was dropped.
        let _ = std::mem::replace(&mut self.end, end).send(());
        while self.workers.join_next().await.is_some() {}
        self.stats()
    }
}

/// The gate, and the queues behind it.
struct Fan {
    gate: Gate,
    outlets: Vec<Outlet>,
    taps: Vec<TapEnd>,
    counts: Arc<Counts>,
}

impl Fan {
    /// Runs until it is told to end, or there is no feed any more; rows that are in the queue then still go on.
    async fn run(mut self, mut queue: Receiver<(Arrival, Instant)>, mut ended: oneshot::Receiver<()>) {
        let mut rows = Vec::with_capacity(TURN);
        let mut is_open = true;
        loop {
            let count = tokio::select! {
                count = queue.recv_many(&mut rows, TURN) => count,
                _ = &mut ended, if is_open => {
                    is_open = false;
                    queue.close();
                    continue;
                }
            };
            if count == 0 {
                return;
            }
            self.counts.received.fetch_add(count as u64, Relaxed);
            for (arrival, since) in rows.drain(..) {
                self.judge(arrival, since).await;
            }
            yield_now().await;
        }
    }

    async fn judge(&mut self, arrival: Arrival, since: Instant) {
        match self.gate.judge(&arrival) {
            Verdict::Pass => {
                self.counts.passed.fetch_add(1, Relaxed);
                self.taps.iter_mut().for_each(|tap| tap.give(&arrival));
                self.give(&arrival, since).await;
            }
            Verdict::PassLate => {
                self.counts.passed.fetch_add(1, Relaxed);
                self.counts.late.fetch_add(1, Relaxed);
                self.give(&arrival, since).await;
            }
            Verdict::Hold(objection) => self.hold(arrival, objection),
            Verdict::Lose(objection, told) => {
                self.hold(arrival, objection);
                self.counts.books_lost.fetch_add(1, Relaxed);
                self.taps.iter_mut().for_each(|tap| tap.give(&told));
                self.give(&told, since).await;
            }
        }
    }

    fn hold(&mut self, arrival: Arrival, objection: Objection) {
        let Objection { defect, text } = objection;
        locked(&self.counts.held).hold(Held { arrival, reason: defect.word(), text });
    }

    async fn give(&mut self, arrival: &Arrival, since: Instant) {
        for outlet in &mut self.outlets {
            outlet.give(arrival, since).await;
        }
        self.counts.handed.note(since.elapsed(), 1);
    }
}
