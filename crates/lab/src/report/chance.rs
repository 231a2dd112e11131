//! What shuffled returns came to, as JSON and as rows of a table.
use qframe_quant::performance::{Shuffled, Shuffling, Summary};
use serde::Serialize;

use super::text::{self, exact_percent};

/// A simulation and what came of it.
#[derive(Debug, Clone)]
pub struct Chance {
    /// What was drawn.
    pub by: Shuffling,
    /// What came of it.
    pub found: Shuffled,
}

/// By quantstats' names.
#[derive(Serialize)]
pub(super) struct MonteCarlo {
    montecarlo: Totals,
    montecarlo_drawdown: Option<Over>,
    montecarlo_sharpe: Option<Over>,
    montecarlo_cagr: Option<Over>,
}

/// Total returns at the end, and what was asked of them.
#[derive(Serialize)]
struct Totals {
    paths: usize,
    seed: u64,
    with_replacement: bool,
    #[serde(flatten)]
    total: Option<Over>,
    bust: Option<f64>,
    bust_probability: Option<f64>,
    goal: Option<f64>,
    goal_probability: Option<f64>,
}

#[derive(Serialize)]
struct Over {
    min: f64,
    max: f64,
    mean: f64,
    median: f64,
    std: Option<f64>,
    percentile_5: f64,
    percentile_25: f64,
    percentile_75: f64,
    percentile_95: f64,
}

fn over(values: &[f64]) -> Option<Over> {
    let Summary { min, max, mean, median, std, percentiles } = Summary::of(values)?;
    let [percentile_5, percentile_25, percentile_75, percentile_95] = percentiles;
    Some(Over { min, max, mean, median, std, percentile_5, percentile_25, percentile_75, percentile_95 })
}

impl MonteCarlo {
    pub(super) fn of(Chance { by, found }: &Chance) -> Self {
        Self {
            montecarlo: Totals {
                paths: by.paths,
                seed: by.seed,
                with_replacement: by.with_replacement,
                total: over(&found.totals),
                bust: by.bust,
                bust_probability: found.bust_probability,
                goal: by.goal,
                goal_probability: found.goal_probability,
            },
            montecarlo_drawdown: over(&found.drawdowns),
            montecarlo_sharpe: over(&found.sharpes),
            montecarlo_cagr: over(&found.cagrs),
        }
    }
}

/// A figure of each path, and how it is shown.
type Figure<'a> = (&'static str, &'a [f64], fn(f64) -> String);

/// Drawdowns; growth only where it differs from path to path.
fn figures(Chance { by, found }: &Chance) -> Vec<Figure<'_>> {
    let percent: fn(f64) -> String = |value| text::percent(Some(value * 100.0));
    let number: fn(f64) -> String = |value| text::number(Some(value), 3);
    let mut figures: Vec<Figure<'_>> = vec![("Max. drawdown", &found.drawdowns, percent)];
    if by.with_replacement {
        figures.extend([
            ("Total return", found.totals.as_slice(), percent),
            ("Growth a year", &found.cagrs, percent),
            ("Sharpe ratio", &found.sharpes, number),
        ]);
    }
    figures
}

/// The head of [`rows`].
pub(super) fn head(chance: &Chance) -> Vec<&'static str> {
    std::iter::once("Over all paths").chain(figures(chance).into_iter().map(|(name, ..)| name)).collect()
}

/// The curve itself, then quantiles and the mean, a column a figure.
pub(super) fn rows(chance: &Chance) -> Vec<Vec<String>> {
    const NAMES: [&str; 9] = ["The curve itself", "Least", "5 %", "25 %", "Median", "Mean", "75 %", "95 %", "Most"];
    let column = |(_, values, shown): Figure<'_>| -> [String; NAMES.len()] {
        let Some(Summary { min, max, mean, median, percentiles: [low, lower, upper, high], .. }) = Summary::of(values)
        else {
            return [(); NAMES.len()].map(|()| text::UNDEFINED.to_owned());
        };
        [values[0], min, low, lower, median, mean, upper, high, max].map(shown)
    };
    let columns: Vec<_> = figures(chance).into_iter().map(column).collect();
    let row = |(place, name): (usize, &str)| {
        std::iter::once(name.to_owned()).chain(columns.iter().map(|column| column[place].clone())).collect()
    };
    NAMES.into_iter().enumerate().map(row).collect()
}

/// What was drawn and what was asked, in sentences.
pub(super) fn told(Chance { by, found }: &Chance) -> String {
    let paths = text::count(by.paths);
    let seed = by.seed;
    let drawn = match by.with_replacement {
        true => format!(
            "{paths} paths of returns drawn from all of them, with replacement (seed {seed}); the first is the curve itself."
        ),
        false => format!(
            "{paths} paths of the same returns in other orders (seed {seed}); the first is the curve itself. All end where it does: \
             only the way differs."
        ),
    };
    let of = |share: f64| text::percent(Some(share * 100.0));
    let fell = by.bust.zip(found.bust_probability);
    let fell = fell.map(|(bust, share)| format!(" {} of them fell by {} or more.", of(share), exact_percent(-bust)));
    let reached = by.goal.zip(found.goal_probability);
    let reached =
        reached.map(|(goal, share)| format!(" {} of them returned {} or more.", of(share), exact_percent(goal)));
    format!("{drawn}{}{}", fell.unwrap_or_default(), reached.unwrap_or_default())
}
