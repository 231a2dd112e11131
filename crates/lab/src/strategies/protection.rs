//! What stands behind an entry: a stop at which the position is given up, a target at which its profit is taken.
use qframe_engine::{Context, Ticket};
use qframe_model::ids::OrderId;
use qframe_model::market::Side;
use qframe_model::number::Price;
use qframe_model::order::{Purpose, Size};
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};

use super::refused;
use crate::registry::{BuildError, MarketInfo};

/// How far from the last price at the decision the stop and the target of an entry are, as shares of that price.
///
/// Both wake when the entry fills, and one cancels the other; they end with the position, whatever closes it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Protection {
    stop: Option<f64>,
    target: Option<f64>,
}

impl Protection {
    pub(super) const STOP: ParameterSpec = ParameterSpec::number(
        "stop",
        "per cent from the last price at which a position is given up; 0: none",
        0.0,
        0.0,
        99.0,
    );
    pub(super) const TARGET: ParameterSpec = ParameterSpec::number(
        "target",
        "per cent from the last price at which its profit is taken; 0: none",
        0.0,
        0.0,
        1e3,
    );

    /// In per cent of the last price; 0 is none.
    ///
    /// # Errors
    /// [`ParameterError`] unless `stop` is from 0 to 99 and `target` from 0 to 1,000.
    pub fn new(stop: f64, target: f64) -> Result<Self, ParameterError> {
        let share = |spec: ParameterSpec, per_cent: f64, most: f64| match per_cent {
            0.0 => Ok(None),
            _ if per_cent > 0.0 && per_cent <= most => Ok(Some(per_cent / 100.0)),
            _ => Err(refused(spec.name, per_cent, spec.kind.to_string())),
        };
        Ok(Self { stop: share(Self::STOP, stop, 99.0)?, target: share(Self::TARGET, target, 1e3)? })
    }

    /// The parameters' values; refused where the run's sizing counts from a stop, and there is none.
    pub(super) fn read(
        strategy: &'static str,
        parameters: &Parameters,
        market: &MarketInfo,
    ) -> Result<Self, BuildError> {
        let protection = Self::new(parameters.number("stop")?, parameters.number("target")?)?;
        if protection.stop.is_none() {
            market.check_no_stop(strategy)?;
        }
        Ok(protection)
    }

    /// With a stop at this share of the last price.
    #[inline]
    pub(super) fn stopped_at(self, share: f64) -> Self {
        Self { stop: Some(share), ..self }
    }

    /// Enters on `side` as large as the run's sizing says, with what stands behind it.
    #[inline]
    pub(super) fn enter(self, side: Side, context: &mut Context<'_>) {
        let stop = self.stop.map(|share| level(side.opposite(), share, context));
        let target = self.target.map(|share| level(side, share, context));
        let Some(entry) = context.enter_with_stop(side, stop) else { return };
        // A group goes by the number of its first order: the one after the entry.
        let exit = Ticket::new(side.opposite(), Size::Close).reduce_only().after(entry).group(OrderId(entry.0 + 1));
        if let Some(price) = stop {
            context.send(exit.stop(price).purpose(Purpose::StopLoss));
        }
        if let Some(price) = target {
            context.send(exit.limit(price).purpose(Purpose::TakeProfit));
        }
    }
}

/// A price so far from the last one, to where `side` gains.
fn level(side: Side, share: f64, context: &Context<'_>) -> Price {
    let last = context.price_of(context.instrument()).map_or(f64::NAN, Price::to_f64);
    context.price(last * if side == Side::Buy { 1.0 + share } else { 1.0 - share })
}
