//! W3: bars out of the catalog's Parquet files, one thread; and what 100 million trades take in memory.
use qframe_data::catalog::{Catalog, Conflict};
use qframe_data::{DataKey, Kind, Rows};
use qframe_model::market::{Bar, Side, Trade};
use qframe_model::number::{Price, Volume};
use qframe_model::time::{Time, TimeFrame};

use super::cpu::{best_and_median, seconds};

const RUNS: usize = 15;

/// The range of everything.
const ALL: std::ops::Range<Time> = Time::MIN..Time::MAX;

/// Reads bars of one-minute rows: into fresh memory, which the system hands out page by page, and into the same again. The
/// bare loop reads the bytes of the same files.
pub(crate) fn run(bars: usize) {
    row(bars, "walk", &super::market::bars(bars));
    row(bars, "cents", &super::w3::bars(bars));
}

fn row(count: usize, prices: &str, bars: &[Bar]) {
    let folder = Folder::new("bars");
    let catalog = Catalog::open(&folder.0).unwrap();
    let key = DataKey::bars("BTC/USDT".parse().unwrap(), "binance", TimeFrame::MINUTE);
    let (wrote, _) =
        seconds(|| catalog.merge(&key, std::iter::once(Rows::Bars(bars.to_vec())), Conflict::Refuse).unwrap());
    let facts = catalog.facts(&key).unwrap().unwrap();
    let (mut bare_runs, mut fresh_runs, mut again_runs) = (Vec::new(), Vec::new(), Vec::new());
    let mut again = Vec::new();
    for _ in 0..RUNS {
        let read = || facts.files.iter().map(|file| std::fs::read(&file.path).unwrap().len()).sum::<usize>();
        let (took, bytes) = seconds(read);
        bare_runs.push(took);
        assert_eq!(bytes as u64, facts.bytes);
        let (took, read) = seconds(|| catalog.bars(&key, ALL).unwrap());
        fresh_runs.push(took);
        assert_eq!(read, bars);
        again.clear();
        let (took, ()) = seconds(|| catalog.read_bars(&key, ALL, &mut again).unwrap());
        again_runs.push(took);
        assert_eq!(again, bars);
    }
    let (_, bare) = best_and_median(bare_runs);
    let rate = |seconds: f64| count as f64 / seconds / 1e6;
    for (memory, runs) in [("fresh", fresh_runs), ("again", again_runs)] {
        let (best, ours) = best_and_median(runs);
        println!(
            "w3 parquet bars={count} prices={prices} memory={memory} ours={:.1}M/s bare={:.1}M/s ratio={:.3} (median of {RUNS}; best {:.1}; bare reads the {:.1} bytes a bar; written at {:.1}M/s)",
            rate(ours),
            rate(bare),
            bare / ours,
            rate(best),
            facts.bytes as f64 / count as f64,
            rate(wrote),
        );
    }
}

/// Imports made-up trades and reads them back, and says how much memory that took at its peak.
pub(crate) fn trades(count: usize) {
    const BATCH: usize = 10_000;
    let folder = Folder::new("trades");
    let catalog = Catalog::open(&folder.0).unwrap();
    let symbol = "BTC/USDT".parse().unwrap();
    let key = DataKey { kind: Kind::Trades, venue: "binance".to_owned(), symbol, frame: None };
    let batches =
        (0..count).step_by(BATCH).map(|from| Rows::Trades((from..count.min(from + BATCH)).map(trade).collect()));
    let (wrote, merged) = seconds(|| catalog.merge(&key, batches, Conflict::Refuse).unwrap());
    assert_eq!(merged.added, count as u64);
    let facts = catalog.facts(&key).unwrap().unwrap();
    let (read, rows) = seconds(|| catalog.scan(&key, ALL).unwrap().map(|rows| rows.unwrap().len()).sum::<usize>());
    assert_eq!(rows, count);
    let rate = |seconds: f64| count as f64 / seconds / 1e6;
    println!(
        "catalog trades={count} import={:.2}M/s scan={:.1}M/s peak={:.0}MB (of {:.0}MB in {} files, {:.1} bytes a trade)",
        rate(wrote),
        rate(read),
        super::memory::peak_bytes().unwrap_or(f64::NAN) / 1e6,
        facts.bytes as f64 / 1e6,
        facts.files.len(),
        facts.bytes as f64 / count as f64,
    );
}

/// One in about 43 ms, as a busy pair has them; prices wander in cents.
fn trade(i: usize) -> Trade {
    // Steele and others' splitmix: no pattern that a compressor could find.
    let mixed = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB) >> 20;
    let wander = ((i as f64 / 50_000.0).sin() * 200_000.0) as i64 + (mixed % 500) as i64;
    let time = Time::from_nanos(1_610_064_000_000_000_000 + (i as i64 * 43 + (mixed % 43) as i64) * 1_000_000);
    Trade {
        time,
        received: time,
        id: 600_000_000 + i as u64,
        price: Price::from_nanos((4_000_000 + wander) * 10_000_000),
        quantity: Volume::from_digits(mixed % 5_000_000 + 1, 8).unwrap(),
        side: if mixed & 64 == 0 { Side::Buy } else { Side::Sell },
    }
}

/// A folder that goes with the run.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("qframe-bench-{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
