//! Fields of a JSON object as exchanges write them, borrowed from the message: text, whole numbers, flags and levels.
//!
//! Nothing is refused here for being of another form than usual: whoever needs the field says so. A message of an
//! unknown kind is then no error, and unknown fields cost no memory.
use std::fmt;

use qframe_model::market::{Level, Side};
use qframe_model::number::{Price, Volume};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::frame::{Change, FrameFault};

/// One value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Scalar<'a> {
    /// Not there, or of another form: an object, a fraction, `null`.
    #[default]
    Absent,
    /// A text without escapes.
    Text(&'a str),
    /// A whole number from zero.
    Whole(u64),
    /// True or false.
    Flag(bool),
    /// Levels: they are in the [`Room`].
    Levels,
}

impl<'a> Scalar<'a> {
    pub(super) const fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }

    pub(super) fn text(self, field: &'static str) -> Result<&'a str, FrameFault> {
        if let Self::Text(text) = self { Ok(text) } else { Err(FrameFault::Field(field)) }
    }

    /// A whole number, also one in quotes.
    pub(super) fn whole(self, field: &'static str) -> Result<u64, FrameFault> {
        match self {
            Self::Whole(value) => Ok(value),
            Self::Text(text) => text.parse().map_err(|_| FrameFault::Number(field, shortened(text))),
            _ => Err(FrameFault::Field(field)),
        }
    }

    pub(super) fn flag(self, field: &'static str) -> Result<bool, FrameFault> {
        if let Self::Flag(flag) = self { Ok(flag) } else { Err(FrameFault::Field(field)) }
    }

    pub(super) fn price(self, field: &'static str) -> Result<Price, FrameFault> {
        let text = self.text(field)?;
        price(text).ok_or_else(|| FrameFault::Number(field, shortened(text)))
    }

    pub(super) fn volume(self, field: &'static str) -> Result<Volume, FrameFault> {
        let text = self.text(field)?;
        volume(text).ok_or_else(|| FrameFault::Number(field, shortened(text)))
    }
}

/// At most 80 characters of a text.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Digits with at most one point: all of them as one number, and how many stand behind the point.
#[inline]
fn plain(text: &str) -> Option<(u64, usize)> {
    let bytes = text.as_bytes();
    // Up to 19 digits fit whatever they are.
    if bytes.is_empty() || bytes.len() > 20 {
        return None;
    }
    let (mut digits, mut point) = (0u64, None);
    for (place, byte) in bytes.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
        } else if *byte == b'.' && point.is_none() {
            point = Some(place);
        } else {
            return None;
        }
    }
    match point {
        Some(place) if bytes.len() > 1 => Some((digits, bytes.len() - place - 1)),
        None if bytes.len() < 20 => Some((digits, 0)),
        _ => None,
    }
}

pub(super) const POWERS: [u64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// A price from zero up; anything unusual (an exponent, many zeros) goes the careful way.
#[inline]
fn price(text: &str) -> Option<Price> {
    let fast = plain(text).and_then(|(digits, decimals)| {
        let power = *POWERS.get(9usize.checked_sub(decimals)?)?;
        i64::try_from(digits.checked_mul(power)?).ok().map(Price::from_nanos)
    });
    fast.or_else(|| text.parse().ok()).filter(|price| !price.is_negative())
}

/// A quantity from zero up.
#[inline]
fn volume(text: &str) -> Option<Volume> {
    let fast = plain(text).and_then(|(digits, decimals)| Volume::from_digits(digits, u32::try_from(decimals).ok()?));
    fast.or_else(|| text.parse().ok())
}

/// Where the levels of a message go, and what was wrong with one.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) changes: Vec<Change>,
    pub(super) fault: Option<FrameFault>,
    /// How many objects the message holds so far.
    pub(super) objects: usize,
}

/// The most objects of a message: an empty one takes three bytes there and a hundred times that here.
const OBJECTS_MAX: usize = 1 << 14;

impl Room {
    pub(super) fn clear(&mut self) {
        self.changes.clear();
        self.fault = None;
        self.objects = 0;
    }

    /// Counts an object.
    pub(super) fn begin<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.objects += 1;
        if self.objects > OBJECTS_MAX { Err(self.refuse(FrameFault::TooMany(OBJECTS_MAX))) } else { Ok(()) }
    }

    /// Takes a level in; the error is kept here, since the parser knows only texts.
    fn push<E: serde::de::Error>(&mut self, side: Side, level: (&str, &str)) -> Result<(), E> {
        let fault = match (price(level.0), volume(level.1)) {
            (Some(price), Some(quantity)) => {
                self.changes.push((side, Level { price, quantity }));
                return Ok(());
            }
            (None, _) => FrameFault::Number("price of a level", shortened(level.0)),
            (_, None) => FrameFault::Number("quantity of a level", shortened(level.1)),
        };
        Err(self.refuse(fault))
    }

    fn refuse<E: serde::de::Error>(&mut self, fault: FrameFault) -> E {
        self.fault = Some(fault);
        E::custom("a level")
    }
}

/// The names of fields; one with escapes is no field that is known.
pub(super) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = &'de str;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'de str, D::Error> {
        from.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = &'de str;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<&'de str, E> {
        Ok(text)
    }
    fn visit_str<E>(self, _: &str) -> Result<&'de str, E> {
        Ok("")
    }
}

/// Reads a field that is a scalar, or levels where `side` says whose: `[["price","quantity"], …]`.
pub(super) struct Field<'r> {
    pub(super) room: &'r mut Room,
    pub(super) side: Option<Side>,
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Scalar<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Scalar<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Scalar<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(text))
    }
    fn visit_str<E>(self, _: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }
    fn visit_u64<E>(self, value: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Whole(value))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Flag(flag))
    }
    fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Absent)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut levels: A) -> Result<Scalar<'de>, A::Error> {
        let Some(side) = self.side else {
            while levels.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Scalar::Absent);
        };
        while levels.next_element_seed(Pair { room: self.room, side })?.is_some() {}
        Ok(Scalar::Levels)
    }
}

/// Reads one `["price","quantity"]` of a side; what stands behind the two is passed over.
struct Pair<'r> {
    room: &'r mut Room,
    side: Side,
}

impl<'de> DeserializeSeed<'de> for Pair<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Pair<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a level as [\"price\",\"quantity\"]")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<(), A::Error> {
        let (Some(price), Some(quantity)) = (pair.next_element::<&str>()?, pair.next_element::<&str>()?) else {
            return Err(self.room.refuse(FrameFault::Field("level")));
        };
        self.room.push(self.side, (price, quantity))?;
        while pair.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Reads the changes of Coinbase Exchange: `[["buy","price","quantity"], …]`.
pub(super) struct Triples<'r>(pub(super) &'r mut Room);

impl<'de> DeserializeSeed<'de> for Triples<'_> {
    type Value = Scalar<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Scalar<'de>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Triples<'_> {
    type Value = Scalar<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("changes as [[\"buy\",\"price\",\"quantity\"]]")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut changes: A) -> Result<Scalar<'de>, A::Error> {
        while let Some((side, price, quantity)) = changes.next_element::<(&str, &str, &str)>()? {
            let Some(side) = side_of(side) else { return Err(self.0.refuse(FrameFault::Field("side"))) };
            self.0.push(side, (price, quantity))?;
        }
        Ok(Scalar::Levels)
    }
}

/// Reads the updates of Coinbase Advanced: `[{"side":"bid","price_level":"…","new_quantity":"…"}, …]`.
pub(super) struct Objects<'r>(pub(super) &'r mut Room);

impl<'de> DeserializeSeed<'de> for Objects<'_> {
    type Value = Scalar<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Scalar<'de>, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_> {
    type Value = Scalar<'de>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of updates")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut updates: A) -> Result<Scalar<'de>, A::Error> {
        #[derive(serde::Deserialize)]
        struct Update<'a> {
            side: &'a str,
            price_level: &'a str,
            new_quantity: &'a str,
        }
        while let Some(update) = updates.next_element::<Update<'_>>()? {
            let Some(side) = side_of(update.side) else { return Err(self.0.refuse(FrameFault::Field("side"))) };
            self.0.push(side, (update.price_level, update.new_quantity))?;
        }
        Ok(Scalar::Levels)
    }
}

/// A side by any of the exchange's words.
pub(super) fn side_of(word: &str) -> Option<Side> {
    match word {
        "buy" | "bid" | "BUY" => Some(Side::Buy),
        "sell" | "offer" | "ask" | "SELL" => Some(Side::Sell),
        _ => None,
    }
}
