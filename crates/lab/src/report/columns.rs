//! Figures of a track at each of its instants, a column each: what quantstats gives as series.
use qframe_model::time::Time;
use qframe_quant::performance::{drawdown_series, outliers, pct_rank, rolling_alpha};
use serde::Serialize;

use super::track::{Rolling, Track};

/// Values that a value's rank is taken among.
const RANKED: usize = 60;
/// Returns above this quantile are outliers.
const OUTLYING: f64 = 0.95;

/// Columns of one length, a row a return, at the instant it ends. Where a window is not yet full, a figure is `None`.
#[derive(Serialize)]
pub(super) struct Columns {
    /// How many returns a rolling figure is made of.
    window: Option<usize>,
    time: Vec<Time>,
    returns: Vec<f64>,
    compsum: Vec<f64>,
    to_drawdown_series: Vec<f64>,
    pct_rank: Vec<f64>,
    rolling_sharpe: Vec<Option<f64>>,
    rolling_sortino: Vec<Option<f64>>,
    rolling_volatility: Vec<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rolling_greeks: Option<Greeks>,
    /// The benchmark's total return since the first instant that both have.
    #[serde(skip_serializing_if = "Option::is_none")]
    benchmark_compsum: Option<Vec<Option<f64>>>,
}

#[derive(Serialize)]
struct Greeks {
    beta: Vec<Option<f64>>,
    alpha: Vec<Option<f64>>,
}

impl Columns {
    /// `None` of a track without a return.
    pub(super) fn of(track: &Track) -> Option<Self> {
        let (first, times) = (*track.values.first()?, track.times_ns.get(1..)?);
        let rolling = Rolling::of(track);
        let rows = times.len();
        let last = |values: Option<&Vec<f64>>| {
            let values = values.map(Vec::as_slice).unwrap_or_default();
            let missing = std::iter::repeat_n(None, rows.saturating_sub(values.len()));
            missing.chain(values.iter().copied().map(Some)).collect()
        };
        Some(Self {
            window: rolling.as_ref().map(|rolling| rolling.window),
            time: times.iter().copied().map(Time::from_nanos).collect(),
            returns: track.returns(),
            compsum: track.values[1..].iter().map(|value| value / first - 1.0).collect(),
            to_drawdown_series: drawdown_series(&track.values)[1..].to_vec(),
            pct_rank: pct_rank(&track.values, RANKED)[1..].to_vec(),
            rolling_sharpe: last(rolling.as_ref().map(|rolling| &rolling.sharpe)),
            rolling_sortino: last(rolling.as_ref().map(|rolling| &rolling.sortino)),
            rolling_volatility: last(rolling.as_ref().map(|rolling| &rolling.volatility)),
            rolling_greeks: rolling.as_ref().and_then(|rolling| Greeks::of(track, rolling)),
            benchmark_compsum: track.beside.as_ref().and_then(|beside| {
                let first = *beside.values.first()?;
                let grown = beside.values.iter().map(|value| value / first - 1.0);
                Some(at_rows(rows, beside.places.iter().copied().zip(grown)))
            }),
        })
    }
}

/// Values at places of a track as a column: the track's first point is in no row.
fn at_rows(rows: usize, values: impl Iterator<Item = (usize, f64)>) -> Vec<Option<f64>> {
    let mut column = vec![None; rows];
    for (place, value) in values {
        if let Some(row) = place.checked_sub(1).and_then(|row| column.get_mut(row)) {
            *row = Some(value);
        }
    }
    column
}

impl Greeks {
    fn of(track: &Track, rolling: &Rolling) -> Option<Self> {
        let (beside, (_, betas)) = (track.beside.as_ref()?, rolling.beta.as_ref()?);
        let own: Vec<f64> = beside.places.iter().map(|place| track.values[*place]).collect();
        let alphas = rolling_alpha(&own, &beside.values, rolling.window);
        let places = beside.places.get(alphas.first..)?;
        let column = |values: &[f64]| at_rows(track.times_ns.len() - 1, places.iter().copied().zip(values.to_vec()));
        Some(Self { beta: column(betas), alpha: column(&alphas.values) })
    }
}

/// quantstats' `outliers`; its `remove_outliers` is what lies below the threshold.
#[derive(Serialize)]
pub(super) struct Outliers {
    quantile: f64,
    threshold: f64,
    returns: Vec<Outlier>,
}

#[derive(Serialize)]
struct Outlier {
    time: Time,
    #[serde(rename = "return")]
    value: f64,
}

impl Outliers {
    /// `None` where there are no returns.
    pub(super) fn of(track: &Track) -> Option<Self> {
        let returns = track.returns();
        let (threshold, places) = outliers(&returns, OUTLYING)?;
        let outlier =
            |place: &usize| Outlier { time: Time::from_nanos(track.times_ns[*place + 1]), value: returns[*place] };
        Some(Self { quantile: OUTLYING, threshold, returns: places.iter().map(outlier).collect() })
    }
}
