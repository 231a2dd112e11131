//! A request as it came, and its parameters.
use std::str::FromStr;

use qframe_model::number::NumberError;
use serde_json::Value;

use super::error::Fault;

/// A request of HTTP.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `POST`.
    pub method: String,
    /// The header `Host`.
    pub host: String,
    /// `/api/v3/brokerage/orders`.
    pub path: String,
    /// The query as it was sent.
    pub query: String,
    /// The header `Authorization`, without its `Bearer`.
    pub token: Option<String>,
    /// The body as it was sent.
    pub body: String,
}

/// The parameters of a query; a name may stand there several times.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn new(text: &str) -> Self {
        // The library's form decoder hangs on an address.
        let address = reqwest::Url::parse(&format!("http://here/?{text}"));
        Self(address.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default())
    }

    /// The last value of a name; an empty one is none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a name, also where they stand in one with commas between them.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.0.iter().filter(|(known, _)| known == name || known.strip_suffix("[]") == Some(name));
        values.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty()).collect()
    }

    pub(super) fn need(&self, name: &'static str) -> Result<&str, Fault> {
        self.get(name).ok_or_else(|| Fault::Argument(format!("{name} is required")))
    }

    pub(super) fn whole<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, Fault> {
        let read = |text: &str| {
            let refused = || Fault::Argument(format!("{name} is {text:?}, expected a whole number"));
            text.parse().map_err(|_| refused())
        };
        self.get(name).map(read).transpose()
    }

    /// How many rows are asked for.
    pub(super) fn limit(&self, usual: usize, most: usize) -> Result<usize, Fault> {
        Ok(self.whole::<usize>("limit")?.unwrap_or(usual).clamp(1, most))
    }
}

/// The body as JSON.
pub(super) fn body(text: &str) -> Result<Value, Fault> {
    let read = serde_json::from_str::<Value>(text).ok().filter(Value::is_object);
    read.ok_or_else(|| Fault::Argument("the body is no JSON object".to_owned()))
}

/// A text of a body that must be there.
pub(super) fn text<'b>(body: &'b Value, name: &'static str) -> Result<&'b str, Fault> {
    let found = body[name].as_str().filter(|text| !text.is_empty());
    found.ok_or_else(|| Fault::Argument(format!("{name} is required")))
}

/// A decimal of a body; `None` where it is not there.
pub(super) fn decimal<T: FromStr<Err = NumberError>>(body: &Value, name: &'static str) -> Result<Option<T>, Fault> {
    let text = match &body[name] {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(Fault::Argument(format!("{name} is no decimal"))),
    };
    text.parse().map(Some).map_err(|error: NumberError| Fault::Argument(format!("{name}: {error}")))
}

/// A decimal of a body that must be there.
pub(super) fn need_decimal<T: FromStr<Err = NumberError>>(body: &Value, name: &'static str) -> Result<T, Fault> {
    decimal(body, name)?.ok_or_else(|| Fault::Argument(format!("{name} is required")))
}
