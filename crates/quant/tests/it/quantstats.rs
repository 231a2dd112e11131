//! Figures, series and tables under quantstats' names, against those of quantstats itself: always those that it computed of a
//! short invented series (`quantstats_facts.csv`), and of real returns where QFRAME_QUANTSTATS names a Python that has it.
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use qframe_quant::performance::*;

use crate::oracle::{Table, folder, relative};

const DAY_NS: i64 = 86_400_000_000_000;
const WINDOW: usize = 20;

/// Returns of a table, and the instants at which they end.
struct Sample {
    times: Vec<i64>,
    own: Vec<f64>,
    market: Vec<f64>,
}

impl Sample {
    fn of(table: &Table, [own, market]: [&str; 2]) -> Self {
        let times = table.days.iter().map(|day| day * DAY_NS).collect();
        Self { times, own: table.full(own), market: table.full(market) }
    }

    fn invented() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
        Self::of(&Table::read(&folder, "quantstats_returns.csv"), ["own", "market"])
    }
}

type Rows = BTreeMap<String, Option<f64>>;

/// Everything that `by_quantstats.py` prints, under the same names.
fn ours(sample: &Sample) -> Rows {
    let Sample { own, market, .. } = sample;
    let mut rows = Rows::new();
    let options = MetricOptions::default();
    let with_rate = MetricOptions { risk_free: 0.02, ..options };
    for (before, options) in [("", options), ("rf:", with_rate)] {
        for metric in metrics(own, &options).iter().chain(&relative_metrics(own, market, &options)) {
            let names = std::iter::once(metric.name).chain(metric.aliases());
            rows.extend(names.map(|name| (format!("{before}{name}"), metric.value)));
        }
    }
    by_period(sample, &mut rows);
    series(sample, &mut rows);
    let one = Shuffling { paths: 1, seed: 1, with_replacement: false, bust: None, goal: None };
    let found = Shuffled::of(own, &options, &one, || ()).expect("a path");
    let paths = [("", &found.totals), ("_cagr", &found.cagrs), ("_drawdown", &found.drawdowns)];
    rows.extend(paths.map(|(name, values)| (format!("montecarlo{name}"), values.first().copied())));
    rows
}

fn by_period(Sample { times, own, .. }: &Sample, rows: &mut Rows) {
    let periods = [
        ("Daily", Period::Own),
        ("Weekly", Period::Week),
        ("Monthly", Period::Month),
        ("Quarterly", Period::Quarter),
        ("Yearly", Period::Year),
    ];
    for (name, period) in periods {
        let grown = period_returns(times, own, period);
        let all = metrics(&grown, &MetricOptions::default());
        for metric in &all {
            let names = std::iter::once(metric.name).chain(metric.aliases());
            rows.extend(names.map(|figure| (format!("{name}.{figure}"), metric.value)));
        }
        let sums = metrics(&period_sums(times, own, period), &MetricOptions::default());
        let pain = sums.iter().find(|metric| metric.name == "gain_to_pain_ratio").expect("there");
        rows.insert(format!("{name}.gain_to_pain_ratio"), pain.value);
        let spread_over = if period == Period::Week { Period::WeekToMonday } else { period };
        let spread = Spread::of(&period_returns(times, own, spread_over)).expect("returns");
        for (part, values) in [("values", spread.values), ("outliers", spread.outliers)] {
            rows.insert(format!("distribution.{name}.{part}.count"), Some(values.len() as f64));
            rows.insert(format!("distribution.{name}.{part}.sum"), Some(values.iter().sum()));
        }
    }
}

/// The wealth of the returns, from 1 the day before them.
fn wealth(returns: &[f64]) -> Vec<f64> {
    let grow = |wealth: &mut f64, change: &f64| {
        *wealth *= 1.0 + change;
        Some(*wealth)
    };
    std::iter::once(1.0).chain(returns.iter().scan(1.0, grow)).collect()
}

fn series(Sample { times, own, market }: &Sample, rows: &mut Rows) {
    let (values, prices) = (wealth(own), wealth(market));
    let times: Vec<i64> = std::iter::once(times[0] - DAY_NS).chain(times.iter().copied()).collect();
    let names = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let mut years = BTreeMap::new();
    for month in monthly_returns(&times, &values) {
        let name = format!("monthly_returns.{}.{}", month.year, names[usize::from(month.month) - 1]);
        rows.insert(name, Some(month.return_fraction));
        *years.entry(month.year).or_insert(1.0) *= 1.0 + month.return_fraction;
    }
    rows.extend(years.into_iter().map(|(year, grown)| (format!("monthly_returns.{year}.EOY"), Some(grown - 1.0))));
    let (limit, places) = outliers(own, 0.95).expect("returns");
    rows.insert("outliers.count".to_owned(), Some(places.len() as f64));
    rows.insert("outliers.sum".to_owned(), Some(places.iter().map(|place| own[*place]).sum()));
    rows.insert("remove_outliers.count".to_owned(), Some(own.iter().filter(|value| **value < limit).count() as f64));
    let columns = [
        ("compsum", values[1..].iter().map(|value| value - 1.0).collect()),
        ("to_drawdown_series", drawdown_series(&values)[1..].to_vec()),
        ("pct_rank", pct_rank(&values[1..], WINDOW)),
        ("rolling_sharpe", rolling_sharpe(&values, WINDOW, 252.0).values),
        ("rolling_sortino", rolling_sortino(&values, WINDOW, 252.0).values),
        ("rolling_volatility", rolling_volatility(&values, WINDOW, 252.0).values),
        ("rolling_greeks.beta", rolling_beta(&values, &prices, WINDOW).values),
        ("rolling_greeks.alpha", rolling_alpha(&values, &prices, WINDOW).values),
    ];
    let count = own.len();
    for (name, column) in columns {
        rows.insert(format!("{name}.sum"), Some(column.iter().sum()));
        for place in [2, count / 3, count / 2, count - 1] {
            // A column without its first rows ends where the returns end.
            let value = place.checked_sub(count - column.len()).map(|row| column[row]);
            rows.insert(format!("{name}.{place}"), value);
        }
    }
}

/// Holds our rows against quantstats' table of `name,value`. What it knows to be undefined is undefined here, too.
fn check(theirs: &str, ours: &Rows, tolerance: f64) -> usize {
    let rows = theirs.lines().filter(|line| !line.starts_with("of 1000:"));
    let mut count = 0;
    for line in rows {
        let (name, value) = line.split_once(',').expect("name,value");
        let own = *ours.get(name).unwrap_or_else(|| panic!("{name} is not there"));
        match (own, value.parse::<f64>().ok()) {
            (Some(own), Some(value)) => {
                assert!(relative(own, value, 1e-3) < tolerance, "{name}: {own} against {value}");
            }
            (own, value) => assert_eq!(own, value, "{name}"),
        }
        count += 1;
    }
    count
}

#[test]
fn an_invented_series_has_the_figures_of_quantstats() {
    let count = check(include_str!("quantstats_facts.csv"), &ours(&Sample::invented()), 1e-10);
    assert!(count > 200, "{count} facts");
}

#[test]
fn real_returns_have_the_figures_of_quantstats() {
    let Some(folder) = folder("quantstats on real returns") else { return };
    let Some(python) = std::env::var_os("QFRAME_QUANTSTATS").filter(|python| Path::new(python).is_file()) else {
        return println!("skipped: quantstats on real returns (QFRAME_QUANTSTATS names no Python that has it)");
    };
    let (name, columns) = ("metrics_returns_goog_sp500.csv", ["GOOG", "SP500"]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/by_quantstats.py");
    let said = Command::new(python).args(["-B", script]).arg(folder.join(name)).output().expect("Python runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let theirs = String::from_utf8(said.stdout).expect("text");
    let count = check(&theirs, &ours(&Sample::of(&Table::read(&folder, name), columns)), 1e-8);
    println!("{count} figures of quantstats hold on {name}");
}

/// Each simulation has its own chance: what 1,000 of quantstats' paths and 20,000 of ours have in common.
#[test]
fn shuffled_drawdowns_are_spread_as_those_of_quantstats() {
    let theirs = include_str!("quantstats_facts.csv").lines().filter_map(|line| line.strip_prefix("of 1000:"));
    let theirs: BTreeMap<&str, f64> =
        theirs.filter_map(|line| line.split_once(',')).map(|(name, value)| (name, value.parse().unwrap())).collect();
    let by = Shuffling { paths: 20_000, seed: 3, with_replacement: false, bust: Some(-0.2), goal: Some(0.05) };
    let mut paths = 0;
    let found = Shuffled::of(&Sample::invented().own, &MetricOptions::default(), &by, || paths += 1).unwrap();
    let ours = Summary::of(&found.drawdowns).unwrap();
    let error = theirs["std"] / 1_000_f64.sqrt();
    assert!((ours.mean - theirs["mean"]).abs() < 4.0 * error, "{ours:?}");
    // A median's standard error is about 1.25 times the mean's, that of a 5 % quantile about twice (normal sample).
    assert!((ours.median - theirs["median"]).abs() < 6.0 * error, "{ours:?}");
    assert!((ours.percentiles[0] - theirs["percentile_5"]).abs() < 9.0 * error, "{ours:?}");
    assert!((ours.percentiles[3] - theirs["percentile_95"]).abs() < 9.0 * error, "{ours:?}");
    assert!((ours.std.unwrap() / theirs["std"] - 1.0).abs() < 0.1, "{ours:?}");
    assert_eq!(paths, 20_000);
    let fell = found.drawdowns.iter().filter(|depth| **depth <= -0.2).count() as f64 / 20_000.0;
    assert_eq!((found.bust_probability, found.goal_probability), (Some(fell), Some(1.0)));
    let sharpe = metrics(&Sample::invented().own, &MetricOptions::default());
    let sharpe = sharpe.iter().find(|metric| metric.name == "sharpe").and_then(|metric| metric.value).unwrap();
    assert!(found.sharpes.iter().all(|own| (own - sharpe).abs() < 1e-9), "nor do means and spreads know the order");
    // The order changes no growth; drawing with replacement does.
    let anew = Shuffling { with_replacement: true, ..by };
    let anew = Shuffled::of(&Sample::invented().own, &MetricOptions::default(), &anew, || ()).unwrap();
    let spread = |totals: &[f64]| Summary::of(totals).unwrap().std.unwrap();
    assert!(spread(&found.totals) < 1e-12 && spread(&anew.totals) > 0.1);
    assert!(anew.goal_probability.is_some_and(|share| (0.2..0.8).contains(&share)));
}

#[test]
fn nothing_has_no_spread_and_no_path() {
    let options = MetricOptions::default();
    let by = Shuffling { paths: 3, seed: 1, with_replacement: false, bust: None, goal: None };
    assert!(Shuffled::of(&[], &options, &by, || ()).is_none());
    assert!(Shuffled::of(&[0.1], &options, &Shuffling { paths: 0, ..by }, || ()).is_none());
    assert!(Spread::of(&[]).is_none() && outliers(&[], 0.95).is_none() && Summary::of(&[]).is_none());
    assert!(pct_rank(&[1.0, 2.0], 0).is_empty() && period_returns(&[], &[], Period::Week).is_empty());
    let lost = Shuffled::of(&[0.5, -1.0, 0.2], &options, &by, || ()).unwrap();
    assert!(lost.totals.iter().chain(&lost.cagrs).all(|total| *total == -1.0));
    assert_eq!(Spread::of(&[2.0]).unwrap().whiskers(), [2.0, 2.0]);
}

/// 1970-01-05 was a Monday: the first day of its week, or the last of one that ends so. Quarters and years begin on the first of January.
#[test]
fn periods_end_where_the_calendar_says() {
    let check = |days: &[i64], period: Period, expected: &[f64]| {
        let times: Vec<i64> = days.iter().map(|day| day * DAY_NS).collect();
        assert_eq!(period_sums(&times, &vec![1.0; days.len()], period), expected, "{days:?} {period:?}");
    };
    check(&[3, 4, 10, 11, 12], Period::Week, &[1.0, 2.0, 2.0]);
    check(&[3, 4, 5, 11, 12], Period::WeekToMonday, &[2.0, 2.0, 1.0]);
    // Monday 2024-12-30 to Sunday 2025-01-05: a week is not cut by the year.
    check(&[20_086, 20_087, 20_088, 20_089, 20_093], Period::Week, &[1.0, 4.0]);
    check(&[-1, 0, 30, 31, 89, 90], Period::Month, &[1.0, 2.0, 1.0, 1.0, 1.0]);
    check(&[-1, 0, 30, 31, 89, 90], Period::Quarter, &[1.0, 4.0, 1.0]);
    check(&[-1, 0, 364, 365], Period::Year, &[1.0, 2.0, 1.0]);
    check(&[0, 0, 1], Period::Own, &[1.0, 1.0, 1.0]);
}

proptest! {
    /// A path is the same returns again; equal seeds give equal paths; longer periods compound to the same growth; a box splits
    /// its sample; a rank lies above 0 and at most at 100.
    #[test]
    fn what_is_put_into_another_order_stays(returns in prop::collection::vec(-0.2..0.2_f64, 2..60), seed in any::<u64>()) {
        let options = MetricOptions::default();
        let by = Shuffling { paths: 20, seed, with_replacement: false, bust: Some(-0.1), goal: None };
        let found = Shuffled::of(&returns, &options, &by, || ()).unwrap();
        prop_assert_eq!(&found, &Shuffled::of(&returns, &options, &by, || ()).unwrap());
        let total = wealth(&returns)[returns.len()] - 1.0;
        prop_assert!(found.totals.iter().all(|own| (own - total).abs() < 1e-9));
        prop_assert!(found.drawdowns.iter().all(|depth| (-1.0..=0.0).contains(depth)));
        let times: Vec<i64> = (0..returns.len() as i64).map(|day| day * 3 * DAY_NS).collect();
        for period in [Period::Own, Period::Week, Period::WeekToMonday, Period::Month, Period::Quarter, Period::Year] {
            let grown = period_returns(&times, &returns, period);
            prop_assert!((wealth(&grown)[grown.len()] - 1.0 - total).abs() < 1e-9);
        }
        let spread = Spread::of(&returns).unwrap();
        prop_assert_eq!(spread.values.len() + spread.outliers.len(), returns.len());
        let [low, high] = spread.whiskers();
        prop_assert!(low <= spread.q1 && spread.q1 <= spread.median && spread.median <= spread.q3 && spread.q3 <= high);
        prop_assert!(pct_rank(&returns, 7).iter().all(|rank| *rank > 0.0 && *rank <= 100.0));
    }
}
