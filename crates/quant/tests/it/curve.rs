//! One pass in blocks against many passes by the book, on random curves; and what a report draws.

use proptest::prelude::*;
use qframe_quant::performance::*;

const HOUR: i64 = 3_600_000_000_000;

/// Beta and the drawdowns as their definitions read; and how far the squares of the market's returns stand above their variance,
/// which one pass multiplies its roundings with.
fn by_the_book(points: &[(f64, f64)]) -> (f64, f64, f64, f64) {
    let logs = |value: fn(&(f64, f64)) -> f64| -> Vec<f64> {
        points.windows(2).map(|pair| (value(&pair[1]) / value(&pair[0])).ln()).collect()
    };
    let (own, market) = (logs(|point| point.0), logs(|point| point.1));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (own_mean, market_mean) = (mean(&own), mean(&market));
    let covariance: f64 = own.iter().zip(&market).map(|(x, y)| (x - own_mean) * (y - market_mean)).sum();
    let variance: f64 = market.iter().map(|y| (y - market_mean).powi(2)).sum();
    let mut peak = f64::MIN;
    let deepest = points.iter().fold(0.0, |deepest: f64, point| {
        peak = peak.max(point.0);
        deepest.max(1.0 - point.0 / peak)
    });
    let condition = market.iter().map(|y| y.powi(2)).sum::<f64>() / variance;
    (covariance / variance, deepest, peak, condition)
}

proptest! {
    #[test]
    fn blocks_give_what_the_definitions_give(
        moves in prop::collection::vec((-1.0..1.0_f64, -1.0..1.0_f64), 3..600),
        scale in prop_oneof![Just(0.001), Just(0.03), Just(0.5)],
    ) {
        let (mut equity, mut price) = (10_000.0, 50.0);
        let points: Vec<(f64, f64)> = moves.iter().map(|(own, market)| {
            equity *= 1.0 + own * scale;
            price *= 1.0 + market * scale;
            (equity, price)
        }).collect();
        let mut curve = CurveStats::new(CurveOptions { benchmark_start: 2, ..CurveOptions::default() });
        for (index, &(equity, price)) in (0..).zip(&points) {
            curve.push(index * HOUR, equity, price);
        }
        let summary = curve.finish(&TradeStats::new()).expect("points");
        let (beta, deepest, peak, condition) = by_the_book(&points);
        prop_assume!(condition < 1e10);
        let last = points[points.len() - 1];
        let within = |ours: Option<f64>, theirs: f64, tolerance: f64| {
            let ours = ours.expect("defined");
            assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3), "{ours} against {theirs}");
        };
        let close = |ours, theirs| within(ours, theirs, 1e-9);
        within(summary.beta, beta, 1e-9_f64.max(1e-14 * condition));
        close(summary.max_drawdown_pct, -100.0 * deepest);
        close(summary.buy_and_hold_pct, 100.0 * (last.1 / points[2].1 - 1.0));
        // In pieces, beside a benchmark that is known, and in another unit: the same.
        let mut benchmark = Benchmark::default();
        let logs: Vec<f64> = points.iter().map(|point| benchmark.push(point.1)).collect();
        let options = CurveOptions { unit: 0.5, ..CurveOptions::default() };
        let mut pieces = CurveStats::beside(options, benchmark.bought_at(Some(points[2].1)));
        let (head, tail) = logs.split_at(points.len() / 3);
        for (from, logs) in [(0, head), (head.len(), tail)] {
            pieces.push_all(logs, |range, times, equity| {
                for (slot, place) in range.enumerate() {
                    (times[slot], equity[slot]) = ((from + place) as i64 * HOUR, points[from + place].0 * 0.5);
                }
            });
        }
        prop_assert_eq!(pieces.finish(&TradeStats::new()).expect("points"), summary);
        prop_assert_eq!(summary.equity_peak, peak);
        prop_assert_eq!(curve.points(), points.len() as u64);
        let times: Vec<i64> = (0..points.len() as i64).map(|index| index * HOUR).collect();
        let values: Vec<f64> = points.iter().map(|point| point.0).collect();
        let series = drawdown_series(&values);
        close(Some(series.iter().copied().fold(0.0, f64::min)), -deepest);
        let worst = drawdown_episodes(&times, &values).iter().map(|episode| episode.depth).fold(0.0, f64::min);
        close(Some(worst), -deepest);
    }
}

#[test]
fn episodes_run_from_peak_to_recovery() {
    let values = [100.0, 90.0, 80.0, 100.0, 120.0, 60.0, 90.0];
    let times: Vec<i64> = (0..7).collect();
    let first = Episode {
        peak_ns: 0,
        start_ns: 1,
        trough_ns: 2,
        end_ns: 2,
        recovery_ns: Some(3),
        depth: 80.0 / 100.0 - 1.0,
        depth_99: Some(90.0 / 100.0 - 1.0),
    };
    let second = Episode {
        peak_ns: 4,
        start_ns: 5,
        trough_ns: 5,
        end_ns: 6,
        recovery_ns: None,
        depth: -0.5,
        depth_99: Some(-0.25),
    };
    assert_eq!(drawdown_episodes(&times, &values), [first, second]);
    assert_eq!(drawdown_series(&values)[5], -0.5);
    assert_eq!(drawdown_episodes(&times[..3], &[1.0, 2.0, 3.0]), []);
}

#[test]
fn months_chain_to_the_total() {
    // 1970-01-01, 01-31, 02-01, 02-28, 04-30
    let days = [0, 30, 31, 58, 119];
    let times: Vec<i64> = days.iter().map(|day| day * 24 * HOUR).collect();
    let months = monthly_returns(&times, &[100.0, 110.0, 121.0, 99.0, 198.0]);
    let rows: Vec<(i64, u8)> = months.iter().map(|month| (month.year, month.month)).collect();
    assert_eq!(rows, [(1970, 1), (1970, 2), (1970, 4)]);
    let total: f64 = months.iter().map(|month| 1.0 + month.return_fraction).product();
    assert!((total - 1.98).abs() < 1e-12);
    assert!((months[1].return_fraction + 0.1).abs() < 1e-12);
}

#[test]
fn rolling_sharpe_by_hand() {
    // Returns 10 %, 20 %, 30 %: mean 0.2 and deviation 0.1; then no spread at all.
    let sharpe = rolling_sharpe(&[100.0, 110.0, 132.0, 171.6], 3, 252.0);
    assert_eq!(sharpe.first, 3);
    assert!((sharpe.values[0] - 2.0 * 252.0_f64.sqrt()).abs() < 1e-9);
    assert_eq!(rolling_sharpe(&[1.0, 2.0, 4.0, 8.0], 2, 252.0).values, [0.0, 0.0]);
    assert!(rolling_sharpe(&[1.0, 2.0], 2, 252.0).values.is_empty());
}

#[test]
fn rolling_windows_by_hand() {
    // Returns 10 %, -10 %, 20 %, beside half of each.
    let (own, market) = ([100.0, 110.0, 99.0, 118.8], [100.0, 105.0, 99.75, 109.725]);
    let near =
        |ours: &[f64], theirs: [f64; 2]| ours.iter().zip(theirs).all(|(ours, theirs)| (ours - theirs).abs() < 1e-9);
    assert!(near(&rolling_beta(&own, &market, 2).values, [2.0, 2.0]));
    assert!(near(&rolling_volatility(&own, 2, 1.0).values, [0.02_f64.sqrt(), 0.045_f64.sqrt()]));
    assert!(near(&rolling_sortino(&own, 2, 1.0).values, [0.0, 0.05 / 0.005_f64.sqrt()]));
    assert_eq!(rolling_sortino(&[1.0, 2.0, 4.0], 2, 1.0).values, [0.0], "no loss");
    assert!(
        rolling_volatility(&own, 1, 1.0).values.is_empty() && rolling_beta(&own, &market[1..], 2).values.is_empty()
    );
}

#[test]
fn a_ruined_account_has_no_growth() {
    // An equity below zero gave a volatility of 1e49 and a Sharpe ratio of zero.
    let mut curve = CurveStats::new(CurveOptions::default());
    for (day, equity) in [100.0, 120.0, -50.0, -40.0, 10.0].into_iter().enumerate() {
        curve.push(day as i64 * 86_400_000_000_000, equity, 100.0 + day as f64);
    }
    let summary = curve.finish(&TradeStats::new()).unwrap();
    let growth = [summary.annual_return_pct, summary.volatility_pct, summary.cagr_pct, summary.sharpe, summary.sortino];
    assert_eq!(growth, [None; 5]);
    assert_eq!((summary.calmar, summary.alpha_pct, summary.beta), (None, None, None));
    assert_eq!((summary.equity_final, summary.return_pct), (10.0, Some(-90.0)));
}

/// What is lost before the first point is lost all the same.
#[test]
fn returns_and_falls_count_from_the_beginning() {
    let mut curve = CurveStats::new(CurveOptions { begin: Some(10_000.0), ..CurveOptions::default() });
    for (index, equity) in (0..).zip([8_000.0, 8_400.0, 9_000.0]) {
        curve.push(index * HOUR, equity, 50.0);
    }
    let summary = curve.finish(&TradeStats::new()).expect("points");
    let close =
        |ours: Option<f64>, expected: f64| assert!((ours.expect("defined") - expected).abs() < 1e-9, "{ours:?}");
    close(summary.return_pct, -10.0);
    close(summary.max_drawdown_pct, -20.0);
}
