//! Users trade with one another and with the recorded market, by price and then by time.
use proptest::prelude::*;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_venues::exchange::core::candles::Interval;
use qframe_venues::exchange::core::{
    Amount, Commission, Core, Manner, Notice, Prevention, Refusal, Status, Stay, Terms, Ticket,
};

use super::market::{at, level, opening, price, product, trade, units};

/// An exchange of three users with 10,000 USDT and 20 AAA each; `recorded` says whether anybody else trades there.
fn core(recorded: bool) -> Core {
    let rate = qframe_model::number::Rate::basis_points(10);
    let mut core = Core::new(vec![product()], Commission { maker: rate, taker: rate }).unwrap();
    for _ in 0..3 {
        core.open(&[("USDT".parse().unwrap(), Cash::whole(10_000)), ("AAA".parse().unwrap(), Cash::whole(20))])
            .unwrap();
    }
    let rows = if recorded { opening() } else { Vec::new() };
    rows.iter().for_each(|tick| core.tick(0, tick).unwrap());
    core
}

fn ticket(side: Side, terms: Terms) -> Ticket {
    Ticket { product: 0, side, terms, name: None }
}

fn limit(side: Side, thousandths: i64, cents: i64) -> Ticket {
    ticket(side, Terms::Limit { quantity: units(thousandths), price: price(cents), stay: Stay::Gtc })
}

fn shown(core: &Core, side: Side, cents: i64) -> Quantity {
    core.markets()[0].book().quantity_at(side, price(cents)).quantity()
}

/// Price and quantity of each execution of a user, in thousandths.
fn fills(core: &Core, user: usize) -> Vec<(Price, Quantity, bool)> {
    core.executions(user).map(|one| (one.price, one.quantity, one.maker)).collect()
}

#[test]
fn an_order_shows_and_another_user_trades_with_it() {
    let mut core = core(true);
    let bid = core.place(0, &limit(Side::Buy, 3_000, 10_000)).unwrap();
    assert_eq!(core.markets()[0].book().bid().unwrap().price, price(10_000), "it is the best bid");
    assert_eq!(shown(&core, Side::Buy, 10_000), units(3_000));
    let before = core.markets()[0].trades().len();
    core.place(1, &limit(Side::Sell, 1_200, 9_995)).unwrap();
    assert_eq!(fills(&core, 0), [(price(10_000), units(1_200), true)]);
    assert_eq!(fills(&core, 1), [(price(10_000), units(1_200), false)]);
    assert_eq!(core.order(bid).unwrap().status, Status::PartiallyFilled);
    assert_eq!(shown(&core, Side::Buy, 10_000), units(1_800));
    let market = &core.markets()[0];
    let last = market.trades().back().unwrap();
    assert_eq!((market.trades().len(), last.side, last.price), (before + 1, Side::Sell, price(10_000)));
    let minute = market.candles().of(Interval::place("1m").unwrap()).back().unwrap();
    assert_eq!((minute.close, minute.trades), (price(10_000), 2));
    let told: Vec<Notice> = core.notices().collect();
    assert!(
        told.iter()
            .any(|notice| matches!(notice, Notice::Quote { bid, .. } if bid.quantity.quantity() == units(1_800)))
    );
    core.advance(at(1_000));
    let depth = core.notices().find_map(|notice| match notice {
        Notice::Depth { bids, .. } => Some(bids),
        _ => None,
    });
    assert!(
        depth.unwrap().iter().any(|level| level.price == price(10_000) && level.quantity.quantity() == units(1_800))
    );
    // The next recorded trade has the next number.
    let next = core.markets()[0].trades().back().unwrap().id + 1;
    core.tick(0, &trade(1_100, 2, Side::Buy, 10_010, 100)).unwrap();
    assert_eq!(core.markets()[0].trades().back().unwrap().id, next);
}

#[test]
fn the_better_price_goes_first_then_who_came_first() {
    let mut core = core(true);
    let ids = [(0, 10_005), (1, 10_006), (0, 10_006), (1, 10_010)]
        .map(|(user, cents)| core.place(user, &limit(Side::Sell, 1_000, cents)).unwrap());
    // At 100.10 the recorded market was there before: two units, then the order, then what came later.
    core.tick(0, &level(10, Side::Sell, 10_010, 5_000, true)).unwrap();
    core.place(2, &limit(Side::Buy, 2_500, 10_006)).unwrap();
    let filled = |core: &Core| ids.map(|id| core.order(id).unwrap().filled);
    assert_eq!(filled(&core), [units(1_000), units(1_000), units(500), units(0)]);
    core.place(2, &limit(Side::Buy, 2_500, 10_010)).unwrap();
    assert_eq!(filled(&core), [units(1_000), units(1_000), units(1_000), units(0)], "two units stood in front");
    core.place(2, &limit(Side::Buy, 1_500, 10_010)).unwrap();
    assert_eq!(filled(&core)[3], units(1_000));
    assert_eq!(shown(&core, Side::Sell, 10_010), units(2_500), "of five recorded units two and a half are taken");
}

#[test]
fn a_recorded_update_fills_the_better_order_first() {
    let mut core = core(true);
    let low = core.place(0, &limit(Side::Buy, 1_000, 9_995)).unwrap();
    let high = core.place(1, &limit(Side::Buy, 1_000, 10_000)).unwrap();
    // The market comes down to both with units for one and a half.
    core.tick(0, &level(20, Side::Sell, 9_995, 1_500, true)).unwrap();
    let filled = |id| core.order(id).unwrap().filled;
    assert_eq!((filled(high), filled(low)), (units(1_000), units(500)));
    assert!(!core.markets()[0].book().is_crossed());
    let tape: Vec<_> = core.markets()[0].trades().iter().skip(1).map(|one| (one.price, one.side)).collect();
    assert_eq!(tape, [(price(10_000), Side::Sell), (price(9_995), Side::Sell)]);
}

#[test]
fn nobody_trades_with_himself() {
    for (prevention, maker, taker, traded) in [
        (Prevention::ExpireMaker, Status::Prevented, Status::Filled, 1_000),
        (Prevention::ExpireTaker, Status::New, Status::Prevented, 0),
        (Prevention::ExpireBoth, Status::Prevented, Status::Prevented, 0),
        (Prevention::Allow, Status::Filled, Status::Filled, 1_000),
    ] {
        let mut core = core(false);
        let own = core.place(0, &limit(Side::Sell, 1_000, 10_000)).unwrap();
        let other = core.place(1, &limit(Side::Sell, 1_000, 10_001)).unwrap();
        let bid = limit(Side::Buy, 1_000, 10_001);
        let id = core.place_as(0, &bid, Manner { prevention, display: None }).unwrap();
        let status = |id| core.order(id).unwrap().status;
        assert_eq!((status(own), status(id)), (maker, taker), "{prevention:?}");
        let met_other = status(other) == Status::Filled;
        assert_eq!(met_other, prevention == Prevention::ExpireMaker, "{prevention:?}");
        assert_eq!(core.order(id).unwrap().filled, units(traded), "{prevention:?}");
        let balance = core.wallets().balance(0, "USDT".parse().unwrap());
        assert!(balance.locked.is_zero(), "{prevention:?} {balance:?}");
    }
}

#[test]
fn an_iceberg_shows_a_part_and_goes_behind_when_it_is_sold() {
    let mut core = core(false);
    let manner = Manner { display: Some(units(500)), ..Manner::default() };
    let iceberg = core.place_as(0, &limit(Side::Sell, 2_000, 10_000), manner).unwrap();
    let plain = core.place(1, &limit(Side::Sell, 700, 10_000)).unwrap();
    assert_eq!(shown(&core, Side::Sell, 10_000), units(1_200));
    core.place(2, &limit(Side::Buy, 600, 10_000)).unwrap();
    let filled = |core: &Core| [iceberg, plain].map(|id| core.order(id).unwrap().filled);
    assert_eq!(filled(&core), [units(500), units(100)], "what was shown, then who stood behind it");
    assert_eq!(shown(&core, Side::Sell, 10_000), units(1_100));
    core.place(2, &limit(Side::Buy, 800, 10_000)).unwrap();
    assert_eq!(filled(&core), [units(700), units(700)], "its new part stands behind");
    core.place(2, &limit(Side::Buy, 5_000, 10_000)).unwrap();
    assert_eq!((filled(&core)[0], shown(&core, Side::Sell, 10_000)), (units(2_000), units(0)));
    let parts = Manner { display: Some(units(100)), ..Manner::default() };
    let asked = core.place_as(1, &limit(Side::Buy, 1_001, 9_000), parts);
    assert_eq!(asked, Err(Refusal::Filter("ICEBERG_PARTS")));
}

#[test]
fn a_trade_of_users_wakes_a_stop_at_the_market() {
    let mut core = core(true);
    core.place(0, &limit(Side::Buy, 1_000, 10_000)).unwrap();
    core.place(0, &limit(Side::Buy, 1_000, 9_999)).unwrap();
    let terms = Terms::Stop { quantity: units(500), trigger: price(10_000), takes_profit: false };
    let stop = core.place(1, &ticket(Side::Sell, terms)).unwrap();
    core.place(2, &limit(Side::Sell, 1_000, 10_000)).unwrap();
    let order = core.order(stop).unwrap();
    assert_eq!((order.status, order.value.to_string()), (Status::Filled, "49.995".to_owned()));
}

#[test]
fn a_trailing_order_follows_and_wakes_where_the_price_turns() {
    let mut core = core(true);
    let terms = Terms::Trailing {
        quantity: units(500),
        delta: 100,
        start: None,
        price: None,
        stay: Stay::Gtc,
        takes_profit: false,
    };
    let id = core.place(0, &ticket(Side::Sell, terms)).unwrap();
    let mut check = |millis, cents, expected| {
        core.tick(0, &trade(millis, 10, Side::Buy, cents, 1)).unwrap();
        assert_eq!(core.order(id).unwrap().status, expected, "after a trade at {cents}");
    };
    check(10, 10_000, Status::New);
    check(20, 10_500, Status::New);
    check(30, 10_396, Status::New);
    check(40, 10_395, Status::Filled);
    let far = Terms::Trailing {
        quantity: units(500),
        delta: 2_001,
        start: None,
        price: None,
        stay: Stay::Gtc,
        takes_profit: false,
    };
    assert_eq!(core.place(0, &ticket(Side::Sell, far)), Err(Refusal::Filter("TRAILING_DELTA")));
}

#[test]
fn a_filled_order_brings_the_pair_behind_it() {
    let mut core = core(true);
    let sell = |terms| (ticket(Side::Sell, terms), Manner::default());
    let above = sell(Terms::Maker { quantity: units(1_000), price: price(10_100) });
    let below = sell(Terms::Stop { quantity: units(1_000), trigger: price(9_900), takes_profit: false });
    let first = limit(Side::Buy, 1_000, 10_000);
    let list = core.place_chain(0, (&first, Manner::default()), &[above, below]).unwrap();
    let ids = core.orders_of(list).to_vec();
    let states = |core: &Core| ids.iter().map(|id| core.order(*id).unwrap().status).collect::<Vec<_>>();
    assert_eq!(states(&core), [Status::New, Status::Pending, Status::Pending]);
    core.place(1, &limit(Side::Sell, 400, 10_000)).unwrap();
    assert_eq!(states(&core)[1], Status::Pending, "a part of the first brings nothing");
    core.place(1, &limit(Side::Sell, 600, 10_000)).unwrap();
    assert_eq!(states(&core), [Status::Filled, Status::New, Status::New]);
    core.place(1, &limit(Side::Buy, 1_000, 10_100)).unwrap();
    // The recorded market is cheaper: two units a level. Then the limit above fills by a trade through it.
    core.tick(0, &trade(50, 5, Side::Buy, 10_120, 50_000)).unwrap();
    assert_eq!(states(&core), [Status::Filled, Status::Filled, Status::Expired]);
    let first = limit(Side::Buy, 1_000, 9_000);
    let pending = (limit(Side::Sell, 1_000, 11_000), Manner::default());
    let list = core.place_chain(0, (&first, Manner::default()), &[pending]).unwrap();
    let ids = core.orders_of(list).to_vec();
    core.cancel(0, ids[1]).unwrap();
    assert!(ids.iter().all(|id| core.order(*id).unwrap().status == Status::Cancelled), "one takes the other with it");
}

#[derive(Debug, Clone)]
enum Move {
    Order { user: usize, ticket: Ticket, manner: Manner },
    Chain { user: usize, buys: bool, quantity: i64, cents: i64, wide: i64, pair: bool },
    Cancel { user: usize, id: u64 },
    Level { side: Side, step: i64, quantity: i64 },
    Trade { side: Side, cents: i64, quantity: i64 },
}

fn manner() -> impl Strategy<Value = Manner> {
    let prevention = prop_oneof![
        Just(Prevention::Allow),
        Just(Prevention::ExpireMaker),
        Just(Prevention::ExpireTaker),
        Just(Prevention::ExpireBoth)
    ];
    (prevention, prop::option::of(200_i64..3_000))
        .prop_map(|(prevention, display)| Manner { prevention, display: display.map(units) })
}

fn terms() -> impl Strategy<Value = Terms> {
    let stay = prop_oneof![3 => Just(Stay::Gtc), 1 => Just(Stay::Ioc), 1 => Just(Stay::Fok)];
    (0..9_u8, 60_i64..3_000, 9_950_i64..10_050, 9_950_i64..10_050, 10_u32..300, stay).prop_map(
        |(kind, amount, limit, wake, delta, stay)| {
            let (quantity, price, trigger, takes_profit) = (units(amount), price(limit), price(wake), amount % 2 == 0);
            match kind {
                0 => Terms::Market(Amount::Base(quantity)),
                1 => Terms::Market(Amount::Quote(Cash::whole(amount / 10))),
                2 => Terms::Maker { quantity, price },
                3 => Terms::Triggered { quantity, trigger, price, stay, takes_profit },
                4 => Terms::Stop { quantity, trigger, takes_profit },
                5 => Terms::Trailing {
                    quantity,
                    delta,
                    start: takes_profit.then_some(trigger),
                    price: (amount % 3 == 0).then_some(price),
                    stay,
                    takes_profit,
                },
                _ => Terms::Limit { quantity, price, stay },
            }
        },
    )
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        8 => (0..3_usize, any::<bool>(), terms(), manner()).prop_map(|(user, buys, terms, manner)| Move::Order {
            user,
            ticket: ticket(if buys { Side::Buy } else { Side::Sell }, terms),
            manner
        }),
        1 => (0..3_usize, any::<bool>(), 60_i64..2_000, 9_950_i64..10_050, 5_i64..60, any::<bool>())
            .prop_map(|(user, buys, quantity, cents, wide, pair)| Move::Chain { user, buys, quantity, cents, wide, pair }),
        2 => (0..3_usize, 1_u64..60).prop_map(|(user, id)| Move::Cancel { user, id }),
    ]
}

/// What the recorded market does.
fn rows() -> impl Strategy<Value = Move> {
    let side = || any::<bool>().prop_map(|buys| if buys { Side::Buy } else { Side::Sell });
    prop_oneof![
        (side(), 0_i64..12, 0_i64..3_000).prop_map(|(side, step, quantity)| Move::Level { side, step, quantity }),
        (side(), 9_920_i64..10_080, 1_i64..4_000).prop_map(|(side, cents, quantity)| Move::Trade {
            side,
            cents,
            quantity
        }),
    ]
}

fn carry_out(core: &mut Core, step: usize, one: &Move) {
    let millis = 10 + 40 * step as i64;
    core.advance(at(millis));
    match one {
        Move::Level { side, step, quantity } => {
            let cents = if *side == Side::Buy { 9_990 - 10 * step } else { 10_010 + 10 * step };
            core.tick(0, &level(millis, *side, cents, *quantity, true)).unwrap();
        }
        Move::Trade { side, cents, quantity } => {
            core.tick(0, &trade(millis, step as u64 + 2, *side, *cents, *quantity)).unwrap();
        }
        Move::Order { user, ticket, manner } => {
            let judged = core.test_as(*user, ticket, *manner);
            assert_eq!(core.place_as(*user, ticket, *manner).map(|_| ()), judged);
        }
        Move::Chain { user, buys, quantity, cents, wide, pair } => {
            let (first, then) = if *buys { (Side::Buy, Side::Sell) } else { (Side::Sell, Side::Buy) };
            let away = if *buys { *wide } else { -*wide };
            let quantity = units(*quantity);
            let rest = ticket(then, Terms::Maker { quantity, price: price(cents + away) });
            let stop = Terms::Stop { quantity, trigger: price(cents - away), takes_profit: false };
            let mut later = vec![(rest, Manner::default())];
            later.extend(pair.then(|| (ticket(then, stop), Manner::default())));
            let first = ticket(first, Terms::Limit { quantity, price: price(*cents), stay: Stay::Gtc });
            let _ = core.place_chain(*user, (&first, Manner::default()), &later);
        }
        Move::Cancel { user, id } => {
            let _ = core.cancel(*user, *id);
        }
    }
}

/// What all users have of an asset, and the commissions that were taken of it.
fn total(core: &Core, asset: &str) -> Cash {
    let asset = asset.parse().unwrap();
    let held = (0..3).map(|user| core.wallets().balance(user, asset)).flat_map(|one| [one.free, one.locked]);
    let fees = (0..3).flat_map(|user| core.executions(user)).filter(|one| one.commission_in == asset);
    held.chain(fees.map(|one| one.commission)).fold(Cash::ZERO, |sum, part| sum.plus(part).unwrap())
}

/// What is locked is what stands behind open orders, and nobody bids as much as another asks.
fn check_all(core: &Core) {
    let book = core.markets()[0].book();
    assert!(!book.is_crossed(), "{:?} {:?}", book.bid(), book.ask());
    for user in 0..3 {
        for asset in ["AAA", "USDT"].map(|asset| asset.parse().unwrap()) {
            let balance = core.wallets().balance(user, asset);
            let product = &core.markets()[0].product;
            let of = |side| if side == Side::Buy { product.quote } else { product.base };
            let open = core.open_orders(user).filter(|order| of(order.side) == asset);
            let behind = open.fold(Cash::ZERO, |sum, order| sum.plus(order.locked).unwrap());
            assert_eq!((balance.locked, balance.free.is_negative()), (behind, false), "{user} {asset}");
        }
    }
    let ids: Vec<u64> = core.markets()[0].trades().iter().map(|one| one.id).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

/// The same, and the book shows what open orders show: users alone neither make nor lose money.
fn check(core: &Core) {
    check_all(core);
    assert_eq!((total(core, "AAA"), total(core, "USDT")), (Cash::whole(60), Cash::whole(30_000)));
    let book = core.markets()[0].book();
    for side in [Side::Buy, Side::Sell] {
        let open = (0..3).flat_map(|user| core.open_orders(user));
        let resting = open.filter(|order| order.side == side && order.works && order.status != Status::Pending);
        let mut most = std::collections::BTreeMap::<Price, Quantity>::new();
        for order in resting {
            let left = order.quantity.minus(order.filled).unwrap();
            let sum = most.entry(order.price()).or_default();
            *sum = sum.plus(order.manner.display.map_or(left, |part| part.min(left))).unwrap();
        }
        let shown: Vec<_> = book.levels(side).map(|level| level.price).collect();
        let mut prices: Vec<_> = most.keys().copied().collect();
        if side == Side::Buy {
            prices.reverse();
        }
        assert_eq!(shown, prices, "{side}");
        for level in book.levels(side) {
            assert!(level.quantity.quantity() <= most[&level.price], "{level:?} of {:?}", most[&level.price]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn users_alone_neither_make_nor_lose_money(moves in prop::collection::vec(moves(), 1..80)) {
        let mut core = core(false);
        for (step, one) in moves.iter().enumerate() {
            carry_out(&mut core, step, one);
            check(&core);
        }
    }

    #[test]
    fn users_and_the_recorded_market_owe_nothing(moves in prop::collection::vec(prop_oneof![moves(), rows()], 1..80)) {
        let mut core = core(true);
        for (step, one) in moves.iter().enumerate() {
            carry_out(&mut core, step, one);
            check_all(&core);
            for asset in ["AAA", "USDT"] {
                prop_assert_eq!(core.wallets().sum(asset.parse().unwrap()), Ok(Cash::ZERO));
            }
        }
    }
}
