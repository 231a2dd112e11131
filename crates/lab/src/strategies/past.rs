//! The returns of several symbols over the last bars, at the instants that all of them have.
use qframe_data::{Align, Closes, Panel};
use qframe_engine::{Context, Market};
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::market::Bar;
use qframe_quant::covariance::Returns;

/// The instrument of each series that had a bar.
#[derive(Debug, Clone)]
pub(super) struct Past(pub(super) Vec<Option<InstrumentId>>);

/// What a window holds.
pub(super) struct Seen {
    pub(super) ids: Vec<InstrumentId>,
    /// A column an instrument.
    pub(super) returns: Returns,
    /// Observations of a year, as `portfolio optimise` counts them in the same prices.
    pub(super) periods: f64,
}

impl Past {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes in a row.
    pub(super) fn note(&mut self, market: &Market<'_>, context: &Context<'_>) {
        let place = context.series().index();
        if place >= self.0.len() {
            self.0.resize(place + 1, None);
        }
        self.0[place] = market.bar().map(|_| context.instrument()).or(self.0[place]);
    }

    /// The instruments whose prices moved, and their returns over `window` bars; `None` where less than half of the window
    /// is there. Of an instrument in several time frames the first counts. One that began within the newest half of the window, or
    /// ended before it, is passed over: it would leave few instants to all others.
    pub(super) fn returns(&self, window: usize, context: &Context<'_>) -> Option<Seen> {
        let mut all: Vec<(InstrumentId, &[Bar])> = Vec::new();
        for (place, id) in self.0.iter().enumerate().filter_map(|(place, id)| Some((place, (*id)?))) {
            let bars = context.history_of(SeriesId(place as u16));
            let bars = &bars[bars.len().saturating_sub(window + 1)..];
            if bars.len() > window / 2 && !all.iter().any(|(known, _)| *known == id) {
                all.push((id, bars));
            }
        }
        let newest = all.iter().filter_map(|(_, bars)| bars.last().zip(bars.get(bars.len() / 2)));
        let half = newest.max_by_key(|(last, _)| last.time)?.1.time;
        let moves = |bars: &[Bar]| bars.windows(2).any(|pair| pair[0].close != pair[1].close);
        all.retain(|(_, bars)| bars.last().is_some_and(|last| last.time >= half) && moves(bars));
        let closes = |bars: &[Bar]| bars.iter().map(|bar| (bar.time, bar.close)).collect();
        let series: Vec<Closes> = all.iter().map(|(id, bars)| (id.to_string(), closes(bars))).collect();
        let panel = Panel::new(&series, Align::Inner).ok()?;
        let is_enough = panel.times.len() > (window / 2).max(3);
        let returns = Returns::new(panel.returns(), all.len()).ok().filter(|_| is_enough)?;
        let ids = all.into_iter().map(|(id, _)| id).collect();
        Some(Seen { ids, returns, periods: panel.periods_per_year() })
    }
}
