//! Funding arbitrage and futures trend: by hand on invented rows, and on recorded ones where they are there.
use std::path::{Path, PathBuf};

use qframe_data::import::{Wish, import};
use qframe_data::{Adjust, Adjustment, Contract, Options, RollAdjust, RollRule, Rows, read_bars, roll};
use qframe_engine::venue::{Fees, Funding, Settings};
use qframe_engine::{Context, Market, Strategy};
use qframe_lab::{Backtest, DataSet, Origin, Outcome, Setup, customary};
use qframe_model::currency::Currency;
use qframe_model::event::{Event, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::ledger::Book;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Rate};
use qframe_model::symbol::SymbolParts;
use qframe_model::time::{Time, TimeFrame};

use super::{build, events, fills};

const PERPETUAL: InstrumentId = InstrumentId(1);

fn shared(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: no {file}");
    None
}

/// The same bars as a coin and as its perpetual: prices cancel, and what remains is the funding.
fn twins(bars: &[Bar], frame: TimeFrame) -> [DataSet; 2] {
    ["BTC/USDT", "BTC/USDT:USDT"].map(|name| {
        let instrument = customary(name.parse().unwrap(), None, Margin::FULL).unwrap();
        DataSet::of(instrument, frame, bars.to_vec(), Origin::default()).unwrap()
    })
}

fn arbitrage(data: &[DataSet], schedule: Vec<(Time, Rate)>, given: &[(&str, &str)]) -> Outcome {
    let funding = vec![Funding { instrument: Some(PERPETUAL), schedule, ..Funding::default() }];
    let venue = Settings { fees: Fees::flat(Rate::basis_points(5)), funding, ..Settings::default() };
    let setup = Setup { venue, currency: "USDT".parse().unwrap(), ..Setup::default() };
    let backtest = Backtest::new(data.to_vec(), setup).unwrap();
    backtest.run(build("funding-arbitrage", given, &backtest)).unwrap()
}

/// What was charged: below zero where it was received.
fn charges(outcome: &Outcome) -> Vec<(Time, Cash)> {
    let charge = |event| match event {
        Event::Reported(Report::Charged { book: Book::Funding, time, amount, .. }) => Some((time, amount)),
        _ => None,
    };
    events(outcome).filter_map(charge).collect()
}

/// Both legs are as large, opposite, and the equity is the money of before, less fees, and the funding.
fn check_books(outcome: &Outcome) {
    let all = fills(outcome);
    let held = |of: &dyn Fn(&&Fill) -> bool| all.iter().filter(of).map(|fill| fill.signed().nanos()).sum::<i128>();
    let (coin, perpetual) = (held(&|fill| fill.instrument != PERPETUAL), held(&|fill| fill.instrument == PERPETUAL));
    assert_eq!(coin, -perpetual);
    let fees = all.iter().map(|fill| fill.fee.attos()).sum::<i128>();
    let paid = charges(outcome).iter().map(|(_, amount)| amount.attos()).sum::<i128>();
    assert_eq!(outcome.account.equity().attos(), Cash::whole(10_000).attos() - fees - paid);
    outcome.account.ledger().check().unwrap();
}

#[test]
fn it_earns_the_funding_while_the_mean_is_high() {
    let bar = |hour: i64| {
        let price = Price::from_nanos((100 + hour % 7) * 1_000_000_000);
        let time = Time::from_seconds(3_600 * hour);
        Bar { time, open: price, high: price, low: price, close: price, ..Bar::default() }
    };
    let data = twins(&(0..48).map(bar).collect::<Vec<_>>(), TimeFrame::HOUR);
    let at = |hour: i64, rate: &str| (Time::from_seconds(3_600 * hour), rate.parse().unwrap());
    let schedule = vec![at(8, "0.001"), at(16, "0.001"), at(24, "0.002"), at(32, "-0.004"), at(40, "0.0001")];
    let given = [("payments", "2"), ("entry", "0.001"), ("exit", "0.0002"), ("gross", "0.5")];
    let outcome = arbitrage(&data, schedule, &given);
    check_books(&outcome);
    // The second payment is known when the bar of 16:00 closes: both legs open at 17:00. The fourth turns the mean, and
    // both close at 33:00, after it was paid.
    let times: Vec<_> = fills(&outcome).iter().map(|fill| (fill.time.nanos() / 3_600_000_000_000, fill.side)).collect();
    assert_eq!(times, [(17, Side::Sell), (17, Side::Buy), (33, Side::Sell), (33, Side::Buy)]);
    let paid = charges(&outcome);
    assert_eq!(paid.iter().map(|(time, _)| time.nanos() / 3_600_000_000_000).collect::<Vec<_>>(), [24, 32]);
    assert!(paid[0].1.is_negative() && paid[1].1.is_positive());
    assert!(fills(&arbitrage(&data, Vec::new(), &given)).is_empty());
}

#[test]
fn milliseconds_behind_the_hour_do_not_miss_its_bar() {
    let check = |text: &str, expected: &str| {
        let expected: Time = expected.parse().unwrap();
        assert_eq!(Funding::instant(text.parse().unwrap()), expected, "{text}");
    };
    check("2020-03-01T16:00:00.001Z", "2020-03-01T16:00:00Z");
    check("2020-03-01T16:00:00Z", "2020-03-01T16:00:00Z");
    check("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z");
}

/// The crash of March 2020. Bars of the perpetual are not recorded here: it is given those of the coin, so that the basis is
/// zero and the funding is all there is.
#[test]
fn the_funding_of_march_2020() {
    let (Some(prices), Some(rates)) =
        (shared("bars/binance-spot-daily/BTCUSDT.csv"), shared("funding/binance-usdm_BTCUSDT_funding_2020-03.csv"))
    else {
        return;
    };
    let mut bars = read_bars(prices, &Options::default()).unwrap().bars;
    let within = "2020-03-01".parse::<Time>().unwrap().."2020-04-01".parse::<Time>().unwrap();
    bars.retain(|bar| within.contains(&bar.time));
    let mut calendar = Vec::new();
    let answers = import(&rates, &Wish { symbol: "BTC/USDT:USDT".parse().ok(), ..Wish::default() }, &mut |_, rows| {
        if let Rows::Funding(rows) = rows {
            calendar.extend(rows.iter().map(|row| (Funding::instant(row.time), row.rate)));
        }
        Ok(())
    });
    answers.into_iter().for_each(|answer| drop(answer.unwrap()));
    assert_eq!(calendar.len(), 93);
    let data = twins(&bars, TimeFrame::DAY);
    let given = [("payments", "3"), ("entry", "0.0001"), ("exit", "0")];
    let outcome = arbitrage(&data, calendar.clone(), &given);
    check_books(&outcome);
    assert!(fills(&outcome).len() >= 4, "it opens, and closes in the crash");
    // By hand: at each instant the rate on the value of the units short at the last close before it.
    let (all, mut expected) = (fills(&outcome), Vec::new());
    for (time, rate) in &calendar {
        // What falls due inside a day counts when the next one opens, as it was held until then.
        let open = bars.iter().find(|bar| bar.time >= *time).map(|bar| bar.time);
        let Some(open) = open else { continue };
        let short: i128 = all
            .iter()
            .filter(|fill| fill.instrument == PERPETUAL && fill.time < open)
            .map(|fill| fill.signed().nanos())
            .sum();
        let mark = bars.iter().rev().find(|bar| bar.time < open);
        if let (true, Some(mark)) = (short != 0, mark) {
            let due = rate.to_f64() * mark.close.to_f64() * short as f64 / 1e9;
            expected.push((*time, due));
        }
    }
    let found = charges(&outcome);
    assert_eq!(found.len(), expected.len());
    for ((time, amount), (expected_time, due)) in found.iter().zip(&expected) {
        assert_eq!(time, expected_time);
        assert!((amount.to_f64() - due).abs() < 1e-6, "{time}: {amount} for {due}");
    }
}

#[test]
fn a_trend_is_gone_with_and_left() {
    let price = |day: i64| if day < 40 { 1_000 + 10 * day } else { 1_400 - 10 * (day - 40) } + day % 2;
    let bar = |day: i64| {
        let price = Price::from_nanos(price(day) * 1_000_000_000);
        let time = Time::from_seconds(86_400 * day);
        Bar { time, open: price, high: price, low: price, close: price, ..Bar::default() }
    };
    let rules = Rules { multiplier: "0.5".parse().unwrap(), ..Rules::default() };
    let rolled = Instrument::rolled("ES".parse().unwrap(), Currency::USD, rules).unwrap();
    let data = DataSet::of(rolled, TimeFrame::DAY, (0..80).map(bar).collect(), Origin::default()).unwrap();
    let run = |mode: &str| {
        let backtest = Backtest::new(vec![data.clone()], Setup::default()).unwrap();
        let given = [("trend", "10"), ("window", "5"), ("mode", mode)];
        let outcome = backtest.run(build("futures-trend", &given, &backtest)).unwrap();
        outcome.account.ledger().check().unwrap();
        outcome
    };
    let sides = |mode| fills(&run(mode)).iter().map(|fill| (fill.time.day(), fill.side)).collect::<Vec<_>>();
    let (flat, short) = (sides("long-flat"), sides("long-short"));
    assert_eq!(flat.first(), Some(&(11, Side::Buy)));
    // The close of day 45 is the first one below that of ten days before, but for one that is as high.
    assert_eq!(flat.last(), short.iter().find(|(day, _)| *day > 40).map(|(day, side)| (*day, *side)).as_ref());
    assert!(run("long-short").account.position(InstrumentId(0)).quantity.is_negative());
    assert!(run("long-flat").account.position(InstrumentId(0)).quantity.is_zero());
}

/// What a position on the rolled series earns in the account is what its contracts earn: one contract of ES, bought at the
/// first close and held through the roll of December 2013, by the sum of both.
#[test]
fn a_rolled_position_earns_what_the_contracts_earn() {
    let Some(path) = shared("futures/lean/cme/daily/es_trade.zip") else { return };
    let mut contracts = Vec::new();
    let answers = import(&path, &Wish::default(), &mut |key, rows| {
        let (SymbolParts::Listed { expiry: Some(expiry), .. }, Rows::Bars(mut bars)) = (key.symbol.parts(), rows)
        else {
            return Ok(());
        };
        bars.retain(|bar| bar.time < "2014-01-01".parse().unwrap());
        contracts.push(Contract { symbol: key.symbol.clone(), expiry, bars, open_interest: Vec::new() });
        Ok(())
    });
    answers.into_iter().for_each(|answer| drop(answer.unwrap()));
    let rolled = roll(&contracts, RollRule::Volume, RollAdjust::Difference).unwrap();
    let es = customary("ES-20131220".parse().unwrap(), None, Margin::FULL).unwrap();
    assert_eq!(es.rules().multiplier.to_string(), "50");
    let instrument = Instrument::rolled("ES".parse().unwrap(), Currency::USD, es.rules().clone()).unwrap();
    let set = DataSet::of(instrument, TimeFrame::DAY, rolled.bars.clone(), Origin::default()).unwrap();
    let sizing = qframe_engine::Sizing::Units(qframe_model::number::Quantity::ONE);
    let setup = Setup { cash: Cash::whole(200_000), sizing, ..Setup::default() };
    let backtest = Backtest::new(vec![set], setup).unwrap();
    let outcome = backtest.run(build("buy-and-hold", &[], &backtest)).unwrap();
    let bought = fills(&outcome)[0];
    let of = |name: &str| contracts.iter().find(|contract| contract.symbol.as_str() == name).unwrap();
    let (december, march) = (of("ES-20131220"), of("ES-20140321"));
    let open = december.bars.iter().find(|bar| bar.time == bought.time).unwrap().open;
    let points =
        [(rolled.rolls[0].from_close, open), (march.bars.last().unwrap().close, rolled.rolls[0].to_close.unwrap())];
    let nanos: i64 = points.iter().map(|(sold, bought)| sold.nanos() - bought.nanos()).sum();
    let earned = Cash::from_attos(i128::from(nanos) * 1_000_000_000 * 50);
    assert_eq!(outcome.account.equity().minus(Cash::whole(200_000)).unwrap(), earned);
    // And the strategy that is made for it trades there.
    let setup = Setup { cash: Cash::whole(1_000_000), ..Setup::default() };
    let set = backtest.data()[0].clone();
    let backtest = Backtest::new(vec![set], setup).unwrap();
    let outcome = backtest.run(build("futures-trend", &[("trend", "20"), ("mode", "long-short")], &backtest)).unwrap();
    assert!(!fills(&outcome).is_empty());
    outcome.account.ledger().check().unwrap();
}

/// Puts what is paid out back into the share at the next open.
struct PutBack;

impl Strategy for PutBack {
    fn on_market(&mut self, _: &Market<'_>, context: &mut Context<'_>) {
        _ = context.target(Rate::ONE);
    }
}

/// The law of total return, in the account: raw AAPL through its 2:1, 2:1, 7:1 and 4:1 splits and its dividends, put back a
/// day late, grows as the adjusted series does. The day between makes the difference that is left.
#[test]
fn raw_apple_with_its_dividends_put_back_is_the_total_return() {
    let (Some(prices), Some(factors)) =
        (shared("stocks/lean/usa/daily/aapl.zip"), shared("stocks/lean/usa/factor_files/aapl.csv"))
    else {
        return;
    };
    let (mut bars, mut actions) = (Vec::new(), Vec::new());
    for path in [prices, factors] {
        let answers = import(&path, &Wish::default(), &mut |_, rows| {
            match rows {
                Rows::Bars(rows) => bars.extend(rows),
                Rows::Actions(rows) => actions.extend(rows),
                _ => {}
            }
            Ok(())
        });
        answers.into_iter().for_each(|answer| drop(answer.unwrap()));
    }
    let adjusted = Adjustment::new(&bars, &actions, Adjust::TotalReturn).unwrap().apply(&bars).unwrap();
    let due = actions.iter().map(|dated| (dated.time, InstrumentId(0), dated.action)).collect();
    let grown = |bars: Vec<Bar>, actions| {
        let instrument = Instrument::new("AAPL".parse().unwrap(), Currency::USD, Rules::default()).unwrap();
        let set = DataSet::of(instrument, TimeFrame::DAY, bars, Origin::default()).unwrap();
        let venue = Settings { actions, ..Settings::default() };
        let outcome = Backtest::new(vec![set], Setup { venue, ..Setup::default() }).unwrap().run(PutBack).unwrap();
        outcome.account.ledger().check().unwrap();
        outcome.account.equity().to_f64()
    };
    let (raw, total) = (grown(bars, due), grown(adjusted, Vec::new()));
    assert!((raw / total - 1.0).abs() < 0.001, "{raw} for {total}");
}
