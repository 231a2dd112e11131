//! Changes of an order book, looked at one by one: the book is built beside them.
use qframe_model::book::OrderBook;
use qframe_model::market::{BookChange, BookDelta, Level, Side};
use qframe_model::number::Price;

use super::pace::{Numbers, Pace};
use super::stream::{Market, is_off, is_outlier};
use super::tally::{Report, Tally};
use crate::defect::{Defect, Finding};

/// A level at so many times the middle, or at one part in so many of it, is far from the touch.
const FAR: i64 = 100;
/// The most levels of a book; more are not looked at for the touch. No exchange shows a tenth of it.
const LEVELS_MAX: usize = 1 << 20;

/// Looks at changes of a book as they come.
#[derive(Debug, Clone, Default)]
pub struct BookCheck {
    tick: Option<Price>,
    rows: u64,
    book: OrderBook,
    state: State,
    /// Whether the number of the update at hand was looked at.
    is_numbered: bool,
    /// The middles after the last two updates.
    middles: [Option<Price>; 2],
    pace: Pace,
    numbers: Numbers,
    tally: Tally,
}

/// How much is known of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// No snapshot came yet, or a row said that changes are missing.
    #[default]
    Unknown,
    Known,
}

impl BookCheck {
    /// Of a market as far as it is known.
    #[must_use]
    pub fn new(market: &Market) -> Self {
        Self { tick: market.tick, pace: Pace::new(market.hours, 0), ..Self::default() }
    }

    /// Looks at the next one.
    pub fn push(&mut self, delta: &BookDelta) {
        self.rows += 1;
        let in_order = self.pace.take(delta.time, delta.received, &mut self.tally);
        match delta.change {
            BookChange::Clear => self.clear(delta),
            BookChange::Level(side, level) => {
                self.number(delta, in_order);
                self.level(delta, side, level);
            }
        }
        if delta.last {
            self.settle(delta);
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Report {
        self.tally.report_of_stream(self.rows, self.numbers.gaps(), self.pace.silence())
    }

    fn clear(&mut self, delta: &BookDelta) {
        self.book.clear();
        self.numbers.forget();
        if delta.last {
            self.state = State::Unknown;
            let text = || "changes are missing: the book is not known until its next snapshot".to_owned();
            self.tally.count(Defect::BookLost, || Finding::at(Defect::BookLost, delta.time, text()));
        } else {
            self.state = State::Known;
        }
    }

    /// A number below one before it is told once an update, where the time does not tell it already.
    fn number(&mut self, delta: &BookDelta, in_order: bool) {
        if std::mem::replace(&mut self.is_numbered, true) {
            return;
        }
        let rises = self.numbers.take(delta.sequence, delta.time);
        if !rises && in_order {
            let text = || format!("the number {} is below one before it", delta.sequence);
            self.tally.count(Defect::OutOfOrder, || Finding::at(Defect::OutOfOrder, delta.time, text()));
        }
    }

    fn level(&mut self, delta: &BookDelta, side: Side, level: Level) {
        let Level { price, quantity } = level;
        let tally = &mut self.tally;
        let mut tell = |defect: Defect, text: &dyn Fn() -> String| {
            tally.count(defect, || Finding::at(defect, delta.time, text()));
        };
        let named = || format!("{} {price} x {}", if side == Side::Buy { "bid" } else { "ask" }, quantity.quantity());
        if self.state == State::Unknown {
            tell(Defect::NoSnapshot, &|| format!("{}: no snapshot came before it", named()));
        }
        if is_off(self.tick, price) {
            tell(Defect::OffGrid, &named);
        }
        if !price.is_positive() {
            return tell(Defect::NotPositive, &named);
        }
        if let Some(middle) = self.middles[0].filter(|middle| !quantity.is_zero() && is_far(price, *middle)) {
            tell(Defect::FarPrice, &|| format!("{}, where the middle is {middle}", named()));
        }
        if quantity.is_zero() || self.book.depth(side) < LEVELS_MAX {
            self.book.set(side, level);
        }
    }

    /// After an update the book is whole.
    fn settle(&mut self, delta: &BookDelta) {
        self.is_numbered = false;
        if self.state == State::Unknown {
            self.middles = [None; 2];
            return;
        }
        if let (true, Some(bid), Some(ask)) = (self.book.is_crossed(), self.book.bid(), self.book.ask()) {
            let text = || format!("bid {}, ask {} after update {}", bid.price, ask.price, delta.sequence);
            self.tally.count(Defect::Crossed, || Finding::at(Defect::Crossed, delta.time, text()));
        }
        let Some(middle) = self.book.middle() else { return };
        if let [Some(last), Some(before)] = self.middles
            && is_outlier([before, last, middle])
        {
            let text = format!("a middle of {last} between {before} and {middle}");
            self.tally.add(Defect::RevertingOutlier, Finding::at(Defect::RevertingOutlier, delta.time, text));
        }
        self.middles = [Some(middle), self.middles[0]];
    }
}

const fn is_far(price: Price, middle: Price) -> bool {
    let (price, middle) = (price.nanos(), middle.nanos());
    price / FAR > middle || middle / FAR > price
}
