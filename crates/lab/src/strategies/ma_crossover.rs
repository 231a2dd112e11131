//! Moving-average crossover: long while the fast average is above the slow one.
use qframe_engine::{Context, Market, Strategy};
use qframe_model::market::Side;
use qframe_quant::indicators::Indicator;

/// What a cross downwards does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Closes the long position.
    #[default]
    LongFlat,
    /// Turns into a short position.
    LongShort,
}

/// Acts on a cross that is strict on both bars: the fast average was below the slow one and is above it, or mirrored.
/// Averages that are equal on either bar are no cross. The signal's strength is |fast - slow| / slow x 10, at most 1.
#[derive(Debug, Clone)]
pub struct MaCrossover<A> {
    fast: A,
    slow: A,
    mode: Mode,
    last: Option<(f64, f64)>,
}

impl<A: Indicator<Input = f64, Output = f64>> MaCrossover<A> {
    /// A crossover of two averages of one kind, the fast one shorter.
    #[must_use]
    pub const fn new(fast: A, slow: A, mode: Mode) -> Self {
        Self { fast, slow, mode, last: None }
    }

    #[inline]
    fn cross(&mut self, close: f64) -> Option<(Side, f64)> {
        let (fast, slow) = (self.fast.update(close), self.slow.update(close));
        let (fast, slow) = (fast?, slow?);
        let (fast_before, slow_before) = self.last.replace((fast, slow))?;
        let side = if fast_before < slow_before && fast > slow {
            Side::Buy
        } else if fast_before > slow_before && fast < slow {
            Side::Sell
        } else {
            return None;
        };
        Some((side, (fast - slow) / slow * 10.0))
    }
}

impl<A: Indicator<Input = f64, Output = f64>> Strategy for MaCrossover<A> {
    fn warm_up(&self) -> usize {
        self.fast.warm_up().max(self.slow.warm_up())
    }

    #[inline]
    fn on_market(&mut self, market: &Market<'_>, context: &mut Context<'_>) {
        let Some((side, strength)) = market.close().and_then(|close| self.cross(close)) else { return };
        context.signal(strength.clamp(-1.0, 1.0));
        match (side, self.mode) {
            (Side::Buy, _) if !context.is_long() => _ = context.enter(Side::Buy),
            (Side::Sell, Mode::LongFlat) if context.is_long() => _ = context.close(),
            (Side::Sell, Mode::LongShort) if !context.is_short() => _ = context.enter(Side::Sell),
            _ => {}
        }
    }
}
