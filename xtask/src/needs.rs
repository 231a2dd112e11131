//! What the checks need on this machine, and how it gets there.
use std::path::PathBuf;

use crate::check::Install;
use crate::clients;
use crate::counts::Runner;
use crate::error::XtaskError;
use crate::workspace::{Workspace, is_installed, output, shown, succeeds};

/// A program that some tests start. They do not run where its variable is set.
#[derive(Debug)]
pub(crate) struct Need {
    /// Which tests.
    pub(crate) what: &'static str,
    /// Any of these will do.
    programs: &'static [&'static str],
    /// The package of Debian that has it.
    pub(crate) package: &'static str,
    /// The variable that makes its tests pass without it.
    pub(crate) skip: &'static str,
}

/// Every one of them.
const NEEDS: &[Need] = &[
    Need {
        what: "the browser test of the report",
        programs: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
        package: "chromium",
        skip: "QFRAME_SKIP_BROWSER",
    },
    Need {
        what: "the tests of the Redis sink",
        programs: &["redis-server"],
        package: "redis-server",
        skip: "QFRAME_SKIP_REDIS",
    },
    Need {
        what: "the tests of the InfluxDB sink",
        programs: &["influxd"],
        package: "influxdb",
        skip: "QFRAME_SKIP_INFLUX",
    },
    Need {
        what: "the tests of the InfluxDB sink against VictoriaMetrics",
        programs: &["victoria-metrics"],
        package: "victoria-metrics",
        skip: "QFRAME_SKIP_VICTORIA",
    },
];

impl Need {
    fn is_met(&self) -> bool {
        self.programs.iter().any(|program| is_installed(program))
    }

    /// True where the user does not want its tests.
    fn is_waived(&self) -> bool {
        std::env::var_os(self.skip).is_some_and(|value| !value.is_empty() && value != "0")
    }
}

/// The machine as the checks find it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) runner: Runner,
    /// The needs that are not met: their tests are told so.
    pub(crate) skipped: Vec<&'static Need>,
    /// The folder of the clients that the local exchange is tested with.
    pub(crate) clients: PathBuf,
}

/// Looks for what the checks need, and installs what is missing where that is wanted and possible.
pub(crate) fn prepare(workspace: &Workspace, install: Install) -> Result<Prepared, XtaskError> {
    for (component, task) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        ensure_component(workspace, component, task, install)?;
    }
    let runner = find_runner(workspace, install)?;
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !need.is_waived() && !need.is_met()).collect();
    if !missing.is_empty() && install == Install::Missing {
        install_packages(workspace, &missing)?;
    }
    let skipped: Vec<&Need> = NEEDS.iter().filter(|need| need.is_waived() || !need.is_met()).collect();
    for need in &skipped {
        println!("skipped: {}: {}", need.what, reason(need));
    }
    let clients = clients::folder(workspace, install)?;
    Ok(Prepared { runner, skipped, clients })
}

fn reason(need: &Need) -> String {
    if need.is_waived() {
        return format!("{} is set", need.skip);
    }
    format!("install one of {} (Debian: `apt-get install {}`)", need.programs.join(", "), need.package)
}

/// A part of the tool chain. Without it the checks cannot run.
fn ensure_component(
    workspace: &Workspace,
    component: &'static str,
    task: &str,
    install: Install,
) -> Result<(), XtaskError> {
    let is_there = || succeeds(workspace.cargo().args([task, "--version"]));
    if is_there() {
        return Ok(());
    }
    if install == Install::Missing && is_installed("rustup") {
        println!("{component} is missing: adding it with rustup");
        shown(workspace.program("rustup").args(["component", "add", component]))?;
    }
    let advice = "add it with `rustup component add rustfmt clippy`, or install your system's package";
    if is_there() { Ok(()) } else { Err(XtaskError::Missing { program: component, advice }) }
}

/// nextest where it is there or can be installed, else `cargo test`.
fn find_runner(workspace: &Workspace, install: Install) -> Result<Runner, XtaskError> {
    let is_there = || succeeds(workspace.cargo().args(["nextest", "--version"]));
    if is_there() {
        return Ok(Runner::Nextest);
    }
    if install == Install::Missing {
        println!("cargo-nextest is missing: installing it (some minutes, once)");
        shown(workspace.cargo().args(["install", "--locked", "cargo-nextest"]))?;
    }
    if is_there() {
        return Ok(Runner::Nextest);
    }
    println!("cargo-nextest is not there: `cargo test` runs the tests (`cargo install --locked cargo-nextest` for it)");
    Ok(Runner::CargoTest)
}

/// Installs packages as root with apt-get. Anywhere else, and where it fails, their tests are skipped.
fn install_packages(workspace: &Workspace, missing: &[&Need]) -> Result<(), XtaskError> {
    if !is_root(workspace)? || !is_installed("apt-get") {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    println!("installing {} with apt-get", packages.join(", "));
    let apt = |words: &[&str]| {
        let mut command = workspace.program("apt-get");
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    // An old list of packages often still serves, so a failed update does not end it.
    let updated = shown(&mut apt(&["update", "-qq"]))?;
    let installed = shown(apt(&["install", "-y", "-qq", "--no-install-recommends"]).args(&packages))?;
    if !(updated && installed) {
        println!("apt-get did not end well; what is still missing is skipped");
    }
    Ok(())
}

fn is_root(workspace: &Workspace) -> Result<bool, XtaskError> {
    if !is_installed("id") {
        return Ok(false);
    }
    Ok(output(workspace.program("id").arg("-u"))?.is_some_and(|id| id.trim() == "0"))
}
