//! Real clients of Coinbase trade on the exchange, over TLS; and PyJWT verifies our tokens. Skipped as in [`super::clients`].
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qframe_model::number::Cash;
use qframe_venues::exchange::advanced::{Advanced, Key};
use qframe_venues::exchange::binance::Binance;
use qframe_venues::exchange::server::fault::Faults;
use qframe_venues::exchange::server::tls::Tls;
use qframe_venues::exchange::server::{House, Server, Settings, Speed};
use qframe_venues::sign::{CoinbaseKey, PublicKey, fresh_key};
use tokio::process::Command;

use super::clients::{now, python, source};
use super::market::core;

const NAME: &str = "organizations/local/apiKeys/one";

async fn run(environment: &str, script: &str, words: &[&str]) -> bool {
    let Some(python) = python(environment) else { return false };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script);
    let mut command = Command::new(python);
    command.arg(script).args(words).stdin(Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(Duration::from_secs(120), command.output()).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && text.contains("done"), "{text}");
    true
}

/// The exchange over TLS with one user, whose key is of the text `secret`.
async fn trades(environment: &str, script: &str, secret: &str) {
    if python(environment).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (certificate, certificate_key) = Tls::make(&[]).unwrap();
    let tls = Tls::new(&certificate, &certificate_key).unwrap();
    let public = CoinbaseKey::new(NAME, secret).unwrap().public().clone();
    let mut core = core();
    let user = core
        .open(&[("USDT".parse().unwrap(), Cash::whole(10_000)), ("AAA".parse().unwrap(), Cash::whole(20))])
        .unwrap();
    let advanced = Advanced::new(&mut core, vec![Key { name: NAME.to_owned(), user, public }]);
    let house = House { venue: Binance::new(core, Vec::new()).into(), advanced, tls: Some(tls) };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let settings =
        Settings { address, speed: Speed::Times(1), from: None, waits: false, faults: Faults::default(), now: now() };
    let server = Server::start(house, source(), settings).await.unwrap();
    // Bars and trades to ask for.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let key = file("key.json", &serde_json::json!({ "name": NAME, "privateKey": secret }).to_string());
    let words = [server.address.to_string(), key, file("cert.pem", &certificate)];
    run(environment, script, &[words[0].as_str(), words[1].as_str(), words[2].as_str()]).await;
    let sums = server
        .look(|venue| ["AAA", "USDT"].map(|asset| venue.spot().unwrap().core.wallets().sum(asset.parse().unwrap())));
    assert_eq!(sums, [Ok(Cash::ZERO); 2]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coinbase_advanced_py_trades() {
    trades("coinbase", "advanced.py", &fresh_key().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coinbase_advanced_py_trades_with_ed25519() {
    let (seed, public) = ed25519();
    trades("coinbase", "advanced.py", &STANDARD.encode([seed, public].concat())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ccxt_coinbase_trades() {
    trades("ccxt", "advanced_ccxt.py", &fresh_key().unwrap()).await;
}

/// The two halves of a key that was made for this test.
fn ed25519() -> (Vec<u8>, Vec<u8>) {
    let key = "Z0rpd6moGnzkd2wvLx0S9AjtYyC6EkWUEW0VyT37T0ERMAOgZnixysThU6UWNKlV+XfAFAax4R9MQajaeADdLQ==";
    let bytes = STANDARD.decode(key).unwrap();
    (bytes[..32].to_vec(), bytes[32..].to_vec())
}

#[tokio::test]
async fn pyjwt_verifies_our_tokens() {
    let (seed, public) = ed25519();
    for secret in [fresh_key().unwrap(), STANDARD.encode([seed, public].concat())] {
        let key = CoinbaseKey::new(NAME, &secret).unwrap();
        let (head, bytes): (&[u8], &[u8]) = match key.public() {
            PublicKey::P256(point) => (
                &[
                    0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce,
                    0x3d, 3, 1, 7, 3, 0x42, 0,
                ],
                point,
            ),
            PublicKey::Ed25519(key) => (&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0], key),
        };
        let der = STANDARD.encode([head, bytes].concat());
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n");
        assert_eq!(PublicKey::new(&pem).unwrap(), *key.public(), "the text of a public key reads");
        let seconds = (now().nanos() / 1_000_000_000) as u64;
        let request = Some(("GET", "api.coinbase.com", "/api/v3/brokerage/accounts"));
        let token = key.token(seconds, &qframe_venues::sign::nonce(), request).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("public.pem");
        std::fs::write(&path, pem).unwrap();
        let words = [token.as_str(), path.to_str().unwrap(), key.public().algorithm(), NAME];
        run("coinbase", "verify_token.py", &words).await;
    }
}
