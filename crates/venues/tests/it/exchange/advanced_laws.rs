//! What always holds on Coinbase's side: commissions in the quote asset lose no money, and the market is the same one.
use proptest::prelude::*;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity};
use qframe_venues::exchange::core::{Amount, Core, Stay, Terms, Ticket};

use super::market::{core, level, price, trade, units};

#[derive(Debug, Clone, Copy)]
enum Move {
    Order { side: Side, kind: u8, amount: i64, cents: i64 },
    Cancel(u64),
    Level { side: Side, step: i64, quantity: i64 },
    Trade { side: Side, step: i64, quantity: i64 },
}

fn moves() -> impl Strategy<Value = Move> {
    let side = || prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    prop_oneof![
        4 => (side(), 0..6_u8, 1_i64..6_000, 9_850_i64..10_150)
            .prop_map(|(side, kind, amount, cents)| Move::Order { side, kind, amount, cents }),
        1 => (1_u64..30).prop_map(Move::Cancel),
        3 => (side(), 0_i64..12, 0_i64..3_000).prop_map(|(side, step, quantity)| Move::Level { side, step, quantity }),
        4 => (side(), -8_i64..8, 1_i64..4_000).prop_map(|(side, step, quantity)| Move::Trade { side, step, quantity }),
    ]
}

fn terms(kind: u8, amount: i64, cents: i64, side: Side) -> Terms {
    let (quantity, limit) = (units(amount), price(cents));
    match kind {
        0 => Terms::Market(Amount::Base(quantity)),
        1 => Terms::Market(Amount::Quote(Cash::whole(amount / 10))),
        2 => Terms::Maker { quantity, price: limit },
        3 => Terms::Limit { quantity, price: limit, stay: Stay::Ioc },
        4 => {
            let takes_profit = (cents > 10_000) != (side == Side::Buy);
            Terms::Triggered { quantity, trigger: limit, price: limit, stay: Stay::Gtc, takes_profit }
        }
        _ => Terms::Limit { quantity, price: limit, stay: Stay::Gtc },
    }
}

fn play(core: &mut Core, step: usize, one: Move) {
    let millis = 10 + 40 * step as i64;
    match one {
        Move::Order { side, kind, amount, cents } => {
            let ticket = Ticket { product: 0, side, terms: terms(kind, amount, cents, side), name: None };
            let judged = core.test(0, &ticket);
            assert_eq!(core.place(0, &ticket).map(|_| ()), judged);
        }
        Move::Cancel(id) => _ = core.cancel(0, id),
        Move::Level { side, step, quantity } => {
            let cents = if side == Side::Buy { 9_990 - 10 * step } else { 10_010 + 10 * step };
            core.tick(0, &level(millis, side, cents, quantity, true)).unwrap();
        }
        Move::Trade { side, step, quantity } => {
            core.tick(0, &trade(millis, step as u64, side, 10_000 + 10 * step, quantity)).unwrap();
        }
    }
}

/// What was filled, in its order.
fn fills(core: &Core) -> Vec<(u64, Price, Quantity, bool)> {
    core.executions(0).map(|one| (one.order, one.price, one.quantity, one.maker)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn commissions_in_the_quote_asset_lose_nothing(moves in prop::collection::vec(moves(), 1..60)) {
        let mut core = core();
        core.charge_in_quote(0);
        for (step, one) in moves.into_iter().enumerate() {
            play(&mut core, step, one);
            for asset in ["AAA", "USDT"].map(|asset| asset.parse().unwrap()) {
                prop_assert_eq!(core.wallets().sum(asset), Ok(Cash::ZERO));
                let balance = core.wallets().balance(0, asset);
                prop_assert!(!balance.free.is_negative() && !balance.locked.is_negative(), "{:?}", balance);
                let of = |side| if side == Side::Buy { "USDT" } else { "AAA" };
                let open = core.open_orders(0).filter(|order| of(order.side) == asset.as_str());
                prop_assert_eq!(balance.locked, open.fold(Cash::ZERO, |sum, one| sum.plus(one.locked).unwrap()));
            }
            for order in core.orders(0) {
                let own = || core.executions(0).filter(|one| one.order == order.id);
                let fees = own().fold(Cash::ZERO, |sum, one| sum.plus(one.commission).unwrap());
                prop_assert_eq!((order.fees, order.fills), (fees, own().count() as u64));
                prop_assert!(own().all(|one| one.commission_in.as_str() == "USDT"));
                if let (Terms::Market(Amount::Quote(money)), Side::Buy) = (order.terms, order.side) {
                    prop_assert!(order.value.plus(order.fees).unwrap() <= money, "never more than was offered");
                }
            }
        }
    }

    /// Orders that both sides can afford fill alike, whichever protocol brought them: only the commission's asset differs.
    #[test]
    fn both_sides_trade_in_the_same_market(moves in prop::collection::vec(moves(), 1..40)) {
        let mut binance = core();
        let mut coinbase = core();
        coinbase.charge_in_quote(0);
        for (step, one) in moves.into_iter().enumerate() {
            // An amount of money buys less where the commission comes out of it too, and at the end of the money so does all.
            let small = match one {
                Move::Order { side, kind: 1, amount, cents } => Move::Order { side, kind: 0, amount: amount.min(300), cents },
                Move::Order { side, kind, amount, cents } => Move::Order { side, kind, amount: amount.min(300), cents },
                other => other,
            };
            play(&mut binance, step, small);
            play(&mut coinbase, step, small);
        }
        prop_assert_eq!(fills(&binance), fills(&coinbase));
    }
}
