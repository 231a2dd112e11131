//! Clients of exchanges that come as Python packages, each in an environment of its own: the local exchange is tested with
//! them.
use std::path::PathBuf;

use crate::check::Install;
use crate::error::XtaskError;
use crate::workspace::{Workspace, is_installed, shown, succeeds};

/// The variable that names the folder of the environments.
pub(crate) const CLIENTS: &str = "QFRAME_CLIENTS";

/// The folder's name of an environment, a module of it, and the package. Three of them own a module of one name.
const PACKAGES: [(&str, &str, &str); 5] = [
    ("ccxt", "ccxt", "ccxt==4.5.90"),
    ("python-binance", "binance", "python-binance==1.0.37"),
    ("binance-connector", "binance", "binance-connector==3.13.0"),
    ("binance-futures-connector", "binance", "binance-futures-connector==4.2.0"),
    ("coinbase", "coinbase", "coinbase-advanced-py==1.8.4"),
];

/// The folder of the environments: the one that the variable names, else one below `target/`, filled where that is wanted.
/// What is not there is skipped by its test.
pub(crate) fn folder(workspace: &Workspace, install: Install) -> Result<PathBuf, XtaskError> {
    if let Some(folder) = std::env::var_os(CLIENTS).filter(|folder| !folder.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    let folder = workspace.target().join("clients");
    for (name, module, package) in PACKAGES {
        let own = folder.join(name);
        let python = own.join("bin").join("python");
        let has_it = || succeeds(workspace.program(&python).args(["-c", &format!("import {module}")]));
        if !has_it() && install == Install::Missing && is_installed("python3") {
            println!("{package} is missing: installing it with pip into {}", own.display());
            let made = shown(workspace.program("python3").args(["-m", "venv"]).arg(&own))?;
            let _ = made && shown(workspace.program(&python).args(["-m", "pip", "install", "--quiet", package]))?;
        }
        if !has_it() {
            println!(
                "skipped: the local exchange with {package}: it is not there, and pip could not or was not to get it"
            );
        }
    }
    Ok(folder)
}
