//! The order desk: what users ask for is judged, paid for and handed to the venue, or withdrawn.
use qframe_model::currency::Currency;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::order::{Order, OrderKind, Purpose, Size, TimeInForce};

use super::Core;
use super::market::Market;
use super::notice::Happened;
use super::order::{Amount, Execution, Manner, Record, Refusal, Status, Terms, Ticket};
use super::plan::{Plan, plan_limit};

impl Core {
    /// Judges an order as [`Core::place`] does, and does not take it.
    ///
    /// # Errors
    /// As [`Core::place`].
    pub fn test(&self, user: usize, ticket: &Ticket) -> Result<(), Refusal> {
        self.test_as(user, ticket, Manner::default())
    }

    /// Judges an order as [`Core::place_as`] does, and does not take it.
    ///
    /// # Errors
    /// As [`Core::place`].
    pub fn test_as(&self, user: usize, ticket: &Ticket, manner: Manner) -> Result<(), Refusal> {
        self.judge(user, ticket, manner).map(|_| ())
    }

    /// Takes an order; it meets the book before this returns. Its number.
    ///
    /// # Errors
    /// The [`Refusal`]; nothing has changed then.
    pub fn place(&mut self, user: usize, ticket: &Ticket) -> Result<u64, Refusal> {
        self.place_as(user, ticket, Manner::default())
    }

    /// [`Core::place`], and how the order behaves.
    ///
    /// # Errors
    /// As [`Core::place`].
    pub fn place_as(&mut self, user: usize, ticket: &Ticket, manner: Manner) -> Result<u64, Refusal> {
        let plan = self.judge(user, ticket, manner)?;
        let (asset, amount) = self.stake(user, ticket, &plan)?;
        if !self.wallets.lock(user, asset, amount)? {
            return Err(Refusal::Insufficient);
        }
        let id = self.take(user, (ticket, manner), &plan, amount, None);
        self.tell_order(id, Happened::Taken);
        self.tell_balances(user, ticket.product);
        self.send(id, plan);
        self.settle_order(ticket.product, id);
        Ok(id)
    }

    /// Withdraws an open order of a user; one of a list takes the others with it.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] where the user has no such open order.
    pub fn cancel(&mut self, user: usize, id: u64) -> Result<(), Refusal> {
        let order = self.order(id).filter(|order| order.user == user && order.status.is_open());
        let order = order.ok_or(Refusal::Unknown)?;
        let (product, list) = (order.product, order.list);
        let all = list.map_or(vec![id], |list| self.orders_of(list).to_vec());
        // What waits here goes first: nothing may wake it.
        for id in all.iter().rev().filter(|id| self.is_here(**id)).copied().collect::<Vec<_>>() {
            self.end(id, Status::Cancelled, Happened::Cancelled);
        }
        for id in all {
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

    /// What stands behind an order: money to buy, units to sell.
    pub(super) fn stake(&self, user: usize, ticket: &Ticket, plan: &Plan) -> Result<(Currency, Cash), Refusal> {
        let product = &self.market(ticket.product)?.product;
        Ok(match ticket.side {
            Side::Buy => (product.quote, self.held(user, plan.bound, plan.quantity)?),
            Side::Sell => (product.base, Cash::from_quantity(plan.quantity)?),
        })
    }

    /// Judges an order that comes to the book at once: its terms, and whether the user has what stands behind it.
    pub(super) fn judge(&self, user: usize, ticket: &Ticket, manner: Manner) -> Result<Plan, Refusal> {
        self.judge_new(user, ticket)?;
        let plan = self.plan(user, ticket, manner)?;
        let (asset, amount) = self.stake(user, ticket, &plan)?;
        if self.wallets.balance(user, asset).free < amount { Err(Refusal::Insufficient) } else { Ok(plan) }
    }

    /// Judges whether a user may have another order, and one of that name.
    pub(super) fn judge_new(&self, user: usize, ticket: &Ticket) -> Result<(), Refusal> {
        let product = &self.market(ticket.product)?.product;
        if self.log.is_full() {
            return Err(Refusal::Full);
        }
        let open = || self.open_orders(user).filter(|order| order.product == ticket.product);
        if open().count() >= product.orders_max() {
            return Err(Refusal::TooManyOpen);
        }
        let waiting = || open().filter(|order| order.terms.has_trigger()).count();
        if ticket.terms.has_trigger() && waiting() >= product.algo_orders_max() {
            return Err(Refusal::Filter("MAX_NUM_ALGO_ORDERS"));
        }
        let is_known = |name: &String| self.open_orders(user).any(|order| order.name == *name);
        if ticket.name.as_ref().is_some_and(is_known) { Err(Refusal::DuplicateName) } else { Ok(()) }
    }

    /// What the venue is to have of an order.
    pub(super) fn plan(&self, user: usize, ticket: &Ticket, manner: Manner) -> Result<Plan, Refusal> {
        let market = self.market(ticket.product)?;
        match ticket.terms {
            Terms::Market(_) if manner.display.is_some() => Err(Refusal::ShowsMore),
            Terms::Market(amount) => self.plan_market(market, user, ticket.side, amount),
            _ => plan_limit(market, self.now, ticket, manner),
        }
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
        let (taken, worst, cost) =
            market.walk_past(Some(user), side, units, money.map(|money| self.without_fees(user, money)))?;
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
        Ok(Plan { quantity, kind, time_in_force: TimeInForce::Ioc, post_only: false, bound, watch: None })
    }

    /// Writes an order down; what stands behind it is locked already.
    pub(super) fn take(
        &mut self,
        user: usize,
        (ticket, manner): (&Ticket, Manner),
        plan: &Plan,
        locked: Cash,
        list: Option<u64>,
    ) -> u64 {
        let id = self.log.next_order();
        self.log.take(Record {
            id,
            name: ticket.name.clone().unwrap_or_else(|| format!("qframe{id}")),
            user,
            product: ticket.product,
            side: ticket.side,
            terms: ticket.terms,
            manner,
            quantity: plan.quantity,
            status: Status::New,
            filled: Quantity::ZERO,
            value: Cash::ZERO,
            fills: 0,
            fees: Cash::ZERO,
            locked,
            bound: plan.bound,
            works: !ticket.terms.has_trigger(),
            time: self.now,
            updated: self.now,
            list,
        });
        id
    }

    /// An order that was taken goes to the venue, or waits here for its price.
    pub(super) fn send(&mut self, id: u64, plan: Plan) {
        match plan.watch {
            Some(watch) => self.watching.push((id, watch)),
            None => self.hand_over(id, &plan),
        }
    }

    /// Hands an order to the venue; its caller settles.
    pub(super) fn hand_over(&mut self, id: u64, plan: &Plan) {
        let Some(record) = self.order(id) else { return };
        let (product, user, prevention) = (record.product, record.user, record.manner.prevention);
        let order = Order {
            id: OrderId(id),
            instrument: InstrumentId(0),
            side: record.side,
            size: Size::Units(plan.quantity),
            kind: plan.kind,
            time_in_force: plan.time_in_force,
            post_only: plan.post_only,
            reduce_only: false,
            parent: None,
            group: self.pair_of(record).map(|pair| OrderId(pair[0])),
            purpose: Purpose::Signal,
            time: self.now,
        };
        let sent = self.markets.get_mut(product).map(|market| market.submit(&order, user, prevention));
        // What the desk let pass and the venue does not take ends at once.
        if matches!(sent, Some(Err(_)) | None) {
            self.end(id, Status::Expired, Happened::Expired);
        }
    }

    /// Carries out what came of an order; what cannot be counted ends it.
    pub(super) fn settle_order(&mut self, product: usize, id: u64) {
        if self.settle(product).is_err() {
            self.end(id, Status::Expired, Happened::Expired);
        }
    }

    /// True for an open order that the venue does not know yet.
    pub(super) fn is_here(&self, id: u64) -> bool {
        let is_pending = self.order(id).is_some_and(|order| order.status == Status::Pending);
        is_pending || self.watching.iter().any(|(watched, _)| *watched == id)
    }

    pub(super) fn market(&self, product: usize) -> Result<&Market, Refusal> {
        self.markets.get(product).ok_or(Refusal::Unknown)
    }
}

impl From<Overflow> for Refusal {
    fn from(_: Overflow) -> Self {
        Self::Overflow
    }
}
