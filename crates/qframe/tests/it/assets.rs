//! Shares, futures, perpetuals and currencies out of the catalog: what a run pays, earns and says by itself.
use qframe_data::catalog::{Catalog, Conflict};
use qframe_data::{DataKey, Kind, Rows};
use qframe_model::market::{Bar, CorporateAction, DatedAction, Dividend, FundingRate};
use qframe_model::number::{Price, Quantity, Volume};
use qframe_model::time::{Span, Time};
use serde_json::Value;

use crate::program::Program;

pub(crate) fn put(program: &Program, kind: Kind, name: &str, rows: Rows) {
    let (symbol, venue) = name.split_once('@').unwrap();
    let frame = kind.is_bars().then(|| "1d".parse().unwrap());
    let key = DataKey { kind, venue: venue.to_owned(), symbol: symbol.parse().unwrap(), frame };
    let catalog = Catalog::open(program.path("catalog")).unwrap();
    catalog.merge(&key, std::iter::once(rows), Conflict::Refuse).unwrap();
}

fn day(number: u32) -> Time {
    format!("2024-02-{number:02}").parse().unwrap()
}

/// Bars from the first of February on, flat at prices in cents, with volumes.
pub(crate) fn flat(first: u32, rows: &[(i64, i64)]) -> Rows {
    let bar = |(number, (cents, volume)): (u32, &(i64, i64))| {
        let price = Price::from_nanos(cents * 10_000_000);
        let volume = Volume::new(Quantity::whole(*volume)).unwrap();
        Bar { time: day(number), open: price, high: price, low: price, close: price, volume }
    };
    Rows::Bars((first..).zip(rows).map(bar).collect())
}

fn actions(rows: &[(u32, CorporateAction)]) -> Rows {
    Rows::Actions(rows.iter().map(|(number, action)| DatedAction { time: day(*number), action: *action }).collect())
}

/// A share that splits and pays, two contracts of ES, a perpetual with funding, and a pair with bid and ask.
pub(crate) fn fill(program: &Program) {
    let dividend = CorporateAction::Dividend(Dividend::at_once("1".parse().unwrap()));
    let split = CorporateAction::Split("2".parse().unwrap());
    let price = |number: u32| if number < 15 { 10_000 } else { 5_000 };
    put(program, Kind::Bars, "ACME@nyse", flat(1, &(1..29).map(|number| (price(number), 100)).collect::<Vec<_>>()));
    put(program, Kind::Actions, "ACME@nyse", actions(&[(8, dividend), (15, split), (20, dividend)]));
    let near = |number: i64| (480_000 + 100 * number, if number < 10 { 900 } else { 5 });
    let far = |number: i64| (485_000 + 100 * number, if number < 10 { 5 } else { 900 });
    put(program, Kind::Bars, "ES-20240216@cme", flat(1, &(1..17).map(near).collect::<Vec<_>>()));
    put(program, Kind::Bars, "ES-20240315@cme", flat(1, &(1..29).map(far).collect::<Vec<_>>()));
    let coin: Vec<_> = (1..29).map(|number| (10_000 + 10 * (number % 5), 1)).collect();
    put(program, Kind::Bars, "ETH/USDT:USDT@binance", flat(1, &coin));
    put(program, Kind::Bars, "ETH/USDT@okx", flat(1, &coin));
    // Some milliseconds behind the full hour, as venues write them down.
    let rate = |number: u32| FundingRate {
        time: day(number) + Span::from_nanos(3_000_000),
        rate: "0.001".parse().unwrap(),
        mark: None,
    };
    put(program, Kind::Funding, "ETH/USDT:USDT@binance", Rows::Funding((2..29).map(rate).collect()));
    let side = |cents: i64| (1..29).map(|number| (100 + number % 3 + cents, 0)).collect::<Vec<_>>();
    put(program, Kind::Bids, "EUR/USD@oanda", flat(1, &side(0)));
    put(program, Kind::Asks, "EUR/USD@oanda", flat(1, &side(2)));
}

fn json(program: &Program, words: &str) -> Value {
    let answer = program.run(&format!("{words} --json"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

/// The last equity of buying so many units on the second day, without fees.
#[track_caller]
fn check_equity(program: &Program, words: &str, expected: f64) {
    let report = json(
        program,
        &format!("backtest --strategy buy-and-hold --size 10 --cash 100000 --fee 0 --currency USD {words}"),
    );
    assert_eq!(report["stats"]["Equity Final [$]"].as_f64().unwrap(), expected, "{words}");
}

#[test]
fn a_raw_share_is_paid_its_dividends_and_split_by_itself() {
    let program = Program::new();
    fill(&program);
    // Ten shares pay 1 each, become twenty, and pay 1 each.
    check_equity(&program, "--data ACME", 100_030.0);
    check_equity(&program, "--data ACME --actions none", 99_500.0);
    check_equity(&program, "--data ACME --dividends none --splits none", 99_500.0);
    check_equity(&program, "--data ACME --dividends none", 100_000.0);
    program.write("other.csv", "time,amount\n2023-01-01,1\n");
    check_equity(&program, "--data ACME --dividends other.csv", 100_000.0);
    let text = program.run("backtest --data ACME --strategy buy-and-hold --plain").out();
    assert!(
        text.contains("With dividends of ACME: 2 from 2024-02-08 to 2024-02-20 (the catalog, ACME@nyse)"),
        "{text}"
    );
    assert!(text.contains("With splits of ACME: 1 from 2024-02-15 to 2024-02-15 (the catalog, ACME@nyse)"), "{text}");
    let wrong = program.run("backtest --data ACME --actions some");
    assert_eq!((wrong.code(), wrong.error().contains("--actions some: expected catalog, none")), (2, true));
}

#[test]
fn adjusted_bars_are_a_set_beside_the_raw_ones() {
    let program = Program::new();
    fill(&program);
    let split = json(&program, "data adjust ACME --mode split");
    assert_eq!((split["steps"][0]["price"].as_str(), split["reversible"].as_bool()), (Some("0.5"), Some(true)));
    assert_eq!(split["written"], "ACME@nyse.split bars 1d");
    json(&program, "data adjust ACME --mode total-return");
    json(&program, "data adjust ACME --mode total-return");
    // A name without a venue still means the raw ones, and the adjusted ones pay nothing on top.
    check_equity(&program, "--data ACME", 100_030.0);
    check_equity(&program, "--data ACME@nyse.split", 100_000.0);
    let shown = json(&program, "data show ACME@nyse.total-return --rows 1");
    // 99 / 100, then 49 / 50, of half the price.
    assert_eq!(shown["first_rows"][0]["close"], "48.51");
    json(&program, "data adjust ACME --mode none --out raw.csv");
    assert!(std::fs::read_to_string(program.path("raw.csv")).unwrap().contains("2024-02-01T00:00:00Z,100,100"));
    let refused = |words: &str, says: &str| {
        let answer = program.run(words);
        assert!(answer.code() != 0 && answer.error().contains(says), "{words}: {}", answer.error());
    };
    refused("data adjust ACME --mode none", "the catalog has these bars already");
    refused("data adjust ACME --mode splits", "expected one of none, split, total-return");
    refused("data adjust ACNE --mode split", "did you mean ACME?");
    refused("data adjust ETH/USDT:USDT --mode split", "has no dividends and splits of it");
}

/// Yahoo's prices are adjusted for splits and come with the splits: each would count twice.
#[test]
fn splits_that_the_prices_do_not_show_are_left_out_and_said() {
    let program = Program::new();
    let split = CorporateAction::Split("2".parse().unwrap());
    put(&program, Kind::Bars, "YHOO@yahoo", flat(1, &[(5_000, 1); 28]));
    put(&program, Kind::Actions, "YHOO@yahoo", actions(&[(15, split)]));
    check_equity(&program, "--data YHOO", 100_000.0);
    let out = program.run("backtest --data YHOO --strategy buy-and-hold --plain").out();
    assert!(out.contains("1 left out: the prices do not show them and seem to be adjusted"), "{out}");
    let answer = program.run("data adjust YHOO --mode split");
    assert!(answer.error().contains("2024-02-15: the prices do not show this split"), "{}", answer.error());
}

#[test]
fn contracts_are_rolled_and_traded() {
    let program = Program::new();
    fill(&program);
    let rolled = json(&program, "data roll ES --rule volume --adjust difference");
    let expected = serde_json::json!([{
        "date": "2024-02-11", "from": "ES-20240216", "to": "ES-20240315", "from_price": "4810", "to_price": "4860",
        "ratio": "1.01039501", "difference": "50", "priced_at": "2024-02-10T00:00:00Z",
    }]);
    assert_eq!(rolled["rolls"], expected);
    assert_eq!(rolled["contracts"], serde_json::json!(["ES-20240216", "ES-20240315"]));
    // One contract of 50 from the 2nd to the 28th: 26 points, and no jump of 50.
    let words = "--data ES --size 1 --leverage 20";
    let report = json(&program, &format!("backtest --strategy buy-and-hold --cash 100000 --fee 0 {words}"));
    assert_eq!(report["stats"]["Equity Final [$]"].as_f64().unwrap(), 101_300.0);
    // A roll is two trades, at 4810 and 4860: 2 a contract each, and half of a spread of 0.02 %, up to the tick.
    let costs = "--fee 2/unit --spread 2bp --slippage 0";
    let run =
        |more: &str| json(&program, &format!("backtest --strategy buy-and-hold --cash 100000 {costs} {words} {more}"));
    let (charged, free) = (run(""), run("--roll-costs none"));
    let last = |report: &Value| report["stats"]["Equity Final [$]"].as_f64().unwrap();
    assert_eq!((&charged["stats"]["Fees [$]"], &free["stats"]["Fees [$]"]), (&"6".into(), &"2".into()));
    assert_eq!(last(&free) - last(&charged), 4.0 + 50.0 * (0.5 + 0.5));
    assert_eq!(
        (&charged["settings"]["roll-costs"], &free["settings"]["roll-costs"]),
        (&"charge".into(), &"none".into())
    );
    let text = program.run(&format!("backtest --strategy buy-and-hold --cash 100000 {words} --plain")).out();
    assert!(
        text.contains("With 1 roll of ES from 2024-02-11 to 2024-02-11: two fees and two crossings each"),
        "{text}"
    );
    let text = program.run("data roll ES --rule date --days 3 --adjust none").out();
    assert!(
        text.contains("2024-02-13  ES-20240216 -> ES-20240315  4812 -> 4862 at 2024-02-12T00:00:00Z, ratio "),
        "{text}"
    );
    let refused = |words: &str, says: &str| {
        let answer = program.run(words);
        assert!(answer.code() != 0 && answer.error().contains(says), "{words}: {}", answer.error());
    };
    refused("data roll ES --rule volumes --adjust none", "expected date, volume or open-interest");
    refused("data roll ES --rule volume --adjust no", "expected none, ratio or difference");
    refused("data roll ES --rule volume --days 3 --adjust none", "it goes with --rule date");
    refused("data roll ES --rule open-interest --adjust none", "no open interest is known of these contracts; import");
    refused("data roll NQ --rule volume --adjust none", "no bars of contracts with that root");
    program.write("es_openinterest_202402.csv", "20240201 00:00,7\n20240201 00:00,9\n");
    let words = "data roll ES --rule open-interest --open-interest es_openinterest_202402.csv --adjust none";
    refused(words, "line 2: \"20240201 00:00,9\"; expected a day, later than the one before");
    let refused_too = program.run("data import es_openinterest_202402.csv --venue cme");
    assert!(refused_too.error().contains("expected a day, later than the one before"), "{}", refused_too.error());
}

/// Longer bars roll elsewhere, and stand beside the shorter ones under one name.
#[test]
fn bars_of_each_length_have_their_own_rolls() {
    let program = Program::new();
    fill(&program);
    json(&program, "data resample ES-20240216@cme --to 1w");
    json(&program, "data resample ES-20240315@cme --to 1w");
    let roll = |frame: &str| {
        let rolled = json(&program, &format!("data roll ES --rule volume --adjust difference --timeframe {frame}"));
        rolled["rolls"][0]["date"].as_str().unwrap().to_owned()
    };
    let told = |frame: &str| {
        let words = "backtest --data ES@cme.rolled-volume-difference --strategy buy-and-hold --leverage 20 --plain";
        let text = program.run(&format!("{words} --timeframe {frame}")).out();
        let told = text.lines().find(|line| line.contains("With 1 roll of ES")).unwrap_or(&text);
        told.split_whitespace().find(|word| word.starts_with("2024-")).unwrap().to_owned()
    };
    let (days, weeks) = (roll("1d"), roll("1w"));
    assert_ne!(days, weeks);
    assert_eq!((told("1d"), told("1w")), (days.clone(), weeks.clone()));
    assert_eq!(roll("1d"), days);
    assert_eq!((told("1d"), told("1w")), (days, weeks));
}

/// What nobody said of a contract is by the rulebook, and is said; open interest is imported once and known from then on.
#[test]
fn what_is_assumed_of_a_contract_is_said() {
    let program = Program::new();
    fill(&program);
    let rolled = json(&program, "data roll ES --rule volume --adjust none");
    assert_eq!(rolled["assumed"], "ES: 50 units a contract, tick 0.25, in USD (rulebook of CME)");
    let run = |more: &str| {
        let words =
            "backtest --data ES-20240216@cme --strategy buy-and-hold --size 1 --leverage 20 --cash 100000 --fee 0";
        let answer = program.run(&format!("{words} {more}"));
        assert_eq!(answer.code(), 0, "{}", answer.error());
        answer.out()
    };
    assert!(run("").contains("assumed of ES: 50 units a contract, tick 0.25, in USD (rulebook of CME)"), "{}", run(""));
    let told = run("--multiplier 10");
    assert!(!told.contains("assumed of"), "{told}");
    assert_ne!(
        told.lines().find(|line| line.contains("Equity Final")),
        run("").lines().find(|line| line.contains("Equity Final"))
    );
    let rolled = program
        .run("backtest --data ES@cme.rolled-volume-none --strategy buy-and-hold --size 1 --leverage 20 --plain")
        .out();
    assert!(rolled.contains("assumed of ES: 50 units a contract"), "{rolled}");
    let refused = program.run("backtest --data ACME --multiplier 10");
    assert!(refused.error().contains("ACME is no contract; only those stand for several units"), "{}", refused.error());
    program.write("es_openinterest_202402.csv", "20240201 00:00,7\n20240205 00:00,5\n");
    program.write("es_openinterest_202403.csv", "20240201 00:00,4\n20240205 00:00,6\n");
    let import = "data import es_openinterest_202402.csv es_openinterest_202403.csv --venue cme";
    let answer = program.run(import).out();
    assert!(
        answer.contains("ES-20240216@cme open interest, 2 days")
            && answer.ends_with(", 4 days of open interest; 4 added\n"),
        "{answer}"
    );
    assert!(program.run(import).out().ends_with("; nothing new (4 there already)\n"));
    // That of the 5th is known on the 6th, and acted on the day after.
    let rolled = json(&program, "data roll ES --rule open-interest --adjust none");
    assert_eq!(rolled["rolls"][0]["date"], "2024-02-07");
}

#[test]
fn a_perpetual_pays_the_funding_of_the_catalog_at_the_hour() {
    let program = Program::new();
    fill(&program);
    let words = "backtest --strategy buy-and-hold --size 10 --cash 100000 --fee 0 --data ETH/USDT:USDT";
    let with = json(&program, words);
    assert_eq!(with["settings"]["funding"], "ETH/USDT:USDT: 27 from 2024-02-02 to 2024-02-28");
    let without = json(&program, &format!("{words} --actions none"));
    let equity =
        |report: &Value| report["account"]["Final Value"].as_f64().or(report["stats"]["Equity Final [$]"].as_f64());
    // 26 payments of 0.1 % of ten units at about 100: that of the 2nd is due before anything is held.
    let paid = equity(&without).unwrap() - equity(&with).unwrap();
    assert!((paid - 26.0).abs() < 0.2, "{paid}");
    let words = "backtest --data ETH/USDT@okx ETH/USDT:USDT --strategy funding-arbitrage --param payments=3 --fee 0";
    let earned = json(&program, words);
    // Where the venue tells its mark price, that one values the position.
    let time = "2024-02-10T08:00:00.002Z".parse().unwrap();
    let marked = FundingRate { time, rate: "0.001".parse().unwrap(), mark: "5000".parse().ok() };
    put(&program, Kind::Funding, "ETH/USDT:USDT@binance", Rows::Funding(vec![marked]));
    let again = json(&program, "backtest --strategy buy-and-hold --size 10 --cash 100000 --fee 0 --data ETH/USDT:USDT");
    assert!((equity(&with).unwrap() - equity(&again).unwrap() - 50.0).abs() < 1e-9);
    let earned = equity(&earned).unwrap() - 10_000.0;
    // Short 45 % of the equity from the 5th on.
    assert!((earned - 4_500.0 * 0.001 * 23.0).abs() < 3.0, "{earned}");
}

#[test]
fn a_pair_with_bid_and_ask_is_bought_at_the_ask() {
    let program = Program::new();
    fill(&program);
    let words =
        "backtest --data EUR/USD@oanda --strategy buy-and-hold --size 1000 --fee 0 --at-end close --orders orders.csv";
    let answer = program.run(&format!("{words} --plain"));
    assert_eq!(answer.code(), 0, "{}", answer.error());
    assert!(answer.out().contains("half-way between bid and ask"), "{}", answer.out());
    let report = json(&program, words);
    // Bought on the 2nd at 1.04, sold on the 28th at 1.01: three cents less each.
    assert_eq!(report["stats"]["Equity Final [$]"].as_f64().unwrap(), 9_970.0);
}

#[test]
fn a_dividend_is_in_the_equity_before_it_is_in_the_cash() {
    let program = Program::new();
    fill(&program);
    program.write("later.csv", "ex_date,pay_date,amount\n2024-02-08,2024-02-12,1\n2024-02-20,2024-03-05,1\n");
    let words = "--data ACME --dividends later.csv --strategy buy-and-hold --size 10 --cash 100000 --fee 0";
    let report = json(&program, &format!("backtest {words} --equity curve.csv"));
    assert_eq!((&report["stats"]["Dividends [$]"], &report["stats"]["Receivables [$]"]), (&"30".into(), &"20".into()));
    let curve = std::fs::read_to_string(program.path("curve.csv")).unwrap();
    for (day, equity, cash, due) in [
        ("2024-02-07", "100000", "99000", "0"),
        ("2024-02-08", "100010", "99000", "10"),
        ("2024-02-12", "100010", "99010", "0"),
        ("2024-02-20", "100030", "99010", "20"),
    ] {
        let line = curve.lines().find(|line| line.starts_with(day)).unwrap();
        let row: Vec<&str> = line.split(',').collect();
        assert_eq!((row[1], row[2], row[10]), (equity, cash, due), "{day}");
    }
    let text = program.run(&format!("backtest {words} --plain")).out();
    assert!(text.contains("(later.csv); 2 paid on a later day"), "{text}");
    assert!(text.contains("Dividends of 20.00 are due at the end and not paid yet"), "{text}");
}

#[test]
fn a_pair_is_rolled_over_at_rates_that_are_given() {
    let program = Program::new();
    fill(&program);
    let pair = "backtest --data EUR/USD@oanda --strategy buy-and-hold --size 3600 --cash 100000 --fee 0";
    let run = |rates: &str| json(&program, &format!("{pair} {rates}"));
    let (plain, zero) = (run(""), run("--interest EUR=0 USD=0%"));
    assert_eq!(plain["journal"], zero["journal"], "zero rates change nothing");
    // Each of its nights by hand: 1.01, 1.02 or 1.03 in the middle, three days on a Wednesday, which the 7th is.
    let rolled = run("--interest EUR=1% USD=4.6%");
    let mark = |day: u32| 1.01 + f64::from(day % 3) / 100.0;
    let days = |day: u32| match day % 7 {
        3 | 4 => 0.0,
        0 => 3.0,
        _ => 1.0,
    };
    let expected: f64 = (2..28).map(|day| days(day) * 0.36 * mark(day)).sum();
    let paid: f64 = rolled["stats"]["Rollover [$]"].as_str().unwrap().parse().unwrap();
    assert!((paid - expected).abs() < 1e-9, "{paid} for {expected}");
    assert_eq!(rolled["settings"]["interest"], "EUR=1%,USD=4.6%");
    assert_eq!(run("--interest EUR=1%,USD=4.6%")["journal"], rolled["journal"]);
    let refused = |words: &str, expected: &str| {
        let answer = program.run(&format!("{pair} {words}"));
        assert_eq!((answer.code(), answer.error().contains(expected)), (2, true), "{}", answer.error());
    };
    refused("--interest EUR=1%", "--interest EUR: no rate of USD; add USD=RATE, such as 2.5%");
    refused("--interest EUR=1% EUR=2%", "--interest EUR=2%: EUR has rates already; keep one of them");
    refused("--interest-markup 1%", "it is taken off the rates of --interest");
    program.write("rates.csv", "currency,date,rate\nUSD,2024-02-15,4%\nEUR,2024-01-01,1%\n");
    refused("--interest rates.csv", "the rates of USD begin at 2024-02-15, and one is due at 2024-02-01T22:00:00Z");
    let text = program.run(&format!("{pair} --interest rates.csv --from 2024-02-16 --plain")).out();
    assert!(
        text.contains("With interest at 8 ends of days, 17:00 in New York (EUR: 1% from 2024-01-01; USD: 4% from"),
        "{text}"
    );
}

/// ACME is in dollars. The pair of the catalog values it, and the same pair beside it as data does so too.
#[test]
fn other_currencies_are_valued_by_pairs_of_the_catalog() {
    let program = Program::new();
    fill(&program);
    let words =
        "backtest --data ACME --strategy buy-and-hold --size 10 --cash 100000 --fee 0 --convert --from 2024-02-02";
    let report = json(&program, &format!("{words} --currency EUR"));
    assert_eq!(report["settings"]["rates"], "EUR/USD@oanda 1d values USD in EUR");
    // Ten shares at 100 are paid at 1.02 of the first and second; they pay 10, split and pay 20; at the end it is 1.02.
    let paid = |dollars: f64, rate: f64| dollars * (1e9 / rate).round() / 1e9;
    let expected = 100_000.0 - paid(1_000.0, 1.03) + paid(1_030.0, 1.02);
    let last = report["stats"]["Equity Final [$]"].as_f64().unwrap();
    assert!((last - expected).abs() < 1e-4, "{last} for {expected}");
    let text = program.run(&format!("{words} --currency EUR --plain")).out();
    let note = "Note: USD is valued in EUR by 1 / EUR/USD@oanda 1d of the catalog, at its last close; it is not traded";
    assert!(text.contains(note), "{text}");
    let refused = |words: &str, expected: &str| {
        let answer = program.run(words);
        assert_eq!((answer.code(), answer.error().contains(expected)), (1, true), "{}", answer.error());
    };
    refused(&format!("{words} --currency GBP"), "nothing prices USD in GBP: the catalog ");
    refused(
        &format!("{words} --currency GBP"),
        "of USD/GBP, GBP/USD, or of both over a third currency; import that pair",
    );
    let begins = "backtest --data ACME --strategy buy-and-hold --currency EUR";
    refused(begins, "has no bars from 2024-02-01 on of USD/EUR, EUR/USD, or of both over a third currency");
    // Over a third currency.
    put(&program, Kind::Bars, "GBP/EUR@bank", flat(1, &(1..29).map(|_| (125, 0)).collect::<Vec<_>>()));
    let report = json(&program, &format!("{words} --currency GBP"));
    let over = "EUR/USD@oanda 1d values USD in GBP; GBP/EUR@bank 1d values USD in GBP";
    assert_eq!(report["settings"]["rates"], over);
}
