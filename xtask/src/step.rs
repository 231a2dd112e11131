//! A step: a command with a name, run with its output shown and its duration measured.
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::counts::{Counts, Runner};
use crate::error::XtaskError;
use crate::peers::PEERS;
use crate::workspace::{Workspace, is_installed, shown, start_error};

/// One of the checks.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What to do where it fails.
    pub(crate) advice: &'static str,
    pub(crate) work: Work,
}

/// What a step does.
pub(crate) enum Work {
    /// Runs a command.
    Run(Command),
    /// Runs a command and reads its summary of tests.
    Count(Command, Runner),
    /// Runs the rules of the house.
    Tidy,
}

/// Where a step stands among all: `[2/7]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) number: usize,
    pub(crate) of: usize,
}

impl Step {
    /// Runs it. Gives the counts where it is a run of tests.
    pub(crate) fn run(mut self, workspace: &Workspace, place: Place) -> Result<Option<Counts>, XtaskError> {
        let Place { number, of } = place;
        println!("\n[{number}/{of}] {}{}", self.name, self.work.describe());
        let (done, took) = measured(|| self.work.run(workspace));
        let (succeeded, counts) = done?;
        if succeeded {
            println!("[{number}/{of}] {}: done in {:.1} s", self.name, took.as_secs_f64());
            return Ok(counts);
        }
        if let Some(counts) = counts {
            println!("\n{counts}");
        }
        Err(XtaskError::Step { name: self.name, advice: self.advice })
    }
}

impl Work {
    /// The command as one would type it.
    fn describe(&self) -> String {
        let (Self::Run(command) | Self::Count(command, _)) = self else { return String::new() };
        let words = command.get_args().map(|word| word.to_string_lossy());
        words.fold(": cargo".to_owned(), |all, word| all + " " + &word)
    }

    fn run(&mut self, workspace: &Workspace) -> Result<(bool, Option<Counts>), XtaskError> {
        match self {
            Self::Run(command) => Ok((shown(command)?, None)),
            Self::Count(command, runner) => counted(command, *runner),
            Self::Tidy => crate::tidy::run(workspace).map(|()| (true, None)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a step takes is measured here, and nowhere else")]
fn measured<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    (work(), start.elapsed())
}

/// Runs a test runner with its output shown, and reads its summary on the way.
fn counted(command: &mut Command, runner: Runner) -> Result<(bool, Option<Counts>), XtaskError> {
    let colour = match runner {
        Runner::Nextest => std::io::stderr().is_terminal(),
        Runner::CargoTest => std::io::stdout().is_terminal(),
    };
    if colour {
        command.env("CARGO_TERM_COLOR", "always");
    }
    match runner {
        Runner::Nextest => command.stderr(Stdio::piped()),
        Runner::CargoTest => command.stdout(Stdio::piped()),
    };
    let mut child = command.spawn().map_err(|error| start_error(command, error))?;
    let counts = match runner {
        Runner::Nextest => child.stderr.take().map(|pipe| echo(pipe, std::io::stderr(), runner)),
        Runner::CargoTest => child.stdout.take().map(|pipe| echo(pipe, std::io::stdout(), runner)),
    };
    let status = child.wait().map_err(|error| start_error(command, error))?;
    match counts.flatten() {
        None if status.success() => Err(XtaskError::NoSummary),
        counts => Ok((status.success(), counts)),
    }
}

/// Passes each line on as it comes, and adds what it counts.
fn echo(pipe: impl Read, mut shown: impl Write, runner: Runner) -> Option<Counts> {
    let mut lines = BufReader::new(pipe);
    let (mut line, mut counts) = (Vec::new(), None);
    // A stream that cannot be read any more has ended: the exit code says how.
    while lines.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
        // A closed terminal is no reason to fail the tests.
        let _ = shown.write_all(&line);
        counts = runner.add(counts, String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    counts
}

/// The benchmark that needs sockets and stands with the program.
const LIVE: &str = "live";

/// Runs the speed benchmarks; `words` are theirs. Those that have a peer measure it as well.
pub(crate) fn bench(workspace: &Workspace, words: &[String]) -> Result<(), XtaskError> {
    let mut command = workspace.cargo();
    command.args(["bench", "--locked", "--package", "qframe-lab", "--bench", "speed", "--"]).args(words);
    let names: Vec<_> = words.iter().filter(|word| word.parse::<usize>().is_err()).collect();
    for peer in &PEERS {
        if names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(peer.benchmark)) {
            peer.python(workspace)?.map(|python| command.env(peer.variable, python));
        }
    }
    require(shown(&mut command)?, "bench", "the last lines above say why")?;
    if names.is_empty() || names.iter().any(|name| name.eq_ignore_ascii_case(LIVE)) {
        let mut command = workspace.cargo();
        command.args(["bench", "--locked", "--package", "qframe", "--bench", LIVE]);
        require(shown(&mut command)?, "bench", "the last lines above say why")?;
    }
    Ok(())
}

/// Runs the decoders on hostile bytes: the targets are the tests of `qframe-data` and `qframe-venues` below `fuzz`. Not in
/// release, where an overflow would pass unseen.
pub(crate) fn fuzz(workspace: &Workspace, target: Option<&str>, runs: u64) -> Result<(), XtaskError> {
    let name = format!("fuzz::{}", target.unwrap_or_default());
    let mut command = workspace.cargo();
    let packages = ["--package", "qframe-data", "--package", "qframe-venues"];
    command.args(["test", "--locked"]).args(packages).args(["--test", "it", "--", &name, "--nocapture"]);
    if target.is_some() {
        command.arg("--exact");
    }
    command.env("QFRAME_FUZZ_RUNS", runs.to_string());
    let (done, counts) = counted(&mut command, Runner::CargoTest)?;
    require(
        done,
        "fuzz",
        "the smallest input that was found stands above; mend the decoder and keep the input as a test",
    )?;
    require(
        counts.is_some_and(|counts| counts.passed > 0),
        "fuzz",
        "no target has this name; see `cargo xtask fuzz --help`",
    )
}

/// Builds the book.
pub(crate) fn book(workspace: &Workspace, install: bool) -> Result<(), XtaskError> {
    if !is_installed("mdbook") {
        if !install {
            return Err(XtaskError::Missing { program: "mdbook", advice: "try `cargo xtask book --install`" });
        }
        let installed = shown(workspace.cargo().args(["install", "--locked", "mdbook"]))?;
        require(installed, "installing mdbook", "the last lines above say why")?;
    }
    let built = shown(workspace.program("mdbook").arg("build"))?;
    require(built, "book", "the last lines above say why")
}

fn require(done: bool, name: &'static str, advice: &'static str) -> Result<(), XtaskError> {
    if done { Ok(()) } else { Err(XtaskError::Step { name, advice }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_is_echoed_and_counted() {
        let output = "     Summary [   0.300s] 3 tests run: 3 passed, 0 skipped\nno end of line";
        let mut shown = Vec::new();
        let counts = echo(output.as_bytes(), &mut shown, Runner::Nextest);
        assert_eq!(counts, Some(Counts { passed: 3, failed: 0, skipped: 0 }));
        assert_eq!(shown, output.as_bytes(), "nothing is lost on the way");
    }
}
