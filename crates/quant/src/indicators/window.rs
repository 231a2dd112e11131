//! Sum and mean of the last n values.
//!
//! The running sum takes one dependent addition per input. Rounding left behind by that shortcut is wiped regularly: the sum is
//! rebuilt from the window at least every max(n, 256) inputs (rounded up to a whole number of windows), so an outlier that has
//! left the window does not haunt the values for ever.

use super::{Average, Indicator, ParameterError, error};
use std::ops::Range;

/// Inputs between two rebuilds, unless the window is longer.
const REBUILD: usize = 256;

/// Windows that pass between two rebuilds.
#[inline(always)]
pub(super) fn wraps_per_rebuild(period: usize) -> usize {
    REBUILD.div_ceil(period)
}

/// The inputs after the first window, cut where a rebuild follows the last input of a piece (except perhaps the last piece).
pub(super) fn stretches(period: usize, inputs: usize) -> impl Iterator<Item = Range<usize>> {
    let length = period * wraps_per_rebuild(period);
    (0..inputs).step_by(length).map(move |start| start.max(period)..inputs.min(start + length))
}

/// Running sums of the last `period` rows of `N` values.
#[derive(Debug, Clone)]
pub(super) struct Window<const N: usize> {
    /// The rows; before the window is full the rest is zeros. Slot `at` holds the oldest.
    ring: Box<[[f64; N]]>,
    at: usize,
    /// Wraps left until the next rebuild.
    wraps: usize,
    full: bool,
    sums: [f64; N],
}

impl<const N: usize> Window<N> {
    pub(super) fn new(period: usize) -> Result<Self, ParameterError> {
        let period = error::period("period", period, 1)?;
        let ring = vec![[0.0; N]; period].into();
        Ok(Self { ring, at: 0, wraps: wraps_per_rebuild(period), full: false, sums: [0.0; N] })
    }

    pub(super) fn reset(&mut self) {
        self.ring.fill([0.0; N]);
        (self.at, self.full, self.sums) = (0, false, [0.0; N]);
        self.wraps = wraps_per_rebuild(self.ring.len());
    }

    #[inline(always)]
    pub(super) fn period(&self) -> usize {
        self.ring.len()
    }

    /// Takes a row in; the sums, once the window is full.
    #[inline(always)]
    pub(super) fn slide(&mut self, row: [f64; N]) -> Option<[f64; N]> {
        let slot = &mut self.ring[self.at];
        for column in 0..N {
            self.sums[column] += row[column] - slot[column];
        }
        *slot = row;
        self.at += 1;
        if self.at == self.ring.len() {
            (self.at, self.full) = (0, true);
            self.wraps -= 1;
            if self.wraps == 0 {
                self.wraps = wraps_per_rebuild(self.ring.len());
                // Number by number: an array would come back through memory, and the sums with it.
                for column in 0..N {
                    self.sums[column] = total(&self.ring, column);
                }
            }
        }
        self.full.then_some(self.sums)
    }

    /// Lays the last window of a history into the ring, as streaming would have.
    fn adopt(&mut self, rows: &[[f64; N]]) {
        let period = self.ring.len();
        self.at = rows.len() % period;
        self.wraps = wraps_per_rebuild(period) - rows.len() / period % wraps_per_rebuild(period);
        let (old, new) = rows[rows.len() - period..].split_at(period - self.at);
        self.ring[self.at..].copy_from_slice(old);
        self.ring[..self.at].copy_from_slice(new);
    }
}

impl Window<1> {
    /// Sums of every full window of `values`, each passed through `finish`; bit for bit what streaming gives.
    fn batch(&mut self, values: &[f64], out: &mut Vec<f64>, finish: impl Fn(f64) -> f64) -> usize {
        self.reset();
        let period = self.ring.len();
        // Not emptied before: what a buffer in use again holds is written over, and zeros first would be written twice.
        out.resize((values.len() + 1).saturating_sub(period), 0.0);
        let first = &values[..period.min(values.len())];
        let sums = first.iter().fold(None, |_, &value| self.slide([value]));
        if let Some([sum]) = sums {
            out[0] = finish(sum);
            for range in stretches(period, values.len()) {
                let slots = &mut out[range.start + 1 - period..range.end + 1 - period];
                self.stretch(values, range, slots, &finish);
            }
            self.adopt(values.as_chunks().0);
        }
        period - 1
    }

    /// The inputs of one of the [`stretches`]: what leaves is read from the series, not from the ring.
    #[inline(always)]
    fn stretch(&mut self, values: &[f64], range: Range<usize>, out: &mut [f64], finish: impl Fn(f64) -> f64) {
        let period = self.ring.len();
        let [mut sum] = self.sums;
        // Sums come one after the other; four of them are finished side by side.
        let (entering, entering_rest) = values[range.clone()].as_chunks::<4>();
        let (leaving, leaving_rest) = values[range.start - period..range.end - period].as_chunks::<4>();
        let (fours, rest) = out.as_chunks_mut::<4>();
        for ((out, entering), leaving) in fours.iter_mut().zip(entering).zip(leaving) {
            for ((out, entering), leaving) in out.iter_mut().zip(entering).zip(leaving) {
                sum += entering - leaving;
                *out = sum;
            }
            *out = out.map(&finish);
        }
        for ((out, entering), leaving) in rest.iter_mut().zip(entering_rest).zip(leaving_rest) {
            sum += entering - leaving;
            *out = finish(sum);
        }
        if range.end.is_multiple_of(period * wraps_per_rebuild(period)) {
            sum = total::<1>(values[range.end - period..range.end].as_chunks().0, 0);
            if let Some(last) = out.last_mut() {
                *last = finish(sum);
            }
        }
        self.sums = [sum];
    }
}

/// Sum of a column in a fixed order, in four strands so that the additions overlap.
#[inline(never)]
fn total<const N: usize>(rows: &[[f64; N]], column: usize) -> f64 {
    let mut strands = [0.0; 4];
    let chunks = rows.chunks_exact(4);
    let rest: f64 = chunks.remainder().iter().map(|row| row[column]).sum();
    for chunk in chunks {
        for (strand, row) in strands.iter_mut().zip(chunk) {
            *strand += row[column];
        }
    }
    (strands[0] + strands[1]) + (strands[2] + strands[3]) + rest
}

/// Sum of the last `period` values.
#[derive(Debug, Clone)]
pub struct Sum(Window<1>);

impl Sum {
    /// A sum over `period` values.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Window::new(period).map(Self)
    }
}

impl Indicator for Sum {
    type Input = f64;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, input: f64) -> Option<f64> {
        self.0.slide([input]).map(|[sum]| sum)
    }

    fn warm_up(&self) -> usize {
        self.0.period()
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn batch_into(&mut self, columns: &[f64], out: &mut Vec<f64>) -> usize {
        self.0.batch(columns, out, |sum| sum)
    }
}

/// Simple moving average: the mean of the last `period` values.
#[derive(Debug, Clone)]
pub struct Sma {
    window: Window<1>,
    count: f64,
    /// 1 / count.
    share: f64,
}

impl Sma {
    /// A mean over `period` values.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Ok(Self { window: Window::new(period)?, count: period as f64, share: 1.0 / period as f64 })
    }
}

impl Indicator for Sma {
    type Input = f64;
    type Output = f64;

    #[inline(always)]
    fn update(&mut self, input: f64) -> Option<f64> {
        self.window.slide([input]).map(|[sum]| sum / self.count)
    }

    fn warm_up(&self) -> usize {
        self.window.period()
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn batch_into(&mut self, columns: &[f64], out: &mut Vec<f64>) -> usize {
        let count = self.count;
        self.window.batch(columns, out, |sum| sum / count)
    }
}

impl Average for Sma {
    #[inline(always)]
    fn update_near(&mut self, input: f64) -> Option<f64> {
        self.window.slide([input]).map(|[sum]| sum * self.share)
    }
}
