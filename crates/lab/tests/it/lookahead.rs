//! Look-ahead is found where it is, with the row that was needed, and nowhere else.
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use qframe_engine::venue::{Funding, Settings};
use qframe_engine::{Context, Market, Strategy};
use qframe_lab::lookahead::{Build, Enough, Examined, Extent, Quick, Verdict, examine, quick};
use qframe_lab::registry::{AnyStrategy, MarketInfo, Needs, find, registry};
use qframe_lab::strategies::{MaCrossover, Mode};
use qframe_lab::{Backtest, DataSet, Origin, Setup, customary};
use qframe_model::currency::Currency;
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::{Bar, Level, Quote, Tick};
use qframe_model::number::{Price, Quantity, Rate, Volume};
use qframe_model::order::Size;
use qframe_model::parameter::Parameters;
use qframe_model::time::{Time, TimeFrame};
use qframe_quant::indicators::Ema;

fn instrument(name: &str) -> Instrument {
    Instrument::new(name.parse().unwrap(), Currency::USD, Rules::default()).unwrap()
}

/// A price that wanders in cents; every bar closes away from where it opened.
fn wander(name: &str, frame: TimeFrame, count: usize, seed: u64) -> DataSet {
    let (mut state, mut price) = (seed, 100_000_i64);
    let bar = |place: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let open = price;
        price = (price + (state >> 33) as i64 % 801 - 400).max(10_000);
        let cents = |value: i64| Price::from_nanos(value * 10_000_000);
        Bar {
            time: Time::from_seconds(1_577_836_800 + place as i64 * i64::from(frame.seconds())),
            open: cents(open),
            high: cents(open.max(price) + 10),
            low: cents(open.min(price) - 10),
            close: cents(price),
            ..Bar::default()
        }
    };
    DataSet::of(instrument(name), frame, (0..count).map(bar).collect(), Origin::default()).unwrap()
}

fn backtest(data: Vec<DataSet>) -> Backtest {
    let venue = Settings { allow_short: true, ..Settings::default() };
    Backtest::new(data, Setup { venue, ..Setup::default() }).unwrap()
}

/// Knows all bars that it was made with, and buys one where the close so many bars later is higher.
struct Peeks {
    bars: Vec<Bar>,
    place: usize,
    ahead: usize,
    every: usize,
}

impl Strategy for Peeks {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some(bar) = market.bar().filter(|_| context.series() == SeriesId(0)) else { return };
        let place = self.place;
        self.place += 1;
        if place.is_multiple_of(self.every)
            && self.bars.get(place + self.ahead).is_some_and(|later| later.close > bar.close)
        {
            context.buy(Size::Units(Quantity::ONE));
        }
    }
}

fn peeks(ahead: usize, every: usize) -> impl Fn(&Backtest) -> Peeks {
    move |known| Peeks { bars: known.data()[0].bars().to_vec(), place: 0, ahead, every }
}

fn looked<S: Strategy + Send + 'static>(backtest: &Backtest, seed: u64, make: impl Fn(&Backtest) -> S) -> Examined {
    let build = |known: &Backtest| -> Result<AnyStrategy, _> { Ok(Box::new(make(known))) };
    examine(backtest, &build, Extent { cuts: 20, seed }, &mut |_, _| {}).unwrap()
}

fn quickly(backtest: &Backtest, build: &Build<'_>) -> Quick {
    quick(backtest, &backtest.run(build(backtest).unwrap()).unwrap(), build)
}

#[test]
fn who_looks_ahead_is_found_with_the_row_that_it_needed() {
    for (ahead, every, seed) in [(1, 1, 0), (1, 7, 3), (5, 1, 1), (5, 30, 2), (100, 1, 4), (100, 250, 5)] {
        let backtest = backtest(vec![wander("ONE", TimeFrame::HOUR, 3_000, seed)]);
        let examined = looked(&backtest, seed, peeks(ahead, every));
        let Verdict::LookAhead { decision, needed } = &examined.verdict else { panic!("{ahead} {every}: not found") };
        let [row] = needed.as_slice() else { panic!("{ahead}: {} rows", needed.len()) };
        // Decided when a bar closed: that bar's number is the hours since the first one opened.
        let bars = (decision.time.since(backtest.data()[0].bars()[0].time).nanos() / 3_600_000_000_000) as usize;
        assert_eq!((row.row, row.ahead), (bars + ahead, ahead), "every {every}");
        assert_eq!(row.time, backtest.data()[0].bars()[row.row - 1].time);
        assert!(decision.whole.contains("buy market, 1") && decision.part == "nothing", "{}", decision.whole);
        let found = quickly(&backtest, &|known| Ok(Box::new(peeks(ahead, every)(known))));
        assert!(found.is_found(), "quick: {}", found.sentence());
    }
}

/// Signals by how far a close is from the mean of all closes it was made with.
struct Normalised(f64);

impl Strategy for Normalised {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        if let Some(close) = market.close() {
            context.signal(close / self.0 - 1.0);
        }
    }
}

#[test]
fn a_mean_over_all_the_data_needs_the_last_row() {
    let backtest = backtest(vec![wander("ONE", TimeFrame::DAY, 800, 9)]);
    let mean = |known: &Backtest| {
        let bars = known.data()[0].bars();
        Normalised(bars.iter().map(|bar| bar.close.to_f64()).sum::<f64>() / bars.len() as f64)
    };
    let examined = looked(&backtest, 0, mean);
    let Verdict::LookAhead { decision, needed } = &examined.verdict else { panic!("not found") };
    assert_eq!((needed.len(), needed[0].row), (1, 800));
    assert!(decision.whole.starts_with("signal") && decision.part.starts_with("signal"), "{}", decision.part);
    assert_ne!(decision.whole, decision.part);
}

/// Trades the first series on a later close of the last one.
struct Sidelong {
    bars: Vec<Bar>,
    ahead: usize,
}

impl Strategy for Sidelong {
    fn on_market(&mut self, _: &Market<'_>, context: &mut Context<'_>) {
        if context.series() != SeriesId(0) {
            return;
        }
        let known = self.bars.partition_point(|bar| bar.time + TimeFrame::DAY.span() <= context.now());
        if self.bars.get((known + self.ahead).wrapping_sub(1)).is_some_and(|bar| bar.close > bar.open) {
            context.buy(Size::Units(Quantity::ONE));
        }
    }
}

#[test]
fn of_several_series_the_one_that_was_needed_is_named() {
    let data = vec![
        wander("ONE", TimeFrame::HOUR, 24 * 60, 1),
        wander("TWO", TimeFrame::DAY, 60, 2),
        wander("SIX", TimeFrame::DAY, 60, 3),
    ];
    let backtest = backtest(data);
    let make = |ahead: usize| move |known: &Backtest| Sidelong { bars: known.data()[2].bars().to_vec(), ahead };
    let examined = looked(&backtest, 1, make(1));
    let Verdict::LookAhead { needed, .. } = &examined.verdict else { panic!("not found") };
    let [row] = needed.as_slice() else { panic!("{} rows", needed.len()) };
    assert_eq!((row.symbol.as_str(), row.timeframe, row.ahead), ("SIX", TimeFrame::DAY, 1));
    assert_eq!(looked(&backtest, 1, make(0)).verdict, Verdict::Nothing, "the day that has closed may be known");
}

/// Buys on a quote where a later one is higher.
struct PeeksAtQuotes(Vec<Price>, usize, usize);

impl Strategy for PeeksAtQuotes {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Market::Quote(quote) = market else { return };
        self.1 += 1;
        if self.1.is_multiple_of(10) && self.0.get(self.1 - 1 + self.2).is_some_and(|later| *later > quote.ask.price) {
            context.buy(Size::Units(Quantity::ONE));
        }
    }
}

/// Quotes around closes, and the minutes that they make.
fn quotes(closes: &DataSet) -> DataSet {
    let ticks = closes.bars().iter().enumerate().map(|(place, bar)| {
        let time = Time::from_nanos(bar.time.nanos() + 100_000_000);
        let level = |cents: i64| Level {
            price: Price::from_nanos(bar.close.nanos() + cents * 10_000_000),
            quantity: Volume::from_digits(50 + place as u64 % 7, 0).unwrap(),
        };
        Tick::Quote(Quote { time, received: time, bid: level(-1), ask: level(1) })
    });
    let minutes = DataSet::of_ticks(instrument("ONE"), TimeFrame::MINUTE, ticks.collect(), Origin::default());
    minutes.unwrap().unwrap()
}

#[test]
fn a_tick_that_was_needed_is_named_by_its_instant() {
    let closes = wander("ONE", TimeFrame::SECOND, 4_000, 5);
    let backtest = backtest(vec![quotes(&closes)]);
    // What the strategy is given of ticks it has from the bars' file; here it is told how many there are.
    let all: Vec<Price> = closes.bars().iter().map(|bar| Price::from_nanos(bar.close.nanos() + 10_000_000)).collect();
    let first = closes.bars()[0].time;
    let make = |ahead: usize| {
        let all = all.clone();
        move |known: &Backtest| {
            // As far as the bars go that it is made with: of the last minute, no second is known before its end.
            let last = known.data()[0].bars().last().unwrap().time.since(first).nanos() / 1_000_000_000 + 60;
            PeeksAtQuotes(all[..(last as usize).min(all.len())].to_vec(), 0, ahead)
        }
    };
    let examined = looked(&backtest, 2, make(90));
    let Verdict::LookAhead { needed, .. } = &examined.verdict else { panic!("not found") };
    assert_eq!((needed.len(), needed[0].timeframe), (1, TimeFrame::MINUTE));
    assert!((1..=2).contains(&needed[0].ahead), "{} minutes ahead", needed[0].ahead);
    assert_eq!(looked(&backtest, 2, make(0)).verdict, Verdict::Nothing);
}

#[test]
fn what_remembers_the_run_before_is_not_repeatable() {
    let (backtest, runs) = (backtest(vec![wander("ONE", TimeFrame::HOUR, 500, 1)]), Arc::new(AtomicU64::new(0)));
    let examined = looked(&backtest, 0, |_| Normalised(1_000.0 + runs.fetch_add(1, Ordering::Relaxed) as f64));
    assert!(matches!(examined.verdict, Verdict::NotRepeatable { .. }), "{:?}", examined.verdict);
}

#[test]
fn no_strategy_of_ours_looks_ahead() {
    let names = ["KO", "PEP", "AAPL", "MSFT"];
    let stocks: Vec<DataSet> = names.iter().map(|name| DataSet::sample(name).unwrap()).collect();
    let hours = vec![wander("ONE", TimeFrame::HOUR, 24 * 100, 1), wander("TWO", TimeFrame::DAY, 100, 2)];
    let on_bars = || registry().iter().filter(|spec| spec.needs == Needs::Bars);
    let mut examined_names = BTreeSet::new();
    for spec in on_bars() {
        let fits = |data: &&Vec<DataSet>| spec.assets.fit(data.len());
        let lists = [vec![stocks[2].clone()], stocks[..2].to_vec(), stocks.clone(), hours.clone()];
        for data in lists.iter().filter(fits) {
            let backtest = backtest(data.clone());
            let parameters = Parameters::parse::<&str, &str>(spec.parameters, &[]).unwrap();
            let made = spec.strategy(&parameters, &MarketInfo::of(&backtest));
            // Pairs are two; and a hundred days are too few for some.
            if !made.is_ok_and(|made| backtest.check_length(&made).is_ok()) {
                continue;
            }
            examined_names.insert(spec.name);
            let build = |known: &Backtest| spec.strategy(&parameters, &MarketInfo::of(known));
            let extent = Extent { cuts: 8, seed: 11 };
            let examined = examine(&backtest, &build, extent, &mut |_, _| {});
            let what = format!("{} on {} series", spec.name, data.len());
            let examined = examined.unwrap();
            assert_eq!(examined.verdict, Verdict::Nothing, "{what}");
            assert!(!quickly(&backtest, &build).is_found(), "{what}");
            let again = examine(&backtest, &build, extent, &mut |_, _| {}).unwrap();
            assert_eq!(examined, again, "{what}");
        }
    }
    assert_eq!(examined_names.len(), on_bars().count(), "{examined_names:?}");
}

#[test]
fn those_of_books_and_of_funding_do_not_look_ahead_either() {
    let wandering = wander("ONE", TimeFrame::HOUR, 24 * 90, 3);
    let twins = ["BTC/USDT", "BTC/USDT:USDT"].map(|name| {
        let instrument = customary(name.parse().unwrap(), None, Margin::FULL).unwrap();
        DataSet::of(instrument, TimeFrame::HOUR, wandering.bars().to_vec(), Origin::default()).unwrap()
    });
    let paid = |bar: &Bar| (bar.time, Rate::basis_points(if bar.close > bar.open { 9 } else { -2 }));
    let schedule = wandering.bars().iter().step_by(8).map(paid).collect();
    let funding = vec![Funding { instrument: Some(InstrumentId(1)), schedule, ..Funding::default() }];
    let venue = Settings { funding, ..Settings::default() };
    let setup = Setup { venue, currency: "USDT".parse().unwrap(), ..Setup::default() };
    let carried = Backtest::new(twins.to_vec(), setup).unwrap();
    let quoted = backtest(vec![quotes(&wander("ONE", TimeFrame::SECOND, 2_000, 5))]);
    for (name, backtest) in [("funding-arbitrage", carried), ("market-making", quoted)] {
        let spec = find(name).unwrap();
        let parameters = Parameters::parse::<&str, &str>(spec.parameters, &[]).unwrap();
        let build = |known: &Backtest| spec.strategy(&parameters, &MarketInfo::of(known));
        let examined = examine(&backtest, &build, Extent::default(), &mut |_, _| {}).unwrap();
        assert_eq!(examined.verdict, Verdict::Nothing, "{name}");
        assert!(examined.events > 10, "{name}: {} events", examined.events);
        assert!(!quickly(&backtest, &build).is_found(), "{name}");
    }
}

fn warm_up(name: &str, given: &[(&str, &str)], data: Vec<DataSet>) -> (usize, Enough) {
    let (spec, backtest) = (find(name).unwrap(), backtest(data));
    let parameters = Parameters::parse(spec.parameters, given).unwrap();
    let build = |known: &Backtest| spec.strategy(&parameters, &MarketInfo::of(known));
    let examined = examine(&backtest, &build, Extent { cuts: 2, seed: 0 }, &mut |_, _| {}).unwrap();
    (examined.warm_up.declared, examined.warm_up.enough)
}

#[test]
fn strategies_declare_what_they_need() {
    let check = |name: &str, given: &[(&str, &str)]| {
        let (declared, enough) = warm_up(name, given, vec![wander("ONE", TimeFrame::HOUR, 20_000, 7)]);
        assert_eq!(enough, Enough::Declared, "{name} {given:?}: {declared} bars");
    };
    check("ma-crossover", &[]);
    check("ma-crossover", &[("average", "ema")]);
    check("donchian-breakout", &[]);
    check("donchian-breakout", &[("stop-atr", "2")]);
    check("rsi-reversion", &[]);
    check("vol-target", &[]);
    check("futures-trend", &[]);
}

/// It declares 1,001 bars: of 1,758 the second half has starts with so many before, of 1,001 none has.
#[test]
fn starts_have_the_bars_that_are_declared() {
    let check = |bars: usize| warm_up("vol-target", &[], vec![wander("ONE", TimeFrame::HOUR, bars, 7)]);
    assert_eq!(check(1_758), (1_001, Enough::Declared));
    let (_, enough) = check(1_001);
    let Enough::NotExamined { reason } = enough else { panic!("{enough:?}") };
    assert_eq!(reason, "the data has no more bars than are declared");
}

/// A recursive average that declares no more than its first value needs.
struct Forgetful(MaCrossover<Ema>);

impl Strategy for Forgetful {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        self.0.on_market(market, context);
    }
    fn warm_up(&self) -> usize {
        self.0.warm_up()
    }
}

#[test]
fn a_recursive_average_is_not_warm_after_its_length() {
    let backtest = backtest(vec![wander("ONE", TimeFrame::HOUR, 20_000, 7)]);
    let averages = || [10, 20].map(|period| Ema::new(period).unwrap());
    let examined = looked(&backtest, 2, |_| {
        let [fast, slow] = averages();
        Forgetful(MaCrossover::new(fast, slow, Mode::LongFlat))
    });
    let Enough::Bars { bars } = examined.warm_up.enough else { panic!("{:?}", examined.warm_up.enough) };
    assert!(bars > 20 && bars <= 640, "{bars} enough");
}

/// Signals on every tenth bar, counted from the first.
struct Counts(usize);

impl Strategy for Counts {
    fn on_market(&mut self, _: &Market<'_>, context: &mut Context<'_>) {
        self.0 += 1;
        if self.0.is_multiple_of(10) {
            context.signal(1.0);
        }
    }
}

#[test]
fn what_counts_from_the_first_row_is_never_warm() {
    let backtest = backtest(vec![wander("ONE", TimeFrame::HOUR, 3_001, 1)]);
    let examined = looked(&backtest, 3, |_| Counts(0));
    assert_eq!(examined.verdict, Verdict::Nothing);
    assert!(matches!(examined.warm_up.enough, Enough::NotEven { bars } if bars > 500), "{:?}", examined.warm_up.enough);
    assert!(examined.warm_up.differs.is_some());
}
