//! The checks that a change must pass, in order: the quick ones first.
use std::process::Command;

use crate::clients::CLIENTS;
use crate::counts::{Counts, Runner};
use crate::error::XtaskError;
use crate::needs::{self, Prepared};
use crate::services::Servers;
use crate::step::{Place, Step, Work};
use crate::workspace::Workspace;

/// What may be installed on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Install {
    /// What the checks need and do not find.
    Missing,
    /// Nothing: what is missing is skipped, and said.
    Nothing,
}

/// Runs every check and stops at the first that fails. `words` are the test runner's.
pub(crate) fn run(workspace: &Workspace, install: Install, words: &[String]) -> Result<(), XtaskError> {
    let prepared = needs::prepare(workspace, install)?;
    let servers = Servers::start(workspace, &prepared.skipped)?;
    let steps = steps(workspace, &prepared, &servers, words);
    let of = steps.len();
    let mut runs = Vec::new();
    for (place, step) in steps.into_iter().enumerate() {
        let name = step.name;
        let counts = step.run(workspace, Place { number: place + 1, of })?;
        runs.extend(counts.map(|counts| (name, counts)));
    }
    report(&prepared, &runs);
    Ok(())
}

fn steps(workspace: &Workspace, prepared: &Prepared, servers: &Servers, words: &[String]) -> Vec<Step> {
    let cargo = |words: &[&str]| {
        let mut command = workspace.cargo();
        command.args(words);
        command
    };
    let mut docs = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
    docs.env("RUSTDOCFLAGS", "-D warnings");
    let fmt = cargo(&["fmt", "--all", "--", "--check"]);
    let clippy = cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]);
    let doc_tests = cargo(&["test", "--workspace", "--doc", "--locked"]);
    let examples = cargo(&["build", "--workspace", "--examples", "--locked"]);
    let run = |name, advice, command| Step { name, advice, work: Work::Run(command) };
    let count = |name, advice, command, runner| Step { name, advice, work: Work::Count(command, runner) };
    let one = "run one again with `cargo xtask test -- <part of its name>`";
    vec![
        run("fmt", "run `cargo fmt --all`", fmt),
        run("clippy", "change what it names, or add `#[expect(…, reason = \"…\")]` to the smallest item", clippy),
        Step { name: "tidy", advice: "do what each finding says", work: Work::Tidy },
        count("tests", one, tests(workspace, prepared, servers, words), prepared.runner),
        count("doc tests", "the examples in the docs are code: correct them", doc_tests, Runner::CargoTest),
        run("docs", "correct the links and docs it names", docs),
        run("examples", "the examples are the first code a user reads: they must build", examples),
    ]
}

/// The run of all tests but those of the docs.
fn tests(workspace: &Workspace, prepared: &Prepared, servers: &Servers, words: &[String]) -> Command {
    let mut command = workspace.cargo();
    match prepared.runner {
        Runner::Nextest => command.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]).args(words),
        Runner::CargoTest => {
            // Every target but the benches, which would run in full.
            let targets = ["--lib", "--bins", "--tests", "--examples"];
            command.args(["test", "--workspace", "--locked", "--no-fail-fast"]).args(targets).arg("--").args(words)
        }
    };
    for need in &prepared.skipped {
        command.env(need.skip, "1");
    }
    command.env(CLIENTS, &prepared.clients);
    command.envs(servers.variables.iter().map(|(name, value)| (name, value)));
    command
}

/// The last lines: what was left out, then the counts of each run; the first run's stand alone at the end.
fn report(prepared: &Prepared, runs: &[(&str, Counts)]) {
    println!("\nevery check passed");
    for need in &prepared.skipped {
        println!("skipped: {} ({} is not there, or {} is set)", need.what, need.package, need.skip);
    }
    for (name, counts) in runs.iter().rev() {
        println!("{name}: {counts}, {} skipped", counts.skipped);
    }
    if let Some((_, counts)) = runs.first() {
        println!("{counts}");
    }
}
