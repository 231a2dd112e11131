//! The order desk of futures: what users ask for is judged and handed to the venue, kept until its trigger, or withdrawn.
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::{Overflow, Price, Quantity, Rate};
use qframe_model::order::{Order, OrderKind, Purpose, Size, TimeInForce};

use super::Futures;
use super::margin::{Bracket, Thought};
use super::notice::{Happened, Notice};
use super::order::{Amount, Execution, Record, Refusal, Status, Stay, Ticket, Wake, Watched};
use crate::exchange::core::Market;

/// The most open orders of a user, and the most of them that wait for a trigger, in one contract.
const OPEN_MAX: usize = 200;
const WAITING_MAX: usize = 100;
/// An order that is good till a date is so for more than this, and before this, in milliseconds.
const GOOD_FOR: i64 = 600_001;
const GOOD_UNTIL: i64 = 253_402_300_799_000;

/// An order as the venue will have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) quantity: Quantity,
    /// The limit that the venue is given.
    pub(super) limit: Price,
    pub(super) stay: TimeInForce,
    pub(super) post_only: bool,
}

impl Futures {
    /// Judges an order as [`Futures::place`] does, and does not take it.
    ///
    /// # Errors
    /// As [`Futures::place`].
    pub fn test(&self, user: usize, ticket: &Ticket) -> Result<(), Refusal> {
        self.judge(user, ticket).map(|_| ())
    }

    /// Takes an order. One without a trigger meets the book before this returns. Its number.
    ///
    /// # Errors
    /// The [`Refusal`]; nothing has changed then.
    pub fn place(&mut self, user: usize, ticket: &Ticket) -> Result<u64, Refusal> {
        let plan = self.judge(user, ticket)?;
        let id = self.take(user, ticket, plan);
        if let Stay::Gtd(until) = ticket.stay {
            self.dated.insert((until, id));
        }
        self.tell_order(id, Happened::Taken);
        match plan {
            Some(plan) => self.submit(id, plan),
            None => {
                self.waiting.insert((ticket.product, id));
            }
        }
        Ok(id)
    }

    /// Withdraws an open order of a user.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] where the user has no such open order.
    pub fn cancel(&mut self, user: usize, id: u64) -> Result<(), Refusal> {
        let order = self.order(id).filter(|order| order.user == user && order.status.is_open() && !order.forced);
        let (product, waits) = order.map(|order| (order.ticket.product, order.waits())).ok_or(Refusal::Unknown)?;
        if waits {
            self.end(id, Status::Cancelled, Happened::Cancelled);
            return Ok(());
        }
        self.contracts[product].market.cancel(OrderId(id), self.now);
        Ok(self.settle(product)?)
    }

    /// The wall clock, in milliseconds: what was good till then ends.
    ///
    /// # Errors
    /// [`Overflow`] where a fill cannot be counted exactly.
    pub fn expire(&mut self, wall: i64) -> Result<(), Overflow> {
        self.wall = wall;
        while let Some((until, id)) = self.dated.first().copied().filter(|(until, _)| *until <= wall) {
            self.dated.remove(&(until, id));
            self.expire_order(id)?;
        }
        Ok(())
    }

    /// Sets how many times a user's position may be worth what stands behind it. The most that it may be worth then.
    ///
    /// # Errors
    /// [`Refusal::Leverage`], [`Refusal::Position`], [`Refusal::LowLeverage`]; nothing has changed then.
    pub fn set_leverage(
        &mut self,
        user: usize,
        product: usize,
        leverage: u32,
    ) -> Result<qframe_model::number::Cash, Refusal> {
        if !(1..=125).contains(&leverage) {
            return Err(Refusal::Leverage(leverage));
        }
        let asset = self.contracts[product].market.product.quote;
        let before = self.holding(user, product).leverage;
        let holding = self.holding(user, product);
        if leverage < before && holding.isolated.is_some() && !holding.position.is_flat() {
            return Err(Refusal::IsolatedLeverage);
        }
        if self.exposure(user, product)?.reach()? > Bracket::most(leverage) {
            return Err(Refusal::Position);
        }
        self.accounts[user].holdings[product].leverage = leverage;
        if leverage < before && self.standing(user, asset)?.available()?.is_negative() {
            self.accounts[user].holdings[product].leverage = before;
            return Err(Refusal::LowLeverage);
        }
        if leverage != before {
            self.notices.push_back(Notice::Leverage { user, time: self.now, product, leverage });
        }
        Ok(Bracket::most(leverage))
    }

    /// An order by its number.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<&Record> {
        self.log.order(id)
    }

    pub(super) fn order_mut(&mut self, id: u64) -> Option<&mut Record> {
        self.log.order_mut(id)
    }

    /// The newest order of a user by its name.
    #[must_use]
    pub fn order_named(&self, user: usize, name: &str) -> Option<&Record> {
        self.log.named(user, name)
    }

    /// A user's orders, oldest first.
    pub fn orders(&self, user: usize) -> impl DoubleEndedIterator<Item = &Record> {
        self.log.orders(user)
    }

    /// A user's open orders, oldest first.
    pub fn open_orders(&self, user: usize) -> impl Iterator<Item = &Record> {
        self.log.open(user)
    }

    /// A user's executions, oldest first.
    pub fn executions(&self, user: usize) -> impl DoubleEndedIterator<Item = &Execution> {
        self.log.executions(user)
    }

    /// A price came: trailing orders follow it, and those whose trigger it touches wake.
    pub(super) fn touch(&mut self, product: usize, watched: Watched, price: Price) -> Result<(), Overflow> {
        let waiting: Vec<u64> = self.waiting.range((product, 0)..=(product, u64::MAX)).map(|(_, id)| *id).collect();
        for id in waiting {
            // One that woke before it may have traded with another user, and that trade has woken this one already.
            let touched = self
                .order_mut(id)
                .is_some_and(|order| order.waits() && order.ticket.watches == watched && follows(order, price));
            if touched {
                self.wake(id)?;
            }
        }
        Ok(())
    }

    /// An order comes to the market. Margin is looked at now; what there is too little of ends the order.
    fn wake(&mut self, id: u64) -> Result<(), Overflow> {
        let now = self.now;
        let Some(order) = self.order_mut(id) else { return Ok(()) };
        (order.works, order.updated) = (true, now);
        let (user, ticket) = (order.user, order.ticket.clone());
        self.waiting.remove(&(ticket.product, id));
        self.tell_order(id, Happened::Triggered);
        match self.plan(user, &ticket) {
            Ok(plan) => {
                if let Some(order) = self.order_mut(id) {
                    (order.quantity, order.bound) = (plan.quantity, plan.limit);
                }
                self.submit(id, plan);
            }
            Err(_) => self.end(id, Status::Expired, Happened::Expired),
        }
        Ok(())
    }

    /// Judges a ticket. `None` for one that waits.
    fn judge(&self, user: usize, ticket: &Ticket) -> Result<Option<Plan>, Refusal> {
        let market = &self.contracts.get(ticket.product).ok_or(Refusal::Unknown)?.market;
        if self.log.is_full() {
            return Err(Refusal::Full);
        }
        let here = || self.open_orders(user).filter(|order| order.ticket.product == ticket.product);
        if here().count() >= OPEN_MAX {
            return Err(Refusal::TooManyOpen);
        }
        if ticket.name.as_ref().is_some_and(|name| self.open_orders(user).any(|order| order.name == *name)) {
            return Err(Refusal::DuplicateName);
        }
        judge_filters(market, ticket)?;
        if let Stay::Gtd(until) = ticket.stay
            && !(self.wall.saturating_add(GOOD_FOR)..GOOD_UNTIL).contains(&until)
        {
            return Err(Refusal::GoodTill);
        }
        if ticket.wake == Wake::Now {
            return self.plan(user, ticket).map(Some);
        }
        if here().filter(|order| order.waits()).count() >= WAITING_MAX {
            return Err(Refusal::TooManyWaiting);
        }
        let price = match ticket.watches {
            Watched::Last => market.last(),
            Watched::Mark => self.contracts[ticket.product].price(),
        };
        judge_trigger(ticket, price).map(|()| None)
    }

    /// What the venue is to do now, and whether the user's margin is enough for it.
    fn plan(&self, user: usize, ticket: &Ticket) -> Result<Plan, Refusal> {
        let (side, product) = (ticket.side, ticket.product);
        let market = &self.contracts[product].market;
        let held = self.holding(user, product).position.quantity;
        let reduces = ticket.reduce_only || ticket.amount == Amount::Position;
        let most = if Side::of(held) == side { Quantity::ZERO } else { held.abs() };
        let quantity = match ticket.amount {
            Amount::Units(units) if reduces => units.min(most),
            Amount::Units(units) => units,
            Amount::Position => most,
        };
        if !quantity.is_positive() {
            return Err(Refusal::ReduceOnly);
        }
        let plan = match ticket.limit {
            Some(limit) => Plan { quantity, limit, stay: stay(ticket.stay), post_only: ticket.stay == Stay::Gtx },
            None => {
                let (taken, worst, _) = market.walk_past(None, side, quantity, None)?;
                if !taken.is_positive() {
                    return Err(Refusal::NoLiquidity);
                }
                Plan { quantity, limit: worst, stay: TimeInForce::Ioc, post_only: false }
            }
        };
        if let Some(best) = market.book().best(side.opposite()).filter(|_| plan.post_only)
            && !side.prefers(plan.limit, best.price)
        {
            return Err(Refusal::WouldTake);
        }
        if plan.stay == TimeInForce::Fok {
            let there = market.book().levels(side.opposite()).take_while(|one| !side.prefers(plan.limit, one.price));
            let there = there.map(|one| one.quantity.quantity().nanos()).fold(0_i128, i128::saturating_add);
            if there < quantity.nanos() {
                return Err(Refusal::Unfillable);
            }
        }
        if !reduces {
            self.judge_margin(user, Thought { product, side, quantity, price: plan.limit })?;
        }
        Ok(plan)
    }

    /// An order that needs more margin than before must find it.
    fn judge_margin(&self, user: usize, thought: Thought) -> Result<(), Refusal> {
        let contract = &self.contracts[thought.product];
        if contract.price().is_none() {
            // Nothing says what a position would be worth.
            return Err(Refusal::NoLiquidity);
        }
        let asset = contract.market.product.quote;
        let before = self.standing(user, asset)?;
        let after = self.standing_with(user, asset, Some(thought))?;
        if after.available()?.is_negative() && after.needed()? > before.needed()? {
            return Err(Refusal::Margin);
        }
        let leverage = self.holding(user, thought.product).leverage;
        let (own, new) = (
            self.exposure(user, thought.product)?.reach()?,
            self.exposure_with(user, thought.product, Some(thought))?.reach()?,
        );
        if new > Bracket::most(leverage) && new > own { Err(Refusal::Position) } else { Ok(()) }
    }

    fn take(&mut self, user: usize, ticket: &Ticket, plan: Option<Plan>) -> u64 {
        let id = self.log.next_order();
        let asked = match ticket.amount {
            Amount::Units(units) => units,
            Amount::Position => Quantity::ZERO,
        };
        self.log.take(Record {
            id,
            name: ticket.name.clone().unwrap_or_else(|| format!("qframe{id}")),
            user,
            ticket: ticket.clone(),
            quantity: plan.map_or(asked, |plan| plan.quantity),
            status: Status::New,
            filled: Quantity::ZERO,
            value: qframe_model::number::Cash::ZERO,
            works: plan.is_some(),
            best: None,
            bound: plan.map(|plan| plan.limit).or(ticket.limit).unwrap_or(Price::ZERO),
            expires: false,
            forced: false,
            time: self.now,
            updated: self.now,
        });
        id
    }

    pub(super) fn submit(&mut self, id: u64, plan: Plan) {
        let Some(record) = self.order(id) else { return };
        let (product, user, prevention) = (record.ticket.product, record.user, record.ticket.prevention);
        let order = Order {
            id: OrderId(id),
            instrument: InstrumentId(0),
            side: record.ticket.side,
            size: Size::Units(plan.quantity),
            kind: OrderKind::Limit(plan.limit),
            time_in_force: plan.stay,
            post_only: plan.post_only,
            // The desk cuts such orders itself: the venue does not know users' positions.
            reduce_only: false,
            parent: None,
            group: None,
            purpose: Purpose::Signal,
            time: self.now,
        };
        let sent = self.contracts[product].market.submit(&order, user, prevention);
        // What the desk let pass and the venue does not take ends at once, and so does what cannot be counted.
        if sent.is_err() || self.settle(product).is_err() {
            self.end(id, Status::Expired, Happened::Expired);
        }
    }
}

const fn stay(stay: Stay) -> TimeInForce {
    match stay {
        // The venue knows no wall clock: the exchange ends what is good till a date.
        Stay::Gtc | Stay::Gtx | Stay::Gtd(_) => TimeInForce::Gtc,
        Stay::Ioc => TimeInForce::Ioc,
        Stay::Fok => TimeInForce::Fok,
    }
}

fn judge_filters(market: &Market, ticket: &Ticket) -> Result<(), Refusal> {
    let product = &market.product;
    let trigger = match ticket.wake {
        Wake::Now => None,
        Wake::Touch { trigger, .. } => Some(trigger),
        Wake::Trail { activation, .. } => activation,
    };
    for price in [ticket.limit, trigger].into_iter().flatten() {
        if !product.takes_price(price) {
            let beyond = price > product.price_max();
            return Err(if beyond { Refusal::Price } else { Refusal::Tick });
        }
    }
    let Amount::Units(units) = ticket.amount else { return Ok(()) };
    if !product.takes_quantity(units) {
        return Err(if units < product.lot {
            Refusal::TooSmall
        } else if units > product.quantity_max() {
            Refusal::TooLarge
        } else {
            Refusal::Lot
        });
    }
    let Some(price) = ticket.limit.or_else(|| market.last()) else { return Err(Refusal::NoLiquidity) };
    let value = price.times(units).ok_or(Refusal::Overflow)?;
    let is_small = value < product.min_notional && !ticket.reduce_only;
    if is_small { Err(Refusal::Notional(product.min_notional)) } else { Ok(()) }
}

fn judge_trigger(ticket: &Ticket, price: Option<Price>) -> Result<(), Refusal> {
    let Some(price) = price else { return Err(Refusal::NoLiquidity) };
    match ticket.wake {
        Wake::Now => Ok(()),
        Wake::Touch { trigger, takes_profit } if is_touched(ticket.side, takes_profit, trigger, price) => {
            Err(Refusal::WouldTrigger)
        }
        Wake::Trail { callback, .. } if !(Rate::basis_points(10)..=Rate::percent(10)).contains(&callback) => {
            Err(Refusal::Callback)
        }
        // To buy, the best is looked for below the activation price; to sell, above it.
        Wake::Trail { activation: Some(from), .. } if ticket.side.prefers(price, from) && price != from => {
            Err(Refusal::Activation)
        }
        Wake::Touch { .. } | Wake::Trail { .. } => Ok(()),
    }
}

/// A stop to buy lies above the market, a profit to buy below it; to sell the other way round.
fn is_touched(side: Side, takes_profit: bool, trigger: Price, price: Price) -> bool {
    if (side == Side::Buy) != takes_profit { price >= trigger } else { price <= trigger }
}

/// Shows a price to an order that waits: true where it wakes it.
fn follows(order: &mut Record, price: Price) -> bool {
    let side = order.ticket.side;
    match order.ticket.wake {
        Wake::Now => false,
        Wake::Touch { trigger, takes_profit } => is_touched(side, takes_profit, trigger, price),
        Wake::Trail { callback, activation } => {
            let Some(best) = order.best else {
                let active = activation.is_none_or(|from| price == from || side.prefers(price, from));
                order.best = active.then_some(price);
                return false;
            };
            // To buy, the best is the lowest price since; to sell, the highest.
            let best = if side.prefers(price, best) { price } else { best };
            order.best = Some(best);
            let (one, share) = (i128::from(Rate::ONE.nanos()), i128::from(callback.nanos()));
            let (price, best) = (i128::from(price.nanos()), i128::from(best.nanos()));
            match side {
                Side::Buy => price * one >= best * (one + share),
                Side::Sell => price * one <= best * (one - share),
            }
        }
    }
}
