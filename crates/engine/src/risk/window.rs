//! Windows over the last values of a stream: as much memory as they were made with, and no more.

/// The last values and those before them, and how the mean of the ones compares to that of the others.
#[derive(Debug, Clone)]
pub(super) struct Usual {
    /// The oldest value stands at `at` once all are there.
    ring: Box<[f64]>,
    at: usize,
    seen: usize,
    /// How many of them are the last ones.
    last: usize,
    recent: f64,
    earlier: f64,
}

impl Usual {
    /// The mean of `last` values against that of the `before` ones before them, each one at least.
    pub(super) fn new(last: u32, before: u32) -> Self {
        let (last, before) = (last.max(1) as usize, before.max(1) as usize);
        Self { ring: vec![0.0; last + before].into(), at: 0, seen: 0, last, recent: 0.0, earlier: 0.0 }
    }

    pub(super) fn push(&mut self, value: f64) {
        let length = self.ring.len();
        let ages = self.ring[(self.at + length - self.last) % length];
        self.recent += value - ages;
        self.earlier += ages - self.ring[self.at];
        self.ring[self.at] = value;
        self.at = (self.at + 1) % length;
        self.seen = (self.seen + 1).min(length);
        if self.at == 0 {
            // Once a round they are summed anew: what rounding left does not grow.
            self.earlier = self.ring[..length - self.last].iter().sum();
            self.recent = self.ring[length - self.last..].iter().sum();
        }
    }

    /// The last mean over the one before; `None` until both are there, and where there was nothing before.
    pub(super) fn ratio(&self) -> Option<f64> {
        let (recent, earlier) = (self.recent / self.last as f64, self.earlier / (self.ring.len() - self.last) as f64);
        (self.seen == self.ring.len() && earlier > 0.0).then(|| (recent / earlier).max(0.0))
    }
}

/// The mean of the last values.
#[derive(Debug, Clone)]
pub(super) struct Mean {
    ring: Box<[f64]>,
    seen: usize,
}

impl Mean {
    pub(super) fn new(count: u32) -> Self {
        Self { ring: vec![0.0; count.max(1) as usize].into(), seen: 0 }
    }

    pub(super) fn push(&mut self, value: f64) {
        let place = self.seen % self.ring.len();
        self.ring[place] = value;
        self.seen += 1;
    }

    /// `None` until there are as many as it counts over.
    pub(super) fn get(&self) -> Option<f64> {
        let full = self.seen >= self.ring.len();
        full.then(|| self.ring.iter().sum::<f64>() / self.ring.len() as f64)
    }

    pub(super) fn restart(&mut self) {
        self.seen = 0;
    }

    /// The values, oldest first, once all are there.
    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        let oldest = self.seen % self.ring.len();
        self.ring[oldest..].iter().chain(&self.ring[..oldest]).copied()
    }

    /// Pearson's correlation of two windows of one length, paired from the newest back; `None` until they are full, and
    /// where one stands still.
    pub(super) fn correlation(&self, other: &Self) -> Option<f64> {
        let (mine, its) = (self.get()?, other.get()?);
        let mut sums = [0.0; 3];
        for (x, y) in self.values().zip(other.values()) {
            let (x, y) = (x - mine, y - its);
            sums = [sums[0] + x * y, sums[1] + x * x, sums[2] + y * y];
        }
        let scale = (sums[1] * sums[2]).sqrt();
        (scale > 0.0).then(|| sums[0] / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::{Mean, Usual};

    /// Numbers that repeat only after long.
    fn values() -> Vec<f64> {
        (0..60_u32).map(|place| f64::from(place * place * 7 % 31) + 0.1).collect()
    }

    #[test]
    fn a_stream_is_what_its_last_values_are() {
        let values = values();
        let (last, before) = (3, 7);
        let mut usual = Usual::new(last, before);
        for (place, value) in values.iter().enumerate() {
            usual.push(*value);
            let seen = &values[..=place];
            let Some(start) = seen.len().checked_sub(10) else {
                assert_eq!(usual.ratio(), None, "{place}");
                continue;
            };
            let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
            let expected = mean(&seen[start + 7..]) / mean(&seen[start..start + 7]);
            assert!((usual.ratio().unwrap() - expected).abs() < 1e-12, "{place}");
        }
    }

    #[test]
    fn correlation_pairs_the_newest() {
        // The second began four values later: its windows turn at other places.
        let (mut one, mut other, mut against) = (Mean::new(5), Mean::new(5), Mean::new(5));
        for (place, value) in values().into_iter().enumerate() {
            one.push(value);
            if place >= 4 {
                other.push(3.0 * value + 1.0);
                against.push(-value);
            }
        }
        assert!((one.correlation(&other).unwrap() - 1.0).abs() < 1e-12);
        assert!((one.correlation(&against).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(one.correlation(&Mean::new(5)), None);
    }
}
