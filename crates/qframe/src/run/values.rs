//! Words to values: each reader names its flag, the value, what was expected.
use std::fmt::Display;
use std::str::FromStr;

use qframe_lab::report::exact_percent;
use qframe_model::number::{Cash, Price, Quantity, Rate};
use qframe_model::time::{Span, Time};

use super::raw::Word;
use crate::error::Error;

/// A flag and its word, where it was given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) flag: &'a str,
    pub(super) word: &'a str,
}

/// The flag with its word; `None` where it was not given.
pub(super) fn given<'a>(flag: &'a str, word: &'a Option<Word>) -> Option<Given<'a>> {
    word.as_ref().map(|word| Given { flag, word: word.0.trim() })
}

/// What a setting is called that is not there, in reports and in flags alike.
pub(super) const NONE: &str = "none";
/// An end of a period that is not there.
pub(super) const ALL: &str = "all";

impl Given<'_> {
    /// What the word says; nothing where it takes back what a file gave: `none`.
    pub(super) fn or_none<T>(self, read: impl FnOnce(Self) -> Result<T, Error>) -> Result<Option<T>, Error> {
        if self.word == NONE { Ok(None) } else { read(self).map(Some) }
    }

    /// A refusal of this word.
    pub(super) fn wrong(self, why: impl Display) -> Error {
        Error::usage(self.flag, self.word, why)
    }

    /// A refusal of what this word names, though the word is right.
    pub(super) fn refused(self, why: impl Display) -> Error {
        Error::Refused(format!("{} {}: {why}", self.flag, self.word))
    }

    pub(super) fn parse<T: FromStr>(self) -> Result<T, Error>
    where
        T::Err: Display,
    {
        self.word.parse().map_err(|error| self.wrong(error))
    }

    /// An amount above zero; thousands may be set apart by `_`.
    pub(super) fn amount(self) -> Result<Cash, Error> {
        let cash: Cash = self.word.replace('_', "").parse().map_err(|error| self.wrong(error))?;
        if cash.is_positive() { Ok(cash) } else { Err(self.wrong("expected an amount above zero, such as 10000")) }
    }

    /// A quantity above zero.
    pub(super) fn quantity(self) -> Result<Quantity, Error> {
        let quantity: Quantity = self.parse()?;
        if quantity.is_positive() { Ok(quantity) } else { Err(self.wrong("expected a quantity above zero, such as 1")) }
    }

    /// A price above zero.
    pub(super) fn price(self) -> Result<Price, Error> {
        let price: Price = self.parse()?;
        if price.is_positive() { Ok(price) } else { Err(self.wrong("expected a price above zero, such as 0.01")) }
    }

    /// A share within limits: `5%`, `5bp` or `0.05`.
    pub(super) fn share(self, least: Rate, most: Rate) -> Result<Rate, Error> {
        self.share_of(self.word, least, most)
    }

    /// A multiple of the equity: `3`, `2.5`.
    pub(super) fn times(self, least: Rate, most: Rate) -> Result<Rate, Error> {
        let rate = Rate::parse(self.word).map_err(|error| self.wrong(error))?;
        if least <= rate && rate <= most {
            return Ok(rate);
        }
        Err(self.wrong(format!("expected {least} to {most} times the equity, such as 3")))
    }

    /// A part of the word as a share within limits.
    pub(super) fn share_of(self, part: &str, least: Rate, most: Rate) -> Result<Rate, Error> {
        let rate = Rate::parse(part).map_err(|error| self.wrong(error))?;
        if least <= rate && rate <= most {
            return unsigned(part, SHARE_FROM).map_or(Ok(rate), |why| Err(self.wrong(why)));
        }
        // The least share above zero is a number that nobody thinks of.
        let from = if least == Rate::from_nanos(1) {
            "more than 0%, up to".to_owned()
        } else {
            format!("{} to", percent(least))
        };
        Err(self.wrong(format!("expected {from} {}, such as 0.2% or 5bp", percent(most))))
    }

    pub(super) fn flag(self) -> Result<bool, Error> {
        self.one_of(&[("true", true), ("false", false)])
    }

    /// One of some names; an unknown one suggests the nearest.
    pub(super) fn one_of<T: Copy>(self, choices: &[(&'static str, T)]) -> Result<T, Error> {
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == self.word) {
            return Ok(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let nearest = qframe_model::parameter::nearest(self.word, names.iter().copied());
        let hint = nearest.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        Err(self.wrong(format!("expected {}{hint}", names.join(", "))))
    }

    /// The beginning of a period.
    pub(super) fn since(self) -> Result<Time, Error> {
        if self.word == ALL { Ok(Time::MIN) } else { self.parse() }
    }

    /// The end of a period: a date alone means the end of its day.
    pub(super) fn until(self) -> Result<Time, Error> {
        if self.word == ALL {
            return Ok(Time::MAX);
        }
        let time: Time = self.parse()?;
        Ok(if self.word.len() == "2014-12-01".len() { time + Span::DAY } else { time })
    }
}

/// The name of one of some choices.
pub(super) fn name_of<T: PartialEq>(choices: &[(&'static str, T)], value: &T) -> &'static str {
    choices.iter().find(|(_, choice)| choice == value).map_or("", |(name, _)| name)
}

/// A number of per cent, with the sign or without, as flags take it.
pub(crate) fn per_cent(word: &str) -> Result<f64, String> {
    let number = word.strip_suffix('%').unwrap_or(word).trim().parse();
    number.map_err(|_| "expected per cent, as 95 or 95%".to_owned())
}

/// From here on a plain number is no share: `3` would be 300 %, where 3 % is meant.
pub(crate) const SHARE_FROM: Rate = Rate::ONE;
/// Of a weight the whole has a plain number, 1.
pub(crate) const WEIGHT_FROM: Rate = Rate::from_nanos(Rate::ONE.nanos() + 1);
/// A tenth of what is traded is hardly ever meant by a fee.
pub(crate) const FEE_FROM: Rate = Rate::percent(10);

/// Why a word without its sign is no share, where it is a plain number of `from` or more.
pub(crate) fn unsigned(word: &str, from: Rate) -> Option<String> {
    let word = word.trim();
    let share: f64 = word.parse().ok().filter(|share: &f64| share.is_finite() && share.abs() >= from.to_f64())?;
    let share = exact_percent(share);
    Some(format!("a plain number is a share, here {share}; write {word}%, or {share} where so much is meant"))
}

/// A share of a flag that is read by itself; from some number on with its sign.
pub(crate) fn share(word: &str, from: Rate) -> Result<Rate, String> {
    let share = Rate::parse(word.trim()).map_err(|error| error.to_string())?;
    unsigned(word, from).map_or(Ok(share), Err)
}

/// A rate as people write it.
pub(super) fn percent(rate: Rate) -> String {
    let hundred = Rate::from_nanos(rate.nanos().saturating_mul(100));
    format!("{hundred}%")
}
