//! What the risk check sees, and what is done where it says so: orders are withdrawn, positions closed.
use qframe_model::breaker::TradingState;
use qframe_model::event::{CancelReason, Event, Report};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::Cash;
use qframe_model::order::{Order, OrderKind, Purpose, Size};
use qframe_model::refusal::Refusal;
use qframe_model::time::{Span, Time};

use super::Engine;
use crate::input::{Command, EngineError, Intent};
use crate::risk::{RiskCheck, Row, Sight, approve_close};
use crate::state::State;
use crate::strategy::Strategy;
use crate::ticket::Ticket;

impl<S: Strategy, R: RiskCheck> Engine<S, R> {
    /// Shows a row to the risk check, which judges again what waits.
    #[inline(never)]
    pub(super) fn watch(&mut self, of: Time, row: Row<'_>) -> Result<(), EngineError> {
        let sight = Sight { now: self.state.now, of, row, account: &self.state.account };
        self.risk.observe(&sight, &mut self.told);
        self.tell()?;
        self.hold()
    }

    /// As [`Engine::watch`], with a tick.
    #[inline(never)]
    pub(super) fn watch_tick(&mut self, id: InstrumentId) -> Result<(), EngineError> {
        if self.watched {
            let now = self.state.now;
            let row = Row::Tick(id, &self.state.tapes[id.index()]);
            self.risk.observe(&Sight { now, of: now, row, account: &self.state.account }, &mut self.told);
            self.tell()?;
        }
        self.hold()
    }

    /// Bars have opened: what waits to meet them is judged again at their opens.
    pub(super) fn opened(&mut self, time: Time) -> Result<(), EngineError> {
        self.state.now = self.state.now.max(time);
        if self.judges_again() { self.judge_again() } else { Ok(()) }
    }

    pub(super) fn obey(&mut self, time: Time, command: Command) -> Result<(), EngineError> {
        self.state.now = self.state.now.max(time);
        let sight = Sight { now: self.state.now, of: time, row: Row::None, account: &self.state.account };
        self.risk.obey(command, &sight, &mut self.told);
        // A run without limits of its own has something to watch from now on.
        (self.watched, self.judges) = (true, true);
        self.tell()?;
        self.hold()
    }

    /// The venue's word, with the marks and the order of before it is applied.
    #[inline(never)]
    pub(super) fn hear_risk(&mut self, report: &Report) {
        let order = match report {
            Report::Filled { fill, .. } => fill.order,
            Report::Rejected { order, .. } | Report::Cancelled { order, .. } | Report::Expired { order, .. } => *order,
            _ => return,
        };
        let asked = self.state.orders.get(order).map(|open| &open.order);
        if asked.is_some() {
            self.risk.hear(report, asked, &self.state.account);
        }
    }

    /// What a fill in part is worth, where the risk check counts what is left of its order.
    #[inline]
    pub(super) fn worth_of_part(&mut self, report: &Report) -> Result<Cash, EngineError> {
        match report {
            Report::Filled { fill, done: false } if self.judges => self
                .exact(|state| state.account.instrument(fill.instrument).value(fill.price, fill.quantity))
                .map(Cash::abs),
            _ => Ok(Cash::ZERO),
        }
    }

    fn tell(&mut self) -> Result<(), EngineError> {
        for event in self.told.drain(..) {
            self.journal.record(&event)?;
        }
        Ok(())
    }

    /// Does what the state of trading asks for.
    fn hold(&mut self) -> Result<(), EngineError> {
        if self.risk.state() == TradingState::Flattening {
            return self.flatten();
        }
        if !self.state.parents.is_empty() && self.risk.stop().is_some() {
            self.stop_parents()?;
        }
        if self.state.orders.is_empty() || !self.judges { Ok(()) } else { self.judge_again() }
    }

    fn judge_again(&mut self) -> Result<(), EngineError> {
        let mut beyond = std::mem::take(&mut self.beyond);
        self.risk.check_again(&self.state.account, &self.state.orders, &mut beyond);
        for (order, refusal) in &beyond {
            self.withdraw(*order, *refusal)?;
            self.keep_exit(*order)?;
        }
        // The buffer goes back to be used again.
        beyond.clear();
        self.beyond = beyond;
        Ok(())
    }

    fn withdraw(&mut self, order: OrderId, refusal: Refusal) -> Result<(), EngineError> {
        self.state.orders.withdraw(order);
        self.intents.push(Intent::Cancel(order));
        Ok(self.journal.record(&Event::Withdrawn { order, time: self.state.now, refusal })?)
    }

    /// Notes a withdrawn order that would pass as one which only reduces: a limit must never hold an account in a position.
    /// It is not sent beside the one that is withdrawn, since both could fill.
    fn keep_exit(&mut self, id: OrderId) -> Result<(), EngineError> {
        let State { account, orders, .. } = &self.state;
        let Some(open) = orders.get(id).filter(|_| !self.unwanted.contains(&id)) else { return Ok(()) };
        let rest = open.rest().map_err(|overflow| EngineError::Overflow(overflow, self.state.now))?;
        let goes_on = self.risk.check_work(&rest, account, orders).is_ok_and(|passed| passed.reduces(&rest));
        self.exits.extend(goes_on.then_some(id));
        Ok(())
    }

    /// What is left of an exit that the venue has let go as we asked; nothing of one that ended otherwise.
    #[cold]
    pub(super) fn let_go(&mut self, report: &Report) -> Option<Order> {
        let (id, goes_on) = match report {
            Report::Cancelled { order, reason, .. } => (*order, *reason == CancelReason::Requested),
            Report::Rejected { order, .. } | Report::Expired { order, .. } => (*order, false),
            Report::Filled { fill, done: true } => (fill.order, false),
            _ => return None,
        };
        let place = self.exits.iter().position(|exit| *exit == id)?;
        self.exits.swap_remove(place);
        self.state.orders.get(id).filter(|_| goes_on)?.rest().ok()
    }

    /// Sends an exit again, on its own terms but so that it can only reduce. Of a slice its parent knows.
    #[cold]
    pub(super) fn send_again(&mut self, exit: &Order) -> Result<(), EngineError> {
        self.state.last_order += 1;
        let (id, time) = (OrderId(self.state.last_order), self.state.now);
        self.renumbered.push((exit.id, id));
        // What it waited for has filled, where it has ended: it is awake.
        let parent = exit.parent.filter(|parent| self.state.orders.get(*parent).is_some());
        if let Some(parent) = self.state.parents.iter_mut().find(|parent| parent.slices.contains(&exit.id)) {
            parent.slices.push(id);
            self.journal.record(&Event::Sliced { parent: parent.id, order: id })?;
        }
        self.submit(&Order { id, time, parent, reduce_only: true, ..*exit })
    }

    /// Of the parents those stop that could open, and all where no order may pass. What they have sent is judged with the
    /// other orders.
    #[cold]
    fn stop_parents(&mut self) -> Result<(), EngineError> {
        let time = self.state.now;
        for parent in self.state.parents.iter_mut().filter(|parent| !parent.schedule.is_done()) {
            if parent.ticket.is_reduce_only() && self.risk.state() < TradingState::Halted {
                continue;
            }
            let rest = parent.rest(time);
            match self.risk.check_work(&rest, &self.state.account, &self.state.orders) {
                Ok(passed) => parent.ticket = parent.ticket.reducing(passed.reduces(&rest)),
                Err(refusal) => {
                    parent.schedule.stop();
                    self.journal.record(&Event::Withdrawn { order: parent.id, time, refusal })?;
                }
            }
        }
        Ok(())
    }

    /// Withdraws everything and closes every position at the market, until all is flat.
    #[cold]
    fn flatten(&mut self) -> Result<(), EngineError> {
        self.stop_parents()?;
        self.exits.clear();
        let refusal = self.risk.stop().unwrap_or(Refusal::RunOver);
        let others = self.state.orders.iter().filter(|open| !closes(&open.order) && !open.withdrawn);
        let others: Vec<OrderId> = others.map(|open| open.order.id).collect();
        others.into_iter().try_for_each(|order| self.withdraw(order, refusal))?;
        let ids = (0..self.state.account.instruments().len()).map(|place| InstrumentId(place as u16));
        let open: Vec<InstrumentId> = ids.filter(|id| !self.state.account.position(*id).is_flat()).collect();
        if open.is_empty() && self.state.orders.is_empty() {
            // The next time it closes at once.
            self.closes = Time::MIN;
            self.risk.flattened(self.state.now, &mut self.told);
            return self.tell();
        }
        // A venue that does not take the close is asked again, but not with every tick.
        if self.state.now < self.closes {
            return Ok(());
        }
        self.closes = self.state.now + Span::SECOND;
        open.into_iter().try_for_each(|id| self.close_out(id))
    }

    /// Closes a position at the market, where nothing is closing it yet.
    fn close_out(&mut self, id: InstrumentId) -> Result<(), EngineError> {
        if self.state.orders.iter().any(|open| open.order.instrument == id && closes(&open.order)) {
            return Ok(());
        }
        let held = self.state.account.position(id).quantity;
        let close = Ticket::new(Side::of(held).opposite(), Size::Close).reduce_only().purpose(Purpose::ForceExit);
        let order = self.state.order(close.on(id), id);
        match approve_close(&order, &self.state.account) {
            Ok(approved) => self.send(approved),
            Err(refusal) => Ok(self.journal.record(&Event::Refused { order, refusal })?),
        }
    }
}

/// True for an order that closes all at the market by force. The purpose alone says nothing: a strategy may give it to an order
/// that rests far away.
fn closes(order: &Order) -> bool {
    let Order { kind, size, reduce_only, purpose, .. } = order;
    (*kind, *size, *purpose) == (OrderKind::Market, Size::Close, Purpose::ForceExit) && *reduce_only
}
