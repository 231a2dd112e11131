//! What rolling costs on a series of many contracts: its table of rolls is stored beside it.
use qframe_engine::venue::ContractRoll;
use qframe_lab::{Backtest, DataSet};
use qframe_model::ids::InstrumentId;

use super::catalog::Root;
use super::data::Source;
use super::raw::Raw;
use super::values::given;
use crate::error::Error;

/// The rolls that a run pays for, and a sentence on each series.
#[derive(Debug, Default)]
pub(crate) struct Rolls {
    pub(super) rows: Vec<ContractRoll>,
    pub(crate) told: Vec<String>,
}

const CHARGED: [(&str, bool); 2] = [("charge", true), ("none", false)];

/// Those of the series that are from the catalog, between their first and their last bar.
pub(super) fn load(raw: &Raw, market: &Backtest, catalog: &Root, sources: &[Source]) -> Result<Rolls, Error> {
    let mut rolls = Rolls::default();
    let is_charged = given("--roll-costs", &raw.roll_costs).map_or(Ok(true), |given| given.one_of(&CHARGED))?;
    for source in sources.iter().filter(|_| is_charged) {
        let Some(key) = &source.key else { continue };
        let symbol = source.set.instrument().symbol();
        let place = market.instruments().iter().position(|instrument| instrument.symbol() == symbol);
        let Some(instrument) = place.map(|place| InstrumentId(place as u16)) else { continue };
        // Bars of two lengths are of one series, which is rolled once.
        if rolls.rows.iter().any(|roll| roll.instrument == instrument) {
            continue;
        }
        let facts = catalog.open()?.instrument(&key.symbol, &key.venue)?;
        let stored: Vec<_> = facts.iter().flat_map(|facts| facts.rolls_of(key.frame)).collect();
        let rows: Vec<ContractRoll> = stored
            .iter()
            .filter(|roll| is_within(&source.set, roll.time))
            .map(|roll| ContractRoll { time: roll.time, instrument, prices: roll.prices })
            .collect();
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            rolls.told.push(format!(
                "{} of {symbol} from {:#} to {:#}: two fees and two crossings each; --roll-costs none leaves them out",
                if rows.len() == 1 { "1 roll".to_owned() } else { format!("{} rolls", rows.len()) },
                first.time,
                last.time
            ));
        } else if key.venue.contains(".rolled-") && stored.is_empty() {
            rolls.told.push(format!(
                "the rolls of {symbol} are not stored, and cost nothing; make it again with `qframe data roll`"
            ));
        }
        rolls.rows.extend(rows);
    }
    rolls.rows.sort_by_key(|roll| roll.time);
    Ok(rolls)
}

fn is_within(set: &DataSet, time: qframe_model::time::Time) -> bool {
    let (first, last) = (set.bars().first(), set.bars().last());
    first.zip(last).is_some_and(|(first, last)| first.time < time && time <= last.time)
}

impl Rolls {
    /// The setting, as it can be written.
    pub(super) fn words(&self) -> String {
        if self.rows.is_empty() { "none".to_owned() } else { "charge".to_owned() }
    }
}
