//! Trades and quotes, looked at one by one: any number of them in a few hundred bytes.
use qframe_model::market::{Quote, Trade};
use qframe_model::number::Price;

use super::tally::{Report, Tally};
use crate::defect::{Defect, Finding};
use crate::gaps::Gaps;

/// A trade so far from the one before it and the one behind it, which agree, is an outlier.
const OUTLIER_MOVE: f64 = 0.03;
const OUTLIER_LEFT: f64 = 0.25;

/// Looks at trades as they come.
#[derive(Debug, Clone, Default)]
pub struct TradeCheck {
    tick: Option<Price>,
    rows: u64,
    /// The last one, and the one before it.
    last: [Option<Trade>; 2],
    tally: Tally,
}

impl TradeCheck {
    /// Of an instrument with this tick, where it is known.
    #[must_use]
    pub fn new(tick: Option<Price>) -> Self {
        Self { tick, ..Self::default() }
    }

    /// Looks at the next one.
    pub fn push(&mut self, trade: &Trade) {
        self.rows += 1;
        let Trade { time, id, price, quantity, .. } = *trade;
        let mut tell = |defect: Defect, text: &dyn Fn() -> String| {
            self.tally.count(defect, || Finding::at(defect, time, text()));
        };
        if !price.is_positive() {
            tell(Defect::NotPositive, &|| format!("the price {price}"));
        }
        if quantity.is_zero() {
            tell(Defect::ZeroVolume, &|| "no units".to_owned());
        }
        if is_off(self.tick, price) {
            tell(Defect::OffGrid, &|| format!("the price {price}"));
        }
        if let [Some(last), before] = self.last {
            if time < last.time {
                tell(Defect::OutOfOrder, &|| format!("follows {}", last.time));
            }
            if id == last.id && id > 0 {
                let same = Trade { received: last.received, ..*trade } == last;
                let defect = if same { Defect::DuplicateSame } else { Defect::DuplicateDifferent };
                tell(defect, &|| format!("the number {id} again"));
            }
            if let Some(before) = before.filter(|before| is_outlier([before.price, last.price, price])) {
                let text = format!("{} between {} and {price}", last.price, before.price);
                self.tally.add(Defect::RevertingOutlier, Finding::at(Defect::RevertingOutlier, last.time, text));
            }
        }
        self.last = [Some(*trade), self.last[0]];
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Report {
        self.tally.report(self.rows, Gaps::default())
    }
}

/// Looks at quotes as they come.
#[derive(Debug, Clone, Default)]
pub struct QuoteCheck {
    tick: Option<Price>,
    rows: u64,
    last: Option<Quote>,
    tally: Tally,
}

impl QuoteCheck {
    /// Of an instrument with this tick, where it is known.
    #[must_use]
    pub fn new(tick: Option<Price>) -> Self {
        Self { tick, ..Self::default() }
    }

    /// Looks at the next one.
    pub fn push(&mut self, quote: &Quote) {
        self.rows += 1;
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
        if let Some(last) = self.last.filter(|last| quote.time < last.time) {
            tell(Defect::OutOfOrder, &|| format!("follows {}", last.time));
        }
        self.last = Some(*quote);
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Report {
        self.tally.report(self.rows, Gaps::default())
    }
}

fn is_off(tick: Option<Price>, price: Price) -> bool {
    tick.is_some_and(|tick| tick.nanos() > 1 && price.nanos() % tick.nanos() != 0)
}

/// Out and back by more than 3 %, with no more than a quarter left of it.
fn is_outlier(prices: [Price; 3]) -> bool {
    let [before, at, after] = prices.map(Price::to_f64);
    let (out, back) = (at / before - 1.0, after / at - 1.0);
    let least = out.abs().min(back.abs());
    least > OUTLIER_MOVE && out * back < 0.0 && (after / before - 1.0).abs() <= OUTLIER_LEFT * least
}
