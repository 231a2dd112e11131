//! Logarithms of ratios near 1, and sums of their products, fast.
//!
//! With s = (new - old) / (new + old): ln(new / old) = 2 artanh(s) = 2 (s + s³/3 + s⁵/5 + …). A series of bars moves little, so a
//! few terms give every bit, without a call and without a branch: a loop of them becomes vector instructions.

/// s² below which four terms after the first leave out less than 1e-16 (moves under 6 %).
const NEAR: f64 = 1.0 / 1024.0;
/// s² below which two terms after the first leave out less than 1e-15 (moves under 0.8 %).
const TINY: f64 = 1.0 / 65_536.0;

/// ln(new / old), to the last bits of an `f64`; NaN where the ratio is negative.
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

/// Of the log returns x of one series and y of another: the sums of x·y and of y², for series of equal length, 129 at most.
pub(super) fn products(own: &[f64], market: &[f64]) -> (f64, f64) {
    let steps = own.len().min(market.len()) - 1;
    let (mut own_s, mut market_s) = ([0.0; 128], [0.0; 128]);
    let (s, t) = (&mut own_s[..steps], &mut market_s[..steps]);
    half_ratios(own, market, s, t);
    let widest = largest_square(s).max(largest_square(t));
    if widest < TINY {
        sums(s, t, tiny)
    } else if widest < NEAR {
        sums(s, t, near)
    } else {
        far(own, market)
    }
}

/// s of each step of two series. They share one division, which is the dearest instruction here.
fn half_ratios(own: &[f64], market: &[f64], s: &mut [f64], t: &mut [f64]) {
    let steps = s.len();
    let own = own[..steps].iter().zip(&own[1..=steps]);
    let market = market[..steps].iter().zip(&market[1..=steps]);
    for (((own_old, own), (market_old, market)), (s, t)) in own.zip(market).zip(s.iter_mut().zip(t)) {
        let (own_sum, market_sum) = (own + own_old, market + market_old);
        let inverse = 1.0 / (own_sum * market_sum);
        *s = (own - own_old) * market_sum * inverse;
        *t = (market - market_old) * own_sum * inverse;
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

/// Sums of x·y and y², x and y being the logarithms that belong to s and t.
#[inline(always)]
fn sums(s: &mut [f64], t: &mut [f64], log: impl Fn(f64) -> f64) -> (f64, f64) {
    for (s, t) in s.iter_mut().zip(t.iter_mut()) {
        (*s, *t) = (log(*s), log(*t));
    }
    (dot(s, t), dot(t, t))
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

/// [`products`] for moves of any size.
fn far(own: &[f64], market: &[f64]) -> (f64, f64) {
    let pairs = own.windows(2).zip(market.windows(2));
    pairs.fold((0.0, 0.0), |(cross, square), (own, market)| {
        let y = log_ratio(market[1], market[0]);
        (cross + log_ratio(own[1], own[0]) * y, square + y * y)
    })
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
