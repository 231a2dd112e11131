//! What is on its way to the venue and back, and what becomes of it when it is there.
use qframe_model::account::Account;
use qframe_model::event::{CancelReason, Report};
use qframe_model::ids::OrderId;
use qframe_model::number::Overflow;
use qframe_model::order::{Order, OrderKind};
use qframe_model::refusal::Refusal;
use qframe_model::time::{Span, Time};

use super::super::carry::has_expired;
use super::super::{SimVenue, Stage};

/// What is on its way to the venue.
#[derive(Debug, Clone)]
pub(in super::super) struct Wire {
    arrives: Time,
    word: Word,
}

/// What was said.
#[derive(Debug, Clone)]
pub(in super::super) enum Word {
    Order(Order),
    Cancel(OrderId),
}

impl Wire {
    /// The order that it carries.
    const fn order(&self) -> Option<&Order> {
        if let Word::Order(order) = &self.word { Some(order) } else { None }
    }
}

impl SimVenue {
    /// When the next order or cancellation arrives, or a session closes that an order waits for.
    #[must_use]
    #[inline]
    pub fn next_arrival(&self) -> Option<Time> {
        let arrives = self.wires.front().map(|wire| wire.arrives);
        match self.closes {
            None => arrives,
            Some(close) => Some(arrives.map_or(close, |arrives| arrives.min(close))),
        }
    }

    /// What arrives up to this instant is here, and what closes by then has closed.
    pub fn arrive(&mut self, time: Time) {
        self.now = self.now.max(time);
        self.enter(Stage::Arrive);
    }

    /// How long the answer to something that happened at `time` is on its way.
    pub fn answer_takes(&mut self, time: Time) -> Span {
        self.draws += 1;
        self.settings.answer.span(time, self.feed, self.draws)
    }

    /// Sends a word; it does not overtake the one before.
    pub(in super::super) fn wire(&mut self, sent: Time, word: Word) {
        let before = self.wires.back().map_or(Time::MIN, |wire| wire.arrives);
        let parent = if let Word::Order(order) = &word { order.parent } else { None };
        let arrives = self.arrival(self.sent(sent), self.feed, parent).max(before);
        self.wires.push_back(Wire { arrives, word });
    }

    /// The orders that are here or on their way.
    pub(in super::super) fn known(&self) -> impl Iterator<Item = &Order> {
        let here = self.orders.iter().filter(|working| !working.dead).map(|working| &working.order);
        self.wires.iter().filter_map(Wire::order).chain(here)
    }

    /// True for an order that meets ticks, here or on its way.
    pub(in super::super) fn meets_ticks(&self, id: OrderId) -> bool {
        let order = self.known().find(|order| order.id == id);
        order.is_some_and(|order| self.lives[order.instrument.index()].is_some())
    }

    /// Takes what has arrived, one word after the other; each order meets the book before the next one.
    pub(in super::super) fn receive(&mut self, account: &Account) -> Result<(), Overflow> {
        while self.pending.is_empty() {
            if let Some(place) = self.fresh {
                if !self.meet_tick(place, account)? {
                    self.fresh = None;
                }
                continue;
            }
            let Some(wire) = self.wires.pop_front_if(|wire| wire.arrives <= self.now) else {
                let Some(place) = self.next_on_close() else { return Ok(()) };
                if !self.meet_tick(place, account)? {
                    // What the book did not have waits for the next close.
                    self.orders[place].active_from = self.now;
                }
                continue;
            };
            match wire.word {
                Word::Order(order) if has_expired(account.instrument(order.instrument), wire.arrives) => {
                    let (order, reason) = (order.id, CancelReason::Settled);
                    self.pending.push(Report::Cancelled { order, time: wire.arrives, reason });
                }
                Word::Order(order) => self.receive_order(&order, wire.arrives),
                Word::Cancel(id) => self.withdraw(id, wire.arrives),
            }
        }
        Ok(())
    }

    /// A post-only order that would take from the other side, at its very price as well.
    pub(in crate::venue) fn would_take_on_tick(&self, order: &Order) -> Option<Refusal> {
        let (OrderKind::Limit(limit) | OrderKind::Iceberg { limit, .. }, true) = (order.kind, order.post_only) else {
            return None;
        };
        let live = self.lives[order.instrument.index()].as_ref()?;
        let market = match live.next_offer(order.side) {
            Some(offer) => Some(offer.price),
            None if live.has_book() => None,
            None => live.mark(),
        }?;
        (!order.side.prefers(limit, market)).then_some(Refusal::WouldTake { limit, market })
    }

    /// True where an order has been sent and is not here yet.
    pub(in crate::venue) fn is_on_its_way(&self, id: OrderId) -> bool {
        self.wires.iter().filter_map(Wire::order).any(|order| order.id == id)
    }

    fn receive_order(&mut self, order: &Order, time: Time) {
        // What sleeps is asked when it wakes.
        if let (None, Some(refusal)) = (order.parent, self.would_take_on_tick(order)) {
            self.pending.push(Report::Rejected { order: order.id, time, refusal });
            return;
        }
        let live = self.lives[order.instrument.index()].as_ref();
        let signal = live.and_then(|live| live.signal(order.side));
        if self.take(order, time, None) {
            let place = self.orders.len() - 1;
            self.fresh = Some(place);
            let is_behind = |wire: &mut Wire| wire.order().is_some_and(|child| child.parent == Some(order.id));
            while let Some(wire) = self.wires.pop_front_if(is_behind) {
                if let Word::Order(child) = wire.word {
                    self.take(&child, time, None);
                }
            }
            if let (false, Some(signal)) = (self.orders[place].asleep, signal) {
                self.orders[place].follow(signal, &self.grid);
            }
            // Its time may have run out on the way.
            self.expire_ticks();
        }
    }

    /// The data is over. Nothing says what orders on their way would meet: they come back. What was to be withdrawn is,
    /// since nothing can fill it any more.
    pub fn end_wires(&mut self, time: Time) {
        while let Some(wire) = self.wires.pop_front() {
            match wire.word {
                Word::Order(Order { id: order, .. }) => {
                    self.pending.push(Report::Cancelled { order, time, reason: CancelReason::DataEnded });
                }
                Word::Cancel(id) => self.withdraw(id, time),
            }
        }
        self.let_all_go(time);
    }
}
