//! What the run has at its end of symbols whose prices ended before.
use std::fmt;

use qframe_model::event::{Event, Report};
use qframe_model::fill::Fill;
use qframe_model::ids::{InstrumentId, OrderId};
use qframe_model::number::{Cash, Overflow, Quantity};
use qframe_model::time::Time;
use serde::Serialize;

use super::{Facts, ReportError, text};
use crate::ended::Ended;

/// A symbol that ended, and what is held and ordered of it at the end.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Left {
    #[serde(skip)]
    pub ended: Ended,
    last: Time,
    days_before_the_end: i64,
    /// Units, with the sign of the side.
    held: Quantity,
    /// Their value at the last price, in the reporting currency.
    value: Cash,
    share_of_equity: f64,
    open_orders: usize,
    #[serde(skip)]
    money: String,
}

impl Left {
    /// True where there is more to say than that it ended.
    pub(super) const fn counts(&self) -> bool {
        !self.held.is_zero() || self.open_orders > 0
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ended.fmt(f)?;
        if !self.held.is_zero() {
            let share = text::percent(Some(100.0 * self.share_of_equity));
            write!(
                f,
                "; {} units are held to the end at that price, worth {}, {share} of the equity",
                self.held, self.money
            )?;
        }
        match self.open_orders {
            0 => Ok(()),
            1 => f.write_str("; 1 order for it is open at the end"),
            open => write!(f, "; {open} orders for it are open at the end"),
        }
    }
}

/// All of them, by their numbers.
pub(super) fn left(facts: &Facts<'_>) -> Result<Vec<Left>, ReportError> {
    let all = facts.backtest.ended();
    // Whoever has none reads no journal.
    let open = if all.is_empty() { Vec::new() } else { open(facts)? };
    let account = &facts.outcome.account;
    let of = |ended: Ended| {
        let (id, held) = (ended.instrument, account.position(ended.instrument).quantity);
        let price = account.mark_of(id).unwrap_or_default();
        let value = account.to_reporting(account.quote_of(id), account.instrument(id).value(price, held)?)?;
        Ok(Left {
            last: ended.last,
            days_before_the_end: ended.days,
            held,
            value,
            share_of_equity: value.to_f64() / account.equity().to_f64(),
            open_orders: open.iter().filter(|(_, of)| *of == id).count(),
            money: text::money(value, facts.backtest.setup().currency),
            ended,
        })
    };
    let left: Result<Vec<Left>, Overflow> = all.into_iter().map(of).collect();
    Ok(left?)
}

/// The orders that were sent and have not ended, and what they are for.
fn open(facts: &Facts<'_>) -> Result<Vec<(OrderId, InstrumentId)>, ReportError> {
    let mut open = Vec::new();
    for event in facts.outcome.journal.iter() {
        match event? {
            Event::Submitted(order) => open.push((order.id, order.instrument)),
            Event::Reported(
                Report::Filled { done: true, fill: Fill { order, .. } }
                | Report::Cancelled { order, .. }
                | Report::Rejected { order, .. }
                | Report::Expired { order, .. },
            ) => open.retain(|(id, _)| *id != order),
            _ => {}
        }
    }
    Ok(open)
}
