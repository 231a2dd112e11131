//! Scenarios of all assets, drawn in blocks. Each block has a stream of chance of its own, made of the seed and its number, so
//! that it is the same whoever draws it, and when.

use nalgebra::DMatrix;
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;

use super::component::{Contribution, Gather};
use super::{Confidence, RiskError};
use crate::covariance::{Covariance, CovarianceError, Returns, dot};

/// Scenarios of a block.
pub const BLOCK: usize = 512;

/// Outcomes that can be drawn a block at a time.
pub trait Paths: Sync {
    /// How many outcomes there are.
    fn scenarios(&self) -> usize;

    /// Draws those of block `index` (from 0): [`BLOCK`] of them, fewer in the last block. `out` has their length.
    fn block(&self, index: usize, room: &mut Room, out: &mut [f64]);
}

/// Memory that blocks are drawn in, one a thread.
#[derive(Debug, Clone, Default)]
pub struct Room {
    normals: DMatrix<f64>,
    returns: DMatrix<f64>,
}

/// All outcomes, drawn by this thread.
#[must_use]
pub fn outcomes(paths: &impl Paths) -> Vec<f64> {
    let mut outcomes = vec![0.0; paths.scenarios()];
    let mut room = Room::default();
    outcomes.chunks_mut(BLOCK).enumerate().for_each(|(index, out)| paths.block(index, &mut room, out));
    outcomes
}

/// What scenarios are drawn from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shock {
    /// Normal returns.
    Normal,
    /// Student's t with these degrees of freedom, above 2, and the given covariance: all assets share one draw of how wild
    /// the day is, so that they fall together in the tail.
    Student(f64),
}

/// Monte Carlo of a portfolio over all its assets.
#[derive(Debug, Clone)]
pub struct Simulation {
    source: Source,
    /// Of each asset and of the portfolio, added to what is drawn.
    means: Vec<f64>,
    mean: f64,
    weights: Vec<f64>,
    scenarios: usize,
    seed: u64,
}

#[derive(Debug, Clone)]
enum Source {
    Shock { lower: DMatrix<f64>, student: Option<(ChiSquared<f64>, f64)> },
    History { returns: Returns, horizon: usize, go_on: f64 },
}

impl Simulation {
    /// Draws z for each asset and makes L z + m of it, L the Cholesky factor of the covariance and m the means (both of the whole
    /// horizon). For [`Shock::Student`] z √((ν - 2) / χ²) has the variance one.
    ///
    /// # Errors
    /// [`RiskError`]: as many means and finite weights as assets, ν above 2, at least one scenario, a positive definite
    /// covariance.
    pub fn new(
        covariance: &Covariance,
        means: &[f64],
        weights: &[f64],
        shock: Shock,
        scenarios: usize,
        seed: u64,
    ) -> Result<Self, RiskError> {
        let assets = covariance.assets();
        for numbers in [means, weights] {
            fitting(numbers, assets)?;
        }
        let student = match shock {
            Shock::Normal => None,
            Shock::Student(freedom) => {
                let refused = RiskError::Number { name: "degrees of freedom", value: freedom, expected: "above 2" };
                let chi = ChiSquared::new(freedom).ok().filter(|_| freedom > 2.0 && freedom.is_finite());
                Some((chi.ok_or(refused)?, freedom - 2.0))
            }
        };
        let mean = means.iter().zip(weights).map(|(mean, weight)| mean * weight).sum();
        let source = Source::Shock { lower: covariance.cholesky()?, student };
        Self { source, means: means.to_vec(), mean, weights: weights.to_vec(), scenarios, seed }.at_least_one()
    }

    /// The stationary bootstrap: stretches of history of random length, `length` observations in the mean, joined to paths of
    /// `horizon` observations; the end of history goes on with its beginning (Politis and Romano, "The stationary bootstrap",
    /// 1994). Positions are held untouched over the horizon.
    ///
    /// # Errors
    /// [`RiskError`]: not one finite weight an asset, no scenario, no horizon, a length below 1.
    pub fn bootstrap(
        returns: Returns,
        weights: &[f64],
        horizon: usize,
        length: f64,
        scenarios: usize,
        seed: u64,
    ) -> Result<Self, RiskError> {
        fitting(weights, returns.assets())?;
        if horizon == 0 {
            return Err(RiskError::Horizon(horizon));
        }
        if !(length >= 1.0 && length.is_finite()) {
            return Err(RiskError::Number { name: "block length", value: length, expected: "at least 1" });
        }
        let source = Source::History { returns, horizon, go_on: 1.0 - 1.0 / length };
        let means = vec![0.0; weights.len()];
        Self { source, means, mean: 0.0, weights: weights.to_vec(), scenarios, seed }.at_least_one()
    }

    /// What each asset adds to the figures of `outcomes`, which are this simulation's in the order they were drawn. Tails are
    /// drawn again: nobody keeps all scenarios of all assets.
    ///
    /// # Errors
    /// [`RiskError::Scenarios`] where `outcomes` are not this simulation's, or too few.
    pub fn contributions(&self, outcomes: &[f64], confidence: Confidence) -> Result<Vec<Contribution>, RiskError> {
        if outcomes.len() != self.scenarios {
            return Err(RiskError::Scenarios { scenarios: outcomes.len(), needed: self.scenarios });
        }
        let mut gather = Gather::new(outcomes, &self.weights, confidence)?;
        let mut room = Room::default();
        for (index, block) in outcomes.chunks(BLOCK).enumerate() {
            if !block.iter().any(|outcome| gather.wants(*outcome)) {
                continue;
            }
            self.assets(index, block.len(), &mut room);
            for (scenario, outcome) in room.returns.column_iter().zip(block) {
                gather.add(*outcome, scenario.iter().zip(&self.means).map(|(own, mean)| own + mean));
            }
        }
        Ok(gather.contributions())
    }

    fn at_least_one(self) -> Result<Self, RiskError> {
        if self.scenarios > 0 { Ok(self) } else { Err(RiskError::Scenarios { scenarios: 0, needed: 1 }) }
    }

    /// Draws the returns of all assets, a column a scenario; of shocks without their means.
    fn assets(&self, index: usize, scenarios: usize, room: &mut Room) {
        let mut chance = stream(self.seed, index);
        let assets = self.weights.len();
        for matrix in [&mut room.normals, &mut room.returns] {
            if matrix.shape() != (assets, scenarios) {
                *matrix = DMatrix::zeros(assets, scenarios);
            }
        }
        match &self.source {
            Source::Shock { lower, student } => {
                room.normals.as_mut_slice().iter_mut().for_each(|normal| *normal = StandardNormal.sample(&mut chance));
                if let Some((chi, excess)) = student {
                    for mut scenario in room.normals.column_iter_mut() {
                        scenario *= (excess / chi.sample(&mut chance)).sqrt();
                    }
                }
                room.returns.gemm(1.0, lower, &room.normals, 0.0);
            }
            Source::History { returns, horizon, go_on } => {
                for mut scenario in room.returns.column_iter_mut() {
                    resample(returns, *horizon, *go_on, &mut chance, scenario.as_mut_slice());
                }
            }
        }
    }
}

impl Paths for Simulation {
    fn scenarios(&self) -> usize {
        self.scenarios
    }

    fn block(&self, index: usize, room: &mut Room, out: &mut [f64]) {
        self.assets(index, out.len(), room);
        for (scenario, out) in room.returns.as_slice().chunks_exact(self.weights.len()).zip(out) {
            *out = self.mean + dot(scenario, &self.weights);
        }
    }
}

/// The chance of one block: far from that of every other block and seed (SplitMix64's finaliser spreads both).
pub(crate) fn stream(seed: u64, index: usize) -> Pcg64Mcg {
    let mix = |value: u64| {
        let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    };
    let step = 0x9e37_79b9_7f4a_7c15_u64;
    let low = mix(seed.wrapping_add(step)).wrapping_add((index as u64).wrapping_mul(step));
    let (low, high) = (mix(low), mix(low.wrapping_add(step)));
    Pcg64Mcg::new((u128::from(high) << 64) | u128::from(low))
}

/// A number from 0 to `count` - 1, each as likely as the others to within 2⁻⁶⁴ * `count`.
pub(crate) fn pick(chance: &mut Pcg64Mcg, count: usize) -> usize {
    ((u128::from(chance.next_u64()) * count as u128) >> 64) as usize
}

/// A path of history's stretches: what each asset earns on it.
fn resample(returns: &Returns, horizon: usize, go_on: f64, chance: &mut Pcg64Mcg, out: &mut [f64]) {
    let (rows, assets) = (returns.observations(), returns.assets());
    out.fill(1.0);
    let mut row = 0;
    for step in 0..horizon {
        let uniform = (chance.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64);
        row = if step > 0 && uniform < go_on { (row + 1) % rows } else { pick(chance, rows) };
        let own = &returns.as_slice()[row * assets..(row + 1) * assets];
        out.iter_mut().zip(own).for_each(|(growth, value)| *growth *= 1.0 + value);
    }
    out.iter_mut().for_each(|growth| *growth -= 1.0);
}

fn fitting(numbers: &[f64], assets: usize) -> Result<(), RiskError> {
    let finite = numbers.iter().filter(|number| number.is_finite()).count();
    if numbers.len() == assets && finite == assets {
        return Ok(());
    }
    if assets == 0 { Err(CovarianceError::Empty.into()) } else { Err(RiskError::Weights { weights: finite, assets }) }
}
