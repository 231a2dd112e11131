//! Recorded streams rebuilt: the book of each update equals the best quote that the exchange sent for it. The recordings
//! are no part of the project: without them these tests are skipped.
use std::path::{Path, PathBuf};

use qframe_data::book::{Recording, read_ticks};
use qframe_model::market::Tick;

fn shared(files: &[&str]) -> Option<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let paths: Vec<PathBuf> = files.iter().map(|file| root.join(file)).collect();
    let there = paths.iter().all(|path| path.exists());
    if !there {
        println!("skipped: no {}", files.join(" "));
    }
    there.then_some(paths)
}

/// One line an instrument: updates applied of those that came, tops equal of those compared.
#[track_caller]
fn check(files: &[&str], messages: u64, expected: &[&str]) {
    let Some(paths) = shared(files) else { return };
    let mut recording = Recording::open(&paths).unwrap();
    recording.read(|_, _| {}).unwrap();
    let found: Vec<String> = recording
        .books()
        .instruments()
        .iter()
        .map(|one| {
            let counts = one.counts();
            assert_eq!(
                (counts.gaps, counts.crossed, counts.resyncs, counts.stale_snapshots),
                (0, 0, 0, 0),
                "{}",
                one.symbol
            );
            format!("{} {}/{} {}/{}", one.symbol, counts.applied, counts.updates, one.equal, one.checked)
        })
        .collect();
    assert_eq!(found, expected);
    assert_eq!((recording.facts().messages, recording.facts().refused), (messages, 0), "{:?}", recording.facts());
    assert_eq!(recording.books().losses(), []);
}

#[test]
fn books_of_binance() {
    check(&["book/hftbacktest/usdm/btcusdt_20240808.gz"], 93_954, &["BTC/USDT:USDT 6547/6551 6545/6545"]);
    check(&["book/hftbacktest/spot/btcusdt_20240808.gz"], 41_249, &["BTC/USDT 3449/3451 3449/3449"]);
    let folder = "payloads/binance/cryptofeed/BINANCE";
    check(
        &[&format!("{folder}.http.0.0"), &format!("{folder}.ws.1.0")],
        269,
        &["NKN/USDT 149/150 132/132", "BLZ/ETH 9/10 1/1", "LRC/BTC 13/15 11/11", "RUNE/EUR 1/2 0/0"],
    );
    check(
        &[&format!("{folder}_FUTURES.http.0.0"), &format!("{folder}_FUTURES.ws.1.0")],
        1_539,
        &[
            "SUSHI/USDT:USDT 252/255 253/253",
            "AKRO/USDT:USDT 188/189 177/177",
            "KEEP/USDT:USDT 132/135 114/114",
            "CTK/USDT:USDT 180/185 178/178",
        ],
    );
}

/// The four that differ tell of a trade that is older than the book.
#[test]
fn books_of_coinbase() {
    check(
        &["payloads/coinbase/cryptofeed/COINBASE.ws.28.0.5-products"],
        5_716,
        &[
            "BAND/GBP 471/471 4/5",
            "NU/GBP 76/76 2/2",
            "YFI/BTC 487/487 0/1",
            "DASH/BTC 1925/1925 15/16",
            "SKL/USD 2592/2592 52/53",
        ],
    );
    let folder = "payloads/coinbase/transcribed-recorded";
    check(&[&format!("{folder}/advanced_ws_dev.jsonl")], 12, &["BTC/USD 0/1 0/0", "ETH/USD 0/1 0/0"]);
    check(&[&format!("{folder}/exchange_ws_dev.jsonl")], 5, &["ETH/USD 0/1 0/0", "BTC/USD 0/1 0/0"]);
}

#[test]
fn rows_in_the_order_of_receipt() {
    let Some(paths) = shared(&["book/hftbacktest/usdm/btcusdt_20240808.gz"]) else { return };
    let ticks = read_ticks(&paths[0], None).unwrap();
    let (mut trades, mut quotes, mut changes, mut received) = (0, 0, 0, qframe_model::time::Time::MIN);
    for tick in ticks {
        let tick = tick.unwrap();
        assert!(received <= tick.received());
        received = tick.received();
        match tick {
            Tick::Trade(_) => trades += 1,
            Tick::Quote(_) => quotes += 1,
            Tick::Book(_) => changes += 1,
        }
    }
    assert_eq!((trades, quotes, changes), (21_313, 66_089, 445_263));
}
