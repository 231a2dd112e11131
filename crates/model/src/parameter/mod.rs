//! Parameters of strategies: what one may set, within which range, and the values that were set.
//!
//! A strategy declares a list of [`ParameterSpec`]; [`Parameters::parse`] turns texts (`--param fast=10`) into checked
//! values, and its refusals name the value, the range and the nearest name.
mod error;
mod spec;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use error::{ParameterError, nearest};
pub use spec::{ParameterKind, ParameterSpec};

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterValue {
    /// A whole number.
    Whole(i64),
    /// A number; finite.
    Number(f64),
    /// A text.
    Text(String),
    /// Yes or no.
    Flag(bool),
}

impl ParameterValue {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Whole(_) => "a whole number",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Flag(_) => "a flag",
        }
    }
}

impl fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Number(value) => value.fmt(f),
            Self::Text(value) => f.pad(value),
            Self::Flag(value) => value.fmt(f),
        }
    }
}

/// A value for every parameter of a strategy, in the order in which the strategy declares them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parameters(Vec<(String, ParameterValue)>);

impl Parameters {
    /// Every parameter at its default.
    #[must_use]
    pub fn defaults(specs: &[ParameterSpec]) -> Self {
        Self(specs.iter().map(|spec| (spec.name.to_owned(), spec.default_value())).collect())
    }

    /// The parameters that are given, by name, and the defaults of the others.
    ///
    /// # Errors
    /// [`ParameterError`] for an unknown name, a name given twice, a value outside its range.
    pub fn parse<N: AsRef<str>, T: AsRef<str>>(
        specs: &[ParameterSpec],
        given: &[(N, T)],
    ) -> Result<Self, ParameterError> {
        Self::defaults(specs).with(specs, given)
    }

    /// These parameters with others given, by name.
    ///
    /// # Errors
    /// As [`Parameters::parse`].
    pub fn with<N: AsRef<str>, T: AsRef<str>>(
        mut self,
        specs: &[ParameterSpec],
        given: &[(N, T)],
    ) -> Result<Self, ParameterError> {
        for (place, (name, text)) in given.iter().enumerate() {
            let name = name.as_ref();
            if given[..place].iter().any(|(earlier, _)| earlier.as_ref() == name) {
                return Err(ParameterError::Twice(name.to_owned()));
            }
            let known = || specs.iter().map(|spec| spec.name);
            let spec = specs.iter().find(|spec| spec.name == name);
            let value = spec.ok_or_else(|| error::unknown(name, known()))?.parse(text.as_ref())?;
            match self.0.iter_mut().find(|(own, _)| own == name) {
                Some((_, own)) => *own = value,
                None => self.0.push((name.to_owned(), value)),
            }
        }
        Ok(self)
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`ParameterError`] for a name that was not declared, or was declared as something else.
    pub fn whole(&self, name: &str) -> Result<i64, ParameterError> {
        self.get(
            name,
            "a whole number",
            |value| if let ParameterValue::Whole(whole) = value { Some(*whole) } else { None },
        )
    }

    /// A whole number as a count of things.
    ///
    /// # Errors
    /// As [`Parameters::whole`], and for a number below zero.
    pub fn count(&self, name: &str) -> Result<usize, ParameterError> {
        self.get(name, "a count", |value| match value {
            ParameterValue::Whole(whole) => usize::try_from(*whole).ok(),
            _ => None,
        })
    }

    /// A number; a whole number is one too.
    ///
    /// # Errors
    /// As [`Parameters::whole`].
    pub fn number(&self, name: &str) -> Result<f64, ParameterError> {
        self.get(name, "a number", |value| match value {
            ParameterValue::Number(number) => Some(*number),
            ParameterValue::Whole(whole) => Some(*whole as f64),
            _ => None,
        })
    }

    /// A text.
    ///
    /// # Errors
    /// As [`Parameters::whole`].
    pub fn text(&self, name: &str) -> Result<&str, ParameterError> {
        self.get(
            name,
            "a text",
            |value| if let ParameterValue::Text(text) = value { Some(text.as_str()) } else { None },
        )
    }

    /// Yes or no.
    ///
    /// # Errors
    /// As [`Parameters::whole`].
    pub fn flag(&self, name: &str) -> Result<bool, ParameterError> {
        self.get(name, "a flag", |value| if let ParameterValue::Flag(flag) = value { Some(*flag) } else { None })
    }

    /// Names and values, in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParameterValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    fn get<'a, T>(
        &'a self,
        name: &str,
        wanted: &'static str,
        read: impl Fn(&'a ParameterValue) -> Option<T>,
    ) -> Result<T, ParameterError> {
        let found = self.0.iter().find(|(own, _)| own == name);
        let (_, value) = found.ok_or_else(|| error::unknown(name, self.0.iter().map(|(own, _)| own.as_str())))?;
        read(value).ok_or_else(|| ParameterError::WrongKind { name: name.to_owned(), wanted, is: value.kind() })
    }
}

/// Prints `fast=10 slow=30`, in the order of the declaration.
impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{name}={value}")?;
        }
        Ok(())
    }
}
