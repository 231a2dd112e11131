//! Tokens (JWT, RFC 7519) that prove whose a request is: ES256 or EdDSA, two minutes long, for one method, host and path.
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::sign::PublicKey;

/// How far a client's clock may be off, in seconds.
const SKEW: i64 = 5;
/// How long a token may live, in seconds.
const LIFE: i64 = 120;
/// What clients sign for where they do not know that they are pointed elsewhere.
const HOST: &str = "api.coinbase.com";

/// A key of a user, and what verifies its tokens.
#[derive(Debug, Clone)]
pub struct Key {
    /// What a token names: `organizations/…/apiKeys/…`, or an id.
    pub name: String,
    /// Whose it is.
    pub user: usize,
    /// What verifies.
    pub public: PublicKey,
}

/// Why a token proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// There is none.
    Missing,
    /// It is no token.
    Shape,
    /// It names a key that is not known here.
    Key(String),
    /// It is signed in another way than its key is for.
    Algorithm(String),
    /// The signature is not its key's.
    Signature,
    /// It is from the future, by so many seconds.
    Early(i64),
    /// It is over, since so many seconds.
    Late(i64),
    /// It lives longer than two minutes.
    Long(i64),
    /// It is for another request.
    Uri {
        /// What it is for.
        token: String,
        /// What was asked.
        request: String,
    },
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no token; expected the header Authorization: Bearer …"),
            Self::Shape => f.write_str("the token is none; expected three parts with kid, sub, nbf and exp in them"),
            Self::Key(name) => write!(f, "no user has the key {name:?}; --coinbase-key names a file of one"),
            Self::Algorithm(name) => write!(f, "the token is signed with {name:?}, its key is for another algorithm"),
            Self::Signature => f.write_str("the signature is not this key's"),
            Self::Early(seconds) => write!(f, "the token begins {seconds} s from now; is the clock right?"),
            Self::Late(seconds) => write!(f, "the token ended {seconds} s ago; is the clock right?"),
            Self::Long(seconds) => write!(f, "the token lives {seconds} s; expected at most {LIFE}"),
            Self::Uri { token, request } => write!(f, "the token is for {token:?}, this is {request:?}"),
        }
    }
}

/// Whose a token is. `now`: seconds of the wall clock; `request`: method, host and path that it must be for, none for a stream.
///
/// # Errors
/// [`Unproven`].
pub fn user_of(
    token: Option<&str>,
    keys: &[Key],
    now: i64,
    request: Option<(&str, &str, &str)>,
) -> Result<usize, Unproven> {
    let token = token.ok_or(Unproven::Missing)?;
    let (signed, signature) = token.rsplit_once('.').ok_or(Unproven::Shape)?;
    let (header, claims) = signed.split_once('.').ok_or(Unproven::Shape)?;
    let (header, claims) = (part(header)?, part(claims)?);
    let name = claims["sub"].as_str().ok_or(Unproven::Shape)?;
    let known = keys.iter().find(|key| key.name == name && header["kid"] == name);
    let key = known.ok_or_else(|| Unproven::Key(name.to_owned()))?;
    // The algorithm is the key's, never one that the token asks for.
    let algorithm = header["alg"].as_str().unwrap_or_default();
    if algorithm != key.public.algorithm() {
        return Err(Unproven::Algorithm(algorithm.to_owned()));
    }
    if !key.public.verifies(signed, signature) {
        return Err(Unproven::Signature);
    }
    judge_times(&claims, now)?;
    if let Some((method, host, path)) = request {
        judge_uri(&claims, method, host, path)?;
    }
    Ok(key.user)
}

fn judge_times(claims: &Value, now: i64) -> Result<(), Unproven> {
    let seconds = |name: &str| claims[name].as_f64().map(|seconds| seconds as i64).ok_or(Unproven::Shape);
    let (begins, ends) = (seconds("nbf")?, seconds("exp")?);
    if begins > now.saturating_add(SKEW) {
        return Err(Unproven::Early(begins.saturating_sub(now)));
    }
    if ends <= now.saturating_sub(SKEW) {
        return Err(Unproven::Late(now.saturating_sub(ends)));
    }
    let life = ends.saturating_sub(begins);
    if life > LIFE { Err(Unproven::Long(life)) } else { Ok(()) }
}

fn judge_uri(claims: &Value, method: &str, host: &str, path: &str) -> Result<(), Unproven> {
    // Keys of Ed25519 may name several.
    let named = claims["uris"].as_array().into_iter().flatten().chain(Some(&claims["uri"])).filter_map(Value::as_str);
    let named: Vec<&str> = named.collect();
    let fits = |uri: &&str| [host, HOST].iter().any(|host| *uri == format!("{method} {host}{path}"));
    if named.iter().any(fits) {
        return Ok(());
    }
    Err(Unproven::Uri { token: named.join(", "), request: format!("{method} {host}{path}") })
}

fn part(text: &str) -> Result<Value, Unproven> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unproven::Shape)?;
    serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object).ok_or(Unproven::Shape)
}
