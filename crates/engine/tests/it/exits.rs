//! Ways out stay open while risk control lets nothing in. Each test begins with the story of how one was shut.
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};
use qframe_engine::venue::{Latency, Settings};
use qframe_engine::{AtEnd, Breaker, Context, Limits, Ticket, Trigger};
use qframe_model::breaker::TradingState;
use qframe_model::event::{Event, Report};
use qframe_model::ids::OrderId;
use qframe_model::market::{Side, Tick};
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::{OrderKind, Size};
use qframe_model::time::{Span, Time};

use crate::script::{FLAT, Run, bars, check_within as check, p, run_within};
use crate::tick_laws::random;
use crate::ticks::{at, drive_within, ms, quote, spot};

fn units(units: i64) -> Size {
    Size::Units(Quantity::whole(units))
}

/// Trips with the row of day 2, which is known on day 3.
fn tripped(then: TradingState) -> Limits {
    let trigger = Trigger::At(Time::EPOCH + Span::from_seconds(3 * 86_400));
    Limits { breakers: vec![Breaker { trigger, then, cool_down: None }], ..Limits::default() }
}

fn withdrawn(run: &Run) -> Vec<String> {
    let withdrawn = run.events.iter().filter_map(|event| match event {
        Event::Withdrawn { order, refusal, .. } => Some(format!("{order}: {refusal}")),
        _ => None,
    });
    withdrawn.collect()
}

/// Buys 30, then works one order in four slices from the second bar on.
fn works(ticket: Ticket) -> impl Fn(usize, &mut Context<'_>) {
    move |day, context| match day {
        0 => _ = context.buy(units(30)),
        1 => _ = context.twap(ticket, Span::from_seconds(4 * 86_400), 4),
        _ => {}
    }
}

#[test]
fn an_exit_that_is_worked_in_slices_goes_on() {
    // The parent was withdrawn with everything else, and the account stayed in what it was leaving.
    let out = ["day 1 1 buy 30 at 100", "day 2 3 sell 5 at 100", "day 3 4 sell 5 at 100"];
    let whole = [&out[..], &["day 4 5 sell 5 at 100", "day 5 6 sell 5 at 100"]].concat();
    for ticket in [Ticket::sell(units(20)).reduce_only(), Ticket::sell(units(20))] {
        let run = check("exit", tripped(TradingState::ReduceOnly), &[FLAT; 7], works(ticket), &whole);
        assert!(withdrawn(&run).is_empty());
        let sent = run.events.iter().filter_map(|event| match event {
            Event::Submitted(order) => Some(order.reduce_only),
            _ => None,
        });
        assert_eq!(sent.collect::<Vec<_>>()[3..], [true, true], "they can do nothing else");
    }
    let mut lost = Limits::default();
    lost.portfolio.drawdown = Some(Rate::basis_points(1));
    let fall = [FLAT, FLAT, [99.0; 4], [99.0; 4], [99.0; 4], [99.0; 4], [99.0; 4]];
    let lower =
        whole.iter().map(|line| if line.contains("sell") { line.replace("100", "99") } else { (*line).to_owned() });
    let lower: Vec<String> = lower.collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    check("limit", lost, &fall, works(Ticket::sell(units(20)).reduce_only()), &lower);
}

#[test]
fn what_is_worked_to_open_stops_and_says_why() {
    // It stopped without a word of the rule.
    let said = "trading is reduce-only since 1970-01-04T00:00:00Z: its time had come";
    let part = ["day 1 1 buy 30 at 100", "day 2 3 buy 5 at 100"];
    let run = check("entry", tripped(TradingState::ReduceOnly), &[FLAT; 7], works(Ticket::buy(units(20))), &part);
    assert_eq!(withdrawn(&run), [format!("2: {said}")]);
    // What is left is more than what is held: it would turn the position.
    let turns = ["day 1 1 buy 30 at 100", "day 2 3 sell 15 at 100"];
    let run = check("turn", tripped(TradingState::ReduceOnly), &[FLAT; 7], works(Ticket::sell(units(60))), &turns);
    assert_eq!(withdrawn(&run).len(), 1);
    let halted = ["day 1 1 buy 30 at 100", "day 2 3 sell 5 at 100"];
    let exit = Ticket::sell(units(20)).reduce_only();
    let run = check("halt", tripped(TradingState::Halted), &[FLAT; 7], works(exit), &halted);
    assert_eq!(withdrawn(&run).len(), 1);
}

#[test]
fn the_beginning_of_work_is_judged() {
    // A parent of any size began, and only its slices were refused, one by one.
    let mut limits = Limits::default();
    limits.symbol.position_value = Some(Cash::whole(4_000));
    let expected = ["day 1 1 buy 30 at 100", "refused 2: position value 5000.00 would be above the limit 4000.00"];
    check("value", limits.clone(), &[FLAT; 7], works(Ticket::buy(units(20))), &expected);
    let late = |day: usize, context: &mut Context<'_>| {
        if day == 3 {
            context.twap(Ticket::buy(units(4)), Span::from_seconds(2 * 86_400), 2);
            context.twap(Ticket::sell(units(4)).reduce_only(), Span::from_seconds(2 * 86_400), 2);
        }
    };
    let refused = "refused 1: trading is halted since 1970-01-04T00:00:00Z: its time had come";
    let both = [refused, &refused.replace("1:", "2:")];
    check("halted", tripped(TradingState::Halted), &[FLAT; 7], late, &both);
    // What a limit refuses to open may still close.
    let expected = ["day 1 1 buy 30 at 100", "day 4 3 sell 10 at 200", "day 5 4 sell 10 at 200"];
    let closes = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(30)),
        3 => _ = context.twap(Ticket::sell(units(20)), Span::from_seconds(2 * 86_400), 2),
        _ => {}
    };
    let high = [200.0; 4];
    limits.symbol.position_value = Some(Cash::whole(3_500));
    check("close", limits, &[FLAT, FLAT, high, high, high, high], closes, &expected);
}

#[test]
fn an_iceberg_that_reduces_stays() {
    let iceberg = OrderKind::Iceberg { limit: p(120.0), display: Quantity::whole(5) };
    let rests = move |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(30)),
        1 => _ = context.send(Ticket::sell(units(20)).kind(iceberg).reduce_only()),
        _ => {}
    };
    let up = [120.0, 130.0, 120.0, 125.0];
    let expected = ["day 1 1 buy 30 at 100", "accepted 2", "day 5 2 sell 20 at 120"];
    check("iceberg", tripped(TradingState::ReduceOnly), &[FLAT, FLAT, FLAT, FLAT, FLAT, up], rests, &expected);
}

/// Holds 30 at a market of 100 within a collar of 10 %, and sends one order.
fn collared(ticket: Ticket) -> String {
    let mut limits = Limits::default();
    limits.symbol.collar = Some(Rate::percent(10));
    let sends = move |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(30)),
        1 => _ = context.send(ticket),
        _ => {}
    };
    let settings = Settings { allow_short: true, ..Settings::default() };
    let run = run_within(limits, settings, &bars(&[FLAT; 2]), sends);
    let refused = run.events.iter().find_map(|event| match event {
        Event::Refused { refusal, .. } => Some(refusal.to_string()),
        Event::Submitted(order) if order.id.0 == 2 => {
            Some(if order.reduce_only { "taken to reduce" } else { "taken" }.to_owned())
        }
        _ => None,
    });
    refused.unwrap_or_default()
}

#[test]
fn a_collar_shuts_no_way_out() {
    // A profit taken far above the market was refused as if it opened; a stop-limit's trigger was not looked at.
    let away = |price, market| format!("price {price} is more than 0.1 away from the market {market}");
    let (buy, sell, exit) = (Ticket::buy(units(5)), Ticket::sell(units(5)), Ticket::sell(units(5)).reduce_only());
    let stop_limit = |trigger, limit| OrderKind::StopLimit { trigger: p(trigger), limit: p(limit) };
    let touched = |trigger, limit| OrderKind::LimitIfTouched { trigger: p(trigger), limit: p(limit) };
    let check = |what: &str, ticket: Ticket, expected: &str| assert_eq!(collared(ticket), expected, "{what}");
    check("entry within", buy.limit(p(90.0)), "taken");
    check("entry below", buy.limit(p(89.0)), &away(89, 100));
    check("entry above", buy.limit(p(111.0)), &away(111, 100));
    check("entry's trigger", buy.kind(stop_limit(111.0, 110.0)), &away(111, 100));
    check("entry's limit", buy.kind(stop_limit(105.0, 111.0)), &away(111, 100));
    check("entry if touched", buy.kind(touched(80.0, 95.0)), &away(80, 100));
    check("both within", buy.kind(stop_limit(105.0, 109.0)), "taken");
    check("profit", exit.limit(p(150.0)), "taken to reduce");
    check("profit without the flag", sell.limit(p(150.0)), "taken to reduce");
    check("given away", exit.limit(p(89.0)), &away(89, 100));
    check("given away without the flag", sell.limit(p(89.0)), &away(89, 100));
    check("stop", exit.stop(p(70.0)), "taken to reduce");
    check("stop-limit far below", exit.kind(stop_limit(70.0, 65.0)), "taken to reduce");
    check("stop-limit that gives away", exit.kind(stop_limit(70.0, 60.0)), &away(60, 70));
    check("at the market", exit, "taken to reduce");
    let more = Ticket::new(Side::Sell, units(40)).limit(p(150.0));
    check("more than is held", more, &away(150, 100));
}

/// Slices that rested at a limit and were not marked as exits were withdrawn with everything else, and never came back.
#[test]
fn a_slice_that_rests_is_sent_again_as_an_exit() {
    let up = [120.0, 120.0, 120.0, 120.0];
    let rows = [[FLAT; 8].as_slice(), &[up, up]].concat();
    let ticket = Ticket::sell(units(20)).limit(p(110.0));
    for then in [TradingState::ReduceOnly, TradingState::Halted] {
        let settings = Settings { allow_short: true, ..Settings::default() };
        let run = run_within(tripped(then), settings, &bars(&rows), works(ticket));
        let sold = run.reports().iter().filter(|line| line.contains("sell 5 at 120")).count();
        assert_eq!(sold, if then == TradingState::ReduceOnly { 4 } else { 0 }, "{:?}", run.reports());
    }
}

/// An exit that was withdrawn by the strategy as well is not wanted any more.
#[test]
fn what_the_strategy_withdraws_does_not_come_back() {
    let ticket = Ticket::sell(units(20)).limit(p(110.0));
    let asks = move |day: usize, context: &mut Context<'_>| {
        works(ticket)(day, context);
        if day == 2 {
            context.cancel(OrderId(2));
        }
    };
    let rows = [[FLAT; 8].as_slice(), &[[120.0; 4]]].concat();
    let expected = ["day 1 1 buy 30 at 100", "accepted 3", "cancelled 3 Requested"];
    check("cancel", tripped(TradingState::ReduceOnly), &rows, asks, &expected);
}

/// An exit that was sent again is withdrawn by the number that the strategy knows.
#[test]
fn an_exit_goes_by_its_first_number() {
    let asks = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(30)),
        1 => _ = context.send(Ticket::sell(units(20)).limit(p(110.0))),
        5 => context.cancel(OrderId(2)),
        _ => {}
    };
    let rows = [[FLAT; 8].as_slice(), &[[120.0; 4]]].concat();
    let expected =
        ["day 1 1 buy 30 at 100", "accepted 2", "cancelled 2 Requested", "accepted 3", "cancelled 3 Requested"];
    check("cancel", tripped(TradingState::ReduceOnly), &rows, asks, &expected);
}

/// How an exit of some units is sent: prices are so far from 100 on the side where it gains, or loses.
fn exit(how: u8, side: Side, size: Quantity) -> (Ticket, bool) {
    let gains = |far: f64| p(if side == Side::Sell { 100.0 + far } else { 100.0 - far });
    let ticket = Ticket::new(side, Size::Units(size));
    let ticket = match how % 7 {
        0 | 1 => ticket,
        2 => ticket.limit(gains(10.0)),
        3 => ticket.stop(gains(-10.0)),
        4 => ticket.kind(OrderKind::StopLimit { trigger: gains(-8.0), limit: gains(-15.0) }),
        5 => ticket.kind(OrderKind::Iceberg { limit: gains(5.0), display: Quantity::ONE }),
        _ => ticket.limit(gains(12.0)),
    };
    (if how & 64 == 0 { ticket } else { ticket.reduce_only() }, how % 7 == 1 || how % 7 == 6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// In reduce-only, whatever reduces goes through until flat, however it was sent and before or after the trip; nothing
    /// else does.
    #[test]
    fn exits_go_on_until_flat(
        parts in prop::collection::vec((any::<u8>(), 1..9usize, 1..6i64), 1..8), short: bool, by_loss: bool,
    ) {
        let (enters, leaves) = if short { (Side::Sell, Side::Buy) } else { (Side::Buy, Side::Sell) };
        // One unit stays until after the trip: what is flat loses nothing.
        let parts = [parts, vec![(0, 9, 1)]].concat();
        let held: i64 = parts.iter().map(|(.., size)| size).sum();
        let asks = |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.send(Ticket::new(enters, units(held)));
                // It would open more at a price that comes only after the trip.
                let far = if short { 119.0 } else { 81.0 };
                context.send(Ticket::new(enters, units(3)).limit(p(far)));
            }
            for (how, _, size) in parts.iter().filter(|(_, on, _)| *on == day) {
                let (ticket, is_worked) = exit(*how, leaves, Quantity::whole(*size));
                if is_worked {
                    context.twap(ticket, Span::from_seconds(3 * 86_400), 3);
                } else {
                    context.send(ticket);
                }
            }
        };
        let mut limits = if by_loss { Limits::default() } else { tripped(TradingState::ReduceOnly) };
        limits.portfolio.drawdown = by_loss.then(|| Rate::from_nanos(1));
        let worse = if short { 100.5 } else { 99.5 };
        let mut rows = vec![FLAT; 16];
        rows[2] = [100.0, 100.5, 99.5, worse];
        rows.extend([[100.0, 120.0, 100.0, 100.0], [100.0, 100.0, 80.0, 100.0], FLAT, FLAT]);
        let settings = Settings { allow_short: true, ..Settings::default() };
        let run = run_within(limits, settings, &bars(&rows), asks);
        let mut left = Quantity::ZERO;
        for event in &run.events {
            if let Event::Reported(Report::Filled { fill, .. }) = event {
                let before = left;
                left = left.plus(fill.signed()).unwrap();
                prop_assert!(fill.order.0 == 1 || left.abs() < before.abs(), "{:?}", run.reports());
            }
        }
        prop_assert!(left.is_zero(), "{left} is left: {:?} {:?}", run.reports(), withdrawn(&run));
    }
}

/// A position that the market made too large had its exit withdrawn as if it opened one.
#[test]
fn a_position_that_outgrows_its_limit_keeps_its_exit() {
    let mut limits = Limits::default();
    limits.symbol.position_value = Some(Cash::whole(3_500));
    let asks = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(30)),
        1 => _ = context.send(Ticket::sell(units(30)).stop(p(90.0))),
        _ => {}
    };
    let rows = [FLAT, FLAT, [120.0; 4], [120.0; 4], [100.0, 100.0, 85.0, 85.0]];
    let expected =
        ["day 1 1 buy 30 at 100", "accepted 2", "cancelled 2 Requested", "accepted 3", "day 4 3 sell 30 at 90"];
    let run = check("outgrown", limits, &rows, asks, &expected);
    assert_eq!(withdrawn(&run), ["2: position value 3600.00 would be above the limit 3500.00"]);
}

/// Words take time: an order fills in part while its withdrawal is on its way, and no more than the rest is sent again.
#[test]
fn no_exit_is_sent_twice() {
    let mut again = 0;
    for seed in 0..200 {
        let mut random = random(seed);
        let held = 4 + random(6) as i64;
        let asks = move |row: usize, context: &mut Context<'_>| match row {
            0 => _ = context.buy(units(held)),
            1 => {
                let half = Quantity::whole(held / 2);
                context.twap(Ticket::sell(Size::Units(half)).limit(p(104.0)), ms(30), 3);
                context.send(Ticket::sell(Size::Units(Quantity::whole(held).minus(half).unwrap())).limit(p(103.0)));
            }
            _ => {}
        };
        let mut rows: Vec<Tick> = (1..20).map(|row| quote(10 * row, (99.5, 9), (100.5, 9))).collect();
        // Around the trip the market touches the limits, for a unit or two at a time.
        for row in 20..40 {
            let bid = 102.0 + random(5) as f64 * 0.5;
            rows.push(quote(10 * row, (bid, 1 + random(2)), (bid + 1.0, 9)));
        }
        rows.extend((40..50).map(|row| quote(10 * row, (106.0, 50), (107.0, 50))));
        let trigger = Trigger::At(at(200 + 10 * random(20) as i64));
        let breakers = vec![Breaker { trigger, then: TradingState::ReduceOnly, cool_down: None }];
        let latency = Latency::Time(ms(random(25) as i64));
        let settings = Settings { latency: latency.clone(), answer: latency, allow_short: true, ..Settings::default() };
        let limits = Limits { breakers, ..Limits::default() };
        let mut simulator = drive_within(limits, (spot(), settings), &rows, Time::MAX, asks);
        simulator.end(AtEnd::Keep).unwrap();
        let mut left = Quantity::ZERO;
        for event in simulator.engine().journal().iter().map(Result::unwrap) {
            match event {
                Event::Reported(Report::Filled { fill, .. }) => left = left.plus(fill.signed()).unwrap(),
                Event::Submitted(order) => again += usize::from(order.reduce_only),
                _ => {}
            }
            assert!(!left.is_negative(), "seed {seed}: {left}");
        }
        assert!(left.is_zero(), "seed {seed}: {left} is left");
    }
    assert!(again > 100, "{again}");
}
