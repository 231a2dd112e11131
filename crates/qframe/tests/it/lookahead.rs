//! `qframe lookahead` and the quick look of a backtest, as a user meets them.
use serde_json::Value;

use crate::program::Program;

#[test]
fn a_strategy_that_does_not_look_ahead_is_told_so() {
    let program = Program::new();
    let answer = program.run("lookahead --cuts 4 --seed 7");
    assert_eq!(answer.code(), 0, "{}", answer.error());
    for part in ["Look-ahead of ma-crossover on BTC/USD 1d", "Cuts       4", "Found      nothing", "Found      enough"]
    {
        assert!(answer.out().contains(part), "{part} is not in {}", answer.out());
    }
    assert_eq!(answer.out(), program.run("lookahead --cuts 4 --seed 7").out(), "one seed, one answer");
}

#[test]
fn the_json_says_what_was_examined() {
    let program = Program::new();
    let answer = program.run("lookahead --strategy ma-crossover --param average=ema --data AAPL --cuts 2 --json");
    let told: Value = serde_json::from_str(&answer.out()).unwrap();
    assert_eq!((&told["strategy"], &told["verdict"]["found"]), (&"ma-crossover".into(), &"nothing".into()));
    assert_eq!((&told["warm_up"]["declared"], &told["warm_up"]["enough"]["answer"]), (&229.into(), &"declared".into()));
    assert_eq!(told["warm_up"]["differs"], Value::Null, "{told}");
}

#[test]
fn every_backtest_looks_unless_it_is_told_not_to() {
    let program = Program::new();
    let told = |words: &str| program.run(words).out();
    assert!(told("backtest").contains("Look-ahead: none in a quick check (2 cuts"), "{}", told("backtest"));
    assert!(!told("backtest --no-lookahead-check").contains("Look-ahead"));
    let json = |words: &str| serde_json::from_str::<Value>(&told(words)).unwrap();
    assert_eq!(json("backtest --json")["lookahead"]["found"], "nothing");
    assert_eq!(json("backtest --json --no-lookahead-check")["lookahead"], Value::Null);
    told("backtest --report page.html");
    let page = std::fs::read_to_string(program.path("page.html")).unwrap();
    assert!(page.contains("<p class=\"note\">Look-ahead: none in a quick check"));
}

#[test]
fn wrong_words_are_refused() {
    let program = Program::new();
    for (words, code, part) in [
        ("lookahead --cuts 0", 2, "--cuts"),
        ("lookahead --cuts many", 2, "--cuts"),
        ("lookahead --report page.html", 2, "qframe backtest does"),
        ("lookahead --strategy ma-crosover", 2, "did you mean ma-crossover?"),
        ("lookahead --data nowhere.csv", 1, "nowhere.csv"),
        ("lookahead --param slow=5000", 1, "BTC/USD 1d: 1770 bars are too few: the strategy needs 5001"),
    ] {
        let answer = program.run(words);
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(part), "{words}: {}", answer.error());
    }
}
