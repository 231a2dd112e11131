//! Messages of Coinbase: the Exchange feed (one fact each, with a `type`) and Advanced Trade (a `channel` with events).
use std::fmt;
use std::ops::Range;

use qframe_model::market::{Bar, Side};
use qframe_model::time::{Span, Time, TimeFrame};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::frame::{Change, Content, Feed, Frame, FrameFault, Top};
use super::json::{Field, Key, Objects, Room, Scalar, Triples, side_of};

/// The fields of an object of either feed: a message, an event in it, or an entry of an event.
#[derive(Debug, Default)]
pub(super) struct Object<'a> {
    kind: Scalar<'a>,
    product: Scalar<'a>,
    time: Scalar<'a>,
    price: Scalar<'a>,
    size: Scalar<'a>,
    side: Scalar<'a>,
    trade: Scalar<'a>,
    best_bid: Scalar<'a>,
    best_ask: Scalar<'a>,
    bid_size: Scalar<'a>,
    ask_size: Scalar<'a>,
    bids: Scalar<'a>,
    asks: Scalar<'a>,
    changes: Scalar<'a>,
    channel: Scalar<'a>,
    timestamp: Scalar<'a>,
    sequence: Scalar<'a>,
    candle: Candle<'a>,
    /// Where its levels are in the room.
    levels: Range<usize>,
    /// Its events, trades or tickers.
    entries: Vec<Object<'a>>,
}

/// What only candles have.
#[derive(Debug, Default)]
struct Candle<'a> {
    start: Scalar<'a>,
    open: Scalar<'a>,
    high: Scalar<'a>,
    low: Scalar<'a>,
    close: Scalar<'a>,
    volume: Scalar<'a>,
}

/// Reads an object; its levels go to the room.
pub(super) struct Reader<'r> {
    pub(super) room: &'r mut Room,
    /// How many objects it is in: a message 0, an event 1, an entry 2.
    pub(super) depth: u8,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Object<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Object<'de>, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Object<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message of Coinbase")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let Self { room, depth } = self;
        room.begin()?;
        let mut object = Object::default();
        let from = room.changes.len();
        while let Some(key) = map.next_key_seed(Key)? {
            match key.as_bytes() {
                b"changes" => object.changes = map.next_value_seed(Triples(room))?,
                b"updates" if depth == 1 => object.changes = map.next_value_seed(Objects(room))?,
                b"events" if depth == 0 => map.next_value_seed(Entries { room, depth: 1, to: &mut object.entries })?,
                b"trades" | b"tickers" | b"candles" if depth == 1 => {
                    map.next_value_seed(Entries { room, depth: 2, to: &mut object.entries })?;
                }
                _ => match object.slot(key) {
                    Some((slot, side)) => *slot = map.next_value_seed(Field { room, side })?,
                    None => _ = map.next_value::<IgnoredAny>()?,
                },
            }
        }
        object.levels = from..room.changes.len();
        Ok(object)
    }
}

struct Entries<'r, 'e, 'de> {
    room: &'r mut Room,
    depth: u8,
    to: &'e mut Vec<Object<'de>>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element_seed(Reader { room: self.room, depth: self.depth })? {
            self.to.push(entry);
        }
        Ok(())
    }
}

impl<'a> Object<'a> {
    fn slot(&mut self, key: &str) -> Option<(&mut Scalar<'a>, Option<Side>)> {
        let slot = match key.as_bytes() {
            b"type" => &mut self.kind,
            b"product_id" => &mut self.product,
            b"time" => &mut self.time,
            b"price" => &mut self.price,
            b"size" => &mut self.size,
            b"side" => &mut self.side,
            b"trade_id" => &mut self.trade,
            b"best_bid" => &mut self.best_bid,
            b"best_ask" => &mut self.best_ask,
            b"best_bid_size" | b"best_bid_quantity" => &mut self.bid_size,
            b"best_ask_size" | b"best_ask_quantity" => &mut self.ask_size,
            b"bids" => return Some((&mut self.bids, Some(Side::Buy))),
            b"asks" => return Some((&mut self.asks, Some(Side::Sell))),
            b"channel" => &mut self.channel,
            b"timestamp" => &mut self.timestamp,
            b"sequence_num" => &mut self.sequence,
            b"start" => &mut self.candle.start,
            b"open" => &mut self.candle.open,
            b"high" => &mut self.candle.high,
            b"low" => &mut self.candle.low,
            b"close" => &mut self.candle.close,
            b"volume" => &mut self.candle.volume,
            _ => return None,
        };
        Some((slot, None))
    }

    /// What the message says, once its levels are in `room`. An object that is no message of any feed has no kind.
    pub(super) fn frames(&self, room: &'a Room) -> Result<Vec<Frame<'a>>, FrameFault> {
        match (self.channel, self.kind) {
            (Scalar::Text(channel), _) => self.advanced(channel, room),
            (_, Scalar::Text(kind)) => self.exchange(kind, room).map(|frame| vec![frame]),
            _ => self.exchange("no kind", room).map(|frame| vec![frame]),
        }
    }

    fn exchange(&self, kind: &'a str, room: &'a Room) -> Result<Frame<'a>, FrameFault> {
        let content = match kind {
            "snapshot" if self.bids == Scalar::Levels && self.asks == Scalar::Levels => {
                Content::Snapshot { last: None, changes: &room.changes }
            }
            "snapshot" => return Err(FrameFault::Field("bids")),
            "l2update" if self.changes == Scalar::Levels => Content::Diff { updates: None, changes: &room.changes },
            "l2update" => return Err(FrameFault::Field("changes")),
            "ticker" => self.quote()?,
            "match" => self.trade()?,
            _ => Content::Other(kind),
        };
        let known = !matches!(content, Content::Other(_));
        let name = if known { self.product.text("product_id")? } else { "" };
        let time = stamp(self.time, "time")?;
        Ok(Frame { feed: Feed::CoinbaseExchange, name, time, message: None, part: 0, content })
    }

    fn advanced(&self, channel: &'a str, room: &'a Room) -> Result<Vec<Frame<'a>>, FrameFault> {
        let feed = Feed::CoinbaseAdvanced;
        let sent = stamp(self.timestamp, "timestamp")?;
        let message = if self.sequence.is_absent() { None } else { Some(self.sequence.whole("sequence_num")?) };
        let mut frames = Vec::with_capacity(self.entries.len().max(1));
        for event in &self.entries {
            event.facts(channel, room, &mut |name, time: Option<Time>, content| {
                let part = u32::try_from(frames.len()).unwrap_or(u32::MAX);
                frames.push(Frame { feed, name, time: time.or(sent), message, part, content });
            })?;
        }
        // Every message counts in the sequence, also one that says nothing of a market.
        if frames.is_empty() {
            frames.push(Frame { feed, name: "", time: sent, message, part: 0, content: Content::Other(channel) });
        }
        Ok(frames)
    }

    /// What one event of a channel says: of which product, when, what.
    fn facts(
        &self,
        channel: &str,
        room: &'a Room,
        take: &mut impl FnMut(&'a str, Option<Time>, Content<'a>),
    ) -> Result<(), FrameFault> {
        match (channel, self.kind) {
            ("l2_data", Scalar::Text("snapshot")) => {
                let content = Content::Snapshot { last: None, changes: self.changes(room)? };
                take(self.product.text("product_id")?, None, content);
            }
            ("l2_data", Scalar::Text("update")) => {
                let content = Content::Diff { updates: None, changes: self.changes(room)? };
                take(self.product.text("product_id")?, None, content);
            }
            ("l2_data", _) => return Err(FrameFault::Field("type")),
            // A snapshot of trades repeats those before the subscription.
            ("market_trades", Scalar::Text("update")) => {
                // The newest stands first.
                for trade in self.entries.iter().rev() {
                    take(trade.product.text("product_id")?, stamp(trade.time, "time")?, trade.trade()?);
                }
            }
            // The newest stands first; the snapshot holds the last hours.
            ("candles", _) => {
                for candle in self.entries.iter().rev() {
                    take(candle.product.text("product_id")?, None, candle.candle.bar()?);
                }
            }
            ("ticker" | "ticker_batch", _) => {
                for ticker in &self.entries {
                    take(ticker.product.text("product_id")?, None, ticker.quote()?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn changes(&self, room: &'a Room) -> Result<&'a [Change], FrameFault> {
        let changes = room.changes.get(self.levels.clone()).filter(|_| self.changes == Scalar::Levels);
        changes.ok_or(FrameFault::Field("updates"))
    }

    fn quote(&self) -> Result<Content<'a>, FrameFault> {
        let size = |size: Scalar<'a>, name| if size.is_absent() { Ok(None) } else { size.volume(name).map(Some) };
        Ok(Content::Quote(Top {
            update: None,
            bid: self.best_bid.price("best_bid")?,
            bid_quantity: size(self.bid_size, "size of the best bid")?,
            ask: self.best_ask.price("best_ask")?,
            ask_quantity: size(self.ask_size, "size of the best ask")?,
        }))
    }

    fn trade(&self) -> Result<Content<'a>, FrameFault> {
        let maker = side_of(self.side.text("side")?).ok_or(FrameFault::Field("side"))?;
        Ok(Content::Trade {
            id: self.trade.whole("trade_id")?,
            price: self.price.price("price")?,
            quantity: self.size.volume("size")?,
            side: maker.opposite(),
            aggregate: false,
        })
    }
}

impl<'a> Candle<'a> {
    /// The channel has bars of five minutes, and does not say when one is over.
    fn bar(&self) -> Result<Content<'a>, FrameFault> {
        const FIVE_MINUTES: u32 = 300;
        let seconds = i64::try_from(self.start.whole("start")?).ok().filter(|seconds| *seconds < 1 << 33);
        let bar = Bar {
            time: Time::from_seconds(seconds.ok_or(FrameFault::Field("start"))?),
            open: self.open.price("open")?,
            high: self.high.price("high")?,
            low: self.low.price("low")?,
            close: self.close.price("close")?,
            volume: self.volume.volume("volume")?,
        };
        let frame = TimeFrame::from_seconds(FIVE_MINUTES).ok_or(FrameFault::Field("start"))?;
        Ok(Content::Bar { bar, frame, over: false })
    }
}

/// An RFC 3339 instant; `None` where there is none.
fn stamp(field: Scalar<'_>, name: &'static str) -> Result<Option<Time>, FrameFault> {
    let Scalar::Text(text) = field else { return Ok(None) };
    let time = utc(text).or_else(|| text.parse().ok());
    time.map(Some).ok_or(FrameFault::Field(name))
}

/// `2021-04-17T16:43:37.077736Z`, the one form that the feeds use, without a calendar's care for others.
fn utc(text: &str) -> Option<Time> {
    let bytes = text.strip_suffix('Z')?.as_bytes();
    let number = |range: Range<usize>| {
        let digits = bytes.get(range)?;
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| digits.iter().fold(0i64, |sum, byte| sum * 10 + i64::from(byte - b'0')))
    };
    let dividers = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if dividers.iter().any(|(place, byte)| bytes.get(*place) != Some(byte)) {
        return None;
    }
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = match bytes.len() {
        19 => 0,
        21..=29 if bytes[19] == b'.' => number(20..bytes.len())? * 10i64.pow(29 - u32::try_from(bytes.len()).ok()?),
        _ => return None,
    };
    let midnight = Time::from_date(
        i32::try_from(number(0..4)?).ok()?,
        u32::try_from(number(5..7)?).ok()?,
        u32::try_from(number(8..10)?).ok()?,
    )?;
    Some(midnight + Span::from_nanos((hour * 3_600 + minute * 60 + second) * 1_000_000_000 + nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_reads_a_time_as_the_long_one() {
        for text in [
            "2021-04-17T16:43:37Z",
            "2021-04-17T16:43:37.5Z",
            "2026-09-30T02:39:53.798423713Z",
            "2026-06-14T05:54:18.66623968Z",
        ] {
            assert_eq!(utc(text), text.parse().ok(), "{text}");
        }
        for text in
            ["", "Z", "2021-04-17T16:43Z", "2021-13-17T16:43:37Z", "2021-04-17T24:00:00Z", "2021-04-17T16:43:3７Z"]
        {
            assert_eq!(utc(text), None, "{text}");
        }
    }
}
