//! What is told of a run: text for a terminal, one JSON object, CSV files, one HTML page that opens offline.
//!
//! Every form is written to a stream and reads the same [`Facts`]. Numbers come from the outcome as they are; only
//! pictures are thinned, and they say so. Money leaves as exact decimals, times as RFC 3339, durations as ISO 8601.
mod attribution;
mod breakers;
mod chance;
mod charges;
mod columns;
mod costs;
pub mod csv;
mod ended;
mod error;
mod figures;
mod file;
mod fold;
mod html;
mod json;
mod levels;
mod lookahead;
mod orders;
mod periods;
mod plot;
mod tear;
mod terminal;
mod text;
mod thin;
mod track;
mod trades;
mod trailing;

pub use chance::Chance;
pub use error::ReportError;
pub use file::{WriteError, check_writable, real_path, write_atomically};
pub use html::{html, sheet};
pub use json::json;
pub use levels::{Levels, TrackError};
pub use tear::{Sheet, sheet_json, sheet_terminal};
pub(crate) use terminal::statistics_text;
pub use terminal::{Look, Style, conventions, curve, loaded, loading, statistics, summary, terminal};
pub use text::exact_percent;
pub use track::{Beside, Compared, Track};

use qframe_data::quality::Grade;

use crate::backtest::Backtest;
use crate::outcome::Outcome;

/// What a report tells of: a run, and the words that it was asked for with.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The data and the rules.
    pub backtest: &'a Backtest,
    /// What came of it.
    pub outcome: &'a Outcome,
    /// The strategy's name.
    pub strategy: &'a str,
    /// Its parameters, by name, in the order in which they are shown.
    pub parameters: &'a [(String, String)],
    /// The settings of account and venue, by name, in the order in which they are shown.
    pub settings: &'a [(String, String)],
}

/// A sentence for each series that is too poor for a result to be believed.
fn poor_data<'a>(facts: &Facts<'a>) -> impl Iterator<Item = String> + use<'a> {
    facts.backtest.data().iter().filter_map(|set| {
        let quality = set.origin().quality.as_ref().filter(|quality| quality.grade >= Grade::Low)?;
        let (symbol, frame, grade) = (set.instrument().symbol(), set.frame(), quality.grade);
        let worst = quality.reasons.iter().filter(|reason| reason.starts_with(&grade.to_string()));
        let worst = worst.map(String::as_str).collect::<Vec<_>>().join("; ");
        Some(format!(
            "Poor data: {symbol} {frame} is of quality {grade} ({worst}): do not trust the result before you looked."
        ))
    })
}
