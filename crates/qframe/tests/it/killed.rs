//! Commands that write the catalog are killed at any moment: what they make is there as it was, or as it is to be.
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::Program;

/// A bar every day, of half an hour: three years are three files.
fn bars(from: i64, days: i64, shift: i64) -> String {
    let row = |day: i64| {
        let price = 100 + (day * 7 + shift) % 23;
        let time = qframe_model::time::Time::from_seconds(86_400 * (from + day));
        format!("{time},{price},{},{},{price},10\n", price + 2, price - 3)
    };
    std::iter::once("time,open,high,low,close,volume\n".to_owned()).chain((0..days).map(row)).collect()
}

fn done(program: &Program, words: &str) -> String {
    let answer = program.run(words);
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    answer.out()
}

fn fill(program: &Program) {
    let import = |name: &str, text: String, words: &str| {
        program.write(name, text);
        done(program, &format!("data import {name} {words}"));
    };
    import("a.csv", bars(18_262, 900, 0), "--symbol ACME --venue nyse --timeframe 30m --on-conflict keep");
    import("b.csv", bars(18_262, 120, 0), "--symbol ES-20200320 --venue cme --timeframe 1d");
    import("c.csv", bars(18_262, 150, 5), "--symbol ES-20200619 --venue cme --timeframe 1d");
    program.write("later.csv", bars(18_900, 300, 3));
    std::fs::create_dir_all(program.path("usa/factor_files")).unwrap();
    program.write("usa/factor_files/one.csv", "20200601,0.99,1,100\n20501231,1,1,0\n");
    program.write("usa/factor_files/two.csv", "20210601,0.98,1,100\n20501231,1,1,0\n");
    done(program, "data import usa/factor_files/one.csv --symbol ACME --venue nyse");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to) } else { _ = std::fs::copy(entry.path(), to).unwrap() }
    }
}

/// The content hash of each data set.
fn hashes(program: &Program) -> Vec<(String, String)> {
    let list: Vec<Value> = serde_json::from_str(&done(program, "data list --json")).unwrap();
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
    let name = |row: &Value| ["symbol", "venue", "kind", "timeframe"].map(|name| word(row, name)).join(" ");
    list.iter().map(|row| (name(row), word(row, "hash"))).collect()
}

/// Of every set, what is there after a kill is what was there before the command or what is there after it; `is_whole` is
/// false for a merge of several files, which is whole by the file.
#[expect(clippy::disallowed_methods, reason = "kills are spread over the time that the command takes")]
fn check(prepared: &[&str], words: &str, is_whole: bool) {
    let program = Program::new();
    fill(&program);
    for words in prepared {
        done(&program, words);
    }
    let (catalog, kept) = (program.path("catalog"), program.path("kept"));
    copy(&catalog, &kept);
    let before = hashes(&program);
    let started = Instant::now();
    done(&program, words);
    let took = started.elapsed();
    let after = hashes(&program);
    assert_ne!(before, after, "{words}");
    let mut seen = [0; 2];
    for round in 0..ROUNDS {
        std::fs::remove_dir_all(&catalog).unwrap();
        copy(&kept, &catalog);
        let mut child = Command::new(env!("CARGO_BIN_EXE_qframe"))
            .args(words.split_whitespace())
            .current_dir(&program.folder)
            .env("QFRAME_CATALOG", &catalog)
            .env("QFRAME_SPOOL", program.path("spool"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Most is written towards the end; the seed is the round.
        let part = 0.3 + f64::from(round) / f64::from(ROUNDS);
        std::thread::sleep(Duration::from_secs_f64(took.as_secs_f64() * part));
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, hash) in hashes(&program) {
            let is = |list: &[(String, String)]| list.iter().any(|(other, told)| *other == name && *told == hash);
            assert!(!is_whole || is(&before) || is(&after), "{words}: round {round}: {name} is neither old nor new");
            seen[usize::from(!is(&before))] += 1;
        }
        // None was lost.
        let names: Vec<String> = hashes(&program).into_iter().map(|(name, _)| name).collect();
        assert!(before.iter().all(|(name, _)| names.contains(name)), "{words}: round {round}: {names:?}");
        // Doing it again completes it.
        done(&program, words);
        assert_eq!(hashes(&program), after, "{words}: round {round}");
    }
    println!("{words}: {seen:?} sets old and new after {ROUNDS} kills");
}

const ROUNDS: u32 = 20;

#[test]
fn adjusted_bars_are_old_or_new() {
    let adjust = "data adjust ACME@nyse --mode total-return";
    check(&[adjust, "data import usa/factor_files/two.csv --symbol ACME --venue nyse"], adjust, true);
}

#[test]
fn rolled_bars_are_old_or_new() {
    let roll = |days: u32| format!("data roll ES@cme --rule date --days {days} --adjust ratio");
    check(&[&roll(3)], &roll(20), true);
}

#[test]
fn repaired_bars_are_old_or_new() {
    check(&[], "data repair ACME@nyse --kind bars --fix off-grid --tick 5", true);
}

#[test]
fn longer_bars_are_old_or_new() {
    let (resample, later) = (
        "data resample ACME@nyse --to 1d --on-conflict replace",
        "--symbol ACME --venue nyse --timeframe 30m --on-conflict keep",
    );
    check(&[resample, &format!("data import later.csv {later}")], resample, true);
}

#[test]
fn an_import_is_whole_up_to_its_last_file() {
    check(&[], "data import later.csv --symbol ACME --venue nyse --timeframe 30m --on-conflict keep", false);
}
