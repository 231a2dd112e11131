//! The CSV files: trades as in the JSON, cash and exposure folded from the journal, orders to their end.
use qframe_engine::venue::Settings;
use qframe_lab::strategies::{BuyAndHold, Mode};
use qframe_lab::{Backtest, DataSet, Origin, Setup, customary, report};
use qframe_model::event::{Event, Report};
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::Margin;
use qframe_model::market::{Bar, CorporateAction};
use qframe_model::number::{Cash, Price, Rate};
use qframe_model::order::Purpose;
use qframe_model::time::{Span, Time, TimeFrame};

use super::Run;

fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

#[test]
fn trades_are_those_of_the_json() {
    let run = Run::bitcoin();
    let (csv, json) = (run.written(report::csv::trades), run.written(report::json));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let trades = json["trades"].as_array().unwrap();
    assert_eq!(rows(&csv).len(), trades.len());
    for (row, trade) in rows(&csv).iter().zip(trades) {
        assert_eq!(header.len(), trade.as_object().unwrap().len());
        for (column, text) in header.iter().zip(row) {
            let expected = &trade[*column];
            // The reader of the JSON may miss the last bit of a number; texts are equal or not.
            let near = |number: f64| (text.parse::<f64>().unwrap() - number).abs() <= 1e-12 * number.abs();
            let equal = expected.as_str().map_or_else(|| expected.as_f64().is_some_and(near), |own| own == *text);
            assert!(equal, "{column}: {text} is {expected}");
        }
    }
}

/// Each point's cash and exposure are the equity, and the last point's cash is the account's.
fn check_equity(run: &Run, is_long_only: bool) {
    let csv = run.written(report::csv::equity);
    assert!(
        csv.starts_with("time,equity,cash,exposure,drawdown,fees,funding,interest,dividends,rollover,receivables\n")
    );
    let rows = rows(&csv);
    assert_eq!(rows.len(), run.outcome.curve.len());
    let (mut peak, mut invested) = (Cash::ZERO, 0);
    for (row, (time, equity)) in rows.iter().zip(run.outcome.curve.points()) {
        let [written, cash, exposure] = [1, 2, 3].map(|column| row[column].parse::<Cash>().unwrap());
        assert_eq!((row[0], written), (time.to_string().as_str(), equity));
        let sum = cash.plus(if cash > equity { -exposure } else { exposure }).unwrap();
        assert!(!is_long_only || sum == equity, "{row:?}");
        invested += usize::from(!exposure.is_zero());
        peak = peak.max(equity);
        let drawdown: f64 = row[4].parse().unwrap();
        assert!((drawdown - (equity.to_f64() / peak.to_f64() - 1.0)).abs() < 2e-9, "{row:?}");
    }
    assert!(invested > 0);
    assert_eq!(rows[rows.len() - 1][2].parse::<Cash>().unwrap(), run.outcome.account.cash());
}

#[test]
fn cash_and_exposure_are_the_equity_at_every_point() {
    check_equity(&Run::bitcoin(), true);
    check_equity(&Run::of(&["BTC/USD"], (10, 30), Mode::LongShort), true);
    check_equity(&Run::of(&["AAPL", "KO", "XOM"], (5, 20), Mode::LongShort), false);
}

/// The fold marked an open and then divided it by the split of the same instant: the hours of that day were wrong.
#[test]
fn a_split_among_hours_keeps_cash_and_exposure() {
    let set = |symbol: &str, frame: TimeFrame, prices: &[i64]| {
        let bar = |(place, price): (usize, &i64)| {
            let price = Price::from_nanos(price * 1_000_000_000);
            let time = Time::EPOCH + Span::from_nanos(frame.span().nanos() * place as i64);
            Bar { time, open: price, high: price, low: price, close: price, ..Bar::default() }
        };
        let instrument = customary(symbol.parse().unwrap(), None, Margin::FULL).unwrap();
        DataSet::of(instrument, frame, prices.iter().enumerate().map(bar).collect(), Origin::default()).unwrap()
    };
    let data = vec![set("AAPL", TimeFrame::DAY, &[100, 100, 70, 60]), set("BTC/USD", TimeFrame::HOUR, &[100; 96])];
    let actions = vec![(Time::from_seconds(2 * 86_400), InstrumentId(0), CorporateAction::Split(Rate::percent(125)))];
    let venue = Settings { actions, ..Settings::default() };
    let setup = Setup { venue, ..Setup::default() };
    let backtest = Backtest::new(data, setup).unwrap();
    let outcome = backtest.run(BuyAndHold::new(Rate::ONE)).unwrap();
    assert_eq!(outcome.trades.iter().map(|trade| trade.reason).collect::<Vec<_>>(), [Purpose::CashInLieu]);
    check_equity(&Run { backtest, outcome, words: Vec::new() }, true);
}

#[test]
fn every_order_is_listed_with_its_end() {
    let run = Run::of(&["AAPL", "KO", "XOM"], (5, 20), Mode::LongShort);
    let csv = run.written(report::csv::orders);
    let begun = run.outcome.journal.iter().map(Result::unwrap);
    let begun = begun
        .filter(|event| {
            matches!(event, Event::Submitted(_) | Event::Refused { .. } | Event::Reported(Report::Forced(_)))
        })
        .count();
    // No field of these runs holds a comma.
    let (rows, columns) = (rows(&csv), csv.lines().next().unwrap().split(',').count());
    assert_eq!((rows.len(), columns), (begun, 17));
    let ids = rows.iter().map(|row| row[0].parse().unwrap());
    // What the venue did by its own right has no number, and stands behind the orders.
    let ids: Vec<u64> = ids.take_while(|id| *id > 0).collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "ascending");
    for row in &rows {
        let filled = row[13] != "0";
        match row[12] {
            "filled" => assert!(filled && !row[14].is_empty() && row[16].is_empty(), "{row:?}"),
            "submitted" => assert!(!filled && row[14].is_empty() && row[16].is_empty(), "{row:?}"),
            "rejected" | "refused" => assert!(!filled && !row[16].is_empty(), "{row:?}"),
            "cancelled" => assert!(!row[16].is_empty(), "{row:?}"),
            other => panic!("{other}: {row:?}"),
        }
    }
    assert!(rows.iter().any(|row| row[12] == "filled"));
}
