//! Circuit breakers and the data of a run: what cannot be read is told before it begins; what a person says is heard.
use qframe_engine::{Breaker, Command, Context, Limits, Market, Strategy, Trigger, Usually};
use qframe_lab::{Backtest, DataSet, Origin, RunError, Setup};
use qframe_model::breaker::TradingState;
use qframe_model::event::{Event, Report};
use qframe_model::market::{Side, Tick};
use qframe_model::number::{Quantity, Rate};
use qframe_model::order::Size;
use qframe_model::time::{Span, Time, TimeFrame};

use crate::ticks::{instrument, walk};

/// What a breaker cannot read, a line each; the whole run's first.
fn blind(data: &[DataSet], trigger: Trigger) -> Vec<String> {
    let breakers = vec![Breaker { trigger, then: TradingState::Halted, cool_down: None }];
    let setup = Setup { limits: Limits { breakers, ..Limits::default() }, ..Setup::default() };
    match Backtest::new(data.to_vec(), setup) {
        Err(RunError::Blind(blind)) => vec![blind.lack.to_string()],
        Err(error) => panic!("{error}"),
        Ok(backtest) => {
            let name = |place: usize| backtest.instruments()[place].symbol().to_string();
            let all = backtest.blind().into_iter();
            all.map(|blind| format!("{}: {}", name(blind.instrument.unwrap().index()), blind.lack)).collect()
        }
    }
}

fn usually(last: u32, before: u32) -> Usually {
    Usually { times: Rate::percent(300), last, before }
}

fn ticks(keep: impl Fn(&Tick) -> bool) -> DataSet {
    let rows = walk(500, 3).into_iter().filter(|tick| keep(tick)).collect();
    DataSet::of_ticks(instrument("BTC/USD"), TimeFrame::SECOND, rows, Origin::default()).unwrap().unwrap()
}

#[test]
fn what_a_breaker_cannot_read_is_told_before_the_run() {
    // A spread on bars, a correlation of one symbol, a loss within less than a bar: each stood there and never tripped.
    let check = |what: &str, data: &[DataSet], trigger: Trigger, expected: &[&str]| {
        let told = blind(data, trigger);
        assert_eq!(told.len(), expected.len(), "{what}: {told:?}");
        for (told, part) in told.iter().zip(expected) {
            assert!(told.contains(part), "{what}: {told}");
        }
    };
    let sample = |name: &str| DataSet::sample(name).unwrap();
    // 1,770 bars with volume, and 2,516 without.
    let (coins, shares) = ([sample("BTC/USD")], [sample("AAPL")]);
    let both = [sample("BTC/USD"), sample("AAPL")];
    let (quotes, trades) = ([ticks(|_| true)], [ticks(|tick| matches!(tick, Tick::Trade(_)))]);
    check("bars", &coins, Trigger::Spread(usually(1, 2)), &["bids and asks"]);
    check("trades", &trades, Trigger::Spread(usually(1, 2)), &["bids and asks"]);
    check("quotes", &quotes, Trigger::Spread(usually(1, 2)), &[]);
    check("few quotes", &quotes, Trigger::Spread(usually(100, 500)), &["needs 600 rows"]);
    check("volume", &coins, Trigger::Volume(usually(1, 2)), &[]);
    check("no volume", &shares, Trigger::Volume(usually(1, 2)), &["reads volume"]);
    check("of one of them", &both, Trigger::Volume(usually(1, 2)), &["AAPL: it reads volume"]);
    check("all bars", &coins, Trigger::Volatility(usually(69, 1_700)), &[]);
    check(
        "one more",
        &coins,
        Trigger::Volatility(usually(70, 1_700)),
        &["needs 1771 rows of a symbol, and there are 1770"],
    );
    check("of the other", &both, Trigger::Volatility(usually(70, 1_700)), &["BTC/USD: it needs 1771"]);
    let pairs = |bars| Trigger::Correlation { least: Rate::percent(90), bars };
    check("one symbol", &coins, pairs(60), &["pairs of symbols"]);
    check("two", &both, pairs(1_769), &[]);
    check("two, too long", &both, pairs(1_770), &["needs 1771 rows"]);
    let loss = |seconds| Trigger::Loss { share: Rate::percent(5), within: Span::from_seconds(seconds) };
    check("a quarter of an hour", &coins, loss(900), &["1d apart"]);
    check("a day", &coins, loss(86_400), &[]);
    check("on ticks", &quotes, loss(1), &[]);
    let last = both[0].bars().last().unwrap().time + Span::DAY;
    check("at the end", &coins, Trigger::At(last), &[]);
    check("behind it", &coins, Trigger::At(last + Span::SECOND), &["is over at 2019-10-18"]);
}

/// Buys one unit with the first row.
struct Keen;

impl Strategy for Keen {
    fn on_market(&mut self, _: &Market<'_>, context: &mut Context<'_>) {
        if context.position().is_flat() && context.orders().is_empty() {
            context.buy(Size::Units(Quantity::ONE));
        }
    }
}

#[test]
fn a_person_is_heard_on_ticks_and_on_bars() {
    let (ticks, bars) = (ticks(|_| true), DataSet::sample("BTC/USD").unwrap());
    for set in [ticks, bars] {
        let at = |place: usize| set.bars()[place].time + Span::SECOND;
        let (stop, go_on) = (at(10), at(20));
        let commands = vec![(go_on, Command::Rearm), (stop, Command::Trip(TradingState::Flattening))];
        let backtest = Backtest::new(vec![set.clone()], Setup { commands, ..Setup::default() }).unwrap();
        let journal = backtest.run(Keen).unwrap().journal;
        let fills = journal.iter().filter_map(|event| match event.unwrap() {
            Event::Reported(Report::Filled { fill, .. }) => Some(fill),
            _ => None,
        });
        let fills: Vec<_> = fills.collect();
        // What is on offer may take several fills.
        let mut sides: Vec<_> = fills.iter().map(|fill| fill.side).collect();
        sides.dedup();
        assert_eq!(sides, [Side::Buy, Side::Sell, Side::Buy]);
        let (first, last) = (fills[0], fills[fills.len() - 1]);
        assert!(first.time < stop && last.time >= go_on, "{} {stop}, {} {go_on}", first.time, last.time);
        let sales = fills.iter().filter(|fill| fill.side == Side::Sell);
        assert!(sales.into_iter().all(|fill| (stop..go_on).contains(&fill.time)));
        let late = vec![(Time::MAX, Command::Rearm)];
        let late = Backtest::new(vec![set], Setup { commands: late, ..Setup::default() });
        assert!(matches!(late, Err(RunError::Unheard { .. })));
    }
}
