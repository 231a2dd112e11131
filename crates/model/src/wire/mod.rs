//! The stored form of events: bytes that are short, fast to write and the same on every machine.
//!
//! Numbers are a length and that many little-endian bytes, signed ones in zigzag (0, -1, 1, -2 …), so that small values
//! are short whatever their type; floats are their eight bytes; texts and lists begin with their length; an option begins
//! with 0 or 1; a variant with its number; fields follow in their order without names. The form does not describe
//! itself: its reader must know the type, and a change of a stored type takes a new version.
mod read;
mod write;

use std::fmt;

pub use read::from_bytes;
pub use write::{Encoder, to_bytes};

/// Why bytes cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireError {
    /// The bytes end in the middle of a value.
    CutShort,
    /// More bytes than the value needs.
    Left(usize),
    /// A number of more bytes than its type has.
    TooWide,
    /// A value that its type refuses.
    Refused(String),
    /// A type that this form has no place for: one that must be described to be read.
    NotStored(&'static str),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutShort => f.write_str("the bytes end in the middle of a value"),
            Self::Left(count) => write!(f, "{count} bytes are left over"),
            Self::TooWide => f.write_str("a number is wider than its type"),
            Self::Refused(why) => f.write_str(why),
            Self::NotStored(what) => write!(f, "{what} has no stored form"),
        }
    }
}

impl std::error::Error for WireError {}

impl serde::ser::Error for WireError {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self::Refused(why.to_string())
    }
}

impl serde::de::Error for WireError {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self::Refused(why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    enum Shape {
        Unit,
        New(i128),
        Pair(u8, bool),
        Named { text: String, maybe: Option<i64>, list: Vec<u16>, map: BTreeMap<String, f64> },
    }

    fn check(value: &Shape, bytes: &[u8]) {
        assert_eq!(to_bytes(value).unwrap(), bytes, "{value:?}");
        assert_eq!(from_bytes::<Shape>(bytes).as_ref(), Ok(value), "{bytes:?}");
        for cut in 0..bytes.len() {
            assert_eq!(from_bytes::<Shape>(&bytes[..cut]), Err(WireError::CutShort), "{value:?} cut at {cut}");
        }
    }

    #[test]
    fn values_have_one_form() {
        check(&Shape::Unit, &[0]);
        check(&Shape::New(0), &[1, 0]);
        check(&Shape::New(-1), &[1, 1, 1]);
        check(&Shape::New(200), &[1, 2, 0x90, 1]);
        check(&Shape::New(i128::MIN), &[&[1, 16][..], &[255; 16]].concat());
        check(&Shape::New(1 << 70), &[&[1, 9][..], &[0; 8], &[128]].concat());
        check(&Shape::Pair(255, true), &[2, 255, 1]);
        let map = BTreeMap::from([("x".to_owned(), 1.0)]);
        let named = Shape::Named { text: "aé".to_owned(), maybe: Some(-3), list: vec![0, 300], map };
        let text = [3, 1, 3, b'a', 0xc3, 0xa9, 1, 1, 5, 1, 2, 0, 2, 0x2c, 1, 1, 1, 1, 1, b'x'];
        check(&named, &[&text[..], &1f64.to_le_bytes()].concat());
    }

    #[test]
    fn long_values_have_the_same_form() {
        let mut encoder = Encoder::default();
        for length in 0..600 {
            let value =
                Shape::Named { text: "x".repeat(length), maybe: None, list: vec![1; length], map: BTreeMap::new() };
            let bytes = encoder.encode(&value).unwrap().to_vec();
            assert_eq!(from_bytes::<Shape>(&bytes), Ok(value), "{length}");
            assert_eq!(encoder.encode(&Shape::Pair(length as u8, false)).unwrap(), [2, length as u8, 0]);
        }
    }

    #[test]
    fn bytes_that_are_no_value_are_refused() {
        let refused = |bytes: &[u8]| from_bytes::<Shape>(bytes).unwrap_err();
        assert_eq!(refused(&[0, 0]), WireError::Left(1));
        assert_eq!(refused(&[1, 17, 0]), WireError::TooWide);
        assert!(matches!(refused(&[9]), WireError::Refused(_)));
        assert!(matches!(refused(&[2, 0, 2]), WireError::Refused(_)));
        // A list that claims more than there is must not be believed before it is read.
        assert_eq!(refused(&[3, 0, 0, 4, 255, 255, 255, 255]), WireError::CutShort);
    }
}
