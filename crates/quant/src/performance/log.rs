//! Logarithms of ratios near 1, and sums of their products, fast.
//!
//! With s = (new - old) / (new + old): ln(new / old) = 2 artanh(s) = 2 (s + s³/3 + s⁵/5 + …). A series of bars moves little, so a
//! few terms give every bit, without a call and without a branch: a loop of them becomes vector instructions.

/// s² below which four terms after the first leave out less than 1e-16 (moves under 6 %).
const NEAR: f64 = 1.0 / 1024.0;
/// s² below which two terms after the first leave out less than 1e-15 (moves under 0.8 %).
const TINY: f64 = 1.0 / 65_536.0;

/// ln(new / old), to the last bits of an `f64`; NaN where the ratio is negative.
#[inline]
pub(super) fn log_ratio(new: f64, old: f64) -> f64 {
    let s = (new - old) / (new + old);
    if s * s < NEAR { near(s) } else { (new / old).ln() }
}

#[inline(always)]
fn near(s: f64) -> f64 {
    let square = s * s;
    let high = 1.0 / 5.0 + square * (1.0 / 7.0 + square * (1.0 / 9.0));
    2.0 * (s + s * (square * (1.0 / 3.0 + square * high)))
}

#[inline(always)]
fn tiny(s: f64) -> f64 {
    let square = s * s;
    2.0 * (s + s * (square * (1.0 / 3.0 + square * (1.0 / 5.0))))
}

/// The sum of the log returns of a series (at most 129 values) times numbers that belong to them.
pub(super) fn product(values: &[f64], factors: &[f64]) -> f64 {
    let steps = factors.len();
    let mut laid = [0.0; 128];
    let s = &mut laid[..steps];
    for ((s, old), new) in s.iter_mut().zip(&values[..steps]).zip(&values[1..=steps]) {
        *s = (new - old) / (new + old);
    }
    let widest = largest_square(s);
    if widest < TINY {
        logarithms(s, tiny);
    } else if widest < NEAR {
        logarithms(s, near);
    } else {
        return values.windows(2).zip(factors).map(|(pair, factor)| log_ratio(pair[1], pair[0]) * factor).sum();
    }
    dot(s, factors)
}

#[inline(always)]
fn logarithms(values: &mut [f64], log: impl Fn(f64) -> f64) {
    for value in values {
        *value = log(*value);
    }
}

/// Four strands side by side, so that the additions overlap and become vector instructions.
const STRANDS: usize = 4;

fn largest_square(values: &[f64]) -> f64 {
    let mut largest = [0.0; STRANDS];
    let chunks = values.chunks_exact(STRANDS);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (largest, value) in largest.iter_mut().zip(chunk) {
            let square = value * value;
            *largest = if *largest > square { *largest } else { square };
        }
    }
    largest.into_iter().chain(rest.iter().map(|value| value * value)).fold(0.0, f64::max)
}

#[inline(always)]
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut strands = [0.0; STRANDS];
    let (left, right) = (left.chunks_exact(STRANDS), right.chunks_exact(STRANDS));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(left, right)| left * right).sum();
    for (left, right) in left.zip(right) {
        for lane in 0..STRANDS {
            strands[lane] += left[lane] * right[lane];
        }
    }
    (strands[0] + strands[1]) + (strands[2] + strands[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::log_ratio;

    #[test]
    fn close_to_the_library_logarithm() {
        for step in -2_000..=2_000_i32 {
            let ratio = 1.0 + f64::from(step) * 1e-4;
            let (ours, exact) = (log_ratio(ratio, 1.0), (ratio - 1.0).ln_1p());
            assert!((ours - exact).abs() <= 4e-16 * exact.abs(), "ratio {ratio}: {ours} against {exact}");
        }
        assert!(log_ratio(-1.0, 1.0).is_nan());
        assert_eq!(log_ratio(7.0, 7.0), 0.0);
    }
}
