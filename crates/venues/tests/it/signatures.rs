//! Signatures against vectors that others computed: Binance's documents, and openssl for keys that were made for this test.
use std::path::Path;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use qframe_venues::sign::{BinanceKey, CoinbaseKey, nonce, query};
use serde_json::{Value, json};

const P256: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIMf0FwUa0qHiqFOv9psYNJNkabenfzMk0vqlVwHAkLk1oAoGCCqGSM49
AwEHoUQDQgAEh00vML8hz2VGKHCsjhtkGootB11zrpyIJQo5jSw64oHXQqtlv4y1
B02Ur3WsNnZ01YFn5r2TQT3jmqrcKPL7bw==
-----END EC PRIVATE KEY-----";
/// The last 65 bytes of the public half's DER form.
const P256_PUBLIC: &str = "BIdNLzC/Ic9lRihwrI4bZBqKLQddc66ciCUKOY0sOuKB10KrZb+MtQdNlK91rDZ2dNWBZ+a9k0E945qq3Cjy+28=";
const ED25519_PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIGdK6XepqBp85HdsLy8dEvQI7WMguhJFlBFtFck9+09B
-----END PRIVATE KEY-----";
/// Seed and public half, as Coinbase hands them out.
const ED25519_BYTES: &str = "Z0rpd6moGnzkd2wvLx0S9AjtYyC6EkWUEW0VyT37T0ERMAOgZnixysThU6UWNKlV+XfAFAax4R9MQajaeADdLQ==";

#[test]
fn binance_as_documented() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/payloads/binance/hmac_signing_vectors.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let key = BinanceKey::new(vectors["secretKey"].as_str().unwrap()).unwrap();
    let all = vectors["vectors"].as_array().unwrap();
    for vector in all {
        let payload = vector["payload"].as_str().unwrap();
        assert_eq!(key.sign(payload), vector["signature"].as_str().unwrap(), "{payload}");
    }
    assert!(all.len() >= 4);
}

#[test]
fn binance_as_openssl() {
    let check = |secret: &str, expected: &str| {
        assert_eq!(BinanceKey::new(secret).unwrap().sign("symbol=BTCUSDT&timestamp=1"), expected);
    };
    check("secret", "ef9d3d77a34d9a13a21a4c2d7f3e8cb091888a74ca62b5b62f430e78eded95ba");
    check(ED25519_PEM, "0rV6g6cmRvQjnALz66mK4hnqRJ+plA2cB4Xw4M7As6+FZY23KOPSPNvaer8ThTQJUxetwK2qOKi3UUS+9VUtDw==");
}

#[test]
fn queries_are_encoded_byte_by_byte() {
    assert_eq!(
        query(&[("symbol", "１2"), ("note", "a b&c=d~e.f-g_h")]),
        "symbol=%EF%BC%912&note=a%20b%26c%3Dd~e.f-g_h"
    );
    assert_eq!(query(&[]), "");
}

#[track_caller]
fn check_token(secret: &str, algorithm: &str, verify: &'static dyn VerificationAlgorithm, public: &str) {
    let key = CoinbaseKey::new("organizations/o/apiKeys/k", secret).unwrap();
    let token = key.token(1_000, "n", Some(("GET", "api.coinbase.com", "/api/v3/brokerage/accounts"))).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(read(header), json!({"typ": "JWT", "alg": algorithm, "kid": "organizations/o/apiKeys/k", "nonce": "n"}));
    let uri = "GET api.coinbase.com/api/v3/brokerage/accounts";
    let expected = json!({"sub": "organizations/o/apiKeys/k", "iss": "cdp", "nbf": 1_000, "exp": 1_120, "uri": uri});
    assert_eq!(read(claims), expected);
    let public = UnparsedPublicKey::new(verify, STANDARD.decode(public).unwrap());
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let stream = key.token(1_000, "n", None).unwrap();
    assert!(read(stream.split('.').nth(1).unwrap()).get("uri").is_none());
}

#[test]
fn tokens_of_coinbase() {
    check_token(P256, "ES256", &ECDSA_P256_SHA256_FIXED, P256_PUBLIC);
    // As its JSON file holds it.
    check_token(&P256.replace('\n', "\\n"), "ES256", &ECDSA_P256_SHA256_FIXED, P256_PUBLIC);
    check_token(ED25519_BYTES, "EdDSA", &ED25519, "ETADoGZ4scrE4VOlFjSpVfl3wBQGseEfTEGo2ngA3S0=");
}

#[test]
fn keys_that_are_none() {
    let refused = |secret: &str| CoinbaseKey::new("k", secret).unwrap_err().to_string();
    assert!(refused("").contains("neither"), "{}", refused(""));
    assert!(refused("AAAA").contains("neither"));
    assert!(refused(ED25519_PEM).contains("no P-256 key"), "{}", refused(ED25519_PEM));
    assert!(refused("-----BEGIN EC PRIVATE KEY-----\nx").contains("PEM"), "{}", refused("-----BEGIN"));
    assert!(BinanceKey::new(" ").unwrap_err().to_string().contains("empty"));
    assert!(BinanceKey::new(P256).unwrap_err().to_string().contains("no Ed25519 key"));
    let shown = format!("{:?} {:?}", BinanceKey::new("hush").unwrap(), CoinbaseKey::new("k", P256).unwrap());
    assert!(!shown.contains("hush") && !shown.contains("MHc"), "{shown}");
    assert_ne!(nonce(), nonce());
}
