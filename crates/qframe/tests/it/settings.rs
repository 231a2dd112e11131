//! The words of the settings, one spelling for each, whatever was written; and the names of what is traded.
use serde_json::Value;

use crate::program::Program;

fn report(program: &Program, words: &str) -> Value {
    let answer = program.run(&format!("backtest --json {words}"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

fn hash(program: &Program, words: &str) -> String {
    report(program, words)["journal"]["hash"].as_str().unwrap().to_owned()
}

#[test]
fn equal_settings_have_one_hash_however_they_are_written() {
    // The journal's hash covers the settings, and `--fee 0.10%` was not `--fee 0.1%`.
    let program = Program::new();
    program.write(
        "run.toml",
        "data = \"BTC/USD\"\nfee = \"10bp\"\ncash = 10000.00\nallow-short = false\n[param]\nfast = 10\n",
    );
    let plain = hash(&program, "");
    for words in [
        "--fee 0.1%",
        "--fee 0.10%",
        "--fee 10bp",
        "--fee 0.001,0.1%",
        "--cash 10000.00",
        "--cash 10_000",
        "--size 100.0%",
        "--leverage 1.0 --maintenance 30% --lot 1e-8 --borrow-rate 0 --unaffordable refuse --convert false",
        "--slippage 0bp --spread 0 --latency 0ms --fill next-open --intrabar stop-first --at-end keep",
        "--slippage sqrt:0 --latency 0bars --allow-short false --seed 0 --risk-free 0",
        "--timeframe 24h --on-bad-row stop --offsets one --benchmark buy-and-hold --currency USD",
        "--data BTC/USD --strategy ma-crossover --param fast=10",
        "--config run.toml",
    ] {
        assert_eq!(hash(&program, words), plain, "{words}");
    }
    for words in ["--fee 0.11%", "--cash 10001", "--latency 60s", "--seed 1", "--max-order 1e9"] {
        assert_ne!(hash(&program, words), plain, "{words}");
    }
    for (one, other) in [
        ("--latency 60s", "--latency 1m"),
        ("--latency 24h", "--latency 1d"),
        ("--latency 1bar", "--latency 1bars"),
        ("--to 2018-01-01", "--to 2018-01-02T01:00:00+01:00"),
        ("--fee 0.0050/unit:0", "--fee 0.005/unit"),
        ("--max-leverage 2", "--max-leverage 200%"),
        ("--collar 5%", "--collar 0.05"),
    ] {
        assert_eq!(hash(&program, one), hash(&program, other), "{one} and {other}");
    }
}

#[test]
fn printed_settings_can_be_written_again() {
    let program = Program::new();
    let words = "--cash 5e4 --size volatility:20%:30 --lot 0.01 --allow-short --leverage 3 --maintenance 5% --borrow-rate 3% \
                 --unaffordable clip --convert --fee 2bp,5bp --slippage sqrt:0.020 --spread 2bp --fill worst --intrabar target-first \
                 --latency 3600s --volume-cap 10% --at-end close --max-order 1e6 --max-position 2e6 --max-leverage 4 \
                 --collar 500bp --daily-loss 0.5 --max-drawdown 90% --from 2016-01-01 --to 2018-12-31 --timeframe 2d \
                 --on-bad-row skip --offsets mixed --risk-free 1% --seed 7 --max-order-quantity 1e6 --max-position-quantity 1e7 \
                 --max-concentration 300% --max-gross 1e6 --max-net 1e6 --max-open-orders 10 --max-open-orders-of-symbol 9 \
                 --max-orders-per-second 8 --max-orders-per-minute 9 --breaker drawdown:15%:flatten:90d loss:5%/15m jump:0.9 \
                 volatility:3x/20/500:reduce-only:24h volume:0.10x/5/50 spread correlation:0.9/60 slippage:50bp/20 rejects:50%/20 \
                 stale:60d gap:300 at:2018-01-10:halt:1h";
    let first = report(&program, words);
    let settings = first["settings"].as_object().unwrap();
    let unset = ["none", "all"];
    let given = settings.iter().filter(|(_, word)| !unset.contains(&word.as_str().unwrap()));
    let again: String = given.map(|(name, word)| format!(" --{name} {}", word.as_str().unwrap())).collect();
    let second = report(&program, &again);
    assert_eq!(first["settings"], second["settings"]);
    assert_eq!(first["journal"]["hash"], second["journal"]["hash"], "{again}");
}

#[test]
fn limits_of_a_file_are_those_of_the_flags() {
    let program = Program::new();
    let file = |text: &str| program.write("run.toml", text);
    file("[limits]\nmax-order = 2_500\ndaily-loss = \"3%\"\nbreaker = [\"drawdown:15%:flatten\", \"jump\"]\n");
    let flags = "--max-order 2500 --daily-loss 3% --breaker drawdown:15%:flatten jump:20%:halt";
    assert_eq!(hash(&program, "--config run.toml"), hash(&program, flags));
    let other = "--max-order 2000 --breaker jump:30%";
    assert_eq!(
        hash(&program, &format!("--config run.toml {other}")),
        hash(&program, &format!("--daily-loss 3% {other}"))
    );
    // A strategy's own limits are within those of all, and only where it runs.
    file(
        "[limits]\nmax-leverage = 2\n[limits.strategy.ma-crossover]\nmax-leverage = 0.5\n[limits.strategy.pairs]\nmax-net = 1\n",
    );
    assert_eq!(hash(&program, "--config run.toml"), hash(&program, "--max-leverage 0.5"));
    file("[limits.symbol.\"BTC/USD\"]\nmax-order = 100\n");
    let orders = |words: &str| report(&program, words)["trades"].as_array().unwrap().len();
    assert_eq!(orders("--config run.toml"), 0, "an entry is worth all of the equity");
    file("[limits.symbol.\"BTC/USD\"]\nmax-order = 99999999\n");
    assert!(orders("--config run.toml") > 0);
    assert_eq!(orders("--config run.toml --max-order 100"), 0, "a flag wins over what the file says of a symbol");
    file("[limits.symbol.\"ETH/USD\"]\nmax-order = 100\n");
    assert!(orders("--config run.toml") > 0, "those of another symbol");
}

#[test]
fn a_wrong_limit_says_where_and_what_to_try() {
    let program = Program::new();
    for (text, parts) in [
        ("[limits]\nmax-leverag = 2\n", ["run.toml:2", "limits.max-leverag", "did you mean max-leverage?"]),
        ("[limits]\nbreaker = [\"drawdwn:5%\"]\n", ["run.toml:2", "drawdwn", "did you mean drawdown?"]),
        ("[limits.symbol.AAPL]\nmax-net = 2\n", ["run.toml:2", "limits.symbol.AAPL.max-net", "max-position"]),
        ("[limits.strategy.pairs]\nmax-net = -2\n", ["run.toml:2", "max-net", "above zero"]),
        ("limits = 5\n", ["run.toml", "expected a table", "max-leverage = 2"]),
    ] {
        program.write("run.toml", text);
        crate::refusals::check(&program, "--config run.toml", 2, &parts);
    }
    for (words, parts) in [
        ("--breaker drawdown:150%", ["--breaker", "150%", "expected 15%"]),
        ("--breaker drawdown:15%:flatten:soon", ["--breaker", "soon", "such as 1h"]),
        ("--breaker volatility:3/20/500", ["--breaker", "3/20/500", "3x/20/500"]),
        ("--breaker at:yesterday", ["--breaker", "yesterday", "2020-03-12"]),
        ("--max-open-orders 0", ["--max-open-orders", "0", "whole number from 1"]),
        ("--size risk:1%:atr:2", ["--size", "risk:1%:atr:2", "risk:1%:atr:2:14:heat:6%"]),
    ] {
        crate::refusals::check(&program, words, 2, &parts);
    }
}

#[test]
fn a_trip_is_told() {
    let program = Program::new();
    let words = "--breaker drawdown:15%:flatten:90d";
    let told = report(&program, words);
    let trip = &told["breakers"][0];
    assert_eq!(
        (&trip["cause"], &trip["threshold"], &trip["state"]),
        (&"drawdown".into(), &"0.15".into(), &"flattening".into())
    );
    assert!(trip["rearmed"].is_string(), "{trip}");
    let text = program.run(&format!("backtest --plain {words}")).out();
    assert!(text.contains("Circuit breaker at ") && text.contains("is at its threshold 15%: flattening; re-arms from"));
    assert_eq!(report(&program, "")["breakers"].as_array().unwrap().len(), 0);
}

#[test]
fn one_symbol_of_two_venues_is_two_instruments() {
    let program = Program::new();
    // One rises in January and one in February: the rotation moves from the first to the second.
    for (name, rising) in [("a.csv", 1), ("b.csv", 2)] {
        let row = |month: u32, day: u32| {
            let price = 100 + if month == rising { day } else { 0 };
            format!("2020-{month:02}-{day:02},{price},{price},{price},{price},5\n")
        };
        let rows: String = (1..=3).flat_map(|month| (1..=28).map(move |day| row(month, day))).collect();
        program.write(name, format!("time,open,high,low,close,volume\n{rows}"));
    }
    let data = "--data BTC/USD@coinbase=a.csv BTC/USD@kraken=b.csv";
    let both = report(
        &program,
        &format!("{data} --strategy momentum-rotation --param window=20 --param top=1 --fee 0 --at-end close"),
    );
    let symbols: Vec<&Value> = both["data"].as_array().unwrap().iter().map(|data| &data["symbol"]).collect();
    assert_eq!(symbols, ["BTC/USD@coinbase", "BTC/USD@kraken"]);
    let traded = both["trades"].as_array().unwrap().iter().map(|trade| trade["symbol"].as_str().unwrap());
    let traded: std::collections::BTreeSet<&str> = traded.collect();
    assert_eq!(traded.len(), 2, "{traded:?}");
    crate::refusals::check(&program, "--data BTC/USD@=a.csv", 2, &["BTC/USD@", "BTC/USDT@binance"]);
}

#[test]
fn a_share_in_euros_is_bought_with_dollars_where_one_asks_for_it() {
    let program = Program::new();
    for (name, price) in [("fx.csv", 2), ("ads.csv", 100)] {
        let rows: String = (1..=9).map(|day| format!("2020-01-0{day},{price},{price},{price},{price},5\n")).collect();
        program.write(name, format!("time,open,high,low,close,volume\n{rows}"));
    }
    let words = "--data ADS/EUR=ads.csv EUR/USD=fx.csv --currency USD --strategy buy-and-hold --fee 0 --size 50% --at-end close";
    let traded = |words: &str| {
        let report = report(&program, words);
        let trades = report["trades"].as_array().unwrap().iter();
        trades.map(|trade| trade["symbol"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(traded(words), ["EUR/USD"]);
    assert_eq!(traded(&format!("{words} --convert")), ["ADS/EUR", "EUR/USD"]);
}
