//! The last bars of each series: what a strategy may look back on. Bounded, contiguous, and never ahead of the step.
use qframe_model::ids::SeriesId;
use qframe_model::market::Bar;

/// The last `depth` bars of every series.
#[derive(Debug, Clone, Default)]
pub struct History {
    depth: usize,
    series: Vec<Vec<Bar>>,
}

impl History {
    pub(crate) fn new(series: usize, depth: usize) -> Self {
        // Twice the depth: a full buffer moves its newer half to the front, so the last bars always lie in one slice
        // and each bar is moved once at most.
        Self { depth, series: (0..series).map(|_| Vec::with_capacity(2 * depth)).collect() }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, series: SeriesId, bar: &Bar) {
        if self.depth > 0 {
            self.keep(series, bar);
        }
    }

    /// As [`History::push`] of each.
    #[inline]
    pub(crate) fn extend(&mut self, series: SeriesId, bars: &[Bar]) {
        for bar in &bars[bars.len().saturating_sub(self.depth)..] {
            self.keep(series, bar);
        }
    }

    fn keep(&mut self, series: SeriesId, bar: &Bar) {
        let bars = &mut self.series[series.index()];
        if bars.len() == 2 * self.depth {
            bars.copy_within(self.depth.., 0);
            bars.truncate(self.depth);
        }
        bars.push(*bar);
    }

    /// The last bars of a series, oldest first, at most as many as the strategy's `lookback`.
    #[must_use]
    pub fn bars(&self, series: SeriesId) -> &[Bar] {
        let bars = self.series.get(series.index()).map_or(&[][..], Vec::as_slice);
        &bars[bars.len().saturating_sub(self.depth)..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qframe_model::time::Time;

    #[test]
    fn keeps_the_last_bars_in_order() {
        for depth in 0..5 {
            let mut history = History::new(1, depth);
            for count in 0..20_i64 {
                history.push(SeriesId(0), &Bar { time: Time::from_seconds(count), ..Bar::default() });
                let seen: Vec<_> =
                    history.bars(SeriesId(0)).iter().map(|bar| bar.time.nanos() / 1_000_000_000).collect();
                let first = (count + 1 - depth as i64).max(0);
                assert_eq!(seen, (first..=count).collect::<Vec<_>>(), "depth {depth}");
            }
        }
    }
}
