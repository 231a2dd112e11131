//! The examples of every `--help` are commands that run.
use qframe_data::{Kind, Rows};
use qframe_model::market::{CorporateAction, DatedAction};

use crate::assets::{flat, put};
use crate::program::Program;

/// Commands whose examples ask an exchange, or serve one.
const OF_THE_NETWORK: [&str; 3] = ["data fetch", "data stream", "exchange"];
/// Files that are not made here.
const ARCHIVE: &str = ".zip";

/// The commands below one, by their helps.
fn commands(program: &Program, above: &str, found: &mut Vec<String>) {
    let help = program.run(&format!("{above} --help")).out();
    let list = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    if list.is_empty() {
        found.push(above.trim().to_owned());
    }
    for name in list.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        commands(program, &format!("{above} {name}"), found);
    }
}

/// What stands below `Examples:`, without what is said beside it.
fn examples(help: &str) -> Vec<String> {
    let Some((_, rest)) = help.split_once("\nExample") else { return Vec::new() };
    let rest = rest.split_once(':').unwrap().1.split("\n\n").next().unwrap();
    let line = |line: &str| line.trim().split("   ").next().unwrap().to_owned();
    rest.lines().map(line).filter(|line| !line.is_empty()).collect()
}

/// Prices that go up and down, each in its own way.
fn price(row: u32, place: u32) -> f64 {
    100.0 + f64::from(row) / 50.0 + f64::from(row * (7 + 4 * place) % (29 + place)) / 10.0
}

fn days() -> impl Iterator<Item = (u32, String)> {
    let start: qframe_model::time::Time = "2008-01-01".parse().unwrap();
    (0..700)
        .map(move |row| (row, format!("{:#}", start + qframe_model::time::Span::from_seconds(86_400 * i64::from(row)))))
}

/// The bars of one symbol.
fn bars() -> String {
    let row = |(row, day)| {
        let (open, close) = (price(row, 0), price(row + 1, 0));
        format!("{day},{open},{},{},{close},500\n", open.max(close) + 1.0, open.min(close) - 1.0)
    };
    format!("time,open,high,low,close,volume\n{}", days().map(row).collect::<String>())
}

/// A table of six symbols.
fn table() -> String {
    let row = |(row, day)| {
        let prices: String = (0..6).map(|place| format!(",{:.4}", price(row, place))).collect();
        format!("{day}{prices}\n")
    };
    format!("date,AAPL,MSFT,KO,PFE,XOM,JPM\n{}", days().map(row).collect::<String>())
}

/// The files and the catalog that the examples of a command name.
fn filled(command: &str) -> Program {
    let program = Program::new();
    program.write("prices.csv", if command == "risk" { table() } else { bars() });
    program.write("aapl.csv", bars());
    program.write("closes.csv", table());
    let weights = if command == "risk" { "weights.csv" } else { "other.csv" };
    program.write(weights, "symbol,weight\nAAPL,0.5\nMSFT,0.3\ncash,0.2\n");
    program.write("target.csv", "symbol,weight\nAAPL,0.5\nMSFT,0.3\n");
    program.write("book.csv", "symbol,quantity,class\nAAPL,100,tech\nMSFT,50,tech\nKO,10,food\n");
    program.write("held.csv", "symbol,quantity,price,time\nAAPL,20,90,2008-01-02\nKO,30,,\n");
    let row = |(row, day)| format!("{day},{}\n", price(row, 0));
    program.write("equity.csv", format!("time,equity\n{}", days().map(row).collect::<String>()));
    let change = |row, place| price(row + 1, place) / price(row, place) - 1.0;
    let row = |(row, day)| format!("{day},{:.9},{:.9}\n", change(row, 0), change(row, 1));
    program.write("returns.csv", format!("date,GOOG,SP500\n{}", days().map(row).collect::<String>()));
    let minutes = (0..240)
        .map(|minute| format!("2021-01-07T{:02}:{:02}:00Z,10,12,9,{},5\n", minute / 60, minute % 60, 10 + minute % 2));
    program.write("prices_1m.csv", format!("time,open,high,low,close,volume\n{}", minutes.collect::<String>()));
    let recorded = crate::docs::blocks("docs/books.md", "text").remove(0);
    for name in ["btcusdt_20240808.gz", "snapshots.txt", "stream.txt"] {
        program.write(name, &recorded);
    }
    std::fs::create_dir(program.path("downloads")).unwrap();
    program.write("downloads/AAPL.csv", bars());
    crate::catalog::fill(&program);
    if command == "data resample" {
        // Its bars of the same minutes are others than those that its trades make.
        assert_eq!(program.run("data drop BTC/USDT@binance --kind bars --yes").code(), 0);
    }
    crate::assets::fill(&program);
    put(&program, Kind::Bars, "AAPL@usa", flat(1, &[(10_000, 100), (10_000, 100), (5_000, 100)]));
    let split =
        DatedAction { time: "2024-02-03".parse().unwrap(), action: CorporateAction::Split("2".parse().unwrap()) };
    put(&program, Kind::Actions, "AAPL@usa", Rows::Actions(vec![split]));
    crate::securities::famous(&program);
    program
}

/// One named a parameter that its strategy does not have, another a class that no holding has.
#[test]
fn the_examples_of_every_help_run() {
    let program = Program::new();
    let (mut all, mut ran) = (Vec::new(), 0);
    commands(&program, "", &mut all);
    for command in all.iter().filter(|command| !OF_THE_NETWORK.contains(&command.as_str())) {
        let found = examples(&program.run(&format!("{command} --help")).out());
        assert!(!found.is_empty(), "{command} --help has no example");
        let program = filled(command);
        for example in found.iter().filter(|example| !example.contains(ARCHIVE)) {
            let words = example.strip_prefix("qframe ").unwrap_or_else(|| panic!("{command}: {example}"));
            let answer = program.run(words);
            assert_eq!(answer.code(), 0, "{example}: {}", answer.error());
            ran += 1;
        }
    }
    assert!(ran > 40, "{ran} examples of {all:?}");
}
