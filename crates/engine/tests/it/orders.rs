//! Every kind of order against bars written by hand. Orders are sent at the close of day 0.
use qframe_engine::venue::{Crossing, FillPrice, Settings, Slippage};
use qframe_engine::{Context, Market, Strategy, Ticket};
use qframe_model::fill::Fill;
use qframe_model::ids::SeriesId;
use qframe_model::instrument::Rules;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::{OrderKind, Purpose, Size, TimeInForce, Trail};
use qframe_model::time::{Span, Time};

use crate::script::{Run, bars, instrument, p, run_with, simulator, stock};

const TEN: Size = Size::Units(Quantity::whole(10));

fn check(what: &str, prices: &[[f64; 4]], script: impl Fn(usize, &mut Context<'_>), expected: &[&str]) {
    let settings = Settings { allow_short: true, ..Settings::default() };
    let run = run_with(stock(), settings, &bars(prices), script);
    assert_eq!(run.reports(), expected, "{what}");
}

/// One ticket, sent on day 0.
fn one(ticket: Ticket) -> impl Fn(usize, &mut Context<'_>) {
    move |day, context| {
        if day == 0 {
            context.send(ticket);
        }
    }
}

const FLAT: [f64; 4] = [100.0, 101.0, 99.0, 100.0];

#[test]
fn market_orders_fill_at_the_next_open() {
    check("market", &[FLAT, [103.0, 104.0, 102.0, 103.5]], one(Ticket::buy(TEN)), &["day 1 1 buy 10 at 103"]);
    let on_open = Ticket::buy(TEN).kind(OrderKind::MarketOnOpen);
    check("on open", &[FLAT, [103.0, 104.0, 102.0, 103.5]], one(on_open), &["accepted 1", "day 1 1 buy 10 at 103"]);
    let on_close = Ticket::buy(TEN).kind(OrderKind::MarketOnClose);
    check("on close", &[FLAT, [103.0, 104.0, 102.0, 103.5]], one(on_close), &["accepted 1", "day 2 1 buy 10 at 103.5"]);
}

#[test]
fn limits_fill_at_the_limit_or_at_a_better_gap() {
    let buy = one(Ticket::buy(TEN).limit(p(98.0)));
    check("not reached", &[FLAT, [99.0, 100.0, 98.01, 99.0]], &buy, &["accepted 1"]);
    check("touched", &[FLAT, [99.0, 100.0, 98.0, 99.0]], &buy, &["accepted 1", "day 1 1 buy 10 at 98"]);
    check("gapped", &[FLAT, [97.0, 100.0, 96.0, 99.0]], &buy, &["accepted 1", "day 1 1 buy 10 at 97"]);
    let sell = one(Ticket::sell(TEN).limit(p(102.0)));
    check("sell", &[FLAT, [99.0, 102.0, 98.0, 99.0]], &sell, &["accepted 1", "day 1 1 sell 10 at 102"]);
    check("sell gap", &[FLAT, [105.0, 106.0, 104.0, 105.0]], &sell, &["accepted 1", "day 1 1 sell 10 at 105"]);
}

#[test]
fn stops_trigger_and_gap() {
    let buy = one(Ticket::buy(TEN).stop(p(102.0)));
    check("not reached", &[FLAT, [100.0, 101.99, 99.0, 100.0]], &buy, &["accepted 1"]);
    check("touched", &[FLAT, [100.0, 102.0, 99.0, 100.0]], &buy, &["accepted 1", "day 1 1 buy 10 at 102"]);
    check("gapped", &[FLAT, [104.0, 105.0, 103.0, 104.0]], &buy, &["accepted 1", "day 1 1 buy 10 at 104"]);
    let sell = one(Ticket::sell(TEN).stop(p(98.0)));
    check("sell", &[FLAT, [100.0, 101.0, 97.0, 99.0]], &sell, &["accepted 1", "day 1 1 sell 10 at 98"]);
}

#[test]
fn a_stop_that_fills_at_once_waits_for_its_trigger() {
    let days = [FLAT, FLAT, [100.0, 103.0, 99.0, 100.0], [100.0, 101.0, 99.0, 100.0]];
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        let stop = one(Ticket::buy(TEN).stop(p(102.0)).time_in_force(time_in_force));
        check("a stop", &days, stop, &["accepted 1", "day 2 1 buy 10 at 102"]);
    }
    let kind = OrderKind::StopLimit { trigger: p(102.0), limit: p(101.0) };
    let limited = one(Ticket::buy(TEN).kind(kind).time_in_force(TimeInForce::Ioc));
    check("not within its limit", &days, limited, &["accepted 1", "day 2 triggered 1", "cancelled 1 Immediate"]);
}

#[test]
fn stop_limits_wake_first() {
    let ticket =
        |trigger, limit| one(Ticket::buy(TEN).kind(OrderKind::StopLimit { trigger: p(trigger), limit: p(limit) }));
    let up = [100.0, 103.0, 99.0, 100.0];
    check("limit above", &[FLAT, up], ticket(102.0, 102.5), &["accepted 1", "day 1 1 buy 10 at 102"]);
    // The price came back to 101.5 in the same bar, perhaps before the trigger: only the close is known to come later.
    check(
        "limit below",
        &[FLAT, up, FLAT],
        ticket(102.0, 101.5),
        &["accepted 1", "day 1 triggered 1", "day 2 1 buy 10 at 101.5"],
    );
    check(
        "never back",
        &[FLAT, [103.0, 105.0, 103.0, 104.0]],
        ticket(102.0, 102.5),
        &["accepted 1", "day 1 triggered 1"],
    );
}

#[test]
fn touched_orders_wake_in_favour() {
    let market = one(Ticket::buy(TEN).kind(OrderKind::MarketIfTouched(p(98.0))));
    check("market", &[FLAT, [100.0, 101.0, 97.0, 99.0]], market, &["accepted 1", "day 1 1 buy 10 at 98"]);
    let ticket = |limit| one(Ticket::buy(TEN).kind(OrderKind::LimitIfTouched { trigger: p(98.0), limit: p(limit) }));
    check("limit", &[FLAT, [100.0, 101.0, 97.0, 99.0]], ticket(98.5), &["accepted 1", "day 1 1 buy 10 at 98"]);
    check("lower limit", &[FLAT, [100.0, 101.0, 97.5, 99.0], FLAT], ticket(97.0), &["accepted 1", "day 1 triggered 1"]);
}

#[test]
fn trailing_stops_follow_the_best_price_of_past_bars() {
    let trail = |trail| {
        move |day: usize, context: &mut Context<'_>| match day {
            0 => _ = context.buy(TEN),
            1 => _ = context.send(Ticket::sell(Size::Close).reduce_only().kind(OrderKind::TrailingStop(trail))),
            _ => {}
        }
    };
    let prices = [FLAT, FLAT, [100.0, 110.0, 99.5, 109.0], [109.0, 109.5, 104.0, 105.0]];
    let expected = ["day 1 1 buy 10 at 100", "accepted 2", "day 3 2 sell 10 at 105"];
    check("by distance", &prices, trail(Trail::Distance(p(5.0))), &expected);
    let expected = ["day 1 1 buy 10 at 100", "accepted 2", "day 3 2 sell 10 at 104.5"];
    check("by share", &prices, trail(Trail::Share(Rate::percent(5))), &expected);
}

/// Its level came out off the grid, at 98.02479, and it filled there.
#[test]
fn the_level_of_a_trailing_stop_is_a_tick() {
    let check = |what: &str, ticket: Ticket, day: [[f64; 4]; 2], expected: &str| {
        let rules = Rules { tick: p(0.01), ..Rules::default() };
        let settings = Settings { allow_short: true, ..Settings::default() };
        let run = run_with(instrument("AAPL", rules), settings, &bars(&[FLAT, day[0], day[1]]), one(ticket));
        assert_eq!(run.reports(), ["accepted 1", expected], "{what}");
    };
    let trails = |trail| OrderKind::TrailingStop(trail);
    let (share, distance) = (trails(Trail::Share(Rate::basis_points(330))), trails(Trail::Distance(p(3.335))));
    let falls = [[100.0, 101.37, 99.5, 101.0], [101.0, 101.0, 97.0, 98.0]];
    check("a sale waits for the tick below", Ticket::sell(TEN).kind(share), falls, "day 2 1 sell 10 at 98.02");
    check("at a distance", Ticket::sell(TEN).kind(distance), falls, "day 2 1 sell 10 at 98.03");
    let rises = [[100.0, 100.5, 98.63, 99.0], [99.0, 103.0, 99.0, 102.0]];
    check("a purchase for the one above", Ticket::buy(TEN).kind(share), rises, "day 2 1 buy 10 at 101.89");
    check("as a stop does", Ticket::sell(TEN).stop(p(98.024)), falls, "day 2 1 sell 10 at 98.02");
}

#[test]
fn orders_end_in_time() {
    let limit = |time_in_force| one(Ticket::buy(TEN).limit(p(90.0)).time_in_force(time_in_force));
    let never = [FLAT, FLAT, FLAT, FLAT];
    check("gtc", &never, limit(TimeInForce::Gtc), &["accepted 1"]);
    // Sent at the close of day 0, which is the first instant of day 1: it lives through day 1.
    check("day", &never, limit(TimeInForce::Day), &["accepted 1", "expired 1"]);
    let until = |text: &str| TimeInForce::Gtd(text.parse().unwrap());
    check("gtd", &never, limit(until("1970-01-03")), &["accepted 1", "expired 1"]);
    check("ioc", &never, limit(TimeInForce::Ioc), &["accepted 1", "cancelled 1 Immediate"]);
    check(
        "fok",
        &never,
        limit(TimeInForce::Fok),
        &["accepted 1", "rejected 1: fill-or-kill, and it cannot fill whole"],
    );
    let ioc = one(Ticket::buy(TEN).limit(p(101.0)).time_in_force(TimeInForce::Ioc));
    check("ioc fills", &[FLAT, FLAT], ioc, &["accepted 1", "day 1 1 buy 10 at 100"]);
}

#[test]
fn post_only_and_reduce_only_hold() {
    let crossing = one(Ticket::buy(TEN).limit(p(101.0)).post_only());
    check("post-only", &[FLAT, FLAT], crossing, &["rejected 1: post-only at 101 would take at 100"]);
    let nothing = one(Ticket::sell(TEN).reduce_only());
    check("reduce-only", &[FLAT, FLAT], nothing, &["rejected 1: a reduce-only order, and nothing to reduce"]);
    let more = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(TEN),
        1 => _ = context.send(Ticket::sell(Size::Units(Quantity::whole(25))).reduce_only()),
        _ => {}
    };
    check("reduces to zero", &[FLAT, FLAT, FLAT], more, &["day 1 1 buy 10 at 100", "day 2 2 sell 10 at 100"]);
}

#[test]
fn brackets_protect_from_the_entry_bar_on() {
    let bracket = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(TEN), p(95.0), p(110.0));
        }
    };
    let entry = "day 1 1 buy 10 at 100";
    let stopped = [entry, "day 1 2 sell 10 at 95", "cancelled 3 Group"];
    let accepted = ["accepted 2", "accepted 3"];
    let all = |rest: &[&'static str]| [&accepted[..], rest].concat();
    check("stop", &[FLAT, [100.0, 101.0, 94.0, 96.0]], bracket, &all(&stopped));
    check("both: the stop first", &[FLAT, [100.0, 111.0, 94.0, 96.0]], bracket, &all(&stopped));
    let target = [entry, "day 2 3 sell 10 at 110", "cancelled 2 Group"];
    check("target", &[FLAT, FLAT, [100.0, 112.0, 99.0, 111.0]], bracket, &all(&target));
    let gap = [entry, "day 2 2 sell 10 at 90", "cancelled 3 Group"];
    check("gap through the stop", &[FLAT, FLAT, [90.0, 91.0, 89.0, 90.0]], bracket, &all(&gap));
    let leaves = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.bracket(Ticket::buy(TEN), p(95.0), p(110.0)),
        1 => _ = context.close(),
        _ => {}
    };
    let left = [entry, "day 2 4 sell 10 at 100", "cancelled 2 NothingToClose", "cancelled 3 NothingToClose"];
    check("closed by hand", &[FLAT, FLAT, FLAT], leaves, &all(&left));
}

#[test]
fn a_limit_entry_is_protected_in_its_own_bar() {
    let bracket = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(TEN).limit(p(98.0)), p(95.0), p(99.0));
        }
    };
    let accepted = ["accepted 1", "accepted 2", "accepted 3", "day 1 1 buy 10 at 98"];
    let all = |rest: &[&'static str]| [&accepted[..], rest].concat();
    // The low is below the entry, so it came after it.
    check("stop", &[FLAT, [100.0, 100.0, 94.0, 97.0]], bracket, &all(&["day 1 2 sell 10 at 95", "cancelled 3 Group"]));
    // The high of 100 was the open: before the entry. The close is after it.
    check("no target yet", &[FLAT, [100.0, 100.0, 97.0, 98.5]], bracket, &all(&[]));
    check(
        "target by the close",
        &[FLAT, [100.0, 100.0, 97.0, 99.5]],
        bracket,
        &all(&["day 2 3 sell 10 at 99", "cancelled 2 Group"]),
    );
}

#[test]
fn what_wakes_inside_the_range_meets_the_market_there() {
    // A limit that the market was through filled at the limit, a stop at its trigger: prices that the bar never had.
    let after_entry = |child: Ticket| {
        move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                let entry = context.send(Ticket::buy(TEN).limit(p(95.0)));
                context.send(child.after(entry));
            }
        }
    };
    let woken = |what: &str, child: Ticket, rest: &[&str]| {
        let expected = [&["accepted 1", "accepted 2", "day 1 1 buy 10 at 95"], rest].concat();
        check(what, &[FLAT, [100.0, 100.0, 94.0, 97.0]], after_entry(child), &expected);
    };
    let sell = Ticket::sell(TEN);
    let there = ["day 1 2 sell 10 at 95"];
    woken("limit", sell.limit(p(90.0)), &there);
    woken("stop", sell.stop(p(105.0)), &there);
    woken("if touched", sell.kind(OrderKind::MarketIfTouched(p(90.0))), &there);
    woken("limit-if-touched", sell.kind(OrderKind::LimitIfTouched { trigger: p(90.0), limit: p(85.0) }), &there);
    let stop_limit = |limit| sell.kind(OrderKind::StopLimit { trigger: p(105.0), limit: p(limit) });
    woken("stop-limit", stop_limit(90.0), &there);
    woken("not yet", sell.limit(p(96.0)), &["day 2 2 sell 10 at 96"]);
    woken("stop-limit, not yet", stop_limit(96.0), &["day 1 triggered 2", "day 2 2 sell 10 at 96"]);
    woken("nor by the close", sell.limit(p(98.0)), &[]);
    woken("fills at once", sell.limit(p(95.0)).time_in_force(TimeInForce::Fok), &there);
    woken("not at once", sell.limit(p(96.0)).time_in_force(TimeInForce::Ioc), &["cancelled 2 Immediate"]);
}

/// Answers its first fill with a ticket.
struct Answer(Ticket, Option<Ticket>);

impl Strategy for Answer {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        if matches!(market, Market::Bar(bar) if bar.time == Time::EPOCH) {
            context.send(self.0);
        }
    }
    fn on_fill(&mut self, _fill: &Fill, context: &mut Context<'_>) {
        if let Some(ticket) = self.1.take() {
            context.send(ticket);
        }
    }
}

#[test]
fn what_answers_a_fill_inside_the_range_meets_the_market_there() {
    let falls = [100.0, 100.0, 94.0, 97.0];
    let rises = [100.0, 106.0, 100.0, 104.0];
    let answers = |what: &str, (fill, slippage), bar, entry: Ticket, ticket: Ticket, last: &str| {
        let crossing = Crossing { slippage, ..Crossing::default() };
        let settings = Settings { fill, crossing, allow_short: true, ..Settings::default() };
        let mut simulator = simulator(Answer(entry, Some(ticket)), stock(), settings);
        for bar in &bars(&[FLAT, bar]) {
            simulator.bar(SeriesId(0), bar).unwrap();
        }
        let events = simulator.into_engine().journal().iter().map(Result::unwrap).collect();
        let run = Run { events, equity: Vec::new(), engine_equity: Cash::ZERO, hash: String::new() };
        assert_eq!(run.reports().last().unwrap(), last, "{what}");
    };
    let check = |what: &str, slippage, bar, entry: Ticket, ticket: Ticket, last: &str| {
        answers(what, (FillPrice::NextOpen, slippage), bar, entry, ticket, last);
    };
    let (buy, sell) = (Ticket::buy(TEN), Ticket::sell(TEN));
    let none = Slippage::None;
    check("limit", none, falls, buy.limit(p(95.0)), sell.limit(p(90.0)), "day 1 2 sell 10 at 95");
    check("stop", none, falls, buy.limit(p(95.0)), sell.stop(p(105.0)), "day 1 2 sell 10 at 95");
    // The entry paid 106.5; the market was at 105.
    let slips = Slippage::Fixed(p(1.5));
    check("slips", slips, rises, buy.stop(p(105.0)), sell.limit(p(90.0)), "day 1 2 sell 10 at 103.5");
    // The open was before the worst price.
    let worst = (FillPrice::Worst, none);
    answers("worst", worst, rises, buy, sell.limit(p(90.0)), "day 1 2 sell 10 at 106");
    answers("worst, short", worst, falls, sell, buy.limit(p(106.0)), "day 1 2 buy 10 at 94");
    answers("worst, and a stop", worst, rises, buy, sell.stop(p(102.0)), "day 1 2 sell 10 at 102");
}

/// Turns at 95 and at 105, each time with an order that answers the last fill.
struct Turns;

impl Strategy for Turns {
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        if matches!(market, Market::Bar(bar) if bar.time == Time::EPOCH) {
            context.send(Ticket::buy(TEN));
        }
    }
    fn on_fill(&mut self, fill: &Fill, context: &mut Context<'_>) {
        let (side, stop) = if fill.side == Side::Buy { (Side::Sell, 95.0) } else { (Side::Buy, 105.0) };
        context.send(Ticket::new(side, Size::Units(Quantity::whole(20))).stop(p(stop)));
    }
}

/// Each answer walked the whole bar anew: 99 turns in one day that ruined the account, and at one price no end of them.
#[test]
fn an_answer_to_an_answer_waits_for_the_close() {
    let days = [FLAT, [100.0, 108.0, 92.0, 100.0], [100.0, 101.0, 94.0, 99.0], [99.0, 111.0, 90.0, 110.0]];
    let settings = Settings { allow_short: true, ..Settings::default() };
    let mut simulator = simulator(Turns, stock(), settings);
    bars(&days).iter().for_each(|bar| _ = simulator.bar(SeriesId(0), bar).unwrap());
    let events = simulator.into_engine().journal().iter().map(Result::unwrap).collect();
    let run = Run { events, equity: Vec::new(), engine_equity: Cash::ZERO, hash: String::new() };
    let fills: Vec<_> = run.reports().into_iter().filter(|line| line.starts_with("day")).collect();
    let first = ["day 1 1 buy 10 at 100", "day 1 2 sell 20 at 95", "day 1 3 buy 20 at 105"];
    // The third way through a day is known only where its close proves it.
    let then = ["day 2 4 sell 20 at 95", "day 3 5 buy 20 at 105", "day 3 6 sell 20 at 95", "day 4 7 buy 20 at 110"];
    assert_eq!(fills, [&first[..], &then[..]].concat());
}

#[test]
fn what_fills_at_once_ends_where_no_volume_is_left() {
    // It waited for the next bar, and filled there.
    let after_entry = |ticket: Ticket| {
        move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.buy(TEN);
                context.send(ticket);
            }
        }
    };
    let check = |what: &str, fill, ticket: Ticket, expected: &str| {
        let volume_cap = Some(Rate::percent(1));
        let settings = Settings { volume_cap, fill, allow_short: true, ..Settings::default() };
        let falls = [100.0, 100.0, 94.0, 97.0];
        let run = run_with(stock(), settings, &bars(&[FLAT, falls, FLAT]), after_entry(ticket));
        assert_eq!(run.reports().last().unwrap(), expected, "{what}");
    };
    let sell = Ticket::sell(Size::Units(Quantity::whole(5)));
    let [ioc, fok] = [TimeInForce::Ioc, TimeInForce::Fok].map(|life| sell.time_in_force(life));
    let (ended, refused) = ("cancelled 2 Immediate", "rejected 2: fill-or-kill, and it cannot fill whole");
    check("ioc", FillPrice::NextOpen, ioc.stop(p(95.0)), ended);
    check("fok", FillPrice::NextOpen, fok.stop(p(95.0)), refused);
    let limited = OrderKind::StopLimit { trigger: p(95.0), limit: p(90.0) };
    check("limited", FillPrice::NextOpen, ioc.kind(limited), ended);
    check("at the decided close", FillPrice::SameClose, ioc, ended);
    check("whole at the decided close", FillPrice::SameClose, fok, refused);
}

#[test]
fn one_cancels_the_other_and_orders_can_be_withdrawn() {
    let oco = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            let first = context.send(Ticket::buy(TEN).limit(p(98.0)));
            let second = Ticket::buy(TEN).stop(p(102.0)).group(first);
            context.cancel(first);
            let first = context.send(Ticket::buy(TEN).limit(p(98.0)).group(first));
            assert_eq!(first.0, 2);
            context.send(second);
        }
    };
    let expected = [
        "accepted 1",
        "cancelled 1 Requested",
        "accepted 2",
        "accepted 3",
        "day 1 2 buy 10 at 98",
        "cancelled 3 Group",
    ];
    check("oco", &[FLAT, [100.0, 101.0, 97.0, 99.0]], oco, &expected);
}

#[test]
fn an_exit_says_why() {
    let bracket = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(TEN), p(95.0), p(110.0));
        }
    };
    let run = run_with(stock(), Settings::default(), &bars(&[FLAT, [100.0, 101.0, 94.0, 96.0]]), bracket);
    let purposes: Vec<Purpose> = run
        .events
        .iter()
        .filter_map(|event| match event {
            qframe_model::event::Event::Reported(qframe_model::event::Report::Filled { fill, .. }) => {
                Some(fill.purpose)
            }
            _ => None,
        })
        .collect();
    assert_eq!(purposes, [Purpose::Signal, Purpose::StopLoss]);
}

#[test]
fn parents_are_worked_in_slices() {
    let forty = Size::Units(Quantity::whole(40));
    let over = Span::from_seconds(3 * 86_400);
    let flat = [FLAT; 6];
    let twap = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.twap(Ticket::buy(forty), over, 3);
        }
    };
    // The first slice is due at once, at the close of day 0; each fills at the open that follows.
    check(
        "twap",
        &flat,
        twap,
        &["day 1 2 buy 13.333333333 at 100", "day 2 3 buy 13.333333333 at 100", "day 3 4 buy 13.333333334 at 100"],
    );
    let vwap = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.slice(Ticket::buy(forty), over, &[1, 2, 1]);
        }
    };
    check("vwap", &flat, vwap, &["day 1 2 buy 10 at 100", "day 2 3 buy 20 at 100", "day 3 4 buy 10 at 100"]);
    let stopped = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.slice(Ticket::buy(forty).limit(p(90.0)), over, &[1, 1]),
        1 => context.cancel(qframe_model::ids::OrderId(1)),
        _ => {}
    };
    check("cancelled", &flat, stopped, &["accepted 2", "cancelled 2 Requested"]);
    let half = move |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.twap(Ticket::buy(forty), over, 4),
        2 => context.cancel(qframe_model::ids::OrderId(1)),
        _ => {}
    };
    // The third slice would be due on day 2 and a half.
    check("cancelled half-way", &flat, half, &["day 1 2 buy 10 at 100", "day 2 3 buy 10 at 100"]);
    let wrong = one_call(move |context| _ = context.twap(Ticket::buy(Size::Equity(Rate::ONE)), over, 3));
    let refusal =
        "refused 1: no schedule: expected a number of units, a span, and 1 to 10000 weights of which one is above zero";
    check("not in units", &flat, wrong, &[refusal]);
}

/// The first one sent was filled first, at a price that the other comes before, and the money was gone.
#[test]
fn the_nearest_limit_fills_first() {
    let two = |side: fn(Size) -> Ticket, far: f64, near: f64| {
        move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.send(side(Size::Units(Quantity::whole(60))).limit(p(far)));
                context.send(side(Size::Units(Quantity::whole(60))).limit(p(near)));
            }
        }
    };
    let poor = "rejected 1: needs 5400.00, 4300.00 is free, 1100.00 is missing";
    let falls = [FLAT, [100.0, 100.0, 85.0, 88.0]];
    let fills = ["accepted 1", "accepted 2", "day 1 2 buy 60 at 95", poor];
    check("buys", &falls, two(Ticket::buy, 90.0, 95.0), &fills);
    let poor = "rejected 1: needs 6600.00, 3100.00 is free, 3500.00 is missing";
    let fills = ["accepted 1", "accepted 2", "day 1 2 sell 60 at 105", poor];
    check("sales", &[FLAT, [100.0, 115.0, 100.0, 112.0]], two(Ticket::sell, 110.0, 105.0), &fills);
    // The nearer one takes the bar's volume.
    let settings = Settings { volume_cap: Some(Rate::percent(4)), ..Settings::default() };
    let run = run_with(stock(), settings, &bars(&falls), two(Ticket::buy, 90.0, 95.0));
    let fills = ["accepted 1", "accepted 2", "day 1 2 buy 40 at 95 in part"];
    assert_eq!(run.reports(), fills);
}

fn one_call(call: impl Fn(&mut Context<'_>)) -> impl Fn(usize, &mut Context<'_>) {
    move |day, context| {
        if day == 0 {
            call(context);
        }
    }
}
