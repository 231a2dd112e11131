//! Orders against trades, quotes and books.
//!
//! An order takes from the book when it arrives, level by level, and what it took stays gone until the level is shown
//! again. What rests stands in the queue at its price; a trade through the price fills it by as much as was traded. Where
//! only trades are fed, an order fills at the first trade after its arrival, and a resting one when the market trades
//! through its limit.
mod live;
mod sessions;
mod users;
mod wires;

use qframe_model::account::Account;
use qframe_model::event::Report;
use qframe_model::fill::Liquidity;
use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, Side, Tick};
use qframe_model::number::{Overflow, Price, Quantity, Rate, Volume};
use qframe_model::order::{OrderKind, Purpose, Size, TimeInForce};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use super::carry::has_expired;
use super::sizing::{Rest, Sized, Sizer};
use super::working::{Look, Step, Touch, Working};
use super::{Settings, SimVenue, Stage};
pub(super) use live::{Live, Met};
pub use users::{Made, Owner, Prevention};
pub(super) use wires::{Wire, Word};

/// What an order would trade at a price.
enum Wanted {
    /// All that it asks for.
    Units(Quantity),
    /// Less than it asks for: the rest cannot be paid, or is refused.
    Part,
    /// Nothing.
    Refused,
}

impl SimVenue {
    /// From here on the orders of this instrument meet its ticks, not its bars.
    pub fn feed_ticks(&mut self, id: InstrumentId) {
        self.lives[id.index()].get_or_insert_default();
    }

    /// The market moved, here at the venue; [`SimVenue::next_report`] says what came of it.
    #[inline]
    pub fn tick(&mut self, id: InstrumentId, tick: &Tick) {
        self.now = tick.time();
        self.feed = tick.received().since(tick.time());
        let Some(live) = &mut self.lives[id.index()] else { return };
        let met = live.take_in(tick, self.settings.queue);
        // Between two changes of an update the book may be crossed: nothing is worth that.
        let is_whole = !matches!(tick, Tick::Book(delta) if !delta.last);
        let met = met.or_else(|| (is_whole && self.carry.is_needed() && live.moved()).then_some(Met::Mark));
        if met.is_some() || self.timed {
            self.met = met.map(|met| (id, met));
            self.enter(Stage::Tick);
        }
    }

    /// The price that values an instrument, here at the venue.
    #[must_use]
    pub fn mark_of(&self, id: InstrumentId) -> Option<Price> {
        self.lives[id.index()].as_ref()?.mark()
    }

    /// Looks at the orders of the instrument that moved, until one of them has something to report.
    pub(super) fn scan_tick(&mut self, account: &Account) -> Result<(), Overflow> {
        if self.cursor == 0 {
            self.expire_ticks();
            self.force_on_tick(account)?;
        }
        let Some((id, _)) = self.met.filter(|(_, met)| *met != Met::Mark) else { return Ok(()) };
        if self.cursor == 0 {
            self.line_up(id);
        }
        while self.cursor < self.orders.len() && self.pending.is_empty() {
            let place = self.cursor;
            if self.orders[place].order.instrument != id || !self.meet_tick(place, account)? {
                self.cursor = place + 1;
            }
        }
        Ok(())
    }

    /// Lets an order meet its market once. True where it is to be looked at again.
    fn meet_tick(&mut self, place: usize, account: &Account) -> Result<bool, Overflow> {
        let working = &self.orders[place];
        if working.dead || working.asleep || self.waits_for_session(working) {
            return Ok(false);
        }
        let (order, id) = (working.id(), working.order.instrument);
        if !self.turn(place, account)? {
            return Ok(false);
        }
        match self.look_tick(place, account)? {
            Look::Rest => {
                let is_new = self.stage == Stage::Arrive || self.orders[place].born_at.is_some();
                if is_new && self.lives[id.index()].as_ref().is_none_or(|live| !live.has_book()) {
                    // Nothing says what the market is: the first trade after its arrival, or its trigger, does.
                    return Ok(false);
                }
                let flat = flat(self.now, Price::ZERO, None);
                self.end_if_immediate(place, Step::Open, &flat);
                if let (false, Some(live)) = (self.orders[place].dead, &mut self.lives[id.index()]) {
                    // Before its trigger it is not in the book.
                    self.orders[place].rested = !self.orders[place].waits_for_trigger();
                    live.rest(&self.orders[place]);
                }
                Ok(false)
            }
            Look::Wake(price) => {
                let working = &mut self.orders[place];
                // The trade that woke it is past: it meets the next one, or the book.
                let told = std::mem::replace(&mut working.woken_before, true);
                (working.triggered, working.born_at) = (true, Some(price));
                if !told {
                    self.pending.push(Report::Triggered { order, time: self.now });
                }
                Ok(true)
            }
            Look::Fill(touch) => match self.counterpart(place) {
                Some(maker) => self.meet_user(place, maker, account),
                None => self.fill_on_tick(place, touch, account).map(|()| true),
            },
        }
    }

    /// A target at the market goes to whichever side leads to it, by what the position is now; one that has been reached, or
    /// passed, is over. False where it has ended.
    fn turn(&mut self, place: usize, account: &Account) -> Result<bool, Overflow> {
        let working = &self.orders[place];
        let id = working.order.instrument;
        let Some(mark) = self.mark_of(id).filter(|_| self.is_target(place)) else { return Ok(true) };
        let sized = self.sizer(account, id, mark, Liquidity::Taker, self.now).size(working)?;
        let Sized::Fill { side, .. } = sized else { return Ok(true) };
        if side != working.order.side && !working.filled.is_zero() {
            self.refuse(place, Refusal::AlreadyThere, self.now);
            return Ok(false);
        }
        self.orders[place].order.side = side;
        Ok(true)
    }

    /// True for a target at the market, which may go either way.
    fn is_target(&self, place: usize) -> bool {
        let working = &self.orders[place];
        working.limit().is_none() && matches!(working.order.size, Size::TargetUnits(_) | Size::TargetWeight(_))
    }

    fn look_tick(&mut self, place: usize, account: &Account) -> Result<Look, Overflow> {
        let working = &self.orders[place];
        let whole = working.order.time_in_force == TimeInForce::Fok && !working.waits_for_trigger();
        if whole && !self.fills_whole(place, account)? {
            return Ok(Look::Rest);
        }
        Ok(self.look_at_market(place))
    }

    /// True where the book holds all that an order wants, or is not known.
    fn fills_whole(&self, place: usize, account: &Account) -> Result<bool, Overflow> {
        let working = &self.orders[place];
        let (id, side) = (working.order.instrument, working.order.side);
        let live = self.lives[id.index()].as_ref().filter(|live| live.has_book() && working.filled.is_zero());
        let Some((live, offer)) = live.and_then(|live| Some((live, live.next_offer(side)?))) else { return Ok(true) };
        let depth = live.depth_for(working.id(), side, working.limit(), account.instrument(id).rules().lot);
        let wanted = match self.wanted_at(offer.price, place, account)? {
            Wanted::Units(units) if units <= depth => units,
            Wanted::Refused => return Ok(true),
            _ => return Ok(false),
        };
        // Whether all of it can be paid is judged at the worst price that it comes to.
        let Some(worst) = live.sweep(side, wanted).map(|sweep| sweep.worst) else { return Ok(true) };
        let counts_units = matches!(working.order.size, Size::Units(_) | Size::Close | Size::TargetUnits(_));
        let is_paid = |at_worst: Wanted| matches!(at_worst, Wanted::Units(units) if units >= wanted);
        Ok(!counts_units || is_paid(self.wanted_at(worst, place, account)?))
    }

    /// What an order would trade at a price, of one that turns a position both what closes and what opens.
    fn wanted_at(&self, price: Price, place: usize, account: &Account) -> Result<Wanted, Overflow> {
        let working = &self.orders[place];
        let sizer = self.sizer(account, working.order.instrument, price, Liquidity::Taker, self.now);
        Ok(match sizer.size(working)? {
            Sized::Fill { side, deal, rest: Rest::Reversal } => {
                let (turning, after) = sizer.half_turned(working, (side, deal), self.now)?;
                match (Sizer { account: &after, ..sizer }).size(&turning)? {
                    Sized::Fill { deal: opens, rest: Rest::Nothing, .. } => {
                        Wanted::Units(deal.quantity.plus(opens.quantity)?)
                    }
                    _ => Wanted::Part,
                }
            }
            Sized::Fill { rest: Rest::Unpaid | Rest::Beyond, .. } => Wanted::Part,
            Sized::Fill { deal, .. } => Wanted::Units(deal.quantity),
            _ => Wanted::Refused,
        })
    }

    fn look_at_market(&mut self, place: usize) -> Look {
        let id = self.orders[place].order.instrument;
        let Some(live) = &self.lives[id.index()] else { return Look::Rest };
        let working = &mut self.orders[place];
        let side = working.order.side;
        if working.waits_for_trigger() {
            let Some(signal) = live.signal(side) else { return Look::Rest };
            let look = working.look(Step::Open, &flat(self.now, signal, None), false);
            working.follow(signal, &self.grid);
            return if look == Look::Rest { Look::Rest } else { Look::Wake(signal) };
        }
        if let (OrderKind::MarketOnClose, false, false, Some((price, last))) =
            (working.order.kind, live.has_book(), working.born_at.is_some(), live.last())
        {
            // Where only trades are fed, the close is the last one.
            return Look::Fill(Touch { price, taker: true, offered: capped(&self.settings, last) });
        }
        let limit = working.limit();
        let within = |price: Price| limit.is_none_or(|limit| !side.prefers(limit, price));
        // Who rests has met the orders that were there.
        let offer = if working.rested {
            live.offered(side)
        } else {
            live.next_offer(side).map(|offer| (offer.price, offer.quantity))
        };
        if let Some((price, offered)) = offer.filter(|(price, _)| within(*price)) {
            // The market came to an order that rests: it trades at its own price.
            let taker = !working.rested || limit.is_none();
            let price = if taker { price } else { limit.unwrap_or(price) };
            return Look::Fill(Touch { price, taker, offered: Some(offered) });
        }
        let Some((_, Met::Trade(trade))) = self.met.filter(|_| self.stage == Stage::Tick) else { return Look::Rest };
        let rests = live.rests(working.id());
        let capped = capped(&self.settings, trade.quantity.quantity());
        let takes = !rests && !live.has_book() && !working.order.post_only;
        if takes && working.born_at.is_none() && within(trade.price) {
            return Look::Fill(Touch { price: trade.price, taker: true, offered: capped });
        }
        let Some(limit) = limit.filter(|_| rests && trade.side != side) else { return Look::Rest };
        let (reached, passed) = live.reached(working.id());
        let offered = if passed { capped.map_or(reached, |most| most.min(reached)) } else { reached };
        if !offered.is_positive() || passed && working.born_at.is_some() {
            return Look::Rest;
        }
        // Once for each trade that passed it: a cap may leave a rest.
        working.born_at = working.born_at.or(passed.then_some(limit));
        Look::Fill(Touch { price: limit, taker: false, offered: Some(offered) })
    }

    fn fill_on_tick(&mut self, place: usize, touch: Touch, account: &Account) -> Result<(), Overflow> {
        let working = &self.orders[place];
        let (order, id, side) = (working.id(), working.order.instrument, working.order.side);
        if self.is_target(place) {
            let sized = self.sizer(account, id, touch.price, Liquidity::Taker, self.now).size(working)?;
            if matches!(sized, Sized::Fill { side: other, .. } if other != side) {
                // At this price it has more than it wants: the target is reached.
                self.refuse(place, Refusal::AlreadyThere, self.now);
                return Ok(());
            }
        }
        let bar = flat(self.now, touch.price, touch.offered);
        self.execute(place, Step::Open, &bar, touch, account)?;
        let fill = self.last_fill(order);
        let filled = fill.map(|(_, quantity)| quantity);
        let Some(live) = &mut self.lives[id.index()] else { return Ok(()) };
        // Without a book this trade is all there was.
        if !live.has_book() {
            self.orders[place].born_at = Some(touch.price);
        }
        let crossed =
            live.offered(side).filter(|(price, _)| touch.offered.is_some() && !side.prefers(touch.price, *price));
        match (crossed, filled) {
            // It was refused: the level is as it was.
            (Some(_), None) if self.orders[place].dead => {}
            // Less than a lot is left of the level: it is passed over.
            (Some((price, left)), filled) => {
                let passed = touch.offered.map_or(left, |offered| offered.min(left));
                live.take(side.opposite(), price, filled.unwrap_or(passed));
                if !touch.taker && live.users.is_some() {
                    live.filled(order, filled.unwrap_or(Quantity::ZERO));
                }
                if let Some((price, quantity)) = fill {
                    let taker = touch.taker.then_some(order);
                    let side = if touch.taker { side } else { side.opposite() };
                    live.make(Made { taker, side, price, quantity });
                }
            }
            (None, Some(quantity)) => live.filled(order, quantity),
            (None, None) => live.pass_over(order),
        }
        Ok(())
    }

    /// True where a partly filled order goes on to the next level at once.
    pub(super) fn walks(&self, place: usize) -> bool {
        let live = self.lives[self.orders[place].order.instrument.index()].as_ref();
        matches!(self.stage, Stage::Arrive | Stage::Tick) && live.is_some_and(|live| live.has_book())
    }

    fn expire_ticks(&mut self) {
        if !self.timed {
            return;
        }
        let now = self.now;
        for place in 0..self.orders.len() {
            let working = &self.orders[place];
            let over = match working.order.time_in_force {
                TimeInForce::Day => {
                    let today = || self.day_of(working.order.instrument, now, Time::MAX);
                    working.day.is_some_and(|day| day < today())
                }
                TimeInForce::Gtd(until) => now >= until,
                _ => false,
            };
            if over && !working.dead && self.lives[working.order.instrument.index()].is_some() {
                let order = working.id();
                self.end(place, Report::Expired { order, time: now }, now);
            }
        }
    }

    /// Closes what the margin no longer carries at what the market gives for it, and settles a contract that has expired, with
    /// its orders.
    fn force_on_tick(&mut self, account: &Account) -> Result<(), Overflow> {
        let Some((id, _)) = self.met.filter(|_| self.carry.is_needed() && self.pending.is_empty()) else {
            return Ok(());
        };
        let position = account.position(id);
        let expired = has_expired(account.instrument(id), self.now);
        if expired && position.is_flat() {
            self.end_orders_of(id, self.now);
            return Ok(());
        }
        let Some(mark) = self.mark_of(id).filter(|_| !position.is_flat()) else { return Ok(()) };
        let left = account.margin_left_at(|other| (other == id).then_some(mark))?;
        if !expired && !left.is_negative() {
            return Ok(());
        }
        let side = Side::of(position.quantity).opposite();
        let live = self.lives[id.index()].as_ref().filter(|_| !expired);
        let sweep = live.and_then(|live| live.sweep(side, position.quantity.abs()));
        let purpose = if expired { Purpose::Expiry } else { Purpose::Liquidation };
        let price = sweep.as_ref().map_or(mark, |sweep| sweep.average);
        let fill = self.forced_fill(account, id, &flat(self.now, price, None), price, self.now, purpose)?;
        if let (Some(live), Some(sweep)) = (&mut self.lives[id.index()], sweep) {
            live.take_all(sweep);
        }
        self.force(account, fill);
        Ok(())
    }

    /// The orders have met what there was; those that do not rest want to see the next tick.
    pub(super) fn leave_ticks(&mut self) {
        self.met = None;
        self.drop_dead();
        for working in &mut self.orders {
            working.born_at = None;
        }
        for (place, live) in self.lives.iter_mut().enumerate() {
            let Some(live) = live else { continue };
            let here = |working: &&Working| working.order.instrument.index() == place && !working.asleep;
            live.keep(|order| self.orders.iter().any(|working| working.id() == order && !working.asleep));
            live.eager = self.orders.iter().filter(here).any(|working| !live.rests(working.id()));
        }
        self.closes = self.orders.iter().filter_map(|working| self.close_of(working)).min();
    }
}

/// What our orders may take of a trade, where that is limited.
fn capped(settings: &Settings, traded: Quantity) -> Option<Quantity> {
    settings.volume_cap.and_then(|cap| traded.share(cap.nanos().into(), Rate::ONE.nanos().into()).ok())
}

/// A bar in which only one price happened.
fn flat(time: Time, price: Price, volume: Option<Quantity>) -> Bar {
    let volume = volume.and_then(|volume| Volume::new(volume).ok()).unwrap_or(Volume::ZERO);
    Bar { time, open: price, high: price, low: price, close: price, volume }
}
