//! `qframe strategies`: what can be run, with which parameters.
use std::io::{self, Write};

use clap::Args;
use qframe_lab::registry::{StrategySpec, find_among, registry};
use serde::Serialize;

use crate::error::Error;

/// The flags.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  qframe strategies\n  qframe strategies ma-crossover --json")]
pub(crate) struct Strategies {
    /// Only this one.
    name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    about: &'a str,
    symbols: String,
    needs: String,
    parameters: Vec<Parameter<'a>>,
}

#[derive(Serialize)]
struct Parameter<'a> {
    name: &'a str,
    about: &'a str,
    default: String,
    range: String,
}

impl Strategies {
    pub(crate) fn run(&self, own: &[StrategySpec]) -> Result<(), Error> {
        let specs: Vec<&StrategySpec> = match &self.name {
            Some(name) => vec![find_among(own, name).map_err(|error| Error::usage("strategies", name, error))?],
            None => own.iter().chain(registry()).collect(),
        };
        let rows: Vec<Row<'_>> = specs.into_iter().map(row).collect();
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &rows).map_err(io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        Ok(rows.iter().try_for_each(|row| print(row, &mut out))?)
    }
}

fn row(spec: &StrategySpec) -> Row<'_> {
    let parameter = |parameter: &'static qframe_model::parameter::ParameterSpec| Parameter {
        name: parameter.name,
        about: parameter.about,
        default: parameter.default_value().to_string(),
        range: parameter.kind.to_string(),
    };
    Row {
        name: spec.name,
        about: spec.about,
        symbols: spec.assets.to_string(),
        needs: spec.needs.to_string(),
        parameters: spec.parameters.iter().map(parameter).collect(),
    }
}

fn print(row: &Row<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}  ({}; {})\n  {}", row.name, row.symbols, row.needs, row.about)?;
    let width = row.parameters.iter().map(|parameter| parameter.name.len()).max().unwrap_or(0);
    for Parameter { name, about, default, range } in &row.parameters {
        writeln!(out, "    {name:<width$}  {about} [{default}; {range}]")?;
    }
    writeln!(out)
}
