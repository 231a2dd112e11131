//! The trades that bring a portfolio to its target: whole lots, sells before buys, never more than there is.
//!
//! Weights are taken of the equity that is left once the fees are paid. What is bought or sold short is rounded down to lots,
//! what is sold to the nearest lot (but not past zero): no trade leaves a weight farther from its target than it was. Where
//! sales that were rounded down bring less than the purchases cost, the last of these are less. Each trade is booked on a
//! copy of the account before the next one is sized.
use std::fmt;

use super::draft::Draft;
use super::snapshot::{numbered, value_of, weights};
use super::{Drift, PortfolioError, Weights, drift};
use crate::account::Account;
use crate::ids::InstrumentId;
use crate::instrument::Instrument;
use crate::market::Side;
use crate::number::{Cash, Overflow, Price, Quantity, Rate, Rounding};

/// How many times the fee estimate is refined: each round gains as many digits as the fee rate has zeros.
const ROUNDS: usize = 32;

/// How to rebalance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rebalance {
    /// A weight this near to its target, or nearer, is left alone, 0..1.
    pub band: Rate,
    /// The fee expected on each trade, as a share of its value, 0..1.
    pub fee: Rate,
}

/// A trade to make at the last mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedTrade {
    /// Of what.
    pub instrument: InstrumentId,
    /// Which way.
    pub side: Side,
    /// Units, above zero, in whole lots.
    pub quantity: Quantity,
    /// The mark.
    pub price: Price,
    /// Its value in the quote currency, above zero.
    pub value: Cash,
    /// The expected fee in the quote currency.
    pub fee: Cash,
}

/// Something that is off its target and is not, or not wholly, traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// What.
    pub instrument: InstrumentId,
    /// Why.
    pub reason: Skip,
}

/// Why a step to the target is not, or not wholly, made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// It is near enough.
    WithinBand {
        /// The target less the weight.
        gap: Rate,
        /// The band.
        band: Rate,
    },
    /// Less than one lot is missing.
    BelowLot {
        /// What is missing.
        asked: Quantity,
        /// The lot.
        lot: Quantity,
    },
    /// The venue takes no order this small.
    BelowMinNotional {
        /// The order's value.
        value: Cash,
        /// The least.
        minimum: Cash,
    },
    /// The money there is pays for this much only.
    NotEnough {
        /// What was wanted.
        wanted: Quantity,
        /// What is traded.
        payable: Quantity,
    },
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WithinBand { gap, band } => write!(f, "a gap of {gap} is within the band of {band}"),
            Self::BelowLot { asked, lot } => write!(f, "{asked} missing is less than one lot of {lot}"),
            Self::BelowMinNotional { value, minimum } => {
                write!(f, "an order worth {value} is less than the {minimum} that the venue takes")
            }
            Self::NotEnough { wanted, payable } => write!(f, "{wanted} wanted, the money there is pays for {payable}"),
        }
    }
}

/// What to trade, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What makes positions smaller, then what opens or enlarges them: of either the sells, then the buys, each by the number
    /// of the instrument. A position that turns is closed with the ones and opened with the others.
    pub trades: Vec<PlannedTrade>,
    /// What stays off its target, and why.
    pub skipped: Vec<Skipped>,
    /// What the weights were taken of: the equity less the fees expected, in the reporting currency.
    pub base: Cash,
    /// The money of the reporting currency once all is traded and paid.
    pub cash: Cash,
}

impl Rebalance {
    /// The trades from what `account` holds to `target`. An instrument that the target does not name is sold. Spot and
    /// stock are paid with money that is there; derivatives and shorts need their initial margin.
    ///
    /// # Errors
    /// [`PortfolioError`] where the equity is not above zero, a price is missing, a number names nothing, an option is
    /// outside 0..1, or a number overflows.
    pub fn plan(&self, account: &Account, target: &Weights) -> Result<Plan, PortfolioError> {
        self.check(account, target)?;
        let drifts: Vec<Drift> =
            drift(&weights(account)?, target).into_iter().filter(|drift| !drift.gap().is_zero()).collect();
        let (near, far): (Vec<Drift>, Vec<Drift>) =
            drifts.into_iter().partition(|drift| drift.gap().abs() <= self.band);
        let within = |drift: &Drift| Skip::WithinBand { gap: drift.gap(), band: self.band };
        let mut skipped: Vec<Skipped> =
            near.iter().map(|drift| Skipped { instrument: drift.instrument, reason: within(drift) }).collect();
        let base = self.base(account, &far)?;
        let mut steps = Vec::with_capacity(far.len());
        for drift in &far {
            let (id, step) = (drift.instrument, step(account, drift, base)?);
            let closes = closing(account, id, step);
            // What shrinks a position comes first: it brings the money and the margin for what opens one.
            let parts = [(true, closes), (false, step.minus(closes)?)];
            steps.extend(
                parts.into_iter().filter(|(_, part)| !part.is_zero()).map(|(shrinks, part)| (!shrinks, id, part)),
            );
            let (left, lot) = (account.position(id).quantity.plus(step)?.abs(), account.instrument(id).rules().lot);
            if drift.target.is_zero() && !left.is_zero() && step.abs() >= lot {
                skipped.push(Skipped { instrument: id, reason: Skip::BelowLot { asked: left, lot } });
            }
        }
        steps.sort_by_key(|(opens, id, step)| (*opens, !step.is_negative(), *id));
        let mut draft = Draft::new(*self, account, skipped);
        for (_, id, step) in steps {
            draft.trade(id, step)?;
        }
        let cash = draft.cash();
        let (trades, skipped) = draft.into_lists();
        Ok(Plan { trades, skipped, base, cash })
    }

    fn check(&self, account: &Account, target: &Weights) -> Result<(), PortfolioError> {
        for (name, value) in [("band", self.band), ("fee", self.fee)] {
            if value.is_negative() || value >= Rate::ONE {
                return Err(PortfolioError::Option { name, value });
            }
        }
        let known = account.instruments().len();
        if let Some(id) = target.keys().find(|id| id.index() >= known) {
            return Err(PortfolioError::UnknownInstrument(*id));
        }
        let priced = |(id, _): &(InstrumentId, &Instrument)| account.mark_of(*id).is_some_and(Price::is_positive);
        let needed = numbered(account).filter(|(id, _)| target.contains_key(id) || !account.position(*id).is_flat());
        let unpriced = needed.filter(|row| !priced(row)).map(|(_, instrument)| instrument.symbol().clone()).next();
        unpriced.map_or(Ok(()), |symbol| Err(PortfolioError::NoPrice(symbol)))
    }

    /// The equity that is left when all of `far` has moved to its share of just that equity: the fixed point of
    /// `base = equity - fee x sum |weight x base - value|`.
    fn base(&self, account: &Account, far: &[Drift]) -> Result<Cash, PortfolioError> {
        let equity = account.equity();
        let mut base = equity;
        for _ in 0..ROUNDS {
            let mut traded = Cash::ZERO;
            for drift in far {
                let value = value_of(account, drift.instrument)?.unwrap_or(Cash::ZERO);
                traded = traded.plus(base.at_rate(drift.target)?.minus(value)?.abs())?;
            }
            let next = equity.minus(traded.at_rate(self.fee)?)?;
            if !next.is_positive() {
                return Err(PortfolioError::NoEquity(next));
            }
            if next == base {
                break;
            }
            base = next;
        }
        Ok(base)
    }
}

/// The part of a step that makes a position smaller; of one that turns it, what closes its whole lots.
fn closing(account: &Account, id: InstrumentId, step: Quantity) -> Quantity {
    let (held, lot) = (account.position(id).quantity, account.instrument(id).rules().lot);
    match held.is_zero() || held.is_negative() == step.is_negative() {
        true => Quantity::ZERO,
        false if step.abs() <= held.abs() => step,
        false => (-held).floor_to(lot),
    }
}

/// The units from what is held to the target, in whole lots: down for a purchase or a short, to the nearest for a sale of what
/// is held.
fn step(account: &Account, drift: &Drift, base: Cash) -> Result<Quantity, PortfolioError> {
    let id = drift.instrument;
    let instrument = account.instrument(id);
    let budget = account.from_reporting(account.quote_of(id), base.at_rate(drift.target)?)?;
    let multiplier = instrument.rules().multiplier;
    let scaled = budget.scaled(Quantity::ONE.nanos(), multiplier.nanos(), Rounding::Down)?;
    let price = account.mark_of(id).unwrap_or(Price::ZERO);
    let wanted = scaled.units_at(price).ok_or(Overflow("a target quantity"))?;
    let (held, lot) = (account.position(id).quantity, instrument.rules().lot);
    let missing = wanted.minus(held)?;
    let down = missing.floor_to(lot);
    if !missing.is_negative() || drift.target.is_negative() || down == missing {
        return Ok(if down.is_zero() { missing } else { down });
    }
    let up = down.minus(lot)?.max((-held).floor_to(lot));
    let nearest = if missing.minus(up)?.abs() < down.minus(missing)? { up } else { down };
    Ok(if nearest.is_zero() { missing } else { nearest })
}
