//! What always holds for perpetuals, whatever users send and the market does.
use proptest::prelude::*;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity, Rate};
use qframe_venues::exchange::usdm::{Amount, Cause, Futures, Stay, Ticket, Wake, Watched};

use super::market::{at, level, price, trade, units};
use super::usdm::{at_market, futures, usdt};

#[derive(Debug, Clone)]
enum Move {
    Order { user: usize, ticket: Ticket },
    Cancel { user: usize, id: u64 },
    Leverage { user: usize, leverage: u32 },
    Level { side: Side, step: i64, quantity: i64 },
    Trade { side: Side, step: i64, quantity: i64 },
    Wait { millis: i64 },
    Isolate { user: usize, isolated: bool },
    Margin { user: usize, cents: i64 },
    Wall { seconds: i64 },
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn ticket() -> impl Strategy<Value = Ticket> {
    let stay = prop_oneof![3 => Just(Stay::Gtc), 1 => Just(Stay::Ioc), 1 => Just(Stay::Fok), 1 => Just(Stay::Gtx), 1 => (0_i64..2_000).prop_map(|seconds| Stay::Gtd(seconds * 1_000))];
    let wake = prop_oneof![
        3 => Just(Wake::Now),
        1 => (9_700_i64..10_300, any::<bool>())
            .prop_map(|(cents, takes_profit)| Wake::Touch { trigger: price(cents), takes_profit }),
        1 => (10_i64..300).prop_map(|points| Wake::Trail { callback: Rate::basis_points(points), activation: None }),
    ];
    let limit = prop_oneof![1 => Just(None), 2 => (9_850_i64..10_150).prop_map(Some)];
    let amount = prop_oneof![5 => (1_i64..90_000).prop_map(Some), 1 => Just(None)];
    (side(), stay, wake, limit, amount, any::<bool>(), 0..4_u8).prop_map(
        |(side, stay, wake, limit, amount, mark, reduce)| {
            let amount = amount.map_or(Amount::Position, |amount| Amount::Units(units(amount)));
            let watches = if mark { Watched::Mark } else { Watched::Last };
            let limit = limit.filter(|_| !matches!(wake, Wake::Trail { .. })).map(price);
            Ticket { side, wake, watches, limit, stay, amount, reduce_only: reduce == 0, ..at_market(side, 1) }
        },
    )
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        5 => (0..2_usize, ticket()).prop_map(|(user, ticket)| Move::Order { user, ticket }),
        1 => (0..2_usize, 1_u64..40).prop_map(|(user, id)| Move::Cancel { user, id }),
        1 => (0..2_usize, 1_u32..126).prop_map(|(user, leverage)| Move::Leverage { user, leverage }),
        3 => (side(), 0_i64..30, 0_i64..3_000).prop_map(|(side, step, quantity)| Move::Level { side, step, quantity }),
        4 => (side(), -20_i64..20, 1_i64..40_000).prop_map(|(side, step, quantity)| Move::Trade { side, step, quantity }),
        1 => (1_000_i64..40_000_000).prop_map(|millis| Move::Wait { millis }),
        1 => (0..2_usize, any::<bool>()).prop_map(|(user, isolated)| Move::Isolate { user, isolated }),
        1 => (0..2_usize, -30_000_i64..30_000).prop_map(|(user, cents)| Move::Margin { user, cents }),
        1 => (0_i64..2_000).prop_map(|seconds| Move::Wall { seconds }),
    ]
}

/// Deposits, profits, commissions and funding make the wallet; and with what is open, the fills alone make all of it.
pub(crate) fn check(futures: &Futures) {
    let mark = futures.contracts()[0].price().unwrap();
    for user in 0..2 {
        let earned = |cause| futures.earned(user, usdt(), cause);
        let causes = [Cause::Transfer, Cause::Realised, Cause::Commission, Cause::Funding, Cause::Insurance];
        let sum = causes.into_iter().fold(Cash::ZERO, |sum, cause| sum.plus(earned(cause)).unwrap());
        assert_eq!(futures.wallet(user, usdt()), sum, "the wallet of {user}, and what made it");
        let told = futures.incomes(user).fold(Cash::ZERO, |sum, one| sum.plus(one.amount).unwrap());
        assert_eq!(told, sum, "the rows of income of {user}");
        let value = |price: Price, units: Quantity| price.times(units).unwrap();
        let (mut held, mut gain, mut fees) = (Quantity::ZERO, Cash::ZERO, Cash::ZERO);
        for one in futures.executions(user) {
            let signed = one.side.signed(one.quantity);
            if futures.order(one.order).unwrap().reduces() {
                assert!(
                    held.plus(signed).unwrap().abs() < held.abs(),
                    "a reducing order made {held} larger by {signed}"
                );
            }
            held = held.plus(signed).unwrap();
            gain = gain.plus(value(mark, signed)).unwrap().minus(value(one.price, signed)).unwrap();
            fees = fees.plus(one.commission).unwrap();
        }
        assert_eq!(futures.holding(user, 0).position.quantity, held);
        assert_eq!(earned(Cause::Commission), -fees);
        let standing = futures.standing(user, usdt()).unwrap();
        let others = [Cause::Transfer, Cause::Commission, Cause::Funding, Cause::Insurance];
        let worth = others.into_iter().fold(gain, |sum, cause| sum.plus(earned(cause)).unwrap());
        assert_eq!(standing.balance().unwrap(), worth, "the margin of {user}, and its fills at the mark price");
        let own = futures.holding(user, 0);
        assert!(!own.position.is_flat() || own.isolated.is_none_or(Cash::is_zero), "{own:?}");
        for order in futures.orders(user) {
            assert!(order.filled <= order.quantity || order.quantity.is_zero(), "{order:?}");
            let is_open = futures.open_orders(user).any(|open| open.id == order.id);
            assert_eq!(is_open, order.status.is_open(), "{order:?}");
        }
    }
}

/// Once margin was looked at, whoever holds something has what keeps it.
fn check_margin(futures: &Futures) {
    for user in 0..2 {
        let standing = futures.standing(user, usdt()).unwrap();
        let holding = futures.holding(user, 0);
        let behind = match holding.isolated {
            Some(margin) => margin.plus(standing.unrealised).unwrap(),
            None => standing.cross().unwrap(),
        };
        assert!(holding.position.is_flat() || behind >= standing.maintenance, "{user}: {holding:?} {standing:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_and_margin_is_kept(moves in prop::collection::vec(moves(), 1..60)) {
        let mut futures = futures();
        let (mut millis, mut wall) = (10, 0);
        for one in moves {
            millis += 400;
            match one {
                Move::Order { user, ticket } => {
                    let judged = futures.test(user, &ticket);
                    prop_assert_eq!(futures.place(user, &ticket).map(|_| ()), judged);
                }
                Move::Cancel { user, id } => {
                    let _ = futures.cancel(user, id);
                }
                Move::Leverage { user, leverage } => {
                    let _ = futures.set_leverage(user, 0, leverage);
                }
                Move::Level { side, step, quantity } => {
                    let cents = if side == Side::Buy { 9_990 - 10 * step } else { 10_010 + 10 * step };
                    futures.tick(0, &level(millis, side, cents, quantity, true)).unwrap();
                }
                Move::Trade { side, step, quantity } => {
                    let id = u64::try_from(millis).unwrap();
                    futures.tick(0, &trade(millis, id, side, 10_000 + 10 * step, quantity)).unwrap();
                }
                Move::Isolate { user, isolated } => {
                    let _ = futures.set_isolated(user, 0, isolated);
                }
                Move::Margin { user, cents } => {
                    let before = futures.wallet(user, usdt());
                    let _ = futures.move_margin(user, 0, Cash::from_attos(i128::from(cents) * 10_i128.pow(16)));
                    prop_assert_eq!(futures.wallet(user, usdt()), before, "it stays in the wallet");
                }
                Move::Wall { seconds } => {
                    wall = wall.max(seconds * 1_000);
                    futures.expire(wall).unwrap();
                    let late = |stay| matches!(stay, Stay::Gtd(until) if until <= wall);
                    prop_assert!((0..2).all(|user| !futures.open_orders(user).any(|one| late(one.ticket.stay))));
                }
                Move::Wait { millis: more } => {
                    millis += more;
                    futures.advance(at(millis)).unwrap();
                    check_margin(&futures);
                }
            }
            check(&futures);
        }
    }
}
