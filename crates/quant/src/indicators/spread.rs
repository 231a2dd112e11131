//! Standard deviation of the last n values, and what is measured in it.
//!
//! The window slides by Welford's update with one value entering as one leaves. What rounding leaves behind is wiped by a pass
//! over the window at least every max(n, 256) inputs, and at once when the spread collapses (an outlier leaves, the price stands
//! still), where the residue would otherwise be all there is.

use super::extreme::Bands;
use super::window::{stretches, wraps_per_rebuild};
use super::{Indicator, ParameterError, error};
use std::ops::Range;

/// Share of the largest sum of squares since the last pass below which a pass is due.
const COLLAPSE: f64 = 1e-6;

/// Mean and spread of a window.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    mean: f64,
    /// Sum of the squared deviations from the mean.
    squares: f64,
    /// Largest `squares` since the last pass over the window.
    peak: f64,
}

impl Moments {
    /// Of a whole window.
    #[inline(always)]
    fn of(window: &[f64]) -> Self {
        let (mean, squares) = two_passes(window);
        Self { mean, squares, peak: squares }
    }

    /// One value enters the window and one leaves it; `share` is 1 / the window's length.
    #[inline(always)]
    fn replace(&mut self, entering: f64, leaving: f64, share: f64) {
        let (change, before) = (entering - leaving, self.mean);
        self.mean += change * share;
        self.squares += change * ((entering - self.mean) + (leaving - before));
        self.peak = if self.squares > self.peak { self.squares } else { self.peak };
    }

    /// Replaces value by value until a spread collapses; the number of values taken. No call leaves this loop, so all of its state
    /// stays in registers.
    #[inline(always)]
    fn run(
        &mut self,
        entering: &[f64],
        leaving: &[f64],
        share: f64,
        out: &mut [f64],
        finish: impl Fn(f64) -> f64,
    ) -> usize {
        let mut own = *self;
        let mut taken = 0;
        for ((&entering, &leaving), out) in entering.iter().zip(leaving).zip(&mut *out) {
            own.replace(entering, leaving, share);
            *out = own.variance(share);
            taken += 1;
            if own.collapsed() {
                break;
            }
        }
        *self = own;
        // Behind the loop, where roots are taken side by side.
        for out in &mut out[..taken] {
            *out = finish(*out);
        }
        taken
    }

    #[inline(always)]
    fn collapsed(&self) -> bool {
        self.squares < COLLAPSE * self.peak
    }

    /// Never negative: a sum of squares that rounding took below zero has collapsed and was rebuilt.
    #[inline(always)]
    fn variance(&self, share: f64) -> f64 {
        self.squares * share
    }
}

/// Mean and sum of squared deviations. Deviations from a value of the window add up without cancelling, and those of a constant
/// window are exactly 0. Two numbers come back in registers, where a structure would drag the caller's loop through memory.
#[cold]
#[inline(never)]
fn two_passes(window: &[f64]) -> (f64, f64) {
    let shift = window[0];
    let mean = shift + window.iter().map(|value| value - shift).sum::<f64>() / window.len() as f64;
    (mean, window.iter().map(|value| (value - mean).powi(2)).sum())
}

/// [`Moments`] of the last `period` values.
#[derive(Debug, Clone)]
struct Spread {
    /// The window; slot `at` holds the oldest value.
    ring: Box<[f64]>,
    at: usize,
    /// Wraps left until the next rebuild.
    wraps: usize,
    full: bool,
    share: f64,
    moments: Moments,
}

impl Spread {
    fn new(period: usize, least: usize) -> Result<Self, ParameterError> {
        let period = error::period("period", period, least)?;
        let (ring, wraps) = (vec![0.0; period].into(), wraps_per_rebuild(period));
        Ok(Self { ring, at: 0, wraps, full: false, share: 1.0 / period as f64, moments: Moments::default() })
    }

    fn reset(&mut self) {
        self.ring.fill(0.0);
        (self.at, self.wraps, self.full) = (0, wraps_per_rebuild(self.ring.len()), false);
        self.moments = Moments::default();
    }

    /// Takes a value in; the moments, once the window is full.
    #[inline(always)]
    fn slide(&mut self, entering: f64) -> Option<Moments> {
        let leaving = std::mem::replace(&mut self.ring[self.at], entering);
        self.moments.replace(entering, leaving, self.share);
        self.at += 1;
        let mut due = self.moments.collapsed();
        if self.at == self.ring.len() {
            // Before the first window is full, zeros leave that were never there.
            due |= !self.full;
            (self.at, self.full) = (0, true);
            self.wraps -= 1;
            if self.wraps == 0 {
                self.wraps = wraps_per_rebuild(self.ring.len());
                due = true;
            }
        }
        if due {
            self.moments = Moments::of(&self.ring);
        }
        self.full.then_some(self.moments)
    }

    /// Variances of every full window of `values`, each passed through `finish`; bit for bit what streaming gives.
    fn batch(&mut self, values: &[f64], out: &mut Vec<f64>, finish: impl Fn(f64) -> f64) -> usize {
        self.reset();
        let (period, share) = (self.ring.len(), self.share);
        // As in the batch of sums: what a buffer in use again holds is written over.
        out.resize((values.len() + 1).saturating_sub(period), 0.0);
        let first = &values[..period.min(values.len())];
        if let Some(moments) = first.iter().fold(None, |_, &value| self.slide(value)) {
            out[0] = finish(moments.variance(share));
            for range in stretches(period, values.len()) {
                let slots = &mut out[range.start + 1 - period..range.end + 1 - period];
                self.stretch(values, range, slots, &finish);
            }
            lay(&mut self.ring, values);
            self.at = values.len() % period;
            self.wraps = wraps_per_rebuild(period) - values.len() / period % wraps_per_rebuild(period);
        }
        period - 1
    }

    /// The inputs of one of the [`stretches`], with a pass over the window wherever streaming makes one.
    fn stretch(&mut self, values: &[f64], range: Range<usize>, out: &mut [f64], finish: impl Fn(f64) -> f64) {
        let period = self.ring.len();
        let rebuilds = range.end.is_multiple_of(period * wraps_per_rebuild(period));
        let mut done = 0;
        while done < out.len() {
            let (next, end) = (range.start + done, range.end);
            let (entering, leaving) = (&values[next..end], &values[next - period..end - period]);
            done += self.moments.run(entering, leaving, self.share, &mut out[done..], &finish);
            if self.moments.collapsed() || (rebuilds && done == out.len()) {
                lay(&mut self.ring, &values[..range.start + done]);
                self.moments = Moments::of(&self.ring);
                out[done - 1] = finish(self.moments.variance(self.share));
            }
        }
    }
}

/// Lays the last window of a history into a ring as streaming would have: value number k in slot k modulo the period.
fn lay(ring: &mut [f64], values: &[f64]) {
    let at = values.len() % ring.len();
    let (old, new) = values[values.len() - ring.len()..].split_at(ring.len() - at);
    ring[at..].copy_from_slice(old);
    ring[..at].copy_from_slice(new);
}

/// An indicator that is a function of itself, its input and the [`Moments`] of its window.
macro_rules! of_spread {
    ($name:ident -> $output:ty, |$own:pat_param, $input:pat_param, $moments:pat_param| $value:expr $(, batch $finish:expr)?) => {
        impl Indicator for $name {
            type Input = f64;
            type Output = $output;

            #[inline(always)]
            fn update(&mut self, input: f64) -> Option<$output> {
                let $moments = self.spread.slide(input)?;
                let ($own, $input) = (&*self, input);
                Some($value)
            }

            fn warm_up(&self) -> usize {
                self.spread.ring.len()
            }

            fn reset(&mut self) {
                self.spread.reset();
            }

            $(fn batch_into(&mut self, columns: &[f64], out: &mut Vec<f64>) -> usize {
                self.spread.batch(columns, out, $finish)
            })?
        }
    };
}

/// Variance of the last `period` values; divides by n, as TA-Lib does.
#[derive(Debug, Clone)]
pub struct Variance {
    spread: Spread,
}

impl Variance {
    /// A variance over `period` values.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Ok(Self { spread: Spread::new(period, 1)? })
    }
}

of_spread!(Variance -> f64, |own, _, moments| moments.variance(own.spread.share), batch |variance| variance);

/// Standard deviation of the last `period` values; divides by n, as TA-Lib does.
#[derive(Debug, Clone)]
pub struct StdDev {
    spread: Spread,
}

impl StdDev {
    /// A deviation over `period` values.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `1..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Ok(Self { spread: Spread::new(period, 1)? })
    }
}

of_spread!(StdDev -> f64, |own, _, moments| moments.variance(own.spread.share).sqrt(), batch f64::sqrt);

/// Distance of a value from the mean of the last `period` values, in their standard deviations (dividing by n); 0 where they are
/// all equal.
#[derive(Debug, Clone)]
pub struct ZScore {
    spread: Spread,
}

impl ZScore {
    /// A score over `period` values.
    ///
    /// # Errors
    /// [`ParameterError::Period`] unless `period` is in `2..=100_000`.
    pub fn new(period: usize) -> Result<Self, ParameterError> {
        Ok(Self { spread: Spread::new(period, 2)? })
    }
}

of_spread!(ZScore -> f64, |own, input, moments| {
    let deviation = moments.variance(own.spread.share).sqrt();
    if deviation > 0.0 { (input - moments.mean) / deviation } else { 0.0 }
});

/// Bollinger bands: the mean of the last `period` values and lines a number of standard deviations (dividing by n) above and below.
#[derive(Debug, Clone)]
pub struct Bollinger {
    spread: Spread,
    width: f64,
}

impl Bollinger {
    /// Usual parameters: 20 values, 2 deviations.
    ///
    /// # Errors
    /// [`ParameterError`] unless `period` is in `2..=100_000` and `deviations` is finite and above 0.
    pub fn new(period: usize, deviations: f64) -> Result<Self, ParameterError> {
        let width = error::positive("deviations", deviations)?;
        Ok(Self { spread: Spread::new(period, 2)?, width })
    }
}

of_spread!(Bollinger -> Bands, |own, _, moments| {
    let (middle, reach) = (moments.mean, own.width * moments.variance(own.spread.share).sqrt());
    Bands { upper: middle + reach, middle, lower: middle - reach }
});
