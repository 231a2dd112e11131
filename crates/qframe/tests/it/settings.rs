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

/// The file of a run holds all of its words; some were unknown to it.
#[test]
fn a_file_says_how_a_run_is_printed() {
    let program = Program::new();
    program
        .write("run.toml", "json = true\nforce = true\nplain = true\nno-lookahead-check = true\ntrades = \"t.csv\"\n");
    program.write("t.csv", "another's\n");
    let answer = program.run("backtest --config run.toml");
    assert_eq!(answer.code(), 0, "{}", answer.error());
    let run: Value = serde_json::from_str(&answer.out()).unwrap();
    assert_eq!(run["lookahead"], Value::Null);
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
                 --max-orders-per-second 8 --max-orders-per-minute 9 --breaker drawdown:15%:flatten:90d loss:5%/10d jump:0.9 \
                 volatility:3x/20/500:reduce-only:24h volume:0.10x/5/50 slippage:50bp/20 rejects:50%/20 stale:60d gap:300 \
                 at:2018-01-10:halt:1h manual:2018-02-01:flatten:2018-03-01T12:00:00Z manual:2017-02-01:rearm";
    for words in [words, ""] {
        let first = report(&program, words);
        let settings = first["settings"].as_object().unwrap().iter();
        let flags: String =
            settings.clone().map(|(name, word)| format!(" --{name} {}", word.as_str().unwrap())).collect();
        // Several breakers in one text were one that nobody knows.
        program.write("run.toml", settings.map(|(name, word)| format!("{name} = {word}\n")).collect::<String>());
        for again in [&flags, "--config run.toml"] {
            let second = report(&program, again);
            assert_eq!(first["settings"], second["settings"]);
            assert_eq!(first["journal"]["hash"], second["journal"]["hash"], "{again}");
        }
    }
}

#[test]
fn breakers_of_one_word_are_apart() {
    let program = Program::new();
    let flags = "--breaker drawdown:15% jump:20% manual:2018-01-10T12:00:00Z:halt";
    let word = "\" drawdown:15%  jump:20%:halt manual:2018-01-10 12:00:00:halt\"";
    for text in [format!("breaker = {word}"), format!("[limits]\nbreaker = {word}"), format!("breaker = [{word}]")] {
        program.write("run.toml", &text);
        assert_eq!(hash(&program, "--config run.toml"), hash(&program, flags), "{text}");
    }
    program.write("run.toml", "[limits]\nbreaker = \"jump drawdwn:5%\"\n");
    crate::refusals::check(&program, "--config run.toml", 2, &["run.toml:2", "drawdwn", "did you mean drawdown?"]);
}

#[test]
fn a_flag_takes_back_what_the_file_gives() {
    let program = Program::new();
    program.write(
        "run.toml",
        "slippage = \"5bp\"\nlatency = \"1h\"\nvolume-cap = \"10%\"\nfrom = 2016-01-01\nto = 2018-01-01\ncollar = \"1%\"\n\
         [limits]\nmax-leverage = 0.5\nmax-open-orders = 1\nbreaker = \"drawdown:5%\"\n\
         [limits.symbol.\"BTC/USD\"]\nmax-order = 100\n",
    );
    let back = "--slippage none --latency none --volume-cap none --from all --to all --collar none --max-leverage none \
                --max-open-orders none --breaker none --max-order none";
    assert_eq!(hash(&program, &format!("--config run.toml {back}")), hash(&program, ""));
    program.write("run.toml", "[limits]\nmax-leverage = \"none\"\n");
    assert_eq!(hash(&program, "--config run.toml"), hash(&program, ""));
}

#[test]
fn a_refusal_names_the_line_that_asked() {
    let program = Program::new();
    program.write("run.toml", "fee = \"1%\"\nreport = \"no/such/page.html\"\n");
    let answer = program.run("backtest --config run.toml");
    assert_eq!(answer.code(), 1);
    assert!(answer.error().contains("run.toml:2: report = "), "{}", answer.error());
    assert!(answer.error().contains("cannot be written"), "{}", answer.error());
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
    // A strategy's own limits are within those of all.
    file("[limits]\nmax-leverage = 2\n[limits.strategy.ma-crossover]\nmax-leverage = 0.5\n");
    assert_eq!(hash(&program, "--config run.toml"), hash(&program, "--max-leverage 0.5"));
    file("[limits.symbol.\"BTC/USD\"]\nmax-order = 100\n");
    let orders = |words: &str| report(&program, words)["trades"].as_array().unwrap().len();
    assert_eq!(orders("--config run.toml"), 0, "an entry is worth all of the equity");
    file("[limits.symbol.\"BTC/USD\"]\nmax-order = 99999999\n");
    assert!(orders("--config run.toml") > 0);
    assert_eq!(orders("--config run.toml --max-order 100"), 0, "a flag wins over what the file says of a symbol");
    file("max-order = 99999999\n[limits.symbol.\"BTC/USD\"]\nmax-order = 100\n");
    assert_eq!(orders("--config run.toml"), 0, "what the file says of a symbol, over what it says of all");
    file("[limits]\nbreaker = \"manual:2018-01-10:halt\"\n");
    assert_eq!(hash(&program, "--config run.toml"), hash(&program, "--breaker manual:2018-01-10"));
}

/// `none` in a symbol's table was taken and changed nothing: what holds for all held for it, too.
#[test]
fn none_in_the_table_of_a_symbol_takes_the_limit_off_for_it_alone() {
    let program = Program::new();
    let all =
        "data = [\"AAPL\", \"KO\"]\nstrategy = \"portfolio\"\n[limits]\nmax-position = 2000\nmax-order = 90_000\n";
    let of_apple = |more: &str| program.write("run.toml", format!("{all}[limits.symbol.AAPL]\n{more}"));
    let refused = |words: &str| {
        let found = report(&program, words);
        let own = found["settings"]["limits-of-symbols"].as_str().map(str::to_owned);
        program.run(&format!("backtest {words} --orders orders.csv --force"));
        let orders = std::fs::read_to_string(program.path("orders.csv")).unwrap();
        let of = |symbol: &str| orders.lines().filter(|row| row.contains(symbol) && row.contains("2000")).count();
        (of("AAPL"), of("KO"), own)
    };
    of_apple("max-order = 90_000\n");
    let (apple, coke, _) = refused("--config run.toml");
    assert!(apple > 0 && coke > 0, "{apple} {coke}");
    of_apple("max-position = \"none\"\nmax-open-orders-of-symbol = \"none\"\n");
    let (apple, coke, own) = refused("--config run.toml");
    assert!(apple == 0 && coke > 0, "{apple} {coke}");
    assert_eq!(own.as_deref(), Some("AAPL: max-position none"));
    let (apple, _, own) = refused("--config run.toml --max-position 2000");
    assert!(apple > 0, "a flag wins over the file: {own:?}");
}

#[test]
fn a_wrong_limit_says_where_and_what_to_try() {
    let program = Program::new();
    for (text, parts) in [
        ("[limits]\nmax-leverag = 2\n", ["run.toml:2", "limits.max-leverag", "did you mean max-leverage?"]),
        ("[limits]\nbreaker = [\"drawdwn:5%\"]\n", ["run.toml:2", "drawdwn", "did you mean drawdown?"]),
        ("[limits.symbol.AAPL]\nmax-net = 2\n", ["run.toml:2", "limits.symbol.AAPL.max-net", "max-position"]),
        ("[limits.strategy.ma-crossover]\nmax-net = -2\n", ["run.toml:2", "max-net = -2", "above zero"]),
        ("limits = 5\n", ["run.toml", "expected a table", "max-leverage = 2"]),
        // What is not in the run held nothing, and nobody said so.
        (
            "\n[limits.symbol.\"ETH/USD\"]\nmax-order = 5\n",
            ["run.toml:2: limits.symbol.ETH/USD", "has BTC/USD", "mean BTC/USD?"],
        ),
        (
            "[limits.strategy.ma-crosover]\nmax-net = 5\n",
            ["run.toml:1: limits.strategy.ma-crosover", "has ma-crossover", "mean ma-c"],
        ),
        (
            "[limits.strategy.pairs]\nmax-net = 5\n",
            ["run.toml:1: limits.strategy.pairs", "not in this run", "has ma-crossover"],
        ),
        ("[limits.symbol.btc]\nmax-order = 5\n", ["run.toml:1: limits.symbol.btc", "is not a symbol", "AAPL"]),
        // Values of another kind were told of without a line.
        ("[limits]\nmax-order = [1]\n", ["run.toml:2: limits.max-order = [1]", "decimal number", "expected digits"]),
        ("[limits]\nmax-gross = 1\nmax-net = true\n", ["run.toml:3: limits.max-net = true", "decimal", "expected"]),
        (
            "[limits]\nbreaker = [\n\"jump\",\n\"jmp\",\n]\n",
            ["run.toml:4: limits.breaker[2] = jmp", "mean jump?", "manual"],
        ),
        ("[limits]\nsymbol = 5\n", ["run.toml:2: limits.symbol = 5", "expected a table", "[limits.symbol.NAME]"]),
        (
            "[limits.symbol]\nmax-order = 5\n",
            ["run.toml:2: limits.symbol.max-order = 5", "a table", "[limits.symbol.NAME]"],
        ),
        ("max-net = 2\n[limits]\nmax-net = 1\n", ["run.toml:3: limits.max-net = 1", "line 1 too", "keep one"]),
        (
            "[limits]\nbreaker = [\n\"jump\",\n\"spread\",\n]\n",
            ["run.toml:4: limits.breaker[2] = spread", "never trip", "quotes"],
        ),
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

/// Each of these stood there and did nothing.
#[test]
fn what_would_do_nothing_is_refused() {
    let program = Program::new();
    for (words, parts) in [
        ("--breaker spread", ["--breaker spread", "it would never trip", "quotes or a book"]),
        ("--data AAPL --breaker volume", ["--breaker volume", "reads volume", "have none"]),
        ("--breaker correlation:0.9/60", ["--breaker correlation", "pairs of symbols", "add another"]),
        ("--data BTC/USD AAPL --breaker correlation:0.9/60", ["--breaker", "pairs of symbols", "only one is traded"]),
        ("--breaker loss:5%/15m", ["--breaker loss:5%/15m", "1d apart", "shorter bars"]),
        ("--breaker volatility:3x/20/5000", ["--breaker volatility", "needs 5021 rows", "there are 1770"]),
        ("--breaker at:2030-01-01", ["--breaker at:2030-01-01", "never trip", "is over at 2019-10-18"]),
        ("--breaker manual:2030-01-01", ["--breaker manual:2030-01-01", "nobody would hear it", "over at 2019-10-18"]),
        ("--breaker manual:2018-01-01:flaten", ["--breaker", "is not a time", "manual:2019-01-01:halt:2019-02-01"]),
        ("--breaker manual:2018-02-01:halt:2018-01-01", ["--breaker", "armed again at 2018-01-01", "before"]),
        ("--size kelly:50%:10%", ["--size kelly:50%:10%", "begins with 50%", "its cap of 10%"]),
        ("--size volatility:20%:5000", ["--size volatility:20%:5000", "needs 5002 bars", "there are 1770"]),
        ("--size risk:1%:atr:2:5000", ["--size risk:1%:atr:2:5000", "needs 5002 bars", "there are 1770"]),
        ("--size risk:1%:heat:6%", ["--size risk:1%:heat:6%", "ma-crossover trades one symbol", "donchian-breakout"]),
        ("--strategy donchian-breakout --size risk:1%:heat:6%", ["--size", "there is one: leave :heat out", "--data"]),
        (
            "--data AAPL KO --strategy donchian-breakout --size risk:1%:heat:6%",
            ["--size", "donchian-breakout enters without one", "set its parameter stop"],
        ),
        (
            "--data AAPL KO PFE --strategy momentum-rotation --size risk:1%:heat:6%",
            ["--size", "momentum-rotation weighs its positions itself", "such as 50%"],
        ),
    ] {
        crate::refusals::check(&program, words, 2, &parts);
    }
}

/// A stop of the strategy's own stands for the range: the window is then not looked at.
#[test]
fn a_stop_is_enough_for_a_size_that_would_look_back_too_far() {
    let words = "--strategy donchian-breakout --param stop=5 --size risk:1%:atr:2:5000";
    assert!(!report(&Program::new(), words)["trades"].as_array().unwrap().is_empty());
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
fn a_stop_by_hand_can_be_tried() {
    let program = Program::new();
    let told = report(&program, "--breaker manual:2018-01-10:flatten:2018-03-01");
    let trip = &told["breakers"][0];
    let expected = serde_json::json!({
        "time": "2018-01-10T00:00:00Z", "breaker": null, "cause": "hand", "symbol": null, "value": "0", "threshold": "0",
        "state": "flattening", "rearms": "by hand", "rearmed": "2018-03-01T00:00:00Z",
    });
    assert_eq!(*trip, expected);
    let forced = |trade: &&Value| trade["exit_reason"] == "force_exit";
    let trades = told["trades"].as_array().unwrap();
    let forced: Vec<&Value> = trades.iter().filter(forced).collect();
    assert_eq!(forced.len(), 1);
    // Said as the day began: it meets the open of that day.
    assert_eq!(forced[0]["exit_time"], "2018-01-10T00:00:00Z");
    let entered = |from: &str, to: &str| {
        let enters = |trade: &&Value| (from..to).contains(&trade["entry_time"].as_str().unwrap());
        trades.iter().filter(enters).count()
    };
    assert_eq!(entered("2018-01-10", "2018-03-01"), 0);
    assert!(entered("2018-03-01", "2020") > 0);
    // A breaker that a person alone arms again, and the person.
    let both = report(&program, "--breaker drawdown:15%:flatten manual:2016-01-01:rearm");
    assert_eq!(both["breakers"][0]["rearmed"], "2016-01-01T00:00:00Z");
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
