//! `qframe report`, and what reports of backtests say of performance.
use qframe_model::number::Cash;
use serde_json::Value;

use crate::program::{Answer, Program};

fn object(answer: &Answer) -> Value {
    assert_eq!(answer.code(), 0, "{}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

fn cash(value: &Value) -> Cash {
    value.as_str().unwrap().parse().unwrap()
}

/// Days of a curve that swings, and its returns.
fn curve() -> (String, String) {
    let (mut values, mut returns, mut value) = ("time,equity\n".to_owned(), "date,return\n".to_owned(), 100.0_f64);
    for day in 0..60 {
        let date = format!("2021-{:02}-{:02}", 1 + day / 28, 1 + day % 28);
        if day > 0 {
            let change = f64::from((day * 7) % 11 - 4) / 200.0;
            value *= 1.0 + change;
            returns += &format!("{date},{change}\n");
        }
        values += &format!("{date},{value}\n");
    }
    (values, returns)
}

#[test]
fn values_and_their_returns_give_one_sheet() {
    let program = Program::new();
    let (values, returns) = curve();
    program.write("equity.csv", &values);
    program.write("returns.csv", &returns);
    let of_values = object(&program.run("report --equity equity.csv --json"));
    let of_returns = object(&program.run("report --returns returns.csv --json"));
    for (name, value) in of_values["metrics"].as_object().unwrap() {
        let (one, other) = (value.as_f64(), of_returns["metrics"][name].as_f64());
        let near =
            one.zip(other).map_or(one == other, |(one, other)| (one - other).abs() <= 1e-6 * one.abs().max(1e-3));
        assert!(near, "{name}: {one:?} and {other:?}");
    }
    assert_eq!(of_values["returns"], 59);
    assert_eq!(of_values["periods_per_year"], 365.0, "the curve has Saturdays");
    let fractions = object(&program.run("report --returns returns.csv --json"));
    let percents: String = returns
        .lines()
        .enumerate()
        .map(|(place, line)| if place == 0 { format!("{line}\n") } else { in_percent(line) })
        .collect();
    program.write("percents.csv", &percents);
    let of_percents = object(&program.run("report --returns percents.csv --json"));
    let (one, other) =
        (fractions["metrics"]["comp"].as_f64().unwrap(), of_percents["metrics"]["comp"].as_f64().unwrap());
    assert!((one - other).abs() < 1e-9, "{one} and {other}");
}

fn in_percent(line: &str) -> String {
    let (date, change) = line.split_once(',').unwrap();
    format!("{date},{}%\n", change.parse::<f64>().unwrap() * 100.0)
}

#[test]
fn a_curve_beside_itself_has_beta_one() {
    let program = Program::new();
    program.write("equity.csv", curve().0);
    let sheet = object(&program.run("report --equity equity.csv --benchmark equity.csv --json"));
    let beta = sheet["metrics"]["beta"].as_f64().unwrap();
    assert!((beta - 1.0).abs() < 1e-12);
    assert_eq!(sheet["metrics"]["information_ratio"], Value::Null, "nothing is active");
    assert_eq!(sheet["benchmark"]["metrics"]["sharpe"], sheet["metrics"]["sharpe"]);
    let printed = program.run("report --equity equity.csv --benchmark equity.csv --plain");
    assert_eq!(printed.code(), 0);
    let loud = Program::new();
    loud.write("curve.csv", curve().0.replace("equity", "e\u{1b}[31mq"));
    assert!(
        !loud.run("report --equity curve.csv --plain").out().contains('\u{1b}'),
        "a header does not speak to a terminal"
    );
    for word in ["sharpe", "probabilistic_sharpe_ratio", "Drawdown", "Year"] {
        assert!(printed.out().contains(word), "{word}");
    }
}

/// Everything of quantstats has a place in the answer, and tells of the same returns.
#[test]
fn series_and_tables_agree_with_the_metrics() {
    let program = Program::new();
    program.write("equity.csv", curve().0);
    let words =
        "report --equity equity.csv --benchmark equity.csv --json --montecarlo 300 --seed 5 --bust 1% --goal 50%";
    let sheet = object(&program.run(words));
    assert_eq!(program.run(words).out(), program.run(words).out(), "a seed gives the same figures");
    let number = |value: &Value| value.as_f64().unwrap();
    let metrics = &sheet["metrics"];
    for (alias, name) in sheet["aliases"].as_object().unwrap() {
        assert!(metrics[name.as_str().unwrap()].is_number() && metrics[alias].is_null(), "{alias} is {name}");
    }
    let rows = sheet["series"]["time"].as_array().unwrap().len();
    assert_eq!(rows, 59);
    for (name, column) in sheet["series"].as_object().unwrap() {
        let columns = match column {
            Value::Object(both) => both.values().collect(),
            Value::Number(_) => continue,
            other => vec![other],
        };
        assert!(columns.iter().all(|column| column.as_array().is_some_and(|rows| rows.len() == 59)), "{name}");
    }
    let last = |name: &str| number(&sheet["series"][name][rows - 1]);
    assert!((last("compsum") - number(&metrics["comp"])).abs() < 1e-12);
    assert!((last("benchmark_compsum") - number(&metrics["comp"])).abs() < 1e-12);
    let greeks = &sheet["series"]["rolling_greeks"];
    assert!((number(&greeks["beta"][rows - 1]) - 1.0).abs() < 1e-9 && number(&greeks["alpha"][rows - 1]).abs() < 1e-12);
    assert_eq!((&greeks["beta"][0], &sheet["series"]["rolling_sharpe"][0]), (&Value::Null, &Value::Null));
    let window = sheet["series"]["window"].as_u64().unwrap() as usize;
    assert!(sheet["series"]["rolling_sharpe"][window - 1].is_number());
    let daily = &sheet["distribution"]["Daily"];
    let parts = ["values", "outliers"].map(|part| daily[part].as_array().unwrap().len());
    assert_eq!(parts.iter().sum::<usize>(), rows);
    assert_eq!(sheet["periods"]["Daily"]["best"], metrics["best"]);
    assert_eq!(sheet["periods"]["Monthly"]["returns"], sheet["months"].as_object().unwrap().len());
    let threshold = number(&sheet["outliers"]["threshold"]);
    let above = sheet["outliers"]["returns"].as_array().unwrap();
    assert!(above.iter().all(|row| number(&row["return"]) > threshold));
    let returns = sheet["series"]["returns"].as_array().unwrap();
    assert_eq!(returns.iter().filter(|change| number(change) > threshold).count(), above.len());
    assert!((number(&sheet["montecarlo"]["median"]) - number(&metrics["comp"])).abs() < 1e-9);
    assert!(number(&sheet["montecarlo_drawdown"]["min"]) <= number(&metrics["max_drawdown"]));
    assert_eq!(sheet["montecarlo"]["bust_probability"], 1.0);
    for name in ["montecarlo_sharpe", "montecarlo_cagr"] {
        assert!(sheet[name]["mean"].is_number(), "{name}");
    }
}

#[test]
fn simulations_that_cannot_be_are_refused() {
    let program = Program::new();
    program.write("equity.csv", curve().0);
    let refused = [
        ("--montecarlo 0", "expected 1 to 1000000"),
        ("--montecarlo 5 --bust 120%", "up to 100%"),
        ("--bust 20%", "--montecarlo"),
        ("--montecarlo 5 --goal x", "such as 100%"),
    ];
    for (words, told) in refused {
        let answer = program.run(&format!("report --equity equity.csv {words}"));
        assert!(answer.code() == 2 && answer.error().contains(told), "{words}: {}", answer.error());
    }
    program.write("lost.csv", "time,equity\n2021-01-01,100\n2021-01-02,-5\n");
    let lost = program.run("report --equity lost.csv --montecarlo 5");
    assert!(lost.code() == 1 && lost.error().contains("below zero"), "{}", lost.error());
}

/// What is owed at the end is a return of less than -100 %: growth a year of it is none.
#[test]
fn a_curve_that_ends_in_debt_has_a_sheet() {
    let program = Program::new();
    program.write("debt.csv", "time,equity\n2021-01-01,100\n2021-01-02,50\n2021-01-03,60\n2021-01-04,-30\n");
    let sheet = object(&program.run("report --equity debt.csv --json --report debt.html"));
    let metrics = &sheet["metrics"];
    assert_eq!(
        (&metrics["comp"], &metrics["worst"], &metrics["max_drawdown"]),
        (&(-1.3).into(), &(-1.5).into(), &(-1.3).into())
    );
    assert_eq!(
        (&metrics["cagr"], &metrics["geometric_mean"], &metrics["calmar"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!((&sheet["series"]["returns"][2], &sheet["periods"]["Daily"]["returns"]), (&(-1.5).into(), &3.into()));
}

/// To lose all is a return of -100 %, as quantstats has it.
#[test]
fn a_curve_that_ends_in_ruin_has_a_sheet() {
    let program = Program::new();
    program.write("equity.csv", "time,equity\n2021-01-01,100\n2021-01-02,50\n2021-01-03,60\n2021-01-04,0\n");
    program.write("returns.csv", "date,return\n2021-01-02,-0.5\n2021-01-03,0.2\n2021-01-04,-1\n");
    for words in ["--equity equity.csv", "--returns returns.csv"] {
        let sheet =
            object(&program.run(&format!("report {words} --json --montecarlo 5 --report {}.html", &words[2..5])));
        for name in ["comp", "cagr", "geometric_mean", "worst", "max_drawdown", "calmar"] {
            assert_eq!(sheet["metrics"][name], -1.0, "{words}: {name}");
        }
        for name in ["sharpe", "volatility", "sortino", "ulcer_index"] {
            assert!(sheet["metrics"][name].is_number(), "{words}: {name}");
        }
        assert_eq!(sheet["metrics"]["implied_volatility"], Value::Null, "nothing has no logarithm");
        assert_eq!(
            (&sheet["drawdowns"][0]["depth"], &sheet["periods"]["Daily"]["returns"]),
            (&(-1.0).into(), &3.into())
        );
        assert_eq!(sheet["series"]["returns"][2], -1.0, "{words}");
        assert_eq!(sheet["montecarlo"]["max"], -1.0, "{words}");
    }
}

/// 1 stands a step before the first return; no return ends there.
#[test]
fn a_month_without_a_return_is_not_there() {
    let program = Program::new();
    program.write("returns.csv", "date,return\n2000-01-28,0.1\n2000-02-28,-0.05\n2000-03-28,0.02\n");
    let sheet = object(&program.run("report --returns returns.csv --json"));
    let months: Vec<&String> = sheet["months"].as_object().unwrap().keys().collect();
    assert_eq!(months, ["2000-01", "2000-02", "2000-03"]);
    assert!((sheet["months"]["2000-01"].as_f64().unwrap() - 0.1).abs() < 1e-12);
    let years = sheet["years"].as_array().unwrap();
    assert_eq!((years.len(), &years[0]["year"]), (1, &2000.into()));
    let trailing = |place: usize, span: &str| {
        assert_eq!(sheet["trailing"][place]["span"], span);
        sheet["trailing"][place]["return"].as_f64()
    };
    assert!((trailing(0, "MTD").unwrap() - 0.02).abs() < 1e-12);
    assert!((trailing(3, "YTD").unwrap() - (1.1 * 0.95 * 1.02 - 1.0)).abs() < 1e-12);
    assert_eq!(trailing(5, "3Y (ann.)"), None);
    assert_eq!(trailing(8, "All-time (ann.)"), sheet["metrics"]["cagr"].as_f64());
}

#[test]
fn headers_tell_prices_from_returns() {
    let program = Program::new();
    program.write("prices.csv", "time,Adj Close\n2021-01-01,10\n2021-01-02,11\n2021-01-03,12\n");
    program.write("returns.csv", "time,daily_return\n2021-01-01,0.01\n2021-01-02,0.02\n");
    for (words, told) in [("--returns prices.csv", "--equity"), ("--equity returns.csv", "--returns")] {
        let answer = program.run(&format!("report {words}"));
        assert!(
            answer.code() == 2 && answer.error().contains(&format!("with {told}, or say --column")),
            "{words}: {}",
            answer.error()
        );
    }
    assert_eq!(
        program.run("report --equity returns.csv --column daily_return --plain").code(),
        0,
        "who names it knows"
    );
    program.write("two.csv", "time,left,right\n2021-01-01,1,2\n2021-01-02,2,3\n");
    for (words, told) in
        [("returns.csv --column FOO", "no column \"FOO\" among"), ("two.csv", "no one column of figures among")]
    {
        let answer = program.run(&format!("report --returns {words}"));
        assert!(answer.error().contains(told) && answer.error().contains("--column"), "{words}: {}", answer.error());
    }
}

/// No figure of returns beyond a number is given as 0, and no mean lies outside its sample.
#[test]
fn figures_beyond_a_number_are_empty() {
    let program = Program::new();
    program.write("equity.csv", "time,equity\n2021-01-01,1e-300\n2021-01-02,1e300\n2021-01-03,1e-300\n2021-01-04,1\n");
    let sheet = object(&program.run("report --equity equity.csv --json --montecarlo 5 --report sheet.html"));
    for name in ["volatility", "max_drawdown", "longest_drawdown", "autocorr_penalty", "comp", "sharpe"] {
        assert_eq!(sheet["metrics"][name], Value::Null, "{name}");
    }
    assert!(sheet["notes"].to_string().contains("beyond what a number holds"), "{}", sheet["notes"]);
    assert_eq!((&sheet["montecarlo_drawdown"], &sheet["montecarlo"]["mean"]), (&Value::Null, &Value::Null));
    program.write("curve.csv", curve().0);
    for seed in 1..6 {
        let sheet = object(&program.run(&format!("report --equity curve.csv --json --montecarlo 300 --seed {seed}")));
        for name in ["montecarlo", "montecarlo_sharpe", "montecarlo_cagr", "montecarlo_drawdown"] {
            let [min, mean, max] = ["min", "mean", "max"].map(|part| sheet[name][part].as_f64().unwrap());
            assert!(min <= mean && mean <= max, "{name}: {min} {mean} {max}");
        }
    }
}

#[test]
fn bad_input_is_told_with_its_place() {
    let program = Program::new();
    program.write("equity.csv", curve().0);
    program.write("text.csv", "time,equity\n2021-01-01,100\n2021-01-02,many\n");
    program.write("lost.csv", "time,equity\n2021-01-01,100\n2021-01-02,-5\n2021-01-03,7\n");
    program.write("twice.csv", "time,equity\n2021-01-01,100\n2021-01-01,101\n");
    program.write("back.csv", "time,equity\n2021-01-02,100\n2021-01-01,101\n");
    program.write("wide.csv", "time,a,b\n2021-01-01,1,2\n");
    program.write("one.csv", "time,equity\n2021-01-01,100\n");
    program.write("percent.csv", "time,return\n2021-01-01,1.5\n2021-01-02,-2\n");
    program.write("other.csv", "time,close\n1999-01-01,1\n1999-01-02,2\n");
    let cases: [(&str, i32, &[&str]); 14] = [
        ("report", 2, &["--equity"]),
        ("report --equity equity.csv --returns equity.csv", 2, &["--returns"]),
        ("report --equity none.csv", 1, &["none.csv"]),
        ("report --equity text.csv", 1, &["text.csv:3:12", "many"]),
        ("report --equity lost.csv", 1, &["2021-01-02", "-5", "above zero"]),
        ("report --equity twice.csv", 1, &["twice.csv:3"]),
        ("report --equity back.csv", 1, &["back.csv:3"]),
        ("report --equity wide.csv", 1, &["wide.csv", "time,equity"]),
        ("report --equity one.csv", 1, &["1 value;", "at least two"]),
        ("report --returns percent.csv", 1, &["2021-01-02", "1%"]),
        ("report --equity equity.csv --benchmark other.csv", 1, &["0 of 60"]),
        ("report --equity equity.csv --report equity.csv", 2, &["--report", "--equity"]),
        ("report --equity equity.csv --confidence 20", 2, &["--confidence", "95"]),
        ("report --equity equity.csv --risk-free lots", 2, &["--risk-free", "2%"]),
    ];
    for (words, code, told) in cases {
        let answer = program.run(words);
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        for told in told {
            assert!(answer.error().contains(told), "{words}: {told} in {}", answer.error());
        }
    }
    assert_eq!(std::fs::read_to_string(program.path("equity.csv")).unwrap(), curve().0, "nothing was overwritten");
}

/// Profits of each table of the attribution are those of all trades, to the last digit, and the costs are what they say.
#[test]
fn profit_is_attributed_to_the_last_digit() {
    let program = Program::new();
    let run = object(&program.run("backtest --json"));
    let trades = run["trades"].as_array().unwrap();
    let all = trades.iter().fold(Cash::ZERO, |sum, trade| sum.plus(cash(&trade["pnl"])).unwrap());
    let tables = run["attribution"].as_object().unwrap();
    // Those of a single row, which no page shows, were once left out here, too.
    for what in ["asset", "side", "hour of entry, UTC", "holding time", "reason of exit"] {
        assert!(tables.contains_key(what), "{what}");
    }
    for (what, rows) in tables {
        let rows = rows.as_array().unwrap();
        let sum = rows.iter().fold(Cash::ZERO, |sum, row| sum.plus(cash(&row["pnl"])).unwrap());
        assert_eq!(sum, all, "by {what}");
        let count: u64 = rows.iter().map(|row| row["trades"].as_u64().unwrap()).sum();
        assert_eq!(count, trades.len() as u64, "by {what}");
    }
    let costs = &run["costs"];
    let (fee, even) = (costs["Avg. Fee [%]"].as_f64().unwrap(), costs["Breakeven Fee [%]"].as_f64().unwrap());
    let slippage = costs["Breakeven Slippage [%]"].as_f64().unwrap();
    assert!((fee - 0.1).abs() < 1e-6, "the default fee: {fee}");
    assert!((even - slippage - fee).abs() < 1e-9);
    let track = run["metrics"]["minimum_track_record_length"].as_f64().unwrap();
    assert!(track > 1.0 && run["metrics"]["probabilistic_sharpe_ratio"].as_f64().unwrap() > 0.9);
}

/// At the break-even fee, trades of a fixed size bring nothing.
#[test]
fn the_break_even_fee_is_where_nothing_is_left() {
    let program = Program::new();
    let words = "backtest --strategy ma-crossover --size 1 --cash 1000000 --at-end close --json";
    let run = object(&program.run(&format!("{words} --fee 0")));
    let even = run["costs"]["Breakeven Fee [%]"].as_f64().unwrap();
    assert!(even > 0.0, "{even}");
    let again = object(&program.run(&format!("{words} --fee {even:.7}%")));
    let left = again["stats"]["Equity Final [$]"].as_f64().unwrap() - 1_000_000.0;
    let won = run["stats"]["Equity Final [$]"].as_f64().unwrap() - 1_000_000.0;
    assert!(left.abs() < won * 1e-4, "{left} of {won}");
}

/// A year of quarters had 4 in a report, and 3.967 of 92 days in the measures of portfolios and risk.
#[test]
fn a_year_of_quarters_is_the_same_for_all() {
    let program = Program::new();
    let date = |place: usize| format!("{}-{}", 2018 + place / 4, ["03-31", "06-30", "09-30", "12-31"][place % 4]);
    let value = |place: usize, step: usize| 100.0 + (place * step % 7) as f64 + place as f64 / 10.0;
    let rows = |header: &str, columns: &[usize]| {
        let row = |place| {
            let values: Vec<String> = columns.iter().map(|step| value(place, *step).to_string()).collect();
            format!("{},{}\n", date(place), values.join(","))
        };
        (0..20).map(row).fold(format!("{header}\n"), |text, row| text + &row)
    };
    program.write("closes.csv", rows("date,A,B", &[3, 5]));
    program.write("one.csv", rows("date,A", &[3]));
    program.write("equity.csv", rows("time,equity", &[3]));
    let answer = |words: &str| object(&program.run(&format!("{words} --json")));
    assert_eq!(answer("portfolio optimise --prices closes.csv")["data"]["periods_per_year"], 4.0);
    assert_eq!(answer("report --equity equity.csv")["periods_per_year"], 4.0);
    for words in ["--prices one.csv", "--equity equity.csv"] {
        let year = |periods: &str| answer(&format!("risk {words} {periods} --method normal"))["exposure"].clone();
        assert_eq!(year(""), year("--periods 4"), "{words}");
        assert_ne!(year(""), year("--periods 3.967"), "{words}");
    }
}
