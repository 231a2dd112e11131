//! Rolls of a series of many contracts: who holds it over a roll sells the old contract and buys the new one.
//!
//! The series itself has no jump there, so the two trades are not in its prices. Their costs are: a taker's fee on either
//! side, and what crossing takes, both at the prices of the contracts.
use qframe_model::account::Account;
use qframe_model::event::Report;
use qframe_model::fill::Liquidity;
use qframe_model::ids::InstrumentId;
use qframe_model::ledger::Book;
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Price};
use qframe_model::time::Time;

use super::SimVenue;
use super::fees::FeeBasis;
use super::pricing::Taker;

/// From one contract to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractRoll {
    /// The first instant of the new one.
    pub time: Time,
    /// Of which series.
    pub instrument: InstrumentId,
    /// What the old one and the new one were worth then.
    pub prices: [Price; 2],
}

impl SimVenue {
    /// Books the first roll that is due; false where there is none.
    pub(super) fn roll_contracts(&mut self, account: &Account, now: Time) -> Result<bool, Overflow> {
        let Some(roll) = self.settings.rolls.get(self.carry.next_roll).copied().filter(|roll| roll.time <= now) else {
            return Ok(false);
        };
        self.carry.next_roll += 1;
        let (id, time) = (roll.instrument, roll.time);
        if account.position(id).is_flat() {
            return Ok(true);
        }
        let (fees, crossed) = self.cost_of(account, &roll)?;
        for (book, amount) in [(Book::Fees, fees), (Book::Trading, crossed)] {
            if !amount.is_zero() {
                let commodity = account.quote_of(id);
                self.pending.push(Report::Charged { instrument: id, time, book, commodity, amount });
            }
        }
        Ok(true)
    }

    /// The fees of both trades, and what crossing took from them.
    fn cost_of(&mut self, account: &Account, roll: &ContractRoll) -> Result<(Cash, Cash), Overflow> {
        let (held, instrument) = (account.position(roll.instrument).quantity, account.instrument(roll.instrument));
        let side = Side::of(held);
        let (mut fees, mut crossed) = (Cash::ZERO, Cash::ZERO);
        for (side, price) in [side.opposite(), side].into_iter().zip(roll.prices) {
            let bar = self.listings[roll.instrument.index()].last.unwrap_or_default();
            let quantity = held.abs();
            let taker = Taker { instrument, bar: &bar, half_spread: Price::ZERO, side, price, quantity };
            let paid = match self.settings.crossing.is_free() {
                true => price,
                false => self.settings.crossing.apply(&taker)?,
            };
            let value = instrument.value(paid, held.abs())?;
            crossed = crossed.plus(value.minus(instrument.value(price, held.abs())?)?.abs())?;
            fees = fees.plus(self.settings.fees.fee(&FeeBasis {
                value,
                quantity: held.abs(),
                price: paid,
                liquidity: Liquidity::Taker,
                volume_30d: self.volume_30d(roll.time),
            })?)?;
            self.count_traded(roll.time, value)?;
        }
        Ok((fees, crossed))
    }
}
