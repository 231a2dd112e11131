//! A plain row at speed. Whatever is not plain gives `None`, and the careful path reads the row again.
use memchr::memchr;
use qframe_model::market::Bar;
use qframe_model::number::Price;

use super::clock::Clock;
use super::columns::Role;
use super::dialect::Dialect;
use super::mark::Mark;
use super::number::{Plain, scan, scan_long};

/// What the fast path needs of a dialect.
#[derive(Debug)]
pub(super) struct Plan {
    separator: u8,
    /// Up to the last column that is read.
    steps: Vec<Step>,
    /// Separators behind that column.
    separators_behind: usize,
}

/// What to read next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Time,
    /// Open, high, low and close, side by side in this order: in one go, they stay in registers.
    Prices,
    /// The close that stands for all four.
    Flat,
    Open,
    High,
    Low,
    Close,
    Volume,
    Skip,
}

impl Plan {
    /// `None` for numbers with a decimal comma: to the fast path a point in them would be no fault.
    pub(super) fn of(dialect: &Dialect) -> Option<Self> {
        (dialect.mark == Mark::Point).then(|| Self::new(dialect))
    }

    fn new(dialect: &Dialect) -> Self {
        let roles = &dialect.columns.roles;
        let read = roles.iter().rposition(|role| *role != Role::Other).map_or(0, |last| last + 1);
        let steps = steps(&roles[..read], dialect.flat);
        Self { separator: dialect.separator, steps, separators_behind: roles.len() - read }
    }

    /// Reads the row that `text` begins with: the bar (its prices not checked yet) and what follows. `LONG` takes
    /// numbers of up to 19 digits, at half the speed.
    #[inline(always)]
    pub(super) fn row<'a, const LONG: bool>(&self, clock: &mut Clock, text: &'a [u8]) -> Option<(Bar, &'a [u8])> {
        let (mut bar, mut rest) = (Bar::default(), text);
        for (place, step) in self.steps.iter().enumerate() {
            if place > 0 {
                rest = self.behind_separator(rest)?;
            }
            rest = self.step::<LONG>(*step, &mut bar, clock, rest)?;
        }
        Some((bar, self.behind_row(rest)?))
    }

    /// Reads a column or four; what follows.
    #[inline(always)]
    fn step<'a, const LONG: bool>(
        &self,
        step: Step,
        bar: &mut Bar,
        clock: &mut Clock,
        mut rest: &'a [u8],
    ) -> Option<&'a [u8]> {
        match step {
            Step::Time => (bar.time, rest) = clock.fast(rest)?,
            Step::Prices => {
                (bar.open, rest) = price::<LONG>(rest)?;
                (bar.high, rest) = price::<LONG>(self.behind_separator(rest)?)?;
                (bar.low, rest) = price::<LONG>(self.behind_separator(rest)?)?;
                (bar.close, rest) = price::<LONG>(self.behind_separator(rest)?)?;
            }
            Step::Flat => {
                (bar.close, rest) = price::<LONG>(rest)?;
                (bar.open, bar.high, bar.low) = (bar.close, bar.close, bar.close);
            }
            Step::Open => (bar.open, rest) = price::<LONG>(rest)?,
            Step::High => (bar.high, rest) = price::<LONG>(rest)?,
            Step::Low => (bar.low, rest) = price::<LONG>(rest)?,
            Step::Close => (bar.close, rest) = price::<LONG>(rest)?,
            Step::Volume => {
                let number;
                (number, rest) = plain::<LONG>(rest)?;
                bar.volume = number.volume()?;
            }
            Step::Skip => rest = self.skip(rest)?,
        }
        Some(rest)
    }

    #[inline(always)]
    fn behind_separator<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (first, rest) = text.split_first()?;
        (*first == self.separator).then_some(rest)
    }

    /// The next row, where the last column that is read ended just before.
    #[inline(always)]
    fn behind_row<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        if self.separators_behind > 0 {
            return self.skip_behind(rest);
        }
        match rest {
            [b'\n', next @ ..] | [b'\r', b'\n', next @ ..] => Some(next),
            _ => None,
        }
    }

    /// Over the columns behind the last one that is read, counted.
    fn skip_behind<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let (behind, next) = rest.split_at(memchr(b'\n', rest)?);
        let separators = behind.iter().filter(|b| **b == self.separator).count();
        let plain = behind.first() == Some(&self.separator) && !behind.contains(&b'"');
        (plain && separators == self.separators_behind).then_some(&next[1..])
    }

    /// To the separator behind a column that is left out.
    fn skip<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let length = rest.iter().position(|b| *b == self.separator || matches!(b, b'\n' | b'"'))?;
        (rest[length] == self.separator).then_some(&rest[length..])
    }
}

#[inline(always)]
fn price<const LONG: bool>(text: &[u8]) -> Option<(Price, &[u8])> {
    let (number, rest) = plain::<LONG>(text)?;
    Some((number.price()?, rest))
}

#[inline(always)]
fn plain<const LONG: bool>(text: &[u8]) -> Option<(Plain, &[u8])> {
    let (number, end) = if LONG { scan_long(text, 0) } else { scan(text, 0) }?;
    Some((number, text.get(end..)?))
}

fn steps(mut roles: &[Role], flat: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((first, others)) = roles.split_first() {
        let behind_prices = roles.strip_prefix(&[Role::Open, Role::High, Role::Low, Role::Close]);
        steps.push(match first {
            _ if behind_prices.is_some() => Step::Prices,
            Role::Time => Step::Time,
            Role::Open => Step::Open,
            Role::High => Step::High,
            Role::Low => Step::Low,
            Role::Close if flat => Step::Flat,
            Role::Close => Step::Close,
            Role::Volume => Step::Volume,
            Role::Other => Step::Skip,
        });
        roles = behind_prices.unwrap_or(others);
    }
    steps
}
