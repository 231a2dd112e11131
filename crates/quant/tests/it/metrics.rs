//! Metrics of returns against quantstats, empyrical and numpy, and what holds of any returns.
use proptest::prelude::*;
use qframe_quant::performance::{
    Metric, MetricOptions, drawdown_episodes, metrics, minimum_track_record, probabilistic_sharpe, relative_metrics,
};

use crate::oracle::{Table, folder, relative};

fn value(all: &[Metric], name: &str) -> Option<f64> {
    let found: Vec<_> = all.iter().filter(|metric| metric.name == name).collect();
    assert_eq!(found.len(), 1, "{name} is there once");
    found[0].value
}

/// Ours and the key under which a library has the same.
const QUANTSTATS: [(&str, &str); 45] = [
    ("sharpe", "sharpe"),
    ("sortino", "sortino"),
    ("adjusted_sortino", "adjusted_sortino"),
    ("calmar", "calmar"),
    ("max_drawdown", "max_drawdown"),
    ("cagr", "cagr"),
    ("volatility", "volatility"),
    ("omega", "omega"),
    ("tail_ratio", "tail_ratio"),
    ("skew", "skew"),
    ("kurtosis", "kurtosis"),
    ("ulcer_index", "ulcer_index"),
    ("ulcer_performance_index", "ulcer_performance_index"),
    ("serenity_index", "serenity_index"),
    ("value_at_risk", "value_at_risk"),
    ("conditional_value_at_risk", "conditional_value_at_risk"),
    ("expected_shortfall_historical", "conditional_value_at_risk(historical)"),
    ("gain_to_pain_ratio", "gain_to_pain_ratio"),
    ("payoff_ratio", "payoff_ratio"),
    ("profit_factor", "profit_factor"),
    ("profit_ratio", "profit_ratio"),
    ("win_rate", "win_rate"),
    ("avg_win", "avg_win"),
    ("avg_loss", "avg_loss"),
    ("avg_return", "avg_return"),
    ("best", "best"),
    ("worst", "worst"),
    ("consecutive_wins", "consecutive_wins"),
    ("consecutive_losses", "consecutive_losses"),
    ("kelly_criterion", "kelly_criterion"),
    ("recovery_factor", "recovery_factor"),
    ("risk_of_ruin", "risk_of_ruin"),
    ("common_sense_ratio", "common_sense_ratio"),
    ("cpc_index", "cpc_index"),
    ("outlier_win_ratio", "outlier_win_ratio"),
    ("outlier_loss_ratio", "outlier_loss_ratio"),
    ("risk_return_ratio", "risk_return_ratio"),
    ("geometric_mean", "geometric_mean"),
    ("exposure", "exposure"),
    ("rar", "rar"),
    ("comp", "comp"),
    ("smart_sharpe", "smart_sharpe"),
    ("smart_sortino", "smart_sortino"),
    ("probabilistic_sharpe_ratio", "probabilistic_sharpe_ratio"),
    ("autocorr_penalty", "autocorr_penalty"),
];

const QUANTSTATS_RELATIVE: [(&str, &str); 3] =
    [("information_ratio", "information_ratio"), ("r_squared", "r_squared"), ("treynor_ratio", "treynor_ratio")];

const EMPYRICAL: [(&str, &str); 2] = [("stability", "stability_of_timeseries"), ("downside_risk", "downside_risk")];

const EMPYRICAL_RELATIVE: [(&str, &str); 4] = [
    ("beta", "beta"),
    ("up_capture", "up_capture"),
    ("down_capture", "down_capture"),
    ("up_down_capture", "up_down_capture"),
];

fn check(ours: &[Metric], theirs: &serde_json::Value, names: &[(&str, &str)]) {
    for (name, key) in names {
        let theirs = theirs[*key].as_f64().unwrap_or_else(|| panic!("no number {key}"));
        let ours = value(ours, name).unwrap_or_else(|| panic!("{name} is not defined"));
        assert!(relative(ours, theirs, 1e-9) < 1e-9, "{name}: {ours} against {theirs}");
    }
}

#[test]
fn metrics_are_those_of_quantstats_and_empyrical() {
    let Some(folder) = folder("metrics of quantstats") else { return };
    let table = Table::read(&folder, "metrics_returns_goog_sp500.csv");
    let text = std::fs::read_to_string(folder.join("metrics_goog.json")).expect("the oracle's numbers");
    let oracle: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let (own, market) = (table.full("GOOG"), table.full("SP500"));
    let options = MetricOptions::default();
    let (single, beside) = (metrics(&own, &options), relative_metrics(&own, &market, &options));
    check(&single, &oracle["quantstats"], &QUANTSTATS);
    check(&beside, &oracle["quantstats"], &QUANTSTATS_RELATIVE);
    check(&beside, &oracle["quantstats"]["greeks"], &[("beta", "beta"), ("alpha", "alpha")]);
    check(&single, &oracle["empyrical"], &EMPYRICAL);
    check(&beside, &oracle["empyrical"], &EMPYRICAL_RELATIVE);
    let batting = [
        ("batting_average", "batting average"),
        ("batting_average_up", "up market"),
        ("batting_average_down", "down market"),
    ];
    check(&beside, &oracle["empyrical"]["batting_average"], &batting);
    let longest = oracle["numpy"]["longest_drawdown_bars: most bars in a row below the peak"].as_f64();
    assert_eq!(value(&single, "longest_drawdown"), longest);
    let rate = metrics(&own, &MetricOptions { risk_free: 0.02, ..options });
    check(&rate, &oracle["quantstats"], &[("sharpe", "sharpe(rf=0.02)"), ("sortino", "sortino(rf=0.02)")]);
    let asked = metrics(&own, &MetricOptions { required_return: 0.05, ..options });
    check(&asked, &oracle["empyrical"], &[("omega", "omega_ratio(required_return=0.05)")]);
}

#[test]
fn drawdowns_are_those_of_quantstats() {
    let Some(folder) = folder("drawdowns of quantstats") else { return };
    let returns = Table::read(&folder, "metrics_returns_goog_sp500.csv");
    let text =
        std::fs::read_to_string(folder.join("metrics_drawdowns_goog_quantstats.csv")).expect("the oracle's table");
    // The day before the first return, wealth is 1.
    let days = std::iter::once(returns.days[0] - 1).chain(returns.days.iter().copied());
    let times: Vec<i64> = days.map(|day| day * DAY_NS).collect();
    let grow = |wealth: &mut f64, change: f64| {
        *wealth *= 1.0 + change;
        Some(*wealth)
    };
    let wealth: Vec<f64> = std::iter::once(1.0).chain(returns.full("GOOG").into_iter().scan(1.0, grow)).collect();
    let mut ours = drawdown_episodes(&times, &wealth);
    ours.sort_by(|a, b| a.depth.total_cmp(&b.depth));
    let theirs: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let days = (ours.end_ns - ours.start_ns) / DAY_NS + 1;
        assert_eq!(days.to_string(), theirs[3], "days of {theirs:?}");
        let number = |place: usize| theirs[place].parse::<f64>().ok().map(|percent| percent / 100.0);
        let near = |ours: Option<f64>, theirs: Option<f64>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => (ours - theirs).abs() < 1e-10,
            (ours, theirs) => ours == theirs,
        };
        assert!(near(Some(ours.depth), number(4)), "depth of {theirs:?}");
        assert!(near(ours.depth_99, number(5)), "{:?} of {theirs:?}", ours.depth_99);
        let dates = [ours.start_ns, ours.trough_ns, ours.end_ns].map(|ns| date(ns / DAY_NS));
        assert_eq!(dates[..], theirs[..3], "dates");
    }
}

const DAY_NS: i64 = 86_400_000_000_000;

/// `YYYY-MM-DD` of a day since 1970-01-01 (Howard Hinnant, `civil_from_days`).
fn date(day: i64) -> String {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02}")
}

/// Bailey and López de Prado 2012, pages of the working paper (SSRN 1821643, July 2012): equation 11 (p. 9) with the example
/// of p. 10, and equation 13 (p. 11) with its examples, in years.
#[test]
fn significance_is_that_of_the_paper() {
    for (months, skew, kurtosis, expected) in
        [(24, 0.0, 3.0, 0.982), (24, -2.448, 10.164, 0.913), (36, -2.448, 10.164, 0.953_f64)]
    {
        // The paper says 1.585 a year, and 0.458 a month.
        let psr = probabilistic_sharpe(1.585 / f64::sqrt(12.0), 0.0, skew, kurtosis, months).expect("it is defined");
        assert!((psr - expected).abs() < 5e-4, "{months} months: {psr}");
    }
    for (periods, skew, kurtosis, years) in
        [(252.0, 0.0, 3.0, 2.73), (52.0, 0.0, 3.0, 2.83), (12.0, 0.0, 3.0, 3.24), (12.0, -0.72, 5.78, 4.99_f64)]
    {
        let root = f64::sqrt(periods);
        let length = minimum_track_record(2.0 / root, 1.0 / root, skew, kurtosis, 0.95).expect("two is above one");
        assert!((length / periods - years).abs() < 5e-3, "{periods}: {}", length / periods);
    }
    assert_eq!(minimum_track_record(0.1, 0.1, 0.0, 3.0, 0.95), None, "no record shows that a number is above itself");
}

/// The serenity index once followed the confidence, and was quantstats' at 95 % alone: 1.39, 1.26, 1.05 of one curve.
#[test]
fn the_confidence_moves_what_is_of_a_confidence_and_nothing_else() {
    let returns: Vec<f64> = (0..250).map(|place: i32| f64::from(place * place % 17 - 7) / 500.0).collect();
    let at =
        |confidence| metrics(&returns, &MetricOptions { confidence, target_sharpe: 0.5, ..MetricOptions::default() });
    let (own, low) = (at(0.95), at(0.9));
    let moved = own.iter().zip(&low).filter(|(own, low)| own.value != low.value).map(|(own, _)| own.name);
    let of_confidence =
        ["value_at_risk", "conditional_value_at_risk", "expected_shortfall_historical", "minimum_track_record_length"];
    assert_eq!(moved.collect::<Vec<_>>(), of_confidence);
    assert!(value(&own, "serenity_index").is_some());
}

#[test]
fn what_is_not_defined_is_nothing() {
    let options = MetricOptions::default();
    assert!(metrics(&[], &options).is_empty());
    assert!(relative_metrics(&[0.1], &[], &options).is_empty());
    for returns in [vec![0.0], vec![0.01], vec![0.01; 30], vec![0.0; 30], vec![-1.0, 0.5], vec![-0.1, 0.2]] {
        for metric in metrics(&returns, &options).iter().chain(&relative_metrics(&returns, &returns, &options)) {
            assert!(metric.value.is_none_or(f64::is_finite), "{} of {returns:?}", metric.name);
        }
    }
    let gains = metrics(&[0.01, 0.02, 0.03], &options);
    for name in ["sortino", "profit_factor", "payoff_ratio", "calmar", "gain_to_pain_ratio"] {
        assert_eq!(value(&gains, name), None, "{name} without a loss");
    }
    assert_eq!(value(&metrics(&[0.01; 30], &options), "sharpe"), None, "a constant has no Sharpe ratio");
}

proptest! {
    /// A Sharpe ratio at its target is as likely above as below; a longer record makes the same ratio surer; and as long a
    /// record as the formula asks for gives the confidence that it was asked for.
    #[test]
    fn track_record_and_probability_agree(sharpe in 0.01..0.5_f64, skew in -1.5..1.5_f64, kurtosis in 3.5..12.0_f64) {
        let psr = |target, count| probabilistic_sharpe(sharpe, target, skew, kurtosis, count);
        if let Some(half) = psr(sharpe, 100) {
            prop_assert!((half - 0.5).abs() < 1e-12);
            prop_assert!(psr(0.0, 400) >= psr(0.0, 100));
            let length = minimum_track_record(sharpe, 0.0, skew, kurtosis, 0.95).expect("the ratio is above zero");
            let (short, long) = (psr(0.0, length.floor() as usize), psr(0.0, length.ceil() as usize));
            prop_assert!(short.is_none_or(|short| short <= 0.95 + 1e-9) && long.is_some_and(|long| long >= 0.95 - 1e-9));
        }
    }

    /// Leverage leaves ratios alone and scales spreads; a benchmark beside itself has beta one and nothing active.
    #[test]
    fn leverage_scales(returns in prop::collection::vec(-0.05..0.05_f64, 20..200), factor in 0.1..3.0_f64) {
        let options = MetricOptions::default();
        let scaled: Vec<f64> = returns.iter().map(|value| value * factor).collect();
        let (one, many) = (metrics(&returns, &options), metrics(&scaled, &options));
        for name in ["sharpe", "sortino", "payoff_ratio", "profit_factor", "skew", "kurtosis", "tail_ratio"] {
            let (one, many) = (value(&one, name), value(&many, name));
            prop_assert!(one.zip(many).is_none_or(|(one, many)| (one - many).abs() <= 1e-7 * one.abs().max(1.0)), "{name}");
        }
        for name in ["volatility", "best", "worst", "value_at_risk", "conditional_value_at_risk", "avg_win"] {
            let (one, many) = (value(&one, name), value(&many, name));
            let scaled = one.zip(many).is_none_or(|(one, many)| (one * factor - many).abs() <= 1e-9);
            prop_assert!(scaled, "{name}");
        }
        let beside = relative_metrics(&returns, &returns, &options);
        prop_assert!(value(&beside, "beta").is_none_or(|beta| (beta - 1.0).abs() < 1e-9));
        prop_assert_eq!(value(&beside, "information_ratio"), None);
    }
}
