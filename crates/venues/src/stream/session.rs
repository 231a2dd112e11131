//! One connection of a stream as a fold over what happens to it. It opens no socket and reads no clock: whoever drives it
//! says what came and when, and does what it asks for.
use std::collections::VecDeque;

use qframe_app::Arrival;
use qframe_data::book::{Content, Decoder, Feed, Instrument};
use qframe_model::time::{Span, Time};

use super::control::{self, Control};
use super::counts::Counts;
use super::market::{Answer, Ask, Market, Refusal};
use super::plan::{Channel, Line};
use crate::backoff::Backoff;
use crate::sign::CoinbaseKey;

/// Refused messages that are kept, and so much of each.
const REFUSED_MAX: usize = 100;
const EXCERPT: usize = 2_048;
/// The messages of a new connection that wait until it takes over.
const HELD_MAX: usize = 50_000;
/// The exchange's clock is asked for so often.
const CLOCK_EVERY: Span = Span::from_seconds(600);

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub struct Timings {
    /// Until a connection is open, and until a subscription is taken.
    pub open: Span,
    /// Without anything heard, until a connection is given up.
    pub silence: Span,
    /// From one ping of ours to the next.
    pub ping: Span,
    /// Between two messages that are sent.
    pub pace: Span,
    /// Until a connection is replaced by a new one; Binance ends each after a day.
    pub life: Span,
    /// How long both are up then.
    pub overlap: Span,
    /// Pauses between tries to connect.
    pub backoff: Backoff,
}

impl Timings {
    /// Those for a feed. Coinbase says every second that it is there; Binance answers pings.
    #[must_use]
    pub fn of(feed: Feed) -> Self {
        let binance = matches!(feed, Feed::BinanceSpot | Feed::BinanceFutures);
        Self {
            open: Span::from_seconds(15),
            silence: Span::from_seconds(if binance { 30 } else { 10 }),
            ping: Span::from_seconds(10),
            pace: Span::from_nanos(250_000_000),
            life: Span::from_seconds(if binance { 23 * 3_600 + 50 * 60 } else { i64::MAX / 2_000_000_000 }),
            overlap: Span::from_seconds(3),
            backoff: Backoff::default(),
        }
    }
}

/// What is to be done; which of the two sockets, where it is about one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Connect.
    Open(usize),
    /// Send a text.
    Send(usize, String),
    /// Send a ping.
    Ping(usize),
    /// End it; nothing more is heard of it.
    Close(usize),
    /// Ask over REST.
    Ask(Ask),
    /// The exchange does not give what is wanted, in its words: it is over.
    End(String),
}

/// A message that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// When it came.
    pub time: Time,
    /// Why, in full.
    pub why: String,
    /// How it begins.
    pub raw: String,
}

/// One of the two sockets.
#[derive(Debug)]
enum Link {
    Idle,
    WaitingUntil(Time),
    OpeningSince(Time),
    Up(Box<Up>),
}

#[derive(Debug)]
struct Up {
    since: Time,
    heard: Time,
    pinged: Time,
    queue: VecDeque<String>,
    next_send: Time,
    /// Subscriptions that were not taken yet, and since when nothing happens to them.
    unanswered: usize,
    asked: Time,
    /// When all was taken.
    ready: Option<Time>,
    leaving: bool,
}

/// One connection, with the one that takes over from it.
pub struct Session {
    market: Market,
    decoder: Decoder,
    links: [Link; 2],
    main: usize,
    /// Messages of the new connection that wait for the end of the old one.
    held: VecDeque<(Time, Vec<u8>)>,
    failed: u32,
    jitter: fastrand::Rng,
    key: Option<CoinbaseKey>,
    timings: Timings,
    recorded: Option<Vec<u8>>,
    quarantine: VecDeque<Refused>,
    /// Refused messages since the last look.
    fresh: Vec<Refused>,
    deeds: Vec<Deed>,
    clock_asked: Option<Time>,
}

impl Session {
    /// A session that opens its connection with the first [`Session::tick`]. `seed` draws the pauses between tries.
    #[must_use]
    pub fn new(line: Line, name: String, timings: Timings, seed: u64, now: Time) -> Self {
        Self {
            market: Market::new(line, name, now),
            decoder: Decoder::default(),
            links: [Link::WaitingUntil(now), Link::Idle],
            main: 0,
            held: VecDeque::new(),
            failed: 0,
            jitter: fastrand::Rng::with_seed(seed),
            key: None,
            timings,
            recorded: None,
            quarantine: VecDeque::new(),
            fresh: Vec::new(),
            deeds: Vec::new(),
            clock_asked: None,
        }
    }

    /// The same, with a key whose tokens go with the subscriptions of Coinbase Advanced.
    #[must_use]
    pub fn with_key(self, key: Option<CoinbaseKey>) -> Self {
        Self { key, ..self }
    }

    /// The same, keeping lines of a recording for [`Session::take_recorded`].
    #[must_use]
    pub fn recording(self, wanted: bool) -> Self {
        Self { recorded: wanted.then(Vec::new), ..self }
    }

    /// What it is to tell.
    #[must_use]
    pub const fn line(&self) -> &Line {
        &self.market.line
    }

    /// Figures so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.market.counts
    }

    /// A symbol by its place in the line: its book, where it is good.
    #[must_use]
    pub fn instrument(&self, place: usize) -> Option<&Instrument> {
        self.market.instrument(place)
    }

    /// The last hundred refused messages.
    pub fn quarantine(&self) -> impl Iterator<Item = &Refused> {
        self.quarantine.iter()
    }

    /// What is to be done since the last look.
    pub fn take_deeds(&mut self) -> Vec<Deed> {
        let asks = self.market.asks.drain(..).map(Deed::Ask);
        let mut deeds = std::mem::take(&mut self.deeds);
        deeds.extend(asks);
        deeds
    }

    /// Rows since the last look.
    pub fn take_rows(&mut self) -> Vec<Arrival> {
        std::mem::take(&mut self.market.rows)
    }

    /// Lines of the recording since the last look.
    pub fn take_recorded(&mut self) -> Vec<u8> {
        self.recorded.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Refused messages since the last look.
    pub fn take_refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.fresh)
    }

    /// A socket is open.
    pub fn opened(&mut self, link: usize, now: Time) {
        let queue: VecDeque<String> = self.market.line.subscriptions(self.key.as_ref(), now).into();
        let unanswered = queue.len();
        self.market.counts.connects += 1;
        let note = format!("{}{} <-> {}\n", self.market.line.host(), self.market.line.path, now.nanos());
        self.record(note.as_bytes());
        let (next_send, ready) = (now, None);
        let up =
            Up { since: now, heard: now, pinged: now, queue, next_send, unanswered, asked: now, ready, leaving: false };
        if let Some(state) = self.links.get_mut(link) {
            *state = Link::Up(Box::new(up));
        }
        self.tick(now);
    }

    /// A socket broke, or could not be opened.
    pub fn broke(&mut self, link: usize, why: &str, now: Time) {
        let is_known = self.links.get(link).is_some_and(|state| matches!(state, Link::Up(_) | Link::OpeningSince(_)));
        if is_known {
            self.fail(link, why, now);
            self.tick(now);
        }
    }

    /// A ping or a pong came.
    pub fn heard(&mut self, link: usize, now: Time) {
        // Coinbase tells of itself in messages; that its socket answers says nothing of the feed behind it.
        if self.is_binance()
            && let Some(up) = self.up(link)
        {
            up.heard = now;
        }
    }

    /// A message came.
    pub fn message(&mut self, link: usize, raw: &[u8], now: Time) {
        self.market.counts.messages += 1;
        self.market.counts.bytes += raw.len() as u64;
        let is_main = link == self.main;
        let Some(up) = self.up(link) else { return };
        up.heard = now;
        // Answers to subscriptions go on; all else waits for the end of the old connection.
        if !is_main && !is_answer(raw) {
            self.held.push_back((now, raw.to_vec()));
            if self.held.len() >= HELD_MAX {
                self.hand_over();
            }
            return;
        }
        self.take(link, raw, now);
    }

    /// An answer came to what was asked for.
    pub fn answered(&mut self, ask: &Ask, answer: Result<Answer, String>, now: Time) {
        match (ask, answer) {
            (Ask::Depth(place), Ok(Answer::Depth(address, body))) => {
                // While nothing follows it, no snapshot makes a book.
                if self.is_ready() {
                    self.snapshot(*place, &address, &body, now);
                }
                self.market.depth_answered(*place, now);
            }
            (Ask::Trades(place, from, to), Ok(Answer::Trades(messages))) => {
                // What came over the stream in the meantime is neither filled in nor missed.
                let (before, refused) = (self.market.trades(*place), self.market.counts.refused);
                let told = messages.len() as u64;
                for message in messages {
                    self.record_message("", message.as_bytes(), now);
                    self.decode(self.main, message.as_bytes(), now, true);
                }
                let came = self.market.trades(*place) - before;
                let unread = self.market.counts.refused - refused;
                self.market.filled(*place, came, (to - from).saturating_sub(told - unread.min(told)));
            }
            (Ask::Bars(place, ..), Ok(Answer::Bars(bars))) => self.market.bars_answered(*place, &bars, now),
            (Ask::Clock, Ok(Answer::Clock(ahead))) => self.market.counts.clock_ahead = Some(ahead),
            (ask, answer) => {
                let why = answer.err().unwrap_or_else(|| "the answer is to another question".to_owned());
                self.market.counts.trouble = Some((now, why));
                match ask {
                    Ask::Depth(place) => self.market.depth_answered(*place, now),
                    Ask::Trades(place, from, to) => self.market.filled(*place, 0, to - from),
                    Ask::Bars(place, ..) => self.market.bars_answered(*place, &[], now),
                    Ask::Clock => {}
                }
            }
        }
    }

    /// Time passed. To be called several times a second.
    pub fn tick(&mut self, now: Time) {
        for link in 0..self.links.len() {
            self.tick_link(link, now);
        }
        let other = 1 - self.main;
        let life = self.timings.life;
        let ends = |up: &mut Up| up.ready.is_some() && (up.leaving || now.since(up.since) >= life);
        if self.up(self.main).is_some_and(ends) && matches!(self.links[other], Link::Idle) {
            self.open(other, now);
        }
        let overlap = self.timings.overlap;
        if self.up(other).and_then(|up| up.ready).is_some_and(|ready| now.since(ready) >= overlap) {
            self.hand_over();
        }
        if self.is_ready() {
            if self.clock_asked.is_none_or(|asked| now.since(asked) >= CLOCK_EVERY) {
                self.clock_asked = Some(now);
                self.deeds.push(Deed::Ask(Ask::Clock));
            }
            self.market.tick(now);
        }
        self.market.counts.up = self.is_ready();
    }

    fn tick_link(&mut self, link: usize, now: Time) {
        let Timings { open, silence, ping, pace, .. } = self.timings;
        let Some(state) = self.links.get_mut(link) else { return };
        let given_up = match state {
            Link::Idle => None,
            Link::WaitingUntil(until) if *until <= now => return self.open(link, now),
            Link::WaitingUntil(_) => None,
            Link::OpeningSince(since) if now.since(*since) > open => Some("it did not open in time"),
            Link::OpeningSince(_) => None,
            Link::Up(up) if now.since(up.heard) > silence => Some("it is silent"),
            Link::Up(up) if up.unanswered > 0 && now.since(up.asked) > open => {
                Some("what was asked for was not answered in time")
            }
            Link::Up(up) => {
                // One message at a time: pings count too where messages are limited.
                if up.next_send <= now {
                    if let Some(text) = up.queue.pop_front() {
                        (up.next_send, up.asked) = (now + pace, now);
                        self.deeds.push(Deed::Send(link, text));
                    } else if now.since(up.pinged) >= ping {
                        (up.next_send, up.pinged) = (now + pace, now);
                        self.deeds.push(Deed::Ping(link));
                    }
                }
                None
            }
        };
        if let Some(why) = given_up {
            self.deeds.push(Deed::Close(link));
            self.fail(link, why, now);
        }
    }

    fn open(&mut self, link: usize, now: Time) {
        if let Some(state) = self.links.get_mut(link) {
            *state = Link::OpeningSince(now);
            self.deeds.push(Deed::Open(link));
        }
    }

    /// A link is gone: the other takes over where it is up, else it is opened again after a pause.
    fn fail(&mut self, link: usize, why: &str, now: Time) {
        self.market.counts.trouble = Some((now, why.to_owned()));
        let other = 1 - link;
        if link != self.main {
            // The old one still stands; after a pause it is tried again.
            self.held.clear();
            self.set_back(link, now);
            return;
        }
        self.market.counts.cuts += 1;
        if self.up(other).is_some_and(|up| up.ready.is_some()) {
            self.links[link] = Link::Idle;
            self.main = other;
            return self.take_held();
        }
        let note = format!("{}{} >-< {}\n", self.market.line.host(), self.market.line.path, now.nanos());
        self.record(note.as_bytes());
        self.market.cut(0, now);
        if matches!(self.links[other], Link::Up(_) | Link::OpeningSince(_)) {
            self.links[link] = Link::Idle;
            self.main = other;
        } else {
            self.links[other] = Link::Idle;
            self.set_back(link, now);
        }
    }

    /// Waits before the link is opened again.
    fn set_back(&mut self, link: usize, now: Time) {
        self.failed += 1;
        let pause = self.timings.backoff.pause_at(self.failed, self.jitter.f64());
        let pause = Span::from_nanos(i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX / 4));
        if let Some(state) = self.links.get_mut(link) {
            *state = Link::WaitingUntil(now + pause);
        }
    }

    /// The new connection takes over from the old one.
    fn hand_over(&mut self) {
        let old = self.main;
        self.deeds.push(Deed::Close(old));
        self.links[old] = Link::Idle;
        self.main = 1 - old;
        self.market.counts.handovers += 1;
        self.take_held();
        self.market.counts.up = self.is_ready();
    }

    fn take_held(&mut self) {
        for (time, raw) in std::mem::take(&mut self.held) {
            self.take(self.main, &raw, time);
        }
    }

    /// Takes a message in.
    fn take(&mut self, link: usize, raw: &[u8], now: Time) {
        self.record_message("", raw, now);
        let lost = self.market.lost();
        self.decode(link, raw, now, false);
        // A feed that brings its own snapshots brings one to who comes anew.
        if self.market.lost() > lost && !self.is_binance() {
            self.deeds.push(Deed::Close(link));
            self.fail(link, "a book was lost; a new connection brings it anew", now);
        }
    }

    fn decode(&mut self, link: usize, raw: &[u8], now: Time, filled: bool) {
        let Self { decoder, market, .. } = self;
        let mut done: Result<(), Refusal> = Ok(());
        let mut other = None;
        let decoded = decoder.decode(raw, |frame| {
            if let Content::Other(kind) = frame.content {
                other = Some(kind);
            }
            // Both sockets are one connection to the books: one takes over where the other ended.
            let taken = market.frame(0, &frame, now, filled);
            if done.is_ok() {
                done = taken;
            }
        });
        let control = other.map(|kind| control::read(kind, raw));
        let refusal = decoded.map_err(|fault| (fault.reason(), fault.to_string())).and(done);
        if let Err(refusal) = refusal {
            self.refuse(refusal, raw, now);
        }
        if let Some(control) = control {
            self.control(link, control, now);
        }
    }

    fn control(&mut self, link: usize, control: Control, now: Time) {
        match control {
            Control::Taken(_) => {
                let Some(up) = self.up(link) else { return };
                up.unanswered = up.unanswered.saturating_sub(1);
                up.asked = now;
                if up.unanswered == 0 && up.ready.is_none() {
                    up.ready = Some(now);
                    self.failed = 0;
                    self.market.begin(now);
                }
            }
            Control::Refused(words) => {
                let fresh = self.up(link).is_some_and(|up| up.ready.is_none()) && self.market.counts.connects <= 1;
                if fresh {
                    self.deeds.push(Deed::End(words));
                    return;
                }
                self.deeds.push(Deed::Close(link));
                self.fail(link, &format!("the exchange refuses: {words}"), now);
            }
            Control::Heartbeat(Some((name, last_trade))) => self.market.heartbeat(&name, last_trade),
            Control::Leaving => {
                if let Some(up) = self.up(link) {
                    up.leaving = true;
                }
            }
            Control::Heartbeat(None) | Control::Nothing => {}
        }
    }

    /// A snapshot of a book goes the way of the messages.
    fn snapshot(&mut self, place: usize, address: &str, body: &[u8], now: Time) {
        self.record_message(&format!("{address} -> "), body, now);
        let name = self.market.line.subjects.get(place).map(|(_, name)| name.clone()).unwrap_or_default();
        let Self { decoder, market, .. } = self;
        let mut done: Result<(), Refusal> = Ok(());
        let mut is_book = false;
        let decoded = decoder.decode(body, |frame| {
            is_book = matches!(frame.content, Content::Snapshot { .. });
            if is_book {
                done = market.frame(0, &qframe_data::book::Frame { name: &name, ..frame }, now, false);
            }
        });
        let refusal = decoded.map_err(|fault| (fault.reason(), fault.to_string())).and(done);
        let refusal = refusal.and(if is_book { Ok(()) } else { Err(("no snapshot", "no book".to_owned())) });
        if let Err(refusal) = refusal {
            self.refuse(refusal, body, now);
        }
    }

    fn refuse(&mut self, (reason, why): Refusal, raw: &[u8], now: Time) {
        self.market.counts.refuse(reason);
        let raw = String::from_utf8_lossy(raw.get(..EXCERPT).unwrap_or(raw)).into_owned();
        let refused = Refused { time: now, why, raw };
        if self.quarantine.len() >= REFUSED_MAX {
            self.quarantine.pop_front();
        }
        self.quarantine.push_back(refused.clone());
        if self.recorded.is_some() {
            self.fresh.push(refused);
        }
    }

    /// One line: what stands before the time, the time, the message without line ends.
    fn record_message(&mut self, before: &str, raw: &[u8], now: Time) {
        let Some(recorded) = &mut self.recorded else { return };
        recorded.extend_from_slice(before.as_bytes());
        recorded.extend_from_slice(now.nanos().to_string().as_bytes());
        recorded.push(b' ');
        recorded.extend(raw.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
        recorded.push(b'\n');
    }

    fn record(&mut self, note: &[u8]) {
        if let Some(recorded) = &mut self.recorded {
            recorded.extend_from_slice(note);
        }
    }

    fn up(&mut self, link: usize) -> Option<&mut Up> {
        if let Some(Link::Up(up)) = self.links.get_mut(link) { Some(up) } else { None }
    }

    fn is_ready(&self) -> bool {
        matches!(&self.links[self.main], Link::Up(up) if up.ready.is_some())
    }

    const fn is_binance(&self) -> bool {
        matches!(self.market.line.feed, Feed::BinanceSpot | Feed::BinanceFutures)
    }

    /// True where books are told.
    #[must_use]
    pub fn has_books(&self) -> bool {
        self.market.line.has(Channel::Book)
    }
}

/// True for what Binance says of a subscription; nothing else that it sends has these words.
fn is_answer(raw: &[u8]) -> bool {
    let has = |word: &[u8]| raw.windows(word.len()).any(|part| part == word);
    raw.len() < 512 && (has(b"\"result\"") || has(b"\"error\""))
}
