//! What the venue says becomes what users have.
use qframe_model::currency::Currency;
use qframe_model::event::{CancelReason, Report};
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::OrderId;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate, Rounding};

use super::notice::{Happened, Notice};
use super::order::{Execution, Record, Status};
use super::{Core, Due};

/// Commissions are counted to eight decimals: ten digits of the eighteen are cut off.
const COMMISSION_UNIT: i128 = 10_000_000_000;

impl Core {
    /// Carries out what the venue of a product has to say.
    pub(super) fn settle(&mut self, product: usize) -> Result<(), Overflow> {
        loop {
            let Some(market) = self.markets.get_mut(product) else { return Ok(()) };
            let Some(report) = market.next_report()? else {
                let goes_on = market.settled(self.now, &mut self.notices);
                self.watch(product);
                if goes_on || self.carry_out_due() {
                    continue;
                }
                return Ok(());
            };
            match report {
                Report::Filled { fill, .. } => self.fill(&fill)?,
                Report::Triggered { order, .. } => self.trigger(order),
                Report::Cancelled { order, reason, .. } => {
                    let (status, happened) = match reason {
                        CancelReason::Requested => (Status::Cancelled, Happened::Cancelled),
                        CancelReason::SelfTrade => (Status::Prevented, Happened::Prevented),
                        _ => (Status::Expired, Happened::Expired),
                    };
                    self.end(order.0, status, happened);
                }
                Report::Rejected { order, .. } | Report::Expired { order, .. } => {
                    self.end(order.0, Status::Expired, Happened::Expired);
                }
                // A cash market without positions has none of the others.
                _ => {}
            }
        }
    }

    /// Does the next thing that waited for the venue to be silent. True where there was one.
    fn carry_out_due(&mut self) -> bool {
        match self.due.pop_front() {
            None => return false,
            Some(Due::Woken(id)) => self.wake(id),
            Some(Due::Chain(list)) => self.bring(list),
            Some(Due::Brought(id, plan)) => self.send_unless_met(id, plan),
            Some(Due::Withdrawn(id)) => {
                let Some(order) = self.order(id).filter(|order| order.status.is_open()) else { return true };
                let product = order.product;
                self.end(id, Status::Expired, Happened::Expired);
                self.markets[product].cancel(OrderId(id), self.now);
            }
        }
        true
    }

    /// An order that traded: units against money, and the commission of what is received.
    fn fill(&mut self, fill: &Fill) -> Result<(), Overflow> {
        let (now, commission) = (self.now, self.commission);
        let Some(order) = self.order(fill.order.0).cloned() else {
            return Ok(());
        };
        let product = self.markets[order.product].product.clone();
        let value = fill.price.times(fill.quantity).ok_or(Overflow("a value"))?;
        let units = Cash::from_quantity(fill.quantity)?;
        let maker = fill.liquidity == Liquidity::Maker;
        let rate = if maker { commission.maker } else { commission.taker };
        self.bring_stake(&order)?;
        if let Some(partner) = self.partner_of(&order).filter(|partner| self.is_here(*partner)) {
            self.end(partner, Status::Expired, Happened::Expired);
        }
        let in_quote = self.in_quote.contains(&order.user);
        let fee = commission_of(if in_quote || order.side == Side::Sell { value } else { units }, rate)?;
        let (gives, given, gets, received) = match order.side {
            Side::Buy if in_quote => (product.quote, value.plus(fee)?, product.base, units),
            Side::Buy => (product.quote, value, product.base, units.minus(fee)?),
            Side::Sell => (product.base, units, product.quote, value.minus(fee)?),
        };
        self.wallets.spend(order.user, gives, given)?;
        self.wallets.pay(order.user, gets, received)?;
        let mut released = Cash::ZERO;
        if order.side == Side::Buy {
            released = self.held(order.user, order.bound, fill.quantity)?.minus(given)?;
            self.wallets.lock(order.user, gives, -released)?;
        }
        let Some(record) = self.order_mut(order.id) else { return Ok(()) };
        record.locked = record.locked.minus(given)?.minus(released)?;
        record.filled = record.filled.plus(fill.quantity)?;
        record.value = record.value.plus(value)?;
        record.fills += 1;
        record.fees = record.fees.plus(fee)?;
        record.updated = now;
        record.status = if record.filled == record.quantity { Status::Filled } else { Status::PartiallyFilled };
        let execution = Execution {
            id: self.log.next_execution(),
            order: order.id,
            user: order.user,
            product: order.product,
            side: order.side,
            time: now,
            price: fill.price,
            quantity: fill.quantity,
            value,
            commission: fee,
            commission_in: if in_quote { product.quote } else { gets },
            maker,
        };
        self.log.execute(execution);
        self.tell_order(order.id, Happened::Traded(execution));
        self.tell_balances(order.user, order.product);
        if self.order(order.id).is_some_and(|order| order.status == Status::Filled) {
            self.close(order.id);
        }
        Ok(())
    }

    /// What a user locks to buy: the worth, and the dearest commission of it where that is of the quote asset. The parts of
    /// an order never come to more than the whole.
    pub(super) fn held(&self, user: usize, price: Price, quantity: Quantity) -> Result<Cash, Overflow> {
        let value = price.times(quantity).ok_or(Overflow("a value"))?;
        if !self.in_quote.contains(&user) {
            return Ok(value);
        }
        value.plus(value.scaled(self.dearest().into(), Rate::ONE.nanos().into(), Rounding::Down)?)
    }

    /// What is left of money to buy with, where commissions come out of it too.
    #[must_use]
    pub fn without_fees(&self, user: usize, money: Cash) -> Cash {
        if !self.in_quote.contains(&user) {
            return money;
        }
        let whole = i128::from(Rate::ONE.nanos()) + i128::from(self.dearest());
        money.scaled(Rate::ONE.nanos().into(), whole, Rounding::Down).unwrap_or(Cash::ZERO)
    }

    fn dearest(&self) -> i64 {
        self.commission.maker.max(self.commission.taker).nanos().max(0)
    }

    fn trigger(&mut self, order: OrderId) {
        let now = self.now;
        let Some(record) = self.order_mut(order.0) else { return };
        (record.works, record.updated) = (true, now);
        self.tell_order(order.0, Happened::Taken);
        self.withdraw_partner(order.0);
    }

    /// Once the trigger of one of a pair is touched, the other one goes.
    pub(super) fn withdraw_partner(&mut self, id: u64) {
        let partner = self.order(id).and_then(|order| self.partner_of(order));
        self.due.extend(partner.map(Due::Withdrawn));
    }

    /// An order is over with something of it unfilled.
    pub(super) fn end(&mut self, id: u64, status: Status, happened: Happened) {
        let now = self.now;
        let Some(record) = self.order_mut(id) else { return };
        if !record.status.is_open() {
            return;
        }
        (record.status, record.updated) = (status, now);
        let (user, product) = (record.user, record.product);
        self.close(id);
        self.tell_order(id, happened);
        self.tell_balances(user, product);
    }

    /// What still stood behind an order that is over is free again; of a pair, the other one keeps it while it is open.
    fn close(&mut self, id: u64) {
        let now = self.now;
        let Some(order) = self.order(id).cloned() else { return };
        let other = self.partner_of(&order);
        let heir = other.filter(|other| self.order(*other).is_some_and(|other| other.status.is_open()));
        let asset = self.stake_asset(&order);
        self.log.close(order.user, id);
        if let Some(record) = self.order_mut(id) {
            record.locked = Cash::ZERO;
        }
        match heir.and_then(|heir| self.order_mut(heir)) {
            Some(heir) => heir.locked = heir.locked.plus(order.locked).unwrap_or(Cash::MAX),
            None => {
                // It was locked before: giving it back stays within the range.
                let _ = self.wallets.lock(order.user, asset, -order.locked);
            }
        }
        self.go_on(id);
        let is_open = |id: &u64| self.order(*id).is_some_and(|order| order.status.is_open());
        let list = order.list.filter(|list| !self.orders_of(*list).iter().any(is_open));
        if let Some(list) = list {
            self.notices.push_back(Notice::List { user: order.user, list, time: now, over: true });
        }
    }

    fn stake_asset(&self, order: &Record) -> Currency {
        let product = &self.markets[order.product].product;
        if order.side == Side::Buy { product.quote } else { product.base }
    }

    pub(super) fn tell_order(&mut self, id: u64, happened: Happened) {
        if let Some(order) = self.order(id).cloned() {
            self.notices.push_back(Notice::Order { order: Box::new(order), happened, time: self.now });
        }
    }

    pub(super) fn tell_balances(&mut self, user: usize, product: usize) {
        let product = &self.markets[product].product;
        let balances = [product.base, product.quote].map(|asset| (asset, self.wallets.balance(user, asset))).to_vec();
        self.notices.push_back(Notice::Balances { user, time: self.now, balances });
    }
}

/// A share of an amount, cut to eight decimals.
fn commission_of(amount: Cash, rate: Rate) -> Result<Cash, Overflow> {
    let share = amount.scaled(rate.nanos().into(), Rate::ONE.nanos().into(), Rounding::Down)?.attos();
    Ok(Cash::from_attos(share - share % COMMISSION_UNIT))
}

impl Record {
    /// True where it waits for its trigger.
    #[must_use]
    pub const fn waits(&self) -> bool {
        self.terms.has_trigger() && !self.works
    }
}
