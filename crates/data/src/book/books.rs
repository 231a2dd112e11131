//! The books of all instruments of a stream: frames in, rows and counts out.
use std::collections::{HashMap, VecDeque};

use qframe_model::book::OrderBook;
use qframe_model::market::{Level, Quote, Tick, Trade};
use qframe_model::symbol::Symbol;

use super::builder::{BookCounts, Builder, Loss, Stamp};
use super::frame::{Content, Feed, Frame, Top};
use super::names;
use super::seen::Seen;

/// The most instruments of a stream.
const BOOKS_MAX: usize = 1 << 12;
/// The most losses that are kept with their place; all are counted.
const LOSSES_MAX: usize = 1_000;
/// How many best quotes wait for a book of their update, and the other way round.
const TOPS_MAX: usize = 1 << 12;

/// A book that was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Of what.
    pub symbol: Symbol,
    /// When.
    pub stamp: Stamp,
    /// Why.
    pub why: Loss,
}

/// What a stream says of one instrument.
#[derive(Debug)]
pub struct Instrument {
    /// Whose rules its messages follow.
    pub feed: Feed,
    /// The exchange's name of it.
    pub name: String,
    /// Its symbol, without a venue.
    pub symbol: Symbol,
    /// Frames about it, of all kinds.
    pub events: u64,
    /// Trades.
    pub trades: u64,
    /// Best quotes.
    pub quotes: u64,
    /// Best quotes without quantities, which make no row.
    pub bare_quotes: u64,
    /// Trades told a second time, as sums where single ones are told or the other way round; they make no row.
    pub double_trades: u64,
    /// Trades of a number that was there before; they make no row.
    pub repeated_trades: u64,
    /// Best quotes older than one before them, or the same again; they make no row.
    pub repeated_quotes: u64,
    /// How often the top of the book was compared with the best quote that the venue told.
    pub checked: u64,
    /// How often they were equal.
    pub equal: u64,
    builder: Builder,
    connection: usize,
    /// Whether its trades are sums of an order's trades.
    aggregate: Option<bool>,
    seen: Seen,
    /// The last quote whose update is numbered.
    quoted: Option<Top>,
    pairs: Pairs,
}

impl Instrument {
    /// The book, where it is good.
    #[must_use]
    pub const fn book(&self) -> Option<&OrderBook> {
        self.builder.book()
    }

    /// The update that the book is as of, where it is good.
    #[must_use]
    pub const fn last(&self) -> Option<u64> {
        self.builder.last()
    }

    /// The highest number of its trades, and whether those are sums of an order's trades.
    #[must_use]
    pub fn last_trade(&self) -> Option<(u64, bool)> {
        self.seen.highest().zip(self.aggregate)
    }

    /// Why there never was a book, though there are updates of one; `None` where there was.
    #[must_use]
    pub fn bookless(&self) -> Option<String> {
        let BookCounts { snapshots, stale_snapshots, updates, .. } = self.counts();
        let why = match (updates, snapshots) {
            (0, _) => return None,
            (_, 0) => "no snapshot to join them to".to_owned(),
            (_, all) if all == stale_snapshots => format!("no snapshot they follow: all {all} are older than them"),
            _ => return None,
        };
        let plural = if updates == 1 { "" } else { "s" };
        Some(format!(
            "{updates} update{plural} of the book and {why}: no book was built, and none was tested; record from the \
             subscription on (`qframe data stream` does), or give the file with the snapshot too"
        ))
    }

    /// What became of its snapshots and updates.
    #[must_use]
    pub fn counts(&self) -> BookCounts {
        self.builder.counts()
    }
}

/// A frame that names no instrument that is known, or one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownName;

/// The books of a stream.
#[derive(Debug, Default)]
pub struct Books {
    instruments: Vec<Instrument>,
    index: [HashMap<String, usize>; 4],
    sequences: Vec<Sequence>,
    losses: Vec<Lost>,
    lost: u64,
    /// Where the last frame's instrument is.
    recent: usize,
}

/// Where a connection is in its messages.
#[derive(Debug, Clone, Copy, Default)]
struct Sequence {
    last: Option<u64>,
    /// The message at hand was seen before.
    again: bool,
}

impl Books {
    /// One entry an instrument, in the order of their first frames.
    #[must_use]
    pub fn instruments(&self) -> &[Instrument] {
        &self.instruments
    }

    /// The first thousand losses.
    #[must_use]
    pub fn losses(&self) -> &[Lost] {
        &self.losses
    }

    /// How often a book was lost for what messages said or did not say.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Makes an instrument known whose symbol its name does not tell: its place, `None` where there are too many.
    pub fn know(&mut self, feed: Feed, name: &str, symbol: Symbol) -> Option<usize> {
        match self.index.get(feed as usize)?.get(name) {
            Some(place) => Some(*place),
            None => self.add(feed, name, symbol),
        }
    }

    /// A connection ended, or a new one began: its messages are counted anew, and its books wait for a snapshot. Rows that
    /// clear them go to `emit`.
    pub fn cut(&mut self, connection: usize, stamp: Stamp, emit: &mut impl FnMut(usize, Tick)) {
        if let Some(sequence) = self.sequences.get_mut(connection) {
            *sequence = Sequence::default();
        }
        for (place, instrument) in self.instruments.iter_mut().enumerate() {
            if instrument.connection == connection {
                instrument.builder.lose(stamp, |delta| emit(place, Tick::Book(delta)));
            }
        }
    }

    /// The book of an instrument is not to be trusted: it waits for a snapshot.
    pub fn lose(&mut self, place: usize, stamp: Stamp, emit: &mut impl FnMut(usize, Tick)) {
        if let Some(instrument) = self.instruments.get_mut(place) {
            instrument.builder.lose(stamp, |delta| emit(place, Tick::Book(delta)));
        }
    }

    /// Takes a frame of a connection in: rows go to `emit`, with the place of their instrument. `received` is when it was
    /// known here, where somebody wrote that down.
    ///
    /// # Errors
    /// [`UnknownName`] where the name gives no symbol; [`Content::Other`] needs none.
    pub fn take(
        &mut self,
        connection: usize,
        frame: &Frame<'_>,
        stamp: Stamp,
        emit: &mut impl FnMut(usize, Tick),
    ) -> Result<(), UnknownName> {
        if let Some(message) = frame.message {
            self.count_message(connection, message, frame.part, stamp, emit);
            if self.sequences.get(connection).is_some_and(|sequence| sequence.again) {
                return Ok(());
            }
        }
        // A snapshot of nothing, of a market that has not begun, makes no book: nobody could tell it from one that is lost.
        if !frame.content.is_tick() || matches!(frame.content, Content::Snapshot { changes: [], .. }) {
            return Ok(());
        }
        let place = self.place(frame.feed, frame.name).ok_or(UnknownName)?;
        let Some(instrument) = self.instruments.get_mut(place) else { return Err(UnknownName) };
        instrument.connection = connection;
        let loss = instrument.take(frame, stamp, &mut |tick| emit(place, tick));
        if let Err(why) = loss {
            self.lost += 1;
            if self.losses.len() < LOSSES_MAX {
                self.losses.push(Lost { symbol: instrument.symbol.clone(), stamp, why });
            }
        }
        Ok(())
    }

    /// The messages of a connection count up by one. A hole loses each book of it; so does a new beginning.
    fn count_message(
        &mut self,
        connection: usize,
        message: u64,
        part: u32,
        stamp: Stamp,
        emit: &mut impl FnMut(usize, Tick),
    ) {
        if part > 0 {
            return;
        }
        if self.sequences.len() <= connection {
            self.sequences.resize(connection + 1, Sequence::default());
        }
        let Some(sequence) = self.sequences.get_mut(connection) else { return };
        let last = sequence.last;
        let expected = last.map_or(message, |last| last.saturating_add(1));
        // A connection begins with zero: what comes late is left out, and a new one is no late message.
        sequence.again = message < expected && (message > 0 || last == Some(0));
        if sequence.again {
            return;
        }
        sequence.last = Some(message);
        if message == expected {
            return;
        }
        for (place, instrument) in self.instruments.iter_mut().enumerate() {
            if instrument.connection != connection || instrument.feed != Feed::CoinbaseAdvanced {
                continue;
            }
            let missed = instrument.builder.miss(stamp, |delta| emit(place, Tick::Book(delta)));
            self.lost += u64::from(missed);
            if missed && self.losses.len() < LOSSES_MAX {
                let why = Loss::Messages(expected, message);
                self.losses.push(Lost { symbol: instrument.symbol.clone(), stamp, why });
            }
        }
    }

    /// The place of an instrument, a new one where its name gives a symbol.
    fn place(&mut self, feed: Feed, name: &str) -> Option<usize> {
        // Messages of one instrument often come in a row.
        if self.instruments.get(self.recent).is_some_and(|recent| recent.feed == feed && recent.name == name) {
            return Some(self.recent);
        }
        self.recent = self.find_or_add(feed, name)?;
        Some(self.recent)
    }

    fn find_or_add(&mut self, feed: Feed, name: &str) -> Option<usize> {
        if let Some(place) = self.index.get(feed as usize)?.get(name) {
            return Some(*place);
        }
        self.add(feed, name, names::symbol(feed, name)?)
    }

    fn add(&mut self, feed: Feed, name: &str, symbol: Symbol) -> Option<usize> {
        let place = self.instruments.len();
        if place >= BOOKS_MAX {
            return None;
        }
        self.index.get_mut(feed as usize)?.insert(name.to_owned(), place);
        self.instruments.push(Instrument {
            feed,
            name: name.to_owned(),
            symbol,
            events: 0,
            trades: 0,
            quotes: 0,
            bare_quotes: 0,
            double_trades: 0,
            repeated_trades: 0,
            repeated_quotes: 0,
            checked: 0,
            equal: 0,
            builder: Builder::new(feed),
            connection: 0,
            aggregate: None,
            seen: Seen::default(),
            quoted: None,
            pairs: Pairs::default(),
        });
        Some(place)
    }
}

impl Instrument {
    fn take(&mut self, frame: &Frame<'_>, stamp: Stamp, emit: &mut impl FnMut(Tick)) -> Result<(), Loss> {
        self.events += 1;
        match frame.content {
            Content::Snapshot { last, changes } => {
                let done = self.builder.snapshot(last, changes, stamp, |delta| emit(Tick::Book(delta)));
                self.compare_built();
                done
            }
            Content::Diff { updates, changes } => {
                let done = self.builder.update(updates, changes, stamp, |delta| emit(Tick::Book(delta)));
                self.compare_built();
                done
            }
            Content::Quote(top) => {
                self.quotes += 1;
                if self.is_repeated(top) {
                    self.repeated_quotes += 1;
                    return Ok(());
                }
                self.compare_quote(&top);
                match top.sized() {
                    Some((bid, ask)) => {
                        emit(Tick::Quote(Quote { time: stamp.time, received: stamp.received, bid, ask }));
                    }
                    None => self.bare_quotes += 1,
                }
                Ok(())
            }
            Content::Trade { id, price, quantity, side, aggregate } => {
                self.trades += 1;
                if *self.aggregate.get_or_insert(aggregate) != aggregate {
                    self.double_trades += 1;
                } else if !self.seen.add(id) {
                    self.repeated_trades += 1;
                } else {
                    let Stamp { time, received } = stamp;
                    emit(Tick::Trade(Trade { time, received, id, price, quantity, side }));
                }
                Ok(())
            }
            Content::Bar { .. } | Content::Mark { .. } | Content::Other(_) => Ok(()),
        }
    }

    /// Two connections may tell the same while one takes over from the other.
    fn is_repeated(&mut self, top: Top) -> bool {
        let repeated = self.quoted.is_some_and(|known| top.update < known.update || top == known);
        if top.update.is_some() && !repeated {
            self.quoted = Some(top);
        }
        repeated && top.update.is_some()
    }

    /// The book is as of another update now: it is to be compared with the best quote of that update.
    fn compare_built(&mut self) {
        if !matches!(self.feed, Feed::BinanceSpot | Feed::BinanceFutures) {
            return;
        }
        let (Some(last), Some(book)) = (self.builder.last(), self.builder.book()) else { return };
        if let (Some(bid), Some(ask)) = (book.bid(), book.ask()) {
            push(&mut self.pairs.built, last, (bid, ask));
            self.settle();
        }
    }

    /// A quote came: where updates are numbered it is compared with the book of that update, else with the one at hand.
    fn compare_quote(&mut self, top: &Top) {
        if let (Some(update), Some(quote)) = (top.update, top.sized()) {
            push(&mut self.pairs.quoted, update, quote);
            return self.settle();
        }
        let Some((Some(bid), Some(ask))) = self.builder.book().map(|book| (book.bid(), book.ask())) else { return };
        let same = |quantity: Option<_>, level: Level| quantity.is_none_or(|quantity| quantity == level.quantity);
        let quantities = same(top.bid_quantity, bid) && same(top.ask_quantity, ask);
        self.checked += 1;
        self.equal += u64::from((top.bid, top.ask) == (bid.price, ask.price) && quantities);
    }

    fn settle(&mut self) {
        while let Some(equal) = self.pairs.next() {
            self.checked += 1;
            self.equal += u64::from(equal);
        }
    }
}

impl Top {
    fn sized(&self) -> Option<(Level, Level)> {
        let bid = Level { price: self.bid, quantity: self.bid_quantity? };
        Some((bid, Level { price: self.ask, quantity: self.ask_quantity? }))
    }
}

type Best = (Level, Level);

/// Tops of the book and best quotes by update, oldest first, until each top has found its quote. Quotes come with each
/// change of the best, so the one of an update is the last that is not behind it: known once the next is there.
#[derive(Debug, Default)]
struct Pairs {
    built: VecDeque<(u64, Best)>,
    quoted: VecDeque<(u64, Best)>,
}

impl Pairs {
    /// Whether the oldest top equals its quote, where that is known.
    fn next(&mut self) -> Option<bool> {
        loop {
            let (update, built) = *self.built.front()?;
            while self.quoted.get(1).is_some_and(|(next, _)| *next <= update) {
                self.quoted.pop_front();
            }
            let (at, quote) = *self.quoted.front()?;
            if at < update && self.quoted.len() == 1 {
                return None;
            }
            self.built.pop_front();
            // A top before the first quote has none.
            if at <= update {
                return Some(built == quote);
            }
        }
    }
}

/// Adds the newest and forgets the oldest where there are too many. What does not come in order is left out.
fn push(tops: &mut VecDeque<(u64, Best)>, update: u64, best: Best) {
    if tops.back().is_none_or(|(newest, _)| *newest < update) {
        tops.push_back((update, best));
    }
    if tops.len() > TOPS_MAX {
        tops.pop_front();
    }
}
