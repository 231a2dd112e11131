//! From what a strategy asked for to intents or refusals.
use qframe_model::event::{Event, EventRef, Report};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::instrument::Kind;
use qframe_model::market::Side;
use qframe_model::order::{Order, Size};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use super::Engine;
use crate::input::{EngineError, Intent};
use crate::risk::{Approved, RiskCheck, approve, approve_work};
use crate::state::{Parent, Request, State};
use crate::strategy::Strategy;
use crate::ticket::Ticket;

impl<S: Strategy, R: RiskCheck> Engine<S, R> {
    /// Sends the slices of parent orders that have come due.
    pub(super) fn work_parents(&mut self) -> Result<(), EngineError> {
        for place in 0..self.state.parents.len() {
            let Parent { ticket, .. } = self.state.parents[place];
            let lot = self.state.account.instrument(ticket.instrument_or(InstrumentId(0))).rules().lot;
            let Some(slice) = self.state.parents[place].schedule.due(self.state.now, lot) else { continue };
            let order = self.state.order(ticket.sized(Size::Units(slice)), InstrumentId(0));
            let parent = &mut self.state.parents[place];
            parent.slices.push(order.id);
            self.journal.record(&Event::Sliced { parent: parent.id, order: order.id })?;
            self.state.requests.push(Request::Submit(order));
        }
        self.judge()?;
        // Until its slices have ended too, a parent can be withdrawn.
        let orders = &self.state.orders;
        let alive = |slice: &OrderId| orders.get(*slice).is_some();
        self.state.parents.retain(|parent| !parent.schedule.is_done() || parent.slices.iter().any(alive));
        Ok(())
    }

    /// Turns requests into intents or refusals, in the order they were made.
    #[inline(never)]
    pub(super) fn judge(&mut self) -> Result<(), EngineError> {
        let mut requests = std::mem::take(&mut self.state.requests);
        for request in &requests {
            match request {
                Request::Submit(order) if self.state.over => {
                    self.journal.record(&Event::Refused { order: *order, refusal: Refusal::RunOver })?;
                }
                Request::Submit(order) => self.submit(order)?,
                Request::Refuse(order, refusal) => {
                    self.journal.record(&Event::Refused { order: *order, refusal: *refusal })?;
                }
                Request::Cancel(order) => self.cancel(*order)?,
                Request::Work(parent) if self.state.over => {
                    let order = parent.ticket.order(parent.id, InstrumentId(0), self.state.now);
                    self.journal.record(&Event::Refused { order, refusal: Refusal::RunOver })?;
                }
                Request::Work(parent) => self.begin_work((**parent).clone())?,
                Request::Signal { instrument, strength } => {
                    let (time, instrument, strength) = (self.state.now, *instrument, *strength);
                    self.journal.record(&Event::Signalled { time, instrument, strength })?;
                }
            }
        }
        // The buffer goes back to be used again.
        requests.clear();
        self.state.requests = requests;
        Ok(())
    }

    /// An order from outside of the strategy: judged as one of its own.
    pub(super) fn order(&mut self, time: Time, ticket: Ticket) -> Result<(), EngineError> {
        self.state.now = self.state.now.max(time);
        let first = self.series.first().map_or(InstrumentId(0), |series| series.instrument);
        let order = self.state.order(ticket, first);
        self.state.requests.push(Request::Submit(order));
        self.judge()
    }

    pub(super) fn cancel_at(&mut self, time: Time, order: OrderId) -> Result<(), EngineError> {
        self.state.now = self.state.now.max(time);
        self.state.requests.push(Request::Cancel(order));
        self.judge()
    }

    pub(super) fn submit(&mut self, order: &Order) -> Result<(), EngineError> {
        if let Err(refusal) = self.check_place(order) {
            return Ok(self.journal.record(&Event::Refused { order: *order, refusal })?);
        }
        match approve(order, &self.state.account, &self.state.orders, &mut self.risk) {
            Ok(approved) => self.send(approved),
            Err(refusal) => {
                self.journal.record(&Event::Refused { order: *order, refusal })?;
                self.submit_what_closes(order)
            }
        }
    }

    /// Checks that an order stands on something.
    fn check_place(&self, order: &Order) -> Result<(), Refusal> {
        if order.parent.is_some_and(|parent| self.state.orders.get(parent).is_none()) {
            // The one it waits for was refused, or has ended: it would sleep for ever.
            return Err(Refusal::UnknownOrder);
        }
        let trades = self.state.account.instrument(order.instrument).kind() != Kind::Rate;
        if trades { Ok(()) } else { Err(Refusal::NoPrice) }
    }

    #[inline]
    pub(super) fn send(&mut self, approved: Approved<Order>) -> Result<(), EngineError> {
        // As it was let pass, which may be so that it can only reduce.
        let order = approved.get();
        self.state.orders.insert(order);
        self.journal.append(EventRef::Submitted(order))?;
        self.intents.push(Intent::Submit(approved));
        Ok(())
    }

    /// Of a refused target that would turn or shrink a position, the part that closes it passes on its own: a limit must
    /// never hold an account in a position.
    fn submit_what_closes(&mut self, refused: &Order) -> Result<(), EngineError> {
        let held = self.state.account.position(refused.instrument).quantity;
        let turns = match refused.size {
            Size::TargetWeight(weight) => weight.is_negative() != held.is_negative() || weight.is_zero(),
            Size::TargetUnits(units) => units.is_negative() != held.is_negative() || units.is_zero(),
            _ => false,
        };
        if held.is_zero() || !turns {
            return Ok(());
        }
        let close = Ticket::new(Side::of(held).opposite(), Size::Close).reduce_only().on(refused.instrument);
        // On its own terms: who asked for a price gets no order at the market.
        let close = close.kind(refused.kind).time_in_force(refused.time_in_force).purpose(refused.purpose);
        let order = self.state.order(close, refused.instrument);
        self.submit(&order)
    }

    /// As the venue's orders do, those that are worked in slices end with a split: they count in units of before.
    #[cold]
    pub(super) fn stop_at_split(&mut self, instrument: InstrumentId, time: Time) -> Result<(), EngineError> {
        let refusal = Refusal::Split;
        let of_it = |parent: &&mut Parent| parent.ticket.instrument_or(InstrumentId(0)) == instrument;
        for parent in self.state.parents.iter_mut().filter(of_it).filter(|parent| !parent.schedule.is_done()) {
            parent.schedule.stop();
            self.journal.record(&Event::Withdrawn { order: parent.id, time, refusal })?;
        }
        Ok(())
    }

    fn begin_work(&mut self, mut parent: Parent) -> Result<(), EngineError> {
        let order = parent.rest(self.state.now);
        let State { account, orders, .. } = &self.state;
        let judged = self.check_place(&order).and_then(|()| approve_work(&order, account, orders, &mut self.risk));
        match judged {
            Ok(passed) => parent.ticket = parent.ticket.reducing(passed.reduces(&order)),
            Err(refusal) => return Ok(self.journal.record(&Event::Refused { order, refusal })?),
        }
        self.journal.record(&Event::Scheduled {
            order: parent.id,
            time: self.state.now,
            instrument: parent.ticket.instrument_or(InstrumentId(0)),
            side: parent.ticket.side(),
            total: parent.schedule.total(),
            slices: parent.schedule.slices(),
        })?;
        self.state.parents.push(parent);
        Ok(())
    }

    pub(super) fn cancel(&mut self, mut order: OrderId) -> Result<(), EngineError> {
        let time = self.state.now;
        // Who sent an exit knows it by its first number.
        while let Some((_, now)) = self.renumbered.iter().find(|(before, _)| *before == order) {
            order = *now;
        }
        if let Some(place) = self.state.parents.iter().position(|parent| parent.id == order) {
            let parent = self.state.parents.remove(place);
            self.journal.record(&Event::CancelRequested { order, time })?;
            self.exits.retain(|exit| !parent.slices.contains(exit));
            parent.slices.into_iter().for_each(|slice| _ = self.let_go_of(slice));
            return Ok(());
        }
        if self.let_go_of(order) {
            self.exits.retain(|exit| *exit != order);
            return Ok(self.journal.record(&Event::CancelRequested { order, time })?);
        }
        let refusal = Refusal::UnknownOrder;
        let report = Report::Rejected { order, time, refusal };
        Ok(self.journal.record(&Event::ReportRefused { report, refusal })?)
    }

    /// Withdraws an order that its owner does not want any more. False where it is not open.
    fn let_go_of(&mut self, order: OrderId) -> bool {
        let orders = &self.state.orders;
        if orders.get(order).is_none() {
            return false;
        }
        self.unwanted.retain(|other| orders.get(*other).is_some());
        self.unwanted.push(order);
        self.intents.push(Intent::Cancel(order));
        true
    }
}
