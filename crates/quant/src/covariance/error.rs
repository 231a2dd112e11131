//! What cannot be estimated, or used.

use std::fmt;

/// Why there is no covariance. Assets and observations are counted from 0; whoever knows their names and dates says those.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CovarianceError {
    /// No asset or no observation.
    Empty,
    /// The values do not fill rows of as many columns as there are assets.
    Shape {
        /// How many values there are.
        values: usize,
        /// How many assets.
        assets: usize,
    },
    /// A hole, an infinity.
    NotFinite {
        /// Its row: the observation.
        row: usize,
        /// Its column.
        asset: usize,
        /// The value.
        value: f64,
    },
    /// Not more observations than assets: the matrix has no inverse.
    TooFew {
        /// How many observations.
        observations: usize,
        /// How many assets.
        assets: usize,
    },
    /// Observations that lose their weight so soon that not more of them count than there are assets.
    Faded {
        /// What each weighs against the next newer one.
        decay: f64,
        /// As many equal ones say as much.
        effective: f64,
        /// How many assets.
        assets: usize,
    },
    /// An asset whose returns are all the same.
    Constant {
        /// Which.
        asset: usize,
    },
    /// A decay outside 0 to 1.
    Decay(f64),
    /// The two sides of the diagonal differ.
    NotSymmetric {
        /// Row of the value below.
        first: usize,
        /// Column of the value below.
        second: usize,
        /// The value below the diagonal.
        below: f64,
        /// The value above it.
        above: f64,
    },
    /// Some portfolio has no variance, or less.
    NotPositive {
        /// Smallest eigenvalue of the correlations.
        eigenvalue: f64,
        /// The two assets that weigh most in that portfolio; the same twice where there is only one.
        assets: [usize; 2],
    },
}

impl fmt::Display for CovarianceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("there are no returns; expected at least two observations of one asset"),
            Self::Shape { values, assets } => {
                write!(f, "{values} values do not make whole rows of {assets} assets")
            }
            Self::NotFinite { row, asset, value } => {
                write!(f, "the value of asset {asset} in row {row} (both from 0) is {value}; expected a finite number")
            }
            Self::TooFew { observations, assets } => write!(
                f,
                "{observations} observation{} of {assets} asset{}; expected more observations than assets, or a shrunk \
                 covariance (Ledoit-Wolf)",
                if observations == 1 { "" } else { "s" },
                if assets == 1 { "" } else { "s" }
            ),
            Self::Faded { decay, effective, assets } => write!(
                f,
                "a decay of {decay} leaves {effective:.2} effective observations of {assets} assets; expected more than assets: \
                 a decay nearer to 1, or a shrunk covariance (Ledoit-Wolf)"
            ),
            Self::Constant { asset } => {
                write!(f, "the returns of asset {asset} (from 0) do not vary; leave it out")
            }
            Self::Decay(decay) => write!(f, "the decay is {decay}; expected a number above 0 and below 1, as 0.94"),
            Self::NotSymmetric { first, second, below, above } => {
                write!(f, "row {first}, column {second} is {below}, and the other side of the diagonal is {above}")
            }
            Self::NotPositive { eigenvalue, assets: [first, second] } => write!(
                f,
                "the covariance is not positive definite: the smallest eigenvalue of its correlations is {eigenvalue:.3e}, \
                 of a portfolio mostly of assets {first} and {second} (from 0); leave one of them out, or shrink it \
                 (Ledoit-Wolf)"
            ),
        }
    }
}

impl std::error::Error for CovarianceError {}
