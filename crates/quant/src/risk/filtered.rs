//! Historical simulation that knows the volatility of today.

use super::RiskError;
use super::garch::Garch;
use super::simulation::{BLOCK, Paths, Room, pick, stream};

/// Paths of a fitted model whose innovations are drawn from those that were observed (Barone-Adesi, Giannopoulos and Vosper,
/// "VaR without correlations for portfolios of derivative securities", Journal of Futures Markets 19, 1999).
#[derive(Debug, Clone)]
pub struct Filtered {
    garch: Garch,
    horizon: usize,
    scenarios: usize,
    seed: u64,
}

impl Filtered {
    /// `scenarios` paths of `horizon` observations from the end of the series that `garch` was fitted to.
    ///
    /// # Errors
    /// [`RiskError`]: no scenario, no horizon.
    pub fn new(garch: Garch, horizon: usize, scenarios: usize, seed: u64) -> Result<Self, RiskError> {
        if horizon == 0 {
            return Err(RiskError::Horizon(horizon));
        }
        if scenarios == 0 {
            return Err(RiskError::Scenarios { scenarios, needed: 1 });
        }
        Ok(Self { garch, horizon, scenarios, seed })
    }
}

impl Paths for Filtered {
    fn scenarios(&self) -> usize {
        self.scenarios
    }

    fn block(&self, index: usize, _: &mut Room, out: &mut [f64]) {
        debug_assert!(out.len() <= BLOCK, "a block at a time");
        let mut chance = stream(self.seed, index);
        let (parameters, innovations) = (&self.garch.parameters, &self.garch.innovations);
        let first = self.garch.next_variance();
        for out in out {
            let (mut variance, mut growth) = (first, 1.0);
            for _ in 0..self.horizon {
                let residual = variance.sqrt() * innovations[pick(&mut chance, innovations.len())];
                growth *= 1.0 + parameters.mu + residual;
                variance = parameters.next(residual, variance);
            }
            *out = growth - 1.0;
        }
    }
}
