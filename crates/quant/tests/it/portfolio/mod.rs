//! Weights: against an independent library, against brute force, and by the laws that every optimum obeys.
mod conflicts;
mod laws;
mod sizes;
mod sparse;
mod weights;

use qframe_quant::covariance::{Covariance, Returns};
use qframe_quant::portfolio::{Constraints, Estimates, Objective, annual_means, optimise};

/// Numbers that look like chance, in -1 to 1, from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut x = self.0 ^ (self.0 >> 33);
        x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
        ((x ^ (x >> 33)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Close to a normal number of variance one.
    fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.next()).sum::<f64>() / 2.0_f64.sqrt()
    }
}

/// Assets with a common factor, of volatilities and means that differ.
fn estimates(assets: usize, observations: usize, seed: u64) -> Estimates {
    let mut chance = Chance(seed);
    let kinds: Vec<[f64; 3]> =
        (0..assets).map(|_| [chance.next().abs() + 0.3, chance.next() * 0.6 + 0.7, chance.next()]).collect();
    let mut values = Vec::with_capacity(assets * observations);
    for _ in 0..observations {
        let market = chance.normal() * 0.008;
        values.extend(
            kinds
                .iter()
                .map(|[size, beta, mean]| size * (beta * market + chance.normal() * 0.01) + mean * 0.0004 + 0.0004),
        );
    }
    let returns = Returns::new(values, assets).expect("numbers");
    let covariance = Covariance::sample(&returns).expect("more observations than assets").scaled(252.0);
    let names = (0..assets).map(|asset| format!("A{asset}")).collect();
    Estimates::new(names, annual_means(&returns, 252.0), covariance, returns).expect("estimates")
}

/// What an optimiser makes small.
fn loss(estimates: &Estimates, objective: &Objective, weights: &[f64]) -> f64 {
    let figures = estimates.figures(weights);
    match objective {
        Objective::MinVariance | Objective::TargetReturn(_) => figures.volatility,
        Objective::MaxSharpe { risk_free } => {
            -(figures.expected_return - risk_free * weights.iter().sum::<f64>()) / figures.volatility
        }
        Objective::TargetRisk(_) => -figures.expected_return,
        Objective::Utility { aversion } => aversion / 2.0 * figures.volatility.powi(2) - figures.expected_return,
        Objective::MaxDiversification => -figures.diversification,
        Objective::MinCvar { confidence } => cvar(&estimates.returns().portfolio(weights), *confidence),
        Objective::Kelly => {
            let returns = estimates.returns().portfolio(weights);
            -returns.iter().map(|value| value.ln_1p()).sum::<f64>() / returns.len() as f64
        }
        other => panic!("{} makes nothing small", other.name()),
    }
}

/// The least of `a + mean((loss - a)+) / (1 - confidence)` over a, which lies at one of the losses.
fn cvar(returns: &[f64], confidence: f64) -> f64 {
    let mut losses: Vec<f64> = returns.iter().map(|value| -value).collect();
    losses.sort_by(f64::total_cmp);
    let at = ((losses.len() as f64 * confidence).ceil() as usize).saturating_sub(1).min(losses.len() - 1);
    let quantile = losses[at];
    let beyond: f64 = losses.iter().map(|loss| (loss - quantile).max(0.0)).sum();
    quantile + beyond / ((1.0 - confidence) * losses.len() as f64)
}

const OPTIMA: [Objective; 8] = [
    Objective::MinVariance,
    Objective::MaxSharpe { risk_free: 0.01 },
    Objective::TargetReturn(0.1),
    Objective::TargetRisk(0.15),
    Objective::Utility { aversion: 4.0 },
    Objective::MaxDiversification,
    Objective::MinCvar { confidence: 0.95 },
    Objective::Kelly,
];

fn weights(estimates: &Estimates, objective: &Objective, constraints: &Constraints) -> Vec<f64> {
    let found = optimise(estimates, objective, constraints);
    found.unwrap_or_else(|error| panic!("{}: {error}", objective.name())).weights
}
