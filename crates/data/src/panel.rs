//! Closes of several assets at the same instants.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use qframe_model::count::counted;
use qframe_model::number::Price;
use qframe_model::time::Time;

use crate::csv::Wide;

/// The closes of an asset: instants, strictly rising, and the prices there.
pub type Closes = (String, Vec<(Time, Price)>);

/// A price of every asset at every instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Panel {
    /// Strictly rising; at least one.
    pub times: Vec<Time>,
    /// A column each; no two alike; at least one.
    pub names: Vec<String>,
    /// Row by row: `times.len() * names.len()`, above zero.
    pub closes: Vec<Price>,
    /// The last instant at which each asset has a price of its own, whether that row is kept or not.
    pub ends: Vec<Time>,
    /// What became of instants that not all assets have.
    pub aligned: Aligned,
}

/// What is done with an instant at which an asset has no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// It is left out: every price of a row was made at that instant.
    #[default]
    Inner,
    /// The last price of the asset stands in, however old it is. What is before the first price of any asset is left out.
    ForwardFill,
}

/// How much was left out or filled to bring all assets to the same instants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aligned {
    /// Instants at which any asset had a price.
    pub instants: usize,
    /// Those left out.
    pub dropped: usize,
    /// Prices that stand in for absent ones.
    pub filled: usize,
    /// The asset that is absent at most of the instants left out or filled, and at how many.
    pub worst: Option<(String, usize)>,
}

/// Why series make no panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PanelError {
    /// No series.
    Empty,
    /// Two series have this name.
    NameTwice(String),
    /// A series of this name without a price.
    NoPrice(String),
    /// No instant is left: its series, with their first and last instants.
    NothingInCommon(Vec<(String, Time, Time)>),
}

impl Panel {
    /// Brings series to the same instants.
    ///
    /// # Errors
    /// [`PanelError`]: no series, two of one name, one without prices, or no instant left.
    pub fn new(series: &[Closes], align: Align) -> Result<Self, PanelError> {
        check(series)?;
        let instants: BTreeSet<Time> = series.iter().flat_map(|(_, rows)| rows.iter().map(|(time, _)| *time)).collect();
        let mut panel = Self {
            times: Vec::new(),
            names: series.iter().map(|(name, _)| name.clone()).collect(),
            closes: Vec::new(),
            ends: series.iter().filter_map(|(_, rows)| Some(rows.last()?.0)).collect(),
            aligned: Aligned::default(),
        };
        panel.aligned.instants = instants.len();
        let (mut next, mut absent) = (vec![0; series.len()], vec![0; series.len()]);
        let mut last: Vec<Option<Price>> = vec![None; series.len()];
        for instant in instants {
            let mut missing = 0;
            for (asset, (_, rows)) in series.iter().enumerate() {
                match rows.get(next[asset]).filter(|(time, _)| *time == instant) {
                    Some((_, price)) => (last[asset], next[asset]) = (Some(*price), next[asset] + 1),
                    None => (missing, absent[asset]) = (missing + 1, absent[asset] + 1),
                }
            }
            let prices: Option<Vec<Price>> = last.iter().copied().collect();
            match prices.filter(|_| missing == 0 || align == Align::ForwardFill) {
                Some(prices) => panel.take(instant, &prices, missing),
                None => panel.aligned.dropped += 1,
            }
        }
        let worst = (0..series.len()).rev().max_by_key(|asset| absent[*asset]);
        panel.aligned.worst =
            worst.filter(|asset| absent[*asset] > 0).map(|asset| (panel.names[asset].clone(), absent[asset]));
        if panel.times.is_empty() { Err(apart(series)) } else { Ok(panel) }
    }

    /// Number of assets.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.names.len()
    }

    /// The prices at an instant, by its place.
    #[must_use]
    pub fn row(&self, place: usize) -> &[Price] {
        &self.closes[place * self.assets()..][..self.assets()]
    }

    /// The newest instant of all assets; the last row may be older.
    #[must_use]
    pub fn newest(&self) -> Time {
        self.ends.iter().copied().max().unwrap_or_default()
    }

    /// The instant that the price of an asset in the last row is of.
    #[must_use]
    pub fn priced(&self, asset: usize) -> Time {
        let last = self.times.last().copied().unwrap_or_default();
        self.ends[asset].min(last)
    }

    /// How many days that price is older than the newest of all.
    #[must_use]
    pub fn age_in_days(&self, asset: usize) -> i64 {
        self.newest().day() - self.priced(asset).day()
    }

    /// The closes of an asset, by its place.
    pub fn column(&self, asset: usize) -> impl Iterator<Item = Price> + '_ {
        self.closes.iter().skip(asset).step_by(self.assets()).copied()
    }

    /// Simple returns, row by row: `(times.len() - 1) * names.len()`.
    #[must_use]
    pub fn returns(&self) -> Vec<f64> {
        let assets = self.assets();
        let pairs = self.closes.iter().zip(self.closes.get(assets..).unwrap_or_default());
        pairs.map(|(before, now)| now.to_f64() / before.to_f64() - 1.0).collect()
    }

    /// Observations of a year: [`periods_per_year`] of its instants.
    #[must_use]
    pub fn periods_per_year(&self) -> f64 {
        periods_per_year(&self.times)
    }

    fn take(&mut self, instant: Time, prices: &[Price], filled: usize) {
        self.times.push(instant);
        self.closes.extend_from_slice(prices);
        self.aligned.filled += filled;
    }
}

/// Days without a price that a weekend and holidays explain, or that the last bar is not over, of so many observations a year: what has
/// none for longer, while others have, has ended.
#[must_use]
pub fn quiet_days(periods_per_year: f64) -> i64 {
    const OF_DAYS: i64 = 5;
    OF_DAYS.max((366.0 / periods_per_year).ceil() as i64)
}

/// Observations of a year at such times, by the most common step between them: 252 or 365 days (as Saturdays are absent or
/// there), 52 weeks, 12 months, 4 quarters, 2 half-years, 1 year; of any other step as many as 365 days have, which for minutes
/// and hours is too many where markets close.
#[must_use]
pub fn periods_per_year(times: &[Time]) -> f64 {
    const DAY: i64 = 86_400;
    // Days that end at other times of the day are days.
    let whole = |step: i64| if step > DAY * 3 / 4 { (step + DAY / 2) / DAY * DAY } else { step.max(1) };
    let mut steps: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in times.windows(2) {
        *steps.entry(whole((pair[1].nanos() - pair[0].nanos()) / 1_000_000_000)).or_default() += 1;
    }
    // 1970-01-01, day 0, was a Thursday.
    let has_saturdays = times.iter().any(|time| time.day().rem_euclid(7) == 2);
    // Of two that are as common, the shorter: the other has a hole.
    let step = steps.into_iter().rev().max_by_key(|(_, count)| *count).map_or(DAY, |(step, _)| step);
    match step / DAY {
        1 if has_saturdays => 365.0,
        1 => 252.0,
        7 => 52.0,
        26..=33 => 12.0,
        85..=97 => 4.0,
        175..=190 => 2.0,
        360..=370 => 1.0,
        _ => 365.0 * DAY as f64 / step as f64,
    }
}

impl Wide {
    /// A series a column, without its holes.
    #[must_use]
    pub fn into_series(self) -> Vec<Closes> {
        let count = self.names.len();
        let column = |asset: usize| {
            let closes = self.closes.iter().skip(asset).step_by(count);
            self.times.iter().zip(closes).filter_map(|(time, close)| Some((*time, (*close)?))).collect()
        };
        let columns: Vec<Vec<(Time, Price)>> = (0..count).map(column).collect();
        self.names.into_iter().zip(columns).collect()
    }
}

fn check(series: &[Closes]) -> Result<(), PanelError> {
    if series.is_empty() {
        return Err(PanelError::Empty);
    }
    for (place, (name, rows)) in series.iter().enumerate() {
        if series[..place].iter().any(|(other, _)| other == name) {
            return Err(PanelError::NameTwice(name.clone()));
        }
        if rows.is_empty() {
            return Err(PanelError::NoPrice(name.clone()));
        }
    }
    Ok(())
}

fn apart(series: &[Closes]) -> PanelError {
    let ends = |(name, rows): &Closes| Some((name.clone(), rows.first()?.0, rows.last()?.0));
    PanelError::NothingInCommon(series.iter().filter_map(ends).collect())
}

impl fmt::Display for Aligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { instants, dropped, filled, worst } = self;
        write!(
            f,
            "{dropped} of {} left out, {} filled forward",
            counted(*instants, "instant"),
            counted(*filled, "price")
        )?;
        match worst {
            Some((name, count)) => write!(f, "; {name} is absent most often, {}", counted(*count, "time")),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PanelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there are no prices; expected at least one asset"),
            Self::NameTwice(name) => write!(f, "{name} stands twice; expected each asset once: name one otherwise"),
            Self::NoPrice(name) => write!(f, "{name} has no price; expected at least one: leave it out"),
            Self::NothingInCommon(ends) => {
                f.write_str("no instant at which all assets have a price:")?;
                for (name, first, last) in ends.iter().take(6) {
                    write!(f, " {name} {first:#} to {last:#},")?;
                }
                f.write_str(" expected calendars that overlap: leave one out, or fill forward")
            }
        }
    }
}

impl std::error::Error for PanelError {}
