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
use super::liquidation::forced_fee;
use super::margin::Exposure;
use super::notice::{Happened, Notice};
use super::order::{Cause, Execution, Record, Status, Watched};
use crate::exchange::core;

/// Commissions are counted to eight decimals: ten digits of the eighteen are cut off.
const COMMISSION_UNIT: i128 = 10_000_000_000;
/// A trade of a user.
pub(super) struct Deal {
    pub(super) order: u64,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) maker: bool,
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
            self.deal(&Deal { order: order.id, price: fill.price, quantity, maker })?;
        }
        self.trim(order.user, order.ticket.product)
    }

    /// Units change hands: the position, its profit, the commission.
    pub(super) fn deal(&mut self, deal: &Deal) -> Result<(), Overflow> {
        let Some(order) = self.order(deal.order).cloned() else { return Ok(()) };
        let (user, product, side, now) = (order.user, order.ticket.product, order.ticket.side, self.now);
        let value = deal.price.times(deal.quantity).ok_or(Overflow("a value"))?;
        let commission = self.fee(&order, deal, value)?;
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
        let before = holding.position.quantity;
        let closed = holding.position.apply(&contract.instrument, &fill, Cash::ZERO)?;
        holding.stand_behind(before, deal.price)?;
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

    fn fee(&self, order: &Record, deal: &Deal, value: Cash) -> Result<Cash, Overflow> {
        match (order.forced, deal.maker) {
            (true, _) => forced_fee(order, deal, value),
            (false, true) => commission_of(value, self.commission.maker),
            (false, false) => commission_of(value, self.commission.taker),
        }
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
                let holding = &mut self.accounts[user].holdings[product];
                holding.isolated = holding.isolated.map(|margin| margin.minus(paid)).transpose()?;
                self.tell_account(user, asset, None, Cause::Funding, -paid)?;
            }
        }
        Ok(())
    }

    /// An order is over with something of it unfilled.
    pub(super) fn end(&mut self, id: u64, status: Status, happened: Happened) {
        let now = self.now;
        // What the book does not take of the exchange's own order, the insurance fund does.
        let Some(order) = self.order_mut(id).filter(|order| order.status.is_open() && !order.forced) else { return };
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

    pub(super) fn tell_account(
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
pub(super) fn commission_of(value: Cash, rate: Rate) -> Result<Cash, Overflow> {
    Ok(cut(value.at_rate(rate)?))
}

/// Cut to eight decimals.
pub(super) const fn cut(amount: Cash) -> Cash {
    Cash::from_attos(amount.attos() - amount.attos() % COMMISSION_UNIT)
}
