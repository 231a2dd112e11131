//! Blocks of rows that stand again at later times: an export that was written twice, a feed that froze.
use qframe_model::market::Bar;

use super::tally::Tally;
use crate::defect::{Defect, Finding};

/// So many rows look back for their like.
const SLOTS: usize = 1 << 14;
/// Rows that must be equal, all fields but the time, in a row; without volumes there is less to tell them apart.
const RUN_MIN: usize = 3;
const RUN_MIN_WITHOUT_VOLUME: usize = 6;

/// Counts the rows of each block of three or more that repeats an earlier one, all five values. A row without a range says
/// nothing: quiet markets repeat it.
pub(super) fn find(bars: &[Bar], tally: &mut Tally) {
    for Block { first, rows, lag } in blocks(bars) {
        let (again, before) = (bars[first].time, bars[first - lag].time);
        let text = || format!("{rows} rows from here on are those from {before:#} on, all values the same");
        tally.count_block(Defect::StaleRepeat, rows as u64, || Finding::at(Defect::StaleRepeat, again, text()));
    }
}

/// `rows` rows from `first` on repeat those `lag` rows before.
pub(super) struct Block {
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) lag: usize,
}

pub(super) fn blocks(bars: &[Bar]) -> Vec<Block> {
    let mut last_seen = vec![u32::MAX; SLOTS];
    let (mut blocks, mut place) = (Vec::new(), 0);
    while place < bars.len() {
        let bar = &bars[place];
        let slot = slot(bar);
        let seen = std::mem::replace(&mut last_seen[slot], u32::try_from(place).unwrap_or(u32::MAX)) as usize;
        if seen < place && tells(bar) && same(bar, &bars[seen]) {
            let lag = place - seen;
            let rows = bars[place..].iter().zip(&bars[seen..]).take_while(|(a, b)| same(a, b)).count();
            let telling = bars[place..place + rows].iter().filter(|bar| tells(bar)).count();
            let least = if bar.volume.is_zero() { RUN_MIN_WITHOUT_VOLUME } else { RUN_MIN };
            if telling >= least {
                // The table keeps what stood first: rows that repeat a repetition are told by the same lag.
                blocks.push(Block { first: place, rows, lag });
                place += rows;
                continue;
            }
        }
        place += 1;
    }
    blocks
}

/// A flat row is like any other flat row.
fn tells(bar: &Bar) -> bool {
    bar.high > bar.low
}

fn same(a: &Bar, b: &Bar) -> bool {
    Bar { time: a.time, ..*b } == *a
}

/// Fibonacci hashing of the five values.
fn slot(bar: &Bar) -> usize {
    let words = [bar.open.nanos(), bar.high.nanos(), bar.low.nanos(), bar.close.nanos()].map(i64::cast_unsigned);
    let mixed = words
        .into_iter()
        .chain([bar.volume.bits()])
        .fold(0u64, |hash, word| (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    (mixed >> (64 - SLOTS.trailing_zeros())) as usize
}
