//! The lowest point of a smooth function of a few numbers: BFGS with a line search.

use nalgebra::{DMatrix, DVector};

/// Steps before it gives up.
const STEPS: usize = 500;
/// A function value is flat where no slope is steeper than this, relative to the value.
const FLAT: f64 = 1e-7;
/// And where so many steps in a row gain less than this, relative to the value: a valley without an end.
const STILL: usize = 4;
const GAIN: f64 = 1e-11;

/// Where it is.
#[derive(Debug, Clone)]
pub(super) struct Minimum {
    pub(super) point: DVector<f64>,
    pub(super) value: f64,
    pub(super) steps: usize,
    pub(super) converged: bool,
}

/// Goes down from `start`. `function` gives its value and its slopes; a value that is not finite is a wall.
/// (Nocedal and Wright, "Numerical Optimization", 2nd edition, 2006, algorithm 6.1, with backtracking and the update left out
/// where the curvature is not positive.)
pub(super) fn minimise(start: DVector<f64>, mut function: impl FnMut(&DVector<f64>) -> (f64, DVector<f64>)) -> Minimum {
    let size = start.len();
    let (mut point, mut inverse, mut scaled) = (start, DMatrix::identity(size, size), false);
    let (mut value, mut slope) = function(&point);
    let mut still = 0;
    for steps in 0..STEPS {
        if slope.amax() <= FLAT * value.abs().max(1.0) || still == STILL {
            return Minimum { point, value, steps, converged: true };
        }
        let mut direction = -(&inverse * &slope);
        let mut descent = direction.dot(&slope);
        if descent >= 0.0 {
            (inverse, direction) = (DMatrix::identity(size, size), -&slope);
            (descent, scaled) = (direction.dot(&slope), false);
        }
        // The first step knows no curvature: it is short.
        let mut length = if scaled { 1.0 } else { (0.5 / direction.amax()).min(1.0) };
        let next = loop {
            let next = &point + &direction * length;
            let (next_value, next_slope) = function(&next);
            if next_value.is_finite() && next_value <= value + 1e-4 * length * descent {
                break Some((next, next_value, next_slope));
            }
            length *= 0.4;
            if length < 1e-14 {
                break None;
            }
        };
        let Some((next, next_value, next_slope)) = next else {
            // No lower point to within rounding: flat enough, or stuck.
            let converged = slope.amax() <= 1e3 * FLAT * value.abs().max(1.0);
            return Minimum { point, value, steps, converged };
        };
        still = if value - next_value <= GAIN * value.abs().max(1.0) { still + 1 } else { 0 };
        let (step, change) = (&next - &point, &next_slope - &slope);
        let curvature = step.dot(&change);
        if curvature > 1e-12 * step.norm() * change.norm() {
            if !scaled {
                inverse *= curvature / change.norm_squared();
                scaled = true;
            }
            update(&mut inverse, &step, &change, curvature);
        }
        (point, value, slope) = (next, next_value, next_slope);
    }
    Minimum { point, value, steps: STEPS, converged: false }
}

/// H' = (I - s y' / c) H (I - y s' / c) + s s' / c.
fn update(inverse: &mut DMatrix<f64>, step: &DVector<f64>, change: &DVector<f64>, curvature: f64) {
    let seen = &*inverse * change;
    let factor = (1.0 + change.dot(&seen) / curvature) / curvature;
    *inverse += step * step.transpose() * factor - (&seen * step.transpose() + step * seen.transpose()) / curvature;
}
