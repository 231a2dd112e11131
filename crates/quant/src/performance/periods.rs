//! Returns by calendar period, and how they are spread.

use super::DAY_NS;
use super::calendar::months_since_year_zero;
use super::metrics::quantile;

/// A stretch of the calendar, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Each return by itself, whatever it spans.
    Own,
    /// A week of ISO 8601, Monday to Sunday.
    Week,
    /// A week that ends with its Monday, as the `distribution` of quantstats has it: from the close of one Monday to that of
    /// the next.
    WeekToMonday,
    /// A calendar month.
    Month,
    /// Three calendar months from January on.
    Quarter,
    /// A calendar year.
    Year,
}

impl Period {
    /// The number of the period that a return belongs to, by its place and the instant it ends.
    fn bin(self, place: usize, time_ns: i64) -> i64 {
        let day = time_ns.div_euclid(DAY_NS);
        match self {
            Self::Own => place as i64,
            // 1970-01-01 was a Thursday, so that day 4 was a Monday.
            Self::Week => (day + 3).div_euclid(7),
            Self::WeekToMonday => (day + 2).div_euclid(7),
            Self::Month => months_since_year_zero(day),
            Self::Quarter => months_since_year_zero(day).div_euclid(3),
            Self::Year => months_since_year_zero(day).div_euclid(12),
        }
    }
}

/// Compounded returns of the periods that have one, in the order of time. `times_ns` are the instants at which the simple
/// returns end, as many as there are returns, rising.
#[must_use]
pub fn period_returns(times_ns: &[i64], returns: &[f64], period: Period) -> Vec<f64> {
    let grown = |own: &[f64]| own.iter().fold(1.0, |grown, change| grown * (1.0 + change)) - 1.0;
    by_period(times_ns, returns, period, grown)
}

/// Sums of the returns of the periods, as [`period_returns`].
#[must_use]
pub fn period_sums(times_ns: &[i64], returns: &[f64], period: Period) -> Vec<f64> {
    by_period(times_ns, returns, period, |own| own.iter().sum())
}

fn by_period(times_ns: &[i64], returns: &[f64], period: Period, figure: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let bins: Vec<i64> =
        times_ns.iter().take(returns.len()).enumerate().map(|(place, time)| period.bin(place, *time)).collect();
    let mut rest = returns;
    let runs = bins.chunk_by(|one, next| one == next).map(|run| {
        let (own, later) = rest.split_at(run.len().min(rest.len()));
        rest = later;
        figure(own)
    });
    runs.collect()
}

/// Quarters of a sample and what lies outside (Tukey, "Exploratory Data Analysis", 1977: fences one and a half times the
/// middle half's width beyond it).
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// A quarter of the sample is below; quantiles are linear between order statistics.
    pub q1: f64,
    /// Half of it is below.
    pub median: f64,
    /// Three quarters are below.
    pub q3: f64,
    /// What lies within the fences, in the order of the sample; never empty.
    pub values: Vec<f64>,
    /// What lies outside.
    pub outliers: Vec<f64>,
}

impl Spread {
    /// `None` of no value, or where one is not finite.
    #[must_use]
    pub fn of(sample: &[f64]) -> Option<Self> {
        if sample.is_empty() || sample.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let [q1, median, q3] = [0.25, 0.5, 0.75].map(|share| quantile(sample, share));
        let reach = 1.5 * (q3 - q1);
        let is_within = |value: &f64| (q1 - reach..=q3 + reach).contains(value);
        let (values, outliers) = sample.iter().partition(|value| is_within(value));
        Some(Self { q1, median, q3, values, outliers })
    }

    /// The lowest and the highest value within the fences, and no end inside the box.
    #[must_use]
    pub fn whiskers(&self) -> [f64; 2] {
        let ends = |[low, high]: [f64; 2], value: &f64| [low.min(*value), high.max(*value)];
        self.values.iter().fold([self.q1, self.q3], ends)
    }
}

/// The value of which a share of the sample lies below (linear), and the places of what is above it: quantstats' `outliers`.
/// `None` of an empty sample.
#[must_use]
pub fn outliers(sample: &[f64], share: f64) -> Option<(f64, Vec<usize>)> {
    let limit = (!sample.is_empty()).then(|| quantile(sample, share))?;
    Some((limit, (0..sample.len()).filter(|place| sample[*place] > limit).collect()))
}

/// Where each value stands among itself and the `window` - 1 before it, fewer at the start: 100 is the highest, equal ones
/// share their mean rank. quantstats' `pct_rank`; empty for a window of 0.
#[must_use]
pub fn pct_rank(values: &[f64], window: usize) -> Vec<f64> {
    let rank = |place: usize| {
        let among = &values[(place + 1).saturating_sub(window)..=place];
        let count = |holds: &dyn Fn(f64) -> bool| among.iter().filter(|value| holds(**value)).count() as f64;
        let (below, equal) = (count(&|value| value < values[place]), count(&|value| value == values[place]));
        100.0 * (below + (equal + 1.0) / 2.0) / among.len() as f64
    };
    if window == 0 { Vec::new() } else { (0..values.len()).map(rank).collect() }
}
