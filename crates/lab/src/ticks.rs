//! Ticks of one instrument on two clocks, and the order in which several of them come.
use std::fmt;

use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, Tick};
use qframe_model::number::{Price, Volume};
use qframe_model::time::{Span, Time, TimeFrame};

use qframe_model::book::OrderBook;

/// Ticks in the order in which they became known.
#[derive(Debug, Clone)]
pub(crate) struct Ticks {
    rows: Vec<Tick>,
    /// Their places in the order of the venue's clock; `None` where that is the same.
    at_venue: Option<Vec<u32>>,
    /// How far the clock here was behind, as far as the rows show: it was put forward by so much.
    behind: Span,
}

/// A row is out of order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTicks {
    /// Its number, from 1.
    pub row: usize,
    /// When it was known.
    pub received: Time,
    /// When the one before it was known.
    pub before: Time,
}

impl fmt::Display for BadTicks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, received, before } = self;
        write!(f, "row {row}, known at {received}, comes after one known at {before}: sort the rows by their times")
    }
}

impl std::error::Error for BadTicks {}

impl Ticks {
    /// Takes rows whose `received` does not fall. A row cannot be known before it happens: where clocks say so, the one here
    /// is put forward, from that row on, until it is so no more. No row changes what came before it.
    pub(crate) fn new(mut rows: Vec<Tick>) -> Result<Self, BadTicks> {
        let falls = rows.windows(2).position(|pair| pair[1].received() < pair[0].received());
        if let Some(place) = falls {
            let (received, before) = (rows[place + 1].received(), rows[place].received());
            return Err(BadTicks { row: place + 2, received, before });
        }
        qframe_data::book::keep_in_order(&mut rows);
        let mut behind = Span::default();
        for tick in &mut rows {
            behind = behind.max(tick.time().since(tick.received()));
            if behind > Span::default() {
                forward(tick, behind);
            }
        }
        let rises = rows.windows(2).all(|pair| pair[0].time() <= pair[1].time());
        let at_venue = (!rises).then(|| {
            let mut places: Vec<u32> = (0..rows.len() as u32).collect();
            places.sort_by_key(|place| rows[*place as usize].time());
            places
        });
        Ok(Self { rows, at_venue, behind })
    }

    /// What was done to them, as a sentence.
    pub(crate) fn note(&self) -> Option<String> {
        (self.behind > Span::default()).then(|| {
            let ms = self.behind.nanos() as f64 / 1e6;
            format!(
                "rows were received up to {ms:.1} ms before they happened: from the first of them on, the clock here was \
                 put forward by as much as they showed"
            )
        })
    }

    /// True where quotes or changes of a book are among them.
    pub(crate) fn have_book(&self) -> bool {
        self.rows.iter().any(|tick| !matches!(tick, Tick::Trade(_)))
    }

    pub(crate) fn rows(&self) -> &[Tick] {
        &self.rows
    }

    #[inline]
    fn happens(&self, place: usize) -> Option<&Tick> {
        match &self.at_venue {
            None => self.rows.get(place),
            Some(places) => places.get(place).map(|place| &self.rows[*place as usize]),
        }
    }

    /// The bars of what was known: of the middle of bid and ask until there is a trade, of trades from that bar on.
    pub(crate) fn bars(&self, frame: TimeFrame) -> Vec<Bar> {
        let (mut bars, mut book, mut trades): (Vec<Bar>, _, _) = (Vec::new(), OrderBook::default(), false);
        for tick in &self.rows {
            let (price, volume) = match tick {
                Tick::Trade(trade) => {
                    let open = frame.open_of(trade.received);
                    if !std::mem::replace(&mut trades, true) && bars.last().is_some_and(|bar| bar.time == open) {
                        bars.pop();
                    }
                    (Some(trade.price), trade.quantity)
                }
                _ if trades => continue,
                Tick::Quote(quote) => {
                    book.quote(quote.bid, quote.ask);
                    (book.middle(), Volume::ZERO)
                }
                Tick::Book(delta) => {
                    book.apply(delta);
                    (book.middle().filter(|_| delta.last), Volume::ZERO)
                }
            };
            if let Some(price) = price {
                add(&mut bars, frame.open_of(tick.received()), price, volume);
            }
        }
        bars
    }

    pub(crate) fn hash(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for tick in &self.rows {
            // A tick is made of plain numbers: encoding it cannot fail.
            hasher.update(&qframe_model::wire::to_bytes(tick).unwrap_or_default());
        }
        hasher.finalize()
    }
}

fn forward(tick: &mut Tick, span: Span) {
    let received = match tick {
        Tick::Trade(trade) => &mut trade.received,
        Tick::Quote(quote) => &mut quote.received,
        Tick::Book(delta) => &mut delta.received,
    };
    *received = *received + span;
}

fn add(bars: &mut Vec<Bar>, time: Time, price: Price, volume: Volume) {
    match bars.last_mut().filter(|bar| bar.time == time) {
        Some(bar) => {
            bar.high = bar.high.max(price);
            bar.low = bar.low.min(price);
            bar.close = price;
            let sum = bar.volume.quantity().plus(volume.quantity()).and_then(Volume::new);
            bar.volume = sum.unwrap_or(bar.volume);
        }
        None => bars.push(Bar { time, open: price, high: price, low: price, close: price, volume }),
    }
}

/// Several instruments' ticks in the order of the instants at which they happen or are known.
#[derive(Debug)]
pub(crate) struct TickFeed<'a> {
    streams: Vec<Stream<'a>>,
}

#[derive(Debug)]
struct Stream<'a> {
    id: InstrumentId,
    ticks: &'a Ticks,
    happened: usize,
    known: usize,
}

/// What comes next of a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It happens at the venue.
    Happens,
    /// It is known here.
    Known,
}

impl<'a> TickFeed<'a> {
    pub(crate) fn new(streams: impl Iterator<Item = (InstrumentId, &'a Ticks)>) -> Self {
        Self { streams: streams.map(|(id, ticks)| Stream { id, ticks, happened: 0, known: 0 }).collect() }
    }

    /// When and how the next tick comes.
    #[inline]
    pub(crate) fn peek(&self) -> Option<(Time, Phase)> {
        self.streams.iter().filter_map(Stream::peek).min()
    }

    /// Takes what [`TickFeed::peek`] announced.
    #[inline]
    pub(crate) fn take(&mut self, next: (Time, Phase)) -> Option<(InstrumentId, &'a Tick)> {
        let stream = self.streams.iter_mut().find(|stream| stream.peek() == Some(next))?;
        let tick = match next.1 {
            Phase::Happens => {
                stream.happened += 1;
                stream.ticks.happens(stream.happened - 1)
            }
            Phase::Known => {
                stream.known += 1;
                stream.ticks.rows.get(stream.known - 1)
            }
        };
        tick.map(|tick| (stream.id, tick))
    }
}

impl Stream<'_> {
    #[inline]
    fn peek(&self) -> Option<(Time, Phase)> {
        let happens = self.ticks.happens(self.happened).map(|tick| (tick.time(), Phase::Happens));
        let known = self.ticks.rows.get(self.known).map(|tick| (tick.received(), Phase::Known));
        match (happens, known) {
            (Some(happens), Some(known)) => Some(happens.min(known)),
            (one, other) => one.or(other),
        }
    }
}
