//! Two averages, and where one crosses the other.
use qframe_model::market::{Bar, Side};
use qframe_quant::indicators::Average;

/// A fast and a slow average of closes.
#[derive(Debug, Clone)]
pub(super) struct Cross<A> {
    fast: A,
    slow: A,
    /// Fast less slow on the bar before, and the slow one; 0 where they were not there.
    last: (f64, f64),
}

impl<A: Average> Cross<A> {
    pub(super) const fn new(fast: A, slow: A) -> Self {
        Self { fast, slow, last: (0.0, 0.0) }
    }

    pub(super) fn warm_up(&self) -> usize {
        self.fast.warm_up().max(self.slow.warm_up())
    }

    pub(super) fn startup(&self) -> usize {
        // A cross needs the bar before it.
        self.fast.memory().max(self.slow.memory()) + 1
    }

    /// Where this close makes them cross: the side of the fast one, and its distance from the slow one, as ten times a share.
    #[inline(always)]
    pub(super) fn update(&mut self, bar: &Bar) -> Option<(Side, f64)> {
        // In nanos: which average is above does not depend on the unit, and sums of whole numbers lose nothing.
        let close = bar.close.nanos() as f64;
        let (fast, slow) = (self.fast.update_near(close), self.slow.update_near(close));
        let (fast, slow) = (fast?, slow?);
        let now = (fast - slow, slow);
        let before = std::mem::replace(&mut self.last, now);
        // Nearer than that they are equal: a running sum keeps rounding errors of prices long gone, and a near mean its own.
        let is_apart = |(apart, slow): (f64, f64)| apart.abs() > 1e-12 * slow.abs();
        // What is needed on a cross only is computed on a cross only.
        (before.0 * now.0 < 0.0 && is_apart(before) && is_apart(now)).then(|| {
            let (apart, slow) = now;
            let side = if apart > 0.0 { Side::Buy } else { Side::Sell };
            (side, apart / slow * 10.0)
        })
    }
}
