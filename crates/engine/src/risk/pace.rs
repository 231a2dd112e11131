//! How many orders go out in any window of time: the window slides, so that no two halves of it hold twice as many.
use std::collections::VecDeque;

use qframe_model::time::{Span, Time};

/// The instants of the last orders, as many as the limit.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    limit: usize,
    window: Span,
    sent: VecDeque<Time>,
}

impl Pace {
    /// At most `limit` within any `window`.
    pub(super) fn new(limit: u32, window: Span) -> Self {
        Self { limit: limit as usize, window, sent: VecDeque::new() }
    }

    /// True where one more order now would be one too many: the windows are open at their beginning.
    pub(super) fn is_full(&self, now: Time) -> bool {
        self.limit == 0 || (self.sent.len() == self.limit && now.since(self.sent[0]) < self.window)
    }

    /// An order goes out. What only reduces is counted as well.
    pub(super) fn count(&mut self, now: Time) {
        if self.sent.len() >= self.limit {
            self.sent.pop_front();
        }
        if self.limit > 0 {
            self.sent.push_back(now);
        }
    }

    pub(super) fn window(&self) -> Span {
        self.window
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit as u32
    }
}
