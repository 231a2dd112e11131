//! What `--dividends`, `--splits` and `--funding` mean: what falls due on the instruments of a run.
use std::fmt;

use qframe_data::{Calendar, CalendarKind, Catalog, DataKey, Kind as RowKind, Rows, read_calendar, unseen_splits};
use qframe_engine::venue::Funding;
use qframe_lab::{Backtest, DataSet};
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Kind};
use qframe_model::market::{CorporateAction, DatedAction, Dividend};
use qframe_model::number::{Cash, Price, Rate};
use qframe_model::symbol::Symbol;
use qframe_model::time::Time;

use super::catalog::Root;
use super::data::Source;
use super::raw::{Raw, Word};
use super::values::{Given, given};
use crate::error::Error;

/// What falls due, as the venue takes it, and the files that it was read from.
#[derive(Debug, Default)]
pub(crate) struct Calendars {
    pub(super) actions: Vec<(Time, InstrumentId, CorporateAction)>,
    pub(super) funding: Vec<Funding>,
    pub(crate) files: Vec<File>,
    /// Names of those of which nothing of the catalog is wanted.
    unwanted: Vec<&'static str>,
}

/// A calendar that was read.
#[derive(Debug)]
pub(crate) struct File {
    /// `dividends`, `splits` or `funding`.
    pub(crate) name: &'static str,
    symbol: Symbol,
    instrument: InstrumentId,
    path: String,
    /// The first and the last row that count, and how many there are.
    within: Option<(Time, Time, usize)>,
    /// Rows before the first bar closed and after the last one opened.
    outside: usize,
    rounded: u64,
    /// Dividends that are paid later than they fall due.
    later: usize,
    /// Splits of the catalog that the prices do not show.
    unseen: usize,
    /// The first day of several dividends, and how many such days there are.
    shared: Option<(Time, usize)>,
}

const FLAGS: [(&str, &str, CalendarKind); 3] = [
    ("--dividends", "dividends", CalendarKind::Dividends),
    ("--splits", "splits", CalendarKind::Splits),
    ("--funding", "funding", CalendarKind::Funding),
];

const FROM: [(&str, bool); 2] = [("catalog", true), ("none", false)];

/// Reads every calendar, and what the catalog has of the symbols that are from there; instruments are numbered as in
/// `market`.
pub(super) fn load(raw: &Raw, market: &Backtest, catalog: &Root, sources: &[Source]) -> Result<Calendars, Error> {
    let mut calendars = Calendars::default();
    for ((flag, name, kind), words) in FLAGS.into_iter().zip([&raw.dividends, &raw.splits, &raw.funding]) {
        for Word(word) in words.iter().filter(|word| !word.is_none()) {
            calendars.read(Given { flag, word: word.trim() }, (name, kind), market)?;
        }
        if words.iter().any(Word::is_none) {
            calendars.unwanted.push(name);
        }
    }
    if given("--actions", &raw.actions).map_or(Ok(true), |given| given.one_of(&FROM))? {
        for source in sources {
            if let Some(key) = &source.key {
                calendars.read_stored(&catalog.open()?, key, source, market)?;
            }
        }
    }
    // Dividends of an instant come before its splits: they are paid on the units that were held until then.
    calendars.actions.sort_by_key(|(time, ..)| *time);
    Ok(calendars)
}

impl Calendars {
    fn read(
        &mut self,
        given: Given<'_>,
        (name, kind): (&'static str, CalendarKind),
        market: &Backtest,
    ) -> Result<(), Error> {
        let (instrument, path) = chosen(given, market.instruments())?;
        let symbol = market.instruments()[instrument.index()].symbol().clone();
        check_kind(given, kind, &market.instruments()[instrument.index()])?;
        if self.files.iter().any(|file| file.name == name && file.instrument == instrument) {
            return Err(given.wrong(format!("{symbol} has a file already; join the two")));
        }
        let calendar = read_calendar(path, kind)?;
        let rounded = calendar.rounded;
        self.take((name, kind), instrument, path, calendar, market);
        if let Some(file) = self.files.last_mut() {
            file.rounded = rounded;
        }
        Ok(())
    }

    /// What the catalog has of a data set's symbol and venue, as far as no file was given for it.
    fn read_stored(
        &mut self,
        catalog: &Catalog,
        key: &DataKey,
        source: &Source,
        market: &Backtest,
    ) -> Result<(), Error> {
        let symbol = source.set.instrument().symbol();
        let place = market.instruments().iter().position(|instrument| instrument.symbol() == symbol);
        let Some(instrument) = place.map(|place| InstrumentId(place as u16)) else { return Ok(()) };
        let is_derivative = source.set.instrument().kind().is_derivative();
        for (_, name, kind) in FLAGS {
            let fits = match kind {
                CalendarKind::Funding => source.set.instrument().kind() == Kind::Perpetual,
                _ => !is_derivative,
            };
            // A flag wins; and a symbol with bars of two lengths is paid once.
            let is_read = self.files.iter().any(|file| file.name == name && file.instrument == instrument);
            if !fits || is_read || self.unwanted.contains(&name) {
                continue;
            }
            let mut found = match (&source.held, kind) {
                (Some(held), CalendarKind::Dividends | CalendarKind::Splits) => {
                    let mut calendar = Calendar::default();
                    due(&held.actions(catalog)?, key, kind, &mut calendar)?;
                    calendar
                }
                _ => stored(catalog, key, kind)?,
            };
            let unseen = if kind == CalendarKind::Splits { drop_unseen(&mut found.rows, source) } else { 0 };
            if found.rows.is_empty() && unseen == 0 {
                continue;
            }
            let from = source.held.as_ref().map_or_else(|| key.name(), |held| held.security.id().to_string());
            let from = format!("{STORED}, {from}");
            self.take((name, kind), instrument, &from, found, market);
            if let Some(file) = self.files.last_mut() {
                file.unseen = unseen;
            }
            if let (CalendarKind::Funding, Some(funding)) = (kind, self.funding.last_mut()) {
                funding.marks = marks(catalog, key)?;
            }
        }
        Ok(())
    }

    /// Takes those rows that fall due while the instrument may be held.
    fn take(
        &mut self,
        (name, kind): (&'static str, CalendarKind),
        instrument: InstrumentId,
        path: &str,
        calendar: Calendar,
        market: &Backtest,
    ) {
        let symbol = market.instruments()[instrument.index()].symbol().clone();
        let (first, last) = period(&symbol, market.data());
        let instant = |(time, rate)| (if kind == CalendarKind::Funding { Funding::instant(time) } else { time }, rate);
        let Calendar { rows, paid, .. } = calendar;
        let rows: Vec<(Time, Rate)> = rows.into_iter().map(instant).collect();
        let is_within = |time: &Time| first < *time && *time <= last;
        let within: Vec<(Time, Rate)> = rows.iter().copied().filter(|(time, _)| is_within(time)).collect();
        let days_of_payment = || paid.iter().map(|(place, paid)| (&rows[*place].0, paid));
        self.files.push(File {
            name,
            symbol,
            instrument,
            path: path.to_owned(),
            within: within.first().zip(within.last()).map(|(first, last)| (first.0, last.0, within.len())),
            outside: rows.len() - within.len(),
            later: days_of_payment().filter(|(time, paid)| is_within(time) && time < paid).count(),
            shared: shared(&within),
            rounded: 0,
            unseen: 0,
        });
        let action = |(place, (time, rate)): (usize, &(Time, Rate))| match kind {
            CalendarKind::Splits => (*time, instrument, CorporateAction::Split(*rate)),
            _ => {
                let each = Cash::from_attos(i128::from(rate.nanos()) * ATTOS);
                let paid = paid.get(&place).copied();
                (*time, instrument, CorporateAction::Dividend(Dividend { each, paid }))
            }
        };
        match kind {
            CalendarKind::Funding => {
                self.funding.push(Funding { instrument: Some(instrument), schedule: within, ..Funding::default() });
            }
            _ => self.actions.extend(rows.iter().enumerate().filter(|(_, row)| is_within(&row.0)).map(action)),
        }
    }

    /// The dividends and splits of one instrument.
    pub(super) fn of(&self, instrument: &Instrument, market: &Backtest) -> Vec<DatedAction> {
        let is_its = |id: &InstrumentId| market.instruments()[id.index()].symbol() == instrument.symbol();
        let own = self.actions.iter().filter(|(_, id, _)| is_its(id));
        own.map(|(time, _, action)| DatedAction { time: *time, action: *action }).collect()
    }

    /// The setting of this name: what is due on each symbol, in the order of their names.
    pub(super) fn words(&self, name: &str) -> String {
        let mut words: Vec<String> = self.files.iter().filter(|file| file.name == name).map(File::word).collect();
        words.sort();
        if words.is_empty() { "none".to_owned() } else { words.join("; ") }
    }
}

impl File {
    fn word(&self) -> String {
        match self.within {
            Some((first, last, count)) => format!("{}: {count} from {first:#} to {last:#}", self.symbol),
            None => format!("{}: none", self.symbol),
        }
    }

    /// True where a part of the file does not count as it stands.
    pub(crate) const fn is_odd(&self) -> bool {
        self.outside > 0 || self.rounded > 0 || self.unseen > 0
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} ({})", self.name, self.word(), self.path)?;
        if self.later > 0 {
            write!(f, "; {} paid on a later day", self.later)?;
        }
        if let Some((first, days)) = self.shared {
            let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            write!(f, "; several on {days}, the first is {first:#}: each of them is paid")?;
        }
        if self.outside > 0 {
            write!(f, "; {} outside of the bars, left out", self.outside)?;
        }
        if self.rounded > 0 {
            write!(f, "; {} rounded to nine decimals", self.rounded)?;
        }
        if self.unseen > 0 {
            let why = "the prices do not show them and seem to be adjusted; --splits FILE counts them all the same";
            write!(f, "; {} left out: {why}", self.unseen)?;
        }
        if self.name == "splits" && self.path.starts_with(STORED) && self.within.is_some() {
            write!(f, "; indicators see each as a jump of the price: `qframe data adjust` makes bars without")?;
        }
        Ok(())
    }
}

/// How a source in the catalog begins.
const STORED: &str = "the catalog";

/// Of cash in a nanounit.
const ATTOS: i128 = 1_000_000_000;

/// The rows of the catalog that a calendar of this kind would have.
fn stored(catalog: &Catalog, key: &DataKey, kind: CalendarKind) -> Result<Calendar, Error> {
    let of = if kind == CalendarKind::Funding { RowKind::Funding } else { RowKind::Actions };
    let key = DataKey { kind: of, frame: None, ..key.clone() };
    let mut calendar = Calendar::default();
    for rows in catalog.scan(&key, Time::MIN..Time::MAX)? {
        match rows? {
            Rows::Funding(rows) => calendar.rows.extend(rows.iter().map(|row| (row.time, row.rate))),
            Rows::Actions(rows) => due(&rows, &key, kind, &mut calendar)?,
            _ => {}
        }
    }
    Ok(calendar)
}

/// Puts dividends or splits into a calendar.
fn due(rows: &[DatedAction], key: &DataKey, kind: CalendarKind, calendar: &mut Calendar) -> Result<(), Error> {
    for row in rows {
        match (row.action, kind) {
            (CorporateAction::Dividend(Dividend { each, paid }), CalendarKind::Dividends) => {
                let refused = || Error::Refused(format!("{key}: {:#}: {each} a unit", row.time));
                let nanos = i64::try_from(each.attos() / ATTOS).map_err(|_| refused())?;
                calendar.paid.extend(paid.map(|paid| (calendar.rows.len(), paid)));
                calendar.rows.push((row.time, Rate::from_nanos(nanos)));
            }
            (CorporateAction::Split(ratio), CalendarKind::Splits) => calendar.rows.push((row.time, ratio)),
            _ => {}
        }
    }
    Ok(())
}

/// The first day of several rows, and how many such days there are.
fn shared(rows: &[(Time, Rate)]) -> Option<(Time, usize)> {
    let mut days = rows.chunk_by(|a, b| a.0 == b.0).filter(|day| day.len() > 1);
    let first = days.next()?[0].0;
    Some((first, 1 + days.count()))
}

/// The mark prices that stand beside the funding rates.
fn marks(catalog: &Catalog, key: &DataKey) -> Result<Vec<(Time, Price)>, Error> {
    let key = DataKey { kind: RowKind::Funding, frame: None, ..key.clone() };
    let mut found = Vec::new();
    for rows in catalog.scan(&key, Time::MIN..Time::MAX)? {
        if let Rows::Funding(rows) = rows? {
            found.extend(rows.iter().filter_map(|row| Some((Funding::instant(row.time), row.mark?))));
        }
    }
    Ok(found)
}

/// Takes away the splits that the prices do not show, and says how many.
fn drop_unseen(rows: &mut Vec<(Time, Rate)>, source: &Source) -> usize {
    let split = |&(time, ratio): &(Time, Rate)| DatedAction { time, action: CorporateAction::Split(ratio) };
    let splits: Vec<DatedAction> = rows.iter().map(split).collect();
    let unseen = unseen_splits(source.set.bars(), &splits);
    rows.retain(|row| !unseen.contains(&split(row)));
    unseen.len()
}

/// The instrument that a word names, and the file. A file alone is enough where one instrument is traded.
fn chosen<'a>(given: Given<'a>, instruments: &[Instrument]) -> Result<(InstrumentId, &'a str), Error> {
    let names = || instruments.iter().map(|instrument| instrument.symbol().as_str());
    let (place, path) = match given.word.split_once('=') {
        Some((symbol, path)) => (names().position(|name| name == symbol), path),
        None if instruments.len() == 1 => (Some(0), given.word),
        None => {
            let first = instruments[0].symbol();
            return Err(given.wrong(format!("of which symbol? write SYMBOL=FILE, such as {first}={}", given.word)));
        }
    };
    if path.is_empty() {
        return Err(given.wrong("expected a file, or SYMBOL=FILE"));
    }
    match place {
        Some(place) => Ok((InstrumentId(place as u16), path)),
        None => {
            Err(given.wrong(format!("no such symbol in this run; expected {}", names().collect::<Vec<_>>().join(", "))))
        }
    }
}

fn check_kind(given: Given<'_>, kind: CalendarKind, instrument: &Instrument) -> Result<(), Error> {
    let symbol = instrument.symbol();
    match kind {
        CalendarKind::Funding if instrument.kind() != Kind::Perpetual => Err(given.wrong(format!(
            "{symbol} is no perpetual, and only those have funding; a perpetual is written BTC/USDT:USDT"
        ))),
        CalendarKind::Dividends | CalendarKind::Splits if instrument.kind().is_derivative() => {
            Err(given
                .wrong(format!("{symbol} is a contract; expected a symbol of which units are held, such as a share")))
        }
        _ => Ok(()),
    }
}

/// From the opening of a symbol's first bar, when nothing can be held yet, to that of its last one.
fn period(symbol: &Symbol, data: &[DataSet]) -> (Time, Time) {
    let own = || data.iter().filter(|set| set.instrument().symbol() == symbol).map(DataSet::bars);
    let first = own().filter_map(|bars| bars.first()).map(|bar| bar.time).min();
    let last = own().filter_map(|bars| bars.last()).map(|bar| bar.time).max();
    (first.unwrap_or(Time::MIN), last.unwrap_or(Time::MAX))
}
