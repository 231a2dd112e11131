//! The portfolio strategy: what it holds is what its objective says of the bars before, whatever comes after.
use qframe_engine::Sizing;
use qframe_lab::registry::{MarketInfo, find};
use qframe_lab::{Backtest, DataSet, Setup};
use qframe_model::event::{Event, Report};
use qframe_model::market::Bar;
use qframe_model::number::Rate;
use qframe_model::order::Size;
use qframe_model::parameter::Parameters;
use qframe_model::time::{Span, Time};
use qframe_quant::covariance::{Covariance, Returns};
use qframe_quant::portfolio::{Constraints, Estimates, Objective, annual_means, optimise};

use super::{STOCKS, backtest, build, closes, events, fills, orders, run, sample, setup};

const NAMES: [&str; 10] = [
    "equal-weight",
    "inverse-volatility",
    "min-variance",
    "max-sharpe",
    "risk-parity",
    "hrp",
    "herc",
    "max-diversification",
    "min-cvar",
    "kelly",
];

/// Those of them that are no rule.
const OPTIMISED: [&str; 5] = ["min-variance", "max-sharpe", "max-diversification", "min-cvar", "kelly"];

/// The first bars of six stocks.
fn first(count: usize) -> Vec<DataSet> {
    let part = |name: &&str| {
        let set = sample(name);
        let bars = set.bars()[..count].to_vec();
        DataSet::of(set.instrument().clone(), set.frame(), bars, set.origin().clone()).unwrap()
    };
    STOCKS[..6].iter().map(part).collect()
}

/// The weights at a bar, found with the maths alone, of a year of so many bars; none where nothing rose.
fn expected(data: &[DataSet], bar: usize, window: usize, objective: &Objective, periods: f64) -> Vec<f64> {
    let prices: Vec<_> = data.iter().map(closes).collect();
    let first = bar.saturating_sub(window);
    let rows = (first..bar).flat_map(|row| prices.iter().map(move |prices| prices[row + 1] / prices[row] - 1.0));
    let returns = Returns::new(rows.collect(), data.len()).unwrap();
    let covariance = Covariance::ledoit_wolf(&returns).unwrap().covariance.scaled(periods);
    let names = (0..data.len()).map(|place| place.to_string()).collect();
    let estimates = Estimates::new(names, annual_means(&returns, periods), covariance, returns).unwrap();
    let found = optimise(&estimates, objective, &Constraints::long_only(data.len()));
    found.map_or_else(|_| vec![0.0; data.len()], |found| found.weights)
}

#[test]
fn the_weights_are_those_of_the_window_before() {
    let data = first(2_000);
    let outcome = run("portfolio", &[("window", "60"), ("every", "quarter")], &data);
    let (mut held, mut checked) = (vec![0.0; data.len()], 0);
    let trades = fills(&outcome);
    for (bar, row) in data[0].bars().iter().enumerate() {
        let now: Vec<_> = trades.iter().filter(|fill| fill.time == row.time).collect();
        now.iter().for_each(|fill| held[fill.instrument.index()] += fill.signed().to_f64());
        if now.is_empty() || bar < 62 {
            continue;
        }
        let equity = outcome.curve.equity_at(bar - 1).to_f64();
        for (place, weight) in expected(&data, bar - 1, 60, &Objective::RiskParity, 252.0).iter().enumerate() {
            let share = held[place] * data[place].bars()[bar - 1].close.to_f64() / equity;
            let one_unit = data[place].bars()[bar - 1].close.to_f64() / equity;
            assert!((share - weight).abs() < 0.02 + one_unit, "{} at bar {bar}: {share} for {weight}", STOCKS[place]);
        }
        checked += 1;
    }
    assert!(checked > 20, "{checked} rebalancings");
}

/// Expected returns were once of a bar and not of a year: AAPL had 0.657, where `portfolio optimise` has 0.791.
#[test]
fn expected_returns_are_those_of_a_year() {
    let stocks = first(700);
    let spaced = |seconds: &dyn Fn(i64) -> i64| {
        let part = |set: &DataSet| {
            let bars = set.bars().iter().zip(0..);
            let bars = bars.map(|(bar, place)| Bar { time: Time::from_seconds(seconds(place)), ..*bar }).collect();
            DataSet::of(set.instrument().clone(), set.frame(), bars, set.origin().clone()).unwrap()
        };
        stocks.iter().map(part).collect::<Vec<_>>()
    };
    // Day 4 of the epoch was a Monday.
    let rows = [
        (stocks.clone(), 252.0),
        (spaced(&|bar| (4 + bar / 5 * 7 + bar % 5) * 86_400), 252.0),
        (spaced(&|bar| bar * 86_400), 365.0),
        (spaced(&|bar| bar * 7 * 86_400), 52.0),
    ];
    let objective = Objective::MaxSharpe { risk_free: 0.0 };
    for (data, periods) in rows {
        let orders = orders(&run("portfolio", &[("objective", "max-sharpe"), ("window", "60")], &data));
        let mut checked = 0;
        for order in &orders {
            let Size::TargetWeight(aim) = order.size else { panic!("{order:?}") };
            // An order is sent at the close of a bar, which is when the next day begins.
            let bar = data[0].bars().partition_point(|bar| bar.time < order.time) - 1;
            let weight = expected(&data, bar, 60, &objective, periods)[order.instrument.index()];
            assert!((aim.to_f64() - weight).abs() < 2e-9, "{periods} a year, bar {bar}: {aim} for {weight}");
            checked += 1;
        }
        assert!(checked > 30, "{periods} a year: {checked} orders");
    }
}

/// Cutting the future off changes no order before it.
#[test]
fn no_order_knows_what_comes_after() {
    let (whole, half) = (first(460), first(300));
    let end = half[0].bars()[299].time;
    for objective in NAMES {
        let given = [("objective", objective), ("window", "40"), ("drift", "0.05"), ("volatility", "1.5")];
        let early = |data: &[DataSet]| -> Vec<(Time, String)> {
            let told = |order: &qframe_model::order::Order| {
                (order.time, format!("{} {:?} {:?}", order.instrument, order.side, order.size))
            };
            orders(&run("portfolio", &given, data)).iter().map(told).filter(|(time, _)| *time < end).collect()
        };
        let (known, cut) = (early(&whole), early(&half));
        assert!(!cut.is_empty() && known == cut, "{objective}: {} and {} orders", known.len(), cut.len());
    }
}

#[test]
fn occasions_are_what_they_say() {
    let data = first(2_000);
    let instants = |given: &[(&str, &str)]| {
        let given: Vec<_> =
            given.iter().copied().chain([("objective", "inverse-volatility"), ("window", "40")]).collect();
        let mut times: Vec<Time> = orders(&run("portfolio", &given, &data)).iter().map(|order| order.time).collect();
        times.dedup();
        times.len()
    };
    let (once, years, months, weeks) = (
        instants(&[("every", "never")]),
        instants(&[("every", "year")]),
        instants(&[("every", "month")]),
        instants(&[("every", "week")]),
    );
    assert!(once == 1 && once < years && years < months && months < weeks, "{once} {years} {months} {weeks}");
    let (narrow, wide) =
        (instants(&[("every", "never"), ("drift", "0.02")]), instants(&[("every", "never"), ("drift", "0.1")]));
    assert!(1 < wide && wide < narrow, "{wide} {narrow}");
    let (calm, wild) =
        (instants(&[("every", "never"), ("volatility", "3")]), instants(&[("every", "never"), ("volatility", "1.3")]));
    assert!(calm <= wild && wild > 5, "{calm} {wild}");
}

/// No order aims at more than the largest weight, whatever is optimised; what that leaves stays money.
#[test]
fn the_largest_weight_holds_for_every_objective() {
    let data = first(600);
    for (objective, most) in OPTIMISED.iter().flat_map(|objective| [(objective, 0.1), (objective, 0.25)]) {
        let named = [("objective", *objective), ("window", "60"), ("most", &most.to_string())];
        let outcome = run("portfolio", &named, &data);
        let aims: Vec<f64> = events(&outcome)
            .filter_map(|event| match event {
                Event::Submitted(order) => match order.size {
                    Size::TargetWeight(share) => Some(share.to_f64()),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        assert!(aims.len() > 10, "{objective} trades within {most}: {} orders", aims.len());
        assert!(aims.iter().all(|aim| *aim <= most + 1e-9), "{objective}: {most}");
    }
}

/// A largest weight once cut what a rule gave: the four weights of `hrp` summed to 0.918, and those of `risk-parity` were none.
#[test]
fn a_largest_weight_beside_a_rule_is_refused() {
    let (spec, backtest) = (find("portfolio").unwrap(), backtest(&first(100), false));
    for objective in NAMES {
        let parameters = Parameters::parse(spec.parameters, &[("objective", objective), ("most", "0.26")]).unwrap();
        let refused = spec.strategy(&parameters, &MarketInfo::of(&backtest)).err().map(|error| error.to_string());
        let says = format!(
            "most = \"0.26\": expected 1, as {objective} knows no constraints; leave it out, or choose an objective that is \
             optimised, such as min-variance"
        );
        assert_eq!(refused, (!OPTIMISED.contains(&objective)).then_some(says));
    }
}

/// With a little money left for rounding and fees, nothing is refused.
#[test]
fn sales_pay_for_purchases() {
    let data = first(2_000);
    let setup = Setup { sizing: Sizing::Equity(Rate::percent(98)), ..setup(false) };
    let backtest = Backtest::new(data, setup).unwrap();
    for objective in NAMES {
        let outcome = backtest.run(build("portfolio", &[("objective", objective)], &backtest)).unwrap();
        let refused = events(&outcome)
            .filter(|event| matches!(event, Event::Refused { .. } | Event::Reported(Report::Rejected { .. })))
            .count();
        assert!(fills(&outcome).len() > 20 && refused == 0, "{objective}: {refused} refused");
    }
}

/// A symbol that has ended, or has only begun, would leave hardly an instant that all have: the others go on without it.
#[test]
fn one_symbol_that_ends_does_not_stop_the_others() {
    let mut data = first(900);
    let cut = |set: &DataSet, bars: std::ops::Range<usize>| {
        DataSet::of(set.instrument().clone(), set.frame(), set.bars()[bars].to_vec(), set.origin().clone()).unwrap()
    };
    data[1] = cut(&data[1], 0..300);
    data[2] = cut(&data[2], 500..900);
    let last = data[0].bars()[860].time;
    let orders = orders(&run("portfolio", &[("window", "60")], &data));
    let first = orders.iter().find(|order| order.instrument.0 == 2).unwrap();
    assert!(first.time > data[2].bars()[60].time, "it joins when it has 61 closes: {first:?}");
    let named = |place: u16, from: usize, until: usize| {
        let [from, until] = [from, until].map(|bar| data[0].bars()[bar].time);
        orders.iter().filter(|order| order.instrument.0 == place && (from..until).contains(&order.time)).count()
    };
    assert!(named(0, 400, 500) > 2 && named(2, 530, 880) > 5 && named(1, 60, 290) > 5);
    assert!(orders.iter().any(|order| order.time > last));
}

/// Weights were once found with half of a window, and in the middle of a month.
#[test]
fn weights_are_set_at_first_instants_of_periods_once_the_window_is_there() {
    let data = first(500);
    let closes: Vec<Time> = data[0].bars().iter().map(|bar| bar.time + Span::DAY).collect();
    for (every, month) in [("month", 1), ("quarter", 3)] {
        let orders = orders(&run("portfolio", &[("window", "60"), ("every", every)], &data));
        assert!(orders[0].time >= closes[60] && orders[0].time < closes[60 + 22 * month], "{:?}", orders[0]);
        let period = |time: Time| (time.date().0 * 12 + time.date().1 as i32 - 1) / month as i32;
        for order in orders {
            let bar = closes.binary_search(&order.time).unwrap();
            assert_ne!(period(order.time), period(closes[bar - 1]), "{every}: {order:?}");
        }
    }
}

/// Once a symbol had ended, its sale that could not fill and the money in it were a drift on every bar, and it cut the windows of
/// the others.
#[test]
fn a_symbol_that_has_ended_is_sold_once_and_is_no_drift() {
    let mut data = first(900);
    data.truncate(3);
    let whole = &data[1];
    let bars = whole.bars()[..300].to_vec();
    data[1] = DataSet::of(whole.instrument().clone(), whole.frame(), bars, whole.origin().clone()).unwrap();
    let outcome = run("portfolio", &[("window", "60"), ("every", "quarter"), ("drift", "0.1")], &data);
    let (closes, all) = (data[0].bars().iter().map(|bar| bar.time + Span::DAY).collect::<Vec<_>>(), orders(&outcome));
    // The sixth day after its last bar is the first on which it is known to have ended.
    let ended = closes.iter().position(|time| time.day() - closes[299].day() > 5).unwrap();
    let after: Vec<_> = all.iter().filter(|order| order.time >= closes[ended]).collect();
    let mut instants: Vec<Time> = after.iter().map(|order| order.time).collect();
    instants.dedup();
    assert!((9..30).contains(&instants.len()), "{} of {} bars", instants.len(), 900 - ended);
    let own: Vec<_> = after.iter().filter(|order| order.instrument.0 == 1).map(|order| order.size).collect();
    assert_eq!(own, [Size::TargetWeight(Rate::ZERO)], "one sale, and no purchase");
    data.remove(1);
    for time in instants {
        let bar = closes.binary_search(&time).unwrap();
        let weights = expected(&data, bar, 60, &Objective::RiskParity, 252.0);
        let aim = |place: u16| match after.iter().find(|order| order.time == time && order.instrument.0 == place)?.size
        {
            Size::TargetWeight(aim) => Some(aim.to_f64()),
            size => panic!("{size:?}"),
        };
        let aims: Vec<f64> = [0, 2].into_iter().filter_map(aim).collect();
        let sum: f64 = aims.iter().sum();
        assert!(aims.len() == 2 && (0.5..0.9).contains(&sum), "what the sale has not brought is not spent: {sum}");
        for (aim, weight) in aims.iter().zip(weights) {
            assert!((aim / sum - weight).abs() < 1e-8, "bar {bar}: {} for {weight}", aim / sum);
        }
    }
}
