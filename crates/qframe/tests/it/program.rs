//! Runs the binary in an empty folder of its own.
use std::path::Path;
use std::process::{Command, Output};

/// A folder and the program in it.
pub(crate) struct Program {
    pub(crate) folder: tempfile::TempDir,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn run(&self, words: &str) -> Answer {
        Answer(self.command(words).output().unwrap())
    }

    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qframe"));
        // No test touches the catalog, or the spools, of whoever runs it.
        command.args(words.split_whitespace()).current_dir(&self.folder).env("QFRAME_CATALOG", self.path("catalog"));
        command.env("QFRAME_SPOOL", self.path("spool"));
        command
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(name)
    }
}

/// What it said.
pub(crate) struct Answer(pub(crate) Output);

impl Answer {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn error(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

/// A program that runs beside a test, and ends with it, however that ends.
pub(crate) struct Running(pub(crate) std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
