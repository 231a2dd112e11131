//! Data quality: a planted defect is found, a clean walk has none, and recorded files show what is known of them.
use std::path::Path;

use proptest::prelude::*;
use qframe_data::import::{Wish, import};
use qframe_data::quality::{
    Audit, Grade, Market, Mending, QuoteCheck, Report, Rules, TradeCheck, audit, audit_from, check, mend,
};
use qframe_data::{Defect, Rows, hours::Hours};
use qframe_model::market::{Bar, CorporateAction, DatedAction, Level, Quote, Side, Trade};
use qframe_model::number::{Price, Rate, Volume};
use qframe_model::time::{Span, Time, TimeFrame};

const RULES: Rules<'_> =
    Rules { frame: TimeFrame::HOUR, hours: None, tick: None, actions: &[], known_until: Time::MAX };

/// Hourly bars of a random walk: moves of up to 2 %, each bar opens where the last one closed.
fn walk(moves: &[(i64, i64, u64)]) -> Vec<Bar> {
    let mut close = 100_000_000_000i64;
    let bar = |(place, (change, wick, volume)): (usize, &(i64, i64, u64))| {
        let open = close;
        close += close / 10_000 * change;
        let (high, low) = (open.max(close) + open / 10_000 * wick, open.min(close) - open / 10_000 * wick);
        let [open, high, low, close] = [open, high, low, close].map(Price::from_nanos);
        let time = Time::from_seconds(1_600_000_000 / 3_600 * 3_600 + 3_600 * place as i64);
        Bar { time, open, high, low, close, volume: Volume::from_digits(volume + 1, 3).unwrap() }
    };
    moves.iter().enumerate().map(bar).collect()
}

fn moves() -> impl Strategy<Value = Vec<(i64, i64, u64)>> {
    prop::collection::vec((-200i64..=200, 1i64..80, 0u64..1 << 40), 120..300)
}

fn scaled(bar: Bar, part: i64, whole: i64) -> Bar {
    let scale = |price: Price| Price::from_nanos(price.nanos() / whole * part);
    Bar { open: scale(bar.open), high: scale(bar.high), low: scale(bar.low), close: scale(bar.close), ..bar }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_clean_walk_has_no_defect(moves in moves()) {
        let report = check(&walk(&moves), &RULES);
        prop_assert_eq!((report.counts, report.grade, report.rows), (vec![], Grade::High, moves.len() as u64));
    }

    #[test]
    fn what_is_planted_is_found(moves in moves(), at in 20usize..90, kind in 0usize..7) {
        let mut bars = walk(&moves);
        let (defect, rows) = match kind {
            0 => {
                bars[at] = scaled(bars[at], 100, 1);
                (Defect::UnitFlip, 1)
            }
            1 => {
                bars[at].low = Price::from_nanos(bars[at].low.nanos() / 100);
                (Defect::UnitFlip, 1)
            }
            2 => {
                bars[at] = scaled(bars[at], 7, 5);
                (Defect::RevertingOutlier, 1)
            }
            3 => {
                bars[at..].iter_mut().for_each(|bar| *bar = scaled(*bar, 1, 4));
                (Defect::SplitSuspect, 1)
            }
            4 => {
                for place in at..at + 5 {
                    bars[place + 5] = Bar { time: bars[place + 5].time, ..bars[place] };
                }
                (Defect::StaleRepeat, 5)
            }
            5 => {
                bars.drain(at..at + 7);
                (Defect::Missing, 7)
            }
            _ => {
                bars[at].volume = Volume::ZERO;
                (Defect::ZeroVolume, 1)
            }
        };
        let report = check(&bars, &RULES);
        prop_assert_eq!(report.count(defect), rows, "{}", report);
        if defect == Defect::SplitSuspect {
            let action = CorporateAction::Split(Rate::from_nanos(4_000_000_000));
            let known = [DatedAction { time: bars[at].time, action }];
            let report = check(&bars, &Rules { actions: &known, ..RULES });
            prop_assert_eq!((report.count(defect), report.explained), (0, 1));
        }
    }

    #[test]
    fn mending_leaves_nothing_of_what_it_mends(moves in moves(), at in 20usize..90, kind in 0usize..3) {
        let mut bars = walk(&moves);
        let whole = bars.clone();
        let defect = match kind {
            0 => {
                bars[at] = scaled(bars[at], 100, 1);
                Defect::UnitFlip
            }
            1 => {
                for place in at..at + 5 {
                    bars[place + 5] = Bar { time: bars[place + 5].time, ..bars[place] };
                }
                Defect::StaleRepeat
            }
            _ => {
                bars.remove(at);
                Defect::Missing
            }
        };
        let audit = Audit::of_bars("x", bars, TimeFrame::HOUR);
        let mending = Mending { fix: [defect].into(), fill: defect == Defect::Missing };
        let mended = mend(&audit, &RULES, &mending);
        prop_assert_eq!(check(&mended.bars, &RULES).count(defect), 0);
        prop_assert!(mended.bars.iter().all(|bar| bar.check().is_ok()));
        prop_assert!(mended.bars.is_sorted_by(|a, b| a.time < b.time));
        // Nothing else moved: each bar is one that was, or stands in the list of changes.
        let told = |bar: &Bar| mended.changes.iter().any(|change| change.time == Some(bar.time));
        prop_assert!(mended.bars.iter().all(|bar| audit.bars.contains(bar) || told(bar)));
        if defect == Defect::UnitFlip {
            prop_assert_eq!(mended.bars, whole);
        }
    }

    #[test]
    fn nothing_makes_it_panic(bytes in "(time,open,high,low,close,volume\n)?([0-9-]{0,12}(,[0-9.eNa-]{0,9}){3,6}\n){0,40}") {
        if let Ok(audit) = audit_from(bytes.as_bytes(), "x.csv", None) {
            let rules = Rules { frame: audit.frame, tick: Some(Price::from_nanos(7)), ..RULES };
            let _ = audit.report(&rules).to_string();
            let mended = mend(&audit, &rules, &Mending { fix: Mending::KNOWN.into(), fill: false });
            prop_assert!(mended.bars.iter().all(|bar| bar.check().is_ok()), "{:?}", mended.bars);
        }
    }
}

/// Rows of a file, what is counted of them, and where the first of each stands.
#[track_caller]
fn check_rows(rows: &str, expected: &str) {
    let text = format!("time,open,high,low,close,volume\n{rows}");
    let audit = audit_from(text.as_bytes(), "x.csv", None).unwrap();
    let report = audit.report(&Rules { frame: TimeFrame::DAY, ..RULES });
    let count = |count: &qframe_data::quality::Count| {
        let lines: Vec<_> = count.first.iter().map(|finding| finding.line.unwrap_or(0).to_string()).collect();
        format!("{} {} at {}", count.rows, count.defect, lines.join(" "))
    };
    assert_eq!(report.counts.iter().map(count).collect::<Vec<_>>().join("; "), expected, "{rows}");
}

#[test]
fn every_row_of_a_file_is_told() {
    let good = "2024-01-01,5,6,4,5,1\n2024-01-02,5,6,4,5.5,1\n2024-01-03,5,6,4,5,2\n";
    check_rows(good, "");
    check_rows(&format!("{good}2024-01-04,5,4,6,5,1\n"), "1 high below low at 5");
    check_rows(&format!("{good}2024-01-04,7,6,4,5,1\n"), "1 open or close outside low to high at 5");
    check_rows(&format!("{good}2024-01-04,0,6,4,5,1\n2024-01-04,-1,6,4,5,1\n"), "2 price not above zero at 5 6");
    check_rows(&format!("{good}2024-01-04,NaN,6,4,5,1\n2024-01-04,5,,4,5,1\n"), "2 not a number at 5 6");
    check_rows(&format!("{good}what,5,6,4,5,1\n2024-01-04,5\n"), "2 unreadable at 5 6");
    check_rows(&format!("{good}2024-01-03,5,6,4,5,2\n"), "1 duplicate, same values at 5");
    check_rows(&format!("{good}2024-01-03,5,6,4,4,2\n"), "1 duplicate, other values at 5");
    check_rows(&format!("{good}2024-01-01,5,6,4,4,2\n"), "1 duplicate, other values at 5; 1 out of order at 5");
    check_rows(&format!("{good}2024-01-06,5,6,4,5,2\n"), "2 missing at 4");
    check_rows(&format!("{good}2024-01-04,5,6,4,5,0\n"), "1 zero volume at 5");
}

#[test]
fn what_was_not_over_and_what_lies_between_ticks() {
    let bars = walk(&[(10, 1, 1); 40]);
    let last = bars[39].time;
    let unfinished = |minutes: i64| {
        check(&bars, &Rules { known_until: last + Span::from_seconds(minutes * 60), ..RULES })
            .count(Defect::UnfinishedBar)
    };
    assert_eq!((unfinished(59), unfinished(60)), (1, 0));
    let tick =
        |nanos: i64| check(&bars, &Rules { tick: Some(Price::from_nanos(nanos)), ..RULES }).count(Defect::OffGrid);
    assert_eq!((tick(1), tick(1_000_000_000)), (0, 40));
}

/// The first minute of a day opened at the price of before a split of seven to one, and closed at that of behind it: nothing but
/// its own range told.
#[test]
fn prices_of_two_scales_in_one_bar() {
    let calm = walk(&[(1, 2, 100); 60]);
    let jumps = |bars: &[Bar]| check(bars, &RULES).count(Defect::JumpInside);
    for at in [0, 30, 59] {
        let mut bars = calm.clone();
        bars[at].open = Price::from_nanos(bars[at].open.nanos() * 7);
        bars[at].high = bars[at].open;
        assert_eq!(jumps(&bars), 1, "at {at}");
        let action = CorporateAction::Split(Rate::from_nanos(7_000_000_000));
        let known = [DatedAction { time: bars[at].time, action }];
        let told = check(&bars, &Rules { actions: &known, ..RULES }).to_string();
        assert!(told.contains("a split of that day, with prices of both scales"), "{told}");
    }
    // A market that falls by half within an hour is wild behind it, and beside it.
    let mut crash = vec![(1, 2, 100); 60];
    crash[30] = (-5_000, 300, 1_000);
    for (place, change) in [(31, 900), (32, -1_200), (33, 700), (34, 400), (35, -500)] {
        crash[place] = (change, 200, 1_000);
    }
    assert_eq!(jumps(&walk(&crash)), 0);
    crash.truncate(31);
    // That it is one is not known before what follows; before it all was calm.
    assert_eq!(jumps(&walk(&crash)), 1);
    // Two bars say nothing of what is usual.
    assert_eq!(jumps(&walk(&[(1, 2, 1), (-5_000, 3, 1), (1, 2, 1)])), 0);
}

/// A bid of 1 beside one of 92 is no price of 92 in another unit: a hundred of it is far from what the minute, and those behind
/// it, traded at. A mender that took it for one would make up 100.
#[test]
fn a_stub_quote_is_no_unit() {
    for (stub, flips, jumps) in [(10_000, 1, 0), (10_900, 0, 1)] {
        let mut bars = walk(&[(1, 2, 100); 60]);
        bars[30].open = Price::from_nanos(bars[30].open.nanos() / 1_000_000 * stub);
        bars[30].low = bars[30].open;
        let report = check(&bars, &RULES);
        assert_eq!((report.count(Defect::UnitFlip), report.count(Defect::JumpInside)), (flips, jumps), "{report}");
    }
}

/// The minutes of AAPL on the day of its split begin with a bar from 645.57 to 92.42.
#[test]
fn the_first_minute_behind_a_split() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/stocks/lean/usa/minute/aapl/20140609_trade.zip");
    if !path.exists() {
        println!("skipped: no 20140609_trade.zip");
        return;
    }
    let mut bars = Vec::new();
    let answers = import(&path, &Wish::default(), &mut |_, rows| {
        if let Rows::Bars(rows) = rows {
            bars.extend(rows);
        }
        Ok(())
    });
    answers.into_iter().for_each(|answer| _ = answer.unwrap());
    let report = check(&bars, &Rules { frame: TimeFrame::MINUTE, ..RULES });
    assert_eq!(report.count(Defect::JumpInside), 1, "{report}");
    assert!(report.to_string().contains("open 645.57, high 645.57, low 92.23, close 92.42"), "{report}");
}

#[test]
fn trades_and_quotes_one_by_one() {
    let trade = |id: u64, second: i64, price: i64| Trade {
        time: Time::from_seconds(second),
        received: Time::from_seconds(second),
        id,
        price: Price::from_nanos(price),
        quantity: Volume::from_digits(1, 0).unwrap(),
        side: Side::Buy,
    };
    let mut trades = TradeCheck::new(&Market { tick: Some(Price::from_nanos(2)), ..Market::default() });
    for (id, second, price) in [(1, 1, 100), (2, 1, 102), (2, 1, 102), (3, 3, 160), (4, 2, 103), (5, 4, 100)] {
        trades.push(&trade(id, second, price));
    }
    let report = trades.finish();
    let count = |defect| report.count(defect);
    assert_eq!((count(Defect::DuplicateSame), count(Defect::OutOfOrder), count(Defect::OffGrid)), (1, 1, 1));
    assert_eq!((count(Defect::RevertingOutlier), report.rows), (1, 6));
    let level = |price: i64| Level { price: Price::from_nanos(price), quantity: Volume::ZERO };
    let mut quotes = QuoteCheck::new(&Market::default());
    for (bid, ask) in [(5, 6), (6, 6), (7, 6), (0, 6)] {
        let time = Time::EPOCH;
        quotes.push(&Quote { time, received: time, bid: level(bid), ask: level(ask) });
    }
    let report = quotes.finish();
    assert_eq!((report.count(Defect::Crossed), report.count(Defect::NotPositive)), (2, 1));
    assert_eq!(report.grade, Grade::Corrupted);
}

fn recorded(file: &str) -> Option<Audit> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    if !path.exists() {
        println!("skipped: no {file}");
        return None;
    }
    Some(audit(path, None).unwrap())
}

fn summary(report: &Report) -> String {
    let counts = report.counts.iter().map(|count| format!("{} {}", count.rows, count.defect));
    counts.chain([report.grade.to_string()]).collect::<Vec<_>>().join("; ")
}

#[track_caller]
fn check_file(file: &str, hours: Option<&str>, expected: &str) {
    let Some(audit) = recorded(file) else { return };
    let hours = hours.map(|name| Hours::named(name).unwrap());
    let report = audit.report(&Rules { frame: audit.frame, hours, ..RULES });
    assert_eq!(summary(&report), expected, "{file}: {report}");
}

#[test]
fn recorded_files_show_what_is_known_of_them() {
    check_file(
        "bars/coinbase-cryptodatadownload/Coinbase_BTCUSD_1h.csv",
        Some("24/7"),
        "5 out of order; 5 stale repeat; 28 zero volume; MEDIUM",
    );
    // The low of 0.06 on 15 April 2017 was traded: a crash looks like an error, and is worth a look.
    check_file(
        "bars/coinbase-cryptodatadownload/Coinbase_BTCUSD_d.csv",
        Some("24/7"),
        "12 missing; 1 outlier that reverts; 38 zero volume; MEDIUM",
    );
    check_file("bars/binance-spot-hourly-gappy/BTCUSDT_1h.csv", Some("24/7"), "638 missing; LOW");
    // They hold the crash of March 2020, and the bar on which it ended.
    check_file("bars/binance-spot-daily/BTCUSDT.csv", Some("24/7"), "HIGH");
    check_file("bars/binance-spot-daily/SOLUSDT.csv", Some("24/7"), "HIGH");
    check_file("bars/bybit-spot/BTCUSDT_1h.csv", Some("24/7"), "HIGH");
    check_file("stocks/yahoo-backtrader/orcl-1995-2014.txt", Some("NYSE"), "HIGH");
    check_file("stocks/backtesting.py/GOOG.csv", Some("NYSE"), "HIGH");
    check_file("forex/backtesting.py/EURUSD.csv", Some("forex"), "HIGH");
    check_file("stocks/yfinance-dirty/KAP-IL-1d-bad-div.csv", None, "11 missing; 1 zero volume; HIGH");
}

/// Rows that were found against the rows that the repair of another program changed: what it changed and was found, what it
/// changed and was not, what was found and it left.
#[track_caller]
fn check_dirty(name: &str, defect: Defect, expected: (usize, usize, usize)) {
    let (Some(dirty), Some(clean)) = (
        recorded(&format!("stocks/yfinance-dirty/{name}.csv")),
        recorded(&format!("stocks/yfinance-dirty/{name}-fixed.csv")),
    ) else {
        return;
    };
    let differs = |a: &Bar, b: &Bar| {
        (a.close.to_f64() / b.close.to_f64()).ln().abs() > 0.5 || (a.low.to_f64() / b.low.to_f64()).ln().abs() > 0.5
    };
    let rules = Rules { frame: dirty.frame, ..RULES };
    let mended = mend(&dirty, &rules, &Mending { fix: [defect].into(), fill: false });
    let found = |time: Time| mended.changes.iter().any(|change| change.time == Some(time));
    let pairs = || dirty.bars.iter().zip(&clean.bars);
    let changed = |pair: &(&Bar, &Bar)| differs(pair.0, pair.1);
    let hits = pairs().filter(|pair| changed(pair) && found(pair.0.time)).count();
    let missed = pairs().filter(|pair| changed(pair) && !found(pair.0.time)).count();
    let alarms = pairs().filter(|pair| !changed(pair) && found(pair.0.time)).count();
    assert_eq!((hits, missed, alarms), expected, "{name}");
    // What is mended is what the other program made of it, to the float noise of its file.
    let near = |(a, b): (&Bar, &Bar)| (a.close.to_f64() / b.close.to_f64() - 1.0).abs() < 1e-4;
    assert!(mended.bars.iter().zip(&clean.bars).all(near), "{name}");
    check_file(&format!("stocks/yfinance-dirty/{name}-fixed.csv"), None, &{
        let report = clean.report(&rules);
        assert_eq!(report.count(defect), 0);
        summary(&report)
    });
}

#[test]
fn dirty_files_and_what_another_program_made_of_them() {
    check_dirty("AET-L-1d-100x-error", Defect::UnitFlip, (14, 0, 0));
    check_dirty("ASAI-L-1h-bad-unit", Defect::UnitFlip, (1, 0, 0));
    let splits = |file: &str| {
        let report = recorded(file).map(|audit| audit.report(&Rules { frame: audit.frame, ..RULES }));
        report.map_or(0, |report| report.count(Defect::SplitSuspect))
    };
    let there = recorded("stocks/yfinance-dirty/4063-T-1d-bad-stock-split.csv").is_some();
    assert_eq!(splits("stocks/yfinance-dirty/4063-T-1d-bad-stock-split.csv"), u64::from(there));
    assert_eq!(splits("stocks/yfinance-dirty/4063-T-1d-bad-stock-split-fixed.csv"), 0);
}
