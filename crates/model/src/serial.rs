//! How values are stored: as text for people (JSON, TOML), as the integer inside for machines (the journal).

/// Serialises a type as its text in readable formats and as its integer in binary ones.
macro_rules! text_or_number {
    ($name:ident, $int:ty, $number:expr, $back:expr) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    let number: fn(&$name) -> $int = $number;
                    serde::Serialize::serialize(&number(self), serializer)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    let number = <$int as serde::Deserialize>::deserialize(deserializer)?;
                    ($back)(number).map_err(serde::de::Error::custom)
                }
            }
        }
    };
}

/// Serialises a type as its text everywhere.
macro_rules! text_only {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use {text_only, text_or_number};
