//! Orders of several users at one venue: they trade with one another and with the market, by price and then by time.
//!
//! At one price the units of the recorded queue that were there before an order go first, then the order, then what came
//! behind it. What happens to an order that would meet another one of its own user is its owner's wish.
use qframe_model::account::Account;
use qframe_model::event::{CancelReason, Report};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::{Overflow, Price, Quantity};
use qframe_model::order::{Order, Size};

use super::super::working::{Step, Touch};
use super::super::{SimVenue, Stage};
use super::live::Resting;
use super::{Live, Met, flat};
use crate::risk::Approved;

/// What becomes of an order that would trade with another one of its own user. The taker's wish counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prevention {
    /// They trade.
    Allow,
    /// What is left of the taker ends.
    ExpireTaker,
    /// What is left of the maker ends.
    #[default]
    ExpireMaker,
    /// Both end.
    ExpireBoth,
}

/// Whose an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub user: u32,
    /// Where it would trade with its own user.
    pub prevention: Prevention,
}

/// A trade that orders of users made, with one another or with the recorded book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// The order that took; `None` where the recorded market came to an order that rested.
    pub taker: Option<OrderId>,
    /// The side that took.
    pub side: Side,
    /// At which price.
    pub price: Price,
    /// Units.
    pub quantity: Quantity,
}

/// The users of a market, and what they did since that was asked last.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Users {
    /// Whose each order is.
    pub(super) owners: Vec<(OrderId, Owner)>,
    /// Levels of which another quantity may be shown.
    pub(super) changed: Vec<(Side, Price)>,
    trades: Vec<Made>,
}

/// What one that takes finds first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    /// Whose units these are; `None` for the recorded market.
    maker: Option<OrderId>,
}

impl SimVenue {
    /// From here on the orders of this instrument meet its ticks and one another. The driver takes what they made with
    /// [`SimVenue::take_made`] and [`SimVenue::take_changed`] after each call.
    pub fn serve_users(&mut self, id: InstrumentId) {
        self.lives[id.index()].get_or_insert_default().serve();
    }

    /// Takes an order of a user.
    pub fn submit_of(&mut self, owner: Owner, approved: &Approved<Order>) {
        let order = approved.get();
        if let Some(users) = self.users(order.instrument) {
            users.owners.push((order.id, owner));
        }
        self.submit(approved);
    }

    /// An order of a user wants no more than so many units from here on, and keeps its place.
    pub fn cut(&mut self, id: OrderId, most: Quantity) -> Result<(), Overflow> {
        let Some(working) = self.orders.iter_mut().find(|working| working.id() == id && !working.dead) else {
            return Ok(());
        };
        let all = working.filled.plus(most)?;
        if matches!(working.order.size, Size::Units(units) if units > all) {
            working.order.size = Size::Units(all);
            let index = working.order.instrument.index();
            if let Some(live) = &mut self.lives[index] {
                live.cut(id, most);
            }
        }
        Ok(())
    }

    /// Units that are shown at a price: what is left of the recorded level, and what orders of users show.
    #[must_use]
    pub fn shown(&self, id: InstrumentId, side: Side, price: Price) -> Quantity {
        self.lives[id.index()].as_ref().map_or(Quantity::ZERO, |live| live.shown(side, price))
    }

    /// Units of that price that orders of one user show.
    #[must_use]
    pub fn shown_of(&self, id: InstrumentId, side: Side, price: Price, user: u32) -> Quantity {
        let Some(live) = self.lives[id.index()].as_ref() else { return Quantity::ZERO };
        let own = live.of_level(side, price).filter(|resting| live.user_of(resting.order) == Some(user));
        own.fold(Quantity::ZERO, |sum, resting| sum.plus(resting.visible()).unwrap_or(Quantity::MAX))
    }

    /// The trades that users made since this was asked last, in their order.
    pub fn take_made(&mut self, id: InstrumentId) -> Vec<Made> {
        self.users(id).map(|users| std::mem::take(&mut users.trades)).unwrap_or_default()
    }

    /// The levels that users changed since this was asked last; some more than once.
    pub fn take_changed(&mut self, id: InstrumentId) -> Vec<(Side, Price)> {
        self.users(id).map(|users| std::mem::take(&mut users.changed)).unwrap_or_default()
    }

    /// The market moved by what users did: orders that wait for a price look again.
    pub fn look_again(&mut self, id: InstrumentId) {
        self.met = Some((id, Met::Book));
        self.enter(Stage::Tick);
    }

    fn users(&mut self, id: InstrumentId) -> Option<&mut Users> {
        self.lives[id.index()].as_mut()?.users.as_deref_mut()
    }

    /// Where there are users, who rests at a better price meets the market first, of one price who came first.
    pub(super) fn line_up(&mut self, id: InstrumentId) {
        let Some(live) = self.lives[id.index()].as_ref().filter(|live| live.users.is_some()) else { return };
        let line = live.resting();
        self.orders.sort_by_cached_key(|working| {
            line.iter().position(|resting| resting.order == working.id()).unwrap_or(usize::MAX)
        });
    }

    /// The order of a user whose units an order takes next.
    pub(super) fn counterpart(&self, place: usize) -> Option<OrderId> {
        let working = self.orders.get(place).filter(|working| !working.rested)?;
        let live = self.lives[working.order.instrument.index()].as_ref()?;
        live.next_offer(working.order.side)?.maker
    }

    /// An order trades with another one. True where it is to be looked at again.
    pub(super) fn meet_user(&mut self, place: usize, maker: OrderId, account: &Account) -> Result<bool, Overflow> {
        let taker = self.orders[place].order;
        let index = taker.instrument.index();
        let there = self.orders.iter().position(|working| working.id() == maker && !working.dead);
        let (Some(live), Some(there)) = (&mut self.lives[index], there) else {
            self.forget(taker.instrument, maker);
            return Ok(true);
        };
        match live.prevented(taker.id, maker) {
            Prevention::Allow => {}
            wish => return Ok(self.prevent(wish, place, there)),
        }
        let Some(offer) = live.next_offer(taker.side) else { return Ok(false) };
        let touch = Touch { price: offer.price, taker: true, offered: Some(offer.quantity) };
        self.execute(place, Step::Open, &flat(self.now, touch.price, touch.offered), touch, account)?;
        let Some((price, quantity)) = self.last_fill(taker.id) else { return Ok(false) };
        let touch = Touch { price, taker: false, offered: Some(quantity) };
        self.execute(there, Step::Open, &flat(self.now, price, touch.offered), touch, account)?;
        if let Some(live) = &mut self.lives[index] {
            live.filled(maker, quantity);
            live.make(Made { taker: Some(taker.id), side: taker.side, price, quantity });
        }
        Ok(true)
    }

    fn prevent(&mut self, wish: Prevention, taker: usize, maker: usize) -> bool {
        for (place, ends) in [(maker, wish != Prevention::ExpireTaker), (taker, wish != Prevention::ExpireMaker)] {
            if ends {
                let Order { id: order, instrument, .. } = self.orders[place].order;
                let (time, reason) = (self.now, CancelReason::SelfTrade);
                self.end(place, Report::Cancelled { order, time, reason }, time);
                self.forget(instrument, order);
            }
        }
        wish == Prevention::ExpireMaker
    }

    /// An order that has ended stands in nobody's way.
    fn forget(&mut self, id: InstrumentId, order: OrderId) {
        if let Some(live) = &mut self.lives[id.index()] {
            live.keep(|other| other != order);
        }
    }

    /// What an order was filled by, in the reports that wait.
    pub(super) fn last_fill(&self, order: OrderId) -> Option<(Price, Quantity)> {
        self.pending.iter().rev().find_map(|report| match report {
            Report::Filled { fill, .. } if fill.order == order => Some((fill.price, fill.quantity)),
            _ => None,
        })
    }
}

impl Live {
    /// What one that takes on `side` finds first.
    pub(super) fn next_offer(&self, side: Side) -> Option<Offer> {
        let market = self.offered(side).map(|(price, quantity)| Offer { price, quantity, maker: None });
        if self.users.is_none() {
            return market;
        }
        let open = |resting: &&Resting| resting.side == side.opposite() && resting.visible().is_positive();
        let Some(own) = self.resting().iter().find(open) else { return market };
        let offer = Offer { price: own.price, quantity: own.visible(), maker: Some(own.order) };
        let Some(market) = market else { return Some(offer) };
        if side.prefers(market.price, own.price) {
            return Some(market);
        }
        let ahead = own.place.map_or(Quantity::ZERO, |place| place.ahead());
        if market.price == own.price && ahead.is_positive() {
            return Some(Offer { quantity: market.quantity.min(ahead), ..market });
        }
        Some(offer)
    }

    /// What a user's order can take up to a limit, from the market and from other orders, hidden units too.
    pub(super) fn depth_for(&self, order: OrderId, side: Side, limit: Option<Price>, lot: Quantity) -> Quantity {
        let market = || self.depth(side, limit, lot);
        if self.users.is_none() {
            return market();
        }
        let within = |price: Price| limit.is_none_or(|limit| !side.prefers(limit, price));
        let there = || self.resting().iter().filter(|other| other.side == side.opposite() && within(other.price));
        let ends = |other: &&Resting| {
            matches!(self.prevented(order, other.order), Prevention::ExpireTaker | Prevention::ExpireBoth)
        };
        let wall = there().find(ends).map(|other| other.price);
        // Behind the first of its own orders there is nothing for it.
        let before = |price: Price| wall.is_none_or(|wall| side.prefers(price, wall));
        let trades = |other: &&Resting| before(other.price) && self.prevented(order, other.order) == Prevention::Allow;
        let of = side.opposite();
        let depth = match wall {
            None => market(),
            Some(_) => {
                let levels = self.levels(of).take_while(|level| within(level.price) && before(level.price));
                sum(levels.map(|level| self.left(of, level).floor_to(lot)))
            }
        };
        sum(there().filter(trades).map(Resting::wants).chain([depth]))
    }

    fn shown(&self, side: Side, price: Price) -> Quantity {
        sum(self.of_level(side, price).map(Resting::visible).chain([self.left_at(side, price)]))
    }

    fn of_level(&self, side: Side, price: Price) -> impl Iterator<Item = &Resting> {
        self.resting().iter().filter(move |resting| resting.side == side && resting.price == price)
    }

    fn owner_of(&self, order: OrderId) -> Option<Owner> {
        let owners = &self.users.as_deref()?.owners;
        owners.iter().find(|(of, _)| *of == order).map(|(_, owner)| *owner)
    }

    fn user_of(&self, order: OrderId) -> Option<u32> {
        self.owner_of(order).map(|owner| owner.user)
    }

    /// What becomes of a taker and a maker that would trade.
    fn prevented(&self, taker: OrderId, maker: OrderId) -> Prevention {
        match (self.owner_of(taker), self.user_of(maker)) {
            (Some(owner), Some(user)) if owner.user == user => owner.prevention,
            _ => Prevention::Allow,
        }
    }

    /// A trade of users is on the tape, and triggers see its price.
    pub(super) fn make(&mut self, made: Made) {
        if let Some(users) = &mut self.users {
            users.trades.push(made);
            self.traded(made.price, made.quantity);
        }
    }
}

fn sum(parts: impl Iterator<Item = Quantity>) -> Quantity {
    parts.fold(Quantity::ZERO, |sum, part| sum.plus(part).unwrap_or(Quantity::MAX))
}
