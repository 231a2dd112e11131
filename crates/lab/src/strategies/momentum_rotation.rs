//! Momentum rotation: once a month into the assets that rose most.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::ids::{InstrumentId, SeriesId};
use qframe_model::market::Bar;
use qframe_model::number::Rate;
use qframe_model::parameter::{ParameterError, ParameterSpec, Parameters};
use qframe_model::strategy::StrategyKind;

use super::past::Past;
use super::{COUNT_MAX, check_count, refused};
use crate::registry::{AnyStrategy, Assets, BuildError, MarketInfo, Needs, StrategySpec};

/// At the first instant of each month, by UTC, ranks the assets by close over the close `window` bars before, and moves a
/// share of the equity into the first `top`, the same each; long only. Of equal returns the earlier symbol is taken
/// (N. Jegadeesh and S. Titman, "Returns to Buying Winners and Selling Losers", Journal of Finance 48, 1993).
///
/// Daily bars of a market that never closes are ranked on the month's last close and traded at the new one's first open.
/// Ranked is what has `window` + 1 bars, one of them since the last ranking; where fewer than `top` are, the rest is cash.
#[derive(Debug, Clone)]
pub struct MomentumRotation {
    window: usize,
    top: usize,
    share: Rate,
    month: Option<(i32, u32)>,
    /// The instrument of each series that had a bar since the last ranking.
    seen: Past,
    /// Returns, the best first.
    ranks: Vec<(f64, InstrumentId)>,
}

impl MomentumRotation {
    /// The `top` best of the last `window` bars, in `share` of the equity.
    ///
    /// # Errors
    /// [`ParameterError`] unless both counts are in `1..=10_000`.
    pub fn new(window: usize, top: usize, share: Rate) -> Result<Self, ParameterError> {
        check_count("window", window, 1, COUNT_MAX as usize)?;
        check_count("top", top, 1, COUNT_MAX as usize)?;
        Ok(Self { window, top, share, month: None, seen: Past::new(), ranks: Vec::new() })
    }

    /// Ranks what has been seen, and forgets that it was. Of an instrument in several time frames the first counts.
    fn rank(&mut self, context: &Context<'_>) {
        self.ranks.clear();
        for (place, seen) in self.seen.0.iter_mut().enumerate() {
            let (Some(id), bars) = (seen.take(), context.history_of(SeriesId(place as u16))) else { continue };
            let Some(past_return) = past_return(bars, self.window) else { continue };
            if !self.ranks.iter().any(|(_, ranked)| *ranked == id) {
                self.ranks.push((past_return, id));
            }
        }
        self.ranks.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        self.ranks.truncate(self.top);
    }

    fn rotate(&self, context: &mut Context<'_>) {
        for place in 0..context.instruments().len() {
            let id = InstrumentId(place as u16);
            let is_out = !self.ranks.iter().any(|(_, ranked)| *ranked == id);
            if is_out && !context.position_in(id).is_flat() {
                context.target_in(id, Rate::ZERO);
            }
        }
        for (_, id) in &self.ranks {
            context.target_in(*id, Rate::from_nanos(self.share.nanos() / self.top as i64));
        }
    }
}

/// Over the last `window` bars; there are more than asked for where the run's sizing looks back further.
fn past_return(bars: &[Bar], window: usize) -> Option<f64> {
    let first = bars.get(bars.len().checked_sub(window + 1)?)?;
    Some(bars.last()?.close.to_f64() / first.close.to_f64() - 1.0)
}

impl Strategy for MomentumRotation {
    fn lookback(&self) -> usize {
        self.window + 1
    }

    fn warm_up(&self) -> usize {
        self.window + 1
    }

    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        self.seen.note(market, context);
    }

    fn on_instant(&mut self, context: &mut Context<'_>) {
        let (year, month, _) = context.now().date();
        if self.month.replace((year, month)).is_some_and(|last| last != (year, month)) {
            self.rank(context);
            self.rotate(context);
        }
    }
}

pub(super) const SPEC: StrategySpec = StrategySpec {
    name: "momentum-rotation",
    about: "each month moves into the symbols that rose most; the size is the share of the equity that all may use",
    kind: StrategyKind::Momentum,
    parameters: &[
        ParameterSpec::whole("window", "bars of the past return", 126, 1, COUNT_MAX),
        ParameterSpec::whole("top", "how many symbols are held; at most as many as there are", 3, 1, COUNT_MAX),
    ],
    assets: Assets::AtLeast(2),
    needs: Needs::Bars,
    build,
};

fn build(parameters: &Parameters, market: &MarketInfo) -> Result<AnyStrategy, BuildError> {
    let (window, top) = (parameters.count("window")?, parameters.count("top")?);
    if top > market.instruments {
        return Err(refused("top", top, format!("at most the number of symbols, {}", market.instruments)).into());
    }
    Ok(Box::new(MomentumRotation::new(window, top, market.share(SPEC.name)?)?))
}
