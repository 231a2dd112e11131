//! Buy and hold of several symbols, which a run stands beside.
use qframe_lab::{DataSet, Origin};

use super::{closes, run, sample};

/// The bar at whose close 126 returns are known.
const BOUGHT: usize = 126;

/// Momentum over four shares of which the last begins at bar `late`.
fn shares(late: usize) -> [DataSet; 4] {
    let mut sets = ["AAPL", "KO", "PFE", "XOM"].map(sample);
    let last = &sets[3];
    let bars = last.bars()[late..].to_vec();
    sets[3] = DataSet::of(last.instrument().clone(), last.frame(), bars, Origin::default()).unwrap();
    sets
}

/// At each bar the mean of what one unit of money in each had come to. Before it was bought, the same units are valued.
fn basket(data: &[DataSet], late: usize) -> Vec<f64> {
    let bars = data[0].bars().len();
    let grown = |set: &DataSet, bar: usize| {
        let (missing, closes) = (bars - set.bars().len(), closes(set));
        closes[bar.saturating_sub(missing)] / closes[BOUGHT.saturating_sub(missing)]
    };
    assert_eq!(data[3].bars().len(), bars - late);
    (0..bars).map(|bar| data.iter().map(|set| grown(set, bar)).sum::<f64>() / data.len() as f64).collect()
}

/// The same money was put into each at the first bar of the data, and what had come of that was bought at the bar on which the
/// strategy could act: other shares, in no equal parts. What begins later was bought at its own first close.
#[test]
fn several_are_bought_in_equal_parts_when_the_strategy_could_act() {
    for late in [0, 40, 400] {
        let data = shares(late);
        let outcome = run("momentum-rotation", &[("window", "126"), ("top", "2")], &data);
        let basket = basket(&data, late);
        let own: Vec<f64> = outcome.curve.points().map(|(_, equity)| equity.to_f64()).collect();
        assert_eq!(own.len(), basket.len());
        let statistics = &outcome.statistics;
        let hold = (basket[basket.len() - 1] - 1.0) * 100.0;
        let logs = |values: &[f64]| values.windows(2).map(|two| (two[1] / two[0]).ln()).collect::<Vec<_>>();
        let (own, market) = (logs(&own), logs(&basket));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (own_mean, market_mean) = (mean(&own), mean(&market));
        let cross: f64 = own.iter().zip(&market).map(|(own, market)| (own - own_mean) * (market - market_mean)).sum();
        let beta = cross / market.iter().map(|market| (market - market_mean).powi(2)).sum::<f64>();
        let alpha = statistics.return_pct.unwrap() - beta * hold;
        for (name, given, expected) in [
            ("hold", statistics.buy_and_hold_pct, hold),
            ("beta", statistics.beta, beta),
            ("alpha", statistics.alpha_pct, alpha),
        ] {
            let given = given.unwrap();
            assert!((given - expected).abs() < 1e-6, "{name} from {late}: {given}, expected {expected}");
        }
    }
}
