//! What the same returns come to in other orders: a picture of the drawdowns, and a table.
use std::io::Write;

use super::escape::Escaped;
use super::sections::{Chart, chart};
use super::tear::table;
use crate::report::chance::{Chance, head, rows, told};
use crate::report::{ReportError, text};

/// Writes the section.
pub(super) fn section(simulated: &Chance, out: &mut impl Write) -> Result<(), ReportError> {
    let depths = &simulated.found.drawdowns;
    let own = text::percent(depths.first().map(|depth| depth * 100.0));
    writeln!(out, "<div class=\"pair\">")?;
    let picture = Chart {
        id: "chance",
        title: "Deepest drawdown of each path".to_owned(),
        alternative: format!("Histogram of the deepest drawdowns of {} paths.", text::count(depths.len())),
        note: format!("The line is the curve itself: {own}."),
    };
    chart(&picture, out)?;
    writeln!(out, "<section class=\"card\"><h2>Monte Carlo</h2>")?;
    table("list", &head(simulated), &rows(simulated), out)?;
    Ok(writeln!(out, "<p class=\"note\">{}</p></section></div>", Escaped(&told(simulated)))?)
}
