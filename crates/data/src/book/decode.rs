//! Raw messages to frames: no input, no clock, no allocation for the messages that come often.
use serde::de::DeserializeSeed;

use super::frame::{Frame, FrameFault};
use super::json::{Room, shortened};
use super::{binance, coinbase, quick};

type Json<'a> = serde_json::Deserializer<serde_json::de::StrRead<'a>>;

/// Decodes messages of Binance and Coinbase. It keeps the room for levels from one message to the next.
#[derive(Debug, Default)]
pub struct Decoder {
    room: Room,
}

impl Decoder {
    /// Hands out the frames of one message; one that is known by its form but of no use here is [`Content::Other`]. Which
    /// exchange it is from, the fields tell.
    ///
    /// A list of messages is none, and no frame is handed out for a message with a fault in it.
    ///
    /// # Errors
    /// [`FrameFault`] where the bytes are no JSON object, or a known message lacks something.
    ///
    /// [`Content::Other`]: super::Content::Other
    pub fn decode<'a>(&'a mut self, raw: &'a [u8], take: impl FnMut(Frame<'a>)) -> Result<(), FrameFault> {
        let text = std::str::from_utf8(raw).map_err(|error| FrameFault::NotJson(error.to_string()))?;
        if !is_coinbase(text) {
            self.room.clear();
            let message = match quick::read(text, &mut self.room) {
                Some(message) => message,
                None => parse(text, &mut self.room, |room, json| binance::Reader(room).deserialize(json))?,
            };
            if message.is_known() {
                message.frame(&self.room).map(take)?;
                return Ok(());
            }
        }
        let object = parse(text, &mut self.room, |room, json| coinbase::Reader { room, depth: 0 }.deserialize(json))?;
        object.frames(&self.room).map(|frames| frames.into_iter().for_each(take))
    }
}

/// True where the first field is one with which Coinbase begins its messages.
fn is_coinbase(text: &str) -> bool {
    let body = text.trim_ascii_start().strip_prefix('{').unwrap_or_default().trim_ascii_start();
    ["\"type\"", "\"channel\""].iter().any(|key| body.starts_with(key))
}

/// Reads one JSON object and nothing behind it.
fn parse<'a, T>(
    text: &'a str,
    room: &mut Room,
    read: impl FnOnce(&mut Room, &mut Json<'a>) -> Result<T, serde_json::Error>,
) -> Result<T, FrameFault> {
    room.clear();
    let mut json = Json::from_str(text);
    let value = read(room, &mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| room.fault.take().unwrap_or_else(|| FrameFault::NotJson(shortened(&error.to_string()))))
}
