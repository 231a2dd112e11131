//! An event in a few words.
use qframe_model::event::Event;
use qframe_model::ids::InstrumentId;
use qframe_model::order::{Order, OrderKind, Size};
use qframe_model::time::Time;

use crate::backtest::Backtest;

/// When it was decided or reported.
pub(super) const fn time(event: &Event) -> Option<Time> {
    match event {
        Event::Submitted(order) | Event::Refused { order, .. } => Some(order.time),
        Event::Deposited { time, .. }
        | Event::Signalled { time, .. }
        | Event::CancelRequested { time, .. }
        | Event::Ended { time, .. }
        | Event::Scheduled { time, .. }
        | Event::Rearmed { time, .. }
        | Event::StateChanged { time, .. }
        | Event::Withdrawn { time, .. }
        | Event::WithdrawalRefused { time, .. } => Some(*time),
        Event::Reported(report) | Event::ReportRefused { report, .. } => Some(report.time()),
        Event::Tripped(trip) => Some(trip.time),
        Event::Started(_) | Event::Sliced { .. } => None,
    }
}

/// What happened, as `signal +0.52 on AAPL` or `order 7: buy market, equity 100%, on AAPL`.
pub(super) fn event(event: &Event, backtest: &Backtest) -> String {
    let on = |id: InstrumentId| {
        backtest.instruments().get(id.index()).map_or_else(|| id.to_string(), |of| of.symbol().to_string())
    };
    match event {
        Event::Signalled { instrument, strength, .. } => format!("signal {strength:+} on {}", on(*instrument)),
        Event::Submitted(order) => format!("{}, on {}", ordered(order), on(order.instrument)),
        Event::Refused { order, refusal } => {
            format!("{}, on {}, refused: {refusal}", ordered(order), on(order.instrument))
        }
        Event::CancelRequested { order, .. } => format!("order {} withdrawn", order.0),
        Event::Scheduled { order, instrument, side, total, slices, .. } => {
            format!("order {}: {side} {total} in {slices} slices, on {}", order.0, on(*instrument))
        }
        Event::Sliced { parent, order } => format!("order {} as a slice of {}", order.0, parent.0),
        Event::Reported(_) => "a report of the venue".to_owned(),
        Event::ReportRefused { .. } => "a report of the venue that was not applied".to_owned(),
        Event::Tripped(trip) => format!("a breaker: {trip}"),
        Event::Rearmed { cause, .. } => format!("a breaker armed again: {cause}"),
        Event::StateChanged { state, .. } => format!("trading is {state}"),
        Event::Withdrawn { order, refusal, .. } => format!("order {} withdrawn: {refusal}", order.0),
        Event::Ended { .. } => "the end of the run".to_owned(),
        Event::Started(_) => "the beginning of the run".to_owned(),
        Event::Deposited { .. } | Event::WithdrawalRefused { .. } => "a payment of the owner".to_owned(),
    }
}

fn ordered(order: &Order) -> String {
    let kind = match order.kind {
        OrderKind::Market => "market".to_owned(),
        OrderKind::Limit(limit) => format!("limit {limit}"),
        OrderKind::Stop(trigger) => format!("stop {trigger}"),
        OrderKind::StopLimit { trigger, limit } => format!("stop {trigger} limit {limit}"),
        OrderKind::TrailingStop(_) => "trailing stop".to_owned(),
        OrderKind::MarketIfTouched(trigger) => format!("if touched {trigger}"),
        OrderKind::LimitIfTouched { trigger, limit } => format!("if touched {trigger} limit {limit}"),
        OrderKind::MarketOnOpen => "market on open".to_owned(),
        OrderKind::MarketOnClose => "market on close".to_owned(),
        OrderKind::Iceberg { limit, .. } => format!("iceberg {limit}"),
    };
    let size = match order.size {
        Size::Units(units) => units.to_string(),
        Size::Budget(cash) => format!("for {cash}"),
        Size::Equity(share) => format!("{share} of the equity"),
        Size::TargetWeight(share) => format!("to {share} of the equity"),
        Size::TargetUnits(units) => format!("to {units}"),
        Size::Close => "all that is held".to_owned(),
    };
    format!("order {}: {} {kind}, {size}", order.id.0, order.side)
}
