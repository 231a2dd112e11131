//! Laws: what is written is read back, stages of resampling add up, and no bytes make the reader panic.
use proptest::prelude::*;
use qframe_data::{Offsets, OnBadRow, Options, Resampling, read_bars_from, resample, write_bars};
use qframe_model::market::Bar;
use qframe_model::number::{Price, Volume};
use qframe_model::time::{Span, Time, TimeFrame};

/// Rising bars on the grid of a minute, a few of them absent; volumes below `digits` x 10^-`decimals`.
fn bars(count: usize, digits: u64, decimals: u32) -> impl Strategy<Value = Vec<Bar>> {
    let price = prop_oneof![1i64..=i64::MAX, 1i64..1_000_000_000_000, (1i64..1_000_000).prop_map(|p| p * 10_000_000)];
    let volume = (prop_oneof![0..digits, 0..digits.min(1_000_000)], 0..=decimals);
    let row = ([price.clone(), price.clone(), price.clone(), price], volume, 1i64..50);
    (prop::collection::vec(row, 1..count), -4_000_000i64..4_000_000).prop_map(|(rows, start)| {
        let mut time = Time::from_seconds(start * 60);
        rows.into_iter()
            .map(|(mut prices, (digits, decimals), step)| {
                prices.sort_unstable();
                let [low, open, close, high] = prices.map(Price::from_nanos);
                time = time + Span::from_seconds(60 * step);
                Bar { time, open, high, low, close, volume: Volume::from_digits(digits, decimals).unwrap() }
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn what_is_written_is_read_back(bars in bars(100, 1 << 60, 9)) {
        let mut text = Vec::new();
        write_bars(&mut text, &bars).unwrap();
        let options = Options { time_frame: Some(TimeFrame::MINUTE), ..Options::default() };
        let loaded = read_bars_from(text.as_slice(), "x.csv", &options).unwrap();
        prop_assert_eq!(loaded.facts.rounded, 0);
        prop_assert_eq!(loaded.bars, bars);
    }

    #[test]
    fn two_stages_of_resampling_are_one(bars in bars(150, 1 << 40, 4), late in 1i64..10_000) {
        let known_until = bars[bars.len() - 1].time + Span::from_seconds(60 * late);
        let to = |bars: &[Bar], from: &str, to: &str, known_until| {
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            resample(bars, &Resampling { from, to, known_until }).unwrap()
        };
        for (middle, last) in [("5m", "1h"), ("1h", "1d"), ("1d", "1w"), ("1m", "15m"), ("4h", "4h")] {
            let stages = to(&to(&bars, "1m", middle, known_until).bars, middle, last, known_until);
            prop_assert_eq!(stages.bars, to(&bars, "1m", last, known_until).bars, "{} then {}", middle, last);
            let stages = to(&to(&bars, "1m", middle, Time::MAX).bars, middle, last, Time::MAX);
            prop_assert_eq!(stages, to(&bars, "1m", last, Time::MAX), "{} then {}", middle, last);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000), skip: bool, close: bool) {
        read_anything(&bytes, skip, close);
    }

    #[test]
    fn no_nearly_good_file_makes_it_panic(
        header in "(time|date|unix|),(open|o),high,low,close(,volume(_btc)?)?(,note)?\r?\n|",
        rows in prop::collection::vec("[0-9T:+Z -]{0,25}([,;\t\"][0-9.eE+\"-]{0,22}){3,8}\r?\n", 0..40),
        skip: bool,
        close: bool,
    ) {
        read_anything((header + &rows.concat()).as_bytes(), skip, close);
    }
}

/// Reads bytes as plain text and as gzip; whatever comes out is made of checked bars.
fn read_anything(bytes: &[u8], skip: bool, close: bool) {
    let options = Options {
        on_bad_row: if skip { OnBadRow::Skip } else { OnBadRow::Stop },
        offsets: if skip { Offsets::Mixed } else { Offsets::One },
        close_column: close.then_some("close"),
        ..Options::default()
    };
    for bytes in [bytes.to_vec(), [&[0x1f, 0x8b], bytes].concat()] {
        match read_bars_from(bytes.as_slice(), "x.csv", &options) {
            Ok(loaded) => {
                assert!(loaded.bars.iter().all(|bar| bar.check().is_ok()));
                assert!(loaded.bars.is_sorted_by(|a, b| a.time < b.time));
                assert!(!loaded.to_string().is_empty());
            }
            Err(refused) => assert!(refused.to_string().contains("x.csv")),
        }
    }
}
