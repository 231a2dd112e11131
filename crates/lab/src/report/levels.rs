//! Tracks of figures that were read: an equity curve or returns, and a benchmark.
use std::collections::HashMap;
use std::fmt;

use qframe_data::periods_per_year;
use qframe_model::count::counted;
use qframe_model::time::{Span, Time};
use qframe_quant::performance::MetricOptions;

use super::track::{Beside, Track, daily};

/// Values over time: an equity curve, prices, or what returns have made of 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Levels {
    /// Strictly rising; at least two.
    times: Vec<Time>,
    /// One a time, above zero, but perhaps for the last.
    values: Vec<f64>,
}

/// Why figures make no track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrackError {
    /// So many values.
    TooFew(usize),
    /// A value at or below zero, before the last one or as the first.
    NotPositive(Time, f64),
    /// A return below -1.
    MoreThanAll(Time, f64),
    /// So many instants of so many that the benchmark has, too.
    Apart(usize, usize),
}

impl Levels {
    /// Of values, such as an equity curve.
    ///
    /// # Errors
    /// [`TrackError`]: fewer than two, or one after which no return can be counted.
    pub fn of_values(times: Vec<Time>, values: Vec<f64>) -> Result<Self, TrackError> {
        let last = values.len().saturating_sub(1);
        let bad = values.iter().position(|value| *value <= 0.0).filter(|place| *place < last || *place == 0);
        match bad {
            Some(place) => Err(TrackError::NotPositive(times[place], values[place])),
            None if values.len() < 2 => Err(TrackError::TooFew(values.len())),
            None => Ok(Self { times, values }),
        }
    }

    /// Of simple returns: 1 stands the usual step before the first of them.
    ///
    /// # Errors
    /// [`TrackError`]: none, one below -1, or one after all is lost.
    pub fn of_returns(mut times: Vec<Time>, returns: &[f64]) -> Result<Self, TrackError> {
        let (Some(first), Some(step)) = (times.first().copied(), step(&times).or(Some(Span::DAY))) else {
            return Err(TrackError::TooFew(0));
        };
        if let Some(place) = returns.iter().position(|change| *change < -1.0) {
            return Err(TrackError::MoreThanAll(times[place], returns[place]));
        }
        times.insert(0, first - step);
        let grow = |wealth: &mut f64, change: &f64| {
            *wealth *= 1.0 + change;
            Some(*wealth)
        };
        Self::of_values(times, std::iter::once(1.0).chain(returns.iter().scan(1.0, grow)).collect())
    }

    /// One value a day where there are more: the first, then the last of each UTC day.
    #[must_use]
    pub fn daily(self) -> Self {
        if step(&self.times).is_none_or(|step| step >= Span::DAY) {
            return self;
        }
        let (places, (_, values)) = daily(self.times.iter().copied().zip(self.values));
        Self { times: places.into_iter().map(|place| self.times[place]).collect(), values }
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Never: there are at least two.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many returns there are in a year of such times, as for prices.
    #[must_use]
    pub fn periods_per_year(&self) -> f64 {
        periods_per_year(&self.times)
    }

    /// The track of these values; beside a benchmark's on the days that both have.
    ///
    /// # Errors
    /// [`TrackError::Apart`] where the benchmark has fewer than half of the days, or fewer than two.
    pub fn track(
        self,
        name: String,
        benchmark: Option<(String, Self)>,
        options: MetricOptions,
    ) -> Result<Track, TrackError> {
        let beside = benchmark.map(|(name, levels)| levels.beside(name, &self.times)).transpose()?;
        let times_ns = self.times.iter().map(|time| time.nanos()).collect();
        Ok(Track { name, times_ns, values: self.values, beside, options })
    }

    fn beside(self, name: String, times: &[Time]) -> Result<Beside, TrackError> {
        let of_day: HashMap<i64, f64> = self.times.iter().map(|time| time.day()).zip(self.values).collect();
        let found = times.iter().enumerate().filter_map(|(place, time)| Some((place, *of_day.get(&time.day())?)));
        let (places, values): (Vec<usize>, Vec<f64>) = found.filter(|(_, value)| *value > 0.0).unzip();
        if places.len() < 2 || places.len() * 2 < times.len() {
            return Err(TrackError::Apart(places.len(), times.len()));
        }
        Ok(Beside { name, places, values })
    }
}

/// The middle one of the steps between times.
fn step(times: &[Time]) -> Option<Span> {
    let mut steps: Vec<Span> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    steps.sort_unstable();
    steps.get(steps.len() / 2).copied()
}

impl fmt::Display for TrackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFew(count) => write!(f, "{}; expected at least two", counted(*count, "value")),
            Self::NotPositive(time, value) => write!(
                f,
                "the value at {time:#} is {value}; expected one above zero (only the last may be lost): nothing grows from there"
            ),
            Self::MoreThanAll(time, value) => write!(
                f,
                "the return at {time:#} is {value}: more than everything is lost; expected fractions such as 0.01, or 1% with its sign"
            ),
            Self::Apart(both, all) => write!(
                f,
                "the benchmark has a value on {both} of {all} days; expected half of them: use one of the same days"
            ),
        }
    }
}

impl std::error::Error for TrackError {}
