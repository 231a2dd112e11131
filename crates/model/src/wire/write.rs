//! Values to bytes.
use serde::ser::{self, Serialize};

use super::WireError;

/// Appends a value to `bytes`.
///
/// # Errors
/// [`WireError::NotStored`] for a list whose length is not known before it is written.
pub fn append<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<(), WireError> {
    value.serialize(Writer { bytes })
}

struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
}

impl Writer<'_> {
    /// A length and so many bytes. All eight are laid down and the idle ones taken back: that is one store, no loop.
    #[inline]
    fn number(&mut self, value: u64) {
        let length = 8 - value.leading_zeros() as usize / 8;
        let mut laid = [0; 9];
        laid[0] = length as u8;
        laid[1..].copy_from_slice(&value.to_le_bytes());
        self.bytes.extend_from_slice(&laid);
        self.bytes.truncate(self.bytes.len() - (8 - length));
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
        self.bytes.extend_from_slice(&laid);
        self.bytes.truncate(self.bytes.len() - (16 - length));
    }

    fn block(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Variants are few: one byte.
    #[inline]
    fn variant(&mut self, number: u32) -> Result<(), WireError> {
        let number = u8::try_from(number).map_err(|_| WireError::NotStored("an enum of more than 256 variants"))?;
        self.bytes.push(number);
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

impl<'a> ser::Serializer for Writer<'a> {
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
    fn serialize_u8(self, value: u8) -> Result<(), WireError> {
        self.bytes.push(value);
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
        self.bytes.extend_from_slice(&value.to_le_bytes());
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
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), WireError> {
        self.bytes.push(1);
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
        impl<'a> ser::$part for Writer<'a> {
            type Ok = ();
            type Error = WireError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), WireError> {
                $(let _ = $key;)?
                value.serialize(Writer { bytes: self.bytes })
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

impl ser::SerializeMap for Writer<'_> {
    type Ok = ();
    type Error = WireError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), WireError> {
        key.serialize(Writer { bytes: self.bytes })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), WireError> {
        value.serialize(Writer { bytes: self.bytes })
    }

    fn end(self) -> Result<(), WireError> {
        Ok(())
    }
}
