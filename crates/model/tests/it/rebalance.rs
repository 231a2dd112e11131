//! Rebalancing: the trades that lead to a target without spending more than there is.
use proptest::prelude::*;
use qframe_model::account::{Account, MarginKind};
use qframe_model::currency::Currency;
use qframe_model::fill::Fill;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity, Rate};
use qframe_model::portfolio::{Plan, Rebalance, Skip, Skipped, Snapshot, Weights};
use qframe_model::time::Time;

use crate::portfolio::weights;
use crate::world::{account, buy, fill, read};

/// An account over stocks of a lot of one share, with prices and what is held at them.
fn stocks(cash: i64, rows: &[(&str, &str, &str)]) -> Account {
    let rules = Rules { lot: Quantity::ONE, min_notional: Cash::whole(10), ..Rules::default() };
    let listed: Vec<Instrument> =
        rows.iter().map(|(name, ..)| Instrument::new(read(name), Currency::USD, rules.clone()).unwrap()).collect();
    let mut account = Account::open(listed.into(), Currency::USD).unwrap();
    account.deposit(account.reporting(), Cash::whole(cash)).unwrap();
    for ((_, held, price), id) in rows.iter().zip(0..) {
        account.mark(InstrumentId(id), read(price)).unwrap();
        let held: Quantity = read(held);
        if !held.is_zero() {
            account.fill(&fill(id, Side::of(held), held.abs(), read(price))).unwrap();
        }
    }
    account
}

/// `sell 3 A` and so on.
fn told(account: &Account, plan: &Plan) -> Vec<String> {
    let row = |trade: &qframe_model::portfolio::PlannedTrade| {
        format!("{} {} {}", trade.side, trade.quantity, account.instrument(trade.instrument).symbol())
    };
    plan.trades.iter().map(row).collect()
}

#[test]
fn a_plan_sells_before_it_buys_in_whole_lots() {
    let check = |rows: &[(&str, &str, &str)], target: &[(u16, &str)], rebalance: Rebalance, expected: &[&str]| {
        let account = stocks(10_000, rows);
        let plan = rebalance.plan(&account, &weights(target)).unwrap();
        assert_eq!(told(&account, &plan), expected, "{rows:?} to {target:?}");
    };
    let plain = Rebalance::default();
    check(&[("A", "0", "100"), ("B", "0", "30")], &[(0, "0.5"), (1, "0.5")], plain, &["buy 50 A", "buy 166 B"]);
    check(&[("A", "100", "100"), ("B", "0", "30")], &[(0, "0.5"), (1, "0.5")], plain, &["sell 50 A", "buy 166 B"]);
    check(&[("B", "0", "30"), ("A", "100", "100")], &[(0, "0.5"), (1, "0.5")], plain, &["sell 50 A", "buy 166 B"]);
    check(&[("A", "100", "100")], &[], plain, &["sell 100 A"]);
    check(&[("A", "60", "100")], &[(0, "0.5")], Rebalance { band: Rate::percent(10), ..plain }, &[]);
    check(&[("A", "61", "100")], &[(0, "0.5")], Rebalance { band: Rate::percent(10), ..plain }, &["sell 11 A"]);
    check(&[("A", "0", "100")], &[(0, "-0.5")], plain, &["sell 50 A"]);
    check(&[("A", "50", "100")], &[(0, "-0.255")], plain, &["sell 75 A"]);
    // The short is bought back before its margin and money go into something else.
    check(&[("A", "0", "80"), ("B", "-10", "100")], &[(0, "1")], plain, &["buy 10 B", "buy 125 A"]);
    check(&[("A", "-10", "100"), ("B", "0", "80")], &[(1, "1")], plain, &["buy 10 A", "buy 125 B"]);
    check(&[("A", "50", "100"), ("B", "-20", "100")], &[(0, "-0.5")], plain, &["sell 50 A", "buy 20 B", "sell 50 A"]);
    // A position that turns is closed with the others, and opened when there is money.
    check(
        &[("A", "0", "50"), ("Z", "-100", "100")],
        &[(0, "0.9"), (1, "0.1")],
        plain,
        &["buy 100 Z", "buy 180 A", "buy 10 Z"],
    );
    check(&[("A", "0", "50"), ("Z", "100", "100")], &[(0, "0.9"), (1, "-0.1")], plain, &["sell 110 Z", "buy 180 A"]);
    // A sale goes to the nearest lot: a share of half of the equity was sold for one part in fifty too much.
    check(&[("A", "1", "5000"), ("B", "100", "50")], &[(0, "0.49"), (1, "0.51")], plain, &[]);
    check(&[("A", "3", "3000")], &[(0, "0.55")], plain, &["sell 1 A"]);
    // All of 10,000 with a fee of 1 %: 99 shares cost 9,900 and a fee of 99.
    check(&[("A", "0", "100")], &[(0, "1")], Rebalance { fee: Rate::percent(1), ..plain }, &["buy 99 A"]);
}

#[test]
fn a_plan_says_what_it_leaves() {
    let check = |rows: &[(&str, &str, &str)], target: &[(u16, &str)], band: &str, trades: usize, left: &[&str]| {
        let rebalance = Rebalance { band: read(band), fee: Rate::ZERO };
        let plan = rebalance.plan(&stocks(1_000, rows), &weights(target)).unwrap();
        assert_eq!(plan.trades.len(), trades);
        assert_eq!(plan.skipped.iter().map(|skipped| skipped.reason.to_string()).collect::<Vec<_>>(), left);
    };
    check(&[("A", "5", "100")], &[(0, "0.51")], "0.02", 0, &["a gap of 0.01 is within the band of 0.02"]);
    check(&[("A", "5", "100")], &[(0, "0.55")], "0", 0, &["0.5 missing is less than one lot of 1"]);
    check(&[("A", "0", "2")], &[(0, "0.006")], "0", 0, &["an order worth 6 is less than the 10 that the venue takes"]);
    check(&[("A", "0", "100")], &[(0, "1.5")], "0", 1, &["15 wanted, the money there is pays for 10"]);
    check(&[("A", "0.5", "100")], &[], "0", 0, &["0.5 missing is less than one lot of 1"]);
    check(&[("A", "2.5", "100")], &[], "0", 1, &["0.5 missing is less than one lot of 1"]);
}

#[test]
fn a_plan_that_cannot_be_is_refused() {
    let check = |account: &Account, target: &[(u16, &str)], rebalance: Rebalance, refused: &str| {
        assert_eq!(rebalance.plan(account, &weights(target)).unwrap_err().to_string(), refused);
    };
    let (plain, one) = (Rebalance::default(), stocks(1_000, &[("A", "0", "100")]));
    check(&one, &[(1, "0.5")], plain, "no instrument of the account has the number 1");
    check(&account(&["A"], 1_000), &[(0, "0.5")], plain, "A has no price yet; give it a mark first");
    check(&account(&["A"], 0), &[], plain, "the equity is 0.00: weights need more than zero");
    check(&one, &[], Rebalance { band: -Rate::ONE, ..plain }, "the band -1: expected 0 or more and less than 1");
    check(&one, &[], Rebalance { fee: Rate::ONE, ..plain }, "the fee 1: expected 0 or more and less than 1");
}

#[test]
fn a_coin_paid_with_a_coin_takes_no_more_coins_than_there_are() {
    let mut account = account(&["BTC/USD", "ETH/BTC"], 10_000);
    account.mark(InstrumentId(0), read("50000")).unwrap();
    account.mark(InstrumentId(1), read("0.05")).unwrap();
    account.fill(&buy(0, "0.1", "50000")).unwrap();
    let plan = Rebalance::default().plan(&account, &weights(&[(0, "0.5"), (1, "0.8")])).unwrap();
    assert_eq!(told(&account, &plan), ["buy 2 ETH/BTC"], "0.1 BTC pay for two, whatever the dollars");
    let [skipped] = plan.skipped[..] else { panic!("{plan:?}") };
    assert_eq!(skipped.reason, Skip::NotEnough { wanted: read("3.2"), payable: read("2") });
}

/// Books a plan on the account, as a venue without slippage would. Gives the least money there was on the way.
fn carry_out(account: &mut Account, plan: &Plan) -> Cash {
    let mut least = account.cash();
    for trade in &plan.trades {
        let fill = fill(trade.instrument.0, trade.side, trade.quantity, trade.price);
        account.fill(&Fill { fee: trade.fee, ..fill }).unwrap();
        least = least.min(account.cash());
    }
    least
}

prop_compose! {
    /// Cash, up to five stocks (price in cents, lot in thousandths, shares in lots) and weights that leave some money.
    fn world()(
        cash in 1i64..1_000_000,
        rows in proptest::collection::vec((1i64..100_000, 1i64..5_000, 0i64..1_000, 0u32..100), 1..=5),
        spare in 0u32..50,
    ) -> (Account, Weights) {
        let total: u32 = rows.iter().map(|(.., weight)| weight).sum::<u32>() + spare;
        let stock = |lot: i64, name: usize| {
            let rules = Rules { lot: Quantity::from_nanos(i128::from(lot) * 1_000_000), ..Rules::default() };
            Instrument::new(read(&format!("S{name}")), Currency::USD, rules).unwrap()
        };
        let listed: Vec<_> = rows.iter().enumerate().map(|(name, (_, lot, ..))| stock(*lot, name)).collect();
        let mut account = Account::open(listed.into(), Currency::USD).unwrap();
        let (mut target, mut paid) = (Weights::new(), Cash::ZERO);
        for ((cents, lot, lots, weight), id) in rows.into_iter().zip(0u16..) {
            let price = Price::from_nanos(cents * 10_000_000);
            let held = Quantity::from_nanos(i128::from(lot * lots) * 1_000_000);
            account.mark(InstrumentId(id), price).unwrap();
            if !held.is_zero() {
                account.fill(&fill(id, Side::Buy, held, price)).unwrap();
                paid = paid.plus(price.times(held).unwrap()).unwrap();
            }
            target.insert(InstrumentId(id), Rate::from_nanos(i64::from(weight) * 1_000_000_000 / i64::from(total.max(1))));
        }
        account.deposit(account.reporting(), paid.plus(Cash::whole(cash)).unwrap()).unwrap();
        (account, target)
    }
}

proptest! {
    #[test]
    fn a_plan_brings_every_weight_near_its_target((mut account, target) in world(), fee in 0i64..200) {
        let plan = Rebalance { band: Rate::ZERO, fee: Rate::basis_points(fee) }.plan(&account, &target).unwrap();
        let before = account.clone();
        prop_assert!(carry_out(&mut account, &plan) >= Cash::ZERO, "more was spent than there was");
        prop_assert_eq!(account.cash(), plan.cash);
        // What sales to the nearest lot bring less than they should is missing for the last purchases.
        let sold = plan.trades.iter().filter(|trade| trade.side == Side::Sell);
        let half_lots = sold.fold(0.0, |sum, trade| {
            let instrument = account.instrument(trade.instrument);
            sum + instrument.value(trade.price, instrument.rules().lot).unwrap().to_f64() / 2.0
        });
        let kept = plan.skipped.iter().filter(|skipped| matches!(skipped.reason, Skip::BelowLot { .. }));
        let half_lots = kept.fold(half_lots, |sum, skipped| {
            let instrument = account.instrument(skipped.instrument);
            let mark = account.mark_of(skipped.instrument).unwrap();
            sum + instrument.value(mark, instrument.rules().lot).unwrap().to_f64() / 2.0
        });
        for (id, weight) in &target {
            let (instrument, mark) = (account.instrument(*id), account.mark_of(*id).unwrap());
            let value = instrument.value(mark, account.position(*id).quantity).unwrap();
            let wanted = plan.base.at_rate(*weight).unwrap();
            let lot = instrument.value(mark, instrument.rules().lot).unwrap();
            let left = value.minus(wanted).unwrap().abs();
            // A gap of nothing at 1e-9 is no gap: half of that of the equity may stay.
            let rounding = account.equity().at_rate(Rate::from_nanos(1)).unwrap();
            let is_short = |skipped: &Skipped| {
                skipped.instrument == *id && matches!(skipped.reason, Skip::NotEnough { .. })
            };
            let most = if plan.skipped.iter().any(is_short) { half_lots } else { 0.0 };
            let within = left < lot || left <= rounding || left.to_f64() < lot.to_f64() + 1.01 * most;
            prop_assert!(within, "{} is {} off, a lot is {}: {:?}", instrument.symbol(), left, lot, plan);
            let was = instrument.value(mark, before.position(*id).quantity).unwrap().minus(wanted).unwrap().abs();
            prop_assert!(left <= was, "{} was {} off and is {}: {:?}", instrument.symbol(), was, left, plan);
        }
        let sides: Vec<bool> = plan.trades.iter().map(|trade| trade.side == Side::Buy).collect();
        prop_assert!(sides.is_sorted(), "sells come before buys");
        for trade in &plan.trades {
            let lot = account.instrument(trade.instrument).rules().lot;
            prop_assert!(trade.quantity.is_positive() && trade.quantity.floor_to(lot) == trade.quantity);
        }
    }

    #[test]
    fn the_plan_of_the_present_weights_is_empty((account, _) in world(), fee in 0i64..200) {
        let now = Snapshot::of(&account, Time::EPOCH, Cash::ZERO).unwrap().weights;
        let plan = Rebalance { band: Rate::ZERO, fee: Rate::basis_points(fee) }.plan(&account, &now).unwrap();
        prop_assert_eq!((plan.trades.len(), plan.skipped.len(), plan.base), (0, 0, account.equity()));
    }

    #[test]
    fn a_plan_never_spends_more_than_there_is(
        (mut account, _) in world(), wishes in proptest::collection::vec(-200i64..300, 1..=5), fee in 0i64..200,
    ) {
        let target = wishes.iter().zip(0..account.instruments().len() as u16)
            .map(|(wish, id)| (InstrumentId(id), Rate::percent(*wish))).collect();
        let rebalance = Rebalance { band: Rate::percent(1), fee: Rate::basis_points(fee) };
        let Ok(plan) = rebalance.plan(&account, &target) else { return Ok(()) };
        prop_assert!(carry_out(&mut account, &plan) >= Cash::ZERO, "more was spent than there was: {:?}", plan);
        let (used, equity) = (account.margin_used(MarginKind::Initial).unwrap(), account.equity());
        prop_assert!(used <= equity, "margin {} of equity {}: {:?}", used, equity, plan);
    }
}

#[test]
fn a_contract_needs_its_margin_and_no_more() {
    let margin = Margin { initial: Rate::percent(10), maintenance: Rate::percent(5) };
    let rules = Rules { lot: Quantity::ONE, multiplier: Quantity::whole(50), margin, ..Rules::default() };
    let es = Instrument::new(read("ES-20301220"), Currency::USD, rules).unwrap();
    let mut account = Account::open([es].into(), Currency::USD).unwrap();
    account.deposit(account.reporting(), Cash::whole(1_000_000)).unwrap();
    account.mark(InstrumentId(0), read("5000")).unwrap();
    let check = |weight: &str, trades: &[&str]| {
        let plan = Rebalance::default().plan(&account, &weights(&[(0, weight)])).unwrap();
        assert_eq!(told(&account, &plan), trades, "a contract is worth 250,000: weight {weight}");
        assert_eq!(plan.cash, Cash::whole(1_000_000));
    };
    check("5", &["buy 20 ES-20301220"]);
    check("-5", &["sell 20 ES-20301220"]);
    check("20", &["buy 40 ES-20301220"]);
}
