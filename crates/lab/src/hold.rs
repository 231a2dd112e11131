//! Buy and hold: what a run is measured against.
use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, CorporateAction};
use qframe_model::time::Time;

use crate::backtest::Backtest;
use crate::feed::{Feed, Moment};

/// One unit that is held: splits make it more units, dividends bring money that is kept.
#[derive(Debug, Clone)]
struct Held<'a> {
    instrument: InstrumentId,
    actions: &'a [(Time, InstrumentId, CorporateAction)],
    units: f64,
    money: f64,
    first: Option<f64>,
    value: f64,
}

impl<'a> Held<'a> {
    fn new(backtest: &'a Backtest, instrument: InstrumentId) -> Self {
        let actions = &backtest.setup().venue.actions;
        Self { instrument, actions, units: 1.0, money: 0.0, first: None, value: 1.0 }
    }

    /// What it is worth at the close of a bar.
    #[inline]
    fn close(&mut self, bar: &Bar) -> f64 {
        while let Some(((time, instrument, action), rest)) = self.actions.split_first()
            && *time <= bar.time
        {
            self.actions = rest;
            match action {
                _ if *instrument != self.instrument => {}
                CorporateAction::Split(ratio) => {
                    let (new, old) = ratio.fraction();
                    self.units *= new as f64 / old as f64;
                }
                CorporateAction::Dividend(paid) => self.money += self.units * paid.each.to_f64(),
            }
        }
        self.value = self.units * bar.close.to_f64() + self.money;
        self.value
    }

    /// That, over its first close.
    fn grown(&self) -> f64 {
        self.value / self.first.unwrap_or(self.value)
    }
}

/// The benchmark at each point of a run's curve: what one unit is worth; of several symbols the same money in each at its
/// first close, as a multiple of it.
pub(crate) fn buy_and_hold<'a>(backtest: &'a Backtest) -> Box<dyn Iterator<Item = f64> + 'a> {
    if let [set] = backtest.data() {
        let mut held = Held::new(backtest, InstrumentId(0));
        return Box::new(set.bars().iter().map(move |bar| held.close(bar)));
    }
    let series = backtest.series();
    let mut held: Vec<_> =
        series.iter().map(|series| series.matched.then(|| Held::new(backtest, series.instrument))).collect();
    let mut feed = Feed::new(backtest.data());
    Box::new(std::iter::from_fn(move || {
        loop {
            let (_, moment) = feed.next()?;
            let Moment::Closes(bars) = moment else { continue };
            for (id, bar) in bars {
                if let Some(held) = &mut held[id.index()] {
                    let value = held.close(bar);
                    held.first.get_or_insert(value);
                }
            }
            let all = held.iter().flatten();
            return Some(all.clone().map(Held::grown).sum::<f64>() / all.count() as f64);
        }
    }))
}
