//! No order, fill, gap or cancellation carries an account past a limit.
use std::collections::HashMap;

use proptest::prelude::*;
use qframe_engine::venue::{Crossing, FillPrice, Settings, Slippage};
use qframe_engine::{Context, Limits, PortfolioLimits, SymbolLimits, Ticket};
use qframe_model::event::{Event, Report};
use qframe_model::instrument::Rules;
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::{OrderKind, Size, Trail};

use crate::laws::{Choices, choices, market, ticket};
use crate::script::{FLAT, bars, check_within as check, instrument, p, run_within};
use crate::several::run_several_within;

fn units(units: i64) -> Size {
    Size::Units(Quantity::whole(units))
}

fn of_symbol(symbol: SymbolLimits) -> Limits {
    Limits { symbol, ..Limits::default() }
}

fn of_portfolio(portfolio: PortfolioLimits) -> Limits {
    Limits { portfolio, ..Limits::default() }
}

/// On the first bar: buys 30, then 30 more with a limit of 90, then sells 100 at the market.
fn three(day: usize, context: &mut Context<'_>) {
    if day == 0 {
        context.buy(units(30));
        context.send(Ticket::buy(units(30)).limit(p(90.0)));
        context.sell(units(100));
    }
}

#[test]
fn each_limit_says_its_value_and_its_bound() {
    let first = "day 1 1 buy 30 at 100";
    let quantity = |most| SymbolLimits { order_quantity: Some(Quantity::whole(most)), ..SymbolLimits::default() };
    let expected = ["refused 3: order quantity 100 is above the limit 99", "accepted 2", first];
    check("units", of_symbol(quantity(99)), &[FLAT, FLAT], three, &expected);
    // The limit order may fill before, after or never: the worst is what counts, on either side.
    let most = |most| SymbolLimits { position_quantity: Some(Quantity::whole(most)), ..SymbolLimits::default() };
    let expected = [
        "refused 2: a position of 60 would be above the limit 59",
        "refused 3: a position of 100 would be above the limit 59",
        first,
    ];
    check("position", of_symbol(most(59)), &[FLAT, FLAT], three, &expected);
    let share = SymbolLimits { concentration: Some(Rate::percent(60)), ..SymbolLimits::default() };
    let expected = ["refused 3: one symbol would be 1.0000 of the equity, above the limit 0.6", "accepted 2", first];
    check("concentration", of_symbol(share), &[FLAT, FLAT], three, &expected);
    let open = SymbolLimits { open_orders: Some(2), ..SymbolLimits::default() };
    let expected = ["refused 3: 3 open orders of the symbol would be above the limit 2", "accepted 2", first];
    check("open orders", of_symbol(open), &[FLAT, FLAT], three, &expected);
    let gross = PortfolioLimits { gross: Some(Cash::whole(6_000)), ..PortfolioLimits::default() };
    let expected = ["refused 3: gross exposure 10000.00 would be above the limit 6000.00", "accepted 2", first];
    check("gross", of_portfolio(gross), &[FLAT, FLAT], three, &expected);
    let net = PortfolioLimits { net: Some(Cash::whole(6_000)), ..PortfolioLimits::default() };
    let expected = ["refused 3: net exposure 10000.00 would be above the limit 6000.00", "accepted 2", first];
    check("net", of_portfolio(net), &[FLAT, FLAT], three, &expected);
    let pace = PortfolioLimits { orders_per_second: Some(2), ..PortfolioLimits::default() };
    let expected = ["refused 3: 3 orders within 1s would be above the limit 2", "accepted 2", first];
    check("pace", of_portfolio(pace), &[FLAT, FLAT], three, &expected);
}

#[test]
fn a_gap_does_not_carry_an_order_past_its_limit() {
    // 60 units were 6,000 when they were sent, and 9,000 at the open that they met.
    let limits = of_symbol(SymbolLimits { position_value: Some(Cash::whole(6_000)), ..SymbolLimits::default() });
    let buys = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(units(60));
        }
    };
    let gap = [150.0; 4];
    let run = check("gap", limits.clone(), &[FLAT, gap, gap], buys, &["cancelled 1 Requested"]);
    let why = run.events.iter().find_map(|event| match event {
        Event::Withdrawn { refusal, .. } => Some(refusal.to_string()),
        _ => None,
    });
    assert_eq!(why.as_deref(), Some("position value 9000.00 would be above the limit 6000.00"));
    check("no gap", limits, &[FLAT, FLAT], buys, &["day 1 1 buy 60 at 100"]);
}

#[test]
fn a_limit_in_units_holds_at_the_price_of_the_fill() {
    // Judged at the open of 100; sold five lower, the same weight is more units.
    let crossing = Crossing { slippage: Slippage::Share(Rate::percent(5)), ..Crossing::default() };
    let settings = Settings { allow_short: true, crossing, ..Settings::default() };
    let sell = |day, context: &mut Context<'_>| {
        if day == 0 {
            context.target_in(context.instrument(), Rate::percent(-100));
        }
    };
    let reports = |symbol| run_within(of_symbol(symbol), settings.clone(), &bars(&[FLAT; 3]), sell).reports();
    assert_eq!(reports(SymbolLimits::default()), ["day 1 1 sell 105.263157894 at 95"]);
    let most = |most| Some(Quantity::whole(most));
    let symbol = SymbolLimits { position_quantity: most(102), ..SymbolLimits::default() };
    assert_eq!(reports(symbol), ["day 1 1 sell 102 at 95 in part", "cancelled 1 Limited"]);
    let symbol = SymbolLimits { order_quantity: most(101), ..SymbolLimits::default() };
    assert_eq!(reports(symbol), ["day 1 1 sell 101 at 95 in part", "cancelled 1 Limited"]);
}

#[test]
fn what_is_refused_to_open_may_still_close() {
    // Held beyond the limit by the market: a plain sale is sent so that it can only reduce.
    let limits = of_symbol(SymbolLimits { position_value: Some(Cash::whole(6_000)), ..SymbolLimits::default() });
    let trades = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(units(50)),
        2 => _ = context.sell(units(20)),
        3 => _ = context.buy(units(1)),
        _ => {}
    };
    let high = [200.0; 4];
    let expected = [
        "day 1 1 buy 50 at 100",
        "day 3 2 sell 20 at 200",
        "refused 3: position value 6200.00 would be above the limit 6000.00",
    ];
    let run = check("close", limits, &[FLAT, FLAT, high, high, high], trades, &expected);
    let sent = run.events.iter().filter_map(|event| match event {
        Event::Submitted(order) => Some(order.reduce_only),
        _ => None,
    });
    assert_eq!(sent.collect::<Vec<_>>(), [false, true]);
}

/// Its level is on a tick, and was judged between two.
#[test]
fn a_trailing_stop_is_judged_at_its_tick() {
    let trails = |trail| Ticket::buy(units(50)).kind(OrderKind::TrailingStop(trail));
    let quarters = instrument("AAPL", Rules { tick: p(0.25), ..Rules::default() });
    for trail in [Trail::Distance(p(0.1)), Trail::Share(Rate::from_nanos(1_000_000))] {
        let limits = of_symbol(SymbolLimits { position_value: Some(Cash::whole(5_010)), ..SymbolLimits::default() });
        let script = move |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.send(trails(trail));
            }
        };
        let run = run_several_within(limits, vec![quarters.clone()], Settings::default(), &[&[FLAT, FLAT]], script);
        assert_eq!(run.reports(), ["refused 1: position value 5012.50 would be above the limit 5010.00"]);
    }
}

/// At the price of its target or stop a position is worth more than the limit, and its entry was withdrawn for that.
#[test]
fn a_way_out_does_not_make_a_position_larger() {
    let limits = || of_symbol(SymbolLimits { position_value: Some(Cash::whole(7_000)), ..SymbolLimits::default() });
    let guarded = |entry: Ticket, stop: f64, target: f64, filled: &str| {
        let script = |day: usize, context: &mut Context<'_>| {
            if day == 0 {
                context.bracket(entry, p(stop), p(target));
            }
        };
        check("guarded", limits(), &[FLAT; 3], script, &["accepted 2", "accepted 3", filled]);
    };
    guarded(Ticket::buy(units(60)), 80.0, 130.0, "day 1 1 buy 60 at 100");
    guarded(Ticket::sell(units(60)), 128.0, 80.0, "day 1 1 sell 60 at 100");
}

/// It was taken for one that could only sell, and what came on top of it passed the limit.
#[test]
fn a_target_that_only_reduces_goes_either_way() {
    let limits = of_symbol(SymbolLimits { position_quantity: Some(Quantity::whole(50)), ..SymbolLimits::default() });
    let script = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.sell(units(28)),
        1 => {
            context.send(Ticket::sell(Size::TargetUnits(Quantity::whole(5))).reduce_only());
            context.buy(units(57));
        }
        _ => {}
    };
    let refused = "refused 3: a position of 57 would be above the limit 50";
    let expected = ["day 1 1 sell 28 at 100", refused, "day 2 2 buy 28 at 100"];
    check("either way", limits, &[FLAT; 3], script, &expected);
}

#[test]
fn a_target_and_what_rests_can_both_fill() {
    // A limit to buy 30 rests, then a target of 50: filled in that order it is 50, in the other 80.
    let limits = of_symbol(SymbolLimits { position_quantity: Some(Quantity::whole(60)), ..SymbolLimits::default() });
    let both = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.send(Ticket::buy(units(30)).limit(p(90.0)));
            context.buy(Size::TargetUnits(Quantity::whole(50)));
        }
    };
    let expected = ["refused 2: a position of 80 would be above the limit 60", "accepted 1"];
    check("target", limits, &[FLAT, FLAT], both, &expected);
}

#[test]
fn a_window_of_orders_slides() {
    // Counted by the minute of the clock, the end of one and the beginning of the next held twice as many.
    let limits = of_portfolio(PortfolioLimits { orders_per_minute: Some(2), ..PortfolioLimits::default() });
    let mut pace: Vec<usize> = Vec::new();
    let settings = Settings::default();
    let sends = |_: usize, context: &mut Context<'_>| {
        (0..3).for_each(|_| _ = context.buy(units(1)));
    };
    let run = run_within(limits, settings, &bars(&[FLAT; 4]), sends);
    let mut day = 0;
    for event in &run.events {
        match event {
            Event::Submitted(order) => {
                day = order.time.day() as usize;
                pace.resize(pace.len().max(day + 1), 0);
                pace[day] += 1;
            }
            _ => _ = day,
        }
    }
    assert_eq!(pace[1..], [2, 2, 2, 2]);
}

const ORDER_MAX: i64 = 50;
const UNITS_MAX: i64 = 40;
const VALUE_MAX: i64 = 4_500;

/// A drawn order on some bars, and now and then all that rests is cancelled and sent again.
fn drawn(choices: Choices) -> impl FnMut(usize, &mut Context<'_>) + Clone {
    move |day, context| {
        let Some(Some(choice)) = choices.get(day) else { return };
        let price = context.price_of(context.instrument()).unwrap().to_f64();
        if choice.1 % 7 == 0 {
            let open: Vec<_> = context.orders().iter().map(|open| open.order.id).collect();
            open.into_iter().for_each(|order| context.cancel(order));
        }
        context.send(ticket(*choice, price));
        context.send(ticket((choice.1, choice.0, choice.2 ^ 1, -choice.3), price));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is sent, cancelled, filled in part or met by a gap: no fill leaves more than the limits let. Those in units
    /// hold at every price; a value is not known before a fill where crossing costs, at a close or at the worst price.
    #[test]
    fn no_fill_passes_a_limit(
        rows in market(),
        choices in choices(),
        capped in any::<bool>(),
        by in prop::sample::select(vec![FillPrice::NextOpen, FillPrice::SameClose, FillPrice::Worst]),
        slipped in prop::sample::select(vec![0, 0, 50, 500]),
    ) {
        let limits = of_symbol(SymbolLimits {
            order_quantity: Some(Quantity::whole(ORDER_MAX)),
            position_quantity: Some(Quantity::whole(UNITS_MAX)),
            position_value: Some(Cash::whole(VALUE_MAX)),
            ..SymbolLimits::default()
        });
        let volume_cap = capped.then(|| Rate::percent(1));
        let crossing = Crossing { slippage: Slippage::Share(Rate::basis_points(slipped)), ..Crossing::default() };
        let settings = Settings { allow_short: true, volume_cap, fill: by, crossing, ..Settings::default() };
        let run = run_within(limits, settings, &rows, drawn(choices));
        let priced = by == FillPrice::NextOpen && slipped == 0;
        let (mut held, mut closing, mut filled) = (Quantity::ZERO, Vec::new(), HashMap::new());
        for event in &run.events {
            match event {
                Event::Submitted(order) if order.kind == OrderKind::MarketOnClose => closing.push(order.id),
                Event::Reported(Report::Filled { fill, .. }) => {
                    let before = held;
                    held = held.plus(fill.signed()).unwrap();
                    let whole = filled.entry(fill.order).or_insert(Quantity::ZERO);
                    *whole = whole.plus(fill.quantity).unwrap();
                    let grew = held.abs() > before.abs() || held.is_negative() != before.is_negative();
                    if !grew || held.is_zero() {
                        continue;
                    }
                    prop_assert!(held.abs() <= Quantity::whole(UNITS_MAX), "{held}: {:?}", run.reports());
                    prop_assert!(*whole <= Quantity::whole(ORDER_MAX), "order of {whole}: {:?}", run.reports());
                    if priced && !closing.contains(&fill.order) {
                        let value = fill.price.times(held.abs()).unwrap();
                        prop_assert!(value <= Cash::whole(VALUE_MAX), "{value} of {held}: {:?}", run.reports());
                    }
                }
                _ => {}
            }
        }
    }
}
