//! Real clients trade on the exchange. They are Python packages: `QFRAME_CLIENTS` names the folder of their environments
//! (`cargo xtask clients` makes it); without it these tests are skipped.
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use qframe_model::market::Side;
use qframe_model::time::Time;
use qframe_venues::exchange::binance::{Binance, Key, Proof};
use qframe_venues::exchange::server::fault::Faults;
use qframe_venues::exchange::server::{House, Row, Server, Settings, Source, Speed};
use tokio::process::Command;

use super::market::{binance, core, level, trade};

/// A market that goes on: every 20 ms a level changes or somebody trades.
pub(crate) fn source() -> Source {
    Box::new((1..).map(|step: i64| -> Result<Row, String> {
        let millis = step * 20;
        let row = match step % 4 {
            0 => level(millis, Side::Buy, 9_990 - step * 7 % 9 * 10, 1_000 + step % 900, true),
            1 => level(millis, Side::Sell, 10_010 + step * 5 % 9 * 10, 1_000 + step % 900, true),
            2 => trade(millis, step.unsigned_abs(), Side::Buy, 10_010, 50),
            _ => trade(millis, step.unsigned_abs(), Side::Sell, 9_990, 40),
        };
        Ok((0, row))
    }))
}

/// A market in which nobody but the clients trades.
fn quiet() -> Source {
    Box::new((1..).map(|step: i64| Ok((0, level(step * 20, Side::Buy, 9_900, 1_000 + step % 900, true)))))
}

/// The clock of this machine: clients sign by it.
#[expect(clippy::disallowed_methods, reason = "a test of what clients sign needs their clock")]
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Time::from_nanos(i64::try_from(since.as_nanos()).unwrap())
}

pub(crate) async fn start(venue: impl Into<House>, source: Source, faults: Faults) -> Server {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let settings = Settings { address, speed: Speed::Times(1), from: None, waits: false, faults, now: now() };
    Server::start(venue, source, settings).await.unwrap()
}

pub(crate) fn python(environment: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("QFRAME_CLIENTS").filter(|folder| !folder.is_empty());
    let python = folder.map(|folder| PathBuf::from(folder).join(environment).join("bin/python"));
    if python.as_ref().is_none_or(|python| !python.exists()) {
        println!("skipped: QFRAME_CLIENTS names no folder with {environment}");
    }
    python.filter(|python| python.exists())
}

async fn check(environment: &str, script: &str) {
    check_with(binance(), environment, script, Faults::default()).await;
}

pub(crate) async fn check_with(venue: impl Into<House>, environment: &str, script: &str, faults: Faults) {
    run(environment, script, ["k", "s"], (venue, source()), faults).await;
}

/// `with`: the name of the key, and the secret.
async fn run(
    environment: &str,
    script: &str,
    with: [&str; 2],
    (venue, source): (impl Into<House>, Source),
    faults: Faults,
) {
    let Some(python) = python(environment) else { return };
    let server = start(venue, source, faults).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let mut command = Command::new(python);
    command.arg(script).arg(format!("http://{}", server.address)).args(with);
    command.stdin(Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(Duration::from_secs(120), command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && text.contains("done"), "{text}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ccxt_trades() {
    check("ccxt", "ccxt_rest.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ccxt_watches() {
    check("ccxt", "ccxt_streams.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_binance_trades() {
    check("python-binance", "python_binance.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn binance_connector_trades() {
    check("binance-connector", "binance_connector.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_meet() {
    run("ccxt", "two_users.py", ["k", "s"], (binance(), quiet()), Faults::default()).await;
}

/// A key that openssl made; the private half as a PEM block, and the exchange that knows the public one.
fn ed25519() -> Option<(String, Binance)> {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |words: &[&str]| {
        let ran = std::process::Command::new("openssl").args(words).current_dir(&folder).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    let made = openssl(&["genpkey", "-algorithm", "ed25519", "-out", "private.pem"])
        && openssl(&["pkey", "-in", "private.pem", "-pubout", "-out", "public.pem"]);
    if !made {
        println!("skipped: no openssl that makes Ed25519 keys");
        return None;
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let proof = Proof::new(&read("public.pem")).unwrap();
    assert!(matches!(proof, Proof::Ed25519(_)), "{proof:?}");
    let key = Key { name: "ed".to_owned(), user: 0, proof };
    Some((read("private.pem"), Binance::new(core(), vec![key])))
}

#[tokio::test(flavor = "multi_thread")]
async fn real_clients_sign_with_ed25519() {
    for (environment, script) in
        [("python-binance", "ed25519.py"), ("binance-connector", "ed25519.py"), ("ccxt", "ccxt_rest.py")]
    {
        let Some((private, exchange)) = ed25519() else { return };
        run(environment, script, ["ed", &private], (exchange, source()), Faults::default()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_careful_client_heals_every_fault() {
    let faults: Faults = "disconnect=3s,duplicate=10%,drop=10%,http500=10%".parse().unwrap();
    check_with(binance(), "ccxt", "faults.py", Faults { seed: 5, ..faults }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_answers_and_stops() {
    let server = start(binance(), source(), Faults::default()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let facts = server.facts();
    assert!(facts.progress.rows > 5 && facts.progress.fault.is_none(), "{facts:?}");
    let address = server.address;
    tokio::time::timeout(Duration::from_secs(5), server.stop()).await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
