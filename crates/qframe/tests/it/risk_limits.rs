//! What `qframe risk` says of a book that is beyond its limits, and of figures that are less than they look.
use crate::program::Program;
use crate::risk::fill;
use serde_json::Value;

fn filled() -> Program {
    let program = Program::new();
    fill(&program);
    program
}

fn answer(program: &Program, words: &str) -> Value {
    let answer = program.run(&format!("risk {words} --json"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

fn metric(found: &Value, name: &str) -> f64 {
    let metrics = found["assessment"]["metrics"].as_array().unwrap();
    metrics.iter().find(|one| one["name"] == name).unwrap()["value"].as_f64().unwrap()
}

/// What is advised for a metric, as it is read and in numbers.
fn advised(found: &Value, name: &str) -> Vec<(String, Value)> {
    let assessment = &found["assessment"];
    let steps = assessment["steps"].as_array().unwrap().iter().cloned();
    let said = assessment["recommendations"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
    said.zip(steps).filter(|(_, step)| step["metric"] == name).collect()
}

/// Advice was once along a straight line, and there was none where only methods without contributions were asked.
#[test]
fn who_does_what_is_advised_is_at_the_limit() {
    let program = filled();
    let check = |name: &str, limit: f64, words: &str| {
        let words = format!("--prices prices4.csv --scenarios 20000 {words} --limit {name}={limit}");
        let before = answer(&program, &format!("{words} --positions book.csv --cash 5000"));
        let value = metric(&before, name);
        assert!(value > limit, "{name}: {value}");
        let mut held = [("A", 100.0, 500), ("B", -50.0, 900), ("C", 10.0, 800)];
        let (mut cash, advice) = (5_000.0, advised(&before, name));
        assert!(!advice.is_empty(), "{name}: {}", before["assessment"]);
        for (_, step) in &advice {
            let close = &step["step"]["close"];
            let units = close["quantity"].as_str().unwrap().parse::<f64>().unwrap();
            let place = held.iter().position(|(symbol, ..)| close["symbol"] == *symbol).unwrap();
            let row = &before["holdings"][place];
            let price = row["value"].as_str().unwrap().parse::<f64>().unwrap() / held[place].1;
            let units = units.min(held[place].1.abs()) * held[place].1.signum();
            (held[place].1, cash) = (held[place].1 - units, cash + units * price);
        }
        let rows = held.iter().zip(["big,USD", "small,EUR", "small,USD"]);
        let rows = rows
            .filter(|((_, units, _), _)| units.abs() >= 1e-9)
            .map(|((symbol, units, volume), words)| format!("{symbol},{units:.9},{words},{volume}\n"));
        program.write("after.csv", format!("symbol,quantity,class,currency,volume\n{}", rows.collect::<String>()));
        let after = metric(&answer(&program, &format!("{words} --positions after.csv --cash {cash:.6}")), name);
        assert!(after <= limit * (1.0 + 1e-6), "{name}: {after} after {advice:?}");
        assert!(after >= 0.999 * limit, "{name}: no more than it takes: {after} after {advice:?}");
        let last = &advice.last().unwrap().0;
        assert!(last.contains("units)") && last.contains("its limit being"), "{last}");
    };
    check("var", 0.004, "--method historical,monte-carlo");
    check("var", 0.004, "--method garch,ewma");
    check("var", 0.015, "--method student-t,bootstrap --horizon 10");
    // Far below what one position can do.
    check("var", 0.0002, "--method normal,historical");
    check("drawdown", 0.02, "--method normal");
    check("stress", 0.05, "--method normal --shock A=-30%");
    check("leverage", 0.3, "--method normal");
    check("position", 0.1, "--method normal");
    check("currency", 0.05, "--method normal");
    check("days-to-close", 0.3, "--method normal");
}

#[test]
fn what_no_position_makes_is_advised_in_words() {
    let program = filled();
    let words = "--prices prices4.csv --positions book.csv --cash 5000 --method normal,student-t --limit disagreement=0.1% \
                 --metric credit:broker=60%/50% --limit currency=1%";
    let found = answer(&program, words);
    let check = |name: &str, parts: &[&str]| {
        let said = advised(&found, name);
        assert_eq!(said.len(), 1, "{name}");
        assert!(parts.iter().all(|part| said[0].0.contains(part)), "{said:?}");
    };
    check("disagreement", &["reckon with", "of normal", "of student-t", "back-test"]);
    check("broker", &["lower broker by 0.1000 to its limit of 0.5"]);
    check("currency", &["of B (", "or hedge as much EUR"]);
}

/// A method that saw no loss once took the metric away with it.
#[test]
fn methods_disagree_most_where_one_of_them_sees_no_loss() {
    let program = Program::new();
    let mut value = 100.0;
    let rows = (0..200).map(|day| {
        value *= if day % 50 == 49 { 0.9 } else { 1.01 };
        format!("{}-{:02}-{:02},{value:.6}\n", 2020 + day / 336, 1 + day / 28 % 12, 1 + day % 28)
    });
    program.write("equity.csv", format!("time,equity\n{}", rows.collect::<String>()));
    let found = answer(&program, "--equity equity.csv --method historical,normal --confidence 95 --horizon 1");
    let vars: Vec<f64> = found["risk"].as_array().unwrap().iter().map(|row| row["var"].as_f64().unwrap()).collect();
    assert!(vars[0] < 0.0 && vars[1] > 0.0, "{vars:?}");
    assert_eq!(metric(&found, "disagreement").round(), 100.0);
}

/// One step that failed once took the whole section with it.
#[test]
fn sizes_are_told_whatever_else_is_not() {
    let program = filled();
    // Long and short of one asset under two names: the book does not move at all.
    let rows = (1..=20).map(|day| format!("2020-01-{day:02},{0},{0},{1}\n", 100 + day % 5, 50 + day % 3));
    program.write("twins.csv", format!("date,P,Q,R\n{}", rows.collect::<String>()));
    program.write("hedged.csv", "symbol,weight\nP,3\nQ,-3\ncash,1\n");
    let words = "--prices twins.csv --weights hedged.csv --benchmark R --method historical --horizon 1";
    let found = answer(&program, words);
    let exposure = &found["exposure"];
    assert_eq!((exposure["gross"].as_f64(), exposure["drawdown_at_risk"].as_f64()), (Some(6.0), Some(0.0)));
    assert!(exposure["volatility"].is_null() && exposure["benchmark"].is_null());
    let whys = exposure["unmeasured"].to_string();
    assert!(whys.contains("volatility: the returns of the book do not vary") && whys.contains("beside R"), "{whys}");
    let text = program.run(&format!("risk {words}")).out();
    let leverage = text.lines().find(|line| line.starts_with("  leverage ")).unwrap();
    assert!(leverage.ends_with(" 6.00") && text.contains("Not measured: volatility"), "{text}");
    assert!(!text.contains("-0.00"), "{text}");
}

#[test]
fn a_method_that_was_named_is_wanted_and_of_all_one_is_left_out() {
    let program = filled();
    let short: Vec<String> =
        std::fs::read_to_string(program.path("prices4.csv")).unwrap().lines().take(62).map(str::to_owned).collect();
    program.write("short.csv", short.join("\n"));
    let named = program.run("risk --prices short.csv --method historical,garch");
    assert_eq!((named.code(), named.out()), (1, String::new()), "{}", named.error());
    assert_eq!(named.error().matches("garch: 60 observations").count(), 1, "{}", named.error());
    let all = program.run("risk --prices short.csv --method all --scenarios 2000");
    assert_eq!(all.code(), 0, "{}", all.error());
    assert_eq!(all.out().matches("garch: 60 observations").count(), 1, "once, whatever the horizons: {}", all.out());
    let found = answer(&program, "--prices short.csv --scenarios 2000");
    let left_out = found["unmeasured"].as_array().unwrap();
    let garch = left_out.iter().find(|one| one["method"] == "garch").unwrap();
    assert_eq!(garch["horizons"], serde_json::json!([1, 10]));
    // So does history that is too short for its confidence.
    assert!(all.out().contains("warning: fewer than 5 independent outcomes"), "{}", all.out());
    let warned = found["warnings"][0].as_str().unwrap();
    for part in ["historical 3.0 (horizon 1, 95%)", "order-statistic 0.1 (horizon 10, 99%)", "age-weighted"] {
        assert!(warned.contains(part), "{part}: {warned}");
    }
    let page = program.run("risk --prices short.csv --scenarios 2000 --report page.html");
    assert_eq!(page.code(), 0, "{}", page.error());
    assert!(std::fs::read_to_string(program.path("page.html")).unwrap().contains("Warning: fewer than 5"));
    let calm = answer(&program, "--prices prices4.csv --method historical,normal --confidence 95 --horizon 1");
    assert_eq!(calm["warnings"], serde_json::json!([]));
}

#[test]
fn a_window_beyond_the_prices_is_cut_and_that_is_said() {
    let program = filled();
    let stress = |window: &str| {
        let found = answer(&program, &format!("--prices prices4.csv --method normal --window {window}"));
        let rows = found["stress"].as_array().unwrap().clone();
        rows.iter().find(|row| row["kind"] == "window").unwrap()["name"].as_str().unwrap().to_owned()
    };
    let early = stress("2019-06-01..2020-02-05");
    let cut = "window 2020-01-02 to 2020-02-05, counted from 2020-01-01 (cut: 2019-06-01 to 2020-02-05";
    assert!(early.starts_with(cut), "{early}");
    let late = stress("2020-02-01..2031-01-01");
    assert!(late.contains("(cut: 2020-02-01 to 2031-01-01 was asked for, the prices go from 2020-01-01"), "{late}");
    assert!(!stress("2020-02-01..2020-02-05").contains("cut"));
    // No price is before the first, and what it moved is not known.
    assert!(stress("2020-01-01..2020-02-05").contains("counted from 2020-01-01 (cut"));
    for window in
        ["2018-01-01..2018-02-01", "2019-12-01..2020-01-01", "2030-01-01..2030-02-01", "2020-01-29..2020-01-31"]
    {
        let answer = program.run(&format!("risk --prices prices4.csv --method normal --window {window}"));
        assert!(
            answer.code() == 2 && answer.error().contains("no price in it that has one before it"),
            "{window}: {}",
            answer.error()
        );
    }
}

/// The move of the first day was left out: the window of the worst day was none, and that of the worst week lost less.
#[test]
fn a_window_has_the_moves_of_its_first_day() {
    let program = filled();
    let all = |words: &str| answer(&program, &format!("--method normal {words}"))["stress"].as_array().unwrap().clone();
    let check = |data: &str, count: &str| {
        let found = all(data);
        let worst =
            found.iter().find(|one| one["name"].as_str().unwrap().starts_with(&format!("worst {count} "))).unwrap();
        let (days, base) =
            worst["name"].as_str().unwrap().split_once(": ").unwrap().1.split_once(", counted from ").unwrap();
        assert!(worst["counted_from"].as_str().unwrap().starts_with(base), "{worst}");
        let window = if count == "1" { format!("{days}..{days}") } else { days.replace(" to ", "..") };
        let found = all(&format!("{data} --window {window}"));
        let through = found.iter().find(|one| one["kind"] == "window").unwrap();
        for field in ["loss", "loss_money", "worst", "counted_from"] {
            assert_eq!(through[field], worst[field], "{data} {window}: {field}");
        }
        assert_eq!(through["name"], format!("window {days}, counted from {base}"));
    };
    for count in ["1", "5", "20"] {
        check("--prices prices4.csv", count);
        check("--prices prices4.csv --positions book.csv --cash 9000", count);
        check("--equity equity.csv", count);
    }
    // Of a date all of its day.
    let rows: String = (0..96)
        .map(|hour| format!("2024-01-{:02}T{:02}:00:00Z,{}\n", 1 + hour / 24, hour % 24, 90 + hour % 17))
        .collect();
    program.write("hours.csv", format!("time,equity\n{rows}"));
    let found = all("--equity hours.csv --window 2024-01-02..2024-01-03");
    let name = found.iter().find(|one| one["kind"] == "window").unwrap()["name"].as_str().unwrap().to_owned();
    assert_eq!(name, "window 2024-01-02T00:00:00Z to 2024-01-03T23:00:00Z, counted from 2024-01-01T23:00:00Z");
}

#[test]
fn names_of_metrics_are_words() {
    let program = filled();
    let check = |name: &str, part: &str| {
        let answer = program.run(&format!("risk --prices prices4.csv --metric credit:{name}=1/2"));
        assert_eq!(answer.code(), 2, "{name:?}: {}", answer.error());
        assert!(answer.error().contains(part), "{name:?}: {:?}", answer.error());
        assert!(!answer.error().contains('\u{1b}'), "{:?}", answer.error());
    };
    check("", "expected a word");
    check("a\u{1b}[31mb", "expected a word");
    check("a\u{202e}b", "expected a word");
    check(&"x".repeat(65), "expected 64 at most");
}

/// Lists once stopped at fifteen rows and said nothing; the page was wider than a screen.
#[test]
fn a_long_list_says_how_much_more_there_is() {
    let program = Program::new();
    let names: Vec<String> = (0..20).map(|asset| format!("N{asset:02}")).collect();
    let rows = (1..=28).map(|day: usize| {
        let prices = (0..20).map(|asset| format!(",{}", 100 + (day * day * (asset + 3) + day * asset * asset) % 101));
        format!("2020-01-{day:02}{}\n", prices.collect::<String>())
    });
    program.write("many.csv", format!("date,{}\n{}", names.join(","), rows.collect::<String>()));
    let answer = program.run("risk --prices many.csv --method normal --report page.html");
    assert_eq!(answer.code(), 0, "{}", answer.error());
    let sections: Vec<&str> = answer.out().leak().split("\n\n").collect();
    for title in ["Where it comes from", "Sizes", "The likeliest way"] {
        let section = sections.iter().find(|section| section.starts_with(title)).unwrap();
        assert!(section.contains("and 5 more (--report, --json)"), "{section}");
    }
    let page = std::fs::read_to_string(program.path("page.html")).unwrap();
    let sizes = page.split("<h2>").find(|section| section.starts_with("Sizes")).unwrap();
    assert_eq!(sizes.matches("<tr><td>N").count(), 20);
}

/// Twelve assets that move each in their own way, and a book of them in money.
fn twelve(program: &Program) {
    let names: Vec<String> = (0..12).map(|asset| format!("A{asset}")).collect();
    let mut table = format!("date,{}\n", names.join(","));
    for day in 0..90_u32 {
        let price =
            |asset: u32| 50.0 + f64::from(asset) + f64::from(day * (asset + 3) % 11) - f64::from(day * asset % 5);
        let row: Vec<String> = (0..12).map(|asset| format!("{:.3}", price(asset))).collect();
        table += &format!("2024-{:02}-{:02},{}\n", 1 + day / 28, 1 + day % 28, row.join(","));
    }
    program.write("twelve.csv", table);
}

/// Closes what is advised: of several positions at once, or one after another.
fn closed(held: &mut [(String, f64)], step: &Value) {
    let close = &step["step"];
    let one = |symbol: &Value, units: &Value| (symbol.as_str().unwrap().to_owned(), units.as_str().unwrap().to_owned());
    let all: Vec<(String, String)> = match close["close_each"]["positions"].as_array() {
        Some(positions) => positions.iter().map(|pair| one(&pair[0], &pair[1])).collect(),
        None => vec![one(&close["close"]["symbol"], &close["close"]["quantity"])],
    };
    for (symbol, units) in all {
        let place = held.iter().position(|(name, _)| *name == symbol).unwrap();
        let units = units.parse::<f64>().unwrap();
        assert!(units <= held[place].1.abs(), "{symbol}: {units} of {}", held[place].1);
        held[place].1 -= units * held[place].1.signum();
    }
}

/// Five positions were closed at most, and the sixth stayed beyond its limit.
#[test]
fn any_number_of_positions_is_brought_to_the_limit() {
    let program = Program::new();
    twelve(&program);
    let prices = std::fs::read_to_string(program.path("twelve.csv")).unwrap();
    let last: Vec<f64> = prices.lines().last().unwrap().split(',').skip(1).map(|cell| cell.parse().unwrap()).collect();
    let write = |name: &str, held: &[(String, f64)]| {
        let row = |(place, (symbol, units)): (usize, &(String, f64))| {
            format!("{symbol},{units:.9},{},{}\n", ["USD", "EUR", "JPY"][place % 3], 40 + place)
        };
        let rows: String = held.iter().enumerate().map(row).collect();
        program.write(name, format!("symbol,quantity,currency,volume\n{rows}"));
    };
    let check = |name: &str, limit: f64, count: usize| {
        let whole: Vec<(String, f64)> = (0..12).map(|asset| (format!("A{asset}"), 20.0 + f64::from(asset))).collect();
        let mut held = whole.clone();
        write("book.csv", &held);
        let words = format!("--prices twelve.csv --method historical,normal --horizon 1 --limit {name}={limit}");
        let before = answer(&program, &format!("{words} --positions book.csv"));
        let advice = advised(&before, name);
        assert_eq!(advice.len(), count, "{name}: {advice:?}");
        assert!(advice.last().unwrap().0.contains("its limit being"), "{name}: {advice:?}");
        advice.iter().for_each(|(_, step)| closed(&mut held, step));
        let worth =
            |held: &[(String, f64)]| held.iter().zip(&last).map(|((_, units), price)| units * price).sum::<f64>();
        write("after.csv", &held);
        let cash = worth(&whole) - worth(&held);
        let after = metric(&answer(&program, &format!("{words} --positions after.csv --cash {cash:.6}")), name);
        assert!(after <= limit * (1.0 + 1e-6) && after >= 0.99 * limit, "{name}: {after} is not {limit}: {advice:?}");
    };
    check("position", 0.04, 12);
    check("days-to-close", 4.0, 12);
    check("leverage", 0.3, 1);
    check("var", 0.0005, 1);
    check("drawdown", 0.001, 1);
    check("stress", 0.002, 1);
    check("currency", 0.02, 1);
}

/// A book of which hardly anything had a volume or a currency was once judged by the rest, and scored low.
#[test]
fn what_is_known_of_a_part_alone_is_not_scored() {
    let program = filled();
    let check = |file: &str, name: &str, why: &str| {
        program.write("part.csv", file);
        let words = "--prices prices4.csv --positions part.csv --cash 5000 --method normal";
        let found = answer(&program, words);
        let metrics = found["assessment"]["metrics"].as_array().unwrap();
        assert!(metrics.iter().all(|one| one["name"] != name), "{name}: {metrics:?}");
        let whys = found["assessment"]["unmeasured"].to_string();
        assert!(whys.contains(&format!("{name}: {why}")), "{name}: {whys}");
        let text = program.run(&format!("risk {words}")).out();
        assert!(text.contains(&format!("Not measured: {name}: {why}")), "{name}: {text}");
        found
    };
    let header = "symbol,quantity";
    let row = "no volume is known of C; the others alone make 0.0002";
    check(&format!("{header},volume\nA,1,50000\nC,200,\n"), "days-to-close", row);
    let row = "no currency is known of C; the others alone make 0.0000";
    let found = check(&format!("{header},currency\nA,1,USD\nC,200,\n"), "currency", row);
    let sizes = &found["exposure"]["by_currency"];
    assert_eq!((&sizes[0]["name"], &sizes[1]["name"]), (&"unknown".into(), &"USD".into()), "{sizes}");
    // What is known already is beyond the limit, whatever the rest is.
    program.write("part.csv", format!("{header},class,currency,volume\nA,100,big,USD,5\nB,200,,EUR,900\nC,10,,,\n"));
    let words = "--prices prices4.csv --positions part.csv --cash 5000 --method normal --limit currency=10%";
    let found = answer(&program, words);
    assert_eq!(metric(&found, "days-to-close"), 200.0);
    let of = |place: usize| found["exposure"]["by_asset"][place]["gross"].as_f64().unwrap();
    let (all, least) = (of(0) + of(1) + of(2), of(0).min(of(1)));
    assert!((metric(&found, "currency") - least / all).abs() < 1e-9, "{}", found["assessment"]);
    let whys = found["assessment"]["unmeasured"].to_string();
    assert!(
        whys.contains(
            "days-to-close: no volume is known of C; the others alone make 200.0000, which is beyond its limit"
        ),
        "{whys}"
    );
    assert!(found["exposure"]["by_class"].to_string().contains("unknown"), "{}", found["exposure"]["by_class"]);
    // Where nobody says a volume, a currency or a class, none is missed.
    program.write("part.csv", format!("{header}\nA,1\nC,200\n"));
    let found = answer(&program, words);
    assert_eq!(found["assessment"]["unmeasured"], serde_json::json!([]));
    assert_eq!(found["exposure"]["by_currency"], serde_json::json!([]));
}
