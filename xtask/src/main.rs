//! Checks, benchmarks and set-up of the workspace: `cargo xtask help`.
//!
//! It knows how the tree is built and judged, and nothing about trading.
mod check;
mod clients;
mod counts;
mod error;
mod help;
mod needs;
mod peers;
mod services;
mod step;
mod tidy;
mod workspace;

use std::process::ExitCode;

use crate::check::Install;
use crate::error::XtaskError;
use crate::workspace::Workspace;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match parse(&words).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Help(&'static str),
    Check { install: Install, runner_words: Vec<String> },
    Tidy,
    Bench { words: Vec<String> },
    Book { install: bool },
    Fuzz { target: Option<String>, runs: u64 },
}

fn run(task: Task) -> Result<(), XtaskError> {
    let workspace = Workspace::find()?;
    match task {
        Task::Help(text) => {
            println!("{text}");
            Ok(())
        }
        Task::Check { install, runner_words } => check::run(&workspace, install, &runner_words),
        Task::Tidy => tidy::run(&workspace),
        Task::Bench { words } => step::bench(&workspace, &words),
        Task::Book { install } => step::book(&workspace, install),
        Task::Fuzz { target, runs } => step::fuzz(&workspace, target.as_deref(), runs),
    }
}

fn parse(words: &[String]) -> Result<Task, XtaskError> {
    let Some((name, rest)) = words.split_first() else { return Ok(Task::Help(help::OVERVIEW)) };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        return Ok(Task::Help(rest.first().and_then(|name| help::page(name)).unwrap_or(help::OVERVIEW)));
    }
    let page = help::page(name).ok_or_else(|| XtaskError::UnknownTask(name.clone()))?;
    if rest.first().is_some_and(|word| word == "--help" || word == "-h") {
        return Ok(Task::Help(page));
    }
    match (name.as_str(), rest) {
        ("test", rest) => Ok(Task::Check { install: Install::Missing, runner_words: after_dashes(name, rest)? }),
        ("ci", rest) => Ok(Task::Check { install: Install::Nothing, runner_words: after_dashes(name, rest)? }),
        ("bench", rest) => Ok(Task::Bench { words: rest.iter().skip_while(|word| *word == "--").cloned().collect() }),
        ("tidy", []) => Ok(Task::Tidy),
        ("fuzz", rest) => fuzz(rest),
        ("book", []) => Ok(Task::Book { install: false }),
        ("book", [word]) if word == "--install" => Ok(Task::Book { install: true }),
        (_, rest) => Err(XtaskError::UnknownWord { task: name.clone(), word: rest.join(" ") }),
    }
}

/// A target, and how many inputs: `frames --runs 1000000`.
fn fuzz(words: &[String]) -> Result<Task, XtaskError> {
    let unknown = || XtaskError::UnknownWord { task: "fuzz".to_owned(), word: words.join(" ") };
    let (target, rest) = match words {
        [target, rest @ ..] if !target.starts_with('-') => (Some(target.clone()), rest),
        rest => (None, rest),
    };
    let runs = match rest {
        [] => 100_000,
        [flag, runs] if flag == "--runs" => runs.parse().ok().filter(|runs| *runs > 0).ok_or_else(unknown)?,
        _ => return Err(unknown()),
    };
    Ok(Task::Fuzz { target, runs })
}

/// The words after `--`, which are the test runner's.
fn after_dashes(task: &str, words: &[String]) -> Result<Vec<String>, XtaskError> {
    match words.split_first() {
        None => Ok(Vec::new()),
        Some((dashes, rest)) if dashes == "--" => Ok(rest.to_vec()),
        Some((word, _)) => Err(XtaskError::UnknownWord { task: task.to_owned(), word: word.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn words_become_a_task() {
        let check = |text: &str, task: Task| assert_eq!(parse(&words(text)).unwrap(), task, "{text}");
        check("", Task::Help(help::OVERVIEW));
        check("help", Task::Help(help::OVERVIEW));
        check("help tidy", Task::Help(help::page("tidy").unwrap()));
        check("book -h", Task::Help(help::page("book").unwrap()));
        check("test", Task::Check { install: Install::Missing, runner_words: vec![] });
        check("test -- ledger -j 1", Task::Check { install: Install::Missing, runner_words: words("ledger -j 1") });
        check("ci", Task::Check { install: Install::Nothing, runner_words: vec![] });
        check("tidy", Task::Tidy);
        check("bench W1", Task::Bench { words: words("W1") });
        check("bench -- W1", Task::Bench { words: words("W1") });
        check("book", Task::Book { install: false });
        check("book --install", Task::Book { install: true });
        check("fuzz", Task::Fuzz { target: None, runs: 100_000 });
        check("fuzz frames --runs 5", Task::Fuzz { target: Some("frames".to_owned()), runs: 5 });
        check("fuzz --runs 5", Task::Fuzz { target: None, runs: 5 });
    }

    #[test]
    fn wrong_words_are_refused_with_the_word() {
        let check = |text: &str, part: &str| {
            let error = parse(&words(text)).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
            assert_eq!(error.exit_code(), 2, "{text}");
        };
        check("tset", "tset");
        check("test ledger", "ledger");
        check("tidy --fast", "--fast");
        check("book --serve", "--serve");
        check("fuzz --runs", "--runs");
        check("fuzz frames --runs 0", "--runs 0");
        check("fuzz frames 5", "frames 5");
    }
}
