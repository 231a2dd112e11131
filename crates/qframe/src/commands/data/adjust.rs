//! `qframe data adjust`: the bars of a share without the jumps of splits, or with its dividends put back.
use std::io::Write;

use qframe_data::catalog::InstrumentFacts;
use qframe_data::{Adjust, Adjustment, Catalog, DataKey, Kind, Rows, unseen_splits};
use qframe_model::count::counted;
use qframe_model::market::{Bar, DatedAction};
use qframe_model::time::{Time, TimeFrame};
use serde::Serialize;

use super::out::{Out, write};
use crate::error::Error;
use crate::run::catalog::{Narrowed, Root, the_one};
use crate::run::security;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe data adjust AAPL --mode total-return
  qframe data adjust AAPL@usa --mode split --out aapl-split.csv

By the dividends and splits that the catalog has of the same symbol and venue. Of a security (FB:2012-05-18, or a ticker
that it has or had) the bars and actions under all its tickers count; --mode none --out FILE writes them as they are. The bars are stored beside the raw ones,
at VENUE.split or VENUE.total-return: AAPL@usa.split.")]
pub(crate) struct Args {
    /// The share: AAPL, or AAPL@usa where several venues have it; or the id of a security, such as FB:2012-05-18
    #[arg(value_name = "SYMBOL[@VENUE]")]
    name: String,
    /// What is taken out of the prices: none, split or total-return (splits and dividends)
    #[arg(long, value_name = "none|split|total-return")]
    mode: String,
    /// The length of its bars, such as 1d
    #[arg(long, value_name = "FRAME")]
    timeframe: Option<TimeFrame>,
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    root: Root,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer {
    from: String,
    /// The id of the security, and where its bars are from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    mode: &'static str,
    written: String,
    bars: usize,
    steps: Vec<Step>,
    /// Dividends and splits before the second bar or behind the last one.
    outside: usize,
    /// True where the raw bars can be got back exactly.
    reversible: bool,
}

/// What the bars before a time are multiplied by.
#[derive(Serialize)]
struct Step {
    before: String,
    price: String,
    volume: String,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let modes = || Adjust::ALL.map(|(name, _)| name).join(", ");
        let how = Adjust::ALL.into_iter().find(|(name, _)| *name == self.mode).map(|(_, how)| how);
        let how = how.ok_or_else(|| Error::usage("--mode", &self.mode, format!("expected one of {}", modes())))?;
        if how == Adjust::None && self.out.file.is_none() {
            return Err(Error::usage(
                "--mode",
                "none",
                "the catalog has these bars already; write them with --out FILE",
            ));
        }
        self.out.check()?;
        let catalog = self.root.open()?;
        let Raw { key, bars: raw, actions, known } = self.raw(&catalog)?;
        if actions.is_empty() && how != Adjust::None {
            let why = "the catalog has no dividends and splits of it; import a factor file or a calendar first";
            return Err(Error::Refused(format!("{}: {why}", key.name())));
        }
        if let (Some(first), true) = (unseen_splits(&raw, &actions).first(), how != Adjust::None) {
            let why = "the prices do not show this split, so they seem to be adjusted already";
            return Err(Error::Refused(format!("{key}: {:#}: {why}; adjust raw prices", first.time)));
        }
        let refused = |error| Error::Refused(format!("{key}: {error}"));
        let adjustment = Adjustment::new(&raw, &actions, how).map_err(refused)?;
        let bars = adjustment.apply(&raw).map_err(refused)?;
        let count = bars.len();
        let written = match &self.out.file {
            Some(path) => write(path, &bars)?,
            None => {
                // Prices that were multiplied are on no tick.
                let facts = catalog.instrument(&key.symbol, &key.venue)?;
                store(
                    &catalog,
                    &key,
                    how.name(),
                    facts.map(|facts| InstrumentFacts { tick: None, min_price: None, max_price: None, ..facts }),
                    bars,
                )?
            }
        };
        let step = |step: &qframe_data::Step| Step {
            before: format!("{:#}", step.time),
            price: step.price.to_string(),
            volume: step.volume.to_string(),
        };
        self.say(&Answer {
            from: key.to_string(),
            notes: known,
            mode: how.name(),
            written,
            bars: count,
            steps: adjustment.steps().iter().map(step).collect(),
            outside: adjustment.outside(),
            reversible: adjustment.is_reversible(),
        })
    }

    /// What is adjusted: the set of a symbol, or all that a security has.
    fn raw(&self, catalog: &Catalog) -> Result<Raw, Error> {
        let all = Time::MIN..Time::MAX;
        let Some(held) = security::named(catalog, "", &self.name, &all)? else {
            let by = Narrowed { kind: Some(Kind::Bars), frame: self.timeframe };
            let key = the_one(catalog, "", &self.name, by)?;
            let (bars, actions) = (catalog.bars(&key, all)?, actions(catalog, &key)?);
            return Ok(Raw { key, bars, actions, known: Vec::new() });
        };
        if let (Some(other), None) = (held.namesake(), &self.out.file) {
            let why = format!(
                "{} has the same ticker, and its adjusted bars would stand under one name with these",
                other.id()
            );
            return Err(Error::Refused(format!("{}: {why}; write a file with --out FILE", held.security.id())));
        }
        let keys = held.keys(catalog, Kind::Bars)?;
        let frame = held.frame(&keys, "", &self.name, self.timeframe)?;
        let joined = held.bars(catalog, (Kind::Bars, frame), &all)?;
        let key = DataKey::bars(held.symbol()?, &held.venue, frame);
        let (actions, known) = (held.actions(catalog)?, held.notes(&joined));
        Ok(Raw { key, bars: joined.bars, actions, known })
    }

    fn say(&self, answer: &Answer) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, answer).map_err(std::io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        answer.notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
        for Step { before, price, volume } in &answer.steps {
            writeln!(out, "before {before}: prices x {price}, volumes x {volume}")?;
        }
        if answer.outside > 0 {
            writeln!(out, "{} dividends and splits outside of the bars change nothing", answer.outside)?;
        }
        if !answer.reversible {
            writeln!(out, "prices or volumes became so small that the raw ones cannot be got back from them exactly")?;
        }
        let Answer { bars, from, mode, written, .. } = answer;
        Ok(writeln!(out, "{} of {from}, adjusted for {mode}: {written}", counted(*bars, "bar"))?)
    }
}

/// What is adjusted.
struct Raw {
    key: DataKey,
    bars: Vec<Bar>,
    actions: Vec<DatedAction>,
    /// What is to say of where it is from.
    known: Vec<String>,
}

/// The dividends and splits of a symbol at a venue.
fn actions(catalog: &Catalog, key: &DataKey) -> Result<Vec<DatedAction>, Error> {
    let key = DataKey { kind: Kind::Actions, frame: None, ..key.clone() };
    let mut actions = Vec::new();
    for rows in catalog.scan(&key, Time::MIN..Time::MAX)? {
        if let Rows::Actions(rows) = rows? {
            actions.extend(rows);
        }
    }
    Ok(actions)
}

/// Puts bars that were made of a set in the place of those made of it before, at the venue with `suffix` behind it: two scales
/// in one set would be wrong. Who reads, and who is killed, has the old ones or the new.
pub(super) fn store(
    catalog: &Catalog,
    of: &DataKey,
    suffix: &str,
    facts: Option<InstrumentFacts>,
    bars: Vec<Bar>,
) -> Result<String, Error> {
    let venue = format!("{}.{suffix}", of.venue);
    let key = DataKey { venue: venue.clone(), ..of.clone() };
    // The rules first: bars without them would trade by others.
    if let Some(facts) = facts {
        catalog.set_instrument(&InstrumentFacts { venue, ..facts })?;
    }
    catalog.replace(&key, std::iter::once(Rows::Bars(bars)))?;
    Ok(key.to_string())
}
