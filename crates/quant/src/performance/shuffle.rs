//! The same returns in other orders: how much of a curve is the luck of their sequence.

use super::metrics::{MetricOptions, quantile};
use crate::risk::{pick, stream};

/// What is drawn, and what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shuffling {
    /// How many paths, the curve's own among them.
    pub paths: usize,
    /// Chance comes from here: equal seeds give equal paths.
    pub seed: u64,
    /// Returns are drawn anew each time (bootstrap), not put into another order: growth differs, too, then.
    pub with_replacement: bool,
    /// A drawdown that ruins, at most zero: -0.2 is a fall by 20 %.
    pub bust: Option<f64>,
    /// A total return that is wanted: 1 is twice the money.
    pub goal: Option<f64>,
}

/// A figure over all paths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// Half are below; quantiles are linear between order statistics.
    pub median: f64,
    /// Standard deviation, ddof 1; `None` of one path.
    pub std: Option<f64>,
    /// Quantiles of 5, 25, 75 and 95 %.
    pub percentiles: [f64; 4],
}

/// What came of the paths; the first is the curve itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Shuffled {
    /// Total returns, one a path.
    pub totals: Vec<f64>,
    /// Deepest drawdowns, one a path, at most zero; falls count from 1 on, before the first return.
    pub drawdowns: Vec<f64>,
    /// Sharpe ratios a year where they are defined, as the metric `sharpe` has it. quantstats leaves the first return of each
    /// path out.
    pub sharpes: Vec<f64>,
    /// Growth a year; -1 where nothing is left.
    pub cagrs: Vec<f64>,
    /// Share of the paths that fell by `bust` or more.
    pub bust_probability: Option<f64>,
    /// Share of the paths that reached `goal` at their end.
    pub goal_probability: Option<f64>,
}

impl Shuffled {
    /// Of simple returns; calls `done` after each path. `None` of no return or no path, and where a return is below -1: what is
    /// owed stands at the end, and in no other order.
    #[must_use]
    pub fn of(returns: &[f64], options: &MetricOptions, by: &Shuffling, mut done: impl FnMut()) -> Option<Self> {
        if returns.is_empty() || by.paths == 0 || returns.iter().any(|value| *value < -1.0) {
            return None;
        }
        let mut all = Self {
            totals: Vec::with_capacity(by.paths),
            drawdowns: Vec::with_capacity(by.paths),
            sharpes: Vec::with_capacity(by.paths),
            cagrs: Vec::with_capacity(by.paths),
            bust_probability: None,
            goal_probability: None,
        };
        let mut path = returns.to_vec();
        for number in 0..by.paths {
            if number > 0 {
                draw(returns, number, by, &mut path);
            }
            all.take(&path, options);
            done();
        }
        let share = |holds: usize| holds as f64 / by.paths as f64;
        let fell = |bust: f64| all.drawdowns.iter().filter(|depth| **depth <= bust).count();
        let reached = |goal: f64| all.totals.iter().filter(|total| **total >= goal).count();
        let probabilities = (by.bust.map(|bust| share(fell(bust))), by.goal.map(|goal| share(reached(goal))));
        (all.bust_probability, all.goal_probability) = probabilities;
        Some(all)
    }

    fn take(&mut self, path: &[f64], options: &MetricOptions) {
        let (mut wealth, mut peak, mut deepest) = (1.0_f64, 1.0_f64, 0.0_f64);
        for change in path {
            wealth *= 1.0 + change;
            peak = peak.max(wealth);
            deepest = deepest.min(wealth / peak - 1.0);
        }
        self.totals.push(wealth - 1.0);
        // Wealth beyond a number never comes back to one, and what it fell by is not known.
        self.drawdowns.push(if wealth.is_finite() { deepest } else { f64::NAN });
        self.sharpes.extend(sharpe(path, options));
        let years = path.len() as f64 / options.periods_per_year;
        self.cagrs.extend((wealth >= 0.0).then(|| wealth.powf(1.0 / years) - 1.0));
    }
}

/// Puts the returns into another order (Fisher and Yates; Durstenfeld 1964), or draws them anew. Each path has a stream of
/// chance of its own.
fn draw(returns: &[f64], number: usize, by: &Shuffling, path: &mut [f64]) {
    let mut chance = stream(by.seed, number);
    if by.with_replacement {
        path.iter_mut().for_each(|change| *change = returns[pick(&mut chance, returns.len())]);
        return;
    }
    path.copy_from_slice(returns);
    for last in (1..path.len()).rev() {
        path.swap(last, pick(&mut chance, last + 1));
    }
}

fn sharpe(returns: &[f64], options: &MetricOptions) -> Option<f64> {
    let count = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / count;
    let squares: f64 = returns.iter().map(|change| (change - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt();
    let excess = mean - options.a_period(options.risk_free);
    (returns.len() > 1 && deviation > 0.0).then(|| excess / deviation * options.periods_per_year.sqrt())
}

impl Summary {
    /// `None` of no value, or where one is not finite.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let count = values.len() as f64;
        let (min, max) = (quantile(values, 0.0), quantile(values, 1.0));
        // The sum is rounded: the mean of equal values may come out beside them.
        let mean = (values.iter().sum::<f64>() / count).max(min).min(max);
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        Some(Self {
            min,
            max,
            mean,
            median: quantile(values, 0.5),
            std: (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()),
            percentiles: [0.05, 0.25, 0.75, 0.95].map(|share| quantile(values, share)),
        })
    }
}
