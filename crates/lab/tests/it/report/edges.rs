//! Runs with next to nothing in them, and runs that lose everything: no form of the report shows what is no number.
use qframe_engine::venue::{Fees, Settings};
use qframe_engine::{AtEnd, Sizing, Strategy};
use qframe_lab::strategies::{BuyAndHold, MaCrossover, Mode};
use qframe_lab::{Backtest, DataSet, Origin, Setup, report};
use qframe_model::currency::Currency;
use qframe_model::instrument::{Instrument, Margin, Rules};
use qframe_model::market::Bar;
use qframe_model::number::{Price, Rate};
use qframe_model::time::{Time, TimeFrame};
use qframe_quant::indicators::Sma;

use super::Run;

/// Daily bars that open and close at these prices, on a fifth of margin.
fn data(prices: &[i64]) -> DataSet {
    let bar = |(day, price): (usize, &i64)| {
        let price = Price::from_nanos(price * 1_000_000_000);
        let time = Time::from_seconds(day as i64 * 86_400);
        Bar { time, open: price, high: price, low: price, close: price, ..Bar::default() }
    };
    let margin = Margin { initial: Rate::percent(20), maintenance: Rate::percent(10) };
    let rules = Rules { margin, ..Rules::default() };
    let instrument = Instrument::new("AAPL".parse().unwrap(), Currency::USD, rules).unwrap();
    let bars = prices.iter().enumerate().map(bar).collect();
    DataSet::of(instrument, TimeFrame::DAY, bars, Origin::default()).unwrap()
}

/// The run in all its forms; gives the table.
fn check(what: &str, prices: &[i64], share: u32, at_end: AtEnd, strategy: impl Strategy) -> String {
    let venue = Settings { fees: Fees::flat(Rate::basis_points(10)), ..Settings::default() };
    let sizing = Sizing::Equity(Rate::percent(i64::from(share)));
    let backtest = Backtest::new(vec![data(prices)], Setup { venue, sizing, at_end, ..Setup::default() }).unwrap();
    let outcome = backtest.run(strategy).unwrap();
    let run = Run { backtest, outcome, words: Vec::new() };
    let style = report::Style::default();
    let (table, page) = (run.written(report::statistics), run.written(report::html));
    let page = page.split("<script nonce").next().unwrap();
    let terminal = run.written(|facts, out| report::terminal(facts, style, out));
    let csv = [report::csv::equity, report::csv::trades, report::csv::orders].map(|form| run.written(form)).concat();
    for text in [&table, page, &terminal, &csv, &run.written(report::json)] {
        let word = text.split(|sign: char| !sign.is_alphabetic()).find(|word| ["NaN", "inf", "nan"].contains(word));
        assert_eq!(word, None, "{what}: {text}");
    }
    let json: serde_json::Value = serde_json::from_str(&run.written(report::json)).unwrap();
    for (name, value) in run.outcome.statistics.rows() {
        let shown = table.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim();
        assert_eq!((json["stats"][name].is_null(), shown == "-"), (value.is_none(), value.is_none()), "{what}: {name}");
    }
    // There was no Sharpe ratio, and a probability that it is above zero.
    if run.outcome.curve.points().any(|(_, equity)| equity.is_negative()) {
        for name in ["volatility", "sharpe", "sortino", "calmar", "probabilistic_sharpe_ratio", "alpha", "beta"] {
            assert!(json["metrics"][name].is_null(), "{what}: {name}: {}", json["metrics"][name]);
        }
        assert!(table.lines().any(|line| line.starts_with("Prob. Sharpe > 0") && line.ends_with(" -")), "{table}");
        assert!(json["metrics"]["comp"].as_f64().unwrap() <= -1.0, "{what}");
    }
    table
}

fn crossover() -> impl Strategy {
    MaCrossover::new(Sma::new(1).unwrap(), Sma::new(2).unwrap(), Mode::LongFlat)
}

const HOLD: BuyAndHold = BuyAndHold::new(Rate::ONE);

#[test]
fn nothing_that_is_no_number_is_shown() {
    let always_late = [100, 90, 110, 120, 100, 80, 90, 100, 70, 60, 65, 70, 50, 40];
    check("one bar", &[100], 100, AtEnd::Keep, HOLD);
    check("two bars", &[100, 110], 100, AtEnd::Keep, HOLD);
    check("one bar closed at once", &[100], 100, AtEnd::CloseAtClose, HOLD);
    check("one trade", &[100, 110, 120], 100, AtEnd::CloseAtClose, HOLD);
    check("no trade", &[100; 40], 100, AtEnd::Keep, crossover());
    check("no change", &[100; 40], 100, AtEnd::CloseAtClose, HOLD);
    let lost = check("all losing", &always_late, 100, AtEnd::CloseAtClose, crossover());
    assert!(lost.lines().any(|line| line.starts_with("Win Rate [%]") && line.ends_with(" 0.00")), "{lost}");
    let open = check("all open", &[100, 110, 120, 130, 90, 140], 100, AtEnd::Keep, HOLD);
    assert!(open.contains("1 position is open at the end"), "{open}");
    let ruined = check("ruin", &[100, 100, 100, 10, 10, 10, 10, 10, 12], 450, AtEnd::Keep, HOLD);
    assert!(ruined.lines().any(|line| line.starts_with("Equity Final [$]") && line.contains(" -")), "{ruined}");
}

/// The dates of a picture of three days were `01-01 00:00` twice, and `01-02 00:00` after it.
#[test]
fn no_date_stands_twice_below_a_curve() {
    let hours = |step: i64, count: i64| (0..count).map(move |place| 3_600 * step * place);
    for (what, times, expected) in [
        ("one day", hours(24, 1).collect::<Vec<_>>(), &["1970-01-01"][..]),
        ("two days", hours(24, 2).collect(), &["1970-01-01", "1970-01-02"]),
        ("three days", hours(24, 3).collect(), &["1970-01-01", "1970-01-02", "1970-01-03"]),
        ("three hours", hours(1, 3).collect(), &["01-01 00:00", "01-01 01:00", "01-01 02:00"]),
        ("hours of four days", hours(1, 100).collect(), &["01-01 00:00", "01-01 19:00"]),
        ("three seconds", vec![0, 1, 2], &["00:00:00", "00:00:01", "00:00:02"]),
    ] {
        let run = of_times(&times);
        for look in [report::Look::Plain, report::Look::Rich] {
            let style = report::Style { look, width: 110 };
            let text = run.written(|facts, out| report::curve(facts, style, out));
            let dates = text.lines().find(|line| line.trim_start().starts_with(expected[0])).expect(what);
            let dates: Vec<&str> = dates.split("  ").map(str::trim).filter(|date| !date.is_empty()).collect();
            assert_eq!(dates[..expected.len()], *expected, "{what}");
            assert!(dates.windows(2).all(|pair| pair[0] != pair[1]), "{what}: {dates:?}");
        }
    }
}

/// Bars that stand still, at these seconds.
fn of_times(times: &[i64]) -> Run {
    let price = Price::from_nanos(100_000_000_000);
    let bar = |seconds: &i64| Bar {
        time: Time::from_seconds(*seconds),
        open: price,
        high: price,
        low: price,
        close: price,
        ..Bar::default()
    };
    let step = times.get(1).map_or(86_400, |second| second - times[0]);
    let frame = TimeFrame::from_seconds(u32::try_from(step).unwrap()).unwrap();
    let instrument = Instrument::new("AAPL".parse().unwrap(), Currency::USD, Rules::default()).unwrap();
    let set = DataSet::of(instrument, frame, times.iter().map(bar).collect(), Origin::default()).unwrap();
    let backtest = Backtest::new(vec![set], Setup::default()).unwrap();
    let outcome = backtest.run(HOLD).unwrap();
    Run { backtest, outcome, words: Vec::new() }
}

/// Months and years of a single bar were heads of tables without a row.
#[test]
fn no_table_of_the_page_is_empty() {
    for times in [&[0][..], &[0, 86_400]] {
        let page = of_times(times).written(report::html);
        let page = page.split("<script nonce").next().unwrap();
        assert!(!page.contains("<tbody>\n</tbody>"), "{times:?}");
        assert_eq!(page.contains("There are no returns."), times.len() == 1, "{times:?}");
    }
}
