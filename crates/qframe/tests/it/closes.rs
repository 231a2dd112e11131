//! Tables of closes: longer steps and bad rows, as bars have them.
use serde_json::Value;

use crate::program::Program;

/// Three assets over seventy days, each as bars of its own, and side by side.
fn program() -> Program {
    let program = Program::new();
    let date = |day: usize| format!("2024-{:02}-{:02}", 1 + day / 28, 1 + day % 28);
    let price = |step: usize, day: usize| 100.0 + (day * step % 7) as f64 + day as f64 / 10.0;
    let steps = [3, 5, 4];
    for (name, step) in ["A", "B", "C"].iter().zip(steps) {
        let row = |day| format!("{},1,1000,1,{},5\n", date(day), price(step, day));
        program.write(
            &format!("{name}.csv"),
            format!("time,open,high,low,close,volume\n{}", (0..70).map(row).collect::<String>()),
        );
    }
    let row = |day| format!("{},{}\n", date(day), steps.map(|step| price(step, day).to_string()).join(","));
    let rows: Vec<String> = (0..70).map(row).collect();
    program.write("closes.csv", format!("date,A,B,C\n{}", rows.concat()));
    program.write(
        "bad.csv",
        format!("date,A,B,C\n{}2024-03-11,1,2\n{}soon,1,2,3\n", rows[..40].concat(), rows[40..].concat()),
    );
    program
}

fn answer(program: &Program, words: &str) -> Value {
    let answer = program.run(&format!("{words} --json"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

/// `--timeframe` once changed bars alone, and a table went on in days without a word.
#[test]
fn a_table_is_resampled_as_bars_are() {
    let program = program();
    let commands = [
        ("portfolio optimise", "weights"),
        ("portfolio frontier --points 3", "points"),
        ("portfolio rebalance --cash 100000 --objective risk-parity", "trades"),
        ("risk --method normal", "risk"),
    ];
    for (command, what) in commands {
        for words in [
            "--timeframe 1w --covariance ledoit-wolf",
            "--timeframe 2d",
            "--timeframe 1w --from 2024-01-20 --to 2024-02-20",
        ] {
            let words = if command.starts_with("risk") {
                words.replace("--covariance ledoit-wolf", "")
            } else {
                words.to_owned()
            };
            let of = |prices: &str| answer(&program, &format!("{command} --prices {prices} {words}"))[what].clone();
            let (bars, table) = (of("A.csv B.csv C.csv"), of("closes.csv"));
            assert!(!bars.is_null() && bars == table, "{command} {words}: {bars} {table}");
        }
    }
    let shown = answer(&program, "portfolio optimise --prices closes.csv --timeframe 1w");
    assert_eq!((&shown["data"]["returns"], &shown["data"]["periods_per_year"]), (&9.into(), &52.0.into()));
    let notes = "closes.csv: closes of 1d made into closes of 1w; the last close of 1w, from 2024-03-11, is unfinished and left out";
    let told: Vec<&str> = shown["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    assert_eq!(told.join("; "), notes);
    let check = |frame: &str, why: &str| {
        let refused = program.run(&format!("portfolio optimise --prices closes.csv --timeframe {frame}"));
        assert_eq!((refused.code(), refused.out().as_str()), (2, ""));
        assert!(refused.error().contains(why), "{}", refused.error());
    };
    check("1h", "--timeframe 1h: 1h is no whole multiple of 1d; choose one that is (the data closes.csv is 1d)");
    check("36h", "--timeframe 36h: 36h is no whole multiple of 1d");
}

/// A bad row of a table stopped, whatever `--on-bad-row` said.
#[test]
fn bad_rows_of_a_table_are_skipped_and_counted_where_that_is_asked_for() {
    let program = program();
    let words = "portfolio optimise --prices bad.csv";
    let stopped = program.run(words);
    assert_eq!((stopped.code(), stopped.out().as_str()), (1, ""));
    assert!(stopped.error().contains("bad.csv:42:1"), "{}", stopped.error());
    let shown = answer(&program, &format!("{words} --on-bad-row skip"));
    assert_eq!(shown["notes"], serde_json::json!(["bad.csv: 2 bad rows left out"]));
    assert_eq!(shown["weights"], answer(&program, "portfolio optimise --prices closes.csv")["weights"]);
}
