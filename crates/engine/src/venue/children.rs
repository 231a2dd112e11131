//! Orders that wait for another one: when they wake, and when what they protect is gone.
use qframe_model::account::Account;
use qframe_model::event::CancelReason;
use qframe_model::fill::Fill;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::{Price, Quantity};
use qframe_model::order::{Order, OrderKind, Size};
use qframe_model::time::{Span, Time};

use super::working::{Step, Working, would_take};
use super::{SimVenue, Stage};

/// What an entry has opened, and the exits that wait for it have not closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    pub entry: OrderId,
    pub instrument: InstrumentId,
    pub quantity: Quantity,
}

/// Where a fill found the market, behind the open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inside {
    pub id: InstrumentId,
    pub price: Price,
    /// True where it answers another fill inside the same bar, or is a liquidation there.
    pub again: bool,
}

impl SimVenue {
    /// Orders that waited for this one are live from here on; inside a range they meet the market there. What
    /// protects a position that the fill has not opened yet, since it closed the other side first, waits for it.
    pub(super) fn wake_children(&mut self, fill: &Fill, (step, price): (Step, Price), account: &Account) {
        let held = account.position(fill.instrument).quantity;
        let after = held.plus(fill.signed()).unwrap_or(held);
        let opened = !after.is_zero() && Side::of(after) == fill.side;
        let (mut woke, mut has_exits) = (false, false);
        for place in 0..self.orders.len() {
            let Working { order, asleep, dead, .. } = self.orders[place];
            if dead || order.parent != Some(fill.order) {
                continue;
            }
            let exits = order.instrument == fill.instrument && order.side != fill.side;
            has_exits |= exits && order.size == Size::Close;
            if asleep && (opened || !(order.reduce_only && exits)) {
                self.wake(place, fill, (step, price));
                woke = true;
            }
        }
        if opened && has_exits {
            self.count_opened(fill, after);
        }
        if woke && self.stage.is_in_range() && !self.stage.is_at_worst() {
            self.enter(Stage::First);
        }
    }

    /// Makes an order awake by a fill, unless it would take and may not.
    fn wake(&mut self, place: usize, fill: &Fill, (step, price): (Step, Price)) {
        let order = self.orders[place].order;
        let born_at = if step.is_in_range() { self.market_inside(&order) } else { None };
        let (market, takes) = match &self.lives[order.instrument.index()] {
            Some(live) => (live.signal(order.side), self.would_take_on_tick(&order)),
            None => {
                let own = (order.instrument == fill.instrument).then_some(price);
                let other = || self.listings[order.instrument.index()].price(step);
                let market = born_at.or(own).or_else(other);
                (market, would_take(&order, market))
            }
        };
        if let Some(refusal) = takes {
            return self.refuse(place, refusal, fill.time);
        }
        let heard = self.meets_from(&order, self.heard(order.instrument, fill.time));
        let working = &mut self.orders[place];
        (working.asleep, working.born_at, working.active_from) = (false, born_at, working.active_from.max(heard));
        if let Some(market) = market {
            working.follow(market, &self.grid);
        }
        self.orders[place].day = self.first_day(&self.orders[place]);
    }

    /// From when on an order of a fill inside a range meets its market. What answers an answer inside the same bar, or the
    /// liquidation, meets the close only: else the bar would be walked again and again.
    pub(super) fn meets_from(&self, order: &Order, heard: Time) -> Time {
        let waits = matches!(order.kind, OrderKind::Market | OrderKind::MarketOnOpen);
        let again = self.stage.is_in_range() && !waits && self.inside.is_some_and(|inside| inside.again);
        match self.listings[order.instrument.index()].matched().filter(|_| again) {
            Some(bar) => heard.max(bar.time + Span::from_nanos(1)),
            None => heard,
        }
    }

    /// Exits of the whole position close what their own entry has opened: others may hold the rest.
    #[cold]
    fn count_opened(&mut self, fill: &Fill, after: Quantity) {
        let opens = fill.quantity.min(after.abs());
        let add = |old: Quantity| old.plus(opens).unwrap_or(Quantity::MAX);
        match self.opened.iter_mut().find(|opened| opened.entry == fill.order) {
            Some(opened) => opened.quantity = add(opened.quantity),
            None => {
                let Fill { order: entry, instrument, .. } = *fill;
                // What has no exits any more is of no use.
                let orders = &self.orders;
                self.opened.retain(|opened| orders.iter().any(|exit| exit.order.parent == Some(opened.entry)));
                self.opened.push(Opened { entry, instrument, quantity: opens });
            }
        }
    }

    /// An exit has closed a part of what its entry opened.
    #[cold]
    pub(super) fn count_closed(&mut self, entry: OrderId, fill: &Fill) {
        let own = |opened: &&mut Opened| opened.entry == entry && opened.instrument == fill.instrument;
        if let Some(opened) = self.opened.iter_mut().find(own) {
            opened.quantity = opened.quantity.minus(fill.quantity).unwrap_or(Quantity::ZERO).max(Quantity::ZERO);
        }
    }

    /// A position that is closed or turned takes its protective orders with it.
    pub(super) fn drop_orphans(&mut self, fill: &Fill, id: OrderId, account: &Account) {
        if closes(fill, account) {
            self.drop_protection(fill.instrument, id, fill.time);
        }
    }

    /// Ends what protected a position that is gone. Where its entry goes on, it sleeps until that fills again.
    pub(super) fn drop_protection(&mut self, instrument: InstrumentId, but: OrderId, time: Time) {
        self.opened.retain(|opened| opened.instrument != instrument);
        let protects = |other: &Working| {
            let awake = other.order.reduce_only && other.order.parent.is_some() && !other.asleep && !other.dead;
            awake && other.order.instrument == instrument && other.id() != but
        };
        for place in 0..self.orders.len() {
            let entry = self.orders[place].order.parent;
            let goes_on =
                |other: &Working| Some(other.id()) == entry && !other.dead && other.order.instrument == instrument;
            if protects(&self.orders[place]) && self.orders.iter().any(goes_on) {
                self.orders[place].sleep();
            }
        }
        self.cancel_where(time, CancelReason::NothingToClose, protects);
    }
}

/// True where nothing is left of the position that a fill met, or the other side of it.
pub(super) fn closes(fill: &Fill, account: &Account) -> bool {
    let held = account.position(fill.instrument).quantity;
    let after = held.plus(fill.signed()).unwrap_or(held);
    after.is_zero() || (!held.is_zero() && after.is_negative() != held.is_negative())
}
