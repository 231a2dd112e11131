//! Symbols whose prices end long before those of the others: what is held of them stays, at the last price.
use std::fmt;

use qframe_data::{periods_per_year, quiet_days};
use qframe_model::count::counted;
use qframe_model::ids::InstrumentId;
use qframe_model::symbol::{Symbol, SymbolParts};
use qframe_model::time::{Span, Time};

use crate::backtest::Backtest;
use crate::dataset::DataSet;

/// A symbol that has no price in the last days of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub instrument: InstrumentId,
    /// What it is called.
    pub symbol: Symbol,
    /// Its last bar.
    pub last: Time,
    /// How many days that is before the newest bar of all.
    pub days: i64,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = counted(self.days as usize, "day");
        write!(f, "{} has no price after {:#}, {days} before the newest of all", self.symbol, self.last)
    }
}

impl Backtest {
    /// The symbols whose prices end before those of the others by more than weekends, holidays and a bar that is not over explain.
    /// What expires then is over by its terms.
    #[must_use]
    pub fn ended(&self) -> Vec<Ended> {
        let ends: Vec<Time> =
            (0..self.instruments().len()).map(|place| self.end_of(InstrumentId(place as u16))).collect();
        let (newest, most) = (ends.iter().copied().max().unwrap_or_default(), self.quiet_days());
        let ended = ends.iter().enumerate().map(|(place, last)| Ended {
            instrument: InstrumentId(place as u16),
            symbol: self.instruments()[place].symbol().clone(),
            last: *last,
            days: newest.day() - last.day(),
        });
        let expires = |one: &Ended| expiry(&one.symbol).is_some_and(|expiry| expiry.day() - one.last.day() <= most);
        ended.filter(|one| one.days > most && !expires(one)).collect()
    }

    fn end_of(&self, instrument: InstrumentId) -> Time {
        let own = self.series().iter().zip(self.data()).filter(|(series, _)| series.instrument == instrument);
        own.filter_map(|(_, set)| Some(set.bars().last()?.time)).max().unwrap_or_default()
    }

    /// By the longest bars of the run.
    fn quiet_days(&self) -> i64 {
        let longest = self.data().iter().max_by_key(|set| set.frame()).filter(|set| set.frame().span() >= Span::DAY);
        let times = |set: &DataSet| set.bars().iter().map(|bar| bar.time).collect::<Vec<_>>();
        quiet_days(periods_per_year(&longest.map_or_else(Vec::new, times)))
    }
}

fn expiry(symbol: &Symbol) -> Option<Time> {
    match symbol.parts() {
        SymbolParts::Contract { expiry, .. } | SymbolParts::Listed { expiry, .. } => expiry,
        SymbolParts::Pair { .. } => None,
    }
}
