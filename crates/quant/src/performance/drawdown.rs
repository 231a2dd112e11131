//! Falls from a peak: how deep, how long.

/// Drawdowns of a stream: those that have ended, and the one in progress.
///
/// A drawdown lasts from the last point at the peak to the first point at or above it again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Drawdowns {
    pub(super) peak: f64,
    peak_time: i64,
    peak_point: u64,
    /// Lowest value of all.
    pub(super) lowest: f64,
    /// Lowest value since the peak.
    trough: f64,
    count: u64,
    /// Deepest drawdown as a positive fraction of its peak.
    pub(super) deepest: f64,
    depth_sum: f64,
    duration_sum: i128,
    duration_max: i64,
}

impl Drawdowns {
    /// A stream whose first value is its peak.
    pub(super) fn starting(time: i64, value: f64) -> Self {
        Self { peak: value, peak_time: time, lowest: value, trough: value, ..Self::default() }
    }

    /// Takes values and their times; the first is point number `point`.
    pub(super) fn take(&mut self, values: &[f64], times: &[i64], point: u64) {
        let (low, high) = range(values);
        self.lowest = self.lowest.min(low);
        if high < self.peak {
            self.trough = self.trough.min(low);
            return;
        }
        for (index, (&value, &time)) in values.iter().zip(times).enumerate() {
            if value >= self.peak {
                self.recover(time);
                (self.peak, self.trough) = (value, value);
                (self.peak_time, self.peak_point) = (time, point + index as u64);
            } else if value < self.trough {
                self.trough = value;
            }
        }
    }

    #[inline(always)]
    fn recover(&mut self, time: i64) {
        if self.trough < self.peak {
            self.end(time);
        }
    }

    fn end(&mut self, time: i64) {
        let (depth, duration) = (self.depth(), time - self.peak_time);
        self.count += 1;
        self.deepest = self.deepest.max(depth);
        self.depth_sum += depth;
        self.duration_sum += i128::from(duration);
        self.duration_max = self.duration_max.max(duration);
    }

    fn depth(&self) -> f64 {
        1.0 - self.trough / self.peak
    }

    /// All drawdowns of a stream that ends here, after `points` points. One that began at the very last point is as deep as
    /// any, but it has no length and enters no mean (backtesting.py's convention).
    pub(super) fn ending(mut self, time: i64, points: u64) -> Self {
        if self.trough < self.peak {
            self.deepest = self.deepest.max(self.depth());
            if points > self.peak_point + 2 {
                self.end(time);
            }
        }
        self
    }

    /// Mean depth of the drawdowns that have a length, as a positive fraction.
    pub(super) fn mean_depth(&self) -> Option<f64> {
        (self.count > 0).then(|| self.depth_sum / self.count as f64)
    }

    /// Longest drawdown, nanoseconds.
    pub(super) fn duration_max(&self) -> Option<i64> {
        (self.count > 0).then_some(self.duration_max)
    }

    /// Mean length of the drawdowns, nanoseconds, rounded down.
    pub(super) fn duration_mean(&self) -> Option<i64> {
        let mean = self.duration_sum.checked_div(i128::from(self.count))?;
        i64::try_from(mean).ok()
    }
}

/// Lowest and highest value, four lanes side by side.
fn range(values: &[f64]) -> (f64, f64) {
    let (mut low, mut high) = ([f64::INFINITY; 4], [f64::NEG_INFINITY; 4]);
    let chunks = values.chunks_exact(4);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..4 {
            low[lane] = if chunk[lane] < low[lane] { chunk[lane] } else { low[lane] };
            high[lane] = if chunk[lane] > high[lane] { chunk[lane] } else { high[lane] };
        }
    }
    let all = |lanes: [f64; 4]| lanes.into_iter().chain(rest.iter().copied());
    (all(low).fold(f64::INFINITY, f64::min), all(high).fold(f64::NEG_INFINITY, f64::max))
}
