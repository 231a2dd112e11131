//! A straight line through the last pairs of values.

/// A line, and how far the newest point is from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// Rise of y for one of x.
    pub(super) slope: f64,
    /// The newest point's distance above the line, in standard errors of the regression.
    pub(super) score: f64,
}

/// Ordinary least squares of y on x over the last pairs: slope Sxy / Sxx, standard error sqrt(SSR / (n - 2)).
///
/// Every line is computed anew from the pairs, about their means: no rounding is carried on.
#[derive(Debug, Clone)]
pub(super) struct RollingLine {
    /// Pairs (y, x); slot `at` holds the oldest once `full`.
    pairs: Box<[(f64, f64)]>,
    at: usize,
    full: bool,
}

/// A standard error at which the points lie on the line, but for rounding.
const ROUNDING: f64 = 1e-9;

impl RollingLine {
    /// Over `window` pairs, three at least.
    pub(super) fn new(window: usize) -> Self {
        Self { pairs: vec![(0.0, 0.0); window.max(3)].into(), at: 0, full: false }
    }

    pub(super) fn warm_up(&self) -> usize {
        self.pairs.len()
    }

    /// Takes the next pair in. `None` until there are enough, and while x stands still.
    pub(super) fn update(&mut self, y: f64, x: f64) -> Option<Line> {
        self.pairs[self.at] = (y, x);
        self.at += 1;
        if self.at == self.pairs.len() {
            (self.at, self.full) = (0, true);
        }
        if self.full { self.line((y, x)) } else { None }
    }

    fn line(&self, (y, x): (f64, f64)) -> Option<Line> {
        let count = self.pairs.len() as f64;
        let (sum_y, sum_x) = self.pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
        let (mean_y, mean_x) = (sum_y / count, sum_x / count);
        let about_means = || self.pairs.iter().map(|(y, x)| (y - mean_y, x - mean_x));
        let (sxy, sxx) = about_means().fold((0.0, 0.0), |sum, (y, x)| (sum.0 + x * y, sum.1 + x * x));
        if sxx <= ROUNDING * ROUNDING {
            return None;
        }
        let slope = sxy / sxx;
        let squares: f64 = about_means().map(|(y, x)| (y - slope * x).powi(2)).sum();
        let error = (squares / (count - 2.0)).sqrt();
        let above = (y - mean_y) - slope * (x - mean_x);
        Some(Line { slope, score: if error > ROUNDING { above / error } else { 0.0 } })
    }
}
