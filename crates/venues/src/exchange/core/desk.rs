//! The order desk: what users ask for is judged, paid for and handed to the venue, or withdrawn.
use qframe_model::currency::Currency;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::order::{Order, OrderKind, Purpose, Size, TimeInForce};

use super::market::Market;
use super::notice::{Happened, Notice};
use super::order::{Amount, Execution, Record, Refusal, Status, Stay, Terms, Ticket};
use super::{Core, Product};

/// The most open orders of a user.
const OPEN_MAX: usize = 200;
/// The most orders, and executions, that are kept.
const KEPT_MAX: usize = 1_000_000;

/// An order as the venue will have it, and what stands behind it.
struct Plan {
    quantity: Quantity,
    kind: OrderKind,
    time_in_force: TimeInForce,
    post_only: bool,
    /// What a unit is locked at, to buy.
    bound: Price,
}

impl Core {
    /// Judges an order as [`Core::place`] does, and does not take it.
    ///
    /// # Errors
    /// As [`Core::place`].
    pub fn test(&self, user: usize, ticket: &Ticket) -> Result<(), Refusal> {
        self.judge(user, ticket).map(|_| ())
    }

    /// Takes an order; it meets the book before this returns. Its number.
    ///
    /// # Errors
    /// The [`Refusal`]; nothing has changed then.
    pub fn place(&mut self, user: usize, ticket: &Ticket) -> Result<u64, Refusal> {
        let plan = self.judge(user, ticket)?;
        let (asset, amount) = self.stake(user, ticket, &plan)?;
        if !self.wallets.lock(user, asset, amount)? {
            return Err(Refusal::Insufficient);
        }
        let id = self.take(user, ticket, &plan, amount, None);
        self.tell_order(id, Happened::Taken);
        self.tell_balances(user, ticket.product);
        self.submit(id, &plan, None);
        Ok(id)
    }

    /// Takes two orders of which one cancels the other: a limit, and one with a trigger. The list's number.
    ///
    /// # Errors
    /// As [`Core::place`].
    pub fn place_pair(&mut self, user: usize, tickets: [&Ticket; 2]) -> Result<u64, Refusal> {
        let plans = [self.judge(user, tickets[0])?, self.judge(user, tickets[1])?];
        self.judge_pair(tickets)?;
        if tickets[0].name.is_some() && tickets[0].name == tickets[1].name {
            return Err(Refusal::DuplicateName);
        }
        let stakes = [self.stake(user, tickets[0], &plans[0])?, self.stake(user, tickets[1], &plans[1])?];
        // Only one of them will fill: what the dearer one needs is enough.
        let (asset, needed) = if stakes[0].1 >= stakes[1].1 { stakes[0] } else { stakes[1] };
        if !self.wallets.lock(user, asset, needed)? {
            return Err(Refusal::Insufficient);
        }
        let list = self.lists.len() as u64 + 1;
        let dearer = usize::from(stakes[1].1 > stakes[0].1);
        let mut ids = [0; 2];
        for place in 0..2 {
            let locked = if place == dearer { needed } else { Cash::ZERO };
            ids[place] = self.take(user, tickets[place], &plans[place], locked, Some(list));
        }
        self.lists.push(ids);
        let time = self.now;
        self.notices.push_back(Notice::List { user, list, time, over: false });
        ids.into_iter().for_each(|id| self.tell_order(id, Happened::Taken));
        self.tell_balances(user, tickets[0].product);
        for (id, plan) in ids.into_iter().zip(&plans) {
            if self.order(id).is_some_and(|order| order.status.is_open()) {
                self.submit(id, plan, Some(OrderId(ids[0])));
            }
        }
        Ok(list)
    }

    /// Withdraws an open order of a user; one of a list takes the other with it.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] where the user has no such open order.
    pub fn cancel(&mut self, user: usize, id: u64) -> Result<(), Refusal> {
        let order = self.order(id).filter(|order| order.user == user && order.status.is_open());
        let order = order.ok_or(Refusal::Unknown)?;
        let (product, list) = (order.product, order.list);
        let both = list.and_then(|list| self.list(list)).map_or(vec![id], |ids| ids.to_vec());
        for id in both {
            if let Some(market) = self.markets.get_mut(product) {
                market.cancel(OrderId(id), self.now);
            }
            self.settle(product)?;
        }
        Ok(())
    }

    /// An order by its number.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<&Record> {
        usize::try_from(id.checked_sub(1)?).ok().and_then(|place| self.orders.get(place))
    }

    /// The newest order of a user by its name.
    #[must_use]
    pub fn order_named(&self, user: usize, name: &str) -> Option<&Record> {
        self.orders.iter().rev().find(|order| order.user == user && order.name == name)
    }

    /// A user's orders, oldest first.
    pub fn orders(&self, user: usize) -> impl DoubleEndedIterator<Item = &Record> {
        self.orders.iter().filter(move |order| order.user == user)
    }

    /// A user's open orders, oldest first.
    pub fn open_orders(&self, user: usize) -> impl Iterator<Item = &Record> {
        self.open.range((user, 0)..=(user, u64::MAX)).filter_map(|(_, id)| self.order(*id))
    }

    /// A user's executions, oldest first.
    pub fn executions(&self, user: usize) -> impl DoubleEndedIterator<Item = &Execution> {
        self.executions.iter().filter(move |one| one.user == user)
    }

    /// The two orders of a list.
    #[must_use]
    pub fn list(&self, list: u64) -> Option<[u64; 2]> {
        usize::try_from(list.checked_sub(1)?).ok().and_then(|place| self.lists.get(place)).copied()
    }

    /// How many lists there have been.
    #[must_use]
    pub fn lists(&self) -> u64 {
        self.lists.len() as u64
    }

    /// What stands behind an order: money to buy, units to sell.
    fn stake(&self, user: usize, ticket: &Ticket, plan: &Plan) -> Result<(Currency, Cash), Refusal> {
        let product = &self.market(ticket.product)?.product;
        Ok(match ticket.side {
            Side::Buy => (product.quote, self.held(user, plan.bound, plan.quantity)?),
            Side::Sell => (product.base, Cash::from_quantity(plan.quantity)?),
        })
    }

    fn judge(&self, user: usize, ticket: &Ticket) -> Result<Plan, Refusal> {
        let market = self.market(ticket.product)?;
        if self.orders.len() >= KEPT_MAX || self.executions.len() >= KEPT_MAX {
            return Err(Refusal::Full);
        }
        if self.open_orders(user).filter(|order| order.product == ticket.product).count() >= OPEN_MAX {
            return Err(Refusal::TooManyOpen);
        }
        if ticket.name.as_ref().is_some_and(|name| self.open_orders(user).any(|order| order.name == *name)) {
            return Err(Refusal::DuplicateName);
        }
        let plan = match ticket.terms {
            Terms::Market(amount) => self.plan_market(market, user, ticket.side, amount)?,
            _ => plan_limit(market, ticket)?,
        };
        let (asset, amount) = self.stake(user, ticket, &plan)?;
        if self.wallets.balance(user, asset).free < amount { Err(Refusal::Insufficient) } else { Ok(plan) }
    }

    /// A limit order must rest, and the trigger lie on the other side of the market.
    fn judge_pair(&self, tickets: [&Ticket; 2]) -> Result<(), Refusal> {
        let last = self.market(tickets[0].product)?.last().ok_or(Refusal::NoLiquidity)?;
        let level = |ticket: &Ticket| match ticket.terms {
            Terms::Market(_) => None,
            Terms::Limit { price, .. } | Terms::Maker { price, .. } => Some(price),
            Terms::Triggered { trigger, .. } => Some(trigger),
        };
        let (Some(one), Some(other)) = (level(tickets[0]), level(tickets[1])) else { return Err(Refusal::ListPrices) };
        let around = one.min(other) < last && last < one.max(other);
        if around { Ok(()) } else { Err(Refusal::ListPrices) }
    }

    /// A market order is a limit at the worst price that the book gives, so that it never costs more than was judged.
    fn plan_market(&self, market: &Market, user: usize, side: Side, amount: Amount) -> Result<Plan, Refusal> {
        let product = &market.product;
        let (units, money) = match amount {
            Amount::Base(units) if !product.takes_quantity(units) => return Err(Refusal::Filter("LOT_SIZE")),
            Amount::Base(units) => (units, None),
            Amount::Quote(money) if money < product.min_notional => return Err(Refusal::Filter("NOTIONAL")),
            Amount::Quote(money) => (product.quantity_max(), Some(money)),
        };
        let (taken, worst, cost) = market.walk(side, units, money.map(|money| self.without_fees(user, money)))?;
        if !taken.is_positive() {
            return Err(if market.book().best(side.opposite()).is_some() {
                Refusal::Filter("LOT_SIZE")
            } else {
                Refusal::NoLiquidity
            });
        }
        let quantity = if money.is_some() { taken } else { units };
        if money.is_none() && taken == units && cost < product.min_notional {
            return Err(Refusal::Filter("NOTIONAL"));
        }
        let bound = match side {
            Side::Sell => product.tick,
            Side::Buy => {
                let free = self.wallets.balance(user, product.quote).free;
                let free = self.without_fees(user, money.map_or(free, |money| money.min(free)));
                if free < cost {
                    return Err(Refusal::Insufficient);
                }
                let affordable = free.attos() / quantity.nanos().max(1) / i128::from(product.tick.nanos());
                let affordable = affordable.saturating_mul(product.tick.nanos().into());
                worst.min(Price::from_nanos(i64::try_from(affordable).unwrap_or(i64::MAX)))
            }
        };
        let kind = OrderKind::Limit(bound);
        Ok(Plan { quantity, kind, time_in_force: TimeInForce::Ioc, post_only: false, bound })
    }

    fn take(&mut self, user: usize, ticket: &Ticket, plan: &Plan, locked: Cash, list: Option<u64>) -> u64 {
        let id = self.orders.len() as u64 + 1;
        self.orders.push(Record {
            id,
            name: ticket.name.clone().unwrap_or_else(|| format!("qframe{id}")),
            user,
            product: ticket.product,
            side: ticket.side,
            terms: ticket.terms,
            quantity: plan.quantity,
            status: Status::New,
            filled: Quantity::ZERO,
            value: Cash::ZERO,
            fills: 0,
            fees: Cash::ZERO,
            locked,
            bound: plan.bound,
            works: !matches!(ticket.terms, Terms::Triggered { .. }),
            time: self.now,
            updated: self.now,
            list,
        });
        self.open.insert((user, id));
        id
    }

    fn submit(&mut self, id: u64, plan: &Plan, group: Option<OrderId>) {
        let Some(record) = self.order(id) else { return };
        let (product, side) = (record.product, record.side);
        let order = Order {
            id: OrderId(id),
            instrument: InstrumentId(0),
            side,
            size: Size::Units(plan.quantity),
            kind: plan.kind,
            time_in_force: plan.time_in_force,
            post_only: plan.post_only,
            reduce_only: false,
            parent: None,
            group,
            purpose: Purpose::Signal,
            time: self.now,
        };
        let sent = self.markets.get_mut(product).map(|market| market.submit(&order));
        // What the desk let pass and the venue does not take ends at once, and so does what cannot be counted.
        if matches!(sent, Some(Err(_)) | None) || self.settle(product).is_err() {
            self.end(id, Status::Expired, Happened::Expired);
        }
    }

    fn market(&self, product: usize) -> Result<&Market, Refusal> {
        self.markets.get(product).ok_or(Refusal::Unknown)
    }
}

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}

fn plan_limit(market: &Market, ticket: &Ticket) -> Result<Plan, Refusal> {
    let (side, product) = (ticket.side, &market.product);
    let (quantity, price, stay) = match ticket.terms {
        Terms::Limit { quantity, price, stay } | Terms::Triggered { quantity, price, stay, .. } => {
            (quantity, price, stay)
        }
        Terms::Maker { quantity, price } => (quantity, price, Stay::Gtc),
        Terms::Market(_) => return Err(Refusal::Overflow),
    };
    judge_filters(product, quantity, price)?;
    let mut kind = OrderKind::Limit(price);
    let post_only = matches!(ticket.terms, Terms::Maker { .. });
    let best = market.book().best(side.opposite());
    if post_only && best.is_some_and(|best| !side.prefers(price, best.price)) {
        return Err(Refusal::WouldTake);
    }
    if let Terms::Triggered { trigger, takes_profit, .. } = ticket.terms {
        if !product.takes_price(trigger) {
            return Err(Refusal::Filter("PRICE_FILTER"));
        }
        // A stop to buy lies above the market, a profit to buy below it; to sell the other way round.
        let above = (side == Side::Buy) != takes_profit;
        let touched = |last: Price| if above { last >= trigger } else { last <= trigger };
        if market.signal().is_some_and(touched) {
            return Err(Refusal::WouldTrigger);
        }
        kind = if takes_profit {
            OrderKind::LimitIfTouched { trigger, limit: price }
        } else {
            OrderKind::StopLimit { trigger, limit: price }
        };
    }
    let time_in_force = match stay {
        Stay::Gtc => TimeInForce::Gtc,
        Stay::Ioc => TimeInForce::Ioc,
        Stay::Fok => TimeInForce::Fok,
    };
    Ok(Plan { quantity, kind, time_in_force, post_only, bound: price })
}

fn judge_filters(product: &Product, quantity: Quantity, price: Price) -> Result<(), Refusal> {
    if !product.takes_price(price) {
        return Err(Refusal::Filter("PRICE_FILTER"));
    }
    if !product.takes_quantity(quantity) {
        return Err(Refusal::Filter("LOT_SIZE"));
    }
    let value = price.times(quantity).ok_or(Refusal::Overflow)?;
    if value < product.min_notional { Err(Refusal::Filter("NOTIONAL")) } else { Ok(()) }
}
