//! What is told of a run: text for a terminal, one JSON object, CSV files, one HTML page that opens offline.
//!
//! Every form is written to a stream and reads the same [`Facts`]. Numbers come from the outcome as they are; only
//! pictures are thinned, and they say so. Money leaves as exact decimals, times as RFC 3339, durations as ISO 8601.
mod charges;
pub mod csv;
mod error;
mod figures;
mod file;
mod fold;
mod html;
mod json;
mod orders;
mod plot;
mod terminal;
mod text;
mod thin;
mod trades;

pub use error::ReportError;
pub use file::{WriteError, check_writable, write_atomically};
pub use html::html;
pub use json::json;
pub(crate) use terminal::statistics_text;
pub use terminal::{Look, Style, conventions, curve, loaded, loading, statistics, summary, terminal};

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
