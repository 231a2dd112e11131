//! What a reviewer broke. Each test begins with the story of how.
use std::cell::Cell;

use qframe_engine::venue::{Crossing, Fees, FillPrice, Latency, Settings, Slippage};
use qframe_engine::{AtEnd, Context, Limits, Market, Strategy, Ticket};
use qframe_model::event::Event;
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::instrument::Rules;
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::{OrderKind, Size};
use qframe_model::time::{Span, Time};

use crate::script::{Run, bars, instrument, p, run_with, run_within, simulator, stock};
use crate::several::{run_several, units};

const FLAT: [f64; 4] = [100.0; 4];

fn shorting() -> Settings {
    Settings { allow_short: true, ..Settings::default() }
}

fn limited(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

/// Four slices of ten, two days apart.
fn slices() -> (Ticket, Span) {
    (Ticket::buy(units(40)).on(InstrumentId(0)), Span::from_seconds(86_400 * 8))
}

/// Speaks at the end of the instants, and when its timer rings.
struct Alone<F, T>(usize, F, T);

impl<F: FnMut(usize, &mut Context<'_>), T: FnMut(&mut Context<'_>)> Strategy for Alone<F, T> {
    fn on_market(&mut self, _market: &Market<'_>, _context: &mut Context<'_>) {}
    fn on_instant(&mut self, context: &mut Context<'_>) {
        (self.1)(self.0, context);
        self.0 += 1;
    }
    fn on_timer(&mut self, context: &mut Context<'_>) {
        (self.2)(context);
    }
}

fn run_alone(
    days: usize,
    speak: impl FnMut(usize, &mut Context<'_>),
    ring: impl FnMut(&mut Context<'_>),
) -> Vec<String> {
    let mut simulator = simulator(Alone(0, speak, ring), stock(), Settings::default());
    for bar in &bars(&vec![FLAT; days]) {
        simulator.bar(SeriesId(0), bar).unwrap();
    }
    simulator.end(AtEnd::Keep, &[]).unwrap();
    let events = simulator.into_engine().journal().iter().map(Result::unwrap).collect();
    Run { events, equity: Vec::new(), engine_equity: Cash::ZERO, hash: String::new() }.reports()
}

#[test]
fn slices_of_an_idle_series_are_sent_when_they_are_due() {
    // The venue of a single series slept while it had no order, and a schedule's later slices slept with it.
    let expected = ["day 1 2 buy 10 at 100", "day 3 3 buy 10 at 100", "day 5 4 buy 10 at 100", "day 7 5 buy 10 at 100"];
    let begin = |day: usize, context: &mut Context<'_>| {
        let (ticket, over) = slices();
        if day == 0 {
            context.twap(ticket, over, 4);
        }
    };
    let alone = run_with(stock(), Settings::default(), &bars(&[FLAT; 12]), begin);
    assert_eq!(alone.reports(), expected, "begun in on_market");
    assert_eq!(run_alone(12, begin, |_| {}), expected, "begun in on_instant");
    let pair = vec![stock(), instrument("Z", Rules::default())];
    let beside = run_several(pair, Settings::default(), &[&[FLAT; 12], &[FLAT; 12]], begin);
    assert_eq!(beside.reports(), expected, "beside another symbol");
    // Until the strategy next spoke, on the ninth day, nothing of it was sent.
    let speaks_late = |day: usize, context: &mut Context<'_>| {
        begin(day, context);
        if day == 9 {
            context.signal(0.5);
        }
    };
    let late = run_with(stock(), Settings::default(), &bars(&[FLAT; 12]), speaks_late);
    assert_eq!(late.reports(), expected, "and a signal later");
}

#[test]
fn what_a_timer_asks_for_is_sent() {
    // An order from on_timer, on a series that was idle, never reached the venue.
    let wake = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.wake_at(Time::from_seconds(86_400 * 3));
        }
    };
    let buy = |context: &mut Context<'_>| _ = context.buy(units(1));
    assert_eq!(run_alone(12, wake, buy), ["day 3 1 buy 1 at 100"]);
}

#[test]
fn children_end_with_what_they_wait_for() {
    // Stop and target of an entry that never opened anything slept to the end of the run, and no bar was idle again.
    let check = |what: &str, settings: Settings, script: &dyn Fn(usize, &mut Context<'_>), expected: &[&str]| {
        let run = run_with(stock(), settings, &bars(&[FLAT; 12]), |day, context| {
            script(day, context);
            if day == 10 {
                assert_eq!(context.orders().iter().count(), 0, "{what}: nothing is alive");
            }
        });
        assert_eq!(run.reports(), expected, "{what}");
    };
    let closes_only = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.sell(units(10)),
        2 => _ = context.bracket(Ticket::buy(units(10)), p(90.0), p(110.0)),
        _ => {}
    };
    let entry = [
        "day 1 1 sell 10 at 100",
        "accepted 3",
        "accepted 4",
        "day 3 2 buy 10 at 100",
        "cancelled 3 Parent",
        "cancelled 4 Parent",
    ];
    check("an entry that closes the other side", shorting(), &closes_only, &entry);
    let rejected = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            let entry = Ticket::buy(units(10)).limit(p(105.0)).post_only();
            context.bracket(entry, p(90.0), p(110.0));
        }
    };
    let refused = ["rejected 1: post-only at 105 would take at 100", "cancelled 2 Parent", "cancelled 3 Parent"];
    check("an entry that is rejected", Settings::default(), &rejected, &refused);
    let sent = Cell::new(None);
    let withdrawn = |day: usize, context: &mut Context<'_>| match (day, sent.get()) {
        (0, _) => sent.set(Some(context.send(Ticket::buy(units(10)).limit(p(50.0))))),
        (1, Some(entry)) => {
            context.cancel(entry);
            context.send(Ticket::sell(Size::Close).stop(p(40.0)).reduce_only().after(entry));
        }
        _ => {}
    };
    let cancelled = ["accepted 1", "cancelled 1 Requested", "cancelled 2 Parent"];
    check("an entry that is cancelled", Settings::default(), &withdrawn, &cancelled);
}

#[test]
fn orders_of_the_other_side_do_not_make_room() {
    // A bid that rested far below let a sale pass the limit again and again: netted, the two were nothing.
    let limits = limited(|limits| limits.symbol.position_value = Some(Cash::whole(1_000)));
    let mut worst = Quantity::ZERO;
    let run = run_within(limits, shorting(), &bars(&[FLAT; 12]), |day, context| {
        worst = worst.max(context.position().quantity.abs());
        if day < 6 {
            context.send(Ticket::buy(units(if day == 0 { 10 } else { 9 })).limit(p(50.0)));
            context.sell(units(9));
        }
    });
    assert!(worst <= Quantity::whole(10), "{worst} units of at most 10: {:#?}", run.reports());
    assert!(worst >= Quantity::whole(9), "what is within the limit is taken");
}

#[test]
fn a_resting_order_is_nothing_that_a_halt_may_reduce() {
    // A bid for 100 that rested made the sale of 140 out of 50 look like a reduction, beyond the day's loss.
    let limits = limited(|limits| limits.portfolio.daily_loss = Some(Rate::percent(5)));
    let fall = [80.0; 4];
    let rows = [FLAT, FLAT, [100.0, 100.0, 80.0, 80.0], fall, fall, fall];
    let run = run_within(limits, shorting(), &bars(&rows), |day, context| {
        match day {
            0 => {
                context.buy(units(50));
                context.send(Ticket::buy(units(100)).limit(p(50.0)));
            }
            2 => _ = context.sell(units(140)),
            _ => {}
        }
        assert!(!context.position().quantity.is_negative(), "day {day}");
    });
    let refused = "refused 3: the day's loss 0.1000 is at its limit 0.05; only reducing orders are taken";
    assert_eq!(run.reports(), ["accepted 2", "day 1 1 buy 50 at 100", refused, "cancelled 2 Requested"]);
}

#[test]
fn children_that_open_count() {
    // Four children of nine each woke behind an order for one, under a limit of ten units.
    let limits = limited(|limits| limits.symbol.position_value = Some(Cash::whole(1_000)));
    let run = run_within(limits, Settings::default(), &bars(&[FLAT; 6]), |day, context| {
        if day == 0 {
            let parent = context.buy(units(1));
            (0..4).for_each(|_| _ = context.send(Ticket::buy(units(9)).after(parent)));
        }
        if day == 4 {
            assert_eq!(context.position().quantity, Quantity::whole(10));
        }
    });
    assert_eq!(run.reports().iter().filter(|line| line.starts_with("refused")).count(), 3);
}

#[test]
fn a_budget_is_spent_once() {
    // Filled in parts while the price fell, a budget of 1,500 spent 2,000: what had filled was counted at the new price.
    let capped = Settings { volume_cap: Some(Rate::percent(1)), ..Settings::default() };
    let check = |budget, fees: Fees, later: f64, expected: &[&str], left: &str| {
        let mut cash = Cash::ZERO;
        let mut rows = vec![[later; 4]; 8];
        (rows[0], rows[1]) = (FLAT, FLAT);
        let run = run_with(stock(), Settings { fees, ..capped.clone() }, &bars(&rows), |day, context| {
            if day == 0 {
                context.buy(Size::Budget(Cash::whole(budget)));
            }
            cash = context.account().cash();
        });
        assert_eq!(run.reports(), expected, "later {later}");
        assert_eq!(cash.to_string(), left, "later {later}");
    };
    let first = "day 1 1 buy 10 at 100 in part";
    check(1_500, Fees::NONE, 50.0, &[first, "day 2 1 buy 10 at 50"], "8500");
    check(1_500, Fees::NONE, 200.0, &[first, "day 2 1 buy 2.5 at 200"], "8500");
    check(1_515, Fees::flat(Rate::percent(1)), 50.0, &[first, "day 2 1 buy 10 at 50"], "8485");
}

#[test]
fn market_on_open_waits_for_an_open() {
    // With a second of latency it arrived inside a bar, and filled at that bar's close.
    let late = Settings { latency: Latency::Time(Span::SECOND), ..Settings::default() };
    let rows: Vec<[f64; 4]> = (0..6)
        .map(|day| {
            let open = 100.0 + 10.0 * f64::from(day);
            [open, open + 5.0, open, open + 5.0]
        })
        .collect();
    let check = |kind, expected: &str| {
        let run = run_with(stock(), late.clone(), &bars(&rows), |day, context| {
            if day == 0 {
                context.send(Ticket::buy(units(1)).kind(kind));
            }
        });
        assert_eq!(run.reports().last().map(String::as_str), Some(expected), "{kind:?}");
    };
    check(OrderKind::MarketOnOpen, "day 2 1 buy 1 at 120");
    check(OrderKind::MarketOnClose, "day 2 1 buy 1 at 115");
}

#[test]
fn slippage_at_the_close_is_lost_at_once() {
    // The price that was paid became the mark: bought ten percent above the close, the position looked worth it.
    let slippage = Slippage::Share(Rate::percent(10));
    let crossing = Crossing { slippage, ..Crossing::default() };
    let settings = Settings { fill: FillPrice::SameClose, crossing, ..Settings::default() };
    let buy = |on: usize| {
        move |day: usize, context: &mut Context<'_>| {
            if day == on {
                context.send(Ticket::buy(units(10)).on(InstrumentId(0)));
            }
        }
    };
    for on in [1, 3] {
        let run = run_with(stock(), settings.clone(), &bars(&[FLAT; 4]), buy(on));
        assert_eq!((run.equity[on], run.equity[3]), (Cash::whole(9_900), Cash::whole(9_900)), "on day {on}");
        assert_eq!(run.engine_equity, Cash::whole(9_900), "on day {on}");
    }
    let pair = vec![stock(), instrument("Z", Rules::default())];
    let run = run_several(pair, settings, &[&[FLAT; 4], &[FLAT; 4]], buy(3));
    assert_eq!((run.equity[3], run.engine_equity), (Cash::whole(9_900), Cash::whole(9_900)), "beside another");
}

#[test]
fn a_schedule_can_be_withdrawn_while_its_last_slice_rests() {
    // Once the last slice was sent the parent was forgotten, and cancelling it did nothing.
    let mut parent = None;
    let run = run_with(stock(), Settings::default(), &bars(&[FLAT; 12]), |day, context| match day {
        0 => parent = Some(context.twap(Ticket::buy(units(40)).limit(p(50.0)), Span::from_seconds(86_400 * 4), 4)),
        6 => {
            assert_eq!(context.orders().iter().count(), 4);
            context.cancel(parent.unwrap());
        }
        10 => assert_eq!(context.orders().iter().count(), 0),
        _ => {}
    });
    let cancelled = run.reports().iter().filter(|line| line.ends_with("Requested")).count();
    assert_eq!(cancelled, 4, "{:#?}", run.reports());
}

/// Asks for a unit when it is over.
struct Late;

impl Strategy for Late {
    fn on_market(&mut self, _market: &Market<'_>, _context: &mut Context<'_>) {}
    fn on_end(&mut self, context: &mut Context<'_>) {
        context.buy(units(1));
        context.twap(Ticket::buy(units(4)), Span::DAY, 2);
    }
}

#[test]
fn what_is_asked_at_the_end_is_answered() {
    // An order from on_end was taken, and then nobody was there to carry it: no fill, no refusal.
    let mut simulator = simulator(Late, stock(), Settings::default());
    for bar in &bars(&[FLAT; 2]) {
        simulator.bar(SeriesId(0), bar).unwrap();
    }
    simulator.end(AtEnd::Keep, &[]).unwrap();
    let events: Vec<_> = simulator.engine().journal().iter().map(Result::unwrap).collect();
    let refused = events.iter().filter_map(|event| match event {
        Event::Refused { refusal, .. } => Some(refusal.to_string()),
        _ => None,
    });
    let over = "the run has ended; orders are no longer taken";
    assert_eq!(refused.collect::<Vec<_>>(), [over, over], "the order and the schedule");
    assert!(matches!(events.last(), Some(Event::Ended { .. })), "and the end is the last event");
}

#[test]
fn a_fee_a_unit_leaves_what_can_be_paid() {
    // The search for the most that can be paid stepped too far down: beside a price of a cent, it bought 500,000.
    let fees = Fees::PerUnit { each: "0.005".parse().unwrap(), minimum: Cash::ZERO };
    let mut bought = Quantity::ZERO;
    let cheap = [0.01; 4];
    run_with(stock(), Settings { fees, ..Settings::default() }, &bars(&[cheap; 4]), |day, context| {
        if day == 0 {
            context.buy(Size::Budget(Cash::whole(10_000)));
        }
        bought = context.position().quantity;
    });
    assert_eq!(bought.to_string(), "666666.666666666", "0.015 each");
}
