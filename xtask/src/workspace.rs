//! Where the workspace is, and its programs.
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::XtaskError;

/// The root of the workspace. Every program starts there.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// The parent of this crate's folder, as cargo says at the start.
    pub(crate) fn find() -> Result<Self, XtaskError> {
        let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).ok_or(XtaskError::NoWorkspace)?;
        let root = own.parent().filter(|root| root.join("Cargo.toml").is_file()).ok_or(XtaskError::NoWorkspace)?;
        Ok(Self { root: root.to_owned() })
    }

    /// Where cargo puts what it builds.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| OsString::from("target")))
    }

    /// The cargo that started us.
    pub(crate) fn cargo(&self) -> Command {
        self.program(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
    }

    /// A program, started in the root.
    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        if is_ci() {
            command.env("CARGO_INCREMENTAL", "0");
        }
        command
    }
}

/// True where `CI=true`: nobody builds a second time there.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// True where the command ends with code 0; its output is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command with its output shown. True where it ends with code 0.
pub(crate) fn shown(command: &mut Command) -> Result<bool, XtaskError> {
    let status = command.status();
    status.map(|status| status.success()).map_err(|error| start_error(command, error))
}

/// The standard output of a command, where it ends with code 0.
pub(crate) fn output(command: &mut Command) -> Result<Option<String>, XtaskError> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| start_error(command, error))?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}

pub(crate) fn start_error(command: &Command, error: std::io::Error) -> XtaskError {
    XtaskError::Start { program: command.get_program().to_string_lossy().into_owned(), error }
}

/// True where one of the folders of `PATH` has the program.
pub(crate) fn is_installed(program: &str) -> bool {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let has = |folder: &Path| folder.join(&file).is_file();
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| has(&folder)))
}
