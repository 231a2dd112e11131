//! The portfolio as it stands.
use serde::{Deserialize, Serialize};

use super::{PortfolioError, Weights, clamped};
use crate::account::Account;
use crate::ids::InstrumentId;
use crate::number::{Cash, Overflow, Rate, Rounding};
use crate::time::Time;

/// An account at one instant, in its reporting currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When.
    pub time: Time,
    /// What everything is worth at the last marks.
    pub equity: Cash,
    /// Money of the reporting currency.
    pub cash: Cash,
    /// The sum of the absolute values of all positions.
    pub exposure: Cash,
    /// The weights of all open positions, half-even at 1e-9.
    pub weights: Weights,
    /// How far the equity is below the peak, as a share of the peak, 0 or more.
    pub drawdown: Rate,
}

impl Snapshot {
    /// Measures an account. `peak` is the highest equity before now; where the equity is higher, it is the peak.
    ///
    /// # Errors
    /// [`PortfolioError`] where the equity is not above zero, a held instrument has no price, or a number overflows.
    pub fn of(account: &Account, time: Time, peak: Cash) -> Result<Self, PortfolioError> {
        let equity = account.equity();
        let peak = peak.max(equity);
        Ok(Self {
            time,
            equity,
            cash: account.cash(),
            exposure: account.gross_exposure()?,
            weights: weights(account)?,
            drawdown: ratio(peak.minus(equity)?, peak)?,
        })
    }
}

/// The weights of all open positions.
pub(super) fn weights(account: &Account) -> Result<Weights, PortfolioError> {
    let equity = account.equity();
    if !equity.is_positive() {
        return Err(PortfolioError::NoEquity(equity));
    }
    let mut weights = Weights::new();
    for (id, instrument) in numbered(account) {
        if !account.position(id).is_flat() {
            let value = value_of(account, id)?.ok_or_else(|| PortfolioError::NoPrice(instrument.symbol().clone()))?;
            weights.insert(id, ratio(value, equity)?);
        }
    }
    Ok(weights)
}

/// The value of a position at its mark, negative for short, in the reporting currency; `None` without a mark.
pub(super) fn value_of(account: &Account, id: InstrumentId) -> Result<Option<Cash>, Overflow> {
    let Some(mark) = account.mark_of(id) else { return Ok(None) };
    let value = account.instrument(id).value(mark, account.position(id).quantity)?;
    account.to_reporting(account.quote_of(id), value).map(Some)
}

pub(super) fn numbered(account: &Account) -> impl Iterator<Item = (InstrumentId, &crate::instrument::Instrument)> {
    // An account holds at most 30,000 instruments, so every place has a number.
    (0..=u16::MAX).map(InstrumentId).zip(account.instruments())
}

/// `part / whole`, half-even at 1e-9; the ends of the range where it is beyond.
fn ratio(part: Cash, whole: Cash) -> Result<Rate, Overflow> {
    let one = Cash::from_attos(Rate::ONE.nanos().into());
    Ok(clamped(one.scaled(part.attos(), whole.attos(), Rounding::HalfEven)?.attos()))
}

/// How far one weight is from its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    /// Of what.
    pub instrument: InstrumentId,
    /// The weight now.
    pub current: Rate,
    /// The weight wanted.
    pub target: Rate,
}

impl Drift {
    /// The target less the present weight: above zero there is to be bought.
    #[must_use]
    pub fn gap(&self) -> Rate {
        clamped(i128::from(self.target.nanos()) - i128::from(self.current.nanos()))
    }
}

/// Every instrument of either side, by its number; those that fit are among them with a gap of zero.
#[must_use]
pub fn drift(current: &Weights, target: &Weights) -> Vec<Drift> {
    let mut named: Vec<InstrumentId> = current.keys().chain(target.keys()).copied().collect();
    named.sort_unstable();
    named.dedup();
    let weight = |weights: &Weights, id| weights.get(&id).copied().unwrap_or(Rate::ZERO);
    named
        .into_iter()
        .map(|id| Drift { instrument: id, current: weight(current, id), target: weight(target, id) })
        .collect()
}

/// Half the sum of all gaps: the share of the equity that changes hands when one thing is exchanged for another.
#[must_use]
pub fn turnover(drifts: &[Drift]) -> Rate {
    clamped(drifts.iter().map(|drift| i128::from(drift.gap().nanos()).abs()).sum::<i128>() / 2)
}
