//! `--data` of a recorded stream: its trades, quotes and book, for orders to meet.
use std::path::Path;

use qframe_data::book::read_ticks;
use qframe_data::catalog::InstrumentFacts;
use qframe_data::hours::Hours;
use qframe_data::{Catalog, DataKey, Kind, Rows};
use qframe_engine::AtEnd;
use qframe_engine::venue::{FillPrice, Intrabar, Latency};
use qframe_lab::{DataSet, Origin, Setup};
use qframe_model::book::OrderBook;
use qframe_model::market::{BookChange, BookDelta, Quote, Side, Tick};
use qframe_model::number::{Price, Volume};
use qframe_model::symbol::Symbol;
use qframe_model::time::{Span, Time, TimeFrame};

use super::catalog::{Narrowed, the_one};
use super::data::{Source, Wish};
use super::memory;
use super::values::Given;
use super::{security, stored};
use crate::error::Error;

/// What orders meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// Bars.
    Bars,
    /// Trades.
    Trades,
    /// Trades and best quotes.
    Quotes,
    /// Trades and the order book.
    Book,
}

impl Grain {
    fn name(self) -> &'static str {
        super::data::GRAINS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Bars => &[],
            Self::Trades => &[Kind::Trades],
            Self::Quotes => &[Kind::Trades, Kind::Quotes],
            Self::Book => &[Kind::Trades, Kind::Book],
        }
    }

    const fn wants(self, tick: &Tick) -> bool {
        match tick {
            Tick::Trade(_) => true,
            Tick::Quote(_) => matches!(self, Self::Quotes),
            Tick::Book(_) => matches!(self, Self::Book),
        }
    }
}

/// True for a recorded stream, unless bars were asked for.
pub(super) fn are_wanted(path: &str, wish: &Wish) -> bool {
    match wish.grain {
        Some(grain) => grain != Grain::Bars,
        None => {
            Path::new(path).is_file()
                && read_ticks(path, None)
                    .is_ok_and(|mut rows| rows.next().is_some_and(|row| row.is_ok()) || rows.facts().has_messages())
        }
    }
}

/// Ticks as they were found, and how reports call them.
struct Found {
    ticks: Vec<Tick>,
    symbol: Symbol,
    from: String,
    note: String,
    rules: Option<InstrumentFacts>,
    /// A data set of it in the catalog.
    key: Option<DataKey>,
}

pub(super) fn source(given: &Given<'_>, wish: &Wish, symbol: Option<Symbol>, path: &str) -> Result<Source, Error> {
    let grain = wish.grain.unwrap_or(Grain::Book);
    let found = if Path::new(path).exists() {
        recorded(given, wish, symbol.as_ref(), path, grain)
    } else {
        stored(given, wish, path, grain)
    };
    let Found { ticks, symbol: own, from, note, rules, key } = found?;
    let (instrument, odd) =
        stored::instrument(symbol.unwrap_or(own), wish, rules.as_ref()).map_err(|error| given.wrong(error))?;
    let mut notes = vec![format!("{note}; orders meet {}", grain.name())];
    notes.extend(odd);
    notes.extend(stored::contract(&instrument, wish, rules.as_ref())?);
    if instrument.rules().tick <= Price::from_nanos(1) {
        notes.push("its tick is not known: quotes go by the step of the prices seen so far; --tick says it".to_owned());
    }
    let frame = wish.frame.unwrap_or_else(|| usual_frame(&ticks));
    let origin = Origin { name: path.to_owned(), notes, ..Origin::default() };
    let set = DataSet::of_ticks(instrument, frame, ticks, origin).map_err(|error| given.wrong(error))?;
    let set = set.ok_or_else(|| given.wrong("no price in it between --from and --to; try another --grain"))?;
    let known = set.origin().notes.clone();
    let hours = Hours::named(set.instrument().rules().hours);
    Ok(Source { set, from, known, made: Vec::new(), is_named: true, key, held: None, hours, spreads: Vec::new() })
}

/// The ticks of a recorded stream.
fn recorded(given: &Given<'_>, wish: &Wish, symbol: Option<&Symbol>, path: &str, grain: Grain) -> Result<Found, Error> {
    let mut rows = read_ticks(path, symbol)?;
    let mut period = Period::new(wish);
    for tick in &mut rows {
        let tick = tick?;
        if grain.wants(&tick) {
            period.take(tick).map_err(|why| given.refused(why))?;
        }
    }
    let Some(found) = rows.instrument() else {
        return Err(given.wrong("no trade, quote or book in it; qframe data book tells what is there"));
    };
    let others = found.events - found.trades - found.quotes;
    let (facts, counts) = (rows.facts(), found.counts());
    let wrong = [
        ("lines refused", facts.refused),
        ("gaps", counts.gaps),
        ("crossed books", counts.crossed),
        ("updates without a book", counts.unused),
    ];
    let wrong: Vec<_> =
        wrong.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{what}: {count}")).collect();
    let wrong = if wrong.is_empty() {
        String::new()
    } else {
        format!(" ({}; `qframe data book` tells where)", wrong.join(", "))
    };
    begin(&mut period.ticks, &period.before);
    Ok(Found {
        ticks: period.ticks,
        symbol: found.symbol.clone(),
        from: format!("{path}, recorded"),
        note: format!(
            "{} trades, {} quotes and {others} other messages of {}{wrong}",
            found.trades, found.quotes, found.symbol
        ),
        rules: None,
        key: None,
    })
}

/// The ticks that the catalog has of a name, those of several kinds in the order in which they became known.
fn stored(given: &Given<'_>, wish: &Wish, name: &str, grain: Grain) -> Result<Found, Error> {
    let catalog = wish.catalog.open()?;
    let period = wish.from..wish.until;
    let held = security::named(&catalog, "--data", name, &period)?;
    let name = &held.map_or_else(|| Ok(name.to_owned()), |held| held.name_within(&period))?;
    let mut ticks = Vec::new();
    let mut keys = Vec::new();
    for kind in grain.kinds() {
        match catalog.find(name, Some(*kind), None)?.as_slice() {
            [] if *kind == Kind::Trades && grain != Grain::Trades => continue,
            _ => keys.push(the_one(&catalog, "--data", name, Narrowed { kind: Some(*kind), frame: None })?),
        }
    }
    let (mut content, mut counts) = (Vec::new(), Vec::new());
    let (mut book, mut known) = (OrderBook::default(), None);
    for key in &keys {
        // The period is one of receipts, the catalog's order that of the venue: clocks are less than a day apart.
        let from = wish.from - Span::DAY;
        let from = if key.kind == Kind::Book { snapshot_before(&catalog, key, wish.from)? } else { from };
        let (mut period, before) = (Period::new(wish), ticks.len());
        for rows in catalog.scan(key, from..wish.until + Span::DAY)? {
            ticks_of(rows?).try_for_each(|tick| period.take(tick)).map_err(|why| given.refused(why))?;
        }
        if ticks.is_empty() {
            ticks = period.ticks;
        } else {
            ticks.append(&mut period.ticks);
        }
        if key.kind == Kind::Book {
            (book, known) = (period.before, period.known);
        }
        counts.push(format!("{} {}", ticks.len() - before, key.kind));
        content.extend(catalog.facts(key)?.map(|facts| facts.hash.to_hex()[..12].to_owned()));
    }
    let key = keys.first().ok_or_else(|| Error::Refused(format!("--data {name}: no {} of it", grain.name())))?;
    let is_boundless = |tick: &Tick| matches!(tick, Tick::Quote(quote) if quote.bid.quantity == boundless());
    if ticks.iter().any(is_boundless) {
        counts.push("sizes of quotes that nobody wrote down, taken as boundless".to_owned());
    }
    ticks.sort_by_key(Tick::received);
    let is_old = |first: &Tick| known.is_some_and(|known| first.received().since(known) > STALE);
    if !ticks.first().is_some_and(is_old) {
        begin(&mut ticks, &book);
    }
    let with_venue = Some(key.name()).filter(|_| name.contains('@')).and_then(|name| name.parse().ok());
    Ok(Found {
        ticks,
        symbol: with_venue.unwrap_or_else(|| key.symbol.clone()),
        from: format!("catalog, {}, content {}", key.venue, content.join(" ")),
        note: counts.join(" and "),
        rules: catalog.instrument(&key.symbol, &key.venue)?,
        key: Some(key.clone()),
    })
}

/// When the last snapshot was taken that was received before an instant, since all before it is no part of the book any more; the
/// beginning of time where there is none. It looks back over longer and longer stretches, so that no more than twice of what is needed is read.
fn snapshot_before(catalog: &Catalog, key: &DataKey, instant: Time) -> Result<Time, Error> {
    let first = catalog.facts(key)?.map_or(Time::MIN, |facts| facts.first);
    let (mut until, mut stretch) = (instant, Span::from_seconds(3_600));
    while first < until {
        let (start, mut found) = (until - stretch, None);
        for rows in catalog.scan(key, start..until)? {
            let Rows::Book(rows) = rows? else { continue };
            let is_snapshot = |row: &&BookDelta| matches!(row.change, BookChange::Clear) && row.received < instant;
            let cleared = rows.iter().rev().find(is_snapshot);
            found = cleared.map(|row| row.time).or(found);
        }
        if let Some(time) = found {
            return Ok(time);
        }
        (until, stretch) = (start, Span::from_nanos(stretch.nanos().saturating_mul(2)));
    }
    Ok(Time::MIN)
}

/// Refuses words that only bars know, where orders meet ticks.
pub(super) fn check_words(setup: &Setup) -> Result<(), Error> {
    let venue = &setup.venue;
    let refuse = |flag, why| Err(Error::usage(flag, "", format!("orders meet ticks here, {why}")));
    match () {
        () if matches!(venue.latency, Latency::Bars(_)) => {
            refuse("--latency", "which have no bars; give a time, such as 5ms")
        }
        () if venue.fill != FillPrice::NextOpen => refuse("--fill", "not a bar's prices; leave it out"),
        () if venue.intrabar != Intrabar::StopFirst => {
            refuse("--intrabar", "in the order of their instants; leave it out")
        }
        () if setup.at_end == AtEnd::CloseAtOpen => refuse("--at-end", "and there is no last open; give keep or close"),
        () => Ok(()),
    }
}

fn ticks_of(rows: Rows) -> Box<dyn Iterator<Item = Tick>> {
    match rows {
        Rows::Trades(rows) => Box::new(rows.into_iter().map(Tick::Trade)),
        Rows::Quotes(rows) => Box::new(rows.into_iter().map(sized).map(Tick::Quote)),
        Rows::Book(rows) => Box::new(rows.into_iter().map(Tick::Book)),
        _ => Box::new(std::iter::empty()),
    }
}

/// What stands at both prices of a quote where nobody wrote down how much: 1,000,000,000 units.
fn boundless() -> Volume {
    Volume::from_digits(1_000_000_000, 0).unwrap_or(Volume::ZERO)
}

/// Dealers of currencies quote prices alone: no size on either side is one that is not known, not an empty book.
fn sized(mut quote: Quote) -> Quote {
    if quote.bid.quantity.is_zero() && quote.ask.quantity.is_zero() {
        (quote.bid.quantity, quote.ask.quantity) = (boundless(), boundless());
    }
    quote
}

/// A book of which nothing was heard for so long is not known any more: another recording begins.
const STALE: Span = Span::from_seconds(3_600);

/// So many ticks fit anywhere.
const LOOK_FROM: usize = 1 << 18;

/// The ticks between `--from` and `--to`, after the book as it stands when they begin.
struct Period {
    from: Time,
    until: Time,
    before: OrderBook,
    /// When its book was last heard of.
    known: Option<Time>,
    ticks: Vec<Tick>,
}

impl Period {
    fn new(wish: &Wish) -> Self {
        Self { from: wish.from, until: wish.until, before: OrderBook::default(), known: None, ticks: Vec::new() }
    }

    /// # Errors
    /// Why no more of them can be held.
    fn take(&mut self, tick: Tick) -> Result<(), String> {
        let (received, held) = (tick.received(), self.ticks.len());
        if held == self.ticks.capacity()
            && held >= LOOK_FROM
            && let Some(why) = memory::lacks(held, size_of::<Tick>(), memory::free())
        {
            return Err(why);
        }
        if let Tick::Book(delta) = &tick
            && let Some(last) = self.known.replace(received).filter(|last| received.since(*last) > STALE)
        {
            let (at, sequence) = (last + STALE, delta.sequence);
            let change = BookChange::Clear;
            self.take(Tick::Book(BookDelta { time: at, received: at, sequence, change, last: true }))?;
            self.known = Some(received);
        }
        match tick {
            Tick::Book(delta) if received < self.from => self.before.apply(&delta),
            _ if received < self.from || received >= self.until => {}
            _ => {
                self.ticks.push(tick);
            }
        }
        Ok(())
    }
}

/// Puts the book as it stood when the first row of the period came before it.
fn begin(ticks: &mut Vec<Tick>, book: &OrderBook) {
    let before = ticks.first().map(|first| snapshot(book, first));
    ticks.splice(0..0, before.into_iter().flatten());
}

fn snapshot(book: &OrderBook, first: &Tick) -> Vec<Tick> {
    let levels = |side| book.levels(side).map(move |level| BookChange::Level(side, level));
    let mut changes: Vec<BookChange> = levels(Side::Buy).chain(levels(Side::Sell)).collect();
    if !changes.is_empty() {
        changes.insert(0, BookChange::Clear);
    }
    let (time, received, count) = (first.time(), first.received(), changes.len());
    let delta = |(place, change)| BookDelta { time, received, sequence: 0, change, last: place + 1 == count };
    changes.into_iter().enumerate().map(delta).map(Tick::Book).collect()
}

/// Bars of a second where the rows are of less than a day, of a minute where they are of more.
fn usual_frame(ticks: &[Tick]) -> TimeFrame {
    let ends = ticks.first().zip(ticks.last());
    let span = ends.map_or(Span::default(), |(first, last): (&Tick, &Tick)| last.received().since(first.received()));
    if span < Span::from_seconds(86_400) { TimeFrame::SECOND } else { TimeFrame::MINUTE }
}
