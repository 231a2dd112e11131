//! A writer is killed at any moment, several write at once, a disk gives up: what was committed is there, and nothing else.
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use qframe_data::catalog::{Catalog, Conflict};
use qframe_data::{Kind, Rows};
use qframe_model::time::Time;

use super::{catalog, key, made, stored};

const FOLDER: &str = "QFRAME_TEST_CATALOG";
const PART: &str = "QFRAME_TEST_PART";
/// Rows over ten days of trades.
const COUNT: i64 = 300;

/// No test of its own: the child of those below. It imports its part of the rows, batch by batch.
#[test]
fn child_that_imports() {
    let (Ok(folder), Ok(part)) = (std::env::var(FOLDER), std::env::var(PART)) else { return };
    let (from, step): (usize, usize) =
        part.split_once(' ').map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())).unwrap();
    let catalog = Catalog::open(folder).unwrap();
    let rows = made::rows(Kind::Trades, COUNT);
    if step == WHOLE {
        // One whole after another, each other rows of other days.
        for round in from.. {
            catalog.replace(&key(Kind::Trades), std::iter::once(whole(&rows, round))).unwrap();
        }
    }
    let batches = (from..rows.len()).step_by(step).map(|place| made::part(&rows, place..place + 6));
    catalog.merge(&key(Kind::Trades), batches, Conflict::Refuse).unwrap();
}

/// For a child: replace all rows, for ever.
const WHOLE: usize = 0;

/// By turns the first two thirds of the rows, and the last two thirds without every second instant.
fn whole(rows: &Rows, round: usize) -> Rows {
    let count = rows.len();
    if round.is_multiple_of(2) {
        return made::part(rows, 0..count / 3 * 2);
    }
    let instants = (count / 3..count).step_by(6).map(|place| made::part(rows, place..place + 3));
    instants.fold(made::none(Kind::Trades), made::join)
}

/// A whole is replaced under the eyes of a reader, and the writer is killed at any moment: there is always one whole.
#[expect(clippy::disallowed_methods, reason = "the writer is killed after a time, and read until then")]
#[test]
fn a_whole_is_old_or_new() {
    let rows = made::rows(Kind::Trades, COUNT);
    let wholes = [whole(&rows, 0), whole(&rows, 1)];
    let (_folder, catalog) = catalog();
    catalog.replace(&key(Kind::Trades), std::iter::once(wholes[1].clone())).unwrap();
    let (mut seen, mut told, mut read) = ([0; 2], 0, 0);
    for round in 0..60_u64 {
        let mut child = child(&catalog, 0, WHOLE);
        let until = std::time::Instant::now() + Duration::from_micros(20_000 + round * 7_919 % 40_000);
        while std::time::Instant::now() < until {
            let batches: Result<Vec<Rows>, _> =
                catalog.scan(&key(Kind::Trades), Time::MIN..Time::MAX).and_then(Iterator::collect);
            match batches {
                Ok(batches) => {
                    let found = batches.into_iter().fold(made::none(Kind::Trades), made::join);
                    assert!(wholes.contains(&found), "round {round}: {} rows of two wholes", found.len());
                    read += 1;
                }
                Err(error) => {
                    assert!(matches!(error, qframe_data::CatalogError::Replaced(_)), "round {round}: {error}");
                    told += 1;
                }
            }
            let facts = catalog.facts(&key(Kind::Trades)).unwrap().unwrap();
            assert!(wholes.iter().any(|whole| whole.len() as u64 == facts.rows), "round {round}: {}", facts.rows);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // As a reader that tidies nothing finds it, and as it is when it is opened anew.
        let found = stored(&catalog, Kind::Trades);
        let place = wholes.iter().position(|whole| *whole == found);
        seen[place.unwrap_or_else(|| panic!("round {round}: {} rows are no whole", found.len()))] += 1;
        let catalog = Catalog::open(catalog.root()).unwrap();
        assert_eq!(stored(&catalog, Kind::Trades), found, "round {round}");
        catalog.verify(&key(Kind::Trades)).unwrap();
        let left = files_below(catalog.root());
        assert!(left.iter().all(|path| !path.contains(".partial") && !path.contains(".fresh")), "{left:?}");
    }
    println!("after a kill {seen:?} of each; {read} readings whole, {told} told that it was replaced");
    // Taken away, nothing of it is left; and no rows are a set without rows.
    assert!(catalog.take_away(&key(Kind::Trades)).unwrap());
    assert_eq!((catalog.keys().unwrap(), catalog.facts(&key(Kind::Trades)).unwrap()), (Vec::new(), None));
}

fn child(catalog: &Catalog, from: usize, step: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["child_that_imports", "--test-threads=1"])
        .env(FOLDER, catalog.root())
        .env(PART, format!("{from} {step}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// First an import into nothing, then one that rewrites each file with every second batch there.
#[test]
fn a_killed_writer_leaves_old_or_new() {
    let rows = made::rows(Kind::Trades, COUNT);
    let half = || (0..rows.len()).step_by(12).map(|place| made::part(&rows, place..place + 6));
    let mut found = std::collections::BTreeSet::new();
    for round in 0..40_u64 {
        let (_folder, catalog) = catalog();
        let before = if round % 2 == 0 {
            made::none(Kind::Trades)
        } else {
            catalog.merge(&key(Kind::Trades), half(), Conflict::Refuse).unwrap();
            half().fold(made::none(Kind::Trades), made::join)
        };
        let mut child = child(&catalog, 0, 6);
        // Spread over what a whole import takes; the seed is the round.
        std::thread::sleep(Duration::from_micros(round * 7_919 % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let catalog = Catalog::open(catalog.root()).unwrap();
        check_whole(&catalog, &rows, &before, round);
        found.insert(stored(&catalog, Kind::Trades).len());
        // Doing it again completes it.
        let batches = (0..rows.len()).step_by(50).map(|place| made::part(&rows, place..place + 50));
        catalog.merge(&key(Kind::Trades), batches, Conflict::Refuse).unwrap();
        assert_eq!(stored(&catalog, Kind::Trades), rows, "round {round}");
    }
    println!("rows after a kill: {found:?}");
}

/// Each period is as it was before, or as it is to be; nothing is left over.
fn check_whole(catalog: &Catalog, rows: &Rows, before: &Rows, round: u64) {
    let key = key(Kind::Trades);
    catalog.verify(&key).unwrap();
    let times = made::times(rows);
    let mut days: Vec<i64> = times.iter().map(|time| time.day()).collect();
    days.dedup();
    let now = stored(catalog, Kind::Trades);
    for day in days {
        let start = Time::from_seconds(day * 86_400);
        let range = start..start + qframe_model::time::Span::DAY;
        let part = made::between(&now, &range);
        let (old, new) = (made::between(before, &range), made::between(rows, &range));
        assert!(
            part == old || part == new,
            "round {round}: {} rows, {} before, {} after",
            part.len(),
            old.len(),
            new.len()
        );
    }
    let left = files_below(catalog.root()).into_iter().filter(|path| path.contains(".partial")).collect::<Vec<_>>();
    assert!(left.is_empty(), "round {round}: {left:?}");
}

fn files_below(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path.display().to_string()] }).collect()
}

#[test]
fn several_processes_write_one_data_set() {
    let (_folder, catalog) = catalog();
    let rows = made::rows(Kind::Trades, COUNT);
    // Each has parts that no other has, and all overlap.
    let mut children: Vec<Child> =
        [(0, 12), (6, 12), (0, 18), (0, 24)].map(|(from, step)| child(&catalog, from, step)).into();
    // Who reads meanwhile sees whole instants only.
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        assert_eq!(stored(&catalog, Kind::Trades).len() % 3, 0);
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(stored(&catalog, Kind::Trades), rows);
    catalog.verify(&key(Kind::Trades)).unwrap();
}

/// A shell lets a child write no byte to a file, as a full disk does: it says so, and what was there stays.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_what_was_there() {
    let (_folder, catalog) = catalog();
    let rows = made::rows(Kind::Trades, COUNT);
    super::merge(&catalog, &made::part(&rows, 0..150));
    let before = catalog.facts(&key(Kind::Trades)).unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\" 2>&1 | cat"])
        .arg(std::env::current_exe().unwrap())
        .args(["child_that_imports", "--test-threads=1", "--nocapture"])
        .env(FOLDER, catalog.root())
        .env(PART, "0 6")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("doing: \"writing\"") && said.contains("File too large"), "{said}");
    assert_eq!(catalog.facts(&key(Kind::Trades)).unwrap(), before);
    assert!(files_below(catalog.root()).iter().all(|path| !path.contains(".partial")));
    super::merge(&catalog, &rows);
    assert_eq!(stored(&catalog, Kind::Trades), rows);
}
