//! Buy and hold: what a run is measured against.
use qframe_engine::Series;
use qframe_model::ids::InstrumentId;
use qframe_model::market::{Bar, CorporateAction};
use qframe_model::time::Time;

use crate::backtest::Backtest;
use crate::dataset::DataSet;
use crate::feed::{Feed, Moment};

/// One unit that is held: splits make it more units, dividends bring money that is kept.
#[derive(Debug, Clone)]
struct Held<'a> {
    instrument: InstrumentId,
    actions: &'a [(Time, InstrumentId, CorporateAction)],
    units: f64,
    money: f64,
    value: f64,
}

impl<'a> Held<'a> {
    fn new(backtest: &'a Backtest, instrument: InstrumentId) -> Self {
        let actions = &backtest.setup().venue.actions;
        Self { instrument, actions, units: 1.0, money: 0.0, value: 1.0 }
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
}

/// One symbol of several, and what one unit was worth when it was bought. Before its first close it is worth that.
#[derive(Debug, Clone)]
struct Bought<'a> {
    held: Held<'a>,
    at: f64,
}

/// The benchmark at each point of a run's curve, and the point at whose close it is bought: the first on which the strategy
/// could act. It is what one unit is worth; of several symbols what came of the same money in each, as a multiple of it. The money
/// of a symbol that begins later waits for its first close. Before that point the same units are valued.
pub(crate) fn buy_and_hold<'a>(backtest: &'a Backtest, warm_up: usize) -> (usize, Box<dyn Iterator<Item = f64> + 'a>) {
    if let [set] = backtest.data() {
        let mut held = Held::new(backtest, InstrumentId(0));
        return (warm_up.saturating_sub(1), Box::new(set.bars().iter().map(move |bar| held.close(bar))));
    }
    let (start, mut bought) = bought(backtest, warm_up);
    let mut feed = Feed::new(backtest.data());
    let values = std::iter::from_fn(move || {
        loop {
            let (_, moment) = feed.next()?;
            let Moment::Closes(bars) = moment else { continue };
            for (id, bar) in bars {
                bought[id.index()].as_mut().map(|bought| bought.held.close(bar));
            }
            let all = bought.iter().flatten();
            return Some(all.clone().map(|one| one.held.value / one.at).sum::<f64>() / all.count() as f64);
        }
    });
    (start, Box::new(values))
}

/// The point at which one of the series of the first one's frame has had the bars of a warm-up, and at what each is bought. A
/// strategy counts in bars of that frame; what is given in another one beside it brings nothing forward.
fn bought(backtest: &Backtest, warm_up: usize) -> (usize, Vec<Option<Bought<'_>>>) {
    let begun = |(series, set): (&Series, &DataSet)| {
        series.matched.then(|| {
            let mut held = Held::new(backtest, series.instrument);
            let at = held.clone().close(&set.bars()[0]);
            held.value = at;
            Bought { held, at }
        })
    };
    let mut bought: Vec<_> = backtest.series().iter().zip(backtest.data()).map(begun).collect();
    let mut running: Vec<_> = bought.iter().map(|one| one.as_ref().map(|one| one.held.clone())).collect();
    let (series, mut counts) = (backtest.series(), vec![0; bought.len()]);
    let (mut feed, mut start) = (Feed::new(backtest.data()), 0);
    while let Some((_, moment)) = feed.next() {
        let Moment::Closes(bars) = moment else { continue };
        let mut is_warm = false;
        for (id, bar) in bars {
            if let (Some(bought), Some(held)) = (&mut bought[id.index()], &mut running[id.index()]) {
                bought.at = held.close(bar);
                is_warm |= warm_up == 0;
            }
            counts[id.index()] += 1;
            is_warm |= series[id.index()].frame == series[0].frame && counts[id.index()] >= warm_up;
        }
        if is_warm {
            break;
        }
        start += 1;
    }
    (start, bought)
}
