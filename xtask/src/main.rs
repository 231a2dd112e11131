//! Checks, benchmarks and set-up of the workspace: `cargo xtask help`.
//!
//! It knows how the tree is built and judged, and nothing about trading.
mod check;
mod counts;
mod error;
mod help;
mod needs;
mod step;
mod talib;
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
        ("book", []) => Ok(Task::Book { install: false }),
        ("book", [word]) if word == "--install" => Ok(Task::Book { install: true }),
        (_, rest) => Err(XtaskError::UnknownWord { task: name.clone(), word: rest.join(" ") }),
    }
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
    }
}
