//! Trades of REST as messages of the stream. Nothing is asked for in here.
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A page of trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Messages as the stream would have brought them.
    pub messages: Vec<String>,
    /// The number from which, or before which, the next page is to be asked for.
    pub end: u64,
}

/// Reads `/aggTrades` of Binance, oldest first: those with a number in the range, each once and rising.
///
/// # Errors
/// What is wrong with it, in words.
pub fn sums(body: &[u8], name: &str, wanted: Range<u64>) -> Result<Page, String> {
    let mut page = Page { messages: Vec::new(), end: wanted.start };
    for row in read::<Vec<&RawValue>>(body)? {
        let id = id(row)?;
        if (page.end..wanted.end).contains(&id) {
            page.end = id + 1;
            page.messages.push(prefixed(&format!("\"e\":\"aggTrade\",\"s\":\"{name}\""), row));
        }
    }
    Ok(page)
}

/// Reads `/products/{id}/trades` of Coinbase Exchange, newest first: those with a number in the range, each once and falling.
///
/// # Errors
/// What is wrong with it, in words.
pub fn matches(body: &[u8], name: &str, wanted: Range<u64>) -> Result<Page, String> {
    let mut page = Page { messages: Vec::new(), end: wanted.end };
    for row in read::<Vec<&RawValue>>(body)? {
        let id = id(row)?;
        if (wanted.start..page.end).contains(&id) {
            page.messages.push(prefixed(&format!("\"type\":\"match\",\"product_id\":\"{name}\""), row));
        }
        page.end = page.end.min(id);
    }
    Ok(page)
}

/// Reads the ticker of Coinbase Advanced, whose trades come newest first: those with a number in the range, oldest first.
///
/// # Errors
/// What is wrong with it, in words.
pub fn last(body: &[u8], wanted: Range<u64>) -> Result<Vec<String>, String> {
    let ticker: Ticker<'_> = read(body)?;
    let mut messages = Vec::new();
    for row in ticker.trades.into_iter().rev() {
        if wanted.contains(&id(row)?) {
            let trade = row.get();
            messages.push(format!(
                "{{\"channel\":\"market_trades\",\"events\":[{{\"type\":\"update\",\"trades\":[{trade}]}}]}}"
            ));
        }
    }
    Ok(messages)
}

#[derive(Deserialize)]
struct Numbered {
    #[serde(alias = "a", alias = "trade_id", deserialize_with = "number")]
    id: u64,
}

#[derive(Deserialize)]
struct Ticker<'a> {
    #[serde(borrow)]
    trades: Vec<&'a RawValue>,
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("the answer does not read: {error}"))
}

fn id(row: &RawValue) -> Result<u64, String> {
    // An array would read as one too, field by field.
    if !row.get().starts_with('{') {
        return Err(format!("a trade that is no object: {:.40}", row.get()));
    }
    serde_json::from_str::<Numbered>(row.get())
        .map(|row| row.id)
        .map_err(|error| format!("a trade without a number: {error}"))
}

/// An object as a message of the stream: with the fields that only the stream has.
fn prefixed(fields: &str, row: &RawValue) -> String {
    format!("{{{fields},{}", row.get().trim_start().trim_start_matches('{'))
}

/// A whole number, in quotes or not.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = <&RawValue>::deserialize(from)?.get();
    text.trim_matches('"').parse().map_err(|_| serde::de::Error::custom(format!("{text} is no number")))
}
