//! A plain row at speed. Whatever is not plain gives `None`, and the careful path reads the row again.
use memchr::memchr;
use qframe_model::market::Bar;
use qframe_model::time::Time;

use super::clock::Clock;
use super::columns::Role;
use super::dialect::Dialect;
use super::number::{Plain, scan, scan_long};

/// What the fast path needs of a dialect.
#[derive(Debug)]
pub(super) struct Plan {
    separator: u8,
    /// Up to the last column that is read; a run of numbers in their usual order is one step.
    steps: Vec<Step>,
    /// Separators behind that column.
    separators_behind: usize,
    flat: bool,
}

/// What to do at a column.
#[derive(Debug, Clone, Copy)]
enum Step {
    Time,
    /// The numbers from this one to before that one, of open, high, low, close, volume: 0 to 4.
    Numbers(usize, usize),
    Skip,
}

impl Plan {
    pub(super) fn new(dialect: &Dialect) -> Self {
        let roles = &dialect.columns.roles;
        let read = roles.iter().rposition(|role| *role != Role::Other).map_or(0, |last| last + 1);
        let steps = steps(&roles[..read]);
        Self { separator: dialect.separator, steps, separators_behind: roles.len() - read, flat: dialect.flat }
    }

    /// Reads the row that begins at `at`: the bar (its prices not checked yet) and the place of the next row. `LONG`
    /// takes numbers of up to 19 digits, at half the speed.
    #[inline(always)]
    pub(super) fn row<const LONG: bool>(&self, clock: &mut Clock, text: &[u8], mut at: usize) -> Option<(Bar, usize)> {
        let mut time = Time::EPOCH;
        let mut numbers = [Plain::default(); 5];
        let (last, before) = self.steps.split_last()?;
        for step in before {
            at = self.step::<LONG>(*step, &mut time, &mut numbers, clock, text, at)?;
            if *text.get(at)? != self.separator {
                return None;
            }
            at += 1;
        }
        at = self.step::<LONG>(*last, &mut time, &mut numbers, clock, text, at)?;
        let next = self.end_of_row(text, at)?;
        if self.flat {
            let [open, high, low, close, _] = &mut numbers;
            (*open, *high, *low) = (*close, *close, *close);
        }
        Some((bar(time, &numbers)?, next))
    }

    /// Reads one field; the place behind it.
    #[inline(always)]
    fn step<const LONG: bool>(
        &self,
        step: Step,
        time: &mut Time,
        numbers: &mut [Plain; 5],
        clock: &mut Clock,
        text: &[u8],
        at: usize,
    ) -> Option<usize> {
        match step {
            Step::Numbers(from, to) => self.numbers::<LONG>(numbers.get_mut(from..to)?, text, at),
            Step::Time => {
                let end;
                (*time, end) = clock.fast(text, at)?;
                Some(end)
            }
            Step::Skip => self.skip(text, at),
        }
    }

    /// Reads a run of numbers; the place behind the last one.
    #[inline(always)]
    fn numbers<const LONG: bool>(&self, numbers: &mut [Plain], text: &[u8], mut at: usize) -> Option<usize> {
        let (last, before) = numbers.split_last_mut()?;
        let read = |at| if LONG { scan_long(text, at) } else { scan(text, at) };
        for number in before {
            (*number, at) = read(at)?;
            if *text.get(at)? != self.separator {
                return None;
            }
            at += 1;
        }
        let end;
        (*last, end) = read(at)?;
        Some(end)
    }

    /// The place of the next row, where the last column that is read ends at `end`.
    #[inline(always)]
    fn end_of_row(&self, text: &[u8], end: usize) -> Option<usize> {
        if self.separators_behind > 0 {
            return self.skip_behind(text, end);
        }
        let end = end + usize::from(*text.get(end)? == b'\r');
        (*text.get(end)? == b'\n').then_some(end + 1)
    }

    /// Over the columns behind the last one that is read, counted.
    fn skip_behind(&self, text: &[u8], end: usize) -> Option<usize> {
        let length = memchr(b'\n', &text[end..])?;
        let behind = &text[end..end + length];
        let separators = behind.iter().filter(|b| **b == self.separator).count();
        let plain = behind.first() == Some(&self.separator) && !behind.contains(&b'"');
        (plain && separators == self.separators_behind).then_some(end + length + 1)
    }

    /// To the separator behind a column that is left out.
    fn skip(&self, text: &[u8], at: usize) -> Option<usize> {
        let length = text[at..].iter().position(|b| *b == self.separator || matches!(b, b'\n' | b'"'))?;
        (text[at + length] == self.separator).then_some(at + length)
    }
}

#[inline(always)]
fn bar(time: Time, [open, high, low, close, volume]: &[Plain; 5]) -> Option<Bar> {
    let (open, high, low, close) = (open.price()?, high.price()?, low.price()?, close.price()?);
    Some(Bar { time, open, high, low, close, volume: volume.volume()? })
}

fn steps(roles: &[Role]) -> Vec<Step> {
    let mut steps = Vec::new();
    for role in roles {
        let place = match role {
            Role::Time => None,
            Role::Open => Some(0),
            Role::High => Some(1),
            Role::Low => Some(2),
            Role::Close => Some(3),
            Role::Volume => Some(4),
            Role::Other => {
                steps.push(Step::Skip);
                continue;
            }
        };
        match (place, steps.last_mut()) {
            (Some(place), Some(Step::Numbers(_, to))) if *to == place => *to += 1,
            (Some(place), _) => steps.push(Step::Numbers(place, place + 1)),
            (None, _) => steps.push(Step::Time),
        }
    }
    steps
}
