//! Rows that wait for a sink: the first in memory, the rest on the disk, in one order.
//!
//! Memory holds rows only while the disk holds none that are older, so memory is always read first. Work on the disk is
//! done by threads that may wait for it.
use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::outlet::{Fates, TORN, Waiting, locked};
use super::spool::{Spool, SpoolError};
use super::torn::Torn;
use crate::Arrival;

/// The waiting rows of one sink.
pub(super) struct Store {
    memory: VecDeque<Waiting>,
    memory_rows: usize,
    /// The batch from memory that is being written.
    flight: Option<Arc<Batch>>,
    spool: Arc<Mutex<Spool>>,
    /// As the spool says, so that nobody waits for its lock to know.
    spooled: u64,
    unreadable: u64,
    /// Half of what the spool may hold is there.
    is_filling: bool,
    torn: Torn,
    /// Since when the first row waits.
    since: Option<Instant>,
    fates: Arc<Fates>,
}

/// Rows that are written together.
pub(super) struct Batch {
    pub(super) rows: Vec<Arrival>,
    /// When each came, of a batch from memory.
    pub(super) since: Vec<Instant>,
    is_from_disk: bool,
}

impl Store {
    pub(super) fn new(spool: Spool, memory_rows: usize, fates: Arc<Fates>) -> Self {
        let (spooled, unreadable) = (spool.rows(), spool.unreadable());
        fates.taken_up.store(spooled, Relaxed);
        let mut store = Self {
            memory: VecDeque::new(),
            memory_rows,
            flight: None,
            spool: Arc::new(Mutex::new(spool)),
            spooled,
            unreadable,
            is_filling: false,
            torn: Torn::default(),
            since: (spooled > 0).then(Instant::now),
            fates,
        };
        store.note();
        store
    }

    /// How many rows wait.
    pub(super) fn rows(&self) -> u64 {
        self.spooled + self.memory.len() as u64
    }

    /// True where the disk is half full: rows are to go on before more come.
    pub(super) const fn is_filling(&self) -> bool {
        self.is_filling
    }

    pub(super) const fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Takes rows in: to memory where there is room and the disk holds none, else to the disk; lost where neither has room.
    pub(super) async fn take(&mut self, rows: &mut Vec<Waiting>) {
        self.tell_torn().await;
        let before = rows.len();
        rows.retain(|waiting| self.torn.admits(&waiting.arrival));
        self.fates.lose_some(TORN, (before - rows.len()) as u64);
        if self.since.is_none() {
            self.since = rows.first().map(|first| first.since);
        }
        let room = if self.spooled == 0 { self.memory_rows.saturating_sub(self.memory.len()) } else { 0 };
        self.memory.extend(rows.drain(..room.min(rows.len())));
        if rows.is_empty() {
            return;
        }
        let rows: Vec<Arrival> = rows.drain(..).map(|waiting| waiting.arrival).collect();
        let (count, rows) = (rows.len() as u64, Arc::new(rows));
        let given = Arc::clone(&rows);
        match self.on_disk(move |spool| spool.append(&given)).await {
            Ok(()) => return,
            Err(SpoolError::Full { .. }) => self.fates.lose("the spool is full", count),
            Err(error) => {
                self.fates.fail(&error.to_string());
                self.fates.lose("the disk refuses", count);
            }
        }
        rows.iter().for_each(|row| self.torn.lose(row));
        self.tell_torn().await;
    }

    /// Says which books are torn, behind the last rows that they have. The stated size does not hold for that: a few rows a
    /// loss. Where the disk refuses, it is said with the next rows.
    async fn tell_torn(&mut self) {
        let clears = self.torn.untold();
        let count = clears.len() as u64;
        if count > 0 && self.on_disk(move |spool| spool.append_beyond(&clears)).await.is_ok() {
            self.fates.given.fetch_add(count, Relaxed);
            self.since = self.since.or_else(|| Some(Instant::now()));
            self.torn.told();
        }
    }

    /// The oldest rows, at most `count`. They stay until it is said what became of them.
    pub(super) async fn oldest(&mut self, count: usize) -> Result<Arc<Batch>, SpoolError> {
        if self.memory.is_empty() {
            let rows = self.on_disk(move |spool| spool.peek(count)).await?;
            return Ok(Arc::new(Batch { rows, since: Vec::new(), is_from_disk: true }));
        }
        let taken = self.memory.drain(..count.min(self.memory.len()));
        let (rows, since) = taken.map(|waiting| (waiting.arrival, waiting.since)).unzip();
        let batch = Arc::new(Batch { rows, since, is_from_disk: false });
        self.flight = Some(Arc::clone(&batch));
        Ok(batch)
    }

    /// The rows of a batch are written or refused: they do not wait any more.
    pub(super) async fn settle(&mut self, batch: &Batch) {
        self.flight = None;
        if batch.is_from_disk {
            let count = batch.rows.len() as u64;
            if let Err(error) = self.on_disk(move |spool| spool.advance(count)).await {
                self.fates.fail(&error.to_string());
            }
        }
        self.since = match self.memory.front() {
            Some(first) => Some(first.since),
            None => (self.spooled > 0).then(Instant::now),
        };
    }

    /// A batch must come again: before all others.
    pub(super) fn put_back(&mut self, batch: &Batch) {
        self.flight = None;
        for (arrival, since) in batch.rows.iter().zip(&batch.since).rev() {
            self.memory.push_front(Waiting { arrival: arrival.clone(), since: *since });
        }
    }

    /// What is in memory goes to the disk. Where the disk refuses it stays.
    pub(super) async fn spill(&mut self) {
        let rows: Vec<Arrival> = self.memory.iter().map(|waiting| waiting.arrival.clone()).collect();
        if rows.is_empty() {
            return;
        }
        match self.on_disk(move |spool| spool.put_first(&rows)).await {
            Ok(()) => self.memory.clear(),
            Err(error) => self.fates.fail(&error.to_string()),
        }
        self.note();
    }

    /// At the end, when nobody will ask again: what the disk refused is lost.
    pub(super) async fn close(&mut self) {
        self.tell_torn().await;
        self.spill().await;
        self.fates.lose_some("the disk refuses", self.memory.drain(..).count() as u64);
    }

    /// Everything to the disk at once, and `rest` behind it. Nobody is left to try again where that fails.
    pub(super) fn abandon(&mut self, rest: &[Arrival]) {
        let flight = self.flight.take();
        let flying = flight.iter().flat_map(|batch| batch.rows.iter().cloned());
        let rows: Vec<Arrival> = flying.chain(self.memory.drain(..).map(|waiting| waiting.arrival)).collect();
        if rows.is_empty() && rest.is_empty() {
            return;
        }
        let mut spool = locked(&self.spool);
        let first = if rows.is_empty() { Ok(()) } else { spool.put_first(&rows) };
        let done = first.and_then(|()| spool.append(rest));
        drop(spool);
        self.note();
        self.fates.fail(&done.err().map_or_else(|| "its worker was ended".to_owned(), |error| error.to_string()));
    }

    async fn on_disk<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Spool) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let spool = Arc::clone(&self.spool);
        let done = spawn_blocking(move || work(&mut locked(&spool))).await;
        self.note();
        done.unwrap_or_else(|error| {
            let why = error.to_string();
            Err(SpoolError::System { doing: "working on", path: std::path::PathBuf::from("the spool"), why })
        })
    }

    fn note(&mut self) {
        let spool = locked(&self.spool);
        self.spooled = spool.rows();
        self.is_filling = spool.is_filling();
        let gone = spool.unreadable() - std::mem::replace(&mut self.unreadable, spool.unreadable());
        self.fates.lose_some("the disk does not read", gone);
        self.fates.spooled.store(self.spooled, Relaxed);
        self.fates.spool_bytes.store(spool.bytes(), Relaxed);
        self.fates.damaged.store(spool.damaged(), Relaxed);
    }
}
