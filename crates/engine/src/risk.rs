//! The risk check: every order passes it, and only here is an order approved.
use qframe_model::account::Account;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::Kind;
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate, Rounding};
use qframe_model::order::{Order, OrderKind, Size};
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;

use crate::orders::OpenOrders;

/// Proof that the risk check let something pass. Only this module makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approved<T>(T);

impl<T> Approved<T> {
    /// What was approved.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.0
    }
}

/// Judges orders. Called for every order, and for every new equity.
pub trait RiskCheck {
    /// Lets an order pass, or says why not.
    ///
    /// # Errors
    /// The [`Refusal`] with the value and the limit.
    fn check(&mut self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<(), Refusal>;

    /// True where [`RiskCheck::observe`] is to be called. Asked once, before the run.
    fn watches(&self) -> bool {
        true
    }

    /// Sees the equity after each row. True where losses are at a limit: opening orders that still work are withdrawn then.
    fn observe(&mut self, _now: Time, _equity: Cash) -> bool {
        false
    }
}

/// The limits that an order must hold. Each is off until it is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// The largest value of one order, in the reporting currency.
    pub order_value: Option<Cash>,
    /// The largest value of one position, in the reporting currency.
    pub position_value: Option<Cash>,
    /// The largest gross exposure over equity.
    pub leverage: Option<Rate>,
    /// How far an order's price may be from the market, as a share of it. What protects an entry is not judged by it.
    pub collar: Option<Rate>,
    /// The loss since the first equity of the UTC day at which only reducing orders pass.
    pub daily_loss: Option<Rate>,
    /// The drawdown from the highest equity at which only reducing orders pass.
    pub drawdown: Option<Rate>,
    watch: Watch,
}

/// What the daily loss and the drawdown are measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Watch {
    day: Option<i64>,
    day_start: Cash,
    /// The equity after the last row of the day.
    day_last: Cash,
    peak: Cash,
    last: Cash,
}

impl RiskCheck for Limits {
    #[inline]
    fn check(&mut self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<(), Refusal> {
        if self.are_off() { Ok(()) } else { self.judge(order, account, orders) }
    }

    fn watches(&self) -> bool {
        self.daily_loss.is_some() || self.drawdown.is_some()
    }

    fn observe(&mut self, now: Time, equity: Cash) -> bool {
        self.watch.see(now, equity);
        self.check_losses().is_err()
    }
}

impl Watch {
    fn see(&mut self, now: Time, equity: Cash) {
        // The equity before the first row of the day is where the day starts. A longer bar that closes now began on an
        // earlier day, and starts and ends none.
        if self.day.is_none_or(|day| now.day() > day) {
            self.day_start = if self.day.is_some() { self.day_last } else { equity };
            self.day = Some(now.day());
        }
        if self.day == Some(now.day()) {
            self.day_last = equity;
        }
        self.peak = self.peak.max(equity);
        self.last = equity;
    }
}

impl Limits {
    fn are_off(&self) -> bool {
        let values = [self.order_value, self.position_value];
        let rates = [self.leverage, self.collar, self.daily_loss, self.drawdown];
        values.iter().all(Option::is_none) && rates.iter().all(Option::is_none)
    }

    fn judge(&self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<(), Refusal> {
        // A position without its stop is worse than a stop far away.
        let protects = order.reduce_only && order.parent.is_some();
        if let (false, Some(limit), Some(price), Some(market)) =
            (protects, self.collar, named_price(order), account.mark_of(order.instrument))
        {
            check_collar(price, market, limit)?;
        }
        if order.reduce_only {
            return Ok(());
        }
        let mut reach = reachable(account, orders)?;
        let place = order.instrument.index();
        let before = reach[place];
        reach[place] = before.with(order, account, Quantity::ZERO)?;
        let held = account.position(order.instrument).quantity;
        if reach[place].only_shrinks(held) {
            return Ok(());
        }
        self.check_losses()?;
        self.check_values(order, account, &reach, before)
    }

    fn check_losses(&self) -> Result<(), Refusal> {
        let share = |from: Cash| loss_share(from, self.watch.last);
        if let Some(limit) = self.daily_loss {
            let loss = share(self.watch.day_start);
            if loss >= limit {
                return Err(Refusal::DailyLoss { loss, limit });
            }
        }
        if let Some(limit) = self.drawdown {
            let drawdown = share(self.watch.peak);
            if drawdown >= limit {
                return Err(Refusal::Drawdown { drawdown, limit });
            }
        }
        Ok(())
    }

    fn check_values(&self, order: &Order, account: &Account, reach: &[Reach], before: Reach) -> Result<(), Refusal> {
        if self.order_value.is_none() && self.position_value.is_none() && self.leverage.is_none() {
            return Ok(());
        }
        let id = order.instrument;
        let step = worth(account, id, before.step(order, account)?)?.ok_or(Refusal::NoPrice)?;
        let then = worth(account, id, reach[id.index()].farthest())?.ok_or(Refusal::NoPrice)?;
        if let Some(limit) = self.order_value.filter(|limit| step > *limit) {
            return Err(Refusal::OrderTooLarge { value: step, limit });
        }
        if let Some(limit) = self.position_value.filter(|limit| then > *limit) {
            return Err(Refusal::PositionTooLarge { value: then, limit });
        }
        let Some(limit) = self.leverage else { return Ok(()) };
        let mut gross = Cash::ZERO;
        for (place, reach) in reach.iter().enumerate() {
            let value = worth(account, InstrumentId(place as u16), reach.farthest())?;
            gross = gross.plus(value.unwrap_or(Cash::ZERO))?;
        }
        let leverage = ratio(gross, account.equity());
        if leverage > limit { Err(Refusal::TooMuchLeverage { leverage, limit }) } else { Ok(()) }
    }
}

/// Between which positions an instrument may end once orders have filled: those at the market will, those that rest may.
#[derive(Debug, Clone, Copy)]
struct Reach {
    low: Quantity,
    high: Quantity,
}

impl Reach {
    /// With one more order, of which `filled` is in the position already.
    fn with(self, order: &Order, account: &Account, filled: Quantity) -> Result<Self, Refusal> {
        let after = |from: Quantity| -> Result<Quantity, Refusal> {
            let after = position_after(order, account, from)?;
            // Only a number of units is not counted anew from what is held.
            let counted = if matches!(order.size, Size::Units(_)) { order.side.signed(filled) } else { Quantity::ZERO };
            Ok(after.minus(counted)?)
        };
        let (low, high) = (after(self.low)?, after(self.high)?);
        Ok(match order.kind {
            OrderKind::Market | OrderKind::MarketOnOpen | OrderKind::MarketOnClose if order.parent.is_none() => {
                Self { low: low.min(high), high: low.max(high) }
            }
            _ => Self { low: self.low.min(low).min(high), high: self.high.max(low).max(high) },
        })
    }

    /// True where a position of `held` units can neither grow nor turn.
    fn only_shrinks(self, held: Quantity) -> bool {
        match () {
            () if held.is_positive() => !self.low.is_negative() && self.high < held,
            () if held.is_negative() => !self.high.is_positive() && self.low > held,
            () => false,
        }
    }

    /// The end that is farther from nothing.
    fn farthest(self) -> Quantity {
        self.low.abs().max(self.high.abs())
    }

    /// How much an order moves the position, at most.
    fn step(self, order: &Order, account: &Account) -> Result<Quantity, Refusal> {
        let moved = |from: Quantity| -> Result<Quantity, Refusal> {
            Ok(position_after(order, account, from)?.minus(from)?.abs())
        };
        Ok(moved(self.low)?.max(moved(self.high)?))
    }
}

/// What so many units are worth at the last mark, in the reporting currency; `None` before the first mark.
fn worth(account: &Account, id: InstrumentId, quantity: Quantity) -> Result<Option<Cash>, Overflow> {
    let Some(price) = account.mark_of(id) else { return Ok(None) };
    let value = account.instrument(id).value(price, quantity.abs())?;
    account.to_reporting(account.quote_of(id), value).map(Some)
}

/// Where the positions may stand once what was approved has filled: the next order is judged on top of that. Orders that
/// only reduce are protection and do not count; a close at the market will happen.
fn reachable(account: &Account, orders: &OpenOrders) -> Result<Vec<Reach>, Refusal> {
    let ids = (0..account.instruments().len()).map(|place| InstrumentId(place as u16));
    let held = ids.map(|id| account.position(id).quantity);
    let mut reach: Vec<Reach> = held.map(|held| Reach { low: held, high: held }).collect();
    for open in orders.iter() {
        let order = &open.order;
        let closes_at_market = order.size == Size::Close && order.kind == OrderKind::Market;
        if order.reduce_only && !closes_at_market {
            continue;
        }
        let place = &mut reach[order.instrument.index()];
        *place = place.with(order, account, open.filled)?;
    }
    Ok(reach)
}

/// The position that the order leads to from `held` at the last mark.
fn position_after(order: &Order, account: &Account, held: Quantity) -> Result<Quantity, Refusal> {
    let worth_of = |budget: Cash| -> Result<Quantity, Refusal> {
        let price = account.mark_of(order.instrument).ok_or(Refusal::NoPrice)?;
        account.instrument(order.instrument).affordable(budget, price).ok_or(Refusal::NoPrice)
    };
    let step = match order.size {
        Size::Units(units) => order.side.signed(units),
        Size::Budget(budget) => order.side.signed(worth_of(budget)?),
        Size::Equity(share) => order.side.signed(worth_of(account.equity().at_rate(share)?)?),
        Size::TargetUnits(units) => return Ok(units),
        Size::TargetWeight(weight) => return worth_of(account.equity().at_rate(weight)?),
        Size::Close => -held,
    };
    Ok(held.plus(step)?)
}

/// The price that the order names, where it names one.
fn named_price(order: &Order) -> Option<Price> {
    match order.kind {
        OrderKind::Limit(price) | OrderKind::Stop(price) | OrderKind::MarketIfTouched(price) => Some(price),
        OrderKind::StopLimit { limit, .. }
        | OrderKind::LimitIfTouched { limit, .. }
        | OrderKind::Iceberg { limit, .. } => Some(limit),
        OrderKind::Market | OrderKind::TrailingStop(_) | OrderKind::MarketOnOpen | OrderKind::MarketOnClose => None,
    }
}

fn check_collar(price: Price, market: Price, limit: Rate) -> Result<(), Refusal> {
    let away = i128::from(price.nanos()) - i128::from(market.nanos());
    // |price - market| / market > limit, without a division.
    let outside = away.abs() * i128::from(Rate::ONE.nanos()) > i128::from(market.nanos()) * i128::from(limit.nanos());
    if outside { Err(Refusal::OutsideCollar { price, market, limit }) } else { Ok(()) }
}

fn loss_share(from: Cash, to: Cash) -> Rate {
    from.minus(to).map_or(Rate::ZERO, |loss| ratio(loss, from))
}

/// `part / whole`; the largest rate where the whole is not above zero or the ratio is out of range.
fn ratio(part: Cash, whole: Cash) -> Rate {
    let scaled = Cash::from_attos(Rate::ONE.nanos().into()).scaled(part.attos(), whole.attos(), Rounding::HalfEven);
    let nanos = scaled.ok().filter(|_| whole.is_positive()).and_then(|ratio| i64::try_from(ratio.attos()).ok());
    nanos.map_or(Rate::MAX, Rate::from_nanos)
}

/// Runs the check; the only place that makes an [`Approved`] order. The engine calls it for what strategies ask; an
/// exchange that serves strangers calls it for what they send.
///
/// # Errors
/// The [`Refusal`] of the order's form, or of `check`.
#[inline]
pub fn approve(
    order: &Order,
    account: &Account,
    orders: &OpenOrders,
    check: &mut impl RiskCheck,
) -> Result<Approved<Order>, Refusal> {
    check_form(order, account)?;
    check.check(order, account, orders)?;
    Ok(Approved(*order))
}

/// What every order must satisfy, whatever the limits.
fn check_form(order: &Order, account: &Account) -> Result<(), Refusal> {
    let instrument = account.instrument(order.instrument);
    if matches!(instrument.kind(), Kind::Future { expiry } if order.time >= expiry) {
        return Err(Refusal::Settled);
    }
    let rules = instrument.rules();
    match order.size {
        Size::Units(units) if !units.is_positive() => return Err(Refusal::NoQuantity(units)),
        Size::Units(units) if units < rules.lot => return Err(Refusal::BelowLot { asked: units, lot: rules.lot }),
        Size::Budget(budget) if !budget.is_positive() => return Err(Refusal::NoQuantity(Quantity::ZERO)),
        _ => {}
    }
    if let Some(price) = named_price(order).filter(|price| !price.is_positive()) {
        return Err(Refusal::BadPrice(price));
    }
    // A venue bounds what closes as well; but a position without its way out is worse than an order that is refused there.
    if !order.reduce_only {
        if let Size::Units(units) = order.size {
            rules.bounds.check_quantity(units)?;
        }
        named_price(order).map_or(Ok(()), |price| rules.bounds.check_price(price))?;
    }
    if let OrderKind::StopLimit { trigger, .. } | OrderKind::LimitIfTouched { trigger, .. } = order.kind
        && !trigger.is_positive()
    {
        return Err(Refusal::BadPrice(trigger));
    }
    Ok(())
}
