//! Volatility that comes in clusters: GARCH(1,1) and GJR(1,1,1), with normal or Student-t innovations, by maximum likelihood.
//!
//! r = μ + e, e = σ z, σ²' = ω + (α + γ if e < 0) e² + β σ² (Bollerslev, 1986; Glosten, Jagannathan and Runkle, 1993). z has
//! mean zero and variance one. The recursion starts at the weighted mean of the first 75 squared residuals, weights 0.94^i,
//! as the Python package arch has it.

mod likelihood;

use nalgebra::{DMatrix, DVector};

use super::minimise::minimise;
use super::{Moments, RiskError, checked};
use likelihood::Series;

/// Observations that a fit takes at least.
pub const OBSERVATIONS_MIN: usize = 100;

/// Degrees of freedom at most: t innovations of so many are normal ones, and the likelihood no longer tells them apart.
const NU_MAX: f64 = 500.0;

/// Which model is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    /// Whether falls weigh more than rises: GJR, with γ.
    pub asymmetric: bool,
    /// Whether innovations are Student's t, with ν, instead of normal.
    pub student: bool,
}

impl Model {
    /// GARCH(1,1) with normal innovations.
    pub const GARCH: Self = Self { asymmetric: false, student: false };
    /// GARCH(1,1) with t innovations.
    pub const GARCH_T: Self = Self { asymmetric: false, student: true };
    /// GJR(1,1,1) with normal innovations.
    pub const GJR: Self = Self { asymmetric: true, student: false };
    /// GJR(1,1,1) with t innovations.
    pub const GJR_T: Self = Self { asymmetric: true, student: true };

    /// How many parameters it has.
    #[must_use]
    pub const fn size(self) -> usize {
        4 + self.asymmetric as usize + self.student as usize
    }
}

/// The parameters, for returns as they came in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// μ, mean of one observation.
    pub mu: f64,
    /// ω, what the variance gets in any case.
    pub omega: f64,
    /// α, the share of the last square.
    pub alpha: f64,
    /// γ, what a fall adds to α; 0 in a symmetric model.
    pub gamma: f64,
    /// β, the share of the last variance.
    pub beta: f64,
    /// ν, degrees of freedom of t innovations.
    pub nu: Option<f64>,
}

impl Parameters {
    /// α + γ/2 + β: what is left of a shock after one observation. Below 1.
    #[must_use]
    pub fn persistence(&self) -> f64 {
        self.alpha + 0.5 * self.gamma + self.beta
    }

    /// The variance that forecasts go to.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.omega / (1.0 - self.persistence())
    }

    /// The variance of the next observation.
    #[must_use]
    pub fn next(&self, residual: f64, variance: f64) -> f64 {
        let share = if residual < 0.0 { self.alpha + self.gamma } else { self.alpha };
        self.omega + share * residual * residual + self.beta * variance
    }
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Garch {
    /// Which.
    pub model: Model,
    /// Its parameters.
    pub parameters: Parameters,
    /// Robust (sandwich) standard errors, in the order μ, ω, α, γ (asymmetric models), β, ν (t innovations); Bollerslev and
    /// Wooldridge, 1992. Empty where the curvature at the maximum is not that of one.
    pub errors: Vec<f64>,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
    /// e / σ of each observation.
    pub innovations: Vec<f64>,
    /// σ of each observation.
    pub volatilities: Vec<f64>,
    next: f64,
}

impl Garch {
    /// Fits `model` to returns, oldest first.
    ///
    /// # Errors
    /// [`RiskError`]: fewer than [`OBSERVATIONS_MIN`] returns, one not finite, all the same, no maximum.
    pub fn fit(returns: &[f64], model: Model) -> Result<Self, RiskError> {
        checked(returns, OBSERVATIONS_MIN)?;
        let Moments { mean, deviation, .. } = Moments::of(returns)?;
        // In units of the standard deviation the search does not know whether returns are fractions or percent.
        let standard: Vec<f64> = returns.iter().map(|value| (value - mean) / deviation).collect();
        let series = Series::new(&standard);
        let count = returns.len() as f64;
        let start = start(&series, model);
        let found = minimise(start, |point| {
            let (natural, jacobian) = natural(point, model);
            let (value, slopes) = series.likelihood(&natural, model);
            if !value.is_finite() {
                return (f64::INFINITY, DVector::zeros(point.len()));
            }
            (-value / count, -(jacobian.transpose() * slopes) / count)
        });
        if !found.converged {
            return Err(RiskError::NoFit { model: model.name(), steps: found.steps });
        }
        let fitted = natural(&found.point, model).0;
        let errors = series.robust_errors(&fitted, model).unwrap_or_default();
        let scale = scales(model, deviation);
        let parameters = named(&fitted.component_mul(&scale), model);
        let parameters = Parameters { mu: parameters.mu + mean, ..parameters };
        let (variances, residuals) = series.path(&fitted, model);
        let deviations: Vec<f64> = variances.iter().map(|variance| variance.sqrt()).collect();
        let last = (residuals[residuals.len() - 1] * deviation, variances[variances.len() - 1] * deviation * deviation);
        Ok(Self {
            model,
            parameters,
            errors: errors.iter().zip(scale.iter()).map(|(error, scale)| error * scale).collect(),
            log_likelihood: -found.value * count - count * deviation.ln(),
            innovations: residuals.iter().zip(&deviations).map(|(residual, deviation)| residual / deviation).collect(),
            volatilities: deviations.iter().map(|own| own * deviation).collect(),
            next: parameters.next(last.0, last.1),
        })
    }

    /// The same parameters over other returns, such as those of a day later: what has to be known of today without a new fit.
    /// Its likelihood and errors stay those of the fit.
    ///
    /// # Errors
    /// [`RiskError`]: fewer than two returns, one not finite.
    pub fn over(&self, returns: &[f64]) -> Result<Self, RiskError> {
        checked(returns, 2)?;
        let p = self.parameters;
        let mut natural = vec![p.mu, p.omega, p.alpha];
        natural.extend(self.model.asymmetric.then_some(p.gamma));
        natural.push(p.beta);
        natural.extend(p.nu);
        let (variances, residuals) = Series::new(returns).path(&DVector::from_vec(natural), self.model);
        let volatilities: Vec<f64> = variances.iter().map(|variance| variance.sqrt()).collect();
        let last = returns.len() - 1;
        Ok(Self {
            innovations: residuals.iter().zip(&volatilities).map(|(residual, own)| residual / own).collect(),
            next: p.next(residuals[last], variances[last]),
            volatilities,
            errors: self.errors.clone(),
            ..*self
        })
    }

    /// Variance of the observation after the last.
    #[must_use]
    pub const fn next_variance(&self) -> f64 {
        self.next
    }

    /// Variances of the observations to come: the first is known, each further one goes on towards the long-run variance.
    #[must_use]
    pub fn forecast(&self, horizon: usize) -> Vec<f64> {
        let Parameters { omega, .. } = self.parameters;
        let persistence = self.parameters.persistence();
        std::iter::successors(Some(self.next), |variance| Some(omega + persistence * variance)).take(horizon).collect()
    }

    /// Akaike's criterion: 2 k - 2 ln L.
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * self.model.size() as f64 - 2.0 * self.log_likelihood
    }

    /// Bayes' criterion: k ln n - 2 ln L.
    #[must_use]
    pub fn bic(&self) -> f64 {
        self.model.size() as f64 * (self.innovations.len() as f64).ln() - 2.0 * self.log_likelihood
    }
}

impl Model {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.asymmetric, self.student) {
            (false, false) => "GARCH(1,1)",
            (false, true) => "GARCH(1,1) with t innovations",
            (true, false) => "GJR(1,1,1)",
            (true, true) => "GJR(1,1,1) with t innovations",
        }
    }
}

/// Of a grid of persistences and shares, the likeliest.
fn start(series: &Series<'_>, model: Model) -> DVector<f64> {
    let logit = |share: f64| (share / (1.0 - share)).ln();
    let mut best = (f64::NEG_INFINITY, DVector::zeros(model.size()));
    for persistence in [0.7, 0.9, 0.97, 0.99] {
        for share in [0.03, 0.08, 0.2] {
            let mut point = vec![0.0, (1.0_f64 - persistence).ln(), logit(persistence), logit(share)];
            if model.asymmetric {
                // Both sides weigh alike at first, each half of the share.
                point[3] -= 2.0_f64.ln();
                point.insert(4, point[3]);
            }
            if model.student {
                point.push(logit(6.0 / (NU_MAX - 2.0)));
            }
            let point = DVector::from_vec(point);
            let value = series.likelihood(&natural(&point, model).0, model).0;
            if value > best.0 {
                best = (value, point);
            }
        }
    }
    best.1
}

/// From numbers without bounds to μ, ω, α, (γ,) β, (ν), and the slopes of these along those. ω is an exponential; the persistence
/// is a logistic function, and split between what rises weigh, what falls weigh, and β; ν is a logistic function
/// between 2 and [`NU_MAX`].
fn natural(point: &DVector<f64>, model: Model) -> (DVector<f64>, DMatrix<f64>) {
    let size = model.size();
    let (mut natural, mut jacobian) = (DVector::zeros(size), DMatrix::zeros(size, size));
    natural[0] = point[0];
    jacobian[(0, 0)] = 1.0;
    natural[1] = point[1].exp();
    jacobian[(1, 1)] = natural[1];
    // The place of the persistence in `point` is 2; of the shares 3 and, asymmetric, 4.
    let persistence = 1.0 / (1.0 + (-point[2]).exp());
    let along = persistence * (1.0 - persistence);
    let parts = 1 + usize::from(model.asymmetric);
    let weights: Vec<f64> = (0..parts).map(|part| point[3 + part].exp()).collect();
    let total = 1.0 + weights.iter().sum::<f64>();
    let share = |part: usize| weights[part] / total;
    // Rises weigh α, falls α + γ, each half the time: of an asymmetric model a share counts double.
    let double = parts as f64;
    let beta = 2 + parts;
    natural[2] = double * persistence * share(0);
    jacobian[(2, 2)] = double * along * share(0);
    natural[beta] = persistence / total;
    jacobian[(beta, 2)] = along / total;
    for other in 0..parts {
        let slope = |part: usize| share(part) * (f64::from(u8::from(part == other)) - share(other));
        jacobian[(2, 3 + other)] = double * persistence * slope(0);
        jacobian[(beta, 3 + other)] = -persistence * share(other) / total;
        if model.asymmetric {
            jacobian[(3, 3 + other)] = double * persistence * (slope(1) - slope(0));
        }
    }
    if model.asymmetric {
        natural[3] = double * persistence * (share(1) - share(0));
        jacobian[(3, 2)] = double * along * (share(1) - share(0));
    }
    if model.student {
        let share = 1.0 / (1.0 + (-point[size - 1]).exp());
        natural[size - 1] = 2.0 + share * (NU_MAX - 2.0);
        jacobian[(size - 1, size - 1)] = share * (1.0 - share) * (NU_MAX - 2.0);
    }
    (natural, jacobian)
}

/// What each parameter is multiplied with when returns are multiplied with `deviation`.
fn scales(model: Model, deviation: f64) -> DVector<f64> {
    let mut scales = DVector::from_element(model.size(), 1.0);
    scales[0] = deviation;
    scales[1] = deviation * deviation;
    scales
}

fn named(natural: &DVector<f64>, model: Model) -> Parameters {
    let shift = usize::from(model.asymmetric);
    Parameters {
        mu: natural[0],
        omega: natural[1],
        alpha: natural[2],
        gamma: if model.asymmetric { natural[3] } else { 0.0 },
        beta: natural[3 + shift],
        nu: model.student.then(|| natural[4 + shift]),
    }
}
