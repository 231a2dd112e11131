//! No command writes over a file that is there, unless asked; a backtest writes over what an earlier run of the same flag made.
use crate::program::Program;

fn program() -> Program {
    let program = Program::new();
    let rows: String = (0..80).map(|day| format!("{},{}\n", day_of(day), 100 + (day * 7) % 11)).collect();
    program.write("curve.csv", format!("time,equity\n{rows}"));
    program.write("mine.csv", "a,b\n1,2\n");
    program.write("mine.html", "<p>mine</p>");
    program.write("nothing.html", "");
    program
}

fn day_of(day: u32) -> String {
    format!("2021-{:02}-{:02}", 1 + day / 28, 1 + day % 28)
}

const BACKTEST: &str =
    "backtest --plain --strategy buy-and-hold --report r.html --trades t.csv --equity e.csv --orders o.csv";

#[test]
fn a_file_that_is_there_is_asked_for() {
    let program = program();
    let check = |words: &str, code: i32, told: &str| {
        let answer = program.run(words);
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(told), "{words}: {told} in {}", answer.error());
    };
    let there = "it is there; write over it with --force";
    let anothers = "it is there, and no earlier run wrote it; write over it with --force";
    check("report --equity curve.csv --report sheet.html", 0, "");
    check("report --equity curve.csv --report sheet.html", 1, there);
    check("report --equity curve.csv --report sheet.html --force", 0, "");
    check("report --equity curve.csv --report nothing.html", 0, "");
    check("report --equity curve.csv --report curve.csv --force", 2, "it is the file of --equity");
    check("report --equity curve.csv --force", 2, "--report");
    check("report --equity curve.csv --report /dev/null", 0, "");
    check("risk --equity curve.csv --method normal --report mine.html", 1, there);
    check("portfolio optimise --prices AAPL BTC/USD --out mine.csv", 1, there);
    check("portfolio optimise --prices AAPL BTC/USD --out w.csv", 0, "");
    check("portfolio optimise --prices AAPL BTC/USD --out w.csv --force", 0, "");
    check("portfolio optimise --prices AAPL --force", 2, "--out");
    // The README's command and the quick start's are run again and again.
    check(BACKTEST, 0, "");
    check(BACKTEST, 0, "");
    for (flag, path) in [("report", "mine.html"), ("trades", "e.csv"), ("equity", "mine.csv"), ("orders", "t.csv")] {
        check(&format!("backtest --plain --{flag} {path}"), 1, anothers);
    }
    check("backtest --plain --trades mine.csv --force", 0, "");
    check("backtest --plain --data curve.csv --equity curve.csv --force", 2, "it is a file of --data");
    assert_eq!(std::fs::read_to_string(program.path("mine.html")).unwrap(), "<p>mine</p>");
    assert!(std::fs::read_to_string(program.path("e.csv")).unwrap().starts_with("time,equity,cash,exposure,"));
}

/// Of two flags that lead to one file not yet there, the last to be written took the place of the other.
#[cfg(unix)]
#[test]
fn a_link_to_a_file_that_is_not_there_yet_is_that_file() {
    let program = program();
    std::fs::create_dir(program.path("folder")).unwrap();
    for (link, to) in [("b.csv", "a.csv"), ("folder/c.csv", "../b.csv")] {
        std::os::unix::fs::symlink(to, program.path(link)).unwrap();
        let answer = program.run(&format!("backtest --plain --trades a.csv --equity {link}"));
        assert_eq!(answer.code(), 2, "{link}: {}", answer.error());
        assert!(answer.error().contains("--trades writes it too"), "{link}: {}", answer.error());
        assert!(!program.path("a.csv").exists(), "{link}");
    }
    std::os::unix::fs::symlink("d.csv", program.path("d.csv")).unwrap();
    let answer = program.run("backtest --plain --trades a.csv --equity d.csv");
    assert_eq!(answer.code(), 1, "{}", answer.error());
}

/// A device may never end: `/dev/zero` as a table once filled the memory.
#[cfg(unix)]
#[test]
fn a_device_is_not_read() {
    let program = program();
    for words in [
        "report --equity /dev/null",
        "report --returns /dev/zero",
        "report --equity curve.csv --benchmark /dev/zero",
        "risk --equity /dev/zero",
        "risk --prices AAPL --positions /dev/zero",
        "portfolio optimise --prices AAPL BTC/USD --constraints /dev/zero",
        "portfolio optimise --prices AAPL BTC/USD --turnover 9% --current /dev/zero",
        "backtest --data /dev/null",
        "backtest --config /dev/zero",
    ] {
        let answer = program.run(words);
        assert_eq!(answer.code(), 1, "{words}: {}", answer.error());
        let plain = "a device; write what comes out of it to a file first";
        assert!(answer.error().contains(plain) && !answer.error().contains("disk"), "{words}: {}", answer.error());
    }
}
