//! Figures of outcomes that were observed or drawn.

use super::{Confidence, RiskError, Tail, checked};

/// Where between two outcomes a quantile lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantile {
    /// On the line between the two outcomes beside rank (n - 1) p (numpy's default; type 7 of Hyndman and Fan, 1996). The
    /// CVaR is the mean of the outcomes at or below.
    Linear,
    /// The outcome of rank ⌈n p⌉, the smallest whose share of worse or equal ones reaches p (type 1). The CVaR is the mean of
    /// the worst n p outcomes, the last of them in part (Acerbi and Tasche, "On the coherence of expected shortfall", 2002,
    /// definition 2.6): coherent.
    Order,
}

/// VaR and CVaR of equally likely outcomes, one a confidence.
///
/// # Errors
/// [`RiskError`]: fewer than two outcomes, one that is not finite.
pub fn historical(outcomes: &[f64], quantile: Quantile, confidences: &[Confidence]) -> Result<Vec<Tail>, RiskError> {
    checked(outcomes, 2)?;
    let mut outcomes = outcomes.to_vec();
    let (worst, count) = worst(&mut outcomes, confidences, 2);
    let tail = |confidence: &Confidence| match quantile {
        Quantile::Linear => linear(worst, count as f64, confidence.tail()),
        Quantile::Order => order(worst, count as f64, confidence.tail()),
    };
    Ok(confidences.iter().map(tail).collect())
}

/// VaR and CVaR ([`Quantile::Order`]) of outcomes that were drawn, with the standard errors of both. The outcomes change
/// their order.
///
/// The error of the VaR is half the distance between the outcomes one standard deviation of the binomial count beside its
/// rank; that of the CVaR is √((s² + c (CVaR - VaR)²) / (n (1 - c))) with s the standard deviation of the losses from the VaR on
/// (Manistre and Hancock, "Variance of the CTE estimator", North American Actuarial Journal 9(2), 2005, p. 131).
///
/// # Errors
/// [`RiskError::Scenarios`] where fewer than ten outcomes lie in a tail; one that is not finite.
pub fn simulated(outcomes: &mut [f64], confidences: &[Confidence]) -> Result<Vec<Tail>, RiskError> {
    checked(outcomes, 2)?;
    let count = outcomes.len();
    for confidence in confidences {
        let needed = (10.0 / confidence.tail() - 1e-6).ceil() as usize;
        if count < needed {
            return Err(RiskError::Scenarios { scenarios: count, needed });
        }
    }
    let share = confidences.iter().map(|confidence| confidence.tail()).fold(0.0, f64::max);
    let beside = (count as f64 * share).sqrt() as usize + 2;
    let (worst, count) = worst(outcomes, confidences, beside);
    let tail = |confidence: &Confidence| {
        let share = confidence.tail();
        let tail = order(worst, count as f64, share);
        Tail { errors: Some(standard_errors(worst, count as f64, share, tail)), ..tail }
    };
    Ok(confidences.iter().map(tail).collect())
}

/// VaR and CVaR of outcomes of which the newest (the last) weighs most and each older one `decay` times its successor
/// (Boudoukh, Richardson and Whitelaw, "The best of both worlds", Risk 11(5), 1998). The quantile is the first outcome at which
/// the weight of worse or equal ones reaches the tail's.
///
/// # Errors
/// [`RiskError`]: fewer than two outcomes, one that is not finite, a decay outside 0 to 1.
pub fn age_weighted(outcomes: &[f64], decay: f64, confidences: &[Confidence]) -> Result<Vec<Tail>, RiskError> {
    checked(outcomes, 2)?;
    if !(decay > 0.0 && decay < 1.0) {
        return Err(RiskError::Number { name: "decay", value: decay, expected: "a number above 0 and below 1" });
    }
    let weights = std::iter::successors(Some(1.0), |weight| Some(weight * decay));
    let mut weighted: Vec<(f64, f64)> = outcomes.iter().rev().copied().zip(weights).collect();
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let tail = |confidence: &Confidence| {
        let mut left = confidence.tail() * total;
        let (mut sum, mut last) = (0.0, weighted[0].0);
        for (outcome, weight) in &weighted {
            last = *outcome;
            let taken = weight.min(left);
            sum += outcome * taken;
            left -= taken;
            if left <= 1e-12 * total {
                break;
            }
        }
        Tail { var: -last, cvar: -sum / (confidence.tail() * total), errors: None }
    };
    Ok(confidences.iter().map(tail).collect())
}

/// The worst outcomes in order, as many as the widest tail needs and `beside` more, and how many outcomes there are. Sorting
/// them all would take longer than all the rest.
fn worst<'a>(outcomes: &'a mut [f64], confidences: &[Confidence], beside: usize) -> (&'a [f64], usize) {
    let count = outcomes.len();
    let share = confidences.iter().map(|confidence| confidence.tail()).fold(0.0, f64::max);
    let last = ((count as f64 * share) as usize + beside).min(count - 1);
    outcomes.select_nth_unstable_by(last, f64::total_cmp);
    outcomes[..=last].sort_unstable_by(f64::total_cmp);
    (&outcomes[..=last], count)
}

fn linear(worst: &[f64], count: f64, share: f64) -> Tail {
    // Ranks that are whole but for a rounding are whole.
    let rank = (count - 1.0) * share + 1e-9;
    let below = rank as usize;
    let part = (rank - rank.floor() - 1e-9).max(0.0);
    let above = worst[(below + 1).min(worst.len() - 1)];
    let quantile = worst[below] + part * (above - worst[below]);
    let mean = worst[..=below].iter().sum::<f64>() / (below + 1) as f64;
    Tail { var: -quantile, cvar: -mean, errors: None }
}

fn order(worst: &[f64], count: f64, share: f64) -> Tail {
    let (rank, whole, part) = rank(count, share);
    let mean = (worst[..whole].iter().sum::<f64>() + part * worst[rank]) / (whole as f64 + part);
    Tail { var: -worst[rank], cvar: -mean, errors: None }
}

/// The index of the quantile, and the outcomes of the tail: the whole ones, and the part of the next.
pub(super) fn rank(count: f64, share: f64) -> (usize, usize, f64) {
    let exact = count * share;
    // 100 * (1 - 0.95) is a little above 5.
    let rank = ((exact - 1e-9 * count.max(1.0)).ceil() as usize).max(1) - 1;
    let part = exact - rank as f64;
    (rank, rank, part)
}

fn standard_errors(worst: &[f64], count: f64, share: f64, tail: Tail) -> (f64, f64) {
    let (rank, whole, part) = rank(count, share);
    let beside = (count * share * (1.0 - share)).sqrt().max(1.0) as usize;
    let (low, high) = (rank.saturating_sub(beside), (rank + beside).min(worst.len() - 1));
    let scale = (count * share * (1.0 - share)).sqrt() / (high - low).max(1) as f64;
    let var_error = (worst[high] - worst[low]) * scale;
    let square = |outcome: f64| (outcome + tail.cvar).powi(2);
    let squares = worst[..whole].iter().map(|outcome| square(*outcome)).sum::<f64>() + part * square(worst[rank]);
    let size = count * share;
    let variance = squares / size + (1.0 - share) * (tail.cvar - tail.var).powi(2);
    (var_error, (variance / size).sqrt())
}
