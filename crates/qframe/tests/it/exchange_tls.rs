//! `qframe exchange` as Coinbase over TLS: it makes its certificate and its key, and our own commands trade with it in trust.
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::program::{Program, Running};

/// A book, then a trade every 20 ms for a minute, and the book goes along.
fn stream() -> String {
    let start = 1_723_161_254_000_i64;
    let mut lines =
        format!("{start}000000 {{\"lastUpdateId\":1,\"bids\":[[\"9.00\",\"3.70\"]],\"asks\":[[\"11.05\",\"1.5\"]]}}\n");
    for step in 1..3_000 {
        let at = start + 20 * step;
        lines += &format!(
            "{at}000000 {{\"e\":\"depthUpdate\",\"E\":{at},\"s\":\"BTCUSDT\",\"U\":{},\"u\":{},\"b\":[[\"9.00\",\"{}\"]],\
             \"a\":[]}}\n",
            step + 1,
            step + 1,
            step % 7 + 1,
        );
        lines += &format!(
            "{at}000000 {{\"e\":\"trade\",\"E\":{at},\"s\":\"BTCUSDT\",\"t\":{step},\"p\":\"10.0{}\",\"q\":\"0.10\",\"T\":{at},\
             \"m\":true,\"M\":true}}\n",
            step % 5,
        );
    }
    lines
}

const SECURE: &str = "--coinbase-key key.json --tls self-signed --tls-cert cert.pem --tls-key cert.key";

fn start(program: &Program, more: &str) -> (Running, serde_json::Value) {
    let words = format!("exchange --replay stream.txt --port 0 --json {SECURE} {more}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_qframe"));
    command.args(words.split_whitespace()).current_dir(&program.folder).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (running, serde_json::from_str(&line).unwrap())
}

/// A command of ours; `trusts`: the exchange's certificate is one that it trusts.
fn ours(program: &Program, words: &str, trusts: bool) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qframe"));
    command.args(words.split_whitespace()).current_dir(&program.folder).env("QFRAME_CATALOG", program.path("catalog"));
    if trusts {
        command.env("SSL_CERT_FILE", program.path("cert.pem"));
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn our_own_commands_trust_its_certificate() {
    let program = Program::new();
    program.write("stream.txt", stream());
    // The first minute is there at the start, and with it bars.
    let (running, told) = start(&program, "--from 2024-08-08T23:54:30Z");
    let (http, ws) = (told["url"].as_str().unwrap(), told["stream_url"].as_str().unwrap());
    assert!(http.starts_with("https://") && ws.starts_with("wss://"), "{told}");
    assert_eq!((&told["tls_cert"], &told["coinbase_keys"][0]["file"]), (&"cert.pem".into(), &"key.json".into()));
    let wanted = "--timeframe 1m --from 2024-08-08T23:54:00Z --to 2024-08-08T23:55:00Z --json";
    let fetch = format!("data fetch coinbase-advanced BTC/USDT {wanted} --base-url {http}");
    let (code, out, error) = ours(&program, &fetch, true);
    assert_eq!(code, 0, "{error}");
    assert!(out.contains("\"bars\": 1"), "{out}");
    let stream = format!(
        "data stream coinbase-advanced BTC/USDT --channel trades,quotes,book --for 3s --json --ws-url {ws} --base-url {http}"
    );
    let (code, out, error) = ours(&program, &stream, true);
    assert_eq!(code, 0, "{error}");
    let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    let (of, symbol) = (&last["connections"][0], &last["connections"][0]["symbols"][0]);
    assert_eq!((&of["gaps"], &of["refused"], &symbol["whole"]), (&0.into(), &0.into(), &true.into()), "{last}");
    assert!(symbol["trades"].as_u64().unwrap() > 20 && symbol["book"].as_u64().unwrap() > 5, "{last}");
    // Who does not trust it does not talk to it.
    let (code, _, error) = ours(&program, &stream, false);
    assert!(code == 1 && error.contains("UnknownIssuer"), "{code} {error}");
    // What was made is there the next time.
    let before = ["cert.pem", "cert.key", "key.json"].map(|name| std::fs::read(program.path(name)).unwrap());
    drop(running);
    let (_running, again) = start(&program, "");
    assert_eq!(again["coinbase_keys"], told["coinbase_keys"]);
    assert_eq!(before, ["cert.pem", "cert.key", "key.json"].map(|name| std::fs::read(program.path(name)).unwrap()));
}

#[cfg(unix)]
#[test]
fn only_its_owner_reads_a_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let program = Program::new();
    program.write("stream.txt", stream());
    let _running = start(&program, "");
    for (name, mode) in [("cert.key", 0o600), ("key.json", 0o600), ("cert.pem", 0o644)] {
        let found = std::fs::metadata(program.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found & !mode, 0, "{name}: {found:o}");
    }
}

#[test]
fn wrong_words_and_wrong_files() {
    let program = Program::new();
    program.write("stream.txt", stream());
    program.write("prices.csv", "time,open\n");
    program.write("broken.json", "{\"name\":\"n\",\"privateKey\":\"none\"}");
    program.write("half.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let check = |words: &str, code: i32, part: &str| {
        let answer = program.run(&format!("exchange --replay stream.txt --port 0 {words}"));
        assert_eq!(answer.code(), code, "{words}: {}", answer.error());
        assert!(answer.error().contains(part), "{words}: {}", answer.error());
        assert_eq!(answer.out(), "", "{words}");
    };
    check("--tls self-signed", 2, "--tls-cert");
    check("--tls yes --tls-cert a --tls-key b", 2, "self-signed");
    check("--tls-cert a.pem", 2, "--tls-key");
    check("--tls-cert a.pem --tls-key b.pem", 1, "reading a.pem");
    check("--tls self-signed --tls-cert prices.csv --tls-key b.pem", 1, "prices.csv is there and b.pem is not");
    check("--tls-cert prices.csv --tls-key prices.csv", 1, "no certificate in PEM");
    check("--tls-cert half.pem --tls-key half.pem", 1, "no private key in PEM");
    check("--tls self-signed --tls-cert none/cert.pem --tls-key none/key.pem", 1, "writing none/cert.pem");
    check("--coinbase-key prices.csv", 1, "expected JSON with name and privateKey");
    check("--coinbase-key broken.json", 1, "neither a PEM block nor an Ed25519 key");
    check("--coinbase-key me=prices.csv", 2, "no PEM block of a public key");
    check("--coinbase-key me=nowhere.pem", 1, "reading nowhere.pem");
    check("--coinbase-key none/key.json", 1, "writing none/key.json");
    check("--coinbase-key k.json --coinbase-key k.json", 2, "there twice");
}
