//! What proves to an exchange that a request is ours: signatures of Binance, tokens of Coinbase.
//!
//! Nothing here reads a clock or draws a number: times and nonces are arguments.
use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Serialize;

/// A token of Coinbase is taken for so many seconds.
const TOKEN_SECONDS: u64 = 120;

/// A key that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

/// The secret half of a key of Binance.
pub enum BinanceKey {
    /// A secret text; HMAC with SHA-256, sent in hexadecimal.
    Hmac(Box<hmac::Key>),
    /// An Ed25519 key; its signature is sent in base64.
    Ed25519(Ed25519KeyPair),
}

impl fmt::Debug for BinanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Hmac(_)) { "BinanceKey::Hmac" } else { "BinanceKey::Ed25519" })
    }
}

impl BinanceKey {
    /// A key of its text: a PEM block is an Ed25519 key, all else the secret of an HMAC key.
    ///
    /// # Errors
    /// [`KeyError`] for an empty text, and for a PEM block that is no Ed25519 key.
    pub fn new(secret: &str) -> Result<Self, KeyError> {
        let secret = secret.trim();
        if secret.is_empty() {
            return Err(KeyError("the secret key is empty".to_owned()));
        }
        if !secret.starts_with("-----BEGIN") {
            return Ok(Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))));
        }
        let der = pem(secret)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_der());
        pair.map(Self::Ed25519).map_err(|_| KeyError("the PEM block is no Ed25519 key".to_owned()))
    }

    /// The signature of a payload: the query as it is sent, or the parameters of a WebSocket request in the order of their names.
    #[must_use]
    pub fn sign(&self, payload: &str) -> String {
        match self {
            Self::Hmac(key) => hexadecimal(hmac::sign(key, payload.as_bytes()).as_ref()),
            Self::Ed25519(pair) => STANDARD.encode(pair.sign(payload.as_bytes())),
        }
    }
}

/// A key of the Coinbase Developer Platform.
#[derive(Clone)]
pub struct CoinbaseKey {
    /// `organizations/…/apiKeys/…`, or the id alone.
    name: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl fmt::Debug for CoinbaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CoinbaseKey({}, {:?})", self.name, self.algorithm)
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iss: &'static str,
    nbf: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
}

impl CoinbaseKey {
    /// A key of its name and its text: a PEM block of a P-256 key (ES256), or the 64 bytes of an Ed25519 key in base64 (EdDSA).
    ///
    /// # Errors
    /// [`KeyError`] where the text is neither.
    pub fn new(name: &str, secret: &str) -> Result<Self, KeyError> {
        // As JSON files of keys hold it, line ends written out.
        let secret = secret.trim().replace("\\n", "\n");
        let (algorithm, key) = if secret.starts_with("-----BEGIN") {
            let refused = || KeyError("the PEM block is no P-256 key".to_owned());
            let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, pem(&secret)?.secret_der());
            let document = pair.and_then(|pair| pair.to_pkcs8v1().map_err(Into::into)).map_err(|_| refused())?;
            (Algorithm::ES256, EncodingKey::from_ec_der(document.as_ref()))
        } else {
            let refused =
                || KeyError("the key is neither a PEM block nor an Ed25519 key of 64 bytes in base64".to_owned());
            let bytes = STANDARD.decode(&secret).map_err(|_| refused())?;
            let (seed, public) = bytes.split_at_checked(32).ok_or_else(refused)?;
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| refused())?;
            let document = pair.to_pkcs8v1().map_err(|_| refused())?;
            (Algorithm::EdDSA, EncodingKey::from_ed_der(document.as_ref()))
        };
        Ok(Self { name: name.to_owned(), algorithm, key })
    }

    /// The token of one request. `now`: seconds since the epoch; `nonce`: never the same twice; `request`: method, host and
    /// path without the query, as `("GET", "api.coinbase.com", "/api/v3/brokerage/accounts")`, none for a stream.
    ///
    /// # Errors
    /// [`KeyError`] where the key does not sign.
    pub fn token(&self, now: u64, nonce: &str, request: Option<(&str, &str, &str)>) -> Result<String, KeyError> {
        let uri = request.map(|(method, host, path)| format!("{method} {host}{path}"));
        let claims = Claims { sub: &self.name, iss: "cdp", nbf: now, exp: now + TOKEN_SECONDS, uri };
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.name.clone());
        header.nonce = Some(nonce.to_owned());
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|error| KeyError(format!("no token: {error}")))
    }
}

/// A nonce: 16 random bytes in hexadecimal.
#[must_use]
pub fn nonce() -> String {
    let mut bytes = [0; 16];
    fastrand::fill(&mut bytes);
    hexadecimal(&bytes)
}

/// Parameters as a query, percent-encoded as Binance signs them: all but letters, digits and `-._~` (RFC 3986).
#[must_use]
pub fn query(parameters: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        encode(&mut text, name);
        text.push('=');
        encode(&mut text, value);
    }
    text
}

fn encode(text: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&format!("{byte:02X}"));
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pem(text: &str) -> Result<PrivateKeyDer<'static>, KeyError> {
    PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|error| KeyError(format!("the PEM block does not read: {error}")))
}
