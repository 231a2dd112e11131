//! Whether a Sharpe ratio is more than luck.
//!
//! D. H. Bailey and M. López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012: the probabilistic
//! Sharpe ratio (equation 11 of the working paper, SSRN 1821643, p. 9) and the minimum track record length (equation 13, p. 11).
use statrs::distribution::{ContinuousCDF, Normal};

/// The variance of an estimated Sharpe ratio (both a period), times the number of returns less one: 1 - γ₃ SR + (γ₄ - 1)/4 SR².
/// `skew` is γ₃, `kurtosis` γ₄ (3 for a normal distribution).
fn spread(sharpe: f64, skew: f64, kurtosis: f64) -> f64 {
    1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
}

/// The probability that the true Sharpe ratio is above `target`, both a period and not annualised, after `count` returns.
/// `None` where the estimate's variance is not above zero or there are fewer than two returns.
///
/// ```
/// use qframe_quant::performance::probabilistic_sharpe;
///
/// // The paper's example: two years of monthly returns, a Sharpe ratio of 1.585 a year, skewness -2.448, kurtosis 10.164.
/// let psr = probabilistic_sharpe(0.458, 0.0, -2.448, 10.164, 24).unwrap();
/// assert!((psr - 0.913).abs() < 5e-4);
/// ```
#[must_use]
pub fn probabilistic_sharpe(sharpe: f64, target: f64, skew: f64, kurtosis: f64, count: usize) -> Option<f64> {
    let spread = spread(sharpe, skew, kurtosis);
    let score = (sharpe - target) * ((count.checked_sub(1)? as f64) / spread).sqrt();
    (count > 1 && spread > 0.0).then(|| Normal::standard().cdf(score))
}

/// How many returns it takes to be `confidence` sure that the true Sharpe ratio is above `target`, both a period. `None`
/// where the estimate is not above the target, since no length of record is enough then.
#[must_use]
pub fn minimum_track_record(sharpe: f64, target: f64, skew: f64, kurtosis: f64, confidence: f64) -> Option<f64> {
    let spread = spread(sharpe, skew, kurtosis);
    let score = Normal::standard().inverse_cdf(confidence);
    (sharpe > target && spread > 0.0).then(|| 1.0 + spread * (score / (sharpe - target)).powi(2))
}
