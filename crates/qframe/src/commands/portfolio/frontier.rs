//! `qframe portfolio frontier`: the least risk of every return.
use std::io::{self, Write};

use qframe_quant::portfolio::{
    Allocation, Clause, Constraints, Estimates, Figures, Objective, PortfolioError, frontier, optimise,
};
use serde_json::{Value, json};

use super::limits::Limits;
use super::optimise::{about, head};
use super::wanted::{Wanted, refused};
use super::{finite, percent};
use crate::error::Error;
use crate::run::panel::Prices;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe portfolio frontier --prices closes.csv
  qframe portfolio frontier --prices closes.csv --points 40 --bounds 0:25% --risk-free 2% --json")]
pub(crate) struct Args {
    #[command(flatten)]
    prices: Prices,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    limits: Limits,
    /// How many portfolios, from the least variance to the highest return.
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..=1000))]
    points: u16,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        self.wanted.check_frontier()?;
        self.limits.check_held(None)?;
        let priced = self.prices.load()?;
        let estimates = self.wanted.estimates(&priced)?;
        let constraints = self.limits.constraints(estimates.names(), &[])?;
        let rate = self.wanted.risk_free()?;
        let found =
            frontier(&estimates, &constraints, usize::from(self.points)).map_err(|error| refused(error, &priced))?;
        let (mut points, mut absent): (Vec<(Allocation, Figures)>, Vec<Absent>) = (Vec::new(), Vec::new());
        for point in found {
            match point.found {
                Ok(held) => points.push((held.clone(), estimates.figures(&held.weights))),
                Err(error) => absent.push((point.target, refused(error, &priced).to_string())),
            }
        }
        let best = best(&estimates, &constraints, rate);
        let mut out = io::stdout().lock();
        if self.json {
            let rows: Vec<Value> =
                points.iter().map(|(point, figures)| row(&estimates, point, figures, rate)).collect();
            let why = best.as_ref().err().map(ToString::to_string);
            let best = best.ok().map(|(point, figures)| row(&estimates, &point, &figures, rate));
            let absent: Vec<Value> =
                absent.iter().map(|(target, why)| json!({ "expected_return": target, "why": why })).collect();
            let shown = json!({
                "expectations": self.wanted.told(),
                "data": about(&priced),
                "notes": priced.notes,
                "risk_free": rate,
                "max_sharpe": best,
                "no_max_sharpe": why,
                "points": rows,
                "absent": absent,
            });
            serde_json::to_writer_pretty(&mut out, &shown).map_err(io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        head("the frontier", &priced, &self.wanted, &mut out)?;
        text(&points, best.as_ref().map(|(_, figures)| figures), rate, &mut out)?;
        let told = |(target, why): &Absent| writeln!(out, "No point at a return of {}: {why}", percent(*target));
        Ok(absent.iter().try_for_each(told)?)
    }
}

/// A return that no point was found for, and why.
type Absent = (f64, String);

/// The point of the highest Sharpe ratio, which there need not be.
fn best(estimates: &Estimates, constraints: &Constraints, rate: f64) -> Result<(Allocation, Figures), PortfolioError> {
    let found = optimise(estimates, &Objective::MaxSharpe { risk_free: rate }, constraints)?;
    let figures = estimates.figures(&found.weights);
    Ok((found, figures))
}

fn row(estimates: &Estimates, point: &Allocation, figures: &Figures, rate: f64) -> Value {
    let weights = estimates.names().iter().zip(&point.weights);
    let weights: serde_json::Map<String, Value> = weights.map(|(name, weight)| (name.clone(), json!(weight))).collect();
    json!({
        "expected_return": figures.expected_return,
        "volatility": figures.volatility,
        "sharpe_ratio": (figures.expected_return - rate) / figures.volatility,
        "kkt_residual": point.residual,
        "weights": weights,
    })
}

/// A row a point, with a bar as long as the way from the least volatility to the largest.
fn text(
    points: &[(Allocation, Figures)],
    best: Result<&Figures, &PortfolioError>,
    rate: f64,
    out: &mut dyn Write,
) -> io::Result<()> {
    const BAR: f64 = 40.0;
    let least = points.first().map_or(0.0, |(_, figures)| figures.volatility);
    let widest = points.last().map_or(1.0, |(_, figures)| figures.volatility);
    writeln!(out, "{:>9}  {:>10}  {:>7}  {:>9}", "Return", "Volatility", "Sharpe", "Positions")?;
    for (point, figures) in points {
        let sharpe = finite((figures.expected_return - rate) / figures.volatility, 3);
        let held = point.weights.iter().filter(|weight| **weight != 0.0).count();
        let part = if widest > least { (figures.volatility - least) / (widest - least) } else { 0.0 };
        let bar = "#".repeat((part * BAR).round() as usize + 1);
        let [mean, volatility] = [figures.expected_return, figures.volatility].map(percent);
        writeln!(out, "{mean:>9}  {volatility:>10}  {sharpe:>7}  {held:>9}  {bar}")?;
    }
    match best {
        Ok(figures) => writeln!(
            out,
            "\nHighest Sharpe ratio {} at a return of {} and a volatility of {}",
            finite((figures.expected_return - rate) / figures.volatility, 3),
            percent(figures.expected_return),
            percent(figures.volatility)
        ),
        Err(PortfolioError::Conflict(clauses)) if clauses.iter().any(|one| matches!(one, Clause::Excess(_))) => {
            writeln!(out, "\nNo portfolio returns more than {}", percent(rate))
        }
        Err(error) => writeln!(out, "\nNo highest Sharpe ratio: {error}"),
    }
}
