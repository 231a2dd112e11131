//! Messages of Binance: spot and futures, the plain stream and the combined one, and the REST snapshot of a book.
use std::fmt;

use qframe_model::market::{Bar, Side};
use qframe_model::number::Rate;
use qframe_model::time::{Time, TimeFrame};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::frame::{Content, Feed, Frame, FrameFault, Top, Updates};
use super::json::{Field, Key, Room, Scalar, shortened};

/// The fields of a message, under the names that Binance gives them where those are clear.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    event: Scalar<'a>,
    event_time: Scalar<'a>,
    transaction_time: Scalar<'a>,
    symbol: Scalar<'a>,
    first: Scalar<'a>,
    last: Scalar<'a>,
    previous: Scalar<'a>,
    snapshot: Scalar<'a>,
    bid: Scalar<'a>,
    ask: Scalar<'a>,
    bid_quantity: Scalar<'a>,
    ask_quantity: Scalar<'a>,
    price: Scalar<'a>,
    quantity: Scalar<'a>,
    trade: Scalar<'a>,
    buyer_is_maker: Scalar<'a>,
    spot_only: Scalar<'a>,
    order_kind: Scalar<'a>,
    rate: Scalar<'a>,
    /// Few messages have one.
    bar: Option<Box<Kline<'a>>>,
}

/// The bar within a message.
#[derive(Debug, Default)]
struct Kline<'a> {
    open_time: Scalar<'a>,
    frame: Scalar<'a>,
    open: Scalar<'a>,
    high: Scalar<'a>,
    low: Scalar<'a>,
    close: Scalar<'a>,
    volume: Scalar<'a>,
    over: Scalar<'a>,
}

/// Reads a message; the levels go to the room.
pub(super) struct Reader<'r>(pub(super) &'r mut Room);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Message<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Message<'de>, D::Error> {
        let mut message = Message::default();
        from.deserialize_map(Fields { room: self.0, message: &mut message, inner: false })?;
        Ok(message)
    }
}

struct Fields<'r, 'm, 'de> {
    room: &'r mut Room,
    message: &'m mut Message<'de>,
    /// Within the `data` of a combined stream.
    inner: bool,
}

impl<'de> DeserializeSeed<'de> for Fields<'_, '_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, '_, 'de> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message of Binance")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { room, message, inner } = self;
        while let Some(key) = map.next_key_seed(Key)? {
            match key.as_bytes() {
                b"k" if message.event == Scalar::Text("kline") => {
                    message.bar = map.next_value_seed(KlineReader(room))?;
                }
                b"data" if !inner => map.next_value_seed(Fields { room, message, inner: true })?,
                key => match message.slot(key) {
                    Some((slot, side)) => *slot = map.next_value_seed(Field { room, side })?,
                    None => _ = map.next_value::<IgnoredAny>()?,
                },
            }
        }
        Ok(())
    }
}

/// Reads the bar of a message; `None` where something else has its name.
struct KlineReader<'r>(&'r mut Room);

impl<'de> DeserializeSeed<'de> for KlineReader<'_> {
    type Value = Option<Box<Kline<'de>>>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for KlineReader<'_> {
    type Value = Option<Box<Kline<'de>>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bar")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut bar = Box::<Kline<'de>>::default();
        while let Some(key) = map.next_key_seed(Key)? {
            let slot = match key.as_bytes() {
                b"t" => &mut bar.open_time,
                b"i" => &mut bar.frame,
                b"o" => &mut bar.open,
                b"h" => &mut bar.high,
                b"l" => &mut bar.low,
                b"c" => &mut bar.close,
                b"v" => &mut bar.volume,
                b"x" => &mut bar.over,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *slot = map.next_value_seed(Field { room: self.0, side: None })?;
        }
        Ok(Some(bar))
    }
}

impl<'a> Message<'a> {
    /// Where the value of a field goes, and whose levels it may hold.
    #[inline]
    pub(super) fn slot(&mut self, key: &[u8]) -> Option<(&mut Scalar<'a>, Option<Side>)> {
        Some(match key {
            b"e" => (&mut self.event, None),
            b"E" => (&mut self.event_time, None),
            b"T" => (&mut self.transaction_time, None),
            b"s" | b"symbol" => (&mut self.symbol, None),
            b"U" => (&mut self.first, None),
            b"u" => (&mut self.last, None),
            b"pu" => (&mut self.previous, None),
            b"lastUpdateId" => (&mut self.snapshot, None),
            b"b" | b"bids" => (&mut self.bid, Some(Side::Buy)),
            b"a" | b"asks" => (&mut self.ask, Some(Side::Sell)),
            b"B" => (&mut self.bid_quantity, None),
            b"A" => (&mut self.ask_quantity, None),
            b"p" => (&mut self.price, None),
            b"q" => (&mut self.quantity, None),
            b"t" => (&mut self.trade, None),
            b"m" => (&mut self.buyer_is_maker, None),
            b"M" => (&mut self.spot_only, None),
            b"X" => (&mut self.order_kind, None),
            b"r" => (&mut self.rate, None),
            _ => return None,
        })
    }

    /// The kind of the message, where it is one of Binance. The best quote of the spot market has no name.
    fn event(&self) -> Option<&'a str> {
        match self.event {
            Scalar::Text(event) => Some(event),
            _ if !self.last.is_absent() && !self.bid_quantity.is_absent() => Some("bookTicker"),
            _ => None,
        }
    }

    /// True where it is a message of Binance.
    pub(super) fn is_known(&self) -> bool {
        !self.snapshot.is_absent() || self.event().is_some()
    }

    /// What the message says, once its levels are in `room`.
    pub(super) fn frame(&self, room: &'a Room) -> Result<Frame<'a>, FrameFault> {
        let event = match self.event() {
            _ if !self.snapshot.is_absent() => return self.snapshot(room),
            Some(event) => event,
            None => return Err(FrameFault::Field("e")),
        };
        let content = match event {
            "depthUpdate" => self.diff(room)?,
            "bookTicker" => self.quote()?,
            "trade" | "aggTrade" => self.trade(event)?,
            "kline" => self.bar(event)?,
            "markPriceUpdate" => self.mark(event)?,
            _ => Content::Other(event),
        };
        let spot = match event {
            "depthUpdate" => self.previous.is_absent(),
            "bookTicker" => self.event.is_absent(),
            _ => !self.spot_only.is_absent(),
        };
        let feed = if spot { Feed::BinanceSpot } else { Feed::BinanceFutures };
        // Liquidations and other kinds may keep their symbol elsewhere: nobody needs it.
        let name = if matches!(content, Content::Other(_)) { "" } else { self.symbol.text("s")? };
        let frame = self.of(feed, name, content);
        // What stands where others have the time of the trade is when funding falls due.
        let is_mark = matches!(content, Content::Mark { .. });
        Ok(if is_mark { Frame { time: time(self.event_time), ..frame } } else { frame })
    }

    fn of(&self, feed: Feed, name: &'a str, content: Content<'a>) -> Frame<'a> {
        let time = [self.transaction_time, self.event_time].into_iter().find_map(time);
        Frame { feed, name, time, message: None, part: 0, content }
    }

    fn snapshot(&self, room: &'a Room) -> Result<Frame<'a>, FrameFault> {
        self.need_levels("bids", "asks")?;
        let last = Some(self.snapshot.whole("lastUpdateId")?);
        let feed = if self.event_time.is_absent() { Feed::BinanceSpot } else { Feed::BinanceFutures };
        let name = self.symbol.text("symbol").unwrap_or_default();
        Ok(self.of(feed, name, Content::Snapshot { last, changes: &room.changes }))
    }

    fn diff(&self, room: &'a Room) -> Result<Content<'a>, FrameFault> {
        self.need_levels("b", "a")?;
        let previous = if self.previous.is_absent() { None } else { Some(self.previous.whole("pu")?) };
        let updates = Updates { first: self.first.whole("U")?, last: self.last.whole("u")?, previous };
        if updates.first > updates.last {
            return Err(FrameFault::Field("U"));
        }
        Ok(Content::Diff { updates: Some(updates), changes: &room.changes })
    }

    fn need_levels(&self, bids: &'static str, asks: &'static str) -> Result<(), FrameFault> {
        for (field, name) in [(self.bid, bids), (self.ask, asks)] {
            if field != Scalar::Levels {
                return Err(FrameFault::Field(name));
            }
        }
        Ok(())
    }

    fn quote(&self) -> Result<Content<'a>, FrameFault> {
        Ok(Content::Quote(Top {
            update: Some(self.last.whole("u")?),
            bid: self.bid.price("b")?,
            bid_quantity: Some(self.bid_quantity.volume("B")?),
            ask: self.ask.price("a")?,
            ask_quantity: Some(self.ask_quantity.volume("A")?),
        }))
    }

    fn trade(&self, event: &'a str) -> Result<Content<'a>, FrameFault> {
        // Futures also report what no order traded: the insurance fund, deleveraging, and rows without a price.
        if matches!(self.order_kind, Scalar::Text(kind) if kind != "MARKET") {
            return Ok(Content::Other("trade outside the book"));
        }
        let aggregate = event == "aggTrade";
        let id = if aggregate { self.ask.whole("a")? } else { self.trade.whole("t")? };
        Ok(Content::Trade {
            id,
            price: self.price.price("p")?,
            quantity: self.quantity.volume("q")?,
            side: if self.buyer_is_maker.flag("m")? { Side::Sell } else { Side::Buy },
            aggregate,
        })
    }
}

impl<'a> Message<'a> {
    /// A bar; one of a month is none of ours.
    fn bar(&self, event: &'a str) -> Result<Content<'a>, FrameFault> {
        let kline = self.bar.as_deref().ok_or(FrameFault::Field("k"))?;
        let Ok(frame) = kline.frame.text("i")?.parse::<TimeFrame>() else { return Ok(Content::Other(event)) };
        let bar = Bar {
            time: time(kline.open_time).ok_or(FrameFault::Field("t"))?,
            open: kline.open.price("o")?,
            high: kline.high.price("h")?,
            low: kline.low.price("l")?,
            close: kline.close.price("c")?,
            volume: kline.volume.volume("v")?,
        };
        Ok(Content::Bar { bar, frame, over: kline.over.flag("x")? })
    }

    /// The mark price; a future that expires has no funding.
    fn mark(&self, event: &'a str) -> Result<Content<'a>, FrameFault> {
        let text = self.rate.text("r")?;
        let due = time(self.transaction_time).ok_or(FrameFault::Field("T"))?;
        if text.is_empty() || due == Time::EPOCH {
            return Ok(Content::Other(event));
        }
        let rate: Rate = text.parse().map_err(|_| FrameFault::Number("r", shortened(text)))?;
        Ok(Content::Mark { mark: self.price.price("p")?, rate, due })
    }
}

/// Milliseconds since the epoch, or microseconds where the stream was asked for those.
fn time(field: Scalar<'_>) -> Option<Time> {
    /// Milliseconds reach this in the year 5138.
    const MICROSECONDS_FROM: u64 = 100_000_000_000_000;
    let value = field.whole("E").ok()?;
    let nanos = value.checked_mul(if value < MICROSECONDS_FROM { 1_000_000 } else { 1_000 })?;
    i64::try_from(nanos).ok().map(Time::from_nanos)
}
