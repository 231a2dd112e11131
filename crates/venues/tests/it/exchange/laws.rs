//! What always holds, whatever users send and the market does.
use proptest::prelude::*;
use qframe_model::market::Side;
use qframe_model::number::Cash;
use qframe_venues::exchange::core::{Amount, Core, Happened, Notice, Refusal, Status, Stay, Terms, Ticket};

use super::market::{core, level, price, trade, units};

#[derive(Debug, Clone)]
enum Move {
    Order { user: usize, ticket: Ticket },
    Pair { user: usize, side: Side, quantity: i64, near: i64, far: i64 },
    Cancel { user: usize, id: u64 },
    Level { side: Side, step: i64, quantity: i64 },
    Trade { side: Side, step: i64, quantity: i64 },
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn terms() -> impl Strategy<Value = Terms> {
    let stay = prop_oneof![3 => Just(Stay::Gtc), 1 => Just(Stay::Ioc), 1 => Just(Stay::Fok)];
    (0..6_u8, 1_i64..6_000, 9_850_i64..10_150, 9_850_i64..10_150, stay).prop_map(|(kind, amount, limit, wake, stay)| {
        let (quantity, price, trigger) = (units(amount), price(limit), price(wake));
        match kind {
            0 => Terms::Market(Amount::Base(quantity)),
            1 => Terms::Market(Amount::Quote(Cash::whole(amount / 10))),
            2 => Terms::Maker { quantity, price },
            3 => Terms::Triggered { quantity, trigger, price, stay, takes_profit: amount % 2 == 0 },
            _ => Terms::Limit { quantity, price, stay },
        }
    })
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => (0..2_usize, side(), terms()).prop_map(|(user, side, terms)| Move::Order {
            user,
            ticket: Ticket { product: 0, side, terms, name: None }
        }),
        1 => (0..2_usize, side(), 50_i64..3_000, 5_i64..120, 5_i64..120)
            .prop_map(|(user, side, quantity, near, far)| Move::Pair { user, side, quantity, near, far }),
        2 => (0..2_usize, 1_u64..40).prop_map(|(user, id)| Move::Cancel { user, id }),
        3 => (side(), 0_i64..12, 0_i64..3_000).prop_map(|(side, step, quantity)| Move::Level { side, step, quantity }),
        4 => (side(), -8_i64..8, 1_i64..4_000).prop_map(|(side, step, quantity)| Move::Trade { side, step, quantity }),
    ]
}

/// A pair around the last price: a limit on the better side, a stop on the worse one.
fn pair(core: &mut Core, user: usize, side: Side, quantity: i64, near: i64, far: i64) -> Result<u64, Refusal> {
    let last = core.markets()[0].last().unwrap().nanos() / 10_000_000;
    let (better, worse) = if side == Side::Sell { (last + near, last - far) } else { (last - near, last + far) };
    let quantity = units(quantity);
    let limit = Ticket { product: 0, side, terms: Terms::Maker { quantity, price: price(better) }, name: None };
    let terms =
        Terms::Triggered { quantity, trigger: price(worse), price: price(worse), stay: Stay::Gtc, takes_profit: false };
    core.place_pair(user, [&limit, &Ticket { terms, ..limit.clone() }])
}

pub(crate) fn check(core: &Core) {
    for asset in ["AAA", "USDT"].map(|asset| asset.parse().unwrap()) {
        assert_eq!(core.wallets().sum(asset), Ok(Cash::ZERO), "{asset} appeared or vanished");
        for user in 0..2 {
            let balance = core.wallets().balance(user, asset);
            assert!(!balance.free.is_negative() && !balance.locked.is_negative(), "{user} {asset} {balance:?}");
            let product = &core.markets()[0].product;
            let of = |side| if side == Side::Buy { product.quote } else { product.base };
            let open = core.orders(user).filter(|order| order.status.is_open() && of(order.side) == asset);
            let behind = open.fold(Cash::ZERO, |sum, order| sum.plus(order.locked).unwrap());
            let known = core.open_orders(user).map(|order| order.id);
            assert!(known.eq(core.orders(user).filter(|order| order.status.is_open()).map(|order| order.id)));
            assert_eq!(balance.locked, behind, "{asset} locked for {user}, and what its open orders hold");
        }
    }
}

/// Orders begin as new, only ever fill more, and end once; each step of one is told.
fn check_notices(core: &mut Core, last: &mut Vec<(Status, i128)>) {
    let notices: Vec<_> = core.notices().collect();
    for notice in notices {
        let Notice::Order { order, happened, .. } = notice else { continue };
        let place = usize::try_from(order.id).unwrap() - 1;
        if place >= last.len() {
            assert_eq!((order.status, happened), (Status::New, Happened::Taken), "order {}", order.id);
            last.resize(place + 1, (Status::New, 0));
        }
        let (status, filled) = last[place];
        assert!(status.is_open(), "order {} was {status:?} and became {:?}", order.id, order.status);
        assert!(order.filled.nanos() >= filled && order.filled <= order.quantity, "{order:?}");
        assert_eq!(order.status == Status::Filled, order.filled == order.quantity, "{order:?}");
        if !order.status.is_open() {
            assert!(order.locked.is_zero(), "{order:?}");
        }
        last[place] = (order.status, order.filled.nanos());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_and_orders_live_lawfully(moves in prop::collection::vec(moves(), 1..60)) {
        let mut core = core();
        let mut last = Vec::new();
        check_notices(&mut core, &mut last);
        for (step, one) in moves.into_iter().enumerate() {
            let millis = 10 + 40 * step as i64;
            match one {
                Move::Order { user, ticket } => {
                    let judged = core.test(user, &ticket);
                    prop_assert_eq!(core.place(user, &ticket).map(|_| ()), judged);
                }
                Move::Pair { user, side, quantity, near, far } => {
                    let _ = pair(&mut core, user, side, quantity, near, far);
                }
                Move::Cancel { user, id } => {
                    let _ = core.cancel(user, id);
                }
                Move::Level { side, step, quantity } => {
                    let cents = if side == Side::Buy { 9_990 - 10 * step } else { 10_010 + 10 * step };
                    core.tick(0, &level(millis, side, cents, quantity, true)).unwrap();
                }
                Move::Trade { side, step, quantity } => {
                    core.tick(0, &trade(millis, step as u64, side, 10_000 + 10 * step, quantity)).unwrap();
                }
            }
            check(&core);
            check_notices(&mut core, &mut last);
        }
    }
}

#[test]
fn buying_costs_what_the_book_asks_and_the_commission_is_of_what_comes() {
    let mut core = core();
    let terms = Terms::Market(Amount::Base(units(3_000)));
    let id = core.place(0, &Ticket { product: 0, side: Side::Buy, terms, name: None }).unwrap();
    let order = core.order(id).unwrap().clone();
    // Two units at 100.10 and one at 100.20.
    assert_eq!((order.status, order.value.to_string()), (Status::Filled, "300.4".to_owned()));
    let balance = |asset: &str| core.wallets().balance(0, asset.parse().unwrap());
    assert_eq!(balance("USDT").free.to_string(), "9699.6");
    assert_eq!(balance("AAA").free.to_string(), "22.994");
    assert_eq!(core.executions(0).count(), 2);
}

#[test]
fn a_resting_order_fills_when_the_market_trades_through_it() {
    let mut core = core();
    let terms = Terms::Limit { quantity: units(1_000), price: price(9_950), stay: Stay::Gtc };
    let id = core.place(0, &Ticket { product: 0, side: Side::Buy, terms, name: None }).unwrap();
    assert_eq!(core.order(id).unwrap().status, Status::New);
    core.tick(0, &trade(50, 2, Side::Sell, 9_940, 5_000)).unwrap();
    let order = core.order(id).unwrap();
    assert_eq!((order.status, order.value.to_string()), (Status::Filled, "99.5".to_owned()));
    assert!(core.executions(0).next().unwrap().maker);
    assert_eq!(core.wallets().balance(0, "USDT".parse().unwrap()).locked, Cash::ZERO);
}

#[test]
fn of_a_pair_one_fills_and_the_other_expires() {
    let mut core = core();
    let list = pair(&mut core, 0, Side::Sell, 2_000, 50, 50).unwrap();
    let ids = core.list(list).unwrap();
    assert_eq!(core.wallets().balance(0, "AAA".parse().unwrap()).locked, Cash::whole(2), "locked once, not twice");
    core.tick(0, &trade(50, 2, Side::Buy, 10_100, 50_000)).unwrap();
    let states = ids.map(|id| core.order(id).unwrap().status);
    assert_eq!(states, [Status::Filled, Status::Expired]);
    check(&core);
}

#[test]
fn refusals_are_told_apart() {
    let mut core = core();
    let mut check = |side, terms, expected| {
        let ticket = Ticket { product: 0, side, terms, name: None };
        assert_eq!(core.place(0, &ticket), Err(expected), "{ticket:?}");
    };
    let limit = |quantity, price| Terms::Limit { quantity, price, stay: Stay::Gtc };
    check(Side::Buy, limit(units(200_000), price(9_900)), Refusal::Insufficient);
    check(Side::Sell, limit(units(20_001), price(10_500)), Refusal::Insufficient);
    let off_grid = qframe_model::number::Price::from_nanos(99_005_000_000);
    check(Side::Buy, limit(units(1_000), off_grid), Refusal::Filter("PRICE_FILTER"));
    let half_a_lot = qframe_model::number::Quantity::from_nanos(1_000_500_000);
    check(Side::Buy, limit(half_a_lot, price(9_900)), Refusal::Filter("LOT_SIZE"));
    check(Side::Buy, limit(units(1), price(9_900)), Refusal::Filter("NOTIONAL"));
    check(Side::Buy, Terms::Maker { quantity: units(1_000), price: price(10_010) }, Refusal::WouldTake);
    let stop = |trigger, takes_profit| {
        let (quantity, price, stay) = (units(1_000), price(10_000), Stay::Gtc);
        Terms::Triggered { quantity, trigger, price, stay, takes_profit }
    };
    check(Side::Buy, stop(price(9_000), false), Refusal::WouldTrigger);
    check(Side::Sell, stop(price(9_000), true), Refusal::WouldTrigger);
}
