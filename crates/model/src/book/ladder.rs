//! One side of an order book: a cell for each step of the price, so that a change costs the same wherever it is.
use std::collections::BTreeMap;

use crate::market::{Level, Side};
use crate::number::{Price, Volume};

/// Cells cover at most so many steps of the price; what is further from the best waits in a tree.
const CELLS_MAX: usize = 1 << 16;
const CELLS_MIN: usize = 1 << 8;

/// The levels of one side. A level's rank is its price in steps, higher for the better price; the step is the largest of
/// which all prices so far were multiples.
#[derive(Debug, Clone)]
pub(super) struct Ladder {
    step: Step,
    /// 1 where a higher price is better, -1 where a lower one is.
    sign: i64,
    /// The rank of the first cell.
    low: i64,
    cells: Vec<Volume>,
    /// The place of the best cell that holds something; none does where `held` is zero.
    best: usize,
    held: usize,
    /// Levels below the first cell, by rank.
    far: BTreeMap<i64, Volume>,
}

impl Ladder {
    /// The empty side `side`.
    pub(super) const fn new(side: Side) -> Self {
        let sign = match side {
            Side::Buy => 1,
            Side::Sell => -1,
        };
        Self { step: Step::NONE, sign, low: 0, cells: Vec::new(), best: 0, held: 0, far: BTreeMap::new() }
    }

    /// The level at its price is so now.
    #[inline]
    pub(super) fn set(&mut self, level: Level) {
        let Some(steps) = self.step.count(level.price) else { return self.set_off_step(level) };
        let rank = steps * self.sign;
        match rank.checked_sub(self.low).and_then(|place| usize::try_from(place).ok()) {
            Some(place) if place < self.cells.len() => self.set_cell(place, level.quantity),
            _ => self.set_outside(rank, level.quantity),
        }
    }

    #[inline]
    fn set_cell(&mut self, place: usize, quantity: Volume) {
        let was = std::mem::replace(&mut self.cells[place], quantity);
        match (was.is_zero(), quantity.is_zero()) {
            (true, false) => {
                self.best = if self.held == 0 { place } else { self.best.max(place) };
                self.held += 1;
            }
            (false, true) => {
                self.held -= 1;
                if place == self.best {
                    self.find_best();
                }
            }
            _ => {}
        }
    }

    #[inline]
    fn find_best(&mut self) {
        if self.held == 0 {
            return self.refill();
        }
        while self.cells[self.best].is_zero() {
            self.best -= 1;
        }
    }

    /// The cells are empty: the best of what is far moves into them.
    #[cold]
    fn refill(&mut self) {
        if let Some((&rank, _)) = self.far.last_key_value() {
            self.cover(rank);
        }
    }

    /// A rank that no cell stands for.
    #[cold]
    fn set_outside(&mut self, rank: i64, quantity: Volume) {
        let above = rank >= self.low;
        if quantity.is_zero() {
            // Nothing stands above the cells.
            _ = self.far.remove(&rank);
            return;
        }
        let room = i64::try_from(CELLS_MAX / 2).unwrap_or(i64::MAX);
        let near = self.held > 0 && self.low.saturating_sub(rank) < room - self.cells.len() as i64;
        if above || self.held == 0 || near {
            let best = if self.held == 0 { rank } else { rank.max(self.low + self.best as i64) };
            let lowest = if self.held == 0 { rank } else { rank.min(self.low) };
            self.far.insert(rank, quantity);
            self.cover_down_to(best, lowest);
        } else {
            self.far.insert(rank, quantity);
        }
    }

    fn cover(&mut self, best: i64) {
        self.cover_down_to(best, best);
    }

    /// Lays the cells so that `best` stands in their upper half, with `lowest` among them where there is room.
    fn cover_down_to(&mut self, best: i64, lowest: i64) {
        self.far.extend(Self::filled(&self.cells, self.low));
        let below = usize::try_from(best.saturating_sub(lowest)).unwrap_or(usize::MAX);
        let count = below.saturating_mul(2).clamp(CELLS_MIN, CELLS_MAX).next_power_of_two();
        self.low = best.saturating_sub((count - count / 4) as i64);
        self.cells.clear();
        self.cells.resize(count, Volume::ZERO);
        let within = self.far.split_off(&self.low);
        self.held = within.len();
        for (rank, quantity) in within {
            self.best = (rank - self.low) as usize;
            self.cells[self.best] = quantity;
        }
    }

    fn filled(cells: &[Volume], low: i64) -> impl DoubleEndedIterator<Item = (i64, Volume)> + '_ {
        let all = cells.iter().enumerate().filter(|(_, quantity)| !quantity.is_zero());
        all.map(move |(place, quantity)| (low + place as i64, *quantity))
    }

    /// A price between the steps: from here on a step is smaller.
    #[cold]
    fn set_off_step(&mut self, level: Level) {
        if level.quantity.is_zero() && !self.step.is_none() {
            return;
        }
        let levels: Vec<Level> = self.levels().collect();
        self.step = self.step.with(level.price);
        *self = Self { step: self.step, ..Self::new(if self.sign > 0 { Side::Buy } else { Side::Sell }) };
        for level in levels.into_iter().chain([level]) {
            if !level.quantity.is_zero() {
                self.set(level);
            }
        }
    }

    #[inline]
    pub(super) fn best(&self) -> Option<Level> {
        let level = || Level { price: self.price(self.low + self.best as i64), quantity: self.cells[self.best] };
        (self.held > 0).then(level)
    }

    /// What stands at a price.
    pub(super) fn at(&self, price: Price) -> Volume {
        let rank = self.step.count(price).map(|steps| steps * self.sign);
        let Some(rank) = rank else { return Volume::ZERO };
        let place = rank.checked_sub(self.low).and_then(|place| usize::try_from(place).ok());
        let cell = place.and_then(|place| self.cells.get(place)).or_else(|| self.far.get(&rank));
        cell.copied().unwrap_or(Volume::ZERO)
    }

    /// All levels, best first.
    pub(super) fn levels(&self) -> impl Iterator<Item = Level> + '_ {
        let near = if self.held == 0 { &[] } else { &self.cells[..=self.best] };
        let all =
            Self::filled(near, self.low).rev().chain(self.far.iter().rev().map(|(rank, quantity)| (*rank, *quantity)));
        all.map(|(rank, quantity)| Level { price: self.price(rank), quantity })
    }

    /// How many levels there are.
    pub(super) fn len(&self) -> usize {
        self.held + self.far.len()
    }

    /// Everything goes; the step stays.
    pub(super) fn clear(&mut self) {
        if self.held > 0 {
            self.cells[..=self.best].fill(Volume::ZERO);
        }
        self.held = 0;
        self.far.clear();
    }

    #[inline]
    const fn price(&self, rank: i64) -> Price {
        Price::from_nanos(rank * self.sign * self.step.size)
    }
}

/// The step of the prices, ready to divide by: a multiple of an odd number is divided by a multiplication with its inverse.
#[derive(Debug, Clone, Copy)]
struct Step {
    size: i64,
    zeros: u32,
    inverse: i64,
}

impl Step {
    const NONE: Self = Self { size: 0, zeros: 0, inverse: 0 };

    const fn is_none(self) -> bool {
        self.size == 0
    }

    /// A step that divides a price too.
    fn with(self, price: Price) -> Self {
        let (mut size, mut rest) = (price.nanos().saturating_abs(), self.size);
        while rest != 0 {
            (size, rest) = (rest, size % rest);
        }
        let size = size.max(1);
        let odd = size >> size.trailing_zeros();
        // Newton's iteration doubles the right bits of the inverse: 3, 6, 12, 24, 48, 96.
        let inverse =
            (0..5).fold(odd, |inverse, _| inverse.wrapping_mul(2_i64.wrapping_sub(odd.wrapping_mul(inverse))));
        Self { size, zeros: size.trailing_zeros(), inverse }
    }

    /// How many steps a price is; `None` where it is no multiple.
    #[inline]
    const fn count(self, price: Price) -> Option<i64> {
        let count = (price.nanos() >> self.zeros).wrapping_mul(self.inverse);
        // Only a multiple comes back; a count that is too large wraps to something else.
        match count.checked_mul(self.size) {
            Some(nanos) if nanos == price.nanos() && self.size != 0 => Some(count),
            _ => None,
        }
    }
}
