//! Limits hold. Each test begins with the story of how one did not.
use std::sync::Arc;

use qframe_engine::{Context, Limits, OpenOrders, RiskControl, Ticket, risk};
use qframe_model::account::Account;
use qframe_model::currency::Currency;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::instrument::{Bounds, Instrument, Rules};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::order::{Order, OrderKind, Purpose, Size, TimeInForce};
use qframe_model::time::Time;

use crate::script::{FLAT, check_within as check, p};

const HALF: [f64; 4] = [50.0; 4];

fn drawdown() -> Limits {
    let mut limits = Limits::default();
    limits.portfolio.drawdown = Some(Rate::percent(10));
    limits
}

const LOST: &str = "the drawdown 0.2500 is at its limit 0.1; only reducing orders are taken";

#[test]
fn a_halt_lets_a_position_go() {
    // A reversal is one order. Refused whole, it held the account in the position that was losing.
    let turns = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.target(Rate::percent(50)),
        2 => _ = context.target(Rate::percent(-50)),
        _ => {}
    };
    let refused = format!("refused 2: {LOST}");
    let expected = ["day 1 1 buy 50 at 100", &refused, "day 3 3 sell 50 at 50"];
    check("reversal", drawdown(), &[FLAT, FLAT, HALF, HALF, HALF], turns, &expected);
}

#[test]
fn a_collar_leaves_protection_alone() {
    // A stop 5 % away was refused by a collar of 3 %, and the entry stood without it.
    let mut limits = Limits::default();
    limits.symbol.collar = Some(Rate::percent(3));
    let bracket = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.bracket(Ticket::buy(Size::Units(Quantity::whole(1))), p(95.0), p(120.0));
            context.send(Ticket::buy(Size::Units(Quantity::whole(1))).limit(p(90.0)));
        }
    };
    let expected = [
        "refused 4: price 90 is more than 0.03 away from the market 100",
        "accepted 2",
        "accepted 3",
        "day 1 1 buy 1 at 100",
        "day 2 2 sell 1 at 50",
        "cancelled 3 Group",
    ];
    check("bracket", limits, &[FLAT, FLAT, HALF], bracket, &expected);
}

#[test]
fn losses_are_seen_before_orders_are_judged() {
    // The bar that broke the limit still had its own orders approved: the loss was looked at after them.
    let buys = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(Size::Units(Quantity::whole(50))),
        2 => _ = context.buy(Size::Units(Quantity::whole(1))),
        _ => {}
    };
    let refused = format!("refused 2: {LOST}");
    check("same bar", drawdown(), &[FLAT, FLAT, HALF, HALF], buys, &["day 1 1 buy 50 at 100", &refused]);
    let mut daily = Limits::default();
    daily.portfolio.daily_loss = Some(Rate::percent(10));
    let refused = "refused 2: the day's loss 0.2500 is at its limit 0.1; only reducing orders are taken";
    check("same day", daily, &[FLAT, FLAT, HALF, HALF], buys, &["day 1 1 buy 50 at 100", refused]);
}

#[test]
fn a_halt_withdraws_what_would_open() {
    // An order that was approved before the halt went on buying into the fall.
    let rests = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            context.buy(Size::Units(Quantity::whole(50)));
            context.send(Ticket::buy(Size::Units(Quantity::whole(10))).limit(p(20.0)));
        }
    };
    let expected = ["accepted 2", "day 1 1 buy 50 at 100", "cancelled 2 Requested"];
    check("limit", drawdown(), &[FLAT, FLAT, HALF, [10.0; 4]], rests, &expected);
}

#[test]
fn pending_orders_count() {
    // Each order of an instant was judged as if it were alone: four of a quarter each passed a limit of a half.
    let mut limits = Limits::default();
    limits.portfolio.leverage = Some(Rate::percent(50));
    let four = |day: usize, context: &mut Context<'_>| {
        if day == 0 {
            (0..4).for_each(|_| _ = context.buy(Size::Units(Quantity::whole(25))));
        }
    };
    let over = |order, leverage| format!("refused {order}: leverage {leverage} would be above the limit 0.5");
    let (third, fourth) = (over(3, "0.7500"), over(4, "0.7500"));
    let expected = [&*third, &*fourth, "day 1 1 buy 25 at 100", "day 1 2 buy 25 at 100"];
    check("leverage", limits, &[FLAT, FLAT], four, &expected);
    // Close and open again was judged from the position that was about to close: as a reduction.
    let turns = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(Size::Units(Quantity::whole(50))),
        2 => {
            context.close();
            context.sell(Size::Budget(Cash::whole(2_000)));
        }
        _ => {}
    };
    let refused = format!("refused 3: {LOST}");
    let expected = ["day 1 1 buy 50 at 100", &refused, "day 3 2 sell 50 at 50"];
    check("close and open", drawdown(), &[FLAT, FLAT, HALF, HALF], turns, &expected);
}

#[test]
fn what_a_refused_target_leaves_to_close_is_filled() {
    // Its number was above that of the order after it, the two stood in the wrong order, and neither was found again: the
    // fill was not applied.
    let mut limits = Limits::default();
    limits.symbol.position_value = Some(Cash::whole(4_000));
    let turns = |day: usize, context: &mut Context<'_>| match day {
        0 => _ = context.buy(Size::Units(Quantity::whole(30))),
        2 => {
            context.target(Rate::percent(-100));
            context.send(Ticket::buy(Size::Units(Quantity::ONE)).limit(p(40.0)));
        }
        _ => {}
    };
    let refused = "refused 2: position value 10000.00 would be above the limit 4000.00";
    let expected = ["day 1 1 buy 30 at 100", refused, "accepted 3", "day 3 4 sell 30 at 100"];
    let run = check("target", limits, &[FLAT, FLAT, FLAT, FLAT, HALF, HALF], turns, &expected);
    assert_eq!(run.engine_equity, Cash::whole(10_000));
}

#[test]
fn the_venues_bounds_hold() {
    // A backtest bought ten units where the exchange takes a hundred: live, none of its orders was taken.
    let bounds = Bounds {
        min_quantity: Quantity::whole(100),
        max_quantity: Some(Quantity::whole(200)),
        min_price: p(50.0),
        max_price: Some(p(150.0)),
    };
    let rules = Rules { bounds, ..Rules::default() };
    let instrument = Instrument::new("AAPL".parse().unwrap(), Currency::USD, rules).unwrap();
    let account = Account::open(Arc::from([instrument]), Currency::USD).unwrap();
    let check = |units, price: f64, reduce_only, expected: &str| {
        let order = Order {
            id: OrderId(1),
            instrument: InstrumentId(0),
            side: Side::Buy,
            size: Size::Units(Quantity::whole(units)),
            kind: OrderKind::Limit(p(price)),
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            reduce_only,
            parent: None,
            group: None,
            purpose: Purpose::Signal,
            time: Time::EPOCH,
        };
        let judged = risk::approve(&order, &account, &OpenOrders::default(), &mut RiskControl::default());
        let told = judged.map_or_else(|refusal| refusal.to_string(), |_| "taken".to_owned());
        assert_eq!(told, expected, "{units} at {price}");
    };
    check(10, 100.0, false, "quantity 10: the venue takes 100 or more");
    check(201, 100.0, false, "quantity 201: the venue takes 200 or less");
    check(100, 49.0, false, "price 49: the venue takes it from 50 on, up to 150");
    check(200, 150.0, false, "taken");
    check(10, 100.0, true, "taken");
}
