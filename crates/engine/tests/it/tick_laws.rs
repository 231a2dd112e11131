//! What holds of orders on ticks: each comes to an end, money is kept, and nothing sees ahead.
use std::collections::BTreeMap;
use std::sync::Arc;

use qframe_engine::venue::{Fees, Latency, Queue, Sessions, Settings, Unaffordable};
use qframe_engine::{AtEnd, Context, Ticket};
use qframe_model::event::{Event, Report};
use qframe_model::ids::OrderId;
use qframe_model::market::{Side, Tick};
use qframe_model::number::Rate;
use qframe_model::order::{OrderKind, Size, TimeInForce, Trail};

use crate::script::p;
use crate::ticks::{
    ID, ask, at, bid, book, buy, check, drive, late, ms, on, plain, run, sell, spot, trade, units, with,
};

/// Numbers below a bound, equal for equal seeds.
pub(crate) fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// A book that moves and trades at its prices, beside them and through them; known 3 ms later.
fn market(count: i64, seed: u64) -> Vec<Tick> {
    let mut random = random(seed);
    let mut ticks = book();
    for time in 2..count {
        let (price, count) = (95.0 + random(20) as f64 * 0.5, random(9));
        ticks.push(match random(3) {
            0 => bid(time, price.min(100.0), count),
            1 => ask(time, price.max(100.5), count),
            _ => trade(time, if random(2) == 0 { Side::Buy } else { Side::Sell }, price, count + 1),
        });
    }
    ticks.into_iter().map(|tick| late(tick, ms(3))).collect()
}

/// Sends orders of every kind and time in force, and withdraws some.
fn trader(seed: u64) -> impl FnMut(usize, &mut Context<'_>) {
    let mut random = random(seed);
    move |row, context| {
        let price = |steps: u64| p(95.0 + steps as f64 * 0.5);
        let (one, two) = (price(random(20)), price(random(20)));
        let side = if random(2) == 0 { Side::Buy } else { Side::Sell };
        let count = units(1 + i128::from(random(4)));
        let kind = match random(10) {
            0 | 1 => OrderKind::Market,
            2 | 3 => OrderKind::Limit(one),
            4 => OrderKind::Stop(one),
            5 => OrderKind::StopLimit { trigger: one, limit: two },
            6 => OrderKind::TrailingStop(Trail::Distance(p(1.5))),
            7 => OrderKind::MarketIfTouched(one),
            8 => OrderKind::Iceberg { limit: one, display: units(1) },
            _ => OrderKind::LimitIfTouched { trigger: one, limit: two },
        };
        let time_in_force = match random(4) {
            0 => TimeInForce::Ioc,
            1 => TimeInForce::Fok,
            2 => TimeInForce::Gtd(context.now() + ms(40)),
            _ => TimeInForce::Gtc,
        };
        match row % 7 {
            0 | 2 => _ = context.send(Ticket::new(side, Size::Units(count)).kind(kind).time_in_force(time_in_force)),
            3 => _ = context.bracket(Ticket::new(side, Size::Units(count)), price(2), price(18)),
            4 => _ = context.send(Ticket::new(side, Size::TargetUnits(count)).kind(kind)),
            5 => {
                let last = context.orders().iter().last().map(|open| open.order.id);
                last.into_iter().for_each(|id| context.cancel(id));
            }
            _ => {}
        }
    }
}

fn slow(seed: u64) -> Settings {
    Settings {
        fees: Fees::flat(Rate::percent(1)),
        latency: Latency::Drawn { quantiles: Arc::new([ms(0), ms(3), ms(20)]), seed },
        answer: Latency::Drawn { quantiles: Arc::new([ms(1), ms(9)]), seed: !seed },
        queue: [Queue::RiskAverse, Queue::TradesOnly, Queue::ByDepth(2)][seed as usize % 3],
        ..plain()
    }
}

/// Of a run: how each order that was sent ended.
fn ends(events: &[Event]) -> BTreeMap<OrderId, Vec<String>> {
    let mut ends: BTreeMap<OrderId, Vec<String>> = BTreeMap::new();
    for event in events {
        let end = match event {
            Event::Submitted(order) => {
                ends.insert(order.id, Vec::new());
                continue;
            }
            Event::Reported(
                Report::Filled { fill: qframe_model::fill::Fill { order, .. }, done: true }
                | Report::Cancelled { order, .. }
                | Report::Rejected { order, .. }
                | Report::Expired { order, .. },
            ) => *order,
            Event::ReportRefused { .. } => panic!("the venue and we disagree: {event:?}"),
            _ => continue,
        };
        ends.entry(end).or_default().push(format!("{event:?}"));
    }
    ends
}

#[test]
fn every_order_ends_once_or_is_open_at_the_end_and_money_is_kept() {
    let (mut open, mut back) = (0, 0);
    for seed in 0..60 {
        let ticks = market(60 + 7 * seed as i64, seed);
        let at_end = if seed % 2 == 0 { AtEnd::Keep } else { AtEnd::CloseAtClose };
        let mut simulator = drive(spot(), slow(seed), &ticks, at(i64::MAX / 1_000_000), trader(seed));
        simulator.end(at_end).unwrap();
        let engine = simulator.into_engine();
        engine.account().ledger().check().unwrap();
        let events: Vec<Event> = engine.journal().iter().map(Result::unwrap).collect();
        for (order, ends) in ends(&events) {
            let is_open = engine.orders().get(order).is_some();
            assert_eq!(ends.len() + usize::from(is_open), 1, "seed {seed}, order {order}, open {is_open}: {ends:?}");
            open += usize::from(is_open);
            back += usize::from(ends.iter().any(|end| end.contains("DataEnded")));
        }
        assert!(at_end == AtEnd::Keep || engine.account().position(ID).is_flat(), "seed {seed}");
    }
    assert!(open > 50 && back > 50, "{open} open, {back} came back");
}

#[test]
fn what_comes_later_changes_no_byte_before_it() {
    for seed in 0..20 {
        let ticks = market(400, seed);
        let journal = |ticks: &[Tick], until| {
            let simulator = drive(spot(), slow(seed), ticks, until, trader(seed));
            simulator.engine().journal().iter().map(Result::unwrap).collect::<Vec<Event>>()
        };
        let whole = journal(&ticks, at(10_000));
        let mut random = random(!seed);
        for _ in 0..10 {
            let cut = 10 + random(380) as usize;
            let part = journal(&ticks[..cut], ticks[cut].time());
            assert!(!part.is_empty() && whole.starts_with(&part), "seed {seed}, cut after {cut}");
        }
    }
}

#[test]
fn a_stop_that_fills_at_once_waits_for_its_trigger() {
    let ticks = with(&[trade(2, Side::Buy, 103.0, 1), ask(4, 103.0, 5)]);
    let stop = |limit: Option<f64>, count, time_in_force| {
        let kind = limit.map(|limit| OrderKind::StopLimit { trigger: p(102.5), limit: p(limit) });
        buy(count).kind(kind.unwrap_or(OrderKind::Stop(p(102.5)))).time_in_force(time_in_force)
    };
    let begins = ["1 1 rests", "2 1 triggers"];
    let check = |story: &str, ticket: Ticket, ends: &[&str]| {
        check(story, &plain(), &ticks, on(3, vec![ticket]), &[&begins, ends].concat());
    };
    let two = "2 1 buy 2 at 101 as Taker, more to come";
    check(
        "immediate or cancel",
        stop(None, 9, TimeInForce::Ioc),
        &[two, "2 1 buy 3 at 102 as Taker, more to come", "2 1 cancelled: Immediate"],
    );
    check("with a limit", stop(Some(101.0), 9, TimeInForce::Ioc), &[two, "2 1 cancelled: Immediate"]);
    check("nothing within its limit", stop(Some(100.5), 1, TimeInForce::Ioc), &["2 1 cancelled: Immediate"]);
    check("fill or kill", stop(None, 4, TimeInForce::Fok), &[two, "2 1 buy 2 at 102 as Taker"]);
    let (account, events, _) = run(plain(), &ticks, on(3, vec![stop(None, 9, TimeInForce::Fok)]));
    assert!(account.position(ID).is_flat() && events[2].starts_with("2 1 rejected"), "{events:?}");
}

#[test]
fn where_only_trades_are_fed_a_stop_that_fills_at_once_meets_the_trade_after_its_trigger() {
    let trades = [100.0, 101.0, 103.0, 104.0].map(|price| trade(price as i64, Side::Buy, price, 1));
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        let stop = buy(1).stop(p(103.0)).time_in_force(time_in_force);
        let fills = ["100 1 rests", "103 1 triggers", "104 1 buy 1 at 104 as Taker"];
        check("the next trade", &plain(), &trades, on(0, vec![stop]), &fills);
    }
}

#[test]
fn what_is_on_its_way_when_the_data_ends_comes_to_an_end() {
    let slow = Settings { latency: Latency::Time(ms(10)), answer: Latency::Time(ms(10)), ..plain() };
    let bracket = |row: usize, context: &mut Context<'_>| {
        if row == 3 {
            context.bracket(buy(1), p(90.0), p(110.0));
        }
    };
    let ended = ["1 1 cancelled: DataEnded", "1 2 cancelled: DataEnded", "1 3 cancelled: DataEnded"];
    check("an order, and what waits for it", &slow, &book(), bracket, &ended);
    let cancelled = |row: usize, context: &mut Context<'_>| match row {
        3 => _ = context.send(buy(2).limit(p(99.0))),
        4 => context.cancel(OrderId(1)),
        _ => {}
    };
    let ticks = with(&[bid(15, 98.0, 1)]);
    check("a cancellation", &slow, &ticks, cancelled, &["11 1 rests", "15 1 cancelled: Requested"]);
    let ticks = with(&[bid(5, 98.0, 1)]);
    check("both", &slow, &ticks, cancelled, &["5 1 cancelled: DataEnded"]);
    let ticks = with(&[bid(15, 98.0, 1)]);
    let fills = ["11 1 buy 2 at 101 as Taker"];
    check("an answer", &slow, &ticks, on(3, vec![buy(2)]), &fills);
}

#[test]
fn money_is_kept_and_equal_runs_have_equal_hashes() {
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut ticks = book();
    for time in 2..3_000 {
        let (price, count) = (95.0 + random(20) as f64 * 0.5, random(9));
        ticks.push(match random(3) {
            0 => bid(time, price.min(100.0), count),
            1 => ask(time, price.max(100.5), count),
            _ => trade(time, if random(2) == 0 { Side::Buy } else { Side::Sell }, price, count + 1),
        });
    }
    let settings = Settings {
        fees: Fees::flat(Rate::percent(1)),
        latency: Latency::Drawn { quantiles: Arc::new([ms(0), ms(3), ms(20)]), seed: 3 },
        answer: Latency::Time(ms(2)),
        queue: Queue::ByDepth(2),
        ..plain()
    };
    let script = |row: usize, context: &mut Context<'_>| {
        let price = p(95.0 + (row * 7 % 20) as f64 * 0.5);
        match row % 11 {
            0 => _ = context.send(buy(3).limit(price)),
            3 => _ = context.send(sell(2).limit(price)),
            5 => _ = context.send(buy(1)),
            7 => _ = context.close(),
            9 => {
                let first = context.orders().iter().next().map(|open| open.order.id);
                first.into_iter().for_each(|id| context.cancel(id));
            }
            _ => {}
        }
    };
    let (account, events, hash) = run(settings.clone(), &ticks, script);
    assert!(events.len() > 500, "{}", events.len());
    assert!(!events.iter().any(|event| event.starts_with("not applied")), "the venue and we agree");
    let (again, _, hash_again) = run(settings.clone(), &ticks, script);
    assert_eq!((account.equity(), hash.clone()), (again.equity(), hash_again));
    // No look-ahead: what is cut off changes nothing before it.
    let cut = run(settings, &ticks[..2_000], script).1;
    let before = |events: &[String]| {
        let time = |event: &&String| {
            event.split(' ').next().and_then(|time| time.parse::<i64>().ok()).is_some_and(|time| time < 1_950)
        };
        events.iter().filter(time).cloned().collect::<Vec<_>>()
    };
    assert_eq!(before(&events), before(&cut));
}

#[test]
fn orders_on_open_and_on_close_go_by_the_sessions() {
    // Open from 10 to 20 and from 30 to 40 ms.
    let table = Arc::new([at(10)..at(20), at(30)..at(40)]);
    let sessions = Settings { sessions: vec![Sessions { instrument: ID, table }], ..plain() };
    let ticket = |kind| buy(2).kind(kind).time_in_force(TimeInForce::Ioc);
    let check = |story: &str, kind, ticks: &[Tick], sent, fill: &str| {
        let fills = [format!("{sent} 1 rests"), fill.to_owned()];
        let row = ticks.iter().position(|tick| tick.time() == at(sent)).unwrap();
        let fills: Vec<&str> = fills.iter().map(String::as_str).filter(|line| !line.is_empty()).collect();
        check(story, &sessions, ticks, on(row, vec![ticket(kind)]), &fills);
    };
    let shown = |time| ask(time, 101.0, 2 + time as u64);
    let ticks = with(&[5, 12, 15, 22, 33, 38, 45].map(shown));
    let (open, close) = (OrderKind::MarketOnOpen, OrderKind::MarketOnClose);
    check("before the open", open, &ticks, 5, "12 1 buy 2 at 101 as Taker");
    check("after it", open, &ticks, 12, "33 1 buy 2 at 101 as Taker");
    check("between two sessions", open, &ticks, 22, "33 1 buy 2 at 101 as Taker");
    check("after the last one", open, &ticks, 45, "");
    check("the close of this session", close, &ticks, 12, "20 1 buy 2 at 101 as Taker");
    check("of the next one", close, &ticks, 22, "40 1 buy 2 at 101 as Taker");
    check("no other one comes", close, &ticks, 45, "");
    let trades = [5, 12, 15, 22, 33, 38, 45].map(|time| trade(time, Side::Buy, 100.0 + time as f64, 1));
    check("trades alone: the first one", open, &trades, 5, "12 1 buy 2 at 112 as Taker");
    check("trades alone: the last one", close, &trades, 12, "20 1 buy 2 at 115 as Taker");
}

#[test]
fn where_there_are_no_sessions_days_are_those_of_utc() {
    let day = 86_400_000;
    let ticks = with(&[ask(day - 5, 101.0, 3), ask(day + 5, 101.5, 4), ask(2 * day + 9, 102.0, 5)]);
    let sent = |kind| on(4, vec![buy(1).kind(kind)]);
    let rests = format!("{} 1 rests", day - 5);
    let opened = format!("{} 1 buy 1 at 101 as Taker", day + 5);
    check("on the open", &plain(), &ticks, sent(OrderKind::MarketOnOpen), &[&rests, &opened]);
    let closed = format!("{day} 1 buy 1 at 101 as Taker");
    check("on the close", &plain(), &ticks, sent(OrderKind::MarketOnClose), &[&rests, &closed]);
}

/// The book was asked for what closes alone.
#[test]
fn a_turn_fills_whole_or_not_at_all_on_a_book() {
    let turn = |size: Size| Ticket::buy(size).time_in_force(TimeInForce::Fok);
    let left = |ticket: Ticket| {
        let (account, events, _) = run(plain(), &book(), on(3, vec![sell(3), ticket]));
        (account.position(ID).quantity, events.last().unwrap().clone())
    };
    // Of an account of 10,000: 2.1 % are two units.
    let weight = |share| Size::TargetWeight(Rate::basis_points(share));
    for size in [Size::Units(units(5)), Size::TargetUnits(units(2)), weight(210)] {
        assert_eq!(left(turn(size)).0, units(2), "{size:?}: five are offered");
    }
    for size in [Size::Units(units(6)), Size::TargetUnits(units(3)), weight(320)] {
        let (held, last) = left(turn(size));
        assert_eq!((held, last.starts_with("1 2 rejected")), (units(-3), true), "{size:?}: {last}");
    }
    let limited = left(turn(Size::Units(units(4))).limit(p(101.0)));
    assert_eq!(limited.0, units(-3), "two are offered at 101");
}

#[test]
fn what_cannot_be_paid_whole_does_not_fill_whole() {
    let clip = Settings { unaffordable: Unaffordable::Clip, ..plain() };
    let deep = [bid(1, 99.0, 500), ask(1, 100.0, 500)];
    let (account, events, _) = run(clip, &deep, on(1, vec![buy(150).time_in_force(TimeInForce::Fok)]));
    assert!(account.position(ID).is_flat() && events.last().unwrap().starts_with("1 1 rejected"), "{events:?}");
}

/// Where the spread is wide it followed the price that its entry paid, and sold at once.
#[test]
fn a_trailing_child_follows_what_it_looks_at() {
    let wide = [bid(1, 90.0, 50), ask(1, 100.0, 50), bid(2, 90.0, 51), bid(3, 90.0, 52)];
    let (account, events, _) = run(plain(), &wide, |row, context| {
        if row == 1 {
            let entry = context.send(buy(10));
            let trails = OrderKind::TrailingStop(Trail::Distance(p(5.0)));
            context.send(Ticket::sell(Size::Close).kind(trails).reduce_only().after(entry));
        }
    });
    assert_eq!(account.position(ID).quantity, units(10), "{events:?}");
}

/// Sent apart from its entry it was asked on arrival, at a price of before that.
#[test]
fn a_post_only_child_on_ticks_is_asked_when_it_wakes() {
    let falls = [bid(1, 99.0, 5), ask(1, 101.0, 5), bid(2, 99.0, 6), bid(4, 99.0, 0), bid(4, 89.0, 5)];
    let ends = [&falls[..], &[trade(5, Side::Sell, 90.0, 50), trade(7, Side::Buy, 96.0, 5)]].concat();
    let mut entry = None;
    let (account, events, _) = run(plain(), &ends, move |row, context| match row {
        1 => entry = Some(context.send(buy(5).limit(p(90.0)))),
        2 => _ = context.send(Ticket::sell(Size::Close).limit(p(95.0)).post_only().after(entry.unwrap())),
        _ => {}
    });
    assert!(account.position(ID).is_flat(), "{events:?}");
    assert!(events.iter().any(|line| line.contains("sell 5 at 95 as Maker")), "{events:?}");
}

/// A session over midnight was two days, and what came after a close ended with the next open.
#[test]
fn a_day_is_a_session_on_ticks() {
    let hours = |count: i64| count * 3_600_000;
    let table = [(22, 45), (46, 69)].map(|(open, close)| at(hours(open))..at(hours(close)));
    let sessions = Settings { sessions: vec![Sessions { instrument: ID, table: table.into() }], ..plain() };
    let ticket = buy(1).limit(p(99.0)).time_in_force(TimeInForce::Day);
    let check = |sent: f64, falls: i64, then: &str| {
        let sent = (sent * 3_600_000.0) as i64;
        let ticks = with(&[ask(sent, 101.0, 3), ask(hours(falls), 98.5, 3)]);
        let row = ticks.iter().position(|tick| tick.time() == at(sent)).unwrap();
        let rests = format!("{sent} 1 rests");
        check("a day", &sessions, &ticks, on(row, vec![ticket]), &[&rests, then]);
    };
    let buys = |time: i64| format!("{} 1 buy 1 at 99 as Maker", hours(time));
    check(23.0, 26, &buys(26));
    check(45.5, 50, &buys(50));
    check(23.0, 50, &format!("{} 1 expires", hours(50)));
    check(45.5, 70, &format!("{} 1 expires", hours(70)));
}
