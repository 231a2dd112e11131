//! Realised volatility: how wild the returns of the last bars were, a year.
use std::collections::VecDeque;

use qframe_model::market::Bar;
use qframe_model::parameter::ParameterError;
use qframe_model::time::Time;
use qframe_quant::indicators::{Indicator, StdDev};

use super::deviation;

/// A year in nanoseconds: 365.25 days.
const YEAR_NS: f64 = 365.25 * 86_400e9;

/// Nights and weekends weigh as they should over so many bars, and a strategy that begins live need not have seen all.
const COUNTED_LEAST: usize = 1_000;

/// The standard deviation of the last log returns, a year.
#[derive(Debug, Clone)]
pub(super) struct Realised {
    deviation: StdDev,
    /// When bars began: so many, and one more, as bars a year are counted over.
    times: VecDeque<Time>,
    counted: usize,
    last: f64,
}

impl Realised {
    pub(super) fn new(window: usize) -> Result<Self, ParameterError> {
        Ok(Self {
            deviation: deviation("window", window)?,
            times: VecDeque::new(),
            counted: window.max(COUNTED_LEAST),
            last: 0.0,
        })
    }

    pub(super) fn warm_up(&self) -> usize {
        self.deviation.warm_up() + 1
    }

    pub(super) const fn startup(&self) -> usize {
        self.counted + 1
    }

    #[inline]
    pub(super) fn update(&mut self, bar: &Bar) -> Option<f64> {
        let before = std::mem::replace(&mut self.last, bar.close.to_f64().ln());
        self.times.push_back(bar.time);
        if self.times.len() > self.counted + 1 {
            self.times.pop_front();
        }
        let count = self.times.len() - 1;
        let first = *self.times.front().filter(|_| count > 0)?;
        let deviation = self.deviation.update(self.last - before)?;
        let years = bar.time.since(first).nanos() as f64 / YEAR_NS;
        Some(deviation * (count as f64 / years).sqrt())
    }
}
