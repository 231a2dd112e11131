//! Trades and quotes, looked at one by one: any number of them in a few megabytes.
use std::collections::{BTreeMap, VecDeque};

use qframe_model::market::{Quote, Trade};
use qframe_model::number::Price;

use super::pace::{Numbers, Pace};
use super::stream::{Market, is_off, is_outlier};
use super::tally::{Report, Tally};
use crate::defect::{Defect, Finding};
use crate::gaps::Gaps;

/// So many steps come before the first silence of a tape.
const STEPS_LEAST: u64 = 20;
/// A trade is held against so many before it: the same number again is the same trade again.
const REMEMBERED: usize = 1 << 16;

/// Looks at trades as they come.
#[derive(Debug, Clone, Default)]
pub struct TradeCheck {
    tick: Option<Price>,
    rows: u64,
    /// The last one, and the one before it.
    last: [Option<Trade>; 2],
    pace: Pace,
    numbers: Numbers,
    remembered: BTreeMap<u64, Trade>,
    order: VecDeque<u64>,
    tally: Tally,
}

impl TradeCheck {
    /// Of a market as far as it is known.
    #[must_use]
    pub fn new(market: &Market) -> Self {
        Self { tick: market.tick, pace: Pace::new(market.hours, STEPS_LEAST), ..Self::default() }
    }

    /// Looks at the next one.
    pub fn push(&mut self, trade: &Trade) {
        self.rows += 1;
        let Trade { time, id, price, quantity, .. } = *trade;
        let in_order = self.pace.take(time, trade.received, &mut self.tally);
        let is_twice = self.is_twice(trade);
        let mut tell = |defect: Defect, text: &dyn Fn() -> String| {
            self.tally.count(defect, || Finding::at(defect, time, text()));
        };
        if !is_twice && !self.numbers.take(id, time) && in_order {
            tell(Defect::OutOfOrder, &|| format!("the number {id} is below one before it"));
        }
        if !price.is_positive() {
            tell(Defect::NotPositive, &|| format!("the price {price}"));
        }
        if quantity.is_zero() {
            tell(Defect::ZeroVolume, &|| "no units".to_owned());
        }
        if is_off(self.tick, price) {
            tell(Defect::OffGrid, &|| format!("the price {price}"));
        }
        if let [Some(last), Some(before)] = self.last
            && is_outlier([before.price, last.price, price])
        {
            let text = format!("{} between {} and {price}", last.price, before.price);
            self.tally.add(Defect::RevertingOutlier, Finding::at(Defect::RevertingOutlier, last.time, text));
        }
        self.last = [Some(*trade), self.last[0]];
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Report {
        self.tally.report_of_stream(self.rows, self.numbers.gaps(), self.pace.silence())
    }

    /// Counts a number that a trade before it has; zero is none.
    fn is_twice(&mut self, trade: &Trade) -> bool {
        let id = trade.id;
        if id == 0 {
            return false;
        }
        let Some(known) = self.remembered.get(&id) else {
            self.remembered.insert(id, *trade);
            self.order.push_back(id);
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.remembered.remove(&oldest);
            }
            return false;
        };
        let same = Trade { received: known.received, ..*trade } == *known;
        let defect = if same { Defect::DuplicateSame } else { Defect::DuplicateDifferent };
        let text =
            || format!("the number {id} of {}, with {} values", known.time, if same { "the same" } else { "other" });
        self.tally.count(defect, || Finding::at(defect, trade.time, text()));
        true
    }
}

/// Looks at quotes as they come.
#[derive(Debug, Clone, Default)]
pub struct QuoteCheck {
    tick: Option<Price>,
    rows: u64,
    /// The last one, and the one before it.
    last: [Option<Quote>; 2],
    has_sizes: bool,
    pace: Pace,
    tally: Tally,
}

impl QuoteCheck {
    /// Of a market as far as it is known.
    #[must_use]
    pub fn new(market: &Market) -> Self {
        Self { tick: market.tick, pace: Pace::new(market.hours, STEPS_LEAST), ..Self::default() }
    }

    /// Looks at the next one.
    pub fn push(&mut self, quote: &Quote) {
        self.rows += 1;
        self.pace.take(quote.time, quote.received, &mut self.tally);
        let (bid, ask) = (quote.bid.price, quote.ask.price);
        let mut tell = |defect: Defect, text: &dyn Fn() -> String| {
            self.tally.count(defect, || Finding::at(defect, quote.time, text()));
        };
        if !bid.is_positive() || !ask.is_positive() {
            tell(Defect::NotPositive, &|| format!("bid {bid}, ask {ask}"));
        } else if bid >= ask {
            tell(Defect::Crossed, &|| format!("bid {bid}, ask {ask}"));
        }
        if is_off(self.tick, bid) || is_off(self.tick, ask) {
            tell(Defect::OffGrid, &|| format!("bid {bid}, ask {ask}"));
        }
        let empty = [quote.bid, quote.ask].iter().filter(|level| level.quantity.is_zero()).count();
        self.has_sizes |= empty < 2;
        if empty > 0 {
            tell(Defect::ZeroVolume, &|| {
                format!("no units: bid {bid} x {}, ask {ask} x {}", size(quote.bid), size(quote.ask))
            });
        }
        if self.last[0].is_some_and(|last| Quote { received: quote.received, ..last } == *quote) {
            tell(Defect::DuplicateSame, &|| format!("bid {bid}, ask {ask} again"));
        }
        if let [Some(last), Some(before)] = self.last
            && is_outlier([middle(&before), middle(&last), middle(quote)])
        {
            let text = format!("a middle of {} between {} and {}", middle(&last), middle(&before), middle(quote));
            self.tally.add(Defect::RevertingOutlier, Finding::at(Defect::RevertingOutlier, last.time, text));
        }
        self.last = [Some(*quote), self.last[0]];
    }

    /// What was found. Where no quote has a size, nobody wrote it down, and it is no defect.
    #[must_use]
    pub fn finish(mut self) -> Report {
        if !self.has_sizes {
            self.tally.forget(Defect::ZeroVolume);
        }
        self.tally.report_of_stream(self.rows, Gaps::default(), self.pace.silence())
    }
}

fn size(level: qframe_model::market::Level) -> qframe_model::number::Quantity {
    level.quantity.quantity()
}

fn middle(quote: &Quote) -> Price {
    let (bid, ask) = (quote.bid.price.nanos(), quote.ask.price.nanos());
    Price::from_nanos(bid / 2 + ask / 2 + (bid % 2 + ask % 2) / 2)
}
