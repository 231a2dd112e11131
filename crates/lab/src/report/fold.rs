//! The account at each point of the equity curve, folded again from the journal and the bars.
//!
//! The run kept only the equity of each point. What the account held then follows from the events up to that point
//! ([`Curve::progress`](crate::Curve)) and the closes of its bars, so nothing else has to be stored.
use qframe_engine::{JournalError, Keep, Series};
use qframe_model::account::{Account, Commodity};
use qframe_model::event::{Event, Report};
use qframe_model::ids::{CommodityId, InstrumentId, SeriesId};
use qframe_model::number::{Cash, Overflow, Price};
use qframe_model::order::Purpose;

use crate::feed::{Feed, Moment};

use super::charges::Charges;
use super::{Facts, ReportError};

/// What the account held at a point of the curve, in the reporting currency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Money that is there.
    pub cash: Cash,
    /// The sum of the absolute values of all positions at the closes.
    pub exposure: Cash,
    /// What was paid and received so far.
    pub charges: Charges,
}

/// Gives what the account held at each point of the curve, in order.
///
/// # Errors
/// [`ReportError`] where the run kept no journal or `each` fails.
pub(super) fn holdings(
    facts: &Facts<'_>,
    mut each: impl FnMut(usize, Held) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    if facts.backtest.setup().keep != Keep::All {
        return Err(ReportError::NotKept);
    }
    let mut fold = Fold::new(facts)?;
    let (series, mut feed) = (facts.backtest.series(), Feed::new(facts.backtest.data()));
    let mut rates = facts.backtest.rates();
    let points = facts.outcome.curve.len();
    for point in 0..points {
        // What the end of the run did belongs to the last point.
        let until = if point + 1 == points { u64::MAX } else { fold.events_at(point) };
        fold.opens.clear();
        // As in the run: rates and opens move the marks, fills move them again, closes have the last word.
        let closing = loop {
            if let Some(time) = feed.peek() {
                rates.advance(time, |id, price| fold.account.mark(id, price))?;
            }
            match feed.next() {
                Some((_, Moment::Opens(bars))) => {
                    let bars = bars.iter().map(|(id, bar, _)| (*id, bar.open));
                    fold.opens.extend(bars.clone().map(|(id, open)| (series[id.index()].instrument, open)));
                    fold.mark(series, bars)?;
                }
                Some((_, Moment::Closes(bars))) => break bars,
                None => break &[],
            }
        };
        fold.apply_until(until)?;
        fold.mark(series, closing.iter().map(|(id, bar)| (*id, bar.close)))?;
        each(point, fold.held()?)?;
    }
    Ok(())
}

struct Fold<'a> {
    account: Account,
    events: Box<dyn Iterator<Item = Result<Event, JournalError>> + 'a>,
    applied: u64,
    progress: &'a [(usize, u64)],
    known: u64,
    /// The opens since the last point.
    opens: Vec<(InstrumentId, Price)>,
}

impl<'a> Fold<'a> {
    fn new(facts: &Facts<'a>) -> Result<Self, ReportError> {
        let instruments = facts.backtest.valued();
        // The run opened this same account.
        let account = Account::open(instruments, facts.backtest.setup().currency)
            .map_err(|_| ReportError::Fold(Overflow("the account")))?;
        let (journal, progress) = (&facts.outcome.journal, facts.outcome.curve.progress());
        Ok(Self { account, events: Box::new(journal.iter()), applied: 0, progress, known: 0, opens: Vec::new() })
    }

    /// How many events the journal had after a point; points must not fall.
    fn events_at(&mut self, point: usize) -> u64 {
        while let Some((_, events)) = self.progress.first().filter(|(step, _)| *step <= point) {
            self.known = *events;
            self.progress = &self.progress[1..];
        }
        self.known
    }

    fn mark(&mut self, series: &[Series], prices: impl Iterator<Item = (SeriesId, Price)>) -> Result<(), Overflow> {
        for (id, price) in prices {
            let series = series[id.index()];
            if series.matched {
                self.account.mark(series.instrument, price)?;
            }
        }
        Ok(())
    }

    fn apply_until(&mut self, events: u64) -> Result<(), ReportError> {
        while self.applied < events {
            let Some(event) = self.events.next() else { return Ok(()) };
            let event = event?;
            self.apply(&event)?;
            self.open_after_split(&event)?;
            self.applied += 1;
        }
        Ok(())
    }

    /// In the run a split, and what it pays out, comes before the open is marked; here the open was first.
    fn open_after_split(&mut self, event: &Event) -> Result<(), Overflow> {
        let split = match event {
            Event::Reported(Report::Split { instrument, .. }) => *instrument,
            Event::Reported(Report::Forced(fill)) if fill.purpose == Purpose::CashInLieu => fill.instrument,
            _ => return Ok(()),
        };
        let open = self.opens.iter().find(|(instrument, _)| *instrument == split);
        open.map_or(Ok(()), |(instrument, open)| self.account.mark(*instrument, *open))
    }

    /// As the engine does it.
    fn apply(&mut self, event: &Event) -> Result<(), Overflow> {
        match event {
            Event::Deposited { commodity, amount, .. } => self.account.deposit(*commodity, *amount),
            Event::Reported(report) => self.account.apply(report).map(drop),
            _ => Ok(()),
        }
    }

    fn held(&self) -> Result<Held, Overflow> {
        Ok(Held { cash: self.money()?, exposure: self.account.gross_exposure()?, charges: Charges::of(&self.account)? })
    }

    /// Money of every currency that no position is made of.
    fn money(&self) -> Result<Cash, Overflow> {
        let account = &self.account;
        let others = account.commodities().iter().enumerate().skip(1);
        let ids = others.filter(|(_, commodity)| matches!(commodity, Commodity::Currency(_))).map(|(place, _)| place);
        ids.map(|place| CommodityId(place as u16)).try_fold(account.cash(), |sum, id| {
            let instruments = (0..account.instruments().len()).map(|place| InstrumentId(place as u16));
            let positions = instruments.filter(|instrument| account.base_of(*instrument) == Some(id));
            let held = positions.map(|instrument| account.position(instrument).quantity);
            let money = held
                .into_iter()
                .try_fold(account.ledger().assets(id), |rest, held| rest.minus(Cash::from_quantity(held)?))?;
            sum.plus(account.to_reporting(id, money)?)
        })
    }
}
