//! The worker of one sink: puts batches together, waits for answers, tries again, and takes rows in all the while.
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use super::outlet::{Fates, Waiting};
use super::quarantine::Held;
use super::sink::{Sink, SinkError, SinkOptions};
use super::store::{Batch, Store};
use crate::Arrival;

/// Rows that are taken from the queue at once.
const TAKEN: usize = 1_024;
/// No store is left alone for longer.
const PAUSE_LONGEST: Duration = Duration::from_secs(3_600);

pub(super) struct Worker<S> {
    sink: S,
    options: SinkOptions,
    intake: Intake,
    fates: Arc<Fates>,
    /// The most rows of the next batch: halved by each that was too large, doubled by each that was not.
    batch_rows: usize,
    failed: u32,
    /// Not before this instant.
    resume: Option<Instant>,
}

/// What comes in, and where it waits.
struct Intake {
    queue: Receiver<Waiting>,
    store: Store,
    taken: Vec<Waiting>,
    /// When the queue had ended.
    ended: Option<Instant>,
}

impl<S: Sink> Worker<S> {
    pub(super) fn new(
        sink: S,
        options: SinkOptions,
        queue: Receiver<Waiting>,
        store: Store,
        fates: Arc<Fates>,
    ) -> Self {
        let intake = Intake { queue, store, taken: Vec::with_capacity(TAKEN), ended: None };
        let batch_rows = options.batch_rows.max(1);
        Self { sink, options, intake, fates, batch_rows, failed: 0, resume: None }
    }

    /// Runs until the queue has ended and what it held is written, or stays on the disk.
    pub(super) async fn run(mut self) {
        while self.gather().await {
            self.write().await;
        }
        let until = self.intake.ended.unwrap_or_else(Instant::now) + self.options.grace;
        while self.intake.store.rows() > 0 && self.resume.is_none() && Instant::now() < until {
            self.write().await;
        }
        self.intake.store.close().await;
    }

    /// Takes rows in until a batch is due. False where no more come.
    async fn gather(&mut self) -> bool {
        while self.intake.ended.is_none() {
            let due = self.due();
            tokio::select! {
                got = self.intake.queue.recv_many(&mut self.intake.taken, TAKEN) => self.intake.keep(got).await,
                () = at(due) => return true,
            }
        }
        false
    }

    /// When the next batch is to be written.
    fn due(&self) -> Option<Instant> {
        let store = &self.intake.store;
        let first = store.since()?;
        let is_full = store.rows() >= self.batch_rows as u64 || store.is_filling();
        let due = if is_full { first } else { first + self.options.linger };
        Some(self.resume.map_or(due, |resume| due.max(resume)))
    }

    /// Writes the oldest rows, and takes others in while the store thinks.
    async fn write(&mut self) {
        let batch = match self.intake.store.oldest(self.batch_rows).await {
            Ok(batch) if batch.rows.is_empty() => return self.intake.store.settle(&batch).await,
            Ok(batch) => batch,
            Err(error) => return self.pause(&error.to_string(), None),
        };
        let asked = Instant::now();
        let answer = self.answer(&batch).await;
        let now = Instant::now();
        self.fates.answers.note(now - asked, 1);
        match answer {
            Ok(()) => self.settle(&batch, now, 0).await,
            Err(SinkError::Refused(refused)) => {
                let rows = batch.rows.len();
                let mut places: Vec<_> = refused.into_iter().filter(|refusal| refusal.place < rows).collect();
                places.sort_by_key(|refusal| refusal.place);
                places.dedup_by_key(|refusal| refusal.place);
                for refusal in &places {
                    let arrival = batch.rows[refusal.place].clone();
                    self.fates.refuse(Held { arrival, reason: refusal.reason, text: refusal.text.clone() });
                }
                self.settle(&batch, now, places.len()).await;
            }
            Err(SinkError::TooLarge(why)) if batch.rows.len() == 1 => {
                self.fates.refuse(Held { arrival: batch.rows[0].clone(), reason: "too large", text: why });
                self.settle(&batch, now, 1).await;
            }
            Err(SinkError::TooLarge(_)) => {
                self.batch_rows = batch.rows.len() / 2;
                self.intake.store.put_back(&batch);
            }
            Err(SinkError::Later { why, after }) => {
                self.intake.store.put_back(&batch);
                self.intake.store.spill().await;
                self.pause(&why, after);
            }
        }
    }

    /// What the sink says, or that it says nothing.
    async fn answer(&mut self, batch: &Batch) -> Result<(), SinkError> {
        let Self { sink, intake, options, .. } = self;
        let asked = Instant::now();
        let writing = sink.write(&batch.rows);
        tokio::pin!(writing);
        loop {
            let grace = intake.ended.map(|ended| ended + options.grace);
            let until = grace.map_or(asked + options.answer_max, |grace| grace.min(asked + options.answer_max));
            tokio::select! {
                answer = &mut writing => return answer,
                got = intake.queue.recv_many(&mut intake.taken, TAKEN), if intake.ended.is_none() => {
                    intake.keep(got).await;
                }
                () = sleep_until(until) => {
                    return Err(SinkError::later(format!("no answer in {} s", (until - asked).as_secs_f64())));
                }
            }
        }
    }

    async fn settle(&mut self, batch: &Batch, now: Instant, refused: usize) {
        self.intake.store.settle(batch).await;
        self.fates.written.fetch_add((batch.rows.len() - refused) as u64, Relaxed);
        self.fates.is_down.store(false, Relaxed);
        batch.since.iter().for_each(|since| self.fates.waits.note(now - *since, 1));
        self.batch_rows = (self.batch_rows * 2).min(self.options.batch_rows.max(1));
        (self.failed, self.resume) = (0, None);
    }

    /// Between half of the doubled pause and all of it, or what the store asks for, and a little.
    fn pause(&mut self, why: &str, after: Option<Duration>) {
        self.fates.fail(why);
        let doubled = self.options.pause_first.saturating_mul(1 << self.failed.min(20)).min(self.options.pause_max);
        let ours = doubled.mul_f64(0.5 + fastrand::f64() / 2.0);
        let asked_for = after.map(|after| after.min(PAUSE_LONGEST) + ours.min(self.options.pause_first));
        self.failed = self.failed.saturating_add(1);
        self.resume = Some(Instant::now() + asked_for.unwrap_or(ours));
    }
}

impl Intake {
    /// Stores what was taken from the queue: nothing where it has ended.
    async fn keep(&mut self, got: usize) {
        if got == 0 {
            self.ended = Some(Instant::now());
        }
        self.store.take(&mut self.taken).await;
    }
}

/// A worker that is ended before its time leaves what it had, and what was on its way to it, on the disk.
impl Drop for Intake {
    fn drop(&mut self) {
        self.queue.close();
        let mut rest: Vec<Arrival> = self.taken.drain(..).map(|waiting| waiting.arrival).collect();
        while let Ok(waiting) = self.queue.try_recv() {
            rest.push(waiting.arrival);
        }
        self.store.abandon(&rest);
    }
}

/// At an instant, or never.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
