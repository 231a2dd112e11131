//! `qframe data check`: what is wrong with data, and how good it is.
use std::io::{Read, Write};
use std::path::Path;

use qframe_data::catalog::Catalog;
use qframe_data::import::ImportFault;
use qframe_data::quality::{Content, Grade, Looked, Report, StreamCheck, may_hold_several};
use qframe_data::{DataKey, Kind};
use qframe_model::count::counted;
use qframe_model::symbol::Symbol;
use qframe_model::time::Time;
use serde::Serialize;

use super::subject::{Judged, Knowledge, Known, Subject};
use crate::error::Error;
use crate::run::security;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples: qframe data check AAPL=aapl.csv --hours NYSE\n          \
                        qframe data check BTC/USDT@binance --json\n          \
                        qframe data check months.zip funding.csv stream.gz --at-least medium")]
pub(crate) struct Args {
    /// Files, SYMBOL=FILE, or names of the catalog such as BTC/USDT@binance; the id of a security (FB:2012-05-18@usa) is the bars of
    /// all its tickers as one
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
const NO_HOURS: &str = "not known";
const OWN_WEEK: &str = "the file's own week";

impl Args {
    pub(crate) fn run(self) -> Result<(), Error> {
        let least = self.at_least.as_deref().map(grade).transpose()?;
        let known = self.known.read()?;
        let (mut answers, mut refused) = (Vec::new(), Vec::new());
        for word in &self.subjects {
            for subject in known.subjects(word)? {
                match &subject {
                    Subject::Set(catalog, key) => answers.push(match known.judged(&subject)? {
                        Some(judged) => {
                            let answer = bars(key.to_string(), key.kind, &judged);
                            let notes = answer.notes.into_iter().chain(several_tickers(catalog, key)).collect();
                            Answer { notes, ..answer }
                        }
                        None => stream(catalog, key, &known)?,
                    }),
                    Subject::Security(catalog, held) => {
                        let (judged, notes) = known.judged_security(catalog, held)?;
                        let answer = bars(held.security.id().to_string(), Kind::Bars, &judged);
                        answers.push(Answer { notes, ..answer });
                    }
                    Subject::File(path, symbol) => {
                        file(&subject, (path, symbol.as_ref()), &known, &mut answers, &mut refused);
                    }
                }
            }
        }
        if answers.is_empty() && !refused.is_empty() {
            return Err(Error::Several(refused));
        }
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &answers).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            answers.iter().try_for_each(|answer| print(answer, &mut out))?;
        }
        let worse = |answer: &&Answer| least.is_some_and(|least| answer.quality.grade > least);
        let worse =
            answers.iter().filter(worse).map(|answer| format!("{}: grade {}", answer.name, answer.quality.grade));
        refused.extend(worse);
        if refused.is_empty() { Ok(()) } else { Err(Error::Several(refused)) }
    }
}

/// Says of a ticker that is not all its security was called that its set is not all there is.
fn several_tickers(catalog: &Catalog, key: &DataKey) -> Option<String> {
    let name = key.name();
    // Where a ticker was that of several, its set is of no one security either.
    let held = security::named(catalog, "", &name, &(Time::MIN..Time::MAX)).ok()??;
    let security = held.security.clone();
    (!held.is_plain()).then(|| {
        format!(
            "this is the set of {name} alone, of the security {security}; `qframe data check {}@{}` looks at the bars of all \
             its tickers as one",
            security.id(),
            held.venue
        )
    })
}

fn grade(word: &str) -> Result<Grade, Error> {
    let found = GRADES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, grade)| grade).ok_or_else(|| Error::usage("--at-least", word, "expected high, medium or low"))
}

fn bars(name: String, kind: Kind, judged: &Judged) -> Answer {
    let rules = judged.rules();
    Answer {
        name,
        kind: kind.name(),
        timeframe: Some(rules.frame.to_string()),
        start: judged.bars().first().map(|bar| bar.time),
        end: judged.bars().last().map(|bar| bar.time),
        hours: rules.hours.map_or(OWN_WEEK, |hours| hours.name()),
        notes: judged.audit.why.clone(),
        quality: judged.audit.report(&rules),
    }
}

/// A file of text that holds bars is looked at line by line; any other as import reads it.
fn file(
    subject: &Subject,
    (path, symbol): (&Path, Option<&Symbol>),
    known: &Knowledge,
    answers: &mut Vec<Answer>,
    refused: &mut Vec<String>,
) {
    let plain = if known.wants(Kind::Bars) { Some(known.judged(subject)) } else { None };
    let several = || Some(known.looked(path, symbol)).filter(|looked| looked.sets.len() > 1);
    let looked = match &plain {
        Some(Ok(Some(judged))) => match may_hold_several(path).then(several).flatten() {
            Some(looked) => looked,
            None => {
                return answers.push(bars(path.display().to_string(), Kind::Bars, judged));
            }
        },
        _ => known.looked(path, symbol),
    };
    if looked.sets.is_empty() && looked.empty.is_empty() {
        // Of what is text and no data, the reader of bars tells more.
        let unknown = looked.refused.iter().any(|refused| matches!(refused.fault, ImportFault::Unknown(_)));
        match plain {
            Some(Err(error)) if unknown && !is_json(path) => refused.push(error.to_string()),
            _ => refused.extend(looked.refused.iter().map(ToString::to_string)),
        }
        return;
    }
    let empty = looked.empty.iter().map(|(file, dialect)| format!("{file}: {dialect}: no rows to check"));
    refused.extend(looked.refused.iter().map(ToString::to_string).chain(empty));
    answers.extend(looked.sets.iter().map(|set| of_file((path, symbol), set, known)));
}

fn is_json(path: &Path) -> bool {
    // What is read of a pipe is gone.
    if !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(256).read_to_end(&mut head));
    read.is_ok() && matches!(head.trim_ascii_start().first(), Some(b'[' | b'{'))
}

/// What came of one set of a file.
fn of_file((path, symbol): (&Path, Option<&Symbol>), set: &Looked, known: &Knowledge) -> Answer {
    let Looked { file, key, is_named, why, period, content, findings } = set;
    let name = if *is_named { format!("{file}: {}@{}", key.symbol, key.venue) } else { file.clone() };
    match content {
        Content::Bars(audit) => {
            let answer = bars(name, key.kind, &known.judged_looked(path, set, audit));
            Answer { notes: why.clone(), quality: answer.quality.with_findings(findings), ..answer }
        }
        Content::Rows(report) => Answer {
            name,
            kind: key.kind.name(),
            timeframe: None,
            start: period.map(|(first, _)| first),
            end: period.map(|(_, last)| last),
            hours: known.hours_of_stream(key, *is_named, symbol).map_or(NO_HOURS, |hours| hours.name()),
            notes: why.clone(),
            quality: (**report).clone().with_findings(findings),
        },
    }
}

/// Rows that are no bars go by one after the other.
fn stream(catalog: &Catalog, key: &DataKey, known: &Knowledge) -> Result<Answer, Error> {
    let (market, notes) = known.market(catalog, key)?;
    let hours = market.hours.map_or(NO_HOURS, |hours| hours.name());
    let mut check = StreamCheck::new(key.kind, market).ok_or_else(|| Error::Refused(format!("{key}: rows of bars")))?;
    for rows in catalog.scan(key, Time::MIN..Time::MAX).map_err(Error::refused)? {
        check.push(&rows.map_err(Error::refused)?);
    }
    let facts = catalog.facts(key).map_err(Error::refused)?;
    Ok(Answer {
        name: key.to_string(),
        kind: key.kind.name(),
        timeframe: None,
        start: facts.as_ref().map(|facts| facts.first),
        end: facts.as_ref().map(|facts| facts.last),
        hours,
        notes,
        quality: check.finish(),
    })
}

fn print(answer: &Answer, out: &mut dyn Write) -> Result<(), Error> {
    let Answer { name, kind, timeframe, start, end, hours, notes, quality } = answer;
    let frame = timeframe.as_deref().map(|frame| format!(" of {frame}")).unwrap_or_default();
    write!(out, "{name}: {}, {kind}{frame}", counted(quality.rows, "row"))?;
    if let (Some(start), Some(end)) = (start, end) {
        write!(out, " from {start:#} to {end:#}")?;
    }
    writeln!(out, ", hours: {hours}")?;
    notes.iter().try_for_each(|note| writeln!(out, "  {note}"))?;
    Ok(write!(out, "{quality}")?)
}
