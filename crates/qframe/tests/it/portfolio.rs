//! Portfolios on the command line: what is answered, and every refusal with its place and a way out.
use serde_json::Value;

use crate::program::Program;

/// Sixty days of three assets that move apart.
fn program() -> Program {
    let program = Program::new();
    let mut table = "date,A,B,C\n".to_owned();
    for day in 0..60_u32 {
        let (month, date) = (1 + day / 28, 1 + day % 28);
        let wave = |step: u32| f64::from(day * step % 7) / 100.0 + f64::from(day) / 1_000.0;
        let [a, b, c] = [3, 5, 4].map(|step| 100.0 * (1.0 + wave(step)));
        table.push_str(&format!("2024-{month:02}-{date:02},{a:.4},{b:.4},{:.4}\n", c / 2.0));
    }
    program.write("closes.csv", table);
    program
}

fn answer(program: &Program, words: &str) -> Value {
    let answer = program.run(&format!("portfolio {words} --json"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

#[test]
fn every_objective_answers_with_weights_that_sum_to_one() {
    let program = program();
    let objectives = "equal-weight inverse-volatility min-variance max-sharpe target-return target-risk utility risk-parity \
                      risk-budgets hrp herc max-diversification min-cvar kelly";
    for objective in objectives.split_whitespace() {
        let target = match objective {
            "target-return" => "--target-return 1%",
            "target-risk" => "--target-risk 300%",
            _ => "",
        };
        let words =
            format!("--prices closes.csv --objective {objective} {target} --risk-free=-50% --out w.csv --force");
        let shown = answer(&program, &format!("optimise {words}"));
        let sum: f64 = shown["weights"].as_array().unwrap().iter().map(|row| row["weight"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{objective} {sum}");
        assert!(shown["kkt_residual"].as_f64().is_none_or(|residual| residual < 1e-8), "{objective}");
        let written = std::fs::read_to_string(program.path("w.csv")).unwrap();
        assert!(written.starts_with("symbol,weight\nA,") && written.lines().count() == 4);
    }
    for covariance in ["sample", "ewma", "ledoit-wolf", "denoised"] {
        answer(
            &program,
            &format!("optimize --prices closes.csv --covariance {covariance} --view A-B=2%@70% --market A=1"),
        );
    }
    let points = answer(&program, "frontier --prices closes.csv --points 5");
    assert_eq!(points["points"].as_array().unwrap().len(), 5);
}

/// Weights that are found while a run goes on are those that the command finds in the prices up to there.
#[test]
fn a_strategy_finds_what_the_command_finds() {
    let program = Program::new();
    let price = |asset: u32, day: u32| 100.0 + f64::from(day * day % (17 + asset) + (asset + 1) * day) / 4.0;
    let date = |day: u32| {
        let (month, before) =
            [(4, 91), (3, 60), (2, 31), (1, 0)].into_iter().find(|(_, before)| *before <= day).unwrap();
        format!("2024-{month:02}-{:02}", 1 + day - before)
    };
    for asset in 0..3 {
        let rows: String = (0..100).map(|day| format!("{},{}\n", date(day), price(asset, day))).collect();
        program.write(&format!("{asset}.csv"), format!("date,close\n{rows}"));
    }
    // Forty returns, of forty-one closes, up to that of the last day of March, which is when April begins.
    let rows = (50..91).map(|day| format!("{},{},{},{}\n", date(day), price(0, day), price(1, day), price(2, day)));
    program.write("window.csv", format!("date,A,B,C\n{}", rows.collect::<String>()));
    for objective in ["max-sharpe", "min-variance", "risk-parity", "kelly"] {
        let words = format!(
            "backtest --data A=0.csv B=1.csv C=2.csv --close-column close --strategy portfolio --objective {objective} --param window=40 \
             --orders orders.csv --force --size 90%"
        );
        let ran = program.run(&words);
        assert_eq!(ran.code(), 0, "{}", ran.error());
        let orders = std::fs::read_to_string(program.path("orders.csv")).unwrap();
        let words = format!("optimise --prices window.csv --objective {objective} --covariance ledoit-wolf");
        let shown = answer(&program, &words);
        assert_eq!((&shown["data"]["returns"], &shown["data"]["periods_per_year"]), (&40.into(), &365.0.into()));
        for row in shown["weights"].as_array().unwrap() {
            let symbol = row["symbol"].as_str().unwrap();
            let is_it = |line: &&str| line.contains(",2024-04-01T") && line.contains(&format!(",{symbol},"));
            let aim =
                orders.lines().find(is_it).and_then(|line| line.split("target_weight:").nth(1)?.split(',').next());
            let aim = aim.map_or(0.0, |aim| aim.parse::<f64>().unwrap());
            let weight = 0.9 * row["weight"].as_f64().unwrap();
            assert!((aim - weight).abs() < 1e-7, "{objective} {symbol}: {aim} for {weight}\n{orders}");
        }
    }
}

#[test]
fn a_file_of_constraints_says_what_the_flags_say() {
    let program = program();
    program
        .write("limits.toml", "bounds = [\"0:60%\", \"B=10%:20%\"]\ngroup = [\"low=A,B::50%\"]\nmax-positions = 3\n");
    let weights = |words: &str| answer(&program, &format!("optimise --prices closes.csv {words}"))["weights"].clone();
    let flags = "--bounds 0:60% B=10%:20% --group low=A,B::50% --max-positions 3";
    assert_eq!(weights("--constraints limits.toml"), weights(flags));
    assert_ne!(weights("--constraints limits.toml --bounds 0:90%"), weights(flags));
}

/// An asset that may not be held leaves nothing inside its bounds, at which the solver once stopped.
#[test]
fn the_highest_ratio_is_found_without_assets_that_may_not_be_held() {
    let check = |words: &str, expected: &[(&str, f64)]| {
        let period = "--from 2015-01-01 --to 2016-12-31 --objective max-sharpe";
        let shown = answer(&Program::new(), &format!("optimise --prices {words} {period}"));
        assert!(shown["kkt_residual"].as_f64().unwrap() < 1e-8, "{words}");
        for row in shown["weights"].as_array().unwrap() {
            let symbol = row["symbol"].as_str().unwrap();
            let weight = expected.iter().find(|(name, _)| *name == symbol).map_or(0.0, |(_, weight)| *weight);
            assert!((row["weight"].as_f64().unwrap() - weight).abs() < 5e-5, "{words}: {row}");
        }
    };
    check("LLY RRC KO PFE --bounds 0:0.802 LLY=0:0", &[("KO", 0.3402), ("PFE", 0.6598)]);
    check("JNJ LLY XOM RRC --bounds 0:0.929 XOM=0:0 LLY=0:0", &[("JNJ", 0.929), ("RRC", 0.071)]);
}

/// What `--impact` takes was in no ratio, and no row.
#[test]
fn impact_is_a_cost_too() {
    let program = Program::new();
    let words = "--prices KO JPM MRK XOM --from 2015-01-01 --to 2017-12-31 --impact 0.1 --current XOM=1 --cost 10bp";
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap();
    let shown = answer(&program, &format!("optimise {words} --objective utility"));
    let moved = shown["weights"].as_array().unwrap().iter().map(|row| {
        let held = if row["symbol"] == "XOM" { 1.0 } else { 0.0 };
        (number(row, "weight") - held).abs()
    });
    let expected: f64 = moved.map(|change| 0.001 * change + 0.1 * change * change).sum();
    assert!((number(&shown, "cost") - expected).abs() < 1e-12 && expected > 0.001, "{shown}");
    let ratio = (number(&shown, "expected_return") - expected) / number(&shown, "volatility");
    assert!((number(&shown, "sharpe_ratio") - ratio).abs() < 1e-12, "{shown}");
    let text = program.run(&format!("portfolio optimise {words} --objective utility")).out();
    assert!(text.contains("Cost [%]") && text.contains("Sharpe Ratio after Cost"), "{text}");
    let text = program.run(&format!("portfolio frontier {words} --points 3")).out();
    assert!(text.contains("     Cost  "), "{text}");
}

/// Of few positions among many assets the highest ratio is looked for by a rule of thumb: a row of the table beat it.
#[test]
fn the_highest_ratio_is_no_lower_than_that_of_a_row() {
    let assets = "AAPL AMD BAC BBY CVX GE HD JNJ JPM KO LLY MRK MSFT PEP";
    let words = format!("--prices {assets} --points 15 --max-positions 3 --risk-free 5%");
    let shown = answer(&Program::new(), &format!("frontier {words}"));
    let ratio = |row: &Value| row["sharpe_ratio"].as_f64().unwrap();
    let rows = shown["points"].as_array().unwrap().iter().map(ratio);
    assert!(ratio(&shown["max_sharpe"]) >= rows.fold(0.0, f64::max), "{shown}");
}

/// The highest ratio was that after costs, and stood under a table of those before them, which beat it.
#[test]
fn the_highest_ratio_of_a_frontier_is_the_highest_of_its_table() {
    let program = Program::new();
    let prices = "--prices KO JPM MRK XOM RRC WMT --from 2015-01-01 --to 2017-12-31 --points 5";
    let sums = [
        "--risk-free 2% --sum 0.5",
        "--risk-free=-2% --sum 1.5 --bounds 0:200%",
        "--risk-free 9% --sum -0.5 --bounds=-1:1",
    ];
    for words in ["--current XOM=1 --cost 1%", "--current XOM=1 --cost 1% --risk-free 2%", ""].into_iter().chain(sums) {
        let shown = answer(&program, &format!("frontier {prices} {words}"));
        let number = |row: &Value, name: &str| row[name].as_f64().unwrap();
        let sum = words.split_once("--sum ").map_or(1.0, |(_, sum)| sum.split(' ').next().unwrap().parse().unwrap());
        let (rate, has_costs) = (number(&shown, "risk_free"), words.contains("--cost"));
        let highest = number(&shown["max_sharpe"], "sharpe_ratio");
        for row in shown["points"].as_array().unwrap() {
            let earned = number(row, "expected_return") - number(row, "cost") - rate * sum;
            assert!((number(row, "sharpe_ratio") - earned / number(row, "volatility")).abs() < 1e-12, "{words}: {row}");
            assert!(number(row, "sharpe_ratio") <= highest + 1e-9, "{words}: {row} beats {highest}");
            assert_eq!(number(row, "cost") > 0.0, has_costs, "{words}: {row}");
        }
        let text = program.run(&format!("portfolio frontier {prices} {words}")).out();
        let said = ["Highest Sharpe ratio after costs", "     Cost  "].map(|words| text.contains(words));
        assert_eq!(said, [has_costs; 2], "{text}");
        let prices = prices.trim_end_matches("--points 5");
        let found = answer(&program, &format!("optimise {prices} {words} --objective max-sharpe"));
        assert!((number(&found, "sharpe_ratio") - highest).abs() < 1e-9, "{words}: {found}");
        assert_eq!(number(&found, "cost") > 0.0, has_costs, "{words}: {found}");
    }
    let words = "--risk-free 300% --sum 0.1";
    let text = program.run(&format!("portfolio frontier {prices} {words}")).out();
    assert!(text.contains("No portfolio returns more than 30.00 %"), "{text}");
    let refused = program
        .run(&format!("portfolio optimise {} {words} --objective max-sharpe", prices.trim_end_matches("--points 5")));
    assert!(refused.code() == 1 && refused.error().contains("a return above 0.3 a year"), "{}", refused.error());
}

/// Bounds of one asset stand, wherever those of all are named; names of columns do not speak to the terminal.
#[test]
fn bounds_of_one_win_in_any_order() {
    let program = program();
    let weight = |bounds: &str| {
        let found = answer(&program, &format!("optimise --prices closes.csv --bounds {bounds}"));
        let weights = found["weights"].clone();
        let of_a = weights.as_array().map(|all| all.iter().find(|one| one["symbol"] == "A").unwrap()["weight"].clone());
        of_a.unwrap_or_else(|| weights["A"].clone()).as_f64().unwrap()
    };
    let (before, behind) = (weight("A=70%:80% 0:100%"), weight("0:100% A=70%:80%"));
    assert!((before - behind).abs() < 1e-12 && before >= 0.7 - 1e-9, "{before} {behind}");
    let closes = std::fs::read_to_string(program.path("closes.csv")).unwrap();
    program.write("odd.csv", closes.replacen("A,B,C", "A\u{1b}[31m,B,C", 1));
    let odd = program.run("portfolio optimise --prices odd.csv --out odd-weights.csv");
    assert_eq!(odd.code(), 0, "{}", odd.error());
    assert!(!odd.out().contains('\u{1b}'));
}

/// Money out is money in: what is sold less what is bought less the fees, to the last digit.
#[test]
fn a_plan_conserves_money() {
    let program = program();
    program.write("held.csv", "symbol,quantity,price,date\nA,20,90,2023-05-01\nA,30,101,2023-09-01\nB,7,,\n");
    for words in ["--weights B=50% C=45%", "--weights A=10%", "--objective risk-parity", "--weights C=100% --lot 0.001"]
    {
        let words =
            format!("rebalance --prices closes.csv --positions held.csv --cash 1234.56 --fee 10bp --tax 25% {words}");
        let shown = answer(&program, &words);
        let amount = |value: &Value| {
            let text = value.as_str().unwrap();
            let (whole, part) = text.split_once('.').unwrap_or((text, ""));
            format!("{whole}{part:0<18}").parse::<i128>().unwrap()
        };
        let mut cash = amount(&shown["cash_before"]);
        for trade in shown["trades"].as_array().unwrap() {
            let value = amount(&trade["value"]);
            cash += if trade["side"] == "buy" { -value } else { value } - amount(&trade["fee"]);
        }
        assert_eq!(cash, amount(&shown["cash_after"]), "{words}");
    }
    let shown = answer(&program, "rebalance --prices closes.csv --positions held.csv --weights A=0 --tax 10%");
    let sale = &shown["trades"][0];
    let price: f64 = sale["price"].as_str().unwrap().parse().unwrap();
    let gain: f64 = sale["gain"].as_str().unwrap().parse().unwrap();
    assert!((gain - 20.0 * (price - 90.0) - 30.0 * (price - 101.0)).abs() < 1e-9, "the oldest lots are sold first");
}

/// They were sold first, and nothing said so.
#[test]
fn lots_without_a_time_are_told() {
    let program = program();
    let check = |rows: &str, expected: &[&str]| {
        program.write("held.csv", format!("symbol,quantity,price,time\n{rows}"));
        let words = "rebalance --prices closes.csv --positions held.csv --weights A=0 B=0";
        assert_eq!(answer(&program, words)["notes"], serde_json::json!(expected), "{rows}");
        let text = program.run(&format!("portfolio {words}")).out();
        assert_eq!(text.matches("Note: ").count(), expected.len(), "{text}");
        assert!(expected.iter().all(|note| text.contains(note)), "{text}");
    };
    let note = "A has lots with a time and lots without one: those without are taken for the oldest, and sold first";
    check("A,10,120,\nA,10,50,2018-01-02\nB,5,9,\nB,5,8,\n", &[note]);
    check("A,10,120,2019-01-02\nA,10,50,2018-01-02\n", &[]);
    check("A,-1,120,\nA,-1,50,2018-01-02\nB,90,9,\n", &[&note.replace("sold", "bought back")]);
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let program = program();
    program.write("held.csv", "symbol,quantity,price,date\nA,20,90,2030-05-01\n");
    program.write("unknown.csv", "symbol,quantity\nAA,20\n");
    program.write("flat.csv", "date,A,B\n2024-01-02,1,2\n2024-01-03,1,3\n2024-01-04,1,2\n2024-01-05,1,3\n");
    program.write("same.csv", "date,A,B\n2024-01-02,1,2\n2024-01-03,2,4\n2024-01-04,1,2\n2024-01-05,3,6\n");
    program.write("apart.csv", "date,A,B\n2024-01-02,1,\n2024-01-03,,4\n");
    program.write("bad.csv", "date,A,B\n2024-01-02,1,2\n2024-01-03,1,x\n");
    program.write("w.csv", "mine");
    program.write("limits.toml", "bound = 3\n");
    let check = |words: &str, code: i32, parts: &[&str]| {
        let answer = program.run(&format!("portfolio {words}"));
        assert_eq!((answer.code(), answer.out().as_str()), (code, ""), "{words}: {}", answer.error());
        for part in parts {
            assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
        }
    };
    let optimise = |words: &str, code, parts: &[&str]| {
        check(&format!("optimise --out w.csv --force --prices {words}"), code, parts);
    };
    optimise("nothing.csv", 1, &["nothing.csv", "no such file"]);
    optimise("bad.csv", 1, &["bad.csv:3:14", "\"x\"", "expected digits"]);
    optimise("flat.csv", 1, &["the price of A does not change; leave it out"]);
    optimise("same.csv", 1, &["not positive definite", "mostly of A and B", "--covariance ledoit-wolf"]);
    optimise("apart.csv", 1, &["no instant at which all assets have a price", "--align ffill"]);
    optimise("closes.csv closes.csv", 1, &["A stands twice"]);
    optimise("closes.csv --to 2024-01-03", 1, &["2 returns of 3 assets", "ledoit-wolf"]);
    optimise("closes.csv --from 2025-01-01", 1, &["no prices between --from and --to; it has 2024-01-01"]);
    optimise(
        "closes.csv --bounds 0:20%",
        1,
        &["the weights sum to 1; A at most 0.2; B at most 0.2; C at most 0.2; relax one"],
    );
    optimise("closes.csv --bounds A=60%:40%", 1, &["A at least 0.6; A at most 0.4"]);
    optimise("closes.csv --objective hrp --bounds 0:20%", 1, &["hrp knows no constraints", "at most 0.2"]);
    optimise("closes.csv --objective target-risk --target-risk 0.01%", 1, &["a volatility of at most 0.0001 a year"]);
    optimise("closes.csv --objective target-return", 2, &["--target-return", "needed for this objective"]);
    optimise("closes.csv --bounds AA=0:1", 2, &["--bounds AA=0:1", "AA has no prices", "3 symbols"]);
    optimise("closes.csv --bounds 1", 2, &["--bounds 1", "expected LEAST:MOST"]);
    optimise("closes.csv --group t=A,B", 2, &["--group t=A,B", "expected NAME=SYMBOLS:LEAST:MOST"]);
    optimise("closes.csv --view A=much", 2, &["--view"]);
    optimise("closes.csv --periods 0", 2, &["--periods 0", "above zero"]);
    optimise("closes.csv --decay 2 --covariance ewma", 2, &["--decay 2", "such as 0.94"]);
    optimise("closes.csv --decay 0.4 --covariance ewma", 1, &["2.33 effective returns of 3 assets", "raise --decay"]);
    optimise("closes.csv --max-positions 0", 2, &["--max-positions 0", "whole number above zero"]);
    optimise("closes.csv --constraints limits.toml", 1, &["limits.toml:1:1", "unknown field `bound`"]);
    optimise("closes.csv --align outer", 2, &["outer", "inner"]);
    program.write("low.csv", "symbol,quantity,price\nA,20,-90\n");
    let rebalance =
        |words: &str, code, parts: &[&str]| check(&format!("rebalance --prices closes.csv {words}"), code, parts);
    rebalance("", 1, &["the equity is 0.00", "--cash and --positions"]);
    rebalance("--positions held.csv", 1, &["held.csv:2:9", "2030-05-01", "bring newer prices"]);
    rebalance("--positions unknown.csv", 1, &["unknown.csv:2:1", "AA has no prices"]);
    rebalance("--positions low.csv", 1, &["low.csv:2:6", "above zero"]);
    rebalance("--cash 100 --weights A=80% B=30%", 1, &["the weights sum to 1.1", "expected 1 at most"]);
    rebalance("--cash 100 --weights AA=80%", 2, &["--weights AA=80%", "AA has no prices"]);
    rebalance("--cash 100 --weights A=10% A=20%", 2, &["A is named twice"]);
    assert_eq!(std::fs::read_to_string(program.path("w.csv")).unwrap(), "mine");
}

/// What would be passed over in silence, and what would write over its own input.
#[test]
fn flags_of_another_objective_are_refused() {
    let program = program();
    let check = |words: &str, code: i32, parts: &[&str]| {
        let answer = program.run(&format!("portfolio {words}"));
        assert_eq!((answer.code(), answer.out().as_str()), (code, ""), "{words}: {}", answer.error());
        for part in parts {
            assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
        }
    };
    check(
        "optimise --prices closes.csv --target-return 10%",
        2,
        &["--target-return", "--objective target-return alone"],
    );
    check("optimise --prices closes.csv --objective herc --clusters 9", 2, &["--clusters 9", "1 to 3"]);
    check("optimise --prices closes.csv --market A=1", 2, &["--market", "belongs to --view"]);
    check(
        "optimise --prices closes.csv --view A=5% --market A=7%",
        2,
        &["--market A=7%", "a sum of 0.07", "together 1"],
    );
    check("optimise --prices closes.csv --view A=5% --market A=7", 2, &["--market A=7", "here 700%; write 7%"]);
    check(
        "optimise --prices closes.csv --turnover 9% --current A=90% B=20%",
        2,
        &["--current A=90% B=20%", "a sum of 1.1"],
    );
    check("optimise --prices closes.csv --out closes.csv", 2, &["--out closes.csv", "a file of --prices"]);
}
