//! Stores that tests write to: started on free ports of this machine, told to the tests by a variable each, and ended with the
//! run.
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::error::XtaskError;
use crate::needs::Need;
use crate::workspace::{Workspace, start_error};

/// Looked for so often, and as long after each other.
const LOOKS: u32 = 300;
const BETWEEN: Duration = Duration::from_millis(100);

/// Those that run. Dropping it ends them, and takes their files away.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    children: Vec<Child>,
    /// What to tell the tests.
    pub(crate) variables: Vec<(&'static str, String)>,
    folder: Option<PathBuf>,
}

impl Servers {
    /// Starts what is there and not skipped.
    pub(crate) fn start(workspace: &Workspace, skipped: &[&Need]) -> Result<Self, XtaskError> {
        let mut servers = Self::default();
        let is_there = |package: &str| !skipped.iter().any(|need| need.package == package);
        let folder = std::env::temp_dir().join(format!("qframe-services-{}", std::process::id()));
        servers.folder = Some(folder.clone());
        if is_there("redis-server") {
            // Its tests stop and start it, so they have one each.
            servers.variables.push(("QFRAME_TEST_REDIS_SERVER", "redis-server".to_owned()));
        }
        if is_there("influxdb") {
            servers.influx(workspace, &folder.join("influx"))?;
        }
        if is_there("victoria-metrics") {
            servers.victoria(workspace, &folder.join("victoria"))?;
        }
        Ok(servers)
    }

    fn influx(&mut self, workspace: &Workspace, folder: &Path) -> Result<(), XtaskError> {
        let (Some(http), Some(rpc)) = (free_port(), free_port()) else { return Ok(()) };
        let at = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "reporting-disabled = true\nbind-address = \"127.0.0.1:{rpc}\"\n[meta]\ndir = {:?}\n[data]\ndir = {:?}\n\
             wal-dir = {:?}\n[http]\nbind-address = \"127.0.0.1:{http}\"\nlog-enabled = false\n[monitor]\n\
             store-enabled = false\n",
            at("meta"),
            at("data"),
            at("wal")
        );
        let path = folder.join("influxdb.conf");
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, config));
        if let Err(error) = written {
            println!("InfluxDB is not started: {}: {error}", path.display());
            return Ok(());
        }
        let mut command = workspace.program("influxd");
        command.args(["run", "-config"]).arg(path);
        self.spawn(command, "QFRAME_TEST_INFLUX", http)
    }

    fn victoria(&mut self, workspace: &Workspace, folder: &Path) -> Result<(), XtaskError> {
        let Some(port) = free_port() else { return Ok(()) };
        let mut command = workspace.program("victoria-metrics");
        command.arg(format!("-storageDataPath={}", folder.display()));
        command.args([&format!("-httpListenAddr=127.0.0.1:{port}"), "-retentionPeriod=100y"]);
        self.spawn(command, "QFRAME_TEST_VICTORIA", port)
    }

    /// Starts a server and waits until it listens. One that does not is said, and its tests are skipped.
    fn spawn(&mut self, mut command: Command, variable: &'static str, port: u16) -> Result<(), XtaskError> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.children.push(child.map_err(|error| start_error(&command, error))?);
        for _ in 0..LOOKS {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                self.variables.push((variable, format!("http://127.0.0.1:{port}")));
                return Ok(());
            }
            std::thread::sleep(BETWEEN);
        }
        println!("{} does not listen; its tests are skipped", command.get_program().to_string_lossy());
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // One that ended by itself is no failure.
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// Free until somebody else takes it.
fn free_port() -> Option<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").ok()?;
    Some(listener.local_addr().ok()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::is_installed;

    #[test]
    fn servers_listen_while_they_are_held_and_no_longer() {
        let programs = ["influxd", "victoria-metrics"];
        if let Some(absent) = programs.iter().find(|program| !is_installed(program)) {
            println!("skipped: {absent} is not installed");
            return;
        }
        let servers = Servers::start(&Workspace::find().unwrap(), &[]).unwrap();
        let addresses: Vec<String> = servers.variables.iter().skip(1).map(|(_, value)| value.clone()).collect();
        let folder = servers.folder.clone().unwrap();
        let listens = |address: &String| TcpStream::connect(address.trim_start_matches("http://")).is_ok();
        assert!(addresses.len() == 2 && addresses.iter().all(listens) && folder.is_dir(), "{addresses:?}");
        drop(servers);
        assert!(!addresses.iter().any(listens) && !folder.exists());
    }
}
