//! Eigenvalues that chance alone would give are made alike.

use super::{Covariance, CovarianceError, Returns};

/// Rounds of fitting the noise; a handful is enough, as each only takes eigenvalues away.
const ROUNDS: usize = 1_000;

impl Covariance {
    /// The sample covariance whose correlations have their noise taken out: eigenvalues below the upper edge of the
    /// Marchenko-Pastur law, s² (1 + √(assets / observations))², are replaced by their mean, and the diagonal is made one
    /// again (López de Prado, "Machine Learning for Asset Managers", 2020, section 2.5.1, constant residual eigenvalue). s² is
    /// the mean of the eigenvalues that are left below the edge, repeated from s² = 1 until none leaves (after Laloux et
    /// al., "Noise dressing of financial correlation matrices", 1999), not the fit of a kernel density, which depends on its
    /// bandwidth.
    ///
    /// # Errors
    /// As [`Covariance::sample`].
    pub fn denoised(returns: &Returns) -> Result<Self, CovarianceError> {
        let sample = Self::sample(returns)?;
        let eigen = sample.correlation().symmetric_eigen();
        let ratio = returns.assets() as f64 / returns.observations() as f64;
        let mut values = eigen.eigenvalues;
        let (edge, noise) = noise(values.as_slice(), (1.0 + ratio.sqrt()).powi(2));
        values.iter_mut().filter(|value| **value <= edge).for_each(|value| *value = noise);
        let vectors = eigen.eigenvectors;
        let mut scaled = vectors.clone();
        scaled.column_iter_mut().zip(values.iter()).for_each(|(mut column, value)| column *= *value);
        let rebuilt = scaled * vectors.transpose();
        let volatilities = sample.volatilities();
        let mut matrix = sample.matrix;
        for row in 0..matrix.nrows() {
            for column in 0..row {
                let correlation = rebuilt[(row, column)] / (rebuilt[(row, row)] * rebuilt[(column, column)]).sqrt();
                let covariance = correlation * volatilities[row] * volatilities[column];
                (matrix[(row, column)], matrix[(column, row)]) = (covariance, covariance);
            }
        }
        Ok(Self { matrix })
    }
}

/// The upper edge of the noise, and the mean of the eigenvalues below it. `width` is the edge of a noise of variance one.
fn noise(values: &[f64], width: f64) -> (f64, f64) {
    let mut variance = 1.0;
    for _ in 0..ROUNDS {
        let below: Vec<f64> = values.iter().copied().filter(|value| *value <= variance * width).collect();
        if below.is_empty() {
            break;
        }
        let mean = below.iter().sum::<f64>() / below.len() as f64;
        if mean >= variance {
            break;
        }
        variance = mean;
    }
    let edge = variance * width;
    let below: Vec<f64> = values.iter().copied().filter(|value| *value <= edge).collect();
    (edge, if below.is_empty() { variance } else { below.iter().sum::<f64>() / below.len() as f64 })
}
