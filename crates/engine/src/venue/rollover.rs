//! Rollover interest: a position in a currency pair that is held over the end of a trading day is settled a day later, and
//! earns the interest of the one currency while it pays that of the other.
//!
//! For a long position of value `V` in the quote currency, over `d` days:
//! `V * d * (base rate / base year - (quote rate + markup) / quote year)`, and for a short one
//! `V * d * (quote rate / quote year - base rate / base year - markup / quote year)`: the forward points of covered interest
//! parity without their second-order term, less what the broker takes. The value is that of the last mark.
use std::sync::Arc;

use qframe_model::account::Account;
use qframe_model::event::Report;
use qframe_model::ids::{CommodityId, InstrumentId};
use qframe_model::ledger::Book;
use qframe_model::number::{Cash, Overflow, Rate, Rounding};
use qframe_model::time::Time;

use super::SimVenue;

/// What a pair earns and pays overnight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollover {
    /// Of which pair.
    pub instrument: InstrumentId,
    /// Days of a year of interest, of base and quote: 360 or 365.
    pub years: [u16; 2],
    /// What the broker takes a year on either side, in the quote currency.
    pub markup: Rate,
    /// The ends of trading days, ascending.
    pub nights: Arc<[Night]>,
}

/// The end of a trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Night {
    /// When.
    pub time: Time,
    /// For how many days interest is due.
    pub days: u8,
    /// Interest a year, of base and quote.
    pub rates: [Rate; 2],
}

impl Rollover {
    /// What a position of this value (negative: short) pays for a night; below zero it earns.
    fn due(&self, night: &Night, value: Cash) -> Result<Cash, Overflow> {
        let [base_year, quote_year] = self.years.map(|year| i128::from(year.max(1)));
        let [base, quote] = night.rates.map(|rate| i128::from(rate.nanos()));
        let side = if value.is_negative() { -1 } else { 1 };
        let share = (side * quote + i128::from(self.markup.nanos())) * base_year - side * base * quote_year;
        let whole = i128::from(Rate::ONE.nanos()) * base_year * quote_year;
        value.abs().scaled(share * i128::from(night.days), whole, Rounding::HalfEven)
    }
}

impl SimVenue {
    /// Books the first night that is over; false where there is none.
    pub(super) fn roll_over(&mut self, account: &Account, now: Time) -> Result<bool, Overflow> {
        for (rollover, next) in self.settings.rollover.iter().zip(&mut self.carry.next_night) {
            let Some(night) = rollover.nights.get(*next).filter(|night| night.time <= now) else { continue };
            *next += 1;
            let (instrument, time) = (rollover.instrument, night.time);
            let held = account.position(instrument).quantity;
            if let (false, Some(mark)) = (held.is_zero(), account.mark_of(instrument)) {
                let amount = rollover.due(night, account.instrument(instrument).value(mark, held)?)?;
                if !amount.is_zero() {
                    let commodity = account.quote_of(instrument);
                    self.pending.push(Report::Charged { instrument, time, book: Book::Rollover, commodity, amount });
                }
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// True where a position pays and earns its interest overnight: it owes no other.
    pub(super) fn is_rolled(&self, id: InstrumentId) -> bool {
        self.settings.rollover.iter().any(|rollover| rollover.instrument == id)
    }

    /// What is owed of a currency for pairs that are rolled over.
    pub(super) fn owed_for_pairs(&self, account: &Account, currency: CommodityId) -> Result<Cash, Overflow> {
        let ids = self.settings.rollover.iter().map(|rollover| rollover.instrument);
        ids.filter(|id| account.quote_of(*id) == currency).try_fold(Cash::ZERO, |sum, id| {
            let (held, mark) = (account.position(id).quantity, account.mark_of(id));
            match mark.filter(|_| held.is_positive()) {
                Some(mark) => sum.plus(account.instrument(id).value(mark, held)?),
                None => Ok(sum),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_night_costs_what_the_formula_says() {
        let check = |value: i64, rates: [i64; 2], years: [u16; 2], markup: i64, days: u8, expected: &str| {
            let rollover =
                Rollover { instrument: InstrumentId(0), years, markup: Rate::percent(markup), nights: Arc::new([]) };
            let night = Night { time: Time::EPOCH, days, rates: rates.map(Rate::percent) };
            let due = rollover.due(&night, Cash::whole(value)).unwrap();
            assert_eq!(due.to_string(), expected, "{value} {rates:?} {years:?} {markup} {days}");
        };
        // 36,000 * (4 % - 1 %) / 360.
        check(36_000, [1, 4], [360, 360], 0, 1, "3");
        check(-36_000, [1, 4], [360, 360], 0, 1, "-3");
        check(36_000, [1, 4], [360, 360], 0, 3, "9");
        // 365 * 360 * 10 = 1,314,000: the quote's 4 % of 360 days are 146, the base's 3.65 % would be 131.4.
        check(1_314_000, [2, 4], [365, 360], 0, 1, "74");
        check(1_314_000, [4, 2], [365, 360], 0, 1, "-71");
        // A markup of 1 % is taken on either side: 36.5 a day.
        check(1_314_000, [2, 4], [365, 360], 1, 1, "110.5");
        check(-1_314_000, [2, 4], [365, 360], 1, 1, "-37.5");
        check(36_000, [0, -1], [360, 360], 0, 1, "-1");
        check(36_000, [2, 2], [360, 360], 0, 3, "0");
    }
}
