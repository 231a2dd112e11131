//! Fees, funding, interest and dividends: what stands in the ledger stands in every form of the report, to the last digit.
use qframe_engine::venue::{Fees, Funding, Settings};
use qframe_engine::{AtEnd, Sizing};
use qframe_lab::strategies::BuyAndHold;
use qframe_lab::{Backtest, DataSet, Origin, Setup, report};
use qframe_model::currency::Currency;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::{Bar, CorporateAction, Dividend};
use qframe_model::number::{Cash, Quantity, Rate};
use qframe_model::time::{Time, TimeFrame};

use super::Run;

const DAY: i64 = 86_400;

/// Ten days at a price of 100 of something on half margin.
fn data(symbol: &str) -> DataSet {
    let price = "100".parse().unwrap();
    let bar = |day| Bar {
        time: Time::from_seconds(day * DAY),
        open: price,
        high: price,
        low: price,
        close: price,
        ..Bar::default()
    };
    let margin = Margin { initial: Rate::percent(50), maintenance: Rate::percent(25) };
    let instrument =
        Instrument::new(symbol.parse().unwrap(), Currency::USD, Rules { margin, ..Rules::default() }).unwrap();
    DataSet::of(instrument, TimeFrame::DAY, (0..10).map(bar).collect(), Origin::default()).unwrap()
}

/// 150 units bought with 10,000 at a fee of 0.1 %.
fn run(symbol: &str, venue: Settings) -> Run {
    let venue = Settings { fees: Fees::flat(Rate::basis_points(10)), ..venue };
    let sizing = Sizing::Units(Quantity::whole(150));
    let setup = Setup { venue, sizing, at_end: AtEnd::CloseAtClose, ..Setup::default() };
    let backtest = Backtest::new(vec![data(symbol)], setup).unwrap();
    let outcome = backtest.run(BuyAndHold::new(Rate::ONE)).unwrap();
    Run { backtest, outcome, words: Vec::new() }
}

fn check(run: &Run, charges: [&str; 6]) {
    let json: serde_json::Value = serde_json::from_str(&run.written(report::json)).unwrap();
    let (table, page, csv) =
        (run.written(report::statistics), run.written(report::html), run.written(report::csv::equity));
    let last: Vec<&str> = csv.lines().last().unwrap().split(',').collect();
    let names = ["Fees [$]", "Funding [$]", "Interest [$]", "Dividends [$]", "Rollover [$]", "Receivables [$]"];
    for (place, (name, amount)) in names.into_iter().zip(charges).enumerate() {
        assert_eq!((&json["stats"][name], last[5 + place]), (&amount.into(), amount), "{name}");
        let rounded = format!("{:.2}", amount.parse::<Cash>().unwrap());
        let line = table.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(line.ends_with(&format!(" {rounded}")), "{line}: {amount}");
        assert!(page.contains(&format!("<tr><th scope=\"row\">{name}</th><td>{rounded}</td>")), "{name}: {amount}");
    }
    // The price stands still: what is missing at the end is what was charged.
    let [fees, funding, interest, dividends, rollover, _] = charges.map(|amount| amount.parse::<Cash>().unwrap());
    let paid = fees.plus(funding).unwrap().plus(interest).unwrap().plus(rollover).unwrap().minus(dividends).unwrap();
    assert_eq!(run.outcome.curve.last().unwrap(), Cash::whole(10_000).minus(paid).unwrap());
}

#[test]
fn they_are_exact_and_explain_what_the_price_does_not() {
    let id = InstrumentId(0);
    let dividend =
        (Time::from_seconds(5 * DAY), id, CorporateAction::Dividend(Dividend::at_once("0.25".parse().unwrap())));
    let venue = Settings { actions: vec![dividend], borrow_rate: Rate::percent(10), ..Settings::default() };
    let shares = run("AAPL", venue);
    let json: serde_json::Value = serde_json::from_str(&shares.written(report::json)).unwrap();
    let interest = json["stats"]["Interest [$]"].as_str().unwrap().to_owned();
    // About 5,015 owed for about nine days at 10 % a year of 365 days.
    assert!((10.0..14.0).contains(&interest.parse::<f64>().unwrap()), "{interest}");
    check(&shares, ["30", "0", &interest, "37.5", "0", "0"]);
    let schedule = vec![
        (Time::from_seconds(4 * DAY), Rate::basis_points(1)),
        (Time::from_seconds(6 * DAY), -Rate::basis_points(3)),
    ];
    let funding = Funding { instrument: Some(id), schedule, ..Funding::default() };
    check(
        &run("BTC/USD:USD", Settings { funding: vec![funding], ..Settings::default() }),
        ["30", "-3", "0", "0", "0", "0"],
    );
}
