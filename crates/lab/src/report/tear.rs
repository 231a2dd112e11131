//! A tear sheet for the terminal and as JSON.
use std::io::{BufWriter, Write};

use qframe_model::time::Time;
use qframe_quant::performance::{Episode, Unit, iso_duration};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::attribution::Table;
use super::chance::{self, Chance, MonteCarlo};
use super::columns::{Columns, Outliers};
use super::periods::{self, periods};
use super::track::{Compared, Track};
use super::trailing::{Trailing, trailing};
use super::{ReportError, Style, plot, text};

/// What a tear sheet tells of.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    /// The curve, and what it is compared with.
    pub track: &'a Track,
    /// Sentences on where it comes from.
    pub notes: &'a [String],
    /// What its returns came to in other orders, where that was asked for.
    pub chance: Option<&'a Chance>,
}

/// Drawdowns that the terminal lists; JSON has all of them.
const LISTED: usize = 5;

/// Writes the tear sheet of any curve for a terminal: what it is, all metrics, the deepest drawdowns, the years, the curve.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn sheet_terminal(sheet: &Sheet<'_>, style: Style, out: &mut dyn Write) -> Result<(), ReportError> {
    let Sheet { track, notes, chance } = *sheet;
    let mut out = BufWriter::new(out);
    let date = |ns: i64| format!("{:#}", Time::from_nanos(ns));
    let (first, last) = (track.times_ns[0], track.times_ns[track.times_ns.len() - 1]);
    let returns = text::counted(track.values.len() - 1, &format!("{} return", track.word()));
    writeln!(out, "{}: {} to {}, {returns}", track.name, date(first), date(last))?;
    for note in notes {
        writeln!(out, "  {note}")?;
    }
    writeln!(out)?;
    let beside = track.beside.as_ref().map_or("", |beside| beside.name.as_str());
    writeln!(out, "{:<38}{:>16}{:>18}", "Metric", "Value", beside.chars().take(16).collect::<String>())?;
    for metric in track.metrics() {
        let market = metric.benchmark.map_or_else(String::new, |value| shown(metric.own.unit, Some(value)));
        let line = format!("{:<38}{:>16}{market:>18}", metric.own.name, shown(metric.own.unit, metric.own.value));
        writeln!(out, "{}", line.trim_end())?;
    }
    drawdown_lines(track, &mut out)?;
    writeln!(out, "\n{:<8}{:>12}{:>18}", "Year", "Return", beside.chars().take(16).collect::<String>())?;
    for (year, own, market) in track.years() {
        let market = market.map_or_else(String::new, |market| text::percent(Some(market * 100.0)));
        let line = format!("{year:<8}{:>12}{market:>18}", text::percent(Some(own * 100.0)));
        writeln!(out, "{}", line.trim_end())?;
    }
    trailing_lines(track, &mut out)?;
    period_lines(track, &mut out)?;
    if let Some(chance) = chance {
        chance_lines(chance, &mut out)?;
    }
    writeln!(out)?;
    for line in plot::lines_of(track, style) {
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

fn drawdown_lines(track: &Track, out: &mut impl Write) -> Result<(), ReportError> {
    let date = |ns: i64| format!("{:#}", Time::from_nanos(ns));
    let episodes = track.drawdowns(LISTED);
    if episodes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{:<12}{:<14}{:<14}{:<14}{:>12}", "Drawdown", "Peak", "Lowest", "Recovered", "Length")?;
    for episode in episodes {
        let recovered = episode.recovery_ns.map_or_else(|| "not yet".to_owned(), date);
        let length = text::duration(episode.recovery_ns.unwrap_or(episode.end_ns) - episode.peak_ns);
        let depth = text::percent(Some(episode.depth * 100.0));
        let (peak, lowest) = (date(episode.peak_ns), date(episode.trough_ns));
        writeln!(out, "{depth:<12}{peak:<14}{lowest:<14}{recovered:<14}{length:>12}")?;
    }
    Ok(())
}

fn trailing_lines(track: &Track, out: &mut impl Write) -> Result<(), ReportError> {
    let beside = track.beside.as_ref().map_or("", |beside| beside.name.as_str());
    writeln!(out, "\n{:<16}{:>12}{:>18}", "Up to the end", "Return", beside.chars().take(16).collect::<String>())?;
    for Trailing { span, own, benchmark } in trailing(track).iter().filter(|trailing| trailing.own.is_some()) {
        let [own, market] = [own, benchmark].map(|share| share.map(|share| text::percent(Some(share * 100.0))));
        let line = format!("{:<16}{:>12}{:>18}", span.name(), own.unwrap_or_default(), market.unwrap_or_default());
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn period_lines(track: &Track, out: &mut impl Write) -> Result<(), ReportError> {
    let periods = periods(track);
    if periods.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:<12}{:>10}{:>14}{:>12}{:>12}{:>12}",
        "Returns", "Number", "Expected", "Best", "Worst", "Gained"
    )?;
    for own in periods {
        let [expected, best, worst, gained] = ["expected_return", "best", "worst", "win_rate"]
            .map(|name| own.figure(name).map_or_else(String::new, |(unit, value)| shown(unit, value)));
        let (name, number) = (own.name, text::count(own.count));
        writeln!(out, "{name:<12}{number:>10}{expected:>14}{best:>12}{worst:>12}{gained:>12}")?;
    }
    Ok(())
}

fn chance_lines(chance: &Chance, out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out)?;
    for row in
        std::iter::once(chance::head(chance).into_iter().map(str::to_owned).collect()).chain(chance::rows(chance))
    {
        let cells: String = row[1..].iter().map(|cell| format!("{cell:>15}")).collect();
        writeln!(out, "{:<18}{cells}", row[0])?;
    }
    Ok(writeln!(out, "{}", chance::told(chance))?)
}

/// A metric as page and terminal show it.
pub(super) fn shown(unit: Unit, value: Option<f64>) -> String {
    match unit {
        Unit::Share => text::percent(value.map(|share| share * 100.0)),
        Unit::Number => text::number(value, 3),
        Unit::Count => text::number(value.map(f64::ceil), 0),
    }
}

/// Writes the tear sheet as one JSON object: `version name start end returns periods_per_year notes metrics benchmark conventions
/// aliases drawdowns months years trailing periods distribution outliers`, `montecarlo` and its kin, `series`. Metrics are numbers by name
/// (shares as fractions), `null` where not defined; `benchmark` has those of the benchmark alone.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn sheet_json(sheet: &Sheet<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let Sheet { track, notes, chance } = *sheet;
    let metrics = track.metrics();
    let [start, end] = [track.times_ns[0], track.times_ns[track.times_ns.len() - 1]].map(Time::from_nanos);
    let (months, periods) = (track.months(), periods(track));
    let object = Object {
        version: 1,
        name: &track.name,
        start,
        end,
        returns: track.values.len() - 1,
        periods_per_year: track.options.periods_per_year,
        notes,
        metrics: Metrics(&metrics),
        benchmark: track.beside.as_ref().map(|beside| Benchmark { name: &beside.name, metrics: OfBenchmark(&metrics) }),
        conventions: Conventions(&metrics),
        aliases: Aliases(&metrics),
        drawdowns: drawdowns(track),
        months: months
            .iter()
            .map(|month| (format!("{}-{:02}", month.year, month.month), month.return_fraction))
            .collect(),
        years: track.years().into_iter().map(|(year, own, benchmark)| Year { year, own, benchmark }).collect(),
        trailing: trailing(track),
        periods: periods::Figures(&periods),
        distribution: periods::Distribution(&periods),
        outliers: Outliers::of(track),
        chance: chance.map(MonteCarlo::of),
        series: Columns::of(track),
    };
    let mut out = BufWriter::new(out);
    serde_json::to_writer(&mut out, &object)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}

#[derive(Serialize)]
struct Object<'a> {
    version: u32,
    name: &'a str,
    start: Time,
    end: Time,
    returns: usize,
    periods_per_year: f64,
    notes: &'a [String],
    metrics: Metrics<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    benchmark: Option<Benchmark<'a>>,
    conventions: Conventions<'a>,
    aliases: Aliases<'a>,
    drawdowns: Vec<Drawdown>,
    months: std::collections::BTreeMap<String, f64>,
    years: Vec<Year>,
    trailing: Vec<Trailing>,
    periods: periods::Figures<'a>,
    distribution: periods::Distribution<'a>,
    outliers: Option<Outliers>,
    #[serde(flatten)]
    chance: Option<MonteCarlo>,
    series: Option<Columns>,
}

#[derive(Serialize)]
struct Benchmark<'a> {
    name: &'a str,
    metrics: OfBenchmark<'a>,
}

#[derive(Serialize)]
struct Year {
    year: i64,
    #[serde(rename = "return")]
    own: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    benchmark: Option<f64>,
}

/// Metrics by name.
pub(super) struct Metrics<'a>(pub &'a [Compared]);

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|metric| (metric.own.name, metric.own.value)))
    }
}

struct OfBenchmark<'a>(&'a [Compared]);

impl Serialize for OfBenchmark<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let own = self.0.iter().filter(|metric| metric.benchmark.is_some());
        serializer.collect_map(own.map(|metric| (metric.own.name, metric.benchmark)))
    }
}

struct Conventions<'a>(&'a [Compared]);

impl Serialize for Conventions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|metric| (metric.own.name, metric.own.convention)))
    }
}

/// Another name of a metric, and its own.
struct Aliases<'a>(&'a [Compared]);

impl Serialize for Aliases<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = |metric: &Compared| metric.own.aliases().map(|alias| (alias, metric.own.name)).collect::<Vec<_>>();
        serializer.collect_map(self.0.iter().flat_map(of))
    }
}

/// A drawdown as JSON has it.
#[derive(Serialize)]
pub(super) struct Drawdown {
    depth: f64,
    depth_99: Option<f64>,
    peak: Time,
    start: Time,
    lowest: Time,
    end: Time,
    recovered: Option<Time>,
    length: String,
}

/// All drawdowns, the deepest first.
pub(super) fn drawdowns(track: &Track) -> Vec<Drawdown> {
    track.drawdowns(usize::MAX).iter().map(drawdown).collect()
}

fn drawdown(episode: &Episode) -> Drawdown {
    let [peak, start, lowest, end] =
        [episode.peak_ns, episode.start_ns, episode.trough_ns, episode.end_ns].map(Time::from_nanos);
    Drawdown {
        depth: episode.depth,
        depth_99: episode.depth_99,
        peak,
        start,
        lowest,
        end,
        recovered: episode.recovery_ns.map(Time::from_nanos),
        length: iso_duration(episode.recovery_ns.unwrap_or(episode.end_ns) - episode.peak_ns),
    }
}

/// Attribution by the name of what the trades have in common.
pub(super) struct Tables<'a>(pub &'a [Table]);

impl Serialize for Tables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (what, rows) in self.0 {
            map.serialize_entry(what, rows)?;
        }
        map.end()
    }
}
