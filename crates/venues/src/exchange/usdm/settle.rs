//! What the venue, the clock and the mark price do to users: fills, funding, positions that are closed by force.
use std::collections::VecDeque;

use qframe_model::currency::Currency;
use qframe_model::event::{CancelReason, Report};
use qframe_model::fill::{Fill, Liquidity};
use qframe_model::ids::{CommodityId, InstrumentId, OrderId};
use qframe_model::market::{FundingRate, Side};
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate};
use qframe_model::order::Purpose;

use super::Futures;
use super::margin::Exposure;
use super::notice::{Happened, Notice};
use super::order::{Amount, Cause, Execution, Record, Status, Stay, Ticket, Wake, Watched};
use crate::exchange::core::{self, Prevention};

/// Commissions are counted to eight decimals: ten digits of the eighteen are cut off.
const COMMISSION_UNIT: i128 = 10_000_000_000;
/// What a position that is closed by force pays, as a share of its worth.
pub(super) const FORCED: Rate = Rate::from_nanos(12_500_000);
/// The share of the margin from which on a user is called.
const CALL: Rate = Rate::percent(80);

/// A trade of a user.
struct Deal {
    order: u64,
    price: Price,
    quantity: Quantity,
    rate: Rate,
    maker: bool,
}

impl Futures {
    /// Carries out what the venue of a contract has to say.
    pub(super) fn settle(&mut self, product: usize) -> Result<(), Overflow> {
        let mut made = Vec::new();
        loop {
            let Some(contract) = self.contracts.get_mut(product) else { return Ok(()) };
            let Some(report) = contract.market.next_report()? else {
                let mut tape = VecDeque::new();
                let goes_on = contract.market.settled(self.now, &mut tape);
                made.extend(tape.iter().filter_map(|notice| match notice {
                    core::Notice::Trade { trade, .. } => Some(trade.price),
                    _ => None,
                }));
                self.notices.extend(tape.into_iter().map(Notice::Market));
                if goes_on {
                    continue;
                }
                // What users traded wakes orders as the recorded tape does.
                return made.into_iter().try_for_each(|price| self.touch(product, Watched::Last, price));
            };
            match report {
                Report::Filled { fill, .. } => self.fill(&fill)?,
                Report::Cancelled { order, reason, .. } => {
                    let asked =
                        reason == CancelReason::Requested && self.order(order.0).is_some_and(|one| !one.expires);
                    let (status, happened) = if reason == CancelReason::SelfTrade {
                        (Status::Prevented, Happened::Expired)
                    } else if asked {
                        (Status::Cancelled, Happened::Cancelled)
                    } else {
                        (Status::Expired, Happened::Expired)
                    };
                    self.end(order.0, status, happened);
                }
                Report::Rejected { order, .. } | Report::Expired { order, .. } => {
                    self.end(order.0, Status::Expired, Happened::Expired);
                }
                // The venue holds no positions here: margin and funding are kept by user.
                _ => {}
            }
        }
    }

    fn fill(&mut self, fill: &Fill) -> Result<(), Overflow> {
        let Some(order) = self.order(fill.order.0).cloned() else { return Ok(()) };
        let held = self.holding(order.user, order.ticket.product).position.quantity;
        let mut quantity = fill.quantity;
        if order.reduces() {
            // Two such orders may fill at once: what the position no longer has is not traded.
            let left = if Side::of(held) == order.ticket.side { Quantity::ZERO } else { held.abs() };
            quantity = quantity.min(left);
        }
        if quantity.is_positive() {
            let maker = fill.liquidity == Liquidity::Maker;
            let rate = if maker { self.commission.maker } else { self.commission.taker };
            self.deal(&Deal { order: order.id, price: fill.price, quantity, rate, maker })?;
        }
        self.trim(order.user, order.ticket.product)
    }

    /// Units change hands: the position, its profit, the commission.
    fn deal(&mut self, deal: &Deal) -> Result<(), Overflow> {
        let Some(order) = self.order(deal.order).cloned() else { return Ok(()) };
        let (user, product, side, now) = (order.user, order.ticket.product, order.ticket.side, self.now);
        let value = deal.price.times(deal.quantity).ok_or(Overflow("a value"))?;
        let commission = commission_of(value, deal.rate)?;
        let fill = Fill {
            order: OrderId(order.id),
            instrument: InstrumentId(0),
            time: now,
            side,
            price: deal.price,
            quantity: deal.quantity,
            fee: Cash::ZERO,
            fee_in: CommodityId(0),
            liquidity: if deal.maker { Liquidity::Maker } else { Liquidity::Taker },
            purpose: Purpose::Signal,
        };
        let contract = &self.contracts[product];
        let asset = contract.market.product.quote;
        let mut holding = self.holding(user, product);
        // Commissions are entries of their own: the position's profit is before them.
        let closed = holding.position.apply(&contract.instrument, &fill, Cash::ZERO)?;
        let realised = closed.map_or(Cash::ZERO, |closed| closed.pnl);
        holding.realised = holding.realised.plus(realised)?;
        self.accounts[user].holdings[product] = holding;
        let id = self.log.next_execution();
        self.post(user, Some(product), Cause::Realised, asset, realised, Some(id))?;
        self.post(user, Some(product), Cause::Commission, asset, -commission, Some(id))?;
        let (price, quantity, maker) = (deal.price, deal.quantity, deal.maker);
        let execution = Execution {
            id,
            order: order.id,
            user,
            product,
            side,
            time: now,
            price,
            quantity,
            value,
            commission,
            realised,
            maker,
        };
        self.log.execute(execution);
        let Some(record) = self.order_mut(order.id) else { return Ok(()) };
        record.filled = record.filled.plus(quantity)?;
        record.value = record.value.plus(value)?;
        record.updated = now;
        record.status = if record.filled == record.quantity { Status::Filled } else { Status::PartiallyFilled };
        if record.status == Status::Filled {
            self.log.close(user, order.id);
        }
        self.tell_account(user, asset, Some(product), Cause::Realised, Cash::ZERO)?;
        self.tell_order(order.id, Happened::Traded(execution));
        Ok(())
    }

    /// Orders that only reduce are cut to the position, and end where there is nothing left to reduce.
    fn trim(&mut self, user: usize, product: usize) -> Result<(), Overflow> {
        let (held, now) = (self.holding(user, product).position.quantity, self.now);
        let reduces = |order: &&Record| order.ticket.product == product && order.works && order.reduces();
        let ids: Vec<u64> = self.open_orders(user).filter(reduces).map(|order| order.id).collect();
        for id in ids {
            let Some(order) = self.order_mut(id) else { continue };
            let all = order.filled.plus(held.abs())?;
            if held.is_zero() || Side::of(held) == order.ticket.side {
                order.expires = true;
                self.contracts[product].market.cancel(OrderId(id), now);
            } else if order.quantity > all {
                (order.quantity, order.updated) = (all, now);
                self.contracts[product].market.cut(OrderId(id), held.abs())?;
                self.tell_order(id, Happened::Cut);
            }
        }
        Ok(())
    }

    /// Funding is due: longs pay shorts where the rate is above zero. It counts as paid when it was due, however far the clock
    /// has jumped.
    pub(super) fn fund(&mut self, product: usize, funding: &FundingRate) -> Result<(), Overflow> {
        let now = std::mem::replace(&mut self.now, funding.time);
        let paid = self.fund_all(product, funding);
        self.now = now;
        paid
    }

    fn fund_all(&mut self, product: usize, funding: &FundingRate) -> Result<(), Overflow> {
        let asset = self.contracts[product].market.product.quote;
        let Some(price) = funding.mark.or_else(|| self.contracts[product].price()) else { return Ok(()) };
        for user in 0..self.accounts.len() {
            let units = self.holding(user, product).position.quantity;
            let value = price.times(units).ok_or(Overflow("a value"))?;
            let paid = value.at_rate(funding.rate)?;
            if !paid.is_zero() {
                self.post(user, Some(product), Cause::Funding, asset, -paid, None)?;
                self.tell_account(user, asset, None, Cause::Funding, -paid)?;
            }
        }
        Ok(())
    }

    /// Looks at the margin of everybody who holds a contract: who has too little is called, and then closed out.
    pub(super) fn watch(&mut self, product: usize) -> Result<(), Overflow> {
        let asset = self.contracts[product].market.product.quote;
        for user in 0..self.accounts.len() {
            if self.holding(user, product).position.is_flat() {
                continue;
            }
            let standing = self.standing(user, asset)?;
            let balance = standing.balance()?;
            if balance < standing.maintenance {
                self.liquidate(user, asset)?;
            } else if standing.maintenance >= balance.at_rate(CALL)? {
                if self.accounts[user].called.insert(asset) {
                    self.notices.push_back(Notice::MarginCall { user, time: self.now, asset });
                }
            } else {
                self.accounts[user].called.remove(&asset);
            }
        }
        Ok(())
    }

    /// Open orders end, and all positions of an asset are closed at their mark prices. What the wallet is short of then, the
    /// insurance fund pays.
    fn liquidate(&mut self, user: usize, asset: Currency) -> Result<(), Overflow> {
        let of = |product: usize, futures: &Self| futures.contracts[product].market.product.quote == asset;
        let ids: Vec<u64> = self.open_orders(user).map(|order| order.id).collect();
        for id in ids {
            // What ended with another one is open no more.
            let Some(order) = self.order(id).filter(|order| of(order.ticket.product, self)) else { continue };
            let (product, waits) = (order.ticket.product, order.waits());
            if let Some(order) = self.order_mut(id) {
                order.expires = true;
            }
            if waits {
                self.end(id, Status::Expired, Happened::Expired);
            } else {
                self.contracts[product].market.cancel(OrderId(id), self.now);
                self.settle(product)?;
            }
        }
        for product in 0..self.contracts.len() {
            let position = self.holding(user, product).position;
            let Some(mark) = self.contracts[product].price().filter(|_| of(product, self) && !position.is_flat())
            else {
                continue;
            };
            let id = self.force(user, product, Side::of(-position.quantity), position.quantity.abs(), mark);
            self.deal(&Deal { order: id, price: mark, quantity: position.quantity.abs(), rate: FORCED, maker: false })?;
        }
        let wallet = self.wallet(user, asset);
        if wallet.is_negative() {
            self.post(user, None, Cause::Insurance, asset, -wallet, None)?;
            self.tell_account(user, asset, None, Cause::Insurance, -wallet)?;
        }
        self.accounts[user].called.remove(&asset);
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
            prevention: Prevention::default(),
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

    /// An order is over with something of it unfilled.
    pub(super) fn end(&mut self, id: u64, status: Status, happened: Happened) {
        let now = self.now;
        let Some(order) = self.order_mut(id).filter(|order| order.status.is_open()) else { return };
        (order.status, order.updated) = (status, now);
        let (user, product) = (order.user, order.ticket.product);
        self.log.close(user, id);
        self.waiting.remove(&(product, id));
        self.tell_order(id, happened);
    }

    pub(super) fn tell_order(&mut self, id: u64, happened: Happened) {
        if let Some(order) = self.order(id).cloned() {
            self.notices.push_back(Notice::Order { order: Box::new(order), happened, time: self.now });
        }
    }

    fn tell_account(
        &mut self,
        user: usize,
        asset: Currency,
        product: Option<usize>,
        cause: Cause,
        change: Cash,
    ) -> Result<(), Overflow> {
        let wallet = (asset, self.wallet(user, asset), change);
        let holding = match product {
            Some(product) => {
                let Exposure { unrealised, .. } = self.exposure(user, product)?;
                Some((product, self.holding(user, product), unrealised))
            }
            None => None,
        };
        self.notices.push_back(Notice::Account { user, time: self.now, cause, wallet, holding });
        Ok(())
    }
}

/// A share of a trade's worth, cut to eight decimals.
fn commission_of(value: Cash, rate: Rate) -> Result<Cash, Overflow> {
    let share = value.at_rate(rate)?.attos();
    Ok(Cash::from_attos(share - share % COMMISSION_UNIT))
}
