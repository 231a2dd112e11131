//! Buy and hold of one price, beside which curves are measured.
use super::log::log_ratio;

/// A price series as a benchmark: its log returns one by one, and what they come to.
#[derive(Debug, Clone, Default)]
pub struct Benchmark {
    start: u64,
    points: u64,
    first: f64,
    last: f64,
    from: Option<f64>,
    square: f64,
}

impl Benchmark {
    /// A benchmark that is bought at point `start`, counted from 0.
    #[must_use]
    pub fn new(start: u64) -> Self {
        Self { start, ..Self::default() }
    }

    /// The same, bought at this price; `None`: not yet.
    #[must_use]
    pub fn bought_at(self, price: Option<f64>) -> Self {
        Self { from: price, ..self }
    }

    /// Takes the next price, above zero; gives the log return since the one before, 0 at the first.
    #[inline]
    pub fn push(&mut self, price: f64) -> f64 {
        if self.points == 0 {
            (self.first, self.last) = (price, price);
        }
        if self.points == self.start {
            self.from = Some(price);
        }
        self.points += 1;
        let log = log_ratio(price, self.last);
        self.last = price;
        self.square += log * log;
        log
    }

    /// Buy and hold since the start, as a fraction; `None` before it.
    #[must_use]
    pub fn hold(&self) -> Option<f64> {
        self.from.map(|from| self.last / from - 1.0)
    }

    /// The log return from the first price to the last.
    pub(super) fn log_return(&self) -> f64 {
        log_ratio(self.last, self.first)
    }

    /// The sum of the squares of the log returns.
    pub(super) const fn square(&self) -> f64 {
        self.square
    }
}
