//! Frames of one connection to rows: books kept whole, tapes and bars kept without holes, what is missed asked for.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use qframe_app::{Arrival, Row};
use qframe_data::book::{Books, Content, Feed, Frame, Instrument, Stamp};
use qframe_data::{DataKey, Kind};
use qframe_model::market::{Bar, FundingRate, Tick};
use qframe_model::number::{Price, Rate};
use qframe_model::time::{Span, Time};

use super::counts::{Counts, SubjectCounts};
use super::plan::{Channel, Line};

/// The most bars of a symbol that wait for those before them, and the most holes in a tape that are filled.
const WAITING_MAX: usize = 256;
/// The most trades that are asked for at once; what is beyond counts as missed.
const HOLE_MAX: u64 = 10_000;
/// A rate this old is not the one that fell due.
const MARK_FRESH: Span = Span::from_seconds(60);
/// The first and the longest pause before a book is asked for again.
const DEPTH_PAUSE: (i64, i64) = (250_000_000, 10_000_000_000);

/// Something to ask for over REST; which symbol, by its place in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A snapshot of its book.
    Depth(usize),
    /// Trades from a number up to, and without, another.
    Trades(usize, u64, u64),
    /// Bars that open from a time on and before another.
    Bars(usize, Time, Time),
    /// The exchange's clock.
    Clock,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The body of a snapshot, and its address.
    Depth(String, Vec<u8>),
    /// Trades as messages of the stream, in order.
    Trades(Vec<String>),
    /// Bars in order.
    Bars(Vec<Bar>),
    /// The clock here less the exchange's.
    Clock(Span),
}

/// Why a frame is refused: the reason in a few words, and the text.
pub(super) type Refusal = (&'static str, String);

/// The symbols of one connection.
#[derive(Debug)]
pub(super) struct Market {
    pub(super) line: Line,
    pub(super) counts: Counts,
    pub(super) rows: Vec<Arrival>,
    pub(super) asks: Vec<Ask>,
    books: Books,
    /// By the place of their instrument in the books.
    subjects: Vec<Subject>,
    names: HashMap<String, usize>,
    /// When the stream began: bars that were over before are history.
    since: Time,
}

#[derive(Debug)]
struct Subject {
    keys: [Arc<DataKey>; 5],
    depth: Depth,
    depth_tries: u32,
    holes: VecDeque<(u64, u64)>,
    /// True while a hole in the tape is asked for, and up to where all was.
    filling: bool,
    filled_to: u64,
    /// The bar that is not over, of a feed that does not say when it is.
    open_bar: Option<Bar>,
    last_bar: Option<Time>,
    /// Bars that are over and wait for those before them.
    held_bars: Vec<Bar>,
    asking_bars: bool,
    mark: Option<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    at: Time,
    price: Price,
    rate: Rate,
    due: Time,
}

/// How far a snapshot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Idle,
    Asked,
    RetryAt(Time),
}

impl Market {
    pub(super) fn new(line: Line, name: String, since: Time) -> Self {
        let mut books = Books::default();
        let (mut names, mut subjects) = (HashMap::new(), Vec::new());
        let mut counts = Counts { line: name, ..Counts::default() };
        for (symbol, name) in &line.subjects {
            let key = |kind: Kind| {
                let frame = kind.is_bars().then_some(line.frame);
                Arc::new(DataKey { kind, venue: line.feed.venue().to_owned(), symbol: symbol.clone(), frame })
            };
            if let Some(place) = books.know(line.feed, name, symbol.clone()) {
                names.insert(name.clone(), place);
                counts.subjects.push(SubjectCounts::new(symbol.clone()));
                subjects
                    .push(Subject::new([Kind::Trades, Kind::Quotes, Kind::Book, Kind::Bars, Kind::Funding].map(key)));
            }
        }
        Self { line, counts, rows: Vec::new(), asks: Vec::new(), books, subjects, names, since }
    }

    /// How often a book was lost.
    pub(super) const fn lost(&self) -> u64 {
        self.books.lost()
    }

    /// The book of a symbol by its place, where it is good.
    pub(super) fn instrument(&self, place: usize) -> Option<&Instrument> {
        self.books.instruments().get(place)
    }

    /// A connection ended: no book of it is whole.
    pub(super) fn cut(&mut self, link: usize, now: Time) {
        let Self { books, rows, subjects, counts, .. } = self;
        let stamp = Stamp { time: now, received: now };
        books.cut(link, stamp, &mut |place, tick| give(rows, subjects, counts, place, row(tick), now));
    }

    /// All that was asked for is taken: books are asked for where the stream does not bring them.
    pub(super) fn begin(&mut self, now: Time) {
        if self.joins_books() {
            (0..self.subjects.len()).for_each(|place| self.want_depth(place, now));
        }
    }

    /// Books whose snapshots were of no use are asked for again.
    pub(super) fn tick(&mut self, now: Time) {
        for place in 0..self.subjects.len() {
            if let Some(Depth::RetryAt(at)) = self.subjects.get(place).map(|subject| subject.depth)
                && at <= now
            {
                self.want_depth(place, now);
            }
        }
        self.count_books();
    }

    /// Takes a frame of a connection in. `filled`: it was asked for.
    pub(super) fn frame(&mut self, link: usize, frame: &Frame<'_>, now: Time, filled: bool) -> Result<(), Refusal> {
        let feed = self.line.feed;
        let silent = Frame { feed, name: "", content: Content::Other(""), ..*frame };
        let Some(place) = self.names.get(frame.name).copied() else {
            if frame.content.is_tick() || !frame.name.is_empty() {
                self.counts.unasked += 1;
            }
            // Its number counts among those of its connection.
            return self.take(link, &silent, now);
        };
        if frame.feed.venue() != feed.venue() {
            return Err(("another exchange", format!("a message of {} on a line of {feed}", frame.feed)));
        }
        let frame = Frame { feed, ..*frame };
        match frame.content {
            Content::Trade { id, aggregate, .. } if !filled => self.find_hole(place, id, aggregate),
            Content::Bar { bar, frame: length, over } => {
                self.take(link, &silent, now)?;
                return self.bar(place, bar, length == self.line.frame, over, now);
            }
            Content::Mark { mark, rate, due } => {
                self.mark(place, Mark { at: now, price: mark, rate, due }, now);
                return Ok(());
            }
            _ => {}
        }
        if let Some(time) = frame.time.filter(|_| !filled && frame.content.is_tick() && frame.part == 0) {
            let ahead = self.counts.clock_ahead.unwrap_or_default().nanos();
            self.counts.latency.add(now.since(time).nanos().saturating_sub(ahead));
        }
        self.take(link, &frame, now)?;
        if matches!(frame.content, Content::Snapshot { .. } | Content::Diff { .. }) && self.joins_books() {
            self.want_depth(place, now);
        }
        Ok(())
    }

    fn take(&mut self, link: usize, frame: &Frame<'_>, now: Time) -> Result<(), Refusal> {
        let Self { books, rows, subjects, counts, .. } = self;
        let stamp = Stamp { time: frame.time.unwrap_or(now), received: now };
        books
            .take(link, frame, stamp, &mut |place, tick| give(rows, subjects, counts, place, row(tick), now))
            .map_err(|_| ("no symbol", format!("{:?} is no instrument's name", frame.name)))
    }

    /// The last trade that the exchange counts in a heartbeat.
    pub(super) fn heartbeat(&mut self, name: &str, last_trade: u64) {
        if let Some(place) = self.names.get(name).copied().filter(|_| self.line.has(Channel::Trades)) {
            self.find_hole(place, last_trade.saturating_add(1), false);
        }
    }

    /// Trades between the last one and this one are missing.
    fn find_hole(&mut self, place: usize, next: u64, aggregate: bool) {
        let fillable = !self.joins_books() || aggregate;
        let last = self.instrument(place).and_then(Instrument::last_trade).map(|(last, _)| last);
        let (Some(last), Some(subject)) = (last, self.subjects.get_mut(place)) else { return };
        let from = (last + 1).max(subject.filled_to);
        if from >= next || !fillable {
            return;
        }
        subject.filled_to = next;
        let start = from.max(next.saturating_sub(HOLE_MAX));
        self.counts.missed += start - from;
        if subject.holes.len() >= WAITING_MAX {
            self.counts.missed += next - start;
            return;
        }
        subject.holes.push_back((start, next));
        self.fill_next(place);
    }

    fn fill_next(&mut self, place: usize) {
        let Some(subject) = self.subjects.get_mut(place).filter(|subject| !subject.filling) else { return };
        if let Some((from, to)) = subject.holes.pop_front() {
            subject.filling = true;
            self.asks.push(Ask::Trades(place, from, to));
        }
    }

    /// A hole was filled with so many trades, and so many are not to be had.
    pub(super) fn filled(&mut self, place: usize, came: u64, missed: u64) {
        self.counts.filled += came;
        self.counts.missed += missed;
        if let Some(subject) = self.subjects.get_mut(place) {
            subject.filling = false;
        }
        self.fill_next(place);
    }

    /// Trades of a symbol so far.
    pub(super) fn trades(&self, place: usize) -> u64 {
        self.counts.subjects.get(place).map_or(0, |subject| subject.trades)
    }

    /// True where books are made of a snapshot over REST and the updates around it.
    const fn joins_books(&self) -> bool {
        matches!(self.line.feed, Feed::BinanceSpot | Feed::BinanceFutures)
    }

    /// Asks for a book that is not good, if that was not done.
    fn want_depth(&mut self, place: usize, now: Time) {
        let good = self.instrument(place).is_some_and(|instrument| instrument.book().is_some());
        let wanted = self.line.has(Channel::Book);
        let Some(subject) = self.subjects.get_mut(place) else { return };
        if good {
            (subject.depth, subject.depth_tries) = (Depth::Idle, 0);
            return;
        }
        let due = match subject.depth {
            Depth::Idle => true,
            Depth::Asked => false,
            Depth::RetryAt(at) => at <= now,
        };
        if due && wanted {
            subject.depth = Depth::Asked;
            self.asks.push(Ask::Depth(place));
        }
    }

    /// A snapshot came, or none; whether the book is good shows what it was worth.
    pub(super) fn depth_answered(&mut self, place: usize, now: Time) {
        let good = self.instrument(place).is_some_and(|instrument| instrument.book().is_some());
        let Some(subject) = self.subjects.get_mut(place) else { return };
        if good {
            (subject.depth, subject.depth_tries) = (Depth::Idle, 0);
            return;
        }
        let (first, longest) = DEPTH_PAUSE;
        let pause = (first << subject.depth_tries.min(10)).min(longest);
        subject.depth_tries += 1;
        subject.depth = Depth::RetryAt(now + Span::from_nanos(pause));
    }

    fn bar(&mut self, place: usize, bar: Bar, asked: bool, over: bool, now: Time) -> Result<(), Refusal> {
        if !asked {
            self.counts.unasked += 1;
            return Ok(());
        }
        bar.check().map_err(|fault| ("no bar", format!("{}: {fault}", bar.time)))?;
        let tells_ends = self.joins_books();
        let Some(subject) = self.subjects.get_mut(place) else { return Ok(()) };
        if !tells_ends {
            let ended = subject.open_bar.filter(|open| open.time < bar.time);
            if subject.open_bar.is_none_or(|open| open.time <= bar.time) {
                subject.open_bar = Some(bar);
            }
            if let Some(ended) = ended.filter(|ended| ended.time + self.line.frame.span() > self.since) {
                // Its last change may not have been told.
                self.close_bar(place, ended, true, now);
            }
        } else if over {
            self.close_bar(place, bar, false, now);
        }
        Ok(())
    }

    /// Hands on a bar that is over, once those before it are there. `unsure`: the exchange is asked for it.
    fn close_bar(&mut self, place: usize, bar: Bar, unsure: bool, now: Time) {
        let span = self.line.frame.span();
        let Some(subject) = self.subjects.get_mut(place) else { return };
        let is_held = subject.held_bars.iter().any(|held| held.time == bar.time);
        if is_held || subject.last_bar.is_some_and(|last| bar.time <= last) {
            self.counts.repeated += 1;
            return;
        }
        let from = subject.last_bar.map_or(bar.time, |last| last + span);
        subject.held_bars.push(bar);
        if subject.asking_bars && subject.held_bars.len() < WAITING_MAX {
            return;
        }
        if (unsure || from < bar.time) && !subject.asking_bars {
            subject.asking_bars = true;
            self.asks.push(Ask::Bars(place, from, bar.time + span));
        } else {
            self.bars_answered(place, &[], now);
        }
    }

    /// Bars came that were asked for, or none: those that waited follow.
    pub(super) fn bars_answered(&mut self, place: usize, bars: &[Bar], now: Time) {
        let span = self.line.frame.span();
        let Self { rows, subjects, counts, .. } = self;
        let Some(subject) = subjects.get_mut(place) else { return };
        subject.asking_bars = false;
        let held = std::mem::take(&mut subject.held_bars);
        let newest = held.iter().map(|bar| bar.time).max();
        let own: BTreeMap<Time, Bar> = held.into_iter().map(|bar| (bar.time, bar)).collect();
        let mut all = own.clone();
        all.extend(bars.iter().filter(|bar| Some(bar.time) <= newest).map(|bar| (bar.time, *bar)));
        let mut last = subject.last_bar;
        for (time, bar) in all {
            if last.is_some_and(|last| time <= last) {
                continue;
            }
            let gap = last.map_or(0, |last| (time.since(last).nanos() / span.nanos()).saturating_sub(1));
            counts.missed += u64::try_from(gap).unwrap_or(0);
            counts.filled += u64::from(!own.contains_key(&time));
            last = Some(time);
            give(rows, subjects, counts, place, Row::Bar(bar), now);
        }
        if let Some(subject) = subjects.get_mut(place) {
            subject.last_bar = last;
        }
    }

    /// The rate of the last second before it fell due is the one that did.
    fn mark(&mut self, place: usize, mark: Mark, now: Time) {
        let Self { rows, subjects, counts, .. } = self;
        let Some(subject) = subjects.get_mut(place) else { return };
        let before = subject.mark.replace(mark);
        let Some(before) = before.filter(|before| before.due < mark.due) else { return };
        if before.due.since(before.at) > MARK_FRESH {
            counts.missed += 1;
            return;
        }
        let rate = FundingRate { time: before.due, rate: before.rate, mark: Some(before.price) };
        give(rows, subjects, counts, place, Row::Funding(rate), now);
    }

    /// Sums over the books.
    fn count_books(&mut self) {
        let (mut gaps, mut crossed, mut resyncs, mut repeated) = (0, 0, 0, 0);
        for (place, instrument) in self.books.instruments().iter().enumerate() {
            let counts = instrument.counts();
            gaps += counts.gaps;
            crossed += counts.crossed;
            resyncs += counts.resyncs;
            repeated += instrument.repeated_trades + instrument.repeated_quotes;
            if let Some(subject) = self.counts.subjects.get_mut(place) {
                subject.whole = instrument.book().is_some();
            }
        }
        self.counts.gaps = gaps;
        self.counts.crossed = crossed;
        self.counts.resyncs = resyncs;
        self.counts.repeated = repeated;
    }
}

impl Subject {
    fn new(keys: [Arc<DataKey>; 5]) -> Self {
        Self {
            keys,
            depth: Depth::Idle,
            depth_tries: 0,
            holes: VecDeque::new(),
            filling: false,
            filled_to: 0,
            open_bar: None,
            last_bar: None,
            held_bars: Vec::new(),
            asking_bars: false,
            mark: None,
        }
    }
}

const fn row(tick: Tick) -> Row {
    match tick {
        Tick::Trade(trade) => Row::Trade(trade),
        Tick::Quote(quote) => Row::Quote(quote),
        Tick::Book(delta) => Row::Book(delta),
    }
}

/// Hands a row on, and counts it.
fn give(rows: &mut Vec<Arrival>, subjects: &[Subject], counts: &mut Counts, place: usize, row: Row, now: Time) {
    let (Some(subject), Some(counted)) = (subjects.get(place), counts.subjects.get_mut(place)) else { return };
    let [trades, quotes, book, bars, funding] = &subject.keys;
    let (key, count) = match row {
        Row::Trade(_) => (trades, &mut counted.trades),
        Row::Quote(_) => (quotes, &mut counted.quotes),
        Row::Book(_) => (book, &mut counted.book),
        Row::Bar(_) => (bars, &mut counted.bars),
        Row::Funding(_) => (funding, &mut counted.funding),
    };
    *count += 1;
    rows.push(Arrival { key: Arc::clone(key), row, received: now });
}
