//! `qframe data roll`: one series out of the contracts of a future, with the table of its rolls.
use std::io::Write;
use std::path::PathBuf;

use qframe_data::catalog::{InstrumentFacts, StoredRoll};
use qframe_data::import::open_interest;
use qframe_data::{Catalog, Contract, DataKey, Kind, RollAdjust, RollRule, Rolled, roll};
use qframe_lab::contract_terms_at;
use qframe_model::count::counted;
use qframe_model::number::Price;
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::TimeFrame;
use serde::Serialize;

use super::Period;
use super::adjust::store;
use super::out::{Out, write};
use crate::error::Error;
use crate::run::catalog::Root;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe data roll ES --rule volume --adjust ratio
  qframe data roll ES@cme --rule date --days 8 --adjust difference --out es.csv
  qframe data import es_openinterest.zip --venue cme; qframe data roll ES --rule open-interest --adjust none

The series is stored as the root at VENUE.rolled-RULE-ADJUST: ES@cme.rolled-volume-ratio.")]
pub(crate) struct Args {
    /// What the names of the contracts begin with: ES for ES-20131220, and @venue where several have them.
    #[arg(value_name = "ROOT[@VENUE]")]
    root: String,
    /// When the next contract is held: date (--days before the expiry), volume (a later one traded more the day before) or
    /// open-interest (more of a later one is known to be open)
    #[arg(long, value_name = "date|volume|open-interest")]
    rule: String,
    /// What becomes of the jump: none, ratio (earlier prices are multiplied) or difference (they are shifted)
    #[arg(long, value_name = "none|ratio|difference")]
    adjust: String,
    /// Calendar days before the expiry, for --rule date [8]
    #[arg(long, value_name = "NUMBER")]
    days: Option<u32>,
    /// LEAN's file of open interest, for --rule open-interest [what was imported]
    #[arg(long, value_name = "FILE")]
    open_interest: Option<PathBuf>,
    /// The length of the bars, such as 1d
    #[arg(long, value_name = "FRAME")]
    timeframe: Option<TimeFrame>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    out: Out,
    #[command(flatten)]
    catalog: Root,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// CME's equity futures are rolled on the Thursday eight days before their expiry.
const DAYS: u32 = 8;

#[derive(Serialize)]
struct Answer {
    contracts: Vec<String>,
    /// What is taken for known of a contract, where the data does not say.
    assumed: Option<String>,
    bars: usize,
    rolls: Vec<Row>,
    written: String,
}

/// A row of the roll table.
#[derive(Serialize)]
struct Row {
    date: String,
    /// When the bars opened at whose closes the old one is sold and the new one bought.
    priced_at: String,
    from: String,
    to: String,
    from_price: Price,
    to_price: Option<Price>,
    ratio: Option<String>,
    difference: Option<Price>,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let (rule, adjust) = (self.rule()?, self.adjust()?);
        self.out.check()?;
        let catalog = self.catalog.open()?;
        let (venue, frame, mut contracts) = self.contracts(&catalog)?;
        if let Some(path) = &self.open_interest {
            let refused = |error: qframe_data::import::ImportError| Error::Refused(format!("--open-interest {error}"));
            for known in open_interest(path).map_err(refused)? {
                let own = contracts.iter_mut().find(|contract| contract.symbol == known.symbol);
                own.into_iter().for_each(|contract| contract.open_interest.clone_from(&known.rows));
            }
        }
        let rolled = roll(&contracts, rule, adjust);
        let rolled = rolled.map_err(|error| Error::Refused(format!("{}: {error}", self.root)))?;
        let rows = rolled.rolls.iter().map(Row::from).collect();
        let (bars, first) = (rolled.bars.len(), rolled.first.clone());
        let assumed = assumed(&catalog, &first, &venue)?;
        let written = match &self.out.file {
            Some(path) => write(path, &rolled.bars)?,
            None => self.store(&catalog, (&venue, frame), rolled, (rule, adjust))?,
        };
        let used = |row: &Row| row.to.clone();
        let rows: Vec<Row> = rows;
        let contracts = std::iter::once(first.to_string()).chain(rows.iter().map(used)).collect();
        self.say(&Answer { contracts, assumed, bars, rolls: rows, written })
    }

    fn rule(&self) -> Result<RollRule, Error> {
        let rule = match self.rule.as_str() {
            "date" => RollRule::Date { days_before: self.days.unwrap_or(DAYS) },
            "volume" => RollRule::Volume,
            "open-interest" => RollRule::OpenInterest,
            other => return Err(Error::usage("--rule", other, "expected date, volume or open-interest")),
        };
        match (rule, self.days, &self.open_interest) {
            (RollRule::Volume | RollRule::OpenInterest, Some(days), _) => {
                Err(Error::usage("--days", days, "it goes with --rule date"))
            }
            (RollRule::Date { .. } | RollRule::Volume, _, Some(path)) => {
                Err(Error::usage("--open-interest", path.display(), "it goes with --rule open-interest"))
            }
            _ => Ok(rule),
        }
    }

    fn adjust(&self) -> Result<RollAdjust, Error> {
        let found = RollAdjust::ALL.into_iter().find(|(name, _)| *name == self.adjust);
        found
            .map(|(_, adjust)| adjust)
            .ok_or_else(|| Error::usage("--adjust", &self.adjust, "expected none, ratio or difference"))
    }

    /// The contracts of the root: at one venue, in one frame.
    fn contracts(&self, catalog: &Catalog) -> Result<(String, TimeFrame, Vec<Contract>), Error> {
        let (root, venue) = self.root.split_once('@').map_or((self.root.as_str(), None), |(r, v)| (r, Some(v)));
        let is_of = |key: &DataKey| {
            key.kind == Kind::Bars
                && key.symbol.as_str().rsplit_once('-').is_some_and(|(name, _)| name.eq_ignore_ascii_case(root))
                && venue.map_or(!key.venue.contains('.'), |venue| key.venue.eq_ignore_ascii_case(venue))
                && self.timeframe.is_none_or(|frame| key.frame == Some(frame))
        };
        let keys: Vec<DataKey> = catalog.keys()?.into_iter().filter(is_of).collect();
        let Some(first) = keys.first() else {
            let why = "the catalog has no bars of contracts with that root, such as ES-20131220 of ES; `qframe data list` \
                       lists what there is";
            return Err(Error::Refused(format!("{}: {why}", self.root)));
        };
        if let Some(other) = keys.iter().find(|key| key.venue != first.venue) {
            let why = format!(
                "contracts of it are at {} and {}; write one: {root}@{}",
                first.venue, other.venue, first.venue
            );
            return Err(Error::usage("ROOT", &self.root, why));
        }
        if let Some(other) = keys.iter().find(|key| key.frame != first.frame) {
            return Err(Error::usage("--timeframe", "", format!("there are {first} and {other}; choose one")));
        }
        let range = self.period.range()?;
        let contract = |key: &DataKey| {
            let bars = catalog.bars(key, range.clone())?;
            let (SymbolParts::Listed { expiry, .. } | SymbolParts::Contract { expiry, .. }) = key.symbol.parts() else {
                return Ok(None);
            };
            let open_interest = catalog.open_interest(&key.symbol, &key.venue)?;
            let contract = |expiry| Contract { symbol: key.symbol.clone(), expiry, bars, open_interest };
            Ok(expiry.map(contract))
        };
        let found = keys.iter().filter_map(|key| contract(key).transpose()).collect::<Result<_, Error>>()?;
        Ok((first.venue.clone(), first.frame.unwrap_or(TimeFrame::DAY), found))
    }

    fn store(
        &self,
        catalog: &Catalog,
        (venue, frame): (&str, TimeFrame),
        rolled: Rolled,
        (rule, adjust): (RollRule, RollAdjust),
    ) -> Result<String, Error> {
        let root = rolled.first.as_str().rsplit_once('-').map_or("", |(root, _)| root);
        let symbol: Symbol = root.parse().map_err(|error| Error::usage("ROOT", &self.root, error))?;
        let rule = match rule {
            RollRule::Date { .. } => "date",
            RollRule::Volume => "volume",
            RollRule::OpenInterest => "oi",
        };
        let suffix = format!("rolled-{rule}-{}", self.adjust);
        let known = catalog.instrument(&rolled.first, venue)?;
        let of = DataKey::bars(symbol.clone(), venue, frame);
        let stored = |roll: &qframe_data::Roll| StoredRoll {
            frame: Some(frame),
            time: roll.day,
            contracts: [roll.from.clone(), roll.to.clone()],
            prices: [roll.from_close, roll.to_close.unwrap_or(roll.from_close)],
        };
        let before = catalog.instrument(&symbol, &format!("{venue}.{suffix}"))?;
        let others = before.map(|facts| facts.rolls).unwrap_or_default();
        let others = others.into_iter().filter(|roll| roll.frame.is_some_and(|of| of != frame));
        let rolls = others.chain(rolled.rolls.iter().map(stored)).collect();
        let unknown = InstrumentFacts::new(symbol.clone(), venue.to_owned());
        let known = known.unwrap_or(unknown);
        let assumed = || contract_terms_at(root, venue).map(|terms| terms.tick);
        let tick = known.tick.or_else(assumed).filter(|_| adjust != RollAdjust::Ratio);
        let facts = InstrumentFacts {
            symbol,
            asset_class: Some("future".to_owned()),
            // What only the rulebook tells is told by whoever uses it.
            multiplier: known.multiplier,
            // Prices that were multiplied are on no tick.
            tick: tick.or(Some(Price::from_nanos(1))),
            expiry: None,
            rolls,
            ..known
        };
        store(catalog, &of, &suffix, Some(facts), rolled.bars)
    }

    fn say(&self, answer: &Answer) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, answer).map_err(std::io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        for Row { date, priced_at, from, to, from_price, to_price, ratio, difference } in &answer.rolls {
            let prices = match (to_price, ratio, difference) {
                (Some(price), Some(ratio), Some(difference)) => {
                    format!("{from_price} -> {price} at {priced_at}, ratio {ratio}, difference {difference}")
                }
                _ => format!("{from_price} -> no price yet"),
            };
            writeln!(out, "{date}  {from} -> {to}  {prices}")?;
        }
        let Answer { bars, contracts, assumed, written, .. } = answer;
        assumed.iter().try_for_each(|assumed| writeln!(out, "assumed of {assumed}"))?;
        Ok(writeln!(
            out,
            "{} of {}, {}: {written}",
            counted(*bars, "bar"),
            counted(contracts.len(), "contract"),
            counted(answer.rolls.len(), "roll")
        )?)
    }
}

/// The terms of a contract that only its exchange's rulebook tells; `None` where the data does, or nothing.
fn assumed(catalog: &Catalog, contract: &Symbol, venue: &str) -> Result<Option<String>, Error> {
    let known = catalog.instrument(contract, venue)?;
    let is_told = known.is_some_and(|known| known.multiplier.is_some() && known.tick.is_some());
    let root = contract.as_str().rsplit_once('-').map_or("", |(root, _)| root);
    Ok(contract_terms_at(root, venue).filter(|_| !is_told).map(|terms| terms.to_string()))
}

impl From<&qframe_data::Roll> for Row {
    fn from(roll: &qframe_data::Roll) -> Self {
        Self {
            date: format!("{:#}", roll.day),
            priced_at: roll.at.to_string(),
            from: roll.from.to_string(),
            to: roll.to.to_string(),
            from_price: roll.from_close,
            to_price: roll.to_close,
            ratio: roll.ratio().map(|ratio| format!("{ratio:.9}")),
            difference: roll.difference(),
        }
    }
}
