//! A recording of an exchange's messages, taken as the trades, quotes and book changes that it tells.
use std::collections::BTreeMap;
use std::path::Path;

use qframe_model::market::Tick;

use super::fault::{ImportError, ImportFault};
use super::{Dialect, Findings, Import, ImportedSet, Sink, Wish};
use crate::book::{Books, Recording, keep_in_order};
use crate::defect::{Defect, Finding};
use crate::rows::{DataKey, Kind, Rows};

/// So many rows wait before they are handed on.
const ROWS_MAX: usize = 1 << 20;

/// Rows of one kind of one instrument, by the place of the instrument.
type Waiting = BTreeMap<(usize, Kind), Vec<Tick>>;

pub(super) fn read(path: &Path, wish: &Wish, sink: &mut Sink<'_>) -> Result<Import, ImportError> {
    let file = path.display().to_string();
    let mut handed = 0;
    let answer = take(path, wish, &mut |key: &DataKey, rows: Rows| {
        let count = rows.len() as u64;
        sink(key, rows).map(|()| handed += count)
    });
    answer.map(|import| Import { file: file.clone(), ..import }).map_err(|fault| ImportError { file, fault, handed })
}

fn take(path: &Path, wish: &Wish, sink: &mut Sink<'_>) -> Result<Import, ImportFault> {
    let mut recording = Recording::open(&[path])?;
    let (mut waiting, mut count, mut sets) = (Waiting::new(), 0, Vec::new());
    loop {
        let more = recording.step(|place, tick| {
            let kind = kind_of(&tick);
            if wish.kind.is_none_or(|wanted| wanted == kind) {
                count += 1;
                waiting.entry((place, kind)).or_default().push(tick);
            }
        })?;
        if !more || count >= ROWS_MAX {
            count = 0;
            hand_on(&mut waiting, recording.books(), wish, &mut sets, sink)?;
        }
        if !more {
            break;
        }
    }
    let facts = recording.facts();
    let instruments = recording.books().instruments();
    let bookless = || instruments.iter().filter_map(|one| Some(format!("{}: {}", one.symbol, one.bookless()?)));
    if let (true, Some(why)) = (sets.is_empty(), bookless().next()) {
        return Err(ImportFault::NoGoodRow(facts.lines, why));
    }
    if let (true, Some(first)) = (sets.is_empty(), facts.findings.first()) {
        return Err(ImportFault::NoGoodRow(facts.lines, first.to_string()));
    }
    if sets.is_empty() {
        return Err(ImportFault::NoSymbol("no message is of the symbol and the kind that were asked for".to_owned()));
    }
    let mut findings = Findings::default();
    facts.findings.iter().for_each(|finding| findings.add(finding.clone()));
    let defect = Defect::NoSnapshot;
    bookless().for_each(|text| findings.add(Finding { defect, file: None, line: None, time: None, text }));
    // All are counted, as far as they are told.
    let told = facts.findings.len() as u64;
    if facts.refused > told {
        *findings.counts.entry(Defect::Unreadable).or_default() += facts.refused - told;
    }
    let mut why = vec![format!("{} lines begin with an instant, and hold an exchange's message in JSON", facts.lines)];
    for instrument in recording.books().instruments() {
        why.push(format!("{}: {} messages, of the venue's rules", instrument.symbol, instrument.events));
    }
    let (file, dialect) = (String::new(), Dialect::Recording);
    Ok(Import { file, dialect, why, sets, history: None, open_interest: None, findings })
}

fn hand_on(
    waiting: &mut Waiting,
    books: &Books,
    wish: &Wish,
    sets: &mut Vec<ImportedSet>,
    sink: &mut Sink<'_>,
) -> Result<(), ImportFault> {
    while let Some(((place, kind), mut ticks)) = waiting.pop_first() {
        let Some(instrument) = books.instruments().get(place) else { continue };
        let is_alone = books.instruments().len() == 1;
        let symbol = match &wish.symbol {
            Some(wanted) if is_alone || *wanted == instrument.symbol => wanted.clone(),
            Some(_) => continue,
            None => instrument.symbol.clone(),
        };
        let venue = wish.venue.clone().unwrap_or_else(|| instrument.feed.venue().to_owned());
        let key = DataKey { kind, venue, symbol, frame: None };
        // Rows of one message share an instant, and stay in their order.
        keep_in_order(&mut ticks);
        ticks.sort_by_key(Tick::time);
        let period = ticks.first().zip(ticks.last()).map(|(first, last)| (first.time(), last.time()));
        let count = ticks.len() as u64;
        sink(&key, rows_of(kind, ticks)).map_err(ImportFault::NotTaken)?;
        match sets.iter_mut().find(|set| set.key == key) {
            Some(set) => {
                set.rows += count;
                set.period = set.period.zip(period).map(|(old, new)| (old.0.min(new.0), old.1.max(new.1)));
            }
            None => sets.push(ImportedSet { key, rows: count, merged: 0, period }),
        }
    }
    Ok(())
}

const fn kind_of(tick: &Tick) -> Kind {
    match tick {
        Tick::Trade(_) => Kind::Trades,
        Tick::Quote(_) => Kind::Quotes,
        Tick::Book(_) => Kind::Book,
    }
}

fn rows_of(kind: Kind, ticks: Vec<Tick>) -> Rows {
    let ticks = ticks.into_iter();
    match kind {
        Kind::Trades => Rows::Trades(
            ticks.filter_map(|tick| if let Tick::Trade(trade) = tick { Some(trade) } else { None }).collect(),
        ),
        Kind::Quotes => Rows::Quotes(
            ticks.filter_map(|tick| if let Tick::Quote(quote) = tick { Some(quote) } else { None }).collect(),
        ),
        _ => {
            Rows::Book(ticks.filter_map(|tick| if let Tick::Book(delta) = tick { Some(delta) } else { None }).collect())
        }
    }
}
