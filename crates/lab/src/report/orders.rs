//! The journal's orders, each folded to where it ended.
use std::fmt;

use qframe_engine::Keep;
use qframe_model::event::{CancelReason, Event, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::OrderId;
use qframe_model::number::{Cash, Overflow, Price, Quantity};
use qframe_model::order::{Order, OrderKind, OrderState, Size, TimeInForce, Trail};
use qframe_model::refusal::Refusal;

use super::{Facts, ReportError};

/// An order and what became of it. A target whose fills went both ways is two of them, so that they add up with their sides.
#[derive(Debug)]
pub(super) struct Ended {
    /// As it was sent, but on the side that filled: that of a target is not known before.
    pub order: Order,
    pub end: End,
    pub filled: Quantity,
    /// The sum of price times units over the fills.
    pub paid: Cash,
    pub fee: Cash,
    /// Why the risk check withdrew it, where it did.
    pub withdrawn: Option<Refusal>,
}

/// Where an order stands after the last event.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// The risk check did not let it pass.
    Refused(Refusal),
    /// It was sent; the state, and the reason where there is one.
    Sent(OrderState, Option<Reason>),
}

/// Why an order ended without filling whole.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    Rejected(Refusal),
    Cancelled(CancelReason),
}

/// Every order of a run by ascending number.
///
/// # Errors
/// [`ReportError`] where the run kept no journal, or it does not read.
pub(super) fn all(facts: &Facts<'_>) -> Result<Vec<Ended>, ReportError> {
    if facts.backtest.setup().keep != Keep::All {
        return Err(ReportError::NotKept);
    }
    let (mut orders, mut forced): (Vec<Ended>, Vec<Ended>) = (Vec::new(), Vec::new());
    for event in facts.outcome.journal.iter() {
        match event? {
            Event::Submitted(order) => insert(&mut orders, Ended::new(order, End::Sent(OrderState::Submitted, None))),
            Event::Refused { order, refusal } => insert(&mut orders, Ended::new(order, End::Refused(refusal))),
            Event::Withdrawn { order, refusal, .. } => {
                if let Some(ended) = find(&mut orders, order) {
                    ended.withdrawn = Some(refusal);
                }
            }
            Event::Reported(Report::Forced(fill)) => forced.push(of_the_venue(&fill)?),
            Event::Reported(report) => step(&mut orders, &report)?,
            _ => {}
        }
    }
    // They have no number of their own; behind the others they add up with them.
    orders.extend(forced);
    Ok(orders)
}

/// What the venue traded by its own right, as the order that it amounts to: number 0, at the market.
fn of_the_venue(fill: &Fill) -> Result<Ended, Overflow> {
    let order = Order {
        id: fill.order,
        instrument: fill.instrument,
        side: fill.side,
        size: Size::Units(fill.quantity),
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        reduce_only: true,
        parent: None,
        group: None,
        purpose: fill.purpose,
        time: fill.time,
    };
    let mut ended = Ended::new(order, End::Sent(OrderState::Filled, None));
    ended.fill(fill)?;
    Ok(ended)
}

/// Numbers rise with the events that begin orders, so this nearly always appends.
fn insert(orders: &mut Vec<Ended>, ended: Ended) {
    let place = orders.partition_point(|other| other.order.id <= ended.order.id);
    orders.insert(place, ended);
}

fn step(orders: &mut Vec<Ended>, report: &Report) -> Result<(), Overflow> {
    let (id, end) = match *report {
        Report::Accepted { order, .. } => (order, End::Sent(OrderState::Accepted, None)),
        Report::Triggered { order, .. } => (order, End::Sent(OrderState::Triggered, None)),
        Report::Filled { fill, done: true } => (fill.order, End::Sent(OrderState::Filled, None)),
        Report::Filled { fill, done: false } => (fill.order, End::Sent(OrderState::PartiallyFilled, None)),
        Report::Cancelled { order, reason, .. } => {
            (order, End::Sent(OrderState::Cancelled, Some(Reason::Cancelled(reason))))
        }
        Report::Rejected { order, refusal, .. } => {
            (order, End::Sent(OrderState::Rejected, Some(Reason::Rejected(refusal))))
        }
        Report::Expired { order, .. } => (order, End::Sent(OrderState::Expired, None)),
        // No order of ours stands behind these.
        Report::Forced(_)
        | Report::Charged { .. }
        | Report::Accrued { .. }
        | Report::Split { .. }
        | Report::Converted { .. } => {
            return Ok(());
        }
    };
    let Some(ended) = find(orders, id) else { return Ok(()) };
    ended.end = end;
    let Report::Filled { fill, .. } = report else { return Ok(()) };
    if ended.filled.is_zero() {
        ended.order.side = fill.side;
    }
    if ended.order.side == fill.side {
        return ended.fill(fill);
    }
    let mut other = Ended::new(Order { side: fill.side, ..ended.order }, end);
    other.fill(fill)?;
    insert(orders, other);
    Ok(())
}

/// The last one of a number.
fn find(orders: &mut [Ended], id: OrderId) -> Option<&mut Ended> {
    let after = orders.partition_point(|ended| ended.order.id <= id);
    orders[..after].last_mut().filter(|ended| ended.order.id == id)
}

impl Ended {
    const fn new(order: Order, end: End) -> Self {
        Self { order, end, filled: Quantity::ZERO, paid: Cash::ZERO, fee: Cash::ZERO, withdrawn: None }
    }

    fn fill(&mut self, fill: &Fill) -> Result<(), Overflow> {
        let value = fill.price.times(fill.quantity).ok_or(Overflow("price x quantity"))?;
        self.filled = self.filled.plus(fill.quantity)?;
        self.paid = self.paid.plus(value)?;
        self.fee = self.fee.plus(fill.fee)?;
        Ok(())
    }

    /// The mean price of the fills by units, half-even at 1e-9.
    pub(super) fn average_price(&self) -> Option<Price> {
        self.paid.per_unit(self.filled)
    }

    /// The kind's name, its limit and its trigger.
    pub(super) const fn kind(&self) -> (&'static str, Option<Price>, Option<Price>) {
        match self.order.kind {
            OrderKind::Market => ("market", None, None),
            OrderKind::Limit(limit) => ("limit", Some(limit), None),
            OrderKind::Stop(trigger) => ("stop", None, Some(trigger)),
            OrderKind::StopLimit { trigger, limit } => ("stop_limit", Some(limit), Some(trigger)),
            OrderKind::TrailingStop(_) => ("trailing_stop", None, None),
            OrderKind::MarketIfTouched(trigger) => ("market_if_touched", None, Some(trigger)),
            OrderKind::LimitIfTouched { trigger, limit } => ("limit_if_touched", Some(limit), Some(trigger)),
            OrderKind::MarketOnOpen => ("market_on_open", None, None),
            OrderKind::MarketOnClose => ("market_on_close", None, None),
            OrderKind::Iceberg { limit, .. } => ("iceberg", Some(limit), None),
        }
    }

    /// How far a trailing stop stays behind; a share is marked as `share:`.
    pub(super) fn trail(&self) -> String {
        match self.order.kind {
            OrderKind::TrailingStop(Trail::Distance(distance)) => distance.to_string(),
            OrderKind::TrailingStop(Trail::Share(share)) => format!("share:{share}"),
            _ => String::new(),
        }
    }

    /// The units that an iceberg shows at a time.
    pub(super) fn display(&self) -> String {
        match self.order.kind {
            OrderKind::Iceberg { display, .. } => display.to_string(),
            _ => String::new(),
        }
    }

    /// What was asked for: a number of units, or the rule that makes one at the fill.
    pub(super) fn size(&self) -> String {
        match self.order.size {
            Size::Units(units) => units.to_string(),
            Size::Budget(cash) => format!("cash:{cash}"),
            Size::Equity(share) => format!("equity:{share}"),
            Size::TargetWeight(share) => format!("target_weight:{share}"),
            Size::TargetUnits(units) => format!("target_units:{units}"),
            Size::Close => "close".to_owned(),
        }
    }

    pub(super) fn time_in_force(&self) -> String {
        match self.order.time_in_force {
            TimeInForce::Gtc => "GTC".to_owned(),
            TimeInForce::Day => "DAY".to_owned(),
            TimeInForce::Ioc => "IOC".to_owned(),
            TimeInForce::Fok => "FOK".to_owned(),
            TimeInForce::Gtd(until) => format!("GTD {until}"),
        }
    }

    pub(super) const fn state(&self) -> &'static str {
        match self.end {
            End::Refused(_) => "refused",
            End::Sent(OrderState::Created, _) => "created",
            End::Sent(OrderState::Submitted, _) => "submitted",
            End::Sent(OrderState::Accepted, _) => "accepted",
            End::Sent(OrderState::Triggered, _) => "triggered",
            End::Sent(OrderState::PartiallyFilled, _) => "partially_filled",
            End::Sent(OrderState::Filled, _) => "filled",
            End::Sent(OrderState::Cancelled, _) => "cancelled",
            End::Sent(OrderState::Rejected, _) => "rejected",
            End::Sent(OrderState::Expired, _) => "expired",
        }
    }

    /// True where it was not taken, by the risk check or by the venue, though there was something to trade: a target that
    /// is met already is no failure.
    pub(super) const fn is_refused(&self) -> bool {
        match self.end {
            End::Refused(refusal) | End::Sent(OrderState::Rejected, Some(Reason::Rejected(refusal))) => {
                !matches!(refusal, Refusal::AlreadyThere)
            }
            End::Sent(state, _) => matches!(state, OrderState::Rejected),
        }
    }

    /// Why it was refused, rejected or withdrawn, as a sentence; empty where there is nothing to say.
    pub(super) fn reason(&self) -> String {
        match self.end {
            End::Refused(refusal) => refusal.to_string(),
            End::Sent(_, Some(Reason::Cancelled(CancelReason::Requested))) if self.withdrawn.is_some() => {
                self.withdrawn.map_or(String::new(), |refusal| refusal.to_string())
            }
            End::Sent(_, reason) => reason.map_or(String::new(), |reason| reason.to_string()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(refusal) | Self::Cancelled(CancelReason::Refused(refusal)) => refusal.fmt(f),
            Self::Cancelled(CancelReason::Requested) => f.write_str("the strategy asked"),
            Self::Cancelled(CancelReason::Group) => f.write_str("another order of its group filled"),
            Self::Cancelled(CancelReason::Parent) => f.write_str("the order it waited for ended without a fill"),
            Self::Cancelled(CancelReason::Immediate) => f.write_str("no more could be filled at once"),
            Self::Cancelled(CancelReason::NothingToClose) => f.write_str("the position it was to close is gone"),
            Self::Cancelled(CancelReason::Clipped) => f.write_str("the rest was more than the account could pay for"),
            Self::Cancelled(CancelReason::Split) => f.write_str("the shares were split"),
            Self::Cancelled(CancelReason::Closed) => f.write_str("what it began was closed while it was being filled"),
            Self::Cancelled(CancelReason::DataEnded) => f.write_str("the data ended while it was on its way"),
            Self::Cancelled(CancelReason::SelfTrade) => f.write_str("it would have traded with its own user"),
            Self::Cancelled(CancelReason::Settled) => f.write_str("its contract settled"),
            Self::Cancelled(CancelReason::Limited) => f.write_str("the rest was more units than a limit allows"),
        }
    }
}
