//! `qframe portfolio optimise`: weights, and what is expected of them.
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use qframe_lab::report::{ReportError, real_path, write_atomically};
use qframe_quant::portfolio::{Estimates, Objective, optimise};
use serde_json::{Value, json};

use super::frontier::Shown;
use super::limits::Limits;
use super::wanted::{Wanted, refused};
use super::{finite, percent};
use crate::error::Error;
use crate::run::panel::{Priced, Prices};
use crate::run::target::check_new;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  qframe portfolio optimise --prices closes.csv --objective max-sharpe --risk-free 2% --bounds 0:20%
  qframe portfolio optimise --prices closes.csv --objective risk-parity --covariance ledoit-wolf --json
  qframe portfolio optimise --prices closes.csv --objective utility --view AAPL-MSFT=3%@60% --group tech=AAPL,MSFT::40%
  qframe portfolio optimise --prices closes.csv --objective hrp --out weights.csv")]
pub(crate) struct Args {
    #[command(flatten)]
    prices: Prices,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    limits: Limits,
    /// Write the weights as a table symbol,weight.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long, requires = "out")]
    force: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(&self) -> Result<(), Error> {
        if let Some(path) = &self.out {
            self.check_apart(path)?;
            check_new("--out", path, self.force)?;
        }
        let priced = self.prices.load()?;
        let objective = self.wanted.objective(&priced.panel.names)?;
        self.limits.check_held(Some(&objective))?;
        let estimates = self.wanted.estimates(&priced)?;
        let constraints = self.limits.constraints(estimates.names(), &[])?;
        let found = optimise(&estimates, &objective, &constraints).map_err(|error| refused(error, &priced))?;
        let shown = Shown::of(found, &estimates, &constraints, self.wanted.risk_free()?);
        let mut out = io::stdout().lock();
        if self.json {
            let object = self.object(&priced, &estimates, &objective, &shown);
            serde_json::to_writer_pretty(&mut out, &object).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            self.text(&priced, &estimates, &objective, &shown, &mut out)?;
        }
        if let Some(path) = &self.out {
            write(path, estimates.names(), &shown.held.weights)?;
            if !self.json {
                writeln!(out, "weights written: {}", path.display())?;
            }
        }
        Ok(())
    }

    /// Weights are not written over what they are made from.
    fn check_apart(&self, out: &Path) -> Result<(), Error> {
        let prices = self.prices.prices.iter().map(|word| ("--prices", word));
        let words = prices.chain(self.wanted.words()).chain(self.limits.words());
        let files = words.map(|(flag, word)| {
            let path = word.0.trim();
            (flag, Path::new(path.split_once('=').map_or(path, |(_, path)| path)))
        });
        let mut files = files.chain(self.limits.file().map(|path| ("--constraints", path)));
        match files.find(|(_, path)| path.is_file() && real_path(path) == real_path(out)) {
            Some((flag, _)) => {
                Err(Error::usage("--out", out.display(), format!("it is a file of {flag}; name another one")))
            }
            None => Ok(()),
        }
    }

    fn object(
        &self,
        priced: &Priced,
        estimates: &Estimates,
        objective: &Objective,
        Shown { held: found, figures, cost, sharpe }: &Shown,
    ) -> Value {
        let volatilities = estimates.covariance().volatilities();
        let asset = |(asset, name): (usize, &String)| {
            json!({
                "symbol": name,
                "weight": found.weights[asset],
                "risk_share": figures.risk_shares[asset],
                "expected_return": estimates.means()[asset],
                "volatility": volatilities[asset],
            })
        };
        let assets: Vec<Value> = estimates.names().iter().enumerate().map(asset).collect();
        let dropped: Vec<&String> = found.dropped.iter().map(|asset| &estimates.names()[*asset]).collect();
        json!({
            "objective": objective.name(),
            "expectations": self.wanted.told(),
            "data": about(priced),
            "notes": priced.notes,
            "expected_return": figures.expected_return,
            "cost": cost,
            "volatility": figures.volatility,
            "sharpe_ratio": sharpe,
            "diversification_ratio": figures.diversification,
            "effective_positions": figures.effective_positions,
            "gross": figures.gross,
            "condition_number": estimates.covariance().condition_number(),
            "kkt_residual": found.residual,
            "iterations": found.iterations,
            "dropped": dropped,
            "weights": assets,
        })
    }

    fn text(
        &self,
        priced: &Priced,
        estimates: &Estimates,
        objective: &Objective,
        Shown { held: found, figures, cost, sharpe }: &Shown,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        head(objective.name(), priced, &self.wanted, out)?;
        let residual =
            found.residual.map_or("none: a rule, no optimum".to_owned(), |residual| format!("{residual:.1e}"));
        let condition =
            estimates.covariance().condition_number().map_or("none".to_owned(), |value| format!("{value:.1}"));
        let sharpe_name = if *cost > 0.0 { "Sharpe Ratio after Cost" } else { "Sharpe Ratio" };
        let paid = (*cost > 0.0).then(|| ("Cost [%]", finite(100.0 * cost, 2)));
        let first = ("Expected Return [%]", finite(100.0 * figures.expected_return, 2));
        let rows = [
            ("Volatility (Ann.) [%]", finite(100.0 * figures.volatility, 2)),
            (sharpe_name, finite(*sharpe, 3)),
            ("Diversification Ratio", finite(figures.diversification, 3)),
            ("Effective Positions", finite(figures.effective_positions, 1)),
            ("Gross Exposure [%]", finite(100.0 * figures.gross, 2)),
            ("Condition Number", condition),
            ("KKT Residual", residual),
        ];
        for (name, value) in [first].into_iter().chain(paid).chain(rows) {
            writeln!(out, "{name:<24}{value}")?;
        }
        let width = estimates.names().iter().map(String::len).max().unwrap_or(0).max(6);
        writeln!(
            out,
            "\n{:<width$}  {:>9}  {:>10}  {:>9}  {:>10}",
            "Symbol", "Weight", "Risk share", "Return", "Volatility"
        )?;
        let volatilities = estimates.covariance().volatilities();
        let held = |asset: &usize| found.weights[*asset] != 0.0;
        for asset in (0..estimates.assets()).filter(held) {
            let values =
                [found.weights[asset], figures.risk_shares[asset], estimates.means()[asset], volatilities[asset]];
            let [weight, risk, mean, volatility] = values.map(percent);
            let name = &estimates.names()[asset];
            writeln!(out, "{name:<width$}  {weight:>9}  {risk:>10}  {mean:>9}  {volatility:>10}")?;
        }
        let without = estimates.assets() - (0..estimates.assets()).filter(held).count();
        if without > 0 {
            writeln!(out, "and {without} without weight")?;
        }
        if !found.dropped.is_empty() {
            writeln!(
                out,
                "{} left out, which would be held if more positions, or smaller ones, were allowed",
                found.dropped.len()
            )?;
        }
        Ok(())
    }
}

/// What was done with which data.
pub(super) fn head(what: &str, priced: &Priced, wanted: &Wanted, out: &mut dyn Write) -> io::Result<()> {
    let (panel, periods) = (&priced.panel, priced.periods);
    let (first, last) =
        (panel.times.first().copied().unwrap_or_default(), panel.times.last().copied().unwrap_or_default());
    let (assets, returns) = (panel.assets(), panel.times.len() - 1);
    let kind = if assets == 1 { "asset" } else { "assets" };
    writeln!(out, "{what} of {assets} {kind}: {returns} returns, {first:#} to {last:#}, {periods} a year")?;
    writeln!(out, "{}", wanted.told())?;
    for note in &priced.notes {
        writeln!(out, "Note: {note}")?;
    }
    writeln!(out)
}

/// The same as an object.
pub(super) fn about(priced: &Priced) -> Value {
    let panel = &priced.panel;
    json!({
        "assets": panel.assets(),
        "returns": panel.times.len() - 1,
        "first": panel.times.first().map(ToString::to_string),
        "last": panel.times.last().map(ToString::to_string),
        "periods_per_year": priced.periods,
        "instants": panel.aligned.instants,
        "dropped_instants": panel.aligned.dropped,
        "filled_prices": panel.aligned.filled,
    })
}

/// A field of a table (RFC 4180).
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn write(path: &Path, names: &[String], weights: &[f64]) -> Result<(), Error> {
    let rows = |out: &mut (dyn Write + Send)| -> Result<(), ReportError> {
        writeln!(out, "symbol,weight")?;
        names.iter().zip(weights).try_for_each(|(name, weight)| writeln!(out, "{},{weight:.9}", field(name)))?;
        Ok(())
    };
    write_atomically(path, rows).map_err(|error| Error::Refused(format!("--out {error}")))
}
