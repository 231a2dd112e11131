//! Convex programs: a quadratic objective under linear rows and norms, solved by an interior point, with the residual of
//! their optimality conditions, and the rows that conflict where there is no solution.
use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettings, DefaultSolver, IPSolver, NonnegativeConeT, SecondOrderConeT, SolverStatus, SupportedConeT,
    ZeroConeT,
};

use super::{Clause, PortfolioError};

/// The least of `x' P x / 2 + q' x` over what keeps to all rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// Values of P on and above its diagonal: row, column, value.
    pub(super) quadratic: Vec<(usize, usize, f64)>,
    /// q: a value a variable.
    pub(super) linear: Vec<f64>,
    pub(super) rows: Vec<Row>,
    /// Nobody reads which rows conflict: finding the fewest takes as many solutions as there are rows.
    pub(super) is_terse: bool,
}

/// Terms (variable, factor) against a bound.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) kind: RowKind,
    /// How a conflict names it; none for those that only define a variable.
    pub(super) clause: Option<Clause>,
}

#[derive(Debug, Clone)]
pub(super) enum RowKind {
    /// The terms sum to the bound.
    Equal(Vec<(usize, f64)>, f64),
    /// The terms sum to the bound at most.
    AtMost(Vec<(usize, f64)>, f64),
    /// The Euclidean norm of these sums is at most the bound.
    Norm(Vec<Vec<(usize, f64)>>, f64),
}

/// An optimum.
#[derive(Debug, Clone)]
pub(super) struct Solution {
    pub(super) values: Vec<f64>,
    /// The largest violation of the Karush-Kuhn-Tucker conditions: see [`residual`].
    pub(super) residual: f64,
    pub(super) iterations: u32,
}

/// A residual above it is no optimum.
const RESIDUAL_MAX: f64 = 1e-6;
/// How far a step goes of the way to the edge of the cones; and where such steps did not arrive.
const STEP: f64 = 0.99;
const SHORT_STEP: f64 = 0.9;
/// Rows whose part in a proof of infeasibility is less than this share of the largest have none.
const PART: f64 = 1e-6;

impl Program {
    pub(super) fn new(variables: usize) -> Self {
        Self { linear: vec![0.0; variables], ..Self::default() }
    }

    /// Another variable, without cost.
    pub(super) fn variable(&mut self) -> usize {
        self.linear.push(0.0);
        self.linear.len() - 1
    }

    pub(super) fn equal(&mut self, terms: Vec<(usize, f64)>, bound: f64, clause: Option<Clause>) {
        self.rows.push(Row { kind: RowKind::Equal(terms, bound), clause });
    }

    pub(super) fn at_most(&mut self, terms: Vec<(usize, f64)>, bound: f64, clause: Option<Clause>) {
        self.rows.push(Row { kind: RowKind::AtMost(terms, bound), clause });
    }

    /// # Errors
    /// [`PortfolioError::Conflict`] with a smallest set of rows that nothing keeps to; [`PortfolioError::NotSolved`].
    pub(super) fn solve(&self) -> Result<Solution, PortfolioError> {
        let posed = Posed::of(&self.quadratic, &self.linear, &self.rows.iter().collect::<Vec<_>>());
        match self.solve_by(&posed, STEP) {
            // A step almost to the edge can stick to it, where there is little room inside (an asset that may not be held).
            Err(PortfolioError::NotSolved(..)) => self.solve_by(&posed, SHORT_STEP),
            told => told,
        }
    }

    fn solve_by(&self, posed: &Posed, step: f64) -> Result<Solution, PortfolioError> {
        let solver = posed.solved(step)?;
        let found = &solver.solution;
        if is_infeasible(found.status) {
            let fewest = if self.is_terse { Vec::new() } else { self.conflict(posed, &found.z)? };
            return Err(PortfolioError::Conflict(fewest));
        }
        let residual = posed.residual(&found.x, &found.s, &found.z);
        if matches!(found.status, SolverStatus::DualInfeasible | SolverStatus::AlmostDualInfeasible)
            || residual.is_nan()
            || residual > RESIDUAL_MAX
        {
            return Err(PortfolioError::NotSolved(found.status.to_string(), residual));
        }
        Ok(Solution { values: found.x.clone(), residual, iterations: found.iterations })
    }

    /// A smallest set of named rows that conflict: those with a part in the solver's proof, less each that is not needed
    /// (J. Chinneck and E. Dravnieks, "Locating minimal infeasible constraint sets in linear programs", 1991, the deletion
    /// filter).
    fn conflict(&self, posed: &Posed, proof: &[f64]) -> Result<Vec<Clause>, PortfolioError> {
        let largest = proof.iter().fold(0.0_f64, |largest, part| largest.max(part.abs()));
        let has_part = |row: usize| posed.span(row).any(|place| proof[place].abs() > PART * largest);
        let named = |row: &usize| self.rows[*row].clause.is_some();
        let all: Vec<usize> = (0..self.rows.len()).filter(named).collect();
        let in_proof: Vec<usize> = all.iter().copied().filter(|row| has_part(*row)).collect();
        let mut kept = if self.is_infeasible(&in_proof)? { in_proof } else { all };
        let mut place = 0;
        while place < kept.len() {
            let less: Vec<usize> = kept.iter().copied().filter(|row| *row != kept[place]).collect();
            if self.is_infeasible(&less)? {
                kept = less;
            } else {
                place += 1;
            }
        }
        Ok(kept.iter().filter_map(|row| self.rows[*row].clause.clone()).collect())
    }

    /// Whether nothing keeps to these named rows and all unnamed ones.
    fn is_infeasible(&self, named: &[usize]) -> Result<bool, PortfolioError> {
        let is_in = |(place, row): &(usize, &Row)| row.clause.is_none() || named.contains(place);
        let rows: Vec<&Row> = self.rows.iter().enumerate().filter(is_in).map(|(_, row)| row).collect();
        let posed = Posed::of(&[], &vec![0.0; self.linear.len()], &rows);
        Ok(is_infeasible(posed.solved(STEP)?.solution.status))
    }
}

/// A program as the solver takes it: `A x + s = b`, with s in the cones, in the order equal, at most, norms.
struct Posed {
    p: CscMatrix<f64>,
    q: Vec<f64>,
    a: CscMatrix<f64>,
    b: Vec<f64>,
    cones: Vec<SupportedConeT<f64>>,
    equal: usize,
    linear: usize,
    /// Where the lines of each row begin, and how many it has.
    spans: Vec<(usize, usize)>,
}

impl Posed {
    fn of(quadratic: &[(usize, usize, f64)], linear: &[f64], rows: &[&Row]) -> Self {
        let rank = |row: &Row| match row.kind {
            RowKind::Equal(..) => 0,
            RowKind::AtMost(..) => 1,
            RowKind::Norm(..) => 2,
        };
        let count = |of: usize| rows.iter().filter(|row| rank(row) == of).count();
        let (equal, at_most) = (count(0), count(1));
        let mut cones = Vec::new();
        cones.extend((equal > 0).then_some(ZeroConeT(equal)));
        cones.extend((at_most > 0).then_some(NonnegativeConeT(at_most)));
        let (mut lines, mut columns, mut factors, mut b) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut spans = vec![(0, 0); rows.len()];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|place| rank(rows[*place]));
        for place in order {
            let start = b.len();
            let mut line = |terms: &[(usize, f64)], sign: f64, bound: f64| {
                for (variable, factor) in terms {
                    lines.push(b.len());
                    columns.push(*variable);
                    factors.push(sign * factor);
                }
                b.push(bound);
            };
            match &rows[place].kind {
                RowKind::Equal(terms, bound) | RowKind::AtMost(terms, bound) => line(terms, 1.0, *bound),
                RowKind::Norm(sums, bound) => {
                    line(&[], 1.0, *bound);
                    sums.iter().for_each(|terms| line(terms, -1.0, 0.0));
                    cones.push(SecondOrderConeT(sums.len() + 1));
                }
            }
            spans[place] = (start, b.len() - start);
        }
        let variables = linear.len();
        let a = CscMatrix::new_from_triplets(b.len(), variables, lines, columns, factors);
        let values = quadratic.iter().map(|entry| entry.2).collect();
        let (rows, columns) = quadratic.iter().map(|entry| (entry.0, entry.1)).unzip();
        let p = CscMatrix::new_from_triplets(variables, variables, rows, columns, values);
        Self { p, q: linear.to_vec(), a, b, cones, equal, linear: equal + at_most, spans }
    }

    fn span(&self, row: usize) -> std::ops::Range<usize> {
        let (start, length) = self.spans[row];
        start..start + length
    }

    fn solved(&self, step: f64) -> Result<DefaultSolver<f64>, PortfolioError> {
        let settings = DefaultSettings {
            verbose: false,
            max_iter: 200,
            max_step_fraction: step,
            // As far as it goes: the residual says how far that was.
            tol_gap_abs: 1e-12,
            tol_gap_rel: 1e-12,
            tol_feas: 1e-12,
            // Rows without a bound are kept: their multipliers are asked for by place.
            presolve_enable: false,
            ..DefaultSettings::default()
        };
        let mut solver = DefaultSolver::new(&self.p, &self.q, &self.a, &self.b, &self.cones, settings)
            .map_err(|error| PortfolioError::NotSolved(error.to_string(), f64::NAN))?;
        solver.solve();
        Ok(solver)
    }

    /// The largest of: what is left of `P x + q + A' z`, of `A x + s - b`, multipliers and slacks outside their cones, and
    /// products of slack and multiplier. Absolute: the programs are posed with numbers around one.
    fn residual(&self, x: &[f64], s: &[f64], z: &[f64]) -> f64 {
        let mut gradient = self.q.clone();
        for (column, row, value) in entries(&self.p) {
            gradient[row] += value * x[column];
            if row != column {
                gradient[column] += value * x[row];
            }
        }
        let mut off: Vec<f64> = s.iter().zip(&self.b).map(|(slack, bound)| slack - bound).collect();
        for (column, row, value) in entries(&self.a) {
            gradient[column] += value * z[row];
            off[row] += value * x[column];
        }
        let signs = (self.equal..self.linear).map(|row| (-s[row]).max(-z[row]).max(s[row] * z[row]));
        let slack = s[..self.equal].iter().map(|slack| slack.abs());
        let mut start = self.linear;
        let norms = self.cones.iter().filter_map(|cone| match cone {
            SecondOrderConeT(length) => {
                let part = start..start + length;
                start += length;
                let outside = |v: &[f64]| v[1..].iter().map(|value| value * value).sum::<f64>().sqrt() - v[0];
                let product: f64 = s[part.clone()].iter().zip(&z[part.clone()]).map(|(s, z)| s * z).sum();
                Some(outside(&s[part.clone()]).max(outside(&z[part])).max(product.abs()))
            }
            _ => None,
        });
        let left = gradient.iter().chain(&off).map(|value| value.abs());
        // max() passes over NaN, which must not look like an optimum.
        left.chain(signs)
            .chain(slack)
            .chain(norms)
            .fold(0.0, |worst: f64, value| if value.is_nan() || worst.is_nan() { f64::NAN } else { worst.max(value) })
    }
}

/// Column, row and value of all entries.
fn entries(matrix: &CscMatrix<f64>) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
    (0..matrix.n).flat_map(move |column| {
        (matrix.colptr[column]..matrix.colptr[column + 1])
            .map(move |place| (column, matrix.rowval[place], matrix.nzval[place]))
    })
}

fn is_infeasible(status: SolverStatus) -> bool {
    matches!(status, SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible)
}
