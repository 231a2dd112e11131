//! Orders that sleep behind another: when they wake, what they have met by then, and when they end.
use qframe_engine::venue::{FillPrice, Intrabar, Latency, Settings};
use qframe_engine::{Context, Ticket};
use qframe_model::event::{Event, Report};
use qframe_model::fill::Liquidity;
use qframe_model::number::{Quantity, Rate};
use qframe_model::order::{OrderKind, Size, TimeInForce, Trail};
use qframe_model::time::{Span, Time};

use crate::script::{FLAT, Run, bars, p, run_with, stock};
use crate::several::units;

const TEN: Size = Size::Units(Quantity::whole(10));

fn plain() -> Settings {
    Settings { allow_short: true, ..Settings::default() }
}

/// Sends both on day 0, the second behind the first.
fn behind(entry: Ticket, child: Ticket) -> impl Fn(usize, &mut Context<'_>) {
    move |day, context| {
        if day == 0 {
            let entry = context.send(entry);
            context.send(child.after(entry));
        }
    }
}

/// What is told but for what is accepted.
fn told(settings: Settings, prices: &[[f64; 4]], script: impl Fn(usize, &mut Context<'_>)) -> Vec<String> {
    let lines = run_with(stock(), settings, &bars(prices), script).reports();
    lines.into_iter().filter(|line| !line.starts_with("accepted")).collect()
}

/// It waited from its waking on, and the position stood without its stop.
#[test]
fn a_way_in_bars_is_over_when_the_entry_fills() {
    let bracket = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(TEN), p(90.0), p(110.0));
        }
    };
    let late = |bars| Settings { latency: Latency::Bars(bars), ..plain() };
    let falls = [FLAT, FLAT, [100.0, 100.0, 80.0, 85.0], [85.0; 4]];
    let expected = ["day 2 1 buy 10 at 100", "day 2 2 sell 10 at 90", "cancelled 3 Group"];
    assert_eq!(told(late(1), &falls, bracket), expected);
    let falls = [FLAT, FLAT, FLAT, [100.0; 4], [95.0; 4], [85.0; 4], [75.0; 4]];
    let expected = ["day 3 1 buy 10 at 100", "day 5 2 sell 10 at 85", "cancelled 3 Group"];
    assert_eq!(told(late(2), &falls, bracket), expected);
}

/// It trailed behind prices from before the position.
#[test]
fn a_trailing_stop_follows_what_came_after_it_woke() {
    let trails = |trail| Ticket::sell(Size::Close).kind(OrderKind::TrailingStop(trail)).reduce_only();
    let five = trails(Trail::Distance(p(5.0)));
    let at_close = Ticket::buy(TEN).kind(OrderKind::MarketOnClose);
    let wild = [FLAT, [100.0, 120.0, 99.0, 101.0], [101.0, 103.0, 100.0, 102.0], [102.0, 102.0, 97.0, 97.0]];
    let expected = ["day 2 1 buy 10 at 101", "day 3 2 sell 10 at 98"];
    assert_eq!(told(plain(), &wild, behind(at_close, five)), expected, "103 is the best since");
    let limit = Ticket::buy(TEN).limit(p(95.0));
    let falls = [FLAT, [110.0, 112.0, 94.5, 96.0], [97.0, 98.0, 94.0, 97.0], [97.0, 97.0, 92.0, 92.0]];
    let expected = ["day 1 1 buy 10 at 95", "day 3 2 sell 10 at 93"];
    assert_eq!(told(plain(), &falls, behind(limit, five)), expected, "98 is the best since");
    let short = Ticket::buy(Size::Close).kind(OrderKind::TrailingStop(Trail::Distance(p(5.0)))).reduce_only();
    let rises = [FLAT, [90.0, 105.5, 88.0, 104.0], [103.0, 106.0, 102.0, 103.0], [103.0, 108.0, 103.0, 108.0]];
    let expected = ["day 1 1 sell 10 at 105", "day 3 2 buy 10 at 107"];
    assert_eq!(told(plain(), &rises, behind(Ticket::sell(TEN).limit(p(105.0)), short)), expected, "102 since");
}

/// Its stop was gone with the first part, and the rest came in without any.
#[test]
fn what_protects_an_entry_sleeps_while_there_is_nothing_to_protect() {
    let capped = || Settings { volume_cap: Some(Rate::percent(1)), ..plain() };
    let script = |out: Ticket| {
        move |day: usize, context: &mut Context<'_>| match day {
            0 => _ = context.bracket(Ticket::buy(units(20)).limit(p(100.0)), p(90.0), p(110.0)),
            1 => _ = context.send(out),
            _ => {}
        }
    };
    let prices = [FLAT, FLAT, [104.0, 104.0, 103.0, 104.0], FLAT, [75.0; 4]];
    let expected = [
        "day 1 1 buy 10 at 100 in part",
        "day 2 4 sell 10 at 104",
        "day 3 1 buy 10 at 100",
        "day 4 2 sell 10 at 75",
        "cancelled 3 Group",
    ];
    assert_eq!(told(capped(), &prices, script(Ticket::sell(Size::Close))), expected);
    assert_eq!(told(capped(), &prices, script(Ticket::sell(TEN).limit(p(104.0)))), expected);
}

/// A part that was sold for a profit withdrew the rest of the entry.
#[test]
fn an_entry_goes_on_while_its_position_is_there() {
    let capped = Settings { volume_cap: Some(Rate::percent(1)), ..plain() };
    let scales = Ticket::sell(units(5)).limit(p(105.0)).reduce_only();
    let prices = [FLAT, FLAT, [104.0, 106.0, 103.0, 104.0], FLAT, FLAT];
    let expected = [
        "day 1 1 buy 10 at 100 in part",
        "day 2 2 sell 5 at 105",
        "day 3 1 buy 10 at 100 in part",
        "day 4 1 buy 10 at 100",
    ];
    assert_eq!(told(capped, &prices, behind(Ticket::buy(units(30)).limit(p(100.0)), scales)), expected);
}

#[test]
fn a_post_only_child_is_asked_when_it_wakes() {
    let sells = |limit| Ticket::sell(Size::Close).limit(p(limit)).post_only();
    let dips = [FLAT, [100.0, 100.0, 79.0, 82.0], [85.0, 91.0, 84.0, 88.0]];
    let expected = ["day 1 1 buy 10 at 80", "day 2 2 sell 10 at 90"];
    assert_eq!(told(plain(), &dips, behind(Ticket::buy(TEN).limit(p(80.0)), sells(90.0))), expected);
    let gap = [FLAT, [105.0, 106.0, 104.0, 105.0]];
    let expected = ["day 1 1 buy 10 at 105", "rejected 2: post-only at 101 would take at 105"];
    assert_eq!(told(plain(), &gap, behind(Ticket::buy(TEN), sells(101.0))), expected);
}

fn liquidities(run: &Run) -> Vec<Liquidity> {
    let fills = run.events.iter().filter_map(|event| match event {
        Event::Reported(Report::Filled { fill, .. }) => Some(fill.liquidity),
        _ => None,
    });
    fills.collect()
}

/// It had not been in the market yet, and was a maker in it.
#[test]
fn what_wakes_at_the_close_has_not_rested() {
    let entry = Ticket::buy(TEN).kind(OrderKind::MarketOnClose);
    let run = run_with(stock(), plain(), &bars(&[FLAT; 3]), behind(entry, Ticket::sell(TEN).limit(p(95.0))));
    assert_eq!(liquidities(&run), [Liquidity::Taker, Liquidity::Taker]);
    let rests = behind(entry, Ticket::sell(TEN).limit(p(105.0)));
    let run = run_with(stock(), plain(), &bars(&[FLAT, FLAT, FLAT, [106.0; 4]]), rests);
    assert_eq!(liquidities(&run), [Liquidity::Taker, Liquidity::Maker]);
}

#[test]
fn what_fills_at_the_close_waits_for_it() {
    let on_close = |life| {
        let ticket = Ticket::buy(TEN).kind(OrderKind::MarketOnClose).time_in_force(life);
        move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.send(ticket);
            }
        }
    };
    for life in [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok] {
        let prices = [FLAT, [100.0, 105.0, 99.0, 103.0]];
        assert_eq!(told(plain(), &prices, on_close(life)), ["day 2 1 buy 10 at 103"], "{life:?}");
    }
    let capped = Settings { volume_cap: Some(Rate::basis_points(50)), ..plain() };
    let expected = ["day 2 1 buy 5 at 100 in part", "cancelled 1 Immediate"];
    assert_eq!(told(capped, &[FLAT; 4], on_close(TimeInForce::Ioc)), expected);
}

/// Sent on a Friday's bar it ended on the Saturday, when nothing trades.
#[test]
fn an_order_for_the_day_lives_through_the_next_one_that_trades() {
    let day = |day: i64| Time::EPOCH + Span::from_seconds(86_400 * day);
    for ticket in [Ticket::buy(TEN), Ticket::buy(TEN).limit(p(101.0)), Ticket::buy(TEN).limit(p(90.0))] {
        let ticket = ticket.time_in_force(TimeInForce::Day);
        let mut all = bars(&[FLAT; 4]);
        // A Thursday, a Friday, a Monday and a Tuesday.
        for (bar, place) in all.iter_mut().zip([0, 1, 4, 5]) {
            bar.time = day(place);
        }
        let run = run_with(stock(), plain(), &all, |day, context| {
            if day == 1 {
                context.send(ticket);
            }
        });
        let last = run.reports().pop().unwrap();
        let fills = ticket != Ticket::buy(TEN).limit(p(90.0)).time_in_force(TimeInForce::Day);
        assert_eq!(last, if fills { "day 4 1 buy 10 at 100" } else { "expired 1" }, "{ticket:?}");
    }
}

/// It was refused again at each further fill of its entry, and other orders went with it.
#[test]
fn a_child_that_is_refused_is_refused_once() {
    let script = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.sell(TEN),
        1 => {
            let entry = context.target(Rate::percent(10));
            context.send(Ticket::sell(Size::Close).limit(p(95.0)).post_only().after(entry));
            context.send(Ticket::buy(units(1)).limit(p(90.0)));
        }
        _ => {}
    };
    let expected = [
        "day 1 1 sell 10 at 100",
        "day 2 2 buy 10 at 100 in part",
        "rejected 3: post-only at 95 would take at 100",
        "day 2 2 buy 10 at 100",
        "day 3 4 buy 1 at 89",
    ];
    assert_eq!(told(plain(), &[FLAT, FLAT, FLAT, [89.0; 4], FLAT], script), expected);
}

/// A stop that was sent first filled first, far behind the one that the price reached before.
#[test]
fn of_two_stops_the_nearer_one_is_first() {
    let script = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.bracket(Ticket::buy(TEN), p(86.0), p(150.0)),
        1 => _ = context.send(Ticket::sell(Size::Close).stop(p(95.0)).reduce_only()),
        _ => {}
    };
    let gone = ["cancelled 2 NothingToClose", "cancelled 3 NothingToClose"];
    let expected = [&["day 1 1 buy 10 at 100", "day 2 4 sell 10 at 95"], &gone[..]].concat();
    assert_eq!(told(plain(), &[FLAT, FLAT, [100.0, 100.0, 70.0, 75.0]], script), expected);
    let two = |first: f64, second: f64| {
        move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.buy(TEN);
                context.send(Ticket::sell(units(5)).stop(p(first)));
                context.send(Ticket::sell(units(5)).stop(p(second)));
            }
        }
    };
    let prices = [FLAT, FLAT, [100.0, 100.0, 70.0, 75.0]];
    let sold = |far: u32, near: u32| {
        let sells = |order: u32, at: u32| format!("day 2 {order} sell 5 at {at}");
        vec!["day 1 1 buy 10 at 100".to_owned(), sells(near, 95), sells(far, 86)]
    };
    assert_eq!(told(plain(), &prices, two(86.0, 95.0)), sold(2, 3));
    assert_eq!(told(plain(), &prices, two(95.0, 86.0)), sold(3, 2));
}

/// It had no part in the bar behind the close on which it woke.
#[test]
fn what_wakes_on_the_decided_close_lives_through_the_next_bar() {
    let close = Settings { fill: FillPrice::SameClose, ..plain() };
    let trails = Ticket::sell(Size::Close).kind(OrderKind::TrailingStop(Trail::Distance(p(5.0)))).reduce_only();
    let prices = [FLAT, [100.0, 120.0, 99.0, 116.0], [116.0, 117.0, 114.0, 114.0]];
    let expected = ["day 1 1 buy 10 at 100", "day 2 2 sell 10 at 115"];
    assert_eq!(told(close, &prices, behind(Ticket::buy(TEN), trails)), expected);
}

#[test]
fn a_trailing_stop_follows_what_came_after_it_arrived() {
    let trails = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(TEN),
        2 => _ = context.send(Ticket::sell(TEN).kind(OrderKind::TrailingStop(Trail::Distance(p(5.0))))),
        _ => {}
    };
    // The close of the bar in which it arrives is behind that.
    let late = Settings { latency: Latency::Time(Span::from_seconds(3_600)), ..plain() };
    let prices = [FLAT, FLAT, FLAT, [100.0, 112.0, 99.0, 110.0], [110.0, 110.0, 104.0, 104.0]];
    assert_eq!(told(late, &prices, trails)[1], "day 4 2 sell 10 at 105");
    // What happened while it was on its way is not for it.
    let late = Settings { latency: Latency::Bars(1), ..plain() };
    let prices = [FLAT, FLAT, FLAT, [100.0, 120.0, 99.0, 110.0], [110.0, 110.0, 104.0, 104.0]];
    assert_eq!(told(late, &prices, trails)[1], "day 4 2 sell 10 at 105");
}

/// What may wake twice is told of its trigger once: the engine refuses a second time.
#[test]
fn a_trigger_is_told_once() {
    let capped = Settings { volume_cap: Some(Rate::percent(1)), ..plain() };
    let exit = OrderKind::LimitIfTouched { trigger: p(105.0), limit: p(110.0) };
    let script = move |day: usize, context: &mut Context<'_>| match day {
        0 => {
            let entry = context.send(Ticket::buy(units(30)).limit(p(100.0)));
            context.send(Ticket::sell(Size::Close).kind(exit).reduce_only().after(entry));
        }
        2 => _ = context.close(),
        _ => {}
    };
    let rises = [106.0, 107.0, 104.0, 106.0];
    let expected = [
        "day 1 1 buy 10 at 100 in part",
        "day 2 triggered 2",
        "day 3 3 sell 10 at 106",
        "day 4 1 buy 10 at 100 in part",
        "day 6 2 sell 10 at 111",
    ];
    let prices = [FLAT, FLAT, rises, rises, FLAT, rises, [111.0; 4]];
    let told = told(capped, &prices, script);
    assert_eq!(told[..5], expected, "{told:?}");
    assert!(told.iter().all(|line| !line.contains("not applied")), "{told:?}");
}

/// It ran out while it slept, and the position came without it.
#[test]
fn a_day_begins_when_an_order_wakes() {
    let stop = Ticket::sell(Size::Close).stop(p(90.0)).reduce_only().time_in_force(TimeInForce::Day);
    let prices = [FLAT, FLAT, FLAT, [95.0, 96.0, 88.0, 89.0]];
    let expected = ["day 3 1 buy 10 at 95", "day 3 2 sell 10 at 90"];
    assert_eq!(told(plain(), &prices, behind(Ticket::buy(TEN).limit(p(95.0)), stop)), expected);
}

/// It was of the day whose close woke it, which it had not met, and left the position without its stop.
#[test]
fn a_day_begins_after_the_close_that_woke_it() {
    let entry = Ticket::buy(TEN).kind(OrderKind::MarketOnClose);
    let stop = Ticket::sell(Size::Close).reduce_only().stop(p(95.0)).time_in_force(TimeInForce::Day);
    let falls = [FLAT, FLAT, [100.0, 100.0, 80.0, 80.0], FLAT];
    let expected = ["day 2 1 buy 10 at 100", "day 2 2 sell 10 at 95"];
    assert_eq!(told(plain(), &falls, behind(entry, stop)), expected);
    let later = [FLAT, FLAT, FLAT, [100.0, 100.0, 80.0, 80.0]];
    assert_eq!(told(plain(), &later, behind(entry, stop)), ["day 2 1 buy 10 at 100", "expired 2"]);
}

/// The stop came first, whatever the setting, where the entry was inside the range.
#[test]
fn the_target_comes_first_where_that_is_asked_for_and_the_close_proves_it() {
    let bracket = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(TEN).limit(p(95.0)), p(90.0), p(105.0));
        }
    };
    let check = |intrabar, close: f64, expected: [&str; 2]| {
        let fills = told(Settings { intrabar, ..plain() }, &[FLAT, [100.0, 110.0, 85.0, close]], bracket);
        assert_eq!(fills[1..], expected, "{intrabar:?}, the close is {close}");
    };
    let (stop, target) =
        (["day 1 2 sell 10 at 90", "cancelled 3 Group"], ["day 1 3 sell 10 at 105", "cancelled 2 Group"]);
    check(Intrabar::TargetFirst, 108.0, target);
    check(Intrabar::TargetFirst, 104.0, stop);
    check(Intrabar::StopFirst, 108.0, stop);
}

/// The first exit to fill closed all that was held, also what another entry had bought.
#[test]
fn an_exit_closes_what_its_own_entry_opened() {
    let two = |day: usize, context: &mut Context<'_>| {
        if day < 2 {
            let [stop, target] = [[90.0, 110.0], [80.0, 130.0]][day];
            context.bracket(Ticket::buy(TEN), p(stop), p(target));
        }
    };
    let rises = [FLAT, FLAT, FLAT, [100.0, 112.0, 100.0, 111.0], [111.0, 131.0, 111.0, 130.0]];
    let expected = ["day 3 3 sell 10 at 110", "cancelled 2 Group", "day 4 6 sell 10 at 130", "cancelled 5 Group"];
    assert_eq!(told(plain(), &rises, two)[2..], expected);
    let beside = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(50)),
        1 => _ = context.bracket(Ticket::buy(TEN), p(90.0), p(110.0)),
        3 => _ = context.close(),
        _ => {}
    };
    let falls = [FLAT, FLAT, FLAT, [100.0, 100.0, 89.0, 95.0], [95.0; 4]];
    let expected = ["day 3 3 sell 10 at 90", "cancelled 4 Group", "day 4 5 sell 50 at 95"];
    assert_eq!(told(plain(), &falls, beside)[2..], expected);
    // In parts, as the volume lets them: of 1,000 units 6 a bar.
    let capped = Settings { volume_cap: Some(Rate::from_nanos(6_000_000)), ..plain() };
    let days = [FLAT, FLAT, FLAT, [100.0, 112.0, 100.0, 111.0], [111.0; 4], [111.0; 4]];
    let one = |day: usize, context: &mut Context<'_>| two(if day == 0 { 0 } else { 2 }, context);
    let parts = ["day 1 1 buy 6 at 100 in part", "day 2 1 buy 4 at 100", "day 3 3 sell 6 at 110 in part"];
    assert_eq!(told(capped, &days, one)[..4], [&parts[..], &["day 4 3 sell 4 at 111"]].concat());
}

/// At the worst price it was ended where its market was, and with the target first it waited for the close.
#[test]
fn an_immediate_child_fills_where_it_wakes_or_not_at_all() {
    let target = |limit| Ticket::sell(TEN).limit(p(limit)).time_in_force(TimeInForce::Ioc);
    let worst = Settings { fill: FillPrice::Worst, ..plain() };
    let days = [FLAT, [100.0, 110.0, 90.0, 100.0]];
    let expected = ["day 1 1 buy 10 at 110", "day 1 2 sell 10 at 110"];
    assert_eq!(told(worst, &days, behind(Ticket::buy(TEN), target(105.0))), expected);
    for intrabar in [Intrabar::StopFirst, Intrabar::TargetFirst] {
        let days = [FLAT, [100.0, 112.0, 90.0, 111.0]];
        let entry = Ticket::buy(TEN).limit(p(95.0));
        let expected = ["day 1 1 buy 10 at 95", "cancelled 2 Immediate"];
        assert_eq!(told(Settings { intrabar, ..plain() }, &days, behind(entry, target(110.0))), expected);
    }
}
