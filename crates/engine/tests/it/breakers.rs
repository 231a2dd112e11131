//! Circuit breakers trip, hold, and are armed again.
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use qframe_engine::venue::{Latency, Settings};
use qframe_engine::{AtEnd, Breaker, Command, Context, Input, Limits, Market, Strategy, Ticket, Trigger, Usually};
use qframe_model::breaker::TradingState;
use qframe_model::event::{Event, Report};
use qframe_model::ids::{CommodityId, SeriesId};
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Price, Quantity, Rate, Volume};
use qframe_model::order::{Purpose, Size};
use qframe_model::time::{Span, Time};

use crate::laws::{Choices, choices, market, ticket};
use crate::script::{Script, bars, run_within, simulator_with_cash, stock};
use crate::ticks::{drive_within, quote, spot};

pub(crate) fn breaker(trigger: Trigger, then: TradingState, days: Option<i64>) -> Limits {
    let cool_down = days.map(|days| Span::from_seconds(86_400 * days));
    Limits { breakers: vec![Breaker { trigger, then, cool_down }], ..Limits::default() }
}

fn settings() -> Settings {
    Settings { allow_short: true, ..Settings::default() }
}

pub(crate) fn closes(closes: &[f64]) -> Vec<Bar> {
    bars(&closes.iter().map(|close| [*close; 4]).collect::<Vec<_>>())
}

/// What breakers and the risk check said, a line each, and the fills.
pub(crate) fn told(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| match event {
        Event::Tripped(trip) => Some(format!("day {} {trip}", trip.time.day())),
        Event::Rearmed { time, by_hand, .. } => Some(format!("day {} rearmed, by hand {by_hand}", time.day())),
        Event::StateChanged { time, state } => Some(format!("day {} {state}", time.day())),
        Event::Withdrawn { order, .. } => Some(format!("withdrawn {order}")),
        Event::Refused { order, .. } => Some(format!("refused {}", order.id)),
        Event::Reported(Report::Filled { fill, .. }) => {
            Some(format!("day {} {} {} {}", fill.time.day(), fill.side, fill.quantity, fill.purpose))
        }
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

/// Buys 50 on the first day and asks for one more on every later one.
fn keen(day: usize, context: &mut Context<'_>) {
    context.buy(Size::Units(Quantity::whole(if day == 0 { 50 } else { 1 })));
}

#[test]
fn a_drawdown_flattens_and_cools_down() {
    let limits = breaker(Trigger::Drawdown(Rate::percent(15)), TradingState::Flattening, Some(3));
    let run = run_within(limits, settings(), &closes(&[100.0, 100.0, 60.0, 60.0, 60.0, 60.0, 60.0]), keen);
    let expected = [
        "day 1 buy 50 signal",
        "day 2 buy 1 signal",
        "day 3 drawdown 20% is at its threshold 15%: flattening; re-arms from 1970-01-07T00:00:00Z on",
        "day 3 flattening",
        "refused 4",
        "day 3 sell 51 force_exit",
        "day 4 halted",
        "refused 5",
        "refused 6",
        "day 6 rearmed, by hand false",
        "day 6 normal",
        "day 6 buy 1 signal",
    ];
    assert_eq!(told(&run.events), expected);
}

#[test]
fn each_trigger_reads_what_it_says() {
    let check = |what: &str, trigger: Trigger, bars: &[Bar], expected: &str| {
        let run = run_within(breaker(trigger, TradingState::Halted, None), settings(), bars, keen);
        let trip = told(&run.events).into_iter().find(|line| line.contains("threshold") || line.contains("its time"));
        assert_eq!(trip.unwrap_or_default(), expected, "{what}");
    };
    let fall = closes(&[100.0, 100.0, 100.0, 97.0, 94.0, 90.0, 90.0]);
    let loss = |days: i64| Trigger::Loss { share: Rate::percent(4), within: Span::from_seconds(86_400 * days) };
    check("three days", loss(3), &fall, "day 6 loss 5.21% is at its threshold 4%: halted; re-arms by hand");
    check("one day alone is not as much", Trigger::Loss { share: Rate::percent(3), within: Span::DAY }, &fall, "");
    let jump = closes(&[100.0, 101.0, 99.0, 125.0, 125.0]);
    let expected = "day 4 jump 26.26% is at its threshold 20%: halted; re-arms by hand";
    check("jump", Trigger::Jump(Rate::percent(20)), &jump, expected);
    let mut gap = closes(&[100.0, 101.0, 100.0, 101.0, 100.0]);
    gap[3].time = gap[3].time + Span::from_seconds(4 * 86_400);
    gap[4].time = gap[4].time + Span::from_seconds(4 * 86_400);
    check("gap", Trigger::Gap(3), &gap, "day 8 gap 4 bars is at its threshold 3 bars: halted; re-arms by hand");
    let stale = Trigger::Stale(Span::from_seconds(3 * 86_400));
    check("stale", stale, &gap, "day 8 stale 432000s is at its threshold 259200s: halted; re-arms by hand");
    let wild = closes(&[100.0, 101.0, 100.0, 101.0, 100.0, 101.0, 106.0, 100.0]);
    let usually = |times, last, before| Usually { times, last, before };
    let three = usually(Rate::from_nanos(3_000_000_000), 2, 4);
    let expected = "day 7 volatility 3.5x is at its threshold 3x: halted; re-arms by hand";
    check("volatility", Trigger::Volatility(three), &wild, expected);
    let mut thin = closes(&[100.0; 7]);
    thin[5].volume = Volume::from_digits(100, 0).unwrap();
    thin[6].volume = Volume::from_digits(100, 0).unwrap();
    let tenth = Trigger::Volume(usually(Rate::percent(10), 2, 4));
    check("volume", tenth, &thin, "day 7 volume 0.1x is at its threshold 0.1x: halted; re-arms by hand");
    let at = Trigger::At(Time::EPOCH + Span::from_seconds(3 * 86_400));
    check("at", at, &jump, "day 3 its time has come: halted; re-arms by hand");
    let rejects = Trigger::Rejects { share: Rate::percent(50), orders: 2 };
    let poor = |day: usize, context: &mut Context<'_>| {
        _ = context.buy(Size::Units(Quantity::whole(if day == 0 { 100 } else { 90 })));
    };
    let run = run_within(breaker(rejects, TradingState::Halted, None), settings(), &jump, poor);
    let trip = told(&run.events).into_iter().find(|line| line.contains("threshold")).unwrap_or_default();
    assert_eq!(trip, "day 3 rejects 50% is at its threshold 50%: halted; re-arms by hand");
}

#[test]
fn a_person_stops_and_lets_go_on() {
    let mut simulator = simulator_with_cash(10_000, Script(0, keen), stock(), settings(), Limits::default());
    let bars = closes(&[100.0; 8]);
    for (day, bar) in bars.iter().enumerate() {
        let time = bar.time;
        match day {
            2 => simulator.command(time, Command::Trip(TradingState::Flattening)).unwrap(),
            5 => simulator.command(time, Command::Rearm).unwrap(),
            _ => {}
        }
        simulator.bar(SeriesId(0), bar).unwrap();
    }
    let events: Vec<_> = simulator.engine().journal().iter().map(Result::unwrap).collect();
    let expected = [
        "day 1 buy 50 signal",
        "day 2 a person asked for it: flattening; re-arms by hand",
        "day 2 flattening",
        "withdrawn 2",
        "day 2 sell 50 force_exit",
        "day 3 halted",
        "refused 4",
        "refused 5",
        "refused 6",
        "day 5 rearmed, by hand true",
        "day 5 normal",
        "day 6 buy 1 signal",
        "day 7 buy 1 signal",
    ];
    assert_eq!(told(&events), expected);
}

#[test]
fn a_wide_spread_flattens_on_ticks() {
    let usually = Usually { times: Rate::percent(300), last: 1, before: 4 };
    let limits = breaker(Trigger::Spread(usually), TradingState::Flattening, None);
    let narrow = |row: i64| quote(10 * row, (99.5, 9), (100.5, 9));
    let mut rows: Vec<_> = (1..8).map(narrow).collect();
    rows.extend((8..12).map(|row| quote(10 * row, (90.0, 9), (110.0, 9))));
    let buys = |row: usize, context: &mut Context<'_>| {
        if row == 0 || row > 6 {
            context.buy(Size::Units(Quantity::whole(2)));
        }
    };
    // The close is on its way for half of a row.
    let settings = Settings { latency: Latency::Time(Span::from_nanos(5_000_000)), ..Settings::default() };
    let simulator = drive_within(limits, (spot(), settings), &rows, Time::MAX, buys);
    let events: Vec<_> = simulator.engine().journal().iter().map(Result::unwrap).collect();
    let expected = [
        "day 0 buy 2 signal",
        "day 0 spread 20x is at its threshold 3x: flattening; re-arms by hand",
        "day 0 flattening",
        "refused 3",
        "day 0 sell 2 force_exit",
        "day 0 halted",
        "refused 4",
        "refused 5",
        "refused 6",
    ];
    assert_eq!(told(&events), expected);
}

/// Where a position did not close, the close was sent again a second later at the earliest; so was the first one of the next
/// trip.
#[test]
fn a_second_flattening_does_not_wait_for_the_first() {
    let usually = Usually { times: Rate::percent(300), last: 1, before: 2 };
    let limits = Limits {
        breakers: vec![Breaker {
            trigger: Trigger::Spread(usually),
            then: TradingState::Flattening,
            cool_down: Some(Span::from_nanos(20_000_000)),
        }],
        ..Limits::default()
    };
    let wide = [4, 5, 12, 13];
    let row = |row: i64| {
        let half = if wide.contains(&row) { 10.0 } else { 0.5 };
        quote(10 * row, (100.0 - half, 9), (100.0 + half, 9))
    };
    let buys = |row: usize, context: &mut Context<'_>| {
        if row == 0 || row == 10 {
            context.buy(Size::Units(Quantity::whole(2)));
        }
    };
    let rows: Vec<_> = (0..16).map(row).collect();
    let simulator = drive_within(limits, (spot(), Settings::default()), &rows, Time::MAX, buys);
    let sold = simulator.engine().journal().iter().filter_map(|event| match event.unwrap() {
        Event::Reported(Report::Filled { fill, .. }) if fill.purpose == Purpose::ForceExit => Some(fill.time.nanos()),
        _ => None,
    });
    assert_eq!(sold.collect::<Vec<_>>(), [40_000_000, 120_000_000]);
}

/// A strategy's own order that rests, with the purpose of a forced close, neither stays nor stands in the way of the close.
#[test]
fn a_purpose_alone_does_not_stop_a_flattening() {
    for reduce_only in [false, true] {
        let limits = breaker(Trigger::Drawdown(Rate::percent(15)), TradingState::Flattening, None);
        let trade = move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.buy(Size::Units(Quantity::whole(50)));
                let far = Ticket::sell(Size::Units(Quantity::whole(50)))
                    .limit(Price::from_nanos(500_000_000_000))
                    .purpose(Purpose::ForceExit);
                context.send(if reduce_only { far.reduce_only() } else { far });
            }
        };
        let run = run_within(limits, settings(), &closes(&[100.0, 100.0, 60.0, 60.0, 900.0, 60.0]), trade);
        let told = told(&run.events);
        assert!(told.contains(&"day 3 sell 50 force_exit".to_owned()), "{told:?}");
        let sold = told.iter().filter(|line| line.contains(" sell ")).count();
        assert_eq!(sold, 1, "what rested far away was withdrawn: {told:?}");
    }
}

/// Buys before the first row, and one more with each.
#[derive(Clone)]
struct Early;

impl Strategy for Early {
    fn on_start(&mut self, context: &mut Context<'_>) {
        context.buy(Size::Units(Quantity::whole(50)));
    }

    fn on_market(&mut self, _: &Market<'_>, context: &mut Context<'_>) {
        context.buy(Size::Units(Quantity::ONE));
    }
}

/// What was lost on the first bar was lost before anything was measured: the run began with the equity after it.
#[test]
fn losses_count_from_the_deposit() {
    let fall = bars(&[[100.0, 100.0, 78.0, 78.0], [78.0; 4]]);
    let limit = |set: fn(&mut Limits)| {
        let mut limits = Limits::default();
        set(&mut limits);
        limits
    };
    let loss = Trigger::Loss { share: Rate::percent(11), within: Span::DAY };
    for (what, limits) in [
        ("drawdown", limit(|limits| limits.portfolio.drawdown = Some(Rate::percent(11)))),
        ("daily loss", limit(|limits| limits.portfolio.daily_loss = Some(Rate::percent(11)))),
        ("breaker of drawdown", breaker(Trigger::Drawdown(Rate::percent(11)), TradingState::ReduceOnly, None)),
        ("breaker of loss", breaker(loss, TradingState::ReduceOnly, None)),
    ] {
        let mut simulator = simulator_with_cash(10_000, Early, stock(), settings(), limits);
        simulator.bar(SeriesId(0), &fall[0]).unwrap();
        let events: Vec<_> = simulator.engine().journal().iter().map(Result::unwrap).collect();
        let refused = events.iter().filter(|event| matches!(event, Event::Refused { .. })).count();
        assert_eq!(refused, 1, "{what}: {:?}", told(&events));
    }
}

#[test]
fn money_of_the_owner_is_no_loss() {
    let limits = breaker(Trigger::Drawdown(Rate::percent(15)), TradingState::Halted, None);
    let mut simulator =
        simulator_with_cash(10_000, Script(0, |_, _: &mut Context<'_>| {}), stock(), settings(), limits);
    let bars = closes(&[100.0; 4]);
    simulator.bar(SeriesId(0), &bars[0]).unwrap();
    let mut engine = simulator.into_engine();
    let out = Cash::whole(-5_000);
    let time = bars[1].time;
    engine.step(Input::Deposit(time, CommodityId(0), out)).unwrap();
    engine.step(Input::Bar(SeriesId(0), time + Span::DAY, bars[1])).unwrap();
    assert!(engine.risk().breakers()[0].trip.is_none());
}

/// A drawn order on each bar that has one.
fn drawn(choices: Choices) -> impl FnMut(usize, &mut Context<'_>) + Clone {
    move |day, context| {
        if let Some(Some(choice)) = choices.get(day) {
            let price = context.price_of(context.instrument()).unwrap().to_f64();
            context.send(ticket(*choice, price));
        }
    }
}

fn states() -> impl proptest::strategy::Strategy<Value = TradingState> {
    prop_oneof![Just(TradingState::ReduceOnly), Just(TradingState::Halted), Just(TradingState::Flattening)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// While a breaker is tripped nothing grows a position; flattened, it is flat from the next bar on; money is conserved.
    #[test]
    fn a_tripped_breaker_lets_nothing_open(
        bars in market(), choices in choices(), share in 1..40i64, then in states(), days in prop::option::of(1..6i64),
    ) {
        let limits = breaker(Trigger::Drawdown(Rate::basis_points(share)), then, days);
        let run = run_within(limits, settings(), &bars, drawn(choices));
        let (mut held, mut state, mut since) = (Quantity::ZERO, TradingState::Normal, i64::MAX);
        for event in &run.events {
            match event {
                Event::StateChanged { state: next, time } => (state, since) = (*next, time.day()),
                Event::Submitted(order) if state >= TradingState::Halted => {
                    prop_assert_eq!(order.purpose, Purpose::ForceExit);
                }
                Event::Reported(Report::Filled { fill, .. }) => {
                    let before = held;
                    held = held.plus(fill.signed()).unwrap();
                    let grew = held.abs() > before.abs() || (!held.is_zero() && held.is_negative() != before.is_negative());
                    prop_assert!(state == TradingState::Normal || !grew, "{state}: {:?}", told(&run.events));
                }
                Event::Ended { time, .. } if state != TradingState::Normal && then == TradingState::Flattening => {
                    prop_assert!(held.is_zero() || time.day() <= since, "{held}: {:?}", told(&run.events));
                }
                _ => {}
            }
        }
    }

    /// A run that is put aside and taken up again tells of the same breakers; so does one whose bars open and close apart.
    #[test]
    fn breakers_are_a_fold_over_the_rows(bars in market(), choices in choices(), cut in any::<prop::sample::Index>()) {
        let limits = breaker(Trigger::Drawdown(Rate::basis_points(20)), TradingState::Flattening, Some(2));
        let whole = run_within(limits.clone(), settings(), &bars, drawn(choices.clone()));
        let mut first = simulator_with_cash(10_000, Script(0, drawn(choices.clone())), stock(), settings(), limits.clone());
        let cut = cut.index(bars.len());
        bars[..cut].iter().for_each(|bar| _ = first.bar(SeriesId(0), bar).unwrap());
        let mut second = first.clone();
        drop(first);
        bars[cut..].iter().for_each(|bar| _ = second.bar(SeriesId(0), bar).unwrap());
        second.end(AtEnd::Keep, &[]).unwrap();
        prop_assert_eq!(second.engine().journal().hash().to_string(), whole.hash);
        let mut apart = simulator_with_cash(10_000, Script(0, drawn(choices)), stock(), settings(), limits);
        for bar in &bars {
            let closes = bar.time + Span::DAY;
            apart.open(bar.time, &[(SeriesId(0), bar, closes)]).unwrap();
            apart.close(closes, &[(SeriesId(0), bar)]).unwrap();
        }
        let events: Vec<_> = apart.engine().journal().iter().map(Result::unwrap).collect();
        prop_assert_eq!(told(&events), told(&whole.events));
        apart.engine().account().ledger().check().unwrap();
    }
}
