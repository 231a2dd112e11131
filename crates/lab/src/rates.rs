//! Exchange rates that value what is held in other currencies, and that nothing trades on.
use std::sync::Arc;

use qframe_model::currency::Currency;
use qframe_model::ids::InstrumentId;
use qframe_model::instrument::{Instrument, InstrumentError};
use qframe_model::number::{Price, Rounding, mul_div};
use qframe_model::time::{Span, Time};

use crate::dataset::DataSet;

/// A pair whose closes are a step from one currency to another.
#[derive(Debug, Clone)]
pub struct RateStep {
    /// Its bars, and its name in the journal.
    pub pair: DataSet,
    /// True where the pair is the other way round: its price is divided by.
    pub is_inverse: bool,
}

/// What one unit of a currency is worth in another, from each instant on at which that was known.
#[derive(Debug, Clone)]
pub struct RateSeries {
    instrument: Instrument,
    rows: Arc<[(Time, Price)]>,
    /// The series it is made of, with the hashes of their rows.
    sources: Vec<(String, String)>,
}

impl RateSeries {
    /// From one currency to another over one pair or two: each known at the closes of its bars, rounded half-even to nine
    /// decimals. `None` where there is no instant at which all are known, or a rate leaves its range.
    ///
    /// # Errors
    /// [`InstrumentError`] where the currencies are no pair.
    pub fn new(from: Currency, to: Currency, steps: &[RateStep]) -> Result<Option<Self>, InstrumentError> {
        let instrument = Instrument::rate(from, to)?;
        let mut times: Vec<Time> = steps.iter().flat_map(RateStep::times).collect();
        times.sort_unstable();
        times.dedup();
        let mut places = vec![0; steps.len()];
        let mut rows = Vec::with_capacity(times.len());
        for time in times {
            let known = steps.iter().zip(&mut places).map(|(step, place)| step.known_at(time, place));
            let Some(prices) = known.collect::<Option<Vec<Price>>>() else { continue };
            let Some(rate) = product(steps, &prices) else { return Ok(None) };
            rows.push((time, rate));
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let source = |step: &RateStep| {
            let name = format!("{} {} values {from} in {to}", step.pair.origin().name, step.pair.frame());
            (name, step.pair.hash().to_string())
        };
        Ok(Some(Self { instrument, rows: rows.into(), sources: steps.iter().map(source).collect() }))
    }

    /// The pair that values and does not trade.
    #[must_use]
    pub const fn instrument(&self) -> &Instrument {
        &self.instrument
    }

    /// The instants from which on a rate was known, ascending.
    #[must_use]
    pub fn rows(&self) -> &[(Time, Price)] {
        &self.rows
    }

    /// The longest stretch within `from..until` over which nothing new was known, and where it began.
    #[must_use]
    pub fn stillness(&self, from: Time, until: Time) -> Option<(Time, Span)> {
        let inside = self.rows.iter().map(|(time, _)| *time).filter(|time| from < *time && *time < until);
        let ends: Vec<Time> = std::iter::once(from).chain(inside).chain([until]).collect();
        ends.windows(2).map(|pair| (pair[0], pair[1].since(pair[0]))).max_by_key(|(_, span)| span.nanos())
    }

    /// What it is made of, in words for the journal, each with the hash of its rows.
    #[must_use]
    pub fn sources(&self) -> &[(String, String)] {
        &self.sources
    }
}

impl RateStep {
    fn times(&self) -> impl Iterator<Item = Time> + '_ {
        (0..self.pair.bars().len()).map(|place| self.pair.closes(place))
    }

    /// The last close that was known, moving `place` on.
    fn known_at(&self, time: Time, place: &mut usize) -> Option<Price> {
        while *place < self.pair.bars().len() && self.pair.closes(*place) <= time {
            *place += 1;
        }
        place.checked_sub(1).map(|last| self.pair.bars()[last].close)
    }
}

/// The product of one price or two, each inverse where its step is; rounded once.
fn product(steps: &[RateStep], prices: &[Price]) -> Option<Price> {
    const ONE: i128 = Price::ONE.nanos() as i128;
    let nanos = |place: usize| prices.get(place).map_or(ONE, |price| i128::from(price.nanos()));
    let is_inverse = |place: usize| steps.get(place).is_some_and(|step| step.is_inverse);
    let (first, second) = (nanos(0), nanos(1));
    let nanos = match (is_inverse(0), is_inverse(1)) {
        (false, false) => mul_div(first, second, ONE, Rounding::HalfEven),
        (false, true) => mul_div(first, ONE, second, Rounding::HalfEven),
        (true, false) => mul_div(second, ONE, first, Rounding::HalfEven),
        (true, true) => mul_div(ONE * ONE, ONE, first.checked_mul(second)?, Rounding::HalfEven),
    };
    i64::try_from(nanos?).ok().map(Price::from_nanos).filter(|price| price.is_positive())
}

/// Hands out the rates that are known by an instant, each once.
#[derive(Debug)]
pub(crate) struct RateFeed<'a> {
    series: &'a [RateSeries],
    places: Vec<usize>,
    first: usize,
}

impl<'a> RateFeed<'a> {
    /// The rates are numbered behind `traded` instruments.
    pub(crate) fn new(series: &'a [RateSeries], traded: usize) -> Self {
        Self { series, places: vec![0; series.len()], first: traded }
    }

    /// Gives the last rate of each series that became known up to `time`.
    pub(crate) fn advance<E>(
        &mut self,
        time: Time,
        mut give: impl FnMut(InstrumentId, Price) -> Result<(), E>,
    ) -> Result<(), E> {
        for (number, (series, place)) in self.series.iter().zip(&mut self.places).enumerate() {
            let before = *place;
            while series.rows.get(*place).is_some_and(|(known, _)| *known <= time) {
                *place += 1;
            }
            if *place > before {
                give(InstrumentId((self.first + number) as u16), series.rows[*place - 1].1)?;
            }
        }
        Ok(())
    }
}
