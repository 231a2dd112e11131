//! Estimators: sample, exponentially weighted, Ledoit-Wolf.

use nalgebra::DMatrix;

use super::{Covariance, CovarianceError, Returns};

/// How a covariance is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Estimator {
    /// [`Covariance::sample`].
    Sample,
    /// [`Covariance::ewma`] with this decay.
    Ewma(f64),
    /// [`Covariance::ledoit_wolf`].
    LedoitWolf,
    /// [`Covariance::denoised`].
    Denoised,
}

impl Estimator {
    /// The covariance of one observation.
    ///
    /// # Errors
    /// Those of the estimator's own function.
    pub fn estimate(self, returns: &Returns) -> Result<Covariance, CovarianceError> {
        match self {
            Self::Sample => Covariance::sample(returns),
            Self::Ewma(decay) => Covariance::ewma(returns, decay),
            Self::LedoitWolf => Covariance::ledoit_wolf(returns).map(|shrunk| shrunk.covariance),
            Self::Denoised => Covariance::denoised(returns),
        }
    }
}

/// A covariance pulled towards a simpler one.
#[derive(Debug, Clone, PartialEq)]
pub struct Shrunk {
    /// The mixture.
    pub covariance: Covariance,
    /// The share of the simpler one, 0 to 1.
    pub delta: f64,
}

impl Covariance {
    /// Sums of products of what differs from the mean, over observations - 1 (numpy's and pandas' `cov`).
    ///
    /// # Errors
    /// [`CovarianceError::TooFew`] where there are not more observations than assets; [`CovarianceError::Constant`].
    pub fn sample(returns: &Returns) -> Result<Self, CovarianceError> {
        returns.more_than_assets()?;
        let centred = returns.centred()?;
        Ok(Self { matrix: products(&centred) / (returns.observations() - 1) as f64 })
    }

    /// Exponentially weighted products of returns (their mean taken as zero): the newest weighs `1 - decay`, each older one
    /// `decay` times its successor, and the weights are scaled to sum to one (RiskMetrics Technical Document, 4th edition, 1996,
    /// section 5.2; its decay for days is 0.94). They count as (Σ w)² / Σ w² equal ones (Kish, "Survey sampling", 1965): not more
    /// of those than assets make a matrix that is next to singular.
    ///
    /// # Errors
    /// As [`Covariance::sample`]; [`CovarianceError::Decay`] outside 0 to 1; [`CovarianceError::Faded`].
    pub fn ewma(returns: &Returns, decay: f64) -> Result<Self, CovarianceError> {
        if !(decay > 0.0 && decay < 1.0) {
            return Err(CovarianceError::Decay(decay));
        }
        returns.more_than_assets()?;
        returns.centred()?;
        let mut weighted = DMatrix::from_row_slice(returns.observations(), returns.assets(), returns.as_slice());
        let (mut weight, mut total, mut squares) = (1.0_f64, 0.0, 0.0);
        for row in (0..returns.observations()).rev() {
            weighted.row_mut(row).scale_mut(weight.sqrt());
            total += weight;
            squares += weight * weight;
            weight *= decay;
        }
        let (effective, assets) = (total * total / squares, returns.assets());
        // A single asset needs no inverse, and has more than one wherever the decay is more than a rounding.
        if assets > 1 && effective <= assets as f64 {
            return Err(CovarianceError::Faded { decay, effective, assets });
        }
        let matrix = products(&weighted) / total;
        // Returns so old that their weight is nothing may have been the only ones that varied.
        match (0..returns.assets()).find(|asset| matrix[(*asset, *asset)] <= 0.0) {
            Some(asset) => Err(CovarianceError::Constant { asset }),
            None => Ok(Self { matrix }),
        }
    }

    /// The covariance over all observations (divided by their number), pulled towards the mean variance times the identity by
    /// the share that minimises the expected squared distance to the true one (Ledoit and Wolf, "A well-conditioned estimator
    /// for large-dimensional covariance matrices", 2004, theorem 3.2 and lemmas 3.2 to 3.5; scikit-learn's `ledoit_wolf`).
    /// Works with fewer observations than assets.
    ///
    /// # Errors
    /// [`CovarianceError::Constant`].
    pub fn ledoit_wolf(returns: &Returns) -> Result<Shrunk, CovarianceError> {
        let centred = returns.centred()?;
        let (observations, assets) = (returns.observations() as f64, returns.assets() as f64);
        let sample = products(&centred) / observations;
        let mean_variance = sample.trace() / assets;
        // sum over i, j of var(x_i x_j): the fourth moments, a row at a time.
        let fourth: f64 = centred.row_iter().map(|row| row.norm_squared().powi(2)).sum::<f64>() / observations;
        let square = sample.norm_squared();
        let noise = ((fourth - square) / observations / assets).max(0.0);
        let distance = (square - assets * mean_variance * mean_variance) / assets;
        let delta = if noise >= distance { 1.0 } else { noise / distance };
        let delta = if assets == 1.0 { 0.0 } else { delta };
        let mut matrix = sample * (1.0 - delta);
        (0..returns.assets()).for_each(|asset| matrix[(asset, asset)] += delta * mean_variance);
        Ok(Shrunk { covariance: Self { matrix }, delta })
    }
}

/// X' X, the same on both sides of the diagonal.
fn products(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    // The library's fast product is the one of matrices as they stand, not the one that transposes on its way.
    let mut product = matrix.transpose() * matrix;
    product.fill_lower_triangle_with_upper_triangle();
    product
}
