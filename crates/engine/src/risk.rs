//! The risk check: every order passes it, and only here is an order approved.
//!
//! [`Limits`] are what a user sets, [`RiskControl`] holds a run to them: it judges each order by the worst that all open
//! orders can do, and its [circuit breakers](Breaker) watch the equity, the market and the executions.
mod breaker;
mod control;
mod limits;
mod losses;
mod measure;
mod pace;
mod reach;
mod window;

use qframe_model::account::Account;
use qframe_model::breaker::TradingState;
use qframe_model::event::{Event, Report};
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::instrument::Kind;
use qframe_model::market::Bar;
use qframe_model::number::{Cash, Quantity};
use qframe_model::order::{Order, OrderKind, Size};
use qframe_model::refusal::Refusal;
use qframe_model::symbol::Symbol;
use qframe_model::time::{Time, TimeFrame};

use crate::input::Command;
use crate::orders::OpenOrders;
use crate::tape::Tape;
use reach::Named;

pub use breaker::{Breaker, Trigger, Usually, Watched};
pub use control::RiskControl;
pub use limits::{Limits, PortfolioLimits, SymbolLimits, UnitLimits};

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

/// How an order passes the risk check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// As it is.
    Whole,
    /// So that it can only reduce the position.
    Reducing,
}

impl Passed {
    /// True for an order that can only reduce from here on.
    #[must_use]
    pub fn reduces(self, order: &Order) -> bool {
        order.reduce_only || self == Self::Reducing
    }
}

/// What happened at an instant, as a risk check sees it.
#[derive(Debug, Clone, Copy)]
pub struct Sight<'a> {
    /// When it is known.
    pub now: Time,
    /// The instant whose day the equity counts to: of a bar its opening.
    pub of: Time,
    /// What is known.
    pub row: Row<'a>,
    /// The account, at the marks of now.
    pub account: &'a Account,
}

/// A row of the market, as a risk check sees it.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    /// A closed bar.
    Bar(InstrumentId, TimeFrame, &'a Bar),
    /// A tick, and what is known of its market with it.
    Tick(InstrumentId, &'a Tape),
    /// Time passed.
    None,
}

/// Judges orders: called for every order, and where it watches for every row and report.
pub trait RiskCheck {
    /// Lets an order pass, as it is or so that it can only reduce; or says why not.
    ///
    /// # Errors
    /// The [`Refusal`] with the value and the limit.
    fn check(&mut self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<Passed, Refusal>;

    /// Lets the work of a parent order begin or go on, or says why not: judged as one order of all its units, and none that
    /// is sent. Its slices are judged each.
    ///
    /// # Errors
    /// As [`RiskCheck::check`].
    fn check_work(&mut self, order: &Order, account: &Account, orders: &OpenOrders) -> Result<Passed, Refusal> {
        self.check(order, account, orders)
    }

    /// Judges again what has passed and could open or enlarge a position, oldest first; what would not pass now goes to
    /// `beyond`, and is withdrawn.
    fn check_again(&mut self, _account: &Account, _orders: &OpenOrders, _beyond: &mut Vec<(OrderId, Refusal)>) {}

    /// Why nothing that opens may pass now, whatever it is; `None` where it may.
    fn stop(&self) -> Option<Refusal> {
        None
    }

    /// The limits of a symbol that hold at each fill too, where an order of money becomes units. Asked once, before the run.
    fn in_units(&self, _symbol: &Symbol) -> UnitLimits {
        UnitLimits::OFF
    }

    /// True where [`RiskCheck::check_again`] and [`RiskCheck::stop`] can have something to say. Asked once, before the run.
    fn judges_again(&self) -> bool {
        false
    }

    /// True where [`RiskCheck::observe`] and [`RiskCheck::hear`] are to be called. Asked once, before the run.
    fn watches(&self) -> bool {
        false
    }

    /// Sees a row; what it has to say goes to `events`.
    fn observe(&mut self, _sight: &Sight<'_>, _events: &mut Vec<Event>) {}

    /// Hears what a venue says, before the account does. `asked` is the order that it speaks of.
    fn hear(&mut self, _report: &Report, _asked: Option<&Order>, _account: &Account) {}

    /// The owner paid in (negative: took out): no gain and no loss.
    fn paid(&mut self, _now: Time, _amount: Cash) {}

    /// A person trips or re-arms breakers.
    fn obey(&mut self, _command: Command, _sight: &Sight<'_>, _events: &mut Vec<Event>) {}

    /// Every position is closed and no order is open.
    fn flattened(&mut self, _now: Time, _events: &mut Vec<Event>) {}

    /// What trading may do now.
    fn state(&self) -> TradingState {
        TradingState::Normal
    }
}

/// Runs the check; the only place that makes an [`Approved`] order, but for [`approve_close`]. The engine calls it for what
/// strategies ask; an exchange that serves strangers calls it for what they send.
///
/// # Errors
/// The [`Refusal`] of the order's form, or of `check`.
#[inline(always)]
pub fn approve(
    order: &Order,
    account: &Account,
    orders: &OpenOrders,
    check: &mut impl RiskCheck,
) -> Result<Approved<Order>, Refusal> {
    check_form(order, account)?;
    check_bounds(order, account)?;
    let passed = check.check(order, account, orders)?;
    Ok(Approved(Order { reduce_only: passed.reduces(order), ..*order }))
}

/// As [`approve`], for a parent order that is worked in slices: a venue bounds those, not the whole.
///
/// # Errors
/// As [`approve`].
pub(crate) fn approve_work(
    order: &Order,
    account: &Account,
    orders: &OpenOrders,
    check: &mut impl RiskCheck,
) -> Result<Passed, Refusal> {
    check_form(order, account)?;
    check.check_work(order, account, orders)
}

/// Approves the order that closes a whole position at the market and can do nothing else: no limit stands against it.
///
/// # Errors
/// The [`Refusal`] of the order's form; [`Refusal::NothingToReduce`] for any other order.
pub fn approve_close(order: &Order, account: &Account) -> Result<Approved<Order>, Refusal> {
    check_form(order, account)?;
    let closes = order.size == Size::Close && order.kind == OrderKind::Market && order.reduce_only;
    if closes { Ok(Approved(*order)) } else { Err(Refusal::NothingToReduce) }
}

/// What every order must satisfy, whatever the limits.
#[inline(always)]
fn check_form(order: &Order, account: &Account) -> Result<(), Refusal> {
    let instrument = account.instrument(order.instrument);
    if matches!(instrument.kind(), Kind::Future { expiry } if order.time >= expiry) {
        return Err(Refusal::Settled);
    }
    let rules = instrument.rules();
    match order.size {
        Size::Units(units) if !units.is_positive() => return Err(Refusal::NoQuantity(units)),
        Size::Units(units) | Size::TargetUnits(units) if units.abs() < rules.lot && !units.is_zero() => {
            return Err(Refusal::BelowLot { asked: units, lot: rules.lot });
        }
        Size::Budget(budget) if !budget.is_positive() => return Err(Refusal::NoQuantity(Quantity::ZERO)),
        _ => {}
    }
    Named::of(order).try_each(|price| if price.is_positive() { Ok(()) } else { Err(Refusal::BadPrice(price)) })
}

/// What the venue takes. It bounds what closes as well; but a position without its way out is worse than an order that is
/// refused there.
#[inline(always)]
fn check_bounds(order: &Order, account: &Account) -> Result<(), Refusal> {
    let bounds = account.instrument(order.instrument).rules().bounds;
    if order.reduce_only {
        return Ok(());
    }
    if let Size::Units(units) = order.size {
        bounds.check_quantity(units)?;
    }
    Named::of(order).try_each(|price| bounds.check_price(price))
}
