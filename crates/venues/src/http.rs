//! Requests to an exchange: paced by its limits, tried again where that can help, refused with what it said.
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::time::{Instant, sleep, sleep_until};

use crate::backoff::Backoff;
use crate::pace::Pace;

/// The longest answer that is read.
const BODY_MAX: usize = 64 << 20;
/// A request that has no answer by then is given up.
const DEADLINE: Duration = Duration::from_secs(30);
/// How often a request is tried.
const TRIES: u32 = 6;
/// An exchange that wants a longer pause is not waited for.
const PAUSE_MAX: Duration = Duration::from_secs(120);
/// So much of a text that is no answer is shown.
const EXCERPT: usize = 120;

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The address is none.
    Address(String),
    /// No connection, or it broke; after all tries.
    Unreachable {
        /// What was asked for.
        url: String,
        /// What the system said.
        why: String,
    },
    /// The exchange refused the request.
    Refused {
        /// What was asked for, without its query.
        url: String,
        /// The status of HTTP.
        status: u16,
        /// The exchange's own number, where it gives one.
        code: Option<i64>,
        /// What it said.
        message: String,
    },
    /// The exchange fails, after all tries.
    Failing {
        /// What was asked for, without its query.
        url: String,
        /// The status of HTTP.
        status: u16,
        /// How its answer begins.
        body: String,
    },
    /// The exchange wants a pause that is too long to wait for.
    Limited {
        /// What was asked for, without its query.
        url: String,
        /// Seconds to wait.
        seconds: u64,
        /// True where it has banned this address (418), which grows with each request made meanwhile.
        banned: bool,
    },
    /// The answer is longer than any should be.
    TooLong(String),
    /// The answer is not what is documented.
    Undecodable {
        /// What was asked for, without its query.
        url: String,
        /// What is wrong.
        why: String,
        /// How it begins.
        body: String,
    },
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => write!(f, "the address is none: {why}"),
            Self::Unreachable { url, why } => {
                write!(f, "{url}: no answer ({why}) after {TRIES} tries; is the network up?")
            }
            Self::Refused { url, status, code: Some(code), message } => {
                write!(f, "{url}: refused with {status}, code {code}: {message}")
            }
            Self::Refused { url, status, code: None, message } => write!(f, "{url}: refused with {status}: {message}"),
            Self::Failing { url, status, body } => {
                write!(f, "{url}: the exchange fails ({status}, {body:?}) after {TRIES} tries; try later")
            }
            Self::Limited { url, seconds, banned: true } => {
                write!(f, "{url}: the exchange has banned this address; wait {seconds} s before any request")
            }
            Self::Limited { url, seconds, banned: false } => {
                write!(f, "{url}: too many requests; the exchange wants a pause of {seconds} s")
            }
            Self::TooLong(url) => write!(f, "{url}: the answer is over {} MiB", BODY_MAX >> 20),
            Self::Undecodable { url, why, body } => write!(f, "{url}: the answer does not read ({why}): {body:?}"),
        }
    }
}

impl std::error::Error for HttpError {}

/// One API of one exchange.
#[derive(Debug)]
pub struct Http {
    client: Client,
    base: Url,
    pace: Mutex<Pace>,
    backoff: Backoff,
}

impl Http {
    /// A client of the API at `base` (`https://api.binance.com`).
    ///
    /// # Errors
    /// [`HttpError::Address`] where that is no address, or no TLS is to be had.
    pub fn new(base: &str, pace: Pace) -> Result<Self, HttpError> {
        let base = Url::parse(base).map_err(|error| HttpError::Address(format!("{base}: {error}")))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(HttpError::Address(format!("{base}: expected http:// or https://")));
        }
        // The first provider that is installed stays; it is the same one everywhere.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client =
            Client::builder().timeout(DEADLINE).user_agent(concat!("qframe/", env!("CARGO_PKG_VERSION"))).build();
        let client = client.map_err(|error| HttpError::Address(format!("{base}: {error}")))?;
        Ok(Self { client, base, pace: Mutex::new(pace), backoff: Backoff::default() })
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Reads what stands at a path. `weight`: what it counts against the exchange's limit; `read`: reads the answer.
    ///
    /// # Errors
    /// [`HttpError`], as it says.
    pub async fn get<T>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        weight: u32,
        read: impl Fn(&[u8]) -> serde_json::Result<T>,
    ) -> Result<T, HttpError> {
        let body = self.request(&Method::GET, path, query, &HeaderMap::new(), weight).await?;
        read(&body).map_err(|error| HttpError::Undecodable {
            url: self.shown(path),
            why: error.to_string(),
            body: excerpt(&body),
        })
    }

    /// Sends a request until it is answered or trying does not help any more. Only what may be sent twice is sent this way.
    ///
    /// # Errors
    /// [`HttpError`], as it says.
    pub async fn request(
        &self,
        method: &Method,
        path: &str,
        query: &[(&str, &str)],
        headers: &HeaderMap,
        weight: u32,
    ) -> Result<Vec<u8>, HttpError> {
        let url = self.base.join(path).map_err(|error| HttpError::Address(format!("{path}: {error}")))?;
        let mut tries = 0;
        loop {
            tries += 1;
            self.wait(weight).await;
            let request = self.client.request(method.clone(), url.clone()).query(query).headers(headers.clone());
            let failure = match request.send().await {
                Err(error) => HttpError::Unreachable { url: self.shown(path), why: root(&error) },
                Ok(answer) => match self.judge(path, answer).await {
                    Err(Verdict::Again(failure)) => failure,
                    Err(Verdict::Pause(pause)) => {
                        self.hold(pause);
                        HttpError::Limited { url: self.shown(path), seconds: pause.as_secs(), banned: false }
                    }
                    Err(Verdict::Final(failure)) => return Err(failure),
                    Ok(body) => return Ok(body),
                },
            };
            if tries == TRIES {
                return Err(failure);
            }
            if !matches!(failure, HttpError::Limited { .. }) {
                sleep(self.backoff.pause(tries)).await;
            }
        }
    }

    async fn judge(&self, path: &str, answer: Response) -> Result<Vec<u8>, Verdict> {
        let (status, url) = (answer.status(), self.shown(path));
        self.note_used(answer.headers());
        let after = retry_after(answer.headers());
        let body = read(answer).await;
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::IM_A_TEAPOT {
            let banned = status == StatusCode::IM_A_TEAPOT;
            let pause = after.unwrap_or(Duration::from_secs(if banned { 120 } else { 10 }));
            let failure = HttpError::Limited { url, seconds: pause.as_secs(), banned };
            return Err(if banned || pause > PAUSE_MAX { Verdict::Final(failure) } else { Verdict::Pause(pause) });
        }
        let body = match body {
            Ok(body) => body,
            Err(Broken::TooLong) => return Err(Verdict::Final(HttpError::TooLong(url))),
            Err(Broken::Off(why)) => return Err(Verdict::Again(HttpError::Unreachable { url, why })),
        };
        if status.is_success() {
            return Ok(body);
        }
        let number = status.as_u16();
        if status.is_server_error() {
            return Err(Verdict::Again(HttpError::Failing { url, status: number, body: excerpt(&body) }));
        }
        let said: Said = serde_json::from_slice(&body).unwrap_or_default();
        let message = said.msg.or(said.message).or(said.error).unwrap_or_else(|| excerpt(&body));
        Err(Verdict::Final(HttpError::Refused { url, status: number, code: said.code, message }))
    }

    async fn wait(&self, weight: u32) {
        loop {
            let until = match self.pace.lock() {
                Ok(mut pace) => pace.take(weight, Instant::now()),
                Err(_) => return,
            };
            match until {
                None => return,
                Some(until) => sleep_until(until).await,
            }
        }
    }

    fn hold(&self, pause: Duration) {
        if let Ok(mut pace) = self.pace.lock() {
            pace.hold(Instant::now() + pause);
        }
    }

    /// Others at this address count too.
    fn note_used(&self, headers: &HeaderMap) {
        let used = headers.get("x-mbx-used-weight-1m").and_then(|used| used.to_str().ok()?.parse().ok());
        if let (Some(used), Ok(mut pace)) = (used, self.pace.lock()) {
            pace.used(used, Instant::now());
        }
    }

    fn shown(&self, path: &str) -> String {
        self.base.join(path).map_or_else(|_| path.to_owned(), |url| url.to_string())
    }
}

/// What follows from an answer that is none.
enum Verdict {
    Again(HttpError),
    Pause(Duration),
    Final(HttpError),
}

enum Broken {
    TooLong,
    Off(String),
}

/// Errors as Binance and Coinbase write them.
#[derive(Debug, Default, Deserialize)]
struct Said {
    code: Option<i64>,
    msg: Option<String>,
    message: Option<String>,
    error: Option<String>,
}

async fn read(mut answer: Response) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > BODY_MAX => return Err(Broken::TooLong),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(Broken::Off(root(&error))),
        }
    }
}

/// Seconds, as exchanges send them; a date is not waited for exactly.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// The innermost reason: the outer ones only say that a request failed.
fn root(error: &reqwest::Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(inner) = error.source() {
        error = inner;
    }
    error.to_string()
}

/// How a text begins, on one line.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT)]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}
