//! Recorded streams: files of raw messages, read line by line into books and rows.
//!
//! Memory is bounded: a line, the books, and what waits for a snapshot, each with a limit of its own.
use std::io::Read;
use std::path::Path;

use qframe_model::time::Time;

use qframe_model::market::Tick;

use super::books::Books;
use super::builder::Stamp;
use super::decode::Decoder;
use super::frame::{Change, Content, Feed, Frame, FrameFault};
use super::json::shortened;
use super::lines::{Line, Lines, refused};
use crate::defect::{Defect, Finding};
use crate::error::{DataError, FileFault};

/// The most findings that are kept with their place; all are counted.
const FINDINGS_MAX: usize = 100;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordingFacts {
    /// Lines with something in them.
    pub lines: u64,
    /// Of those, messages that were understood, whatever they say.
    pub messages: u64,
    /// Of those, messages that say nothing of books, quotes and trades.
    pub others: u64,
    /// Lines that are notes of the recorder.
    pub notes: u64,
    /// Lines that are refused.
    pub refused: u64,
    /// The refused lines by reason.
    pub reasons: Vec<(&'static str, u64)>,
    /// The first hundred refused lines, with their place.
    pub findings: Vec<Finding>,
    /// When the first message came, by the clock here or else by the exchange's.
    pub first: Option<Time>,
    /// When the last came.
    pub last: Option<Time>,
}

/// A recording as it is read. Several files are read as one, in the order of their receipt.
pub struct Recording {
    sources: Vec<Source>,
    decoder: Decoder,
    books: Books,
    facts: RecordingFacts,
    /// The newest instant that a message told.
    clock: Time,
}

/// One file of a recording: one connection.
struct Source {
    lines: Lines,
    /// True while there is a line at hand.
    more: bool,
    names: Names,
}

/// The names that messages gave, as long as there is one of a feed: a snapshot without a name is of that one.
#[derive(Default)]
struct Names {
    spot: Name,
    futures: Name,
    /// A snapshot without a name that came before any name.
    held: Option<Held>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Name {
    #[default]
    None,
    One(String),
    Several,
}

struct Held {
    feed: Feed,
    last: Option<u64>,
    changes: Vec<Change>,
    stamp: Stamp,
    line: u64,
}

impl Recording {
    /// Opens files; nothing is read but their first line.
    ///
    /// # Errors
    /// [`DataError::File`] where one cannot be read.
    pub fn open(paths: &[impl AsRef<Path>]) -> Result<Self, DataError> {
        paths.iter().map(|path| Lines::open(path.as_ref())).collect::<Result<Vec<_>, _>>().and_then(Self::of)
    }

    /// The same from bytes; `name` stands for the file in what is said of it.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn from_reader(reader: impl Read + Send + 'static, name: &str) -> Result<Self, DataError> {
        Lines::new(reader, name).and_then(|lines| Self::of(vec![lines]))
    }

    fn of(lines: Vec<Lines>) -> Result<Self, DataError> {
        let source = |mut lines: Lines| {
            let more = lines.advance()?;
            Ok(Source { lines, more, names: Names::default() })
        };
        Ok(Self {
            sources: lines.into_iter().map(source).collect::<Result<_, DataError>>()?,
            decoder: Decoder::default(),
            books: Books::default(),
            facts: RecordingFacts::default(),
            clock: Time::EPOCH,
        })
    }

    /// Reads one line: its rows go to `emit`, with the place of their instrument in [`Books::instruments`]. False at the
    /// end.
    ///
    /// # Errors
    /// [`DataError::File`] where reading fails, or where there was no message of a known feed in all of a recording.
    pub fn step(&mut self, mut emit: impl FnMut(usize, Tick)) -> Result<bool, DataError> {
        let Some(next) = self.next_source() else { return self.end() };
        let Some(source) = self.sources.get_mut(next) else { return Ok(false) };
        self.facts.lines += 1;
        let Self { books, facts, clock, decoder, .. } = self;
        let line = source.lines.number;
        Step { place: next, books, facts, clock, line }.take(decoder, source, &mut emit);
        source.more = match source.lines.advance() {
            // A process that was killed, or a full disk, ends a recording anywhere: what is before its end is as good.
            Err(_) if source.lines.is_broken && self.facts.messages > 0 => {
                let place = (source.lines.file.as_str(), source.lines.number, None);
                let text = "the packed data breaks off here; the lines before are taken";
                self.facts.lines += 1;
                self.facts.refuse("packed data that breaks off", place, text.to_owned());
                false
            }
            more => more?,
        };
        Ok(true)
    }

    /// Reads to the end, and says what was read.
    ///
    /// # Errors
    /// As [`Recording::step`].
    pub fn read(&mut self, mut emit: impl FnMut(usize, Tick)) -> Result<(), DataError> {
        while self.step(&mut emit)? {}
        Ok(())
    }

    /// The books so far.
    #[must_use]
    pub const fn books(&self) -> &Books {
        &self.books
    }

    /// What was read so far.
    #[must_use]
    pub const fn facts(&self) -> &RecordingFacts {
        &self.facts
    }

    /// The file whose line came first; a line without an instant comes at once.
    fn next_source(&self) -> Option<usize> {
        let with_lines = self.sources.iter().enumerate().filter(|(_, source)| source.more);
        if self.sources.len() == 1 {
            return with_lines.map(|(place, _)| place).next();
        }
        let received = |source: &Source| match source.lines.line() {
            Line::Message(_, received, _) => received,
            _ => None,
        };
        with_lines.min_by_key(|(_, source)| received(source)).map(|(place, _)| place)
    }

    /// A snapshot that still waits for a name is told. A file without any message was not meant to be read like this.
    fn end(&mut self) -> Result<bool, DataError> {
        for source in &mut self.sources {
            let Some(held) = source.names.held.take() else { continue };
            let text = "a snapshot of no symbol, and no message names one; expected its address before it, or a message \
                        of its symbol behind it";
            let place = (source.lines.file.as_str(), held.line, Some(held.stamp.received));
            // It was counted as understood while it waited.
            self.facts.messages = self.facts.messages.saturating_sub(1);
            self.facts.refuse(Refusal::Unnamed.reason(), place, text.to_owned());
        }
        match (self.facts.messages, self.sources.first()) {
            (0, Some(source)) => {
                let first = self.facts.findings.first().map_or(String::new(), |finding| finding.text.clone());
                Err(refused(&source.lines.file, 1, FileFault::NoMessages(self.facts.lines, first)))
            }
            _ => Ok(false),
        }
    }
}

/// What one line is taken into.
struct Step<'r> {
    place: usize,
    books: &'r mut Books,
    facts: &'r mut RecordingFacts,
    clock: &'r mut Time,
    line: u64,
}

/// Why a line is refused.
enum Refusal {
    Frame(FrameFault),
    /// A name that gives no symbol.
    Name(String),
    /// A snapshot that does not say of what it is.
    Unnamed,
    NoMessage,
    TooLong,
}

impl Step<'_> {
    fn take(&mut self, decoder: &mut Decoder, source: &mut Source, emit: &mut impl FnMut(usize, Tick)) {
        let Source { lines, names, .. } = source;
        let (done, received, raw) = match lines.line() {
            Line::Message(raw, received, asked) => {
                (self.message(decoder, raw, received, asked, names, emit), received, raw)
            }
            Line::Note(ended) => {
                self.facts.notes += 1;
                if let Some(time) = ended {
                    self.books.cut(self.place, Stamp { time, received: time }, emit);
                }
                return;
            }
            Line::Neither(raw) => (Err(Refusal::NoMessage), None, raw),
            Line::TooLong => (Err(Refusal::TooLong), None, &b""[..]),
        };
        if let Err(refusal) = done {
            self.refuse(&refusal, lines, received, raw);
        }
    }

    fn message(
        &mut self,
        decoder: &mut Decoder,
        raw: &[u8],
        received: Option<Time>,
        asked: Option<&str>,
        names: &mut Names,
        emit: &mut impl FnMut(usize, Tick),
    ) -> Result<(), Refusal> {
        let (mut done, mut other) = (Ok(()), true);
        let decoded = decoder.decode(raw, |frame| {
            other &= !frame.content.is_tick();
            let taken = self.frame(&frame, received, asked, names, emit);
            if done.is_ok() {
                done = taken;
            }
        });
        decoded.map_err(Refusal::Frame)?;
        done?;
        self.facts.messages += 1;
        self.facts.others += u64::from(other);
        Ok(())
    }

    /// Takes a frame in, once it has a name.
    fn frame(
        &mut self,
        frame: &Frame<'_>,
        received: Option<Time>,
        asked: Option<&str>,
        names: &mut Names,
        emit: &mut impl FnMut(usize, Tick),
    ) -> Result<(), Refusal> {
        let stamp = stamp(frame, received, self.clock);
        self.facts.first.get_or_insert(stamp.received);
        self.facts.last = Some(stamp.received);
        let mut take = |name: &str, frame: &Frame<'_>, stamp| {
            let named = Frame { name, ..*frame };
            self.books.take(self.place, &named, stamp, emit).map_err(|_| Refusal::Name(shortened(name)))
        };
        if frame.content.is_tick() && !frame.name.is_empty() {
            let mut done = Ok(());
            if let Some(first) = names.learn(frame.feed, frame.name) {
                let content = Content::Snapshot { last: first.last, changes: &first.changes };
                done = take(frame.name, &Frame { content, message: None, part: 0, ..*frame }, first.stamp);
            }
            return take(frame.name, frame, stamp).and(done);
        }
        match (frame.content, asked, names.of(frame.feed)) {
            (Content::Snapshot { .. }, Some(asked), _) => take(asked, frame, stamp),
            (Content::Snapshot { .. }, None, Some(Name::One(name))) => take(name, frame, stamp),
            (Content::Snapshot { last, changes }, None, Some(Name::None)) => {
                names.hold(frame.feed, last, changes, stamp, self.line)
            }
            (Content::Snapshot { .. }, ..) => Err(Refusal::Unnamed),
            _ => take("", frame, stamp),
        }
    }

    fn refuse(&mut self, refusal: &Refusal, lines: &Lines, received: Option<Time>, line: &[u8]) {
        let place = (lines.file.as_str(), lines.number, received);
        self.facts.refuse(refusal.reason(), place, refusal.text(line));
    }
}

impl RecordingFacts {
    /// True where a line is a message, be it understood or not.
    #[must_use]
    pub fn has_messages(&self) -> bool {
        let unnamed = Refusal::Unnamed.reason();
        self.messages > 0 || self.reasons.iter().any(|(reason, _)| *reason == unnamed)
    }

    fn refuse(&mut self, reason: &'static str, place: (&str, u64, Option<Time>), text: String) {
        self.refused += 1;
        match self.reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.reasons.push((reason, 1)),
        }
        if self.findings.len() < FINDINGS_MAX {
            let (file, line, time) = (Some(place.0.into()), Some(place.1), place.2);
            self.findings.push(Finding { defect: Defect::Unreadable, file, line, time, text });
        }
    }
}

impl Refusal {
    const fn reason(&self) -> &'static str {
        match self {
            Self::Frame(fault) => fault.reason(),
            Self::Name(_) => "no symbol",
            Self::Unnamed => "a snapshot of no name",
            Self::NoMessage => "no message",
            Self::TooLong => "line too long",
        }
    }

    /// What stands there, and what was expected.
    fn text(&self, line: &[u8]) -> String {
        let line = shortened(&String::from_utf8_lossy(line.get(..400).unwrap_or(line)));
        match self {
            Self::Frame(fault) => format!("{line:?} {fault}"),
            Self::Name(name) => format!("{name:?} is no instrument's name; expected one such as BTCUSDT or BTC-USD"),
            Self::Unnamed => format!(
                "{line:?} is a snapshot of no symbol, and the messages before it are of several; expected one symbol a file, \
                 or its address before it"
            ),
            Self::NoMessage => format!("{line:?} is no message; expected `<time> {{…}}` or `{{…}}` on each line"),
            Self::TooLong => "a line of over 16 MiB; expected one message a line".to_owned(),
        }
    }
}

/// When a frame happened and when it was known: what nobody wrote down is taken from the other clock, and where neither
/// is told, from the newest message before it.
fn stamp(frame: &Frame<'_>, received: Option<Time>, clock: &mut Time) -> Stamp {
    let known = received.or(frame.time).unwrap_or(*clock);
    *clock = known;
    Stamp { time: frame.time.unwrap_or(known), received: known }
}

impl Names {
    /// The names of a feed that has snapshots without one.
    fn of(&self, feed: Feed) -> Option<&Name> {
        match feed {
            Feed::BinanceSpot => Some(&self.spot),
            Feed::BinanceFutures => Some(&self.futures),
            Feed::CoinbaseExchange | Feed::CoinbaseAdvanced => None,
        }
    }

    /// Takes a name in; the snapshot that waited for it, if there is one.
    fn learn(&mut self, feed: Feed, name: &str) -> Option<Held> {
        let known = match feed {
            Feed::BinanceSpot => &mut self.spot,
            Feed::BinanceFutures => &mut self.futures,
            Feed::CoinbaseExchange | Feed::CoinbaseAdvanced => return None,
        };
        match known {
            Name::None => *known = Name::One(name.to_owned()),
            Name::One(one) if one != name => *known = Name::Several,
            Name::One(_) | Name::Several => {}
        }
        self.held.take_if(|held| held.feed == feed)
    }

    /// Keeps a snapshot until a message tells of what it is. There is room for one.
    fn hold(
        &mut self,
        feed: Feed,
        last: Option<u64>,
        changes: &[Change],
        stamp: Stamp,
        line: u64,
    ) -> Result<(), Refusal> {
        let before = self.held.replace(Held { feed, last, changes: changes.to_vec(), stamp, line });
        before.map_or(Ok(()), |_| Err(Refusal::Unnamed))
    }
}
