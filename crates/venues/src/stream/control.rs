//! Messages that are about the connection, not about a market. They come seldom, so that nothing here has to be fast.
use serde::Deserialize;

/// What such a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Control {
    /// A subscription is taken; of Binance, which.
    Taken(Option<u64>),
    /// The exchange refuses something, in its words.
    Refused(String),
    /// The exchange is there, and this was its last trade of a product.
    Heartbeat(Option<(String, u64)>),
    /// The exchange is about to end the connection.
    Leaving,
    /// Nothing that matters here.
    Nothing,
}

#[derive(Default, Deserialize)]
struct Said {
    #[serde(rename = "type")]
    kind: Option<String>,
    channel: Option<String>,
    id: Option<serde_json::Value>,
    error: Option<Failure>,
    code: Option<i64>,
    msg: Option<String>,
    message: Option<String>,
    reason: Option<String>,
    product_id: Option<String>,
    last_trade_id: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Failure {
    code: Option<i64>,
    msg: Option<String>,
}

/// Reads a message of which the decoder knows no more than that it is none of a market; `kind` is what it is called there.
pub(super) fn read(kind: &str, raw: &[u8]) -> Control {
    match kind {
        "serverShutdown" => return Control::Leaving,
        "no kind" | "error" | "subscriptions" | "heartbeat" | "heartbeats" => {}
        _ => return Control::Nothing,
    }
    let said: Said = serde_json::from_slice(raw).unwrap_or_default();
    match (said.kind.as_deref().or(said.channel.as_deref()), said.error, said.code) {
        (Some("subscriptions"), ..) => Control::Taken(None),
        (Some("heartbeat" | "heartbeats"), ..) => Control::Heartbeat(said.product_id.zip(said.last_trade_id)),
        (Some("error"), ..) => {
            let parts = [said.message, said.reason].into_iter().flatten();
            Control::Refused(shortened(&parts.collect::<Vec<_>>().join(": ")))
        }
        (None, Some(failure), _) => Control::Refused(refusal(failure.code, failure.msg)),
        (None, None, Some(code)) => Control::Refused(refusal(Some(code), said.msg)),
        (None, None, None) => said.id.map_or(Control::Nothing, |id| Control::Taken(id.as_u64())),
        _ => Control::Nothing,
    }
}

fn refusal(code: Option<i64>, message: Option<String>) -> String {
    let message = message.unwrap_or_else(|| "no reason given".to_owned());
    code.map_or_else(|| shortened(&message), |code| format!("code {code}: {}", shortened(&message)))
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_the_connection() {
        let check =
            |kind: &str, raw: &str, expected: Control| assert_eq!(read(kind, raw.as_bytes()), expected, "{raw}");
        check("no kind", r#"{"result":null,"id":3}"#, Control::Taken(Some(3)));
        check("no kind", r#"{"id":"x","result":[]}"#, Control::Taken(None));
        let refused = |text: &str| Control::Refused(text.to_owned());
        check("no kind", r#"{"error":{"code":2,"msg":"Invalid request"},"id":1}"#, refused("code 2: Invalid request"));
        check("no kind", r#"{"code":0,"msg":"Unknown property"}"#, refused("code 0: Unknown property"));
        check("no kind", "{}", Control::Nothing);
        check(
            "error",
            r#"{"type":"error","message":"Failed to subscribe","reason":"X-Y is not a valid product"}"#,
            refused("Failed to subscribe: X-Y is not a valid product"),
        );
        check("subscriptions", r#"{"type":"subscriptions","channels":[]}"#, Control::Taken(None));
        check("subscriptions", r#"{"channel":"subscriptions","events":[]}"#, Control::Taken(None));
        check("heartbeats", r#"{"channel":"heartbeats","events":[]}"#, Control::Heartbeat(None));
        let last = Control::Heartbeat(Some(("A-B".to_owned(), 7)));
        check("heartbeat", r#"{"type":"heartbeat","last_trade_id":7,"product_id":"A-B"}"#, last);
        check("serverShutdown", r#"{"e":"serverShutdown"}"#, Control::Leaving);
        check("24hrTicker", r#"{"e":"24hrTicker"}"#, Control::Nothing);
    }
}
