//! `qframe samples`: the recorded prices that come with the program.
use std::io::Write;

use clap::Args;
use qframe_data::samples::{Sample, list};
use serde::Serialize;

use crate::error::Error;

/// The flags.
#[derive(Debug, Args)]
#[command(after_help = "Example: qframe samples --json")]
pub(crate) struct Samples {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    venue: &'static str,
    timeframe: String,
    start: String,
    end: String,
    bars: usize,
    origin: &'static str,
    licence: &'static str,
    notes: Vec<String>,
}

impl Samples {
    pub(crate) fn run(&self) -> Result<(), Error> {
        let rows = list().iter().map(row).collect::<Result<Vec<_>, _>>()?;
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, &rows).map_err(std::io::Error::from)?;
            return Ok(writeln!(out)?);
        }
        for row in rows {
            writeln!(
                out,
                "{:<8} {:>3} {} to {}, {} bars, {}",
                row.name, row.timeframe, row.start, row.end, row.bars, row.venue
            )?;
            writeln!(out, "         from {} ({})", row.origin, row.licence)?;
            for note in row.notes {
                writeln!(out, "         - {note}")?;
            }
        }
        Ok(())
    }
}

fn row(sample: &Sample) -> Result<Row, Error> {
    let loaded = sample.load().map_err(Error::refused)?;
    let time = |time: Option<qframe_model::time::Time>| time.map(|time| format!("{time:#}")).unwrap_or_default();
    Ok(Row {
        name: sample.name,
        venue: sample.venue,
        timeframe: sample.time_frame.to_string(),
        start: time(loaded.first()),
        end: time(loaded.last()),
        bars: loaded.bars.len(),
        origin: sample.origin,
        licence: sample.licence,
        notes: sample.notes().collect(),
    })
}
