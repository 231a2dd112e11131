//! The report as one HTML file that opens offline: styles, script, charting library and data are all inside.
//!
//! A content security policy forbids the page every request and every script but its own, so that neither a file name
//! nor a strategy's name can make it load or run anything. What a reader needs without scripts (statistics, monthly
//! returns, settings, facts of the data) is plain HTML; charts and the trade list are drawn by `page.js` from one block
//! of data.
mod breakers;
mod chance;
mod data;
mod escape;
mod facts;
mod library;
mod marks;
mod months;
mod periods;
mod refused;
mod sections;
mod sheet;
mod tear;
mod tiles;

pub use sheet::sheet;

use std::io::{BufWriter, Write};

use escape::Escaped;

use super::attribution;
use super::costs::Costs;
use super::track::{Rolling, Track};
use super::{Facts, ReportError};

const STYLE: &str = include_str!("page.css");
const SCRIPT: [&str; 3] = [include_str!("charts.js"), include_str!("table.js"), include_str!("page.js")];

/// Writes the page.
///
/// # Errors
/// [`ReportError::Write`] where `out` does not take it.
pub fn html(facts: &Facts<'_>, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut out = BufWriter::new(out);
    let track = Track::of(facts);
    let rolling = Rolling::of(&track);
    let currency = facts.backtest.setup().currency;
    head(&format!("{} – QFrame backtest", facts.strategy), &nonce(facts), &mut out)?;
    tiles::header(facts, &mut out)?;
    facts::poor_data(facts, &mut out)?;
    tiles::tiles(facts, &mut out)?;
    super::lookahead::paragraph(facts, &mut out)?;
    sections::charts(facts, &track, rolling.as_ref(), &mut out)?;
    sections::statistics(facts, &mut out)?;
    writeln!(out, "<div class=\"pair\">")?;
    tear::drawdowns(&track, &mut out)?;
    tear::years(&track, &mut out)?;
    writeln!(out, "</div>")?;
    tear::metrics(&track, &track.metrics(), &mut out)?;
    tear::costs(Costs::of(facts)?, currency, &mut out)?;
    tear::attribution(&attribution::tables(facts), currency, &mut out)?;
    sections::trades(facts, &mut out)?;
    breakers::section(facts, &mut out)?;
    refused::section(facts, &mut out)?;
    facts::settings_and_data(facts, &mut out)?;
    facts::footer(facts, &mut out)?;
    scripts(&nonce(facts), &mut out, |out| data::write(facts, rolling.as_ref(), out))?;
    Ok(out.flush()?)
}

/// A text as the page may hold it.
pub(super) fn escaped(text: &str) -> String {
    Escaped(text).to_string()
}

/// What a script must carry to run: a word that nobody can know who wrote a text into the page before the run.
fn nonce(facts: &Facts<'_>) -> String {
    facts.outcome.journal.hash().to_hex()[..32].to_owned()
}

fn head(title: &str, nonce: &str, out: &mut impl Write) -> Result<(), ReportError> {
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(
        out,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'nonce-{nonce}'; \
         style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'\">"
    )?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">")?;
    writeln!(out, "<title>{}</title>", Escaped(title))?;
    writeln!(out, "<style>\n{STYLE}</style>\n</head>\n<body>\n<main>")?;
    Ok(())
}

/// Writes the block of data, the library and the script that draws.
fn scripts<W: Write>(
    nonce: &str,
    out: &mut W,
    data: impl FnOnce(&mut W) -> Result<(), ReportError>,
) -> Result<(), ReportError> {
    write!(out, "<script type=\"application/json\" id=\"data\">")?;
    data(out)?;
    writeln!(out, "</script>\n<script nonce=\"{nonce}\">{}</script>", library::plotly())?;
    writeln!(out, "<script nonce=\"{nonce}\">\n\"use strict\";")?;
    for part in SCRIPT {
        out.write_all(part.as_bytes())?;
    }
    writeln!(out, "</script>\n</body>\n</html>")?;
    Ok(())
}
