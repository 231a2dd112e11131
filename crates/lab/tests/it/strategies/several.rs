//! Strategies for several markets: what they hold at every instant is what their rule says.
use std::collections::BTreeSet;

use qframe_engine::{RiskBudget, Sizing};
use qframe_lab::strategies::{Pairs, PairsRules};
use qframe_lab::{Backtest, DataSet, Outcome, Setup};
use qframe_model::currency::Currency;
use qframe_model::event::{CancelReason, Event, Report};
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::Side;
use qframe_model::number::{Quantity, Rate};
use qframe_model::order::Size;
use qframe_model::refusal::Refusal;

use super::{STOCKS, backtest, build, closes, events, fills, orders, run, sample, setup};

/// Shows the units held of each instrument after the fills of each bar; all sets have the same bars.
fn for_each_bar(outcome: &Outcome, data: &[DataSet], mut show: impl FnMut(usize, &[Quantity])) {
    let (fills, mut held) = (fills(outcome), vec![Quantity::ZERO; data.len()]);
    let mut rest = fills.iter().peekable();
    for (bar, row) in data[0].bars().iter().enumerate() {
        while let Some(fill) = rest.next_if(|fill| fill.time == row.time) {
            let units = &mut held[fill.instrument.index()];
            *units = units.plus(fill.signed()).unwrap();
        }
        show(bar, &held);
    }
    assert!(rest.next().is_none(), "a fill outside the bars");
}

/// The `top` best of the last `window` bars at the first close of each month, by place.
fn ranked(data: &[DataSet], window: usize, top: usize) -> Vec<(usize, BTreeSet<usize>)> {
    let prices: Vec<_> = data.iter().map(closes).collect();
    let month = |bar: usize| (data[0].bars()[bar].time + data[0].frame().span()).date().1;
    let first_of_month = |bar: &usize| *bar >= window && month(*bar) != month(bar - 1);
    let best = |bar: usize| {
        let mut places: Vec<usize> = (0..data.len()).collect();
        let past = |place: usize| prices[place][bar] / prices[place][bar - window];
        places.sort_by(|a, b| past(*b).total_cmp(&past(*a)));
        (bar, places.into_iter().take(top).collect())
    };
    (0..data[0].bars().len()).filter(first_of_month).map(best).collect()
}

#[test]
fn momentum_rotation_holds_the_best_of_each_month_and_nothing_else() {
    let data = STOCKS.map(sample);
    for (window, top) in [(126, 3), (21, 1), (252, 20)] {
        let given = [("window", &*window.to_string()), ("top", &*top.to_string())];
        let outcome = run("momentum-rotation", &given, &data);
        let months = ranked(&data, window, top);
        assert!(months.len() > 100);
        let (mut rest, mut expected) = (months.iter().peekable(), BTreeSet::new());
        for_each_bar(&outcome, &data, |bar, held| {
            let holds: BTreeSet<_> = (0..held.len()).filter(|place| !held[*place].is_zero()).collect();
            assert_eq!(holds, expected, "top {top} of {window} at bar {bar}");
            if months.iter().any(|(decided, _)| decided + 1 == bar) {
                check_shares(&outcome, &data, bar, held, 1.0 / top as f64);
            }
            if let Some((_, best)) = rest.next_if(|(decided, _)| *decided == bar) {
                expected.clone_from(best);
            }
        });
    }
}

/// Each is `share` of the equity, but for whole lots. These bars are closes only: open and close are one.
fn check_shares(outcome: &Outcome, data: &[DataSet], bar: usize, held: &[Quantity], share: f64) {
    let open = |place: usize| data[place].bars()[bar].open.to_f64();
    for place in (0..held.len()).filter(|place| !held[*place].is_zero()) {
        let equity = outcome.curve.equity_at(bar).to_f64();
        let held = held[place].to_f64() * open(place) / equity / share;
        let off = (held - 1.0).abs();
        assert!(off < 0.005 + 0.002 / share, "{} at bar {bar}: {held} of its share", STOCKS[place]);
    }
}

fn run_in(size: Rate, name: &str, given: &[(&str, &str)], data: &[DataSet]) -> Outcome {
    let setup = Setup { sizing: Sizing::Equity(size), ..setup(true) };
    let backtest = Backtest::new(data.to_vec(), setup).unwrap();
    backtest.run(build(name, given, &backtest)).unwrap()
}

/// The size was once ignored by what states weights of its own: half of the equity was the whole of it.
#[test]
fn the_size_is_the_share_of_the_equity_that_all_weights_use() {
    let half = Rate::percent(50);
    let data = STOCKS.map(sample);
    let bought = fills(&run_in(half, "buy-and-hold", &[], &data));
    let spent = bought.iter().map(|fill| fill.price.to_f64() * fill.quantity.to_f64()).sum::<f64>();
    assert!(bought.len() == STOCKS.len() && (4_500.0..5_001.0).contains(&spent), "spent {spent}");
    let months = ranked(&data, 126, 3);
    let rotated = run_in(half, "momentum-rotation", &[], &data);
    for_each_bar(&rotated, &data, |bar, held| {
        if months.iter().any(|(decided, _)| decided + 1 == bar) {
            check_shares(&rotated, &data, bar, held, 0.5 / 3.0);
        }
    });
    for (name, symbols) in [("pairs", &["KO", "PEP"][..]), ("vol-target", &["AAPL"])] {
        let data: Vec<_> = symbols.iter().map(|symbol| sample(symbol)).collect();
        let [whole, halved] = [Rate::ONE, half].map(|size| orders(&run_in(size, name, &[], &data))[0].size);
        let (Size::TargetWeight(whole), Size::TargetWeight(halved)) = (whole, halved) else { panic!("{name}") };
        assert!((halved.to_f64() - whole.to_f64() / 2.0).abs() < 1e-8, "{name}: {halved} of {whole}");
    }
}

/// The first twenty entries were as large as they were told to begin with, whatever the cap.
#[test]
fn the_cap_of_kelly_holds_from_the_first_entry_on() {
    let sizing = Sizing::Kelly { start: Rate::percent(50), cap: Rate::percent(10) };
    let backtest = Backtest::new(vec![sample("BTC/USD")], Setup { sizing, ..setup(false) }).unwrap();
    let outcome = backtest.run(build("ma-crossover", &[], &backtest)).unwrap();
    let weights = orders(&outcome).into_iter().filter_map(|order| match order.size {
        Size::TargetWeight(weight) => Some(weight),
        _ => None,
    });
    let weights: Vec<Rate> = weights.collect();
    assert!(weights.len() > 20 && weights[0] == Rate::percent(10), "{weights:?}");
    assert!(weights.iter().all(|weight| *weight <= Rate::percent(10)), "{weights:?}");
}

/// Slope and score of the regression of y on x, by the normal equations.
fn regression(y: &[f64], x: &[f64]) -> (f64, f64) {
    let count = y.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let product = |a: &[f64], b: &[f64]| {
        let (mean_a, mean_b) = (mean(a), mean(b));
        a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f64>()
    };
    let slope = product(x, y) / product(x, x);
    let intercept = mean(y) - slope * mean(x);
    let residuals: Vec<f64> = y.iter().zip(x).map(|(y, x)| y - intercept - slope * x).collect();
    let error = (residuals.iter().map(|r| r * r).sum::<f64>() / (count - 2.0)).sqrt();
    (slope, residuals[residuals.len() - 1] / error)
}

#[test]
fn pairs_are_opposite_legs_opened_and_closed_by_the_score() {
    for names in [["KO", "PEP"], ["CVX", "XOM"], ["BAC", "JPM"]] {
        let data = names.map(sample);
        let outcome = run("pairs", &[], &data);
        let logs: Vec<Vec<f64>> = data.iter().map(|set| closes(set).iter().map(|close| close.ln()).collect()).collect();
        let (mut wanted, mut opened) = (None, Vec::new());
        for_each_bar(&outcome, &data, |bar, held| {
            let signs = held.iter().map(|units| (!units.is_zero()).then(|| Side::of(*units))).collect::<Vec<_>>();
            assert_eq!(signs, [wanted, wanted.map(Side::opposite)], "{names:?} at bar {bar}");
            let Some(first) = (bar + 1).checked_sub(60) else { return };
            let (slope, score) = regression(&logs[0][first..=bar], &logs[1][first..=bar]);
            wanted = match wanted {
                _ if slope <= 0.0 => None,
                None if score <= -2.0 => Some(Side::Buy),
                None if score >= 2.0 => Some(Side::Sell),
                Some(Side::Buy) if score >= -0.5 => None,
                Some(Side::Sell) if score <= 0.5 => None,
                held => held,
            };
            if signs[0].is_none() && wanted.is_some() {
                opened.push(slope);
            }
        });
        check_values(names, &outcome, &opened);
    }
}

/// Both legs together are the whole equity, and the second is the hedge ratio times the first.
fn check_values(names: [&str; 2], outcome: &Outcome, slopes: &[f64]) {
    let sent = orders(outcome);
    let weights: Vec<_> = sent
        .iter()
        .filter_map(|order| match order.size {
            Size::TargetWeight(weight) => Some((order.instrument.index(), weight.to_f64())),
            _ => None,
        })
        .collect();
    assert_eq!(weights.len(), 2 * slopes.len(), "{names:?}");
    assert!(slopes.len() > 10, "{names:?} opened {} times", slopes.len());
    for (legs, slope) in weights.chunks(2).zip(slopes) {
        let value = |place: usize| legs.iter().find(|(leg, _)| *leg == place).unwrap().1;
        assert!((value(0).abs() + value(1).abs() - 1.0).abs() < 1e-8, "{names:?}: {legs:?}");
        assert!((-value(1) / value(0) - slope).abs() < 1e-6, "{names:?}: {legs:?} for a slope of {slope}");
        assert!(legs[0].1 < 0.0, "the sold leg goes first: {legs:?}");
    }
}

const RULES: PairsRules = PairsRules { window: 60, entry: 2.0, exit: 0.5, gross: 1.0 };

#[test]
fn pairs_open_neither_leg_where_the_venue_refuses_short_sales() {
    let data = ["KO", "PEP"].map(sample);
    let outcome = backtest(&data, false).run(Pairs::new(RULES).unwrap()).unwrap();
    let count = |which: fn(&Event) -> bool| events(&outcome).filter(which).count();
    let refused = count(|event| {
        matches!(event, Event::Reported(Report::Rejected { refusal: Refusal::ShortNotAllowed { .. }, .. }))
    });
    let dropped =
        count(|event| matches!(event, Event::Reported(Report::Cancelled { reason: CancelReason::Parent, .. })));
    assert!(refused > 10, "refused {refused} times");
    assert_eq!((dropped, fills(&outcome).len()), (refused, 0));
}

#[test]
fn a_leg_that_stands_alone_is_closed() {
    let margin = Margin { initial: Rate::percent(10), maintenance: Rate::percent(8) };
    let data = ["KO", "PEP"].map(|name| {
        let rules = Rules { margin, ..Rules::default() };
        let set = sample(name);
        let instrument = Instrument::new(name.parse().unwrap(), Currency::USD, rules).unwrap();
        DataSet::of(instrument, set.frame(), set.bars().to_vec(), set.origin().clone()).unwrap()
    });
    let backtest = Backtest::new(data.to_vec(), setup(true)).unwrap();
    let pairs = Pairs::new(PairsRules { gross: 9.0, ..RULES }).unwrap();
    let outcome = backtest.run(pairs).unwrap();
    let forced = events(&outcome).filter(|event| matches!(event, Event::Reported(Report::Forced(_)))).count();
    assert!(forced > 0, "nothing was liquidated");
    let mut alone = 0;
    for_each_bar(&outcome, &data, |bar, held| {
        alone = if held[0].is_zero() == held[1].is_zero() { 0 } else { alone + 1 };
        assert!(alone <= 1, "one leg alone for {alone} bars at bar {bar}");
    });
}

#[test]
fn breakouts_of_each_symbol_are_those_of_it_alone() {
    let data = ["AAPL", "KO", "XOM", "PFE"].map(sample);
    let given = [("stop-atr", "2"), ("mode", "long-short")];
    let trades = |data: &[DataSet]| {
        let setup = Setup { sizing: Sizing::Units(Quantity::ONE), ..setup(true) };
        let backtest = Backtest::new(data.to_vec(), setup).unwrap();
        fills(&backtest.run(build("donchian-breakout", &given, &backtest)).unwrap())
    };
    let all = trades(&data);
    for (place, set) in data.iter().enumerate() {
        let told = |fill: &qframe_model::fill::Fill| (fill.time, fill.side, fill.price, fill.quantity, fill.purpose);
        let beside = all.iter().filter(|fill| fill.instrument.index() == place).map(told);
        let alone = trades(std::slice::from_ref(set));
        assert!(alone.len() > 50, "{}", alone.len());
        assert_eq!(beside.collect::<Vec<_>>(), alone.iter().map(told).collect::<Vec<_>>());
    }
}

/// Heat was offered, and no strategy that came with the program could use it.
#[test]
fn breakouts_keep_to_the_heat_of_all() {
    let data = ["AAPL", "KO", "XOM", "PFE"].map(sample);
    let run = |heat: Option<Rate>| {
        let sizing = Sizing::Risk(RiskBudget { heat, ..RiskBudget::of(Rate::percent(1)) });
        let backtest = Backtest::new(data.to_vec(), Setup { sizing, ..setup(true) }).unwrap();
        backtest.run(build("donchian-breakout", &[("stop-atr", "2")], &backtest)).unwrap()
    };
    let most = |outcome: &Outcome| {
        let mut most = 0;
        for_each_bar(outcome, &data, |_, held| most = most.max(held.iter().filter(|units| !units.is_zero()).count()));
        most
    };
    let hot = |outcome: &Outcome| {
        let refused = |event| matches!(event, Event::Refused { refusal: Refusal::TooMuchHeat { .. }, .. });
        events(outcome).filter(|event| refused(event.clone())).count()
    };
    let (free, held) = (run(None), run(Some(Rate::percent(1))));
    assert!(hot(&free) == 0 && hot(&held) > 50, "{} {}", hot(&free), hot(&held));
    assert!(most(&free) > most(&held), "{} {}", most(&free), most(&held));
}
