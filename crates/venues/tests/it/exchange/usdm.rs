//! Perpetuals: margin, funding and liquidation in figures, and what Binance's documents say that requests are answered with.
use qframe_model::market::{FundingRate, Side};
use qframe_model::number::{Cash, Rate};
use qframe_venues::exchange::binance::{Key, Proof, Request};
use qframe_venues::exchange::core::{Commission, Prevention, Product};
use qframe_venues::exchange::usdm::{
    Amount, Bracket, Cause, Futures, Happened, Mark, Notice, Refusal, Status, Stay, Ticket, Usdm, Wake, Watched,
};
use qframe_venues::sign::BinanceKey;
use serde_json::Value;

use super::market::{at, level, opening, price, trade, units};

const NOW: i64 = 1_800_000_000_000;

pub(crate) fn usdt() -> qframe_model::currency::Currency {
    "USDT".parse().unwrap()
}

fn product() -> Product {
    Product::perpetual(&"AAA/USDT:USDT".parse().unwrap(), price(1), units(1), Cash::whole(5)).unwrap()
}

/// Two users with 1,000 USDT each. Commissions: 0.02 % and 0.05 %.
pub(crate) fn futures() -> Futures {
    with(Vec::new(), Vec::new())
}

fn with(marks: Vec<Mark>, fundings: Vec<FundingRate>) -> Futures {
    let commission = Commission { maker: Rate::basis_points(2), taker: Rate::basis_points(5) };
    let mut futures = Futures::new(vec![product()], commission, Rate::basis_points(1)).unwrap();
    futures.record(0, marks, fundings);
    for _ in 0..2 {
        futures.open(&[(usdt(), Cash::whole(1_000))]).unwrap();
    }
    for tick in opening() {
        futures.tick(0, &tick).unwrap();
    }
    futures
}

pub(crate) fn at_market(side: Side, thousandths: i64) -> Ticket {
    Ticket {
        product: 0,
        side,
        wake: Wake::Now,
        watches: Watched::Last,
        limit: None,
        stay: Stay::Gtc,
        amount: Amount::Units(units(thousandths)),
        reduce_only: false,
        prevention: Prevention::default(),
        name: None,
        algo: false,
    }
}

pub(crate) fn limit(side: Side, thousandths: i64, cents: i64) -> Ticket {
    Ticket { limit: Some(price(cents)), ..at_market(side, thousandths) }
}

fn stop(side: Side, thousandths: i64, cents: i64) -> Ticket {
    Ticket { wake: Wake::Touch { trigger: price(cents), takes_profit: false }, ..at_market(side, thousandths) }
}

pub(crate) fn cash(text: &str) -> Cash {
    text.parse().unwrap()
}

/// The book moves to another price: the levels of [`opening`] go, and a level of ten units a side comes.
pub(crate) fn move_to(futures: &mut Futures, millis: i64, cents: i64) {
    futures.tick(0, &super::market::clear(millis)).unwrap();
    futures.tick(0, &level(millis, Side::Buy, cents - 5, 10_000, false)).unwrap();
    futures.tick(0, &level(millis, Side::Sell, cents + 5, 10_000, true)).unwrap();
    futures.advance(at(millis + 1_000)).unwrap();
}

#[test]
fn a_position_in_figures() {
    let mut futures = futures();
    futures.advance(at(1_000)).unwrap();
    // Two units at 100.10 and one at 100.20; the mark price is 100.00, half-way.
    let id = futures.place(0, &at_market(Side::Buy, 3_000)).unwrap();
    assert_eq!(futures.order(id).unwrap().status, Status::Filled);
    let (fee, standing) = (cash("0.1502"), futures.standing(0, usdt()).unwrap());
    assert_eq!(futures.earned(0, usdt(), Cause::Commission), -fee);
    assert_eq!(standing.wallet, Cash::whole(1_000).minus(fee).unwrap());
    assert_eq!((standing.unrealised, standing.initial), (cash("-0.4"), cash("15")), "300 at the mark price, 20 times");
    assert_eq!(standing.maintenance, cash("1.2"), "0.4 % of 300");
    let sold = futures.place(0, &at_market(Side::Sell, 1_000)).unwrap();
    let realised = futures.executions(0).last().unwrap().realised;
    // A third of 300.40 is not a decimal: the realised profit is rounded at 1e-18, and the rest stays in the position.
    assert_eq!(futures.order(sold).unwrap().value, cash("99.9"));
    assert_eq!(realised, cash("-0.233333333333333333"));
    let holding = futures.holding(0, 0);
    assert_eq!(holding.position.cost, cash("200.266666666666666667"));
    assert_eq!(futures.liquidation_price(0, 0).unwrap(), None, "a thousand stands behind two hundred");
}

#[test]
fn margin_is_judged() {
    let check = |ticket: &Ticket, expected: Result<(), Refusal>| {
        let mut futures = futures();
        futures.advance(at(1_000)).unwrap();
        assert_eq!(futures.test(0, ticket), expected, "{ticket:?}");
        assert_eq!(futures.place(0, ticket).map(|_| ()), expected, "{ticket:?}");
    };
    // 20,000 is the most at twenty times; a limit above the mark price loses the difference at once.
    check(&limit(Side::Buy, 200_000, 10_000), Ok(()));
    check(&limit(Side::Buy, 200_001, 10_000), Err(Refusal::Margin));
    check(&limit(Side::Buy, 200_000, 10_001), Err(Refusal::Margin));
    check(&limit(Side::Sell, 200_000, 10_000), Ok(()));
    check(&Ticket { stay: Stay::Gtx, ..limit(Side::Buy, 1_000, 10_010) }, Err(Refusal::WouldTake));
    check(&Ticket { stay: Stay::Gtx, ..limit(Side::Buy, 1_000, 10_009) }, Ok(()));
    check(&Ticket { stay: Stay::Fok, ..limit(Side::Buy, 4_001, 10_020) }, Err(Refusal::Unfillable));
    check(&Ticket { stay: Stay::Fok, ..limit(Side::Buy, 4_000, 10_020) }, Ok(()));
    check(&Ticket { reduce_only: true, ..at_market(Side::Sell, 1_000) }, Err(Refusal::ReduceOnly));
    check(&stop(Side::Buy, 1_000, 10_010), Err(Refusal::WouldTrigger));
    check(&stop(Side::Buy, 1_000, 10_011), Ok(()));
    check(&limit(Side::Buy, 49, 10_000), Err(Refusal::Notional(Cash::whole(5))));
    check(&limit(Side::Buy, 0, 10_000), Err(Refusal::TooSmall));
    let mut futures = futures();
    assert_eq!(futures.set_leverage(0, 0, 126), Err(Refusal::Leverage(126)));
    assert_eq!(futures.set_leverage(0, 0, 125), Ok(Bracket::most(125)));
    assert_eq!(futures.place(0, &limit(Side::Buy, 501_000, 10_000)).unwrap_err(), Refusal::Position, "over 50,000");
    futures.place(0, &limit(Side::Buy, 400_000, 9_000)).unwrap();
    assert_eq!(futures.set_leverage(0, 0, 20), Err(Refusal::LowLeverage));
}

#[test]
fn reducing_orders_never_turn_a_position() {
    let mut futures = futures();
    futures.place(0, &at_market(Side::Buy, 1_000)).unwrap();
    // Both rest at the same price, each for all of the position, and one trade goes through both.
    let one = Ticket { reduce_only: true, ..limit(Side::Sell, 1_000, 10_030) };
    let ids = [futures.place(0, &one).unwrap(), futures.place(0, &one).unwrap()];
    futures.tick(0, &trade(2_000, 9, Side::Buy, 10_050, 50_000)).unwrap();
    assert!(futures.holding(0, 0).position.is_flat());
    let [first, second] = ids.map(|id| futures.order(id).unwrap().clone());
    assert_eq!((first.status, second.status), (Status::Filled, Status::Expired));
    assert!(second.filled.is_zero());
    let large = Ticket { reduce_only: true, ..at_market(Side::Buy, 9_000) };
    futures.place(0, &at_market(Side::Sell, 1_000)).unwrap();
    let id = futures.place(0, &large).unwrap();
    assert_eq!(futures.order(id).unwrap().quantity, units(1_000), "cut to the position");
    assert!(futures.holding(0, 0).position.is_flat());
}

#[test]
fn what_reduces_is_cut_with_its_position() {
    let mut futures = futures();
    futures.place(0, &at_market(Side::Buy, 1_000)).unwrap();
    let id = futures.place(0, &Ticket { reduce_only: true, ..limit(Side::Sell, 1_000, 10_000) }).unwrap();
    futures.place(0, &at_market(Side::Sell, 700)).unwrap();
    assert_eq!(futures.order(id).unwrap().quantity, units(300));
    // Somebody else takes more than that: nobody sells him the rest.
    futures.place(1, &Ticket { stay: Stay::Ioc, ..limit(Side::Buy, 1_000, 10_000) }).unwrap();
    assert_eq!(futures.holding(1, 0).position.quantity, units(300));
    assert!(futures.holding(0, 0).position.is_flat());
    assert_eq!(futures.order(id).unwrap().status, Status::Filled);
    assert_eq!(futures.open_orders(0).count(), 0);
}

#[test]
fn who_meets_himself_says_what_ends() {
    let check = |prevention: Prevention, status: [Status; 2]| {
        let mut futures = futures();
        let ids = [Side::Buy, Side::Sell]
            .map(|side| futures.place(0, &Ticket { prevention, ..limit(side, 100, 10_000) }).unwrap());
        assert_eq!(ids.map(|id| futures.order(id).unwrap().status), status, "{prevention:?}");
    };
    check(Prevention::Allow, [Status::Filled, Status::Filled]);
    check(Prevention::ExpireMaker, [Status::Prevented, Status::New]);
    check(Prevention::ExpireTaker, [Status::New, Status::Prevented]);
    check(Prevention::ExpireBoth, [Status::Prevented, Status::Prevented]);
}

#[test]
fn triggers_wake_orders() {
    let mut futures = futures();
    futures.place(0, &at_market(Side::Buy, 2_000)).unwrap();
    let close = Ticket { amount: Amount::Position, ..stop(Side::Sell, 0, 9_950) };
    let by_mark = Ticket { watches: Watched::Mark, reduce_only: true, ..stop(Side::Sell, 500, 9_970) };
    let trail = Ticket {
        wake: Wake::Trail { callback: Rate::percent(1), activation: None },
        reduce_only: true,
        ..at_market(Side::Sell, 500)
    };
    let [close, by_mark, trail] = [close, by_mark, trail].map(|ticket| futures.place(0, &ticket).unwrap());
    let waits = |futures: &Futures, id: u64| futures.order(id).unwrap().waits();
    // The last price touches 99.70, which the mark price does not.
    futures.tick(0, &trade(1_500, 2, Side::Sell, 9_970, 1)).unwrap();
    assert!([close, by_mark, trail].iter().all(|id| waits(&futures, *id)));
    move_to(&mut futures, 2_000, 9_970);
    assert_eq!(futures.order(by_mark).unwrap().status, Status::Filled);
    // The best was 101.00: one percent below it is 99.99.
    futures.tick(0, &trade(4_000, 3, Side::Buy, 10_100, 1)).unwrap();
    assert!(waits(&futures, trail));
    futures.tick(0, &trade(4_001, 4, Side::Sell, 10_000, 1)).unwrap();
    assert!(waits(&futures, trail));
    futures.tick(0, &trade(4_002, 5, Side::Sell, 9_999, 1)).unwrap();
    assert_eq!(futures.order(trail).unwrap().status, Status::Filled);
    futures.tick(0, &trade(4_003, 6, Side::Sell, 9_950, 1)).unwrap();
    let closed = futures.order(close).unwrap();
    assert_eq!((closed.status, closed.quantity), (Status::Filled, units(1_000)), "what was left");
    assert!(futures.holding(0, 0).position.is_flat());
}

#[test]
fn funding_is_paid_when_it_is_due() {
    let funding = |millis, rate, mark| FundingRate { time: at(millis), rate, mark };
    let recorded = vec![
        funding(-5_000, Rate::percent(1), None),
        funding(10_000, Rate::basis_points(-10), Some(price(20_000))),
        funding(20_000, Rate::percent(1), None),
    ];
    let mut futures = with(Vec::new(), recorded);
    futures.place(0, &at_market(Side::Buy, 1_000)).unwrap();
    futures.place(1, &at_market(Side::Sell, 1_000)).unwrap();
    let paid = |futures: &Futures| [0, 1].map(|user| futures.earned(user, usdt(), Cause::Funding));
    futures.advance(at(9_999)).unwrap();
    assert_eq!((paid(&futures), futures.contracts()[0].past().len()), ([Cash::ZERO; 2], 1), "the first was before");
    futures.advance(at(10_500)).unwrap();
    assert_eq!(paid(&futures), [cash("0.2"), cash("-0.2")], "shorts pay a tenth of a percent of 200");
    futures.advance(at(30_000)).unwrap();
    assert_eq!(paid(&futures), [cash("-0.8"), cash("0.8")], "longs pay a percent of the mark price");
    let told: Vec<_> =
        futures.notices().filter(|one| matches!(one, Notice::Account { cause: Cause::Funding, .. })).collect();
    assert_eq!(told.len(), 4);
    let times = futures.incomes(0).filter(|one| one.cause == Cause::Funding).map(|one| one.time);
    assert!(times.eq([at(10_000), at(20_000)]), "when they were due, though the clock jumped over them");
}

#[test]
fn nothing_recorded_is_funded_every_eight_hours() {
    let mut futures = futures();
    futures.advance(at(1_000)).unwrap();
    futures.place(0, &at_market(Side::Buy, 1_000)).unwrap();
    // The tests' clock begins at 22:13:20.
    futures.advance(at(86_400_000)).unwrap();
    assert_eq!(futures.contracts()[0].past().len(), 3);
    assert_eq!(futures.earned(0, usdt(), Cause::Funding), cash("-0.03"), "three times a hundredth of a percent of 100");
}

#[test]
fn a_position_without_margin_is_closed_through_the_book() {
    let mut futures = futures();
    futures.advance(at(1_000)).unwrap();
    futures.set_leverage(0, 0, 20).unwrap();
    futures.place(0, &at_market(Side::Buy, 15_000)).unwrap();
    futures.place(0, &limit(Side::Buy, 20_000, 1_000)).unwrap();
    let gone = futures.liquidation_price(0, 0).unwrap().unwrap();
    // W + q p - C = |q| p r, with the wallet behind the commission and a cost of 1,507.00 for 15 units.
    let holding = futures.holding(0, 0);
    let wallet = futures.wallet(0, usdt());
    let left = holding.position.cost.minus(wallet).unwrap();
    assert_eq!(gone, left.per_unit(units(15_000).share(996, 1_000).unwrap()).unwrap());
    let cents = gone.nanos() / 10_000_000;
    futures.notices().for_each(drop);
    move_to(&mut futures, 2_000, cents + 2);
    assert_eq!(futures.holding(0, 0).position.quantity, units(15_000));
    move_to(&mut futures, 4_000, cents - 300);
    assert!(futures.holding(0, 0).position.is_flat());
    assert_eq!(futures.open_orders(0).count(), 0);
    let forced = futures.orders(0).find(|order| order.forced).unwrap();
    assert_eq!(forced.status, Status::Filled);
    assert!(!futures.wallet(0, usdt()).is_negative(), "the insurance fund pays what is missing");
    // The book has ten units, below the bankruptcy price: it sells none of them, and the fund takes all.
    let limit = forced.ticket.limit.unwrap();
    assert!(futures.executions(0).filter(|one| one.order == forced.id).all(|one| one.price == limit));
    let notices: Vec<_> = futures.notices().collect();
    assert!(notices.iter().any(|one| matches!(one, Notice::MarginCall { user: 0, .. })), "a call comes first");
    assert!(
        notices
            .iter()
            .any(|one| matches!(one, Notice::Order { order, happened: Happened::Traded(_), .. } if order.forced))
    );
}

#[test]
fn recorded_mark_prices_are_the_mark_price() {
    let mark = |millis, cents: i64, rate, due| Mark { time: at(millis), price: price(cents), rate, due: at(due) };
    let marks = vec![
        mark(500, 10_500, Rate::basis_points(3), 5_000),
        mark(4_000, 10_600, Rate::basis_points(4), 5_000),
        // The message of the instant at which it was due tells of the next one.
        mark(5_000, 10_700, Rate::basis_points(9), 28_805_000),
        // A message that tells of what is paid already does not make it due again.
        mark(5_500, 10_700, Rate::basis_points(9), 5_000),
        mark(5_600, 10_700, Rate::basis_points(9), 28_805_000),
    ];
    let mut futures = with(marks, Vec::new());
    futures.place(0, &at_market(Side::Buy, 1_000)).unwrap();
    futures.advance(at(1_000)).unwrap();
    assert_eq!(futures.contracts()[0].mark().map(|mark| mark.price), Some(price(10_500)));
    futures.advance(at(6_000)).unwrap();
    let now = futures.contracts()[0].mark().unwrap();
    assert_eq!((now.price, now.rate, now.due), (price(10_700), Rate::basis_points(9), at(28_805_000)));
    assert_eq!(futures.earned(0, usdt(), Cause::Funding), cash("-0.0424"), "four hundredths of a percent of 106");
    futures.advance(at(60_000)).unwrap();
    assert_eq!(futures.contracts()[0].mark().map(|mark| mark.price), Some(price(10_000)), "the book, once they end");
}

pub(crate) fn usdm() -> Usdm {
    let mut futures = futures();
    futures.advance(at(1_000)).unwrap();
    Usdm::new(futures, vec![Key { name: "k".to_owned(), user: 0, proof: Proof::new("s").unwrap() }])
}

/// A request, signed where it is one of a user; its parameters in the form where it posts.
pub(crate) fn ask(exchange: &mut Usdm, method: &str, path: &str, parameters: &str) -> (u16, Value) {
    let payload = format!("{parameters}&timestamp={NOW}").trim_start_matches('&').to_owned();
    let signature = BinanceKey::new("s").unwrap().sign(&payload);
    let text = format!("{payload}&signature={signature}");
    let (query, body) = if method == "POST" { (String::new(), text) } else { (text, String::new()) };
    let key = Some("k".to_owned());
    let request = Request { method: method.to_owned(), path: format!("/fapi/{path}"), key, query, body };
    let answer = exchange.answer(&request, NOW);
    (answer.status, answer.body)
}

#[test]
fn addresses_by_their_documents() {
    let exchange = &mut usdm();
    let mut check = |method: &str, path: &str, query: &str, code: i64| {
        let (status, body) = ask(exchange, method, path, query);
        let found = body["code"].as_i64().unwrap_or(0);
        assert!(
            found == code && (status == 200) == matches!(code, 0 | 200),
            "{method} {path}?{query}: {status} {body}"
        );
    };
    for path in
        ["ping", "time", "exchangeInfo", "premiumIndex", "fundingRate", "fundingInfo", "ticker/24hr", "ticker/price"]
    {
        check("GET", &format!("v1/{path}"), "", 0);
    }
    for path in ["depth", "trades", "aggTrades", "premiumIndex", "openInterest", "ticker/bookTicker"] {
        check("GET", &format!("v1/{path}"), "symbol=AAAUSDT", 0);
        check("GET", &format!("v1/{path}"), "symbol=BBBUSDT", -1121);
    }
    check("GET", "v1/klines", "symbol=AAAUSDT&interval=1m", 0);
    check("GET", "v1/markPriceKlines", "symbol=AAAUSDT&interval=7m", -1120);
    check("GET", "v1/nothing", "", -1000);
    check("POST", "v1/depth", "symbol=AAAUSDT", -1000);
    let order = "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=99";
    check("POST", "v1/order/test", order, 0);
    check("POST", "v1/order", order, 0);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=99.001", -4014);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1.0001&price=99", -1111);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=99", -4164);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=900&price=99", -2019);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=LIMIT&timeInForce=GTX&quantity=1&price=101", -5022);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=LIMIT&quantity=1&price=99", -1102);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=MARKET&quantity=1&price=99", -1106);
    check("POST", "v1/order", "symbol=AAAUSDT&side=SELL&type=MARKET&quantity=1&reduceOnly=true", -2022);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=MARKET&quantity=1&positionSide=LONG", -4061);
    check("POST", "v1/order", "symbol=AAAUSDT&side=BUY&type=STOP_MARKET&quantity=1&stopPrice=99", -2021);
    check(
        "POST",
        "v1/order",
        "symbol=AAAUSDT&side=BUY&type=STOP_MARKET&quantity=1&closePosition=true&stopPrice=110",
        -4137,
    );
    check("POST", "v1/algoOrder", "symbol=AAAUSDT&side=BUY&type=LIMIT&quantity=1&algoType=CONDITIONAL", -1116);
    check("GET", "v1/order", "symbol=AAAUSDT&orderId=99", -2013);
    check("DELETE", "v1/order", "symbol=AAAUSDT&orderId=99", -2011);
    check("POST", "v1/leverage", "symbol=AAAUSDT&leverage=126", -4028);
    check("POST", "v1/marginType", "symbol=AAAUSDT&marginType=CROSSED", -4046);
    check("POST", "v1/marginType", "symbol=AAAUSDT&marginType=ISOLATED", -4047);
    check("POST", "v1/positionSide/dual", "dualSidePosition=true", -1020);
    check("POST", "v1/positionSide/dual", "dualSidePosition=false", -4059);
    for path in
        ["v2/account", "v3/account", "v2/balance", "v3/balance", "v2/positionRisk", "v3/positionRisk", "v1/income"]
    {
        check("GET", path, "", 0);
    }
    check("DELETE", "v1/allOpenOrders", "symbol=AAAUSDT", 200);
}

#[test]
fn a_user_has_one_listen_key() {
    let exchange = &mut usdm();
    let (_, first) = ask(exchange, "POST", "v1/listenKey", "");
    let (_, again) = ask(exchange, "POST", "v1/listenKey", "");
    assert_eq!(first, again);
    let key = first["listenKey"].as_str().unwrap();
    assert_eq!(exchange.listener(key, NOW), Some(0));
    assert_eq!(ask(exchange, "DELETE", "v1/listenKey", "").0, 200);
    assert_eq!(exchange.listener(key, NOW), None);
}

/// Two stops waited at one price. The first that woke sold to another user, that trade woke the second, and then the price that
/// had woken the first woke the second once more: it filled two units of its one.
#[test]
fn an_order_wakes_once() {
    let mut futures = futures();
    futures.advance(at(1_000)).unwrap();
    futures.place(1, &limit(Side::Buy, 10_000, 9_995)).unwrap();
    let stops = [(); 2].map(|()| futures.place(0, &stop(Side::Sell, 1_000, 9_996)).unwrap());
    futures.tick(0, &trade(1_050, 2, Side::Sell, 9_996, 1)).unwrap();
    futures.advance(at(1_100)).unwrap();
    for id in stops {
        let order = futures.order(id).unwrap();
        assert_eq!((order.status, order.filled), (Status::Filled, units(1_000)), "{order:?}");
    }
    assert_eq!(futures.holding(0, 0).position.quantity, -units(2_000));
}
