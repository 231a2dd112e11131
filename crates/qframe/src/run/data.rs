//! What `--data` means: a file that is there, else a bundled sample, else a name of the catalog; checked, cut and resampled.
use std::ops::Range;
use std::path::Path;

use qframe_data::catalog::InstrumentFacts;
use qframe_data::hours::Hours;
use qframe_data::quality::{Market, Presumed, Rules, check_read, fitting};
use qframe_data::samples::{self, Sample};
use qframe_data::{
    DataError, DataKey, Loaded, Offsets, OnBadRow, Options, Resampled, Resampling, mid_bars, read_bars, resample,
};
use qframe_engine::venue::Sessions;
use qframe_lab::{Backtest, DataSet};
use qframe_model::count::counted;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::Margin;
use qframe_model::market::{Bar, DatedAction};
use qframe_model::number::{Price, Quantity};
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use super::catalog::Root;
use super::raw::{Raw, Word};
use super::security::{self, Held};
use super::stored;
use super::ticks::{self, Grain};
use super::values::{Given, NONE, given};
use crate::error::Error;

/// A series, and how the report calls its source.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) set: DataSet,
    /// `bundled sample, Coinbase`, `catalog, binance, …`, or the file.
    pub(crate) from: String,
    /// What is known of a sample, or of a data set of the catalog.
    pub(crate) known: Vec<String>,
    /// What became of it where longer bars were made.
    pub(crate) made: Vec<String>,
    /// True where its symbol was said, and not read out of a file's name.
    pub(super) is_named: bool,
    /// Its name in the catalog, where it is from there.
    pub(super) key: Option<DataKey>,
    /// The security that it is, where the catalog knows.
    pub(crate) held: Option<Held>,
    /// When it trades, where the bars fit that.
    pub(super) hours: Option<&'static Hours>,
    /// Recorded spreads of its bars.
    pub(super) spreads: Vec<(Time, [Price; 2])>,
}

/// The bars that mid ones were made of.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) bids: Vec<Bar>,
    pub(super) asks: Vec<Bar>,
    pub(super) frame: TimeFrame,
}

impl Sides {
    /// The spreads of the bars of a run, which may be longer ones.
    fn spreads(&self, to: TimeFrame, known_until: Time) -> Vec<(Time, [Price; 2])> {
        let how = Resampling { from: self.frame, to, known_until };
        let longer = |bars: &[Bar]| match resample(bars, &how) {
            Ok(made) if to != self.frame => made.bars,
            _ => bars.to_vec(),
        };
        mid_bars(&longer(&self.bids), &longer(&self.asks)).spreads
    }
}

impl Source {
    /// Looks at the bars that are used. Trading hours are those of the instrument, where the bars fit them. Bars that ticks
    /// make are as good as the ticks: an empty second is no hole.
    pub(super) fn judge(&mut self, actions: &[DatedAction]) {
        if self.set.is_of_ticks() {
            let tick = Some(self.set.instrument().rules().tick);
            let report = self.set.check_ticks(&Market { tick, hours: self.hours, bars: Vec::new() });
            self.set = report.into_iter().fold(self.set.clone(), DataSet::judged);
            return;
        }
        let (set, frame) = (&self.set, self.set.frame());
        let presumed = if self.is_named { Presumed::BySymbol } else { Presumed::ByFileName };
        let hours = Hours::named(set.instrument().rules().hours);
        let hours = hours.and_then(|hours| fitting(set.bars(), frame, hours, presumed));
        let rules = Rules { frame, hours, tick: None, actions, known_until: Time::MAX };
        let report = check_read(set.bars(), &rules, &set.origin().facts.skipped);
        self.hours = hours;
        self.set = set.clone().judged(report);
    }
}

/// The sessions of instruments that have any: orders on open and on close go by them.
pub(super) fn sessions(sources: &[Source], market: &Backtest) -> Vec<Sessions> {
    let of = |source: &Source| {
        let (hours, symbol) = (source.hours?, source.set.instrument().symbol());
        let place = market.instruments().iter().position(|instrument| instrument.symbol() == symbol)?;
        let (first, last) = source.set.bars().first().zip(source.set.bars().last())?;
        let period = first.time..last.time + source.set.frame().span();
        let table: Vec<_> = hours.sessions(period).map(|session| session.open..session.close).collect();
        let closes = !table.is_empty() && !hours.never_close();
        closes.then(|| Sessions { instrument: InstrumentId(place as u16), table: table.into() })
    };
    sources.iter().filter_map(of).collect()
}

/// What is asked of every series.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) lot: Option<Quantity>,
    pub(super) tick: Option<Price>,
    pub(super) multiplier: Option<Quantity>,
    pub(super) margin: Margin,
    pub(super) from: Time,
    pub(super) until: Time,
    pub(super) frame: Option<TimeFrame>,
    pub(super) grain: Option<Grain>,
    pub(super) catalog: Root,
    pub(super) on_bad_row: OnBadRow,
    pub(super) offsets: Offsets,
    pub(super) close_column: Option<String>,
}

pub(super) const GRAINS: [(&str, Grain); 4] =
    [("bars", Grain::Bars), ("trades", Grain::Trades), ("quotes", Grain::Quotes), ("book", Grain::Book)];
pub(super) const ON_BAD_ROW: [(&str, OnBadRow); 2] = [("stop", OnBadRow::Stop), ("skip", OnBadRow::Skip)];
pub(super) const OFFSETS: [(&str, Offsets); 2] = [("one", Offsets::One), ("mixed", Offsets::Mixed)];

/// Loads everything that `--data` names; the first bundled sample where it names nothing.
pub(super) fn load(raw: &Raw, wish: &Wish) -> Result<Vec<Source>, Error> {
    let default = [Word(samples::list()[0].name.to_owned())];
    let words = if raw.data.is_empty() { &default[..] } else { &raw.data[..] };
    let sources = words.iter().map(|word| source(&Given { flag: "--data", word: word.0.trim() }, wish));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    security::check_names(&sources)?;
    Ok(sources)
}

impl Wish {
    pub(super) fn new(raw: &Raw, margin: Margin) -> Result<Self, Error> {
        let wish = Self {
            lot: given("--lot", &raw.lot).map(Given::quantity).transpose()?,
            tick: given("--tick", &raw.tick).map(Given::price).transpose()?,
            multiplier: given("--multiplier", &raw.multiplier).map(Given::quantity).transpose()?,
            margin,
            catalog: Root { folder: raw.catalog.clone() },
            from: given("--from", &raw.from).map_or(Ok(Time::MIN), Given::since)?,
            until: given("--to", &raw.to).map_or(Ok(Time::MAX), Given::until)?,
            frame: given("--timeframe", &raw.timeframe).map(Given::parse).transpose()?,
            grain: given("--grain", &raw.grain).map(|grain| grain.one_of(&GRAINS)).transpose()?,
            on_bad_row: given("--on-bad-row", &raw.on_bad_row)
                .map_or(Ok(OnBadRow::Stop), |given| given.one_of(&ON_BAD_ROW))?,
            offsets: given("--offsets", &raw.offsets).map_or(Ok(Offsets::One), |given| given.one_of(&OFFSETS))?,
            close_column: given("--close-column", &raw.close_column)
                .map(|given| given.word.to_owned())
                .filter(|name| name != NONE),
        };
        match (&raw.from, &raw.to) {
            (Some(from), Some(to)) if wish.from >= wish.until => {
                Err(Error::usage("--from", from, format!("it is not before --to {to}; swap them")))
            }
            _ => Ok(wish),
        }
    }
}

fn source(given: &Given<'_>, wish: &Wish) -> Result<Source, Error> {
    let (symbol, path) = match given.word.split_once('=') {
        Some((symbol, path)) => (Some(symbol), path),
        None => (None, given.word),
    };
    if path.is_empty() {
        return Err(given.wrong("expected a file, SYMBOL=FILE, or a bundled sample such as BTC/USD"));
    }
    let symbol_of = |text: &str| {
        text.parse::<Symbol>()
            .map_err(|error| given.wrong(format!("{error}; write SYMBOL=FILE, such as BTC/USD={path}")))
    };
    let symbol = symbol.map(symbol_of).transpose()?;
    if ticks::are_wanted(path, wish) {
        return ticks::source(given, wish, symbol, path);
    }
    let series = find(path, given, wish)?;
    // What is no file is a sample or a name of the catalog: they know what they hold.
    let is_named = symbol.is_some() || !Path::new(path).exists();
    let symbol = symbol.map_or_else(|| symbol_of(&series.name), Ok)?;
    let rules = stored::instrument(symbol, wish, series.rules.as_ref());
    let (instrument, odd) = rules.map_err(|error| given.wrong(error))?;
    let odd = odd.into_iter().chain(stored::contract(&instrument, wish, series.rules.as_ref())?);
    let Series { loaded, market, from, mut known, sample, key, sides, held, .. } = series;
    let (mut loaded, made) = used(loaded, &market, wish, given)?;
    let spreads = sides.map_or_else(Vec::new, |sides| sides.spreads(loaded.time_frame, market.end));
    known.extend(odd);
    if let Some(sample) = sample {
        let ends = loaded.first().unwrap_or_default()..loaded.known_until();
        known.extend(sample.notes_within(ends.start, ends.end));
    }
    loaded.why.extend(known.iter().cloned());
    let set = DataSet::new(instrument, loaded, path).ok_or_else(|| given.wrong("no bars"))?;
    let set = set.of_security(held.as_ref().map(|held| held.security.id().to_string()));
    Ok(Source { set, from, known, made, is_named, key, held, hours: None, spreads })
}

/// What a name led to.
pub(super) struct Series {
    pub(super) loaded: Loaded,
    /// Where the market is known: outside there are no rows, or none were read.
    pub(super) market: Range<Time>,
    /// How reports call the source.
    pub(super) from: String,
    /// The symbol where none is given.
    pub(super) name: String,
    /// What the catalog knows of the instrument.
    pub(super) rules: Option<InstrumentFacts>,
    /// What is to say of it.
    pub(super) known: Vec<String>,
    /// The sample that it is.
    pub(super) sample: Option<&'static Sample>,
    /// The data set that it is.
    pub(super) key: Option<DataKey>,
    /// What its bars were made of, where that is bid and ask.
    pub(super) sides: Option<Sides>,
    /// The security whose bars they are, where the catalog knows.
    pub(super) held: Option<Held>,
}

impl Series {
    pub(super) fn new(loaded: Loaded, from: String, name: String) -> Self {
        let market = loaded.first().unwrap_or_default()..loaded.known_until();
        Self {
            loaded,
            market,
            from,
            name,
            rules: None,
            known: Vec::new(),
            sample: None,
            key: None,
            sides: None,
            held: None,
        }
    }

    pub(super) fn of(self, held: Held) -> Self {
        Self { held: Some(held), ..self }
    }
}

/// A file that is there, else a sample, else a name of the catalog.
fn find(path: &str, given: &Given<'_>, wish: &Wish) -> Result<Series, Error> {
    let is_file = Path::new(path).exists();
    let sample = samples::list().iter().find(|sample| sample.name.eq_ignore_ascii_case(path));
    if let Some(sample) = sample.filter(|_| !is_file) {
        let loaded = sample.load().map_err(Error::refused)?;
        let from = format!("bundled sample, {}", sample.venue);
        return Ok(Series { sample: Some(sample), ..Series::new(loaded, from, sample.name.to_owned()) });
    }
    let stored = if is_file { None } else { stored::load(path, given, wish)? };
    if let Some(series) = stored {
        return Ok(series);
    }
    let close_column = wish.close_column.as_deref();
    let options = Options { on_bad_row: wish.on_bad_row, offsets: wish.offsets, close_column, time_frame: None };
    let loaded = read_bars(path, &options).map_err(|error| not_found(path, error, wish))?;
    Ok(Series::new(loaded, path.to_owned(), name_of(path)))
}

fn not_found(path: &str, error: DataError, wish: &Wish) -> Error {
    if Path::new(path).exists() {
        return error.into();
    }
    let names = samples::list().iter().map(|sample| sample.name);
    let sample = qframe_model::parameter::nearest(path, names).map(|name| format!("the bundled sample {name}"));
    let stored = || stored::suggest(path, wish).map(|name| format!("{name} of the catalog"));
    match stored().or(sample) {
        Some(near) => Error::Refused(format!("{error:#}; or did you mean {near}?")),
        None => error.into(),
    }
}

/// A symbol out of a file's name: `AAPL.csv`, `btc-usd-1d.csv`, `EURUSD_1h.csv.gz`.
pub(crate) fn name_of(path: &str) -> String {
    let file = Path::new(path).file_name().map(|name| name.to_string_lossy().to_uppercase()).unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    let mut parts = stem.split(['-', '_', ' ']);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if QUOTES.contains(&second) {
        return format!("{first}/{second}");
    }
    let pair = QUOTES.iter().find_map(|quote| first.strip_suffix(quote).map(|base| (base, quote)));
    match pair {
        Some((base, quote)) if base.len() >= 3 => format!("{base}/{quote}"),
        _ => first.to_owned(),
    }
}

/// Currencies that prices are counted in; longer codes first, so that USDT is not read as USD and a T.
const QUOTES: [&str; 12] = ["USDT", "USDC", "FDUSD", "BUSD", "USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "BTC"];

/// What is used of a file: longer bars where they were asked for, those of the period; and what became of the others. Gaps
/// are counted in the file's own bars, between the first and the last one that is in it.
fn used(
    mut loaded: Loaded,
    market: &Range<Time>,
    wish: &Wish,
    given: &Given<'_>,
) -> Result<(Loaded, Vec<String>), Error> {
    let longer = reframe(&loaded, market.end, wish, given)?;
    let frame = longer.as_ref().map_or(loaded.time_frame, |_| wish.frame.unwrap_or(loaded.time_frame));
    let bars = longer.as_ref().map_or(&loaded.bars, |longer| &longer.bars);
    let place = |time| bars.partition_point(|bar| bar.time < time);
    let part = place(wish.from)..place(wish.until);
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        let why = format!("no bar of {frame} is finished; choose a shorter one than the data of {}", given.word);
        return Err(Error::usage("--timeframe", frame, why));
    };
    let Some((opens, closes)) = bars[part.clone()].first().zip(bars[part.clone()].last()) else {
        let (word, first, last) = (given.word, first.time, last.time);
        return Err(Error::Refused(format!(
            "--data {word}: no bars between --from and --to; it has {first:#} to {last:#}"
        )));
    };
    let made = longer.as_ref().map_or_else(Vec::new, |longer| ends_of(longer, market.start, frame, wish));
    let is_whole = part.len() == bars.len();
    if !is_whole || longer.is_some() {
        loaded.facts.gaps = loaded.gaps_within(opens.time, closes.time + frame.span());
    }
    if let Some(longer) = &longer {
        let (count, from) = (loaded.bars.len(), loaded.time_frame);
        loaded.why.push(format!(
            "{} of {from} made into {} of {frame}",
            counted(count, "bar"),
            counted(longer.bars.len(), "bar")
        ));
        loaded.why.extend(made.iter().cloned());
    }
    let mut bars = longer.map_or(loaded.bars, |longer| longer.bars);
    bars.truncate(part.end);
    bars.drain(..part.start);
    loaded.facts.zero_volume = bars.iter().filter(|bar| bar.volume.is_zero()).count() as u64;
    Ok((Loaded { bars, time_frame: frame, ..loaded }, made))
}

/// Longer bars, where they were asked for.
fn reframe(loaded: &Loaded, known_until: Time, wish: &Wish, given: &Given<'_>) -> Result<Option<Resampled>, Error> {
    let Some(to) = wish.frame.filter(|frame| *frame != loaded.time_frame) else { return Ok(None) };
    let how = Resampling { from: loaded.time_frame, to, known_until };
    let made = resample(&loaded.bars, &how).map_err(|error| {
        Error::usage("--timeframe", to, format!("{error} (the data {} is {})", given.word, loaded.time_frame))
    })?;
    Ok(Some(made))
}

/// What is to say of the first and the last one of longer bars, where they are in the period.
fn ends_of(longer: &Resampled, begins: Time, frame: TimeFrame, wish: &Wish) -> Vec<String> {
    let mut notes = Vec::new();
    let first = longer.bars.first().filter(|bar| bar.time < begins && wish.from <= bar.time);
    if let Some(bar) = first {
        notes.push(format!(
            "the first bar of {frame}, from {:#}, opens before the data begins ({begins:#}) and holds only what follows",
            bar.time
        ));
    }
    if let Some(bar) = longer.unfinished.filter(|bar| bar.time < wish.until) {
        notes.push(format!("the last bar of {frame}, from {:#}, is unfinished and left out", bar.time));
    }
    notes
}
