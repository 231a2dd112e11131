//! The returns of several symbols over the last bars, at the instants that all of them have.
use qframe_data::{Align, Closes, Panel, periods_per_year, quiet_days};
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

    /// The newest bars of each instrument, as many as `closes` at most. Of one in several time frames the first counts.
    fn bars<'a>(&self, closes: usize, context: &'a Context<'_>) -> Vec<(InstrumentId, &'a [Bar])> {
        let mut all: Vec<(InstrumentId, &[Bar])> = Vec::new();
        for (place, id) in self.0.iter().enumerate().filter_map(|(place, id)| Some((place, (*id)?))) {
            let bars = context.history_of(SeriesId(place as u16));
            if !bars.is_empty() && !all.iter().any(|(known, _)| *known == id) {
                all.push((id, &bars[bars.len().saturating_sub(closes)..]));
            }
        }
        all
    }

    /// The instruments that have had no price for longer than weekends, holidays and a bar that is not over explain, as far as is
    /// known now: what is ordered of them waits.
    pub(super) fn ended(&self, window: usize, context: &Context<'_>) -> Vec<InstrumentId> {
        let all = self.bars(window + 1, context);
        let last = |bars: &[Bar]| bars.last().map(|bar| bar.time);
        let Some((_, newest)) = all.iter().max_by_key(|(_, bars)| last(bars)) else { return Vec::new() };
        let most = quiet_days(periods_per_year(&newest.iter().map(|bar| bar.time).collect::<Vec<_>>()));
        let day = |bars: &[Bar]| last(bars).unwrap_or_default().day();
        let is_old = |bars: &[Bar]| day(newest) - day(bars) > most;
        all.iter().filter(|(_, bars)| is_old(bars)).map(|(id, _)| *id).collect()
    }

    /// The instruments whose prices moved, and their returns over `window` bars; `None` where less than half of them are at common
    /// instants. One that has fewer closes, that has ended, or that has no price in the newest half of the window is passed over: it
    /// would leave few instants to all others.
    pub(super) fn returns(&self, window: usize, ended: &[InstrumentId], context: &Context<'_>) -> Option<Seen> {
        let mut all = self.bars(window + 1, context);
        all.retain(|(id, bars)| bars.len() > window && !ended.contains(id));
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
