//! What a constructor refuses.

use std::fmt;
use std::ops::RangeInclusive;

/// The longest window. It bounds what one indicator can allocate (TA-Lib has the same limit).
pub const PERIOD_MAX: usize = 100_000;

/// A parameter outside its range: which, what it was, what was expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParameterError {
    /// A number of inputs outside `least..=`[`PERIOD_MAX`].
    Period {
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        value: usize,
        /// Smallest value that works.
        least: usize,
    },
    /// A real parameter outside its range or not finite.
    Number {
        /// Name of the parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
        /// The range in words.
        expected: &'static str,
    },
    /// Two periods in the wrong order.
    Order {
        /// Name of the parameter that must be the smaller.
        shorter: &'static str,
        /// Its value.
        short: usize,
        /// Name of the parameter that must be the larger.
        longer: &'static str,
        /// Its value.
        long: usize,
    },
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Period { parameter, value, least } => {
                write!(f, "{parameter} is {value}; expected a number of inputs from {least} to {PERIOD_MAX}")
            }
            Self::Number { parameter, value, expected } => write!(f, "{parameter} is {value}; expected {expected}"),
            Self::Order { shorter, short, longer, long } => {
                write!(f, "{shorter} is {short} and {longer} is {long}; expected {shorter} below {longer}")
            }
        }
    }
}

impl std::error::Error for ParameterError {}

/// `value` when it lies in `least..=PERIOD_MAX`.
pub(super) fn period(parameter: &'static str, value: usize, least: usize) -> Result<usize, ParameterError> {
    if (least..=PERIOD_MAX).contains(&value) {
        return Ok(value);
    }
    Err(ParameterError::Period { parameter, value, least })
}

/// `value` when it is finite and above zero.
pub(super) fn positive(parameter: &'static str, value: f64) -> Result<f64, ParameterError> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    Err(ParameterError::Number { parameter, value, expected: "a finite number above 0" })
}

/// `value` when it lies in `range`.
pub(super) fn within(
    parameter: &'static str,
    value: f64,
    range: RangeInclusive<f64>,
    expected: &'static str,
) -> Result<f64, ParameterError> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(ParameterError::Number { parameter, value, expected })
}

/// `long` when it is a period above `short`.
pub(super) fn above(
    longer: &'static str,
    long: usize,
    shorter: &'static str,
    short: usize,
) -> Result<usize, ParameterError> {
    ordered((shorter, short), (longer, long))?;
    Ok(long)
}

/// Both periods from 1 on, the first below the second.
pub(super) fn ordered(shorter: (&'static str, usize), longer: (&'static str, usize)) -> Result<(), ParameterError> {
    period(shorter.0, shorter.1, 1)?;
    period(longer.0, longer.1, 1)?;
    if shorter.1 < longer.1 {
        return Ok(());
    }
    Err(ParameterError::Order { shorter: shorter.0, short: shorter.1, longer: longer.0, long: longer.1 })
}
