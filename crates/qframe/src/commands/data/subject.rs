//! What a word of `qframe data` means: a file, or a data set of the catalog; and by which rules it is judged.
use std::path::{Path, PathBuf};

use clap::Args;
use qframe_data::catalog::Catalog;
use qframe_data::hours::Hours;
use qframe_data::import::Wish;
use qframe_data::quality::{Audit, Looked, LookedInto, Market, Presumed, Rules, audit, fitting, look_into};
use qframe_data::securities::SecurityId;
use qframe_data::{CalendarKind, DataKey, Kind, Rows, read_calendar};
use qframe_lab::customary;
use qframe_model::instrument::Margin;
use qframe_model::market::{Bar, CorporateAction, DatedAction};
use qframe_model::number::Price;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use super::kept;
use crate::error::Error;
use crate::run::catalog::{Root, none};
use crate::run::data::name_of;
use crate::run::security::Held;

/// Venues whose shares are listed in New York.
const NEW_YORK: [&str; 3] = ["usa", "nyse", "nasdaq"];

/// The flags that say what is known of the data.
#[derive(Debug, Args)]
pub(super) struct Known {
    /// Its trading hours: 24/7, NYSE, CME, grains, livestock or forex (default: of its kind, where the bars fit them)
    #[arg(long, value_name = "NAME")]
    hours: Option<String>,
    /// Prices are multiples of it, such as 0.01
    #[arg(long, value_name = "PRICE")]
    tick: Option<String>,
    /// A file of splits (time,ratio): their jumps are no defects
    #[arg(long, value_name = "FILE")]
    splits: Option<PathBuf>,
    /// The length of a bar (default: the most common step)
    #[arg(long, value_name = "FRAME")]
    timeframe: Option<String>,
    /// The column of closes, for files without open, high and low
    #[arg(long, value_name = "NAME")]
    close_column: Option<String>,
    /// The kind of data set: bars, bids, asks, trades, quotes, book, funding or actions (default: all there are)
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    #[command(flatten)]
    root: Root,
}

/// Those flags, read.
#[derive(Debug)]
pub(super) struct Knowledge {
    hours: Option<&'static Hours>,
    pub(super) tick: Option<Price>,
    splits: Vec<DatedAction>,
    frame: Option<TimeFrame>,
    close_column: Option<String>,
    kind: Option<Kind>,
    root: Root,
}

/// One thing to look at.
#[derive(Debug)]
pub(super) enum Subject {
    /// A file, and the symbol that was given for it.
    File(PathBuf, Option<Symbol>),
    /// A data set.
    Set(Box<Catalog>, DataKey),
    /// A security whose rows are in the sets of several tickers.
    Security(Box<Catalog>, Box<Held>),
}

/// Bars with what they are judged by.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) audit: Audit,
    frame: TimeFrame,
    pub(super) hours: Option<&'static Hours>,
    actions: Vec<DatedAction>,
    tick: Option<Price>,
    known_until: Time,
}

impl Known {
    pub(super) fn read(&self) -> Result<Knowledge, Error> {
        let names = || Hours::all().iter().map(Hours::name).collect::<Vec<_>>().join(", ");
        let hours = |name: &String| {
            Hours::named(name).ok_or_else(|| Error::usage("--hours", name, format!("expected one of {}", names())))
        };
        let tick = |text: &String| match text.parse::<Price>() {
            Ok(tick) if tick.is_positive() => Ok(tick),
            _ => Err(Error::usage("--tick", text, "expected a price above zero, such as 0.01")),
        };
        let frame = |text: &String| text.parse().map_err(|error| Error::usage("--timeframe", text, error));
        let kind = |text: &String| text.parse().map_err(|error| Error::usage("--kind", text, error));
        Ok(Knowledge {
            hours: self.hours.as_ref().map(hours).transpose()?,
            tick: self.tick.as_ref().map(tick).transpose()?,
            splits: self.splits.as_deref().map_or(Ok(Vec::new()), splits)?,
            frame: self.timeframe.as_ref().map(frame).transpose()?,
            kind: self.kind.as_ref().map(kind).transpose()?,
            close_column: self.close_column.clone(),
            root: self.root.clone(),
        })
    }
}

fn splits(path: &Path) -> Result<Vec<DatedAction>, Error> {
    let calendar = read_calendar(path, CalendarKind::Splits)?;
    let split = |(time, rate): (Time, _)| DatedAction { time, action: CorporateAction::Split(rate) };
    Ok(calendar.rows.into_iter().map(split).collect())
}

impl Knowledge {
    /// What a word means: `SYMBOL=FILE`, a file that is there, or the data sets of a name.
    pub(super) fn subjects(&self, word: &str) -> Result<Vec<Subject>, Error> {
        if let Some((symbol, path)) = word.split_once('=') {
            let symbol = symbol.parse().map_err(|error| Error::usage("SYMBOL=FILE", word, error))?;
            return Ok(vec![Subject::File(path.into(), Some(symbol))]);
        }
        let ticker = word.split('@').next().unwrap_or_default();
        if ticker.parse::<SecurityId>().is_ok() && !Path::new(word).exists() {
            return self.security(word);
        }
        let is_name = word.split('@').next().is_some_and(|name| name.to_uppercase().parse::<Symbol>().is_ok());
        if Path::new(word).exists() || !is_name {
            return Ok(vec![Subject::File(word.into(), None)]);
        }
        let near_file = |error: Error| Error::Refused(format!("{word}: no such file, and {error}"));
        let catalog = self.root.open().map_err(near_file)?;
        let keys = catalog.find(word, self.kind, self.frame)?;
        if keys.is_empty() {
            return Err(near_file(none(&catalog, "", word)?));
        }
        let set = |key| Subject::Set(Box::new(catalog.clone()), key);
        Ok(keys.into_iter().map(set).collect())
    }

    /// What the id of a security means: the sets of its ticker, or those of all its tickers as one.
    fn security(&self, word: &str) -> Result<Vec<Subject>, Error> {
        let catalog = self.root.open()?;
        let all = Time::MIN..Time::MAX;
        match crate::run::security::named(&catalog, "SYMBOL|FILE", word, &all)? {
            Some(held) if held.is_plain() => self.subjects(&held.plain_name(word)),
            Some(held) => Ok(vec![Subject::Security(Box::new(catalog), Box::new(held))]),
            None => Err(Error::Refused(format!("{word}: the catalog knows no security of this id"))),
        }
    }

    /// The joined bars of a security, with what is to say of them.
    pub(super) fn judged_security(&self, catalog: &Catalog, held: &Held) -> Result<(Judged, Vec<String>), Error> {
        let name = held.security.id().to_string();
        let keys = held.keys(catalog, self.kind.filter(|kind| kind.is_bars()).unwrap_or(Kind::Bars))?;
        let frame = held.frame(&keys, "SYMBOL|FILE", &name, self.frame)?;
        let kind = keys.first().map_or(Kind::Bars, |key| key.kind);
        let joined = held.bars(catalog, (kind, frame), &(Time::MIN..Time::MAX))?;
        let notes = held.notes(&joined);
        let (mut actions, symbol) = (self.splits.clone(), held.symbol()?);
        actions.extend(held.actions(catalog)?);
        let fit = |hours| fitting(&joined.bars, frame, hours, Presumed::BySymbol);
        let hours = self.hours.or_else(|| hours_of(symbol).and_then(fit));
        let audit = Audit::of_bars(&name, joined.bars, frame);
        Ok((Judged { audit, frame, hours, actions, tick: self.tick, known_until: now() }, notes))
    }

    /// The sets of a name of which something is kept that a repair changed; a killed repair may have left nothing else of them.
    pub(super) fn kept(&self, word: &str) -> Result<(Catalog, Vec<DataKey>), Error> {
        let catalog = self.root.open()?;
        let mut keys = catalog.keys()?;
        keys.extend(keys.clone().iter().filter_map(DataKey::of_kept));
        keys.sort();
        keys.dedup();
        let (symbol, venue) = word.split_once('@').map_or((word, None), |(symbol, venue)| (symbol, Some(venue)));
        keys.retain(|key| {
            key.symbol.as_str().eq_ignore_ascii_case(symbol)
                && venue.is_none_or(|venue| key.venue.eq_ignore_ascii_case(venue))
                && self.kind.is_none_or(|kind| key.kind == kind)
                && (self.frame.is_none() || key.frame == self.frame)
        });
        let there = |key: DataKey| kept::is_there(&catalog, &key).map(|is_there| is_there.then_some(key));
        let keys = keys.into_iter().filter_map(|key| there(key).transpose()).collect::<Result<_, _>>()?;
        Ok((catalog, keys))
    }

    /// Reads bars and finds out by which rules to judge them. `None` for a set of another kind.
    pub(super) fn judged(&self, subject: &Subject) -> Result<Option<Judged>, Error> {
        match subject {
            Subject::File(path, symbol) => self.judged_file(path, symbol.clone()).map(Some),
            Subject::Set(catalog, key) if key.kind.is_bars() => self.judged_set(catalog, key).map(Some),
            Subject::Set(..) | Subject::Security(..) => Ok(None),
        }
    }

    fn judged_file(&self, path: &Path, symbol: Option<Symbol>) -> Result<Judged, Error> {
        let audit = audit(path, self.close_column.as_deref())?;
        let presumed = if symbol.is_some() { Presumed::BySymbol } else { Presumed::ByFileName };
        let symbol = symbol.or_else(|| name_of(&path.display().to_string()).parse().ok());
        let (actions, frame) = (self.splits.clone(), self.frame.unwrap_or(audit.frame));
        let fit = |hours| fitting(&audit.bars, frame, hours, presumed);
        let hours = self.hours.or_else(|| symbol.and_then(hours_of).and_then(fit));
        Ok(Judged { audit, frame, hours, actions, tick: self.tick, known_until: written(path) })
    }

    /// A file of any format that import reads, set by set.
    pub(super) fn looked(&self, path: &Path, symbol: Option<&Symbol>) -> LookedInto {
        let wish = Wish { symbol: symbol.cloned(), frame: self.frame, kind: self.kind, ..Wish::default() };
        look_into(path, &wish, &mut |key, is_named| Market {
            tick: self.tick,
            hours: self.hours_of_stream(key, is_named, symbol),
            bars: Vec::new(),
        })
    }

    /// When a stream of a file has rows, as far as that is known: a file's name alone does not tell that a share is listed
    /// in New York.
    pub(super) fn hours_of_stream(
        &self,
        key: &DataKey,
        is_named: bool,
        given: Option<&Symbol>,
    ) -> Option<&'static Hours> {
        let told = given.is_some() || NEW_YORK.contains(&key.venue.as_str());
        let likely = |hours: &&Hours| is_named && (told || !hours.rests_at_night());
        self.hours.or_else(|| presumed(&key.symbol).filter(likely))
    }

    /// Whether rows of a kind were asked for.
    pub(super) fn wants(&self, kind: Kind) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
    }

    /// Whether rows of this kind and of no other were asked for.
    pub(super) fn wants_only(&self, kind: Kind) -> bool {
        self.kind == Some(kind)
    }

    /// Bars of such a file, with the rules to judge them by.
    pub(super) fn judged_looked(&self, path: &Path, looked: &Looked, audit: &Audit) -> Judged {
        let (actions, frame) = (self.splits.clone(), self.frame.or(looked.key.frame).unwrap_or(audit.frame));
        let fit = |hours| fitting(&audit.bars, frame, hours, Presumed::ByFileName);
        let symbol = looked.is_named.then(|| looked.key.symbol.clone());
        let hours = self.hours.or_else(|| symbol.and_then(hours_of).and_then(fit));
        Judged { audit: audit.clone(), frame, hours, actions, tick: self.tick, known_until: written(path) }
    }

    /// What is known of the market of a stored stream, a sentence each for what is not.
    pub(super) fn market(&self, catalog: &Catalog, key: &DataKey) -> Result<(Market, Vec<String>), Error> {
        let facts = catalog.instrument(&key.symbol, &key.venue).map_err(Error::refused)?;
        let named = facts.as_ref().and_then(|facts| Hours::named(facts.hours.as_deref()?));
        let hours = self.hours.or(named).or_else(|| presumed(&key.symbol));
        let tick = self.tick.or_else(|| facts.and_then(|facts| facts.tick));
        let (bars, mut notes) = (Vec::new(), Vec::new());
        if key.kind != Kind::Actions {
            return Ok((Market { tick, hours, bars }, notes));
        }
        let bars = match bars_beside(catalog, key)? {
            Some(beside) => {
                notes.push(format!("held against {beside}"));
                catalog.bars(&beside, Time::MIN..Time::MAX).map_err(Error::refused)?
            }
            None => {
                notes.push("the catalog has no bars of it to hold splits and dividends against".to_owned());
                bars
            }
        };
        Ok((Market { tick, hours, bars }, notes))
    }

    fn judged_set(&self, catalog: &Catalog, key: &DataKey) -> Result<Judged, Error> {
        let bars = catalog.bars(key, Time::MIN..Time::MAX).map_err(Error::refused)?;
        let facts = catalog.instrument(&key.symbol, &key.venue).map_err(Error::refused)?;
        let frame = key.frame.unwrap_or(TimeFrame::DAY);
        let named = facts.as_ref().and_then(|facts| Hours::named(facts.hours.as_deref()?));
        let fit = |hours| fitting(&bars, frame, hours, Presumed::BySymbol);
        let hours = self.hours.or(named).or_else(|| hours_of(key.symbol.clone()).and_then(fit));
        let tick = self.tick.or_else(|| facts.and_then(|facts| facts.tick));
        let mut actions = self.splits.clone();
        actions.extend(actions_of(catalog, &key.symbol)?);
        let audit = Audit::of_bars(&key.to_string(), bars, frame);
        Ok(Judged { audit, frame, hours, actions, tick, known_until: now() })
    }
}

impl Judged {
    pub(super) fn rules(&self) -> Rules<'_> {
        let Self { frame, hours, tick, known_until, .. } = *self;
        Rules { frame, hours, tick, actions: &self.actions, known_until }
    }

    pub(super) fn bars(&self) -> &[Bar] {
        &self.audit.bars
    }
}

/// Dividends and splits of a symbol at any venue of the catalog.
fn actions_of(catalog: &Catalog, symbol: &Symbol) -> Result<Vec<DatedAction>, Error> {
    let mut actions = Vec::new();
    for key in catalog.find(symbol.as_str(), Some(Kind::Actions), None).map_err(Error::refused)? {
        for rows in catalog.scan(&key, Time::MIN..Time::MAX).map_err(Error::refused)? {
            if let Rows::Actions(rows) = rows.map_err(Error::refused)? {
                actions.extend(rows);
            }
        }
    }
    Ok(actions)
}

/// The bars of a symbol that its actions are held against: of its own venue and of days, as far as there are such.
fn bars_beside(catalog: &Catalog, key: &DataKey) -> Result<Option<DataKey>, Error> {
    let mut keys = catalog.find(key.symbol.as_str(), Some(Kind::Bars), None).map_err(Error::refused)?;
    keys.sort_by_key(|bars| (bars.venue != key.venue, bars.frame != Some(TimeFrame::DAY), bars.frame));
    Ok(keys.into_iter().next())
}

/// Hours that a stream is presumed to keep. A ticker with a suffix is listed elsewhere than in New York.
fn presumed(symbol: &Symbol) -> Option<&'static Hours> {
    hours_of(symbol.clone()).filter(|hours| !(hours.rests_at_night() && symbol.as_str().contains('.')))
}

/// When a file was written: what was written before the last bar was over cannot hold all of it.
fn written(path: &Path) -> Time {
    let written = std::fs::metadata(path).and_then(|facts| facts.modified()).ok();
    written.map_or_else(now, instant).min(now())
}

/// The hours that are customary for a symbol.
fn hours_of(symbol: Symbol) -> Option<&'static Hours> {
    let instrument = customary(symbol, None, Margin::FULL).ok()?;
    Hours::named(instrument.rules().hours)
}

#[expect(clippy::disallowed_methods, reason = "the command line tells the check what time it is")]
pub(crate) fn now() -> Time {
    instant(std::time::SystemTime::now())
}

fn instant(time: std::time::SystemTime) -> Time {
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).map_or(Time::MAX, Time::from_nanos)
}
