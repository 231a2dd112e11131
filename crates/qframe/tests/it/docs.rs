//! What the README and the book say is what the program does.
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::program::{Answer, Program, Running};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The fenced blocks of a language in a page.
pub(crate) fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_strategy_of_the_readme_is_the_example_that_runs() {
    let shown = blocks("README.md", "rust").remove(0);
    let example = std::fs::read_to_string(root().join("examples/crossover.rs")).unwrap();
    assert!(example.contains(&shown), "README.md and examples/crossover.rs differ");
    let code = shown.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(code <= 15, "{code} lines of code");
}

/// They are built with the tests, beside the program.
#[test]
fn examples_are_short_and_run() {
    let built = Path::new(env!("CARGO_BIN_EXE_qframe")).with_file_name("examples");
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines < 40, "{} has {lines} lines", path.display());
        let answer = std::process::Command::new(built.join(path.file_stem().unwrap())).output().unwrap();
        let [out, error] = [&answer.stdout, &answer.stderr].map(|text| String::from_utf8_lossy(text));
        assert!(answer.status.success() && !out.trim().is_empty(), "{}: {out}{error}", path.display());
    }
}

/// An empty line cut a table: its last row stood alone, as a table of its own or as bars of text.
#[test]
fn a_row_of_a_table_stands_in_its_table() {
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = std::iter::once("").chain(text.lines()).chain([""]).collect();
        for three in lines.windows(3).filter(|three| !three[0].starts_with('|') && three[1].starts_with("| ")) {
            assert!(three[2].starts_with("|-"), "{}: no head and no table: {}", path.display(), three[1]);
        }
    }
}

#[test]
fn the_commands_of_the_book_run() {
    let program = Program::new();
    let rows: String = (1..=28).map(|day| format!("2020-02-{day:02},10,12,9,{},{}\n", 10 + day % 3, 5 + day)).collect();
    program.write("prices.csv", format!("time,open,high,low,close,volume\n{rows}"));
    program.write("dividends.csv", "time,amount\n2020-02-10,0.2\n");
    program.write("splits.csv", "time,ratio\n2020-02-14,2\n");
    program.write("funding.csv", "time,rate\n2020-02-10,0.0001\n");
    program.write("run.toml", blocks("docs/quickstart.md", "toml").remove(0));
    program.write("limits.toml", blocks("docs/limits.md", "toml").remove(0));
    crate::risk::fill(&program);
    // A backtest of the quick start writes it, and over no other's file.
    std::fs::remove_file(program.path("equity.csv")).unwrap();
    crate::catalog::fill(&program);
    crate::assets::fill(&program);
    crate::securities::famous(&program);
    program.write("stream.txt", blocks("docs/books.md", "text").remove(0));
    program.write("latency.csv", blocks("docs/ticks.md", "csv").remove(0));
    program.write("held.csv", blocks("docs/portfolio.md", "csv").remove(0));
    let pages = [
        "docs/portfolio.md",
        "docs/assets.md",
        "docs/import.md",
        "docs/quickstart.md",
        "docs/strategies.md",
        "docs/conventions.md",
        "docs/books.md",
        "docs/ticks.md",
        "docs/quality.md",
        "docs/catalog.md",
        "docs/performance.md",
        "docs/risk.md",
        "docs/lookahead.md",
        "docs/limits.md",
    ];
    let blocks = pages.iter().flat_map(|page| blocks(page, "sh"));
    let commands: Vec<String> = blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let mut ran = 0;
    for command in &commands {
        let Some(words) = command.strip_prefix("qframe ") else {
            assert!(command.starts_with("cargo "), "a command that no test runs: {command}");
            continue;
        };
        let answer = program.run(words);
        assert_eq!(answer.code(), 0, "{command}: {}", answer.error());
        ran += 1;
    }
    assert!(ran >= 12, "only {ran} commands");
}

/// What they ask exchanges comes as far as an address at which nobody listens; the local exchange starts.
#[test]
fn the_commands_of_exchanges_come_to_the_network() {
    let program = Program::new();
    let recorded = blocks("docs/books.md", "text").remove(0);
    program.write("recording.jsonl.gz", &recorded);
    std::fs::create_dir(program.path("tape")).unwrap();
    program.write("tape/binance-spot-1-0.gz", &recorded);
    program.write(
        "minutes.csv",
        "time,open,high,low,close\n2024-03-01T00:00:00Z,10,12,9,11\n2024-03-01T00:01:00Z,11,12,9,10\n",
    );
    for symbol in ["BTC/USDT@binance", "ETH/USDT@binance", "BTC/USD@coinbase", "BTC/USDT:USDT@binance"] {
        let (symbol, venue) = symbol.split_once('@').unwrap();
        let answer = program.run(&format!("data import minutes.csv --symbol {symbol} --venue {venue}"));
        assert_eq!(answer.code(), 0, "{}", answer.error());
    }
    let check = |command: &str| {
        let words = command.strip_prefix("qframe ").unwrap().replace("-*.gz", "-0.gz").replace("--for 60s", "");
        let (nobody, streams) = ("--base-url http://127.0.0.1:9", "--ws-url ws://127.0.0.1:9 --for 1s");
        match words.split_once(' ').map_or("", |(_, rest)| rest.split(' ').next().unwrap()) {
            _ if words.starts_with("exchange ") => {
                let mut exchange = program.command(&format!("{words} --port 0 --json"));
                let mut running = Running(exchange.stdout(Stdio::piped()).spawn().unwrap());
                let told = BufReader::new(running.0.stdout.take().unwrap()).lines().next().unwrap().unwrap();
                assert!(told.contains("\"url\":\"http"), "{command}: {told}");
            }
            "fetch" => assert_refused(&program.run(&format!("{words} {nobody}")), command),
            "stream" => assert_refused(&program.run(&format!("{words} {nobody} {streams}")), command),
            _ => assert_eq!(program.run(&words).code(), 0, "{command}"),
        }
    };
    let pages = ["docs/exchange.md", "docs/streaming.md", "docs/venues.md"];
    let commands: Vec<String> = pages.iter().flat_map(|page| blocks(page, "sh")).collect();
    std::thread::scope(|scope| {
        for command in commands.iter().flat_map(|block| block.lines()) {
            scope.spawn(move || check(command));
        }
    });
}

#[track_caller]
fn assert_refused(answer: &Answer, command: &str) {
    assert_eq!(answer.code(), 1, "{command}: {}", answer.error());
    assert!(answer.error().contains("127.0.0.1:9") && answer.error().contains("refused"), "{}", answer.error());
}

/// Each metric and each of its other names has a row with its formula and a source, and no row is of something else.
#[test]
fn the_page_on_performance_has_every_metric() {
    use qframe_quant::performance::{ALIASES, MetricOptions, metrics, relative_metrics};
    let page = std::fs::read_to_string(root().join("docs/performance.md")).unwrap();
    let table = page.split_once("| name (alias) | formula | source |").unwrap().1.split_once("\n\n").unwrap().0;
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let mut named: Vec<String> = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() == 3 && cells.iter().all(|cell| !cell.is_empty()), "{row}");
        named.extend(cells[0].split('`').skip(1).step_by(2).map(str::to_owned));
    }
    let options = MetricOptions::default();
    let returns = [0.01, -0.02, 0.03, 0.005, -0.01];
    let all = metrics(&returns, &options).into_iter().chain(relative_metrics(&returns, &returns, &options));
    let mut known: Vec<String> = all.map(|metric| metric.name.to_owned()).collect();
    known.extend(ALIASES.map(|(alias, _)| alias.to_owned()));
    named.sort();
    known.sort();
    assert_eq!(named, known);
}

#[test]
fn the_book_shows_what_data_book_prints() {
    let program = Program::new();
    let shown = blocks("docs/books.md", "text");
    program.write("stream.txt", &shown[0]);
    let answer = program.run("data book stream.txt --depth 2");
    assert_eq!(answer.out(), shown[1], "{}", answer.error());
}
