//! One order book out of a snapshot and the updates around it, by the exchange's own rule of joining them.
//!
//! A book is either good, or not there: after a missed update, or where it is crossed, nothing is shown until a snapshot
//! makes it good again. Rows of the changes go to whoever wants them, only of a book that is good.
use std::collections::VecDeque;
use std::fmt;

use qframe_model::book::OrderBook;
use qframe_model::market::{BookChange, BookDelta, Level, Side};
use qframe_model::number::Price;
use qframe_model::time::Time;

use super::frame::{Change, Feed, Updates};

/// The most levels on both sides of a book: ten times what the largest exchanges show.
const LEVELS_MAX: usize = 1 << 20;
/// The most levels in the updates that wait for a snapshot: most of a minute of the busiest books, in under a megabyte.
const WAITING_MAX: usize = 1 << 15;
/// The most updates that wait for a snapshot.
const UPDATES_MAX: usize = 1 << 11;

/// When something happened, by the venue's clock, and when it was known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// By the venue's clock.
    pub time: Time,
    /// By the clock here.
    pub received: Time,
}

/// Why a book was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// An update does not follow the one before it: the number that should stand there, and the one that does.
    Gap(u64, u64),
    /// The same of the messages of a connection.
    Messages(u64, u64),
    /// The best bid is not below the best ask.
    Crossed(Price, Price),
    /// More levels than any book has.
    TooLarge(usize),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap(expected, found) => {
                write!(f, "gap: expected an update after {expected}, found one after {found}")
            }
            Self::Messages(expected, found) => write!(f, "gap: expected message {expected}, found {found}"),
            Self::Crossed(bid, ask) => write!(f, "crossed: bid {bid}, ask {ask}"),
            Self::TooLarge(levels) => write!(f, "too large: {levels} levels"),
        }
    }
}

/// What became of the snapshots and updates of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BookCounts {
    /// Snapshots that came.
    pub snapshots: u64,
    /// Of those, older than the updates that were there: no use.
    pub stale_snapshots: u64,
    /// Updates that came.
    pub updates: u64,
    /// Of those, taken into the book.
    pub applied: u64,
    /// Of those, older than the book, or the same again: left out.
    pub late: u64,
    /// Of those, left out since no snapshot made a book for them.
    pub unused: u64,
    /// Missing updates: one did not follow the one before it.
    pub gaps: u64,
    /// Times that the book was crossed.
    pub crossed: u64,
    /// Times that a lost book was good again.
    pub resyncs: u64,
}

/// Builds one book.
#[derive(Debug)]
pub struct Builder {
    feed: Feed,
    book: OrderBook,
    state: State,
    lost: bool,
    counts: BookCounts,
}

#[derive(Debug)]
enum State {
    /// No book: updates wait for a snapshot.
    Waiting(Waiting),
    /// A book as of update `last`; `joined` once an update followed the snapshot.
    Good { last: u64, joined: bool },
}

#[derive(Debug, Default)]
struct Waiting {
    updates: VecDeque<(Updates, Stamp, Vec<Change>)>,
    levels: usize,
}

/// How an update stands to the book.
enum Fit {
    /// It is the next.
    Next,
    /// It is in the book already.
    Late,
    /// Something between them is missing: the number that should stand there, and the one that does.
    Gap(u64, u64),
}

impl Builder {
    /// A book that waits for its snapshot.
    #[must_use]
    pub fn new(feed: Feed) -> Self {
        let state = State::Waiting(Waiting::default());
        Self { feed, book: OrderBook::default(), state, lost: false, counts: BookCounts::default() }
    }

    /// The book, where it is good.
    #[must_use]
    pub const fn book(&self) -> Option<&OrderBook> {
        if let State::Good { .. } = self.state { Some(&self.book) } else { None }
    }

    /// The update that the book is as of, where it is good. Where the feed has no numbers, updates are counted here.
    #[must_use]
    pub const fn last(&self) -> Option<u64> {
        if let State::Good { last, .. } = self.state { Some(last) } else { None }
    }

    /// What became of snapshots and updates.
    #[must_use]
    pub fn counts(&self) -> BookCounts {
        let waiting = if let State::Waiting(waiting) = &self.state { waiting.updates.len() } else { 0 };
        BookCounts { unused: self.counts.unused + waiting as u64, ..self.counts }
    }

    /// Takes a snapshot in, with the updates that waited for it. Rows of the new book go to `emit`.
    ///
    /// # Errors
    /// [`Loss`] where the book is not good after it.
    pub fn snapshot(
        &mut self,
        last: Option<u64>,
        changes: &[Change],
        stamp: Stamp,
        mut emit: impl FnMut(BookDelta),
    ) -> Result<(), Loss> {
        self.counts.snapshots += 1;
        let last = last.unwrap_or_else(|| self.last().map_or(0, |last| last.saturating_add(1)));
        if self.last().is_some_and(|known| last < known) {
            self.counts.stale_snapshots += 1;
            return Ok(());
        }
        let mut waiting = match &mut self.state {
            State::Waiting(waiting) => std::mem::take(waiting),
            State::Good { .. } => Waiting::default(),
        };
        while let Some(first) = waiting.updates.front() {
            match fit(self.feed, first.0, last, false) {
                Fit::Next => break,
                Fit::Late => {
                    self.counts.late += 1;
                    waiting.drop_first();
                }
                Fit::Gap(..) => {
                    self.counts.stale_snapshots += 1;
                    self.state = State::Waiting(waiting);
                    return Ok(());
                }
            }
        }
        self.book.clear();
        let mut done = self.put(changes, last, stamp, true, &mut emit);
        if done.is_ok() {
            self.state = State::Good { last, joined: false };
            self.counts.resyncs += u64::from(std::mem::take(&mut self.lost));
        }
        for (updates, own, changes) in waiting.updates {
            if done.is_err() {
                self.counts.unused += 1;
                continue;
            }
            // They could not be known as a book before the snapshot was there.
            let stamp = Stamp { time: own.time, received: own.received.max(stamp.received) };
            done = self.take_in(updates, &changes, stamp, &mut emit);
        }
        done
    }

    /// Takes an update in. Rows of the change go to `emit`; where the book is lost, a row that clears it.
    ///
    /// # Errors
    /// [`Loss`] where it was good before and is not after it, or where updates that wait are missing some.
    pub fn update(
        &mut self,
        updates: Option<Updates>,
        changes: &[Change],
        stamp: Stamp,
        emit: impl FnMut(BookDelta),
    ) -> Result<(), Loss> {
        self.counts.updates += 1;
        match (&mut self.state, updates) {
            (State::Good { last, .. }, updates) => {
                let next = last.saturating_add(1);
                let counted = Updates { first: next, last: next, previous: Some(*last) };
                self.take_in(updates.unwrap_or(counted), changes, stamp, emit)
            }
            (State::Waiting(waiting), Some(updates)) => {
                waiting.push(self.feed, updates, changes, stamp, &mut self.counts)
            }
            (State::Waiting(_), None) => {
                self.counts.unused += 1;
                Ok(())
            }
        }
    }

    /// The book is lost, for a reason that its own updates do not show. A row that clears it goes to `emit`.
    pub fn lose(&mut self, stamp: Stamp, mut emit: impl FnMut(BookDelta)) {
        if let State::Good { last, .. } = self.state {
            let change = BookChange::Clear;
            emit(BookDelta { time: stamp.time, received: stamp.received, sequence: last, change, last: true });
        }
        self.lost |= self.book().is_some();
        self.book.clear();
        self.state = State::Waiting(Waiting::default());
    }

    /// Counts a gap that the messages of the connection show, and loses the book. True where there was one.
    pub(super) fn miss(&mut self, stamp: Stamp, emit: impl FnMut(BookDelta)) -> bool {
        let good = self.book().is_some();
        self.counts.gaps += u64::from(good);
        self.lose(stamp, emit);
        good
    }

    fn take_in(
        &mut self,
        updates: Updates,
        changes: &[Change],
        stamp: Stamp,
        mut emit: impl FnMut(BookDelta),
    ) -> Result<(), Loss> {
        let State::Good { last, joined } = self.state else { return Ok(()) };
        match fit(self.feed, updates, last, joined) {
            Fit::Next => {
                self.put(changes, updates.last, stamp, false, &mut emit)?;
                self.counts.applied += 1;
                self.state = State::Good { last: updates.last, joined: true };
                Ok(())
            }
            Fit::Late => {
                self.counts.late += 1;
                Ok(())
            }
            Fit::Gap(expected, found) => {
                self.counts.gaps += 1;
                self.lose(stamp, emit);
                if let State::Waiting(waiting) = &mut self.state {
                    waiting.push(self.feed, updates, changes, stamp, &mut self.counts)?;
                }
                Err(Loss::Gap(expected, found))
            }
        }
    }

    /// Puts levels into the book, and hands out their rows if it is good with them.
    fn put(
        &mut self,
        changes: &[Change],
        sequence: u64,
        stamp: Stamp,
        whole: bool,
        emit: &mut impl FnMut(BookDelta),
    ) -> Result<(), Loss> {
        for (side, level) in changes {
            self.book.set(*side, *level);
        }
        if let Err(loss) = self.check() {
            self.counts.crossed += u64::from(matches!(loss, Loss::Crossed(..)));
            self.lost = true;
            self.lose(stamp, emit);
            return Err(loss);
        }
        let row = |change, last| BookDelta { time: stamp.time, received: stamp.received, sequence, change, last };
        if whole {
            emit(row(BookChange::Clear, changes.is_empty()));
        }
        for (place, (side, level)) in changes.iter().enumerate() {
            emit(row(BookChange::Level(*side, *level), place + 1 == changes.len()));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Loss> {
        let levels = self.book.depth(Side::Buy) + self.book.depth(Side::Sell);
        match (self.book.bid(), self.book.ask()) {
            (Some(Level { price: bid, .. }), Some(Level { price: ask, .. })) if bid >= ask => {
                Err(Loss::Crossed(bid, ask))
            }
            _ if levels > LEVELS_MAX => Err(Loss::TooLarge(levels)),
            _ => Ok(()),
        }
    }
}

impl Waiting {
    fn push(
        &mut self,
        feed: Feed,
        updates: Updates,
        changes: &[Change],
        stamp: Stamp,
        counts: &mut BookCounts,
    ) -> Result<(), Loss> {
        let fit = self.updates.back().map_or(Fit::Next, |(before, ..)| fit(feed, updates, before.last, true));
        if let Fit::Late = fit {
            counts.late += 1;
            return Ok(());
        }
        if let Fit::Gap(..) = fit {
            counts.gaps += 1;
            counts.unused += self.updates.len() as u64;
            *self = Self::default();
        }
        self.levels += changes.len();
        self.updates.push_back((updates, stamp, changes.to_vec()));
        while self.levels > WAITING_MAX || self.updates.len() > UPDATES_MAX {
            self.drop_first();
            counts.unused += 1;
        }
        if let Fit::Gap(expected, found) = fit { Err(Loss::Gap(expected, found)) } else { Ok(()) }
    }

    fn drop_first(&mut self) {
        self.levels -= self.updates.pop_front().map_or(0, |(_, _, changes)| changes.len());
    }
}

/// The exchanges' rules. Spot: an update begins at most one behind the last. Futures: it names the last one; the first
/// behind a snapshot need only hold the snapshot's number.
fn fit(feed: Feed, updates: Updates, last: u64, joined: bool) -> Fit {
    match (feed, updates.previous) {
        (Feed::BinanceFutures, Some(previous)) => {
            let holds = !joined && updates.first <= last && last <= updates.last;
            match previous == last || holds {
                true => Fit::Next,
                false if updates.last <= last => Fit::Late,
                false => Fit::Gap(last, previous),
            }
        }
        _ if updates.last <= last => Fit::Late,
        _ if updates.first <= last.saturating_add(1) => Fit::Next,
        _ => Fit::Gap(last, updates.first.saturating_sub(1)),
    }
}
