//! Mark prices and funding: as recorded, else made of the book and of a fixed rate.
use std::collections::VecDeque;

use qframe_model::instrument::{Instrument, Rules};
use qframe_model::market::{FundingRate, Side, Trade};
use qframe_model::number::{Price, Rate, Volume};
use qframe_model::time::{Span, Time};

use crate::exchange::core::candles::Candles;
use crate::exchange::core::{Market, Product};

/// How far funding instants are apart where nothing says when they are: at 00:00, 08:00 and 16:00 UTC.
const EVERY: Span = Span::from_seconds(28_800);
/// A recorded mark price is the mark price for so long; then the book gives it.
const FRESH: Span = Span::from_seconds(10);
/// The most payments of the past that are kept; the oldest go.
const PAST: usize = 2_000;

/// A mark price, and what falls due next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When it was so.
    pub time: Time,
    /// What positions are worth a unit.
    pub price: Price,
    /// What longs will pay to shorts, as a share of it.
    pub rate: Rate,
    /// When.
    pub due: Time,
}

/// One perpetual: its market, its mark price, its funding.
#[derive(Debug)]
pub struct Contract {
    /// Its book, tape and bars.
    pub market: Market,
    pub(super) instrument: Instrument,
    /// What longs pay where nothing says it.
    usual: Rate,
    mark: Option<Mark>,
    /// Recorded ones to come.
    marks: VecDeque<Mark>,
    /// When the last recorded one was.
    recorded: Option<Time>,
    /// Recorded payments to come.
    fundings: VecDeque<FundingRate>,
    /// Payments that were due.
    past: VecDeque<FundingRate>,
    /// Bars of the mark price.
    candles: Candles,
    told: u64,
}

impl Contract {
    pub(super) fn new(place: usize, product: Product, usual: Rate) -> Result<Self, String> {
        let rules = Rules { tick: product.tick, lot: product.lot, ..Rules::default() };
        let instrument = Instrument::new(product.symbol.clone(), product.quote, rules)
            .map_err(|error| format!("{}: {error}", product.symbol))?;
        Ok(Self {
            market: Market::new(place, product)?,
            instrument,
            usual,
            mark: None,
            marks: VecDeque::new(),
            recorded: None,
            fundings: VecDeque::new(),
            past: VecDeque::new(),
            candles: Candles::default(),
            told: 0,
        })
    }

    /// What was recorded of it, each in the order of time.
    pub(super) fn record(&mut self, marks: Vec<Mark>, fundings: Vec<FundingRate>) {
        (self.marks, self.fundings) = (marks.into(), fundings.into());
    }

    /// The mark price, and what falls due next; `None` before the first price.
    #[must_use]
    pub const fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// The mark price, else the last price.
    #[must_use]
    pub fn price(&self) -> Option<Price> {
        self.mark.map(|mark| mark.price).or_else(|| self.market.last())
    }

    /// Payments that were due, oldest first.
    #[must_use]
    pub const fn past(&self) -> &VecDeque<FundingRate> {
        &self.past
    }

    /// Bars of the mark price.
    #[must_use]
    pub const fn candles(&self) -> &Candles {
        &self.candles
    }

    /// The next thing up to `time`: a payment that is due, or a new mark price. Payments come first where both are at an
    /// instant: a mark price of that instant tells of the next one already.
    pub(super) fn next(&mut self, time: Time) -> Option<Step> {
        let mark = self.mark.unwrap_or_else(|| self.first(time));
        let recorded = self.marks.front().map(|mark| mark.time).filter(|at| *at <= time);
        let known = self.fundings.front().copied();
        let due = known.map_or(mark.due, |funding| funding.time);
        if self.mark.is_some() && due <= time && recorded.is_none_or(|at| due <= at) {
            let rate = known.map_or(mark.rate, |funding| funding.rate);
            let price = known.and_then(|funding| funding.mark).unwrap_or(mark.price);
            self.fundings.pop_front();
            let next = self.fundings.front().copied();
            let (due_next, rate_next) = next.map_or((due + EVERY, mark.rate), |next| (next.time, next.rate));
            self.mark = Some(Mark { due: due_next, rate: rate_next, ..mark });
            let paid = FundingRate { time: due, rate, mark: Some(price) };
            if self.past.len() == PAST {
                self.past.pop_front();
            }
            self.past.push_back(paid);
            return Some(Step::Funding(paid));
        }
        let at = recorded?;
        let next = self.marks.pop_front()?;
        self.recorded = Some(at);
        Some(Step::Mark(self.set(next)))
    }

    /// Makes the mark price of the book where no recorded one is fresh.
    pub(super) fn make(&mut self, time: Time) -> Option<Mark> {
        if self.recorded.is_some_and(|at| time.since(at) <= FRESH) {
            return None;
        }
        let price = self.market.book().middle().or_else(|| self.market.last())?;
        let mark = self.mark.unwrap_or_else(|| self.first(time));
        Some(self.set(Mark { time, price, ..mark }))
    }

    fn set(&mut self, mark: Mark) -> Mark {
        // Recorded payments say when they are due; else the mark price does.
        let known = self.fundings.front();
        // A message that still tells of the payment that was due: that one is paid.
        let due = if mark.due > mark.time { mark.due } else { boundary(mark.time) };
        let mark = Mark {
            rate: known.map_or(mark.rate, |funding| funding.rate),
            due: known.map_or(due, |funding| funding.time),
            ..mark
        };
        self.mark = Some(mark);
        self.told += 1;
        let (time, price, quantity) = (mark.time, mark.price, Volume::ZERO);
        self.candles.trade(&Trade { time, received: time, id: self.told, price, quantity, side: Side::Sell });
        mark
    }

    /// What is known before the first mark price: recorded payments of the time before are past.
    fn first(&mut self, time: Time) -> Mark {
        while let Some(funding) = self.fundings.pop_front_if(|funding| funding.time < time) {
            self.past.push_back(funding);
        }
        let excess = self.past.len().saturating_sub(PAST);
        self.past.drain(..excess);
        Mark { time, price: Price::ZERO, rate: self.usual, due: boundary(time) }
    }
}

/// The next of the usual instants of payment.
fn boundary(time: Time) -> Time {
    Time::from_nanos((time.nanos().div_euclid(EVERY.nanos()) + 1).saturating_mul(EVERY.nanos()))
}

/// What comes next of a contract's mark price and funding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Longs pay shorts.
    Funding(FundingRate),
    /// A new mark price.
    Mark(Mark),
}
