//! A position's time: closes it when it has been open for so many bars.
use qframe_engine::Context;
use qframe_model::market::Side;
use qframe_model::order::Purpose;

use super::given_up::GivenUp;

/// Counts the closes that a position has seen; a side whose time ran out is given up.
#[derive(Debug, Clone)]
pub(super) struct Deadline {
    hold: usize,
    age: usize,
    pub(super) given_up: GivenUp,
}

impl Deadline {
    /// `hold` bars from open to open; 0 is as 1.
    pub(super) const fn new(hold: usize) -> Self {
        Self { hold, age: 0, given_up: GivenUp::new() }
    }

    /// Takes a bar: what is held at its close, and whether a side may be entered again.
    #[inline]
    pub(super) fn update(&mut self, held: Option<Side>, is_back: impl Fn(Side) -> bool) {
        self.age = if held.is_some() { self.age + 1 } else { 0 };
        self.given_up.update(is_back);
    }

    /// True where the position's time is over.
    #[inline]
    pub(super) const fn is_over(&self) -> bool {
        self.age >= self.hold
    }

    /// Closes the position, with the reason `force_exit`.
    pub(super) fn close(&mut self, side: Side, context: &mut Context<'_>) {
        self.given_up.set(side);
        if !super::is_waiting(context) {
            context.close_in(context.instrument(), Purpose::ForceExit);
        }
    }
}
