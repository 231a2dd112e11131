//! Perpetuals whose margin runs out, margin of one contract alone, and orders that are good till a date.
use qframe_model::market::Side;
use qframe_model::number::{Cash, Quantity};
use qframe_venues::exchange::usdm::{Cause, Execution, Futures, Refusal, Status, Stay, Ticket};

use super::market::{at, clear, level, price, units};
use super::usdm::{ask, at_market, cash, futures, limit, move_to, usdm, usdt};

/// The executions of the exchange's own order.
fn forced(futures: &Futures) -> Vec<Execution> {
    let id = futures.orders(0).find(|order| order.forced).map(|order| order.id);
    futures.executions(0).filter(|one| Some(one.order) == id).copied().collect()
}

/// A long position of fifteen units at twenty times, with 1,000 in the wallet.
fn long() -> Futures {
    let mut futures = futures();
    futures.advance(at(1_000)).unwrap();
    futures.place(0, &at_market(Side::Buy, 15_000)).unwrap();
    futures
}

/// The book is `bids` (cents and thousandths) and one offer, and the mark price half-way between the best of them.
fn fall(futures: &mut Futures, bids: &[(i64, i64)], mark: i64) {
    futures.tick(0, &clear(2_000)).unwrap();
    for (cents, quantity) in bids {
        futures.tick(0, &level(2_000, Side::Buy, *cents, *quantity, false)).unwrap();
    }
    futures.tick(0, &level(2_000, Side::Sell, 2 * mark - bids[0].0, 10_000, true)).unwrap();
    futures.advance(at(3_000)).unwrap();
}

#[test]
fn a_liquidation_takes_the_book_and_the_fund_the_rest() {
    let mut futures = long();
    let wallet = futures.wallet(0, usdt());
    // Bought at 100.10 and 100.20 for 1,502.00: at 33.90 and below, hardly anything is left of the wallet.
    let gone = futures.holding(0, 0).position.cost.minus(wallet).unwrap().per_unit(units(15_000)).unwrap();
    let bottom = gone.nanos() / 10_000_000 + 1;
    fall(&mut futures, &[(bottom + 3, 4_000), (bottom + 1, 5_000), (bottom - 500, 90_000)], bottom + 5);
    let made: Vec<_> = forced(&futures).iter().map(|one| (one.price, one.quantity)).collect();
    let wanted =
        [(bottom + 3, 4_000), (bottom + 1, 5_000), (bottom, 6_000)].map(|(cents, lots)| (price(cents), units(lots)));
    assert_eq!(made, wanted, "by the book down to the bankruptcy price, and there by the fund");
    assert!(futures.holding(0, 0).position.is_flat());
    let last = futures.contracts()[0].market.trades().back().unwrap();
    assert_eq!(last.price, price(bottom + 1), "what the fund takes is not on the tape");
    let left = futures.wallet(0, usdt());
    assert!(!left.is_negative() && left < Cash::whole(1), "the fee is never more than what is left: {left}");
    assert_eq!(futures.earned(0, usdt(), Cause::Insurance), Cash::ZERO);
}

#[test]
fn who_can_pay_it_pays_the_fee_of_a_liquidation() {
    let mut futures = futures();
    futures.advance(at(1_000)).unwrap();
    futures.set_isolated(0, 0, true).unwrap();
    futures.place(0, &at_market(Side::Buy, 1_000)).unwrap();
    // Margin of 5.005 at 100.10: gone below 95.48 (0.4 % keep it), bankrupt at 95.095.
    fall(&mut futures, &[(9_530, 10_000)], 9_540);
    let [one] = forced(&futures)[..] else { panic!("{:?}", forced(&futures)) };
    assert_eq!((one.price, one.commission), (price(9_530), cash("0.2")), "95.30 less the 95.10 of the limit");
}

#[test]
fn margin_of_its_own_is_all_that_a_position_can_lose() {
    let mut futures = futures();
    futures.advance(at(1_000)).unwrap();
    assert_eq!(futures.set_isolated(0, 0, true), Ok(true));
    assert_eq!(futures.set_isolated(0, 0, true), Ok(false));
    let margin = |futures: &Futures| futures.holding(0, 0).isolated.unwrap();
    futures.place(0, &at_market(Side::Buy, 2_000)).unwrap();
    assert_eq!(margin(&futures), cash("10.01"), "a twentieth of 200.20");
    assert_eq!(futures.set_isolated(0, 0, false), Err(Refusal::MarginPosition));
    assert_eq!(futures.set_leverage(0, 0, 10), Err(Refusal::IsolatedLeverage));
    futures.place(0, &Ticket { reduce_only: true, ..at_market(Side::Sell, 1_000) }).unwrap();
    assert_eq!(margin(&futures), cash("5.005"), "half of it is closed");
    let before = futures.standing(0, usdt()).unwrap().available().unwrap();
    futures.move_margin(0, 0, cash("4")).unwrap();
    assert_eq!(margin(&futures), cash("9.005"));
    assert_eq!(futures.standing(0, usdt()).unwrap().available().unwrap(), before.minus(cash("4")).unwrap());
    assert_eq!(futures.move_margin(0, 0, cash("-5")), Err(Refusal::IsolatedMargin));
    assert_eq!(futures.move_margin(0, 0, cash("2000")), Err(Refusal::CrossMargin));
    assert_eq!(futures.move_margin(1, 0, cash("1")), Err(Refusal::NotIsolated));
    let (wallet, gone) = (futures.wallet(0, usdt()), futures.liquidation_price(0, 0).unwrap().unwrap());
    // W + p - C = p r, by its own margin alone.
    let share = units(1_000).share(996, 1_000).unwrap();
    assert_eq!(gone, cash("100.1").minus(cash("9.005")).unwrap().per_unit(share).unwrap());
    move_to(&mut futures, 4_000, 5_000);
    assert!(futures.holding(0, 0).position.is_flat());
    let lost = wallet.minus(futures.wallet(0, usdt())).unwrap();
    assert!(lost <= cash("9.005") && lost > cash("8.9"), "the wallet behind it stays: {lost}");
    assert_eq!(margin(&futures), Cash::ZERO);
    assert_eq!(futures.set_isolated(0, 0, false), Ok(true));
}

#[test]
fn good_till_a_date_is_so_by_the_wall_clock() {
    let mut futures = futures();
    futures.expire(1_000_000).unwrap();
    let until = |moment| Ticket { stay: Stay::Gtd(moment), ..limit(Side::Buy, 1_000, 9_000) };
    for late in [0, 1_600_000, 253_402_300_799_000, i64::MAX] {
        assert_eq!(futures.place(0, &until(late)), Err(Refusal::GoodTill), "{late}");
    }
    let id = futures.place(0, &until(1_601_000)).unwrap();
    futures.expire(1_600_999).unwrap();
    assert_eq!(futures.order(id).unwrap().status, Status::New);
    futures.expire(1_601_000).unwrap();
    assert_eq!(futures.order(id).unwrap().status, Status::Expired);
    assert_eq!((futures.open_orders(0).count(), futures.holding(0, 0).position.quantity), (0, Quantity::ZERO));
}

#[test]
fn margin_types_and_dates_by_their_documents() {
    let exchange = &mut usdm();
    let mut check = |method: &str, path: &str, query: &str, code: i64| {
        let (_, body) = ask(exchange, method, path, query);
        let found = body["code"].as_i64().unwrap_or(0);
        assert_eq!(found, code, "{method} {path}?{query}: {body}");
        body
    };
    check("POST", "v1/positionMargin", "symbol=AAAUSDT&amount=1&type=1", -4049);
    check("POST", "v1/marginType", "symbol=AAAUSDT&marginType=ISOLATED", 200);
    check("POST", "v1/marginType", "symbol=AAAUSDT&marginType=ISOLATED", -4046);
    check("POST", "v1/positionMargin", "symbol=AAAUSDT&amount=1&type=1", -4054);
    let gtd = "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTD&quantity=1&price=90";
    check("POST", "v1/order", gtd, -1102);
    check("POST", "v1/order", &format!("{gtd}&goodTillDate=1800000600000"), -5040);
    let order = check("POST", "v1/order", &format!("{gtd}&goodTillDate=1800000601999"), 0);
    assert_eq!((order["timeInForce"].as_str(), order["goodTillDate"].as_i64()), (Some("GTD"), Some(1_800_000_601_000)));
    check("POST", "v1/marginType", "symbol=AAAUSDT&marginType=CROSSED", -4047);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=MARKET&quantity=1", 0);
    check("POST", "v1/positionMargin", "symbol=AAAUSDT&amount=1&type=1", 200);
    check("POST", "v1/positionMargin", "symbol=AAAUSDT&amount=0&type=1", -4055);
    check("POST", "v1/positionMargin", "symbol=AAAUSDT&amount=5000&type=1", -4050);
    check("POST", "v1/positionMargin", "symbol=AAAUSDT&amount=5&type=2", -4051);
    check("POST", "v1/positionMargin", "symbol=AAAUSDT&amount=5&type=3", -1130);
    let told = check("GET", "v2/positionRisk", "symbol=AAAUSDT", 0);
    assert_eq!(told[0]["marginType"], "isolated");
    assert_eq!(told[0]["isolatedWallet"], "6.00500000");
    let account = check("GET", "v2/account", "", 0);
    let number = |name: &str| account[name].as_str().unwrap().parse::<Cash>().unwrap();
    assert_eq!(
        number("totalWalletBalance").minus(number("totalCrossWalletBalance")).unwrap(),
        cash("6.005"),
        "{account}"
    );
}
