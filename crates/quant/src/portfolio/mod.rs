//! Weights of a portfolio by an objective, under constraints.
//!
//! [`Estimates`] are what is known of the assets, an [`Objective`] is what is wanted, [`Constraints`] what has to be kept to;
//! [`optimise`] gives an [`Allocation`] with the residual of its optimality conditions. Returns, covariances and rates are
//! of a year, weights are shares of the equity.
//!
//! ```
//! use qframe_quant::covariance::{Covariance, Returns};
//! use qframe_quant::portfolio::{Constraints, Estimates, Objective, optimise};
//!
//! let returns = Returns::new(vec![0.01, 0.02, -0.01, 0.00, 0.02, 0.01, 0.00, -0.02], 2)?;
//! let covariance = Covariance::sample(&returns)?.scaled(252.0);
//! let names = vec!["A".to_owned(), "B".to_owned()];
//! let estimates = Estimates::new(names, vec![0.08, 0.12], covariance, returns)?;
//! let found = optimise(&estimates, &Objective::MinVariance, &Constraints::long_only(2))?;
//! assert!((found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
//! assert!(found.residual.is_some_and(|residual| residual < 1e-8));
//! # Ok::<(), qframe_quant::portfolio::PortfolioError>(())
//! ```

mod active;
mod conflict;
mod constraints;
mod convex;
mod error;
mod estimates;
mod frontier;
mod growth;
mod hierarchy;
mod linkage;
mod parity;
mod program;
mod sparse;
mod views;

pub use constraints::{Clause, Constraints, Group};
pub use error::PortfolioError;
pub use estimates::{Estimates, Figures, annual_means};
pub use frontier::{Point, frontier};
pub use linkage::Linkage;
pub use views::{View, posterior};

/// What weights are to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Objective {
    /// The same each.
    EqualWeight,
    /// Proportional to one over the volatility.
    InverseVolatility,
    /// Of the least variance (H. Markowitz, "Portfolio selection", 1952).
    MinVariance,
    /// Of the highest return above this rate over volatility (W. Sharpe, 1966), as [`Figures::sharpe_ratio`] has it.
    MaxSharpe {
        /// The rate of a year without risk.
        risk_free: f64,
    },
    /// Of the least variance that has at least this return a year.
    TargetReturn(f64),
    /// Of the highest return that has at most this volatility a year.
    TargetRisk(f64),
    /// Of the highest `return - aversion / 2 * variance`.
    Utility {
        /// Above zero.
        aversion: f64,
    },
    /// Each asset brings the same share of the variance (S. Maillard, T. Roncalli and J. Teïletche, 2010).
    RiskParity,
    /// Each asset brings its share of the variance, in these proportions.
    RiskBudgets(Vec<f64>),
    /// Hierarchical risk parity.
    Hierarchical(Linkage),
    /// Hierarchical equal risk contribution, in so many clusters; none: as many as the tree shows.
    EqualRiskClusters(Option<usize>),
    /// Of the highest sum of weighted volatilities over the volatility of the whole (Y. Choueifaty and Y. Coignard, "Toward
    /// maximum diversification", 2008).
    MaxDiversification,
    /// Of the least mean of the worst losses in the observed returns (R. Rockafellar and S. Uryasev, "Optimization of
    /// conditional value-at-risk", 2000).
    MinCvar {
        /// Which losses are the worst: 0.95 for the twentieth of them.
        confidence: f64,
    },
    /// Of the highest mean logarithm of growth over the observed returns (J. Kelly, 1956).
    Kelly,
}

/// Weights and how sure they are the best.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    /// A weight an asset.
    pub weights: Vec<f64>,
    /// The largest violation of the optimality (Karush-Kuhn-Tucker) conditions, in units of the scaled problem; for risk
    /// budgets the largest error of a share. `None` where the weights are a rule and no optimum.
    pub residual: Option<f64>,
    /// Steps of the method.
    pub iterations: u32,
    /// Places of the assets that would be held, were it not for the most positions or the smallest weight.
    pub dropped: Vec<usize>,
}

impl Objective {
    /// Its name, as commands have it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EqualWeight => "equal-weight",
            Self::InverseVolatility => "inverse-volatility",
            Self::MinVariance => "min-variance",
            Self::MaxSharpe { .. } => "max-sharpe",
            Self::TargetReturn(_) => "target-return",
            Self::TargetRisk(_) => "target-risk",
            Self::Utility { .. } => "utility",
            Self::RiskParity => "risk-parity",
            Self::RiskBudgets(_) => "risk-budgets",
            Self::Hierarchical(_) => "hrp",
            Self::EqualRiskClusters(_) => "herc",
            Self::MaxDiversification => "max-diversification",
            Self::MinCvar { .. } => "min-cvar",
            Self::Kelly => "kelly",
        }
    }

    /// True for weights by a rule, which knows no constraints.
    #[must_use]
    pub const fn is_rule(&self) -> bool {
        matches!(
            self,
            Self::EqualWeight
                | Self::InverseVolatility
                | Self::RiskParity
                | Self::RiskBudgets(_)
                | Self::Hierarchical(_)
                | Self::EqualRiskClusters(_)
        )
    }

    /// True where expected returns are held against risk, or against a target: only there does it matter how long a year is.
    #[must_use]
    pub const fn weighs_returns(&self) -> bool {
        matches!(self, Self::MaxSharpe { .. } | Self::TargetReturn(_) | Self::TargetRisk(_) | Self::Utility { .. })
    }
}

/// The weights of an objective under constraints.
///
/// Where too many are held, or some are too small, a choice of assets is looked for: of up to twelve assets the best one, of more by a
/// rule of thumb (the smallest are left out, and the rest is optimised again).
///
/// # Errors
/// [`PortfolioError`]: numbers out of range, constraints that conflict (a smallest set of them), no choice of so few assets,
/// weights of a rule that break constraints, a covariance that is not positive definite, a solver that stopped early.
pub fn optimise(
    estimates: &Estimates,
    objective: &Objective,
    constraints: &Constraints,
) -> Result<Allocation, PortfolioError> {
    constraints.check(estimates.assets())?;
    match objective {
        Objective::EqualWeight => Ok((vec![1.0; estimates.assets()], None, 0)),
        Objective::InverseVolatility => Ok((parity::inverse_volatility(estimates.covariance()), None, 0)),
        Objective::Hierarchical(linkage) => Ok((hierarchy::risk_parity(estimates.covariance(), *linkage), None, 0)),
        Objective::EqualRiskClusters(clusters) => {
            Ok((hierarchy::equal_risk(estimates.covariance(), *clusters), None, 0))
        }
        Objective::RiskParity => budgets(estimates, &vec![1.0; estimates.assets()]),
        Objective::RiskBudgets(shares) => budgets(estimates, shares),
        _ => return sparse::optimise(estimates, objective, constraints),
    }
    .and_then(|(weights, residual, iterations)| {
        let weights: Vec<f64> = parity::scaled(weights).iter().map(|weight| weight * constraints.budget).collect();
        match constraints.broken(estimates.names(), &weights) {
            broken if broken.is_empty() => Ok(Allocation { weights, residual, iterations, dropped: Vec::new() }),
            broken => Err(PortfolioError::Breaks(objective.name(), broken)),
        }
    })
}

/// Weights, the residual, the steps.
type Ruled = (Vec<f64>, Option<f64>, u32);

fn budgets(estimates: &Estimates, shares: &[f64]) -> Result<Ruled, PortfolioError> {
    if shares.len() != estimates.assets() {
        let (found, expected) = (shares.len(), estimates.assets());
        return Err(PortfolioError::Length { what: "risk budgets", found, expected });
    }
    let (weights, error, steps) = parity::risk_budgets(estimates.covariance(), shares)?;
    Ok((weights, Some(error), steps))
}
