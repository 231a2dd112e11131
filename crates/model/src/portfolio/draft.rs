//! A plan in the making: each trade is sized by, and booked on, a copy of the account.
use super::PortfolioError;
use super::rebalance::{PlannedTrade, Rebalance, Skip, Skipped};
use crate::account::{Account, MarginKind};
use crate::fill::{Fill, Liquidity};
use crate::ids::{InstrumentId, OrderId};
use crate::market::Side;
use crate::number::{Cash, Overflow, Price, Quantity, Rate, Rounding};
use crate::order::Purpose;
use crate::time::Time;

/// A plan in the making.
pub(super) struct Draft {
    rebalance: Rebalance,
    account: Account,
    trades: Vec<PlannedTrade>,
    skipped: Vec<Skipped>,
}

impl Draft {
    pub(super) fn new(rebalance: Rebalance, account: &Account, skipped: Vec<Skipped>) -> Self {
        Self { rebalance, account: account.clone(), trades: Vec::new(), skipped }
    }

    /// The money of the reporting currency after the trades so far.
    pub(super) fn cash(&self) -> Cash {
        self.account.cash()
    }

    pub(super) fn into_lists(self) -> (Vec<PlannedTrade>, Vec<Skipped>) {
        (self.trades, self.skipped)
    }

    /// Books a step, or as much of it as can be paid for, or says why not.
    pub(super) fn trade(&mut self, id: InstrumentId, step: Quantity) -> Result<(), PortfolioError> {
        let rules = self.account.instrument(id).rules();
        let (lot, minimum) = (rules.lot, rules.min_notional);
        let (side, wanted) = (Side::of(step), step.abs());
        if wanted < lot {
            self.skip(id, Skip::BelowLot { asked: wanted, lot });
            return Ok(());
        }
        let payable = self.payable(id, side, wanted)?;
        if payable < wanted {
            self.skip(id, Skip::NotEnough { wanted, payable });
        }
        let (price, value) = self.worth(id, payable)?;
        let opens = self.reduces(id, side, payable) < payable;
        if opens && value < minimum {
            self.skip(id, Skip::BelowMinNotional { value, minimum });
            return Ok(());
        }
        let fee = value.at_rate(self.rebalance.fee)?;
        if !payable.is_zero() {
            self.book(PlannedTrade { instrument: id, side, quantity: payable, price, value, fee })?;
        }
        Ok(())
    }

    fn skip(&mut self, instrument: InstrumentId, reason: Skip) {
        self.skipped.push(Skipped { instrument, reason });
    }

    fn book(&mut self, trade: PlannedTrade) -> Result<(), Overflow> {
        let fill = Fill {
            order: OrderId(0),
            instrument: trade.instrument,
            time: Time::EPOCH,
            side: trade.side,
            price: trade.price,
            quantity: trade.quantity,
            fee: trade.fee,
            fee_in: self.account.quote_of(trade.instrument),
            liquidity: Liquidity::Taker,
            purpose: Purpose::Signal,
        };
        self.account.fill(&fill)?;
        match self.trades.last_mut() {
            // A position that turns, with nothing between: one trade.
            Some(last) if last.instrument == trade.instrument => {
                last.quantity = last.quantity.plus(trade.quantity)?;
                last.value = last.value.plus(trade.value)?;
                last.fee = last.fee.plus(trade.fee)?;
            }
            _ => self.trades.push(trade),
        }
        Ok(())
    }

    fn worth(&self, id: InstrumentId, quantity: Quantity) -> Result<(Price, Cash), Overflow> {
        let price = self.account.mark_of(id).unwrap_or(Price::ZERO);
        Ok((price, self.account.instrument(id).value(price, quantity)?))
    }

    /// How much of `quantity` makes the position smaller.
    fn reduces(&self, id: InstrumentId, side: Side, quantity: Quantity) -> Quantity {
        let held = self.account.position(id).quantity;
        let against = !held.is_zero() && Side::of(held) != side;
        if against { quantity.min(held.abs()) } else { Quantity::ZERO }
    }

    /// As much of `wanted` as the money and the free margin carry, in whole lots.
    fn payable(&self, id: InstrumentId, side: Side, wanted: Quantity) -> Result<Quantity, PortfolioError> {
        let instrument = self.account.instrument(id);
        let (quote, reduces) = (self.account.quote_of(id), self.reduces(id, side, wanted));
        let mut payable = wanted;
        if side == Side::Buy && !instrument.kind().is_derivative() {
            payable = payable.min(self.afford(id, self.account.ledger().assets(quote), Rate::ONE)?);
        }
        if reduces < payable {
            let margin = instrument.rules().margin.initial;
            let used = self.account.margin_used(MarginKind::Initial)?;
            let closed = self.worth(id, reduces)?.1;
            let freed = closed.at_rate(margin)?.minus(closed.at_rate(self.rebalance.fee)?)?;
            let free = self.account.equity().minus(used)?;
            let free = self.account.from_reporting(quote, free)?.plus(freed)?;
            let opens = self.afford(id, free, margin)?;
            payable = payable.min(reduces.plus(opens)?);
        }
        Ok(payable.floor_to(instrument.rules().lot))
    }

    /// The most whole lots whose value x `share` and fee `money` pays.
    fn afford(&self, id: InstrumentId, money: Cash, share: Rate) -> Result<Quantity, PortfolioError> {
        if !money.is_positive() {
            return Ok(Quantity::ZERO);
        }
        let (instrument, price) = (self.account.instrument(id), self.worth(id, Quantity::ZERO)?.0);
        let rate = share.plus(self.rebalance.fee)?;
        let value = money.scaled(Rate::ONE.nanos().into(), rate.nanos().into(), Rounding::Down)?;
        let units = instrument.affordable(value, price).ok_or(Overflow("an affordable quantity"))?;
        let worth = self.worth(id, units)?.1;
        // Two products rounded half-even can ask for an atto more than the one quotient rounded down.
        let over = worth.at_rate(share)?.plus(worth.at_rate(self.rebalance.fee)?)? > money;
        Ok(if over { units.minus(instrument.rules().lot.min(units))? } else { units })
    }
}
