//! What a client of streams says: in the address that it opens, and in messages. Nothing is carried out in here.
use serde_json::{Value, json};

/// A message of a client, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// `SUBSCRIBE` to these streams.
    Subscribe(Vec<String>),
    /// `UNSUBSCRIBE` from these.
    Unsubscribe(Vec<String>),
    /// `LIST_SUBSCRIPTIONS`.
    List,
    /// `SET_PROPERTY`: true where frames are to tell their stream.
    Combined(bool),
}

/// Understands a message: its `id`, and what it wants.
///
/// # Errors
/// The answer that refuses it.
pub fn read(text: &str) -> Result<(Value, Control), Value> {
    let Ok(asked) = serde_json::from_str::<Value>(text) else {
        return Err(refused(&Value::Null, "Invalid JSON: expected value at line 1 column 1"));
    };
    let id = asked["id"].clone();
    let names = || {
        let all = asked["params"].as_array().into_iter().flatten();
        let names: Option<Vec<String>> = all.map(|name| name.as_str().map(str::to_owned)).collect();
        names.ok_or_else(|| refused(&id, "Invalid request: expected an array of the names of streams in params"))
    };
    let control = match asked["method"].as_str() {
        Some("SUBSCRIBE") => Control::Subscribe(names()?),
        Some("UNSUBSCRIBE") => Control::Unsubscribe(names()?),
        Some("LIST_SUBSCRIPTIONS") => Control::List,
        Some("SET_PROPERTY") => match (asked["params"][0].as_str(), asked["params"][1].as_bool()) {
            (Some("combined"), Some(combined)) => Control::Combined(combined),
            _ => return Err(refused(&id, "Invalid request: expected [\"combined\", true]")),
        },
        _ => {
            let expected = "Invalid request: unknown variant; expected SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS";
            return Err(refused(&id, expected));
        }
    };
    Ok((id, control))
}

/// The streams that an address names, in its path, in `streams` and in `listenKey`.
#[must_use]
pub fn names(path: &str, query: &str) -> Vec<String> {
    let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap_or("");
    let streams = of("streams=").replace("%2F", "/").replace("%40", "@").replace("%21", "!");
    let all = path.split('/').skip(2).chain(streams.split('/')).chain([of("listenKey=")]);
    all.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The refusal of a message.
#[must_use]
pub fn refused(id: &Value, text: &str) -> Value {
    json!({ "error": { "code": 2, "msg": text }, "id": id })
}
