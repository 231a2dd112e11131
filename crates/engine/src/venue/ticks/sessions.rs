//! Orders on open and on close, by the sessions of their market.
use qframe_model::order::OrderKind;
use qframe_model::time::Time;

use super::super::working::Working;
use super::super::{Sessions, SimVenue};

impl SimVenue {
    /// True for an order on open or on close whose session has not come.
    pub(super) fn waits_for_session(&self, working: &Working) -> bool {
        let own = self.settings.sessions_of(working.order.instrument);
        match working.order.kind {
            OrderKind::MarketOnOpen => !Sessions::opened(own, working.active_from, self.now),
            OrderKind::MarketOnClose => self.close_of(working).is_none_or(|close| close > self.now),
            _ => false,
        }
    }

    /// An order on the close whose close has come.
    pub(super) fn next_on_close(&self) -> Option<usize> {
        let is_due = |working: &Working| !working.dead && self.close_of(working).is_some_and(|close| close <= self.now);
        self.closes.filter(|close| *close <= self.now).and_then(|_| self.orders.iter().position(is_due))
    }

    /// The close that an order on ticks waits for.
    pub(super) fn close_of(&self, working: &Working) -> Option<Time> {
        let id = working.order.instrument;
        let waits = working.order.kind == OrderKind::MarketOnClose && self.lives[id.index()].is_some();
        waits.then(|| Sessions::close_after(self.settings.sessions_of(id), working.active_from)).flatten()
    }
}
