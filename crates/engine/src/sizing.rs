//! How large an entry is: rules that a user picks, for strategies that leave it open.
mod heat;

use std::fmt;

use qframe_model::market::{Bar, Side};
use qframe_model::number::{Cash, Price, Quantity, Rate, Rounding};
use qframe_model::order::Size;
use qframe_model::refusal::Refusal;

use crate::context::Context;

/// A sizing rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sizing {
    /// This share of the equity at the fill, fee included.
    Equity(Rate),
    /// This much money, fee included.
    Cash(Cash),
    /// So many units.
    Units(Quantity),
    /// The share of equity that makes the position's volatility this much a year: target over the volatility of the last
    /// `window` returns, at most `cap` of the equity.
    Volatility {
        /// The wanted volatility a year: 0.2 is 20 %.
        target: f64,
        /// How many returns the volatility is measured over.
        window: usize,
        /// The most of the equity.
        cap: Rate,
    },
    /// As many units as lose a share of the equity on the way to where the position would be given up.
    Risk(RiskBudget),
    /// Kelly's share of what the closed trades have shown; `start` until 20 trades are closed. Both at most `cap`.
    Kelly {
        /// The share before there is enough to learn from.
        start: Rate,
        /// The most of the equity.
        cap: Rate,
    },
}

/// How much of the equity a position may lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiskBudget {
    /// The share of the equity that is lost between the last price and the stop.
    pub share: Rate,
    /// Where an entry names no stop: so many times the mean true range of the last bars stand for the distance. Without it
    /// an entry without a stop has no size.
    pub range: Option<(Rate, usize)>,
    /// The most that all positions together may lose: an entry gets what is left of it. A position or an entry of another
    /// symbol whose stop is not known counts as one `share`.
    pub heat: Option<Rate>,
}

impl RiskBudget {
    /// This share of the equity to a stop, whatever else is open.
    #[must_use]
    pub const fn of(share: Rate) -> Self {
        Self { share, range: None, heat: None }
    }
}

impl Default for Sizing {
    fn default() -> Self {
        Self::Equity(Rate::ONE)
    }
}

/// Trades that Kelly's share is learnt from at least.
const KELLY_TRADES_MIN: usize = 20;

impl Sizing {
    /// How many bars of history the rule looks back on.
    #[must_use]
    pub const fn lookback(&self) -> usize {
        match self {
            Self::Volatility { window, .. } | Self::Risk(RiskBudget { range: Some((_, window)), .. }) => *window + 1,
            _ => 0,
        }
    }

    /// The size of an entry now.
    ///
    /// # Errors
    /// [`Refusal::NoSize`] where the rule says nothing; [`Refusal::TooLittleHistory`] where not enough is known;
    /// [`Refusal::TooMuchHeat`] where nothing may be risked.
    pub(crate) fn size(&self, context: &Context<'_>, side: Side, stop: Option<Price>) -> Result<Size, Refusal> {
        let weight = |share: Rate| Size::TargetWeight(if side == Side::Sell { -share } else { share });
        let size = match *self {
            Self::Equity(share) => Some(weight(share)),
            Self::Cash(cash) => Some(Size::Budget(cash)),
            Self::Units(units) => Some(Size::TargetUnits(side.signed(units))),
            Self::Volatility { target, cap, .. } => {
                let share = |volatility: f64| share_of(target / volatility, cap);
                volatility(self.looked_back(context)?).and_then(share).map(weight)
            }
            Self::Risk(budget) => {
                let share = heat::left(context, &budget)?;
                let distance = self.distance(context, &budget, stop)?;
                let units = distance.and_then(|distance| units_at_risk(context, share, distance));
                units.map(|units| Size::TargetUnits(side.signed(units)))
            }
            Self::Kelly { start, cap } => {
                kelly(context).map_or(Some(start.min(cap)), |share| share_of(share, cap)).map(weight)
            }
        };
        size.ok_or(Refusal::NoSize)
    }

    /// The last bars of the current series, as many as the rule looks back on.
    fn looked_back<'a>(&self, context: &'a Context<'_>) -> Result<&'a [Bar], Refusal> {
        let (history, needed) = (context.history(), self.lookback());
        let short = || Refusal::TooLittleHistory { needed: needed as u32, there: history.len() as u32 };
        history.len().checked_sub(needed).map(|first| &history[first..]).ok_or_else(short)
    }

    /// From the last price to the stop; without one so many mean true ranges.
    fn distance(
        &self,
        context: &Context<'_>,
        budget: &RiskBudget,
        stop: Option<Price>,
    ) -> Result<Option<Price>, Refusal> {
        let Some(price) = context.price_of(context.instrument()) else { return Ok(None) };
        let far = match (stop, budget.range) {
            (Some(stop), _) => {
                price.nanos().checked_sub(stop.nanos()).and_then(i64::checked_abs).map(Price::from_nanos)
            }
            (None, Some((times, _))) => {
                let range = mean_true_range(self.looked_back(context)?);
                Price::from_f64(range * times.to_f64()).filter(|far| far.is_positive())
            }
            (None, None) => None,
        };
        Ok(far)
    }
}

/// A computed share as a rate: at most `cap`, `None` where it is not above zero.
fn share_of(share: f64, cap: Rate) -> Option<Rate> {
    Rate::from_f64(share.min(cap.to_f64())).filter(|share| share.is_positive())
}

/// Standard deviation (ddof 1) of the simple returns of these bars, a year of 365 days of such bars; `None` where the price
/// stands still.
fn volatility(bars: &[Bar]) -> Option<f64> {
    let count = bars.len().checked_sub(1)?;
    let returns = bars.windows(2).map(|pair| pair[1].close.to_f64() / pair[0].close.to_f64() - 1.0);
    let mean = returns.clone().sum::<f64>() / count as f64;
    let variance = returns.map(|r| (r - mean).powi(2)).sum::<f64>() / (count.checked_sub(1)?) as f64;
    let span = bars.last()?.time.since(bars.first()?.time).nanos() as f64 / count as f64;
    let per_year = 365.0 * 86_400e9 / span;
    Some((variance * per_year).sqrt()).filter(|volatility| *volatility > 0.0 && volatility.is_finite())
}

/// The mean of the true ranges of these bars but the first (Wilder 1978): the range of a bar, and from it to the close before.
fn mean_true_range(bars: &[Bar]) -> f64 {
    let ranges = bars.windows(2).map(|pair| {
        let (before, bar) = (pair[0].close, &pair[1]);
        bar.high.max(before).to_f64() - bar.low.min(before).to_f64()
    });
    ranges.sum::<f64>() / (bars.len() - 1) as f64
}

fn units_at_risk(context: &Context<'_>, share: Rate, distance: Price) -> Option<Quantity> {
    let account = context.account();
    let quote = account.quote_of(context.instrument());
    let at_risk = account.from_reporting(quote, context.equity().at_rate(share).ok()?).ok()?;
    account.instrument(context.instrument()).affordable(at_risk, distance)
}

/// W - (1 - W) / R over all closed trades: W the share of winners, R mean gain over mean loss (Kelly 1956, as traders
/// write it). `None` before enough trades; 1 where nothing was ever lost.
fn kelly(context: &Context<'_>) -> Option<f64> {
    let returns = || context.trades().iter().filter_map(qframe_model::position::ClosedTrade::return_share);
    if context.trades().len() < KELLY_TRADES_MIN {
        return None;
    }
    let (wins, gained) = returns().filter(|r| *r > 0.0).fold((0.0, 0.0), |(n, sum), r| (n + 1.0, sum + r));
    let (losses, lost) = returns().filter(|r| *r <= 0.0).fold((0.0, 0.0), |(n, sum), r| (n + 1.0, sum - r));
    if losses == 0.0 || lost == 0.0 {
        return Some(1.0);
    }
    if wins == 0.0 {
        return Some(0.0);
    }
    let (share, ratio) = (wins / (wins + losses), (gained / wins) / (lost / losses));
    Some(share - (1.0 - share) / ratio)
}

/// Prints as `--size` reads it.
impl fmt::Display for Sizing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |rate: &Rate| {
            let scaled = Cash::from_attos(rate.nanos().into()).scaled(100, 1, Rounding::HalfEven);
            Rate::from_nanos(scaled.map_or(rate.nanos(), |percent| i64::try_from(percent.attos()).unwrap_or(i64::MAX)))
        };
        match self {
            Self::Equity(share) => write!(f, "{}%", percent(share)),
            Self::Cash(cash) => write!(f, "cash:{cash}"),
            Self::Units(units) => write!(f, "{units}"),
            Self::Volatility { target, window, cap } => write!(f, "volatility:{target}:{window}:{}%", percent(cap)),
            Self::Risk(RiskBudget { share, range, heat }) => {
                write!(f, "risk:{}%", percent(share))?;
                range.map_or(Ok(()), |(times, window)| write!(f, ":atr:{times}:{window}"))?;
                heat.map_or(Ok(()), |heat| write!(f, ":heat:{}%", percent(&heat)))
            }
            Self::Kelly { start, cap } => write!(f, "kelly:{}%:{}%", percent(start), percent(cap)),
        }
    }
}
