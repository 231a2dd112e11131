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
    /// What one of the settlement currency was worth in the reporting currency when they were closed; an account sets it.
    pub rate: Price,
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

    /// As [`Position::observe`] for each of the bars, which follow one another in time.
    pub(crate) fn observe_all(&mut self, bars: &[Bar]) {
        let is_early = |bar: &Bar| bar.time < self.before.until;
        // Nearly always none is.
        let early = if bars.first().is_some_and(is_early) { bars.partition_point(is_early) } else { 0 };
        bars[..early].iter().for_each(|bar| self.observe(bar));
        (self.high, self.low) =
            bars[early..].iter().fold((self.high, self.low), |(high, low), bar| (high.max(bar.high), low.min(bar.low)));
    }

    /// Applies a fill whose fee, in the settlement currency, is `fee`. A fill through zero closes first and opens the rest.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range; the position is then as it was.
    #[inline(always)]
    pub fn apply(&mut self, instrument: &Instrument, fill: &Fill, fee: Cash) -> Result<Option<ClosedTrade>, Overflow> {
        let signed = fill.signed();
        if self.is_flat() || self.quantity.is_negative() == signed.is_negative() {
            self.open(instrument, fill, signed, fee)?;
            return Ok(None);
        }
        let held = self.quantity.abs();
        if fill.quantity <= held {
            return self.close(instrument, fill, fill.quantity, fee).map(Some);
        }
        let closing_fee = fee.scaled(held.nanos(), fill.quantity.nanos(), Rounding::HalfEven)?;
        let mut turned = *self;
        let trade = turned.close(instrument, fill, held, closing_fee)?;
        turned.open(instrument, fill, signed.plus(self.quantity)?, fee.minus(closing_fee)?)?;
        *self = turned;
        Ok(Some(trade))
    }

    #[inline(always)]
    fn open(&mut self, instrument: &Instrument, fill: &Fill, signed: Quantity, fee: Cash) -> Result<(), Overflow> {
        let value = instrument.value(fill.price, signed)?;
        if self.is_flat() {
            (self.quantity, self.cost, self.entry_fees) = (signed, value, fee);
            (self.opened, self.high, self.low) = (fill.time, fill.price, fill.price);
            self.before = Before { until: fill.time, ..Before::default() };
            return Ok(());
        }
        let (quantity, cost) = (self.quantity.plus(signed)?, self.cost.plus(value)?);
        let entry_fees = self.entry_fees.plus(fee)?;
        if let Some(average) = self.average_price(instrument).filter(|_| fill.time > self.before.until) {
            // Prices up to here stand against this average, those from here on against the next; an average of no duration
            // has seen none.
            self.before.average = average;
            self.before.widen(self.high.max(fill.price), self.low.min(fill.price));
            self.before.until = fill.time;
            (self.high, self.low) = (fill.price, fill.price);
        }
        (self.quantity, self.cost, self.entry_fees) = (quantity, cost, entry_fees);
        (self.high, self.low) = (self.high.max(fill.price), self.low.min(fill.price));
        Ok(())
    }

    #[inline(always)]
    fn close(
        &mut self,
        instrument: &Instrument,
        fill: &Fill,
        quantity: Quantity,
        fee: Cash,
    ) -> Result<ClosedTrade, Overflow> {
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
        let closed = side.signed(quantity);
        let fees = entry_fees.plus(fee)?;
        let pnl = instrument.value(fill.price, closed)?.minus(cost)?.minus(fees)?;
        let (left, left_cost) = (self.quantity.minus(closed)?, self.cost.minus(cost)?);
        let (left_fees, realised) = (self.entry_fees.minus(entry_fees)?, self.realised.plus(pnl)?);
        (self.quantity, self.cost, self.entry_fees, self.realised) = (left, left_cost, left_fees, realised);
        (self.high, self.low) = (self.high.max(fill.price), self.low.min(fill.price));
        Ok(ClosedTrade {
            instrument: fill.instrument,
            side,
            quantity,
            entry_time: self.opened,
            exit_time: fill.time,
            cost,
            exit_price: fill.price,
            pnl,
            fees,
            rate: Price::ONE,
            reason: fill.purpose,
            high: self.high,
            low: self.low,
            before: self.before,
        })
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

    /// The profit in the reporting currency, half-even at 1e-18.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    pub fn reported_pnl(&self) -> Result<Cash, Overflow> {
        self.pnl.scaled(self.rate.nanos().into(), Price::ONE.nanos().into(), Rounding::HalfEven)
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
