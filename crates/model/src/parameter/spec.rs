//! What a strategy lets one set: names, kinds, ranges.
use std::fmt;

use super::{ParameterError, ParameterValue, error};

/// A parameter that a strategy has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterSpec {
    /// Its name, lower case.
    pub name: &'static str,
    /// What it does, with its unit.
    pub about: &'static str,
    /// What it may be.
    pub kind: ParameterKind,
}

/// What a parameter may be, and what it is where nothing is said. The bounds are inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParameterKind {
    /// A whole number.
    Whole {
        /// Where nothing is said.
        default: i64,
        /// The smallest.
        least: i64,
        /// The largest.
        most: i64,
    },
    /// A number.
    Number {
        /// Where nothing is said.
        default: f64,
        /// The smallest; minus infinity for none.
        least: f64,
        /// The largest; infinity for none.
        most: f64,
    },
    /// A text.
    Text {
        /// Where nothing is said.
        default: &'static str,
        /// The texts there are; empty for any.
        choices: &'static [&'static str],
    },
    /// Yes or no.
    Flag {
        /// Where nothing is said.
        default: bool,
    },
}

impl ParameterSpec {
    /// A whole number from `least` to `most`.
    ///
    /// # Panics
    /// Where the default is outside: a bug of the strategy, found at compile time in a constant.
    #[must_use]
    pub const fn whole(name: &'static str, about: &'static str, default: i64, least: i64, most: i64) -> Self {
        assert!(least <= default && default <= most, "a parameter's default must lie in its range");
        Self { name, about, kind: ParameterKind::Whole { default, least, most } }
    }

    /// A number from `least` to `most`.
    ///
    /// # Panics
    /// As [`ParameterSpec::whole`].
    #[must_use]
    pub const fn number(name: &'static str, about: &'static str, default: f64, least: f64, most: f64) -> Self {
        assert!(least <= default && default <= most, "a parameter's default must lie in its range");
        assert!(default.is_finite(), "a parameter's default must be a number");
        Self { name, about, kind: ParameterKind::Number { default, least, most } }
    }

    /// A text, one of `choices`; an empty list takes any. The default is the strategy's business.
    #[must_use]
    pub const fn text(
        name: &'static str,
        about: &'static str,
        default: &'static str,
        choices: &'static [&'static str],
    ) -> Self {
        Self { name, about, kind: ParameterKind::Text { default, choices } }
    }

    /// Yes or no.
    #[must_use]
    pub const fn flag(name: &'static str, about: &'static str, default: bool) -> Self {
        Self { name, about, kind: ParameterKind::Flag { default } }
    }

    /// The value where nothing is said.
    #[must_use]
    pub fn default_value(&self) -> ParameterValue {
        match self.kind {
            ParameterKind::Whole { default, .. } => ParameterValue::Whole(default),
            ParameterKind::Number { default, .. } => ParameterValue::Number(default),
            ParameterKind::Text { default, .. } => ParameterValue::Text(default.to_owned()),
            ParameterKind::Flag { default } => ParameterValue::Flag(default),
        }
    }

    /// A text as a value of this parameter.
    ///
    /// # Errors
    /// [`ParameterError::Refused`] with the value and what was expected.
    pub fn parse(&self, text: &str) -> Result<ParameterValue, ParameterError> {
        let value = match self.kind {
            ParameterKind::Whole { least, most, .. } => {
                text.parse().ok().filter(|value| (least..=most).contains(value)).map(ParameterValue::Whole)
            }
            ParameterKind::Number { least, most, .. } => {
                let number = text.parse().ok().filter(|value: &f64| value.is_finite());
                number.filter(|value| (least..=most).contains(value)).map(ParameterValue::Number)
            }
            ParameterKind::Text { choices, .. } => {
                let known = choices.is_empty() || choices.contains(&text);
                known.then(|| ParameterValue::Text(text.to_owned()))
            }
            ParameterKind::Flag { .. } => match text {
                "true" | "yes" | "on" | "1" => Some(ParameterValue::Flag(true)),
                "false" | "no" | "off" | "0" => Some(ParameterValue::Flag(false)),
                _ => None,
            },
        };
        value.ok_or_else(|| error::refused(self, text))
    }
}

/// What is expected: `a whole number from 1 to 1000`.
impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { least, most, .. } => write!(f, "a whole number from {least} to {most}"),
            Self::Number { least, most, .. } => match (least.is_finite(), most.is_finite()) {
                (true, true) => write!(f, "a number from {least} to {most}"),
                (true, false) => write!(f, "a number of {least} or more"),
                (false, true) => write!(f, "a number of {most} or less"),
                (false, false) => f.write_str("a number"),
            },
            Self::Text { choices: [], .. } => f.write_str("a text"),
            Self::Text { choices, .. } => write!(f, "one of {}", choices.join(", ")),
            Self::Flag { .. } => f.write_str("true or false"),
        }
    }
}
