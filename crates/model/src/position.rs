//! Positions: what is held of an instrument, what it cost, and what it has brought.
use serde::{Deserialize, Serialize};

use crate::fill::Fill;
use crate::ids::InstrumentId;
use crate::instrument::Instrument;
use crate::market::{Bar, Side};
use crate::number::{Cash, Overflow, Price, Quantity, Rate, Rounding};
use crate::order::Purpose;
use crate::time::Time;

/// The net position in one instrument. Its average price is exact: the cost is kept, the price is derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Units; negative is short, zero is flat.
    pub quantity: Quantity,
    /// What the open units were bought for (negative: sold for), in the settlement currency, without fees.
    pub cost: Cash,
    /// Fees of the fills that opened what is open.
    pub entry_fees: Cash,
    /// Realised profit so far, after the fees of closed units.
    pub realised: Cash,
    /// When the position left zero.
    pub opened: Time,
    /// The highest price since the average price last changed.
    pub high: Price,
    /// The lowest price since then.
    pub low: Price,
    /// What came of the average prices before.
    #[serde(default)]
    pub before: Before,
}

/// The extremes against the average prices that a position had before it was added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Before {
    /// When the average price last changed; where nothing was added, when the position left zero.
    pub until: Time,
    /// The average price until then; zero where nothing was added.
    pub average: Price,
    /// The highest price above the average that then held, as a share of it.
    pub risen: Rate,
    /// The lowest price below the average that then held, as a share of it, below zero.
    pub fallen: Rate,
}

/// Units that were opened and closed again: one line of a trade list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedTrade {
    /// Of what.
    pub instrument: InstrumentId,
    /// [`Side::Buy`] was long.
    pub side: Side,
    /// Units closed, above zero.
    pub quantity: Quantity,
    /// When the position left zero.
    pub entry_time: Time,
    /// When these units were closed.
    pub exit_time: Time,
    /// What these units cost (negative: were sold for), without fees.
    pub cost: Cash,
    /// The price they were closed at.
    pub exit_price: Price,
    /// Profit after all fees.
    pub pnl: Cash,
    /// Entry and exit fees.
    pub fees: Cash,
    /// Why they were closed.
    pub reason: Purpose,
    /// The highest price since the average price last changed.
    pub high: Price,
    /// The lowest price since then.
    pub low: Price,
    /// What came of the average prices before.
    pub before: Before,
}

impl Position {
    /// True where nothing is held.
    #[must_use]
    #[inline]
    pub const fn is_flat(&self) -> bool {
        self.quantity.is_zero()
    }

    /// The average price of the open units per unit of the instrument, half-even at 1e-9; `None` when flat.
    #[must_use]
    pub fn average_price(&self, instrument: &Instrument) -> Option<Price> {
        average_price(self.cost, self.quantity, instrument)
    }

    /// The profit that closing at `price` would bring, before fees.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline]
    pub fn unrealised(&self, instrument: &Instrument, price: Price) -> Result<Cash, Overflow> {
        instrument.value(price, self.quantity)?.minus(self.cost)
    }

    /// Widens the extremes by a bar that the position was open in. A position that was opened at the bar's close has seen
    /// nothing of its range.
    #[inline]
    pub fn observe(&mut self, bar: &Bar) {
        if self.before.until <= bar.time {
            self.high = self.high.max(bar.high);
            self.low = self.low.min(bar.low);
        } else if self.opened <= bar.time {
            // Added to at the bar's close: its range was lived through with the average before.
            self.before.widen(bar.high, bar.low);
        }
    }

    /// As [`Position::observe`] for each of the bars.
    pub(crate) fn observe_all(&mut self, bars: &[Bar]) {
        let mut seen = *self;
        bars.iter().for_each(|bar| seen.observe(bar));
        (self.high, self.low, self.before) = (seen.high, seen.low, seen.before);
    }

    /// Applies a fill whose fee, in the settlement currency, is `fee`. A fill through zero closes first and opens the rest.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range; the position is then as it was.
    #[inline]
    pub fn apply(&mut self, instrument: &Instrument, fill: &Fill, fee: Cash) -> Result<Option<ClosedTrade>, Overflow> {
        let signed = fill.signed();
        if self.is_flat() || self.quantity.is_negative() == signed.is_negative() {
            *self = self.opened_by(instrument, fill, signed, fee)?;
            return Ok(None);
        }
        let open = self.quantity.abs();
        if fill.quantity <= open {
            let (next, trade) = self.closed_by(instrument, fill, fill.quantity, fee)?;
            *self = next;
            return Ok(Some(trade));
        }
        let closing_fee = fee.scaled(open.nanos(), fill.quantity.nanos(), Rounding::HalfEven)?;
        let (flat, trade) = self.closed_by(instrument, fill, open, closing_fee)?;
        *self = flat.opened_by(instrument, fill, signed.plus(self.quantity)?, fee.minus(closing_fee)?)?;
        Ok(Some(trade))
    }

    fn opened_by(&self, instrument: &Instrument, fill: &Fill, signed: Quantity, fee: Cash) -> Result<Self, Overflow> {
        let mut next = *self;
        if self.is_flat() {
            next = Self {
                realised: self.realised,
                opened: fill.time,
                high: fill.price,
                low: fill.price,
                before: Before { until: fill.time, ..Before::default() },
                ..Self::default()
            };
        } else if let Some(average) = self.average_price(instrument).filter(|_| fill.time > self.before.until) {
            // Prices up to here stand against this average, those from here on against the next; an average of no duration
            // has seen none.
            next.before.average = average;
            next.before.widen(self.high.max(fill.price), self.low.min(fill.price));
            next.before.until = fill.time;
            (next.high, next.low) = (fill.price, fill.price);
        }
        next.quantity = next.quantity.plus(signed)?;
        next.cost = next.cost.plus(instrument.value(fill.price, signed)?)?;
        next.entry_fees = next.entry_fees.plus(fee)?;
        next.high = next.high.max(fill.price);
        next.low = next.low.min(fill.price);
        Ok(next)
    }

    fn closed_by(
        &self,
        instrument: &Instrument,
        fill: &Fill,
        quantity: Quantity,
        fee: Cash,
    ) -> Result<(Self, ClosedTrade), Overflow> {
        let whole = self.quantity.abs();
        let share = |amount: Cash| {
            // Closing everything takes everything: no rounding is left behind.
            if quantity == whole {
                Ok(amount)
            } else {
                amount.scaled(quantity.nanos(), whole.nanos(), Rounding::HalfEven)
            }
        };
        let (cost, entry_fees) = (share(self.cost)?, share(self.entry_fees)?);
        let side = Side::of(self.quantity);
        let proceeds = instrument.value(fill.price, side.signed(quantity))?;
        let fees = entry_fees.plus(fee)?;
        let pnl = proceeds.minus(cost)?.minus(fees)?;
        let (high, low) = (self.high.max(fill.price), self.low.min(fill.price));
        let next = Self {
            quantity: self.quantity.minus(side.signed(quantity))?,
            cost: self.cost.minus(cost)?,
            entry_fees: self.entry_fees.minus(entry_fees)?,
            realised: self.realised.plus(pnl)?,
            opened: self.opened,
            high,
            low,
            before: self.before,
        };
        let trade = ClosedTrade {
            instrument: fill.instrument,
            side,
            quantity,
            entry_time: self.opened,
            exit_time: fill.time,
            cost,
            exit_price: fill.price,
            pnl,
            fees,
            reason: fill.purpose,
            high,
            low,
            before: self.before,
        };
        Ok((next, trade))
    }
}

impl Before {
    #[cold]
    fn widen(&mut self, high: Price, low: Price) {
        let average = i128::from(self.average.nanos());
        if average > 0 {
            let share = |price: Price| (i128::from(price.nanos()) - average) * i128::from(Rate::ONE.nanos()) / average;
            let rate = |share: i128| Rate::from_nanos(share.clamp(i64::MIN.into(), i64::MAX.into()) as i64);
            self.risen = self.risen.max(rate(share(high)));
            self.fallen = self.fallen.min(rate(share(low)));
        }
    }
}

impl ClosedTrade {
    /// The average entry price, half-even at 1e-9.
    #[must_use]
    pub fn entry_price(&self, instrument: &Instrument) -> Option<Price> {
        average_price(self.cost, self.side.signed(self.quantity), instrument)
    }

    /// Profit over what the units cost; `None` where they cost nothing.
    #[must_use]
    pub fn return_share(&self) -> Option<f64> {
        let cost = self.cost.to_f64().abs();
        (cost > 0.0).then(|| self.pnl.to_f64() / cost)
    }
}

fn average_price(cost: Cash, quantity: Quantity, instrument: &Instrument) -> Option<Price> {
    let unscaled = match instrument.rules().multiplier {
        Quantity::ONE => cost,
        multiplier => cost.scaled(Quantity::ONE.nanos(), multiplier.nanos(), Rounding::HalfEven).ok()?,
    };
    unscaled.per_unit(quantity)
}
