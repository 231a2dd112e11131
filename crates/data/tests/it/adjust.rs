//! Splits and dividends taken out of prices: by hand, as laws, and on AAPL.
use std::path::Path;

use proptest::prelude::*;
use qframe_data::import::{Wish, import};
use qframe_data::{Adjust, AdjustError, Adjustment, Rows, unseen_splits};
use qframe_model::market::{Bar, CorporateAction, DatedAction, Dividend};
use qframe_model::number::{Cash, Price, Quantity, Rate, Volume};
use qframe_model::time::{Span, Time};

fn day(number: i64) -> Time {
    Time::from_seconds(86_400 * number)
}

/// A bar of one price in cents.
fn bar(number: i64, cents: i64, volume: i64) -> Bar {
    let price = Price::from_nanos(cents * 10_000_000);
    let volume = Volume::new(Quantity::whole(volume)).unwrap();
    Bar { time: day(number), open: price, high: price, low: price, close: price, volume }
}

fn split(number: i64, ratio: &str) -> DatedAction {
    DatedAction { time: day(number), action: CorporateAction::Split(ratio.parse().unwrap()) }
}

fn dividend(number: i64, amount: &str) -> DatedAction {
    DatedAction { time: day(number), action: CorporateAction::Dividend(Dividend::at_once(amount.parse().unwrap())) }
}

#[test]
fn bars_by_hand() {
    let bars = [bar(1, 10_000, 10), bar(2, 10_000, 10), bar(3, 5_000, 10), bar(4, 4_500, 10)];
    let check = |actions: &[DatedAction], how, expected: [(&str, i64); 4]| {
        let made = Adjustment::new(&bars, actions, how).unwrap().apply(&bars).unwrap();
        let made: Vec<_> = made.iter().map(|bar| (bar.close.to_string(), bar.volume.to_f64() as i64)).collect();
        let expected = expected.map(|(close, volume)| (close.to_owned(), volume));
        assert_eq!(made, expected, "{actions:?} {how:?}");
    };
    let raw = [("100", 10), ("100", 10), ("50", 10), ("45", 10)];
    let halved = [("50", 20), ("50", 20), ("50", 10), ("45", 10)];
    check(&[split(3, "2"), dividend(4, "5")], Adjust::None, raw);
    check(&[split(3, "2"), dividend(4, "5")], Adjust::Split, halved);
    check(&[split(3, "2"), dividend(4, "5")], Adjust::TotalReturn, [("45", 20), ("45", 20), ("45", 10), ("45", 10)]);
    // Of one instant the dividend is on the units of before, whichever stands first.
    check(&[split(3, "2"), dividend(3, "10")], Adjust::TotalReturn, [("45", 20), ("45", 20), ("50", 10), ("45", 10)]);
    check(&[split(3, "0.333333333")], Adjust::Split, [("300", 3), ("300", 3), ("50", 10), ("45", 10)]);
    check(&[split(3, "0.1")], Adjust::Split, [("1000", 1), ("1000", 1), ("50", 10), ("45", 10)]);
    // Before there is a bar, and behind the last one.
    check(&[split(1, "2"), split(5, "2"), dividend(0, "1")], Adjust::TotalReturn, raw);
}

#[test]
fn a_stale_first_price_hides_no_split() {
    let flat = |number, cents| bar(number, cents, 10);
    let stale =
        Bar { open: Price::from_nanos(70_000_000_000), high: Price::from_nanos(70_000_000_000), ..flat(3, 1_000) };
    let seven = [split(3, "7")];
    assert!(unseen_splits(&[flat(1, 7_000), flat(2, 7_000), stale, flat(4, 1_000)], &seven).is_empty());
    assert!(unseen_splits(&[flat(1, 7_000), flat(2, 7_000), stale], &seven).is_empty());
    assert_eq!(unseen_splits(&[flat(1, 1_000), flat(2, 1_000), flat(3, 1_000)], &seven), seven);
}

#[test]
fn what_cannot_be_is_refused() {
    let bars = [bar(1, 10_000, 10), bar(2, 10_000, 10)];
    let check = |action, expected: &str| {
        let error = Adjustment::new(&bars, &[action], Adjust::TotalReturn).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(split(2, "0"), "1970-01-03: a split into 0; expected a ratio above zero");
    check(dividend(2, "-1"), "1970-01-03: a dividend of -1; expected zero or more");
    let too_much = "1970-01-03: dividends not less than the close before, 100; are the prices adjusted already?";
    check(dividend(2, "100"), too_much);
    let cents = [bar(1, 1, 0), bar(2, 1, 0)];
    let tiny = Adjustment::new(&cents, &[split(2, "9000000000")], Adjust::Split).unwrap();
    assert!(!tiny.is_reversible());
    assert_eq!(tiny.apply(&cents), Err(AdjustError::OutOfRange(day(1))));
}

/// What one unit bought at the first close is worth at each close, dividends put back at the last close less what they pay.
fn held(bars: &[Bar], actions: &[DatedAction]) -> Vec<f64> {
    let (mut units, mut due) = (1.0, actions.iter().peekable());
    let mut before: Option<f64> = None;
    let mut wealth = Vec::new();
    for bar in bars {
        while let Some(dated) = due.next_if(|dated| dated.time <= bar.time) {
            let Some(close) = &mut before else { continue };
            match dated.action {
                CorporateAction::Dividend(paid) => {
                    let ex = *close - paid.each.to_f64();
                    units *= *close / ex;
                    *close = ex;
                }
                CorporateAction::Split(ratio) => {
                    units *= ratio.to_f64();
                    *close /= ratio.to_f64();
                }
            }
        }
        before = Some(bar.close.to_f64());
        wealth.push(units * bar.close.to_f64());
    }
    wealth
}

fn check_wealth(bars: &[Bar], actions: &[DatedAction], closeness: f64) {
    let adjustment = Adjustment::new(bars, actions, Adjust::TotalReturn).unwrap();
    let made = adjustment.apply(bars).unwrap();
    let wealth = held(bars, actions);
    for (adjusted, held) in made.iter().zip(&wealth) {
        let (grew, holds) = (adjusted.close.to_f64() / made[0].close.to_f64(), held / wealth[0]);
        assert!((grew / holds - 1.0).abs() < closeness, "{}: {grew} for {holds}", adjusted.time);
    }
}

fn check_way_back(bars: &[Bar], actions: &[DatedAction]) {
    for (_, how) in Adjust::ALL {
        let adjustment = Adjustment::new(bars, actions, how).unwrap();
        assert!(adjustment.is_reversible());
        assert_eq!(adjustment.undo(&adjustment.apply(bars).unwrap()).unwrap(), bars, "{how:?}");
    }
}

proptest! {
    #[test]
    fn adjusted_and_back_is_itself_and_wealth_is_kept(
        cents in prop::collection::vec(500..100_000i64, 3..40),
        due in prop::collection::vec((1..45i64, 0..3u8, 1..400i64), 0..8),
    ) {
        let bars: Vec<Bar> = (1..).zip(&cents).map(|(number, cents)| bar(number, *cents, 1_000 + cents % 91)).collect();
        let action = |&(number, kind, size): &(i64, u8, i64)| match kind {
            0 => split(number, &format!("{}", 1 + size % 7)),
            1 => split(number, "1.5"),
            _ => {
                let attos = i128::from(size) * 1_000_000_000_000_000;
                DatedAction { time: day(number), action: CorporateAction::Dividend(Dividend::at_once(Cash::from_attos(attos))) }
            }
        };
        let mut actions: Vec<DatedAction> = due.iter().map(action).collect();
        actions.sort_by_key(|dated| (dated.time, matches!(dated.action, CorporateAction::Split(_))));
        check_way_back(&bars, &actions);
        check_wealth(&bars, &actions, 1e-6);
    }
}

fn lean(file: &str) -> Option<Vec<Rows>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/stocks/lean").join(file);
    if !path.exists() {
        println!("skipped: no {file}");
        return None;
    }
    let mut all = Vec::new();
    let answers = import(&path, &Wish::default(), &mut |_, rows| {
        all.push(rows);
        Ok(())
    });
    answers.into_iter().for_each(|answer| drop(answer.unwrap()));
    Some(all)
}

#[test]
fn apple_through_its_splits_and_dividends() {
    let (Some(prices), Some(due)) = (lean("usa/daily/aapl.zip"), lean("usa/factor_files/aapl.csv")) else { return };
    let bars: Vec<Bar> =
        prices.into_iter().flat_map(|rows| if let Rows::Bars(bars) = rows { bars } else { Vec::new() }).collect();
    let actions: Vec<DatedAction> =
        due.into_iter().flat_map(|rows| if let Rows::Actions(rows) = rows { rows } else { Vec::new() }).collect();
    assert_eq!(bars.len(), 5_849);
    check_way_back(&bars, &actions);
    check_wealth(&bars, &actions, 1e-7);
    // The 7:1 of 2014-06-09 and the 4:1 of 2020-08-31: no day moves by half any more.
    let made = Adjustment::new(&bars, &actions, Adjust::Split).unwrap().apply(&bars).unwrap();
    let moves = |date: &str| {
        let at = bars.partition_point(|bar| bar.time < date.parse().unwrap());
        made[at].close.to_f64() / made[at - 1].close.to_f64()
    };
    for date in ["2014-06-09", "2020-08-31"] {
        assert!((moves(date) - 1.0).abs() < 0.05, "{date}: {}", moves(date));
    }
    // 645.57 over 28.
    let friday = made[bars.partition_point(|bar| bar.time < "2014-06-06".parse().unwrap())].close;
    assert_eq!(friday.to_string(), "23.056071429");
}

#[test]
fn a_rate_of_one_changes_nothing() {
    let bars = [bar(1, 10_000, 10), bar(2, 9_000, 10)];
    let one = DatedAction { time: day(2), action: CorporateAction::Split(Rate::ONE) };
    let made = Adjustment::new(&bars, &[one], Adjust::Split).unwrap();
    assert_eq!(made.apply(&bars).unwrap(), bars);
    assert_eq!(made.steps()[0].time - Span::DAY, day(1));
}
