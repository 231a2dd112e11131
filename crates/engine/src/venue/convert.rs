//! Conversions: a cash account that lacks the currency of a purchase changes what it has of others into it.
//!
//! The rate is that of the last marks, without a cost of its own. Amounts are whole nanos of the currency that is bought;
//! what is given for them is rounded at 1e-18, so that a conversion changes no equity but for its last digit.
use qframe_model::account::Account;
use qframe_model::event::Report;
use qframe_model::ids::{CommodityId, InstrumentId};
use qframe_model::market::Side;
use qframe_model::number::{Cash, Overflow, Rounding};
use qframe_model::time::Time;

use super::SimVenue;
use super::sizing::Deal;

impl SimVenue {
    /// Reports the conversions that a purchase needs before it fills, where the settings allow them.
    pub(super) fn convert_for(
        &mut self,
        account: &Account,
        id: InstrumentId,
        side: Side,
        deal: &Deal,
        time: Time,
    ) -> Result<(), Overflow> {
        let (to, derivative) = (account.quote_of(id), account.instrument(id).kind().is_derivative());
        if !self.settings.convert || self.settings.allow_short || derivative || side == Side::Sell {
            return Ok(());
        }
        let mut missing = whole_nanos(deal.value.plus(deal.fee)?.minus(spare(account, to)?)?, Rounding::Up)?;
        for from in others(account, to) {
            if !missing.is_positive() {
                break;
            }
            let (spare, most) = (spare(account, from)?, most(account, from, to)?);
            let got = missing.min(most);
            if got.is_positive() {
                let given = exchanged(account, to, got, from)?.max(Cash::from_attos(1)).min(spare);
                self.pending.push(Report::Converted { time, from, given, to, got });
                missing = missing.minus(got)?;
            }
        }
        Ok(())
    }
}

/// What all other money would bring in a currency.
pub(super) fn convertible(account: &Account, to: CommodityId) -> Result<Cash, Overflow> {
    others(account, to).try_fold(Cash::ZERO, |sum, from| sum.plus(most(account, from, to)?))
}

/// The currencies that something is paid in, the reporting one first.
fn others(account: &Account, to: CommodityId) -> impl Iterator<Item = CommodityId> + '_ {
    let ids = (0..account.commodities().len()).map(|place| CommodityId(place as u16));
    let instruments = || (0..account.instruments().len()).map(|place| InstrumentId(place as u16));
    let is_paid_in = move |id: &CommodityId| instruments().any(|instrument| account.quote_of(instrument) == *id);
    ids.filter(move |id| *id != to && (*id == account.reporting() || is_paid_in(id)))
}

/// The most that one currency brings of another.
fn most(account: &Account, from: CommodityId, to: CommodityId) -> Result<Cash, Overflow> {
    whole_nanos(exchanged(account, from, spare(account, from)?, to)?, Rounding::Down)
}

/// Money that no position is made of; never below zero.
pub(super) fn spare(account: &Account, currency: CommodityId) -> Result<Cash, Overflow> {
    let ids = (0..account.instruments().len()).map(|place| InstrumentId(place as u16));
    let held = ids.filter(|id| account.base_of(*id) == Some(currency)).map(|id| account.position(id).quantity);
    let spare = held
        .filter(|held| held.is_positive())
        .try_fold(account.ledger().assets(currency), |rest, held| rest.minus(Cash::from_quantity(held)?))?;
    Ok(spare.max(Cash::ZERO))
}

/// An amount in another currency at the last marks; nothing where either has no price yet.
fn exchanged(account: &Account, from: CommodityId, amount: Cash, to: CommodityId) -> Result<Cash, Overflow> {
    account.from_reporting(to, account.to_reporting(from, amount)?)
}

fn whole_nanos(amount: Cash, rounding: Rounding) -> Result<Cash, Overflow> {
    let nano = 1_000_000_000;
    amount.scaled(1, nano, rounding)?.scaled(nano, 1, rounding)
}
