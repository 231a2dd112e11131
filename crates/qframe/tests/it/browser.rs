//! The report opened in a real browser, offline.
use std::path::PathBuf;
use std::process::Command;

use crate::program::Program;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

fn browser() -> Option<PathBuf> {
    let skip = std::env::var_os("QFRAME_SKIP_BROWSER").is_some_and(|value| value == "1");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|program| program.is_file());
    if skip || found.is_none() {
        println!("skipped: no browser (one of {}) or QFRAME_SKIP_BROWSER=1", NAMES.join(", "));
    }
    found.filter(|_| !skip)
}

/// The page after its scripts ran, and what the browser said meanwhile.
fn open(browser: &PathBuf, program: &Program, page: &str) -> (String, String) {
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", program.path("profile").display()))
        .arg(format!("file://{}", program.path(page).display()))
        .output()
        .unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_report_opens_without_a_word_of_complaint() {
    let Some(browser) = browser() else { return };
    let program = Program::new();
    let answer = program.run("backtest --report report.html --plain");
    assert_eq!(answer.code(), 0, "{}", answer.error());
    let (page, said) = open(&browser, &program, "report.html");
    assert!(page.contains("data-ready=\"true\""), "the scripts of the page did not finish: {said}");
    // The chart library warns where a margin took several passes; nothing is wrong with the picture then.
    let complains = |line: &&str| line.contains("CONSOLE") && !line.contains("auto-margin redraws");
    let complaints: Vec<&str> = said.lines().filter(complains).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    let printed = answer.out();
    let sharpe = printed.lines().find_map(|line| line.strip_prefix("Sharpe Ratio")).unwrap().trim();
    assert!(page.contains(sharpe), "the Sharpe ratio of the terminal, {sharpe}, stands on the page");
    assert!(page.contains("12 days are missing"), "the defects of the data stand on the page");
}

#[test]
fn the_sheet_of_a_curve_opens_without_a_word_of_complaint() {
    let Some(browser) = browser() else { return };
    let program = Program::new();
    let made = program.run("backtest --equity curve.csv --plain");
    assert_eq!(made.code(), 0, "{}", made.error());
    // A name that would end a script, if it could.
    let sheet =
        "report --equity curve.csv --benchmark curve.csv --name </script><b> --montecarlo 50 --report sheet.html";
    let answer = program.run(sheet);
    assert_eq!(answer.code(), 0, "{}", answer.error());
    let (page, said) = open(&browser, &program, "sheet.html");
    assert!(page.contains("data-ready=\"true\""), "the scripts of the page did not finish: {said}");
    let complains = |line: &&str| line.contains("CONSOLE") && !line.contains("auto-margin redraws");
    let complaints: Vec<&str> = said.lines().filter(complains).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    for chart in ["equity", "drawdown", "returns", "periods", "sharpe", "volatility", "beta", "chance"] {
        let place = page.find(&format!("id=\"{chart}\"")).unwrap();
        assert!(page[place..].contains("main-svg"), "{chart} is drawn");
    }
}
