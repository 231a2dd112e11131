//! `qframe backtest`: understand, run, report.
use std::io::{self, IsTerminal, Write};

use qframe_lab::registry::StrategySpec;

use crate::error::Error;
use crate::run::plan::Plan;
use crate::run::raw::Raw;

pub(crate) fn run(raw: Raw, own: &[StrategySpec]) -> Result<(), Error> {
    let raw = raw.with_file()?;
    let plan = Plan::new(&raw, own)?;
    let outcome = plan.backtest.run(plan.strategy()?, plan.header()).map_err(Error::refused)?;
    let mut out = io::stdout().lock();
    let _ = io::stdout().is_terminal();
    writeln!(out, "{} {} {:?}", plan.sources.len(), plan.benchmark, outcome.statistics)?;
    Ok(())
}
