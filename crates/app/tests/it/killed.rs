//! A process is killed at any moment: what its worker had taken to the disk is written by the next.
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use qframe_app::Arrival;
use qframe_app::pipeline::{Pipeline, Rules, Sink, SinkError, SinkOptions, Spool};

use crate::made::{numbers, trades};

const FOLDER: &str = "QFRAME_TEST_SPOOLS";

/// A store that is never there.
struct Down;

impl Sink for Down {
    async fn write(&mut self, _: &[Arrival]) -> Result<(), SinkError> {
        Err(SinkError::later("nobody listens"))
    }
}

/// No test of its own: the child of the one below. It says how many rows the disk has.
#[test]
fn child_that_streams() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut pipeline = Pipeline::new(Rules::default());
        let options = SinkOptions { memory_rows: 0, ..SinkOptions::default() };
        pipeline.add_sink("down", Down, folder.as_ref(), options).unwrap();
        let (feed, running) = pipeline.start();
        for from in (1..).step_by(10) {
            for row in trades("BTC/USDT", from..from + 10) {
                feed.send(row).await.unwrap();
            }
            let stats = running.stats();
            println!("\nspooled {}", stats.sinks[0].spooled);
        }
    });
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let mut most = 0;
    for round in 0..12_u64 {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child_that_streams", "--test-threads=1", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = std::thread::spawn(move || {
            let spooled = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("spooled ")?.parse().ok());
            spooled.last().unwrap_or(0_u64)
        });
        // The seed is the round.
        std::thread::sleep(Duration::from_millis(100 + round * 37 % 290));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = said.join().unwrap();
        let mut spool = Spool::open(&folder.path().join("down"), 1 << 30).unwrap();
        let mut found = Vec::new();
        while spool.rows() > 0 {
            let rows = spool.peek(10_000).unwrap();
            spool.advance(rows.len() as u64).unwrap();
            found.extend(numbers(&rows));
        }
        most = most.max(acknowledged);
        assert!(found.len() as u64 >= acknowledged, "round {round}: {} of {acknowledged}", found.len());
        assert_eq!(found, (1..=found.len() as u64).collect::<Vec<_>>(), "round {round}: in order, none twice");
        println!("round {round}: {acknowledged} acknowledged, {} found, {} bytes cut", found.len(), spool.damaged());
    }
    assert!(most > 0, "no child came so far as to acknowledge a row");
}
