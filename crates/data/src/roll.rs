//! One series out of the contracts of a future: which contract is held on a day, and prices without the jumps between them.
//!
//! What is held on a day is decided on what was known when the day before was over, by days of UTC: the calendar of
//! expiries, the volumes of that day, or the open interest of the day before it (it is published a day late). The roll is
//! priced at one instant, the last by which both had traded up to the end of that day: the old contract is sold and the new
//! one bought there. On the day of its expiry the old one stops hours before the new one, and what the market does in
//! between is no difference between them: its last bar there ends with it, so the bar before that is taken. A roll goes to
//! a later contract only, and a contract that has expired is left whatever the rule says. The series begins with the
//! contract that expires first.
//!
//! Volumes are compared on days on which the contract that is held trades: an evening on which only a far one does says nothing.
//! Where it is silent, a later one must trade more than it did on its last day, or on three days. Open interest is
//! compared on the last day for which that of both is known.
//!
//! The bars before a roll are brought to the scale of those behind it: multiplied by `new / old` ([`RollAdjust::Ratio`],
//! shares of gain are kept), or shifted by `new - old` ([`RollAdjust::Difference`], amounts are kept: what a rolled position
//! earns is what its contracts earn). So the last bars are as they were traded.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use qframe_model::market::Bar;
use qframe_model::number::Price;
use qframe_model::symbol::Symbol;
use qframe_model::time::Time;

use crate::adjust::Factor;

/// When the next contract is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollRule {
    /// From so many calendar days before the expiry on.
    Date {
        /// How many, zero for the day of the expiry itself.
        days_before: u32,
    },
    /// From the day behind one on which a later contract traded more.
    Volume,
    /// As soon as more of a later contract is known to be open than of the one that is held.
    OpenInterest,
}

/// What becomes of the jump between two contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollAdjust {
    /// It stays.
    None,
    /// Earlier prices are multiplied.
    Ratio,
    /// Earlier prices are shifted.
    Difference,
}

impl RollAdjust {
    /// All of them by name.
    pub const ALL: [(&'static str, Self); 3] =
        [("none", Self::None), ("ratio", Self::Ratio), ("difference", Self::Difference)];
}

/// A contract and what is recorded of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// Its name, such as `ES-20131220`.
    pub symbol: Symbol,
    /// Midnight UTC of its last day.
    pub expiry: Time,
    /// Its bars, oldest first; all contracts in one frame.
    pub bars: Vec<Bar>,
    /// How many contracts were open at the end of a day, oldest first; empty where nobody wrote that down.
    pub open_interest: Vec<(Time, u64)>,
}

/// From one contract to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    /// Midnight UTC of the first day of the new one.
    pub day: Time,
    /// The old one.
    pub from: Symbol,
    /// The new one.
    pub to: Symbol,
    /// When the last bar opened at which both had a price, on the days before; the last of the old one where they never had.
    pub at: Time,
    /// The close of the old one there.
    pub from_close: Price,
    /// The close of the new one there; `None` where they never had a price together.
    pub to_close: Option<Price>,
}

impl Roll {
    /// `new / old`; `None` without a price of the new one.
    #[must_use]
    pub fn ratio(&self) -> Option<Factor> {
        Factor::ONE.times(self.to_close?.nanos().into(), self.from_close.nanos().into())
    }

    /// `new - old`; `None` without a price of the new one.
    #[must_use]
    pub fn difference(&self) -> Option<Price> {
        self.to_close?.minus(self.from_close).ok()
    }
}

/// The one series, and how it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rolled {
    /// Its bars, oldest first.
    pub bars: Vec<Bar>,
    /// Its rolls, oldest first.
    pub rolls: Vec<Roll>,
    /// The contract of its first bar.
    pub first: Symbol,
}

/// Why there is no such series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollError {
    /// No contract with bars.
    NoBars,
    /// By open interest, and none is known.
    NoOpenInterest,
    /// The new contract had no price when the old one was left.
    NoPrice(Box<Roll>),
    /// A price that becomes zero or less, or leaves its range.
    OutOfRange(Time),
}

impl fmt::Display for RollError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBars => f.write_str("no contract with bars"),
            Self::NoOpenInterest => f.write_str(
                "no open interest is known of these contracts; import LEAN's file of it, or roll by volume or date",
            ),
            Self::NoPrice(roll) => write!(
                f,
                "{:#}: {} had no price yet when {} was left, so nothing says how far apart they were; choose a period \
                 without that gap, or no adjustment",
                roll.day, roll.to, roll.from
            ),
            Self::OutOfRange(time) => {
                write!(f, "{time:#}: the adjusted price is not above zero; adjust by ratio, or choose a shorter period")
            }
        }
    }
}

impl std::error::Error for RollError {}

/// Makes one series of contracts of one root; they may come in any order.
///
/// # Errors
/// [`RollError`] where they do not make one.
pub fn roll(contracts: &[Contract], rule: RollRule, adjust: RollAdjust) -> Result<Rolled, RollError> {
    if rule == RollRule::OpenInterest && contracts.iter().all(|contract| contract.open_interest.is_empty()) {
        return Err(RollError::NoOpenInterest);
    }
    let mut all: Vec<Listed<'_>> = contracts.iter().map(Listed::new).collect();
    all.sort_by_key(|listed| listed.expiry);
    let days: BTreeSet<i64> = all.iter().flat_map(|listed| listed.days.keys().copied()).collect();
    let (mut held, mut before): (Option<usize>, i64) = (None, i64::MIN);
    let (mut rolls, mut rows, mut first) = (Vec::new(), Vec::new(), None);
    for today in days {
        let next = match held {
            Some(now) => successor(&all, now, rule, before, today),
            None => all.iter().position(|listed| today <= listed.expiry && !listed.days.is_empty()),
        };
        // What was left before its first bar was never held.
        if let (Some(now), Some(next), false) = (held, next, rows.is_empty()) {
            rolls.push(all[now].roll_to(&all[next], before, today).ok_or(RollError::NoBars)?);
        }
        held = next.or(held);
        before = today;
        let Some(listed) = held.map(|now| &all[now]) else { continue };
        if let Some(day) = listed.days.get(&today) {
            first.get_or_insert(&listed.contract.symbol);
            rows.extend(listed.contract.bars[day.bars.clone()].iter().map(|bar| (*bar, rolls.len())));
        }
    }
    let first = first.ok_or(RollError::NoBars)?.clone();
    Ok(Rolled { bars: adjusted(&rows, &rolls, adjust)?, rolls, first })
}

/// So many days on which a later contract trades and the one that is held does not are no accident.
const SILENT_DAYS: usize = 3;

/// A contract, day by day.
struct Listed<'a> {
    contract: &'a Contract,
    /// The number of its last day.
    expiry: i64,
    days: BTreeMap<i64, Day>,
}

struct Day {
    volume: i128,
    bars: Range<usize>,
}

impl<'a> Listed<'a> {
    fn new(contract: &'a Contract) -> Self {
        let mut days: BTreeMap<i64, Day> = BTreeMap::new();
        for (place, bar) in contract.bars.iter().enumerate() {
            let day = days.entry(bar.time.day());
            let day = day.or_insert(Day { volume: 0, bars: place..place });
            day.volume = day.volume.saturating_add(bar.volume.quantity().nanos());
            day.bars.end = place + 1;
        }
        Self { contract, expiry: contract.expiry.day(), days }
    }

    /// The last bar up to the end of a day.
    fn last_of(&self, day: i64) -> Option<&'a Bar> {
        let (_, day) = self.days.range(..=day).next_back()?;
        self.contract.bars[day.bars.clone()].last()
    }

    /// The close of the last bar up to the one that opens then.
    fn close_at(&self, time: Time) -> Option<Price> {
        let bars = &self.contract.bars;
        bars[..bars.partition_point(|bar| bar.time <= time)].last().map(|bar| bar.close)
    }

    /// The last instant up to the end of a day at which both have a price, with the closes there. The last bar of a contract
    /// ends with it, and not with the frame: it counts only where there is no other.
    fn together(&self, next: &Self, day: i64) -> Option<(Time, Price, Price)> {
        let (last, theirs) = (self.last_of(day)?, next.last_of(day)?.time);
        let priced = |at: Time| Some((at, self.close_at(at)?, next.close_at(at)?));
        let bars = &self.contract.bars;
        let whole = match last.time.day() < self.expiry {
            true => Some(last),
            false => bars[..bars.partition_point(|bar| bar.time < last.time)].last(),
        };
        whole.and_then(|whole| priced(whole.time.min(theirs))).or_else(|| priced(last.time.min(theirs)))
    }

    fn volume_of(&self, day: i64) -> i128 {
        self.days.get(&day).map_or(0, |day| day.volume)
    }

    /// How much it traded on a day, where that is more than `held` does.
    fn outtrades(&self, held: &Self, day: i64) -> Option<i128> {
        let own = self.volume_of(day);
        let last = held.days.range(..=day).next_back();
        let is_more = match last {
            Some((of, last)) if *of == day => own > last.volume,
            _ => {
                let silent_since = last.map_or(i64::MIN, |(of, _)| *of);
                let days = self.days.range(silent_since..=day).filter(|(of, _)| **of > silent_since).count();
                last.is_some_and(|(_, last)| own > last.volume) || own > 0 && days >= SILENT_DAYS
            }
        };
        is_more.then_some(own)
    }

    /// The open interest of the days before a day.
    fn known_open(&self, day: i64) -> &'a [(Time, u64)] {
        let rows = &self.contract.open_interest;
        &rows[..rows.partition_point(|(time, _)| time.day() < day)]
    }

    /// How much of it is open, where that is more than of `held`, by what is known at the end of a day: that of the days before.
    fn is_more_open(&self, held: &Self, day: i64) -> Option<i128> {
        let theirs = held.known_open(day);
        let both = self.known_open(day).iter().rev().find_map(|(time, own)| {
            let place = theirs.binary_search_by_key(time, |(time, _)| *time).ok()?;
            Some((*own, theirs[place].1))
        });
        both.filter(|(own, theirs)| own > theirs).map(|(own, _)| own.into())
    }

    fn roll_to(&self, next: &Self, before: i64, today: i64) -> Option<Roll> {
        let last = self.last_of(before)?;
        let together = self.together(next, before);
        let (at, from_close) = together.map_or((last.time, last.close), |(at, from, _)| (at, from));
        Some(Roll {
            day: Time::from_seconds(today * 86_400),
            from: self.contract.symbol.clone(),
            to: next.contract.symbol.clone(),
            at,
            from_close,
            to_close: together.map(|(_, _, to)| to),
        })
    }
}

/// The contract to hold from `today` on instead of `now`, by what was known at the end of the day `before`.
fn successor(all: &[Listed<'_>], now: usize, rule: RollRule, before: i64, today: i64) -> Option<usize> {
    let later = || (now + 1..all.len()).filter(|place| today <= all[*place].expiry);
    let never_held = all[now].last_of(before).is_none();
    let is_priced = |next: &Listed<'_>| match never_held {
        true => next.last_of(before).is_some(),
        false => all[now].together(next, before).is_some(),
    };
    let priced = || later().filter(|place| is_priced(&all[*place]));
    let most = |of: &dyn Fn(&Listed<'_>) -> Option<i128>| {
        // Of several with as much, the one that expires first.
        let more = priced().filter_map(|place| Some((of(&all[place])?, std::cmp::Reverse(place))));
        more.max().map(|(_, place)| place.0)
    };
    let by_rule = match rule {
        RollRule::Date { days_before } => {
            let is_near = |place: usize| today >= all[place].expiry - i64::from(days_before);
            is_near(now).then(|| priced().find(|place| !is_near(*place))).flatten()
        }
        RollRule::Volume => most(&|listed| listed.outtrades(&all[now], before)),
        RollRule::OpenInterest => most(&|listed| listed.is_more_open(&all[now], before)),
    };
    let is_over = today > all[now].expiry;
    let forced = || priced().next().or_else(|| later().find(|place| all[*place].days.contains_key(&today)));
    by_rule.or_else(|| is_over.then(forced).flatten())
}

/// The bars on the scale of the last ones. Each knows how many rolls came before it.
fn adjusted(rows: &[(Bar, usize)], rolls: &[Roll], adjust: RollAdjust) -> Result<Vec<Bar>, RollError> {
    if adjust == RollAdjust::None {
        return Ok(rows.iter().map(|(bar, _)| *bar).collect());
    }
    // Of the bars with so many rolls before them: all later ones together.
    let mut scales = vec![(Factor::ONE, 0i128)];
    for roll in rolls.iter().rev() {
        let (factor, shift) = scales[scales.len() - 1];
        let to = roll.to_close.ok_or_else(|| RollError::NoPrice(Box::new(roll.clone())))?;
        let (from, to) = (i128::from(roll.from_close.nanos()), i128::from(to.nanos()));
        let factor = factor.times(to, from).ok_or(RollError::OutOfRange(roll.day))?;
        scales.push((factor, shift + to - from));
    }
    scales.reverse();
    let moved = |(bar, place): &(Bar, usize)| {
        let (factor, shift) = scales[*place];
        let price = |price: Price| {
            let nanos = i128::from(price.nanos());
            let nanos = if adjust == RollAdjust::Ratio { factor.of(nanos)? } else { nanos + shift };
            i64::try_from(nanos).ok().filter(|nanos| *nanos > 0).map(Price::from_nanos)
        };
        let prices = || Some((price(bar.open)?, price(bar.high)?, price(bar.low)?, price(bar.close)?));
        let (open, high, low, close) = prices().ok_or(RollError::OutOfRange(bar.time))?;
        Ok(Bar { open, high, low, close, ..*bar })
    };
    rows.iter().map(moved).collect()
}
