//! The short way through a message of Binance: one pass over the bytes, for the form in which such messages always come.
//!
//! It knows flat objects of plain texts, whole numbers, flags and levels. Whatever else stands there (an escape, a sign, a
//! nested object, anything wrong), it gives up, and the long way decides: what it reads, that way reads the same.
use qframe_model::market::{Level, Side};
use qframe_model::number::{Price, Volume};

use super::binance::Message;
use super::json::{POWERS, Room, Scalar};

/// Reads a message; the levels go to the room. `None`: take the long way, with an empty room.
pub(super) fn read<'a>(text: &'a str, room: &mut Room) -> Option<Message<'a>> {
    let mut scan = Scan { text, bytes: text.as_bytes(), at: 0 };
    let mut message = Message::default();
    scan.object(room, &mut message, false)?;
    scan.pass_space();
    (scan.at == scan.bytes.len()).then_some(message)
}

/// Where we are.
struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn object(&mut self, room: &mut Room, message: &mut Message<'a>, inner: bool) -> Option<()> {
        self.token(b'{')?;
        loop {
            let key = self.string()?;
            self.token(b':')?;
            let first = self.peek()?;
            match (message.slot(key.as_bytes()), first) {
                (None, b'{') if key == "data" && !inner => self.object(room, message, true)?,
                (None, _) => _ = self.scalar()?,
                (Some((slot, Some(side))), b'[') => {
                    self.levels(side, room)?;
                    *slot = Scalar::Levels;
                }
                (Some((slot, _)), _) => *slot = self.scalar()?,
            }
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn scalar(&mut self) -> Option<Scalar<'a>> {
        match self.peek()? {
            b'"' => self.string().map(Scalar::Text),
            b'0'..=b'9' => self.whole().map(Scalar::Whole),
            b't' => self.word(b"true").map(|()| Scalar::Flag(true)),
            b'f' => self.word(b"false").map(|()| Scalar::Flag(false)),
            b'n' => self.word(b"null").map(|()| Scalar::Absent),
            _ => None,
        }
    }

    /// `[["price","quantity"], …]`
    fn levels(&mut self, side: Side, room: &mut Room) -> Option<()> {
        self.token(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.token(b'[')?;
            let (digits, decimals) = self.decimal()?;
            let power = *POWERS.get(9_usize.checked_sub(decimals)?)?;
            let price = i64::try_from(digits.checked_mul(power)?).ok().map(Price::from_nanos)?;
            self.token(b',')?;
            let (digits, decimals) = self.decimal()?;
            let quantity = Volume::from_digits(digits, u32::try_from(decimals).ok()?)?;
            self.token(b']')?;
            room.changes.push((side, Level { price, quantity }));
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Digits in quotes with at most one point: all of them as one number, and how many stand behind the point.
    fn decimal(&mut self) -> Option<(u64, usize)> {
        const DIGITS_MAX: usize = 18;
        self.token(b'"')?;
        let start = self.at;
        let (mut digits, mut point) = (0_u64, None);
        for byte in self.bytes.get(start..)? {
            let digit = byte.wrapping_sub(b'0');
            if digit < 10 {
                digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
            } else if *byte == b'.' && point.is_none() {
                point = Some(self.at);
            } else if *byte == b'"' {
                break;
            } else {
                return None;
            }
            self.at += 1;
        }
        let count = self.at - start - usize::from(point.is_some());
        self.token(b'"')?;
        let decimals = point.map_or(0, |point| self.at - point - 2);
        (1..=DIGITS_MAX).contains(&count).then_some((digits, decimals))
    }

    /// A text without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.token(b'"')?;
        let start = self.at;
        for byte in self.bytes.get(start..)? {
            match byte {
                b'"' => {
                    let text = self.text.get(start..self.at);
                    self.at += 1;
                    return text;
                }
                b'\\' | 0..0x20 => return None,
                _ => self.at += 1,
            }
        }
        None
    }

    /// A whole number that is nothing else, of at most 18 digits.
    fn whole(&mut self) -> Option<u64> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits =
            rest.get(..length).filter(|digits| digits.len() <= 18 && (digits.len() == 1 || digits[0] != b'0'))?;
        self.at += length;
        matches!(self.peek()?, b',' | b'}')
            .then(|| digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let found = self.bytes.get(self.at..)?.starts_with(word);
        self.at += word.len();
        found.then_some(())
    }

    fn token(&mut self, token: u8) -> Option<()> {
        (self.next()? == token).then_some(())
    }

    fn next(&mut self) -> Option<u8> {
        let next = self.peek();
        self.at += 1;
        next
    }

    /// The next byte that is no space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        if self.bytes.get(self.at).is_some_and(|byte| *byte <= b' ') {
            self.pass_space();
        }
        self.bytes.get(self.at).copied()
    }

    fn pass_space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeSeed;

    use super::super::binance::Reader;
    use super::*;

    const MESSAGES: [&str; 6] = [
        r#"{"stream":"x@depth","data":{"e":"depthUpdate","E":1700000000000,"T":5,"s":"BTCUSDT","U":1,"u":2,"pu":0,"b":[["10.50","0.5"],["9","0"]],"a":[["11.25","1.125"]]}}"#,
        r#"{ "e" : "aggTrade", "E": 12, "s": "AB", "a": 7, "p": "10.5", "q": "2", "m": true, "M": false, "x": null }"#,
        r#"{"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}"#,
        r#"{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[]}"#,
        r#"{"e":"trade","s":"\u0041","t":1,"p":"1e5","q":"1.","m":true,"z":[1,{"y":-1.5}],"E":0}"#,
        r#"{"e":"depthUpdate","b":[["1","2","x"]],"a":[[".5","00.10"]],"U":01,"u":99999999999999999999}"#,
    ];

    /// What the short way reads, the long way reads the same; most of what comes in life it does read.
    #[test]
    fn the_short_way_reads_what_the_long_one_does() {
        let (mut state, mut read_quick) = (11_u64, 0);
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for round in 0..200_000 {
            let mut text = MESSAGES[round % MESSAGES.len()].as_bytes().to_vec();
            for _ in 0..random(4) {
                let place = random(text.len());
                let byte = b"\"\\{}[],:.-0159eEtfn \n\x01b"[random(22)];
                match random(3) {
                    0 => text[place] = byte,
                    1 => text.insert(place, byte),
                    _ => _ = text.remove(place),
                }
            }
            let text = std::str::from_utf8(&text).unwrap();
            let (mut quick, mut long) = (Room::default(), Room::default());
            let Some(message) = read(text, &mut quick) else { continue };
            read_quick += 1;
            let mut json = serde_json::Deserializer::from_str(text);
            let expected = Reader(&mut long).deserialize(&mut json).unwrap();
            json.end().unwrap();
            assert_eq!(format!("{message:?}"), format!("{expected:?}"), "{text}");
            assert_eq!(quick.changes, long.changes, "{text}");
        }
        assert!(read_quick > 40_000, "{read_quick}");
        for message in &MESSAGES[..4] {
            assert!(read(message, &mut Room::default()).is_some(), "{message}");
        }
    }
}
