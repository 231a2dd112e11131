//! `qframe data check`: what is wrong with data, and how good it is.
use std::io::Write;

use qframe_data::catalog::Catalog;
use qframe_data::quality::{Grade, QuoteCheck, Report, TradeCheck};
use qframe_data::{DataKey, Kind, Rows};
use qframe_model::time::Time;
use serde::Serialize;

use super::subject::{Knowledge, Known, Subject};
use crate::error::Error;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: qframe data check AAPL=aapl.csv --hours NYSE\n          \
                        qframe data check BTC/USDT@binance --json")]
pub(crate) struct Args {
    /// Files, SYMBOL=FILE, or names of the catalog such as BTC/USDT@binance
    #[arg(required = true, value_name = "SYMBOL|FILE")]
    subjects: Vec<String>,
    #[command(flatten)]
    known: Known,
    /// Refuse (exit code 1) where anything is worse than this grade: high, medium or low
    #[arg(long, value_name = "GRADE")]
    at_least: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What came of one subject.
#[derive(Serialize)]
struct Answer {
    name: String,
    kind: &'static str,
    timeframe: Option<String>,
    start: Option<Time>,
    end: Option<Time>,
    hours: &'static str,
    notes: Vec<String>,
    quality: Report,
}

const GRADES: [(&str, Grade); 3] = [("high", Grade::High), ("medium", Grade::Medium), ("low", Grade::Low)];
const UNCHECKED: &str = "not checked; only bars, trades and quotes are";
const OWN_WEEK: &str = "the file's own week";

impl Args {
    pub(crate) fn run(self) -> Result<(), Error> {
        let least = self.at_least.as_deref().map(grade).transpose()?;
        let known = self.known.read()?;
        let (mut answers, mut unchecked) = (Vec::new(), Vec::new());
        for word in &self.subjects {
            for subject in known.subjects(word)? {
                match answer(&subject, &known)? {
                    Some(answer) => answers.push(answer),
                    None => unchecked.push(format!("{}: {UNCHECKED}", name_of(&subject))),
                }
            }
        }
        if answers.is_empty() && !unchecked.is_empty() {
            return Err(Error::Several(unchecked));
        }
        unchecked.iter().try_for_each(|what| writeln!(std::io::stderr(), "warning: {what}"))?;
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &answers).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            answers.iter().try_for_each(|answer| print(answer, &mut out))?;
        }
        let worse = |answer: &&Answer| least.is_some_and(|least| answer.quality.grade > least);
        match answers.iter().find(worse) {
            Some(answer) => Err(Error::Refused(format!("{}: grade {}", answer.name, answer.quality.grade))),
            None => Ok(()),
        }
    }
}

fn grade(word: &str) -> Result<Grade, Error> {
    let found = GRADES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, grade)| grade).ok_or_else(|| Error::usage("--at-least", word, "expected high, medium or low"))
}

/// `None` for kinds of rows that have no rules here.
fn name_of(subject: &Subject) -> String {
    match subject {
        Subject::File(path, _) => path.display().to_string(),
        Subject::Set(_, key) => key.to_string(),
    }
}

/// `None` for rows of a kind that has no check.
fn answer(subject: &Subject, known: &Knowledge) -> Result<Option<Answer>, Error> {
    let name = name_of(subject);
    let Some(judged) = known.judged(subject)? else {
        let Subject::Set(catalog, key) = subject else { return Ok(None) };
        return stream(catalog, key, known, name);
    };
    let rules = judged.rules();
    let kind = if let Subject::Set(_, key) = subject { key.kind } else { Kind::Bars };
    Ok(Some(Answer {
        name,
        kind: kind.name(),
        timeframe: Some(rules.frame.to_string()),
        start: judged.bars().first().map(|bar| bar.time),
        end: judged.bars().last().map(|bar| bar.time),
        hours: rules.hours.map_or(OWN_WEEK, |hours| hours.name()),
        notes: judged.audit.why.clone(),
        quality: judged.audit.report(&rules),
    }))
}

/// Trades and quotes go by one after the other.
fn stream(catalog: &Catalog, key: &DataKey, known: &Knowledge, name: String) -> Result<Option<Answer>, Error> {
    let (mut trades, mut quotes) = (TradeCheck::new(known.tick), QuoteCheck::new(known.tick));
    for rows in catalog.scan(key, Time::MIN..Time::MAX).map_err(Error::refused)? {
        match rows.map_err(Error::refused)? {
            Rows::Trades(rows) => rows.iter().for_each(|row| trades.push(row)),
            Rows::Quotes(rows) => rows.iter().for_each(|row| quotes.push(row)),
            _ => return Ok(None),
        }
    }
    let facts = catalog.facts(key).map_err(Error::refused)?;
    let quality = if key.kind == Kind::Quotes { quotes.finish() } else { trades.finish() };
    Ok(Some(Answer {
        name,
        kind: key.kind.name(),
        timeframe: None,
        start: facts.as_ref().map(|facts| facts.first),
        end: facts.as_ref().map(|facts| facts.last),
        hours: "none",
        notes: Vec::new(),
        quality,
    }))
}

fn print(answer: &Answer, out: &mut dyn Write) -> Result<(), Error> {
    let Answer { name, kind, timeframe, start, end, hours, notes, quality } = answer;
    let frame = timeframe.as_deref().map(|frame| format!(" of {frame}")).unwrap_or_default();
    write!(out, "{name}: {} rows, {kind}{frame}", quality.rows)?;
    if let (Some(start), Some(end)) = (start, end) {
        write!(out, " from {start:#} to {end:#}")?;
    }
    writeln!(out, ", hours: {hours}")?;
    notes.iter().try_for_each(|note| writeln!(out, "  {note}"))?;
    Ok(write!(out, "{quality}")?)
}
