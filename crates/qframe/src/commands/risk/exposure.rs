//! What is held: sizes, concentration, and how it moves with something else.
use std::collections::BTreeMap;

use qframe_quant::covariance::Covariance;
use qframe_quant::risk::exposure::{Beside, Exposure, drawdown_at_risk};
use qframe_quant::risk::{Moments, RiskError};
use serde::Serialize;

use super::book::{Book, Holding};
use super::measure::Settings;

/// All of it; sizes as fractions of the book.
#[derive(Debug, Serialize)]
pub(super) struct Held {
    pub(super) value: Option<f64>,
    pub(super) long: f64,
    pub(super) short: f64,
    pub(super) gross: f64,
    pub(super) net: f64,
    /// Gross over what the book is worth: the same number as the gross.
    pub(super) leverage: f64,
    pub(super) concentration_hhi: f64,
    pub(super) effective_number: Option<f64>,
    /// Of a year.
    pub(super) volatility: Option<f64>,
    pub(super) drawdown_at_risk: Option<f64>,
    pub(super) conditional_drawdown_at_risk: Option<f64>,
    pub(super) benchmark: Option<Benchmark>,
    /// Which of these cannot be told, and why.
    pub(super) unmeasured: Vec<String>,
    pub(super) by_asset: Vec<Size>,
    pub(super) by_class: Vec<Size>,
    pub(super) by_currency: Vec<Size>,
}

/// Beside the benchmark.
#[derive(Debug, Serialize)]
pub(super) struct Benchmark {
    pub(super) name: String,
    pub(super) beta: f64,
    pub(super) correlation: f64,
    /// Of a year.
    pub(super) tracking_error: f64,
}

/// The size of one asset, class or currency.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Size {
    pub(super) name: String,
    pub(super) net: f64,
    pub(super) gross: f64,
    pub(super) money: Option<f64>,
}

/// Correlations of all holdings.
#[derive(Debug, Serialize)]
pub(super) struct Correlations {
    pub(super) names: Vec<String>,
    pub(super) matrix: Vec<Vec<f64>>,
    /// Of the estimator of the command line; absent where the matrix has no inverse.
    pub(super) condition_number: Option<f64>,
}

/// Sizes are always known; a figure that cannot be made says why, and takes no other with it.
pub(super) fn held(book: &Book, settings: &Settings) -> Held {
    let exposure = Exposure::of(&book.weights());
    let series = book.series();
    let year = book.periods.sqrt();
    let mut unmeasured = Vec::new();
    let mut or_why = |name: &str, error: RiskError| unmeasured.push(format!("{name}: {}", book.told_whole(error)));
    let volatility = Moments::of(&series).map_err(|error| or_why("volatility", error)).ok();
    let drawdown = drawdown_at_risk(&series, &settings.confidences[..1]);
    let drawdown = drawdown.map_err(|error| or_why("drawdown at risk", error)).ok();
    let benchmark = book.benchmark.as_ref().and_then(|(name, returns)| {
        let beside = Beside::of(&series, returns).map_err(|error| or_why(&format!("beside {name}"), error)).ok()?;
        let tracking_error = beside.tracking_error * year;
        Some(Benchmark { name: name.clone(), beta: beside.beta, correlation: beside.correlation, tracking_error })
    });
    Held {
        value: book.base,
        long: exposure.long,
        short: exposure.short,
        gross: exposure.gross(),
        net: exposure.net(),
        leverage: exposure.gross(),
        concentration_hhi: exposure.concentration,
        effective_number: exposure.effective_number(),
        volatility: volatility.map(|moments| moments.deviation * year),
        drawdown_at_risk: drawdown.as_ref().map(|tails| tails[0].var),
        conditional_drawdown_at_risk: drawdown.as_ref().map(|tails| tails[0].cvar),
        benchmark,
        unmeasured,
        by_asset: sizes(book, |holding| Some(holding.symbol.clone())),
        by_class: sizes(book, |holding| holding.class.clone()),
        by_currency: sizes(book, |holding| holding.currency.clone()),
    }
}

/// Correlations, of two holdings or more; of the estimator that was asked for.
pub(super) fn correlations(book: &Book, settings: &Settings) -> Option<Result<Correlations, RiskError>> {
    let names = book.names();
    let of = |covariance: Covariance| Correlations {
        matrix: covariance.correlation().row_iter().map(|row| row.iter().copied().collect()).collect(),
        condition_number: covariance.condition_number(),
        names: names.clone(),
    };
    (names.len() > 1).then(|| settings.estimator.estimate(&book.returns).map(of).map_err(Into::into))
}

/// Largest first. What has no name where others have one is unknown, and where none has one nobody asked.
fn sizes(book: &Book, name: impl Fn(&Holding) -> Option<String>) -> Vec<Size> {
    let mut sizes: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    if book.holdings.iter().all(|holding| name(holding).is_none()) {
        return Vec::new();
    }
    for holding in &book.holdings {
        let (net, gross) = sizes.entry(name(holding).unwrap_or_else(|| "unknown".to_owned())).or_default();
        (*net, *gross) = (*net + holding.weight, *gross + holding.weight.abs());
    }
    let money = |net: f64| book.base.map(|base| base * net);
    let size = |(name, (net, gross)): (String, (f64, f64))| Size { name, net, gross, money: money(net) };
    let mut sizes: Vec<Size> = sizes.into_iter().map(size).collect();
    sizes.sort_by(|a, b| b.gross.total_cmp(&a.gross));
    sizes
}
