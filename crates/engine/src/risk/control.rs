//! A run held to its limits: each order is judged by the worst that it and all open orders can lead to.
use qframe_model::account::Account;
use qframe_model::breaker::TradingState;
use qframe_model::event::{Event, Report};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Price, Quantity, Rate};
use qframe_model::order::{Order, OrderKind};
use qframe_model::refusal::{Refusal, Scope};
use qframe_model::symbol::Symbol;
use qframe_model::time::{Span, Time};

use super::breaker::Breakers;
use super::limits::{Limits, PortfolioLimits, SymbolLimits, UnitLimits};
use super::losses::{Losses, ratio};
use super::pace::Pace;
use super::reach::{Named, Reach, position_after};
use super::{Passed, RiskCheck, Sight};
use crate::input::Command;
use crate::orders::{OpenOrder, OpenOrders};

/// [`Limits`] at work: what they are measured from, and the state of the circuit breakers.
#[derive(Debug, Clone)]
pub struct RiskControl {
    limits: Limits,
    are_off: bool,
    /// True where a limit asks how far positions can go.
    reaches: bool,
    /// The limits of each instrument, once the account is known.
    own: Vec<SymbolLimits>,
    losses: Losses,
    paces: Vec<Pace>,
    breakers: Breakers,
    /// The buffer is reused.
    reach: Vec<Reach>,
}

impl Default for RiskControl {
    fn default() -> Self {
        Self::from(Limits::default())
    }
}

impl From<Limits> for RiskControl {
    fn from(limits: Limits) -> Self {
        let PortfolioLimits { orders_per_second, orders_per_minute, .. } = limits.portfolio;
        let paces = [(orders_per_second, Span::SECOND), (orders_per_minute, Span::from_seconds(60))];
        Self {
            are_off: limits.are_off(),
            reaches: limits.reach(),
            own: Vec::new(),
            losses: Losses::default(),
            paces: paces.into_iter().filter_map(|(limit, window)| Some(Pace::new(limit?, window))).collect(),
            breakers: Breakers::new(&limits.breakers),
            reach: Vec::new(),
            limits,
        }
    }
}

impl RiskCheck for RiskControl {
    #[inline]
    fn check(&mut self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<Passed, Refusal> {
        if self.are_off && self.breakers.state() == TradingState::Normal {
            return Ok(Passed::Whole);
        }
        let passed = self.judge(order, account, orders)?;
        self.paces.iter_mut().for_each(|pace| pace.count(order.time));
        Ok(passed)
    }

    fn check_work(&mut self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<Passed, Refusal> {
        self.judge(order, account, orders)
    }

    fn check_again(&mut self, account: &Account, orders: &OpenOrders, beyond: &mut Vec<(OrderId, Refusal)>) {
        let stop = self.stop();
        self.begin(account);
        // Ways out are always open: the others must be within the limits also after them.
        for open in orders.iter().filter(|open| open.order.reduce_only) {
            let place = order_place(&open.order);
            self.reach[place] = self.reach[place].with(open, account).map_or(self.reach[place], |(reach, _)| reach);
        }
        for open in orders.iter().filter(|open| !open.order.reduce_only) {
            let judged = match stop {
                Some(refusal) => Err(refusal),
                None if self.reaches => self.judge_step(open, account),
                None => Ok(()),
            };
            match judged {
                // It can fill until its withdrawal is through, and then it counts; but it is over with.
                Err(refusal) if !open.withdrawn => beyond.push((open.order.id, refusal)),
                _ => {}
            }
        }
    }

    fn stop(&self) -> Option<Refusal> {
        self.breakers.refusal().or_else(|| self.check_losses().err())
    }

    fn in_units(&self, symbol: &Symbol) -> UnitLimits {
        self.limits.of(symbol).in_units()
    }

    fn judges_again(&self) -> bool {
        !self.are_off
    }

    fn watches(&self) -> bool {
        let PortfolioLimits { daily_loss, drawdown, .. } = self.limits.portfolio;
        daily_loss.is_some() || drawdown.is_some() || !self.limits.breakers.is_empty()
    }

    fn observe(&mut self, sight: &Sight<'_>, events: &mut Vec<Event>) {
        self.losses.see(sight.of, sight.account.equity());
        self.breakers.observe(sight, events);
    }

    fn hear(&mut self, report: &Report, asked: Option<&Order>, account: &Account) {
        self.breakers.hear(report, asked, account);
    }

    fn paid(&mut self, now: Time, amount: Cash) {
        self.losses.pay(now, amount);
        self.breakers.pay(now, amount);
    }

    fn obey(&mut self, command: Command, sight: &Sight<'_>, events: &mut Vec<Event>) {
        self.breakers.obey(command, sight, events);
    }

    fn flattened(&mut self, now: Time, events: &mut Vec<Event>) {
        self.breakers.flattened(now, events);
    }

    fn state(&self) -> TradingState {
        self.breakers.state()
    }
}

impl RiskControl {
    /// The circuit breakers, and where each stands.
    #[must_use]
    pub fn breakers(&self) -> &[super::Watched] {
        self.breakers.all()
    }

    fn judge(&mut self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<Passed, Refusal> {
        self.know(account);
        if self.breakers.state() >= TradingState::Halted {
            return self.breakers.refusal().map_or(Ok(Passed::Whole), Err);
        }
        if order.reduce_only {
            self.check_exit(order, account)?;
            return Ok(Passed::Whole);
        }
        match self.judge_opening(order, account, orders) {
            Ok(()) => Ok(Passed::Whole),
            // What a limit refuses to open may still close, and is sent so that it can do nothing else.
            Err(_) if reduces(order, account, orders)? => {
                self.check_exit(order, account)?;
                Ok(Passed::Reducing)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Holds the prices of an order that opens to the collar, on both sides of the market.
    fn check_collar(&self, order: &Order, account: &Account) -> Result<(), Refusal> {
        let Some(limit) = self.of(order.instrument).collar else { return Ok(()) };
        let Some(market) = account.mark_of(order.instrument) else { return Ok(()) };
        Named::of(order).try_each(|price| near(price, market, limit))
    }

    /// An exit may wait as far from the market as it likes. What it may not is give away more than the collar: a limit below
    /// the price at which it begins to sell, or above that at which it begins to buy. That is a slip of the hand; whoever
    /// wants out at any price sends it at the market. What protects an entry is left alone: a position without its stop is
    /// worse.
    fn check_exit(&self, order: &Order, account: &Account) -> Result<(), Refusal> {
        let Named { trigger, limit } = Named::of(order);
        let begins = trigger.or(account.mark_of(order.instrument));
        let (Some(collar), Some(limit), Some(begins), None) =
            (self.of(order.instrument).collar, limit, begins, order.parent)
        else {
            return Ok(());
        };
        let gives = if order.side == Side::Sell { limit < begins } else { limit > begins };
        if gives { near(limit, begins, collar) } else { Ok(()) }
    }

    /// Judges an order as one that opens or enlarges.
    fn judge_opening(&mut self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<(), Refusal> {
        self.check_collar(order, account)?;
        self.stop().map_or(Ok(()), Err)?;
        self.check_counts(order, orders)?;
        if !self.reaches {
            return Ok(());
        }
        self.begin(account);
        for open in orders.iter() {
            let place = order_place(&open.order);
            self.reach[place] = self.reach[place].with(open, account)?.0;
        }
        self.judge_step(&OpenOrder::sent(*order), account)
    }

    /// What is held, before any order.
    fn begin(&mut self, account: &Account) {
        self.know(account);
        self.reach.clear();
        let ids = (0..account.instruments().len()).map(|place| InstrumentId(place as u16));
        self.reach.extend(ids.map(|id| Reach::of(account, id)));
    }

    /// Takes an order into the reach, and judges where that leads.
    fn judge_step(&mut self, open: &OpenOrder, account: &Account) -> Result<(), Refusal> {
        let place = order_place(&open.order);
        let (reach, step) = self.reach[place].with(open, account)?;
        self.reach[place] = reach;
        self.check_symbol(open, step, account)?;
        self.check_portfolio(account)
    }

    /// `step` is what the order may still trade; what it has traded counts with it.
    fn check_symbol(&self, open: &OpenOrder, step: Quantity, account: &Account) -> Result<(), Refusal> {
        let id = open.order.instrument;
        let (limits, reach) = (self.of(id), self.reach[id.index()]);
        if let Some(limit) = limits.order_quantity {
            let quantity = step.abs().plus(open.filled)?;
            within(quantity, limit, |quantity, limit| Refusal::OrderQuantity { quantity, limit })?;
        }
        if let Some(limit) = limits.order_value {
            let paid = account.to_reporting(account.quote_of(id), open.paid)?;
            let value = reach.value(account, id, step)?.ok_or(Refusal::NoPrice)?.plus(paid)?;
            within(value, limit, |value, limit| Refusal::OrderTooLarge { value, limit })?;
        }
        if let Some(limit) = limits.position_quantity {
            let farthest = reach.farthest()?;
            within(farthest, limit, |quantity, limit| Refusal::PositionQuantity { quantity, limit })?;
        }
        if limits.position_value.is_none() && limits.concentration.is_none() {
            return Ok(());
        }
        let value = reach.worth(account, id)?.ok_or(Refusal::NoPrice)?;
        if let Some(limit) = limits.position_value {
            within(value, limit, |value, limit| Refusal::PositionTooLarge { value, limit })?;
        }
        let Some(limit) = limits.concentration else { return Ok(()) };
        within(ratio(value, account.equity()), limit, |share, limit| Refusal::TooConcentrated { share, limit })
    }

    fn check_portfolio(&self, account: &Account) -> Result<(), Refusal> {
        let PortfolioLimits { gross: gross_limit, net: net_limit, leverage, .. } = self.limits.portfolio;
        if gross_limit.is_none() && net_limit.is_none() && leverage.is_none() {
            return Ok(());
        }
        let (mut gross, mut least, mut most) = (Cash::ZERO, Cash::ZERO, Cash::ZERO);
        for (place, reach) in self.reach.iter().enumerate() {
            let id = InstrumentId(place as u16);
            let (low, high) = reach.span(account, id)?;
            gross = gross.plus(reach.worth(account, id)?.unwrap_or(Cash::ZERO))?;
            (least, most) = (least.plus(low)?, most.plus(high)?);
        }
        if let Some(limit) = gross_limit {
            within(gross, limit, |value, limit| Refusal::TooMuchGross { value, limit })?;
        }
        if let Some(limit) = net_limit {
            within(least.abs().max(most.abs()), limit, |value, limit| Refusal::TooMuchNet { value, limit })?;
        }
        let Some(limit) = leverage else { return Ok(()) };
        within(ratio(gross, account.equity()), limit, |leverage, limit| Refusal::TooMuchLeverage { leverage, limit })
    }

    fn check_losses(&self) -> Result<(), Refusal> {
        let PortfolioLimits { daily_loss, drawdown, .. } = self.limits.portfolio;
        if let Some(limit) = daily_loss {
            let loss = self.losses.of_day();
            if loss >= limit {
                return Err(Refusal::DailyLoss { loss, limit });
            }
        }
        if let Some(limit) = drawdown {
            let drawdown = self.losses.drawdown();
            if drawdown >= limit {
                return Err(Refusal::Drawdown { drawdown, limit });
            }
        }
        Ok(())
    }

    fn check_counts(&self, order: &Order, orders: &OpenOrders) -> Result<(), Refusal> {
        let of_symbol = orders.iter().filter(|open| open.order.instrument == order.instrument).count();
        let counts = [
            (Scope::Symbol, of_symbol, self.of(order.instrument).open_orders),
            (Scope::Portfolio, orders.iter().len(), self.limits.portfolio.open_orders),
        ];
        for (scope, open, limit) in counts {
            let orders = u32::try_from(open + 1).unwrap_or(u32::MAX);
            if let Some(limit) = limit.filter(|limit| orders > *limit) {
                return Err(Refusal::TooManyOpen { scope, orders, limit });
            }
        }
        let full = self.paces.iter().find(|pace| pace.is_full(order.time));
        full.map_or(Ok(()), |pace| {
            let seconds = (pace.window().nanos() / Span::SECOND.nanos()) as u32;
            Err(Refusal::TooFast { orders: pace.limit() + 1, limit: pace.limit(), seconds })
        })
    }

    fn of(&self, id: InstrumentId) -> SymbolLimits {
        self.own.get(id.index()).copied().unwrap_or(self.limits.symbol)
    }

    /// The limits of each instrument, found by its symbol once.
    fn know(&mut self, account: &Account) {
        if self.own.len() != account.instruments().len() {
            self.own = account.instruments().iter().map(|instrument| self.limits.of(instrument.symbol())).collect();
        }
    }
}

fn order_place(order: &Order) -> usize {
    order.instrument.index()
}

fn within<T: Ord + Copy>(value: T, limit: T, refusal: impl FnOnce(T, T) -> Refusal) -> Result<(), Refusal> {
    if value > limit { Err(refusal(value, limit)) } else { Ok(()) }
}

/// True where the order makes the position smaller, by what is known: from where it stands once the orders at the market
/// have filled. It need not be certain, since the order is sent so that it can do nothing else.
fn reduces(order: &Order, account: &Account, orders: &OpenOrders) -> Result<bool, Refusal> {
    let mut held = account.position(order.instrument).quantity;
    let others = orders.iter().filter(|open| open.order.instrument == order.instrument && open.order.id != order.id);
    for open in others {
        if open.order.kind == OrderKind::Market && open.order.parent.is_none() {
            held = position_after(&open.order, account, held)?;
        }
    }
    let after = position_after(order, account, held)?;
    Ok(if held.is_negative() { !after.is_positive() && after > held } else { !after.is_negative() && after < held })
}

/// Refuses a price that is farther from the market than a share of that.
fn near(price: Price, market: Price, limit: Rate) -> Result<(), Refusal> {
    let away = i128::from(price.nanos()) - i128::from(market.nanos());
    // |price - market| / market > limit, without a division.
    let outside = away.abs() * i128::from(Rate::ONE.nanos()) > i128::from(market.nanos()) * i128::from(limit.nanos());
    if outside { Err(Refusal::OutsideCollar { price, market, limit }) } else { Ok(()) }
}
