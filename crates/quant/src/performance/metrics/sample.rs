//! Moments, order and runs of a sample.

/// Returns with what many metrics ask of them.
pub(super) struct Sample<'a> {
    pub(super) values: &'a [f64],
    sorted: Vec<f64>,
    pub(super) count: f64,
    pub(super) mean: f64,
}

impl<'a> Sample<'a> {
    /// At least one finite value.
    pub(super) fn of(values: &'a [f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = values.len() as f64;
        (!values.is_empty()).then(|| Self { values, sorted, count, mean: values.iter().sum::<f64>() / count })
    }

    pub(super) fn sum(&self) -> f64 {
        self.values.iter().sum()
    }

    pub(super) fn least(&self) -> f64 {
        self.sorted[0]
    }

    pub(super) fn most(&self) -> f64 {
        self.sorted[self.sorted.len() - 1]
    }

    /// Standard deviation, ddof 1; `None` for one value, or where rounding is all that varies.
    pub(super) fn deviation(&self) -> Option<f64> {
        let variance = self.central(2) * self.count / (self.count - 1.0);
        let noise = 1e-14 * self.least().abs().max(self.most().abs());
        Some(variance.sqrt()).filter(|deviation| *deviation > noise)
    }

    /// The same with 0 where nothing varies; `None` where a value, or what is made of them, is beyond a number.
    pub(super) fn deviation_or_zero(&self) -> Option<f64> {
        self.deviation().or((self.count > 1.0 && self.mean.is_finite()).then_some(0.0))
    }

    /// A central moment, divided by n.
    fn central(&self, power: i32) -> f64 {
        self.values.iter().map(|value| (value - self.mean).powi(power)).sum::<f64>() / self.count
    }

    /// Skewness, adjusted for the size of the sample as pandas does (Joanes and Gill 1998, G1).
    pub(super) fn skew(&self) -> Option<f64> {
        let n = self.count;
        let shape = self.central(3) / self.central(2).powf(1.5);
        self.deviation().filter(|_| n > 2.0).map(|_| shape * (n * (n - 1.0)).sqrt() / (n - 2.0))
    }

    /// Kurtosis less 3, adjusted for the size of the sample as pandas does (Joanes and Gill 1998, G2).
    pub(super) fn excess_kurtosis(&self) -> Option<f64> {
        let n = self.count;
        let shape = self.central(4) / self.central(2).powi(2) - 3.0;
        let adjusted = ((n + 1.0) * shape + 6.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0));
        self.deviation().filter(|_| n > 3.0).map(|_| adjusted)
    }

    /// The value below which a share of the sample lies, between order statistics on a straight line (Hyndman and Fan 1996,
    /// definition 7).
    pub(super) fn quantile(&self, share: f64) -> f64 {
        of_sorted(&self.sorted, share)
    }

    /// The mean of the values that hold; `None` where none does.
    pub(super) fn mean_where(&self, holds: impl Fn(f64) -> bool) -> Option<f64> {
        super::ratio(self.sum_where(&holds), self.count_where(&holds))
    }

    pub(super) fn sum_where(&self, holds: impl Fn(f64) -> bool) -> f64 {
        self.values.iter().filter(|value| holds(**value)).sum()
    }

    pub(super) fn count_where(&self, holds: impl Fn(f64) -> bool) -> f64 {
        self.values.iter().filter(|value| holds(**value)).count() as f64
    }

    /// The longest run of values that hold.
    pub(super) fn longest_run(&self, holds: impl Fn(f64) -> bool) -> usize {
        let run = |(longest, run): (usize, usize), value: &f64| {
            let run = if holds(*value) { run + 1 } else { 0 };
            (longest.max(run), run)
        };
        self.values.iter().fold((0, 0), run).0
    }

    /// Root of the mean square of what lies below zero.
    pub(super) fn downside(&self) -> f64 {
        let squares: f64 = self.values.iter().map(|value| value.min(0.0).powi(2)).sum();
        (squares / self.count).sqrt()
    }

    /// The sample less a number.
    pub(super) fn less(&self, number: f64) -> Vec<f64> {
        self.values.iter().map(|value| value - number).collect()
    }
}

/// Wealth from 1 on: what each return leaves of it.
pub(super) fn wealth(returns: &[f64]) -> Vec<f64> {
    let grow = |wealth: &mut f64, change: &f64| {
        *wealth *= 1.0 + change;
        Some(*wealth)
    };
    returns.iter().scan(1.0, grow).collect()
}

/// How far wealth is below the highest before it, which is at least 1: one figure a return, at most zero.
pub(super) fn falls(returns: &[f64]) -> Vec<f64> {
    let fall = |peak: &mut f64, wealth: f64| {
        *peak = peak.max(wealth);
        Some(wealth / *peak - 1.0)
    };
    wealth(returns).into_iter().scan(1.0, fall).collect()
}

/// The quantile of [`Sample::quantile`] of at least one value.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    of_sorted(&sorted, share)
}

fn of_sorted(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - place.floor())
}
