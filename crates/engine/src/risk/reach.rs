//! Where positions can end, whichever of the open orders fill, in whichever order and part.
//!
//! An order of units adds to one side. A target, and what only reduces, leads to a position of its own: whatever was filled
//! before, it starts from there. So the worst case is the farthest of those, and everything that is added on top.
use qframe_model::account::Account;
use qframe_model::ids::InstrumentId;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::order::{Order, OrderKind, Size};
use qframe_model::refusal::Refusal;

use crate::orders::OpenOrder;
use crate::venue::trail_level;

/// Between which positions an instrument may end, and at which prices it may be traded on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    /// The least and the most of what is held and what orders lead to.
    lowest: Quantity,
    highest: Quantity,
    /// What orders may take off and add from there.
    sold: Quantity,
    bought: Quantity,
    /// The mark and the prices that orders name, the least and the most; `None` before the first mark.
    prices: Option<(Price, Price)>,
}

impl Reach {
    /// What is held alone.
    pub(super) fn of(account: &Account, id: InstrumentId) -> Self {
        let (held, mark) = (account.position(id).quantity, account.mark_of(id));
        let none = Quantity::ZERO;
        Self { lowest: held, highest: held, sold: none, bought: none, prices: mark.map(|mark| (mark, mark)) }
    }

    /// With one more order, and the units that it moves the position by at most.
    pub(super) fn with(self, open: &OpenOrder, account: &Account) -> Result<(Self, Quantity), Refusal> {
        let (order, none) = (&open.order, Quantity::ZERO);
        // At the prices of a way out nothing gets larger.
        let closes = order.reduce_only || order.size == Size::Close;
        let tick = account.instrument(order.instrument).rules().tick;
        let mut reach = if closes { self } else { self.meeting(order, tick) };
        if order.reduce_only {
            // From its own side alone: what sells leads to nothing from above. A target at the market goes either way.
            return Ok(match order.side {
                _ if matches!(order.size, Size::TargetUnits(_) | Size::TargetWeight(_)) => reach.led_to(none)?,
                Side::Sell if reach.high()?.is_positive() => (Self { lowest: reach.lowest.min(none), ..reach }, none),
                Side::Buy if reach.low()?.is_negative() => (Self { highest: reach.highest.max(none), ..reach }, none),
                _ => (reach, none),
            });
        }
        let added = match order.size {
            Size::Units(units) => units.minus(open.filled)?,
            Size::Budget(budget) => reach.units_for(budget.minus(open.paid)?, order, account)?,
            Size::Equity(share) => {
                let budget = reach.equity(order, account)?.at_rate(share)?;
                reach.units_for(budget.minus(open.paid)?, order, account)?
            }
            Size::TargetUnits(units) => return Ok(reach.led_to(units)?),
            Size::TargetWeight(weight) => {
                let budget = reach.equity(order, account)?.at_rate(weight.abs())?;
                let units = reach.units_for(budget, order, account)?;
                return Ok(reach.led_to(if weight.is_negative() { -units } else { units })?);
            }
            Size::Close => return Ok(reach.led_to(Quantity::ZERO)?),
        };
        match order.side {
            Side::Buy => reach.bought = reach.bought.plus(added)?,
            Side::Sell => reach.sold = reach.sold.plus(added)?,
        }
        Ok((reach, added))
    }

    fn led_to(self, target: Quantity) -> Result<(Self, Quantity), Overflow> {
        let step = target.minus(self.low()?)?.abs().max(target.minus(self.high()?)?.abs());
        // On its way it passes through nothing, where it turns the position: that is between them.
        Ok((Self { lowest: self.lowest.min(target), highest: self.highest.max(target), ..self }, step))
    }

    fn low(self) -> Result<Quantity, Overflow> {
        self.lowest.minus(self.sold)
    }

    fn high(self) -> Result<Quantity, Overflow> {
        self.highest.plus(self.bought)
    }

    /// The end that is farther from nothing.
    pub(super) fn farthest(self) -> Result<Quantity, Overflow> {
        Ok(self.low()?.abs().max(self.high()?.abs()))
    }

    /// What the farthest position is worth at the highest price of the way, in the reporting currency; `None` before the
    /// first mark.
    pub(super) fn worth(self, account: &Account, id: InstrumentId) -> Result<Option<Cash>, Overflow> {
        self.value(account, id, self.farthest()?)
    }

    /// The least and the most that the position can be worth, shorts below zero: a short is worst where the price is high.
    pub(super) fn span(self, account: &Account, id: InstrumentId) -> Result<(Cash, Cash), Overflow> {
        let Some((cheap, dear)) = self.prices else { return Ok((Cash::ZERO, Cash::ZERO)) };
        let worth = |units: Quantity, price: Price| {
            account.to_reporting(account.quote_of(id), account.instrument(id).value(price, units)?)
        };
        let (low, high) = (self.low()?, self.high()?);
        let of_low = worth(low, if low.is_negative() { dear } else { cheap })?;
        Ok((of_low, worth(high, if high.is_negative() { cheap } else { dear })?))
    }

    /// So many units at the highest price of the way.
    pub(super) fn value(self, account: &Account, id: InstrumentId, units: Quantity) -> Result<Option<Cash>, Overflow> {
        let Some((_, highest)) = self.prices else { return Ok(None) };
        let value = account.instrument(id).value(highest, units.abs())?;
        account.to_reporting(account.quote_of(id), value).map(Some)
    }

    /// With the prices that the order names, on ticks.
    fn meeting(self, order: &Order, tick: Price) -> Self {
        let Some((low, high)) = self.prices else { return self };
        let (least, most) = prices_of(order, low, high, tick);
        Self { prices: Some((low.min(least), high.max(most))), ..self }
    }

    /// The most units that an amount of the quote currency buys on the way.
    fn units_for(self, budget: Cash, order: &Order, account: &Account) -> Result<Quantity, Refusal> {
        let (lowest, _) = self.prices.ok_or(Refusal::NoPrice)?;
        let instrument = account.instrument(order.instrument);
        if budget.is_positive() {
            instrument.affordable(budget, lowest).ok_or(Refusal::NoPrice)
        } else {
            Ok(Quantity::ZERO)
        }
    }

    /// The highest equity at the prices of the way, in the quote currency.
    fn equity(self, order: &Order, account: &Account) -> Result<Cash, Refusal> {
        let (id, (lowest, highest)) = (order.instrument, self.prices.ok_or(Refusal::NoPrice)?);
        let equity = account.equity_at(id, lowest)?.max(account.equity_at(id, highest)?).max(account.equity());
        Ok(account.from_reporting(account.quote_of(id), equity)?)
    }
}

/// The prices that an order names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    /// What wakes it.
    pub(super) trigger: Option<Price>,
    /// The worst that it takes.
    pub(super) limit: Option<Price>,
}

impl Named {
    #[inline(always)]
    pub(super) fn of(order: &Order) -> Self {
        let (trigger, limit) = match order.kind {
            OrderKind::Limit(limit) | OrderKind::Iceberg { limit, .. } => (None, Some(limit)),
            OrderKind::Stop(trigger) | OrderKind::MarketIfTouched(trigger) => (Some(trigger), None),
            OrderKind::StopLimit { trigger, limit } | OrderKind::LimitIfTouched { trigger, limit } => {
                (Some(trigger), Some(limit))
            }
            OrderKind::Market | OrderKind::TrailingStop(_) | OrderKind::MarketOnOpen | OrderKind::MarketOnClose => {
                (None, None)
            }
        };
        Self { trigger, limit }
    }

    /// Asks `check` of each of them, the limit first.
    #[inline(always)]
    pub(super) fn try_each(self, check: impl Fn(Price) -> Result<(), Refusal>) -> Result<(), Refusal> {
        self.limit.map_or(Ok(()), &check)?;
        self.trigger.map_or(Ok(()), check)
    }

    /// What it wants to be filled at.
    pub(super) fn wanted(self) -> Option<Price> {
        self.limit.or(self.trigger)
    }
}

/// The prices between which an order may fill while the market does not jump over them.
fn prices_of(order: &Order, low: Price, high: Price, tick: Price) -> (Price, Price) {
    match order.kind {
        OrderKind::TrailingStop(trail) => {
            let below = trail_level(Side::Sell, trail, low, tick).filter(|level| level.nanos() > 0);
            (below.unwrap_or(low), trail_level(Side::Buy, trail, high, tick).unwrap_or(Price::MAX))
        }
        _ => {
            let Named { limit, trigger } = Named::of(order);
            let either = limit.or(trigger).zip(trigger.or(limit));
            either.map_or((low, high), |(one, other)| (one.min(other), one.max(other)))
        }
    }
}

/// The position that the order leads to from `held` at the last mark.
pub(super) fn position_after(order: &Order, account: &Account, held: Quantity) -> Result<Quantity, Refusal> {
    let worth_of = |budget: Cash| -> Result<Quantity, Refusal> {
        let price = account.mark_of(order.instrument).ok_or(Refusal::NoPrice)?;
        let budget = account.from_reporting(account.quote_of(order.instrument), budget)?;
        account.instrument(order.instrument).affordable(budget, price).ok_or(Refusal::NoPrice)
    };
    let in_reporting = |budget: Cash| account.to_reporting(account.quote_of(order.instrument), budget);
    let step = match order.size {
        Size::Units(units) => order.side.signed(units),
        Size::Budget(budget) => order.side.signed(worth_of(in_reporting(budget)?)?),
        Size::Equity(share) => order.side.signed(worth_of(account.equity().at_rate(share)?)?),
        Size::TargetUnits(units) => return Ok(units),
        Size::TargetWeight(weight) => return worth_of(account.equity().at_rate(weight)?),
        Size::Close => -held,
    };
    Ok(held.plus(step)?)
}
