//! InfluxDB, and what speaks its line protocol: `/write` of version 1, `/api/v2/write`, `/api/v3/write_lp`.
mod line;

use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use qframe_app::Arrival;
use qframe_app::pipeline::{Refusal, Sink, SinkError};
use qframe_data::Kind;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};

pub use line::{Encoder, LineFault};

/// A request that has no answer by then comes again.
const DEADLINE: Duration = Duration::from_secs(20);
/// So much of an answer is read and shown.
const ANSWER_MAX: usize = 4_096;
const EXCERPT: usize = 300;

/// Why an address is none of InfluxDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InfluxError {
    /// No address, or of nothing that is known.
    Address(String),
    /// A part of it that is missing: such as `?db=`.
    Missing(&'static str),
    /// No client is to be had.
    Client(String),
}

impl fmt::Display for InfluxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(why) => write!(
                f,
                "{why}; expected http://HOST:8086?db=NAME, …/api/v2/write?org=NAME&bucket=NAME or …/api/v3/write_lp?db=NAME"
            ),
            Self::Missing(what) => write!(f, "the address of InfluxDB does not say {what}; add it"),
            Self::Client(why) => write!(f, "no client for HTTP: {why}"),
        }
    }
}

impl std::error::Error for InfluxError {}

/// A database of InfluxDB. It has a place for all kinds of rows but changes of books.
pub struct Influx {
    client: Client,
    url: Url,
    lines: Encoder,
}

/// Why a part of a batch is not written.
enum Answer {
    /// Some rows of it can never be; the others are.
    Bad(String),
    Error(SinkError),
}

impl Influx {
    /// A client of the server at an address. Its path tells the version: none or `/write` (with `?db=`, a user and a password
    /// before the host), `/api/v2/write` (with `?org=` and `&bucket=`), `/api/v3/write_lp` (with `?db=`). Versions 2 and 3 take
    /// a token.
    ///
    /// # Errors
    /// [`InfluxError`], as it says. Whether a server is there shows at the first write.
    pub fn new(address: &str, token: Option<&str>) -> Result<Self, InfluxError> {
        // A user and a password stay out of messages.
        let shown = address.rsplit_once('@').map_or(address, |(_, host)| host);
        let refused = |why: String| InfluxError::Address(format!("{shown:?}: {why}"));
        let mut url = Url::parse(address).map_err(|error| refused(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused("no address of HTTP".to_owned()));
        }
        let names = |name: &str| url.query_pairs().any(|(key, value)| key == name && !value.is_empty());
        let (wanted, precision, scheme): (&[(&str, &'static str)], _, _) = match url.path().trim_end_matches('/') {
            "" | "/write" => (&[("db", "its database: ?db=NAME")], "ns", "Token"),
            "/api/v2/write" => (&[("bucket", "its bucket: &bucket=NAME")], "ns", "Token"),
            "/api/v3/write_lp" => (&[("db", "its database: ?db=NAME")], "nanosecond", "Bearer"),
            other => return Err(refused(format!("the path {other} is not known"))),
        };
        if let Some((_, what)) = wanted.iter().find(|(name, _)| !names(name)) {
            return Err(InfluxError::Missing(what));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        if let Some(token) = token {
            let value = HeaderValue::from_str(&format!("{scheme} {token}"));
            let mut value = value.map_err(|_| InfluxError::Client("the token is no text of a header".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if url.path() == "/" {
            url.set_path("/write");
        }
        url.query_pairs_mut().append_pair("precision", precision);
        // The first provider that is installed stays; it is the same one everywhere.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().timeout(DEADLINE).default_headers(headers);
        let client = client.user_agent(concat!("qframe/", env!("CARGO_PKG_VERSION"))).build();
        let client = client.map_err(|error| InfluxError::Client(error.to_string()))?;
        Ok(Self { client, url, lines: Encoder::default() })
    }

    async fn post(&self, lines: &str) -> Result<(), Answer> {
        let body = packed(lines).map_err(|error| Answer::Error(SinkError::later(error)))?;
        let sent = self.client.post(self.url.clone()).body(body).send().await;
        // The address stays out of messages: it may hold a password.
        let mut answer = sent.map_err(|error| Answer::Error(SinkError::later(root(&error.without_url()))))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let after = answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.trim().parse().ok());
        let mut said = Vec::new();
        while said.len() < ANSWER_MAX
            && let Ok(Some(chunk)) = answer.chunk().await
        {
            said.extend_from_slice(&chunk);
        }
        let said: String = String::from_utf8_lossy(&said).trim().chars().take(EXCERPT).collect();
        Err(match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Answer::Bad(said),
            StatusCode::PAYLOAD_TOO_LARGE => Answer::Error(SinkError::TooLarge(said)),
            _ => {
                let why = format!("InfluxDB answers {}: {said}", status.as_u16());
                Answer::Error(SinkError::Later { why, after: after.map(Duration::from_secs) })
            }
        })
    }
}

impl Sink for Influx {
    fn takes(&self, kind: Kind) -> bool {
        !matches!(kind, Kind::Book | Kind::Actions)
    }

    /// A server that refuses rows says how many and not always which, so a part with bad rows is halved until each stands
    /// alone: writing a point twice changes nothing.
    async fn write(&mut self, batch: &[Arrival]) -> Result<(), SinkError> {
        let mut text = String::with_capacity(batch.len() * 160);
        let (mut lines, mut refused) = (Vec::with_capacity(batch.len()), Vec::new());
        for (place, arrival) in batch.iter().enumerate() {
            let start = text.len();
            match self.lines.line(arrival, &mut text) {
                Ok(()) => lines.push((place, start..text.len())),
                Err(fault) => refused.push(Refusal { place, reason: fault.reason(), text: fault.to_string() }),
            }
        }
        let mut parts: Vec<Range<usize>> = (!lines.is_empty()).then_some(0..lines.len()).into_iter().collect();
        while let Some(part) = parts.pop() {
            let bytes = lines[part.start].1.start..lines[part.end - 1].1.end;
            match self.post(&text[bytes]).await {
                Ok(()) => {}
                Err(Answer::Error(error)) => return Err(error),
                Err(Answer::Bad(said)) if part.len() == 1 || dropped(&said) == Some(part.len()) => {
                    let of = |(place, _): &(usize, Range<usize>)| Refusal {
                        place: *place,
                        reason: reason(&said),
                        text: said.clone(),
                    };
                    refused.extend(lines[part].iter().map(of));
                }
                Err(Answer::Bad(_)) => {
                    let middle = part.start + part.len() / 2;
                    parts.extend([middle..part.end, part.start..middle]);
                }
            }
        }
        if refused.is_empty() { Ok(()) } else { Err(SinkError::Refused(refused)) }
    }
}

/// `… dropped=12`, as version 1 says.
fn dropped(said: &str) -> Option<usize> {
    let (_, rest) = said.split_once("dropped=")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

fn reason(said: &str) -> &'static str {
    let said = said.to_ascii_lowercase();
    let known = [
        ("type conflict", "a field of another type"),
        ("retention policy", "outside the retention policy"),
        ("max-values-per-tag", "too many series"),
        ("max-series", "too many series"),
        ("unable to parse", "a line that does not parse"),
    ];
    known.iter().find(|(words, _)| said.contains(words)).map_or("refused by InfluxDB", |(_, reason)| reason)
}

fn packed(lines: &str) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::with_capacity(lines.len() / 4), Compression::fast());
    packer.write_all(lines.as_bytes())?;
    packer.finish()
}

/// The innermost reason: the outer ones only say that a request failed.
fn root(error: &reqwest::Error) -> String {
    let mut error: &dyn std::error::Error = error;
    while let Some(inner) = error.source() {
        error = inner;
    }
    format!("InfluxDB does not answer: {error}")
}
