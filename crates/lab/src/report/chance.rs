//! What shuffled returns came to, as JSON and as rows of a table.
use qframe_quant::performance::{Shuffled, Shuffling, Summary};
use serde::Serialize;

use super::text;

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

/// The head of [`rows`].
pub(super) const HEAD: [&str; 7] = ["Over all paths", "Least", "5 %", "Median", "Mean", "95 %", "Most"];

/// A row a figure; growth only where it differs from path to path.
pub(super) fn rows(Chance { by, found }: &Chance) -> Vec<Vec<String>> {
    let percent = |value: f64| text::percent(Some(value * 100.0));
    let number = |value: f64| text::number(Some(value), 3);
    let drawdown = ("Max. drawdown", &found.drawdowns, &percent as &dyn Fn(f64) -> String);
    let growth: [(_, _, &dyn Fn(f64) -> String); 3] = [
        ("Total return", &found.totals, &percent),
        ("Growth a year", &found.cagrs, &percent),
        ("Sharpe ratio", &found.sharpes, &number),
    ];
    let shown = growth.into_iter().filter(|_| by.with_replacement);
    let row = |(name, values, shown): (&str, &Vec<f64>, &dyn Fn(f64) -> String)| {
        let Summary { min, max, mean, median, percentiles: [low, _, _, high], .. } = Summary::of(values)?;
        let cells = [min, low, median, mean, high, max].map(shown);
        Some(std::iter::once(name.to_owned()).chain(cells).collect())
    };
    std::iter::once(drawdown).chain(shown).filter_map(row).collect()
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
    let share = |value: Option<f64>| value.map(|value| text::percent(Some(value * 100.0)));
    let fell = share(by.bust).zip(share(found.bust_probability));
    let fell = fell.map_or_else(String::new, |(bust, of)| {
        format!(" {of} of them fell by {} or more.", bust.trim_start_matches('-'))
    });
    let reached = share(by.goal).zip(share(found.goal_probability));
    let reached = reached.map_or_else(String::new, |(goal, of)| format!(" {of} of them returned {goal} or more."));
    format!("{drawn}{fell}{reached}")
}
