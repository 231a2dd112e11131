//! Which position a risk comes from.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

use super::sample::rank;
use super::{Confidence, Quantile, RiskError, historical};
use crate::covariance::Returns;

/// What one asset adds to the figures of a portfolio.
///
/// The components of all assets sum to the portfolio's figure, since VaR and CVaR grow in proportion with the positions (Euler's
/// theorem; Tasche, "Risk contributions and performance measurement", 1999).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// Part of the VaR: weight times [`Contribution::marginal_var`].
    pub var: f64,
    /// Part of the CVaR.
    pub cvar: f64,
    /// How fast the VaR grows with the weight.
    pub marginal_var: f64,
    /// How fast the CVaR grows with the weight.
    pub marginal_cvar: f64,
}

/// Contributions to the historical figures ([`Quantile::Order`]) of `weights`, one an asset.
///
/// The CVaR's is the mean loss of the asset in the portfolio's tail. The VaR's is its mean loss in the scenarios around the
/// quantile (one standard deviation of the binomial count to each side), as a single scenario says little; what that leaves of
/// the VaR is shared out by size.
///
/// # Errors
/// [`RiskError`]: a weight an asset.
pub fn contributions(
    returns: &Returns,
    weights: &[f64],
    confidence: Confidence,
) -> Result<Vec<Contribution>, RiskError> {
    if weights.len() != returns.assets() {
        return Err(RiskError::Weights { weights: weights.len(), assets: returns.assets() });
    }
    let outcomes = returns.portfolio(weights);
    let mut gather = Gather::new(&outcomes, weights, confidence)?;
    for (row, outcome) in returns.rows().zip(&outcomes) {
        gather.add(*outcome, row.iter().copied());
    }
    Ok(gather.contributions())
}

/// Contributions to the figures of normal returns, over `horizon` independent observations. As many covariances with the
/// portfolio (S w), means and weights as assets. Marginal VaR: -m h - z √h (S w) / s, where s² = w' S w: no inverse is taken.
#[must_use]
pub fn normal_contributions(
    covariances: &[f64],
    means: &[f64],
    weights: &[f64],
    confidence: Confidence,
    horizon: usize,
) -> Vec<Contribution> {
    let gauss = Normal::standard();
    let (time, z) = (horizon as f64, gauss.inverse_cdf(confidence.tail()));
    let beyond = gauss.pdf(z) / confidence.tail();
    let variance: f64 = covariances.iter().zip(weights).map(|(covariance, weight)| covariance * weight).sum();
    let deviation = variance.max(f64::MIN_POSITIVE).sqrt();
    let one = |((covariance, mean), weight): ((&f64, &f64), &f64)| {
        let slope = covariance / deviation * time.sqrt();
        let (marginal_var, marginal_cvar) = (-mean * time - z * slope, -mean * time + beyond * slope);
        Contribution { var: weight * marginal_var, cvar: weight * marginal_cvar, marginal_var, marginal_cvar }
    };
    covariances.iter().zip(means).zip(weights).map(one).collect()
}

/// How much each position adds to a figure: the figure less that of the portfolio in which the position is cash. Unlike
/// components these do not sum to the figure: what one position hedges goes away with it.
///
/// # Errors
/// Those of `measure`.
pub fn incremental<E>(weights: &[f64], mut measure: impl FnMut(&[f64]) -> Result<f64, E>) -> Result<Vec<f64>, E> {
    let whole = measure(weights)?;
    let mut without = weights.to_vec();
    let mut added = Vec::with_capacity(weights.len());
    for (asset, weight) in weights.iter().enumerate() {
        without[asset] = 0.0;
        // Nothing held: nothing to lose.
        let rest = if without.iter().all(|weight| *weight == 0.0) { 0.0 } else { measure(&without)? };
        added.push(if *weight == 0.0 { 0.0 } else { whole - rest });
        without[asset] = *weight;
    }
    Ok(added)
}

/// Sums what assets lost in the scenarios of a tail, and around its edge.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    weights: &'a [f64],
    /// The outcome at the edge, and those beside it.
    edge: f64,
    near: (f64, f64),
    var: f64,
    size: f64,
    beyond: Losses,
    at: Losses,
    around: Losses,
}

#[derive(Debug, Clone)]
struct Losses {
    count: f64,
    sums: Vec<f64>,
}

impl<'a> Gather<'a> {
    pub(super) fn new(outcomes: &[f64], weights: &'a [f64], confidence: Confidence) -> Result<Self, RiskError> {
        let tail = historical(outcomes, Quantile::Order, &[confidence])?[0];
        let (count, share) = (outcomes.len() as f64, confidence.tail());
        let own = rank(count, share).0;
        let beside = (count * share * (1.0 - share)).sqrt() as usize;
        let mut outcomes = outcomes.to_vec();
        let last = (own + beside).min(outcomes.len() - 1);
        outcomes.select_nth_unstable_by(last, f64::total_cmp);
        let high = outcomes[last];
        let first = own.saturating_sub(beside);
        outcomes[..=last].select_nth_unstable_by(first, f64::total_cmp);
        let none = Losses { count: 0.0, sums: vec![0.0; weights.len()] };
        Ok(Self {
            weights,
            edge: -tail.var,
            near: (outcomes[first], high),
            var: tail.var,
            size: count * share,
            beyond: none.clone(),
            at: none.clone(),
            around: none,
        })
    }

    /// Whether a scenario of this outcome counts.
    pub(super) fn wants(&self, outcome: f64) -> bool {
        outcome <= self.near.1
    }

    /// Takes the returns of all assets in a scenario.
    pub(super) fn add(&mut self, outcome: f64, returns: impl Iterator<Item = f64> + Clone) {
        if !self.wants(outcome) {
            return;
        }
        if outcome < self.edge {
            self.beyond.add(returns.clone());
        }
        if outcome == self.edge {
            self.at.add(returns.clone());
        }
        if outcome >= self.near.0 {
            self.around.add(returns);
        }
    }

    pub(super) fn contributions(&self) -> Vec<Contribution> {
        // The scenario at the edge is in the tail in part.
        let part = (self.size - self.beyond.count) / self.at.count.max(1.0);
        let in_tail = |asset: usize| (self.beyond.sums[asset] + part * self.at.sums[asset]) / self.size;
        let around = |asset: usize| self.around.sums[asset] / self.around.count.max(1.0);
        let components: Vec<f64> =
            self.weights.iter().enumerate().map(|(asset, weight)| weight * around(asset)).collect();
        let (sum, size) = components.iter().fold((0.0, 0.0), |(sum, size), own| (sum + own, size + own.abs()));
        let left = if size > 0.0 { (self.var - sum) / size } else { 0.0 };
        let one = |(asset, weight): (usize, &f64)| {
            let marginal_cvar = in_tail(asset);
            let var = components[asset] + left * components[asset].abs();
            let marginal_var = if *weight == 0.0 { around(asset) } else { var / weight };
            Contribution { var, cvar: weight * marginal_cvar, marginal_var, marginal_cvar }
        };
        self.weights.iter().enumerate().map(one).collect()
    }
}

impl Losses {
    fn add(&mut self, returns: impl Iterator<Item = f64>) {
        self.count += 1.0;
        self.sums.iter_mut().zip(returns).for_each(|(sum, value)| *sum -= value);
    }
}
