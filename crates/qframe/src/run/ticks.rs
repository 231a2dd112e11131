//! `--data` of a recorded stream: its trades, quotes and book, for orders to meet.
use std::path::Path;

use qframe_data::book::read_ticks;
use qframe_lab::{DataSet, Origin, customary};
use qframe_model::book::OrderBook;
use qframe_model::instrument::Instrument;
use qframe_model::market::{BookChange, BookDelta, Side, Tick};
use qframe_model::number::Price;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Span, TimeFrame};

use super::data::{Source, Wish};
use super::values::Given;
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
                && read_ticks(path, None).is_ok_and(|mut rows| rows.next().is_some_and(|row| row.is_ok()))
        }
    }
}

pub(super) fn source(given: &Given<'_>, wish: &Wish, symbol: Option<Symbol>, path: &str) -> Result<Source, Error> {
    let grain = wish.grain.unwrap_or(Grain::Book);
    let mut rows = read_ticks(path, symbol.as_ref())?;
    let (mut ticks, mut before) = (Vec::new(), OrderBook::default());
    for tick in &mut rows {
        let tick = tick?;
        match tick {
            _ if !grain.wants(&tick) || tick.received() >= wish.until => {}
            Tick::Book(delta) if tick.received() < wish.from => before.apply(&delta),
            _ if tick.received() < wish.from => {}
            _ => {
                if ticks.is_empty() {
                    ticks.extend(snapshot(&before, &tick));
                }
                ticks.push(tick);
            }
        }
    }
    let Some(found) = rows.instrument() else {
        return Err(given.wrong("no trade, quote or book in it; qframe data book tells what is there"));
    };
    let symbol = symbol.unwrap_or_else(|| found.symbol.clone());
    let note = format!(
        "{} trades, {} quotes and {} other messages of {}; orders meet {}",
        found.trades,
        found.quotes,
        found.events - found.trades - found.quotes,
        found.symbol,
        super::data::GRAINS.iter().find(|(_, known)| *known == grain).map_or("", |(name, _)| name)
    );
    let tick = grid(&ticks);
    let customary = customary(symbol, wish.lot, wish.margin).map_err(|error| given.wrong(error))?;
    let instrument = on_grid(customary, tick).map_err(|error| given.wrong(error))?;
    let frame = wish.frame.unwrap_or_else(|| usual_frame(&ticks));
    let notes = vec![note, format!("the tick is {tick}: all prices are multiples of it")];
    let origin = Origin { name: path.to_owned(), notes, ..Origin::default() };
    let set = DataSet::of_ticks(instrument, frame, ticks, origin).map_err(|error| given.wrong(error))?;
    let set = set.ok_or_else(|| given.wrong("no price in it between --from and --to; try another --grain"))?;
    let known = set.origin().notes.clone();
    Ok(Source {
        set,
        from: format!("{path}, recorded"),
        known,
        made: Vec::new(),
        is_named: true,
        key: None,
        spreads: Vec::new(),
    })
}

/// The book as it stands when the first row of the period comes.
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

/// The largest step that all prices are multiples of.
fn grid(ticks: &[Tick]) -> Price {
    let prices = ticks.iter().flat_map(|tick| match tick {
        Tick::Trade(trade) => [trade.price, Price::ZERO],
        Tick::Quote(quote) => [quote.bid.price, quote.ask.price],
        Tick::Book(delta) => match delta.change {
            BookChange::Level(_, level) => [level.price, Price::ZERO],
            BookChange::Clear => [Price::ZERO; 2],
        },
    });
    let step = prices.map(|price| price.nanos().unsigned_abs()).fold(0, common);
    Price::from_nanos(i64::try_from(step).unwrap_or(1).max(1))
}

/// The greatest common divisor: Euclid.
fn common(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn on_grid(instrument: Instrument, tick: Price) -> Result<Instrument, qframe_model::instrument::InstrumentError> {
    let rules = qframe_model::instrument::Rules { tick, ..instrument.rules().clone() };
    Instrument::new(instrument.symbol().clone(), instrument.quote(), rules)
}

/// Bars of a second where the rows are of less than a day, of a minute where they are of more.
fn usual_frame(ticks: &[Tick]) -> TimeFrame {
    let ends = ticks.first().zip(ticks.last());
    let span = ends.map_or(Span::default(), |(first, last): (&Tick, &Tick)| last.received().since(first.received()));
    if span < Span::from_seconds(86_400) { TimeFrame::SECOND } else { TimeFrame::MINUTE }
}
