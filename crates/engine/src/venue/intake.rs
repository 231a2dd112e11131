//! Words to the venue where bars are matched: when they arrive, and what they find there.
use qframe_model::event::{CancelReason, Report};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::number::{Cash, Price, Quantity};
use qframe_model::order::{Order, OrderKind, TimeInForce};
use qframe_model::time::{Span, Time};

use super::ticks::Word;
use super::working::{Step, Working, would_take};
use super::{Latency, SimVenue, Stage};
use crate::risk::Approved;

/// A cancellation on its way to an order that meets bars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leave {
    order: OrderId,
    arrives: Time,
    /// Bars of the order that it still waits, by a latency counted in bars.
    bars_to_wait: u32,
}

impl SimVenue {
    /// Takes an order. What the venue says of it comes from [`SimVenue::next_report`].
    #[inline(always)]
    pub fn submit(&mut self, approved: &Approved<Order>) {
        let order = approved.get();
        if self.lives[order.instrument.index()].is_some() {
            self.wire(order.time, Word::Order(*order));
            return;
        }
        let arrives = self.arrival(order.time, Span::default(), order.parent);
        let arrives = self.heard(order.instrument, arrives);
        let listing = &self.listings[order.instrument.index()];
        let market = listing.bar.map(|bar| bar.open).or(listing.last.map(|bar| bar.close));
        let waits_for_close = listing.bar.is_some() && !listing.matched;
        if self.take(order, arrives, market) && waits_for_close {
            self.miss_open();
        }
    }

    /// The order that came last came when its bar had opened and met its orders: it is behind that, whatever its time says.
    #[cold]
    fn miss_open(&mut self) {
        let Some(working) = self.orders.last_mut() else { return };
        if let Some(bar) = self.listings[working.order.instrument.index()].bar {
            working.active_from = working.active_from.max(bar.time + Span::from_nanos(1));
        }
    }

    /// Takes an exit that goes on for an order which was just withdrawn: on bars it stands where that one stood.
    #[cold]
    pub fn go_on(&mut self, approved: &Approved<Order>, before: OrderId) {
        let order = *approved.get();
        let on_ticks = self.lives[order.instrument.index()].is_some();
        let Some(old) = self.orders.iter().find(|working| working.id() == before && !on_ticks).copied() else {
            return self.submit(approved);
        };
        if order.kind != OrderKind::Market {
            self.pending.push(Report::Accepted { order: order.id, time: order.time });
        }
        self.timed |= matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Gtd(_));
        self.alive += 1;
        self.orders.push(Working {
            order,
            filled: Quantity::ZERO,
            spent: Cash::ZERO,
            asleep: old.asleep && order.parent.is_some(),
            dead: false,
            ..old
        });
    }

    /// When a word arrives that is said now, perhaps with an order that waits for `parent`.
    #[inline(always)]
    pub(super) fn arrival(&mut self, said: Time, feed: Span, parent: Option<OrderId>) -> Time {
        self.draws += 1;
        if matches!(self.settings.latency, Latency::None) { said } else { self.arrives(said, feed, parent) }
    }

    /// Words do not overtake each other, and what waits for an order that is sent now travels in the same word.
    #[inline(never)]
    fn arrives(&mut self, said: Time, feed: Span, parent: Option<OrderId>) -> Time {
        let latency = &self.settings.latency;
        let sent = if latency.takes_time() { self.sent(said) } else { said };
        let arrives = sent + latency.span(sent, feed, self.draws - 1);
        if !latency.varies() {
            return arrives;
        }
        let is_parent = |order: &Order| Some(order.id) == parent && order.time == said;
        if !self.known().any(is_parent) {
            self.last_word = self.last_word.max(arrives);
        }
        self.last_word
    }

    /// When a word goes out: a fill behind the open is known at the close.
    #[inline]
    pub(super) fn sent(&self, said: Time) -> Time {
        match self.group.first() {
            Some(first) => self.sent_inside(*first, said),
            None => said,
        }
    }

    #[inline(never)]
    fn sent_inside(&self, first: InstrumentId, said: Time) -> Time {
        let is_inside = self.stage.is_in_range() || self.stage == Stage::Close;
        let filled = self.inside.map_or(first, |inside| inside.id);
        if is_inside { said.max(self.listings[filled.index()].closes) } else { said }
    }

    /// From when on an instrument hears of something: what comes of a fill behind the open of another one's bar hears it no
    /// earlier than that closes.
    #[inline(always)]
    pub(super) fn heard(&self, id: InstrumentId, time: Time) -> Time {
        if self.listings[id.index()].matched { time } else { self.sent(time) }
    }

    /// An order is here; `market` is what it would meet. False where it is not taken.
    #[inline(always)]
    pub(super) fn take(&mut self, order: &Order, arrives: Time, market: Option<Price>) -> bool {
        // What sleeps is asked when it wakes.
        if let (None, Some(refusal)) = (order.parent, would_take(order, market)) {
            self.pending.push(Report::Rejected { order: order.id, time: arrives, refusal });
            return false;
        }
        if let Some(parent) = order.parent
            && !self.orders.iter().any(|working| working.id() == parent && !working.dead)
            && !self.is_on_its_way(parent)
        {
            // Refused or withdrawn on its way: nothing would ever wake this one.
            self.pending.push(Report::Cancelled { order: order.id, time: arrives, reason: CancelReason::Parent });
            return false;
        }
        let mut working = Working::new(*order, arrives, self.settings.latency.bars());
        if self.stage.is_in_range() {
            // Sent on a fill inside the range: what came before is not for it.
            working.born_at = self.market_inside(order);
            working.active_from = self.meets_from(order, arrives);
            if !self.stage.is_at_worst() {
                self.enter(Stage::First);
            }
        }
        if let (false, Some(market)) = (working.asleep, working.born_at.or(market)) {
            working.follow(market, &self.grid);
        }
        if order.kind != OrderKind::Market {
            self.pending.push(Report::Accepted { order: order.id, time: arrives });
        }
        if matches!(order.time_in_force, TimeInForce::Day | TimeInForce::Gtd(_)) {
            self.timed = true;
            working.day = self.first_day(&working);
        }
        self.alive += 1;
        self.orders.push(working);
        true
    }

    /// Withdraws an order, and what sleeps behind it, when the venue hears of it: one whose bar has opened by then lives
    /// through its range. An order that has ended has said so already.
    pub fn cancel(&mut self, id: OrderId, time: Time) {
        if self.meets_ticks(id) {
            return self.wire(time, Word::Cancel(id));
        }
        let Some(instrument) = self.known().find(|order| order.id == id).map(|order| order.instrument) else { return };
        let arrives = self.arrival(time, Span::default(), None);
        let (arrives, bars_to_wait) = (self.heard(instrument, arrives), self.settings.latency.bars());
        let listing = &self.listings[instrument.index()];
        let in_bar = listing.bar.is_some_and(|bar| bar.time < arrives && !listing.matched);
        if arrives == time && bars_to_wait == 0 && !in_bar {
            return self.withdraw(id, time);
        }
        self.leaving.push(Leave { order: id, arrives, bars_to_wait });
        // What leaves does so before a bar opens, as what expires does.
        self.timed = true;
    }

    /// Withdraws an order that must not fill any more: on bars at once, on ticks as fast as a word goes.
    #[cold]
    pub fn revoke(&mut self, id: OrderId, time: Time) {
        if self.meets_ticks(id) { self.wire(time, Word::Cancel(id)) } else { self.withdraw(id, time) }
    }

    /// Withdraws an order at once.
    pub(super) fn withdraw(&mut self, id: OrderId, time: Time) {
        if let Some(place) = self.orders.iter().position(|working| working.id() == id && !working.dead) {
            self.end(place, Report::Cancelled { order: id, time, reason: CancelReason::Requested }, time);
        }
    }

    /// Withdraws what was to be withdrawn, before its bar opens or before it closes.
    #[inline]
    pub(super) fn let_go(&mut self, step: Step) {
        if !self.leaving.is_empty() {
            self.let_go_of(step);
        }
    }

    #[cold]
    fn let_go_of(&mut self, step: Step) {
        let mut leaving = std::mem::take(&mut self.leaving);
        leaving.retain(|leave| {
            let order = self.orders.iter().find(|working| working.id() == leave.order && !working.dead);
            let Some(working) = order else { return false };
            let listing = &self.listings[working.order.instrument.index()];
            let Some(bar) = listing.matched() else { return true };
            let heard = if step == Step::Close { leave.arrives < listing.closes } else { leave.arrives <= bar.time };
            let leaves = heard && leave.bars_to_wait == 0;
            if leaves {
                self.withdraw(leave.order, leave.arrives.max(bar.time));
            }
            !leaves
        });
        self.leaving = leaving;
    }

    /// Of a latency counted in bars, one is over.
    #[inline]
    pub(super) fn leave_bars(&mut self) {
        for leave in &mut self.leaving {
            let order = self.orders.iter().find(|working| working.id() == leave.order);
            let bar = order.and_then(|working| self.listings[working.order.instrument.index()].matched());
            if bar.is_some_and(|bar| leave.arrives <= bar.time) {
                leave.bars_to_wait = leave.bars_to_wait.saturating_sub(1);
            }
        }
    }

    /// The data is over: what was to be withdrawn is, since nothing can fill it any more.
    pub(super) fn let_all_go(&mut self, time: Time) {
        for leave in std::mem::take(&mut self.leaving) {
            self.withdraw(leave.order, time);
        }
    }
}
