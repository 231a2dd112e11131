//! Units: in whole lots, in those of after a split; and what a run tells of its bars.
use qframe_engine::venue::Settings;
use qframe_engine::{Context, EquityCurve, Limits, Market, Strategy, Ticket};
use qframe_model::event::Event;
use qframe_model::ids::{InstrumentId, OrderId, SeriesId};
use qframe_model::instrument::Rules;
use qframe_model::market::CorporateAction;
use qframe_model::number::{Quantity, Rate};
use qframe_model::order::{OrderKind, Size};
use qframe_model::time::{Span, Time};

use crate::script::{FLAT, Run, bars, instrument, p, run_with, run_within, simulator, stock};
use crate::several::units;

fn halves(count: i64) -> Quantity {
    Quantity::from_nanos(i128::from(count) * Quantity::ONE.nanos() / 2)
}

/// What is asked for on day 0, of shares that trade one by one.
fn ask(size: Size) -> Run {
    let share = instrument("AAPL", Rules { lot: Quantity::ONE, ..Rules::default() });
    run_with(share, Settings::default(), &bars(&[FLAT; 4]), |day, context| {
        if day == 0 {
            context.buy(size);
        }
    })
}

#[test]
fn units_are_whole_lots() {
    // One and a half shares were bought, and half a one was "already there".
    for size in [Size::Units(halves(3)), Size::TargetUnits(halves(3))] {
        assert_eq!(ask(size).reports(), ["day 1 1 buy 1 at 100"], "{size:?}");
    }
    for size in [Size::Units(halves(1)), Size::TargetUnits(halves(1))] {
        assert_eq!(ask(size).reports(), ["refused 1: quantity 0.5 is less than one lot of 1"], "{size:?}");
    }
}

/// A limit between two ticks filled between them, where the market never is.
#[test]
fn prices_are_on_ticks() {
    let share = instrument("AAPL", Rules { tick: p(0.5), ..Rules::default() });
    let asks = |what: &str, ticket: Ticket, expected: &str| {
        let settings = Settings { allow_short: true, ..Settings::default() };
        let run = run_with(share.clone(), settings, &bars(&[FLAT, [100.0, 103.0, 97.0, 100.0]]), |day, context| {
            if day == 0 {
                context.send(ticket);
            }
        });
        assert_eq!(run.reports().last().unwrap(), expected, "{what}");
    };
    let (buy, sell) = (Ticket::buy(units(1)), Ticket::sell(units(1)));
    asks("limit below", buy.limit(p(98.3)), "day 1 1 buy 1 at 98");
    asks("limit above", sell.limit(p(101.7)), "day 1 1 sell 1 at 102");
    asks("stop above", buy.stop(p(101.7)), "day 1 1 buy 1 at 102");
    asks("stop below", sell.stop(p(98.3)), "day 1 1 sell 1 at 98");
    asks("touched below", buy.kind(OrderKind::MarketIfTouched(p(98.3))), "day 1 1 buy 1 at 98");
    asks("touched above", sell.kind(OrderKind::MarketIfTouched(p(101.7))), "day 1 1 sell 1 at 102");
    let limits = |trigger: f64, limit: f64| OrderKind::StopLimit { trigger: p(trigger), limit: p(limit) };
    asks("limited", sell.kind(limits(98.3, 97.6)), "day 1 1 sell 1 at 98");
    asks("limited above its trigger", sell.kind(limits(98.3, 98.2)), "day 2 1 sell 1 at 98.5");
    asks("less than a tick", buy.limit(p(0.3)), "refused 1: price 0: expected more than zero");
}

#[test]
fn what_is_worked_ends_with_a_split() {
    // Its slices went on in units of before: of 160 shares an exit of all left 100.
    let day = |day: i64| Time::EPOCH + Span::from_seconds(86_400 * day);
    let actions = vec![(day(3), InstrumentId(0), CorporateAction::Split(Rate::percent(400)))];
    let settings = Settings { actions, ..Settings::default() };
    let prices = [FLAT, FLAT, FLAT, [25.0; 4], [25.0; 4], [25.0; 4]];
    let run = run_within(Limits::default(), settings, &bars(&prices), |day, context| {
        if day == 0 {
            context.twap(Ticket::buy(units(40)), Span::from_seconds(86_400 * 4), 4);
        }
    });
    let ended = run.events.iter().filter_map(|event| match event {
        Event::Withdrawn { order, time, refusal } => Some((*order, *time, refusal.to_string())),
        _ => None,
    });
    let why = "the shares were split: its units are those of before".to_owned();
    assert_eq!(ended.collect::<Vec<_>>(), [(OrderId(1), day(3), why)]);
    assert_eq!(run.reports().iter().filter(|line| line.contains("buy 10 at")).count(), 2, "{:?}", run.reports());
}

#[test]
fn what_an_order_has_traded_counts_to_its_limit() {
    // A target that grew while it filled was judged by what was left of it, and traded any number of units.
    let mut limits = Limits::default();
    limits.symbol.order_quantity = Some(Quantity::whole(25));
    let settings = Settings { volume_cap: Some(Rate::percent(1)), ..Settings::default() };
    let falls = [FLAT, FLAT, [50.0; 4], [50.0; 4], [50.0; 4]];
    let run = run_within(limits, settings, &bars(&falls), |day, context| {
        if day == 0 {
            context.target(Rate::percent(20));
        }
    });
    assert_eq!(run.reports(), ["day 1 1 buy 10 at 100 in part", "cancelled 1 Requested"]);
}

#[test]
fn a_new_target_replaces_what_is_left_of_the_old_one() {
    // Both went on, one buying and one selling, bar after bar.
    let settings = Settings { volume_cap: Some(Rate::percent(1)), ..Settings::default() };
    let run = run_within(Limits::default(), settings, &bars(&[FLAT; 7]), |day, context| match day {
        0 => _ = context.target(Rate::percent(50)),
        2 => _ = context.target(Rate::percent(10)),
        3 => _ = context.close(),
        4 => assert_eq!(context.close(), None, "it is being closed"),
        _ => {}
    });
    let expected = [
        "day 1 1 buy 10 at 100 in part",
        "day 2 1 buy 10 at 100 in part",
        "cancelled 1 Requested",
        "day 3 2 sell 10 at 100",
        "day 4 3 sell 10 at 100",
    ];
    assert_eq!(run.reports(), expected);
}

/// Says on the timer of day 2 what it sees, and orders nothing.
#[derive(Clone)]
struct Says;

impl Strategy for Says {
    fn on_start(&mut self, context: &mut Context<'_>) {
        context.wake_at(Time::EPOCH + Span::from_seconds(86_400 * 3));
    }
    fn on_market(&mut self, _: &Market<'_>, _: &mut Context<'_>) {}
    fn on_timer(&mut self, context: &mut Context<'_>) {
        context.cancel(OrderId(9));
    }
}

#[test]
fn what_a_timer_says_is_told_where_it_was_said() {
    // A bar on which an event was recorded and nothing sent was no place at which something had happened.
    let mut simulator = simulator(Says, stock(), Settings::default());
    let (mut curve, mut told) = (EquityCurve::default(), Vec::new());
    let before = simulator.engine().journal().events();
    simulator
        .run(SeriesId(0), &bars(&[FLAT; 5]), &mut curve, |place, events| told.push((place, events - before)))
        .unwrap();
    assert_eq!(told, [(2, 1)]);
}
