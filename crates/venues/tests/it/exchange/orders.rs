//! Orders, lists and sums of trades as Binance's documents have them, over the wire.
use qframe_model::instrument::Bounds;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Rate};
use qframe_venues::exchange::binance::stream::frames;
use qframe_venues::exchange::binance::{Binance, Key, Proof};
use qframe_venues::exchange::core::{Commission, Core, Product};
use serde_json::Value;

use super::market::{at, binance, opening, price, product, trade, units};
use super::wire::{ask, signed_by};

fn post(exchange: &mut Binance, path: &str, parameters: &str) -> Value {
    signed_by(exchange, "k", "POST", path, &format!("symbol=AAAUSDT&{parameters}"), false).1
}

#[track_caller]
fn check(path: &str, parameters: &str, code: i64, text: &str) {
    let body = post(&mut binance(), path, parameters);
    assert_eq!(
        (body["code"].as_i64().unwrap_or(0), body["msg"].as_str().unwrap_or("")),
        (code, text),
        "{parameters}: {body}"
    );
}

#[test]
fn filters_are_told_by_their_names() {
    let limit = "side=BUY&type=LIMIT&timeInForce=GTC&quantity=1";
    check("order", &format!("{limit}&price=19.99"), -1013, "Filter failure: PERCENT_PRICE_BY_SIDE");
    check("order", &format!("{limit}&price=500.61"), -1013, "Filter failure: PERCENT_PRICE_BY_SIDE");
    check("order", &format!("{limit}&price=99&icebergQty=0.099"), -1013, "Filter failure: ICEBERG_PARTS");
    check("order", &format!("{limit}&price=99&icebergQty=1.5"), -2010, "IcebergQty exceeds QTY.");
    let ioc = "side=BUY&type=LIMIT&timeInForce=IOC&quantity=1&price=99&icebergQty=0.5";
    check("order", ioc, -2010, "Unsupported order combination");
    let trailing = "side=SELL&type=STOP_LOSS&quantity=1&trailingDelta=";
    check("order", &format!("{trailing}9"), -1013, "Filter failure: TRAILING_DELTA");
    check("order", &format!("{trailing}2001"), -1013, "Filter failure: TRAILING_DELTA");
    check("order", "side=SELL&type=STOP_LOSS&quantity=1&stopPrice=101", -2010, "Stop price would trigger immediately.");
    let without = "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!";
    check("order", "side=SELL&type=STOP_LOSS&quantity=1", -1102, without);
    let refused = "This symbol does not allow the specified self-trade prevention mode.";
    check("order", &format!("{limit}&price=99&selfTradePreventionMode=DECREMENT"), -1013, refused);
    let exchange = &mut binance();
    for _ in 0..5 {
        let stop = post(exchange, "order", "side=SELL&type=STOP_LOSS&quantity=0.1&stopPrice=90");
        assert!(stop["orderId"].is_u64(), "{stop}");
    }
    let sixth = post(exchange, "order", "side=SELL&type=STOP_LOSS&quantity=0.1&stopPrice=90");
    assert_eq!(sixth["msg"], "Filter failure: MAX_NUM_ALGO_ORDERS");
    let told = ask(exchange, "GET", "/api/v3/exchangeInfo", "").1;
    let names: Vec<_> =
        told["symbols"][0]["filters"].as_array().unwrap().iter().map(|one| &one["filterType"]).collect();
    assert!(names.contains(&&"ICEBERG_PARTS".into()) && names.contains(&&"TRAILING_DELTA".into()), "{names:?}");
}

#[test]
fn pairs_lie_on_their_sides() {
    let pair = |above: &str, below: &str, side: &str| {
        format!(
            "side={side}&quantity=1&aboveType={above}&belowType={below}&abovePrice=103&belowPrice=97&aboveStopPrice=102\
             &belowStopPrice=98&aboveTimeInForce=GTC&belowTimeInForce=GTC"
        )
    };
    check("orderList/oco", &pair("LIMIT", "STOP_LOSS_LIMIT", "SELL"), -1158, "Order type not supported in OCO.");
    let text = "A limit order in a buy OCO must be below.";
    check("orderList/oco", &pair("LIMIT_MAKER", "STOP_LOSS_LIMIT", "BUY"), -1165, text);
    let text = "A stop loss order in a sell OCO must be below.";
    check("orderList/oco", &pair("STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT", "SELL"), -1197, text);
    let both = post(&mut binance(), "orderList/oco", &pair("TAKE_PROFIT_LIMIT", "STOP_LOSS_LIMIT", "SELL"));
    assert_eq!((&both["contingencyType"], &both["listOrderStatus"]), (&"OCO".into(), &"EXECUTING".into()), "{both}");
}

#[test]
fn a_chain_is_told_as_documented() {
    let exchange = &mut binance();
    let chain = post(
        exchange,
        "orderList/otoco",
        "workingType=LIMIT&workingSide=BUY&workingPrice=100&workingQuantity=1&workingTimeInForce=GTC&pendingSide=SELL\
         &pendingQuantity=1&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=110&pendingBelowType=STOP_LOSS\
         &pendingBelowStopPrice=90&listClientOrderId=mine",
    );
    let reports = chain["orderReports"].as_array().unwrap();
    let states: Vec<_> = reports.iter().map(|one| (&one["status"], &one["type"])).collect();
    let word = |text: &str| Value::from(text);
    let (new, pending) = (word("NEW"), word("PENDING_NEW"));
    assert_eq!(
        states,
        [(&new, &word("LIMIT")), (&pending, &word("LIMIT_MAKER")), (&pending, &word("STOP_LOSS"))],
        "{chain}"
    );
    assert_eq!((&chain["contingencyType"], &chain["listClientOrderId"]), (&word("OTO"), &word("mine")));
    // Another user sells to it: what is behind it comes.
    let sell = "symbol=AAAUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=100";
    let (_, sold) = signed_by(exchange, "second", "POST", "order", sell, true);
    assert_eq!((&sold["status"], &sold["fills"][0]["price"]), (&word("FILLED"), &word("100.00000000")), "{sold}");
    let (_, open) = signed_by(exchange, "k", "GET", "openOrders", "symbol=AAAUSDT", false);
    assert!(
        open.as_array().unwrap().iter().all(|one| one["status"] == "NEW") && open[1]["isWorking"] == false,
        "{open}"
    );
    let (_, ended) = signed_by(exchange, "k", "DELETE", "orderList", "symbol=AAAUSDT&listClientOrderId=mine", false);
    assert_eq!(ended["listOrderStatus"], "ALL_DONE", "{ended}");
    let oto =
        "workingType=MARKET&workingSide=BUY&workingPrice=100&workingQuantity=1&pendingType=MARKET&pendingSide=SELL";
    check("orderList/oto", oto, -1116, "Invalid orderType.");
}

#[test]
fn a_prevented_order_says_so() {
    let exchange = &mut binance();
    post(exchange, "order", "side=SELL&type=LIMIT&timeInForce=GTC&quantity=2&price=100.05");
    let mode = "selfTradePreventionMode=EXPIRE_TAKER";
    let taker = post(exchange, "order", &format!("side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=100.05&{mode}"));
    let told = (&taker["status"], &taker["selfTradePreventionMode"], &taker["preventedQuantity"]);
    assert_eq!(told, (&"EXPIRED_IN_MATCH".into(), &"EXPIRE_TAKER".into(), &"1.00000000".into()), "{taker}");
}

/// What one order takes at one price is one sum, of several makers; the recorded rows stay as they are.
#[test]
fn sums_of_trades_are_by_taker_and_price() {
    let exchange = &mut binance();
    for price in ["100.05", "100.05", "100.06"] {
        let sell = format!("symbol=AAAUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.5&price={price}");
        signed_by(exchange, "second", "POST", "order", &sell, false);
    }
    post(exchange, "order", "side=BUY&type=LIMIT&timeInForce=IOC&quantity=1.5&price=100.06");
    let told = ask(exchange, "GET", "/api/v3/aggTrades", "symbol=AAAUSDT").1;
    let rows: Vec<_> =
        told.as_array().unwrap().iter().map(|one| (one["f"].as_u64(), one["l"].as_u64(), one["q"].as_str())).collect();
    let expected = [
        (Some(1), Some(1), Some("0.10000000")),
        (Some(2), Some(3), Some("1.00000000")),
        (Some(4), Some(4), Some("0.50000000")),
    ];
    assert_eq!(rows, expected, "{told}");
    assert_eq!((&told[1]["a"], &told[2]["a"]), (&2.into(), &3.into()));
    let mut count = |query: &str| {
        ask(exchange, "GET", "/api/v3/aggTrades", &format!("symbol=AAAUSDT&{query}")).1.as_array().unwrap().len()
    };
    assert_eq!((count("fromId=3"), count("limit=2"), count("fromId=1&limit=1")), (1, 2, 1));
    assert_eq!(
        (count("startTime=1700000000002"), count("endTime=1700000000001"), count("endTime=1600000000000")),
        (0, 3, 0)
    );
    exchange.core.advance(at(500));
    exchange.core.tick(0, &trade(501, 2, Side::Buy, 10_010, 100)).unwrap();
    let notices: Vec<_> = exchange.core.notices().collect();
    let sent: Vec<_> = notices.iter().flat_map(|notice| frames(&exchange.core, notice, |_| true)).collect();
    let sums: Vec<_> =
        sent.iter().filter(|(_, frame)| frame["e"] == "aggTrade").map(|(_, frame)| &frame["a"]).collect();
    assert_eq!(sums, [&Value::from(1), &2.into(), &3.into(), &4.into()], "a recorded sum is told at once");
}

/// The least and the most that the venue takes, as the catalog knows them.
#[test]
fn the_bounds_of_a_product_are_held_and_told() {
    let bounds = Bounds {
        min_quantity: units(100),
        max_quantity: Some(units(2_000)),
        min_price: price(5_000),
        max_price: Some(price(20_000)),
    };
    let rates = Commission { maker: Rate::ZERO, taker: Rate::ZERO };
    let mut core = Core::new(vec![Product { bounds, ..product() }], rates).unwrap();
    core.open(&[("USDT".parse().unwrap(), Cash::whole(1_000_000))]).unwrap();
    opening().iter().for_each(|tick| core.tick(0, tick).unwrap());
    let key = Key { name: "k".to_owned(), user: 0, proof: Proof::new("s").unwrap() };
    let exchange = &mut Binance::new(core, vec![key]);
    for (quantity, price, told) in [
        ("0.099", "100", "Filter failure: LOT_SIZE"),
        ("2.001", "100", "Filter failure: LOT_SIZE"),
        ("1", "49.99", "Filter failure: PRICE_FILTER"),
        ("1", "200.01", "Filter failure: PRICE_FILTER"),
    ] {
        let order = format!("side=BUY&type=LIMIT&timeInForce=GTC&quantity={quantity}&price={price}");
        assert_eq!(post(exchange, "order", &order)["msg"], told, "{order}");
    }
    let market = post(exchange, "order", "side=BUY&type=MARKET&quantity=0.05");
    assert_eq!(market["msg"], "Filter failure: LOT_SIZE", "{market}");
    let told = ask(exchange, "GET", "/api/v3/exchangeInfo", "").1;
    let filters = &told["symbols"][0]["filters"];
    let texts = [&filters[0]["minPrice"], &filters[0]["maxPrice"], &filters[1]["minQty"], &filters[1]["maxQty"]];
    assert_eq!(texts, ["50.00000000", "200.00000000", "0.10000000", "2.00000000"]);
}
