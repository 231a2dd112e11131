//! `qframe data show`: what is known of a data set, and some of its rows.
use std::io::Write;

use qframe_data::catalog::{InstrumentFacts, InterestFacts, Joined, Remark};
use qframe_data::{Catalog, DataKey, Facts, Kind, Loaded, Rows, SetFacts, header, write_rows};
use qframe_model::count::counted;
use qframe_model::time::{Time, TimeFrame};
use serde::Serialize;
use serde_json::{Value, json};

use super::list::{Named, Row};
use super::{Period, Which, size};
use crate::error::Error;
use crate::run::security::Held;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe data show BTC/USDT --kind bars --rows 3
  qframe data show BTC/USDT@binance --kind trades --from 2021-01-08 --rows 20
  qframe data show FB:2012-05-18@usa             (a security, and which rows of its tickers are its own)")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    period: Period,
    /// How many of the first and of the last rows; of a period, how many of its first.
    #[arg(long, value_name = "NUMBER", default_value_t = 5)]
    rows: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How many remarks are shown; all are counted.
const REMARKS: usize = 10;
/// Gaps of longer sets are not looked for: their bars would take too much memory at once.
const GAPS_OF: u64 = 5_000_000;

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    set: Row,
    periods: Vec<File>,
    gaps: Option<String>,
    instrument: Option<InstrumentFacts>,
    /// Of the contract: how many were open at the end of a day.
    open_interest: Option<Interest>,
    /// Those that were ever called so.
    securities: Vec<String>,
    remarks: Vec<String>,
    remarks_in_all: u64,
    /// By the names of the columns, in their order.
    first_rows: Vec<Value>,
    last_rows: Vec<Value>,
}

#[derive(Serialize)]
struct Interest {
    days: usize,
    first: Time,
    last: Time,
    /// How many were open at the end of the last day.
    latest: u64,
}

impl Interest {
    fn of(days: &[(Time, u64)]) -> Option<Self> {
        let (&(first, _), &(last, latest)) = days.first().zip(days.last())?;
        Some(Self { days: days.len(), first, last, latest })
    }
}

#[derive(Serialize)]
struct File {
    period: String,
    rows: u64,
    bytes: u64,
    hash: String,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let catalog = self.which.root.open()?;
        if let Some(held) = self.which.security(&catalog)? {
            return self.security(&catalog, &held);
        }
        if let Some(known) = self.interest_alone(&catalog)? {
            return self.interest(&catalog, &known);
        }
        let (catalog, key) = self.which.open()?;
        let range = self.period.range()?;
        let facts = catalog.facts(&key)?;
        let facts = facts.ok_or_else(|| Error::Refused(format!("{key}: the data set holds no rows")))?;
        let (first, last) = if self.period.is_given() {
            (head(&catalog, &key, range, self.rows)?, Vec::new())
        } else {
            ends(&catalog, &facts, self.rows)?
        };
        let (remarks, in_all) = remarks(&catalog, &key)?;
        let gaps = gaps(&catalog, &facts)?;
        let instrument = catalog.instrument(&key.symbol, &key.venue)?;
        let securities = catalog.securities(&key.venue)?;
        let securities: Vec<String> = securities.called(key.symbol.as_str()).iter().map(ToString::to_string).collect();
        let open = Interest::of(&catalog.open_interest(&key.symbol, &key.venue)?);
        let mut out = std::io::stdout().lock();
        if !self.json {
            return text(
                (&facts, &securities),
                gaps,
                (instrument, open),
                (&remarks, in_all),
                (&first, &last),
                &mut out,
            )
            .map_err(Error::from);
        }
        let file = |file: &qframe_data::catalog::FileFacts| File {
            period: file.period.to_string(),
            rows: file.rows,
            bytes: file.bytes,
            hash: file.hash.to_string(),
        };
        let shown = Shown {
            set: Row::from(&facts),
            periods: facts.files.iter().map(file).collect(),
            gaps,
            instrument,
            open_interest: open,
            securities,
            remarks,
            remarks_in_all: in_all,
            first_rows: values(&first)?,
            last_rows: values(&last)?,
        };
        serde_json::to_writer_pretty(&mut out, &shown).map_err(std::io::Error::from)?;
        Ok(writeln!(out)?)
    }
}

impl Args {
    /// Of a contract that has no rows of its own, what is known of its open interest.
    fn interest_alone(&self, catalog: &Catalog) -> Result<Option<InterestFacts>, Error> {
        if !catalog.find(&self.which.name, None, None)?.is_empty() {
            return Ok(None);
        }
        let (symbol, venue) = self.which.name.split_once('@').unwrap_or((&self.which.name, ""));
        let is_meant = |known: &InterestFacts| {
            known.symbol.as_str().eq_ignore_ascii_case(symbol) && (venue.is_empty() || known.venue == venue)
        };
        Ok(catalog.open_interest_facts()?.into_iter().find(is_meant))
    }

    fn interest(&self, catalog: &Catalog, known: &InterestFacts) -> Result<(), Error> {
        let days = catalog.open_interest(&known.symbol, &known.venue)?;
        let range = self.period.range()?;
        let asked = days.iter().filter(|(day, _)| range.contains(day)).take(self.rows);
        let mut out = std::io::stdout().lock();
        if self.json {
            let rows: Vec<Value> = asked.map(|(day, open)| json!({"time": day, "open": open})).collect();
            let said = json!({"set": Row::from(known), "first_rows": rows});
            return Ok(writeln!(out, "{said:#}")?);
        }
        writeln!(out, "{}@{} open interest", known.symbol, known.venue)?;
        writeln!(out, "  rows     {}", known.days)?;
        writeln!(out, "  from     {:#} to {:#}", known.first, known.last)?;
        writeln!(out, "time,open")?;
        Ok(asked.into_iter().try_for_each(|(day, open)| writeln!(out, "{day:#},{open}"))?)
    }

    /// A security: all it was called, and which bars are its own.
    fn security(&self, catalog: &Catalog, held: &Held) -> Result<(), Error> {
        let range = self.period.range()?;
        let mut frames: Vec<_> = held.keys(catalog, Kind::Bars)?.into_iter().filter_map(|key| key.frame).collect();
        frames.sort();
        frames.dedup();
        frames.retain(|frame| self.which.timeframe.is_none_or(|wanted| wanted == *frame));
        let joined = frames.into_iter().map(|frame| Ok((frame, held.bars(catalog, (Kind::Bars, frame), &range)?)));
        let joined = joined.collect::<Result<Vec<_>, Error>>()?;
        let actions = held.actions(catalog)?.len();
        let mut out = std::io::stdout().lock();
        if self.json {
            let bars = |(frame, joined): &(TimeFrame, Joined)| {
                json!({
                    "timeframe": frame.to_string(), "rows": joined.bars.len(), "notes": held.notes(joined),
                })
            };
            let bars: Vec<Value> = joined.iter().map(bars).collect();
            let said = json!({"security": Named::new(&held.venue, &held.security), "bars": bars, "actions": actions});
            return Ok(writeln!(out, "{said:#}")?);
        }
        for listing in held.security.listings() {
            let until = if listing.until == Time::MAX { "on".to_owned() } else { format!("until {:#}", listing.until) };
            writeln!(out, "{}  {} from {:#} {until}", held.security.id(), listing.ticker, listing.from)?;
        }
        for (frame, joined) in &joined {
            writeln!(out, "{} of {frame}", counted(joined.bars.len(), "bar"))?;
            held.notes(joined).iter().skip(1).try_for_each(|note| writeln!(out, "  {note}"))?;
        }
        Ok(writeln!(out, "{actions} dividends and splits")?)
    }
}

/// The first rows of a range.
fn head(catalog: &Catalog, key: &DataKey, range: std::ops::Range<Time>, count: usize) -> Result<Vec<Rows>, Error> {
    let (mut found, mut left) = (Vec::new(), count);
    let mut batches = catalog.scan(key, range)?;
    while let Some(rows) = if left > 0 { batches.next() } else { None } {
        let mut rows = rows?;
        rows.truncate(left);
        left -= rows.len();
        found.push(rows);
    }
    Ok(found)
}

/// The first and the last rows, none twice.
fn ends(catalog: &Catalog, facts: &SetFacts, count: usize) -> Result<(Vec<Rows>, Vec<Rows>), Error> {
    let first = head(catalog, &facts.key, Time::MIN..Time::MAX, count)?;
    let rest = usize::try_from(facts.rows).unwrap_or(usize::MAX).saturating_sub(count);
    Ok((first, catalog.tail(&facts.key, rest.min(count))?))
}

fn gaps(catalog: &Catalog, facts: &SetFacts) -> Result<Option<String>, Error> {
    let Some(frame) = facts.key.frame else { return Ok(None) };
    if facts.rows > GAPS_OF {
        return Ok(Some(format!("not looked for in more than {GAPS_OF} bars")));
    }
    let bars = catalog.bars(&facts.key, Time::MIN..Time::MAX)?;
    let loaded = Loaded { bars, time_frame: frame, why: Vec::new(), facts: Facts::default() };
    Ok(Some(loaded.gaps_within(facts.first, loaded.known_until()).to_string()))
}

/// The first remarks, and how many there are.
fn remarks(catalog: &Catalog, key: &DataKey) -> Result<(Vec<String>, u64), Error> {
    let (mut shown, mut count) = (Vec::new(), 0);
    for remark in catalog.remarks(key)? {
        let (source, remark) = remark?;
        count += 1;
        if shown.len() < REMARKS {
            shown.push(match remark {
                Remark::Note(note) => format!("{source}: {note}"),
                Remark::Finding(finding) => {
                    let file = finding.file.as_deref().unwrap_or(&source);
                    let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
                    let time = finding.time.map(|time| format!("{time:#}: ")).unwrap_or_default();
                    format!("{file}{line}: {time}{}: {}", finding.defect, finding.text)
                }
            });
        }
    }
    Ok((shown, count))
}

/// Rows as objects.
fn values(batches: &[Rows]) -> Result<Vec<Value>, Error> {
    let mut values = Vec::new();
    for rows in batches {
        let list = match rows {
            Rows::Bars(rows) => serde_json::to_value(rows),
            Rows::Trades(rows) => serde_json::to_value(rows),
            Rows::Quotes(rows) => serde_json::to_value(rows),
            Rows::Book(rows) => serde_json::to_value(rows),
            Rows::Funding(rows) => serde_json::to_value(rows),
            Rows::Actions(rows) => serde_json::to_value(rows),
        };
        match list.map_err(std::io::Error::from)? {
            Value::Array(list) => values.extend(list),
            other => values.push(other),
        }
    }
    Ok(values)
}

fn text(
    (facts, securities): (&SetFacts, &[String]),
    gaps: Option<String>,
    (instrument, open): (Option<InstrumentFacts>, Option<Interest>),
    (remarks, in_all): (&[String], u64),
    (first, last): (&[Rows], &[Rows]),
    out: &mut dyn Write,
) -> std::io::Result<()> {
    writeln!(out, "{}", facts.key)?;
    writeln!(out, "  rows     {}", facts.rows)?;
    writeln!(out, "  from     {:#} to {:#}", facts.first, facts.last)?;
    writeln!(out, "  size     {} in {}", size(facts.bytes), counted(facts.files.len(), "file"))?;
    writeln!(out, "  content  {}", facts.hash)?;
    securities.iter().try_for_each(|security| writeln!(out, "  security {security}"))?;
    gaps.map_or(Ok(()), |gaps| writeln!(out, "  gaps     {gaps}"))?;
    if let Some(known) = instrument {
        let mut said = Vec::new();
        let mut say = |name: &str, value: Option<String>| said.extend(value.map(|value| format!("{name} {value}")));
        say("class", known.asset_class);
        say("currency", known.currency.map(|currency| currency.to_string()));
        say("tick", known.tick.map(|tick| tick.to_string()));
        say("lot", known.lot.map(|lot| lot.to_string()));
        say("least", known.min_quantity.map(|least| least.to_string()));
        say("most", known.max_quantity.map(|most| most.to_string()));
        say("lowest", known.min_price.map(|lowest| lowest.to_string()));
        say("highest", known.max_price.map(|highest| highest.to_string()));
        say("worth", known.min_notional.map(|least| format!("{least} or more")));
        say("multiplier", known.multiplier.map(|multiplier| multiplier.to_string()));
        say("hours", known.hours);
        say("expiry", known.expiry.map(|expiry| format!("{expiry:#}")));
        say("id", known.security_id);
        writeln!(out, "  trades   {}", said.join(", "))?;
    }
    if let Some(Interest { days, first, last, latest }) = open {
        writeln!(
            out,
            "  open     interest of {}, {first:#} to {last:#}, then {latest} contracts",
            counted(days, "day")
        )?;
    }
    for remark in remarks {
        writeln!(out, "  note     {remark}")?;
    }
    if in_all > remarks.len() as u64 {
        writeln!(out, "  note     and {} more in findings/ beside its files", in_all - remarks.len() as u64)?;
    }
    writeln!(out, "{}", header(facts.key.kind))?;
    first.iter().try_for_each(|rows| write_rows(&mut *out, rows))?;
    if !last.is_empty() {
        writeln!(out, "...")?;
    }
    last.iter().try_for_each(|rows| write_rows(&mut *out, rows))
}
