//! How much was lost: since the day began, since the peak, and within a window of time.
use qframe_model::number::{Cash, Rate, Rounding};
use qframe_model::time::{Span, Time};

/// What the daily loss and the drawdown are measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Losses {
    day: Option<i64>,
    day_start: Cash,
    /// The equity after the last row of the day.
    day_last: Cash,
    peak: Cash,
    last: Cash,
}

impl Losses {
    pub(super) fn see(&mut self, now: Time, equity: Cash) {
        // The equity before the first row of the day is where the day starts: of the first day what was paid in. A longer bar
        // that closes now began on an earlier day, and starts and ends none.
        if self.day.is_none_or(|day| now.day() > day) {
            self.day_start = if self.day.is_some() { self.day_last } else { equity };
            self.day = Some(now.day());
        }
        if self.day == Some(now.day()) {
            self.day_last = equity;
        }
        self.peak = self.peak.max(equity);
        self.last = equity;
    }

    /// Money that the owner pays in moves everything that is measured from; with the first of it measuring begins.
    pub(super) fn pay(&mut self, now: Time, amount: Cash) {
        self.day.get_or_insert(now.day());
        for from in [&mut self.day_start, &mut self.day_last, &mut self.peak, &mut self.last] {
            *from = from.plus(amount).unwrap_or(*from);
        }
    }

    pub(super) fn of_day(&self) -> Rate {
        loss_share(self.day_start, self.last)
    }

    pub(super) fn drawdown(&self) -> Rate {
        loss_share(self.peak, self.last)
    }
}

/// The highest equity of each of the last slices of a window: as much memory for a year of ticks as for an hour of bars.
#[derive(Debug, Clone)]
pub(super) struct Highs {
    window: Span,
    /// The number of a slice since the epoch, and the highest equity in it.
    slices: [(i64, Cash); SLICES + 1],
    last: Cash,
}

/// A window is counted in so many slices; the oldest counts whole while any part of it is inside.
const SLICES: usize = 64;

impl Highs {
    pub(super) fn new(window: Span) -> Self {
        Self { window, slices: [(i64::MIN, Cash::ZERO); SLICES + 1], last: Cash::ZERO }
    }

    pub(super) fn see(&mut self, now: Time, equity: Cash) {
        let slice = self.slice_of(now);
        let place = &mut self.slices[slice.rem_euclid(SLICES as i64 + 1) as usize];
        *place = if place.0 == slice { (slice, place.1.max(equity)) } else { (slice, equity) };
        self.last = equity;
    }

    /// The fall from the highest equity of the window to the last one.
    pub(super) fn loss(&self, now: Time) -> Rate {
        let first = self.slice_of(now).saturating_sub(SLICES as i64);
        let inside = self.slices.iter().filter(|(slice, _)| *slice >= first).map(|(_, high)| *high);
        inside.max().map_or(Rate::ZERO, |high| loss_share(high, self.last))
    }

    /// What the account holds with the money is a high of this instant.
    pub(super) fn pay(&mut self, now: Time, amount: Cash) {
        for (_, high) in &mut self.slices {
            *high = high.plus(amount).unwrap_or(*high);
        }
        self.see(now, self.last.plus(amount).unwrap_or(self.last));
    }

    /// Forgets all.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.window);
    }

    fn slice_of(&self, time: Time) -> i64 {
        time.nanos().div_euclid((self.window.nanos() / SLICES as i64).max(1))
    }
}

/// The loss from one amount to another, as a share of the first; zero where it grew.
pub(super) fn loss_share(from: Cash, to: Cash) -> Rate {
    if to >= from { Rate::ZERO } else { from.minus(to).map_or(Rate::MAX, |loss| ratio(loss, from)) }
}

/// `part / whole`; the largest rate where the whole is not above zero or the ratio is out of range.
pub(super) fn ratio(part: Cash, whole: Cash) -> Rate {
    let scaled = Cash::from_attos(Rate::ONE.nanos().into()).scaled(part.attos(), whole.attos(), Rounding::HalfEven);
    let nanos = scaled.ok().filter(|_| whole.is_positive()).and_then(|ratio| i64::try_from(ratio.attos()).ok());
    nanos.map_or(Rate::MAX, Rate::from_nanos)
}
