//! Parent orders that are worked in slices: TWAP in equal parts, VWAP in parts of the volume that is expected.
use crate::number::{Quantity, Rounding, mul_div};
use crate::time::{Span, Time};

/// The most slices of one parent.
pub const SLICES_MAX: usize = 10_000;

/// When how much of a quantity is sent. The slices are whole lots and sum to the quantity exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    total: Quantity,
    start: Time,
    interval: Span,
    /// The running sums of the weights.
    sums: Vec<u64>,
    next: usize,
    sent: Quantity,
}

impl Schedule {
    /// `total` over a span from `start` on, a slice for each weight: equal weights are a TWAP, expected volumes a VWAP.
    /// The first slice is due at once, the last one an interval before the span ends. `None` where there is no weight above
    /// zero, more than [`SLICES_MAX`] of them, nothing to send, or no span.
    #[must_use]
    pub fn new(total: Quantity, start: Time, over: Span, weights: &[u32]) -> Option<Self> {
        let sums: Vec<u64> = weights
            .iter()
            .scan(0, |sum, weight| {
                *sum += u64::from(*weight);
                Some(*sum)
            })
            .collect();
        let lawful = total.is_positive() && over > Span::ZERO && weights.len() <= SLICES_MAX;
        let all = sums.last().copied().unwrap_or(0);
        let interval = Span::from_nanos(over.nanos() / i64::try_from(weights.len().max(1)).ok()?);
        (lawful && all > 0).then_some(Self { total, start, interval, sums, next: 0, sent: Quantity::ZERO })
    }

    /// What is due at `now` and was not sent yet, in whole lots; slices that came due together are one. `None` where nothing
    /// is. A remainder below a lot goes with the last slice.
    pub fn due(&mut self, now: Time, lot: Quantity) -> Option<Quantity> {
        while self.next < self.sums.len() && self.time_of(self.next) <= now {
            self.next += 1;
        }
        let (part, whole) = (*self.sums.get(self.next.checked_sub(1)?)?, *self.sums.last()?);
        let reached = if part == whole {
            self.total
        } else {
            let nanos = mul_div(self.total.nanos(), part.into(), whole.into(), Rounding::Down)?;
            Quantity::from_nanos(nanos).floor_to(lot)
        };
        let slice = reached.minus(self.sent).ok().filter(|slice| slice.is_positive())?;
        self.sent = reached;
        Some(slice)
    }

    /// True where everything was sent.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.sent == self.total
    }

    /// Nothing more is sent.
    pub fn stop(&mut self) {
        self.total = self.sent;
    }

    /// What was not sent yet.
    #[must_use]
    pub fn left(&self) -> Quantity {
        self.total.minus(self.sent).unwrap_or(Quantity::ZERO)
    }

    /// How much it sends in all.
    #[must_use]
    pub const fn total(&self) -> Quantity {
        self.total
    }

    /// In how many slices.
    #[must_use]
    pub fn slices(&self) -> u32 {
        u32::try_from(self.sums.len()).unwrap_or(u32::MAX)
    }

    fn time_of(&self, slice: usize) -> Time {
        self.start + Span::from_nanos(self.interval.nanos().saturating_mul(slice as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: i64, weights: &[u32], lot: i64, at_seconds: &[i64], expected: &[i64]) {
        let over = Span::from_seconds(10 * weights.len() as i64);
        let mut schedule = Schedule::new(Quantity::whole(total), Time::EPOCH, over, weights).unwrap();
        let mut sent = Vec::new();
        for second in at_seconds {
            let due = schedule.due(Time::from_seconds(*second), Quantity::whole(lot));
            sent.push(due.map_or(0, |quantity| (quantity.nanos() / 1_000_000_000) as i64));
        }
        assert_eq!(sent, expected, "{total} by {weights:?} in lots of {lot}");
        assert_eq!(schedule.is_done(), expected.iter().sum::<i64>() == total);
    }

    #[test]
    fn slices_come_due_and_sum_to_the_whole() {
        check(100, &[1; 4], 1, &[0, 10, 20, 30], &[25, 25, 25, 25]);
        check(10, &[1; 4], 1, &[0, 10, 20, 30], &[2, 3, 2, 3]);
        check(10, &[1; 4], 5, &[0, 10, 20, 30], &[0, 5, 0, 5]);
        check(100, &[1, 2, 7], 1, &[0, 10, 20], &[10, 20, 70]);
        check(100, &[1; 4], 1, &[5, 25, 99], &[25, 50, 25]);
        check(100, &[0, 1], 1, &[0, 5, 10], &[0, 0, 100]);
        check(100, &[1; 4], 1, &[0, 0, 9], &[25, 0, 0]);
    }

    #[test]
    fn what_is_stopped_sends_no_more() {
        let mut schedule = Schedule::new(Quantity::whole(9), Time::EPOCH, Span::from_seconds(30), &[1; 3]).unwrap();
        assert_eq!(schedule.due(Time::EPOCH, Quantity::ONE), Some(Quantity::whole(3)));
        assert_eq!(schedule.left(), Quantity::whole(6));
        schedule.stop();
        assert!(schedule.is_done());
        assert_eq!((schedule.left(), schedule.due(Time::MAX, Quantity::ONE)), (Quantity::ZERO, None));
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        let new = |total, over, weights: &[u32]| {
            Schedule::new(Quantity::whole(total), Time::EPOCH, Span::from_seconds(over), weights)
        };
        assert!(new(1, 1, &[1]).is_some());
        assert!(new(0, 1, &[1]).is_none());
        assert!(new(1, 0, &[1]).is_none());
        assert!(new(1, 1, &[]).is_none());
        assert!(new(1, 1, &[0, 0]).is_none());
        assert!(new(1, 1, &[1; SLICES_MAX + 1]).is_none());
    }
}
