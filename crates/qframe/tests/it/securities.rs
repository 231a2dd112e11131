//! A security under the tickers that it had: from the map file to the report.
use serde_json::Value;

use crate::program::Program;

/// Bars as LEAN writes them: days from one on, prices that rise by a cent from `cents` on.
fn lean(from: &str, days: i64, cents: i64) -> String {
    let start: qframe_model::time::Time = from.parse().unwrap();
    let row = |day: i64| {
        let time = start + qframe_model::time::Span::from_seconds(86_400 * day);
        let (date, price) = (format!("{time:#}").replace('-', ""), (cents + day) * 100);
        format!("{date} 00:00,{price},{},{},{},1000\n", price + 100, price - 100, price + 50)
    };
    (0..days).map(row).collect()
}

/// OWL meant one company in 2019, and from 2020-01-10 on another one, which became ELK on 2020-02-01. A third is OWL now.
fn fill(program: &Program) {
    for folder in ["usa/map_files", "usa/factor_files", "usa/daily"] {
        std::fs::create_dir_all(program.path(folder)).unwrap();
    }
    program.write("usa/map_files/elk.csv", "20200110,owl,N\n20200131,owl,N\n20501231,elk,N\n");
    program.write("usa/map_files/owl.1.csv", "20190601,owl\n20191219,owl\n");
    program.write("usa/map_files/owl.csv", "20200220,owl,N\n20501231,owl,N\n");
    let owl = [lean("2019-12-01", 10, 300), lean("2020-01-10", 22, 5_000), lean("2020-02-20", 10, 900)].concat();
    program.write("usa/daily/owl.csv", owl);
    program.write("usa/daily/elk.csv", lean("2020-02-01", 30, 5_022));
    program.write("usa/factor_files/elk.csv", "20200110,0.99,1,1\n20200210,0.99,1,50.1\n20501231,1,1,0\n");
    let answer = program.run("data import usa");
    assert_eq!((answer.code(), answer.error()), (0, String::new()));
    assert!(answer.out().ends_with("3 securities; 76 added\n"), "{}", answer.out());
}

/// A check of META looked at the bars under META and did not say that there are others.
#[test]
fn a_check_of_a_ticker_names_the_security() {
    let program = Program::new();
    famous(&program);
    let out = program.run("data check META@usa --kind bars").out();
    assert!(out.contains("this is the set of META@usa alone"), "{out}");
    assert!(out.contains("`qframe data check FB:2012-05-18@usa` looks at the bars of all"), "{out}");
    let out = program.run("data check FB:2012-05-18@usa").out();
    assert!(out.contains("69 rows"), "{out}");
}

/// The FB that is META today, and one before it; invented prices.
pub(crate) fn famous(program: &Program) {
    for folder in ["usa/map_files", "usa/factor_files", "usa/daily"] {
        std::fs::create_dir_all(program.path(folder)).unwrap();
    }
    program.write("usa/map_files/meta.csv", "20120518,fb,Q\n20220608,fb,Q\n20501231,meta,Q\n");
    program.write("usa/map_files/fb.1.csv", "19990929,fb\n20030328,fb\n");
    program.write("usa/daily/fb.csv", [lean("2003-03-01", 25, 300), lean("2022-05-01", 39, 19_000)].concat());
    program.write("usa/daily/meta.csv", lean("2022-06-09", 30, 19_100));
    program.write("usa/factor_files/meta.csv", "20120518,0.99,1,1\n20220620,0.99,1,191\n20501231,1,1,0\n");
    assert_eq!(program.run("data import usa").code(), 0);
}

fn json(program: &Program, words: &str) -> Value {
    let answer = program.run(&format!("{words} --json"));
    assert_eq!(answer.code(), 0, "{words}: {}", answer.error());
    serde_json::from_str(&answer.out()).unwrap()
}

#[test]
fn a_run_follows_the_security() {
    let program = Program::new();
    fill(&program);
    let again = program.run("data import usa").out();
    assert!(again.ends_with("nothing new (76 there already)\n"), "{again}");
    let run = |words: &str| json(&program, &format!("backtest --strategy buy-and-hold --data {words}"));
    let whole = run("ELK@usa");
    let set = &whole["data"][0];
    assert_eq!((&set["security"], &set["symbol"]), (&"OWL:2020-01-10".into(), &"ELK@usa".into()));
    assert_eq!((&set["bars"], &set["start"]), (&52.into(), &"2020-01-10T00:00:00Z".into()));
    assert_eq!(whole["settings"]["security"], "OWL:2020-01-10");
    assert_eq!(whole["settings"]["dividends"], "ELK@usa: 1 from 2020-02-11 to 2020-02-11");
    // By its id, by its ticker of a time, and by its name of today it is one.
    for name in ["OWL:2020-01-10@usa", "owl:2020-01-10", "elk"] {
        assert_eq!(run(name)["data"][0]["bars"], 52, "{name}");
        assert_eq!(run(name)["equity"], whole["equity"], "{name}");
    }
    let early = run("OWL@usa --from 2020-01-15 --to 2020-02-05");
    assert_eq!((&early["data"][0]["bars"], &early["data"][0]["security"]), (&22.into(), &"OWL:2020-01-10".into()));
    let old = run("OWL@usa --to 2019-12-31");
    assert_eq!((&old["data"][0]["bars"], &old["data"][0]["security"]), (&10.into(), &"OWL:2019-06-01".into()));
    // Two of one ticker in one run need two names.
    let two = run("OWL:2019-06-01@usa OWL.1=OWL:2020-02-20@usa");
    assert_eq!((&two["data"][0]["symbol"], &two["data"][1]["symbol"]), (&"OWL@usa".into(), &"OWL.1".into()));
}

#[test]
fn what_a_ticker_means_is_asked_where_it_means_several() {
    let program = Program::new();
    fill(&program);
    let check = |words: &str, code: i32, parts: &[&str]| {
        let answer = program.run(words);
        assert_eq!(answer.code(), code, "{words}: {} {}", answer.out(), answer.error());
        for part in parts {
            assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
        }
    };
    let ids = ["OWL:2019-06-01@usa", "OWL:2020-01-10@usa", "OWL:2020-02-20@usa", "write the id of one"];
    check("backtest --data OWL@usa", 2, &ids);
    check("backtest --data OWL --from 2020-01-01", 2, &ids);
    check("data adjust OWL --mode split", 2, &ids);
    check("backtest --data OWL:2019-06-02@usa", 1, &["no security of this id", "data list --securities"]);
    check("backtest --data OWL:2019-06-01 OWL:2020-02-20", 2, &["both called OWL", "OWL.1=OWL:2020-02-20@usa"]);
    check("backtest --data OWL:2019-06-01 --from 2020-01-01", 1, &["no bars of OWL:2019-06-01"]);
    check("data adjust OWL:2019-06-01 --mode none --out o.csv", 0, &[]);
    check("data adjust OWL:2019-06-01 --mode split", 1, &["OWL:2020-02-20 has the same ticker", "--out FILE"]);
    check("data export OWL:2020-01-10 --out o.csv", 1, &["o.csv: it is there", "--force"]);
    check("data export OWL:2020-01-10 --out p.csv", 2, &["--mode none --out FILE", "ELK@usa"]);
    assert_eq!(std::fs::read_to_string(program.path("o.csv")).unwrap().lines().count(), 11);
    let adjusted = json(&program, "data adjust OWL:2020-01-10 --mode total-return");
    assert_eq!((&adjusted["bars"], &adjusted["steps"].as_array().unwrap().len()), (&52.into(), &1));
    assert_eq!(json(&program, "backtest --data ELK@usa.total-return")["data"][0]["bars"], 52);
    // A check and a longer bar follow it too; what is mended is mended where it lies.
    let checked = json(&program, "data check OWL:2020-01-10@usa");
    assert_eq!((&checked[0]["name"], &checked[0]["quality"]["rows"]), (&"OWL:2020-01-10".into(), &52.into()));
    let longer = json(&program, "data resample OWL:2020-01-10 --to 1w --out w.parquet");
    assert_eq!((&longer["rows"], &longer["written"][0]["bars"]), (&52.into(), &8.into()));
    check("data resample OWL:2020-01-10 --to 1w", 1, &["bars of several tickers are no set of one", "--out FILE"]);
    check("data repair OWL:2020-01-10", 2, &["mended where they lie", "ELK@usa, OWL@usa"]);
    check("data check OWL:2019-06-02", 1, &["no security of this id"]);
    let shown = program.run("data show OWL:2020-01-10").out();
    assert!(shown.contains("OWL from 2020-01-10 until 2020-02-01") && shown.contains("52 bars of 1d"), "{shown}");
    assert_eq!(json(&program, "data show ELK@usa --kind bars")["securities"].as_array().unwrap().len(), 1);
    assert_eq!(json(&program, "data list --securities").as_array().unwrap().len(), 3);
    check("data drop OWL:2020-02-20", 2, &["--yes: add it to forget OWL:2020-02-20"]);
    check("data drop OWL:2020-02-20 --yes", 0, &[]);
    assert_eq!(json(&program, "data list --securities").as_array().unwrap().len(), 2);
    program.write("usa/map_files/elk.csv", "20191201,elk,N\n20501231,elk,N\n");
    check("data import usa/map_files", 1, &["a security is left out: ELK:2019-12-01", "is that of OWL:2020-01-10"]);
}
