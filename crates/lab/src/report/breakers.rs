//! The circuit breakers of a run: what tripped, when, and what armed it again.
use qframe_engine::Journal;
use qframe_model::breaker::{TradingState, Trip};
use qframe_model::event::Event;
use qframe_model::refusal::Refusal;
use qframe_model::time::Time;
use serde::Serialize;

use super::{Facts, ReportError};

/// What the journal tells of risk control, beside the orders that were refused.
#[derive(Debug, Default)]
pub(super) struct Control {
    /// In the order of their trips.
    pub trips: Vec<Tripped>,
    /// The state at the end.
    pub state: TradingState,
    /// How many orders were withdrawn, and why the first.
    pub withdrawn: Option<(u64, Refusal)>,
}

/// A trip, and when it was over.
#[derive(Debug)]
pub(super) struct Tripped {
    pub trip: Trip,
    pub rearmed: Option<Time>,
}

impl Control {
    pub(super) fn of(journal: &Journal) -> Result<Self, ReportError> {
        let mut control = Self::default();
        for event in journal.iter() {
            match event? {
                Event::Tripped(trip) => control.trips.push(Tripped { trip, rearmed: None }),
                Event::Rearmed { breaker, time, .. } => {
                    let last = control.trips.iter_mut().rev().find(|tripped| tripped.trip.breaker == breaker);
                    last.into_iter().for_each(|tripped| tripped.rearmed = Some(time));
                }
                Event::StateChanged { state, .. } => control.state = state,
                Event::Withdrawn { refusal, .. } => {
                    let (count, _) = control.withdrawn.get_or_insert((0, refusal));
                    *count += 1;
                }
                _ => {}
            }
        }
        Ok(control)
    }
}

/// A trip as JSON tells it.
#[derive(Serialize)]
pub(super) struct TripRow<'a> {
    time: Time,
    breaker: Option<u16>,
    cause: String,
    symbol: Option<&'a str>,
    value: String,
    threshold: String,
    state: String,
    rearms: String,
    rearmed: Option<Time>,
}

impl<'a> TripRow<'a> {
    pub(super) fn of(facts: &Facts<'a>, tripped: &Tripped) -> Self {
        let Tripped { trip, rearmed } = tripped;
        let instruments = facts.backtest.instruments();
        let symbol = trip.instrument.and_then(|id| instruments.get(id.index()));
        Self {
            time: trip.time,
            breaker: trip.breaker,
            cause: trip.cause.to_string(),
            symbol: symbol.map(|instrument| instrument.symbol().as_str()),
            value: trip.value.to_string(),
            threshold: trip.threshold.to_string(),
            state: trip.then.to_string(),
            rearms: trip.rearms.to_string(),
            rearmed: *rearmed,
        }
    }

    pub(super) const fn symbol(&self) -> Option<&'a str> {
        self.symbol
    }
}
