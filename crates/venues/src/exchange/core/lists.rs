//! Lists of orders: pairs of which one cancels the other, and chains of which the first brings the others.
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::order::{OrderKind, TimeInForce};

use super::notice::{Happened, Notice};
use super::order::{Amount, Manner, Record, Refusal, Status, Terms, Ticket};
use super::plan::{Plan, plan_later};
use super::{Core, Due};

/// Orders that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List {
    orders: Vec<u64>,
    /// True where the first of them brings the others once it is filled.
    is_chain: bool,
    /// The user's own name for it.
    name: Option<String>,
}

impl Core {
    /// Takes two orders of which one cancels the other: a limit, and one with a trigger. The list's number.
    ///
    /// # Errors
    /// As [`Core::place`].
    pub fn place_pair(&mut self, user: usize, tickets: [&Ticket; 2]) -> Result<u64, Refusal> {
        self.place_pair_as(user, tickets.map(|ticket| (ticket, Manner::default())))
    }

    /// [`Core::place_pair`], and how the orders behave.
    ///
    /// # Errors
    /// As [`Core::place`].
    pub fn place_pair_as(&mut self, user: usize, orders: [(&Ticket, Manner); 2]) -> Result<u64, Refusal> {
        let [one, other] = orders;
        let plans = [self.judge(user, one.0, one.1)?, self.judge(user, other.0, other.1)?];
        self.judge_pair([one.0, other.0])?;
        judge_names(&[one.0, other.0])?;
        let locked = self.lock_dearer(user, [(one.0, &plans[0]), (other.0, &plans[1])])?;
        let list = self.lists.len() as u64 + 1;
        let ids: Vec<u64> =
            (0..2).map(|place| self.take(user, orders[place], &plans[place], locked[place], Some(list))).collect();
        self.begin(user, list, List { orders: ids.clone(), is_chain: false, name: None });
        for (id, plan) in ids.into_iter().zip(plans) {
            self.send_unless_met(id, plan);
            self.settle_order(one.0.product, id);
        }
        Ok(list)
    }

    /// Takes an order, and one or a pair that comes to the book once all of it is filled. What stands behind the later ones
    /// is judged then. The list's number.
    ///
    /// # Errors
    /// As [`Core::place`].
    pub fn place_chain(
        &mut self,
        user: usize,
        (first, manner): (&Ticket, Manner),
        later: &[(Ticket, Manner)],
    ) -> Result<u64, Refusal> {
        let plan = self.judge(user, first, manner)?;
        let mut plans = Vec::new();
        for (ticket, manner) in later {
            self.judge_new(user, ticket)?;
            plans.push(self.plan_pending(ticket, *manner)?);
        }
        let names: Vec<&Ticket> = later.iter().map(|(ticket, _)| ticket).chain([first]).collect();
        judge_names(&names)?;
        let (asset, amount) = self.stake(user, first, &plan)?;
        if !self.wallets.lock(user, asset, amount)? {
            return Err(Refusal::Insufficient);
        }
        let list = self.lists.len() as u64 + 1;
        let id = self.take(user, (first, manner), &plan, amount, Some(list));
        let mut orders = vec![id];
        for ((ticket, manner), plan) in later.iter().zip(&plans) {
            let pending = self.take(user, (ticket, *manner), plan, Cash::ZERO, Some(list));
            if let Some(record) = self.order_mut(pending) {
                (record.status, record.works) = (Status::Pending, false);
            }
            orders.push(pending);
        }
        self.begin(user, list, List { orders, is_chain: true, name: None });
        self.send(id, plan);
        self.settle_order(first.product, id);
        Ok(list)
    }

    /// The first two orders of a list: of a pair both.
    #[must_use]
    pub fn list(&self, list: u64) -> Option<[u64; 2]> {
        self.orders_of(list).first_chunk().copied()
    }

    /// The orders of a list; of a chain the first one brings the others.
    #[must_use]
    pub fn orders_of(&self, list: u64) -> &[u64] {
        self.list_of(list).map_or(&[], |list| &list.orders)
    }

    /// True for a list of which the first order brings the others.
    #[must_use]
    pub fn is_chain(&self, list: u64) -> bool {
        self.list_of(list).is_some_and(|list| list.is_chain)
    }

    /// Gives a list the user's own name.
    pub fn name_list(&mut self, list: u64, name: String) {
        let place = usize::try_from(list.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(list) = self.lists.get_mut(place) {
            list.name = Some(name);
        }
    }

    /// The user's own name for a list.
    #[must_use]
    pub fn list_name(&self, list: u64) -> Option<&str> {
        self.list_of(list).and_then(|list| list.name.as_deref())
    }

    /// How many lists there have been.
    #[must_use]
    pub fn lists(&self) -> u64 {
        self.lists.len() as u64
    }

    /// The two orders of which one cancels the other, where an order is one of them.
    pub(super) fn pair_of(&self, order: &Record) -> Option<[u64; 2]> {
        let list = self.list_of(order.list?)?;
        let pair = if list.is_chain { list.orders.get(1..)? } else { &list.orders };
        <[u64; 2]>::try_from(pair).ok().filter(|pair| pair.contains(&order.id))
    }

    /// The other one of a pair.
    pub(super) fn partner_of(&self, order: &Record) -> Option<u64> {
        self.pair_of(order).map(|pair| if pair[0] == order.id { pair[1] } else { pair[0] })
    }

    /// The first order of a chain is over: what waits for it comes, or ends with it.
    pub(super) fn go_on(&mut self, id: u64) {
        let Some((order, number)) = self.order(id).and_then(|order| Some((order, order.list?))) else { return };
        let is_filled = order.status == Status::Filled;
        let Some(list) = self.list_of(number).filter(|list| list.is_chain && list.orders.first() == Some(&id)) else {
            return;
        };
        if is_filled {
            self.due.push_back(Due::Chain(number));
            return;
        }
        let later: Vec<u64> = list.orders.iter().skip(1).copied().collect();
        for pending in later {
            self.end(pending, Status::Expired, Happened::Expired);
        }
    }

    /// What waited for the first order of a chain comes to the book; where it cannot, all of it ends.
    pub(super) fn bring(&mut self, list: u64) {
        let waits = |id: &u64| self.order(*id).is_some_and(|order| order.status == Status::Pending);
        let pending: Vec<u64> = self.orders_of(list).iter().copied().filter(waits).collect();
        let brought = self.plan_brought(&pending);
        let Ok(brought) = brought else {
            pending.into_iter().for_each(|id| self.end(id, Status::Expired, Happened::Expired));
            return;
        };
        let now = self.now;
        for (id, plan, locked) in &brought {
            if let Some(record) = self.order_mut(*id) {
                (record.status, record.updated, record.works) = (Status::New, now, !record.terms.has_trigger());
                (record.locked, record.bound, record.quantity) = (*locked, plan.bound, plan.quantity);
            }
        }
        for (id, ..) in &brought {
            self.tell_order(*id, Happened::Taken);
        }
        if let Some((user, product)) =
            brought.first().and_then(|(id, ..)| self.order(*id)).map(|one| (one.user, one.product))
        {
            self.tell_balances(user, product);
        }
        self.due.extend(brought.into_iter().map(|(id, plan, _)| Due::Brought(id, plan)));
    }

    /// Of a pair the second does not come where the first has traded already.
    pub(super) fn send_unless_met(&mut self, id: u64, plan: Plan) {
        let Some(order) = self.order(id).filter(|order| order.status.is_open()) else { return };
        let partner = self.partner_of(order).and_then(|partner| self.order(partner));
        if partner.is_some_and(|partner| !partner.filled.is_zero() || !partner.status.is_open()) {
            self.end(id, Status::Expired, Happened::Expired);
        } else {
            self.send(id, plan);
        }
    }

    fn plan_brought(&mut self, pending: &[u64]) -> Result<Vec<(u64, Plan, Cash)>, Refusal> {
        let mut read = Vec::new();
        for id in pending {
            let Some(Record { user, product, side, terms, manner, .. }) = self.order(*id).cloned() else { continue };
            let ticket = Ticket { product, side, terms, name: None };
            let plan = self.plan(user, &ticket, manner)?;
            read.push((*id, user, ticket, plan));
        }
        match &read[..] {
            [(id, user, ticket, plan)] => {
                let (asset, amount) = self.stake(*user, ticket, plan)?;
                if !self.wallets.lock(*user, asset, amount)? {
                    return Err(Refusal::Insufficient);
                }
                Ok(vec![(*id, *plan, amount)])
            }
            [(id, user, ticket, plan), (other, _, second, third)] => {
                let locked = self.lock_dearer(*user, [(ticket, plan), (second, third)])?;
                Ok(vec![(*id, *plan, locked[0]), (*other, *third, locked[1])])
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Of a pair only one will fill: what the dearer one needs is enough. What each holds of it.
    fn lock_dearer(&mut self, user: usize, orders: [(&Ticket, &Plan); 2]) -> Result<[Cash; 2], Refusal> {
        let stakes = [self.stake(user, orders[0].0, orders[0].1)?, self.stake(user, orders[1].0, orders[1].1)?];
        let dearer = usize::from(stakes[1].1 > stakes[0].1);
        let (asset, needed) = stakes[dearer];
        if !self.wallets.lock(user, asset, needed)? {
            return Err(Refusal::Insufficient);
        }
        let mut locked = [Cash::ZERO; 2];
        locked[dearer] = needed;
        Ok(locked)
    }

    fn begin(&mut self, user: usize, number: u64, list: List) {
        let orders = list.orders.clone();
        self.lists.push(list);
        let time = self.now;
        self.notices.push_back(Notice::List { user, list: number, time, over: false });
        orders.iter().for_each(|id| self.tell_order(*id, Happened::Taken));
        if let Some(product) = orders.first().and_then(|id| self.order(*id)).map(|order| order.product) {
            self.tell_balances(user, product);
        }
    }

    /// A limit must rest, and a trigger lie on the other side of the market.
    fn judge_pair(&self, tickets: [&Ticket; 2]) -> Result<(), Refusal> {
        let last = self.market(tickets[0].product)?.last().ok_or(Refusal::NoLiquidity)?;
        let level = |ticket: &Ticket| ticket.terms.trigger().or_else(|| ticket.terms.limit());
        if tickets.iter().any(|ticket| matches!(ticket.terms, Terms::Market(_))) {
            return Err(Refusal::ListPrices);
        }
        let follows = |ticket: &Ticket| matches!(ticket.terms, Terms::Trailing { start: None, .. });
        if tickets.iter().any(|ticket| follows(ticket)) {
            return Ok(());
        }
        let (Some(one), Some(other)) = (level(tickets[0]), level(tickets[1])) else { return Err(Refusal::ListPrices) };
        let around = one.min(other) < last && last < one.max(other);
        if around { Ok(()) } else { Err(Refusal::ListPrices) }
    }

    /// What the filters let pass of an order that comes later: what the market makes of it is judged then.
    fn plan_pending(&self, ticket: &Ticket, manner: Manner) -> Result<Plan, Refusal> {
        let market = self.market(ticket.product)?;
        let Terms::Market(amount) = ticket.terms else { return plan_later(market, self.now, ticket, manner) };
        let Amount::Base(quantity) = amount else { return Err(Refusal::ListPrices) };
        if !market.product.takes_quantity(quantity) {
            return Err(Refusal::Filter("LOT_SIZE"));
        }
        let (kind, time_in_force) = (OrderKind::Limit(Price::ZERO), TimeInForce::Ioc);
        Ok(Plan { quantity, kind, time_in_force, post_only: false, bound: Price::ZERO, watch: None })
    }

    fn list_of(&self, list: u64) -> Option<&List> {
        usize::try_from(list.checked_sub(1)?).ok().and_then(|place| self.lists.get(place))
    }

    /// Of a pair only one order fills: what stands behind both comes to this one.
    pub(super) fn bring_stake(&mut self, order: &Record) -> Result<(), Overflow> {
        let Some(other) = self.partner_of(order).filter(|_| order.filled == Quantity::ZERO) else { return Ok(()) };
        let whole = match order.side {
            Side::Buy => self.held(order.user, order.bound, order.quantity)?,
            Side::Sell => Cash::from_quantity(order.quantity)?,
        };
        let held = self.order(other).map_or(Cash::ZERO, |other| other.locked);
        // Where it is zero, this one held the stake of both all along, and it is enough.
        for (id, change) in [(other, -held), (order.id, held)] {
            if let Some(record) = self.order_mut(id) {
                record.locked = record.locked.plus(change)?;
            }
        }
        self.free_surplus(order.id, whole)
    }

    /// Frees what an order holds beyond its own need.
    fn free_surplus(&mut self, id: u64, whole: Cash) -> Result<(), Overflow> {
        let Some(record) = self.order_mut(id) else { return Ok(()) };
        let surplus = record.locked.minus(whole)?;
        if surplus.is_positive() {
            record.locked = whole;
            let (user, product) = (record.user, record.product);
            let asset = self.markets[product].product.quote;
            self.wallets.lock(user, asset, -surplus)?;
        }
        Ok(())
    }
}

fn judge_names(tickets: &[&Ticket]) -> Result<(), Refusal> {
    let mut names: Vec<&String> = tickets.iter().filter_map(|ticket| ticket.name.as_ref()).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    if names.len() < count { Err(Refusal::DuplicateName) } else { Ok(()) }
}
