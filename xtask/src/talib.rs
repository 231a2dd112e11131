//! TA-Lib in C, which the indicators are measured beside. It comes as a Python package.
use std::ffi::OsStr;
use std::path::PathBuf;

use crate::error::XtaskError;
use crate::workspace::{Workspace, is_installed, shown, succeeds};

/// The variable that tells the benchmarks which Python to start.
pub(crate) const VARIABLE: &str = "QFRAME_TALIB_PYTHON";
const VERSION: &str = "0.8.2";

/// A Python that has it: the system's, else one of our own below `target/`, made on first use. `None` where that fails:
/// its figures are then skipped.
pub(crate) fn python(workspace: &Workspace) -> Result<Option<PathBuf>, XtaskError> {
    if !is_installed("python3") {
        return Ok(None);
    }
    let check = format!("import talib; assert talib.__version__ == '{VERSION}'");
    let has_it = |python: &OsStr| succeeds(workspace.program(python).args(["-c", &check]));
    let folder = workspace.target().join("talib");
    let own = folder.join("bin").join("python3");
    let found = [PathBuf::from("python3"), own.clone()].into_iter().find(|python| has_it(python.as_os_str()));
    if found.is_some() {
        return Ok(found);
    }
    println!("TA-Lib {VERSION} is missing: installing it with pip into {}", folder.display());
    let made = shown(workspace.program("python3").args(["-m", "venv"]).arg(&folder))?;
    let package = format!("TA-Lib=={VERSION}");
    if made && shown(workspace.program(&own).args(["-m", "pip", "install", "--quiet", &package]))? {
        return Ok(Some(own).filter(|python| has_it(python.as_os_str())));
    }
    println!("TA-Lib is not there: its figures are skipped");
    Ok(None)
}
