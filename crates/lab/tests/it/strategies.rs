//! The bundled strategies on recorded prices: what all of them must hold, and each against its rule in plain numbers.
mod beside;
mod carried;
mod one;
mod portfolio;
mod protected;
mod registry;
mod several;

use qframe_data::samples;
use qframe_engine::Sizing;
use qframe_engine::venue::{Fees, FillPrice, Latency, Settings, Unaffordable};
use qframe_lab::registry::{AnyStrategy, Assets, MarketInfo, Needs, StrategySpec, find, registry};
use qframe_lab::{Backtest, DataSet, Origin, Outcome, Setup};
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Report};
use qframe_model::fill::Fill;
use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Price, Quantity, Rate};
use qframe_model::order::Order;
use qframe_model::parameter::Parameters;
use qframe_model::time::{Time, TimeFrame};

const STOCKS: [&str; 20] = [
    "AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO", "LLY", "MRK", "MSFT", "PEP", "PFE", "PG",
    "RRC", "UNH", "WMT", "XOM",
];

fn instrument(name: &str) -> Instrument {
    let symbol = name.parse().unwrap();
    if name == "EUR/USD" {
        Instrument::forex(symbol, Rules::default()).unwrap()
    } else {
        Instrument::new(symbol, Currency::USD, Rules::default()).unwrap()
    }
}

/// A bundled sample.
fn sample(name: &str) -> DataSet {
    DataSet::new(instrument(name), samples::find(name).unwrap().load().unwrap(), name).unwrap()
}

/// Daily bars at which nothing happens.
fn standing_still(price: &str) -> DataSet {
    let price: Price = price.parse().unwrap();
    let bar = |day: i64| Bar {
        time: Time::from_seconds(day * 86_400),
        open: price,
        high: price,
        low: price,
        close: price,
        ..Bar::default()
    };
    DataSet::of(instrument("STILL"), TimeFrame::DAY, (0..600).map(bar).collect(), Origin::default()).unwrap()
}

fn setup(allow_short: bool) -> Setup {
    let venue = Settings { fees: Fees::flat(Rate::basis_points(10)), allow_short, ..Settings::default() };
    Setup { venue, ..Setup::default() }
}

fn backtest(data: &[DataSet], allow_short: bool) -> Backtest {
    Backtest::new(data.to_vec(), setup(allow_short)).unwrap()
}

fn build(name: &str, given: &[(&str, &str)], backtest: &Backtest) -> AnyStrategy {
    let spec = find(name).unwrap();
    let parameters = Parameters::parse(spec.parameters, given).unwrap();
    spec.strategy(&parameters, &MarketInfo::of(backtest)).unwrap()
}

/// A run with short sales allowed and a fee of 0.1 %.
fn run(name: &str, given: &[(&str, &str)], data: &[DataSet]) -> Outcome {
    let backtest = backtest(data, true);
    backtest.run(build(name, given, &backtest)).unwrap()
}

fn events(outcome: &Outcome) -> impl Iterator<Item = Event> {
    outcome.journal.iter().map(Result::unwrap)
}

fn orders(outcome: &Outcome) -> Vec<Order> {
    events(outcome).filter_map(|event| if let Event::Submitted(order) = event { Some(order) } else { None }).collect()
}

fn fills(outcome: &Outcome) -> Vec<Fill> {
    let fill = |event| match event {
        Event::Reported(Report::Filled { fill, .. } | Report::Forced(fill)) => Some(fill),
        _ => None,
    };
    events(outcome).filter_map(fill).collect()
}

fn closes(set: &DataSet) -> Vec<f64> {
    set.bars().iter().map(|bar| bar.close.to_f64()).collect()
}

/// The strategies that bars are enough for; the others have tests of their own.
fn on_bars() -> impl Iterator<Item = &'static StrategySpec> {
    registry().iter().filter(|spec| spec.needs == Needs::Bars)
}

/// Every strategy with data that it takes, in every mode that it has.
fn for_each_run(mut check: impl FnMut(&StrategySpec, &[(&str, &str)], &[DataSet])) {
    let one: Vec<Vec<DataSet>> = ["BTC/USD", "GOOGL", "EUR/USD"].iter().map(|name| vec![sample(name)]).collect();
    let two = vec![vec![sample("KO"), sample("PEP")], vec![sample("BTC/USD"), sample("GOOGL")]];
    let many = vec![STOCKS.map(sample).to_vec()];
    for spec in on_bars() {
        let lists: &[&Vec<Vec<DataSet>>] = match spec.assets {
            Assets::One => &[&one, &two],
            Assets::Two => &[&two],
            Assets::AtLeast(1) => &[&one, &two, &many],
            Assets::AtLeast(_) => &[&many],
        };
        let has_mode = spec.parameters.iter().any(|parameter| parameter.name == "mode");
        for data in lists.iter().copied().flatten() {
            check(spec, &[], data);
            if has_mode {
                check(spec, &[("mode", "long-short")], data);
            }
        }
    }
}

#[test]
fn every_strategy_conserves_money_and_repeats_itself() {
    let mut traded = Vec::new();
    for_each_run(|spec, given, data| {
        let (outcome, again) = (run(spec.name, given, data), run(spec.name, given, data));
        let what = format!("{} {given:?} on {}", spec.name, data[0].instrument().symbol());
        assert_eq!(outcome.journal.hash(), again.journal.hash(), "{what}");
        outcome.account.ledger().check().unwrap();
        let worth = worth_of(&fills(&outcome), data);
        assert_eq!(outcome.curve.last().unwrap(), worth, "{what}: equity is not cash and holdings");
        assert_eq!(outcome.account.equity(), worth, "{what}: account");
        if !fills(&outcome).is_empty() {
            traded.push(spec.name);
        }
    });
    traded.dedup();
    let names: Vec<_> = on_bars().map(|spec| spec.name).collect();
    assert_eq!(traded, names, "each of them trades somewhere");
}

#[test]
fn every_strategy_keeps_its_books_at_any_venue_and_in_any_size() {
    let data = [sample("KO"), sample("PEP")];
    let venue = setup(true).venue;
    let venues = [
        Settings { fill: FillPrice::SameClose, ..venue.clone() },
        Settings { fill: FillPrice::Worst, unaffordable: Unaffordable::Clip, ..venue.clone() },
        Settings { latency: Latency::Bars(3), ..venue.clone() },
        Settings { borrow_rate: Rate::percent(3), ..venue },
    ];
    let sizes =
        [Sizing::Cash(Cash::whole(1_000)), Sizing::Equity(Rate::percent(40)), Sizing::Units(Quantity::whole(7))];
    for (spec, venue) in on_bars().flat_map(|spec| venues.iter().map(move |venue| (spec, venue))) {
        for sizing in sizes {
            let setup = Setup { venue: venue.clone(), sizing, ..setup(true) };
            let backtest = Backtest::new(data.to_vec(), setup).unwrap();
            let given: &[(&str, &str)] = if spec.name == "momentum-rotation" { &[("top", "1")] } else { &[] };
            let weighs = match spec.name {
                "vol-target" | "futures-trend" => true,
                "donchian-breakout" => false,
                _ => spec.assets != Assets::One,
            };
            if weighs && !matches!(sizing, Sizing::Equity(_)) {
                continue;
            }
            let outcome = backtest.run(build(spec.name, given, &backtest)).unwrap();
            outcome.account.ledger().check().unwrap();
            let what = format!("{} sized {sizing} at {venue:?}", spec.name);
            assert!(!fills(&outcome).is_empty(), "{what}");
            if sizing == sizes[0] {
                // However long an order is on its way, a second one does not follow it.
                let cost = outcome.trades.iter().map(|trade| trade.cost).max().unwrap();
                assert!(cost <= Cash::whole(1_000), "{what}: a position of {cost}");
            }
        }
    }
}

/// The money that was there, less what was paid, and what is held at the last closes. Exact: no rounding is allowed for.
fn worth_of(fills: &[Fill], data: &[DataSet]) -> Cash {
    let mut cash = Cash::whole(10_000);
    let mut held = vec![Quantity::ZERO; data.len()];
    for fill in fills {
        let place = fill.instrument.index();
        cash = cash.minus(data[place].instrument().value(fill.price, fill.signed()).unwrap()).unwrap();
        cash = cash.minus(fill.fee).unwrap();
        held[place] = held[place].plus(fill.signed()).unwrap();
    }
    data.iter().zip(held).fold(cash, |worth, (set, held)| {
        let close = set.bars().last().unwrap().close;
        worth.plus(set.instrument().value(close, held).unwrap()).unwrap()
    })
}

#[test]
fn no_strategy_sees_the_future() {
    for_each_run(|spec, given, data| {
        let whole = orders(&run(spec.name, given, data));
        let start = data.iter().map(|set| set.bars()[0].time).max().unwrap();
        let end = data.iter().map(|set| set.bars().last().unwrap().time).min().unwrap();
        for part in [3, 5, 7, 9] {
            let day = start.day() + (end.day() - start.day()) * part / 10;
            let cut = Time::from_seconds(day * 86_400);
            let known: Vec<_> = data.iter().map(|set| set.between(Time::MIN, cut).unwrap()).collect();
            let expected: Vec<_> = whole.iter().copied().filter(|order| order.time <= cut).collect();
            assert_eq!(orders(&run(spec.name, given, &known)), expected, "{} {given:?} cut at {cut}", spec.name);
        }
    });
}

#[test]
fn a_price_that_stands_still_is_only_held() {
    for price in ["0.1", "1.05227", "123.456789", "99999.999999999"] {
        for spec in on_bars().filter(|spec| spec.assets.fit(1)) {
            let outcome = run(spec.name, &[], &[standing_still(price)]);
            let holds = ["buy-and-hold", "vol-target"].contains(&spec.name);
            assert_eq!(orders(&outcome).len(), usize::from(holds), "{} at {price}", spec.name);
        }
    }
    let still =
        DataSet::of(instrument("OTHER"), TimeFrame::DAY, standing_still("7").bars().to_vec(), Origin::default());
    assert!(orders(&run("pairs", &[], &[standing_still("0.1"), still.unwrap()])).is_empty());
}

#[test]
fn a_strategy_for_one_market_does_not_look_at_the_second() {
    let (googl, other) = (sample("GOOGL"), sample("KO"));
    for spec in on_bars().filter(|spec| spec.assets == Assets::One) {
        let alone = orders(&run(spec.name, &[], std::slice::from_ref(&googl)));
        let beside = orders(&run(spec.name, &[], &[googl.clone(), other.clone()]));
        assert_eq!(beside, alone, "{}", spec.name);
    }
}
