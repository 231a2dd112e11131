//! The likelihood of a series under given parameters, with its slopes.

use std::f64::consts::PI;

use nalgebra::{DMatrix, DVector};
use statrs::function::gamma::{digamma, ln_gamma};

use super::{Model, named};

/// Parameters at most.
const SIZE_MAX: usize = 6;

/// Returns and the variance that the recursion starts from.
pub(super) struct Series<'a> {
    returns: &'a [f64],
    backcast: f64,
}

impl<'a> Series<'a> {
    /// The start is the mean of the first 75 squared differences from the mean, weighted with 0.94^i.
    pub(super) fn new(returns: &'a [f64]) -> Self {
        let mean = returns.iter().sum::<f64>() / returns.len() as f64;
        let weights = std::iter::successors(Some(1.0), |weight| Some(weight * 0.94));
        let (squares, total) =
            returns.iter().take(75).zip(weights).fold((0.0, 0.0), |(sum, total), (value, weight)| {
                (sum + weight * (value - mean).powi(2), total + weight)
            });
        Self { returns, backcast: squares / total }
    }

    /// The logarithm of the likelihood, and its slope along each parameter.
    pub(super) fn likelihood(&self, natural: &DVector<f64>, model: Model) -> (f64, DVector<f64>) {
        let (mut sum, mut slopes) = (0.0, [0.0; SIZE_MAX]);
        self.walk(natural, model, |value, score| {
            sum += value;
            slopes.iter_mut().zip(score).for_each(|(sum, slope)| *sum += slope);
        });
        (sum, DVector::from_column_slice(&slopes[..model.size()]))
    }

    /// The variance and the residual of each observation.
    pub(super) fn path(&self, natural: &DVector<f64>, model: Model) -> (Vec<f64>, Vec<f64>) {
        let p = named(natural, model);
        let mut variance = p.omega + (p.alpha + 0.5 * p.gamma + p.beta) * self.backcast;
        let residuals: Vec<f64> = self.returns.iter().map(|value| value - p.mu).collect();
        let after = |residual: &f64| {
            let own = variance;
            variance = p.next(*residual, variance);
            own
        };
        (residuals.iter().map(after).collect(), residuals)
    }

    /// Square roots of the diagonal of H⁻¹ G H⁻¹: H the curvature (differences of slopes), G the sum of the scores' products.
    pub(super) fn robust_errors(&self, natural: &DVector<f64>, model: Model) -> Option<Vec<f64>> {
        let size = model.size();
        let mut curvature = DMatrix::zeros(size, size);
        for own in 0..size {
            let step = 1e-5 * natural[own].abs().max(1e-3);
            let (mut up, mut down) = (natural.clone(), natural.clone());
            up[own] += step;
            down[own] -= step;
            let difference = self.likelihood(&up, model).1 - self.likelihood(&down, model).1;
            curvature.set_column(own, &(difference / (-2.0 * step)));
        }
        let mut outer = DMatrix::zeros(size, size);
        self.walk(natural, model, |_, score| {
            let score = DVector::from_column_slice(&score[..size]);
            outer.ger(1.0, &score, &score, 1.0);
        });
        let curvature = (&curvature + curvature.transpose()) * 0.5;
        let inverse = curvature.cholesky()?.inverse();
        let sandwich = &inverse * outer * &inverse;
        Some(sandwich.diagonal().iter().map(|variance| variance.sqrt()).collect())
    }

    /// Visits the log likelihood of each observation and its score.
    #[inline]
    fn walk(&self, natural: &DVector<f64>, model: Model, mut visit: impl FnMut(f64, &[f64; SIZE_MAX])) {
        let p = named(natural, model);
        let nu = p.nu.unwrap_or(f64::INFINITY);
        let half = 0.5 * (nu + 1.0);
        let constant = match p.nu {
            Some(nu) => ln_gamma(half) - ln_gamma(0.5 * nu) - 0.5 * (PI * (nu - 2.0)).ln(),
            None => -0.5 * (2.0 * PI).ln(),
        };
        let constant_slope = p.nu.map_or(0.0, |nu| 0.5 * (digamma(half) - digamma(0.5 * nu)) - 0.5 / (nu - 2.0));
        let gamma = usize::from(model.asymmetric);
        let beta = 3 + gamma;
        let mut variance = p.omega + (p.alpha + 0.5 * p.gamma + p.beta) * self.backcast;
        // Slopes of the variance; the unknown first fall counts half.
        let mut along = [0.0; SIZE_MAX];
        (along[1], along[2], along[beta]) = (1.0, self.backcast, self.backcast);
        if model.asymmetric {
            along[3] = 0.5 * self.backcast;
        }
        let mut score = [0.0; SIZE_MAX];
        for value in self.returns {
            let residual = value - p.mu;
            let square = residual * residual;
            let inverse = 1.0 / variance;
            let ratio = square * inverse;
            // Slopes along the variance and along the mean.
            let (log, by_variance, by_mean) = if model.student {
                let spread = ratio / (nu - 2.0);
                let part = 2.0 * half / (nu - 2.0) / (1.0 + spread);
                let log = spread.ln_1p();
                score[4 + gamma] = constant_slope - 0.5 * log + half * spread / (1.0 + spread) / (nu - 2.0);
                (-half * log, 0.5 * inverse * (part * ratio - 1.0), part * residual * inverse)
            } else {
                (-0.5 * ratio, 0.5 * inverse * (ratio - 1.0), residual * inverse)
            };
            (0..4 + gamma).for_each(|own| score[own] = by_variance * along[own]);
            score[0] += by_mean;
            visit(constant + log - 0.5 * variance.ln(), &score);
            let fell = residual < 0.0;
            let share = if fell { p.alpha + p.gamma } else { p.alpha };
            (0..4 + gamma).for_each(|own| along[own] *= p.beta);
            along[0] -= 2.0 * share * residual;
            along[1] += 1.0;
            along[2] += square;
            if model.asymmetric && fell {
                along[3] += square;
            }
            along[beta] += variance;
            variance = p.omega + share * square + p.beta * variance;
        }
    }
}
