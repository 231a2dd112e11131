//! What a venue takes for a fill.
use std::fmt;
use std::sync::Arc;

use qframe_model::fill::Liquidity;
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate};

/// What a fee can depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeBasis {
    /// The fill's value in the quote currency, above zero.
    pub value: Cash,
    /// Units.
    pub quantity: Quantity,
    /// The price.
    pub price: Price,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// The value traded over the last 30 days, this fill not counted.
    pub volume_30d: Cash,
}

/// A fee of your own.
pub trait FeeModel: fmt::Debug + Send + Sync {
    /// The fee in the quote currency; negative is a rebate.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    fn fee(&self, basis: &FeeBasis) -> Result<Cash, Overflow>;
}

/// The fee models.
#[derive(Debug, Clone)]
pub enum Fees {
    /// A share of the value.
    Percent {
        /// For fills that rested.
        maker: Rate,
        /// For fills that came.
        taker: Rate,
    },
    /// An amount for each unit, with a minimum for each fill (US stock brokers). Where a sale brings less than the minimum,
    /// the rest is owed: the money falls below zero, since what closes a position always fills.
    PerUnit {
        /// For one unit.
        each: Cash,
        /// The least for a fill.
        minimum: Cash,
    },
    /// A share of the value that falls with the value traded in 30 days; tiers by ascending volume, the first from zero.
    Tiered(Arc<[Tier]>),
    /// One of your own.
    Custom(Arc<dyn FeeModel>),
}

/// One step of [`Fees::Tiered`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// From this 30-day value on.
    pub from: Cash,
    /// For fills that rested.
    pub maker: Rate,
    /// For fills that came.
    pub taker: Rate,
}

impl Fees {
    /// No fee.
    pub const NONE: Self = Self::Percent { maker: Rate::ZERO, taker: Rate::ZERO };

    /// The same share for maker and taker.
    #[must_use]
    pub const fn flat(rate: Rate) -> Self {
        Self::Percent { maker: rate, taker: rate }
    }

    /// The fee of a fill, half-even at 1e-18.
    ///
    /// # Errors
    /// [`Overflow`] beyond the range.
    #[inline(always)]
    pub fn fee(&self, basis: &FeeBasis) -> Result<Cash, Overflow> {
        match self {
            Self::Percent { maker, taker } => basis.value.at_rate(by_liquidity(basis, *maker, *taker)),
            other => other.special(basis),
        }
    }

    fn special(&self, basis: &FeeBasis) -> Result<Cash, Overflow> {
        match self {
            Self::Percent { .. } => Ok(Cash::ZERO),
            Self::PerUnit { each, minimum } => {
                let (part, whole) = (basis.quantity.nanos(), Quantity::ONE.nanos());
                Ok(each.scaled(part, whole, qframe_model::number::Rounding::HalfEven)?.max(*minimum))
            }
            Self::Tiered(tiers) => {
                let tier = tiers.iter().rev().find(|tier| basis.volume_30d >= tier.from).or(tiers.first());
                tier.map_or(Ok(Cash::ZERO), |tier| basis.value.at_rate(by_liquidity(basis, tier.maker, tier.taker)))
            }
            Self::Custom(model) => model.fee(basis),
        }
    }

    /// True where the fee needs the 30-day volume.
    pub(super) const fn needs_volume(&self) -> bool {
        matches!(self, Self::Tiered(_) | Self::Custom(_))
    }
}

const fn by_liquidity(basis: &FeeBasis, maker: Rate, taker: Rate) -> Rate {
    match basis.liquidity {
        Liquidity::Maker => maker,
        Liquidity::Taker => taker,
    }
}
