//! The spool: what goes in comes out, in order, whatever happened to the process or to its files.
use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use qframe_app::Arrival;
use qframe_app::pipeline::{Spool, SpoolError};
use qframe_data::Kind;
use qframe_model::market::{BookChange, Side};

use crate::made::{arrival, bar, change, funding, key, level, numbers, quote, trades};

const LARGE: u64 = 1 << 30;

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut rows: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "rows")).collect();
    rows.sort();
    rows
}

#[test]
fn every_kind_of_row_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let rows = vec![
        trades("BTC/USDT", 1..2).remove(0),
        arrival(&key(Kind::Quotes, "ETH/USDT:USDT"), quote(1, "1.000000001", "2")),
        arrival(&key(Kind::Bars, "AAPL"), bar(1, ["1", "2", "0.5", "1.5"])),
        arrival(&key(Kind::Book, "BTC/USDT"), change(1, u64::MAX, BookChange::Clear, true)),
        arrival(&key(Kind::Book, "BTC/USDT"), change(1, 0, BookChange::Level(Side::Sell, level("7", 0)), false)),
        arrival(&key(Kind::Funding, "BTC/USDT:USDT"), funding(3)),
    ];
    let mut spool = Spool::open(folder.path(), LARGE).unwrap();
    spool.append(&rows).unwrap();
    drop(spool);
    assert_eq!(Spool::open(folder.path(), LARGE).unwrap().peek(100).unwrap(), rows);
}

/// `/dev/full` takes no byte: each try left a file of no rows.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_leaves_no_empty_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), LARGE).unwrap();
    for _ in 0..3 {
        let path = folder.path().join(format!("{:020}.rows", (1_u64 << 32) + 1));
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let refused = spool.append(&trades("BTC/USDT", 1..3)).unwrap_err();
        assert!(matches!(refused, SpoolError::System { doing: "writing", .. }), "{refused}");
        assert_eq!((files(folder.path()).len(), spool.rows()), (0, 0));
    }
    spool.append(&trades("BTC/USDT", 1..3)).unwrap();
    assert_eq!(numbers(&spool.peek(9).unwrap()), [1, 2]);
}

#[derive(Debug, Clone)]
enum Act {
    Append(u64),
    Take(usize),
    PutFirst(u64),
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (1..40_u64).prop_map(Act::Append),
        4 => (1..60_usize).prop_map(Act::Take),
        1 => (1..20_u64).prop_map(Act::PutFirst),
        1 => Just(Act::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Against a queue in memory. Rows go first only where none was read of those there are, as its user does it.
    #[test]
    fn a_spool_is_a_queue(acts in proptest::collection::vec(act(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), LARGE).unwrap();
        let mut queue: VecDeque<Arrival> = VecDeque::new();
        let (mut next, mut is_whole) = (1, true);
        for act in acts {
            match act {
                Act::Append(count) => {
                    let rows = trades("BTC/USDT", next..next + count);
                    next += count;
                    is_whole |= queue.is_empty();
                    spool.append(&rows).unwrap();
                    queue.extend(rows);
                }
                Act::PutFirst(count) if is_whole || queue.is_empty() => {
                    let rows = trades("ETH/USDT", next..next + count);
                    next += count;
                    is_whole = true;
                    spool.put_first(&rows).unwrap();
                    rows.into_iter().rev().for_each(|row| queue.push_front(row));
                }
                Act::PutFirst(_) => {}
                Act::Take(count) => {
                    let got = spool.peek(count).unwrap();
                    prop_assert!(got.len() <= count && (got.is_empty() == queue.is_empty()));
                    spool.advance(got.len() as u64).unwrap();
                    is_whole &= got.is_empty();
                    prop_assert_eq!(&got, &queue.drain(..got.len()).collect::<Vec<_>>());
                }
                Act::Reopen => {
                    drop(spool);
                    spool = Spool::open(folder.path(), LARGE).unwrap();
                }
            }
            prop_assert_eq!(spool.rows(), queue.len() as u64);
        }
        prop_assert_eq!(spool.damaged(), 0);
    }
}

#[test]
fn a_record_that_is_cut_short_or_altered_ends_its_file() {
    for (cut, altered) in [(Some(3_u64), None), (None, Some(40_usize)), (Some(30), None)] {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), LARGE).unwrap();
        spool.append(&trades("BTC/USDT", 1..10)).unwrap();
        let good = spool.bytes();
        spool.append(&trades("BTC/USDT", 10..20)).unwrap();
        drop(spool);
        let path = files(folder.path()).remove(0);
        let mut bytes = fs::read(&path).unwrap();
        if let Some(cut) = cut {
            bytes.truncate(bytes.len() - usize::try_from(cut).unwrap());
        }
        if let Some(place) = altered {
            bytes[usize::try_from(good).unwrap() + place] ^= 1;
        }
        fs::write(&path, &bytes).unwrap();
        let mut spool = Spool::open(folder.path(), LARGE).unwrap();
        assert_eq!(spool.damaged(), bytes.len() as u64 - good, "every bad byte is counted");
        spool.append(&trades("BTC/USDT", 20..25)).unwrap();
        let (first, all) = (spool.peek(100).unwrap(), (1..10).collect::<Vec<_>>());
        assert_eq!(numbers(&first), all);
        spool.advance(9).unwrap();
        assert_eq!(numbers(&spool.peek(100).unwrap()), (20..25).collect::<Vec<_>>());
    }
}

#[test]
fn a_folder_has_one_process_and_a_stated_size() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), 4_000).unwrap();
    assert_eq!(Spool::open(folder.path(), 1).unwrap_err(), SpoolError::Taken(folder.path().to_owned()));
    let mut appended = 0;
    while spool.append(&trades("BTC/USDT", 1..11)).is_ok() {
        appended += 10;
    }
    assert!(spool.bytes() <= 4_000 && spool.rows() == appended && appended > 0);
    let on_disk: u64 = files(folder.path()).iter().map(|path| path.metadata().unwrap().len()).sum();
    assert_eq!(on_disk, spool.bytes());
    spool.advance(appended).unwrap();
    assert_eq!((spool.bytes(), files(folder.path()).len()), (0, 0), "what is read is gone");
}
