//! Values to bytes.
use serde::ser::{self, Serialize};

use super::WireError;

/// Turns values into bytes. It is kept and used again, so that a short value is written without a look at any capacity.
#[derive(Debug, Clone)]
pub struct Encoder {
    page: Page,
    /// A value that is longer than the page.
    long: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self { page: Page { bytes: [0; PAGE + WIDEST], at: 0 }, long: Vec::new() }
    }
}

impl Encoder {
    /// The bytes of a value, until the next one.
    ///
    /// # Errors
    /// [`WireError::NotStored`] for a list whose length is not known before it is written.
    #[inline]
    pub fn encode<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<&[u8], WireError> {
        self.page.at = 0;
        value.serialize(Writer { sink: &mut self.page })?;
        match self.page.bytes[..PAGE].get(..self.page.at) {
            Some(written) => Ok(written),
            None => encode_long(value, &mut self.long),
        }
    }

    /// Appends the bytes of a value. Gives how many they are.
    ///
    /// # Errors
    /// As [`Encoder::encode`]; nothing is then appended.
    #[inline]
    pub fn append<T: Serialize + ?Sized>(&mut self, value: &T, to: &mut Vec<u8>) -> Result<usize, WireError> {
        let length = self.encode(value)?.len();
        if length <= BLOCK {
            // A copy of a length that is known needs no call; what is idle of it goes again.
            let end = to.len() + length;
            to.extend_from_slice(&self.page.bytes[..BLOCK]);
            to.truncate(end);
        } else {
            to.extend_from_slice(if length <= PAGE { &self.page.bytes[..length] } else { &self.long });
        }
        Ok(length)
    }
}

#[cold]
fn encode_long<'a, T: Serialize + ?Sized>(value: &T, bytes: &'a mut Vec<u8>) -> Result<&'a [u8], WireError> {
    bytes.clear();
    value.serialize(Writer { sink: bytes })?;
    Ok(bytes)
}

/// The bytes of one value; for many, keep an [`Encoder`].
///
/// # Errors
/// As [`Encoder::encode`].
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, WireError> {
    Encoder::default().encode(value).map(<[u8]>::to_vec)
}

/// Where values are laid down.
trait Sink {
    /// Lays down `N` bytes of which the first `used` count.
    fn lay<const N: usize>(&mut self, laid: [u8; N], used: usize);
    fn lay_slice(&mut self, laid: &[u8]);
}

impl Sink for Vec<u8> {
    fn lay<const N: usize>(&mut self, laid: [u8; N], used: usize) {
        self.extend_from_slice(&laid[..used]);
    }

    fn lay_slice(&mut self, laid: &[u8]) {
        self.extend_from_slice(laid);
    }
}

/// Most values are this short; a power of two.
const PAGE: usize = 256;
/// Nearly all are no longer than this.
const BLOCK: usize = 128;
/// The widest value laid down at once.
const WIDEST: usize = 17;

/// Bytes to be written over from the left, without a look at the end: beyond it the writing begins again at the start, and
/// `at` shows that the value was too long for it.
#[derive(Debug, Clone)]
struct Page {
    bytes: [u8; PAGE + WIDEST],
    at: usize,
}

impl Sink for Page {
    #[inline(always)]
    fn lay<const N: usize>(&mut self, laid: [u8; N], used: usize) {
        let at = self.at % PAGE;
        self.bytes[at..at + N].copy_from_slice(&laid);
        self.at += used;
    }

    fn lay_slice(&mut self, laid: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.at..self.at + laid.len()) {
            place.copy_from_slice(laid);
        }
        self.at += laid.len();
    }
}

struct Writer<'a, S> {
    sink: &'a mut S,
}

impl<S: Sink> Writer<'_, S> {
    /// A length and so many bytes. All eight are laid down, the idle ones are written over by what follows: no loop.
    #[inline]
    fn number(&mut self, value: u64) {
        let length = 8 - value.leading_zeros() as usize / 8;
        let mut laid = [0; 9];
        laid[0] = length as u8;
        laid[1..].copy_from_slice(&value.to_le_bytes());
        self.sink.lay(laid, 1 + length);
    }

    #[inline]
    fn wide(&mut self, value: u128) {
        if let Ok(narrow) = u64::try_from(value) {
            return self.number(narrow);
        }
        let length = 16 - value.leading_zeros() as usize / 8;
        let mut laid = [0; 17];
        laid[0] = length as u8;
        laid[1..].copy_from_slice(&value.to_le_bytes());
        self.sink.lay(laid, 1 + length);
    }

    #[inline]
    fn byte(&mut self, byte: u8) {
        self.sink.lay([byte], 1);
    }

    fn block(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.sink.lay_slice(bytes);
    }

    /// Variants are few: one byte.
    #[inline]
    fn variant(&mut self, number: u32) -> Result<(), WireError> {
        let number = u8::try_from(number).map_err(|_| WireError::NotStored("an enum of more than 256 variants"))?;
        self.byte(number);
        Ok(())
    }

    fn length(&mut self, length: Option<usize>) -> Result<(), WireError> {
        self.number(length.ok_or(WireError::NotStored("a list of unknown length"))? as u64);
        Ok(())
    }
}

/// `serialize_*` of integers, each widened to the one form they share.
macro_rules! numbers {
    ($($name:ident $int:ty),*; $($signed:ident $sint:ty),*) => {
        $(#[inline] fn $name(mut self, value: $int) -> Result<(), WireError> {
            self.number(u64::from(value));
            Ok(())
        })*
        $(#[inline] fn $signed(mut self, value: $sint) -> Result<(), WireError> {
            let value = i64::from(value);
            self.number(((value << 1) ^ (value >> 63)) as u64);
            Ok(())
        })*
    };
}

impl<S: Sink> ser::Serializer for Writer<'_, S> {
    type Ok = ();
    type Error = WireError;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers!(serialize_u16 u16, serialize_u32 u32, serialize_u64 u64;
             serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn serialize_i128(mut self, value: i128) -> Result<(), WireError> {
        self.wide(((value << 1) ^ (value >> 127)) as u128);
        Ok(())
    }

    fn serialize_u128(mut self, value: u128) -> Result<(), WireError> {
        self.wide(value);
        Ok(())
    }

    #[inline]
    fn serialize_u8(mut self, value: u8) -> Result<(), WireError> {
        self.byte(value);
        Ok(())
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), WireError> {
        self.serialize_u8(u8::from(value))
    }

    fn serialize_f32(self, value: f32) -> Result<(), WireError> {
        self.serialize_f64(f64::from(value))
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<(), WireError> {
        self.sink.lay(value.to_le_bytes(), 8);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), WireError> {
        self.serialize_u32(u32::from(value))
    }

    fn serialize_str(mut self, value: &str) -> Result<(), WireError> {
        self.block(value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(mut self, value: &[u8]) -> Result<(), WireError> {
        self.block(value);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), WireError> {
        self.serialize_u8(0)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Result<(), WireError> {
        self.byte(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), WireError> {
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), WireError> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_variant(mut self, _: &'static str, number: u32, _: &'static str) -> Result<(), WireError> {
        self.variant(number)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), WireError> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        number: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), WireError> {
        self.variant(number)?;
        value.serialize(self)
    }

    fn serialize_seq(mut self, length: Option<usize>) -> Result<Self, WireError> {
        self.length(length)?;
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, WireError> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, WireError> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        number: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, WireError> {
        self.variant(number)?;
        Ok(self)
    }

    fn serialize_map(mut self, length: Option<usize>) -> Result<Self, WireError> {
        self.length(length)?;
        Ok(self)
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, WireError> {
        Ok(self)
    }

    #[inline]
    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        number: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, WireError> {
        self.variant(number)?;
        Ok(self)
    }
}

/// The compound forms: every part is written as it comes, whatever it is called.
macro_rules! parts {
    ($($part:ident $method:ident ($($key:ident)?)),*) => {$(
        impl<S: Sink> ser::$part for Writer<'_, S> {
            type Ok = ();
            type Error = WireError;

            #[inline(always)]
            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), WireError> {
                $(let _ = $key;)?
                value.serialize(Writer { sink: self.sink })
            }

            #[inline]
            fn end(self) -> Result<(), WireError> {
                Ok(())
            }
        }
    )*};
}

parts!(
    SerializeSeq serialize_element (),
    SerializeTuple serialize_element (),
    SerializeTupleStruct serialize_field (),
    SerializeTupleVariant serialize_field (),
    SerializeStruct serialize_field (key),
    SerializeStructVariant serialize_field (key)
);

impl<S: Sink> ser::SerializeMap for Writer<'_, S> {
    type Ok = ();
    type Error = WireError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), WireError> {
        key.serialize(Writer { sink: self.sink })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WireError> {
        value.serialize(Writer { sink: self.sink })
    }

    fn end(self) -> Result<(), WireError> {
        Ok(())
    }
}
