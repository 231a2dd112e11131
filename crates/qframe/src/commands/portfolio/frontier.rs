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
        let shown = |held: Allocation| Shown::of(held, &estimates, &constraints, rate);
        let (mut points, mut absent): (Vec<Shown>, Vec<Absent>) = (Vec::new(), Vec::new());
        for point in found {
            match point.found {
                Ok(held) => points.push(shown(held)),
                Err(error) => absent.push((point.target, refused(error, &priced).to_string())),
            }
        }
        // There need not be one; and of few positions among many assets a point may be better than what is found for it.
        let best = optimise(&estimates, &Objective::MaxSharpe { risk_free: rate }, &constraints).map(shown);
        let better = |best, point| if Shown::beats(point, best) { point } else { best };
        let best = best.as_ref().map(|best| points.iter().fold(best, better));
        let mut out = io::stdout().lock();
        if self.json {
            let rows: Vec<Value> = points.iter().map(|point| point.object(&estimates)).collect();
            let why = best.err().map(ToString::to_string);
            let best = best.ok().map(|point| point.object(&estimates));
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
        let has_costs = constraints.linear_cost > 0.0 || constraints.quadratic_cost > 0.0;
        text(&points, best, has_costs, &mut out)?;
        let told = |(target, why): &Absent| writeln!(out, "No point at a return of {}: {why}", percent(*target));
        Ok(absent.iter().try_for_each(told)?)
    }
}

/// A return that no point was found for, and why.
type Absent = (f64, String);

/// A portfolio as it is shown.
pub(super) struct Shown {
    pub(super) held: Allocation,
    pub(super) figures: Figures,
    /// What trading takes from the return.
    pub(super) cost: f64,
    /// After that.
    pub(super) sharpe: f64,
}

impl Shown {
    pub(super) fn of(held: Allocation, estimates: &Estimates, constraints: &Constraints, rate: f64) -> Self {
        let (figures, cost) = (estimates.figures(&held.weights), constraints.share_paid(&held.weights));
        let sharpe = figures.sharpe_ratio(rate, cost);
        Self { held, figures, cost, sharpe }
    }

    /// True where its ratio is higher by more than rounding.
    fn beats(&self, other: &Self) -> bool {
        self.sharpe > other.sharpe + 1e-9
    }

    fn object(&self, estimates: &Estimates) -> Value {
        let weights = estimates.names().iter().zip(&self.held.weights);
        let weights: serde_json::Map<String, Value> =
            weights.map(|(name, weight)| (name.clone(), json!(weight))).collect();
        json!({
            "expected_return": self.figures.expected_return,
            "cost": self.cost,
            "volatility": self.figures.volatility,
            "sharpe_ratio": self.sharpe,
            "kkt_residual": self.held.residual,
            "weights": weights,
        })
    }
}

/// A row a point, with a bar as long as the way from the least volatility to the largest, and its cost where trading costs.
fn text(
    points: &[Shown],
    best: Result<&Shown, &PortfolioError>,
    has_costs: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    const BAR: f64 = 40.0;
    let least = points.first().map_or(0.0, |point| point.figures.volatility);
    let widest = points.last().map_or(1.0, |point| point.figures.volatility);
    let costs = |text: String| if has_costs { format!("  {text:>9}") } else { String::new() };
    let head = costs("Cost".to_owned());
    writeln!(out, "{:>9}{head}  {:>10}  {:>7}  {:>9}", "Return", "Volatility", "Sharpe", "Positions")?;
    for Shown { held, figures, cost, sharpe } in points {
        let positions = held.weights.iter().filter(|weight| **weight != 0.0).count();
        let part = if widest > least { (figures.volatility - least) / (widest - least) } else { 0.0 };
        let bar = "#".repeat((part * BAR).round() as usize + 1);
        let [mean, volatility] = [figures.expected_return, figures.volatility].map(percent);
        let (cost, sharpe) = (costs(percent(*cost)), finite(*sharpe, 3));
        writeln!(out, "{mean:>9}{cost}  {volatility:>10}  {sharpe:>7}  {positions:>9}  {bar}")?;
    }
    let after = if has_costs { " after costs" } else { "" };
    match best {
        Ok(Shown { figures, sharpe, .. }) => writeln!(
            out,
            "\nHighest Sharpe ratio{after} {} at a return of {} and a volatility of {}",
            finite(*sharpe, 3),
            percent(figures.expected_return),
            percent(figures.volatility)
        ),
        Err(error) => match excess(error) {
            Some(floor) => writeln!(out, "\nNo portfolio returns more than {}", percent(floor)),
            None => writeln!(out, "\nNo highest Sharpe ratio: {error}"),
        },
    }
}

/// The return that no portfolio has, where that is why there is no ratio.
fn excess(error: &PortfolioError) -> Option<f64> {
    let PortfolioError::Conflict(clauses) = error else { return None };
    clauses.iter().find_map(|clause| if let Clause::Excess(floor) = clause { Some(*floor) } else { None })
}
