//! How returns move together: covariance matrices of several estimators, checked at the door.
//!
//! [`Returns`] are simple returns, a row an observation, a column an asset. A [`Covariance`] is of one observation (multiply
//! by the observations of a year for an annual one: [`Covariance::scaled`]). It is symmetric by construction; whether it is
//! positive definite is asked where that matters ([`Covariance::cholesky`]).
//!
//! ```
//! use qframe_quant::covariance::{Covariance, Returns};
//!
//! let returns = Returns::new(vec![0.01, 0.02, -0.01, 0.00, 0.02, 0.01, 0.00, -0.02], 2)?;
//! let covariance = Covariance::sample(&returns)?;
//! assert!(covariance.correlation()[(0, 1)] > 0.0);
//! assert!(covariance.variance(&[0.5, 0.5]) < covariance.volatilities()[1].powi(2));
//! # Ok::<(), qframe_quant::covariance::CovarianceError>(())
//! ```

mod denoise;
mod error;
mod estimate;
mod returns;

use nalgebra::{DMatrix, DVector};

pub use error::CovarianceError;
pub use estimate::{Estimator, Shrunk};
pub use returns::Returns;
pub(crate) use returns::dot;

/// A symmetric matrix, assets x assets, of finite numbers with variances above zero.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    matrix: DMatrix<f64>,
}

impl Covariance {
    /// A matrix that was estimated elsewhere, row by row.
    ///
    /// # Errors
    /// [`CovarianceError`]: not square, empty, a number that is not finite, a variance that is not above zero, or two sides
    /// of the diagonal that differ by more than a billionth of the volatilities' product.
    pub fn new(assets: usize, rows: &[f64]) -> Result<Self, CovarianceError> {
        if assets == 0 {
            return Err(CovarianceError::Empty);
        }
        if assets.checked_mul(assets) != Some(rows.len()) {
            return Err(CovarianceError::Shape { values: rows.len(), assets });
        }
        if let Some(place) = rows.iter().position(|value| !value.is_finite()) {
            let (row, asset) = (place / assets, place % assets);
            return Err(CovarianceError::NotFinite { row, asset, value: rows[place] });
        }
        let mut matrix = DMatrix::from_row_slice(assets, assets, rows);
        for asset in 0..assets {
            if matrix[(asset, asset)] <= 0.0 {
                return Err(CovarianceError::Constant { asset });
            }
        }
        for (first, second) in (0..assets).flat_map(|first| (0..first).map(move |second| (first, second))) {
            let (below, above) = (matrix[(first, second)], matrix[(second, first)]);
            let scale = (matrix[(first, first)] * matrix[(second, second)]).sqrt();
            if (below - above).abs() > 1e-9 * scale {
                return Err(CovarianceError::NotSymmetric { first, second, below, above });
            }
            matrix[(second, first)] = below;
        }
        Ok(Self { matrix })
    }

    /// Correlations (assets x assets) and volatilities, put together.
    ///
    /// # Errors
    /// As [`Covariance::new`]; [`CovarianceError::Shape`] where there is not one volatility an asset.
    pub fn of_correlation(correlation: &DMatrix<f64>, volatilities: &[f64]) -> Result<Self, CovarianceError> {
        let assets = volatilities.len();
        if correlation.shape() != (assets, assets) {
            return Err(CovarianceError::Shape { values: correlation.len(), assets });
        }
        let value = |place: usize| {
            let (row, column) = (place / assets, place % assets);
            correlation[(row, column)] * volatilities[row] * volatilities[column]
        };
        Self::new(assets, &(0..assets * assets).map(value).collect::<Vec<_>>())
    }

    /// Number of assets.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.matrix.nrows()
    }

    /// The matrix.
    #[must_use]
    pub const fn matrix(&self) -> &DMatrix<f64> {
        &self.matrix
    }

    /// All values row by row (or column by column: it is symmetric), `assets * assets` of them.
    #[must_use]
    pub fn as_slice(&self) -> &[f64] {
        self.matrix.as_slice()
    }

    /// The same over `factor` observations that do not depend on each other; above zero.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        debug_assert!(factor > 0.0, "a covariance is scaled by a number above zero");
        Self { matrix: &self.matrix * factor }
    }

    /// Standard deviation of each asset.
    #[must_use]
    pub fn volatilities(&self) -> Vec<f64> {
        self.matrix.diagonal().iter().map(|variance| variance.sqrt()).collect()
    }

    /// Correlations, ones on the diagonal.
    #[must_use]
    pub fn correlation(&self) -> DMatrix<f64> {
        let volatilities = self.volatilities();
        DMatrix::from_fn(self.assets(), self.assets(), |row, column| {
            if row == column { 1.0 } else { self.matrix[(row, column)] / (volatilities[row] * volatilities[column]) }
        })
    }

    /// Variance of a portfolio: w' S w. As many weights as assets.
    #[must_use]
    pub fn variance(&self, weights: &[f64]) -> f64 {
        self.covariances(weights).iter().zip(weights).map(|(covariance, weight)| covariance * weight).sum()
    }

    /// Covariance of each asset with a portfolio: S w. As many weights as assets.
    #[must_use]
    pub fn covariances(&self, weights: &[f64]) -> Vec<f64> {
        debug_assert_eq!(weights.len(), self.assets(), "a weight an asset");
        (&self.matrix * DVector::from_column_slice(weights)).as_slice().to_vec()
    }

    /// Eigenvalues, ascending.
    #[must_use]
    pub fn eigenvalues(&self) -> Vec<f64> {
        ascending(&self.matrix)
    }

    /// Largest over smallest eigenvalue of the correlations: how much an error of the inputs can grow when the matrix is
    /// inverted. `None` where the smallest is not above zero.
    #[must_use]
    pub fn condition_number(&self) -> Option<f64> {
        let values = ascending(&self.correlation());
        let (least, most) = (*values.first()?, *values.last()?);
        (least > 0.0).then(|| most / least)
    }

    /// The lower triangle L with L L' = S.
    ///
    /// # Errors
    /// [`CovarianceError::NotPositive`] with the smallest eigenvalue of the correlations, where that is not above zero (to
    /// within rounding).
    pub fn cholesky(&self) -> Result<DMatrix<f64>, CovarianceError> {
        // Of correlations, so that "zero" means the same for quiet and for wild assets.
        let volatilities = self.volatilities();
        let correlation = self.correlation();
        let floor = self.assets() as f64 * f64::EPSILON;
        let lower = correlation.clone().cholesky().map(nalgebra::Cholesky::unpack);
        match lower.filter(|lower| lower.diagonal().iter().all(|pivot| pivot * pivot > floor)) {
            Some(mut lower) => {
                lower.row_iter_mut().zip(&volatilities).for_each(|(mut row, volatility)| row *= *volatility);
                Ok(lower)
            }
            None => Err(without_variance(correlation)),
        }
    }
}

/// The portfolio that varies least, in words.
fn without_variance(correlation: DMatrix<f64>) -> CovarianceError {
    let pairs = correlation.symmetric_eigen();
    let (place, eigenvalue) = pairs.eigenvalues.argmin();
    let weights = pairs.eigenvectors.column(place).abs();
    let mut heaviest: Vec<usize> = (0..weights.len()).collect();
    // To six digits, and then by place: of equals the same two each time.
    heaviest.sort_by_key(|asset| std::cmp::Reverse((weights[*asset] * 1e6).round() as i64));
    CovarianceError::NotPositive { eigenvalue, assets: [heaviest[0], heaviest[1.min(heaviest.len() - 1)]] }
}

/// Eigenvalues of a symmetric matrix, ascending.
fn ascending(matrix: &DMatrix<f64>) -> Vec<f64> {
    let mut values = matrix.clone().symmetric_eigenvalues().as_slice().to_vec();
    values.sort_by(f64::total_cmp);
    values
}
