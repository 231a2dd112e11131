//! A made-up market: a random walk, one bar a minute. Only speed is measured on it.
use qframe_model::market::Bar;
use qframe_model::number::{Price, Volume};
use qframe_model::time::Time;

/// Marsaglia's xorshift: the same bars everywhere.
pub(crate) struct Uniform(u64);

impl Uniform {
    pub(crate) const fn new() -> Self {
        Self(88_172_645_463_325_252)
    }

    pub(crate) fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// `count` bars.
pub(crate) fn bars(count: usize) -> Vec<Bar> {
    let mut uniform = Uniform::new();
    // Hundredths of a cent: in whole cents, averages tie so often that the last bit of a float decides many trades.
    let ticks = |value: f64| Price::from_nanos((value * 10_000.0).round() as i64 * 100_000);
    let mut price = 100.0;
    let bar = |minute: usize| {
        let open: f64 = price;
        let step: f64 = (0..4).map(|_| uniform.next()).sum::<f64>() - 2.0;
        price = (price * (1.0 + 0.002 * step)).clamp(10.0, 10_000.0);
        let high = open.max(price) * (1.0 + 0.0005 * uniform.next());
        let low = open.min(price) * (1.0 - 0.0005 * uniform.next());
        Bar {
            time: Time::from_seconds(60 * minute as i64),
            open: ticks(open),
            high: ticks(high).max(ticks(open)).max(ticks(price)),
            low: ticks(low).min(ticks(open)).min(ticks(price)),
            close: ticks(price),
            volume: Volume::from_digits(100 + (uniform.next() * 1000.0) as u64, 0).unwrap_or_default(),
        }
    };
    (0..count).map(bar).collect()
}
