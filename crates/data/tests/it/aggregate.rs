//! Trades and quotes made into bars: minutes of trades are bars like any other, and add up to those of longer frames.
use std::io::Read;
use std::path::Path;

use proptest::prelude::*;
use qframe_data::{QuoteBars, ResampleError, Resampling, TradeBars, read_bars_from, resample};
use qframe_model::market::{Bar, Level, Quote, Side, Trade};
use qframe_model::number::{Price, Volume};
use qframe_model::time::{Span, Time, TimeFrame};

fn trades() -> impl Strategy<Value = Vec<Trade>> {
    let row = (0i64..400, 1i64..1_000_000_000, 1u64..1 << 30);
    (prop::collection::vec(row, 1..200), 0i64..2_000_000_000).prop_map(|(rows, start)| {
        let mut time = Time::from_seconds(start);
        let trade = |(id, (step, price, units)): (u64, (i64, i64, u64))| {
            time = time + Span::from_seconds(step);
            let (price, quantity) = (Price::from_nanos(price), Volume::from_digits(units, 4).unwrap());
            Trade { time, received: time, id, price, quantity, side: Side::Buy }
        };
        (1..).zip(rows).map(trade).collect()
    })
}

fn bars(trades: &[Trade], frame: TimeFrame) -> Vec<Bar> {
    let mut made = TradeBars::new(frame);
    let mut bars: Vec<Bar> = trades.iter().filter_map(|trade| made.push(trade).unwrap()).collect();
    bars.extend(made.finish().unwrap());
    bars
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn bars_of_trades_are_bars_of_their_bars(trades in trades(), to in prop::sample::select(vec!["5m", "1h", "1d", "1w"])) {
        let to: TimeFrame = to.parse().unwrap();
        let minutes = bars(&trades, TimeFrame::MINUTE);
        prop_assert!(minutes.iter().all(|bar| bar.check().is_ok()));
        prop_assert!(minutes.is_sorted_by(|a, b| a.time < b.time));
        let how = Resampling { from: TimeFrame::MINUTE, to, known_until: Time::MAX };
        prop_assert_eq!(resample(&minutes, &how).unwrap().bars, bars(&trades, to));
        // Empty minutes are absent: each has a trade.
        let traded = |bar: &Bar| trades.iter().any(|trade| TimeFrame::MINUTE.open_of(trade.time) == bar.time);
        prop_assert!(minutes.iter().all(traded));
    }
}

#[test]
fn quotes_make_bars_of_both_sides() {
    let mut made = QuoteBars::new(TimeFrame::MINUTE);
    let quote = |second: i64, bid: i64, ask: i64| {
        let level = |price| Level { price: Price::from_nanos(price), quantity: Volume::ZERO };
        let time = Time::from_seconds(second);
        Quote { time, received: time, bid: level(bid), ask: level(ask) }
    };
    let prices = |bar: Bar| [bar.open, bar.high, bar.low, bar.close].map(Price::nanos);
    assert_eq!(made.push(&quote(1, 10, 12)), Ok(None));
    assert_eq!(made.push(&quote(2, 9, 14)), Ok(None));
    assert_eq!(made.push(&quote(59, 11, 13)), Ok(None));
    let [bid, ask] = made.push(&quote(60, 20, 21)).unwrap().unwrap();
    assert_eq!((prices(bid), prices(ask)), ([10, 11, 9, 11], [12, 14, 12, 13]));
    assert_eq!((bid.time, bid.volume.is_zero()), (Time::EPOCH, true));
    let early = made.push(&quote(59, 1, 2));
    assert_eq!(early, Err(ResampleError::Unsorted(Time::from_seconds(60), Time::from_seconds(59))));
    assert_eq!(made.finish().map(|sides| sides.map(|side| side.time.nanos())), Some([60_000_000_000; 2]));
}

/// Rows of an archive of LEAN: a time, four prices, a volume.
fn archive(file: &str, time: impl Fn(&str) -> String) -> Option<Vec<Bar>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/bars/lean-crypto/coinbase").join(file);
    if !path.exists() {
        println!("skipped: no {file}");
        return None;
    }
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
    let row = |line: &str| line.split_once(',').map(|(at, rest)| format!("{},{rest}\n", time(at)));
    let rows: String = text.lines().filter_map(row).collect();
    let text = format!("time,open,high,low,close,volume\n{rows}");
    Some(read_bars_from(text.as_bytes(), file, &qframe_data::Options::default()).unwrap().bars)
}

#[test]
fn recorded_minutes_add_up_to_the_recorded_day() {
    let daily = archive("daily/btcusd_trade.zip", |at| format!("{}-{}-{}", &at[..4], &at[4..6], &at[6..8]));
    let Some(daily) = daily else { return };
    for day in ["20161007", "20161008", "20161009", "20180404", "20180405", "20180406"] {
        let midnight: Time = format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]).parse().unwrap();
        let time = |at: &str| (midnight + Span::from_nanos(at.parse::<i64>().unwrap() * 1_000_000)).to_string();
        let Some(minutes) = archive(&format!("minute/btcusd/{day}_trade.zip"), time) else { return };
        let how = Resampling { from: TimeFrame::MINUTE, to: TimeFrame::DAY, known_until: Time::MAX };
        let made = resample(&minutes, &how).unwrap().bars;
        assert_eq!(made, daily.iter().filter(|bar| bar.time == midnight).copied().collect::<Vec<_>>(), "{day}");
        let hour = resample(&minutes, &Resampling { to: TimeFrame::HOUR, ..how }).unwrap().bars;
        assert_eq!(resample(&hour, &Resampling { from: TimeFrame::HOUR, ..how }).unwrap().bars, made, "{day} by hours");
    }
}
