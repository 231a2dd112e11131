//! TA-Lib in C behind Python, on the same columns: a process that computes what it is asked for and says how long it took.
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::w4::Columns;

const SCRIPT: &str = include_str!("talib.py");

/// The process. It ends with its input.
pub(crate) struct Talib {
    pub(crate) version: String,
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// How long an indicator took, in CPU time, and its last value.
pub(crate) struct Reply {
    pub(crate) seconds: f64,
    pub(crate) last: f64,
}

impl Talib {
    /// Hands the columns over. `None` where Python (`QFRAME_TALIB_PYTHON`, else `python3`) has no TA-Lib.
    pub(crate) fn start(columns: &Columns) -> Option<Self> {
        let python = std::env::var_os("QFRAME_TALIB_PYTHON").unwrap_or_else(|| "python3".into());
        let mut command = Command::new(python);
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let (questions, answers) = (child.stdin.take(), BufReader::new(child.stdout.take()?));
        let mut talib = Self { version: String::new(), child, questions, answers };
        talib.version = talib.answer().filter(|version| !version.is_empty())?;
        talib.hand_over(columns)?;
        Some(talib)
    }

    /// Runs one of its indicators once.
    pub(crate) fn run(&mut self, name: &str) -> Reply {
        writeln!(self.questions.as_mut().unwrap(), "{name}").unwrap();
        let answer = self.answer().unwrap();
        let (seconds, last) = answer.split_once(' ').unwrap();
        Reply { seconds: seconds.parse().unwrap(), last: last.parse().unwrap() }
    }

    fn hand_over(&mut self, Columns { open, high, low, close, volume }: &Columns) -> Option<()> {
        let questions = self.questions.as_mut()?;
        writeln!(questions, "{}", close.len()).ok()?;
        for column in [open, high, low, close, volume] {
            let bytes: Vec<u8> = column.iter().flat_map(|value| value.to_le_bytes()).collect();
            questions.write_all(&bytes).ok()?;
        }
        Some(())
    }

    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        Some(line.trim().to_owned())
    }
}

impl Drop for Talib {
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.child.wait();
    }
}
