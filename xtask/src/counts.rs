//! How many tests ran, read from what the test runner says.
use std::fmt;

/// The counts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Whose summary is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    /// One summary at the end, on standard error.
    Nextest,
    /// One summary for each test binary, on standard output.
    CargoTest,
}

impl Runner {
    /// Adds what a line of the output counts. `None` before the first summary.
    pub(crate) fn add(self, sum: Option<Counts>, line: &str) -> Option<Counts> {
        let line = without_colours(line);
        let found = match self {
            Self::Nextest => line.trim_start().strip_prefix("Summary [").and_then(|rest| rest.split_once("run: ")),
            Self::CargoTest => line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")),
        };
        let Some((_, counts)) = found else { return sum };
        let sum = sum.unwrap_or_default();
        Some(without_brackets(counts).split([',', ';']).fold(sum, add_count))
    }
}

/// Adds `12 passed`. What is neither passed nor skipped has failed; a time or the filter's count is no test.
fn add_count(mut sum: Counts, part: &str) -> Counts {
    let mut words = part.split_whitespace();
    let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else { return sum };
    match what {
        "passed" => sum.passed += count,
        "skipped" | "ignored" | "filtered" => sum.skipped += count,
        "measured" => {}
        _ => sum.failed += count,
    }
    sum
}

/// The text without `\x1b[…m`.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// The text without `(…)`, which repeats counts: `7 passed (1 slow, 2 flaky)`.
fn without_brackets(text: &str) -> String {
    let mut parts = text.split('(');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once(')').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_added() {
        let check = |runner: Runner, lines: &str, [passed, failed, skipped]: [u64; 3]| {
            let counts = lines.lines().fold(None, |sum, line| runner.add(sum, line));
            assert_eq!(counts, Some(Counts { passed, failed, skipped }), "{lines}");
        };
        let nextest = |line: &str, counts| check(Runner::Nextest, &format!("     Summary [   0.3s] {line}"), counts);
        nextest("3 tests run: 3 passed, 0 skipped", [3, 0, 0]);
        nextest("1 test run: 1 passed, 41 skipped", [1, 0, 41]);
        nextest("9 tests run: 7 passed (1 slow, 2 flaky), 1 failed, 1 timed out, 3 skipped", [7, 2, 3]);
        nextest("5/9 tests run: 4 passed, 1 failed, 0 skipped", [4, 1, 0]);
        let coloured =
            "\x1b[32;1m  Summary\x1b[0m [ 0.3s] \x1b[1m2\x1b[0m tests run: \x1b[1m2\x1b[0m \x1b[32;1mpassed\x1b[0m";
        check(Runner::Nextest, coloured, [2, 0, 0]);
        let two = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\nnoise\n\
                   test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.10s";
        check(Runner::CargoTest, two, [13, 2, 4]);
    }

    #[test]
    fn no_summary_gives_no_counts() {
        assert_eq!(Runner::Nextest.add(None, "        PASS [   0.005s] xtask counts::tests::x"), None);
        assert_eq!(Runner::CargoTest.add(None, "test counts::tests::x ... ok"), None);
    }

    #[test]
    fn the_last_line_has_this_form() {
        assert_eq!(Counts { passed: 12, failed: 1, skipped: 4 }.to_string(), "12 passed, 1 failed");
    }
}
