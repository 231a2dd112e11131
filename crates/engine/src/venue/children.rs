//! Orders that wait for another one: when they wake, and when what they protect is gone.
use qframe_model::account::Account;
use qframe_model::event::CancelReason;
use qframe_model::fill::Fill;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::Price;
use qframe_model::time::Time;

use super::working::{Step, Working, would_take};
use super::{SimVenue, Stage};

impl SimVenue {
    /// Orders that waited for this one are live from here on; inside a range they meet the market there. What
    /// protects a position that the fill has not opened yet, since it closed the other side first, waits for it.
    pub(super) fn wake_children(&mut self, fill: &Fill, (step, price): (Step, Price), account: &Account) {
        let held = account.position(fill.instrument).quantity;
        let after = held.plus(fill.signed()).unwrap_or(held);
        let opened = !after.is_zero() && Side::of(after) == fill.side;
        let mut woke = false;
        for place in 0..self.orders.len() {
            let Working { order, asleep, dead, .. } = self.orders[place];
            let protects = order.reduce_only && order.instrument == fill.instrument && order.side != fill.side;
            if asleep && !dead && order.parent == Some(fill.order) && (opened || !protects) {
                self.wake(place, fill, (step, price));
                woke = true;
            }
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
        let heard = self.heard(order.instrument, fill.time);
        let working = &mut self.orders[place];
        (working.asleep, working.born_at, working.active_from) = (false, born_at, working.active_from.max(heard));
        if let Some(market) = market {
            working.follow(market, &self.grid);
        }
        self.orders[place].day = self.first_day(&self.orders[place]);
    }

    /// A position that is closed or turned takes its protective orders with it.
    pub(super) fn drop_orphans(&mut self, fill: &Fill, id: OrderId, account: &Account) {
        if closes(fill, account) {
            self.drop_protection(fill.instrument, id, fill.time);
        }
    }

    /// Ends what protected a position that is gone. Where its entry goes on, it sleeps until that fills again.
    pub(super) fn drop_protection(&mut self, instrument: InstrumentId, but: OrderId, time: Time) {
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
