//! The side that was given up: buying it back on the next bar would undo what the exit was for.
use qframe_model::fill::Fill;
use qframe_model::market::Side;
use qframe_model::order::Purpose;

/// Remembers the side of a position that a stop or its time has closed, until the price has come back.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenUp(Option<Side>);

impl GivenUp {
    pub(super) const fn new() -> Self {
        Self(None)
    }

    /// Gives a side up.
    pub(super) const fn set(&mut self, side: Side) {
        self.0 = Some(side);
    }

    /// Takes a fill: that of a stop gives its position's side up.
    pub(super) fn note(&mut self, fill: &Fill) {
        if fill.purpose == Purpose::StopLoss {
            self.set(fill.side.opposite());
        }
    }

    /// Takes a bar: a side that is back may be entered again.
    #[inline]
    pub(super) fn update(&mut self, is_back: impl Fn(Side) -> bool) {
        self.0 = self.0.filter(|side| !is_back(*side));
    }

    /// The position to have, without the side that was given up.
    #[inline]
    pub(super) fn allowed(self, wanted: Option<Side>) -> Option<Side> {
        wanted.filter(|side| self.0 != Some(*side))
    }
}
