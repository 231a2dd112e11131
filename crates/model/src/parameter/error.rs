//! Why a parameter is not taken, and what was perhaps meant.
use std::fmt;

use super::{ParameterKind, ParameterSpec};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterError {
    /// No parameter has this name.
    Unknown {
        /// The name as it was given.
        name: String,
        /// A name that was perhaps meant.
        nearest: Option<String>,
        /// All names, in the order of their declaration.
        known: Vec<String>,
    },
    /// The value does not read, or is outside its range.
    Refused {
        /// Of which parameter.
        name: &'static str,
        /// The value as it was given.
        value: String,
        /// What is taken.
        expected: String,
        /// A choice that was perhaps meant.
        nearest: Option<&'static str>,
    },
    /// A name is given twice.
    Twice(String),
    /// A parameter is read as something that it is not.
    WrongKind {
        /// Which one.
        name: String,
        /// As what it was read.
        wanted: &'static str,
        /// What it is.
        is: &'static str,
    },
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, nearest: Some(nearest), .. } => {
                write!(f, "there is no parameter {name:?}; did you mean {nearest}?")
            }
            Self::Unknown { name, known, .. } if known.is_empty() => {
                write!(f, "there is no parameter {name:?}; this strategy has none")
            }
            Self::Unknown { name, known, .. } => {
                write!(f, "there is no parameter {name:?} (expected {})", known.join(", "))
            }
            Self::Refused { name, value, expected, nearest } => {
                write!(f, "{name} = {value:?}: expected {expected}")?;
                nearest.map_or(Ok(()), |nearest| write!(f, "; did you mean {nearest}?"))
            }
            Self::Twice(name) => write!(f, "the parameter {name} is given twice; expected it once"),
            Self::WrongKind { name, wanted, is } => write!(f, "the parameter {name} is {is} and not {wanted}"),
        }
    }
}

impl std::error::Error for ParameterError {}

pub(super) fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> ParameterError {
    ParameterError::Unknown {
        name: name.to_owned(),
        nearest: nearest(name, known.clone()).map(str::to_owned),
        known: known.map(str::to_owned).collect(),
    }
}

pub(super) fn refused(spec: &ParameterSpec, value: &str) -> ParameterError {
    let choices = if let ParameterKind::Text { choices, .. } = spec.kind { choices } else { &[] };
    ParameterError::Refused {
        name: spec.name,
        value: value.to_owned(),
        expected: spec.kind.to_string(),
        nearest: nearest(value, choices.iter().copied()),
    }
}

/// The known word nearest to `word`: at most a third of its letters differ or change places, one in a short word. The
/// first of equals.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|known| (strsim::osa_distance(&word.to_lowercase(), &known.to_lowercase()), known));
    let near = near.filter(|(distance, known)| *distance <= (known.chars().count() / 3).max(1));
    near.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}
