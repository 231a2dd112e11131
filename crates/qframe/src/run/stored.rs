//! Bars of the catalog for a run: which data set, how much of it, and the rules of its instrument.
use std::ops::Range;

use qframe_data::catalog::{InstrumentFacts, Remark};
use qframe_data::{Catalog, DataKey, Defect, Facts, Kind, Loaded, mid_bars};
use qframe_lab::{ContractTerms, contract_hours, customary};
use qframe_model::count::counted;
use qframe_model::instrument::{Instrument, InstrumentError, Kind as InstrumentKind, Rules};
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::{Span, Time, TimeFrame};

use super::catalog::{Narrowed, none, the_one};
use super::data::{Series, Sides, Wish};
use super::values::Given;
use super::{joined, security};
use crate::error::Error;

/// Trading hours that have a name here.
const HOURS: [&str; 6] = ["24/7", "NYSE", "CME", "grains", "livestock", "forex"];

/// The bars of a name in the catalog; `None` where there is no catalog, or no such name in it.
pub(super) fn load(name: &str, given: &Given<'_>, wish: &Wish) -> Result<Option<Series>, Error> {
    if !wish.catalog.path().is_ok_and(|path| path.is_dir()) {
        return Ok(None);
    }
    let catalog = wish.catalog.open()?;
    let held = security::named(&catalog, given.flag, name, &(wish.from..wish.until))?;
    if let Some(held) = held.as_ref().filter(|held| !held.is_plain()) {
        if held.keys(&catalog, Kind::Bars)?.is_empty() && !held.keys(&catalog, Kind::Bids)?.is_empty() {
            let name = held.name_within(&(wish.from..wish.until))?;
            return Ok(of_name(&catalog, &name, given, wish)?.map(|series| series.of(held.clone())));
        }
        return joined::load(&catalog, held.clone(), name, given, wish).map(Some);
    }
    let name = held.as_ref().map_or_else(|| name.to_owned(), |held| held.plain_name(name));
    let series = of_name(&catalog, &name, given, wish)?;
    Ok(series.map(|series| held.into_iter().fold(series, Series::of)))
}

/// The bars of a name that means no more than it says.
fn of_name(catalog: &Catalog, name: &str, given: &Given<'_>, wish: &Wish) -> Result<Option<Series>, Error> {
    if catalog.find(name, None, None)?.is_empty() {
        return Ok(None);
    }
    let has = |kind| Ok::<_, Error>(!catalog.find(name, Some(kind), None)?.is_empty());
    if !has(Kind::Bars)? && has(Kind::Bids)? && has(Kind::Asks)? {
        return quoted(catalog, name, given, wish).map(Some);
    }
    let key = key_of(catalog, name, given, (Kind::Bars, wish.frame))?;
    read(catalog, &key, name, wish).map(Some)
}

/// Bars half-way between those of bid and ask, where there are only these.
fn quoted(catalog: &Catalog, name: &str, given: &Given<'_>, wish: &Wish) -> Result<Series, Error> {
    let key = key_of(catalog, name, given, (Kind::Bids, wish.frame))?;
    let mut series = read(catalog, &key, name, wish)?;
    let frame = series.loaded.time_frame;
    let asks = catalog.bars(&DataKey { kind: Kind::Asks, ..key.clone() }, range(wish, frame))?;
    let made = mid_bars(&series.loaded.bars, &asks);
    if made.bars.is_empty() {
        return Err(Error::Refused(format!("--data {name}: no bar of {key} has one of the asks at its instant")));
    }
    series.known.push("bars half-way between bid and ask; a taker pays half of the recorded spread".to_owned());
    if made.alone > 0 {
        series.known.push(format!("{} of one side without the other, left out", counted(made.alone, "bar")));
    }
    if made.crossed > 0 {
        series.known.push(format!(
            "{} with the bid above the ask; the spread there counts as zero",
            counted(made.crossed, "bar")
        ));
    }
    let bids = std::mem::replace(&mut series.loaded.bars, made.bars);
    series.loaded.facts.gaps = series.loaded.gaps_within(series.market.start, series.market.end);
    series.sides = Some(Sides { bids, asks, frame });
    Ok(series)
}

/// Names of the catalog near to one that means nothing.
pub(super) fn suggest(name: &str, wish: &Wish) -> Option<String> {
    let path = wish.catalog.path().ok().filter(|path| path.is_dir())?;
    Catalog::open(path).ok()?.suggest(name).ok()?
}

/// Of several frames the one that is asked for, else the longest that it can be made of.
fn key_of(
    catalog: &Catalog,
    name: &str,
    given: &Given<'_>,
    (kind, frame): (Kind, Option<TimeFrame>),
) -> Result<DataKey, Error> {
    let found = catalog.find(name, Some(kind), None)?;
    if found.is_empty() {
        return Err(none(catalog, given.flag, name)?);
    }
    let divides = |key: &&DataKey| {
        frame.zip(key.frame).is_some_and(|(wanted, own)| wanted.seconds().is_multiple_of(own.seconds()))
    };
    let best = found.iter().filter(divides).filter_map(|key| key.frame).max();
    the_one(catalog, given.flag, name, Narrowed { kind: Some(kind), frame: best })
}

/// What was said of a set when it was imported and mended, of the rows of a range.
fn remarked(catalog: &Catalog, key: &DataKey, range: &Range<Time>) -> Result<Vec<String>, Error> {
    let (mut remarks, mut filled, mut repaired) = (0, 0, 0);
    for remark in catalog.remarks(key)? {
        match remark? {
            (source, Remark::Finding(finding)) if &*source == Remark::REPAIR => match finding.time {
                Some(time) if !range.contains(&time) => {}
                _ if finding.defect == Defect::Missing => filled += 1,
                _ => repaired += 1,
            },
            _ => remarks += 1,
        }
    }
    let show = format!("`qframe data show {}`", key.name());
    let notes = [
        (
            filled,
            format!("{} filled in by a repair: flat, without volume; nobody could trade there", counted(filled, "bar")),
        ),
        (repaired, format!("{} changed by a repair; {show} tells some", counted(repaired, "price"))),
        (remarks, format!("{} kept when it was imported; {show} lists them", counted(remarks, "remark"))),
    ];
    Ok(notes.into_iter().filter(|(count, _)| *count > 0).map(|(_, note)| note).collect())
}

fn read(catalog: &Catalog, key: &DataKey, name: &str, wish: &Wish) -> Result<Series, Error> {
    let facts = catalog.facts(key)?.zip(key.frame);
    let (facts, frame) = facts.ok_or_else(|| Error::Refused(format!("--data {name}: {key} holds no rows")))?;
    let range = range(wish, frame);
    let bars = catalog.bars(key, range.clone())?;
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        let (first, last) = (facts.first, facts.last);
        let why = format!("no bars between --from and --to; it has {first:#} to {last:#}");
        return Err(Error::Refused(format!("--data {name}: {why}")));
    };
    // Rows outside the range are there, and say that the market was open then: only their prices were not read.
    let begins = if facts.first < range.start { range.start } else { first.time };
    let ends = last.time + frame.span();
    let ends = if range.end <= facts.last { ends.max(range.end) } else { ends };
    let hash = facts.hash.to_hex();
    let why = vec![
        format!("{key} of the catalog, content {hash}"),
        format!("{} of {} read", bars.len(), counted(facts.rows, "bar")),
    ];
    let mut loaded = Loaded { bars, time_frame: frame, why, facts: Facts::default() };
    loaded.facts.rows = loaded.bars.len() as u64;
    loaded.facts.gaps = loaded.gaps_within(begins, ends);
    let mut notes = Vec::new();
    if loaded.facts.rows < facts.rows {
        notes.push(format!("read {} of {}: those of the period", loaded.bars.len(), counted(facts.rows, "bar")));
    }
    notes.extend(remarked(catalog, key, &range)?);
    let with_venue = Some(key.name()).filter(|with_venue| name.contains('@') && with_venue.parse::<Symbol>().is_ok());
    Ok(Series {
        market: begins..ends,
        rules: catalog.instrument(&key.symbol, &key.venue)?,
        known: notes,
        key: Some(key.clone()),
        ..Series::new(
            loaded,
            format!("catalog, {}, content {}", key.venue, &hash[..12]),
            with_venue.unwrap_or_else(|| key.symbol.to_string()),
        )
    })
}

/// What to read for the period of a run: whole longer bars where those are made.
pub(super) fn range(wish: &Wish, frame: TimeFrame) -> Range<Time> {
    let (from, until) = (wish.from, wish.until);
    let Some(longer) = wish.frame.filter(|wanted| *wanted != frame) else { return from..until };
    let from = if from == Time::MIN { from } else { longer.open_of(from) };
    let until = if until == Time::MAX { until } else { longer.open_of(until - Span::from_nanos(1)) + longer.span() };
    from..until
}

/// The instrument by the customs of its kind, and by what the catalog knows better; and what is to say of that.
pub(super) fn instrument(
    symbol: Symbol,
    wish: &Wish,
    known: Option<&InstrumentFacts>,
) -> Result<(Instrument, Option<String>), InstrumentError> {
    let usual = on_wish(&customary(symbol.clone(), wish.lot, wish.margin)?, wish)?;
    let Some(known) = known else { return Ok((usual, None)) };
    let rules = usual.rules().clone();
    let hours = known.hours.as_deref().map(|hours| (hours, HOURS.into_iter().find(|name| *name == hours)));
    let note = match hours {
        Some((hours, None)) => {
            Some(format!("its trading hours are {hours:?}, which have no name here: {}", rules.hours))
        }
        _ => None,
    };
    let is_future = known.asset_class.as_deref() == Some("future");
    let assumed = || ContractTerms::of(&symbol).filter(|_| is_future).map(|terms| terms.multiplier);
    let rules = Rules {
        tick: wish.tick.or(known.tick).unwrap_or(rules.tick),
        lot: wish.lot.or(known.lot).unwrap_or(rules.lot),
        bounds: known.bounds(),
        min_notional: known.min_notional.unwrap_or(rules.min_notional),
        multiplier: wish.multiplier.or(known.multiplier).or_else(assumed).unwrap_or(rules.multiplier),
        hours: hours.and_then(|(_, name)| name).unwrap_or(rules.hours),
        ..rules
    };
    let made = match usual.kind() {
        InstrumentKind::Forex => Instrument::forex(symbol, rules),
        InstrumentKind::Stock if is_future => {
            let rules = Rules { hours: contract_hours(&symbol).unwrap_or(rules.hours), ..rules };
            Instrument::rolled(symbol, known.currency.unwrap_or_else(|| usual.quote()), rules)
        }
        _ => Instrument::new(symbol, known.currency.unwrap_or_else(|| usual.quote()), rules),
    };
    Ok((made?, note))
}

/// What is to say of the terms of a future: that nothing but a rulebook, or nothing at all, tells how many units a contract is of.
pub(super) fn contract(
    instrument: &Instrument,
    wish: &Wish,
    known: Option<&InstrumentFacts>,
) -> Result<Option<String>, Error> {
    let symbol = instrument.symbol();
    if let (Some(multiplier), false) = (wish.multiplier, instrument.kind().is_derivative()) {
        let why = format!("{symbol} is no contract; only those stand for several units");
        return Err(Error::usage("--multiplier", multiplier, why));
    }
    let is_future = matches!(instrument.kind(), InstrumentKind::Future { .. })
        || known.is_some_and(|known| known.asset_class.as_deref() == Some("future"));
    let is_told = wish.multiplier.is_some() || known.is_some_and(|known| known.multiplier.is_some());
    if !is_future || is_told || matches!(symbol.parts(), SymbolParts::Contract { .. }) {
        return Ok(None);
    }
    Ok(Some(match ContractTerms::of(symbol) {
        Some(terms) => format!("assumed of {terms}; --multiplier UNITS and --tick PRICE say otherwise"),
        None => "assumed: one unit a contract, as nothing says otherwise; --multiplier UNITS does".to_owned(),
    }))
}

/// The same with another tick or multiplier, where one is asked for.
fn on_wish(instrument: &Instrument, wish: &Wish) -> Result<Instrument, InstrumentError> {
    let own = instrument.rules().clone();
    let multiplier = wish.multiplier.filter(|_| instrument.kind().is_derivative()).unwrap_or(own.multiplier);
    let rules = Rules { tick: wish.tick.unwrap_or(own.tick), multiplier, ..own };
    match instrument.kind() {
        InstrumentKind::Forex => Instrument::forex(instrument.symbol().clone(), rules),
        _ => Instrument::new(instrument.symbol().clone(), instrument.quote(), rules),
    }
}
