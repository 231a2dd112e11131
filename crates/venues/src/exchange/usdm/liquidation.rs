//! Positions whose margin is gone: users are called, and then closed out through the book.
//!
//! As Binance documents it: open orders end, an immediate order at the bankruptcy price meets the book, and what the book does
//! not take the insurance fund takes at that price. So a liquidation costs a user what stands behind the position and no more.
use qframe_model::currency::Currency;
use qframe_model::ids::OrderId;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate};
use qframe_model::order::TimeInForce;

use super::Futures;
use super::desk::Plan;
use super::notice::{Happened, Notice};
use super::order::{Amount, Cause, Record, Status, Stay, Ticket, Wake, Watched};
use super::settle::{Deal, commission_of, cut};
use crate::exchange::core::Prevention;

/// What a position that is closed by force pays, as a share of its worth.
pub(super) const FORCED: Rate = Rate::from_nanos(12_500_000);
/// The share of the margin from which on a user is called.
const CALL: Rate = Rate::percent(80);

/// The fee of a trade of the exchange's own order: never more than what the price is better than the bankruptcy price.
pub(super) fn forced_fee(order: &Record, deal: &Deal, value: Cash) -> Result<Cash, Overflow> {
    let better = Price::from_nanos((deal.price.nanos() - order.bound.nanos()).abs());
    let most = better.times(deal.quantity).ok_or(Overflow("a value"))?;
    Ok(commission_of(value, FORCED)?.min(cut(most)))
}

impl Futures {
    /// Looks at the margin of everybody who holds a contract: who has too little is called, and then closed out.
    pub(super) fn watch(&mut self, product: usize) -> Result<(), Overflow> {
        let asset = self.contracts[product].market.product.quote;
        for user in 0..self.accounts.len() {
            let holding = self.holding(user, product);
            if holding.position.is_flat() {
                continue;
            }
            let alone = holding.isolated.is_some().then_some(product);
            let (balance, maintenance) = self.keeps(user, asset, alone)?;
            let called = (asset, alone);
            if balance < maintenance {
                self.liquidate(user, asset, alone)?;
                self.accounts[user].called.remove(&called);
            } else if maintenance >= balance.at_rate(CALL)? {
                if self.accounts[user].called.insert(called) {
                    self.notices.push_back(Notice::MarginCall { user, time: self.now, asset, alone });
                }
            } else {
                self.accounts[user].called.remove(&called);
            }
        }
        Ok(())
    }

    /// What stands behind positions at the mark price, and what keeps them: of the contract `alone`, or of all that share the
    /// wallet.
    fn keeps(&self, user: usize, asset: Currency, alone: Option<usize>) -> Result<(Cash, Cash), Overflow> {
        let Some(product) = alone else {
            let standing = self.standing(user, asset)?;
            return Ok((standing.cross()?, standing.maintenance.minus(standing.apart.maintenance)?));
        };
        let (own, margin) = (self.exposure(user, product)?, self.holding(user, product).isolated);
        Ok((margin.unwrap_or_default().plus(own.unrealised)?, own.maintenance))
    }

    /// Open orders end, and positions are closed, those that need most first, until what is left is kept.
    fn liquidate(&mut self, user: usize, asset: Currency, alone: Option<usize>) -> Result<(), Overflow> {
        let mut held = Vec::new();
        for product in 0..self.contracts.len() {
            let here = self.contracts[product].market.product.quote == asset;
            if here && alone.is_none_or(|alone| alone == product) {
                self.end_orders(user, product)?;
                if alone.is_some() || self.holding(user, product).isolated.is_none() {
                    held.push((self.exposure(user, product)?.maintenance, product));
                }
            }
        }
        held.sort_unstable_by_key(|(needs, product)| (std::cmp::Reverse(*needs), *product));
        for (_, product) in held {
            let (balance, maintenance) = self.keeps(user, asset, alone)?;
            if balance < maintenance {
                self.close_out(user, product, balance)?;
            }
        }
        let wallet = self.wallet(user, asset);
        if wallet.is_negative() {
            // Prices are of whole ticks, and money is not.
            self.post(user, None, Cause::Insurance, asset, -wallet, None)?;
            self.tell_account(user, asset, None, Cause::Insurance, -wallet)?;
        }
        Ok(())
    }

    fn end_orders(&mut self, user: usize, product: usize) -> Result<(), Overflow> {
        let here = |order: &&Record| order.ticket.product == product;
        let ids: Vec<u64> = self.open_orders(user).filter(here).map(|order| order.id).collect();
        ids.into_iter().try_for_each(|id| self.expire_order(id))
    }

    /// An order ends by the exchange's doing. What ended with another one is open no more.
    pub(super) fn expire_order(&mut self, id: u64) -> Result<(), Overflow> {
        let Some(order) = self.order_mut(id).filter(|order| order.status.is_open()) else { return Ok(()) };
        order.expires = true;
        let (product, waits) = (order.ticket.product, order.waits());
        if waits {
            self.end(id, Status::Expired, Happened::Expired);
            return Ok(());
        }
        self.contracts[product].market.cancel(OrderId(id), self.now);
        self.settle(product)
    }

    /// Closes one position. `balance`: what stands behind it at the mark price.
    fn close_out(&mut self, user: usize, product: usize, balance: Cash) -> Result<(), Overflow> {
        let units = self.holding(user, product).position.quantity;
        let Some(mark) = self.contracts[product].price().filter(|_| !units.is_zero()) else { return Ok(()) };
        let (side, tick) = (Side::of(-units), self.contracts[product].market.product.tick);
        let price = bankruptcy(mark, balance, units, tick)?;
        let id = self.force(user, product, side, units.abs(), price);
        let plan = Plan { quantity: units.abs(), limit: price, stay: TimeInForce::Ioc, post_only: false };
        self.submit(id, plan);
        let quantity = self.order(id).map_or(Quantity::ZERO, Record::left);
        if quantity.is_positive() {
            self.deal(&Deal { order: id, price, quantity, maker: false })?;
        }
        Ok(())
    }

    /// The exchange's own order that closes a position.
    fn force(&mut self, user: usize, product: usize, side: Side, quantity: Quantity, price: Price) -> u64 {
        let id = self.log.next_order();
        let ticket = Ticket {
            product,
            side,
            wake: Wake::Now,
            watches: Watched::Mark,
            limit: Some(price),
            stay: Stay::Ioc,
            amount: Amount::Units(quantity),
            reduce_only: true,
            prevention: Prevention::Allow,
            name: None,
            algo: false,
        };
        self.log.take(Record {
            id,
            name: format!("autoclose-{id}"),
            user,
            ticket,
            quantity,
            status: Status::New,
            filled: Quantity::ZERO,
            value: Cash::ZERO,
            works: true,
            best: None,
            bound: price,
            expires: false,
            forced: true,
            time: self.now,
            updated: self.now,
        });
        self.tell_order(id, Happened::Taken);
        id
    }
}

/// The price at which nothing is left of `balance`, to the tick in the user's favour; one tick at least.
fn bankruptcy(mark: Price, balance: Cash, units: Quantity, tick: Price) -> Result<Price, Overflow> {
    let away = balance.per_unit(units).ok_or(Overflow("a price"))?;
    let (nanos, tick) = (mark.nanos().saturating_sub(away.nanos()), tick.nanos().max(1));
    let down = nanos.div_euclid(tick);
    let ticks = if units.is_positive() && nanos.rem_euclid(tick) != 0 { down + 1 } else { down };
    Ok(Price::from_nanos(ticks.max(1).saturating_mul(tick)))
}
