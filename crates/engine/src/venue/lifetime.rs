//! How long orders live: to the end of a day or an instant, or no longer than their first market.
use qframe_model::event::{CancelReason, Report};
use qframe_model::ids::InstrumentId;
use qframe_model::market::Bar;
use qframe_model::order::{Order, OrderKind, TimeInForce};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use super::settings::FillPrice;
use super::working::{Step, Working};
use super::{SimVenue, Stage};

impl SimVenue {
    pub(super) fn expire(&mut self) {
        self.let_go(Step::Open);
        for place in 0..self.orders.len() {
            let working = &self.orders[place];
            let listing = &self.listings[working.order.instrument.index()];
            let Some(bar) = listing.matched() else { continue };
            let over = match working.order.time_in_force {
                TimeInForce::Day => {
                    let today = self.day_of(working.order.instrument, bar.time, listing.closes);
                    let day = working.day.or_else(|| self.first_day(working));
                    self.orders[place].day = day;
                    day.is_some_and(|day| day < today)
                }
                TimeInForce::Gtd(until) => bar.time >= until,
                _ => false,
            };
            if over && !self.orders[place].dead {
                let order = self.orders[place].id();
                self.end(place, Report::Expired { order, time: bar.time }, bar.time);
            }
        }
    }

    /// The first day on which an order can meet its market, as far as that is known now; none while it sleeps.
    pub(super) fn first_day(&self, working: &Working) -> Option<i32> {
        let id = working.order.instrument;
        if working.asleep {
            return None;
        }
        if self.lives[id.index()].is_some() {
            return Some(self.day_of(id, working.active_from.max(self.now), Time::MAX));
        }
        let listing = &self.listings[id.index()];
        // A market order of a fill inside the range meets the next bar.
        let waits =
            working.born_at.is_some() && matches!(working.order.kind, OrderKind::Market | OrderKind::MarketOnOpen);
        let meets = working.bars_to_wait == 0 && working.active_from < listing.closes && !waits;
        listing.bar.filter(|_| meets).map(|bar| self.day_of(id, bar.time, listing.closes))
    }

    /// The day on which the first session in `from..until` began; that of `from` in UTC where there is none.
    pub(super) fn day_of(&self, id: InstrumentId, from: Time, until: Time) -> i32 {
        let session = self.settings.sessions_of(id).and_then(|sessions| sessions.within(from, until));
        session.map_or(from, |own| own.start).day() as i32
    }

    /// Immediate-or-cancel and fill-or-kill orders do not outlive their first open; those with a trigger begin with it, and a
    /// limit that was made awake inside a range meets the market there.
    pub(super) fn end_if_immediate(&mut self, place: usize, step: Step, bar: &Bar) {
        let working = &self.orders[place];
        if working.waits_for_trigger() {
            return;
        }
        let late = step == Step::Close && working.active_from > bar.time;
        let is_later = match working.order.kind {
            OrderKind::MarketOnClose => true,
            OrderKind::Market => self.settings.fill == FillPrice::Worst,
            _ => false,
        };
        if is_later && self.stage == Stage::Open {
            // The close, or the range, is its first.
            return;
        }
        let woken = !matches!(step, Step::Open | Step::Worst) && working.born_at.is_some() && working.limit().is_some();
        if late || woken || (step == Step::Open && matches!(self.stage, Stage::Open | Stage::Arrive | Stage::Tick)) {
            self.end_immediate(place, self.time_of(place, step, bar));
        }
    }

    pub(super) fn end_immediate(&mut self, place: usize, time: Time) {
        let Order { id: order, time_in_force, .. } = self.orders[place].order;
        match time_in_force {
            TimeInForce::Ioc => {
                self.end(place, Report::Cancelled { order, time, reason: CancelReason::Immediate }, time);
            }
            TimeInForce::Fok => self.refuse(place, Refusal::CannotFillWhole, time),
            _ => {}
        }
    }
}
