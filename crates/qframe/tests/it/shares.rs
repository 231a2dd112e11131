//! A share has its sign from some number on: what is a hundred times too large without it once went through in silence.
use crate::program::Program;

/// Thirty days of two assets.
fn program() -> Program {
    let program = Program::new();
    let row = |day: u32| format!("2024-01-{day:02},{},{}\n", 100 + day * 3 % 7, 100 + day * 5 % 7);
    program.write("closes.csv", format!("date,A,B\n{}", (1..=30).map(row).collect::<String>()));
    let row = |day: u32| format!("2024-01-{day:02},{}\n", 100 + day * 3 % 7);
    program.write("equity.csv", format!("time,equity\n{}", (1..=30).map(row).collect::<String>()));
    program
}

const RISK: &str = "risk --prices closes.csv --scenarios 1000";
const OPTIMISE: &str = "portfolio optimise --prices closes.csv";
const REBALANCE: &str = "portfolio rebalance --prices closes.csv --cash 100000";
const REPORT: &str = "report --equity equity.csv";

#[test]
fn a_plain_number_that_is_no_share_is_refused() {
    let program = program();
    let rows = [
        ("backtest", "--max-concentration", "25", "2500%"),
        ("backtest", "--max-drawdown", "1", "100%"),
        ("backtest", "--borrow-rate", "3", "300%"),
        ("backtest", "--fee", "0.1", "10%"),
        ("backtest", "--interest EUR=", "2.5", "250%"),
        ("backtest", "--size kelly:10%:", "50", "5000%"),
        (RISK, "--limit var=", "2", "200%"),
        (RISK, "--limit drawdown=", "20", "2000%"),
        (RISK, "--limit position=", "25", "2500%"),
        (RISK, "--shock A=", "20", "2000%"),
        (RISK, "--shock A=", "+20", "2000%"),
        (RISK, "--shock A=", "-1", "-100%"),
        (RISK, "--limit stress=", "2.5", "250%"),
        (RISK, "--participation", "1", "100%"),
        (OPTIMISE, "--current A=50% --turnover", "20", "2000%"),
        (OPTIMISE, "--current A=50% --cost", "10", "1000%"),
        (OPTIMISE, "--objective max-sharpe --risk-free", "5", "500%"),
        (OPTIMISE, "--objective target-return --target-return", "8", "800%"),
        (OPTIMISE, "--bounds 0:", "30", "3000%"),
        (OPTIMISE, "--gross", "150", "15000%"),
        (REBALANCE, "--turnover", "20", "2000%"),
        (REBALANCE, "--fee", "0.1", "10%"),
        (REBALANCE, "--tax", "25", "2500%"),
        (REPORT, "--montecarlo 9 --goal", "50", "5000%"),
        ("exchange --replay tape", "--maker", "0.1", "10%"),
    ];
    let refused = |words: &str, parts: &[&str]| {
        let answer = program.run(words);
        assert_eq!((answer.code(), answer.out().as_str()), (2, ""), "{words}: {}", answer.error());
        for part in parts {
            assert!(answer.error().contains(part), "{words}: {part:?} is missing in {}", answer.error());
        }
    };
    for (command, flag, word, share) in rows {
        let words = if flag.ends_with(['=', ':']) { format!("{flag}{word}") } else { format!("{flag} {word}") };
        let why = format!("a plain number is a share, here {share}; write {word}%, or {share} where so much is meant");
        refused(&format!("{command} {words}"), &[&why]);
    }
    refused(&format!("{OPTIMISE} --view A=8@70%"), &["here 800%; write 8%"]);
    refused(&format!("{OPTIMISE} --view A=8%@70"), &["here 7000%; write 70%"]);
    refused("backtest --breaker jump:20", &["\"20\" is no threshold of jump: expected 20%"]);
    program.write("limits.toml", "[limits]\nmax-concentration = 25\n");
    refused("backtest --config limits.toml", &["limits.toml:2", "here 2500%; write 25%"]);
    program.write("constraints.toml", "bounds = [\"0:30\"]\n");
    let answer = program.run(&format!("{OPTIMISE} --constraints constraints.toml"));
    assert!(answer.error().contains("constraints.toml:1:14: bounds 30: a plain number"), "{}", answer.error());
}

/// What is no share, and what is really so large, goes on.
#[test]
fn multiples_wholes_and_large_shares_go_on() {
    let program = program();
    let rows = [
        ("backtest", "--max-concentration 2500% --borrow-rate 300% --max-leverage 2 --fee 0.05"),
        (RISK, "--shock A=+150% B=0.2 --limit leverage=2 days-to-close=5 disagreement=3 var=200%"),
        (OPTIMISE, "--current A=1 --turnover 150% --bounds 0:1 --sum 1.2 --gross 150% --impact 5"),
        (OPTIMISE, "--objective risk-budgets --budgets A=2 B=3"),
        (REBALANCE, "--weights A=1"),
        (REPORT, "--montecarlo 9 --goal 150%"),
    ];
    for (command, words) in rows {
        let words = words.replace(" B=0.2", " --shock B=0.2").replace(" days", " --limit days");
        let words = words.replace(" dis", " --limit dis").replace(" var", " --limit var");
        let answer = program.run(&format!("{command} {words}"));
        assert_eq!(answer.code(), 0, "{command} {words}: {}", answer.error());
    }
}
