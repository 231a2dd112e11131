//! Rows of candles as exchanges write them: arrays of numbers and of numbers in quotes.
use std::fmt;

use qframe_model::market::Bar;
use qframe_model::number::{NumberError, Price, Volume};
use qframe_model::time::Time;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A number, in quotes or not, as exact as it is written.
pub(super) struct Exact<T>(pub(super) T);

impl<'de, T: std::str::FromStr<Err: fmt::Display>> Deserialize<'de> for Exact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        text.trim_matches('"').parse().map(Self).map_err(|error| de::Error::custom(format!("{text}: {error}")))
    }
}

/// An upper bound; `None` for one that is beyond all that the number holds, which bounds nothing.
pub(super) struct Highest<T>(pub(super) Option<T>);

impl<'de, T: std::str::FromStr<Err = NumberError>> Deserialize<'de> for Highest<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        match text.trim_matches('"').parse() {
            Ok(bound) => Ok(Self(Some(bound))),
            Err(NumberError::TooLarge { .. }) if !text.contains('-') => Ok(Self(None)),
            Err(error) => Err(de::Error::custom(format!("{text}: {error}"))),
        }
    }
}

/// `[time in ms, open, high, low, close, volume, …]`: Binance.
pub(super) struct Kline(pub(super) Bar);

/// `[time in s, low, high, open, close, volume]`: Coinbase Exchange.
pub(super) struct Candle(pub(super) Bar);

impl<'de> Deserialize<'de> for Kline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (time, [open, high, low, close], volume) = deserializer.deserialize_seq(Row)?;
        let time = of_millis(time).ok_or_else(|| de::Error::custom(format!("{time} ms: no time")))?;
        Ok(Self(Bar { time, open, high, low, close, volume }))
    }
}

impl<'de> Deserialize<'de> for Candle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (time, [low, high, open, close], volume) = deserializer.deserialize_seq(Row)?;
        Ok(Self(Bar { time: Time::from_seconds(time), open, high, low, close, volume }))
    }
}

/// A time of milliseconds since the epoch; `None` outside what a [`Time`] holds.
pub(super) fn of_millis(millis: i64) -> Option<Time> {
    millis.checked_mul(1_000_000).map(Time::from_nanos)
}

/// A time, four prices, a volume; what follows is passed over.
struct Row;

impl<'de> Visitor<'de> for Row {
    type Value = (i64, [Price; 4], Volume);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time, four prices and a volume")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut row: A) -> Result<Self::Value, A::Error> {
        let short = || de::Error::custom("the row is short");
        let time = row.next_element()?.ok_or_else(short)?;
        let mut prices = [Price::ZERO; 4];
        for price in &mut prices {
            *price = row.next_element::<Exact<Price>>()?.ok_or_else(short)?.0;
        }
        let Exact(volume) = row.next_element()?.ok_or_else(short)?;
        while row.next_element::<IgnoredAny>()?.is_some() {}
        Ok((time, prices, volume))
    }
}
