//! Why there are no weights.
use std::fmt;

use super::Clause;
use crate::covariance::CovarianceError;

/// A refusal of the optimisers.
#[derive(Debug, Clone, PartialEq)]
pub enum PortfolioError {
    /// The covariance cannot be used.
    Covariance(CovarianceError),
    /// A list that has not one value an asset.
    Length {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many were expected.
        expected: usize,
    },
    /// A number outside its range.
    Number {
        /// Of what.
        what: &'static str,
        /// The number.
        value: f64,
        /// What was expected.
        expected: &'static str,
    },
    /// No weights keep to all of these; without any one of them some do.
    Conflict(Vec<Clause>),
    /// No choice of assets holds so few positions, none of them so small, and keeps to the rest.
    Sparse {
        /// The most positions.
        positions: Option<usize>,
        /// The smallest weight.
        smallest: Option<f64>,
        /// Whether there is none, all choices having been looked at; else none was found.
        is_proven: bool,
        /// A smallest set of the rest that conflicts with them; empty where that was not looked for, or not found.
        conflict: Vec<Clause>,
    },
    /// The weights of an objective that knows no constraints break these.
    Breaks(&'static str, Vec<Clause>),
    /// An objective and a constraint that do not go together.
    Together(&'static str, &'static str),
    /// The solver stopped before an optimum: its word, and the residual.
    NotSolved(String, f64),
}

impl fmt::Display for PortfolioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Covariance(error) => write!(f, "{error}"),
            Self::Length { what, found, expected } => write!(f, "{found} {what}; expected {expected}"),
            Self::Number { what, value, expected } => write!(f, "{what}: {value}; expected {expected}"),
            Self::Conflict(clauses) => {
                write!(f, "no weights keep to all of these: {}; relax one of them", listed(clauses))
            }
            Self::Sparse { positions, smallest, is_proven, conflict } => {
                let clauses = positions.map(Clause::Positions).into_iter().chain(smallest.map(Clause::Smallest));
                let clauses: Vec<String> = clauses.map(|clause| clause.to_string()).collect();
                let found = if *is_proven { "there is no portfolio" } else { "no portfolio was found" };
                let (kept, relax) = match conflict.as_slice() {
                    [] => ("the other constraints".to_owned(), "another constraint"),
                    named => (format!("all of these: {}", listed(named)), "one of them"),
                };
                let clauses = clauses.join(" and ");
                let allow = match (positions, smallest) {
                    (Some(_), None) => "more positions",
                    (None, Some(_)) => "smaller weights",
                    _ => "more positions or smaller weights",
                };
                write!(f, "{found} with {clauses} that keeps to {kept}; allow {allow}, or relax {relax}")
            }
            Self::Breaks(objective, clauses) => write!(
                f,
                "{objective} knows no constraints, and its weights break: {}; relax these, or choose an objective that is \
                 optimised, such as min-variance",
                listed(clauses)
            ),
            Self::Together(objective, constraint) => {
                write!(f, "{objective} and {constraint} do not go together; leave one out")
            }
            Self::NotSolved(word, residual) => write!(
                f,
                "the solver stopped before an optimum ({word}, residual {residual:.1e}); check the scale of the data, or shrink \
                 the covariance (Ledoit-Wolf)"
            ),
        }
    }
}

impl std::error::Error for PortfolioError {}

impl From<CovarianceError> for PortfolioError {
    fn from(error: CovarianceError) -> Self {
        Self::Covariance(error)
    }
}

/// The first clauses, those of single assets last; a list of hundreds helps nobody.
fn listed(clauses: &[Clause]) -> String {
    const SHOWN: usize = 12;
    let is_single = |clause: &&Clause| matches!(clause, Clause::AtLeast(..) | Clause::AtMost(..));
    let (single, wide): (Vec<&Clause>, Vec<&Clause>) = clauses.iter().partition(is_single);
    let shown: Vec<String> = wide.into_iter().chain(single).take(SHOWN).map(ToString::to_string).collect();
    match clauses.len().saturating_sub(SHOWN) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}
