//! The binary: the command line over the bundled strategies.
use std::process::ExitCode;

fn main() -> ExitCode {
    qframe::command_line(&[])
}
