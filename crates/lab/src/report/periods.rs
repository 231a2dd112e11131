//! A track's returns by day, week, month, quarter and year: how often they gain, and how they are spread.
use qframe_quant::performance::{Metric, Period, Spread, Unit, metrics, period_returns, period_sums};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::track::Track;

/// The returns of all periods of one length.
pub(super) struct Periods {
    /// `Daily`, `Weekly`, `Monthly`, `Quarterly`, `Yearly`.
    pub name: &'static str,
    /// How many there are.
    pub count: usize,
    /// By quantstats' names.
    pub figures: Vec<(&'static str, Unit, Option<f64>)>,
    /// Of weeks that end with their Monday, as quantstats has it.
    pub spread: Spread,
}

/// What quantstats takes an `aggregate` for, and where a metric of the same returns has it.
const FIGURES: [(&str, &str); 9] = [
    ("expected_return", "geometric_mean"),
    ("best", "best"),
    ("worst", "worst"),
    ("win_rate", "win_rate"),
    ("avg_return", "avg_return"),
    ("avg_win", "avg_win"),
    ("avg_loss", "avg_loss"),
    ("consecutive_wins", "consecutive_wins"),
    ("consecutive_losses", "consecutive_losses"),
];

/// The track's own returns, then those of every longer period. Empty where a return is not defined.
pub(super) fn periods(track: &Track) -> Vec<Periods> {
    let lengths = [
        ("Daily", Period::Own),
        ("Weekly", Period::Week),
        ("Monthly", Period::Month),
        ("Quarterly", Period::Quarter),
        ("Yearly", Period::Year),
    ];
    let own = lengths.iter().position(|(name, _)| name.eq_ignore_ascii_case(track.kind().0)).unwrap_or(0);
    let of = |(place, (name, period)): (usize, &(&'static str, Period))| {
        of(track, name, if place == 0 { Period::Own } else { *period })
    };
    lengths[own..].iter().enumerate().filter_map(of).collect()
}

fn of(track: &Track, name: &'static str, period: Period) -> Option<Periods> {
    let (returns, times) = (track.returns(), track.times_ns.get(1..)?);
    let grown = period_returns(times, &returns, period);
    let spread = match period {
        Period::Week => Spread::of(&period_returns(times, &returns, Period::WeekToMonday)),
        _ => Spread::of(&grown),
    }?;
    let (all, sums) = (metrics(&grown, &track.options), period_sums(times, &returns, period));
    let find = |all: &[Metric], name: &str| all.iter().find(|metric| metric.name == name).copied();
    let figure = |(name, own): (&'static str, &str)| find(&all, own).map(|metric| (name, metric.unit, metric.value));
    let pain = find(&metrics(&sums, &track.options), "gain_to_pain_ratio");
    let pain = pain.map(|metric| (metric.name, metric.unit, metric.value));
    let figures = FIGURES.into_iter().filter_map(figure).chain(pain).collect();
    Some(Periods { name, count: grown.len(), figures, spread })
}

impl Periods {
    /// A figure by its name.
    pub(super) fn figure(&self, name: &str) -> Option<(Unit, Option<f64>)> {
        self.figures.iter().find(|(own, ..)| *own == name).map(|(_, unit, value)| (*unit, *value))
    }
}

/// Figures by the name of the period.
pub(super) struct Figures<'a>(pub &'a [Periods]);

impl Serialize for Figures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|periods| (periods.name, OfOne(periods))))
    }
}

struct OfOne<'a>(&'a Periods);

impl Serialize for OfOne<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("returns", &self.0.count)?;
        for (name, _, value) in &self.0.figures {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// quantstats' `distribution`, with the quarters that it is made by.
pub(super) struct Distribution<'a>(pub &'a [Periods]);

impl Serialize for Distribution<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = |Spread { q1, median, q3, values, outliers }: &'_ Spread| Quarters {
            q1: *q1,
            median: *median,
            q3: *q3,
            values: values.clone(),
            outliers: outliers.clone(),
        };
        serializer.collect_map(self.0.iter().map(|periods| (periods.name, of(&periods.spread))))
    }
}

#[derive(Serialize)]
struct Quarters {
    q1: f64,
    median: f64,
    q3: f64,
    values: Vec<f64>,
    outliers: Vec<f64>,
}
