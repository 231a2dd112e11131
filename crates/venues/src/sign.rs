//! What proves to an exchange that a request is ours: signatures of Binance, tokens of Coinbase.
//!
//! Nothing here reads a clock or draws a number: times and nonces are arguments.
use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
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
    public: PublicKey,
}

/// What verifies tokens of Coinbase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// A point of the curve P-256: 65 bytes, uncompressed. ES256.
    P256(Vec<u8>),
    /// 32 bytes. EdDSA.
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// Of a PEM block of a public key.
    ///
    /// # Errors
    /// [`KeyError`] where it is neither of the two.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        let block = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----").unwrap_or("");
        let base64: String = block.split("-----").next().unwrap_or("").split_whitespace().collect();
        let der = STANDARD.decode(base64).unwrap_or_default();
        // The key is at the end, behind what says which kind it is (RFC 5480 and RFC 8410).
        const ON_P256: [u8; 10] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42];
        const ED: [u8; 6] = [0x2b, 0x65, 0x70, 3, 0x21, 0];
        let split = |length: usize| der.len().checked_sub(length).map(|at| der.split_at(at));
        match (split(65), split(32)) {
            (Some((kind, point)), _) if kind.strip_suffix(&[0]).is_some_and(|kind| kind.ends_with(&ON_P256)) => {
                Ok(Self::P256(point.to_vec()))
            }
            (_, Some((kind, key))) if kind.ends_with(&ED) => Ok(Self::Ed25519(key.to_vec())),
            _ => Err(KeyError("there is no PEM block of a public key, P-256 or Ed25519".to_owned())),
        }
    }

    /// Its name in the head of a token.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// True where `signature`, in base64 as tokens have it, is this key's of `signed`.
    #[must_use]
    pub fn verifies(&self, signed: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        let verified = match self {
            Self::P256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(signed.as_bytes(), &signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &signature),
        };
        verified.is_ok()
    }
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
        let (algorithm, key, public) = if secret.starts_with("-----BEGIN") {
            let refused = || KeyError("the PEM block is no P-256 key".to_owned());
            let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, pem(&secret)?.secret_der());
            let pair = pair.map_err(|_| refused())?;
            let document = pair.to_pkcs8v1().map_err(|_| refused())?;
            let public = PublicKey::P256(pair.public_key().as_ref().to_vec());
            (Algorithm::ES256, EncodingKey::from_ec_der(document.as_ref()), public)
        } else {
            let refused =
                || KeyError("the key is neither a PEM block nor an Ed25519 key of 64 bytes in base64".to_owned());
            let bytes = STANDARD.decode(&secret).map_err(|_| refused())?;
            let (seed, public) = bytes.split_at_checked(32).ok_or_else(refused)?;
            let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| refused())?;
            let document = pair.to_pkcs8v1().map_err(|_| refused())?;
            (Algorithm::EdDSA, EncodingKey::from_ed_der(document.as_ref()), PublicKey::Ed25519(public.to_vec()))
        };
        Ok(Self { name: name.to_owned(), algorithm, key, public })
    }

    /// What verifies its tokens.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
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

/// A new P-256 key as a PEM block (PKCS #8), as a file of Coinbase's keys holds one.
///
/// # Errors
/// [`KeyError`] where the system has no randomness.
pub fn fresh_key() -> Result<String, KeyError> {
    let refused = |_| KeyError("no key could be made".to_owned());
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(refused)?;
    let document = STANDARD.encode(pair.to_pkcs8v1().map_err(refused)?);
    let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in document.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    Ok(text + "-----END PRIVATE KEY-----\n")
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
