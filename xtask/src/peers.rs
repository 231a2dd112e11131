//! Peers that are measured beside us and come as Python packages: TA-Lib in C, numpy, hftbacktest and PyPortfolioOpt.
use std::ffi::OsStr;
use std::path::PathBuf;

use crate::error::XtaskError;
use crate::workspace::{Workspace, is_installed, shown, succeeds};

/// A Python package, and how the benchmarks are told which Python has it.
pub(crate) struct Peer {
    /// Which benchmark has it beside it.
    pub(crate) benchmark: &'static str,
    /// The variable that names the Python.
    pub(crate) variable: &'static str,
    module: &'static str,
    package: &'static str,
    version: &'static str,
}

/// All of them.
pub(crate) const PEERS: [Peer; 4] = [
    Peer { benchmark: "w4", variable: "QFRAME_TALIB_PYTHON", module: "talib", package: "TA-Lib", version: "0.8.2" },
    Peer { benchmark: "w5", variable: "QFRAME_NUMPY_PYTHON", module: "numpy", package: "numpy", version: "2.4.6" },
    Peer {
        benchmark: "w6",
        variable: "QFRAME_HFT_PYTHON",
        module: "hftbacktest",
        package: "hftbacktest",
        version: "2.4.4",
    },
    Peer {
        benchmark: "portfolio",
        variable: "QFRAME_PYPFOPT_PYTHON",
        module: "pypfopt",
        package: "PyPortfolioOpt",
        version: "1.6.0",
    },
];

/// PyPortfolioOpt imports it and does not ask for it.
const EXTRA: &str = "packaging";

impl Peer {
    /// A Python that has it: the system's, else one of our own below `target/`, made on first use. `None` where that
    /// fails: its figures are then skipped.
    pub(crate) fn python(&self, workspace: &Workspace) -> Result<Option<PathBuf>, XtaskError> {
        if !is_installed("python3") {
            return Ok(None);
        }
        let Self { module, package, version, .. } = self;
        let check = format!("import {module}; assert {module}.__version__ == '{version}'");
        let has_it = |python: &OsStr| succeeds(workspace.program(python).args(["-c", &check]));
        let folder = workspace.target().join(module);
        let own = folder.join("bin").join("python3");
        let found = [PathBuf::from("python3"), own.clone()].into_iter().find(|python| has_it(python.as_os_str()));
        if found.is_some() {
            return Ok(found);
        }
        println!("{package} {version} is missing: installing it with pip into {}", folder.display());
        let made = shown(workspace.program("python3").args(["-m", "venv"]).arg(&folder))?;
        let wanted = format!("{package}=={version}");
        if made && shown(workspace.program(&own).args(["-m", "pip", "install", "--quiet", &wanted, EXTRA]))? {
            return Ok(Some(own).filter(|python| has_it(python.as_os_str())));
        }
        println!("{package} is not there: its figures are skipped");
        Ok(None)
    }
}
