//! A quadratic under a sum and bounds of each weight, solved exactly by guessing which bounds hold.
use nalgebra::{DMatrix, DVector};

/// Rounds of guessing; hard problems go to the interior point.
const ROUNDS: u32 = 100;
/// How far a weight or a multiplier may be off before its guess was wrong, in units of the problem.
const SLACK: f64 = 1e-12;

/// The least of `w' Q w / 2 - c' w` over weights that sum to `budget` and are within `lower` and `upper`.
pub(super) struct Boxed<'a> {
    pub(super) matrix: &'a DMatrix<f64>,
    pub(super) linear: &'a [f64],
    pub(super) budget: f64,
    pub(super) lower: &'a [f64],
    pub(super) upper: &'a [f64],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    Free,
    Lower,
    Upper,
}

impl Boxed<'_> {
    /// Weights, the largest violation of the optimality conditions (relative to the size of the matrix), and the rounds.
    /// `None` where the guesses go in circles, no weights are in the bounds, or the matrix is singular: another method has
    /// to tell which.
    ///
    /// Every round solves for the free weights, holds those that leave their bounds and frees those that pull away from them
    /// (M. Hintermüller, K. Ito and K. Kunisch, "The primal-dual active set strategy as a semismooth Newton method", 2003).
    pub(super) fn solve(&self) -> Option<(Vec<f64>, f64, u32)> {
        let count = self.lower.len();
        let (least, most): (f64, f64) = (self.lower.iter().sum(), self.upper.iter().sum());
        if self.lower.iter().zip(self.upper).any(|(lower, upper)| lower > upper)
            || !(least < self.budget && self.budget < most)
        {
            return None;
        }
        let scale = self.matrix.diagonal().max();
        let is_fixed = |asset: usize| self.lower[asset] == self.upper[asset];
        let start = |asset| if is_fixed(asset) { Guess::Lower } else { Guess::Free };
        let mut guesses: Vec<Guess> = (0..count).map(start).collect();
        for round in 1..=ROUNDS {
            let (weights, price) = self.at(&guesses)?;
            let pull = self.matrix * DVector::from_column_slice(&weights);
            let pull: Vec<f64> = (0..count).map(|asset| (pull[asset] - self.linear[asset] - price) / scale).collect();
            let next: Vec<Guess> =
                (0..count).map(|asset| self.guess(asset, guesses[asset], weights[asset], pull[asset])).collect();
            if next == guesses {
                return Some((weights.clone(), self.residual(&guesses, &weights, &pull), round));
            }
            guesses = next;
        }
        None
    }

    fn guess(&self, asset: usize, now: Guess, weight: f64, pull: f64) -> Guess {
        match now {
            _ if self.lower[asset] == self.upper[asset] => Guess::Lower,
            Guess::Free if weight < self.lower[asset] - SLACK => Guess::Lower,
            Guess::Free if weight > self.upper[asset] + SLACK => Guess::Upper,
            Guess::Lower if pull < -SLACK => Guess::Free,
            Guess::Upper if pull > SLACK => Guess::Free,
            _ => now,
        }
    }

    /// The weights where just the guessed bounds hold, and what one more of the budget costs.
    fn at(&self, guesses: &[Guess]) -> Option<(Vec<f64>, f64)> {
        let free: Vec<usize> = (0..guesses.len()).filter(|asset| guesses[*asset] == Guess::Free).collect();
        if free.is_empty() {
            return None;
        }
        let mut weights: Vec<f64> = (0..guesses.len())
            .map(|asset| match guesses[asset] {
                Guess::Free => 0.0,
                Guess::Lower => self.lower[asset],
                Guess::Upper => self.upper[asset],
            })
            .collect();
        let left = self.budget - weights.iter().sum::<f64>();
        let held: Vec<usize> = (0..guesses.len()).filter(|asset| weights[*asset] != 0.0).collect();
        let of_held =
            |row: usize| held.iter().map(|column| self.matrix[(row, *column)] * weights[*column]).sum::<f64>();
        let target: Vec<f64> = free.iter().map(|row| self.linear[*row] - of_held(*row)).collect();
        let part = self.matrix.select_rows(&free).select_columns(&free).cholesky()?;
        let ones = part.solve(&DVector::from_element(free.len(), 1.0));
        let pulled = part.solve(&DVector::from_vec(target));
        let price = (left - pulled.sum()) / ones.sum();
        for (place, asset) in free.iter().enumerate() {
            weights[*asset] = pulled[place] + price * ones[place];
        }
        Some((weights, price))
    }

    fn residual(&self, guesses: &[Guess], weights: &[f64], pull: &[f64]) -> f64 {
        let sum = (weights.iter().sum::<f64>() - self.budget).abs();
        let each = (0..weights.len()).map(|asset| match guesses[asset] {
            Guess::Free => {
                pull[asset].abs().max(self.lower[asset] - weights[asset]).max(weights[asset] - self.upper[asset])
            }
            _ if self.lower[asset] == self.upper[asset] => 0.0,
            Guess::Lower => -pull[asset],
            Guess::Upper => pull[asset],
        });
        each.fold(sum, f64::max)
    }
}
