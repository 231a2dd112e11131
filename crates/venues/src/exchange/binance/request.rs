//! A request: its parameters, wherever they stand, and what proves whose it is.
use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qframe_model::number::NumberError;
use serde_json::Value;

use super::error::Fault;
use crate::sign::{BinanceKey, KeyError};

/// What decimals look like.
const DECIMAL: &str = r"^([0-9]{1,20})(\.[0-9]{1,20})?$";
/// How old a request may be where it does not say, and at most, in milliseconds.
const WINDOW: i64 = 5_000;
const WINDOW_MAX: i64 = 60_000;

/// A request of HTTP, or one that a WebSocket brought.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `DELETE`.
    pub method: String,
    /// `/api/v3/order`.
    pub path: String,
    /// The header `X-MBX-APIKEY`.
    pub key: Option<String>,
    /// The query as it was sent.
    pub query: String,
    /// The form as it was sent.
    pub body: String,
}

/// A key of a user, and what verifies its signatures.
#[derive(Debug)]
pub struct Key {
    /// What a request names.
    pub name: String,
    /// Whose it is.
    pub user: usize,
    /// What verifies.
    pub proof: Proof,
}

/// What verifies signatures.
#[derive(Debug)]
pub enum Proof {
    /// The secret that both sides know.
    Hmac(BinanceKey),
    /// The public half of an Ed25519 key: 32 bytes.
    Ed25519(Vec<u8>),
}

impl Proof {
    /// Of a text: a PEM block of a public key is Ed25519, all else a secret.
    ///
    /// # Errors
    /// [`KeyError`] where it is neither.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let Some(block) = text.strip_prefix("-----BEGIN PUBLIC KEY-----") else {
            return BinanceKey::new(text).map(Self::Hmac);
        };
        let base64: String = block.split("-----").next().unwrap_or("").split_whitespace().collect();
        let der = STANDARD.decode(base64).unwrap_or_default();
        // Its last 32 bytes are the key, behind twelve that say which kind it is (RFC 8410).
        match der.split_at_checked(12) {
            Some((kind, key)) if key.len() == 32 && kind.ends_with(&[0x2b, 0x65, 0x70, 3, 0x21, 0]) => {
                Ok(Self::Ed25519(key.to_vec()))
            }
            _ => BinanceKey::new("").map(Self::Hmac),
        }
    }

    fn verifies(&self, payload: &str, signature: &str) -> bool {
        match self {
            Self::Hmac(key) => key.sign(payload).eq_ignore_ascii_case(signature),
            Self::Ed25519(public) => STANDARD.decode(signature).is_ok_and(|signature| {
                UnparsedPublicKey::new(&ED25519, public).verify(payload.as_bytes(), &signature).is_ok()
            }),
        }
    }
}

/// The parameters of a request, decoded, in the order in which they were sent.
#[derive(Debug, Clone, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Of the query and the form.
    ///
    /// # Errors
    /// [`Fault::Twice`] for a name that is sent twice.
    pub fn new(request: &Request) -> Result<Self, Fault> {
        let mut all: Vec<(String, String)> = Vec::new();
        for text in [&request.query, &request.body] {
            for pair in text.split('&').filter(|pair| !pair.is_empty()) {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                let (name, value) = (decoded(name), decoded(value));
                if all.iter().any(|(known, _)| *known == name) {
                    return Err(Fault::Twice);
                }
                all.push((name, value));
            }
        }
        Ok(Self(all))
    }

    /// The same, with another parameter where it is not there.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if self.get(name).is_none() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// A value; an empty one is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A value that must be there.
    ///
    /// # Errors
    /// [`Fault::Mandatory`].
    pub fn need(&self, name: &'static str) -> Result<&str, Fault> {
        self.get(name).ok_or(Fault::Mandatory(name))
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`Fault::Characters`] where it is none.
    pub fn whole<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Fault> {
        let read = |text: &str| text.parse().map_err(|_| Fault::Characters(name, "^[0-9]{1,20}$"));
        self.get(name).map(read).transpose()
    }

    /// A decimal.
    ///
    /// # Errors
    /// [`Fault::Characters`] and [`Fault::Precision`].
    pub fn decimal<T: FromStr<Err = NumberError>>(&self, name: &'static str) -> Result<Option<T>, Fault> {
        self.get(name).map(|text| decimal(name, text)).transpose()
    }

    /// A decimal that must be there.
    ///
    /// # Errors
    /// As [`Parameters::decimal`], and [`Fault::Mandatory`].
    pub fn need_decimal<T: FromStr<Err = NumberError>>(&self, name: &'static str) -> Result<T, Fault> {
        self.decimal(name)?.ok_or(Fault::Mandatory(name))
    }

    /// Verifies the time and the signature of a request. `now`: milliseconds of the wall clock.
    ///
    /// # Errors
    /// [`Fault::Key`], [`Fault::Late`], [`Fault::Early`], [`Fault::Window`], [`Fault::Signature`], [`Fault::Mandatory`].
    pub fn signed(&self, request: &Request, keys: &[Key], now: i64) -> Result<usize, Fault> {
        let key = key_of(request, keys)?;
        let signature = self.need("signature")?;
        let sent: i64 = self.whole("timestamp")?.ok_or(Fault::Mandatory("timestamp"))?;
        let window: i64 = self.whole("recvWindow")?.unwrap_or(WINDOW);
        match window {
            ..0 => return Err(Fault::Value("recvWindow")),
            0..=WINDOW_MAX => {}
            _ => return Err(Fault::Window),
        }
        // Some clients count microseconds.
        let sent = if sent > 100_000_000_000_000 { sent / 1_000 } else { sent };
        if sent > now.saturating_add(1_000) {
            return Err(Fault::Early);
        }
        if now.saturating_sub(sent) > window {
            return Err(Fault::Late);
        }
        let payload = [&request.query, &request.body].map(|text| unsigned(text)).concat();
        if key.proof.verifies(&payload, signature) { Ok(key.user) } else { Err(Fault::Signature) }
    }
}

/// Verifies a request of the WebSocket API: its parameters in the order of their names. `now`: milliseconds of the wall clock.
///
/// # Errors
/// As [`Parameters::signed`].
pub fn signed_frame(fields: &[(String, String)], keys: &[Key], now: i64) -> Result<usize, Fault> {
    let mut sorted: Vec<_> = fields.iter().filter(|(name, _)| name != "signature").collect();
    sorted.sort();
    let query = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let all = Parameters(fields.to_vec());
    let request = Request { key: all.get("apiKey").map(str::to_owned), query, ..Request::default() };
    all.signed(&request, keys, now)
}

/// The key that a request names.
///
/// # Errors
/// [`Fault::Key`] where it names none that is known.
pub(in crate::exchange) fn key_of<'k>(request: &Request, keys: &'k [Key]) -> Result<&'k Key, Fault> {
    let name = request.key.as_deref().ok_or(Fault::Key)?;
    keys.iter().find(|key| key.name == name).ok_or(Fault::Key)
}

fn decimal<T: FromStr<Err = NumberError>>(name: &'static str, text: &str) -> Result<T, Fault> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| (1..=20).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err(Fault::Characters(name, DECIMAL));
    }
    text.parse().map_err(|error| match error {
        NumberError::TooManyDecimals { .. } => Fault::Precision(name),
        _ => Fault::Characters(name, DECIMAL),
    })
}

/// What was signed of a text: all but the signature.
fn unsigned(text: &str) -> String {
    let parts = text.split('&').filter(|part| !part.starts_with("signature="));
    parts.collect::<Vec<_>>().join("&")
}

/// A percent-encoded text; what is no such code stands for itself.
fn decoded(text: &str) -> String {
    let (mut bytes, mut out) = (text.bytes(), Vec::with_capacity(text.len()));
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let mut ahead = bytes.clone();
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes = ahead;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The parameters of a request of the WebSocket API, as a query has them.
pub(in crate::exchange) fn fields_of(frame: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let params = frame["params"].as_object().into_iter().flatten();
    params.map(|(name, value)| (name.clone(), text(value))).collect()
}
