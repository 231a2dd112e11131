//! One JSON object of a run, written as it is read: no part of it is built in memory, so ten million points cost none.
use std::io::{BufWriter, Write};

use qframe_model::number::Cash;
use qframe_model::time::{Time, TimeFrame};
use qframe_quant::performance::{Value, iso_duration};
use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use super::breakers::{Control, TripRow};
use super::charges::{self, Charges};
use super::costs::Costs;
use super::ended::{self, Left};
use super::track::{Compared, Track};
use super::{Facts, ReportError, attribution, costs, tear, terminal, trades};
use crate::dataset::DataSet;

/// The version of the object's form. Keys may be added under one number; a key that goes or changes takes the next.
const VERSION: u32 = 1;

/// Writes the object and a line end. Keys come in one order: `version strategy data settings stats conventions metrics
/// drawdowns costs attribution trades equity journal trading_state breakers lookahead`; money is text with every digit (fees,
/// funding, interest and dividends among the statistics too), other
/// statistics are numbers, `null` is undefined.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it; another one before the first byte.
pub fn json(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let report = Report::of(facts)?;
    let mut out = BufWriter::new(out);
    serde_json::to_writer(&mut out, &report)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

/// A run, and all of it that may not be there: half an object would help nobody.
struct Report<'a> {
    facts: &'a Facts<'a>,
    left: Vec<Left>,
    charges: Charges,
    costs: Option<Costs>,
    control: Control,
}

impl<'a> Report<'a> {
    fn of(facts: &'a Facts<'a>) -> Result<Self, ReportError> {
        let (left, charges) = (ended::left(facts)?, Charges::of(&facts.outcome.account)?);
        Ok(Self { facts, left, charges, costs: Costs::of(facts)?, control: Control::of(&facts.outcome.journal)? })
    }
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let facts = self.facts;
        let mut report = serializer.serialize_struct("Report", 16)?;
        report.serialize_field("version", &VERSION)?;
        report.serialize_field("strategy", &Strategy { name: facts.strategy, params: Params(facts.parameters) })?;
        report.serialize_field("data", &Data(facts, &self.left))?;
        report.serialize_field("settings", &Settings(facts.settings))?;
        report.serialize_field("stats", &Stats(facts, self.charges))?;
        let track = Track::of(facts);
        let metrics = track.metrics();
        report.serialize_field("conventions", &Conventions(facts, &metrics))?;
        report.serialize_field("metrics", &tear::Metrics(&metrics))?;
        report.serialize_field("drawdowns", &tear::drawdowns(&track))?;
        report.serialize_field("costs", &self.costs)?;
        report.serialize_field("attribution", &tear::Tables(&attribution::tables(facts)))?;
        report.serialize_field("trades", &Trades(facts))?;
        report.serialize_field("equity", &Equity(facts))?;
        report.serialize_field("journal", &Journal::of(facts))?;
        let control = &self.control;
        let trips: Vec<TripRow<'_>> = control.trips.iter().map(|tripped| TripRow::of(facts, tripped)).collect();
        report.serialize_field("trading_state", &control.state.to_string())?;
        report.serialize_field("breakers", &trips)?;
        report.serialize_field("lookahead", &facts.outcome.lookahead)?;
        report.end()
    }
}

#[derive(Serialize)]
struct Strategy<'a> {
    name: &'a str,
    params: Params<'a>,
}

/// A text that is how JSON would print a number or a flag is written as one.
struct Params<'a>(&'a [(String, String)]);

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, text) in self.0 {
            match plain(text) {
                Some(value) => map.serialize_entry(name, &value)?,
                None => map.serialize_entry(name, text)?,
            }
        }
        map.end()
    }
}

fn plain(text: &str) -> Option<serde_json::Value> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let printed = value.to_string();
    ((value.is_number() || value.is_boolean()) && printed == text).then_some(value)
}

struct Settings<'a>(&'a [(String, String)]);

impl Serialize for Settings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct Series<'a> {
    symbol: &'a str,
    timeframe: TimeFrame,
    start: Time,
    end: Time,
    bars: usize,
    source: &'a str,
    /// The id of the security, where the catalog knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    security: Option<&'a str>,
    gaps: Gaps,
    skipped: Skipped<'a>,
    notes: &'a [String],
    quality: Option<&'a qframe_data::quality::Report>,
    /// What the run has left of a symbol whose prices end before those of the others; `null` of others.
    ended: Option<&'a Left>,
}

/// What is absent of the file's own bars between the first and the last one that is used.
#[derive(Serialize)]
struct Gaps {
    missing: u64,
    holes: u64,
    longest: Option<Hole>,
}

#[derive(Serialize)]
struct Hole {
    from: Time,
    to: Time,
    missing: u64,
}

#[derive(Serialize)]
struct Skipped<'a> {
    rows: u64,
    by_reason: Vec<Reason<'a>>,
    timeframe_is_guessed: bool,
}

#[derive(Serialize)]
struct Reason<'a> {
    reason: &'a str,
    rows: u64,
}

impl<'a> Series<'a> {
    fn of(set: &'a DataSet, left: &'a [Left]) -> Self {
        let origin = set.origin();
        let (gaps, skipped) = (&origin.facts.gaps, &origin.facts.skipped);
        let hole = |hole: qframe_data::Hole| Hole { from: hole.from, to: hole.to, missing: hole.missing };
        let by_reason = skipped.by_reason.iter().map(|(reason, rows)| Reason { reason, rows: *rows }).collect();
        Self {
            symbol: set.instrument().symbol().as_str(),
            timeframe: set.frame(),
            start: set.bars()[0].time,
            end: set.bars()[set.bars().len() - 1].time,
            bars: set.bars().len(),
            source: &origin.name,
            security: origin.security.as_deref(),
            gaps: Gaps { missing: gaps.missing, holes: gaps.holes, longest: gaps.longest.map(hole) },
            skipped: Skipped { rows: skipped.total, by_reason, timeframe_is_guessed: skipped.frame_is_guessed },
            notes: &origin.notes,
            quality: origin.quality.as_ref(),
            ended: left.iter().find(|left| left.ended.symbol == *set.instrument().symbol()),
        }
    }
}

struct Data<'a>(&'a Facts<'a>, &'a [Left]);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.backtest.data().iter().map(|set| Series::of(set, self.1)))
    }
}

struct Stats<'a>(&'a Facts<'a>, Charges);

impl Serialize for Stats<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.0.outcome.statistics.rows();
        let charges = self.1.rows();
        let figures = rows.into_iter().map(|(name, value)| (name, value.map(Figure::Computed)));
        serializer
            .collect_map(figures.chain(charges.into_iter().map(|(name, amount)| (name, Some(Figure::Exact(amount))))))
    }
}

enum Figure {
    Computed(Value),
    Exact(Cash),
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Computed(Value::Time(nanos)) => Time::from_nanos(nanos).serialize(serializer),
            Self::Computed(Value::Duration(nanos)) => iso_duration(nanos).serialize(serializer),
            // JSON knows no NaN and no infinity: the writer makes them null.
            Self::Computed(Value::Number(number)) => number.serialize(serializer),
            Self::Computed(Value::Count(count)) => count.serialize(serializer),
            Self::Exact(amount) => amount.serialize(serializer),
        }
    }
}

/// Of the figures, and of the metrics.
struct Conventions<'a>(&'a Facts<'a>, &'a [Compared]);

impl Serialize for Conventions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let others = charges::CONVENTIONS.into_iter().chain(costs::CONVENTIONS).chain(trades::CONVENTIONS);
        let of_metrics = self.1.iter().map(|metric| (metric.own.name, metric.own.convention));
        let others = others.chain(terminal::LUCK).chain(of_metrics);
        let others = others.map(|(name, sentence)| (name, sentence.to_owned()));
        serializer.collect_map(self.0.outcome.statistics.conventions().into_iter().chain(others))
    }
}

struct Trades<'a>(&'a Facts<'a>);

impl Serialize for Trades<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(trades::rows(self.0))
    }
}

struct Equity<'a>(&'a Facts<'a>);

impl Serialize for Equity<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.outcome.curve.points())
    }
}

#[derive(Serialize)]
struct Journal {
    events: u64,
    hash: String,
}

impl Journal {
    fn of(facts: &Facts<'_>) -> Self {
        let journal = &facts.outcome.journal;
        Self { events: journal.events(), hash: journal.hash().to_string() }
    }
}
