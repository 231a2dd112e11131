//! A recording is killed at any moment, and gone on with: what was acknowledged is in the catalog, once and in order.
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use qframe_app::pipeline::{Pipeline, Rules, SinkOptions};
use qframe_data::{Catalog, Kind, Rows};
use qframe_model::time::Time;
use qframe_store::CatalogSink;

use crate::made::{key, options, runtime, send, trades};

const FOLDER: &str = "QFRAME_TEST_RECORDING";

fn on_disk_first() -> SinkOptions {
    SinkOptions { memory_rows: 0, ..options() }
}

fn sink(folder: &Path) -> CatalogSink {
    CatalogSink::new(Catalog::open(folder.join("catalog")).unwrap())
}

/// No test of its own: the child of the one below. It says how many rows are safe.
#[test]
fn child_that_records() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    runtime().block_on(async {
        let mut pipeline = Pipeline::new(Rules::default());
        pipeline.add_sink("sink", sink(folder), folder, on_disk_first()).unwrap();
        let (feed, running) = pipeline.start();
        for rows in trades("BTC/USDT", 1..200_000).chunks(20) {
            for row in rows {
                feed.send(row.clone()).await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            let stats = running.stats().sinks.remove(0);
            println!("\nsafe {}", stats.given - stats.waiting);
        }
    });
}

#[test]
fn nothing_acknowledged_is_missing_after_a_kill() {
    let mut most = 0;
    for round in 0..8_u64 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_that_records", "--test-threads=1", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = std::thread::spawn(move || {
            let safe = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("safe ")?.parse().ok());
            safe.last().unwrap_or(0_u64)
        });
        // The seed is the round.
        std::thread::sleep(Duration::from_millis(150 + round * 61 % 240));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = said.join().unwrap();
        let rest = send(sink(folder.path()), Vec::new(), folder.path(), on_disk_first());
        let stats = runtime().block_on(rest).sinks.remove(0);
        assert_eq!((stats.spooled, stats.refused.total(), stats.lost_rows()), (0, 0, 0), "round {round}: {stats:#?}");
        let catalog = Catalog::open(folder.path().join("catalog")).unwrap();
        let key = key(Kind::Trades, "BTC/USDT");
        let mut found = Vec::new();
        for rows in catalog.scan(&key, Time::MIN..Time::MAX).unwrap() {
            let Rows::Trades(rows) = rows.unwrap() else { panic!("other rows") };
            found.extend(rows.iter().map(|trade| trade.id));
        }
        most = most.max(acknowledged);
        assert!(found.len() as u64 >= acknowledged, "round {round}: {} of {acknowledged}: {stats:#?}", found.len());
        assert_eq!(found, (1..=found.len() as u64).collect::<Vec<_>>(), "round {round}");
        catalog.verify(&key).unwrap();
        println!(
            "round {round}: {acknowledged} acknowledged, {} in the catalog, {} of them after the kill",
            found.len(),
            stats.taken_up
        );
    }
    assert!(most > 0, "no child came so far as to acknowledge a row");
}
