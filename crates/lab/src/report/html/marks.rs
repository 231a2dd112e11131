//! Where the trades that a price chart marks were opened: at their fills, not at the average of them.
use qframe_model::event::{Event, Report};
use qframe_model::fill::Fill;
use qframe_model::market::Side;
use qframe_model::number::{Price, Quantity};
use qframe_model::position::ClosedTrade;
use qframe_model::time::Time;

use crate::report::Facts;

/// A fill that opened units, or added to them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    side: Side,
    pub(super) time: Time,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
}

/// The openings of each instrument, in the order of the journal; none where the run kept no events.
pub(super) fn openings(facts: &Facts<'_>) -> Vec<Vec<Opening>> {
    let count = facts.backtest.instruments().len();
    let (mut openings, mut held) = (vec![Vec::new(); count], vec![Quantity::ZERO; count]);
    for event in facts.outcome.journal.iter().map_while(Result::ok) {
        match &event {
            Event::Reported(Report::Filled { fill, .. } | Report::Forced(fill)) => {
                let place = fill.instrument.index();
                let before = held[place];
                let Ok(after) = before.plus(fill.signed()) else { return openings };
                held[place] = after;
                openings[place].extend(opening(fill, before, after));
            }
            Event::Reported(Report::Split { instrument, ratio, .. }) => {
                let (new, old) = ratio.fraction();
                let place = instrument.index();
                held[place] = held[place].share(new, old).unwrap_or(held[place]);
            }
            _ => {}
        }
    }
    openings
}

/// What of a fill opens: all of one that goes the way of the position, else what goes through zero.
fn opening(fill: &Fill, before: Quantity, after: Quantity) -> Option<Opening> {
    let same = before.is_zero() || Side::of(before) == fill.side;
    let quantity = match (same, after.is_zero() || Side::of(after) != fill.side) {
        (true, _) => fill.quantity,
        (false, false) => after.abs(),
        (false, true) => return None,
    };
    Some(Opening { side: fill.side, time: fill.time, price: fill.price, quantity })
}

/// The openings of a trade, of those of its instrument.
pub(super) fn of<'a>(openings: &'a [Opening], trade: &ClosedTrade) -> impl Iterator<Item = &'a Opening> {
    let (first, last, side) = (trade.entry_time, trade.exit_time, trade.side);
    let start = openings.partition_point(|opening| opening.time < first);
    openings[start..].iter().take_while(move |opening| opening.time <= last).filter(move |opening| opening.side == side)
}
