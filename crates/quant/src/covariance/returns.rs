//! Observations of several assets at the same instants.

use nalgebra::DMatrix;

use super::CovarianceError;

/// Simple returns: a row an observation, a column an asset; all finite, at least two rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Returns {
    assets: usize,
    values: Vec<f64>,
}

impl Returns {
    /// `values` row by row, `assets` columns.
    ///
    /// # Errors
    /// [`CovarianceError`]: fewer than two rows or no column, rows that are not whole, a value that is not finite.
    pub fn new(values: Vec<f64>, assets: usize) -> Result<Self, CovarianceError> {
        if assets == 0 || values.len() < 2 * assets {
            return Err(CovarianceError::Empty);
        }
        if !values.len().is_multiple_of(assets) {
            return Err(CovarianceError::Shape { values: values.len(), assets });
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (row, asset) = (place / assets, place % assets);
            return Err(CovarianceError::NotFinite { row, asset, value: values[place] });
        }
        Ok(Self { assets, values })
    }

    /// Number of columns.
    #[must_use]
    pub const fn assets(&self) -> usize {
        self.assets
    }

    /// Number of rows.
    #[must_use]
    pub const fn observations(&self) -> usize {
        self.values.len() / self.assets
    }

    /// Row by row.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        &self.values
    }

    /// The observations, a slice of as many values as assets each.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[f64]> + ExactSizeIterator {
        self.values.chunks_exact(self.assets)
    }

    /// The returns of one asset. Panics beyond the last asset.
    #[must_use]
    pub fn asset(&self, asset: usize) -> Vec<f64> {
        self.rows().map(|row| row[asset]).collect()
    }

    /// Mean of each asset.
    #[must_use]
    pub fn means(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.assets];
        for row in self.rows() {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        sums.iter().map(|sum| sum / self.observations() as f64).collect()
    }

    /// Returns of a portfolio that holds `weights` (one an asset) at the beginning of every observation.
    #[must_use]
    pub fn portfolio(&self, weights: &[f64]) -> Vec<f64> {
        debug_assert_eq!(weights.len(), self.assets, "a weight an asset");
        self.rows().map(|row| dot(row, weights)).collect()
    }

    /// Covariance of each asset with a portfolio that holds `weights` (one an asset), over observations - 1: S w of
    /// [`Covariance::sample`](super::Covariance::sample), without the matrix. It takes any number of assets.
    #[must_use]
    pub fn covariances(&self, weights: &[f64]) -> Vec<f64> {
        let (means, outcomes) = (self.means(), self.portfolio(weights));
        let mean = outcomes.iter().sum::<f64>() / outcomes.len() as f64;
        let mut sums = vec![0.0; self.assets];
        for (row, outcome) in self.rows().zip(&outcomes) {
            let values = row.iter().zip(&means);
            sums.iter_mut().zip(values).for_each(|(sum, (value, own))| *sum += (value - own) * (outcome - mean));
        }
        sums.iter().map(|sum| sum / (outcomes.len() - 1) as f64).collect()
    }

    /// Observations x assets, less the mean of each asset; an error where an asset does not vary.
    pub(super) fn centred(&self) -> Result<DMatrix<f64>, CovarianceError> {
        let means = self.means();
        let mut matrix = DMatrix::from_row_slice(self.observations(), self.assets, &self.values);
        for (asset, mut column) in matrix.column_iter_mut().enumerate() {
            let first = column[0];
            if column.iter().all(|value| *value == first) {
                return Err(CovarianceError::Constant { asset });
            }
            column.add_scalar_mut(-means[asset]);
        }
        Ok(matrix)
    }

    /// An error unless there are more rows than columns.
    pub(super) const fn more_than_assets(&self) -> Result<(), CovarianceError> {
        if self.observations() > self.assets {
            return Ok(());
        }
        Err(CovarianceError::TooFew { observations: self.observations(), assets: self.assets })
    }
}

/// The sum of products, as eight sums at once: the compiler may not reorder a single one.
pub(crate) fn dot(values: &[f64], weights: &[f64]) -> f64 {
    let ((own, rest), (other, last)) = (values.as_chunks::<8>(), weights.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (values, weights) in own.iter().zip(other) {
        for lane in 0..8 {
            sums[lane] += values[lane] * weights[lane];
        }
    }
    let pairs = [sums[0] + sums[4], sums[1] + sums[5], sums[2] + sums[6], sums[3] + sums[7]];
    let rest: f64 = rest.iter().zip(last).map(|(value, weight)| value * weight).sum();
    (pairs[0] + pairs[2]) + (pairs[1] + pairs[3]) + rest
}
