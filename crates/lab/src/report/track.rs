//! A curve by itself: what a tear sheet tells of, whether a backtest made it or a file.
use qframe_model::time::Time;
use qframe_quant::performance::{
    Episode, Metric, MetricOptions, MonthlyReturn, drawdown_episodes, metrics, monthly_returns, relative_metrics,
    rolling_beta, rolling_sharpe, rolling_sortino, rolling_volatility,
};

use super::{Facts, figures};

/// A value at each end of a day, week, month or year, and what it is compared with.
#[derive(Debug, Clone)]
pub struct Track {
    /// What it is called.
    pub name: String,
    /// Nanoseconds since the epoch, strictly rising; at least two.
    pub times_ns: Vec<i64>,
    /// One a time, finite; above zero, but perhaps for the last. Returns count from the first.
    pub values: Vec<f64>,
    /// The benchmark, where there is one.
    pub beside: Option<Beside>,
    /// Conventions of the metrics.
    pub options: MetricOptions,
}

/// A benchmark at instants of a track.
#[derive(Debug, Clone)]
pub struct Beside {
    /// What it is called.
    pub name: String,
    /// Places in the track, rising.
    pub places: Vec<usize>,
    /// One a place, above zero.
    pub values: Vec<f64>,
}

/// A metric with what it is of the benchmark.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// Of the track.
    pub own: Metric,
    /// Of the benchmark alone.
    pub benchmark: Option<f64>,
}

/// Metrics that measure returns by their mean and their spread.
const OF_SPREAD: [&str; 27] = [
    "volatility",
    "implied_volatility",
    "downside_risk",
    "skew",
    "kurtosis",
    "sharpe",
    "smart_sharpe",
    "sortino",
    "smart_sortino",
    "adjusted_sortino",
    "autocorr_penalty",
    "calmar",
    "risk_return_ratio",
    "value_at_risk",
    "conditional_value_at_risk",
    "serenity_index",
    "probabilistic_sharpe_ratio",
    "probabilistic_sortino_ratio",
    "probabilistic_adjusted_sortino_ratio",
    "minimum_track_record_length",
    "beta",
    "alpha",
    "correlation",
    "r_squared",
    "treynor_ratio",
    "information_ratio",
    "tracking_error",
];

impl Track {
    /// The curve of a run: its beginning, then the last point of each UTC day, beside buy & hold. It ends at the point at which
    /// nothing is left: what comes after that is a share of nothing.
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let statistics = &facts.outcome.statistics;
        let points = || facts.outcome.curve.points().map(|(time, equity)| (time, equity.to_f64()));
        let hold = figures::buy_and_hold(facts);
        let lived = points().position(|(_, equity)| equity <= 0.0).map_or(usize::MAX, |place| place + 1);
        let (places, (times_ns, values)) = daily(points().take(lived));
        let values_of_hold: Vec<f64> = places.iter().map(|place| hold[*place]).collect();
        let beside =
            Beside { name: "Buy & hold".to_owned(), places: (0..values.len()).collect(), values: values_of_hold };
        let options = MetricOptions {
            periods_per_year: statistics.periods_per_year,
            risk_free: facts.backtest.setup().risk_free,
            ..MetricOptions::default()
        };
        let beside = beside.values.iter().all(|value| *value > 0.0).then_some(beside);
        Self { name: facts.strategy.to_owned(), times_ns, values, beside, options }
    }

    /// Simple returns from point to point. To lose all is one of -100 %, to owe something is less.
    #[must_use]
    pub fn returns(&self) -> Vec<f64> {
        changes(&self.values)
    }

    /// All metrics, those beside the benchmark last. Of a track that ends in debt, what is made of the spread of its
    /// returns is undefined: the last one says how much is owed, and no ratio can be read from it.
    #[must_use]
    pub fn metrics(&self) -> Vec<Compared> {
        let own = self.own(metrics(&self.returns(), &self.options));
        let market = self.pair().map(|(_, market)| metrics(&market, &self.options)).unwrap_or_default();
        let of_market = |name| market.iter().find(|metric| metric.name == name).and_then(|metric| metric.value);
        let single = own.into_iter().map(|own| Compared { own, benchmark: of_market(own.name) });
        let beside = self.pair().map(|(own, market)| self.own(relative_metrics(&own, &market, &self.options)));
        single.chain(beside.into_iter().flatten().map(|own| Compared { own, benchmark: None })).collect()
    }

    /// A metric by its name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.own(metrics(&self.returns(), &self.options)).into_iter().find(|metric| metric.name == name)?.value
    }

    fn own(&self, mut metrics: Vec<Metric>) -> Vec<Metric> {
        if self.values.last().is_some_and(|last| *last < 0.0) {
            let of_spread = metrics.iter_mut().filter(|metric| OF_SPREAD.contains(&metric.name));
            of_spread.for_each(|metric| metric.value = None);
        }
        metrics
    }

    /// Returns of track and benchmark between the instants that both have.
    fn pair(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let beside = self.beside.as_ref().filter(|beside| beside.values.len() > 1)?;
        let own: Vec<f64> = beside.places.iter().map(|place| self.values[*place]).collect();
        Some((changes(&own), changes(&beside.values)))
    }

    /// The deepest drawdowns, the deepest first.
    #[must_use]
    pub fn drawdowns(&self, count: usize) -> Vec<Episode> {
        let mut episodes = drawdown_episodes(&self.times_ns, &self.values);
        episodes.sort_by(|one, other| one.depth.total_cmp(&other.depth));
        episodes.truncate(count);
        episodes
    }

    /// Returns of the months.
    #[must_use]
    pub fn months(&self) -> Vec<MonthlyReturn> {
        monthly_returns(&self.times_ns, &self.values)
    }

    /// Returns of the years: of the track, and of the benchmark where it has that year.
    #[must_use]
    pub fn years(&self) -> Vec<(i64, f64, Option<f64>)> {
        let beside = self.beside.as_ref().map(|beside| {
            let times: Vec<i64> = beside.places.iter().map(|place| self.times_ns[*place]).collect();
            yearly(&monthly_returns(&times, &beside.values))
        });
        let of = |year| beside.iter().flatten().find(|(own, _)| *own == year).map(|(_, growth)| *growth);
        yearly(&self.months()).into_iter().map(|(year, growth)| (year, growth, of(year))).collect()
    }

    /// What a return spans: `daily`, `weekly`, `monthly`, `quarterly`, `half-yearly`, `yearly`, or so many days: `14-day`.
    #[must_use]
    pub fn word(&self) -> String {
        let (kind, usual) = self.kind();
        let periods = self.options.periods_per_year;
        // Two days are 182.5 a year; of days, weeks and months nobody counts just the same number.
        let is_usual = if kind == "daily" { periods > 183.0 } else { (periods / usual - 1.0).abs() < 0.05 };
        if is_usual { kind.to_owned() } else { format!("{:.0}-day", 365.0 / periods) }
    }

    /// The usual period that is not longer than a return, or nearly so, and how many of it a year has.
    pub(super) fn kind(&self) -> (&'static str, f64) {
        match self.options.periods_per_year {
            many if many > 60.0 => ("daily", 365.0),
            many if many > 13.0 => ("weekly", 52.0),
            many if many > 6.0 => ("monthly", 12.0),
            many if many > 2.0 => ("quarterly", 4.0),
            many if many > 1.0 => ("half-yearly", 2.0),
            _ => ("yearly", 1.0),
        }
    }
}

/// The first point, then the last one of each UTC day: their places, times and values.
pub(super) fn daily(points: impl Iterator<Item = (Time, f64)>) -> (Vec<usize>, (Vec<i64>, Vec<f64>)) {
    let (mut places, mut times_ns, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut day = None;
    for (place, (time, value)) in points.enumerate() {
        // The first point stays for good; the last of a day replaces those before it.
        if day == Some(time.day()) && times_ns.len() > 1 {
            places.pop();
            times_ns.pop();
            values.pop();
        }
        day = Some(time.day());
        places.push(place);
        times_ns.push(time.nanos());
        values.push(value);
    }
    (places, (times_ns, values))
}

fn changes(values: &[f64]) -> Vec<f64> {
    values.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect()
}

fn yearly(months: &[MonthlyReturn]) -> Vec<(i64, f64)> {
    let years = months.chunk_by(|one, next| one.year == next.year);
    let growth =
        |months: &[MonthlyReturn]| months.iter().fold(1.0, |grown, month| grown * (1.0 + month.return_fraction)) - 1.0;
    years.map(|months| (months[0].year, growth(months))).collect()
}

/// Figures over the last returns, at each point that has enough of them.
pub(super) struct Rolling {
    /// How many returns each figure is made of.
    pub window: usize,
    pub times_ns: Vec<i64>,
    pub sharpe: Vec<f64>,
    pub sortino: Vec<f64>,
    pub volatility: Vec<f64>,
    /// Against the benchmark; times of its own.
    pub beta: Option<(Vec<i64>, Vec<f64>)>,
}

/// A ratio of fewer returns says nothing.
const WINDOW_MIN: usize = 10;

impl Rolling {
    /// Over half a year of returns; over a quarter of them where there is less than two years. `None` for too few.
    pub(super) fn of(track: &Track) -> Option<Self> {
        let periods = track.options.periods_per_year;
        let half_a_year = (periods as usize / 2).max(WINDOW_MIN);
        let window = half_a_year.min(track.values.len().saturating_sub(1) / 4);
        if window < WINDOW_MIN {
            return None;
        }
        let sharpe = rolling_sharpe(&track.values, window, periods);
        let times_ns = track.times_ns.get(sharpe.first..).unwrap_or_default().to_vec();
        let beta = track.beside.as_ref().and_then(|beside| {
            let own: Vec<f64> = beside.places.iter().map(|place| track.values[*place]).collect();
            let beta = rolling_beta(&own, &beside.values, window);
            let times = beside.places.get(beta.first..)?.iter().map(|place| track.times_ns[*place]).collect();
            (!beta.values.is_empty()).then_some((times, beta.values))
        });
        let sortino = rolling_sortino(&track.values, window, periods).values;
        let volatility = rolling_volatility(&track.values, window, periods).values;
        Some(Self { window, times_ns, sharpe: sharpe.values, sortino, volatility, beta })
    }
}
