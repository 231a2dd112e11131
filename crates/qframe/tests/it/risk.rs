//! `qframe risk` as a user runs it: figures that hold together, and what is refused.
use crate::program::Program;
use serde_json::Value;

/// Four invented assets over 400 days; `D` does not move.
fn prices() -> String {
    let mut text = "date,A,B,C,D\n".to_owned();
    let (mut state, mut prices) = (7_u64, [100.0, 50.0, 20.0]);
    for day in 0..400 {
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / (1_u64 << 31) as f64 - 0.498
        };
        let shared = uniform();
        for (asset, price) in prices.iter_mut().enumerate() {
            *price *= 1.0 + 0.01 * (shared + (1.0 + asset as f64) * uniform());
        }
        let (year, month, date) = (2020 + day / 336, 1 + day / 28 % 12, 1 + day % 28);
        let [a, b, c] = prices;
        text += &format!("{year}-{month:02}-{date:02},{a:.4},{b:.4},{c:.4},5\n");
    }
    text
}

/// The files of the book's page.
pub(crate) fn fill(program: &Program) {
    let all = prices();
    let without: Vec<&str> = all.lines().filter_map(|line| Some(line.rsplit_once(',')?.0)).collect();
    let first = |line: &&str| line.split(',').take(2).collect::<Vec<_>>().join(",");
    let curve: Vec<String> = without.iter().skip(1).map(first).collect();
    program.write("prices4.csv", without.join("\n"));
    program.write("equity.csv", format!("time,equity\n{}\n", curve.join("\n")));
    program.write("weights.csv", "symbol,weight\nA,0.5\nB,0.3\ncash,0.2\n");
    let header = "symbol,quantity,class,currency,volume\n";
    program.write("book.csv", format!("{header}A,100,big,USD,500\nB,-50,small,EUR,900\nC,10,small,USD,800\n"));
}

fn filled() -> Program {
    let program = Program::new();
    fill(&program);
    program.write("prices.csv", prices());
    program
}

fn answer(program: &Program, words: &str) -> Value {
    let answer = program.run(&format!("risk {words} --json"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn every_method_answers_and_its_figures_hold_together() {
    let program = filled();
    let found = answer(&program, "--prices prices.csv --weights weights.csv --scenarios 20000");
    let rows = found["risk"].as_array().unwrap();
    let left_out = found["unmeasured"].as_array().unwrap().iter().map(|one| one["horizons"].as_array().unwrap().len());
    assert_eq!(rows.len() + 2 * left_out.sum::<usize>(), 11 * 4, "{}", found["unmeasured"]);
    for row in rows {
        assert!(number(&row["cvar"]) >= number(&row["var"]), "{row}");
        assert!(row["var_money"].is_null(), "weights have no money");
    }
    for method in ["normal", "order-statistic", "monte-carlo", "bootstrap"] {
        let at = |row: &&Value| {
            row["method"] == method && row["confidence"] == 0.95 && row["horizon"].as_u64().unwrap_or(1) == 1
        };
        let whole = number(&rows.iter().find(at).unwrap()["var"]);
        let parts = found["contributions"].as_array().unwrap().iter().filter(at);
        let sum: f64 = parts.map(|part| number(&part["component_var"])).sum();
        assert!((sum - whole).abs() < 1e-9, "{method}: {sum} of {whole}");
    }
    assert_eq!(
        found,
        answer(&program, "--prices prices.csv --weights weights.csv --scenarios 20000"),
        "one seed, one answer"
    );
}

#[test]
fn positions_are_revalued() {
    let program = filled();
    let words = "--prices prices.csv --positions book.csv --cash 5000 --method historical,normal --benchmark C \
                 --shock A=-10%,class:small=-50% --shock factor:C=-20% --window 2020-02-01..2020-03-05 --participation 20% \
                 --limit position=10% --metric credit:broker=40%/50%";
    let found = answer(&program, words);
    let holdings = found["holdings"].as_array().unwrap();
    let worth: f64 = holdings.iter().map(|held| held["value"].as_str().unwrap().parse::<f64>().unwrap()).sum();
    assert!((number(&found["value"]) - worth - 5_000.0).abs() < 1e-6);
    let money = |symbol: &str| {
        let held = holdings.iter().find(|held| held["symbol"] == symbol).unwrap();
        held["value"].as_str().unwrap().parse::<f64>().unwrap()
    };
    let scenario =
        |kind: &str| found["stress"].as_array().unwrap().iter().find(|one| one["kind"] == kind).unwrap().clone();
    let loss = 0.1 * money("A") + 0.5 * (money("B") + money("C"));
    assert!((number(&scenario("shock")["loss_money"]) - loss).abs() < 1e-6);
    assert!(scenario("window")["name"].as_str().unwrap().contains("2020-02-01 to 2020-03-05, counted from 2020-01-28"));
    assert_eq!(found["liquidity"][0]["days"], 1.0);
    let advice = &found["assessment"]["recommendations"];
    assert!(
        advice[0].as_str().unwrap().contains("of A (")
            && advice[0].as_str().unwrap().contains("units) for position, which"),
        "{advice}"
    );
    assert_eq!(found["assessment"]["score"], 100.0);
    assert!(!found["exposure"]["benchmark"]["beta"].is_null());
    let currencies = found["exposure"]["by_currency"].as_array().unwrap();
    assert_eq!(currencies[0]["name"], "USD");
}

#[test]
fn a_curve_alone_is_enough() {
    let program = filled();
    let found =
        answer(&program, "--equity equity.csv --method normal,garch --backtest 250 --confidence 97.5 --horizon 5");
    assert_eq!(found["risk"].as_array().unwrap().len(), 2);
    assert_eq!(found["backtest"].as_array().unwrap().len(), 2);
    assert_eq!(found["volatility"]["forecast"].as_array().unwrap().len(), 5);
    let read = |name: &str| std::fs::read_to_string(program.path(name)).unwrap();
    let text = program.run("risk --equity equity.csv --method normal --report page.html");
    assert_eq!(text.code(), 0, "{}", text.error());
    assert!(text.out().contains("Value at risk") && text.out().contains("report written: page.html"), "{}", text.out());
    assert!(read("page.html").contains("<svg"));
    let again = program.run("risk --equity equity.csv --method normal --report page.html");
    assert!(again.code() == 1 && again.error().contains("--force"), "{}", again.error());
    let over = program.run("risk --equity equity.csv --method normal --report equity.csv --force");
    assert!(over.code() == 2 && over.error().contains("it is read from"), "{}", over.error());
    assert!(read("equity.csv").starts_with("time,equity"));
}

/// Of 20 assets and 15 returns there were no contributions by normal, and the advice was the covariance that was given already.
#[test]
fn more_assets_than_returns_have_components_that_sum_to_the_figure() {
    let program = Program::new();
    let mut table = "date".to_owned();
    (0..20).for_each(|asset| table += &format!(",S{asset:02}"));
    for day in 0..16_u64 {
        table += &format!("\n2024-01-{:02}", day + 1);
        (0..20).for_each(|asset| table += &format!(",{}", 100 + (day * day * (asset + 3) + 5 * asset * day) % 13));
    }
    program.write("wide.csv", table);
    for covariance in ["", "--covariance ledoit-wolf"] {
        let found =
            answer(&program, &format!("--prices wide.csv --method normal,monte-carlo --scenarios 2000 {covariance}"));
        assert!(!found["notes"].to_string().contains("contributions"), "{}", found["notes"]);
        for method in ["normal", "monte-carlo"] {
            let of_method = |name: &str| {
                let rows = found[name].as_array().unwrap().iter();
                rows.filter(|row| row["method"] == method && row["confidence"] == 0.95).collect::<Vec<_>>()
            };
            let (figures, parts) = (of_method("risk"), of_method("contributions"));
            let sum: f64 = parts.iter().map(|part| number(&part["component_var"])).sum();
            let whole = number(&figures.iter().find(|row| row["horizon"] == 1).unwrap()["var"]);
            assert!(parts.len() == 20 && (sum - whole).abs() < 1e-9, "{method}: {sum} of {whole}");
        }
    }
    // A book that does not vary has no figure; that is told once, and not again of its parts.
    program.write("flat.csv", "time,equity\n2024-01-01,5\n2024-01-02,5\n2024-01-03,5\n2024-01-04,5\n");
    let flat = answer(&program, "--equity flat.csv");
    assert!(!flat["notes"].to_string().contains("contributions"), "{}", flat["notes"]);
}

/// A sure gain once had a loss of 633,584,931,415,494.6 standard deviations, and 99.9999999 % was headed 100 %.
#[test]
fn what_cannot_be_is_said_plainly_and_what_was_asked_is_headed() {
    let program = Program::new();
    let mut value = 100.0;
    let rows = (0..300).map(|day| {
        value *= 1.001;
        format!("{}-{:02}-{:02},{value:.9}\n", 2020 + day / 336, 1 + day / 28 % 12, 1 + day % 28)
    });
    program.write("sure.csv", format!("time,equity\n{}", rows.collect::<String>()));
    let sure = answer(&program, "--equity sure.csv --method historical");
    let notes = sure["notes"].to_string();
    assert!(sure["reverse"].is_null() && notes.contains("no multiple of its usual move loses that much"), "{notes}");
    let shown = program.run("risk --prices AAPL --method normal --confidence 99.9999999,97.5 --report page.html");
    assert_eq!(shown.code(), 0, "{}", shown.error());
    let page = std::fs::read_to_string(program.path("page.html")).unwrap();
    for text in [shown.out(), page] {
        assert!(
            text.contains("VaR 99.9999999%") && text.contains("VaR 97.5%") && !text.contains("VaR 100%"),
            "{text:.900}"
        );
    }
}

#[test]
fn a_value_that_stands_twice_counts_once() {
    let program = filled();
    let twice =
        answer(&program, "--prices prices.csv --weights weights.csv --method normal --horizon 5,5 --confidence 95,95");
    let once =
        answer(&program, "--prices prices.csv --weights weights.csv --method normal --horizon 5 --confidence 95");
    assert_eq!(twice, once);
}

fn refused(program: &Program, words: &str, code: i32, parts: &[&str]) {
    let answer = program.run(&format!("risk {words}"));
    assert_eq!(answer.code(), code, "{words}: {}", answer.error());
    assert!(answer.out().is_empty(), "{words}: {}", answer.out());
    for part in parts {
        assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
    }
}

#[test]
fn wrong_words_are_named() {
    let program = filled();
    program.write("curve.csv", "time,equity\n2020-01-01,100\n2020-01-02,101\n2020-01-03,102\n2020-01-04,101\n");
    let check = |words: &str, code: i32, parts: &[&str]| refused(&program, words, code, parts);
    check("", 2, &["--prices", "--equity"]);
    check("--prices prices.csv --confidence 101", 2, &["--confidence 101", "below 100"]);
    check("--prices prices.csv --horizon 0", 2, &["--horizon 0", "1 to 1000"]);
    check("--prices prices.csv --confidence 100%", 2, &["--confidence 100", "below 100, as 95"]);
    check("--prices prices.csv --confidence high", 2, &["'high' for '--confidence", "as 95 or 95%"]);
    check("--prices prices.csv --scenarios 10", 2, &["--scenarios 10"]);
    check("--prices prices.csv --method magic", 2, &["magic", "historical"]);
    check("--prices prices.csv --decay 1", 2, &["--decay 1"]);
    check("--prices prices.csv --shock A", 2, &["--shock A", "AAPL=-20%"]);
    check("--prices prices.csv --shock Z=-5% --method normal", 2, &["nothing that is held"]);
    check("--prices prices.csv --window 2030-01-01..2030-02-01 --weights weights.csv", 2, &["no price in it"]);
    check(
        "--prices prices.csv --window 2020-02-02..2020-02-01",
        2,
        &["--window 2020-02-02..2020-02-01", "or the same day"],
    );
    check("--prices prices.csv --benchmark Z", 2, &["--benchmark Z", "There are A, B, C, D"]);
    check("--prices prices.csv --limit var", 2, &["--limit var", "NAME=VALUE"]);
    check("--prices prices.csv --metric luck:x=1/2", 2, &["\"luck\" is no risk", "market"]);
    check("--equity curve.csv --from 2020-01-02", 2, &["--from", "leave it out"]);
    // They were taken and passed over.
    check(
        "--equity curve.csv --cash 50",
        2,
        &["--cash 50", "for --positions; a curve has its own in it: leave it out"],
    );
    check("--equity curve.csv --benchmark A", 2, &["--benchmark A", "for --prices", "leave it out"]);
    let weights = "--prices prices.csv --weights weights.csv";
    check(&format!("{weights} --cash 50"), 2, &["--cash 50", "for --positions; of weights it is a row cash,0.2"]);
    check("--prices prices.csv --cash 50", 2, &["--positions <FILE>"]);
}

#[test]
fn wrong_files_are_named() {
    let program = filled();
    let check = |words: &str, code: i32, parts: &[&str]| refused(&program, words, code, parts);
    let file = |text: &str| program.write("x.csv", text);
    check("--prices nowhere.csv", 1, &["nowhere.csv"]);
    check("--prices prices.csv --weights nowhere.csv", 1, &["--weights nowhere.csv"]);
    check("--prices prices.csv --method monte-carlo", 1, &["D: its returns do not vary", "leave it out"]);
    file("symbol,weight\nA,0.5\nB,0.3\n");
    check("--prices prices.csv --weights x.csv", 1, &["x.csv: the weights sum to 0.8", "cash,0.2"]);
    file("symbol,weight\nA,0.5\nQ,0.5\n");
    check("--prices prices.csv --weights x.csv", 1, &["x.csv:3:1: \"Q\"", "no prices of it", "There are A, B, C, D"]);
    file("symbol,weight\nA,1e200\nB,-1e200\ncash,1\n");
    check("--prices prices.csv --weights x.csv", 1, &["x.csv:2:3", "between -1000 and 1000"]);
    file("symbol,weight\nA,half\n");
    check("--prices prices.csv --weights x.csv", 1, &["x.csv:2:3: \"half\""]);
    file("symbol,weight\nA,0.5\nA,0.5\n");
    check("--prices prices.csv --weights x.csv", 1, &["x.csv:3:1: \"A\"", "stands twice"]);
    file("symbol,weight\nA,0.5,7\n");
    check("--prices prices.csv --weights x.csv", 1, &["x.csv:2:1", "3 fields under a header of 2"]);
    file("symbol,size\n");
    check("--prices prices.csv --weights x.csv", 1, &["x.csv: no rows"]);
    file("symbol,quantity,time\nA,5,2030-01-01\n");
    check("--prices prices.csv --positions x.csv", 1, &["x.csv:2:5", "the position is of 2030-01-01", "newer prices"]);
    file("symbol,quantity\nA,-5\n");
    check("--prices prices.csv --positions x.csv", 1, &["more than nothing", "--cash"]);
    file("time,equity\n2020-01-02,100\n2020-01-01,101\n");
    check("--equity x.csv", 1, &["x.csv:3:1", "times that rise"]);
    file("time,equity\n2020-01-01,100\n2020-01-02,0\n");
    check("--equity x.csv", 1, &["x.csv:3:12", "above zero"]);
    // A row more than twins: no scenarios can be drawn of assets that are one.
    file("date,P,Q\n2020-01-01,1,2\n2020-01-02,2,4\n2020-01-03,1,2\n2020-01-04,3,6\n");
    let drawn = "--prices x.csv --method monte-carlo --covariance sample";
    check(drawn, 1, &["not positive definite", "mostly of P and Q"]);
    file("date,P,Q,R\n2020-01-01,1,2,4\n2020-01-02,2,5,4\n2020-01-03,1,2,6\n");
    check(drawn, 1, &["2 observations of 3 assets"]);
    check("--prices x.csv --method garch", 1, &["expected at least 100"]);
}

/// A factor's fall times a beta of 2.5 once took 150 % from a book that owed nothing, and the likeliest way to lose was by
/// prices below zero.
#[test]
fn no_price_falls_by_more_than_all_of_it() {
    let program = filled();
    let (mut table, mut own, mut levered) = ("date,K,L\n".to_owned(), 100.0, 100.0);
    for day in 0..200 {
        let change = f64::from(day * 7 % 11 - 5) / 500.0;
        (own, levered) = (own * (1.0 + change), levered * (1.0 + 2.5 * change));
        table += &format!("{}-{:02}-{:02},{own:.6},{levered:.6}\n", 2020, 1 + day / 28, 1 + day % 28);
    }
    program.write("levered.csv", table);
    program.write("long.csv", "symbol,weight\nL,1\n");
    program.write("short.csv", "symbol,weight\nL,-1\ncash,2\n");
    let shocked = |words: &str| {
        let found = answer(&program, &format!("--prices levered.csv --method normal {words}"));
        let scenario = found["stress"].as_array().unwrap().iter().find(|one| one["kind"] == "shock").unwrap();
        (number(&scenario["loss"]), scenario["name"].as_str().unwrap().to_owned())
    };
    let stopped = "shock factor:K=-60% (at -100%, the most that a price falls: L)".to_owned();
    assert_eq!(shocked("--weights long.csv --shock factor:K=-60%"), (1.0, stopped.clone()));
    assert_eq!(shocked("--weights short.csv --shock factor:K=-60%"), (-1.0, stopped));
    let (loss, name) = shocked("--weights long.csv --shock factor:K=-20%");
    assert!((loss - 0.5).abs() < 1e-6 && name == "shock factor:K=-20%", "{loss} {name}");
    let found = answer(&program, "--prices prices4.csv --method normal --reverse 90%");
    let returns: Vec<f64> = found["reverse"]["returns"].as_array().unwrap().iter().map(|one| number(&one[1])).collect();
    assert!(returns.contains(&-1.0) && returns.iter().all(|value| *value >= -1.0), "{returns:?}");
    assert!((returns.iter().sum::<f64>() / 3.0 + 0.9).abs() < 1e-9, "{returns:?}");
    let text = program.run("risk --prices prices4.csv --method normal --reverse 90%").out();
    assert!(text.contains("a probability of at most") || text.contains("a probability below 1e-300"), "{text}");
    let found = answer(&program, "--prices prices4.csv --weights weights.csv --method normal --reverse 90%");
    let notes = found["notes"].to_string();
    let why = "no way to lose 90%: prices fall by 100% at most, and with all of them there the book loses 80.00%";
    assert!(found["reverse"].is_null() && notes.contains(why), "{notes}");
}

/// The drift of a stock that is sold short counted as a gain: a book of one short lost less where all went against it.
#[test]
fn what_goes_against_a_book_is_no_less_than_its_normal_risk() {
    let program = Program::new();
    // R rises by much more a day than it moves about, S falls so.
    let mut table = "date,R,S,A\n".to_owned();
    for day in 0..60_i32 {
        let [rising, falling] =
            [0.01, -0.01].map(|drift: f64| (f64::from(day) * drift + f64::from(day * 5 % 7) / 900.0).exp());
        table +=
            &format!("2024-{:02}-{:02},{rising:.6},{falling:.6},{}\n", 1 + day / 28, 1 + day % 28, 90 + day * 3 % 8);
    }
    program.write("drift.csv", table);
    let told = |book: &str, horizon: usize| {
        program.write("drifting.csv", format!("symbol,weight\n{book}"));
        let words =
            format!("--weights drifting.csv --method normal --covariance sample --confidence 95 --horizon {horizon}");
        let found = answer(&program, &format!("--prices drift.csv {words}"));
        let worlds = found["stress"].as_array().unwrap().clone();
        let loss = |name: &str| {
            worlds.iter().find(|one| one["name"].as_str().unwrap().ends_with(name)).map(|one| number(&one["loss"]))
        };
        (
            number(&found["risk"][0]["var"]),
            loss("correlations of one").unwrap(),
            loss("every position against the book"),
        )
    };
    let alike = |one: f64, other: f64| (one - other).abs() < 1e-12;
    for horizon in [1, 10] {
        for asset in ["R", "S", "A"] {
            let (normal, as_one, against) = told(&format!("{asset},1\n"), horizon);
            assert!(alike(normal, as_one) && against.is_none(), "long {asset}: {normal} {as_one} {against:?}");
            let (normal, as_one, against) = told(&format!("{asset},-1\ncash,2\n"), horizon);
            assert!(
                alike(normal, as_one) && alike(normal, against.unwrap()),
                "short {asset}: {normal} {as_one} {against:?}"
            );
        }
        for book in ["R,-0.5\nS,0.7\ncash,0.8\n", "R,0.5\nS,-0.7\ncash,1.2\n", "R,-0.5\nS,-0.2\nA,1.7\n"] {
            let (normal, as_one, against) = told(book, horizon);
            assert!(against.unwrap() >= normal.max(as_one), "{book}: {normal} {as_one} {against:?}");
        }
    }
}
