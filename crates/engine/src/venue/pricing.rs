//! How much worse than the market an order that takes liquidity fills: spread and slippage.
use qframe_model::instrument::Instrument;
use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Overflow, Price, Quantity, Rate, Rounding, mul_div};
use qframe_model::refusal::Refusal;

/// Slippage models. All move the price against the order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Slippage {
    /// None.
    #[default]
    None,
    /// By a price difference.
    Fixed(Price),
    /// By so many pips of a pair of currencies.
    Pips(Price),
    /// By a share of the price: 5 bp is 0.0005.
    Share(Rate),
    /// By `factor` x (the order's share of the bar's volume)^2 of the price (zipline's volume share model).
    VolumeShare {
        /// 0.1 moves the price by 0.1 % where the order is 10 % of the volume.
        factor: f64,
    },
    /// By `factor` x sqrt(the order's share of the bar's volume) of the price (the square-root law of impact).
    SquareRoot {
        /// About the volatility of the bar: 0.02 moves the price by 0.2 % where the order is 1 % of the volume.
        factor: f64,
    },
}

/// Bid to ask; a taker pays half of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// As a share of the price.
    Share(Rate),
    /// In pips of a pair of currencies.
    Pips(Price),
}

impl Default for Spread {
    fn default() -> Self {
        Self::Share(Rate::ZERO)
    }
}

/// The cost of crossing: slippage and half the spread.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Crossing {
    /// The slippage model.
    pub slippage: Slippage,
    /// The spread.
    pub spread: Spread,
}

/// What takes liquidity, and the market that it takes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taker<'a> {
    pub instrument: &'a Instrument,
    pub bar: &'a Bar,
    /// Half of the recorded spread.
    pub half_spread: Price,
    pub side: Side,
    /// The market's price.
    pub price: Price,
    pub quantity: Quantity,
}

impl Crossing {
    /// True where a taker gets the market's price.
    #[inline]
    pub(super) fn is_free(&self) -> bool {
        self.slippage == Slippage::None && self.spread == Spread::default()
    }

    /// Whether it is told in pips, which only pairs of currencies have.
    #[must_use]
    pub const fn is_in_pips(&self) -> bool {
        matches!((self.slippage, self.spread), (Slippage::Pips(_), _) | (_, Spread::Pips(_)))
    }

    /// The price that a taker gets instead of the market's, on the tick grid and never better than the model says.
    ///
    /// # Errors
    /// [`Overflow`] where the price leaves its range or falls to zero, and for pips of what is no pair of currencies.
    pub(super) fn apply(&self, taker: &Taker<'_>) -> Result<Price, Overflow> {
        let nanos = self.nanos(taker)?;
        let slipped = i64::try_from(nanos).map(Price::from_nanos).ok().filter(|price| price.is_positive());
        slipped.ok_or(Overflow("a price after slippage"))
    }

    /// Why there is no such price, with the one that came out.
    #[cold]
    pub(super) fn refusal(&self, taker: &Taker<'_>) -> Refusal {
        match self.nanos(taker) {
            Ok(nanos @ ..=0) => Refusal::BadPrice(Price::from_nanos(i64::try_from(nanos).unwrap_or(i64::MIN))),
            Ok(nanos) => {
                let price = Cash::from_quantity(Quantity::from_nanos(nanos));
                price.map_or(Refusal::Overflow, |price| Refusal::PriceTooLarge { price, most: Price::MAX })
            }
            Err(_) => Refusal::Overflow,
        }
    }

    /// The nanos of that price, which may be out of range.
    #[inline(always)]
    fn nanos(&self, taker: &Taker<'_>) -> Result<i128, Overflow> {
        let Taker { instrument, bar, half_spread, side, price, quantity } = *taker;
        let slip = match self.slippage {
            Slippage::None => 0,
            Slippage::Fixed(distance) => i128::from(distance.nanos()),
            Slippage::Pips(pips) => in_pips(instrument, pips)?,
            Slippage::Share(rate) => share(price, i128::from(rate.nanos()))?,
            Slippage::VolumeShare { factor } => share(price, nanos(factor * volume_share(bar, quantity).powi(2)))?,
            Slippage::SquareRoot { factor } => share(price, nanos(factor * volume_share(bar, quantity).sqrt()))?,
        };
        let spread = match self.spread {
            Spread::Share(rate) => share(price, i128::from(rate.nanos()))?,
            Spread::Pips(pips) => in_pips(instrument, pips)?,
        };
        let half_spread = spread / 2 + i128::from(half_spread.nanos());
        let worse = match side {
            Side::Buy => i128::from(price.nanos()) + slip + half_spread,
            Side::Sell => i128::from(price.nanos()) - slip - half_spread,
        };
        worse_nanos(side, worse, instrument.rules().tick).ok_or(Overflow("a price after slippage"))
    }
}

/// The tick at a price of so many nanos, or else the next one that is worse for `side`: below it for a sale, above it for a
/// purchase. `None` beyond the range.
pub(super) fn worse_tick(side: Side, nanos: i128, tick: Price) -> Option<Price> {
    worse_nanos(side, nanos, tick).and_then(|nanos| i64::try_from(nanos).ok()).map(Price::from_nanos)
}

/// As [`worse_tick`], in nanos, which may be no price.
fn worse_nanos(side: Side, nanos: i128, tick: Price) -> Option<i128> {
    let tick = i128::from(tick.nanos());
    let ticks = match side {
        Side::Buy => nanos.div_euclid(tick) + i128::from(nanos.rem_euclid(tick) != 0),
        Side::Sell => nanos.div_euclid(tick),
    };
    ticks.checked_mul(tick)
}

/// The order's share of the bar's volume, at most 1; all of it where nothing traded.
fn volume_share(bar: &Bar, quantity: Quantity) -> f64 {
    let volume = bar.volume.to_f64();
    if volume > 0.0 { (quantity.to_f64() / volume).min(1.0) } else { 1.0 }
}

/// The distance of so many pips, in nanos.
fn in_pips(instrument: &Instrument, pips: Price) -> Result<i128, Overflow> {
    share(instrument.pip().ok_or(Overflow("pips of what is no pair of currencies"))?, pips.nanos().into())
}

fn nanos(share: f64) -> i128 {
    (share * Rate::ONE.nanos() as f64).round_ties_even() as i128
}

fn share(price: Price, nanos: i128) -> Result<i128, Overflow> {
    mul_div(price.nanos().into(), nanos, Rate::ONE.nanos().into(), Rounding::Up).ok_or(Overflow("slippage"))
}
